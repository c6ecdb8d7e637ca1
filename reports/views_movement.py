"""Statistical table 1 on the screen and on paper, and the people behind each of its numbers."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config import clock
from config.ui.pages import PAGE_PARAMETER, PAGE_SIZES, SIZE_PARAMETER, SafePaginator
from organizations.models import Organization
from targets.models import Attainment

from .forms import MovementForm
from .selectors.movement import BY_KEY, Period, members_amiss, members_of, table
from .selectors.records import cells_of
from .selectors.standing import line_of
from .views.looks import organization_of

AMISS = "sai-lech"


def _asked(request):
    """Return (form, period) as asked; the year so far where nothing, or nonsense, was asked."""
    today = clock.today()
    usual = {"tu": date(today.year, 1, 1), "den": today, "cach": Attainment.Lens.THEN}
    form = MovementForm(
        {name: request.GET.get(name) or value for name, value in usual.items()}, today=today
    )
    if form.is_valid():
        asked = form.cleaned_data
        form = MovementForm(initial=asked, today=today)  # shows days as they are written here
    else:
        asked = usual
    return form, Period(asked["tu"], asked["den"], lens=asked["cach"], today=today)


def _query(organization, period, **more):
    return "?" + urlencode(
        {
            "dv": organization.slug,
            "tu": period.first.isoformat(),
            "den": period.last.isoformat(),
            "cach": period.lens,
            **more,
        }
    )


@require_safe
def movement(request):
    """Table 1 of an organisation: this period, the same of the year before, and its units."""
    form, period = _asked(request)
    organization = organization_of(request, request.GET.get("dv"), on=period.placed_on)
    shown = table(organization, period)
    records = reverse("movement-members")
    today = period.today
    return render(
        request,
        "reports/movement.html",
        {
            "organization": organization,
            "line": line_of(organization, user=request.user, on=period.placed_on),
            "look": {"on": period.last},
            "form": form,
            "period": period,
            "table": shown,
            "rows": [
                (one, records + _query(organization, period, muc=one.row.key)) for one in shown.rows
            ],
            "units": [(one, _query(one.organization, period)) for one in shown.units],
            "off": [one for one in shown.units if not one.is_balanced],
            "amiss_url": records + _query(organization, period, muc=AMISS),
            "periods": [
                (name, _query(organization, one))
                for name, one in _usual(today, lens=period.lens)
                if (one.first, one.last) != (period.first, period.last)
            ],
        },
        status=422 if form.errors else 200,
    )


def _usual(today, *, lens):
    """Return the periods that are reported: half-years and years, as far as they have begun."""
    year = today.year
    found = [
        (str(year), date(year, 1, 1), date(year, 12, 31)),
        (_("First half of %(year)s") % {"year": year}, date(year, 1, 1), date(year, 6, 30)),
        (str(year - 1), date(year - 1, 1, 1), date(year - 1, 12, 31)),
    ]
    return [(name, Period(first, min(last, today), lens, today)) for name, first, last in found]


@require_safe
def movement_members(request):
    """The people whom a number of table 1 counts: by name for those who see names."""
    form, period = _asked(request)
    if form.errors:
        raise Http404
    organization = organization_of(request, request.GET.get("dv"), on=period.placed_on)
    key = request.GET.get("muc", "cuoi-ky")
    if key == AMISS:
        row = None
        found = members_amiss(table(organization, period).amiss, user=request.user)
    elif key in BY_KEY:
        row = BY_KEY[key]
        found = members_of(organization, row, period, user=request.user)
    else:
        raise Http404
    asked = request.GET.get(SIZE_PARAMETER, "")
    size = int(asked) if asked in {str(one) for one in PAGE_SIZES} else 50
    page = SafePaginator(found.rows, size).page(request.GET.get(PAGE_PARAMETER, 1))
    cells = cells_of({row.cell_id for row in page.object_list}, on=period.placed_on)
    units = Organization.objects.filter(pk__in=found.cells).called(on=period.placed_on)
    return render(
        request,
        "reports/movement_members.html",
        {
            "organization": organization,
            "period": period,
            "row": row,
            "found": found,
            "rows": [(one, *cells[one.cell_id], found.days.get(one.pk)) for one in page],
            "units": [(one, found.cells[one.pk]) for one in units.order_by("name_order", "pk")],
            "page_obj": page,
            "total": page.paginator.count,
            "hidden": found.people - page.paginator.count,
            "page_sizes": PAGE_SIZES,
            "page_size": size,
            "table_url": reverse("movement") + _query(organization, period),
        },
    )
