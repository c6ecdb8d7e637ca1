"""The pages of the members on 1 January: proposed, confirmed, frozen, corrected by two people."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config import clock
from config.ui.forms import SecondPersonForm
from organizations.permissions import is_one_human
from targets import opening_sheets, permissions
from targets.forms import (
    BaselineConfirmationForm,
    BaselineCorrectionForm,
    BaselineForm,
    BaselineFreezeForm,
    WithdrawalForm,
)
from targets.models import BaselineCorrection, BaselineFreeze
from targets.openings import opening_day
from targets.operations.baselines import answer_correction, ask_correction, report_baseline
from targets.operations.freezes import (
    approve_freeze,
    ask_to_freeze,
    confirm_baseline,
    withdraw_freeze,
)

from .targets import TargetAction, address, organization_asked


@require_safe
def baseline_sheet(request, year):
    today = clock.today()
    organization = organization_asked(request, year)
    sheet = opening_sheets.sheet(organization, year=year, on=today)
    return render(
        request,
        "targets/baseline_sheet.html",
        {
            "organization": organization,
            "year": year,
            "day": opening_day(year),
            "sheet": sheet,
            "rights": opening_sheets.rights(request.user, sheet, on=today),
            "target_url": address("target-year", year, organization),
            "query": "?dv=" + organization.slug,
        },
    )


class BaselineAction(TargetAction):
    """An act about the opening members; it comes back to their page."""

    template_name = "targets/baseline_action.html"

    def get_success_url(self, result):
        return address("baseline-sheet", self.year, self.organization)

    def get_context_data(self, **kwargs):
        row = opening_sheets.own(self.organization, year=self.year, on=self.today)
        return super().get_context_data(
            row=row, target_url=address("target-year", self.year, self.organization), **kwargs
        )


class BaselineReport(BaselineAction):
    allows = staticmethod(permissions.sets_figures_of)
    form_class = BaselineForm
    title = _("Report the members on 1 January")
    submit_label = _("Save the number")

    def perform(self, form):
        return report_baseline(self.organization, **self.who(), year=self.year, **form.values())

    def get_success_message(self, result):
        return _("The number of opening members is saved.")


class BaselineConfirm(BaselineAction):
    allows = staticmethod(permissions.speaks_for)
    form_class = BaselineConfirmationForm
    title = _("Confirm the members on 1 January")
    submit_label = _("Confirm the number")

    def get_initial(self):
        row = opening_sheets.own(self.organization, year=self.year, on=self.today)
        if row.confirmation:
            return {"members": row.confirmation.members, "note": row.confirmation.note}
        return {"members": row.proposed}

    def perform(self, form):
        return confirm_baseline(self.organization, **self.who(), year=self.year, **form.values())

    def get_success_message(self, result):
        return _("The number is confirmed.")


class BaselineFreezeAsk(BaselineAction):
    allows = staticmethod(permissions.freezes_openings_of)
    form_class = BaselineFreezeForm
    title = _("Freeze the members on 1 January")
    submit_label = _("Ask for the freeze")

    def perform(self, form):
        return ask_to_freeze(self.organization, **self.who(), year=self.year, **form.values())

    def get_success_message(self, result):
        return _("The freeze is asked for. A second person approves it.")


class BaselineFreezeAnswer(BaselineAction):
    """What a freeze would write; the second person approves it, either takes it back."""

    allows = staticmethod(permissions.approves_openings_of)
    template_name = "targets/baseline_freeze.html"
    title = _("Approve the freeze of the members on 1 January")
    needs_fresh_proof = True
    submit_label = _("Save the answer")

    @property
    def form_class(self):
        return WithdrawalForm if self.is_own else SecondPersonForm

    def load(self, request, year):
        super().load(request, year)
        self.freeze = get_object_or_404(
            BaselineFreeze.objects.standing().select_related("entered_by"),
            organization=self.organization,
            year=year,
        )
        self.is_own = is_one_human(request.user, self.freeze.entered_by)

    def get_context_data(self, **kwargs):
        sheet = opening_sheets.sheet(self.organization, year=self.year, on=self.today)
        return super().get_context_data(
            freeze=self.freeze, is_own=self.is_own, sheet=sheet, **kwargs
        )

    def perform(self, form):
        approve = form.cleaned_data["answer"] == "approve"
        return (approve_freeze if approve else withdraw_freeze)(self.freeze, **self.who())

    def get_success_message(self, result):
        if result.approved_at is None:
            return _("The freeze is withdrawn. Nothing was written.")
        return _("The numbers are frozen. From now on each change is a correction by two people.")


class BaselineCorrect(BaselineAction):
    allows = staticmethod(permissions.sets_figures_of)
    form_class = BaselineCorrectionForm
    title = _("Correct the members on 1 January")
    submit_label = _("Ask for the correction")

    def perform(self, form):
        return ask_correction(self.organization, **self.who(), year=self.year, **form.values())

    def get_success_url(self, result):
        if result is None:
            return super().get_success_url(None)
        return correction_address(result)

    def get_success_message(self, result):
        return _("The correction is asked for. A second person answers it.")


def correction_address(correction):
    """Return the page of a correction, as its organisation's readers open it."""
    where = reverse("baseline-correction", args=[correction.year, correction.pk])
    return f"{where}?dv={correction.organization.slug}"


class BaselineCorrectionAnswer(BaselineAction):
    """What a correction changes, old beside new; the second person answers it here."""

    template_name = "targets/baseline_correction.html"
    form_class = SecondPersonForm
    submit_label = _("Save the answer")

    @property
    def needs_fresh_proof(self):
        return self.answers  # not of who only reads

    @staticmethod
    def allows(user, organization, *, on):
        # Whoever sees the organisation's figures reads; who answers is asked in `load`.
        return True

    @property
    def title(self):
        return _("Correction of the members on 1 January %(year)s") % {"year": self.year}

    def load(self, request, year, number):
        super().load(request, year)
        self.correction = get_object_or_404(
            BaselineCorrection.objects.select_related("entered_by", "answered_by", "baseline"),
            organization=self.organization,
            year=year,
            pk=number,
        )
        people = permissions.confirm_figures_of(
            self.organization, by=self.correction.entered_by, on=self.today
        )
        self.answers = people.contains(request.user)
        if request.method == "POST" and not self.answers:
            raise PermissionDenied

    def perform(self, form):
        approve = form.cleaned_data["answer"] == "approve"
        return answer_correction(self.correction, **self.who(), approve=approve)

    def get_success_url(self, result):
        return super().get_success_url(None) if result is None else correction_address(result)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            correction=self.correction,
            answers=self.answers,
            change=opening_sheets.change(self.correction),
            **kwargs,
        )

    def get_success_message(self, result):
        return _("The answer is saved.")
