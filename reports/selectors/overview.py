"""What a leader's dashboard shows of one organisation in one year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q

from organizations.models import Organization
from targets.measures import ADMISSIONS, BY_NAME, FILES, Measure
from targets.models import DeclaredForecast, Indicator, ReportedFigure, Target
from targets.operations.shapes import term_begun
from targets.paces import Pace, Shares, pace_of
from targets.plan import ROUNDS, planned
from targets.rules import percent, points_between

from .standing import (
    Look,
    Standing,
    YearOf,
    shares_of,
    standings,
    years_of,
)

ENOUGH = 60
"""Percent of the shortfall that the few units named first are to hold."""
FEW = 6
GROUPS = [
    measure for measure in ADMISSIONS if measure.name != "admitted" and "month" not in measure.name
]

WAYS = ("identified", "certified", "closed_unadmitted")


@dataclass(frozen=True)
class Count:
    """A measure and what it came to, with its share of all admitted, in percent."""

    measure: Measure
    people: int
    share: Decimal | None = None


@dataclass(frozen=True)
class RoundCount:
    """A usual round: the plan and what was reached, of it alone and up to it.

    `admitted` is None for a round whose months have not begun, `reached` for one to come; `share`
    is the plan up to it in percent.
    """

    name: str
    day: date
    plan: int | None
    planned: int | None
    admitted: int | None
    reached: int | None
    last_year: int | None
    share: Decimal | None


@dataclass(frozen=True)
class Reported:
    """A figure that units report: the newest one, the one before it, and its target."""

    indicator: Indicator
    now: ReportedFigure
    before: ReportedFigure | None
    target: Target | None

    @property
    def of(self) -> int | None:
        """Return what it is counted against: its denominator, else its target."""
        return self.now.denominator or (self.target.low if self.target else None)

    @property
    def percent(self) -> Decimal | None:
        """Return numerator of denominator in percent, two decimals."""
        return percent(self.now.numerator, self.now.denominator)

    @property
    def change(self) -> Decimal | None:
        """Return the change since the figure before, in percentage points, two decimals."""
        if self.before is None:
            return None
        now, before = self.now, self.before
        return points_between(
            now.numerator,
            now.denominator,
            before.numerator,
            before.denominator or now.denominator,
        )


@dataclass(frozen=True)
class Shortfall:
    """The few units that hold most of the shortfall: `percent` of the `people` short in all."""

    units: list[Standing]
    people: int
    percent: Decimal | None
    is_against_plan: bool


@dataclass(frozen=True)
class Overview:
    """The whole page. `pace` is the plan by round, None where none can be told."""

    organization: Any
    look: Look
    whole: Standing
    units: list[Standing]
    pace: Pace | None
    target: Target | None
    forecast: DeclaredForecast | None
    reported: list[Reported]
    rounds: list[RoundCount]
    term: int | None
    years: list[YearOf]

    @property
    def shares(self) -> Shares | None:
        """Return the shares of the plan by round."""
        return self.pace.shares if self.pace else None

    @property
    def last_year(self) -> tuple[int, ...] | None:
        """Return last year's admissions by month; None where there were none."""
        months = Standing(self.organization, self.look.on, row=self.whole.last_year).months
        return months if sum(months) else None

    @property
    def pipeline(self) -> list[Count]:
        """Return the open files by step, in the order of the way."""
        return [Count(one, self.whole.count(one.name)) for one in FILES]

    @property
    def probation(self) -> Count:
        """Return the members on probation."""
        return Count(BY_NAME["on_probation"], self.whole.count("on_probation"))

    @property
    def ways(self) -> list[Count]:
        """Return how files came and went in the year; what nobody did is left out."""
        counts = [(name, self.whole.count(name)) for name in WAYS]
        return [Count(BY_NAME[name], people) for name, people in counts if people]

    @property
    def recognised(self) -> Count:
        """Return those whose probation ended in the year with their recognition."""
        return Count(BY_NAME["recognised"], self.whole.count("recognised"))

    @property
    def groups(self) -> list[Count]:
        """Return the groups among the new members; those of nobody are left out."""
        counts = [(one, self.whole.count(one.name)) for one in GROUPS]
        return [
            Count(one, people, percent(people, self.whole.admitted))
            for one, people in counts
            if people
        ]

    @property
    def without_source(self) -> list[Standing]:
        """Return the units whose declaration that no source is left was accepted."""
        return [unit for unit in self.units if unit.declaration]

    @property
    def shortfall(self) -> Shortfall | None:
        """Return the units that hold most of what is short of the plan, else of the target."""
        against_plan = self.shares is not None and not self.whole.is_over
        short = [(unit.behind if against_plan else unit.missing or 0, unit) for unit in self.units]
        people = sum(missing for missing, _unit in short)
        if not people:
            return None
        taken: list[Standing] = []
        held = 0
        for missing, unit in sorted(short, key=lambda pair: -pair[0])[:FEW]:
            if not missing or held * 100 >= people * ENOUGH:
                break
            taken.append(unit)
            held += missing
        return Shortfall(taken, people, percent(held, people), against_plan)


def overview(organization: Organization, look: Look) -> Overview:
    """Return the dashboard of `organization` as `look` has it.

    The number of queries does not grow with the number of units.
    """
    pace = pace_of(organization, year=look.year, lens=look.lens, on=look.placed_on)
    beneath = Organization.objects.beneath(organization, on=look.placed_on)
    # One that ended keeps its place beneath, for its facts; it is no unit any more.
    units = beneath.filter(period__contains=look.placed_on).called(on=look.placed_on)
    everyone = standings([organization, *units], look, shares=pace.shares if pace else None)
    mine = next(one for one in everyone if one.organization.pk == organization.pk)
    year, on = look.year, look.on
    return Overview(
        organization=organization,
        look=look,
        whole=mine,
        units=[one for one in everyone if one is not mine],
        pace=pace,
        target=target_of(organization, year=year),
        forecast=_forecast(organization, year=year, on=on),
        reported=_reported(organization, year=year, on=on),
        rounds=_rounds(mine),
        term=term_begun(
            organization.pk, year=year, on=look.placed_on, indicator=Indicator.ADMITTED
        ),
        years=years_of(organization, look),
    )


def whole_only(organization: Organization, look: Look) -> Standing:
    """Return where `organization` alone stands: what the heading needs, and no more."""
    (mine,) = standings([organization], look, shares=shares_of(organization, look))
    return mine


def target_of(organization: Organization, *, year: int) -> Target | None:
    """Return the target of members admitted that binds `organization` in `year`."""
    return Target.objects.in_force().of_the_year(year).filter(organization=organization).first()


def _forecast(organization: Organization, *, year: int, on: date) -> DeclaredForecast | None:
    return (
        DeclaredForecast.objects.filter(organization=organization, year=year, declared_on__lte=on)
        .order_by("-declared_on", "-pk")
        .first()
    )


def _reported(organization: Organization, *, year: int, on: date) -> list[Reported]:
    rows = (
        ReportedFigure.objects.filter(
            organization=organization, as_of__lte=on, as_of__year__gte=year - 1
        )
        .select_related("indicator")
        .order_by("indicator", "as_of", "pk")
    )
    by_day: dict[str, dict[date, ReportedFigure]] = {}
    for row in rows:
        by_day.setdefault(row.indicator_id, {})[row.as_of] = row
    if not by_day:
        return []
    term = Q(span=Target.Span.TERM, year__lte=year, until_year__gte=year)
    aimed = Target.objects.in_force().filter(
        Q(span=Target.Span.YEAR, year=year) | term,
        organization=organization,
        indicator__in=by_day,
    )
    # What is shown is the year's, as decided; else what a resolution says, else the term's.
    targets = {
        target.indicator_id: target
        for target in sorted(
            aimed,
            key=lambda one: (
                one.span == Target.Span.YEAR,
                one.origin == Target.Origin.DECISION,
                one.year,
            ),
        )
    }
    found = []
    for code, days in by_day.items():
        *earlier, latest = [days[day] for day in sorted(days)]
        if latest.as_of.year == year:
            before = earlier[-1] if earlier else None
            found.append(Reported(latest.indicator, latest, before, targets.get(code)))
    return found


def _rounds(mine: Standing) -> list[RoundCount]:
    """Return the four rounds; a month counts for the round held in it or after it."""
    last = Standing(mine.organization, mine.on, row=mine.last_year).months
    found: list[RoundCount] = []
    before = 0
    for place, one in enumerate(ROUNDS, start=1):
        day = one.on(mine.on.year)
        due = planned(mine.low, mine.shares, place) if mine.shares and mine.low else None
        began = mine.on >= date(mine.on.year, one.first_month, 1)
        found.append(
            RoundCount(
                name=one.name,
                day=day,
                plan=None if due is None else due - before,
                planned=due,
                admitted=sum(mine.months[one.first_month - 1 : one.last_month]) if began else None,
                reached=sum(mine.months[: one.last_month]) if mine.on >= day else None,
                last_year=sum(last[: one.last_month]) if sum(last) else None,
                share=100 * mine.shares[place - 1] if mine.shares else None,
            )
        )
        before = due or 0
    return found
