"""Why an organisation's children do not add up to it: who came, left or ended in the year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Sum

from admissions.models import Admission
from organizations.models import Organization, Placement
from targets import sql
from targets.models import Attainment

from .standing import Look


@dataclass(frozen=True)
class Stretch:
    """One that stood directly beneath the organisation for a part of the year.

    `since` to `until` are the days it stood there within the year, both included; `is_ended` where
    it exists no more. `here` was admitted in it while it stood there, `whole` in the whole year, in
    the structure of the lens; `counted` of them count for the organisation.
    """

    unit: Any
    since: date
    until: date
    is_ended: bool
    here: int
    whole: int
    counted: int


@dataclass(frozen=True)
class Reconciliation:
    """How the admitted of an organisation come about: `rows` changed in the year, the rest stayed.

    `stayed` counts those beneath it all the time, `own` what was admitted in the organisation
    itself, where it is a cell. All of them together are `total`; `admitted` is what pages show.
    """

    rows: list[Stretch]
    stayed: int
    units_stayed: int
    own: int
    admitted: int

    @property
    def changed(self) -> int:
        """Return what those that came, left or ended count for the organisation."""
        return sum(row.counted for row in self.rows)

    @property
    def total(self) -> int:
        return self.changed + self.stayed + self.own

    @property
    def difference(self) -> int:
        """Return what pages show beyond the total: 0, or the figures of its levels have parted."""
        return self.admitted - self.total


def reconciliation(organization: Organization, look: Look) -> Reconciliation:
    """Return how the admitted of `organization` come about, as `look` has them.

    Lens *then*: each child counts with what was admitted in it while it stood there. Lens *now*:
    with its whole year where it stands there in the tree shown, else not at all. A bounded number
    of queries, whatever the tree.
    """
    year, on = look.year, look.on
    first = date(year, 1, 1)
    here = sql.stretches(organization.pk, year=year, on=on, tree_on=look.placed_on)
    is_now = look.lens == Attainment.Lens.NOW
    present = set(
        Placement.objects.filter(parent=organization, period__contains=look.placed_on).values_list(
            "organization", flat=True
        )
    )
    children = {unit for unit, _since in here} | (present if is_now else set())
    units = {
        unit.pk: unit
        for unit in Organization.objects.filter(pk__in=children).called(on=max(on, look.placed_on))
    }
    rows = _rows({*children, organization.pk}, look)
    ends = _ends(organization, children, year=year, on=on)
    admitted = _admitted(rows, organization.pk)
    found: list[Stretch] = []
    stayed, units_stayed = 0, 0
    told = {unit for unit, _since in here}
    # A unit founded after the year stands beneath it today alone.
    stretches = [*here.items(), *(((unit, first), 0) for unit in sorted(present - told) if is_now)]
    counted_units: set[int] = set()
    for (unit, since), people in sorted(stretches, key=lambda one: (one[0][1], one[0][0])):
        until = ends.get((unit, since), on)
        end = units[unit].period.upper
        is_ended = end is not None and end <= look.placed_on
        if end is not None and since < end:
            until = min(until, end - timedelta(days=1))
        whole = _admitted(rows, unit)
        counted = whole if people is None else people
        if is_now:
            counted = whole if unit in present and unit not in counted_units else 0
            counted_units.add(unit)
        if since == first and until == on and not is_ended and (unit in told):
            stayed, units_stayed = stayed + counted, units_stayed + 1
            continue
        if end is not None and since >= end and not (people or counted):
            # Kept beneath it only so that nothing of it is lost.
            continue
        if since >= until and not (people or counted or whole):
            # Of one day and nobody: it came with the day that is looked at, and tells nothing yet.
            continue
        found.append(Stretch(units[unit], since, until, is_ended, people or 0, whole, counted))
    own = _own(organization, year=year, on=on)
    return Reconciliation(found, stayed, units_stayed, own, admitted)


def _rows(keys: set[int], look: Look) -> dict[int, Attainment]:
    if look.recount_on is not None:
        return sql.read(
            keys, year=look.year, lens=look.lens, on=look.on, today=look.today,
            tree_on=look.placed_on,
        )  # fmt: skip
    stored = Attainment.objects.filter(organization__in=keys, year=look.year, lens=look.lens)
    return {row.organization_id: row for row in stored}


def _admitted(rows: dict[int, Attainment], unit: int) -> int:
    return int(getattr(rows.get(unit), "admitted", 0))


def _ends(
    organization: Organization, children: set[int], *, year: int, on: date
) -> dict[tuple[int, date], date]:
    """Return {(child, first day in the year): last day in the year} of where it stood."""
    first = date(year, 1, 1)
    placed = Placement.objects.filter(parent=organization, organization__in=children).annotate(
        begins=F("period__startswith"), ends=F("period__endswith")
    )
    return {
        (unit, max(begins, first)): min(on, ends - timedelta(days=1)) if ends else on
        for unit, begins, ends in placed.values_list("organization", "begins", "ends")
    }


def _own(organization: Organization, *, year: int, on: date) -> int:
    facts = Admission.objects.filter(cell=organization, ceremony_on__lte=on).held_in(year)
    return facts.aggregate(people=Sum("sign"))["people"] or 0
