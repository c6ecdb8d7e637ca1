"""The forecast of an organisation and a year."""

from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from config.ui.look import by_look
from reports import headlines, pictures
from reports.selectors.forecast import forecast_page
from reports.selectors.overview import whole_only
from reports.selectors.standing import line_of, years_with_figures
from targets.permissions import sets_figures_of
from targets.sheets import rights

from .looks import control, look_of, organization_of, query


@require_safe
@by_look
def forecast(request, year, slug):
    given = look_of(request, year)
    organization = organization_of(request, slug, on=given.placed_on)
    whole = whole_only(organization, given)
    page = forecast_page(organization, given, whole)
    told = page.told
    bullet = pictures.bullet_of(whole, forecast=told.likely if told else None)
    line = line_of(organization, user=request.user, on=given.placed_on)
    is_open = year >= given.today.year and page.sealed is None
    return render(
        request,
        "reports/forecast.html",
        {
            **control(request, given),
            "organization": organization,
            "year": year,
            "look": given,
            "page": page,
            "whole": whole,
            "line": line,
            "letter": line.above[-1] if line.above else None,
            "years": years_with_figures(organization),
            "headline": headlines.forecast_headline(page),
            "chance": headlines.likelihood(told.chance_of(whole.low)) if told and whole.low else "",
            "words": headlines.forecast_words(page),
            "bullet": bullet + pictures.axis_of([whole]) if bullet else "",
            "key": pictures.key_of(has_plan=whole.plan is not None, has_forecast=told is not None),
            "record_words": headlines.record_words(page.record),
            "may_declare": rights(request.user, organization, on=given.today).declares,
            "may_plan": is_open and sets_figures_of(request.user, organization, on=given.today),
            "records_url": reverse("figure-records", args=[year, slug]),
            "more": query(given)[1:],
        },
    )
