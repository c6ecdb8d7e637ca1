"""The pages around the tasks: what is next for each candidate, the week, and where files are."""

from __future__ import annotations

from datetime import date, timedelta
from importlib import import_module
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from admissions.models import Candidate, Deadline, FileReturn
from admissions.operations import deadlines
from admissions.operations.outcomes import receive_decision, return_file, send_up
from admissions.operations.preparation import assign_mentor, issue_certificate
from admissions.operations.rounds import plan_round
from admissions.selectors.digest import digest
from admissions.selectors.planner import planner
from admissions.selectors.tasks import tasks, tasks_to_do
from admissions.selectors.tracker import tracker
from admissions.stages import Level, Stage
from admissions.tasks import send_digests
from organizations.models import Appointment, Job, User
from tests.admissions.test_deadlines import at
from tests.makers import DAY, WAY, World, candidate, logged, prepared, sent_up, stand_on, vote

PAGES = ("task-week", "tracker", "lists-to-clear", "round-planner")


def page(user: User, address: str) -> str:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def gettext_vi(words: str) -> str:
    with translation.override("vi"):
        return gettext(words)


def own_terms(user: User, *, on: date) -> list[str]:
    found = digest(user, on=on)
    assert found is not None
    return [row.term for row in [*found.missed, *found.due]]


# ------------------------------------------------------------ the first screen


@pytest.mark.thorough
def test_a_new_secretary_sees_the_next_action_of_each_candidate_on_the_first_screen(
    kc: World,
) -> None:
    files = [
        logged(kc),
        candidate(kc, at=Stage.SYMPATHISER),
        prepared(kc, logged(kc)),
        candidate(kc, at=Stage.CELL_RESOLVED),
        candidate(kc, at=Stage.DECIDED),
    ]

    shown = tasks(kc.secretary, on=DAY)

    assert shown is not None
    rows = [shown.first, *(row for group in shown.groups for row in group.tasks)]
    words = " ".join(row.title for row in rows if row)
    assert all(file.person.full_name in words for file in files)
    html = page(kc.secretary, reverse("task-list"))
    assert all(file.person.full_name in html for file in files)


@pytest.mark.thorough
def test_the_count_in_the_navigation_is_that_of_the_page(kc: World) -> None:
    for at_stage in (Stage.SOURCE, Stage.READY, Stage.CELL_RESOLVED, Stage.DECIDED, Stage.ADMITTED):
        candidate(kc, at=at_stage)

    shown = tasks(kc.secretary, on=DAY)

    assert shown is not None
    appointment = Appointment.objects.get(user=kc.secretary)
    assert tasks_to_do(kc.secretary, appointment, DAY) == shown.to_do


@pytest.mark.thorough
def test_a_committee_is_shown_what_is_due_first_and_pages_of_the_rest(
    kc: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module("admissions.selectors.tasks")  # its function has the same name
    monkeypatch.setattr(module, "PER_PAGE_OF_A_COMMITTEE", 2)
    files = [candidate(kc, at=Stage.CELL_RESOLVED) for _one in range(3)]
    soonest = files[2]
    Deadline.objects.filter(candidate=soonest, clock=Deadline.Clock.GRASSROOTS).update(
        due_on=date(2021, 3, 20), warn_on=date(2021, 3, 6)
    )

    first, second = (tasks(kc.staff, on=DAY, page=number) for number in (1, 2))

    assert first is not None
    assert second is not None
    assert (first.to_do, first.next_page, second.next_page) == (3, 2, None)
    shown = [row.title for row in [first.first, *first.groups[0].tasks] if row]
    assert soonest.person.full_name in " ".join(shown)
    assert len(shown) == 2
    assert second.first is not None


def test_a_missed_term_is_told_at_the_task(kc: World) -> None:
    candidate(kc, at=Stage.CELL_RESOLVED)
    day = date(2021, 7, 1)

    shown = tasks(kc.staff, on=day)

    assert shown is not None
    assert shown.first is not None
    assert shown.first.kind == "late"
    assert "missed" in shown.first.warning


def test_the_files_page_says_which_terms_run_and_by_which_rules(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    html = page(kc.secretary, reverse("candidate-detail", args=[file.public_id]))

    row = file.deadlines.get(clock=Deadline.Clock.DECISION)
    assert row.rules.code in html
    assert f"{row.due_on:%d/%m/%Y}" in html


@pytest.mark.thorough
def test_the_receipt_of_the_decision_is_asked_for_where_the_ceremony_is_counted_from_it(
    kc: World,
) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    decision = file.decisions.get()
    assert decision.rules.ceremony_from == "receipt"
    address = reverse("candidate-detail", args=[file.public_id])
    receipt = reverse("candidate-step", args=[file.public_id, "nhan-quyet-dinh"])
    ceremony = reverse("candidate-step", args=[file.public_id, "le-ket-nap"])

    before = page(kc.secretary, address)
    day = decision.signed_on + timedelta(days=3)
    receive_decision(file, by=kc.secretary, on=DAY, received_on=day)
    after = page(kc.secretary, address)

    assert f'<a class="btn pri" href="{receipt}"' in before
    assert f'<a class="btn pri" href="{ceremony}"' in after
    assert gettext_vi("Decision received on") in after
    assert f"{day:%d/%m/%Y}" in after


def test_each_meeting_to_come_says_by_when_the_file_goes_up_after_it(kc: World) -> None:
    file = prepared(kc, logged(kc))

    html = page(kc.secretary, reverse("candidate-detail", args=[file.public_id]))

    # Five working days after the meeting of 7 June 2021, a Monday.
    assert gettext_vi("File sent up by") in html
    assert "14/06/2021" in html


def without_permission(kc: World) -> Candidate:
    file = candidate(kc, at=Stage.SYMPATHISER)
    assign_mentor(file, by=kc.secretary, on=DAY, mentor=kc.members[0], since=WAY["mentored_on"])
    issue_certificate(
        file, by=kc.secretary, on=DAY, number=f"CN-{file.pk}", issuer="TTCT",
        issued_on=WAY["certified_on"],
    )  # fmt: skip
    return Candidate.objects.get(pk=file.pk)


@pytest.mark.thorough
def test_people_whom_one_resolution_permits_are_one_row_with_their_number(kc: World) -> None:
    for _one in range(3):
        without_permission(kc)

    shown = tasks(kc.staff, on=DAY)

    assert shown is not None
    assert shown.first is not None
    assert (shown.first.title, shown.first.url) == (
        "Permit the procedure for 3 people", reverse("permission-list"),
    )  # fmt: skip
    assert (shown.groups, shown.to_do) == ([], 3)


@pytest.mark.thorough
def test_the_last_meeting_of_a_round_is_named_to_the_cell_with_its_day_and_not_to_others(
    kc: World,
) -> None:
    without_permission(kc)
    ready = prepared(kc, logged(kc))
    on = date(2021, 5, 28)
    # Decided by then from the meeting of 7 June, and not from that of July.
    plan_round(kc.top, by=kc.staff2, on=DAY, name="2/9", day=date(2021, 9, 2))

    own, staff = tasks(kc.secretary, on=on), tasks(kc.staff, on=on)

    assert own is not None
    assert staff is not None
    assert own.first is not None
    assert ready.person.full_name in own.first.title
    assert own.first.warning == "The last meeting that makes the round 2/9: about 07/06/2021."
    assert staff.first is not None
    assert staff.first.warning == ""


# ------------------------------------------------------------ the week


@pytest.mark.sweep
@pytest.mark.parametrize(("days", "is_there"), [(-8, False), (-7, True), (0, True)])
def test_the_week_has_what_falls_due_in_seven_days(kc: World, days: int, is_there: bool) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    due = file.deadlines.get(clock=Deadline.Clock.DECISION).due_on

    found = digest(kc.staff2, on=due + timedelta(days=days))

    assert found is not None
    assert [row.term for row in found.due] == (["Decision on admission"] if is_there else [])


@pytest.mark.thorough
def test_what_was_missed_stays_in_the_week_until_it_is_done(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    due = file.deadlines.get(clock=Deadline.Clock.GRASSROOTS).due_on
    day = due + timedelta(days=100)
    deadlines.scan(on=day, at=at(day))

    assert own_terms(kc.staff, on=due + timedelta(days=1))
    assert "Resolution of the grassroots committee" in own_terms(kc.staff, on=day)
    # The body above was told, too.
    assert "Resolution of the grassroots committee" in own_terms(kc.staff2, on=day)
    new = digest(kc.staff, on=day)
    assert new is not None
    # With the cell's own, which was reported to the committee.
    assert [row.is_new for row in new.missed] == [True, True]


def test_nobody_is_told_of_the_terms_of_others(kc: World) -> None:
    candidate(kc, at=Stage.CELL_RESOLVED)

    other = digest(kc.secretary2, on=DAY)

    assert other is not None
    assert (other.due, other.missed) == ([], [])
    assert digest(kc.leader, on=DAY) is None


def test_the_week_is_sent_by_mail_only_where_it_is_switched_on_and_without_names(
    kc: World, settings: Any, mailoutbox: list[Any]
) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    User.objects.filter(pk=kc.staff2.pk).update(email="canbo2@example.org")
    stand_on(file.deadlines.get(clock=Deadline.Clock.DECISION).due_on)

    send_digests()
    assert mailoutbox == []
    settings.EMAIL_DIGEST = True
    send_digests()

    [sent] = mailoutbox
    assert sent.to == ["canbo2@example.org"]
    assert file.number in sent.body
    assert file.person.full_name not in sent.subject + sent.body


def test_a_task_delivered_twice_mails_nobody_twice_in_a_week(
    kc: World, settings: Any, mailoutbox: list[Any]
) -> None:
    settings.EMAIL_DIGEST = True
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    User.objects.filter(pk=kc.staff2.pk).update(email="canbo2@example.org")
    due = file.deadlines.get(clock=Deadline.Clock.DECISION).due_on
    monday = due + timedelta(days=7 - due.weekday())

    stand_on(monday)
    send_digests()
    stand_on(monday + timedelta(days=6))
    send_digests()
    assert len(mailoutbox) == 1
    stand_on(monday + timedelta(days=7))
    send_digests()

    assert [mail.to for mail in mailoutbox] == [["canbo2@example.org"]] * 2


def test_a_server_that_takes_one_mail_not_keeps_the_others_from_nobody(
    kc: World, settings: Any, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_DIGEST = True
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    for user in (kc.staff, kc.staff2):
        User.objects.filter(pk=user.pk).update(email=f"{user.username}@example.org")
    first, second = sorted([kc.staff, kc.staff2], key=lambda user: user.pk)
    stand_on(file.deadlines.get(clock=Deadline.Clock.DECISION).due_on)

    def taken(subject: str, body: str, sender: None, to: list[str]) -> int:
        if to == [f"{first.username}@example.org"]:
            raise SMTPServerDisconnected("broken off")
        return mail.send_mail(subject, body, sender, to)

    with monkeypatch.context() as patched:
        patched.setattr("admissions.tasks.send_mail", taken)
        send_digests()
    assert [one.to for one in mailoutbox] == [[f"{second.username}@example.org"]]
    assert list(Job.objects.values_list("state", flat=True).order_by("pk")) == ["failed", "done"]
    send_digests()

    assert mailoutbox[1].to == [f"{first.username}@example.org"]
    assert len(mailoutbox) == 2


# ------------------------------------------------------------ where files are


@pytest.mark.thorough
def test_the_tracker_says_who_has_each_file_since_when_and_what_is_next(kc: World) -> None:
    own = logged(kc)
    above = sent_up(kc, candidate(kc, at=Stage.CELL_RESOLVED))

    found = tracker(kc.secretary, on=DAY)

    assert found is not None
    assert [row.number for row in found.rows] == [above.number, own.number]
    first, second = found.rows
    assert (first.holder, first.is_elsewhere, first.since) == (
        "Đảng bộ kc-dang-uy",
        True,
        date(2021, 3, 5),
    )
    assert above.person.full_name in first.next
    assert (second.holder, second.is_elsewhere) == ("Chi bộ kc-1", False)
    assert found.elsewhere == 1


def places(user: User, **values: Any) -> dict[str, tuple[str, bool, date, str]]:
    found = tracker(user, on=DAY, **values)
    assert found is not None
    return {row.number: (row.holder, row.is_elsewhere, row.since, row.note) for row in found.rows}


@pytest.mark.thorough
def test_a_file_is_with_whom_it_was_sent_to_and_before_that_with_who_passed_it(kc: World) -> None:
    cell, committee, top = "Chi bộ kc-1", "Đảng bộ kc-dang-uy", "Đảng bộ kc-top"
    unsent = "passed, not sent on"
    passed = candidate(kc, at=Stage.CELL_RESOLVED)
    straight = candidate(kc, at=Stage.CELL_RESOLVED)
    send_up(straight, by=kc.secretary, on=DAY, sent_on=date(2021, 3, 8), to=Level.COMPETENT)
    kept, sent = (candidate(kc, at=Stage.GRASSROOTS_RESOLVED) for _one in range(2))
    send_up(sent, by=kc.staff, on=DAY, sent_on=date(2021, 3, 22), to=Level.COMPETENT)
    voted, decided = candidate(kc, at=Stage.COMPETENT_RESOLVED), candidate(kc, at=Stage.DECIDED)
    in_vain = candidate(kc, at=Stage.CELL_RESOLVED)
    vote(in_vain, by=kc.staff, level=Level.GRASSROOTS, held_on=date(2021, 3, 19), in_favour=3)
    back = sent_up(kc, candidate(kc, at=Stage.CELL_RESOLVED))
    return_file(
        back, by=kc.staff, on=DAY, level=Level.GRASSROOTS, returned_on=date(2021, 3, 25),
        back_to=Stage.DOSSIER, reason="Thiếu chữ ký",
    )  # fmt: skip

    found = places(kc.secretary)

    assert found == {
        passed.number: (cell, False, WAY["cell_on"], unsent),
        straight.number: (top, True, date(2021, 3, 8), ""),
        kept.number: (committee, True, WAY["grassroots_on"], unsent),
        sent.number: (top, True, date(2021, 3, 22), ""),
        voted.number: (top, True, WAY["competent_on"], ""),
        decided.number: (cell, False, WAY["signed_on"], ""),
        in_vain.number: (committee, True, WAY["cell_on"], ""),
        back.number: (cell, False, date(2021, 3, 25), ""),
    }
    html = page(kc.staff, reverse("candidate-detail", args=[passed.public_id]))
    with translation.override("vi"):
        assert gettext(unsent) in html


@pytest.mark.thorough
def test_what_lies_elsewhere_longest_comes_first_on_all_pages(
    kc: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module("admissions.selectors.tracker")  # its function has the same name
    monkeypatch.setattr(module, "PER_PAGE", 2)
    files = [
        logged(kc),
        sent_up(kc, candidate(kc, at=Stage.CELL_RESOLVED)),
        candidate(kc, at=Stage.DECIDED),
        candidate(kc, at=Stage.GRASSROOTS_RESOLVED),
        candidate(kc, at=Stage.COMPETENT_RESOLVED),
        candidate(kc, at=Stage.CELL_RESOLVED),
    ]

    pages = [tracker(kc.secretary, on=DAY, page=number) for number in (1, 2, 3, 99)]

    shown = [row.number for one in pages[:3] if one for row in one.rows]
    assert shown == [files[place].number for place in (1, 3, 4, 0, 5, 2)]
    last = pages[3]
    assert last is not None
    assert (last.page, last.next_page, last.total) == (3, None, 6)
    assert [row.number for row in last.rows] == shown[4:]


@pytest.mark.sweep
@pytest.mark.parametrize("asked", ["99", "99999999999999999999999", "100000"])
@pytest.mark.parametrize("name", ["task-list", "tracker", "round-planner", "meeting-minutes"])
def test_beyond_the_last_page_is_the_last_one(kc: World, name: str, asked: str) -> None:
    file = sent_up(kc, candidate(kc, at=Stage.CELL_RESOLVED))
    first = page(kc.staff, reverse(name))

    html = page(kc.staff, f"{reverse(name)}?trang={asked}")

    assert (file.person.full_name in html) == (file.person.full_name in first)
    assert "trang=" not in html


def test_a_returned_file_says_why_and_what_is_missing(kc: World) -> None:
    file = prepared(kc, logged(kc))
    file.course = 2
    file.save(update_fields=["course"])
    FileReturn.objects.create(
        candidate=file, organization=kc.committee, level="grassroots", returned_on=DAY,
        back_to=Stage.DOSSIER, reason="Lý lịch thiếu mục 21", missing="Xác nhận của quê quán",
        course=2, entered_by=kc.staff,
    )  # fmt: skip

    found = tracker(kc.secretary, on=DAY)

    assert found is not None
    [row] = found.rows
    assert "Lý lịch thiếu mục 21" in row.returned
    assert row.missing == "Xác nhận của quê quán"


@pytest.mark.thorough
def test_the_tracker_and_the_planner_name_the_rules_beside_a_term(kc: World) -> None:
    file = sent_up(kc, candidate(kc, at=Stage.CELL_RESOLVED))

    found, rounds = tracker(kc.staff, on=DAY), planner(kc.staff, on=DAY)

    assert found is not None
    assert rounds is not None
    assert [row.rules for row in found.rows] == ["29-QĐ/TW"]
    [row] = [row for heading in rounds.headings for row in heading.files]
    assert (row.number, row.rules) == (file.number, "29-QĐ/TW")
    stand_on(DAY)
    for name in ("tracker", "round-planner"):
        assert "29-QĐ/TW" in page(kc.staff, reverse(name)), name


@pytest.mark.thorough
def test_the_tracker_asks_no_more_for_more_files(
    kc: World, django_assert_max_num_queries: object
) -> None:
    for _one in range(3):
        candidate(kc, at=Stage.CELL_RESOLVED)

    with django_assert_max_num_queries(3):  # type: ignore[operator]
        tracker(kc.secretary, on=DAY)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("who", "elsewhere"),
    [("secretary", True), ("staff", False), ("staff2", True), ("auditor", True)],
)
def test_a_file_is_elsewhere_for_whoever_does_not_have_it(
    kc: World, who: str, elsewhere: bool
) -> None:
    above = sent_up(kc, candidate(kc, at=Stage.CELL_RESOLVED))

    found = tracker(getattr(kc, who), on=DAY)

    assert found is not None
    assert [(row.number, row.is_elsewhere) for row in found.rows] == [(above.number, elsewhere)]
    assert found.elsewhere == elsewhere
    # Nor is one that lies with its cell, for whoever looks.
    with_its_cell = candidate(kc, at=Stage.READY)
    again = tracker(getattr(kc, who), on=DAY)
    assert again is not None
    assert [row.is_elsewhere for row in again.rows if row.number == with_its_cell.number] == [False]
    # Its own page says where it is, to whom it lies as well.
    assert gettext_vi("Where the file is") in page(
        kc.staff, reverse("candidate-detail", args=[above.public_id])
    )


@pytest.mark.thorough
def test_a_file_waits_since_it_came_to_where_it_lies_and_not_since_a_certificate_before_it(
    kc: World,
) -> None:
    file = sent_up(kc, candidate(kc, at=Stage.CELL_RESOLVED))
    early = candidate(kc, at=Stage.SYMPATHISER)
    assign_mentor(early, by=kc.secretary, on=DAY, mentor=kc.members[0], since=WAY["mentored_on"])
    issue_certificate(
        early, by=kc.secretary, on=DAY, number="CN-cũ", issuer="TTCT", issued_on=date(2018, 3, 1)
    )

    shown, places = tasks(kc.secretary, on=DAY), tracker(kc.secretary, on=DAY)

    assert shown is not None
    assert places is not None
    [rows] = [group.tasks for group in shown.groups if group.title == "Waiting elsewhere"]
    words = {row.url.split("/")[-2]: f"{row.why} {row.verb}" for row in rows}
    sent, waits = words[str(file.public_id)], words[str(early.public_id)]
    [place] = [row for row in places.rows if row.number == file.number]
    assert f"since {place.since:%d/%m/%Y}. Waiting {place.days} days" in sent
    assert "2018" not in waits
    assert f"since {max(WAY['listed_on'], WAY['mentored_on']):%d/%m/%Y}" in waits
    # What is awaited is said, and no day is called expected that nobody named.
    assert [bool(row.left) for row in rows] == [row.day is not None for row in rows]
    assert "Record the vote of" in sent


# ------------------------------------------------------------ whose pages these are


@pytest.mark.sweep
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("who", ["secretary", "staff", "approver"])
def test_whoever_works_with_files_has_these_pages(kc: World, name: str, who: str) -> None:
    candidate(kc, at=Stage.CELL_RESOLVED)
    stand_on(date(2021, 8, 1))

    assert page(getattr(kc, who), reverse(name))


@pytest.mark.sweep
@pytest.mark.parametrize("name", ["tracker", "lists-to-clear", "round-planner", "meeting-list"])
def test_an_auditor_reads_them_and_is_led_there(kc: World, name: str) -> None:
    file = sent_up(kc, candidate(kc, at=Stage.CELL_RESOLVED))
    stand_on(date(2021, 8, 1))

    html = page(kc.auditor, reverse(name))
    files = page(kc.auditor, reverse("candidate-list"))

    assert (file.person.full_name in html) == (name != "meeting-list")
    assert f'href="{reverse("lists-to-clear")}"' in html  # in the navigation of every page
    assert f'href="{reverse(name if name != "meeting-list" else "meeting-minutes")}"' in files
    # Nothing leads to pages of work, which an auditor has not.
    assert f'href="{reverse("task-list")}"' not in html + files
    assert f'href="{reverse("task-week")}"' not in files


@pytest.mark.sweep
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("who", ["leader", "administrator"])
def test_who_sees_no_names_has_none_of_them(kc: World, name: str, who: str) -> None:
    client = Client()
    client.force_login(getattr(kc, who))

    assert client.get(reverse(name)).status_code == 404
