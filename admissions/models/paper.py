"""Papers of a file."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import NEVER_DELETED, EnteredAt, entered_now

from .candidate import Candidate
from .rule_set import PaperKind


@pghistory.track(append_only=True)
class Paper(models.Model):
    """A paper received into a file; a kind that goes stale stops counting on `stale_on`."""

    class Status(models.TextChoices):
        """What a page shows of a paper of the catalogue; five, no more."""

        COMPLETE = "complete", _("Complete")
        MISSING = "missing", _("Missing")
        EXPIRING = "expiring", _("Expiring soon")
        NOT_YET = "not_yet", _("Not yet due")
        NOT_APPLICABLE = "not_applicable", _("Not applicable")

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="papers")
    kind = models.ForeignKey(PaperKind, models.PROTECT, related_name="+")
    dated_on = models.DateField(_("dated"))
    received_on = models.DateField(_("received on"))
    number = models.CharField(_("number"), max_length=40, blank=True)
    signer = models.CharField(_("signer"), max_length=120, blank=True)
    stale_on = models.DateField(_("stale from"), null=True, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["kind__order", "-received_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "kind", "dated_on"], name="paper_received_once"
            ),
            models.CheckConstraint(
                name="paper_dated_before_it_was_received",
                condition=Q(dated_on__lte=F("received_on")),
            ),
        ]
        triggers = [*NEVER_DELETED, entered_now()]

    def __str__(self) -> str:
        return f"{self.kind} {self.dated_on}"
