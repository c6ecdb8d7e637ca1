"""The kinds of organisation: a table that an administrator keeps, and that warns, never blocks."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config.errors import DomainError
from organizations.models import Organization, OrganizationKind, Role, User
from organizations.operations.kinds import add_kind, change_kind
from organizations.selectors import administered, kinds, unusual_places
from tests.organizations.conftest import SignIn
from tests.organizations.makers import DAY, cell, officer, once, unit

pytestmark = pytest.mark.django_db

Tree = dict[str, Organization]
LIST, NEW, CELL = "/quan-tri/loai-hinh/", "/quan-tri/loai-hinh/them/", "/quan-tri/loai-hinh/cell/"


def kind(code: str) -> OrganizationKind:
    return OrganizationKind.objects.get(code=code)


def values(code: str, **changes: Any) -> dict[str, Any]:
    """What is said of a kind now, with `changes`."""
    one = kind(code)
    return {
        "name": one.name,
        "name_en": one.name_en,
        "rank": one.rank,
        "votes_as": one.votes_as,
        "is_cell": one.is_cell,
        "is_grassroots": one.is_grassroots,
        "allowed_parents": [parent.code for parent in one.allowed_parents.all()],
        **changes,
    }


def change(code: str, by: User, **changes: Any) -> OrganizationKind:
    return change_kind(kind(code), by=by, on=DAY, **values(code, **changes))


def refused(error: pytest.ExceptionInfo[DomainError]) -> list[str]:
    return sorted(error.value.fields)


NEW_KIND = {
    "name": "Chi bộ quân sự",
    "name_en": "Military cell",
    "rank": 62,
    "votes_as": "cell",
    "is_cell": True,
    "is_grassroots": False,
    "allowed_parents": ["commune"],
}


# ---------------------------------------------------------------- who


@pytest.mark.sweep
@pytest.mark.parametrize("where", [LIST, NEW, CELL])
@pytest.mark.parametrize("role", [one for one in Role if one != Role.ADMINISTRATOR])
def test_for_any_other_role_the_pages_do_not_exist(
    tree: Tree, signed_in: SignIn, role: str, where: str
) -> None:
    client = signed_in(officer("an", tree["top"], role))

    assert client.get(where).status_code == 404
    assert client.post(where, {"once": once()}).status_code in {404, 405}


def test_who_administers_a_part_of_the_tree_reads_and_does_not_change(
    tree: Tree, signed_in: SignIn
) -> None:
    part = officer("mot-phan", tree["mine"], Role.ADMINISTRATOR)
    client = signed_in(part)

    page = client.get(LIST)
    assert (page.status_code, page.context["keeps"]) == (200, False)
    assert NEW not in page.content.decode()
    for where in (NEW, CELL):
        assert client.get(where).status_code == 403
    with pytest.raises(PermissionDenied):
        change("cell", part)
    with pytest.raises(PermissionDenied):
        add_kind("chi-bo-quan-su", by=part, on=DAY, **NEW_KIND)


def test_a_kind_that_is_not_there_is_not_found(keeper: Client) -> None:
    assert keeper.get("/quan-tri/loai-hinh/khong-co/").status_code == 404


# ---------------------------------------------------------------- what


def test_what_is_said_of_a_kind_is_changed(tree: Tree, administrator: User) -> None:
    said = values("intermediate", name="Đảng bộ bộ phận mới", rank=55, is_grassroots=True,
                  allowed_parents=["grassroots"])  # fmt: skip

    change_kind(kind("intermediate"), by=administrator, on=DAY, **said)

    assert values("intermediate") == said


def test_a_new_kind_is_offered_at_once(tree: Tree, administrator: User) -> None:
    add_kind("chi-bo-quan-su", by=administrator, on=DAY, **NEW_KIND)

    assert values("chi-bo-quan-su") == NEW_KIND
    assert kinds()[-1] == ("chi-bo-quan-su", "Chi bộ quân sự")


@pytest.mark.parametrize("code", ["cell", "Chi bộ", "-a", "", "a" * 51])
def test_a_code_that_is_taken_or_none_is_refused(
    tree: Tree, administrator: User, code: str
) -> None:
    with pytest.raises(DomainError) as error:
        add_kind(code, by=administrator, on=DAY, **NEW_KIND)

    assert refused(error) == ["code"]


def test_a_kind_in_use_stays_what_it_is(tree: Tree, administrator: User) -> None:
    with pytest.raises(DomainError) as no_cell:
        change("cell", administrator, is_cell=False, votes_as="intermediate")
    with pytest.raises(DomainError) as a_cell:
        change("grassroots", administrator, is_cell=True, votes_as="cell")

    assert (refused(no_cell), refused(a_cell)) == (["is_cell"], ["is_cell"])


def test_a_kind_that_nobody_has_may_become_a_cell_unless_others_stand_beneath_it(
    tree: Tree, administrator: User
) -> None:
    with pytest.raises(DomainError) as error:
        change("bloc", administrator, is_cell=True, votes_as="cell")
    change("grassroots-cell", administrator, is_cell=False, votes_as="grassroots")

    assert refused(error) == ["is_cell"]
    assert not kind("grassroots-cell").is_cell


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "Chi bộ trực thuộc"}, "name"),
        ({"name_en": ""}, "name_en"),
        ({"name_en": "x" * 121}, "name_en"),
        ({"rank": -1}, "rank"),
        ({"rank": 1000}, "rank"),
        ({"votes_as": "cell"}, "votes_as"),
        ({"votes_as": "nobody"}, "votes_as"),
        ({"allowed_parents": ["khong-co"]}, "allowed_parents"),
        ({"allowed_parents": ["cell"]}, "allowed_parents"),
    ],
)
def test_what_cannot_be_said_of_a_kind_is_refused_at_its_field(
    tree: Tree, administrator: User, wrong: dict[str, Any], field: str
) -> None:
    before = values("intermediate")

    with pytest.raises(DomainError) as error:
        change("intermediate", administrator, **wrong)

    assert refused(error) == [field]
    assert values("intermediate") == before


# ---------------------------------------------------------------- the warnings


def test_who_stands_elsewhere_than_usual_is_listed_and_stays(
    tree: Tree, administrator: User
) -> None:
    scope = administered(administrator, on=DAY)
    before = unusual_places(scope, on=DAY)
    cell("duoi-than", tree["top"], name="Chi bộ Dưới Than")

    number, rows = unusual_places(scope, on=DAY)

    assert before == (0, [])
    assert number == 1
    assert [(row.organization.slug, row.superior.name) for row in rows] == [
        ("duoi-than", "Đảng bộ Than")
    ]
    assert "Đảng bộ cơ sở" in rows[0].sentence


def test_changing_the_table_changes_the_warnings_and_nothing_else(
    tree: Tree, administrator: User
) -> None:
    scope = administered(administrator, on=DAY)
    change("grassroots", administrator, allowed_parents=["bloc"])

    number, rows = unusual_places(scope, on=DAY)

    assert number == 2
    assert {row.organization.slug for row in rows} == {"khe-cham", "hon-gai"}
    unit("moi", tree["top"])  # and another may still be founded there


def test_warnings_cost_no_more_queries_for_many_than_for_one(
    tree: Tree, administrator: User
) -> None:
    scope = administered(administrator, on=DAY)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            unusual_places(scope, on=DAY)
        return len(seen)

    cell("c-1", tree["top"])
    few = queries()
    for one in range(2, 12):
        cell(f"c-{one}", tree["top"])

    assert queries() == few <= 6


def test_more_than_are_shown_are_counted(tree: Tree, administrator: User) -> None:
    for one in range(5):
        cell(f"c-{one}", tree["top"])

    number, rows = unusual_places(administered(administrator, on=DAY), on=DAY, most=3)

    assert (number, len(rows)) == (5, 3)


# ---------------------------------------------------------------- pages


def posted(**changes: Any) -> dict[str, Any]:
    sent = {**values("cell"), "once": once(), **changes}
    return {name: value for name, value in sent.items() if value is not False}


def test_the_administrator_changes_a_kind_at_its_page(tree: Tree, keeper: Client) -> None:
    shown = keeper.get(CELL).context["form"]
    answer = keeper.post(CELL, posted(name="Chi bộ dưới cơ sở", version=shown["version"].value()))

    assert (answer.status_code, answer.url) == (303, LIST)
    assert kind("cell").name == "Chi bộ dưới cơ sở"
    assert "Chi bộ dưới cơ sở" in keeper.get(LIST).content.decode()


def test_the_page_says_in_a_sentence_that_nobody_stands_elsewhere(
    tree: Tree, keeper: Client
) -> None:
    said = "Mọi tổ chức đều trực thuộc đúng theo bảng loại hình"
    before = keeper.get(LIST).content.decode()
    cell("duoi-than", tree["top"], name="Chi bộ Dưới Than")

    after = keeper.get(LIST).content.decode()

    assert said in before
    assert 'id="un"' not in before
    assert said not in after
    assert "Chi bộ Dưới Than" in after


def test_a_kind_changed_meanwhile_is_told(tree: Tree, keeper: Client, administrator: User) -> None:
    seen = keeper.get(CELL).context["form"]["version"].value()
    change("cell", administrator, rank=70)

    answer = keeper.post(CELL, posted(rank=80, version=seen))

    assert (answer.status_code, kind("cell").rank) == (409, 70)


def test_a_refusal_stands_at_its_field_and_keeps_what_was_typed(tree: Tree, keeper: Client) -> None:
    sent = {**NEW_KIND, "code": "cell", "once": once()}

    answer = keeper.post(NEW, sent)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["code"]
    assert "Chi bộ quân sự" in answer.content.decode()


def test_the_page_lists_who_stands_elsewhere_with_a_link(tree: Tree, keeper: Client) -> None:
    cell("duoi-than", tree["top"], name="Chi bộ Dưới Than")

    shown = keeper.get(LIST).content.decode()

    assert "Chi bộ Dưới Than" in shown
    assert "/quan-tri/to-chuc/?tu=duoi-than" in shown
