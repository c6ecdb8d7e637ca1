"""The planner of rounds, and the form by which staff name one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

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
from config.ui.pages import ActionView
from organizations.models import Appointment, Organization, Role

from .home import page_number

DAYS_AT_MOST = 24


def days_in(text: str) -> list[date]:
    """Return the days written dd/mm/yyyy in `text`, in order; what is no day is left out."""
    found = set()
    for word in text.replace(";", ",").replace(" ", ",").split(",")[: 4 * DAYS_AT_MOST]:
        try:
            found.add(datetime.strptime(word, "%d/%m/%Y").date())  # noqa: DTZ007 - a day alone
        except ValueError:
            continue
    return sorted(found)[:DAYS_AT_MOST]


class RoundPlanner(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        typed = request.GET.get("hop", "")[:400]
        committee = days_in(typed)
        removed = next(iter(days_in(request.GET.get("bo", ""))), None)
        page = planner(
            request.user,
            on=clock.today(),
            aim=next(iter(days_in(request.GET.get("dot", ""))), None),
            committee=committee,
            removed=removed if removed in committee else None,
            page=page_number(request),
        )
        if page is None:
            raise Http404
        context = {
            "page": page,
            "typed": ", ".join(f"{day:%d/%m/%Y}" for day in committee),
            "is_odd": bool(typed.strip()) and not committee,
        }
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
