"""Transfers: asked for, released by the side that is left, accepted by the side that receives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError
from config.periods import between
from config.rows import beyond_scope
from organizations.models import (
    Membership,
    Organization,
    Person,
    Role,
    TemporaryStay,
    Transfer,
)
from organizations.permissions import acts, is_one_human
from organizations.rights import MOVE_MEMBERS
from organizations.transferring import followers

from .people import (
    is_own_record,
    join,
    leave,
    locked_person,
    refuse_no_cell,
    refuse_papers,
    register_person,
    running_membership,
    shorten_stay,
)
from .seals import refuse_sealed

if TYPE_CHECKING:
    from organizations.models import User

LONGEST_WAIT_DAYS = 366
"""A transfer agreed for a day later than that is a slip of the pen, not a rule."""


@dataclass(frozen=True)
class Newcomer:
    """What is known of somebody who comes from outside this system."""

    full_name: str
    born_on: date
    sex: str
    citizen_id: str = ""
    ethnicity: str = ""
    occupation: str = ""
    admitted_on: date | None = None
    official_on: date | None = None


# ---------------------------------------------------------------- asked for


@transaction.atomic
def request_transfer(
    person: Person,
    *,
    by: User,
    on: date,
    kind: str,
    destination: Organization | None = None,
    destination_place: str = "",
    outside_scope: str = "",
    reason: str = "",
    until: date | None = None,
) -> Transfer:
    """Ask that `person` go from their cell to the cell `destination`, or to a place outside.

    `until`, the first day back, goes with a stay, not with an official transfer. Nothing changes
    until it is released and accepted. Raises PermissionDenied where `by` is neither secretary nor
    staff over the cell that is left, or it is their own record; DomainError at the field that is
    impossible, where the person moves already or is a second record, and where the cell ends.
    """
    person = locked_person(person)
    membership = running_membership(person, on=on)
    if (
        membership is None
        or is_own_record(by, person)
        or not acts(by, *MOVE_MEMBERS.roles, over=membership.cell, on=on)
    ):
        raise PermissionDenied
    place = names.written(destination_place)
    _refuse_going_nowhere(membership, destination, place=place, scope=outside_scope, on=on)
    _refuse_return(kind, until, after=on)
    _refuse_moving(person, on=on)
    if membership.period.upper is not None:
        raise DomainError(_("This membership has ended, or is to end on a day already agreed."))
    return _opened(
        Transfer(
            person=person,
            kind=kind,
            origin=membership.cell,
            destination=destination,
            destination_place="" if destination else place,
            outside_scope="" if destination else outside_scope,
            reason=names.written(reason),
            requested_on=on,
            until=until,
            entered_by=by,
        )
    )


@transaction.atomic
def request_arrival(
    cell: Organization,
    *,
    by: User,
    on: date,
    person: Person | Newcomer,
    kind: str,
    origin_place: str,
    outside_scope: str,
    letter_number: str,
    released_on: date,
    effective_on: date,
    until: date | None = None,
    reason: str = "",
) -> Transfer:
    """Enter the letter that releases somebody from outside to `cell`; a second person accepts.

    `person` is new here, or somebody who was a member here before. Whoever was recognised by
    `effective_on`, as their papers say, comes as an official member, others as probationary ones.
    Raises PermissionDenied where `by` is neither secretary nor staff over the cell, or it is their
    own record; DomainError at the field that is impossible, or where they are a member here.
    """
    if not acts(by, *MOVE_MEMBERS.roles, over=cell, on=on):
        raise PermissionDenied
    place, letter = names.written(origin_place), names.written(letter_number)
    refusals = {}
    if not place:
        refusals["origin_place"] = _("Write where they come from.")
    if outside_scope not in Transfer.Scope.values:
        refusals["outside_scope"] = _("Choose one.")
    if not letter:
        refusals["letter_number"] = _("Enter the number of the letter of introduction.")
    if refusals:
        raise DomainError(fields=refusals)
    _refuse_release_days(released_on, effective_on, on=on)
    _refuse_return(kind, until, after=effective_on)
    refuse_no_cell(cell, on=effective_on, field="cell")
    refuse_sealed([cell], day=effective_on, field="effective_on", runs_on=True)
    known = _registered(person, on=on) if isinstance(person, Newcomer) else locked_person(person)
    if is_own_record(by, known):
        raise PermissionDenied
    _refuse_moving(known, on=on)
    if Membership.objects.on_or_after(effective_on).filter(person=known).exists():
        raise DomainError(
            _("%(person)s is already a member on that day or later.") % {"person": known}
        )
    return _opened(
        Transfer(
            person=known,
            kind=kind,
            state=Transfer.State.RELEASED,
            origin_place=place,
            destination=cell,
            outside_scope=outside_scope,
            letter_number=letter,
            reason=names.written(reason),
            requested_on=on,
            entered_by=by,
            released_by=by,
            released_on=released_on,
            effective_on=effective_on,
            until=until,
        )
    )


@beyond_scope()  # nobody's until the transfer names them
def _registered(newcomer: Newcomer, *, on: date) -> Person:
    if newcomer.admitted_on is None:
        raise DomainError(fields={"admitted_on": _("Enter the day of admission.")})
    refuse_papers(
        newcomer.born_on, admitted_on=newcomer.admitted_on, official_on=newcomer.official_on, on=on
    )
    person = register_person(
        full_name=newcomer.full_name,
        born_on=newcomer.born_on,
        sex=newcomer.sex,
        on=on,
        citizen_id=newcomer.citizen_id,
        ethnicity=newcomer.ethnicity,
        occupation=newcomer.occupation,
    )
    person.admitted_on, person.official_on = newcomer.admitted_on, newcomer.official_on
    person.save(update_fields=["admitted_on", "official_on"])
    return person


def _opened(transfer: Transfer) -> Transfer:
    try:
        with transaction.atomic():
            transfer.save()
    except IntegrityError as error:
        if "transfer_one_open_per_person" not in str(error):
            raise
        raise _moves_already() from error
    return transfer


# ---------------------------------------------------------------- answered


@transaction.atomic
def release(
    transfer: Transfer,
    *,
    by: User,
    on: date,
    effective_on: date,
    released_on: date | None = None,
    letter_number: str = "",
) -> Transfer:
    """Let the person go: the old membership holds until `effective_on`, if the other side agrees.

    `released_on` is the day of the letter, `on` unless given. Raises PermissionDenied where `by`
    is neither secretary nor staff over the cell that is left, or it is their own record;
    DomainError at the day that cannot be, or where it was answered already.
    """
    held = _locked(transfer)
    if held.origin is None or not _acts_for(by, held.origin, held, on=on):
        raise PermissionDenied
    _refuse_unless(held, Transfer.State.REQUESTED)
    released_on = released_on or on
    _refuse_release_days(released_on, effective_on, on=on)
    _refuse_return(held.kind, held.until, after=effective_on, field="effective_on")
    _membership_that_leaves(held, effective_on=effective_on, on=on)
    _refuse_places(held, effective_on=effective_on)
    held.state = Transfer.State.RELEASED
    held.released_by, held.released_on = by, released_on
    held.effective_on, held.letter_number = effective_on, names.written(letter_number)
    return _saved(held, "state", "released_by", "released_on", "effective_on", "letter_number")


@transaction.atomic
def accept(transfer: Transfer, *, by: User, on: date) -> Transfer:
    """Take the person in, from the day agreed: a person other than the one who released.

    An official transfer ends the old membership that day and begins one of the same standing; any
    other leaves it, and makes a stay. Where the other side lies outside, the staff of the cell
    that is left enters its answer. Raises PermissionDenied where `by` may not answer, DomainError
    where it was answered already, or cannot be carried out any more. What apps above keep of the
    person goes along (`organizations.transferring`).
    """
    for one in followers:
        one.keep(transfer)
    held = _locked(transfer)
    if not _may_answer(held, by=by, on=on):
        raise PermissionDenied
    _refuse_unless(held, Transfer.State.RELEASED)
    if held.released_by and is_one_human(by, held.released_by):
        raise DomainError(_("You released it: somebody else accepts it."))
    day = _agreed_day(held)
    _refuse_places(held, effective_on=day)
    if held.origin is not None:
        membership = _membership_that_leaves(held, effective_on=day, on=on)
        status = membership.status
        if held.kind == Transfer.Kind.OFFICIAL:
            leave(membership, on=day, reason_out=Membership.ReasonOut.TRANSFERRED)
    else:
        official_on = held.person.official_on
        status = (
            Membership.Status.OFFICIAL
            if official_on is not None and official_on <= day
            else Membership.Status.PROBATIONARY
        )
    if held.destination is not None:
        _take_in(held, held.destination, status=status, day=day)
    held.state = Transfer.State.ACCEPTED
    held.answered_by, held.answered_on = by, on
    _saved(held, "state", "answered_by", "answered_on")
    for one in followers:
        one.follow(held, by=by, on=on)
    return held


def _take_in(transfer: Transfer, cell: Organization, *, status: str, day: date) -> None:
    if transfer.kind == Transfer.Kind.OFFICIAL:
        join(
            transfer.person,
            cell=cell,
            status=status,
            on=day,
            reason_in=Membership.ReasonIn.TRANSFERRED,
        )
        return
    try:
        with transaction.atomic():
            TemporaryStay.objects.create(
                person=transfer.person,
                host=cell,
                transfer=transfer,
                period=between(day, transfer.until),
            )
    except IntegrityError as error:
        raise DomainError(_("They stayed elsewhere on that day.")) from error


@transaction.atomic
def refuse(transfer: Transfer, *, by: User, on: date, reason: str) -> Transfer:
    """Answer no, with a reason: the old membership goes on as if nothing had been asked.

    Before the release the cell that is left refuses, after it the side that receives. Raises
    PermissionDenied where `by` may not answer, DomainError at `reason` without one.
    """
    held = _locked(transfer)
    waits = held.state == Transfer.State.REQUESTED
    may = (
        _acts_for(by, held.origin, held, on=on)
        if waits and held.origin is not None
        else _may_answer(held, by=by, on=on)
    )
    if not may:
        raise PermissionDenied
    _refuse_unless(held, Transfer.State.REQUESTED, Transfer.State.RELEASED)
    reason = names.written(reason)
    if not reason:
        raise DomainError(fields={"reason": _("Say why it is refused.")})
    held.state, held.answer_reason = Transfer.State.REFUSED, reason
    held.answered_by, held.answered_on = by, on
    return _saved(held, "state", "answer_reason", "answered_by", "answered_on")


@transaction.atomic
def withdraw(transfer: Transfer, *, by: User, on: date) -> Transfer:
    """Take the request back before it is accepted: the side that asked does it.

    Raises PermissionDenied where `by` is neither secretary nor staff there, or it is their own
    record; DomainError where it was answered already.
    """
    held = _locked(transfer)
    asked = held.origin or held.destination
    if asked is None or not _acts_for(by, asked, held, on=on):
        raise PermissionDenied
    _refuse_unless(held, Transfer.State.REQUESTED, Transfer.State.RELEASED)
    held.state = Transfer.State.WITHDRAWN
    held.answered_by, held.answered_on = by, on
    return _saved(held, "state", "answered_by", "answered_on")


@transaction.atomic
def end_stay(transfer: Transfer, *, by: User, on: date, ended_on: date) -> Transfer:
    """End a stay elsewhere: `ended_on` is the first day back in the home cell.

    Either side enters it. Raises PermissionDenied where `by` is neither secretary nor staff over
    one of them, or it is their own record; DomainError where there is no stay to end, and at
    `ended_on` for a day that is no day of it, or lies in the future.
    """
    held = _locked(transfer)
    sides = [side for side in (held.origin, held.destination) if side is not None]
    if not any(_acts_for(by, side, held, on=on) for side in sides):
        raise PermissionDenied
    is_stay = Transfer.objects.stays().filter(pk=held.pk).exists()
    if not is_stay or (held.until is not None and held.until <= on):
        raise DomainError(_("There is no stay to end."))
    if ended_on > on:
        raise DomainError(fields={"ended_on": _("The day lies in the future.")})
    if ended_on <= _agreed_day(held):
        raise DomainError(
            fields={
                "ended_on": _("The stay began on %(day)s: it has at least one day.")
                % {"day": f"{_agreed_day(held):%d/%m/%Y}"}
            }
        )
    return shorten_stay(held, until=ended_on)


# ---------------------------------------------------------------- what is asked before


def _locked(transfer: Transfer) -> Transfer:
    """Return `transfer` as it is now, with its person kept from others; the person first."""
    person = locked_person(transfer.person)
    held = (
        Transfer.objects.select_for_update(of=("self",))
        .select_related("origin", "destination", "released_by")
        .get(pk=transfer.pk)
    )
    held.person = person
    return held


def _agreed_day(transfer: Transfer) -> date:
    if transfer.effective_on is None:
        raise ValueError(f"no day is agreed in transfer {transfer.pk}")
    return transfer.effective_on


def _acts_for(by: User, side: Organization, transfer: Transfer, *, on: date) -> bool:
    return not is_own_record(by, transfer.person) and acts(
        by, *MOVE_MEMBERS.roles, over=side, on=on
    )


def _may_answer(transfer: Transfer, *, by: User, on: date) -> bool:
    if transfer.destination is not None:
        return _acts_for(by, transfer.destination, transfer, on=on)
    # The other side is outside: its answer comes by letter to the committee above the cell.
    return (
        transfer.origin is not None
        and not is_own_record(by, transfer.person)
        and acts(by, Role.STAFF, over=transfer.origin, on=on)
    )


def _saved(transfer: Transfer, *columns: str) -> Transfer:
    transfer.version += 1
    transfer.save(update_fields=[*columns, "version"])
    return transfer


def _refuse_unless(transfer: Transfer, *states: str) -> None:
    if transfer.state not in states:
        raise DomainError(
            _("This transfer is in another state by now: %(state)s.")
            % {"state": transfer.get_state_display()}
        )


def _refuse_moving(person: Person, *, on: date) -> None:
    if person.merged_into_id is not None:
        raise DomainError(_("This record was merged into another: go on there."))
    if Transfer.objects.open().filter(person=person).exists():
        raise _moves_already()
    if Transfer.objects.stays().exclude(until__lte=on).filter(person=person).exists():
        raise DomainError(_("They stay elsewhere for the time being: end that stay first."))


def _moves_already() -> DomainError:
    return DomainError(_("A transfer of this person waits for its answer already."))


def _refuse_going_nowhere(
    membership: Membership,
    destination: Organization | None,
    *,
    place: str,
    scope: str,
    on: date,
) -> None:
    if destination is None:
        refusals = {}
        if not place:
            refusals["destination_place"] = _("Write where they go, or choose a cell here.")
        if scope not in Transfer.Scope.values:
            refusals["outside_scope"] = _("Choose one.")
        if refusals:
            raise DomainError(fields=refusals)
        return
    if place:
        raise DomainError(
            fields={"destination_place": _("Either a cell here or a place outside, not both.")}
        )
    if destination.pk == membership.cell_id:
        raise DomainError(fields={"destination": _("They are a member of this cell already.")})
    refuse_no_cell(destination, on=on, field="destination")


def _refuse_return(kind: str, until: date | None, *, after: date, field: str = "until") -> None:
    if kind not in Transfer.Kind.values:
        raise DomainError(fields={"kind": _("Choose one.")})
    if until is None:
        return
    if kind == Transfer.Kind.OFFICIAL:
        raise DomainError(fields={field: _("Nobody comes back from an official transfer.")})
    if until <= after:
        raise DomainError(fields={field: _("The day back lies before the stay.")})


def _refuse_release_days(released_on: date, effective_on: date, *, on: date) -> None:
    if released_on > on:
        raise DomainError(fields={"released_on": _("The day lies in the future.")})
    if effective_on < released_on:
        raise DomainError(fields={"effective_on": _("The day lies before the release.")})
    if effective_on - on > timedelta(days=LONGEST_WAIT_DAYS):
        raise DomainError(fields={"effective_on": _("The day is more than a year away.")})


def _membership_that_leaves(transfer: Transfer, *, effective_on: date, on: date) -> Membership:
    """Return the membership that `transfer` starts from; refuse where it is there no more."""
    running = list(
        Membership.objects.select_for_update(of=("self",))
        .select_related("cell")
        .on_or_after(min(on, effective_on))
        .filter(person=transfer.person_id)
        .order_by("period")
    )
    if len(running) > 1 and all(row.cell_id == transfer.origin_id for row in running):
        # Recognised as an official member meanwhile: the later standing goes along.
        running = running[-1:]
    if (
        len(running) != 1
        or running[0].cell_id != transfer.origin_id
        or running[0].period.upper is not None
        or transfer.person.merged_into_id is not None
    ):
        raise DomainError(
            _("Their membership has changed since this was asked: withdraw it and ask again.")
        )
    if effective_on <= running[0].period.lower:
        raise DomainError(
            fields={
                "effective_on": _("The membership began on %(day)s: it has at least one day.")
                % {"day": f"{running[0].period.lower:%d/%m/%Y}"}
            }
        )
    return running[0]


def _refuse_places(transfer: Transfer, *, effective_on: date) -> None:
    sides = [side for side in (transfer.origin, transfer.destination) if side is not None]
    if transfer.destination is not None:
        refuse_no_cell(transfer.destination, on=effective_on, field="effective_on")
    if transfer.origin is not None and transfer.origin.period.upper is not None:
        raise DomainError(
            _("%(organization)s ends on %(day)s: its members go where its reorganisation says.")
            % {
                "organization": transfer.origin,
                "day": f"{transfer.origin.period.upper:%d/%m/%Y}",
            }
        )
    refuse_sealed(sides, day=effective_on, field="effective_on", runs_on=True)
