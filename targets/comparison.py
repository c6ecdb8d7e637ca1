"""Two or three kept scenarios side by side, unit by unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from organizations.models import Organization
from targets import sheets, what_if
from targets.models import SavedScenario

MOST = 3
"""So many are read side by side."""


@dataclass(frozen=True)
class Share:
    """What a unit, or all of them, get in one scenario; `against` the first one, None in that.

    `bound` is what was set there for this unit alone, in words.
    """

    people: int
    above_files: int
    against: int | None
    bound: str = ""

    @property
    def is_set_up_to_fail(self) -> bool:
        """Say whether more is given than it has sources for: open files, and admitted already."""
        return self.above_files > 0


@dataclass(frozen=True)
class Line:
    """A unit in all the scenarios; one that is beneath no more has nothing but its shares."""

    organization: Any
    group: str
    registered: int | None
    files: int | None
    shares: list[Share]

    @property
    def differs(self) -> bool:
        return len({share.people for share in self.shares}) > 1


@dataclass(frozen=True)
class Comparison:
    """All lines, and their totals; `hidden` units get the same in every scenario."""

    scenarios: list[SavedScenario]
    lines: list[Line]
    hidden: int
    registered: int | None
    files: int
    totals: list[Share]
    above: list[int]
    """In each scenario, how many units get more than they have sources."""


@dataclass(frozen=True)
class _Kept:
    """What a scenario kept by organisation id: people, and its own bound in words."""

    shares: dict[int, int]
    bounds: dict[int, str]

    @classmethod
    def of(cls, scenario: SavedScenario) -> _Kept:
        bounds = what_if.bounds_kept(scenario.asked)
        return cls(
            shares={int(key): people for key, people in scenario.shares.items()},
            bounds={key: what_if.bound_words(bound) for key, bound in bounds.items()},
        )


def compare(
    organization: Organization,
    scenarios: Sequence[SavedScenario],
    *,
    year: int,
    on: date,
    only_differing: bool = False,
) -> Comparison:
    """Return `scenarios` side by side over those beneath `organization` on day `on`.

    Files and what was registered are those of today, shares as they were kept. A bounded number
    of queries.
    """
    rows = sheets.grid(organization, year=year, on=on)
    kept = [_Kept.of(one) for one in scenarios]
    here = {row.key for row in rows}
    gone = {key for one in kept for key in one.shares} - here
    lines = [_line(row.organization, row, kept) for row in rows]
    lines += [
        _line(unit, None, kept)
        for unit in Organization.objects.filter(pk__in=gone).called(on=on).order_by("pk")
    ]
    known = [line.registered for line in lines if line.registered is not None]
    totals = [sum(one.shares.values()) for one in kept]
    shown = [line for line in lines if line.differs] if only_differing else lines
    return Comparison(
        scenarios=list(scenarios),
        lines=shown,
        hidden=len(lines) - len(shown),
        registered=sum(known) if known else None,
        files=sum(line.files or 0 for line in lines),
        totals=[
            Share(
                people=people,
                above_files=sum(line.shares[place].above_files for line in lines),
                against=people - totals[0] if place else None,
            )
            for place, people in enumerate(totals)
        ],
        above=[
            sum(line.shares[place].is_set_up_to_fail for line in lines)
            for place in range(len(kept))
        ],
    )


def _line(organization: Any, row: sheets.GridRow | None, kept: list[_Kept]) -> Line:
    people = [one.shares.get(organization.pk, 0) for one in kept]
    return Line(
        organization=organization,
        group=row.group if row else "",
        registered=row.registered.low if row and row.registered else None,
        files=row.files if row else None,
        shares=[
            Share(
                people=one,
                above_files=max(one - row.sources, 0) if row else 0,
                against=one - people[0] if place else None,
                bound=kept[place].bounds.get(organization.pk, ""),
            )
            for place, one in enumerate(people)
        ],
    )
