"""Changing what the product goes by: parameters, decreed days, open questions. By two people.

Those are staff and approvers of a top unit; a decreed day needs its source alone.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from admissions.calendar import working_days
from admissions.models import DayOff, RuleChange, RuleSet, Setting
from admissions.open_questions import QUESTIONS, Question, value
from admissions.parameters import OF_COLUMN, Parameter, as_text
from admissions.permissions import keeps_rules
from admissions.rules import USUAL, add_months
from config import names
from config.clock import AppNow
from config.errors import DomainError
from config.locks import Lock, hold
from organizations.permissions import is_one_human

from .deadlines import follow_calendar

if TYPE_CHECKING:
    from organizations.models import User

MOST_CHARACTERS = 300


def _written(**texts: str) -> dict[str, str]:
    """Return the texts tidied; DomainError at each that is empty or too long."""
    tidy = {name: names.written(text) for name, text in texts.items()}
    refusals = {
        name: _("This must be filled in.")
        if not text
        else _("At most %(most)s characters.") % {"most": MOST_CHARACTERS}
        for name, text in tidy.items()
        if not 0 < len(text) <= MOST_CHARACTERS
    }
    if refusals:
        raise DomainError(fields=refusals)
    return tidy


MONTHS_AHEAD = 24
"""How far ahead a day is decreed: the government decrees the days of a year in the year before."""


def _refuse_others(by: User, *, on: date) -> None:
    if not keeps_rules(by, on=on):
        raise PermissionDenied


# ---------------------------------------------------------------- parameters


@transaction.atomic
def ask_rule_change(
    rules: RuleSet,
    parameter: Parameter,
    *,
    by: User,
    on: date,
    new: str,
    source: str,
    certainty: str,
    reason: str,
) -> list[RuleChange]:
    """Ask that `parameter` of `rules` become `new` (as typed); another person of the top answers.

    Return a row for each column that is to change. Raises PermissionDenied where `by` does not
    keep the rules, DomainError at `new` (no such value, the present one, one that the other
    parameters exclude, or a change of it waits already), `source`, `certainty` or `reason`.
    """
    _refuse_others(by, on=on)
    # Two who ask at once: the second waits here and then sees the first one's row.
    rules = RuleSet.objects.select_for_update(no_key=True).get(pk=rules.pk)
    written = _written(source=source, reason=reason)
    if certainty not in RuleSet.Certainty.values:
        raise DomainError(fields={"certainty": _("Choose how sure it is.")})
    try:
        values = parameter.read(new.strip())
    except ValueError as error:
        raise DomainError(fields={"new": str(error)}) from None
    changed = {
        column: new_value
        for column, new_value in values.items()
        if getattr(rules, column) != new_value
    }
    if not changed:
        raise DomainError(fields={"new": _("This is the present value.")})
    waiting = rules.changes.waiting().filter(name__in=parameter.columns).first()
    if waiting is not None:
        raise DomainError(
            fields={
                "new": _("A change of it waits already, asked for by %(person)s.")
                % {"person": waiting.entered_by}
            }
        )
    old = {column: as_text(getattr(rules, column)) for column in changed}
    _refuse_impossible(rules, changed)
    return [
        RuleChange.objects.create(
            rules=rules,
            name=column,
            old=old[column],
            new=as_text(new_value),
            certainty=certainty,
            entered_by=by,
            **written,
        )
        for column, new_value in changed.items()
    ]


def _refuse_impossible(rules: RuleSet, changed: dict[str, object]) -> None:
    for column, new_value in changed.items():
        setattr(rules, column, new_value)
    try:
        rules.clean_fields(exclude=["period"])
        rules.validate_constraints(exclude=["period"])
    except ValidationError:
        raise DomainError(
            fields={"new": _("This value does not go with the other parameters of the rules.")}
        ) from None


def together(change: RuleChange) -> list[RuleChange]:
    """Return the waiting changes that were asked for with `change`: the two columns of a share."""
    columns = OF_COLUMN[change.name].columns
    return list(
        RuleChange.objects.waiting()
        .select_for_update()
        .filter(rules=change.rules_id, name__in=columns)
        .order_by("pk")
    )


@transaction.atomic
def answer_rule_change(
    change: RuleChange, *, by: User, on: date, approves: bool
) -> list[RuleChange]:
    """Approve or refuse a change of a parameter; approved, it holds from now on.

    What files have reckoned stays as it was reckoned. Raises PermissionDenied where `by` asked for
    it or does not keep the rules, DomainError where it is answered already or the value has
    changed since.
    """
    _refuse_others(by, on=on)
    rules = RuleSet.objects.select_for_update(no_key=True).get(pk=change.rules_id)
    waiting = together(change)
    if change.pk not in {one.pk for one in waiting}:
        raise DomainError(_("This change is answered already."))
    if any(is_one_human(by, one.entered_by) for one in waiting):
        raise PermissionDenied
    for one in waiting:
        if as_text(getattr(rules, one.name)) != one.old:
            raise DomainError(_("The value has changed since; ask for the change anew."))
        one.approved_by = by
        if approves:
            one.approved_at = AppNow()
        else:
            one.refused_at = AppNow()
        one.save(update_fields=["approved_by", "approved_at", "refused_at"])
    if approves:
        parameter = OF_COLUMN[change.name]
        present = {column: as_text(getattr(rules, column)) for column in parameter.columns}
        wanted = present | {one.name: one.new for one in waiting}
        changed = parameter.read("/".join(wanted[column] for column in parameter.columns))
        _refuse_impossible(rules, changed)
        rules.save(update_fields=sorted(changed))
    for one in waiting:
        one.refresh_from_db()
    return waiting


@transaction.atomic
def withdraw_rule_change(change: RuleChange, *, by: User, on: date) -> list[RuleChange]:
    """Take back a change that nobody has answered; it stays to be read, and may be asked anew.

    Raises PermissionDenied where `by` is not who asked for it or keeps the rules no more,
    DomainError where it is answered or taken back already.
    """
    _refuse_others(by, on=on)
    RuleSet.objects.select_for_update(no_key=True).get(pk=change.rules_id)
    if not is_one_human(by, change.entered_by):
        raise PermissionDenied
    waiting = together(change)
    if change.pk not in {one.pk for one in waiting}:
        raise DomainError(_("This change is answered already."))
    for one in waiting:
        one.withdrawn_at = AppNow()
        one.save(update_fields=["withdrawn_at"])
        one.refresh_from_db()
    return waiting


# ---------------------------------------------------------------- days


@transaction.atomic
def decree_day(*, by: User, on: date, day: date, kind: str, source: str) -> DayOff:
    """Write that `day` is off, worked in exchange, or as in the calendar again, after `source`.

    Terms that run over the day are reckoned anew. Raises PermissionDenied where `by` does not keep
    the rules, DomainError at `day` where it is so already or lies before the first known rules or
    two years ahead, at `kind` or `source`.
    """
    _refuse_others(by, on=on)
    hold(Lock.RULES)
    if sentence := _out_of_bounds(day, on=on):
        raise DomainError(fields={"day": sentence})
    written = _written(source=source)
    most = DayOff._meta.get_field("source").max_length or MOST_CHARACTERS
    if len(written["source"]) > most:
        raise DomainError(fields={"source": _("At most %(most)s characters.") % {"most": most}})
    if kind not in DayOff.Kind.values:
        raise DomainError(fields={"kind": _("Choose what the day is.")})
    calendar = working_days()
    is_decreed = day in calendar.off or day in calendar.worked
    if kind == DayOff.Kind.USUAL:
        is_so = not is_decreed
    elif is_decreed:
        is_so = (day in calendar.worked) == (kind == DayOff.Kind.WORKING)
    else:
        is_so = (day in USUAL) == (kind == DayOff.Kind.WORKING)
    if is_so:
        raise DomainError(fields={"day": _("This day is so already.")})
    decreed = DayOff.objects.create(day=day, kind=kind, entered_by=by, **written)
    follow_calendar(day, on=on)
    return decreed


def _out_of_bounds(day: date, *, on: date) -> str | None:
    """Return between which days a day is decreed, where `day` lies beyond; or None.

    No term begins before the first known rules, and none runs further ahead.
    """
    first = RuleSet.objects.order_by("period").values_list("period", flat=True)[0].lower
    last = add_months(on, MONTHS_AHEAD)
    if first <= day <= last:
        return None
    return _("From %(first)s to %(last)s.") % {
        "first": f"{first:%d/%m/%Y}",
        "last": f"{last:%d/%m/%Y}",
    }


# ---------------------------------------------------------------- open questions


def in_force(question: Question, *, on: date) -> str:
    """Return the value of `question` on day `on`."""
    return value(question.name, on)


def waiting_setting(question: Question, *, on: date) -> Setting | None:
    """Return the value of `question` that waits for a second person, if any.

    The latest row counts: one that says the value in force takes an earlier wish back.
    """
    latest = Setting.objects.filter(name=question.name).order_by("-pk").first()
    if latest is None or latest.approved_at is not None:
        return None
    return latest if latest.value != in_force(question, on=on) else None


@transaction.atomic
def ask_setting(question: Question, *, by: User, on: date, value: str, reason: str) -> Setting:
    """Ask that `question` be answered with `value`; another person of the top approves.

    Raises PermissionDenied where `by` does not keep the rules, DomainError at `value` (no answer
    to it, the one in force, or one waits already) or `reason`.
    """
    _refuse_others(by, on=on)
    hold(Lock.RULES)
    written = _written(reason=reason)
    value = value.strip()
    if refusal := question.refusal(value):
        raise DomainError(fields={"value": str(refusal)})
    if question.choices is None:
        value = str(int(value))
    if value == in_force(question, on=on):
        raise DomainError(fields={"value": _("This is the present value.")})
    if waiting := waiting_setting(question, on=on):
        raise DomainError(
            fields={
                "value": _("A change of it waits already, asked for by %(person)s.")
                % {"person": waiting.entered_by}
            }
        )
    return Setting.objects.create(name=question.name, value=value, entered_by=by, **written)


@transaction.atomic
def withdraw_setting(setting: Setting, *, by: User, on: date) -> Setting:
    """Take back a value that nobody has answered, by writing the one in force beside it.

    Raises PermissionDenied where `by` is not who asked for it or keeps the rules no more,
    DomainError where it is answered or taken back already.
    """
    _refuse_others(by, on=on)
    hold(Lock.RULES)
    question = QUESTIONS[setting.name]
    waiting = waiting_setting(question, on=on)
    if waiting is None or waiting.pk != setting.pk:
        raise DomainError(_("This change is answered already."))
    if not is_one_human(by, waiting.entered_by):
        raise PermissionDenied
    return Setting.objects.create(
        name=question.name,
        value=in_force(question, on=on),
        reason=_("Taken back: %(value)s") % {"value": question.in_words(waiting.value)},
        entered_by=by,
    )


@transaction.atomic
def answer_setting(setting: Setting, *, by: User, on: date, approves: bool) -> Setting:
    """Approve a value, or refuse it by writing the one in force beside it.

    Raises PermissionDenied where `by` asked for it or does not keep the rules, DomainError where
    it is answered already.
    """
    _refuse_others(by, on=on)
    hold(Lock.RULES)
    question = QUESTIONS[setting.name]
    waiting = waiting_setting(question, on=on)
    if waiting is None or waiting.pk != setting.pk:
        raise DomainError(_("This change is answered already."))
    if is_one_human(by, waiting.entered_by):
        raise PermissionDenied
    if not approves:
        return Setting.objects.create(
            name=question.name,
            value=in_force(question, on=on),
            reason=_("Not agreed to: %(value)s") % {"value": question.in_words(waiting.value)},
            entered_by=by,
        )
    waiting.approved_by = by
    waiting.approved_at = AppNow()
    waiting.save(update_fields=["approved_by", "approved_at"])
    waiting.refresh_from_db()
    return waiting
