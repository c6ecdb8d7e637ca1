"""Files that go elsewhere: asked for on the file, the panel of both sides, each answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.paginator import Page
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import View

from admissions.forms.moving import (
    AskMoveForm,
    MoveAnswerForm,
    SendForm,
    TakeForm,
    WithdrawMoveForm,
)
from admissions.models import FileTransfer
from admissions.operations.moving import (
    ask_move,
    ask_review,
    refuse_file,
    send_file,
    situation_of,
    take_over_file,
    withdraw_move,
)
from admissions.selectors import moving
from admissions.stages import Level, Step
from admissions.views.file_action import FileAction, sees_names
from config import clock
from config.ui.pages import (
    PAGE_PARAMETER,
    PAGE_SIZES,
    SIZE_PARAMETER,
    ActionView,
    SafePaginator,
)
from organizations.models import Ancestry, Organization
from organizations.models.organization import OrganizationQuerySet

PART_PARAMETER = "phan"
PER_PAGE = 50


def part_names() -> dict[str, str]:
    return {
        moving.TO_SEND: _("To send"),
        moving.TO_TAKE: _("To take over"),
        moving.WAITING: _("Waiting for others"),
        moving.DONE: _("Done"),
    }


class AskMove(FileAction):
    form_class = AskMoveForm
    template_name = "admissions/move_ask.html"
    step = Step.ASK_MOVE
    title = gettext_lazy("The person moves elsewhere")
    submit_label = gettext_lazy("Ask that the file be taken over")

    def is_open(self) -> bool:
        return super().is_open() and self.case.transfer is None

    def get_form_kwargs(self) -> dict[str, Any]:
        today = clock.today()
        above = Ancestry.objects.on(today).filter(descendant=self.file.cell_id).values("ancestor")
        tree = Organization.objects.under(Organization.objects.filter(pk__in=above), on=today)
        return {
            "scope": tree.filter(period__endswith__isnull=True).exclude(pk=self.file.cell_id),
            "today": today,
            "near": self.file.cell,
            "asks_where": self.asks_where(),
        }

    def asks_where(self) -> bool:
        """Whether the file was sent on is known to the old side alone; asked where it matters."""
        return self.case.decision is None and self.case.next_vote() == Level.COMPETENT

    def get_initial(self) -> dict[str, Any]:
        return {"moved_on": clock.today()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        situation = situation_of(self.case)
        return super().get_context_data(
            situation=FileTransfer.Situation(situation), rules=self.case.rules, **kwargs
        )

    def perform(self, form: AskMoveForm) -> FileTransfer:
        return ask_move(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: FileTransfer) -> str:
        return _("Asked for. Next the file is sent to %(place)s.") % {"place": result.place}


@method_decorator(never_cache, name="dispatch")
class MoveList(View):
    """All requests that leave or reach what one keeps, by what is to be done with them."""

    def get(self, request: HttpRequest) -> HttpResponse:
        sees_names(request)
        today = clock.today()
        counted = moving.counted(request.user, moving.PARTS, on=today)
        asked = request.GET.get(PART_PARAMETER, "")
        first = next((part for part in moving.PARTS if counted[part]), moving.PARTS[0])
        part = asked if asked in moving.PARTS else first
        rows = moving.panel(request.user, part, on=today).called()
        rows = rows.select_related("candidate__person", "candidate__cell", "candidate__rules")
        asked_size = request.GET.get(SIZE_PARAMETER, "")
        size = int(asked_size) if asked_size in {str(one) for one in PAGE_SIZES} else PER_PAGE
        page: Page[Any] = SafePaginator(rows.order_by("-pk"), size).page(
            request.GET.get(PAGE_PARAMETER, 1)
        )
        names = part_names()
        context = {
            "rows": moving.move_rows(page.object_list, request.user, on=today),
            "page_obj": page,
            "page_sizes": PAGE_SIZES,
            "page_size": size,
            "total": page.paginator.count,
            "tabs": [(one, names[one], counted[one]) for one in moving.PARTS],
            "part": part,
        }
        return render(request, "admissions/move_list.html", context)


@method_decorator(never_cache, name="dispatch")
class MoveStep(ActionView):
    """One answer to one request, for those whose turn it is."""

    template_name = "admissions/move_step.html"
    step = ""

    def load(self, request: HttpRequest, move: UUID) -> HttpResponseBase | None:
        self.today = clock.today()
        seen = FileTransfer.objects.visible_to(request.user, on=self.today).called()
        found = seen.filter(public_id=move).select_related(
            "candidate__person", "candidate__cell", "candidate__rules", "origin", "destination"
        )
        self.row = next(iter(moving.move_rows(found, request.user, on=self.today)), None)
        if self.row is None:
            raise Http404
        self.transfer = self.row.transfer
        # Sent too late, a form is answered with what happened meanwhile.
        if request.method != "POST" and not self.row.may(self.step):
            raise Http404
        return None

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().post(request, *args, **kwargs)
        except PermissionDenied as refused:
            raise Http404 from refused

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(row=self.row, **kwargs)

    def get_told(self, result: FileTransfer) -> Any:
        return self.transfer.candidate

    def get_success_url(self, result: FileTransfer) -> str:
        return reverse("move-list")

    def get_cancel_url(self) -> str:
        return reverse("move-list")

    def keywords(self) -> dict[str, Any]:
        return {"by": self.request.user, "on": self.today}

    def person(self) -> dict[str, str]:
        return {"person": self.row.person} if self.row else {}


class MoveSend(MoveStep):
    step = moving.SEND
    form_class = SendForm
    title = gettext_lazy("Send the file")
    submit_label = gettext_lazy("Record that it was sent")

    def get_initial(self) -> dict[str, Any]:
        return {
            "sent_on": self.today,
            "certificate_number": self.transfer.certificate_number,
            "letter_number": self.transfer.letter_number,
        }

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"situation": self.transfer.situation}

    def perform(self, form: SendForm) -> FileTransfer:
        return send_file(self.transfer, **self.keywords(), **form.values())

    def get_success_message(self, result: FileTransfer) -> str:
        return _("The file of %(person)s is sent.") % self.person()


class MoveTake(MoveStep):
    step = moving.TAKE
    form_class = TakeForm
    title = gettext_lazy("Take the file over")
    submit_label = gettext_lazy("Take it over")

    def get_initial(self) -> dict[str, Any]:
        return {"received_on": self.today}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"scope": self.cells(), "today": self.today}

    def cells(self) -> OrganizationQuerySet | None:
        """Return the cells to choose from, None where the file was sent to a cell itself."""
        there = Organization.objects.filter(pk=self.transfer.destination_id)
        if there.cells(on=self.today).exists():
            return None
        beneath = Organization.objects.under(there, on=self.today).cells(on=self.today)
        return beneath.filter(period__endswith__isnull=True)

    def perform(self, form: TakeForm) -> FileTransfer:
        return take_over_file(self.transfer, **self.keywords(), **form.values())

    def get_success_url(self, result: FileTransfer) -> str:
        return f"{reverse('move-list')}?{PART_PARAMETER}={moving.DONE}"

    def get_success_message(self, result: FileTransfer) -> str:
        return _("The file of %(person)s is taken over.") % self.person()


class MoveRefuse(MoveStep):
    step = moving.REFUSE
    form_class = MoveAnswerForm
    title = gettext_lazy("Do not take the file over")
    submit_label = gettext_lazy("Refuse it")

    def perform(self, form: MoveAnswerForm) -> FileTransfer:
        return refuse_file(self.transfer, **self.keywords(), **form.values())

    def get_success_message(self, result: FileTransfer) -> str:
        return _("The file of %(person)s stays where it was.") % self.person()


class MoveReview(MoveStep):
    step = moving.REVIEW
    form_class = MoveAnswerForm
    title = gettext_lazy("Send back for review")
    submit_label = gettext_lazy("Ask for the review")

    def perform(self, form: MoveAnswerForm) -> FileTransfer:
        return ask_review(self.transfer, **self.keywords(), **form.values())

    def get_success_message(self, result: FileTransfer) -> str:
        return _("The old side reviews the file until %(day)s.") % {
            "day": f"{result.review_by:%d/%m/%Y}"
        }


class MoveWithdraw(MoveStep):
    step = moving.WITHDRAW
    form_class = WithdrawMoveForm
    title = gettext_lazy("Withdraw the request to move")
    submit_label = gettext_lazy("Withdraw it")

    def perform(self, form: WithdrawMoveForm) -> FileTransfer:
        return withdraw_move(self.transfer, **self.keywords(), **form.values())

    def get_success_message(self, result: FileTransfer) -> str:
        return _("The request for %(person)s is withdrawn.") % self.person()
