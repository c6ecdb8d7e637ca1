"""Erasing what a closed file says of somebody who was never admitted; two people, then a job."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import NEVER_DELETED, EnteredAt, entered_now, two_people

from .candidate import Candidate

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User

UNANSWERED = """
    IF NEW.answered_at IS NOT NULL OR NEW.answered_by_id IS NOT NULL
        OR NEW.carried_out_at IS NOT NULL THEN
        RAISE EXCEPTION 'an erasure is asked for before it is answered'
            USING ERRCODE = '23514', CONSTRAINT = 'erasure_asked_before_answered';
    END IF;
    RETURN NEW;
"""
ANSWERED = """
    IF NEW.entered_by_id <> OLD.entered_by_id OR NEW.candidate_id <> OLD.candidate_id
        OR NEW.reason <> OLD.reason OR NEW.ground <> OLD.ground
        OR (OLD.answered_at IS NOT NULL AND (NEW.answered_at, NEW.answered_by_id,
            NEW.declined_because) IS DISTINCT FROM (OLD.answered_at, OLD.answered_by_id,
            OLD.declined_because))
    THEN
        RAISE EXCEPTION 'what was asked and what was answered stay'
            USING ERRCODE = '23514', CONSTRAINT = 'erasure_answered_stays';
    END IF;
    -- The function that erases belongs to the owner of the tables, as which it runs.
    IF NEW.carried_out_at IS DISTINCT FROM OLD.carried_out_at
        AND current_user <> (SELECT pg_get_userbyid(relowner)::name FROM pg_class
            WHERE oid = TG_RELID)
    THEN
        RAISE EXCEPTION 'only the erasing itself says that it was done'
            USING ERRCODE = '23514', CONSTRAINT = 'erasure_carried_out_by_erasing';
    END IF;
    RETURN NEW;
"""


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def visible_to(self, user: User | AnonymousUser, *, on: date | None = None) -> ErasureQuerySet:
        """Keep those of files that `user` sees by name."""
        return self.filter(candidate__in=Candidate.objects.visible_to(user, on=on))

    def waiting(self) -> ErasureQuerySet:
        """Keep those that nobody has answered."""
        return self.filter(answered_at__isnull=True)

    def to_carry_out(self) -> ErasureQuerySet:
        """Keep those that were agreed to and are not done."""
        return self.filter(
            answered_at__isnull=False, declined_because="", carried_out_at__isnull=True
        )


class Erasure(models.Model):
    """Somebody asks that what is known of the person of `candidate` be erased.

    Agreed to by an approver, another person; carried out by `erase_person` in the database, which
    leaves what statistics count: the steps with their days, sex, year of birth, groups.
    """

    class Ground(models.TextChoices):
        RETENTION = "retention", _("The time for keeping it is over")
        REQUEST = "request", _("The person asks for it")
        MISTAKE = "mistake", _("The file was opened by mistake")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="erasures")
    ground = models.CharField(_("ground"), max_length=9, choices=Ground)
    reason = models.CharField(_("reason"), max_length=300)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answered_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    declined_because = models.CharField(_("declined because"), max_length=300, blank=True)
    carried_out_at = models.DateTimeField(_("carried out at"), null=True, editable=False)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="erasure_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="erasure_answered_by_another_person",
                condition=Q(answered_by__isnull=True) | ~Q(answered_by=F("entered_by")),
            ),
            models.CheckConstraint(
                name="erasure_answered_by_somebody",
                condition=Q(answered_at__isnull=True, answered_by__isnull=True, declined_because="")
                | Q(answered_at__isnull=False, answered_by__isnull=False),
            ),
            models.CheckConstraint(
                name="erasure_carried_out_once_agreed_to",
                condition=Q(carried_out_at__isnull=True)
                | Q(answered_at__isnull=False, declined_because=""),
            ),
            models.UniqueConstraint(
                fields=["candidate"],
                condition=Q(declined_because=""),
                name="erasure_asked_for_once",
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            two_people(erasure_answered_by_another_person=("answered_by", "entered_by")),
            pgtrigger.Trigger(
                name="asked_before_answered",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=UNANSWERED,
            ),
            pgtrigger.Trigger(
                name="answered_once",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=ANSWERED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.candidate_id}: {self.get_ground_display()}"
