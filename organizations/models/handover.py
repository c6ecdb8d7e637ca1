"""Handing over the work of a cell when its secretary changes."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from config import clock

from .appointment import Appointment, Role
from .guards import NEVER_DELETED, EnteredAt, entered_now, stays_once
from .reorganization import Lineage

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .user import User


DAYS_OF_OUTGOING = 30
"""How long who hands over may read it where nobody acknowledges: our own policy."""


class HandoverQuerySet(models.QuerySet["Handover"]):
    def visible_to(self, user: User | AnonymousUser, *, on: date | None = None) -> HandoverQuerySet:
        """Keep those of cells whose people `user` may see by name, and those of `user`.

        Who takes over sees it while they hold the post, there or where the unit went into; who
        hands over until it is acknowledged, at most for 30 days from its day. `on` is the clock's
        day unless given.
        """
        if not (user.is_authenticated and user.is_active):
            return self.none()
        on = on or clock.today()
        cells = Appointment.objects.organizations_of(user, roles=Role.sees_names(), on=on)
        # Reckoned in the database: lists of hand-overs are compiled once for all days.
        last = RawSQL("%s::date - %s", [on, DAYS_OF_OUTGOING])
        return self.filter(
            Q(organization__in=cells)
            | Q(outgoing=user.pk, acknowledged_at__isnull=True, on__gte=last)
            | Q(pk__in=self.model.objects.taken_over_by(user, on=on).values("pk"))
        )

    def taken_over_by(self, user: User | AnonymousUser, *, on: date) -> HandoverQuerySet:
        """Keep those that `user` takes over, as secretary on day `on` of the unit or of the one
        that it went into."""
        posts = Appointment.objects.of(user, on=on, roles=[Role.SECRETARY]).values("organization")
        into = Lineage.objects.filter(successor__in=posts).values("predecessor")
        return self.filter(Q(organization__in=posts) | Q(organization__in=into), incoming=user.pk)

    def open(self) -> HandoverQuerySet:
        """Keep those that nobody has acknowledged."""
        return self.filter(acknowledged_at__isnull=True)

    def due(self, *, on: date) -> HandoverQuerySet:
        """Keep the open ones whose day has come by `on`.

        Not those whose outgoing secretary holds the post again.
        """
        again = Appointment.objects.filter(
            user=OuterRef("outgoing"),
            user__is_active=True,
            organization=OuterRef("organization"),
            role=Role.SECRETARY,
            period__contains=on,
        )
        return self.open().filter(~Exists(again), on__lte=on)


class Handover(models.Model):
    """The work of `organization` passes from `outgoing` to `incoming` on day `on`.

    Opened when the post of secretary changes; `incoming` is nobody until the next is appointed.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="handovers"
    )
    outgoing = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    incoming = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    on = models.DateField(_("handed over on"))
    note = models.TextField(_("what the outgoing secretary leaves word of"), blank=True)
    entered_at = EnteredAt()
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    objects = HandoverQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="handover_between_two_people",
                condition=Q(incoming__isnull=True) | ~Q(incoming=F("outgoing")),
            ),
            models.CheckConstraint(
                name="handover_acknowledged_by_somebody",
                condition=Q(acknowledged_at__isnull=True) | Q(incoming__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["organization", "outgoing"],
                condition=Q(acknowledged_at__isnull=True),
                name="handover_one_open_per_secretary",
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            stays_once("OLD.acknowledged_at IS NOT NULL", name="handover_acknowledged_stays"),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.on}"

    def is_still_of(self, user: User | AnonymousUser, *, on: date) -> bool:
        """Say whether `user` hands it over, and on day `on` still reads it for that reason."""
        days = (on - self.on).days
        return (
            self.outgoing_id == user.pk
            and self.acknowledged_at is None
            and days <= DAYS_OF_OUTGOING
        )
