"""Forms of files that go elsewhere."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from admissions.forms.files import TODAY_HINT
from admissions.models import FileTransfer
from config.ui.forms import DateField, LineField, NameField, OnceForm
from organizations.forms import OrganizationField, field
from organizations.models import Organization
from organizations.models.organization import OrganizationQuerySet

Situation = FileTransfer.Situation


class AskMoveForm(OnceForm):
    """Where the person goes, by which decision."""

    moved_on = DateField(
        label=_("Day of the decision to move"),
        help_text=_("On work, study or residence; terms are counted from it."),
    )
    destination = OrganizationField(
        label=_("To the cell, or the committee that chooses one"),
        required=False,
        help_text=_("Write a part of its name; leave it empty where they leave this system."),
    )
    destination_place = NameField(label=_("Or to a place outside"), max_length=160, required=False)
    reason = LineField(label=_("Reason"), max_length=300, required=False)
    is_below = forms.BooleanField(
        label=_("The file was not sent on to the competent committee yet."), required=False
    )

    def __init__(
        self,
        *args: Any,
        scope: OrganizationQuerySet,
        today: date,
        near: Organization,
        asks_where: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        field(self, "destination").offer(scope, on=today, near=near)
        if not asks_where:
            del self.fields["is_below"]


class SendForm(OnceForm):
    """The day the file goes, and the number of what goes with it."""

    sent_on = DateField(label=_("File sent on"), help_text=TODAY_HINT)
    certificate_number = LineField(
        label=_("Certificate of being helped and considered, number"), max_length=40
    )
    letter_number = LineField(label=_("Letter that goes with the file, number"), max_length=40)

    def __init__(self, *args: Any, situation: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unasked = "letter_number" if situation == Situation.HELPED else "certificate_number"
        del self.fields[unasked]


class TakeForm(OnceForm):
    """The day the file came; a committee also chooses the cell that goes on with it."""

    received_on = DateField(label=_("File received on"), help_text=TODAY_HINT)
    cell = OrganizationField(
        label=_("Cell that goes on with the file"), help_text=_("Write a part of its name.")
    )

    def __init__(
        self, *args: Any, scope: OrganizationQuerySet | None, today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if scope is None:
            del self.fields["cell"]
        else:
            field(self, "cell").offer(scope, on=today)


class MoveAnswerForm(OnceForm):
    """Why the file is not taken over, or what is wrong with it."""

    answer = LineField(label=_("Reason"), max_length=300)


class WithdrawMoveForm(OnceForm):
    reason = LineField(label=_("Reason"), max_length=300)
