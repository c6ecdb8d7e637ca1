"""The chain of the audit: what cannot be done to it, and what is found where it was done."""

from __future__ import annotations

import threading
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from organizations.models import AccessEvent, AuditEvent, AuditHead, AuditLink
from organizations.operations import audit

WRITERS = 16


@pytest.fixture(autouse=True)
def anchors(settings: Any, tmp_path: Path) -> Path:
    settings.AUDIT_ANCHOR_FOLDER = tmp_path
    return tmp_path


@pytest.fixture
def chain(db: None) -> list[AuditEvent]:
    """Five events, linked as at a commit, the fourth anchored."""
    events = [happened(f"page-{number}") for number in range(4)]
    audit.anchor()
    return [*events, happened("page-4")]


def happened(action: str, **more: Any) -> AuditEvent:
    event: AuditEvent = AuditEvent.objects.create(kind="write", action=action, **more)
    commit()
    return event


def commit() -> None:
    """Let the deferred triggers run, as they do at a commit, which no test's transaction has."""
    connection.check_constraints()


def read(number: int) -> None:
    AccessEvent.objects.bulk_create(
        AccessEvent(action="page", reference=str(one)) for one in range(number)
    )


def faults(**asked: Any) -> list[str]:
    return audit.verify(**asked).faults


def tampered(owner_role: Any, *statements: str) -> None:
    """Do as the owner of the tables would who wants no trigger to see it."""
    with owner_role() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for one in statements:
            cursor.execute(one)
        cursor.execute("SET LOCAL session_replication_role = origin")


REHASH = """
    DO $$
    DECLARE
        found record;
        before bytea := decode(repeat('00', 32), 'hex');
        number bigint := 0;
    BEGIN
        DELETE FROM organizations_auditlink;
        FOR found IN SELECT id, {said} AS said FROM organizations_auditevent AS event ORDER BY id
        LOOP
            number := number + 1;
            INSERT INTO organizations_auditlink (seq, event_id, prev, hash)
            VALUES (number, found.id, before,
                sha256(before || int8send(number) || convert_to(found.said, 'UTF8')))
            RETURNING hash INTO before;
        END LOOP;
        UPDATE organizations_audithead SET seq = number, hash = before;
    END $$
""".replace("{said}", audit.SAID.format("event"))


def test_what_nobody_touched_is_whole(chain: list[AuditEvent]) -> None:
    found = audit.verify()

    assert (found.links, found.anchors, found.faults) == (5, 1, [])


@pytest.mark.parametrize(
    ("kind", "statements", "said"),
    [
        (
            "edit",
            ["UPDATE organizations_auditevent SET words = 'nothing' WHERE action = 'page-1'"],
            "of link 2 is not what was linked",
        ),
        (
            "delete",
            [
                "DELETE FROM organizations_auditlink WHERE seq = 3",
                "DELETE FROM organizations_auditevent WHERE action = 'page-2'",
            ],
            "Link 3 is missing before link 4",
        ),
        (
            "delete the event alone",
            ["DELETE FROM organizations_auditevent WHERE action = 'page-2'"],
            "The event of link 3 is missing",
        ),
        (
            "insert",
            [
                "INSERT INTO organizations_auditevent (entered_at, roles, kind, action, words,"
                " object, reference, payload) VALUES"
                " ('2021-05-28', '', 'write', 'never', '', '', '', '{}')"
            ],
            "is in no link",
        ),
        (
            "reorder",
            [
                "UPDATE organizations_auditlink SET seq = -seq WHERE seq IN (2, 3)",
                "UPDATE organizations_auditlink SET seq = 5 + seq WHERE seq < 0",
            ],
            "Link 2 does not follow",
        ),
        (
            "truncate the tail",
            [
                "DELETE FROM organizations_auditlink WHERE seq >= 4",
                "DELETE FROM organizations_auditevent WHERE action IN ('page-3', 'page-4')",
                "UPDATE organizations_audithead SET (seq, hash) ="
                " (SELECT seq, hash FROM organizations_auditlink WHERE seq = 3)",
            ],
            "link 4 is missing or another",
        ),
        (
            "rebuild all of it",
            [
                "UPDATE organizations_auditevent SET words = 'nothing' WHERE action = 'page-1'",
                REHASH,
            ],
            "link 4 is missing or another",
        ),
    ],
)
def test_each_kind_of_tampering_is_found(
    kind: str, statements: list[str], said: str, chain: list[AuditEvent], owner_role: Any
) -> None:
    tampered(owner_role, *statements)

    found = faults()

    assert [one for one in found if said in one], f"{kind}: {found}"
    with pytest.raises(CommandError, match="faults"):
        call_command("audit_verify")


def test_only_an_anchor_tells_of_a_chain_that_was_cut_or_made_anew(
    chain: list[AuditEvent], owner_role: Any
) -> None:
    tampered(owner_role, REHASH)
    assert faults() == [], "the same events make the same chain"

    tampered(
        owner_role,
        "UPDATE organizations_auditevent SET words = 'nothing' WHERE action = 'page-1'",
        REHASH,
    )

    (said,) = faults()
    assert said.startswith("Anchor 1 of ")
    audit.anchor_file().unlink()
    assert faults() == []


def test_the_mark_on_a_printed_paper_is_an_anchor_too(
    chain: list[AuditEvent], owner_role: Any
) -> None:
    mark = AuditHead.mark()
    happened("later")
    assert len(mark) == 12
    assert faults(marks=[mark.upper()]) == []

    audit.anchor_file().unlink()
    tampered(
        owner_role,
        "UPDATE organizations_auditevent SET words = 'nothing' WHERE action = 'page-1'",
        REHASH,
    )

    assert faults(marks=[mark]) == [f"No link has the mark {mark} of the paper."]


def test_an_anchor_that_somebody_else_wrote_is_not_believed(
    chain: list[AuditEvent], settings: Any
) -> None:
    settings.AUDIT_KEY = "another"

    assert faults() == ["Anchor 1 is not signed with this installation's key."]


def test_an_anchor_is_written_once_for_one_head(chain: list[AuditEvent]) -> None:
    assert audit.anchor() is not None
    assert audit.anchor() is None
    assert len(audit.anchor_file().read_text().splitlines()) == 2


def test_an_anchor_that_a_crash_tore_spoils_none_of_the_next(chain: list[AuditEvent]) -> None:
    path = audit.anchor_file()
    for torn in ('{"seq": 7, "ha', '{"seq": [1], "hash": 2, "at": 3, "signature": 4}'):
        with path.open("a") as file:
            file.write(torn)
        assert audit.anchor() is not None

    assert faults() == [
        f"Anchor {number} is not signed with this installation's key." for number in (2, 4)
    ]


@pytest.mark.parametrize(
    "statement",
    [
        f"{what} organizations_{table}"
        for table in ("auditevent", "auditlink", "audithead")
        for what in ("TRUNCATE", "DELETE FROM")
    ]
    + [
        "UPDATE organizations_auditevent SET words = ''",
        "UPDATE organizations_auditlink SET hash = prev",
        "UPDATE organizations_audithead SET seq = 0",
        "INSERT INTO organizations_auditlink VALUES (99, ''::bytea, ''::bytea, 1)",
        "INSERT INTO organizations_audithead VALUES (1, 0, ''::bytea)",
        "DELETE FROM organizations_accessevent",
        "UPDATE organizations_accessevent SET reference = ''",
        "INSERT INTO organizations_audittransaction VALUES (1, true)",
        "ALTER TABLE organizations_auditevent DISABLE TRIGGER ALL",
        "SELECT audit_chained()",
    ],
)
def test_the_product_s_role_may_only_add_events(statement: str, chain: list[AuditEvent]) -> None:
    with (
        pytest.raises(DatabaseError, match=r"permission denied|must be owner") as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert isinstance(refused.value, ProgrammingError)


def test_even_the_owner_does_not_slip(chain: list[AuditEvent], owner_role: Any) -> None:
    for statement in (
        "UPDATE organizations_auditevent SET words = 'x'",
        "DELETE FROM organizations_auditlink",
        "DELETE FROM organizations_audithead",
        "UPDATE organizations_accessevent SET reference = 'x'",
    ):
        read(1)
        with (
            pytest.raises(DatabaseError, match=r"Cannot|not changed"),
            owner_role() as cursor,
            transaction.atomic(),
        ):
            cursor.execute(statement)


def test_what_the_application_says_of_time_and_roles_is_not_taken(db: None) -> None:
    event = happened("page", roles="secretary:1", entered_at="2000-01-01T00:00Z")

    event.refresh_from_db()
    assert (event.roles, event.entered_at.year > 2000) == ("", True)


def test_what_was_read_is_sealed_by_one_event(db: None, owner_role: Any) -> None:
    read(3)
    assert audit.seal_readings() == 3
    assert audit.seal_readings() == 0
    read(2)
    assert audit.seal_readings() == 2
    commit()
    seals = AuditEvent.objects.filter(kind="seal").order_by("pk")
    assert [one.payload["count"] for one in seals] == [3, 2]
    assert faults() == []

    for number, statement in enumerate(
        [
            "UPDATE organizations_accessevent SET reference = 'x' WHERE id ="
            " (SELECT min(id) FROM organizations_accessevent)",
            "DELETE FROM organizations_accessevent WHERE id ="
            " (SELECT max(id) FROM organizations_accessevent)",
        ]
    ):
        tampered(owner_role, statement)
        said = f"Seal {seals[number].pk}: its {3 - number} readings are not what was sealed."
        assert said in faults()


def test_a_seal_is_given_once(db: None) -> None:
    read(1)
    audit.seal_readings()

    with pytest.raises(IntegrityError, match="not changed"), transaction.atomic():
        AccessEvent.objects.update(sealed_by=None)


# ---------------------------------------------------------------- the job that stopped


WAITING = """
    UPDATE organizations_accessevent SET entered_at = app_now() - interval '{minutes} minutes'
"""


def waiting_for(owner_role: Any, minutes: int) -> None:
    """Let all readings be so old."""
    tampered(owner_role, WAITING.replace("{minutes}", str(minutes)))


def test_readings_that_no_seal_covers_in_five_minutes_tell_that_the_job_has_stopped(
    db: None, owner_role: Any
) -> None:
    read(2)
    waiting_for(owner_role, 4)
    assert audit.unsealed_since() is None
    call_command("audit_verify")

    waiting_for(owner_role, 5)
    assert audit.unsealed_since() is not None
    (said,) = faults()
    assert said.endswith("is sealed: the job that does it has stopped.")
    with pytest.raises(CommandError, match="1 faults"):
        call_command("audit_verify")

    audit.seal_readings()
    commit()
    assert (audit.unsealed_since(), faults()) == (None, [])


def test_where_nothing_was_read_no_seal_is_missed(chain: list[AuditEvent]) -> None:
    assert (audit.unsealed_since(), faults()) == (None, [])


# ---------------------------------------------------------------- many at once


def race(url: str, *, seconds: float) -> int:
    """Let sixteen sessions write events, each in a transaction of its own; return how many."""
    written, failed = [0] * WRITERS, list[psycopg.Error]()
    until = monotonic() + seconds

    def write(number: int) -> None:
        try:
            with psycopg.connect(url) as session:
                while monotonic() < until:
                    session.execute(
                        "INSERT INTO organizations_auditevent (roles, kind, action, words,"
                        " object, reference, payload) VALUES ('', 'write', %s, '', '', '', '{}')",
                        [f"writer {number}"],
                    )
                    session.commit()
                    written[number] += 1
        except psycopg.Error as failure:
            failed.append(failure)

    threads = [threading.Thread(target=write, args=[number]) for number in range(WRITERS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failed, failed
    return sum(written)


@pytest.mark.django_db(transaction=True)
def test_sixteen_writers_make_no_fork_and_no_gap(app_database_url: str) -> None:
    written = race(app_database_url, seconds=2)

    found = audit.verify()
    assert (found.links, found.faults) == (written, [])
    assert AuditLink.objects.values("prev").distinct().count() == written


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_is_rolled_back_leaves_no_link(app_database_url: str) -> None:
    with psycopg.connect(app_database_url) as session:
        for number in range(3):
            session.execute(
                "INSERT INTO organizations_auditevent (roles, kind, action, words, object,"
                " reference, payload) VALUES ('', 'write', %s, '', '', '', '{}')",
                [str(number)],
            )
            if number == 1:
                session.rollback()
            else:
                session.commit()

    assert [one.action for one in AuditEvent.objects.order_by("pk")] == ["0", "2"]
    assert list(AuditLink.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2]
