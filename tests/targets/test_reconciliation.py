"""Given by the superior, given out, in reserve, over-given: at every level, on every day."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from organizations.models import Organization, Role, User
from targets.models import Target, TargetDecision
from targets.reconciliation import Node, reconciliation
from tests.makers import DAY, World, cell, members, officer, unit, world

pytestmark = pytest.mark.django_db

JANUARY, MARCH, MAY = date(2021, 1, 22), date(2021, 3, 1), date(2021, 5, 3)


def give(
    to: Organization, low: int, high: int | None = None, *, on: date, by: User, paper: Any = None
) -> None:
    """The next version of a target, as a decision of day `on` gave it; a paper has its own."""
    version = Target.objects.filter(organization=to).count() + 1
    Target.objects.create(
        organization=to, indicator_id="KN01", year=2021, low=low, high=high or low, version=version,
        kind="assigned" if version == 1 else "adjusted", reason="" if version == 1 else "Thêm",
        form="range" if high else "number", decision=paper, entered_by=by,
        decision_number=paper.number if paper else "1-QĐ/TU",
        decided_on=paper.decided_on if paper else on,
    )  # fmt: skip


def paper_of(organization: Organization, number: str, *, by: User, difference: str = "") -> Any:
    return TargetDecision.objects.create(
        organization=organization, number=number, decided_on=MARCH, difference=difference,
        entered_by=by,
    )  # fmt: skip


@pytest.fixture
def kc() -> World:
    """The top has 20; its committee is given 6, later 5; its cells 4 and 4, then a range."""
    kc = world()
    other = unit("kc-khac", kc.top)
    members(cell("kc-khac-1", other), 3)
    give(kc.top, 20, on=JANUARY, by=kc.staff2)
    give(kc.committee, 6, on=JANUARY, by=kc.staff2)
    give(other, 10, 15, on=JANUARY, by=kc.staff2)
    paper = paper_of(kc.committee, "24-QĐ/ĐU", by=kc.staff, difference="Dự phòng nguồn hụt")
    give(kc.cell, 4, on=MARCH, by=kc.staff, paper=paper)
    give(kc.sibling, 4, on=MARCH, by=kc.staff, paper=paper)
    give(kc.committee, 5, on=MAY, by=kc.staff2)
    give(kc.cell, 1, 3, on=MAY, by=kc.staff)
    return kc


def told(node: Node) -> tuple[Any, ...]:
    given = node.given
    return (
        node.organization.slug, given.low, given.high, given.given_low, given.given_high,
        given.reserve, given.over, node.without,
    )  # fmt: skip


def test_every_level_and_version_is_reconciled(kc: World) -> None:
    def on(day: date) -> list[tuple[Any, ...]]:
        return [told(node) for node in reconciliation(kc.top, year=2021, on=day).nodes]

    assert on(date(2021, 1, 21)) == [
        ("kc-top", None, None, 0, 0, 0, 0, 2),
        ("kc-dang-uy", None, None, 0, 0, 0, 0, 2),
        ("kc-khac", None, None, 0, 0, 0, 0, 1),
    ]
    assert on(JANUARY) == [
        ("kc-top", 20, 20, 16, 21, 0, 1, 0),  # at most one too many
        ("kc-dang-uy", 6, 6, 0, 0, 6, 0, 2),
        ("kc-khac", 10, 15, 0, 0, 10, 0, 1),
    ]
    assert on(MARCH)[1] == ("kc-dang-uy", 6, 6, 8, 8, 0, 2, 0)
    assert on(DAY)[:2] == [
        ("kc-top", 20, 20, 15, 20, 0, 0, 0),
        ("kc-dang-uy", 5, 5, 5, 7, 0, 2, 0),
    ]
    found = reconciliation(kc.top, year=2021, on=DAY)
    assert found.days == [MAY, MARCH, JANUARY]
    assert [(one.depth, one.nodes, one.reserve, one.over) for one in found.levels] == [
        (0, 1, 0, 0),
        (1, 2, 10, 2),
    ]
    for day in [date(2021, 1, 21), *found.days]:
        for node in reconciliation(kc.top, year=2021, on=day).nodes:
            given = node.given
            if given.low is None or given.high is None:
                assert (given.reserve, given.over) == (0, 0)
                continue
            # Own = given out + in reserve - over-given; of ranges, they reach one another.
            assert given.given_low + given.reserve - given.over <= given.high
            assert given.low <= given.given_high + given.reserve - given.over
            if given.low == given.high and given.given_low == given.given_high:
                assert given.low == given.given_low + given.reserve - given.over


@pytest.mark.thorough
def test_the_page_tells_papers_and_their_reason_on_the_chosen_day(kc: World) -> None:
    client = Client()
    client.force_login(kc.leader)
    address = reverse("target-reconciliation", args=[2021])

    def page(**asked: str) -> Any:
        return client.get(address, {"dv": kc.top.slug, **asked})

    march = page(ngay="01/03/2021").content.decode()
    assert "24-QĐ/ĐU" in march
    assert "Dự phòng nguồn hụt" in march
    assert "24-QĐ/ĐU" not in page(ngay="22/01/2021").content.decode()
    assert page(ngay="29/05/2021").status_code == 422
    assert page(ngay="hôm qua").status_code == 422
    assert page(ngay="01/01/1990").status_code == 200
    assert client.get(address, {"dv": kc.cell.slug}).status_code == 404
    stranger = officer("la", unit("la-top"), Role.LEADER)
    client.force_login(stranger)
    assert page().status_code == 404


def test_more_units_and_levels_cost_no_more_queries(kc: World) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            reconciliation(kc.top, year=2021, on=DAY)
        return len(asked)

    few = queries()
    for place in range(6):
        under = unit(f"them-{place}", kc.top)
        deeper = unit(f"them-{place}-sau", under)
        cell(f"them-{place}-cb", deeper)
        give(deeper, 3, on=MARCH, by=kc.staff2)
    assert queries() == few
