"""What is told of signing in: who came in by which proof, who tried in vain, who left.

allauth's adapter and forms, named in settings, with the audit told beside what they do. A name that
was typed is never written: it may be a password in the wrong box.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.core import context as allauth_context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.webauthn.forms import (
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from axes.handlers.proxy import AxesProxyHandler
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from config import clock
from config.accounts import Adapter, sign_in_name
from organizations.models import AuditEvent, User
from organizations.operations.bursts import (
    LOCKED,
    WRONG,
    home_of,
    is_told_singly,
    tell_counted,
)
from organizations.sheets.account_news import SIGNED_IN, News, news_for

SIGNED_OUT = "sign-out"
BY = {
    frozenset({"password"}): gettext_noop("Signed in with the password"),
    frozenset({"password", "totp"}): gettext_noop("Signed in with the password and an app's code"),
    frozenset({"password", "webauthn"}): gettext_noop("Signed in with the password and a passkey"),
    frozenset({"password", "recovery_codes"}): gettext_noop(
        "Signed in with the password and a recovery code"
    ),
    frozenset({"webauthn"}): gettext_noop("Signed in with a passkey"),
}
AT_THE_FIRST_START = gettext_noop("Signed in at the first start")
PASSWORD_WRONG = gettext_noop("Wrong password")
PASSWORD_CHANGED = gettext_noop("Second proof, after a password that no longer holds")
CODE_WRONG = gettext_noop("Wrong code, after the right password")
PASSKEY_WRONG = gettext_noop("A passkey that is not theirs")
START_CODE_WRONG = gettext_noop("Wrong start code, or one that is no longer taken")
CLOSED_TRIED = gettext_noop("Right proof for a closed account")
UNKNOWN_TRIED = gettext_noop("Wrong password for an unknown name")
PAIR_LOCKED = gettext_noop("Sign-in locked for this address, after wrong tries")
ACCOUNT_LOCKED = gettext_noop("Sign-in locked for every address, after wrong tries")


def tell(
    request: HttpRequest,
    words: str,
    *,
    action: str,
    account: User | None,
    kind: str = AuditEvent.Kind.SIGN_IN,
    **more: Any,
) -> AuditEvent:
    """Write an event about `account`; it belongs where the account acts today."""
    event: AuditEvent = AuditEvent.objects.note(
        request,
        words=words,
        record=account,
        within=home_of(account),
        kind=kind,
        action=action,
        **more,
    )
    return event


def tell_wrong(
    request: HttpRequest, account: User | None, words: str, *, while_locked: bool = False
) -> None:
    """Tell of a wrong try, or only count it where a lock answered it or there were many."""
    if is_told_singly(WRONG, account, only_counted=while_locked):
        tell(request, words, action=WRONG, account=account)


def tell_locked(request: HttpRequest, account: User | None, words: str) -> None:
    if is_told_singly(LOCKED, account):
        tell(request, words, action=LOCKED, account=account)


def account_called(name: str) -> User | None:
    """Return the account with the sign-in name that was typed, if there is one."""
    return User.objects.filter(username=name.strip().lower()).first()


def proofs_given(request: HttpRequest, user: User) -> list[str]:
    """Return by what `user` signed in: "password", "totp", "webauthn", "recovery_codes"."""
    records = get_authentication_records(request, user)
    return [str(one.get("type") or one["method"]) for one in records]


def _signed_in_by(proofs: Collection[str]) -> str:
    return BY.get(frozenset(proofs), AT_THE_FIRST_START)


def show(request: HttpRequest, news: News) -> None:
    """Put `news` above the next page, and say where more stands."""
    if news.wrong_told:
        messages.warning(request, news.wrong_told)
    for line in news.changes:
        messages.info(request, _("Your account: %(what)s") % {"what": line})
    for line in news.grants:
        messages.info(request, _("Role in your unit: %(what)s") % {"what": line})
    if news.wrong_told or news.changes:
        messages.info(request, _more(_("Was it not you? See all of it"), "mfa_index"))
    if news.more_grants:
        words = ngettext("And %(n)s more", "And %(n)s more", news.more_grants)
        messages.info(request, _more(words % {"n": news.more_grants}, "appointment-proposals"))


def _more(words: str, page: str) -> str:
    return format_html('<a href="{}">{}</a>', reverse(page), words)


class TellingAdapter(Adapter):
    """The product's way of signing in, told to the audit."""

    was_locked = False

    def unlock(self, request: HttpRequest, account: User) -> None:
        """Forget the wrong tries at `account`: its owner has just set a password anew."""
        AxesProxyHandler.reset_attempts(username=account.username)
        self._delete_login_attempts_cached_email(request, username=account.username)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        self.was_locked = not AxesProxyHandler.is_allowed(request, credentials)
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            account = _account_of(request, credentials)
            tell_wrong(request, account, PASSWORD_WRONG, while_locked=True)
            tell_locked(request, account, ACCOUNT_LOCKED)
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        account = _account_of(request, credentials)
        words = PASSWORD_WRONG if account else UNKNOWN_TRIED
        tell_wrong(request, account, words, while_locked=self.was_locked)
        if getattr(request, "axes_locked_out", False) and not self.was_locked:
            tell_locked(request, account, PAIR_LOCKED)

    def refused_as_closed(self, request: HttpRequest, user: Any) -> None:
        tell_wrong(request, user, CLOSED_TRIED)

    def refused_as_changed(self, request: HttpRequest, user: Any) -> None:
        tell_wrong(request, user, PASSWORD_CHANGED)

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        # Whoever was signed in here before sent it.
        request.session.pop(STATE_SESSION_KEY, None)
        proofs = proofs_given(request, user)
        tell_counted(WRONG, user)
        news = news_for(user, on=clock.today())
        tell(
            request,
            _signed_in_by(proofs),
            action=SIGNED_IN,
            account=user,
            payload={"proofs": proofs},
        )
        show(request, news)

    def logout(self, request: HttpRequest) -> None:
        tell(
            request, gettext_noop("Signed out"), action=SIGNED_OUT, account=cast(User, request.user)
        )
        super().logout(request)


def _account_of(request: HttpRequest, credentials: dict[str, Any]) -> User | None:
    return account_called(sign_in_name(request, credentials))


class TellsWrongCode:
    """A form that takes a code of an app, or a recovery code."""

    user: User

    def clean_code(self) -> str:
        try:
            return str(super().clean_code())  # type: ignore[misc]
        except ValidationError as error:
            if error.code == "too_many_login_attempts":
                tell_wrong(allauth_context.request, self.user, CODE_WRONG, while_locked=True)
                tell_locked(allauth_context.request, self.user, ACCOUNT_LOCKED)
            raise

    def _emit_authentication_failed(self, authenticator: Any) -> None:
        super()._emit_authentication_failed(authenticator)  # type: ignore[misc]
        tell_wrong(allauth_context.request, self.user, CODE_WRONG)


class CodeForm(TellsWrongCode, AuthenticateForm):  # type: ignore[misc]  # allauth has no types
    pass


class CodeAgainForm(TellsWrongCode, ReauthenticateForm):  # type: ignore[misc]
    pass


class TellsWrongPasskey:
    """A form that takes the answer of a passkey."""

    user: User | None

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except ValidationError:
            tell_wrong(allauth_context.request, self.user, PASSKEY_WRONG)
            raise


class PasskeyForm(TellsWrongPasskey, AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeyAloneForm(TellsWrongPasskey, LoginWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeyAgainForm(TellsWrongPasskey, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass
