"""What the database knows of files on the same day of earlier years, read for a forecast.

Facts are read by the tree of one day: cells that stand beneath an organisation on it, with what
they did in all the years. Where files stood on a past day follows from their milestones, as in
`targets.sql`. Of the largest organisations only every n-th cell is read (`sample`): rates of
thousands of files do not get better by millions, and no page waits for them.
"""

# Every part of the text is a constant of this product: names of stages and measures.

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db import connection

from admissions.stages import ORDER, REACHES, Stage
from config.rows import beyond_scope
from organizations.models import Organization
from targets.forecast import (
    BANDS,
    REPLAYED,
    YEARS,
    Forecast,
    Kind,
    Learned,
    Past,
    TrackRecord,
    YearSeen,
    files_taught,
    forecast,
    learn,
    replays,
    same_day,
    track_record,
    years_taught,
)
from targets.measures import FILES

BASIS = 200
"""Admissions of the years learned from, from which on an organisation need not borrow."""
READ = 2000
"""Admissions of those years beyond which only a sample of the cells is read."""


@dataclass(frozen=True)
class Foretold:
    """A forecast of `organization` for `year` on day `on`, and what it rests on.

    `line` are the ids of those it borrows from, itself first; `basis` the last. `sample` says that
    every so many-th cell was read.
    """

    organization: Any
    year: int
    on: date
    line: Sequence[int]
    pasts: Sequence[Past]
    now: YearSeen
    cells: int
    sample: int

    @property
    def basis(self) -> int:
        """Return the id of the widest organisation whose files it learns from."""
        return self.line[-1]

    @property
    def files(self) -> int:
        """Return the files of earlier years that it learns from."""
        return files_taught(self.pasts, year=self.year)

    @property
    def years(self) -> list[int]:
        """Return the years that it learns from."""
        return years_taught(self.pasts, year=self.year)

    @cached_property
    def learned(self) -> Learned | None:
        """Return what those years teach; None where too little."""
        return learn(self.pasts, year=self.year)

    @cached_property
    def forecast(self) -> Forecast | None:
        """Return the forecast; None where too little is known."""
        if self.learned is None:
            return None
        return forecast(self.learned, self.now, cells=self.cells)

    @cached_property
    def record(self) -> TrackRecord | None:
        """Return how such forecasts did in the years that were read; None where there is none."""
        return track_record(replays(self.pasts, self.on))


def foretell(
    organization: Organization,
    *,
    on: date,
    tree_on: date,
    admitted: int,
    pipeline: Mapping[str, int],
    with_record: bool = False,
) -> Foretold:
    """Return what is foretold on day `on` of its year, cells being those of day `tree_on`.

    `admitted` are the people admitted in the year by then, `pipeline` the open files by step, as
    the pages show them. Years for the track record are read only `with_record`. One query.
    """
    year = on.year
    first = year - YEARS - (REPLAYED if with_record else 0)
    read = _read(
        {
            "organization": organization.pk,
            "days": [same_day(on, one) for one in range(first, year + 1)],
            "tree": tree_on,
            "first": year - YEARS,
            "last": year - 1,
            "basis": BASIS,
            "read": READ,
        }
    )
    pasts = [_past(level, read, year=year) for level in range(len(read.line))]
    files = _steps(read.stood, year=year)
    if read.sample > 1:
        files = _spread_over(pipeline, files)
    return Foretold(
        organization=organization,
        year=year,
        on=on,
        line=read.line,
        pasts=pasts,
        now=YearSeen(files=files, admitted=admitted),
        cells=pasts[0].cells * read.sample,
        sample=read.sample,
    )


Row = tuple[Any, ...]


@dataclass(frozen=True)
class _Read:
    """What the statement gave: the line, nearest first, and rows by the level of it they are at.

    `cells` are (level, cells), `admitted` (level, year, by the day, in all, of them with a file),
    `stood` (level, unit beneath it, year, step, band of time, files, of them made).
    """

    line: Sequence[int]
    sample: int
    cells: Sequence[Row]
    admitted: Sequence[Row]
    stood: Sequence[Row]


@beyond_scope()  # how many, never who: a cell of few files borrows from those beside it
def _read(told: Mapping[str, Any]) -> _Read:
    with connection.cursor() as cursor:
        cursor.execute(_TEXT, told)
        rows: dict[str, list[Row]] = defaultdict(list)
        for what, *row in cursor.fetchall():
            rows[what].append(tuple(row))
    line = sorted(rows["line"])
    return _Read(
        line=[unit for _level, unit, *_rest in line] or [told["organization"]],
        sample=line[0][5] if line else 1,
        cells=[(level, cells) for level, _u, _y, _s, _b, cells, *_rest in rows["cells"]],
        admitted=[(level, year, *people) for level, _u, year, _s, _b, *people in rows["admitted"]],
        stood=[row[:7] for row in rows["stood"]],
    )


_PLACES = " ".join(
    f"WHEN '{step.value}' THEN {ORDER.index(stage)}" for step, stage in REACHES.items()
)
_RETURNED_TO = " ".join(f"WHEN '{stage.value}' THEN {place}" for place, stage in enumerate(ORDER))
_STAGE_NAMES = ", ".join(f"'{stage.value}'" for stage in ORDER)
_STEP_OF = " ".join(f"WHEN {measure.condition} THEN '{measure.name}'" for measure in FILES)
_TEXT = f"""
WITH above AS (
    SELECT line.ancestor_id AS id, line.depth AS level, coalesce((
            SELECT sum(admitted) FROM targets_attainment
            WHERE organization_id = line.ancestor_id AND lens = 'then'
                AND year BETWEEN %(first)s AND %(last)s
        ), 0) AS people
    FROM organizations_ancestry AS line
    WHERE line.descendant_id = %(organization)s
        AND line.valid_from <= %(tree)s AND line.valid_to > %(tree)s
),
line AS MATERIALIZED (
    -- Up to the first that admitted enough people to stand alone.
    SELECT id, level, people FROM above
    WHERE level <= (SELECT coalesce(min(level) FILTER (WHERE people >= %(basis)s), max(level))
        FROM above)
),
sampled AS (SELECT greatest(max(people) / %(read)s, 1)::bigint AS step FROM line),
seen AS (
    SELECT day, extract(year FROM day)::int AS year FROM unnest(%(days)s::date[]) AS seen(day)
),
part AS (
    -- What stands directly beneath one of the line and is not of the line; the first of it itself.
    SELECT line.level, placed.organization_id AS unit_id
    FROM line
    JOIN organizations_placement AS placed
        ON placed.parent_id = line.id AND placed.period @> %(tree)s::date
    WHERE placed.organization_id NOT IN (SELECT id FROM line)
    UNION ALL
    SELECT 0, id FROM line WHERE level = 0
),
placed AS MATERIALIZED (
    SELECT DISTINCT ON (under.descendant_id) under.descendant_id AS cell_id, part.level,
        part.unit_id
    FROM part
    JOIN organizations_ancestry AS under ON under.ancestor_id = part.unit_id
        AND under.valid_from <= %(tree)s AND under.valid_to > %(tree)s
    CROSS JOIN sampled
    WHERE under.descendant_id %% sampled.step = 0
    ORDER BY under.descendant_id, under.depth
),
file AS (
    SELECT file.id, placed.level, placed.unit_id, seen.year, seen.day, made.ceremony_on AS made_on
    FROM placed
    JOIN admissions_candidate AS file ON file.cell_id = placed.cell_id
    LEFT JOIN admissions_admission AS made ON made.candidate_id = file.id AND made.sign = 1
        AND NOT EXISTS (
            SELECT FROM admissions_admission AS undone WHERE undone.reverses_id = made.id)
    JOIN seen ON file.identified_on <= seen.day
        AND (file.closed_on IS NULL OR file.closed_on > seen.day)
        AND (made.ceremony_on IS NULL OR made.ceremony_on > seen.day)
),
reached AS (
    SELECT file.*, standing.place, standing.since
    FROM file
    CROSS JOIN LATERAL (
        -- Not the last by ORDER BY and LIMIT: hardly a file was ever sent back, and a search for
        -- one through the primary key would read the whole table for each.
        SELECT max(id) FILTER (WHERE back_to <> '') AS id
        FROM admissions_milestone WHERE candidate_id = file.id AND "on" <= file.day
    ) AS back
    CROSS JOIN LATERAL (
        SELECT greatest(max(CASE step.step {_PLACES} ELSE 0 END)
                FILTER (WHERE back.id IS NULL OR step.id > back.id),
                max(CASE step.back_to {_RETURNED_TO} END) FILTER (WHERE step.id = back.id)
            ) AS place,
            coalesce(max(step."on") FILTER (WHERE step.back_to <> ''
                OR CASE step.step {_PLACES} END IS NOT NULL), max(step."on")) AS since
        FROM admissions_milestone AS step
        WHERE step.candidate_id = file.id AND step."on" <= file.day
    ) AS standing
    WHERE standing.place < {ORDER.index(Stage.ADMITTED)}
),
stood AS (
    SELECT level, unit_id, year, CASE {_STEP_OF} END AS step,
        {" + ".join(f"(day - since > {edge})::int" for edge in BANDS)} AS band, made_on
    FROM (SELECT *, (ARRAY[{_STAGE_NAMES}])[1 + place] AS stage FROM reached) AS named
)
SELECT 'line', level, id, NULL::int, NULL::text, NULL::int, step, NULL::bigint, NULL::bigint
FROM line CROSS JOIN sampled
UNION ALL
SELECT 'cells', placed.level, NULL, NULL, NULL, NULL, count(*), NULL, NULL
FROM placed
JOIN organizations_organization AS cell
    ON cell.id = placed.cell_id AND cell.period @> %(tree)s::date
JOIN organizations_designation AS called
    ON called.organization_id = cell.id AND called.period @> %(tree)s::date
JOIN organizations_organizationkind AS kind ON kind.code = called.kind_id AND kind.is_cell
GROUP BY placed.level
UNION ALL
SELECT 'admitted', placed.level, NULL, seen.year, NULL, NULL,
    coalesce(sum(fact.sign) FILTER (WHERE fact.ceremony_on <= seen.day), 0),
    sum(fact.sign),
    coalesce(sum(fact.sign) FILTER (WHERE fact.candidate_id IS NOT NULL), 0)
FROM placed
CROSS JOIN seen
JOIN admissions_admission AS fact ON fact.cell_id = placed.cell_id
    AND fact.ceremony_on BETWEEN make_date(seen.year, 1, 1) AND make_date(seen.year, 12, 31)
GROUP BY placed.level, seen.year
UNION ALL
SELECT 'stood', level, unit_id, year, step, band, count(*),
    count(*) FILTER (WHERE made_on <= make_date(year, 12, 31)), NULL
FROM stood
GROUP BY level, unit_id, year, step, band
"""


def _past(level: int, read: _Read, *, year: int) -> Past:
    """Return the earlier years of the organisation at `level` of the line: all beneath it."""
    admitted: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for own, one, *people in read.admitted:
        if own <= level:
            admitted[one] = [a + b for a, b in zip(admitted[one], people, strict=True)]
    files: dict[int, dict[Kind, float]] = defaultdict(lambda: defaultdict(float))
    made: dict[int, dict[Kind, int]] = defaultdict(lambda: defaultdict(int))
    units: dict[int, dict[int, dict[str, tuple[int, int]]]] = defaultdict(lambda: defaultdict(dict))
    for own, unit, one, step, band, number, ended in read.stood:
        if own > level:
            continue
        files[one][step, band] += number
        made[one][step, band] += ended
        # The organisation of the line that stands beneath this one is one unit of it.
        steps = units[unit if own == level else -1][one]
        before = steps.get(step, (0, 0))
        steps[step] = before[0] + number, before[1] + ended
    years = {
        one: YearSeen(
            files=files[one],
            admitted=admitted[one][0],
            made=made[one],
            outcome=admitted[one][1],
            filed=admitted[one][2],
        )
        for one in sorted({*admitted, *files})
        if one < year
    }
    return Past(years, sum(number for own, number in read.cells if own <= level), [*units.values()])


def _steps(stood: Iterable[Row], *, year: int) -> dict[Kind, float]:
    """Return {kind: open files} of the organisation itself in the running year."""
    files: dict[Kind, float] = defaultdict(float)
    for own, _unit, one, step, band, number, _ended in stood:
        if own == 0 and one == year:
            files[step, band] += number
    return dict(files)


def _spread_over(pipeline: Mapping[str, int], sampled: Mapping[Kind, float]) -> dict[Kind, float]:
    """Return the files of `pipeline` over the bands of time, as those of a sample lie."""
    of_step: dict[str, float] = defaultdict(float)
    for (step, _band), number in sampled.items():
        of_step[step] += number
    bands = range(len(BANDS) + 1)
    return {
        (step, one): number * (sampled.get((step, one), 0) / of_step[step])
        if of_step.get(step)
        else number / len(bands)
        for step, number in pipeline.items()
        for one in bands
    }
