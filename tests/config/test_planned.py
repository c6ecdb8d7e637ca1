"""A statement that is planned once for each session answers as if it were sent anew each time."""

from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction

from config.planned import Planned

pytestmark = pytest.mark.django_db

SUM = Planned(
    "SELECT %(first)s + %(more)s, %(day)s, '100 %%', cardinality(%(keys)s)",
    types={"first": "bigint", "day": "date", "keys": "bigint[]"},
    constants={"more": 40},
)


def asked(first: int, day: date = date(2021, 5, 28), keys: Any = (1, 2)) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        SUM.execute(cursor, {"first": first, "day": day, "keys": list(keys)})
        row: tuple[Any, ...] = cursor.fetchone()
    return row


def known() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = %s", [SUM.name])
        (number,) = cursor.fetchone()
    return int(number)


def test_each_asking_has_its_own_values_and_costs_one_query(
    django_assert_num_queries: Any,
) -> None:
    with django_assert_num_queries(2):
        assert asked(2) == (42, date(2021, 5, 28), "100 %", 2)
        assert asked(3, date(2020, 1, 1), []) == (43, date(2020, 1, 1), "100 %", 0)
    assert known() == 1


def test_the_plan_outlives_a_transaction_that_is_taken_back() -> None:
    with transaction.atomic():
        asked(2)
        transaction.set_rollback(True)

    assert known() == 1
    assert asked(3)[0] == 43


@pytest.mark.django_db(transaction=True)
def test_another_session_plans_for_itself() -> None:
    asked(2)
    connection.close()

    assert known() == 0
    assert asked(3)[0] == 43
    assert known() == 1


@pytest.mark.django_db(transaction=True)
def test_where_the_driver_sends_parameters_by_themselves_planning_is_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection.close()
    options = {**connection.settings_dict["OPTIONS"], "server_side_binding": True}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    try:
        assert asked(2) == (42, date(2021, 5, 28), "100 %", 2)
        assert known() == 0
    finally:
        connection.close()
