"""Where organisations stand in a year: attainment, target, plan, declarations, in one shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import F, Q

from organizations.models import Ancestry, Appointment, Organization, Role, User
from reports.rules import Course, course
from targets.measures import FILES
from targets.models import Attainment, Baseline, SourceDeclaration, Target
from targets.paces import MONTHS, Shares, shares_over
from targets.plan import planned, rounds_held
from targets.rules import percent
from targets.sql import read


@dataclass(frozen=True)
class Standing:
    """One organisation in one year: what it aims at, what it reached, what is on its way.

    `shares` is the plan of the year by round, None where no pace can be told. People throughout;
    None where nobody said.
    """

    organization: Any
    on: date
    row: Attainment | None = None
    shares: Shares | None = None
    declaration: SourceDeclaration | None = None
    last_year: Attainment | None = None

    @property
    def name(self) -> str:
        return str(self.organization.name or self.organization.slug)

    @property
    def short_name(self) -> str:
        return str(self.organization.short_name or self.name)

    @property
    def months(self) -> tuple[int, ...]:
        """Return the admissions of the twelve months."""
        return tuple(self.count(name) for name in MONTHS)

    def count(self, measure: str) -> int:
        """Return what the measure of that name came to."""
        return int(getattr(self.row, measure, 0))

    @property
    def admitted(self) -> int:
        return self.count("admitted")

    @property
    def members(self) -> int | None:
        return self.row.opening_members if self.row else None

    @property
    def low(self) -> int | None:
        return self.row.target_low if self.row else None

    @property
    def high(self) -> int | None:
        return self.row.target_high if self.row else None

    @property
    def is_range(self) -> bool:
        return self.low is not None and self.low != self.high

    @property
    def missing(self) -> int | None:
        """Return the people missing to the target, 0 where it is reached, None without one."""
        return None if self.low is None else max(self.low - self.admitted, 0)

    @property
    def over(self) -> int:
        """Return the people above the target."""
        return 0 if self.high is None else max(self.admitted - self.high, 0)

    @property
    def percent(self) -> Decimal | None:
        """Return the percent reached of the (lower) target, two decimals."""
        return percent(self.admitted, self.low)

    @property
    def percent_of_high(self) -> Decimal | None:
        """Return the percent reached of the upper end of a range, two decimals."""
        return percent(self.admitted, self.high)

    @cached_property
    def plan(self) -> int | None:
        """Return the people planned by the day, of the (lower) target."""
        if self.shares is None or not self.low:
            return None
        return planned(self.low, self.shares, rounds_held(self.on))

    @property
    def gap(self) -> int | None:
        """Return the people ahead of the plan, negative behind it; None without a plan."""
        return None if self.plan is None else self.admitted - self.plan

    @property
    def behind(self) -> int:
        """Return the people behind the plan, 0 where there are none."""
        return max(-(self.gap or 0), 0)

    @property
    def files(self) -> int:
        """Return the open files, whatever their step."""
        return sum(self.count(measure.name) for measure in FILES)

    @property
    def is_over(self) -> bool:
        """Say whether the year is over on the day asked for."""
        return (self.on.month, self.on.day) == (12, 31)

    @cached_property
    def course(self) -> Course:
        """Return how it stands towards its target."""
        return course(
            target_low=self.low,
            admitted=self.admitted,
            plan=self.plan,
            open_files=self.files,
            has_source=self.declaration is None,
            year_is_over=self.is_over,
        )


def figured(user: User, *, on: date | None = None) -> Any:
    """Return the organisations whose figures `user` may see; every page of figures begins here.

    The administrator has no data scope and sees none.
    """
    return Appointment.objects.organizations_of(user, roles=Role.sees_figures(), on=on)


@dataclass(frozen=True)
class Look:
    """How a year is looked at: its lens, the day of its figures, the day whose tree is shown.

    `recount_on` is the clock's day where `on` is an earlier one of the running year, and figures
    are counted from the facts up to it; otherwise None.
    """

    year: int
    lens: str
    on: date
    placed_on: date
    today: date
    recount_on: date | None = None

    @property
    def is_current(self) -> bool:
        """Say whether the figures are those of the clock's day: files are known by name then."""
        return self.on == self.today


def look(year: int, *, lens: str, today: date, asked: date | None = None) -> Look:
    """Return the look at `year` from day `today`, or as of `asked` where that is a day of it.

    A past year is looked at on its last day, a year to come on its first. Lens *then* shows the
    tree of that day, *now* that of today.
    """
    latest = min(max(today, date(year, 1, 1)), date(year, 12, 31))
    on = min(max(asked, date(year, 1, 1)), latest) if asked else latest
    return Look(
        year=year,
        lens=lens,
        on=on,
        placed_on=today if lens == Attainment.Lens.NOW else on,
        today=today,
        recount_on=today if on < latest else None,
    )


def standings(organizations: Iterable[Any], look: Look, *, shares: Shares | None) -> list[Standing]:
    """Return where each of `organizations` stands, worst first: those missing most people.

    Those of equal number follow the larger target, then the name; without a target they come
    last. Three queries, whatever the number.
    """
    year, lens, on = look.year, look.lens, look.on
    units = list(organizations)
    keys = [unit.pk for unit in units]
    rows: dict[tuple[int, int], Attainment] = {
        (row.organization_id, row.year): row
        for row in Attainment.objects.filter(
            organization__in=keys, year__in=[year, year - 1], lens=lens
        )
    }
    if look.recount_on is not None:
        recounted = read(
            keys,
            year=year,
            lens=lens,
            on=on,
            today=look.recount_on,
            tree_on=look.placed_on,
        )
        rows |= {(key, year): row for key, row in recounted.items()}
    declared = {
        one.organization_id: one
        for one in SourceDeclaration.objects.holding(on=on).filter(organization__in=keys)
    }
    found = [
        Standing(
            organization=unit,
            on=on,
            row=rows.get((unit.pk, year)),
            shares=shares,
            declaration=declared.get(unit.pk),
            last_year=rows.get((unit.pk, year - 1)),
        )
        for unit in units
    ]
    return sorted(found, key=worst_first)


def worst_first(standing: Standing) -> tuple[Any, ...]:
    """Return the sort key of a list of organisations: most people missing first."""
    return (
        not standing.low,
        standing.admitted - standing.low if standing.low else 0,
        -(standing.low or 0),
        standing.organization.name_order or standing.name,
    )


def shares_of(organization: Organization, look: Look) -> Shares | None:
    """Return the plan by round: the median of three years, of `organization` or one above it.

    The nearest upwards that admitted enough people in them; None where no one did.
    """
    return shares_over(organization, year=look.year, lens=look.lens, on=look.placed_on)


@dataclass(frozen=True)
class YearOf:
    """A year of an organisation, for the bars of five years."""

    year: int
    admitted: int
    low: int | None


def years_of(organization: Organization, look: Look, *, back: int = 5) -> list[YearOf]:
    """Return the last `back` years up to the one looked at of which figures exist, in order."""
    rows = Attainment.objects.filter(
        organization=organization,
        lens=look.lens,
        year__range=(look.year - back + 1, look.year),
    ).order_by("year")
    return [YearOf(*row) for row in rows.values_list("year", "admitted", "target_low")]


def has_data(organization: Organization, *, year: int, on: date) -> bool:
    """Say whether anything is known of `year` beneath `organization`: a target, a base, a fact."""
    beneath = Organization.objects.under(Organization.objects.filter(pk=organization.pk), on=on)
    return (
        Attainment.objects.filter(organization=organization, year=year)
        .filter(Q(admitted__gt=0) | Q(target_low__isnull=False) | Q(opening_members__gt=0))
        .exists()
        or Target.objects.filter(organization__in=beneath, year=year).exists()
        or Baseline.objects.filter(organization__in=beneath, year=year).exists()
    )


def years_with_figures(organization: Organization) -> list[int]:
    """Return the years of which figures of `organization` exist, latest first, at most six."""
    return list(
        Attainment.objects.filter(organization=organization, lens=Attainment.Lens.THEN)
        .values_list("year", flat=True)
        .order_by("-year")[:6]
    )


@dataclass(frozen=True)
class Line:
    """An organisation's place: those above it that may be seen, top first, and its siblings."""

    above: list[Any] = field(default_factory=list)
    beside: list[Any] = field(default_factory=list)
    has_superior: bool = False


def line_of(organization: Organization, *, user: User, on: date) -> Line:
    """Return those above `organization` that `user` may see, top first, and its siblings."""
    above = dict(
        Ancestry.objects.on(on)
        .filter(descendant=organization.pk, depth__gt=0)
        .values_list("ancestor", "depth")
    )
    scope = figured(user).called(on=on)
    seen = sorted(scope.filter(pk__in=above), key=lambda one: -above[one.pk])
    parent = seen[-1] if seen and above[seen[-1].pk] == 1 else None
    beside: list[Any] = []
    if parent is not None:
        units = Organization.objects.beneath(parent, on=on).exclude(pk=organization.pk)
        units = units.filter(period__contains=on)
        beside = list(units.called(on=on).order_by(F("name_order"), "pk"))
    return Line(above=list(seen), beside=beside, has_superior=bool(above))
