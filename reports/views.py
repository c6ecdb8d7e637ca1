"""The pages that show figures: dashboard, organisation, and the records behind a number."""

from datetime import date
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from config import clock
from config.ui.acting import acting
from config.ui.pages import PAGE_SIZES, FilteredListView, SafePaginator
from organizations.selectors import kind_name, with_names
from targets.measures import BY_NAME
from targets.models import Attainment
from targets.operations import refusals
from targets.permissions import declares_for
from targets.selectors import computed_at
from targets.sheets import aim

from . import headlines, pictures
from .filters import OrganizationFilter
from .selectors.overview import overview, whole_only
from .selectors.records import cells_of, records
from .selectors.standing import figured, has_data, line_of, look, standings, years_with_figures

SHOWN = 14


def _look(request, year):
    """Read how the reader looks at `year`; 404 for a year that cannot be."""
    today = clock.today()
    if refusals.of_year(year, on=today):
        raise Http404
    asked = None
    if text := request.GET.get("den"):
        try:
            asked = date.fromisoformat(text)
        except ValueError:
            raise Http404 from None
        if asked.year != year or asked > today:
            raise Http404
    lens = request.GET.get("cach", Attainment.Lens.THEN)
    if lens not in Attainment.Lens.values:
        raise Http404
    return look(year, lens=lens, today=today, asked=asked)


def _organization(request, slug, *, on):
    """Return the organisation asked for, else the one acted for; 404 outside the reader's scope."""
    scope = figured(request.user).called(on=on)
    if slug:
        return get_object_or_404(scope, slug=slug)
    current = acting(request).current
    if current is None:
        raise Http404
    return get_object_or_404(scope, pk=current.organization_id)


def _query(given, **changes):
    """Return the query that keeps how the reader looks, with `changes`; None leaves one out."""
    kept = {
        "cach": given.lens if given.lens != Attainment.Lens.THEN else None,
        "den": given.on.isoformat() if given.recount_on else None,
        **changes,
    }
    text = urlencode({name: value for name, value in kept.items() if value is not None})
    return f"?{text}" if text else ""


def _stamp(standing, year):
    """Return when the figures were last known to hold, and a short text that changes with them."""
    rows = [standing.row] if standing.row else []
    return computed_at(year, rows), f"{standing.admitted}.{standing.low}.{standing.files}"


@require_safe
def dashboard(request, year):
    given = _look(request, year)
    organization = _organization(request, request.GET.get("dv"), on=given.placed_on)
    if request.htmx and request.htmx.target == "headline":
        return _headline(request, organization, given)
    shown = overview(organization, given)
    line = line_of(organization, user=request.user, on=given.placed_on)
    context = {
        **_shared(request, organization, given, shown.whole),
        "overview": shown,
        "line": line,
        "years": years_with_figures(organization),
        "letter": line.above[-1] if line.above else None,
    }
    if shown.whole.row is None:
        context["has_data"] = has_data(organization, year=year, on=given.placed_on)
        return render(request, "reports/dashboard_empty.html", context)
    rows = [pictures.unit_row(unit, year=year, lens=given.lens) for unit in shown.units]
    every = "in" in request.GET
    shortfall = shown.shortfall
    return render(
        request,
        "reports/dashboard.html",
        {
            **context,
            "rows": rows if every else rows[:SHOWN],
            "rest": [] if every else rows[SHOWN:],
            "pace": pictures.pace_of(shown),
            "strip": pictures.strip_of(shown.units),
            "key_strip": pictures.key_strip(shown.units),
            "axis": pictures.axis_of(shown.units),
            "key": pictures.key_of(has_plan=shown.shares is not None),
            "bullet": pictures.bullet_of(
                shown.whole, forecast=shown.forecast.people if shown.forecast else None
            ),
            "aim": aim(shown.whole.low, shown.whole.high),
            "shortfall": shortfall,
            "short": [
                pictures.unit_row(unit, year=year, lens=given.lens) for unit in shortfall.units
            ]
            if shortfall
            else [],
            "without_source": [
                pictures.unit_row(unit, year=year, lens=given.lens) for unit in shown.without_source
            ],
        },
    )


def _shared(request, organization, given, whole):
    """What the heading needs, alone or with its page."""
    at, stamp = _stamp(whole, given.year)
    lenses = {
        lens: _query(
            given, cach=lens if lens != Attainment.Lens.THEN else None, dv=organization.slug
        )
        for lens in Attainment.Lens.values
    }
    return {
        "organization": organization,
        "year": given.year,
        "look": given,
        "whole": whole,
        "headline": headlines.headline(whole),
        "computed_at": at,
        "stamp": stamp,
        "seen": request.GET.get("seen", stamp),
        "poll": _query(
            given, dv=organization.slug, seen=request.GET.get("seen", stamp), shown=stamp
        ),
        "reload": _query(given, dv=organization.slug),
        "lenses": lenses,
        "records_url": reverse("figure-records", args=[given.year, organization.slug]),
        "records_query": _query(given),
        "more": _query(given)[1:],
    }


def _headline(request, organization, given):
    """Answer the page that asks every two seconds: nothing new, or the heading anew."""
    whole = whole_only(organization, given)
    context = _shared(request, organization, given, whole)
    if context["stamp"] == request.GET.get("shown"):
        return HttpResponse(status=204)
    return render(request, "reports/dashboard.html#headline", context)


@require_safe
def figure_records(request, year, slug):
    """The people, or the files, that a number of a dashboard counts."""
    given = _look(request, year)
    organization = _organization(request, slug, on=given.placed_on)
    measure = BY_NAME.get(request.GET.get("chi-so", "admitted"))
    if measure is None:
        raise Http404
    found = records(organization, measure, given, user=request.user)
    page = SafePaginator(found.rows, 50).page(request.GET.get("trang", 1))
    cells = cells_of(page.object_list, on=given.placed_on)
    return render(
        request,
        "reports/figure_records.html",
        {
            "organization": organization,
            "year": year,
            "look": given,
            "measure": measure,
            "records": found,
            "rows": [(row, *cells[row.cell_id]) for row in page],
            "more": _query(given)[1:],
            "page_obj": page,
            "total": found.seen,
            "page_sizes": PAGE_SIZES,
            "page_size": 50,
            "dashboard_url": reverse("dashboard", args=[year])
            + _query(given, dv=organization.slug),
        },
    )


class OrganizationList(FilteredListView):
    filterset_class = OrganizationFilter
    template_name = "reports/organization_list.html"

    def scoped(self):
        today = clock.today()
        rows = figured(self.request.user).called(on=today)
        return rows.filter(period__contains=today).order_by("name_order", "pk")

    def get(self, request, *args, **kwargs):
        if slug := request.GET.get("chuyen"):
            return redirect("organization-detail", get_object_or_404(self.scoped(), slug=slug).slug)
        if not figured(request.user).exists():
            raise Http404
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        today = clock.today()
        given = look(today.year, lens=Attainment.Lens.THEN, today=today)
        found = standings(context["object_list"], given, shares=None)
        by_organization = {one.organization.pk: one for one in found}
        rows = [
            (
                pictures.unit_row(by_organization[one.pk], year=given.year, lens=given.lens),
                superior,
            )
            for one, _name, superior in with_names(context["object_list"], on=today)
        ]
        return {**context, "year": given.year, "rows": rows}


@require_safe
def organization_detail(request, slug):
    """One organisation: target, rounds, files under way, years, and what stands beneath it."""
    today = clock.today()
    try:
        year = int(request.GET.get("nam", today.year))
    except ValueError:
        raise Http404 from None
    given = _look(request, year)
    organization = _organization(request, slug, on=given.placed_on)
    shown = overview(organization, given)
    forecast = shown.forecast.people if shown.forecast else None
    designation = organization.designation(on=given.placed_on)
    return render(
        request,
        "reports/organization_detail.html",
        {
            **_shared(request, organization, given, shown.whole),
            "overview": shown,
            "line": line_of(organization, user=request.user, on=given.placed_on),
            "kind": kind_name(designation.kind) if designation else "",
            "rows": [pictures.unit_row(unit, year=year, lens=given.lens) for unit in shown.units],
            "axis": pictures.axis_of(shown.units),
            "own_axis": pictures.axis_of([shown.whole]),
            "bullet": pictures.bullet_of(shown.whole, forecast=forecast),
            "key": pictures.key_of(
                has_plan=shown.shares is not None, has_forecast=forecast is not None
            ),
            "years_chart": pictures.years_of(shown.years),
            "pace_words": headlines.pace_words(shown.whole),
            "aim": aim(shown.whole.low, shown.whole.high),
            "may_declare": declares_for(request.user, organization, on=today),
        },
    )
