"""The formulas: every clock with the day before and the day of its limit, and the odd calendar."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from admissions import rules as formulas
from admissions.calendar import working_days
from admissions.models import DayOff, RuleSet
from admissions.operations.rule_sets import decree_day
from admissions.rules import (
    USUAL,
    WorkingDays,
    add_months,
    add_working_days,
    certificate_expires_on,
    decision_due_on,
    full_months,
    full_years,
    is_working_day,
    may_be_considered_at_age,
    may_be_readmitted_from,
    paper_stale_on,
    probation_ends_on,
    readings_of_age_differ,
    threshold,
)
from tests.makers import World


def rules(code: str) -> RuleSet:
    return RuleSet.objects.get(code=code)


# ---------------------------------------------------------------- T7: working days


@pytest.mark.django_db
def test_a_decision_is_due_after_45_working_days_and_15_more_across_tet() -> None:
    resolved = date(2025, 12, 15)

    # 1 January and the five days of Tết (16 to 20 February 2026) are no working days.
    assert decision_due_on(resolved, rules("294-QĐ/TW")) == date(2026, 2, 24)
    assert decision_due_on(resolved, rules("294-QĐ/TW"), extended=True) == date(2026, 3, 17)


@pytest.mark.django_db
def test_an_exchanged_day_before_tet_brings_the_limit_forward(kc: World) -> None:
    saturday, monday = date(2026, 2, 7), date(2026, 2, 23)
    resolved = date(2025, 12, 15)
    for day, kind in ((saturday, DayOff.Kind.WORKING), (monday, DayOff.Kind.OFF)):
        decree_day(by=kc.staff2, on=resolved, day=day, kind=kind, source="TB 123/TB-VPCP")
    calendar = working_days()

    # One day more is worked before the limit and one less on it: the same day; either moves it.
    assert decision_due_on(resolved, rules("294-QĐ/TW"), calendar=calendar) == date(2026, 2, 24)
    off_alone = WorkingDays(off=frozenset([monday]))
    worked_alone = WorkingDays(worked=frozenset([saturday]))
    assert decision_due_on(resolved, rules("294-QĐ/TW"), calendar=off_alone) == date(2026, 2, 25)
    assert decision_due_on(resolved, rules("294-QĐ/TW"), calendar=worked_alone) == monday


def test_the_days_of_the_library_that_are_worked_in_exchange_are_working_days() -> None:
    assert is_working_day(date(2025, 4, 26))  # a Saturday, for Friday 2 May
    assert not is_working_day(date(2025, 5, 2))
    assert add_working_days(date(2025, 4, 25), 1) == date(2025, 4, 26)


def test_what_is_decreed_goes_before_the_calendar() -> None:
    calendar = WorkingDays(off=frozenset([date(2021, 5, 27)]), worked=frozenset([date(2021, 5, 1)]))

    assert not is_working_day(date(2021, 5, 27), calendar)
    assert is_working_day(date(2021, 5, 1), calendar)  # Labour day, and a Saturday


@pytest.mark.django_db
def test_the_latest_line_of_a_day_counts(kc: World) -> None:
    day = date(2026, 3, 2)
    for kind in (DayOff.Kind.OFF, DayOff.Kind.USUAL):
        assert (day in working_days()) is (kind == DayOff.Kind.OFF)
        decree_day(by=kc.staff2, on=day, day=day, kind=kind, source="TB 5/TB-VPCP")

    assert working_days() == USUAL
    assert DayOff.objects.count() == 2


CLOCKS: list[tuple[Callable[..., date], str]] = [
    (formulas.send_up_due_on, "send_up_days"),
    (formulas.grassroots_due_on, "grassroots_days"),
    (formulas.decision_due_on, "admission_decision_days"),
    (formulas.verification_due_on, "verification_home_days"),
    (formulas.ceremony_due_on, "ceremony_days"),
    (formulas.new_member_papers_due_on, "new_member_papers_days"),
    (formulas.recognition_review_due_on, "recognition_review_days"),
    (formulas.recognition_decision_due_on, "recognition_decision_days"),
    (formulas.forward_due_on, "forward_days"),
    (formulas.moved_decision_due_on, "moved_decision_days"),
    (formulas.moved_decision_counts_until, "moved_ceremony_days"),
    (formulas.fault_review_due_on, "fault_review_days"),
    (formulas.transfer_start_due_on, "transfer_start_days"),
    (formulas.transfer_present_due_on, "transfer_present_days"),
]


def working_days_between(first: date, last: date) -> int:
    """Working days after `first`, up to and with `last`, counted one by one."""
    days = (last - first).days
    return sum(is_working_day(first + timedelta(days=one)) for one in range(1, days + 1))


@pytest.mark.django_db
@pytest.mark.parametrize(("clock", "column"), CLOCKS, ids=[column for _clock, column in CLOCKS])
def test_each_clock_runs_so_many_working_days_as_its_column_says(
    clock: Callable[..., date], column: str
) -> None:
    begun = date(2026, 1, 5)
    for version in RuleSet.objects.all():
        limit = clock(begun, version)
        days = getattr(version, column)

        assert working_days_between(begun, limit) == days
        assert working_days_between(begun, limit - timedelta(days=1)) == days - 1
        assert is_working_day(limit)
        # A day off within the term moves the limit to the next working day.
        off = WorkingDays(off=frozenset([add_working_days(begun, 2)]))
        assert clock(begun, version, calendar=off) == add_working_days(limit, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("clock", "options", "days"),
    [
        (formulas.verification_due_on, {"abroad": True}, 90),
        (formulas.decision_due_on, {"extended": True}, 60),
        (formulas.recognition_decision_due_on, {"extended": True}, 45),
    ],
)
def test_longer_terms_add_their_days(
    clock: Callable[..., date], options: dict[str, Any], days: int
) -> None:
    begun = date(2025, 8, 4)

    assert clock(begun, rules("294-QĐ/TW"), **options) == add_working_days(begun, days)


# ---------------------------------------------------------------- T1: ages


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("on", "reading", "may"),
    [
        # Born 15 May 2003: eighteen on 15 May 2021.
        (date(2021, 5, 14), "month", False),
        (date(2021, 5, 15), "month", True),
        (date(2021, 5, 14), "exact", False),
        (date(2021, 5, 15), "exact", True),
        (date(2021, 4, 30), "month_number", False),
        (date(2021, 5, 1), "month_number", True),
    ],
)
def test_the_youngest_age_in_each_reading(on: date, reading: str, may: bool) -> None:
    assert (
        may_be_considered_at_age(date(2003, 5, 15), on, rules("29-QĐ/TW"), reading=reading) is may
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("on", "reading", "may"),
    [
        # Born 15 May 1961: sixty on 15 May 2021.
        (date(2021, 5, 31), "month", True),
        (date(2021, 6, 1), "month", False),
        (date(2021, 5, 15), "exact", True),
        (date(2021, 5, 16), "exact", False),
        (date(2021, 5, 31), "month_number", True),
        (date(2021, 6, 1), "month_number", False),
    ],
)
def test_the_oldest_age_in_each_reading(on: date, reading: str, may: bool) -> None:
    assert (
        may_be_considered_at_age(date(1961, 5, 15), on, rules("29-QĐ/TW"), reading=reading) is may
    )


@pytest.mark.django_db
def test_the_readings_differ_only_within_the_months_of_the_limits() -> None:
    version = rules("294-QĐ/TW")

    assert [
        day
        for day in (date(2021, 5, 14), date(2021, 5, 15), date(2021, 4, 30), date(2030, 1, 1))
        if readings_of_age_differ(date(2003, 5, 15), day, version)
    ] == [date(2021, 5, 14)]
    assert readings_of_age_differ(date(1961, 5, 15), date(2021, 5, 16), version)
    assert not readings_of_age_differ(date(1961, 5, 15), date(2021, 5, 15), version)


# ---------------------------------------------------------------- T2, T3, T8, T11 and leap years


@pytest.mark.django_db
def test_a_certificate_of_january_2020_counts_to_its_day_in_2025() -> None:
    version = rules("29-QĐ/TW")

    assert certificate_expires_on(date(2020, 1, 15), version) == date(2025, 1, 16)
    version.certificate_valid_on_last_day = False
    assert certificate_expires_on(date(2020, 1, 15), version) == date(2025, 1, 15)


@pytest.mark.django_db
def test_a_paper_of_twelve_months_still_counts_and_not_the_day_after() -> None:
    assert paper_stale_on(date(2021, 2, 10), rules("24-QĐ/TW")) == date(2022, 2, 11)


@pytest.mark.django_db
def test_months_that_begin_on_29_february_end_on_28_february() -> None:
    leap, version = date(2024, 2, 29), rules("24-QĐ/TW")

    assert probation_ends_on(leap, version) == date(2025, 2, 28)
    assert certificate_expires_on(leap, version) == date(2029, 3, 1)
    assert paper_stale_on(leap, version) == date(2025, 3, 1)
    assert add_months(leap, 48) == date(2028, 2, 29)
    assert full_years(date(2004, 2, 29), date(2022, 2, 28)) == 17
    assert full_years(date(2004, 2, 29), date(2022, 3, 1)) == 18


@pytest.mark.django_db
def test_a_probation_begun_on_10_october_2024_ends_on_10_october_2025() -> None:
    assert probation_ends_on(date(2024, 10, 10), rules("24-QĐ/TW")) == date(2025, 10, 10)


@pytest.mark.django_db
def test_the_ceremony_is_counted_from_the_receipt_or_the_issue_by_version() -> None:
    assert [version.ceremony_from for version in RuleSet.objects.order_by("period")] == [
        *["receipt"] * 5,
        "issue",
    ]


@pytest.mark.django_db
def test_somebody_who_left_may_come_back_after_36_months_or_60() -> None:
    left, version = date(2021, 3, 31), rules("294-QĐ/TW")

    assert may_be_readmitted_from(left, version) == date(2024, 3, 31)
    assert may_be_readmitted_from(left, version, was_cleared=True) == date(2026, 3, 31)
    assert full_months(left, date(2024, 3, 30)) == 35
    assert full_months(left, date(2024, 3, 31)) == 36


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("born_on", "reading", "last_not", "first_yes"),
    [
        # Born on a 29 February, eighteen in 2022: there it is full on 1 March.
        (date(2004, 2, 29), "month", date(2022, 2, 28), date(2022, 3, 1)),
        (date(2004, 2, 29), "exact", date(2022, 2, 28), date(2022, 3, 1)),
        (date(2004, 2, 29), "month_number", date(2022, 1, 31), date(2022, 2, 1)),
    ],
)
def test_who_was_born_on_29_february_comes_of_age(
    born_on: date, reading: str, last_not: date, first_yes: date
) -> None:
    version = rules("24-QĐ/TW")

    assert not may_be_considered_at_age(born_on, last_not, version, reading=reading)
    assert may_be_considered_at_age(born_on, first_yes, version, reading=reading)


@pytest.mark.django_db
@pytest.mark.parametrize("reading", ["month", "exact", "month_number"])
def test_who_was_born_on_29_february_1960_is_sixty_on_that_of_2020(reading: str) -> None:
    version = rules("29-QĐ/TW")

    assert may_be_considered_at_age(date(1960, 2, 29), date(2020, 2, 29), version, reading=reading)
    assert not may_be_considered_at_age(
        date(1960, 2, 29), date(2020, 3, 1), version, reading=reading
    )


@pytest.mark.django_db
def test_who_left_on_29_february_comes_back_from_28_february_on() -> None:
    left, version = date(2020, 2, 29), rules("24-QĐ/TW")

    assert may_be_readmitted_from(left, version) == date(2023, 2, 28)
    assert may_be_readmitted_from(left, version, was_cleared=True) == date(2025, 2, 28)
    assert [full_months(left, day) for day in (date(2023, 2, 27), date(2023, 2, 28))] == [35, 36]


def test_29_february_is_worked_where_it_is_no_day_off() -> None:
    # Thursday 29 February 2024; the day after the 28th in other years is a day of March.
    assert add_working_days(date(2024, 2, 26), 3) == date(2024, 2, 29)
    assert add_working_days(date(2024, 2, 26), 4) == date(2024, 3, 1)
    assert add_working_days(date(2023, 2, 27), 2) == date(2023, 3, 1)


# ---------------------------------------------------------------- T4, T5, T6: shares of a vote


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("level", "delegated", "entitled", "needed"),
    [
        ("cell", False, 3, 2),
        ("cell", False, 13, 9),
        ("cell", False, 15, 10),
        ("cell", False, 26, 18),
        ("intermediate", False, 9, 6),
        ("grassroots", False, 14, 10),
        ("grassroots", False, 15, 10),
        # A standing committee: more than half.
        ("competent", False, 7, 4),
        ("competent", False, 8, 5),
        ("competent", False, 15, 8),
        # A whole committee to which it is delegated: two thirds of all.
        ("competent", True, 9, 6),
        ("competent", True, 15, 10),
        ("competent", True, 16, 11),
    ],
)
def test_the_fewest_votes_that_pass_and_one_fewer_in_every_version(
    level: str, delegated: bool, entitled: int, needed: int
) -> None:
    for version in RuleSet.objects.all():
        share = threshold(level, version, delegated=delegated)

        assert share.needed(entitled) == needed
        assert share.passed(in_favour=needed, entitled=entitled)
        assert not share.passed(in_favour=needed - 1, entitled=entitled)
