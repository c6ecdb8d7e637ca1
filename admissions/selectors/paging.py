"""Pages of rows that are not counted: one row more than a page says whether another one follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol


class Rows(Protocol):
    """A queryset, or what is sliced and counted like one."""

    def __getitem__(self, rows: slice, /) -> Iterable[Any]: ...

    def count(self) -> int: ...


@dataclass(frozen=True)
class PageOf:
    """The rows of page `number`, and the number of the next one where there is one."""

    rows: list[Any]
    number: int
    next: int | None

    @property
    def is_cut(self) -> bool:
        """Say whether there are more rows than those of this page."""
        return self.next is not None or self.number > 1


def page_of(wanted: Rows, asked: int, *, size: int) -> PageOf:
    """Return page `asked` (from 1) of `wanted`, `size` rows each; beyond the end the last one.

    One query; two more where there is no such page.
    """
    number = max(asked, 1)
    rows = _rows(wanted, number, size=size)
    if not rows and number > 1:
        number = max(1, -(-wanted.count() // size))
        rows = _rows(wanted, number, size=size)
    is_more = len(rows) > size
    return PageOf(rows[:size], number, number + 1 if is_more else None)


def _rows(wanted: Rows, number: int, *, size: int) -> list[Any]:
    first = (number - 1) * size
    return list(wanted[first : first + size + 1])
