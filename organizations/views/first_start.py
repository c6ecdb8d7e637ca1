"""The page that an empty database shows: its first organisation, administrator and year."""

from __future__ import annotations

from datetime import date
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from config import clock
from config.ui.pages import ActionView
from organizations.forms import FirstStartForm
from organizations.models import Organization, Role
from organizations.operations.accounts import is_empty, start_installation
from organizations.operations.structure import free_slug


@method_decorator([login_not_required, never_cache], name="dispatch")
class FirstStart(ActionView):
    form_class = FirstStartForm
    template_name = "organizations/first_start.html"
    title = _("Begin")
    submit_label = _("Begin")

    def load(self, request: HttpRequest) -> None:
        if not is_empty():
            raise Http404
        self.today = clock.today()

    def get_initial(self) -> dict[str, Any]:
        return {"year": self.today.year}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"today": self.today}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().post(request, *args, **kwargs)
        except PermissionDenied:
            return redirect("home")  # somebody, or a second click, was quicker

    def perform(self, form: FirstStartForm) -> Organization:
        values = form.values()
        year = values.pop("year")
        organization = start_installation(
            **values,
            slug=free_slug(values["organization_name"]),
            on=self.today,
            since=date(year, 1, 1),
        )
        first = organization.appointments.select_related("user").get(role=Role.ADMINISTRATOR)
        get_adapter().login(self.request, first.user)
        return organization

    def get_success_url(self, result: Organization) -> str:
        return reverse("administration")

    def get_success_message(self, result: Organization) -> str:
        return str(
            _("%(organization)s is ready. What comes next is listed under Administration.")
        ) % {"organization": result}
