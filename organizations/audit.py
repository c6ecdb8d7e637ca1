"""What the doors tell the audit beside what pages carry out: who was refused, braked, searched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_noop

from config import clock
from config.ui.searching import asked
from organizations.models import AccessEvent, AuditEvent
from organizations.operations.brakes import BRAKED, BRAKED_WORDS, ReadTooMuch
from organizations.operations.bursts import DENIED, is_told_singly

REFUSED = frozenset({403, 404})
NAMES_SOMEBODY = frozenset({"username"})
"""Parts of addresses that are made of a person's name."""


class TellRefused:
    """Tell the audit of every page of the product that somebody signed in was refused.

    After the answer, for what the page wrote is undone with it. Who asks for what does not exist
    is told of as well: from outside the two look the same. Who is refused all the time is told of
    once, with how often.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        match = request.resolver_match
        if response.status_code in REFUSED and match and request.user.is_authenticated:
            self._tell(request, response.status_code)
        return response

    @transaction.atomic
    def _tell(self, request: HttpRequest, status: int) -> None:
        user: Any = request.user
        if not is_told_singly(DENIED, user):
            return
        match: Any = request.resolver_match
        named = {
            name: str(value)[:80]
            for name, value in match.kwargs.items()
            if name not in NAMES_SOMEBODY
        }
        AuditEvent.objects.note(
            request,
            words=gettext_noop("Was refused a page"),
            kind=AuditEvent.Kind.DENIED,
            action=DENIED,
            payload={
                "route": match.url_name,
                "status": status,
                "method": request.method,
                "asked": named,
            },
        )


def braked(
    request: HttpRequest, brake: ReadTooMuch, *, record: Model, back_url: str
) -> HttpResponse:
    """Tell the audit that whoever asks read as much as is read at once; say when it goes on."""
    AuditEvent.objects.note(
        request,
        words=BRAKED_WORDS,
        record=record,
        kind=AuditEvent.Kind.DENIED,
        action=BRAKED,
        payload={"most": brake.most},
    )
    context = {"most": brake.most, "goes_on_at": brake.goes_on_at, "back_url": back_url}
    answer = render(request, "organizations/read_too_much.html", context, status=429)
    wait = brake.goes_on_at - clock.now()
    answer.headers["Retry-After"] = str(max(1, int(wait.total_seconds())))
    return answer


def tell_searching(request: HttpRequest) -> None:
    """Tell that a list with names was searched, never for whom."""
    if asked(request).get("q", "").strip():
        AccessEvent.objects.note(request, words=gettext_noop("Searched by name"))
