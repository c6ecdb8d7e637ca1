"""What falls due in the coming week, and what was missed and is still open: to read or to print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from admissions.models import Candidate, Deadline
from config.clock import HERE
from organizations.models import Appointment, Designation, Role

from .next_steps import days_left

if TYPE_CHECKING:
    from organizations.models import User

DAYS = 7
AT_MOST = 200
"""Rows of one part; the count says how many there are."""

READERS = (Role.SECRETARY, Role.STAFF, Role.APPROVER)


@dataclass(frozen=True)
class DigestRow:
    """One term: its file, whose it is, and how far it is from the day of the page."""

    person: str
    number: str
    url: str
    term: str
    clause: str
    whose: str
    due_on: date
    left: str
    note: str
    is_new: bool = False


@dataclass(frozen=True)
class Digest:
    """The page of one reader from day `on`, with what it is until and since."""

    on: date
    until: date
    since: date
    due: list[DigestRow]
    due_in_all: int
    missed: list[DigestRow]
    missed_in_all: int
    met: int
    late: int


def digest(user: User, *, on: date) -> Digest | None:
    """Return the week of `user` from day `on`; None where no appointment gives any work.

    A secretary gets the terms of the cells, a committee its own and those reported to it.
    """
    roots = list(
        Appointment.objects.of(user, on=on, roles=READERS).values_list("role", "organization")
    )
    if not roots:
        return None
    bodies = {organization for _role, organization in roots}
    secretary_at = {organization for role, organization in roots if role == Role.SECRETARY}
    whose = Q(organization__in=bodies) | Q(escalated_to__in=bodies)
    if secretary_at:
        cells = Appointment.objects.organizations_of(user, roles=[Role.SECRETARY], on=on)
        # What waits for the committees above is hers to know of, too.
        whose |= Q(candidate__cell__in=cells.values("pk"))
    files = Candidate.objects.visible_to(user, on=on)
    rows = Deadline.objects.filter(whose, candidate__in=files.values("pk"))
    running = rows.filter(state=Deadline.State.RUNNING, began_on__lte=on + timedelta(days=DAYS))
    due = running.filter(due_on__range=(on, on + timedelta(days=DAYS)))
    missed = running.filter(due_on__lt=on)
    ended = rows.filter(ended_on__gt=on - timedelta(days=DAYS), ended_on__lte=on)
    since = on - timedelta(days=DAYS)
    due_rows, missed_rows = _rows(due, on=on, since=since), _rows(missed, on=on, since=since)
    return Digest(
        on=on,
        until=on + timedelta(days=DAYS),
        since=since,
        due=due_rows,
        due_in_all=len(due_rows) if len(due_rows) < AT_MOST else due.count(),
        missed=missed_rows,
        missed_in_all=len(missed_rows) if len(missed_rows) < AT_MOST else missed.count(),
        met=ended.filter(state=Deadline.State.MET).count(),
        late=ended.filter(state=Deadline.State.LATE).count(),
    )


def _rows(terms: QuerySet[Deadline], *, on: date, since: date) -> list[DigestRow]:
    found: Sequence[Deadline] = list(
        terms.select_related("candidate__person", "rules").order_by("due_on", "pk")[:AT_MOST]
    )
    units = {row.organization_id for row in found} | {
        row.escalated_to_id for row in found if row.escalated_to_id
    }
    called = Designation.objects.by_organization(units, on=on) if units else {}
    return [_row(row, called, on=on, since=since) for row in found]


def _row(row: Deadline, called: dict[int, Designation], *, on: date, since: date) -> DigestRow:
    name = called.get(row.organization_id)
    above = called.get(row.escalated_to_id) if row.escalated_to_id else None
    is_new = row.missed_at is not None and row.missed_at.astimezone(HERE).date() >= since
    return DigestRow(
        person=row.candidate.person.full_name,
        number=row.candidate.number,
        url=reverse("candidate-detail", args=[row.candidate.public_id]),
        term=str(row.get_clock_display()),
        clause=row.clause,
        whose=name.short_name if name else str(row.get_owner_display()),
        due_on=row.due_on,
        left=days_left(row.due_on, on=on),
        note=_("reported to %(body)s") % {"body": above.short_name} if above else "",
        is_new=is_new,
    )
