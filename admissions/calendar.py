"""Days that a cell plans by: its monthly meeting, the admission rounds, the days that are worked.

The first two are customs, not rules: a cell sets its own day and a round is only a label.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from admissions.models import DayOff, Round
from admissions.rules import (
    USUAL,
    Rules,
    WorkingDays,
    ceremony_due_on,
    decision_due_on,
    is_working_day,
    verification_due_on,
)

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


@dataclass(frozen=True)
class LastDays:
    """The last day of each step for a ceremony in a year, where everybody takes the whole term.

    `verification` is the day by which the class certificate is there and verification is asked for;
    `papers` those complete, `cell` the meeting that considers.
    """

    verification: date
    papers: date
    cell: date
    decision: date
    ceremony: date


def last_days_of(
    year: int, rules: Rules, *, calendar: WorkingDays = USUAL, ceremony_at_once: bool = False
) -> LastDays | None:
    """Return the last days for a ceremony in `year`, backwards from its end in working days.

    The decision comes on the last day of its term after the cell's meeting, and the ceremony on the
    last of its own after the decision; or, `ceremony_at_once`, on the day of the decision itself.
    None where the terms are longer than the year.
    """
    ceremony = date(year, 12, 31)
    decision = _worked(ceremony, calendar)
    while not ceremony_at_once and ceremony_due_on(decision, rules, calendar=calendar) > ceremony:
        decision = _worked(decision - timedelta(days=1), calendar)
    meetings = [meeting_in(year, month, calendar) for month in range(12, 0, -1)]
    early = (day for day in meetings if decision_due_on(day, rules, calendar=calendar) <= decision)
    cell = next(early, None)
    if cell is None:
        return None
    papers = _worked(cell - timedelta(days=1), calendar)
    verification = papers
    while verification_due_on(verification, rules, calendar=calendar) > papers:
        verification = _worked(verification - timedelta(days=1), calendar)
    return LastDays(verification, papers, cell, decision, ceremony)


def _worked(day: date, calendar: WorkingDays) -> date:
    """Return the last working day up to and including `day`."""
    while not is_working_day(day, calendar):
        day -= timedelta(days=1)
    return day
