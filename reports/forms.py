"""What a reader of reports fills in."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.ui.forms import DateField, OnceForm, ProductForm, WholeNumberField
from config.ui.look import LENSES


class MovementForm(ProductForm):
    """The period of a report, both days included, and the lens; asked by GET."""

    tu = DateField(label=_("From day"), first_year=1930)
    den = DateField(label=_("Up to and including"), first_year=1930)
    cach = forms.ChoiceField(label=_("Structure"), choices=list(LENSES.items()))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_den(self) -> date:
        last: date = self.cleaned_data["den"]
        if last > self.today:
            raise forms.ValidationError(_("The day lies in the future."))
        return last

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("tu"), cleaned.get("den")
        if first and last and first > last:
            self.add_error("den", _("The period ends before it begins."))
        return cleaned


class RecomputeForm(OnceForm):
    """Which year is computed anew from all its facts."""

    year = WholeNumberField(label=_("Year"))
