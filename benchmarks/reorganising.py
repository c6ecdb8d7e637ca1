"""Communes that move to another superior, and a province that goes up in another, taken back."""

from __future__ import annotations

from statistics import median

from django.db import connection

from benchmarks.measuring import Figure, taken_back
from benchmarks.nation import DAY
from organizations.models import Ancestry, Organization
from organizations.operations import outbox
from organizations.operations.reorganizations.writing import AT_ONCE, CLOSE, PLACE
from organizations.operations.structure import derive_ancestry

COMMUNES = 13


def measure(*, rounds: int) -> list[Figure]:
    """Measure in the present database; everything is taken back."""
    kept = list(outbox.wakers)
    outbox.wakers.clear()
    superiors = list(Organization.objects.filter(designations__kind="superior").order_by("-pk")[:2])
    provinces = Organization.objects.filter(designations__kind="province")
    origin, destination = provinces.order_by("-pk")[:2]
    fullest = max(superiors, key=lambda one: Organization.objects.beneath(one, on=DAY).count())
    other = next(one for one in superiors if one != fullest)
    communes = list(_movable(fullest)[:COMMUNES])
    districts = list(_movable(origin))
    beneath = Ancestry.objects.on(DAY).filter(ancestor=origin).count() - 1
    try:
        few = [taken_back(lambda: _move(communes, other)) for _ in range(rounds)]
        all_of_them = [taken_back(lambda: _move(districts, destination)) for _ in range(rounds)]
    finally:
        outbox.wakers[:] = kept
    return [
        Figure("communes_moved_ms", f"{len(communes)} communes move to another superior",
               median(few), "ms", 50, note="places and ancestry; figures follow by the fold"),
        Figure("province_merged_ms",
               f"A province of {beneath} organisations goes up in another", median(all_of_them),
               "ms", 2000, note="its superiors move; places and ancestry"),
    ]  # fmt: skip


def _movable(parent: Organization) -> list[Organization]:
    """Return what stands beneath `parent` and did not take a place on the day itself."""
    beneath = Organization.objects.beneath(parent, on=DAY).exclude(
        placements__period__startswith__gte=DAY
    )
    return list(beneath.order_by("pk"))


def _move(units: list[Organization], under: Organization) -> None:
    """Place `units` beneath `under` as a decision of reorganisation does, and tell of it."""
    keys = [unit.pk for unit in units]
    with connection.cursor() as cursor:
        cursor.execute(
            CLOSE.format(table="organizations_placement", key="organization_id"),
            {"units": keys, "day": DAY},
        )
        cursor.execute(
            PLACE,
            {
                "units": keys, "superiors": [under.pk] * len(keys), "day": DAY,
                "number": "02-QĐ/TU", "decision": None,
            },
        )  # fmt: skip
    beneath = Ancestry.objects.filter(ancestor__in=keys, valid_to__gt=DAY)
    changed = sorted({*keys, *beneath.values_list("descendant", flat=True)})
    for start in range(0, len(changed), AT_ONCE):
        derive_ancestry(changed[start : start + AT_ONCE])
    outbox.announce(units[0], organization=units[0], on=DAY)
