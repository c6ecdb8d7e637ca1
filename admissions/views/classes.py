"""Pages of classes: the list, one class with its roll, planning, names, answers, results."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import View

from admissions.filters import ClassFilter
from admissions.forms.classes import (
    AnswersForm,
    CancelForm,
    ClassEditForm,
    NewClassForm,
    NewMemberCertificateForm,
    ProposeForm,
    ProposeSeveralForm,
    ReasonForm,
    RollForm,
)
from admissions.guards import STEPS
from admissions.models import AwarenessClass, Enrolment
from admissions.models.awareness import TAKEN
from admissions.operations.classes import (
    COLUMNS,
    WAITING,
    answer_proposals,
    cancel_class,
    change_class,
    issue_new_member_certificate,
    mark_roll,
    plan_class,
    propose,
    propose_several,
    runs,
    withdraw,
)
from admissions.permissions import Rights
from admissions.selectors.classes import (
    answered_by,
    class_page,
    open_to,
    own_cells,
    planners,
    proposable,
    roll,
    with_places,
)
from admissions.stages import Step
from config import clock
from config.errors import ConflictError, DomainError
from config.ui.pages import ActionView, FilteredListView, Stale
from organizations.models import Role
from organizations.permissions import holds

from .file_action import FileAction

SEES_CLASSES = [*Role.sees_names(), Role.CENTRE]


class ClassList(FilteredListView):
    queryset = AwarenessClass.objects.order_by("-starts_on", "-pk")
    filterset_class = ClassFilter
    template_name = "admissions/class_list.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not holds(request.user, *SEES_CLASSES, on=clock.today()):
            raise Http404
        return super().get(request, *args, **kwargs)

    def scoped(self) -> QuerySet[AwarenessClass]:
        return with_places(super().scoped()).standing_on(clock.today())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {
            **context,
            "rows": context["object_list"],
            "may_plan": planners(self.request.user, on=clock.today()).exists(),
        }


class ClassDetail(View):
    def get(self, request: HttpRequest, public_id: Any) -> HttpResponse:
        school = visible_class(request, public_id)
        page = class_page(school, user=request.user, on=clock.today())  # type: ignore[arg-type]
        return render(request, "admissions/class_detail.html", {"page": page, "school": school})


def visible_class(request: HttpRequest, public_id: Any) -> AwarenessClass:
    return get_object_or_404(
        AwarenessClass.objects.visible_to(request.user)
        .standing_on(clock.today())
        .select_related("organization"),
        public_id=public_id,
    )


class ClassCreate(ActionView):
    form_class = NewClassForm
    title = gettext_lazy("Plan a class")
    submit_label = gettext_lazy("Plan the class")

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        self.organizations = list(
            planners(request.user, on=clock.today()).order_by("name_order", "pk")
        )
        if not self.organizations:
            raise Http404
        return None

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"organizations": self.organizations}

    def get_initial(self) -> dict[str, Any]:
        return {"kind": AwarenessClass.Kind.AWARENESS}

    def perform(self, form: NewClassForm) -> AwarenessClass:
        return plan_class(
            form.organization(), by=self.request.user, on=clock.today(), **form.values()
        )

    def get_success_url(self, result: AwarenessClass) -> str:
        return reverse("class-detail", args=[result.public_id])

    def get_success_message(self, result: AwarenessClass) -> str:
        return _("The class is planned. Cells may propose candidates until %(day)s.") % {
            "day": f"{result.enrol_by:%d/%m/%Y}"
        }

    def get_cancel_url(self) -> str:
        return reverse("class-list")


class ClassAction(ActionView):
    """An action on one class; 404 for whoever may not, back to the class once it may not be."""

    template_name = "admissions/class_form.html"

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        self.today = clock.today()
        self.school = visible_class(request, kwargs["public_id"])
        if not self.may():
            raise Http404
        # Only to a reader: a form sent twice must find its first result.
        if request.method != "POST" and not self.is_open():
            return redirect("class-detail", self.school.public_id)
        return None

    def may(self) -> bool:
        return runs(self.request.user, self.school.organization, on=self.today)

    def is_open(self) -> bool:
        return self.school.state == AwarenessClass.State.PLANNED

    def get_success_url(self, result: Any) -> str:
        return reverse("class-detail", args=[self.school.public_id])

    def get_cancel_url(self) -> str:
        return self.get_success_url(None)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(school=self.school, **kwargs)

    def keywords(self) -> dict[str, Any]:
        return {"by": self.request.user, "on": self.today}


class VersionedAction(ClassAction):
    """An action that is refused where somebody changed the class after its reader saw it."""

    def get_version(self) -> str:
        # Asked again inside the action's transaction, so from the database.
        rows = AwarenessClass.objects.values_list("version", flat=True)
        return str(rows.get(pk=self.school.pk))

    def get_conflict(self) -> str:
        now = AwarenessClass.objects.get(pk=self.school.pk)
        return _("It now says: %(name)s, %(first)s to %(last)s, %(places)s places, %(state)s.") % {
            "name": now.name,
            "first": f"{now.starts_on:%d/%m/%Y}",
            "last": f"{now.ends_on:%d/%m/%Y}",
            "places": now.places,
            "state": now.get_state_display().lower(),
        }

    def perform(self, form: Any) -> Any:
        try:
            return self.change(form, version=int(form.cleaned_data["version"]))
        except ConflictError:
            raise Stale from None

    def change(self, form: Any, *, version: int) -> Any:
        raise NotImplementedError


class ClassEdit(VersionedAction):
    form_class = ClassEditForm
    title = gettext_lazy("Change the class")
    submit_label = gettext_lazy("Save the changes")

    def get_initial(self) -> dict[str, Any]:
        return {name: getattr(self.school, name) for name in COLUMNS}

    def change(self, form: ClassEditForm, *, version: int) -> Any:
        return change_class(self.school, version=version, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The changes are saved.")


class ClassCancel(VersionedAction):
    form_class = CancelForm
    title = gettext_lazy("Cancel the class")
    submit_label = gettext_lazy("Cancel the class")

    def change(self, form: CancelForm, *, version: int) -> Any:
        return cancel_class(self.school, version=version, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The class is cancelled; those on its roll may be proposed for another.")


class ClassMark(VersionedAction):
    form_class = RollForm
    template_name = "admissions/class_roll.html"
    title = gettext_lazy("Attendance and results")
    submit_label = gettext_lazy("Save the roll")

    def is_open(self) -> bool:
        return (
            self.school.state != AwarenessClass.State.CANCELLED
            and self.today >= self.school.starts_on
        )

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"roll": list(roll(self.school, on=self.today).filter(state__in=TAKEN))}

    def get_initial(self) -> dict[str, Any]:
        return {"issued_on": self.today if self.today >= self.school.ends_on else None}

    def change(self, form: RollForm, *, version: int) -> Any:
        return mark_roll(
            self.school,
            version=version,
            marks=form.marks(),
            issued_on=form.cleaned_data["issued_on"],
            **self.keywords(),
        )

    def get_success_message(self, result: Any) -> str:
        return _("The roll is saved.")


class ClassPropose(ClassAction):
    form_class = ProposeSeveralForm
    title = gettext_lazy("Propose candidates")
    submit_label = gettext_lazy("Propose")

    def may(self) -> bool:
        return own_cells(self.school, self.request.user, on=self.today).exists()

    def is_open(self) -> bool:
        return self.school.state != AwarenessClass.State.CANCELLED

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"candidates": proposable(self.school, self.request.user, on=self.today)}

    def get_initial(self) -> dict[str, Any]:
        return {"proposed_on": min(self.today, self.school.enrol_by)}

    def perform(self, form: ProposeSeveralForm) -> Any:
        return propose_several(self.school, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        number = len(result)
        return ngettext(
            "%(number)s candidate is proposed; the committee answers.",
            "%(number)s candidates are proposed; the committee answers.",
            number,
        ) % {"number": number}


class ClassAnswer(ClassAction):
    form_class = AnswersForm
    template_name = "admissions/class_answers.html"
    title = gettext_lazy("Answer the proposals")
    submit_label = gettext_lazy("Save the answers")

    def may(self) -> bool:
        return holds(self.request.user, Role.STAFF, on=self.today)

    def proposals(self) -> QuerySet[Enrolment]:
        mine = answered_by(self.school, self.request.user, on=self.today)
        return roll(self.school, on=self.today).filter(pk__in=mine.values("pk"))

    def is_open(self) -> bool:
        return self.proposals().exists()

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"proposals": list(self.proposals())}

    def get_initial(self) -> dict[str, Any]:
        return {"answered_on": min(self.today, self.school.ends_on)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        taken = self.school.enrolments.filter(state__in=TAKEN).count()
        return super().get_context_data(free=self.school.places - taken, **kwargs)

    def perform(self, form: AnswersForm) -> Any:
        sent = {name for name, said in self.request.POST.items() if said}
        if any(name.startswith("answer-") and name not in form.fields for name in sent):
            raise DomainError(_("Somebody else answered one of these meanwhile."))
        return answer_proposals(
            self.school,
            answers=form.answers(),
            answered_on=form.cleaned_data["answered_on"],
            **self.keywords(),
        )

    def get_success_message(self, result: Any) -> str:
        return _("The answers are saved.")


class EnrolmentWithdraw(ClassAction):
    form_class = ReasonForm
    submit_label = gettext_lazy("Take back")

    @property
    def title(self) -> str:  # type: ignore[override]
        return _("Take back: %(person)s") % {"person": self.enrolment.candidate.person}

    def load(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase | None:
        self.enrolment = get_object_or_404(
            Enrolment.objects.select_related("candidate__person", "school"),
            pk=kwargs["enrolment"],
            school__public_id=kwargs["public_id"],
        )
        return super().load(request, **kwargs)

    def may(self) -> bool:
        file = self.enrolment.candidate
        rights = Rights.of(self.request.user, on=self.today, cells=[file.cell_id])
        is_own = rights.are_of_their_own(file.person_id)
        return file.cell_id in rights.prepares and not is_own

    def is_open(self) -> bool:
        return self.enrolment.state in WAITING

    def perform(self, form: ReasonForm) -> Any:
        return withdraw(self.enrolment, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("It is taken back; the place is free.")


class Enrol(FileAction):
    """From the file: propose the person for a class."""

    form_class = ProposeForm
    template_name = "admissions/enrol_form.html"
    step = Step.ENROL
    title = gettext_lazy("Propose for a class")
    submit_label = gettext_lazy("Propose")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"schools": open_to(self.file, on=clock.today())}

    def get_initial(self) -> dict[str, Any]:
        return {"proposed_on": clock.today()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        refusals = STEPS[self.step].refusals(self.case)
        return super().get_context_data(refusals=refusals, **kwargs)

    def perform(self, form: ProposeForm) -> Any:
        return propose(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("Proposed for “%(class)s”; the committee answers.") % {"class": result.school}


class CertifyNewMember(FileAction):
    form_class = NewMemberCertificateForm
    step = Step.CERTIFY_NEW_MEMBER
    title = gettext_lazy("Enter the certificate of the class for new members")
    submit_label = gettext_lazy("Save the certificate")

    def perform(self, form: NewMemberCertificateForm) -> Any:
        return issue_new_member_certificate(self.file, **self.keywords(), **form.values())

    def get_success_message(self, result: Any) -> str:
        return _("The certificate is saved.")
