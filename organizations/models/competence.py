"""Who decides an admission: a dated grant, never a property of a kind."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from .guards import NEVER_DELETED, real_period
from .placement import Ancestry


class CompetenceQuerySet(models.QuerySet["Competence"]):
    def over(self, cell_id: int, *, on: date) -> Competence | None:
        """Return the competence that decides for `cell_id` on day `on`: the nearest above it."""
        lines = Ancestry.objects.on(on).filter(descendant=cell_id)
        return (
            self.filter(period__contains=on, organization__in=lines.values("ancestor"))
            .annotate(
                distance=models.Subquery(
                    lines.filter(ancestor=models.OuterRef("organization")).values("depth")[:1]
                )
            )
            .select_related("organization")
            .order_by("distance")
            .first()
        )


class Competence(models.Model):
    """`organization` decides admissions beneath it during `period`, by `decision_number`."""

    class Kind(models.TextChoices):
        SUPERIOR = "superior", _("Direct superior of grassroots organisations")
        ENTRUSTED = "entrusted", _("Given the powers of a superior")
        DELEGATED = "delegated", _("Delegated to a grassroots committee")

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="competences"
    )
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    period = DateRangeField(_("period"))
    decision_number = models.CharField(_("decision number"), max_length=40)
    members_entitled = models.PositiveSmallIntegerField(
        _("members of the deciding body"),
        null=True,
        blank=True,
        help_text=_("People in the body that votes; the denominator of its vote."),
    )

    objects = CompetenceQuerySet.as_manager()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="competence_held_once_on_any_day",
                expressions=[
                    ("organization", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            real_period(name="competence_begins_on_some_day"),
        ]
        triggers = [*NEVER_DELETED]

    def __str__(self) -> str:
        return f"{self.organization_id}: {self.kind}"
