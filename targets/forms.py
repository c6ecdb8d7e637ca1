"""What comes in about targets: single numbers, and a whole grid of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from config.ui.forms import DateField, LineField, NameField, OnceForm, WholeNumberField

from .models import Target
from .sheets import GridRow
from .what_if import RECKONED, Method, Scenario

MOST = 10_000_000
TOO_MANY = _("The number is too large.")


def read_number(text: str) -> int | tuple[int, int] | None:
    """Return what was typed into a cell: 38, "35-40" as (35, 40), None for nothing.

    Raises ValidationError with a sentence for anything else.
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).replace(".", "")
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
    if high > MOST:
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


class ApprovalForm(OnceForm):
    """The second person's answer."""

    answer = forms.ChoiceField(
        label=_("Answer"),
        choices=[("approve", _("Approve")), ("refuse", _("Refuse"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose an answer.")},
    )


class WithdrawalForm(ApprovalForm):
    """The answer of the one who asked: a second person approves, oneself only takes back."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["answer"].choices = [("refuse", _("Withdraw what I asked for"))]
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
        help_text=_("People; 35-40 for a range."),
        widget=forms.TextInput(attrs={"class": "w-n", "inputmode": "numeric", "maxlength": 20}),
        error_messages={"required": _("Enter a number.")},
    )
    arguments = {"low": "number", "high": "number"}

    def clean_number(self):
        return read_number(self.cleaned_data["number"])

    def values(self):
        number = self.cleaned_data["number"]
        low, high = number if isinstance(number, tuple) else (number, number)
        form = Target.Form.RANGE if low != high else Target.Form.NUMBER
        return {"form": form, "low": low, "high": high}


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


class AnswerForm(OnceForm):
    answer = forms.ChoiceField(
        label=_("Answer"),
        choices=[("accept", _("Accept")), ("return", _("Send back"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose an answer.")},
    )


class TargetForm(OnceForm):
    """One target with its decision; the top unit's comes from outside."""

    form = forms.ChoiceField(
        label=_("Form of the target"),
        choices=[
            (Target.Form.NUMBER, _("Number")),
            (Target.Form.RANGE, _("Range")),
            (Target.Form.PERCENT, _("Percent of opening members")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a form.")},
    )
    low = WholeNumberField(label=_("Number, or at least"), required=False)
    high = WholeNumberField(label=_("Up to"), required=False, help_text=_("Only for a range."))
    percent = PercentField(
        label=_("Percent"),
        required=False,
        help_text=_("Of the members on 1 January; rounded up to people at once."),
    )
    decision_number = LineField(label=_("Decision number"), max_length=40)
    decided_on = DateField(label=_("Decided on"))
    responsible = NameField(label=_("Responsible head"), required=False)
    reason = LineField(
        label=_("Reason for the adjustment"),
        max_length=300,
        required=False,
        help_text=_("Needed where a target is already assigned."),
    )

    def values(self):
        """Return what the chosen form of target needs, and leave out what belongs to another."""
        values = super().values()
        if values["form"] == Target.Form.PERCENT:
            values.update(low=None, high=None)
        else:
            values["percent"] = None
            if values["form"] == Target.Form.NUMBER:
                values["high"] = None
        return values


class ScenarioForm(forms.Form):
    """What is tried on the grid: in the address, so that it can be kept and sent. Writes nothing.

    Its fields stand within the form of the grid and belong to one of their own, `FORM`.
    """

    FORM = "what-if"

    tong = WholeNumberField(label=_("People to share out"), max_value=MOST)
    theo = forms.ChoiceField(
        label=_("Shared out by"), choices=[(one.value, one.label) for one in RECKONED]
    )
    nguon = WholeNumberField(
        label=_("Part of the open files, in percent; the rest is the members'"),
        max_value=100,
        widget=forms.NumberInput(attrs={"type": "range", "min": 0, "max": 100, "step": 5}),
    )
    tran = forms.BooleanField(label=_("Not more than the open files"), required=False)
    thuc = forms.BooleanField(
        label=_("At least 1 where there are files and nobody was admitted last year"),
        required=False,
    )
    dangky = forms.BooleanField(label=_("Not less than the unit registered"), required=False)
    giu = forms.BooleanField(label=_("Keep what is assigned already"), required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="wi_%s", use_required_attribute=False)
        for field in self.fields.values():
            field.widget.attrs["form"] = self.FORM

    @property
    def bounds(self) -> list[forms.BoundField]:
        """The boxes to tick."""
        return [self[name] for name in ("tran", "thuc", "dangky", "giu")]

    def scenario(self) -> Scenario:
        """Return what is asked for; the form is valid."""
        asked = self.cleaned_data
        return Scenario(
            total=asked["tong"],
            method=Method(asked["theo"]),
            sources=asked["nguon"],
            caps_at_sources=asked["tran"],
            wakes_idle=asked["thuc"],
            keeps_registered=asked["dangky"],
            keeps_filled=asked["giu"],
        )


class ScenarioNameForm(OnceForm):
    """What a scenario is called where it is kept."""

    name = LineField(
        label=_("Name of the scenario"),
        max_length=80,
        help_text=_("For example: by sources, nobody above its files."),
    )


class GridForm(OnceForm):
    """A number for each of those beneath, and the decision that gives them.

    The cells are fields named `target-<id>`, read here by hand: two hundred of Django's own would
    take longer to draw than the whole page. `row_errors` holds the sentence of each cell. `seen`
    holds what the page showed of each row, `GridRow.mark`: only a number that the reader changed
    is saved, and one that somebody else gave meanwhile is not overwritten unseen.
    """

    decision_number = LineField(label=_("Decision number"), max_length=40)
    decided_on = DateField(label=_("Decided on"))
    reason = LineField(
        label=_("Note"),
        max_length=300,
        required=False,
        help_text=_("Needed where a target is already assigned: the reason."),
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200_000)

    def __init__(self, data=None, files=None, *, rows: Sequence[GridRow], **kwargs) -> None:
        super().__init__(data, files, **kwargs)
        self.rows = rows
        self.filled: Mapping[int, int] = {}
        """What stands in a cell before anything is typed, where it is not its target."""
        self.row_errors: dict[int, str] = {}
        self.numbers: dict[int, int | tuple[int, int]] = {}
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
        return bool(sent) and sent != self.marks.get(row.key, (0, row.number))[1]

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

    def conflicts(self) -> dict[str, str]:
        """Return the sentences at the cells whose target somebody else changed meanwhile."""
        found = {}
        for row in self.rows:
            seen, _number = self.marks.get(row.key, (row.version, ""))
            if row.key in self.numbers and row.version != seen:
                found[f"target-{row.key}"] = _(
                    "Somebody has just given %(theirs)s here; you typed %(yours)s. Save again to"
                    " put yours in its place."
                ) % {"theirs": row.number or "–", "yours": self._sent(row)}
        return found

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
