"""Half-open periods: the first day is in, the last bound is out."""

from datetime import date, timedelta

import pytest

from config import periods

DAY = date(2021, 5, 28)
A_DAY = timedelta(days=1)


def test_a_period_holds_its_first_day_and_not_the_day_it_ends() -> None:
    period = periods.between(DAY, DAY + A_DAY)

    assert [periods.contains(period, DAY + A_DAY * step) for step in (-1, 0, 1)] == [
        False,
        True,
        False,
    ]


def test_an_open_period_holds_every_later_day() -> None:
    period = periods.since(DAY)

    assert periods.contains(period, date(9999, 12, 30))
    assert not periods.contains(period, DAY - A_DAY)
    assert periods.between(DAY, None) == period


@pytest.mark.parametrize("out", [DAY, DAY - A_DAY])
def test_a_period_without_a_day_is_refused(out: date) -> None:
    with pytest.raises(ValueError, match="no day lies between"):
        periods.between(DAY, out)


def test_a_year_begins_on_new_years_day_and_ends_before_the_next() -> None:
    year = periods.year(2021)

    assert periods.contains(year, date(2021, 1, 1))
    assert periods.contains(year, date(2021, 12, 31))
    assert not periods.contains(year, date(2020, 12, 31))
    assert not periods.contains(year, date(2022, 1, 1))
