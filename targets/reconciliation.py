"""What each level was given, gave out, keeps and over-gave, by the decisions of a chosen day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q

from organizations.models import Ancestry, Organization, Placement
from targets.models import Target, TargetDecision
from targets.sheets import GivenOut, given_out

MOST_NODES = 300
"""So many that give out are shown at once, deeper levels whole or not at all."""


@dataclass(frozen=True)
class Node:
    """An organisation that has units beneath it: what it was given, and what it gave them.

    `papers` are the decisions by which it gave what binds on the day, oldest first.
    """

    organization: Any
    depth: int
    target: Target | None
    given: GivenOut
    papers: list[TargetDecision]

    @property
    def without(self) -> int:
        """Return how many of its units have no number."""
        return self.given.units - self.given.units_given

    @property
    def differs(self) -> bool:
        """Say whether what it gave out is not what it has."""
        return bool(self.given.reserve or self.given.over)

    @property
    def reasons(self) -> list[str]:
        """Return the reasons that its papers give for the difference."""
        return [one.difference for one in self.papers if one.difference]


@dataclass(frozen=True)
class Level:
    """All of one level together: their own sums, not rounded against one another."""

    depth: int
    nodes: int
    low: int
    high: int
    given_low: int
    given_high: int
    reserve: int
    over: int
    without: int


@dataclass(frozen=True)
class Reconciliation:
    """The tree of those that give out, in the order of the page, and the same by level.

    `days` are those on which a decision changed it, newest first. `is_cut` where deeper levels
    are left to the pages of the units beneath.
    """

    year: int
    on: date
    nodes: list[Node]
    levels: list[Level]
    days: list[date]
    is_cut: bool


def reconciliation(organization: Organization, *, year: int, on: date) -> Reconciliation:
    """Return how the targets of `year` go down from `organization`, level by level.

    The tree is that of day `on`, and so are the versions: what had been decided by then. Children
    need not add up: for each, own target = given out + in reserve - over-given, of a range within
    its ends. A bounded number of queries, whatever the tree.
    """
    depths, is_cut = _giving(organization, on=on)
    placed = _children(depths, on=on)
    targets = _binding({*depths, *(unit for units in placed.values() for unit in units)}, year, on)
    papers = _papers(targets.values())
    units = {unit.pk: unit for unit in Organization.objects.filter(pk__in=[*depths]).called(on=on)}
    parents = {unit: parent for parent, units in placed.items() for unit in units}
    nodes = [
        _node(units[key], depths[key], targets, placed.get(key, []), papers)
        for key in _in_order(organization.pk, units, parents)
    ]
    return Reconciliation(
        year=year,
        on=on,
        nodes=nodes,
        levels=_levels(nodes),
        days=_days(organization, depth=max(depths.values(), default=0) + 1, year=year),
        is_cut=is_cut,
    )


def _giving(organization: Organization, *, on: date) -> tuple[dict[int, int], bool]:
    """Return {organisation id: depth} of those with units beneath on the day."""
    stands = Placement.objects.filter(
        parent=OuterRef("descendant"), period__contains=on, organization__period__contains=on
    )
    lines = Ancestry.objects.on(on).filter(Exists(stands), ancestor=organization)
    shown, deepest, is_cut = 0, 0, False
    for depth, number in (
        lines.order_by("depth").values_list("depth").annotate(number=Count("descendant"))
    ):
        if depth > 1 and shown + number > MOST_NODES:
            is_cut = True
            break
        shown, deepest = shown + number, depth
    return dict(lines.filter(depth__lte=deepest).values_list("descendant", "depth")), is_cut


def _children(parents: Iterable[int], *, on: date) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    rows = Placement.objects.filter(
        parent__in=[*parents], period__contains=on, organization__period__contains=on
    )
    for parent, unit in rows.values_list("parent", "organization"):
        if parent is not None:
            found.setdefault(parent, []).append(unit)
    return found


def _binding(organizations: Iterable[int], year: int, on: date) -> dict[int, Target]:
    """Return {organisation id: what binds it on the day}: the latest version decided by then."""
    rows = (
        Target.objects.of_the_year(year)
        .filter(
            Q(decided_on__lte=on) | Q(decided_on=None),
            organization__in=[*organizations],
            kind__in=[Target.Kind.ASSIGNED, Target.Kind.ADJUSTED],
        )
        .order_by("organization", "-version")
        .distinct("organization")
    )
    return {row.organization_id: row for row in rows}


def _papers(targets: Iterable[Target]) -> dict[int, TargetDecision]:
    keys = {one.decision_id for one in targets if one.decision_id is not None}
    return TargetDecision.objects.in_bulk(keys)


def _node(
    organization: Any,
    depth: int,
    targets: dict[int, Target],
    children: list[int],
    papers: dict[int, TargetDecision],
) -> Node:
    given = [targets[unit] for unit in children if unit in targets]
    by = {one.decision_id for one in given if one.decision_id in papers}
    return Node(
        organization=organization,
        depth=depth,
        target=targets.get(organization.pk),
        given=given_out(targets.get(organization.pk), given, units=len(children)),
        papers=sorted(
            (papers[key] for key in by if key is not None),
            key=lambda one: (one.decided_on, one.pk),
        ),
    )


def _in_order(top: int, units: dict[int, Any], parents: dict[int, int]) -> list[int]:
    """Return the ids as a tree is read: each followed by those beneath it, by name."""
    beneath: dict[int, list[int]] = {}
    for key in sorted(units, key=lambda key: (units[key].name_order or "", key)):
        if key != top:
            beneath.setdefault(parents[key], []).append(key)
    found, left = [], [top] if top in units else []
    while left:
        found.append(left.pop())
        left += reversed(beneath.get(found[-1], []))
    return found


def _levels(nodes: list[Node]) -> list[Level]:
    found = []
    for depth in sorted({node.depth for node in nodes}):
        of = [node for node in nodes if node.depth == depth]
        found.append(
            Level(
                depth=depth,
                nodes=len(of),
                low=sum(node.given.low or 0 for node in of),
                high=sum(node.given.high or 0 for node in of),
                given_low=sum(node.given.given_low for node in of),
                given_high=sum(node.given.given_high for node in of),
                reserve=sum(node.given.reserve for node in of),
                over=sum(node.given.over for node in of),
                without=sum(node.without for node in of),
            )
        )
    return found


def _days(organization: Organization, *, depth: int, year: int) -> list[date]:
    lines = Ancestry.objects.filter(ancestor=organization, depth__lte=depth)
    days = (
        Target.objects.of_the_year(year)
        .filter(
            organization__in=lines.values("descendant"),
            kind__in=[Target.Kind.ASSIGNED, Target.Kind.ADJUSTED],
            decided_on__isnull=False,
        )
        .values_list("decided_on", flat=True)
        .order_by("-decided_on")
        .distinct()
    )
    return [day for day in days if day is not None]
