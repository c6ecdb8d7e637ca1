"""A file that follows its person: at each of the five stages, on the day before and after (T12)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from admissions.cases import case_of
from admissions.eligibility import introduced
from admissions.guards import STEPS
from admissions.guards_of_moving import TAKEN_ON_THE_WAY
from admissions.models import (
    Admission,
    Candidate,
    FileMove,
    FileTransfer,
    Milestone,
)
from admissions.operations import deadlines
from admissions.operations.cancellations import ask_cancellation, cancel_decision
from admissions.operations.candidates import close_candidate
from admissions.operations.ceremonies import hold_ceremony
from admissions.operations.introducers import (
    end_introducer,
    name_introducer,
    name_introducers,
)
from admissions.operations.moving import (
    ask_move,
    ask_review,
    refuse_file,
    send_file,
    take_over_file,
    withdraw_move,
)
from admissions.operations.preparation import assign_mentor, put_on_list
from admissions.operations.recording import begin, constraint_of
from admissions.selectors.moving import REVIEW, TAKE, TO_TAKE, WAITING, MoveRow, move_rows
from admissions.selectors.moving import panel as rows_of
from admissions.stages import Level, Stage, Step
from config.clock import HERE
from config.errors import DomainError
from organizations.models import Membership, Outbox, Role, User
from organizations.operations.transfers import accept, release, request_transfer
from tests.admissions.test_races import at_once, one_is_told
from tests.makers import (
    DAY,
    WAY,
    World,
    candidate,
    decided,
    logged,
    members,
    officer,
    once,
    stand_on,
    vote,
    world,
)

MOVED = date(2021, 5, 10)


@pytest.fixture
def hg(kc: World) -> World:
    """Another committee's area, with a competent body of its own."""
    return world(slug="hg", number=5)


def now(file: Candidate) -> Candidate:
    return Candidate.objects.select_related("person", "cell", "rules").get(pk=file.pk)


def asked(kc: World, file: Candidate, to: Any, **changes: Any) -> FileTransfer:
    values = {"by": kc.secretary, "on": DAY, "moved_on": MOVED, "destination": to, **changes}
    return ask_move(file, **values)


def sent(kc: World, file: Candidate, to: Any, **changes: Any) -> FileTransfer:
    """Asked for and sent on the same day by whoever has the file."""
    on = changes.get("on", DAY)
    transfer = asked(kc, file, to, **changes)
    above = transfer.situation in {"submitted", "decided"}
    return send_file(
        transfer,
        by=kc.staff2 if above else kc.secretary,
        on=on,
        sent_on=on,
        certificate_number="7-GCN",
        letter_number="12-CV/ĐU",
    )


def received(hg: World, transfer: FileTransfer, **changes: Any) -> FileTransfer:
    values = {"by": hg.secretary, "on": DAY, "received_on": DAY, **changes}
    return take_over_file(transfer, **values)


def terms_of_moving(file: Candidate) -> list[tuple[str, date, date, str, date | None]]:
    """Clock, first day, last day, state and end of the file's terms of moving, oldest first."""
    found = file.deadlines.filter(clock__in=["forward", "fault_review", "moved_decision"])
    return list(
        found.order_by("began_on", "pk").values_list(
            "clock", "began_on", "due_on", "state", "ended_on"
        )
    )


# ---------------------------------------------------------------- the five stages


def test_the_file_of_somebody_being_helped_goes_on_in_the_new_cell(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)

    transfer = received(hg, sent(kc, file, hg.cell))

    assert (transfer.situation, transfer.certificate_number) == ("helped", "7-GCN")
    assert (transfer.send_by, transfer.decide_by) == (None, None)
    assert (now(file).cell, now(file).stage, now(file).course) == (hg.cell, Stage.READY, 1)
    assert now(file).cell_on(DAY - timedelta(days=1)) == kc.cell.pk
    move = FileMove.objects.get(candidate=file)
    assert (move.origin, move.destination, move.on, move.reason) == (
        kc.cell,
        hg.cell,
        DAY,
        "transferred",
    )


@pytest.mark.thorough
def test_the_class_certificate_counts_and_a_new_helper_needs_no_twelve_months(
    kc: World, hg: World
) -> None:
    file = candidate(kc, at=Stage.READY)
    received(hg, sent(kc, file, hg.cell))

    case = case_of(now(file), on=DAY)
    assert case.valid_certificate is not None
    assert case.mentorships == []  # who helped belongs to another unit
    newcomer = members(hg.cell, 1, since=DAY)[0]
    assign_mentor(now(file), by=hg.secretary, on=DAY, mentor=newcomer, since=DAY)

    assert [one.mentor for one in case_of(now(file), on=DAY).mentorships] == [newcomer]


def test_who_introduces_there_needs_no_twelve_months_either(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)
    newcomer = members(hg.cell, 1, since=DAY)[0]
    name: dict[str, Any] = {"on": DAY, "kind": "member", "named_on": DAY, "together_since": DAY}
    with pytest.raises(DomainError) as refusal:
        name_introducer(file, by=kc.secretary, person=members(kc.cell, 1)[0], **name)
    assert list(refusal.value.fields) == ["together_since"]

    received(hg, sent(kc, file, hg.cell))

    assert name_introducer(now(file), by=hg.secretary, person=newcomer, **name).pk


@pytest.mark.thorough
def test_the_new_cell_names_who_introduces_there_before_it_considers(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)
    for one in file.introducers.all():
        end_introducer(one, by=kc.secretary, on=DAY, ended_on=DAY, reason="Chuyển đi")
    received(hg, sent(kc, file, hg.cell))
    assert introduced(case_of(now(file), on=DAY)) is not None

    newcomers = [(one, None) for one in members(hg.cell, 2, since=DAY)]
    name_introducers(now(file), by=hg.secretary, on=DAY, named_on=DAY, members=newcomers)

    assert introduced(case_of(now(file), on=DAY)) is None


def test_a_helper_of_the_same_grassroots_unit_goes_on_helping(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    received(kc, sent(kc, file, kc.sibling), by=kc.secretary2)

    assert [one.mentor for one in case_of(now(file), on=DAY).mentorships] == [kc.members[0]]


@pytest.mark.thorough
def test_what_only_the_old_line_resolved_is_considered_afresh(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    received(hg, sent(kc, file, hg.cell))

    case = case_of(now(file), on=DAY)
    assert (case.candidate.stage, case.candidate.course) == (Stage.READY, 2)
    assert len(case.ballots) == 1  # the old one is history
    assert case.passed(Level.CELL) is None
    assert case.next_vote() == Level.CELL


def test_a_file_not_sent_on_yet_is_resolved_below(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    transfer = sent(kc, file, hg.top, is_below=True)

    assert (transfer.situation, transfer.letter_number) == ("resolved", "12-CV/ĐU")


@pytest.mark.thorough
def test_a_receiving_committee_has_one_of_its_cells_follow(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    transfer = sent(kc, file, hg.top)

    with pytest.raises(DomainError) as refusal:
        received(hg, transfer, by=hg.staff2)
    assert list(refusal.value.fields) == ["cell"]
    with pytest.raises(DomainError) as refusal:
        received(hg, transfer, by=hg.staff2, cell=kc.sibling)
    assert list(refusal.value.fields) == ["cell"]

    received(hg, transfer, by=hg.staff2, cell=hg.sibling)
    assert now(file).cell == hg.sibling


@pytest.mark.thorough
def test_a_file_with_the_committee_is_decided_by_the_receiving_one(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    transfer = received(hg, sent(kc, file, hg.cell))

    case = case_of(now(file), on=DAY)
    assert (transfer.situation, case.candidate.course) == ("submitted", 1)
    assert case.passed(Level.CELL) is not None
    assert case.next_vote() == Level.COMPETENT  # another body: it votes afresh
    vote(now(file), by=hg.staff2, level=Level.COMPETENT, held_on=DAY)
    decision = decided(hg, now(file), signed_on=DAY)

    assert decision.authority == hg.top


@pytest.mark.thorough
def test_the_receiving_committee_has_thirty_working_days(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    transfer = received(hg, sent(kc, file, hg.cell))

    # 28 May 2021 is a Friday; six weeks of working days without a holiday.
    assert transfer.decide_by == date(2021, 7, 9)
    assert case_of(now(file), on=DAY).decision_limit() == date(2021, 7, 9)
    note = Milestone.objects.get(candidate=file, step=Step.MOVE).note
    assert "09/07/2021" in note
    assert "29-QĐ/TW" in note


@pytest.mark.thorough
def test_beneath_one_competent_committee_its_own_term_runs_on(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    before = case_of(now(file), on=DAY).decision_limit()

    transfer = received(kc, sent(kc, file, kc.sibling), by=kc.secretary2)

    assert (transfer.send_by, transfer.decide_by) == (None, None)
    case = case_of(now(file), on=DAY)
    assert case.decision_limit() == before
    assert case.next_vote() is None  # all votes stand


@pytest.mark.thorough
def test_a_decision_of_the_same_committee_goes_to_the_new_cell(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)

    transfer = received(kc, sent(kc, file, kc.sibling, moved_on=WAY["signed_on"]), by=kc.secretary2)

    assert (transfer.situation, transfer.send_by) == ("decided", None)
    with pytest.raises(PermissionDenied):
        hold_ceremony(now(file), by=kc.secretary, on=DAY, ceremony_on=DAY)
    admission = hold_ceremony(now(file), by=kc.secretary2, on=DAY, ceremony_on=DAY)
    assert admission.cell == kc.sibling
    assert Membership.objects.get(person=file.person).cell == kc.sibling


@pytest.mark.thorough
def test_the_ceremony_there_is_due_from_the_day_the_decision_came(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    received(kc, sent(kc, file, kc.sibling), by=kc.secretary2)

    # Thirty working days from 28 May 2021.
    assert case_of(now(file), on=DAY).ceremony_limit() == date(2021, 7, 9)


@pytest.mark.thorough
def test_a_decision_of_another_committee_goes_along_in_time(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    transfer = sent(kc, file, hg.cell, moved_on=date(2021, 4, 13))

    assert transfer.send_by == DAY  # the thirtieth working day: three holidays in between
    received(hg, transfer)
    admission = hold_ceremony(now(file), by=hg.secretary, on=DAY, ceremony_on=DAY)

    assert (admission.cell, admission.decision.authority) == (hg.cell, kc.top)


@pytest.mark.thorough
def test_a_decision_past_its_thirty_working_days_is_cancelled_first(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    transfer = asked(kc, file, hg.cell, moved_on=date(2021, 4, 12))

    with pytest.raises(DomainError) as refusal:
        send_file(transfer, by=kc.staff2, on=DAY, sent_on=DAY, letter_number="12-CV")

    assert refusal.value.fields == {
        "sent_on": "The decision could be sent on until 27/05/2021 (30 working days after the"
        " decision to move of 12/04/2021, 29-QĐ/TW). Now the committee that issued it cancels it"
        " first, and then sends the file; the new place decides afresh."
    }
    assert not Admission.objects.exists()


@pytest.mark.thorough
def test_a_decision_cancelled_on_the_way_is_of_the_new_committee_to_make(
    kc: World, hg: World
) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    on_the_way = sent(kc, file, hg.cell)
    assert on_the_way.situation == "decided"
    review = ask_cancellation(
        now(file), by=kc.staff2, on=DAY, ground="moved", reason="Đã chuyển đi", asked_on=DAY
    )
    cancel_decision(
        review,
        by=officer("kc-duyet-2", kc.top, Role.APPROVER),
        on=DAY,
        number="9-HKN",
        signed_on=DAY,
        signer="Nguyễn Văn Bí thư",
    )

    transfer = received(hg, on_the_way)

    assert (transfer.situation, transfer.decide_by) == ("submitted", date(2021, 7, 9))
    # There is no decision, so none was received.
    assert Milestone.objects.filter(candidate=file).latest("pk").step == Step.MOVE


@pytest.mark.thorough
def test_a_decision_that_still_stands_comes_along(kc: World, hg: World) -> None:
    transfer = received(hg, sent(kc, candidate(kc, at=Stage.DECIDED), hg.cell))

    assert (transfer.situation, transfer.decide_by) == ("decided", None)


@pytest.mark.thorough
def test_no_ceremony_is_held_at_the_old_place(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    transfer = sent(kc, file, hg.cell)

    with pytest.raises(DomainError) as refusal:
        hold_ceremony(file, by=kc.secretary, on=DAY, ceremony_on=DAY)
    assert "on its way to" in refusal.value.sentence
    received(hg, transfer)
    with pytest.raises(PermissionDenied):
        hold_ceremony(now(file), by=kc.secretary, on=DAY, ceremony_on=DAY)

    assert not Admission.objects.exists()


@pytest.mark.thorough
def test_after_the_cancellation_the_new_committee_decides_afresh(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    transfer = asked(kc, file, hg.cell, moved_on=date(2021, 4, 12))
    review = ask_cancellation(
        now(file), by=kc.staff2, on=DAY, ground="moved", reason="Đã chuyển đi", asked_on=DAY
    )
    cancel_decision(
        review,
        by=officer("kc-duyet-2", kc.top, Role.APPROVER),
        on=DAY,
        number="9-HKN",
        signed_on=DAY,
        signer="Nguyễn Văn Bí thư",
    )

    on_the_way = send_file(transfer, by=kc.staff2, on=DAY, sent_on=DAY, letter_number="12-CV")
    received(hg, on_the_way)

    assert (on_the_way.situation, on_the_way.send_by) == ("submitted", date(2021, 5, 6))
    assert case_of(now(file), on=DAY).next_vote() == Level.COMPETENT
    vote(now(file), by=hg.staff2, level=Level.COMPETENT, held_on=DAY)
    assert decided(hg, now(file), signed_on=DAY).authority == hg.top


@pytest.mark.thorough
def test_the_file_of_a_probationary_member_goes_with_the_membership(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)
    day = DAY + timedelta(days=4)
    asked_for = request_transfer(
        file.person, by=kc.secretary, on=DAY, kind="official", destination=kc.sibling
    )
    released = release(asked_for, by=kc.secretary, on=DAY, effective_on=day)

    with pytest.raises(DomainError):
        asked(kc, file, kc.sibling)  # by itself it does not move
    accept(released, by=kc.secretary2, on=DAY)

    row = now(file)
    assert (row.cell, row.stage) == (kc.sibling, Stage.ADMITTED)
    assert (row.cell_on(day), row.cell_on(DAY)) == (kc.sibling.pk, kc.cell.pk)
    transfer = FileTransfer.objects.get(candidate=file)
    assert (transfer.situation, transfer.state) == ("probation", "received")
    assert Admission.objects.get().cell == kc.cell  # the fact stays where it happened


def test_a_stay_elsewhere_leaves_the_file_at_home(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)
    stay = request_transfer(
        file.person, by=kc.secretary, on=DAY, kind="temporary", destination=kc.sibling
    )

    accept(release(stay, by=kc.secretary, on=DAY, effective_on=DAY), by=kc.secretary2, on=DAY)

    assert now(file).cell == kc.cell
    assert not FileTransfer.objects.exists()


# ---------------------------------------------------------------- terms, on the day and after


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("moved_on", "is_late"),
    [(date(2021, 5, 7), False), (date(2021, 5, 6), True)],
)
def test_the_committee_forwards_within_fifteen_working_days(
    kc: World, hg: World, moved_on: date, *, is_late: bool
) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    transfer = sent(kc, file, hg.cell, moved_on=moved_on)

    assert transfer.send_by == (DAY - timedelta(days=1) if is_late else DAY)
    note = Milestone.objects.get(candidate=file, step=Step.SEND_FILE).note
    assert ("after the last day" in note or "sau ngày cuối" in note) == is_late


@pytest.mark.thorough
def test_faults_found_there_are_reviewed_within_sixty_working_days(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)
    transfer = sent(kc, file, hg.cell)

    with pytest.raises(DomainError) as refusal:
        ask_review(transfer, by=hg.secretary, on=DAY, answer=" ")
    assert list(refusal.value.fields) == ["answer"]
    review = ask_review(transfer, by=hg.secretary, on=DAY, answer="Thiếu chữ ký")

    # Twelve weeks from 28 May 2021, before the holidays of September.
    last = date(2021, 8, 20)
    assert (review.state, review.review_asked_on, review.review_by) == ("refused", DAY, last)
    assert review.send_by is None
    assert review.is_under_review
    assert "20/08/2021" in Milestone.objects.get(candidate=file, step=Step.RETURN).note
    # The review is a term of the cell; that of forwarding is none of a file being helped.
    assert terms_of_moving(file) == [("fault_review", DAY, last, "running", None)]
    term = file.deadlines.get(clock="fault_review")
    assert (term.owner, term.organization) == ("cell", kc.cell)
    assert term.clause.startswith(f"{term.rules.code}: 60 ")
    # The old cell mends what is wrong, and asks again.
    vote(
        now(file), by=kc.secretary, level=Level.CELL, held_on=DAY, entitled=26, present=22,
        in_favour=22,
    )  # fmt: skip
    again = asked(kc, file, hg.cell)
    assert again.situation == "resolved"
    assert terms_of_moving(file) == [("fault_review", DAY, last, "met", DAY)]
    # A request that is taken back answers nothing.
    withdraw_move(again, by=kc.secretary, on=DAY, reason="Chưa sửa xong")
    assert terms_of_moving(file) == [("fault_review", DAY, last, "running", None)]
    assert list(rows_of(kc.secretary, "gui", on=DAY)) == [review]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("day", "state"), [(date(2021, 8, 20), "met"), (date(2021, 8, 21), "late")]
)
def test_faults_are_answered_by_asking_again_until_the_last_day_of_the_review(
    kc: World, hg: World, day: date, state: str
) -> None:
    file = candidate(kc, at=Stage.READY)
    ask_review(sent(kc, file, hg.cell), by=hg.secretary, on=DAY, answer="Thiếu chữ ký")
    stand_on(day)

    deadlines.scan(on=day, at=datetime.combine(day, datetime.min.time(), HERE))
    missed_at = file.deadlines.get(clock="fault_review").missed_at
    asked(kc, file, hg.cell, on=day)

    assert terms_of_moving(file) == [("fault_review", DAY, date(2021, 8, 20), state, day)]
    assert (missed_at is not None) is (state == "late")


def test_a_review_of_faults_leaves_the_term_of_forwarding_as_it_was_kept(
    kc: World, hg: World
) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    review = ask_review(sent(kc, file, hg.cell), by=hg.secretary, on=DAY, answer="Thiếu chữ ký")

    assert (review.send_by, review.review_by) == (date(2021, 5, 31), date(2021, 8, 20))
    assert terms_of_moving(file) == [
        ("forward", MOVED, date(2021, 5, 31), "met", DAY),
        ("fault_review", DAY, date(2021, 8, 20), "running", None),
    ]


@pytest.mark.thorough
def test_a_review_runs_no_more_once_the_file_is_closed(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)
    ask_review(sent(kc, file, hg.cell), by=hg.secretary, on=DAY, answer="Thiếu chữ ký")

    close_candidate(now(file), by=kc.secretary, on=DAY, closed_on=DAY, reason="Xin rút")

    assert terms_of_moving(file) == [("fault_review", DAY, date(2021, 8, 20), "void", DAY)]


@pytest.mark.thorough
def test_a_scan_begins_the_review_of_a_file_that_has_none(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)
    review = ask_review(sent(kc, file, hg.cell), by=hg.secretary, on=DAY, answer="Thiếu chữ ký")
    # As a file of before there was such a term, which the migration brought along.
    file.deadlines.filter(clock="fault_review").update(clock="forward", state="void", ended_on=DAY)

    deadlines.scan(on=DAY, at=datetime.combine(DAY, datetime.min.time(), HERE))

    assert file.deadlines.get(clock="fault_review").due_on == review.review_by


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("day", "is_late"), [(date(2021, 8, 20), False), (date(2021, 8, 21), True)]
)
def test_a_review_of_faults_is_overdue_from_the_day_after_its_sixty_working_days(
    kc: World, hg: World, day: date, *, is_late: bool
) -> None:
    ask_review(
        sent(kc, candidate(kc, at=Stage.READY), hg.cell), by=hg.secretary, on=DAY,
        answer="Thiếu chữ ký",
    )  # fmt: skip

    [row] = move_rows(rows_of(kc.secretary, "gui", on=day).called(), kc.secretary, on=day)

    assert row.is_late is is_late


@pytest.mark.thorough
@pytest.mark.parametrize(("days", "is_late"), [(0, False), (1, True)])
def test_the_new_committee_decides_within_thirty_working_days_of_the_file(
    kc: World, hg: World, days: int, *, is_late: bool
) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    received(hg, sent(kc, file, hg.cell))
    day = date(2021, 7, 9) + timedelta(days=days)
    stand_on(day)
    vote(now(file), by=hg.staff2, level=Level.COMPETENT, held_on=day, on=day)

    decided(hg, now(file), signed_on=day, on=day)

    note = Milestone.objects.get(candidate=file, step=Step.DECIDE).note
    assert ("09/07/2021" in note) is is_late


# ---------------------------------------------------------------- outside, refused, withdrawn


def test_a_file_sent_outside_is_closed(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    transfer = asked(kc, file, None, destination_place="Đảng bộ tỉnh Hải Dương")

    send_file(transfer, by=kc.secretary, on=DAY, sent_on=DAY, certificate_number="7-GCN")

    row = now(file)
    assert (row.stage, row.closed_on) == (Stage.CLOSED, DAY)
    assert "Đảng bộ tỉnh Hải Dương" in row.closed_reason
    assert FileTransfer.objects.get().state == "received"


def test_a_refused_file_stays_and_can_be_asked_for_again(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)
    transfer = sent(kc, file, hg.cell)

    with pytest.raises(DomainError) as refusal:
        refuse_file(transfer, by=hg.secretary, on=DAY, answer="")
    assert list(refusal.value.fields) == ["answer"]
    refuse_file(transfer, by=hg.secretary, on=DAY, answer="Không cư trú ở đây")

    assert now(file).cell == kc.cell
    with pytest.raises(DomainError):
        received(hg, transfer)
    assert asked(kc, file, hg.cell).state == "asked"


def test_a_withdrawn_request_lets_the_old_cell_go_on(kc: World, hg: World) -> None:
    file = logged(kc)
    transfer = asked(kc, file, hg.cell)
    with pytest.raises(DomainError):
        put_on_list(file, by=kc.secretary, on=DAY, held_on=DAY)

    withdraw_move(transfer, by=kc.secretary, on=DAY, reason="Không chuyển nữa")

    assert put_on_list(now(file), by=kc.secretary, on=DAY, held_on=DAY).pk
    told = list(Milestone.objects.filter(step=Step.ASK_MOVE).order_by("pk"))
    assert told[1].corrects == told[0]


# ---------------------------------------------------------------- who, and only once


@pytest.mark.thorough
def test_no_other_step_is_taken_while_the_file_is_on_its_way(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)
    asked(kc, file, hg.cell)
    everybody = (kc.secretary, kc.staff, kc.staff2, kc.approver)
    reachable = [
        step
        for step, rule in STEPS.items()
        if rule.is_at(now(file)) and step not in TAKEN_ON_THE_WAY
    ]

    for step in reachable:
        told = []
        for user in everybody:
            try:
                begin(file, step, by=user, on=DAY, happened_on=DAY)
            except PermissionDenied:
                continue
            except DomainError as refusal:
                told.append(refusal.sentence)
        assert told, step
        assert all("on its way to" in sentence for sentence in told), step


@pytest.mark.thorough
def test_who_asks_sends_and_takes_over(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    for user in (kc.secretary2, kc.leader, kc.auditor, kc.administrator, kc.approver, hg.secretary):
        with pytest.raises(PermissionDenied):
            asked(kc, file, hg.cell, by=user)
    transfer = asked(kc, file, hg.cell, by=kc.staff2)

    for user in (kc.secretary, kc.staff, kc.approver, hg.staff2):  # it lies with the committee
        with pytest.raises(PermissionDenied):
            send_file(transfer, by=user, on=DAY, sent_on=DAY, letter_number="1")
    on_the_way = send_file(transfer, by=kc.staff2, on=DAY, sent_on=DAY, letter_number="1")
    for user in (kc.secretary, kc.staff2, hg.secretary2, hg.leader, hg.approver):
        with pytest.raises(PermissionDenied):
            received(hg, on_the_way, by=user)
        with pytest.raises(PermissionDenied):
            refuse_file(on_the_way, by=user, on=DAY, answer="Không")
    received(hg, on_the_way, by=hg.staff)

    assert not Candidate.objects.visible_to(kc.secretary, on=DAY).filter(pk=file.pk).exists()
    assert Candidate.objects.visible_to(hg.secretary, on=DAY).filter(pk=file.pk).exists()


def test_nobody_takes_over_their_own_file(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)
    transfer = sent(kc, file, hg.cell)
    own = officer("tu-nhan", hg.cell)
    own.person = file.person
    own.save(update_fields=["person"])

    with pytest.raises(PermissionDenied):
        received(hg, transfer, by=own)


def everywhere(kc: World) -> User:
    """Somebody of the staff above both cells, who could do every step of a move."""
    return officer("ca-hai", kc.top, Role.STAFF)


@pytest.mark.sweep
@pytest.mark.parametrize("part", ["asks", "sends"])
def test_who_asked_or_sent_does_not_take_over(kc: World, part: str) -> None:
    both = everywhere(kc)
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    asker, sender = (both, kc.staff2) if part == "asks" else (kc.staff2, both)
    transfer = asked(kc, file, kc.sibling, by=asker, letter_number="1")
    transfer = send_file(transfer, by=sender, on=DAY, sent_on=DAY, letter_number="1")

    with pytest.raises(DomainError, match="somebody else takes the file over"):
        received(kc, transfer, by=both)
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        FileTransfer.objects.filter(pk=transfer.pk).update(
            state="received", received_on=DAY, received_by=both
        )
    (row,) = move_rows(FileTransfer.objects.select_related("candidate").called(), both, on=DAY)
    address = reverse("move-take", args=[transfer.public_id])

    assert constraint_of(refusal.value) == "file_transfer_taken_over_by_another_person"
    assert not row.may(TAKE)
    assert row.may(REVIEW)
    assert signed_in(both).get(address).status_code == 404
    received(kc, transfer, by=kc.secretary2)
    assert now(file).cell == kc.sibling


def test_who_asked_waits_for_another_to_take_over(kc: World) -> None:
    both = everywhere(kc)
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    transfer = asked(kc, file, kc.sibling, by=both, letter_number="1")
    send_file(transfer, by=kc.staff2, on=DAY, sent_on=DAY, letter_number="1")

    assert [rows_of(both, part, on=DAY).count() for part in (TO_TAKE, WAITING)] == [0, 1]
    assert rows_of(kc.secretary2, TO_TAKE, on=DAY).count() == 1


def test_a_file_is_on_one_way_only(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)
    asked(kc, file, hg.cell)

    with pytest.raises(DomainError) as refusal:
        asked(kc, file, kc.sibling)

    assert "on its way already" in refusal.value.sentence
    assert FileTransfer.objects.count() == 1


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"destination": None}, "destination_place"),
        ({"destination_place": "Hà Nội"}, "destination_place"),
        ({"moved_on": DAY + timedelta(days=1)}, "moved_on"),
        ({"moved_on": date(2020, 5, 31)}, "moved_on"),
    ],
)
def test_a_request_that_cannot_be_is_refused_at_its_field(
    kc: World, hg: World, changes: dict[str, Any], field: str
) -> None:
    file = candidate(kc, at=Stage.READY)

    with pytest.raises(DomainError) as refusal:
        asked(kc, file, changes.pop("destination", hg.cell), **changes)

    assert list(refusal.value.fields) == [field]
    assert not FileTransfer.objects.exists()


@pytest.mark.thorough
def test_days_follow_one_another(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)
    transfer = asked(kc, file, hg.cell)

    with pytest.raises(DomainError) as refusal:
        send_file(
            transfer, by=kc.secretary, on=DAY, sent_on=MOVED - timedelta(days=1),
            certificate_number="7",
        )  # fmt: skip
    assert list(refusal.value.fields) == ["sent_on"]
    with pytest.raises(DomainError) as refusal:
        send_file(transfer, by=kc.secretary, on=DAY, sent_on=DAY)
    assert list(refusal.value.fields) == ["certificate_number"]
    send_file(transfer, by=kc.secretary, on=DAY, sent_on=DAY, certificate_number="7")
    for day in (DAY - timedelta(days=1), DAY + timedelta(days=1)):
        with pytest.raises(DomainError) as refusal:
            received(hg, transfer, received_on=day)
        assert list(refusal.value.fields) == ["received_on"]


@pytest.mark.thorough
def test_nobody_moved_before_the_old_line_judged_them(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    last = WAY["cell_on"]

    with pytest.raises(DomainError) as refused:
        asked(kc, file, hg.cell, moved_on=last - timedelta(days=1))

    assert refused.value.fields == {
        "moved_on": f"Here the file records “Resolution of the cell” of {last:%d/%m/%Y}: it moved"
        " on that day or later."
    }
    assert asked(kc, file, hg.cell, moved_on=last).moved_on == last


@pytest.mark.thorough
def test_a_file_is_neither_sent_nor_received_before_what_was_done_with_it(
    kc: World, hg: World
) -> None:
    file = candidate(kc, at=Stage.READY)
    permitted_on = file.milestones.get(step=Step.PERMIT).on
    early = permitted_on - timedelta(days=1)
    transfer = asked(kc, file, hg.cell, moved_on=early)
    numbers = {"certificate_number": "7-GCN", "letter_number": "12-CV/ĐU"}

    with pytest.raises(DomainError) as refused:
        send_file(transfer, by=kc.secretary, on=DAY, sent_on=early, **numbers)
    assert list(refused.value.fields) == ["sent_on"]
    send_file(transfer, by=kc.secretary, on=DAY, sent_on=permitted_on, **numbers)
    FileTransfer.objects.filter(pk=transfer.pk).update(sent_on=early)
    with pytest.raises(DomainError) as refused:
        received(hg, transfer, received_on=early)
    assert list(refused.value.fields) == ["received_on"]
    assert received(hg, transfer, received_on=permitted_on).received_on == permitted_on


@pytest.mark.thorough
def test_no_body_resolved_on_a_file_while_it_was_on_its_way(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)
    transfer = sent(kc, file, hg.cell, on=date(2021, 5, 12))
    received(hg, transfer, received_on=date(2021, 5, 22))

    for day in (date(2021, 5, 12), date(2021, 5, 21)):
        with pytest.raises(DomainError, match="No body resolved on it meanwhile"):
            vote(now(file), by=hg.secretary, level=Level.CELL, held_on=day)
    # What the old cell resolved before is entered late by the new one.
    ballot = vote(now(file), by=hg.secretary, level=Level.CELL, held_on=date(2021, 5, 11))
    assert ballot.organization == kc.cell


@pytest.mark.thorough
def test_figures_above_hear_that_the_file_is_counted_elsewhere(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)
    transfer = sent(kc, file, hg.cell)
    Outbox.objects.all().delete()

    received(hg, transfer)

    news = Outbox.objects.get()
    assert (news.organization, news.snapshot) == (
        hg.cell,
        {"was": "ready", "stage": "ready", "cell_was": kc.cell.pk},
    )


@pytest.mark.thorough
def test_leaders_and_strangers_see_no_request(kc: World, hg: World) -> None:
    stranger = world(slug="xa", number=1)
    asked(kc, candidate(kc, at=Stage.READY), hg.cell)

    seen = {
        name: FileTransfer.objects.visible_to(user, on=DAY).count()
        for name, user in {
            "old": kc.secretary,
            "new": hg.secretary,
            "sibling": kc.secretary2,
            "leader": kc.leader,
            "stranger": stranger.staff2,
        }.items()
    }

    assert seen == {"old": 1, "new": 1, "sibling": 0, "leader": 0, "stranger": 0}


def row_of(user: Any, part: str) -> MoveRow:
    found = rows_of(user, part, on=DAY).called().select_related("candidate__person")
    [row] = move_rows(found, user, on=DAY)
    return row


@pytest.mark.thorough
def test_the_old_side_no_longer_reads_how_far_the_file_is(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)
    transfer = sent(kc, file, hg.cell)
    assert row_of(kc.secretary, "cho").stage == row_of(hg.secretary, "nhan").stage != ""

    received(hg, transfer)

    assert row_of(kc.secretary, "xong").stage == ""
    assert row_of(hg.secretary, "xong").stage == "File complete"
    assert "File complete" not in panel(kc.secretary, "xong")
    assert "File complete" in panel(hg.secretary, "xong")


def test_who_refused_a_file_no_longer_reads_how_far_it_is(kc: World, hg: World) -> None:
    refuse_file(
        sent(kc, candidate(kc, at=Stage.READY), hg.cell), by=hg.secretary, on=DAY, answer="Đủ"
    )

    assert row_of(hg.secretary, "xong").stage == ""
    assert row_of(kc.secretary, "xong").stage == "File complete"


@pytest.mark.thorough
def test_what_was_withdrawn_is_shown_to_the_old_side_alone(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.READY)
    transfer = asked(kc, file, hg.cell)
    assert file.person.full_name in panel(hg.secretary, "cho")

    withdraw_move(transfer, by=kc.secretary, on=DAY, reason="Không đi nữa")

    assert row_of(kc.secretary, "xong").stage == "File complete"
    assert not rows_of(hg.secretary, "xong", on=DAY).exists()
    assert file.person.full_name not in panel(hg.secretary, "xong")


# ---------------------------------------------------------------- pages


def signed_in(user: Any) -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def panel(user: Any, part: str) -> str:
    return signed_in(user).get(reverse("move-list"), {"phan": part}).content.decode()


@pytest.mark.thorough
def test_a_file_is_asked_for_sent_and_taken_over_on_pages(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    old, new = signed_in(kc.secretary), signed_in(kc.secretary2)
    url = reverse("candidate-step", args=[file.public_id, "chuyen-di"])
    assert url in old.get(reverse("candidate-detail", args=[file.public_id])).content.decode()
    values = {
        "moved_on": "10/05/2021", "destination": f"[{kc.sibling.slug}]", "reason": "Đổi ca",
        "once": once(),
    }  # fmt: skip

    wrong = old.post(url, {**values, "destination": "", "once": once()})
    answers = [old.post(url, values) for _time in range(2)]

    assert [wrong.status_code, *(one.status_code for one in answers)] == [422, 303, 303]
    transfer = FileTransfer.objects.get()
    home = old.get(reverse("task-list")).content.decode()
    assert reverse("move-send", args=[transfer.public_id]) in home
    sending = old.post(
        reverse("move-send", args=[transfer.public_id]),
        {"sent_on": "28/05/2021", "certificate_number": "7-GCN", "once": once()},
    )
    assert sending.status_code == 303
    assert f"{reverse('move-list')}?phan=nhan" in new.get(reverse("task-list")).content.decode()
    assert file.person.full_name in panel(kc.secretary2, "nhan")
    assert file.person.full_name in panel(kc.secretary, "cho")
    take = reverse("move-take", args=[transfer.public_id])
    assert new.get(take).status_code == 200
    assert old.get(take).status_code == 404
    taken = [
        new.post(take, {"received_on": "28/05/2021", "once": once()}).status_code
        for _time in range(2)
    ]
    assert taken == [303, 422]  # the second form is another one: told that it was answered
    assert now(file).cell == kc.sibling
    assert "Came from elsewhere" in (
        new.get(reverse("candidate-detail", args=[file.public_id])).content.decode()
    )
    assert old.get(reverse("candidate-detail", args=[file.public_id])).status_code == 404
    assert file.person.full_name in panel(kc.secretary, "xong")


@pytest.mark.thorough
def test_a_committee_chooses_the_cell_on_its_page(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    transfer = sent(kc, file, kc.committee)
    url = reverse("move-take", args=[transfer.public_id])
    client = signed_in(kc.staff)
    values = {"received_on": "28/05/2021", "once": once()}

    wrong = client.post(url, values)
    right = client.post(url, {**values, "cell": f"[{kc.sibling.slug}]"})

    assert (wrong.status_code, right.status_code) == (422, 303)
    assert (now(file).cell, now(file).stage) == (kc.sibling, Stage.READY)


@pytest.mark.thorough
def test_the_page_says_the_last_day_and_by_which_rules(kc: World, hg: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    transfer = asked(kc, file, hg.cell)

    page = signed_in(kc.staff2).get(reverse("move-send", args=[transfer.public_id]))

    assert "To be sent by 31/05/2021 (15 working days, 29-QĐ/TW)." in page.content.decode()
    assert file.person.full_name in panel(kc.staff2, "gui")
    assert file.person.full_name not in panel(kc.secretary, "gui")
    assert file.person.full_name in panel(kc.secretary, "cho")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("move-refuse", {"answer": "Không cư trú ở đây"}),
        ("move-review", {"answer": "Thiếu chữ ký"}),
        ("move-withdraw", {"reason": "Không chuyển nữa"}),
    ],
)
def test_a_file_that_was_sent_is_answered_on_a_page(
    kc: World, name: str, values: dict[str, str]
) -> None:
    file = candidate(kc, at=Stage.READY)
    transfer = sent(kc, file, kc.sibling)
    whose = kc.secretary if name == "move-withdraw" else kc.secretary2
    other = kc.secretary2 if name == "move-withdraw" else kc.secretary
    url = reverse(name, args=[transfer.public_id])

    empty = signed_in(whose).post(url, {"once": once()})
    answer = signed_in(whose).post(url, {**values, "once": once()})

    assert (empty.status_code, answer.status_code) == (422, 303)
    assert next(iter(values.values())) in panel(
        kc.secretary, "gui" if name == "move-review" else "xong"
    )
    assert signed_in(other).get(url).status_code == 404
    assert now(file).cell == kc.cell


@pytest.mark.thorough
def of_the_sender(kc: World) -> User:
    asked(kc, candidate(kc, at=Stage.READY), kc.sibling)
    return kc.secretary


def of_the_receiver(kc: World) -> User:
    sent(kc, candidate(kc, at=Stage.READY), kc.sibling)
    return kc.secretary2


@pytest.mark.parametrize("one_more", [of_the_sender, of_the_receiver])
def test_the_panel_asks_as_often_for_many_as_for_few(
    kc: World, one_more: Callable[[World], User], django_assert_max_num_queries: Any
) -> None:
    kc.secretary2.person = kc.members[8]
    kc.secretary2.save(update_fields=["person"])
    client = signed_in(one_more(kc))
    client.get(reverse("move-list"))
    with django_assert_max_num_queries(30) as few:
        client.get(reverse("move-list"))
    for _number in range(3):
        one_more(kc)

    with django_assert_max_num_queries(len(few)):
        client.get(reverse("move-list"))


# ---------------------------------------------------------------- two at once


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_a_file_is_taken_over_and_refused_at_once() -> None:
    kc, hg = world(), world(slug="hg", number=5)
    file = candidate(kc, at=Stage.READY)
    transfer = sent(kc, file, hg.cell)

    results = at_once(
        lambda: received(hg, transfer),
        lambda: refuse_file(transfer, by=hg.staff, on=DAY, answer="Không"),
    )

    assert one_is_told(results).fields == {}
    is_there = now(file).cell == hg.cell
    assert FileMove.objects.count() == is_there
    assert FileTransfer.objects.get().state == ("received" if is_there else "refused")


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_two_take_one_file_over_at_once() -> None:
    kc, hg = world(), world(slug="hg", number=5)
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    transfer = sent(kc, file, hg.top)

    one_is_told(
        at_once(
            lambda: received(hg, transfer, by=hg.staff2, cell=hg.cell),
            lambda: received(hg, transfer, by=hg.staff2, cell=hg.sibling),
        )
    )

    assert FileMove.objects.count() == 1
    assert now(file).course == 2


@pytest.mark.django_db(transaction=True)
def test_two_ask_for_one_file_at_once() -> None:
    kc, hg = world(), world(slug="hg", number=5)
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    one_is_told(
        at_once(lambda: asked(kc, file, hg.cell), lambda: asked(kc, file, hg.cell, by=kc.staff2))
    )

    assert FileTransfer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_vote_is_recorded_while_the_file_is_asked_for() -> None:
    kc, hg = world(), world(slug="hg", number=5)
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    results = at_once(
        lambda: asked(kc, file, hg.cell),
        lambda: vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=WAY["grassroots_on"]),
    )

    refusals = [one for one in results if isinstance(one, Exception)]
    situation = FileTransfer.objects.get().situation
    # Whoever came first, the other saw it: the vote counts in where the file stood, or is refused.
    assert (len(refusals), situation) in {(0, "submitted"), (1, "resolved")}
    assert all(isinstance(one, DomainError) for one in refusals)


@pytest.mark.django_db(transaction=True)
def test_a_step_waits_for_the_file_to_be_taken_over_and_is_told() -> None:
    kc = world()
    file = candidate(kc, at=Stage.READY)
    transfer = sent(kc, file, kc.sibling)
    mentor = members(kc.sibling, 1)[0]

    results = at_once(
        lambda: received(kc, transfer, by=kc.secretary2),
        lambda: assign_mentor(file, by=kc.secretary, on=DAY, mentor=mentor, since=DAY),
    )

    # On its way before, of another cell after: in neither order is it the old secretary's.
    assert results[0].state == "received"
    assert isinstance(results[1], DomainError | PermissionDenied)


@pytest.mark.thorough
def test_the_number_that_goes_with_the_file_is_asked_for_as_needed(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    transfer = asked(kc, file, kc.sibling)
    address = reverse("move-send", args=[transfer.public_id])

    field = signed_in(kc.secretary).get(address).context["form"].fields["certificate_number"]
    without = signed_in(kc.secretary).post(address, {"sent_on": "28/05/2021", "once": once()})

    assert field.required
    assert (without.status_code, list(without.context["form"].errors)) == (
        422, ["certificate_number"],
    )  # fmt: skip


def test_what_the_rules_say_of_a_move_names_the_rules_of_its_day(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    client = signed_in(kc.secretary)
    asking = client.get(reverse("candidate-step", args=[file.public_id, "chuyen-di"]))
    transfer = asked(kc, file, kc.sibling)

    sending = client.get(reverse("move-send", args=[transfer.public_id]))

    for answer in (asking, sending):
        html = answer.content.decode()
        assert "06-HD" not in html
        assert '<span class="small nb">(29-QĐ/TW)</span>' in html
