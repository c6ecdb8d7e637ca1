"""Pages of introducers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.cases import grassroots_unit
from admissions.forms.introducers import EndIntroducerForm, IntroducerForm
from admissions.models import Introducer
from admissions.operations.introducers import end_introducer, name_introducer
from admissions.selectors.choices import possible_mentors
from admissions.selectors.introducers import introducer_warnings
from admissions.stages import Step
from config import clock

from .file_action import FileAction


class ChoosesMember(FileAction):
    """A form that names a member: of the own cell, or of the whole unit by `?ca-don-vi=1`."""

    template_name = "admissions/mentor_form.html"

    @property
    def whole_unit(self) -> bool:
        return self.request.GET.get("ca-don-vi") == "1"

    def members(self) -> Any:
        today = clock.today()
        unit = grassroots_unit(self.file.cell_id, on=today) if self.whole_unit else None
        return possible_mentors(self.file, unit=unit, on=today)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"members": self.members()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(whole_unit=self.whole_unit, **kwargs)


class NameIntroducer(ChoosesMember):
    form_class = IntroducerForm
    step = Step.INTRODUCE
    title = gettext_lazy("Name an introducer")
    submit_label = gettext_lazy("Save the introducer")

    def get_initial(self) -> dict[str, Any]:
        return {"kind": Introducer.Kind.MEMBER, "named_on": clock.today()}

    def perform(self, form: IntroducerForm) -> Any:
        return name_introducer(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        told = _("%(introducer)s introduces the candidate.") % {"introducer": result}
        return " ".join([told, *introducer_warnings(self.file, on=clock.today())])


class EndIntroducer(ChoosesMember):
    form_class = EndIntroducerForm
    step = Step.INTRODUCE
    title = gettext_lazy("End or replace an introducer")
    submit_label = gettext_lazy("Save")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        answer = super().load(request, **kwargs)
        if answer is None:
            introducers = self.file.introducers.select_related("person", "candidate")
            self.introducer = get_object_or_404(introducers, pk=kwargs["introducer"])
        return answer

    def get_form_kwargs(self) -> dict[str, Any]:
        is_member = self.introducer.kind == Introducer.Kind.MEMBER
        return {"members": self.members() if is_member else None}

    def get_initial(self) -> dict[str, Any]:
        return {"ended_on": clock.today()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("End or replace: %(introducer)s") % {"introducer": self.introducer}
        return super().get_context_data(**{**kwargs, "title": title})

    def perform(self, form: EndIntroducerForm) -> Any:
        return end_introducer(self.introducer, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("%(introducer)s no longer introduces the candidate.") % {"introducer": result}
