"""Forms of what becomes of a file above the cell: sent, returned, refused, extended, cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from admissions.models import DecisionReview, PaperKind
from config.ui.forms import DateField, LineField, OnceForm

from .files import TODAY_HINT, DecisionForm

Choices = Sequence[tuple[str, str]]


class SendUpForm(OnceForm):
    sent_on = DateField(label=_("Sent on"), help_text=TODAY_HINT)
    to = forms.ChoiceField(label=_("To"))
    letter_number = LineField(label=_("Letter number"), max_length=40, required=False)

    def __init__(self, *args: Any, bodies: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = list(bodies)  # type: ignore[attr-defined]


class ReceiptForm(OnceForm):
    received_on = DateField(label=_("Received by the cell on"), help_text=TODAY_HINT)


class RefusalForm(DecisionForm):
    reason = LineField(
        label=_("Reason"), max_length=300, help_text=_("The cell and the person are told of it.")
    )
    field_order = ("number", "signed_on", "signer", "reason", "received_on", "confirm")


class ReturnForm(OnceForm):
    """To which step, why, and exactly what is missing: forms of the catalogue, or in words."""

    returned_on = DateField(label=_("Returned on"), help_text=TODAY_HINT)
    back_to = forms.ChoiceField(label=_("Back to"), widget=forms.RadioSelect)
    reason = LineField(label=_("Reason"), max_length=300)
    missing = forms.MultipleChoiceField(
        label=_("Missing, or to be made again"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("The cell finds each as missing until it is received anew."),
    )
    other = LineField(label=_("Something else that is missing"), max_length=160, required=False)

    def __init__(
        self, *args: Any, stages: Choices, kinds: Sequence[PaperKind], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        in_english = get_language() == "en"
        self.fields["back_to"].choices = list(stages)  # type: ignore[attr-defined]
        self.fields["missing"].choices = [  # type: ignore[attr-defined]
            (kind.code, f"{kind.name_en if in_english else kind.name} · {kind.code}")
            for kind in kinds
        ]

    def values(self) -> dict[str, Any]:
        found = super().values()
        other = found.pop("other")
        found["missing"] = [*found["missing"], *([other] if other else [])]
        return found


class ExtensionForm(OnceForm):
    decided_on = DateField(label=_("Extended on"), help_text=TODAY_HINT)
    reason = LineField(label=_("Reason"), max_length=300)


class AskCancellationForm(OnceForm):
    ground = forms.ChoiceField(
        label=_("Ground"), choices=DecisionReview.Ground.choices, widget=forms.RadioSelect
    )
    back_to = forms.ChoiceField(
        label=_("Done again from"),
        required=False,
        help_text=_("Where only the procedure was at fault; otherwise leave it open."),
    )
    reason = LineField(label=_("Reason"), max_length=300)
    asked_on = DateField(label=_("Asked on"), help_text=TODAY_HINT)

    def __init__(self, *args: Any, stages: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["back_to"].choices = [("", _("Nothing chosen")), *stages]  # type: ignore[attr-defined]


class CancellationForm(DecisionForm):
    reason = LineField(label=_("Reason"), max_length=300)
    field_order = ("number", "signed_on", "signer", "reason", "confirm")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["received_on"]


class DecliningForm(OnceForm):
    reason = LineField(
        label=_("Reason"), max_length=300, help_text=_("Whoever asked reads it in the file.")
    )
