"""The recompute against the bare scans it cannot beat, and against an ordinary Django loop."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter

from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Sum

from admissions.models import Admission, Candidate
from benchmarks.country import generate
from organizations.models import Ancestry, Organization
from organizations.operations.outbox import announce
from targets.measures import MEASURES
from targets.models import Attainment
from targets.operations.attainment import fold, recompute
from targets.selectors import figures

DAY = date(2021, 12, 31)
SAMPLE = 40
"""Organisations that the loop is timed on; its time for all is reckoned from theirs."""

HEAP = "SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off"
SCANS = (
    "SELECT cell_id, sum(sign) FROM admissions_admission"
    " WHERE ceremony_on BETWEEN '2021-01-01' AND '2021-12-31' GROUP BY 1",
    "SELECT cell_id, sum(sign) FROM admissions_admission GROUP BY 1",
    "SELECT cell_id, count(*) FROM admissions_candidate"
    " WHERE stage NOT IN ('admitted', 'closed') GROUP BY 1",
)
"""What the statement must read at the least: facts of the year, all facts, open files."""


def run(*, scale: int, rounds: int, into: Path) -> None:
    """Measure, print a table of ratios, and write `into`/attainment.json."""
    call_command("migrate", verbosity=0)
    began = perf_counter()
    size = generate(scale)
    print(f"Generated in {perf_counter() - began:.0f} s: {size}")
    recompute(2021)

    cases: dict[str, Callable[[], object]] = {
        "bare heap scan, GROUP BY cell": _bare_scan,
        "recompute, nothing changed": lambda: recompute(2021),
        "one admission: commit, fold": _admit_and_fold,
        "figures of the top": lambda: figures(_top(), year=2021, on=DAY, today=DAY),
        "figures of the top on a past day": lambda: figures(
            _top(), year=2021, on=date(2021, 6, 30), today=DAY
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _round in range(rounds):
        for name, case in cases.items():
            times[name].append(_milliseconds(case))
    medians = {name: median(taken) for name, taken in times.items()}
    loop = _loop(size.organizations)
    medians[f"Django loop over all organisations (reckoned from {SAMPLE})"] = loop

    base = medians["recompute, nothing changed"]
    width = max(map(len, medians))
    print(f"\n{'case':<{width}}  {'median ms':>10}  {'× recompute':>11}")
    for name, taken in medians.items():
        print(f"{name:<{width}}  {taken:>10.1f}  {taken / base:>11.2f}")
    into.mkdir(exist_ok=True)
    (into / "attainment.json").write_text(
        json.dumps(
            {
                "size": asdict(size),
                "scale": scale,
                "rounds": rounds,
                "python": platform.python_version(),
                "postgresql": _server_version(),
                "milliseconds": times | {"loop, reckoned": [loop]},
                "ratios": {
                    "recompute to bare heap scan": base / medians["bare heap scan, GROUP BY cell"],
                    "Django loop to recompute": loop / base,
                },
            },
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )


def _milliseconds(case: Callable[[], object]) -> float:
    began = perf_counter()
    case()
    return (perf_counter() - began) * 1000


def _server_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


def _top() -> Organization:
    return Organization.objects.get(pk=1)


def _bare_scan() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(HEAP)
        for scan in SCANS:
            cursor.execute(f"SELECT count(*) FROM ({scan}) AS cells")


def _admit_and_fold() -> None:
    fact = Admission.objects.first()
    assert fact is not None
    with transaction.atomic():
        fact.pk = None
        fact.ceremony_on = fact.decided_on = DAY
        fact.save(force_insert=True)
        announce(fact, organization=fact.cell, on=DAY)
    assert fold() == 1


def _loop(organizations: int) -> float:
    """Return the milliseconds that an ordinary loop would take: one query per measure and unit."""
    sample = list(
        Organization.objects.order_by("pk")[1 :: max(1, organizations // SAMPLE)][:SAMPLE]
    )
    began = perf_counter()
    for organization in sample:
        beneath = Ancestry.objects.on(DAY).filter(ancestor=organization).values("descendant")
        for measure in MEASURES:
            if measure.source == "admission":
                facts = Admission.objects.filter(
                    cell__in=beneath, ceremony_on__range=(date(2021, 1, 1), DAY)
                )
                facts.extra(where=[measure.condition]).aggregate(people=Sum("sign"))
            else:
                files = Candidate.objects.filter(cell__in=beneath)
                files.extra(where=[measure.condition]).count()
        Attainment.objects.filter(organization=organization, year=2021).update(admitted=0)
    taken = (perf_counter() - began) * 1000
    recompute(2021)
    return taken / len(sample) * organizations
