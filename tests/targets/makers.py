"""What the tests of targets are about: facts in bulk, and an independent count of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random

from admissions.models import Admission
from organizations.models import Installation, Organization, Person, Placement
from organizations.models.person import name_columns
from organizations.operations.structure import NewOrganization, found_many, move
from targets.models import FiguredYear
from targets.operations.attainment import recompute


def stand_on(day: date) -> None:
    """Let the database's clock stand on `day`."""
    Installation.objects.update_or_create(
        id=1, defaults={"mode": "demonstration", "scenario": "test", "day": day}
    )


def admit(
    cell: Organization, *days: date, sex: str = "male", age: int = 28, groups: Iterable[str] = ()
) -> list[Admission]:
    """Record one admission of an earlier record in `cell` on each of `days`."""
    people = Person.objects.bulk_create(
        Person(**name_columns("Nguyễn Văn An"), born_on=date(1990, 1, 1), sex=sex) for _ in days
    )
    return Admission.objects.bulk_create(
        Admission(
            origin="taken_over",
            person=person,
            cell=cell,
            decided_on=day,
            ceremony_on=day,
            sex=sex,
            age_years=age,
            groups=list(groups),
        )
        for person, day in zip(people, days, strict=True)
    )


def reverse(admission: Admission, *, on: date) -> Admission:
    """Reverse `admission` by a row of day `on`."""
    return Admission.objects.create(
        origin="taken_over",
        person=admission.person,
        cell=admission.cell,
        decided_on=on,
        ceremony_on=on,
        sign=-1,
        reverses=admission,
        reason="Kết nạp sai thẩm quyền",
        sex=admission.sex,
        age_years=admission.age_years,
        groups=admission.groups,
    )


def grow(random: Random, *, cells: int, since: date, until: date) -> dict[str, Organization]:
    """Return a random tree {slug: organisation} of four levels, in which units moved by the way."""
    rows = [NewOrganization("top", "Tỉnh", "Tỉnh", "province", None, since)]
    for kind, prefix, above, number in (
        ("district", "d", "top", 4),
        ("grassroots", "b", "d", max(4, cells // 4)),
        ("cell", "c", "b", cells),
    ):
        parents = [row.slug for row in rows if row.slug.startswith(above)]
        rows += [
            NewOrganization(f"{prefix}{i}", f"{prefix}{i}", f"{prefix}{i}", kind,
                            random.choice(parents), since)
            for i in range(number)
        ]  # fmt: skip
    units = found_many(rows)
    day = since
    for _ in range(cells // 2):
        day += timedelta(days=random.randint(1, 2 * (until - since).days // cells))
        prefix, above = random.choice([("b", "d"), ("c", "b"), ("c", "b")])
        moving = units[random.choice([slug for slug in units if slug.startswith(prefix)])]
        under = units[random.choice([slug for slug in units if slug.startswith(above)])]
        if day < until:
            move(moving, under=under, on=day)
    return units


def cells_of(units: dict[str, Organization]) -> list[Organization]:
    """The cells of what `grow` made."""
    return [unit for slug, unit in units.items() if slug.startswith("c")]


def committees_of(units: dict[str, Organization]) -> list[Organization]:
    """The committees above the cells of what `grow` made."""
    return [unit for slug, unit in units.items() if slug.startswith("b")]


def line_above(organization: int, *, on: date, placements: list[Placement]) -> list[int]:
    """Return `organization` and those above it on day `on`, climbing the placements one by one."""
    line = [organization]
    while True:
        parents = [
            placed.parent_id
            for placed in placements
            if placed.organization_id == line[-1]
            and placed.period.lower <= on
            and (placed.period.upper is None or on < placed.period.upper)
        ]
        if not parents or parents[0] is None:
            return line
        line.append(parents[0])


def parted() -> dict[int, int]:
    """{year: rows that the judge changes}; empty while figures and facts agree."""
    years = FiguredYear.objects.order_by("year").values_list("year", flat=True)
    return {year: changed for year in years if (changed := recompute(year).changed)}


def apart(units: Iterable[Organization], *, on: date) -> list[int]:
    """Those of `units` that stand beneath no other of them on the day."""
    placements = list(Placement.objects.all())
    keys = {unit.pk for unit in units}
    return sorted(
        key for key in keys if not keys & set(line_above(key, on=on, placements=placements)) - {key}
    )
