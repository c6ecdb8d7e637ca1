"""What of years and of the members on 1 January waits for one user, as on the page of tasks."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from organizations.models import Ancestry, Appointment, Organization, Role, Seal, User
from organizations.permissions import holds
from organizations.sheets.waiting import Waiting
from targets.models import Baseline, BaselineConfirmation, BaselineCorrection, BaselineFreeze
from targets.openings import opening_day


def waiting(user: User, *, on: date) -> list[Waiting]:
    """Return the kinds of which something waits for `user` on day `on`; at most 5 queries."""
    found = [_openings(user, on=on)]
    # Nobody else is a second person.
    if holds(user, Role.STAFF, Role.APPROVER, on=on):
        seconds = [_years, _corrections, _freezes]
        found = [*(second(user, on=on) for second in seconds), *found]
    return [one for one in found if one.count]


def _years(user: User, *, on: date) -> Waiting:
    kept = Appointment.objects.of(user, roles=[Role.STAFF, Role.APPROVER], on=on)
    asked = Q(approved_at__isnull=True) & ~Q(entered_by=user)
    opening = Q(lift_asked_by__isnull=False) & ~Q(lift_asked_by=user)
    seals = Seal.objects.filter(
        asked | opening,
        organization__in=kept.values("organization"),
        kind=Seal.Kind.YEAR,
        withdrawn_at__isnull=True,
        lifted_at__isnull=True,
    )
    slugs = list(seals.order_by("pk").values_list("organization__slug", flat=True))
    url = f"{reverse('year-list')}?dv={slugs[0]}" if slugs else ""
    return Waiting(_("Years to close or open again, to approve"), len(slugs), url)


def _answered_by(user: User, *, on: date) -> Any:
    scope = Appointment.objects.organizations_of(user, roles=[Role.STAFF, Role.APPROVER], on=on)
    return scope.values("pk")


def _corrections(user: User, *, on: date) -> Waiting:
    rows = BaselineCorrection.objects.filter(
        organization__in=_answered_by(user, on=on), state=BaselineCorrection.State.ASKED
    ).exclude(entered_by=user)
    title = _("Corrections of the members on 1 January to approve")
    return _at_first(title, rows, "baseline-sheet")


def _freezes(user: User, *, on: date) -> Waiting:
    rows = (
        BaselineFreeze.objects.standing()
        .filter(organization__in=_answered_by(user, on=on), approved_at__isnull=True)
        .exclude(entered_by=user)
    )
    title = _("Freezes of the members on 1 January to approve")
    return _at_first(title, rows, "baseline-freeze-answer")


def _at_first(title: str, rows: Any, page: str) -> Waiting:
    found = list(rows.order_by("year", "pk").values_list("year", "organization__slug"))
    url = f"{reverse(page, args=[found[0][0]])}?dv={found[0][1]}" if found else ""
    return Waiting(title, len(found), url)


def _openings(user: User, *, on: date) -> Waiting:
    """Return the own organisations of `user` that have not said their members of this year."""
    kept = Appointment.objects.of(user, roles=[Role.SECRETARY, Role.STAFF], on=on)
    there = Ancestry.objects.on(opening_day(on.year)).filter(depth=0)
    units = Organization.objects.filter(
        pk__in=kept.values("organization"), period__contains=on
    ).filter(pk__in=there.values("descendant"))
    for said in (Baseline, BaselineConfirmation):
        told: Any = said.objects.filter(year=on.year)
        units = units.exclude(pk__in=told.values("organization"))
    slugs = list(units.order_by("pk").values_list("slug", flat=True))
    url = f"{reverse('baseline-confirm', args=[on.year])}?dv={slugs[0]}" if slugs else ""
    title = _("Members on 1 January %(year)s to confirm") % {"year": on.year}
    return Waiting(title, len(slugs), url)
