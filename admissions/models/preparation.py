"""What prepares a candidate: the class certificate and the member assigned to help."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import NEVER_DELETED, EnteredAt, entered_now, real_period

from .candidate import Candidate
from .rule_set import RuleSet


@pghistory.track(append_only=True)
class Certificate(models.Model):
    """A certificate of the awareness class; `expires_on`, the first day it no longer counts, is
    fixed at issue by the rules then in force."""

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="certificates")
    number = models.CharField(_("certificate number"), max_length=40)
    issuer = models.CharField(_("issued by"), max_length=160)
    issued_on = models.DateField(_("issued on"))
    expires_on = models.DateField(_("no longer counts from"))
    rules = models.ForeignKey(RuleSet, models.PROTECT, related_name="+")
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-issued_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "number"], name="certificate_number_once_per_issuer"
            ),
            models.CheckConstraint(
                name="certificate_expires_after_its_issue",
                condition=Q(expires_on__gt=F("issued_on")),
            ),
        ]
        triggers = [*NEVER_DELETED, entered_now()]

    def __str__(self) -> str:
        return self.number


@pghistory.track(append_only=True)
class Mentorship(models.Model):
    """An official member, `mentor`, is assigned to help `candidate` during `period`."""

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="mentorships")
    mentor = models.ForeignKey("organizations.Person", models.PROTECT, related_name="mentorships")
    period = DateRangeField(_("period"))
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="mentorship_once_by_a_member_on_any_day",
                expressions=[
                    ("candidate", RangeOperators.EQUAL),
                    ("mentor", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            real_period(name="mentorship_begins_on_some_day"),
        ]
        triggers = [*NEVER_DELETED, entered_now()]

    def __str__(self) -> str:
        return f"{self.mentor} → {self.candidate_id}"
