"""What is typed into the search of a list: kept on the server, so that no address has a name in it.

An address stays in the history of the browser, in what a proxy logs, and in what is copied to a
colleague. So a search is sent by POST to `config.views.search`, the words are kept with the session
(and gone with it), and the address of the list has a short random key in their place::

    <form method="post" action="{% url 'search' %}?to={{ request.path|urlencode }}">{% csrf_token %}
    <input type="search" name="q"> … <select name="loai"> …      →  /ho-so/?loai=1&search=Zk3xV-9a

`asked(request)` is what the list was asked, the words in their places: filters read it instead of
`request.GET`. Links made of `request.GET` (pages, orders, tabs) carry the key on. A key that this
session does not know (another's, or from before) is a search for nothing, and the page says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

KEY = "search"
WORDS = "words"
"""Names the fields of a form that somebody types into; `q` always is one."""
KEPT = "searches"
MOST_KEPT = 40
LONGEST = 400
NOT_ASKED = frozenset({"csrfmiddlewaretoken", WORDS, KEY})


def asked(request: HttpRequest) -> QueryDict:
    """Return what the page was asked: its address, with the words in the place of their key."""
    found: QueryDict | None = vars(request).get("asked_of_list")
    if found is None:
        found = _asked(request)
        vars(request)["asked_of_list"] = found
    return found


def _asked(request: HttpRequest) -> QueryDict:
    if KEY not in request.GET:
        return request.GET
    given = request.GET.copy()
    words = _kept(request).get(str(given.pop(KEY)[-1]))
    if words is None:
        sentence = _("What this address searched for is not kept any more: type it again.")
        messages.info(request, sentence)
        return given
    for name, text in words.items():
        given[name] = text
    return given


def address_of(request: HttpRequest) -> str:
    """Keep the words that were sent; return the address of the list, with a key in their place.

    The address is that of the page named by `to`, if it is one of ours; else of the first page.
    """
    path, sent = list_of(request), request.POST
    typed = {"q", *sent.getlist(WORDS)} - NOT_ASKED
    words = {
        name: text
        for name in typed
        if (text := sent.get(name, "").replace("\0", "").strip()[:LONGEST])
    }
    query = QueryDict(mutable=True)
    for name, values in sent.lists():
        chosen = [value for value in values if value]
        if chosen and name not in NOT_ASKED and name not in typed:
            query.setlist(name, chosen)
    if words:
        query[KEY] = keep(request, words)
    return f"{path}?{query.urlencode()}" if query else path


def list_of(request: HttpRequest) -> str:
    """Return the path that the address names by `to`, if it is one of ours; else the first page."""
    try:
        path = urlsplit(request.GET.get("to", "")).path
        resolve(path)
    except (ValueError, Resolver404):  # no address at all, such as //[
        return "/"
    return path if url_has_allowed_host_and_scheme(path, allowed_hosts=None) else "/"


def keep(request: HttpRequest, words: Mapping[str, str]) -> str:
    """Return the key under which this session keeps `words`; the same for the same words."""
    kept = _kept(request)
    key = next((one for one, known in kept.items() if known == words), secrets.token_urlsafe(6))
    kept = {one: known for one, known in kept.items() if one != key} | {key: dict(words)}
    request.session[KEPT] = dict(list(kept.items())[-MOST_KEPT:])
    return key


def _kept(request: HttpRequest) -> dict[str, dict[str, str]]:
    session: Any = request.session
    found: dict[str, dict[str, str]] = session.get(KEPT, {})
    return found
