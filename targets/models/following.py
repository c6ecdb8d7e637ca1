"""Following up on targets: figures confirmed monthly, tasks with a person and a day, visits."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import (
    APPEND_ONLY,
    NEVER_DELETED,
    EnteredAt,
    entered_now,
    not_sealed,
    stays_once,
)

from .scope import FiguresQuerySet


class MonthlyConfirmation(models.Model):
    """`organization` confirms its admissions of `year` up to the end of `month`.

    `counted` is what the system had when it answered; a difference is explained in `note`, being
    behind the target in `shortfall`. The newest row of a month counts.
    """

    append_only = True

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="monthly_confirmations"
    )
    year = models.PositiveSmallIntegerField(_("year"))
    month = models.PositiveSmallIntegerField(_("month"))
    admitted = models.PositiveIntegerField(_("admitted, as the unit says"))
    counted = models.PositiveIntegerField(_("admitted, as counted"))
    note = models.CharField(_("reason for the difference"), max_length=300, blank=True)
    shortfall = models.CharField(_("reason for being behind"), max_length=300, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = FiguresQuerySet["MonthlyConfirmation"].as_manager()

    class Meta:
        ordering = ["organization", "year", "month", "pk"]
        constraints = [
            models.CheckConstraint(
                name="monthly_confirmation_of_a_month", condition=Q(month__gte=1, month__lte=12)
            ),
            models.CheckConstraint(
                name="monthly_confirmation_explains_a_difference",
                condition=Q(admitted=F("counted")) | ~Q(note=""),
            ),
        ]
        triggers = [
            *APPEND_ONLY,
            entered_now(),
            not_sealed(
                organization="NEW.organization_id",
                day="make_date(NEW.year, least(greatest(NEW.month, 1), 12), 1)",
                constraint="monthly_confirmation_outside_what_is_sealed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.month}/{self.year}: {self.admitted}"


class FollowUp(models.Model):
    """A superior assigns somebody to see after a unit that is behind, by a day."""

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="follow_ups_given"
    )
    unit = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="follow_ups"
    )
    year = models.PositiveSmallIntegerField(_("year"))
    task = models.CharField(_("what is to be done"), max_length=300)
    responsible = models.CharField(_("who is responsible"), max_length=120)
    assignee = models.ForeignKey(
        "organizations.User", models.PROTECT, null=True, blank=True, related_name="follow_ups"
    )
    given_on = models.DateField(_("given on"))
    due_on = models.DateField(_("due on"))
    done_on = models.DateField(_("done on"), null=True, blank=True)
    result = models.CharField(_("result"), max_length=300, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    closed_by = models.ForeignKey(
        "organizations.User", models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = FiguresQuerySet["FollowUp"].as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="follow_up_says_what_and_who", condition=~Q(task="") & ~Q(responsible="")
            ),
            models.CheckConstraint(
                name="follow_up_due_after_it_is_given", condition=Q(due_on__gte=F("given_on"))
            ),
            models.CheckConstraint(
                name="follow_up_of_another_organisation",
                condition=~Q(organization=F("unit")),
            ),
            models.CheckConstraint(
                name="follow_up_done_with_a_result",
                condition=Q(done_on__isnull=True, result="", closed_by__isnull=True)
                | (Q(done_on__gte=F("given_on"), closed_by__isnull=False) & ~Q(result="")),
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            stays_once("OLD.done_on IS NOT NULL", name="follow_up_done_stays"),
            stays_once(
                "true",
                name="follow_up_stays_as_given",
                besides=("done_on", "result", "closed_by_id"),
                trigger="given_rows_stay",
            ),
        ]

    def __str__(self) -> str:
        return self.task


class Visit(models.Model):
    """The superior's people were at `unit` to see how it stands with its target."""

    append_only = True

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="visits_made"
    )
    unit = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="visits")
    year = models.PositiveSmallIntegerField(_("year"))
    visited_on = models.DateField(_("visited on"))
    who = models.CharField(_("who went"), max_length=200)
    findings = models.CharField(_("what was found"), max_length=500, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = FiguresQuerySet["Visit"].as_manager()

    class Meta:
        ordering = ["unit", "visited_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "unit", "visited_on"], name="visit_once_a_day"
            ),
            models.CheckConstraint(name="visit_says_who_went", condition=~Q(who="")),
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.visited_on}"
