"""The ancestry compared with the placements that it is derived from; nothing is repaired here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from config.periods import OPEN_END
from organizations.models import Job
from organizations.operations import jobs
from organizations.operations.structure import LINES

KIND = "verify-ancestry"
DEEPEST = 32
"""Where `LINES` stops."""
TOLD = 20
"""Differing lines that an answer names."""

COLUMNS = "descendant_id, ancestor_id, depth, valid_from, valid_to"
ALL_UNITS = LINES.replace("WHERE placed.organization_id = ANY(%(organizations)s)\n", "WHERE true\n")
KEPT = f"SELECT {COLUMNS} FROM organizations_ancestry"  # noqa: S608 - our own words alone
DERIVED = f"SELECT * FROM ({ALL_UNITS}) AS derived"  # noqa: S608
CHECKS = {
    "missing lines": f"({DERIVED}) EXCEPT ({KEPT})",
    "lines too many": f"({KEPT}) EXCEPT ({DERIVED})",
    "organisations without a place on some day": """
        SELECT unit.slug, unit.period::text FROM organizations_organization AS unit
        WHERE NOT coalesce((SELECT range_agg(placed.period) FROM organizations_placement AS placed
            WHERE placed.organization_id = unit.id), '{}') @> unit.period
    """,
    "placements before their organisation": """
        SELECT unit.slug, placed.period::text FROM organizations_placement AS placed
        JOIN organizations_organization AS unit ON unit.id = placed.organization_id
        WHERE lower(placed.period) < lower(unit.period)
    """,
    "placements beneath what did not exist": """
        SELECT unit.slug, above.slug, placed.period::text FROM organizations_placement AS placed
        JOIN organizations_organization AS unit ON unit.id = placed.organization_id
        JOIN organizations_organization AS above ON above.id = placed.parent_id
        WHERE NOT (placed.period * unit.period) <@ above.period
            OR lower(placed.period) < lower(above.period)
    """,
    # Deriving goes no deeper: of what stands lower the lines would be cut off.
    "lines of 32 steps or more": f"SELECT * FROM ({ALL_UNITS}) AS derived WHERE depth >= {DEEPEST}",  # noqa: S608
    "lines in a circle": f"""
        SELECT descendant, depth FROM ({ALL_UNITS}) AS derived
        WHERE depth > 0 AND descendant = ancestor
    """,  # noqa: S608
}
"""Each a query of what must not be; rows of it are the differences."""


@dataclass(frozen=True)
class Verified:
    """What a comparison found: {check: how many rows differ}, and the first of them as text."""

    lines: int
    differences: dict[str, int] = field(default_factory=dict)
    first: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not any(self.differences.values())

    def as_json(self) -> dict[str, Any]:
        return {"lines": self.lines, "differences": self.differences, "first": self.first}


def verify() -> Verified:
    """Derive all lines anew and compare both ways; return what differs. Writes nothing."""
    differences: dict[str, int] = {}
    first: list[str] = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '600s'")
        cursor.execute("SELECT count(*) FROM organizations_ancestry")
        lines = int(cursor.fetchone()[0])
        for name, query in CHECKS.items():
            cursor.execute(
                f"SELECT count(*) OVER (), found.* FROM ({query}) AS found LIMIT {TOLD}",  # noqa: S608
                {"open": OPEN_END},
            )
            rows = cursor.fetchall()
            differences[name] = int(rows[0][0]) if rows else 0
            first += [f"{name}: {' '.join(str(value) for value in row[1:])}" for row in rows]
    return Verified(lines=lines, differences=differences, first=first)


def verify_as_job() -> Job:
    """Verify as a job that tells what it found: done, or failed with the first differences."""
    jobs.bury_the_dead(KIND)
    job = jobs.begin(KIND, "tree", total=1)
    try:
        found = verify()
    except BaseException as failure:
        jobs.fail(job, f"{type(failure).__name__}: {failure}".strip())
        raise
    if found.is_right:
        jobs.finish(job)
    else:
        jobs.fail(job, *found.first[:TOLD])
    job.refresh_from_db()
    return job
