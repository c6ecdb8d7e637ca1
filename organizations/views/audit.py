"""The audit's pages: what was done, what was read, and the history of one person's record."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from config import clock
from config.ui.pages import FilteredListView
from organizations.filters_audit import DAYS, EventFilter, ReadingFilter
from organizations.models import AccessEvent, AuditEvent, Person, Role
from organizations.operations.audit import unsealed_since
from organizations.permissions import holds
from organizations.sheets import audit

CHECKS = (Role.AUDITOR, Role.STAFF, Role.APPROVER)


@method_decorator(never_cache, name="dispatch")
class AuditList(FilteredListView):
    """What was done, refused and sealed, newest first."""

    queryset = AuditEvent.objects.order_by("-pk")
    filterset_class: Any = EventFilter
    template_name = "organizations/audit_list.html"
    readers: tuple[Role, ...] = (*CHECKS, Role.ADMINISTRATOR)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.today = clock.today()
        if not holds(request.user, *self.readers, on=self.today):
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        return audit.with_units(super().get_queryset(), on=self.today)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        user: Any = self.request.user
        return {
            **context,
            "rows": audit.lines(context["object_list"], user, on=self.today),
            "days": DAYS,
            "is_reading": self.filterset_class is ReadingFilter,
            "sees_readings": holds(user, *CHECKS, on=self.today),
            "unsealed_since": unsealed_since(),
            "sees_openings": holds(user, Role.AUDITOR, on=self.today),
        }


class ReadingList(AuditList):
    """What was opened and searched, newest first."""

    queryset = AccessEvent.objects.order_by("-pk")
    filterset_class = ReadingFilter
    readers = CHECKS


@method_decorator(never_cache, name="dispatch")
class MemberHistory(View):
    """Who opened a person's page, and what was done there: for those who may open it."""

    def get(self, request: HttpRequest, person: UUID) -> HttpResponse:
        today = clock.today()
        seen = Person.objects.visible_to(request.user, on=today)
        found = get_object_or_404(seen, public_id=person)
        context = {
            "name": str(found),
            "back": reverse("member-detail", args=[found.public_id]),
            "history": audit.history_of(found, request.user, on=today),  # type: ignore[arg-type]
        }
        return render(request, "organizations/record_history.html", context)
