"""What is handed to who asks what the system keeps of them."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from admissions.models import Candidate
from admissions.operations.candidates import edit_candidate
from admissions.operations.verifications import send_verification
from admissions.stages import Stage
from tests.makers import DAY, World, candidate, logged, world
from tests.reports.everywhere import client


@pytest.fixture
def kc(db: None) -> World:
    return world()


def told_of(wanted: str) -> dict[str, list[dict[str, str]]]:
    said = StringIO()
    call_command("subject_report", "--person", wanted, stdout=said)
    found: dict[str, list[dict[str, str]]] = json.loads(said.getvalue())
    return found


def test_it_says_what_every_table_says_of_the_person_and_what_is_sealed(kc: World) -> None:
    file = logged(kc, full_name="Phạm Quang Vinh")
    edit_candidate(
        file, by=kc.secretary, on=DAY, version=file.version, residence="Tổ 9", religion="Không"
    )
    send_verification(
        file, by=kc.secretary, on=DAY, relation="father", subject="Phạm Quang Cha",
        place="Đảng ủy xã Thuỵ Hải", sent_on=DAY,
    )  # fmt: skip

    text = json.dumps(told_of(file.number), ensure_ascii=False)

    for said in ("Phạm Quang Vinh", "Phạm Quang Cha", "Thuỵ Hải", "Tổ 9", "Không", file.number):
        assert said in text


def test_it_says_who_opened_the_file_and_is_told_of_itself(kc: World) -> None:
    file = logged(kc, full_name="Phạm Quang Vinh")
    client(kc.staff).get(f"/ho-so/{file.public_id}/")

    told_of(file.number)
    readings = told_of(file.number)["read_and_written_by"]

    assert [(one["actor"], one["action"]) for one in readings] == [
        ("", "subject_report"), (str(kc.staff), "candidate-detail"),
    ]  # fmt: skip


def test_it_says_nothing_of_anybody_else(kc: World) -> None:
    logged(kc, full_name="Vũ Thị Khác")
    file = logged(kc, full_name="Phạm Quang Vinh")

    assert "Vũ Thị Khác" not in json.dumps(told_of(str(file.public_id)), ensure_ascii=False)


def test_of_an_admitted_member_it_has_the_votes_the_decision_and_the_membership(
    kc: World,
) -> None:
    file = candidate(kc, at=Stage.ADMITTED)

    found = told_of(str(Candidate.objects.get(pk=file.pk).person.public_id))

    assert {"ballot", "decision", "admission", "membership", "milestone"} <= set(found)


@pytest.mark.parametrize(
    "wanted", ["KC-1999-0001", "khong-co", "5f0c3cf0-0000-4000-8000-000000000000"]
)
def test_who_is_not_there_is_answered_in_one_line(db: None, wanted: str) -> None:
    with pytest.raises(CommandError, match="no such person"):
        told_of(wanted)


def test_the_questions_asked_do_not_grow_with_the_files_of_others(
    kc: World, django_assert_max_num_queries: Any
) -> None:
    file = logged(kc, full_name="Phạm Quang Vinh")
    with django_assert_max_num_queries(120) as first:
        told_of(file.number)
    for number in range(3):
        logged(kc, full_name=f"Vũ Thị Khác {'ABC'[number]}")
    with django_assert_max_num_queries(len(first)):
        told_of(file.number)
