"""Recording votes: of the cell, of the committees above, of the body that decides."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.cases import Case, official_members
from admissions.models import Ballot, Candidate, Milestone
from admissions.rules import Threshold
from admissions.stages import STEP_OF_VOTE, Level, Step
from config import names
from config.errors import DomainError

from .recording import begin, kept, record

if TYPE_CHECKING:
    from organizations.models import User


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
) -> Ballot:
    """Record the vote of the body at `level` on `held_on`; the threshold is frozen with it.

    The body is found from the line of the cell on that day. A vote that reaches its threshold
    moves the file on; one that falls short is kept, counted as an attempt, and may be repeated.
    The vote of the cell fixes under which rules the case is judged. Numbers are people; those who
    neither vote for nor against abstained.

    Raises PermissionDenied where `by` does not record votes of that body (the cell: its secretary;
    a committee: its staff), DomainError at `held_on` with all that is missing, or at the number
    that is impossible.
    """
    level = Level(level)
    step = STEP_OF_VOTE[level]
    case = begin(candidate, step, by=by, on=on, happened_on=held_on)
    file = case.candidate
    body = case.bodies.voting(level)
    _refuse_numbers(
        case,
        level=level,
        entitled=entitled,
        present=present,
        in_favour=in_favour,
        against=against,
    )
    share = case.threshold(level)
    passed = share.passed(in_favour=in_favour, entitled=entitled)
    attempt = case.attempts(level) + 1
    number = names.written(resolution_number)
    ballot = Ballot.objects.create(
        candidate=file,
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
        entered_by=by,
    )
    if level == Level.CELL:
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


def _refuse_numbers(
    case: Case, *, level: Level, entitled: int, present: int, in_favour: int, against: int
) -> None:
    """Raise DomainError at each number that cannot be; integers only, never percents."""
    refusals = {}
    if entitled < 1:
        refusals["entitled"] = _("At least one person is entitled to vote.")
    elif sentence := _refusal_of_entitled(case, level=level, entitled=entitled):
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


def _refusal_of_entitled(case: Case, *, level: Level, entitled: int) -> str | None:
    if level == Level.CELL:
        members = official_members(case.cell_id, on=case.on)
        if entitled > members:
            return _(
                "The cell has %(members)s official members on %(day)s; no more can be entitled to"
                " vote."
            ) % {"members": members, "day": f"{case.on:%d/%m/%Y}"}
        return None
    competence = case.bodies.competence
    if level != Level.COMPETENT or competence is None or competence.members_entitled is None:
        return None
    people = competence.members_entitled
    if entitled > people:
        return _("The deciding body has %(people)s members.") % {"people": people}
    if entitled < people and case.bodies.is_delegated:
        return _(
            "A delegated committee votes with all its members counted: %(people)s (%(rules)s)."
        ) % {"people": people, "rules": case.rules.code}
    return None


def _note(case: Case, ballot: Ballot, *, share: Threshold) -> str:
    words = _("%(in_favour)s of %(entitled)s in favour, %(needed)s needed") % {
        "in_favour": ballot.in_favour,
        "entitled": ballot.entitled,
        "needed": share.needed(ballot.entitled),
    }
    if ballot.passed:
        return words
    if ballot.attempt >= case.rules.failed_votes_escalate:
        return _(
            "%(words)s; vote number %(attempt)s that fell short: the superior committee decides"
            " how to go on"
        ) % {"words": words, "attempt": ballot.attempt}
    return _("%(words)s; vote number %(attempt)s, it may be repeated") % {
        "words": words,
        "attempt": ballot.attempt,
    }
