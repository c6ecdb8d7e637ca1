"""What people type, and what the product understands by it."""

import unicodedata
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from config.ui.forms import DateField, LineField, NameField, NoteField, WholeNumberField


def sentence(field, typed):
    with translation.override("en"):
        with pytest.raises(ValidationError) as refused:
            field.clean(typed)
        return " ".join(refused.value.messages)


@pytest.mark.parametrize(
    "typed",
    [
        "05/06/2025",
        "5/6/2025",
        "5/6/25",
        "05062025",
        "5-6-2025",
        "5.6.2025",
        " 5 / 6 / 2025 ",
        "2025-06-05",
        "０５/０６/２０２５",
    ],
)
def test_a_day_is_understood_however_it_is_typed(typed):
    assert DateField().clean(typed) == date(2025, 6, 5)


def test_a_year_of_two_digits_is_of_the_century_that_it_can_be():
    assert DateField().clean("17/9/96") == date(1996, 9, 17)
    assert DateField().clean("17/9/49") == date(2049, 9, 17)


@pytest.mark.parametrize("typed", ["31/02/2025", "29/02/2025", "32/01/2025", "01/13/2025"])
def test_a_day_that_the_calendar_has_not_is_named(typed):
    assert sentence(DateField(), typed) == (f"There is no day {typed}. Write it as day/month/year.")


def test_the_29th_of_february_is_a_day_in_a_leap_year():
    assert DateField().clean("29/02/2024") == date(2024, 2, 29)


@pytest.mark.parametrize("typed", ["hôm qua", "5/6", "052025", "5/6/2025/1", "1/1/1/1", "٥/٦/٢٠٢٥"])
def test_what_is_no_day_is_refused_with_an_example(typed):
    assert "is not a day. Write it as day/month/year, e.g. 05/06/2025." in sentence(
        DateField(), typed
    )


def test_a_slip_in_the_year_is_seen():
    assert sentence(DateField(), "5/6/0205") == "The year must be between 1900 and 2100."
    assert sentence(DateField(), "5/6/1899") == "The year must be between 1900 and 2100."
    assert DateField().clean("1/1/1900") == date(1900, 1, 1)


def test_a_missing_day_is_asked_for_and_an_optional_one_is_none():
    assert sentence(DateField(), "  ") == "Enter the day."
    assert DateField(required=False).clean("") is None


def test_a_very_long_text_is_not_repeated_whole_in_its_refusal():
    assert len(sentence(DateField(), "9" * 5000)) < 150


def test_a_number_may_have_the_dots_of_thousands():
    assert WholeNumberField().clean("1.383") == 1383
    assert WholeNumberField().clean(" 1 383 ") == 1383
    assert WholeNumberField().clean("0") == 0


@pytest.mark.parametrize("typed", ["hai", "2,5", "2.5", "1e3", "+5", "0x10", "1.38", "1 2 x"])
def test_what_is_no_whole_number_is_refused(typed):
    assert "is not a whole number" in sentence(WholeNumberField(), typed)


@pytest.mark.parametrize("typed", ["-1", "−1", "–1"])
def test_a_number_below_zero_is_refused_in_its_own_words(typed):
    assert sentence(WholeNumberField(), typed) == "The number can't be less than 0."


def test_a_number_has_its_limits_both_ways():
    field = WholeNumberField(min_value=1, max_value=500)
    assert field.clean("500") == 500
    assert sentence(field, "501") == "The number can't be more than 500."
    assert sentence(field, "0") == "The number can't be less than 1."
    assert "can't be more than" in sentence(WholeNumberField(), "9" * 12)
    assert sentence(field, "9" * 20) == "The number can't be more than 500."
    assert sentence(field, "9" * 5000) == "The number can't be more than 500."


def test_a_name_is_kept_in_nfc_with_single_blanks():
    decomposed = unicodedata.normalize("NFD", "Vũ  Văn\tThịnh ")
    assert NameField().clean(decomposed) == "Vũ Văn Thịnh"


@pytest.mark.parametrize("typed", ["<b>An</b>", "An>", "<script>alert(1)</script>"])
def test_a_name_has_no_markup(typed):
    assert sentence(NameField(), typed) == "The characters < and > can't be used here."


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\x00", "\x07", "\ufeff", "\ue000"])
def test_a_name_has_no_hidden_characters(hidden):
    assert "There is a hidden character" in sentence(NameField(), f"An{hidden}Bình")


def test_a_name_has_letters_and_an_end():
    assert sentence(NameField(), "123") == "A name has letters in it."
    assert sentence(NameField(), "") == "Enter the name."
    assert NameField().clean("A" * 120) == "A" * 120
    assert sentence(NameField(), "A" * 121) == "At most 120 characters; there are 121."


def test_a_line_may_be_a_number():
    assert LineField().clean("  118-QĐ/ĐU ") == "118-QĐ/ĐU"


def test_a_note_keeps_its_lines_and_loses_its_empty_ones():
    assert NoteField().clean("một \r\n\r\n\r\n\r\nhai\u2028ba\n") == "một\n\nhai\nba"
    assert NoteField(required=False).clean("") == ""
