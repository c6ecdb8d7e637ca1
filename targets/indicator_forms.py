"""What comes in about indicators that units report."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from config.ui.forms import DateField, LineField, OnceForm, WholeNumberField

from .models import Indicator
from .operations.refusals import MOST_PEOPLE


class FigureForm(OnceForm):
    """A figure of one indicator: how many, of how many, as of a day, with its evidence."""

    numerator = WholeNumberField(label=_("How many"), max_value=MOST_PEOPLE)
    denominator = WholeNumberField(label=_("Out of how many"), max_value=MOST_PEOPLE)
    as_of = DateField(label=_("As of"))
    evidence = LineField(
        label=_("Evidence"),
        max_length=200,
        help_text=_("The report or list that it is taken from, with its number and day."),
    )

    def __init__(self, *args, indicator: Indicator, counts, of, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["numerator"].help_text = str(counts).capitalize()
        if indicator.is_share:
            self.fields["denominator"].help_text = str(of).capitalize()
        else:
            self.fields["denominator"] = forms.CharField(
                widget=forms.HiddenInput, required=False, disabled=True
            )

    def values(self):
        values = super().values()
        return {**values, "denominator": values["denominator"] or None}
