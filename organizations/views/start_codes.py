"""The page on which the owner of a start code sets a password: the only thing the code opens."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from config.ui.pages import ActionView
from organizations.forms import StartCodeForm
from organizations.models import AuditEvent, User
from organizations.operations.bursts import home_of
from organizations.operations.start_codes import set_password
from organizations.signing_in import START_CODE_WRONG, account_called, tell_wrong


class WrongCode(Exception):
    """Name and code do not fit, or the code is no longer taken."""


@method_decorator([login_not_required, never_cache], name="dispatch")
class PasswordSet(ActionView):
    form_class = StartCodeForm
    template_name = "organizations/start_code.html"
    title = gettext_lazy("Choose your own password")
    submit_label = gettext_lazy("Set the password")
    told_as = gettext_lazy("Set a password with a start code")
    told_kind = AuditEvent.Kind.SECURITY

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # A budget of its own: who tries codes keeps nobody at the same address from signing in.
        if too_often := ratelimit.consume_or_429(request, action="start_code"):
            return too_often
        try:
            return super().post(request, *args, **kwargs)
        except WrongCode:
            return self._refused(request)

    def _refused(self, request: HttpRequest) -> HttpResponse:
        form: Any = self.get_form(request.POST)
        form.full_clean()
        tell_wrong(request, account_called(form.cleaned_data["username"]), START_CODE_WRONG)
        form.add_error(
            None,
            _("Sign-in name and start code do not fit, or the code was used or is too old."),
        )
        return self.answer(form, status=422)

    def perform(self, form: StartCodeForm) -> User:
        account = set_password(**form.values())
        if account is None:
            raise WrongCode
        get_adapter().unlock(self.request, account)
        self.organization = home_of(account)
        return account

    def get_success_url(self, result: User) -> str:
        return reverse("account_login")

    def get_success_message(self, result: User) -> str:
        return _("The password is set. Sign in with it.")

    def get_cancel_url(self) -> str:
        return reverse("account_login")
