"""A generated country of files over many years, in memory: what forecasts are tried on.

Nothing here is what the forecast assumes: files take steps after random times, in committees that
are quicker or slower, in years that are better or worse for all and for some; they are dropped on
the way, wait for the next round once they are decided, and grow more over the years.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from targets.forecast import Kind, Past, YearSeen, band, same_day
from targets.plan import round_days

STEPS = (
    "files_source", "files_class", "files_dossier", "files_cell", "files_committee",
    "files_decided",
)  # fmt: skip
DAYS = (170.0, 120.0, 110.0, 30.0, 50.0, 0.0)
"""Mean days at each step before the next."""
DROPPED = (0.25, 0.10, 0.08, 0.05, 0.04, 0.01)
"""Share of the files that end at each step."""


@dataclass(frozen=True)
class File:
    """Days on which a file came to each step, and on which it ended; admitted or not."""

    steps: tuple[date, ...]
    ended_on: date
    is_admitted: bool

    def kind(self, on: date) -> Kind | None:
        """Return at which step the file stood on day `on`, and for how long; None if not open."""
        if not self.steps[0] <= on < self.ended_on:
            return None
        place = max(place for place, day in enumerate(self.steps) if day <= on)
        return STEPS[place], band((on - self.steps[place]).days)


@dataclass
class Unit:
    """An organisation of the country; files belong to cells."""

    name: str
    beneath: list[Unit] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    pasts: dict[date, dict[int, YearSeen]] = field(default_factory=dict)

    @property
    def cells(self) -> int:
        return sum(unit.cells for unit in self.beneath) or 1


def country(
    seed: int, *, first: int, last: int, provinces: int = 6, committees: int = 7, cells: int = 9
) -> Unit:
    """Return a country whose files were identified from year `first` to `last`."""
    random = Random(seed)
    years = range(first, last + 1)
    good = {year: random.lognormvariate(0, 0.08) * 1.01 ** (year - first) for year in years}
    top = Unit("country")
    for p in range(provinces):
        province = Unit(f"{p}")
        local = {year: good[year] * random.lognormvariate(0, 0.07) for year in years}
        fertile, quick = random.lognormvariate(0, 0.2), random.lognormvariate(0, 0.1)
        for c in range(committees):
            committee = Unit(f"{p}.{c}")
            richer, quicker = random.lognormvariate(0, 0.25), random.lognormvariate(0, 0.15)
            for place in range(cells):
                cell = Unit(f"{p}.{c}.{place}")
                a_year = 1.7 * fertile * richer * random.gammavariate(3, 1 / 3)
                cell.files = list(_files(random, a_year, pace=quick * quicker, years=local))
                committee.beneath.append(cell)
            province.beneath.append(committee)
        top.beneath.append(province)
    return top


def _files(
    random: Random, a_year: float, *, pace: float, years: dict[int, float]
) -> Iterator[File]:
    """Yield the files of a cell that identifies `a_year` a year, those of a good year sooner."""
    day = date(min(years), 1, 1)
    while True:
        day += timedelta(days=1 + int(random.expovariate(a_year / 365)))
        if day.year > max(years):
            return
        yield _file(random, day, pace=pace, years=years)


def _file(random: Random, day: date, *, pace: float, years: dict[int, float]) -> File:
    steps = [day]
    for place, mean in enumerate(DAYS):
        luck = years[min(day.year, max(years))]
        if random.random() < min(DROPPED[place] / luck, 1):
            return File(tuple(steps), day + timedelta(days=1 + random.randrange(120)), False)
        if place == len(DAYS) - 1:
            break
        day += timedelta(days=1 + int(random.gammavariate(2, mean * pace / luck / 2)))
        steps.append(day)
    if random.random() < 0.8:  # the others are admitted when the decision is there
        rounds = round_days(day.year) + round_days(day.year + 1)
        day = rounds[bisect_left(rounds, day + timedelta(days=1))]
    else:
        day += timedelta(days=1 + random.randrange(28))
    return File(tuple(steps), day, True)


def seen(unit: Unit, on: date, *, years: range) -> dict[int, YearSeen]:
    """Return {year: `unit` as seen from the day of it that corresponds to `on`}."""
    if on not in unit.pasts:
        parts = [seen(one, on, years=years) for one in unit.beneath]
        unit.pasts[on] = {
            year: _sum([part[year] for part in parts])
            if parts
            else _year(unit.files, same_day(on, year))
            for year in years
        }
    return unit.pasts[on]


def _year(files: list[File], on: date) -> YearSeen:
    end = date(on.year, 12, 31)
    kinds: dict[Kind, int] = {}
    made: dict[Kind, int] = {}
    admitted = outcome = 0
    for file in files:
        if file.is_admitted and file.ended_on.year == on.year:
            outcome += 1
            admitted += file.ended_on <= on
        if (kind := file.kind(on)) is not None:
            kinds[kind] = kinds.get(kind, 0) + 1
            if file.is_admitted and file.ended_on <= end:
                made[kind] = made.get(kind, 0) + 1
    return YearSeen(kinds, admitted, made, outcome, filed=outcome)


def _sum(parts: list[YearSeen]) -> YearSeen:
    files: dict[Kind, float] = {}
    made: dict[Kind, int] = {}
    for part in parts:
        for sums, counts in ((files, part.files), (made, part.made)):
            for kind, people in counts.items():
                sums[kind] = sums.get(kind, 0) + people
    outcome = sum(one.outcome for one in parts)
    return YearSeen(files, sum(one.admitted for one in parts), made, outcome, filed=outcome)


def past(unit: Unit, on: date, *, years: range) -> Past:
    """Return what is known of `unit` and of the units beneath it."""
    units = []
    for part in unit.beneath:
        by_year: dict[int, dict[str, tuple[int, int]]] = {}
        for year, one in seen(part, on, years=years).items():
            steps = by_year[year] = {}
            for kind, files in one.files.items():
                before, made = steps.get(kind[0], (0, 0))
                steps[kind[0]] = before + int(files), made + one.made.get(kind, 0)
        units.append(by_year)
    return Past(seen(unit, on, years=years), unit.cells, units)
