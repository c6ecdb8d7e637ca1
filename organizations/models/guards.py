"""Triggers and constraints that several tables share; each name reads as a sentence."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length

from config.clock import AppNow
from config.locks import Lock

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


def stays_once(
    when: str,
    *,
    name: str,
    besides: tuple[str, ...] = (),
    trigger: str = "answered_rows_stay",
) -> pgtrigger.Trigger:
    """Return the trigger that keeps a row as it is once `when` (SQL of OLD) holds.

    `name` names the refusal; columns `besides` go on changing. A table with two such guards names
    the `trigger` of one.
    """
    changing = ", ".join(f"'{column}'" for column in besides)
    return pgtrigger.Trigger(
        name=trigger,
        operation=pgtrigger.Update,
        when=pgtrigger.Before,
        func=f"""
    IF {when} AND to_jsonb(NEW) - ARRAY[{changing}]::text[]
        IS DISTINCT FROM to_jsonb(OLD) - ARRAY[{changing}]::text[] THEN
        RAISE EXCEPTION 'what was answered is not changed'
            USING ERRCODE = '23514', CONSTRAINT = '{name}';
    END IF;
    RETURN NEW;
""",
    )


TWO_PEOPLE = """
    DECLARE
        refusal text;
    BEGIN
        SELECT acted.refusal INTO refusal FROM (VALUES {pairs}) AS acted (one, other, refusal)
            JOIN organizations_user AS account ON account.id = acted.one
            JOIN organizations_user AS beside ON beside.id = acted.other
            JOIN organizations_person AS person ON person.id = account.person_id
            JOIN organizations_person AS companion ON companion.id = beside.person_id
            WHERE coalesce(person.merged_into_id, person.id)
                = coalesce(companion.merged_into_id, companion.id);
        IF FOUND THEN
            RAISE EXCEPTION 'two accounts of one person are not two people'
                USING ERRCODE = '23514', CONSTRAINT = refusal;
        END IF;
        RETURN NEW;
    END;
"""
ACTED = """(CASE WHEN NEW.{second}_id IS DISTINCT FROM OLD.{second}_id THEN NEW.{second}_id END,
                NEW.{other}_id, '{refusal}')"""


def two_people(
    *, condition: pgtrigger.Condition | None = None, **refusals: tuple[str, ...]
) -> pgtrigger.Trigger:
    """Return the trigger that refuses two accounts of one human being where it takes two people.

    `refusals` is {name: (column of who acts second, columns of whom they are not)}, the name that
    of the constraint by which they are not one account. Looked at when the second acts: whose an
    account is may be said, and records may be merged, long after. Only rows for which `condition`
    holds are looked at.
    """
    columns = dict.fromkeys(f"{second}_id" for second, *_others in refusals.values())
    return pgtrigger.Trigger(
        name="two_people_not_two_accounts",
        operation=pgtrigger.Insert | pgtrigger.UpdateOf(*columns),  # type: ignore[no-untyped-call]
        when=pgtrigger.Before,
        condition=condition,
        func=TWO_PEOPLE.format(
            pairs=",\n                ".join(
                ACTED.format(second=second, other=other, refusal=refusal)
                for refusal, (second, *others) in refusals.items()
                for other in others
            )
        ),
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


NOT_SEALED = """
    DECLARE
        day date := {day};
    BEGIN
        -- Closing takes the same lock alone: it waits for what is under way, and that for it.
        PERFORM pg_advisory_xact_lock_shared({lock});
        IF day IS NULL OR NOT EXISTS (SELECT 1 FROM organizations_seal AS seal
            WHERE seal.approved_at IS NOT NULL AND seal.lifted_at IS NULL AND {dated}) THEN
            RETURN NEW;
        END IF;
        IF EXISTS (
            SELECT 1 FROM organizations_seal AS seal
            JOIN organizations_ancestry AS line ON line.ancestor_id = seal.organization_id
            WHERE line.descendant_id IN ({organization})
                AND daterange(line.valid_from, line.valid_to) && seal.period
                AND seal.approved_at IS NOT NULL AND seal.lifted_at IS NULL
                AND {dated}
        ) THEN
            RAISE EXCEPTION '% lies inside a period that is sealed, or changes one', day
                USING ERRCODE = '23514', CONSTRAINT = '{constraint}';
        END IF;
        RETURN NEW;
    END;
"""
INSIDE = "seal.period @> day"
RUNS_ON = "upper(seal.period) > day"

FIRST_DAY_CHANGED = """CASE
    WHEN TG_OP = 'INSERT' THEN lower(NEW.period)
    WHEN lower(NEW.period) <> lower(OLD.period) OR {other}
        THEN least(lower(OLD.period), lower(NEW.period))
    WHEN NEW.period <> OLD.period
        THEN least(coalesce(upper(OLD.period), 'infinity'), coalesce(upper(NEW.period), 'infinity'))
    END"""
"""The first day on which a row with a period says something else than before, as SQL.

`other` is what makes it another row altogether.
"""


def not_sealed(
    *,
    organization: str,
    day: str,
    constraint: str,
    runs_on: bool = False,
    operation: pgtrigger.Operation | pgtrigger.Operations = pgtrigger.Insert,
) -> pgtrigger.Trigger:
    """Return the trigger that refuses a row dated `day` (SQL) inside what is sealed.

    `organization` (SQL, several with commas) says whose row it is; `constraint` names the refusal.
    What `runs_on` is refused before the end of a sealed period as well, not only inside it.
    """
    return pgtrigger.Trigger(
        name="not_inside_what_is_sealed",
        operation=operation,
        when=pgtrigger.Before,
        func=NOT_SEALED.format(
            organization=organization,
            day=day,
            constraint=constraint,
            dated=RUNS_ON if runs_on else INSIDE,
            lock=int(Lock.SEALS),
        ),
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
