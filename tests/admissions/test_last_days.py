"""The last days of a year: backwards from its end, each the last that is in time."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from admissions.calendar import last_days_of, meeting_in
from admissions.rules import (
    WorkingDays,
    ceremony_due_on,
    decision_due_on,
    is_working_day,
    verification_due_on,
)

RULES: Any = SimpleNamespace(
    admission_decision_days=45, admission_extension_days=15, ceremony_days=30,
    verification_home_days=30,
)  # fmt: skip


def test_the_last_days_of_2021() -> None:
    sure, at_once = last_days_of(2021, RULES), last_days_of(2021, RULES, ceremony_at_once=True)

    assert sure is not None
    assert at_once is not None
    assert [sure.verification, sure.papers, sure.cell, sure.decision, sure.ceremony] == [
        date(2021, 7, 21), date(2021, 9, 1), date(2021, 9, 6), date(2021, 11, 19),
        date(2021, 12, 31),
    ]  # fmt: skip
    assert (at_once.cell, at_once.decision) == (date(2021, 10, 5), date(2021, 12, 31))


@pytest.mark.parametrize("year", [2019, 2021, 2024, 2025])
def test_each_is_in_time_and_the_next_one_is_not(year: int) -> None:
    days = last_days_of(year, RULES)
    assert days is not None

    def next_worked(day: date) -> date:
        day += timedelta(days=1)
        return day if is_working_day(day) else next_worked(day)

    later_meeting = meeting_in(year, days.cell.month + 1)
    assert ceremony_due_on(days.decision, RULES) <= date(year, 12, 31)
    assert ceremony_due_on(next_worked(days.decision), RULES) > date(year, 12, 31)
    assert (
        decision_due_on(days.cell, RULES) <= days.decision < decision_due_on(later_meeting, RULES)
    )
    assert next_worked(days.papers) == days.cell
    assert verification_due_on(days.verification, RULES) <= days.papers
    assert verification_due_on(next_worked(days.verification), RULES) > days.papers


def test_a_decreed_day_off_moves_what_lies_before_it() -> None:
    off = WorkingDays(off=frozenset([date(2021, 12, 31)]))

    plain, decreed = last_days_of(2021, RULES), last_days_of(2021, RULES, calendar=off)

    assert plain is not None
    assert decreed is not None
    assert decreed.decision < plain.decision


def test_terms_longer_than_the_year_leave_no_start() -> None:
    too_long: Any = SimpleNamespace(**{**vars(RULES), "admission_decision_days": 260})

    assert last_days_of(2021, too_long) is None
