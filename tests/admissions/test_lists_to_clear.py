"""Each check of the records finds what breaks it and leaves alone what does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from admissions.models import Admission, Ballot, Deadline, Decision, Mentorship, PaperKind
from admissions.operations.ceremonies import hold_ceremony
from admissions.operations.preparation import receive_papers
from admissions.selectors.lists_to_clear import RULES, lists_to_clear
from admissions.stages import Level, Stage
from organizations.models import Membership, Person
from tests.makers import (
    DAY,
    World,
    candidate,
    decided,
    logged,
    prepared,
    stand_on,
    vote,
)


def found(kc: World, code: str, *, on: date = DAY) -> list[str]:
    lists = lists_to_clear(kc.staff, on=on, code=code)
    return [file.number for one in lists for file in one.files]


@pytest.fixture
def unguarded(owner_role: Any) -> Callable[[str, list[Any]], None]:
    """Write what the database refuses from anybody: as it came from before, or from elsewhere."""

    def write(sql: str, values: list[Any]) -> None:
        with owner_role() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(sql, values)
            cursor.execute("SET LOCAL session_replication_role = origin")

    return write


@pytest.mark.thorough
def test_decision_before_the_vote(kc: World, unguarded: Any) -> None:
    right, wrong = candidate(kc, at=Stage.DECIDED), candidate(kc, at=Stage.DECIDED)
    vote = Ballot.objects.get(candidate=wrong, level=Level.COMPETENT)
    unguarded(
        "UPDATE admissions_decision SET signed_on = %s WHERE candidate_id = %s",
        [vote.held_on - timedelta(days=1), wrong.pk],
    )

    assert found(kc, "quyet-dinh-truoc-bieu-quyet") == [wrong.number]
    assert Decision.objects.filter(candidate=right).exists()


@pytest.mark.thorough
def test_ceremony_before_the_decision(kc: World, unguarded: Any) -> None:
    candidate(kc, at=Stage.ADMITTED)
    wrong = candidate(kc, at=Stage.ADMITTED)
    signed = Decision.objects.get(candidate=wrong).signed_on
    before = signed - timedelta(days=1)
    unguarded(
        "UPDATE admissions_admission SET ceremony_on = %s, decided_on = %s WHERE candidate_id = %s",
        [before, before, wrong.pk],
    )

    assert found(kc, "le-truoc-quyet-dinh") == [wrong.number]


@pytest.mark.thorough
def test_member_without_a_cell(kc: World, unguarded: Any) -> None:
    candidate(kc, at=Stage.ADMITTED)
    wrong = candidate(kc, at=Stage.ADMITTED)
    unguarded("DELETE FROM organizations_membership WHERE person_id = %s", [wrong.person_id])

    assert found(kc, "dang-vien-khong-chi-bo") == [wrong.number]
    assert Membership.objects.exists()
    assert Admission.objects.filter(candidate=wrong).exists()


@pytest.mark.parametrize(("days", "is_over"), [(0, False), (1, True)])
def test_papers_expired(kc: World, days: int, is_over: bool) -> None:
    file = prepared(kc, logged(kc))
    day = file.deadlines.get(clock=Deadline.Clock.PAPERS).due_on + timedelta(days=days)

    assert found(kc, "giay-to-het-gia-tri", on=day) == ([file.number] if is_over else [])


def test_the_same_person_twice(kc: World, unguarded: Any) -> None:
    logged(kc)
    file = logged(kc, full_name="Vũ Văn Thịnh")
    other = logged(kc, full_name="Nguyễn Văn Khác", cell=kc.sibling, by=kc.secretary2)
    same = Person.objects.get(pk=file.person_id)
    unguarded(
        "UPDATE organizations_person SET full_name = %s, name_search = %s, born_on = %s"
        " WHERE id = %s",
        [same.full_name, same.name_search, same.born_on, other.person_id],
    )

    assert sorted(found(kc, "trung-nguoi")) == sorted([file.number, other.number])


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("number", "is_wrong"),
    [
        ("12-QĐ/ĐU", True),
        ("12QD/ĐU", True),
        ("12-qđ", True),
        ("12-NQ/ĐU", False),
        ("04-TBKL", False),
        ("3-ĐQĐ", False),
        ("", False),
    ],
)
def test_a_vote_that_bears_the_number_of_a_decision_without_one(
    kc: World, number: str, is_wrong: bool
) -> None:
    for at in (Stage.COMPETENT_RESOLVED, Stage.DECIDED):
        candidate(kc, at=at)
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    vote(
        file, by=kc.staff2, level=Level.COMPETENT, held_on=date(2021, 4, 9),
        resolution_number=number,
    )  # fmt: skip

    here = found(kc, "co-so-chua-co-quyet-dinh")
    assert here == ([file.number] if is_wrong else [])
    decided(kc, file)
    assert found(kc, "co-so-chua-co-quyet-dinh") == []


def test_the_form_of_the_decision_among_the_papers_without_a_decision(
    kc: World, unguarded: Any
) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    paper = file.papers.first()
    assert paper is not None
    form = PaperKind.objects.get(
        rules=paper.kind.rules, arises_at=Level.COMPETENT, phase="admission"
    )
    assert found(kc, "co-so-chua-co-quyet-dinh") == []
    unguarded(
        "UPDATE admissions_paper SET kind_id = %s, number = '12' WHERE id = %s",
        [form.pk, paper.pk],
    )

    assert found(kc, "co-so-chua-co-quyet-dinh") == [file.number]


CEREMONY_DUE = date(2021, 6, 1)
"""The last day for decisions signed on the fifteenth of April: thirty working days after it."""


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("held_on", "consented_on", "is_wrong"),
    [
        (CEREMONY_DUE, None, False),
        (CEREMONY_DUE + timedelta(days=1), None, True),
        (CEREMONY_DUE + timedelta(days=1), CEREMONY_DUE, False),
    ],
)
def test_a_late_ceremony_stays_listed_until_the_consent_is_in_the_file(
    kc: World, held_on: date, consented_on: date | None, is_wrong: bool
) -> None:
    file, day = candidate(kc, at=Stage.DECIDED), date(2021, 7, 1)
    assert file.deadlines.get(clock=Deadline.Clock.CEREMONY).due_on == CEREMONY_DUE
    stand_on(day)
    hold_ceremony(
        file, by=kc.secretary, on=day, ceremony_on=held_on, consented_on=consented_on,
        consent_number="3-CV",
    )  # fmt: skip

    late = "le-muon-chua-dong-y"
    assert found(kc, late, on=day) == ([file.number] if is_wrong else [])
    kind = PaperKind.objects.get(rules=file.rules, code="ĐY-LKN")
    paper = {"kind": kind, "dated_on": day, "received_on": day}
    receive_papers(file, by=kc.secretary, on=day, papers=[paper])
    assert found(kc, late, on=day) == []


@pytest.mark.sweep
@pytest.mark.parametrize(("days", "is_over"), [(0, False), (1, True)])
def test_decision_overdue_and_not_explained(
    kc: World, unguarded: Any, days: int, is_over: bool
) -> None:
    file, explained = (candidate(kc, at=Stage.CELL_RESOLVED) for _one in range(2))
    day = file.deadlines.get(clock=Deadline.Clock.DECISION).due_on + timedelta(days=days)
    unguarded(
        "INSERT INTO admissions_extension (candidate_id, clock, course, decided_on, due_on,"
        " reason, entered_by_id)"
        " VALUES (%s, 'admission', 1, '2021-05-20', '2021-07-20', 'Chờ thẩm tra', %s)",
        [explained.pk, kc.staff.pk],
    )

    assert found(kc, "qua-han-chua-giai-trinh", on=day) == ([file.number] if is_over else [])


@pytest.mark.sweep
@pytest.mark.parametrize(("days", "is_over"), [(0, False), (1, True)])
def test_ceremony_overdue(kc: World, days: int, is_over: bool) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    candidate(kc, at=Stage.ADMITTED)
    day = file.deadlines.get(clock=Deadline.Clock.CEREMONY).due_on + timedelta(days=days)

    assert found(kc, "qua-han-to-chuc-le", on=day) == ([file.number] if is_over else [])


@pytest.mark.parametrize(("days", "is_over"), [(0, False), (1, True)])
def test_verification_not_answered_in_time(kc: World, days: int, is_over: bool) -> None:
    file = prepared(kc, logged(kc))
    due = date(2021, 6, 30)
    Deadline.objects.create(
        candidate=file, clock=Deadline.Clock.VERIFICATION, subject="1 Xã Quảng Phú",
        rules=file.rules, clause="–", owner="cell", organization=kc.cell, began_on=DAY,
        due_on=due, warn_on=DAY,
    )  # fmt: skip

    here = found(kc, "qua-han-tham-tra", on=due + timedelta(days=days))
    assert here == ([file.number] if is_over else [])


@pytest.mark.thorough
def test_nobody_helps(kc: World) -> None:
    prepared(kc, logged(kc))
    wrong = prepared(kc, logged(kc))
    ended = Mentorship.objects.get(candidate=wrong)
    Mentorship.objects.filter(pk=ended.pk).update(
        period=type(ended.period)(ended.period.lower, DAY)
    )

    assert found(kc, "khong-nguoi-giup-do") == [wrong.number]
    assert found(kc, "khong-nguoi-giup-do", on=DAY - timedelta(days=1)) == []


@pytest.mark.thorough
def test_files_that_agree_break_no_rule(kc: World) -> None:
    for at in (Stage.SOURCE, Stage.READY, Stage.CELL_RESOLVED, Stage.ADMITTED):
        candidate(kc, at=at)

    assert lists_to_clear(kc.staff, on=DAY) == []


@pytest.mark.thorough
def test_the_page_names_the_rule_how_many_and_how_to_mend_it(kc: World) -> None:
    candidate(kc, at=Stage.DECIDED)
    stand_on(date(2021, 7, 1))
    client = Client(headers={"accept-language": "en"})
    client.force_login(kc.staff)

    html = client.get(reverse("lists-to-clear")).content.decode()

    [broken] = lists_to_clear(kc.staff, on=date(2021, 7, 1))
    assert (broken.rule.code, broken.count, broken.more) == ("qua-han-to-chuc-le", 1, 0)
    with translation.override("vi"):
        assert f"{broken.rule.name} <small>1</small>" in html
        assert str(broken.rule.mend) in html


@pytest.mark.thorough
def test_others_see_nothing_of_it(kc: World) -> None:
    file = prepared(kc, logged(kc))
    day = file.deadlines.get(clock=Deadline.Clock.PAPERS).due_on + timedelta(days=1)

    assert lists_to_clear(kc.secretary, on=day)
    assert lists_to_clear(kc.secretary2, on=day) == []
    assert lists_to_clear(kc.leader, on=day) == []


@pytest.mark.thorough
def test_a_rule_asks_no_more_for_more_files(kc: World, django_assert_max_num_queries: Any) -> None:
    for _one in range(3):
        prepared(kc, logged(kc))

    with django_assert_max_num_queries(len(RULES) + 1):  # one is broken
        lists_to_clear(kc.staff, on=date(2023, 1, 1))
