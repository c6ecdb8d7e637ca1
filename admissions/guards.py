"""What may happen to a file, when: the table of steps. Buttons, operations and tests read it.

A guard answers with the sentence that refuses, or None. It sees the case as it stood on the day
of the step, so a step entered late is judged by its own day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from admissions.cases import Case
from admissions.models import Candidate
from admissions.permissions import Permission
from admissions.rules import full_years, may_be_considered_at_age
from admissions.stages import OPEN_STAGES, ORDER, Level, Stage, Step
from organizations.models import Organization

if TYPE_CHECKING:
    from organizations.models import User

Guard = Callable[[Case], "str | None"]


@dataclass(frozen=True)
class StepRule:
    """From which stages a step is taken, who may, and what else must hold.

    `dated_by` is the operation's argument that carries the step's day: refusals belong there.
    """

    sources: frozenset[Stage]
    permission: Permission
    dated_by: str
    guards: tuple[Guard, ...] = ()

    def refusals(self, case: Case) -> list[str]:
        """Return the sentences of the guards that refuse on the day of `case`."""
        return [reason for guard in self.guards if (reason := guard(case))]

    def is_at(self, candidate: Candidate) -> bool:
        """Say whether the file is at a stage from which this step is taken."""
        return candidate.stage in self.sources


def _day(case: Case) -> str:
    return f"{case.on:%d/%m/%Y}"


def on_the_list(case: Case) -> str | None:
    if case.milestone(Step.PUT_ON_LIST):
        return None
    return _("On %(day)s the person was not on the list of sympathisers.") % {"day": _day(case)}


def not_on_the_list_yet(case: Case) -> str | None:
    # Whatever the day: somebody is put on the list once.
    for milestone in case.candidate.milestones.all():
        if milestone.step == Step.PUT_ON_LIST:
            return _("The person is on the list of sympathisers since %(day)s.") % {
                "day": f"{milestone.on:%d/%m/%Y}"
            }
    return None


def valid_certificate(case: Case) -> str | None:
    if case.valid_certificate:
        return None
    if case.certificate:
        return _(
            "The class certificate counted until before %(expiry)s (%(months)s months,"
            " %(rules)s): on %(day)s it no longer counts."
        ) % {
            "expiry": f"{case.certificate.expires_on:%d/%m/%Y}",
            "months": case.certificate.rules.certificate_months,
            "rules": case.certificate.rules.code,
            "day": _day(case),
        }
    return _("There is no class certificate issued by %(day)s (%(months)s months, %(rules)s).") % {
        "day": _day(case),
        "months": case.rules.certificate_months,
        "rules": case.rules.code,
    }


def a_mentor(case: Case) -> str | None:
    if case.mentorships:
        return None
    return _("On %(day)s no official member was assigned to help.") % {"day": _day(case)}


def all_papers(case: Case) -> str | None:
    if not case.missing_papers:
        return None
    return _("Papers missing or out of date on %(day)s: %(papers)s (%(rules)s).") % {
        "day": _day(case),
        "papers": "; ".join(str(kind) for kind in case.missing_papers),
        "rules": case.rules.code,
    }


def of_age(case: Case) -> str | None:
    person = case.candidate.person
    if may_be_considered_at_age(person.born_on, case.on, case.rules):
        return None
    return _(
        "On %(day)s the person is %(age)s years old; the cell considers people from"
        " %(youngest)s to %(oldest)s (Charter, article 1; %(rules)s)."
    ) % {
        "day": _day(case),
        "age": full_years(person.born_on, case.on),
        "youngest": case.rules.min_age_years,
        "oldest": case.rules.max_age_years,
        "rules": case.rules.code,
    }


def _not_voted_yet(level: Level) -> Guard:
    def guard(case: Case) -> str | None:
        held = [one for one in case.candidate.ballots.all() if one.level == level]
        if level == Level.COMPETENT and case.bodies.competent:
            # What another body voted, before the cell came under this one, does not bind it.
            body = case.bodies.competent.organization_id
            held = [one for one in held if one.organization_id == body]
        if any(one.passed for one in held):
            return _("This vote has passed already.")
        latest = max((one.held_on for one in held), default=None)
        if latest and case.on < latest:
            return _("The vote before this one was held later, on %(day)s.") % {
                "day": f"{latest:%d/%m/%Y}"
            }
        return None

    return guard


def _levels_below_passed(level: Level) -> Guard:
    def guard(case: Case) -> str | None:
        levels = case.bodies.levels()
        for below in levels[: levels.index(level)] if level in levels else []:
            if not case.passed(below):
                return _("By %(day)s there is no passed vote of: %(body)s.") % {
                    "day": _day(case),
                    "body": case.bodies.at(below),
                }
        return None

    return guard


def _a_body(level: Level) -> Guard:
    def guard(case: Case) -> str | None:
        if case.bodies.at(level):
            return None
        if level == Level.COMPETENT:
            return nobody_competent(case)
        return _("On %(day)s this cell has no such committee above it.") % {"day": _day(case)}

    return guard


def nobody_competent(case: Case) -> str | None:
    if case.bodies.competent:
        return None
    return _("On %(day)s no organisation above this cell decides on admissions.") % {
        "day": _day(case)
    }


def competent_passed(case: Case) -> str | None:
    if case.passed(Level.COMPETENT):
        return None
    body = case.bodies.competent
    if body and any(one.level == Level.COMPETENT and one.passed for one in case.ballots):
        return _("The vote was of another body than the one competent on %(day)s: %(body)s.") % {
            "day": _day(case),
            "body": body,
        }
    return _("By %(day)s the competent committee has not passed a vote on the person.") % {
        "day": _day(case)
    }


def decision_made(case: Case) -> str | None:
    decision = case.decision
    if decision is None:
        return _("There is no decision on admission.")
    first = max(decision.signed_on, decision.received_on or decision.signed_on)
    if case.on < first:
        return _("The ceremony cannot be before the cell had the decision, on %(day)s.") % {
            "day": f"{first:%d/%m/%Y}"
        }
    return None


def the_cell_was_there(case: Case) -> str | None:
    since = case.candidate.cell.period.lower
    if case.cell_id != case.candidate.cell_id:
        since = Organization.objects.get(pk=case.cell_id).period.lower
    if case.on >= since and case.on > case.candidate.person.born_on:
        return None
    return _("The cell did not exist on that day.")


def nothing_before_identification(case: Case) -> str | None:
    if case.on >= case.candidate.identified_on:
        return None
    return _("The day lies before the day the person was identified, %(day)s.") % {
        "day": f"{case.candidate.identified_on:%d/%m/%Y}"
    }


BEFORE_THE_CELL = frozenset(ORDER[: ORDER.index(Stage.CELL_RESOLVED)])
OPEN = frozenset(OPEN_STAGES)
UNDECIDED = OPEN - {Stage.DECIDED}

STEPS: dict[Step, StepRule] = {
    Step.PUT_ON_LIST: StepRule(
        BEFORE_THE_CELL,
        Permission.PREPARE,
        "held_on",
        (not_on_the_list_yet, the_cell_was_there),
    ),
    Step.CERTIFY: StepRule(BEFORE_THE_CELL, Permission.PREPARE, "issued_on"),
    Step.ASSIGN_MENTOR: StepRule(
        OPEN, Permission.PREPARE, "since", (nothing_before_identification,)
    ),
    Step.RECEIVE_PAPER: StepRule(BEFORE_THE_CELL, Permission.PREPARE, "received_on"),
    Step.VOTE_CELL: StepRule(
        BEFORE_THE_CELL,
        Permission.PREPARE,
        "held_on",
        (
            _not_voted_yet(Level.CELL),
            nothing_before_identification,
            on_the_list,
            valid_certificate,
            a_mentor,
            all_papers,
            of_age,
        ),
    ),
    Step.VOTE_INTERMEDIATE: StepRule(
        frozenset({Stage.CELL_RESOLVED}),
        Permission.VOTE_INTERMEDIATE,
        "held_on",
        (
            _a_body(Level.INTERMEDIATE),
            _not_voted_yet(Level.INTERMEDIATE),
            _levels_below_passed(Level.INTERMEDIATE),
        ),
    ),
    Step.VOTE_GRASSROOTS: StepRule(
        frozenset({Stage.CELL_RESOLVED, Stage.APPRAISED}),
        Permission.VOTE_GRASSROOTS,
        "held_on",
        (
            _a_body(Level.GRASSROOTS),
            _not_voted_yet(Level.GRASSROOTS),
            _levels_below_passed(Level.GRASSROOTS),
        ),
    ),
    Step.VOTE_COMPETENT: StepRule(
        # Also a file that another competent body passed before the cell came under this one.
        frozenset(ORDER[ORDER.index(Stage.CELL_RESOLVED) : ORDER.index(Stage.DECIDED)]),
        Permission.VOTE_COMPETENT,
        "held_on",
        (
            _a_body(Level.COMPETENT),
            _not_voted_yet(Level.COMPETENT),
            _levels_below_passed(Level.COMPETENT),
        ),
    ),
    Step.DECIDE: StepRule(
        # Earlier stages too: "decide before the vote" is told at its day, not as a wrong stage.
        frozenset(ORDER[ORDER.index(Stage.CELL_RESOLVED) : ORDER.index(Stage.DECIDED)]),
        Permission.DECIDE,
        "signed_on",
        (nobody_competent, competent_passed),
    ),
    Step.ADMIT: StepRule(
        frozenset({Stage.DECIDED}), Permission.PREPARE, "ceremony_on", (decision_made,)
    ),
    Step.CLOSE: StepRule(
        UNDECIDED, Permission.PREPARE, "closed_on", (nothing_before_identification,)
    ),
}
"""What is not named, such as identifying, has no stage to come from."""


def refusal_of_stage(step: Step, candidate: Candidate) -> str | None:
    """Return why `step` is not taken from the file's present stage, or None."""
    if STEPS[step].is_at(candidate):
        return None
    return _("The file is at “%(stage)s”: “%(step)s” is not recorded from there.") % {
        "stage": Stage(candidate.stage).label,
        "step": Step(step).label,
    }


def part_taken(case: Case, *, by: User) -> str | None:
    """Return what part `by` took in the case that bars them from approving it, or None."""
    file = case.candidate
    if file.entered_by_id == by.pk:
        return _("You logged this candidate, so another approver records the decision.")
    if any(ballot.entered_by_id == by.pk for ballot in file.ballots.all()):
        return _("You recorded a vote of this case, so another approver records the decision.")
    mentors = {helping.mentor_id for helping in file.mentorships.all()}
    if by.person_id is not None and by.person_id in mentors:
        return _("You help this candidate, so another approver records the decision.")
    return None
