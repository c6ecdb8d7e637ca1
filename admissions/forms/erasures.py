"""Forms of erasing: asking for it, answering."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from admissions.models import Erasure
from config.ui.forms import AgreeOrDeclineForm, NoteField, OnceForm


class ErasureForm(OnceForm):
    ground = forms.ChoiceField(
        label=_("Ground"), choices=Erasure.Ground.choices, widget=forms.RadioSelect
    )
    reason = NoteField(
        label=_("Reason"),
        max_length=300,
        help_text=_("Without the name of the person: this stays."),
    )


class ErasureAnswerForm(AgreeOrDeclineForm):
    """The second person's answer; declining says why."""

    answers = (("agree", _("Erase it; it cannot be brought back")), ("decline", _("Decline")))
