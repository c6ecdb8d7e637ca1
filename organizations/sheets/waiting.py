"""What of organisations and members waits for one user as the second person, or to be mended.

The page of tasks asks every app so: `settings.WAITING_TASKS` names functions of (user, on).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from organizations.models import (
    Appointment,
    Reorganization,
    ReorganizationEvent,
    Role,
    User,
)
from organizations.operations.duplicates import merges_of
from organizations.permissions import holds
from organizations.sheets import people

if TYPE_CHECKING:
    from organizations.models.reorganization import ReorganizationQuerySet


@dataclass(frozen=True)
class Waiting:
    """A kind of work that waits: how much of it, and the page where it is done."""

    title: str
    count: int
    url: str


def waiting(user: User, *, on: date) -> list[Waiting]:
    """Return the kinds of which something waits for `user` on day `on`; at most 14 queries."""
    found = _transfers(user, on=on)
    # Nobody else drafts, or is a second person.
    if holds(user, Role.STAFF, Role.APPROVER, on=on):
        found = [*_decisions(user, on=on), *found]
        merges = [one for one in merges_of(user, on=on) if one.entered_by_id != user.pk]
        where = reverse("duplicate-list")
        found.append(Waiting(_("Duplicate records to approve"), len(merges), where))
    return [one for one in found if one.count]


def to_confirm(user: User, *, on: date) -> ReorganizationQuerySet:
    """Return the previewed drafts that `user` confirms: drafted, in no row, by themselves."""
    own = ReorganizationEvent.objects.filter(is_withdrawn=False, entered_by=user)
    scope = Appointment.objects.organizations_of(user, roles=[Role.STAFF, Role.APPROVER], on=on)
    return Reorganization.objects.filter(
        state=Reorganization.State.DRAFT,
        preview__refusals=[],
        organization__in=scope.values("pk"),
    ).exclude(Q(entered_by=user) | Q(pk__in=own.values("reorganization")))


def _decisions(user: User, *, on: date) -> list[Waiting]:
    failed = Reorganization.objects.filter(state=Reorganization.State.FAILED, entered_by=user)
    kinds = [
        (_("Reorganisation decisions to confirm"), to_confirm(user, on=on)),
        (
            _("Your reorganisation decisions that could not be applied"),
            failed.visible_to(user, on=on),
        ),
    ]
    return [_of_decisions(title, rows) for title, rows in kinds]


def _of_decisions(title: str, rows: ReorganizationQuerySet) -> Waiting:
    found = list(rows.order_by(F("effective_on"), "pk").values_list("public_id", flat=True))
    first = reverse("reorganization-detail", args=found[:1]) if found else ""
    return Waiting(title, len(found), first)


def _transfers(user: User, *, on: date) -> list[Waiting]:
    parts = [
        (people.TO_RELEASE, _("Transfers to release")),
        (people.TO_ACCEPT, _("Transfers to accept")),
    ]
    where = reverse("transfer-list")
    counts = people.transfers_counted(user, [part for part, _title in parts], on=on)
    return [Waiting(title, counts[part], f"{where}?phan={part}") for part, title in parts]
