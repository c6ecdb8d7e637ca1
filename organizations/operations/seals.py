"""A year closed and opened again, by two people of the top unit; facts inside it are refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from config import names, periods
from config.clock import HERE, AppNow
from config.errors import DomainError
from config.locks import Lock, hold, hold_shared
from organizations.models import Organization, Seal, User
from organizations.permissions import acts_at, is_one_human
from organizations.rights import CLOSE_YEARS

MOST_CHARACTERS = 300
"""The length of a reason."""


def refuse_sealed(
    organizations: Iterable[Organization | int],
    *,
    day: date,
    field: str = "on",
    runs_on: bool = False,
) -> None:
    """Refuse a fact of `organizations` (rows or ids) dated `day` inside what is sealed.

    What `runs_on` from its day, as a membership does, changes the figures of later days too: it
    is refused where a sealed period ends after `day`. Raises DomainError at `field` that names
    what is closed, by whom and when.
    """
    keys = [one if isinstance(one, int) else one.pk for one in organizations]
    hold_shared(Lock.SEALS)
    if sentence := sealed_sentence(keys, day=day, runs_on=runs_on):
        raise DomainError(fields={field: sentence})


def sealed_sentence(
    organizations: Iterable[int], *, day: date, runs_on: bool = False
) -> str | None:
    """Return the sentence that refuses a fact of one of `organizations` on `day`, or None."""
    seal = (
        Seal.objects.over(list(organizations), day=day, runs_on=runs_on)
        .select_related("organization", "entered_by", "approved_by")
        .order_by("-approved_at")
        .first()
    )
    return None if seal is None else _sentence(seal)


def _sentence(seal: Seal) -> str:
    assert seal.approved_at is not None
    told = {
        "organization": seal.organization,
        "year": seal.period.lower.year,
        "from": f"{seal.period.lower:%d/%m/%Y}",
        "until": f"{seal.period.upper - timedelta(days=1):%d/%m/%Y}",
        "asked_by": seal.entered_by,
        "approved_by": seal.approved_by,
        "on": f"{seal.approved_at.astimezone(HERE):%d/%m/%Y}",
    }
    if seal.kind == Seal.Kind.YEAR:
        return (
            _(
                "The year %(year)s of %(organization)s was closed by %(asked_by)s and"
                " %(approved_by)s on %(on)s. Two people there must open it first."
            )
            % told
        )
    return (
        _(
            "The report of %(organization)s from %(from)s to %(until)s was sealed by %(asked_by)s"
            " and %(approved_by)s on %(on)s. Nothing more is dated inside it."
        )
        % told
    )


def keeps_years_of(user: User, organization: Organization, *, on: date) -> bool:
    """Say whether `user` closes and opens the years of `organization`: staff or approver there.

    Only the top of a tree has years to close.
    """
    is_top = organization.placements.filter(period__contains=on, parent__isnull=True).exists()
    return is_top and acts_at(user, *CLOSE_YEARS.roles, at=organization, on=on)


@transaction.atomic
def ask_to_close_year(
    organization: Organization, *, by: User, on: date, year: int, reason: str = ""
) -> Seal:
    """Ask that `year` of `organization` and all beneath it be closed; a second person closes it.

    Raises PermissionDenied where `by` is not staff or approver at that top unit, DomainError at
    `year` where it is not over, or is closed or asked for already, and at `reason`.
    """
    if not keeps_years_of(by, organization, on=on):
        raise PermissionDenied
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    reason = names.written(reason)
    refused = _refused_year(organization, year=year, on=on)
    if refused:
        raise DomainError(fields={"year": refused})
    if len(reason) > MOST_CHARACTERS:
        raise DomainError(fields={"reason": _too_long()})
    return Seal.objects.create(
        organization=organization,
        kind=Seal.Kind.YEAR,
        period=periods.year(year),
        reason=reason,
        entered_by=by,
    )


def _refused_year(organization: Organization, *, year: int, on: date) -> str | None:
    if not organization.period.lower.year <= year < on.year:
        return _("Only a year that is over can be closed: from %(first)s to %(last)s.") % {
            "first": organization.period.lower.year,
            "last": on.year - 1,
        }
    seal = _open_seals(organization, year=year).first()
    if seal is None:
        return None
    if seal.approved_at is None:
        return _("%(person)s has asked already to close this year.") % {"person": seal.entered_by}
    return _("This year is closed already.")


def _open_seals(organization: Organization, *, year: int) -> QuerySet[Seal]:
    return Seal.objects.filter(
        organization=organization,
        kind=Seal.Kind.YEAR,
        period=periods.year(year),
        lifted_at__isnull=True,
        withdrawn_at__isnull=True,
    )


@transaction.atomic
def close_year(seal: Seal, *, by: User, on: date) -> Seal:
    """Close the year as the second person; from now on nothing is dated inside it.

    Raises PermissionDenied where `by` asked for it or does not keep the years of that unit,
    DomainError where it is closed already.
    """
    hold(Lock.SEALS)  # facts under way are written first, those that come see the closed year
    seal = _held(seal, by=by, on=on)
    _refuse_unless_asked(seal)
    if is_one_human(by, seal.entered_by):
        raise PermissionDenied
    return _written(seal, approved_by=by, approved_at=AppNow())


@transaction.atomic
def withdraw_closing(seal: Seal, *, by: User, on: date) -> Seal:
    """Take back, or turn down, what was asked: the year stays open.

    Raises PermissionDenied where `by` does not keep the years of that unit, DomainError where it
    is closed or was withdrawn already.
    """
    seal = _held(seal, by=by, on=on)
    _refuse_unless_asked(seal)
    return _written(seal, withdrawn_by=by, withdrawn_at=AppNow())


def _refuse_unless_asked(seal: Seal) -> None:
    if seal.approved_at is not None:
        raise DomainError(_("This year is closed already."))
    if seal.withdrawn_at is not None:
        raise DomainError(_("Closing this year is not asked for any more."))


@transaction.atomic
def ask_to_open_year(seal: Seal, *, by: User, on: date, reason: str) -> Seal:
    """Ask that a closed year be opened again, for a reason; a second person opens it.

    Raises PermissionDenied where `by` does not keep the years of that unit, DomainError at
    `reason`, or where it is not closed or was asked for already.
    """
    seal = _held(seal, by=by, on=on)
    reason = names.written(reason)
    if seal.approved_at is None or seal.lifted_at is not None:
        raise DomainError(_("This year is not closed."))
    if seal.lift_asked_by is not None:
        raise DomainError(
            _("%(person)s has asked already to open this year again.")
            % {"person": seal.lift_asked_by}
        )
    if not reason:
        raise DomainError(fields={"reason": _("Enter why the year is to be opened again.")})
    if len(reason) > MOST_CHARACTERS:
        raise DomainError(fields={"reason": _too_long()})
    return _written(seal, lift_reason=reason, lift_asked_by=by, lift_asked_at=AppNow())


@transaction.atomic
def open_year(seal: Seal, *, by: User, on: date) -> Seal:
    """Open the year again as the second person; the seal stays as a record of the closing.

    Raises PermissionDenied where `by` asked for it or does not keep the years of that unit,
    DomainError where nobody asked, or it is open already.
    """
    seal = _held(seal, by=by, on=on)
    _refuse_unless_opening_asked(seal)
    if seal.lift_asked_by and is_one_human(by, seal.lift_asked_by):
        raise PermissionDenied
    return _written(seal, lifted_by=by, lifted_at=AppNow())


@transaction.atomic
def withdraw_opening(seal: Seal, *, by: User, on: date) -> Seal:
    """Take back, or turn down, the asking to open: the year stays closed; its events keep both.

    Raises PermissionDenied where `by` does not keep the years of that unit, DomainError where
    nobody asked, or it is open already.
    """
    seal = _held(seal, by=by, on=on)
    _refuse_unless_opening_asked(seal)
    return _written(seal, lift_reason="", lift_asked_by=None, lift_asked_at=None)


def _refuse_unless_opening_asked(seal: Seal) -> None:
    if seal.lifted_at is not None:
        raise DomainError(_("This year has been opened again already."))
    if seal.lift_asked_by_id is None:
        raise DomainError(_("Nobody has asked to open this year again."))


def _held(seal: Seal, *, by: User, on: date) -> Seal:
    """Return `seal` as it stands, locked; PermissionDenied where `by` does not keep its years."""
    seal = Seal.objects.select_for_update().get(pk=seal.pk)
    if seal.kind != Seal.Kind.YEAR or not keeps_years_of(by, seal.organization, on=on):
        raise PermissionDenied
    return seal


def _written(seal: Seal, **columns: object) -> Seal:
    Seal.objects.filter(pk=seal.pk).update(**columns)
    return Seal.objects.get(pk=seal.pk)


def _too_long() -> str:
    return _("At most %(limit)s characters.") % {"limit": MOST_CHARACTERS}
