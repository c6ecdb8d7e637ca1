"""Asking that the person of a closed file be erased, and the second person's answer."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.forms.erasures import ErasureAnswerForm, ErasureForm
from admissions.models import Candidate, Erasure
from admissions.operations.erasures import answer_erasure, ask_erasure, refusal_to_erase
from admissions.permissions import ANSWER_ERASURE, ASK_ERASURE
from config import clock
from config.ui.pages import ActionView
from organizations.models import Role
from organizations.operations.people import is_own_record
from organizations.permissions import accounts_of_human, acts

from .file_action import visible_file


class OfClosedFile(ActionView):
    """About one file, for those who may, save on their own record."""

    template_name = "admissions/erasure.html"
    file: Candidate

    def may(self, *roles: Role) -> bool:
        """Say whether the reader acts in one of `roles` over the cell of the file."""
        user: Any = self.request.user
        return acts(user, *roles, over=self.file.cell, on=self.today) and not is_own_record(
            user, self.file.person
        )

    def get_told(self, result: Erasure) -> Candidate:
        return self.file

    def get_success_url(self, result: Any) -> str:
        return self.get_cancel_url()

    def get_cancel_url(self) -> str:
        return reverse("candidate-detail", args=[self.file.public_id])


class ErasureAsk(OfClosedFile):
    """For secretary and staff over the cell; a file that is not closed says why not."""

    form_class = ErasureForm
    title = gettext_lazy("Ask that the personal data be erased")
    submit_label = gettext_lazy("Ask for it")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        self.today = clock.today()
        self.file = visible_file(request, kwargs["public_id"])
        if not self.may(*ASK_ERASURE.roles):
            raise Http404
        return None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.file.erasures.order_by("pk").select_related("entered_by").last()
        return super().get_context_data(
            file=self.file, erasure=asked, refusal=refusal_to_erase(self.file), **kwargs
        )

    def perform(self, form: ErasureForm) -> Erasure:
        return ask_erasure(self.file, by=self.request.user, on=self.today, **form.values())

    def get_success_message(self, result: Erasure) -> str:
        return _("An approver answers; nothing is erased before that.")


class ErasureAnswer(OfClosedFile):
    """For an approver over the cell, another person than the one who asked."""

    form_class = ErasureAnswerForm
    title = gettext_lazy("Erase the personal data of a closed file")
    submit_label = gettext_lazy("Save the answer")
    needs_fresh_proof = True

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        self.today = clock.today()
        self.erasure = get_object_or_404(
            Erasure.objects.visible_to(request.user, on=self.today).select_related(
                "candidate__cell", "candidate__person", "entered_by"
            ),
            public_id=kwargs["erasure"],
        )
        self.file = self.erasure.candidate
        if not self.may(*ANSWER_ERASURE.roles):
            raise Http404
        return None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            file=self.file,
            erasure=self.erasure,
            refusal=None,
            is_own=self.erasure.entered_by_id in accounts_of_human(self.request.user),  # type: ignore[arg-type]
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

    def get_success_message(self, result: Erasure) -> str:
        if result.declined_because:
            return _("The request is declined; nothing is erased.")
        return _("Agreed: the data is erased within the hour.")
