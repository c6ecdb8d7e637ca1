"""Forms of erasing: asking for it, answering."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.models import Erasure
from config.ui.forms import NoteField, OnceForm


class ErasureForm(OnceForm):
    ground = forms.ChoiceField(
        label=gettext_lazy("Ground"), choices=Erasure.Ground.choices, widget=forms.RadioSelect
    )
    reason = NoteField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("Without the name of the person: this stays."),
    )


class ErasureAnswerForm(OnceForm):
    """The second person's answer; declining says why."""

    answer = forms.ChoiceField(
        label=gettext_lazy("Your answer"),
        choices=[
            ("agree", gettext_lazy("Erase it; it cannot be brought back")),
            ("decline", gettext_lazy("Decline")),
        ],
        widget=forms.RadioSelect,
    )
    declined_because = NoteField(
        label=gettext_lazy("Why it is declined"), max_length=300, required=False
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("answer") == "decline" and not given.get("declined_because"):
            self.add_error("declined_because", _("Write why."))
        return given
