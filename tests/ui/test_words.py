"""How numbers and days are written."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from config.ui.templatetags import ui


@pytest.fixture(autouse=True)
def _vietnamese():
    with translation.override("vi"):
        yield


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (1383, "1.383"), (19000, "19.000"), (-43, "−43"), (None, "–"), ("x", "–")],
)
def test_numbers_have_dots_of_thousands(value, written):
    assert ui.number(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("5.25"), "5,3\u00a0%"),
        (Decimal("5.24"), "5,2\u00a0%"),
        (93.08, "93,1\u00a0%"),
        (106, "106\u00a0%"),
        (105.0, "105\u00a0%"),
        (0, "0\u00a0%"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_percents_are_rounded_half_up_and_whole_ones_have_no_decimals(value, written):
    assert ui.percent(value) == written


def test_percents_take_more_places_where_asked():
    assert ui.percent(Decimal("93.075"), 2) == "93,08\u00a0%"


@pytest.mark.parametrize(
    ("value", "written"), [(6, "+6"), (-43, "−43"), (0, "0"), (Decimal("-0.4"), "0"), (None, "–")]
)
def test_differences_have_their_sign(value, written):
    assert ui.signed(value) == written


def test_english_has_its_own_points():
    with translation.override("en"):
        assert ui.number(1383) == "1,383"
        assert ui.percent(5.25) == "5.3\u00a0%"


def test_days_are_written_day_first():
    assert ui.day(date(2025, 6, 5)) == "05/06/2025"
    assert ui.day_short(date(2025, 6, 5)) == "05/06"
    assert ui.day(None) == "–"


def test_an_instant_is_written_on_its_day_in_vietnam():
    before_midnight_in_london = datetime(2025, 6, 4, 17, 30, tzinfo=UTC)
    assert ui.day(before_midnight_in_london) == "05/06/2025"
    assert ui.moment(before_midnight_in_london) == "05/06/2025 00:30"


def test_the_given_name_of_a_vietnamese_name_is_its_last_word():
    assert ui.initial("Trần Văn Quyết") == "Q"
    assert ui.initial("") == "?"


def test_what_is_kept_on_a_line_is_escaped():
    assert ui.nb("<5-KNĐ>") == '<span class="nb">&lt;5-KNĐ&gt;</span>'
    assert "&lt;b&gt;" in ui.tag("warn", "<b>")


def test_a_warning_has_an_icon_beside_its_colour():
    assert 'href="#i-warn"' in ui.tag("late", "At risk")
    assert "<svg" not in ui.tag("", "Not yet due")


def test_a_label_is_left_out_where_the_value_says_it_itself():
    assert ui.labelled("Chi bộ 1", "Chi bộ") == ""
    assert ui.labelled("Phân xưởng Khai thác 2", "Chi bộ") == "Chi bộ"
    assert ui.labelled(None, "Chi bộ") == "Chi bộ"
