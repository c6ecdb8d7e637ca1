"""The catalogue of indicators, and figures that units report."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from targets.indicators import CATALOGUE, forms_of
from targets.models import Indicator, ReportedFigure, Target
from targets.operations.declarations import report_figure
from targets.templatetags.rates import points
from tests.makers import once
from tests.organizations.makers import account, appointed
from tests.targets.test_forms_of_target import DAY, Country, signed_in

EVIDENCE = {"evidence": "Báo cáo số 12-BC/HU"}


@pytest.fixture
def country(db: None) -> Country:
    return Country()


@pytest.fixture
def own(country: Country) -> Client:
    return signed_in(country.own)


def address(name: str, country: Country, *about: str) -> str:
    return reverse(name, args=about, query={"dv": country.base.slug, "nam": 2019})


def report(country: Country, code: str, as_of: date, many: int, of: int | None = None) -> None:
    report_figure(code, country.base, by=country.own, on=DAY, as_of=as_of, numerator=many,
                  denominator=of, **EVIDENCE)  # fmt: skip


def test_every_indicator_says_what_it_counts_and_every_share_out_of_what(db: None) -> None:
    indicators = list(Indicator.objects.all())

    assert [one.pk for one in indicators] == list(CATALOGUE) == [f"KN{n:02d}" for n in range(1, 19)]
    for one in indicators:
        entry = CATALOGUE[one.pk]
        assert entry.counts
        assert bool(entry.of) == one.is_share, one.pk
        assert Target.Form.SHARE not in entry.forms or one.is_share, one.pk
    assert forms_of("KN06") == ("number", "range", "floor", "share")
    assert forms_of("KN99") == ()


def test_the_catalogue_names_all_and_links_to_what_is_reported(
    country: Country, own: Client
) -> None:
    report(country, "KN11", date(2019, 1, 1), 110, 130)

    shown = own.get(address("indicator-list", country)).content.decode()

    for code in CATALOGUE:
        assert code in shown
    assert "all heads of villages" in shown
    assert "<b>110/130</b> = 84.62" in shown
    assert reverse("figure-report", args=["KN12"]) in shown
    assert reverse("figure-report", args=["KN01"]) not in shown


def test_a_share_is_told_with_both_numbers_its_target_and_points(
    country: Country, own: Client
) -> None:
    country.assign(form="share", percent=Decimal(90), indicator="KN11")
    report(country, "KN11", date(2019, 1, 1), 110, 130)

    before = country.sections()["KN11-year-2019"]
    assert (before.reached, before.of, before.is_reached, before.points) == (110, 130, False, None)
    report(country, "KN11", date(2019, 10, 31), 121, 130)
    section = country.sections()["KN11-year-2019"]

    assert (section.percent, section.is_reached) == (Decimal("93.08"), True)
    assert section.points == Decimal("8.46")
    shown = own.get(address("indicator-detail", country, "KN11")).content.decode()
    assert "<b>121/130</b> = 93.08" in shown
    assert "≥ 90" in shown
    assert "+8.46 percentage points" in shown


def test_points_are_written_in_the_words_of_the_field() -> None:
    with override("vi"):
        assert points(Decimal("8.46")) == "+8,46 điểm phần trăm"


def test_just_below_a_share_is_not_reached_though_it_is_printed_so(country: Country) -> None:
    country.assign(form="share", percent=Decimal(90), indicator="KN11")
    report(country, "KN11", date(2019, 10, 30), 89_999, 100_000)
    assert country.sections()["KN11-year-2019"].percent == Decimal("90.00")
    assert country.sections()["KN11-year-2019"].is_reached is False

    report(country, "KN11", date(2019, 10, 31), 90_000, 100_000)

    assert country.sections()["KN11-year-2019"].is_reached is True


def test_a_count_is_told_in_what_it_counts_never_in_points(country: Country, own: Client) -> None:
    country.assign(low=2, indicator="KN12")
    report(country, "KN12", date(2019, 6, 30), 1)
    report(country, "KN12", date(2019, 10, 31), 2)

    section = country.sections()["KN12-year-2019"]
    shown = own.get(address("indicator-detail", country, "KN12")).content.decode()

    assert (section.reached, section.is_reached, section.more, section.points) == (2, True, 1, None)
    assert "+1 (+100.00" in shown
    assert "points" not in shown


def test_a_correction_is_a_newer_row_and_both_stay(country: Country, own: Client) -> None:
    report(country, "KN12", date(2019, 10, 31), 3)
    where = address("figure-report", country, "KN12")

    answer = own.post(
        where, {"once": once(), "numerator": "2", "as_of": "31/10/2019", "evidence": "Đếm lại"}
    )

    assert answer.status_code == 303
    shown = own.get(answer["Location"]).content.decode()
    assert shown.count("31/10/2019") >= 2
    assert shown.count(">corrected<") == 1
    country.assign(low=2, indicator="KN12")
    assert country.sections()["KN12-year-2019"].reached == 2
    assert ReportedFigure.objects.count() == 2


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("code", "values", "at"),
    [
        ("KN11", {"numerator": "131", "denominator": "130"}, "denominator"),
        ("KN11", {"numerator": "1", "denominator": "0"}, "denominator"),
        ("KN11", {"numerator": "1"}, "denominator"),
        ("KN12", {"numerator": "-1"}, "numerator"),
        ("KN12", {"numerator": "2", "as_of": "03/11/2019"}, "as_of"),
        ("KN12", {"numerator": "2", "evidence": " "}, "evidence"),
    ],
)
def test_an_impossible_figure_is_told_at_its_field(
    country: Country, own: Client, code: str, values: dict[str, str], at: str
) -> None:
    sent = {"once": once(), "as_of": "02/11/2019", **EVIDENCE, **values}

    answer = own.post(address("figure-report", country, code), sent)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [at]
    assert not ReportedFigure.objects.exists()


def test_who_only_reads_reports_nothing_and_nobody_reports_what_the_system_counts(
    country: Country, own: Client
) -> None:
    leader = account("lanhdao")
    appointed(leader, country.base, "leader", since=date(2014, 1, 1))
    reader = signed_in(leader)

    assert reader.get(address("indicator-list", country)).status_code == 200
    assert reader.get(address("figure-report", country, "KN12")).status_code == 403
    assert own.get(address("figure-report", country, "KN01")).status_code == 404
    assert own.get(address("indicator-detail", country, "KN99")).status_code == 404
    above = reverse("indicator-list", query={"dv": country.top.slug})
    assert own.get(above).status_code == 404
    for year in ("x", "1066", "0000020190000", "9" * 30):
        assert own.get(reverse("indicator-list", query={"nam": year})).status_code == 404, year


def test_a_long_history_asks_no_more_of_the_database(country: Country, own: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            own.get(address("indicator-detail", country, "KN11"))
        return len(captured)

    report(country, "KN11", date(2018, 1, 1), 100, 130)
    few = queries()
    for day in range(1, 20):
        report(country, "KN11", date(2019, 10, day), 100 + day, 130)

    assert queries() == few
