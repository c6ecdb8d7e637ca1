"""Decisions on admission, each with its own number."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import ExtractYear
from django.utils.translation import gettext_lazy as _

from organizations.models.guards import APPEND_ONLY, EnteredAt, entered_now

from .candidate import Candidate
from .rule_set import RuleSet

GUARD = """
    DECLARE
        file admissions_candidate;
        cell_then bigint;
    BEGIN
        SELECT * INTO file FROM admissions_candidate WHERE id = NEW.candidate_id FOR UPDATE;
        IF NEW.signed_on > (app_now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date THEN
            RAISE EXCEPTION 'decision signed on % lies in the future', NEW.signed_on
                USING ERRCODE = '23514', CONSTRAINT = 'decision_not_in_the_future';
        END IF;
        IF file.entered_by_id = NEW.approved_by_id
            OR EXISTS (SELECT 1 FROM admissions_ballot AS ballot
                WHERE ballot.candidate_id = NEW.candidate_id
                AND ballot.entered_by_id = NEW.approved_by_id)
            OR EXISTS (SELECT 1 FROM admissions_mentorship AS helping
                JOIN organizations_user AS account ON account.person_id = helping.mentor_id
                WHERE helping.candidate_id = NEW.candidate_id AND account.id = NEW.approved_by_id)
            OR EXISTS (SELECT 1 FROM organizations_user AS account
                WHERE account.id = NEW.approved_by_id AND account.person_id = file.person_id)
        THEN
            RAISE EXCEPTION 'the approver took part in the case'
                USING ERRCODE = '23514', CONSTRAINT = 'decision_approver_took_no_part_in_the_case';
        END IF;
        IF NEW.kind = 'admit' THEN
            cell_then := coalesce(
                (SELECT move.origin_id FROM admissions_filemove AS move
                WHERE move.candidate_id = file.id AND move."on" > NEW.signed_on
                ORDER BY move."on", move.id LIMIT 1),
                file.cell_id);
            IF NOT EXISTS (SELECT 1 FROM organizations_competence AS competence
                JOIN organizations_ancestry AS line ON line.ancestor_id = competence.organization_id
                WHERE competence.organization_id = NEW.authority_id
                AND competence.period @> NEW.signed_on
                AND line.descendant_id = cell_then
                AND line.valid_from <= NEW.signed_on AND line.valid_to > NEW.signed_on)
            THEN
                RAISE EXCEPTION 'the authority held no competence on %', NEW.signed_on
                    USING ERRCODE = '23514', CONSTRAINT = 'decision_by_the_body_that_is_competent';
            END IF;
            IF (SELECT count(DISTINCT ballot.level) FROM admissions_ballot AS ballot
                WHERE ballot.candidate_id = NEW.candidate_id AND ballot.passed
                AND ballot.held_on <= NEW.signed_on
                AND (ballot.level = 'cell'
                    OR (ballot.level = 'competent' AND ballot.organization_id = NEW.authority_id))
                ) < 2
            THEN
                RAISE EXCEPTION 'a decision follows the votes of the cell and of its own body'
                    USING ERRCODE = '23514', CONSTRAINT = 'decision_follows_passed_ballots';
            END IF;
        END IF;
        RETURN NEW;
    END;
"""


class Decision(models.Model):
    """A decision of `authority` on one candidate, number unique per authority and year.

    Whoever approves it took no other part in the case: neither logged the candidate, nor recorded
    a ballot of it, nor helps the candidate; the database refuses otherwise and nothing overrides.
    """

    append_only = True

    class Kind(models.TextChoices):
        ADMIT = "admit", _("Admission")
        REFUSE = "refuse", _("Refusal")
        CANCEL = "cancel", _("Cancellation")

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="decisions")
    authority = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
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
                condition=Q(kind="admit") | ~Q(reason=""),
            ),
        ]
        triggers = [
            *APPEND_ONLY,
            entered_now(),
            pgtrigger.Trigger(
                name="follows_the_case",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=GUARD,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.signed_on}"
