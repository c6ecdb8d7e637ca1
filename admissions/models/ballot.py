"""Ballots: the vote of a body on one candidate, with the threshold it was judged by."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from admissions.stages import Level, Purpose
from organizations.models.guards import APPEND_ONLY, EnteredAt, entered_now

from .candidate import Candidate
from .meeting import Meeting
from .rule_set import RuleSet
from .separation import not_of_their_own, not_who_decided

THRESHOLD_IN_FORCE = """
    DECLARE rules admissions_ruleset; share text;
    BEGIN
        PERFORM 1 FROM admissions_candidate WHERE id = NEW.candidate_id FOR UPDATE;
        IF NEW.held_on > (app_now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date THEN
            RAISE EXCEPTION 'ballot held on % lies in the future', NEW.held_on
                USING ERRCODE = '23514', CONSTRAINT = 'ballot_not_in_the_future';
        END IF;
        SELECT * INTO rules FROM admissions_ruleset WHERE period @> NEW.held_on;
        -- Quoted, because STRICT is a word of PL/pgSQL's own.
        share := NEW.numerator || '/' || NEW.denominator
            || CASE WHEN NEW."strict" THEN '+' ELSE '' END;
        IF rules.id IS NULL OR rules.id <> NEW.rules_id OR NOT (
            CASE NEW.level
            WHEN 'cell' THEN share = rules.cell_vote_numerator || '/' || rules.cell_vote_denominator
            WHEN 'intermediate' THEN true
            WHEN 'grassroots' THEN
                share = rules.grassroots_vote_numerator || '/' || rules.grassroots_vote_denominator
            ELSE share IN (
                rules.standing_vote_numerator || '/' || rules.standing_vote_denominator || '+',
                rules.delegated_vote_numerator || '/' || rules.delegated_vote_denominator)
            END
        ) THEN
            RAISE EXCEPTION 'a % vote held on % is not judged by %', NEW.level, NEW.held_on, share
                USING ERRCODE = '23514', CONSTRAINT = 'ballot_judged_by_the_rules_of_its_day';
        END IF;
        -- The body stands above the cell that had the file then, or is that cell.
        IF NOT EXISTS (SELECT 1 FROM organizations_ancestry AS line
            WHERE line.ancestor_id = NEW.organization_id
            AND line.valid_from <= NEW.held_on AND line.valid_to > NEW.held_on
            AND line.descendant_id = coalesce(
                (SELECT move.origin_id FROM admissions_filemove AS move
                    WHERE move.candidate_id = NEW.candidate_id AND move."on" > NEW.held_on
                    ORDER BY move."on", move.id LIMIT 1),
                (SELECT file.cell_id FROM admissions_candidate AS file
                    WHERE file.id = NEW.candidate_id)))
        THEN
            RAISE EXCEPTION 'body % stood above no cell of the file on %',
                NEW.organization_id, NEW.held_on
                USING ERRCODE = '23514', CONSTRAINT = 'ballot_of_a_body_above_the_file';
        END IF;
        RETURN NEW;
    END;
"""


class ThresholdSays(models.Func):
    """True where (passed, strict, in favour, denominator, numerator, entitled) agree."""

    output_field = models.BooleanField()

    def as_sql(self, compiler, connection, **context):  # type: ignore[no-untyped-def, override]
        parts = [compiler.compile(part)[0] for part in self.source_expressions]
        passed, strict, in_favour, denominator, numerator, entitled = parts
        left, right = f"{in_favour} * {denominator}", f"{numerator} * {entitled}"
        verdict = f"CASE WHEN {strict} THEN {left} > {right} ELSE {left} >= {right} END"
        return f"({passed} = {verdict})", []


class Ballot(models.Model):
    """The vote of `organization`'s body on `candidate`; the threshold is frozen at the vote.

    The denominator is those entitled (summoned official members, or all committee members), not
    the votes cast. Integers only: `for × denominator ≥ numerator × entitled`, or `>` if `strict`.
    Source: HD 06-HD/TW 2025; the numbers are columns of the rule set in force on the day.
    """

    append_only = True

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="ballots")
    purpose = models.CharField(
        _("about"), max_length=11, choices=Purpose, default=Purpose.ADMISSION
    )
    course = models.PositiveSmallIntegerField(default=1)
    meeting = models.ForeignKey(
        Meeting, models.PROTECT, null=True, blank=True, related_name="ballots"
    )
    level = models.CharField(_("level"), max_length=12, choices=Level)
    organization = models.ForeignKey("organizations.Organization", models.PROTECT, related_name="+")
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    held_on = models.DateField(_("held on"))
    entitled = models.PositiveSmallIntegerField(_("entitled to vote"))
    present = models.PositiveSmallIntegerField(_("present"))
    in_favour = models.PositiveSmallIntegerField(_("in favour"))
    against = models.PositiveSmallIntegerField(_("against"))
    rules = models.ForeignKey(RuleSet, models.PROTECT, related_name="+")
    numerator = models.PositiveSmallIntegerField()
    denominator = models.PositiveSmallIntegerField()
    strict = models.BooleanField(default=False)
    passed = models.BooleanField(_("passed"))
    resolution_number = models.CharField(_("resolution number"), max_length=40, blank=True)
    reasons = models.CharField(_("reasons of those against"), max_length=500, blank=True)
    reported_up_on = models.DateField(_("full result reported up on"), null=True, blank=True)
    entered_at = EnteredAt()
    entered_by = models.ForeignKey("organizations.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["held_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "purpose", "level", "attempt"],
                name="ballot_counted_once_per_attempt",
            ),
            models.UniqueConstraint(
                # Where the cell came under another body, that one votes afresh; and each body above
                # the step to which a file was returned.
                fields=["candidate", "purpose", "level", "organization", "course"],
                condition=Q(passed=True),
                name="ballot_passed_once_per_level",
            ),
            models.CheckConstraint(
                name="ballot_has_somebody_entitled", condition=Q(entitled__gt=0)
            ),
            models.CheckConstraint(
                name="ballot_present_not_more_than_entitled",
                condition=Q(present__lte=F("entitled")),
            ),
            models.CheckConstraint(
                name="ballot_votes_not_more_than_present",
                condition=Q(in_favour__lte=F("present") - F("against")),
            ),
            models.CheckConstraint(
                name="ballot_passed_as_its_threshold_says",
                condition=Q(
                    ThresholdSays(
                        "passed", "strict", "in_favour", "denominator", "numerator", "entitled"
                    )
                ),
            ),
        ]
        triggers = [
            *APPEND_ONLY,
            entered_now(),
            pgtrigger.Trigger(
                name="judged_by_the_rules_of_its_day",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=THRESHOLD_IN_FORCE,
            ),
            not_of_their_own(account="entered_by_id", constraint="ballot_not_of_ones_own_file"),
            not_who_decided(
                account="entered_by_id",
                constraint="ballot_recorded_by_nobody_who_approved_a_decision",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()} {self.held_on}: {self.in_favour}/{self.entitled}"
