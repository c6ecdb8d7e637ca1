"""Who stands under whom, by day; and the ancestry derived from it for speed."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config.periods import OPEN_END

from .guards import NEVER_DELETED, EnteredAt, entered_now, real_period


class Placement(models.Model):
    """`organization` sits under `parent` during `period`; no parent means top of the tree."""

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="placements"
    )
    parent = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="+", null=True, blank=True
    )
    period = DateRangeField(
        _("period"), help_text=_("First day in, first day out; open end = until further notice.")
    )
    decision_number = models.CharField(_("decision number"), max_length=40, blank=True)
    entered_at = EnteredAt()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="placement_one_parent_on_any_day",
                expressions=[
                    ("organization", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                name="placement_not_under_itself", condition=~Q(parent=F("organization"))
            ),
            real_period(name="placement_begins_on_some_day"),
        ]
        indexes = [models.Index(fields=["parent"], name="placement_parent")]
        triggers = [*NEVER_DELETED, entered_now()]

    def __str__(self) -> str:
        return f"{self.organization_id} < {self.parent_id} {self.period}"


class AncestryQuerySet(models.QuerySet["Ancestry"]):
    def on(self, day: date) -> AncestryQuerySet:
        """Keep the lines that hold on `day`."""
        return self.filter(valid_from__lte=day, valid_to__gt=day)


class Ancestry(models.Model):
    """`descendant` stands under `ancestor`, `depth` steps down, from `valid_from` to `valid_to`.

    Derived from placements in the same transaction by `operations.structure`; each organisation
    is its own ancestor at depth 0. `valid_to` is the first day out, 9999-12-31 while open.
    """

    ancestor = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="+", db_index=False
    )
    descendant = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="+", db_index=False
    )
    depth = models.SmallIntegerField()
    valid_from = models.DateField()
    valid_to = models.DateField(default=OPEN_END)

    objects = AncestryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["descendant", "ancestor", "valid_from"],
                include=["valid_to", "depth"],
                name="ancestry_said_once",
            ),
            models.CheckConstraint(
                name="ancestry_holds_on_some_day", condition=Q(valid_to__gt=F("valid_from"))
            ),
            models.CheckConstraint(name="ancestry_depth_not_negative", condition=Q(depth__gte=0)),
        ]
        indexes = [
            models.Index(
                fields=["ancestor", "depth", "descendant"],
                include=["valid_from", "valid_to"],
                name="ancestry_downwards",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.descendant_id} in {self.ancestor_id} from {self.valid_from}"
