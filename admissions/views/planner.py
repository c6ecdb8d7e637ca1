"""The planner of rounds, and the form by which staff name one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from admissions.forms.rounds import NewRoundForm, RoundForm
from admissions.models import Round
from admissions.operations.rounds import change_round, plan_round
from admissions.selectors.planner import planner
from config import clock
from config.ui.forms import DateField
from config.ui.pages import ActionView
from config.ui.searching import asked
from organizations.models import Appointment, Organization, Role

from .home import page_number

DAYS_AT_MOST = 24
WORDS_AT_MOST = 4 * DAYS_AT_MOST
MOST_TYPED = 400


@dataclass(frozen=True)
class TypedDays:
    """The days that a text writes, in order, and what is wrong with it, at its field."""

    days: list[date]
    error: str = ""

    @property
    def first(self) -> date | None:
        return next(iter(self.days), None)


def days_in(text: str) -> TypedDays:
    """Return the days written in `text`, as any field of a day takes them, with commas between.

    What is no day is named in the error, and the others count.
    """
    words = [word for word in text.replace(";", ",").replace(" ", ",").split(",") if word]
    field, found, errors = DateField(), set(), []
    for word in words[:WORDS_AT_MOST]:
        try:
            found.add(field.clean(word))
        except ValidationError as refused:
            errors += refused.messages
    days = sorted(found)
    if len(days) > DAYS_AT_MOST or len(words) > WORDS_AT_MOST:
        errors.append(_("At most %(number)s days are planned with.") % {"number": DAYS_AT_MOST})
    return TypedDays(days[:DAYS_AT_MOST], " ".join(dict.fromkeys(errors)))


class RoundPlanner(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        typed = asked(request).get("hop", "").strip()[:MOST_TYPED]
        committee = days_in(typed)
        removed, aim = (days_in(request.GET.get(name, "")[:40]) for name in ("bo", "dot"))
        errors = [one.error for one in (removed, aim) if one.error]
        if removed.first and removed.first not in committee.days:
            errors.append(
                _("%(day)s is none of the meetings below.") % {"day": f"{removed.first:%d/%m/%Y}"}
            )
        page = planner(
            request.user,
            on=clock.today(),
            aim=aim.first,
            committee=committee.days,
            removed=removed.first if removed.first in committee.days else None,
            page=page_number(request),
        )
        if page is None:
            raise Http404
        context = {"page": page, "typed": typed, "error": committee.error, "errors": errors}
        return render(request, "admissions/planner.html", context)


class RoundAction(ActionView):
    form_class: Any = RoundForm
    submit_label = gettext_lazy("Save the round")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        today = clock.today()
        held = Appointment.objects.of(request.user, on=today, roles=[Role.STAFF])
        own = Organization.objects.filter(pk__in=held.values("organization"))
        self.own = list(own.called(on=today).order_by("name_order", "pk"))
        if not self.own:
            raise Http404
        return None

    def get_success_url(self, result: Round) -> str:
        return f"{reverse('round-planner')}?dot={result.day:%d/%m/%Y}"

    def get_cancel_url(self) -> str:
        return reverse("round-planner")

    def get_success_message(self, result: Round) -> str:
        return _("Round %(name)s on %(day)s is saved.") % {
            "name": result.name,
            "day": f"{result.day:%d/%m/%Y}",
        }


class RoundCreate(RoundAction):
    form_class = NewRoundForm
    title = gettext_lazy("Add a round")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"organizations": self.own}

    def perform(self, form: NewRoundForm) -> Round:
        return plan_round(
            form.organization(), by=self.request.user, on=clock.today(), **form.values()
        )


class RoundEdit(RoundAction):
    title = gettext_lazy("Change the round")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        answer = super().load(request, **kwargs)
        self.round = get_object_or_404(
            Round, pk=kwargs["round"], organization__in=[one.pk for one in self.own]
        )
        return answer

    def get_initial(self) -> dict[str, Any]:
        return {name: getattr(self.round, name) for name in ("name", "day", "submit_by")}

    def perform(self, form: RoundForm) -> Round:
        return change_round(self.round, by=self.request.user, on=clock.today(), **form.values())
