"""Helpers: who helps whom, who is to be replaced, their notes, handing over to another."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import View

from admissions.cases import case_of, grassroots_unit
from admissions.forms.helpers import MentorNoteForm, ReleaseForm
from admissions.models import MentorNote, Mentorship, RuleSet
from admissions.operations.helpers import add_note, release_mentor, writes_notes
from admissions.permissions import Permission, Rights
from admissions.selectors import helpers
from admissions.selectors.choices import possible_mentors
from admissions.stages import LIVE_STAGES, Step
from admissions.views.file_action import FileAction
from config import clock
from config.periods import contains
from config.ui.pages import (
    PAGE_PARAMETER,
    PAGE_SIZES,
    SIZE_PARAMETER,
    ActionView,
    SafePaginator,
)
from config.ui.searching import asked
from organizations.models import Appointment, Role
from organizations.permissions import holds

PART_PARAMETER = "phan"
PER_PAGE = 50


def part_names() -> dict[str, str]:
    return {
        helpers.HELPING: _("Who helps whom"),
        helpers.TO_REPLACE: _("To be replaced"),
        helpers.WITHOUT: _("Without a helper"),
        helpers.MINE: _("Whom I help"),
    }


@method_decorator(never_cache, name="dispatch")
class HelperList(View):
    """Who helps the candidates of one's cells, and what is amiss with it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        self.today = clock.today()
        self.person_id = getattr(request.user, "person_id", None)
        sees = holds(request.user, *Role.sees_names(), on=self.today)
        mine = helpers.running(on=self.today).filter(mentor=self.person_id)
        helps = self.person_id is not None and mine.exists()
        if not sees and not helps:
            raise Http404
        self.cells = Appointment.objects.organizations_of(
            request.user, roles=Role.sees_names(), on=self.today
        ).values("pk")
        self.amiss = helpers.unfit(self.cells, on=self.today)
        self.q = asked(request).get("q", "").replace("\0", "")[:100]
        parts = [part for part in helpers.PARTS if part != helpers.MINE or helps]
        wanted = request.GET.get(PART_PARAMETER, "")
        part = wanted if wanted in parts else parts[0]
        asked_size = request.GET.get(SIZE_PARAMETER, "")
        size = int(asked_size) if asked_size in {str(one) for one in PAGE_SIZES} else PER_PAGE
        found = {one: self.rows(one) for one in parts}
        page: Any = SafePaginator(found[part], size).page(request.GET.get(PAGE_PARAMETER, 1))
        names = part_names()
        context = {
            "rows": self.lines(part, page.object_list),
            "page_obj": page,
            "total": page.paginator.count,
            "page_sizes": PAGE_SIZES,
            "page_size": size,
            "part": part,
            "q": self.q,
            "tabs": [(one, names[one], rows.count()) for one, rows in found.items()],
        }
        return render(request, "admissions/helper_list.html", context)

    def rows(self, part: str) -> QuerySet[Any]:
        if part == helpers.WITHOUT:
            return helpers.without_helper(self.cells, on=self.today, q=self.q)
        if part == helpers.MINE:
            everywhere = helpers.running(on=self.today).filter(mentor=self.person_id)
            cells = everywhere.order_by().values("candidate__cell")
            rows = helpers.helping(cells, on=self.today, q=self.q)
            return rows.filter(mentor=self.person_id)
        rows = helpers.helping(self.cells, on=self.today, q=self.q)
        return rows.filter(pk__in=list(self.amiss)) if part == helpers.TO_REPLACE else rows

    def lines(self, part: str, rows: Any) -> list[helpers.HelperRow]:
        if part == helpers.WITHOUT:
            return helpers.rows_without(rows, self.request.user, on=self.today)
        return helpers.rows_of_helpers(rows, self.request.user, on=self.today, amiss=self.amiss)


@method_decorator(never_cache, name="dispatch")
class HelperNote(ActionView):
    """A short note of one who helps; by them or by the secretary."""

    form_class = MentorNoteForm
    template_name = "admissions/helper_note.html"
    title = gettext_lazy("Note on the candidate")
    submit_label = gettext_lazy("Save the note")

    def load(self, request: HttpRequest, mentorship: int) -> HttpResponseBase | None:
        self.today = clock.today()
        found = Mentorship.objects.select_related(
            "mentor", "candidate__person", "candidate__cell", "candidate__rules"
        ).filter(pk=mentorship)
        self.mentorship = found.first() if mentorship < 2**63 else None
        if self.mentorship is None or not request.user.is_authenticated:
            raise Http404
        file = self.mentorship.candidate
        try:
            case = case_of(file, on=self.today)
        except RuleSet.DoesNotExist:
            raise Http404 from None
        rights = Rights.of(request.user, on=self.today, cells=[file.cell_id])
        prepares = rights.may(Permission.PREPARE, case)
        if not writes_notes(rights, self.mentorship, prepares=prepares):
            raise Http404
        if request.method != "POST" and file.stage not in LIVE_STAGES:
            raise Http404
        self.sees = file.cell_id in rights.sees
        return None

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().post(request, *args, **kwargs)
        except PermissionDenied as refused:
            raise Http404 from refused

    def get_initial(self) -> dict[str, Any]:
        return {"noted_on": self.today}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        notes = self.mentorship.notes.select_related("entered_by")
        return super().get_context_data(
            mentorship=self.mentorship, notes=notes, sees=self.sees, **kwargs
        )

    def perform(self, form: MentorNoteForm) -> MentorNote:
        return add_note(self.mentorship, by=self.request.user, on=self.today, **form.values())

    def get_told(self, result: MentorNote) -> Any:
        return self.mentorship.candidate

    def get_success_url(self, result: MentorNote) -> str:
        return self.get_cancel_url()

    def get_cancel_url(self) -> str:
        if self.sees:
            return reverse("candidate-detail", args=[self.mentorship.candidate.public_id])
        return f"{reverse('helper-list')}?{PART_PARAMETER}={helpers.MINE}"

    def get_success_message(self, result: MentorNote) -> str:
        return _("The note is saved.")


class ReleaseMentor(FileAction):
    """A helper goes, and another one comes, in one action."""

    form_class = ReleaseForm
    template_name = "admissions/release_form.html"
    step = Step.RELEASE_MENTOR
    title = gettext_lazy("A helper goes")
    submit_label = gettext_lazy("Save")

    @property
    def whole_unit(self) -> bool:
        return self.request.GET.get("ca-don-vi") == "1"

    def helping(self) -> list[Mentorship]:
        """Return who helps until further notice."""
        known = self.case.candidate.mentorships.all()
        return [
            one for one in known if one.period.upper is None or contains(one.period, self.case.on)
        ]

    def is_open(self) -> bool:
        return super().is_open() and bool(self.helping())

    def get_form_kwargs(self) -> dict[str, Any]:
        today = clock.today()
        unit = grassroots_unit(self.file.cell_id, on=today) if self.whole_unit else None
        going = [one.mentor_id for one in self.helping()]
        members = possible_mentors(self.file, unit=unit, on=today).exclude(pk__in=going)
        return {"helping": self.helping(), "members": members}

    def get_initial(self) -> dict[str, Any]:
        chosen = self.request.GET.get("ai", "")
        known = {str(one.pk) for one in self.helping()}
        return {"released_on": clock.today(), **({"helper": chosen} if chosen in known else {})}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            whole_unit=self.whole_unit, chosen=self.get_initial().get("helper", ""), **kwargs
        )

    def perform(self, form: ReleaseForm) -> Mentorship:
        return release_mentor(form.mentorship(), **self.keywords(), **form.values())

    def get_success_message(self, result: Mentorship) -> str:
        return _("%(person)s helps no more from %(day)s on.") % {
            "person": result.mentor,
            "day": f"{result.period.upper:%d/%m/%Y}",
        }
