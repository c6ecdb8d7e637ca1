"""The pages of targets: what an organisation has, and what it gives to those beneath."""

from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config import clock
from config.ui.acting import acting
from config.ui.pages import ActionView
from organizations.models import Appointment, Role
from targets import in_force, permissions, sheets
from targets.forms import (
    AnswerForm,
    ForecastForm,
    NoSourceForm,
    RegistrationForm,
)
from targets.models import Cycle, SourceDeclaration
from targets.operations import refusals
from targets.operations.cycles import current_cycle
from targets.operations.declarations import answer_declaration, declare_forecast, declare_no_source
from targets.operations.targets import register_target


def organization_asked(request, year):
    """Return the organisation of `?dv=`, else the one acted for; 404 outside the reader's scope."""
    today = clock.today()
    if refusals.of_year(year, on=today):
        raise Http404
    scope = Appointment.objects.organizations_of(request.user, roles=Role.sees_figures(), on=today)
    scope = scope.called(on=today)
    if slug := request.GET.get("dv"):
        return get_object_or_404(scope, slug=slug)
    current = acting(request).current
    if current is None:
        raise Http404
    return get_object_or_404(scope, pk=current.organization_id)


def address(name, year, organization, **more):
    return reverse(name, args=[year]) + "?" + urlencode({"dv": organization.slug, **more})


def years_beside(year, *, on):
    """Return the years before and after that have pages."""
    return [one for one in (year - 1, year + 1) if not refusals.of_year(one, on=on)]


@require_safe
def target_year(request, year):
    today = clock.today()
    organization = organization_asked(request, year)
    superior = permissions.superior_of(organization, on=today)
    rights = sheets.rights(request.user, organization, on=today)
    sheet = sheets.sheet(
        organization,
        year=year,
        on=today,
        is_top=superior is None,
        with_proposed=superior is not None
        and permissions.reads_drafts_of(request.user, superior, on=today),
    )
    sections = in_force.sections(organization, year=year, on=today)
    return render(
        request,
        "targets/target_year.html",
        {
            "sections": sections,
            "sides": in_force.sides(sections),
            "organization": organization,
            "year": year,
            "years": years_beside(year, on=today),
            "sheet": sheet,
            "rights": rights,
            "waiting": sheets.waiting_declarations(organization, on=today)
            if rights.assigns
            else [],
            "query": "?" + urlencode({"dv": organization.slug}),
        },
    )


class TargetAction(ActionView):
    """A form about one organisation and year; subclasses say who may and what is done."""

    allows = staticmethod(permissions.declares_for)

    def load(self, request, year):
        self.year = year
        self.today = clock.today()
        self.organization = organization_asked(request, year)
        if not self.allows(request.user, self.organization, on=self.today):
            raise PermissionDenied

    def who(self):
        return {"by": self.request.user, "on": self.today}

    def get_success_url(self, result):
        return address("target-year", self.year, self.organization)

    def get_cancel_url(self):
        return self.get_success_url(None)

    def get_context_data(self, **kwargs):
        return super().get_context_data(organization=self.organization, year=self.year, **kwargs)


class TargetRegister(TargetAction):
    template_name = "targets/register.html"
    form_class = RegistrationForm
    title = _("Register a target")
    submit_label = _("Register")

    def perform(self, form):
        return register_target(self.organization, **self.who(), year=self.year, **form.values())

    def get_success_message(self, result):
        return _("The number is registered. It binds once the superior assigns it.")

    def get_context_data(self, **kwargs):
        superior = permissions.superior_of(self.organization, on=self.today)
        cycle = current_cycle(superior, year=self.year) if superior else None
        # Its own number alone, and only once the superior asks about it.
        is_asked = cycle is not None and cycle.state == Cycle.State.CONSULTING
        draft = cycle.drafts.filter(organization=self.organization).first() if is_asked else None
        return super().get_context_data(
            cycle=cycle, superior=superior, asked=sheets.typed(draft), **kwargs
        )


class ForecastDeclare(TargetAction):
    template_name = "targets/action.html"
    form_class = ForecastForm
    title = _("Declare a forecast")
    submit_label = _("Save the forecast")

    def get_initial(self):
        return {"declared_on": self.today}

    def perform(self, form):
        return declare_forecast(self.organization, **self.who(), year=self.year, **form.values())

    def get_success_message(self, result):
        return _("The forecast is saved.")


class NoSourceDeclare(TargetAction):
    template_name = "targets/action.html"
    form_class = NoSourceForm
    title = _("Declare that no source is left")
    submit_label = _("Send the declaration")

    def get_initial(self):
        return {"declared_on": self.today}

    def perform(self, form):
        return declare_no_source(self.organization, **self.who(), **form.values())

    def get_success_message(self, result):
        return _("The declaration is sent. It counts once the superior accepts it.")


class DeclarationAnswer(TargetAction):
    allows = staticmethod(permissions.sets_figures_of)
    template_name = "targets/action.html"
    form_class = AnswerForm
    title = _("Answer a declaration that no source is left")
    submit_label = _("Save the answer")

    def load(self, request, year, number):
        super().load(request, year)
        self.declaration = get_object_or_404(
            SourceDeclaration.objects.filter(organization=self.organization), pk=number
        )

    def get_context_data(self, **kwargs):
        return super().get_context_data(declaration=self.declaration, **kwargs)

    def perform(self, form):
        accept = form.cleaned_data["answer"] == "accept"
        return answer_declaration(self.declaration, **self.who(), accept=accept)

    def get_success_message(self, result):
        return _("The answer is saved.")
