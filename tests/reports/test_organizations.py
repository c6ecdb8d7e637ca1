"""The pages of organisations: where one stands, and the way to the next."""

import pytest
from django.urls import reverse

from tests.reports.conftest import SignIn, Year


@pytest.mark.thorough
def test_the_path_and_the_siblings_stay_within_the_scope(year: Year, signed_in: SignIn) -> None:
    around = year.world
    where = reverse("organization-detail", args=[around.cell.slug])

    by_leader = signed_in(around.leader).get(where).context["line"]
    by_secretary = signed_in(around.secretary).get(where).context["line"]

    assert [one.slug for one in by_leader.above] == ["kc-top", "kc-dang-uy"]
    assert [one.slug for one in by_leader.beside] == ["kc-2"]
    assert (by_secretary.above, by_secretary.beside) == ([], [])


def test_the_next_unit_is_one_choice_away_without_script(year: Year, signed_in: SignIn) -> None:
    client = signed_in(year.world.leader)

    answer = client.get("/to-chuc/", {"chuyen": "lon"})

    assert answer.status_code == 302
    assert answer.url == reverse("organization-detail", args=["lon"])
    assert signed_in(year.world.staff).get("/to-chuc/", {"chuyen": "lon"}).status_code == 404


@pytest.mark.thorough
def test_a_name_is_found_without_diacritics_within_the_scope(year: Year, signed_in: SignIn) -> None:
    def found(user, text: str) -> list[str]:
        rows = signed_in(user).get("/to-chuc/", {"q": text}).context["object_list"]
        return [one.slug for one in rows]

    assert found(year.world.leader, "dang bo lon") == ["lon"]
    assert found(year.world.leader, "Đảng bộ Lớn") == ["lon"]
    assert found(year.world.staff, "lon") == []
    assert found(year.world.staff, "chi bo") == ["kc-1", "kc-2"]


@pytest.mark.thorough
def test_cells_come_worst_first_and_a_cell_is_a_page_too(year: Year, signed_in: SignIn) -> None:
    client = signed_in(year.world.leader)

    rows = client.get(reverse("organization-detail", args=["kc-dang-uy"])).context["rows"]
    shown = client.get(reverse("organization-detail", args=["kc-1"])).content.decode()

    assert [row.standing.organization.slug for row in rows] == ["kc-1", "kc-2"]
    assert "Four rounds of the year" in shown
    assert "Units beneath" not in shown


def test_each_of_the_list_says_whom_it_stands_under(year: Year, signed_in: SignIn) -> None:
    rows = signed_in(year.world.leader).get("/to-chuc/").context["rows"]

    above = {row.standing.organization.slug: one.superior for row, one in rows}
    assert above["kc-top"] is None
    assert above["kc-1"].organization.slug == above["kc-2"].organization.slug == "kc-dang-uy"


@pytest.mark.thorough
def test_kinds_are_named_in_the_readers_language(year: Year, signed_in: SignIn) -> None:
    def shown(language: str, where: str) -> str:
        client = signed_in(year.world.leader)
        client.cookies["django_language"] = language
        return client.get(where).content.decode()

    page = reverse("organization-detail", args=["kc-dang-uy"])
    for where in ("/to-chuc/", page):
        assert "Grassroots committee" in shown("en", where)
        assert "Đảng bộ cơ sở" in shown("vi", where)


@pytest.mark.thorough
def test_the_list_is_narrowed_by_kind(year: Year, signed_in: SignIn) -> None:
    def found(kind: str) -> set[str]:
        rows = signed_in(year.world.staff).get("/to-chuc/", {"loai": kind}).context["object_list"]
        return {one.slug for one in rows}

    assert found("grassroots") == {"kc-dang-uy"}
    assert found("khong-co") == {"kc-dang-uy", "kc-1", "kc-2"}
