"""What stands beneath the organisations that somebody acts for, asked of lists at any size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from .placement import Ancestry, AncestryQuerySet


@dataclass(frozen=True)
class Scope:
    """The organisations `roots` (ids) and all beneath them in the tree as it stood on day `on`.

    `size` is how many stand there, counted as far as `MANY` beneath each root.

    The roots are values here, read before the statement that names them: so the planner knows how
    much stands beneath each. Looked up within the statement, a province counts for a cell.
    """

    MANY: ClassVar[int] = 3000

    roots: tuple[int, ...]
    on: date
    size: int

    def lines(self) -> AncestryQuerySet:
        """Return the lines that lead from what is within up to the roots, one for each root."""
        return Ancestry.objects.on(self.on).filter(ancestor__in=self.roots)
