"""The two ways into the database: its owner, for migrations, and the product's own role.

Web and workers connect as `<database>_app`, which owns nothing; `migrate` makes it and grants it
exactly what each table needs (`config/grants.py`).
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from config import environment
from config.embedded.postgres import socket_url

DATABASE = "ketnap"
"""The database of an installation that no scenario names."""

SCHEMES = ("postgresql", "postgres", "psql", "pgsql")
"""How the address of a PostgreSQL may begin."""


def scenario_database(scenario: str) -> str:
    """Return the name of the database that a demonstration scenario has for itself.

    >>> scenario_database("than-quang-ninh-2021")
    'demo_than_quang_ninh_2021'
    """
    return "demo_" + scenario.replace("-", "_")


def named(url: str, database: str) -> str:
    """Return `url` with another database of the same server.

    >>> named("postgresql://owner:pw@db:5432/ketnap?sslmode=require", "other")
    'postgresql://owner:pw@db:5432/other?sslmode=require'
    """
    return urlunsplit(urlsplit(url)._replace(path="/" + quote(database)))


def database_of(url: str) -> str:
    """Return the name of the database in `url`."""
    return unquote(urlsplit(url).path.lstrip("/"))


def owner_url() -> str:
    """Return the owner's address: `DATABASE_URL`, else the embedded cluster of this data folder.

    `SCENARIO` names that scenario's own database; without it the embedded cluster answers with
    the database that `make run` serves now.
    """
    scenario = environment.value("SCENARIO")
    if url := environment.value("DATABASE_URL"):
        return named(url, scenario_database(scenario)) if scenario else url
    if scenario:
        return socket_url(scenario_database(scenario))
    return socket_url(environment.running().get("database") or DATABASE)


def app_role(database: str) -> str:
    """Return the name of the role that web and workers connect as."""
    return f"{database}_app"


def system_role(app: str) -> str:
    """Return the name of the role that reads all rows, beside the role `app`: config/rows.py.

    >>> system_role("ketnap_app")
    'ketnap_system'
    """
    return f"{app.removesuffix('_app')}_system"


serves_pages = False
"""Whether this process answers pages, and so reads what whoever asks may (config/wsgi.py).

No variable of the environment: what a web process starts would inherit it.
"""


def acts_as() -> str:
    """Return the role as which this process acts: none but its own where it serves pages."""
    if serves_pages:
        return ""
    return system_role(unquote(urlsplit(app_url()).username or ""))


def app_password(owner: str) -> str | None:
    """Return the role's password: `APP_DATABASE_PASSWORD`, else one derived from the owner's.

    None where the owner needs none either (a Unix socket, trust). Deriving lets every process
    that knows the owner's address find the same password without another secret to keep.
    """
    if given := environment.value("APP_DATABASE_PASSWORD"):
        return given
    password = urlsplit(owner).password
    if not password:
        return None
    role = app_role(database_of(owner))
    return hmac.new(unquote(password).encode(), role.encode(), hashlib.sha256).hexdigest()


def app_url() -> str:
    """Return web's and workers' address: `APP_DATABASE_URL`, else the owner's, with the role."""
    if given := environment.value("APP_DATABASE_URL"):
        return given
    owner = owner_url()
    parts = urlsplit(owner)
    password = app_password(owner)
    who = quote(app_role(database_of(owner))) + (f":{password}" if password else "")
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{who}@{place}"))


def settings(url: str, *, statement_timeout: str, role: str = "") -> dict[str, Any]:
    """Return Django's settings for `url`; no statement and no lock waits forever.

    `role`: as which to act once signed in, where not as the role that signs in.

    Raises ImproperlyConfigured where `url` is no address of a PostgreSQL; its text, which may hold
    a password, is not repeated.
    """
    if urlsplit(url).scheme not in SCHEMES:
        raise ImproperlyConfigured(
            "DATABASE_URL is no address of a PostgreSQL, such as postgresql://owner@host/database."
        )
    found: dict[str, Any] = environ.Env.db_url_config(url)
    found["ENGINE"] = "django.db.backends.postgresql"
    found["CONN_MAX_AGE"] = 60
    found["CONN_HEALTH_CHECKS"] = True
    found["ATOMIC_REQUESTS"] = True
    limits = f"-c jit=off -c lock_timeout=3s -c statement_timeout={statement_timeout}"
    if statement_timeout != "0":  # a command may also think for long within its transaction
        limits += " -c idle_in_transaction_session_timeout=30s"
    if role:
        limits += f" -c role={role}"
    found.setdefault("OPTIONS", {})["options"] = limits
    return found


@contextmanager
def as_owner() -> Iterator[None]:
    """Let Django's default connection be the owner's for the block, without its time limits.

    Raises ImproperlyConfigured where only the role's own address is known, as in a web container.
    """
    from django.conf import settings as django_settings  # noqa: PLC0415 - usable without Django
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    if django_settings.CONNECTS_AS_OWNER:
        yield
        return
    if environment.value("APP_DATABASE_URL") and not environment.value("DATABASE_URL"):
        raise ImproperlyConfigured("Set DATABASE_URL, the owner's: migrations need it.")
    kept = dict(connection.settings_dict)
    owner = environ.Env.db_url_config(owner_url())
    connection.close()
    for key in ("USER", "PASSWORD", "HOST", "PORT"):
        connection.settings_dict[key] = owner.get(key, "")
    connection.settings_dict["OPTIONS"] = dict(owner.get("OPTIONS", {}))
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(kept)
