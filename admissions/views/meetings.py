"""Pages of meetings: what lies before one, its results on one page, its minutes."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext
from django.views.generic import View

from admissions.forms.meetings import CommitteeMeetingForm, FurtherVoteForm, MeetingForm
from admissions.models import Meeting
from admissions.operations.ballots import allow_further_vote
from admissions.operations.meetings import record_committee_meeting, record_meeting
from admissions.permissions import Permission
from admissions.selectors.meetings import (
    ballots_in,
    cells_of,
    committee_pack,
    committees_of,
    held_meetings,
    meeting_seen_by,
    members_of,
    pack_of,
    short_above,
    stuck_at,
)
from admissions.stages import Level, Step
from config import clock
from config.ui.forms import DateField
from config.ui.pages import ActionView, SafePaginator
from organizations.models import AccessEvent, Role
from organizations.permissions import holds

from .file_action import FileAction, sees_names

DAY_PARAMETER = "ngay"
LEVEL_PARAMETER = "cap"
PER_PAGE, LATEST = 50, 10
"""Rows of a whole list, and of the minutes on the page of meetings."""


def _day(text: str) -> date | None:
    """Return the day that `text` writes, None where it writes none that can be meant."""
    try:
        found = DateField(required=False).clean(text)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the form says it
        return None
    return found if isinstance(found, date) else None


def _typed_for(request: HttpRequest) -> set[int]:
    """Return the files (ids) for which results were typed, which stay on the page."""
    return {
        int(found[1])
        for name, value in request.POST.items()
        if str(value).strip()
        and (found := re.fullmatch(r"(?:in_favour|against)-[a-z]+-([0-9]{1,9})", name))
    }


class MeetingList(View):
    """The bodies whose meetings the reader records, and the latest minutes to read.

    One body alone, without any minutes, is opened at once.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        sees_names(request)
        today = clock.today()
        cells, committees = cells_of(request.user, on=today), committees_of(request.user, on=today)
        asked = request.GET.get("trang", "")
        page = SafePaginator(cells, PER_PAGE).page(asked)
        held = list(held_meetings(request.user, on=today)[: LATEST + 1])
        if page.paginator.count == 1 and not committees and not held:
            return redirect("meeting-cell", page.object_list[0].slug)
        context = {
            "page_obj": page,
            "cells": page.object_list,
            "committees": committees,
            "held": held[:LATEST],
            "has_more": len(held) > LATEST,
        }
        return render(request, "admissions/meeting_list.html", context)


class MinutesList(View):
    """All minutes that the reader may read, the latest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        sees_names(request)
        rows = held_meetings(request.user, on=clock.today())
        page = SafePaginator(rows, PER_PAGE).page(request.GET.get("trang", ""))
        context = {"page_obj": page, "held": page.object_list, "total": page.paginator.count}
        return render(request, "admissions/meeting_minutes.html", context)


class CellMeeting(ActionView):
    form_class = MeetingForm
    template_name = "admissions/meeting_cell.html"
    title = gettext_lazy("Cell meeting")
    submit_label = gettext_lazy("Save the results of the meeting")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        today = clock.today()
        self.cell = get_object_or_404(cells_of(request.user, on=today), slug=kwargs["slug"])
        typed = _day(request.POST.get("held_on", "") or request.GET.get(DAY_PARAMETER, ""))
        self.held_on = min(typed or today, today)
        pack = pack_of(
            self.cell, user=request.user, on=today, held_on=self.held_on, also=_typed_for(request)
        )
        # A day before the first rules: the form says so at the field, the page shows today.
        pack = pack or pack_of(self.cell, user=request.user, on=today, held_on=today)
        if pack is None:
            raise Http404
        self.pack = pack
        return None

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"pack": self.pack}

    def get_initial(self) -> dict[str, Any]:
        return {"held_on": self.held_on}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form: MeetingForm = kwargs["form"]
        count = len(self.pack.votes)
        return super().get_context_data(
            pack=self.pack,
            rows=form.rows(self.pack.votes),
            deletions=form.rows(self.pack.deletions),
            matters=form.matters(),
            count=count,
            **kwargs,
        )

    def perform(self, form: MeetingForm) -> Meeting:
        typed = form.cleaned_data
        return record_meeting(
            self.cell,
            by=self.request.user,
            on=clock.today(),
            results=form.results(),
            standings=form.standings,
            **{
                name: typed[name]
                for name in ("held_on", "present", "absence_reasons", "chair", "secretary")
            },
        )

    def get_success_url(self, result: Meeting) -> str:
        return reverse("meeting-detail", args=[result.public_id])

    def get_success_message(self, result: Meeting) -> str:
        return _results_saved(result)

    def get_cancel_url(self) -> str:
        return reverse("task-list")


def _results_saved(meeting: Meeting) -> str:
    number = meeting.ballots.count()
    return ngettext(
        "The meeting is recorded, with %(number)s vote.",
        "The meeting is recorded, with %(number)s votes.",
        number,
    ) % {"number": number}


class CellMinutes(View):
    """Agenda and draft minutes of the next meeting, to be printed."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        today = clock.today()
        cell = get_object_or_404(cells_of(request.user, on=today), slug=slug)
        pack = pack_of(cell, user=request.user, on=today, held_on=today)
        if pack is None:
            raise Http404
        AccessEvent.objects.note(
            request, words=gettext_noop("Opened a paper to print"), record=cell
        )
        context = {"pack": pack, "members": members_of(cell, on=today)}
        return render(request, "admissions/meeting_print.html", context)


class CommitteeMeeting(ActionView):
    form_class = CommitteeMeetingForm
    template_name = "admissions/meeting_committee.html"
    title = gettext_lazy("Committee meeting")
    submit_label = gettext_lazy("Save the results of the meeting")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        today = clock.today()
        found = committees_of(request.user, on=today)
        self.organization = get_object_or_404(found, slug=kwargs["slug"])
        typed = _day(request.POST.get("held_on", "") or request.GET.get(DAY_PARAMETER, ""))
        self.held_on = min(typed or today, today)
        asked = request.GET.get(LEVEL_PARAMETER, "")
        level = Level(asked) if asked in Level.values and asked != Level.CELL else None
        values: dict[str, Any] = {"user": request.user, "on": today, "level": level}
        pack = committee_pack(
            self.organization, held_on=self.held_on, also=_typed_for(request), **values
        ) or committee_pack(self.organization, held_on=today, **values)
        if pack is None:
            raise Http404
        self.pack = pack
        return None

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"pack": self.pack}

    def get_initial(self) -> dict[str, Any]:
        return {"held_on": self.held_on}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form: CommitteeMeetingForm = kwargs["form"]
        return super().get_context_data(
            pack=self.pack,
            rows=form.rows(),
            others=[(level, number) for level, number in self.pack.others.items()],
            **kwargs,
        )

    def perform(self, form: CommitteeMeetingForm) -> Meeting:
        typed = form.cleaned_data
        return record_committee_meeting(
            self.organization,
            level=self.pack.level,
            by=self.request.user,
            on=clock.today(),
            results=form.vote_results(),
            **{
                name: typed[name]
                for name in ("held_on", "entitled", "present", "chair", "secretary")
            },
        )

    def get_success_url(self, result: Meeting) -> str:
        return reverse("meeting-detail", args=[result.public_id])

    def get_success_message(self, result: Meeting) -> str:
        return _results_saved(result)

    def get_cancel_url(self) -> str:
        return reverse("task-list")


class MeetingDetail(View):
    """The minutes as they were recorded, to read and to print."""

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        today = clock.today()
        meeting = get_object_or_404(meeting_seen_by(request.user, on=today), public_id=public_id)
        AccessEvent.objects.note(request, words=gettext_noop("Opened the page"), record=meeting)
        electors = meeting.electors.select_related("person").order_by("person__name_order", "pk")
        context = {
            "meeting": meeting,
            "name": meeting.organization.designation(on=meeting.held_on),
            "ballots": ballots_in(meeting, request.user, on=today),
            "electors": electors,
        }
        return render(request, "admissions/meeting_detail.html", context)


class ShortVotes(View):
    """What was reported up: votes that fell short, in full."""

    def get(self, request: HttpRequest) -> HttpResponse:
        today = clock.today()
        if not holds(request.user, Role.STAFF, on=today):
            raise Http404
        rows = short_above(request.user, on=today)
        page = SafePaginator(rows, PER_PAGE).page(request.GET.get("trang", ""))
        context = {"page_obj": page, "ballots": page.object_list, "total": page.paginator.count}
        return render(request, "admissions/meeting_short.html", context)


class AllowFurtherVote(FileAction):
    form_class = FurtherVoteForm
    title = gettext_lazy("Allow a further vote")
    submit_label = gettext_lazy("Allow it")
    step = Step.RETURN

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        answer = super().load(request, **kwargs)
        self.stuck = stuck_at(self.case)
        if answer is None and not self.stuck and request.method != "POST":
            return redirect("candidate-detail", self.file.public_id)
        return answer

    def permission(self) -> Permission:
        return Permission.VOTE_COMPETENT

    def is_open(self) -> bool:
        return True

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"stuck": self.stuck}

    def get_initial(self) -> dict[str, Any]:
        return {"allowed_on": clock.today()}

    def perform(self, form: FurtherVoteForm) -> Any:
        return allow_further_vote(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("A further vote is allowed.")
