"""Transfers: the panel of both sides, and each step of the way."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from config import clock
from config.ui.pages import ActionView, FilteredListView
from config.ui.searching import asked
from organizations import selectors
from organizations.filters_people import TransferFilter
from organizations.forms import written
from organizations.forms_people import (
    AnswerForm,
    ArrivalForm,
    EndStayForm,
    RefuseForm,
    ReleaseForm,
    ReturnForm,
    TransferForm,
)
from organizations.models import Role, Transfer
from organizations.operations.transfers import (
    Newcomer,
    accept,
    end_stay,
    refuse,
    release,
    request_arrival,
    request_transfer,
    withdraw,
)
from organizations.permissions import holds
from organizations.sheets import people
from organizations.views.members import OnPerson


@method_decorator(never_cache, name="dispatch")
class TransferList(FilteredListView):
    """All transfers that leave or reach what one keeps, by what is to be done with them."""

    filterset_class = TransferFilter
    template_name = "organizations/transfer_list.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.today = clock.today()
        if not holds(request.user, *Role.sees_names(), on=self.today):
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        self.filterset = TransferFilter(
            asked(self.request) or None, Transfer.objects.none(), request=self.request
        )
        self.counted = {part: self.filterset.narrowed(part).count() for part in people.PANELS}
        return self.filterset.narrowed(self.part)

    @property
    def part(self) -> str:
        """Return the part that is shown: the one asked for, else the first that has something."""
        if wanted := self.filterset.part:
            return wanted
        return next((part for part in people.PANELS if self.counted[part]), people.PANELS[0])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        names = dict(self.filterset.filters["phan"].extra["choices"])
        return {
            **context,
            "rows": people.transfer_rows(context["object_list"], self.request.user, on=self.today),
            "part": self.part,
            "tabs": [(part, names[part], self.counted[part]) for part in people.PANELS],
            "may_add": selectors.register_cells(self.request.user, on=self.today).exists(),
        }


class TransferCreate(OnPerson):
    form_class = TransferForm
    template_name = "organizations/transfer_form.html"
    title = gettext_lazy("Transfer to another cell")
    submit_label = gettext_lazy("Ask for the transfer")

    def may(self) -> bool:
        return self.page.may_move

    def get_form_kwargs(self) -> dict[str, Any]:
        home = self.page.membership.cell
        cells = people.cells_to_reach(home, on=self.today)
        return {"offers": {"destination": cells}, "today": self.today, "near": home}

    def perform(self, form: TransferForm) -> Transfer:
        return request_transfer(self.person, **form.values(), by=self.request.user, on=self.today)

    def get_success_url(self, result: Transfer) -> str:
        return reverse("transfer-list")

    def get_success_message(self, result: Transfer) -> str:
        return _("The transfer of %(person)s is asked for; next it is released.") % {
            "person": self.person
        }


@method_decorator(never_cache, name="dispatch")
class ArrivalCreate(ActionView):
    form_class: Any = ArrivalForm
    template_name = "organizations/transfer_form.html"
    title = gettext_lazy("Somebody comes from outside")
    submit_label = gettext_lazy("Enter the letter")

    def load(self, request: HttpRequest) -> None:
        self.today = clock.today()
        self.scope = selectors.register_cells(request.user, on=self.today).filter(
            period__endswith__isnull=True
        )
        self.cells = list(self.scope[:2])
        if not self.cells:
            raise Http404

    def get_initial(self) -> dict[str, Any]:
        return {
            "cell": written(self.cells[0]) if len(self.cells) == 1 else "",
            "effective_on": self.today,
        }

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"offers": {"cell": self.scope}, "today": self.today}

    def perform(self, form: ArrivalForm) -> Transfer:
        values = form.values()
        known = {name: values.pop(name) for name in ArrivalForm.OF_THE_PERSON}
        return request_arrival(
            values.pop("cell"),
            person=Newcomer(**known),
            **values,
            by=self.request.user,
            on=self.today,
        )

    def get_success_url(self, result: Transfer) -> str:
        return reverse("transfer-list")

    def get_success_message(self, result: Transfer) -> str:
        return _("The letter of %(person)s is entered; a second person accepts it.") % {
            "person": result.person
        }

    def get_cancel_url(self) -> str:
        return reverse("transfer-list")


class ReturnCreate(OnPerson):
    form_class = ReturnForm
    template_name = "organizations/transfer_form.html"
    title = gettext_lazy("Coming back from outside")
    submit_label = gettext_lazy("Enter the letter")

    def may(self) -> bool:
        return self.page.may_return

    def get_initial(self) -> dict[str, Any]:
        cell = self.page.left.cell
        return {
            "cell": written(cell) if cell.period.upper is None else "",
            "effective_on": self.today,
        }

    def get_form_kwargs(self) -> dict[str, Any]:
        scope = selectors.register_cells(self.request.user, on=self.today)
        return {
            "offers": {"cell": scope.filter(period__endswith__isnull=True)},
            "today": self.today,
        }

    def perform(self, form: ReturnForm) -> Transfer:
        values = form.values()
        return request_arrival(
            values.pop("cell"),
            person=self.person,
            **values,
            by=self.request.user,
            on=self.today,
        )

    def get_success_message(self, result: Transfer) -> str:
        return _("The letter of %(person)s is entered; a second person accepts it.") % {
            "person": self.person
        }


# ---------------------------------------------------------------- each step


@method_decorator(never_cache, name="dispatch")
class TransferStep(ActionView):
    """One step of one transfer, for those whose turn it is."""

    template_name = "organizations/transfer_step.html"
    step = ""

    def load(self, request: HttpRequest, transfer: UUID) -> None:
        self.today = clock.today()
        seen = Transfer.objects.visible_to(request.user, on=self.today).filter(public_id=transfer)
        self.row = next(iter(people.transfer_rows(seen, request.user, on=self.today)), None)
        if self.row is None or self.step not in self.row.rights:
            raise Http404
        self.transfer = self.row.transfer
        # Sent too late, it is answered with what happened meanwhile.
        if request.method != "POST" and self.step not in self.row.steps:
            raise Http404

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().post(request, *args, **kwargs)
        except PermissionDenied as refused:
            raise Http404 from refused

    def get_version(self) -> str:
        return str(Transfer.objects.values_list("version", flat=True).get(pk=self.transfer.pk))

    def get_conflict(self) -> str:
        now = Transfer.objects.get(pk=self.transfer.pk)
        return _("This transfer is in another state by now: %(state)s.") % {
            "state": now.get_state_display()
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(row=self.row, **kwargs)

    def get_told(self, result: Transfer) -> Any:
        return self.transfer.person

    def get_success_url(self, result: Transfer) -> str:
        return reverse("transfer-list")

    def get_cancel_url(self) -> str:
        return reverse("transfer-list")


class TransferRelease(TransferStep):
    step = people.RELEASE
    form_class = ReleaseForm
    title = gettext_lazy("Release for the transfer")
    submit_label = gettext_lazy("Release them")

    def get_initial(self) -> dict[str, Any]:
        return {"released_on": self.today, "effective_on": self.today}

    def perform(self, form: ReleaseForm) -> Transfer:
        return release(self.transfer, **form.values(), by=self.request.user, on=self.today)

    def get_success_message(self, result: Transfer) -> str:
        return _("%(person)s is released; the other side accepts, or refuses.") % {
            "person": result.person
        }


class TransferAccept(TransferStep):
    step = people.ACCEPT
    form_class = AnswerForm
    title = gettext_lazy("Accept the transfer")
    submit_label = gettext_lazy("Accept them")

    def perform(self, form: AnswerForm) -> Transfer:
        return accept(self.transfer, by=self.request.user, on=self.today)

    def get_success_message(self, result: Transfer) -> str:
        return _("%(person)s: the transfer is accepted, in force from %(day)s.") % {
            "person": result.person,
            "day": f"{result.effective_on:%d/%m/%Y}",
        }


class TransferRefuse(TransferStep):
    step = people.REFUSE
    form_class = RefuseForm
    title = gettext_lazy("Refuse the transfer")
    submit_label = gettext_lazy("Refuse it")

    def perform(self, form: RefuseForm) -> Transfer:
        return refuse(self.transfer, **form.values(), by=self.request.user, on=self.today)

    def get_success_message(self, result: Transfer) -> str:
        return _("The transfer of %(person)s is refused.") % {"person": result.person}


class TransferWithdraw(TransferStep):
    step = people.WITHDRAW
    form_class = AnswerForm
    title = gettext_lazy("Withdraw the request")
    submit_label = gettext_lazy("Withdraw it")

    def perform(self, form: AnswerForm) -> Transfer:
        return withdraw(self.transfer, by=self.request.user, on=self.today)

    def get_success_message(self, result: Transfer) -> str:
        return _("The request for %(person)s is withdrawn.") % {"person": result.person}


class StayEnd(TransferStep):
    step = people.END
    form_class = EndStayForm
    title = gettext_lazy("End the stay")
    submit_label = gettext_lazy("End it")

    def get_initial(self) -> dict[str, Any]:
        return {"ended_on": self.today}

    def perform(self, form: EndStayForm) -> Transfer:
        return end_stay(self.transfer, **form.values(), by=self.request.user, on=self.today)

    def get_success_message(self, result: Transfer) -> str:
        return _("%(person)s is back from %(day)s on.") % {
            "person": result.person,
            "day": f"{result.until:%d/%m/%Y}",
        }
