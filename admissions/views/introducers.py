"""Pages of introducers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.cases import grassroots_unit
from admissions.eligibility import (
    introduced,
    introducers_needed,
    introducers_on,
    must_join_the_union,
    union_of,
)
from admissions.forms.introducers import EndIntroducerForm, IntroducersForm
from admissions.models import Introducer
from admissions.operations.introducers import end_introducer, name_introducers
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


class NameIntroducers(ChoosesMember):
    """All who introduce in one form, as many as still lack; the helper usually is one."""

    form_class = IntroducersForm
    template_name = "admissions/introducers_form.html"
    step = Step.INTRODUCE
    title = gettext_lazy("Name introducers")
    submit_label = gettext_lazy("Save the introducers")

    @property
    def standing(self) -> list[Introducer]:
        return introducers_on(self.case)

    def get_form_kwargs(self) -> dict[str, Any]:
        number, _union = introducers_needed(self.case)
        union = union_of(self.case)
        return {
            **super().get_form_kwargs(),
            "number": number - sum(1 for one in self.standing if one.person_id),
            "union": union.label if union else "",
            "asks_union": not any(one.union for one in self.standing),
        }

    def get_initial(self) -> dict[str, Any]:
        known = {one.person_id for one in self.standing}
        helpers = [one.mentor_id for one in self.case.mentorships if one.mentor_id not in known]
        return {"named_on": self.case.on, "person": helpers[0] if helpers else None}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        lacking = introduced(self.case)
        return super().get_context_data(
            refusals=[lacking] if lacking else [],
            must_join=bool(must_join_the_union(self.case)),
            **kwargs,
        )

    def perform(self, form: IntroducersForm) -> Any:
        kind = union_of(self.case) or Introducer.Kind.YOUTH_UNION
        return name_introducers(self.file, kind=kind, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        told = [
            _("%(introducer)s introduces the candidate.") % {"introducer": one} for one in result
        ]
        return " ".join([*told, *introducer_warnings(self.file, on=clock.today())])


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
