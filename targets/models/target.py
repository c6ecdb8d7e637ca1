"""Targets: registered from below, assigned from above, adjusted; each a version that stays."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import APPEND_ONLY, EnteredAt, entered_now, not_sealed

from .baseline import Baseline
from .indicator import Indicator
from .scope import FiguresQuerySet


class TargetQuerySet(FiguresQuerySet["Target"]):
    def in_force(self) -> TargetQuerySet:
        """Keep what binds: the latest assigned or adjusted version of each."""
        binding = [Target.Kind.ASSIGNED, Target.Kind.ADJUSTED]
        newer = Target.objects.filter(
            indicator=models.OuterRef("indicator"),
            organization=models.OuterRef("organization"),
            span=models.OuterRef("span"),
            year=models.OuterRef("year"),
            kind__in=binding,
            version__gt=models.OuterRef("version"),
        )
        return self.filter(~models.Exists(newer), kind__in=binding)


class Target(models.Model):
    """What `organization` is to reach of `indicator` in a year or a term: one version of it.

    `low` and `high` are people (or things counted), equal for a single or "≥" target; a percent
    target stores the base it was reckoned on and its value then, and rounds up (5.5 % of 953 is
    53). A share target has no number of its own: `percent` of what units report. What children
    are given need not add up to what their superior has.
    """

    append_only = True

    class Span(models.TextChoices):
        YEAR = "year", _("Year")
        TERM = "term", _("Term")

    class Kind(models.TextChoices):
        REGISTERED = "registered", _("Registered")
        PROPOSED = "proposed", _("Proposed")
        ASSIGNED = "assigned", _("Assigned")
        ADJUSTED = "adjusted", _("Adjusted")

    class Form(models.TextChoices):
        NUMBER = "number", _("Number")
        RANGE = "range", _("Range")
        PERCENT = "percent", _("Percent of opening members")
        SHARE = "share", _("Share")

    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="targets")
    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="targets"
    )
    span = models.CharField(_("span"), max_length=4, choices=Span, default=Span.YEAR)
    year = models.PositiveSmallIntegerField(
        _("year"), help_text=_("For a term, the year in which it begins.")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    version = models.PositiveSmallIntegerField()
    form = models.CharField(_("form"), max_length=7, choices=Form)
    low = models.PositiveIntegerField(_("at least"), null=True, blank=True)
    high = models.PositiveIntegerField(_("up to"), null=True, blank=True)
    percent = models.DecimalField(
        _("percent"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    base = models.ForeignKey(Baseline, models.PROTECT, null=True, blank=True, related_name="+")
    base_members = models.PositiveIntegerField(_("members it was reckoned on"), null=True)
    decision_number = models.CharField(_("decision number"), max_length=40, blank=True)
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    responsible = models.CharField(_("responsible head"), max_length=120, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    reorganization = models.ForeignKey(
        "organizations.Reorganization", models.PROTECT, null=True, blank=True, related_name="+"
    )
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = TargetQuerySet.as_manager()

    class Meta:
        ordering = ["organization", "year", "indicator", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "organization", "span", "year", "version"],
                name="target_one_row_per_version",
            ),
            models.CheckConstraint(
                name="target_low_not_above_high",
                condition=Q(low__isnull=True) | Q(low__lte=F("high")),
            ),
            models.CheckConstraint(
                name="target_single_number_is_low_and_high",
                condition=Q(form="range") | Q(form="share") | Q(low=F("high")),
            ),
            models.CheckConstraint(
                name="target_has_the_numbers_of_its_form",
                condition=Q(form__in=["number", "range"], low__isnull=False, high__isnull=False)
                | Q(
                    form="percent",
                    percent__isnull=False,
                    base_members__isnull=False,
                    low__isnull=False,
                    high__isnull=False,
                )
                | Q(form="share", percent__isnull=False, low__isnull=True, high__isnull=True),
            ),
            models.CheckConstraint(
                name="target_percent_between_0_and_100",
                condition=Q(percent__isnull=True) | Q(percent__gte=0, percent__lte=100),
            ),
            models.CheckConstraint(
                name="target_percent_rounds_up_on_its_base",
                condition=~Q(form="percent")
                | Q(
                    low__gte=F("base_members") * F("percent") / 100,
                    low__lt=F("base_members") * F("percent") / 100 + 1,
                ),
            ),
            models.CheckConstraint(
                name="target_adjusted_with_a_reason", condition=~Q(kind="adjusted") | ~Q(reason="")
            ),
            models.CheckConstraint(name="target_version_from_one", condition=Q(version__gte=1)),
        ]
        triggers = [
            *APPEND_ONLY,
            entered_now(),
            not_sealed(
                organization="NEW.organization_id",
                # A term outlasts the years in it: closing one does not bind it.
                day="CASE NEW.span WHEN 'year' THEN make_date(NEW.year, 12, 31) END",
                constraint="target_outside_what_is_sealed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.year} {self.indicator_id} v{self.version}"
