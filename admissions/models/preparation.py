"""What prepares a candidate: the class certificate and the member assigned to help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import (
    APPEND_ONLY,
    NEVER_DELETED,
    EnteredAt,
    entered_now,
    real_period,
)

from .candidate import Candidate
from .rule_set import RuleSet
from .separation import not_who_decided

if TYPE_CHECKING:
    from organizations.models import Person


@pghistory.track(append_only=True)
class Certificate(models.Model):
    """A certificate of the awareness class; `expires_on`, the first day it no longer counts, is
    fixed at issue by the rules then in force. That of the class for new members has no last day
    that is known; it carries the same."""

    fixed = frozenset({"kind", "candidate", "issued_on", "expires_on", "rules"})

    class Kind(models.TextChoices):
        AWARENESS = "awareness", _("Awareness class")
        NEW_MEMBER = "new_member", _("Class for new members")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.AWARENESS)
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
        indexes = [
            models.Index(
                fields=["issued_on"],
                include=["id", "candidate"],
                condition=Q(kind="awareness"),
                name="certificate_awareness_issued",
            ),
        ]
        triggers = [*NEVER_DELETED, entered_now()]

    def __str__(self) -> str:
        return self.number

    @property
    def person(self) -> Person:
        """Return whose certificate it is."""
        return self.candidate.person


@pghistory.track(append_only=True)
class Mentorship(models.Model):
    """An official member, `mentor`, is assigned to help `candidate` during `period`."""

    fixed = frozenset({"candidate", "mentor"})

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="mentorships")
    mentor = models.ForeignKey("organizations.Person", models.PROTECT, related_name="mentorships")
    period = DateRangeField(_("period"))
    on_probation = models.BooleanField(_("during probation"), default=False)
    released_because = models.CharField(_("released because"), max_length=300, blank=True)
    comment = models.TextField(
        _("written comment left"), blank=True, help_text=_("Form 11-KNĐ of a helper who leaves.")
    )
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
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            not_who_decided(
                person="mentor_id", constraint="mentorship_approved_no_decision_of_the_case"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mentor} → {self.candidate_id}"


class MentorNote(models.Model):
    """A short note of how the candidate does, by whoever helps, written down by `entered_by`."""

    append_only = True

    mentorship = models.ForeignKey(Mentorship, models.PROTECT, related_name="notes")
    on = models.DateField(_("day"))
    text = models.CharField(_("note"), max_length=1000)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-on", "-pk"]
        constraints = [
            models.CheckConstraint(name="mentor_note_is_written", condition=~Q(text="")),
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.mentorship_id} {self.on}"


@pghistory.track(append_only=True)
class Introducer(models.Model):
    """Who introduces the candidate and is responsible for it: an official member, or a union.

    `together_since` is since when the member works, studies or lives with the candidate in the
    same grassroots unit; asked for unless another introducer is replaced.
    """

    fixed = frozenset(
        {"candidate", "kind", "person", "union", "together_since", "replaces", "named_on"}
    )

    class Kind(models.TextChoices):
        MEMBER = "member", _("Official member")
        YOUTH_UNION = "youth_union", _("Youth Union")
        TRADE_UNION = "trade_union", _("Trade union")

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="introducers")
    kind = models.CharField(_("kind"), max_length=11, choices=Kind)
    person = models.ForeignKey(
        "organizations.Person", models.PROTECT, null=True, blank=True, related_name="introducing"
    )
    union = models.CharField(_("union"), max_length=160, blank=True)
    together_since = models.DateField(_("together since"), null=True, blank=True)
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by"
    )
    named_on = models.DateField(_("named on"))
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    ended_because = models.CharField(_("ended because"), max_length=300, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["named_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="introducer_is_a_member_or_a_union",
                condition=Q(kind="member", person__isnull=False)
                | (~Q(kind="member") & Q(person__isnull=True) & ~Q(union="")),
            ),
            models.UniqueConstraint(
                fields=["candidate", "person"],
                condition=Q(ended_on__isnull=True, person__isnull=False),
                name="introducer_once_per_member",
            ),
            models.UniqueConstraint(
                fields=["candidate"],
                condition=Q(ended_on__isnull=True, person__isnull=True),
                name="introducer_one_union",
            ),
            models.CheckConstraint(
                name="introducer_ended_after_named_with_a_reason",
                condition=Q(ended_on__isnull=True)
                | (Q(ended_on__gte=F("named_on")) & ~Q(ended_because="")),
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            not_who_decided(
                person="person_id", constraint="introducer_approved_no_decision_of_the_case"
            ),
        ]

    def __str__(self) -> str:
        return self.union or str(self.person)
