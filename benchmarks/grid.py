"""The grid of targets of a committee of 1,000 children: opening it, and saving one cell."""

from __future__ import annotations

import json
import platform
from datetime import date
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter

from django.db import connection
from django.test import Client
from django.urls import reverse

from config import clock
from config.periods import between
from organizations.models import (
    Appointment,
    Designation,
    Installation,
    Organization,
    Role,
    User,
)
from organizations.operations.structure import NewOrganization, found_many
from targets import sheets
from targets.models import Attainment, Baseline, Cycle, Indicator, Target, TargetDraft
from targets.operations.cycles import current_cycle
from targets.reconciliation import reconciliation

DAY, YEAR = date(2021, 5, 28), 2021
CHILDREN = 1000

AT_MOST = {"open the grid": 500.0, "save one cell": 100.0}
"""Milliseconds within which 95 of 100 are answered."""


def run(*, rounds: int, into: Path) -> None:
    """Measure, print a table, and write `into`/grid.json."""
    began = perf_counter()
    user, committee = generate()
    print(f"Generated {CHILDREN} children in {perf_counter() - began:.0f} s")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    import_module("config.wsgi")  # what the web's door does as it opens
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    query = {"dv": committee.slug}
    page = reverse("target-grid", args=[YEAR], query=query)
    cell = reverse("target-draft", args=[YEAR], query=query)
    export = reverse("target-export", args=[YEAR], query=query)
    drafts = dict(TargetDraft.objects.values_list("organization", "version")[:1])
    (unit,) = drafts

    def read() -> None:
        cycle = current_cycle(committee, year=YEAR)
        assert len(sheets.grid(committee, year=YEAR, on=DAY, cycle=cycle)) == CHILDREN

    def save() -> None:
        answer = client.post(
            cell, {"unit": unit, "number": drafts[unit] % 9 + 1, "version": drafts[unit]}
        )
        assert answer.status_code == 200, answer.content
        drafts[unit] = answer.json()["version"]

    def get(address: str) -> None:
        answer = client.get(address)
        assert answer.status_code == 200, answer.status_code

    cases = {
        "read its rows": read,
        "open the grid": lambda: get(page),
        "save one cell": save,
        "export it to Excel": lambda: get(export),
        "reconcile it": lambda: reconciliation(committee, year=YEAR, on=DAY),
    }
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _round in range(max(rounds, 1) * 8 + 1):
        for name, case in cases.items():
            began = perf_counter()
            case()
            times[name].append((perf_counter() - began) * 1000)
    results = {}
    base = median(times["read its rows"][1:])
    width = max(map(len, times))
    print(f"\n{'case':<{width}}  {'median ms':>10}  {'p95 ms':>8}  {'at most':>8}  {'× read':>7}")
    for name, taken in times.items():
        warm = sorted(taken[1:])  # the first compiles templates and statements
        p95 = warm[min(len(warm) - 1, round(len(warm) * 0.95))]
        results[name] = {"median": median(warm), "p95": p95, "to read": median(warm) / base}
        most = f"{AT_MOST[name]:.0f}" if name in AT_MOST else "–"
        print(
            f"{name:<{width}}  {median(warm):>10.1f}  {p95:>8.1f}  {most:>8}"
            f"  {median(warm) / base:>7.2f}"
        )
    into.mkdir(exist_ok=True)
    (into / "grid.json").write_text(
        json.dumps(
            {
                "children": CHILDREN,
                "python": platform.python_version(),
                "at most, ms": AT_MOST,
                "milliseconds": results,
            },
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )


def generate() -> tuple[User, Organization]:
    """Fill an empty database: a committee of 1,000 cells in ten groups, half of them drafted.

    Return its staff, and the committee.
    """
    Installation.objects.create(mode="demonstration", scenario="bench", day=DAY)
    first = date(2016, 1, 1)
    new = [
        NewOrganization("top", "Đảng bộ tỉnh", "Tỉnh", "superior", None, first),
        NewOrganization("committee", "Đảng bộ công ty", "Công ty", "grassroots", "top", first),
    ]
    new += [
        NewOrganization(f"c{one}", f"Chi bộ {one}", f"Chi bộ {one}", "cell", "committee", first)
        for one in range(CHILDREN)
    ]
    units = found_many(new)
    cells = [units[f"c{one}"] for one in range(CHILDREN)]
    for group in range(10):
        Designation.objects.filter(organization__in=cells[group::10]).update(group=f"Khối {group}")
    committee = units["committee"]
    user = User.objects.create(username="staff", full_name="staff")
    Appointment.objects.create(
        user=user, organization=committee, role=Role.STAFF, period=between(first, None)
    )
    cycle = Cycle.objects.create(
        organization=committee, year=YEAR, opened_on=DAY, register_by=DAY, issue_by=DAY,
        state=Cycle.State.DRAFTING, entered_by=user,
    )  # fmt: skip
    with connection.cursor() as cursor:
        # The triggers of facts ask one row at a time; here nothing is entered by anybody.
        cursor.execute("SET session_replication_role = replica")
        _figures([committee, *cells], by=user)
        TargetDraft.objects.bulk_create(
            TargetDraft(
                cycle=cycle, organization=cell, low=2, high=2, saved_at=cycle.entered_at,
                saved_by=user,
            )
            for cell in cells[::2]
        )  # fmt: skip
        cursor.execute("SET session_replication_role = origin")
    return user, committee


def _figures(units: list[Organization], *, by: User) -> None:
    at = clock.now()
    Baseline.objects.bulk_create(
        Baseline(organization=unit, year=YEAR, version=1, members=18, entered_by=by)
        for unit in units
    )
    Target.objects.bulk_create(
        Target(
            indicator_id=Indicator.ADMITTED, organization=unit, year=YEAR, kind=kind,
            version=version, form="number", low=2, high=2, entered_by=by,
            decision_number="" if kind == "registered" else "24-QĐ/ĐU",
            decided_on=None if kind == "registered" else date(2021, 1, 22),
        )
        for unit in units
        for version, kind in enumerate(("registered", "assigned"), start=1)
    )  # fmt: skip
    Attainment.objects.bulk_create(
        Attainment(
            organization=unit, year=year, lens=lens, opening_members=18, target_low=2,
            target_high=2, computed_at=at,
        )
        for unit in units
        for year in range(YEAR - sheets.LAST_YEARS, YEAR + 1)
        for lens in Attainment.Lens.values
    )  # fmt: skip
