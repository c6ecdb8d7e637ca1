"""Terms as rows: begun with the file, told of in time, met, missed, made longer or void."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from admissions import cases
from admissions.cases import case_of
from admissions.models import Candidate, DayOff, Deadline, PaperKind, RuleSet
from admissions.operations import deadlines
from admissions.operations.cancellations import ask_cancellation, cancel_decision
from admissions.operations.candidates import close_candidate
from admissions.operations.ceremonies import hold_ceremony
from admissions.operations.moving import ask_move, ask_review, send_file, take_over_file
from admissions.operations.outcomes import extend_term, send_up, terms_of
from admissions.operations.papers import receive_paper
from admissions.operations.preparation import issue_certificate
from admissions.operations.probation import make_new_member_papers
from admissions.operations.rule_sets import decree_day
from admissions.operations.verifications import (
    receive_verification,
    send_verification,
    waive_verification,
)
from admissions.rules import USUAL, add_working_days
from admissions.selectors.tasks import tasks
from admissions.stages import Level, Stage
from admissions.tasks import scan_deadlines
from config.clock import HERE
from config.locks import Lock, hold
from organizations.models import Role
from organizations.operations.structure import grant_competence
from tests.makers import (
    DAY,
    WAY,
    World,
    candidate,
    decided,
    held,
    logged,
    new_member_class,
    officer,
    on_probation,
    papers_of_probation,
    prepared,
    recognised,
    stand_on,
    vote,
    vote_of_probation,
    voted_on_recognition,
    world,
)

Clock, State = Deadline.Clock, Deadline.State


def rows(file: Candidate) -> dict[str, Deadline]:
    return {row.clock: row for row in file.deadlines.all()}


def at(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), HERE)


def scan(day: date) -> deadlines.Scanned | None:
    return deadlines.scan(on=day, at=at(day))


# ------------------------------------------------------------ what begins when


def test_a_certificate_and_papers_begin_their_terms_as_they_come(kc: World) -> None:
    file = prepared(kc, logged(kc))

    found = rows(file)

    assert set(found) == {Clock.CERTIFICATE, Clock.PAPERS}
    certificate, papers = found[Clock.CERTIFICATE], found[Clock.PAPERS]
    # Issued on 28/11/2020: 60 months, the last day still counts; told of six months before.
    assert (certificate.began_on, certificate.due_on) == (date(2020, 11, 28), date(2025, 11, 28))
    assert certificate.warn_on == date(2025, 5, 28)
    assert (papers.began_on, papers.due_on) == (date(2021, 2, 10), date(2022, 2, 10))
    assert papers.warn_on == date(2022, 1, 10)
    assert {row.state for row in found.values()} == {State.RUNNING}
    assert {row.organization_id for row in found.values()} == {kc.cell.pk}


def test_the_cells_resolution_ends_these_and_begins_those_of_the_committees(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    found = rows(file)

    assert {clock: row.state for clock, row in found.items()} == {
        Clock.CERTIFICATE: State.MET,
        Clock.PAPERS: State.MET,
        Clock.SEND_UP: State.RUNNING,
        Clock.GRASSROOTS: State.RUNNING,
        Clock.DECISION: State.RUNNING,
    }
    held_on, rules = WAY["cell_on"], file.rules
    for clock, days, whose in [
        (Clock.SEND_UP, rules.send_up_days, kc.cell),
        (Clock.GRASSROOTS, rules.grassroots_days, kc.committee),
        (Clock.DECISION, rules.admission_decision_days, kc.top),
    ]:
        row = found[clock]
        assert row.due_on == add_working_days(held_on, days, USUAL)
        assert (row.began_on, row.organization_id, row.rules_id) == (held_on, whose.pk, rules.pk)
        assert row.clause.startswith(f"{rules.code}: {days} ")


@pytest.mark.thorough
def test_each_step_meets_its_term_in_time_or_late(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)

    found = rows(file)

    assert found[Clock.GRASSROOTS].state == State.MET
    assert found[Clock.GRASSROOTS].ended_on == WAY["grassroots_on"]
    # Ten working days after the resolution, where five were given.
    assert (found[Clock.SEND_UP].state, found[Clock.SEND_UP].ended_on) == (
        State.LATE,
        WAY["grassroots_on"],
    )
    assert (found[Clock.DECISION].state, found[Clock.CEREMONY].state) == (State.MET, State.MET)
    probation, review = found[Clock.PROBATION], found[Clock.CELL_REVIEW]
    assert (probation.due_on, probation.warn_on) == (date(2022, 5, 19), date(2022, 2, 19))
    assert (review.began_on, review.warn_on) == (probation.due_on, date(2022, 5, 31))
    assert review.due_on == add_working_days(date(2022, 5, 19), 30, USUAL)


@pytest.mark.sweep
@pytest.mark.parametrize(("days", "state"), [(0, State.MET), (1, State.LATE)])
def test_the_last_day_is_in_time_and_the_day_after_is_late(
    kc: World, days: int, state: str
) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    limit = rows(file)[Clock.CEREMONY].due_on
    day = limit + timedelta(days=days)
    stand_on(day)

    hold_ceremony(file, by=kc.secretary, on=day, ceremony_on=day)

    assert rows(file)[Clock.CEREMONY].state == state


def test_a_newer_certificate_makes_the_earlier_ones_term_void(kc: World) -> None:
    file = prepared(kc, logged(kc))

    issue_certificate(
        file, by=kc.secretary, on=DAY, number="CN-mới", issuer="TTCT", issued_on=date(2021, 5, 20)
    )

    states = {
        row.subject: (row.state, row.ended_on)
        for row in file.deadlines.filter(clock=Clock.CERTIFICATE)
    }
    assert states == {
        f"CN-{file.pk}": (State.VOID, date(2021, 5, 20)),
        "CN-mới": (State.RUNNING, None),
    }


def test_a_closed_file_has_no_running_term(kc: World) -> None:
    file = prepared(kc, logged(kc))

    close_candidate(file, by=kc.secretary, on=DAY, closed_on=DAY, reason="Chuyển đi nơi khác")

    assert {(row.state, row.ended_on) for row in file.deadlines.all()} == {(State.VOID, DAY)}


def test_a_term_is_in_the_transaction_of_its_step(kc: World) -> None:
    file = prepared(kc, logged(kc))

    with transaction.atomic():
        vote(file, by=kc.secretary, level=Level.CELL, held_on=WAY["cell_on"], entitled=26,
             present=22, in_favour=22)  # fmt: skip
        transaction.set_rollback(True)

    assert Clock.DECISION not in rows(file)


def test_reckoning_again_changes_nothing(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)
    before = list(file.deadlines.order_by("pk").values())

    deadlines.reckon_many([file.pk], on=DAY)
    deadlines.reckon_many([file.pk], on=DAY)

    assert list(file.deadlines.order_by("pk").values()) == before


def test_days_stay_as_they_were_reckoned_when_the_rules_change_later(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    row = rows(file)[Clock.DECISION]
    Deadline.objects.filter(pk=row.pk).update(due_on=row.due_on - timedelta(days=3))

    deadlines.reckon_many([file.pk], on=DAY)

    assert rows(file)[Clock.DECISION].due_on == row.due_on - timedelta(days=3)


def test_what_the_file_no_longer_says_is_void_and_kept(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    Deadline.objects.create(
        candidate=file, clock=Clock.CEREMONY, rules=file.rules, clause="–", owner="cell",
        organization=kc.cell, began_on=date(2021, 5, 1), due_on=date(2021, 6, 1),
        warn_on=date(2021, 5, 2),
    )  # fmt: skip

    deadlines.reckon_many([file.pk], on=DAY)

    assert (rows(file)[Clock.CEREMONY].state, rows(file)[Clock.CEREMONY].ended_on) == (
        State.VOID,
        DAY,
    )


def test_many_files_are_reckoned_at_once_at_the_end_of_a_load(kc: World) -> None:
    with deadlines.deferred(on=lambda: DAY):
        files = [candidate(kc, at=Stage.READY) for _one in range(2)]
        assert not Deadline.objects.exists()

    assert Deadline.objects.count() == 2 * len(files)


@pytest.mark.thorough
def test_reckoning_asks_no_more_for_more_files(
    kc: World, django_assert_max_num_queries: Any
) -> None:
    files = [candidate(kc, at=Stage.READY).pk for _one in range(4)]
    for few in (files[:1], files):
        with django_assert_max_num_queries(4):
            deadlines.reckon_many(few, on=DAY)


def test_the_ceremony_is_counted_from_the_issue_under_208_and_the_receipt_under_294() -> None:
    words = {
        code: deadlines.clause(
            Clock.CEREMONY, RuleSet(code=code, ceremony_days=30, ceremony_from=by)
        )
        for code, by in (("294-QĐ/TW", "receipt"), ("208-QĐ/TW", "issue"))
    }

    assert words == {
        "294-QĐ/TW": "294-QĐ/TW: 30 working days from the receipt of the decision",
        "208-QĐ/TW": "208-QĐ/TW: 30 working days from the issue of the decision",
    }


# ------------------------------------------------------------ the job


def test_a_term_is_warned_of_on_its_day_and_not_the_day_before(kc: World) -> None:
    file = prepared(kc, logged(kc))
    warn_on = rows(file)[Clock.PAPERS].warn_on

    scan(warn_on - timedelta(days=1))
    before = rows(file)[Clock.PAPERS].warned_at
    scan(warn_on)

    assert before is None
    assert rows(file)[Clock.PAPERS].warned_at == at(warn_on)


def test_a_term_is_missed_on_the_day_after_its_last_and_goes_to_the_body_above(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    due = rows(file)[Clock.GRASSROOTS].due_on

    scan(due)
    on_the_day = rows(file)[Clock.GRASSROOTS].missed_at
    scan(due + timedelta(days=1))
    row = rows(file)[Clock.GRASSROOTS]

    assert on_the_day is None
    assert (row.missed_at, row.escalated_to_id) == (at(due + timedelta(days=1)), kc.top.pk)
    assert row.state == State.RUNNING


@pytest.mark.thorough
def test_a_window_that_no_scan_saw_is_told_of_by_the_next_one_and_once(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    months_later = rows(file)[Clock.DECISION].due_on + timedelta(days=200)

    first = scan(months_later)
    again = scan(months_later + timedelta(days=1))
    row = rows(file)[Clock.DECISION]

    assert first is not None
    assert again is not None
    assert (first.missed, again.missed, again.warned) == (3, 0, 0)
    assert row.warned_at == row.missed_at == at(months_later)


def test_a_file_from_before_there_were_terms_gets_them_by_the_job(
    kc: World, owner_role: Any
) -> None:
    file = prepared(kc, logged(kc))
    with owner_role() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM admissions_deadline")
        cursor.execute("SET LOCAL session_replication_role = origin")

    scan(DAY)

    assert set(rows(file)) == {Clock.CERTIFICATE, Clock.PAPERS}


@pytest.mark.thorough
def test_the_end_of_probation_needs_nobody(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)

    scan(date(2022, 5, 18))
    before = rows(file)[Clock.PROBATION].state
    scan(date(2022, 5, 19))

    row = rows(file)[Clock.PROBATION]
    assert (before, row.state, row.ended_on) == (State.RUNNING, State.MET, date(2022, 5, 19))


def test_the_job_is_on_the_schedule_and_stands_on_the_clock(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    stand_on(date(2022, 1, 1))

    scan_deadlines()

    assert rows(file)[Clock.DECISION].missed_at is not None
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert "admissions.tasks.scan_deadlines" in scheduled


@pytest.mark.django_db(transaction=True)
def test_two_scans_at_once_are_one() -> None:
    held, done = threading.Event(), threading.Event()

    def other() -> None:
        with transaction.atomic():
            hold(Lock.DEADLINES)
            held.set()
            done.wait(10)
        connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    try:
        assert held.wait(10)
        while_held = scan(DAY)
    finally:
        done.set()
        thread.join()

    assert while_held is None
    assert scan(DAY) is not None


def test_a_decision_a_day_late_is_late(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    due = rows(file)[Clock.DECISION].due_on
    stand_on(due + timedelta(days=1))

    decided(kc, file, signed_on=due + timedelta(days=1), on=due + timedelta(days=1))

    assert rows(file)[Clock.DECISION].state == State.LATE


# ------------------------------------------------------------ what came late, or changed since


def fresh(file: Candidate) -> Candidate:
    return Candidate.objects.select_related("person", "cell", "rules").get(pk=file.pk)


def asked_of(kc: World, file: Candidate, **changes: Any) -> Any:
    return send_verification(
        file,
        **{
            "by": kc.secretary, "on": DAY, "relation": "applicant", "subject": "",
            "place": "Đảng ủy phường Hà Khánh", "sent_on": date(2021, 3, 10), **changes,
        },
    )  # fmt: skip


def test_a_paper_entered_late_leaves_what_was_sent_since_running(kc: World) -> None:
    file = logged(kc)
    asked_of(kc, file, on=date(2021, 3, 15))
    kind = PaperKind.objects.get(rules=file.rules, code="1-KNĐ")

    receive_paper(
        fresh(file), by=kc.secretary, on=date(2021, 3, 15), kind=kind,
        dated_on=date(2021, 3, 8), received_on=date(2021, 3, 8),
    )  # fmt: skip

    assert rows(file)[Clock.VERIFICATION].state == State.RUNNING


def test_a_consent_received_before_a_vote_that_was_entered_first_leaves_its_terms(
    kc: World,
) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    day = WAY["cell_on"] - timedelta(days=2)
    Candidate.objects.filter(pk=file.pk).update(special=["political"])
    kind = file.rules.paper_kinds.get(before_decision=True, audience="political")

    receive_paper(fresh(file), by=kc.secretary, on=DAY, kind=kind, dated_on=day, received_on=day)

    found = rows(file)
    for clock in (Clock.SEND_UP, Clock.GRASSROOTS, Clock.DECISION):
        assert (found[clock].state, found[clock].ended_on) == (State.RUNNING, None)


@pytest.mark.thorough
def test_after_a_cancellation_the_ceremony_is_still_to_be_held(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)
    review = ask_cancellation(
        file, by=kc.staff2, on=DAY, ground="procedure", reason="Sai thủ tục",
        asked_on=date(2021, 5, 20), back_to=Stage.GRASSROOTS_RESOLVED,
    )  # fmt: skip
    cancel_decision(
        review, by=officer("kc-duyet2", kc.top, Role.APPROVER), on=DAY, number="H1-QĐ/ĐU",
        signed_on=date(2021, 5, 25), signer="Nguyễn Văn Bí thư",
    )  # fmt: skip
    vote(file, by=kc.staff2, level=Level.COMPETENT, held_on=date(2021, 5, 26))
    decided(kc, file, signed_on=date(2021, 5, 27))

    of_ceremony = [(row.began_on, row.state) for row in file.deadlines.filter(clock=Clock.CEREMONY)]
    probation = rows(file)[Clock.PROBATION].state
    hold_ceremony(fresh(file), by=kc.secretary, on=DAY, ceremony_on=DAY)
    of_probation = {
        (row.began_on, row.state) for row in file.deadlines.filter(clock=Clock.PROBATION)
    }

    assert sorted(of_ceremony) == [
        (WAY["signed_on"], State.MET),
        (date(2021, 5, 27), State.RUNNING),
    ]
    assert probation == State.VOID
    assert of_probation == {(WAY["ceremony_on"], State.VOID), (DAY, State.RUNNING)}


@pytest.mark.thorough
def test_a_competence_that_changes_takes_the_term_and_the_task_along(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    assert rows(file)[Clock.DECISION].organization == kc.top

    grant_competence(
        kc.committee, kind="delegated", on=date(2021, 5, 3), decision_number="3-QĐ/TU",
        members_entitled=15,
    )  # fmt: skip
    before = tasks(kc.staff, on=DAY)
    scan(DAY)
    after = tasks(kc.staff, on=DAY)

    assert rows(file)[Clock.DECISION].organization == kc.committee
    assert before is not None
    assert after is not None
    assert (before.first, after.to_do) == (None, 1)
    # It is not looked at again.
    assert not deadlines.of_other_bodies(on=DAY).exists()


def test_a_verification_that_is_done_without_runs_no_more(kc: World) -> None:
    file = logged(kc)
    request = asked_of(kc, file)

    waive_verification(request, by=kc.secretary, on=DAY, reason="Bên nội có đảng viên")
    deadlines.reckon_many([file.pk], on=DAY + timedelta(days=3))

    row = rows(file)[Clock.VERIFICATION]
    assert (row.state, row.ended_on) == (State.VOID, DAY)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_each_request_done_without_ends_on_its_own_day_however_others_are_called(
    kc: World, settings: Any, language: str
) -> None:
    file = logged(kc)
    earlier, later = DAY - timedelta(days=9), DAY - timedelta(days=2)
    # The second is written as a note on the first would be; the third's note is cut off early.
    place, far = "Đảng ủy xã Hòa Bình", ("Đảng ủy xã " + "x" * 300)[:200]
    first, second, third = (
        send_verification(
            file, by=kc.secretary, on=DAY, relation="father", subject=subject, place=there,
            sent_on=date(2021, 3, 10),
        )
        for subject, there in (
            ("Vũ Văn Cha", place), ("Vũ Văn Cha", f"{place}: chi bộ 2"), ("V" * 120, far),
        )
    )  # fmt: skip

    # Loaded: the terms are reckoned at the end, when each has its note.
    with deadlines.deferred(on=lambda: DAY):
        for request, day in ((first, earlier), (third, earlier), (second, later)):
            waive_verification(request, by=kc.secretary, on=day, reason="Bên nội có đảng viên")
            settings.LANGUAGE_CODE = language

    found = file.deadlines.filter(clock=Clock.VERIFICATION).order_by("pk")
    assert list(found.values_list("state", "ended_on")) == [
        (State.VOID, earlier),
        (State.VOID, later),
        (State.VOID, earlier),
    ]


@pytest.mark.thorough
def test_a_committee_that_took_a_file_over_has_its_own_term_and_may_extend_it(kc: World) -> None:
    hg = world(slug="hg", number=5)
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    first = rows(file)[Clock.DECISION].due_on
    transfer = ask_move(
        file, by=kc.secretary, on=DAY, moved_on=date(2021, 5, 10), destination=hg.cell
    )
    sent = send_file(
        transfer, by=kc.staff2, on=DAY, sent_on=DAY, certificate_number="7-GCN",
        letter_number="12-CV/ĐU",
    )  # fmt: skip
    held = take_over_file(sent, by=hg.secretary, on=DAY, received_on=DAY)

    row = rows(file)[Clock.DECISION]
    assert held.decide_by is not None
    assert held.decide_by > first
    assert (row.due_on, row.organization) == (held.decide_by, hg.top)
    longer = add_working_days(held.decide_by, file.rules.admission_extension_days, USUAL)
    assert terms_of(case_of(fresh(file), on=DAY), "admission") == (held.decide_by, longer)

    extend_term(fresh(file), by=hg.staff2, on=DAY, decided_on=DAY, reason="Chờ xác minh")

    assert rows(file)[Clock.DECISION].due_on == longer


@pytest.mark.thorough
def test_the_term_of_recognition_is_that_of_the_rules_of_the_cells_vote(kc: World) -> None:
    day = date(2026, 7, 6)
    stand_on(day)
    file = on_probation(kc, ceremony_on=WAY["ceremony_on"], on=DAY)
    voted_on_recognition(kc, file, from_day=date(2026, 6, 1), on=day)
    ballot = file.ballots.get(level=Level.CELL, purpose="recognition")

    row = rows(file)[Clock.RECOGNITION]

    assert (row.rules_id, row.rules_id != file.rules_id) == (ballot.rules_id, True)


def test_what_a_scan_tells_meanwhile_is_not_undone(
    kc: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    read = cases.cases_and_surroundings

    def scanned_meanwhile(*args: Any, **kwargs: Any) -> Any:
        found = read(*args, **kwargs)
        file.deadlines.update(warned_at=at(DAY), missed_at=at(DAY))
        return found

    monkeypatch.setattr(deadlines, "cases_and_surroundings", scanned_meanwhile)
    vote(fresh(file), by=kc.staff, level=Level.GRASSROOTS, held_on=WAY["grassroots_on"])

    row = rows(file)[Clock.GRASSROOTS]
    assert (row.state, row.warned_at, row.missed_at) == (State.MET, at(DAY), at(DAY))


# ------------------------------------------------------------ the last day of each, and the next

CELL_ON, FULL = WAY["cell_on"], date(2022, 5, 19)
"""5 March 2021, a Friday; the month twelve of who was admitted on 19 May 2021."""

Ended = Callable[[World, date], Candidate]
"""Makes a file of which the step that ends the term is taken on the day."""


def answered(*, abroad: bool) -> Ended:
    def ends(kc: World, day: date) -> Candidate:
        file = logged(kc)
        request = asked_of(kc, file, is_abroad=abroad)
        receive_verification(request, by=kc.secretary, on=day, received_on=day, result="clear")
        return file

    return ends


def sent_up_on(kc: World, day: date) -> Candidate:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    send_up(file, by=kc.secretary, on=day, sent_on=day, to=Level.GRASSROOTS)
    return file


def resolved_on(kc: World, day: date) -> Candidate:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=day, on=day)
    return file


def decided_on(*, extended: bool) -> Ended:
    def ends(kc: World, day: date) -> Candidate:
        file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
        if extended:
            longer = {"on": day, "decided_on": DAY, "reason": "Chờ xác minh"}
            extend_term(file, by=kc.staff2, **longer)
        decided(kc, file, signed_on=day, on=day)
        return file

    return ends


def admitted_on(kc: World, day: date) -> Candidate:
    file = candidate(kc, at=Stage.DECIDED)
    hold_ceremony(file, by=kc.secretary, on=day, ceremony_on=day)
    return file


def papers_made_on(kc: World, day: date) -> Candidate:
    file = candidate(kc, at=Stage.ADMITTED)
    make_new_member_papers(file, by=kc.secretary, on=day, made_on=day)
    return file


def reviewed_on(kc: World, day: date) -> Candidate:
    file = candidate(kc, at=Stage.ADMITTED)
    new_member_class(kc, file, on=day, issued_on=date(2022, 3, 1))
    papers_of_probation(kc, file, on=day, dated_on=FULL)
    vote_of_probation(kc, file, level=Level.CELL, held_on=day, on=day)
    return file


def recognised_on(*, extended: bool) -> Ended:
    def ends(kc: World, day: date) -> Candidate:
        file = candidate(kc, at=Stage.ADMITTED)
        voted_on_recognition(kc, file, from_day=FULL, on=day)
        if extended:
            longer = {"on": day, "decided_on": date(2022, 6, 30), "reason": "Chờ xác minh"}
            extend_term(file, by=kc.staff2, **longer)
        recognised(kc, file, signed_on=day)
        return file

    return ends


def moving(kc: World, at: Stage, to: World, day: date) -> Any:
    file = candidate(kc, at=at)
    return ask_move(file, by=kc.secretary, on=day, moved_on=date(2021, 5, 10), destination=to.cell)


def forwarded(at: Stage) -> Ended:
    def ends(kc: World, day: date) -> Candidate:
        transfer = moving(kc, at, world(slug="hg", number=5, day=day), day)
        send_file(transfer, by=kc.staff2, on=day, sent_on=day, letter_number="12-CV/ĐU")
        return transfer.candidate  # type: ignore[no-any-return]

    return ends


def decided_there(kc: World, day: date) -> Candidate:
    hg = world(slug="hg", number=5, day=day)
    transfer = moving(kc, Stage.GRASSROOTS_RESOLVED, hg, day)
    sent = send_file(transfer, by=kc.staff2, on=day, sent_on=DAY, letter_number="12-CV/ĐU")
    take_over_file(sent, by=hg.secretary, on=day, received_on=DAY)
    file = fresh(transfer.candidate)
    vote(file, by=hg.staff2, level=Level.COMPETENT, held_on=day, on=day)
    decided(hg, file, signed_on=day, on=day)
    return file


def asked_again(kc: World, day: date) -> Candidate:
    hg = world(slug="hg", number=5, day=day)
    transfer = moving(kc, Stage.READY, hg, day)
    sent = send_file(transfer, by=kc.secretary, on=day, sent_on=DAY, certificate_number="7-GCN")
    ask_review(sent, by=hg.secretary, on=DAY, answer="Thiếu chữ ký")
    file = fresh(transfer.candidate)
    ask_move(file, by=kc.secretary, on=day, moved_on=date(2021, 5, 10), destination=hg.cell)
    return file


LAST_DAYS: list[tuple[str, str, Ended, date]] = [
    # Holidays on the way: 21 April, 30 April and Monday 3 May 2021.
    ("answer, 30 days from 10/3/2021", "verification", answered(abroad=False), date(2021, 4, 22)),
    ("from abroad, 90", "verification", answered(abroad=True), date(2021, 7, 19)),
    ("sent up, 5 from 5/3/2021", "send_up", sent_up_on, date(2021, 3, 12)),
    ("committee, 25", "grassroots", resolved_on, date(2021, 4, 9)),
    ("decision, 60", "decision", decided_on(extended=False), date(2021, 6, 2)),
    ("decision, 60 and 30", "decision", decided_on(extended=True), date(2021, 7, 14)),
    ("ceremony, 30 from 15/4/2021", "ceremony", admitted_on, date(2021, 6, 1)),
    ("papers, 30 from 19/5/2021", "new_member_papers", papers_made_on, date(2021, 6, 30)),
    ("cell, 30 from 19/5/2022", "cell_review", reviewed_on, date(2022, 6, 30)),
    ("recognition, 30", "recognition", recognised_on(extended=False), date(2022, 6, 30)),
    ("recognition, 30 and 30", "recognition", recognised_on(extended=True), date(2022, 8, 11)),
    ("forwarded, 15 from 10/5/2021", "forward", forwarded(Stage.GRASSROOTS_RESOLVED),
     date(2021, 5, 31)),
    ("there, 30 from 28/5/2021", "moved_decision", decided_there, date(2021, 7, 9)),
    ("faults, 60 from 28/5/2021", "fault_review", asked_again, date(2021, 8, 20)),
]  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize(("days", "state"), [(0, State.MET), (1, State.LATE)])
@pytest.mark.parametrize(
    ("clock", "ends", "last"),
    [one[1:] for one in LAST_DAYS],
    ids=[one[0] for one in LAST_DAYS],
)
def test_a_term_is_kept_by_its_last_day_and_late_on_the_next(
    kc: World, clock: str, ends: Ended, last: date, days: int, state: str
) -> None:
    day = last + timedelta(days=days)
    stand_on(max(day, DAY))

    row = rows(ends(kc, day))[clock]

    assert (row.due_on, row.ended_on, row.state) == (last, day, state)


def test_every_term_that_somebody_keeps_is_in_the_table() -> None:
    # What is over by itself, or refuses the step: a certificate, papers, the probation.
    by_themselves = {Clock.CERTIFICATE, Clock.PAPERS, Clock.PROBATION}

    assert {one[1] for one in LAST_DAYS} == set(Clock.values) - by_themselves


# ------------------------------------------------------------ T7: across Tết, with swapped days

SATURDAY, MONDAY = date(2026, 2, 7), date(2026, 2, 23)
"""The Saturday before Tết 2026 and the Monday after it; 16 to 20 February are holidays."""


def resolved_before_tet(kc: World) -> Candidate:
    """A file that its cell resolved on 15 December 2025, under 294-QĐ/TW, passed by all above."""
    on = date(2026, 4, 1)
    way = {
        "listed_on": date(2025, 8, 4),
        "mentored_on": date(2025, 8, 4),
        "certified_on": date(2025, 9, 5),
        "papers_on": date(2025, 11, 3),
    }
    file = logged(kc, on=on, identified_on=date(2025, 7, 7))
    prepared(kc, file, on=on, way=way)
    for by, level, held_on in (
        (kc.secretary, Level.CELL, date(2025, 12, 15)),
        (kc.staff, Level.GRASSROOTS, date(2026, 1, 5)),
        (kc.staff2, Level.COMPETENT, date(2026, 1, 20)),
    ):
        vote(file, by=by, level=level, held_on=held_on, on=on)
    return fresh(file)


@pytest.mark.sweep
@pytest.mark.parametrize(("days", "state"), [(0, State.MET), (1, State.LATE)])
@pytest.mark.parametrize(
    ("decreed", "extended", "last"),
    [
        ({}, False, date(2026, 2, 24)),
        ({}, True, date(2026, 3, 17)),
        ({SATURDAY: DayOff.Kind.WORKING}, False, MONDAY),
        ({MONDAY: DayOff.Kind.OFF}, False, date(2026, 2, 25)),
        ({SATURDAY: DayOff.Kind.WORKING, MONDAY: DayOff.Kind.OFF}, False, date(2026, 2, 24)),
        ({SATURDAY: DayOff.Kind.WORKING, MONDAY: DayOff.Kind.OFF}, True, date(2026, 3, 17)),
        ({MONDAY: DayOff.Kind.OFF}, True, date(2026, 3, 18)),
    ],
    ids=["usual", "longer", "worked", "off", "swapped", "swapped-longer", "off-longer"],
)
def test_45_and_15_working_days_across_tet(
    kc: World, decreed: dict[date, str], extended: bool, last: date, days: int, state: str
) -> None:
    on = date(2026, 4, 1)
    stand_on(on)
    for day, kind in decreed.items():
        decree_day(by=kc.staff2, on=on, day=day, kind=kind, source="TB 123/TB-VPCP")
    file = resolved_before_tet(kc)
    if extended:
        longer = {"on": on, "decided_on": date(2026, 2, 10), "reason": "Chờ xác minh"}
        extend_term(file, by=kc.staff2, **longer)
    signed_on = last + timedelta(days=days)

    decided(kc, file, signed_on=signed_on, on=on)

    row = rows(file)[Clock.DECISION]
    assert (row.due_on, row.rules.code, row.state) == (last, "294-QĐ/TW", state)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("day", "kind", "last"),
    [
        (date(2021, 6, 2), DayOff.Kind.OFF, date(2021, 6, 3)),
        (date(2021, 6, 3), DayOff.Kind.OFF, date(2021, 6, 2)),
        (date(2021, 5, 29), DayOff.Kind.WORKING, date(2021, 6, 1)),
        (date(2021, 3, 5), DayOff.Kind.OFF, date(2021, 6, 2)),
    ],
    ids=["its last day", "the day after", "a Saturday", "the day of the vote"],
)
def test_a_day_decreed_while_a_term_runs_moves_its_last_day_on_every_page(
    kc: World, day: date, kind: str, last: date
) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    usual = rows(file)[Clock.DECISION]
    assert (usual.began_on, usual.due_on) == (date(2021, 3, 5), date(2021, 6, 2))

    decree_day(by=kc.staff2, on=DAY, day=day, kind=kind, source="TB 9/TB-VPCP")

    assert rows(file)[Clock.DECISION].due_on == last
    assert case_of(fresh(file), on=DAY).decision_limit() == last


@pytest.mark.thorough
def test_a_decreed_day_leaves_the_last_day_of_what_has_ended_and_of_what_was_made_longer(
    kc: World,
) -> None:
    met = candidate(kc, at=Stage.DECIDED)
    longer = candidate(kc, at=Stage.CELL_RESOLVED)
    extend_term(longer, by=kc.staff2, on=DAY, decided_on=DAY, reason="Chờ xác minh")
    before = rows(met)[Clock.DECISION].due_on, rows(longer)[Clock.DECISION].due_on

    decree_day(
        by=kc.staff2, on=DAY, day=date(2021, 5, 31), kind=DayOff.Kind.OFF, source="TB 9/TB-VPCP"
    )

    assert (rows(met)[Clock.DECISION].due_on, rows(longer)[Clock.DECISION].due_on) == before


# ------------------------------------------------------------ T8: one case, both limits


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("code", "last"), [("294-QĐ/TW", date(2025, 9, 30)), ("208-QĐ/TW", date(2025, 9, 16))]
)
@pytest.mark.parametrize(("days", "state"), [(0, State.MET), (1, State.LATE)])
def test_one_case_is_in_time_by_the_receipt_or_by_the_issue(
    kc: World, code: str, last: date, days: int, state: str
) -> None:
    on = date(2025, 12, 20)
    stand_on(on)
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    Candidate.objects.filter(pk=file.pk).update(rules=RuleSet.objects.get(code=code))

    # Issued on 1 August and received on the fifteenth; 1 and 2 September are holidays.
    decided(kc, file, on=on, signed_on=date(2025, 8, 1), received_on=date(2025, 8, 15))
    day = last + timedelta(days=days)
    held(fresh(file), by=kc.secretary, on=on, ceremony_on=day)

    row = rows(file)[Clock.CEREMONY]
    began = date(2025, 8, 15) if code == "294-QĐ/TW" else date(2025, 8, 1)
    assert (row.began_on, row.due_on, row.state) == (began, last, state)
