"""What was tried is kept by name and read side by side; no target ever comes of it."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.errors import DomainError
from organizations.models import User
from targets.models import Cycle, SavedScenario, Target, TargetDraft
from targets.operations.baselines import report_baseline
from targets.operations.drafts import save_drafts
from targets.operations.scenarios import save_scenario, withdraw_scenario
from targets.operations.targets import assign_target, register_target
from targets.what_if import Method, Scenario
from tests.makers import DAY, World, cell, once, world

pytestmark = pytest.mark.django_db

ASKED = {"tong": "8", "theo": "dang-vien", "nguon": "50"}


@pytest.fixture
def kc() -> World:
    """Two cells of 30 and 10 members without a file are given their numbers; one registered two."""
    kc = world()
    report_baseline(kc.cell, by=kc.staff, on=DAY, year=2021, members=30)
    report_baseline(kc.sibling, by=kc.staff, on=DAY, year=2021, members=10)
    register_target(kc.sibling, by=kc.secretary2, on=DAY, year=2021, low=2)
    Cycle.objects.create(
        organization=kc.committee, year=2021, opened_on=DAY, register_by=DAY, issue_by=DAY,
        entered_by=kc.staff, state="drafting",
    )  # fmt: skip
    return kc


def keep(kc: World, name: str, **changes: Any) -> SavedScenario:
    scenario = Scenario(**{"total": 8, "method": Method.MEMBERS, **changes})
    return save_scenario(kc.committee, by=kc.staff, on=DAY, year=2021, name=name, scenario=scenario)


def as_slugs(kc: World, scenario: SavedScenario) -> dict[str, int]:
    return {
        unit.slug: scenario.shares[str(unit.pk)]
        for unit in (kc.cell, kc.sibling)
        if str(unit.pk) in scenario.shares
    }


def asker(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def at(kc: World, name: str, *args: Any, **query: Any) -> str:
    return reverse(name, args=[2021, *args], query={"dv": kc.committee.slug, **query})


def test_what_is_tried_gets_a_name_and_opens_again_on_the_grid(kc: World) -> None:
    client = asker(kc.staff)
    # As the button of the card sends it, without script.
    page = client.get(at(kc, "scenario-save", **ASKED, tran="on"))
    assert page.context["tried"].sentence == "Thiếu 8 nguồn để chia hết."
    sent = {"once": once(), "name": "Theo đảng viên"}

    saved = client.post(at(kc, "scenario-save", **ASKED), sent)
    again = client.post(at(kc, "scenario-save", **ASKED), {**sent, "once": once()})

    assert saved.status_code == 303
    assert again.status_code == 422
    assert list(again.context["form"].errors) == ["name"]
    scenario = SavedScenario.objects.get()
    assert as_slugs(kc, scenario) == {"kc-1": 6, "kc-2": 2}
    listed = client.get(saved["Location"])
    (row,) = listed.context["rows"]
    opened = client.get(row["open_url"])
    assert opened.context["tried"].shares == {kc.cell.pk: 6, kc.sibling.pk: 2}
    assert not Target.objects.filter(kind="assigned").exists()
    assert not TargetDraft.objects.exists()
    badly = client.get(at(kc, "scenario-save", **{**ASKED, "tong": "nhiều"}))
    assert badly.status_code == 302
    assert "/giao/" in badly["Location"]


def test_bounds_of_single_units_are_kept_opened_again_and_compared(kc: World) -> None:
    client = asker(kc.staff)
    own = {f"it-{kc.sibling.pk}": "3", f"nhieu-{kc.sibling.pk}": "5", f"mien-{kc.cell.pk}": "on"}
    where = at(kc, "scenario-save", **ASKED, **own, them="", it="", nhieu="", co="")

    assert "ít nhất 3, nhiều nhất 5" in client.get(where).content.decode()
    assert client.post(where, {"once": once(), "name": "Riêng"}).status_code == 303

    scenario = SavedScenario.objects.get()
    assert scenario.asked == {**ASKED, **own}
    assert as_slugs(kc, scenario) == {"kc-1": 0, "kc-2": 5}
    (row,) = client.get(at(kc, "scenario-list")).context["rows"]
    opened = client.get(row["open_url"])
    assert opened.status_code == 200
    assert opened.context["tried"].shares == {kc.cell.pk: 0, kc.sibling.pk: 5}
    plain = keep(kc, "Theo đảng viên")
    page = client.get(at(kc, "scenario-compare", so=[scenario.pk, plain.pk]))
    assert {
        line.organization.slug: [share.bound for share in line.shares]
        for line in page.context["found"].lines
    } == {"kc-1": ["không tham gia", ""], "kc-2": ["ít nhất 3, nhiều nhất 5", ""]}
    assert "ít nhất 3, nhiều nhất 5" in page.content.decode()
    badly = client.get(at(kc, "scenario-save", **ASKED, **{f"it-{kc.cell.pk}": "ba"}))
    assert badly.status_code == 302
    assert f"it-{kc.cell.pk}=ba" in badly["Location"]


def test_numbers_by_hand_are_those_of_the_draft(kc: World) -> None:
    assign_target(
        kc.cell, by=kc.staff, on=DAY, year=2021, form="number", low=5,
        decision_number="9-QĐ/ĐU", decided_on=DAY,
    )  # fmt: skip
    save_drafts(Cycle.objects.get(), by=kc.staff, on=DAY, numbers={kc.sibling.pk: 1})

    scenario = keep(kc, "Bằng tay", method=Method.MANUAL)

    assert as_slugs(kc, scenario) == {"kc-1": 5, "kc-2": 1}
    assert scenario.sentence == "Còn 2 trong tổng số chưa giao cho ai."
    assert keep(kc, "Vượt", method=Method.MANUAL, total=5).sentence == "Giao vượt tổng số 1."
    page = asker(kc.staff).get(at(kc, "scenario-save", theo="tay"))
    assert page.context["tried"].total == 6


def test_scenarios_are_read_line_by_line(kc: World) -> None:
    first = keep(kc, "Theo đảng viên")
    second = keep(kc, "Chia đều", method=Method.EQUAL)
    third = keep(kc, "Chia đều 12", method=Method.EQUAL, total=12)
    new = cell("kc-3", kc.committee)
    client = asker(kc.staff)

    def told(*chosen: SavedScenario, **asked: Any) -> Any:
        address = at(kc, "scenario-compare", so=[one.pk for one in chosen], **asked)
        return client.get(address).context["found"]

    found = told(first, second, third)
    assert {
        line.organization.slug: [(share.people, share.against) for share in line.shares]
        for line in found.lines
    } == {"kc-1": [(6, None), (4, -2), (6, 0)], "kc-2": [(2, None), (4, 2), (6, 4)],
          new.slug: [(0, None), (0, 0), (0, 0)]}  # fmt: skip
    assert [(one.people, one.against) for one in found.totals] == [(8, None), (8, 0), (12, 4)]
    # Nobody has a file: whoever is given anything is set up to fail.
    assert found.above == [2, 2, 2]
    assert found.registered == 2

    only = told(first, second, khac=1)
    assert ([line.organization.slug for line in only.lines], only.hidden) == (["kc-1", "kc-2"], 1)
    assert client.get(at(kc, "scenario-compare", so=first.pk)).status_code == 422
    missing = at(kc, "scenario-compare", so=[first.pk, 10**30])
    assert client.get(missing).status_code == 404


def test_a_name_is_free_again_once_its_scenario_is_withdrawn(kc: World) -> None:
    scenario = keep(kc, "Chia đều")
    with pytest.raises(DomainError) as refused:
        keep(kc, "  chia  ĐỀU ")
    assert set(refused.value.fields) == {"name"}
    with pytest.raises(DomainError):
        keep(kc, " ")

    asked = asker(kc.staff).post(at(kc, "scenario-withdraw", scenario.pk), {"once": once()})

    assert asked.status_code == 303
    assert asker(kc.staff).get(asked["Location"]).context["rows"] == []
    assert keep(kc, "Chia đều").withdrawn_at is None
    scenario.refresh_from_db()
    assert (scenario.withdrawn_at is not None, scenario.withdrawn_by) == (True, kc.staff)
    assert withdraw_scenario(scenario, by=kc.staff, on=DAY).withdrawn_at == scenario.withdrawn_at


def test_none_but_those_who_assign_see_them(kc: World) -> None:
    scenario = keep(kc, "Chia đều")
    other = keep(kc, "Theo đảng viên")
    addresses = [
        at(kc, "scenario-list"),
        at(kc, "scenario-save", **ASKED),
        at(kc, "scenario-compare", so=[scenario.pk, other.pk]),
        at(kc, "scenario-withdraw", scenario.pk),
    ]

    def answers(user: User) -> set[int]:
        return {asker(user).get(address).status_code for address in addresses}

    assert answers(kc.staff) == {200}
    for user in (kc.secretary, kc.leader, kc.auditor, kc.approver, kc.staff2):
        assert answers(user) == {404}
    for user in (kc.leader, kc.secretary):
        with pytest.raises(PermissionDenied):
            withdraw_scenario(scenario, by=user, on=DAY)
        with pytest.raises(PermissionDenied):
            save_scenario(
                kc.committee, by=user, on=date(2021, 5, 28), year=2021, name="Khác",
                scenario=Scenario(total=1),
            )  # fmt: skip


def test_more_units_and_scenarios_cost_no_more_queries(kc: World) -> None:
    client = asker(kc.staff)
    first, second = keep(kc, "Một"), keep(kc, "Hai")

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        return len(asked)

    addresses = [
        at(kc, "scenario-list"), at(kc, "scenario-compare", so=[first.pk, second.pk])
    ]  # fmt: skip
    few = [queries(address) for address in addresses]
    for place in range(12):
        cell(f"them-{place}", kc.committee)
        keep(kc, f"Phương án {place}")
    assert [queries(address) for address in addresses] == few
