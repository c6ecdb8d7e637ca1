"""An organisation's page: its tabs, as of any day, to whom, and after it has ended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from config.periods import between, since
from organizations.models import (
    Lineage,
    Organization,
    Post,
    Reorganization,
    ReorganizationEvent,
    Role,
    User,
)
from organizations.models.organization import designation_keys
from organizations.models.reorganization import EventUnit
from organizations.operations.structure import NewOrganization, found_many, move
from targets.operations.attainment import recompute
from tests.makers import (
    BEGINNING,
    DAY,
    Stage,
    account,
    appointed,
    candidate,
    cell,
    logged,
    member,
    officer,
    stand_on,
)
from tests.reports.conftest import SignIn, Year, assign
from tests.targets.makers import admit

TABS = ["detail", "units", "files", "targets", "people", "history"]
JULY = date(2021, 7, 1)


def address(slug: str, tab: str = "detail", **query: object) -> str:
    return reverse(f"organization-{tab}", args=[slug], query=query)


def page(client: Client, slug: str, tab: str = "detail", **query: object) -> str:
    answer = client.get(address(slug, tab, **query))
    assert answer.status_code == 200, (slug, tab, query, answer.status_code)
    return answer.content.decode()


def slugs(rows: object) -> list[str]:
    return [row.standing.organization.slug for _unit, row in rows]  # type: ignore[attr-defined]


# ---------------------------------------------------------------- who


@pytest.mark.thorough
@pytest.mark.parametrize("tab", TABS)
def test_each_role_opens_its_own_and_nobody_elses(year: Year, signed_in: SignIn, tab: str) -> None:
    around = year.world
    opened = {
        (user.username, slug): signed_in(user).get(address(slug, tab)).status_code
        for user in (around.secretary, around.staff, around.leader, around.administrator)
        for slug in ("kc-1", "kc-2", "kc-dang-uy", "lon", "khong-co")
    }

    assert [key for key, status in opened.items() if status == 200] == [
        ("kc-bithu", "kc-1"),
        ("kc-canbo", "kc-1"),
        ("kc-canbo", "kc-2"),
        ("kc-canbo", "kc-dang-uy"),
        ("kc-lanhdao", "kc-1"),
        ("kc-lanhdao", "kc-2"),
        ("kc-lanhdao", "kc-dang-uy"),
        ("kc-lanhdao", "lon"),
    ]
    assert set(opened.values()) == {200, 404}


@pytest.mark.sweep
@pytest.mark.parametrize("tab", TABS)
def test_nobody_reads_without_signing_in(year: Year, client: Client, tab: str) -> None:
    assert client.get(address("kc-1", tab)).status_code == 302


@pytest.mark.thorough
@pytest.mark.parametrize("tab", TABS)
def test_no_tab_tells_a_leader_or_an_administrator_who_is_on_the_way(
    year: Year, signed_in: SignIn, tab: str
) -> None:
    around = year.world
    logged(around, full_name="Chim Hoàng Yến")
    recompute(2021, on=DAY)

    seen = {
        name: "Chim Hoàng Yến" in signed_in(user).get(address("kc-1", tab)).content.decode()
        for name, user in (
            ("secretary", around.secretary),
            ("staff", around.staff),
            ("leader", around.leader),
            ("administrator", around.administrator),
        )
    }

    is_files = tab == "files"
    assert seen == {
        "secretary": is_files, "staff": is_files, "leader": False, "administrator": False,
    }  # fmt: skip


# ---------------------------------------------------------------- files


@pytest.mark.thorough
def test_a_leader_reads_how_many_files_there_are(year: Year, signed_in: SignIn) -> None:
    logged(year.world)
    recompute(2021, on=DAY)

    shown = page(signed_in(year.world.leader), "kc-1", "files")

    assert "1 open file" in shown
    assert "Names are not shown to your role" in shown
    assert f"{reverse('figure-records', args=[2021, 'kc-1'])}?chi-so=files_source" in shown


@pytest.mark.thorough
def test_files_are_narrowed_by_step_and_a_step_that_is_none_is_not_found(
    year: Year, signed_in: SignIn
) -> None:
    logged(year.world, full_name="Người Nguồn")
    candidate(year.world, at=Stage.READY, full_name="Người Sẵn")
    recompute(2021, on=DAY)
    client = signed_in(year.world.staff)

    def listed(**query: str) -> list[str]:
        rows = client.get(address("kc-dang-uy", "files", **query)).context["rows"]
        return sorted(row.person.full_name for row, _cell, _above in rows)

    assert listed() == ["Người Nguồn", "Người Sẵn"]
    assert listed(buoc="files_source") == ["Người Nguồn"]
    assert listed(buoc="files_cell") == ["Người Sẵn"]
    for nonsense in ("admitted", "x", "files_x"):
        assert client.get(address("kc-1", "files", buoc=nonsense)).status_code == 404


@pytest.mark.thorough
def test_of_an_earlier_day_files_are_counted_and_not_listed(year: Year, signed_in: SignIn) -> None:
    logged(year.world, full_name="Người Nguồn")
    recompute(2021, on=DAY)

    shown = page(signed_in(year.world.staff), "kc-1", "files", den="2021-05-27")

    assert "Người Nguồn" not in shown
    assert "Choose today to see the list" in shown


# ---------------------------------------------------------------- units beneath


def test_units_beneath_stand_each_above_its_own(year: Year, signed_in: SignIn) -> None:
    client = signed_in(year.world.leader)

    rows = client.get(address("kc-top", "units")).context["rows"]

    assert [(row.standing.organization.slug, unit.indent) for unit, row in rows] == [
        ("kc-dang-uy", 1), ("kc-1", 2), ("kc-2", 2),
        ("khong-giao", 1), ("khong-giao-1", 2),
        ("lon", 1), ("lon-1", 2),
        ("nho", 1), ("nho-1", 2),
    ]  # fmt: skip


@pytest.mark.thorough
def test_a_unit_beneath_is_found_at_any_depth_without_diacritics(
    year: Year, signed_in: SignIn
) -> None:
    client = signed_in(year.world.leader)

    def found(text: str) -> list[str]:
        return slugs(client.get(address("kc-top", "units", q=text)).context["rows"])

    assert found("dang bo lon") == ["lon"]
    assert found("chi bo kc") == ["kc-1", "kc-2"]
    assert found("x" * 500) == []
    assert slugs(client.get(address("lon", "units", q="kc")).context["rows"]) == []


@pytest.mark.thorough
def test_the_day_before_a_move_shows_the_cell_where_it_stood(year: Year, signed_in: SignIn) -> None:
    move(year.cells["nho"], under=year.large, on=date(2021, 5, 25))
    recompute(2021, on=DAY)
    client = signed_in(year.world.leader)

    def beneath(slug: str, **query: str) -> list[str]:
        return slugs(client.get(address(slug, "units", **query)).context["rows"])

    assert beneath("nho", den="2021-05-24") == ["nho-1"]
    assert beneath("nho", den="2021-05-25") == beneath("nho") == []
    assert beneath("lon", den="2021-05-24") == ["lon-1"]
    assert beneath("lon") == beneath("lon", den="2021-05-25") == ["lon-1", "nho-1"]
    assert beneath("lon", den="2021-05-24", cach="now") == ["lon-1", "nho-1"]


@pytest.mark.thorough
def test_a_name_is_that_of_the_day(year: Year, signed_in: SignIn) -> None:
    rename(year.large, "Đảng bộ Rất Lớn", on=date(2021, 5, 1))
    client = signed_in(year.world.leader)

    def heading(**query: str) -> str:
        found = re.search(r"<h1>(.*?)</h1>", page(client, "lon", "history", **query))
        return found[1] if found else ""

    assert heading() == heading(den="2021-05-01") == "Đảng bộ Rất Lớn"
    assert heading(den="2021-04-30") == "Đảng bộ Lớn"


def rename(unit: Organization, name: str, *, on: date) -> None:
    old = unit.designations.get()
    kind = old.kind
    old.period = between(old.period.lower, on)
    old.save(update_fields=["period"])
    unit.designations.create(
        name=name, short_name=name, kind=kind, period=since(on), **designation_keys(name)
    )


# ---------------------------------------------------------------- who is in charge


@pytest.mark.thorough
def test_who_is_in_charge_is_told_by_day(year: Year, signed_in: SignIn) -> None:
    around = year.world
    old, new = (
        account(name, full_name=full) for name, full in (("cu", "Bí Thư Cũ"), ("moi", "Bí Thư Mới"))
    )
    appointed(old, around.sibling, since=BEGINNING, until=date(2021, 5, 1))
    appointed(new, around.sibling, since=date(2021, 6, 1))
    person = member(around.sibling)
    Post.objects.create(
        person=person, organization=around.sibling, title="Bí thư chi bộ", period=since(BEGINNING)
    )
    client = signed_in(around.leader)

    def told(**query: str) -> tuple[list[str], list[str], list[str]]:
        offices = client.get(address("kc-2", "people", **query)).context["offices"]
        return tuple(  # type: ignore[return-value]
            [one.name for one in part] for part in (offices.present, offices.coming, offices.past)
        )

    assert told() == (["Nguyễn Thị An", "kc-bithu2"], ["Bí Thư Mới"], ["Bí Thư Cũ"])
    assert told(den="2021-05-01") == told()
    assert told(den="2021-04-30") == (
        ["Nguyễn Thị An", "Bí Thư Cũ", "kc-bithu2"], ["Bí Thư Mới"], [],
    )  # fmt: skip
    assert "Secretary: Nguyễn Thị An" in page(client, "kc-2")
    assert "Staff: kc-canbo" in page(client, "kc-2")


def test_an_auditor_or_administrator_of_a_unit_is_not_in_charge_of_it(
    year: Year, signed_in: SignIn
) -> None:
    offices = signed_in(year.world.leader).get(address("kc-top", "people")).context["offices"]

    assert {one.name for one in offices.present} == {"kc-canbo2", "kc-duyet", "kc-lanhdao"}


# ---------------------------------------------------------------- after it has ended


@dataclass
class Merged:
    """`small` went into `large` on 1 July, and the clock stands on 28 August."""

    decision: Reorganization
    year: Year


@pytest.fixture
def merged(year: Year) -> Merged:
    around = year.world
    stand_on(date(2021, 8, 28))
    move(year.cells["nho"], under=year.large, on=JULY)
    move(year.small, under=year.large, on=JULY)
    year.small.period = between(year.small.period.lower, JULY)
    year.small.save(update_fields=["period"])
    decision = drafted(around.top, around.staff2, number="7-QĐ/TU", on=JULY)
    event = ReorganizationEvent.objects.create(
        reorganization=decision, position=1, kind="merge", entered_by=around.staff2
    )
    EventUnit.objects.create(event=event, part="source", organization=year.small)
    EventUnit.objects.create(event=event, part="result", organization=year.large)
    applied(decision, by=around.approver)
    Lineage.objects.create(
        predecessor=year.small, successor=year.large, kind="merge", reorganization=decision, on=JULY
    )
    recompute(2021, on=date(2021, 8, 28))
    return Merged(decision, year)


def drafted(top: Organization, by: User, *, number: str, on: date) -> Reorganization:
    return Reorganization.objects.create(
        organization=top,
        number=number,
        signed_on=on,
        signer="Lê Bí Thư",
        effective_on=on,
        entered_by=by,
    )


def applied(decision: Reorganization, *, by: User) -> None:
    changes: list[dict[str, object]] = [
        {"confirmed_by": by, "confirmed_at": now(), "state": Reorganization.State.CONFIRMED},
        {"applied_at": now(), "outcome": {"counts": {}}, "state": Reorganization.State.APPLIED},
    ]
    for change in changes:
        Reorganization.objects.filter(pk=decision.pk).update(**change)


@pytest.mark.sweep
@pytest.mark.parametrize("tab", TABS)
def test_the_page_of_a_unit_that_ended_still_opens_and_says_what_became_of_it(
    merged: Merged, signed_in: SignIn, tab: str
) -> None:
    shown = page(signed_in(merged.year.world.leader), "nho", tab)

    assert "It exists no more: its last day was 30/06/2021." in shown
    assert address("lon") in shown
    assert "7-QĐ/TU" in shown


@pytest.mark.thorough
def test_a_day_before_it_ended_shows_it_as_it_was(merged: Merged, signed_in: SignIn) -> None:
    client = signed_in(merged.year.world.leader)

    assert "It exists no more" not in page(client, "nho", den="2021-06-30")
    assert "It exists no more" in page(client, "nho", den="2021-07-01")
    assert slugs(client.get(address("nho", "units", den="2021-06-30")).context["rows"]) == ["nho-1"]


@pytest.mark.thorough
def test_the_successor_names_its_predecessor_and_lists_it_as_ended(
    merged: Merged, signed_in: SignIn
) -> None:
    client = signed_in(merged.year.world.leader)

    answer = client.get(address("lon", "units"))

    assert slugs(answer.context["rows"]) == ["lon-1", "nho-1"]
    assert [one.organization.slug for one in answer.context["ended"]] == ["nho"]
    assert address("nho") in page(client, "lon")
    beneath = {
        row.standing.organization.slug for row in client.get(address("kc-top")).context["rows"]
    }
    assert "nho" not in beneath


@pytest.mark.thorough
def test_the_history_tells_names_places_and_the_decision(merged: Merged, signed_in: SignIn) -> None:
    history = signed_in(merged.year.world.leader).get(address("nho", "history")).context["history"]

    assert [(one.text, one.is_present) for one in history.places] == [
        ("Đảng bộ Lớn", True), ("Đảng bộ kc-top", False),
    ]  # fmt: skip
    assert [(one.number, one.kinds, one.state_kind) for one in history.decisions] == [
        ("7-QĐ/TU", ["Merging into another"], "ok")
    ]
    assert history.decisions[0].url == reverse(
        "reorganization-detail", args=[merged.decision.public_id]
    )


@pytest.mark.thorough
def test_a_decision_of_another_committee_is_named_and_not_linked(
    merged: Merged, signed_in: SignIn
) -> None:
    staff = officer("canbo-nho", merged.year.small, Role.STAFF)

    history = signed_in(staff).get(address("nho", "history")).context["history"]

    assert [(one.number, one.url) for one in history.decisions] == [("7-QĐ/TU", "")]


@pytest.mark.thorough
def test_before_it_was_founded_the_page_says_so(year: Year, signed_in: SignIn) -> None:
    cell("tre", year.large, name="Chi bộ Trẻ")
    client = signed_in(year.world.leader)

    shown = page(client, "tre", nam=2017, den="2017-06-30")

    assert "On 30/06/2017 it did not exist yet: it was founded on 01/01/2018." in shown
    assert "<h1>Chi bộ Trẻ</h1>" in shown


# ---------------------------------------------------------------- the list


def listed(client: Client, **query: str) -> list[tuple[str, str, list[str]]]:
    rows = client.get("/to-chuc/", query).context["rows"]
    return [
        (row.standing.organization.slug, one.earlier, [unit.slug for unit in one.successors])
        for row, one in rows
    ]


@pytest.mark.thorough
def test_the_list_shows_what_exists_and_the_search_finds_what_ended(
    merged: Merged, signed_in: SignIn
) -> None:
    client = signed_in(merged.year.world.leader)

    assert "nho" not in [slug for slug, _earlier, _into in listed(client)]
    assert listed(client, q="dang bo nho") == [("nho", "", ["lon"])]
    assert listed(client, q="nho") == [("nho-1", "", []), ("nho", "", ["lon"])]
    assert "last day 30/06/2021" in client.get("/to-chuc/", {"q": "dang bo nho"}).content.decode()


@pytest.mark.thorough
def test_a_former_name_finds_what_bears_another_today(year: Year, signed_in: SignIn) -> None:
    rename(year.large, "Đảng bộ Rất To", on=date(2021, 5, 1))
    client = signed_in(year.world.leader)

    assert listed(client, q="dang bo lon") == [("lon", "Đảng bộ Lớn", [])]
    assert listed(client, q="rat to") == [("lon", "", [])]


def test_a_leader_searches_organisations_from_the_top_of_every_page(
    year: Year, signed_in: SignIn
) -> None:
    shown = page(signed_in(year.world.leader), "kc-1")

    assert '<form role="search" method="post" action="/tim/?to=/to-chuc/">' in shown


# ---------------------------------------------------------------- what it costs


@pytest.mark.thorough
@pytest.mark.parametrize("where", [*(address("kc-top", tab) for tab in TABS), "/to-chuc/?q=dang"])
def test_more_units_cost_no_more_queries(year: Year, signed_in: SignIn, where: str) -> None:
    client = signed_in(year.world.staff2)
    logged(year.world)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(where).status_code == 200
        return len(seen)

    def grow(first: int, number: int) -> None:
        made = found_many(
            [
                NewOrganization(f"them-{one}", f"Đảng bộ thêm {one}", f"Thêm {one}", "grassroots",
                                "kc-top", BEGINNING)
                for one in range(first, first + number)
            ]
        )  # fmt: skip
        for unit in made.values():
            assign(unit, year.world.staff2, 2)
            appointed(account(f"u-{unit.slug}"), year.world.top, Role.STAFF)
            logged(year.world)
        recompute(2021, on=DAY)

    queries()
    grow(0, 4)
    few = queries()
    grow(4, 16)

    assert queries() == few <= 40


@pytest.mark.thorough
def test_a_move_leaves_nothing_of_the_years_figures_behind(year: Year, signed_in: SignIn) -> None:
    admit(year.world.sibling, date(2021, 5, 20))
    move(year.world.sibling, under=year.large, on=date(2021, 5, 25))
    recompute(2021, on=DAY)
    client = signed_in(year.world.leader)

    def admitted(slug: str, tab: str, **query: str) -> int:
        return client.get(address(slug, tab, **query)).context["whole"].admitted

    for tab in TABS:
        then = {slug: admitted(slug, tab) for slug in ("kc-dang-uy", "lon", "kc-top")}
        today = {slug: admitted(slug, tab, cach="now") for slug in ("kc-dang-uy", "lon", "kc-top")}
        assert then == {"kc-dang-uy": 5, "lon": 1, "kc-top": 8}
        assert today == {"kc-dang-uy": 3, "lon": 3, "kc-top": 8}


def test_the_search_for_people_leads_on_to_organisations(year: Year, signed_in: SignIn) -> None:
    client = signed_in(year.world.staff)
    address = client.post("/tim/?to=/ho-so/", {"q": "lò 1"})["Location"]

    shown = client.get(address).content.decode()

    assert address.replace("/ho-so/", "/to-chuc/") in shown


@pytest.mark.thorough
def test_a_secretary_role_makes_no_secretary_of_a_committee(year: Year, signed_in: SignIn) -> None:
    officer("nhap-lieu", year.large, Role.SECRETARY)
    leader = appointed(account("that", full_name="Bí Thư Thật"), year.small, Role.LEADER)
    leader.title = "Bí thư Đảng ủy"
    leader.save(update_fields=["title"])
    client = signed_in(year.world.leader)

    assert "Secretary: " not in page(client, "lon")
    assert "Secretary: Bí Thư Thật" in page(client, "nho")
    assert "Secretary: kc-bithu" in page(client, "kc-1")
