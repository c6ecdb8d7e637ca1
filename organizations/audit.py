"""What the doors tell the audit beside what pages carry out: who was refused, who searched."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_noop

from organizations.models import AccessEvent, AuditEvent

DENIED = "access.denied"
REFUSED = frozenset({403, 404})
NAMES_SOMEBODY = frozenset({"username"})
"""Parts of addresses that are made of a person's name."""


class TellRefused:
    """Tell the audit of every page of the product that somebody signed in was refused.

    After the answer, for what the page wrote is undone with it. Who asks for what does not exist
    is told of as well: from outside the two look the same.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        match = request.resolver_match
        if response.status_code in REFUSED and match and request.user.is_authenticated:
            asked = {
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
                    "status": response.status_code,
                    "method": request.method,
                    "asked": asked,
                },
            )
        return response


def tell_searching(request: HttpRequest) -> None:
    """Tell that a list with names was searched, never for whom."""
    if request.GET.get("q", "").strip():
        AccessEvent.objects.note(request, words=gettext_noop("Searched by name"))
