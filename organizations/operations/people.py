"""Registering people and their memberships."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError
from config.periods import between, since
from organizations.models import Membership, Organization, Person, Role
from organizations.models.person import name_columns
from organizations.permissions import acts

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
) -> Person:
    """Register a person as known on day `on`; the name is stored in NFC.

    Raises DomainError at `full_name` without a name, at `born_on` for a day that cannot be a
    birth date.
    """
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
    return Person.objects.create(
        **name_columns(full_name),
        born_on=born_on,
        sex=sex,
        ethnicity=ethnicity,
        religion=religion,
        education=education,
        occupation=names.written(occupation),
        residence=residence,
        is_youth_union_member=is_youth_union_member,
    )


@transaction.atomic
def take_over_members(cell: Organization, people: Sequence[NewMember]) -> list[Membership]:
    """Register `people` as members of `cell`, each from a day of their own, in bulk.

    For records that existed before this system; the memberships come back in the same order.
    """
    return take_over_members_of([(cell, person) for person in people])


@transaction.atomic
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
                residence=member.residence,
                is_youth_union_member=member.is_youth_union_member,
            )
            for _cell, member in rows
        ),
        batch_size=2000,
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
) -> Membership:
    """Enter a member whom `cell` already had before this system, from day `since`.

    `since` may lie before the cell's first day here: records begin later than cells do. Raises
    PermissionDenied where `by` is neither secretary nor staff over the cell, DomainError at the
    field that is impossible, or where the cell's list has this name and birth date already.
    """
    if not acts(by, Role.SECRETARY, Role.STAFF, over=cell, on=on):
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
    # Two people may share both, but hardly in one cell: it is the same one entered again.
    if (
        Membership.objects.on(on)
        .filter(cell=cell, person__full_name=names.written(full_name), person__born_on=born_on)
        .exists()
    ):
        raise DomainError(
            fields={"full_name": _("Somebody with this name and date of birth is in the list.")}
        )
    person = register_person(
        full_name=full_name,
        born_on=born_on,
        sex=sex,
        on=on,
        occupation=occupation,
        ethnicity=ethnicity,
    )
    return join(
        person, cell=cell, status=status, on=since, reason_in=Membership.ReasonIn.TAKEN_OVER
    )


def join(
    person: Person, *, cell: Organization, status: str, on: date, reason_in: str
) -> Membership:
    """Make `person` a member of `cell` from day `on`; return the membership.

    Raises DomainError where the person is a member somewhere on that day or later.
    """
    try:
        with transaction.atomic():
            return Membership.objects.create(
                person=person, cell=cell, status=status, period=since(on), reason_in=reason_in
            )
    except IntegrityError as error:
        raise DomainError(
            _("%(person)s is already a member on that day or later.") % {"person": person}
        ) from error


def leave(membership: Membership, *, on: date, reason_out: str) -> Membership:
    """End `membership`: `on` is the first day out."""
    membership.period = between(membership.period.lower, on)
    membership.reason_out = reason_out
    membership.save(update_fields=["period", "reason_out"])
    return membership
