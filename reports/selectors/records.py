"""The records behind a number: whoever a measure counts, by name to those who may read names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL

from admissions.models import Admission, Candidate
from organizations.models import Ancestry, Organization, User
from targets.measures import Measure
from targets.models import Attainment

from .standing import Look


@dataclass(frozen=True)
class UnitCount:
    """How many of a measure belong to one unit directly beneath, or to a cell that moved since."""

    unit: Any
    people: int


@dataclass(frozen=True)
class Records:
    """What a measure counts beneath an organisation: how many, in which units, and who.

    `rows` holds only those that the reader may see by name, `seen` of them; `people` counts all.
    `units` come largest first.
    """

    measure: Measure
    people: int
    units: list[UnitCount]
    rows: QuerySet[Any]
    seen: int

    @property
    def is_files(self) -> bool:
        return self.measure.source == "file"

    @property
    def hidden(self) -> int:
        """Return how many are counted that the reader may not see by name."""
        return max(self.people - self.seen, 0)


def records(
    organization: Organization,
    measure: Measure,
    look: Look,
    *,
    user: User,
) -> Records:
    """Return what `measure` counts beneath `organization`, as `look` has it: the number's own rows.

    An admission and its reversal within the year cancel out and neither is listed, so that the
    list is as long as the number is large.
    """
    if measure.source == "file":
        return _files(organization, measure, look, user=user)
    counted = meets(Admission.objects.all(), measure).filter(
        _beneath(organization, look),
        ceremony_on__year=look.year,
        ceremony_on__lte=look.on,
    )
    left = counted.exclude(reverses__in=counted.values("pk")).exclude(
        Exists(counted.filter(reverses=OuterRef("pk")))
    )
    per_cell = dict(
        counted.order_by().values_list("cell").annotate(people=Sum("sign")).filter(~Q(people=0))
    )
    rows = (
        left.filter(pk__in=Admission.objects.visible_to(user).values("pk"))
        .select_related("person", "decision", "candidate")
        .order_by("-ceremony_on", "person__name_order", "pk")
    )
    return _told(organization, measure, per_cell, rows, look)


def _files(organization: Organization, measure: Measure, look: Look, *, user: User) -> Records:
    beneath = (
        Ancestry.objects.on(look.placed_on).filter(ancestor=organization.pk).values("descendant")
    )
    counted = meets(Candidate.objects.open(), measure).filter(cell__in=beneath)
    per_cell = dict(counted.order_by().values_list("cell").annotate(people=Count("pk")))
    rows = (
        counted.filter(pk__in=Candidate.objects.visible_to(user).values("pk"))
        .select_related("person")
        .order_by("stage_since", "pk")
    )
    return _told(organization, measure, per_cell, rows, look)


def _told(
    organization: Organization,
    measure: Measure,
    per_cell: dict[int, int],
    rows: QuerySet[Any],
    look: Look,
) -> Records:
    on = look.placed_on
    children = Organization.objects.beneath(organization, on=on)
    unit_of = dict(
        Ancestry.objects.on(on)
        .filter(ancestor__in=children, descendant__in=per_cell)
        .values_list("descendant", "ancestor")
    )
    per_unit: dict[int, int] = {}
    for cell, people in per_cell.items():
        unit = unit_of.get(cell, cell)
        per_unit[unit] = per_unit.get(unit, 0) + people
    units = (
        Organization.objects.filter(pk__in=per_unit).called(on=on).order_by(F("name_order"), "pk")
    )
    counts = [UnitCount(unit, per_unit[unit.pk]) for unit in units]
    return Records(
        measure=measure,
        people=sum(per_cell.values()),
        units=sorted(counts, key=lambda count: -count.people),
        rows=rows,
        seen=rows.count(),
    )


def cells_of(rows: Iterable[Any], *, on: date) -> dict[int, tuple[Any, Any]]:
    """Return {cell id: (cell, the organisation above it)} of `rows`, called as on day `on`."""
    keys = {row.cell_id for row in rows}
    above = dict(
        Ancestry.objects.on(on)
        .filter(descendant__in=keys, depth=1)
        .values_list("descendant", "ancestor")
    )
    named = {
        one.pk: one
        for one in Organization.objects.filter(pk__in={*keys, *above.values()}).called(on=on)
    }
    return {key: (named[key], named.get(above.get(key, 0))) for key in keys}


def meets(rows: QuerySet[Any], measure: Measure) -> QuerySet[Any]:
    """Keep the rows that the measure's own condition is true of: no second definition of it."""
    table = rows.model._meta.db_table
    # The condition is a constant of targets/measures.py, never what somebody sent.
    return rows.filter(pk__in=RawSQL(f"SELECT id FROM {table} WHERE {measure.condition}", ()))  # noqa: S608, S611


def _beneath(organization: Organization, look: Look) -> Q | Exists:
    """Keep the facts of cells beneath `organization`, in the tree that the lens asks for."""
    if look.lens == Attainment.Lens.NOW:
        beneath = Ancestry.objects.on(look.placed_on).filter(ancestor=organization.pk)
        return Q(cell__in=beneath.values("descendant"))
    return Exists(
        Ancestry.objects.filter(
            ancestor=organization.pk,
            descendant=OuterRef("cell"),
            valid_from__lte=OuterRef("ceremony_on"),
            valid_to__gt=OuterRef("ceremony_on"),
        )
    )
