"""What is sealed of a person, shown to who asks for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.generic import View

from config import clock
from organizations.audit import braked
from organizations.forms_people import ShowForm
from organizations.models import (
    AuditEvent,
    Membership,
    Particulars,
    ParticularsReading,
    Person,
    Role,
)
from organizations.models.particulars import LABELS
from organizations.operations.brakes import ReadTooMuch, brake_reading
from organizations.permissions import holds


@method_decorator(never_cache, name="dispatch")
class ShowParticulars(View):
    """GET says what is kept, and that each look is recorded; POST shows it."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.answer(self.person(request, **kwargs), ShowForm(asks_why=self.asks_why()))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        person = self.person(request, **kwargs)
        form = ShowForm(request.POST, asks_why=self.asks_why())
        if not form.is_valid():
            return self.answer(person, form, status=422)
        try:
            with transaction.atomic():
                brake_reading(request.user, cell=self.cell(), on=clock.today())  # type: ignore[arg-type]
                ParticularsReading.objects.create(
                    person=person,
                    reason=form.cleaned_data.get("reason", ""),
                    entered_by=request.user,
                )
                AuditEvent.objects.carried_out(
                    request,
                    words=gettext_noop("Saw what is sealed"),
                    record=self.record(),
                    kind="read",
                )
        except ReadTooMuch as brake:
            return braked(request, brake, record=self.record(), back_url=self.back_url())
        texts = Particulars.objects.opened(person)
        return self.answer(person, form, shown=[(LABELS[name], texts[name]) for name in LABELS])

    def person(self, request: HttpRequest, **kwargs: Any) -> Person:
        """Return whose they are, scoped by `visible_to`; 404 for anybody else's."""
        raise NotImplementedError

    def record(self) -> Any:
        """Return the record on whose page it is asked for."""
        raise NotImplementedError

    def cell(self) -> int | None:
        """Return the cell (id) whose record it is, where the record itself says so."""
        raise NotImplementedError

    def back_url(self) -> str:
        """Return the address of the record that the reader comes from."""
        raise NotImplementedError

    def asks_why(self) -> bool:
        """Say whether the reader gives a reason each time: an auditor does (trust.md c.2)."""
        works = Role.SECRETARY, Role.STAFF, Role.APPROVER
        return not holds(self.request.user, *works, on=clock.today())

    def answer(
        self, person: Person, form: ShowForm, *, status: int = 200, **more: Any
    ) -> HttpResponse:
        context = {"person": person, "form": form, "back_url": self.back_url(), **more}
        return render(self.request, "organizations/particulars.html", context, status=status)


class MemberParticulars(ShowParticulars):
    def person(self, request: HttpRequest, **kwargs: Any) -> Person:
        found: UUID = kwargs["person"]
        visible = Person.objects.visible_to(request.user, on=clock.today())
        self.shown_of = get_object_or_404(visible, public_id=found)
        return self.shown_of

    def record(self) -> Person:
        return self.shown_of

    def cell(self) -> int | None:
        # As the audit says whose an event about a person is.
        last = Membership.objects.filter(person=self.shown_of).order_by("-period").first()
        return last.cell_id if last else None

    def back_url(self) -> str:
        return reverse("member-detail", args=[self.shown_of.public_id])
