"""Days that a cell plans by: its monthly meeting, the admission rounds, the days that are worked.

The first two are customs, not rules: a cell sets its own day and a round is only a label.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from admissions.models import DayOff, Round
from admissions.rules import USUAL, WorkingDays, is_working_day

MEETING_DAY = 5
"""Day of the month about which cells usually meet."""

CUSTOMARY_ROUNDS = ((2, 3), (5, 19), (9, 2), (11, 12))
"""(month, day) of the rounds where an organisation has entered none of its own."""


def working_days() -> WorkingDays:
    """Return which days are worked by the table of decreed days; one query.

    The latest row of a day counts; one that says "as in the calendar" takes an earlier one back.
    """
    return working_days_by(DayOff.objects.order_by("pk").values_list("day", "kind"))


def working_days_by(decreed: Iterable[tuple[date, str]]) -> WorkingDays:
    """Return which days are worked by rows (day, kind) of the table, oldest first."""
    latest = dict(decreed)
    return WorkingDays(
        off=frozenset(day for day, kind in latest.items() if kind == DayOff.Kind.OFF),
        worked=frozenset(day for day, kind in latest.items() if kind == DayOff.Kind.WORKING),
    )


def meeting_in(year: int, month: int, calendar: WorkingDays = USUAL) -> date:
    """Return the day about which cells meet in a month: the fifth, or the next working day.

    >>> meeting_in(2021, 6)
    datetime.date(2021, 6, 7)
    """
    day = date(year, month, MEETING_DAY)
    while not is_working_day(day, calendar):
        day += timedelta(days=1)
    return day


def next_meetings(on: date, *, number: int = 3, calendar: WorkingDays = USUAL) -> list[date]:
    """Return the next `number` meeting days from day `on`, which itself may be one."""
    found: list[date] = []
    year, month = on.year, on.month
    while len(found) < number:
        day = meeting_in(year, month, calendar)
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
        # Sentences say "round" before the name.
        found = [RoundDay(one.name.removeprefix("Đợt "), one.day) for one in rounds]
    else:
        found = [
            RoundDay(f"{day}/{month}", date(year, month, day))
            for year in range(on.year, on.year + 3)
            for month, day in CUSTOMARY_ROUNDS
        ]
    return sorted((one for one in found if one.day >= on), key=lambda one: one.day)
