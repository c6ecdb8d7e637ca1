"""The records behind a number: whoever a measure counts, by name to those who may read names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from admissions.models import Admission, Candidate, Certificate, FileMove, Recognition
from admissions.stages import Stage
from organizations.models import Ancestry, Organization, User
from targets.measures import FLOWS, STANDS, Measure, has_left
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
    def source(self) -> str:
        """Return what the rows are: a source of `targets.measures`."""
        return self.measure.source

    @property
    def is_files(self) -> bool:
        """Say whether the rows are files as they stand, each at its stage."""
        return self.source in STANDS

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
    if measure.source in STANDS:
        return _files(organization, measure, look, user=user)
    if measure.source == "recognition":
        return _recognitions(organization, measure, look, user=user)
    if FLOWS[measure.source].of_files:
        return _of_files(organization, measure, look, user=user)
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


def _recognitions(
    organization: Organization, measure: Measure, look: Look, *, user: User
) -> Records:
    counted = meets(Recognition.objects.all(), measure).filter(
        _beneath(organization, look, day="official_on"),
        official_on__year=look.year,
        official_on__lte=look.on,
    )
    per_cell = dict(counted.order_by().values_list("cell").annotate(people=Count("pk")))
    rows = (
        counted.filter(candidate__in=Candidate.objects.visible_to(user).values("pk"))
        .select_related("person", "decision", "candidate")
        .order_by("-official_on", "person__name_order", "pk")
    )
    return _told(organization, measure, per_cell, rows, look)


def _of_files(organization: Organization, measure: Measure, look: Look, *, user: User) -> Records:
    """Return facts of files, each in the cell that had the file on the day of the fact."""
    flow = FLOWS[measure.source]
    is_now = look.lens == Attainment.Lens.NOW
    day = "%s" if is_now else f"fact.{flow.day}"
    # Its parts are constants of targets/measures.py. What was ever beneath is asked first, so that
    # a cell's list does not read the whole year.
    text = f"""
        SELECT fact.id, fact.cell_id
        FROM {flow.table} AS fact
        JOIN organizations_ancestry AS line ON line.descendant_id = fact.cell_id
            AND line.valid_from <= {day} AND line.valid_to > {day} AND line.ancestor_id = %s
        WHERE {measure.condition} AND fact.{flow.day} BETWEEN %s AND %s
            AND fact.file_id IN (
                SELECT id FROM admissions_candidate WHERE cell_id IN (
                    SELECT descendant_id FROM organizations_ancestry WHERE ancestor_id = %s)
                UNION ALL
                SELECT candidate_id FROM admissions_filemove WHERE origin_id IN (
                    SELECT descendant_id FROM organizations_ancestry WHERE ancestor_id = %s)
            )
    """  # noqa: S608
    key = organization.pk
    span = [date(look.year, 1, 1), min(look.on, date(look.year, 12, 31))]
    told: list[Any] = [*[look.placed_on] * 2 * is_now, key, *span, key, key]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT cell_id, count(*) FROM ({text}) AS counted GROUP BY 1", told)  # noqa: S608
        per_cell = dict(cursor.fetchall())
    seen = Candidate.objects.visible_to(user).values("pk")
    rows: QuerySet[Any]
    if measure.source == "certificate":
        rows = Certificate.objects.filter(candidate__in=seen).select_related("candidate__person")
        rows = rows.prefetch_related("candidate__moves")
    else:
        rows = Candidate.objects.filter(pk__in=seen).select_related("person")
        rows = rows.prefetch_related("moves")
    ids = RawSQL(f"SELECT id FROM ({text}) AS counted", told)  # noqa: S608, S611
    rows = rows.filter(pk__in=ids).order_by(f"-{flow.day}", "pk")
    return _told(organization, measure, per_cell, rows, look)


def place_of(row: Any, measure: Measure) -> int:
    """Return the id of the cell that `row`, listed behind `measure`, counts in."""
    flow = FLOWS.get(measure.source)
    if flow is not None and flow.of_files:
        day: date = getattr(row, flow.day)
        return int(getattr(row, "candidate", row).cell_on(day))
    return int(getattr(row, "place", row.cell_id))


def _files(organization: Organization, measure: Measure, look: Look, *, user: User) -> Records:
    beneath = (
        Ancestry.objects.on(look.placed_on).filter(ancestor=organization.pk).values("descendant")
    )
    counted: QuerySet[Any] = meets(Candidate.objects.live(), measure)
    if measure.source == "probation":
        counted = _on_probation(counted, beneath, today=look.today)
    else:
        counted = counted.filter(cell__in=beneath).annotate(place=F("cell"))
    per_cell = dict(counted.order_by().values_list("place").annotate(people=Count("pk")))
    rows = (
        counted.filter(pk__in=Candidate.objects.visible_to(user).values("pk"))
        .select_related("person")
        .order_by("stage_since", "pk")
    )
    return _told(organization, measure, per_cell, rows, look)


def _on_probation(files: QuerySet[Any], beneath: QuerySet[Any], *, today: date) -> QuerySet[Any]:
    """Keep those `beneath` today: one may be about to follow its member, and one have left."""
    going = FileMove.objects.filter(on__gt=today)
    first = going.filter(candidate=OuterRef("pk")).order_by("on", "pk").values("origin")[:1]
    left = f"""
        SELECT file.id FROM admissions_candidate AS file
        WHERE file.stage = '{Stage.ADMITTED.value}' AND {has_left("file.person_id", day="%s")}
    """  # noqa: S608 - a constant of targets/measures.py
    here = Q(cell__in=beneath) | Q(pk__in=going.filter(origin__in=beneath).values("candidate"))
    kept: QuerySet[Any] = files.exclude(pk__in=RawSQL(left, [today] * 2)).filter(here)  # noqa: S611
    placed = Coalesce(Subquery(first), F("cell"), output_field=BigIntegerField())
    kept = kept.annotate(place=placed)
    return kept.filter(place__in=beneath)


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


def cells_of(keys: Collection[int], *, on: date) -> dict[int, tuple[Any, Any]]:
    """Return {cell id: (cell, the organisation above it)} of the cells `keys` as on day `on`."""
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


def _beneath(organization: Organization, look: Look, *, day: str = "ceremony_on") -> Q | Exists:
    """Keep the facts of cells beneath `organization`, in the tree that the lens asks for."""
    if look.lens == Attainment.Lens.NOW:
        beneath = Ancestry.objects.on(look.placed_on).filter(ancestor=organization.pk)
        return Q(cell__in=beneath.values("descendant"))
    return Exists(
        Ancestry.objects.filter(
            ancestor=organization.pk,
            descendant=OuterRef("cell"),
            valid_from__lte=OuterRef(day),
            valid_to__gt=OuterRef(day),
        )
    )
