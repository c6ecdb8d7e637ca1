"""What every page of figures begins with: how it is looked at, and whose figures they are."""

from datetime import date
from urllib.parse import urlencode

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse

from config import clock
from config.ui import look as looking
from config.ui.acting import acting
from reports import headlines
from reports.selectors.standing import Look, figured, look
from targets.models import Attainment
from targets.operations import refusals
from targets.selectors import computed_at


def look_of(request, year) -> Look:
    """Read how the reader looks at `year`; 404 for a year that cannot be."""
    today = clock.today()
    if refusals.of_year(year, on=today):
        raise Http404
    lens, asked = looking.read(request, year=year, today=today)
    return look(year, lens=lens, today=today, asked=asked)


def year_asked(request) -> int:
    """Return the year of an address that names it in `?nam=`, else in `?den=`, else this one."""
    text = request.GET.get("nam") or request.GET.get("den", "")[:4]
    if "look_form" in vars(request) and not request.GET.get("nam"):
        text = ""  # what was typed was no day: its first letters are no year
    try:
        return int(text) if text else clock.today().year
    except ValueError:
        raise Http404 from None


def organization_of(request, slug, *, on: date):
    """Return the organisation asked for, else the one acted for; 404 outside the reader's scope."""
    scope = figured(request.user).called(on=on)
    if slug:
        found = get_object_or_404(scope, slug=slug)
    else:
        current = acting(request).current
        if current is None:
            raise Http404
        found = get_object_or_404(scope, pk=current.organization_id)
    if found.name is None:  # seen on a day before it was founded: by its first name
        first = found.designations.order_by("period__startswith").first()
        found.name, found.short_name = first.name, first.short_name
    return found


def query(given: Look, **changes) -> str:
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
    return computed_at(year), f"{standing.admitted}.{standing.low}.{standing.files}"


def control(request, given: Look) -> dict:
    """Return what the control of the look needs."""
    return looking.control(request, lens=given.lens, on=given.on, today=given.today)


def shared(request, organization, given: Look, whole) -> dict:
    """Return what the heading of a page about `organization` needs, alone or with its page."""
    at, stamp = _stamp(whole, given.year)
    seen = request.GET.get("seen", stamp)
    return {
        **control(request, given),
        "organization": organization,
        "year": given.year,
        "look": given,
        "whole": whole,
        "headline": headlines.headline(whole),
        "computed_at": at,
        "stamp": stamp,
        "seen": seen,
        "poll": query(given, dv=organization.slug, seen=seen, shown=stamp),
        "reload": query(given, dv=organization.slug),
        "records_url": reverse("figure-records", args=[given.year, organization.slug]),
        "more": query(given)[1:],
    }
