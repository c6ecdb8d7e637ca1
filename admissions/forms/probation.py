"""Forms of the probation: papers of the new member, recognition, deletion of a name."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from config.ui.forms import DateField, LineField, OnceForm

from .files import TODAY_HINT, DecisionForm


class NewMemberPapersForm(OnceForm):
    made_on = DateField(label=_("Made on"), help_text=TODAY_HINT)


class AnnouncementForm(OnceForm):
    announced_on = DateField(label=_("Day of the meeting"), help_text=TODAY_HINT)
    card_number = LineField(label=_("Number of the Party card"), max_length=20, required=False)


class DeletionForm(DecisionForm):
    field_order = ("number", "signed_on", "signer", "reason", "received_on", "confirm")

    reason = LineField(
        label=_("Reason"),
        max_length=300,
        help_text=_("As the decision gives it. The file is closed with it and stays readable."),
    )
