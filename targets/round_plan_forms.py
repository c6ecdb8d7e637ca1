"""The form in which a plan by rounds is set, or taken back."""

from __future__ import annotations

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.ui.forms import LineField, OnceForm

from .forms import PercentField
from .plan import ROUNDS


def _after(name: str) -> str:
    return gettext("After round %(round)s, percent") % {"round": name}


_after_lazy = lazy(_after, str)


class RoundPlanForm(OnceForm):
    """A share for each round, cumulative; or none, and earlier years give the plan again."""

    quiet_optional = True  # shares are left out to take back what was set, and only then
    arguments = {"shares": "take_back"}

    reason = LineField(label=_("Reason"), max_length=300)
    take_back = forms.BooleanField(
        label=_("Take back what was set: earlier years give the plan again"), required=False
    )

    field_order = [f"share_{place}" for place in range(1, len(ROUNDS) + 1)]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for place, one in enumerate(ROUNDS, start=1):
            self.fields[f"share_{place}"] = PercentField(
                label=_after_lazy(one.name), required=False
            )
        self.order_fields(self.field_order)

    def values(self):
        told = self.cleaned_data
        shares = [] if told["take_back"] else [told[name] for name in self.field_order]
        return {"shares": shares, "reason": told["reason"]}
