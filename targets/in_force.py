"""What an organisation's targets of every form have come to: one section for each in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef, Q, Sum
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from admissions.models import Admission
from organizations.models import Ancestry, Organization
from targets import words
from targets.beside import Pages, Quality, quality
from targets.followed import month_end
from targets.indicators import called
from targets.measures import BY_NAME, MEASURES
from targets.models import Attainment, Indicator, ReportedFigure, SourceDeclaration, Target
from targets.operations.shapes import last_year
from targets.quality import companions
from targets.rules import percent, points_between
from targets.sheets import aim, exact

Span, Form, Of = Target.Span, Target.Form, Target.OfGroup

ADMITTED = "admitted"
MEASURE_OF = {
    "": ADMITTED,
    Of.WOMEN: "admitted_women",
    Of.YOUNG: "admitted_young",
    Of.MINORITY: "admitted_minority",
    Of.WORKER: "admitted_workers",
    Of.YOUTH_UNION: "admitted_youth_union",
    Of.STUDENT: "admitted_students",
    Of.PRIVATE_SECTOR: "admitted_private_sector",
    Of.VILLAGE_HEAD: "admitted_village_head",
    Of.ARMED_FORCES: "admitted_armed_forces",
    Of.INTELLECTUAL: "admitted_intellectual",
}
"""The measure that counts each group of those admitted."""
STORED = {measure.name for measure in MEASURES}
YOUNG_SHARE = "KN10"


@dataclass(frozen=True)
class YearOfTerm:
    """A year of a term: admitted in it, and since the term began; None for years to come."""

    year: int
    admitted: int | None
    total: int | None
    percent: Decimal | None
    is_over: bool = True


@dataclass
class Section:
    """One target with its versions, newest first, and what it has come to.

    `target` is the version in force, None where only a registration is there. `reached` counts
    people, or units, or what was reported; `of` is the whole of a share, or the units of a floor.
    """

    versions: list[Target]
    target: Target | None
    reached: int | None = None
    of: int | None = None
    measure: str = ""
    years: list[YearOfTerm] = field(default_factory=list)
    figure: ReportedFigure | None = None
    before: ReportedFigure | None = None
    quality: Quality | None = None
    """What the attainment of the year is shown with."""

    @property
    def shown(self) -> Target:
        """Return the version that the section is about: in force, else the newest."""
        return self.target or self.versions[0]

    @property
    def indicator(self) -> Indicator:
        return self.shown.indicator

    @property
    def title(self) -> str:
        """Return what the section is about: its period, group, indicator, origin."""
        whole = words.whole(self.shown)
        if self.shown.span == Span.YEAR:
            return _("Year %(what)s") % {"what": whole}
        return whole[:1].upper() + whole[1:]

    @property
    def name(self) -> str:
        """Return what the indicator is called, where it is another than members admitted."""
        return "" if self.indicator.pk == Indicator.ADMITTED else called(self.indicator)

    @property
    def of_a_year(self) -> str:
        """Return the measure that lists those of one year of a term."""
        return MEASURE_OF[self.shown.group]

    @property
    def aim(self) -> str:
        """Return the number aimed at, in words; nothing for a share."""
        return aim(self.shown.low, self.shown.high)

    @property
    def exact(self) -> Decimal | None:
        """Return what a percent of members comes to before it is rounded up."""
        return exact(self.shown) if self.shown.form == Form.PERCENT else None

    @property
    def percent(self) -> Decimal | None:
        """Return what was reached in percent: of the whole for a share, else of the target.

        None of the year's without its companions of quality.
        """
        if self.reached is None or (self.is_of_the_year and self.quality is None):
            return None
        if self.shown.form in {Form.SHARE, Form.FLOOR}:
            return percent(self.reached, self.of)
        return percent(self.reached, self.shown.low)

    @property
    def is_reached(self) -> bool | None:
        """Say whether the target is reached; None where nothing is known."""
        if self.reached is None or (self.shown.form == Form.SHARE and not self.of):
            return None
        if self.shown.form == Form.SHARE:
            # Exactly, not by the rounded percent: 89.999 % is not 90 %.
            return 100 * self.reached >= (self.shown.percent or 0) * (self.of or 0)
        if self.shown.form == Form.FLOOR:
            return self.reached == self.of
        return self.reached >= (self.shown.low or 0)

    @property
    def missing(self) -> int | None:
        """Return how many are missing to a number; None for a share."""
        if self.reached is None or self.shown.low is None or self.shown.form == Form.FLOOR:
            return None
        return max(self.shown.low - self.reached, 0)

    @property
    def points(self) -> Decimal | None:
        """Return the change of a reported share since the figure before, in percentage points."""
        if self.figure is None or self.before is None or not self.indicator.is_share:
            return None
        return points_between(
            self.figure.numerator,
            self.figure.denominator,
            self.before.numerator,
            self.before.denominator or self.figure.denominator,
        )

    @property
    def more(self) -> int | None:
        """Return the change of a reported count since the figure before, in what is counted."""
        if self.figure is None or self.before is None or self.indicator.is_share:
            return None
        return self.figure.numerator - self.before.numerator

    @property
    def a_year(self) -> tuple[int, int] | None:
        """Return the fewest and the most admitted in a year of the term that is over, 0 too."""
        known = [one.admitted for one in self.years if one.is_over and one.admitted is not None]
        return (min(known), max(known)) if len(known) > 1 else None

    @property
    def percent_of_members(self) -> Decimal | None:
        """Return a number in percent of the members that it is reckoned on, where it has such."""
        return percent(self.shown.low, self.shown.base_members)

    @property
    def is_of_the_year(self) -> bool:
        """Say whether it is of members admitted in the whole year, of all groups."""
        one = self.shown
        return one.indicator_id == Indicator.ADMITTED and one.span == Span.YEAR and not one.group

    @property
    def is_plain(self) -> bool:
        """Say whether it is what attainment of the year is measured by."""
        return self.is_of_the_year and self.shown.origin == Target.Origin.DECISION


def sections(organization: Organization, *, year: int, on: date) -> list[Section]:
    """Return the targets of `organization` in `year`: its own, of its parts, of its term.

    At most seven queries, however many they are.
    """
    binding = {Target.Kind.ASSIGNED, Target.Kind.ADJUSTED}
    found = []
    for _same, rows in groupby(_versions(organization, year=year), key=_of):
        versions = list(rows)
        target = next((one for one in versions if one.kind in binding), None)
        found.append(Section(versions, target))
    _count(found, organization, year=year, on=on)
    _count_units(found, organization, year=year, on=on)
    _fill_reported(found, organization, year=year, on=on)
    _fill_quality(found, organization, year=year, on=on)
    order = list(Span.values)
    return sorted(
        found,
        key=lambda one: (
            one.shown.indicator_id,
            order.index(one.shown.span),
            one.shown.part,
            one.shown.group,
            one.shown.origin,
        ),
    )


def sides(found: Iterable[Section]) -> list[Section]:
    """Return what the year's decision and the congress's resolution say of members admitted, where
    both stand side by side."""
    both = [one for one in found if one.is_of_the_year and one.target]
    return both if len(both) > 1 else []


def _versions(organization: Organization, *, year: int) -> list[Target]:
    rows = (
        Target.objects.told()
        .filter(organization=organization)
        .filter(Q(year=year) | Q(span=Span.TERM, year__lte=year))
        .select_related("indicator", "decision", "entered_by", "base")
        .order_by("indicator", "span", "year", "part", "group", "origin", "-version")
    )
    return [one for one in rows if one.span != Span.TERM or last_year(one) >= year]


def _of(target: Target) -> tuple[Any, ...]:
    return (
        target.indicator_id,
        target.span,
        target.year,
        target.part,
        target.group,
        target.origin,
    )


def _months(target: Target) -> range:
    """Return the months of a half or quarter; all twelve of a year."""
    length = {Span.HALF: 6, Span.QUARTER: 3}.get(Span(target.span), 12)
    first = length * (target.part - 1) + 1 if target.part else 1
    return range(first, first + length)


def _last_day(target: Target, *, year: int, on: date) -> date:
    """Return the last day of the period of `target` in `year`, day `on` if that is earlier."""
    return min(on, month_end(year, _months(target)[-1]))


def _count(found: list[Section], organization: Organization, *, year: int, on: date) -> None:
    """Count the people that sections of members admitted are about: stored figures where there are
    such, else the facts, all in one query."""
    people = [one for one in found if one.indicator.pk in {Indicator.ADMITTED, YOUNG_SHARE}]
    if not people:
        return
    wanted: set[tuple[str, int, int, int]] = set()
    for one in people:
        wanted |= set(_asked(one, on=on))
    rows = {
        row.year: row
        for row in Attainment.objects.filter(
            organization=organization,
            year__in={of_year for _name, of_year, _first, _last in wanted},
            lens=Attainment.Lens.THEN,
        )
    }
    known: dict[tuple[str, int, int, int], int] = {}
    rest = []
    for asked in sorted(wanted):
        name, of_year, first, last = asked
        row = rows.get(of_year)
        if row is not None and name in STORED and (first, last) == (1, 12):
            known[asked] = getattr(row, name)
        elif row is not None and name == ADMITTED:
            known[asked] = sum(
                getattr(row, f"admitted_month_{month:02d}") for month in range(first, last + 1)
            )
        else:
            rest.append(asked)
    known |= _from_facts(rest, organization, on=on)
    for one in people:
        _fill_counted(one, known, on=on)


def _asked(section: Section, *, on: date) -> Iterable[tuple[str, int, int, int]]:
    """Yield (measure, year, first month, last month) of what a section needs to know."""
    target = section.shown
    months = _months(target)
    names = [MEASURE_OF[target.group]]
    if target.indicator_id == YOUNG_SHARE:
        names = [ADMITTED, MEASURE_OF[Of.YOUNG]]
    years = (
        range(target.year, min(last_year(target), on.year) + 1)
        if target.span == Span.TERM
        else [target.year]
    )
    for name in names:
        for one in years:
            if one <= on.year:
                yield name, one, months[0], months[-1]


def _fill_counted(
    section: Section, known: dict[tuple[str, int, int, int], int], *, on: date
) -> None:
    target = section.shown
    asked = list(_asked(section, on=on))
    if target.indicator_id == YOUNG_SHARE:
        young = MEASURE_OF[Of.YOUNG]
        section.of = sum(known[one] for one in asked if one[0] == ADMITTED)
        section.reached = sum(known[one] for one in asked if one[0] == young)
        section.measure = young if target.span == Span.YEAR else ""
        return
    if asked:
        section.reached = sum(known[one] for one in asked)
    name = MEASURE_OF[target.group]
    if target.span == Span.TERM:
        section.years = _years_of(target, {one[1]: known[one] for one in asked}, on=on)
    elif target.span == Span.YEAR:
        section.measure = name
    elif not target.group:
        section.measure = f"{ADMITTED}_{target.span}_{target.part}"


def _years_of(target: Target, admitted: dict[int, int], *, on: date) -> list[YearOfTerm]:
    found, total = [], 0
    for year in range(target.year, last_year(target) + 1):
        if year not in admitted:
            found.append(YearOfTerm(year, None, None, None, is_over=False))
            continue
        total += admitted[year]
        is_over = on >= date(year, 12, 31)
        found.append(YearOfTerm(year, admitted[year], total, percent(total, target.low), is_over))
    return found


def _from_facts(
    asked: list[tuple[str, int, int, int]], organization: Organization, *, on: date
) -> dict[tuple[str, int, int, int], int]:
    """Count the admissions of what stood beneath `organization` on their day; one query."""
    if not asked:
        return {}
    line = Ancestry.objects.filter(
        ancestor=organization.pk,
        descendant=OuterRef("cell"),
        valid_from__lte=OuterRef("ceremony_on"),
        valid_to__gt=OuterRef("ceremony_on"),
    )
    years = [year for _name, year, _first, _last in asked]
    counts = Admission.objects.filter(
        Exists(line),
        ceremony_on__gte=date(min(years), 1, 1),
        ceremony_on__lte=min(date(max(years), 12, 31), on),
    ).aggregate(
        **{
            f"n{place}": Sum("sign", filter=_counted(*one), default=0)
            for place, one in enumerate(asked)
        }
    )
    return {one: int(counts[f"n{place}"]) for place, one in enumerate(asked)}


def _counted(name: str, year: int, first: int, last: int) -> Q:
    # The condition is a constant of targets/measures.py, never what somebody sent.
    condition = BY_NAME[name].condition
    ids = RawSQL(f"SELECT id FROM admissions_admission WHERE {condition}", ())  # noqa: S608, S611
    return Q(
        pk__in=ids,
        ceremony_on__year=year,
        ceremony_on__month__gte=first,
        ceremony_on__month__lte=last,
    )


def _count_units(found: list[Section], organization: Organization, *, year: int, on: date) -> None:
    """Count the units directly beneath that reached what sections of units ask for; one query.

    A floor asks nothing of a unit whose declaration that no source is left holds at its end.
    """
    units = [one for one in found if one.indicator.pk == Indicator.UNITS]
    if not units:
        return
    ends = {_last_day(one.shown, year=year, on=on) for one in units}
    rows = list(
        Attainment.objects.filter(
            parent=organization,
            year=year,
            lens=Attainment.Lens.THEN,
            organization__period__contains=min(on, date(year, 12, 31)),
        )
        .only("admitted", "term_admitted", *(f"admitted_month_{m:02d}" for m in range(1, 13)))  # type: ignore[arg-type]
        .annotate(**{_exempt(end): _declared(end) for end in ends})
    )
    for one in units:
        target = one.shown
        least, asked = 1, rows
        if target.form == Form.FLOOR:
            least = target.low or 1
            name = _exempt(_last_day(target, year=year, on=on))
            asked = [row for row in rows if not getattr(row, name)]
        one.of = len(asked)
        one.reached = sum(_admitted(row, target) >= least for row in asked)


def _exempt(day: date) -> str:
    return f"exempt_{day:%Y%m%d}"


def _declared(day: date) -> Exists:
    held = SourceDeclaration.objects.holding(on=day)
    return Exists(held.filter(organization=OuterRef("organization")))


def _admitted(row: Attainment, target: Target) -> int:
    if target.span == Span.TERM:
        return row.term_admitted
    return sum(getattr(row, f"admitted_month_{month:02d}") for month in _months(target))


def _fill_reported(
    found: list[Section], organization: Organization, *, year: int, on: date
) -> None:
    """Give sections of what units report the newest figure of their period, of the year for a term,
    and the one before it."""
    wanted = {one.indicator.pk for one in found if not one.indicator.is_counted}
    if not wanted:
        return
    by_indicator: dict[str, dict[date, ReportedFigure]] = {}
    for row in ReportedFigure.objects.filter(
        organization=organization,
        indicator__in=wanted,
        as_of__lte=min(on, date(year, 12, 31)),
        as_of__year__gte=year - 1,
    ).order_by("as_of", "pk"):
        # The newest row of a day counts.
        by_indicator.setdefault(row.indicator_id, {})[row.as_of] = row
    for one in found:
        days = by_indicator.get(one.indicator.pk, {})
        months = _months(one.shown)
        last = _last_day(one.shown, year=year, on=on)
        figures = [days[day] for day in sorted(days) if day <= last]
        if not figures or figures[-1].as_of < date(year, months[0], 1):
            continue
        one.figure = figures[-1]
        one.before = figures[-2] if len(figures) > 1 else None
        one.reached, one.of = one.figure.numerator, one.figure.denominator


def _fill_quality(found: list[Section], organization: Organization, *, year: int, on: date) -> None:
    """Give the attainment of the year its companions, counted once and told once: a resolution
    beside a decision adds what depends on its own number. No year to come has any."""
    whole = [one for one in found if one.is_of_the_year and one.reached is not None]
    if not whole:
        return
    is_beside = len(sides(whole)) > 1
    lens, last = Attainment.Lens.THEN, min(on, date(year, 12, 31))
    row = Attainment.objects.filter(organization=organization, year=year, lens=lens).first()
    counted = companions(organization, row, year=year, lens=lens, on=last, tree_on=last)
    for one in whole:
        told = quality(
            replace(counted, missing=one.missing),
            admitted=one.reached or 0,
            pages=Pages(organization.slug, year),
        )
        one.quality = told.of_the_target if is_beside and not one.is_plain else told
