"""Triggers and constraints that several tables share; each name reads as a sentence."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length

from config.clock import AppNow

APPEND_ONLY = [
    pgtrigger.Protect(name="rows_are_never_changed", operation=pgtrigger.Update),
    pgtrigger.Protect(name="rows_are_never_deleted", operation=pgtrigger.Delete),
]
"""For tables whose rows are facts: a correction is a new row."""

NEVER_DELETED = [pgtrigger.Protect(name="rows_are_never_deleted", operation=pgtrigger.Delete)]


def entered_now() -> pgtrigger.Trigger:
    """Return the trigger that stamps `entered_at` from the database's clock, whatever was sent."""
    return pgtrigger.Trigger(
        name="entered_at_is_the_clock",
        operation=pgtrigger.Insert,
        when=pgtrigger.Before,
        func="NEW.entered_at := app_now(); RETURN NEW;",
    )


class EnteredAt(models.DateTimeField):  # type: ignore[type-arg]
    """The instant a row was entered, by the database's clock; goes with `entered_now()`."""

    def __init__(self, **options: object) -> None:
        options.update(editable=False, db_default=AppNow())
        super().__init__(**options)  # type: ignore[arg-type]


class IsWritten(models.Func):
    """True where a text is in NFC and trimmed: the form in which names are stored."""

    template = "(%(expressions)s = normalize(btrim(%(expressions)s), NFC))"
    output_field = models.BooleanField()


def written_name(field: str, *, name: str) -> models.CheckConstraint:
    """Return the constraint that `field` is not blank, NFC and trimmed."""
    return models.CheckConstraint(
        name=name, condition=Q(IsWritten(models.F(field))) & Q(**{f"{field}__length__gt": 0})
    )


models.CharField.register_lookup(Length)
models.TextField.register_lookup(Length)


class PeriodHasFirstDay(models.Func):
    """True where a period has at least one day and a first one."""

    template = "(NOT isempty(%(expressions)s) AND NOT lower_inf(%(expressions)s))"
    output_field = models.BooleanField()


def real_period(*, name: str, field: str = "period") -> models.CheckConstraint:
    """Return the constraint that a period is not empty and begins on some day."""
    return models.CheckConstraint(name=name, condition=Q(PeriodHasFirstDay(models.F(field))))
