"""Attainment: one wide row per organisation, year and lens, recomputed from the facts."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from targets.measures import MEASURES

from .scope import FiguresQuerySet


class Lens(models.TextChoices):
    """Which structure a fact counts under."""

    THEN = "then", _("As it was")
    NOW = "now", _("Today's structure")


class Attainment(models.Model):
    """What the subtree of `organization` reached in `year`, in one lens, with every measure.

    Lens *then*: the organisations above the cell on the day of the fact; lens *now*: those above
    it on the day of computing. Written by `operations.attainment` alone; the full recompute is
    the judge. `units` counts those directly beneath.
    """

    Lens = Lens

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="attainments"
    )
    year = models.PositiveSmallIntegerField()
    lens = models.CharField(max_length=4, choices=Lens)
    parent = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="+", null=True, blank=True
    )
    opening_members = models.PositiveIntegerField(
        null=True, help_text=_("Members on 1 January as reported; null where nobody reported.")
    )
    target_low = models.PositiveIntegerField(null=True)
    target_high = models.PositiveIntegerField(null=True)
    units = models.PositiveIntegerField(default=0)
    units_with_admission = models.PositiveIntegerField(default=0)
    units_without_source = models.PositiveIntegerField(default=0)
    term_admitted = models.IntegerField(
        default=0, help_text=_("Admitted since the term began, up to the end of the year.")
    )
    last_admission_on = models.DateField(null=True)
    computed_at = models.DateTimeField()

    objects = FiguresQuerySet["Attainment"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year", "lens"], name="attainment_one_row_per_year_and_lens"
            ),
            models.CheckConstraint(
                name="attainment_target_has_both_ends",
                condition=Q(target_low__isnull=True, target_high__isnull=True)
                | Q(target_low__isnull=False, target_high__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["parent", "year", "lens"], name="attainment_by_parent"),
            models.Index(fields=["year", "computed_at"], name="attainment_by_instant"),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.year} {self.lens}"


class FiguredYear(models.Model):
    """A year that has figures, and the clock's day for which all of them were last computed.

    Between two such days they follow the facts by deltas. What a new day alone brings (a
    declaration that lapses, a move that takes effect) shows by the first fold of that day.
    """

    derived = True

    year = models.PositiveSmallIntegerField(primary_key=True)
    on = models.DateField()

    def __str__(self) -> str:
        return str(self.year)


class AttainmentPart(models.Model):
    """What the facts of some cells add to the figures of `organization`, while a year is computed.

    Written and deleted by a recompute that is cut into parts. `lens` is that of Attainment, or
    "each" where nothing changed above the cells: in both.
    """

    derived = True

    year = models.PositiveSmallIntegerField()
    lens = models.CharField(max_length=4)
    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="+", db_index=False
    )
    term_admitted = models.IntegerField()
    last_admission_on = models.DateField(null=True)

    def __str__(self) -> str:
        return f"{self.organization_id} {self.year} {self.lens}"


for _measure in MEASURES:
    # A reversal may leave a month below zero, so the column is signed.
    for _model in (Attainment, AttainmentPart):
        _model.add_to_class(
            _measure.name, models.IntegerField(default=0, verbose_name=_measure.label)
        )
