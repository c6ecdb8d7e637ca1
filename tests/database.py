"""The tests' database, a pytest plugin that is loaded before Django's settings.

* Without `DATABASE_URL`, PostgreSQL is our own, in `APP_VAR`/test, without syncs; the process that
  started it ends it.
* The database is migrated once into a template that later runs use again while its mark holds
  (config/migrated.py); each process of pytest-xdist copies it, which takes a tenth of a second.
* Inside a test the connection has the product's role, which owns nothing, so that a missing grant
  shows here and not on a server. `owner_role` lends the owner's.
* After a test with real transactions the copy is thrown away and made anew: emptying the tables
  would also empty those that migrations filled.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

OURS = "DATABASE_URL" not in os.environ and "DATABASE_URL_FILE" not in os.environ
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
_cluster: Any = None

if OURS and not IS_WORKER:
    from config import environment
    from config.embedded import postgres

    _cluster = postgres.Cluster(environment.data_folder() / "test" / "postgres", durable=False)
    _cluster.start()
    os.environ["DATABASE_URL"] = _cluster.url("ketnap")  # inherited by the workers

os.environ.pop("APP_DATABASE_URL", None)
os.environ.pop("SCENARIO", None)
# Celery itself reads this variable before any setting; a test must not find a broker by chance.
# The tests of a real worker take the one that was given (tests/targets/test_worker.py).
if given := os.environ.pop("CELERY_BROKER_URL", None):
    os.environ["TESTS_BROKER_URL"] = given  # inherited by the workers


def pytest_unconfigure(config: pytest.Config) -> None:
    if _cluster is not None:
        _cluster.stop()


class Copy:
    """The database of this process, copied from the template."""

    def __init__(self, owner_url: str, process: str) -> None:
        from config import database

        base = database.database_of(owner_url)
        self.role = database.app_role(base)
        self.system = database.system_role(self.role)
        self.template = f"test_{base}_made"
        self.name = f"test_{base}" + (f"_{process}" if process else "")
        self.server = database.named(owner_url, "postgres")
        self.password = database.app_password(owner_url)
        self.in_use = False
        self.kept: list[str] = []

    @contextmanager
    def owner(self) -> Iterator[psycopg.Connection]:
        """Connect as the owner, beside the databases; the processes take turns."""
        key = int.from_bytes(hashlib.sha256(self.template.encode()).digest()[:4], signed=True)
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [key])
            yield connection

    def make_template(self, *, anew: bool) -> None:
        """Migrate the template, unless it carries the mark of the present migrations."""
        from django.core.management import call_command
        from django.db import connection

        from config import migrated

        with self.owner() as server:
            mark = server.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
                [self.template],
            ).fetchone()
            if mark and mark[0] == migrated.mark() and not anew:
                return
            self._drop(server, self.template)
            server.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(_id(self.template))
            )
            connection.settings_dict["NAME"] = self.template
            call_command("migrate", verbosity=0)
            with connection.cursor() as cursor:  # a superuser may anyway, any other owner may now
                for role in (self.role, self.system):
                    cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(_id(role)))
            connection.close()

    def make(self, *, of: str = "") -> None:
        """Make the copy, throwing away what was there, and point Django to it.

        `of`: what `keep` kept under that name, else the empty template.
        """
        from django.db import connection, connections

        connections.close_all()
        with self.owner() as server:
            self._copy(server, self._kept(of) if of else self.template, self.name)
        connection.settings_dict["NAME"] = self.name

    def keep(self, name: str) -> None:
        """Keep what is committed now, vacuumed and analysed, for `make(of=name)`."""
        from django.db import connections

        self.vacuum()
        connections.close_all()
        with self.owner() as server:
            self._copy(server, self.name, self._kept(name))
        self.kept.append(self._kept(name))

    def vacuum(self) -> None:
        """Take away what rolled-back transactions left: else each query reads it again."""
        from config import database

        with psycopg.connect(database.named(self.server, self.name), autocommit=True) as owner:
            owner.execute("VACUUM ANALYZE")

    def drop(self) -> None:
        from django.db import connections

        connections.close_all()
        with self.owner() as server:
            for name in (self.name, *self.kept):
                self._drop(server, name)

    def _kept(self, name: str) -> str:
        return f"{self.name}_{name}"

    def _copy(self, server: psycopg.Connection, template: str, name: str) -> None:
        self._drop(server, name)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(_id(name), _id(template)))

    @staticmethod
    def _drop(server: psycopg.Connection, name: str) -> None:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(_id(name)))


def _id(name: str) -> sql.Identifier:
    return sql.Identifier(name)


@pytest.fixture(scope="session")
def database_copy(
    request: pytest.FixtureRequest, django_test_environment: None, django_db_blocker: Any
) -> Iterator[Copy]:
    from django.conf import settings
    from django.db.backends.signals import connection_created
    from django.test import TransactionTestCase

    from config import database

    copy = Copy(database.owner_url(), os.environ.get("PYTEST_XDIST_WORKER", ""))
    settings.APP_ROLE = copy.role

    def become_the_product(connection: Any, **_: object) -> None:
        if copy.in_use:
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL("SET ROLE {}").format(_id(copy.system)))

    def renew(_: TransactionTestCase) -> None:
        copy.make()

    with django_db_blocker.unblock():
        copy.make_template(anew=request.config.getvalue("create_db"))
        copy.make()
    copy.in_use = True
    connection_created.connect(become_the_product, weak=False)
    TransactionTestCase._fixture_teardown = renew
    yield copy
    with django_db_blocker.unblock():
        copy.drop()


OwnerRole = Callable[[], AbstractContextManager[Any]]


@pytest.fixture
def owner_role(db: None) -> OwnerRole:
    """`with owner_role() as cursor:` runs SQL as the owner of the tables."""
    from django.db import connection

    @contextmanager
    def lend() -> Iterator[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            (role,) = cursor.fetchone()
            cursor.execute("RESET ROLE")
            try:
                yield cursor
            finally:
                # In a transaction that failed nothing can be said any more; its rollback also
                # takes back the line above.
                if connection.connection.info.transaction_status.name != "INERROR":
                    cursor.execute(sql.SQL("SET ROLE {}").format(_id(role)))

    return lend


@pytest.fixture
def app_database_url(database_copy: Copy) -> str:
    """The address of this test's database for another process, as the product's role."""
    from config import database

    return database.named(database.app_url(), database_copy.name)


@pytest.fixture
def owner_database_url(database_copy: Copy) -> str:
    """The address of this test's database for another process, as its owner."""
    from config import database

    return database.named(database.owner_url(), database_copy.name)
