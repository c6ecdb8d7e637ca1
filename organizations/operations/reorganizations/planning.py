"""What a decision would do: its plan, its counts, what stops it. Reads only, set by set."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, F, Q, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organizations.models import (
    Appointment,
    Competence,
    Designation,
    EventAssignment,
    EventUnit,
    Membership,
    Organization,
    Person,
    Placement,
    Post,
    Reorganization,
    ReorganizationEvent,
    ReorganizationKind,
)
from organizations.models.organization import OneOf
from organizations.reorganizing import Line, Plan, PlannedEvent, Refusal, Section, handlers

from .shapes import ENDING

Kind = ReorganizationKind
Superior = EventUnit | int | None
"""Where a unit is placed: a result that is new, an organisation's id, or the top of the tree."""
LISTED = 50
"""Lines that a section names."""
DEEPEST = 32
"""Levels of a tree; a climb that does not end by then goes in a circle."""


def plan_of(reorganization: Reorganization) -> Plan:
    """Return the plan of a decision as the records stand now, withdrawn rows left out."""
    plan = Plan(
        reorganization=reorganization,
        on=reorganization.effective_on,
        events=[_planned(event, units) for event, units in _events(reorganization)],
    )
    _settle_people(plan, kinds_after(plan))
    return plan


def _events(
    reorganization: Reorganization,
) -> Iterator[tuple[ReorganizationEvent, list[EventUnit]]]:
    units = EventUnit.objects.select_related("organization", "kind", "under", "under_unit")
    found: dict[int, list[EventUnit]] = defaultdict(list)
    one_object: dict[int, EventUnit] = {}
    for unit in units.filter(
        event__reorganization=reorganization, event__is_withdrawn=False
    ).order_by("event", "part", "position", "pk"):
        found[unit.event_id].append(unit)
        one_object[unit.pk] = unit
    for unit in one_object.values():
        # One object per row, so that what a new one becomes is seen by those beneath it.
        if unit.under_unit_id in one_object:
            unit.under_unit = one_object[unit.under_unit_id]
    for event in reorganization.events.filter(is_withdrawn=False).order_by("position", "pk"):
        event.reorganization = reorganization
        for unit in found[event.pk]:
            unit.event = event
        yield event, found[event.pk]


def _planned(event: ReorganizationEvent, units: list[EventUnit]) -> PlannedEvent:
    sources = tuple(
        unit.organization
        for unit in units
        if unit.part == EventUnit.Part.SOURCE and unit.organization is not None
    )
    results = tuple(unit for unit in units if unit.part == EventUnit.Part.RESULT)
    ends: tuple[Organization, ...] = ()
    if event.kind in ENDING:
        ends = sources
    elif event.kind == Kind.SPLIT:
        parts = {unit.organization_id for unit in results if not unit.is_new}
        ends = tuple(unit for unit in sources if unit.pk not in parts)
    return PlannedEvent(event=event, sources=sources, results=results, ends=ends)


def kinds_after(plan: Plan) -> dict[int, tuple[bool, bool]]:
    """Return {organisation id: (was a cell before, is a cell afterwards)} of all named ones."""
    before = dict(
        Designation.objects.begun(on=plan.on)
        .filter(organization__in=plan.touched())
        .order_by("period__startswith")
        .values_list("organization", "kind__is_cell")
    )
    after = dict(before)
    for planned in plan.events:
        if planned.event.kind == Kind.CONVERT and planned.results and planned.results[0].kind:
            after[planned.sources[0].pk] = planned.results[0].kind.is_cell
    return {unit: (before.get(unit, False), after.get(unit, False)) for unit in plan.touched()}


def _settle_people(plan: Plan, kinds: dict[int, tuple[bool, bool]]) -> None:
    """Fill in who goes where: by name as assigned, else together to the one cell that receives."""
    assigned: dict[int, list[tuple[int, int]]] = defaultdict(list)
    rows = EventAssignment.objects.filter(event__in=[one.event.pk for one in plan.events])
    for event, person, unit in rows.values_list("event", "person", "unit"):
        assigned[event].append((person, unit))
    for planned in plan.events:
        cells = [unit.pk for unit in planned.sources if kinds[unit.pk][0]]
        results = {unit.pk: unit for unit in planned.results}
        for person, unit in assigned[planned.event.pk]:
            for cell in cells:
                plan.homes[cell, person] = results[unit]
        if receiver := _receiver(planned, kinds):
            for cell in cells:
                plan.receivers[cell] = receiver


def _receiver(planned: PlannedEvent, kinds: dict[int, tuple[bool, bool]]) -> EventUnit | None:
    kind = planned.event.kind
    if kind in (Kind.MERGE, Kind.CONSOLIDATE) and planned.results:
        return planned.results[0]
    if kind in (Kind.DISSOLVE, Kind.DISBAND):
        receiving = [unit for unit in planned.results if will_be_cell(unit, kinds)]
        return receiving[0] if len(receiving) == 1 else None
    return None


def will_be_cell(unit: EventUnit, kinds: dict[int, tuple[bool, bool]]) -> bool:
    """Say whether a result is a cell once the decision is applied."""
    if unit.kind is not None:
        return unit.kind.is_cell
    return kinds.get(unit.organization_id or 0, (False, False))[1]


@dataclass
class Ground:
    """What the records hold of a plan's units on its day, read once; and what follows from it.

    `rows` is {id: the first row that names it}, `changed` the same of those that are sources.
    `moves` is {id of an organisation that lives on: its new superior}, `kept` the same of those
    that end, `founded` of the new ones. `people` are the memberships that change cells:
    (membership id, person id, cell id, result); `taken` is {id of a result: members it has of a
    source}, those who stay too; `homeless` {cell id: members without a place}.
    """

    plan: Plan
    kinds: dict[int, tuple[bool, bool]]
    named: dict[int, Designation] = field(default_factory=dict)
    units: dict[int, Organization] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)
    changed: dict[int, int] = field(default_factory=dict)
    superiors: dict[int, int | None] = field(default_factory=dict)
    children: dict[int, list[int]] = field(default_factory=dict)
    moves: dict[int, Superior] = field(default_factory=dict)
    kept: dict[int, Superior] = field(default_factory=dict)
    founded: list[tuple[EventUnit, Superior]] = field(default_factory=list)
    renamed: list[tuple[PlannedEvent, EventUnit]] = field(default_factory=list)
    people: list[tuple[int, int, int, EventUnit]] = field(default_factory=list)
    taken: Counter[int] = field(default_factory=Counter)
    homeless: dict[int, int] = field(default_factory=dict)
    ended: dict[int, PlannedEvent] = field(default_factory=dict)
    split: dict[int, PlannedEvent] = field(default_factory=dict)

    @property
    def on(self) -> date:
        return self.plan.on

    def name(self, organization: int | None) -> str:
        """Return the name on the effective day, or the first one of what began later."""
        called = self.named.get(organization or 0)
        return called.name if called else _("the top of the tree")

    def name_of(self, superior: Superior) -> str:
        if isinstance(superior, EventUnit):
            return superior.name or self.name(superior.organization_id)
        return self.name(superior)

    def is_cell(self, superior: Superior) -> bool:
        """Say whether a superior would be a cell, which nothing stands beneath."""
        if isinstance(superior, EventUnit):
            return will_be_cell(superior, self.kinds)
        if superior in self.kinds:
            return self.kinds[superior][1]
        called = self.named.get(superior or 0)
        return bool(called and called.kind.is_cell)

    def open_on(self) -> Q:
        return Q(period__contains=self.on, period__startswith__lt=self.on)


def ground_of(plan: Plan) -> Ground:
    """Read what `plan` stands on; some fifteen queries, whatever the number of its units."""
    ground = Ground(plan=plan, kinds=kinds_after(plan))
    for planned in plan.events:
        for unit in planned.sources:
            ground.units[unit.pk] = unit
            ground.changed.setdefault(unit.pk, planned.row)
            ground.rows.setdefault(unit.pk, planned.row)
        for result in planned.results:
            for one in (result.organization, result.under):
                if one is not None:
                    ground.units.setdefault(one.pk, one)
                    ground.rows.setdefault(one.pk, planned.row)
        for unit in planned.ends:
            ground.ended.setdefault(unit.pk, planned)
        if planned.event.kind == Kind.SPLIT:
            ground.split.setdefault(planned.sources[0].pk, planned)
    ground.superiors = dict(
        Placement.objects.filter(
            organization__in=ground.units, period__contains=ground.on
        ).values_list("organization", "parent")
    )
    _read_children(ground)
    ground.named = _named(ground)
    _read_moves(ground)
    _read_people(ground)
    return ground


def among(column: str, ids: Iterable[int]) -> OneOf:
    """Return the condition that `column` is one of `ids`, sent as one array.

    Ten thousand parameters, as `__in` sends them, take longer to write than to answer.
    """
    return OneOf(F(column), Value([*ids], output_field=ArrayField(BigIntegerField())))


def _read_children(ground: Ground) -> None:
    losing = [
        unit.pk
        for planned in ground.plan.events
        if planned.event.kind in ENDING or planned.event.kind == Kind.SPLIT
        for unit in planned.sources
    ]
    converted = [
        planned.sources[0].pk
        for planned in ground.plan.events
        if planned.event.kind == Kind.CONVERT and planned.sources
    ]
    placed = Placement.objects.filter(
        parent__in=[*losing, *converted],
        period__contains=ground.on,
        organization__period__contains=ground.on,
    ).order_by("organization")
    for parent, child in placed.values_list("parent", "organization"):
        ground.children.setdefault(parent, []).append(child)
        ground.superiors[child] = parent


def _named(ground: Ground) -> dict[int, Designation]:
    """Return the designations on the day of all that the plan names, moves or places anew."""
    wanted = set(ground.units) | {unit for line in ground.children.values() for unit in line}
    wanted |= {unit for unit in ground.superiors.values() if unit}
    wanted.add(ground.plan.reorganization.organization_id)
    rows = Designation.objects.begun(on=ground.on).filter(among("organization", wanted))
    called = {row.organization_id: row for row in reversed(rows.select_related("kind"))}
    late = wanted - set(called)
    if late:
        later = Designation.objects.filter(organization__in=late).select_related("kind")
        called |= {row.organization_id: row for row in later.order_by("-period__startswith")}
    return called


def _read_moves(ground: Ground) -> None:
    explicit: dict[int, Superior] = {}
    for planned in ground.plan.events:
        kind = planned.event.kind
        if kind == Kind.MOVE and planned.results:
            for unit in planned.sources:
                explicit.setdefault(unit.pk, planned.results[0].organization_id)
        if kind in (Kind.MERGE, Kind.CONSOLIDATE) and planned.results:
            for unit in planned.sources:
                ground.kept[unit.pk] = _as_superior(planned.results[0])
        if kind == Kind.CONVERT and planned.results and _renames(ground, planned):
            ground.renamed.append((planned, planned.results[0]))
        for result in planned.results:
            if result.is_new:
                ground.founded.append((result, _superior_of_new(ground, planned, result)))
    for parent, children in ground.children.items():
        for child in children:
            if child in explicit or child in ground.ended:
                continue
            heir = _heir(ground, parent, child)
            if heir is not _STAYS:
                ground.moves[child] = heir  # type: ignore[assignment]
    ground.moves.update(
        {unit: under for unit, under in explicit.items() if unit not in ground.ended}
    )


_STAYS = object()
"""The unit stays where it is, or nobody said where it goes."""


def _heir(ground: Ground, parent: int, child: int) -> Superior | object:
    """Return under whom a unit beneath a source goes; `_STAYS` where nothing moves it."""
    if planned := ground.split.get(parent):
        result = part_of_unit(planned, child)
        if result is None or result.organization_id == parent:
            return _STAYS
        return _as_superior(result)
    if parent not in ground.ended:
        return _STAYS
    heir = _successor(ground, parent)
    if heir == child:  # merged into one beneath it, which takes its place
        above = ground.superiors.get(parent)
        return _successor(ground, above) if above in ground.ended else above
    return heir


def _successor(ground: Ground, ended: int) -> Superior:
    """Return what takes the units of one that ends: its successor, else the superior that lives."""
    seen: set[int] = set()
    unit: int | None = ended
    while unit is not None and unit in ground.ended and unit not in seen:
        seen.add(unit)
        planned = ground.ended[unit]
        if planned.event.kind in (Kind.MERGE, Kind.CONSOLIDATE) and planned.results:
            return _as_superior(planned.results[0])
        for result in planned.results:
            if planned.event.kind in ENDING and not will_be_cell(result, ground.kinds):
                return _as_superior(result)
        unit = ground.superiors.get(unit)
    return unit


def part_of_unit(planned: PlannedEvent, unit: int) -> EventUnit | None:
    """Return the part of a split committee to which the unit beneath it goes, None if unsaid."""
    chosen = (planned.event.choices.get("organizations") or {}).get("units") or {}
    wanted = chosen.get(str(unit))
    return next((result for result in planned.results if result.pk == wanted), None)


def _as_superior(unit: EventUnit) -> Superior:
    return unit if unit.is_new else unit.organization_id


def _superior_of_new(ground: Ground, planned: PlannedEvent, unit: EventUnit) -> Superior:
    if unit.under_unit is not None:
        return unit.under_unit
    if unit.under_id is not None:
        return unit.under_id
    if planned.event.kind == Kind.FOUND or not planned.sources:
        return ground.plan.reorganization.organization_id
    first = planned.sources[0].pk
    if planned.event.kind == Kind.CONVERT:
        return first
    above = ground.superiors.get(first)
    return _successor(ground, above) if above in ground.ended else above


def _renames(ground: Ground, planned: PlannedEvent) -> bool:
    now = ground.named.get(planned.sources[0].pk)
    then = planned.results[0]
    if now is None:
        return True
    return then.kind_id != now.kind_id or then.name not in ("", now.name)


def losing_cells(ground: Ground) -> dict[int, PlannedEvent]:
    """Return {cell id: event} of the cells that keep none, or not all, of their people."""
    found: dict[int, PlannedEvent] = {}
    for planned in ground.plan.events:
        kind = planned.event.kind
        for unit in planned.sources:
            was, is_now = ground.kinds[unit.pk]
            ceases = kind == Kind.CONVERT and not is_now
            if was and (kind in ENDING or kind == Kind.SPLIT or ceases):
                found.setdefault(unit.pk, planned)
    return found


def _read_people(ground: Ground) -> None:
    losing = losing_cells(ground)
    rows = (
        Membership.objects.filter(ground.open_on(), cell__in=losing)
        .order_by("pk")
        .values_list("pk", "person", "cell")
    )
    for membership, person, cell in rows:
        result = ground.plan.destination(cell, person)
        if result is None:
            ground.homeless[cell] = ground.homeless.get(cell, 0) + 1
            continue
        ground.taken[result.pk] += 1
        if result.organization_id != cell:
            ground.people.append((membership, person, cell, result))


@dataclass(frozen=True)
class Look:
    """What a decision would do if it were applied now, and a digest that changes when that does."""

    plan: Plan
    counts: dict[str, int]
    sections: list[Section]
    refusals: list[Refusal]
    warnings: list[Refusal]
    digest: str


def look(reorganization: Reorganization, *, on: date) -> Look:
    """Return what `reorganization` would do as the records stand now; writes nothing."""
    plan = plan_of(reorganization)
    ground = ground_of(plan)
    return look_at(ground)


def look_at(ground: Ground) -> Look:
    """Return the look of a ground that is read already."""
    # Here, as the refusals look at the plans of other decisions with this module's own words.
    from .refusals import refusals_of, warnings_of  # noqa: PLC0415

    plan = ground.plan
    sections = sections_of(ground)
    refusals = refusals_of(ground)
    warnings = warnings_of(ground)
    for handler in handlers:
        sections.extend(handler.sections(plan))
        refusals.extend(handler.refusals(plan))
        warnings.extend(handler.warnings(plan))
    counts = {section.key: section.count for section in sections}
    for told in (refusals, warnings):
        told.sort(key=lambda one: one.row or 0)
    return Look(
        plan=plan,
        counts=counts,
        sections=sections,
        refusals=refusals,
        warnings=warnings,
        digest=_digest(ground, sections, refusals, warnings),
    )


def _digest(
    ground: Ground,
    sections: list[Section],
    refusals: list[Refusal],
    warnings: list[Refusal],
) -> str:
    """Return a text that is the same as long as the decision would do the same.

    Made of ids and numbers, never of sentences: a worker may speak another language.
    """
    said = {
        "on": f"{ground.on:%Y-%m-%d}",
        "number": ground.plan.reorganization.number,
        "events": [
            [
                planned.event.pk,
                planned.event.kind,
                [unit.pk for unit in planned.sources],
                [[unit.pk, unit.kind_id, unit.name] for unit in planned.results],
                planned.event.choices,
            ]
            for planned in ground.plan.events
        ],
        "homes": sorted(
            [cell, person, unit.pk] for (cell, person), unit in ground.plan.homes.items()
        ),
        "moves": sorted([unit, _key(under)] for unit, under in ground.moves.items()),
        "people": sorted([row, result.pk] for row, _person, _cell, result in ground.people),
        "sections": [
            [section.key, section.count, [line.url for line in section.lines]]
            for section in sections
        ],
        "refusals": sorted(one.row or 0 for one in refusals),
        "warnings": sorted(one.row or 0 for one in warnings),
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _key(superior: Superior) -> str:
    if isinstance(superior, EventUnit):
        return f"new {superior.pk}"
    return str(superior)


def sections_of(ground: Ground) -> list[Section]:
    """Return what the decision does to this floor's own rows; see `Section`."""
    named = ground.name
    posts, appointments, competences = (ending(ground, model) for model in ENDED_WITH)
    return [
        Section(
            "founded",
            gettext_lazy("Organisations founded"),
            len(ground.founded),
            [Line(unit.name) for unit, _under in ground.founded[:LISTED]],
        ),
        Section(
            "ended",
            gettext_lazy("Organisations that end"),
            len(ground.ended),
            [Line(named(unit)) for unit in list(ground.ended)[:LISTED]],
        ),
        Section(
            "moved",
            gettext_lazy("Organisations with another superior"),
            len(ground.moves),
            [
                Line(f"{named(unit)} → {ground.name_of(under)}")
                for unit, under in list(ground.moves.items())[:LISTED]
            ],
        ),
        Section(
            "renamed",
            gettext_lazy("Organisations with another name or kind"),
            len(ground.renamed),
            [
                Line(f"{named(one.sources[0].pk)} → {unit.name or named(one.sources[0].pk)}")
                for one, unit in ground.renamed[:LISTED]
            ],
        ),
        Section(
            "members",
            gettext_lazy("Members who go to another cell"),
            len(ground.people),
            _lines_of_people(ground),
            has_names=True,
        ),
        Section("posts", gettext_lazy("Posts that end"), posts.count()),
        Section("appointments", gettext_lazy("Roles that end"), appointments.count()),
        Section("competences", gettext_lazy("Competences that end"), competences.count()),
    ]


ENDED_WITH = (Post, Appointment, Competence)
"""What ends with its organisation: who held something there, and what it decided."""


def ending(ground: Ground, model: Any) -> Any:
    """Return the rows of `model` that end on the day with the organisations that end."""
    return model.objects.filter(ground.open_on(), organization__in=ground.ended)


def _lines_of_people(ground: Ground) -> list[Line]:
    goes = {person: (cell, result) for _row, person, cell, result in ground.people}
    people = Person.objects.filter(pk__in=goes).order_by("name_order", "pk")[:LISTED]
    return [
        Line(
            f"{person}: {ground.name(goes[person.pk][0])}"
            f" → {goes[person.pk][1].name or ground.name(goes[person.pk][1].organization_id)}"
        )
        for person in people
    ]
