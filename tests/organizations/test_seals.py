"""A year closed by two people of the top unit, opened by two, and what it refuses meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from config.errors import DomainError
from organizations.models import Organization, Role, Seal, User
from organizations.operations.people import add_member
from organizations.operations.seals import (
    ask_to_close_year,
    ask_to_open_year,
    close_year,
    open_year,
    refuse_sealed,
    withdraw_closing,
    withdraw_opening,
)
from organizations.operations.structure import move
from tests.makers import stand_on
from tests.organizations.makers import account, appointed, cell, member, unit
from tests.organizations.test_structure import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def in_english() -> Iterator[None]:
    with override("en"):
        yield


DAY = date(2021, 5, 28)
SINCE = date(2018, 1, 1)


@dataclass
class Top:
    """A top unit with two of staff, an approver and a leader; a base with staff; its cell."""

    top: Organization
    base: Organization
    cell: Organization
    outside: Organization
    one: User
    two: User
    approver: User
    leader: User
    auditor: User
    administrator: User
    secretary: User
    below: User


def officer(username: str, to: Organization, role: str, *, full_name: str = "") -> User:
    user = account(username, full_name=full_name)
    appointed(user, to, role, since=SINCE)
    return user


def a_top() -> Top:
    stand_on(DAY)
    top = unit("top", kind="superior", name="Đảng bộ Than", on=SINCE)
    base = unit("co-so", top, on=SINCE)
    of_it = cell("c1", base, on=SINCE)
    return Top(
        top=top,
        base=base,
        cell=of_it,
        outside=unit("ngoai", on=SINCE),
        one=officer("mot", top, Role.STAFF, full_name="Vũ Thị Một"),
        two=officer("hai", top, Role.STAFF, full_name="Lê Văn Hai"),
        approver=officer("duyet", top, Role.APPROVER),
        leader=officer("lanhdao", top, Role.LEADER),
        auditor=officer("giamsat", top, Role.AUDITOR),
        administrator=officer("quantri", top, Role.ADMINISTRATOR),
        secretary=officer("bithu", top, Role.SECRETARY),
        below=officer("canbo", base, Role.STAFF),
    )


@pytest.fixture
def here(db: None) -> Top:
    return a_top()


def closed(here: Top, year: int = 2020) -> Seal:
    """`year` of the top, closed by its two of staff."""
    asked = ask_to_close_year(here.top, by=here.one, on=DAY, year=year)
    return close_year(asked, by=here.two, on=DAY)


def refused(act: Callable[[], Any]) -> DomainError:
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        act()
    return refusal.value


def is_sealed(*organizations: Organization | int, day: date) -> bool:
    try:
        refuse_sealed(organizations, day=day)
    except DomainError:
        return True
    return False


# ---------------------------------------------------------------- closing


def test_a_year_is_closed_once_a_second_person_says_so_and_not_before(here: Top) -> None:
    asked = ask_to_close_year(here.top, by=here.one, on=DAY, year=2020, reason=" Đã  nộp ")
    assert not is_sealed(here.cell, day=date(2020, 6, 1))

    seal = close_year(asked, by=here.two, on=DAY)

    assert is_sealed(here.cell, day=date(2020, 6, 1))
    assert (seal.reason, seal.entered_by, seal.approved_by) == ("Đã nộp", here.one, here.two)
    assert seal.approved_at is not None


def test_a_closed_year_holds_from_its_first_day_to_its_last(here: Top) -> None:
    closed(here, 2020)

    days = [date(2019, 12, 31), date(2020, 1, 1), date(2020, 12, 31), date(2021, 1, 1)]

    assert [is_sealed(here.base, day=day) for day in days] == [False, True, True, False]


def test_the_refusal_names_the_year_the_unit_the_people_and_the_day(here: Top) -> None:
    closed(here, 2020)

    refusal = refused(
        lambda: refuse_sealed([here.outside, here.cell.pk], day=date(2020, 3, 1), field="held_on")
    )

    assert refusal.fields == {
        "held_on": "The year 2020 of Đảng bộ Than was closed by Vũ Thị Một and Lê Văn Hai on"
        " 28/05/2021. Two people there must open it first."
    }


def test_another_tree_is_not_closed(here: Top) -> None:
    closed(here)

    assert not is_sealed(here.outside, day=date(2020, 6, 1))


def test_who_stood_beneath_on_some_day_of_the_year_is_closed_wherever_it_went_since(
    here: Top,
) -> None:
    stand_on(date(2021, 5, 28))
    move(here.cell, under=here.outside, on=date(2020, 7, 1))
    came = cell("c2", here.outside, on=SINCE)
    move(came, under=here.base, on=date(2021, 1, 1))

    closed(here, 2020)

    assert is_sealed(here.cell, day=date(2020, 12, 1))
    assert not is_sealed(came, day=date(2020, 12, 1))


@pytest.mark.thorough
def test_many_organisations_are_asked_for_in_one_query_after_the_lock(here: Top) -> None:
    closed(here)
    many = [cell(f"x{number}", here.outside).pk for number in range(30)]

    with CaptureQueriesContext(
        connection,
    ) as counted:
        refuse_sealed(many, day=date(2020, 6, 1))

    assert len(counted) == 2


@pytest.mark.parametrize("year", [2021, 2022, 2017, 0, -5, 99999])
def test_only_a_year_that_is_over_can_be_closed(here: Top, year: int) -> None:
    refusal = refused(lambda: ask_to_close_year(here.top, by=here.one, on=DAY, year=year))

    assert list(refusal.fields) == ["year"]


def test_a_year_is_over_on_the_day_after_its_31_december(here: Top) -> None:
    refused(lambda: ask_to_close_year(here.top, by=here.one, on=date(2020, 12, 31), year=2020))

    assert ask_to_close_year(here.top, by=here.one, on=date(2021, 1, 1), year=2020).pk


def test_who_asked_does_not_close(here: Top) -> None:
    asked = ask_to_close_year(here.top, by=here.one, on=DAY, year=2020)

    with pytest.raises(PermissionDenied):
        close_year(asked, by=here.one, on=DAY)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("one", True),
        ("approver", True),
        ("leader", False),
        ("auditor", False),
        ("administrator", False),
        ("secretary", False),
        ("below", False),
    ],
)
def test_staff_and_approvers_of_the_top_close_and_open_years(
    here: Top, who: str, may: bool
) -> None:
    by = getattr(here, who)
    asked = ask_to_close_year(here.top, by=here.two, on=DAY, year=2019)
    shut = close_year(
        ask_to_close_year(here.top, by=here.two, on=DAY, year=2018), by=here.one, on=DAY
    )
    actions: list[Callable[[], Any]] = [
        lambda: ask_to_close_year(here.top, by=by, on=DAY, year=2020),
        lambda: close_year(asked, by=by, on=DAY),
        lambda: ask_to_open_year(shut, by=by, on=DAY, reason="Sót"),
    ]

    for act in actions:
        if may:
            act()
        else:
            with pytest.raises(PermissionDenied):
                act()


def test_a_unit_beneath_another_has_no_years_to_close(here: Top) -> None:
    with pytest.raises(PermissionDenied):
        ask_to_close_year(here.base, by=here.below, on=DAY, year=2020)


def test_a_year_is_asked_for_once_and_closed_once(here: Top) -> None:
    asked = ask_to_close_year(here.top, by=here.one, on=DAY, year=2020)
    twice = refused(lambda: ask_to_close_year(here.top, by=here.two, on=DAY, year=2020))
    assert twice.fields == {"year": "Vũ Thị Một has asked already to close this year."}

    close_year(asked, by=here.two, on=DAY)

    assert str(refused(lambda: close_year(asked, by=here.approver, on=DAY))) == (
        "This year is closed already."
    )
    again = refused(lambda: ask_to_close_year(here.top, by=here.two, on=DAY, year=2020))
    assert again.fields == {"year": "This year is closed already."}


def test_what_was_asked_can_be_taken_back_and_asked_again(here: Top) -> None:
    asked = ask_to_close_year(here.top, by=here.one, on=DAY, year=2020)

    withdraw_closing(asked, by=here.two, on=DAY)

    assert "not asked for any more" in str(
        refused(lambda: close_year(asked, by=here.approver, on=DAY))
    )
    assert not is_sealed(here.cell, day=date(2020, 6, 1))
    assert closed(here, 2020).approved_by == here.two


def test_a_closed_year_is_not_withdrawn(here: Top) -> None:
    seal = closed(here)

    assert "closed already" in str(refused(lambda: withdraw_closing(seal, by=here.one, on=DAY)))


def test_a_reason_is_not_longer_than_its_column(here: Top) -> None:
    refusal = refused(
        lambda: ask_to_close_year(here.top, by=here.one, on=DAY, year=2020, reason="x" * 301)
    )

    assert list(refusal.fields) == ["reason"]


# ---------------------------------------------------------------- opening again


def test_a_year_is_opened_again_by_two_people_with_a_reason(here: Top) -> None:
    seal = closed(here)

    ask_to_open_year(seal, by=here.one, on=DAY, reason="Sót ba quyết định")
    with pytest.raises(PermissionDenied):
        open_year(seal, by=here.one, on=DAY)
    assert is_sealed(here.cell, day=date(2020, 6, 1))
    opened = open_year(seal, by=here.approver, on=DAY)

    assert not is_sealed(here.cell, day=date(2020, 6, 1))
    assert (opened.lift_asked_by, opened.lifted_by, opened.lift_reason) == (
        here.one,
        here.approver,
        "Sót ba quyết định",
    )


def test_opening_is_asked_for_with_a_reason_and_of_a_closed_year(here: Top) -> None:
    asked = ask_to_close_year(here.top, by=here.one, on=DAY, year=2019)
    seal = closed(here)

    assert "not closed" in str(
        refused(lambda: ask_to_open_year(asked, by=here.one, on=DAY, reason="Sót"))
    )
    for reason in ("", "   ", "x" * 301):
        refusal = refused(lambda: ask_to_open_year(seal, by=here.one, on=DAY, reason=reason))  # noqa: B023 - called at once
        assert list(refusal.fields) == ["reason"]
    assert "Nobody has asked" in str(refused(lambda: open_year(seal, by=here.two, on=DAY)))
    ask_to_open_year(seal, by=here.one, on=DAY, reason="Sót")
    assert "has asked already" in str(
        refused(lambda: ask_to_open_year(seal, by=here.two, on=DAY, reason="Sót"))
    )


def test_opening_that_is_turned_down_leaves_the_year_closed_and_a_trace(here: Top) -> None:
    seal = closed(here)
    ask_to_open_year(seal, by=here.one, on=DAY, reason="Sót")

    withdraw_opening(seal, by=here.two, on=DAY)

    assert is_sealed(here.cell, day=date(2020, 6, 1))
    assert "Nobody has asked" in str(refused(lambda: open_year(seal, by=here.approver, on=DAY)))
    events = apps.get_model("organizations", "SealEvent")._default_manager.order_by("pgh_id")
    assert list(events.values_list("lift_reason", flat=True)) == ["", "", "Sót", ""]


def test_a_year_opened_again_can_be_closed_again_and_both_stay_known(here: Top) -> None:
    first = closed(here)
    ask_to_open_year(first, by=here.one, on=DAY, reason="Sót")
    open_year(first, by=here.two, on=DAY)
    assert "opened again already" in str(refused(lambda: open_year(first, by=here.two, on=DAY)))

    second = closed(here)

    assert list(Seal.objects.values_list("pk", flat=True)) == [second.pk, first.pk]
    assert is_sealed(here.cell, day=date(2020, 6, 1))


def test_a_sealed_report_is_not_opened_as_a_year(here: Top) -> None:
    seal = Seal.objects.create(
        organization=here.top, kind="report", period="[2020-01-01,2020-07-01)", entered_by=here.one
    )

    with pytest.raises(PermissionDenied):
        close_year(seal, by=here.two, on=DAY)


def test_a_sealed_report_is_named_as_such(here: Top) -> None:
    seal = Seal.objects.create(
        organization=here.top, kind="report", period="[2020-01-01,2020-07-01)", entered_by=here.one
    )
    Seal.objects.filter(pk=seal.pk).update(approved_by=here.two, approved_at="2020-08-01T00:00Z")

    refusal = refused(lambda: refuse_sealed([here.cell], day=date(2020, 6, 30)))

    assert refusal.fields == {
        "on": "The report of Đảng bộ Than from 01/01/2020 to 30/06/2020 was sealed by Vũ Thị Một"
        " and Lê Văn Hai on 01/08/2020. Nothing more is dated inside it."
    }
    assert not is_sealed(here.cell, day=date(2020, 7, 1))


# ---------------------------------------------------------------- two at once


@pytest.mark.django_db(transaction=True)
def test_of_two_who_close_at_once_one_does_and_the_other_is_told() -> None:
    here = a_top()
    asked = ask_to_close_year(here.top, by=here.one, on=DAY, year=2020)

    ends = at_once(
        lambda: close_year(asked, by=here.two, on=DAY),
        lambda: close_year(asked, by=here.approver, on=DAY),
    )

    assert ends == ["DomainError", "done"]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_one_does_and_the_other_is_told() -> None:
    here = a_top()

    ends = at_once(
        lambda: ask_to_close_year(here.top, by=here.one, on=DAY, year=2020),
        lambda: ask_to_close_year(here.top, by=here.two, on=DAY, year=2020),
    )

    assert ends == ["DomainError", "done"]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_open_at_once_one_does_and_the_other_is_told() -> None:
    here = a_top()
    seal = closed(here)
    ask_to_open_year(seal, by=here.one, on=DAY, reason="Sót")

    ends = at_once(
        lambda: open_year(seal, by=here.two, on=DAY),
        lambda: withdraw_opening(seal, by=here.approver, on=DAY),
    )

    assert ends == ["DomainError", "done"]


# ---------------------------------------------------------------- what runs on, what is under way


@pytest.mark.parametrize("day", [date(2018, 5, 1), date(2020, 12, 31)])
def test_nothing_that_runs_on_begins_before_the_end_of_a_closed_year(here: Top, day: date) -> None:
    closed(here)
    told = {"full_name": "Lê Văn Bình", "born_on": date(1970, 1, 1), "sex": "male"}

    for act, field in (
        (lambda: move(here.cell, under=here.top, on=day), "on"),
        (lambda: unit("moi", here.base, on=day), "on"),
        (
            lambda: add_member(
                here.cell, by=here.secretary, on=DAY, status="official", since=day, **told
            ),
            "since",
        ),
    ):
        assert "The year 2020 of" in refused(act).fields[field]
    assert not is_sealed(here.cell, day=date(2018, 5, 1))  # what counts on its day alone

    assert move(here.cell, under=here.top, on=date(2021, 1, 1)).pk
    assert unit("moi", here.base, on=date(2021, 1, 1)).pk


@pytest.mark.django_db(transaction=True)
def test_a_year_closes_after_the_facts_that_are_under_way() -> None:
    here = a_top()
    asked = ask_to_close_year(here.top, by=here.one, on=DAY, year=2020)
    closing = threading.Event()

    def close() -> None:
        close_year(asked, by=here.two, on=DAY)
        closing.set()
        connection.close()

    worker = threading.Thread(target=close)
    with transaction.atomic():
        member(here.cell, since=date(2020, 6, 1))
        worker.start()
        assert not closing.wait(0.5)  # it waits for this transaction
    worker.join(10)

    assert closing.is_set()
    assert is_sealed(here.cell, day=date(2020, 6, 1))
