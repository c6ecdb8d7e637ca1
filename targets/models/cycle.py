"""The assignment of a year's targets: registered, drafted, put before the committee, issued."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import ExtractYear, Lower
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import (
    APPEND_ONLY,
    NEVER_DELETED,
    EnteredAt,
    entered_now,
    stays_once,
)

from .scope import FiguresQuerySet

DRAFT_OF_AN_OPEN_CYCLE = """
    IF EXISTS (
        SELECT 1 FROM targets_cycle AS cycle
        WHERE cycle.id = NEW.cycle_id AND cycle.state IN ('submitted', 'issued')
    ) THEN
        RAISE EXCEPTION 'the numbers of cycle % are locked', NEW.cycle_id
            USING ERRCODE = '23514', CONSTRAINT = 'target_draft_of_an_open_cycle';
    END IF;
    RETURN NEW;
"""


ISSUED_BY_ITS_DECISION = """
    IF NEW.state = 'issued' AND NOT EXISTS (
        SELECT 1 FROM targets_targetdecision AS decision
        WHERE decision.cycle_id = NEW.id AND decision.organization_id = NEW.organization_id
    ) THEN
        RAISE EXCEPTION 'cycle % has no decision that issues it', NEW.id
            USING ERRCODE = '23514', CONSTRAINT = 'cycle_issued_by_its_decision';
    END IF;
    RETURN NEW;
"""

OF_A_CYCLE_OF_ITS_OWN = """
    IF NEW.cycle_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM targets_cycle AS cycle
        WHERE cycle.id = NEW.cycle_id AND cycle.organization_id = NEW.organization_id
    ) THEN
        RAISE EXCEPTION 'cycle % is of another organisation', NEW.cycle_id
            USING ERRCODE = '23514', CONSTRAINT = 'target_decision_issues_a_cycle_of_its_own';
    END IF;
    RETURN NEW;
"""


class Reason(models.TextChoices):
    """Why a target is adjusted in the year: ticked, several at once."""

    REORGANISED = "reorganised", _("Organisations were merged, split or moved")
    NO_SOURCE = "no_source", _("No source is left")
    MORE_SOURCE = "more_source", _("More sources than expected")
    MEMBERS = "members", _("The number of members changed")
    SUPERIOR = "superior", _("The superior's target was changed")
    CORRECTION = "correction", _("A number was wrong")
    OTHER = "other", _("Another reason, as noted")


class Cycle(models.Model):
    """How `organization` gives those directly beneath it their targets of `year`.

    The first cycle of a year assigns, later ones adjust. Whoever is beneath registers while it is
    open; staff draft, ask the units, and put the draft before the standing committee; issued by
    its decision, it is locked for good.
    """

    class State(models.TextChoices):
        REGISTERING = "registering", _("Registration is open")
        DRAFTING = "drafting", _("Being drafted")
        CONSULTING = "consulting", _("The units are asked")
        SUBMITTED = "submitted", _("Before the standing committee")
        ISSUED = "issued", _("Issued")

    OPEN = (State.REGISTERING, State.DRAFTING, State.CONSULTING)

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="target_cycles"
    )
    year = models.PositiveSmallIntegerField(_("year"))
    number = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(_("state"), max_length=11, choices=State, default=State.REGISTERING)
    opened_on = models.DateField(_("opened on"))
    register_by = models.DateField(_("register by"))
    issue_by = models.DateField(_("issue by"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    submitted_on = models.DateField(_("put before the committee on"), null=True, blank=True)
    submitted_by = models.ForeignKey(
        "organizations.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = FiguresQuerySet["Cycle"].as_manager()

    class Meta:
        ordering = ["organization", "year", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year", "number"], name="cycle_one_row_per_number"
            ),
            models.UniqueConstraint(
                fields=["organization", "year"],
                condition=~Q(state="issued"),
                name="cycle_one_open_at_a_time",
            ),
            models.CheckConstraint(name="cycle_number_from_one", condition=Q(number__gte=1)),
            models.CheckConstraint(
                name="cycle_days_in_order",
                condition=Q(register_by__gte=F("opened_on"), issue_by__gte=F("register_by")),
            ),
            models.CheckConstraint(
                name="cycle_submitted_has_its_day",
                condition=Q(state__in=["submitted", "issued"], submitted_on__isnull=False)
                | Q(state__in=["registering", "drafting", "consulting"], submitted_on__isnull=True),
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            pgtrigger.Trigger(
                name="issued_by_its_decision",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func=ISSUED_BY_ITS_DECISION,
            ),
            stays_once("OLD.state = 'issued'", name="cycle_issued_stays"),
            stays_once(
                "true",
                name="cycle_is_of_one_year",
                besides=("state", "submitted_on", "submitted_by_id"),
                trigger="opened_rows_stay",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.year}/{self.number}"

    @property
    def is_open(self) -> bool:
        """Say whether numbers may still be drafted."""
        return self.state in self.OPEN


@pghistory.track(append_only=True)
class TargetDraft(models.Model):
    """What staff would give `organization` in `cycle`, as saved last: one row, its version counts.

    Empty numbers say that nothing is decided yet. Seen by the superior's own people alone. Each
    earlier version stays in its history, with who saved it and when.
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="drafts")
    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="target_drafts"
    )
    low = models.PositiveIntegerField(_("at least"), null=True, blank=True)
    high = models.PositiveIntegerField(_("up to"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    saved_at = models.DateTimeField(_("saved at"))
    saved_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = FiguresQuerySet["TargetDraft"].as_manager()

    class Meta:
        ordering = ["cycle", "organization"]
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "organization"], name="target_draft_one_per_unit"
            ),
            models.CheckConstraint(
                name="target_draft_both_ends_or_none",
                condition=Q(low__isnull=True, high__isnull=True)
                | Q(low__isnull=False, high__isnull=False, low__lte=F("high")),
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            pgtrigger.Trigger(
                name="of_an_open_cycle",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func=DRAFT_OF_AN_OPEN_CYCLE,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cycle_id} {self.organization_id} v{self.version}"


class TargetDecision(models.Model):
    """The paper that gives targets: number, day, who signed it, why it changes what bound before.

    `organization` issues it; where `issuer` names somebody outside, it came to `organization` from
    there. `difference` is the reason why what is given out is not what the superior gave.
    """

    append_only = True

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="target_decisions"
    )
    cycle = models.OneToOneField(
        Cycle, models.PROTECT, null=True, blank=True, related_name="decision"
    )
    issuer = models.CharField(_("issued by"), max_length=160, blank=True)
    number = models.CharField(_("decision number"), max_length=40)
    decided_on = models.DateField(_("decided on"))
    signer = models.CharField(_("signed by"), max_length=120, blank=True)
    reasons = ArrayField(
        models.CharField(max_length=12, choices=Reason), verbose_name=_("reasons"), default=list,
        blank=True,
    )  # fmt: skip
    note = models.CharField(_("note"), max_length=300, blank=True)
    difference = models.CharField(_("reason for the difference"), max_length=300, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = FiguresQuerySet["TargetDecision"].as_manager()

    class Meta:
        ordering = ["decided_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                F("organization"),
                Lower("issuer"),
                Lower("number"),
                ExtractYear("decided_on"),
                name="target_decision_number_once_a_year",
            ),
            models.CheckConstraint(name="target_decision_has_a_number", condition=~Q(number="")),
            models.CheckConstraint(
                name="target_decision_other_reason_is_noted",
                condition=~Q(reasons__contains=["other"]) | ~Q(note=""),
            ),
        ]
        triggers = [
            *APPEND_ONLY,
            entered_now(),
            pgtrigger.Trigger(
                name="of_a_cycle_of_its_own",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=OF_A_CYCLE_OF_ITS_OWN,
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Acknowledgement(models.Model):
    """`organization` has taken note of what `decision` gives it."""

    append_only = True

    decision = models.ForeignKey(TargetDecision, models.PROTECT, related_name="acknowledgements")
    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="target_acknowledgements"
    )
    acknowledged_on = models.DateField(_("acknowledged on"))
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = FiguresQuerySet["Acknowledgement"].as_manager()

    class Meta:
        ordering = ["decision", "organization"]
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "organization"], name="acknowledgement_once"
            )
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.decision_id} {self.organization_id}"


class Reminder(models.Model):
    """Staff reminded `organization` that it has not registered in `cycle` yet."""

    append_only = True

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="reminders")
    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="target_reminders"
    )
    reminded_on = models.DateField(_("reminded on"))
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = FiguresQuerySet["Reminder"].as_manager()

    class Meta:
        ordering = ["cycle", "organization", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "organization", "reminded_on"], name="reminder_once_a_day"
            )
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.cycle_id} {self.organization_id}"
