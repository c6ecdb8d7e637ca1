"""Who sees a person's record, and why; relatives, whom one declares so as not to act on them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import View

from config import clock
from config.ui.pages import ActionView
from organizations.forms import RelativeForm
from organizations.models import DeclaredRelative, Organization, Person, Role
from organizations.operations.relatives import declare_relative
from organizations.permissions import holds, readers_of
from organizations.sheets.people import cells_that_show


@method_decorator(never_cache, name="dispatch")
class Readers(View):
    """Who sees a record by name, by which role, granted by whom: asked as the record itself is."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.today = clock.today()
        person, cells, back = self.shown(request, **kwargs)
        readers = (
            readers_of(cells, on=self.today)
            .select_related("user", "granted_by", "approved_by")
            .prefetch_related(Prefetch("organization", Organization.objects.called(on=self.today)))
        )
        context = {
            "person": person,
            "readers": readers.order_by("organization", "role", "user__full_name", "pk"),
            "back": back,
            "declare": self.declare(**kwargs),
            "openings": self.openings(**kwargs),
        }
        return render(request, "organizations/readers.html", context)

    def shown(self, request: HttpRequest, **kwargs: Any) -> tuple[Person, Any, str]:
        """Return the person, the cells that show them and the page of the record; 404 if hidden."""
        raise NotImplementedError

    def openings(self, **kwargs: Any) -> Any:
        """Return who opened it in an emergency, the newest first."""
        return ()

    def declare(self, **kwargs: Any) -> str:
        """Return the address at which the reader says that this is a relative."""
        raise NotImplementedError


class MemberReaders(Readers):
    def shown(self, request: HttpRequest, person: UUID) -> tuple[Person, Any, str]:
        seen = Person.objects.visible_to(request.user, on=self.today)
        found = get_object_or_404(seen, public_id=person)
        return found, cells_that_show(found), reverse("member-detail", args=[person])

    def declare(self, person: UUID) -> str:
        return reverse("member-relative", args=[person])


class RelativeList(View):
    """The relatives whom the reader has declared."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if not holds(request.user, *Role, on=clock.today()):
            raise Http404
        rows = DeclaredRelative.objects.filter(user=request.user.pk).select_related("person")
        return render(request, "organizations/relative_list.html", {"rows": rows})


@method_decorator(never_cache, name="dispatch")
class DeclareRelative(ActionView):
    """Say that a person whom one sees is a relative."""

    form_class = RelativeForm
    template_name = "organizations/relative_form.html"
    title = gettext_lazy("Declare a relative")
    submit_label = gettext_lazy("This is my relative")
    person: Person
    back: str

    def perform(self, form: RelativeForm) -> DeclaredRelative:
        return declare_relative(
            self.person, by=self.request.user, on=clock.today(), **form.values()
        )

    def get_success_url(self, result: DeclaredRelative) -> str:
        return reverse("relative-list")

    def get_success_message(self, result: DeclaredRelative) -> str:
        return _("%(person)s is declared; somebody else acts on the record.") % {
            "person": self.person
        }

    def get_cancel_url(self) -> str:
        return self.back


class MemberRelative(DeclareRelative):
    def load(self, request: HttpRequest, person: UUID) -> None:
        seen = Person.objects.visible_to(request.user, on=clock.today())
        self.person = get_object_or_404(seen, public_id=person)
        self.back = reverse("member-detail", args=[person])
