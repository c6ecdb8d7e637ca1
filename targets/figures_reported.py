"""The catalogue of indicators and what an organisation reported: reads for their pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from organizations.models import Organization
from targets.in_force import Section, sections
from targets.indicators import CATALOGUE, Entry, called
from targets.models import Indicator, ReportedFigure, Target
from targets.rules import change_in_percent, percent, points_between


@dataclass(frozen=True)
class Listed:
    """An indicator as the catalogue shows it, with what an organisation reported last."""

    indicator: Indicator
    entry: Entry
    latest: ReportedFigure | None

    @property
    def name(self) -> str:
        return called(self.indicator)

    @property
    def forms(self) -> str:
        """Return the forms of target that it takes, in words."""
        return ", ".join(str(Target.Form(form).label).lower() for form in self.entry.forms)

    @property
    def percent(self) -> Decimal | None:
        return percent(self.latest.numerator, self.latest.denominator) if self.latest else None


@dataclass(frozen=True)
class Told:
    """A reported figure among the others: what it changed, and whether a newer row corrects it.

    A share changes by percentage points, a count by what it counts and by percent.
    """

    figure: ReportedFigure
    is_corrected: bool
    percent: Decimal | None = None
    points: Decimal | None = None
    more: int | None = None
    growth: Decimal | None = None


@dataclass(frozen=True)
class Reports:
    """What an organisation reported of one indicator, newest first, and its targets of a year."""

    listed: Listed
    told: list[Told] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)


def catalogue(organization: Organization, *, on: date) -> list[Listed]:
    """Return all indicators, with what `organization` reported last."""
    latest = {
        row.indicator_id: row
        for row in ReportedFigure.objects.filter(organization=organization, as_of__lte=on).order_by(
            "as_of", "pk"
        )
    }
    return [
        Listed(one, CATALOGUE[one.pk], latest.get(one.pk))
        for one in Indicator.objects.all()
        if one.pk in CATALOGUE
    ]


def reports(organization: Organization, indicator: Indicator, *, year: int, on: date) -> Reports:
    """Return what `organization` reported of `indicator` up to day `on`; all rows stay."""
    rows = list(
        ReportedFigure.objects.filter(organization=organization, indicator=indicator, as_of__lte=on)
        .select_related("entered_by")
        .order_by("as_of", "pk")
    )
    newest = {row.as_of: row for row in rows}
    told = []
    before: ReportedFigure | None = None
    for row in rows:
        stands = newest[row.as_of] is row
        told.append(_told(row, before, is_share=indicator.is_share, is_corrected=not stands))
        if stands:
            before = row
    listed = Listed(indicator, CATALOGUE.get(indicator.pk, Entry("")), rows[-1] if rows else None)
    aimed = [
        one for one in sections(organization, year=year, on=on) if one.indicator.pk == indicator.pk
    ]
    return Reports(listed, told[::-1], aimed)


def _told(
    row: ReportedFigure, before: ReportedFigure | None, *, is_share: bool, is_corrected: bool
) -> Told:
    points = more = growth = None
    if before is not None and not is_corrected:
        if is_share:
            points = points_between(
                row.numerator,
                row.denominator,
                before.numerator,
                before.denominator or row.denominator,
            )
        else:
            more = row.numerator - before.numerator
            growth = change_in_percent(row.numerator, before.numerator)
    return Told(
        row,
        is_corrected,
        percent=percent(row.numerator, row.denominator) if is_share else None,
        points=points,
        more=more,
        growth=growth,
    )
