"""What staff answer for: the roles that administrators propose within their subtree."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import View

from config import clock
from config.ui.pages import PAGE_PARAMETER, ActionView, SafePaginator
from organizations.forms import DeclineForm, RoleConfirmForm, WhoseForm
from organizations.models import (
    Appointment,
    AppointmentProposal,
    Organization,
    Person,
    Role,
    User,
)
from organizations.operations.accounts import (
    codes_lately,
    confirm_appointment,
    decline_appointment,
    say_whose,
)
from organizations.permissions import holds, same_human

A_PAGE = 25
ANSWERED = 10
"""So many of the proposals answered last are shown."""


@method_decorator(never_cache, name="dispatch")
class ProposalList(View):
    """What waits for staff, what was answered last, and every role in force in their subtree."""

    def get(self, request: HttpRequest) -> HttpResponse:
        today = clock.today()
        if not holds(request.user, Role.STAFF, on=today):
            raise Http404
        named = Prefetch("organization", Organization.objects.called(on=today))
        rows = (
            AppointmentProposal.objects.confirmed_by(request.user, on=today)
            .select_related("user", "entered_by", "answered_by")
            .prefetch_related(named)
        )
        asked = AppointmentProposal.State.ASKED
        scope = Appointment.objects.organizations_of(request.user, roles=[Role.STAFF], on=today)
        held = (
            Appointment.objects.filter(
                organization__in=scope.values("pk"), period__contains=today, user__is_active=True
            )
            .select_related("user", "granted_by", "approved_by")
            .prefetch_related(named)
        )
        paginator = SafePaginator(held.order_by("-entered_at", "-pk"), A_PAGE)
        page = paginator.page(request.GET.get(PAGE_PARAMETER, 1))
        context = {
            "waiting": rows.filter(state=asked).order_by("pk"),
            "answered": rows.exclude(state=asked).order_by("-answered_at", "-pk")[:ANSWERED],
            "page_obj": page,
            "total": paginator.count,
            "code_givers": set(codes_lately(request.user).values_list("issued_by", flat=True)),
            "page_sizes": (),
        }
        return render(request, "organizations/proposal_list.html", context)


@method_decorator(never_cache, name="dispatch")
class ProposalConfirm(ActionView):
    form_class: Any = RoleConfirmForm
    template_name = "organizations/proposal_answer.html"
    title = gettext_lazy("Confirm a role")
    submit_label = gettext_lazy("Confirm the role")
    needs_fresh_proof = True
    told_kind = "security"
    confirms = True

    def load(self, request: HttpRequest, proposal: int) -> HttpResponseBase | None:
        self.today = clock.today()
        rows = AppointmentProposal.objects.confirmed_by(request.user, on=self.today)
        if request.method != "POST":
            rows = rows.exclude(
                Q(entered_by__in=same_human(request.user))
                | Q(user__in=same_human(request.user))
                | Q(entered_by__in=codes_lately(request.user).values("issued_by"))
            )
        self.proposal = get_object_or_404(
            rows.select_related("user", "organization", "entered_by", "answered_by", "appointment"),
            pk=proposal,
        )
        self.person = self._person_of(self.proposal.user)
        if request.method != "POST" and self.proposal.state != AppointmentProposal.State.ASKED:
            self.title = _("The proposed role")
            return render(request, "organizations/proposal_answered.html", self.get_context_data())
        return None

    def _person_of(self, account: User) -> str:
        """Return who the account is of: their name, or a word for somebody of another unit."""
        if account.person_id is None:
            return ""
        seen = Person.objects.visible_to(self.request.user, on=self.today)
        found = seen.filter(pk=account.person_id).first()
        if found is None:
            return _("a member recorded in another unit")
        return f"{found.full_name}, {found.born_on:%d/%m/%Y}"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"is_known": bool(self.person)}

    @property
    def first_on(self) -> date:
        """The first day of the role: as it was given, or as it would be from today on."""
        if self.proposal.appointment is not None:
            return self.proposal.appointment.period.lower
        proposed = self.proposal.period.lower
        waits = self.proposal.state == AppointmentProposal.State.ASKED
        return max(proposed, self.today) if waits else proposed

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        period = self.proposal.period
        return super().get_context_data(
            proposal=self.proposal,
            person=self.person,
            first_on=self.first_on,
            last_on=period.upper - timedelta(days=1) if period.upper else None,
            **kwargs,
        )

    def perform(self, form: Any) -> Any:
        return confirm_appointment(
            self.proposal, by=self.request.user, on=self.today, **form.values()
        )

    def get_success_url(self, result: Any) -> str:
        return reverse("appointment-proposals")

    def get_success_message(self, result: Any) -> str:
        return _("The role is confirmed: %(account)s, %(role)s, %(organization)s.") % {
            "account": self.proposal.user,
            "role": self.proposal.get_role_display(),
            "organization": self.proposal.organization,
        }

    def get_cancel_url(self) -> str:
        return reverse("appointment-proposals")


class ProposalDecline(ProposalConfirm):
    form_class = DeclineForm
    title = gettext_lazy("Decline a role")
    submit_label = gettext_lazy("Decline the role")
    confirms = False

    def get_form_kwargs(self) -> dict[str, Any]:
        return {}

    def perform(self, form: DeclineForm) -> AppointmentProposal:
        return decline_appointment(
            self.proposal, by=self.request.user, on=self.today, **form.values()
        )

    def get_success_message(self, result: Any) -> str:
        return _("The role is declined; the proposal stays with its reason.")


@method_decorator(never_cache, name="dispatch")
class AccountWhose(ActionView):
    """Whose an account is that acts here: said where no confirmation of its role asked for it."""

    form_class = WhoseForm
    template_name = "organizations/account_whose.html"
    submit_label = gettext_lazy("Link the account")
    told_as = gettext_lazy("Said which person the account is of")
    told_kind = "security"
    needs_fresh_proof = True

    def load(self, request: HttpRequest, pk: int) -> None:
        self.today = clock.today()
        scope = Appointment.objects.organizations_of(
            request.user, roles=[Role.STAFF], on=self.today
        )
        rows = Appointment.objects.filter(
            organization__in=scope.values("pk"), period__contains=self.today
        ).exclude(user=request.user.pk)
        if request.method != "POST":
            rows = rows.filter(user__person__isnull=True)
        self.appointment = get_object_or_404(rows.select_related("user", "organization"), pk=pk)
        self.organization = self.appointment.organization
        self.title = _("Who is it: %(account)s") % {"account": self.appointment.user}

    def perform(self, form: WhoseForm) -> User:
        return say_whose(self.appointment, by=self.request.user, on=self.today, **form.values())

    def get_success_url(self, result: User) -> str:
        return reverse("appointment-proposals")

    def get_success_message(self, result: User) -> str:
        return _("The account %(account)s is linked to the member's record.") % {
            "account": result.username
        }

    def get_cancel_url(self) -> str:
        return reverse("appointment-proposals")
