"""Pages of the verification of what a candidate declared."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.generic import View

from admissions.forms.introducers import AnswerForm, UnsentForm, VerificationForm, WaiveForm
from admissions.operations.verifications import (
    receive_verification,
    send_verification,
    waive_unsent,
    waive_verification,
)
from admissions.selectors.verifications import verification_page
from admissions.stages import Step
from config import clock
from organizations.models import AccessEvent

from .file_action import FileAction, visible_file
from .introducers import ChoosesMember


class VerificationList(View):
    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        file = visible_file(request, public_id)
        page = verification_page(file, user=request.user, on=clock.today())  # type: ignore[arg-type]
        AccessEvent.objects.note(request, words=gettext_noop("Opened the page"), record=file)
        return render(request, "admissions/verification_list.html", {"page": page, "file": file})


class BackToVerifications(FileAction):
    def get_success_url(self, result: Any) -> str:
        return reverse("candidate-verifications", args=[self.file.public_id])

    def get_cancel_url(self) -> str:
        return self.get_success_url(None)


class SendVerification(BackToVerifications, ChoosesMember):
    form_class = VerificationForm
    step = Step.SEND_VERIFICATION
    title = gettext_lazy("Ask for a verification")
    submit_label = gettext_lazy("Save the request")

    def get_initial(self) -> dict[str, Any]:
        return {"sent_on": clock.today()}

    def perform(self, form: VerificationForm) -> Any:
        return send_verification(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The request is sent; the answer is due by %(day)s.") % {
            "day": f"{result.due_on:%d/%m/%Y}"
        }


class WaiveUnsent(BackToVerifications):
    form_class = UnsentForm
    step = Step.SEND_VERIFICATION
    title = gettext_lazy("Note that somebody is not verified")
    submit_label = gettext_lazy("Save")

    def perform(self, form: UnsentForm) -> Any:
        return waive_unsent(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("It is noted why nobody is asked.")


class OfRequest(BackToVerifications):
    """An action on one request that is still open."""

    step = Step.RECEIVE_VERIFICATION

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        answer = super().load(request, **kwargs)
        if answer is None:
            requests = self.file.verifications.select_related("candidate")
            self.asked = get_object_or_404(requests, pk=kwargs["verification"])
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        words = {"title": self.title, "person": self.asked.subject, "place": self.asked.place}
        title = _("%(title)s: %(person)s, %(place)s") % words
        return super().get_context_data(**{**kwargs, "title": title})


class AnswerVerification(OfRequest):
    form_class = AnswerForm
    title = gettext_lazy("Record the answer")
    submit_label = gettext_lazy("Save what was answered")

    def get_initial(self) -> dict[str, Any]:
        return {"received_on": clock.today()}

    def perform(self, form: AnswerForm) -> Any:
        return receive_verification(self.asked, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The answer is recorded: %(result)s.") % {"result": result.get_result_display()}


class WaiveVerification(OfRequest):
    form_class = WaiveForm
    title = gettext_lazy("Do without the answer")
    submit_label = gettext_lazy("Save")

    def perform(self, form: WaiveForm) -> Any:
        return waive_verification(self.asked, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The answer is done without.")
