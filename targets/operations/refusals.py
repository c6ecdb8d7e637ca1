"""Checks that several operations of targets share; each gives a sentence, or None."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

FIRST_YEAR = 1930
"""The Party's founding: no figure is older."""
YEARS_AHEAD = 5
"""A term: nobody sets targets further ahead."""
MOST_PEOPLE = 10_000_000


def of_year(year: int, *, on: date) -> str | None:
    """Refuse a year before the Party's founding, or more than a term ahead of `on`."""
    if FIRST_YEAR <= year <= on.year + YEARS_AHEAD:
        return None
    return _("Enter a year from %(first)s to %(last)s.") % {
        "first": FIRST_YEAR,
        "last": on.year + YEARS_AHEAD,
    }


def nothing_known(year: int) -> str:
    """Return the refusal of a year without any figure."""
    return _("Nothing is known of %(year)s: no opening members, target or admission.") % {
        "year": year
    }


def of_opening(year: int, *, on: date) -> str | None:
    """Refuse a year of which nobody can know the members on 1 January: it has not come by `on`."""
    if FIRST_YEAR <= year <= on.year:
        return None
    return _("The members on 1 January %(year)s are not known yet.") % {"year": year}


def of_people(people: int | None) -> str | None:
    """Refuse no number, a negative one, and one larger than the whole Party."""
    if people is None:
        return _("Enter a number.")
    if people < 0:
        return _("The number must not be negative.")
    if people > MOST_PEOPLE:
        return _("The number is too large.")
    return None


def of_day(day: date | None, *, on: date) -> str | None:
    """Refuse no day, and one later than `on`."""
    if day is None:
        return _("Enter the day.")
    if day > on:
        return _("The day must not be later than today, %(today)s.") % {"today": f"{on:%d/%m/%Y}"}
    if day.year < FIRST_YEAR:
        return _("The day lies too far back.")
    return None


def of_day_to_come(day: date | None, *, on: date) -> str | None:
    """Refuse no day, one earlier than `on`, and one more than a term ahead."""
    if day is None:
        return _("Enter the day.")
    if day < on:
        return _("The day must not be earlier than today, %(today)s.") % {"today": f"{on:%d/%m/%Y}"}
    return of_distance(day, on=on)


def of_distance(day: date, *, on: date) -> str | None:
    """Refuse a day more than a term ahead of `on`."""
    return _("The day lies too far ahead.") if day.year > on.year + YEARS_AHEAD else None


def of_text(text: str, *, limit: int, missing: str | None = None) -> str | None:
    """Refuse a text longer than `limit`; where `missing` is given, also none, in its words."""
    if not text and missing:
        return missing
    if len(text) > limit:
        return _("At most %(limit)s characters.") % {"limit": limit}
    return None


def found(**sentences: str | None) -> dict[str, str]:
    """Return {argument: sentence} of those that refuse."""
    return {argument: sentence for argument, sentence in sentences.items() if sentence}
