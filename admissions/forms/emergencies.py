"""Opening one person's file in an emergency: which, and why."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.ui.forms import LineField, NoteField, OnceForm


class EmergencyForm(OnceForm):
    """The file's number, or the person's name with the organisation; and the reason."""

    quiet_optional = True  # one of the two ways is needed: the first field says which

    number = LineField(
        label=gettext_lazy("File number"),
        max_length=20,
        required=False,
        help_text=gettext_lazy(
            "The number is enough; without it the full name and the organisation are needed, both."
        ),
    )
    full_name = LineField(
        label=gettext_lazy("Or the full name"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Whole, with its accents."),
    )
    organization = LineField(
        label=gettext_lazy("and the organisation"),
        max_length=160,
        required=False,
        help_text=gettext_lazy("The whole name of the cell, or of a committee above it."),
    )
    reason = NoteField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("The cell's secretary and the auditors read it."),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("number"):
            return given
        if not given.get("full_name"):
            self.add_error("number", _("Write the number, or the name and the organisation."))
        elif not given.get("organization"):
            self.add_error("organization", _("Write the organisation."))
        return given
