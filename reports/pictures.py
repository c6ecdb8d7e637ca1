"""The charts of the dashboards: what a standing or an overview looks like, drawn by `charts`."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.ui import charts
from config.ui.templatetags.ui import number, signed
from targets.forecast import Forecast
from targets.foretold import Foretold
from targets.models import DeclaredForecast
from targets.plan import ROUNDS, staircase
from targets.sheets import aim

from .rules import Course
from .selectors.overview import Overview
from .selectors.standing import Look, Standing, YearOf

KIND_OF = {
    Course.REACHED: "ok",
    Course.ON_COURSE: "ok",
    Course.SPEED_UP: "warn",
    Course.MORE_SOURCES: "warn",
    Course.AT_RISK: "late",
    Course.MISSED: "late",
    Course.NO_SOURCE: "",
    Course.NO_TARGET: "",
}


@dataclass(frozen=True)
class UnitRow:
    """A unit in a list: its standing, its bullet, its page."""

    standing: Standing
    url: str
    records_url: str
    bullet: SafeString
    aim: str
    kind: str


def unit_row(standing: Standing, *, look: Look) -> UnitRow:
    """Return `standing` as a row of a list of units; its pages are looked at as this one is."""
    slug = standing.organization.slug
    seen_so = {}
    if look.lens == "now":
        seen_so["cach"] = "now"
    if look.recount_on is not None:
        seen_so["den"] = look.on.isoformat()
    page = urlencode({"nam": look.year, **seen_so})
    behind = urlencode({"chi-so": "admitted", **seen_so})
    return UnitRow(
        standing=standing,
        url=reverse("organization-detail", args=[slug]) + f"?{page}",
        records_url=reverse("figure-records", args=[look.year, slug]) + f"?{behind}",
        bullet=bullet_of(standing),
        aim=aim(standing.low, standing.high) if standing.low else "",
        kind=KIND_OF[standing.course],
    )


def bullet_of(standing: Standing, *, forecast: int | None = None) -> SafeString:
    """Draw `standing` against its target; nothing without one."""
    if not standing.low:
        return charts.NOTHING
    words = _("%(name)s: %(admitted)s of %(aim)s admitted") % {
        "name": standing.short_name,
        "admitted": number(standing.admitted),
        "aim": aim(standing.low, standing.high),
    }
    if standing.plan is not None:
        words += "; " + _("plan to date %(plan)s") % {"plan": number(standing.plan)}
    if forecast is not None:
        words += "; " + _("forecast %(forecast)s") % {"forecast": number(forecast)}
    return charts.bullet(
        standing.admitted,
        standing.low,
        plan=standing.plan,
        forecast=forecast,
        label=words,
        behind=(standing.gap or 0) < 0,
    )


def forecast_drawn(foretold: Foretold | None, declared: DeclaredForecast | None) -> int | None:
    """Return the forecast that a bullet shows: what the files give, else the unit's own."""
    if foretold and foretold.forecast:
        return foretold.forecast.likely
    return declared.people if declared else None


def key_of(*, has_plan: bool, has_forecast: bool = False) -> SafeString:
    """Explain the marks of the bullets on the page."""
    return charts.key_bullet(
        admitted=_("Admitted"),
        behind=_("Admitted, behind the plan") if has_plan else "",
        forecast=_("Forecast for the year") if has_forecast else "",
        plan=_("Plan to date") if has_plan else "",
        target=_("Target"),
    )


def axis_of(standings: list[Standing]) -> SafeString:
    """Draw the axis in percent; in people for one small target, and not at all for several."""
    if any((standing.low or 0) > charts.FEW for standing in standings):
        return charts.bullet_axis()
    if len(standings) == 1:
        return charts.bullet_axis(people=standings[0].low)
    return charts.NOTHING


NEAR = 8
"""Percent of the width within which two marks of the axis would run into one another."""


def _x(day: date) -> float:
    first = date(day.year, 1, 1)
    return 100 * (day - first).days / (date(day.year, 12, 31) - first).days


def _cumulative(months: tuple[int, ...], *, on: date) -> list[charts.Point]:
    """Return the line through the ends of the months, the running one ending on day `on`."""
    points: list[charts.Point] = [(0.0, 0.0)]
    for month, reached in enumerate(accumulate(months), start=1):
        last = date(on.year, month, monthrange(on.year, month)[1])
        points.append((_x(min(last, on)), float(reached)))
        if last >= on:
            break
    return points


def _top(largest: int) -> tuple[int, list[int]]:
    """Return a round upper edge over `largest`, and the values of the lines across beneath it."""
    step = 1
    while step * 5 < largest:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    lines = [step * place for place in range(6) if step * place < largest]
    return max(int(largest * 1.06) + 1, 2), lines


def pace_of(overview: Overview, forecast: Forecast | None = None) -> SafeString:
    """Draw the year's admissions, cumulative, against the plan by rounds and last year.

    What is still to come follows the plan's rounds up to the `forecast`, its range shaded.
    """
    whole, on = overview.whole, overview.look.on
    past = overview.last_year
    last = sum(past) if past else 0
    high = forecast.high if forecast else 0
    top, lines = _top(max(whole.high or 0, whole.admitted, last, high, 1))
    ahead = _ahead(overview, forecast) if forecast else []
    plan = (
        [
            (_x(day), float(share * (whole.low or 0)))
            for day, share in staircase(overview.shares, on.year)
        ]
        if overview.shares and whole.low
        else []
    )
    actual = _cumulative(whole.months, on=on)
    x_now = _x(on)
    notes = []
    if whole.low:
        notes.append(
            charts.Note(
                x=100,
                value=whole.low,
                text=_("Target %(aim)s") % {"aim": aim(whole.low, whole.high)},
                kind="lab",
            )
        )
    if last:
        near = whole.low is not None and abs(last - whole.low) < top * 0.06
        above = near and last > (whole.low or 0)
        notes.append(
            charts.Note(
                x=100,
                value=last,
                text=f"{on.year - 1}: {number(last)}",
                dy=-8 if above else 16 if near else 4,
            )
        )
    words = number(whole.admitted)
    if whole.gap is not None and whole.gap < 0 and not whole.is_over:
        words = _("%(n)s, %(gap)s behind") % {"n": words, "gap": number(-whole.gap)}
    is_right = x_now > 80
    notes.append(
        charts.Note(
            x=x_now,
            value=whole.admitted,
            text=words,
            kind="lab b" if (whole.gap or 0) < 0 and not whole.is_over else "lab a",
            anchor="end" if is_right else "start",
            dx=-11 if is_right else 11,
            dy=16,
        )
    )
    if whole.plan and not whole.is_over:
        notes.append(
            charts.Note(
                x=x_now,
                value=whole.plan,
                text=_("plan %(plan)s") % {"plan": number(whole.plan)},
                kind="lo",
                anchor="end",
                dx=-8,
                dy=-8,
            )
        )
    if forecast:
        notes.append(_forecast_note(forecast, whole, last=last, top=top))
    close = [one for one in ROUNDS if abs(_x(one.on(on.year)) - x_now) <= NEAR]
    ticks = [
        charts.Tick(
            x=_x(one.on(on.year)),
            text=one.name,
            anchor="middle" if one not in close else "end" if one.on(on.year) < on else "start",
        )
        for one in ROUNDS
        if one.on(on.year) != on
    ]
    anchor = "middle"
    if close:
        anchor = "start" if close[0].on(on.year) < on else "end"
    ticks.append(charts.Tick(x=x_now, text=f"{on.day}/{on.month}", anchor=anchor, kind="lab a"))
    return charts.pace(
        label=_pace_label(overview, last=last, forecast=forecast),
        top=top,
        actual=actual,
        forecast=[(x, likely) for x, likely, _low, _high in ahead],
        band=[(x, low, high) for x, _likely, low, high in ahead],
        plan=plan,
        past=_cumulative(past, on=date(on.year, 12, 31)) if past else [],
        levels=[(value, number(value) if value else "") for value in lines],
        ticks=ticks,
        notes=notes,
        now=x_now,
    )


def _ahead(overview: Overview, forecast: Forecast) -> list[tuple[float, float, float, float]]:
    """Return [(x, likely, low, high)] from today to the year's end, up the plan's stairs."""
    on, admitted = overview.look.on, forecast.admitted
    corners: list[tuple[float, float]] = [(_x(on), 0.0)]
    reached = Decimal(0)
    for day, share in staircase(overview.shares, on.year) if overview.shares else []:
        if day <= on:
            reached = share
        elif reached < 1:
            corners.append((_x(day), float((share - reached) / (1 - reached))))
    if corners[-1] != (100.0, 1.0):
        corners.append((100.0, 1.0))
    ends = forecast.likely - admitted, forecast.low - admitted, forecast.high - admitted
    return [
        (x, admitted + part * ends[0], admitted + part * ends[1], admitted + part * ends[2])
        for x, part in corners
    ]


def _forecast_note(forecast: Forecast, whole: Standing, *, last: int, top: int) -> charts.Note:
    """Return the words at the end of the forecast, out of the way of those beside it."""
    beside = [value for value in (whole.low, last) if value]
    near = any(abs(value - forecast.likely) < top * 0.06 for value in beside)
    return charts.Note(
        x=100,
        value=forecast.likely,
        text=_("Forecast %(n)s") % {"n": number(forecast.likely)},
        kind="lab a",
        dy=28 if near else 4,
    )


def _pace_label(overview: Overview, *, last: int, forecast: Forecast | None) -> str:
    whole = overview.whole
    parts = [
        _("Admitted up to %(day)s: %(n)s")
        % {"day": f"{overview.look.on:%d/%m/%Y}", "n": number(whole.admitted)}
    ]
    if whole.plan is not None:
        parts.append(_("plan to date %(plan)s") % {"plan": number(whole.plan)})
    if whole.low:
        parts.append(_("target %(aim)s") % {"aim": aim(whole.low, whole.high)})
    if last:
        parts.append(
            _("%(n)s in the year %(year)s") % {"n": number(last), "year": overview.look.year - 1}
        )
    if forecast:
        parts.append(
            _("forecast %(likely)s, range %(low)s to %(high)s")
            % {
                "likely": number(forecast.likely),
                "low": number(forecast.low),
                "high": number(forecast.high),
            }
        )
    return "; ".join(parts) + "."


def strip_of(units: list[Standing]) -> SafeString:
    """Draw a dot for each unit by the people it is ahead of or behind its plan."""
    told = [unit for unit in units if unit.gap is not None]
    if len(told) < 2:
        return charts.NOTHING
    by_gap = sorted(told, key=lambda unit: unit.gap or 0)
    best = by_gap[-1].organization.pk  # the worst are named in the list of the shortfall
    low, high = by_gap[0].gap or 0, by_gap[-1].gap or 0
    dots = [
        charts.Dot(
            value=unit.gap or 0,
            title=_("%(name)s: %(admitted)s/%(aim)s, %(gap)s to the plan")
            % {
                "name": unit.short_name,
                "admitted": unit.admitted,
                "aim": aim(unit.low, unit.high),
                "gap": signed(unit.gap),
            },
            name=unit.short_name if unit.organization.pk == best and (unit.gap or 0) > 0 else "",
            has_source=unit.declaration is None,
        )
        for unit in told
    ]
    step = max(1, -(-(high - low) // 6))
    first = -(-low // step) * step
    ticks = [(value, signed(value)) for value in range(first, high + 1, step)]
    label = _("%(n)s units by people ahead of or behind the plan, from %(low)s to %(high)s.") % {
        "n": len(told),
        "low": signed(low),
        "high": signed(high),
    }
    return charts.strip(dots, label=label, ticks=ticks)


def key_strip(units: list[Standing]) -> SafeString:
    """Explain the dots."""
    return charts.key_strip(
        behind=_("Behind the plan"),
        ahead=_("On or ahead of the plan"),
        without_source=_("No source") if any(unit.declaration for unit in units) else "",
    )


def years_of(years: list[YearOf]) -> SafeString:
    """Draw the last years side by side: admitted, with the target as a tick."""
    bars = [
        charts.Bar(
            value=max(one.admitted, 0),
            target=one.low,
            name=str(one.year),
            words=f"{one.admitted} / {'–' if one.low is None else one.low}",
        )
        for one in years
    ]
    told: list[Any] = [f"{bar.name}: {bar.words}" for bar in bars]
    return charts.spark_bars(bars, label=_("Admitted / target: ") + "; ".join(told))
