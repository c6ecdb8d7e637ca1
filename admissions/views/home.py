"""Pages around the tasks: the week, where files are, and what to clear in the records."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View

from admissions.selectors.digest import digest
from admissions.selectors.lists_to_clear import RULES, lists_to_clear
from admissions.selectors.tracker import tracker
from config import clock

from .file_action import sees_names

MOST_PAGES = 100_000
"""Beyond the last page of any list, and not so far that the database could not skip there."""


def page_number(request: HttpRequest) -> int:
    """Return the page that is asked for, the first where that is no number.

    One beyond the last is for who knows how many there are (`selectors.paging`).
    """
    asked = request.GET.get("trang", "")
    if not asked.isdecimal():
        return 1
    return min(max(int(asked[:20]), 1), MOST_PAGES)


class Week(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        page = digest(request.user, on=clock.today())
        if page is None:
            raise Http404
        return render(request, "admissions/digest.html", {"page": page})


class Tracker(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        page = tracker(request.user, on=clock.today(), page=page_number(request))
        if page is None:
            raise Http404
        return render(request, "admissions/tracker.html", {"page": page})


class ListsToClear(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        sees_names(request)
        today = clock.today()
        code = request.GET.get("quy-tac", "")
        if code not in {rule.code for rule in RULES}:
            code = ""
        context = {
            "lists": lists_to_clear(request.user, on=today, code=code),
            "code": code,
            "rules": len(RULES),
            "on": today,
        }
        return render(request, "admissions/lists_to_clear.html", context)
