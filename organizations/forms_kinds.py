"""The form of a kind of organisation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.ui.forms import LineField, NameField, OnceForm, VersionedForm, WholeNumberField
from organizations import selectors
from organizations.models import OrganizationKind
from organizations.operations.kinds import MOST_RANK


class KindForm(VersionedForm, OnceForm):
    """What is said of a kind; breaking it warns, never blocks."""

    name = NameField(label=_("Name in Vietnamese"), max_length=120)
    name_en = NameField(label=_("Name in English"), max_length=120)
    rank = WholeNumberField(
        label=_("Rank"),
        max_value=MOST_RANK,
        help_text=_("From the top of the tree downwards; lists stand in this order."),
    )
    is_cell = forms.BooleanField(
        label=_("It is a cell"),
        required=False,
        help_text=_("Members belong to it and it votes on candidates first."),
    )
    is_grassroots = forms.BooleanField(
        label=_("It is a grassroots organisation"),
        required=False,
        help_text=_("Counted as a grassroots party organisation (TCCSĐ)."),
    )
    votes_as = forms.ChoiceField(
        label=_("Considers candidates as"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )
    allowed_parents = forms.MultipleChoiceField(
        label=_("Usually stands beneath"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: it stands at the top. Standing elsewhere warns, and is not refused."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        levels = OrganizationKind._meta.get_field("votes_as").choices
        for name, offered in (
            ("votes_as", levels or []),
            ("allowed_parents", selectors.kinds(cells=False)),
        ):
            chosen = self.fields[name]
            if isinstance(chosen, forms.ChoiceField):
                chosen.choices = list(offered)


class NewKindForm(KindForm):
    """A kind that is not there yet: its code stays for ever."""

    code = LineField(
        label=_("Code"),
        max_length=50,
        help_text=_("Small letters without diacritics and hyphens, for example: army-cell"),
        error_messages={"required": _("Enter a code.")},
    )
    field_order = ["code"]
