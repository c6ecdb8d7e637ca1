"""A cancelled admission takes its probation with it; and who decides after three failed votes."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from admissions.cases import Case, case_of
from admissions.models import Candidate, Decision, PaperKind, Recognition
from admissions.operations.ballots import record_ballot
from admissions.operations.cancellations import ask_cancellation, cancel_decision
from admissions.operations.classes import issue_new_member_certificate
from admissions.operations.decisions import refuse
from admissions.operations.name_deletion import delete_name
from admissions.operations.outcomes import extend_term
from admissions.operations.probation import make_new_member_papers
from admissions.operations.recognition import announce_recognition
from admissions.operations.recording import constraint_of
from admissions.stages import Level, Purpose, Stage, Step
from config.errors import DomainError
from organizations.models import Membership, Person, Role, User
from tests.makers import (
    DAY,
    World,
    candidate,
    decided,
    held,
    new_member_class,
    officer,
    on_probation,
    papers_of_probation,
    recognised,
    stand_on,
    vote,
    vote_of_probation,
)

FIRST = date(2023, 10, 10)
FULL = date(2024, 10, 10)
CANCELLED = date(2025, 1, 10)
DECIDED = date(2025, 1, 14)
SECOND = date(2025, 1, 20)
FULL_AGAIN = date(2026, 1, 20)
TODAY = date(2026, 3, 31)
SHORT: dict[str, Any] = {"in_favour": 2, "against": 12}


@pytest.fixture
def kc26(kc: World) -> World:
    stand_on(TODAY)
    return kc


@pytest.fixture
def third(kc26: World) -> User:
    return officer("kc-duyet2", kc26.top, Role.APPROVER)


def fresh(file: Candidate) -> Candidate:
    return Candidate.objects.select_related("person", "cell", "rules").get(pk=file.pk)


def case(file: Candidate, *, on: date) -> Case:
    return case_of(fresh(file), on=on)


def undone(world: World, file: Candidate, *, by: User) -> None:
    """The decision is cancelled for its procedure; the competent body votes again."""
    review = ask_cancellation(
        fresh(file),
        by=world.staff2,
        on=TODAY,
        ground="procedure",
        back_to=Stage.GRASSROOTS_RESOLVED,
        reason="Thiếu chữ ký",
        asked_on=CANCELLED,
    )
    cancel_decision(
        review,
        by=by,
        on=TODAY,
        number="H1-QĐ/ĐU",
        signed_on=CANCELLED,
        signer="Nguyễn Văn Bí thư",
    )
    voted_on = CANCELLED + timedelta(days=1)
    vote(file, by=world.staff2, level=Level.COMPETENT, held_on=voted_on, on=TODAY)


def first_round(world: World) -> Candidate:
    """Papers, votes, a longer term and all: whatever a probation leaves in a file."""
    file = on_probation(world, ceremony_on=FIRST, on=TODAY)
    make_new_member_papers(file, by=world.secretary, on=TODAY, made_on=FIRST)
    new_member_class(world, file, on=TODAY, issued_on=date(2024, 8, 1))
    papers_of_probation(world, file, on=TODAY, dated_on=FULL)
    vote_of_probation(world, file, level=Level.CELL, held_on=FULL, on=TODAY, **SHORT)
    again = FULL + timedelta(days=1)
    vote_of_probation(world, file, level=Level.CELL, held_on=again, on=TODAY)
    extend_term(file, by=world.staff2, on=TODAY, decided_on=again, reason="Chờ thẩm tra")
    for level in (Level.GRASSROOTS, Level.COMPETENT):
        vote_of_probation(world, file, level=level, held_on=again, on=TODAY)
    return file


def admitted_again(world: World, file: Candidate, *, by: User) -> None:
    undone(world, file, by=by)
    decided(world, file, signed_on=DECIDED, on=TODAY)
    held(fresh(file), by=world.secretary, on=TODAY, ceremony_on=SECOND)


@pytest.mark.thorough
def test_between_the_new_decision_and_the_new_ceremony_nobody_is_on_probation(
    kc26: World, third: User
) -> None:
    file = first_round(kc26)
    undone(kc26, file, by=third)
    decided(kc26, file, signed_on=DECIDED, on=TODAY)

    assert case(file, on=TODAY).became_probationary_on is None
    assert fresh(file).stage == Stage.DECIDED

    held(fresh(file), by=kc26.secretary, on=TODAY, ceremony_on=SECOND)
    assert case(file, on=TODAY).became_probationary_on == SECOND


@pytest.mark.thorough
def test_the_second_probation_inherits_nothing_of_the_first(kc26: World, third: User) -> None:
    file = first_round(kc26)
    admitted_again(kc26, file, by=third)

    now = case(file, on=FULL_AGAIN)
    assert [now.passed(level, Purpose.RECOGNITION) for level in now.bodies.levels()] == [None] * 3
    assert now.short_votes(Level.CELL, Purpose.RECOGNITION) == []
    assert now.extension("recognition") is None
    assert (now.new_member_certificate, now.milestone(Step.NEW_MEMBER_PAPERS)) == (None, None)
    assert {"10-KNĐ", "11-KNĐ", "12-KNĐ"} <= {
        kind.code for kind in now.missing_for(PaperKind.Phase.PROBATION)
    }
    assert now.silent_helpers
    with pytest.raises(DomainError, match="has not passed a vote on recognition"):
        recognised(kc26, file, signed_on=FULL_AGAIN, on=TODAY)
    with pytest.raises(DomainError, match="no certificate of the class for new members"):
        vote_of_probation(kc26, file, level=Level.CELL, held_on=FULL_AGAIN, on=TODAY)


@pytest.mark.thorough
def test_the_second_probation_goes_its_whole_way_after_a_recognition_that_fell(
    kc26: World, third: User
) -> None:
    file = first_round(kc26)
    first = recognised(kc26, file, signed_on=date(2024, 11, 1), on=TODAY)
    tell: dict[str, Any] = {"by": kc26.secretary, "on": TODAY}
    announce_recognition(file, announced_on=date(2024, 11, 5), **tell)
    admitted_again(kc26, file, by=third)
    now = case(file, on=TODAY)
    assert (fresh(file).stage, now.decision_for(Purpose.RECOGNITION)) == (Stage.ADMITTED, None)

    make_new_member_papers(file, made_on=SECOND, **tell)
    voted_on_recognition_again(kc26, file)
    second = recognised(kc26, file, signed_on=date(2026, 3, 1), on=TODAY)
    announce_recognition(file, announced_on=date(2026, 3, 5), **tell)

    assert (second.official_on, second.admission.ceremony_on) == (FULL_AGAIN, SECOND)
    assert list(Recognition.objects.filter(candidate=file)) == [first, second]
    assert fresh(file).stage == Stage.OFFICIAL
    assert Person.objects.get(pk=file.person_id).official_on == FULL_AGAIN
    assert case(file, on=TODAY).decision_for(Purpose.RECOGNITION) == second.decision
    last = Membership.objects.filter(person=file.person).order_by("period").last()
    assert last is not None
    assert (last.status, last.period.lower) == ("official", FULL_AGAIN)


def voted_on_recognition_again(world: World, file: Candidate) -> None:
    issue_new_member_certificate(
        fresh(file),
        by=world.secretary,
        on=TODAY,
        number="ĐVM-LẦN-2",
        issuer="Trung tâm chính trị thành phố",
        issued_on=date(2025, 12, 1),
    )
    papers_of_probation(world, file, on=TODAY, dated_on=FULL_AGAIN)
    for weeks, level in enumerate((Level.CELL, Level.GRASSROOTS, Level.COMPETENT)):
        held_on = FULL_AGAIN + timedelta(weeks=weeks)
        vote_of_probation(world, file, level=level, held_on=held_on, on=TODAY)


# ------------------------------------------------------------- after three failed votes


def failed(world: World, file: Candidate, *, times: int, purpose: str, since: date) -> None:
    for week in range(times):
        held_on = since + timedelta(weeks=week)
        vote_of_probation(
            world, file, level=Level.CELL, held_on=held_on, on=TODAY, purpose=purpose, **SHORT
        )


def voted_above(world: World, file: Candidate, *, purpose: str, held_on: date) -> None:
    for level in (Level.GRASSROOTS, Level.COMPETENT):
        vote_of_probation(world, file, level=level, held_on=held_on, on=TODAY, purpose=purpose)


def ready_for_recognition(world: World) -> Candidate:
    file = on_probation(world, ceremony_on=FIRST, on=TODAY)
    new_member_class(world, file, on=TODAY, issued_on=date(2024, 8, 1))
    papers_of_probation(world, file, on=TODAY, dated_on=FULL)
    return file


@pytest.mark.thorough
def test_after_the_third_failed_vote_on_recognition_those_above_vote_and_decide(
    kc26: World,
) -> None:
    file = ready_for_recognition(kc26)
    failed(kc26, file, times=2, purpose=Purpose.RECOGNITION, since=FULL)
    held_on = FULL + timedelta(weeks=4)
    above = {"purpose": Purpose.RECOGNITION, "held_on": held_on}

    with pytest.raises(DomainError, match="no passed vote of"):
        voted_above(kc26, file, **above)  # type: ignore[arg-type]

    third_on = FULL + timedelta(weeks=3)
    failed(kc26, file, times=1, purpose=Purpose.RECOGNITION, since=third_on)
    with pytest.raises(DomainError, match="no passed vote of"):  # the day before the third
        voted_above(kc26, file, purpose=Purpose.RECOGNITION, held_on=third_on - timedelta(days=1))
    assert case(file, on=held_on).next_vote(Purpose.RECOGNITION) == Level.GRASSROOTS
    voted_above(kc26, file, **above)  # type: ignore[arg-type]

    assert recognised(kc26, file, signed_on=held_on, on=TODAY).official_on == FULL


@pytest.mark.thorough
def test_after_the_third_failed_vote_on_deletion_those_above_vote_and_decide(
    kc26: World,
) -> None:
    file = on_probation(kc26, ceremony_on=FIRST, on=TODAY)
    since = date(2024, 3, 1)
    failed(kc26, file, times=2, purpose=Purpose.DELETION, since=since)
    held_on = since + timedelta(weeks=4)
    with pytest.raises(DomainError, match="no passed vote of"):
        voted_above(kc26, file, purpose=Purpose.DELETION, held_on=held_on)

    third_on = since + timedelta(weeks=3)
    failed(kc26, file, times=1, purpose=Purpose.DELETION, since=third_on)
    voted_above(kc26, file, purpose=Purpose.DELETION, held_on=held_on)
    departure = delete_name(
        file,
        by=kc26.approver,
        on=TODAY,
        number="9-QĐ/XT",
        signed_on=held_on,
        signer="Nguyễn Văn Bí thư",
        reason="Bỏ sinh hoạt ba tháng",
    )

    assert (departure.on, fresh(file).stage) == (held_on, Stage.CLOSED)


def refused(world: World, file: Candidate) -> Decision:
    return refuse(
        file,
        by=world.approver,
        on=DAY,
        number="20-QĐ/ĐU",
        signed_on=DAY,
        signer="Nguyễn Văn Bí thư",
        reason="Chi bộ ba lần không thông qua",
    )


def test_whom_the_cell_failed_three_times_the_competent_committee_may_refuse(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    def fell_short() -> None:
        record_ballot(
            file,
            by=kc.secretary,
            on=DAY,
            level=Level.CELL,
            held_on=DAY,
            entitled=26,
            present=22,
            in_favour=2,
            against=20,
        )

    for _time in range(2):
        fell_short()
    with pytest.raises(DomainError, match="no passed vote of"):
        refused(kc, file)
    fell_short()

    assert (refused(kc, file).kind, fresh(file).stage) == ("refuse", Stage.CLOSED)


@pytest.mark.thorough
def test_the_database_recognises_once_and_only_on_votes_of_the_probation_that_runs(
    kc26: World, third: User
) -> None:
    file = first_round(kc26)
    columns: dict[str, Any] = {
        "candidate": file,
        "authority": kc26.top,
        "kind": Decision.Kind.RECOGNISE,
        "signed_on": TODAY,
        "signer": "Nguyễn Văn Bí thư",
        "rules": file.rules,
        "approved_by": kc26.approver,
    }

    def made(number: str) -> str:
        try:
            with transaction.atomic():
                Decision.objects.create(number=number, **columns)
        except IntegrityError as error:
            return constraint_of(error)
        return ""

    assert made("1-QĐ") == ""
    assert made("2-QĐ") == "decision_recognises_a_candidate_once"
    admitted_again(kc26, file, by=third)
    assert made("3-QĐ") == "decision_follows_passed_ballots"
    voted_on_recognition_again(kc26, file)
    assert made("4-QĐ") == ""


@pytest.mark.thorough
def test_the_database_takes_three_failed_votes_of_the_cell_and_not_two(kc26: World) -> None:
    file = ready_for_recognition(kc26)
    failed(kc26, file, times=2, purpose=Purpose.RECOGNITION, since=FULL)
    third_on = FULL + timedelta(weeks=3)

    def decides() -> None:
        Decision.objects.create(
            candidate=file,
            authority=kc26.top,
            kind=Decision.Kind.RECOGNISE,
            number="1-QĐ",
            signed_on=TODAY,
            signer="Nguyễn Văn Bí thư",
            rules=file.rules,
            approved_by=kc26.approver,
        )

    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        decides()
    assert constraint_of(refusal.value) == "decision_follows_passed_ballots"
    failed(kc26, file, times=1, purpose=Purpose.RECOGNITION, since=third_on)
    voted_above(kc26, file, purpose=Purpose.RECOGNITION, held_on=third_on)
    decides()
