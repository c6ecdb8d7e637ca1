"""Admissions: the fact that counts. And the rounds in which they are held."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models import Appointment, Role
from organizations.models.guards import (
    APPEND_ONLY,
    NEVER_DELETED,
    EnteredAt,
    entered_now,
    not_sealed,
)
from organizations.models.person import Sex

from .candidate import Candidate, Group
from .decision import Decision
from .separation import ACCOUNTS, human_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User


class Round(models.Model):
    """A round of admissions of `organization`, such as 3/2: a label, not a rule."""

    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    day = models.DateField(_("day"))
    submit_by = models.DateField(_("files due"), null=True, blank=True)

    class Meta:
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "day"], name="round_once_a_day_per_organization"
            )
        ]
        triggers = [*NEVER_DELETED]

    def __str__(self) -> str:
        return self.name


class AdmissionQuerySet(models.QuerySet["Admission"]):
    def visible_to(
        self, user: User | AnonymousUser, *, on: date | None = None
    ) -> AdmissionQuerySet:
        """Keep the admissions whose people `user` may see by name."""
        return self.filter(
            cell__in=Appointment.objects.organizations_of(user, roles=Role.sees_names(), on=on)
        )

    def standing(self) -> AdmissionQuerySet:
        """Keep those that were made and not reversed."""
        return self.filter(sign=1, reversed_by__isnull=True)

    def held_in(self, year: int) -> AdmissionQuerySet:
        """Keep those whose ceremony fell in calendar `year`."""
        return self.filter(ceremony_on__year=year)


GUARD = """
    DECLARE
        undone admissions_admission;
        me bigint;
        accounts int[];
    BEGIN
        IF NEW.ceremony_on > (app_now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date THEN
            RAISE EXCEPTION 'ceremony on % lies in the future', NEW.ceremony_on
                USING ERRCODE = '23514', CONSTRAINT = 'admission_not_in_the_future';
        END IF;
        IF NEW.reverses_id IS NOT NULL THEN
            SELECT * INTO undone FROM admissions_admission WHERE id = NEW.reverses_id;
            IF undone.sign <> 1 OR undone.person_id <> NEW.person_id
                OR undone.cell_id <> NEW.cell_id THEN
                RAISE EXCEPTION 'a reversal names the admission of the same person and cell'
                    USING ERRCODE = '23514', CONSTRAINT = 'admission_reverses_the_same_admission';
            END IF;
            me := {reversing};
            accounts := {accounts};
            IF EXISTS (SELECT 1 FROM admissions_decision AS decision
                WHERE decision.id = undone.decision_id
                AND decision.approved_by_id = ANY (accounts))
            THEN
                RAISE EXCEPTION 'who approved the decision does not reverse the admission'
                    USING ERRCODE = '23514', CONSTRAINT = 'admission_reversed_by_another_approver';
            END IF;
            RETURN NEW;
        END IF;
        IF NEW.candidate_id IS NOT NULL THEN
            -- Two ceremonies at once wait for each other here.
            PERFORM 1 FROM admissions_candidate WHERE id = NEW.candidate_id FOR NO KEY UPDATE;
            IF EXISTS (SELECT 1 FROM admissions_admission AS made
                WHERE made.candidate_id = NEW.candidate_id AND made.sign = 1
                AND NOT EXISTS (SELECT 1 FROM admissions_admission AS undoing
                    WHERE undoing.reverses_id = made.id))
            THEN
                RAISE EXCEPTION 'the candidate is admitted already'
                    USING ERRCODE = '23514', CONSTRAINT = 'admission_once_per_candidate';
            END IF;
            -- What is taken over from earlier records is late by nature: it has no decision here.
            IF NEW.decision_id IS NOT NULL
                AND (app_now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date - NEW.ceremony_on > (
                SELECT rules.late_entry_days FROM admissions_candidate AS file
                JOIN admissions_ruleset AS rules ON rules.id = file.rules_id
                WHERE file.id = NEW.candidate_id)
                AND NOT EXISTS (SELECT 1 FROM admissions_lateentry AS entry
                    WHERE entry.id = NEW.late_entry_id
                    AND entry.candidate_id = NEW.candidate_id
                    AND entry.decision_id = NEW.decision_id
                    AND entry.ceremony_on = NEW.ceremony_on
                    AND entry.answered_at IS NOT NULL AND entry.declined_because = '')
            THEN
                RAISE EXCEPTION 'a third person lets a ceremony of % count so late', NEW.ceremony_on
                    USING ERRCODE = '23514', CONSTRAINT = 'admission_entered_late_by_three_people';
            END IF;
        END IF;
        IF NEW.decision_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM admissions_decision AS decision
            WHERE decision.id = NEW.decision_id AND decision.kind = 'admit'
            AND decision.candidate_id = NEW.candidate_id
            AND decision.signed_on = NEW.decided_on)
        THEN
            RAISE EXCEPTION 'an admission follows the decision on the same candidate'
                USING ERRCODE = '23514', CONSTRAINT = 'admission_follows_its_decision';
        END IF;
        RETURN NEW;
    END;
"""


class Admission(models.Model):
    """`person` was admitted into the Party in `cell`: one row, one count, from its ceremony day.

    `sign` is +1, or −1 in the new row that reverses an earlier one; rows are never changed.
    The group columns are what held on the day. Rows `taken over` from earlier records have no
    candidate and no decision of ours. Which day puts an admission in a year is not stated in any
    rule found; here the ceremony (README, Decisions).
    """

    append_only = True

    class Origin(models.TextChoices):
        PROCESS = "process", _("Decided in this system")
        TAKEN_OVER = "taken_over", _("Taken over from earlier records")

    origin = models.CharField(max_length=10, choices=Origin, default=Origin.PROCESS)
    candidate = models.ForeignKey(
        Candidate, models.PROTECT, null=True, blank=True, related_name="admissions"
    )
    person = models.ForeignKey("organizations.Person", models.PROTECT, related_name="admissions")
    cell = models.ForeignKey(
        "organizations.Organization",
        models.PROTECT,
        related_name="admissions",
        help_text=_("The cell that held the ceremony."),
    )
    decision = models.ForeignKey(
        Decision, models.PROTECT, null=True, blank=True, related_name="admissions"
    )
    decided_on = models.DateField(_("decided on"), help_text=_("Party age runs from this day."))
    ceremony_on = models.DateField(
        _("ceremony on"), help_text=_("Probation and the count run from this day.")
    )
    entered_at = EnteredAt()
    entered_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    sign = models.SmallIntegerField(default=1)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by"
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    late_entry = models.OneToOneField(
        "admissions.LateEntry",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="admission",
        help_text=_("Who let it count, where it was entered late."),
    )
    round = models.ForeignKey(Round, models.PROTECT, null=True, blank=True, related_name="+")
    sex = models.CharField(max_length=6, choices=Sex)
    age_years = models.PositiveSmallIntegerField()
    is_ethnic_minority = models.BooleanField(default=False)
    groups = ArrayField(models.CharField(max_length=20, choices=Group), default=list, blank=True)
    is_readmission = models.BooleanField(default=False)

    objects = AdmissionQuerySet.as_manager()

    class Meta:
        ordering = ["ceremony_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="admission_reversal_counts_minus_one",
                condition=Q(sign=1, reverses__isnull=True) | Q(sign=-1, reverses__isnull=False),
            ),
            models.CheckConstraint(
                name="admission_reversal_says_why", condition=Q(sign=1) | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="admission_ceremony_not_before_its_decision",
                condition=Q(ceremony_on__gte=F("decided_on")),
            ),
            models.CheckConstraint(
                name="admission_decided_here_names_its_decision",
                condition=Q(origin="taken_over")
                | Q(candidate__isnull=False, decision__isnull=False, entered_by__isnull=False),
            ),
            models.UniqueConstraint(
                # A decision after a remedy has a ceremony of its own.
                fields=["decision"],
                condition=Q(sign=1, decision__isnull=False),
                name="admission_once_per_decision",
            ),
        ]
        indexes = [
            models.Index(
                fields=["cell", "ceremony_on"],
                include=["sign", "sex", "age_years", "is_ethnic_minority"],
                name="admission_counted",
            ),
            models.Index(fields=["ceremony_on"], name="admission_ceremony_on"),
        ]
        triggers = [
            *APPEND_ONLY,
            entered_now(),
            not_sealed(
                organization="NEW.cell_id",
                day="NEW.ceremony_on",
                constraint="admission_outside_what_is_sealed",
            ),
            pgtrigger.Trigger(
                name="follows_its_decision",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=GUARD.format(
                    reversing=human_of("NEW.entered_by_id"),
                    accounts=ACCOUNTS.format(account="NEW.entered_by_id"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.ceremony_on} {self.sign:+d}"
