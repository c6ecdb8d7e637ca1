"""The parameters of a rule set as people read and change them: columns with words and sources.

A share such as 2/3 is two columns and one parameter. Certainty by parameter is that of domain.md
2.1: what an approved change says comes first, then the table here, then the rule set as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.models import RuleChange, RuleSet

Words = str | Promise
Certainty = RuleSet.Certainty

LARGEST = 999
"""Beyond this a term or an age is a slip of the finger."""


@dataclass(frozen=True)
class Parameter:
    """One parameter: `columns` of RuleSet, one, or numerator and denominator of a share.

    `least` is the smallest number that makes sense.
    """

    name: str
    columns: tuple[str, ...]
    words: Words = ""
    least: int = 1

    @property
    def label(self) -> Words:
        """What the parameter is called."""
        if self.words:
            return self.words
        column: Any = RuleSet._meta.get_field(self.name)
        found: Words = column.verbose_name
        return found

    @property
    def is_share(self) -> bool:
        return len(self.columns) == 2

    @property
    def choices(self) -> dict[str, Words]:
        """The values to choose from, {text: words}; empty for numbers and shares."""
        field: Any = RuleSet._meta.get_field(self.columns[0])
        if field.get_internal_type() == "BooleanField":
            return {"true": gettext_lazy("Yes"), "false": gettext_lazy("No")}
        return dict(field.choices or {})

    def text(self, rules: RuleSet) -> str:
        """Return the present value as it is typed: "60", "2/3", "true"."""
        return "/".join(as_text(getattr(rules, column)) for column in self.columns)

    def shown(self, text: str) -> Words:
        """Return a value, as it is typed, in the words of a page."""
        return self.choices.get(text, text)

    def read(self, text: str) -> dict[str, Any]:
        """Return {column: value} of a value as it is typed; ValueError with a sentence."""
        if self.is_share:
            return self._share(text)
        column = self.columns[0]
        if self.choices:
            if text not in self.choices:
                raise ValueError(_("Choose one of the values."))
            return {column: {"true": True, "false": False}.get(text, text)}
        return {column: self._number(text)}

    def _number(self, text: str) -> int:
        if not re.fullmatch(r"\d{1,4}", text, re.ASCII) or not self.least <= int(text) <= LARGEST:
            raise ValueError(
                _("Enter a whole number from %(least)s to %(most)s.")
                % {"least": self.least, "most": LARGEST}
            )
        return int(text)

    def _share(self, text: str) -> dict[str, int]:
        found = re.fullmatch(r"(\d{1,2})\s*/\s*(\d{1,2})", text, re.ASCII)
        if not found or not 0 < int(found[1]) <= int(found[2]):
            raise ValueError(_("Write a share of at most one, such as 2/3."))
        return dict(zip(self.columns, (int(found[1]), int(found[2])), strict=True))


def as_text(value: Any) -> str:
    """Return a column's value as the database writes it in JSON, by which changes are compared."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_of(rules: RuleSet, changes: Iterable[RuleChange], instant: datetime) -> RuleSet:
    """Return `rules` with the parameters that they had at `instant`; not to be saved.

    `changes` are approved ones of any rule set. What a file reckoned stays as it was reckoned when
    somebody corrects a parameter later.
    """
    later = [
        one
        for one in changes
        if one.rules_id == rules.pk and one.approved_at is not None and one.approved_at > instant
    ]
    if not later:
        return rules
    then = copy(rules)
    for one in sorted(later, key=lambda one: (one.approved_at, one.pk), reverse=True):
        setattr(then, one.name, _column_value(one.name, one.old))
    return then


def _column_value(column: str, text: str) -> Any:
    parameter = OF_COLUMN[column]
    return int(text) if parameter.is_share else parameter.read(text)[column]


def _of(*names: str, least: int = 1) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, (name,), least=least) for name in names)


def _share(name: str, words: Words) -> Parameter:
    return Parameter(name, (f"{name}_numerator", f"{name}_denominator"), words)


GROUPS: tuple[tuple[Words, tuple[Parameter, ...]], ...] = (
    (
        gettext_lazy("Who may be considered"),
        (
            *_of("min_age_years", "max_age_years", "youth_age_years", "union_cadre_age_years"),
            *_of("introducer_months", "readmission_months", "readmission_cleared_months"),
            *_of("readmissions", least=0),
        ),
    ),
    (
        gettext_lazy("Class and papers"),
        (
            *_of("certificate_months", "certificate_valid_on_last_day", "dossier_months"),
            *_of("permission_needed", "verification_home_days", "verification_abroad_days"),
        ),
    ),
    (
        gettext_lazy("Votes"),
        (
            *_of("smallest_cell"),
            _share("cell_vote", gettext_lazy("cell's vote, at least")),
            _share("grassroots_vote", gettext_lazy("grassroots committee's vote, at least")),
            _share("standing_vote", gettext_lazy("standing committee's vote, more than")),
            _share("delegated_vote", gettext_lazy("vote of a delegated committee, at least")),
            *_of("failed_votes_escalate"),
        ),
    ),
    (
        gettext_lazy("Decision and ceremony"),
        (
            *_of("send_up_days", "grassroots_days", "admission_decision_days"),
            *_of("admission_extension_days", least=0),
            *_of("ceremony_days", "ceremony_from", "new_member_papers_days"),
            *_of("late_entry_days"),
        ),
    ),
    (
        gettext_lazy("Probation and recognition"),
        (
            *_of("probation_months"),
            *_of("probation_extension_months", least=0),
            *_of("recognition_review_days", "recognition_decision_days"),
            *_of("recognition_extension_days", least=0),
        ),
    ),
    (
        gettext_lazy("Who moves"),
        (
            *_of("forward_days", "moved_decision_days", "moved_ceremony_days"),
            *_of("fault_review_days", "transfer_start_days", "transfer_present_days"),
        ),
    ),
)

PARAMETERS: dict[str, Parameter] = {one.name: one for _title, group in GROUPS for one in group}

OF_COLUMN: dict[str, Parameter] = {
    column: one for one in PARAMETERS.values() for column in one.columns
}
"""Which parameter a column belongs to."""

HANOI = "HD 02-HD/BTCTU (Hà Nội) 21/11/2025"
TAKEN_OVER = "294-QĐ/TW"
OWN_POLICY = "Chính sách của sản phẩm, không phải quy định"
"""Where no regulation says anything: our own rule, changed by two people like the rest."""
EVERY = ""

KNOWN: dict[tuple[str, str], tuple[Certainty, str]] = {
    # (code of the rule set or EVERY, parameter or EVERY): (certainty, source where it is another)
    (EVERY, "send_up_days"): (Certainty.MEDIUM, HANOI),
    (EVERY, "grassroots_days"): (Certainty.MEDIUM, HANOI),
    (EVERY, "youth_age_years"): (Certainty.MEDIUM, HANOI),
    (EVERY, "union_cadre_age_years"): (Certainty.MEDIUM, HANOI),
    (EVERY, "late_entry_days"): (Certainty.LOW, OWN_POLICY),
    (EVERY, "smallest_cell"): (Certainty.MEDIUM, ""),
    (EVERY, "certificate_valid_on_last_day"): (Certainty.LOW, ""),
    (EVERY, "probation_extension_months"): (Certainty.LOW, HANOI),
    ("24-QĐ/TW", "certificate_months"): (Certainty.HIGH, ""),
    ("208-QĐ/TW", "min_age_years"): (Certainty.MEDIUM, ""),
    ("208-QĐ/TW", "max_age_years"): (Certainty.MEDIUM, ""),
    ("208-QĐ/TW", "ceremony_days"): (Certainty.MEDIUM, ""),
    ("208-QĐ/TW", "ceremony_from"): (Certainty.MEDIUM, ""),
    ("208-QĐ/TW", "probation_months"): (Certainty.MEDIUM, ""),
    ("208-QĐ/TW", "readmission_months"): (Certainty.MEDIUM, ""),
    ("208-QĐ/TW", "transfer_start_days"): (Certainty.MEDIUM, ""),
    ("208-QĐ/TW", EVERY): (Certainty.LOW, TAKEN_OVER),
    ("20-QĐ/TW", EVERY): (Certainty.LOW, TAKEN_OVER),
}


@dataclass(frozen=True)
class Standing:
    """How sure a value is and where it comes from; `source` is empty for the rule set's own."""

    certainty: Certainty
    source: str


def standing(rules: RuleSet, parameter: Parameter, changes: Iterable[RuleChange]) -> Standing:
    """Return the certainty and source of a value; `changes` are those of the rule set."""
    approved = [
        one for one in changes if one.approved_at is not None and one.name in parameter.columns
    ]
    if approved:
        latest = max(approved, key=lambda one: (one.approved_at, one.pk))
        return Standing(Certainty(latest.certainty), latest.source)
    for key in (
        (rules.code, parameter.name),
        (EVERY, parameter.name),
        (rules.code, EVERY),
    ):
        if found := KNOWN.get(key):
            return Standing(*found)
    return Standing(Certainty(rules.certainty), "")


def differing(first: RuleSet, second: RuleSet) -> list[Parameter]:
    """Return the parameters whose values differ between two rule sets."""
    return [one for one in PARAMETERS.values() if one.text(first) != one.text(second)]
