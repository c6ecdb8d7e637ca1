"""The years of a top unit with what was closed and opened again: reads for their page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from organizations.models import Organization, Seal

YEARS_SHOWN = 10
"""Years that nobody closed are listed so far back; those with a seal always."""


@dataclass(frozen=True)
class Year:
    """A year that is over, the seal that counts now (asked for, or closed), and those before."""

    number: int
    seal: Seal | None
    past: list[Any]

    @property
    def state(self) -> str:
        """Return open, asked (to close), closed or opening (asked to open again)."""
        if self.seal is None:
            return "open"
        if self.seal.approved_at is None:
            return "asked"
        return "opening" if self.seal.lift_asked_by_id else "closed"


def seals_of(organization: Organization) -> QuerySet[Seal]:
    """Return the years of `organization` that were closed or asked for, newest first."""
    return Seal.objects.filter(organization=organization, kind=Seal.Kind.YEAR).select_related(
        "entered_by", "approved_by", "withdrawn_by", "lift_asked_by", "lifted_by"
    )


def years(organization: Organization, *, on: date) -> list[Year]:
    """Return the years that are over, latest first; two queries whatever their number."""
    by_year: dict[int, list[Seal]] = {}
    for seal in seals_of(organization):
        by_year.setdefault(seal.period.lower.year, []).append(seal)
    first = max(organization.period.lower.year, on.year - YEARS_SHOWN)
    numbers = {*range(first, on.year), *by_year}
    return [_year(number, by_year.get(number, [])) for number in sorted(numbers, reverse=True)]


def _year(number: int, seals: list[Seal]) -> Year:
    standing = [seal for seal in seals if not seal.lifted_at and not seal.withdrawn_at]
    return Year(
        number=number,
        seal=standing[0] if standing else None,
        past=[seal for seal in seals if seal not in standing],
    )
