"""The terms of a file in words: what is near or missed, whose it is, and which rules say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.utils.translation import gettext as _

from admissions.calendar import RoundDay, next_meetings
from admissions.cases import Case
from admissions.models import Deadline
from admissions.operations.deadlines import REMINDERS, clause
from admissions.permissions import Rights
from admissions.rules import add_months, decision_due_on
from admissions.stages import Level
from organizations.models import User

from .next_steps import days_left
from .sections import Section


@dataclass(frozen=True)
class Term:
    """One running term: its name, last day and how far it is; `words` is one sentence of it."""

    name: str
    due_on: date
    left: str
    clause: str
    whose: str
    is_missed: bool
    is_near: bool
    told: str
    words: str
    clock: str


def terms_of(case: Case) -> list[Term]:
    """Return the terms that run on the file, the nearest first; reads nothing."""
    running = [
        row
        for row in case.candidate.deadlines.all()
        if row.state == Deadline.State.RUNNING and row.began_on <= case.on
    ]
    return [_term(case, row) for row in sorted(running, key=lambda row: (row.due_on, row.pk))]


def told_of(case: Case) -> Term | None:
    """Return the term of the file that is missed, else the one that is near first, if any."""
    found = terms_of(case)
    missed = next((one for one in found if one.is_missed), None)
    return missed or next((one for one in found if one.is_near), None)


def last_chance(case: Case, rounds: Sequence[RoundDay]) -> RoundDay | None:
    """Return the next round that the cell's next meeting makes and the one after it does not.

    Only where the cell has not voted and could at that meeting.
    """
    if case.passed(Level.CELL) or not case.valid_certificate:
        return None
    first, second = next_meetings(case.on, number=2, calendar=case.calendar)
    for one in rounds:
        if decision_due_on(first, case.rules, calendar=case.calendar) <= one.day:
            late = decision_due_on(second, case.rules, calendar=case.calendar) > one.day
            return one if late else None
    return None


def section(case: Case, rights: Rights, user: User) -> Section | None:
    """Return the card of running terms on the file's page; None where none runs."""
    found = terms_of(case)
    if not found:
        return None
    late = case.late_entry
    if late and late.answered_at is None:
        # It is entered, and waits for a third person: nobody is to hurry the cell.
        left = _("entered late, waits")
        found = [
            replace(one, left=left, is_missed=False, is_near=False)
            if one.clock == Deadline.Clock.CEREMONY
            else one
            for one in found
        ]
    return Section("admissions/terms_section.html", {"terms": found}, order=10, beside=True)


def _term(case: Case, row: Deadline) -> Term:
    is_missed = row.due_on < case.on
    is_near = row.warn_on <= case.on
    name = str(row.get_clock_display())
    words = ""
    if is_missed:
        words = _("%(term)s: due by %(day)s, missed.") % {
            "term": name,
            "day": f"{row.due_on:%d/%m/%Y}",
        }
    elif is_near:
        words = _("%(term)s: by %(day)s.") % {"term": name, "day": f"{row.due_on:%d/%m/%Y}"}
    return Term(
        name=name,
        due_on=row.due_on,
        left=days_left(row.due_on, on=case.on),
        clause=clause(row.clock, row.rules),
        whose=_named(case, row.organization_id) or str(row.get_owner_display()),
        is_missed=is_missed,
        is_near=is_near,
        told=_told(case, row, is_missed=is_missed),
        words=words,
        clock=row.clock,
    )


def _told(case: Case, row: Deadline, *, is_missed: bool) -> str:
    """Return to whom a missed term went, or which of its reminders is due."""
    if is_missed:
        above = _named(case, row.escalated_to_id)
        return _("reported to %(body)s") % {"body": above} if above else ""
    for months in reversed(REMINDERS.get(Deadline.Clock(row.clock), ())):
        if add_months(row.due_on, -months) <= case.on:
            return _("less than %(months)s months left") % {"months": months}
    return ""


def _named(case: Case, organization: int | None) -> str:
    bodies = case.bodies
    line = (bodies.cell, bodies.intermediate, bodies.grassroots, bodies.competent)
    return next((one.name for one in line if one and one.organization_id == organization), "")
