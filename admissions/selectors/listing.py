"""The open files within a scope, those longest at their step first, read page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from admissions.models import Candidate
from admissions.models.candidate import CandidateQuerySet
from admissions.stages import OPEN_STAGES
from config.rows import beyond_scope
from organizations.models import Scope

SOON = 200
"""What stands among so many first files is met on the way; a later page is sorted for."""
FAR = 6000
"""So many files of the whole installation are passed at the most."""

# Whose file it is, the index says beside the order: nothing else is read. LIMIT 1 keeps the line of
# each file a look-up, so that the walk ends with the page.
WALK = f"""
    SELECT file.id
    FROM (
        SELECT id, cell_id, stage_since FROM admissions_candidate
        WHERE stage IN ({", ".join(f"'{stage}'" for stage in OPEN_STAGES)})
        ORDER BY stage_since, id LIMIT %s
    ) AS file
    CROSS JOIN LATERAL (
        SELECT 1 FROM organizations_ancestry
        WHERE descendant_id = file.cell_id AND ancestor_id = ANY(%s)
            AND valid_from <= %s AND valid_to > %s
        LIMIT 1
    ) AS line
    ORDER BY file.stage_since, file.id LIMIT %s OFFSET %s
"""  # noqa: S608 - our own words alone


@dataclass(frozen=True)
class OpenFiles:
    """`rows`, the open files of `files` within `scope` in their order, for a paginator.

    Where much stands within the scope, a file of it is soon met among all of the installation: the
    first pages are found by walking these in the same order, and asking of each whether its cell is
    within. Where little does, or its files happen to be late in that order, `rows` are sorted.
    Either way the statement that reads a page asks the ancestry of the day about each of its files.
    """

    files: CandidateQuerySet
    scope: Scope
    rows: CandidateQuerySet

    def count(self) -> int:
        return self.rows.count()

    def __getitem__(self, part: slice) -> list[Candidate]:
        start, stop = part.start or 0, part.stop
        if stop <= SOON and self.scope.size >= Scope.MANY:
            day = self.scope.on
            wanted = [FAR, list(self.scope.roots), day, day, stop - start, start]
            # Met on the way are files of others: keys are passed, nobody reads a name.
            with beyond_scope(), connection.cursor() as cursor:
                cursor.execute(WALK, wanted)
                met = [key for (key,) in cursor]
            if len(met) == stop - start:
                return self._page(met)
        return self._page(self.rows.values("pk")[part])

    def _page(self, keys: Any) -> list[Candidate]:
        page = self.files.each_within(self.scope).open().filter(pk__in=keys)
        return list(page.order_by("stage_since", "pk"))
