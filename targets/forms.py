"""What comes in about targets: single numbers, and a whole grid of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from config.ui.forms import (
    DateField,
    LineField,
    NameField,
    OnceForm,
    SecondPersonForm,
    WholeNumberField,
)

from .indicators import CATALOGUE
from .models import Indicator, Reason, Target
from .operations.refusals import MOST_PEOPLE
from .sheets import GridRow

TOO_MANY = _("The number is too large.")


def read_number(text: str) -> int | tuple[int, int] | None:
    """Return what was typed into a cell: 38, "35-40" as (35, 40), None for nothing.

    Raises ValidationError with a sentence for anything else.
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    # A point only parts thousands, as in 1.200: what is left of 1.5 is no number of people.
    plain = re.sub(
        r"(?<![\d.])\d{1,3}(?:\.\d{3})+(?![\d.])", lambda one: one[0].replace(".", ""), plain
    )
    if not plain:
        return None
    if re.fullmatch(r"[-−–]\d+", plain, re.ASCII):
        raise forms.ValidationError(_("The number can't be less than 0."))
    found = re.fullmatch(r"(\d{1,9})(?:[-–−](\d{1,9}))?", plain, re.ASCII)
    if not found:
        raise forms.ValidationError(
            _("“%(value)s” is not a number. Write 38, or 35-40 for a range."),
            params={"value": text[:40]},
        )
    low, high = int(found[1]), int(found[2] or found[1])
    if low > high:
        raise forms.ValidationError(_("“Up to” is lower than “at least”."))
    if high > MOST_PEOPLE:
        raise forms.ValidationError(TOO_MANY)
    return (low, high) if found[2] else low


class PercentField(forms.CharField):
    """A percentage as it is written here: 5,5 or 5.5, with or without the sign."""

    widget = forms.TextInput(
        attrs={"class": "w-n", "inputmode": "decimal", "autocomplete": "off", "maxlength": 8}
    )

    def clean(self, value):
        text = re.sub(r"[\s%]", "", unicodedata.normalize("NFKC", super().clean(value) or ""))
        if not text:
            return None
        try:
            found = Decimal(text.replace(",", "."))
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite():
            raise forms.ValidationError(
                _("“%(value)s” is not a percentage."), params={"value": text}
            )
        return found


class BaselineForm(OnceForm):
    members = WholeNumberField(
        label=_("Members on 1 January"),
        help_text=_("People, over the whole organisation with everything beneath it."),
    )


class BaselineCorrectionForm(BaselineForm):
    reason = LineField(label=_("Reason for the correction"), max_length=300)


class BaselineConfirmationForm(BaselineForm):
    note = LineField(
        label=_("Reason for the difference"),
        max_length=300,
        required=False,
        help_text=_("Needed where the number differs from what the memberships give."),
    )


class BaselineFreezeForm(OnceForm):
    decision_number = LineField(label=_("Decision number"), max_length=40)
    signed_on = DateField(label=_("Signed on"))


class WithdrawalForm(SecondPersonForm):
    """The answer of the one who asked: a second person approves, oneself only takes back."""

    answers = (("refuse", _("Withdraw what I asked for")),)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["answer"].initial = "refuse"


class YearCloseForm(OnceForm):
    reason = LineField(label=_("Note"), max_length=300, required=False)


class YearOpenForm(OnceForm):
    reason = LineField(
        label=_("Reason for opening again"),
        max_length=300,
        help_text=_("For example: three decisions of December came in late."),
    )


class RegistrationForm(OnceForm):
    number = forms.CharField(
        label=_("Number registered"),
        help_text=_("People; 35-40 for a range, 5,5 % of the members on 1 January."),
        widget=forms.TextInput(attrs={"class": "w-n", "maxlength": 20}),
        error_messages={"required": _("Enter a number.")},
    )
    reason = LineField(
        label=_("Reason for the number"),
        max_length=300,
        required=False,
        help_text=_("For example: 5 have completed the class, 3 files are being verified."),
    )
    arguments = {"low": "number", "high": "number", "percent": "number"}

    def clean_number(self):
        text = self.cleaned_data["number"]
        return PercentField().clean(text) if "%" in text else read_number(text)

    def values(self):
        number = self.cleaned_data["number"]
        if isinstance(number, Decimal):
            form = Target.Form.PERCENT
            return {"form": form, "percent": number, "reason": self.cleaned_data["reason"]}
        low, high = number if isinstance(number, tuple) else (number, number)
        form = Target.Form.RANGE if low != high else Target.Form.NUMBER
        return {"form": form, "low": low, "high": high, "reason": self.cleaned_data["reason"]}


class ForecastForm(OnceForm):
    people = WholeNumberField(label=_("People expected in the whole year"))
    declared_on = DateField(label=_("Declared on"))
    declared_by = NameField(
        label=_("Declared by"), help_text=_("The author as named in the report.")
    )


class NoSourceForm(OnceForm):
    grounds = LineField(
        label=_("Grounds"),
        max_length=300,
        help_text=_("For example: all workers are over 35 and have been considered."),
    )
    declared_on = DateField(label=_("Declared on"))
    review_on = DateField(
        label=_("Review on"), help_text=_("From this day the declaration no longer counts.")
    )


class AnswerForm(SecondPersonForm):
    answers = (("accept", _("Accept")), ("return", _("Send back")))


class TargetForm(OnceForm):
    """One target with its decision, in any form and of any period; the top's is from outside.

    What is left out is as usual: members admitted, of all groups, in the year, by decision.
    """

    form = forms.ChoiceField(
        label=_("Form of the target"),
        choices=Target.Form,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a form.")},
    )
    low = WholeNumberField(label=_("Number, or at least"), required=False)
    high = WholeNumberField(label=_("Up to"), required=False, help_text=_("Only for a range."))
    percent = PercentField(
        label=_("Percent"),
        required=False,
        help_text=_("Of the members on 1 January; rounded up to people at once. Or the share."),
    )
    base_of = forms.ChoiceField(
        label=_("Percent of"), choices=Target.BaseOf, required=False, initial=Target.BaseOf.YEAR
    )
    indicator = forms.ModelChoiceField(
        label=_("Indicator"),
        queryset=Indicator.objects.filter(
            pk__in=[code for code, entry in CATALOGUE.items() if entry.forms]
        ),
        required=False,
        empty_label=None,
        initial=Indicator.ADMITTED,
    )
    span = forms.ChoiceField(
        label=_("Period"), choices=Target.Span, required=False, initial=Target.Span.YEAR
    )
    part = WholeNumberField(
        label=_("Which half-year or quarter"), required=False, help_text=_("1 or 2; 1 to 4.")
    )
    until_year = WholeNumberField(
        label=_("Last year of the term"),
        required=False,
        help_text=_("The term begins in the year of this page; it lasts five years if left out."),
    )
    group = forms.ChoiceField(
        label=_("Only of a group"),
        choices=[("", _("All who are admitted")), *Target.OfGroup.choices],
        required=False,
    )
    origin = forms.ChoiceField(
        label=_("Comes from"),
        choices=Target.Origin,
        required=False,
        initial=Target.Origin.DECISION,
    )
    issuer = NameField(
        label=_("Who gives it"),
        max_length=160,
        required=False,
        help_text=_("The superior committee; not needed for a resolution of the own congress."),
    )
    decision_number = LineField(label=_("Decision number"), max_length=40)
    decided_on = DateField(label=_("Decided on"))
    signer = NameField(label=_("Signed by"), required=False)
    responsible = NameField(label=_("Responsible head"), required=False)
    reasons = forms.MultipleChoiceField(
        label=_("Reasons for the adjustment"),
        choices=Reason,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    reason = LineField(
        label=_("Reason in words"),
        max_length=300,
        required=False,
        help_text=_("Where a target is already assigned: a reason ticked, or in words."),
    )
    USUAL: ClassVar[dict[str, str]] = {
        "base_of": Target.BaseOf.YEAR,
        "span": Target.Span.YEAR,
        "origin": Target.Origin.DECISION,
    }
    SPECIAL = ("indicator", "span", "part", "until_year", "group", "origin", "base_of")

    def __init__(self, *args, is_top: bool = False, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.is_top = is_top
        if not is_top:
            del self.fields["issuer"]

    def clean(self):
        cleaned = super().clean()
        is_own = cleaned.get("origin") == Target.Origin.RESOLUTION
        if self.is_top and not is_own and not cleaned.get("issuer") and "issuer" not in self.errors:
            self.add_error("issuer", _("Name who gives the target from outside."))
        return cleaned

    @property
    def groups(self):
        """The fields in order: the number, what is seldom asked, the paper."""
        special = [self[name] for name in self.SPECIAL]
        paper = ("issuer", "decision_number", "decided_on", "signer", "responsible", "reasons")
        return {
            "number": [self[name] for name in ("form", "low", "high", "percent")],
            "special": special,
            "paper": [self[name] for name in (*paper, "reason") if name in self.fields],
            "is_special": any(
                str(field.value() or "") not in {"", str(field.field.initial or "")}
                for field in special
            )
            or any(field.errors for field in special),
        }

    def values(self):
        """Return what the chosen form of target needs, and leave out what belongs to another."""
        values = super().values()
        for name, usual in self.USUAL.items():
            values[name] = values[name] or usual
        values["part"] = values["part"] or 0
        chosen = values["indicator"].pk if values["indicator"] else Indicator.ADMITTED
        if values["form"] == Target.Form.FLOOR and chosen == Indicator.ADMITTED:
            chosen = Indicator.UNITS  # a floor is what each unit is to reach: it counts units
        values["indicator"] = chosen
        if values["form"] in {Target.Form.PERCENT, Target.Form.SHARE}:
            values.update(low=None, high=None)
        else:
            values["percent"] = None
            if values["form"] != Target.Form.RANGE:
                values["high"] = None
        return values


class GridForm(OnceForm):
    """A draft of a number for each of those beneath; an emptied cell decides nothing.

    The cells are fields named `target-<id>`, read here by hand: two hundred of Django's own would
    take longer to draw than the whole page. `row_errors` holds the sentence of each cell. `seen`
    holds what the page showed of each row, `GridRow.mark`: only a number that the reader changed
    is saved, and one that somebody else gave meanwhile is not overwritten unseen.
    """

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200_000)

    def __init__(self, data=None, files=None, *, rows: Sequence[GridRow], **kwargs) -> None:
        super().__init__(data, files, **kwargs)
        self.rows = rows
        self.filled: Mapping[int, int] = {}
        """What stands in a cell before anything is typed, where it is not its target."""
        self.row_errors: dict[int, str] = {}
        self.numbers: dict[int, int | tuple[int, int] | None] = {}
        marks = re.findall(
            r"(\d{1,18}):(\d{1,9}):(\d{0,9}(?:-\d{1,9})?)", str(self.data.get("seen", "")), re.ASCII
        )
        self.marks = {int(key): (int(version), number) for key, version, number in marks}

    def typed(self, row: GridRow) -> str:
        """Return what stands in the cell of `row`: what the reader changed, what the cells were
        filled with, else its target."""
        if self._is_changed(row):
            return self._sent(row)
        if not self.is_bound and row.key in self.filled:
            return str(self.filled[row.key])
        return row.number

    def _sent(self, row: GridRow) -> str:
        return str(self.data.get(f"target-{row.key}", ""))[:40]

    def _is_changed(self, row: GridRow) -> bool:
        sent = self._sent(row).strip()
        # What the page does not send, as on a list that was narrowed, changes nothing.
        shown = f"target-{row.key}" in self.data
        return shown and sent != self.marks.get(row.key, (0, row.number))[1]

    def clean(self):
        cleaned = super().clean()
        keys = {f"target-{row.key}" for row in self.rows}
        if any(name.startswith("target-") and name not in keys for name in self.data):
            self.add_error(None, _("A number was sent for a unit that is not beneath."))
        for row in self.rows:
            if not self._is_changed(row):
                continue
            try:
                self.numbers[row.key] = read_number(self._sent(row))
            except forms.ValidationError as error:
                self.row_errors[row.key] = error.messages[0]
        if self.row_errors:
            self.add_error(None, self._count_of_errors())
        return cleaned

    def _count_of_errors(self):
        return _("Some numbers need to be corrected; nothing was saved.")

    def refuse(self, error: DomainError) -> None:
        """Put the sentences at their cells; those of the decision at their fields."""
        rest = {}
        for argument, sentence in error.fields.items():
            key = re.fullmatch(r"target-(\d+)", argument)
            if key:
                self.row_errors[int(key[1])] = sentence
            else:
                rest[argument] = sentence
        if self.row_errors:
            self.add_error(None, self._count_of_errors())
        if rest or error.sentence:
            super().refuse(DomainError(error.sentence, fields=rest))


class CycleForm(OnceForm):
    """Until when the units register and when the targets are to be issued."""

    register_by = DateField(label=_("The units register by"))
    issue_by = DateField(label=_("To be issued by"))
    note = LineField(
        label=_("Note for the units"),
        max_length=300,
        required=False,
        help_text=_("For example: review the sources before registering."),
    )

    def __init__(self, *args: Any, adjusts: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if adjusts:
            del self.fields["register_by"]

    def values(self) -> dict[str, Any]:
        return {"register_by": None, **super().values()}


class StepForm(OnceForm):
    """A step that asks for nothing but to be confirmed."""


class IssueForm(OnceForm):
    """The decision that issues targets; one that changes what binds ticks its reasons."""

    decision_number = LineField(label=_("Decision number"), max_length=40)
    decided_on = DateField(label=_("Decided on"))
    signer = NameField(label=_("Signed by"), required=False)
    reasons = forms.MultipleChoiceField(
        label=_("Reasons for the adjustment"),
        choices=Reason,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Changing what is assigned takes one at least, or a note."),
    )
    note = LineField(label=_("Note"), max_length=300, required=False)
    difference = LineField(
        label=_("Why what is given out differs from the own target"),
        max_length=300,
        required=False,
        help_text=_(
            "Needed where some are kept in reserve, or more are given than the own target."
        ),
    )

    def __init__(self, *args: Any, adjusts: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not adjusts:
            del self.fields["reasons"]
