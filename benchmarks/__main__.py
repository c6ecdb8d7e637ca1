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
CASES = ("attainment", "tasks", "grid")


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
    parser.add_argument("--only", choices=CASES, help="one of the measurements (default: all)")
    options = parser.parse_args()
    if options.scale < 1 or options.rounds < 1:
        sys.exit("Scale and rounds are at least 1.")
    with server() as url:
        for case in [options.only] if options.only else CASES:
            with scratch_database(url) as scratch:
                measure(case, scratch, scale=options.scale, rounds=options.rounds)


def measure(case: str, database: str, *, scale: int, rounds: int) -> None:
    """Run one of the measurements in its own, empty database."""
    os.environ["DATABASE_URL"] = database
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    import django  # noqa: PLC0415 - after the settings are named

    django.setup()
    from django.db import connection  # noqa: PLC0415 - needs the settings

    from benchmarks import attainment, grid, tasks  # noqa: PLC0415 - need the models

    try:
        if case == "tasks":
            tasks.run(rounds=rounds, into=RESULTS)
        elif case == "grid":
            grid.run(rounds=rounds, into=RESULTS)
        else:
            attainment.run(scale=scale, rounds=rounds, into=RESULTS)
    finally:
        connection.close()


if __name__ == "__main__":
    main()
