"""The server that is measured, and the scratch databases on it, copied from one migrated once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

PREFIX = "ketnap_bench"
TEMPLATE = f"{PREFIX}_made"

GIBIBYTE = 1024**3


def settings() -> dict[str, str]:
    """Return what our own server is set to: a quarter of the memory, plans of a warm cache.

    Syncs stay on; the log is as short as one server without a standby needs it.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIBIBYTE
    shared = max(0.25, min(4.0, memory / 6))
    return {
        "shared_buffers": f"{round(shared * 1024)}MB",
        "effective_cache_size": f"{round(max(0.5, memory / 2) * 1024)}MB",
        "work_mem": "256MB",
        "maintenance_work_mem": "512MB",
        "random_page_cost": "1.1",
        "max_wal_size": "6GB",
        "checkpoint_timeout": "30min",
        "wal_level": "minimal",
        "max_wal_senders": "0",
    }


@contextmanager
def server() -> Iterator[str]:
    """Give the owner's address of the server: that of `DATABASE_URL` as it is, else our own."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    from config import environment  # noqa: PLC0415 - reads the environment
    from config.embedded.postgres import Cluster  # noqa: PLC0415

    cluster = Cluster(environment.data_folder() / "bench" / "postgres")
    cluster.start()
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as owner:
        for name, value in settings().items():
            owner.execute(
                sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
            )
    cluster.stop()
    cluster.start()
    try:
        yield cluster.url("postgres")
    finally:
        cluster.stop()


class Databases:
    """Scratch databases on a server, each a copy of one that was migrated once."""

    def __init__(self, url: str) -> None:
        from config import database  # noqa: PLC0415 - reads the environment

        self.url = url
        self.server = database.named(url, "postgres")

    def make_template(self) -> None:
        """Migrate the template and point Django at it; a template of these migrations is kept."""
        from django.core.management import call_command  # noqa: PLC0415 - needs the settings
        from django.db import connection  # noqa: PLC0415

        from config import migrated  # noqa: PLC0415

        with psycopg.connect(self.server, autocommit=True) as owner:
            found = owner.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
                [TEMPLATE],
            ).fetchone()
            connection.settings_dict["NAME"] = TEMPLATE
            if found and found[0] == migrated.mark():
                return
            _drop(owner, TEMPLATE)
            owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
            call_command("migrate", verbosity=0)
            connection.close()

    @contextmanager
    def copy(self, name: str) -> Iterator[None]:
        """Make scratch database `name` anew and point Django to it; drop it after the block."""
        from django.db import connection  # noqa: PLC0415

        connection.close()
        full = f"{PREFIX}_{name}"
        with psycopg.connect(self.server, autocommit=True) as owner:
            _drop(owner, full)
            owner.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(full), sql.Identifier(TEMPLATE)
                )
            )
        before = connection.settings_dict["NAME"]
        connection.settings_dict["NAME"] = full
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before
            with psycopg.connect(self.server, autocommit=True) as owner:
                _drop(owner, full)


def _drop(owner: psycopg.Connection, name: str) -> None:
    owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
