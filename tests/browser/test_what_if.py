"""Trying numbers in the page: the same as the server's, filled in when told to, and undone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from targets.models import Target
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

VECTORS = json.loads(
    Path(__file__)
    .parent.with_name("targets")
    .joinpath("allocation_vectors.json")
    .read_text("utf-8")
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


def test_what_the_page_reckons_the_server_reckons_too(canbo: Reader, kc: World) -> None:
    for asked in (
        {"tong": 12, "theo": "dang-vien", "nguon": 50},
        {"tong": 19, "theo": "pha", "nguon": 35, "dangky": "on"},
        {"tong": 10, "theo": "deu", "nguon": 50, "tran": "on"},
        {"tong": 11, "theo": "pha", "nguon": 100, "thuc": "on"},
    ):
        canbo.open(grid(kc, **asked))
        page = numbers(canbo, "#grid .pr")
        words = [canbo.page.inner_text(f"#{one}") for one in ("wi-hinders", "wi-against")]

        canbo.page.route("**/*.js", lambda route: route.abort())
        canbo.page.reload()
        assert numbers(canbo, "#grid .pr") == page, asked
        assert [canbo.page.inner_text(f"#{one}") for one in ("wi-hinders", "wi-against")] == words
        canbo.page.unroute("**/*.js")


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
