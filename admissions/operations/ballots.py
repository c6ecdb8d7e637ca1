"""Recording votes: of the cell, of the committees above, of the body that decides."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from admissions.cases import Case, case_of, official_members, summoned
from admissions.guards import escalated
from admissions.guards_of_moving import on_its_way
from admissions.guards_of_separation import decided_already
from admissions.models import Ballot, Candidate, FileReturn, Meeting, Milestone, RuleSet
from admissions.permissions import Permission, Rights
from admissions.rules import Threshold
from admissions.stages import LIVE_STAGES, STEPS_OF_VOTES, Level, Purpose, Step
from config import names
from config.errors import DomainError

from .outcomes import go_back
from .recording import begin, in_the_future, kept, locked, no_rules, record

if TYPE_CHECKING:
    from organizations.models import User


MOST_PEOPLE = 9999
"""More are in no body that votes; the forms take as many."""


@transaction.atomic
def record_ballot(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    level: str,
    held_on: date,
    entitled: int,
    present: int,
    in_favour: int,
    against: int,
    resolution_number: str = "",
    purpose: str = Purpose.ADMISSION,
    meeting: Meeting | None = None,
    reasons: str = "",
    reported_up_on: date | None = None,
) -> Ballot:
    """Record the vote of the body at `level` on `held_on`; the threshold is frozen with it.

    The body is found from the line of the cell on that day. A vote that reaches its threshold
    moves the file on; one that falls short is kept, counted as an attempt, and may be repeated.
    The vote of the cell fixes under which rules the case is judged. Numbers are people; those who
    neither vote for nor against abstained. `purpose` is what the vote is about; `meeting` are the
    minutes it stands in, whose numbers it shares; `reasons` those of the votes against.

    The base of a cell's vote without minutes is at least everybody summoned on that day: who is
    exempt and absent, or suspended, is named in minutes. That of the deciding body is the number
    of its members, present or not (domain.md 2.6).

    The secretary of a cell may both propose a candidate and record the cell's own vote: whoever
    does either never approves the decision (`guards_of_separation`, and the database), and
    whoever approved one records no later vote of the case. The full
    result of a vote that falls short is reported up (HD 06-HD/TW 2025, domain.md 2.6): on
    `reported_up_on`, or with this entry on day `on`, for the committees above read it from then.

    Raises PermissionDenied where `by` does not record votes of that body (the cell: its secretary;
    a committee: its staff), DomainError at `held_on` with all that is missing, or at the number
    that is impossible.
    """
    level, purpose = Level(level), Purpose(purpose)
    step = STEPS_OF_VOTES[purpose][level]
    case = begin(candidate, step, by=by, on=on, happened_on=held_on)
    file = case.candidate
    if sentence := decided_already(case, by=by):
        raise DomainError(sentence)
    body = case.bodies.voting(level)
    _refuse_numbers(
        case,
        level=level,
        entitled=entitled,
        present=present,
        in_favour=in_favour,
        against=against,
        in_minutes=meeting is not None,
    )
    if reported_up_on is not None and not held_on <= reported_up_on <= on:
        raise DomainError(
            fields={
                "reported_up_on": _("A result is reported from the day of the vote until today.")
            }
        )
    share = case.threshold(level)
    passed = share.passed(in_favour=in_favour, entitled=entitled)
    attempt = case.attempts(level, purpose) + 1
    number = names.written(resolution_number)
    ballot = Ballot.objects.create(
        candidate=file,
        purpose=purpose,
        course=file.course,
        meeting=meeting,
        level=level,
        organization_id=body.organization_id,
        attempt=attempt,
        held_on=held_on,
        entitled=entitled,
        present=present,
        in_favour=in_favour,
        against=against,
        rules=case.rules,
        numerator=share.numerator,
        denominator=share.denominator,
        strict=share.strict,
        passed=passed,
        resolution_number=number,
        reasons=names.written(reasons)[:500],
        reported_up_on=None if passed else reported_up_on or on,
        entered_by=by,
    )
    if level == Level.CELL and purpose == Purpose.ADMISSION:
        file.rules = case.rules
    milestone = Milestone(
        candidate=file,
        step=step if passed else Step.FALL_SHORT,
        on=held_on,
        entered_by=by,
        note=kept(lambda: _note(case, ballot, share=share)),
    )
    record(file, [milestone], announced_on=held_on, also=["rules"])
    return ballot


@transaction.atomic
def allow_further_vote(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    level: str,
    allowed_on: date,
    reason: str,
    purpose: str = Purpose.ADMISSION,
) -> FileReturn:
    """Record that the competent committee lets the body at `level` vote again after its failures.

    Kept as a return of the file by the competent committee to the stage where it stands: nothing
    that passed is lost, and a new course begins in which the failures count no more
    (`guards.escalated`). Raises PermissionDenied where `by` is not of the competent committee's
    staff, DomainError at `allowed_on` or `reason`, where the file is closed or on its way to
    another cell, or where votes have not failed so often.
    """
    file = locked(candidate, by=by, on=on)
    if allowed_on > on:
        raise in_the_future(allowed_on, field="allowed_on")
    try:
        case = case_of(file, on=allowed_on)
    except RuleSet.DoesNotExist:
        raise no_rules(allowed_on, field="allowed_on") from None
    body = case.bodies.competent
    rights = Rights.of(by, on=on, cells=[file.cell_id])
    if body is None or not rights.may(Permission.VOTE_COMPETENT, case):
        raise PermissionDenied
    if file.stage not in LIVE_STAGES:
        raise DomainError(_("The file is closed."))
    if sentence := on_its_way(Step.RETURN, case):
        raise DomainError(sentence)
    failed = case.short_votes(level, purpose)
    if escalated(case, Level(level), Purpose(purpose)) is None:
        raise DomainError(
            _("%(number)s votes fell short; the body itself may vote again.")
            % {"number": len(failed)}
        )
    last = max(one.held_on for one in failed)
    refusals = {}
    if allowed_on < last:
        refusals["allowed_on"] = _("The last vote that fell short was on %(day)s.") % {
            "day": f"{last:%d/%m/%Y}"
        }
    if not names.written(reason):
        refusals["reason"] = _("Write why a further vote may be held.")
    if refusals:
        raise DomainError(fields=refusals)
    further = go_back(
        case,
        by=by,
        organization_id=body.organization_id,
        level=Level.COMPETENT,
        on=allowed_on,
        back_to=file.stage,
        reason=names.written(reason)[:300],
    )
    milestone = Milestone(
        candidate=file,
        step=Step.RETURN,
        on=allowed_on,
        entered_by=by,
        back_to=file.stage,
        note=kept(
            lambda: (
                _("%(body)s may vote again: %(reason)s")
                % {"body": Level(level).label, "reason": further.reason}
            )
        ),
    )
    record(file, [milestone], announced_on=allowed_on, also=["course"])
    return further


def refusal_of_people(entitled: int) -> str | None:
    """Return why so many cannot be entitled to vote, whatever body it is; or None."""
    if entitled < 1:
        return _("At least one person is entitled to vote.")
    if entitled > MOST_PEOPLE:
        return _("At most %(most)s people are entitled to vote.") % {"most": MOST_PEOPLE}
    return None


def _refuse_numbers(
    case: Case,
    *,
    level: Level,
    entitled: int,
    present: int,
    in_favour: int,
    against: int,
    in_minutes: bool,
) -> None:
    """Raise DomainError at each number that cannot be; integers only, never percents."""
    refusals = {}
    if sentence := refusal_of_people(entitled) or _refusal_of_entitled(
        case, level=level, entitled=entitled, in_minutes=in_minutes
    ):
        refusals["entitled"] = sentence
    if min(present, in_favour, against) < 0:
        raise DomainError(_("Numbers of people cannot be below zero."))
    if present > entitled:
        refusals["present"] = _(
            "Those present (%(present)s) are more than those entitled to vote (%(entitled)s)."
        ) % {"present": present, "entitled": entitled}
    if in_favour > present:
        refusals["in_favour"] = _(
            "The votes in favour (%(in_favour)s) are more than those present (%(present)s)."
        ) % {"in_favour": in_favour, "present": present}
    elif in_favour + against > present:
        refusals["against"] = _(
            "Votes in favour and against together (%(votes)s) are more than those present"
            " (%(present)s)."
        ) % {"votes": in_favour + against, "present": present}
    if refusals:
        raise DomainError(fields=refusals)


def _refusal_of_entitled(
    case: Case, *, level: Level, entitled: int, in_minutes: bool
) -> str | None:
    if level == Level.CELL:
        members = official_members(case.cell_id, on=case.on)
        if entitled > members:
            return _(
                "The cell has %(members)s official members on %(day)s; no more can be entitled to"
                " vote."
            ) % {"members": members, "day": f"{case.on:%d/%m/%Y}"}
        # The list in the minutes says by name who is not counted; a number alone does not.
        least = 0 if in_minutes else summoned(case.cell_id, on=case.on)
        if entitled < least:
            return _(
                "On %(day)s %(least)s official members of the cell are summoned. Who is exempt and"
                " absent, or suspended, is named on the page “Cell meeting”: enter the vote there."
            ) % {"least": least, "day": f"{case.on:%d/%m/%Y}"}
        return None if in_minutes else _refusal_beside_minutes(case, entitled=entitled)
    competence = case.bodies.competence
    if level != Level.COMPETENT or competence is None or competence.members_entitled is None:
        return None
    people = competence.members_entitled
    if entitled > people:
        return _("The deciding body has %(people)s members.") % {"people": people}
    if entitled < people and not case.bodies.is_delegated:
        return _(
            "All %(people)s members of the deciding body are counted, those present and those"
            " absent."
        ) % {"people": people}
    if entitled < people:
        return _(
            "A delegated committee votes with all its members counted: %(people)s (%(rules)s)."
        ) % {"people": people, "rules": case.rules.code}
    return None


def _refusal_beside_minutes(case: Case, *, entitled: int) -> str | None:
    """Return why a vote without minutes counts so many where the day has minutes; or None."""
    minutes = Meeting.objects.filter(
        organization=case.cell_id, level=Level.CELL, held_on=case.on
    ).first()
    if minutes is None or minutes.entitled == entitled:
        return None
    return _(
        "By the minutes of %(day)s %(people)s are entitled to vote: enter this vote as part of that"
        " meeting, on the page “Cell meeting”."
    ) % {"day": f"{case.on:%d/%m/%Y}", "people": minutes.entitled}


def _note(case: Case, ballot: Ballot, *, share: Threshold) -> str:
    words = _("%(in_favour)s of %(entitled)s in favour, %(needed)s needed") % {
        "in_favour": ballot.in_favour,
        "entitled": ballot.entitled,
        "needed": share.needed(ballot.entitled),
    }
    if ballot.passed:
        return words
    # This one is not yet among those that were read.
    if len(case.short_votes(ballot.level, ballot.purpose)) + 1 >= case.rules.failed_votes_escalate:
        return _(
            "%(words)s; vote number %(attempt)s that fell short: the superior committee decides"
            " how to go on"
        ) % {"words": words, "attempt": ballot.attempt}
    return _("%(words)s; vote number %(attempt)s, it may be repeated") % {
        "words": words,
        "attempt": ballot.attempt,
    }
