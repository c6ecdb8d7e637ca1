"""The plan of a year: a staircase over its rounds, from the years before; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from statistics import median

from admissions.calendar import CUSTOMARY_ROUNDS


@dataclass(frozen=True)
class RoundOfYear:
    """A usual round of admissions: its day, and the months whose admissions count for it."""

    day: int
    month: int
    first_month: int
    last_month: int

    @property
    def name(self) -> str:
        """Return its name as everybody writes it: 3/2."""
        return f"{self.day}/{self.month}"

    def on(self, year: int) -> date:
        """Return its day in `year`."""
        return date(year, self.month, self.day)


_MONTHS = [month for month, _day in CUSTOMARY_ROUNDS]
ROUNDS = tuple(
    RoundOfYear(day, month, first_month, last_month)
    for (month, day), first_month, last_month in zip(
        CUSTOMARY_ROUNDS,
        [1, *(month + 1 for month in _MONTHS[:-1])],
        [*_MONTHS[:-1], 12],
        strict=True,
    )
)
"""The days on which admissions are usually held: labels, not rules.

A month counts for the round held in it or after it, those after the last round for the last.
"""


def round_days(year: int) -> list[date]:
    """Return the days of the usual rounds in `year`, in order."""
    return [one.on(year) for one in ROUNDS]


def rounds_held(on: date) -> int:
    """Return how many of the year's rounds were held by day `on`, that day's included.

    >>> rounds_held(date(2021, 5, 18)), rounds_held(date(2021, 5, 19))
    (1, 2)
    """
    return sum(day <= on for day in round_days(on.year))


def staircase(shares: Sequence[Decimal], year: int) -> list[tuple[date, Decimal]]:
    """Return the corners of the plan [(day, share reached)], from 1 January to 31 December."""
    corners = [(date(year, 1, 1), Decimal(0))]
    reached = Decimal(0)
    for day, share in zip(round_days(year), shares, strict=True):
        corners += [(day, reached), (day, share)]
        reached = share
    return [*corners, (date(year, 12, 31), reached)]


PLAN_YEARS = 3
"""Past years whose median makes the plan."""
PLAN_PEOPLE = 12
"""Admissions over those years below which an organisation borrows its superior's plan."""


def shares_by_round(years: Sequence[Sequence[int]]) -> list[Decimal] | None:
    """Return the share of a year's admissions that each round reaches, 0 to 1, cumulative.

    `years` has for each past year its admissions by month, January first. A month counts for the
    round held in it or after it; what comes after the last round counts for the last. The share
    is the median of the years that had admissions, None where none had.

    >>> year = [0, 8, 0, 0, 16, 0, 0, 0, 36, 0, 40, 0]
    >>> [str(share) for share in shares_by_round([year])]
    ['0.08', '0.24', '0.6', '1']
    """
    counted = [list(accumulate(months)) for months in years if sum(months) > 0]
    if not counted:
        return None
    return [
        Decimal(1)
        if one is ROUNDS[-1]
        else median(Decimal(year[one.last_month - 1]) / year[-1] for year in counted)
        for one in ROUNDS
    ]


def planned(target_low: int, shares: Sequence[Decimal], rounds: int) -> int:
    """Return the people that the plan asks for after `rounds` rounds were held; half up.

    >>> planned(950, [Decimal("0.08"), Decimal("0.24"), Decimal("0.6"), Decimal(1)], 2)
    228
    """
    if rounds <= 0:
        return 0
    return int((target_low * shares[rounds - 1]).to_integral_value(ROUND_HALF_UP))
