"""A slice of a country, generated in the database: tree, moves, admissions of six years, files."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from config.periods import OPEN_END
from organizations.operations.structure import LINES

YEARS = 6
"""2016 to 2021; the clock stands on 31 December 2021."""


@dataclass(frozen=True)
class Size:
    """What was generated."""

    organizations: int
    lines: int
    admissions: int
    open_files: int
    moved: int


# One top, 2 districts, 20 bases and 640 cells per unit of scale; every hundredth cell moved to
# another base on 1 July 2021. Ids are dense: 1, then districts, bases, cells.
TREE = """
    INSERT INTO organizations_installation (id, mode, scenario, day)
        VALUES (1, 'demonstration', 'bench', '2021-12-31');
    INSERT INTO organizations_user
        (username, password, full_name, email, is_active, is_staff, is_superuser, date_joined)
        VALUES ('bench', '', 'bench', '', true, false, false, now());
    INSERT INTO organizations_organization (slug, official_code, period, is_grassroots_unit)
        SELECT 'o' || i, '', '[2010-01-01,)',
            i BETWEEN 2 + {districts} AND 1 + {districts} + {bases}
        FROM generate_series(1, 1 + {districts} + {bases} + {cells}) AS i;
    CREATE TEMP TABLE place AS SELECT i AS child, CASE
            WHEN i = 1 THEN NULL
            WHEN i <= 1 + {districts} THEN 1
            WHEN i <= 1 + {districts} + {bases} THEN 2 + (i - 2) % {districts}
            ELSE 2 + {districts} + (i * 7919) % {bases} END AS parent,
            i > 1 + {districts} + {bases} AND i % 100 = 0 AS moved
        FROM generate_series(1, 1 + {districts} + {bases} + {cells}) AS i;
    INSERT INTO organizations_placement (organization_id, parent_id, period, decision_number)
        SELECT child, parent,
            CASE WHEN moved THEN '[2010-01-01,2021-07-01)' ELSE '[2010-01-01,)' END::daterange, ''
        FROM place
        UNION ALL
        SELECT child, 2 + {districts} + (child * 7919 + 1) % {bases}, '[2021-07-01,)', ''
        FROM place WHERE moved;
"""

FACTS = """
    SELECT setseed(0.42);
    INSERT INTO organizations_person (public_id, full_name, name_search, name_order, born_on, sex,
            ethnicity, religion, education, occupation, residence, is_youth_union_member,
            citizen_id_hash, citizen_id_ending)
        SELECT gen_random_uuid(), 'Nguyễn Văn ' || i, 'nguyen van ' || i, 'n', '1993-01-01',
            CASE WHEN i % 3 = 0 THEN 'female' ELSE 'male' END, '', '', '', '', '', false, '', ''
        FROM generate_series(1, {cells} * 4 + {cells}) AS i;
    INSERT INTO admissions_admission (origin, person_id, cell_id, decided_on, ceremony_on, sign,
            reason, sex, age_years, is_ethnic_minority, groups, is_readmission)
        SELECT 'taken_over', i, 2 + {districts} + {bases} + floor(random() * ({cells} - 1)),
            day, day, 1, '', CASE WHEN i % 3 = 0 THEN 'female' ELSE 'male' END,
            20 + i % 35, i % 9 = 0,
            CASE i % 4 WHEN 0 THEN ARRAY['worker'] WHEN 1 THEN ARRAY['student', 'youth_union']
                ELSE ARRAY[]::varchar[] END, false
        FROM (SELECT i, date '2016-01-01' + floor(random() * 2190)::int AS day
            FROM generate_series(1, {cells} * 4) AS i) AS fact;
    INSERT INTO admissions_candidate (public_id, number, person_id, cell_id, rules_id, groups,
            stage, stage_since, identified_on, closed_reason, version, course, special,
            was_cleared, entered_by_id)
        SELECT gen_random_uuid(), 'KC-' || i, {cells} * 4 + i,
            2 + {districts} + {bases} + floor(random() * ({cells} - 1)),
            (SELECT min(id) FROM admissions_ruleset), ARRAY[]::varchar[],
            (ARRAY['source', 'sympathiser', 'certified', 'dossier', 'ready', 'cell_resolved',
                'decided'])[1 + i % 7],
            '2021-06-01', '2021-01-01', '', 1, 1, ARRAY[]::varchar[], false,
            (SELECT min(id) FROM organizations_user)
        FROM generate_series(1, {cells}) AS i;
    INSERT INTO targets_baseline (organization_id, year, version, members, reason, entered_by_id)
        SELECT id, 2021, 1, 18, '', (SELECT min(id) FROM organizations_user)
        FROM organizations_organization;
    INSERT INTO targets_target (indicator_id, organization_id, span, year, kind, version, form,
            low, high, decision_number, responsible, reason, entered_by_id)
        SELECT 'KN01', id, 'year', 2021, 'assigned', 1, 'number', 1, 1, '1', '', '',
            (SELECT min(id) FROM organizations_user)
        FROM organizations_organization;
    INSERT INTO targets_target (indicator_id, organization_id, span, year, kind, version, form,
            percent, decision_number, responsible, reason, entered_by_id)
        VALUES ('KN01', 1, 'term', 2020, 'assigned', 1, 'share', 5, '1', '', '',
            (SELECT min(id) FROM organizations_user));
"""


def generate(scale: int) -> Size:
    """Fill an empty database with a slice of `scale`, always the same for the same scale."""
    numbers = {"districts": 2 * scale, "bases": 20 * scale, "cells": 640 * scale}
    with connection.cursor() as cursor:
        # The triggers of facts ask one row at a time; here nothing is entered by anybody.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(TREE.format(**numbers))
        cursor.execute("SELECT array_agg(id) FROM organizations_organization")
        (organizations,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO organizations_ancestry"
            " (descendant_id, ancestor_id, depth, valid_from, valid_to) " + LINES,
            {"organizations": organizations, "open": OPEN_END},
        )
        cursor.execute(FACTS.format(**numbers))
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT (SELECT count(*) FROM organizations_organization),"
            " (SELECT count(*) FROM organizations_ancestry),"
            " (SELECT count(*) FROM admissions_admission),"
            " (SELECT count(*) FROM admissions_candidate),"
            " (SELECT count(*) FROM place WHERE moved)"
        )
        return Size(*cursor.fetchone())
