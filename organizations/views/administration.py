"""The administrator's pages: organisations, accounts, roles. No figures, no members' names."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from config import clock
from config.ui.pages import ActionView, FilteredListView
from organizations import selectors
from organizations.filters import AccountFilter, OrganizationFilter
from organizations.forms import (
    AccountForm,
    AppointmentForm,
    CompetenceForm,
    ConfirmForm,
    OrganizationForm,
    ReasonForm,
    written,
)
from organizations.models import (
    Appointment,
    AppointmentProposal,
    Competence,
    OpenSession,
    Organization,
    OrganizationKind,
    ProofReset,
    Role,
    StartCode,
    User,
)
from organizations.models.start_code import HOURS
from organizations.operations.accounts import (
    deactivate,
    end_appointment,
    propose_appointment,
    reactivate,
)
from organizations.operations.audit import unsealed_since
from organizations.operations.sessions import end_sessions_of, reset_proofs
from organizations.operations.start_codes import open_account_with_code, reset_password
from organizations.operations.structure import found, free_slug, grant_competence
from organizations.permissions import accounts_kept_by, holds


@method_decorator(never_cache, name="dispatch")
class ForAdministrators:
    """Only for who is an administrator today; for anybody else there is no such page."""

    today: date

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.today = clock.today()
        if not holds(request.user, Role.ADMINISTRATOR, on=self.today):
            raise Http404
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return answer


class Administration(ForAdministrators, TemplateView):
    template_name = "organizations/administration.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        steps = selectors.first_steps(self.request.user, on=self.today)
        to_do = [step for step in steps if not step.is_done]
        return super().get_context_data(
            steps=steps, to_do=to_do, unsealed_since=unsealed_since(), **kwargs
        )


# ---------------------------------------------------------------- organisations


class OrganizationTree(ForAdministrators, FilteredListView):
    """The tree, indented, two levels from where one stands; what is searched is a flat list."""

    queryset = Organization.objects.all()
    filterset_class = OrganizationFilter
    template_name = "organizations/organization_tree.html"
    paginate_by = 100

    def scoped(self) -> QuerySet[Organization]:
        return selectors.administered(self.request.user, on=self.today)

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        self.start = None
        if self.filterset.narrows:
            return rows.called(on=self.today).order_by("name_order", "pk")
        if slug := self.request.GET.get("tu", ""):
            self.start = get_object_or_404(self.scoped(), slug=slug)
            return selectors.tree([self.start], on=self.today)
        return selectors.tree(selectors.tops(self.request.user, on=self.today), on=self.today)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        rows = context["object_list"]
        if self.filterset.narrows:
            rows = selectors.flat(rows, on=self.today)
        return {**context, "rows": rows, "start": self.start, "is_flat": self.filterset.narrows}


class OrganizationCreate(ForAdministrators, ActionView):
    form_class = OrganizationForm
    template_name = "organizations/organization_form.html"
    title = gettext_lazy("Add an organisation")
    submit_label = gettext_lazy("Add the organisation")

    def load(self, request: HttpRequest) -> None:
        self.scope = selectors.administered(request.user, on=self.today)

    def get_initial(self) -> dict[str, Any]:
        above = self.scope.filter(slug=self.request.GET.get("duoi", "")[:80]).first()
        first_of_year = self.today.replace(month=1, day=1)
        return {"under": written(above) if above else "", "on": first_of_year}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"scope": self.scope, "today": self.today}

    def perform(self, form: OrganizationForm) -> Organization:
        values = form.values()
        made = found(
            free_slug(values["name"]), **values, by=self.request.user, entered_on=self.today
        )
        kinds = OrganizationKind.objects.in_bulk([values["kind"]])
        above = values["under"].designation(on=max(self.today, values["on"]))
        if words := selectors.unusual_place(kinds[values["kind"]], above.kind):
            messages.warning(self.request, words)
        return made

    def get_success_url(self, result: Organization) -> str:
        above = result.placements.select_related("parent").get().parent
        return f"{reverse('administration-organizations')}?tu={above.slug}"

    def get_success_message(self, result: Organization) -> str:
        return _("“%(organization)s” is added, from %(day)s on.") % {
            "organization": result,
            "day": f"{result.period.lower:%d/%m/%Y}",
        }

    def get_cancel_url(self) -> str:
        return reverse("administration-organizations")


class CompetenceCreate(ForAdministrators, ActionView):
    form_class = CompetenceForm
    template_name = "organizations/competence_form.html"
    title = gettext_lazy("Grant the competence to decide admissions")
    submit_label = gettext_lazy("Grant the competence")

    def load(self, request: HttpRequest, slug: str) -> None:
        scope = selectors.administered(request.user, on=self.today)
        self.organization = get_object_or_404(scope.called(on=self.today), slug=slug)

    def get_initial(self) -> dict[str, Any]:
        return {"on": self.today.replace(month=1, day=1)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        held = self.organization.competences.order_by("-period")
        return super().get_context_data(organization=self.organization, held=held, **kwargs)

    def perform(self, form: CompetenceForm) -> Competence:
        return grant_competence(
            self.organization, **form.values(), by=self.request.user, entered_on=self.today
        )

    def get_success_url(self, result: Competence) -> str:
        return reverse("administration-organizations")

    def get_success_message(self, result: Competence) -> str:
        return _("%(organization)s decides admissions from %(day)s on.") % {
            "organization": self.organization,
            "day": f"{result.period.lower:%d/%m/%Y}",
        }

    def get_cancel_url(self) -> str:
        return reverse("administration-organizations")


# ---------------------------------------------------------------- accounts and roles

CODES = "start_codes"
"""Where the session of whoever made a start code keeps it until it is shown, {account: code}."""


def show_once(request: HttpRequest, made: StartCode) -> None:
    """Keep the code of `made` for the page of its account, which shows it once."""
    request.session[CODES] = {**request.session.get(CODES, {}), str(made.user_id): made.code}


def shown_once(request: HttpRequest, account: User) -> str:
    """Return the code that was kept for the page of `account`, and forget it; "" for none."""
    kept = dict(request.session.get(CODES, {}))
    code = str(kept.pop(str(account.pk), ""))
    if code:
        request.session[CODES] = kept
    return code


class AccountList(ForAdministrators, FilteredListView):
    queryset = User.objects.order_by("full_name", "pk")
    filterset_class = AccountFilter
    template_name = "organizations/account_list.html"

    def scoped(self) -> QuerySet[User]:
        held = Appointment.objects.filter(period__contains=self.today)
        return (
            accounts_kept_by(self.request.user, on=self.today)
            .order_by("full_name", "pk")
            .prefetch_related(
                Prefetch("appointments", held.select_related("organization"), "roles_now")
            )
        )


class AccountCreate(ForAdministrators, ActionView):
    form_class = AccountForm
    template_name = "organizations/account_form.html"
    title = gettext_lazy("Open an account")
    told_kind = "security"
    submit_label = gettext_lazy("Open the account")

    def perform(self, form: AccountForm) -> StartCode:
        made = open_account_with_code(**form.values(), by=self.request.user, on=self.today)
        show_once(self.request, made)
        return made

    def get_told(self, result: StartCode) -> User:
        return result.user

    def get_success_url(self, result: StartCode) -> str:
        return reverse("account-detail", args=[result.user.username])

    def get_success_message(self, result: StartCode) -> str:
        return _("The account is open. It may do nothing yet: give it a role.")

    def get_cancel_url(self) -> str:
        return reverse("account-list")


class OneAccount(ForAdministrators):
    """A page about one account among those that the administrator keeps."""

    account: User

    def of(self, request: HttpRequest, username: str) -> User:
        return get_object_or_404(accounts_kept_by(request.user, on=self.today), username=username)

    def account_url(self) -> str:
        return reverse("account-detail", args=[self.account.username])


class AccountDetail(OneAccount, TemplateView):
    template_name = "organizations/account_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account = self.of(self.request, kwargs["username"])
        held = account.appointments.select_related("organization", "granted_by", "approved_by")
        proposed = account.proposed_appointments.filter(appointment__isnull=True)
        return super().get_context_data(
            account=account,
            is_self=account.pk == self.request.user.pk,
            code=shown_once(self.request, account),
            hours=HOURS,
            start_codes=account.start_codes.select_related("issued_by"),
            taken=set(account.start_codes.taken().values_list("pk", flat=True)),
            has_password=account.has_usable_password(),
            roles=[RoleRow(one, self.today) for one in held.order_by("-period", "pk")],
            has_proof=Authenticator.objects.filter(user=account).exists(),
            sessions=OpenSession.objects.of(account).alive().count(),
            resets=account.proof_resets.select_related("reset_by").order_by("-entered_at", "-pk"),
            proposals=proposed.select_related("organization", "entered_by", "answered_by"),
            **kwargs,
        )


class RoleRow:
    """A role as the page of its account shows it: its last day, and how it stands today."""

    def __init__(self, appointment: Appointment, today: date) -> None:
        self.appointment = appointment
        first, out = appointment.period.lower, appointment.period.upper
        self.first_on = first
        self.last_on = out - timedelta(days=1) if out else None
        self.is_over = out is not None and out <= today
        self.is_coming = first > today

    @property
    def kind(self) -> str:
        return "" if self.is_over else "info" if self.is_coming else "ok"

    @property
    def words(self) -> str:
        if self.is_over:
            return _("Ended")
        if self.is_coming:
            return _("From %(day)s on") % {"day": f"{self.first_on:%d/%m/%Y}"}
        return _("In force")


class AppointmentCreate(OneAccount, ActionView):
    form_class = AppointmentForm
    template_name = "organizations/appointment_form.html"
    title = gettext_lazy("Propose a role")
    told_kind = "security"
    submit_label = gettext_lazy("Propose the role")

    def load(self, request: HttpRequest, username: str) -> None:
        self.account = self.of(request, username)
        self.title = _("Propose a role for %(account)s") % {"account": self.account}

    def get_initial(self) -> dict[str, Any]:
        return {"since": self.today}

    def get_form_kwargs(self) -> dict[str, Any]:
        scope = selectors.administered(self.request.user, on=self.today)
        return {"scope": scope, "today": self.today}

    def perform(self, form: AppointmentForm) -> AppointmentProposal | Appointment:
        values = form.values()
        last_on = values.pop("until")
        return propose_appointment(
            self.account,
            **values,
            until=last_on + timedelta(days=1) if last_on else None,
            by=self.request.user,
            on=self.today,
        )

    def get_success_url(self, result: AppointmentProposal | Appointment) -> str:
        return self.account_url()

    def get_success_message(self, result: AppointmentProposal | Appointment) -> str:
        words = (
            _("%(account)s: %(role)s, %(organization)s.")
            if isinstance(result, Appointment)
            else _(
                "Proposed: %(account)s, %(role)s, %(organization)s. It holds once staff there, or"
                " above, have confirmed it."
            )
        )
        return words % {
            "account": self.account,
            "role": result.get_role_display(),
            "organization": result.organization,
        }

    def get_cancel_url(self) -> str:
        return self.account_url()


class AppointmentEnd(ForAdministrators, ActionView):
    form_class = ConfirmForm
    template_name = "organizations/appointment_end.html"
    title = gettext_lazy("End a role")
    told_kind = "security"
    submit_label = gettext_lazy("End the role")

    def load(self, request: HttpRequest, pk: int) -> None:
        scope = selectors.administered(request.user, on=self.today)
        self.appointment = get_object_or_404(
            Appointment.objects.filter(organization__in=scope).select_related(
                "user", "organization"
            ),
            pk=pk,
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        begins_today = self.appointment.period.lower >= self.today
        return super().get_context_data(
            appointment=self.appointment, begins_today=begins_today, **kwargs
        )

    def perform(self, form: ConfirmForm) -> Appointment:
        return end_appointment(self.appointment, by=self.request.user, on=self.today)

    def get_success_url(self, result: Appointment) -> str:
        return reverse("account-detail", args=[self.appointment.user.username])

    def get_success_message(self, result: Appointment) -> str:
        return _("The role ends: %(day)s is the first day without it.") % {
            "day": f"{result.period.upper:%d/%m/%Y}"
        }

    def get_cancel_url(self) -> str:
        return reverse("account-detail", args=[self.appointment.user.username])


class AccountState(OneAccount, ActionView):
    """Close an account, or open it again."""

    told_as = gettext_lazy("Close an account, or open it again")
    told_kind = "security"

    form_class = ConfirmForm
    template_name = "organizations/account_state.html"
    closes = True

    def load(self, request: HttpRequest, username: str) -> None:
        self.account = self.of(request, username)
        words = (
            _("Close the account of %(account)s")
            if self.closes
            else _("Open the account of %(account)s again")
        )
        self.title = words % {"account": self.account}

    @property
    def submit_label(self) -> str | Promise:  # type: ignore[override]
        return _("Close the account") if self.closes else _("Open it again")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(account=self.account, closes=self.closes, **kwargs)

    def perform(self, form: ConfirmForm) -> User:
        change = deactivate if self.closes else reactivate
        return change(self.account, by=self.request.user, on=self.today)

    def get_success_url(self, result: User) -> str:
        return self.account_url()

    def get_success_message(self, result: User) -> str:
        return _("The account is closed.") if self.closes else _("The account is open again.")

    def get_cancel_url(self) -> str:
        return self.account_url()


class ProofsReset(OneAccount, ActionView):
    """Somebody lost the telephone or the key: they begin anew, with their password."""

    form_class = ReasonForm
    template_name = "organizations/account_proofs.html"
    submit_label = gettext_lazy("Take the second proofs away")
    needs_fresh_proof = True
    told_kind = "security"

    def load(self, request: HttpRequest, username: str) -> None:
        self.account = self.of(request, username)
        self.title = _("Take away the second proofs of %(account)s") % {"account": self.account}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(account=self.account, **kwargs)

    def perform(self, form: ReasonForm) -> ProofReset:
        return reset_proofs(
            self.account, reason=form.cleaned_data["reason"], by=self.request.user, on=self.today
        )

    def get_told(self, result: ProofReset) -> User:
        return self.account

    def get_success_url(self, result: ProofReset) -> str:
        return self.account_url()

    def get_success_message(self, result: ProofReset) -> str:
        return _("The second proofs are taken away, and every session is ended.")

    def get_cancel_url(self) -> str:
        return self.account_url()


class PasswordReset(OneAccount, ActionView):
    """Somebody forgot the password: they get a start code, and choose a new one themselves."""

    form_class = ReasonForm
    template_name = "organizations/account_password.html"
    submit_label = gettext_lazy("Take the password away, make a start code")
    needs_fresh_proof = True
    told_kind = "security"

    def load(self, request: HttpRequest, username: str) -> None:
        self.account = self.of(request, username)
        self.title = _("Start code for %(account)s") % {"account": self.account}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(account=self.account, hours=HOURS, **kwargs)

    def perform(self, form: ReasonForm) -> StartCode:
        made = reset_password(
            self.account, reason=form.cleaned_data["reason"], by=self.request.user, on=self.today
        )
        show_once(self.request, made)
        return made

    def get_told(self, result: StartCode) -> User:
        return self.account

    def get_success_url(self, result: StartCode) -> str:
        return self.account_url()

    def get_success_message(self, result: StartCode) -> str:
        return _("The password is taken away, and every session is ended.")

    def get_cancel_url(self) -> str:
        return self.account_url()


class SessionsEnd(OneAccount, ActionView):
    form_class = ConfirmForm
    template_name = "organizations/account_sessions.html"
    submit_label = gettext_lazy("End the sessions")
    told_kind = "security"

    def load(self, request: HttpRequest, username: str) -> None:
        self.account = self.of(request, username)
        self.title = _("End the sessions of %(account)s") % {"account": self.account}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(account=self.account, **kwargs)

    def perform(self, form: ConfirmForm) -> int:
        return end_sessions_of(self.account, by=self.request.user, on=self.today)

    def get_told(self, result: int) -> User:
        return self.account

    def get_success_url(self, result: int) -> str:
        return self.account_url()

    def get_success_message(self, result: int) -> str:
        words = ngettext("%(n)s session is ended.", "%(n)s sessions are ended.", result)
        return words % {"n": result}

    def get_cancel_url(self) -> str:
        return self.account_url()
