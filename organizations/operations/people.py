"""Registering people and their memberships: in, changed, out of the Party, back again."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError, KnownAlready
from config.periods import between, since
from config.rows import beyond_scope
from organizations.models import (
    Departure,
    Membership,
    Organization,
    Person,
    Post,
    Role,
    TemporaryStay,
    Transfer,
)
from organizations.models.person import name_columns
from organizations.models.relative import own_people_of
from organizations.permissions import acts
from organizations.rights import KEEP_MEMBERS

from .brakes import brake_tries
from .outbox import announce
from .particulars import seal_all, write_particulars
from .seals import refuse_sealed, sealed_sentence

if TYPE_CHECKING:
    from organizations.models import User

OLDEST_YEARS = 120
"""Nobody alive is older; a birth date before that is a slip of the pen, not a rule."""
YOUNGEST_MEMBER_YEARS = 16
"""Nobody was ever a member younger; the rules' own youngest age is with the candidates."""


@dataclass(frozen=True)
class NewMember:
    """What `take_over_members` needs of each person."""

    full_name: str
    born_on: date
    sex: str
    since: date
    status: str = Membership.Status.OFFICIAL
    ethnicity: str = "Kinh"
    occupation: str = ""
    education: str = ""
    residence: str = ""
    is_youth_union_member: bool = False
    reason_in: str = field(default=Membership.ReasonIn.TAKEN_OVER)


def register_person(
    *,
    full_name: str,
    born_on: date,
    sex: str,
    on: date,
    ethnicity: str = "",
    religion: str = "",
    education: str = "",
    occupation: str = "",
    residence: str = "",
    is_youth_union_member: bool = False,
    citizen_id: str = "",
) -> Person:
    """Register a person as known on day `on`; the name is stored in NFC.

    `citizen_id`, `religion` and `residence` are sealed (`Particulars`). Raises DomainError at
    `full_name` without a name, at `born_on` for a day that cannot be a birth date, at `citizen_id`
    where it has neither 9 nor 12 digits.
    """
    numbered = citizen_columns(citizen_id)
    refusals = {}
    if not names.written(full_name):
        refusals["full_name"] = _("Enter the full name.")
    if born_on > on:
        refusals["born_on"] = _("The date of birth lies in the future.")
    elif on.year - born_on.year > OLDEST_YEARS:
        refusals["born_on"] = _("The date of birth is more than %(years)s years ago.") % {
            "years": OLDEST_YEARS
        }
    if refusals:
        raise DomainError(fields=refusals)
    number = citizen_number(citizen_id)
    with beyond_scope():  # nobody's yet: neither a member nor a candidate
        person = Person.objects.create(
            **name_columns(full_name),
            born_on=born_on,
            sex=sex,
            ethnicity=ethnicity,
            education=education,
            occupation=names.written(occupation),
            is_youth_union_member=is_youth_union_member,
            **numbered,
        )
        seal_all([(person, {"citizen_id": number, "religion": religion, "residence": residence})])
    return person


def citizen_number(citizen_id: str) -> str:
    """Return a citizen's number without the spaces, dots and dashes that people write in it."""
    return re.sub(r"[\s.-]", "", citizen_id)


def citizen_columns(citizen_id: str) -> dict[str, str]:
    """Return what is known of a citizen's number by sight: a keyed hash to find it, four digits.

    {"citizen_id_hash": 64 hex digits, "citizen_id_ending": "1234"}, both empty without a number.
    There are so few numbers that a hash without a key could be tried out: HMAC-SHA256 under
    IDENTITY_KEY. Raises DomainError at `citizen_id` where it has neither 9 nor 12 digits.
    """
    number = citizen_number(citizen_id)
    if not number:
        return {"citizen_id_hash": "", "citizen_id_ending": ""}
    if not re.fullmatch(r"\d{9}|\d{12}", number, re.ASCII):
        raise DomainError(fields={"citizen_id": _("A citizen's number has 12 digits, or 9.")})
    key = settings.IDENTITY_KEY.encode()
    return {
        "citizen_id_hash": hmac.new(key, number.encode(), hashlib.sha256).hexdigest(),
        "citizen_id_ending": number[-4:],
    }


def own_records(user: User) -> set[int]:
    """Return the records (ids) of `user`'s own person and of the relatives they declared.

    Also those that were merged with them. Nobody acts on these (SoD-4 of trust.md c.3).
    """
    return set(own_people_of(user).values_list("record", flat=True))


def is_own_record(user: User, *people: Person) -> bool:
    """Say whether one of `people` is `user`, a relative whom they declared, or the same person."""
    ids = own_records(user)
    return any(ids & {person.pk, person.merged_into_id} for person in people)


def locked_person(person: Person) -> Person:
    """Return `person` read anew and kept from others until the transaction ends.

    Whoever changes where a person belongs takes this first, so that two never do it at once.
    """
    return Person.objects.select_for_update(no_key=True).get(pk=person.pk)


@transaction.atomic
def take_over_members(cell: Organization, people: Sequence[NewMember]) -> list[Membership]:
    """Register `people` as members of `cell`, each from a day of their own, in bulk.

    For records that existed before this system; the memberships come back in the same order.
    """
    return take_over_members_of([(cell, person) for person in people])


@transaction.atomic
@beyond_scope()
def take_over_members_of(rows: Sequence[tuple[Organization, NewMember]]) -> list[Membership]:
    """Register the members of many cells at once: [(cell, member)], as `take_over_members`."""
    persons = Person.objects.bulk_create(
        (
            Person(
                **name_columns(member.full_name),
                born_on=member.born_on,
                sex=member.sex,
                ethnicity=member.ethnicity,
                education=member.education,
                occupation=member.occupation,
                is_youth_union_member=member.is_youth_union_member,
            )
            for _cell, member in rows
        ),
        batch_size=2000,
    )
    seal_all(
        (person, {"residence": member.residence})
        for person, (_cell, member) in zip(persons, rows, strict=True)
    )
    return Membership.objects.bulk_create(
        (
            Membership(
                person=person,
                cell=cell,
                status=member.status,
                period=since(member.since),
                reason_in=member.reason_in,
            )
            for person, (cell, member) in zip(persons, rows, strict=True)
        ),
        batch_size=2000,
    )


@transaction.atomic
def add_member(
    cell: Organization,
    *,
    by: User,
    on: date,
    full_name: str,
    born_on: date,
    sex: str,
    status: str,
    since: date,
    occupation: str = "",
    ethnicity: str = "",
    citizen_id: str = "",
) -> Membership:
    """Enter a member whom `cell` already had before this system, from day `since`.

    `since` may lie before the cell's first day here: records begin later than cells do. Raises
    PermissionDenied where `by` is neither secretary nor staff over the cell, DomainError at the
    field that is impossible, or where the cell's list has this name and birth date, or this
    citizen's number, already.
    """
    if not acts(by, *KEEP_MEMBERS.roles, over=cell, on=on):
        raise PermissionDenied
    if not Organization.objects.filter(pk=cell.pk).cells(on=on).exists():
        raise DomainError(fields={"cell": _("Members belong to cells; this is not one.")})
    if since > on:
        raise DomainError(fields={"since": _("The day lies in the future.")})
    if since <= born_on:
        raise DomainError(fields={"since": _("The day lies before the date of birth.")})
    if since.year - born_on.year < YOUNGEST_MEMBER_YEARS:
        raise DomainError(
            fields={
                "since": _("They would have been %(years)s then: check both dates.")
                % {"years": since.year - born_on.year}
            }
        )
    refuse_sealed([cell], day=since, field="since", runs_on=True)
    # Two people may share both, but hardly in one cell: it is the same one entered again.
    if (
        Membership.objects.on(on)
        .filter(cell=cell, person__full_name=names.written(full_name), person__born_on=born_on)
        .exists()
    ):
        raise DomainError(
            fields={"full_name": _("Somebody with this name and date of birth is in the list.")}
        )
    _refuse_known_number(citizen_id, cell=cell, by=by, on=on)
    person = register_person(
        full_name=full_name,
        born_on=born_on,
        sex=sex,
        on=on,
        occupation=occupation,
        ethnicity=ethnicity,
        citizen_id=citizen_id,
    )
    return join(
        person, cell=cell, status=status, on=since, reason_in=Membership.ReasonIn.TAKEN_OVER
    )


def _refuse_known_number(
    citizen_id: str, *, cell: Organization, by: User, on: date, besides: Person | None = None
) -> None:
    known = citizen_columns(citizen_id)["citizen_id_hash"]
    if not known:
        return
    brake_tries(by)
    # In this cell alone: elsewhere, the answer would tell who is a member of what.
    same = Membership.objects.on(on).filter(cell=cell, person__citizen_id_hash=known)
    if same.exclude(person=besides).exists():
        raise KnownAlready(fields={"citizen_id": _("Somebody in the list has this number.")})


@transaction.atomic
def change_person(
    person: Person,
    *,
    by: User,
    on: date,
    citizen_id: str = "",
    occupation: str = "",
    admitted_on: date | None = None,
    official_on: date | None = None,
) -> Person:
    """Write what the member's papers say; an empty `citizen_id` leaves the number that is there.

    Name and birth date stay: a wrong one is a decision's matter. Raises PermissionDenied where
    `by` is neither secretary nor staff over the cell, or it is their own record; DomainError at
    the field that is impossible.
    """
    changed = locked_person(person)
    membership = running_membership(changed, on=on)
    if (
        membership is None
        or is_own_record(by, changed)
        or not acts(by, *KEEP_MEMBERS.roles, over=membership.cell, on=on)
    ):
        raise PermissionDenied
    _refuse_known_number(citizen_id, cell=membership.cell, by=by, on=on, besides=changed)
    numbered = citizen_columns(citizen_id)
    refuse_papers(changed.born_on, admitted_on=admitted_on, official_on=official_on, on=on)
    if numbered["citizen_id_hash"]:
        changed.citizen_id_hash = numbered["citizen_id_hash"]
        changed.citizen_id_ending = numbered["citizen_id_ending"]
        write_particulars(changed, citizen_id=citizen_number(citizen_id))
    changed.occupation = names.written(occupation)
    changed.admitted_on, changed.official_on = admitted_on, official_on
    changed.save(
        update_fields=[
            "citizen_id_hash",
            "citizen_id_ending",
            "occupation",
            "admitted_on",
            "official_on",
        ]
    )
    return changed


def refuse_papers(
    born_on: date, *, admitted_on: date | None, official_on: date | None, on: date
) -> None:
    """Refuse days of admission and recognition that cannot be; DomainError at their fields."""
    for field_, day in (("admitted_on", admitted_on), ("official_on", official_on)):
        if day is None:
            continue
        if day > on:
            raise DomainError(fields={field_: _("The day lies in the future.")})
        if day.year - born_on.year < YOUNGEST_MEMBER_YEARS:
            raise DomainError(
                fields={
                    field_: _("They would have been %(years)s then: check both dates.")
                    % {"years": day.year - born_on.year}
                }
            )
    if admitted_on and official_on and official_on < admitted_on:
        raise DomainError(fields={"official_on": _("The day lies before the admission.")})


def running_membership(person: Person, *, on: date) -> Membership | None:
    """Return the membership that `person` holds on day `on`, locked until the transaction ends."""
    return (
        Membership.objects.on(on)
        .select_for_update(of=("self",))
        .select_related("cell")
        .filter(person=person)
        .first()
    )


def join(
    person: Person, *, cell: Organization, status: str, on: date, reason_in: str
) -> Membership:
    """Make `person` a member of `cell` from day `on`; return the membership.

    Raises DomainError where the person is a member somewhere on that day or later, or the day
    lies before the end of what is sealed.
    """
    try:
        with transaction.atomic():
            return Membership.objects.create(
                person=person, cell=cell, status=status, period=since(on), reason_in=reason_in
            )
    except IntegrityError as error:
        if sentence := sealed_sentence([cell.pk], day=on, runs_on=True):
            raise DomainError(sentence) from error
        raise DomainError(
            _("%(person)s is already a member on that day or later.") % {"person": person}
        ) from error


def leave(membership: Membership, *, on: date, reason_out: str) -> Membership:
    """End `membership`: `on` is the first day out."""
    membership.period = between(membership.period.lower, on)
    membership.reason_out = reason_out
    membership.save(update_fields=["period", "reason_out"])
    return membership


def become_official(person: Person, *, on: date, field: str) -> Membership:
    """Make the probationary member `person`, locked by the caller, official from day `on`.

    The probationary membership of that day ends and an official one in the same cell begins;
    where the person has gone to another cell since, the membership there is official too. Return
    the one that holds on `on`. Raises DomainError where they are no probationary member then or
    have left the Party since, and at `field` where a closed year ends after `on`.
    """
    held = list(
        Membership.objects.on_or_after(on)
        .select_for_update(of=("self",))
        .select_related("cell")
        .filter(person=person)
        .order_by("period")
    )
    then = next((one for one in held if one.period.lower <= on), None)
    if then is None or any(one.status != Membership.Status.PROBATIONARY for one in held):
        raise DomainError(
            fields={
                field: _("On %(day)s %(person)s is not a probationary member.")
                % {"day": f"{on:%d/%m/%Y}", "person": person}
            }
        )
    departed = Departure.objects.filter(membership__in=held).first()
    if departed is not None:
        raise DomainError(
            _("%(person)s left the Party on %(day)s.")
            % {"person": person, "day": f"{departed.on:%d/%m/%Y}"}
        )
    refuse_sealed([one.cell for one in held], day=on, field=field, runs_on=True)
    for later in held:
        if later.period.lower >= on:
            later.status = Membership.Status.OFFICIAL
            later.save(update_fields=["status"])
    if then.period.lower == on:
        return then
    last, why = then.period.upper, then.reason_out
    leave(then, on=on, reason_out=Membership.ReasonOut.RECOGNISED)
    return Membership.objects.create(
        person=person,
        cell=then.cell,
        status=Membership.Status.OFFICIAL,
        period=between(on, last),
        reason_in=Membership.ReasonIn.RECOGNISED,
        reason_out=why,
    )


LEAVES: dict[str, str] = {
    Departure.Reason.DECEASED: Membership.ReasonOut.DECEASED,
    Departure.Reason.EXPELLED: Membership.ReasonOut.EXPELLED,
    Departure.Reason.STRUCK_OFF: Membership.ReasonOut.STRUCK_OFF,
    Departure.Reason.RESIGNED: Membership.ReasonOut.RESIGNED,
}
"""{reason of statistical table 1: how the membership ended}"""


@transaction.atomic
def depart(
    membership: Membership,
    *,
    by: User,
    on: date,
    reason: str,
    happened_on: date,
    decision_number: str = "",
    decided_on: date | None = None,
    note: str = "",
) -> Departure:
    """Record that the holder of `membership` left the Party: `happened_on` is the first day out.

    Their stay elsewhere and their posts end that day too. Raises PermissionDenied where `by` is
    neither secretary nor staff over the cell, or it is their own record; DomainError where it has
    ended, at `happened_on` for a day that cannot be or is sealed, at `decision_number` and
    `decided_on` where a decision is needed, or while a transfer waits.
    """
    person = locked_person(membership.person)
    held = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("cell")
        .get(pk=membership.pk)
    )
    if is_own_record(by, person) or not acts(by, *KEEP_MEMBERS.roles, over=held.cell, on=on):
        raise PermissionDenied
    return write_departure(
        held,
        by=by,
        on=on,
        reason=reason,
        happened_on=happened_on,
        decision_number=decision_number,
        decided_on=decided_on,
        note=note,
    )


def write_departure(
    membership: Membership,
    *,
    by: User,
    on: date,
    reason: str,
    happened_on: date,
    decision_number: str = "",
    decided_on: date | None = None,
    note: str = "",
) -> Departure:
    """End `membership` as `depart` does, for an operation that has asked who may; the person is
    locked by it. Raises DomainError as `depart`."""
    decision_number = names.written(decision_number)
    _refuse_departure(membership, reason=reason, happened_on=happened_on, on=on)
    if reason == Departure.Reason.DECEASED:
        decision_number, decided_on = "", None
    else:
        _refuse_undecided(decision_number, decided_on, by_day=happened_on)
    leave(membership, on=happened_on, reason_out=LEAVES[reason])
    _end_what_they_held(membership.person, on=happened_on)
    departure = Departure.objects.create(
        membership=membership,
        reason=reason,
        on=happened_on,
        decided_on=decided_on,
        decision_number=decision_number,
        note=names.written(note),
        entered_by=by,
    )
    if membership.status == Membership.Status.PROBATIONARY:
        announce(departure, organization=membership.cell, on=happened_on)
    return departure


def _refuse_departure(membership: Membership, *, reason: str, happened_on: date, on: date) -> None:
    if membership.period.upper is not None:
        raise DomainError(_("This membership has ended, or is to end on a day already agreed."))
    if reason not in LEAVES:
        raise DomainError(fields={"reason": _("Choose one.")})
    if happened_on > on:
        raise DomainError(fields={"happened_on": _("The day lies in the future.")})
    if happened_on <= membership.period.lower:
        raise DomainError(
            fields={
                "happened_on": _("The membership began on %(day)s: it has at least one day.")
                % {"day": f"{membership.period.lower:%d/%m/%Y}"}
            }
        )
    refuse_sealed([membership.cell], day=happened_on, field="happened_on", runs_on=True)
    if Transfer.objects.open().filter(person=membership.person_id).exists():
        raise DomainError(_("A transfer of this person waits for its answer: withdraw it first."))


def _refuse_undecided(decision_number: str, decided_on: date | None, *, by_day: date) -> None:
    refusals = {}
    if not decision_number:
        refusals["decision_number"] = _("Enter the number of the decision.")
    if decided_on is None:
        refusals["decided_on"] = _("Enter the day of the decision.")
    elif decided_on > by_day:
        refusals["decided_on"] = _("The decision lies after the day they left.")
    if refusals:
        raise DomainError(fields=refusals)


def _end_what_they_held(person: Person, *, on: date) -> None:
    for transfer in Transfer.objects.stays().exclude(until__lte=on).filter(person=person):
        shorten_stay(transfer, until=on)
    held = Post.objects.select_for_update().filter(person=person)
    for post in held.filter(Q(period__endswith__isnull=True) | Q(period__endswith__gt=on)):
        # A post has at least one day; one that begins on this day or later keeps its first.
        post.period = between(post.period.lower, max(on, post.period.lower + timedelta(days=1)))
        post.save(update_fields=["period"])


def shorten_stay(transfer: Transfer, *, until: date) -> Transfer:
    """End the stay elsewhere that `transfer` began: `until` is the first day back, or home.

    One that would begin on that day or later has its first day all the same.
    """
    if transfer.effective_on is not None:
        until = max(until, transfer.effective_on + timedelta(days=1))
    transfer.until = until
    transfer.version += 1
    transfer.save(update_fields=["until", "version"])
    for stay in TemporaryStay.objects.filter(transfer=transfer):
        stay.period = between(stay.period.lower, until)
        stay.save(update_fields=["period"])
    return transfer


@transaction.atomic
def restore(
    membership: Membership, *, by: User, on: date, restored_on: date, cell: Organization
) -> Membership:
    """Give a person who had left the Party their membership back, in `cell`, from `restored_on`.

    `membership` is the one that a departure ended; the standing is the one it had. Raises
    PermissionDenied where `by` is no staff over both cells, or it is their own record; DomainError
    where they died, at `restored_on` for a day that cannot be or is sealed, and at `cell`.
    """
    person = locked_person(membership.person)
    ended = Membership.objects.select_related("cell").get(pk=membership.pk)
    if is_own_record(by, person) or not all(
        acts(by, Role.STAFF, over=one, on=on) for one in (ended.cell, cell)
    ):
        raise PermissionDenied
    departure = Departure.objects.filter(membership=ended).first()
    if departure is None or departure.reason == Departure.Reason.DECEASED:
        raise DomainError(_("Only who was expelled, struck off or let go is given it back."))
    if person.merged_into_id is not None:
        raise DomainError(_("This record was merged into another: go on there."))
    if restored_on > on:
        raise DomainError(fields={"restored_on": _("The day lies in the future.")})
    if restored_on < departure.on:
        raise DomainError(fields={"restored_on": _("The day lies before the one they left.")})
    refuse_no_cell(cell, on=restored_on, field="cell")
    refuse_sealed([cell], day=restored_on, field="restored_on", runs_on=True)
    restored = join(
        person,
        cell=cell,
        status=ended.status,
        on=restored_on,
        reason_in=Membership.ReasonIn.RESTORED,
    )
    if restored.status == Membership.Status.PROBATIONARY:
        announce(restored, organization=cell, on=restored_on)
    return restored


def refuse_no_cell(cell: Organization, *, on: date, field: str) -> None:
    """Refuse to put members into `cell` from day `on` where it is no cell then, or is to end."""
    now = Organization.objects.get(pk=cell.pk)
    if not Organization.objects.filter(pk=cell.pk).cells(on=on).exists():
        raise DomainError(fields={field: _("Members belong to cells; this is not one.")})
    if now.period.lower > on:
        raise DomainError(
            fields={
                field: _("%(organization)s does not exist on %(day)s.")
                % {"organization": now, "day": f"{on:%d/%m/%Y}"}
            }
        )
    if now.period.upper is not None:
        raise DomainError(
            fields={
                field: _("%(organization)s ends on %(day)s: nobody joins it any more.")
                % {"organization": now, "day": f"{now.period.upper:%d/%m/%Y}"}
            }
        )
