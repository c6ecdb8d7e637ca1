"""What comes in about scenarios: what is tried on the grid, and the name under which it is kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.ui.forms import LineField, OnceForm, WholeNumberField

from .allocation import Bound, Fault
from .operations.refusals import MOST_PEOPLE
from .sheets import GridRow
from .what_if import (
    BOUND_ASKED,
    BOUNDS,
    FAULTS,
    RECKONED,
    Method,
    Scenario,
    bound_parameters,
    by_rules,
)

WRONG_AT = {
    Fault.CROSSED: "nhieu",
    Fault.OUTSIDE: "co",
    Fault.NO_PART: "mien",
    Fault.NO_SOURCE: "it",
}
"""At which field of a unit each fault is told."""


@dataclass(frozen=True)
class Single:
    """The fields of what is set for one unit alone; on the last row, the `unit` is to be chosen."""

    key: int | None
    name: str
    numbers: list[forms.BoundField]
    exempt: forms.BoundField
    unit: forms.BoundField | None = None

    @property
    def errors(self) -> list[forms.BoundField]:
        """The fields of the row at which something is wrong."""
        fields = [*([self.unit] if self.unit else []), *self.numbers, self.exempt]
        return [one for one in fields if one.errors]


class ScenarioForm(forms.Form):
    """What is tried on the grid: in the address, so that it can be kept and sent. Writes nothing.

    Its fields stand within the form of the grid and belong to one of their own, `FORM`. What is
    set for single units has fields for those of `rows` that the address names, and a row in which
    one more is chosen: two hundred rows of fields would outweigh the page.
    """

    FORM = "what-if"
    quiet_optional = True

    tong = WholeNumberField(label=_("People to share out"), max_value=MOST_PEOPLE)
    theo = forms.ChoiceField(
        label=_("Shared out by"), choices=[(one.value, one.label) for one in RECKONED]
    )
    nguon = WholeNumberField(
        label=_("Part of the open files, in percent; the rest is the members'"),
        max_value=100,
        widget=forms.NumberInput(attrs={"type": "range", "min": 0, "max": 100, "step": 5}),
    )
    tran = forms.BooleanField(label=_("Not more than the open files"), required=False)
    thuc = forms.BooleanField(
        label=_("At least 1 where there are files and nobody was admitted last year"),
        required=False,
    )
    dangky = forms.BooleanField(label=_("Not less than the unit registered"), required=False)
    giu = forms.BooleanField(label=_("Keep what is assigned already"), required=False)

    them = forms.ChoiceField(
        label=_("Unit"),
        required=False,
        error_messages={
            "invalid_choice": _("Choose a unit beneath that does not stand in the list yet.")
        },
    )

    def __init__(self, data: Any, rows: Sequence[GridRow] = ()) -> None:
        super().__init__(data, auto_id="wi_%s", use_required_attribute=False)
        self.rows = {row.key: row for row in rows}
        asked = {
            int(found[2])
            for name, value in data.items()
            if (found := BOUND_ASKED.fullmatch(name)) and str(value).strip()
        }
        self.is_left_out = bool(asked - set(self.rows))
        """Whether something is asked of units that do not stand beneath."""
        self.keys = [key for key in self.rows if key in asked]
        for key in (*self.keys, None):
            for name, field in self._bound_fields().items():
                self.fields[_named(name, key)] = field
        self.fields["them"].choices = [("", ""), *((row.key, "") for row in self.others)]  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["form"] = self.FORM

    @staticmethod
    def _bound_fields() -> dict[str, forms.Field]:
        labels = {"it": _("At least"), "nhieu": _("At most"), "co": _("Fixed at")}
        numbers = {
            name: WholeNumberField(label=label, required=False, max_value=MOST_PEOPLE)
            for name, label in labels.items()
        }
        return {**numbers, "mien": forms.BooleanField(label=_("Takes no part"), required=False)}

    @property
    def others(self) -> list[GridRow]:
        """The units for which nothing is set alone."""
        return [row for key, row in self.rows.items() if key not in self.keys]

    @property
    def chosen(self) -> int | None:
        """The unit chosen on the last row, as it was sent."""
        sent = str(self.data.get("them", ""))
        return int(sent) if re.fullmatch(r"[1-9]\d{0,17}", sent, re.ASCII) else None

    @property
    def rules(self) -> list[forms.BoundField]:
        """The boxes to tick: rules for all units."""
        return [self[name] for name in ("tran", "thuc", "dangky", "giu")]

    @property
    def singles(self) -> list[Single]:
        """What is set for single units, a row each; in the last one a unit is chosen."""
        return [
            Single(
                key=key,
                name=self.rows[key].organization.short_name if key else "",
                numbers=[self[_named(name, key)] for name in ("it", "nhieu", "co")],
                exempt=self[_named("mien", key)],
                unit=None if key else self["them"],
            )
            for key in (*self.keys, None)
        ]

    @property
    def is_unfolded(self) -> bool:
        """Say whether something is set, or is wrong, for single units."""
        return bool(self.keys) or any(one.errors for one in self.singles)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if "them" not in self.errors:
            self._clean_chosen()
        self.bounds: dict[int, Bound] = {}
        scenario = self._rules()
        for key, at in self._asked().items():
            bound = self._bound(at)
            fault = bound.fault(by_rules(self.rows[key], scenario))
            if fault:
                self.add_error(_named(WRONG_AT[fault], at), FAULTS[fault])
            elif bound != Bound():
                self.bounds[key] = bound
        return cleaned

    def _clean_chosen(self) -> None:
        chosen = self.cleaned_data.get("them")
        is_set = any(str(self.data.get(name, "")).strip() for name in BOUNDS)
        if is_set and not chosen:
            self.add_error("them", _("Choose the unit."))
        if chosen and not is_set:
            self.add_error("them", _("Set a number for the unit, or that it takes no part."))

    def _asked(self) -> dict[int, int | None]:
        """Return {organisation id: whose fields say what is set for it}, None for the last row."""
        chosen = self.cleaned_data.get("them")
        return {**{key: key for key in self.keys}, **({int(chosen): None} if chosen else {})}

    def _bound(self, key: int | None) -> Bound:
        said = self.cleaned_data
        return Bound(
            floor=said.get(_named("it", key)),
            ceiling=said.get(_named("nhieu", key)),
            locked=said.get(_named("co", key)),
            is_exempt=said[_named("mien", key)],
        )

    def _rules(self) -> Scenario:
        asked = self.cleaned_data
        return Scenario(
            total=asked.get("tong") or 0,
            method=Method(asked.get("theo") or Method.MIXED),
            sources=asked.get("nguon") or 0,
            caps_at_sources=asked["tran"],
            wakes_idle=asked["thuc"],
            keeps_registered=asked["dangky"],
            keeps_filled=asked["giu"],
        )

    def scenario(self) -> Scenario:
        """Return what is asked for; the form is valid."""
        return replace(self._rules(), bounds=self.bounds)

    def tidied(self) -> dict[str, str] | None:
        """Return the address as it should say what is set for single units, None where it does.

        A browser sends every field, empty or not, and one more unit beside those already there.
        """
        if not self.is_valid():
            return None
        said = {name: str(value) for name, value in self.data.items()}
        own = {name for name in said if name in {"them", *BOUNDS} or BOUND_ASKED.fullmatch(name)}
        rest = {name: value for name, value in said.items() if name not in own}
        wanted = rest | bound_parameters(self.bounds)
        return None if said == wanted else wanted


def _named(name: str, key: int | None) -> str:
    return name if key is None else f"{name}-{key}"


class ScenarioNameForm(OnceForm):
    """What a scenario is called where it is kept."""

    name = LineField(
        label=_("Name of the scenario"),
        max_length=80,
        help_text=_("For example: by sources, nobody above its files."),
    )
