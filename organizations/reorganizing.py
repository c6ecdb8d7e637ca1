"""A reorganisation as a plan, and who else has a say in it.

`operations.reorganizations` makes a `Plan` of a decision's events. Each app above registers a
`Handler` when it is ready; the preview asks all of them, a refusal of any stops the decision, and
applying calls all of them in one transaction: this ground floor first, then in order of
registration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from django import forms
    from django_stubs_ext import StrPromise

    from organizations.models import (
        EventUnit,
        Organization,
        Reorganization,
        ReorganizationEvent,
        User,
    )

Progress = Callable[[int], None]
"""Told how many more units of the job are done; writes by a connection of its own."""


@dataclass(frozen=True)
class Refusal:
    """Why the decision cannot be applied: the row of the event (None: the decision) and why."""

    row: int | None
    sentence: str


@dataclass(frozen=True)
class Line:
    """One named thing that a section of the preview lists, with its page if it has one."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Section:
    """What the decision does to one kind of thing: `count` of them, the first ones by name.

    `key` names the count in `Reorganization.preview` and, after applying, in `outcome`: both
    hold the same number. `has_names` sections are shown to those who see people by name.
    """

    key: str
    title: str | StrPromise
    count: int
    lines: Sequence[Line] = ()
    has_names: bool = False


@dataclass(frozen=True)
class PlannedEvent:
    """One event with its units resolved; `ends` are the sources that exist no more afterwards.

    Results that are new have no `organization` until the plan is being applied.
    """

    event: ReorganizationEvent
    sources: tuple[Organization, ...]
    results: tuple[EventUnit, ...]
    ends: tuple[Organization, ...] = ()

    @property
    def row(self) -> int:
        return self.event.position


@dataclass
class Plan:
    """What a decision does on its day, event by event.

    `homes` is {(cell id, person id): result} for the people assigned by name, `receivers`
    {cell id: result} for those of a cell who go to one place together. A person may be a member or
    a candidate; both follow the same answer.
    """

    reorganization: Reorganization
    on: date
    events: list[PlannedEvent]
    homes: dict[tuple[int, int], EventUnit] = field(default_factory=dict)
    receivers: dict[int, EventUnit] = field(default_factory=dict)

    def emptied(self) -> set[int]:
        """Return the ids of the cells whose people, or some of them, go elsewhere."""
        return set(self.receivers) | {cell for cell, _person in self.homes}

    def destination(self, cell_id: int, person_id: int) -> EventUnit | None:
        """Return the result to which a person of a cell goes, None where nobody said."""
        return self.homes.get((cell_id, person_id)) or self.receivers.get(cell_id)

    def ended(self) -> list[Organization]:
        """Return the organisations that exist no more from the day on."""
        return [unit for planned in self.events for unit in planned.ends]

    def touched(self) -> set[int]:
        """Return the ids of all existing organisations that the decision names."""
        return {unit.pk for planned in self.events for unit in planned.sources} | {
            unit.organization_id
            for planned in self.events
            for unit in planned.results
            if unit.organization_id
        }


class Handler(Protocol):
    """What an app above has to say to a reorganisation, and does when it is applied.

    `label` is the app's label: the key of its part of `ReorganizationEvent.choices`.
    """

    label: str

    def fields(self, planned: PlannedEvent) -> Mapping[str, forms.Field]:
        """Return the form fields by which the drafter chooses for this event; {} for none."""

    def chosen(self, planned: PlannedEvent, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is kept in `choices[label]` (plain JSON); DomainError(fields=…) refuses."""

    def sections(self, plan: Plan) -> list[Section]:
        """Return what the plan does to this app's rows; reads only, lists the first 50 of each."""

    def refusals(self, plan: Plan) -> list[Refusal]:
        """Return what stops the decision."""

    def warnings(self, plan: Plan) -> list[Refusal]:
        """Return what somebody should know, and does not stop it."""

    def apply(self, plan: Plan, *, by: User, progress: Progress) -> dict[str, int]:
        """Do it, counting the rows really written: {key of a section: how many}."""

    def figures(self, plan: Plan) -> list[dict[str, Any]]:
        """Return the figures above and at the units of the plan, in both lenses, as they are now.

        Plain JSON; asked before and after a trial run, so that a preview shows both:
        [{"organization": id, "year": Y, "lens": "then", "opening_members": …, "target_low": …,
        "target_high": …, "admitted": …}, …]. Empty for an app without figures.
        """


handlers: list[Handler] = []


def register(handler: Handler) -> None:
    """Have `handler` asked from now on; once per label."""
    if handler.label not in {known.label for known in handlers}:
        handlers.append(handler)
