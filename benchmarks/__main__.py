"""Run the measurements on a scratch database: `python -m benchmarks --scale 10`.

The server is that of `DATABASE_URL`, else an embedded one of its own. Scale 2 is one company
committee (1,300 organisations), 10 a province, 500 the country.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

RESULTS = Path(__file__).resolve().parent.parent / "bench-results"
DATABASE = "ketnap_bench"


@contextmanager
def server() -> Iterator[str]:
    """Give the owner's address of a scratch database's server for the block."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    from config import environment  # noqa: PLC0415 - reads the environment
    from config.embedded.postgres import Cluster  # noqa: PLC0415

    cluster = Cluster(environment.data_folder() / "bench" / "postgres")
    cluster.start()
    try:
        yield cluster.url("postgres")
    finally:
        cluster.stop()


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    """Make the scratch database anew, and drop it after the block."""
    from config import database  # noqa: PLC0415 - reads the environment

    name = sql.Identifier(DATABASE)
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name)
    with psycopg.connect(database.named(url, "postgres"), autocommit=True) as owner:
        owner.execute(drop)
        owner.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            yield database.named(url, DATABASE)
        finally:
            owner.execute(drop)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=int, default=10, help="640 cells each (default: 10)")
    parser.add_argument("--rounds", type=int, default=5, help="times each case is run, in turn")
    options = parser.parse_args()
    if options.scale < 1 or options.rounds < 1:
        sys.exit("Scale and rounds are at least 1.")
    with server() as url, scratch_database(url) as scratch:
        os.environ["DATABASE_URL"] = scratch
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
        import django  # noqa: PLC0415 - after the settings are named

        django.setup()
        from benchmarks import attainment  # noqa: PLC0415 - needs the models

        attainment.run(scale=options.scale, rounds=options.rounds, into=RESULTS)


if __name__ == "__main__":
    main()
