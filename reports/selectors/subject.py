"""All that is kept about one person: what is handed to who asks what the system knows of them.

Found by the models' own relations, so that a table that comes later is not forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import BinaryField, Model, QuerySet
from pghistory.models import Event

from admissions.models import Candidate
from organizations.models import AccessEvent, AuditEvent, Particulars, Person, User

Row = dict[str, Any]
NOT_OF_THE_PERSON = frozenset({User, Particulars})
"""What has nothing of its own to say, or is opened apart."""


def everything_about(person: Person) -> dict[str, list[Row]]:
    """Return {table: [{column: value}]} of `person`, of the records merged into theirs, and of all
    that names one of them or one of their files, by the names of the data model.

    Raises ValueError where what is sealed was changed behind the product's back.
    """
    people = Person.objects.filter(pk__in=_merged(person))
    found: dict[str, list[Row]] = {}
    for queryset in _tables(people):
        rows = [_row(one) for one in queryset]
        if rows:
            found.setdefault(str(queryset.model._meta.model_name), []).extend(rows)
    sealed = [Particulars.objects.opened(one) for one in people.order_by("pk")]
    return found | {"particulars": sealed, "read_and_written_by": _told_of(people)}


def _told_of(people: QuerySet[Person]) -> list[Row]:
    """Return who opened, and who wrote, what is kept of `people`; the latest first."""
    references = {str(one) for one in people.values_list("public_id", flat=True)}
    files = Candidate.objects.filter(person__in=people).values_list("public_id", flat=True)
    references |= {str(one) for one in files}
    said = [
        event
        for kind in (AccessEvent, AuditEvent)
        for event in kind.objects.filter(
            object__in=("organizations.person", "admissions.candidate"), reference__in=references
        ).select_related("actor")
    ]
    return [
        {
            "entered_at": event.entered_at.isoformat(),
            "actor": str(event.actor or ""),
            "roles": event.roles,
            "action": event.action,
            "words": event.words,
        }
        for event in sorted(said, key=lambda one: one.entered_at, reverse=True)
    ]


def _merged(person: Person) -> set[int]:
    """Return the keys of the records of one person: the one that is kept, and its duplicates."""
    kept = person.kept_id
    return {kept, *Person.objects.filter(merged_into=kept).values_list("pk", flat=True)}


def _tables(people: QuerySet[Person]) -> Iterator[QuerySet[Any]]:
    """Return the rows of `people`, of what names them, and of what names that, each once."""
    yield people
    seen: dict[type[Model], set[int]] = {Person: set(people.values_list("pk", flat=True))}
    near: list[tuple[type[Model], set[int]]] = [(Person, seen[Person])]
    while near:
        base, keys = near.pop(0)
        relations: list[Any] = base._meta.get_fields(include_hidden=True)
        for related in relations:
            if not (related.one_to_many or related.one_to_one) or related.concrete or not keys:
                continue
            model: Any = related.related_model
            if issubclass(model, Event) or model in NOT_OF_THE_PERSON:
                continue
            if model is Person or (base is not Person and base is not Candidate and model in seen):
                continue
            rows = model._default_manager.filter(**{f"{related.field.name}__in": keys})
            new = set(rows.values_list("pk", flat=True)) - seen.get(model, set())
            if new:
                seen.setdefault(model, set()).update(new)
                near.append((model, new))
                yield model._default_manager.filter(pk__in=new).order_by("pk")


def _row(one: Model) -> Row:
    """Return what the row says: {column: text}, without what is empty."""
    said: Row = {}
    for field in one._meta.concrete_fields:
        value = getattr(one, field.name)
        if value in (None, "", [], {}) or isinstance(field, BinaryField):
            continue
        shown = getattr(one, f"get_{field.name}_display", None)
        said[field.name] = str(shown() if shown else value)
    return said
