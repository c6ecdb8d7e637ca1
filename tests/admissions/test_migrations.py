"""What a migration makes of the rows that it finds: there and back again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from psycopg import sql

from admissions.models import Candidate, FileTransfer, Verification
from admissions.operations.moving import ask_move, ask_review, send_file
from admissions.operations.verifications import (
    receive_verification,
    send_verification,
    waive_unsent,
    waive_verification,
)
from admissions.stages import Stage
from config.migrating import Executor
from tests.database import OwnerRole
from tests.makers import DAY, World, candidate, logged, world

BEFORE = [("admissions", "0010_requests_declined_and_withdrawn")]
AFTER = [("admissions", "0011_days_of_reviews_and_waivers")]


def sent_back(kc: World, hg: World, *, at: Stage) -> FileTransfer:
    transfer = ask_move(
        candidate(kc, at=at), by=kc.secretary, on=DAY, moved_on=date(2021, 5, 10),
        destination=hg.cell,
    )  # fmt: skip
    sent = send_file(
        transfer, by=kc.secretary if at == Stage.READY else kc.staff2, on=DAY, sent_on=DAY,
        certificate_number="7-GCN", letter_number="12-CV/ĐU",
    )  # fmt: skip
    return ask_review(sent, by=hg.secretary, on=DAY, answer="Thiếu chữ ký")


def asked(kc: World, file: Candidate, *, place: str, subject: str) -> Verification:
    return send_verification(
        file, by=kc.secretary, on=DAY, relation="father", subject=subject, place=place,
        sent_on=date(2021, 3, 10),
    )  # fmt: skip


def reviews(*columns: str) -> list[tuple[Any, ...]]:
    """The columns of the requests; which there are differs with the migration."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT {} FROM admissions_filetransfer ORDER BY id").format(names))
        return list(cursor.fetchall())


def waivers() -> list[date | None]:
    return list(Verification.objects.order_by("pk").values_list("waived_on", flat=True))


@pytest.mark.thorough
def test_days_of_reviews_and_waivers_are_found_where_they_stood(
    kc: World, owner_role: OwnerRole
) -> None:
    hg = world(slug="hg", number=5)
    last = date(2021, 8, 20)
    helped = sent_back(kc, hg, at=Stage.READY)
    submitted = sent_back(kc, hg, at=Stage.GRASSROOTS_RESOLVED)
    # As it was written then: a term of forwarding, met at once, of a file being helped.
    helped.candidate.deadlines.filter(clock="fault_review").update(
        clock="forward", state="met", ended_on=DAY
    )
    file, earlier = logged(kc), DAY - timedelta(days=9)
    place, far = "Đảng ủy xã Hòa Bình", ("Đảng ủy xã " + "x" * 300)[:200]
    first = asked(kc, file, subject="Vũ Văn Cha", place=place)
    cut = asked(kc, file, subject="V" * 120, place=far)
    asked(kc, file, subject="Vũ Văn Cha", place="Xã Tân Lập")
    waive_verification(first, by=kc.secretary, on=earlier, reason="Có đảng viên")
    waive_verification(cut, by=kc.secretary, on=earlier, reason="Có đảng viên")
    waive_unsent(
        file, by=kc.secretary, on=earlier, relation="mother", subject="Lê Thị Mẹ", place=place,
        reason="Ba đời sống tại xã",
    )  # fmt: skip
    # Answered later, with a note that begins as that of the first does.
    second = asked(kc, file, subject="Vũ Văn Cha", place=place)
    receive_verification(second, by=kc.secretary, on=DAY, received_on=DAY, result="clear")
    days = [earlier, earlier, None, earlier, None]
    assert waivers() == days

    with owner_role() as cursor:
        # As `migrate` has it: nobody waits for what Django thinks between two statements.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        connection.check_constraints()  # what waits for the end stands against changed indexes
        Executor(connection).migrate(BEFORE)
        there = reviews("state", "send_by")
        Executor(connection).migrate(AFTER)

    assert there == [("refused", last), ("refused", last)]
    assert reviews("state", "send_by", "review_asked_on", "review_by") == [
        ("refused", None, DAY, last),
        ("refused", date(2021, 5, 31), DAY, last),
    ]
    assert waivers() == days
    for transfer, terms in (
        (helped, [("forward", "void", DAY)]),
        (submitted, [("forward", "met", DAY), ("fault_review", "running", None)]),
    ):
        found = transfer.candidate.deadlines.filter(subject=str(transfer.pk)).order_by("pk")
        assert list(found.values_list("clock", "state", "ended_on")) == terms
