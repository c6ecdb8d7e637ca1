"""Forms of helpers: who goes, why, what they leave; and their notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from admissions.forms.files import TODAY_HINT, MemberField
from admissions.models import Mentorship
from config.ui.forms import DateField, LineField, NoteField, OnceForm
from organizations.models import Person


class ReleaseForm(OnceForm):
    """Which helper goes, from which day, and who helps instead."""

    helper = forms.ChoiceField(
        label=_("Who helps no more"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )
    released_on = DateField(
        label=_("No helper from day"), help_text=_("The first day they help no more.")
    )
    reason = LineField(
        label=_("Reason"),
        max_length=300,
        help_text=_("For example: moved to another cell; disciplined; ill; died."),
    )
    comment = NoteField(
        label=_("Written comment left"),
        required=False,
        max_length=4000,
        help_text=_("How the candidate did while they helped; on probation form 11-KNĐ."),
    )
    mentor = MemberField(
        label=_("Helps instead, from that day"), queryset=Person.objects.none(), required=False
    )

    def __init__(
        self, *args: Any, helping: Sequence[Mentorship], members: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.helping = {str(one.pk): one for one in helping}
        choices = [(key, one.mentor.full_name) for key, one in self.helping.items()]
        chosen = self.fields["helper"]
        if isinstance(chosen, forms.ChoiceField):
            chosen.choices = choices
        if len(choices) == 1:
            self.initial.setdefault("helper", choices[0][0])
        self.fields["mentor"].queryset = members

    def mentorship(self) -> Mentorship:
        """Return the help that ends."""
        return self.helping[self.cleaned_data["helper"]]

    def values(self) -> dict[str, Any]:
        found = super().values()
        found.pop("helper", None)
        return found


class MentorNoteForm(OnceForm):
    """How the candidate does, in a few lines."""

    noted_on = DateField(label=_("Day"), help_text=TODAY_HINT)
    text = NoteField(
        label=_("How the candidate does"),
        max_length=1000,
        help_text=_("Tasks given, how they were done, what to work on. It can't be changed later."),
    )
