"""Forms of classes: planning one, names, answers, and the roll that is marked on one page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from admissions.models import AwarenessClass, Candidate, Certificate, Enrolment
from admissions.operations.classes import RESULTS, Answer, Mark
from config.ui.forms import (
    DateField,
    LineField,
    NameField,
    OnceForm,
    VersionedForm,
    WholeNumberField,
)
from organizations.models import Organization

from .files import TODAY_HINT


class ClassForm(OnceForm):
    """What is planned of a class."""

    name = NameField(
        label=_("Name of the class"),
        max_length=160,
        help_text=_("For example: Class 3/2021, awareness of the Party."),
    )
    centre = NameField(label=_("Political centre that holds it"), max_length=160)
    starts_on = DateField(label=_("First day"), help_text=TODAY_HINT)
    ends_on = DateField(label=_("Last day"))
    enrol_by = DateField(label=_("Names due by"))
    places = WholeNumberField(label=_("Places"), max_value=2000)
    sessions = WholeNumberField(label=_("Sessions"), max_value=100)


class NewClassForm(ClassForm):
    """Also which class it is; and of which organisation, where there are several."""

    kind = forms.ChoiceField(
        label=_("Which class"), choices=Certificate.Kind.choices, widget=forms.RadioSelect
    )
    field_order = ["organization", "kind"]

    def __init__(self, *args: Any, organizations: Sequence[Organization], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organizations = {one.slug: one for one in organizations}
        if len(self.organizations) > 1:
            self.fields["organization"] = forms.ChoiceField(
                label=_("Organisation"), choices=[(one.slug, str(one)) for one in organizations]
            )
            self.order_fields(self.field_order)

    def organization(self) -> Organization:
        """Return the organisation chosen, or the only one."""
        slug = self.cleaned_data.get("organization")
        return self.organizations[slug] if slug else next(iter(self.organizations.values()))

    def values(self) -> dict[str, Any]:
        found = super().values()
        found.pop("organization", None)
        return found


class ClassEditForm(VersionedForm, ClassForm):
    """The same, of a class that stands."""


class ReasonForm(OnceForm):
    reason = LineField(label=_("Reason"), max_length=300)


class CancelForm(VersionedForm, ReasonForm):
    confirm = forms.BooleanField(
        label=_("I know that a cancelled class cannot be opened again."),
        error_messages={"required": _("Tick this to cancel the class.")},
    )

    def values(self) -> dict[str, Any]:
        found = super().values()
        found.pop("confirm", None)
        return found


class SchoolField(forms.ModelChoiceField):
    """A class with its days."""

    def label_from_instance(self, obj: AwarenessClass) -> str:
        return f"{obj.name} · {obj.starts_on:%d/%m/%Y}"


class ProposeForm(OnceForm):
    """One candidate, from the file: for which class."""

    school = SchoolField(label=_("Class"), queryset=AwarenessClass.objects.none())
    proposed_on = DateField(label=_("Proposed by the cell on"), help_text=TODAY_HINT)

    def __init__(self, *args: Any, schools: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["school"].queryset = schools


class CandidatesField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Candidate) -> str:
        return f"{obj.person.full_name} · {obj.number}"


class ProposeSeveralForm(OnceForm):
    """Several candidates of the reader's cells, from the class's page."""

    arguments = {"school": "candidates"}

    candidates = CandidatesField(
        label=_("Candidates"),
        queryset=Candidate.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one candidate.")},
    )
    proposed_on = DateField(label=_("Proposed by the cell on"), help_text=TODAY_HINT)

    def __init__(self, *args: Any, candidates: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["candidates"].queryset = candidates

    def values(self) -> dict[str, Any]:
        found = super().values()
        return {
            "candidates": list(self.cleaned_data["candidates"]),
            "proposed_on": found["proposed_on"],
        }


class NewMemberCertificateForm(OnceForm):
    number = LineField(label=_("Certificate number"), max_length=40)
    issuer = LineField(
        label=_("Issued by"),
        max_length=160,
        help_text=_("The political centre that ran the class."),
    )
    issued_on = DateField(label=_("Issued on"), help_text=TODAY_HINT)


def _say_whose(form: forms.Form, row: Enrolment) -> None:
    """Let the summary of errors name the person of a row, whose labels are those of all rows."""
    for name, field in form.fields.items():
        if name.endswith(f"-{row.pk}"):
            field.about = row.candidate.person.full_name  # type: ignore[attr-defined]


class AnswersForm(OnceForm):
    """One page for all proposals: to accept, to refuse with a reason, or to leave for later."""

    quiet_optional = True

    ANSWERS = [("accept", _("Accept")), ("refuse", _("Do not accept")), ("", _("Later"))]

    def __init__(self, *args: Any, proposals: Sequence[Enrolment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.proposals = list(proposals)
        for one in self.proposals:
            self.fields[f"answer-{one.pk}"] = forms.ChoiceField(
                label=_("Answer"), choices=self.ANSWERS, required=False
            )
            self.fields[f"reason-{one.pk}"] = LineField(
                label=_("Reason"), max_length=300, required=False
            )
            _say_whose(self, one)
        self.fields["answered_on"] = DateField(label=_("Answered on"), help_text=TODAY_HINT)

    def rows(self) -> list[tuple[Enrolment, forms.BoundField, forms.BoundField]]:
        """Return each proposal with its two fields, for the table."""
        return [(one, self[f"answer-{one.pk}"], self[f"reason-{one.pk}"]) for one in self.proposals]

    def answers(self) -> list[Answer]:
        """Return what `answer_proposals` takes: only what was answered."""
        return [
            Answer(one.pk, said == "accept", self.cleaned_data[f"reason-{one.pk}"])
            for one in self.proposals
            if (said := self.cleaned_data[f"answer-{one.pk}"])
        ]


class RollForm(VersionedForm, OnceForm):
    """The whole roll on one page: a line for each who takes a place, by Tab and the arrow keys."""

    quiet_optional = True

    RESULTS = [("", "–"), *[(str(one), Enrolment.State(one).label) for one in RESULTS]]

    def __init__(
        self,
        *args: Any,
        roll: Sequence[Enrolment],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.roll = list(roll)
        self.fields["issued_on"] = DateField(
            label=_("Certificates issued on"),
            required=False,
            help_text=_("Of all numbers entered now."),
        )
        for one in self.open_rows():
            self.fields[f"attended-{one.pk}"] = WholeNumberField(
                label=_("Sessions attended"), max_value=100, required=False
            )
            self.fields[f"result-{one.pk}"] = forms.ChoiceField(
                label=_("Result"), choices=self.RESULTS, required=False
            )
            self.fields[f"grade-{one.pk}"] = LineField(
                label=_("Grade"), max_length=40, required=False
            )
            self.fields[f"number-{one.pk}"] = LineField(
                label=_("Certificate number"), max_length=40, required=False
            )
            _say_whose(self, one)
            if not self.is_bound:
                result = one.state if one.state in RESULTS else ""
                self.initial |= {
                    f"attended-{one.pk}": one.attended,
                    f"result-{one.pk}": result,
                    f"grade-{one.pk}": one.grade,
                }

    def open_rows(self) -> list[Enrolment]:
        """Return the lines that may still be changed: those without a certificate."""
        return [one for one in self.roll if not one.certificate_id]

    def rows(self) -> list[tuple[Enrolment, list[forms.BoundField]]]:
        """Return each line of the roll with its four fields; none where it has a certificate."""
        names = ("attended", "result", "grade", "number")
        return [
            (
                one,
                [] if one.certificate_id else [self[f"{name}-{one.pk}"] for name in names],
            )
            for one in self.roll
        ]

    def marks(self) -> list[Mark]:
        """Return what `mark_roll` takes."""
        found = self.cleaned_data
        return [
            Mark(
                enrolment=one.pk,
                attended=found[f"attended-{one.pk}"],
                result=found[f"result-{one.pk}"],
                grade=found[f"grade-{one.pk}"],
                number=found[f"number-{one.pk}"],
            )
            for one in self.open_rows()
        ]
