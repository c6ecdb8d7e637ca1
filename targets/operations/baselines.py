"""The members on 1 January: entered once as reported, corrected by two people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError
from organizations.models import Ancestry, Appointment, Organization, Role, User
from organizations.operations.outbox import announce
from targets.models import Baseline
from targets.permissions import confirm_figures_of, sets_figures_of

from . import refusals


@dataclass(frozen=True)
class NewBaseline:
    """What `report_baselines` needs of each: members of the whole subtree on 1 January."""

    organization: Organization
    year: int
    members: int


@transaction.atomic
def report_baseline(
    organization: Organization,
    *,
    by: User,
    on: date,
    year: int,
    members: int,
    reason: str = "",
    confirmed_by: User | None = None,
) -> Baseline:
    """Record that `organization` had `members` on 1 January of `year`, its whole subtree counted.

    The first report needs nobody else; a later one is a correction, with a reason and a second
    person. Targets in percent keep the base they were reckoned on. Raises PermissionDenied where
    `by` is not staff of the organisation directly above (at the top: of itself), DomainError at
    `year`, `members`, `reason` or `confirmed_by`.
    """
    if not sets_figures_of(by, organization, on=on):
        raise PermissionDenied
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    reason = names.written(reason)
    refused = refusals.found(
        year=refusals.of_year(year, on=on),
        members=refusals.of_people(members),
        reason=refusals.of_text(reason, limit=300),
    )
    latest = Baseline.objects.filter(organization=organization, year=year).newest().first()
    if latest is not None and not refused:
        refused = _refused_correction(
            organization, by=by, on=on, reason=reason, confirmed_by=confirmed_by
        )
    if refused:
        raise DomainError(fields=refused)
    baseline = Baseline.objects.create(
        organization=organization,
        year=year,
        version=latest.version + 1 if latest else 1,
        members=members,
        reason=reason,
        entered_by=by,
        confirmed_by=confirmed_by,
    )
    announce(baseline, organization=organization, on=on, snapshot={"year": year})
    return baseline


def _refused_correction(
    organization: Organization, *, by: User, on: date, reason: str, confirmed_by: User | None
) -> dict[str, str]:
    if not reason:
        return {"reason": _("The figure has been reported already; a correction needs its reason.")}
    if confirmed_by is None or confirmed_by == by:
        return {"confirmed_by": _("A correction is confirmed by a second person.")}
    if not confirm_figures_of(organization, by=by, on=on).contains(confirmed_by):
        return {"confirmed_by": _("This person does not act for the organisation.")}
    return {}


@transaction.atomic
def report_baselines(rows: Sequence[NewBaseline], *, by: User, on: date) -> list[Baseline]:
    """Record the first baseline of many organisations at once, such as a whole tree's.

    Raises PermissionDenied where `by` is not staff at or above each of them, DomainError where a
    number is impossible or one of them has a baseline of the year already.
    """
    organizations = {row.organization.pk for row in rows}
    roots = Appointment.objects.of(by, on=on, roles=[Role.STAFF]).values("organization")
    covered = Ancestry.objects.on(on).filter(ancestor__in=roots, descendant__in=organizations)
    if set(covered.values_list("descendant", flat=True)) != organizations:
        raise PermissionDenied
    for row in rows:
        sentence = refusals.of_year(row.year, on=on) or refusals.of_people(row.members)
        if sentence:
            raise DomainError(f"{row.organization}: {sentence}")
    taken = set(
        Baseline.objects.filter(
            organization__in=organizations, year__in={row.year for row in rows}
        ).values_list("organization", "year")
    )
    for row in rows:
        if (row.organization.pk, row.year) in taken:
            raise DomainError(
                _("%(organization)s has reported its members of %(year)s already.")
                % {"organization": row.organization, "year": row.year}
            )
    made = Baseline.objects.bulk_create(
        (
            Baseline(
                organization=row.organization, year=row.year, members=row.members, entered_by=by
            )
            for row in rows
        ),
        batch_size=2000,
    )
    # Figures follow by year, so the first of each year speaks for all.
    for baseline in {baseline.year: baseline for baseline in reversed(made)}.values():
        announce(
            baseline, organization=baseline.organization, on=on, snapshot={"year": baseline.year}
        )
    return made
