"""Trying numbers on the grid: proposed beside what is registered, never written until told to."""

from datetime import date
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from organizations.models import Organization
from targets.models import Target, TargetDraft
from targets.operations.baselines import report_baseline
from targets.operations.declarations import answer_declaration, declare_no_source
from targets.operations.targets import assign_target, register_target
from tests.makers import DAY, World, cell, once, world
from tests.targets.assigning import drafting

pytestmark = pytest.mark.django_db


@pytest.fixture
def kc() -> World:
    """Two cells of 30 and 10 members, whose committee is given six."""
    kc = world()
    report_baseline(kc.cell, by=kc.staff, on=DAY, year=2021, members=30)
    report_baseline(kc.sibling, by=kc.staff, on=DAY, year=2021, members=10)
    assign_target(
        kc.committee, by=kc.staff2, on=DAY, year=2021, form="number", low=6,
        decision_number="118-QĐ/ĐU", decided_on=date(2021, 1, 22),
    )  # fmt: skip
    drafting(kc.committee, by=kc.staff)
    return kc


def grid(kc: World, **asked: Any) -> Any:
    client = Client()
    client.force_login(kc.staff)
    asked = {"tong": 8, "theo": "dang-vien", "nguon": 50, **asked} if asked else {}
    return client.get(reverse("target-grid", args=[2021], query={"dv": kc.committee.slug, **asked}))


def shares(answer: Any) -> dict[str, int]:
    return {
        row.organization.slug: share
        for group in answer.context["groups"]
        for row, _text, _error, share in group["rows"]
    }


def cells(answer: Any) -> dict[str, str]:
    return {
        row.organization.slug: text
        for group in answer.context["groups"]
        for row, text, _error, _share in group["rows"]
    }


def test_unasked_it_shares_out_the_own_target(kc: World) -> None:
    answer = grid(kc)

    assert answer.context["tried"].scenario.total == 6


def test_numbers_follow_the_members_and_nothing_is_written(kc: World) -> None:
    answer = grid(kc, tong=8)

    assert shares(answer) == {"kc-1": 6, "kc-2": 2}
    assert set(cells(answer).values()) == {""}
    assert not Target.objects.filter(organization__in=[kc.cell, kc.sibling]).exists()


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("dang-vien", {"kc-1": 6, "kc-2": 2}),
        ("deu", {"kc-1": 4, "kc-2": 4}),
        ("pha", {"kc-1": 6, "kc-2": 2}),  # nobody has a file: the members alone
    ],
)
def test_each_method_has_its_own_weights(kc: World, method: str, expected: dict[str, int]) -> None:
    assert shares(grid(kc, theo=method)) == expected


def test_where_nobody_has_what_it_goes_by_it_is_told(kc: World) -> None:
    answer = grid(kc, theo="nam-truoc", tong=8)

    assert answer.context["tried"].total == 0
    assert "Còn 8 chưa chia được" in answer.content.decode()


def test_too_few_sources_are_told_with_their_number(kc: World) -> None:
    answer = grid(kc, tong=8, tran="on")

    assert shares(answer) == {"kc-1": 0, "kc-2": 0}
    assert "Thiếu 8 nguồn để chia hết" in answer.content.decode()


def test_what_a_unit_registered_is_its_least_also_above_its_files(kc: World) -> None:
    register_target(kc.sibling, by=kc.secretary2, on=DAY, year=2021, low=5)

    answer = grid(kc, tong=8, dangky="on")
    assert shares(answer) == {"kc-1": 3, "kc-2": 5}
    assert answer.context["tried"].against == "So với đăng ký: 0 tăng, 0 giảm, 1 giữ nguyên."

    capped = grid(kc, tong=5, dangky="on", tran="on")
    assert shares(capped) == {"kc-1": 0, "kc-2": 5}
    assert "Mức tối thiểu đã là 5, vượt 1" in grid(kc, tong=4, dangky="on").content.decode()


def test_a_unit_without_source_takes_no_part(kc: World) -> None:
    declared = declare_no_source(
        kc.sibling, by=kc.secretary2, on=DAY, declared_on=DAY, grounds="Toàn bộ đã là đảng viên",
        review_on=date(2021, 12, 1),
    )  # fmt: skip
    assert shares(grid(kc, tong=8)) == {"kc-1": 6, "kc-2": 2}

    answer_declaration(declared, by=kc.staff, on=DAY, accept=True)

    assert shares(grid(kc, tong=8)) == {"kc-1": 8, "kc-2": 0}


def test_cells_are_filled_only_when_told_to_and_saved_only_when_sent(kc: World) -> None:
    give(kc, kc.sibling, 1)
    empty = grid(kc, tong=8, dien="trong")
    assert cells(empty) == {"kc-1": "6", "kc-2": "1"}
    kept = grid(kc, tong=8, giu="on", dien="trong")
    assert cells(kept) == {"kc-1": "7", "kc-2": "1"}
    everything = grid(kc, tong=8, dien="tat-ca")
    assert cells(everything) == {"kc-1": "6", "kc-2": "2"}
    assert not Target.objects.filter(organization=kc.cell).exists()

    client = Client()
    client.force_login(kc.staff)
    sent = {
        "once": once(), "seen": everything.context["seen"],
        **{f"target-{unit.pk}": cells(everything)[unit.slug] for unit in (kc.cell, kc.sibling)},
    }  # fmt: skip
    saved = client.post(reverse("target-grid", args=[2021], query={"dv": kc.committee.slug}), sent)

    assert saved.status_code == 303
    drafts = TargetDraft.objects.values_list("organization__slug", "low")
    assert dict(drafts) == {"kc-1": 6, "kc-2": 2}


def give(kc: World, unit: Organization, number: int) -> None:
    assign_target(
        unit, by=kc.staff, on=DAY, year=2021, form="number", low=number,
        decision_number="9-QĐ/ĐU", decided_on=DAY,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"tong": "-3"}, "tong"),
        ({"tong": "nhiều"}, "tong"),
        ({"tong": "9" * 20}, "tong"),
        ({"theo": "may-man"}, "theo"),
        ({"nguon": "101"}, "nguon"),
    ],
)
def test_what_cannot_be_tried_is_told_at_its_field(
    kc: World, asked: dict[str, str], field: str
) -> None:
    answer = grid(kc, **asked)

    assert answer.status_code == 200
    assert answer.context["tried"] is None
    assert list(answer.context["asked"].errors) == [field]


# ---------------------------------------------------------------- bounds of single units


@pytest.fixture
def three(kc: World) -> dict[str, int]:
    """The ids of three cells of 30, 10 and 20 members."""
    third = cell("kc-3", kc.committee)
    report_baseline(third, by=kc.staff, on=DAY, year=2021, members=20)
    return {unit.slug: unit.pk for unit in (kc.cell, kc.sibling, third)}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({}, {"kc-1": 3, "kc-2": 1, "kc-3": 2}),
        ({"it": "3"}, {"kc-1": 2, "kc-2": 3, "kc-3": 1}),
        ({"nhieu": "0"}, {"kc-1": 4, "kc-2": 0, "kc-3": 2}),
        ({"co": "6"}, {"kc-1": 0, "kc-2": 6, "kc-3": 0}),
        ({"it": "2", "nhieu": "4", "co": "4"}, {"kc-1": 1, "kc-2": 4, "kc-3": 1}),
        ({"mien": "on"}, {"kc-1": 4, "kc-2": 0, "kc-3": 2}),
    ],
)
def test_what_is_set_for_one_unit_alone_binds_it(
    kc: World, three: dict[str, int], names: dict[str, str], expected: dict[str, int]
) -> None:
    asked = {f"{name}-{three['kc-2']}": value for name, value in names.items()}

    assert shares(grid(kc, tong=6, **asked)) == expected


def test_one_unit_alone_goes_before_the_rules_for_all(kc: World, three: dict[str, int]) -> None:
    register_target(kc.sibling, by=kc.secretary2, on=DAY, year=2021, low=5)

    rules = {"tong": 6, "dangky": "on", "tran": "on"}
    assert shares(grid(kc, **rules)) == {"kc-1": 0, "kc-2": 5, "kc-3": 0}
    alone = grid(kc, **rules, **{f"nhieu-{three['kc-2']}": "1", f"it-{three['kc-1']}": "4"})

    assert shares(alone) == {"kc-1": 4, "kc-2": 1, "kc-3": 0}


def test_the_last_row_chooses_a_unit_and_the_address_says_only_what_is_set(
    kc: World, three: dict[str, int]
) -> None:
    first, second = three["kc-1"], three["kc-2"]
    blank = {"nhieu": "", "co": "", f"nhieu-{first}": "", f"it-{second}": ""}

    sent = grid(kc, tong=6, them=second, it="03", **{f"it-{first}": " 1 "}, **blank)

    assert sent.status_code == 302
    address, _mark, query = sent["Location"].partition("?")
    assert address == reverse("target-grid", args=[2021])
    own = {f"it-{first}": ["1"], f"it-{second}": ["3"]}
    assert parse_qs(query) == {
        "dv": [kc.committee.slug], "tong": ["6"], "theo": ["dang-vien"], "nguon": ["50"], **own,
    }  # fmt: skip
    client = Client()
    client.force_login(kc.staff)
    shown = client.get(sent["Location"])
    assert shown.status_code == 200
    assert shares(shown) == {"kc-1": 2, "kc-2": 3, "kc-3": 1}
    told = [one.name for one in shown.context["asked"].singles]
    assert told == ["Chi bộ kc-1", "Chi bộ kc-2", ""]
    page = shown.content.decode()
    assert '<details id="wi-singles" open' in page
    assert '<details id="wi-singles" open' not in grid(kc, tong=6).content.decode()


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"them": "kc-1", "it": "3", "nhieu": "2"}, "nhieu"),
        ({"it-kc-1": "3", "nhieu-kc-1": "2"}, "nhieu-kc-1"),
        ({"it-kc-1": "-3"}, "it-kc-1"),
        ({"it-kc-1": "ba"}, "it-kc-1"),
        ({"nhieu-kc-1": "9" * 30}, "nhieu-kc-1"),
        ({"co-kc-1": "2", "it-kc-1": "3"}, "co-kc-1"),
        ({"mien-kc-1": "on", "co-kc-1": "1"}, "mien-kc-1"),
        ({"it": "3"}, "them"),
        ({"them": "kc-1"}, "them"),
        ({"them": "kc-1", "it": "3", "it-kc-1": "2"}, "them"),
        ({"them": "nhieu", "it": "3"}, "them"),
    ],
)
def test_a_wrong_bound_is_told_at_its_field_and_kept_as_typed(
    kc: World, three: dict[str, int], asked: dict[str, str], field: str
) -> None:
    def own(text: str) -> str:
        return text.replace("kc-1", str(three["kc-1"]))

    answer = grid(kc, tong=6, **{own(name): own(value) for name, value in asked.items()})

    assert answer.status_code == 200
    assert answer.context["tried"] is None
    form = answer.context["asked"]
    assert list(form.errors) == [own(field)]
    page = answer.content.decode()
    assert f'aria-describedby="wi_{own(field)}_error"' in page
    assert f'id="wi_{own(field)}_error"' in page
    assert '<details id="wi-singles" open' in page
    for name, value in asked.items():
        typed = own(value)
        kept = f'value="{typed}" selected' if name == "them" else f'value="{typed}"'
        assert kept in page or typed in {"nhieu", "on"} or "it-kc-1" in asked


def test_a_floor_for_a_unit_without_source_is_refused_and_a_fixed_number_is_not(
    kc: World, three: dict[str, int]
) -> None:
    declared = declare_no_source(
        kc.sibling, by=kc.secretary2, on=DAY, declared_on=DAY, grounds="Toàn bộ đã là đảng viên",
        review_on=date(2021, 12, 1),
    )  # fmt: skip
    answer_declaration(declared, by=kc.staff, on=DAY, accept=True)

    key = three["kc-2"]
    assert list(grid(kc, tong=6, **{f"it-{key}": 1}).context["asked"].errors) == [f"it-{key}"]
    assert shares(grid(kc, tong=6, **{f"co-{key}": 1})) == {"kc-1": 3, "kc-2": 1, "kc-3": 2}


def test_bounds_of_units_elsewhere_are_left_out_and_said_so(
    kc: World, three: dict[str, int]
) -> None:
    elsewhere = f"it-{kc.top.pk}"

    sent = grid(kc, tong=6, **{elsewhere: 4, f"it-{10**15}": 1})

    assert sent.status_code == 302
    assert "it-" not in sent["Location"]
    client = Client()
    client.force_login(kc.staff)
    client.cookies = sent.client.cookies
    shown = client.get(sent["Location"])
    assert shares(shown) == {"kc-1": 3, "kc-2": 1, "kc-3": 2}
    assert "không còn trực thuộc" in shown.content.decode()


def test_who_only_reads_tries_nothing(kc: World) -> None:
    client = Client()
    client.force_login(kc.leader)
    answer = client.get(
        reverse("target-grid", args=[2021], query={"dv": kc.committee.slug, "tong": 8})
    )

    assert "tried" not in answer.context
    assert 'id="what-if"' not in answer.content.decode()


def test_more_units_cost_no_more_queries(kc: World) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            grid(kc, tong=8)
        return len(asked)

    cell("them", kc.committee)
    few = queries()
    for place in range(20):
        cell(f"them-{place}", kc.committee)
    assert queries() == few
