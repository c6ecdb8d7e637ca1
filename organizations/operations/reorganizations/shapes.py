"""How many sources and results each kind of event has, and of what sort."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from config.errors import DomainError
from organizations.models import Organization, ReorganizationKind

Kind = ReorganizationKind
ENDING = (Kind.MERGE, Kind.CONSOLIDATE, Kind.DISSOLVE, Kind.DISBAND)
"""Kinds whose sources all exist no more afterwards; a split one may stay as one of its parts."""


def refuse_shape(
    kind: str, sources: Sequence[Organization], results: Sequence[Any], *, new: type
) -> None:
    """Raise DomainError at `kind`, `sources` or `results` where an event has the wrong shape.

    found: – → one new. merge: one or more → one that exists. consolidate: two or more → one new.
    split: one → two or more, new or the source itself. move: one or more → one that exists.
    convert: one → a description of itself, and new ones beneath it. dissolve, disband: one or
    more → any number that exist.
    """
    if kind not in Kind.values:
        raise DomainError(fields={"kind": _("There is no such kind of event.")})
    least, most = {
        Kind.FOUND: (0, 0), Kind.MERGE: (1, None), Kind.CONSOLIDATE: (2, None),
        Kind.SPLIT: (1, 1), Kind.MOVE: (1, None), Kind.CONVERT: (1, 1),
        Kind.DISSOLVE: (1, None), Kind.DISBAND: (1, None),
    }[Kind(kind)]  # fmt: skip
    if len(sources) < least:
        sentence = (
            _("Name the two or more organisations that are united.")
            if least == 2
            else _("Name the organisation that this row changes.")
        )
        raise DomainError(fields={"sources": sentence})
    if most is not None and len(sources) > most:
        sentence = (
            _("A founding has no organisation before it.")
            if most == 0
            else _("Name one organisation alone.")
        )
        raise DomainError(fields={"sources": sentence})
    _refuse_twice(kind, sources, results, new=new)
    sentence = _wrong_results(kind, sources, results, new=new)
    if sentence:
        raise DomainError(fields={"results": sentence})


def _refuse_twice(
    kind: str, sources: Sequence[Organization], results: Sequence[Any], *, new: type
) -> None:
    named = [unit.pk for unit in sources]
    existing = [unit.pk for unit in results if not isinstance(unit, new)]
    both = set(named) & set(existing) if kind != Kind.SPLIT else set()
    if len(set(named)) < len(named) or len(set(existing)) < len(existing) or both:
        twice = next(
            unit
            for unit in [*sources, *results]
            if not isinstance(unit, new)
            and (named.count(unit.pk) > 1 or existing.count(unit.pk) > 1 or unit.pk in both)
        )
        field = "sources" if named.count(twice.pk) > 1 else "results"
        raise DomainError(fields={field: _("%(unit)s is named twice.") % {"unit": twice}})


def _wrong_results(
    kind: str, sources: Sequence[Organization], results: Sequence[Any], *, new: type
) -> str:
    described = [unit for unit in results if isinstance(unit, new)]
    existing = [unit for unit in results if not isinstance(unit, new)]
    if kind in (Kind.FOUND, Kind.CONSOLIDATE) and (len(described), len(existing)) != (1, 0):
        return _("Describe the one new organisation.")
    if kind in (Kind.MERGE, Kind.MOVE) and (len(described), len(existing)) != (0, 1):
        return _("Choose the one organisation that receives.")
    if kind == Kind.SPLIT:
        if len(results) < 2:
            return _("Name two parts or more.")
        if any(unit.pk != sources[0].pk for unit in existing):
            return _("A part is new, or the organisation itself.")
    if kind == Kind.CONVERT and (not described or existing):
        return _("Describe what the organisation is from then on.")
    if kind in (Kind.DISSOLVE, Kind.DISBAND) and described:
        return _("Choose organisations that exist to receive people and units.")
    return ""
