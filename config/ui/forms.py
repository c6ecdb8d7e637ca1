"""Fields and forms that every page shares.

A form of the product::

    class BallotForm(VersionedForm, OnceForm):
        held_on = DateField(label=_("Day of the meeting"))
        present = WholeNumberField(label=_("Present"), max_value=500)
        note = NoteField(label=_("Note"), required=False)

and in a template, inside `<form method="post" novalidate>`: `{% include "ui/form.html" %}`, which
needs `form`, prints the summary of errors, every field and the hidden ones. One field alone is
`{{ form.held_on.as_field_group }}`, its input alone `{{ form.held_on }}`. Label, hint, sentence of
error, `aria-invalid` and `aria-describedby` come by themselves, also on forms of other packages:
settings name `FORM_RENDERER = "config.ui.forms.Renderer"`.

Cleaned values are the domain's types: `date`, `int`, NFC text, UUID. What was typed is shown again
as it was typed.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import Widget
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from config.errors import DomainError

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

NULL_CHARACTER = gettext_noop("Null characters are not allowed.")
"""Django's sentence at every field of text. It has no Vietnamese for it, our catalogue has: so it
is clear also where a field is not one of ours, as at the sign-in."""

SHOWN = 40  # of a wrong value, at most so many characters are repeated in a sentence

PLAIN_WIDGETS = (
    forms.CheckboxInput,
    forms.CheckboxSelectMultiple,
    forms.RadioSelect,
    forms.FileInput,
)


class UiBoundField(BoundField):
    """A field in a form that knows the look: the class of its input and what a link to it is."""

    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: Widget | None = None
    ) -> dict[str, Any]:
        built: dict[str, Any] = super().build_widget_attrs(attrs, widget)
        shown = widget or self.field.widget
        if not shown.is_hidden and not isinstance(shown, PLAIN_WIDGETS):
            wanted = str(shown.attrs.get("class", built.get("class", "")))
            built["class"] = " ".join(dict.fromkeys(["inp", *wanted.split()]))
            if str(shown.attrs.get("placeholder", "")) == str(self.label):
                built["placeholder"] = False  # says nothing that the label does not
        return built

    @property
    def anchor(self) -> str:
        """The id that a link in the summary of errors jumps to."""
        several = isinstance(self.field.widget, (forms.RadioSelect, forms.CheckboxSelectMultiple))
        return f"{self.auto_id}_0" if several else str(self.auto_id)

    @property
    def told(self) -> str:
        """What the summary of errors calls the field: its label; of a row also whose it is.

        A form with a row for each of several sets `about` on the row's fields.
        """
        about = getattr(self.field, "about", "")
        return f"{about}, {self.label}" if about else str(self.label)

    @property
    def is_checkbox(self) -> bool:
        return isinstance(self.field.widget, forms.CheckboxInput)


class Renderer(TemplatesSetting):
    """Draw every form with the product's own parts."""

    form_template_name = "ui/form_fields.html"
    field_template_name = "ui/field.html"
    bound_field_class = UiBoundField


class ProductForm(forms.Form):
    """A form whose refusals are our own sentences, never the browser's bubbles.

    `arguments` names the field where an operation's argument has another name:
    {operation argument: field}.
    """

    use_required_attribute = False
    arguments: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField) and field.empty_label is not None:
                field.empty_label = _("Choose…") if field.required else _("Nothing chosen")

    def values(self) -> dict[str, Any]:
        """Return what was entered, for an operation: without the fields of the form's own."""
        own = {"once", "version"}
        return {
            self._argument(name): value
            for name, value in self.cleaned_data.items()
            if name not in own
        }

    def _argument(self, field: str) -> str:
        named = {name: argument for argument, name in self.arguments.items()}
        return named.get(field, field)

    def refuse(self, error: DomainError) -> None:
        """Put the sentences of `error` at their fields; what has no field goes above the form."""
        for argument, sentence in error.fields.items():
            name = self.arguments.get(argument, argument)
            at_field = name in self.fields and not self.fields[name].widget.is_hidden
            self.add_error(name if at_field else None, sentence)
        if error.sentence or not error.fields:
            self.add_error(None, error.sentence or str(_("This could not be saved.")))


class OnceForm(ProductForm):
    """A form that is carried out once however often it is sent: see `pages.ActionView`."""

    once = forms.CharField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)

    def clean_once(self) -> uuid.UUID:
        """Return the key of this form; one of its own where the page sent none or nonsense."""
        try:
            return uuid.UUID(self.cleaned_data["once"])
        except ValueError:
            return uuid.uuid4()


class VersionedForm(ProductForm):
    """A form that knows which state of the record its reader saw: see `pages.ActionView`."""

    version = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)


# ---------------------------------------------------------------- fields


def _shown(value: str) -> str:
    return value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"


def _read_day(text: str) -> date | None:
    """Return the day that `text` writes, or None where it writes no day in any accepted manner.

    Raises ValueError where the manner is right and the calendar has no such day.
    """
    iso = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text, re.ASCII)
    if iso:
        return date(int(iso[1]), int(iso[2]), int(iso[3]))
    ours = re.fullmatch(
        r"(\d{1,2})\s*[/.\- ]\s*(\d{1,2})\s*[/.\- ]\s*(\d{4}|\d{2})", text, re.ASCII
    )
    ours = ours or re.fullmatch(r"(\d{2})(\d{2})(\d{4})", text, re.ASCII)
    if not ours:
        return None
    year = int(ours[3])
    if len(ours[3]) == 2:
        year += 1900 if year >= 50 else 2000
    return date(year, int(ours[2]), int(ours[1]))


class DateField(forms.DateField):
    """One text field for a day: 05/06/2025, 5/6/25, 5-6-2025, 05062025 or 2025-06-05.

    A year of two digits from 50 on is of the last century (births). The year is kept to
    `first_year` … `last_year`, so that a slip of the finger is not a day in the year 0205.
    """

    widget = forms.DateInput(
        format="%d/%m/%Y",
        attrs={
            "class": "w-date",
            "inputmode": "numeric",
            "maxlength": 20,
        },
    )
    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("Enter the day."),
        "invalid": _("“%(value)s” is not a day. Write it as day/month/year, e.g. 05/06/2025."),
        "no_such_day": _("There is no day %(value)s. Write it as day/month/year."),
        "year": _("The year must be between %(first)s and %(last)s."),
    }

    def __init__(self, *, first_year: int = 1900, last_year: int = 2100, **kwargs: Any) -> None:
        self.years = (first_year, last_year)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values or isinstance(value, date):
            found: date | None = super().to_python(value)
            return found
        text = unicodedata.normalize("NFKC", str(value)).strip()
        if not text:
            return None
        try:
            day = _read_day(text)
        except ValueError:
            raise self._refusal("no_such_day", text) from None
        if day is None:
            raise self._refusal("invalid", text)
        first, last = self.years
        if not first <= day.year <= last:
            raise ValidationError(
                self.error_messages["year"],
                "year",
                params={"first": first, "last": last},
            )
        return day

    def _refusal(self, code: str, text: str) -> ValidationError:
        return ValidationError(self.error_messages[code], code, params={"value": _shown(text)})


class WholeNumberField(forms.IntegerField):
    """A count: digits only, with or without the dots of thousands; from 0 to `max_value`."""

    widget = forms.TextInput(
        attrs={
            "class": "w-n",
            "inputmode": "numeric",
            "maxlength": 12,
        }
    )
    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("Enter a number."),
        "invalid": _("“%(value)s” is not a whole number. Use the digits 0 to 9 only."),
        "negative": _("The number can't be less than 0."),
        "max_value": _("The number can't be more than %(limit_value)s."),
        "min_value": _("The number can't be less than %(limit_value)s."),
    }

    def __init__(self, *, min_value: int = 0, max_value: int = 99_999_999, **kwargs: Any) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        text = re.sub(r"\s", "", unicodedata.normalize("NFKC", str(value)))
        if not text:
            return None
        if re.fullmatch(r"[-−–]\d+", text, re.ASCII):
            raise ValidationError(self.error_messages["negative"], "negative")
        if re.fullmatch(r"\d{1,3}(\.\d{3})+", text, re.ASCII):
            text = text.replace(".", "")
        if re.fullmatch(r"\d{16,}", text, re.ASCII):
            # So long that Python or the database might refuse it in words of their own.
            raise ValidationError(
                self.error_messages["max_value"], "max_value", {"limit_value": self.max_value}
            )
        if not re.fullmatch(r"\d{1,15}", text, re.ASCII):
            raise ValidationError(
                self.error_messages["invalid"],
                "invalid",
                params={"value": _shown(text)},
            )
        return int(text)

    def widget_attrs(self, widget: Widget) -> dict[str, Any]:
        return {}  # no min and max of a number input: ours is text, and our sentences say it


def _has_unprintable(text: str) -> bool:
    """Say whether `text` holds control, direction, private or unassigned characters.

    They are invisible, and turn round or hide what the eye reads; no name or note needs one.
    """
    return any(unicodedata.category(character).startswith("C") for character in text)


class LineField(forms.CharField):
    """A line of text, kept in NFC, blanks trimmed and collapsed; no hidden characters, no < >."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("This must be filled in."),
        "unprintable": _("There is a hidden character in it. Type it again rather than pasting."),
        "markup": _("The characters < and > can't be used here."),
        "max_length": _("At most %(limit_value)d characters; there are %(show_value)d."),
        "min_length": _("At least %(limit_value)d characters; there are %(show_value)d."),
    }

    def __init__(self, *, max_length: int = 200, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)
        # Ours below says the same of a null character, and of its like.
        self.validators = [
            validator
            for validator in self.validators
            if not isinstance(validator, ProhibitNullCharactersValidator)
        ]

    def to_python(self, value: Any) -> str:
        text = unicodedata.normalize("NFC", str(super().to_python(value) or ""))
        return self.tidied(text)

    def tidied(self, text: str) -> str:
        return " ".join(text.split())

    def validate(self, value: Any) -> None:
        super().validate(value)
        if _has_unprintable(value.replace("\n", "")):
            raise ValidationError(self.error_messages["unprintable"], "unprintable")
        if "<" in value or ">" in value:
            raise ValidationError(self.error_messages["markup"], "markup")


class NameField(LineField):
    """A name of a person or an organisation: a line with at least one letter."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("Enter the name."),
        "no_letter": _("A name has letters in it."),
    }

    def __init__(self, *, max_length: int = 120, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and not any(character.isalpha() for character in value):
            raise ValidationError(self.error_messages["no_letter"], "no_letter")


class NoteField(LineField):
    """Text of several lines; line ends are `\\n`, at most one blank line between two others."""

    widget = forms.Textarea(attrs={"rows": 4})

    def __init__(self, *, max_length: int = 2000, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def tidied(self, text: str) -> str:
        lines = [" ".join(line.split()) for line in text.splitlines()]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


# ---------------------------------------------------------------- answers


class SecondPersonForm(OnceForm):
    """The answer of whoever has to agree: one of `answers`, [(value, words)]."""

    answers: Sequence[tuple[str, StrPromise]] = (
        ("approve", _("Approve")),
        ("refuse", _("Refuse")),
    )

    answer = forms.ChoiceField(
        label=_("Answer"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose an answer.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        answer: Any = self.fields["answer"]
        answer.choices = self.answers


class AgreeOrDeclineForm(SecondPersonForm):
    """Who answers "decline" says why."""

    declined_because = NoteField(label=_("Why it is declined"), max_length=300, required=False)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("answer") == "decline" and not given.get("declined_because"):
            self.add_error("declined_because", str(_("Write why.")))
        return given
