"""Records that may be one person, and merging them by two people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import View

from config import clock
from config.ui.pages import PAGE_PARAMETER, ActionView, SafePaginator
from organizations.forms import ConfirmForm
from organizations.forms_people import MergeForm
from organizations.models import Person, PersonMerge, Role
from organizations.operations.duplicates import (
    approve_merge,
    ask_merge,
    keeps_both,
    may_answer,
    merges_of,
    pairs_of,
    refuse_merge,
)
from organizations.permissions import holds
from organizations.sheets import people

A_PAGE = 25


@method_decorator(never_cache, name="dispatch")
class DuplicateList(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        today = clock.today()
        if not holds(request.user, Role.STAFF, Role.APPROVER, on=today):
            raise Http404
        paginator = SafePaginator(pairs_of(request.user, on=today), A_PAGE)
        page = paginator.page(request.GET.get(PAGE_PARAMETER, 1))
        merges = list(merges_of(request.user, on=today))
        known = [one for pair in page.object_list for one in (pair.first, pair.second)]
        known += [one for merge in merges for one in (merge.kept, merge.duplicate)]
        context = {
            "pairs": page.object_list,
            "page_obj": page,
            "total": paginator.count,
            "merges": merges,
            "places": people.places(known, on=today),
            "may_ask": holds(request.user, Role.STAFF, on=today),
            "page_sizes": (),
        }
        return render(request, "organizations/duplicate_list.html", context)


@method_decorator(never_cache, name="dispatch")
class MergeCreate(ActionView):
    form_class = MergeForm
    template_name = "organizations/duplicate_form.html"
    title = gettext_lazy("Merge two records")
    submit_label = gettext_lazy("Ask for the merge")

    def load(self, request: HttpRequest, first: UUID, second: UUID) -> None:
        self.today = clock.today()
        seen = Person.objects.visible_to(request.user, on=self.today)
        self.records = [get_object_or_404(seen, public_id=one) for one in (first, second)]
        if first == second or not keeps_both(*self.records, by=request.user, on=self.today):
            raise Http404
        self.places = people.places(self.records, on=self.today)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {
            "records": [
                (str(one.public_id), f"{one} · {self.places[one.pk]}") for one in self.records
            ]
        }

    def get_initial(self) -> dict[str, Any]:
        return {"decided_on": self.today}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(records=self.records, places=self.places, **kwargs)

    def perform(self, form: MergeForm) -> PersonMerge:
        values = form.values()
        kept, other = self.records
        if values.pop("keep") != str(kept.public_id):
            kept, other = other, kept
        return ask_merge(kept, other, **values, by=self.request.user, on=self.today)

    def get_success_url(self, result: PersonMerge) -> str:
        return reverse("duplicate-list")

    def get_success_message(self, result: PersonMerge) -> str:
        return _("The merge is asked for; a second person approves it.")

    def get_cancel_url(self) -> str:
        return reverse("duplicate-list")


@method_decorator(never_cache, name="dispatch")
class MergeAnswer(ActionView):
    form_class = ConfirmForm
    template_name = "organizations/duplicate_answer.html"
    told_as = gettext_lazy("Answer a merge that was asked for")
    needs_fresh_proof = True
    approves = True

    def load(self, request: HttpRequest, merge: int) -> None:
        self.today = clock.today()
        self.merge = get_object_or_404(
            PersonMerge.objects.select_related("kept", "duplicate", "entered_by"), pk=merge
        )
        if not may_answer(self.merge, by=request.user, on=self.today):
            raise Http404
        if request.method != "POST" and self.merge.state != PersonMerge.State.ASKED:
            raise Http404
        self.title = _("Approve the merge") if self.approves else _("Refuse the merge")
        self.submit_label = _("Merge them") if self.approves else _("They are two people")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        records = [self.merge.kept, self.merge.duplicate]
        return super().get_context_data(
            merge=self.merge,
            approves=self.approves,
            places=people.places(records, on=self.today),
            **kwargs,
        )

    def perform(self, form: ConfirmForm) -> PersonMerge:
        answer = approve_merge if self.approves else refuse_merge
        return answer(self.merge, by=self.request.user, on=self.today)

    def get_success_url(self, result: PersonMerge) -> str:
        if self.approves:
            return reverse("member-detail", args=[result.kept.public_id])
        return reverse("duplicate-list")

    def get_success_message(self, result: PersonMerge) -> str:
        if self.approves:
            return _("The records are merged.")
        return _("The records stay apart; the pair is not shown any more.")

    def get_cancel_url(self) -> str:
        return reverse("duplicate-list")
