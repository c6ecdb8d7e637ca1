"""Which rows a page reads: row level security, the second net behind `visible_to`.

Web, workers and commands sign in as one role that owns nothing. While it answers a page it is
`<database>_app`, and reads of the tables with names only what the account in `ketnap.reader` may:
nothing, where nobody is named. Workers and commands act as `<database>_system`, which has the same
rights on tables and reads all rows. A rule that has to look further than whoever is at the page
does so by name, in `beyond_scope`.

The conditions are written here once more, apart from `visible_to` and in another language: a
filter that a view forgets is caught because this one does not depend on it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection
from psycopg import sql
from psycopg.pq import TransactionStatus

from config import database

NAMES = ("secretary", "staff", "approver", "auditor")
FIGURES = (*NAMES, "leader")


def _array(roles: tuple[str, ...]) -> str:
    return "ARRAY[{}]".format(", ".join(f"'{role}'" for role in roles))


def _acts(cell: str, roles: tuple[str, ...]) -> str:
    """Return the condition that the reader acts today in one of `roles` at or above `cell`.

    Where they act is asked once in a statement, so that a row costs one look into an index, and
    the statement's plan, which is made anew for each page, stays small.
    """
    return f"""EXISTS (
        SELECT 1 FROM organizations_ancestry AS line WHERE line.descendant_id = {cell}
        AND line.ancestor_id = ANY ((SELECT reader_units({_array(roles)}))::bigint[])
        AND line.valid_from <= (SELECT reader_day()) AND line.valid_to > (SELECT reader_day())
    )"""  # noqa: S608 - our own words alone


IS_FILE_SHOWN = f"""
    EXISTS (SELECT 1 FROM admissions_admission AS made
        WHERE made.candidate_id = wanted AND {_acts("made.cell_id", NAMES)})
    OR EXISTS (SELECT 1 FROM admissions_filetransfer AS moved WHERE moved.candidate_id = wanted
        AND ({_acts("moved.origin_id", NAMES)} OR {_acts("moved.destination_id", NAMES)}))
    OR EXISTS (SELECT 1 FROM admissions_enrolment AS place
        JOIN admissions_awarenessclass AS school ON school.id = place.school_id
        WHERE place.candidate_id = wanted AND {_acts("school.organization_id", ("centre",))})
    OR EXISTS (SELECT 1 FROM admissions_emergencyopening AS opened
        WHERE opened.candidate_id = wanted AND opened.account_id = reader_id()
        AND opened.entered_at <= app_now() AND opened.expires_at > app_now())
    OR EXISTS (SELECT 1 FROM admissions_mentorship AS helps
        JOIN organizations_user AS helper ON helper.person_id = helps.mentor_id
        WHERE helps.candidate_id = wanted AND helper.id = reader_id()
        AND helps.period @> reader_day())
"""  # noqa: S608 - our own words alone
"""Why else somebody reads the file `wanted` than for acting at its cell or above."""
IS_PERSON_SHOWN = f"""
    EXISTS (SELECT 1 FROM admissions_admission AS made
        WHERE made.person_id = wanted AND {_acts("made.cell_id", NAMES)})
    OR EXISTS (SELECT 1 FROM organizations_transfer AS moved WHERE moved.person_id = wanted
        AND ({_acts("moved.origin_id", NAMES)} OR {_acts("moved.destination_id", NAMES)}))
    OR EXISTS (SELECT 1 FROM organizations_temporarystay AS stay
        WHERE stay.person_id = wanted AND {_acts("stay.host_id", NAMES)})
    OR EXISTS (SELECT 1 FROM organizations_post AS post WHERE post.person_id = wanted)
    OR EXISTS (SELECT 1 FROM admissions_candidate AS file
        WHERE file.person_id = wanted AND reader_is_shown_file(file.id))
    OR wanted = ANY (reader_people())
"""  # noqa: S608 - our own words alone
"""Why else somebody reads of the person `wanted` than for acting where they are or ask to be."""

FUNCTIONS = f"""
    CREATE OR REPLACE FUNCTION reader_id() RETURNS bigint LANGUAGE sql STABLE AS $$
        SELECT nullif(current_setting('ketnap.reader', true), '')::bigint
    $$;
    CREATE OR REPLACE FUNCTION reader_day() RETURNS date LANGUAGE sql STABLE AS $$
        SELECT (app_now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
    $$;
    CREATE OR REPLACE FUNCTION reader_units(roles text[]) RETURNS bigint[] LANGUAGE sql STABLE AS $$
        SELECT coalesce(array_agg(organization_id), '{{}}') FROM organizations_appointment
        WHERE user_id = reader_id() AND role = ANY (roles) AND period @> reader_day()
    $$;
    -- On whose records the reader never acts: their own and declared relatives', each by every
    -- record there is of them. As the owner, for which of them are one person is asked of all.
    CREATE OR REPLACE FUNCTION reader_people() RETURNS bigint[] LANGUAGE sql STABLE
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        WITH near AS (
            SELECT coalesce(one.merged_into_id, one.id) AS kept FROM organizations_person AS one
            WHERE one.id IN (
                SELECT person_id FROM organizations_user WHERE id = reader_id()
                UNION ALL
                SELECT person_id FROM organizations_declaredrelative WHERE user_id = reader_id()
            )
        )
        SELECT array_agg(id) FROM (
            SELECT kept AS id FROM near
            UNION ALL
            SELECT merged.id FROM organizations_person AS merged, near
            WHERE merged.merged_into_id = near.kept
        ) AS known
    $$;
    -- Asked of rows alone that lie beyond where the reader acts: in a function, whose plan is kept.
    CREATE OR REPLACE FUNCTION reader_is_shown_file(wanted bigint) RETURNS boolean
        LANGUAGE plpgsql STABLE COST 10000
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN RETURN {IS_FILE_SHOWN}; END
    $$;
    CREATE OR REPLACE FUNCTION reader_is_shown_person(wanted bigint) RETURNS boolean
        LANGUAGE plpgsql STABLE COST 10000
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN RETURN {IS_PERSON_SHOWN}; END
    $$
"""  # noqa: S608 - our own words alone

FILE = f"""
    {_acts("admissions_candidate.cell_id", FIGURES)}
    OR reader_is_shown_file(admissions_candidate.id)
"""
PERSON = f"""
    EXISTS (SELECT 1 FROM organizations_membership AS member
        WHERE member.person_id = organizations_person.id AND {_acts("member.cell_id", NAMES)})
    OR EXISTS (SELECT 1 FROM admissions_candidate AS file
        WHERE file.person_id = organizations_person.id AND {_acts("file.cell_id", NAMES)})
    OR reader_is_shown_person(organizations_person.id)
"""  # noqa: S608 - our own words alone


def _seen(table: str, key: str) -> str:
    """Return the condition that the reader sees the row of `table` to which `key` points."""
    return f"EXISTS (SELECT 1 FROM {table} AS one WHERE one.id = {key})"  # noqa: S608 - our words


CONDITIONS = {
    "organizations_person": PERSON,
    "organizations_personevent": _seen("organizations_person", "pgh_obj_id"),
    "organizations_particulars": _seen("organizations_person", "person_id"),
    "admissions_candidate": FILE,
    "admissions_candidateevent": _seen("admissions_candidate", "pgh_obj_id"),
    "admissions_verification": _seen("admissions_candidate", "candidate_id"),
    "admissions_verificationevent": _seen("admissions_candidate", "candidate_id"),
    "admissions_mentornote": """EXISTS (SELECT 1 FROM admissions_mentorship AS mentors
        JOIN admissions_candidate AS one ON one.id = mentors.candidate_id
        WHERE mentors.id = mentorship_id)""",
    "admissions_scan": """EXISTS (SELECT 1 FROM admissions_paper AS paper
        JOIN admissions_candidate AS one ON one.id = paper.candidate_id
        WHERE paper.id = paper_id)""",
}
"""{table with names: what holds for the rows that the reader sees}"""

TABLE = re.compile(r"\b(?:FROM|JOIN) (\w+)")


def roles() -> tuple[str, str]:
    """Return the roles (that reads what the reader may, that reads all rows)."""
    from django.conf import settings  # noqa: PLC0415 - with the tests' own role

    app = settings.APP_ROLE or str(connection.settings_dict["USER"])
    return app, database.system_role(app)


@contextmanager
def read_by(account: int | None) -> Iterator[None]:
    """Let the block read as the account with that key, or as nobody."""
    app, _system = roles()
    with _acting(app, "" if account is None else str(account), reads=True):
        yield


@contextmanager
def beyond_scope() -> Iterator[None]:
    """Let a rule in the block look at all rows, not at those alone of whoever is at the page."""
    if not _reads.get():  # a worker or a command, or within another such block
        yield
        return
    _app, system = roles()
    with _acting(system, None, reads=False):
        yield


_reads: ContextVar[bool] = ContextVar("reads", default=False)
"""Whether what runs now reads as somebody at a page."""


@contextmanager
def _acting(role: str, reader: str | None, *, reads: bool) -> Iterator[None]:
    connection.ensure_connection()
    session = connection.connection
    before = session.execute(
        "SELECT current_setting('role'), coalesce(current_setting('ketnap.reader', true), '')"
    ).fetchone()
    _act(session, role, before[1] if reader is None else reader)
    known = _reads.set(reads)
    try:
        yield
    finally:
        _reads.reset(known)
        # In a transaction that failed nothing can be said any more; its rollback takes it back.
        if (
            connection.connection is session
            and not session.closed
            and session.info.transaction_status != TransactionStatus.INERROR
        ):
            _act(session, *before)


def _act(session: Any, role: str, reader: str) -> None:
    session.execute(
        "SELECT set_config('role', %s, false), set_config('ketnap.reader', %s, false)",
        [role, reader],
    )


GUARDS = """
    SELECT guard.oid::regprocedure::text FROM pg_proc AS guard
    WHERE guard.prorettype = 'trigger'::regtype AND guard.pronamespace = 'public'::regnamespace
    AND guard.prosrc ~ %s AND guard.prosrc !~ 'current_user'
"""


def protect(app: str, system: str) -> None:
    """Let `app` see the rows that `CONDITIONS` says and `system` all of them.

    What a trigger looks up it looks up as the owner: a rule holds for all rows, whoever writes.
    """
    asked = " ".join([*CONDITIONS.values(), IS_FILE_SHOWN, IS_PERSON_SHOWN])
    named = {*CONDITIONS, *TABLE.findall(asked)}
    if not named <= set(connection.introspection.table_names()):
        return  # migrated back to before some of them
    unprotect()
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS)
        for table, condition in CONDITIONS.items():
            for statement in _policies(table, condition, app, system):
                cursor.execute(statement)
        cursor.execute(GUARDS, [rf"\m({'|'.join(CONDITIONS)})\M"])
        for (guard,) in cursor.fetchall():
            cursor.execute(
                f"ALTER FUNCTION {guard} SECURITY DEFINER SET search_path = public, pg_temp"
            )
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone()[0]:
            # Searching tells nothing of a row but whether it is found: the index of names is
            # then asked before the policy. Elsewhere the search is as right and slower.
            cursor.execute("ALTER FUNCTION pg_catalog.textlike(text, text) LEAKPROOF")


def unprotect() -> None:
    """Take the policies away: no column that one names could be changed by a migration."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public'")
        policies = cursor.fetchall()
        for table, policy in policies:
            drop = sql.SQL("DROP POLICY {} ON {}")
            cursor.execute(drop.format(sql.Identifier(policy), sql.Identifier(table)))
        for table in sorted({table for table, _policy in policies}):
            disable = sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY")
            cursor.execute(disable.format(sql.Identifier(table)))


def _policies(table: str, condition: str, app: str, system: str) -> Iterator[sql.Composable]:
    name, seen = sql.Identifier(table), sql.SQL(condition)
    yield sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(name)
    reader, every = sql.Identifier(app), sql.Identifier(system)
    yield sql.SQL("CREATE POLICY read ON {} FOR SELECT TO {} USING ({})").format(name, reader, seen)
    yield sql.SQL("CREATE POLICY changed ON {} FOR UPDATE TO {} USING ({})").format(
        name, reader, seen
    )
    yield sql.SQL("CREATE POLICY added ON {} FOR INSERT TO {} WITH CHECK ({})").format(
        name, reader, seen
    )
    yield sql.SQL("CREATE POLICY everything ON {} TO {} USING (true)").format(name, every)
