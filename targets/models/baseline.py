"""The members on 1 January, as reported: the base of percentages; frozen once entered."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import APPEND_ONLY, EnteredAt, entered_now

from .scope import FiguresQuerySet


class BaselineQuerySet(FiguresQuerySet["Baseline"]):
    def newest(self) -> BaselineQuerySet:
        """Keep the newest version of each organisation and year."""
        newer = Baseline.objects.filter(
            organization=models.OuterRef("organization"),
            year=models.OuterRef("year"),
            version__gt=models.OuterRef("version"),
        )
        return self.filter(~models.Exists(newer))


class Baseline(models.Model):
    """`members` of `organization`, over its whole subtree, on 1 January of `year`, as reported.

    A correction is a later version with a reason and a second person; never recomputed.
    """

    append_only = True

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="baselines"
    )
    year = models.PositiveSmallIntegerField(_("year"))
    version = models.PositiveSmallIntegerField(default=1)
    members = models.PositiveIntegerField(
        _("members on 1 January"), help_text=_("People, over the whole subtree.")
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    confirmed_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )

    objects = BaselineQuerySet.as_manager()

    class Meta:
        ordering = ["organization", "year", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "year", "version"], name="baseline_one_row_per_version"
            ),
            models.CheckConstraint(
                name="baseline_corrected_by_two_people_with_a_reason",
                condition=Q(version=1)
                | (
                    ~Q(reason="") & Q(confirmed_by__isnull=False) & ~Q(confirmed_by=F("entered_by"))
                ),
            ),
            models.CheckConstraint(name="baseline_version_from_one", condition=Q(version__gte=1)),
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.year}: {self.members}"
