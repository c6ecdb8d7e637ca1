"""Pages of the committee's permission: one person, or all whom one resolution names."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from admissions.forms.permission import PermitForm, PermitSeveralForm
from admissions.operations.permission import permit, permit_several
from admissions.selectors.permission import proposed
from admissions.stages import Step
from config import clock
from config.ui.pages import ActionView
from organizations.models import Role
from organizations.permissions import holds

from .file_action import FileAction


class PermitProcedure(FileAction):
    form_class = PermitForm
    step = Step.PERMIT
    title = gettext_lazy("Permit the procedure")
    submit_label = gettext_lazy("Save the resolution")

    def perform(self, form: PermitForm) -> Any:
        return permit(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The procedure is permitted.")


class PermissionList(ActionView):
    """All whom the cells propose to one committee, and the resolution that permits some."""

    form_class = PermitSeveralForm
    template_name = "admissions/permission_list.html"
    title = gettext_lazy("Permission to do the procedure")
    submit_label = gettext_lazy("Save the resolution")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        today = clock.today()
        if not holds(request.user, Role.STAFF, on=today):
            raise Http404
        self.rows = proposed(request.user, on=today)
        return None

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"files": [row.file for row in self.rows]}

    def get_initial(self) -> dict[str, Any]:
        return {"held_on": clock.today()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs["form"]
        return super().get_context_data(
            rows=[(row, form[f"file-{row.file.pk}"]) for row in self.rows], **kwargs
        )

    def perform(self, form: PermitSeveralForm) -> Any:
        return permit_several(
            form.chosen(),
            by=self.request.user,
            on=clock.today(),
            held_on=form.cleaned_data["held_on"],
            resolution_number=form.cleaned_data["resolution_number"],
        )

    def get_success_url(self, result: Any) -> str:
        return reverse("permission-list")

    def get_success_message(self, result: Any) -> str:
        return ngettext(
            "The procedure is permitted for %(number)s person.",
            "The procedure is permitted for %(number)s people.",
            len(result),
        ) % {"number": len(result)}
