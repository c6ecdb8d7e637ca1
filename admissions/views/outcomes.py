"""Pages of what becomes of a file above the cell, and of the committee that decides."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.generic import View

from admissions.cases import case_of
from admissions.forms.outcomes import (
    AskCancellationForm,
    CancellationForm,
    DecliningForm,
    ExtensionForm,
    ReceiptForm,
    RefusalForm,
    ReturnForm,
    SendUpForm,
)
from admissions.guards import STEPS
from admissions.guards_of_separation import part_taken
from admissions.models import Candidate, DecisionReview, RuleSet
from admissions.operations.cancellations import (
    ask_cancellation,
    barred_from_cancelling,
    cancel_decision,
    decline_cancellation,
    latest_review,
    redone_from,
    waiting_review,
)
from admissions.operations.decisions import refuse
from admissions.operations.outcomes import (
    clock_of,
    extend_term,
    receive_decision,
    refusal_to_extend,
    return_file,
    returnable_to,
    rules_of_term,
    send_up,
    sendable_to,
    terms_of,
    votes_lost,
)
from admissions.permissions import Permission, Rights
from admissions.selectors.outcomes import before_us, extract_of
from admissions.stages import Stage, Step
from config import clock
from config.errors import DomainError
from organizations.audit import braked
from organizations.models import AccessEvent, AuditEvent, ParticularsReading, Role
from organizations.operations.brakes import ReadTooMuch, brake_reading
from organizations.permissions import holds

from .file_action import FileAction, visible_file


class SendUp(FileAction):
    form_class = SendUpForm
    step = Step.SEND_UP
    title = gettext_lazy("Send the file up")
    submit_label = gettext_lazy("Record that it is sent")

    def get_form_kwargs(self) -> dict[str, Any]:
        levels = sendable_to(self.case)
        return {"bodies": [(level, str(self.case.bodies.at(level))) for level in levels]}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(refusals=STEPS[self.step].refusals(self.case), **kwargs)

    def perform(self, form: SendUpForm) -> Any:
        return send_up(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The file is sent up.")


class ReceiveDecision(FileAction):
    form_class = ReceiptForm
    step = Step.RECEIVE_DECISION
    title = gettext_lazy("The cell received the decision")
    submit_label = gettext_lazy("Save the day")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(refusals=STEPS[self.step].refusals(self.case), **kwargs)

    def perform(self, form: ReceiptForm) -> Any:
        return receive_decision(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        limit = case_of(visible_file(self.request, self.file.public_id), on=clock.today())
        day = limit.ceremony_limit()
        return _("The ceremony is due by %(day)s (%(rules)s).") % {
            "day": f"{day:%d/%m/%Y}" if day else "–",
            "rules": self.file.rules.code,
        }


class RefuseAdmission(FileAction):
    form_class = RefusalForm
    template_name = "admissions/decision_form.html"
    step = Step.REFUSE
    needs_fresh_proof = True
    title = gettext_lazy("Decide not to admit")
    submit_label = gettext_lazy("Record the decision")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            body=self.case.bodies.competent,
            barred=part_taken(self.case, by=self.request.user),  # type: ignore[arg-type]
            refusals=STEPS[self.step].refusals(self.case),
            limit=self.case.decision_limit(),
            **kwargs,
        )

    def perform(self, form: RefusalForm) -> Any:
        return refuse(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("Decision %(number)s is recorded; the file is closed.") % {"number": result.number}


class ReturnFile(FileAction):
    form_class = ReturnForm
    template_name = "admissions/return_form.html"
    step = Step.RETURN
    title = gettext_lazy("Return the file for completion")
    submit_label = gettext_lazy("Return the file")

    def is_open(self) -> bool:
        rights = Rights.of(self.request.user, on=self.case.on, cells=[self.file.cell_id])
        return super().is_open() and self.case.holder in rights.serves(self.case)

    def get_form_kwargs(self) -> dict[str, Any]:
        asked = [
            kind
            for kind in self.case.kinds
            if (kind.before_cell or kind.before_decision)
            and kind.phase == kind.Phase.ADMISSION
            and self.case.concerns(kind)
        ]
        return {"stages": [self._choice(one) for one in returnable_to(self.case)], "kinds": asked}

    def _choice(self, stage: Stage) -> tuple[str, str]:
        lost = [str(self.case.bodies.at(level)) for level in votes_lost(self.case, stage)]
        if not lost:
            return stage.value, _("%(stage)s: no vote is held again") % {"stage": stage.label}
        return stage.value, _("%(stage)s: vote again %(bodies)s") % {
            "stage": stage.label,
            "bodies": ", ".join(lost),
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(body=self.case.bodies.at(self.case.holder), **kwargs)

    def perform(self, form: ReturnForm) -> Any:
        level = self.case.holder
        return return_file(self.file, level=level, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The file is returned; the cell reads why and what is missing.")


class ExtendTerm(FileAction):
    form_class = ExtensionForm
    template_name = "admissions/extension_form.html"
    step = Step.EXTEND
    title = gettext_lazy("Extend the term of the decision")
    submit_label = gettext_lazy("Extend the term")

    def get_initial(self) -> dict[str, Any]:
        return {"decided_on": clock.today()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        clock_ = clock_of(self.file)
        first, longer = terms_of(self.case, clock_)
        refusal = refusal_to_extend(self.case, clock_, first=first)
        return super().get_context_data(
            first=first,
            longer=longer,
            rules=rules_of_term(self.case, clock_),
            refusals=[refusal] if refusal else [],
            **kwargs,
        )

    def perform(self, form: ExtensionForm) -> Any:
        return extend_term(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The decision is now due by %(day)s.") % {"day": f"{result.due_on:%d/%m/%Y}"}


class AskCancellation(FileAction):
    form_class = AskCancellationForm
    template_name = "admissions/cancellation_form.html"
    step = Step.CANCEL
    title = gettext_lazy("Ask to cancel the decision")
    submit_label = gettext_lazy("Send the request")

    def permission(self) -> Permission:
        return Permission.ASK_CANCELLATION

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"stages": [(one.value, str(one.label)) for one in redone_from(self.case)]}

    def get_initial(self) -> dict[str, Any]:
        return {"asked_on": clock.today()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            decision=self.case.decision,
            review=waiting_review(self.case),
            declined=self._declined(),
            is_asking=True,
            **kwargs,
        )

    def _declined(self) -> DecisionReview | None:
        latest = latest_review(self.case)
        return latest if latest and latest.declined_at else None

    def perform(self, form: AskCancellationForm) -> Any:
        return ask_cancellation(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The request is sent; another approver answers it.")


class AnswerRequest(FileAction):
    """The answer of a third person to a request that the decision be cancelled."""

    template_name = "admissions/cancellation_form.html"
    step = Step.CANCEL
    needs_fresh_proof = True
    ANSWERED = gettext_lazy("This request is answered already.")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        answer = super().load(request, **kwargs)
        if answer is not None:
            return answer
        self.review = waiting_review(self.case)
        if self.review is None and request.method != "POST":
            return redirect("candidate-detail", self.file.public_id)
        return None

    def permission(self) -> Permission:
        # Once it is cancelled there is no issuer to ask for: a form sent twice finds its result.
        return Permission.CANCEL if self.case.decision else Permission.DECIDE

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        barred = (
            barred_from_cancelling(self.case, self.review, by=self.request.user)  # type: ignore[arg-type]
            if self.review
            else self.ANSWERED
        )
        return super().get_context_data(
            decision=self.case.decision, review=self.review, barred=barred, **kwargs
        )

    def waiting(self) -> DecisionReview:
        if self.review is None:
            raise DomainError(str(self.ANSWERED))
        return self.review


class CancelDecision(AnswerRequest):
    form_class = CancellationForm
    title = gettext_lazy("Cancel the decision")
    submit_label = gettext_lazy("Record the cancellation")

    def get_initial(self) -> dict[str, Any]:
        return {"reason": self.review.reason} if self.review else {}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        declining = reverse("decision-review-decline", args=[self.file.public_id])
        return super().get_context_data(declining=declining, **kwargs)

    def perform(self, form: CancellationForm) -> Any:
        return cancel_decision(self.waiting(), **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("Decision %(number)s is recorded.") % {"number": result.number}


class DeclineCancellation(AnswerRequest):
    form_class = DecliningForm
    title = gettext_lazy("Decline to cancel the decision")
    submit_label = gettext_lazy("Decline the request")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(is_declining=True, **kwargs)

    def perform(self, form: DecliningForm) -> Any:
        return decline_cancellation(self.waiting(), **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The request is declined; the decision stands.")


OUTCOME_PAGES: tuple[type[FileAction], ...] = (
    SendUp,
    ReceiveDecision,
    RefuseAdmission,
    ReturnFile,
    ExtendTerm,
    CancelDecision,
)


class FilesBeforeUs(View):
    """The files that lie with the reader's committee, by their limit."""

    def get(self, request: HttpRequest) -> HttpResponse:
        today = clock.today()
        if not holds(request.user, Role.STAFF, Role.APPROVER, on=today):
            raise Http404
        page = before_us(request.user, on=today, number=request.GET.get("trang", "1"))  # type: ignore[arg-type]
        return render(request, "admissions/before_us.html", {"page": page})


class FileExtract(View):
    """The extract for the members of the body that decides, to read and to print.

    To who works with the file it says religion and residence, and each look is a reading of what is
    sealed. An auditor gives a reason for that, on its own page.
    """

    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        file = visible_file(request, public_id)
        try:
            case = case_of(file, on=clock.today())
        except RuleSet.DoesNotExist:
            raise Http404 from None
        user: Any = request.user
        works = holds(user, Role.SECRETARY, Role.STAFF, Role.APPROVER, on=clock.today())
        try:
            if works:
                self.read(request, file)
        except ReadTooMuch as brake:
            back = reverse("candidate-detail", args=[file.public_id])
            return braked(request, brake, record=file, back_url=back)
        AccessEvent.objects.note(
            request, words=gettext_noop("Opened a paper to print"), record=file
        )
        return render(
            request,
            "admissions/extract.html",
            {"file": file, "case": case, "extract": extract_of(case, with_sealed=works)},
        )

    @transaction.atomic
    def read(self, request: HttpRequest, file: Candidate) -> None:
        """Write that the reader sees what is sealed; raise ReadTooMuch where that is too much."""
        user: Any = request.user
        brake_reading(user, cell=file.cell_id, on=clock.today())
        ParticularsReading.objects.create(person=file.person, entered_by=user)
        AuditEvent.objects.carried_out(
            request,
            words=gettext_noop("Saw what is sealed, in the extract"),
            record=file,
            kind="read",
        )
