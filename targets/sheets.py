"""The target sheet of an organisation and the grid of those beneath it: reads for their pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import F
from django.db.models.expressions import Combinable
from django.utils.translation import gettext as _

from config.ui.templatetags.ui import number
from organizations.models import Designation, Organization, User
from targets.measures import FILES
from targets.models import (
    Attainment,
    Baseline,
    Cycle,
    DeclaredForecast,
    SourceDeclaration,
    Target,
    TargetDecision,
    TargetDraft,
)
from targets.permissions import declares_for, sets_figures_of
from targets.rules import as_typed, percent

LAST_YEARS = 3
"""How many years before are looked at where numbers follow what was reached."""


def aim(low: int | None, high: int | None) -> str:
    """Return a target in words: 950, or 35–40; nothing without one.

    >>> aim(35, 40), aim(53, 53)
    ('35–40', '53')
    """
    if low is None:
        return ""
    return number(low) if low == high else f"{number(low)}–{number(high)}"


def in_percent(part: int | None, whole: int | None) -> Decimal | None:
    """Return `part` of `whole` in percent for a page that rounds it itself, once.

    >>> in_percent(1, 8), in_percent(1, None)
    (Decimal('12.5'), None)
    """
    return None if part is None or not whole else Decimal(100 * part) / whole


@dataclass(frozen=True)
class GivenOut:
    """What an organisation has and what it gave to those beneath: people, None without a target.

    A range of its own leaves room: what is given out at most is over-given beyond its upper end,
    and in reserve below its lower one.
    """

    low: int | None
    high: int | None
    given_low: int
    given_high: int
    units: int
    units_given: int

    @property
    def aim(self) -> str:
        """Return its own target in words."""
        return aim(self.low, self.high)

    @property
    def reserve(self) -> int:
        """Return the people not given out yet, against the upper end of what was given."""
        return 0 if self.low is None else max(self.low - self.given_high, 0)

    @property
    def over(self) -> int:
        """Return the people given beyond its own target."""
        return 0 if self.high is None else max(self.given_high - self.high, 0)


@dataclass(frozen=True)
class Rights:
    """What the reader may enter here."""

    sets: bool
    declares: bool
    assigns: bool


@dataclass(frozen=True)
class Sheet:
    """All that is known of an organisation's target in a year; versions newest first."""

    organization: Any
    year: int
    target: Target | None
    registered: Target | None
    versions: list[Target]
    baselines: list[Baseline]
    restated: int | None
    forecasts: list[DeclaredForecast]
    declarations: list[SourceDeclaration]
    given: GivenOut
    is_top: bool

    @property
    def baseline(self) -> Baseline | None:
        return self.baselines[0] if self.baselines else None

    @property
    def is_restated(self) -> bool:
        """Say whether the units of today had another number than was reported."""
        reported = self.baseline.members if self.baseline else None
        return self.restated is not None and self.restated != reported

    @property
    def percent_of_members(self) -> Decimal | None:
        """Return the target in percent of the opening members, two decimals."""
        if self.target is None or self.baseline is None:
            return None
        return percent(self.target.low, self.baseline.members)


@dataclass(frozen=True)
class GridRow:
    """One of those directly beneath, as the grid shows it."""

    organization: Any
    group: str
    target: Target | None
    registered: Target | None
    members: int | None
    files: int
    admitted: int
    """People admitted in the year so far: its number is theirs too."""
    last_admitted: int | None
    last_target: int | None
    last_years: int
    """People admitted in the `LAST_YEARS` before."""
    declaration: SourceDeclaration | None
    draft: TargetDraft | None = None
    is_asked: bool = False
    """Reminded to register."""

    @property
    def key(self) -> int:
        return int(self.organization.pk)

    @property
    def version(self) -> int:
        """Return the version of its draft that the reader sees; 0 before the first."""
        return self.draft.version if self.draft else 0

    @property
    def sources(self) -> int:
        """Return the people whom the year's number can be made of: admitted in it, open files."""
        return self.admitted + self.files

    @property
    def aimed(self) -> Target | TargetDraft | None:
        """Return what it is to have: as drafted, else as it binds; an emptied cell changes
        nothing."""
        return self.draft if self.draft and self.draft.low is not None else self.target

    @property
    def number(self) -> str:
        """Return what it is to have as it is typed: 38, or 35-40."""
        return typed(self.aimed)

    @property
    def bound(self) -> str:
        """Return the target that binds as it is typed, where another is drafted; else nothing."""
        return typed(self.target) if typed(self.target) != self.number else ""

    @property
    def is_blank(self) -> bool:
        """Say whether it has no number yet, and no accepted declaration that says why."""
        return not self.number and self.declaration is None

    @cached_property
    def concerns(self) -> list[str]:
        """Return why the number that it is to have needs a look, in words."""
        aimed, said = self.aimed, self.registered
        if aimed is None or aimed.low is None or aimed.high is None:
            return []
        below = (said.low or 0) - aimed.high if said else 0
        above = aimed.low - said.high if said and said.high is not None else 0
        found = [
            (below > 0, _("%(n)s below what it registered"), below),
            (above > 0, _("%(n)s above what it registered"), above),
            (aimed.low > self.sources, self._beyond, aimed.low - self.sources),
            (self.declaration and aimed.low, _("is given people without a source"), 0),
        ]
        admitted = number(self.admitted)
        return [
            words % {"n": number(n), "admitted": admitted} for is_so, words, n in found if is_so
        ]

    @property
    def _beyond(self) -> str:
        if self.admitted:
            return _("%(n)s more than its open files and the %(admitted)s admitted already")
        return _("%(n)s more than its open files")

    @property
    def needs_a_look(self) -> bool:
        """Say whether it stands on the narrowed list: no number yet, or one with a concern."""
        return self.is_blank or bool(self.concerns)

    @property
    def mark(self) -> str:
        """Return what the page remembers of the row: key, version, number."""
        return f"{self.key}:{self.version}:{self.number}"

    @property
    def percent(self) -> Decimal | None:
        """Return the target in percent of the opening members, not rounded yet."""
        return in_percent(self.aimed.low, self.members) if self.aimed else None


def typed(target: Target | TargetDraft | None) -> str:
    """Return a target as people type it: 38, 35-40; nothing without numbers."""
    return as_typed(target.low, target.high) if target else ""


def exact(target: Target) -> Decimal | None:
    """Return what a target in percent comes to before it is rounded up; None for the others."""
    if target.percent is None or target.base_members is None:
        return None
    return target.percent * target.base_members / 100


def rights(user: User, organization: Organization, *, on: date) -> Rights:
    """Return what `user` may enter for `organization` on day `on`."""
    return Rights(
        sets=sets_figures_of(user, organization, on=on),
        declares=declares_for(user, organization, on=on),
        assigns=assigns_beneath(user, organization, on=on),
    )


def assigns_beneath(user: User, organization: Organization, *, on: date) -> bool:
    """Say whether `user` gives those directly beneath `organization` their targets."""
    child = Organization.objects.beneath(organization, on=on).first()
    return child is not None and sets_figures_of(user, child, on=on)


def sheet(
    organization: Organization,
    *,
    year: int,
    on: date,
    is_top: bool,
    with_proposed: bool = False,
    rows: Sequence[GridRow] | None = None,
) -> Sheet:
    """Return the target sheet of `organization` for `year`; the tree is that of day `on`.

    `rows` are those of its grid on the day, where they were read already.

    What was only proposed stands in it for the superior's own people alone, `with_proposed`.
    """
    told = Target.objects.all() if with_proposed else Target.objects.told()
    versions = list(
        told.of_the_year(year)
        .filter(organization=organization)
        .select_related("entered_by", "decision")
        .order_by("-version")
    )
    for one in versions:
        one.exact = exact(one)  # type: ignore[attr-defined]
    binding = [one for one in versions if one.kind in {Target.Kind.ASSIGNED, Target.Kind.ADJUSTED}]
    registered = [one for one in versions if one.kind == Target.Kind.REGISTERED]
    target = binding[0] if binding else None
    if rows is None:
        beneath = Organization.objects.beneath(organization, on=on)
        units = list(beneath.values_list("pk", flat=True))
        given = list(_binding(units, year=year).values())
    else:
        units = [row.key for row in rows]
        given = [row.target for row in rows if row.target]
    return Sheet(
        organization=organization,
        year=year,
        target=target,
        registered=registered[0] if registered else None,
        versions=versions,
        baselines=list(
            Baseline.objects.filter(organization=organization, year=year)
            .select_related("entered_by", "confirmed_by")
            .order_by("-version")
        ),
        restated=Attainment.objects.filter(
            organization=organization, year=year, lens=Attainment.Lens.NOW
        )
        .values_list("opening_members", flat=True)
        .first(),
        forecasts=list(
            DeclaredForecast.objects.filter(organization=organization, year=year).order_by(
                "-declared_on", "-pk"
            )
        ),
        declarations=list(
            SourceDeclaration.objects.filter(organization=organization, answers__isnull=True)
            .select_related("answer", "entered_by")
            .order_by("-declared_on", "-pk")[:5]
        ),
        given=given_out(target, given, units=len(units)),
        is_top=is_top,
    )


def given_out(own: Target | None, given: Iterable[Target | TargetDraft], *, units: int) -> GivenOut:
    """Return what of `own` was given out to `units` units."""
    told = [one for one in given if one.low is not None]
    return GivenOut(
        low=own.low if own else None,
        high=own.high if own else None,
        given_low=sum(one.low or 0 for one in told),
        given_high=sum(one.high or 0 for one in told),
        units=units,
        units_given=len(told),
    )


def waiting_declarations(organization: Organization, *, on: date) -> list[SourceDeclaration]:
    """Return the declarations of those directly beneath that wait for an answer, oldest first."""
    return list(
        SourceDeclaration.objects.filter(
            organization__in=Organization.objects.beneath(organization, on=on),
            state=SourceDeclaration.State.DECLARED,
            answer__isnull=True,
        )
        .select_related("organization")
        .order_by("declared_on", "pk")
    )


def _binding(organizations: Iterable[int], *, year: int) -> dict[int, Target]:
    return {
        one.organization_id: one
        for one in Target.objects.in_force()
        .of_the_year(year)
        .filter(organization__in=organizations)
    }


@dataclass(frozen=True)
class AppendixRow:
    """What a decision gives one organisation, as its appendix tells it."""

    target: Target
    name: str
    members: int | None
    before: Target | None
    """What bound until then, where the decision adjusts it."""
    registered: Target | None
    is_acknowledged: bool

    @property
    def percent(self) -> Decimal | None:
        """Return the target in percent of the opening members, not rounded yet."""
        return in_percent(self.target.low, self.members)


def appendix(decision: TargetDecision, *, year: int) -> list[AppendixRow]:
    """Return all that `decision` gave, by the names of its day; what came after changes nothing.

    Four queries, whatever their number.
    """
    given = list(decision.targets.order_by("organization", "version"))
    keys = [one.organization_id for one in given]
    names = {
        unit.pk: (unit.name_order or "", unit.name)  # type: ignore[attr-defined]
        for unit in Organization.objects.filter(pk__in=keys).called(on=decision.decided_on)
    }
    members = dict(
        Baseline.objects.filter(organization__in=keys, year=year)
        .order_by("version")
        .values_list("organization", "members")
    )
    registered: dict[int, Target] = {}
    before: dict[int, Target] = {}
    own = {one.organization_id: one.version for one in given}
    earlier = Target.objects.told().of_the_year(year).filter(organization__in=keys)
    for one in earlier.order_by("version"):
        if one.version < own[one.organization_id]:
            of_its_kind = registered if one.kind == Target.Kind.REGISTERED else before
            of_its_kind[one.organization_id] = one
    acknowledged = set(decision.acknowledgements.values_list("organization", flat=True))
    rows = [
        AppendixRow(
            target=one,
            name=names[one.organization_id][1],
            members=members.get(one.organization_id),
            before=before.get(one.organization_id),
            registered=registered.get(one.organization_id),
            is_acknowledged=one.organization_id in acknowledged,
        )
        for one in given
    ]
    return sorted(rows, key=lambda row: names[row.target.organization_id])


class _Figures(NamedTuple):
    admitted: int
    target_low: int | None
    opening_members: int | None
    files: int


def _open_files() -> Combinable:
    first, *others = (F(measure.name) for measure in FILES)
    return sum(others, start=first)


def grid(
    organization: Organization,
    *,
    year: int,
    on: date,
    lens: str = Attainment.Lens.THEN,
    cycle: Cycle | None = None,
) -> list[GridRow]:
    """Return those directly beneath `organization` on day `on`: largest group first, by name.

    Files, the last years' admissions and, in lens *now*, the opening members are those of `lens`.
    Of `cycle`, what is drafted stands beside it: for its staff alone. Eight queries, whatever their
    number.
    """
    units = list(
        Organization.objects.beneath(organization, on=on)
        .called(on=on)
        .order_by(F("name_order"), "pk")
    )
    keys = [unit.pk for unit in units]
    targets = _binding(keys, year=year)
    registered = {
        one.organization_id: one
        for one in Target.objects.of_the_year(year)
        .filter(organization__in=keys, kind=Target.Kind.REGISTERED)
        .order_by("version")
    }
    members = dict(
        Baseline.objects.filter(organization__in=keys, year=year)
        .order_by("version")
        .values_list("organization", "members")
    )
    # Of a thousand units in four years the few columns that are shown, not whole rows.
    figures = {
        (unit, one): _Figures(*shown)
        for unit, one, *shown in Attainment.objects.filter(
            organization__in=keys, year__in=range(year - LAST_YEARS, year + 1), lens=lens
        ).values_list(
            "organization", "year", "admitted", "target_low", "opening_members", _open_files()
        )
    }
    if lens == Attainment.Lens.NOW:
        members |= {
            unit: row.opening_members
            for (unit, one), row in figures.items()
            if one == year and row.opening_members is not None
        }
    groups = dict(
        Designation.objects.on(on)
        .filter(organization__in=keys)
        .values_list("organization", "group")
    )
    declared = {
        one.organization_id: one
        for one in SourceDeclaration.objects.holding(on=on).filter(organization__in=keys)
    }
    drafts = {one.organization_id: one for one in cycle.drafts.all()} if cycle else {}
    asked = set(cycle.reminders.values_list("organization", flat=True)) if cycle else set()
    rows = []
    for unit in units:
        now, last = figures.get((unit.pk, year)), figures.get((unit.pk, year - 1))
        rows.append(
            GridRow(
                organization=unit,
                group=groups.get(unit.pk, ""),
                target=targets.get(unit.pk),
                registered=registered.get(unit.pk),
                members=members.get(unit.pk),
                files=now.files if now else 0,
                admitted=now.admitted if now else 0,
                last_admitted=last.admitted if last else None,
                last_target=last.target_low if last else None,
                last_years=sum(
                    one.admitted
                    for before in range(year - LAST_YEARS, year)
                    if (one := figures.get((unit.pk, before)))
                ),
                declaration=declared.get(unit.pk),
                draft=drafts.get(unit.pk),
                is_asked=unit.pk in asked,
            )
        )
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[row.group] = sizes.get(row.group, 0) + (row.members or 0)
    return sorted(rows, key=lambda row: (-sizes[row.group], row.group))
