"""The pages of years: closed and opened again by two people of the top unit."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config import clock
from config.ui.acting import acting
from config.ui.forms import SecondPersonForm
from config.ui.pages import ActionView
from organizations.models import Appointment, Role
from organizations.operations.seals import (
    ask_to_close_year,
    ask_to_open_year,
    close_year,
    keeps_years_of,
    open_year,
    withdraw_closing,
    withdraw_opening,
)
from organizations.permissions import is_one_human
from targets import closed_years
from targets.forms import WithdrawalForm, YearCloseForm, YearOpenForm


def top_asked(request):
    """Return the top unit of `?dv=`, else that of the role acted in; 404 for who does not see it.

    Only the top of a tree has years to close: 404 for every other unit.
    """
    today = clock.today()
    scope = Appointment.objects.organizations_of(request.user, roles=Role.sees_figures(), on=today)
    scope = scope.filter(
        placements__period__contains=today, placements__parent__isnull=True
    ).called(on=today)
    if slug := request.GET.get("dv"):
        return get_object_or_404(scope, slug=slug)
    current = acting(request).current
    if current is None:
        raise Http404
    return get_object_or_404(scope, pk=current.organization_id)


@require_safe
def year_list(request):
    today = clock.today()
    organization = top_asked(request)
    return render(
        request,
        "targets/year_list.html",
        {
            "organization": organization,
            "years": closed_years.years(organization, on=today),
            "keeps": keeps_years_of(request.user, organization, on=today),
            "query": "?dv=" + organization.slug,
            "target_url": reverse("target-year", args=[today.year]) + "?dv=" + organization.slug,
        },
    )


class YearAction(ActionView):
    """An act about a year of the top unit; it comes back to the list of years."""

    template_name = "targets/year_action.html"

    def load(self, request, year):
        self.year = year
        self.today = clock.today()
        self.organization = top_asked(request)
        if not keeps_years_of(request.user, self.organization, on=self.today):
            raise PermissionDenied

    def who(self):
        return {"by": self.request.user, "on": self.today}

    def get_success_url(self, result):
        return f"{reverse('year-list')}?dv={self.organization.slug}"

    def get_cancel_url(self):
        return self.get_success_url(None)

    def get_context_data(self, **kwargs):
        return super().get_context_data(organization=self.organization, year=self.year, **kwargs)


class YearCloseAsk(YearAction):
    form_class = YearCloseForm
    submit_label = _("Ask to close the year")

    @property
    def title(self):
        return _("Close the year %(year)s") % {"year": self.year}

    def get_context_data(self, **kwargs):
        return super().get_context_data(asks="close", **kwargs)

    def perform(self, form):
        return ask_to_close_year(self.organization, **self.who(), year=self.year, **form.values())

    def get_success_message(self, result):
        return _("Closing the year is asked for. A second person closes it.")


class SealAction(YearAction):
    """An act about one seal of the year."""

    def load(self, request, year, number):
        super().load(request, year)
        self.seal = get_object_or_404(closed_years.seals_of(self.organization), pk=number)
        if self.seal.period.lower.year != year:
            raise Http404

    def get_context_data(self, **kwargs):
        return super().get_context_data(seal=self.seal, **kwargs)


class YearOpenAsk(SealAction):
    form_class = YearOpenForm
    submit_label = _("Ask to open the year")

    @property
    def title(self):
        return _("Open the year %(year)s again") % {"year": self.year}

    def get_context_data(self, **kwargs):
        return super().get_context_data(asks="open", **kwargs)

    def perform(self, form):
        return ask_to_open_year(self.seal, **self.who(), **form.values())

    def get_success_message(self, result):
        return _("Opening the year is asked for. A second person opens it.")


class YearAnswer(SealAction):
    """The second person closes or opens; either takes back what was asked."""

    submit_label = _("Save the answer")
    needs_fresh_proof = True

    @property
    def opens(self):
        return self.seal.approved_at is not None

    @property
    def is_own(self):
        asked_by = self.seal.lift_asked_by if self.opens else self.seal.entered_by
        return asked_by is not None and is_one_human(self.request.user, asked_by)

    @property
    def form_class(self):
        return WithdrawalForm if self.is_own else SecondPersonForm

    @property
    def title(self):
        if self.opens:
            return _("Open the year %(year)s again") % {"year": self.year}
        return _("Close the year %(year)s") % {"year": self.year}

    def perform(self, form):
        approves = form.cleaned_data["answer"] == "approve"
        if self.opens:
            return (open_year if approves else withdraw_opening)(self.seal, **self.who())
        return (close_year if approves else withdraw_closing)(self.seal, **self.who())

    def get_success_message(self, result):
        if result.lifted_at:
            return _("The year is open again.")
        if result.withdrawn_at:
            return _("The year stays open.")
        if self.opens:
            return _("The year stays closed.")
        return _("The year is closed.")
