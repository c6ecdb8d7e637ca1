"""Decisions on a small tree, in few words: drafted, previewed, confirmed, applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from admissions.models import Candidate
from organizations.models import (
    Appointment,
    Competence,
    Designation,
    Lineage,
    Membership,
    Organization,
    Person,
    Placement,
    Post,
    Reorganization,
    ReorganizationEvent,
    Role,
    User,
)
from organizations.operations import reorganizations as ops
from organizations.operations.reorganizations import NewUnit
from targets.models import Target
from tests.makers import BEGINNING, authority, cell, members, officer, stand_on, unit

TODAY = date(2021, 5, 28)
SIGNED = date(2021, 4, 20)
EFFECTIVE = date(2021, 5, 1)
EVE = EFFECTIVE - timedelta(days=1)
FIRST = f"{BEGINNING:%Y-%m-%d}"
CUT = f"{EFFECTIVE:%Y-%m-%d}"

Event = tuple[str, Sequence[Organization], Sequence[Organization | NewUnit]]


@dataclass
class Tree:
    """A top that decides, two committees with two cells each; members of the first two cells."""

    top: Organization
    mine: Organization
    other: Organization
    one: Organization
    two: Organization
    three: Organization
    four: Organization
    people: dict[str, list[Person]]
    drafter: User
    approver: User
    users: dict[str, User] = field(default_factory=dict)

    def draft(self, *events: Event, **head: Any) -> Reorganization:
        """A draft by the staff of the top, in force from `EFFECTIVE` unless told otherwise."""
        values = {
            "by": self.drafter, "on": TODAY, "number": "15-QĐ/ĐU", "signed_on": SIGNED,
            "signer": "Nguyễn Văn Ký", "effective_on": EFFECTIVE, **head,
        }  # fmt: skip
        decision = ops.draft(values.pop("organization", self.top), **values)
        for kind, sources, results in events:
            self.add(decision, kind, sources, results)
        return decision

    def add(
        self,
        decision: Reorganization,
        kind: str,
        sources: Sequence[Organization],
        results: Sequence[Organization | NewUnit],
    ) -> ReorganizationEvent:
        return ops.add_event(
            decision, by=self.drafter, on=TODAY, kind=kind, sources=sources, results=results
        )

    def assign(self, event: ReorganizationEvent, homes: Mapping[str, Sequence[Person]]) -> None:
        """Assign people to results by name; "" is the source itself."""
        units = {unit.name: unit.pk for unit in event.units.filter(part="result")}
        ops.assign(
            event,
            by=self.drafter,
            on=TODAY,
            people={one.pk: units[name] for name, people in homes.items() for one in people},
        )

    def preview(self, decision: Reorganization) -> Reorganization:
        return ops.preview(decision, by=self.drafter, on=TODAY)

    def confirm(self, decision: Reorganization, *, on: date = TODAY) -> Reorganization:
        return ops.confirm(decision, by=self.approver, on=on)

    def applied(self, decision: Reorganization) -> Reorganization:
        """Previewed, confirmed, and applied as the worker does it; with its outcome."""
        self.preview(decision)
        self.confirm(decision)
        [applied] = ops.apply_due(on=max(TODAY, decision.effective_on))
        return applied

    def refusals(self, decision: Reorganization) -> list[tuple[int | None, str]]:
        seen = ops.look(decision, on=TODAY)
        return [(one.row, one.sentence) for one in seen.refusals]


def tree() -> Tree:
    """The tree on 28/5/2021, with everything that an organisation may have."""
    stand_on(TODAY)
    top = authority("tren")
    mine, other = unit("khe-cham", top), unit("hon-gai", top)
    one, two = cell("mot", mine), cell("hai", mine)
    three, four = cell("ba", other), cell("bon", other)
    return Tree(
        top=top,
        mine=mine,
        other=other,
        one=one,
        two=two,
        three=three,
        four=four,
        people={"one": members(one, 4), "two": members(two, 2)},
        drafter=officer("canbo", top, Role.STAFF),
        approver=officer("duyet", top, Role.APPROVER),
    )


def _period(period: Any) -> str:
    return f"{period.lower}:{period.upper or ''}"


def placed(*units: Organization) -> set[tuple[str, str | None, str]]:
    """{(unit, superior, from:to)} of `units`, or of all, by their addresses."""
    rows = Placement.objects.all()
    if units:
        rows = rows.filter(organization__in=units)
    return {
        (unit, above, _period(period))
        for unit, above, period in rows.values_list("organization__slug", "parent__slug", "period")
    }


def belongings(*people: Person) -> set[tuple[str, str, str, str, str]]:
    """{(cell, status, from:to, in, out)} of `people`."""
    rows = Membership.objects.filter(person__in=people)
    return {
        (one, status, _period(period), came, went)
        for one, status, period, came, went in rows.values_list(
            "cell__slug", "status", "period", "reason_in", "reason_out"
        )
    }


def called(of: Organization) -> set[tuple[str, str, str]]:
    """{(name, kind, from:to)} of one organisation."""
    rows = Designation.objects.filter(organization=of)
    return {
        (name, kind, _period(period))
        for name, kind, period in rows.values_list("name", "kind", "period")
    }


def lineage() -> set[tuple[str, str, str]]:
    """{(predecessor, successor, kind)} of all."""
    return set(Lineage.objects.values_list("predecessor__slug", "successor__slug", "kind"))


def existed(of: Organization) -> str:
    return _period(Organization.objects.get(pk=of.pk).period)


class Recount:
    """What changed in the tables between two looks, counted without the operation's own words."""

    def __init__(self) -> None:
        self._before = self._seen()

    @staticmethod
    def _seen() -> dict[str, Any]:
        return {
            "units": dict(Organization.objects.values_list("pk", "period")),
            "posts": dict(Post.objects.values_list("pk", "period")),
            "appointments": dict(Appointment.objects.values_list("pk", "period")),
            "competences": dict(Competence.objects.values_list("pk", "period")),
            "files": dict(Candidate.objects.values_list("pk", "cell")),
            "targets": dict(Target.objects.values_list("pk", "version")),
        }

    def changed(self, day: date) -> dict[str, int]:
        """Return the counts as the tables show them on `day` and the day before."""
        before, after, eve = self._before, self._seen(), day - timedelta(days=1)
        living = {pk for pk, period in after["units"].items() if period.upper is None}
        old = living & set(before["units"])

        def on(day: date, rows: Any, key: str, *values: str) -> dict[int, Any]:
            return {
                row[0]: row[1:]
                for row in rows.filter(period__contains=day).values_list(key, *values)
            }

        above, was_above = (on(d, Placement.objects, "organization", "parent") for d in (day, eve))
        names, were = (
            on(d, Designation.objects, "organization", "name", "kind") for d in (day, eve)
        )
        cells, came = (on(d, Membership.objects, "person", "cell") for d in (day, eve))
        counts = {
            "founded": len(set(after["units"]) - set(before["units"])),
            "ended": sum(
                1 for pk, period in before["units"].items() if after["units"][pk] != period
            ),
            "moved": sum(1 for pk in old if above[pk] != was_above[pk]),
            "renamed": sum(1 for pk in old if names[pk] != were[pk]),
            "members": sum(1 for person, one in cells.items() if came.get(person) != one),
        }
        for key in ("posts", "appointments", "competences"):
            counts[key] = sum(1 for pk, period in before[key].items() if after[key][pk] != period)
        counts["files"] = sum(1 for pk, at in before["files"].items() if after["files"][pk] != at)
        counts["targets"] = len(set(after["targets"]) - set(before["targets"]))
        return counts


Prepare = Callable[[Tree], Reorganization]
