"""All that pages read of files, in one statement: what hangs on them and what stands around them.

A page would otherwise ask for each relation by itself, and each new one would cost it a query more.
Operations under a lock look at few of the parts: what every step looks at is one statement too, the
others are read when first asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Exists, F, OneToOneRel, OuterRef, QuerySet, Value

from admissions import open_questions
from admissions.models import (
    Admission,
    AwarenessClass,
    Ballot,
    Candidate,
    Certificate,
    DayOff,
    Deadline,
    Decision,
    DecisionReview,
    Enrolment,
    Extension,
    FileMove,
    FileReturn,
    FileTransfer,
    Introducer,
    LateEntry,
    MentorNote,
    Mentorship,
    Milestone,
    Paper,
    PaperKind,
    Recognition,
    Round,
    RuleChange,
    RuleSet,
    Scan,
    Verification,
)
from admissions.stages import Level, Purpose, Stage
from config.rows import beyond_scope
from config.together import Prepared
from organizations.models import (
    Ancestry,
    Appointment,
    Competence,
    Designation,
    Membership,
    Person,
    User,
)
from organizations.models.organization import OneOf
from organizations.models.relative import own_people

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


Held = tuple[str, int, list[int]]
"""(role, organisation id, person ids of the holder and their declared relatives: `own_people`)"""


@dataclass(frozen=True)
class Above:
    """What stands above the cells of files on day `on`, and what the reader is appointed to.

    `lines` are (descendant, ancestor) from below; `held` is empty without a reader.
    """

    lines: list[tuple[int, int]]
    names: list[Designation]
    competences: list[Competence]
    held: list[Held]


@dataclass(frozen=True)
class Surroundings(Above):
    """What stands around files on day `on`: also the rules, days off, rounds.

    `days` are (day, kind) of the table of decreed days; `settings` (name, value, approved at) of
    the open questions, the latest last; `official` (person, cell) those introducers and helpers
    who are official members on the day; `classes` those above that take names then;
    `short_before` the votes of `votes_short_before` of the people of the files.
    """

    rule_sets: list[RuleSet]
    kinds: list[PaperKind]
    days: list[tuple[date, str]]
    rounds: list[Round]
    settings: list[tuple[str, str, datetime | None]]
    rule_changes: list[RuleChange]
    short_before: list[Ballot]
    official: list[tuple[int, int]]
    classes: list[AwarenessClass]


SOME_FILE, SOME_CELL, SOME_USER, SOME_DAY = -101, -102, -103, date(1, 2, 3)
"""What stands in the statement, compiled once, where each reading has its own values."""

STAND_INS = {"files": [SOME_FILE], "cells": [SOME_CELL], "user": SOME_USER, "on": SOME_DAY}

ARRAY = ArrayField(BigIntegerField())


def _of(rows: QuerySet[Any], column: str = "candidate") -> QuerySet[Any]:
    return rows.filter(OneOf(F(column), Value([SOME_FILE], ARRAY)))


RELATIONS: dict[str, QuerySet[Any]] = {
    "milestones": Milestone.objects.all(),
    "certificates": Certificate.objects.all(),
    "mentorships": Mentorship.objects.select_related("mentor").order_by("pk"),
    "papers": Paper.objects.all(),
    "ballots": Ballot.objects.select_related("meeting"),
    "decisions": Decision.objects.all(),
    "moves": FileMove.objects.all(),
    "returns": FileReturn.objects.all(),
    "extensions": Extension.objects.all(),
    "introducers": Introducer.objects.select_related("person"),
    "verifications": Verification.objects.select_related("verifier"),
    "enrolments": Enrolment.objects.select_related("school"),
    "deadlines": Deadline.objects.all(),
    "file_transfers": FileTransfer.objects.select_related("origin", "destination").called(),
    "admissions": Admission.objects.order_by("pk"),
    "late_entries": LateEntry.objects.select_related("entered_by").order_by("pk"),
    "recognitions": Recognition.objects.all(),
}
"""What hangs on a file, by the name by which it has it, with the people they name."""

BENEATH: dict[tuple[str, str], tuple[type[Any], str]] = {
    ("mentorships", "notes"): (MentorNote, "mentorship"),
    ("papers", "scans"): (Scan, "paper"),
    ("decisions", "reviews"): (DecisionReview, "decision"),
}
"""What hangs on what hangs on a file: {(relation, its own): (model, the column that names it)}."""

SHARED: dict[tuple[str, str], QuerySet[Any]] = {
    ("milestones", "entered_by"): User.objects.all(),
    ("papers", "kind"): PaperKind.objects.all(),
}
"""What many rows name, read once each: {(relation, column): what it names}."""


OF_EVERY_STEP = ("milestones", "moves", "file_transfers", "ballots")
"""What hangs on a file that nearly every step looks at."""


def _line() -> QuerySet[Ancestry]:
    rows = Ancestry.objects.on(SOME_DAY)
    return rows.filter(OneOf(F("descendant"), Value([SOME_CELL], ARRAY)))


def _above() -> dict[str, QuerySet[Any]]:
    above = _line().values("ancestor")
    return {
        "lines": _line().order_by("depth").values_list("descendant", "ancestor"),
        "names": Designation.objects.begun(on=SOME_DAY)
        .filter(organization__in=above)
        .select_related("kind"),
        "competences": Competence.objects.filter(organization__in=above, period__contains=SOME_DAY),
        "held": Appointment.objects.of(User(pk=SOME_USER), on=SOME_DAY).values_list(
            "role", "organization", own_people("user")
        ),
    }


@cache
def _statement_of_a_step() -> Prepared:
    return Prepared(
        {**{name: _of(RELATIONS[name]) for name in OF_EVERY_STEP}, **_above()}, STAND_INS
    )


def votes_short_before(names: Any, days: Any) -> QuerySet[Ballot]:
    """Return the votes of cells on admission that fell short on closed files of people who bear
    one of `names` (to search) and were born on one of `days`.

    Not what fell short before the competent committee let a further vote be held, or decided to
    admit nobody: it has said how to go on (HD 06-HD/TW 2025, domain.md 2.6).
    """
    allowed = FileReturn.objects.filter(
        candidate=OuterRef("candidate"), level=Level.COMPETENT, course__gt=OuterRef("course")
    )
    refused = Decision.objects.filter(candidate=OuterRef("candidate"), kind=Decision.Kind.REFUSE)
    return Ballot.objects.filter(
        ~Exists(allowed),
        ~Exists(refused),
        candidate__stage=Stage.CLOSED,
        candidate__person__name_search__in=names,
        candidate__person__born_on__in=days,
        purpose=Purpose.ADMISSION,
        level=Level.CELL,
        passed=False,
    ).select_related("candidate__person")


@cache
def _statement() -> Prepared:
    people = Person.objects.filter(pk__in=_of(Candidate.objects.order_by(), "pk").values("person"))
    querysets: dict[str, QuerySet[Any]] = {
        **{name: _of(rows) for name, rows in RELATIONS.items()},
        **{
            own: _of(model.objects.all(), f"{column}__candidate")
            for (_above, own), (model, column) in BENEATH.items()
        },
        **{
            f"{relation} {column}": rows.filter(
                pk__in=_of(RELATIONS[relation].order_by()).values(column)
            )
            for (relation, column), rows in SHARED.items()
        },
        "rule_sets": RuleSet.objects.all(),
        "kinds": PaperKind.objects.filter(rules__period__contains=SOME_DAY).order_by("order"),
        **_above(),
        "days": DayOff.objects.order_by("pk").values_list("day", "kind"),
        "settings": open_questions.approved().values_list("name", "value", "approved_at"),
        "rule_changes": RuleChange.objects.filter(approved_at__isnull=False).order_by("pk"),
        "official": Membership.objects.on(SOME_DAY)
        .official()
        # One list of people: of either of two, every membership in force would be read.
        .filter(
            person__in=_of(Introducer.objects.order_by())
            .values("person")
            .union(_of(Mentorship.objects.order_by()).values("mentor"))
        )
        .values_list("person", "cell"),
        "classes": AwarenessClass.objects.filter(
            organization__in=_line().values("ancestor")
        ).open_on(SOME_DAY),
        "short_before": votes_short_before(people.values("name_search"), people.values("born_on")),
        "rounds": Round.objects.filter(
            organization__in=_line().values("ancestor"), day__gte=SOME_DAY
        ).order_by("day", "pk"),
    }
    return Prepared(querysets, STAND_INS)


def read(
    files: Sequence[Candidate], *, on: date, user: User | AnonymousUser | None = None
) -> Surroundings:
    """Attach to `files` all that hangs on them, as if prefetched; return what stands around them.

    One statement, however many files, papers and events. With `user`, also what they are
    appointed to on day `on`.
    """
    found = _fetch(_statement(), files, on=on, user=user)
    for (above, own), (_model, column) in BENEATH.items():
        _attach(found[above], own, column, found[own])
    for relation, column in SHARED:
        named = {row.pk: row for row in found[f"{relation} {column}"]}
        for row in found[relation]:
            row._state.fields_cache[column] = named[getattr(row, f"{column}_id")]
    rules = {row.pk: row for row in found["rule_sets"]}
    for row in found["deadlines"]:
        row._state.fields_cache["rules"] = rules[row.rules_id]
    for name in RELATIONS:
        _attach(files, name, "candidate", found[name])
    return Surroundings(**{one.name: found[one.name] for one in fields(Surroundings)})


def read_for_a_step(file: Candidate, *, on: date, user: User) -> Above:
    """Attach to `file` what every step looks at; return what stands above it. One statement."""
    found = _fetch(_statement_of_a_step(), [file], on=on, user=user)
    for name in OF_EVERY_STEP:
        _attach([file], name, "candidate", found[name])
    return Above(**{one.name: found[one.name] for one in fields(Above)})


@beyond_scope()  # of files that were read already: also what their people did elsewhere
def _fetch(
    statement: Prepared,
    files: Sequence[Candidate],
    *,
    on: date,
    user: User | AnonymousUser | None,
) -> dict[str, list[Any]]:
    is_active = user is not None and user.is_authenticated and user.is_active
    return statement.fetch(
        files=[file.pk for file in files],
        cells=sorted({file.cell_id for file in files}),
        user=user.pk if user is not None and is_active else SOME_USER,
        on=on,
    )


class Attached(dict[str, Any]):
    """A cache of prefetched rows that makes the queryset of a relation when it is asked for."""

    def __init__(self, owner: Any) -> None:
        super().__init__()
        self.owner = owner
        self.rows: dict[str, list[Any]] = {}

    def __missing__(self, name: str) -> Any:
        rows = self.rows.pop(name)  # KeyError where it was not read
        made = getattr(self.owner, name).get_queryset()
        # As Django's own prefetching leaves it.
        made._result_cache = rows
        made._prefetch_done = True
        self[name] = made
        return made

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self.rows


def _attach(owners: Iterable[Any], name: str, column: str, rows: Iterable[Any]) -> None:
    """Let each of `owners` have its own of `rows` under `name`, without asking for them again."""
    by_owner: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_owner[getattr(row, f"{column}_id")].append(row)
    for owner in owners:
        own = by_owner.get(owner.pk, [])
        for row in own:
            row._state.fields_cache[column] = owner
        if isinstance(owner._meta.get_field(name), OneToOneRel):
            owner._state.fields_cache[name] = own[0] if own else None
            continue
        known = owner.__dict__.get("_prefetched_objects_cache")
        if not isinstance(known, Attached):
            known = owner.__dict__["_prefetched_objects_cache"] = Attached(owner)
        known.pop(name, None)
        known.rows[name] = own
