"""What somebody is told when they sign in: what happened with their account since the last time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Prefetch, Q
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from organizations.models import (
    Appointment,
    AppointmentProposal,
    AuditEvent,
    Organization,
    Placement,
    Role,
    User,
)
from organizations.models.audit import kind_of
from organizations.operations.bursts import WRONG
from organizations.sheets.audit import what_of

SIGNED_IN = "sign-in"
SO_MANY = 5
"""Lines of each kind that are told in full."""
LATELY = 15
"""Events that the page of one's own account lists."""


@dataclass(frozen=True)
class News:
    """Wrong tries since the last sign-in; changes of the account; roles given where they staff.

    `more_grants` is how many beyond the lines; all changes stand on the page of the account.
    """

    wrong: int = 0
    last_wrong_at: datetime | None = None
    changes: list[str] = field(default_factory=list)
    grants: list[str] = field(default_factory=list)
    more_grants: int = 0

    @property
    def wrong_told(self) -> str:
        if not self.wrong or self.last_wrong_at is None:
            return ""
        words = ngettext(
            "Since your last sign-in there was %(n)s wrong try with your name, at %(at)s.",
            "Since your last sign-in there were %(n)s wrong tries with your name, the last at"
            " %(at)s.",
            self.wrong,
        )
        return words % {"n": self.wrong, "at": at(self.last_wrong_at)}


def at(instant: datetime) -> str:
    """Return hour and day in Vietnam, as they are told."""
    return f"{localtime(instant):%H:%M %d/%m/%Y}"


def news_for(user: User, *, on: date) -> News:
    """Return what to tell `user`, who signs in on day `on` and is not yet told of as signed in.

    At the very first time wrong tries alone: nothing was otherwise before.
    """
    own = AuditEvent.objects.about(user)
    last = own.filter(action=SIGNED_IN).order_by("-pk").first()
    since = last.pk if last else 0
    tries = list(own.filter(action=WRONG, pk__gt=since).order_by("pk"))
    wrong = sum(int(one.payload.get("count", 1)) for one in tries)
    last_wrong_at = tries[-1].entered_at if tries else None
    if last is None:
        return News(wrong=wrong, last_wrong_at=last_wrong_at)
    newer = AuditEvent.objects.filter(pk__gt=since, kind=AuditEvent.Kind.SECURITY)
    roles = [*user.appointments.all(), *user.proposed_appointments.all()]
    changes = list(newer.about(user, *roles).select_related("actor").order_by("pk"))
    grants = list(_grants(newer, user, on=on))
    return News(
        wrong=wrong,
        last_wrong_at=last_wrong_at,
        changes=told(changes[:SO_MANY], user, on=on),
        grants=told(grants[:SO_MANY], user, on=on),
        more_grants=max(0, len(grants) - SO_MANY),
    )


def _grants(newer: Any, user: User, *, on: date) -> Any:
    """Keep the roles given or ended where `user` is staff, or right beneath where nobody is."""
    staffed = Appointment.objects.of(user, on=on, roles=[Role.STAFF]).values("organization")
    in_force = Appointment.objects.filter(role=Role.STAFF, period__contains=on)
    beneath = Placement.objects.filter(parent__in=staffed, period__contains=on).exclude(
        organization__in=in_force.values("organization")
    )
    own = {str(one) for one in user.appointments.values_list("pk", flat=True)}
    found = newer.filter(object=APPOINTMENT).exclude(reference__in=own)
    near = Q(organization__in=staffed) | Q(organization__in=beneath.values("organization"))
    return found.filter(near).select_related("actor").order_by("pk")


APPOINTMENT = kind_of(Appointment())
PROPOSAL = kind_of(AppointmentProposal())


def lately(user: User, *, on: date) -> list[str]:
    """Return what happened last with the account of `user`, newest first."""
    kinds = [AuditEvent.Kind.SECURITY, AuditEvent.Kind.SIGN_IN]
    roles = [*user.appointments.all(), *user.proposed_appointments.all()]
    events = AuditEvent.objects.about(user, *roles).filter(kind__in=kinds)
    return told(events.select_related("actor").order_by("-pk")[:LATELY], user, on=on)


def told(events: Any, user: User, *, on: date) -> list[str]:
    """Return a line for each of `events`: when, what, with which role of whom, by whom."""
    rows = list(events)
    roles = _roles(rows, on=on)
    return [_line(row, user, roles.get((row.object, row.reference), "")) for row in rows]


def _line(event: Any, user: User, role: str) -> str:
    what = f"{what_of(event)}: {role}" if role else what_of(event)
    if event.actor is None:
        by = _("from %(address)s") % {"address": event.address} if event.address else ""
    else:
        by = _("by yourself") if event.actor_id == user.pk else str(event.actor)
    return " · ".join(filter(None, [at(event.entered_at), what, by]))


def _roles(rows: list[Any], *, on: date) -> dict[tuple[str, str], str]:
    named = Prefetch("organization", Organization.objects.called(on=on))
    found = {}
    for kind, model in ((APPOINTMENT, Appointment), (PROPOSAL, AppointmentProposal)):
        wanted = [row.reference for row in rows if row.object == kind]
        if not wanted:
            continue
        held: Any = model._default_manager
        for one in held.filter(pk__in=wanted).select_related("user").prefetch_related(named):
            words = f"{one.user}, {one.get_role_display()}, {one.organization}"
            found[kind, str(one.pk)] = words
    return found
