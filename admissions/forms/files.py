"""Forms of files: what comes in, typed and tidied; whether it may be is the operations' matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from admissions.cases import Case, summoned
from admissions.models import Group, Round, Special
from admissions.operations.candidates import SEALED_COLUMNS, OverAge
from admissions.stages import Level
from config.errors import DomainError
from config.ui.forms import (
    DateField,
    LineField,
    NameField,
    NoteField,
    OnceForm,
    VersionedForm,
    WholeNumberField,
)
from organizations.models import Organization, Person
from organizations.models.person import Sex

SEALED_HINT = _("Sealed: write only what changes.")
TODAY_HINT = _("Day/month/year, for example 05/06/2021.")


class CandidateForm(OnceForm):
    """Four fields to begin with; the rest later. Several cells: also which."""

    full_name = NameField(
        label=_("Full name"), help_text=_("As in the birth certificate, with all diacritics.")
    )
    born_on = DateField(label=_("Date of birth"), help_text=TODAY_HINT)
    sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices, widget=forms.RadioSelect)
    occupation = LineField(label=_("Occupation"), max_length=120)

    def __init__(self, *args: Any, cells: Sequence[Organization], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cells = {cell.slug: cell for cell in cells}
        if self.data.get("over_age"):
            self._ask_whether_over_age()
        if len(self.cells) > 1:
            self.fields["cell"] = forms.ChoiceField(
                label=_("Cell"), choices=[(cell.slug, str(cell)) for cell in cells]
            )

    def cell(self) -> Organization:
        """Return the cell chosen, or the only one."""
        slug = self.cleaned_data.get("cell")
        return self.cells[slug] if slug else next(iter(self.cells.values()))

    def values(self) -> dict[str, Any]:
        found = super().values()
        found.pop("cell", None)
        return found

    def refuse(self, error: DomainError) -> None:
        super().refuse(error)
        if isinstance(error, OverAge):
            # Only now: nearly nobody needs it.
            self._ask_whether_over_age()

    def _ask_whether_over_age(self) -> None:
        self.fields["over_age"] = forms.BooleanField(
            label=_("Exception above the oldest age: the consent will be obtained"), required=False
        )


class EditForm(VersionedForm, OnceForm):
    """What is sealed comes empty, and left empty stays as it is."""

    full_name = NameField(label=_("Full name"))
    sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices, widget=forms.RadioSelect)
    occupation = LineField(label=_("Occupation"), max_length=120)
    ethnicity = LineField(label=_("Ethnicity"), max_length=40, required=False)
    education = LineField(label=_("Education"), max_length=120, required=False)
    religion = LineField(label=_("Religion"), max_length=40, required=False, help_text=SEALED_HINT)
    residence = LineField(
        label=_("Residence"), max_length=160, required=False, help_text=SEALED_HINT
    )
    is_youth_union_member = forms.BooleanField(label=_("Youth Union member"), required=False)
    groups = forms.MultipleChoiceField(
        label=_("Groups"),
        # Membership of the Union is a fact of its own, above.
        choices=[choice for choice in Group.choices if choice[0] != Group.YOUTH_UNION],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    special = forms.MultipleChoiceField(
        label=_("Special cases"),
        choices=Special.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Each asks for further papers, a consent or a wait."),
    )
    left_on = DateField(
        label=_("Left the Party on"), required=False, help_text=_("Readmission only.")
    )
    was_cleared = forms.BooleanField(
        label=_("After a criminal record that was cleared"),
        required=False,
        help_text=_("Readmission only: the wait is longer."),
    )

    def values(self) -> dict[str, Any]:
        found = super().values()
        return {name: value for name, value in found.items() if value or name not in SEALED_COLUMNS}


class ListForm(OnceForm):
    held_on = DateField(label=_("Day of the cell's resolution"), help_text=TODAY_HINT)
    resolution_number = LineField(label=_("Resolution number"), max_length=40, required=False)


class CertificateForm(OnceForm):
    number = LineField(label=_("Certificate number"), max_length=40)
    issuer = LineField(
        label=_("Issued by"),
        max_length=160,
        help_text=_("The political centre that ran the class."),
    )
    issued_on = DateField(label=_("Issued on"), help_text=TODAY_HINT)


class MemberField(forms.ModelChoiceField):
    """A member, by given name, with the cell."""

    def label_from_instance(self, obj: Person) -> str:
        where = getattr(obj, "cell_name", "")
        return f"{obj.full_name} · {where}" if where else obj.full_name


class MentorForm(OnceForm):
    mentor = MemberField(label=_("Helper"), queryset=Person.objects.none())
    since = DateField(label=_("Helps from"), help_text=TODAY_HINT)

    def __init__(self, *args: Any, members: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["mentor"].queryset = members


class BallotForm(OnceForm):
    """The numbers of a vote; says how many votes in favour are needed."""

    held_on = DateField(label=_("Day of the meeting"), help_text=TODAY_HINT)
    entitled = WholeNumberField(label=_("Entitled to vote"), max_value=9999)
    present = WholeNumberField(label=_("Present"), max_value=9999)
    in_favour = WholeNumberField(label=_("In favour"), max_value=9999)
    against = WholeNumberField(label=_("Against"), max_value=9999)
    reasons = LineField(
        label=_("Reasons of the votes against"),
        max_length=500,
        required=False,
        help_text=_("As the minutes say, without names."),
    )
    resolution_number = LineField(label=_("Resolution number"), max_length=40, required=False)

    def __init__(self, *args: Any, case: Case, level: Level, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.level = level
        if level == Level.CELL:
            self.fields["entitled"].help_text = _(
                "Official members summoned: without those exempt and absent, or posted elsewhere."
            )
        else:
            self.fields["entitled"].help_text = _("All members of the committee in office.")
        known = entitled_of(case, level)
        if known and not self.is_bound:
            self.initial.setdefault("entitled", known)
        needed = self._needed(case, known)
        self.fields["in_favour"].help_text = needed

    def _needed(self, case: Case, known: int | None) -> str:
        share = case.threshold(self.level)
        typed = str(self.data.get("entitled", "")).strip() if self.is_bound else ""
        entitled = int(typed) if typed.isdecimal() and len(typed) < 5 else known
        words = {
            "share": f"{share.numerator}/{share.denominator}",
            "rules": case.rules.code,
            "needed": share.needed(entitled) if entitled else "",
            "entitled": entitled or "",
        }
        if not entitled:
            sentence = (
                _("More than %(share)s of those entitled (%(rules)s).")
                if share.strict
                else _("At least %(share)s of those entitled (%(rules)s).")
            )
            return str(sentence % words)
        sentence = (
            _("Needed: %(needed)s/%(entitled)s (more than %(share)s, %(rules)s).")
            if share.strict
            else _("Needed: %(needed)s/%(entitled)s (at least %(share)s, %(rules)s).")
        )
        return str(sentence % words)


def entitled_of(case: Case, level: Level) -> int | None:
    """Return how many are entitled to vote at `level` as far as is known, to fill the form."""
    if level == Level.CELL:
        return summoned(case.cell_id, on=case.on) or None
    competence = case.bodies.competence
    return competence.members_entitled if level == Level.COMPETENT and competence else None


class DecisionForm(OnceForm):
    number = LineField(
        label=_("Decision number"),
        max_length=40,
        help_text=_("One number for each person, unique in the year."),
    )
    signed_on = DateField(label=_("Signed on"), help_text=TODAY_HINT)
    signer = LineField(label=_("Signed by"), max_length=120)
    received_on = DateField(label=_("Received by the cell on"), required=False)
    confirm = forms.BooleanField(
        label=_("I have compared this with the signed decision."),
        error_messages={"required": _("Tick this after comparing with the signed decision.")},
    )

    def values(self) -> dict[str, Any]:
        found = super().values()
        found.pop("confirm", None)
        return found


class RoundField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Round) -> str:
        return f"{obj.name} · {obj.day:%d/%m/%Y}"


class CeremonyForm(OnceForm):
    ceremony_on = DateField(label=_("Day of the ceremony"), help_text=TODAY_HINT)
    mentor = MemberField(
        label=_("Helper during probation"), queryset=Person.objects.none(), required=False
    )
    round = RoundField(label=_("Round"), queryset=Round.objects.none(), required=False)
    consented_on = DateField(
        label=_("Consent of the superior committee, of"),
        required=False,
        help_text=_("Only where the last day has passed: the cell reported and was let."),
    )
    consent_number = LineField(label=_("Number of the consent"), max_length=40, required=False)
    late_because = NoteField(label=_("Why it is entered so late"), required=False, max_length=300)

    def __init__(
        self,
        *args: Any,
        members: Any,
        rounds: Any,
        is_late: bool = True,
        late_entry_days: int | None = None,
        **kwargs: Any,
    ) -> None:
        """`late_entry_days`: after so many a third person lets it count; None: none was before."""
        super().__init__(*args, **kwargs)
        if late_entry_days is None:
            del self.fields["late_because"]
        else:
            self.fields["late_because"].help_text = _(
                "Only where the ceremony was more than %(days)s days ago: a third person then lets"
                " it count."
            ) % {"days": late_entry_days}
        if not is_late:
            del self.fields["consented_on"], self.fields["consent_number"]
        self.fields["mentor"].queryset = members
        self.fields["round"].queryset = rounds
        if not rounds:
            del self.fields["round"]


class CloseForm(OnceForm):
    closed_on = DateField(label=_("Closed on"), help_text=TODAY_HINT)
    reason = LineField(
        label=_("Reason"),
        max_length=300,
        help_text=_("For example: moved away; withdrew; no longer meets the conditions."),
    )
    confirm = forms.BooleanField(
        label=_("I know that a closed file cannot be opened again."),
        error_messages={"required": _("Tick this to close the file.")},
    )

    def values(self) -> dict[str, Any]:
        found = super().values()
        found.pop("confirm", None)
        return found


class HandoverNoteForm(VersionedForm, OnceForm):
    note = NoteField(
        label=_("What the next secretary should know"),
        required=False,
        max_length=4000,
        help_text=_(
            "What was promised to whom and by when, what waits elsewhere, where the papers are."
            " No passwords."
        ),
    )
