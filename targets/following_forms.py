"""What comes in about following up: a month's number, a task for somebody, a visit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _

from config.ui.forms import DateField, LineField, NameField, OnceForm, ProductForm, WholeNumberField
from organizations.models import User

from .followed import BEHIND, NOT_CONFIRMED, NOT_VISITED


class MonthForm(OnceForm):
    admitted = WholeNumberField(
        label=_("Admitted from 1 January to the end of the month"),
        help_text=_("People, over the whole organisation with everything beneath it."),
    )
    note = LineField(
        label=_("Reason for the difference"),
        max_length=300,
        required=False,
        help_text=_("Needed where the number differs from what the system counts."),
    )
    shortfall = LineField(
        label=_("Reason for the shortfall"),
        max_length=300,
        required=False,
        help_text=_("The unit's own words; needed where it is behind the plan of its target."),
    )


class FollowUpForm(OnceForm):
    task = LineField(label=_("What is to be done"), max_length=300)
    assignee = forms.ModelChoiceField(
        label=_("Account it waits for"),
        queryset=User.objects.none(),
        required=False,
        help_text=_(
            "Somebody who acts here or at the unit; it then stands on their page of tasks."
        ),
    )
    responsible = NameField(
        label=_("Who is responsible"),
        required=False,
        help_text=_("A person's name, where no account is chosen."),
    )
    due_on = DateField(label=_("Due on"))

    def __init__(self, *args: Any, assignees: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["assignee"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = assignees


class FollowUpResultForm(OnceForm):
    result = LineField(label=_("Result"), max_length=300)


class VisitForm(OnceForm):
    visited_on = DateField(label=_("Visited on"))
    who = LineField(label=_("Who went"), max_length=200)
    findings = LineField(label=_("What was found"), max_length=500, required=False)


class FollowingFilter(ProductForm):
    """Which month is looked at, and which units are listed."""

    thang = forms.TypedChoiceField(label=_("Month"), coerce=int, required=False)
    loc = forms.ChoiceField(
        label=_("Units"),
        choices=[
            ("", _("All units")),
            (BEHIND, _("Behind the plan")),
            (NOT_CONFIRMED, _("Not confirmed")),
            (NOT_VISITED, _("Not visited")),
        ],
        required=False,
    )
    quiet_optional = True

    def __init__(self, *args: Any, months: Sequence[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["thang"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(month, MONTHS[month]) for month in months]
