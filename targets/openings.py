"""The members on 1 January: what memberships give, and what each organisation said of itself."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db.models import Count

from organizations.models import Ancestry
from targets.models import Baseline, BaselineConfirmation, BaselineCorrection


def opening_day(year: int) -> date:
    """Return the day whose members are the base of the percentages of `year`."""
    return date(year, 1, 1)


def proposed(organizations: Collection[int], *, year: int) -> dict[int, int]:
    """Return {organization id: members of its whole subtree on 1 January of `year`}; two queries.

    Counted from memberships by the tree of that day. An organisation that did not stand in the
    tree on that day is not in it: it had no members to count, which is not the same as none.
    """
    day = opening_day(year)
    lines = Ancestry.objects.on(day).filter(ancestor__in=organizations)
    counted = (
        lines.filter(descendant__memberships__period__contains=day)
        .values("ancestor")
        .annotate(members=Count("descendant__memberships"))
        .values_list("ancestor", "members")
    )
    standing = lines.filter(depth=0).values_list("ancestor", flat=True)
    return {**dict.fromkeys(standing, 0), **dict(counted)}


def standing_beneath(organization: int, *, year: int) -> list[int]:
    """Return the ids of `organization` and all beneath it on 1 January of `year`."""
    lines = Ancestry.objects.on(opening_day(year)).filter(ancestor=organization)
    return list(lines.order_by("descendant").values_list("descendant", flat=True))


def confirmed(organizations: Collection[int], *, year: int) -> dict[int, BaselineConfirmation]:
    """Return {organization id: what it said last of its members on 1 January of `year`}."""
    return {
        row.organization_id: row
        for row in BaselineConfirmation.objects.filter(organization__in=organizations, year=year)
        .select_related("entered_by")
        .order_by("pk")
    }


def reported(organizations: Collection[int], *, year: int) -> dict[int, Baseline]:
    """Return {organization id: the newest version of its members on 1 January of `year`}."""
    return {
        row.organization_id: row
        for row in Baseline.objects.filter(organization__in=organizations, year=year)
        .select_related("entered_by", "confirmed_by")
        .order_by("version")
    }


def waiting(organizations: Collection[int], *, year: int) -> dict[int, BaselineCorrection]:
    """Return {organization id: the correction of `year` that waits for its second person}."""
    return {
        row.organization_id: row
        for row in BaselineCorrection.objects.filter(
            organization__in=organizations, year=year, state=BaselineCorrection.State.ASKED
        ).select_related("entered_by")
    }
