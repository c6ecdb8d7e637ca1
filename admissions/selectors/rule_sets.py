"""What the pages of rules show: versions side by side, changes, decreed days, open questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet

from admissions.models import DayOff, RuleChange, RuleSet, Setting
from admissions.open_questions import QUESTIONS, Question, values
from admissions.parameters import (
    GROUPS,
    OF_COLUMN,
    PARAMETERS,
    Parameter,
    Standing,
    Words,
    standing,
)
from admissions.permissions import posts_that_keep_rules
from organizations.permissions import same_human

if TYPE_CHECKING:
    from organizations.models import User


@dataclass(frozen=True)
class Value:
    """The value of a parameter in one version: as a page shows it, and how sure it is."""

    rules: RuleSet
    shown: Words
    standing: Standing
    waiting: RuleChange | None


@dataclass(frozen=True)
class Row:
    """A parameter with its values, one for each version; `differs` where they are not the same."""

    parameter: Parameter
    values: list[Value]
    differs: bool


@dataclass(frozen=True)
class Change:
    """What was asked for at once: one row, or two for the columns of a share."""

    rows: list[RuleChange]

    @property
    def names(self) -> set[str]:
        return {row.name for row in self.rows}

    @property
    def first(self) -> RuleChange:
        return self.rows[0]

    @property
    def parameter(self) -> Parameter:
        return OF_COLUMN[self.first.name]

    @property
    def old(self) -> Words:
        return self._written("old")

    @property
    def new(self) -> Words:
        return self._written("new")

    def _written(self, side: str) -> Words:
        if not self.parameter.is_share:
            return self.parameter.shown(getattr(self.first, side))
        by_column = {one.name: getattr(one, side) for one in self.rows}
        # A share of which one column changed keeps the other's value.
        kept = dict(
            zip(
                self.parameter.columns,
                self.parameter.text(self.first.rules).split("/"),
                strict=True,
            )
        )
        return "/".join(by_column.get(column, kept[column]) for column in self.parameter.columns)


def versions() -> list[RuleSet]:
    """Return every version of the rules, the latest first, with its changes; two queries."""
    found = RuleSet.objects.prefetch_related("changes__entered_by", "changes__approved_by")
    return list(found.order_by("-period"))


def comparison(chosen: Sequence[RuleSet]) -> list[tuple[Words, list[Row]]]:
    """Return the parameters by group, with the values of the `chosen` versions; no query."""
    return [(title, [_row(parameter, chosen) for parameter in group]) for title, group in GROUPS]


def _row(parameter: Parameter, chosen: Sequence[RuleSet]) -> Row:
    texts = [parameter.text(rules) for rules in chosen]
    found = [
        Value(
            rules=rules,
            shown=parameter.shown(text),
            standing=standing(rules, parameter, rules.changes.all()),
            waiting=_waiting(rules, parameter),
        )
        for rules, text in zip(chosen, texts, strict=True)
    ]
    return Row(parameter, found, differs=len(set(texts)) > 1)


def _waiting(rules: RuleSet, parameter: Parameter) -> RuleChange | None:
    return next(
        (one for one in rules.changes.all() if one.name in parameter.columns and one.is_waiting),
        None,
    )


def changes() -> list[Change]:
    """Return every change ever asked for, the latest first; the columns of a share together."""
    rows = RuleChange.objects.select_related("rules", "entered_by", "approved_by").order_by("pk")
    return _together(row for row in rows if row.name in OF_COLUMN)[::-1]


def changes_to_answer(user: User, *, on: date) -> QuerySet[RuleChange]:
    """Return the changes that wait for `user`'s answer on day `on`, one row of each.

    The two columns of a share are one change.
    """
    same_rules = RuleChange.objects.waiting().filter(rules=OuterRef("rules"))
    shares = [one.columns for one in PARAMETERS.values() if one.is_share]
    beside = Q()
    for first, second in shares:
        beside |= Q(Exists(same_rules.filter(name=first)), name=second)
    waiting = RuleChange.objects.waiting().exclude(entered_by__in=same_human(user))
    return waiting.filter(~beside, Exists(posts_that_keep_rules(user, on=on)))


def change_of(row: RuleChange) -> Change:
    """Return `row` with the one asked for beside it, if any."""
    columns = OF_COLUMN[row.name].columns
    rows = RuleChange.objects.select_related("rules", "entered_by", "approved_by").filter(
        rules=row.rules_id, name__in=columns
    )
    found = _together(rows.order_by("pk"))
    return next(one for one in found if row.pk in {each.pk for each in one.rows})


def _together(rows: Iterable[RuleChange]) -> list[Change]:
    """Return the changes of `rows`, in order: two columns of a share asked for in the same words
    by one person, and answered alike, are one."""
    found: list[Change] = []
    latest: dict[tuple[int, str], Change] = {}
    for row in rows:
        key = (row.rules_id, OF_COLUMN[row.name].name)
        before = latest.get(key)
        if before and row.name not in before.names and _asked_as(before.first) == _asked_as(row):
            before.rows.append(row)
            continue
        latest[key] = Change([row])
        found.append(latest[key])
    return found


def _asked_as(row: RuleChange) -> tuple[object, ...]:
    return row.entered_by_id, row.source, row.reason, row.approved_by_id, row.withdrawn_at is None


def decreed_days() -> list[DayOff]:
    """Return every row of the table of decreed days, the latest day first."""
    return list(DayOff.objects.select_related("entered_by").order_by("-day", "-pk"))


@dataclass(frozen=True)
class Answer:
    """A question with the value in force, the one that waits, and those before."""

    question: Question
    value: Words
    is_default: bool
    waiting: Setting | None
    waiting_value: Words
    rows: list[Setting] = field(default_factory=list)


def answers(*, on: date) -> list[Answer]:
    """Return every open question with what is answered on day `on`; two queries."""
    in_force = values(on=on)
    rows: dict[str, list[Setting]] = {name: [] for name in QUESTIONS}
    for row in Setting.objects.select_related("entered_by", "approved_by").order_by("-pk"):
        if row.name in rows:
            rows[row.name].append(row)
    return [_answer(one, in_force[one.name], rows[one.name]) for one in QUESTIONS.values()]


def _answer(question: Question, value: str, rows: list[Setting]) -> Answer:
    latest = rows[0] if rows else None
    waiting = latest if latest and latest.approved_at is None and latest.value != value else None
    return Answer(
        question=question,
        value=question.in_words(value),
        is_default=value == question.default,
        waiting=waiting,
        waiting_value=question.in_words(waiting.value) if waiting else "",
        rows=[one for one in rows if one is not waiting],
    )
