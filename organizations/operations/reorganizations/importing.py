"""Events pasted from a spreadsheet: read, resolved and refused by row number; all or nothing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError
from organizations.models import (
    Ancestry,
    Designation,
    Organization,
    OrganizationKind,
    Reorganization,
    ReorganizationEvent,
    ReorganizationKind,
    User,
)
from organizations.selectors import with_names

from .drafting import (
    MOST_UNITS,
    EventRow,
    NewUnit,
    edited,
    locked_draft,
    refuse_characters,
    refuse_row,
    write_events,
)
from .planning import ground_of, look_at, plan_of
from .refusals import structural_refusals

Kind = ReorganizationKind
COLUMNS = 5
MOST_ROWS = 1000
"""Rows of one table; more are pasted as several."""
CODES = 5
"""Organisations of one name that a refusal tells apart."""
TOLD = 20
"""Refused rows that one answer names."""
KINDS = {
    "thanh lap": Kind.FOUND,
    "sap nhap": Kind.MERGE,
    "hop nhat": Kind.CONSOLIDATE,
    "chia tach": Kind.SPLIT,
    "chia": Kind.SPLIT,
    "tach": Kind.SPLIT,
    "chuyen giao": Kind.MOVE,
    "nang cap": Kind.CONVERT,
    "chuyen doi": Kind.CONVERT,
    "chuyen doi loai hinh": Kind.CONVERT,
    "nang cap, chuyen doi loai hinh": Kind.CONVERT,
    "giai the": Kind.DISSOLVE,
    "giai tan": Kind.DISBAND,
}
"""The words of the field, without diacritics."""
HEADERS = ("kind", "loai", "hinh thuc", "su kien")
"""How the first cell of a header row begins."""


@dataclass
class ParsedRow:
    """A row of a pasted table: its number there, what it says, and why it cannot be, if so.

    `typed` are its columns as pasted; `waits` is what is still to be said of it once written.
    """

    number: int
    kind: str = ""
    sources: list[Organization] = field(default_factory=list)
    results: list[Organization | NewUnit] = field(default_factory=list)
    error: str = ""
    typed: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)

    @property
    def event(self) -> EventRow:
        return EventRow(self.kind, tuple(self.sources), tuple(self.results))


@dataclass
class _Cells:
    number: int
    typed: list[str]
    error: str
    kind: str
    units: list[str]
    results: list[str]
    kinds: list[str]
    superior: str


def read_events(text: str, *, reorganization: Reorganization, on: date) -> list[ParsedRow]:
    """Read a pasted table: kind, units, results, kind of new, superior of new, tab-separated.

    Several units or results in a cell are separated by semicolons; each is an address or a full
    name as on the effective day, beneath the deciding organisation. A result that is neither is
    new. Blank rows and a header are skipped; what cannot be is in `error`, also of all rows after
    the first `MOST_ROWS`. A few queries, whatever the number of rows.
    """
    cells = list(islice(_cells(text), MOST_ROWS + 1))
    for row in cells[MOST_ROWS:]:
        row.error = _("At most %(n)s rows at once.") % {"n": MOST_ROWS}
    known = _Known([row for row in cells if not row.error], reorganization)
    new: dict[str, list[NewUnit]] = defaultdict(list)
    return [_parsed(row, known, new) for row in cells]


def _cells(text: str) -> Iterable[_Cells]:
    is_first = True
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if not line.strip():
            continue
        columns = [names.written(cell) for cell in line.split("\t")]
        columns += [""] * (COLUMNS - len(columns))
        if is_first and names.search_key(columns[0]).startswith(HEADERS):
            is_first = False
            continue
        is_first = False
        units, results = _several(columns[1]), columns[2].split(";")
        yield _Cells(
            number=number,
            typed=columns[:COLUMNS],
            error=_wrong_text(columns[:COLUMNS], max(len(units), len(results))),
            kind=columns[0],
            units=units,
            results=[part.strip() for part in results] if columns[2] else [],
            kinds=_several(columns[3]),
            superior=columns[4],
        )


def _wrong_text(columns: list[str], units: int) -> str:
    if units > MOST_UNITS:
        return _("At most %(n)s at once.") % {"n": MOST_UNITS}
    try:
        for text in columns:
            for part in _several(text):
                refuse_characters(part)
    except DomainError as refused:
        return str(refused)
    return ""


def _several(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


class _Known:
    """The organisations and kinds that a table names, by address and by name."""

    def __init__(self, rows: list[_Cells], reorganization: Reorganization) -> None:
        texts = {text for row in rows for text in [*row.units, *row.results, row.superior] if text}
        keys = {names.search_key(text)[:160] for text in texts}
        day = reorganization.effective_on
        mine = Ancestry.objects.on(day).filter(ancestor=reorganization.organization_id)
        named = Designation.objects.on(day).filter(name_search__in=keys)
        found = list(
            Organization.objects.filter(
                Q(slug__in=texts) | Q(pk__in=named.values("organization")),
                pk__in=mine.values("descendant"),
            ).called(on=day)
        )
        self.by_slug = {unit.slug: unit for unit in found if unit.slug in texts}
        self._by_name: dict[str, list[Organization]] = defaultdict(list)
        for unit in found:
            self._by_name[names.search_key(str(unit))[:160]].append(unit)
        above = with_names(
            (unit for line in self._by_name.values() if len(line) > 1 for unit in line), on=day
        )
        self._above = {unit.pk: superior.name for unit, _name, superior in above if superior}
        self.kinds = OrganizationKind.objects.in_bulk()
        self._kinds_by_name = {
            names.search_key(name): code
            for code, kind in self.kinds.items()
            for name in (kind.name, kind.name_en)
        }

    def organization(self, text: str) -> Organization | None:
        """Return what `text` names; DomainError where several bear the name."""
        if text in self.by_slug:
            return self.by_slug[text]
        found = self._by_name.get(names.search_key(text)[:160], [])
        exact = [unit for unit in found if str(unit) == text] or found
        if len(exact) > 1:
            codes = [self._code(unit) for unit in exact[:CODES]]
            raise DomainError(
                _(
                    "%(number)s organisations are called “%(name)s”: write the code of the one"
                    " that is meant instead: %(codes)s."
                )
                % {"number": len(exact), "name": text, "codes": "; ".join(codes)}
            )
        return exact[0] if exact else None

    def _code(self, unit: Organization) -> str:
        above = self._above.get(unit.pk)
        if above is None:
            return unit.slug
        return _("%(code)s (beneath %(under)s)") % {"code": unit.slug, "under": above}

    def kind(self, text: str) -> str:
        """Return the code of the kind of organisation that `text` names, "" for none."""
        if text in self.kinds:
            return text
        found: str = self._kinds_by_name.get(names.search_key(text), "")
        return found


def _parsed(row: _Cells, known: _Known, new: dict[str, list[NewUnit]]) -> ParsedRow:
    parsed = ParsedRow(number=row.number, typed=row.typed, error=row.error)
    if row.error:
        return parsed
    try:
        parsed.kind = _kind(row.kind)
        parsed.sources = [_source(text, known) for text in row.units]
        parsed.results = _results(row, parsed.kind, known, new)
        refuse_row(parsed.event, kinds=known.kinds)
    except DomainError as refused:
        parsed.error = str(refused)
        return parsed
    for result in parsed.results:
        if isinstance(result, NewUnit):
            new[names.search_key(result.name)].append(result)
    return parsed


def _kind(text: str) -> str:
    if text in Kind.values:
        return text
    key = names.search_key(text)
    if found := KINDS.get(key):
        return found
    for kind in Kind:
        if key == names.search_key(str(kind.label)):
            return kind
    raise DomainError(_("“%(kind)s” is no kind of event.") % {"kind": text})


def _source(text: str, known: _Known) -> Organization:
    found = known.organization(text)
    if found is None:
        raise DomainError(
            _("There is no organisation “%(name)s” on that day beneath the deciding one.")
            % {"name": text}
        )
    return found


def _results(
    row: _Cells, kind: str, known: _Known, new: dict[str, list[NewUnit]]
) -> list[Organization | NewUnit]:
    texts = row.results
    if kind == Kind.CONVERT and not texts:
        texts = [""]  # the source keeps its name
    results: list[Organization | NewUnit] = []
    for place, text in enumerate(texts):
        describes = kind == Kind.CONVERT
        found = None if describes or not text else known.organization(text)
        if found is not None and kind not in (Kind.FOUND, Kind.CONSOLIDATE):
            results.append(found)
        elif text or (describes and place == 0):
            results.append(_new(row, place, text, known, new))
    return results


def _new(
    row: _Cells, place: int, name: str, known: _Known, new: dict[str, list[NewUnit]]
) -> NewUnit:
    if not row.kinds:
        raise DomainError(
            _("“%(name)s” is no organisation there; for a new one give its kind.") % {"name": name}
        )
    written = row.kinds[min(place, len(row.kinds) - 1)]
    code = known.kind(written)
    if not code:
        raise DomainError(_("“%(kind)s” is no kind of organisation.") % {"kind": written})
    under: Organization | NewUnit | None = None
    if row.superior:
        earlier = new.get(names.search_key(row.superior), [])
        exists = known.organization(row.superior)
        if len(earlier) + bool(exists) > 1:
            raise DomainError(
                _("Several organisations will be called “%(name)s”: found them in the form.")
                % {"name": row.superior}
            )
        under = earlier[0] if earlier else exists
        if under is None:
            raise DomainError(
                _("There is no organisation “%(name)s” on that day beneath the deciding one.")
                % {"name": row.superior}
            )
    return NewUnit(name=name, kind=code, under=under)


@transaction.atomic
def check_events(
    reorganization: Reorganization, *, by: User, on: date, text: str
) -> list[ParsedRow]:
    """Read a pasted table and look at its right rows as if they were written; nothing is.

    A row that the decision would refuse has that in `error`; in `waits` what is said of it
    later, such as who goes where. Raises as `locked_draft` does.
    """
    decision = locked_draft(reorganization, by=by, on=on)
    rows = read_events(text, reorganization=decision, on=on)
    right = [row for row in rows if not row.error]
    with transaction.atomic():
        _look_at(decision, right, by=by)
        transaction.set_rollback(True)
    return rows


def _look_at(decision: Reorganization, rows: list[ParsedRow], *, by: User) -> None:
    try:
        events = write_events(decision, by=by, rows=[row.event for row in rows])
    except DomainError as refused:
        for row in rows:
            row.error = str(refused)
        return
    written = {event.position: row for event, row in zip(events, rows, strict=True)}
    ground = ground_of(plan_of(decision))
    stopped = {(one.row, one.sentence) for one in structural_refusals(ground)}
    for one in look_at(ground).refusals:
        mine = written.get(one.row or 0)
        if mine is None:
            continue
        if (one.row, one.sentence) in stopped:
            mine.error = f"{mine.error} {one.sentence}".strip()
        else:
            mine.waits.append(one.sentence)


@transaction.atomic
def import_events(
    reorganization: Reorganization, *, by: User, on: date, text: str
) -> list[ReorganizationEvent]:
    """Add the events of a pasted table to a draft; all of them, or none.

    Raises as `add_event`, with a DomainError at `text` that names the refused rows by number.
    """
    decision = locked_draft(reorganization, by=by, on=on)
    rows = read_events(text, reorganization=decision, on=on)
    if not rows:
        raise DomainError(fields={"text": _("Paste at least one row.")})
    wrong = [row for row in rows if row.error]
    if wrong:
        raise DomainError(fields={"text": " ".join(_told(row) for row in wrong[:TOLD])})
    try:
        events = write_events(
            decision,
            by=by,
            rows=[row.event for row in rows],
        )
    except DomainError as refused:
        raise DomainError(fields={"text": str(refused)}) from refused
    edited(decision)
    return events


def _told(row: ParsedRow) -> str:
    return _("Row %(row)s: %(sentence)s") % {"row": row.number, "sentence": row.error}
