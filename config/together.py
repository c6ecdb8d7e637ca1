"""Reading several querysets in one statement: what a page needs, however many tables it lies in.

Each queryset becomes one column, a JSON array of its rows, from which the same objects are made
that it would have given by itself: `select_related`, annotations, orders and converters hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models import QuerySet
from django.db.models.query import get_related_populators
from psycopg.types.range import DateRange

from config.planned import Planned

Reader = Callable[[Any], Any]


def _day_range(text: str) -> DateRange:
    if text == "empty":
        return DateRange(empty=True)
    lower, upper = text[1:-1].split(",")
    return DateRange(
        date.fromisoformat(lower) if lower else None,
        date.fromisoformat(upper) if upper else None,
        text[0] + text[-1],
    )


READERS: tuple[tuple[type[models.Field[Any, Any]], Reader], ...] = (
    (models.DateTimeField, datetime.fromisoformat),  # before DateField, whose subclass it is
    (models.DateField, date.fromisoformat),
    (models.UUIDField, UUID),
    (models.DecimalField, lambda value: Decimal(str(value))),
    (models.BinaryField, lambda text: bytes.fromhex(text[2:])),
    (models.JSONField, json.dumps),  # its own converter reads the text
    (DateRangeField, _day_range),
)
"""How a value that JSON writes as something else is read; the others are as they come."""


def _reader(field: models.Field[Any, Any]) -> Reader | None:
    if isinstance(field, ArrayField):
        inner = _reader(field.base_field)
        return (lambda values: [inner(one) for one in values]) if inner else None
    if isinstance(field, models.ForeignKey):
        return _reader(field.target_field)
    return next((reader for kind, reader in READERS if isinstance(field, kind)), None)


@dataclass(frozen=True)
class Part:
    """One queryset, compiled: its columns' readers and what makes objects of its rows."""

    name: str
    queryset: QuerySet[Any]
    compiler: Any
    readers: list[Reader | None]


TYPES: dict[type, str] = {int: "bigint", list: "bigint[]", date: "date"}
"""Of what type in the database a value is that takes a stand-in's place."""


class Prepared:
    """Several querysets compiled into one statement, to be asked again with other values.

    Compiling takes longer than asking, and so does planning (config/planned.py).
    `stand_ins` are the values with which the querysets were made, each unlike any other value in
    them: {name: stand-in}, of one of TYPES; `fetch` puts others in their place.
    Prefetches and slices within are not carried out.
    """

    def __init__(
        self, querysets: Mapping[str, QuerySet[Any]], stand_ins: Mapping[str, Any] | None = None
    ) -> None:
        self.names = list(querysets)
        self.parts: list[Part] = []
        columns: list[str] = []
        params: list[Any] = []
        for name, queryset in querysets.items():
            compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
            try:
                sql, values = compiler.as_sql()
            except EmptyResultSet:
                continue
            aliases = ", ".join(f"c{place}" for place in range(len(compiler.select)))
            rows = f"SELECT json_agg(json_build_array({aliases})) FROM ({sql}) AS q({aliases})"  # noqa: S608 - compiled
            columns.append(f"({rows})::text")
            params.extend(values)
            readers = [_reader(one[0].output_field) for one in compiler.select]
            self.parts.append(Part(name, queryset, compiler, readers))
        stand_ins = stand_ins or {}
        constants: dict[str, Any] = {}
        params_left = iter(params)

        def place(found: re.Match[str]) -> str:
            """Give each parameter a name: that of its stand-in, or one of its own."""
            if found[0] == "%%":
                return "%%"
            one = next(params_left)
            for name, value in stand_ins.items():
                if _same(value, one):
                    return f"%({name})s"
            constants[f"p{len(constants)}"] = one
            return f"%(p{len(constants) - 1})s"

        self._statement = Planned(
            re.sub("%[s%]", place, f"SELECT {', '.join(columns)}"),
            types={name: TYPES[type(value)] for name, value in stand_ins.items()},
            constants=constants,
        )

    def fetch(self, **values: Any) -> dict[str, list[Any]]:
        """Return {name: what the queryset gives, as a list}, all read by one statement.

        `values` are those in the place of each stand-in, by its name.
        """
        found: dict[str, list[Any]] = {name: [] for name in self.names}
        if not self.parts:
            return found
        with connection.cursor() as cursor:
            self._statement.execute(cursor, values)
            row = cursor.fetchone()
        for part, text in zip(self.parts, row or (), strict=True):
            if text:
                rows = json.loads(text, parse_float=Decimal)
                found[part.name] = list(_objects(part, rows))
        return found


def _same(stand_in: Any, param: Any) -> bool:
    is_number = isinstance(stand_in, int) and isinstance(param, int)
    return (is_number or type(stand_in) is type(param)) and bool(stand_in == param)


def fetch_together(querysets: Mapping[str, QuerySet[Any]]) -> dict[str, list[Any]]:
    """Return {name: what the queryset gives, as a list}, all read by one statement.

    Takes querysets of models and of `values_list`; the latter give tuples.
    """
    return Prepared(querysets).fetch()


def _objects(part: Part, rows: list[list[Any]]) -> Iterator[Any]:
    """Make what a queryset yields of `rows`, as its own iterable does."""
    compiler = part.compiler
    converting = [(place, reader) for place, reader in enumerate(part.readers) if reader]
    for row in rows:
        for place, reader in converting:
            if row[place] is not None:
                row[place] = reader(row[place])
    read = compiler.results_iter([rows])
    klass = compiler.klass_info
    if getattr(part.queryset, "_fields", None) is not None:  # a queryset of values
        yield from (tuple(one) for one in read)
        return
    fields = klass["select_fields"]
    first, last = fields[0], fields[-1] + 1
    names = [one[0].target.attname for one in compiler.select[first:last]]
    populators: Any = get_related_populators  # typed for a later Django
    related = populators(klass, compiler.select, DEFAULT_DB_ALIAS)
    for one in read:
        made = klass["model"].from_db(DEFAULT_DB_ALIAS, names, one[first:last])
        for populator in related:
            populator.populate(one, made)
        for name, place in compiler.annotation_col_map.items():
            setattr(made, name, one[place])
        yield made
