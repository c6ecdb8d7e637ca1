"""Pages of files: tasks, list, one file, and a page for each step."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.generic import View

from admissions.cases import grassroots_unit
from admissions.filters import CandidateFilter
from admissions.forms.files import (
    CandidateForm,
    CeremonyForm,
    CertificateForm,
    CloseForm,
    DecisionForm,
    EditForm,
    ListForm,
    MentorForm,
)
from admissions.guards import STEPS
from admissions.guards_of_separation import part_taken
from admissions.models import Candidate, EmergencyOpening, LateEntry, Meeting
from admissions.operations.candidates import close_candidate, edit_candidate, log_candidate
from admissions.operations.ceremonies import hold_ceremony, lateness
from admissions.operations.decisions import decide
from admissions.operations.late_entries import enter_late
from admissions.operations.preparation import (
    assign_mentor,
    issue_certificate,
    put_on_list,
)
from admissions.rules import is_entered_late
from admissions.selectors import STEP_CODES, file_page, tasks
from admissions.selectors.changes import last_change
from admissions.selectors.choices import possible_mentors, rounds_near
from admissions.selectors.handover import open_handovers
from admissions.stages import BEFORE_THE_CELL, PUBLIC_STEPS, Stage, Step, public_step
from config import clock
from config.errors import ConflictError
from config.ui.navigation import TASKS, count_is_known
from config.ui.pages import ActionView, FilteredListView, Stale
from config.ui.searching import asked
from organizations.audit import tell_searching
from organizations.models import AccessEvent, Appointment, Role
from organizations.permissions import holds
from organizations.sheets import audit
from organizations.sheets.waiting import waiting_for

from .ballots import CellBallot, CompetentBallot, GrassrootsBallot, IntermediateBallot
from .classes import CertifyNewMember, Enrol
from .file_action import FileAction, sees_names, visible_file
from .helpers import ReleaseMentor
from .home import page_number
from .introducers import NameIntroducers
from .moving import AskMove
from .outcomes import OUTCOME_PAGES
from .papers import ReceivePapers
from .permission import PermitProcedure
from .probation import PAGES as PROBATION_PAGES
from .verifications import SendVerification


class TaskList(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        today = clock.today()
        page = tasks(request.user, on=today, page=page_number(request))
        if page is None:
            raise Http404
        if page.is_counted:
            count_is_known(request, TASKS, page.to_do)
        context = {
            "page": page,
            "handovers": open_handovers(request.user, on=today),
            "waits": waiting_for(request.user, on=today),
        }
        return render(request, "admissions/task_list.html", context)


class CandidateList(FilteredListView):
    template_name = "admissions/candidate_list.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        sees_names(request)
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        user, today = self.request.user, clock.today()
        self.filterset = CandidateFilter(
            asked(self.request) or None,
            Candidate.objects.select_related("person").with_cell_name(on=today),
            scope=Appointment.objects.scope_of(user, roles=Role.sees_names(), on=today),
            request=self.request,
        )
        return self.filterset.listed

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        tell_searching(self.request)
        today = clock.today()
        return {
            **context,
            "rows": [
                {
                    "file": file,
                    "step": public_step(Stage(file.stage)) if file.stage != Stage.CLOSED else None,
                    "days": (today - file.stage_since).days,
                }
                for file in context["object_list"]
            ],
            "steps": PUBLIC_STEPS,
            "may_add": holds(self.request.user, Role.SECRETARY, on=today),
            "before_us": holds(self.request.user, Role.STAFF, Role.APPROVER, on=today),
        }


class CandidateCreate(ActionView):
    form_class = CandidateForm
    template_name = "admissions/candidate_form.html"
    title = gettext_lazy("Add an outstanding person")
    submit_label = gettext_lazy("Open the file")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        today = clock.today()
        cells = Appointment.objects.organizations_of(request.user, roles=[Role.SECRETARY], on=today)
        self.cells = list(cells.cells(on=today).called(on=today).order_by("name_order", "pk"))
        if not self.cells:
            raise Http404
        return None

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"cells": self.cells}

    def perform(self, form: CandidateForm) -> Candidate:
        return log_candidate(form.cell(), by=self.request.user, on=clock.today(), **form.values())

    def get_success_url(self, result: Candidate) -> str:
        return reverse("candidate-detail", args=[result.public_id])

    def get_success_message(self, result: Candidate) -> str:
        return _("File %(number)s is open.") % {"number": result.number}

    def get_cancel_url(self) -> str:
        return reverse("candidate-list")


class CandidateDetail(View):
    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        try:
            file = visible_file(request, public_id)
        except Http404:
            return self.opened(request, public_id)
        AccessEvent.objects.note(request, words=gettext_noop("Opened the page"), record=file)
        page = file_page(
            file,
            user=request.user,
            on=clock.today(),
            all_events=request.GET.get("tat-ca") == "1",
        )
        return render(request, "admissions/candidate_detail.html", {"page": page, "file": file})

    def opened(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        """Answer who has the file open in an emergency: what it says, without a way further."""
        user, today = request.user, clock.today()
        files = Candidate.objects.opened_by(user, on=today)
        file = get_object_or_404(
            files.select_related("person", "cell", "rules"), public_id=public_id
        )
        AccessEvent.objects.note(
            request, words=gettext_noop("Opened the page in an emergency"), record=file
        )
        running = EmergencyOpening.objects.in_force(user, on=today).filter(candidate=file)
        context = {
            "file": file,
            "page": file_page(file, user=user, on=today),  # type: ignore[arg-type]
            "until": max(running.values_list("expires_at", flat=True)),
        }
        return render(request, "admissions/candidate_opened.html", context)


class CandidateHistory(View):
    """Who opened a file, and what was done with it: for those who may open it."""

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        file = visible_file(request, public_id)
        voted = Meeting.objects.filter(ballots__candidate=file).distinct()
        user: Any = request.user
        context = {
            "name": str(file),
            "back": reverse("candidate-detail", args=[file.public_id]),
            "history": audit.history_of(file, user, on=clock.today(), also=voted),
        }
        return render(request, "organizations/record_history.html", context)


class CandidateEdit(FileAction):
    form_class = EditForm
    step = Step.CLOSE
    title = gettext_lazy("Correct the file")
    submit_label = gettext_lazy("Save the changes")

    def is_open(self) -> bool:
        return self.file.stage in BEFORE_THE_CELL

    def get_initial(self) -> dict[str, Any]:
        person = self.file.person
        names = [name for name in EditForm.base_fields if hasattr(person, name)]
        of_file = ("groups", "special", "left_on", "was_cleared")
        # What is sealed stays so: it is shown on its own page, which tells the audit.
        return {
            **{name: getattr(person, name) for name in names},
            **{name: getattr(self.file, name) for name in of_file},
        }

    def get_version(self) -> str:
        # Asked again inside the action's transaction, so from the database.
        return str(Candidate.objects.values_list("version", flat=True).get(pk=self.file.pk))

    def get_conflict(self) -> str:
        change = last_change(self.file)
        return _("%(who)s, %(when)s. It now says: %(name)s, %(occupation)s.") % {
            "who": change.by or _("Somebody"),
            "when": f"{change.at:%d/%m/%Y %H:%M}",
            "name": change.person.full_name,
            "occupation": change.person.occupation or "–",
        }

    def perform(self, form: EditForm) -> Candidate:
        version = int(form.cleaned_data["version"])
        try:
            return edit_candidate(self.file, version=version, **self.keywords(), **form.values())
        except ConflictError:
            raise Stale from None

    def get_success_message(self, result: Candidate) -> str:
        return _("The changes are saved.")


class CandidateClose(FileAction):
    form_class = CloseForm
    step = Step.CLOSE
    title = gettext_lazy("Close the file")
    submit_label = gettext_lazy("Close the file")

    def get_initial(self) -> dict[str, Any]:
        return {"closed_on": clock.today()}

    def perform(self, form: CloseForm) -> Any:
        return close_candidate(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The file is closed.")


class PutOnList(FileAction):
    form_class = ListForm
    step = Step.PUT_ON_LIST
    title = gettext_lazy("Put on the list of sympathisers")
    submit_label = gettext_lazy("Save the resolution")

    def perform(self, form: ListForm) -> Any:
        return put_on_list(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The person is on the list of sympathisers.")


class IssueCertificate(FileAction):
    form_class = CertificateForm
    step = Step.CERTIFY
    title = gettext_lazy("Enter the class certificate")
    submit_label = gettext_lazy("Save the certificate")

    def perform(self, form: CertificateForm) -> Any:
        return issue_certificate(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The certificate is saved; it counts until before %(day)s.") % {
            "day": f"{result.expires_on:%d/%m/%Y}"
        }


class AssignMentor(FileAction):
    form_class = MentorForm
    template_name = "admissions/mentor_form.html"
    step = Step.ASSIGN_MENTOR
    title = gettext_lazy("Assign a helper")
    submit_label = gettext_lazy("Assign")

    @property
    def whole_unit(self) -> bool:
        return self.request.GET.get("ca-don-vi") == "1"

    def get_form_kwargs(self) -> dict[str, Any]:
        today = clock.today()
        unit = grassroots_unit(self.file.cell_id, on=today) if self.whole_unit else None
        return {"members": possible_mentors(self.file, unit=unit, on=today)}

    def get_initial(self) -> dict[str, Any]:
        return {"since": clock.today()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(whole_unit=self.whole_unit, **kwargs)

    def perform(self, form: MentorForm) -> Any:
        return assign_mentor(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("%(person)s helps the candidate.") % {"person": result.mentor}


class RecordDecision(FileAction):
    form_class = DecisionForm
    template_name = "admissions/decision_form.html"
    step = Step.DECIDE
    needs_fresh_proof = True
    title = gettext_lazy("Decision on admission")
    submit_label = gettext_lazy("Record the decision")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        barred = part_taken(self.case, by=self.request.user)
        return super().get_context_data(
            body=self.case.bodies.competent,
            barred=barred,
            refusals=STEPS[self.step].refusals(self.case),
            limit=self.case.decision_limit(),
            **kwargs,
        )

    def perform(self, form: DecisionForm) -> Any:
        return decide(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("Decision %(number)s is recorded.") % {"number": result.number}


class HoldCeremony(FileAction):
    form_class = CeremonyForm
    template_name = "admissions/ceremony_form.html"
    step = Step.ADMIT
    title = gettext_lazy("Admission ceremony")
    submit_label = gettext_lazy("Record the ceremony")

    def is_open(self) -> bool:
        late = self.case.late_entry
        return super().is_open() and not (late and late.answered_at is None)

    def get_form_kwargs(self) -> dict[str, Any]:
        today, decision, rules = clock.today(), self.case.decision, self.file.rules
        return {
            "members": possible_mentors(self.file, unit=None, on=today),
            "rounds": rounds_near(self.file, on=today),
            "is_late": bool(lateness(self.case, ceremony_on=today)),
            "late_entry_days": rules.late_entry_days
            if decision and is_entered_late(decision.signed_on, rules, on=today)
            else None,
        }

    def get_initial(self) -> dict[str, Any]:
        helping = self.case.mentorships
        return {"mentor": helping[0].mentor_id if helping else None}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        decision = self.case.decision
        late = decision and lateness(self.case, ceremony_on=self.case.on)
        return super().get_context_data(
            limit=self.case.ceremony_limit(), decision=decision, late=late, **kwargs
        )

    def perform(self, form: CeremonyForm) -> Any:
        values = form.values()
        reason = values.pop("late_because", "")
        if is_entered_late(values["ceremony_on"], self.file.rules, on=clock.today()):
            return enter_late(self.file, reason=reason, **self.keywords(), **values)
        return hold_ceremony(self.file, **self.keywords(), **values)

    def get_success_message(self, result: Any) -> str:
        if isinstance(result, LateEntry):
            return _("The ceremony is entered; it counts once a third person lets it.")
        return _("%(person)s is admitted; probation runs from %(day)s.") % {
            "person": self.file.person,
            "day": f"{result.ceremony_on:%d/%m/%Y}",
        }


STEP_PAGES: dict[str, type[FileAction]] = {
    STEP_CODES[page.step]: page
    for page in (
        PutOnList,
        Enrol,
        IssueCertificate,
        CertifyNewMember,
        AssignMentor,
        ReleaseMentor,
        AskMove,
        PermitProcedure,
        ReceivePapers,
        CellBallot,
        IntermediateBallot,
        GrassrootsBallot,
        CompetentBallot,
        RecordDecision,
        HoldCeremony,
        NameIntroducers,
        SendVerification,
        *PROBATION_PAGES,
        *OUTCOME_PAGES,
    )
}


def take_step(request: HttpRequest, public_id: Any, code: str) -> HttpResponseBase:
    page = STEP_PAGES.get(code)
    if page is None:
        raise Http404
    return page.as_view()(request, public_id=public_id)
