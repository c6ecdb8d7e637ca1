"""The one clock: the database's `app_now()`."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from config import clock
from organizations.models import Installation

pytestmark = pytest.mark.django_db

DAY = date(2021, 5, 28)


def difference() -> timedelta:
    return abs(datetime.now(UTC) - clock.now())


def test_before_the_first_start_it_is_the_real_time() -> None:
    assert difference() < timedelta(seconds=30)


def test_a_real_installation_stands_in_the_real_time() -> None:
    Installation.objects.create(mode="real")

    assert difference() < timedelta(seconds=30)


def test_a_demonstration_stands_on_its_own_day_at_the_real_hour() -> None:
    Installation.objects.create(mode="demonstration", day=DAY)

    now = clock.now()

    assert clock.today() == DAY
    assert now.date() == DAY
    real = datetime.now(clock.HERE)
    assert abs(now.replace(year=2000, month=1, day=1) - real.replace(year=2000, month=1, day=1)) < (
        timedelta(minutes=1)
    )


def test_a_demonstration_moves_to_another_day() -> None:
    Installation.objects.create(mode="demonstration", day=DAY)

    Installation.objects.update(day=DAY + timedelta(days=7))

    assert clock.today() == DAY + timedelta(days=7)


def test_a_page_asks_once_and_agrees_with_itself(django_assert_num_queries: object) -> None:
    Installation.objects.create(mode="demonstration", day=DAY)

    with django_assert_num_queries(1), clock.held() as instant:  # type: ignore[operator]
        assert {clock.now(), clock.now()} == {instant}
        assert clock.today() == DAY

    Installation.objects.update(day=DAY + timedelta(days=1))
    assert clock.today() == DAY + timedelta(days=1)


def test_what_one_page_held_the_next_does_not_see() -> None:
    Installation.objects.create(mode="demonstration", day=DAY)
    with clock.held():
        Installation.objects.update(day=DAY + timedelta(days=1))
        assert clock.today() == DAY
        with clock.held():
            assert clock.today() == DAY + timedelta(days=1)
        assert clock.today() == DAY


def test_the_database_and_python_say_the_same_day() -> None:
    Installation.objects.create(mode="demonstration", day=DAY)

    with connection.cursor() as cursor:
        cursor.execute("SELECT (app_now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date")
        (day,) = cursor.fetchone()

    assert day == clock.today()


def test_the_clock_is_not_the_products_to_change() -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz"
            " LANGUAGE sql AS 'SELECT timestamptz ''2000-01-01'''"
        )
