"""How figures are kept right: one organisation's recounted, and the recomputes of whole years."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from config import clock
from config.ui.look import by_look
from config.ui.pages import ActionView
from organizations.models import Job
from reports.forms import RecomputeForm
from reports.selectors.standing import figured
from targets.operations.attainment import ask_recompute
from targets.permissions import may_recompute, sees_recomputes
from targets.recounts import recounted
from targets.selectors import RECOMPUTE

from .looks import control, look_of, organization_of, query

SHOWN = 30
"""Runs that the page lists."""


@require_safe
@by_look
def figure_recount(request, year, slug):
    """Every figure of an organisation beside what the facts give now, or gave on a past day."""
    given = look_of(request, year)
    organization = organization_of(request, slug, on=given.placed_on)
    on = given.recount_on or given.today
    lines = recounted(organization, year=year, lens=given.lens, on=on, today=given.today)
    return render(
        request,
        "reports/figure_recount.html",
        {
            **control(request, given),
            "organization": organization,
            "year": year,
            "look": given,
            "lines": lines,
            "parted": sum(line.differs for line in lines),
            "is_of_today": given.recount_on is None,
            "may_recompute": may_recompute(request.user, on=given.today),
            "sees_recomputes": sees_recomputes(request.user, on=given.today),
            "dashboard_url": reverse("dashboard", args=[year]) + query(given, dv=organization.slug),
        },
    )


class RecomputeList(ActionView):
    """The last recomputes of whole years, and for who may ask for one the form."""

    form_class = RecomputeForm
    template_name = "reports/recompute_list.html"
    title = gettext_lazy("Recomputing figures")
    submit_label = gettext_lazy("Recompute")

    def load(self, request: Any, **kwargs: Any) -> None:
        self.today = clock.today()
        if not sees_recomputes(request.user, on=self.today):
            raise Http404
        self.may_recompute = may_recompute(request.user, on=self.today)
        if request.method == "POST" and not self.may_recompute:
            raise PermissionDenied

    def get_initial(self) -> dict[str, Any]:
        return {"year": self.today.year}

    def perform(self, form: RecomputeForm) -> Job:
        return ask_recompute(form.cleaned_data["year"], by=self.request.user, on=self.today)

    def get_success_url(self, result: Job) -> str:
        return reverse("recompute-list")

    def get_success_message(self, result: Job) -> str:
        return _("%(year)s is being recomputed.") % {"year": result.subject}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        runs = list(Job.objects.filter(kind=RECOMPUTE).select_related("asked_by")[:SHOWN])
        # A sentence of a run names an organisation and its figures: to those who may see them.
        seen = set(figured(self.request.user).values_list("slug", flat=True))
        return super().get_context_data(
            runs=[
                (
                    run,
                    [one for one in run.errors if one.partition(" ")[0] in seen]
                    if run.state == Job.State.DONE
                    else [],
                )
                for run in runs
            ],
            may_recompute=self.may_recompute,
            is_running=any(run.state == Job.State.RUNNING for run in runs),
            **kwargs,
        )
