"""What comes with the grid as an Excel file: the file, and what is taken in of it."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from config.ui.forms import OnceForm

from .forms import read_number
from .workbook import TYPED, Mark


class GridFileForm(OnceForm):
    """The grid as it was exported and filled in; looked at before anything is saved."""

    file = forms.FileField(
        label=_("Excel file"),
        help_text=_("The table that was exported here, .xlsx, at most 5 MB."),
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
        error_messages={
            "required": _("Choose a file."),
            "invalid": _("Choose a file."),
            "missing": _("Choose a file."),
            "empty": _("The file is empty."),
        },
    )


class GridChangesForm(OnceForm):
    """The changes that were looked at, each as its `Mark`.

    `seen` says which cells the page showed as changed by somebody since; `leave` leaves those.
    """

    marks = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200_000)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200_000)
    leave = forms.BooleanField(label=_("Leave the changed cells as they are"), required=False)

    def clean_marks(self) -> list[Mark]:
        """Return what the page sent of each cell that the file changes."""
        found = [
            Mark(int(key), int(version), exported, after)
            for key, version, exported, after in re.findall(
                rf"(\d{{1,18}}):(\d{{1,9}}):({TYPED}):({TYPED})",
                self.cleaned_data["marks"],
                re.ASCII,
            )
        ]
        if not found:
            raise forms.ValidationError(_("The page sent no number."))
        for mark in found:
            read_number(mark.after)
        return found
