"""The catalogue of indicators, and what units report where the system does not count."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config import clock
from config.ui.pages import ActionView
from targets import figures_reported, permissions
from targets.indicator_forms import FigureForm
from targets.indicators import CATALOGUE, called
from targets.models import Indicator
from targets.operations import refusals
from targets.operations.declarations import report_figure

from .targets import organization_asked


def _year(request):
    """Return the year of `?nam=`, else this one; 404 for a year that cannot be."""
    today = clock.today()
    text = request.GET.get("nam", "")
    if not text:
        return today.year
    is_year = len(text) == 4 and text.isascii() and text.isdigit()
    if not is_year or refusals.of_year(int(text), on=today):
        raise Http404
    return int(text)


def _about(request):
    """Return what every page of indicators shows: whose they are, in which year."""
    year = _year(request)
    organization = organization_asked(request, year)
    query = f"?dv={organization.slug}&nam={year}"
    return {"organization": organization, "year": year, "query": query}


@require_safe
def indicator_list(request):
    today = clock.today()
    about = _about(request)
    return render(
        request,
        "targets/indicator_list.html",
        {
            **about,
            "rows": figures_reported.catalogue(about["organization"], on=today),
            "declares": permissions.declares_for(request.user, about["organization"], on=today),
        },
    )


@require_safe
def indicator_detail(request, indicator):
    today = clock.today()
    about = _about(request)
    indicator = get_object_or_404(Indicator, pk=indicator)
    return render(
        request,
        "targets/indicator_detail.html",
        {
            **about,
            "indicator": indicator,
            "reports": figures_reported.reports(
                about["organization"], indicator, year=about["year"], on=today
            ),
            "declares": permissions.declares_for(request.user, about["organization"], on=today),
        },
    )


class FigureReport(ActionView):
    """A figure of an indicator that units report; a correction is a newer row."""

    template_name = "targets/figure_report.html"
    form_class = FigureForm
    submit_label = _("Save the figure")

    def load(self, request, indicator):
        self.today = clock.today()
        self.about = _about(request)
        self.organization = self.about["organization"]
        self.indicator = get_object_or_404(Indicator, pk=indicator, is_counted=False)
        if not permissions.declares_for(request.user, self.organization, on=self.today):
            raise PermissionDenied

    @property
    def title(self):
        return _("Report: %(name)s") % {"name": called(self.indicator)}

    def get_form_kwargs(self):
        entry = CATALOGUE[self.indicator.pk]
        return {"indicator": self.indicator, "counts": entry.counts, "of": entry.of}

    def get_initial(self):
        return {"as_of": self.today}

    def perform(self, form):
        return report_figure(
            self.indicator,
            self.organization,
            by=self.request.user,
            on=self.today,
            **form.values(),
        )

    def get_success_url(self, result):
        return reverse("indicator-detail", args=[self.indicator.pk]) + self.about["query"]

    def get_cancel_url(self):
        return self.get_success_url(None)

    def get_success_message(self, result):
        return _("The figure is saved. Earlier ones stay.")

    def get_context_data(self, **kwargs):
        return super().get_context_data(indicator=self.indicator, **self.about, **kwargs)
