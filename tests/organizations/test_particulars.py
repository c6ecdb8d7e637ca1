"""What is sealed of a person: stored under a key of their own, shown on request."""

from __future__ import annotations

import importlib
import json
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, models, transaction
from django.db.utils import ProgrammingError
from django.test.utils import isolate_apps
from django.urls import reverse
from psycopg import sql

from admissions.cases import case_of
from admissions.models import Candidate
from admissions.operations.candidates import edit_candidate
from admissions.selectors.outcomes import extract_of
from config import vault
from organizations.models import AuditEvent, Particulars, ParticularsReading, Person, User
from organizations.operations.people import change_person, register_person
from tests.database import OwnerRole
from tests.makers import DAY, World, logged, once, world
from tests.reports.everywhere import client

NUMBER = "022199001234"


@pytest.fixture
def kc(db: None) -> World:
    return world()


def sealed_person() -> Person:
    return register_person(
        full_name="Nguyễn Văn An", born_on=DAY.replace(year=1995), sex="male", on=DAY,
        religion="Phật giáo", residence="Tổ 5, phường Hà Tu", citizen_id="022 199 001 234",
    )  # fmt: skip


def stored() -> str:
    """Everything that the tables of people and their histories hold, as text."""
    tables = ("person", "personevent", "particulars", "particularsevent")
    with connection.cursor() as cursor:
        rows = []
        for table in tables:
            cursor.execute(
                sql.SQL("SELECT row_to_json(one)::text FROM {} AS one").format(
                    sql.Identifier(f"organizations_{table}")
                )
            )
            rows += cursor.fetchall()
    return "\n".join(text for (text,) in rows)


def test_what_is_most_personal_is_in_no_table_as_it_was_typed(db: None) -> None:
    person = sealed_person()

    assert Particulars.objects.opened(person) == {
        "citizen_id": NUMBER, "religion": "Phật giáo", "residence": "Tổ 5, phường Hà Tu",
    }  # fmt: skip
    for text in (NUMBER, "Phật giáo", "phường Hà Tu"):
        assert text not in stored()
        # The database writes bytes as hexadecimal digits.
        assert text.encode().hex() not in stored()
    assert "Nguyễn Văn An" in stored()


def test_somebody_of_whom_nothing_is_sealed_has_no_row(db: None) -> None:
    person = register_person(full_name="Lê Thị Bình", born_on=DAY.replace(year=1995), sex="female",
                             on=DAY)  # fmt: skip

    assert not Particulars.objects.filter(person=person).exists()
    assert set(Particulars.objects.opened(person).values()) == {""}


def test_what_was_sealed_of_one_person_is_not_opened_as_anothers_or_as_another_text(
    db: None,
) -> None:
    one, other = (Particulars.objects.get(person=sealed_person()) for _time in range(2))

    one.religion = one.residence
    with pytest.raises(ValueError, match="cannot be opened"):
        one.read("religion")
    other.key, other.religion = one.key, Particulars.objects.get(pk=one.pk).religion
    with pytest.raises(ValueError, match="cannot be opened"):
        other.read("religion")


def test_the_same_text_is_never_stored_twice_alike(db: None) -> None:
    one, other = (Particulars.objects.get(person=sealed_person()) for _time in range(2))

    assert bytes(one.citizen_id) != bytes(other.citizen_id)
    assert bytes(one.key) != bytes(other.key)


def test_the_history_keeps_what_was_sealed_before_but_never_a_key(kc: World) -> None:
    file = logged(kc)
    for residence in ("Hà Tu", "Hà Lầm"):
        edit_candidate(
            file, by=kc.secretary, on=DAY, version=Candidate.objects.get(pk=file.pk).version,
            residence=residence, religion="Không",
        )  # fmt: skip
    event = Particulars.pgh_event_model

    kept = event.objects.filter(person=file.person_id).order_by("pgh_id")
    key = Particulars.objects.get(person=file.person_id).key
    opened = [vault.unseal(key, one.residence, about=f"{one.person_id} residence") for one in kept]

    assert opened == ["Hà Tu", "Hà Lầm"]
    assert "key" not in {field.name for field in event._meta.get_fields()}


def test_a_number_corrected_on_a_members_papers_is_sealed_anew(kc: World) -> None:
    member = Person.objects.filter(memberships__cell=kc.cell).first()
    assert member is not None

    change_person(member, by=kc.secretary, on=DAY, citizen_id=NUMBER)

    assert Particulars.objects.opened(member)["citizen_id"] == NUMBER
    assert NUMBER not in stored()


def test_the_extract_for_the_deciding_body_says_religion_and_residence(kc: World) -> None:
    file = logged(kc)
    edit_candidate(
        file, by=kc.secretary, on=DAY, version=file.version, residence="Hà Tu", religion="Không"
    )

    case = case_of(Candidate.objects.get(pk=file.pk), on=DAY)
    extract = extract_of(case, with_sealed=True)

    assert {"Không", "Hà Tu"} <= {text for _label, text in extract.person}


# ---------------------------------------------------------------- shown on request


@pytest.fixture
def candidate_url(kc: World) -> str:
    file = logged(kc)
    edit_candidate(
        file, by=kc.secretary, on=DAY, version=file.version, residence="Tổ 5, phường Hà Tu",
        religion="Không",
    )  # fmt: skip
    return reverse("candidate-particulars", args=[file.public_id])


def test_the_form_of_corrections_comes_without_what_is_sealed_and_left_empty_it_stays(
    kc: World, candidate_url: str
) -> None:
    browser, file = client(kc.secretary), Candidate.objects.latest("pk")
    address = reverse("candidate-edit", args=[file.public_id])
    typed = {"full_name": file.person.full_name, "sex": file.person.sex, "occupation": "Thợ lò"}

    def sent(**changes: str) -> dict[str, str]:
        version = Candidate.objects.values_list("version", flat=True).get(pk=file.pk)
        answer = browser.post(
            address, {**typed, **changes, "once": once(), "version": str(version)}
        )
        assert answer.status_code == 303
        return Particulars.objects.opened(file.person)

    page = browser.get(address)
    assert "phường Hà Tu" not in page.content.decode()
    assert {page.context["form"][name].value() for name in ("religion", "residence")} == {None}
    before = Particulars.objects.opened(file.person)
    assert sent() == before
    assert sent(residence="Tổ 7, phường Hà Lầm") == {**before, "residence": "Tổ 7, phường Hà Lầm"}
    assert not ParticularsReading.objects.exists()


def test_the_extract_is_a_reading_of_what_is_sealed_told_and_counted(
    kc: World, candidate_url: str
) -> None:
    file = Candidate.objects.latest("pk")
    address = reverse("file-extract", args=[file.public_id])
    browser = client(kc.staff)

    shown = browser.get(address)

    assert "phường Hà Tu" in shown.content.decode()
    read = AuditEvent.objects.get(kind="read", actor=kc.staff)
    assert (read.action, read.reference) == ("file-extract", str(file.public_id))
    assert ParticularsReading.objects.get().entered_by == kc.staff
    for _time in range(29):
        AuditEvent.objects.create(
            actor=kc.staff, kind="read", action="candidate-scan", organization=kc.cell
        )
    refused = browser.get(address)
    assert (refused.status_code, "phường Hà Tu" in refused.content.decode()) == (429, False)
    assert ParticularsReading.objects.count() == 1
    audited = client(kc.auditor).get(address)
    assert (audited.status_code, "phường Hà Tu" in audited.content.decode()) == (200, False)


def test_a_file_shows_nothing_sealed_until_it_is_asked_for(kc: World, candidate_url: str) -> None:
    browser = client(kc.secretary)

    page = browser.get(candidate_url.replace("/rieng/", "/")).content.decode()
    asked = browser.get(candidate_url).content.decode()
    shown = browser.post(candidate_url)

    assert "phường Hà Tu" not in page + asked
    assert candidate_url in page
    assert "phường Hà Tu" in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    told = AuditEvent.objects.get(kind="read")
    assert (told.actor, told.action) == (kc.secretary, "candidate-particulars")
    assert ParticularsReading.objects.get().entered_by == kc.secretary


def test_an_auditor_says_why_each_time(kc: World, candidate_url: str) -> None:
    browser = client(kc.auditor)

    refused = browser.post(candidate_url, {"reason": ""})
    shown = browser.post(candidate_url, {"reason": "Kiểm tra chuyên đề"})

    assert refused.status_code == 422
    assert "phường Hà Tu" not in refused.content.decode()
    assert "phường Hà Tu" in shown.content.decode()
    assert ParticularsReading.objects.get().reason == "Kiểm tra chuyên đề"


def test_after_an_incident_one_sees_whom_an_account_saw(kc: World, candidate_url: str) -> None:
    client(kc.secretary).post(candidate_url)
    client(kc.auditor).get(candidate_url.replace("/rieng/", "/"))
    client(kc.secretary).get("/dang-vien/?so_dong=25&gioi=nu")
    seen = StringIO()

    call_command(
        "seen_by", "--account", kc.secretary.username, "--since", "2021-01-01T00:00",
        "--until", "2100-01-01T00:00", stdout=seen,
    )  # fmt: skip

    said = [json.loads(line) for line in seen.getvalue().splitlines()]
    assert [(one["page"], one["object"], one["reference"]) for one in said] == [
        ("member-list", "rows", "25"),
        ("candidate-particulars", "admissions.candidate", candidate_url.split("/")[-3]),
    ]
    with pytest.raises(CommandError, match="no instant"):
        call_command("seen_by", "--account", "x", "--since", "hôm qua", "--until", "2100-01-01")


@pytest.mark.parametrize("who", ["secretary2", "leader", "administrator"])
def test_who_does_not_see_the_person_by_name_finds_no_such_page(
    kc: World, candidate_url: str, who: str
) -> None:
    user: User = getattr(kc, who)

    assert client(user).get(candidate_url).status_code == 404
    assert client(user).post(candidate_url, {"reason": "Muốn biết"}).status_code == 404


def test_a_member_is_shown_the_same_way(kc: World) -> None:
    member = Person.objects.filter(memberships__cell=kc.cell).first()
    assert member is not None
    change_person(member, by=kc.secretary, on=DAY, citizen_id=NUMBER)
    page = reverse("member-particulars", args=[member.public_id])

    assert NUMBER not in client(kc.secretary).get(page).content.decode()
    assert NUMBER in client(kc.secretary).post(page).content.decode()
    assert client(kc.secretary2).post(page).status_code == 404


# ---------------------------------------------------------------- the database


def test_an_erased_person_has_neither_key_nor_text_and_stays_so(
    db: None, owner_role: OwnerRole
) -> None:
    person = sealed_person()
    one = Particulars.objects.filter(person=person)

    with pytest.raises(IntegrityError, match="particulars_erased"), transaction.atomic():
        one.update(key=b"")
    with pytest.raises(IntegrityError, match="particulars_erased"), transaction.atomic():
        one.update(key=b"", erased_at="2021-06-01T00:00:00Z")
    empty = dict.fromkeys(("citizen_id", "religion", "residence", "key"), b"")
    one.update(**empty, erased_at="2021-06-01T00:00:00Z")
    assert set(Particulars.objects.opened(person).values()) == {""}
    with pytest.raises(IntegrityError, match="is not changed"), transaction.atomic():
        one.update(residence=b"x")
    with pytest.raises(ProgrammingError, match="Cannot delete"), owner_role() as cursor:
        cursor.execute("DELETE FROM organizations_particulars")


@isolate_apps("tests")
def test_texts_that_stood_in_the_persons_row_are_sealed_by_the_migration(
    db: None, owner_role: OwnerRole
) -> None:
    class PlainPerson(models.Model):
        """The person's row as it was before."""

        religion = models.CharField(max_length=40)
        residence = models.CharField(max_length=160)

        class Meta:
            app_label, db_table, managed = "tests", "organizations_person", False

        def __str__(self) -> str:
            return str(self.pk)

    migration = importlib.import_module("organizations.migrations.0010_personal_data")
    state = SimpleNamespace(
        get_model=lambda _app, name: {"Person": PlainPerson, "Particulars": Particulars}[name]
    )
    told, silent = (
        register_person(full_name=name, born_on=DAY.replace(year=1995), sex="male", on=DAY)
        for name in ("Nguyễn Văn An", "Lê Văn Bình")
    )
    with owner_role() as cursor, connection.schema_editor() as editor:
        connection.check_constraints()  # what waits for the end stands against new columns
        for column in ("religion", "residence"):
            cursor.execute(f"ALTER TABLE organizations_person ADD {column} text DEFAULT ''")
        PlainPerson.objects.filter(pk=told.pk).update(residence="Tổ 5, phường Hà Tu")

        migration.seal_what_was_plain(state, editor)

        sealed = {pk: Particulars.objects.opened(Person(pk=pk)) for pk in (told.pk, silent.pk)}
        assert sealed[told.pk]["residence"] == "Tổ 5, phường Hà Tu"
        assert set(sealed[silent.pk].values()) == {""}
        PlainPerson.objects.update(residence="")
        migration.open_again(state, editor)
        assert PlainPerson.objects.get(pk=told.pk).residence == "Tổ 5, phường Hà Tu"
