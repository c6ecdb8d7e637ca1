"""What-if on the grid of targets: what is tried, by which weights and bounds, and what it comes to.

Nothing here writes: the grid shows the numbers, and fills its cells with them when told to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.ui.templatetags.ui import number
from targets.allocation import Bound, Fault, Obstacle, Proposal, Unit, bounded, mixed, propose

if TYPE_CHECKING:
    from targets.sheets import GridRow


class Method(models.TextChoices):
    """What the numbers follow."""

    MIXED = "pha", _("Sources and members")
    MEMBERS = "dang-vien", _("Members on 1 January")
    SOURCES = "nguon", _("Open files")
    LAST_YEARS = "nam-truoc", _("Admitted in the last three years")
    EQUAL = "deu", _("Equal parts")
    MANUAL = "tay", _("By hand, as it stands in the cells")


RECKONED = [one for one in Method if one != Method.MANUAL]
"""The methods that reckon; by hand, somebody types into the cells."""


HINDRANCES = {
    Obstacle.CEILINGS_BELOW_TOTAL: _("{n} cannot be given: there are too few sources."),
    Obstacle.FLOORS_ABOVE_TOTAL: _("The least numbers are {least} already, {n} too many."),
    Obstacle.NOTHING_TO_WEIGH_BY: _("{n} cannot be given: no unit has what it is shared by."),
    Obstacle.BOUNDS_CROSSED: _("The least number of a unit is above its greatest."),
}
FAULTS = {
    Fault.CROSSED: _("“At most” is lower than “at least”."),
    Fault.OUTSIDE: _("The fixed number lies outside “at least” and “at most”."),
    Fault.NO_PART: _("A unit that takes no part has no number."),
    Fault.NO_SOURCE: _("It has declared that no source is left; only a fixed number gives it any."),
}
BOUNDS = {"it": "floor", "nhieu": "ceiling", "co": "locked", "mien": "is_exempt"}
"""What is set for one unit alone, by how the address says it: `it-12=3` for organisation 12."""
BOUND_ASKED = re.compile(r"(it|nhieu|co|mien)-([1-9]\d{0,17})", re.ASCII)
BY_HAND = {
    True: _("{n} of the total are not given to anybody."),
    False: _("{n} more than the total are given."),
}
"""Whether fewer or more than the total stand in the cells, in words."""
AGAINST = _("Against what was registered: {up} up, {down} down, {same} the same.")
"""Sentences that the page, too, fills in while somebody types."""


@dataclass(frozen=True)
class Scenario:
    """What is tried: `total` people by `method`, within bounds.

    `sources` is the part of the sources in the mix, in percent; the rest is the members'. Sources
    are the open files and, for their number is of the whole year, those admitted in it already;
    they may be a ceiling; a unit that has some and admitted nobody last year may have a floor of
    one; what a unit registered may be its floor, which then also lifts its ceiling: it knows its
    people. What stands in the cells already may be kept. A unit with an accepted declaration that
    no source is left takes no part. `bounds` {organisation id: bound} goes before all of that for
    the single units that it names.
    """

    total: int
    method: Method = Method.MIXED
    sources: int = 50
    caps_at_sources: bool = False
    wakes_idle: bool = False
    keeps_registered: bool = False
    keeps_filled: bool = False
    bounds: Mapping[int, Bound] = field(default_factory=dict)


@dataclass(frozen=True)
class Tried:
    """What a scenario comes to: {organisation id: people}, and a sentence where it cannot be.

    `raised`, `lowered` and `same` count the units by what they registered.
    """

    scenario: Scenario
    shares: dict[int, int]
    sentence: str
    raised: int
    lowered: int
    same: int

    @property
    def against(self) -> str:
        """How the shares stand to what the units registered, in words."""
        return str(AGAINST).format(up=self.raised, down=self.lowered, same=self.same)

    @property
    def total(self) -> int:
        """The people that are shared out, all of the total or not."""
        return sum(self.shares.values())


def parameters(scenario: Scenario) -> dict[str, str]:
    """Return `scenario` as the grid's address writes it, so that it opens there again."""
    ticked = {
        "tran": scenario.caps_at_sources,
        "thuc": scenario.wakes_idle,
        "dangky": scenario.keeps_registered,
        "giu": scenario.keeps_filled,
    }
    return {
        "tong": str(scenario.total),
        "theo": scenario.method.value,
        "nguon": str(scenario.sources),
        **{name: "on" for name, is_on in ticked.items() if is_on},
        **bound_parameters(scenario.bounds),
    }


def bound_parameters(bounds: Mapping[int, Bound]) -> dict[str, str]:
    """Return `bounds` as the address writes them: only what is set.

    >>> bound_parameters({12: Bound(floor=1, ceiling=4), 15: Bound(is_exempt=True)})
    {'it-12': '1', 'nhieu-12': '4', 'mien-15': 'on'}
    """
    return {
        f"{name}-{key}": "on" if value is True else str(value)
        for key, bound in bounds.items()
        for name, attribute in BOUNDS.items()
        if (value := getattr(bound, attribute)) is not None and value is not False
    }


def bounds_kept(asked: Mapping[str, str]) -> dict[int, Bound]:
    """Return the bounds of single units among the `parameters` of a scenario that was kept.

    >>> bounds_kept({"tong": "8", "co-12": "3", "mien-15": "on"})[15]
    Bound(floor=None, ceiling=None, locked=None, is_exempt=True)
    """
    found: dict[int, dict[str, int | bool]] = {}
    for name, value in asked.items():
        if one := BOUND_ASKED.fullmatch(name):
            is_tick = one[1] == "mien"
            found.setdefault(int(one[2]), {})[BOUNDS[one[1]]] = is_tick or int(value)
    return {key: Bound(**values) for key, values in found.items()}  # type: ignore[arg-type]


def bound_words(bound: Bound) -> str:
    """Return what is set for one unit in words: at least 1, at most 4."""
    if bound.is_exempt:
        return str(_("takes no part"))
    told = [
        (bound.floor, _("at least %(n)s")),
        (bound.ceiling, _("at most %(n)s")),
        (bound.locked, _("fixed at %(n)s")),
    ]
    return ", ".join(str(words) % {"n": number(n)} for n, words in told if n is not None)


def weights(rows: Sequence[GridRow], scenario: Scenario) -> list[int]:
    """Return the whole weight of each row by the method of `scenario`."""
    measures = {
        "members": [row.members or 0 for row in rows],
        "sources": [row.sources for row in rows],
        "last_years": [row.last_years for row in rows],
        "equal": [1] * len(rows),
    }
    parts = {
        Method.MIXED: {"sources": scenario.sources, "members": 100 - scenario.sources},
        Method.MEMBERS: {"members": 1},
        Method.SOURCES: {"sources": 1},
        Method.LAST_YEARS: {"last_years": 1},
        Method.EQUAL: {"equal": 1},
        Method.MANUAL: {},
    }[scenario.method]
    return mixed(measures, parts)


def units(rows: Sequence[GridRow], scenario: Scenario) -> list[Unit]:
    """Return each row with its weight and bounds in `scenario`."""
    return [
        bounded(by_rules(row, scenario, weight=weight), scenario.bounds.get(row.key, Bound()))
        for row, weight in zip(rows, weights(rows, scenario), strict=True)
    ]


def by_rules(row: GridRow, scenario: Scenario, *, weight: int = 0) -> Unit:
    """Return `row` as the rules of `scenario` for all units bound it."""
    floor = 0
    if scenario.wakes_idle and row.sources and row.last_admitted == 0:
        floor = 1
    if scenario.keeps_registered and row.registered:
        floor = max(floor, row.registered.low or 0)
    filled = row.aimed.low if scenario.keeps_filled and row.aimed else None
    return Unit(
        weight=weight,
        floor=floor,
        ceiling=max(row.sources, floor) if scenario.caps_at_sources else None,
        locked=filled,
        is_exempt=row.declaration is not None,
    )


def tried(rows: Sequence[GridRow], scenario: Scenario) -> Tried:
    """Return what `scenario` comes to over `rows`; the same each time."""
    found = propose(scenario.total, units(rows, scenario))
    shares = {row.key: share for row, share in zip(rows, found.shares, strict=True)}
    return _told(rows, scenario, shares, sentence(found))


def by_hand(rows: Sequence[GridRow], shares: Mapping[int, int], *, total: int) -> Tried:
    """Return what somebody typed, `shares` {organisation id: people}, as a scenario of `total`."""
    left = total - sum(shares.get(row.key, 0) for row in rows)
    words = str(BY_HAND[left > 0]).format(n=abs(left)) if left else ""
    kept = {row.key: shares.get(row.key, 0) for row in rows}
    return _told(rows, Scenario(total=total, method=Method.MANUAL), kept, words)


def _told(rows: Sequence[GridRow], scenario: Scenario, shares: dict[int, int], words: str) -> Tried:
    against = [
        shares[row.key] - (row.registered.low or 0) for row in rows if row.registered is not None
    ]
    return Tried(
        scenario=scenario,
        shares=shares,
        sentence=words,
        raised=sum(1 for one in against if one > 0),
        lowered=sum(1 for one in against if one < 0),
        same=sum(1 for one in against if one == 0),
    )


def sentence(found: Proposal) -> str:
    """Return why the total cannot be shared out, and by how many people; nothing where it can."""
    if found.obstacle is None:
        return ""
    words = str(HINDRANCES[found.obstacle])
    return words.format(n=abs(found.off_by), least=sum(found.shares))
