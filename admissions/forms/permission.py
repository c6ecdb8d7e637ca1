"""Forms of the committee's permission to do the procedure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from admissions.models import Candidate
from config.errors import DomainError
from config.ui.forms import DateField, LineField, OnceForm

from .files import TODAY_HINT


class PermitForm(OnceForm):
    """The committee's resolution on one person."""

    held_on = DateField(label=_("Day of the committee's resolution"), help_text=TODAY_HINT)
    resolution_number = LineField(label=_("Resolution number"), max_length=40)


class PermitSeveralForm(PermitForm):
    """One resolution and those whom it names: a tick beside each."""

    quiet_optional = True

    def __init__(self, *args: Any, files: Sequence[Candidate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.files = {f"file-{one.pk}": one for one in files}
        for name, one in self.files.items():
            self.fields[name] = forms.BooleanField(label=one.person.full_name, required=False)

    def chosen(self) -> list[Candidate]:
        """Return the files that were ticked."""
        return [one for name, one in self.files.items() if self.cleaned_data.get(name)]

    def refuse(self, error: DomainError) -> None:
        fields = {}
        for argument, sentence in error.fields.items():
            _name, dash, row = argument.partition("-")
            fields[f"file-{row}" if dash else argument] = sentence
        super().refuse(DomainError(error.sentence, fields=fields))
