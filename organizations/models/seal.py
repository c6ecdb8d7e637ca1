"""What was sent up stands: a sealed period, into which nothing more is dated."""

from __future__ import annotations

from datetime import date

import pghistory
import pgtrigger
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from config.locks import Lock

from .guards import NEVER_DELETED, EnteredAt, entered_now, real_period, two_people
from .placement import Ancestry


class SealQuerySet(models.QuerySet["Seal"]):
    def standing(self) -> SealQuerySet:
        """Keep those in force: confirmed by the second person and not lifted."""
        return self.filter(approved_at__isnull=False, lifted_at__isnull=True)

    def over(self, organizations: list[int], *, day: date, runs_on: bool = False) -> SealQuerySet:
        """Keep those in force over one of `organizations` (ids) whose period holds `day`.

        What `runs_on` from its day changes the figures of all days after it: kept is every seal
        whose period ends after `day`, also one that begins later.
        """
        # As the triggers: whoever stood beneath on any day of the period, for a unit founded in
        # July has its figure of 1 January sealed as well.
        stood = Ancestry.objects.filter(
            descendant__in=organizations,
            ancestor=OuterRef("organization"),
            valid_from__lt=Upper(OuterRef("period")),
            valid_to__gt=Lower(OuterRef("period")),
        )
        dated = {"period__endswith__gt": day} if runs_on else {"period__contains": day}
        return self.standing().filter(Exists(stood), **dated)


class Upper(Func):
    """The first day out of a period."""

    function = "upper"
    output_field = models.DateField()


class Lower(Func):
    """The first day of a period."""

    function = "lower"
    output_field = models.DateField()


STAYS = """
    IF (NEW.organization_id, NEW.kind, NEW.period, NEW.reason, NEW.entered_by_id, NEW.entered_at)
        IS DISTINCT FROM
        (OLD.organization_id, OLD.kind, OLD.period, OLD.reason, OLD.entered_by_id, OLD.entered_at)
        OR OLD.approved_at IS NOT NULL AND (NEW.approved_by_id, NEW.approved_at)
        IS DISTINCT FROM (OLD.approved_by_id, OLD.approved_at)
        OR (OLD.lifted_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL) AND NEW IS DISTINCT FROM OLD
    THEN
        RAISE EXCEPTION 'what two people closed is not rewritten'
            USING ERRCODE = '23514', CONSTRAINT = 'seal_is_not_rewritten';
    END IF;
    IF OLD.lifted_at IS NULL AND NEW.lifted_at IS NOT NULL
        AND OLD.lift_asked_by_id IS DISTINCT FROM NEW.lift_asked_by_id THEN
        RAISE EXCEPTION 'somebody asks first, another opens it'
            USING ERRCODE = '23514', CONSTRAINT = 'seal_lifted_after_it_was_asked';
    END IF;
    IF OLD.approved_at IS NULL AND NEW.approved_at IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock({lock});  -- facts under way first
    END IF;
    RETURN NEW;
"""


@pghistory.track(append_only=True)
class Seal(models.Model):
    """`organization` has closed `period`, a year or a report, for itself and all beneath it.

    Asked for by one person and approved by a second, and lifted again in the same way; while it
    stands, triggers refuse facts dated inside it. What was asked and refused is in its events.
    """

    class Kind(models.TextChoices):
        YEAR = "year", _("Year closed")
        REPORT = "report", _("Report sent up")

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="seals"
    )
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    period = DateRangeField(_("period"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.CharField(_("reason for opening again"), max_length=300, blank=True)
    lift_asked_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    lift_asked_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = SealQuerySet.as_manager()

    class Meta:
        ordering = ["-period", "-pk"]
        constraints = [
            real_period(name="seal_covers_some_day"),
            models.UniqueConstraint(
                fields=["organization", "kind", "period"],
                condition=Q(lifted_at__isnull=True, withdrawn_at__isnull=True),
                name="seal_once_on_a_period",
            ),
            models.CheckConstraint(
                name="seal_withdrawn_only_before_it_is_approved",
                condition=Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True)
                | Q(
                    withdrawn_by__isnull=False,
                    withdrawn_at__isnull=False,
                    approved_at__isnull=True,
                ),
            ),
            models.CheckConstraint(
                name="seal_approved_by_a_second_person",
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | (
                    Q(approved_by__isnull=False, approved_at__isnull=False)
                    & ~Q(approved_by=F("entered_by"))
                ),
            ),
            models.CheckConstraint(
                name="seal_lifted_by_a_second_person_with_a_reason",
                condition=Q(lifted_by__isnull=True, lifted_at__isnull=True)
                | (
                    Q(
                        approved_at__isnull=False,
                        lifted_by__isnull=False,
                        lifted_at__isnull=False,
                        lift_asked_by__isnull=False,
                    )
                    & ~Q(lifted_by=F("lift_asked_by"))
                    & ~Q(lift_reason="")
                ),
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            two_people(
                seal_approved_by_a_second_person=("approved_by", "entered_by"),
                seal_lifted_by_a_second_person_with_a_reason=("lifted_by", "lift_asked_by"),
            ),
            pgtrigger.Trigger(
                name="what_two_people_closed_stays",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=STAYS.format(lock=int(Lock.SEALS)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.kind} {self.period}"
