"""Decisions on admission, each with its own number."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import ExtractYear
from django.utils.translation import gettext_lazy as _

from admissions.stages import Level, Stage
from organizations.models.guards import (
    APPEND_ONLY,
    NEVER_DELETED,
    EnteredAt,
    entered_now,
    two_people,
)

from .candidate import Candidate
from .rule_set import RuleSet
from .separation import ACCOUNTS, KEPT, TOOK_PART, human_of, not_of_their_own

GUARD = """
    DECLARE
        file admissions_candidate;
        -- The record that is kept of the approver's person, and every account of that person.
        me bigint := {approver};
        accounts int[] := {accounts};
        cell_then bigint;
        about text := CASE NEW.kind WHEN 'admit' THEN 'admission'
            WHEN 'recognise' THEN 'recognition' ELSE 'deletion' END;
        since int;
    BEGIN
        SELECT * INTO file FROM admissions_candidate WHERE id = NEW.candidate_id FOR UPDATE;
        IF NEW.signed_on > (app_now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date THEN
            RAISE EXCEPTION 'decision signed on % lies in the future', NEW.signed_on
                USING ERRCODE = '23514', CONSTRAINT = 'decision_not_in_the_future';
        END IF;
        IF {took_part}
            OR {candidate} = me
        THEN
            RAISE EXCEPTION 'the approver took part in the case'
                USING ERRCODE = '23514', CONSTRAINT = 'decision_approver_took_no_part_in_the_case';
        END IF;
        IF NEW.kind IN ('admit', 'refuse') AND EXISTS (
            SELECT 1 FROM admissions_decision AS cancelling
            LEFT JOIN admissions_decisionreview AS review ON review.id = cancelling.review_id
            WHERE cancelling.candidate_id = NEW.candidate_id AND cancelling.kind = 'cancel'
            AND (cancelling.approved_by_id = ANY (accounts)
                OR review.entered_by_id = ANY (accounts))
            AND NOT EXISTS (SELECT 1 FROM admissions_decision AS replacing
                WHERE replacing.supersedes_id = cancelling.id))
        THEN
            RAISE EXCEPTION 'who cancelled a decision, or asked for it, does not issue the next'
                USING ERRCODE = '23514', CONSTRAINT = 'decision_replaced_by_a_third_person';
        END IF;
        IF NEW.supersedes_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM admissions_decision AS before
            WHERE before.id = NEW.supersedes_id AND before.candidate_id = NEW.candidate_id
            AND (NEW.kind, before.kind) IN (('cancel', 'admit'), ('admit', 'cancel')))
        THEN
            RAISE EXCEPTION 'a cancellation supersedes an admission of the file, or the reverse'
                USING ERRCODE = '23514', CONSTRAINT = 'decision_supersedes_what_it_may';
        END IF;
        IF NEW.kind = 'cancel' AND EXISTS (
            SELECT 1 FROM admissions_decisionreview AS review
            JOIN admissions_decision AS first ON first.id = review.decision_id
            WHERE review.id = NEW.review_id AND (review.entered_by_id = ANY (accounts)
                OR first.approved_by_id = ANY (accounts) OR first.id <> NEW.supersedes_id))
        THEN
            RAISE EXCEPTION 'who asked for it or approved the first decision does not cancel it'
                USING ERRCODE = '23514', CONSTRAINT = 'decision_cancelled_by_a_third_person';
        END IF;
        IF NEW.kind = 'cancel' AND EXISTS (SELECT 1 FROM admissions_decisionreview AS review
            WHERE review.id = NEW.review_id AND review.declined_at IS NOT NULL)
        THEN
            RAISE EXCEPTION 'the request was declined'
                USING ERRCODE = '23514', CONSTRAINT = 'decision_cancels_on_a_request_that_stands';
        END IF;
        IF NEW.kind = 'recognise' AND EXISTS (SELECT 1 FROM admissions_decision AS made
            WHERE made.candidate_id = NEW.candidate_id AND made.kind = 'recognise'
            AND NOT EXISTS (SELECT 1 FROM admissions_decision AS cancelling
                WHERE cancelling.candidate_id = made.candidate_id
                AND cancelling.kind = 'cancel' AND cancelling.id > made.id))
        THEN
            RAISE EXCEPTION 'the member is recognised already'
                USING ERRCODE = '23514', CONSTRAINT = 'decision_recognises_a_candidate_once';
        END IF;
        cell_then := coalesce(
            (SELECT move.origin_id FROM admissions_filemove AS move
            WHERE move.candidate_id = file.id AND move."on" > NEW.signed_on
            ORDER BY move."on", move.id LIMIT 1),
            file.cell_id);
        -- Whoever issued a decision may cancel it, also where it is competent no more.
        IF NOT EXISTS (SELECT 1 FROM organizations_competence AS competence
                JOIN organizations_ancestry AS line ON line.ancestor_id = competence.organization_id
                WHERE competence.organization_id = NEW.authority_id
                AND competence.period @> NEW.signed_on
                AND line.descendant_id = cell_then
                AND line.valid_from <= NEW.signed_on AND line.valid_to > NEW.signed_on)
            AND NOT (NEW.kind = 'cancel' AND EXISTS (SELECT 1 FROM admissions_decision AS issued
                WHERE issued.id = NEW.supersedes_id AND issued.authority_id = NEW.authority_id))
        THEN
            RAISE EXCEPTION 'the authority held no competence on %', NEW.signed_on
                USING ERRCODE = '23514', CONSTRAINT = 'decision_by_the_body_that_is_competent';
        END IF;
        IF NEW.kind IN ('admit', 'recognise', 'delete') THEN
            since := coalesce(
                (SELECT max(back.course) FROM admissions_filereturn AS back
                WHERE back.candidate_id = file.id AND back.back_to <> 'admitted'), 0);
            -- On a probation: votes since the admission was last cancelled; and the body decides
            -- without the cell's where that failed as often as the rules of its own vote say.
            IF NOT EXISTS (SELECT 1 FROM admissions_ballot AS own
                JOIN admissions_ruleset AS rules ON rules.id = own.rules_id
                WHERE own.candidate_id = NEW.candidate_id AND own.passed
                AND own.level = 'competent' AND own.organization_id = NEW.authority_id
                AND own.held_on <= NEW.signed_on AND own.purpose = about
                AND (about = 'admission' OR own.course >= since)
                AND (EXISTS (SELECT 1 FROM admissions_ballot AS ballot
                        WHERE ballot.candidate_id = NEW.candidate_id AND ballot.passed
                        AND ballot.level = 'cell' AND ballot.purpose = about
                        AND ballot.held_on <= NEW.signed_on
                        AND (about = 'admission' OR ballot.course >= since))
                    OR (about <> 'admission' AND rules.failed_votes_escalate <= (
                        SELECT count(*) FROM admissions_ballot AS failed
                        WHERE failed.candidate_id = NEW.candidate_id AND NOT failed.passed
                        AND failed.level = 'cell' AND failed.purpose = about
                        AND failed.held_on <= own.held_on AND failed.course >= since))))
            THEN
                RAISE EXCEPTION 'a decision follows the votes of the cell and of its own body'
                    USING ERRCODE = '23514', CONSTRAINT = 'decision_follows_passed_ballots';
            END IF;
        END IF;
        RETURN NEW;
    END;
"""


REVIEW_GUARD = """
    DECLARE
        me bigint := {answering};
        accounts int[] := {accounts};
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.declined_at IS NOT NULL THEN
                RAISE EXCEPTION 'a request is not declined as it is made'
                    USING ERRCODE = '23514', CONSTRAINT = 'decision_review_declined_later';
            END IF;
            RETURN NEW;
        END IF;
        IF OLD.declined_at IS NOT NULL
            OR to_jsonb(NEW) - ARRAY['declined_at', 'declined_by_id', 'declined_because']
            IS DISTINCT FROM
            to_jsonb(OLD) - ARRAY['declined_at', 'declined_by_id', 'declined_because']
        THEN
            RAISE EXCEPTION 'a request stays as it was made, and as it was answered'
                USING ERRCODE = '23514', CONSTRAINT = 'decision_review_stays';
        END IF;
        IF EXISTS (SELECT 1 FROM admissions_decision AS answer WHERE answer.review_id = NEW.id)
        THEN
            RAISE EXCEPTION 'the decision was cancelled on this request'
                USING ERRCODE = '23514', CONSTRAINT = 'decision_review_answered_once';
        END IF;
        IF EXISTS (SELECT 1 FROM admissions_decision AS first
            WHERE first.id = NEW.decision_id AND first.approved_by_id = ANY (accounts))
        THEN
            RAISE EXCEPTION 'who approved the decision does not answer'
                USING ERRCODE = '23514', CONSTRAINT = 'decision_review_declined_by_a_third_person';
        END IF;
        RETURN NEW;
    END;
"""


class Decision(models.Model):
    """A decision of `authority` on one candidate, number unique per authority and year.

    Whoever approves it took no other part in the case: neither logged or proposed the candidate,
    nor recorded a ballot of it, nor helps or introduces the candidate, nor cancelled the decision
    that this one replaces; the database refuses otherwise and nothing overrides. A cancellation
    supersedes what it cancels; the next admission supersedes the cancellation. A recognition falls
    with the admission that is cancelled after it.
    """

    append_only = True

    class Kind(models.TextChoices):
        ADMIT = "admit", _("Admission")
        REFUSE = "refuse", _("Refusal")
        CANCEL = "cancel", _("Cancellation")
        RECOGNISE = "recognise", _("Official recognition")
        DELETE = "delete", _("Deletion of a probationary member's name")

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="decisions")
    authority = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    number = models.CharField(_("decision number"), max_length=40)
    signed_on = models.DateField(_("signed on"))
    year = models.GeneratedField(
        expression=ExtractYear("signed_on"),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    signer = models.CharField(_("signer"), max_length=120)
    received_on = models.DateField(_("received by the cell on"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    rules = models.ForeignKey(RuleSet, models.PROTECT, related_name="+")
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    review = models.OneToOneField(
        "DecisionReview", models.PROTECT, null=True, blank=True, related_name="answer"
    )
    entered_at = EnteredAt()
    approved_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["signed_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["authority", "year", "number"],
                name="decision_number_once_per_authority_and_year",
            ),
            models.UniqueConstraint(
                fields=["candidate"],
                condition=Q(kind="admit", supersedes__isnull=True),
                name="decision_admits_a_candidate_once",
            ),
            models.CheckConstraint(
                name="decision_number_is_written",
                condition=~Q(number=""),
            ),
            models.CheckConstraint(
                name="decision_received_after_it_was_signed",
                condition=Q(received_on__isnull=True) | Q(received_on__gte=F("signed_on")),
            ),
            models.CheckConstraint(
                name="decision_that_refuses_or_cancels_says_why",
                condition=Q(kind__in=["admit", "recognise"]) | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="decision_that_cancels_was_asked_for",
                condition=~Q(kind="cancel") | Q(review__isnull=False, supersedes__isnull=False),
            ),
        ]
        triggers = [
            *APPEND_ONLY,
            entered_now(),
            not_of_their_own(account="approved_by_id", constraint="decision_not_of_ones_own_file"),
            pgtrigger.Trigger(
                name="follows_the_case",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=GUARD.format(
                    approver=human_of("NEW.approved_by_id"),
                    candidate=KEPT.format(person="file.person_id"),
                    accounts=ACCOUNTS.format(account="NEW.approved_by_id"),
                    took_part=TOOK_PART,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.signed_on}"


class DecisionReview(models.Model):
    """Somebody asks that `decision` be cancelled; another approver answers, by a decision or a no.

    A qualified person's faulty step is done again from `back_to` on; with none, the person did not
    meet the standard, and the admission is reversed (HD 06-HD/TW 2025). Declined, it stays to be
    read with the reason, and another may be made.
    """

    class Ground(models.TextChoices):
        UNQUALIFIED = "unqualified", _("The person does not meet the standard")
        PROCEDURE = "procedure", _("Wrong authority or procedure; the person qualifies")
        LAPSED = "lapsed", _("The person never came to the ceremony, or died")
        MOVED = "moved", _("The person moved more than the days allowed before")

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="reviews")
    ground = models.CharField(_("ground"), max_length=11, choices=Ground)
    back_to = models.CharField(_("done again from"), max_length=20, choices=Stage, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    asked_on = models.DateField(_("asked on"))
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")
    declined_at = models.DateTimeField(_("declined at"), null=True, blank=True)
    declined_because = models.CharField(_("declined because"), max_length=300, blank=True)
    declined_by = models.ForeignKey(
        "organizations.User", models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="decision_review_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="decision_review_of_procedure_says_from_where",
                condition=~Q(ground="procedure") | ~Q(back_to=""),
            ),
            models.CheckConstraint(
                name="decision_review_declined_with_a_reason",
                condition=Q(declined_at__isnull=True, declined_by__isnull=True, declined_because="")
                | (
                    Q(declined_at__isnull=False, declined_by__isnull=False)
                    & ~Q(declined_because="")
                ),
            ),
            models.CheckConstraint(
                name="decision_review_declined_by_another_person",
                condition=Q(declined_by__isnull=True) | ~Q(declined_by=F("entered_by")),
            ),
        ]
        triggers = [
            *NEVER_DELETED,
            entered_now(),
            two_people(decision_review_declined_by_another_person=("declined_by", "entered_by")),
            pgtrigger.Trigger(
                name="answered_once",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func=REVIEW_GUARD.format(
                    answering=human_of("NEW.declined_by_id"),
                    accounts=ACCOUNTS.format(account="NEW.declined_by_id"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision}: {self.get_ground_display()}"


class FileReturn(models.Model):
    """A body returned the file for completion: to which step, why, and what is missing.

    What was passed above `back_to` no longer counts: the file is in a new `course`.
    """

    append_only = True

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="returns")
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    level = models.CharField(_("level"), max_length=12, choices=Level)
    returned_on = models.DateField(_("returned on"))
    back_to = models.CharField(_("back to"), max_length=20, choices=Stage)
    reason = models.CharField(_("reason"), max_length=300)
    missing = models.CharField(_("what is missing"), max_length=500, blank=True)
    course = models.PositiveSmallIntegerField()
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["returned_on", "pk"]
        constraints = [
            models.CheckConstraint(name="file_return_says_why", condition=~Q(reason="")),
            models.UniqueConstraint(
                fields=["candidate", "course"], name="file_return_begins_one_course"
            ),
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.candidate_id} → {self.back_to} {self.returned_on}"

    SEPARATOR = "; "

    @property
    def items(self) -> list[str]:
        """What is missing, one by one: codes of forms, or words."""
        return [item for item in self.missing.split(self.SEPARATOR) if item]


class Extension(models.Model):
    """The competent body took the longer term for its decision, once, and says why."""

    append_only = True

    class Clock(models.TextChoices):
        ADMISSION = "admission", _("Decision on admission")
        RECOGNITION = "recognition", _("Decision on recognition")

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="extensions")
    clock = models.CharField(_("term"), max_length=11, choices=Clock)
    course = models.PositiveSmallIntegerField(default=1)
    decided_on = models.DateField(_("decided on"))
    due_on = models.DateField(_("now due by"))
    reason = models.CharField(_("reason"), max_length=300)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "clock", "course"], name="extension_once_per_term"
            ),
            models.CheckConstraint(name="extension_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="extension_ends_after_it_was_decided",
                condition=Q(due_on__gte=F("decided_on")),
            ),
        ]
        triggers = [*APPEND_ONLY, entered_now()]

    def __str__(self) -> str:
        return f"{self.candidate_id}: {self.get_clock_display()} {self.due_on}"
