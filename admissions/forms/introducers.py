"""Forms of introducers and of requests of verification."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from admissions.models import Introducer, Verification
from config.ui.forms import DateField, LineField, OnceForm
from organizations.models import Person

from .files import TODAY_HINT, MemberField


class IntroducerForm(OnceForm):
    kind = forms.ChoiceField(
        label=_("Who introduces"), choices=Introducer.Kind.choices, widget=forms.RadioSelect
    )
    person = MemberField(label=_("Member"), queryset=Person.objects.none(), required=False)
    together_since = DateField(
        label=_("Together since"),
        help_text=_("Since when the member works, studies or lives with the candidate."),
        required=False,
    )
    union = LineField(
        label=_("Union"),
        max_length=160,
        help_text=_("The organisation that resolved, where a union introduces."),
        required=False,
    )
    named_on = DateField(label=_("Named on"), help_text=TODAY_HINT)

    def __init__(self, *args: Any, members: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = members


class EndIntroducerForm(OnceForm):
    ended_on = DateField(label=_("Ended on"), help_text=TODAY_HINT)
    reason = LineField(
        label=_("Reason"),
        max_length=300,
        help_text=_("For example: moved away; was disciplined; cannot go on."),
    )
    successor = MemberField(
        label=_("Assigned in their place"),
        queryset=Person.objects.none(),
        required=False,
        help_text=_("Another official member; no months together are asked."),
    )

    def __init__(self, *args: Any, members: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["successor"].queryset = members
        if members is None:
            del self.fields["successor"]


class WhoAndWhere(OnceForm):
    relation = forms.ChoiceField(label=_("Of whom"), choices=Verification.Relation.choices)
    subject = LineField(
        label=_("Name"),
        max_length=120,
        required=False,
        help_text=_("Of the relative; the candidate's own name is known."),
    )
    place = LineField(
        label=_("Committee asked"),
        max_length=200,
        help_text=_("Of the residence or workplace that can answer."),
    )


class VerificationForm(WhoAndWhere):
    is_abroad = forms.BooleanField(label=_("The answer comes from abroad"), required=False)
    method = forms.ChoiceField(
        label=_("How"),
        choices=Verification.Method.choices,
        widget=forms.RadioSelect,
        initial=Verification.Method.LETTER,
    )
    verifier = MemberField(
        label=_("Member who is sent"),
        queryset=Person.objects.none(),
        required=False,
        help_text=_("Never the candidate or a relative."),
    )
    sent_on = DateField(label=_("Sent on"), help_text=TODAY_HINT)

    def __init__(self, *args: Any, members: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["verifier"].queryset = members


class UnsentForm(WhoAndWhere):
    reason = LineField(
        label=_("Reason"),
        max_length=300,
        help_text=_(
            "For example: a Party member in that side of the family has declared it; the family"
            " has lived in the commune since the grandparents."
        ),
    )


class AnswerForm(OnceForm):
    received_on = DateField(label=_("Answered on"), help_text=TODAY_HINT)
    result = forms.ChoiceField(
        label=_("Result"), choices=Verification.Result.choices, widget=forms.RadioSelect
    )
    note = LineField(
        label=_("Note"),
        max_length=300,
        required=False,
        help_text=_("What is not clear; nothing about the family that the paper itself says."),
    )


class WaiveForm(OnceForm):
    reason = LineField(label=_("Reason"), max_length=300)
