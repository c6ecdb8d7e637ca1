"""Signing in with django-allauth: accounts are made by an administrator, never by sign-up."""

from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def sign_in_name(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """Return the account that a sign-in is counted for; named in settings for django-axes.

    Asked with the credentials of allauth, which call it `username`, or with the request of the
    form, which calls it `login`. One spelling, or capitals would be a way around the lock.
    """
    given = (credentials or {}).get("username") or request.POST.get("login", "")
    return str(given).strip().lower()[:255]


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Sign-up is closed, and no mail is sent: many installations have none."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Return whose these are; a closed account is told no more than a wrong password."""
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        return user if user is not None and user.is_active else None

    def is_safe_url(self, url: str | None) -> bool:
        """Say whether to go to `url` after signing in: to a path of ours, nowhere else.

        allauth would also go to any other name in `ALLOWED_HOSTS`, which may be another program.
        """
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts=None, require_https=allauth_context.request.is_secure()
        )

    def send_mail(self, template_prefix: str, email: str, context: dict[str, object]) -> None:
        """Send nothing."""
