"""What of years and of the members on 1 January waits for one user, as on the page of tasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from organizations.models import Ancestry, Appointment, Organization, Role, Seal, User
from organizations.sheets.waiting import Kind, Row
from targets.models import Baseline, BaselineConfirmation, BaselineCorrection, BaselineFreeze
from targets.openings import opening_day


def _years(user: User, on: date) -> QuerySet[Seal]:
    kept = Appointment.objects.of(user, roles=[Role.STAFF, Role.APPROVER], on=on)
    asked = Q(approved_at__isnull=True) & ~Q(entered_by=user)
    opening = Q(lift_asked_by__isnull=False) & ~Q(lift_asked_by=user)
    return Seal.objects.filter(
        asked | opening,
        organization__in=kept.values("organization"),
        kind=Seal.Kind.YEAR,
        withdrawn_at__isnull=True,
        lifted_at__isnull=True,
    ).order_by("pk")


def _answered(user: User, on: date) -> QuerySet[Any]:
    """The organisations whose figures `user` answers for: nobody else is a second person."""
    scope = Appointment.objects.organizations_of(user, roles=[Role.STAFF, Role.APPROVER], on=on)
    return scope.values("pk")


def _corrections(user: User, on: date) -> QuerySet[BaselineCorrection]:
    rows = BaselineCorrection.objects.filter(
        organization__in=_answered(user, on), state=BaselineCorrection.State.ASKED
    )
    return rows.exclude(entered_by=user).order_by("year", "pk")


def _freezes(user: User, on: date) -> QuerySet[BaselineFreeze]:
    rows = BaselineFreeze.objects.standing().filter(
        organization__in=_answered(user, on), approved_at__isnull=True
    )
    return rows.exclude(entered_by=user).order_by("year", "pk")


def _openings(user: User, on: date) -> QuerySet[Organization]:
    """Return the own organisations of `user` that have not said their members of this year."""
    kept = Appointment.objects.of(user, roles=[Role.SECRETARY, Role.STAFF], on=on)
    there = Ancestry.objects.on(opening_day(on.year)).filter(depth=0)
    units = Organization.objects.filter(
        pk__in=kept.values("organization"), period__contains=on
    ).filter(pk__in=there.values("descendant"))
    for said in (Baseline, BaselineConfirmation):
        told: Any = said.objects.filter(year=on.year)
        units = units.exclude(pk__in=told.values("organization"))
    return units.order_by("pk")


def _of_year(page: str) -> Callable[[Row, date], str]:
    return lambda first, _on: f"{reverse(page, args=first[:1])}?dv={first[1]}"


OF_YEAR = ("year", "organization__slug")

KINDS = [
    Kind(
        _("Years to close or open again, to approve"),
        _years,
        lambda first, _on: f"{reverse('year-list')}?dv={first[0]}",
        ("organization__slug",),
    ),
    Kind(
        _("Corrections of the members on 1 January to approve"),
        _corrections,
        _of_year("baseline-sheet"),
        OF_YEAR,
    ),
    Kind(
        _("Freezes of the members on 1 January to approve"),
        _freezes,
        _of_year("baseline-freeze-answer"),
        OF_YEAR,
    ),
    Kind(
        _("Members on 1 January %(year)s to confirm"),
        _openings,
        lambda first, on: f"{reverse('baseline-confirm', args=[on.year])}?dv={first[0]}",
        ("slug",),
    ),
]
