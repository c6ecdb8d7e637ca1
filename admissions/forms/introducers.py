"""Forms of introducers and of requests of verification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from admissions.models import Verification
from config.ui.forms import DateField, LineField, OnceForm
from organizations.models import Person

from .files import TODAY_HINT, MemberField


class IntroducersForm(OnceForm):
    """Who introduces, together: one or two members, and the union where one can.

    A second member without a day is together with the candidate since the first one's.
    """

    person = MemberField(label=_("Member"), queryset=Person.objects.none(), required=False)
    together_since = DateField(
        label=_("Together since"),
        help_text=_("Since when the member works, studies or lives with the candidate."),
        required=False,
    )
    person_2 = MemberField(label=_("Second member"), queryset=Person.objects.none(), required=False)
    together_since_2 = DateField(
        label=_("The second together since"),
        help_text=_("Empty: since the same day as the first."),
        required=False,
    )
    union = LineField(
        label=_("Union"),
        max_length=160,
        help_text=_("The organisation that resolved, where a union introduces."),
        required=False,
    )
    named_on = DateField(label=_("Named on"), help_text=TODAY_HINT)

    arguments: ClassVar[Mapping[str, str]] = {
        "person-1": "person",
        "together_since-1": "together_since",
        "person-2": "person_2",
        "together_since-2": "together_since_2",
    }

    def __init__(
        self, *args: Any, members: Any, number: int, union: str, asks_union: bool, **kwargs: Any
    ) -> None:
        """Ask for `number` members, and for the union, which `union` names, with `asks_union`.

        What was sent is read even so: sent twice, it is what has been carried out.
        """
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = members
        self.fields["person_2"].queryset = members
        if number < 2 and "person_2" not in self.data:
            del self.fields["person_2"], self.fields["together_since_2"]
        if union:
            self.fields["union"].label = union
        if not union or not (asks_union or "union" in self.data):
            del self.fields["union"]

    def values(self) -> dict[str, Any]:
        found = self.cleaned_data
        since = found.get("together_since")
        second = found.get("person_2")
        since_2 = found.get("together_since_2") or (since if second else None)
        return {
            "members": [(found.get("person"), since), (second, since_2)],
            "union": found.get("union", ""),
            "named_on": found["named_on"],
        }


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
    quiet_optional = True  # the note says when it is needed

    received_on = DateField(label=_("Answered on"), help_text=TODAY_HINT)
    result = forms.ChoiceField(
        label=_("Result"), choices=Verification.Result.choices, widget=forms.RadioSelect
    )
    note = LineField(
        label=_("Note"),
        max_length=300,
        required=False,
        help_text=_(
            "Needed where the answer is not “Confirmed”: what is not clear, and nothing about the"
            " family that the paper itself says."
        ),
    )


class WaiveForm(OnceForm):
    reason = LineField(label=_("Reason"), max_length=300)
