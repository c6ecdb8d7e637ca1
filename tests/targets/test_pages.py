"""The pages of targets: who reads, who enters, and everything that may be typed wrongly."""

import gzip
import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from organizations.models import Organization, User
from organizations.operations.structure import NewOrganization, found_many
from targets.models import Baseline, DeclaredForecast, SourceDeclaration, Target
from targets.operations.baselines import report_baseline
from targets.operations.targets import assign_target
from tests.makers import BEGINNING, DAY, World, once, unit, world

DECISION = {"decision_number": "24-QĐ/ĐU", "decided_on": "21/01/2021", "reason": ""}
OUTSIDE = {"issuer": "Tỉnh ủy"}
"""Who gives the top of the tree its target."""


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


def address(name: str, slug: str | None = None, year: int = 2021) -> str:
    return reverse(name, args=[year], query={"dv": slug} if slug else {})


GRID = "/chi-tieu/2021/giao/"


def sent(client: Client, **cells: str) -> dict[str, str]:
    """What a browser sends from the grid as it is shown now, with `cells` typed over."""
    shown = client.get(GRID).content.decode()
    hidden = dict(re.findall(r'name="(once|seen)" value="([^"]*)"', shown))
    inputs = dict(re.findall(r'name="(target-\d+)"[^>]* value="([^"]*)"', shown))
    return {**hidden, **inputs, **DECISION, **cells}


def cell_of(unit: Organization) -> str:
    return f"target-{unit.pk}"


def binding(unit: Organization) -> tuple[int | None, int | None] | None:
    return (
        Target.objects.in_force()
        .filter(organization=unit, year=2021)
        .values_list("low", "high")
        .first()
    )


# ---------------------------------------------------------------- the grid


def test_staff_give_numbers_and_ranges_in_one_go(kc: World) -> None:
    client = signed_in(kc.staff)

    answer = client.post(
        GRID, sent(client, **{cell_of(kc.cell): "2", cell_of(kc.sibling): "35-40"})
    )

    assert answer.status_code == 303
    assert (binding(kc.cell), binding(kc.sibling)) == ((2, 2), (35, 40))
    assert Target.objects.get(organization=kc.cell).decision_number == "24-QĐ/ĐU"


def test_an_empty_cell_changes_nothing(kc: World) -> None:
    client = signed_in(kc.staff)
    client.post(GRID, sent(client, **{cell_of(kc.cell): "2", cell_of(kc.sibling): "3"}))

    more = sent(client, **{cell_of(kc.cell): "", cell_of(kc.sibling): "4"})
    client.post(GRID, {**more, "reason": "Thêm nguồn"})

    assert (binding(kc.cell), binding(kc.sibling)) == ((2, 2), (4, 4))
    assert Target.objects.filter(organization=kc.cell).count() == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("ba", "“ba” is not a number."),
        ("-3", "less than 0"),
        ("40-35", "“Up to” is lower"),
        ("2,5", "is not a number"),
        ("99999999", "too large"),
        ("1-2-3", "is not a number"),
        ("<b>2</b>", "is not a number"),
    ],
)
def test_a_wrong_number_is_told_at_its_cell_and_nothing_is_saved(
    kc: World, typed: str, sentence: str
) -> None:
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
    assert not Target.objects.exists()


def test_a_unit_that_is_not_beneath_is_refused(kc: World) -> None:
    client = signed_in(kc.staff)
    outside = Organization.objects.get(slug="ngoai")

    answer = client.post(GRID, sent(client, **{cell_of(outside): "5", cell_of(kc.cell): "2"}))

    assert answer.status_code == 422
    assert "a unit that is not beneath" in answer.content.decode()
    assert not Target.objects.exists()


def test_a_number_given_meanwhile_is_not_overwritten_unseen(kc: World) -> None:
    client = signed_in(kc.staff)
    stale = sent(client, **{cell_of(kc.cell): "5"})
    other = sent(client, **{cell_of(kc.cell): "7", cell_of(kc.sibling): "1"})
    assert client.post(GRID, other).status_code == 303

    answer = client.post(GRID, stale)

    assert answer.status_code == 422
    assert "just given 7 here; you typed 5" in answer.context["form"].row_errors[kc.cell.pk]
    assert binding(kc.cell) == (7, 7)

    shown = answer.content.decode()
    seen = re.search(r'name="seen" value="([^"]*)"', shown)[1]
    again = {**stale, "seen": seen, "once": once(), "reason": "Đã thống nhất"}
    assert client.post(GRID, again).status_code == 303
    assert (binding(kc.cell), binding(kc.sibling)) == ((5, 5), (1, 1))


def test_what_the_reader_did_not_touch_stays_as_others_left_it(kc: World) -> None:
    client = signed_in(kc.staff)
    client.post(GRID, sent(client, **{cell_of(kc.cell): "2", cell_of(kc.sibling): "2"}))
    stale = {**sent(client, **{cell_of(kc.sibling): "3"}), "reason": "Thêm nguồn"}
    other = {**sent(client, **{cell_of(kc.cell): "9"}), "reason": "Thêm nguồn"}
    client.post(GRID, other)

    assert client.post(GRID, stale).status_code == 303
    assert (binding(kc.cell), binding(kc.sibling)) == ((9, 9), (3, 3))


def test_a_double_click_saves_once(kc: World) -> None:
    client = signed_in(kc.staff)
    values = sent(client, **{cell_of(kc.cell): "2"})

    first, second = client.post(GRID, values), client.post(GRID, values)

    assert (first.status_code, second.status_code) == (303, 303)
    assert Target.objects.filter(organization=kc.cell).count() == 1


def test_the_decision_is_needed_and_not_of_tomorrow(kc: World) -> None:
    client = signed_in(kc.staff)
    cells = sent(client, **{cell_of(kc.cell): "2"})

    missing = client.post(GRID, {**cells, "decision_number": "", "decided_on": ""})
    impossible = client.post(GRID, {**cells, "decided_on": "31/02/2021"})
    tomorrow = client.post(GRID, {**cells, "decided_on": "29/05/2021"})

    assert set(missing.context["form"].errors) == {"decision_number", "decided_on"}
    assert set(impossible.context["form"].errors) == {"decided_on"}
    assert set(tomorrow.context["form"].errors) == {"decided_on"}
    assert not Target.objects.exists()


def test_an_adjustment_needs_its_reason(kc: World) -> None:
    client = signed_in(kc.staff)
    client.post(GRID, sent(client, **{cell_of(kc.cell): "2"}))

    answer = client.post(GRID, sent(client, **{cell_of(kc.cell): "3"}))

    assert answer.status_code == 422
    assert "reason" in answer.context["form"].errors
    assert binding(kc.cell) == (2, 2)


def test_nothing_changed_is_nothing_saved(kc: World) -> None:
    client = signed_in(kc.staff)

    answer = client.post(GRID, sent(client))

    assert answer.status_code == 422
    assert "nothing to save" in answer.content.decode()


def test_readers_see_the_grid_without_inputs(kc: World) -> None:
    for user in (kc.leader, kc.auditor, kc.approver):
        client = signed_in(user)
        where = address("target-grid", kc.committee.slug)
        shown = client.get(where).content.decode()
        assert 'name="target-' not in shown
        assert client.post(where, {cell_of(kc.cell): "2", **DECISION}).status_code == 403
    assert not Target.objects.exists()


def test_staff_above_may_look_but_not_give_for_the_committee(kc: World) -> None:
    client = signed_in(kc.staff2)
    where = address("target-grid", kc.committee.slug)

    assert 'name="target-' not in client.get(where).content.decode()
    assert client.post(where, {cell_of(kc.cell): "2", **DECISION}).status_code == 403


def test_a_secretary_has_nobody_beneath(kc: World) -> None:
    client = signed_in(kc.secretary)

    assert client.get(GRID).status_code == 404
    assert client.post(GRID, {cell_of(kc.sibling): "2", **DECISION}).status_code == 404
    assert client.get(address("target-grid", kc.committee.slug)).status_code == 404


def test_totals_tell_reserve_and_excess(kc: World) -> None:
    assign_target(
        kc.committee,
        by=kc.staff2,
        on=DAY,
        year=2021,
        low=3,
        decision_number="15-QĐ/TU",
        decided_on=date(2021, 1, 14),
    )
    client = signed_in(kc.staff)

    client.post(GRID, sent(client, **{cell_of(kc.cell): "2"}))
    assert "1 in reserve" in client.get(GRID).content.decode()
    client.post(GRID, sent(client, **{cell_of(kc.sibling): "4"}))
    assert "3 given beyond the own target" in client.get(GRID).content.decode()


def test_a_grid_of_two_hundred_rows_is_light_and_asks_no_more(kc: World) -> None:
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


# ---------------------------------------------------------------- one organisation


def test_the_sheet_shows_how_a_percent_became_people(kc: World) -> None:
    report_baseline(kc.committee, by=kc.staff2, on=DAY, year=2021, members=953)
    client = signed_in(kc.staff2)

    answer = client.post(
        address("target-assign", kc.committee.slug),
        {"once": once(), **DECISION, "form": "percent", "percent": "5,5", "low": "9"},
    )
    shown = client.get(address("target-year", kc.committee.slug)).content.decode()

    assert answer.status_code == 303
    assert "5.5\xa0% × 953 = 52.4 → 53" in shown
    assert "24-QĐ/ĐU" in shown


def test_the_top_enters_what_was_given_from_outside(kc: World) -> None:
    client = signed_in(kc.staff2)
    where = address("target-assign", kc.top.slug)

    assert "given from outside" in client.get(where).content.decode()
    answer = client.post(
        where,
        {"once": once(), **DECISION, **OUTSIDE, "form": "range", "low": "35", "high": "40"},
    )

    assert answer.status_code == 303
    assert binding(kc.top) == (35, 40)


@pytest.mark.parametrize(
    ("values", "at"),
    [
        ({"form": "number"}, "low"),
        ({"form": "number", "low": "-1"}, "low"),
        ({"form": "range", "low": "40", "high": "35"}, "high"),
        ({"form": "percent"}, "percent"),
        ({"form": "percent", "percent": "năm"}, "percent"),
        ({"form": "percent", "percent": "101"}, "percent"),
        ({"form": "percent", "percent": "5"}, "percent"),
        ({"form": "share", "percent": "5"}, "indicator"),
        ({"form": "number", "low": "5", "issuer": ""}, "issuer"),
        ({}, "form"),
    ],
)
def test_a_wrong_target_is_told_at_its_field(kc: World, values: dict[str, str], at: str) -> None:
    client = signed_in(kc.staff2)

    answer = client.post(address("target-assign", kc.top.slug), {**DECISION, **OUTSIDE, **values})

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [at]
    assert not Target.objects.exists()


def test_a_secretary_registers_declares_and_the_superior_answers(kc: World) -> None:
    secretary, staff = signed_in(kc.secretary), signed_in(kc.staff)

    for name, values in (
        ("target-register", {"number": "1-2"}),
        (
            "forecast-declare",
            {"people": "2", "declared_on": "20/05/2021", "declared_by": "Chi ủy"},
        ),
        (
            "no-source-declare",
            {"grounds": "Đã xét hết", "declared_on": "20/05/2021", "review_on": "1/12/2021"},
        ),
    ):
        answer = secretary.post(address(name), {"once": once(), **values})
        assert answer.status_code == 303, name

    declaration = SourceDeclaration.objects.get()
    assert "Đã xét hết" in staff.get(address("target-year")).content.decode()
    where = reverse("no-source-answer", args=[2021, declaration.pk], query={"dv": kc.cell.slug})
    assert secretary.get(where).status_code == 403
    assert staff.post(where, {"once": once(), "answer": "accept"}).status_code == 303

    assert Target.objects.get().kind == Target.Kind.REGISTERED
    assert DeclaredForecast.objects.get().people == 2
    assert SourceDeclaration.objects.holding(on=DAY).get().organization == kc.cell


def test_wrong_declarations_are_told_at_their_fields(kc: World) -> None:
    client = signed_in(kc.secretary)

    def errors(name: str, **values: str) -> list[str]:
        answer = client.post(address(name), values)
        assert answer.status_code == 422
        return sorted(answer.context["form"].errors)

    assert errors("target-register", number="nhiều") == ["number"]
    assert errors("forecast-declare") == ["declared_by", "declared_on", "people"]
    assert errors(
        "forecast-declare", people="2", declared_on="29/05/2021", declared_by="Chi ủy"
    ) == ["declared_on"]
    assert errors(
        "no-source-declare", grounds="Hết", declared_on="20/05/2021", review_on="20/05/2021"
    ) == ["review_on"]
    assert errors(
        "no-source-declare", grounds="<b>", declared_on="20/05/2021", review_on="1/12/2021"
    ) == ["grounds"]


def test_opening_members_are_reported_once(kc: World) -> None:
    client = signed_in(kc.staff2)
    where = address("baseline-report", kc.committee.slug)

    assert client.post(where, {"once": once(), "members": "724"}).status_code == 303
    again = client.post(where, {"once": once(), "members": "725"})

    assert again.status_code == 422
    assert list(again.context["form"].errors) == ["members"]
    assert list(Baseline.objects.values_list("members", flat=True)) == [724]


def test_leaders_read_and_enter_nothing(kc: World) -> None:
    client = signed_in(kc.leader)

    shown = client.get(address("target-year")).content.decode()
    assert "/chi-tieu/2021/dang-ky/" not in shown
    for name in (
        "target-register",
        "target-assign",
        "baseline-report",
        "forecast-declare",
        "no-source-declare",
    ):
        assert client.get(address(name)).status_code == 403, name


def test_years_that_cannot_be_are_not_found(kc: World) -> None:
    client = signed_in(kc.staff)

    assert client.get(address("target-year", year=1066)).status_code == 404
    assert client.get(address("target-grid", year=3000)).status_code == 404
