"""The full recompute, against the scans it cannot do without and what one would do instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection
from django.db.models import Sum

from admissions.models import Admission, Candidate, Certificate, Recognition
from admissions.stages import OPEN_STAGES, Stage
from benchmarks.measuring import (
    Case,
    Figure,
    asked,
    interleaved,
    medians,
    milliseconds,
    sampled,
    taken_back,
)
from benchmarks.nation import DAY, YEAR
from config import clock
from organizations.models import Ancestry, Organization
from targets import deltas, sql
from targets.measures import FLOWS, MEASURES
from targets.models import Attainment, Baseline
from targets.operations.attainment import recompute

FIRST = date(YEAR, 1, 1)
OPEN = ", ".join(f"'{stage.value}'" for stage in OPEN_STAGES)

COUNTED = ", ".join(f"'{stage.value}'" for stage in (*OPEN_STAGES, Stage.ADMITTED))
THE_YEAR = f"BETWEEN '{FIRST}' AND '{DAY}'"

_FACTS = (
    f"SELECT cell_id, sum(sign) FROM admissions_admission WHERE ceremony_on {THE_YEAR} GROUP BY 1",
    f"SELECT cell_id, count(*) FROM admissions_recognition WHERE official_on {THE_YEAR} GROUP BY 1",
    "SELECT candidate_id, count(*) FROM admissions_certificate"
    f" WHERE kind = 'awareness' AND issued_on {THE_YEAR} GROUP BY 1",
    f"SELECT organization_id, sum(members) FROM targets_baseline WHERE year = {YEAR} GROUP BY 1",
)
OF_THE_YEAR = (
    *_FACTS,
    f"SELECT cell_id, count(*) FROM admissions_candidate WHERE stage IN ({COUNTED})"
    f" OR identified_on {THE_YEAR} OR stage = 'closed' AND closed_on {THE_YEAR} GROUP BY 1",
)
"""What one lens reads, each table once: admissions, recognitions and certificates of the year,
files that are open, on probation, or were made or closed in it, members as reported."""
INDEXED = (
    *_FACTS,
    *(
        f"SELECT cell_id, count(*) FROM admissions_candidate WHERE {those} GROUP BY 1"
        for those in (
            f"stage IN ({OPEN})", f"stage = '{Stage.ADMITTED}'", f"identified_on {THE_YEAR}",
            f"stage = 'closed' AND closed_on {THE_YEAR}",
        )
    ),
)  # fmt: skip
"""The same where no table need be read: an index for each."""
EVER = "SELECT cell_id, sum(sign) FROM admissions_admission GROUP BY 1"
"""What terms and last admissions reach back through: all years."""
OF_THE_DESIGN = (
    f"SELECT candidate_id, count(*) FROM admissions_milestone WHERE \"on\" BETWEEN '{FIRST}'"
    f" AND '{DAY}' GROUP BY 1",
    f"SELECT cell_id, count(*) FROM admissions_candidate WHERE stage IN ({OPEN}) GROUP BY 1",
    "SELECT cell_id, count(*) FROM organizations_membership"
    f" WHERE period @> '{FIRST}'::date GROUP BY 1",
)
"""What the design counted the same measures from: steps of the year, open files, members."""

HEAP = (
    "SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off;"
    " SET LOCAL enable_bitmapscan = off"
)
INDEXES = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"

SAMPLE = 60
"""Organisations that the loop is timed on; its time for all is reckoned from theirs."""


def counted(statements: tuple[str, ...]) -> list[str]:
    """Return `statements` so that their rows stay in the database."""
    return [f"SELECT count(*) FROM ({one}) AS cells" for one in statements]


def whole(*, on: date = DAY, today: date = DAY) -> str:
    """Return the product's own statement: both lenses, all measures, terms, last admissions."""
    return sql._text(YEAR, on=on, today=today) + " SELECT count(*), sum(admitted) FROM fresh"


def one_lens(lens: str) -> str:
    """Return the statement for one lens of all measures, target, units and opening members.

    It leaves out what reaches back through all years: the term and the last admission.
    """
    text = sql._attainment(sql._counted(sql._FILES_TODAY, [lens]), sql._REPORTED, [lens])
    every_year = "WHERE fact.ceremony_on <= %(upto)s \n    GROUP"
    assert text.count(every_year) == 1
    text = text.replace(every_year, "WHERE false\n    GROUP")
    return text + " SELECT count(*), sum(admitted) FROM fresh"


def published(lens: str) -> Callable[[], None]:
    """Return the publishing of one lens with all its columns, as the recompute swaps it in.

    Only rows that differ are written; here none does.
    """
    computed = sql._attainment(sql._counted(sql._FILES_TODAY, [lens]), sql._REPORTED, [lens])
    rows = f"SELECT {YEAR} AS year, organization_id, lens, {', '.join(sql.COLUMNS)} FROM fresh"
    text = f"WITH fresh AS MATERIALIZED (({computed} {rows}))"
    beyond = "WHERE old.year = ANY(%(years)s) AND"
    assert deltas._SWAPPED.count(beyond) == 1
    # Said so that nobody joins by the year alone: of both lenses, which are swapped, nobody does.
    swap = deltas._SWAPPED.replace(beyond, f"{beyond} left(old.lens, 4) = '{lens}' AND")
    told = (
        "SELECT (SELECT count(*) FROM changed), (SELECT count(*) FROM begun),"
        " (SELECT count(*) FROM gone), (SELECT count(*) FROM first)"
    )

    def publish() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                text + swap + told, {**parameters(), "years": [YEAR], "now": clock.now()}
            )
            changed = cursor.fetchone()
        assert changed == (0, 0, 0, 0), changed

    return publish


def parameters(*, on: date = DAY) -> dict[str, Any]:
    return sql._parameters(YEAR, on=on)


@dataclass(frozen=True)
class Recomputed:
    """Medians in milliseconds, and the figures made of them."""

    figures: list[Figure]
    times: dict[str, list[float]]


def measure(*, rounds: int, organizations: int, is_national: bool) -> Recomputed:
    """Measure in the present database, whose years are computed; leave it as it was.

    `is_national` says that the bars of the country hold, not those of one company.
    """
    analytics = Analytics()
    cases: dict[str, Case] = {
        "bare heap scans, one lens": asked(*counted(OF_THE_YEAR), settings=HEAP),
        "bare index scans, one lens": asked(*counted(INDEXED), settings=INDEXES),
        "select, one lens": asked(one_lens("then"), parameters=parameters()),
        "published, one lens, nothing changed": published("then"),
        "bare heap scans, the whole": asked(*counted((*OF_THE_YEAR, EVER)), settings=HEAP),
        "bare index scans, the whole": asked(*counted((*INDEXED, EVER)), settings=INDEXES),
        "select, the whole": asked(whole(), parameters=parameters()),
        "published, the whole, nothing changed": lambda: recompute(YEAR),
        "heap scans of the design's facts": asked(*counted(OF_THE_DESIGN), settings=HEAP),
        "DHIS2-like build": analytics.build,
        "DHIS2-like read of the top": analytics.read_top,
        "read of the top": lambda: Attainment.objects.get(
            organization=1, year=YEAR, lens=Attainment.Lens.THEN
        ),
    }
    times = interleaved(cases, rounds=rounds)
    analytics.drop()
    took = medians(times)
    loop = _loop(organizations)
    times["Django loop, reckoned"] = [loop]
    return Recomputed(_figures(took, loop, is_national=is_national), times)


def _figures(took: dict[str, float], loop: float, *, is_national: bool) -> list[Figure]:
    heap, index = took["bare heap scans, one lens"], took["bare index scans, one lens"]
    all_heap, all_index = took["bare heap scans, the whole"], took["bare index scans, the whole"]
    one, everything = took["select, one lens"], took["select, the whole"]
    all_published = took["published, the whole, nothing changed"]
    one_published = took["published, one lens, nothing changed"]
    build = took["DHIS2-like build"]
    bars = (1.0, 6.0, 500, 8) if is_national else (3.5, 6.0, 200, None)
    return [
        Figure("recompute_ms", "Recompute, one lens, select", one, "ms"),
        Figure("recompute_whole_ms", "Recompute, both lenses and all measures, select",
               everything, "ms"),
        Figure("publish_whole_ms", "Recompute, both lenses and all measures, published",
               all_published, "ms"),
        Figure("recompute_vs_bare_scan", "Recompute, one lens, to bare heap scans of the same rows",
               one / heap, "×", bars[0]),
        Figure("recompute_vs_index_only",
               "Recompute, one lens, to bare index-only scans of the same rows",
               one / index, "×", bars[1],
               note="the scan of reported members has no covering index"),
        Figure("recompute_vs_design_scan",
               "Recompute, one lens, to heap scans of the facts that the design counts from",
               one / took["heap scans of the design's facts"], "×",
               note="steps of the year, open files, memberships: this schema need not read them"),
        Figure("whole_vs_bare_scan", "The whole, select, to bare heap scans of the same rows",
               everything / all_heap, "×"),
        Figure("whole_vs_index_only", "The whole, select, to bare index-only scans",
               everything / all_index, "×"),
        Figure("published_vs_bare_scan",
               "One lens, all its columns, published, nothing changed, to bare heap scans of the"
               " same rows",
               one_published / all_heap, "×", 1.2 if is_national else None,
               note="terms and last admissions are among its columns, so all years among its rows"),
        Figure("whole_published_vs_bare_scan",
               "The whole, published, nothing changed, to bare heap scans of the same rows",
               all_published / all_heap, "×"),
        Figure("naive_vs_recompute", "A loop of Django queries to the recompute, one lens",
               loop / one, "×", bars[2], at_least=True,
               note=f"reckoned from {SAMPLE} organisations; it saves nothing"),
        Figure("naive_vs_published", "A loop of Django queries to the whole, published",
               loop / all_published, "×", note="one lens in the loop, two published"),
        Figure("dhis2_build_vs_recompute", "DHIS2-like analytics tables, built, to one lens",
               build / one, "×", bars[3], at_least=True,
               note="their shape, rebuilt from public sources; facts of one year"),
        Figure("dhis2_read_vs_read", "DHIS2-like read of the top to a read of the stored row",
               took["DHIS2-like read of the top"] / took["read of the top"], "×"),
    ]  # fmt: skip


# ------------------------------------------------------------------ the loop


def _loop(organizations: int) -> float:
    """Return the milliseconds of an ordinary loop: a query per measure and organisation.

    It sees the same indexes, counts one lens and saves nothing.
    """
    step = max(1, organizations // SAMPLE)
    sample = list(Organization.objects.order_by("pk")[step // 2 :: step][:SAMPLE])
    began = perf_counter()
    for organization in sample:
        beneath = Ancestry.objects.on(DAY).filter(ancestor=organization).values("descendant")
        for measure in MEASURES:
            if measure.source == "admission":
                facts = Admission.objects.filter(cell__in=beneath, ceremony_on__range=(FIRST, DAY))
                facts.extra(where=[measure.condition]).aggregate(people=Sum("sign"))
            elif measure.source == "recognition":
                found = Recognition.objects.filter(cell__in=beneath)
                found.filter(official_on__range=(FIRST, DAY)).count()
            elif measure.source == "certificate":
                papers = Certificate.objects.filter(candidate__cell__in=beneath, kind="awareness")
                papers.filter(issued_on__range=(FIRST, DAY)).count()
            elif measure.source in FLOWS:
                day = {f"{FLOWS[measure.source].day}__range": (FIRST, DAY)}
                Candidate.objects.filter(cell__in=beneath, **day).count()
            else:
                files = Candidate.objects.filter(cell__in=beneath)
                files.extra(where=[measure.condition]).count()
        Baseline.objects.filter(organization=organization, year=YEAR).first()
    return (perf_counter() - began) * 1000 / len(sample) * organizations


# ------------------------------------------------------------------ analytics tables


class Analytics:
    """The shape of DHIS2's analytics tables: rows of facts, `uidlevelN`, an index per dimension.

    Made again from what its public sources say of `JdbcAnalyticsTableManager`; it is no DHIS2.
    Facts of the year and open files alone: DHIS2 would build all years.
    """

    LEVELS = 6
    DIMENSIONS = (
        "uid", *(f"uidlevel{level}" for level in range(1, LEVELS + 1)),
        "kind", "monthly", "quarterly", "yearly", "sex", "age", "ethnic", "stage",
    )  # fmt: skip

    def build(self) -> None:
        """Build the structure of levels, the table of facts, and an index for each dimension."""
        self.drop()
        levels = ", ".join(
            "max(lpad(ancestor_id::text, 11, '0')) FILTER"
            f" (WHERE deepest - depth = {level - 1})::char(11) AS uidlevel{level}"
            for level in range(1, self.LEVELS + 1)
        )
        names = ", ".join(f"uidlevel{level}" for level in range(1, self.LEVELS + 1))
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                CREATE TABLE bench_levels AS
                SELECT descendant_id, {levels} FROM (
                    SELECT *, max(depth) OVER (PARTITION BY descendant_id) AS deepest
                    FROM organizations_ancestry
                    WHERE valid_from <= '{DAY}' AND valid_to > '{DAY}'
                ) AS line GROUP BY 1;
                ALTER TABLE bench_levels ADD PRIMARY KEY (descendant_id);
                ANALYZE bench_levels;
                CREATE TABLE bench_analytics AS
                SELECT lpad(fact.id::text, 11, '0')::char(11) AS uid, {names}, 'admission' AS kind,
                    to_char(ceremony_on, 'YYYYMM') AS monthly,
                    to_char(ceremony_on, 'YYYY"Q"Q') AS quarterly,
                    to_char(ceremony_on, 'YYYY') AS yearly,
                    sex, age_years AS age, is_ethnic_minority AS ethnic, groups, '' AS stage,
                    sign::float8 AS value
                FROM admissions_admission AS fact
                JOIN bench_levels ON descendant_id = cell_id
                WHERE ceremony_on BETWEEN '{FIRST}' AND '{DAY}'
                UNION ALL
                SELECT lpad(file.id::text, 11, '0')::char(11), {names}, 'file',
                    to_char(stage_since, 'YYYYMM'), to_char(stage_since, 'YYYY"Q"Q'),
                    to_char(stage_since, 'YYYY'), sex,
                    extract(year FROM age(stage_since, born_on)), ethnicity <> 'Kinh',
                    file.groups, stage, 1
                FROM admissions_candidate AS file
                JOIN organizations_person AS person ON person.id = person_id
                JOIN bench_levels ON descendant_id = cell_id
                WHERE stage IN ({OPEN})
                """
            )
            for dimension in self.DIMENSIONS:
                cursor.execute(f"CREATE INDEX ON bench_analytics ({dimension})")
            cursor.execute("ANALYZE bench_analytics")

    def read_top(self) -> None:
        """Ask for the admissions of the top organisation in the year."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT sex, sum(value) FROM bench_analytics WHERE uidlevel1 = lpad('1', 11, '0')"
                f" AND kind = 'admission' AND yearly = '{YEAR}' GROUP BY 1"
            )
            cursor.fetchall()

    def drop(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS bench_analytics, bench_levels")


# ------------------------------------------------------------------ days


def dated(*, rounds: int) -> list[Figure]:
    """Measure what the past costs: the same statement over a tree without history, and with it.

    Lens *now* is the tree as of a day, lens *then* that of each fact's own day.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE TABLE bench_lines (LIKE organizations_ancestry INCLUDING ALL);
            INSERT INTO bench_lines (id, descendant_id, ancestor_id, depth, valid_from, valid_to)
                OVERRIDING SYSTEM VALUE
                SELECT id, descendant_id, ancestor_id, depth, '1900-01-01', '9999-12-31'
                FROM organizations_ancestry WHERE valid_from <= '{DAY}' AND valid_to > '{DAY}'
                ORDER BY ancestor_id, depth, descendant_id;
            CREATE TABLE bench_places (LIKE organizations_placement INCLUDING INDEXES);
            INSERT INTO bench_places SELECT id, '[1900-01-01,)', decision_number, entered_at,
                organization_id, parent_id, reorganization_id
                FROM organizations_placement WHERE period @> '{DAY}'::date;
            """
        )
        cursor.execute("VACUUM ANALYZE bench_lines")
        cursor.execute("VACUUM ANALYZE bench_places")
    undated = one_lens("now").replace("organizations_ancestry", "bench_lines")
    undated = undated.replace("organizations_placement", "bench_places")
    half = date(YEAR, 6, 30)
    cases = {
        "without history": asked(undated, parameters=parameters()),
        "as of a day": asked(one_lens("now"), parameters=parameters()),
        "as it happened": asked(one_lens("then"), parameters=parameters()),
    }
    took = medians(interleaved(cases, rounds=rounds))
    past = median(
        sampled(
            lambda: taken_back(asked(whole(on=half, today=DAY), parameters=parameters(on=half))),
            most=1,
            seconds=1,
        )
    )
    now = median([milliseconds(asked(whole(), parameters=parameters())) for _ in range(3)])
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_lines, bench_places")
    base = took["without history"]
    return [
        Figure("as_of_vs_undated", "Roll-up as of a day to one without history",
               took["as of a day"] / base, "×", 1.15),
        Figure("as_it_happened_vs_undated", "Roll-up as it happened to one without history",
               took["as it happened"] / base, "×", 1.25),
        Figure("past_day_vs_today", "The whole as of a past day to the whole of today",
               past / now, "×",
               note="stages of that day follow from all steps of all files"),
    ]  # fmt: skip
