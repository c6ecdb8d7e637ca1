"""The answer of a third person to a ceremony entered late."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.forms.late_entries import LateEntryAnswerForm
from admissions.models import Admission, LateEntry
from admissions.operations.late_entries import (
    barred_from_answering,
    decline_late_entry,
    let_count,
)
from admissions.permissions import Permission
from admissions.stages import Step
from config.errors import DomainError

from .file_action import FileAction


class AnswerLateEntry(FileAction):
    form_class = LateEntryAnswerForm
    template_name = "admissions/late_entry.html"
    step = Step.ADMIT
    needs_fresh_proof = True
    title = gettext_lazy("A ceremony entered late")
    submit_label = gettext_lazy("Save the answer")
    entry: LateEntry | None

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        answer = super().load(request, **kwargs)
        if answer is not None:
            return answer
        late = self.case.late_entry
        self.entry = late if late and late.answered_at is None else None
        if self.entry is None and request.method != "POST":
            return redirect("candidate-detail", self.file.public_id)
        return None

    def permission(self) -> Permission:
        return Permission.ANSWER_LATE

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user: Any = self.request.user
        barred = barred_from_answering(self.case, self.entry, by=user) if self.entry else None
        return super().get_context_data(entry=self.entry, barred=barred, **kwargs)

    def perform(self, form: LateEntryAnswerForm) -> Any:
        if self.entry is None:
            raise DomainError(_("This was answered already."))
        because = form.cleaned_data["declined_because"]
        if form.cleaned_data["answer"] == "decline":
            return decline_late_entry(self.entry, reason=because, **self.keywords())
        return let_count(self.entry, **self.keywords())

    def get_success_message(self, result: Any) -> str:
        if isinstance(result, Admission):
            return _("%(person)s is admitted; probation runs from %(day)s.") % {
                "person": self.file.person,
                "day": f"{result.ceremony_on:%d/%m/%Y}",
            }
        return _("The late entry of %(day)s is declined; nobody is admitted by it.") % {
            "day": f"{result.ceremony_on:%d/%m/%Y}"
        }
