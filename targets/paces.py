"""The pace that an organisation's target is held to: the plan by round of the years before."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from organizations.models import Ancestry, Organization
from targets.models import Attainment
from targets.plan import PLAN_PEOPLE, PLAN_YEARS, shares_by_round

MONTHS = [f"admitted_month_{month:02d}" for month in range(1, 13)]
"""The columns of attainment that hold a year's admissions by month."""

Shares = list[Decimal]


def shares_over(organization: Organization, *, year: int, lens: str, on: date) -> Shares | None:
    """Return the plan of `year` by round: the median of three years, of `organization` or of one
    above it on day `on`.

    The nearest upwards that admitted enough people in them; None where no one did.
    """
    line = dict(
        Ancestry.objects.on(on).filter(descendant=organization.pk).values_list("ancestor", "depth")
    )
    years: dict[int, list[list[int]]] = {}
    for key, *months in Attainment.objects.filter(
        organization__in=line, lens=lens, year__range=(year - PLAN_YEARS, year - 1)
    ).values_list("organization", *MONTHS):
        years.setdefault(key, []).append(months)
    for key in sorted(years, key=lambda key: line[key]):
        if sum(map(sum, years[key])) >= PLAN_PEOPLE:
            return shares_by_round(years[key])
    return None
