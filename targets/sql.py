"""The one statement that computes attainment, generated from `targets.measures`.

Facts are first summed per cell and *stretch* (the days between two changes of the tree, in which
nobody's ancestors change), cells then collapse into their parent, and only those few rows climb the
ancestry. So a move costs one more row per cell and year, and both lenses come out of one reading:
*then* climbs the tree of the facts' days, *now* that of the day of computing.

The same text publishes (`PUBLISH`: update what differs, insert, delete, in one snapshot) and reads
as of a past day (`READ`), so that the two cannot disagree.

Opening members, lens *then*: what the organisation reported for 1 January. Lens *now*: that,
restated for today's units. Each report is taken apart into what the organisation has beyond the
reports nearest beneath it in the tree of 1 January (its *rest*; a cell that did not report has
those who were members of it that day). Rests stay with their organisation, and so move with it; of
them, the people whom reorganisations alone brought from one cell to another since then are taken
from the first and given to the second. An organisation then has the rests that stand beneath it in
today's tree. So where nothing was reorganised it is the report, the top keeps its sum, and a new
unit has what came into it. An older one that did not report stays unknown.
"""

# Every part of the text is a constant of this product: names of stages, measures and columns.

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
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
_RETURNED_TO = " ".join(f"WHEN '{stage.value}' THEN {place}" for place, stage in enumerate(ORDER))
# A file was where its first later move began. What it had reached before the latest return (or
# cancellation) up to the day counts no further than where that sent it back to; before and after
# are told by the order of entry, as when the stage was stored.
_FILES_THEN = f"""
        SELECT coalesce(moved.origin_id, file.cell_id) AS cell_id,
            (ARRAY[{_STAGE_NAMES}])[1 + reached.place] AS stage
        FROM admissions_candidate AS file
        JOIN (
            SELECT step.candidate_id,
                greatest(max(CASE step.step {_PLACES} ELSE 0 END)
                    FILTER (WHERE back.id IS NULL OR step.id > back.id), max(back.place)) AS place
            FROM admissions_milestone AS step
            LEFT JOIN (
                SELECT DISTINCT ON (candidate_id) candidate_id, id,
                    CASE back_to {_RETURNED_TO} END AS place
                FROM admissions_milestone WHERE "on" <= %(upto)s AND back_to <> ''
                ORDER BY candidate_id, id DESC
            ) AS back ON back.candidate_id = step.candidate_id
            WHERE step."on" <= %(upto)s
            GROUP BY step.candidate_id
        ) AS reached ON reached.candidate_id = file.id
        LEFT JOIN (
            SELECT DISTINCT ON (candidate_id) candidate_id, origin_id
            FROM admissions_filemove WHERE "on" > %(upto)s
            ORDER BY candidate_id, "on", id
        ) AS moved ON moved.candidate_id = file.id
        WHERE reached.place < {ORDER.index(Stage.ADMITTED)}
            AND (file.closed_on IS NULL OR file.closed_on > %(upto)s)
"""

_REPORTED = """
opening AS (
    SELECT DISTINCT ON (organization_id) organization_id, members
    FROM targets_baseline WHERE year = %(year)s
    ORDER BY organization_id, version DESC
),
opened AS (
    SELECT lenses.lens, opening.organization_id, opening.members
    FROM opening CROSS JOIN lenses
),
"""

_RESTATED = """
opening AS MATERIALIZED (
    SELECT DISTINCT ON (organization_id) organization_id, members
    FROM targets_baseline WHERE year = %(year)s
    ORDER BY organization_id, version DESC
),
belonging AS (
    -- Only those who came to a successor in a body; their memberships since 1 January, in order.
    SELECT person_id, cell_id, reason_in, lag(cell_id) OVER line AS came_from,
        bool_and(lower(period) <= %(year_start)s OR reason_in IN ('reorganised', 'recognised'))
            OVER line AS together
    FROM organizations_membership
    WHERE period && daterange(%(year_start)s, %(tree)s, '[]') AND person_id IN (
        SELECT person_id FROM organizations_membership
        WHERE reason_in = 'reorganised'
            AND lower(period) > %(year_start)s AND lower(period) <= %(tree)s
            AND cell_id IN (SELECT successor_id FROM organizations_lineage
                WHERE "on" > %(year_start)s AND "on" <= %(tree)s)
    )
    WINDOW line AS (PARTITION BY person_id ORDER BY lower(period))
),
flow AS MATERIALIZED (
    SELECT came_from, cell_id, count(*) AS people FROM belonging
    WHERE reason_in = 'reorganised' AND together AND came_from <> cell_id
    GROUP BY 1, 2
),
own AS MATERIALIZED (
    -- Cells that did not report count only where they moved: elsewhere nothing changes by them.
    SELECT organization_id, members FROM opening
    UNION ALL
    SELECT cell_id, count(*)::int FROM organizations_membership
    WHERE period @> %(year_start)s::date AND cell_id IN (
            SELECT descendant_id FROM organizations_ancestry
            WHERE valid_from > %(year_start)s AND valid_from <= %(tree)s
            UNION
            SELECT came_from FROM flow
        ) AND cell_id NOT IN (SELECT organization_id FROM opening)
    GROUP BY 1
),
nearest AS (
    -- The report above each report, in the tree of 1 January, or of its first day.
    SELECT DISTINCT ON (own.organization_id) own.organization_id, own.members, line.ancestor_id
    FROM own
    JOIN organizations_organization AS unit ON unit.id = own.organization_id
    JOIN organizations_ancestry AS line ON line.descendant_id = own.organization_id
        AND line.depth > 0
        AND line.valid_from <= greatest(lower(unit.period), %(year_start)s)
        AND line.valid_to > greatest(lower(unit.period), %(year_start)s)
    JOIN own AS above ON above.organization_id = line.ancestor_id
    ORDER BY own.organization_id, line.depth
),
rest AS MATERIALIZED (
    SELECT organization_id, sum(members) AS members
    FROM (
        SELECT organization_id, members::bigint FROM own
        UNION ALL
        SELECT ancestor_id, -members FROM nearest
        UNION ALL
        SELECT came_from, -people FROM flow
        UNION ALL
        SELECT cell_id, people FROM flow
    ) AS parts
    GROUP BY 1
),
restated AS (
    SELECT line.ancestor_id AS organization_id, sum(rest.members) AS members
    FROM rest
    JOIN organizations_ancestry AS line ON line.descendant_id = rest.organization_id
        AND line.valid_from <= %(tree)s AND line.valid_to > %(tree)s
    GROUP BY 1
),
opened AS (
    SELECT 'then' AS lens, organization_id, members FROM opening
    UNION ALL
    SELECT 'now', organization_id, greatest(members, 0)::int
    FROM restated
    JOIN organizations_organization AS unit ON unit.id = organization_id
    WHERE lower(unit.period) > %(year_start)s
        OR organization_id IN (SELECT organization_id FROM opening)
),
"""
"""See the module's own words on opening members."""


def _attainment(files: str, opened: str) -> str:
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
    VALUES ('then', least(%(on)s::date, %(year_end)s::date)), ('now', %(tree)s::date)
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
    SELECT 'now', cell_id, -1, %(tree)s::date,
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
    SELECT 'now', cell_id, -1, year, %(tree)s::date, sum(people), max(last_on)
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
        AND (target.until_year IS NULL OR target.until_year >= %(year)s)
        AND (target.decided_on IS NULL OR target.decided_on <= %(on)s)
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
{opened.strip()}
target AS (
    SELECT DISTINCT ON (organization_id) organization_id, low, high
    FROM targets_target
    WHERE year = %(year)s AND indicator_id = '{Indicator.ADMITTED}' AND span = 'year'
        AND "group" = '' AND origin = 'decision'
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
        unit.period @> lenses.day AS is_there, opened.members AS opening_members,
        target.low AS target_low, target.high AS target_high,
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
    LEFT JOIN opened ON opened.organization_id = unit.id AND opened.lens = lenses.lens
    LEFT JOIN target ON target.organization_id = unit.id
    LEFT JOIN without_source ON without_source.organization_id = unit.id
    WHERE unit.period && daterange(%(year_start)s, %(year_end)s, '[]')
        -- Today's units have had the facts of earlier years beneath them too.
        OR (lenses.lens = 'now' AND unit.period @> lenses.day)
),
beneath AS (
    SELECT parent_id, lens, count(*)::int AS units,
        (count(*) FILTER (WHERE admitted > 0))::int AS units_with_admission,
        (count(*) FILTER (WHERE is_without_source))::int AS units_without_source
    FROM existing WHERE parent_id IS NOT NULL AND is_there
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


def _parameters(year: int, *, on: date, tree_on: date | None = None) -> dict[str, Any]:
    year_end = date(year, 12, 31)
    return {
        "year": year,
        "year_start": date(year, 1, 1),
        "year_end": year_end,
        "on": on,
        "tree": tree_on or on,
        "upto": min(on, year_end),
    }


def _text(year: int, *, on: date, today: date, tree_on: date | None = None) -> str:
    files = _FILES_TODAY if today <= min(on, date(year, 12, 31)) else _FILES_THEN
    was_reorganised = _was_reorganised(date(year, 1, 1), tree_on or on)
    return _attainment(files, _RESTATED if was_reorganised else _REPORTED)


def _was_reorganised(since: date, until: date) -> bool:
    """Say whether an organisation took another place, or people another cell in a body, between."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT FROM organizations_placement AS placed
                    JOIN organizations_organization AS unit ON unit.id = placed.organization_id
                    WHERE lower(placed.period) BETWEEN %(first)s AND %(last)s
                        AND lower(placed.period) > lower(unit.period))
                OR EXISTS (SELECT FROM organizations_lineage
                    WHERE "on" BETWEEN %(first)s AND %(last)s)
            """,
            {"first": since + timedelta(days=1), "last": until},
        )
        (found,) = cursor.fetchone()
    return bool(found)


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
    organizations: Iterable[int],
    *,
    year: int,
    lens: str,
    on: date,
    today: date,
    tree_on: date | None = None,
) -> dict[int, Attainment]:
    """Return {organization id: unsaved Attainment} as of day `on`: its tree, facts up to it.

    `tree_on` is another day whose tree lens *now* climbs, such as the clock's.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT app_now()")
        (now,) = cursor.fetchone()
        cursor.execute(
            _text(year, on=on, today=today, tree_on=tree_on) + _READ,
            {
                **_parameters(year, on=on, tree_on=tree_on),
                "lens": lens,
                "organizations": list(organizations),
            },
        )
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {row["organization_id"]: Attainment(**row, year=year, computed_at=now) for row in rows}


_STRETCHES = """
SELECT placed.organization_id, greatest(lower(placed.period), %(first)s),
    coalesce(sum(fact.sign), 0)::int
FROM organizations_placement AS placed
LEFT JOIN (
    SELECT line.ancestor_id, fact.ceremony_on, fact.sign
    FROM admissions_admission AS fact
    JOIN organizations_ancestry AS line ON line.descendant_id = fact.cell_id
        AND line.valid_from <= fact.ceremony_on AND line.valid_to > fact.ceremony_on
    WHERE fact.ceremony_on BETWEEN %(first)s AND %(last)s
        AND line.ancestor_id IN (
            SELECT organization_id FROM organizations_placement WHERE parent_id = %(parent)s
        )
) AS fact ON fact.ancestor_id = placed.organization_id AND placed.period @> fact.ceremony_on
WHERE placed.parent_id = %(parent)s AND placed.period && daterange(%(first)s, %(last)s, '[]')
GROUP BY placed.id
"""


def stretches(parent: int, *, year: int, on: date) -> dict[tuple[int, date], int]:
    """Return {(organisation, its first day beneath `parent`): people admitted in it while there}.

    Of all that stood directly beneath `parent` on some day of `year` up to `on`; first days before
    the year are its first day. With those admitted in `parent` itself they add up to its own.
    """
    first, last = date(year, 1, 1), min(on, date(year, 12, 31))
    with connection.cursor() as cursor:
        cursor.execute(_STRETCHES, {"parent": parent, "first": first, "last": last})
        return {(unit, since): people for unit, since, people in cursor.fetchall()}
