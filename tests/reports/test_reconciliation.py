"""An organisation's children and its own total, where units came, left or ended in the year."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest

from organizations.models import Organization
from organizations.operations.reorganizations import NewUnit
from organizations.operations.structure import move
from reports.selectors.reconciliation import Reconciliation, Stretch, reconciliation
from reports.selectors.standing import look
from targets.operations.attainment import recompute
from tests.makers import authority, cell, members, unit
from tests.targets.makers import admit, cells_of, grow, reverse, stand_on
from tests.targets.reorganising import FIRST_OF_JULY, TODAY, Event, reorganise

pytestmark = pytest.mark.django_db

NEW_YEAR, EVE = date(2021, 1, 1), date(2021, 6, 30)


def told(rows: list[Stretch]) -> list[tuple[str, date, date, bool, int, int, int]]:
    return [
        (row.unit.slug, row.since, row.until, row.is_ended, row.here, row.whole, row.counted)
        for row in rows
    ]


def seen(
    organization: Organization, lens: str, year: int = 2021, asked: date | None = None
) -> Reconciliation:
    return reconciliation(organization, look(year, lens=lens, today=TODAY, asked=asked))


@pytest.fixture
def top(db: None) -> Organization:
    stand_on(TODAY)
    return authority("top")


def test_a_unit_that_moved_counts_for_each_superior_while_it_stood_there(
    top: Organization,
) -> None:
    a, b = unit("a", top), unit("b", top)
    c, stays = cell("c", a), cell("o-lai", a)
    admit(c, date(2021, 2, 3), date(2021, 5, 19), EVE, FIRST_OF_JULY, date(2021, 9, 2))
    admit(stays, date(2021, 3, 3))

    reorganise(top, Event("move", [c], [b]))

    then, now = seen(a, "then"), seen(a, "now")
    assert told(then.rows) == [("c", NEW_YEAR, EVE, False, 3, 5, 3)]
    assert (then.stayed, then.units_stayed, then.own, then.total, then.admitted) == (1, 1, 0, 4, 4)
    assert told(now.rows) == [("c", NEW_YEAR, EVE, False, 3, 5, 0)]
    assert (now.total, now.admitted) == (1, 1)
    came = seen(b, "then")
    assert told(came.rows) == [("c", FIRST_OF_JULY, TODAY, False, 2, 5, 2)]
    assert told(seen(b, "now").rows) == [("c", FIRST_OF_JULY, TODAY, False, 2, 5, 5)]
    assert came.difference == now.difference == 0


@pytest.mark.thorough
def test_a_cell_that_ended_is_told_with_its_last_day(top: Organization) -> None:
    a = unit("a", top)
    c, d = cell("c", a), cell("d", a)
    members(c, 2)
    admit(c, date(2021, 2, 3))
    admit(d, date(2021, 3, 3))

    reorganise(top, Event("dissolve", [c], [d]))

    for lens in ("then", "now"):
        found = seen(a, lens)
        assert [(row.unit.slug, row.is_ended, row.counted) for row in found.rows][:1] == [
            ("c", True, 1)
        ]
        assert found.rows[0].until == EVE
        assert (found.total, found.admitted, found.difference) == (2, 2, 0)


@pytest.mark.thorough
def test_a_merged_cell_counts_for_the_cell_that_took_it_in_todays_structure(
    top: Organization,
) -> None:
    a, b = unit("a", top), unit("b", top)
    c, d = cell("c", a), cell("d", b)
    members(c, 2)
    admit(c, date(2021, 2, 3))
    admit(d, date(2021, 3, 3))

    reorganise(top, Event("merge", [c], [d]))

    for lens, numbers in (("then", (1, 1, 1)), ("now", (0, 2, 2))):
        assert tuple(seen(one, lens).admitted for one in (a, b, d)) == numbers
        assert [seen(one, lens).difference for one in (top, a, b, d)] == [0, 0, 0, 0]


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("lens", ["then", "now"])
def test_every_total_of_a_random_tree_is_its_childrens_stretches_and_its_own(
    seed: int, lens: str, db: None
) -> None:
    stand_on(TODAY)
    random = Random(seed)
    units = grow(random, cells=16, since=date(2020, 6, 1), until=TODAY)
    cells = cells_of(units)
    for _ in range(60):
        day = date(2020, 6, 1) + timedelta(days=random.randint(0, 578))
        [fact] = admit(random.choice(cells), day)
        if random.random() < 0.1:
            reverse(fact, on=min(day + timedelta(days=90), TODAY))
    for year in (2020, 2021):
        recompute(year)
        for one in units.values():
            assert seen(one, lens, year).difference == 0
    for one in units.values():
        assert seen(one, lens, asked=date(2021, 8, 15)).difference == 0


@pytest.mark.thorough
def test_a_random_tree_reconciles_after_decisions_of_every_kind(top: Organization) -> None:
    random = Random(7)
    bases = [unit(f"x{number}", top) for number in range(4)]
    cells = [cell(f"c{number}", bases[number % 4]) for number in range(8)]
    people = {one.slug: members(one, 4) for one in cells}
    for one in cells:
        admit(one, *[date(2021, 1, 5) + timedelta(days=random.randint(0, 170)) for _ in range(3)])

    reorganise(
        top,
        Event("merge", [cells[0]], [cells[1]]),
        Event("dissolve", [cells[2]], [cells[3]]),
        Event(
            "split", [cells[4]], [cells[4], NewUnit("Mới", "cell")],
            homes={"c4": people["c4"][:2], "Mới": people["c4"][2:]},
        ),
        Event("consolidate", [cells[5], cells[6]], [NewUnit("Chung", "cell")]),
        Event("move", [cells[7]], [bases[0]]),
        Event("found", [], [NewUnit("Thêm", "cell", bases[1])]),
    )  # fmt: skip

    for one in Organization.objects.all():
        for lens in ("then", "now"):
            assert seen(one, lens).difference == 0
    assert seen(top, "then").admitted == seen(top, "now").admitted == 24


@pytest.mark.thorough
def test_it_asks_no_more_for_more_units(top: Organization, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    a, b = unit("a", top), unit("b", top)

    def asked(number: int) -> int:
        for _ in range(number):
            c = cell(f"c{Organization.objects.count()}", a)
            move(c, under=b, on=FIRST_OF_JULY)
        recompute(2021)
        with django_assert_max_num_queries(8) as queries:
            seen(a, "then")
        return len(queries)

    assert asked(1) == asked(12)
