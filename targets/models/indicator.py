"""What is aimed at, and what units report where the system itself does not count."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import APPEND_ONLY, NEVER_DELETED, EnteredAt, entered_now

from .scope import FiguresQuerySet


class Indicator(models.Model):
    """An indicator of the catalogue KN01 to KN18: counted by the system, or reported by units."""

    ADMITTED = "KN01"
    """The code of members admitted: what attainment counts, and targets usually name."""
    UNITS = "KN06"
    """The code of units with admissions: what a floor for each unit counts."""

    code = models.CharField(_("code"), max_length=4, primary_key=True)
    name = models.CharField(_("name"), max_length=160)
    name_en = models.CharField(_("name in English"), max_length=160)
    is_counted = models.BooleanField(
        _("counted by the system"),
        help_text=_("Otherwise units report numerator and denominator with evidence."),
    )
    is_share = models.BooleanField(_("a share"), default=False)

    class Meta:
        ordering = ["code"]
        triggers = [*NEVER_DELETED]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class ReportedFigure(models.Model):
    """What `organization` reported for an indicator as of a day: numerator and denominator.

    The newest row of a day counts; earlier ones stay.
    """

    append_only = True

    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="reported_figures")
    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="reported_figures"
    )
    as_of = models.DateField(_("as of"))
    numerator = models.PositiveIntegerField(_("numerator"))
    denominator = models.PositiveIntegerField(_("denominator"), null=True, blank=True)
    evidence = models.CharField(_("evidence"), max_length=200)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = FiguresQuerySet["ReportedFigure"].as_manager()

    class Meta:
        ordering = ["indicator", "organization", "as_of", "pk"]
        constraints = [
            models.CheckConstraint(
                name="reported_figure_denominator_is_not_zero",
                condition=Q(denominator__isnull=True) | Q(denominator__gt=0),
            ),
            models.CheckConstraint(
                name="reported_figure_names_its_evidence", condition=~Q(evidence="")
            ),
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.indicator_id} {self.organization_id} {self.numerator}/{self.denominator}"
