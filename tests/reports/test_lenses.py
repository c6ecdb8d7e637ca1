"""Two lenses and a day on every page of figures: the same facts, through either structure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from organizations.models import Organization
from organizations.operations.structure import move
from targets.models import Baseline
from targets.operations.attainment import recompute
from tests.makers import World, cell, stand_on, unit, world
from tests.reports.conftest import SignIn, Year
from tests.targets.makers import admit

DECEMBER = date(2021, 12, 15)
JULY = date(2021, 7, 1)


@dataclass
class Moved:
    """Cell `x` had 3 admissions beneath A before 1 July, and 2 beneath B from then on."""

    world: World
    a: Organization
    b: Organization
    x: Organization


@pytest.fixture
def moved(db: None) -> Moved:
    around = world()
    stand_on(DECEMBER)
    a, b = unit("a", around.top, name="Đảng bộ A"), unit("b", around.top, name="Đảng bộ B")
    x = cell("x", a, name="Chi bộ X")
    for one, members in ((a, 90), (b, 60), (x, 30)):
        Baseline.objects.create(
            organization=one, year=2021, members=members, entered_by=around.staff2
        )
    admit(x, date(2021, 2, 3), date(2021, 3, 26), date(2021, 5, 19))
    move(x, under=b, on=JULY)
    admit(x, date(2021, 9, 2), date(2021, 11, 12))
    recompute(2021, on=DECEMBER)
    return Moved(around, a, b, x)


def admitted(client: Client, name: str, slug: str, **query: str) -> int:
    args = {"dashboard": [2021], "figure-records": [2021, slug]}.get(name, [slug])
    if name == "dashboard":
        query["dv"] = slug
    context = client.get(reverse(name, args=args, query=query)).context
    return context["records"].people if name == "figure-records" else context["whole"].admitted


# ---------------------------------------------------------------- the figures


@pytest.mark.sweep
@pytest.mark.parametrize("name", ["dashboard", "organization-detail", "figure-records"])
def test_then_a_three_b_two_now_a_none_b_five_and_five_above(
    moved: Moved, signed_in: SignIn, name: str
) -> None:
    client = signed_in(moved.world.leader)

    def told(**query: str) -> list[int]:
        return [admitted(client, name, slug, **query) for slug in ("a", "b", "kc-top")]

    assert told() == [3, 2, 5]
    assert told(cach="now") == [0, 5, 5]


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["dashboard", "organization-detail", "figure-records"])
def test_the_days_before_and_after_the_move_and_between(
    moved: Moved, signed_in: SignIn, name: str
) -> None:
    client = signed_in(moved.world.leader)

    def told(**query: str) -> list[int]:
        return [admitted(client, name, slug, **query) for slug in ("a", "b", "kc-top")]

    assert told(den="2021-03-25") == [1, 0, 1]
    assert told(den="2021-06-30") == told(den="2021-07-01") == [3, 0, 3]
    assert told(den="2021-09-02") == [3, 1, 4]
    assert told(den="2021-06-30", cach="now") == [0, 3, 3]


def test_the_list_of_organisations_says_the_same(moved: Moved, signed_in: SignIn) -> None:
    client = signed_in(moved.world.leader)

    def told(**query: str) -> dict[str, int]:
        rows = client.get("/to-chuc/", {"q": "dang bo", **query}).context["rows"]
        found = {row.standing.organization.slug: row.standing.admitted for row, _one in rows}
        return {slug: found[slug] for slug in ("a", "b")}

    assert told() == {"a": 3, "b": 2}
    assert told(cach="now") == {"a": 0, "b": 5}
    assert told(den="2021-03-31") == {"a": 2, "b": 0}


@pytest.mark.thorough
def test_the_march_figures_asked_in_december_are_those_of_march(
    year: Year, signed_in: SignIn
) -> None:
    client = signed_in(year.world.leader)
    march = {"den": "2021-03-31"}

    def told() -> list[int]:
        return [
            admitted(client, "dashboard", slug, **march) for slug in ("kc-dang-uy", "lon", "kc-top")
        ]

    in_may = told()
    stand_on(DECEMBER)
    admit(year.world.sibling, date(2021, 9, 2))
    move(year.world.cell, under=year.large, on=JULY)
    recompute(2021, on=DECEMBER)

    assert told() == in_may == [1, 0, 1]


def test_rows_and_links_keep_how_the_reader_looks(moved: Moved, signed_in: SignIn) -> None:
    client = signed_in(moved.world.leader)
    where = reverse("organization-detail", args=["kc-top"])

    rows = client.get(where, {"cach": "now", "den": "2021-06-30"}).context["rows"]

    assert all("cach=now&den=2021-06-30" in row.url for row in rows)
    assert all("cach=now&den=2021-06-30" in row.records_url for row in rows)


# ---------------------------------------------------------------- members on 1 January


@pytest.mark.thorough
def test_opening_members_are_told_as_reported_and_restated(moved: Moved, signed_in: SignIn) -> None:
    client = signed_in(moved.world.leader)

    def head(slug: str, **query: str) -> str:
        shown = client.get(reverse("organization-detail", args=[slug]), query).content.decode()
        return " ".join(re.sub(r"<.*?>", "", shown.split('<div class="head">')[1])[:400].split())

    assert "90 members on 1 January (60 by today's units)" in head("a")
    assert "60 members on 1 January (90 as reported then)" in head("a", cach="now")
    assert "30 members on 1 January ·" in head("x")
    assert "by today's units" not in head("x")


# ---------------------------------------------------------------- how they add up


@pytest.mark.thorough
def test_a_page_adds_up_in_words_where_a_unit_left_or_came(moved: Moved, signed_in: SignIn) -> None:
    client = signed_in(moved.world.leader)

    def summed(slug: str, **query: str) -> list[tuple[str, date, date, int]]:
        for where in (
            reverse("organization-detail", args=[slug], query=query),
            reverse("dashboard", args=[2021], query={"dv": slug, **query}),
        ):
            found = client.get(where).context["sum"]
            assert found.total == found.admitted
        return [(one.unit.slug, one.since, one.until, one.counted) for one in found.rows]

    assert summed("a") == [("x", date(2021, 1, 1), date(2021, 6, 30), 3)]
    assert summed("b") == [("x", JULY, DECEMBER, 2)]
    assert summed("a", cach="now") == [("x", date(2021, 1, 1), date(2021, 6, 30), 0)]
    assert summed("kc-top") == []
    shown = client.get(reverse("organization-detail", args=["a"])).content.decode()
    assert "How the 3 admitted add up" in shown
    assert "from 01/01 to 30/06" in shown


# ---------------------------------------------------------------- the control

PAGES = [
    "/tong-quan/2021/",
    "/tong-quan/2021/kc-top/danh-sach/?chi-so=admitted",
    "/to-chuc/",
    *(
        reverse(f"organization-{tab}", args=["kc-top"])
        for tab in ("detail", "units", "files", "targets", "people", "history")
    ),
]


@pytest.mark.thorough
def test_every_page_of_figures_has_the_control_and_says_how_it_is_looked_at(
    moved: Moved, signed_in: SignIn
) -> None:
    client = signed_in(moved.world.leader)

    for where in PAGES:
        shown = client.get(where).content.decode()
        for part in (
            'name="cach"',
            'name="den"',
            'value="15/12/2021"',
            "above the cell on the day of its ceremony",
            # What is printed says it as well.
            "By the structure of the time · figures as of 15/12/2021",
        ):
            assert part in shown, (where, part)


@pytest.mark.thorough
def test_what_was_typed_is_brought_to_an_address_that_keeps_the_rest(
    moved: Moved, signed_in: SignIn
) -> None:
    client = signed_in(moved.world.leader)
    typed = {"xem": "1", "cach": "now", "den": "30/6/21"}

    for where in PAGES:
        answer = client.get(where, {**_query(where), **typed})
        assert answer.status_code == 302, where
        asked = _query(answer.url)
        assert (asked["cach"], asked["den"]) == ("now", "2021-06-30")
        assert asked.items() >= _query(where).items()
        assert "xem" not in asked
        assert client.get(answer.url).status_code == 200


def test_today_needs_no_day_in_the_address(moved: Moved, signed_in: SignIn) -> None:
    client = signed_in(moved.world.leader)
    typed = {"xem": "1", "cach": "then", "den": "15/12/2021"}

    for where in PAGES:
        answer = client.get(where, {**_query(where), **typed})
        assert answer.status_code == 302, where
        assert {"den", "cach", "xem"} & set(_query(answer.url)) == set()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("31/06/2021", "There is no day 31/06/2021."),
        ("hôm qua", "“hôm qua” is not a day."),
        ("16/12/2021", "The day lies in the future."),
        ("01/01/1066", "The year must be between 1930 and 2100."),
    ],
)
def test_a_day_that_cannot_be_is_told_at_its_field(
    moved: Moved, signed_in: SignIn, typed: str, sentence: str
) -> None:
    client = signed_in(moved.world.leader)

    for where in PAGES:
        answer = client.get(where, {**_query(where), "xem": "1", "cach": "now", "den": typed})
        assert answer.status_code == 422, where
        shown = answer.content.decode()
        for part in (sentence, f'value="{typed}"', 'aria-invalid="true"'):
            assert part in shown, (where, part)


def test_a_day_of_another_year_leads_to_that_year(moved: Moved, signed_in: SignIn) -> None:
    client = signed_in(moved.world.leader)
    typed = {"xem": "1", "cach": "then", "den": "30/06/2020"}

    from_dashboard = client.get("/tong-quan/2021/", {"dv": "a", **typed}).url
    from_page = client.get("/to-chuc/a/chi-bo/", {"nam": "2021", **typed}).url

    assert from_dashboard == "/tong-quan/2020/?dv=a&den=2020-06-30"
    assert from_page == "/to-chuc/a/chi-bo/?nam=2020&den=2020-06-30"
    answer = client.get(from_page)
    assert [row.standing.organization.slug for _unit, row in answer.context["rows"]] == ["x"]


@pytest.mark.sweep
@pytest.mark.parametrize(
    "query",
    ["cach=tomorrow", "den=2021-02-30", "den=2022-01-01", "den=x", "nam=2020&den=2021-01-01"],
)
def test_an_address_that_nobody_was_given_is_not_found(
    moved: Moved, signed_in: SignIn, query: str
) -> None:
    client = signed_in(moved.world.leader)

    for where in ("/to-chuc/", "/to-chuc/a/", "/to-chuc/a/lich-su/"):
        assert client.get(f"{where}?{query}").status_code == 404


@pytest.mark.thorough
def test_nothing_that_is_typed_makes_a_page_fail(moved: Moved, signed_in: SignIn) -> None:
    client = signed_in(moved.world.leader)

    for nasty in ("", " ", "\0", "9" * 400, "٣/٣/٢٠٢١", "<b>", "'--", "0000-00-00"):
        for name in ("den", "cach", "nam", "q", "trang", "xem"):
            for where in ("/to-chuc/", "/to-chuc/a/chi-bo/", "/tong-quan/2021/"):
                answer = client.get(where, {"xem": "1", "cach": "then", name: nasty})
                assert answer.status_code in {200, 302, 404, 422}, (where, name, nasty)


def _query(where: str) -> dict[str, str]:
    text = where.partition("?")[2]
    return dict(part.split("=") for part in text.split("&") if part)


def test_the_grid_of_targets_is_looked_at_through_either_structure(
    moved: Moved, signed_in: SignIn
) -> None:
    stand_on(date(2022, 1, 10))
    recompute(2022, on=date(2022, 1, 10))
    recompute(2021, on=date(2022, 1, 10))
    client = signed_in(moved.world.staff2)
    where = reverse("target-grid", args=[2022], query={"dv": "kc-top"})

    def last_year(**query: str) -> dict[str, int | None]:
        rows = client.get(where, query).context["view"].rows
        found = {row.organization.slug: row.last_admitted for row in rows}
        return {slug: found[slug] for slug in ("a", "b")}

    assert last_year() == {"a": 3, "b": 2}
    assert last_year(dv="kc-top", cach="now") == {"a": 0, "b": 5}
    assert "?dv=kc-top&amp;cach=now" in client.get(where).content.decode()
    assert client.get(where, {"dv": "kc-top", "cach": "x"}).status_code == 404
