"""The leadership dashboard: its answer, its order, whom it shows what, and what it costs."""

import gzip
import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config import clock
from organizations.models import Role
from organizations.operations.structure import NewOrganization, found_many, move
from targets.operations.attainment import fold, recompute
from targets.operations.declarations import (
    answer_declaration,
    declare_forecast,
    declare_no_source,
    report_figure,
)
from tests.makers import BEGINNING, DAY, Stage, candidate, officer, stand_on
from tests.reports.conftest import SignIn, Year, assign
from tests.targets.makers import admit

MAY = date(2021, 5, 19)


def address(year: int = 2021, **query: str) -> str:
    return reverse("dashboard", args=[year], query=query)


def heading(client, where: str) -> str:
    answer = client.get(where)
    assert answer.status_code == 200
    found = re.search(r"<h1>(.*?)</h1>", answer.content.decode(), re.DOTALL)
    return found[1].strip() if found else ""


def test_the_heading_is_the_answer(year: Year, signed_in: SignIn) -> None:
    client = signed_in(year.world.leader)

    assert heading(client, address()) == (
        "7/20 members admitted, 35\xa0% of the target; 3/4 units have admitted somebody"
    )


@pytest.mark.thorough
def test_a_range_is_said_as_a_range(year: Year, signed_in: SignIn) -> None:
    client = signed_in(year.world.leader)

    assert heading(client, address(dv=year.world.committee.slug)) == (
        "4 members admitted, target 5–6; 2/2 units have admitted somebody"
    )


@pytest.mark.sweep
@pytest.mark.parametrize("page", ["organization-detail", "organization-targets"])
def test_of_a_range_the_percents_of_both_ends_are_shown(
    year: Year, signed_in: SignIn, page: str
) -> None:
    # T16: four of five to six.
    shown = signed_in(year.world.leader).get(reverse(page, args=[year.world.committee.slug]))

    assert "80\xa0% of 5, 66.67\xa0% of 6" in shown.content.decode()


@pytest.mark.thorough
def test_a_target_of_nobody_has_no_percent_and_breaks_no_page(
    year: Year, signed_in: SignIn
) -> None:
    """T17: nothing is divided by zero, and what has no number is a dash."""
    assign(year.none, year.world.staff2, 0)
    recompute(2021, on=DAY)
    client = signed_in(year.world.leader)

    pages = [
        client.get(reverse(name, args=[year.none.slug]))
        for name in ("organization-detail", "organization-targets")
    ]
    above = client.get(reverse("organization-targets", args=[year.world.top.slug]))

    assert [page.status_code for page in pages] == [200, 200]
    assert [page.context["whole"].percent for page in pages] == [None, None]
    [row] = [one for one in above.context["rows"] if one.standing.organization.pk == year.none.pk]
    assert (row.standing.percent, row.standing.missing) == (None, 0)
    assert row.aim == ""


@pytest.mark.thorough
def test_a_target_reached_and_passed_is_said(year: Year, signed_in: SignIn) -> None:
    admit(year.cells["nho"], MAY)
    recompute(2021, on=DAY)

    assert heading(signed_in(year.world.leader), address(dv="nho")) == (
        "3/2 members admitted, 150\xa0% of the target, 1 person above the target;"
        " 1/1 units have admitted somebody"
    )


@pytest.mark.thorough
def test_past_years_make_a_plan_by_rounds(year: Year, signed_in: SignIn) -> None:
    half_by_may = [date(2020, 2, 3)] * 3 + [date(2020, 5, 19)] * 3 + [date(2020, 9, 2)] * 6
    admit(year.world.cell, *half_by_may)
    recompute(2020, on=DAY)

    assert heading(signed_in(year.world.leader), address()) == (
        "7/20 members admitted, 35\xa0% of the target, 3 people behind the plan;"
        " 3/4 units have admitted somebody"
    )


@pytest.mark.thorough
def test_units_come_worst_first_by_people_missing(year: Year, signed_in: SignIn) -> None:
    answer = signed_in(year.world.leader).get(address())

    rows = [
        (row.standing.organization.slug, row.standing.missing) for row in answer.context["rows"]
    ]
    assert rows == [("lon", 9), ("kc-dang-uy", 1), ("nho", 0), ("khong-giao", None)]


@pytest.mark.thorough
def test_in_january_the_heading_tells_sources_and_need(year: Year, signed_in: SignIn) -> None:
    stand_on(date(2022, 1, 10))
    candidate(year.world, at=Stage.SOURCE)
    recompute(2022, on=date(2022, 1, 10))

    assert heading(signed_in(year.world.leader), address(2022)) == (
        "Nobody has been admitted yet; no target was assigned"
    )


@pytest.mark.thorough
def test_a_year_without_data_is_explained(year: Year, signed_in: SignIn) -> None:
    client = signed_in(year.world.leader)

    assert heading(client, address(1990)) == "Nothing is known of 1990 yet"
    assert heading(client, address(2023)) == "Nothing is known of 2023 yet"


@pytest.mark.thorough
def test_figures_not_calculated_yet_are_told_apart(year: Year, signed_in: SignIn) -> None:
    client = signed_in(year.world.leader)
    assign(year.world.top, year.world.staff2, 30, year=2022)

    assert heading(client, address(2022)) == "The figures of 2022 have not been calculated yet"

    recompute(2022, on=DAY)
    assert heading(client, address(2022)) == (
        "Nobody has been admitted yet; 0 open files, 30 needed"
    )


@pytest.mark.sweep
@pytest.mark.parametrize(
    "where",
    [
        "/tong-quan/1066/",
        "/tong-quan/99999/",
        "/tong-quan/2021/?cach=tomorrow",
        "/tong-quan/2021/?den=2021-06-30",
        "/tong-quan/2021/?den=2020-06-30",
        "/tong-quan/2021/?dv=nowhere",
        "/to-chuc/nowhere/",
        "/to-chuc/lon/?nam=x",
        "/to-chuc/lon/?nam=99999",
    ],
)
def test_what_cannot_be_is_not_found(year: Year, signed_in: SignIn, where: str) -> None:
    assert signed_in(year.world.leader).get(where).status_code == 404


@pytest.mark.thorough
def test_a_day_as_people_write_it_leads_to_its_address(year: Year, signed_in: SignIn) -> None:
    client = signed_in(year.world.leader)

    found = client.get("/tong-quan/2021/?den=31/03/2021&cach=now")
    assert (found.status_code, found.headers["Location"]) == (
        302,
        "/tong-quan/2021/?cach=now&den=2021-03-31",
    )
    assert client.get("/tong-quan/2021/?den=31/02/2021").status_code == 422


@pytest.mark.thorough
def test_someone_elses_organisation_is_not_found(year: Year, signed_in: SignIn) -> None:
    around = year.world
    for user, slug in (
        (around.secretary, around.sibling.slug),
        (around.secretary, around.committee.slug),
        (around.staff, "lon"),
        (around.staff, around.top.slug),
        (around.administrator, around.top.slug),
        (around.administrator, "lon"),
    ):
        client = signed_in(user)
        for where in (
            address(dv=slug),
            reverse("organization-detail", args=[slug]),
            reverse("figure-records", args=[2021, slug]),
            reverse("target-year", args=[2021], query={"dv": slug}),
            reverse("target-grid", args=[2021], query={"dv": slug}),
        ):
            assert client.get(where).status_code == 404, (user, where)


@pytest.mark.thorough
def test_the_administrator_has_no_figures(year: Year, signed_in: SignIn) -> None:
    client = signed_in(year.world.administrator)

    for where in (address(), "/to-chuc/", "/chi-tieu/2021/", "/chi-tieu/2021/giao/"):
        assert client.get(where).status_code == 404


def test_nobody_reads_without_signing_in(year: Year, client) -> None:
    assert client.get(address()).status_code == 302


@pytest.mark.thorough
def test_every_role_of_a_committee_reads_its_own(year: Year, signed_in: SignIn) -> None:
    around = year.world
    for user, slug in (
        (around.secretary, around.cell.slug),
        (around.staff, around.committee.slug),
        (around.staff2, around.top.slug),
        (around.approver, around.top.slug),
        (around.leader, around.top.slug),
        (around.auditor, around.top.slug),
    ):
        answer = signed_in(user).get(address())
        assert answer.status_code == 200
        assert answer.context["organization"].slug == slug


@pytest.mark.thorough
def test_a_past_day_counts_only_what_had_happened(year: Year, signed_in: SignIn) -> None:
    client = signed_in(year.world.leader)

    assert heading(client, address(den="2021-03-01")) == (
        "1/20 members admitted, 5\xa0% of the target; 1/4 units have admitted somebody"
    )


@pytest.mark.thorough
def test_a_moved_cell_counts_where_it_stood_or_where_it_stands(
    year: Year, signed_in: SignIn
) -> None:
    move(year.cells["nho"], under=year.large, on=date(2021, 5, 25))
    recompute(2021, on=DAY)
    client = signed_in(year.world.leader)

    def admitted(slug: str, lens: str) -> int:
        where = address(dv=slug, cach=lens)
        return client.get(where).context["whole"].admitted

    assert [admitted("lon", "then"), admitted("nho", "then")] == [1, 2]
    assert [admitted("lon", "now"), admitted("nho", "now")] == [3, 0]


@pytest.mark.thorough
def test_the_heading_follows_a_change_without_the_page(year: Year, signed_in: SignIn) -> None:
    client = signed_in(year.world.leader)
    poll = re.search(r'hx-get="([^"]+)"', client.get(address()).content.decode())[1]
    poll = poll.replace("&amp;", "&")
    asked = {"HX-Request": "true", "HX-Target": "headline"}

    assert client.get(poll, headers=asked).status_code == 204

    file = candidate(year.world, at=Stage.ADMITTED)
    assert file.stage == Stage.ADMITTED
    fold(on=DAY)
    answer = client.get(poll, headers=asked)

    assert answer.status_code == 200
    assert "<h1>8/20 members admitted" in answer.content.decode()
    assert "have just changed" in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert len(gzip.compress(answer.content)) < 4096


@pytest.mark.thorough
def test_declared_forecast_reported_figures_and_lost_sources_are_shown(
    year: Year, signed_in: SignIn
) -> None:
    around = year.world
    declare_forecast(
        around.top,
        by=around.staff2,
        on=DAY,
        year=2021,
        people=18,
        declared_on=date(2021, 5, 20),
        declared_by="Ban Tổ chức Đảng ủy",
    )
    for as_of, numerator in ((date(2020, 12, 31), 110), (date(2021, 5, 1), 121)):
        report_figure(
            "KN11",
            around.top,
            by=around.staff2,
            on=DAY,
            as_of=as_of,
            numerator=numerator,
            denominator=130,
            evidence="Báo cáo 35-BC/HU",
        )
    declaration = declare_no_source(
        year.small,
        by=officer("nhap", year.small, Role.STAFF),
        on=DAY,
        grounds="Toàn bộ lao động trên 35 tuổi",
        declared_on=date(2021, 5, 3),
        review_on=date(2021, 12, 1),
    )
    answer_declaration(declaration, by=around.staff2, on=DAY, accept=True)
    recompute(2021, on=DAY)

    shown = signed_in(around.leader).get(address()).content.decode()

    assert "Ban Tổ chức Đảng ủy, 20/05/2021" in shown
    assert "121/130" in shown
    assert "93.08\xa0%" in shown
    assert "+8.46 percentage points, from 110" in shown
    assert "1/4 units without a source" in shown
    assert "Toàn bộ lao động trên 35 tuổi" in shown


def grow(year: Year, number: int) -> None:
    around = year.world
    units = found_many(
        [
            NewOrganization(f"them-{one}", f"Đảng bộ thêm {one}", f"Thêm {one}", kind, parent, on)
            for one in range(number)
            for kind, parent, on in [("grassroots", around.top.slug, BEGINNING)]
        ]
    )
    for one in units.values():
        assign(one, around.staff2, 20)
    recompute(2021, on=DAY)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "where", ["/tong-quan/2021/", "/to-chuc/kc-top/", "/chi-tieu/2021/giao/", "/to-chuc/"]
)
def test_the_number_of_units_costs_no_more_queries(
    year: Year, signed_in: SignIn, where: str
) -> None:
    client = signed_in(year.world.leader)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(where).status_code == 200
        return len(seen)

    queries()
    grow(year, 10)
    few = queries()
    grow_more = [NewOrganization(f"nua-{one}", f"Đảng bộ nữa {one}", f"Nữa {one}", "grassroots",
                                 year.world.top.slug, BEGINNING) for one in range(30)]  # fmt: skip
    found_many(grow_more)
    recompute(2021, on=DAY)

    assert queries() == few
    assert few <= 40


@pytest.mark.thorough
def test_a_dashboard_of_forty_units_stays_light(year: Year, signed_in: SignIn) -> None:
    grow(year, 36)
    client = signed_in(year.world.leader)

    for where in ("/tong-quan/2021/", "/tong-quan/2021/?in=1", "/to-chuc/kc-top/"):
        assert len(gzip.compress(client.get(where).content)) <= 15 * 1024, where


@pytest.mark.thorough
def test_the_page_says_when_it_was_calculated(year: Year, signed_in: SignIn) -> None:
    shown = signed_in(year.world.leader).get(address()).content.decode()

    assert re.search(rf"as of \d\d:\d\d, {clock.today():%d/%m/%Y}", shown)
