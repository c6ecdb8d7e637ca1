"""What the pages of steps share: the file, the case of today, and whose page it is."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from admissions.cases import case_of
from admissions.guards import STEPS
from admissions.models import Candidate, RuleSet
from admissions.permissions import Permission, Rights
from admissions.stages import Step
from config import clock
from config.ui.pages import ActionView
from organizations.models import Role
from organizations.permissions import holds


def sees_names(request: HttpRequest) -> None:
    """Answer 404 to those whose roles show no people by name, as if there were no such page."""
    if not holds(request.user, *Role.sees_names(), on=clock.today()):
        raise Http404


def visible_file(request: HttpRequest, public_id: Any) -> Candidate:
    return get_object_or_404(
        Candidate.objects.visible_to(request.user).select_related("person", "cell", "rules"),
        public_id=public_id,
    )


class FileAction(ActionView):
    """An action on one file, for those whom the step's permission names; others get 404."""

    template_name = "admissions/step_form.html"
    step: Step

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        today = clock.today()
        self.file = visible_file(request, kwargs["public_id"])
        try:
            self.case = case_of(self.file, on=today)
        except RuleSet.DoesNotExist:
            raise Http404 from None
        rights = Rights.of(request.user, on=today, cells=[self.file.cell_id])
        if not rights.may(self.permission(), self.case):
            raise Http404
        # Only to a reader: a form sent twice must find its first result.
        if request.method != "POST" and not self.is_open():
            return redirect("candidate-detail", self.file.public_id)
        return None

    def permission(self) -> Permission:
        return STEPS[self.step].permission

    def is_open(self) -> bool:
        return STEPS[self.step].is_at(self.file)

    def get_told(self, result: Any) -> Candidate:
        return self.file

    def get_success_url(self, result: Any) -> str:
        return reverse("candidate-detail", args=[self.file.public_id])

    def get_cancel_url(self) -> str:
        return reverse("candidate-detail", args=[self.file.public_id])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(file=self.file, case=self.case, **kwargs)

    def keywords(self) -> dict[str, Any]:
        return {"by": self.request.user, "on": clock.today()}
