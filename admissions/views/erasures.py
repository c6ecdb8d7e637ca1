"""Asking that the person of a closed file be erased, and the second person's answer."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.forms.erasures import ErasureAnswerForm, ErasureForm
from admissions.models import Erasure
from admissions.operations.erasures import answer_erasure, ask_erasure, refusal_to_erase
from config import clock
from config.ui.pages import ActionView
from organizations.models import Role
from organizations.permissions import acts

from .file_action import visible_file


class ErasureAsk(ActionView):
    """For secretary and staff over the cell; a file that is not closed says why not."""

    form_class = ErasureForm
    template_name = "admissions/erasure.html"
    title = gettext_lazy("Ask that the personal data be erased")
    submit_label = gettext_lazy("Ask for it")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        self.today = clock.today()
        self.file = visible_file(request, kwargs["public_id"])
        if not acts(request.user, Role.SECRETARY, Role.STAFF, over=self.file.cell, on=self.today):
            raise Http404
        return None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.file.erasures.order_by("pk").select_related("entered_by").last()
        return super().get_context_data(
            file=self.file, erasure=asked, refusal=refusal_to_erase(self.file), **kwargs
        )

    def perform(self, form: ErasureForm) -> Erasure:
        return ask_erasure(self.file, by=self.request.user, on=self.today, **form.values())

    def get_success_url(self, result: Any) -> str:
        return self.get_cancel_url()

    def get_success_message(self, result: Erasure) -> str:
        return _("An approver answers; nothing is erased before that.")

    def get_cancel_url(self) -> str:
        return reverse("candidate-detail", args=[self.file.public_id])


class ErasureAnswer(ActionView):
    """For an approver over the cell, another person than the one who asked."""

    form_class = ErasureAnswerForm
    template_name = "admissions/erasure.html"
    title = gettext_lazy("Erase the personal data of a closed file")
    submit_label = gettext_lazy("Save the answer")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        self.today = clock.today()
        self.erasure = get_object_or_404(
            Erasure.objects.visible_to(request.user, on=self.today).select_related(
                "candidate__cell", "candidate__person", "entered_by"
            ),
            public_id=kwargs["erasure"],
        )
        self.file = self.erasure.candidate
        if not acts(request.user, Role.APPROVER, over=self.file.cell, on=self.today):
            raise Http404
        return None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            file=self.file,
            erasure=self.erasure,
            refusal=None,
            is_own=self.erasure.entered_by_id == self.request.user.pk,
            **kwargs,
        )

    def perform(self, form: ErasureAnswerForm) -> Erasure:
        because = form.cleaned_data["declined_because"]
        return answer_erasure(
            self.erasure,
            by=self.request.user,  # type: ignore[arg-type]
            on=self.today,
            at=clock.now(),
            declined_because=because if form.cleaned_data["answer"] == "decline" else "",
        )

    def get_success_url(self, result: Any) -> str:
        return self.get_cancel_url()

    def get_success_message(self, result: Erasure) -> str:
        if result.declined_because:
            return _("The request is declined; nothing is erased.")
        return _("Agreed: the data is erased within the hour.")

    def get_cancel_url(self) -> str:
        return reverse("candidate-detail", args=[self.file.public_id])
