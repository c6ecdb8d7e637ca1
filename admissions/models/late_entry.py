"""An admission entered long after its ceremony: asked for, let count by a third person."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import NEVER_DELETED, EnteredAt, entered_now

from .candidate import Candidate
from .decision import Decision
from .separation import ACCOUNTS, KEPT, TOOK_PART, human_of

ASKED = """
    IF NEW.answered_at IS NOT NULL OR NEW.answered_by_id IS NOT NULL THEN
        RAISE EXCEPTION 'a late entry is asked for before it is answered'
            USING ERRCODE = '23514', CONSTRAINT = 'late_entry_asked_before_answered';
    END IF;
    RETURN NEW;
"""

ANSWERED = """
    DECLARE
        file admissions_candidate;
        me bigint := {answering};
        accounts int[] := {accounts};
        answer text[] := ARRAY['answered_at', 'answered_by_id', 'declined_because'];
    BEGIN
        IF OLD.answered_at IS NOT NULL
            OR to_jsonb(NEW) - answer IS DISTINCT FROM to_jsonb(OLD) - answer THEN
            RAISE EXCEPTION 'a late entry stays as it was made, and as it was answered'
                USING ERRCODE = '23514', CONSTRAINT = 'late_entry_stays';
        END IF;
        SELECT * INTO file FROM admissions_candidate WHERE id = NEW.candidate_id FOR UPDATE;
        IF NEW.entered_by_id = ANY (accounts)
            OR {candidate} = me
            OR EXISTS (SELECT 1 FROM organizations_declaredrelative AS declared
                JOIN organizations_person AS near ON near.id = declared.person_id
                WHERE declared.user_id = NEW.answered_by_id
                AND coalesce(near.merged_into_id, near.id) = {candidate})
            OR EXISTS (SELECT 1 FROM admissions_decision AS decision
                WHERE decision.candidate_id = NEW.candidate_id
                AND decision.approved_by_id = ANY (accounts))
            OR {took_part}
        THEN
            RAISE EXCEPTION 'who entered it, approved the case or took part lets nothing count late'
                USING ERRCODE = '23514', CONSTRAINT = 'late_entry_answered_by_a_third_person';
        END IF;
        RETURN NEW;
    END;
"""


class LateEntryQuerySet(models.QuerySet["LateEntry"]):
    def waiting(self) -> LateEntryQuerySet:
        """Keep those that nobody has answered, while the decision stands: it lapses with that."""
        return self.filter(answered_at__isnull=True, decision__superseded_by__isnull=True)


class LateEntry(models.Model):
    """A ceremony entered so late that a third person has to let it count (trust.md c.3, SoD-6).

    It holds what the admission will say, and why it comes so late. Until somebody answers who
    neither entered it nor approved a decision of the case nor took part in it, there is no
    admission: nobody is a member by it and nothing counts it. Declined, it stays to be read, and
    another may be entered. It lapses unanswered where its decision is cancelled: under a new
    decision the ceremony is held and entered anew.
    """

    fixed = frozenset(
        {
            "candidate",
            "decision",
            "ceremony_on",
            "mentor",
            "round",
            "consented_on",
            "consent_number",
            "reason",
        }
    )

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="late_entries")
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="+")
    ceremony_on = models.DateField(_("ceremony on"))
    mentor = models.ForeignKey(
        "organizations.Person", models.PROTECT, null=True, blank=True, related_name="+"
    )
    round = models.ForeignKey(
        "admissions.Round", models.PROTECT, null=True, blank=True, related_name="+"
    )
    consented_on = models.DateField(_("consented on"), null=True, blank=True)
    consent_number = models.CharField(_("number of the consent"), max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answered_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )
    declined_because = models.CharField(_("declined because"), max_length=300, blank=True)

    objects = LateEntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="late_entry_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="late_entry_answered_by_another_person",
                condition=Q(answered_by__isnull=True) | ~Q(answered_by=F("entered_by")),
            ),
            models.CheckConstraint(
                name="late_entry_answered_by_somebody",
                condition=Q(answered_at__isnull=True, answered_by__isnull=True, declined_because="")
                | Q(answered_at__isnull=False, answered_by__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["decision"],
                condition=Q(answered_at__isnull=True),
                name="late_entry_waits_once",
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            pgtrigger.Trigger(
                name="asked_before_answered",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=ASKED,
            ),
            pgtrigger.Trigger(
                name="answered_by_a_third_person",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=ANSWERED.format(
                    answering=human_of("NEW.answered_by_id"),
                    accounts=ACCOUNTS.format(account="NEW.answered_by_id"),
                    candidate=KEPT.format(person="file.person_id"),
                    took_part=TOOK_PART,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.candidate_id} {self.ceremony_on}"
