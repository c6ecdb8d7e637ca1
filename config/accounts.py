"""Signing in with django-allauth: accounts are made by an administrator, never by sign-up."""

import base64
import hashlib
import time
from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.core import context as allauth_context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from axes.handlers.proxy import AxesProxyHandler
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _


def sign_in_name(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """Return the account that a sign-in is counted for; named in settings for django-axes.

    Asked with the credentials of allauth, which call it `username`, or with the request of the
    form, which calls it `login`. One spelling, or capitals would be a way around the lock.
    """
    given = (credentials or {}).get("username") or request.POST.get("login", "")
    return str(given).strip().lower()[:255]


def has_fresh_proof(request: HttpRequest) -> bool:
    """Say whether whoever is signed in proved lately that it is they: by signing in, or again.

    With an app or a passkey where they have one: the password alone is no proof then.
    """
    records = get_authentication_records(request, getattr(request, "user", None))
    latest = max((float(record["at"]) for record in records), default=0.0)
    return time.time() - latest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


BEGUN_WITH = "sign_in_begun_with"


def _password_of(user: Any) -> str:
    """Return what tells one password of `user` from another, and nothing of either."""
    return str(user.get_session_auth_hash())


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Sign-up is closed, and no mail is sent: many installations have none."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Return whose these are; a closed account is told no more than a wrong password."""
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        if user is not None and not user.is_active:
            self.refused_as_closed(request, user)
            return None
        return user

    def refused_as_closed(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Be told that somebody proved to be `user`, whose account is closed."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count towards the slow limit of the account, unless the lock of this address answers.

        Otherwise whoever goes on guessing from one address would lock the account everywhere.
        """
        if AxesProxyHandler.is_allowed(request, credentials):
            super().pre_authenticate(request, **credentials)

    def refused_as_changed(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Be told that `user` gave the second proof after a password that no longer holds."""

    def pre_login(
        self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any
    ) -> HttpResponse | None:
        """Keep with which password `user` begins to sign in: the second proof may come later."""
        request.session[BEGUN_WITH] = _password_of(user)
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return answer

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Sign `user` in, and keep from where: the list of their sessions shows it.

        Not where the password was changed, or the account closed, since they began: nothing else
        ends a sign-in that waits for its second proof, as it is nobody's session yet.
        """
        if not user.is_active:
            clear_login(request)
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        if request.session.pop(BEGUN_WITH, _password_of(user)) != _password_of(user):
            clear_login(request)
            self.refused_as_changed(request, user)
            messages.error(request, _("The password was changed meanwhile. Sign in anew."))
            raise ImmediateHttpResponse(redirect("account_login"))
        super().login(request, user)
        request.session["device"] = request.headers.get("User-Agent", "")[:200]
        request.session["address"] = str(self.get_client_ip(request))

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """Tell a closed account, which a passkey still finds, no more than a wrong password."""
        self.refused_as_closed(request, user)
        messages.error(request, str(self.error_messages["username_password_mismatch"]))
        return redirect("account_login")

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Say whether to ask for a proof again: not right after signing in, which was one."""
        return not has_fresh_proof(allauth_context.request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Return how `user` may prove anew who they are; not by password who has more than that."""
        found: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [one for one in found if one["id"] != "reauthenticate"] or found

    def is_safe_url(self, url: str | None) -> bool:
        """Say whether to go to `url` after signing in: to a path of ours, nowhere else.

        allauth would also go to any other name in `ALLOWED_HOSTS`, which may be another program.
        """
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts=None, require_https=allauth_context.request.is_secure()
        )

    def send_mail(self, template_prefix: str, email: str, context: dict[str, object]) -> None:
        """Send nothing."""


class ProofAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # as above
    """Second proofs: their secrets are not readable in the database, nor in a copy of it."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        """Return what the app writes above the code: the product, and which of them."""
        return f"Ket nap {allauth_context.request.get_host()}"


def _cipher() -> Fernet:
    key = hashlib.sha256(f"second proofs {settings.IDENTITY_KEY}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
