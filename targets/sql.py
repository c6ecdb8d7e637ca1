"""The one statement that computes attainment, generated from `targets.measures`.

Facts are first summed per cell and *stretch* (the days between two changes of the tree, in which
nobody's ancestors change), cells then collapse into their parent, and only those few rows climb the
ancestry. So a move costs one more row per cell and year, and both lenses come out of one reading:
*then* climbs the tree of the facts' days, *now* that of the day of computing.

The same text publishes (`PUBLISH`: update what differs, insert, delete, in one snapshot) and reads
as of a past day (`READ`), so that the two cannot disagree.
"""

# Every part of the text is a constant of this product: names of stages, measures and columns.

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from admissions.stages import OPEN_STAGES, ORDER, REACHES, Stage
from targets.measures import ADMISSIONS, FILES, MEASURES
from targets.models import Attainment, Indicator

COLUMNS = [
    "parent_id",
    "opening_members",
    "target_low",
    "target_high",
    "units",
    "units_with_admission",
    "units_without_source",
    "term_admitted",
    "last_admission_on",
    *(measure.name for measure in MEASURES),
]
"""What the statement gives for each organisation and lens."""


def _list(parts: Iterable[str], indent: int = 8) -> str:
    return (",\n" + " " * indent).join(parts)


def _quoted(stages: Iterable[Stage]) -> str:
    return ", ".join(f"'{stage.value}'" for stage in stages)


_SUMS = _list(f"sum({measure.name})::int AS {measure.name}" for measure in MEASURES)

# An open file's stage is stored; that of a past day follows from its milestones up to that day.
# Nothing is entered for a later day, so on the clock's day both say the same.
_FILES_TODAY = f"""
        SELECT cell_id, stage FROM admissions_candidate WHERE stage IN ({_quoted(OPEN_STAGES)})
"""
_PLACES = " ".join(
    f"WHEN '{step.value}' THEN {ORDER.index(stage)}" for step, stage in REACHES.items()
)
_STAGE_NAMES = ", ".join(f"'{stage.value}'" for stage in ORDER)
_FILES_THEN = f"""
        SELECT file.cell_id, (ARRAY[{_STAGE_NAMES}])[1 + reached.place] AS stage
        FROM admissions_candidate AS file
        JOIN (
            SELECT candidate_id, max(CASE step {_PLACES} ELSE 0 END) AS place
            FROM admissions_milestone WHERE "on" <= %(upto)s
            GROUP BY candidate_id
        ) AS reached ON reached.candidate_id = file.id
        WHERE reached.place < {ORDER.index(Stage.ADMITTED)}
            AND (file.closed_on IS NULL OR file.closed_on > %(upto)s)
"""


def _attainment(files: str) -> str:
    """Return the common table expressions up to `fresh`: one row per organisation and lens."""
    return f"""
WITH changes AS (
    SELECT coalesce(array_agg(DISTINCT change ORDER BY change), '{{}}') AS days
    FROM (
        SELECT lower(period) AS change FROM organizations_placement
        UNION ALL
        SELECT upper(period) FROM organizations_placement
    ) AS placed
    WHERE change <= %(upto)s
),
lenses(lens, day) AS (
    VALUES ('then', least(%(on)s::date, %(year_end)s::date)), ('now', %(on)s::date)
),
admission AS MATERIALIZED (
    SELECT cell_id, width_bucket(ceremony_on, days) AS stretch, min(ceremony_on) AS day,
        {
        _list(
            f"coalesce(sum(sign) FILTER (WHERE {measure.condition}), 0) AS {measure.name}"
            for measure in ADMISSIONS
        )
    }
    FROM admissions_admission, changes
    WHERE ceremony_on BETWEEN %(year_start)s AND %(upto)s
    GROUP BY 1, 2
),
file AS MATERIALIZED (
    SELECT cell_id,
        {
        _list(f"count(*) FILTER (WHERE {measure.condition}) AS {measure.name}" for measure in FILES)
    }
    FROM ({files}) AS open
    GROUP BY 1
),
leaf AS MATERIALIZED (
    SELECT 'then' AS lens, cell_id, stretch, day,
        {
        _list(
            measure.name if measure.source == "admission" else f"0 AS {measure.name}"
            for measure in MEASURES
        )
    }
    FROM admission
    UNION ALL
    SELECT 'now', cell_id, -1, %(on)s::date,
        {_list(measure.name if measure.source == "admission" else "0" for measure in MEASURES)}
    FROM admission
    UNION ALL
    SELECT lens, cell_id, -1, lenses.day,
        {_list(measure.name if measure.source == "file" else "0" for measure in MEASURES)}
    FROM file CROSS JOIN lenses
),
parents AS MATERIALIZED (
    SELECT leaf.lens, line.ancestor_id, leaf.stretch, min(leaf.day) AS day,
        {_SUMS}
    FROM leaf
    JOIN organizations_ancestry AS line ON line.descendant_id = leaf.cell_id AND line.depth = 1
        AND line.valid_from <= leaf.day AND line.valid_to > leaf.day
    GROUP BY 1, 2, 3
),
total AS (
    SELECT lens, organization_id,
        {_SUMS}
    FROM (
        SELECT parents.lens, line.ancestor_id AS organization_id,
        {_list(f"parents.{measure.name}" for measure in MEASURES)}
        FROM parents
        JOIN organizations_ancestry AS line ON line.descendant_id = parents.ancestor_id
            AND line.valid_from <= parents.day AND line.valid_to > parents.day
        UNION ALL
        SELECT lens, cell_id,
        {_list(measure.name for measure in MEASURES)}
        FROM leaf
    ) AS climbed
    GROUP BY 1, 2
),
past AS MATERIALIZED (
    SELECT fact.cell_id, extract(year FROM fact.ceremony_on)::int AS year,
        width_bucket(fact.ceremony_on, days) AS stretch, min(fact.ceremony_on) AS day,
        sum(fact.sign) AS people,
        max(fact.ceremony_on) FILTER (WHERE fact.sign = 1 AND undone.id IS NULL) AS last_on
    FROM admissions_admission AS fact
    LEFT JOIN admissions_admission AS undone
        ON undone.reverses_id = fact.id AND undone.ceremony_on <= %(upto)s
    CROSS JOIN changes
    WHERE fact.ceremony_on <= %(upto)s
    GROUP BY 1, 2, 3
),
past_leaf AS (
    SELECT 'then' AS lens, cell_id, stretch, year, day, people, last_on FROM past
    UNION ALL
    SELECT 'now', cell_id, -1, year, %(on)s::date, sum(people), max(last_on)
    FROM past GROUP BY cell_id, year
),
past_parents AS (
    SELECT leaf.lens, line.ancestor_id, leaf.stretch, leaf.year, min(leaf.day) AS day,
        sum(leaf.people) AS people, max(leaf.last_on) AS last_on
    FROM past_leaf AS leaf
    JOIN organizations_ancestry AS line ON line.descendant_id = leaf.cell_id AND line.depth = 1
        AND line.valid_from <= leaf.day AND line.valid_to > leaf.day
    GROUP BY 1, 2, 3, 4
),
term AS (
    -- The term in which the year lies: that of the organisation, else of the nearest above it.
    SELECT DISTINCT ON (line.descendant_id) line.descendant_id AS organization_id, target.year
    FROM targets_target AS target
    JOIN organizations_ancestry AS line ON line.ancestor_id = target.organization_id
        AND line.valid_from <= %(on)s AND line.valid_to > %(on)s
    WHERE target.indicator_id = '{Indicator.ADMITTED}' AND target.span = 'term'
        AND target.year <= %(year)s AND target.kind IN ('assigned', 'adjusted')
    ORDER BY line.descendant_id, line.depth, target.year DESC
),
history AS (
    SELECT climbed.lens, climbed.organization_id,
        sum(people) FILTER (WHERE climbed.year >= term.year) AS term_admitted,
        max(last_on) AS last_on
    FROM (
        SELECT parents.lens, line.ancestor_id AS organization_id, parents.year, people, last_on
        FROM past_parents AS parents
        JOIN organizations_ancestry AS line ON line.descendant_id = parents.ancestor_id
            AND line.valid_from <= parents.day AND line.valid_to > parents.day
        UNION ALL
        SELECT lens, cell_id, year, people, last_on FROM past_leaf
    ) AS climbed
    LEFT JOIN term USING (organization_id)
    GROUP BY 1, 2
),
opening AS (
    SELECT DISTINCT ON (organization_id) organization_id, members
    FROM targets_baseline WHERE year = %(year)s
    ORDER BY organization_id, version DESC
),
target AS (
    SELECT DISTINCT ON (organization_id) organization_id, low, high
    FROM targets_target
    WHERE year = %(year)s AND indicator_id = '{Indicator.ADMITTED}' AND span = 'year'
        AND kind IN ('assigned', 'adjusted') AND (decided_on IS NULL OR decided_on <= %(on)s)
    ORDER BY organization_id, version DESC
),
without_source AS (
    SELECT latest.organization_id
    FROM (
        SELECT DISTINCT ON (organization_id) organization_id, state, review_on
        FROM targets_sourcedeclaration WHERE declared_on <= %(upto)s
        ORDER BY organization_id, id DESC
    ) AS latest
    WHERE latest.state = 'accepted' AND latest.review_on > %(upto)s
),
existing AS MATERIALIZED (
    SELECT unit.id AS organization_id, lenses.lens, placed.parent_id,
        opening.members AS opening_members, target.low AS target_low, target.high AS target_high,
        without_source.organization_id IS NOT NULL AS is_without_source,
        coalesce(history.term_admitted, 0)::int AS term_admitted,
        history.last_on AS last_admission_on,
        {_list(f"coalesce(total.{measure.name}, 0) AS {measure.name}" for measure in MEASURES)}
    FROM organizations_organization AS unit
    CROSS JOIN lenses
    LEFT JOIN organizations_placement AS placed
        ON placed.organization_id = unit.id AND placed.period @> lenses.day
    LEFT JOIN total ON total.organization_id = unit.id AND total.lens = lenses.lens
    LEFT JOIN history ON history.organization_id = unit.id AND history.lens = lenses.lens
    LEFT JOIN opening ON opening.organization_id = unit.id
    LEFT JOIN target ON target.organization_id = unit.id
    LEFT JOIN without_source ON without_source.organization_id = unit.id
    WHERE unit.period && daterange(%(year_start)s, %(year_end)s, '[]')
),
beneath AS (
    SELECT parent_id, lens, count(*)::int AS units,
        (count(*) FILTER (WHERE admitted > 0))::int AS units_with_admission,
        (count(*) FILTER (WHERE is_without_source))::int AS units_without_source
    FROM existing WHERE parent_id IS NOT NULL
    GROUP BY 1, 2
),
fresh AS MATERIALIZED (
    SELECT existing.*, coalesce(units, 0) AS units,
        coalesce(units_with_admission, 0) AS units_with_admission,
        coalesce(units_without_source, 0) AS units_without_source
    FROM existing
    LEFT JOIN beneath
        ON beneath.parent_id = existing.organization_id AND beneath.lens = existing.lens
)
"""


_PUBLISHED = f""",
changed AS (
    UPDATE targets_attainment AS old
    SET ({", ".join(COLUMNS)}, computed_at)
        = ({", ".join(f"fresh.{column}" for column in COLUMNS)}, %(now)s)
    FROM fresh
    WHERE old.organization_id = fresh.organization_id AND old.lens = fresh.lens
        AND old.year = %(year)s
        AND ({", ".join(f"old.{column}" for column in COLUMNS)})
            IS DISTINCT FROM ({", ".join(f"fresh.{column}" for column in COLUMNS)})
    RETURNING 1
),
added AS (
    INSERT INTO targets_attainment
        (organization_id, year, lens, computed_at, {", ".join(COLUMNS)})
    SELECT organization_id, %(year)s, lens, %(now)s, {", ".join(COLUMNS)}
    FROM fresh
    WHERE NOT EXISTS (
        SELECT FROM targets_attainment AS old
        WHERE old.organization_id = fresh.organization_id AND old.lens = fresh.lens
            AND old.year = %(year)s
    )
    RETURNING 1
),
gone AS (
    DELETE FROM targets_attainment AS old
    WHERE old.year = %(year)s AND NOT EXISTS (
        SELECT FROM fresh
        WHERE fresh.organization_id = old.organization_id AND fresh.lens = old.lens
    )
    RETURNING 1
)
SELECT (SELECT count(*) FROM fresh),
    (SELECT count(*) FROM changed) + (SELECT count(*) FROM added) + (SELECT count(*) FROM gone)
"""

_READ = f"""
SELECT organization_id, lens, {", ".join(COLUMNS)}
FROM fresh
WHERE lens = %(lens)s AND organization_id = ANY(%(organizations)s)
"""


@dataclass(frozen=True)
class Published:
    """What publishing a year did: rows it has, and rows that were changed, added or removed."""

    rows: int
    changed: int


def _parameters(year: int, *, on: date) -> dict[str, Any]:
    year_end = date(year, 12, 31)
    return {
        "year": year,
        "year_start": date(year, 1, 1),
        "year_end": year_end,
        "on": on,
        "upto": min(on, year_end),
    }


def _text(year: int, *, on: date, today: date) -> str:
    return _attainment(_FILES_TODAY if today <= min(on, date(year, 12, 31)) else _FILES_THEN)


def publish(year: int, *, on: date) -> Published:
    """Compute `year` as known on the clock's day `on` and swap in the rows that differ.

    One statement and so one snapshot: what commits meanwhile is wholly in it or wholly out. The
    caller holds the lock of attainment.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT app_now()")
        (now,) = cursor.fetchone()
        cursor.execute(
            _text(year, on=on, today=on) + _PUBLISHED,
            {**_parameters(year, on=on), "now": now},
        )
        rows, changed = cursor.fetchone()
    return Published(rows=rows, changed=changed)


def read(
    organizations: Iterable[int], *, year: int, lens: str, on: date, today: date
) -> dict[int, Attainment]:
    """Return {organization id: unsaved Attainment} as of day `on`: its tree, facts up to it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app_now()")
        (now,) = cursor.fetchone()
        cursor.execute(
            _text(year, on=on, today=today) + _READ,
            {
                **_parameters(year, on=on),
                "lens": lens,
                "organizations": list(organizations),
            },
        )
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {row["organization_id"]: Attainment(**row, year=year, computed_at=now) for row in rows}
