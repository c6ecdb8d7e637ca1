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
    OR EXISTS (SELECT 1 FROM admissions_mentorship AS helps
        JOIN organizations_user AS helper ON helper.person_id = helps.mentor_id
        WHERE helps.candidate_id = wanted AND helper.id = reader_id()
        AND helps.period @> reader_day())
"""  # noqa: S608 - our own words alone
"""Why else somebody reads all of the file `wanted` than for acting at its cell or above."""
IS_NAME_SHOWN = f"""
    EXISTS (SELECT 1 FROM admissions_enrolment AS place
        JOIN admissions_awarenessclass AS school ON school.id = place.school_id
        WHERE place.candidate_id = wanted AND {_acts("school.organization_id", ("centre",))})
    OR EXISTS (SELECT 1 FROM admissions_emergencyopening AS opened
        WHERE opened.candidate_id = wanted AND opened.account_id = reader_id()
        AND opened.entered_at <= app_now() AND opened.expires_at > app_now()
        AND reader_units(ARRAY['leader', 'staff']) <> '{{}}')
"""  # noqa: S608 - our own words alone
"""Why somebody reads whose file `wanted` is and where it stands, and nothing that hangs on it."""
IS_PERSON_READ = f"""
    EXISTS (SELECT 1 FROM organizations_membership AS member
        WHERE member.person_id = wanted AND {_acts("member.cell_id", NAMES)})
    OR EXISTS (SELECT 1 FROM admissions_candidate AS file
        WHERE file.person_id = wanted AND reader_reads_file(file.id))
    OR EXISTS (SELECT 1 FROM admissions_admission AS made
        WHERE made.person_id = wanted AND {_acts("made.cell_id", NAMES)})
    OR EXISTS (SELECT 1 FROM organizations_transfer AS moved WHERE moved.person_id = wanted
        AND ({_acts("moved.origin_id", NAMES)} OR {_acts("moved.destination_id", NAMES)}))
    OR EXISTS (SELECT 1 FROM organizations_temporarystay AS stay
        WHERE stay.person_id = wanted AND {_acts("stay.host_id", NAMES)})
"""  # noqa: S608 - our own words alone
"""Why somebody reads all of the person `wanted`."""
IS_PERSON_SHOWN = """
    reader_id() IS NOT NULL AND (
        EXISTS (SELECT 1 FROM organizations_post AS post WHERE post.person_id = wanted)
        OR EXISTS (SELECT 1 FROM admissions_candidate AS file
            WHERE file.person_id = wanted AND reader_is_shown_file(file.id))
        OR wanted = ANY (reader_people())
    )
"""
"""Why somebody reads no more than the name of `wanted`: a post is no secret, nor who one is."""


def _answers(name: str, condition: str) -> str:
    """Return the function that says of the row `wanted` whether `condition` holds.

    Functions keep their plans, and are asked row by row: of rows beyond where the reader acts,
    and of what a page has few of. As the owner, for a condition asks of all rows.
    """
    return f"""
        CREATE OR REPLACE FUNCTION {name}(wanted bigint) RETURNS boolean
            LANGUAGE plpgsql STABLE COST 10000
            SECURITY DEFINER SET search_path = public, pg_temp AS $$
            BEGIN RETURN {condition}; END
        $$;
    """


FUNCTIONS = """
    CREATE OR REPLACE FUNCTION reader_id() RETURNS bigint LANGUAGE sql STABLE AS $$
        SELECT nullif(current_setting('ketnap.reader', true), '')::bigint
    $$;
    CREATE OR REPLACE FUNCTION reader_day() RETURNS date LANGUAGE sql STABLE AS $$
        SELECT (app_now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
    $$;
    CREATE OR REPLACE FUNCTION reader_units(roles text[]) RETURNS bigint[] LANGUAGE sql STABLE AS $$
        SELECT coalesce(array_agg(organization_id), '{}') FROM organizations_appointment
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
"""
ANSWERS = "".join(
    _answers(name, condition)
    for name, condition in (
        (
            "reader_reads_file",
            "EXISTS (SELECT 1 FROM admissions_candidate AS file WHERE file.id = wanted AND "  # noqa: S608 - our own words alone
            f"{_acts('file.cell_id', NAMES)}) OR {IS_FILE_SHOWN}",
        ),
        ("reader_is_shown_file", f"{IS_FILE_SHOWN} OR {IS_NAME_SHOWN}"),
        ("reader_reads_person", IS_PERSON_READ),
        ("reader_is_shown_person", f"reader_reads_person(wanted) OR {IS_PERSON_SHOWN}"),
    )
)

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


CONDITIONS = {
    "organizations_person": PERSON,
    "organizations_personevent": "reader_reads_person(pgh_obj_id)",
    "organizations_particulars": "reader_reads_person(person_id)",
    "admissions_candidate": FILE,
    "admissions_candidateevent": "reader_reads_file(pgh_obj_id)",
    "admissions_verification": "reader_reads_file(candidate_id)",
    "admissions_verificationevent": "reader_reads_file(candidate_id)",
    "admissions_mentornote": """reader_reads_file(
        (SELECT candidate_id FROM admissions_mentorship WHERE id = mentorship_id))""",
    "admissions_scan": """reader_reads_file(
        (SELECT candidate_id FROM admissions_paper WHERE id = paper_id))""",
}
"""{table with names: what holds for the rows that the reader sees}"""
WRITTEN = {
    **CONDITIONS,
    "organizations_person": "reader_reads_person(id)",
    "admissions_candidate": f"""
        {_acts("admissions_candidate.cell_id", NAMES)}
        OR reader_is_shown_file(admissions_candidate.id)""",
}
"""{table with names: what holds for the rows that the reader changes and adds}"""

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
    named = {*CONDITIONS, *TABLE.findall(" ".join([ANSWERS, *CONDITIONS.values()]))}
    if not named <= set(connection.introspection.table_names()):
        return  # migrated back to before some of them
    unprotect()
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS + ANSWERS)
        for table in CONDITIONS:
            for statement in _policies(table, app, system):
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
    """Take away what lets pages see rows: no column that a policy names could be changed.

    The tables stay guarded: until `protect` a page sees none of their rows, workers see all.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename, policyname FROM pg_policies"
            " WHERE schemaname = 'public' AND policyname <> %s",
            [EVERYTHING],
        )
        for table, policy in cursor.fetchall():
            drop = sql.SQL("DROP POLICY {} ON {}")
            cursor.execute(drop.format(sql.Identifier(policy), sql.Identifier(table)))


EVERYTHING = "everything"
"""The policy of workers and commands, which names no column."""


def _policies(table: str, app: str, system: str) -> Iterator[sql.Composable]:
    name, reader, every = map(sql.Identifier, (table, app, system))
    seen, written = sql.SQL(CONDITIONS[table]), sql.SQL(WRITTEN[table])
    yield sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(name)
    yield sql.SQL("CREATE POLICY read ON {} FOR SELECT TO {} USING ({})").format(name, reader, seen)
    yield sql.SQL("CREATE POLICY changed ON {} FOR UPDATE TO {} USING ({})").format(
        name, reader, written
    )
    yield sql.SQL("CREATE POLICY added ON {} FOR INSERT TO {} WITH CHECK ({})").format(
        name, reader, written
    )
    anything = sql.Identifier(EVERYTHING)
    yield sql.SQL("DROP POLICY IF EXISTS {} ON {}").format(anything, name)
    yield sql.SQL("CREATE POLICY {} ON {} TO {} USING (true)").format(anything, name, every)
