"""Targets of a term: its years, what was admitted since it began, and terms side by side."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib import import_module

import pytest
from django.db import DatabaseError

from targets.in_force import YearOfTerm
from targets.models import Target
from targets.operations.attainment import recompute
from targets.operations.shapes import term_begun
from targets.operations.targets import register_target
from tests.database import OwnerRole
from tests.targets.makers import admit
from tests.targets.test_forms_of_target import DAY, Country, refused, signed_in

TERM = {"span": "term", "decided_on": date(2015, 12, 15)}


@pytest.fixture
def country(db: None) -> Country:
    return Country()


def test_a_term_lasts_to_the_year_of_the_next_congress_unless_said_otherwise(
    country: Country,
) -> None:
    assert country.assign(year=2015, low=200, **TERM).until_year == 2020
    assert country.assign(year=2015, low=10, group="women", until_year=2018, **TERM).until_year == (
        2018
    )


def test_a_term_stored_without_its_last_year_is_given_the_one_it_was_read_as(
    country: Country, owner_role: OwnerRole
) -> None:
    country.assign(year=2015, low=200, **TERM)
    country.assign(year=2015, low=10, group="women", until_year=2018, **TERM)

    with owner_role() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE targets_target DROP CONSTRAINT target_term_has_its_last_year;"
            " ALTER TABLE targets_target DISABLE TRIGGER USER;"
            " UPDATE targets_target SET until_year = NULL WHERE until_year = 2020"
        )
        cursor.execute(import_module("targets.migrations.0008_orders_hold").LAST_YEARS)

    assert set(Target.objects.values_list("low", "until_year")) == {(200, 2020), (10, 2018)}
    with pytest.raises(DatabaseError, match="Cannot update rows"), owner_role() as cursor:
        cursor.execute("UPDATE targets_target SET low = 1")


def test_terms_meet_in_the_year_of_a_congress_and_overlap_no_further(country: Country) -> None:
    country.assign(year=2015, low=200, until_year=2020, **TERM)

    for year in (2014, 2016, 2019):
        sentences = refused(lambda: country.assign(year=year, low=3, **TERM))  # noqa: B023
        assert list(sentences) == ["until_year"], year
        assert "2015–2020" in sentences["until_year"]
    # The next term, the one before, and the same term of another kind stand beside it.
    country.assign(year=2020, low=210, **TERM)
    country.assign(year=2010, low=150, **TERM)
    country.assign(year=2016, low=20, group="women", **TERM)
    country.assign(year=2016, low=250, origin="resolution", **TERM)
    country.assign(to=country.top, year=2016, low=4000, **TERM)
    later = {"reason": "Thêm nguồn", "decision_number": "14-QĐ/ĐU"}
    again = country.assign(year=2015, low=220, until_year=2020, **later, **TERM)

    assert again.version == 2
    assert Target.objects.in_force().filter(organization=country.base).count() == 5


def test_a_term_adds_up_year_by_year(country: Country) -> None:
    first, second, _third = country.cells
    admit(first, date(2014, 12, 31), date(2015, 1, 1), date(2016, 5, 19))
    admit(second, date(2016, 9, 2), date(2018, 2, 3), DAY)
    country.assign(year=2015, low=8, until_year=2020, **TERM)
    recompute(2016)  # some years have stored figures, the others are counted from the facts
    recompute(2019)

    section = country.sections()["KN01-term-2015"]

    assert section.years == [
        YearOfTerm(2015, 1, 1, Decimal("12.50")),
        YearOfTerm(2016, 2, 3, Decimal("37.50")),
        YearOfTerm(2017, 0, 3, Decimal("37.50")),
        YearOfTerm(2018, 1, 4, Decimal("50.00")),
        YearOfTerm(2019, 1, 5, Decimal("62.50"), is_over=False),
        YearOfTerm(2020, None, None, None, is_over=False),
    ]
    assert (section.reached, section.percent, section.missing) == (5, Decimal("62.50"), 3)
    for day, is_over in ((date(2019, 12, 30), False), (date(2019, 12, 31), True)):
        assert country.sections(on=day)["KN01-term-2015"].years[4].is_over is is_over
    assert section.a_year == (0, 2)  # of the years that are over; in one nobody was admitted
    assert section.reached == country.base.attainments.get(year=2019, lens="then").term_admitted
    shown = signed_in(country.above).get(f"/chi-tieu/2019/?dv={country.base.slug}")
    assert "The term 2015–2020" in shown.content.decode()


def test_what_a_term_began_with_is_known_in_its_years_alone(country: Country) -> None:
    admit(country.cells[0], date(2015, 5, 19), date(2019, 5, 19))
    country.assign(year=2015, low=8, until_year=2018, **TERM)
    for year in (2018, 2019):
        recompute(year)

    known = {
        year: (
            term_begun(country.base.pk, year=year, on=DAY),
            country.base.attainments.get(year=year, lens="then").term_admitted,
            "KN01-term-2015" in country.sections(year),
        )
        for year in (2018, 2019)
    }

    assert known == {2018: (2015, 1, True), 2019: (None, 0, False)}


def test_a_registered_term_tells_nobody_when_it_began(country: Country) -> None:
    register_target(country.base, by=country.own, on=DAY, year=2017, low=8, span="term")

    assert term_begun(country.base.pk, year=2019, on=DAY) is None


def test_the_term_of_the_nearest_above_tells_the_base(country: Country) -> None:
    country.opening(2015, 900)
    country.opening(2016, 1000)
    country.assign(to=country.top, year=2015, low=8, until_year=2020, **TERM)
    rate = {"form": "percent", "percent": Decimal(5), "base_of": "term"}

    assert country.assign(**rate).base_members == 900
    country.assign(year=2016, low=300, until_year=2020, **TERM)
    later = {"reason": "Theo nhiệm kỳ của mình", "decision_number": "14-QĐ/ĐU"}
    nearer = country.assign(**rate, **later)

    assert (nearer.base_members, nearer.low) == (1000, 50)
    of_a_term = country.assign(
        year=2016, form="percent", percent=Decimal("25.5"), until_year=2020, group="",
        origin="resolution", **TERM,
    )  # fmt: skip
    assert (of_a_term.base_of, of_a_term.base_members, of_a_term.low) == ("term", 1000, 255)
