"""The third person's answer to a ceremony entered late."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.ui.forms import NoteField, OnceForm


class LateEntryAnswerForm(OnceForm):
    """Declining says why."""

    answer = forms.ChoiceField(
        label=gettext_lazy("Your answer"),
        choices=[
            ("agree", gettext_lazy("Let it count from the day of the ceremony")),
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
