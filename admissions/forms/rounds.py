"""The form of a round of admissions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.ui.forms import DateField, LineField, OnceForm
from organizations.models import Organization

from .files import TODAY_HINT


class RoundForm(OnceForm):
    name = LineField(label=_("Name of the round"), max_length=60, help_text=_("For example: 2/9."))
    day = DateField(label=_("Day of the round"), help_text=TODAY_HINT)
    submit_by = DateField(
        label=_("Files due by"),
        required=False,
        help_text=_("When files are to be with the committee that decides; may stay empty."),
    )


class NewRoundForm(RoundForm):
    """Also of which organisation, where the reader is staff of several."""

    field_order = ["organization", "name", "day", "submit_by"]

    def __init__(self, *args: Any, organizations: Sequence[Organization], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organizations = {one.slug: one for one in organizations}
        if len(self.organizations) > 1:
            self.fields["organization"] = forms.ChoiceField(
                label=_("Organisation"), choices=[(one.slug, str(one)) for one in organizations]
            )
            self.order_fields(self.field_order)

    def organization(self) -> Organization:
        """Return the organisation chosen, or the only one."""
        only = next(iter(self.organizations))
        return self.organizations[self.cleaned_data.get("organization", only)]

    def values(self) -> dict[str, Any]:
        found = super().values()
        found.pop("organization", None)
        return found
