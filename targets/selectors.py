"""Reads over attainment: the figures that scripts and pages show, from one definition."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from admissions.models import Admission
from config.clock import HERE
from config.errors import DomainError
from organizations.models import Job, Organization, Placement
from targets import sql
from targets.models import Attainment, Baseline, Target
from targets.operations.refusals import nothing_known
from targets.rules import missing, percent, ranks

RECOMPUTE = "recompute"
"""`Job.kind` of a full recompute; its subject is the year."""


@dataclass(frozen=True)
class Figures:
    """The figures of one organisation in one year, with the names that scripts rely on.

    Members and people over the whole subtree; None where nobody reported or assigned. `rank` is 1
    for the one that misses most people among its siblings; ties share a rank.
    """

    slug: str
    name: str
    opening_members: int | None
    target_low: int | None
    target_high: int | None
    admitted: int
    percent_of_target: Decimal | None
    percent_of_opening: Decimal | None
    rank: int
    computed_at: datetime


@dataclass(frozen=True)
class FiguresOfSubtree:
    """An organisation's figures and those of all directly beneath it, worst first."""

    organization: Figures
    children: list[Figures]

    def as_json(self) -> dict[str, Any]:
        """Return plain values: percents as numbers, instants in ISO 8601, in Vietnam's time."""
        return {
            "organization": _plain(self.organization),
            "children": [_plain(child) for child in self.children],
        }


def _plain(figures: Figures) -> dict[str, Any]:
    return {
        name: float(value)
        if isinstance(value, Decimal)
        else value.astimezone(HERE).isoformat(timespec="seconds")
        if isinstance(value, datetime)
        else value
        for name, value in asdict(figures).items()
    }


def has_data(year: int) -> bool:
    """Say whether anything is known of `year`: a baseline, a target or an admission."""
    return (
        Baseline.objects.filter(year=year).exists()
        or Target.objects.filter(year=year).exists()
        or Admission.objects.held_in(year).exists()
    )


def attainments(
    organizations: Collection[int], *, year: int, lens: str, on: date, today: date
) -> dict[int, Attainment]:
    """Return {organization id: Attainment} of `year` as known on day `on`; one query.

    On the clock's day `today` these are the stored rows; for an earlier day, or a year that has
    not been computed, the same statement is asked for that day: its structure, and facts up to and
    including it. Those rows are not saved. An organisation that did not exist in the year has none.
    """
    if on == today:
        stored = {
            row.organization_id: row
            for row in Attainment.objects.filter(
                organization__in=organizations, year=year, lens=lens
            )
        }
        if stored or not has_data(year):
            return stored
    return sql.read(organizations, year=year, lens=lens, on=on, today=today)


def computed_at(year: int) -> datetime | None:
    """Return the last instant at which the figures of `year` were known to hold, None if never.

    All of a year are computed at once and only what differs is rewritten: the latest row tells for
    all of them. A recompute that found nothing to change says so too; the later of the two counts.
    """
    published = Attainment.objects.filter(year=year).aggregate(at=Max("computed_at"))["at"]
    judged = Job.objects.filter(kind=RECOMPUTE, subject=str(year), state=Job.State.DONE).aggregate(
        at=Max("finished_at")
    )["at"]
    return max(filter(None, [published, judged]), default=None)


def figures(
    organization: Organization,
    *,
    year: int,
    lens: str = Attainment.Lens.THEN,
    on: date,
    today: date,
) -> FiguresOfSubtree:
    """Return the figures of `organization` in `year` and of those directly beneath it on day `on`.

    Children are all that stood there, zeros included, worst first. Facts count up to and including
    `on`, which is the clock's day `today` unless an earlier one is asked for. A bounded number of
    queries, whatever the tree. Raises DomainError where nothing is known of the year, where `on`
    lies in the future, or `organization` had no place in the tree on that day.
    """
    if on > today:
        raise DomainError(fields={"on": _("The day lies in the future.")})
    if not has_data(year):
        raise DomainError(fields={"year": nothing_known(year)})
    # One that has ended keeps a place, and is not there.
    placement = Placement.objects.filter(
        organization=organization, period__contains=on, organization__period__contains=on
    ).first()
    if placement is None:
        raise DomainError(
            fields={
                "on": _("%(organization)s did not exist on %(day)s.")
                % {"organization": organization, "day": f"{on:%d/%m/%Y}"}
            }
        )
    siblings = (
        {organization.pk} if placement.parent_id is None else _beneath(placement.parent_id, on=on)
    )
    children = _beneath(organization.pk, on=on)
    rows = attainments(siblings | children, year=year, lens=lens, on=on, today=today)
    units = {
        unit.pk: unit
        for unit in Organization.objects.filter(pk__in={organization.pk, *children}).called(on=on)
    }
    known = computed_at(year) if on == today else None

    def shaped(key: int, rank: int) -> Figures:
        row = rows.get(key) or Attainment(organization_id=key, year=year, lens=lens)
        opening, low = row.opening_members, row.target_low
        admitted: int = row.admitted  # type: ignore[attr-defined]
        return Figures(
            slug=units[key].slug,
            name=units[key].name,  # type: ignore[attr-defined]
            opening_members=opening,
            target_low=low,
            target_high=row.target_high,
            admitted=admitted,
            percent_of_target=percent(admitted, low),
            percent_of_opening=percent(admitted, opening),
            rank=rank,
            computed_at=known or row.computed_at or next(iter(rows.values())).computed_at,
        )

    def ranked(keys: Iterable[int]) -> dict[int, int]:
        return ranks({key: _missing(rows.get(key)) for key in keys})

    own = shaped(organization.pk, ranked(siblings)[organization.pk])
    beneath = ranked(children)
    ordered = sorted(
        children,
        key=lambda key: (beneath[key], units[key].name_order or "", key),  # type: ignore[attr-defined]
    )
    return FiguresOfSubtree(own, [shaped(key, beneath[key]) for key in ordered])


def _missing(row: Attainment | None) -> int:
    return missing(row.target_low, row.admitted) if row else 0  # type: ignore[attr-defined]


def _beneath(parent: int, *, on: date) -> set[int]:
    return set(
        Placement.objects.filter(
            parent=parent, period__contains=on, organization__period__contains=on
        ).values_list("organization", flat=True)
    )
