"""What the tests of this app are about: a small tree, people, accounts with roles."""

from __future__ import annotations

import uuid
from datetime import date

from config.periods import between
from organizations.models import Appointment, Membership, Organization, Person, Role, User
from organizations.models.person import name_columns
from organizations.operations.structure import found

BEGINNING = date(2021, 1, 1)
DAY = date(2021, 5, 28)
PASSWORD = "Mot-mat-khau-dai-123"


def unit(
    slug: str,
    under: Organization | None = None,
    *,
    kind: str = "grassroots",
    name: str = "",
    on: date = BEGINNING,
) -> Organization:
    return found(slug, name=name or f"Đảng bộ {slug}", kind=kind, under=under, on=on)


def cell(slug: str, under: Organization, *, name: str = "", on: date = BEGINNING) -> Organization:
    return unit(slug, under, kind="cell", name=name or f"Chi bộ {slug}", on=on)


def account(username: str, *, full_name: str = "") -> User:
    return User.objects.create_user(
        username=username, password=PASSWORD, full_name=full_name or username
    )


def appointed(
    user: User,
    to: Organization,
    role: str = Role.SECRETARY,
    *,
    since: date = BEGINNING,
    until: date | None = None,
) -> Appointment:
    return Appointment.objects.create(
        user=user, organization=to, role=role, period=between(since, until)
    )


def officer(username: str, to: Organization, role: str = Role.SECRETARY) -> User:
    user = account(username)
    appointed(user, to, role)
    return user


def person(full_name: str = "Nguyễn Thị An", *, born_on: date = date(1990, 5, 1)) -> Person:
    return Person.objects.create(**name_columns(full_name), born_on=born_on, sex="female")


def member(
    of: Organization,
    full_name: str = "Nguyễn Thị An",
    *,
    since: date = BEGINNING,
    until: date | None = None,
    status: str = "official",
) -> Membership:
    return Membership.objects.create(
        person=person(full_name),
        cell=of,
        status=status,
        period=between(since, until),
        reason_in="taken_over",
    )


def once() -> str:
    """The key of a form that was shown once."""
    return str(uuid.uuid4())
