"""The page of tasks of a committee of 1,000 cells with 5,000 open files, and one file's page."""

from __future__ import annotations

import json
import platform
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from django.db import connection
from django.test import Client
from django.urls import reverse

from admissions.models import (
    Ballot,
    Candidate,
    Certificate,
    Deadline,
    Mentorship,
    Milestone,
    Paper,
    RuleSet,
)
from admissions.operations.deadlines import reckon_many
from admissions.rules import certificate_expires_on, paper_stale_on, threshold
from admissions.stages import ORDER, REACHES, Level, Stage, Step
from config.periods import between
from organizations.models import (
    Appointment,
    Competence,
    Installation,
    Organization,
    Person,
    Role,
    User,
)
from organizations.models.person import name_columns
from organizations.operations.structure import NewOrganization, found_many, grant_competence

DAY = date(2021, 5, 28)
COMMITTEES, CELLS, FILES = 40, 1000, 5000
STAGES = (
    [Stage.SOURCE] * 3
    + [Stage.SYMPATHISER] * 3
    + [Stage.CERTIFIED] * 3
    + [Stage.DOSSIER] * 3
    + [Stage.READY] * 2
    + [Stage.CELL_RESOLVED] * 2
    + [Stage.GRASSROOTS_RESOLVED] * 2
    + [Stage.COMPETENT_RESOLVED]
    + [Stage.DECIDED]
)
"""Where each twenty files are; on the day some terms are over, some near."""

AT_MOST = 200.0
"""Milliseconds within which 95 of 100 pages of tasks are made."""


def run(*, rounds: int, into: Path) -> None:
    """Measure, print a table, and write `into`/tasks.json."""
    began, worked = perf_counter(), process_time()
    users = generate()
    print(f"Generated {FILES} files in {perf_counter() - began:.0f} s")
    began, worked = perf_counter(), process_time()
    reckon_many(Candidate.objects.values_list("pk", flat=True), on=DAY)
    print(
        f"Reckoned {Deadline.objects.count()} terms in {perf_counter() - began:.1f} s"
        f" ({process_time() - worked:.1f} s of this process)"
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    import_module("config.wsgi")  # what the web's door does as it opens
    file = Candidate.objects.filter(stage=Stage.GRASSROOTS_RESOLVED).earliest("pk")
    pages = {f"tasks of {user.username}": (user, reverse("task-list")) for user in users} | {
        "one file": (users[0], reverse("candidate-detail", args=[file.public_id]))
    }
    times: dict[str, list[float]] = {name: [] for name in pages}
    for _round in range(max(rounds, 1) * 8 + 1):
        for name, (user, address) in pages.items():
            times[name].append(_request(user, address))
    results = {}
    width = max(map(len, times))
    print(f"\n{'page':<{width}}  {'median ms':>10}  {'p95 ms':>8}")
    for name, taken in times.items():
        warm = sorted(taken[1:])  # the first compiles templates and statements
        p95 = warm[min(len(warm) - 1, round(len(warm) * 0.95))]
        results[name] = {"median": median(warm), "p95": p95}
        print(f"{name:<{width}}  {median(warm):>10.1f}  {p95:>8.1f}")
    into.mkdir(exist_ok=True)
    (into / "tasks.json").write_text(
        json.dumps(
            {
                "cells": CELLS,
                "files": FILES,
                "python": platform.python_version(),
                "at most, ms": AT_MOST,
                "milliseconds": results,
            },
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )


def _request(user: User, address: str) -> float:
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    began = perf_counter()
    answer = client.get(address)
    taken = (perf_counter() - began) * 1000
    assert answer.status_code == 200, answer.status_code
    return taken


def generate() -> list[User]:
    """Fill an empty database: a body that decides, its committees, their cells, their files.

    Return who asks for the pages: staff and approver of the body, staff of a committee, and a
    secretary.
    """
    Installation.objects.create(mode="demonstration", scenario="bench", day=DAY)
    first = date(2018, 1, 1)

    def one_unit(slug: str, kind: str, above: str | None) -> NewOrganization:
        return NewOrganization(
            slug=slug, name=slug, short_name=slug, kind=kind, parent_slug=above, on=first
        )

    new = [one_unit("top", "superior", None)]
    new += [one_unit(f"b{one}", "grassroots", "top") for one in range(COMMITTEES)]
    new += [one_unit(f"c{one}", "cell", f"b{one % COMMITTEES}") for one in range(CELLS)]
    units = found_many(new)
    grant_competence(
        units["top"], kind=Competence.Kind.SUPERIOR, on=first, decision_number="01-QĐ/TU",
        members_entitled=15,
    )  # fmt: skip
    users = []
    for name, slug, role in (
        ("staff", "top", Role.STAFF),
        ("approver", "top", Role.APPROVER),
        ("committee", "b1", Role.STAFF),
        ("secretary", "c1", Role.SECRETARY),
    ):
        user = User.objects.create(username=name, full_name=name)
        Appointment.objects.create(
            user=user, organization=units[slug], role=role, period=between(first, None)
        )
        users.append(user)
    with connection.cursor() as cursor:
        # The triggers of facts ask one row at a time; here nothing is entered by anybody.
        cursor.execute("SET session_replication_role = replica")
        _files([units[f"c{one}"] for one in range(CELLS)], by=User.objects.create(username="by"))
        cursor.execute("SET session_replication_role = origin")
    return users


STEPS = (
    (Step.IDENTIFY, 350), (Step.PUT_ON_LIST, 340), (Step.ASSIGN_MENTOR, 330), (Step.CERTIFY, 200),
    (Step.PERMIT, 150), (Step.RECEIVE_PAPER, 100), (Step.COMPLETE_PAPERS, 90),
    (Step.VOTE_CELL, 60), (Step.VOTE_GRASSROOTS, 40), (Step.VOTE_COMPETENT, 20), (Step.DECIDE, 10),
)  # fmt: skip
"""Steps in their order, with how many days ago the slowest file took it."""


def _files(cells: list[Organization], *, by: User) -> None:
    rules = RuleSet.objects.in_force(on=DAY)
    kinds = list(
        rules.paper_kinds.filter(before_cell=True, phase="admission", audience="everybody")
    )
    people = Person.objects.bulk_create(
        Person(**name_columns(f"Nguyễn Văn {one}"), born_on=date(1994, 1, 1), sex="male")
        for one in range(FILES + CELLS)
    )
    reached = [STAGES[one % len(STAGES)] for one in range(FILES)]
    files = Candidate.objects.bulk_create(
        Candidate(
            number=f"KC-{one}", person=people[one], cell=cells[one * 7 % CELLS], rules=rules,
            stage=stage, stage_since=DAY - timedelta(days=one % 90),
            identified_on=DAY - timedelta(days=400), entered_by=by,
        )
        for one, stage in enumerate(reached)
    )  # fmt: skip
    milestones, certificates, helping, papers, ballots = [], [], [], [], []
    for one, file in enumerate(files):
        at = ORDER.index(Stage(file.stage))
        days = {step: DAY - timedelta(days=ago + one % 50) for step, ago in STEPS}
        for step, day in days.items():
            if ORDER.index(REACHES.get(step, Stage.SYMPATHISER)) <= at:
                milestones.append(Milestone(candidate=file, step=step, on=day, entered_by=by))
        if at >= ORDER.index(Stage.CERTIFIED):
            issued = days[Step.CERTIFY]
            certificates.append(Certificate(
                candidate=file, number=f"CN-{one}", issuer="TTCT", issued_on=issued,
                expires_on=certificate_expires_on(issued, rules), rules=rules, entered_by=by,
            ))  # fmt: skip
            helping.append(Mentorship(
                candidate=file, mentor=people[FILES + one * 7 % CELLS],
                period=between(days[Step.ASSIGN_MENTOR], None), entered_by=by,
            ))  # fmt: skip
        if at >= ORDER.index(Stage.DOSSIER):
            enough = kinds if at > ORDER.index(Stage.DOSSIER) else kinds[: len(kinds) // 2]
            dated = days[Step.RECEIVE_PAPER]
            papers += [
                Paper(
                    candidate=file, kind=kind, dated_on=dated, received_on=dated, entered_by=by,
                    stale_on=paper_stale_on(dated, rules) if kind.goes_stale else None,
                )
                for kind in enough
            ]  # fmt: skip
        for level, step in (
            (Level.CELL, Step.VOTE_CELL),
            (Level.GRASSROOTS, Step.VOTE_GRASSROOTS),
            (Level.COMPETENT, Step.VOTE_COMPETENT),
        ):
            if at >= ORDER.index(REACHES[step]):
                share = threshold(level, rules)
                ballots.append(Ballot(
                    candidate=file, level=level, organization=file.cell, held_on=days[step],
                    entitled=15, present=15, in_favour=15, against=0, rules=rules,
                    numerator=share.numerator, denominator=share.denominator, strict=share.strict,
                    passed=True, entered_by=by,
                ))  # fmt: skip
    Milestone.objects.bulk_create(milestones, batch_size=2000)
    Certificate.objects.bulk_create(certificates, batch_size=2000)
    Mentorship.objects.bulk_create(helping, batch_size=2000)
    Paper.objects.bulk_create(papers, batch_size=2000)
    Ballot.objects.bulk_create(ballots, batch_size=2000)
    top = Competence.objects.get().organization
    Ballot.objects.filter(level=Level.COMPETENT).update(organization=top)
