"""The ceremony within its limit, who helps afterwards, the new member's papers, what is next."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from admissions import probation
from admissions.cases import Case, case_of, ceremony_limit
from admissions.models import Admission, Candidate, Mentorship, Milestone, RuleSet
from admissions.operations.probation import make_new_member_papers
from admissions.permissions import Rights
from admissions.selectors import next_step
from admissions.selectors.probation import bar_note
from admissions.stages import Level, Stage, Step
from config.errors import DomainError
from organizations.models import User
from tests.makers import (
    WAY,
    World,
    candidate,
    decided,
    held,
    new_member_class,
    on_probation,
    once,
    papers_of_probation,
    recognised,
    stand_on,
    vote_of_probation,
    voted_on_recognition,
)

CEREMONY = date(2024, 10, 10)
FULL = date(2025, 10, 10)
TODAY = date(2025, 12, 20)


@pytest.fixture
def kc25(kc: World) -> World:
    stand_on(TODAY)
    return kc


def hold(world: World, file: Candidate, *, ceremony_on: date, **more: Any) -> Admission:
    return held(file, by=world.secretary, on=TODAY, ceremony_on=ceremony_on, **more)


def note_of(file: Candidate, step: Step = Step.ADMIT) -> str:
    return Milestone.objects.get(candidate=file, step=step).note


# ---------------------------------------------------------------- the ceremony


def test_one_case_has_one_limit_from_its_receipt_and_another_from_its_issue(kc25: World) -> None:
    file = candidate(kc25, at=Stage.COMPETENT_RESOLVED)
    decision = decided(
        kc25, file, on=TODAY, signed_on=date(2025, 8, 1), received_on=date(2025, 8, 15)
    )
    receipt = RuleSet.objects.get(code="294-QĐ/TW")
    issue = RuleSet.objects.get(code="208-QĐ/TW")

    # 30 working days; 1 and 2 September are public holidays.
    assert ceremony_limit(decision, rules=receipt) == date(2025, 9, 30)
    assert ceremony_limit(decision, rules=issue) == date(2025, 9, 16)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("code", "last"), [("294-QĐ/TW", date(2025, 9, 30)), ("208-QĐ/TW", date(2025, 9, 16))]
)
def test_the_ceremony_is_late_from_the_day_after_by_the_rules_of_the_file(
    kc25: World, code: str, last: date
) -> None:
    files = []
    for _file in range(2):
        file = candidate(kc25, at=Stage.COMPETENT_RESOLVED)
        decided(kc25, file, on=TODAY, signed_on=date(2025, 8, 1), received_on=date(2025, 8, 15))
        Candidate.objects.filter(pk=file.pk).update(rules=RuleSet.objects.get(code=code))
        files.append(file)

    hold(kc25, files[0], ceremony_on=last)
    hold(kc25, files[1], ceremony_on=last + timedelta(days=1))

    assert note_of(files[0]) == ""
    assert f"{last:%d/%m/%Y}" in note_of(files[1])
    assert code in note_of(files[1])


def test_a_late_ceremony_names_the_consent_of_the_superior_committee(kc25: World) -> None:
    file = candidate(kc25, at=Stage.DECIDED)  # signed on 15/4/2021: by 1/6/2021

    hold(
        kc25,
        file,
        ceremony_on=date(2021, 6, 20),
        consented_on=date(2021, 6, 10),
        consent_number="14-CV/ĐU",
    )

    assert "10/06/2021" in note_of(file)
    assert "14-CV/ĐU" in note_of(file)


@pytest.mark.sweep
@pytest.mark.parametrize("consented_on", [date(2021, 6, 21), WAY["signed_on"] - timedelta(days=1)])
def test_a_consent_lies_between_decision_and_ceremony(kc25: World, consented_on: date) -> None:
    file = candidate(kc25, at=Stage.DECIDED)

    with pytest.raises(DomainError) as refusal:
        hold(kc25, file, ceremony_on=date(2021, 6, 20), consented_on=consented_on)

    assert list(refusal.value.fields) == ["consented_on"]
    assert not Admission.objects.exists()


def test_the_ceremony_names_who_helps_during_probation(kc25: World) -> None:
    file = candidate(kc25, at=Stage.DECIDED)

    hold(kc25, file, ceremony_on=WAY["ceremony_on"], mentor=kc25.members[5])

    helping = Mentorship.objects.filter(candidate=file, on_probation=True)
    assert [one.mentor for one in helping] == [kc25.members[5]]


def test_without_a_new_helper_the_one_so_far_helps_on(kc25: World) -> None:
    file = candidate(kc25, at=Stage.DECIDED)

    hold(kc25, file, ceremony_on=WAY["ceremony_on"])

    [helping] = Mentorship.objects.filter(candidate=file)
    assert (helping.mentor, helping.on_probation) == (kc25.members[0], True)


@pytest.mark.thorough
def test_two_helpers_of_one_probation_owe_two_comments(kc25: World) -> None:
    file = candidate(kc25, at=Stage.DECIDED)
    hold(kc25, file, ceremony_on=CEREMONY, mentor=kc25.members[5])
    new_member_class(kc25, file, on=TODAY, issued_on=date(2025, 8, 1))
    silent = case_of(Candidate.objects.get(pk=file.pk), on=TODAY).silent_helpers
    assert {one.mentor for one in silent} == {kc25.members[0], kc25.members[5]}

    papers_of_probation(kc25, file, on=TODAY, dated_on=FULL)

    assert vote_of_probation(kc25, file, level=Level.CELL, held_on=FULL, on=TODAY).passed


# ---------------------------------------------------------------- papers of the new member


@pytest.mark.thorough
def test_the_papers_of_a_new_member_are_due_in_working_days_after_the_ceremony(
    kc25: World,
) -> None:
    files = [on_probation(kc25, ceremony_on=CEREMONY) for _file in range(2)]
    due = probation.papers_due(case_of(files[0], on=TODAY))
    assert due is not None
    assert due.day == date(2024, 11, 21)  # 30 working days after 10/10/2024

    for file, made_on in zip(files, (due.day, due.day + timedelta(days=1)), strict=True):
        make_new_member_papers(file, by=kc25.secretary, on=TODAY, made_on=made_on)

    assert note_of(files[0], Step.NEW_MEMBER_PAPERS) == ""
    assert "21/11/2024" in note_of(files[1], Step.NEW_MEMBER_PAPERS)


def test_the_papers_are_made_once_after_the_ceremony_and_by_the_cell(kc25: World) -> None:
    file = on_probation(kc25, ceremony_on=CEREMONY)

    with pytest.raises(DomainError, match="no admission ceremony by 09/10/2024"):
        make_new_member_papers(file, by=kc25.secretary, on=TODAY, made_on=date(2024, 10, 9))
    with pytest.raises(PermissionDenied):
        make_new_member_papers(file, by=kc25.staff, on=TODAY, made_on=CEREMONY)
    make_new_member_papers(file, by=kc25.secretary, on=TODAY, made_on=CEREMONY)
    with pytest.raises(DomainError, match="made on 10/10/2024"):
        make_new_member_papers(file, by=kc25.secretary, on=TODAY, made_on=TODAY)


# ---------------------------------------------------------------- what is next


def case_on(file: Candidate, day: date) -> Case:
    return case_of(Candidate.objects.select_related("person").get(pk=file.pk), on=day)


def next_for(file: Candidate, user: User, day: date) -> tuple[str, bool, date | None] | None:
    found = next_step(case_on(file, day), Rights.of(user, on=day, cells=[file.cell_id]))
    return (found.step, found.is_mine, found.due_on) if found else None


@pytest.mark.thorough
def test_each_reader_sees_what_is_next_through_the_whole_probation(kc25: World) -> None:
    file = on_probation(kc25, ceremony_on=CEREMONY)
    early, day = date(2024, 11, 1), kc25.secretary

    assert next_for(file, day, early) == (Step.NEW_MEMBER_PAPERS, True, date(2024, 11, 21))
    make_new_member_papers(file, by=kc25.secretary, on=TODAY, made_on=early)
    assert next_for(file, day, early) == (Step.CERTIFY_NEW_MEMBER, True, FULL)
    new_member_class(kc25, file, on=TODAY, issued_on=date(2024, 11, 1))
    assert next_for(file, day, early) == (Step.RECEIVE_PAPER, False, FULL)
    assert next_for(file, day, FULL - timedelta(days=1)) == (Step.RECEIVE_PAPER, False, FULL)
    review = date(2025, 11, 21)  # 30 working days after month 12
    assert next_for(file, day, FULL) == (Step.RECEIVE_PAPER, True, review)
    papers_of_probation(kc25, file, on=TODAY, dated_on=FULL)
    assert next_for(file, day, FULL) == (Step.RECOGNITION_CELL, True, review)
    vote_of_probation(kc25, file, level=Level.CELL, held_on=FULL, on=TODAY)
    decision_by = date(2025, 11, 21)  # 30 working days after the cell's resolution of that day
    assert next_for(file, day, FULL) == (Step.RECOGNITION_GRASSROOTS, False, decision_by)
    assert next_for(file, kc25.staff, FULL) == (Step.RECOGNITION_GRASSROOTS, True, decision_by)
    vote_of_probation(kc25, file, level=Level.GRASSROOTS, held_on=FULL, on=TODAY)
    vote_of_probation(kc25, file, level=Level.COMPETENT, held_on=FULL, on=TODAY)
    assert next_for(file, kc25.approver, FULL) == (Step.RECOGNISE, True, decision_by)
    recognised(kc25, file, signed_on=FULL, on=TODAY)
    assert next_for(file, day, TODAY) == (Step.ANNOUNCE, True, date(2026, 1, 5))


@pytest.mark.thorough
def test_the_bar_says_when_probation_ends_and_by_when_the_cell_and_the_body_act(
    kc25: World,
) -> None:
    file = on_probation(kc25, ceremony_on=CEREMONY)
    with_votes = on_probation(kc25, ceremony_on=CEREMONY)
    voted_on_recognition(kc25, with_votes, from_day=FULL + timedelta(days=3), on=TODAY)

    assert "10/10/2025" in bar_note(case_on(file, TODAY), 7)
    assert "21/11/2025" in bar_note(case_on(file, TODAY), 8)
    assert "24/11/2025" in bar_note(case_on(with_votes, TODAY), 8)


# ---------------------------------------------------------------- pages


def page(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def step(file: Candidate, code: str) -> str:
    return reverse("candidate-step", args=[file.public_id, code])


@pytest.mark.thorough
def test_the_votes_page_says_what_is_missing_and_links_to_where_it_is_entered(
    kc25: World,
) -> None:
    file = on_probation(kc25, ceremony_on=CEREMONY)

    told = page(kc25.secretary).get(step(file, "chi-bo-xet-chinh-thuc")).content.decode()

    assert step(file, "lop-dang-vien-moi") in told
    assert step(file, "giay-to") in told
    assert "10-KNĐ" in told
    assert "10/10/2025" in told


@pytest.mark.thorough
def test_a_vote_and_a_decision_are_recorded_on_their_pages(kc25: World) -> None:
    file = on_probation(kc25, ceremony_on=CEREMONY)
    new_member_class(kc25, file, on=TODAY, issued_on=date(2025, 8, 1))
    papers_of_probation(kc25, file, on=TODAY, dated_on=FULL)
    numbers = {"entitled": "15", "present": "15", "in_favour": "14", "against": "0"}
    cell = {"entitled": "26", "present": "26", "in_favour": "25"}
    for user, code, typed in (
        (kc25.secretary, "chi-bo-xet-chinh-thuc", {**numbers, **cell}),
        (kc25.staff, "co-so-xet-chinh-thuc", numbers),
        (kc25.staff2, "cap-tren-xet-chinh-thuc", numbers),
    ):
        values = {**typed, "held_on": "10/10/2025", "once": once()}
        assert page(user).post(step(file, code), values).status_code == 303, code

    values = {
        "number": "16-QĐ/ĐU",
        "signed_on": "20/12/2025",
        "signer": "Nguyễn Văn Bí thư",
        "confirm": "on",
        "once": once(),
    }
    client = page(kc25.approver)
    assert client.post(step(file, "quyet-dinh-chinh-thuc"), values).status_code == 303
    again = client.post(step(file, "quyet-dinh-chinh-thuc"), values)

    assert again.status_code == 303  # sent twice, carried out once
    done = Candidate.objects.get(pk=file.pk)
    assert (done.stage, done.recognitions.get().official_on) == (Stage.OFFICIAL, FULL)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("code", "may"),
    [
        ("ho-so-dang-vien", "secretary"),
        ("chi-bo-xet-chinh-thuc", "secretary"),
        ("co-so-xet-chinh-thuc", "staff"),
        ("cap-tren-xet-chinh-thuc", "staff2"),
        ("quyet-dinh-chinh-thuc", "approver"),
        ("chi-bo-xoa-ten", "secretary"),
        ("co-so-xoa-ten", "staff"),
        ("cap-tren-xoa-ten", "staff2"),
        ("quyet-dinh-xoa-ten", "approver"),
    ],
)
def test_each_page_is_for_one_of_them_alone(kc25: World, code: str, may: str) -> None:
    file = on_probation(kc25, ceremony_on=CEREMONY)

    answers = {
        who: page(getattr(kc25, who)).get(step(file, code)).status_code
        for who in (
            "secretary", "secretary2", "staff", "staff2", "approver", "leader", "auditor",
            "administrator",
        )
    }  # fmt: skip

    assert {who for who, status in answers.items() if status == 200} == {may}
    assert set(answers.values()) == {200, 404}


@pytest.mark.thorough
def test_the_programme_and_minutes_print_for_those_who_see_the_file(kc25: World) -> None:
    file = candidate(kc25, at=Stage.DECIDED)
    address = reverse("ceremony-minutes", args=[file.public_id])

    told = page(kc25.secretary).get(address).content.decode()

    assert file.person.full_name in told
    assert "oath" in told
    assert page(kc25.secretary2).get(address).status_code == 404
    assert page(kc25.leader).get(address).status_code == 404
    early = candidate(kc25, at=Stage.READY)
    undecided = reverse("ceremony-minutes", args=[early.public_id])
    assert page(kc25.secretary).get(undecided).status_code == 404


@pytest.mark.thorough
def test_the_page_of_the_file_shows_the_days_of_the_probation(kc25: World) -> None:
    file = on_probation(kc25, ceremony_on=CEREMONY)

    told = page(kc25.secretary).get(reverse("candidate-detail", args=[file.public_id]))

    words = told.content.decode()
    assert "21/11/2025 (30 working days, 29-QĐ/TW)" in words
    assert step(file, "chi-bo-xoa-ten") in words
    for who in (kc25.staff, kc25.approver):
        address = reverse("candidate-detail", args=[file.public_id])
        assert step(file, "chi-bo-xoa-ten") not in page(who).get(address).content.decode()
