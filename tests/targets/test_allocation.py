"""Sharing a number of people out: the total is exact, bounds hold, more weight never gets less."""

import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from targets.allocation import Bound, Fault, Obstacle, Proposal, Unit, bounded, mixed, propose

VECTORS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("allocation_vectors.json").read_text(encoding="utf-8")
)
BOUNDS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("bounds_vectors.json").read_text(encoding="utf-8")
)


@st.composite
def units_of(draw: st.DrawFn) -> Unit:
    floor = draw(st.integers(0, 6))
    return Unit(
        weight=draw(st.integers(0, 60)),
        floor=floor,
        ceiling=draw(st.none() | st.integers(floor, 20)),
        locked=draw(st.none() | st.none() | st.integers(0, 9)),
        is_exempt=draw(st.sampled_from([False, False, False, True])),
    )


totals = st.integers(0, 90)
several = st.lists(units_of(), max_size=9)


def can_hold(total: int, units: list[Unit]) -> bool:
    """Whether some shares within the bounds make the total, units without weight at their least."""
    least = sum(one.least for one in units)
    able = [one for one in units if one.weight]
    endless = any(one.most is None for one in able)
    more = sum(one.most - one.least for one in able if one.most is not None)
    return least <= total and (endless or total <= least + more)


@given(totals, several)
def test_the_total_is_exact_wherever_the_bounds_allow_it(total: int, units: list[Unit]) -> None:
    found = propose(total, units)

    assert (found.obstacle is None) == can_hold(total, units)
    assert sum(found.shares) + found.off_by == total
    assert (found.off_by == 0) == (found.obstacle is None)


@given(totals, several)
def test_bounds_hold_also_where_the_total_cannot_be_reached(total: int, units: list[Unit]) -> None:
    for share, one in zip(propose(total, units).shares, units, strict=True):
        assert one.least <= share
        assert one.most is None or share <= one.most
        assert one.locked is None or share == one.locked
        assert not one.is_exempt or one.locked is not None or share == 0


@given(totals, several, st.data())
def test_of_two_units_with_the_same_bounds_the_heavier_never_gets_less(
    total: int, units: list[Unit], data: st.DataObject
) -> None:
    assume(units)
    one = data.draw(st.sampled_from(units))
    heavier = Unit(one.weight + data.draw(st.integers(1, 50)), one.floor, one.ceiling)
    one = Unit(one.weight, one.floor, one.ceiling)
    place = data.draw(st.integers(0, len(units)))

    shares = propose(total, [one, *units[:place], heavier, *units[place:]]).shares

    assert shares[0] <= shares[place + 1]


@given(totals, several, st.data())
def test_more_weight_never_costs_a_unit_people(
    total: int, units: list[Unit], data: st.DataObject
) -> None:
    assume(units)
    place = data.draw(st.integers(0, len(units) - 1))
    one = units[place]
    more = Unit(
        one.weight + data.draw(st.integers(1, 50)), one.floor, one.ceiling, one.locked,
        one.is_exempt,
    )  # fmt: skip

    before = propose(total, units).shares[place]
    after = propose(total, [*units[:place], more, *units[place + 1 :]]).shares[place]

    assert before <= after


@pytest.mark.thorough
@given(totals, several)
def test_shares_lie_within_one_person_of_the_exact_ones(total: int, units: list[Unit]) -> None:
    found = propose(total, units)
    assume(found.obstacle is None)

    for share, exact in zip(found.shares, in_proportion(total, units), strict=True):
        assert abs(share - exact) < 1


def in_proportion(total: int, units: list[Unit]) -> list[Fraction]:
    """The exact shares, found another way: by trying each factor at which a bound is met."""

    def at(factor: Fraction) -> list[Fraction]:
        wanted = [max(Fraction(one.least), factor * one.weight) for one in units]
        return [
            want if one.most is None else min(want, Fraction(one.most))
            for want, one in zip(wanted, units, strict=True)
        ]

    bounds = [bound for one in units for bound in (one.least, one.most) if bound is not None]
    factors = sorted(
        {Fraction(0)} | {Fraction(bound, one.weight) for one in units if one.weight
                         for bound in (one.least, one.most) if bound is not None}
    )  # fmt: skip
    factors.append(max([*factors, Fraction(max(bounds, default=0))]) + total + 1)
    for low, high in pairwise(factors):
        first, last = sum(at(low)), sum(at(high))
        if first <= total <= last:
            if first == last:
                return at(low)
            return at(low + (high - low) * (total - first) / (last - first))
    return at(factors[0])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: one["name"])
def test_the_vectors_that_the_page_is_tried_on_too(vector: dict[str, Any]) -> None:
    units = [Unit(**one) for one in vector["units"]]

    found = propose(vector["total"], units)

    assert found == Proposal(vector["shares"], vector["obstacle"] or None, vector["off_by"])


def test_what_is_in_the_way_is_told_with_how_many_people() -> None:
    floors = [Unit(1, floor=20), Unit(1, floor=20)]
    assert propose(38, floors) == Proposal([20, 20], Obstacle.FLOORS_ABOVE_TOTAL, -2)

    sources = [Unit(5, ceiling=20), Unit(3, ceiling=5)]
    assert propose(38, sources) == Proposal([20, 5], Obstacle.CEILINGS_BELOW_TOTAL, 13)

    nothing = [Unit(0), Unit(0, floor=1)]
    assert propose(3, nothing) == Proposal([0, 1], Obstacle.NOTHING_TO_WEIGH_BY, 2)

    crossed = [Unit(1, floor=3, ceiling=2), Unit(1)]
    assert propose(9, crossed).obstacle == Obstacle.BOUNDS_CROSSED


@pytest.mark.parametrize(("total", "weight"), [(-1, 1), (1, -1)])
def test_nothing_is_shared_out_below_zero(total: int, weight: int) -> None:
    with pytest.raises(ValueError, match="not below zero"):
        propose(total, [Unit(weight)])


def test_a_mix_weighs_the_share_of_each_measure_not_its_size() -> None:
    members, sources = [300, 100], [1, 3]

    alone = mixed({"members": members, "sources": sources}, {"members": 100, "sources": 0})
    assert alone[0] == 3 * alone[1]
    half = mixed({"members": members, "sources": sources}, {"members": 50, "sources": 50})
    assert half[0] == half[1]


def test_a_measure_that_is_zero_everywhere_leaves_its_part_to_the_others() -> None:
    measures = {"members": [3, 1], "sources": [0, 0]}
    assert propose(
        8, [Unit(one) for one in mixed(measures, {"members": 1, "sources": 99})]
    ).shares == [6, 2]


def test_measures_of_other_units_are_refused() -> None:
    with pytest.raises(ValueError, match="same units"):
        mixed({"members": [1], "sources": [1, 2]}, {"members": 1, "sources": 1})


@pytest.mark.parametrize("vector", BOUNDS, ids=[vector["name"] for vector in BOUNDS])
def test_what_is_set_for_one_unit_goes_before_the_rules_for_all(vector: dict[str, Any]) -> None:
    unit, bound = Unit(**vector["unit"]), Bound(**vector["bound"])

    assert (bound.fault(unit) or "") == vector["fault"]
    if "bounded" in vector:
        assert bounded(unit, bound) == Unit(weight=unit.weight, **vector["bounded"])


def test_a_bound_that_contradicts_itself_is_never_reckoned_with() -> None:
    assert {vector["fault"] for vector in BOUNDS} == {"", *Fault}
