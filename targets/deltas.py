"""The one statement that brings attainment up to date with the waiting news.

It reads the news, gives their organisations and all above them what they add, computes the years
anew that it is told to, and deletes the news that it read: one snapshot, so that a fact is in the
figures exactly when its news are gone. Where a change is not a sum (a reversal of the last
admission, an organisation without its row) it does not guess: it says which years to compute anew,
and the caller undoes it and asks again.

What is added: an admission to its year's measures, and to its year and all later ones through what
the term reached and the last admission; in lens *then* to those above the cell on its day, in lens
*now* to those above it today. A file's stage to the present year and later ones, in today's tree.
Other facts (a recognition, a certificate, a file opened or closed) to their own year alone, those
of a file in the cell that had it on their day.
"""

# Every part of the text is a constant of this product: names of stages, measures and columns.

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from admissions.stages import Stage
from config.planned import Planned
from targets.measures import FLOWS, MEASURES, STANDING
from targets.sql import COLUMNS, SUMS, fresh, listed, part, term

FILE = "admissions.candidate"
ADDED = frozenset({FILE, *(flow.kind for flow in FLOWS.values())})
"""Kinds of news that are added; all others compute years anew, if they count for any."""
SHOWN = 20
"""Rows that are told one by one of those that a run changed."""
MOST = 5000
"""News taken at once: the lock is held, and a page waits, for well under a second."""


@dataclass(frozen=True)
class Folded:
    """What one run did: `taken` news; `rows` of the years computed anew, `changed` of them.

    `first`: some of those changed, as "slug year lens: column before → after, …".
    `told`: {(kind, year)} of the news. `lacking`: years whose figures the news alone could not
    give; if it names any, the run must be undone.
    """

    taken: int
    rows: int
    changed: int
    first: list[str]
    told: frozenset[tuple[str, int]]
    lacking: frozenset[int]


_ADDED = [*(measure.name for measure in MEASURES), "term_admitted", "units_with_admission"]
"""Columns of which a fact changes the sum; `last_admission_on` is the latest day instead."""

_OWN = "extract(year FROM fact.ceremony_on)"


def _of_flow(source: str) -> str:
    """Return the leaves of a flow other than admissions: in its own year alone."""
    flow = FLOWS[source]
    counts = listed(
        f"CASE WHEN {measure.condition} THEN {flow.sign} ELSE 0 END"
        if measure.source == source
        else "0"
        for measure in MEASURES
    )
    return f"""
    UNION ALL
    SELECT figured.year, made.cell_id, made.{flow.day}, NULL, 0, NULL,
        {counts}
    FROM news JOIN {flow.table} AS made ON made.id = news.fact
    JOIN figured ON made.{flow.day} BETWEEN figured.first_day AND figured.last_day
    WHERE news.kind = '{flow.kind}' AND {flow.news}
"""


def _had_elsewhere(source: str) -> str:
    """Return the years of a file's facts from the day of its move on: in the cell that it left."""
    flow = FLOWS[source]
    return f"""
    UNION
    SELECT figured.year
    FROM news JOIN {flow.table} AS made ON made.file_id = news.fact
    JOIN figured ON made.{flow.day} BETWEEN figured.first_day AND figured.last_day
    WHERE news.kind = '{FILE}' AND news.snapshot ->> 'cell_was' IS NOT NULL
        AND made.{flow.day} >= news."on"
"""


_SUMMED = f"""
WITH news AS MATERIALIZED (
    SELECT id, kind, fact, organization_id, "on", sign, snapshot
    FROM organizations_outbox ORDER BY id LIMIT %(most)s
),
figured AS MATERIALIZED (
    SELECT year::int, make_date(year, 1, 1) AS first_day, make_date(year, 12, 31) AS last_day
    FROM unnest(%(figured)s::int[]) AS year
),
fact AS MATERIALIZED (
    SELECT made.* FROM news JOIN admissions_admission AS made ON made.id = news.fact
    WHERE news.kind = '{FLOWS["admission"].kind}'
),
moved AS MATERIALIZED (
    -- From the cell that had it, in the stage it had, to the cell and stage of now; both where it
    -- lies today, if it is to go elsewhere on a day to come.
    SELECT coalesce(stays.origin_id, told.cell_id) AS cell_id, told.stage, told.sign
    FROM (
        SELECT fact, organization_id AS cell_id, snapshot ->> 'stage' AS stage, 1 AS sign
        FROM news WHERE kind = '{FILE}'
        UNION ALL
        SELECT fact, coalesce((snapshot ->> 'cell_was')::bigint, organization_id),
            snapshot ->> 'was', -1
        FROM news WHERE kind = '{FILE}'
    ) AS told
    LEFT JOIN LATERAL (
        SELECT origin_id FROM admissions_filemove
        WHERE candidate_id = told.fact AND "on" > %(on)s ORDER BY "on", id LIMIT 1
    ) AS stays ON true
),
leaf AS MATERIALIZED (
    SELECT figured.year, cell_id, ceremony_on AS day, {_OWN}::int AS own_year, sign AS people,
        CASE WHEN sign = 1 AND NOT EXISTS (
            SELECT FROM admissions_admission AS undone
            WHERE undone.reverses_id = fact.id
                AND undone.ceremony_on <= least(%(on)s::date, figured.last_day)
        ) THEN ceremony_on END AS last_on,
        {
    listed(
        f"CASE WHEN figured.year = {_OWN} AND ({measure.condition}) THEN sign ELSE 0 END"
        f" AS {measure.name}"
        if measure.source == "admission"
        else f"0 AS {measure.name}"
        for measure in MEASURES
    )
}
    FROM fact JOIN figured ON figured.year >= {_OWN}
    UNION ALL
    SELECT figured.year, cell_id, %(on)s::date, NULL, 0, NULL,
        {
    listed(
        f"CASE WHEN {measure.condition} THEN sign ELSE 0 END" if measure in STANDING else "0"
        for measure in MEASURES
    )
}
    FROM moved JOIN figured ON figured.year >= extract(year FROM %(on)s::date)
    {" ".join(_of_flow(source) for source in FLOWS if source != "admission").strip()}
),
climbed AS MATERIALIZED (
    SELECT lens, above.organization_id, leaf.*
    FROM leaf
    CROSS JOIN (VALUES ('then'), ('now')) AS lenses(lens)
    CROSS JOIN LATERAL (
        SELECT leaf.cell_id AS organization_id
        UNION ALL
        SELECT ancestor_id FROM organizations_ancestry AS line
        WHERE line.descendant_id = leaf.cell_id AND line.depth > 0
            AND line.valid_from <= CASE lens WHEN 'then' THEN leaf.day ELSE %(on)s END
            AND line.valid_to > CASE lens WHEN 'then' THEN leaf.day ELSE %(on)s END
    ) AS above
),
{term("(SELECT year FROM figured)", of="SELECT organization_id FROM climbed").strip()}
added AS MATERIALIZED (
    SELECT climbed.organization_id, climbed.lens, climbed.year,
        {SUMS},
        coalesce(sum(people) FILTER (WHERE own_year >= term.since), 0)::int AS term_admitted,
        max(last_on) AS last_on
    FROM climbed
    LEFT JOIN term ON term.organization_id = climbed.organization_id AND term.year = climbed.year
    JOIN figured ON figured.year = climbed.year
    JOIN organizations_organization AS unit ON unit.id = climbed.organization_id
        -- Those that a year shows; `unit` of the full statement.
        AND (unit.period && daterange(figured.first_day, figured.last_day, '[]')
            OR (climbed.lens = 'now' AND unit.period @> %(on)s::date))
    GROUP BY 1, 2, 3
),
flipped AS (
    -- Units that had none and have one now, or the reverse: one more or less for their superior.
    SELECT old.parent_id AS organization_id, old.lens, old.year,
        CASE WHEN old.admitted > 0 THEN -1 ELSE 1 END AS units
    FROM added
    JOIN targets_attainment AS old USING (organization_id, lens, year)
    JOIN figured ON figured.year = old.year
    JOIN organizations_organization AS unit ON unit.id = old.organization_id
        AND unit.period @> CASE old.lens WHEN 'now' THEN %(on)s::date
            ELSE least(%(on)s::date, figured.last_day) END
    WHERE old.parent_id IS NOT NULL
        AND (old.admitted > 0) <> (old.admitted + added.admitted > 0)
),
wanted AS MATERIALIZED (
    SELECT organization_id, lens, year, max(last_on) AS last_on,
        {listed(f"sum({column})::int AS {column}" for column in _ADDED)}
    FROM (
        SELECT organization_id, lens, year, last_on, {", ".join(_ADDED[:-1])},
            0 AS units_with_admission
        FROM added
        UNION ALL
        SELECT organization_id, lens, year, NULL, {"0, " * len(_ADDED[:-1])} units FROM flipped
    ) AS parts
    GROUP BY 1, 2, 3
),
summed AS (
    UPDATE targets_attainment AS old
    SET {listed(f"{column} = old.{column} + wanted.{column}" for column in _ADDED)},
        last_admission_on = greatest(old.last_admission_on, wanted.last_on),
        computed_at = %(now)s
    FROM wanted
    WHERE old.organization_id = wanted.organization_id AND old.lens = wanted.lens
        AND old.year = wanted.year
    RETURNING old.organization_id, old.lens, old.year
),
lacking AS (
    SELECT wanted.year FROM wanted LEFT JOIN summed USING (organization_id, lens, year)
    WHERE summed.year IS NULL
    UNION
    -- The last admission itself is undone: who was the last before is not known here.
    SELECT old.year
    FROM fact
    JOIN admissions_admission AS undone ON undone.id = fact.reverses_id
    JOIN organizations_ancestry AS line ON line.descendant_id = undone.cell_id
    JOIN targets_attainment AS old ON old.organization_id = line.ancestor_id
        AND old.last_admission_on = undone.ceremony_on
    WHERE old.year = ANY(%(figured)s)
    -- A move that was entered late: what the cell before had been given is not known here.
    {" ".join(_had_elsewhere(one) for one in FLOWS if FLOWS[one].of_files).strip()}
    UNION
    -- Somebody was known on an earlier day: of another year, or beneath others.
    SELECT figured.year
    FROM (
        SELECT fact, (snapshot ->> 'identified_was')::date AS day FROM news
        WHERE kind = '{FILE}' AND snapshot ->> 'identified_was' IS NOT NULL
    ) AS was
    JOIN admissions_candidate AS file ON file.id = was.fact
    JOIN figured ON figured.year IN
        (extract(year FROM was.day), extract(year FROM file.identified_on))
    WHERE extract(year FROM was.day) <> extract(year FROM file.identified_on)
        OR EXISTS (SELECT FROM admissions_filemove WHERE candidate_id = file.id)
        OR EXISTS (
            SELECT FROM organizations_ancestry AS line WHERE line.descendant_id = file.cell_id
                AND (line.valid_from > file.identified_on AND line.valid_from <= was.day
                    OR line.valid_to > file.identified_on AND line.valid_to <= was.day)
        )
    UNION
    -- Of who has ever left the Party it is not known here whether they counted as on probation.
    SELECT figured.year
    FROM news
    JOIN admissions_candidate AS file ON file.id = news.fact
    JOIN organizations_membership AS ended ON ended.person_id = file.person_id
    JOIN organizations_departure AS gone ON gone.membership_id = ended.id
    JOIN figured ON figured.year >= extract(year FROM %(on)s::date)
    WHERE news.kind = '{FILE}'
        AND '{Stage.ADMITTED.value}' IN (news.snapshot ->> 'was', news.snapshot ->> 'stage')
),
taken AS (
    DELETE FROM organizations_outbox AS waiting USING news WHERE waiting.id = news.id
    RETURNING waiting.id
)
"""

_SWAPPED = f"""
, changed AS (
    UPDATE targets_attainment AS old
    SET ({", ".join(COLUMNS)}, computed_at)
        = ({", ".join(f"fresh.{column}" for column in COLUMNS)}, %(now)s)
    FROM fresh
    WHERE old.organization_id = fresh.organization_id AND old.lens = fresh.lens
        AND old.year = fresh.year
        AND ({", ".join(f"old.{column}" for column in COLUMNS)})
            IS DISTINCT FROM ({", ".join(f"fresh.{column}" for column in COLUMNS)})
    RETURNING old.*
),
begun AS (
    INSERT INTO targets_attainment
        (organization_id, year, lens, computed_at, {", ".join(COLUMNS)})
    SELECT organization_id, year, lens, %(now)s, {", ".join(COLUMNS)}
    FROM fresh
    WHERE NOT EXISTS (
        SELECT FROM targets_attainment AS old
        WHERE old.organization_id = fresh.organization_id AND old.lens = fresh.lens
            AND old.year = fresh.year
    )
    RETURNING *
),
gone AS (
    DELETE FROM targets_attainment AS old
    WHERE old.year = ANY(%(years)s) AND NOT EXISTS (
        SELECT FROM fresh
        WHERE fresh.organization_id = old.organization_id AND fresh.lens = old.lens
            AND fresh.year = old.year
    )
    RETURNING old.*
),
first AS (
    -- What stood before is still read from the table: a statement does not see its own writing.
    SELECT unit.slug, parted.year, parted.lens, to_jsonb(before) AS before, parted.after
    FROM (
        (SELECT id, organization_id, year, lens, to_jsonb(changed) AS after
            FROM changed LIMIT {SHOWN})
        UNION ALL
        (SELECT id, organization_id, year, lens, to_jsonb(begun) FROM begun LIMIT {SHOWN})
        UNION ALL
        (SELECT id, organization_id, year, lens, NULL FROM gone LIMIT {SHOWN})
    ) AS parted
    JOIN organizations_organization AS unit ON unit.id = parted.organization_id
    LEFT JOIN targets_attainment AS before ON before.id = parted.id
    LIMIT {SHOWN}
)
"""

_TOLD = """
SELECT (SELECT count(*) FROM taken), %s,
    (SELECT coalesce(json_agg(DISTINCT jsonb_build_array(
        kind, coalesce((snapshot ->> 'year')::int, extract(year FROM "on")::int)
    )), '[]') FROM news),
    (SELECT coalesce(array_agg(DISTINCT year), '{}') FROM lacking)
"""
_NOTHING = "0, 0, '[]'::json"
_COMPUTED = """(SELECT count(*) FROM fresh),
    (SELECT count(*) FROM changed) + (SELECT count(*) FROM begun) + (SELECT count(*) FROM gone),
    (SELECT coalesce(json_agg(first ORDER BY year, slug, lens), '[]') FROM first)"""


_SUM_ALONE = Planned(
    _SUMMED + _TOLD.replace("%s", _NOTHING),
    types={
        "on": "date",
        "figured": "int[]",
        "most": "bigint",
        "now": "timestamptz",
    },
)
"""What nearly every fact asks for: planning it took many times as long as running it."""


def fold(
    *, on: date, figured: Collection[int], anew: Collection[int], cut: Collection[int] = ()
) -> Folded:
    """Take waiting news, add them to the years `figured`, and compute the years `anew`.

    `on` is the clock's day; no year is in both. The caller holds the lock of attainment. At most
    MOST news are taken, or all where a year is computed anew, as its figures contain them all.
    `cut` names organisations of which none stands beneath another: the facts beneath each are then
    summed by a statement of their own, and all others by one more. The caller's transaction must
    see one snapshot.
    """
    years = sorted(anew)
    parameters: dict[str, Any] = {
        "on": on,
        "figured": sorted(figured),
        "years": years,
        "most": None if years else MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT app_now()")
        (parameters["now"],) = cursor.fetchone()
        if years:
            queries = []
            for year in years:
                if cut:
                    _sum_in_parts(year, on=on, cut=cut)
                query, own = fresh(year, on=on, is_parted=bool(cut))
                queries.append(f"({query})")
                parameters |= own
            anew_text = f", fresh AS MATERIALIZED ({' UNION ALL '.join(queries)})"
            text = _SUMMED + anew_text + _SWAPPED + _TOLD.replace("%s", _COMPUTED)
            cursor.execute(text, parameters)
        else:
            _SUM_ALONE.execute(cursor, parameters)
        taken, rows, changed, first, told, lacking = cursor.fetchone()
        if years and cut:
            cursor.execute("DELETE FROM targets_attainmentpart")
    return Folded(
        taken=taken,
        rows=rows,
        changed=changed,
        first=[_sentence(**one) for one in first],
        told=frozenset((kind, year) for kind, year in told),
        lacking=frozenset(lacking),
    )


def _sum_in_parts(year: int, *, on: date, cut: Collection[int]) -> None:
    with connection.cursor() as cursor:
        for top in cut:
            cursor.execute(*part(year, on=on, tops=[top]))
        cursor.execute(*part(year, on=on, tops=cut, is_rest=True))


def _sentence(
    slug: str, year: int, lens: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> str:
    if before is None or after is None:
        return f"{slug} {year} {lens}: {'no row' if before is None else 'one row too many'}"
    parted = [
        f"{column} {before[column]} → {after[column]}"
        for column in COLUMNS
        if before[column] != after[column]
    ]
    return f"{slug} {year} {lens}: {', '.join(parted)}"
