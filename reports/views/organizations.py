"""The pages of organisations: the list, and each one's own page with its tabs."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from config.ui.look import by_look
from config.ui.pages import PAGE_SIZES, FilteredListView, SafePaginator
from config.ui.searching import asked
from organizations.selectors import kind_name, lineage_of
from reports import headlines, pictures
from reports.filters import OrganizationFilter
from reports.selectors import organizations as pages
from reports.selectors.forecast import foretold_of
from reports.selectors.overview import overview, whole_only
from reports.selectors.reconciliation import reconciliation
from reports.selectors.standing import figured, line_of, standings, years_with_figures
from reports.tiles import tile_of
from targets import sheets
from targets.measures import BY_NAME
from targets.sheets import aim

from .looks import control, look_of, organization_of, query, shared, year_asked

ROWS = 100


@method_decorator(by_look, name="dispatch")
class OrganizationList(FilteredListView):
    """Those of the reader's scope: what exists, and by name also what went by it, or ended."""

    filterset_class = OrganizationFilter
    template_name = "reports/organization_list.html"

    def scoped(self):
        self.given = look_of(self.request, year_asked(self.request))
        return figured(self.request.user).called(on=self.given.placed_on)

    def get_queryset(self):
        rows = super().get_queryset()
        chosen = self.filterset.form.cleaned_data if self.filterset.is_bound else {}
        on = self.given.placed_on
        if not chosen.get("q"):
            return rows.filter(period__contains=on).order_by("name_order", "pk")
        return pages.living_first(rows, on=on)

    def get(self, request, *args, **kwargs):
        if slug := request.GET.get("chuyen"):
            scope = figured(request.user)
            return redirect("organization-detail", get_object_or_404(scope, slug=slug).slug)
        if not figured(request.user).exists():
            raise Http404
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        given, units = self.given, list(context["object_list"])
        by_organization = {one.organization.pk: one for one in standings(units, given, shares=None)}
        rows = [
            (pictures.unit_row(by_organization[one.organization.pk], look=given), one)
            for one in pages.described(
                units, on=given.placed_on, text=asked(self.request).get("q", "")
            )
        ]
        return {**context, **control(self.request, given), "year": given.year, "rows": rows}


# ---------------------------------------------------------------- one organisation


def _asked(request, slug):
    """Return the organisation of an address, and how it is looked at."""
    given = look_of(request, year_asked(request))
    return organization_of(request, slug, on=given.placed_on), given


def _page(request, organization, given, *, tab, whole=None):
    """Return what the head of each tab needs; `whole` where its figures are known already."""
    on = given.placed_on
    designation = organization.designation(on=on)
    is_cell = bool(designation and designation.kind.is_cell)
    whole = whole or whole_only(organization, given)
    kept = query(given, nam=None if given.year == given.today.year else given.year)
    return {
        **shared(request, organization, given, whole),
        "kept": kept,
        "tab": tab,
        "tabs": _tabs(organization, kept),
        "line": line_of(organization, user=request.user, on=on),
        "kind": kind_name(designation.kind) if designation else "",
        "beneath": pages.number_beneath(organization, on=on),
        "state": pages.state_of(organization, on=on),
        "lineage": lineage_of(organization, user=request.user, on=given.today),
        "offices": pages.offices(organization, is_cell=is_cell, on=given.on),
        "restated": pages.restated(organization, whole, given),
        "years": years_with_figures(organization),
    }


def _tabs(organization, kept):
    """Return [(name, address)] of the tabs, which keep how the reader looks."""
    names = ["detail", "units", "files", "targets", "people", "history"]
    return {
        name: reverse(f"organization-{name}", args=[organization.slug]) + kept for name in names
    }


@require_safe
@by_look
def organization_detail(request, slug):
    """One organisation: target, rounds, files under way, years, and what stands beneath it."""
    organization, given = _asked(request, slug)
    shown = overview(organization, given)
    context = _page(request, organization, given, tab="detail", whole=shown.whole)
    foretold = foretold_of(shown.whole, given)
    forecast = pictures.forecast_drawn(foretold, shown.forecast)
    own_axis = pictures.axis_of([shown.whole])
    bullet = pictures.bullet_of(shown.whole, forecast=forecast)
    return render(
        request,
        "reports/organization_detail.html",
        {
            **context,
            "overview": shown,
            "rows": [pictures.unit_row(unit, look=given) for unit in shown.units],
            "axis": pictures.axis_of(shown.units),
            "sum": reconciliation(organization, given),
            "bullet": bullet,
            "tile": tile_of(
                shown.whole,
                given,
                bullet=bullet + own_axis if bullet else "",
                words=headlines.pace_words(shown.whole),
                foretold=foretold,
            ),
            "key": pictures.key_of(
                has_plan=shown.shares is not None, has_forecast=forecast is not None
            ),
            "years_chart": pictures.years_of(shown.years),
            "aim": aim(shown.whole.low, shown.whole.high),
        },
    )


@require_safe
@by_look
def organization_units(request, slug):
    """Those beneath, each above its own; what is searched for is a flat list."""
    organization, given = _asked(request, slug)
    context = _page(request, organization, given, tab="units")
    text = asked(request).get("q", "")[:120].replace("\0", "").strip()
    found = (
        pages.units_named(organization, text, on=given.placed_on)
        if text
        else pages.units_nested(organization, on=given.placed_on)
    )
    page = SafePaginator(found, ROWS).page(request.GET.get("trang", 1))
    rows = list(page)
    by_organization = {
        one.organization.pk: one
        for one in standings(pages.named(rows, on=given.placed_on), given, shares=None)
    }
    return render(
        request,
        "reports/organization_units.html",
        {
            **context,
            "text": text,
            "rows": [
                (row, pictures.unit_row(by_organization[row.organization.pk], look=given))
                for row in rows
            ],
            "ended": pages.ended_beneath(organization, on=given.placed_on),
            "page_obj": page,
            "total": page.paginator.count,
            "page_sizes": PAGE_SIZES,
            "page_size": ROWS,
        },
    )


@require_safe
@by_look
def organization_files(request, slug):
    """The open files beneath: by name to those who may read names, else how many at each step."""
    organization, given = _asked(request, slug)
    context = _page(request, organization, given, tab="files")
    step = request.GET.get("buoc", "")
    measure = BY_NAME.get(step) if step.startswith("files_") else None
    if step and measure is None:
        raise Http404
    found = pages.files(organization, context["whole"], given, user=request.user, measure=measure)
    page = SafePaginator(found.rows, 50).page(request.GET.get("trang", 1))
    return render(
        request,
        "reports/organization_files.html",
        {
            **context,
            "files": found,
            "measure": measure,
            "rows": pages.with_cells(page.object_list, on=given.placed_on),
            "page_obj": page,
            "total": found.seen,
            "page_sizes": PAGE_SIZES,
            "page_size": 50,
        },
    )


@require_safe
@by_look
def organization_targets(request, slug):
    """The targets given to the organisation and given out by it, beside what was reached."""
    organization, given = _asked(request, slug)
    context = _page(request, organization, given, tab="targets")
    on = given.placed_on
    is_top = not context["line"].has_superior
    units = list(pages.existing_beneath(organization, on=on))
    found = standings(units, given, shares=None)
    return render(
        request,
        "reports/organization_targets.html",
        {
            **context,
            "sheet": sheets.sheet(organization, year=given.year, on=on, is_top=is_top),
            "rows": [pictures.unit_row(one, look=given) for one in found],
            "aim": aim(context["whole"].low, context["whole"].high),
            "tile": tile_of(context["whole"], given, words=headlines.pace_words(context["whole"])),
        },
    )


@require_safe
@by_look
def organization_people(request, slug):
    """Who is in charge: posts and roles on the day, those to come, those that ended."""
    organization, given = _asked(request, slug)
    context = _page(request, organization, given, tab="people")
    return render(request, "reports/organization_people.html", context)


@require_safe
@by_look
def organization_history(request, slug):
    """Its names, kinds and places by day, and the decisions that changed it."""
    organization, given = _asked(request, slug)
    context = _page(request, organization, given, tab="history")
    return render(
        request,
        "reports/organization_history.html",
        {**context, "history": pages.history(organization, user=request.user, on=given.on)},
    )
