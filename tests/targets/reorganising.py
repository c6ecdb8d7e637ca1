"""Decisions that reorganise, in one call: drafted, chosen, previewed, confirmed, applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

from organizations.models import (
    Organization,
    Person,
    Reorganization,
    ReorganizationEvent,
    Role,
    User,
)
from organizations.operations import reorganizations as ops
from organizations.operations.reorganizations import NewUnit
from tests.makers import officer

TODAY = date(2021, 12, 31)
FIRST_OF_JULY = date(2021, 7, 1)

_numbers = count(1)


@dataclass
class Event:
    """One event; `choose` makes the answers about targets, `homes` says who goes where by name."""

    kind: str
    sources: Sequence[Organization]
    results: Sequence[Organization | NewUnit] = ()
    choose: Callable[[ReorganizationEvent], Mapping[str, Any]] | None = None
    homes: Mapping[str, Sequence[Person]] = field(default_factory=dict)
    units: Mapping[Organization, str] = field(default_factory=dict)


def results(event: ReorganizationEvent) -> dict[str, int]:
    """{name of a result: its id in the event}; an existing one goes by its address."""
    return {
        unit.name or unit.organization.slug: unit.pk
        for unit in event.units.filter(part="result").select_related("organization")
    }


def drafted(
    top: Organization, *events: Event, effective_on: date = FIRST_OF_JULY, on: date = TODAY
) -> tuple[Reorganization, User]:
    """A draft with all that its events ask for, and who drafted it."""
    number = next(_numbers)
    drafter = officer(f"soan-{number}", top, Role.STAFF)
    decision = ops.draft(
        top, by=drafter, on=on, number=f"{number}-QĐ/TU", signed_on=min(on, effective_on),
        signer="Nguyễn Văn Ký", effective_on=effective_on,
    )  # fmt: skip
    for event in events:
        row = ops.add_event(
            decision, by=drafter, on=on, kind=event.kind, sources=event.sources,
            results=event.results,
        )  # fmt: skip
        named = results(row)
        if event.homes:
            people = {one.pk: named[name] for name, group in event.homes.items() for one in group}
            ops.assign(row, by=drafter, on=on, people=people)
        if event.units:
            units = {unit.pk: named[name] for unit, name in event.units.items()}
            ops.choose(row, by=drafter, on=on, label="organizations", cleaned={"units": units})
        if event.choose:
            ops.choose(row, by=drafter, on=on, label="targets", cleaned=event.choose(row))
    return decision, drafter


def reorganise(
    top: Organization, *events: Event, effective_on: date = FIRST_OF_JULY, on: date = TODAY
) -> Reorganization:
    """The decision applied as the worker does it; its preview said what it did."""
    decision, drafter = drafted(top, *events, effective_on=effective_on, on=on)
    previewed = ops.preview(decision, by=drafter, on=on)
    assert previewed.preview is not None
    assert previewed.preview["refusals"] == [], previewed.preview["refusals"]
    approver = officer(f"duyet-{decision.pk}", top, Role.APPROVER)
    ops.confirm(decision, by=approver, on=on)
    [applied] = ops.apply_due(on=on)
    assert applied.outcome is not None
    assert applied.outcome["counts"] == previewed.preview["counts"]
    return applied
