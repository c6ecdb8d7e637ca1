"""The member register: who belongs to which cell today."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from config import clock
from config.ui.pages import ActionView, FilteredListView
from organizations import selectors
from organizations.filters import MemberFilter
from organizations.forms import MemberForm, written
from organizations.models import Membership, Role
from organizations.operations.people import add_member
from organizations.permissions import holds


@method_decorator(never_cache, name="dispatch")
class MemberList(FilteredListView):
    queryset = Membership.objects.select_related("person").order_by("person__name_order", "pk")
    filterset_class = MemberFilter
    template_name = "organizations/member_list.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.today = clock.today()
        if not holds(request.user, *Role.sees_names(), on=self.today):
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def scoped(self) -> Any:
        return super().scoped().on(self.today)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        rows = list(context["object_list"])
        cells = selectors.cells_of(rows, on=self.today)
        may_add = selectors.register_cells(self.request.user, on=self.today).exists()
        return {
            **context,
            "rows": [(row, cells[row.cell_id]) for row in rows],
            "may_add": may_add,
        }


class MemberCreate(ActionView):
    form_class = MemberForm
    template_name = "organizations/member_form.html"
    title = gettext_lazy("Add a member")
    submit_label = gettext_lazy("Add the member")

    def load(self, request: HttpRequest) -> None:
        self.today = clock.today()
        self.scope = selectors.register_cells(request.user, on=self.today)
        self.cells = list(self.scope[:2])
        if not self.cells:
            raise Http404

    def get_initial(self) -> dict[str, Any]:
        return {"cell": written(self.cells[0]) if len(self.cells) == 1 else ""}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"scope": self.scope, "today": self.today}

    def perform(self, form: MemberForm) -> Membership:
        values = form.values()
        return add_member(values.pop("cell"), **values, by=self.request.user, on=self.today)

    def get_success_url(self, result: Membership) -> str:
        return reverse("member-list")

    def get_success_message(self, result: Membership) -> str:
        return _("%(person)s is in the register.") % {"person": result.person}

    def get_cancel_url(self) -> str:
        return reverse("member-list")
