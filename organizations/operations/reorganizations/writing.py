"""What a decision writes, set by set; called by `applying` under the lock of the tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from django.db import connection
from django.utils.text import slugify

from config import names
from config.periods import since
from organizations.models import (
    Ancestry,
    Appointment,
    Designation,
    EventUnit,
    Lineage,
    Organization,
    ReorganizationKind,
    Role,
)
from organizations.models.organization import designation_keys
from organizations.operations.handovers import open_for_ended
from organizations.operations.structure import derive_ancestry
from organizations.reorganizing import PlannedEvent, Progress

from .planning import ENDED_WITH, Ground, Superior, among

Kind = ReorganizationKind
AT_ONCE = 500
"""Organisations whose ancestry is derived between two words of how far the job is."""

CLOSE = """
    UPDATE {table} SET period = daterange(lower(period), %(day)s)
    WHERE {key} = ANY(%(units)s) AND period @> %(day)s::date AND lower(period) < %(day)s
"""

PLACE = """
    INSERT INTO organizations_placement
        (organization_id, parent_id, period, decision_number, reorganization_id)
    SELECT unit, superior, daterange(%(day)s, NULL), %(number)s, %(decision)s
    FROM unnest(%(units)s::bigint[], %(superiors)s::bigint[]) AS placed(unit, superior)
"""

GO_ELSEWHERE = """
    INSERT INTO organizations_membership (person_id, cell_id, status, period, reason_in, reason_out)
    SELECT old.person_id, going.cell, old.status, daterange(%(day)s, going.out), 'reorganised',
        going.reason
    FROM unnest(%(rows)s::bigint[], %(cells)s::bigint[], %(outs)s::date[], %(reasons)s::text[])
        AS going(row, cell, out, reason)
    JOIN organizations_membership AS old ON old.id = going.row
    ORDER BY going.row
"""


def write(ground: Ground, *, progress: Progress) -> dict[str, int]:
    """Write what this floor does; return {key of a section: rows written}.

    The order is what the triggers ask for: founded before anything goes there, units and people
    gone before what they leave ends.
    """
    counts = {
        "founded": _found(ground, progress=progress),
        "renamed": _rename(ground),
        "moved": _place(ground, progress=progress),
        "members": _move_people(ground),
    }
    for key, model in zip(("posts", "appointments", "competences"), ENDED_WITH, strict=True):
        counts[key] = _close(model._meta.db_table, "organization_id", ground.ended, ground.on)
    counts["ended"] = _end(ground, progress=progress)
    _tell_lineage(ground)
    _hand_over(ground)
    return counts


def _hand_over(ground: Ground) -> None:
    """Let the secretaries of what ends hand over to those of what it went into."""
    left = Appointment.objects.filter(
        organization__in=ground.ended, role=Role.SECRETARY, period__endswith=ground.on
    )
    open_for_ended(left, on=ground.on)


def _found(ground: Ground, *, progress: Progress) -> int:
    units = [unit for unit, _under in ground.founded]
    slugs = _free_slugs([unit.name for unit in units])
    decision = ground.plan.reorganization
    made = Organization.objects.bulk_create(
        Organization(
            slug=slug,
            period=since(ground.on),
            is_grassroots_unit=unit.kind.is_grassroots if unit.kind else False,
        )
        for unit, slug in zip(units, slugs, strict=True)
    )
    for unit, organization in zip(units, made, strict=True):
        unit.organization = organization
    first = {
        planned.event.pk: ground.named.get(planned.sources[0].pk)
        for planned in ground.plan.events
        if planned.sources
    }
    Designation.objects.bulk_create(
        Designation(
            organization=unit.organization,
            name=unit.name,
            short_name=unit.short_name or unit.name[:60],
            **designation_keys(unit.name),
            kind=unit.kind,
            **_inherited(first.get(unit.event_id)),
            period=since(ground.on),
            decision_number=decision.number,
            reorganization=decision,
        )
        for unit in units
    )
    progress(len(units))
    return len(made)


def _inherited(source: Designation | None) -> dict[str, str]:
    """Return the sector and group that a new unit has from the first source of its event."""
    return {"sector": source.sector, "group": source.group} if source else {}


def _free_slugs(wanted: Sequence[str]) -> list[str]:
    """Return an unused address for each of the names; one query."""
    bases = [slugify(names.search_key(name))[:70] or "to-chuc" for name in wanted]
    taken = set(
        Organization.objects.filter(slug__regex=f"^({'|'.join(sorted(set(bases)))})(-[0-9]+)?$")
        .values_list("slug", flat=True)
    ) if bases else set()  # fmt: skip
    free = []
    for base in bases:
        slug, number = base, 1
        while slug in taken:
            number += 1
            slug = f"{base}-{number}"
        taken.add(slug)
        free.append(slug)
    return free


def _rename(ground: Ground) -> int:
    if not ground.renamed:
        return 0
    decision = ground.plan.reorganization
    units = [planned.sources[0].pk for planned, _result in ground.renamed]
    _close("organizations_designation", "organization_id", units, ground.on)
    rows = []
    for planned, result in ground.renamed:
        old = ground.named[planned.sources[0].pk]
        name = result.name or old.name
        rows.append(
            Designation(
                organization=planned.sources[0],
                name=name,
                short_name=result.short_name or (old.short_name if not result.name else name[:60]),
                **designation_keys(name),
                kind=result.kind or old.kind,
                sector=old.sector,
                group=old.group,
                period=since(ground.on),
                decision_number=decision.number,
                reorganization=decision,
            )
        )
    Designation.objects.bulk_create(rows)
    for is_grassroots in (True, False):
        Organization.objects.filter(
            pk__in=[row.organization_id for row in rows if row.kind.is_grassroots == is_grassroots]
        ).exclude(is_grassroots_unit=is_grassroots).update(is_grassroots_unit=is_grassroots)
    return len(rows)


def _place(ground: Ground, *, progress: Progress) -> int:
    """Place anew what moves, what ends, and what is new; derive the ancestry of all beneath."""
    decision = ground.plan.reorganization
    anew = {**ground.moves, **ground.kept}
    _close("organizations_placement", "organization_id", anew, ground.on)
    placed: list[tuple[int, Superior]] = [
        (unit.organization_id or 0, under) for unit, under in ground.founded
    ]
    placed += list(anew.items())
    with connection.cursor() as cursor:
        cursor.execute(
            PLACE,
            {
                "units": [unit for unit, _under in placed],
                "superiors": [organization_of(under) for _unit, under in placed],
                "day": ground.on,
                "number": decision.number,
                "decision": decision.pk,
            },
        )
    beneath = Ancestry.objects.filter(among("ancestor", anew), valid_to__gt=ground.on)
    changed = sorted(
        {unit for unit, _under in placed} | set(beneath.values_list("descendant", flat=True))
    )
    told = 0
    for start in range(0, len(changed), AT_ONCE):
        derive_ancestry(changed[start : start + AT_ONCE])
        done = len(ground.moves) * min(start + AT_ONCE, len(changed)) // len(changed)
        progress(done - told)
        told = done
    return len(ground.moves)


def organization_of(superior: Superior) -> int | None:
    """Return the id of a superior, a new one's once it is founded."""
    return superior.organization_id if isinstance(superior, EventUnit) else superior


def _move_people(ground: Ground) -> int:
    """Close each membership on the day and open one in the new cell, same standing, no gap."""
    if not ground.people:
        return 0
    going = {row: result.organization_id for row, _person, _cell, result in ground.people}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, upper(period), reason_out FROM organizations_membership"
            " WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
            [list(going)],
        )
        old = cursor.fetchall()
        cursor.execute(
            "UPDATE organizations_membership SET period = daterange(lower(period), %s),"
            " reason_out = 'reorganised' WHERE id = ANY(%s)",
            [ground.on, list(going)],
        )
        cursor.execute(
            GO_ELSEWHERE,
            {
                "day": ground.on,
                "rows": [row for row, _out, _reason in old],
                "cells": [going[row] for row, _out, _reason in old],
                "outs": [out for _row, out, _reason in old],
                "reasons": [reason for _row, _out, reason in old],
            },
        )
        return int(cursor.rowcount)


def _close(table: str, key: str, units: Iterable[int], day: date) -> int:
    with connection.cursor() as cursor:
        cursor.execute(CLOSE.format(table=table, key=key), {"day": day, "units": list(units)})
        return int(cursor.rowcount)


def _end(ground: Ground, *, progress: Progress) -> int:
    """End what ends, the lowest first: nothing ends before what stands beneath it."""
    _close("organizations_designation", "organization_id", ground.ended, ground.on)
    levels: dict[int, list[int]] = defaultdict(list)
    for unit in ground.ended:
        levels[_steps_among(unit, ground)].append(unit)
    for level in sorted(levels, reverse=True):
        _close("organizations_organization", "id", levels[level], ground.on)
        progress(len(levels[level]))
    return len(ground.ended)


def _steps_among(unit: int, ground: Ground) -> int:
    steps = 0
    above = ground.superiors.get(unit)
    while above in ground.ended and steps < len(ground.ended):
        steps += 1
        above = ground.superiors.get(above or 0)
    return steps


def _tell_lineage(ground: Ground) -> None:
    decision = ground.plan.reorganization
    Lineage.objects.bulk_create(
        (
            Lineage(
                predecessor_id=predecessor,
                successor_id=successor,
                kind=planned.event.kind,
                reorganization=decision,
                on=ground.on,
            )
            for planned in ground.plan.events
            for predecessor, successor in _successions(planned)
        ),
        batch_size=5000,
    )


def _successions(planned: PlannedEvent) -> list[tuple[int, int]]:
    if planned.event.kind in (Kind.FOUND, Kind.MOVE):
        return []
    return [
        (unit.pk, result.organization_id)
        for unit in planned.sources
        for result in planned.results
        if result.organization_id and result.organization_id != unit.pk
    ]
