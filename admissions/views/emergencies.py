"""Opening one person's file in an emergency, and the auditors' list of who did."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import View

from admissions.forms.emergencies import EmergencyForm
from admissions.models import Candidate, EmergencyOpening
from admissions.operations.emergencies import open_in_emergency
from admissions.permissions import OPEN_IN_EMERGENCY
from config import clock
from config.ui.pages import (
    PAGE_PARAMETER,
    PAGE_SIZES,
    SIZE_PARAMETER,
    ActionView,
    SafePaginator,
)
from organizations.models import Role
from organizations.permissions import holds

PER_PAGE = 50


@method_decorator(never_cache, name="dispatch")
class OpenInEmergency(ActionView):
    """For leaders and staff: what is not found tells nothing but that, and is told to the audit."""

    form_class = EmergencyForm
    template_name = "admissions/emergency_form.html"
    title = gettext_lazy("Open a file in an emergency")
    submit_label = gettext_lazy("Open it for an hour")
    needs_fresh_proof = True

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        self.today = clock.today()
        if not holds(request.user, *OPEN_IN_EMERGENCY.roles, on=self.today):
            raise Http404
        return None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        running = EmergencyOpening.objects.in_force(self.request.user, on=self.today)
        rows = running.select_related("candidate__person").order_by("expires_at", "pk")
        # Of a file opened twice the later hour stands.
        still_open = {one.candidate_id: one for one in rows}
        return super().get_context_data(still_open=still_open.values(), **kwargs)

    def perform(self, form: EmergencyForm) -> EmergencyOpening:
        user: Any = self.request.user
        return open_in_emergency(by=user, on=self.today, **form.values())

    def get_told(self, result: EmergencyOpening) -> Candidate:
        return result.candidate

    def get_success_url(self, result: EmergencyOpening) -> str:
        return reverse("candidate-detail", args=[result.candidate.public_id])

    def get_success_message(self, result: EmergencyOpening) -> str:
        return _("Open until %(until)s; the cell's secretary and the auditors are told.") % {
            "until": f"{result.expires_at.astimezone(clock.HERE):%H:%M}"
        }

    def get_cancel_url(self) -> str:
        return reverse("home")


@method_decorator(never_cache, name="dispatch")
class EmergencyList(View):
    """Every opening in what one audits, newest first, with its reason."""

    def get(self, request: HttpRequest) -> HttpResponse:
        today = clock.today()
        if not holds(request.user, Role.AUDITOR, on=today):
            raise Http404
        made = EmergencyOpening.objects.checked_by(request.user, on=today)
        rows = made.select_related("account", "candidate__person").order_by("-pk")
        asked = request.GET.get(SIZE_PARAMETER, "")
        size = int(asked) if asked in {str(one) for one in PAGE_SIZES} else PER_PAGE
        page = SafePaginator(rows, size).page(request.GET.get(PAGE_PARAMETER, 1))
        context = {
            "page_obj": page,
            "total": page.paginator.count,
            "page_sizes": PAGE_SIZES,
            "page_size": size,
            "rows": page.object_list,
        }
        return render(request, "admissions/emergency_list.html", context)
