"""Erasing who was never admitted: asked for, agreed to by another person, done by the database."""

from __future__ import annotations

import importlib
from datetime import date, timedelta
from hashlib import sha256
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, models, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pghistory.models import Event
from psycopg import sql

from admissions import attachments
from admissions.models import Candidate, Erasure, Milestone, PaperKind, Scan
from admissions.operations.candidates import close_candidate, edit_candidate
from admissions.operations.erasures import (
    answer_erasure,
    ask_erasure,
    carry_out_erasures,
    kept_too_long,
)
from admissions.operations.verifications import send_verification
from admissions.stages import Stage, Step
from config import clock
from config.errors import DomainError
from organizations.models import AuditEvent, Particulars, Person
from organizations.sheets.waiting import waiting_for
from tests.database import OwnerRole
from tests.makers import DAY, World, candidate, logged, two_records_of_one_person
from tests.reports.everywhere import client

NAME, FATHER, MOTHER = "Phạm Quang Vinh", "Phạm Quang Cha", "Trần Thị Mẹ Vinh"
WROTE = "Chuyển về quê Thái Thuỵ làm ăn"
BORN = date(1996, 3, 14)


def closed(kc: World, **person: Any) -> Candidate:
    file = logged(kc, full_name=NAME, **{"born_on": BORN, **person})
    edit_candidate(
        file, by=kc.secretary, on=DAY, version=file.version, residence="Tổ 9 phường Hà Trung",
        religion="Công giáo", ethnicity="Tày",
    )  # fmt: skip
    for relation, subject in (("father", FATHER), ("mother", MOTHER)):  # neither is answered
        send_verification(
            file, by=kc.secretary, on=DAY, relation=relation, subject=subject,
            place="Đảng ủy xã Thuỵ Hải", sent_on=DAY,
        )  # fmt: skip
    file.refresh_from_db()
    close_candidate(file, by=kc.secretary, on=DAY, closed_on=DAY, reason=WROTE)
    file.refresh_from_db()
    return file


def closed_somehow(kc: World, file: Candidate) -> None:
    """Close a file by its bare rows, whatever it holds."""
    Milestone.objects.create(candidate=file, step=Step.CLOSE, on=DAY, entered_by=kc.secretary)
    Candidate.objects.filter(pk=file.pk).update(
        stage=Stage.CLOSED, closed_on=DAY, closed_reason="Sai"
    )
    file.refresh_from_db()


def asked(kc: World, file: Candidate) -> Erasure:
    return ask_erasure(
        file, by=kc.secretary, on=DAY, ground="request", reason="Đơn đề nghị ngày 10/6"
    )


def agreed(kc: World, file: Candidate) -> Erasure:
    return answer_erasure(asked(kc, file), by=kc.approver, on=DAY, at=clock.now())


def everything_stored() -> str:
    """All rows of all tables as text, histories among them; not what counts for the session."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace"
        )
        for (table,) in cursor.fetchall():
            query = sql.SQL("SELECT row_to_json(one)::text FROM {} AS one")
            cursor.execute(query.format(sql.Identifier(table)))
            found += [text for (text,) in cursor.fetchall()]
    return "\n".join(found)


def test_what_was_said_of_the_person_is_gone_from_every_table_and_its_history(kc: World) -> None:
    file = closed(kc)
    said = (NAME, "pham quang vinh", FATHER, MOTHER, WROTE, "1996-03-14", "Tày", "Thuỵ Hải")
    kept_before = everything_stored()
    assert all(text in kept_before for text in said)
    sealed = Particulars.objects.get(person=file.person)
    agreed(kc, file)

    assert carry_out_erasures() == 1

    stored = everything_stored()
    assert [text for text in said if text in stored] == []
    told = AuditEvent.objects.filter(action="erase_person").get()
    assert (told.object, told.reference) == ("admissions.candidate", str(file.public_id))
    for hidden in (sealed.key, sealed.residence, sealed.religion):
        assert bytes(hidden).hex() not in stored
    assert set(Particulars.objects.opened(file.person).values()) == {""}


def test_what_figures_count_stays(kc: World) -> None:
    file = closed(kc)
    steps = list(Milestone.objects.filter(candidate=file).values_list("pk", "step", "on"))
    agreed(kc, file)
    carry_out_erasures()

    person = Person.objects.get(pk=file.person_id)
    assert (person.full_name, person.born_on, person.sex) == (
        "Đã xóa dữ liệu", date(1996, 1, 1), file.person.sex,
    )  # fmt: skip
    assert list(Milestone.objects.filter(candidate=file).values_list("pk", "step", "on")) == steps
    after = Candidate.objects.get(pk=file.pk)
    assert (after.stage, after.stage_since, after.cell_id, after.groups, after.number) == (
        Stage.CLOSED, file.stage_since, file.cell_id, file.groups, file.number,
    )  # fmt: skip


def test_nobody_else_is_touched(kc: World) -> None:
    other = logged(kc, full_name="Vũ Thị Khác", born_on=date(1997, 4, 2))
    file = closed(kc)
    agreed(kc, file)
    carry_out_erasures()

    person = Person.objects.get(pk=other.person_id)
    assert (person.full_name, person.born_on) == ("Vũ Thị Khác", date(1997, 4, 2))


def test_the_guards_of_facts_stand_again_after_an_erasure(kc: World) -> None:
    file = closed(kc)
    agreed(kc, file)
    carry_out_erasures()

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgenabled <> 'O'"
        )
        assert cursor.fetchall() == []


def test_carried_out_twice_it_is_done_once(kc: World) -> None:
    agreed(kc, closed(kc))

    assert (carry_out_erasures(), carry_out_erasures()) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_an_erasure_gives_way_to_who_is_writing_and_is_done_later(
    kc: World, app_database_url: str
) -> None:
    agreed(kc, closed(kc))

    with psycopg.connect(app_database_url) as other:
        other.execute("UPDATE organizations_person SET occupation = occupation")
        assert carry_out_erasures() == 0
        other.commit()

    assert carry_out_erasures() == 1


# ---------------------------------------------------------------- who, and of whom


def test_who_asks_does_not_agree(kc: World) -> None:
    erasure = asked(kc, closed(kc))

    with pytest.raises(PermissionDenied):
        answer_erasure(erasure, by=kc.secretary, on=DAY, at=clock.now())
    with pytest.raises(IntegrityError, match="another_person"), transaction.atomic():
        Erasure.objects.filter(pk=erasure.pk).update(
            answered_at=clock.now(), answered_by=kc.secretary
        )
    assert carry_out_erasures() == 0


def test_who_asks_does_not_agree_by_the_account_of_a_merged_record(kc: World) -> None:
    erasure = asked(kc, closed(kc))
    where = reverse("erasure-answer", args=[erasure.public_id])
    title = "Erasures to answer"
    assert title in [one.title for one in waiting_for(kc.approver, on=DAY)]
    two_records_of_one_person(kc, kc.secretary, kc.approver)

    with pytest.raises(DomainError, match="You asked for this"):
        answer_erasure(erasure, by=kc.approver, on=DAY, at=clock.now())
    assert title not in [one.title for one in waiting_for(kc.approver, on=DAY)]
    assert client(kc.approver).get(where).context["is_own"] is True
    assert carry_out_erasures() == 0


@pytest.mark.parametrize("who", ["secretary2", "leader", "auditor", "administrator", "approver"])
def test_only_secretary_and_staff_over_the_cell_ask(kc: World, who: str) -> None:
    with pytest.raises(PermissionDenied):
        ask_erasure(closed(kc), by=getattr(kc, who), on=DAY, ground="request", reason="Đơn")


def test_an_open_file_is_not_erased(kc: World) -> None:
    with pytest.raises(DomainError, match="open"):
        asked(kc, logged(kc))


def test_who_was_admitted_is_never_erased(kc: World) -> None:
    admitted = candidate(kc, at=Stage.ADMITTED)

    with pytest.raises(DomainError):
        asked(kc, admitted)
    # Nor by rows that the product would not write.
    closed_somehow(kc, admitted)
    with pytest.raises(DomainError, match="member"):
        asked(kc, admitted)
    forged = Erasure.objects.create(
        candidate=admitted, ground="request", reason="Đơn", entered_by=kc.secretary
    )
    Erasure.objects.filter(pk=forged.pk).update(answered_at=clock.now(), answered_by=kc.approver)
    agreed(kc, closed(kc))

    # The one that is refused holds up none of those behind it.
    assert carry_out_erasures() == 1
    assert list(Erasure.objects.to_carry_out()) == [forged]


def test_a_declined_request_stays_with_its_reason_and_may_be_asked_again(kc: World) -> None:
    file = closed(kc)
    erasure = asked(kc, file)
    with pytest.raises(DomainError, match="already"):
        asked(kc, file)
    answer_erasure(
        erasure, by=kc.approver, on=DAY, at=clock.now(), declined_because="Còn khiếu nại"
    )

    assert carry_out_erasures() == 0
    assert asked(kc, file).pk != erasure.pk
    with pytest.raises(IntegrityError, match="stay"), transaction.atomic():
        Erasure.objects.filter(pk=erasure.pk).update(declined_because="")


def test_the_role_erases_nobody_by_itself(kc: World) -> None:
    erasure = asked(kc, closed(kc))

    with connection.cursor() as cursor:
        with pytest.raises(IntegrityError, match="nobody agreed"), transaction.atomic():
            cursor.execute("SELECT erase_person(%s)", [erasure.pk])
        with pytest.raises(IntegrityError, match="before it is answered"), transaction.atomic():
            Erasure.objects.create(
                candidate=erasure.candidate, ground="request", reason="Đơn",
                entered_by=kc.secretary, answered_at=clock.now(), answered_by=kc.approver,
            )  # fmt: skip
        with pytest.raises(IntegrityError, match="only the erasing"), transaction.atomic():
            Erasure.objects.filter(pk=erasure.pk).update(
                answered_at=clock.now(), answered_by=kc.approver, carried_out_at=clock.now()
            )
        with pytest.raises(ProgrammingError), transaction.atomic():
            cursor.execute("ALTER TABLE organizations_personevent DISABLE TRIGGER USER")


# ---------------------------------------------------------------- scans


def test_a_scan_goes_unless_somebody_elses_file_holds_the_same(kc: World) -> None:
    file, other = closed(kc), logged(kc, full_name="Vũ Thị Khác", born_on=date(1997, 4, 2))
    mine = _scanned(b"mine")
    shared = _scanned(b"shared")
    for scanned in (mine, shared):
        attachments.keep(scanned)
    kinds = PaperKind.objects.filter(rules=file.rules)
    for kind, (owner, scanned) in zip(
        kinds, ((file, mine), (file, shared), (other, shared)), strict=False
    ):
        Scan.objects.create(
            paper=owner.papers.create(
                kind=kind, dated_on=DAY, received_on=DAY, entered_by=kc.secretary
            ),
            sha256=scanned.sha256, name="anh.png", content_type="image/png",
            entered_by=kc.secretary, size=4,
        )  # fmt: skip
    agreed(kc, file)

    carry_out_erasures()

    with pytest.raises(FileNotFoundError):
        attachments.kept(mine.sha256)
    assert attachments.kept(shared.sha256) == b"shared"


def _scanned(content: bytes) -> attachments.Scanned:
    return attachments.Scanned(
        content=content,
        content_type="image/png",
        sha256=sha256(content).hexdigest(),
        name="anh.png",
    )


# ---------------------------------------------------------------- how long files are kept


def test_a_file_is_over_on_the_day_its_months_are_full_and_not_the_day_before(
    kc: World, settings: Any
) -> None:
    settings.RETENTION_CLOSED_MONTHS = 24
    file = closed(kc)
    last = DAY.replace(year=DAY.year + 2)

    assert list(kept_too_long(on=last - timedelta(days=1))) == []
    assert list(kept_too_long(on=last)) == [file]


def test_a_file_is_not_over_while_the_person_has_a_later_one_or_is_a_member(
    kc: World, settings: Any, owner_role: OwnerRole
) -> None:
    settings.RETENTION_CLOSED_MONTHS = 0
    file = closed(kc)
    admitted = candidate(kc, at=Stage.ADMITTED)
    closed_somehow(kc, admitted)
    assert list(kept_too_long(on=DAY)) == [file]

    logged(kc, full_name=NAME, born_on=BORN)

    with owner_role() as cursor:
        cursor.execute("UPDATE admissions_candidate SET person_id = %s WHERE stage <> 'closed'",
                       [file.person_id])  # fmt: skip
    assert list(kept_too_long(on=DAY)) == []


def test_the_command_lists_by_number_and_asks_only_when_told_to(kc: World, settings: Any) -> None:
    settings.RETENTION_CLOSED_MONTHS = 0
    file = closed(kc)
    told = StringIO()

    call_command("retention", "--on", f"{DAY}", stdout=told)
    assert file.number in told.getvalue()
    assert NAME not in told.getvalue()
    assert not Erasure.objects.exists()
    with pytest.raises(CommandError, match="--by"):
        call_command("retention", "--on", f"{DAY}", "--ask", stdout=told)
    call_command("retention", "--on", f"{DAY}", "--ask", "--by", kc.secretary.username, stdout=told)
    assert Erasure.objects.get().ground == "retention"


# ---------------------------------------------------------------- pages


def test_a_secretary_asks_and_an_approver_agrees_on_pages(kc: World) -> None:
    file = closed(kc)
    asking = reverse("candidate-erase", args=[file.public_id])
    browser = client(kc.secretary)
    assert (
        asking in browser.get(reverse("candidate-detail", args=[file.public_id])).content.decode()
    )
    form = browser.get(asking).context["form"]
    sent = browser.post(
        asking, {"once": form["once"].value(), "ground": "request", "reason": "Đơn đề nghị"}
    )
    assert sent.status_code == 303
    erasure = Erasure.objects.get()
    answering = reverse("erasure-answer", args=[erasure.public_id])
    assert client(kc.secretary).get(answering).status_code == 404
    assert client(kc.secretary2).get(asking).status_code == 404

    second = client(kc.approver)
    assert answering in second.get(reverse("task-list")).content.decode()
    once = second.get(answering).context["form"]["once"].value()
    refused = second.post(answering, {"once": once, "answer": "decline"})
    assert refused.status_code == 422
    agreed_to = second.post(answering, {"once": once, "answer": "agree"})

    assert agreed_to.status_code == 303
    assert Erasure.objects.to_carry_out().get() == erasure


def shown(who: Any, file: Candidate) -> str:
    page: str = client(who).get(reverse("candidate-detail", args=[file.public_id])).content.decode()
    return " ".join(page.split())


def test_the_file_tells_who_asked_that_it_be_erased_and_leads_the_approver_to_the_answer(
    kc: World,
) -> None:
    file = closed(kc)
    asking = reverse("candidate-erase", args=[file.public_id])
    assert f'<a href="{asking}">Erase the personal data</a>' in shown(kc.secretary, file)
    assert "that the personal data be erased" not in shown(kc.secretary, file)

    erasure = asked(kc, file)

    answering = reverse("erasure-answer", args=[erasure.public_id])
    for who in (kc.secretary, kc.staff, kc.approver, kc.auditor):
        told = shown(who, file)
        assert f"{kc.secretary} asked on {erasure.entered_at:%d/%m/%Y} that the personal" in told
        assert "An approver answers" in told
        assert (asking in told) == (who in (kc.secretary, kc.staff))
        assert (answering in told) == (who == kc.approver)


def test_the_file_tells_that_its_erasure_was_declined_agreed_to_and_done(kc: World) -> None:
    file = closed(kc)
    asking = reverse("candidate-erase", args=[file.public_id])
    answer_erasure(
        asked(kc, file), by=kc.approver, on=DAY, at=clock.now(), declined_because="Còn khiếu nại"
    )
    told = shown(kc.secretary, file)
    assert "Declined: Còn khiếu nại" in told
    assert f'<a href="{asking}">Ask for the erasure again</a>' in told

    agreed(kc, file)

    told = shown(kc.secretary, file)
    assert "Agreed: the data is erased within the hour." in told
    assert "Còn khiếu nại" not in told
    carry_out_erasures()
    assert f"Erased on {DAY:%d/%m/%Y}." in shown(kc.secretary, file)


def test_a_closed_file_asks_once_for_its_erasure_and_an_open_one_never(kc: World) -> None:
    file, other = closed(kc), logged(kc, full_name="Vũ Thị Khác", born_on=date(1997, 4, 2))
    asked(kc, file)

    def questions(one: Candidate) -> int:
        with CaptureQueriesContext(connection) as sent:
            shown(kc.secretary, one)
        return sum("admissions_erasure" in query["sql"] for query in sent.captured_queries)

    assert (questions(file), questions(other)) == (1, 0)


# ---------------------------------------------------------------- every text


STAYS = {
    "admissions.Admission": "of who was admitted, who is never erased",
    "admissions.Recognition": "likewise",
    "organizations.Membership": "likewise",
    "organizations.Departure": "likewise",
    "organizations.Post": "likewise",
    "organizations.TemporaryStay": "likewise",
    "organizations.Transfer": "likewise",
    "organizations.User": "who has an account is not erased",
    "organizations.PersonMerge": "nor who has a second record",
    "admissions.ScanVerdict": "what the virus check said",
}
COLUMNS_THAT_STAY = {
    "admissions.Candidate.number": "the file's number, by which it is spoken of",
    "admissions.Deadline.clause": "of the rules",
    "admissions.Certificate.number": "of the roll of the class",
    "admissions.Certificate.issuer": "a political centre",
    "admissions.Ballot.resolution_number": "of the body that voted",
    "admissions.Decision.number": "of the body that decided",
    "admissions.Decision.signer": "who signed for the body",
    "admissions.Enrolment.grade": "a mark",
    "admissions.FileTransfer.certificate_number": "of a letter of the body",
    "admissions.FileTransfer.letter_number": "of a letter of the body",
    "admissions.Introducer.union": "an organisation",
    "admissions.Scan.sha256": "where a scan lay that is gone",
    "admissions.Scan.content_type": "a kind of file",
}


def test_every_text_of_a_file_is_erased_or_stays_for_a_reason() -> None:
    migration = importlib.import_module("admissions.migrations.0021_break_glass")
    erased = {(table, column) for table, _which, values in migration.ERASED for column in values}
    forgotten = []
    for model in _of_a_person():
        for kind in (model, getattr(model, "pgh_event_model", None)):
            if kind is None or model._meta.label in STAYS:
                continue
            forgotten += [
                f"{kind._meta.label}.{field.name}"
                for field in kind._meta.concrete_fields
                if isinstance(field, models.CharField | models.TextField | models.BinaryField)
                and not field.choices
                and not field.name.startswith("pgh_")
                and (kind._meta.db_table, field.column) not in erased
                and f"{model._meta.label}.{field.name}" not in COLUMNS_THAT_STAY
            ]

    assert forgotten == []


def _of_a_person() -> set[type[models.Model]]:
    """Person and Candidate, whatever names one of them, and whatever names that."""
    found: set[type[models.Model]] = {Person, Candidate}
    near = set(found)
    for _ring in range(3):
        near = {
            related.related_model
            for base in near
            for related in base._meta.get_fields(include_hidden=True)
            if (related.one_to_many or related.one_to_one)
            and not related.concrete
            and not issubclass(related.related_model, Event)
            and related.related_model._meta.app_label in {"organizations", "admissions"}
            and base._meta.label not in STAYS
        } - found
        found |= near
    return found
