"""Who is a member of which cell, when, and in which standing."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from .appointment import Appointment, Role
from .guards import NEVER_DELETED, real_period

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .user import User


class MembershipQuerySet(models.QuerySet["Membership"]):
    def on(self, day: date) -> MembershipQuerySet:
        """Keep those that hold on `day`."""
        return self.filter(period__contains=day)

    def official(self) -> MembershipQuerySet:
        """Keep official members: those who vote, introduce and help."""
        return self.filter(status=Membership.Status.OFFICIAL)

    def visible_to(
        self, user: User | AnonymousUser, *, on: date | None = None
    ) -> MembershipQuerySet:
        """Keep the memberships of cells whose people `user` may see by name."""
        return self.filter(
            cell__in=Appointment.objects.organizations_of(user, roles=Role.sees_names(), on=on)
        )


@pghistory.track(append_only=True)
class Membership(models.Model):
    """`person` belongs to `cell` during `period`; probationary and official are two rows."""

    class Status(models.TextChoices):
        PROBATIONARY = "probationary", _("Probationary member")
        OFFICIAL = "official", _("Official member")

    class ReasonIn(models.TextChoices):
        ADMITTED = "admitted", _("Admitted")
        RECOGNISED = "recognised", _("Recognised as official member")
        TRANSFERRED = "transferred", _("Transferred in")
        TAKEN_OVER = "taken_over", _("Taken over from earlier records")

    person = models.ForeignKey("organizations.Person", models.PROTECT, related_name="memberships")
    cell = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="memberships"
    )
    status = models.CharField(_("status"), max_length=12, choices=Status)
    period = DateRangeField(_("period"))
    reason_in = models.CharField(_("reason in"), max_length=12, choices=ReasonIn)
    reason_out = models.CharField(_("reason out"), max_length=40, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="membership_one_cell_on_any_day",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            real_period(name="membership_begins_on_some_day"),
        ]
        indexes = [
            models.Index(fields=["cell", "status"], name="membership_cell_status"),
        ]
        triggers = [*NEVER_DELETED]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.cell_id} {self.period}"
