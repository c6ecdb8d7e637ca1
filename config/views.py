"""Pages that belong to no app: the way in, how pages are shown, help, and what went wrong."""

from __future__ import annotations

import logging
import secrets
import sys
from datetime import datetime
from typing import Any

from allauth.account.views import LoginView, LogoutView
from django.apps import apps
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from config.clock import HERE
from config.ui.acting import SESSION_KEY, acting
from config.ui.display import (
    A_YEAR,
    KEYS,
    KEYS_USED,
    SIZE,
    SIZES,
    THEME,
    THEMES,
    cookie_of,
)
from config.ui.middleware import UNSENT
from config.ui.navigation import TASKS, count_is_known, landing
from config.ui.pages import SeeOther
from config.ui.searching import address_of, list_of

logger = logging.getLogger(__name__)


class SignIn(LoginView):  # type: ignore[misc]  # allauth has no types
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "was_unsent": UNSENT in self.request.GET}


sign_in_form = SignIn.as_view()


class SignOut(LogoutView):  # type: ignore[misc]  # as above
    """Leave nothing behind in the browser; its cookies of display and of forms stay."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        answer: HttpResponse = super().post(*args, **kwargs)
        answer.headers["Clear-Site-Data"] = '"cache", "storage"'
        return answer


def first_start() -> str | None:
    """Return the address of the first-start page while there is no organisation at all."""
    organizations: Any = apps.get_model("organizations", "Organization")._default_manager
    return None if organizations.exists() else reverse("first-start")


@login_not_required
@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    if begin := first_start():
        return redirect(begin)
    if not request.user.is_authenticated:
        return redirect(settings.LOGIN_URL)
    where = landing(request)
    if where is not None:
        return redirect(where)
    # By its name: this ground floor of the web may not import the app above it.
    handovers: Any = apps.get_model("organizations", "Handover")._default_manager
    hands_over = handovers.visible_to(request.user).open().filter(outgoing=request.user).exists()
    return render(request, "account/no_appointment.html", {"hands_over": hands_over})


@login_not_required
def sign_in(request: HttpRequest) -> HttpResponseBase:
    begin = first_start() if request.method == "GET" else None
    return redirect(begin) if begin else sign_in_form(request)


@require_POST
def act_as(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("appointment", "")
    held = {str(one.pk): one.pk for one in acting(request).appointments}
    if wanted in held:
        request.session[SESSION_KEY] = held[wanted]
    return redirect("home")


@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """Keep what was typed, and show the list by an address without it; GET: the list as it is."""
    if request.method == "POST":
        return SeeOther(address_of(request))
    # Whoever signed in again after a search was sent: the words went with the session.
    return redirect(list_of(request))


def _back(request: HttpRequest) -> str:
    """Return the page that the request came from, if it is one of ours."""
    referer = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(
        referer, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return referer if ours and referer else "/"


@login_not_required
@require_POST
def display(request: HttpRequest) -> HttpResponse:
    response = redirect(_back(request))
    allowed = {
        "size": (cookie_of(SIZE), set(SIZES)),
        "theme": (cookie_of(THEME), set(THEMES)),
        "keys": (cookie_of(KEYS_USED), set(KEYS)),
        "language": (settings.LANGUAGE_COOKIE_NAME, set(dict(settings.LANGUAGES))),
    }
    for name, (cookie, values) in allowed.items():
        wanted = request.POST.get(name)
        if wanted in values:
            response.set_cookie(
                cookie,
                wanted,
                max_age=A_YEAR,
                samesite="Lax",
                httponly=True,
                secure=request.is_secure(),
            )
    return response


@login_not_required
@require_GET
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "help.html")


@login_not_required
@require_GET
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")


def locked_out(
    request: HttpRequest,
    original_response: HttpResponse | None = None,
    credentials: Any = None,
) -> HttpResponse:
    """Answer somebody who guessed too often; named in settings as `AXES_LOCKOUT_CALLABLE`."""
    return render(request, "account/locked_out.html", status=429)


# ---------------------------------------------------------------- what went wrong


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404; the same words and shape whether a page is missing or hidden."""
    return _refused(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _refused(request, "403.html", status=403)


def _refused(request: HttpRequest, template: str, *, status: int) -> HttpResponse:
    # The tasks are not counted for it: that takes longer than the rest of the page.
    count_is_known(request, TASKS, 0)
    return render(request, template, {"is_error": True}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return HttpResponse(render_to_string("400.html"), status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer without asking the database or the session, which may be what failed.

    A database that is down or does not answer in time is 503: the same may succeed in a moment.
    """
    code = secrets.token_hex(3).upper()
    passing = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    logger.error("server error shown to a user", extra={"code": code, "path": request.path})
    at = datetime.now(HERE)
    page = render_to_string("500.html", {"code": code, "at": at, "is_passing": passing})
    if passing:
        return HttpResponse(page, status=503, headers={"Retry-After": "10"})
    return HttpResponse(page, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answer a form whose page is too old or came from elsewhere."""
    return _refused(request, "csrf.html", status=403)
