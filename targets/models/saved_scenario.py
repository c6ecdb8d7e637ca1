"""A what-if allocation that was kept, to be compared with another line by line."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import NEVER_DELETED, EnteredAt, entered_now, stays_once

from .scope import FiguresQuerySet


class SavedScenario(models.Model):
    """What staff of `organization` tried for `year`: how it was asked for, and what it came to.

    `asked` are the fields of the form; `shares` {organisation id: people} as they came out that
    day. Never written into targets; withdrawn ones stay and are no longer listed.
    """

    organization = models.ForeignKey(
        "organizations.Organization", models.PROTECT, related_name="saved_scenarios"
    )
    year = models.PositiveSmallIntegerField(_("year"))
    name = models.CharField(_("name"), max_length=80)
    asked = models.JSONField()
    shares = models.JSONField()
    sentence = models.CharField(max_length=300, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        "organizations.User", models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = FiguresQuerySet["SavedScenario"].as_manager()

    class Meta:
        ordering = ["organization", "year", "pk"]
        constraints = [
            models.UniqueConstraint(
                models.F("organization"),
                models.F("year"),
                Lower("name"),
                condition=models.Q(withdrawn_at__isnull=True),
                name="saved_scenario_name_once",
            ),
            models.CheckConstraint(name="saved_scenario_has_a_name", condition=~models.Q(name="")),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            stays_once(
                "true", name="saved_scenario_stays", besides=("withdrawn_at", "withdrawn_by_id")
            ),
            stays_once(
                "OLD.withdrawn_at IS NOT NULL",
                name="saved_scenario_withdrawn_stays",
                trigger="withdrawn_rows_stay",
            ),
        ]

    def __str__(self) -> str:
        return self.name
