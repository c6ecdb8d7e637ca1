"""Forms of the rules: a changed parameter, a decreed day, the answer to an open question."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from admissions.models import DayOff, RuleSet
from admissions.open_questions import Question
from admissions.parameters import Parameter
from config.ui.forms import DateField, LineField, OnceForm


class RuleChangeForm(OnceForm):
    """A new value of one parameter, with where it was read and how sure that is."""

    new = LineField(label=_("New value"), max_length=20)
    source = LineField(
        label=pgettext_lazy("of a rule", "Source"),
        max_length=300,
        help_text=_("Regulation, article and day; or who confirmed it and when."),
    )
    certainty = forms.ChoiceField(
        label=_("How sure"), choices=RuleSet.Certainty.choices, widget=forms.RadioSelect
    )
    reason = LineField(label=_("Reason"), max_length=300)

    def __init__(self, *args: Any, parameter: Parameter, present: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = _("Now: %(value)s") % {"value": parameter.shown(present)}
        if parameter.choices:
            self.fields["new"] = forms.ChoiceField(
                label=_("New value"),
                choices=list(parameter.choices.items()),
                widget=forms.RadioSelect,
                help_text=now,
            )
            self.order_fields(["new", "source", "certainty", "reason"])
        else:
            self.fields["new"].help_text = now
            self.fields["new"].widget.attrs["class"] = "w-n"


class DayOffForm(OnceForm):
    day = DateField(label=_("Day"))
    kind = forms.ChoiceField(
        label=_("What the day is"), choices=DayOff.Kind.choices, widget=forms.RadioSelect
    )
    source = LineField(
        label=_("Decreed by"),
        max_length=200,
        help_text=_("Number and day of the notice."),
    )


class SettingForm(OnceForm):
    """The answer to one open question."""

    value = LineField(label=_("Answer"), max_length=20)
    reason = LineField(
        label=_("Reason"),
        max_length=300,
        help_text=_("Who confirmed it, when and in which paper."),
    )

    def __init__(self, *args: Any, question: Question, present: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = _("Now: %(value)s") % {"value": question.in_words(present)}
        if question.choices is not None:
            self.fields["value"] = forms.ChoiceField(
                label=_("Answer"),
                choices=list(question.choices.items()),
                widget=forms.RadioSelect,
                help_text=now,
            )
            self.order_fields(["value", "reason"])
        else:
            self.fields["value"].help_text = now
            self.fields["value"].widget.attrs["class"] = "w-n"
