"""What-if allocations that are kept by name, to be compared; targets are never touched."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from config import names
from config.clock import AppNow
from config.errors import DomainError
from organizations.models import Organization, User
from targets import sheets, what_if
from targets.models import SavedScenario
from targets.sheets import GridRow
from targets.what_if import Method, Scenario, Tried

from . import refusals
from .cycles import current_cycle


def tried_on(organization: Organization, *, year: int, on: date) -> list[GridRow]:
    """Return those beneath `organization` with what is drafted for them: for its staff alone."""
    cycle = current_cycle(organization, year=year)
    return sheets.grid(organization, year=year, on=on, cycle=cycle)


def comes_to(rows: list[GridRow], scenario: Scenario) -> Tried:
    """Return what `scenario` comes to over `rows`; by hand, what stands in the cells."""
    if scenario.method != Method.MANUAL:
        return what_if.tried(rows, scenario)
    cells = {row.key: row.aimed.low or 0 for row in rows if row.aimed}
    return what_if.by_hand(rows, cells, total=scenario.total)


@transaction.atomic
def save_scenario(
    organization: Organization, *, by: User, on: date, year: int, name: str, scenario: Scenario
) -> SavedScenario:
    """Keep `scenario` for those beneath `organization` under `name`, with what it comes to now.

    Raises PermissionDenied where `by` does not assign there, DomainError at `year` or `name`: one
    that is not withdrawn has that name already.
    """
    if not sheets.assigns_beneath(by, organization, on=on):
        raise PermissionDenied
    name = names.written(name)
    # Two people who choose the same name wait for each other.
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    taken = listed(organization, year=year).filter(name__iexact=name).exists()
    refused = refusals.found(
        year=refusals.of_year(year, on=on),
        name=refusals.of_text(name, limit=80, missing=_("Give the scenario a name."))
        or (_("Another scenario has this name.") if taken else None),
    )
    if refused:
        raise DomainError(fields=refused)
    found = comes_to(tried_on(organization, year=year, on=on), scenario)
    return SavedScenario.objects.create(
        organization=organization,
        year=year,
        name=name,
        asked=what_if.parameters(scenario),
        shares={str(unit): people for unit, people in found.shares.items()},
        sentence=found.sentence,
        entered_by=by,
    )


@transaction.atomic
def withdraw_scenario(scenario: SavedScenario, *, by: User, on: date) -> SavedScenario:
    """Take `scenario` off the list; the row stays. Withdrawn twice, it is as once.

    Raises PermissionDenied where `by` does not assign there.
    """
    if not sheets.assigns_beneath(by, scenario.organization, on=on):
        raise PermissionDenied
    row = SavedScenario.objects.select_for_update().get(pk=scenario.pk)
    if row.withdrawn_at is None:
        SavedScenario.objects.filter(pk=row.pk).update(withdrawn_at=AppNow(), withdrawn_by=by)
    row.refresh_from_db()
    return row


def listed(organization: Organization, *, year: int) -> QuerySet[SavedScenario]:
    """Keep the scenarios of `organization` for `year` that were not withdrawn, oldest first."""
    return SavedScenario.objects.filter(
        organization=organization, year=year, withdrawn_at__isnull=True
    ).order_by("pk")
