"""The page of tasks names what waits for its reader: decisions, transfers, years, openings."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from organizations.models import Membership, Reorganization, User
from organizations.operations.duplicates import ask_merge
from organizations.operations.seals import ask_to_close_year
from organizations.operations.transfers import release, request_transfer
from targets.models import BaselineCorrection, BaselineFreeze
from tests.makers import DAY, World, officer, world
from tests.organizations.test_reorganization_pages import browser, previewed

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(db: None) -> World:
    return world()


def kinds(user: User) -> dict[str, int]:
    """{where what waits for `user` is done: how many}, without the members of 1 January."""
    answer: Any = browser(user).get("/viec/")
    assert all(row.url in answer.content.decode() for row in answer.context["waits"])
    found: dict[str, int] = {}
    for row in answer.context["waits"]:
        if "xac-nhan" not in row.url:
            first = row.url.split("/")[1]
            found[first] = found.get(first, 0) + row.count
    return found


def test_a_previewed_decision_waits_for_the_second_person_and_not_for_its_drafter(
    here: World,
) -> None:
    previewed(here)

    waiting = {"sap-xep": 1}
    assert [kinds(one) for one in (here.staff, here.staff2, here.approver, here.secretary)] == [
        *({}, waiting, waiting, {})
    ]


def test_one_that_failed_waits_for_who_drafted_it(here: World) -> None:
    draft = previewed(here)
    failing = Reorganization.objects.filter(pk=draft.pk)
    failing.update(state="confirmed", confirmed_by=here.staff2, confirmed_at=draft.previewed_at)
    failing.update(state="failed")

    assert [kinds(one) for one in (here.staff, here.staff2)] == [{"sap-xep": 1}, {}]


def test_a_transfer_waits_for_the_side_whose_turn_it_is(here: World) -> None:
    there = officer("bithu-kia", here.sibling)
    person = Membership.objects.filter(cell=here.cell).earliest("pk").person
    asked = request_transfer(
        person, by=here.secretary, on=DAY, kind="official", destination=here.sibling
    )
    assert [kinds(one) for one in (here.secretary, there)] == [{"chuyen-sinh-hoat": 1}, {}]

    release(asked, by=here.secretary, on=DAY, effective_on=DAY)
    assert [kinds(one) for one in (here.secretary, there)] == [{}, {"chuyen-sinh-hoat": 1}]


def test_a_merge_of_two_records_waits_for_a_second_person(here: World) -> None:
    one, other = [row.person for row in Membership.objects.filter(cell=here.cell)[:2]]
    ask_merge(
        one,
        other,
        by=here.staff,
        on=DAY,
        reason="Cùng một người",
        decision_number="3-QĐ/ĐU",
        decided_on=DAY,
    )

    waiting = {"dang-vien": 1}
    assert [kinds(who) for who in (here.staff, here.staff2, here.approver, here.secretary)] == [
        *({}, waiting, waiting, {})
    ]


def test_years_corrections_and_freezes_wait_for_a_second_person(here: World) -> None:
    top, second = officer("dinh", here.top, "staff"), officer("dinh2", here.top, "staff")
    ask_to_close_year(here.top, by=top, on=DAY, year=2020)
    BaselineCorrection.objects.create(
        organization=here.cell, year=2021, members=9, reason="Đếm lại", entered_by=top
    )
    BaselineFreeze.objects.create(
        organization=here.committee,
        year=2021,
        decision_number="4-QĐ/ĐU",
        signed_on=date(2021, 2, 1),
        entered_by=top,
    )

    assert kinds(top) == {}
    assert kinds(second) == {"nam": 1, "chi-tieu": 2}
    assert kinds(here.secretary) == {}


def test_who_has_not_said_the_members_of_1_january_is_asked_to(here: World) -> None:
    def asked(user: User) -> list[str]:
        rows = browser(user).get("/viec/").context["waits"]
        return [row.url for row in rows if "xac-nhan" in row.url]

    page = "/chi-tieu/2021/dau-nam/xac-nhan/?dv="
    assert asked(here.secretary) == [page + here.cell.slug]
    assert asked(here.approver) == []
    assert browser(here.secretary).get(page + here.cell.slug).status_code == 200


def test_queries_do_not_grow_with_what_waits(here: World) -> None:
    def queries() -> int:
        client = browser(here.staff2)
        with CaptureQueriesContext(connection) as counted:
            client.get("/viec/")
        return len(counted)

    people = [row.person for row in Membership.objects.filter(cell=here.cell)[:4]]
    sizes = []
    for person in people:
        request_transfer(
            person, by=here.secretary, on=DAY, kind="official", destination=here.sibling
        )
        sizes.append(queries())
    assert sizes[0] == sizes[-1] < 60
