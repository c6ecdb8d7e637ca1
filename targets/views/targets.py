"""The pages of targets: what an organisation has, and what it gives to those beneath."""

from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config import clock
from config.errors import DomainError
from config.ui import look
from config.ui.acting import acting
from config.ui.pages import ActionView
from organizations.models import Appointment, Role
from targets import permissions, sheets, what_if
from targets.forms import (
    AnswerForm,
    ForecastForm,
    GridForm,
    NoSourceForm,
    RegistrationForm,
    ScenarioForm,
    TargetForm,
)
from targets.models import SourceDeclaration
from targets.operations import refusals
from targets.operations.declarations import answer_declaration, declare_forecast, declare_no_source
from targets.operations.targets import assign_target, assign_targets, register_target
from targets.what_if import Method

EMPTY_ONES, ALL = "trong", "tat-ca"
FILLS = (EMPTY_ONES, ALL)
"""Which cells of the grid are filled with what is proposed."""


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


@require_safe
def target_year(request, year):
    today = clock.today()
    organization = organization_asked(request, year)
    superior = permissions.superior_of(organization, on=today)
    sheet = sheets.sheet(organization, year=year, on=today, is_top=superior is None)
    rights = sheets.rights(request.user, organization, on=today)
    return render(
        request,
        "targets/target_year.html",
        {
            "organization": organization,
            "year": year,
            "years": [year - 1, year + 1],
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
    template_name = "targets/action.html"
    form_class = RegistrationForm
    title = _("Register a target")
    submit_label = _("Register")

    def perform(self, form):
        return register_target(self.organization, **self.who(), year=self.year, **form.values())

    def get_success_message(self, result):
        return _("The number is registered. It binds once the superior assigns it.")


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


class TargetAssign(TargetAction):
    """One organisation's target with its decision; the top unit's comes from outside."""

    allows = staticmethod(permissions.sets_figures_of)
    template_name = "targets/assign.html"
    form_class = TargetForm
    submit_label = _("Save the target")

    @property
    def title(self):
        if permissions.superior_of(self.organization, on=self.today) is None:
            return _("Enter the target given from outside")
        return _("Assign a target")

    def get_initial(self):
        return {"form": "number"}

    def perform(self, form):
        return assign_target(self.organization, **self.who(), year=self.year, **form.values())

    def get_success_message(self, result):
        return _("The target is saved.")


class TargetGrid(ActionView):
    """Numbers for all directly beneath, under one decision; readers without the right only look."""

    template_name = "targets/grid.html"
    form_class = GridForm
    submit_label = _("Save the targets")

    def load(self, request, year):
        self.year = year
        self.today = clock.today()
        self.organization = organization_asked(request, year)
        self.lens, _day = look.read(request, year=year, today=self.today)
        self.rows = sheets.grid(self.organization, year=year, on=self.today, lens=self.lens)
        if not self.rows:
            raise Http404
        self.may_assign = sheets.assigns_beneath(request.user, self.organization, on=self.today)
        if request.method == "POST" and not self.may_assign:
            raise PermissionDenied

    def get_form_kwargs(self):
        return {"rows": self.rows}

    def perform(self, form):
        # Read again inside the transaction: the operation holds each unit while it decides.
        form.rows = self.rows = sheets.grid(self.organization, year=self.year, on=self.today)
        if conflicts := form.conflicts():
            raise DomainError(fields=conflicts)
        if not form.numbers:
            raise DomainError(gettext("No number was changed, so there is nothing to save."))
        return assign_targets(
            self.organization,
            by=self.request.user,
            on=self.today,
            year=self.year,
            numbers=form.numbers,
            decision_number=form.cleaned_data["decision_number"],
            decided_on=form.cleaned_data["decided_on"],
            reason=form.cleaned_data["reason"],
        )

    def get_success_url(self, result):
        return address("target-grid", self.year, self.organization)

    def get_success_message(self, result):
        return gettext("%(n)s targets are saved.") % {"n": len(result)}

    def get_cancel_url(self):
        return address("target-year", self.year, self.organization)

    def tried(self, sheet):
        """Return the form of what is tried, and what it comes to: None where that is asked badly.

        Unasked, the own target is shared out, or without one what the units registered.
        """
        asked = self.request.GET
        if "tong" not in asked:
            registered = _sum(row.registered.low for row in self.rows if row.registered)
            total = sheet.given.low if sheet.given.low is not None else registered
            asked = {"tong": total or 0, "theo": Method.MIXED, "nguon": 50, "tran": 1, "thuc": 1}
        form = ScenarioForm(asked)
        return form, what_if.tried(self.rows, form.scenario()) if form.is_valid() else None

    def get_context_data(self, form, **kwargs):
        sheet = sheets.sheet(self.organization, year=self.year, on=self.today, is_top=False)
        if self.may_assign:
            asked, tried = self.tried(sheet)
            fill = self.request.GET.get("dien")
            if tried and fill in FILLS:
                form.filled = {
                    row.key: tried.shares[row.key]
                    for row in self.rows
                    if fill == ALL or not row.number
                }
            query = self.request.GET.copy()
            query.pop("dien", None)
            kwargs |= {
                "asked": asked,
                "tried": tried,
                "fill_query": query.urlencode(),
                "hindrances": what_if.HINDRANCES,
                "against": what_if.AGAINST,
            }
        return super().get_context_data(
            form=form,
            organization=self.organization,
            year=self.year,
            may_assign=self.may_assign,
            sheet=sheet,
            groups=_groups(self.rows, form, kwargs.get("tried")),
            totals=_totals(self.rows),
            seen=",".join(row.mark for row in self.rows),
            wrong=[
                (row, form.row_errors[row.key]) for row in self.rows if row.key in form.row_errors
            ],
            **look.lens_links(self.request, self.lens),
            **kwargs,
        )


def _groups(rows, form, tried):
    """Return [(group, [(row, what stands in its cell, its sentence, what is proposed)], members)],
    in order."""
    groups = []
    for row in rows:
        if not groups or groups[-1]["name"] != row.group:
            groups.append({"name": row.group, "rows": [], "members": 0})
        proposed = tried.shares[row.key] if tried else None
        groups[-1]["rows"].append(
            (row, form.typed(row), form.row_errors.get(row.key, ""), proposed)
        )
        groups[-1]["members"] += row.members or 0
    return groups


def _totals(rows):
    known = [row for row in rows if row.target and row.target.low is not None]
    members = _sum(row.members for row in rows)
    return {
        "members": members,
        "files": sum(row.files for row in rows),
        "last_admitted": _sum(row.last_admitted for row in rows),
        "last_target": _sum(row.last_target for row in rows),
        "registered": _sum(row.registered.low for row in rows if row.registered),
        "low": sum(row.target.low for row in known),
        "high": sum(row.target.high for row in known),
        "percent": sheets.percent(sum(row.target.low for row in known), members),
        "blank": len(rows) - len(known),
    }


def _sum(numbers):
    """Return the sum of what is known, None where nothing is: not known is not zero."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
