"""Following up: months confirmed by the units, tasks with a person and a day, visits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.errors import DomainError
from config.periods import between
from organizations.models import Appointment, Organization, User
from organizations.operations.seals import ask_to_close_year, close_year
from organizations.operations.structure import move
from organizations.sheets.waiting import waiting_for
from targets.followed import BEHIND, NOT_CONFIRMED, NOT_VISITED, Followed, Unit, followed
from targets.models import FollowUp, MonthlyConfirmation, Visit
from targets.operations.attainment import recompute
from targets.operations.following import (
    assign_follow_up,
    close_follow_up,
    confirm_month,
    record_visit,
)
from targets.operations.targets import assign_target
from targets.permissions import closes_follow_up
from tests.makers import (
    DAY,
    World,
    account,
    appointed,
    cell,
    officer,
    once,
    stand_on,
    unit,
    world,
)
from tests.targets.makers import admit
from tests.targets.makers import reverse as undo
from tests.targets.test_pages import signed_in

pytestmark = pytest.mark.usefixtures("in_english")

EARLIER = [date(2020, 2, 3)] * 6 + [date(2020, 5, 19)] * 6
"""Last year's admissions: half by 3 February, so half the target is planned by the end of April."""


@pytest.fixture
def kc(db: None) -> World:
    """The cell is to admit 10 in 2021, its sibling 2; a year ago half were admitted by 3/2."""
    around = world()
    admit(around.cell, *EARLIER)
    for one, people in ((around.cell, 10), (around.sibling, 2)):
        assign_target(
            one, by=around.staff, on=DAY, year=2021, form="number", low=people, high=people,
            decision_number=f"{people}-QĐ/ĐU", decided_on=date(2021, 1, 20),
        )  # fmt: skip
    admit(around.cell, date(2021, 2, 3), date(2021, 3, 1), date(2021, 5, 19))
    for year in (2020, 2021):
        recompute(year, on=DAY)
    return around


def confirmed(kc: World, **changes: Any) -> MonthlyConfirmation:
    values = {
        "by": kc.secretary, "on": DAY, "year": 2021, "month": 4, "admitted": 2,
        "shortfall": "Ba hồ sơ chờ thẩm tra", **changes,
    }  # fmt: skip
    return confirm_month(values.pop("of", kc.cell), **values)


def given(kc: World, **changes: Any) -> FollowUp:
    values = {
        "by": kc.staff, "on": DAY, "year": 2021, "task": "Rà nguồn cùng chi ủy",
        "responsible": "Đ/c Bình", "due_on": date(2021, 6, 10), **changes,
    }  # fmt: skip
    return assign_follow_up(values.pop("of", kc.cell), **values)


def visited(kc: World, **changes: Any) -> Visit:
    values = {
        "by": kc.staff, "on": DAY, "year": 2021, "visited_on": date(2021, 5, 20),
        "who": "Đ/c Bình, đ/c Hoa", "findings": "Hai quần chúng chưa học lớp", **changes,
    }  # fmt: skip
    return record_visit(values.pop("of", kc.cell), **values)


def refused(act: Callable[[], Any]) -> list[str]:
    with pytest.raises(DomainError) as refusal:
        act()
    return sorted(refusal.value.fields)


def page(kc: World, *, month: int = 4, of: Organization | None = None) -> Followed:
    return followed(of or kc.committee, year=2021, month=month, on=DAY)


def row(kc: World, of: Organization, **asked: Any) -> Unit:
    return next(one for one in page(kc, **asked).units if one.organization.pk == of.pk)


def titles(user: User, *, on: date = DAY) -> list[tuple[str, int]]:
    return [(one.title, one.count) for one in waiting_for(user, on=on)]


def address(name: str, of: Organization, *more: int, year: int = 2021) -> str:
    return reverse(name, args=[year, *more], query={"dv": of.slug})


# ---------------------------------------------------------------- months


def test_a_unit_confirms_what_is_counted_up_to_the_end_of_the_month(kc: World) -> None:
    undone = admit(kc.cell, date(2021, 3, 2))[0]
    undo(undone, on=date(2021, 4, 30))

    said = confirmed(kc)

    assert (said.admitted, said.counted, said.entered_by) == (2, 2, kc.secretary)


def test_another_number_needs_its_reason_and_a_correction_is_a_newer_row(kc: World) -> None:
    assert refused(lambda: confirmed(kc, admitted=3)) == ["note"]
    confirmed(kc, admitted=3, note="Một quyết định đến muộn")

    confirmed(kc)

    said = row(kc, kc.cell).said
    assert said is not None
    assert (said.admitted, MonthlyConfirmation.objects.count()) == (2, 2)


def test_whoever_is_behind_the_plan_gives_its_own_reason(kc: World) -> None:
    assert refused(lambda: confirmed(kc, shortfall=" ")) == ["shortfall"]
    # By 3 February half of 10 is planned; 5 admitted are as planned.
    admit(kc.cell, *[date(2021, 4, 1)] * 3)
    assert confirmed(kc, admitted=5, shortfall="").shortfall == ""


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"month": 5}, ["month"]),
        ({"month": 0}, ["month"]),
        ({"month": 13}, ["month"]),
        ({"year": 1900}, ["year"]),
        ({"admitted": -1, "note": "Vì"}, ["admitted"]),
        ({"shortfall": "x" * 301}, ["shortfall"]),
    ],
)
def test_what_can_not_be_confirmed(kc: World, changes: dict[str, Any], at: list[str]) -> None:
    assert refused(lambda: confirmed(kc, **changes)) == at


def test_a_month_is_confirmed_from_the_first_of_the_next_on(kc: World) -> None:
    last, first = date(2021, 5, 31), date(2021, 6, 1)

    assert refused(lambda: confirmed(kc, month=5, admitted=3, on=last)) == ["month"]
    assert confirmed(kc, month=5, admitted=3, on=first).month == 5


def test_a_month_of_a_closed_year_is_not_confirmed(kc: World) -> None:
    asked = ask_to_close_year(kc.top, by=kc.staff2, on=DAY, year=2020)
    close_year(asked, by=kc.approver, on=DAY)

    assert refused(lambda: confirmed(kc, year=2020, month=12, admitted=12)) == ["month"]


def test_only_the_unit_itself_says_what_it_admitted(kc: World) -> None:
    for stranger in (kc.secretary2, kc.staff, kc.staff2, kc.leader, kc.administrator):
        with pytest.raises(PermissionDenied):
            confirmed(kc, by=stranger)


def test_the_superior_sees_how_many_confirmed_who_has_not_and_what_changed_since(
    kc: World,
) -> None:
    confirmed(kc)
    before = page(kc)
    admit(kc.cell, date(2021, 4, 2))
    recompute(2021, on=DAY)

    assert (before.confirmed, before.asked) == (1, 2)
    assert [one.organization.slug for one in before.missing] == ["kc-2"]
    assert not row(kc, kc.sibling).is_changed
    assert row(kc, kc.cell).is_changed
    first = before.units[0]
    assert (first.organization.slug, first.admitted, first.plan, first.behind) == ("kc-1", 2, 5, 3)


def test_units_without_a_target_are_not_waited_for(kc: World) -> None:
    cell("kc-3", kc.committee)

    shown = page(kc)

    assert (shown.asked, len(shown.units)) == (2, 3)


def test_the_filters_keep_those_behind_not_confirmed_and_not_visited(kc: World) -> None:
    confirmed(kc)
    visited(kc, of=kc.sibling)

    shown = page(kc)

    kept = {
        which: [one.organization.slug for one in shown.kept(which)]
        for which in ("", BEHIND, NOT_CONFIRMED, NOT_VISITED)
    }
    assert kept == {
        "": ["kc-1", "kc-2"],
        BEHIND: ["kc-1", "kc-2"],
        NOT_CONFIRMED: ["kc-2"],
        NOT_VISITED: ["kc-1"],
    }


def test_last_month_waits_for_its_units_from_the_first_on_until_they_confirm(kc: World) -> None:
    title = "Admissions up to the end of last month to confirm"

    assert (title, 1) in titles(kc.secretary)
    confirmed(kc)
    assert (title, 1) not in titles(kc.secretary)
    assert (title, 1) not in titles(kc.secretary, on=date(2021, 5, 31))
    assert (title, 1) in titles(kc.secretary, on=date(2021, 6, 1))
    # In January the last month is December of the year before, of which it had no target.
    assert (title, 1) not in titles(kc.secretary, on=date(2021, 1, 5))
    assert (title, 1) in titles(kc.secretary, on=date(2022, 1, 5))
    (waits,) = [one for one in waiting_for(kc.secretary2, on=DAY) if one.title == title]
    assert waits.url == address("month-confirm", kc.sibling, 4)


# ---------------------------------------------------------------- tasks and visits


def test_a_task_waits_for_its_person_until_it_is_closed_with_a_result(kc: World) -> None:
    title = "Follow-ups of units given to you"
    task = given(kc, assignee=kc.secretary, responsible="")

    assert (task.responsible, task.organization) == (str(kc.secretary), kc.committee)
    assert (title, 1) in titles(kc.secretary)
    assert row(kc, kc.cell).follow_ups == [task]
    assert refused(lambda: close_follow_up(task, by=kc.secretary, on=DAY, result=" ")) == ["result"]
    close_follow_up(task, by=kc.secretary, on=DAY, result="Thêm ba nguồn")
    assert (title, 1) not in titles(kc.secretary)
    assert row(kc, kc.cell).follow_ups == []
    with pytest.raises(DomainError):
        close_follow_up(task, by=kc.staff, on=DAY, result="Lần nữa")


def test_a_task_is_given_by_staff_directly_above_to_somebody_who_acts_there(kc: World) -> None:
    for stranger in (kc.secretary, kc.secretary2, kc.staff2, kc.leader):
        with pytest.raises(PermissionDenied):
            given(kc, by=stranger)
    with pytest.raises(PermissionDenied):
        given(kc, of=kc.top, by=kc.staff2)
    assert refused(lambda: given(kc, assignee=kc.secretary2)) == ["assignee"]
    assert refused(lambda: given(kc, task="", responsible="")) == ["responsible", "task"]
    assert refused(lambda: given(kc, due_on=date(2021, 5, 27))) == ["due_on"]
    assert refused(lambda: given(kc, due_on=date(2031, 1, 1))) == ["due_on"]
    task = given(kc)
    for stranger in (kc.secretary, kc.secretary2, kc.staff2):
        with pytest.raises(PermissionDenied):
            close_follow_up(task, by=stranger, on=DAY, result="Xong")


def test_who_left_their_post_neither_sees_nor_closes_the_task(kc: World) -> None:
    helper, after = account("tro-ly"), date(2021, 6, 1)
    appointed(helper, kc.committee, "leader", until=after)
    task = given(kc, assignee=helper)

    assert [count for _title, count in titles(helper)] == [1]
    assert titles(helper, on=after) == []
    with pytest.raises(PermissionDenied):
        close_follow_up(task, by=helper, on=after, result="Xong")


def test_a_task_is_reached_and_closed_wherever_the_unit_and_its_person_have_gone(kc: World) -> None:
    helper, after, today = account("tro-ly"), date(2021, 6, 1), date(2021, 6, 20)
    appointed(helper, kc.committee, "leader", until=after)
    task, second = given(kc, assignee=helper), given(kc, task="Cử người về dự họp")
    appointed(helper, unit("kc-xa", kc.top), "secretary", since=after)
    new = unit("kc-moi", kc.top)
    officers = [officer("moi-canbo", new, "staff"), kc.secretary2]
    move(kc.cell, under=new, on=after)
    stand_on(today)
    where = reverse("follow-up", args=[2021, task.pk])

    assert ("Follow-ups of units given to you", 1) in titles(helper, on=today)
    answers = [signed_in(one).get(where) for one in (kc.staff, helper, *officers)]
    assert [one.status_code for one in answers] == [200, 200, 200, 404]
    assert [one.context["closes"] for one in answers[:3]] == [True, True, False]
    assert [one.context["list_url"] for one in answers[:3]] == [
        address("following", kc.committee), None, address("following", kc.cell),
    ]  # fmt: skip
    listed = signed_in(kc.staff).get(address("following", kc.committee)).content.decode()
    assert where in listed
    assert "no longer beneath" in listed
    done = signed_in(helper).post(where, {"once": once(), "result": "Thêm ba nguồn"})
    assert done.status_code == 303
    assert followed(kc.committee, year=2021, month=5, on=today).elsewhere == [second]
    # Once who gave it has ended, those directly above the unit close it.
    ended = close_period(kc.committee, on=today)
    second.organization = ended
    assert [closes_follow_up(one, second, on=today) for one in officers] == [True, False]


def close_period(of: Organization, *, on: date) -> Organization:
    """`of` as it is read once it has ended; its accounts have lost their posts with it."""
    of.period = between(date(2018, 1, 1), on)
    held = Appointment.objects.filter(organization=of, period__contains=on)
    held.update(period=between(date(2018, 1, 1), on))
    return of


def test_visits_are_counted_by_unit_with_day_people_and_findings(kc: World) -> None:
    first = visited(kc)
    later = visited(kc, visited_on=DAY)

    assert page(kc).visited == 1
    assert row(kc, kc.cell).visit == later
    assert page(kc, of=kc.cell).visits == [later, first]
    assert refused(lambda: visited(kc)) == ["visited_on"]
    assert refused(lambda: visited(kc, visited_on=date(2021, 5, 29), who="")) == [
        "visited_on",
        "who",
    ]
    assert refused(lambda: visited(kc, visited_on=date(2020, 12, 31))) == ["visited_on"]
    with pytest.raises(PermissionDenied):
        visited(kc, by=kc.secretary)


# ---------------------------------------------------------------- pages


def test_the_page_of_the_superior_tells_all_in_one_table(kc: World) -> None:
    confirmed(kc)
    stand_on(date(2021, 6, 20))
    task = given(kc)
    visited(kc)

    answer = signed_in(kc.staff).get(address("following", kc.committee) + "&thang=4")
    text = answer.content.decode()

    assert answer.status_code == 200
    for words in (
        "1/2 units have confirmed month 4/2021", "1/2 units visited", "Ba hồ sơ chờ thẩm tra",
        reverse("follow-up", args=[2021, task.pk]), "overdue", "Hai quần chúng chưa học lớp",
        "Send somebody", "Record a visit", ">20 %<",
    ):  # fmt: skip
        assert words in text.replace("\xa0", " "), words
    only = signed_in(kc.leader).get(address("following", kc.committee) + "&loc=chua-xac-nhan")
    assert [one.organization.slug for one in only.context["units"]] == ["kc-1", "kc-2"]
    assert "Send somebody" not in only.content.decode()


def test_the_months_are_confirmed_on_a_page_with_the_names_behind_the_count(kc: World) -> None:
    client = signed_in(kc.secretary)
    where = address("month-confirm", kc.cell, 4)
    shown = client.get(where)

    assert shown.context["told"].counted == 2
    assert [str(one.person) for one in shown.context["told"].named] == ["Nguyễn Văn An"] * 2
    wrong = client.post(where, {"once": once(), "admitted": "2"})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["shortfall"])
    done = client.post(where, {"once": once(), "admitted": "2", "shortfall": "Chờ thẩm tra"})
    assert (done.status_code, done.headers["Location"]) == (303, address("following", kc.cell))
    assert "Chờ thẩm tra" in client.get(done.headers["Location"]).content.decode()


def test_tasks_and_visits_are_entered_and_closed_on_pages(kc: World) -> None:
    client = signed_in(kc.staff)
    values = {"task": "Rà nguồn", "assignee": str(kc.secretary.pk), "due_on": "10/06/2021"}
    client.post(address("follow-up-new", kc.cell), {"once": once(), **values})
    visit = {"once": once(), "visited_on": "20/05/2021", "who": "Đ/c Bình"}
    client.post(address("visit-new", kc.cell), visit)
    task = FollowUp.objects.get()
    where = reverse("follow-up", args=[2021, task.pk])

    done = signed_in(kc.secretary).post(where, {"once": once(), "result": "Thêm ba nguồn"})

    assert done.status_code == 303
    task.refresh_from_db()
    assert (task.closed_by, task.result, Visit.objects.count()) == (
        kc.secretary,
        "Thêm ba nguồn",
        1,
    )
    assert "Thêm ba nguồn" in client.get(where).content.decode()


def test_what_concerns_another_unit_is_not_there_for_a_unit(kc: World) -> None:
    task = given(kc)
    visited(kc)
    stranger, own = signed_in(kc.secretary2), signed_in(kc.secretary)
    addresses = [
        address("following", kc.cell), address("following", kc.committee),
        address("month-confirm", kc.cell, 4), reverse("follow-up", args=[2021, task.pk]),
    ]  # fmt: skip

    assert [stranger.get(one).status_code for one in addresses] == [404] * 4
    assert [own.get(one).status_code for one in addresses] == [200, 404, 200, 200]
    assert own.get(address("month-confirm", kc.cell, 5)).status_code == 404
    assert own.get(address("follow-up-new", kc.cell)).status_code == 403


def test_the_page_asks_as_often_for_two_units_as_for_twelve(kc: World) -> None:
    client = signed_in(kc.staff)
    where = address("following", kc.committee)
    given(kc)
    visited(kc)
    confirmed(kc)

    few = _asked(client, where)
    for number in range(10):
        one = cell(f"kc-them-{number}", kc.committee)
        given(kc, of=one)
        visited(kc, of=one)

    assert _asked(client, where) == few


def _asked(client: Client, where: str) -> int:
    client.get(where)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(where).status_code == 200
    return len(asked)


def test_a_top_without_units_has_nobody_to_follow_up(db: None) -> None:
    stand_on(DAY)
    alone = unit("le-loi")
    staff = officer("le-loi-canbo", alone, "staff")

    text = signed_in(staff).get(address("following", alone)).content.decode()

    assert "nobody to follow up" in text
