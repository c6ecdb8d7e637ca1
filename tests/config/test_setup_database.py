"""The product's role in the database: what it may, and what it may not."""

import pytest
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, connection, transaction
from pghistory.models import Event
from psycopg import sql

from config import database, grants

pytestmark = pytest.mark.django_db


def test_a_test_runs_as_the_role_that_owns_nothing():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper OR rolcreaterole OR rolcreatedb"
            " FROM pg_roles WHERE rolname = current_user"
        )
        role, mighty = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = current_user"
        )
        (owned,) = cursor.fetchone()

    assert (role.endswith("_system"), mighty, owned) == (True, False, 0)


def test_the_role_has_on_every_table_what_the_model_says_and_no_more():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, array_remove(ARRAY["
            " CASE WHEN has_table_privilege(oid, 'SELECT') THEN 'SELECT' END,"
            " CASE WHEN has_table_privilege(oid, 'INSERT') THEN 'INSERT' END,"
            " CASE WHEN has_any_column_privilege(oid, 'UPDATE') THEN 'UPDATE' END,"
            " CASE WHEN has_table_privilege(oid, 'DELETE') THEN 'DELETE' END,"
            " CASE WHEN has_table_privilege(oid, 'TRUNCATE') THEN 'TRUNCATE' END], NULL)"
            " FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        found = {table: tuple(rights) for table, rights in cursor.fetchall()}

    assert found == {**grants.rights(), "django_migrations": grants.READ}


def test_facts_and_histories_can_only_be_read_and_added():
    facts = {
        model._meta.label
        for model in apps.get_models()
        if getattr(model, "append_only", False) or issubclass(model, Event)
    }

    assert {"admissions.Ballot", "admissions.Decision", "admissions.Admission"} <= facts
    assert {grants.rights_on(apps.get_model(label)) for label in facts} == {grants.ADD}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE admissions_ballot SET present = 1",
        "DELETE FROM organizations_person",
        "TRUNCATE organizations_person",
        "ALTER TABLE organizations_person DISABLE TRIGGER ALL",
        "DELETE FROM django_migrations",
        "CREATE TABLE smuggled (id int)",
        "UPDATE admissions_paperkind SET before_cell = false",
    ],
)
def test_the_role_is_refused_what_it_does_not_need(statement):
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_no_session_switches_a_trigger_off():
    """pgtrigger would: a setting that anybody may make names the triggers to be ignored."""
    installation = apps.get_model("organizations", "Installation").objects
    installation.create(mode="real")
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(tgname) FROM pg_trigger WHERE NOT tgisinternal")
        (every,) = cursor.fetchone()
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s::text[]::text, true)", [every])

    with pytest.raises(IntegrityError, match="stays what it was made"), transaction.atomic():
        installation.update(mode="demonstration", day="2021-05-28")


def test_when_and_by_whom_a_row_was_entered_is_never_changed():
    fixed = [
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        if (columns := grants.changeable(model))
        for field in model._meta.concrete_fields
        if field.column not in columns
    ]
    assert ("admissions_candidate", "entered_at") in fixed
    assert ("organizations_opensession", "started_at") in fixed

    for table, column in fixed:
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                sql.SQL("UPDATE {} SET {} = NULL").format(*map(sql.Identifier, (table, column)))
            )


def test_the_role_hides_no_table_behind_a_temporary_one_of_the_same_name(owner_role):
    # Copying a database leaves its own privileges behind, so they are given once more.
    role = database.app_role(database.database_of(database.owner_url()))
    with owner_role():
        grants.grant(role)

    for name in ("organizations_installation", "pg_temp.admissions_ballot"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"CREATE TEMPORARY TABLE {name} (day date)")


def test_the_owner_may_be_borrowed_for_a_while(owner_role):
    with owner_role() as cursor:
        cursor.execute("CREATE TABLE lent (id int)")
        cursor.execute("DROP TABLE lent")

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone()[0].endswith("_system")


@pytest.mark.django_db(transaction=True)
def test_what_migrations_filled_is_there_again_after_a_test_with_transactions_i():
    assert _kinds() > 0


@pytest.mark.django_db(transaction=True)
def test_what_migrations_filled_is_there_again_after_a_test_with_transactions_ii():
    assert _kinds() > 0


def _kinds() -> int:
    return apps.get_model("organizations", "OrganizationKind").objects.count()


def test_the_address_of_the_role_is_the_owner_s_with_another_name(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://owner:p%40ss@db:5433/ketnap?sslmode=require")

    password = database.app_password(database.owner_url())

    assert len(password) == 64
    assert database.app_url() == (
        f"postgresql://ketnap_app:{password}@db:5433/ketnap?sslmode=require"
    )


def test_the_role_s_own_address_and_password_can_be_given(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://owner:pw@db/ketnap")
    monkeypatch.setenv("APP_DATABASE_PASSWORD", "given")
    assert database.app_url() == "postgresql://ketnap_app:given@db/ketnap"

    monkeypatch.setenv("APP_DATABASE_URL", "postgresql://web@elsewhere/x")
    assert database.app_url() == "postgresql://web@elsewhere/x"


def test_a_secret_can_be_given_by_file(monkeypatch, tmp_path):
    (tmp_path / "url").write_text("postgresql://owner@db/from_file\n")
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))

    assert database.app_url() == "postgresql://from_file_app@db/from_file"


def test_a_scenario_has_a_database_of_its_own_on_the_same_server(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://owner@db/ketnap")
    monkeypatch.setenv("SCENARIO", "tam-duong-2023")

    assert database.app_url() == "postgresql://demo_tam_duong_2023_app@db/demo_tam_duong_2023"
