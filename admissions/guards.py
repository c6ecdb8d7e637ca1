"""What may happen to a file, when: the table of steps. Buttons, operations and tests read it.

A guard answers with the sentence that refuses, or None. It sees the case as it stood on the day
of the step, so a step entered late is judged by its own day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admissions import guards_of_probation as of_probation
from admissions.cases import VERIFICATION_FORM, Case, grassroots_unit
from admissions.eligibility import FOR_PERMISSION, FOR_THE_CELL, of_age
from admissions.models import Candidate, Milestone
from admissions.permissions import Permission
from admissions.rules import add_months, full_years
from admissions.stages import (
    BEFORE_THE_CELL,
    LIVE_STAGES,
    OPEN_STAGES,
    ORDER,
    STEP_OF_VOTE,
    STEPS_OF_VOTES,
    WITH_THE_COMMITTEES,
    Level,
    Purpose,
    Stage,
    Step,
)
from organizations.models import Organization

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


def no_lasting_certificate(case: Case) -> str | None:
    """Refuse a class for somebody whose certificate goes on counting; near its end it is right."""
    on_probation = case.candidate.stage == Stage.ADMITTED
    found = case.new_member_certificate if on_probation else case.valid_certificate
    if found is None or (not on_probation and case.certificate_expires_soon):
        return None
    return _("There is a certificate already: %(number)s of %(day)s.") % {
        "number": found.number,
        "day": f"{found.issued_on:%d/%m/%Y}",
    }


def a_mentor(case: Case) -> str | None:
    if any(one.mentor_id in case.official_cells for one in case.mentorships):
        return None
    if case.mentorships:
        return _("On %(day)s %(people)s is no official member: another one helps.") % {
            "day": _day(case),
            "people": ", ".join(str(one.mentor) for one in case.mentorships),
        }
    return _("On %(day)s no official member was assigned to help.") % {"day": _day(case)}


def a_mentor_of_the_unit(case: Case) -> str | None:
    """Refuse where all who help are of another grassroots unit than the cell (domain.md 2.9)."""
    homes = {
        case.official_cells[one.mentor_id]
        for one in case.mentorships
        if one.mentor_id in case.official_cells
    }
    # Nearly always of the cell itself: only else are the lines above asked for.
    if not homes or case.cell_id in homes:
        return None
    unit = grassroots_unit(case.cell_id, on=case.on)
    if any(grassroots_unit(home, on=case.on) == unit for home in homes):
        return None
    return _("On %(day)s nobody of this grassroots organisation helps the person.") % {
        "day": _day(case)
    }


def permission_of(case: Case, *, whenever: bool = False) -> Milestone | None:
    """Return the committee's permission that counts: no later return went back before it.

    By the day of the case, or `whenever`.
    """
    taken = case.candidate.milestones.all() if whenever else case.milestones
    back = [
        one.pk
        for one in case.candidate.milestones.all()
        if one.back_to and ORDER.index(Stage(one.back_to)) < ORDER.index(Stage.PERMITTED)
    ]
    given = [one for one in taken if one.step == Step.PERMIT and one.pk > max(back, default=0)]
    return max(given, key=lambda one: one.pk, default=None)


def permitted(case: Case) -> str | None:
    if not case.rules.permission_needed or permission_of(case):
        return None
    if (body := case.bodies.permitting) is None:
        return None  # nobody to ask; who decides is asked for later
    return _(
        "By %(day)s %(body)s has not permitted the procedure (step 5: the cell proposes, the"
        " committee decides; %(rules)s)."
    ) % {"day": _day(case), "body": body, "rules": case.rules.code}


def not_permitted_yet(case: Case) -> str | None:
    given = permission_of(case, whenever=True)
    if given is None:
        return None
    return _("The procedure is permitted since %(day)s.") % {"day": f"{given.on:%d/%m/%Y}"}


def plausible_age(case: Case) -> str | None:
    # Enough who will be of age before the papers made now go stale: the cell judges the day.
    person = case.candidate.person
    later = add_months(case.on, case.rules.dossier_months)
    if full_years(person.born_on, case.on) < case.rules.min_age_years:
        is_in_time = full_years(person.born_on, later) >= case.rules.min_age_years
        return None if is_in_time else of_age(case)
    return of_age(case)


def all_papers(case: Case) -> str | None:
    """Refuse where a form lacks; that of the verification `verified` asks for."""
    papers = [str(kind) for kind in case.missing_papers if kind.code != VERIFICATION_FORM]
    if not papers:
        return None
    return _("Papers missing or out of date on %(day)s: %(papers)s (%(rules)s).") % {
        "day": _day(case),
        "papers": "; ".join(papers),
        "rules": case.rules.code,
    }


def verified(case: Case) -> str | None:
    form = next((one for one in case.missing_papers if one.code == VERIFICATION_FORM), None)
    if form is None:
        return None
    terms = {"day": _day(case), "paper": form, "rules": case.rules.code}
    if waiting := len(case.open_verifications):
        return ngettext(
            "Missing on %(day)s: %(paper)s; %(number)s request is not settled (%(rules)s).",
            "Missing on %(day)s: %(paper)s; %(number)s requests are not settled (%(rules)s).",
            waiting,
        ) % {**terms, "number": waiting}
    return _("Missing on %(day)s: %(paper)s; nobody is asked to verify (%(rules)s).") % terms


def _not_voted_yet(level: Level, purpose: Purpose = Purpose.ADMISSION) -> Guard:
    def guard(case: Case) -> str | None:
        held = [
            one
            for one in case.candidate.ballots.all()
            if one.level == level and one.purpose == purpose and case.counts(one)
        ]
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
        return escalated(case, level, purpose)

    return guard


def escalated(case: Case, level: Level, purpose: Purpose) -> str | None:
    """Refuse a further vote after so many that fell short, until a further one is allowed.

    The regulation says of recognition and of deletion that after three failed votes the superior
    and the competent committee decide (HD 06-HD/TW 2025; domain.md 2.6); we read it the same for
    admission. Their decision is a decision on the case (to admit nobody, to close), or that the
    body may vote again: `operations.ballots.allow_further_vote`, a `FileReturn` of the competent
    committee, after which votes that fell short before count no more towards the number.
    """
    number = len(case.short_votes(level, purpose))
    if number < case.rules.failed_votes_escalate:
        return None
    return _(
        "%(number)s votes fell short: the superior and the competent committee decide how to go on"
        " (%(most)s at most, %(rules)s). The body votes again once the competent committee has"
        " allowed it."
    ) % {"number": number, "most": case.rules.failed_votes_escalate, "rules": case.rules.code}


def _levels_below_passed(level: Level, purpose: Purpose = Purpose.ADMISSION) -> Guard:
    def guard(case: Case) -> str | None:
        levels = [one for one in case.bodies.levels() if one in STEPS_OF_VOTES[purpose]]
        for below in levels[: levels.index(level)] if level in levels else []:
            if not case.passed(below, purpose) and not case.is_passed_over(below, purpose):
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
    first = max(decision.signed_on, case.received_on or decision.signed_on)
    if case.on < first:
        return _("The ceremony cannot be before the cell had the decision, on %(day)s.") % {
            "day": f"{first:%d/%m/%Y}"
        }
    return None


def cell_resolved(case: Case) -> str | None:
    if case.passed(Level.CELL):
        return None
    return _("By %(day)s there is no passed vote of: %(body)s.") % {
        "day": _day(case),
        "body": case.bodies.cell,
    }


def cell_resolved_or_failed_too_often(case: Case) -> str | None:
    """After so many failed votes of the cell the competent committee decides (`escalated`)."""
    if case.has_escalated(Level.CELL, Purpose.ADMISSION):
        return None
    return cell_resolved(case)


def not_before_the_return(case: Case) -> str | None:
    """What is done again after a return, or after a cancellation, is not dated before it."""
    latest = max((one.returned_on for one in case.candidate.returns.all()), default=None)
    if latest is None or case.on >= latest:
        return None
    return _("The file was returned on %(day)s; what is done again is of that day or later.") % {
        "day": f"{latest:%d/%m/%Y}"
    }


def all_consents(case: Case) -> str | None:
    if not case.missing_consents:
        return None
    return _(
        "Consents needed before the decision and missing on %(day)s: %(papers)s (%(rules)s)."
    ) % {
        "day": _day(case),
        "papers": "; ".join(str(kind) for kind in case.missing_consents),
        "rules": case.rules.code,
    }


def competent_did_not_pass(case: Case) -> str | None:
    vote = case.passed(Level.COMPETENT)
    if vote is None:
        return None
    return _(
        "The competent committee passed its vote on %(day)s: it decides to admit, or returns the"
        " file."
    ) % {"day": f"{vote.held_on:%d/%m/%Y}"}


def not_sent_up_yet(case: Case) -> str | None:
    """Once from each body: a vote or a return since then lets the file be sent anew."""
    sent = sent_up(case.candidate.milestones.all())
    if sent is None:
        return None
    return _("The file was sent up on %(day)s.") % {"day": f"{sent.on:%d/%m/%Y}"}


def sent_up(milestones: Iterable[Milestone]) -> Milestone | None:
    """Return when the file was sent on by the body that has voted last, None where it was not."""
    for one in sorted(milestones, key=lambda one: one.pk, reverse=True):
        if one.step == Step.SEND_UP:
            return one
        if one.back_to or one.step in STEP_OF_VOTE.values():
            return None
    return None


def decision_was_signed(case: Case) -> str | None:
    decision = case.decision
    if decision is None:
        return _("There is no decision on admission.")
    if case.on < decision.signed_on:
        return _("The cell cannot have received it before it was signed.")
    return None


def not_received_yet(case: Case) -> str | None:
    if case.received_on is None:
        return None
    return _("The cell received the decision on %(day)s.") % {"day": f"{case.received_on:%d/%m/%Y}"}


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
    # To the awareness class, or on probation to the class for new members.
    Step.ENROL: StepRule(
        BEFORE_THE_CELL | frozenset({Stage.ADMITTED}),
        Permission.PREPARE,
        "proposed_on",
        (on_the_list, no_lasting_certificate),
    ),
    Step.CERTIFY_NEW_MEMBER: StepRule(
        frozenset({Stage.ADMITTED}),
        Permission.PREPARE,
        "issued_on",
        (of_probation.admitted_by_then, no_lasting_certificate),
    ),
    Step.ASSIGN_MENTOR: StepRule(
        frozenset(LIVE_STAGES), Permission.PREPARE, "since", (nothing_before_identification,)
    ),
    Step.PERMIT: StepRule(
        BEFORE_THE_CELL,
        Permission.PERMIT,
        "held_on",
        (
            not_permitted_yet,
            nothing_before_identification,
            on_the_list,
            valid_certificate,
            plausible_age,
            *FOR_PERMISSION,
        ),
    ),
    Step.INTRODUCE: StepRule(
        # Until the decision: afterwards nobody takes a part that would have barred its approver.
        UNDECIDED,
        Permission.PREPARE,
        "named_on",
        (nothing_before_identification,),
    ),
    Step.SEND_VERIFICATION: StepRule(
        BEFORE_THE_CELL, Permission.PREPARE, "sent_on", (nothing_before_identification,)
    ),
    Step.RECEIVE_VERIFICATION: StepRule(OPEN, Permission.PREPARE, "received_on"),
    # Consents come in until the decision, and papers of the probation after the ceremony.
    Step.RECEIVE_PAPER: StepRule(frozenset(LIVE_STAGES), Permission.PREPARE, "received_on"),
    Step.VOTE_CELL: StepRule(
        BEFORE_THE_CELL,
        Permission.PREPARE,
        "held_on",
        (
            _not_voted_yet(Level.CELL),
            not_before_the_return,
            nothing_before_identification,
            on_the_list,
            valid_certificate,
            permitted,
            a_mentor,
            a_mentor_of_the_unit,
            all_papers,
            verified,
            *FOR_THE_CELL,
        ),
    ),
    Step.VOTE_INTERMEDIATE: StepRule(
        frozenset({Stage.CELL_RESOLVED, Stage.COMPETENT_RESOLVED}),
        Permission.VOTE_INTERMEDIATE,
        "held_on",
        (
            _a_body(Level.INTERMEDIATE),
            _not_voted_yet(Level.INTERMEDIATE),
            not_before_the_return,
            _levels_below_passed(Level.INTERMEDIATE),
        ),
    ),
    Step.VOTE_GRASSROOTS: StepRule(
        # The last: a committee that decided itself, by a competence that it holds no more.
        frozenset({Stage.CELL_RESOLVED, Stage.APPRAISED, Stage.COMPETENT_RESOLVED}),
        Permission.VOTE_GRASSROOTS,
        "held_on",
        (
            _a_body(Level.GRASSROOTS),
            _not_voted_yet(Level.GRASSROOTS),
            not_before_the_return,
            _levels_below_passed(Level.GRASSROOTS),
        ),
    ),
    Step.VOTE_COMPETENT: StepRule(
        # Also a file that another competent body passed before the cell came under this one.
        WITH_THE_COMMITTEES,
        Permission.VOTE_COMPETENT,
        "held_on",
        (
            _a_body(Level.COMPETENT),
            _not_voted_yet(Level.COMPETENT),
            not_before_the_return,
            _levels_below_passed(Level.COMPETENT),
        ),
    ),
    Step.DECIDE: StepRule(
        # Earlier stages too: "decide before the vote" is told at its day, not as a wrong stage.
        WITH_THE_COMMITTEES,
        Permission.DECIDE,
        "signed_on",
        (nobody_competent, not_before_the_return, competent_passed, all_consents),
    ),
    Step.SEND_UP: StepRule(
        frozenset({Stage.CELL_RESOLVED, Stage.APPRAISED, Stage.GRASSROOTS_RESOLVED}),
        Permission.SEND_UP,
        "sent_on",
        (cell_resolved, not_before_the_return, not_sent_up_yet),
    ),
    Step.RETURN: StepRule(
        WITH_THE_COMMITTEES,
        Permission.RETURN,
        "returned_on",
        (cell_resolved, not_before_the_return),
    ),
    Step.EXTEND: StepRule(
        WITH_THE_COMMITTEES | {Stage.ADMITTED}, Permission.VOTE_COMPETENT, "decided_on"
    ),
    Step.REFUSE: StepRule(
        # From before the cell's resolution only where its votes failed too often.
        BEFORE_THE_CELL | WITH_THE_COMMITTEES,
        Permission.DECIDE,
        "signed_on",
        (
            nobody_competent,
            cell_resolved_or_failed_too_often,
            not_before_the_return,
            competent_did_not_pass,
        ),
    ),
    Step.RECEIVE_DECISION: StepRule(
        frozenset({Stage.DECIDED}),
        Permission.PREPARE,
        "received_on",
        (decision_was_signed, not_received_yet),
    ),
    Step.CANCEL: StepRule(
        frozenset({Stage.DECIDED, Stage.ADMITTED, Stage.OFFICIAL}), Permission.CANCEL, "signed_on"
    ),
    Step.ADMIT: StepRule(
        frozenset({Stage.DECIDED}), Permission.PREPARE, "ceremony_on", (decision_made,)
    ),
    Step.CLOSE: StepRule(
        UNDECIDED, Permission.PREPARE, "closed_on", (nothing_before_identification,)
    ),
}
"""What is not named, such as identifying, has no stage to come from."""

PERMISSION_OF_VOTE = {
    Level.CELL: Permission.PREPARE,
    Level.INTERMEDIATE: Permission.VOTE_INTERMEDIATE,
    Level.GRASSROOTS: Permission.VOTE_GRASSROOTS,
    Level.COMPETENT: Permission.VOTE_COMPETENT,
}

ON_PROBATION = frozenset({Stage.ADMITTED})

# The votes on recognition and on deleting a name follow one pattern at every level.
for _purpose in (Purpose.RECOGNITION, Purpose.DELETION):
    for _level, _step in STEPS_OF_VOTES[_purpose].items():
        STEPS[_step] = StepRule(
            ON_PROBATION,
            PERMISSION_OF_VOTE[_level],
            "held_on",
            (
                *(() if _level == Level.CELL else (_a_body(_level),)),
                _not_voted_yet(_level, _purpose),
                _levels_below_passed(_level, _purpose),
            ),
        )

STEPS[Step.RECOGNITION_CELL] = replace(
    STEPS[Step.RECOGNITION_CELL],
    guards=(
        *STEPS[Step.RECOGNITION_CELL].guards,
        of_probation.probation_over,
        of_probation.new_member_class,
        of_probation.papers_of_probation,
        of_probation.every_helper_wrote,
        of_probation.name_not_deleted,
    ),
)
STEPS[Step.DELETION_CELL] = replace(
    STEPS[Step.DELETION_CELL],
    guards=(
        *STEPS[Step.DELETION_CELL].guards,
        of_probation.admitted_by_then,
        of_probation.not_recognised,
    ),
)
STEPS |= {
    Step.NEW_MEMBER_PAPERS: StepRule(
        ON_PROBATION,
        Permission.PREPARE,
        "made_on",
        (of_probation.admitted_by_then, of_probation.papers_not_made_yet),
    ),
    Step.RECOGNISE: StepRule(
        ON_PROBATION,
        Permission.DECIDE,
        "signed_on",
        (
            nobody_competent,
            of_probation.probation_over,
            of_probation.recognition_passed,
            of_probation.name_not_deleted,
        ),
    ),
    Step.ANNOUNCE: StepRule(
        frozenset({Stage.OFFICIAL}),
        Permission.PREPARE,
        "announced_on",
        (of_probation.recognised_by_then, of_probation.not_announced_yet),
    ),
    Step.DELETE_NAME: StepRule(
        ON_PROBATION,
        Permission.DECIDE,
        "signed_on",
        (nobody_competent, of_probation.deletion_passed, of_probation.not_recognised),
    ),
}


STEPS |= {
    # A member on probation: the file follows the membership by itself.
    Step.ASK_MOVE: StepRule(OPEN, Permission.MOVE, "moved_on", (nothing_before_identification,)),
    Step.SEND_FILE: StepRule(OPEN, Permission.MOVE, "sent_on"),
    Step.RELEASE_MENTOR: StepRule(
        frozenset(LIVE_STAGES), Permission.PREPARE, "released_on", (nothing_before_identification,)
    ),
}


def refusal_of_stage(step: Step, candidate: Candidate) -> str | None:
    """Return why `step` is not taken from the file's present stage, or None."""
    if STEPS[step].is_at(candidate):
        return None
    return _("The file is at “%(stage)s”: “%(step)s” is not recorded from there.") % {
        "stage": Stage(candidate.stage).label,
        "step": Step(step).label,
    }
