"""A demonstration has one known password: it is served to its own machine only."""

from typing import Any

from django.apps import apps
from django.db import DatabaseError, close_old_connections

from config.environment import LOOPBACK

_is_real = False


def refuses(environ: dict[str, Any]) -> bool:
    """Say whether a demonstration was asked through an address that is not loopback.

    `SERVER_NAME` is the address that the server is bound to, not what the client wrote. Asks the
    database only on other addresses, until it says that the installation is a real one.
    """
    global _is_real  # noqa: PLW0603 - what an installation is never changes once it is made
    if _is_real or environ.get("SERVER_NAME") in LOOPBACK:
        return False
    try:
        installation = apps.get_model("organizations", "Installation")._default_manager.first()
    except DatabaseError:
        return False  # no database, so no data either: the page itself will say so
    finally:
        close_old_connections()
    _is_real = installation is not None and installation.mode == "real"
    return installation is not None and installation.mode == "demonstration"
