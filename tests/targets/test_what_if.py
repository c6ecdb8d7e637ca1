"""Trying numbers on the grid: proposed beside what is registered, never written until told to."""

from datetime import date
from typing import Any

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
