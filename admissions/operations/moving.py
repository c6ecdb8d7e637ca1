"""A file follows a person who moves: asked for, sent by the old side, taken over by the new one.

Where the file stands decides how (HD 06-HD/TW 2025, 3.9, 3.10 and 10). Being helped: the new cell
goes on, the class certificate counts. Resolved below: the votes of the old line stay as history
and the new cell considers anew, by a `FileReturn` that begins another course. With the competent
committee: the votes below stand, and where another committee is competent it votes and decides
within a term of its own. Decided: the ceremony is held at the new place, unless another
committee's area is reached too late, where the issuer cancels first. On probation the file goes
with the membership (`FileFollows`).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from admissions.cases import Bodies, Case, bodies_of, case_of, grassroots_unit
from admissions.guards_of_moving import IN_HAND, JUDGED, too_early_to_move
from admissions.models import (
    Candidate,
    FileMove,
    FileTransfer,
    Milestone,
    RuleSet,
)
from admissions.permissions import Permission, Rights
from admissions.rules import (
    fault_review_due_on,
    forward_due_on,
    moved_decision_counts_until,
    moved_decision_due_on,
)
from admissions.stages import OPEN_STAGES, Level, Stage, Step
from config import names
from config.errors import DomainError
from config.periods import between
from config.rows import beyond_scope
from organizations.models import Ancestry, Membership, Organization, Role, Transfer
from organizations.operations.people import is_own_record
from organizations.permissions import accounts_of_human, acts

from .outcomes import go_back
from .recording import (
    begin,
    constraint_of,
    in_the_future,
    kept,
    kept_from_others,
    locked,
    record,
    rules_on,
    tell_stage,
)

if TYPE_CHECKING:
    from organizations.models import User

Situation = FileTransfer.Situation
State = FileTransfer.State

CONSIDERED_AGAIN_FROM = Stage.READY
"""Where a file goes back to that only the old line had resolved: before the cell's vote."""


# ---------------------------------------------------------------- where the file stands


def situation_of(case: Case, *, is_below: bool = False) -> FileTransfer.Situation:
    """Return in which of the five situations the file stands on the day of `case`.

    What the bodies below the competent one have passed lies with that one, unless `is_below`: it
    was not sent on yet, which only the old side knows.
    """
    if case.candidate.stage == Stage.ADMITTED:
        return Situation.PROBATION
    if case.decision is not None:
        return Situation.DECIDED
    if case.passed(Level.CELL) is None:
        return Situation.HELPED
    if case.next_vote() not in {None, Level.COMPETENT} or case.bodies.competent is None:
        return Situation.RESOLVED
    is_here = any(one.level == Level.COMPETENT and case.counts(one) for one in case.ballots)
    return Situation.RESOLVED if is_below and not is_here else Situation.SUBMITTED


def may_send(rights: Rights, case: Case, situation: str) -> bool:
    """Say whether the holder of `rights` sends the file: whoever has it where it stands."""
    if situation in {Situation.SUBMITTED, Situation.DECIDED}:
        body = case.bodies.competent
        here = {body.organization_id} if body else set()
        if case.decision is not None:
            here.add(case.decision.authority_id)
        is_own = rights.are_of_their_own(case.candidate.person_id)
        return not is_own and bool(here & rights.staff_at)
    return rights.may(Permission.PREPARE, case) or (
        situation == Situation.RESOLVED and rights.may(Permission.VOTE_GRASSROOTS, case)
    )


def new_line(destination: Organization | None, *, on: date) -> Bodies | None:
    """Return the bodies of the new place on day `on`; None outside this system."""
    if destination is None:
        return None
    return bodies_of([destination.pk], on=on)[destination.pk]


def same_competence(case: Case, line: Bodies | None, destination: Organization | None) -> bool:
    """Say whether the committee that has the file, or decided on it, is competent there too."""
    if line is None or destination is None:
        return False
    here = case.decision.authority_id if case.decision else None
    if here is None and case.bodies.competent:
        here = case.bodies.competent.organization_id
    there = line.competent.organization_id if line.competent else None
    return here is not None and here in {there, destination.pk}


def send_limit(
    situation: str, moved_on: date, rules: RuleSet, *, case: Case, is_same: bool
) -> date | None:
    """Return the last day to send the file on, None where no term is known for it."""
    if is_same:
        return None
    if situation == Situation.SUBMITTED:
        return forward_due_on(moved_on, rules, calendar=case.calendar)
    if situation == Situation.DECIDED:
        return moved_decision_counts_until(moved_on, rules, calendar=case.calendar)
    return None


# ---------------------------------------------------------------- the old side


@transaction.atomic
def ask_move(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    moved_on: date,
    destination: Organization | None = None,
    destination_place: str = "",
    reason: str = "",
    certificate_number: str = "",
    letter_number: str = "",
    is_below: bool = False,
) -> FileTransfer:
    """Ask that the file follow its person, whom a decision of day `moved_on` lets go elsewhere.

    To `destination`, a cell or a committee that chooses one, or to a place outside. From now on
    the old cell takes no step of the file, until it is taken over, refused or withdrawn.
    `is_below`: resolved by all below, and not sent on to the competent committee yet.

    Raises PermissionDenied where `by` is neither secretary over the cell nor, once it has
    resolved, staff of the competent body; DomainError at the field that is impossible, where the
    file is on its way already, and for a member on probation, whom the file follows by itself.
    """
    case = begin(candidate, Step.ASK_MOVE, by=by, on=on, happened_on=moved_on)
    file = case.candidate
    if FileTransfer.objects.open().filter(candidate=file).exists():
        raise _moves_already()
    place = names.written(destination_place)
    _refuse_going_nowhere(file, destination, place=place, on=on)
    # Asked again after a review of its faults, the cell may have resolved anew meanwhile.
    if not any(
        one.is_under_review and one.moved_on == moved_on for one in file.file_transfers.all()
    ):
        _refuse_too_early(file, moved_on, steps=JUDGED, field="moved_on")
    now = case_of(file, on=on)
    situation = situation_of(now, is_below=is_below)
    is_same = same_competence(now, new_line(destination, on=on), destination)
    rules = rules_on(moved_on, field="moved_on")
    transfer = FileTransfer(
        candidate=file,
        situation=situation,
        origin=file.cell,
        destination=destination,
        destination_place="" if destination else place,
        moved_on=moved_on,
        reason=names.written(reason),
        certificate_number=names.written(certificate_number),
        letter_number=names.written(letter_number),
        send_by=send_limit(situation, moved_on, rules, case=now, is_same=is_same),
        entered_by=by,
    )
    try:
        with transaction.atomic():
            transfer.save()
    except IntegrityError as error:
        if constraint_of(error) != "file_transfer_one_open_per_file":
            raise
        raise _moves_already() from error
    milestone = Milestone(
        candidate=file,
        step=Step.ASK_MOVE,
        on=on,
        decided_on=moved_on,
        entered_by=by,
        note=kept(
            lambda: (
                _("%(place)s. %(situation)s.")
                % {"place": transfer.place, "situation": Situation(situation).label}
            )
        ),
    )
    record(file, [milestone], announced_on=on)
    return transfer


@transaction.atomic
def send_file(
    transfer: FileTransfer,
    *,
    by: User,
    on: date,
    sent_on: date,
    certificate_number: str = "",
    letter_number: str = "",
) -> FileTransfer:
    """Send the file on `sent_on`, with the certificate of being helped or with a letter.

    To a place outside the file is closed with it. A file sent past its last day is sent, and the
    milestone says so; but a decision that reached its last day is cancelled by its issuer first.

    Raises PermissionDenied where `by` does not have the file (until the committees have resolved:
    the secretary; afterwards the staff of the competent body), DomainError at `sent_on` or at the
    number that is missing, and where it was sent or answered meanwhile.
    """
    case = begin(transfer.candidate, Step.SEND_FILE, by=by, on=on, happened_on=sent_on)
    file = case.candidate
    held = _held(transfer, State.ASKED)
    now = case_of(file, on=on)
    held.situation = situation_of(now, is_below=held.situation == Situation.RESOLVED)
    if not may_send(Rights.of(by, on=on, cells=[file.cell_id]), now, held.situation):
        raise PermissionDenied
    if sent_on < held.moved_on:
        raise DomainError(fields={"sent_on": _("The day lies before the decision to move.")})
    _refuse_too_early(file, sent_on, steps=IN_HAND, field="sent_on")
    rules = rules_on(held.moved_on, field="sent_on")
    is_same = same_competence(now, new_line(held.destination, on=on), held.destination)
    held.send_by = send_limit(held.situation, held.moved_on, rules, case=now, is_same=is_same)
    if sentence := decision_lapsed(held, sent_on=sent_on, rules=rules):
        raise DomainError(fields={"sent_on": sentence})
    held.certificate_number = names.written(certificate_number) or held.certificate_number
    held.letter_number = names.written(letter_number) or held.letter_number
    _refuse_without_number(held)
    held.state, held.sent_on = State.SENT, sent_on
    steps = [
        Milestone(
            candidate=file,
            step=Step.SEND_FILE,
            on=sent_on,
            entered_by=by,
            note=kept(lambda: _note_of_sending(held, rules=rules)),
        )
    ]
    also: tuple[str, ...] = ()
    if held.destination is None:
        held.state, held.received_by = State.RECEIVED, by
        steps.append(_closed(file, held, by=by, on=sent_on))
        also = ("closed_on", "closed_reason")
    _save(held)
    record(file, steps, announced_on=sent_on, also=also)
    return held


def decision_lapsed(transfer: FileTransfer, *, sent_on: date, rules: RuleSet) -> str | None:
    """Return why a decided file is not sent on `sent_on`: its issuer cancels first; or None."""
    limit = transfer.send_by
    if transfer.situation != Situation.DECIDED or limit is None or sent_on <= limit:
        return None
    return _(
        "The decision could be sent on until %(limit)s (%(days)s working days after the decision to"
        " move of %(moved)s, %(rules)s). Now the committee that issued it cancels it first, and"
        " then sends the file; the new place decides afresh."
    ) % {
        "limit": f"{limit:%d/%m/%Y}",
        "days": rules.moved_ceremony_days,
        "moved": f"{transfer.moved_on:%d/%m/%Y}",
        "rules": rules.code,
    }


@transaction.atomic
def withdraw_move(transfer: FileTransfer, *, by: User, on: date, reason: str) -> FileTransfer:
    """Take the request back before the file is taken over; the old cell goes on.

    Raises PermissionDenied as `ask_move`, DomainError at `reason` without one, or where it was
    answered meanwhile.
    """
    # Also a file that was closed meanwhile, so not by the table of steps.
    file = locked(transfer.candidate, by=by, on=on)
    if not Rights.of(by, on=on, cells=[file.cell_id]).may(Permission.MOVE, case_of(file, on=on)):
        raise PermissionDenied
    held = _held(transfer, *FileTransfer.OPEN)
    held.answer = _said(reason, field="reason", sentence=_("Say why it is withdrawn."))
    held.state, held.send_by = State.WITHDRAWN, None
    _save(held)
    words = kept(lambda: _("Withdrawn: %(reason)s") % {"reason": held.answer})
    _record_answer(file, words, by=by, on=on)
    return held


# ---------------------------------------------------------------- the new side


def handed_over_by(case: Case, transfer: FileTransfer) -> set[int]:
    """Return the users (ids) who asked for `transfer` or sent the file, who do not take it over."""
    sent = case.milestone(Step.SEND_FILE)
    return {transfer.entered_by_id} | ({sent.entered_by_id} if sent else set())


@transaction.atomic
def take_over_file(
    transfer: FileTransfer,
    *,
    by: User,
    on: date,
    received_on: date,
    cell: Organization | None = None,
) -> FileTransfer:
    """Take the file over on `received_on`: from then on it is of the new cell.

    `cell` is the one that a receiving committee chooses beneath it; else the one it was sent to.
    Who helped and does not belong to the new grassroots unit helps no more: the cell assigns an
    official member, however short their time together.

    Where it stands is judged anew: its decision may have been cancelled on the way. Whoever asked
    for the move or sent the file does not take it over: nobody moves a file alone.

    Raises PermissionDenied where `by` is neither secretary over the receiving cell nor staff over
    where it was sent to, DomainError at `received_on`, at `cell`, or where it was answered
    meanwhile.
    """
    file, held = _locked(transfer)
    destination = _destination(held, file, by=by, on=on)
    _refuse_unless(held, State.SENT)
    if file.stage not in OPEN_STAGES:
        raise DomainError(_("The file is closed."))
    day = _day_of_receipt(held, file, received_on=received_on, on=on)
    target = _receiving_cell(destination, cell, on=day)
    case = case_of(file, on=day)
    if accounts_of_human(by) & handed_over_by(case, held):
        raise DomainError(_("You asked for it or sent it: somebody else takes the file over."))
    if target.pk == file.cell_id:
        raise DomainError(_("The file lies in this cell already: withdraw the request."))
    rules = rules_on(day, field="received_on")
    is_same = same_competence(case, new_line(target, on=day), target)
    held.situation = situation_of(
        case_of(file, on=on), is_below=held.situation == Situation.RESOLVED
    )
    held.state, held.received_on, held.received_by = State.RECEIVED, day, by
    if held.situation == Situation.SUBMITTED and not is_same:
        held.decide_by = moved_decision_due_on(day, rules, calendar=case.calendar)
    _save(held)
    steps = _steps_of_receipt(held, file, target=target, rules=rules, by=by)
    _end_helping(file, unit_of=target, on=day)
    cell_was = file.cell_id
    if held.situation == Situation.RESOLVED:
        _begin_anew(case, steps, by=by)
    _change_cell(file, target, on=day, by=by)
    record(file, steps, announced_on=day, also=("cell", "course"), cell_was=cell_was)
    return held


@transaction.atomic
def refuse_file(transfer: FileTransfer, *, by: User, on: date, answer: str) -> FileTransfer:
    """Do not take the file over, with a reason; it stays with the old cell.

    Raises PermissionDenied as `take_over_file`, DomainError at `answer` without one, or where it
    was answered meanwhile.
    """
    file, held = _locked(transfer)
    _destination(held, file, by=by, on=on)
    _refuse_unless(held, *FileTransfer.OPEN)
    held.answer = _said(answer, field="answer", sentence=_("Say why it is refused."))
    held.state, held.send_by = State.REFUSED, None
    _save(held)
    words = kept(lambda: _("Not taken over: %(reason)s") % {"reason": held.answer})
    _record_answer(file, words, by=by, on=on)
    return held


@transaction.atomic
def ask_review(transfer: FileTransfer, *, by: User, on: date, answer: str) -> FileTransfer:
    """Send the file back for the faults found in it: the old side reviews it within its term.

    The old cell goes on, mends what is wrong, and asks again; `review_by` is the last day of the
    review, reckoned from `on`. Raises PermissionDenied as `take_over_file`, DomainError at
    `answer` without the faults, or where the file was not sent or was answered meanwhile.
    """
    file, held = _locked(transfer)
    _destination(held, file, by=by, on=on)
    _refuse_unless(held, State.SENT)
    held.answer = _said(answer, field="answer", sentence=_("Say what is wrong with the file."))
    rules = rules_on(on, field="answer")
    held.state, held.review_asked_on = State.REFUSED, on
    held.review_by = fault_review_due_on(on, rules, calendar=case_of(file, on=on).calendar)
    _save(held)
    milestone = Milestone(
        candidate=file,
        step=Step.RETURN,
        on=on,
        entered_by=by,
        note=kept(
            lambda: (
                _(
                    "Faults found at the new place, to be reviewed by %(limit)s (%(days)s working"
                    " days, %(rules)s): %(faults)s"
                )
                % {
                    "limit": f"{held.review_by:%d/%m/%Y}",
                    "days": rules.fault_review_days,
                    "rules": rules.code,
                    "faults": held.answer,
                }
            )
        ),
    )
    record(file, [milestone], announced_on=on)
    return held


# ---------------------------------------------------------------- on probation


class FileFollows:
    """The file of a probationary member goes with an official transfer: see `follow_member`."""

    @beyond_scope()  # who takes the member over sees the file only once it came along
    def keep(self, transfer: Transfer) -> None:
        """Lock the file before anybody locks the person, as the steps of a file do."""
        found = _on_probation(transfer).select_for_update(of=("self",))
        list(found.values_list("pk"))

    def follow(self, transfer: Transfer, *, by: User, on: date) -> None:
        """Let the file go along with a transfer that was just accepted."""
        follow_member(transfer, by=by, on=on)


@beyond_scope()
def follow_member(transfer: Transfer, *, by: User, on: date) -> None:
    """Let the file of a probationary member go with the official membership just accepted.

    In the transaction of the transfer, from its day: recognition happens where the official
    membership is. Outside this system the file is closed. A stay elsewhere leaves it at home.
    """
    if transfer.kind != Transfer.Kind.OFFICIAL or transfer.effective_on is None:
        return
    file = _on_probation(transfer).select_related("person", "cell", "rules").first()
    if file is None or file.cell_id == transfer.destination_id:
        return
    day, target = transfer.effective_on, transfer.destination
    sent_on = transfer.released_on or on
    held = FileTransfer(
        candidate=file,
        situation=Situation.PROBATION,
        state=State.RECEIVED,
        origin=file.cell,
        destination=target,
        destination_place="" if target else transfer.destination_place,
        moved_on=sent_on,
        reason=transfer.reason,
        letter_number=transfer.letter_number,
        sent_on=sent_on,
        received_on=None if target is None else max(sent_on, on),
        entered_by=by,
        received_by=by,
    )
    held.save()
    if target is None:
        steps = [_closed(file, held, by=by, on=on)]
        record(file, steps, announced_on=on, also=("closed_on", "closed_reason"))
        return
    rules = rules_on(min(day, on), field="effective_on")
    steps = _steps_of_receipt(held, file, target=target, rules=rules, by=by)
    _end_helping(file, unit_of=target, on=day)
    _change_cell(file, target, on=day, by=by)
    record(file, steps, announced_on=on, also=("cell",))
    # From the day of the move, which may lie before that of the step.
    tell_stage(file, was=file.stage, on=day, cell_was=held.origin_id)


def _on_probation(transfer: Transfer) -> QuerySet[Candidate]:
    return Candidate.objects.filter(person=transfer.person_id, stage=Stage.ADMITTED)


# ---------------------------------------------------------------- parts of these


def _locked(transfer: FileTransfer) -> tuple[Candidate, FileTransfer]:
    """Return the file, then the transfer, as they are now and kept from others."""
    return kept_from_others(transfer.candidate_id), _row(transfer)


def _row(transfer: FileTransfer) -> FileTransfer:
    return (
        FileTransfer.objects.select_for_update(of=("self",))
        .select_related("origin", "destination")
        .get(pk=transfer.pk)
    )


def _save(held: FileTransfer) -> None:
    """Write the columns that an answer may change; when and by whom it was asked never does."""
    held.save(
        update_fields=[
            *("situation", "state", "certificate_number", "letter_number", "send_by", "sent_on"),
            *("received_on", "received_by", "decide_by", "answer", "review_asked_on", "review_by"),
        ]
    )


def _held(transfer: FileTransfer, *states: str) -> FileTransfer:
    """Return the transfer of a locked file as it is now; DomainError unless in one of `states`."""
    held = _row(transfer)
    _refuse_unless(held, *states)
    return held


def _refuse_unless(held: FileTransfer, *states: str) -> None:
    if held.state not in states:
        raise DomainError(
            _("This has been answered meanwhile: %(state)s.") % {"state": held.get_state_display()}
        )


def _moves_already() -> DomainError:
    return DomainError(_("The file is on its way already: take it over, refuse or withdraw first."))


def _said(text: str, *, field: str, sentence: str) -> str:
    if not (said := names.written(text)):
        raise DomainError(fields={field: sentence})
    return said


def _refuse_going_nowhere(
    file: Candidate, destination: Organization | None, *, place: str, on: date
) -> None:
    if destination is None:
        if not place:
            sentence = _("Write where they go, or choose a cell or committee here.")
            raise DomainError(fields={"destination_place": sentence})
        return
    if place:
        sentence = _("Either a cell or committee here, or a place outside, not both.")
        raise DomainError(fields={"destination_place": sentence})
    if destination.pk == file.cell_id:
        raise DomainError(fields={"destination": _("The file is of this cell already.")})
    if destination.period.upper is not None or on < destination.period.lower:
        raise DomainError(fields={"destination": _("This organisation ends, or is not there yet.")})


def _refuse_too_early(file: Candidate, day: date, *, steps: frozenset[Step], field: str) -> None:
    """Refuse at `field` that a file moved before what its old line did with it."""
    if sentence := too_early_to_move(file, day, steps=steps):
        raise DomainError(fields={field: sentence})


def _refuse_without_number(held: FileTransfer) -> None:
    if held.situation == Situation.HELPED and not held.certificate_number:
        raise DomainError(
            fields={"certificate_number": _("Enter the number of the certificate of being helped.")}
        )
    if held.situation != Situation.HELPED and not held.letter_number:
        raise DomainError(
            fields={"letter_number": _("Enter the number of the letter that goes with the file.")}
        )


def _note_of_sending(held: FileTransfer, *, rules: RuleSet) -> str:
    number = held.certificate_number if held.situation == Situation.HELPED else held.letter_number
    words = _("%(place)s, No. %(number)s.") % {"place": held.place, "number": number}
    if held.send_by is not None and held.sent_on is not None and held.sent_on > held.send_by:
        late = _("Sent after the last day, %(limit)s (%(days)s working days, %(rules)s).") % {
            "limit": f"{held.send_by:%d/%m/%Y}",
            "days": rules.forward_days,
            "rules": rules.code,
        }
        return f"{words} {late}"
    return words


def _closed(file: Candidate, held: FileTransfer, *, by: User, on: date) -> Milestone:
    """Close the file of somebody who left this system; the caller records the milestone."""
    file.closed_on = on
    file.closed_reason = kept(lambda: _("Moved to %(place)s") % {"place": held.destination_place})
    return Milestone(candidate=file, step=Step.CLOSE, on=on, entered_by=by, note=file.closed_reason)


def _record_answer(file: Candidate, words: str, *, by: User, on: date) -> None:
    """Write what became of the request beside it: a milestone that corrects the asking."""
    asked = file.milestones.filter(step=Step.ASK_MOVE, corrected_by__isnull=True, corrects=None)
    milestone = Milestone(
        candidate=file,
        step=Step.ASK_MOVE,
        on=on,
        entered_by=by,
        note=words,
        corrects=asked.order_by("pk").last(),
    )
    record(file, [milestone], announced_on=on)


def _destination(held: FileTransfer, file: Candidate, *, by: User, on: date) -> Organization:
    """Return where the file was sent to, if `by` answers for it; PermissionDenied otherwise."""
    destination = held.destination
    if (
        destination is None
        or is_own_record(by, file.person)
        or not acts(by, Role.SECRETARY, Role.STAFF, over=destination, on=on)
    ):
        raise PermissionDenied
    return destination


def _day_of_receipt(held: FileTransfer, file: Candidate, *, received_on: date, on: date) -> date:
    if received_on > on:
        raise in_the_future(received_on, field="received_on")
    if held.sent_on is not None and received_on < held.sent_on:
        raise DomainError(
            fields={
                "received_on": _("The file was sent on %(day)s only.")
                % {"day": f"{held.sent_on:%d/%m/%Y}"}
            }
        )
    _refuse_too_early(file, received_on, steps=IN_HAND, field="received_on")
    last = max((one.on for one in file.moves.all()), default=None)
    if last is not None and received_on < last:
        raise DomainError(
            fields={
                "received_on": _("The file went to another cell on %(day)s: later only.")
                % {"day": f"{last:%d/%m/%Y}"}
            }
        )
    return received_on


def _receiving_cell(
    destination: Organization, cell: Organization | None, *, on: date
) -> Organization:
    """Return the cell that takes the file over: `cell` beneath `destination`, or that itself."""
    target = cell or destination
    there = Organization.objects.filter(pk=target.pk, period__contains=on).cells(on=on)
    beneath = Ancestry.objects.on(on).filter(ancestor=destination, descendant=target)
    if there.exists() and beneath.exists():
        return target
    if cell is None and not there.exists():
        raise DomainError(fields={"cell": _("Choose the cell that goes on with the file.")})
    raise DomainError(
        fields={
            "cell": _("On %(day)s this is no cell of %(organization)s.")
            % {"day": f"{on:%d/%m/%Y}", "organization": destination}
        }
    )


def _steps_of_receipt(
    held: FileTransfer, file: Candidate, *, target: Organization, rules: RuleSet, by: User
) -> list[Milestone]:
    day = held.received_on or held.moved_on

    def words() -> str:
        way = _("From %(origin)s to %(cell)s.") % {"origin": file.cell, "cell": target}
        if held.decide_by is None:
            return way
        term = _("Decision there by %(limit)s (%(days)s working days, %(rules)s).") % {
            "limit": f"{held.decide_by:%d/%m/%Y}",
            "days": rules.moved_decision_days,
            "rules": rules.code,
        }
        return f"{way} {term}"

    steps = [
        Milestone(
            candidate=file,
            step=Step.MOVE,
            on=day,
            decided_on=held.moved_on,
            entered_by=by,
            note=kept(words),
        )
    ]
    if held.situation == Situation.DECIDED:
        # The term of the ceremony runs from the day the cell that holds it has the decision.
        steps.append(Milestone(candidate=file, step=Step.RECEIVE_DECISION, on=day, entered_by=by))
    return steps


def _begin_anew(case: Case, steps: list[Milestone], *, by: User) -> None:
    """Let the votes of the old line count no more: the new cell considers the person afresh."""
    steps[0].back_to = CONSIDERED_AGAIN_FROM
    body = case.bodies.competent or case.bodies.cell
    go_back(
        case,
        by=by,
        organization_id=body.organization_id,
        level=Level.COMPETENT if case.bodies.competent else Level.CELL,
        on=steps[0].on,
        back_to=CONSIDERED_AGAIN_FROM,
        reason=kept(lambda: _("The person moved: the new cell considers afresh.")),
    )


def _change_cell(file: Candidate, target: Organization, *, on: date, by: User) -> None:
    FileMove.objects.create(
        candidate=file,
        origin=file.cell,
        destination=target,
        on=on,
        reason=FileMove.Reason.TRANSFERRED,
        entered_by=by,
    )
    file.cell = target


def _end_helping(file: Candidate, *, unit_of: Organization, on: date) -> None:
    """End the help of those who on day `on` are no official members of the new grassroots unit."""
    running = list(file.mentorships.filter(period__endswith__isnull=True).order_by("pk"))
    homes = dict(
        Membership.objects.on(on)
        .official()
        .filter(person__in=[one.mentor_id for one in running])
        .values_list("person", "cell")
    )
    unit = grassroots_unit(unit_of, on=on)
    for one in running:
        home = homes.get(one.mentor_id)
        if home is not None and (home == unit_of.pk or grassroots_unit(home, on=on) == unit):
            continue
        # Whoever helps has at least one day of it.
        last = max(on, one.period.lower + timedelta(days=1))
        one.period = between(one.period.lower, last)
        one.released_because = kept(lambda: _("The candidate moved to another cell."))
        one.save(update_fields=["period", "released_because"])
