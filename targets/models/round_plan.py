"""The plan of a year by its rounds, where somebody set it instead of what earlier years give."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import APPEND_ONLY, EnteredAt, entered_now, not_sealed

from .scope import FiguresQuerySet

ROUNDS_PLANNED = 4
"""Rounds of a year: `targets.plan.ROUNDS`."""


class RoundPlanQuerySet(FiguresQuerySet["RoundPlan"]):
    def newest(self) -> RoundPlanQuerySet:
        """Keep the newest version of each organisation and year."""
        newer = RoundPlan.objects.filter(
            organization=models.OuterRef("organization"),
            year=models.OuterRef("year"),
            version__gt=models.OuterRef("version"),
        )
        return self.filter(~models.Exists(newer))

    def set_for(self, year: int, *, on: date) -> RoundPlanQuerySet:
        """Keep what holds in `year`, as set up to and including day `on`; the newest counts."""
        return self.filter(year=year, set_on__lte=on).order_by("organization", "-version")


class RoundPlan(models.Model):
    """How much of its target `organization` is to have reached after each round of `year`.

    `shares` in percent, cumulative, the last one 100; none takes back what was set before, and the
    plan is again what earlier years give. Each change is a version with its reason; earlier ones
    stay.
    """

    append_only = True

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="round_plans"
    )
    year = models.PositiveSmallIntegerField(_("year"))
    version = models.PositiveSmallIntegerField()
    shares = ArrayField(
        models.DecimalField(max_digits=5, decimal_places=2),
        default=list,
        blank=True,
        help_text=_("Percent of the target after each round, cumulative."),
    )
    reason = models.CharField(_("reason"), max_length=300)
    set_on = models.DateField(_("set on"))
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = RoundPlanQuerySet.as_manager()

    class Meta:
        ordering = ["organization", "year", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year", "version"], name="round_plan_one_row_per_version"
            ),
            models.CheckConstraint(name="round_plan_version_from_one", condition=Q(version__gte=1)),
            models.CheckConstraint(name="round_plan_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="round_plan_grows_from_round_to_round_up_to_all",
                condition=Q(shares__len=0)
                | Q(
                    shares__len=ROUNDS_PLANNED,
                    shares__0__gte=0,
                    shares__0__lte=F("shares__1"),
                    shares__1__lte=F("shares__2"),
                    shares__2__lte=F("shares__3"),
                    shares__3=100,
                    **{f"shares__{place}__isnull": False for place in range(ROUNDS_PLANNED)},
                ),
            ),
        ]
        triggers = [
            *APPEND_ONLY,
            entered_now(),
            not_sealed(
                organization="NEW.organization_id",
                day="make_date(NEW.year, 12, 31)",
                constraint="round_plan_outside_what_is_sealed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.year}: {', '.join(map(str, self.shares))}"
