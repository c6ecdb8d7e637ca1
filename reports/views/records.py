"""The records behind a number."""

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from config.ui.look import by_look
from config.ui.pages import PAGE_SIZES, SafePaginator
from reports.selectors.records import cells_of, place_of, records
from targets.measures import BY_NAME

from .looks import control, look_of, organization_of, query


@require_safe
@by_look
def figure_records(request, year, slug):
    """The people, or the files, that a number of a dashboard counts."""
    given = look_of(request, year)
    organization = organization_of(request, slug, on=given.placed_on)
    measure = BY_NAME.get(request.GET.get("chi-so", "admitted"))
    if measure is None:
        raise Http404
    found = records(organization, measure, given, user=request.user)
    page = SafePaginator(found.rows, 50).page(request.GET.get("trang", 1))
    places = {row: place_of(row, measure) for row in page.object_list}
    cells = cells_of({*places.values()}, on=given.placed_on)
    return render(
        request,
        "reports/figure_records.html",
        {
            **control(request, given),
            "organization": organization,
            "year": year,
            "look": given,
            "measure": measure,
            "records": found,
            "rows": [(row, *cells[place]) for row, place in places.items()],
            "more": query(given)[1:],
            "page_obj": page,
            "total": found.seen,
            "page_sizes": PAGE_SIZES,
            "page_size": 50,
            "dashboard_url": reverse("dashboard", args=[year]) + query(given, dv=organization.slug),
        },
    )
