"""Pages of the probation: papers, votes and decisions on recognition and on deleting a name."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.generic import View

from admissions import probation
from admissions.cases import case_of
from admissions.forms.files import DecisionForm
from admissions.forms.probation import AnnouncementForm, DeletionForm, NewMemberPapersForm
from admissions.guards import STEPS
from admissions.guards_of_separation import part_taken
from admissions.models import PaperKind
from admissions.operations.name_deletion import delete_name
from admissions.operations.probation import make_new_member_papers
from admissions.operations.recognition import announce_recognition, recognise
from admissions.selectors.next_steps import STEP_CODES, step_url
from admissions.stages import Level, Purpose, Step
from config import clock
from organizations.models import AccessEvent

from .ballots import RecordBallot
from .file_action import FileAction, visible_file


class MakeNewMemberPapers(FileAction):
    form_class = NewMemberPapersForm
    template_name = "admissions/probation_papers_form.html"
    step = Step.NEW_MEMBER_PAPERS
    title = gettext_lazy("Papers of the new member")
    submit_label = gettext_lazy("Record that they are made")

    def get_initial(self) -> dict[str, Any]:
        return {"made_on": clock.today()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            due=probation.papers_due(self.case),
            refusals=STEPS[self.step].refusals(self.case),
            **kwargs,
        )

    def perform(self, form: NewMemberPapersForm) -> Any:
        return make_new_member_papers(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The papers of the new member are made.")


class ProbationBallot(RecordBallot):
    """A vote of one body on recognition, or on deleting the name."""

    template_name = "admissions/probation_ballot_form.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        titles = {
            Purpose.RECOGNITION: _("Vote of %(body)s on official recognition"),
            Purpose.DELETION: _("Vote of %(body)s on deleting the name"),
        }
        return super().get_context_data(
            missing=self.missing(),
            ends_on=probation.ends_on(self.case),
            due=self.due(),
            is_recognition=self.purpose == Purpose.RECOGNITION,
            **{**kwargs, "title": titles[self.purpose] % {"body": self.case.bodies.at(self.level)}},
        )

    def due(self) -> probation.Due | None:
        if self.purpose == Purpose.DELETION:
            return None
        if self.level == Level.CELL:
            return probation.review_due(self.case)
        return probation.decision_due(self.case)

    def missing(self) -> list[tuple[str, str]]:
        """Return where what the cell's vote still asks for is entered: [(words, address)]."""
        case = self.case
        if self.step != Step.RECOGNITION_CELL:
            return []
        found = []
        if not case.new_member_certificate:
            found.append((_("Enter the new-member class certificate"), Step.CERTIFY_NEW_MEMBER))
        if case.missing_for(PaperKind.Phase.PROBATION) or case.silent_helpers:
            found.append((_("Receive the papers on the probation"), Step.RECEIVE_PAPER))
        return [(words, step_url(case, step)) for words, step in found]


class RecognitionCell(ProbationBallot):
    step, level, purpose = Step.RECOGNITION_CELL, Level.CELL, Purpose.RECOGNITION


class RecognitionIntermediate(ProbationBallot):
    step, level, purpose = Step.RECOGNITION_INTERMEDIATE, Level.INTERMEDIATE, Purpose.RECOGNITION


class RecognitionGrassroots(ProbationBallot):
    step, level, purpose = Step.RECOGNITION_GRASSROOTS, Level.GRASSROOTS, Purpose.RECOGNITION


class RecognitionCompetent(ProbationBallot):
    step, level, purpose = Step.RECOGNITION_COMPETENT, Level.COMPETENT, Purpose.RECOGNITION


class DeletionCell(ProbationBallot):
    step, level, purpose = Step.DELETION_CELL, Level.CELL, Purpose.DELETION


class DeletionGrassroots(ProbationBallot):
    step, level, purpose = Step.DELETION_GRASSROOTS, Level.GRASSROOTS, Purpose.DELETION


class DeletionCompetent(ProbationBallot):
    step, level, purpose = Step.DELETION_COMPETENT, Level.COMPETENT, Purpose.DELETION


class ProbationDecision(FileAction):
    needs_fresh_proof = True
    template_name = "admissions/probation_decision_form.html"
    submit_label = gettext_lazy("Record the decision")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        barred = part_taken(self.case, by=self.request.user)
        return super().get_context_data(
            body=self.case.bodies.competent,
            barred=barred,
            refusals=STEPS[self.step].refusals(self.case),
            due=probation.decision_due(self.case) if self.step == Step.RECOGNISE else None,
            ends_on=probation.ends_on(self.case),
            is_recognition=self.step == Step.RECOGNISE,
            **kwargs,
        )


class Recognise(ProbationDecision):
    form_class = DecisionForm
    step = Step.RECOGNISE
    title = gettext_lazy("Decision of official recognition")

    def perform(self, form: DecisionForm) -> Any:
        return recognise(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("%(person)s is an official member from %(day)s.") % {
            "person": result.person,
            "day": f"{result.official_on:%d/%m/%Y}",
        }


class DeleteName(ProbationDecision):
    form_class = DeletionForm
    step = Step.DELETE_NAME
    title = gettext_lazy("Decision to delete the name")

    def perform(self, form: DeletionForm) -> Any:
        return delete_name(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The name of %(person)s is deleted; the file is closed.") % {
            "person": self.file.person
        }


class Announce(FileAction):
    form_class = AnnouncementForm
    step = Step.ANNOUNCE
    title = gettext_lazy("Announce the recognition")
    submit_label = gettext_lazy("Record the announcement")

    def perform(self, form: AnnouncementForm) -> Any:
        return announce_recognition(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The recognition is announced.")


PAGES: tuple[type[FileAction], ...] = (
    MakeNewMemberPapers,
    RecognitionCell,
    RecognitionIntermediate,
    RecognitionGrassroots,
    RecognitionCompetent,
    DeletionCell,
    DeletionGrassroots,
    DeletionCompetent,
    Recognise,
    DeleteName,
    Announce,
)
"""Those at the address of their step."""


class CeremonyMinutes(View):
    """The programme and draft minutes of the ceremony, to print; blank lines where unknown."""

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        file = visible_file(request, public_id)
        case = case_of(file, on=clock.today())
        if case.decision is None:
            raise Http404
        AccessEvent.objects.note(
            request, words=gettext_noop("Opened a paper to print"), record=file
        )
        admission = file.admissions.filter(sign=1).select_related("round").first()
        helping = [one.mentor.full_name for one in case.mentorships]
        context = {
            "file": file,
            "case": case,
            "decision": case.decision,
            "held_on": admission.ceremony_on if admission else None,
            "round": admission.round if admission else None,
            "limit": case.ceremony_limit(),
            "helpers": helping,
            "back": reverse("candidate-detail", args=[file.public_id]),
            "record": step_url(case, Step.ADMIT) if STEP_CODES.get(Step.ADMIT) else "",
        }
        return render(request, "admissions/ceremony_minutes.html", context)
