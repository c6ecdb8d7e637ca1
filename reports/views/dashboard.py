"""The leadership dashboard of an organisation and a year."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config.ui.look import by_look
from reports import pictures
from reports.selectors.forecast import foretold_of
from reports.selectors.overview import overview, whole_only
from reports.selectors.reconciliation import reconciliation
from reports.selectors.standing import has_data, line_of, years_with_figures
from reports.tiles import tile_of

from .looks import look_of, organization_of, shared

SHOWN = 14


@require_safe
@by_look
def dashboard(request, year):
    given = look_of(request, year)
    organization = organization_of(request, request.GET.get("dv"), on=given.placed_on)
    if request.htmx and request.htmx.target == "headline":
        return _headline(request, organization, given)
    shown = overview(organization, given)
    line = line_of(organization, user=request.user, on=given.placed_on)
    context = {
        **shared(request, organization, given, shown.whole),
        "overview": shown,
        "line": line,
        "years": years_with_figures(organization),
        "letter": line.above[-1] if line.above else None,
    }
    if shown.whole.row is None:
        context["has_data"] = has_data(organization, year=year, on=given.placed_on)
        return render(request, "reports/dashboard_empty.html", context)
    rows = [pictures.unit_row(unit, look=given) for unit in shown.units]
    every = "in" in request.GET
    shortfall = shown.shortfall
    foretold = foretold_of(shown.whole, given)
    forecast = pictures.forecast_drawn(foretold, shown.forecast)
    bullet = pictures.bullet_of(shown.whole, forecast=forecast)
    return render(
        request,
        "reports/dashboard.html",
        {
            **context,
            "rows": rows if every else rows[:SHOWN],
            "rest": [] if every else rows[SHOWN:],
            "pace": pictures.pace_of(shown, foretold.forecast if foretold else None),
            "strip": pictures.strip_of(shown.units),
            "key_strip": pictures.key_strip(shown.units),
            "axis": pictures.axis_of(shown.units),
            "sum": reconciliation(organization, given),
            "key": pictures.key_of(has_plan=shown.shares is not None),
            "bullet": bullet,
            "tile": tile_of(
                shown.whole, given, bullet="" if shortfall else bullet, foretold=foretold
            ),
            "shortfall": shortfall,
            "short": [pictures.unit_row(unit, look=given) for unit in shortfall.units]
            if shortfall
            else [],
            "without_source": [
                pictures.unit_row(unit, look=given) for unit in shown.without_source
            ],
        },
    )


def _headline(request, organization, given):
    """Answer the page that asks every two seconds: nothing new, or the heading anew."""
    whole = whole_only(organization, given)
    context = shared(request, organization, given, whole)
    if context["stamp"] == request.GET.get("shown"):
        return HttpResponse(status=204)
    return render(request, "reports/dashboard.html#headline", context)
