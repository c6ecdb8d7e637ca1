"""A whole country, or a scaled one, generated inside the database: the same for the same scale.

At scale 1: 1 centre, 40 provinces, 1,300 superior committees, 52,000 grassroots organisations (of
which 21,000 are cells), 5,000 department committees and 300,000 cells, four to six levels deep with
fan-outs after Zipf; 5.4 million members and 3 million files of ten years, 2016 to 2025, with all
their steps, decisions and ceremonies. On any day of nine years cells move to another committee, and
grassroots organisations to another superior: one in 37 cells, one in 50 organisations.

Chance is a hash of the row's number, so that no plan, setting or order changes what comes out.
Rows are written without triggers, indexes and foreign keys; those are then made anew, which
compares every row with them, so that nothing is in the tables that their constraints refuse.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from admissions.models import RuleSet
from admissions.stages import REACHES, Stage, Step
from config import names
from config.periods import OPEN_END
from organizations.operations.structure import LINES

DAY = date(2025, 12, 31)
"""The day on which the installation stands."""
YEAR = DAY.year
FOUNDED = date(1975, 1, 1)

STEPS = (
    (Step.IDENTIFY, 0, 0),
    (Step.PUT_ON_LIST, 30, 96),
    (Step.ENROL, 10, 48),
    (Step.CERTIFY, 5, 16),
    (Step.PERMIT, 20, 48),
    (Step.RECEIVE_PAPER, 10, 32),
    (Step.COMPLETE_PAPERS, 20, 48),
    (Step.VOTE_CELL, 5, 16),
    (Step.VOTE_GRASSROOTS, 8, 16),
    (Step.VOTE_COMPETENT, 15, 32),
    (Step.DECIDE, 3, 16),
    (Step.ADMIT, 5, 16),
    (Step.RECOGNISE, 365, 32),
)
"""The steps of a file in their order: days after the one before, and over how many more."""
CERTIFIED, DECIDED, ADMITTED, RECOGNISED = 4, 11, 12, 13
"""Places among `STEPS`, from 1."""

TABLES = (
    "organizations_organization",
    "organizations_designation",
    "organizations_placement",
    "organizations_ancestry",
    "organizations_person",
    "organizations_membership",
    "admissions_candidate",
    "admissions_milestone",
    "admissions_certificate",
    "admissions_decision",
    "admissions_admission",
    "admissions_recognition",
    "targets_baseline",
    "targets_target",
)
"""What is written here."""


def _words_of(text: str) -> list[str]:
    """Return the words of `text`; an underscore stands for a space within one."""
    return [word.replace("_", " ") for word in text.split()]


FAMILIES = _words_of("""
    Nguyễn Nguyễn Nguyễn Nguyễn Nguyễn Nguyễn Nguyễn Trần Trần Lê Lê Phạm Hoàng Huỳnh Phan
    Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Lò Vàng Giàng Đinh Hà Tô
""")
MIDDLES = _words_of("""
    Văn Văn Văn Thị Thị Thị Thị_Thu Thị_Hồng Đức Minh Quang Hữu Ngọc Xuân Thanh Công Đình
    Hoàng Thế Quốc Thị_Kim Thị_Ngọc A Bá Trọng
""")
GIVENS = _words_of("""
    Hoa Hùng Dũng Lan Hương Hà Anh Tuấn Nam Sơn Hải Thủy Trang Linh Phương Thảo Mai Long
    Thắng Cường Đạt Hiếu Trung Kiên Quân Bình An Yến Nga Hạnh Tâm Đông Tùng Khánh Việt Phúc
    Lộc Thọ Giang Huyền Nhung Ngân Quỳnh Chi Vân Tú Toàn Thành Tiến Vinh Dung Oanh Loan Liên
    Hiền Hòa Đức Nghĩa Lâm Khoa
""")


@dataclass(frozen=True)
class Plan:
    """How many of each there will be."""

    provinces: int
    districts: int
    committees: int
    grassroots_cells: int
    departments: int
    cells: int
    members: int
    files: int

    @classmethod
    def at(cls, scale: float, *, density: int = 1) -> Plan:
        """Return the numbers at `scale` (1: the country), with `density` times the people."""

        def part(whole: int, least: int = 1) -> int:
            return max(least, round(whole * scale))

        return cls(
            provinces=part(40, 2),
            districts=part(1300, 4),
            committees=part(31_000, 2),
            grassroots_cells=part(21_000),
            departments=part(5_000, 2),
            cells=part(300_000),
            members=part(5_400_000) * density,
            files=part(3_000_000) * density,
        )

    @property
    def organizations(self) -> int:
        above = 1 + self.provinces + self.districts
        return above + self.committees + self.grassroots_cells + self.departments + self.cells

    def numbers(self) -> dict[str, int]:
        """Return the counts and the first id of each kind, by the names that the SQL uses."""
        province = 2
        district = province + self.provinces
        committee = district + self.districts
        grassroots_cell = committee + self.committees
        department = grassroots_cell + self.grassroots_cells
        return {
            "provinces": self.provinces,
            "districts": self.districts,
            "committees": self.committees,
            "grassroots_cells": self.grassroots_cells,
            "departments": self.departments,
            "cells": self.cells,
            "members": self.members,
            "files": self.files,
            "organizations": self.organizations,
            "leaves": self.grassroots_cells + self.cells,
            "first_province": province,
            "first_district": district,
            "first_committee": committee,
            "first_grassroots_cell": grassroots_cell,
            "first_department": department,
            "first_cell": department + self.departments,
        }


@dataclass(frozen=True)
class Size:
    """What was generated; `moved` counts places taken after the first."""

    organizations: int
    lines: int
    moved: int
    members: int
    files: int
    open_files: int
    milestones: int
    admissions: int
    admissions_of_the_year: int


# ------------------------------------------------------------------ chance and names

# `bench_u(row, what)` lies from 0 to under 1, evenly. `bench_leaf` prefers some cells, after Zipf,
# and scatters those over the country.
CHANCE = """
    CREATE FUNCTION bench_u(bigint, bigint) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
        'SELECT (hashint8extended($1, $2) & 9007199254740991) / 9007199254740992.0::float8';
    CREATE FUNCTION bench_pick(bigint, bigint, int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
        AS 'SELECT floor(bench_u($1, $2) * $3)::int';
    CREATE FUNCTION bench_place(bigint, bigint) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
        'SELECT ((floor({leaves} * power(bench_u($1, $2), 1.25))::bigint * 7919 + 13)
            % {leaves})::int';
    CREATE FUNCTION bench_leaf(bigint, bigint) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
        'SELECT bench_place($1, $2) + CASE WHEN bench_place($1, $2) < {grassroots_cells}
            THEN {first_grassroots_cell} ELSE {first_cell} - {grassroots_cells} END';
"""

TREE = """
    INSERT INTO organizations_installation (id, mode, scenario, day)
        VALUES (1, 'demonstration', 'bench', '{day}');
    INSERT INTO organizations_user (id, username, password, full_name, email, is_active, is_staff,
            is_superuser, date_joined)
        OVERRIDING SYSTEM VALUE
        VALUES (1, 'bench', '', 'bench', '', true, false, false, '{day}');
    CREATE UNLOGGED TABLE bench_unit AS
        SELECT 1 AS id, NULL::int AS parent, 'central' AS kind, 'Ban Chấp hành Trung ương' AS title
        UNION ALL
        SELECT {first_province} + i, 1, 'province', 'Tỉnh ủy số'
            FROM generate_series(0, {provinces} - 1) AS i
        UNION ALL
        SELECT {first_district} + i,
            {first_province} + CASE WHEN i < {provinces} THEN i
                ELSE floor({provinces} * power(bench_u(i, 1), 1.35))::int END,
            'superior', 'Đảng bộ cấp trên cơ sở số'
            FROM generate_series(0, {districts} - 1) AS i
        UNION ALL
        SELECT {first_committee} + i,
            {first_district} + CASE WHEN i < {districts} THEN i
                ELSE floor({districts} * power(bench_u(i, 2), 1.3))::int END,
            CASE WHEN i % 3 = 0 THEN 'commune' ELSE 'grassroots' END, 'Đảng bộ cơ sở số'
            FROM generate_series(0, {committees} - 1) AS i
        UNION ALL
        SELECT {first_grassroots_cell} + i,
            {first_district} + floor({districts} * power(bench_u(i, 3), 1.3))::int,
            'grassroots-cell', 'Chi bộ cơ sở số'
            FROM generate_series(0, {grassroots_cells} - 1) AS i
        UNION ALL
        SELECT {first_department} + i,
            {first_committee} + floor({committees} * power(bench_u(i, 4), 3))::int,
            'intermediate', 'Đảng bộ bộ phận số'
            FROM generate_series(0, {departments} - 1) AS i
        UNION ALL
        SELECT {first_cell} + i,
            CASE WHEN bench_u(i, 5) < 0.18
                THEN {first_department} + floor({departments} * power(bench_u(i, 6), 1.4))::int
                ELSE {first_committee} + floor({committees} * power(bench_u(i, 7), 1.5))::int END,
            'cell', 'Chi bộ số'
            FROM generate_series(0, {cells} - 1) AS i;
    -- Whoever moves does so on a day of their own, from 2017 to the last day but one.
    CREATE UNLOGGED TABLE bench_move AS
        SELECT id, parent, '2017-01-02'::date + bench_pick(id, 8, 3285) AS "on",
            CASE WHEN kind = 'cell' THEN {first_committee} + bench_pick(id, 9, {committees})
                ELSE {first_district} + bench_pick(id, 9, {districts}) END AS destination
        FROM bench_unit
        WHERE (kind = 'cell' AND bench_u(id, 10) < 0.027 * {unrest})
            OR (kind IN ('commune', 'grassroots', 'grassroots-cell')
                AND bench_u(id, 10) < 0.02 * {unrest});
    DELETE FROM bench_move WHERE destination = parent;
    INSERT INTO organizations_organization (id, slug, official_code, period, is_grassroots_unit)
        OVERRIDING SYSTEM VALUE
        SELECT unit.id, 'o' || unit.id, '', '[{founded},)', kind.is_grassroots
        FROM bench_unit AS unit JOIN organizations_organizationkind AS kind ON kind.code = unit.kind
        ORDER BY unit.id;
    INSERT INTO organizations_designation (organization_id, name, short_name, name_search,
            name_order, kind_id, sector, "group", period, decision_number)
        SELECT unit.id, unit.title || ' ' || unit.id, unit.title || ' ' || unit.id,
            key.search || ' ' || unit.id, key.search || ' ' || lpad(unit.id::text, 8, '0'),
            unit.kind, '', '', '[{founded},)', ''
        FROM bench_unit AS unit JOIN bench_name AS key ON key.written = unit.title
        ORDER BY unit.id;
    INSERT INTO organizations_placement
            (organization_id, parent_id, period, decision_number, entered_at)
        SELECT unit.id, unit.parent, daterange('{founded}', move."on"), '', timestamptz '{day}'
        FROM bench_unit AS unit LEFT JOIN bench_move AS move USING (id)
        UNION ALL
        SELECT id, destination, daterange("on", NULL), '01-QĐ/TU', timestamptz '{day}'
        FROM bench_move
        ORDER BY 1, 3;
"""

# A file's days follow from its number: 4 bits of one hash for each step. `reached` is the last
# step taken by the day, `dropped` the last it would ever take. OFFSET 0: each is drawn once.
FILES = """
    CREATE UNLOGGED TABLE bench_file AS
    SELECT file.*,
        CASE WHEN dropped < {recognised} AND days[dropped] + 20 + (hash & 31)::int <= '{day}'
            THEN days[dropped] + 20 + (hash & 31)::int END AS closed_on,
        -- One admission in two thousand is reversed.
        CASE WHEN id % 2000 = 7 AND days[{admitted}] + 100 <= '{day}'
            AND dropped = {recognised} THEN days[{admitted}] + 100 END AS reversed_on
    FROM (
        SELECT drawn.*, least(dropped, CASE {reached} END) AS reached
        FROM (
            SELECT i AS id, bench_leaf(i, 20) AS cell, hashint8extended(i, 21) AS hash,
                CASE WHEN bench_u(i, 22) < 0.18 THEN 2 + bench_pick(i, 23, 8)
                    ELSE {recognised} END AS dropped,
                first - 6600 - (power(bench_u(i, 24), 1.8) * 9000)::int AS born_on,
                CASE WHEN bench_u(i, 25) < 0.45 THEN 'female' ELSE 'male' END AS sex,
                bench_u(i, 26) < 0.15 AS minority,
                {days} AS days
            FROM (
                SELECT i, '2014-07-01'::date + (i::float8 / {files} * 4200)::int AS first,
                    hashint8extended(i, 27) AS bits
                FROM generate_series(1, {files}) AS i
                OFFSET 0
            ) AS number
            OFFSET 0
        ) AS drawn
        OFFSET 0
    ) AS file;
    CREATE UNLOGGED TABLE bench_member AS
    SELECT i AS id, bench_leaf(i, 30) AS cell, joined_on,
        CASE WHEN bench_u(i, 31) < 0.04 AND joined_on + 400 < '{day}' THEN
            joined_on + 365 + bench_pick(i, 32, ('{day}' - joined_on) - 366) END AS left_on
    FROM (
        SELECT i, '1976-01-01'::date + (power(bench_u(i, 33), 0.6) * 17800)::int AS joined_on
        FROM generate_series({files} + 1, {files} + greatest(0, {members} - (
            SELECT count(*) FROM bench_file WHERE reached >= {admitted} AND reversed_on IS NULL
        ))) AS i
    ) AS number;
"""

PEOPLE = """
    INSERT INTO organizations_person (id, public_id, full_name, name_search, name_order, born_on,
            sex, ethnicity, education, occupation, is_youth_union_member,
            admitted_on, official_on, citizen_id_hash, citizen_id_ending)
        OVERRIDING SYSTEM VALUE
    SELECT one.id, md5('person ' || one.id)::uuid,
        family.written || ' ' || middle.written || ' ' || given.written,
        family.search || ' ' || middle.search || ' ' || given.search,
        given.sorted || ' ' || family.sorted || ' ' || middle.sorted,
        born_on, sex, CASE WHEN minority THEN 'Tày' ELSE 'Kinh' END, '', '', false,
        admitted_on, official_on, '', ''
    FROM (
        SELECT id, born_on, sex, minority,
            CASE WHEN reached >= {admitted} THEN days[{decided}] END AS admitted_on,
            CASE WHEN reached >= {recognised} AND reversed_on IS NULL
                THEN days[{recognised}] END AS official_on
        FROM bench_file
        UNION ALL
        SELECT id, joined_on - 6600 - bench_pick(id, 40, 6500),
            CASE WHEN bench_u(id, 41) < 0.36 THEN 'female' ELSE 'male' END,
            bench_u(id, 42) < 0.15, joined_on, joined_on + 365
        FROM bench_member
    ) AS one
    JOIN bench_part AS family
        ON family.part = 'family' AND family.place = bench_pick(one.id, 43, {families})
    JOIN bench_part AS middle
        ON middle.part = 'middle' AND middle.place = bench_pick(one.id, 44, {middles})
    JOIN bench_part AS given
        ON given.part = 'given' AND given.place = bench_pick(one.id, 45, {givens})
    ORDER BY one.id;
    INSERT INTO organizations_membership
        (person_id, cell_id, status, period, reason_in, reason_out)
    SELECT id, cell, 'official', daterange(joined_on, left_on), 'taken_over',
        CASE WHEN left_on IS NULL THEN '' ELSE 'deceased' END
    FROM bench_member
    UNION ALL
    SELECT id, cell, 'probationary', daterange(days[{admitted}],
            coalesce(reversed_on, CASE WHEN reached >= {recognised} THEN days[{recognised}] END)),
        'admitted', CASE WHEN reversed_on IS NOT NULL THEN 'reversed'
            WHEN reached >= {recognised} THEN 'recognised' ELSE '' END
    FROM bench_file WHERE reached >= {admitted}
    UNION ALL
    SELECT id, cell, 'official', daterange(days[{recognised}], NULL), 'recognised', ''
    FROM bench_file WHERE reached >= {recognised} AND reversed_on IS NULL;
"""

PROCESS = """
    INSERT INTO admissions_candidate (id, public_id, number, person_id, cell_id, rules_id, groups,
            special, was_cleared, course, stage, stage_since, identified_on, entered_at,
            entered_by_id, closed_on, closed_reason, version)
        OVERRIDING SYSTEM VALUE
    SELECT id, md5('file ' || id)::uuid, 'KC-' || lpad(id::text, 8, '0'), id, cell, {rules},
        {groups}, ARRAY[]::varchar[], false, 1,
        CASE WHEN coalesce(closed_on, reversed_on) IS NOT NULL THEN 'closed'
            ELSE (ARRAY[{stages}])[reached] END,
        coalesce(closed_on, reversed_on, days[reached]), days[1], days[1] + time '09:00', 1,
        coalesce(closed_on, reversed_on),
        CASE WHEN reversed_on IS NOT NULL THEN 'Admission reversed'
            WHEN closed_on IS NOT NULL THEN 'Dropped' ELSE '' END,
        reached
    FROM bench_file ORDER BY id;
    INSERT INTO admissions_milestone
        (candidate_id, step, "on", entered_at, entered_by_id, note, back_to)
    SELECT file.id, (ARRAY[{steps}])[step.place], file.days[step.place],
        file.days[step.place] + time '09:00', 1, '', ''
    FROM bench_file AS file
    CROSS JOIN LATERAL generate_series(1,
        CASE WHEN reversed_on IS NULL THEN reached ELSE {admitted} END) AS step(place);
    INSERT INTO admissions_milestone
        (candidate_id, step, "on", entered_at, entered_by_id, note, back_to)
    SELECT id, 'close', coalesce(closed_on, reversed_on),
        coalesce(closed_on, reversed_on) + time '09:00', 1, '', ''
    FROM bench_file WHERE coalesce(closed_on, reversed_on) IS NOT NULL ORDER BY id;
    INSERT INTO admissions_certificate (id, kind, candidate_id, number, issuer, issued_on,
            expires_on, rules_id, entered_at, entered_by_id)
        OVERRIDING SYSTEM VALUE
    SELECT id, 'awareness', id, 'GCN-' || id, 'Trung tâm chính trị', days[{certified}],
        days[{certified}] + 1826, {rules}, days[{certified}] + time '09:00', 1
    FROM bench_file WHERE reached >= {certified} ORDER BY days[{certified}];
    INSERT INTO admissions_decision (id, candidate_id, authority_id, kind, number, signed_on,
            signer, received_on, reason, rules_id, entered_at, approved_by_id)
        OVERRIDING SYSTEM VALUE
    SELECT file.id, file.id, district.id, 'admit', file.id || '-QĐ/ĐU', days[{decided}], 'Bí thư',
        NULL, '', {rules}, days[{decided}] + time '09:00', 1
    FROM bench_file AS file
    JOIN organizations_ancestry AS line ON line.descendant_id = file.cell
        AND line.valid_from <= '{day}' AND line.valid_to > '{day}'
    JOIN bench_unit AS district ON district.id = line.ancestor_id AND district.kind = 'superior'
    WHERE reached >= {decided} ORDER BY file.id;
    INSERT INTO admissions_decision (id, candidate_id, authority_id, kind, number, signed_on,
            signer, received_on, reason, rules_id, entered_at, approved_by_id)
        OVERRIDING SYSTEM VALUE
    SELECT {files} + admitted.id, candidate_id, authority_id, 'recognise', admitted.id || '-QĐ/CT',
        days[{recognised}], 'Bí thư', NULL, '', {rules}, days[{recognised}] + time '09:00', 1
    FROM admissions_decision AS admitted JOIN bench_file AS file ON file.id = admitted.id
    WHERE reached >= {recognised} AND reversed_on IS NULL ORDER BY file.id;
    INSERT INTO admissions_admission (id, origin, candidate_id, person_id, cell_id, decision_id,
            decided_on, ceremony_on, entered_at, entered_by_id, sign, reverses_id, reason, sex,
            age_years, is_ethnic_minority, groups, is_readmission)
        OVERRIDING SYSTEM VALUE
    SELECT id, 'process', id, id, cell, id, days[{decided}], days[{admitted}],
        days[{admitted}] + time '09:00', 1, 1, NULL, '', sex,
        extract(year FROM age(days[{admitted}], born_on)), minority, {groups}, false
    FROM bench_file WHERE reached >= {admitted}
    UNION ALL
    SELECT {files} + id, 'process', id, id, cell, id, days[{decided}], reversed_on,
        reversed_on + time '09:00', 1, -1, id, 'No standard', sex,
        extract(year FROM age(days[{admitted}], born_on)), minority, {groups}, false
    FROM bench_file WHERE reversed_on IS NOT NULL
    ORDER BY 8, 1;
    INSERT INTO admissions_recognition (id, admission_id, candidate_id, person_id, cell_id,
            decision_id, decided_on, official_on, entered_at, entered_by_id)
        OVERRIDING SYSTEM VALUE
    SELECT id, id, id, id, cell, {files} + id, greatest(days[{recognised}], official_on),
        official_on, days[{recognised}] + time '09:00', 1
    FROM bench_file
    CROSS JOIN LATERAL (
        SELECT (days[{admitted}] + interval '12 months')::date AS official_on
    ) AS probation
    WHERE reached >= {recognised} AND reversed_on IS NULL
    ORDER BY official_on;
"""

# Everybody reports for 1 January what memberships say; targets go down to the grassroots.
FIGURES = """
    INSERT INTO targets_baseline
        (organization_id, year, version, members, reason, entered_at, entered_by_id)
    SELECT line.ancestor_id, {year}, 1, sum(people), '', '{year}-01-05', 1
    FROM (
        SELECT cell_id, count(*) AS people FROM organizations_membership
        WHERE period @> '{year}-01-01'::date GROUP BY 1
    ) AS counted
    JOIN organizations_ancestry AS line ON line.descendant_id = cell_id
        AND line.valid_from <= '{year}-01-01' AND line.valid_to > '{year}-01-01'
    GROUP BY 1 ORDER BY 1;
    INSERT INTO targets_target (indicator_id, organization_id, span, year, kind, version, form,
            low, high, decision_number, decided_on, responsible, reason, entered_at, entered_by_id)
    SELECT 'KN01', unit.id, 'year', {year}, 'assigned', 1, 'number', aim, aim, '01-QĐ/TU',
        '{year}-01-15', '', '', '{year}-01-15', 1
    FROM bench_unit AS unit
    JOIN targets_baseline AS opening ON opening.organization_id = unit.id
    CROSS JOIN LATERAL (SELECT ceil(opening.members * (3 + unit.id % 3) / 100.0)::int AS aim) AS one
    WHERE unit.kind NOT IN ('cell', 'intermediate') ORDER BY unit.id;
    INSERT INTO targets_target (indicator_id, organization_id, span, year, until_year, kind,
            version, form, percent, decision_number, decided_on, responsible, reason, entered_at,
            entered_by_id)
        VALUES ('KN01', 1, 'term', 2021, 2025, 'assigned', 1, 'share', 4, '01-NQ/TW', '2021-01-15',
            '', '', '2021-01-15', 1);
    DROP TABLE bench_unit, bench_move, bench_file, bench_member, bench_name, bench_part;
    DROP FUNCTION bench_leaf, bench_place, bench_pick, bench_u;
"""

_GROUPS = (
    "CASE WHEN hash % 4 = 0 THEN ARRAY['worker'] WHEN hash % 4 = 1 THEN"
    " ARRAY['youth_union', 'student'] WHEN hash % 4 = 2 THEN ARRAY['youth_union']"
    " ELSE ARRAY[]::varchar[] END::varchar[]"
)


def generate(scale: float, *, density: int = 1, unrest: float = 1) -> Size:
    """Fill the empty, migrated database with a country of `scale`; return what is in it.

    `density` times as many members and files stand in the same tree, of which `unrest` times as
    many organisations move. Needs the owner's connection. Raises IntegrityError where a constraint
    refuses a row.
    """
    plan = Plan.at(scale, density=density)
    words = {**_words(plan), "unrest": unrest}
    with connection.cursor() as cursor:
        cursor.execute(
            "SET max_parallel_workers_per_gather = 0; SET work_mem = '512MB';"
            " SET maintenance_work_mem = '1GB'; SET synchronous_commit = off;"
            " SET lock_timeout = 0; SET statement_timeout = 0"
        )
        cursor.execute(CHANCE.format(**words))
        _write_names(cursor)
        with _loosened(cursor):
            cursor.execute(TREE.format(**words))
            cursor.execute(
                "INSERT INTO organizations_ancestry"
                f" (descendant_id, ancestor_id, depth, valid_from, valid_to) {LINES}"
                " ORDER BY 2, 3, 1",
                {"organizations": list(range(1, plan.organizations + 1)), "open": OPEN_END},
            )
            for text in (FILES, PEOPLE, PROCESS, FIGURES):
                for statement in text.format(**words).split(";\n"):
                    if statement.strip():
                        cursor.execute(statement)
                if text is FILES:
                    cursor.execute("ANALYZE bench_unit; ANALYZE bench_file; ANALYZE bench_member")
        _set_sequences(cursor)
        cursor.execute("RESET ALL")
        cursor.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")
        cursor.execute(
            """
            SELECT (SELECT count(*) FROM organizations_organization),
                (SELECT count(*) FROM organizations_ancestry),
                (SELECT count(*) FROM organizations_placement WHERE lower(period) > %(founded)s),
                (SELECT count(DISTINCT person_id) FROM organizations_membership
                    WHERE period @> %(day)s::date),
                (SELECT count(*) FROM admissions_candidate),
                (SELECT count(*) FROM admissions_candidate
                    WHERE stage NOT IN ('admitted', 'official', 'closed')),
                (SELECT count(*) FROM admissions_milestone),
                (SELECT count(*) FROM admissions_admission),
                (SELECT count(*) FROM admissions_admission
                    WHERE ceremony_on >= %(first)s)
            """,
            {"founded": FOUNDED, "day": DAY, "first": date(YEAR, 1, 1)},
        )
        return Size(*cursor.fetchone())


def _words(plan: Plan) -> dict[str, Any]:
    """Return what the SQL above is filled with."""
    after = "first"
    days = []
    for place, (_step, least, more) in enumerate(STEPS):
        after += f" + {least} + (((bits >> {4 * place}) & 15) * {more} / 16)::int" if least else ""
        days.append(after)
    return {
        **plan.numbers(),
        "day": DAY.isoformat(),
        "year": YEAR,
        "founded": FOUNDED.isoformat(),
        "certified": CERTIFIED,
        "decided": DECIDED,
        "admitted": ADMITTED,
        "recognised": RECOGNISED,
        "days": f"ARRAY[{', '.join(days)}]",
        "reached": " ".join(
            f"WHEN days[{place}] <= '{DAY}' THEN {place}" for place in range(len(STEPS), 0, -1)
        ),
        "steps": ", ".join(f"'{step.value}'" for step, _least, _more in STEPS),
        "stages": ", ".join(f"'{_stage_of(step).value}'" for step, _least, _more in STEPS),
        "rules": RuleSet.objects.in_force(on=DAY).pk,
        "groups": _GROUPS,
        "families": len(FAMILIES),
        "middles": len(MIDDLES),
        "givens": len(GIVENS),
    }


def _stage_of(step: Step) -> Stage:
    return REACHES[step]


def _write_names(cursor: Any) -> None:
    """Write the parts of people's names, and organisations' titles, with the keys made of them."""
    cursor.execute(
        "CREATE UNLOGGED TABLE bench_part (part text, place int, written text, search text,"
        ' sorted text COLLATE "C");'
        "CREATE UNLOGGED TABLE bench_name (written text, search text)"
    )
    for part, words in (("family", FAMILIES), ("middle", MIDDLES), ("given", GIVENS)):
        cursor.executemany(
            "INSERT INTO bench_part VALUES (%s, %s, %s, %s, %s)",
            [
                # A sort key begins with the last word; of several, each is keyed by itself.
                (part, place, word, names.search_key(word),
                 " ".join(names.sort_key(one) for one in word.split()))
                for place, word in enumerate(words)
            ],
        )  # fmt: skip
    titles = {
        "Ban Chấp hành Trung ương", "Tỉnh ủy số", "Đảng bộ cấp trên cơ sở số", "Đảng bộ cơ sở số",
        "Chi bộ cơ sở số", "Đảng bộ bộ phận số", "Chi bộ số",
    }  # fmt: skip
    cursor.executemany(
        "INSERT INTO bench_name VALUES (%s, %s)",
        [(title, names.search_key(title)) for title in sorted(titles)],
    )


CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), contype = 'f'
    FROM pg_constraint
    WHERE contype IN ('p', 'u', 'x', 'f') AND conparentid = 0
        AND (conrelid = ANY(%(tables)s::regclass[]) OR confrelid = ANY(%(tables)s::regclass[]))
    ORDER BY contype = 'f', conrelid::regclass::text, conname
"""
INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
    FROM pg_index
    WHERE indrelid = ANY(%(tables)s::regclass[]) AND NOT EXISTS (
        SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
    ORDER BY 1
"""


@contextmanager
def _loosened(cursor: Any) -> Iterator[None]:
    """Take away indexes, keys and triggers for the block, and make them anew after it.

    Made anew, a constraint looks at every row that is there.
    """
    tables = {"tables": list(TABLES)}
    cursor.execute(CONSTRAINTS, tables)
    constraints = cursor.fetchall()
    cursor.execute(INDEXES, tables)
    indexes = cursor.fetchall()
    # Foreign keys first: they stand on the others.
    for table, name, _definition, _is_foreign in reversed(constraints):
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    # The triggers of facts ask one row at a time; here nothing is entered by anybody.
    cursor.execute("SET session_replication_role = replica")
    yield
    cursor.execute("SET session_replication_role = origin; SET max_parallel_workers_per_gather = 2")
    for table in TABLES:
        cursor.execute(f"ANALYZE {table}")
    for _name, definition in indexes:
        cursor.execute(definition)
    for table, name, definition, _is_foreign in constraints:
        cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def _set_sequences(cursor: Any) -> None:
    """Let the next row of each table follow those that were written with their ids."""
    for table in (*TABLES, "organizations_user"):
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
        )
