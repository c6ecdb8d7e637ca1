"""Scenarios that are kept: named, listed, compared line by line, withdrawn."""

from urllib.parse import urlencode

from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config import clock
from config.ui.forms import OnceForm
from config.ui.pages import ActionView
from targets import comparison, sheets
from targets.operations.scenarios import (
    comes_to,
    listed,
    save_scenario,
    tried_on,
    withdraw_scenario,
)
from targets.scenario_forms import ScenarioForm, ScenarioNameForm
from targets.views.targets import address, organization_asked
from targets.what_if import Method, Scenario, bound_words


def assigned_by(request, year, *, today):
    """Return the organisation asked for; 404 to whom does not assign beneath it."""
    organization = organization_asked(request, year)
    if not sheets.assigns_beneath(request.user, organization, on=today):
        raise Http404
    return organization


@require_safe
def scenario_list(request, year):
    organization = assigned_by(request, year, today=clock.today())
    rows = listed(organization, year=year).select_related("entered_by")
    return render(
        request,
        "targets/scenario_list.html",
        {
            "organization": organization,
            "year": year,
            "rows": [
                {
                    "scenario": row,
                    "method": Method(row.asked["theo"]).label,
                    "total": sum(row.shares.values()),
                    "open_url": _on_the_grid(row, organization),
                }
                for row in rows
            ],
            "query": "?" + urlencode({"dv": organization.slug}),
        },
    )


def _on_the_grid(scenario, organization):
    asked = scenario.asked
    if asked["theo"] == Method.MANUAL:
        asked = {}
    return address("target-grid", scenario.year, organization, **asked)


@require_safe
def scenario_compare(request, year):
    today = clock.today()
    organization = assigned_by(request, year, today=today)
    asked = [int(key) for key in request.GET.getlist("so") if key.isascii() and key.isdecimal()]
    known = listed(organization, year=year).in_bulk([key for key in asked if key < 2**63])
    if set(asked) - set(known):
        raise Http404
    chosen = [known[key] for key in dict.fromkeys(asked)]
    only = request.GET.get("khac") == "1"
    refused = ""
    if asked and not 2 <= len(chosen) <= comparison.MOST:
        refused = gettext("Choose two or three scenarios to compare.")
        chosen = []
    query = [("dv", organization.slug), *(("so", one.pk) for one in chosen)]
    return render(
        request,
        "targets/scenario_compare.html",
        {
            "organization": organization,
            "year": year,
            "refused": refused,
            "only": only,
            "found": comparison.compare(
                organization, chosen, year=year, on=today, only_differing=only
            )
            if chosen
            else None,
            "all_query": "?" + urlencode(query),
            "only_query": "?" + urlencode([*query, ("khac", 1)]),
            "query": "?" + urlencode({"dv": organization.slug}),
        },
        status=422 if refused else 200,
    )


class ScenarioSave(ActionView):
    """What was tried on the grid, as its address says it; here it gets a name."""

    form_class = ScenarioNameForm
    template_name = "targets/scenario_save.html"
    title = _("Keep a scenario")
    submit_label = _("Keep it")

    def load(self, request, year):
        self.year = year
        self.today = clock.today()
        self.organization = assigned_by(request, year, today=self.today)
        self.rows = tried_on(self.organization, year=year, on=self.today)
        if not self.rows:
            raise Http404
        if request.GET.get("theo", Method.MANUAL) == Method.MANUAL:
            own = sheets.sheet(self.organization, year=year, on=self.today, is_top=False).given
            self.scenario = Scenario(total=own.low or 0, method=Method.MANUAL)
            return None
        asked = ScenarioForm(request.GET, self.rows)
        if not asked.is_valid():
            # The grid tells at each field what is wrong with it.
            return HttpResponseRedirect(
                reverse("target-grid", args=[year]) + "?" + request.GET.urlencode()
            )
        self.scenario = asked.scenario()
        return None

    def perform(self, form):
        return save_scenario(
            self.organization,
            by=self.request.user,
            on=self.today,
            year=self.year,
            scenario=self.scenario,
            **form.values(),
        )

    def get_success_url(self, result):
        return address("scenario-list", self.year, self.organization)

    def get_success_message(self, result):
        return _("The scenario is kept; no target was changed.")

    def get_cancel_url(self):
        return reverse("target-grid", args=[self.year]) + "?" + self.request.GET.urlencode()

    def get_context_data(self, **kwargs):
        found = comes_to(self.rows, self.scenario)
        return super().get_context_data(
            organization=self.organization,
            year=self.year,
            tried=found,
            method=self.scenario.method.label,
            bounds=[
                (row.organization, bound_words(self.scenario.bounds[row.key]))
                for row in self.rows
                if row.key in self.scenario.bounds
            ],
            query="?" + urlencode({"dv": self.organization.slug}),
            **kwargs,
        )


class ScenarioWithdraw(ActionView):
    form_class = OnceForm
    template_name = "targets/scenario_withdraw.html"
    title = _("Withdraw a scenario")
    submit_label = _("Withdraw it")

    def load(self, request, year, number):
        self.year = year
        self.today = clock.today()
        self.organization = assigned_by(request, year, today=self.today)
        self.scenario = get_object_or_404(
            listed(self.organization, year=year).select_related("organization", "entered_by"),
            pk=number,
        )

    def perform(self, form):
        return withdraw_scenario(self.scenario, by=self.request.user, on=self.today)

    def get_success_url(self, result):
        return address("scenario-list", self.year, self.organization)

    def get_success_message(self, result):
        return _("The scenario is withdrawn.")

    def get_cancel_url(self):
        return self.get_success_url(None)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            organization=self.organization,
            year=self.year,
            scenario=self.scenario,
            query="?" + urlencode({"dv": self.organization.slug}),
            **kwargs,
        )
