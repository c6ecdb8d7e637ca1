"""The work of a cell passes from one secretary to the next: opened, filled in, acknowledged."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from config.clock import AppNow
from config.errors import DomainError
from organizations.models import Appointment, Handover, Lineage, Organization, Role, User
from organizations.permissions import acts

MOST_CHARACTERS = 4000
"""The length of a note."""


@transaction.atomic
def open_for_ended(
    appointments: Iterable[Appointment], *, on: date, is_ahead: bool = False
) -> list[Handover]:
    """Open the hand-over of each post of secretary among `appointments`, which end on day `on`.

    `on` is the first day without the post. Who holds the post there on that day, or in the one
    cell that the unit went into, takes over; nobody where there is no such secretary yet. One
    that is open already follows the new day. Any number of posts take the same few queries.

    What they were to take over themselves passes on too, unless the end `is_ahead`: known before
    it comes.
    """
    ended = [one for one in appointments if one.role == Role.SECRETARY and one.period.lower <= on]
    if not ended:
        return []
    units = {one.organization_id for one in ended}
    _hold(units)
    holders = _holders(units, on=on)
    leaving = [one for one in ended if one.user_id not in holders[one.organization_id]]
    if not is_ahead:
        _give_back(leaving, holders)
    known = {(one.organization_id, one.outgoing_id): one for one in _open_at(units)}
    found = []
    for one in leaving:
        key = (one.organization_id, one.user_id)
        row = known.setdefault(key, Handover(organization_id=key[0], outgoing_id=key[1]))
        row.on = on
        row.incoming_id = next(iter(holders[one.organization_id]), None)
        found.append(row)
    new = [row for row in found if row.pk is None]
    Handover.objects.bulk_update([row for row in found if row.pk], ["on", "incoming"])
    Handover.objects.bulk_create(new)
    return found


def _hold(units: Collection[int]) -> None:
    """Take the units' rows: of an end and a beginning at once, the second sees the first."""
    list(Organization.objects.select_for_update(no_key=True).filter(pk__in=units).order_by("pk"))


def _open_at(units: Collection[int]) -> QuerySet[Handover]:
    return Handover.objects.open().filter(organization__in=units)


def _holders(units: Collection[int], *, on: date) -> dict[int, list[int]]:
    """Return {unit id: who is secretary of it on day `on`, else of the one unit it went into}."""
    went: dict[int, set[int]] = {}
    for line in Lineage.objects.filter(predecessor__in=units, on__lte=on):
        went.setdefault(line.predecessor_id, set()).add(line.successor_id)
    there = set(units) | {one for successors in went.values() for one in successors}
    secretaries: dict[int, list[int]] = {}
    held = Appointment.objects.filter(
        organization__in=there,
        role=Role.SECRETARY,
        period__contains=on,
        user__is_active=True,
    )
    for unit, user in held.order_by("pk").values_list("organization", "user"):
        secretaries.setdefault(unit, []).append(user)
    found = {}
    for unit in units:
        successors = went.get(unit, set())
        into = next(iter(successors)) if len(successors) == 1 else unit
        found[unit] = secretaries.get(unit) or secretaries.get(into, [])
    return found


def _give_back(leaving: Iterable[Appointment], holders: dict[int, list[int]]) -> None:
    """Pass on what one who now leaves was to take over, and never acknowledged."""
    left = {(one.organization_id, one.user_id) for one in leaving}
    rows = _open_at({unit for unit, _user in left}).filter(
        incoming__in={user for _unit, user in left}
    )
    moved = [row for row in rows if (row.organization_id, row.incoming_id) in left]
    for row in moved:
        after = next(iter(holders[row.organization_id]), None)
        row.incoming_id = None if after == row.outgoing_id else after
    Handover.objects.bulk_update(moved, ["incoming"])


def take_over(appointment: Appointment) -> int:
    """Let the new secretary of `appointment` take over what is open there; return how much.

    Also what is open at the units that went into this one. Not their own, nor what somebody else
    takes over already, nor what is handed over only after their own last day.
    """
    if appointment.role != Role.SECRETARY:
        return 0
    unit, last = appointment.organization_id, appointment.period.upper
    _hold([unit])
    into = Lineage.objects.filter(successor=unit).values("predecessor")
    waiting = Handover.objects.open().filter(
        Q(organization=unit) | Q(organization__in=into), incoming__isnull=True
    )
    if last is not None:
        waiting = waiting.filter(on__lt=last)
    return waiting.exclude(outgoing=appointment.user_id).update(incoming=appointment.user_id)


def writes_note(user: User, handover: Handover, *, on: date) -> bool:
    """Say whether `user` may leave word: the outgoing secretary, or staff of above, until then."""
    if handover.acknowledged_at is not None:
        return False
    return handover.is_still_of(user, on=on) or acts(
        user, Role.STAFF, over=handover.organization, on=on
    )


def takes_over(user: User, handover: Handover, *, on: date) -> bool:
    """Say whether `user` is the one who acknowledges, whose post has begun by day `on`."""
    return (
        handover.acknowledged_at is None
        and handover.on <= on
        and Handover.objects.taken_over_by(user, on=on).filter(pk=handover.pk).exists()
    )


@transaction.atomic
def write_note(handover: Handover, *, by: User, on: date, note: str) -> Handover:
    """Write what the outgoing secretary leaves word of; return the hand-over.

    Raises PermissionDenied for anybody but the outgoing secretary and staff above, DomainError
    once it was acknowledged, and at `note` where that is too long.
    """
    locked = _locked(handover)
    if locked.acknowledged_at is not None:
        raise DomainError(_("This hand-over was acknowledged; nothing more is added to it."))
    if not writes_note(by, locked, on=on):
        raise PermissionDenied
    if len(note) > MOST_CHARACTERS:
        raise DomainError(
            fields={"note": _("At most %(most)s characters.") % {"most": MOST_CHARACTERS}}
        )
    locked.note = note.strip()
    locked.save(update_fields=["note"])
    return locked


@transaction.atomic
def acknowledge(handover: Handover, *, by: User, on: date) -> Handover:
    """Record that the incoming secretary has taken over the work; return the hand-over.

    Raises PermissionDenied for anybody else, DomainError where it was acknowledged already.
    """
    locked = _locked(handover)
    if by.pk != locked.incoming_id:
        raise PermissionDenied
    if locked.acknowledged_at is not None:
        raise DomainError(_("This hand-over was acknowledged already."))
    if locked.on > on:
        raise DomainError(
            _("The post passes on %(day)s; it is acknowledged from that day on.")
            % {"day": f"{locked.on:%d/%m/%Y}"}
        )
    if not takes_over(by, locked, on=on):
        raise PermissionDenied
    Handover.objects.filter(pk=locked.pk).update(acknowledged_at=AppNow())
    locked.refresh_from_db(fields=["acknowledged_at"])
    return locked


def _locked(handover: Handover) -> Handover:
    return (
        Handover.objects.select_for_update(of=("self",))
        .select_related("organization")
        .get(pk=handover.pk)
    )
