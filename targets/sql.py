"""The one statement that computes attainment, generated from `targets.measures`.

Facts are first summed per cell and *stretch* (the days between two changes of the tree, in which
nobody's ancestors change), cells then collapse into their parent, and only those few rows climb the
ancestry. So a move costs one more row per cell and year, and both lenses come out of one reading:
*then* climbs the tree of the facts' days, *now* that of the day of computing.

The facts can also be summed in parts, some cells at a time (`part`), and completed from these sums.

The same text is published (`fresh`, which `targets.deltas` swaps in) and reads as of a past day
(`read`), so that the two cannot disagree.

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

import re
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any

from django.db import connection

from admissions.stages import OPEN_STAGES, ORDER, REACHES, Stage
from targets.measures import FLOWS, MEASURES, STANDS, Measure, has_left
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


def listed(parts: Iterable[str], indent: int = 8) -> str:
    return (",\n" + " " * indent).join(parts)


def _in_month(measure: Measure) -> str:
    return measure.condition.replace("extract(month FROM ceremony_on)", "month")


def _quoted(stages: Iterable[Stage]) -> str:
    return ", ".join(f"'{stage.value}'" for stage in stages)


_NAMES = listed(measure.name for measure in MEASURES)
SUMS = listed(f"sum({measure.name})::int AS {measure.name}" for measure in MEASURES)


def _where_they_lay(known: str) -> str:
    """Return the query of the stage of each of the `known` files and its cell of the day.

    `known` has id, person_id, cell_id and stage. A file lay where its first move after the day
    began. Also of today: that of a member on probation follows a transfer, which may be agreed for
    a day to come. Who has left the Party is on probation no more.
    """
    return f"""
        SELECT coalesce(moved.origin_id, known.cell_id) AS cell_id, known.stage
        FROM ({known}) AS known
        LEFT JOIN (
            SELECT DISTINCT ON (candidate_id) candidate_id, origin_id
            FROM admissions_filemove WHERE "on" > %(upto)s
            ORDER BY candidate_id, "on", id
        ) AS moved ON moved.candidate_id = known.id
        WHERE NOT (known.stage = '{Stage.ADMITTED.value}'
            AND {has_left("known.person_id", day="%(upto)s")})
"""


# The stage of an open file, or of one on probation, is stored; that of a past day follows from its
# milestones up to that day. Nothing is entered for a later day, so on the clock's day both say the
# same.
_ON_PROBATION = f"""
            SELECT id, person_id, cell_id, stage FROM admissions_candidate
            WHERE stage = '{Stage.ADMITTED.value}'
"""
_FILES_TODAY = f"""
        SELECT cell_id, stage FROM admissions_candidate WHERE stage IN ({_quoted(OPEN_STAGES)})
        UNION ALL
        {_where_they_lay(_ON_PROBATION).strip()}
"""
_PLACES = " ".join(
    f"WHEN '{step.value}' THEN {ORDER.index(stage)}" for step, stage in REACHES.items()
)
_MEMBERS = (Stage.ADMITTED, Stage.OFFICIAL)
_STAGE_NAMES = ", ".join(f"'{stage.value}'" for stage in ORDER)
_RETURNED_TO = " ".join(f"WHEN '{stage.value}' THEN {place}" for place, stage in enumerate(ORDER))
# What a file had reached before the latest return (or cancellation) up to the day counts no further
# than where that sent it back to; before and after are told by the order of entry, as when the
# stage was stored. Of files that were closed, admitted or recognised by the day no steps are read:
# in a country those are most of them.
_FILES_THEN = _where_they_lay(f"""
            {_ON_PROBATION.strip()} AND stage_since <= %(upto)s
            UNION ALL
            SELECT file.id, file.person_id, file.cell_id, (ARRAY[{_STAGE_NAMES}])[1 + reached.place]
            FROM admissions_candidate AS file
            JOIN (
                SELECT step.candidate_id,
                    greatest(max(CASE step.step {_PLACES} ELSE 0 END)
                        FILTER (WHERE back.id IS NULL OR step.id > back.id), max(back.place))
                    AS place
                FROM admissions_milestone AS step
                LEFT JOIN (
                    SELECT DISTINCT ON (candidate_id) candidate_id, id,
                        CASE back_to {_RETURNED_TO} END AS place
                    FROM admissions_milestone WHERE "on" <= %(upto)s AND back_to <> ''
                    ORDER BY candidate_id, id DESC
                ) AS back ON back.candidate_id = step.candidate_id
                WHERE step."on" <= %(upto)s AND step.candidate_id IN (
                    SELECT id FROM admissions_candidate
                    WHERE (closed_on IS NULL OR closed_on > %(upto)s)
                        AND (stage NOT IN ({_quoted(_MEMBERS)}) OR stage_since > %(upto)s)
                )
                GROUP BY step.candidate_id
            ) AS reached ON reached.candidate_id = file.id
            WHERE reached.place <= {ORDER.index(Stage.ADMITTED)}
        """)

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
unreported AS MATERIALIZED (
    -- Cells that did not report count only where they moved: elsewhere nothing changes by them.
    SELECT descendant_id AS cell_id FROM organizations_ancestry
    WHERE valid_from > %(year_start)s AND valid_from <= %(tree)s
    UNION
    SELECT came_from FROM flow
    EXCEPT
    SELECT organization_id FROM opening
),
own AS MATERIALIZED (
    SELECT organization_id, members FROM opening
    UNION ALL
    SELECT cell_id, count(*)::int
    FROM unreported JOIN organizations_membership USING (cell_id)
    WHERE period @> %(year_start)s::date
    GROUP BY 1
),
reports AS MATERIALIZED (
    -- Each report, and the day whose tree says above whom it stands: 1 January, or its first.
    SELECT own.organization_id, own.members, greatest(lower(unit.period), %(year_start)s) AS day
    FROM own JOIN organizations_organization AS unit ON unit.id = own.organization_id
),
direct AS MATERIALIZED (
    SELECT reports.organization_id, reports.members, line.ancestor_id
    FROM reports
    JOIN organizations_ancestry AS line ON line.descendant_id = reports.organization_id
        AND line.depth = 1 AND line.valid_from <= reports.day AND line.valid_to > reports.day
    JOIN own AS above ON above.organization_id = line.ancestor_id
),
nearest AS (
    -- The report above each report: mostly that of its superior.
    SELECT members, ancestor_id FROM direct
    UNION ALL
    SELECT members, ancestor_id FROM (
        SELECT DISTINCT ON (reports.organization_id) reports.members, line.ancestor_id
        FROM reports
        JOIN organizations_ancestry AS line ON line.descendant_id = reports.organization_id
            AND line.depth > 1 AND line.valid_from <= reports.day AND line.valid_to > reports.day
        JOIN own AS above ON above.organization_id = line.ancestor_id
        WHERE reports.organization_id NOT IN (SELECT organization_id FROM direct)
        ORDER BY reports.organization_id, line.depth
    ) AS further
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


def term(years: str, *, of: str = "") -> str:
    """Return the CTE `term` (organization_id, year, since): the first year of the term of a year.

    Of the rows of `years`, a relation of one column, and of all organisations or those that the
    query `of` names: its own term, else that of the nearest above it.
    """
    return f"""
term AS (
    SELECT DISTINCT ON (line.descendant_id, figured.year)
        line.descendant_id AS organization_id, figured.year, target.year AS since
    FROM {years} AS figured(year)
    JOIN targets_target AS target
        ON target.year <= figured.year AND target.until_year >= figured.year
    JOIN organizations_ancestry AS line ON line.ancestor_id = target.organization_id
        AND line.valid_from <= %(on)s AND line.valid_to > %(on)s
    WHERE target.indicator_id = '{Indicator.ADMITTED}' AND target.span = 'term'
        AND target.kind IN ('assigned', 'adjusted') AND target.decided_on <= %(on)s
        {of and f"AND line.descendant_id IN ({of})"}
    ORDER BY line.descendant_id, figured.year, line.depth, target.year DESC
),
"""


_ON_ITS_DAY = -2
"""The "stretch" of the open files of a cell that moved: they stand on a day of each lens."""
_SOURCES = {source: place for place, source in enumerate(FLOWS)}
_FILES = len(FLOWS)
"""The `source` of files as they stand; that of a flow is its place in FLOWS."""
_OF_ADMISSIONS = "sex, age_years, is_ethnic_minority, groups"


def _facts(source: str) -> str:
    """Return the rows of a flow of the year, with what any measure asks of them."""
    flow = FLOWS[source]
    month, known = "NULL::int", "NULL, NULL, NULL, NULL"
    if source == "admission":
        month, known = f"date_part('month', {flow.day})::int", _OF_ADMISSIONS
    return f"""
        SELECT {_SOURCES[source]} AS source, cell_id, {flow.day} AS day, {flow.sign} AS sign,
            {month} AS month, {known}, NULL AS stage
        FROM {flow.table} AS fact
        WHERE {flow.day} BETWEEN %(year_start)s AND %(upto)s
        UNION ALL"""


def _sum(measure: Measure) -> str:
    source = _FILES if measure.source in STANDS else _SOURCES[measure.source]
    counts = f"FILTER (WHERE source = {source} AND {_in_month(measure)})"
    return f"coalesce(sum(sign) {counts}, 0)::int AS {measure.name}"


def _cells(files: str, within: str) -> str:
    """Return the CTE of all facts of the year, summed for each cell and stretch."""
    return f"""
cell AS (
    SELECT cell_id, stretch, min(day) AS day,
        {listed(_sum(measure) for measure in MEASURES)}
    FROM (
        SELECT made.*, CASE WHEN moved.cell_id IS NULL THEN -1 WHEN day IS NULL THEN {_ON_ITS_DAY}
            ELSE width_bucket(day, (SELECT days FROM changes)) END AS stretch
        FROM ({"".join(_facts(source) for source in FLOWS)}
        SELECT {_FILES}, cell_id, NULL, 1, NULL, NULL, NULL, NULL, NULL, stage
        FROM ({files}) AS open
        ) AS made
        LEFT JOIN moved ON moved.cell_id = made.cell_id
        WHERE true {within.format("made.cell_id")}
    ) AS counted
    GROUP BY cell_id, stretch
),
"""


def _lenses(lenses: Collection[str]) -> str:
    days = {
        "then": "('then', least(%(on)s::date, %(year_end)s::date))",
        "now": "('now', %(tree)s::date)",
    }
    return f"""
lenses(lens, day) AS (
    VALUES {", ".join(days[lens] for lens in lenses)}
),
"""


def _counted(
    files: str, lenses: Collection[str] = Attainment.Lens.values, *, within: str = ""
) -> str:
    """Return the common table expressions up to `total` and `history`: the facts, climbed.

    `within` is SQL that narrows the facts to some cells, "{}" in the place of their column.
    """
    # Cells above which nothing ever changed count the same in each lens: once, for all of them.
    then, now = ("AND true" if lens in lenses else "AND false" for lens in ("then", "now"))
    is_split = len(lenses) > 1
    each = "each" if is_split else next(iter(lenses))
    climbs = "(lens = 'each') = (stretch = -1)" if is_split else "true"
    return f"""
placed AS MATERIALIZED (
    -- Places that do not hold from the first fact to the last day that counts.
    SELECT organization_id, period FROM organizations_placement
    WHERE NOT period @> (SELECT daterange(
        least(%(tree)s::date, %(year_start)s::date,
            (SELECT min(ceremony_on) FROM admissions_admission)),
        greatest(%(tree)s::date, %(upto)s::date), '[]'))
),
changes AS MATERIALIZED (
    SELECT coalesce(array_agg(DISTINCT change ORDER BY change), '{{}}') AS days
    FROM (
        SELECT lower(period) AS change FROM placed UNION ALL SELECT upper(period) FROM placed
    ) AS days
    WHERE change <= %(upto)s
),
moved AS MATERIALIZED (
    SELECT DISTINCT beneath.cell_id
    FROM (SELECT DISTINCT organization_id FROM placed) AS known
    CROSS JOIN LATERAL (
        SELECT descendant_id AS cell_id FROM organizations_ancestry
        WHERE ancestor_id = known.organization_id
        OFFSET 0 -- by the index: few of all lines
    ) AS beneath
),
{_cells(files, within).strip()}
leaf AS MATERIALIZED (
    SELECT lens, cell_id, CASE lens WHEN 'now' THEN -1 ELSE stretch END AS stretch,
        CASE WHEN stretch <> -1 AND (lens = 'now' OR stretch = {_ON_ITS_DAY}) THEN climbing.day
            ELSE coalesce(cell.day, %(tree)s) END AS day,
        stretch <> -1 AS is_moved,
        {_NAMES}
    FROM cell
    JOIN (SELECT * FROM lenses{" UNION ALL SELECT 'each', NULL" * is_split}) AS climbing
        ON {climbs}
),
parents AS MATERIALIZED (
    SELECT leaf.lens, line.ancestor_id, leaf.stretch, min(leaf.day) AS day,
        {SUMS}
    FROM leaf
    JOIN organizations_ancestry AS line ON line.descendant_id = leaf.cell_id AND line.depth = 1
        AND line.valid_from <= leaf.day AND line.valid_to > leaf.day
    GROUP BY 1, 2, 3
),
above AS MATERIALIZED (
    -- Units that have others beneath them, of any day: what they have of their own is added.
    SELECT DISTINCT line.ancestor_id AS organization_id
    FROM (SELECT DISTINCT ancestor_id FROM parents) AS known
    JOIN organizations_ancestry AS line ON line.descendant_id = known.ancestor_id
),
total AS MATERIALIZED (
    SELECT lens, organization_id,
        {SUMS}
    FROM (
        SELECT parents.lens, line.ancestor_id AS organization_id,
        {listed(f"parents.{measure.name}" for measure in MEASURES)}
        FROM parents
        JOIN organizations_ancestry AS line ON line.descendant_id = parents.ancestor_id
            AND line.valid_from <= parents.day AND line.valid_to > parents.day
        UNION ALL
        SELECT lens, cell_id,
        {_NAMES}
        FROM leaf WHERE is_moved OR cell_id IN (SELECT organization_id FROM above)
    ) AS climbed
    GROUP BY 1, 2
    UNION ALL
    -- Most cells have one row and nobody beneath them: theirs are sums already.
    SELECT lens, cell_id,
        {_NAMES}
    FROM leaf WHERE NOT is_moved AND cell_id NOT IN (SELECT organization_id FROM above)
),
{term("(VALUES (%(year)s))").strip()}
eras AS (
    -- The past counts by the terms that it lies in, not by year: few rows of each cell.
    SELECT coalesce(array_agg(day ORDER BY day), '{{}}') AS days
    FROM (SELECT DISTINCT make_date(since, 1, 1) AS day FROM term) AS begun
),
past AS MATERIALIZED (
    SELECT fact.cell_id,
        width_bucket(fact.ceremony_on, (SELECT days FROM eras)) AS era,
        CASE WHEN moved.cell_id IS NULL THEN -1
            ELSE width_bucket(fact.ceremony_on, (SELECT days FROM changes)) END AS stretch,
        min(fact.ceremony_on) AS day, sum(fact.sign)::int AS people,
        max(fact.ceremony_on) FILTER (WHERE fact.sign = 1 AND undone.reverses_id IS NULL) AS last_on
    FROM admissions_admission AS fact
    LEFT JOIN moved ON moved.cell_id = fact.cell_id
    LEFT JOIN (
        SELECT reverses_id FROM admissions_admission
        WHERE reverses_id IS NOT NULL AND ceremony_on <= %(upto)s
    ) AS undone ON undone.reverses_id = fact.id
    WHERE fact.ceremony_on <= %(upto)s {within.format("fact.cell_id")}
    GROUP BY fact.cell_id, era, stretch
),
past_leaf AS MATERIALIZED (
    SELECT CASE WHEN stretch < 0 THEN '{each}' ELSE 'then' END AS lens,
        cell_id, stretch, era, day, people, last_on
    FROM past WHERE stretch < 0 OR (stretch >= 0 {then})
    UNION ALL
    SELECT 'now', cell_id, -1, era, %(tree)s::date, sum(people)::int, max(last_on)
    FROM past WHERE stretch >= 0 {now} GROUP BY cell_id, era
),
past_parents AS (
    SELECT leaf.lens, line.ancestor_id, leaf.stretch, leaf.era, min(leaf.day) AS day,
        sum(leaf.people)::int AS people, max(leaf.last_on) AS last_on
    FROM past_leaf AS leaf
    JOIN organizations_ancestry AS line ON line.descendant_id = leaf.cell_id AND line.depth = 1
        AND line.valid_from <= leaf.day AND line.valid_to > leaf.day
    GROUP BY 1, 2, 3, 4
),
history AS MATERIALIZED (
    SELECT climbed.lens, climbed.organization_id,
        sum(people) FILTER (WHERE
            climbed.era >= width_bucket(make_date(term.since, 1, 1), (SELECT days FROM eras)))
            AS term_admitted,
        max(last_on) AS last_on
    FROM (
        SELECT parents.lens, line.ancestor_id AS organization_id, parents.era, people, last_on
        FROM past_parents AS parents
        JOIN organizations_ancestry AS line ON line.descendant_id = parents.ancestor_id
            AND line.valid_from <= parents.day AND line.valid_to > parents.day
        UNION ALL
        SELECT lens, cell_id, era, people, last_on FROM past_leaf
    ) AS climbed
    LEFT JOIN term USING (organization_id)
    GROUP BY 1, 2
),
"""


def _completed(opened: str, lenses: Collection[str]) -> str:
    """Return the common table expressions up to `fresh`, which has each organisation and lens."""
    is_split = len(lenses) > 1
    of_each = """
    LEFT JOIN total AS of_each
        ON of_each.organization_id = known.organization_id AND of_each.lens = 'each'
    """.strip()
    past_of_each = """
        LEFT JOIN history AS past_of_each
            ON past_of_each.organization_id = unit.organization_id AND past_of_each.lens = 'each'
    """.strip()

    def of_both(own: str, column: str, other: str) -> str:
        found = f"coalesce({own}.{column}, 0)"
        return f"{found} + coalesce({other}.{column}, 0)" if is_split else found

    return f"""
{opened.strip()}
target AS (
    SELECT DISTINCT ON (organization_id) organization_id, low, high
    FROM targets_target
    WHERE year = %(year)s AND indicator_id = '{Indicator.ADMITTED}' AND span = 'year'
        AND "group" = '' AND origin = 'decision'
        AND kind IN ('assigned', 'adjusted') AND decided_on <= %(on)s
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
unit AS MATERIALIZED (
    SELECT unit.id AS organization_id, lenses.lens, placed.parent_id,
        unit.period @> lenses.day AS is_there
    FROM organizations_organization AS unit
    CROSS JOIN lenses
    LEFT JOIN organizations_placement AS placed
        ON placed.organization_id = unit.id AND placed.period @> lenses.day
    WHERE unit.period && daterange(%(year_start)s, %(year_end)s, '[]')
        -- Today's units have had the facts of earlier years beneath them too.
        OR (lenses.lens = 'now' AND unit.period @> lenses.day)
),
reached AS (
    SELECT total.organization_id, lenses.lens
    FROM total JOIN lenses ON total.lens IN ('each', lenses.lens)
    WHERE total.admitted <> 0
    GROUP BY 1, 2 HAVING sum(total.admitted) > 0
),
beneath AS (
    SELECT unit.parent_id, unit.lens, count(*)::int AS units,
        count(reached.organization_id)::int AS units_with_admission,
        count(without_source.organization_id)::int AS units_without_source
    FROM unit
    LEFT JOIN reached USING (organization_id, lens)
    LEFT JOIN without_source USING (organization_id)
    WHERE unit.parent_id IS NOT NULL AND unit.is_there
    GROUP BY 1, 2
),
fresh AS MATERIALIZED (
    SELECT known.*,
        {listed(f"{of_both('total', one.name, 'of_each')} AS {one.name}" for one in MEASURES)}
    FROM (
        SELECT unit.organization_id, unit.lens, unit.parent_id,
            opened.members AS opening_members,
            target.low AS target_low, target.high AS target_high,
            coalesce(units, 0) AS units,
            coalesce(units_with_admission, 0) AS units_with_admission,
            coalesce(units_without_source, 0) AS units_without_source,
            ({of_both("history", "term_admitted", "past_of_each")})::int AS term_admitted,
            greatest(history.last_on{", past_of_each.last_on" * is_split}) AS last_admission_on
        FROM unit
        LEFT JOIN history USING (organization_id, lens)
        {past_of_each * is_split}
        LEFT JOIN beneath
            ON beneath.parent_id = unit.organization_id AND beneath.lens = unit.lens
        LEFT JOIN opened
            ON opened.organization_id = unit.organization_id AND opened.lens = unit.lens
        LEFT JOIN target ON target.organization_id = unit.organization_id
        OFFSET 0 -- the wide sums are joined last, to few columns
    ) AS known
    LEFT JOIN total USING (organization_id, lens)
    {of_each * is_split}
)
"""


def _attainment(counted: str, opened: str, lenses: Collection[str] = Attainment.Lens.values) -> str:
    """Return the whole `WITH`, up to `fresh`: one row per organisation and lens."""
    steps = (_lenses(lenses), counted, _completed(opened, lenses))
    return f"\nWITH {' '.join(step.strip() for step in steps)}\n"


_READ = f"""
SELECT organization_id, lens, {", ".join(COLUMNS)}
FROM fresh
WHERE lens = %(lens)s AND organization_id = ANY(%(organizations)s)
"""


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


def _text(
    year: int, *, on: date, today: date, tree_on: date | None = None, is_parted: bool = False
) -> str:
    was_reorganised = _was_reorganised(date(year, 1, 1), tree_on or on)
    opened = _RESTATED if was_reorganised else _REPORTED
    counted = _PARTS if is_parted else _counted(_files(year, on=on, today=today))
    return _attainment(counted, opened)


def _files(year: int, *, on: date, today: date) -> str:
    return _FILES_TODAY if today <= min(on, date(year, 12, 31)) else _FILES_THEN


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


def fresh(year: int, *, on: date, is_parted: bool = False) -> tuple[str, dict[str, Any]]:
    """Return a query of every row that `year` should have as known on the clock's day `on`.

    `is_parted`: the facts are summed already, in the rows of AttainmentPart.

    Its columns: year, organization_id, lens and COLUMNS. Its parameters end in the year, so that
    the queries of several years stand in one statement, and so in one snapshot.
    """
    text = f"""{_text(year, on=on, today=on, is_parted=is_parted)}
SELECT %(year)s::smallint AS year, organization_id, lens, {", ".join(COLUMNS)} FROM fresh"""
    own = {f"{name}_{year}": value for name, value in _parameters(year, on=on).items()}
    return re.sub(r"%\((\w+)\)s", rf"%(\1_{year})s", text), own


_PARTS = f"""
total AS MATERIALIZED (
    SELECT lens, organization_id,
        {SUMS}
    FROM targets_attainmentpart WHERE year = %(year)s GROUP BY 1, 2
),
history AS MATERIALIZED (
    SELECT lens, organization_id, sum(term_admitted)::int AS term_admitted,
        max(last_admission_on) AS last_on
    FROM targets_attainmentpart WHERE year = %(year)s GROUP BY 1, 2
),
"""


def part(
    year: int, *, on: date, tops: Collection[int], is_rest: bool = False
) -> tuple[str, dict[str, Any]]:
    """Return the statement that writes what the facts of some cells add to `year` as rows of
    AttainmentPart, and its parameters.

    Of the cells beneath the organisations `tops` in the tree of `on`, or of all other cells where
    `is_rest`. It reads no other cells' facts, so these may lie elsewhere.
    """
    within = f"AND {{}} {'NOT ' * is_rest}IN (SELECT cell_id FROM chosen)"
    counted = _counted(_files(year, on=on, today=on), within=within)
    text = f"""
INSERT INTO targets_attainmentpart
    (year, lens, organization_id, term_admitted, last_admission_on, {_NAMES})
WITH chosen AS MATERIALIZED (
    SELECT descendant_id AS cell_id FROM organizations_ancestry
    WHERE ancestor_id = ANY(%(tops)s) AND valid_from <= %(tree)s AND valid_to > %(tree)s
),
{_lenses(Attainment.Lens.values).strip()}
{counted.strip().rstrip(",")}
SELECT %(year)s, lens, organization_id, coalesce(history.term_admitted, 0), history.last_on,
    {listed(f"coalesce(total.{measure.name}, 0)" for measure in MEASURES)}
FROM total FULL JOIN history USING (organization_id, lens)
"""
    return text, {**_parameters(year, on=on), "tops": list(tops)}


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
WITH stood AS (
    SELECT placed.id, organization_id, placed.period,
        greatest(lower(placed.period), %(first)s) AS since,
        placed.period @> daterange(%(first)s, %(last)s, '[]')
            AND (upper_inf(unit.period) OR upper(unit.period) > %(tree)s) AS is_whole
    FROM organizations_placement AS placed
    JOIN organizations_organization AS unit ON unit.id = organization_id
    WHERE parent_id = %(parent)s AND placed.period && daterange(%(first)s, %(last)s, '[]')
),
beneath AS MATERIALIZED (
    SELECT stood.id, stood.period, line.descendant_id, line.valid_from, line.valid_to
    FROM stood JOIN organizations_ancestry AS line ON line.ancestor_id = stood.organization_id
    WHERE NOT stood.is_whole
),
held AS (
    SELECT beneath.id, sum(fact.sign)::int AS people
    FROM beneath
    JOIN admissions_admission AS fact ON fact.cell_id = beneath.descendant_id
        AND fact.ceremony_on BETWEEN %(first)s AND %(last)s
        AND beneath.valid_from <= fact.ceremony_on AND beneath.valid_to > fact.ceremony_on
        AND beneath.period @> fact.ceremony_on
    GROUP BY 1
)
SELECT organization_id, since, CASE WHEN NOT is_whole THEN coalesce(people, 0) END
FROM stood LEFT JOIN held USING (id)
"""


def stretches(
    parent: int, *, year: int, on: date, tree_on: date
) -> dict[tuple[int, date], int | None]:
    """Return {(organisation, its first day beneath `parent`): people admitted in it while there}.

    Of all that stood directly beneath `parent` on some day of `year` up to `on`; first days before
    the year are its first day. None for whoever stood there all the time and is there on `tree_on`:
    its own figure says it. With those admitted in `parent` itself they add up to its own.
    """
    parameters: dict[str, Any] = {
        "parent": parent,
        "first": date(year, 1, 1),
        "last": min(on, date(year, 12, 31)),
        "tree": tree_on,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STRETCHES, parameters)
        return {(unit, since): people for unit, since, people in cursor.fetchall()}
