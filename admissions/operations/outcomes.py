"""What becomes of a file above the cell: sent up, returned, given a longer term, told of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from admissions.cases import Case
from admissions.models import Candidate, Extension, FileReturn, Milestone, RuleSet
from admissions.permissions import Rights
from admissions.probation import rules_of_recognition
from admissions.rules import add_working_days, decision_due_on, recognition_decision_due_on
from admissions.stages import ORDER, REACHES, STEP_OF_VOTE, Level, Purpose, Stage, Step
from config import names
from config.errors import DomainError

from .recording import begin, kept, record

if TYPE_CHECKING:
    from organizations.models import User

RETURNED_TO = (
    Stage.SYMPATHISER,
    Stage.CERTIFIED,
    Stage.DOSSIER,
    Stage.READY,
    Stage.CELL_RESOLVED,
    Stage.APPRAISED,
    Stage.GRASSROOTS_RESOLVED,
    Stage.COMPETENT_RESOLVED,
)
"""From which steps on something is done again: the class, papers, a vote, the decision itself."""


# ---------------------------------------------------------------- sending up


@transaction.atomic
def send_up(
    candidate: Candidate, *, by: User, on: date, sent_on: date, to: str, letter_number: str = ""
) -> Milestone:
    """Record that the body which has the file sent it on `sent_on` to the body at level `to`.

    The cell's secretary sends after the cell's vote, staff of a committee after its own. Raises
    PermissionDenied for others, DomainError at `sent_on` before the vote or where it was sent
    since then, at `to` where the line has no such body or it has voted.
    """
    case = begin(candidate, Step.SEND_UP, by=by, on=on, happened_on=sent_on)
    file = case.candidate
    if to not in sendable_to(case):
        raise DomainError(fields={"to": _("The file is not sent there next.")})
    body, letter = case.bodies.voting(to), names.written(letter_number)

    def words() -> str:
        if letter:
            return _("To %(body)s, letter %(letter)s") % {"body": body, "letter": letter}
        return _("To %(body)s") % {"body": body}

    milestone = Milestone(
        candidate=file, step=Step.SEND_UP, on=sent_on, entered_by=by, note=kept(words)
    )
    return record(file, [milestone], announced_on=sent_on)[0]


def sendable_to(case: Case) -> list[Level]:
    """Return the levels to which the file may be sent next, the usual one first."""
    return [level for level in case.bodies.levels() if not case.passed(level)]


@transaction.atomic
def receive_decision(candidate: Candidate, *, by: User, on: date, received_on: date) -> Milestone:
    """Record that the cell received the decision on `received_on`, which the decision did not say.

    The term for the ceremony runs from there where the file's rules count from the receipt. Raises
    PermissionDenied where `by` does not prepare the cell's files, DomainError at `received_on`
    before the signature or where the day is known.
    """
    case = begin(candidate, Step.RECEIVE_DECISION, by=by, on=on, happened_on=received_on)
    decision = case.decided()
    milestone = Milestone(
        candidate=case.candidate,
        step=Step.RECEIVE_DECISION,
        on=received_on,
        decided_on=decision.signed_on,
        entered_by=by,
        note=kept(lambda: _("No. %(number)s") % {"number": decision.number}),
    )
    return record(case.candidate, [milestone], announced_on=received_on)[0]


# ---------------------------------------------------------------- returning


@transaction.atomic
def return_file(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    level: str,
    returned_on: date,
    back_to: str,
    reason: str,
    missing: Sequence[str] = (),
) -> FileReturn:
    """Return the file for completion, from the body at `level` to the step `back_to`.

    Votes above `back_to` count no more and are held again; all stay in the history. `missing` are
    codes of forms, or words. Forms so named are missing until received anew. Raises
    PermissionDenied where `by` is no staff of that body, DomainError at the field that is wrong.
    """
    case = begin(candidate, Step.RETURN, by=by, on=on, happened_on=returned_on)
    file = case.candidate
    rights = Rights.of(by, on=on, cells=[file.cell_id])
    if level not in rights.serves(case):
        raise PermissionDenied
    reason = names.written(reason)
    items = [item for one in missing if (item := names.written(one).replace(";", ","))]
    refusals = {}
    if not reason:
        refusals["reason"] = _("Say why the file is returned.")
    if back_to not in returnable_to(case):
        refusals["back_to"] = _("The file cannot go back there from where it is.")
    if level != case.holder:
        refusals["level"] = _("The file lies with another body: %(body)s.") % {
            "body": case.bodies.at(case.holder) or case.bodies.cell
        }
    if later := [one for one in file.ballots.all() if one.held_on > returned_on]:
        refusals["returned_on"] = _("A vote was held after that day, on %(day)s.") % {
            "day": f"{max(one.held_on for one in later):%d/%m/%Y}"
        }
    if len(FileReturn.SEPARATOR.join(items)) > FileReturn._meta.get_field("missing").max_length:  # type: ignore[operator]
        refusals["missing"] = _("Too much at once: name the forms, and the rest in the reason.")
    if refusals:
        raise DomainError(fields=refusals)
    body = case.bodies.voting(level)
    row = go_back(
        case,
        by=by,
        organization_id=body.organization_id,
        level=level,
        on=returned_on,
        back_to=back_to,
        reason=reason,
        missing=FileReturn.SEPARATOR.join(items),
    )
    milestone = Milestone(
        candidate=file,
        step=Step.RETURN,
        on=returned_on,
        entered_by=by,
        back_to=back_to,
        note=kept(
            lambda: (
                _("%(body)s, back to “%(stage)s”: %(reason)s")
                % {"body": body, "stage": Stage(back_to).label, "reason": reason}
            )
        ),
    )
    record(file, [milestone], announced_on=returned_on, also=["course"])
    return row


def go_back(
    case: Case,
    *,
    by: User,
    organization_id: int,
    level: str,
    on: date,
    back_to: str,
    reason: str,
    missing: str = "",
) -> FileReturn:
    """Begin a new course of the file: what was passed above `back_to` counts no more.

    The caller records the milestone and saves `course`.
    """
    file = case.candidate
    file.course += 1
    return FileReturn.objects.create(
        candidate=file,
        organization_id=organization_id,
        level=level,
        returned_on=on,
        back_to=back_to,
        reason=reason,
        missing=missing,
        course=file.course,
        entered_by=by,
    )


def returnable_to(case: Case) -> list[Stage]:
    """Return the stages to which the file may go back, nearest first: none above its own."""
    return [stage for stage in reversed(RETURNED_TO) if _lies_behind(case, stage)]


def _lies_behind(case: Case, stage: Stage) -> bool:
    if ORDER.index(stage) > ORDER.index(Stage(case.candidate.stage)):
        return False
    level = next((level for level in Level if REACHES[STEP_OF_VOTE[level]] == stage), None)
    return level is None or case.passed(level) is not None


def votes_lost(case: Case, back_to: Stage) -> list[Level]:
    """Return the levels whose vote would have to be held again after going back to `back_to`."""
    return [
        level
        for level in case.bodies.levels()
        if case.passed(level) and ORDER.index(REACHES[STEP_OF_VOTE[level]]) > ORDER.index(back_to)
    ]


# ---------------------------------------------------------------- a longer term


@transaction.atomic
def extend_term(
    candidate: Candidate, *, by: User, on: date, decided_on: date, reason: str
) -> Extension:
    """Take the longer term for the decision that is due, once and with its reason.

    Of admission before it, of recognition during the probation; the new last day is reckoned now
    and kept. Raises PermissionDenied where `by` is no staff of the competent body, DomainError at
    `decided_on` after the first term or before the cell's resolution, at `reason` without one.
    """
    case = begin(candidate, Step.EXTEND, by=by, on=on, happened_on=decided_on)
    file, reason = case.candidate, names.written(reason)
    if not reason:
        raise DomainError(fields={"reason": _("Say why more time is needed.")})
    clock = clock_of(file)
    first, longer = terms_of(case, clock)
    refusal = refusal_to_extend(case, clock, first=first)
    if refusal or longer is None:
        raise DomainError(fields={"decided_on": refusal or ""})
    code = rules_of_term(case, clock).code
    row = Extension.objects.create(
        candidate=file,
        clock=clock,
        course=file.course,
        decided_on=decided_on,
        due_on=longer,
        reason=reason,
        entered_by=by,
    )
    milestone = Milestone(
        candidate=file,
        step=Step.EXTEND,
        on=decided_on,
        entered_by=by,
        note=kept(
            lambda: (
                _("Now due by %(day)s (%(rules)s): %(reason)s")
                % {"day": f"{longer:%d/%m/%Y}", "rules": code, "reason": reason}
            )
        ),
    )
    record(file, [milestone], announced_on=decided_on)
    return row


def clock_of(candidate: Candidate) -> Extension.Clock:
    """Return which decision the file waits for."""
    is_member = candidate.stage == Stage.ADMITTED
    return Extension.Clock.RECOGNITION if is_member else Extension.Clock.ADMISSION


def terms_of(case: Case, clock: str) -> tuple[date | None, date | None]:
    """Return (last day of the first term, of the longer one) for the decision of `clock`.

    Both run from the cell's resolution, or from the receipt of a file by the committee that has a
    term of its own; None before the resolution. Source: the file's rule set, for recognition that
    of the cell's vote on it.
    """
    on_recognition = clock == Extension.Clock.RECOGNITION
    vote = case.passed(Level.CELL, Purpose.RECOGNITION if on_recognition else Purpose.ADMISSION)
    if vote is None:
        return None, None
    calendar = case.calendar
    if on_recognition:
        rules = rules_of_recognition(case, vote)
        return (
            recognition_decision_due_on(vote.held_on, rules, calendar=calendar),
            recognition_decision_due_on(vote.held_on, rules, extended=True, calendar=calendar),
        )
    rules, first = case.own_rules(at=vote.entered_at), case.decision_limit()
    if first is None or case.extension(clock):
        # Taken already: what it was taken from is said, nothing is added to it.
        return (
            decision_due_on(vote.held_on, rules, calendar=calendar),
            decision_due_on(vote.held_on, rules, extended=True, calendar=calendar),
        )
    return first, add_working_days(first, rules.admission_extension_days, calendar)


def rules_of_term(case: Case, clock: str) -> RuleSet:
    """Return the rules that give the term of `clock`."""
    vote = case.passed(Level.CELL, Purpose.RECOGNITION)
    if clock == Extension.Clock.RECOGNITION and vote:
        return rules_of_recognition(case, vote)
    return case.candidate.rules


def refusal_to_extend(case: Case, clock: str, *, first: date | None) -> str | None:
    """Return why the term of `clock` cannot be extended on the day of the case, or None."""
    rules = rules_of_term(case, clock)
    if first is None:
        return _("The term runs from the cell's resolution; by %(day)s there is none.") % {
            "day": f"{case.on:%d/%m/%Y}"
        }
    if taken := case.extension(clock):
        return _("The term was extended on %(day)s, to %(due)s; once only (%(rules)s).") % {
            "day": f"{taken.decided_on:%d/%m/%Y}",
            "due": f"{taken.due_on:%d/%m/%Y}",
            "rules": rules.code,
        }
    if case.on > first:
        return _("The term ended on %(day)s (%(rules)s); it is extended before it ends.") % {
            "day": f"{first:%d/%m/%Y}",
            "rules": rules.code,
        }
    if clock == Extension.Clock.RECOGNITION and case.decision_for(Purpose.RECOGNITION):
        return _("The decision is made.")
    return None
