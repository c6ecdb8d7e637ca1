"""The page of a forecast: what it says in each state, to whom, and that its numbers open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from organizations.models import Organization, Role, User
from organizations.operations.seals import ask_to_close_year, close_year
from targets.models import Attainment
from targets.operations.attainment import recompute
from targets.operations.declarations import declare_forecast
from targets.operations.round_plans import set_round_plan
from tests.makers import officer, unit
from tests.reports.conftest import SignIn, Year
from tests.targets.country import country
from tests.targets.files_kept import keep
from tests.targets.makers import stand_on
from tests.targets.test_foretold import FOUNDED, Kept, kept

pytestmark = pytest.mark.django_db

DAY = date(2021, 5, 28)


@dataclass
class Told:
    """A generated province with files of ten years, its figures, and who reads them."""

    kept: Kept
    leader: User
    staff: User
    secretary: User

    @property
    def top(self) -> Organization:
        return self.kept.province

    @property
    def committee(self) -> Organization:
        return self.kept.committees[0]

    @property
    def cell(self) -> Organization:
        return self.kept.cells[0][0]


@pytest.fixture
def told(db: None) -> Told:
    made = kept(committees=2, cells=4)
    found = Told(
        made,
        officer("lanh-dao", made.province, Role.LEADER),
        officer("can-bo", made.province, Role.STAFF),
        officer("bi-thu", made.cells[0][0], Role.SECRETARY),
    )
    recompute(2020, on=DAY)
    recompute(2021, on=DAY)
    return found


def said(client: Client, address: str) -> str:
    """Return the page of `address`, every blank a plain one."""
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def page(client: Client, of: Organization, *, year: int = 2021, **query: str) -> str:
    return said(client, f"/tong-quan/{year}/{of.slug}/du-bao/?{urlencode(query)}")


def heading(shown: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", shown)
    assert found
    return found[1]


def test_the_heading_is_the_answer(told: Told, signed_in: SignIn) -> None:
    answer = signed_in(told.leader).get(f"/tong-quan/2021/{told.top.slug}/du-bao/")

    forecast = answer.context["page"].told
    admitted = Attainment.objects.get(organization=told.top, year=2021, lens="then").admitted
    assert heading(answer.content.decode()) == (
        f"{admitted} admitted, {forecast.likely} expected for the year: "
        f"{forecast.low}–{forecast.high}; no target was assigned"
    )
    assert forecast.low >= admitted


def test_every_step_says_how_many_files_and_opens_to_them(told: Told, signed_in: SignIn) -> None:
    client = signed_in(told.staff)
    shown = client.get(f"/tong-quan/2021/{told.committee.slug}/du-bao/")

    links = dict(
        re.findall(
            r'href="([^"]*/danh-sach/\?chi-so=(?:files_\w+|admitted))">(\d+)</a>',
            shown.content.decode(),
        )
    )
    row = Attainment.objects.get(organization=told.committee, year=2021, lens="then")
    steps = {one.measure.name: one.files for one in shown.context["page"].steps}
    assert steps == {name: getattr(row, name) for name in steps}
    assert len(links) == sum(bool(files) for files in steps.values()) + bool(row.admitted)
    for link, number in links.items():
        behind = client.get(link)
        assert behind.context["records"].people == int(number)
        assert len(behind.context["rows"]) == int(number)


def test_a_cell_of_few_files_says_from_whom_it_borrows(told: Told, signed_in: SignIn) -> None:
    shown = page(signed_in(told.secretary), told.cell)

    assert f"files of {told.top.designation(on=DAY).short_name} on the same day of" in shown
    assert "where the unit has few of its own, it borrows from those above" in shown


def test_the_track_record_stands_beside_the_straight_line(told: Told, signed_in: SignIn) -> None:
    answer = signed_in(told.leader).get(f"/tong-quan/2021/{told.top.slug}/du-bao/")
    shown = " ".join(answer.content.decode().split())

    record = answer.context["page"].record
    held = sum(one.low <= one.outcome <= one.high for one in record.replays)
    assert len(record.replays) == 8
    assert f"{held} of 8 past years lay in their 80" in shown
    assert [int(year) for year in re.findall(r'<th scope="row">(20\d\d)</th>', shown)] == list(
        range(2020, 2012, -1)
    )


def test_the_units_own_estimate_stands_beside_with_author_and_day(
    told: Told, signed_in: SignIn
) -> None:
    declare_forecast(
        told.cell, by=told.secretary, on=DAY, year=2021, people=99, declared_on=DAY,
        declared_by="Chi ủy",
    )  # fmt: skip

    shown = page(signed_in(told.secretary), told.cell)

    assert 'Chi ủy<br><span class="dim">28/05/2021</span></span><b class="num">99</b>' in shown
    assert "above the range that the files give" in shown


def test_the_last_days_are_told_backwards_from_the_years_end(told: Told, signed_in: SignIn) -> None:
    shown = page(signed_in(told.leader), told.top)

    assert re.search(r"Cell considers</th><td[^>]*>05/08/2021</td><td[^>]*>05/10/2021", shown)


def test_with_a_target_the_chance_is_told_on_page_and_tile(year: Year, signed_in: SignIn) -> None:
    _files_of_ten_years(year)
    client = signed_in(year.world.leader)

    shown = page(client, year.world.top)
    tile = said(client, f"/to-chuc/{year.world.top.slug}/")
    dashboard = said(client, "/tong-quan/2021/")

    chance = re.search(r"chance of reaching 20: ([^<]+)</h1>", shown)
    assert chance
    for other in (tile, dashboard):
        assert f"chance of reaching 20: {chance[1]}" in other
        assert f'href="/tong-quan/2021/{year.world.top.slug}/du-bao/"' in other


def _files_of_ten_years(year: Year) -> None:
    grown = country(3, first=2011, last=2021, provinces=1, committees=1, cells=2)
    cells = (year.world.cell, year.world.sibling)
    for cell, memory in zip(cells, grown.beneath[0].beneath[0].beneath, strict=True):
        keep(cell, memory.files, by=year.world.staff, on=DAY)
    recompute(2021, on=DAY)


def test_without_files_of_earlier_years_it_says_not_enough_figures(
    year: Year, signed_in: SignIn
) -> None:
    client = signed_in(year.world.leader)

    shown = page(client, year.world.top)
    tile = client.get(f"/to-chuc/{year.world.top.slug}/").content.decode()

    assert heading(shown) == "Not enough figures for a forecast: 0 files of earlier years"
    assert "the widest that could be learned from, has 0." in shown
    assert "not enough figures</a>" in tile
    assert "chance of reaching" not in shown


def test_a_year_that_is_over_tells_what_it_came_to(told: Told, signed_in: SignIn) -> None:
    shown = page(signed_in(told.leader), told.top, year=2020)

    admitted = Attainment.objects.get(organization=told.top, year=2020, lens="then").admitted
    assert heading(shown).startswith(f"{admitted} members admitted")
    assert "The year 2020 is over" in shown
    assert "Change the plan by rounds" not in shown


def test_a_year_to_come_says_so(told: Told, signed_in: SignIn) -> None:
    assert "The year 2022 has not begun" in page(signed_in(told.leader), told.top, year=2022)


def test_a_closed_year_says_by_whom(year: Year, signed_in: SignIn) -> None:
    around = year.world
    asked = ask_to_close_year(around.top, by=around.staff2, on=DAY, year=2020)
    close_year(asked, by=around.approver, on=DAY)

    shown = page(signed_in(around.staff2), around.top, year=2020)

    [sealed, _over] = re.findall(r'<p class="note mb">(.*?)</p>', shown)
    assert "2020" in sealed
    assert str(around.approver) in sealed


def test_elsewhere_is_not_found(told: Told, signed_in: SignIn) -> None:
    client = signed_in(told.secretary)

    for of in (told.kept.cells[0][1], told.committee, told.top):
        assert client.get(f"/tong-quan/2021/{of.slug}/du-bao/").status_code == 404
    assert client.get(f"/tong-quan/9999/{told.cell.slug}/du-bao/").status_code == 404
    assert Client().get(f"/tong-quan/2021/{told.cell.slug}/du-bao/").status_code == 302


def test_an_earlier_day_is_told_from_what_was_known_then(told: Told, signed_in: SignIn) -> None:
    client = signed_in(told.leader)
    then = date(2021, 2, 15)

    early = client.get(f"/tong-quan/2021/{told.top.slug}/du-bao/?den={then}").context["page"]
    stand_on(then)
    recompute(2021, on=then)
    known = client.get(f"/tong-quan/2021/{told.top.slug}/du-bao/").context["page"]

    assert (early.told.low, early.told.likely, early.told.high) == (
        known.told.low, known.told.likely, known.told.high,
    )  # fmt: skip
    assert early.told.admitted == known.told.admitted


def test_who_sets_the_plan_finds_the_way_there_and_its_reason_is_read(
    told: Told, signed_in: SignIn
) -> None:
    set_round_plan(
        told.committee, by=told.staff, on=DAY, year=2021, reason="Dồn vào đợt 2/9",
        shares=[Decimal(share) for share in (10, 30, 70, 100)],
    )  # fmt: skip

    shown = page(signed_in(told.staff), told.committee)

    assert f'href="/chi-tieu/2021/nhip/?dv={told.committee.slug}"' in shown
    assert "Dồn vào đợt 2/9" in shown
    assert "set by can-bo, 28/05/2021" in shown
    assert "/chi-tieu/2021/nhip/" not in page(signed_in(told.leader), told.committee)


@pytest.mark.thorough
def test_more_cells_and_files_cost_no_more_queries(told: Told, signed_in: SignIn) -> None:
    client = signed_in(told.leader)

    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            page(client, told.top)
        return len(seen)

    asked()
    few = asked()
    more = country(9, first=2011, last=2021, provinces=1, committees=1, cells=9).beneath[0]
    for place, memory in enumerate(more.beneath):
        cell = unit(f"them-{place}", told.committee, kind="cell", on=FOUNDED)
        keep(cell, memory.files, by=told.kept.by, on=DAY)
    recompute(2021, on=DAY)

    assert asked() == few <= 36


def test_it_is_light_and_in_vietnamese_by_default(told: Told) -> None:
    client = Client()
    client.force_login(told.leader, backend="allauth.account.auth_backends.AuthenticationBackend")

    shown = client.get(f"/tong-quan/2021/{told.top.slug}/du-bao/").content.decode()

    assert "dự báo cả năm" in heading(shown)
    assert "Các lần dự báo trước" in shown
