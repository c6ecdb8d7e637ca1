"""How a page of figures is looked at: through which structure, and up to which day.

One small form, the same on every page: `{% include "ui/look.html" %}`, which needs `look_form` and
`look_words`. It works by GET, so the address tells the whole state, and without script. A view is
wrapped in `by_look`, which brings what was typed to its address, or shows the page with the
sentence of what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config import clock

from .forms import DateField, ProductForm

LENS, DAY, YEAR, TYPED = "cach", "den", "nam", "xem"
THEN, NOW = "then", "now"
LENSES = {THEN: _("By the structure of the time"), NOW: _("By today's structure")}
SENTENCES = {
    THEN: _(
        "Each admission counts for the organisations above the cell on the day of its ceremony."
    ),
    NOW: _("Every admission of the year counts for the organisations above the cell today."),
}
FIRST_YEAR = 1930


class LookForm(ProductForm):
    """The structure looked through, and the day up to which figures count."""

    quiet_optional = True
    cach = forms.ChoiceField(label=_("Structure"), choices=list(LENSES.items()))
    den = DateField(label=_("Figures as of"), required=False, first_year=FIRST_YEAR)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        # Beside the form of a filter or of an action, whose fields have ids of their own.
        self.auto_id = "look_%s"
        self.kept: list[tuple[str, str]] = []

    def clean_den(self) -> date | None:
        day: date | None = self.cleaned_data["den"]
        if day and day > self.today:
            raise ValidationError(_("The day lies in the future."))
        return day


def by_look(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer what was typed into the form of the look: 302 to its address, or 422 with why not.

    A day of another year leads to the page of that year.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # A day as people write it, in an address that somebody wrote, is as if it were typed.
        if TYPED not in request.GET and "/" not in request.GET.get(DAY, ""):
            return view(request, *args, **kwargs)
        typed = request.GET.copy()
        typed.setdefault(LENS, THEN)
        form = LookForm(typed, today=clock.today())
        if form.is_valid():
            return HttpResponseRedirect(_address(request, form))
        request.look_form = form  # type: ignore[attr-defined]
        shown = view(request, *args, **kwargs)
        if shown.status_code == 200:
            shown.status_code = 422
        return shown

    return answer


def _address(request: HttpRequest, form: LookForm) -> str:
    """Return the address of the page as the form asks for it, with all else that was asked."""
    lens, day = form.cleaned_data["cach"], form.cleaned_data["den"]
    match = request.resolver_match
    path, query = request.path, dict(kept(request))
    if day and match and "year" in match.kwargs:
        path = reverse(str(match.view_name), kwargs={**match.kwargs, "year": day.year})
    elif day:
        query[YEAR] = str(day.year)
    if lens != THEN:
        query[LENS] = lens
    # The newest day of a year is how the year is shown anyway; its address stays true tomorrow.
    if day and day != min(form.today, date(day.year, 12, 31)):
        query[DAY] = day.isoformat()
    return f"{path}?{urlencode(query)}" if query else path


def kept(request: HttpRequest) -> list[tuple[str, str]]:
    """Return what else the address asks for, besides the look and what hangs on the moment."""
    own = {LENS, DAY, TYPED, "trang", "seen", "shown", "in"}
    if request.resolver_match and "slug" in request.resolver_match.kwargs:
        own.add("dv")  # the path names the organisation already
    return [(name, str(value)) for name, value in request.GET.items() if name not in own]


def read(request: HttpRequest, *, year: int, today: date) -> tuple[str, date | None]:
    """Return (lens, the day asked for or None) of an address about `year`.

    Raises Http404 for an address that nobody was given: an unknown lens, a day that is none, or is
    not of the year, or lies in the future. What somebody typed is refused by the form instead.
    """
    form = getattr(request, "look_form", None)
    lens = request.GET.get(LENS, THEN)
    if form is not None:
        return (lens if lens in LENSES else THEN), None
    if lens not in LENSES:
        raise Http404
    text = request.GET.get(DAY)
    if not text:
        return lens, None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Http404 from None
    if day.year != year or day > today:
        raise Http404
    return lens, day


def control(request: HttpRequest, *, lens: str, on: date, today: date) -> dict[str, Any]:
    """Return what `ui/look.html` needs, for a page seen through `lens` with figures up to `on`."""
    form = getattr(request, "look_form", None)
    if form is None:
        form = LookForm(initial={"cach": lens, "den": on}, today=today)
    form.kept = kept(request)
    return {
        "look_form": form,
        "look_words": LENSES[lens],
        "look_sentence": SENTENCES[lens],
        "look_day": on,
    }


def lens_links(request: HttpRequest, lens: str) -> dict[str, Any]:
    """Return what `ui/lens.html` needs, for a page whose day is given: the lenses alone."""
    rest = kept(request)
    return {
        "lenses": [
            (words, "?" + urlencode([*rest, *([(LENS, one)] if one != THEN else [])]), one == lens)
            for one, words in LENSES.items()
        ],
        "look_words": LENSES[lens],
        "look_sentence": SENTENCES[lens],
    }
