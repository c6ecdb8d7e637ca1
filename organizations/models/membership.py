"""Who is a member of which cell, when, and in which standing."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pghistory
import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .appointment import Appointment, Role
from .guards import FIRST_DAY_CHANGED, NEVER_DELETED, not_sealed, real_period

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .user import User


class MembershipQuerySet(models.QuerySet["Membership"]):
    def on(self, day: date) -> MembershipQuerySet:
        """Keep those that hold on `day`."""
        return self.filter(period__contains=day)

    def on_or_after(self, day: date) -> MembershipQuerySet:
        """Keep those that hold on `day` or on a later one."""
        return self.filter(Q(period__endswith__isnull=True) | Q(period__endswith__gt=day))

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


EXISTS = """
    -- Until this is committed the cell does not end, and after its end nobody joins: a
    -- reorganisation and a new member look at each other in turn.
    PERFORM 1 FROM organizations_organization WHERE id = NEW.cell_id FOR SHARE;
    IF EXISTS (SELECT 1 FROM organizations_organization AS cell WHERE cell.id = NEW.cell_id
        AND NOT upper_inf(cell.period)
        AND (upper_inf(NEW.period) OR upper(NEW.period) > upper(cell.period))) THEN
        RAISE EXCEPTION 'the cell has ended'
            USING ERRCODE = '23514', CONSTRAINT = 'membership_in_a_cell_that_still_exists';
    END IF;
    RETURN NEW;
"""


SAME = """
    IF (NEW.person_id, NEW.cell_id) IS DISTINCT FROM (OLD.person_id, OLD.cell_id) THEN
        RAISE EXCEPTION 'another person or cell is another membership'
            USING ERRCODE = '23514', CONSTRAINT = 'membership_of_one_person_in_one_cell';
    END IF;
    RETURN NEW;
"""


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
        RESTORED = "restored", _("Membership restored")
        REORGANISED = "reorganised", _("Moved with the cell's reorganisation")
        TAKEN_OVER = "taken_over", _("Taken over from earlier records")

    class ReasonOut(models.TextChoices):
        RECOGNISED = "recognised", _("Recognised as official member")
        TRANSFERRED = "transferred", _("Transferred out")
        REORGANISED = "reorganised", _("Moved with the cell's reorganisation")
        DECEASED = "deceased", _("Died")
        EXPELLED = "expelled", _("Expelled")
        STRUCK_OFF = "struck_off", _("Struck off the list")
        RESIGNED = "resigned", _("Left at their own request")
        REVERSED = "reversed", _("Admission reversed")
        DUPLICATE = "duplicate", _("A second record of the same person")

    person = models.ForeignKey("organizations.Person", models.PROTECT, related_name="memberships")
    cell = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="memberships"
    )
    status = models.CharField(_("status"), max_length=12, choices=Status)
    period = DateRangeField(_("period"))
    reason_in = models.CharField(_("reason in"), max_length=12, choices=ReasonIn)
    reason_out = models.CharField(_("reason out"), max_length=40, choices=ReasonOut, blank=True)

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
        triggers = [
            *NEVER_DELETED,
            pgtrigger.Trigger(
                name="in_a_cell_that_exists",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("cell_id", "period"),  # type: ignore[no-untyped-call]
                when=pgtrigger.Before,
                func=EXISTS,
            ),
            pgtrigger.Trigger(
                name="of_one_person_in_one_cell",
                operation=pgtrigger.UpdateOf("person_id", "cell_id"),  # type: ignore[no-untyped-call]
                when=pgtrigger.Before,
                func=SAME,
            ),
            # Whatever the reason, also those taken over: from its first day a member is counted.
            not_sealed(
                organization="NEW.cell_id",
                day=FIRST_DAY_CHANGED.format(other="NEW.status <> OLD.status"),
                constraint="membership_outside_what_is_sealed",
                runs_on=True,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("period", "status"),  # type: ignore[no-untyped-call]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.cell_id} {self.period}"
