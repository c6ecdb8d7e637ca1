"""The probation of a case: when it is over, by when whoever considers, what is still asked for.

Every day is reckoned by the rules under which the file was admitted, those of recognition from the
rules of the cell's vote on it. Source: HD 06-HD/TW 2025, point 5 (columns of the rule set).
"""

from __future__ import annotations

from datetime import date

from admissions.cases import Case, Due
from admissions.models import Ballot, Extension, Mentorship, RuleSet
from admissions.rules import (
    new_member_papers_due_on,
    recognition_decision_due_on,
    recognition_review_due_on,
)
from admissions.stages import Level, Purpose, Step


def ends_on(case: Case) -> date | None:
    """Return the day on which month twelve is full, however late anybody acts; None before it.

    From this day the person is an official member; before it nobody votes on it.
    """
    return case.self_criticism_from


def is_over(case: Case) -> bool:
    """Say whether the probation is over on the day of the case."""
    last = ends_on(case)
    return last is not None and case.on >= last


def papers_due(case: Case) -> Due | None:
    """Return the last day for the papers of the new member; None before the ceremony."""
    begun, rules = case.became_probationary_on, case.candidate.rules
    if begun is None:
        return None
    day = new_member_papers_due_on(begun, rules, calendar=case.calendar)
    return Due(day, rules.new_member_papers_days, rules)


def review_due(case: Case) -> Due | None:
    """Return the last day for the cell to consider recognition; None before the ceremony."""
    last, rules = ends_on(case), case.candidate.rules
    if last is None:
        return None
    day = recognition_review_due_on(last, rules, calendar=case.calendar)
    return Due(day, rules.recognition_review_days, rules)


def rules_of_recognition(case: Case, vote: Ballot) -> RuleSet:
    """Return the rules of the cell's vote on recognition, asked for only where not at hand."""
    at_hand = (case.rules, case.candidate.rules)
    return next((one for one in at_hand if one.pk == vote.rules_id), None) or vote.rules


def decision_due(case: Case) -> Due | None:
    """Return the last day for the decision of recognition; None before the cell's vote on it."""
    vote = case.passed(Level.CELL, Purpose.RECOGNITION)
    if vote is None:
        return None
    rules = rules_of_recognition(case, vote)
    days = rules.recognition_decision_days
    if taken := case.extension(Extension.Clock.RECOGNITION):
        return Due(taken.due_on, days + rules.recognition_extension_days, rules)
    day = recognition_decision_due_on(vote.held_on, rules, calendar=case.calendar)
    return Due(day, days, rules)


def helpers(case: Case) -> list[Mentorship]:
    """Return who helps the member on the day, during the probation."""
    return [] if case.became_probationary_on is None else case.mentorships


def is_being_deleted(case: Case) -> bool:
    """Say whether the cell has proposed, in a vote that passed, to delete the member's name."""
    return case.passed(Level.CELL, Purpose.DELETION) is not None


def papers_made(case: Case) -> bool:
    """Say whether the papers of the new member were made by the day."""
    return case.milestone(Step.NEW_MEMBER_PAPERS) is not None
