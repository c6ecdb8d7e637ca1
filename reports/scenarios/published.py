"""The figures that each scenario must show, and a check of its plan against them.

From the issue's table and `docs/scenarios.md`, which says of each where it is published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from .plan import CELL_KINDS, GRASSROOTS_KINDS, Opening, Plan


@dataclass(frozen=True)
class Published:
    """What one organisation must show; None where nothing is said."""

    opening: int | None = None
    admitted: int | None = None
    beneath: int | None = None
    """Organisations directly beneath."""
    with_admission: int | None = None
    cells: int | None = None
    grassroots: int | None = None
    """Grassroots organisations in the whole subtree."""
    since_term_began: int | None = None
    beneath_by_kind: Mapping[str, int] = field(default_factory=dict)


PUBLISHED: dict[str, dict[str, Published]] = {
    "than-quang-ninh-2021": {
        "than-quang-ninh": Published(
            opening=19_000, admitted=185, beneath=40, with_admission=32, grassroots=40
        ),
        "khe-cham": Published(opening=724, cells=39, admitted=18),
    },
    "than-quang-ninh-2019": {
        "hon-gai": Published(opening=953, cells=36, admitted=27),
        "than-quang-ninh": Published(beneath=40, since_term_began=4_057),
    },
    "hai-duong-2023": {
        "khoi-co-quan-hai-duong": Published(admitted=126, beneath=66, grassroots=66),
    },
    "ninh-thuan-2024": {
        "ninh-thuan": Published(opening=22_551, admitted=853, grassroots=435),
        "cong-an": Published(admitted=26),
        "bien-phong": Published(admitted=10),
        "ninh-hai": Published(admitted=85),
    },
    "tam-duong-2023": {
        "tam-duong": Published(
            admitted=185,
            beneath=48,
            grassroots=48,
            beneath_by_kind={"commune": 13, "grassroots": 3, "grassroots-cell": 32},
        ),
    },
}


def check(plan: Plan) -> None:
    """Raise ValueError where `plan` doesn't agree with what is published."""
    this_year = plan.admitted(year=plan.year)
    ended = plan.ended()
    for slug, published in PUBLISHED[plan.name].items():
        beneath = [unit for unit in plan.beneath(slug) if unit.slug not in ended]
        subtree = [
            unit
            for unit in plan.units
            if unit.slug not in ended and any(above.slug == slug for above in plan.above(unit.slug))
        ]
        kinds = [unit.kind for unit in beneath]
        found = Published(
            opening=_opening(plan, slug),
            admitted=this_year[slug],
            beneath=len(beneath),
            with_admission=sum(1 for unit in beneath if this_year[unit.slug]),
            cells=sum(1 for unit in subtree if unit.kind in CELL_KINDS),
            grassroots=sum(1 for unit in subtree if unit.kind in GRASSROOTS_KINDS),
            since_term_began=plan.admitted()[slug],
            beneath_by_kind={kind: kinds.count(kind) for kind in set(kinds)},
        )
        for name, wanted in vars(published).items():
            if wanted not in (None, {}) and getattr(found, name) != wanted:
                raise ValueError(
                    f"{plan.name}, {slug}: {name} is {getattr(found, name)}, not {wanted}"
                )
    _check_dates(plan)


def _opening(plan: Plan, slug: str) -> int | None:
    reports = [
        event.members[slug]
        for event in plan.others
        if isinstance(event, Opening) and event.year == plan.year and slug in event.members
    ]
    return reports[-1] if reports else None


def _check_dates(plan: Plan) -> None:
    eighteen = [
        file
        for file in plan.files
        if (file.days["identify"].year - file.person.born_on.year) < _YOUNGEST_YEARS
    ]
    if eighteen:
        raise ValueError(f"{plan.name}: file {eighteen[0].number} is of somebody too young")
    first = min(event.day for event in plan.events())
    if first < date(plan.year - _EARLIEST_YEARS, 1, 1):
        raise ValueError(f"{plan.name}: begins on {first}, before its rules")


_YOUNGEST_YEARS = 17
_EARLIEST_YEARS = 5
