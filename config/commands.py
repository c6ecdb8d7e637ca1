"""What a command says when it cannot do its work: one line, not a traceback."""

from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import DatabaseError, InterfaceError, OperationalError

from config import environment
from config.embedded.postgres import EmbeddedError
from config.errors import DomainError


def one_line_for(failure: BaseException) -> str | None:
    """Return the line for whoever ran the command; None where `failure` is a bug."""
    if isinstance(failure, OperationalError | InterfaceError) and _cannot_connect(failure):
        return f"The database does not answer: {_where()}"
    if isinstance(failure, DatabaseError):
        return f"The database refused: {_first_line(failure)}"
    if isinstance(failure, DomainError):
        return str(failure)
    if isinstance(failure, PermissionDenied):
        return str(failure) or "This account may not do that."
    if isinstance(failure, ImproperlyConfigured | EmbeddedError | environment.SecretError):
        return _first_line(failure)
    return None


def _cannot_connect(failure: BaseException) -> bool:
    """Say whether there is no session: such a failure has no SQLSTATE, or class 08 or 57P."""
    state = getattr(failure.__cause__, "sqlstate", None)
    return state is None or state.startswith(("08", "57P"))


def _where() -> str:
    if environment.value("DATABASE_URL") or environment.value("APP_DATABASE_URL"):
        return "is its server running, and is DATABASE_URL right?"
    return f"start it with make run (data folder {environment.data_folder()}), or set DATABASE_URL."


def _first_line(failure: BaseException) -> str:
    return (str(failure).strip().splitlines() or [type(failure).__name__])[0]
