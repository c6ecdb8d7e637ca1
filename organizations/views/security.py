"""The pages of one's own account: password, second proofs, sessions. Those of allauth, in our look.

What changes how somebody proves who they are ends their other sessions, at the next request.
"""

from __future__ import annotations

from typing import Any

from allauth.account.views import PasswordChangeView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, EditWebAuthnView, RemoveWebAuthnView
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView, View

from config.ui.forms import LineField
from organizations.models import OpenSession
from organizations.operations.sessions import end_sessions


class EndsOtherSessions:
    """A form that changes how somebody proves who they are."""

    request: HttpRequest

    def form_valid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        end_sessions(self.request.user, besides=self.request.session.session_key)  # type: ignore[arg-type]
        return answer


class PasswordChange(EndsOtherSessions, PasswordChangeView):  # type: ignore[misc]
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_usable_password():
            raise Http404
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer

    def get_default_success_url(self) -> str:
        return reverse("mfa_index")


class AppAdd(EndsOtherSessions, ActivateTOTPView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        secret = context["form"].secret
        # In fours, to be typed where there is no camera.
        context["secret"] = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        return context


class AppRemove(EndsOtherSessions, DeactivateTOTPView):  # type: ignore[misc]
    pass


class NamesPasskey:
    """A form with the name of a passkey, as any other line of text is asked for."""

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)  # type: ignore[misc]
        required = form.fields["name"].required
        form.fields["name"] = LineField(label=_("Name"), max_length=60, required=required)
        return form


class PasskeyAdd(EndsOtherSessions, NamesPasskey, AddWebAuthnView):  # type: ignore[misc]
    pass


class PasskeyRename(NamesPasskey, EditWebAuthnView):  # type: ignore[misc]
    success_url = reverse_lazy("mfa_index")


class PasskeyRemove(EndsOtherSessions, RemoveWebAuthnView):  # type: ignore[misc]
    success_url = reverse_lazy("mfa_index")


class RecoveryCodes(ViewRecoveryCodesView):  # type: ignore[misc]
    """The codes, shown once: whoever has none is sent to where they come from."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        kept = Authenticator.objects.filter(user=request.user)
        if not kept.filter(type=Authenticator.Type.RECOVERY_CODES).exists():
            return redirect("mfa_index")
        answer: HttpResponse = super().get(request, *args, **kwargs)
        return answer


class SessionList(TemplateView):
    template_name = "organizations/session_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = self.request.session.session_key
        rows = OpenSession.objects.of(self.request.user).alive()  # type: ignore[arg-type]
        rows = rows.defer("session_data").order_by("-last_seen_at")
        found = sorted(rows, key=lambda row: row.pk != own)
        return super().get_context_data(sessions=found, own=own, **kwargs)


class SessionsEnd(View):
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        ended = end_sessions(request.user, besides=request.session.session_key)  # type: ignore[arg-type]
        words = ngettext("%(n)s other session is ended.", "%(n)s other sessions are ended.", ended)
        messages.success(
            request, words % {"n": ended} if ended else _("There was no other session.")
        )
        return redirect("session-list")
