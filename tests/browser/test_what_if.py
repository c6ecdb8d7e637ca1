"""Trying numbers in the page: the same as the server's, filled in when told to, and undone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from targets.models import SavedScenario, Target
from targets.operations.baselines import report_baseline
from targets.operations.targets import register_target
from tests.browser.visits import Reader
from tests.makers import DAY, PASSWORD, World, cell, logged, world
from tests.targets.assigning import drafting

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]

VECTORS, BOUNDS = (
    json.loads(Path(__file__).parent.with_name("targets").joinpath(name).read_text("utf-8"))
    for name in ("allocation_vectors.json", "bounds_vectors.json")
)
MEMBERS = [28, 30, 27, 27, 25, 24, 23, 31, 17]


@pytest.fixture
def kc() -> World:
    kc = world()
    units = [kc.cell, kc.sibling, *(cell(f"px-{place}", kc.committee) for place in range(7))]
    for unit, members in zip(units, MEMBERS, strict=True):
        report_baseline(unit, by=kc.staff, on=DAY, year=2021, members=members)
    register_target(kc.cell, by=kc.secretary, on=DAY, year=2021, low=4)
    for _file in range(3):
        logged(kc)
    drafting(kc.committee, by=kc.staff)
    return kc


@pytest.fixture
def canbo(browser: Any, live_server: Any, kc: World) -> Iterator[Reader]:
    reader = Reader(browser, live_server.url)
    reader.open("/")
    reader.sign_in(kc.staff.username, PASSWORD)
    yield reader
    reader.close()


def grid(kc: World, **asked: Any) -> str:
    return reverse("target-grid", args=[2021], query={"dv": kc.committee.slug, **asked})


def numbers(reader: Reader, where: str) -> list[str]:
    found: list[str] = reader.page.locator(where).evaluate_all(
        "cells => cells.map((one) => one.value ?? one.textContent)"
    )
    return found


def test_the_page_gets_from_each_vector_what_python_gets(canbo: Reader, kc: World) -> None:
    canbo.open(grid(kc))

    found = canbo.page.evaluate(
        "(vectors) => vectors.map((one) => window.allocation.propose(one.total, one.units))",
        VECTORS,
    )

    for got, vector in zip(found, VECTORS, strict=True):
        assert got == {name: vector[name] for name in ("shares", "obstacle", "off_by")}, vector

    told = canbo.page.evaluate(
        """(vectors) => vectors.map(({ unit, bound }) => {
            const { weight, ...bounded } = window.allocation.bounded(unit, bound);
            return [window.allocation.fault(unit, bound), bounded];
        })""",
        BOUNDS,
    )

    for (fault, bounded), vector in zip(told, BOUNDS, strict=True):
        assert fault == vector["fault"], vector
        assert fault or bounded == vector["bounded"], vector


def test_what_the_page_reckons_the_server_reckons_too(canbo: Reader, kc: World) -> None:
    for asked in (
        {"tong": 12, "theo": "dang-vien", "nguon": 50},
        {"tong": 19, "theo": "pha", "nguon": 35, "dangky": "on"},
        {"tong": 10, "theo": "deu", "nguon": 50, "tran": "on"},
        {"tong": 11, "theo": "pha", "nguon": 100, "thuc": "on"},
        {
            "tong": 12, "theo": "dang-vien", "nguon": 50, "tran": "on", f"it-{kc.sibling.pk}": 3,
            f"nhieu-{kc.cell.pk}": 1,
        },
        {
            "tong": 12, "theo": "deu", "nguon": 50, f"co-{kc.sibling.pk}": 5,
            f"mien-{kc.cell.pk}": "on", "loc": "can-xem",
        },
    ):  # fmt: skip
        canbo.open(grid(kc, **asked))
        page = numbers(canbo, "#grid .pr")
        words = [canbo.page.inner_text(f"#{one}") for one in ("wi-hinders", "wi-against")]

        canbo.page.route("**/*.js", lambda route: route.abort())
        canbo.page.reload()
        assert numbers(canbo, "#grid .pr") == page, asked
        assert [canbo.page.inner_text(f"#{one}") for one in ("wi-hinders", "wi-against")] == words
        canbo.page.unroute("**/*.js")


def test_what_is_set_for_one_unit_is_reckoned_with_at_once_and_kept(
    canbo: Reader, kc: World
) -> None:
    canbo.open(grid(kc, tong=12, theo="deu", nguon=50))
    page, first, second = canbo.page, str(kc.cell.pk), str(kc.sibling.pk)

    page.click("#wi-singles summary")
    page.fill("#wi_it", "4")
    assert "Hãy chọn đơn vị." in page.inner_text("#wi-singles")
    page.select_option("#wi_them", first)
    assert numbers(canbo, "#grid .pr")[0] == "4"
    page.fill("#wi_nhieu", "3")
    assert "Số nhiều nhất nhỏ hơn số ít nhất." in page.inner_text("#wi-singles")
    assert page.get_attribute("#wi_nhieu", "aria-invalid") == "true"
    page.fill("#wi_nhieu", "5")
    page.click("#wi-more")
    page.select_option("#wi_them", second)
    page.check("#wi_mien")
    proposed = numbers(canbo, "#grid .pr")
    assert (proposed[:2], sum(map(int, proposed))) == (["4", "0"], 12)
    assert canbo.amiss() == []

    canbo.follow("[formaction*=phuong-an]")
    assert "ít nhất 4, nhiều nhất 5" in canbo.words
    canbo.fill(name="Riêng hai chi bộ")
    canbo.send()
    assert SavedScenario.objects.get().asked == {
        "tong": "12", "theo": "deu", "nguon": "50", f"it-{first}": "4", f"nhieu-{first}": "5",
        f"mien-{second}": "on",
    }  # fmt: skip


@pytest.mark.parametrize("total", ["abc", "", "-5", "35-40"])
def test_without_a_total_nothing_is_shared_out_nor_filled(
    canbo: Reader, kc: World, total: str
) -> None:
    canbo.open(grid(kc, tong=12, theo="deu", nguon=50))
    page = canbo.page

    page.fill("[name=tong]", total)
    page.click("[data-fill=all]")

    assert page.inner_text("#wi-hinders") == "Ghi tổng số bằng số nguyên; chưa chia được gì."
    assert (page.inner_text("#total-proposed"), set(numbers(canbo, "#grid .pr"))) == ("–", {"–"})
    assert numbers(canbo, "#grid input") == [""] * len(MEMBERS)
    page.fill("[name=tong]", "12")
    assert (page.inner_text("#wi-hinders"), page.inner_text("#total-proposed")) == ("", "12")


def test_cells_are_filled_when_told_to_and_emptied_again(canbo: Reader, kc: World) -> None:
    canbo.open(grid(kc))
    page = canbo.page
    assert numbers(canbo, "#grid input") == [""] * len(MEMBERS)

    page.fill("#wi_tong", "23")
    page.uncheck("#wi_tran")
    page.select_option("#wi_theo", "dang-vien")
    proposed = numbers(canbo, "#grid .pr")
    assert sum(map(int, proposed)) == 23
    page.fill("#grid input >> nth=0", "9")
    page.click("[data-fill=empty]")
    assert numbers(canbo, "#grid input") == ["9", *proposed[1:]]
    page.click("[data-fill=all]")
    assert numbers(canbo, "#grid input") == proposed
    assert page.inner_text("#bar-sum") == "23"
    page.click("#wi-undo")
    assert numbers(canbo, "#grid input") == ["9", *proposed[1:]]

    assert not Target.objects.filter(year=2021, kind="assigned").exists()
    assert canbo.amiss() == []
