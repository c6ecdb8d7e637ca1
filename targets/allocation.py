"""What-if: a number of people shared out over units, within bounds, by weights. Pure.

The page reckons the same while somebody types (`static/allocation.js`); both are tried on the
vectors of `tests/targets/allocation_vectors.json` and `bounds_vectors.json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import prod

from targets.rules import shared_out


@dataclass(frozen=True)
class Unit:
    """A unit that takes part: `weight` as whole number, and the bounds of its share in people.

    `ceiling` None is no bound. What is `locked` stays as it is; an exempt unit gets nothing unless
    it is locked.
    """

    weight: int = 0
    floor: int = 0
    ceiling: int | None = None
    locked: int | None = None
    is_exempt: bool = False

    @property
    def least(self) -> int:
        """The least that it may get."""
        if self.locked is not None:
            return self.locked
        return 0 if self.is_exempt else self.floor

    @property
    def most(self) -> int | None:
        """The most that it may get, or None."""
        if self.locked is not None:
            return self.locked
        return 0 if self.is_exempt else self.ceiling


class Fault(StrEnum):
    """Why what is set for one unit alone cannot be reckoned with."""

    CROSSED = "crossed"
    """The floor lies above the ceiling."""
    OUTSIDE = "outside"
    """The fixed number lies outside the bounds beside it."""
    NO_PART = "no_part"
    """It takes no part, and yet is to get a number."""
    NO_SOURCE = "no_source"
    """By the rules it takes no part; a floor would silently give it nothing."""


@dataclass(frozen=True)
class Bound:
    """What is set for one unit alone, in people; None where nothing is."""

    floor: int | None = None
    ceiling: int | None = None
    locked: int | None = None
    is_exempt: bool = False

    def fault(self, unit: Unit) -> Fault | None:
        """Return why this cannot be reckoned with for `unit`, which stands by the rules for all."""
        if self.is_exempt:
            idle = self.floor is None and self.ceiling is None and self.locked is None
            return None if idle else Fault.NO_PART
        if self.floor is not None and self.ceiling is not None and self.floor > self.ceiling:
            return Fault.CROSSED
        if self.locked is not None:
            return None if self.within(self.locked) == self.locked else Fault.OUTSIDE
        return Fault.NO_SOURCE if unit.is_exempt and self.floor else None

    def within(self, people: int) -> int:
        """Return `people`, brought as far into the floor and ceiling set here as needed."""
        if self.ceiling is not None:
            people = min(people, self.ceiling)
        return people if self.floor is None else max(people, self.floor)


def bounded(unit: Unit, by: Bound) -> Unit:
    """Return `unit` with what is set for it alone in the place of the rules for all.

    What a rule still says gives way as far as needed: a floor set lifts its ceiling, a ceiling set
    lowers its floor, both move a number that is kept. `by` has no fault.
    """
    floor = by.within(unit.floor) if by.floor is None else by.floor
    ceiling = by.ceiling
    if ceiling is None and unit.ceiling is not None:
        ceiling = by.within(unit.ceiling)
    locked = by.locked
    if locked is None and unit.locked is not None and not by.is_exempt:
        locked = by.within(unit.locked)
    return replace(
        unit,
        floor=floor,
        ceiling=ceiling,
        locked=locked,
        is_exempt=unit.is_exempt or by.is_exempt,
    )


class Obstacle(StrEnum):
    """Why a total cannot be shared out exactly."""

    BOUNDS_CROSSED = "bounds_crossed"
    """A unit's floor lies above its ceiling."""
    FLOORS_ABOVE_TOTAL = "floors_above_total"
    """The floors and locked shares alone are more than the total."""
    CEILINGS_BELOW_TOTAL = "ceilings_below_total"
    """The ceilings and locked shares do not hold the total."""
    NOTHING_TO_WEIGH_BY = "nothing_to_weigh_by"
    """People are left, and no unit that may take more has any weight."""


@dataclass(frozen=True)
class Proposal:
    """The shares in the order of the units, and what stands in the way of the total.

    `off_by` is how many people could not be given (above 0), or are given too many (below 0).
    """

    shares: list[int]
    obstacle: Obstacle | None = None
    off_by: int = 0


def propose(total: int, units: Sequence[Unit]) -> Proposal:
    """Share `total` people out over `units`, in proportion to their weights, within their bounds.

    In proportion: with one factor for all, each gets factor × weight, but never less than its least
    nor more than its most; the factor is the one with which the whole is `total`. Of what is left
    by rounding down, the largest remainders get one each; of equal ones the larger weight, then
    the earlier unit. So of two units with the same bounds the one of more weight never gets less,
    and more weight never costs a unit people. What stands in the way is told, and the shares are
    then as near as the bounds allow. Raises ValueError where `total` or a weight is below zero.
    """
    if total < 0 or any(one.weight < 0 for one in units):
        raise ValueError("people and weights are not below zero")
    least = [one.least for one in units]
    if any(one.most is not None and one.least > one.most for one in units):
        return Proposal(least, Obstacle.BOUNDS_CROSSED, total - sum(least))
    if sum(least) > total:
        return Proposal(least, Obstacle.FLOORS_ABOVE_TOTAL, total - sum(least))
    most = [one.most for one in units]
    bounded = [bound for bound in most if bound is not None]
    if len(bounded) == len(units) and sum(bounded) < total:
        return Proposal(bounded, Obstacle.CEILINGS_BELOW_TOTAL, total - sum(bounded))
    shares = _within_bounds(total, units)
    if left := total - sum(shares):
        return Proposal(shares, _what_hinders(shares, units), left)
    return Proposal(shares)


def _within_bounds(total: int, units: Sequence[Unit]) -> list[int]:
    """Return the shares; less than `total` where only units without weight could take more.

    Units that a common factor would put below their least or above their most are set to it and
    leave; of the two sides the one that is further out goes first, so that nobody who has left
    would have stayed with the final factor.
    """
    shares = [one.least for one in units]
    open_ones = [place for place, one in enumerate(units) if one.weight and one.most != one.least]
    left = total - sum(shares) + sum(units[place].least for place in open_ones)
    while open_ones:
        weights = {place: units[place].weight for place in open_ones}
        whole = sum(weights.values())
        below = {
            place: units[place].least * whole - left * weight
            for place, weight in weights.items()
            if units[place].least * whole > left * weight
        }
        above = {
            place: left * weight - most * whole
            for place, weight in weights.items()
            if (most := units[place].most) is not None and most * whole < left * weight
        }
        if not below and not above:
            parts = shared_out(left, list(weights.values()))
            for place, part in zip(open_ones, parts, strict=True):
                shares[place] = part
            break
        out_below, out_above = sum(below.values()), sum(above.values())
        leaving = {
            **(dict.fromkeys(below, True) if out_below >= out_above else {}),
            **(dict.fromkeys(above, False) if out_above >= out_below else {}),
        }
        for place, is_least in leaving.items():
            one = units[place]
            shares[place] = one.least if is_least or one.most is None else one.most
            left -= shares[place]
        open_ones = [place for place in open_ones if place not in leaving]
    return shares


def _what_hinders(shares: Sequence[int], units: Sequence[Unit]) -> Obstacle:
    is_open = any(
        one.most is None or share < one.most for share, one in zip(shares, units, strict=True)
    )
    return Obstacle.NOTHING_TO_WEIGH_BY if is_open else Obstacle.CEILINGS_BELOW_TOTAL


def mixed(measures: Mapping[str, Sequence[int]], parts: Mapping[str, int]) -> list[int]:
    """Return whole weights that mix `measures` of the units by `parts`, such as 60 and 40.

    Each measure counts as each unit's share of its sum, so that members do not outweigh sources
    for being more. A measure that is nowhere above zero is left out, and its part with it.

    >>> mixed({"members": [30, 10], "sources": [1, 3]}, {"members": 50, "sources": 50})
    [8000, 8000]
    >>> mixed({"members": [30, 10], "sources": [0, 0]}, {"members": 50, "sources": 50})
    [1500, 500]
    """
    sums = {
        name: sum(measures[name]) for name, part in parts.items() if part and sum(measures[name])
    }
    factors = {
        name: parts[name] * prod(total for other, total in sums.items() if other != name)
        for name in sums
    }
    length = _common_length(measures.values())
    return [
        sum(factor * measures[name][place] for name, factor in factors.items())
        for place in range(length)
    ]


def _common_length(rows: Iterable[Sequence[int]]) -> int:
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        raise ValueError("the measures are not of the same units")
    return lengths.pop() if lengths else 0
