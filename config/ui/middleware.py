"""What every request passes through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import translation
from django.utils.cache import add_never_cache_headers

from config import clock, rows

from .display import language_of

Answer = Callable[[HttpRequest], HttpResponseBase]

WITHOUT_DATABASE = ("/healthz", "/static/", "/robots.txt")
ACCOUNT = "/tai-khoan/"
"""Where the pages are on which somebody signs in or out, or proves who they are."""
UNSENT = "chua-gui"
ASKED_BY_ITSELF = {"headline", "state", "all-runs"}
"""The parts of pages that look again by themselves (`hx-trigger="every …"`)."""


class NotKept:
    """Let no browser and no proxy keep a page: names would stay on a PC that others use too.

    Files under a name with a hash say themselves how long they may be kept.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response


class Language:
    """Speak the language of the cookie, Vietnamese unless told otherwise."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language = language_of(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class HeldClock:
    """Let a page ask the clock once, and agree with itself over midnight."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith((*WITHOUT_DATABASE, "/readyz")):
            return self.get_response(request)
        with clock.held():
            return self.get_response(request)


class WrittenAddress:
    """Answer 404 to an address with a null character: nothing is called so, and PostgreSQL cannot
    even look for it. What is typed into a form is refused at its field instead."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise Http404
        return self.get_response(request)


class HtmxSignIn:
    """Send the whole page to sign in where an htmx request met the end of its session.

    A redirect would be followed by htmx and put the sign-in form into a cell of a table. Whoever
    sent a form is told at the sign-in that it was not saved.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        target = response.headers.get("Location", "")
        if response.status_code != 302 or not target.startswith(ACCOUNT):
            return response
        if request.method == "POST" and target.startswith(f"{resolve_url(settings.LOGIN_URL)}?"):
            target = f"{target}&{UNSENT}=1"
            response.headers["Location"] = target
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(status=204, headers={"HX-Redirect": target})
        return response


class Reader:
    """Let the database know who is at the page: of tables with names it gives them their rows."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith((*WITHOUT_DATABASE, "/readyz")):
            return self.get_response(request)
        with rows.read_by(request.user.pk):
            return self.get_response(request)


class OpenSession:
    """Note that a session is in use, and send whoever must give themselves a second proof to it.

    What a page asks for by itself every few seconds is not somebody at work.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(WITHOUT_DATABASE) and request.user.is_authenticated:
            session: Any = request.session
            if request.headers.get("HX-Trigger") not in ASKED_BY_ITSELF:
                session.seen()
            if session.must_enrol and not request.path.startswith((ACCOUNT, resolve_url("help"))):
                return HttpResponseRedirect(resolve_url("mfa_index"))
        return self.get_response(request)
