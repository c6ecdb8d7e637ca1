"""Half-open periods of days: first day in, first day out."""

from datetime import date

from psycopg.types.range import DateRange

OPEN_END = date(9999, 12, 31)
"""The open end where a plain date column is indexed; psycopg cannot read PostgreSQL's infinity."""


def since(first_day: date) -> DateRange:
    """Return the period from `first_day` until further notice."""
    return DateRange(first_day, None)


def between(first_day: date, first_day_out: date | None) -> DateRange:
    """Return the period from `first_day` up to, not including, `first_day_out`.

    Raises ValueError where no day would lie in it.
    """
    if first_day_out is not None and first_day_out <= first_day:
        raise ValueError(f"no day lies between {first_day} and {first_day_out}")
    return DateRange(first_day, first_day_out)


def year(number: int) -> DateRange:
    """Return the calendar year `number`."""
    return DateRange(date(number, 1, 1), date(number + 1, 1, 1))


def contains(period: DateRange, on: date) -> bool:
    """Say whether day `on` lies in `period`."""
    return (period.lower is None or period.lower <= on) and (
        period.upper is None or on < period.upper
    )
