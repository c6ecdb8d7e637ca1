"""The pace that an organisation's target is held to: a plan by round, set by somebody or reckoned
from the years before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import OuterRef, Subquery

from organizations.models import Ancestry, Organization
from targets.models import Attainment, RoundPlan
from targets.plan import PLAN_PEOPLE, PLAN_YEARS, shares_by_round

MONTHS = [f"admitted_month_{month:02d}" for month in range(1, 13)]
"""The columns of attainment that hold a year's admissions by month."""

Shares = list[Decimal]


@dataclass(frozen=True)
class Pace:
    """A plan by round: the share of the target reached after each, 0 to 1, cumulative.

    `organization` is the id of whose plan it is: the organisation asked about, or the nearest above
    it that has one. `plan` is the version that somebody set; None where the shares are the median
    of `years`.
    """

    shares: Shares
    organization: int
    plan: RoundPlan | None = None
    years: tuple[int, ...] = ()


def pace_of(
    organization: Organization, *, year: int, lens: str, on: date, as_set: bool = True
) -> Pace | None:
    """Return the plan of `year` by round of `organization`, or of the nearest above on day `on`.

    What somebody set up to that day goes before what one's three years give, unless `as_set` is
    false; those count where enough people were admitted in them. None where nobody has either.
    """
    newest = RoundPlan.objects.set_for(year, on=on).filter(organization=OuterRef("ancestor"))
    above = (
        Ancestry.objects.on(on)
        .filter(descendant=organization.pk)
        .values_list("ancestor", "depth", Subquery(newest.values("pk")[:1]))
    )
    line: dict[int, int] = {}
    found: list[int] = []
    for key, depth, plan in above:
        line[key] = depth
        found += [plan] if plan and as_set else []
    plans = _set(found)
    years: dict[int, dict[int, list[int]]] = {}
    for key, one, *months in Attainment.objects.filter(
        organization__in=line, lens=lens, year__range=(year - PLAN_YEARS, year - 1)
    ).values_list("organization", "year", *MONTHS):
        years.setdefault(key, {})[one] = months
    for key in sorted({*plans, *years}, key=lambda key: line[key]):
        if key in plans:
            return Pace([share / 100 for share in plans[key].shares], key, plan=plans[key])
        shares = shares_by_round([*years[key].values()])
        if shares and sum(map(sum, years[key].values())) >= PLAN_PEOPLE:
            counted = sorted(one for one, months in years[key].items() if sum(months) > 0)
            return Pace(shares, key, years=tuple(counted))
    return None


def _set(found: list[int]) -> dict[int, RoundPlan]:
    """Return {organisation: its newest plan} of those whose newest one was not taken back."""
    if not found:
        return {}
    plans = RoundPlan.objects.filter(pk__in=found).select_related("entered_by")
    return {plan.organization_id: plan for plan in plans if plan.shares}


def shares_over(organization: Organization, *, year: int, lens: str, on: date) -> Shares | None:
    """Return the shares of `pace_of`; None where no pace can be told."""
    pace = pace_of(organization, year=year, lens=lens, on=on)
    return pace.shares if pace else None
