"""Days that a cell plans by: its monthly meeting and the admission rounds of the year.

Both are customs, not rules: a cell sets its own day and a round is only a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from admissions.rules import is_working_day

if TYPE_CHECKING:
    from admissions.models import Round

MEETING_DAY = 5
"""Day of the month about which cells usually meet."""

CUSTOMARY_ROUNDS = ((2, 3), (5, 19), (9, 2), (11, 12))
"""(month, day) of the rounds where an organisation has entered none of its own."""


def meeting_in(year: int, month: int) -> date:
    """Return the day about which cells meet in a month: the fifth, or the next working day.

    >>> meeting_in(2021, 6)
    datetime.date(2021, 6, 7)
    """
    day = date(year, month, MEETING_DAY)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def next_meetings(on: date, *, number: int = 3) -> list[date]:
    """Return the next `number` meeting days from day `on`, which itself may be one."""
    found: list[date] = []
    year, month = on.year, on.month
    while len(found) < number:
        day = meeting_in(year, month)
        if day >= on:
            found.append(day)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found


@dataclass(frozen=True)
class RoundDay:
    """A round of admissions: its name and day."""

    name: str
    day: date


def rounds_from(on: date, rounds: Sequence[Round] = ()) -> list[RoundDay]:
    """Return the rounds from day `on`; without `rounds` the customary ones of three years."""
    if rounds:
        found = [RoundDay(one.name, one.day) for one in rounds]
    else:
        found = [
            RoundDay(f"{day}/{month}", date(year, month, day))
            for year in range(on.year, on.year + 3)
            for month, day in CUSTOMARY_ROUNDS
        ]
    return sorted((one for one in found if one.day >= on), key=lambda one: one.day)
