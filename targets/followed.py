"""How the units of an organisation are followed up in a year: confirmed, sent after, visited."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum

from admissions.models import Admission
from organizations.models import Ancestry, Organization
from organizations.operations.seals import sealed_sentence
from targets.models import (
    Attainment,
    FollowUp,
    MonthlyConfirmation,
    SourceDeclaration,
    Target,
    Visit,
)
from targets.paces import MONTHS, Shares, shares_over
from targets.permissions import superior_of
from targets.plan import planned, rounds_held
from targets.rules import percent
from targets.selectors import attainments

THEN = Attainment.Lens.THEN


# ---------------------------------------------------------------- months


def month_end(year: int, month: int) -> date:
    """Return the last day of a month.

    >>> month_end(2024, 2).isoformat()
    '2024-02-29'
    """
    return date(year, month, monthrange(year, month)[1])


def last_month(year: int, *, on: date) -> int:
    """Return the latest month of `year` that is over on day `on`; 0 where none is.

    >>> last_month(2021, on=date(2021, 5, 31)), last_month(2021, on=date(2021, 6, 1))
    (4, 5)
    >>> last_month(2020, on=date(2021, 1, 1)), last_month(2021, on=date(2021, 1, 31))
    (12, 0)
    """
    if year < on.year:
        return 12
    return on.month - 1 if year == on.year else 0


def is_over(year: int, month: int, *, on: date) -> bool:
    """Say whether a month of `year` is over on day `on`."""
    return 1 <= month <= last_month(year, on=on)


def plan_by(low: int | None, shares: Shares | None, *, year: int, month: int) -> int | None:
    """Return the people that the plan asks for by the end of a month; the whole target at the end
    of the year, None where no pace can be told before."""
    if not low:
        return None
    if month == 12:
        return low
    return planned(low, shares, rounds_held(month_end(year, month))) if shares else None


# ---------------------------------------------------------------- one unit, as it confirms


def admissions_by(organization: Organization, *, year: int, month: int) -> QuerySet[Admission]:
    """Return the admissions of `year` up to a month's end beneath `organization`, and reversals:
    those of cells that stood there on the day of the ceremony."""
    return Admission.objects.filter(
        Exists(
            Ancestry.objects.filter(
                ancestor=organization.pk,
                descendant=OuterRef("cell"),
                valid_from__lte=OuterRef("ceremony_on"),
                valid_to__gt=OuterRef("ceremony_on"),
            )
        ),
        ceremony_on__gte=date(year, 1, 1),
        ceremony_on__lte=month_end(year, month),
    )


def admitted_by(organization: Organization, *, year: int, month: int) -> int:
    """Return how many `organization` admitted in `year` up to the end of a month, as counted."""
    rows = admissions_by(organization, year=year, month=month).order_by()
    return int(rows.aggregate(people=Sum("sign"))["people"] or 0)


def behind_by(organization: Organization, *, year: int, month: int, admitted: int, on: date) -> int:
    """Return how many people `admitted` lies behind the plan to a month's end that the superior
    holds `organization` to; nobody where it has no target, or has declared to have no source."""
    target = Target.objects.in_force().of_the_year(year).filter(organization=organization).first()
    end = month_end(year, month)
    if target is None or SourceDeclaration.objects.holding(on=end).filter(
        organization=organization
    ):
        return 0
    shares = shares_over(
        superior_of(organization, on=on) or organization, year=year, lens=THEN, on=on
    )
    plan = plan_by(target.low, shares, year=year, month=month)
    return max((plan or 0) - admitted, 0)


@dataclass(frozen=True)
class ToConfirm:
    """What the page on which a month is confirmed shows: the count, the plan, names behind it."""

    counted: int
    behind: int
    earlier: MonthlyConfirmation | None
    named: list[Any]
    """Those admitted whom the reader may read of by name, at most `SHOWN`."""
    unnamed: int
    """Those counted who are not among them."""


SHOWN = 50
"""How many names stand on the page on which a month is confirmed."""


def to_confirm(
    organization: Organization, *, user: Any, year: int, month: int, on: date
) -> ToConfirm:
    """Return what `user` sees before confirming a month of `organization`."""
    counted = admitted_by(organization, year=year, month=month)
    rows = admissions_by(organization, year=year, month=month)
    left = rows.exclude(reverses__in=rows.values("pk")).exclude(
        Exists(rows.filter(reverses=OuterRef("pk")))
    )
    named = list(
        left.filter(pk__in=Admission.objects.visible_to(user, on=on).values("pk"))
        .select_related("person")
        .order_by("-ceremony_on", "person__name_order", "pk")[:SHOWN]
    )
    return ToConfirm(
        counted=counted,
        behind=behind_by(organization, year=year, month=month, admitted=counted, on=on),
        earlier=MonthlyConfirmation.objects.filter(
            organization=organization, year=year, month=month
        )
        .order_by("-pk")
        .first(),
        named=named,
        unnamed=max(counted - len(named), 0),
    )


# ---------------------------------------------------------------- the page


@dataclass(frozen=True)
class MonthRow:
    """One month of the organisation of the page: counted, and what it said of it last."""

    month: int
    counted: int
    said: MonthlyConfirmation | None

    @property
    def is_changed(self) -> bool:
        """Say whether another number is counted now than when it was confirmed."""
        return self.said is not None and self.said.counted != self.counted


@dataclass(frozen=True)
class Unit:
    """One unit as its superior follows it up, by the end of the month asked for.

    `plan` is None where no pace can be told. `follow_ups` are those still open.
    """

    organization: Any
    low: int | None
    high: int | None
    admitted: int
    plan: int | None
    said: MonthlyConfirmation | None
    declaration: SourceDeclaration | None
    follow_ups: list[FollowUp] = field(default_factory=list)
    visit: Visit | None = None
    stood: bool = True

    @property
    def percent(self) -> Decimal | None:
        """Return the percent reached of the (lower) target, two decimals."""
        return percent(self.admitted, self.low)

    @property
    def is_asked(self) -> bool:
        """Say whether its word is waited for: it has a target, and stood there by then."""
        return bool(self.low) and self.stood

    @property
    def is_confirmed(self) -> bool:
        return self.said is not None

    @property
    def is_missing(self) -> bool:
        """Say whether it is asked for its word and has not given it."""
        return self.is_asked and not self.is_confirmed

    @property
    def behind(self) -> int:
        """Return the people behind the plan; nobody where it has declared to have no source."""
        return 0 if self.declaration else max((self.plan or 0) - self.admitted, 0)

    @property
    def is_changed(self) -> bool:
        """Say whether another number is counted now than when it confirmed."""
        return self.said is not None and self.said.counted != self.admitted


BEHIND, NOT_CONFIRMED, NOT_VISITED = "cham", "chua-xac-nhan", "chua-tham"


@dataclass(frozen=True)
class Followed:
    """The page: the organisation's own months, and its units by the end of `month` (0: none yet).

    `given` are all tasks about the organisation itself, `visits` those made to it; `elsewhere` are
    the open tasks that it gave about units that are not beneath it any more.
    """

    year: int
    month: int
    months: list[MonthRow]
    units: list[Unit]
    given: list[FollowUp]
    visits: list[Visit]
    elsewhere: list[FollowUp]
    is_beneath: bool
    is_closed: bool

    @property
    def asked(self) -> int:
        """Return how many units are asked for their word on the month."""
        return sum(unit.is_asked for unit in self.units)

    @property
    def confirmed(self) -> int:
        """Return how many of those gave it."""
        return sum(unit.is_asked and unit.is_confirmed for unit in self.units)

    @property
    def visited(self) -> int:
        """Return how many units were visited in the year."""
        return sum(unit.visit is not None for unit in self.units)

    @property
    def behind(self) -> int:
        """Return how many units are behind the plan."""
        return sum(unit.behind > 0 for unit in self.units)

    @property
    def missing(self) -> list[Unit]:
        """Return the units whose word is still waited for."""
        return [unit for unit in self.units if unit.is_missing]

    def kept(self, which: str) -> list[Unit]:
        """Return the units that a filter keeps; all without one."""
        return [
            unit
            for unit in self.units
            if not which
            or (which == BEHIND and unit.behind)
            or (which == NOT_CONFIRMED and unit.is_missing)
            or (which == NOT_VISITED and unit.visit is None)
        ]


def followed(organization: Organization, *, year: int, month: int, on: date) -> Followed:
    """Return how `organization` follows up its units in `year`, by the end of `month`, and how it
    is followed up itself. The number of queries does not grow with the units.
    """
    end = month_end(year, month) if month else None
    units = list(
        Organization.objects.beneath(organization, on=on)
        .called(on=on)
        .order_by(F("name_order"), "pk")
    )
    keys = [unit.pk for unit in units]
    itself = organization.pk
    figures = attainments([itself, *keys], year=year, lens=THEN, on=on, today=on)
    said = _said([itself, *keys], year=year)
    superior = superior_of(organization, on=on)
    shares = shares_over(organization, year=year, lens=THEN, on=on) if units else None
    tasks = _by_unit(
        FollowUp.objects.filter(
            Q(unit__in=[itself, *keys]) | Q(organization=itself, done_on__isnull=True), year=year
        )
        .select_related("assignee", "closed_by", "organization")
        .order_by("done_on", "due_on", "pk")
    )
    visits = _by_unit(
        Visit.objects.filter(unit__in=[itself, *keys], year=year).order_by("-visited_on", "-pk")
    )
    declared = {
        one.organization_id: one
        for one in SourceDeclaration.objects.holding(on=end or on).filter(organization__in=keys)
    }
    there = (
        set(
            Ancestry.objects.on(end)
            .filter(descendant__in=keys, depth=0)
            .values_list("descendant", flat=True)
        )
        if end and units
        else set()
    )
    rows = []
    for unit in units:
        row = figures.get(unit.pk)
        low = row.target_low if row else None
        rows.append(
            Unit(
                organization=unit,
                low=low,
                high=row.target_high if row else None,
                admitted=_up_to(row, month),
                plan=plan_by(low, shares, year=year, month=month) if month else None,
                said=said.get((unit.pk, month)),
                declaration=declared.get(unit.pk),
                follow_ups=[
                    one
                    for one in tasks.get(unit.pk, [])
                    if one.done_on is None and one.organization_id == itself
                ],
                visit=next(
                    (one for one in visits.get(unit.pk, []) if one.organization_id == itself), None
                ),
                stood=unit.pk in there,
            )
        )
    return Followed(
        year=year,
        month=month,
        months=[
            MonthRow(number, _up_to(figures.get(itself), number), said.get((itself, number)))
            for number in range(last_month(year, on=on), 0, -1)
        ],
        units=sorted(rows, key=lambda unit: -unit.behind),
        given=tasks.get(itself, []),
        visits=visits.get(itself, []),
        elsewhere=_elsewhere(tasks, {itself, *keys}, on=on),
        is_beneath=superior is not None,
        is_closed=sealed_sentence([itself], day=date(year, 12, 31)) is not None,
    )


def _elsewhere(tasks: Mapping[int, list[FollowUp]], known: set[int], *, on: date) -> list[FollowUp]:
    """Return the tasks about units that are not `known`, each with its unit by its last name."""
    beyond = [key for key in tasks if key not in known]
    units = Organization.objects.filter(pk__in=beyond).called(on=on).in_bulk() if beyond else {}
    found = [one for key in beyond for one in tasks[key]]
    for one in found:
        one.unit = units[one.unit_id]
    return sorted(found, key=lambda one: (one.due_on, one.pk))


def _up_to(row: Attainment | None, month: int) -> int:
    return sum(int(getattr(row, name, 0)) for name in MONTHS[:month])


def _said(keys: Iterable[int], *, year: int) -> Mapping[tuple[int, int], MonthlyConfirmation]:
    """Return {(organisation, month): the newest confirmation}."""
    rows = (
        MonthlyConfirmation.objects.filter(organization__in=keys, year=year)
        .order_by("organization", "month", "-pk")
        .distinct("organization", "month")
        .select_related("entered_by")
    )
    return {(row.organization_id, row.month): row for row in rows}


def _by_unit(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.unit_id, []).append(row)
    return found
