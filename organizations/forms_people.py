"""Forms of people's pages: papers, posts, transfers, leaving and coming back, duplicates."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from config.ui.forms import (
    DateField,
    LineField,
    NameField,
    NoteField,
    OnceForm,
    ProductForm,
    VersionedForm,
)
from organizations.forms import OrganizationField, field
from organizations.models import Departure, Organization, Transfer
from organizations.models.organization import OrganizationQuerySet
from organizations.models.person import Sex

CHOOSE = {"required": _("Choose one.")}


class CitizenIdField(LineField):
    """A citizen's number as it is typed; the operation says what a number is."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Citizen's number"))
        kwargs.setdefault(
            "help_text",
            _("12 digits, or 9 of the old card. Kept encrypted; pages show its last four."),
        )
        super().__init__(max_length=20, required=False, **kwargs)
        self.widget.attrs.update(inputmode="numeric", autocomplete="off")


class InCells(OnceForm):
    """A form whose fields choose an organisation: `offers` is {field: what may be chosen}.

    The siblings of `near` are suggested first.
    """

    def __init__(
        self,
        *args: Any,
        offers: dict[str, OrganizationQuerySet],
        today: date,
        near: Organization | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, scope in offers.items():
            field(self, name).offer(scope, on=today, near=near)


class ShowForm(ProductForm):
    """Asks to see what is sealed, with a reason where the reader has no work with it."""

    reason = LineField(
        label=_("Why you look"), max_length=200, help_text=_("Kept with the record of this look.")
    )

    def __init__(self, *args: Any, asks_why: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_why:
            del self.fields["reason"]


class PersonForm(OnceForm):
    """What the papers of a member say."""

    citizen_id = CitizenIdField()
    occupation = LineField(label=_("Occupation"), max_length=120, required=False)
    admitted_on = DateField(
        label=_("Decision of admission"),
        required=False,
        help_text=_("Party age runs from this day."),
    )
    official_on = DateField(label=_("Official member since"), required=False)


class PostForm(InCells):
    """A post in an organisation."""

    organization = OrganizationField(label=_("Organisation"))
    title = NameField(
        label=_("Title of the post"),
        max_length=80,
        help_text=_("For example: Secretary; Deputy secretary; Committee member"),
        error_messages={"required": _("Enter the title of the post.")},
    )
    since = DateField(label=_("From day"))
    last_on = DateField(
        label=_("Last day"), required=False, help_text=_("Empty: until further notice.")
    )
    arguments: ClassVar[dict[str, str]] = {"until": "last_on"}


class PostEndForm(OnceForm):
    """The last day of a post."""

    last_on = DateField(label=_("Last day"))
    arguments: ClassVar[dict[str, str]] = {"until": "last_on"}


class DepartForm(OnceForm):
    """How somebody left the Party."""

    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=Departure.Reason.choices,
        widget=forms.RadioSelect,
        error_messages=CHOOSE,
    )
    happened_on = DateField(
        label=_("No member from day"), help_text=_("The first day they are no member.")
    )
    decision_number = LineField(
        label=_("Decision number"),
        max_length=40,
        required=False,
        help_text=_("Not needed where they died."),
    )
    decided_on = DateField(label=_("Day of the decision"), required=False)
    note = LineField(label=_("Note"), max_length=300, required=False)


class RestoreForm(InCells):
    """Where and from when a membership is given back."""

    cell = OrganizationField(label=_("Cell"))
    restored_on = DateField(label=_("Member again from day"))


# ---------------------------------------------------------------- transfers


class WithKind(InCells):
    kind = forms.ChoiceField(
        label=_("Kind of transfer"),
        choices=Transfer.Kind.choices,
        widget=forms.RadioSelect,
        error_messages=CHOOSE,
    )
    outside_scope = forms.ChoiceField(
        label=_("Where that place is"),
        choices=Transfer.Scope.choices,
        widget=forms.RadioSelect,
        required=False,
    )
    until = DateField(
        label=_("Back on"),
        required=False,
        help_text=_("First day back in the home cell; not for an official transfer."),
    )
    reason = LineField(label=_("Reason"), max_length=300, required=False)


class TransferForm(WithKind):
    """Somebody goes to another cell here, or to a place outside."""

    destination = OrganizationField(
        label=_("To the cell"),
        required=False,
        help_text=_("Write a part of its name; leave it empty where they leave this system."),
    )
    destination_place = NameField(label=_("Or to a place outside"), max_length=160, required=False)
    field_order = ["kind", "destination", "destination_place", "outside_scope", "until", "reason"]


class ReturnForm(WithKind):
    """Somebody known here comes from outside."""

    cell = OrganizationField(label=_("Cell"))
    origin_place = NameField(label=_("Comes from"), max_length=160)
    letter_number = LineField(label=_("Letter of introduction"), max_length=40)
    released_on = DateField(label=_("Day of the letter"))
    effective_on = DateField(label=_("In force from"))
    field_order = [
        *("cell", "full_name", "born_on", "sex", "citizen_id", "admitted_on", "official_on"),
        *("occupation", "kind", "origin_place", "outside_scope", "letter_number", "released_on"),
        *("effective_on", "until", "reason"),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["outside_scope"].required = True
        self.fields["outside_scope"].error_messages.update(CHOOSE)


class ArrivalForm(ReturnForm):
    """Somebody who is not known here comes from outside."""

    full_name = NameField(
        label=_("Full name"), error_messages={"required": _("Enter the full name.")}
    )
    born_on = DateField(
        label=_("Date of birth"),
        help_text=_("For example 05/06/1985"),
        error_messages={"required": _("Enter the date of birth.")},
    )
    sex = forms.ChoiceField(
        label=_("Sex"), choices=Sex.choices, widget=forms.RadioSelect, error_messages=CHOOSE
    )
    citizen_id = CitizenIdField()
    admitted_on = DateField(
        label=_("Decision of admission"), help_text=_("Party age runs from this day.")
    )
    official_on = DateField(
        label=_("Official member since"),
        required=False,
        help_text=_("Empty: a probationary member."),
    )
    occupation = LineField(label=_("Occupation"), max_length=120, required=False)
    OF_THE_PERSON: ClassVar[tuple[str, ...]] = (
        *("full_name", "born_on", "sex", "citizen_id", "admitted_on", "official_on"),
        "occupation",
    )


class ReleaseForm(VersionedForm, OnceForm):
    """The letter by which the cell lets somebody go."""

    released_on = DateField(label=_("Day of the letter"))
    effective_on = DateField(
        label=_("In force from"),
        help_text=_("Until then the old membership holds. The other side agrees, or refuses."),
    )
    letter_number = LineField(label=_("Letter of introduction"), max_length=40, required=False)


class AnswerForm(VersionedForm, OnceForm):
    """Nothing to fill in: the button is the answer."""


class RefuseForm(VersionedForm, OnceForm):
    """An answer that says no, and why."""

    reason = NoteField(
        label=_("Reason"),
        max_length=300,
        error_messages={"required": _("Say why it is refused.")},
    )


class EndStayForm(VersionedForm, OnceForm):
    """The first day back."""

    ended_on = DateField(label=_("Back on"))


# ---------------------------------------------------------------- duplicates


class MergeForm(OnceForm):
    """Which of two records is kept, and by which decision."""

    keep = forms.ChoiceField(
        label=_("Record that is kept"), widget=forms.RadioSelect, error_messages=CHOOSE
    )
    reason = NoteField(
        label=_("Reason"),
        max_length=300,
        help_text=_("How it is known that they are one person."),
        error_messages={"required": _("Say how it is known that they are one person.")},
    )
    decision_number = LineField(
        label=_("Decision number"),
        max_length=40,
        error_messages={"required": _("Enter the number of the decision.")},
    )
    decided_on = DateField(label=_("Day of the decision"))

    def __init__(self, *args: Any, records: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["keep"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = records
