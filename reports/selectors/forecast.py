"""What the page of a forecast shows: the forecast, what it rests on, and how such ones did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from admissions.calendar import LastDays, last_days_of, working_days
from admissions.models import RuleSet
from organizations.models import Organization
from organizations.operations.seals import sealed_sentence
from targets.forecast import Forecast, TrackRecord
from targets.foretold import Foretold, foretell
from targets.measures import FILES, Measure
from targets.models import DeclaredForecast, RoundPlan, Target
from targets.paces import Pace, pace_of
from targets.plan import ROUNDS, planned

from .overview import target_of
from .standing import Look, Standing


def foretold_of(whole: Standing, look: Look, *, with_record: bool = False) -> Foretold | None:
    """Return what is foretold of the year that `look` looks at, of the organisation of `whole`.

    None where the year is over on that day, or has not begun.
    """
    if whole.is_over or look.on > look.today:
        return None
    return foretell(
        whole.organization,
        on=look.on,
        tree_on=look.placed_on,
        admitted=whole.admitted,
        pipeline={measure.name: whole.count(measure.name) for measure in FILES},
        with_record=with_record,
    )


@dataclass(frozen=True)
class StepRow:
    """What the open files of a step are expected to bring; `people` None where nothing is told."""

    measure: Measure
    files: int
    share: Decimal | None
    people: Decimal | None


@dataclass(frozen=True)
class LastDay:
    """The last day of a step: where every term is used in full, and where the ceremony comes at
    once. `files` still have the step before them."""

    step: str
    sure: date | None
    at_once: date | None
    files: int


@dataclass(frozen=True)
class PlannedRound:
    """A round of the plan: percent of the target up to it, and the people that this asks for."""

    name: str
    day: date
    share: Decimal
    people: int | None


@dataclass(frozen=True)
class ForecastPage:
    """The whole page. `basis` is the widest organisation whose files are learned from."""

    organization: Any
    look: Look
    whole: Standing
    foretold: Foretold | None
    basis: Any
    declared: list[DeclaredForecast]
    target: Target | None
    pace: Pace | None
    plan_of: Any
    plans: list[RoundPlan]
    sealed: str | None
    days: tuple[LastDays | None, LastDays | None]

    @property
    def told(self) -> Forecast | None:
        """Return the forecast; None where there is none."""
        return self.foretold.forecast if self.foretold else None

    @property
    def record(self) -> TrackRecord | None:
        """Return how such forecasts did in earlier years."""
        return self.foretold.record if self.foretold else None

    @property
    def own(self) -> DeclaredForecast | None:
        """Return the organisation's own estimate that counts: the latest day's."""
        return self.declared[0] if self.declared else None

    @property
    def steps(self) -> list[StepRow]:
        """Return the open files by step, in the order of the way, with what each brings."""
        if self.told is None:
            return [StepRow(one, self.whole.count(one.name), None, None) for one in FILES]
        by_step = {one.step: one for one in self.told.steps}
        return [
            StepRow(
                one,
                by_step[one.name].files,
                Decimal(100 * by_step[one.name].share) if by_step[one.name].files else None,
                Decimal(by_step[one.name].people),
            )
            for one in FILES
        ]

    @property
    def total(self) -> Decimal:
        """Return the people of the whole year, on average; nobody where nothing is told."""
        if self.told is None:
            return Decimal(0)
        coming = self.told.late + sum(one.people for one in self.told.steps)
        return Decimal(self.told.admitted + coming)

    @property
    def rounds(self) -> list[PlannedRound]:
        """Return the plan by rounds; nothing where no pace can be told."""
        if self.pace is None:
            return []
        shares, low = self.pace.shares, self.whole.low
        return [
            PlannedRound(
                name=one.name,
                day=one.on(self.look.year),
                share=100 * share,
                people=planned(low, shares, place) if low else None,
            )
            for place, (one, share) in enumerate(zip(ROUNDS, shares, strict=True), start=1)
        ]

    @property
    def last_days(self) -> list[LastDay]:
        """Return the last day of each step for a ceremony in the year, in the order of the way."""
        sure, at_once = self.days
        if at_once is None:
            return []
        files = [self.whole.count(measure.name) for measure in FILES]
        # Up to which step of the pipeline a file still has it before it.
        return [
            LastDay(name, getattr(sure, name, None), getattr(at_once, name), sum(files[:upto]))
            for name, upto in (
                ("verification", 2),
                ("papers", 3),
                ("cell", 4),
                ("decision", 5),
                ("ceremony", 6),
            )
        ]


def forecast_page(organization: Organization, look: Look, whole: Standing) -> ForecastPage:
    """Return the page of `organization` as `look` has it; so many queries whatever its size."""
    foretold = foretold_of(whole, look, with_record=True)
    pace = pace_of(organization, year=look.year, lens=look.lens, on=look.placed_on)
    named = {pace.organization} if pace else set()
    if foretold:
        named.add(foretold.basis)
    names = {
        one.pk: one for one in Organization.objects.filter(pk__in=named).called(on=look.placed_on)
    }
    return ForecastPage(
        organization=organization,
        look=look,
        whole=whole,
        foretold=foretold,
        basis=names[foretold.basis] if foretold else None,
        declared=list(
            DeclaredForecast.objects.filter(
                organization=organization, year=look.year, declared_on__lte=look.on
            ).order_by("-declared_on", "-pk")
        ),
        target=target_of(organization, year=look.year),
        pace=pace,
        plan_of=names[pace.organization] if pace else None,
        plans=list(
            RoundPlan.objects.filter(organization=organization, year=look.year)
            .select_related("entered_by")
            .order_by("-version")
        ),
        sealed=sealed_sentence([organization.pk], day=date(look.year, 12, 31)),
        days=_last_days(look) if foretold else (None, None),
    )


def _last_days(look: Look) -> tuple[LastDays | None, LastDays | None]:
    """Return the last days of the year by the rules of the day; none before the first rules."""
    try:
        rules = RuleSet.objects.in_force(on=look.on)
    except RuleSet.DoesNotExist:
        return None, None
    calendar = working_days()
    return (
        last_days_of(look.year, rules, calendar=calendar),
        last_days_of(look.year, rules, calendar=calendar, ceremony_at_once=True),
    )
