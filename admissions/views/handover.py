"""The pages of hand-overs: what passes from one secretary to the next, and that it has passed."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.generic import View

from admissions.forms.files import HandoverNoteForm
from admissions.selectors.handover import AT_MOST, handover_page, named
from config import clock
from config.ui.pages import ActionView
from organizations.forms import ConfirmForm
from organizations.models import AccessEvent, Handover, Role
from organizations.operations.handovers import acknowledge, takes_over, write_note, writes_note
from organizations.permissions import holds


def visible_handover(request: HttpRequest, public_id: Any) -> Handover:
    rows = Handover.objects.visible_to(request.user, on=clock.today())
    return get_object_or_404(
        rows.select_related("organization", "outgoing", "incoming"), public_id=public_id
    )


class HandoverList(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        today = clock.today()
        seen = Handover.objects.visible_to(request.user, on=today)
        rows = list(seen.select_related("outgoing", "incoming")[:AT_MOST])
        if not rows and not holds(request.user, *Role.sees_names(), on=today):
            raise Http404
        context = {"rows": named(rows, on=today), "today": today}
        return render(request, "admissions/handover_list.html", context)


class HandoverDetail(View):
    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        handover = visible_handover(request, public_id)
        AccessEvent.objects.note(request, words=gettext_noop("Opened the page"), record=handover)
        page = handover_page(handover, user=request.user, on=clock.today())
        context = {"page": page, "handover": handover, "confirm": ConfirmForm()}
        return render(request, "admissions/handover_detail.html", context)


class HandoverAction(ActionView):
    def load(self, request: HttpRequest, **kwargs: Any) -> None:
        self.handover = visible_handover(request, kwargs["public_id"])

    def get_success_url(self, result: Handover) -> str:
        return reverse("handover-detail", args=[self.handover.public_id])

    def get_cancel_url(self) -> str:
        return reverse("handover-detail", args=[self.handover.public_id])


class HandoverAcknowledge(HandoverAction):
    form_class = ConfirmForm
    title = gettext_lazy("Take over the work of the cell")
    submit_label = gettext_lazy("I have taken over")

    def load(self, request: HttpRequest, **kwargs: Any) -> None:
        super().load(request, **kwargs)
        # A form sent twice must be told so, or find its first result.
        again = request.method == "POST" and self.handover.incoming_id == request.user.pk
        if not again and not takes_over(request.user, self.handover, on=clock.today()):
            raise Http404

    def perform(self, form: ConfirmForm) -> Handover:
        return acknowledge(self.handover, by=self.request.user, on=clock.today())

    def get_success_message(self, result: Handover) -> str:
        return _("You have taken over the work of the cell.")


class HandoverNote(HandoverAction):
    form_class = HandoverNoteForm
    title = gettext_lazy("Word left for the next secretary")
    submit_label = gettext_lazy("Save the note")

    def load(self, request: HttpRequest, **kwargs: Any) -> None:
        super().load(request, **kwargs)
        if not writes_note(request.user, self.handover, on=clock.today()):
            raise Http404

    def get_initial(self) -> dict[str, Any]:
        return {"note": self.handover.note}

    def get_version(self) -> str:
        # Asked again inside the action's transaction, so from the database.
        rows = Handover.objects.filter(pk=self.handover.pk)
        return hashlib.sha256(rows.values_list("note", flat=True).get().encode()).hexdigest()

    def get_conflict(self) -> str:
        note = Handover.objects.values_list("note", flat=True).get(pk=self.handover.pk)
        return _("It now says: %(note)s") % {"note": note[:300] or "–"}

    def perform(self, form: HandoverNoteForm) -> Handover:
        return write_note(self.handover, by=self.request.user, on=clock.today(), **form.values())

    def get_success_message(self, result: Handover) -> str:
        return _("The note is saved.")
