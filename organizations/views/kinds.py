"""The table of kinds of organisation: read by every administrator, kept by those of whole trees."""

from __future__ import annotations

import hashlib
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from config.ui.pages import ActionView
from organizations import selectors
from organizations.forms_kinds import KindForm, NewKindForm
from organizations.models import OrganizationKind
from organizations.operations.kinds import add_kind, change_kind
from organizations.permissions import keeps_kinds
from organizations.selectors import kind_name
from organizations.views.administration import ForAdministrators


class KindList(ForAdministrators, TemplateView):
    template_name = "organizations/kind_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        scope = selectors.administered(self.request.user, on=self.today)
        number, unusual = selectors.unusual_places(scope, on=self.today)
        return super().get_context_data(
            kinds=OrganizationKind.objects.prefetch_related("allowed_parents"),
            keeps=keeps_kinds(self.request.user, on=self.today),
            number=number,
            unusual=unusual,
            **kwargs,
        )


class KindAction(ForAdministrators, ActionView):
    template_name = "organizations/kind_form.html"
    form_class = KindForm

    def load(self, request: HttpRequest, **kwargs: Any) -> None:
        if not keeps_kinds(request.user, on=self.today):
            raise PermissionDenied

    def get_success_url(self, result: OrganizationKind) -> str:
        return reverse("kind-list")

    def get_success_message(self, result: OrganizationKind) -> str:
        return _("“%(kind)s” is saved.") % {"kind": kind_name(result)}

    def get_cancel_url(self) -> str:
        return reverse("kind-list")


class KindCreate(KindAction):
    form_class = NewKindForm
    title = gettext_lazy("Add a kind of organisation")
    submit_label = gettext_lazy("Add the kind")

    def perform(self, form: NewKindForm) -> OrganizationKind:
        values = form.values()
        return add_kind(values.pop("code"), **values, by=self.request.user, on=self.today)


class KindEdit(KindAction):
    submit_label = gettext_lazy("Save the kind")

    def load(self, request: HttpRequest, **kwargs: Any) -> None:
        super().load(request)
        self.kind = get_object_or_404(OrganizationKind, code=kwargs["kind"])
        self.title = _("Kind of organisation: %(kind)s") % {"kind": kind_name(self.kind)}

    def _values(self) -> dict[str, Any]:
        kind = OrganizationKind.objects.get(pk=self.kind.pk)
        return {
            "name": kind.name,
            "name_en": kind.name_en,
            "rank": kind.rank,
            "is_cell": kind.is_cell,
            "is_grassroots": kind.is_grassroots,
            "votes_as": kind.votes_as,
            "allowed_parents": sorted(kind.allowed_parents.values_list("code", flat=True)),
        }

    def get_initial(self) -> dict[str, Any]:
        return self._values()

    def get_version(self) -> str:
        return hashlib.sha256(repr(self._values()).encode()).hexdigest()[:16]

    def get_conflict(self) -> str:
        return _("Somebody else changed this kind meanwhile.")

    def perform(self, form: KindForm) -> OrganizationKind:
        return change_kind(self.kind, **form.values(), by=self.request.user, on=self.today)
