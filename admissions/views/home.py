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


def page_number(request: HttpRequest) -> int:
    """Return the page that is asked for, the first where that is no number."""
    asked = request.GET.get("trang", "")
    return max(int(asked), 1) if asked.isdecimal() and len(asked) < 5 else 1


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
