"""The grid of targets as an Excel file: written for people, read back as what they changed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import xlsxwriter
from django import forms
from django.utils.translation import gettext as _
from xlsxwriter.utility import xl_range

from config import workbooks
from config.errors import DomainError
from organizations.models import Organization
from targets.forms import read_number
from targets.operations.drafts import Number
from targets.rules import as_typed
from targets.sheets import GridRow

FORMAT = "ketnap-giao-1"
NO_UNIT = "#"
"""In the column of keys: a head, a group, a total."""
TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
HEAD, FIRST = 4, 5
"""Rows, from 0, of the names of the columns and of the first unit."""
KEY, UNIT, MEMBERS, FILES, ADMITTED, LAST_TARGET, REGISTERED, BOUND, NUMBER, PERCENT, NOTE = range(
    11
)
TYPED = r"\d{0,9}(?:-\d{1,9})?"
"""A number as it is typed, as a regular expression: 38, 35-40, nothing."""
WIDTHS = (0, 38, 12, 10, 12, 12, 12, 12, 14, 12, 44)


class Mark(NamedTuple):
    """What the file says of one unit: its draft's version and number as exported, and the number
    that stands there now, as people type them."""

    key: int
    version: int
    exported: str
    after: str

    def __str__(self) -> str:
        return f"{self.key}:{self.version}:{self.exported}:{self.after}"


@dataclass(frozen=True)
class Change:
    """A number that the file changes, beside the row as it stands now."""

    row: GridRow
    mark: Mark

    @property
    def before(self) -> str:
        return self.row.number

    @property
    def after(self) -> str:
        return self.mark.after

    @property
    def number(self) -> Number | None:
        return read_number(self.after)

    @property
    def is_overtaken(self) -> bool:
        """Say whether another number was saved here after the file was exported."""
        return f"{self.mark.key}:{self.mark.version}:{self.mark.exported}" != self.row.mark


@dataclass
class Read:
    """What a file asks for; nothing where any is `wrong`: [(row number, unit, sentence)].

    `is_whole` says that each unit it changes still stands beneath.
    """

    changes: list[Change] = field(default_factory=list)
    wrong: list[tuple[int, str, str]] = field(default_factory=list)
    is_whole: bool = True

    @property
    def taken(self) -> list[Change]:
        """Return the changes of cells that stand as they were exported."""
        return [one for one in self.changes if not one.is_overtaken]

    @property
    def overtaken(self) -> list[Change]:
        """Return the changes of cells that were changed since."""
        return [one for one in self.changes if one.is_overtaken]

    @property
    def marks(self) -> str:
        """Return the changes as the page remembers them."""
        return ",".join(str(one.mark) for one in self.changes)

    @property
    def seen(self) -> str:
        """Return what now stands in the cells that were changed since."""
        return ",".join(one.row.mark for one in self.overtaken)


def signature(organization: Organization, year: int) -> str:
    """Return the mark by which the file of an organisation and year is known."""
    return f"{FORMAT}|{year}|{organization.slug}"


def write(
    organization: Any, rows: Sequence[GridRow], *, year: int, who: str, at: datetime
) -> bytes:
    """Return the grid as a workbook: the columns of the page, totals as formulas, hidden keys."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        sheet = book.add_worksheet(_("Targets %(year)s") % {"year": year})
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        large = book.add_format({"bold": True, "font_size": 14})
        group = book.add_format({"bold": True, "bg_color": "#eeeeee"})
        # As text: Excel would make a day of 3-5.
        typed = book.add_format({"num_format": "@", "align": "right", "bg_color": "#fff8e1"})
        percent = book.add_format({"num_format": "0.0%"})
        total = book.add_format({"bold": True, "top": 1})
        total_percent = book.add_format({"bold": True, "top": 1, "num_format": "0.0%"})
        for column, width in enumerate(WIDTHS):
            sheet.set_column(column, column, width, None, {"hidden": column == KEY})
        sheet.write_string(0, KEY, signature(organization, year))
        sheet.write_string(0, UNIT, _("Admission targets %(year)s") % {"year": year}, large)
        scope = f"{organization.name} · {who} · {at:%d/%m/%Y %H:%M}"
        sheet.write_string(1, UNIT, plain(scope))
        sheet.write_string(
            2, UNIT,
            _("Change the yellow column alone: 38, or 35-40 for a range; then import this file."),
        )  # fmt: skip
        sheet.write_string(HEAD, KEY, NO_UNIT)
        for column, name in enumerate(names(year), start=UNIT):
            sheet.write_string(HEAD, column, name, bold)
        place, of_group = FIRST, None
        for row in rows:
            if row.group != of_group:
                of_group = row.group
                if of_group:
                    sheet.write_string(place, KEY, NO_UNIT)
                    sheet.write_string(place, UNIT, plain(of_group), group)
                    place += 1
            _unit(sheet, place, row, typed=typed, percent=percent)
            place += 1
        _totals(sheet, place, rows, total=total, percent=total_percent)
        sheet.freeze_panes(FIRST, MEMBERS)
        sheet.ignore_errors({"number_stored_as_text": xl_range(FIRST, NUMBER, place, NUMBER)})
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(HEAD)
    return content.getvalue()


def names(year: int) -> list[str]:
    """Return the names of the columns, from the unit on."""
    return [
        _("Unit"),
        _("Members on 1 January"),
        _("Open files"),
        _("Admitted %(year)s") % {"year": year - 1},
        _("Target %(year)s") % {"year": year - 1},
        _("Registered"),
        _("In force"),
        _("Assigned"),
        _("Percent of members"),
        _("Note"),
    ]


def plain(text: str) -> str:
    """Return `text` so that no program takes it for a formula."""
    return f"'{text}" if text.startswith(TRIGGERS) else text


def _unit(sheet: Any, place: int, row: GridRow, *, typed: Any, percent: Any) -> None:
    sheet.write_string(place, KEY, row.mark)
    sheet.write_string(place, UNIT, plain(row.organization.short_name))
    registered = row.registered.low if row.registered else None
    for column, number in (
        (MEMBERS, row.members),
        (FILES, row.files),
        (ADMITTED, row.last_admitted),
        (LAST_TARGET, row.last_target),
        (REGISTERED, registered),
    ):
        if number is not None:
            sheet.write_number(place, column, number)
    if row.target and row.target.low is not None:
        bound = row.target
        words = f"{bound.low}" if bound.low == bound.high else f"{bound.low}-{bound.high}"
        sheet.write_string(place, BOUND, words)
    sheet.write_string(place, NUMBER, row.number, typed)
    members, given = cell(place, MEMBERS), cell(place, NUMBER)
    if row.members:
        part = f'VALUE(LEFT({given},FIND("-",{given}&"-")-1))'
        value: float | str = float(row.percent or 0) / 100 if row.percent is not None else ""
        sheet.write_formula(place, PERCENT, f'=IFERROR({part}/{members},"")', percent, value)
    if row.declaration:
        sheet.write_string(place, NOTE, plain(row.declaration.grounds))


def _totals(sheet: Any, place: int, rows: Sequence[GridRow], *, total: Any, percent: Any) -> None:
    sheet.write_string(place, KEY, NO_UNIT)
    sheet.write_string(place, UNIT, _("In all"), total)
    for column, numbers in (
        (MEMBERS, [row.members for row in rows]),
        (FILES, [row.files for row in rows]),
        (ADMITTED, [row.last_admitted for row in rows]),
        (LAST_TARGET, [row.last_target for row in rows]),
        (REGISTERED, [row.registered.low if row.registered else None for row in rows]),
    ):
        cells = xl_range(FIRST, column, place - 1, column)
        sheet.write_formula(
            place, column, f"=SUM({cells})", total, sum(number or 0 for number in numbers)
        )
    low = 0
    for column, found in (
        (BOUND, [row.target for row in rows]),
        (NUMBER, [row.aimed for row in rows]),
    ):
        cells = xl_range(FIRST, column, place - 1, column)
        # Of a range, its lower end.
        formula = f'{{=SUM(IFERROR(VALUE(LEFT({cells},FIND("-",{cells}&"-")-1)),0))}}'
        low = sum(one.low or 0 for one in found if one)
        sheet.write_array_formula(place, column, place, column, formula, total, low)
    members = sum(row.members or 0 for row in rows)
    sheet.write_formula(
        place, PERCENT, f'=IFERROR({cell(place, NUMBER)}/{cell(place, MEMBERS)},"")', percent,
        low / members if members else "",
    )  # fmt: skip


def cell(row: int, column: int) -> str:
    """Return the name of a cell: B6."""
    return f"{chr(ord('A') + column)}{row + 1}"


def read(
    content: bytes, *, name: str, organization: Organization, year: int, rows: Sequence[GridRow]
) -> Read:
    """Return what the file changes of `rows`, as it was exported: only a number that differs from
    the exported one. An emptied cell empties the draft.

    Raises DomainError at `file` where it is no workbook, not of this table, or of another year or
    organisation.
    """
    cells = workbooks.read(content, name=name)
    _refuse_another(cells.text(0, KEY), organization, year)
    here = {row.key: row for row in rows}
    found, seen = Read(), set[int]()
    for place in range(FIRST, len(cells.rows)):
        mark, shown = cells.text(place, KEY), cells.text(place, UNIT)
        if mark == NO_UNIT or not (mark or cells.text(place, NUMBER)):
            continue
        known = re.fullmatch(rf"(\d{{1,18}}):(\d{{1,9}}):({TYPED})", mark, re.ASCII)
        row = here.get(int(known[1])) if known else None
        if row is None or known is None:
            sentence = _("This row is none of the units beneath; its hidden key is missing or old.")
            found.wrong.append((place + 1, shown, sentence))
            continue
        if row.key in seen:
            found.wrong.append((place + 1, shown, _("The unit stands in the file twice.")))
            continue
        seen.add(row.key)
        try:
            after = _typed(_number(cells, place))
        except forms.ValidationError as error:
            found.wrong.append((place + 1, row.organization.short_name, error.messages[0]))
            continue
        if after not in {known[3], row.number}:
            found.changes.append(Change(row, Mark(row.key, int(known[2]), known[3], after)))
    return found


def read_again(marks: Iterable[Mark], *, rows: Sequence[GridRow]) -> Read:
    """Return what was read of a file before, beside `rows` as they stand now."""
    here = {row.key: row for row in rows}
    found = Read()
    for mark in marks:
        if mark.key not in here:
            found.is_whole = False
        elif mark.after != here[mark.key].number:
            found.changes.append(Change(here[mark.key], mark))
    return found


def _refuse_another(mark: str, organization: Organization, year: int) -> None:
    if mark == signature(organization, year):
        return
    sentence = _("This is not a file that was exported here: export the table and fill that in.")
    parts = mark.split("|")
    if len(parts) == 3 and parts[0] == FORMAT:
        sentence = _("The file is of another organisation.")
        if parts[1] != str(year):
            sentence = _("The file is of the year %(other)s, not of %(year)s.") % {
                "other": parts[1][:4], "year": year,
            }  # fmt: skip
    raise DomainError(fields={"file": sentence})


def _number(cells: workbooks.Cells, place: int) -> Number | None:
    value = cells.value(place, NUMBER)
    if (place, NUMBER) in cells.formulas:
        raise forms.ValidationError(_("The cell holds a formula; write the number itself."))
    if isinstance(value, dict):
        raise forms.ValidationError(_("Excel has made a day of it; write 3-5 as text."))
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise forms.ValidationError(_("Write a whole number of people."))
    return read_number(cells.text(place, NUMBER)[:40])


def _typed(number: Number | None) -> str:
    if number is None:
        return ""
    return as_typed(*number) if isinstance(number, tuple) else as_typed(number, number)
