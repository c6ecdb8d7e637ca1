"""The pages of one's own account: password, second proofs, sessions. Those of allauth, in our look.

What changes how somebody proves who they are ends their other sessions, at the next request.
"""

from __future__ import annotations

from typing import Any

from allauth.account.views import PasswordChangeView, ReauthenticateView
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.base.views import IndexView
from allauth.mfa.base.views import ReauthenticateView as MFAReauthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    EditWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.generic import TemplateView, View

from config import clock
from config.ui.forms import LineField
from config.ui.pages import proof_is_missing
from organizations.models import AuditEvent, OpenSession
from organizations.models.audit import action_of
from organizations.operations.sessions import end_session, end_sessions
from organizations.sheets.account_news import lately
from organizations.signing_in import PASSWORD_WRONG, tell, tell_wrong


def _tell(request: HttpRequest, words: str) -> None:
    """Tell the audit what somebody did with their own account, by the name of the page."""
    user: Any = request.user
    tell(request, words, action=action_of(request), account=user, kind=AuditEvent.Kind.SECURITY)


class EndsOtherSessions:
    """A form that changes how somebody proves who they are; `told` is what the audit calls it."""

    request: HttpRequest
    told: str

    def form_valid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        end_sessions(self.request.user, besides=self.request.session.session_key)  # type: ignore[arg-type]
        _tell(self.request, self.told)
        return answer


class Security(IndexView):  # type: ignore[misc]
    """One's own proofs, and what happened lately with the account."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        happened = lately(self.request.user, on=clock.today())
        return {**super().get_context_data(**kwargs), "lately": happened}


class PasswordChange(EndsOtherSessions, PasswordChangeView):  # type: ignore[misc]
    told = gettext_noop("Changed the password; other sessions ended")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_usable_password():
            raise Http404
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        if "oldpassword" in form.errors:
            tell_wrong(self.request, self.request.user, PASSWORD_WRONG)  # type: ignore[arg-type]
        answer: HttpResponse = super().form_invalid(form)
        return answer

    def get_default_success_url(self) -> str:
        return reverse("mfa_index")


class AppAdd(EndsOtherSessions, ActivateTOTPView):  # type: ignore[misc]
    told = gettext_noop("Added an app; other sessions ended")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        secret = context["form"].secret
        # In fours, to be typed where there is no camera.
        context["secret"] = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        return context


class AppRemove(EndsOtherSessions, DeactivateTOTPView):  # type: ignore[misc]
    told = gettext_noop("Removed the app; other sessions ended")


class NamesPasskey:
    """A form with the name of a passkey, as any other line of text is asked for."""

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)  # type: ignore[misc]
        required = form.fields["name"].required
        form.fields["name"] = LineField(label=_("Name"), max_length=60, required=required)
        return form


class PasskeyAdd(EndsOtherSessions, NamesPasskey, AddWebAuthnView):  # type: ignore[misc]
    told = gettext_noop("Added a passkey; other sessions ended")


class PasskeyRename(NamesPasskey, EditWebAuthnView):  # type: ignore[misc]
    success_url = reverse_lazy("mfa_index")


class PasskeyRemove(EndsOtherSessions, RemoveWebAuthnView):  # type: ignore[misc]
    success_url = reverse_lazy("mfa_index")
    told = gettext_noop("Removed a passkey; other sessions ended")


class RecoveryCodesMake(GenerateRecoveryCodesView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)
        _tell(self.request, gettext_noop("Made new recovery codes"))
        return answer


class RecoveryCodes(ViewRecoveryCodesView):  # type: ignore[misc]
    """The codes, shown once: whoever has none is sent to where they come from."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        kept = Authenticator.objects.filter(user=request.user)
        if not kept.filter(type=Authenticator.Type.RECOVERY_CODES).exists():
            return redirect("mfa_index")
        answer: HttpResponse = super().get(request, *args, **kwargs)
        return answer


class RenewsTheKey:
    """A form that proves anew who somebody is: from then on the session has another key."""

    request: HttpRequest

    def form_valid(self, form: Any) -> HttpResponse:
        session: Any = self.request.session
        session.renew_key()
        answer: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        return answer


class ProveByPassword(RenewsTheKey, ReauthenticateView):  # type: ignore[misc]
    pass


class ProveByCode(RenewsTheKey, MFAReauthenticateView):  # type: ignore[misc]
    pass


class ProveByPasskey(RenewsTheKey, ReauthenticateWebAuthnView):  # type: ignore[misc]
    pass


class SessionList(TemplateView):
    template_name = "organizations/session_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = self.request.session.session_key
        rows = OpenSession.objects.of(self.request.user).alive()  # type: ignore[arg-type]
        rows = rows.defer("session_data").order_by("-last_seen_at")
        found = sorted(rows, key=lambda row: row.pk != own)
        return super().get_context_data(sessions=found, own=own, **kwargs)


class SessionsEnd(View):
    """End the one that the form names, or all others; whoever does so proved lately who they are.

    A form that came too late is carried out after the proof: it can only end what is one's own.
    """

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        if proof_is_missing(request):
            raise ReauthenticationRequired
        own: str = request.session.session_key  # type: ignore[assignment]
        user: Any = request.user
        if which := request.POST.get("which", ""):
            ended = end_session(user, mark=which, besides=own)
        else:
            ended = end_sessions(user, besides=own)
        words = ngettext("%(n)s other session is ended.", "%(n)s other sessions are ended.", ended)
        if ended:
            _tell(
                request,
                gettext_noop("Ended one of their sessions")
                if which
                else gettext_noop("Ended their other sessions"),
            )
        messages.success(
            request, words % {"n": ended} if ended else _("There was no other session.")
        )
        return redirect("session-list")
