"""What units declare themselves: no source left, and their own forecast of the year."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import APPEND_ONLY, EnteredAt, entered_now

from .scope import FiguresQuerySet


class SourceDeclarationQuerySet(FiguresQuerySet["SourceDeclaration"]):
    def holding(self, *, on: date) -> SourceDeclarationQuerySet:
        """Keep the accepted declarations that have not lapsed on day `on`, newest of each."""
        newer = SourceDeclaration.objects.filter(
            organization=models.OuterRef("organization"),
            declared_on__lte=on,
            pk__gt=models.OuterRef("pk"),
        )
        return self.filter(
            ~models.Exists(newer),
            state=SourceDeclaration.State.ACCEPTED,
            declared_on__lte=on,
            review_on__gt=on,
        )


class SourceDeclaration(models.Model):
    """`organization` declares that it has no source left, with grounds and a day of review.

    The superior's answer is a new row of the same declaration; rows are never changed. An
    accepted one lapses on its review day.
    """

    append_only = True

    class State(models.TextChoices):
        DECLARED = "declared", _("Declared")
        ACCEPTED = "accepted", _("Accepted")
        RETURNED = "returned", _("Returned")

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="source_declarations"
    )
    state = models.CharField(_("state"), max_length=8, choices=State)
    answers = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="answer"
    )
    grounds = models.CharField(_("grounds"), max_length=300)
    declared_on = models.DateField(_("declared on"))
    review_on = models.DateField(_("review on"))
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = SourceDeclarationQuerySet.as_manager()

    class Meta:
        ordering = ["declared_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="source_declaration_names_its_grounds", condition=~Q(grounds="")
            ),
            models.CheckConstraint(
                name="source_declaration_reviewed_after_it_was_made",
                condition=Q(review_on__gt=F("declared_on")),
            ),
            models.CheckConstraint(
                name="source_declaration_answered_by_its_superior",
                condition=Q(state="declared", answers__isnull=True)
                | (~Q(state="declared") & Q(answers__isnull=False)),
            ),
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.organization_id}: {self.state}"


class DeclaredForecast(models.Model):
    """The number of admissions that `organization` itself expects for the year."""

    append_only = True

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="declared_forecasts"
    )
    year = models.PositiveSmallIntegerField(_("year"))
    people = models.PositiveIntegerField(_("people expected"))
    declared_on = models.DateField(_("declared on"))
    declared_by = models.CharField(_("declared by"), max_length=120)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    objects = FiguresQuerySet["DeclaredForecast"].as_manager()

    class Meta:
        ordering = ["organization", "year", "declared_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="declared_forecast_names_its_author", condition=~Q(declared_by="")
            )
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.year}: {self.people}"
