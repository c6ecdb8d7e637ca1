"""Verification: one request a person and place, its term, its answer, and when all are in."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from admissions.cases import case_of, cases_of
from admissions.models import Candidate, Paper, Verification
from admissions.operations.candidates import edit_candidate
from admissions.operations.papers import receive_paper, receive_papers
from admissions.operations.preparation import issue_certificate
from admissions.operations.verifications import (
    receive_verification,
    send_verification,
    waive_unsent,
    waive_verification,
)
from admissions.permissions import Rights
from admissions.selectors import NextStep, next_step
from admissions.selectors.meetings import NEEDS
from admissions.selectors.planner import planner
from admissions.stages import Stage, Step
from config.errors import DomainError
from tests.admissions.test_pages import errors, page, send, signed_in, url
from tests.makers import DAY, WAY, World, logged, needed_papers, prepared, stand_on

SENT = date(2021, 1, 4)
PLACE = "Đảng ủy phường Hà Khánh"


def asked(kc: World, file: Candidate, **changes: Any) -> Verification:
    values: dict[str, Any] = {
        "by": kc.secretary,
        "on": DAY,
        "relation": "applicant",
        "subject": "",
        "place": PLACE,
        "sent_on": SENT,
        **changes,
    }
    return send_verification(file, **values)


def answered(
    kc: World, request: Verification, on: date = date(2021, 2, 5), **changes: Any
) -> Verification:
    values: dict[str, Any] = {
        "by": kc.secretary, "on": DAY, "received_on": on, "result": "clear", **changes,
    }  # fmt: skip
    return receive_verification(request, **values)


def missing(file: Candidate, on: date = DAY) -> list[str]:
    found = Candidate.objects.select_related("person", "rules", "cell").get(pk=file.pk)
    return [one.code for one in case_of(found, on=on).missing_papers]


def refused(act: Any, *args: Any, **values: Any) -> list[str]:
    with pytest.raises(DomainError) as refusal:
        act(*args, **values)
    return list(refusal.value.fields)


# ---------------------------------------------------------------- the term


def test_a_request_at_home_has_thirty_working_days_and_abroad_ninety(kc: World) -> None:
    file = logged(kc)

    home = asked(kc, file)
    abroad = asked(kc, file, place="Đảng ủy tại Nhật Bản", is_abroad=True)

    # From 4/1/2021, without the days of Tết 10 to 16 February, 21 and 30 April.
    assert home.due_on == date(2021, 2, 22)
    assert abroad.due_on == date(2021, 5, 20)
    assert Candidate.objects.get(pk=file.pk).stage == Stage.SOURCE
    assert [one.step for one in file.milestones.filter(step="send_verification")] == [
        Step.SEND_VERIFICATION
    ] * 2


def test_the_term_is_fixed_at_the_sending(kc: World) -> None:
    request = asked(kc, logged(kc))

    answered(kc, request)

    request.refresh_from_db()
    assert request.due_on == date(2021, 2, 22)


# ---------------------------------------------------------------- who and where


def test_a_request_is_open_once_for_a_person_and_place(kc: World) -> None:
    file = logged(kc)
    first = asked(kc, file)

    assert refused(asked, kc, file) == ["place"]
    answered(kc, first, result="unclear", note="Chưa rõ thời gian 2015")
    assert asked(kc, file, sent_on=date(2021, 2, 8)).pk


def test_a_request_names_person_place_and_a_possible_day(kc: World) -> None:
    file = logged(kc)

    assert refused(asked, kc, file, relation="father") == ["subject"]
    assert refused(asked, kc, file, place=" ") == ["place"]
    assert refused(asked, kc, file, sent_on=date(2020, 5, 31)) == ["sent_on"]
    assert refused(asked, kc, file, sent_on=date(2021, 5, 29)) == ["sent_on"]
    assert asked(kc, file).subject == file.person.full_name


def test_neither_the_candidate_nor_a_relative_verifies(kc: World) -> None:
    file = logged(kc)
    brother = kc.members[3]
    sent = {"method": "sent", "place": "Đảng ủy xã Hòa Bình"}
    asked(kc, file, relation="father", subject=kc.members[4].full_name)

    assert refused(asked, kc, file, **sent) == ["verifier"]
    assert refused(asked, kc, file, **sent, verifier=file.person) == ["verifier"]
    assert refused(asked, kc, file, **sent, verifier=kc.members[4]) == ["verifier"]
    assert refused(
        asked, kc, file, **sent, verifier=brother, relation="spouse", subject=brother.full_name
    ) == ["verifier"]
    assert asked(kc, file, **sent, verifier=brother).verifier == brother


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary2", "staff", "approver", "auditor", "leader"])
def test_only_who_prepares_the_file_asks_and_answers(kc: World, who: str) -> None:
    file = logged(kc)
    request = asked(kc, file)
    by = getattr(kc, who)

    for act in (
        lambda: asked(kc, file, place="Nơi khác", by=by),
        lambda: answered(kc, request, by=by),
        lambda: waive_verification(request, by=by, on=DAY, reason="Đã rõ"),
        lambda: waive_unsent(
            file, by=by, on=DAY, relation="mother", subject="Lê Thị X", place="P", reason="Đã rõ"
        ),
    ):
        with pytest.raises(PermissionDenied):
            act()


# ---------------------------------------------------------------- answers


def test_an_answer_comes_after_the_request_and_says_what_is_not_clear(kc: World) -> None:
    request = asked(kc, logged(kc))

    assert refused(answered, kc, request, date(2021, 1, 3)) == ["received_on"]
    assert refused(answered, kc, request, date(2021, 5, 29)) == ["received_on"]
    assert refused(answered, kc, request, result="unclear") == ["note"]
    answered(kc, request)
    assert refused(answered, kc, request) == ["received_on"]
    assert refused(waive_verification, request, by=kc.secretary, on=DAY, reason="Thôi") == [
        "reason"
    ]


@pytest.mark.thorough
def test_the_verification_is_complete_when_every_answer_is_clear(kc: World) -> None:
    file = logged(kc)
    own = asked(kc, file)
    father = asked(kc, file, relation="father", subject="Vũ Văn Cha", place="Xã Hòa Bình")
    mother = asked(kc, file, relation="mother", subject="Lê Thị Mẹ", place="Xã Hòa Bình")

    answered(kc, own)
    answered(kc, father, date(2021, 2, 8), result="unclear", note="Chưa rõ năm sinh")
    assert "TTLL" in missing(file)
    again = asked(
        kc, file, relation="father", subject="Vũ Văn Cha", place="Xã Hòa Bình",
        sent_on=date(2021, 2, 9),
    )  # fmt: skip
    answered(kc, again, date(2021, 3, 1))
    assert "TTLL" in missing(file)
    waive_verification(mother, by=kc.secretary, on=DAY, reason="Mẹ là đảng viên, đã kê khai")

    assert "TTLL" not in missing(file)
    paper = Paper.objects.get()
    assert (paper.kind.code, paper.dated_on) == ("TTLL", date(2021, 3, 1))
    assert paper.stale_on == date(2022, 3, 2)


def test_the_day_before_the_last_answer_it_is_missing(kc: World) -> None:
    file = logged(kc)
    answered(kc, asked(kc, file), date(2021, 3, 1))

    assert "TTLL" in missing(file, date(2021, 2, 28))
    assert "TTLL" not in missing(file, date(2021, 3, 1))


def test_relatives_alone_verify_nobody(kc: World) -> None:
    file = logged(kc)

    waive_unsent(
        file, by=kc.secretary, on=DAY, relation="mother", subject="Lê Thị Mẹ", place="Xã",
        reason="Ba đời sống tại xã",
    )  # fmt: skip

    assert "TTLL" in missing(file)


def test_what_is_done_without_says_why(kc: World) -> None:
    file = logged(kc)
    request = asked(kc, file)
    values = {"relation": "mother", "subject": "Lê Thị Mẹ", "place": "Xã Hòa Bình"}

    assert refused(waive_verification, request, by=kc.secretary, on=DAY, reason=" ") == ["reason"]
    assert refused(waive_unsent, file, by=kc.secretary, on=DAY, **values, reason="") == ["reason"]


def with_a_political_question(kc: World) -> Candidate:
    file = logged(kc)
    answered(kc, asked(kc, file))
    father = asked(kc, file, relation="father", subject="Vũ Văn Cha", place="Xã Hòa Bình")
    answered(kc, father, result="problem", note="Có vấn đề chính trị cần kết luận")
    return file


def test_a_question_for_the_competent_level_is_not_done_without(kc: World) -> None:
    """The competent level concludes first (domain.md 2.4): no secretary waives its answer."""
    file = with_a_political_question(kc)
    person = {"relation": "father", "subject": "Vũ Văn Cha", "place": "Xã Hòa Bình"}

    assert refused(waive_unsent, file, by=kc.secretary, on=DAY, **person, reason="Không cần") == [
        "reason"
    ]
    again = asked(kc, file, **person, sent_on=date(2021, 2, 9))
    assert refused(waive_verification, again, by=kc.secretary, on=DAY, reason="Không cần") == [
        "reason"
    ]
    Verification.objects.filter(pk=again.pk).update(waived_because="Không cần", waived_on=DAY)
    assert "TTLL" in missing(file)


def test_a_question_for_the_competent_level_is_settled_by_its_consent_before_the_decision(
    kc: World,
) -> None:
    file = with_a_political_question(kc)
    version = Candidate.objects.get(pk=file.pk).version

    edit_candidate(file, by=kc.secretary, on=DAY, version=version, special=["political"])

    case = case_of(Candidate.objects.select_related("person", "rules").get(pk=file.pk), on=DAY)
    assert case.open_verifications == []
    assert [kind.code for kind in case.missing_consents] == ["ĐY-CT"]


def test_a_question_for_the_competent_level_is_settled_by_a_clear_answer_later(kc: World) -> None:
    file = with_a_political_question(kc)

    again = asked(
        kc, file, relation="father", subject="Vũ Văn Cha", place="Xã Hòa Bình",
        sent_on=date(2021, 2, 9),
    )  # fmt: skip
    answered(kc, again, date(2021, 3, 1))

    assert "TTLL" not in missing(file)


def test_with_a_request_open_the_paper_alone_is_not_received(kc: World) -> None:
    file = logged(kc)
    asked(kc, file)
    [kind] = [one for one in needed_papers(DAY) if one.code == "TTLL"]
    values = {"by": kc.secretary, "on": DAY, "kind": kind, "dated_on": DAY, "received_on": DAY}

    assert refused(receive_paper, file, **values) == ["kind"]


def test_a_new_request_opens_a_complete_verification_again(kc: World) -> None:
    file = prepared(kc, logged(kc))
    assert missing(file) == []

    asked(kc, file, relation="spouse", subject="Trần Thị Vợ")

    assert missing(file) == ["TTLL"]


def test_without_requests_the_paper_is_received_as_before(kc: World) -> None:
    assert missing(prepared(kc, logged(kc))) == []


def test_the_last_answer_completes_the_file(kc: World) -> None:
    file = logged(kc)
    request = asked(kc, file)
    prepared_without = [one for one in needed_papers(DAY) if one.code != "TTLL"]
    days = {"dated_on": WAY["papers_on"], "received_on": WAY["papers_on"]}
    receive_papers(
        file, by=kc.secretary, on=DAY, papers=[{"kind": one, **days} for one in prepared_without]
    )
    issue_certificate(
        file, by=kc.secretary, on=DAY, number="CN-1", issuer="TTCT", issued_on=WAY["certified_on"]
    )
    assert Candidate.objects.get(pk=file.pk).stage == Stage.DOSSIER

    answered(kc, request, date(2021, 3, 1))

    assert Candidate.objects.get(pk=file.pk).stage == Stage.READY


# ---------------------------------------------------------------- pages


@pytest.mark.thorough
def test_requests_are_sent_answered_and_done_without_by_pages(kc: World) -> None:
    file = logged(kc)
    sending = url("candidate-step", file, "gui-tham-tra")
    typed = {
        "relation": "applicant", "place": PLACE, "method": "letter", "sent_on": "04/01/2021",
    }  # fmt: skip

    bad = send(kc.secretary, sending, **{**typed, "sent_on": "31/05/2020"})
    sent = send(kc.secretary, sending, **typed)
    request = Verification.objects.get()
    shown = page(kc.secretary, url("candidate-verifications", file))
    answer = send(
        kc.secretary, url("verification-answer", file, request.pk), received_on="05/02/2021",
        result="clear",
    )  # fmt: skip
    unsent = send(
        kc.secretary, url("verification-unsent", file), relation="mother", subject="Lê Thị Mẹ",
        place="Xã Hòa Bình", reason="Ba đời sống tại xã",
    )  # fmt: skip

    assert list(errors(bad)) == ["sent_on"]
    assert (sent.status_code, answer.status_code, unsent.status_code) == (303, 303, 303)
    assert "Answer overdue" in shown
    assert "30 working days, 29-QĐ/TW" in shown
    after = page(kc.staff, url("candidate-verifications", file))
    assert "Confirmed" in after
    assert "Not asked, with a reason" in after
    assert "tra-loi" not in after


def test_a_request_is_overdue_from_the_day_after_its_last(kc: World) -> None:
    file = logged(kc, identified_on=date(2020, 6, 1))
    asked(kc, file)

    stand_on(date(2021, 2, 22))
    on_the_day = page(kc.secretary, url("candidate-verifications", file))
    stand_on(date(2021, 2, 23))
    after = page(kc.secretary, url("candidate-verifications", file))

    assert "Waiting for the answer" in on_the_day
    assert "Answer overdue" in after


def test_other_cells_find_no_such_pages(kc: World) -> None:
    file = logged(kc)
    request = asked(kc, file)

    for name, more in (
        ("candidate-verifications", ()),
        ("verification-unsent", ()),
        ("verification-answer", (request.pk,)),
        ("verification-waive", (request.pk,)),
    ):
        answer = signed_in(kc.secretary2).get(url(name, file, *more))
        assert answer.status_code == 404, name


# ---------------------------------------------------------------- what is next, and whose it is


def unverified(kc: World, *, lacks: tuple[str, ...] = ()) -> Candidate:
    """A file that lacks nothing before the cell but the verification, and the forms `lacks`."""
    return prepared(kc, logged(kc), without=["TTLL", *lacks])


def coming(kc: World, file: Candidate, *, on: date) -> NextStep:
    fresh = Candidate.objects.get(pk=file.pk)
    [case] = cases_of([fresh], on=on)
    step = next_step(case, Rights.of(kc.secretary, on=on, cells=[file.cell_id]))
    assert step is not None
    return step


def test_verification_is_asked_for_before_the_papers_that_lack_for_it_takes_longest(
    kc: World,
) -> None:
    file = unverified(kc, lacks=("2-KNĐ",))

    step = coming(kc, file, on=DAY)

    sending = url("candidate-step", file, "gui-tham-tra")
    assert (step.step, step.is_mine, step.url) == (Step.SEND_VERIFICATION, True, sending)
    assert "30 working days" in step.why
    assert "29-QĐ/TW" in step.why


def test_the_other_papers_are_received_while_the_answer_is_awaited(kc: World) -> None:
    file = unverified(kc, lacks=("2-KNĐ",))
    asked(kc, file, sent_on=DAY)

    step = coming(kc, file, on=DAY)

    assert (step.step, step.is_mine) == (Step.RECEIVE_PAPER, True)
    assert ("2-KNĐ" in step.why, "TTLL" in step.why) == (True, False)


@pytest.mark.thorough
def test_where_only_the_answer_lacks_it_is_awaited_until_its_last_day_and_pressed_for_after(
    kc: World,
) -> None:
    file = unverified(kc)
    request = asked(kc, file, sent_on=date(2021, 3, 1))
    assert request.due_on is not None
    requests = url("candidate-verifications", file)

    on_its_last, after = (coming(kc, file, on=request.due_on + timedelta(days=n)) for n in (0, 1))

    assert (on_its_last.step, on_its_last.is_mine) == (Step.RECEIVE_VERIFICATION, False)
    assert (on_its_last.waits_for, on_its_last.due_on) == (PLACE, request.due_on)
    assert (after.is_mine, after.url, after.due_on) == (True, requests, request.due_on)
    stand_on(request.due_on)
    # It may come in early: the file and the row of the tasks lead there all the time.
    for address in (url("candidate-detail", file), reverse("task-list")):
        assert f'href="{requests}"' in page(kc.secretary, address), address


@pytest.mark.thorough
def test_an_answer_that_is_not_clear_is_asked_again(kc: World) -> None:
    file = unverified(kc)
    request = asked(kc, file, sent_on=date(2021, 3, 1))
    answered(kc, request, date(2021, 4, 1), result="unclear", note="Chưa rõ năm sinh")

    step = coming(kc, file, on=DAY)

    assert (step.is_mine, step.url) == (True, url("candidate-verifications", file))
    assert "Chưa rõ năm sinh" in step.why


@pytest.mark.sweep
@pytest.mark.parametrize("is_asked", [True, False])
def test_the_pages_of_the_vote_and_of_the_meeting_lead_to_the_requests(
    kc: World, is_asked: bool
) -> None:
    file = unverified(kc)
    if is_asked:
        asked(kc, file, sent_on=DAY)
    requests = url("candidate-verifications", file)

    [case] = cases_of([Candidate.objects.get(pk=file.pk)], on=DAY)

    assert [guard.__name__ for guard, _step in NEEDS if guard(case)] == ["verified"]
    assert f'href="{requests}"' in page(kc.secretary, url("candidate-step", file, "chi-bo-xet"))
    row = page(kc.secretary, url("candidate-detail", file))
    assert f'href="{requests}"' in row


@pytest.mark.thorough
def test_the_page_of_papers_warns_of_a_verification_that_nobody_was_asked_for(kc: World) -> None:
    file = unverified(kc)
    address = url("candidate-step", file, "giay-to")
    [kind] = [one for one in needed_papers(DAY) if one.code == "TTLL"]

    before = page(kc.secretary, address)
    # A file entered late: its answer lies on paper already.
    late = send(
        kc.secretary, address, received_on="01/03/2021", **{f"dated_on-{kind.pk}": "01/03/2021"}
    )

    assert "Nobody was asked" in before
    assert url("candidate-verifications", file) in before
    assert late.status_code == 303
    assert missing(file) == []


def test_the_page_of_papers_says_where_the_answer_goes_while_a_request_is_open(kc: World) -> None:
    file = unverified(kc)
    asked(kc, file, sent_on=DAY)

    shown = page(kc.secretary, url("candidate-step", file, "giay-to"))

    assert url("candidate-verifications", file) in shown
    assert "Nobody was asked" not in shown


@pytest.mark.sweep
@pytest.mark.parametrize("is_asked", [True, False])
def test_the_planner_and_the_meetings_to_come_name_the_verification(
    kc: World, is_asked: bool
) -> None:
    file = unverified(kc)
    if is_asked:
        asked(kc, file, sent_on=DAY)

    found = planner(kc.staff, on=DAY)
    shown = page(kc.secretary, url("candidate-detail", file))

    assert found is not None
    [row] = [row for heading in found.headings for row in heading.files]
    assert row.lacks == ["answer to the verification" if is_asked else "verification not asked for"]
    assert row.lacks[0] in shown


def test_the_note_on_an_answer_says_when_it_is_needed(kc: World) -> None:
    request = asked(kc, logged(kc))

    shown = page(kc.secretary, url("verification-answer", request.candidate, request.pk))

    assert "Needed where the answer is not “Confirmed”" in shown
    assert "(optional)" not in shown
