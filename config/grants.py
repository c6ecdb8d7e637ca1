"""What the product's own role may do in the database: what each table needs, and no more.

Facts (a model with `append_only = True`, and every history of pghistory) may be read and added;
other rows may also be changed; only derived and technical rows may be deleted; what only triggers
write (`written_by_triggers = True`) may be read. The guards in the triggers say the same: two nets,
as a trigger also holds the owner's slips.
"""

from django.apps import apps
from django.db import connection
from django.db.models import Model
from pghistory.models import Event
from psycopg import sql

READ = ("SELECT",)
ADD = ("SELECT", "INSERT")
CHANGE = ("SELECT", "INSERT", "UPDATE")
ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")

DELETABLE_APPS = frozenset({"sessions", "axes", "account", "mfa"})
DELETABLE_MODELS = frozenset(
    {
        *("organizations.Outbox", "organizations.Ancestry", "organizations.OpenSession"),
        *("targets.Attainment", "auth.Group"),
    }
)
"""Rows that are derived, or that only carry something on. A model may also say `derived = True`."""

REFERENCE = frozenset(
    {
        "admissions.PaperKind",
        "targets.Indicator",
    }
)
"""What migrations write and nobody at a page: regulations, and what they list."""

TABLES_WITHOUT_MODEL = {"django_cache": ALL, "organizations_audittransaction": READ}

CALLABLE = ("erase_person(bigint)",)
"""Functions that run as the owner, which the role may call: each checks by itself that it may."""

FIXED = frozenset({"entered_at", "entered_by"})
"""Fields that say when and by whom a row was entered: never changed, whatever else of it is.

A model names further ones of its own: `fixed = frozenset({"person"})`.
"""

NOTHING_IS_IGNORED = """
    CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name)
    RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN false; END $$
"""
"""In the place of pgtrigger's own, which lets any session switch off any trigger by a setting."""


NOTICED = """
    CREATE OR REPLACE TRIGGER noticed AFTER INSERT ON {}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_noticed()
"""
"""Put on each history: a transaction that wrote there and told nobody is told of at its commit."""


def rights_on(model: type[Model]) -> tuple[str, ...]:
    """Return what the role may do with the rows of `model`."""
    if getattr(model, "append_only", False) or issubclass(model, Event):
        return ADD
    if model._meta.label in REFERENCE or getattr(model, "written_by_triggers", False):
        return READ
    through = model._meta.auto_created
    if through or model._meta.app_label in DELETABLE_APPS or getattr(model, "derived", False):
        return ALL
    return ALL if model._meta.label in DELETABLE_MODELS else CHANGE


def rights() -> dict[str, tuple[str, ...]]:
    """Return {table: privileges} for every table of the product."""
    found: dict[str, tuple[str, ...]] = dict(TABLES_WITHOUT_MODEL)
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            found[model._meta.db_table] = rights_on(model)
    return found


def changeable(model: type[Model]) -> list[str] | None:
    """Return the columns of `model` that the role may change, None where that is each of them."""
    fields = [field for field in model._meta.concrete_fields if field.column]
    fixed = FIXED | getattr(model, "fixed", frozenset())
    if "UPDATE" not in rights_on(model) or not fixed & {field.name for field in fields}:
        return None
    return [str(field.column) for field in fields if field.name not in fixed]


def _granted(privilege: str, columns: list[str] | None) -> sql.Composable:
    if privilege != "UPDATE" or columns is None:
        return sql.SQL(privilege)
    return sql.SQL("UPDATE ({})").format(sql.SQL(", ").join(map(sql.Identifier, columns)))


def make_roles(role: str, system: str, password: str | None) -> None:
    """Make `role` where it is missing, able to sign in and nothing else, and `system` beside it.

    `role` may act as `system`, which reads all rows, and does so when it says so alone.

    Raises ProgrammingError where the owner may not make roles and one is not there, or not so.
    """
    name = sql.Identifier(role)
    with connection.cursor() as cursor:
        # Roles belong to the whole server: two databases' migrations may make one at once.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [role])
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            attributes = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
            cursor.execute(sql.SQL("CREATE ROLE {} " + attributes).format(name))
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [system])
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(system)))
        # Only what is otherwise: an owner who may make no roles migrates with those made before.
        cursor.execute(
            "SELECT rolinherit, pg_has_role(oid, %s, 'MEMBER') FROM pg_roles WHERE rolname = %s",
            [system, role],
        )
        inherits, may_act = cursor.fetchone()
        if inherits:
            cursor.execute(sql.SQL("ALTER ROLE {} NOINHERIT").format(name))
        if not may_act:
            cursor.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(system), name))
        if password:
            set_password = sql.SQL("ALTER ROLE {} PASSWORD {}")
            cursor.execute(set_password.format(name, sql.Literal(password)))


def grant(role: str) -> None:
    """Give `role` its rights on the tables there are now, and take away any others.

    Also closes what no right says: see `NOTHING_IS_IGNORED`.
    """
    name = sql.Identifier(role)
    known = rights()
    columns = {model._meta.db_table: changeable(model) for model in apps.get_models()}
    histories = {model._meta.db_table for model in apps.get_models() if issubclass(model, Event)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        database = sql.Identifier(cursor.fetchone()[0])
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm')"
            " AND relnamespace = 'public'::regnamespace"
            # Not the views of extensions, such as pg_stat_statements.
            " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')"
        )
        tables = sorted(table for (table,) in cursor.fetchall())
        if "organizations_audittransaction" not in tables:
            histories = set()  # migrated back to before there was an audit
        statements = [
            # Here, since each migration with a trigger puts pgtrigger's own back.
            sql.SQL(NOTHING_IS_IGNORED),
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, name),
            # A temporary table hides the real one of its name from the functions that guard it.
            sql.SQL("REVOKE TEMPORARY, CREATE ON DATABASE {} FROM PUBLIC, {}").format(
                database, name
            ),
            sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC, {}").format(name),
            sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name),
            sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(name),
            *(
                sql.SQL("GRANT {} ON {} TO {}").format(
                    sql.SQL(", ").join(
                        _granted(privilege, columns.get(table))
                        for privilege in known.get(table, READ)
                    ),
                    sql.Identifier(table),
                    name,
                )
                for table in tables
            ),
            *(sql.SQL(NOTICED).format(sql.Identifier(one)) for one in histories & set(tables)),
            sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(name),
        ]
        for function in CALLABLE:
            cursor.execute("SELECT to_regprocedure(%s)", [function])
            if cursor.fetchone()[0]:  # not where migrations stopped before it
                allow = sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}")
                statements.append(allow.format(sql.SQL(function), name))
        cursor.execute(sql.SQL("; ").join(statements))
