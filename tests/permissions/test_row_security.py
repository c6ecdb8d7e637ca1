"""The second net: the database gives a page the rows of who is at it, whatever it asks for."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import DataError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse
from psycopg.sql import SQL, Identifier

from admissions.models import Candidate, MentorNote, Scan
from admissions.models.candidate import CandidateQuerySet
from admissions.operations.emergencies import open_in_emergency
from admissions.operations.preparation import put_on_list
from admissions.stages import Stage
from config import clock, rows
from config.periods import since
from organizations.models import Particulars, Person, Post, Role, User
from tests.database import OwnerRole
from tests.makers import (
    DAY,
    World,
    account,
    appointed,
    candidate,
    enrolled,
    logged,
    officer,
    planned_class,
    stand_on,
    world,
)

pytestmark = pytest.mark.django_db

HERE, THERE = "Lò Thị Ở Đây", "Vàng A Ở Kia"
NAMED = [model for model in apps.get_models() if model._meta.db_table in rows.CONDITIONS]


@pytest.fixture
def here() -> World:
    return world(slug="day")


@pytest.fixture
def there(here: World) -> World:
    return world(slug="kia")


@pytest.fixture
def file(here: World) -> Candidate:
    return candidate(here, at=Stage.READY, full_name=HERE)


@pytest.fixture
def foreign(there: World) -> Candidate:
    return candidate(there, at=Stage.READY, full_name=THERE)


def at_the_head(here: World) -> Person:
    """Return a member of the cell who holds a post there, with sealed particulars."""
    person = here.members[0]
    Post.objects.create(person=person, organization=here.cell, title="Bí thư", period=since(DAY))
    Particulars.objects.create(person=person)
    return person


def names() -> list[str]:
    """Return whose files are read now, no filter asked for."""
    return sorted(Candidate.objects.values_list("person__full_name", flat=True))


def test_who_is_nobody_reads_no_row_of_any_table_with_names(
    here: World, file: Candidate, foreign: Candidate
) -> None:
    assert Candidate.objects.count() == 2
    at_the_head(here)

    with rows.read_by(None):
        assert {model._meta.label: model._default_manager.count() for model in NAMED} == {
            model._meta.label: 0 for model in NAMED
        }


def test_each_role_reads_the_rows_of_its_organisations_without_asking_for_a_filter(
    here: World, there: World, file: Candidate, foreign: Candidate
) -> None:
    readers = {
        "secretary": here.secretary,
        "staff": here.staff,
        "approver": here.approver,
        "auditor": here.auditor,
    }
    read = {}
    for who, user in readers.items():
        with rows.read_by(user.pk):
            read[who] = names()
    with rows.read_by(there.secretary.pk):
        read["secretary there"] = names()

    assert read == {"secretary there": [THERE]} | {who: [HERE] for who in readers}


def test_a_leader_reads_how_many_and_nobody_s_name(here: World, file: Candidate) -> None:
    with rows.read_by(here.leader.pk):
        assert Candidate.objects.count() == 1
        assert names() == []
        assert not Person.objects.filter(candidacies=file).exists()


def test_of_who_holds_a_post_the_name_is_read_by_all_and_what_is_sealed_by_few(
    here: World, there: World
) -> None:
    person = at_the_head(here)
    for reader, seals in ((here.secretary, 1), (there.secretary, 0), (here.leader, 0)):
        with rows.read_by(reader.pk):
            assert Person.objects.filter(pk=person.pk).exists()
            assert Particulars.objects.filter(pk=person.pk).count() == seals, reader
            assert person.events.count() > 0 or not seals
            assert Person.objects.filter(pk=person.pk).update(ethnicity="Thái") == seals, reader


def test_what_hangs_on_a_file_is_read_by_name_alone_also_in_an_emergency(
    here: World, file: Candidate
) -> None:
    Particulars.objects.create(person=file.person)

    def read(user: User) -> list[int]:
        with rows.read_by(user.pk):
            tables = (Candidate, Person.objects.filter(candidacies=file), Particulars)
            found = [getattr(one, "objects", one).count() for one in tables]
            return [*found, file.events.count() > 0]

    assert read(here.staff) == [1, 1, 1, True]
    assert read(here.leader) == [1, 0, 0, False]
    open_in_emergency(by=here.leader, on=DAY, reason="Kiểm tra", number=file.number)
    assert read(here.leader) == [1, 1, 0, False]


def test_an_administrator_reads_nothing(here: World, file: Candidate) -> None:
    with rows.read_by(here.administrator.pk):
        assert Candidate.objects.count() == 0
        assert not Person.objects.filter(candidacies=file).exists()


def test_a_role_that_ended_yesterday_or_begins_tomorrow_reads_nothing(
    here: World, file: Candidate
) -> None:
    ended, begins = account("het-han"), account("chua-den")
    appointed(ended, here.cell, until=DAY)
    appointed(begins, here.cell, since=DAY + timedelta(days=1))

    for user in (ended, begins):
        with rows.read_by(user.pk):
            assert Candidate.objects.count() == 0


def test_the_political_centre_reads_who_is_in_its_classes_and_nobody_else(
    here: World, file: Candidate
) -> None:
    other = logged(here, full_name="Người Khác")
    put_on_list(other, by=here.secretary, on=DAY, held_on=date(2021, 1, 15))
    enrolled(here, planned_class(here), other)
    centre = officer("trung-tam", here.committee, Role.CENTRE)

    with rows.read_by(centre.pk):
        assert names() == ["Người Khác"]


def test_what_others_have_is_neither_changed_nor_taken(
    here: World, file: Candidate, foreign: Candidate
) -> None:
    with rows.read_by(here.secretary.pk):
        assert Candidate.objects.filter(pk=foreign.pk).update(closed_reason="Thôi") == 0
        assert Person.objects.filter(pk=foreign.person_id).update(ethnicity="Thái") == 0
        assert Person.objects.filter(pk=file.person_id).update(ethnicity="Thái") == 1


def whole_rows(table: str) -> set[str]:
    """Return the rows of `table` that are read now, each as JSON."""
    with connection.cursor() as cursor:
        every = SQL("SELECT to_jsonb(one)::text FROM {} AS one").format(Identifier(table))
        cursor.execute(every)
        return {row for (row,) in cursor}


def add_row(table: str, row: str) -> None:
    again = SQL("INSERT INTO {} SELECT * FROM jsonb_populate_record(NULL::{}, %s)")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(again.format(Identifier(table), Identifier(table)), [row])


def test_no_statement_adds_to_what_others_have(
    here: World, foreign: Candidate, owner_role: OwnerRole
) -> None:
    theirs = {table: whole_rows(table) for table in rows.CONDITIONS}
    with rows.read_by(here.secretary.pk):
        theirs = {table: found - whole_rows(table) for table, found in theirs.items()}
    with owner_role() as cursor:  # the triggers would refuse it first
        cursor.execute("SET LOCAL session_replication_role = replica")

    tried = {table for table, found in theirs.items() if found}
    assert tried >= {"organizations_person", "admissions_candidate", "admissions_candidateevent"}
    for table in tried:
        with (
            rows.read_by(here.secretary.pk),
            pytest.raises(ProgrammingError, match="row-level security"),
        ):
            add_row(table, theirs[table].pop())


def test_what_is_opened_in_an_emergency_is_read_for_its_hour_alone(
    here: World, file: Candidate
) -> None:
    opening = open_in_emergency(by=here.leader, on=DAY, reason="Kiểm tra", number=file.number)
    with rows.read_by(here.leader.pk):
        assert names() == [HERE]

    stand_on(DAY + timedelta(days=1))
    assert opening.expires_at < clock.now()
    with rows.read_by(here.leader.pk):
        assert names() == []


def test_a_file_is_not_moved_out_of_ones_own_rows(
    here: World, there: World, file: Candidate, owner_role: OwnerRole
) -> None:
    with owner_role() as cursor:  # the triggers would refuse it first
        cursor.execute("SET LOCAL session_replication_role = replica")
    with (
        rows.read_by(here.secretary.pk),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        Candidate.objects.filter(pk=file.pk).update(cell=there.cell)


def test_a_reader_who_is_no_number_is_an_error_and_no_row(file: Candidate) -> None:
    with (
        pytest.raises(DataError),
        rows.read_by("1 OR true"),  # type: ignore[arg-type]
        transaction.atomic(),
    ):
        Candidate.objects.count()


def test_the_reader_ends_with_the_page(client: Client, here: World, file: Candidate) -> None:
    client.force_login(here.secretary)
    assert client.get(reverse("candidate-detail", args=[file.public_id])).status_code == 200

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('ketnap.reader', true)")
        role, reader = cursor.fetchone()
    assert role.endswith("_system")
    assert reader in {"", None}


def test_a_page_that_fails_leaves_no_reader_behind(here: World, file: Candidate) -> None:
    with pytest.raises(ZeroDivisionError), rows.read_by(here.secretary.pk), transaction.atomic():
        _ = 1 / 0

    assert names() == [HERE]


def test_a_statement_that_fails_leaves_no_reader_behind(here: World, file: Candidate) -> None:
    with (
        pytest.raises(ProgrammingError),
        transaction.atomic(),
        rows.beyond_scope(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT nonsense")

    assert names() == [HERE]


def test_a_rule_that_must_looks_further_than_whoever_is_at_the_page(
    here: World, file: Candidate, foreign: Candidate
) -> None:
    with rows.read_by(here.secretary.pk):
        with rows.beyond_scope():
            assert names() == sorted([HERE, THERE])
        assert names() == [HERE]


def everything(self: CandidateQuerySet, *_who: object, **_on: object) -> CandidateQuerySet:
    return self.all()


def test_a_filter_that_a_page_forgot_is_made_up_for(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    here: World,
    file: Candidate,
    foreign: Candidate,
) -> None:
    monkeypatch.setattr(CandidateQuerySet, "visible_to", everything)
    client.force_login(here.secretary)

    assert client.get(reverse("candidate-detail", args=[file.public_id])).status_code == 200
    assert client.get(reverse("candidate-detail", args=[foreign.public_id])).status_code == 404


def test_without_the_net_that_page_would_have_shown_it(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    here: World,
    foreign: Candidate,
) -> None:
    monkeypatch.setattr(CandidateQuerySet, "visible_to", everything)
    monkeypatch.setattr(rows, "read_by", lambda _who: nullcontext())
    client.force_login(here.secretary)

    assert client.get(reverse("candidate-detail", args=[foreign.public_id])).status_code != 404


@pytest.mark.parametrize("model", [Person, Candidate], ids=lambda model: model.__name__)
def test_nothing_is_hidden_that_the_page_s_own_filter_lets_through(
    model: Any, here: World, there: World, file: Candidate, foreign: Candidate
) -> None:
    for user in User.objects.filter(is_active=True):
        lets_through = set(model.objects.visible_to(user).values_list("pk", flat=True))
        with rows.read_by(user.pk):
            given = set(model.objects.values_list("pk", flat=True))
        assert lets_through <= given, user


def test_the_tables_with_names_are_guarded_and_pages_cannot_pass_the_guard() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity ORDER BY relname")
        guarded = [table for (table,) in cursor]
        app, system = rows.roles()
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname IN (%s, %s)"
            " AND (rolsuper OR rolbypassrls OR rolinherit AND rolname = %s)",
            [app, system, app],
        )
        mighty = cursor.fetchall()

    assert guarded == sorted(rows.CONDITIONS)
    assert mighty == []
    assert {Person, Particulars, Candidate, Scan, MentorNote} <= set(NAMED)


def test_what_the_rules_in_triggers_look_up_they_see_whoever_writes() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE prorettype = 'trigger'::regtype"
            " AND pronamespace = 'public'::regnamespace"
            " AND prosrc ~ %s AND prosrc !~ 'current_user'"
            " AND NOT (prosecdef AND proconfig @> ARRAY['search_path=public, pg_temp'])",
            [rf"\m({'|'.join(rows.CONDITIONS)})\M"],
        )
        assert cursor.fetchall() == []


def test_a_name_is_searched_by_its_index_before_the_guard_is_asked(
    here: World, file: Candidate, owner_role: OwnerRole
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT proleakproof FROM pg_proc WHERE oid = 'textlike'::regproc")
        if not cursor.fetchone()[0]:
            pytest.fail("the owner of this database is no superuser")
    found = Person.objects.filter(name_search__contains="day")
    with rows.read_by(here.staff.pk), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "person_name_search_trgm" in found.explain()
