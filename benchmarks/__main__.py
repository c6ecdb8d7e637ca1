"""Run the measurements on scratch databases: `make bench SCALE=0.1`, `python -m benchmarks`.

The server is that of `DATABASE_URL`, else an embedded one of its own. Scale 1 is the country:
358,000 organisations, 5.4 million members, 3 million files of ten years.
"""

import argparse
import os
import sys
from pathlib import Path

from benchmarks.servers import TEMPLATE, Databases, server

RESULTS = Path(__file__).resolve().parent.parent / "bench-results"
CASES = ("national", "tasks", "grid")
ASKED = ("audit",)
"""Those that are run only where they are asked for."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--scale",
        type=float,
        default=float(os.environ.get("SCALE") or 0.01),
        help="1 is the whole country (default: SCALE, else 0.01)",
    )
    parser.add_argument("--rounds", type=int, default=5, help="times each case is run, in turn")
    parser.add_argument(
        "--only",
        choices=(*CASES, *ASKED),
        help="one of the measurements (default: all but the audit)",
    )
    options = parser.parse_args()
    if options.scale <= 0 or options.rounds < 1:
        sys.exit("Scale is more than 0, rounds are at least 1.")
    with server() as url:
        _prepare(url)
        databases = Databases(url)
        databases.make_template()
        for case in [options.only] if options.only else CASES:
            measure(case, databases, scale=options.scale, rounds=options.rounds)


def _prepare(url: str) -> None:
    from config import database  # noqa: PLC0415 - reads the environment

    os.environ["DATABASE_URL"] = database.named(url, TEMPLATE)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    import django  # noqa: PLC0415 - after the settings are named

    django.setup()


def measure(case: str, databases: Databases, *, scale: float, rounds: int) -> None:
    """Run one of the measurements in databases of its own."""
    from benchmarks import audit, grid, national, tasks  # noqa: PLC0415 - need the models

    if case == "national":
        national.run(databases, scale=scale, rounds=rounds, into=RESULTS)
        return
    with databases.copy(case):
        if case == "tasks":
            tasks.run(rounds=rounds, into=RESULTS)
        elif case == "audit":
            audit.run(into=RESULTS)
        else:
            grid.run(rounds=rounds, into=RESULTS)


if __name__ == "__main__":
    main()
