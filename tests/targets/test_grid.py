"""The grid of those beneath: who drafts, cell by cell or at once, and everything typed wrongly."""

import gzip
import re
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from organizations.models import Organization, Role, User
from organizations.operations.structure import NewOrganization, found_many
from targets.models import Acknowledgement, Cycle, Reminder, Target, TargetDraft
from targets.operations.attainment import recompute
from targets.operations.cycles import move_cycle
from targets.operations.decisions import issue_cycle
from targets.operations.declarations import answer_declaration, declare_no_source
from targets.operations.drafts import save_drafts
from targets.operations.targets import assign_target, register_target
from tests.makers import BEGINNING, DAY, World, cell, logged, officer, once, unit, world
from tests.targets.assigning import drafting, issued, opened, submitted
from tests.targets.makers import admit

GRID = "/chi-tieu/2021/giao/"


@pytest.fixture
def kc(db: None) -> World:
    around = world()
    unit("ngoai", name="Đảng bộ ngoài")
    return around


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.cookies["django_language"] = "en"
    return client


def address(name: str, slug: str | None = None, *more: Any) -> str:
    return reverse(name, args=[2021, *more], query={"dv": slug} if slug else {})


def sent(client: Client, **cells: str) -> dict[str, str]:
    """What a browser sends from the grid as it is shown now, with `cells` typed over."""
    shown = client.get(GRID).content.decode()
    hidden = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', shown))
    inputs = dict(re.findall(r'name="(target-\d+)"[^>]* value="([^"]*)"', shown))
    return {**hidden, **inputs, **cells}


def cell_of(unit: Organization) -> str:
    return f"target-{unit.pk}"


def drafts() -> dict[str, tuple[int | None, int | None]]:
    rows = TargetDraft.objects.values_list("organization__slug", "low", "high")
    return {slug: (low, high) for slug, low, high in rows}


# ---------------------------------------------------------------- without JavaScript: all at once


def test_staff_draft_numbers_and_ranges_in_one_go(kc: World) -> None:
    drafting(kc.committee, by=kc.staff)
    client = signed_in(kc.staff)

    answer = client.post(
        GRID, sent(client, **{cell_of(kc.cell): "2", cell_of(kc.sibling): "35-40"})
    )

    assert answer.status_code == 303
    assert drafts() == {"kc-1": (2, 2), "kc-2": (35, 40)}
    assert not Target.objects.in_force().exists()


def test_an_emptied_cell_is_saved_as_empty(kc: World) -> None:
    drafting(kc.committee, by=kc.staff)
    client = signed_in(kc.staff)
    client.post(GRID, sent(client, **{cell_of(kc.cell): "2", cell_of(kc.sibling): "3"}))

    client.post(GRID, sent(client, **{cell_of(kc.cell): ""}))

    assert drafts() == {"kc-1": (None, None), "kc-2": (3, 3)}


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("ba", "“ba” is not a number."),
        ("-3", "less than 0"),
        ("40-35", "“Up to” is lower"),
        ("2,5", "is not a number"),
        ("1.5", "is not a number"),
        ("1.2345", "is not a number"),
        ("99999999", "too large"),
        ("1-2-3", "is not a number"),
        ("<b>2</b>", "is not a number"),
    ],
)
def test_a_wrong_number_is_told_at_its_cell_and_nothing_is_saved(
    kc: World, typed: str, sentence: str
) -> None:
    drafting(kc.committee, by=kc.staff)
    client = signed_in(kc.staff)

    answer = client.post(GRID, sent(client, **{cell_of(kc.cell): typed, cell_of(kc.sibling): "2"}))

    assert answer.status_code == 422
    assert sentence in answer.context["form"].row_errors[kc.cell.pk]
    (row,) = [
        (text, error)
        for group in answer.context["groups"]
        for row, text, error, _share in group["rows"]
        if row.key == kc.cell.pk
    ]
    assert row[0] == typed
    assert 'aria-invalid="true"' in answer.content.decode()
    one = client.post(address("target-draft"), {"unit": kc.cell.pk, "number": typed, "version": 0})
    assert (one.status_code, sentence in one.json()["sentence"]) == (422, True)
    assert not TargetDraft.objects.exists()


def test_a_unit_that_is_not_beneath_is_refused(kc: World) -> None:
    drafting(kc.committee, by=kc.staff)
    client = signed_in(kc.staff)
    outside = Organization.objects.get(slug="ngoai")

    answer = client.post(GRID, sent(client, **{cell_of(outside): "5", cell_of(kc.cell): "2"}))

    assert answer.status_code == 422
    assert "a unit that is not beneath" in answer.content.decode()
    for other in (outside, kc.committee):  # nobody assigns to itself
        one = client.post(address("target-draft"), {"unit": other.pk, "number": "5", "version": 0})
        assert one.status_code == 422
    assert not TargetDraft.objects.exists()


def test_a_number_saved_meanwhile_is_not_overwritten_unseen(kc: World) -> None:
    drafting(kc.committee, by=kc.staff)
    client = signed_in(kc.staff)
    stale = sent(client, **{cell_of(kc.cell): "5"})
    assert client.post(GRID, sent(client, **{cell_of(kc.cell): "7"})).status_code == 303

    answer = client.post(GRID, stale)

    assert answer.status_code == 422
    assert "kc-canbo has just saved 7 here." in answer.context["form"].row_errors[kc.cell.pk]
    assert drafts()["kc-1"] == (7, 7)
    # What the page now shows was seen: sending it again is meant.
    shown = answer.content.decode()
    again = {**stale, **dict(re.findall(r'name="(seen)" value="([^"]*)"', shown)), "once": once()}
    assert client.post(GRID, again).status_code == 303
    assert drafts()["kc-1"] == (5, 5)


def test_a_double_click_saves_once(kc: World) -> None:
    drafting(kc.committee, by=kc.staff)
    client = signed_in(kc.staff)
    data = sent(client, **{cell_of(kc.cell): "2"})

    assert [client.post(GRID, data).status_code for _time in range(2)] == [303, 303]
    assert TargetDraft.objects.get().version == 1


# ---------------------------------------------------------------- cell by cell


def test_a_cell_is_saved_and_answers_with_its_version(kc: World) -> None:
    drafting(kc.committee, by=kc.staff)
    client = signed_in(kc.staff)
    where = address("target-draft")

    first = client.post(where, {"unit": kc.cell.pk, "number": " 2 ", "version": 0})
    stale = client.post(where, {"unit": kc.cell.pk, "number": "9", "version": 0})
    second = client.post(where, {"unit": kc.cell.pk, "number": "3–4", "version": 1})

    assert first.json() == {"version": 1, "number": "2"}
    assert stale.status_code == 409
    assert stale.json() == {
        "sentence": "kc-canbo has just saved 2 here.", "version": 1, "number": "2",
    }  # fmt: skip
    assert second.json() == {"version": 2, "number": "3-4"}


@pytest.mark.parametrize(
    "data", [{}, {"unit": "x"}, {"unit": "1", "version": "no"}, {"unit": "9" * 30, "version": "0"}]
)
def test_what_no_page_sends_is_told_and_saves_nothing(kc: World, data: dict[str, str]) -> None:
    drafting(kc.committee, by=kc.staff)

    answer = signed_in(kc.staff).post(address("target-draft"), data)

    assert answer.status_code == 422
    assert answer.json()["sentence"]


def test_a_cell_is_for_the_committees_staff_while_it_is_drafted(kc: World) -> None:
    data = {"unit": kc.cell.pk, "number": "2", "version": 0}
    where = address("target-draft", kc.committee.slug)
    assert signed_in(kc.staff).post(where, data).status_code == 404  # no cycle yet
    drafting(kc.committee, by=kc.staff)
    own_leader = officer("kc-lanhdao-rieng", kc.committee, Role.LEADER)
    assert signed_in(own_leader).post(where, data).status_code == 403  # reads the drafts
    assert signed_in(own_leader).post(where, {}).status_code == 403  # whatever they send
    assert signed_in(kc.staff).get(where).status_code == 405
    submitted_cell = signed_in(kc.staff).post(where, data)
    assert submitted_cell.status_code == 200
    Cycle.objects.update(state="submitted", submitted_on=DAY)
    locked = signed_in(kc.staff).post(where, {**data, "version": 1, "number": "3"})
    assert (locked.status_code, "locked" in locked.json()["sentence"]) == (422, True)


def test_a_cell_tells_no_stranger_whether_anything_is_drafted(kc: World) -> None:
    data = {"unit": kc.cell.pk, "number": "2", "version": 0}
    where = address("target-draft", kc.committee.slug)
    strangers = (kc.leader, kc.auditor, kc.approver, kc.staff2, kc.secretary, kc.administrator)

    def answers() -> list[tuple[int, bytes]]:
        told = [signed_in(user).post(where, data) for user in strangers]
        return [(one.status_code, one.content) for one in told]

    before = answers()
    drafting(kc.committee, by=kc.staff)

    assert [status for status, _page in before] == [404] * len(strangers)
    assert answers() == before


# ---------------------------------------------------------------- who reads what


def test_drafts_are_the_committees_own_until_they_are_issued(kc: World) -> None:
    cycle = submitted(kc.committee, {kc.cell.pk: 77}, by=kc.staff)
    for user in (kc.leader, kc.auditor, kc.approver, kc.staff2):
        shown = signed_in(user).get(address("target-grid", kc.committee.slug)).content.decode()
        assert "77" not in shown.partition("<main")[2], user.username
        assert 'name="target-' not in shown
        printed = signed_in(user).get(address("target-appendix", kc.committee.slug))
        assert "<b>77</b>" not in printed.content.decode(), user.username
        post = signed_in(user).post(address("target-grid", kc.committee.slug), {"once": once()})
        assert post.status_code == 403, user.username
    for role in (Role.APPROVER, Role.LEADER):
        own = signed_in(officer(f"{role}-kc", kc.committee, role))
        shown = own.get(GRID).content.decode()
        assert "<b>77</b>" in shown
        assert "/dot/" not in shown, "it is read, not taken further"
        assert "<b>77</b>" in own.get(address("target-appendix")).content.decode()
    assert "77" in signed_in(kc.staff).get(GRID).content.decode()
    assert cycle.is_open is False
    assert 'name="target-' not in signed_in(kc.staff).get(GRID).content.decode()


def test_a_secretary_has_nobody_beneath(kc: World) -> None:
    client = signed_in(kc.secretary)

    assert client.get(GRID).status_code == 404
    assert client.post(GRID, {cell_of(kc.sibling): "2"}).status_code == 404
    assert client.get(address("target-grid", kc.committee.slug)).status_code == 404


def test_totals_tell_reserve_and_excess(kc: World) -> None:
    assign_target(
        kc.committee, by=kc.staff2, on=DAY, year=2021, low=3, decision_number="15-QĐ/TU",
        decided_on=date(2021, 1, 14),
    )  # fmt: skip
    drafting(kc.committee, by=kc.staff)
    client = signed_in(kc.staff)

    client.post(GRID, sent(client, **{cell_of(kc.cell): "2"}))
    assert "1 in reserve" in client.get(GRID).content.decode()
    client.post(GRID, sent(client, **{cell_of(kc.sibling): "4"}))
    assert "3 given beyond the own target" in client.get(GRID).content.decode()


def test_a_grid_of_two_hundred_rows_is_light_and_asks_no_more(kc: World) -> None:
    drafting(kc.committee, by=kc.staff)
    client = signed_in(kc.staff)

    def found(first: int, last: int) -> None:
        found_many(
            [
                NewOrganization(
                    f"px-{one}", f"Chi bộ Phân xưởng {one}", f"PX {one}", "cell",
                    kc.committee.slug, BEGINNING, group=f"Khối {one % 5}",
                )
                for one in range(first, last)
            ]
        )  # fmt: skip

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(GRID)
        return len(seen)

    found(0, 10)
    queries()
    few = queries()
    found(10, 198)

    assert queries() == few
    answer = client.get(GRID)
    assert answer.context["sheet"].given.units == 200
    assert len(gzip.compress(answer.content)) <= 30 * 1024


# ---------------------------------------------------------------- what needs a look


@pytest.fixture
def five(kc: World) -> dict[str, Organization]:
    """Five cells: as registered, below, above, empty, and given people without a source."""
    cells = {unit.slug: unit for unit in (kc.cell, kc.sibling)}
    cells |= {slug: cell(slug, kc.committee) for slug in ("kc-3", "kc-4", "kc-5")}
    cycle = drafting(kc.committee, by=kc.staff)
    for slug, registered in {"kc-1": 0, "kc-2": 3, "kc-3": 1}.items():
        register_target(cells[slug], by=kc.staff, on=DAY, year=2021, low=registered)
    colleague = officer("kc-canbo-hai", kc.committee, Role.STAFF)
    declared = declare_no_source(
        cells["kc-5"], by=colleague, on=DAY, declared_on=DAY, grounds="Toàn bộ đã là đảng viên",
        review_on=date(2021, 12, 1),
    )  # fmt: skip
    answer_declaration(declared, by=kc.staff, on=DAY, accept=True)
    numbers = {"kc-1": 0, "kc-2": 0, "kc-3": 2, "kc-5": 1}
    save_drafts(
        cycle, by=kc.staff, on=DAY, numbers={cells[slug].pk: n for slug, n in numbers.items()}
    )
    return cells


def shares_of(answer: Any) -> dict[str, int]:
    """{slug: people proposed}."""
    groups = answer.context["groups"]
    return {row.organization.slug: one for group in groups for row, _t, _e, one in group["rows"]}


def rows(answer: Any) -> dict[str, Any]:
    groups = answer.context["groups"]
    return {row.organization.slug: row for group in groups for row, *_rest in group["rows"]}


def test_each_number_that_needs_a_look_says_why(kc: World, five: dict[str, Organization]) -> None:
    answer = signed_in(kc.staff).get(GRID)

    assert {slug: (row.is_blank, row.concerns) for slug, row in rows(answer).items()} == {
        "kc-1": (False, []),
        "kc-2": (False, ["3 below what it registered"]),
        "kc-3": (False, ["1 above what it registered", "2 more than its open files"]),
        "kc-4": (True, []),
        "kc-5": (False, ["1 more than its open files", "is given people without a source"]),
    }
    assert "3 below what it registered" in answer.content.decode()


def test_who_is_admitted_already_is_a_source_of_the_years_number(kc: World) -> None:
    logged(kc)
    admit(kc.cell, date(2021, 3, 3), date(2021, 3, 4))
    recompute(2021, on=DAY)
    cycle = drafting(kc.committee, by=kc.staff)
    client = signed_in(kc.staff)

    found = {}
    for given in (3, 4):
        save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: given})
        found[given] = rows(client.get(GRID))["kc-1"].concerns

    assert found == {3: [], 4: ["1 more than its open files and the 2 admitted already"]}
    tried = {"tong": 8, "theo": "deu", "nguon": 50, "tran": "on"}
    answer = client.get(GRID, tried)
    assert shares_of(answer) == {"kc-1": 3, "kc-2": 0}
    assert 'data-f="3"' in answer.content.decode()


def test_no_number_is_missing_where_no_source_is_left(
    kc: World, five: dict[str, Organization]
) -> None:
    save_drafts(Cycle.objects.get(), by=kc.staff, on=DAY, numbers={five["kc-5"].pk: None})

    row = rows(signed_in(kc.staff).get(GRID))["kc-5"]

    assert (row.is_blank, row.concerns, row.needs_a_look) == (False, [], False)


def test_the_narrowed_list_shows_what_needs_a_look_and_counts_the_rest(
    kc: World, five: dict[str, Organization]
) -> None:
    logged(kc)
    recompute(2021, on=DAY)
    save_drafts(
        Cycle.objects.get(), by=kc.staff, on=DAY, numbers={kc.cell.pk: 1, five["kc-3"].pk: None}
    )
    register_target(kc.cell, by=kc.staff, on=DAY, year=2021, low=1)
    client = signed_in(kc.staff)

    answer = client.get(GRID, {"loc": "can-xem"})

    page = answer.content.decode()
    shown = set(re.findall(r'name="(target-\d+)"', page))
    assert shown == {cell_of(five[slug]) for slug in ("kc-2", "kc-3", "kc-4", "kc-5")}
    assert re.search(r"1 other unit .*?<b>1</b>", page)
    assert 'id="total">2<' in page
    assert "Need a look <" in page
    assert answer.context["needing"] == 4
    everything = client.get(GRID).content.decode()
    assert "other unit" not in everything
    assert len(re.findall(r'name="target-\d+"', everything)) == 5


def test_where_no_number_needs_a_look_it_is_said(kc: World) -> None:
    cycle = drafting(kc.committee, by=kc.staff)
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 0, kc.sibling.pk: 0})

    page = signed_in(kc.staff).get(GRID, {"loc": "can-xem"}).content.decode()

    assert "No number needs a look." in page
    assert "2 other units" in page


def test_saving_and_filling_the_narrowed_list_touches_no_other_unit(
    kc: World, five: dict[str, Organization]
) -> None:
    client = signed_in(kc.staff)
    before = drafts()

    filled = client.get(
        GRID, {"loc": "can-xem", "tong": 10, "theo": "deu", "nguon": 50, "dien": "tat-ca"}
    )
    assert filled.context["form"].filled.keys() == {
        five[slug].pk for slug in ("kc-2", "kc-3", "kc-4", "kc-5")
    }
    hidden = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', filled.content.decode()))
    wrong = client.post(f"{GRID}?loc=can-xem", {**hidden, cell_of(kc.cell): "ba"})
    assert wrong.status_code == 422
    assert 'value="ba"' in wrong.content.decode()
    saved = client.post(
        f"{GRID}?loc=can-xem", {**hidden, "once": once(), cell_of(five["kc-4"]): "4"}
    )

    assert saved.status_code == 303
    assert "loc=can-xem" in saved["Location"]
    assert drafts() == {**before, "kc-4": (4, 4)}


def test_a_group_tells_its_totals_in_its_heading(kc: World) -> None:
    found_many(
        [
            NewOrganization(
                f"px-{one}", f"Chi bộ Phân xưởng {one}", f"PX {one}", "cell", kc.committee.slug,
                BEGINNING, group="Khai thác",
            )
            for one in range(3)
        ]
    )  # fmt: skip
    cycle = drafting(kc.committee, by=kc.staff)
    units = Organization.objects.filter(slug__startswith="px-").values_list("pk", flat=True)
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={units[0]: 3, units[1]: (2, 4)})

    page = signed_in(kc.staff).get(GRID).content.decode()

    heading = re.sub(r"<[^>]+>", "", re.search(r'<tr class="grp">.*?</tr>', page)[0])
    assert heading == "Khai thác 3 units · – members · Assigned 5–7"


# ---------------------------------------------------------------- the course, by its pages


def test_the_whole_course_by_its_pages(kc: World) -> None:
    staff, secretary = signed_in(kc.staff), signed_in(kc.secretary)

    def go(client: Client, name: str, *more: Any, **data: Any) -> Any:
        slug = kc.cell.slug if client is secretary else None
        where = address(name, slug, *more)
        assert client.get(where).status_code == 200, where
        answer = client.post(where, {"once": once(), **data})
        assert answer.status_code == 303, answer.content.decode()
        return answer

    wrong = staff.post(
        address("cycle-open"),
        {"once": once(), "register_by": "27/05/2021", "issue_by": "20/06/2021"},
    )
    assert list(wrong.context["form"].errors) == ["register_by"]
    assert "27/05/2021" in wrong.content.decode()
    go(staff, "cycle-open", register_by="10/06/2021", issue_by="20/06/2021", note="Rà soát nguồn")
    go(secretary, "target-register", number="3", reason="Ba người đã học lớp")
    assert "1/2 registered" in staff.get(GRID).content.decode()
    go(staff, "cycle-remind")
    assert Reminder.objects.get().organization == kc.sibling
    go(staff, "cycle-step", "soan")
    staff.post(GRID, sent(staff, **{cell_of(kc.cell): "2", cell_of(kc.sibling): "1"}))
    go(staff, "cycle-step", "lay-y-kien")
    asked = secretary.get(address("target-register", kc.cell.slug)).content.decode()
    assert "drafted for you: <b>2</b>" in asked
    go(staff, "cycle-step", "trinh")
    assert "Draft; not issued" in staff.get(address("target-appendix")).content.decode()
    data = {"decision_number": "24-QĐ/ĐU", "decided_on": "21/01/2021", "signer": "Nguyễn Văn Bình"}
    go(staff, "target-issue", **data)
    decision = Target.objects.in_force().get(organization=kc.cell).decision
    go(secretary, "target-acknowledge", decision.pk)
    assert Acknowledgement.objects.get().organization == kc.cell
    printed = staff.get(address("target-appendix")).content.decode()
    assert "24-QĐ/ĐU" in printed.replace("\u00a0", " ").replace("&nbsp;", " ")
    assert printed.count("Acknowledged</span>") == 1


def test_buttons_of_the_course_say_what_they_do_in_vietnamese(kc: World) -> None:
    staff = signed_in(kc.staff)
    staff.cookies["django_language"] = "vi"

    def button(name: str, *more: Any) -> str:
        page = staff.get(address(name, kc.committee.slug, *more)).content.decode()
        main = page.partition("<main")[2]
        (found,) = re.findall(r'<button[^>]*class="btn pri"[^>]*>\s*([^<]*?)\s*</button>', main)
        return str(found)

    assert button("cycle-open") == "Mở đăng ký"
    cycle = opened(kc.committee, by=kc.staff)
    assert button("cycle-step", "soan") == "Kết thúc đăng ký"
    staff.post(address("cycle-remind"), {"once": once()})
    again = staff.post(address("cycle-remind"), {"once": once()}, follow=True)
    assert "Hôm nay đã nhắc tất cả các đơn vị này." in again.content.decode()
    move_cycle(cycle, by=kc.staff, on=DAY, step="draft")
    move_cycle(cycle, by=kc.staff, on=DAY, step="consult")
    assert button("cycle-step", "soan") == "Tiếp tục dự thảo"
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 2})
    move_cycle(cycle, by=kc.staff, on=DAY, step="submit")
    issue_cycle(
        cycle, by=kc.staff, on=DAY, decision_number="24-QĐ/ĐU", decided_on=date(2021, 1, 21)
    )
    assert button("cycle-open") == "Bắt đầu điều chỉnh"


def test_before_the_numbers_are_put_forward_their_totals_are_told(kc: World) -> None:
    assign_target(
        kc.committee, by=kc.staff2, on=DAY, year=2021, low=6, decision_number="15-QĐ/TU",
        decided_on=date(2021, 1, 14),
    )  # fmt: skip
    cycle = drafting(kc.committee, by=kc.staff)
    client = signed_in(kc.staff)

    def told() -> str:
        page = client.get(address("cycle-step", None, "trinh")).content.decode()
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.partition("<main")[2]))

    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 4})
    assert "4 of 6 given out 2 in reserve 1/2 units have a target" in told()
    assert "15-QĐ/TU" in told().replace("\u00a0", " ")
    assert "1 unit has no number yet." in told()
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.sibling.pk: (3, 5)})
    assert "7–9 of 6 given out 3 given beyond the own target" in told()
    assert "no number yet" not in told()


def test_pages_of_the_course_are_the_committees_staffs_alone(kc: World) -> None:
    cycle = opened(kc.committee, by=kc.staff)
    pages = [
        address("cycle-open", kc.committee.slug),
        address("cycle-remind", kc.committee.slug),
        address("cycle-step", kc.committee.slug, "soan"),
        address("target-issue", kc.committee.slug),
    ]

    for page in pages:
        assert signed_in(kc.staff2).get(page).status_code == 403, page
        assert signed_in(kc.secretary).get(page).status_code == 404, page
    assert signed_in(kc.staff).get(address("cycle-step", None, "khac")).status_code == 404
    cycle.refresh_from_db()
    assert cycle.state == "registering"


def test_who_issues_what_a_colleague_issued_meanwhile_is_told(kc: World) -> None:
    cycle = submitted(kc.committee, {kc.cell.pk: 2}, by=kc.staff)
    late = signed_in(officer("kc-canbo-hai", kc.committee, Role.STAFF))
    paper = {"decision_number": "24-QĐ/ĐU", "decided_on": "21/01/2021"}
    signed_in(kc.staff).post(address("target-issue"), {"once": once(), **paper})

    for name, more in (("target-issue", []), ("cycle-step", ["soan"]), ("cycle-remind", [])):
        told = late.post(address(name, None, *more), {"once": once(), **paper}, follow=True)
        assert told.redirect_chain == [(address("target-grid", kc.committee.slug), 302)]
        assert "issued meanwhile" in told.content.decode()
        assert late.get(address(name, None, *more)).status_code == 404
    cycle.refresh_from_db()
    assert cycle.state == "issued"


def test_a_unit_acknowledges_its_own_decision_alone(kc: World) -> None:
    decision = issued(kc.committee, {kc.cell.pk: 2}, by=kc.staff)

    own = address("target-acknowledge", kc.cell.slug, decision.pk)
    assert signed_in(kc.secretary).get(own).status_code == 200
    assert signed_in(kc.staff).get(own).status_code == 403
    other = address("target-acknowledge", kc.sibling.slug, decision.pk)
    assert signed_in(kc.secretary2).get(other).status_code == 404


def test_what_a_unit_registered_stands_beside_with_its_reason(kc: World) -> None:
    drafting(kc.committee, by=kc.staff)
    register_target(
        kc.cell, by=kc.secretary, on=DAY, year=2021, low=4, reason="Bốn thợ trẻ đã học lớp"
    )

    shown = signed_in(kc.staff).get(GRID).content.decode()

    assert "Bốn thợ trẻ đã học lớp" in shown


def test_what_is_only_proposed_is_not_told_to_the_unit(kc: World) -> None:
    submitted(kc.committee, {kc.cell.pk: 77}, by=kc.staff)
    where = address("target-year", kc.cell.slug)

    for user in (kc.secretary, kc.staff2, kc.auditor):
        assert "77" not in signed_in(user).get(where).content.decode().partition("<main")[2]
    assert "77" in signed_in(kc.staff).get(where).content.decode()


def test_the_appendix_of_a_decision_stays_as_it_was_issued(kc: World) -> None:
    first = issued(kc.committee, {kc.cell.pk: 2, kc.sibling.pk: 3}, by=kc.staff)
    issued(
        kc.committee, {kc.cell.pk: 9}, by=kc.staff, decision_number="90-QĐ/ĐU", decided_on=DAY,
        reasons=["more_source"],
    )  # fmt: skip
    client = signed_in(kc.staff)

    def cells(**query: Any) -> dict[str, int]:
        answer = client.get(address("target-appendix"), query)
        return {row.name: row.target.low for row in answer.context["given"]}

    printed = client.get(address("target-appendix"))
    assert [(row.before.low, row.target.low) for row in printed.context["given"]] == [(2, 9)]
    words = re.sub(r"<[^>]+>", " ", printed.content.decode())
    assert "Reasons for the adjustment: Nguồn kết nạp nhiều hơn dự kiến" in words
    assert words.count("not acknowledged yet") == 1
    assert cells() == {"Chi bộ kc-1": 9}
    assert cells(qd=first.pk) == {"Chi bộ kc-1": 2, "Chi bộ kc-2": 3}
    assert client.get(address("target-appendix"), {"qd": "x"}).status_code == 404
    assert f"qd={first.pk}" in client.get(address("target-appendix")).content.decode()
