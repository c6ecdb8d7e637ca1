"""What each operation refuses by itself, whatever page asked for it (docs/mutants.md).

A page answers 404 before; these are called as a job, a command or a page to come would.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import translation

from admissions.cases import case_of
from admissions.guards import STEPS
from admissions.models import Admission, Candidate, FileTransfer
from admissions.operations.ballots import allow_further_vote
from admissions.operations.cancellations import ask_cancellation
from admissions.operations.candidates import close_candidate, edit_candidate
from admissions.operations.ceremonies import NewAdmission, reverse_admission, take_over_admissions
from admissions.operations.classes import Mark, mark_roll, withdraw
from admissions.operations.erasures import answer_erasure, ask_erasure
from admissions.operations.introducers import end_introducer
from admissions.operations.late_entries import enter_late, let_count
from admissions.operations.meetings import record_committee_meeting, record_meeting
from admissions.operations.moving import ask_move, send_file, take_over_file, withdraw_move
from admissions.operations.outcomes import return_file, send_up
from admissions.operations.preparation import put_on_list
from admissions.operations.recording import locked
from admissions.operations.scans import add_scan
from admissions.permissions import Rights
from admissions.selectors import moving, next_steps, outcomes
from admissions.selectors.verifications import verification_page
from admissions.stages import Stage
from config import clock
from config.errors import DomainError
from organizations.models import Person, Role, User
from organizations.operations.accounts import appoint, deactivate, end_appointment, open_account
from organizations.operations.people import restore
from organizations.operations.posts import end_post, give_post
from organizations.operations.seals import ask_to_close_year, close_year
from organizations.operations.sessions import end_sessions_of
from organizations.operations.transfers import Newcomer, end_stay, request_arrival, request_transfer
from organizations.permissions import is_one_human
from targets.operations.attainment import ask_recompute
from targets.operations.baselines import ask_correction, report_baseline
from targets.operations.cycles import acknowledge
from targets.operations.declarations import answer_declaration, declare_no_source, report_figure
from targets.operations.freezes import ask_to_freeze, confirm_baseline, withdraw_freeze
from targets.operations.targets import register_target
from tests.makers import (
    DAY,
    World,
    account,
    appointed,
    candidate,
    enrolled,
    logged,
    membership_of,
    planned_class,
    world,
)
from tests.reports.everywhere import client

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"

Act = Callable[[], Any]


@pytest.fixture
def here() -> World:
    return world()


def themselves(here: World, person: Person, role: str = Role.SECRETARY) -> User:
    """The account of `person`, who acts where they belong, or where that role acts."""
    user = account("chinh-minh", person=person)
    to = {Role.STAFF: here.committee, Role.APPROVER: here.top}.get(Role(role), here.cell)
    appointed(user, to=to, role=role)
    return user


# ---------------------------------------------------------------- accounts, members, years


def _granted(here: World, user: User, **changes: Any) -> Any:
    values = {"by": here.administrator, "confirmed_by": here.staff2, "on": DAY, **changes}
    return appoint(user, to=here.cell, role=Role.SECRETARY, **values)


def _role(here: World) -> Any:
    return here.secretary.appointments.get()


def _arrival(here: World, by: User, person: Any) -> Any:
    return request_arrival(
        here.cell,
        by=by,
        on=DAY,
        person=person,
        kind="official",
        origin_place="Đảng bộ tỉnh Hải Dương",
        outside_scope="elsewhere",
        letter_number="12-GT",
        released_on=DAY,
        effective_on=DAY,
    )


def _stay(here: World) -> Any:
    return request_transfer(
        here.members[1], by=here.secretary, on=DAY, kind="official", destination=here.sibling
    )


def _year(here: World) -> Any:
    return ask_to_close_year(here.top, by=here.staff2, on=DAY, year=2020)


NEW = Newcomer("Lê Thị Hà", date(1990, 5, 1), "female", date(2015, 2, 3), date(2016, 2, 3))

OF_UNITS: dict[str, Callable[[World], Act]] = {
    "a leader opens no account": lambda here: (
        lambda: open_account(by=here.leader, on=DAY, username="moi", full_name="Mới", password=None)
    ),
    "a leader grants no role": lambda here: lambda: _granted(here, account("a"), by=here.leader),
    "a secretary confirms no role": lambda here: (
        lambda: _granted(here, account("a"), confirmed_by=here.secretary)
    ),
    "a leader ends no role": lambda here: (
        lambda: end_appointment(_role(here), by=here.leader, on=DAY)
    ),
    "a leader closes no account": lambda here: (
        lambda: deactivate(here.secretary, by=here.leader, on=DAY)
    ),
    "a leader closes no account without a role": lambda here: (
        lambda: deactivate(account("khong-vai"), by=here.leader, on=DAY)
    ),
    "a leader ends nobody's sessions": lambda here: (
        lambda: end_sessions_of(here.secretary, by=here.leader, on=DAY)
    ),
    "another cell's secretary enters no arrival": lambda here: (
        lambda: _arrival(here, here.secretary2, NEW)
    ),
    "a leader ends no stay": lambda here: (
        lambda: end_stay(_stay(here), by=here.leader, on=DAY, ended_on=DAY)
    ),
    "staff beneath the top close no year": lambda here: (
        lambda: close_year(_year(here), by=here.staff, on=DAY)
    ),
}


@pytest.mark.parametrize("sentence", OF_UNITS)
def test_an_operation_on_units_refuses_by_itself(sentence: str, here: World) -> None:
    act = OF_UNITS[sentence](here)

    with pytest.raises(PermissionDenied):
        act()


def test_a_role_takes_three_people(here: World) -> None:
    appointed(here.administrator, to=here.top, role=Role.STAFF)

    for user, confirmed_by in ((here.staff2, here.staff2), (account("a"), here.administrator)):
        with (
            translation.override("en"),
            pytest.raises(DomainError, match="by one, confirmed by another, for a third"),
        ):
            _granted(here, user, confirmed_by=confirmed_by)


def test_accounts_of_two_people_are_of_two_humans(here: World) -> None:
    one, other = (account(f"nguoi-{n}", person=here.members[n]) for n in range(2))

    assert not is_one_human(one, other)


def test_nobody_acts_on_their_own_record_as_a_member(here: World) -> None:
    person = here.members[0]
    post = give_post(
        person, by=here.staff, on=DAY, organization=here.cell, title="Chi ủy viên", since=DAY
    )
    me = themselves(here, person)
    appointed(me, to=here.committee, role=Role.STAFF)

    for act in (
        lambda: give_post(
            person, by=me, on=DAY, organization=here.cell, title="Phó bí thư", since=DAY
        ),
        lambda: end_post(post, by=me, on=DAY, until=date(2021, 6, 28)),
        lambda: restore(membership_of(person), by=me, on=DAY, restored_on=DAY, cell=here.cell),
        lambda: _arrival(here, me, person),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert client(me).get(reverse("post-end", args=[post.pk])).status_code == 404
    assert client(here.staff).get(reverse("post-end", args=[post.pk])).status_code == 200


# ---------------------------------------------------------------- files


def _moving(here: World, file: Candidate) -> FileTransfer:
    return ask_move(
        file, by=here.secretary, on=DAY, moved_on=DAY, destination=here.sibling,
        certificate_number="1-GCN",
    )  # fmt: skip


def _returned(file: Candidate, by: User, level: str) -> Any:
    return return_file(
        file, by=by, on=DAY, level=level, returned_on=DAY, back_to="cell", reason="Thiếu"
    )


def _on_file(at: Stage, act: Callable[[World, Candidate], Any]) -> Callable[[World], Act]:
    """Say what is tried with a file that has come to `at`."""

    def made(here: World) -> Act:
        file = candidate(here, at=at)
        return lambda: act(here, file)

    return made


OF_FILES: dict[str, Callable[[World], Act]] = {
    "a leader locks no file": _on_file(
        Stage.SOURCE, lambda here, file: locked(file, by=here.leader, on=DAY)
    ),
    "staff correct no file of a cell": _on_file(
        Stage.SOURCE,
        lambda here, file: edit_candidate(
            file, by=here.staff, on=DAY, version=file.version, occupation="Giáo viên"
        ),
    ),
    "staff bring in no scan": _on_file(
        Stage.READY,
        lambda here, file: add_scan(
            file, by=here.staff, on=DAY, paper=file.papers.first(), content=b"%PDF-", name="a.pdf"
        ),
    ),
    "a secretary allows no further vote": _on_file(
        Stage.READY,
        lambda here, file: allow_further_vote(
            file, by=here.secretary, on=DAY, level="cell", allowed_on=DAY, reason="Vì"
        ),
    ),
    "staff beneath return no file in the name of the competent body": _on_file(
        Stage.GRASSROOTS_RESOLVED, lambda here, file: _returned(file, here.staff, "competent")
    ),
    "staff at the top send up no file that lies beneath": _on_file(
        Stage.GRASSROOTS_RESOLVED,
        lambda here, file: send_up(file, by=here.staff2, on=DAY, sent_on=DAY, to="competent"),
    ),
    "an auditor takes no move back": _on_file(
        Stage.READY,
        lambda here, file: withdraw_move(
            _moving(here, file), by=here.auditor, on=DAY, reason="Nhầm"
        ),
    ),
    "the cell that sent a file does not take it over": _on_file(
        Stage.READY, lambda here, file: _taken_over_by_its_sender(here, file)
    ),
    "staff in the cell ask for no cancellation": _on_file(
        Stage.DECIDED, lambda here, file: _cancellation_asked(here, file)
    ),
    "who approves beside it lets no late entry of a cell count": _on_file(
        Stage.DECIDED, lambda here, file: _let_count_from_beside(here, file)
    ),
    "staff reverse no admission": _on_file(
        Stage.ADMITTED, lambda here, file: _reversed_by(here.staff2, Admission.objects.get())
    ),
    "staff reverse no admission that was taken over": lambda here: (
        lambda: _reversed_by(here.staff2, _taken_over(here))
    ),
    "the cell does not send away a file that was decided": _on_file(
        Stage.DECIDED, lambda here, file: _sent_by_the_cell(here, file)
    ),
    "a leader records no meeting of a cell": lambda here: (
        lambda: record_meeting(here.cell, by=here.leader, on=DAY, held_on=DAY, results=[])
    ),
    "a secretary records no meeting of a committee": lambda here: (
        lambda: record_committee_meeting(
            here.committee,
            by=here.secretary,
            on=DAY,
            level="grassroots",
            held_on=DAY,
            entitled=9,
            present=9,
            results=[],
        )
    ),
}


def _let_count_from_beside(here: World, file: Candidate) -> Any:
    """By a secretary of the cell who approves in the one beside it alone."""
    entry = enter_late(
        file, by=here.secretary, on=DAY, ceremony_on=date(2021, 4, 27), reason="Biên bản về muộn"
    )
    both = account("hai-vai")
    appointed(both, to=here.cell, role=Role.SECRETARY)
    appointed(both, to=here.sibling, role=Role.APPROVER)
    return let_count(entry, by=both, on=DAY)


def _taken_over_by_its_sender(here: World, file: Candidate) -> Any:
    sent = send_file(_moving(here, file), by=here.secretary, on=DAY, sent_on=DAY)
    return take_over_file(sent, by=here.secretary, on=DAY, received_on=DAY)


def _sent_by_the_cell(here: World, file: Candidate) -> Any:
    asked = ask_move(
        file, by=here.secretary, on=DAY, moved_on=DAY, destination=here.sibling,
        letter_number="1-GT",
    )  # fmt: skip
    return send_file(asked, by=here.secretary, on=DAY, sent_on=DAY)


def _cancellation_asked(here: World, file: Candidate) -> Any:
    staff = account("can-bo-chi-bo")
    appointed(staff, to=here.cell, role=Role.STAFF)
    return ask_cancellation(
        file, by=staff, on=DAY, ground="unqualified", reason="Khai sai", asked_on=DAY
    )


def _taken_over(here: World) -> Admission:
    person, day = here.members[0], date(2020, 5, 19)
    take_over_admissions([NewAdmission(person, here.cell, day, day)])
    return Admission.objects.get()


def _reversed_by(by: User, admission: Admission) -> Any:
    return reverse_admission(admission, by=by, on=DAY, reason="Nhầm", decided_on=DAY)


@pytest.mark.parametrize("sentence", OF_FILES)
def test_an_operation_on_files_refuses_by_itself(sentence: str, here: World) -> None:
    act = OF_FILES[sentence](here)

    with pytest.raises(PermissionDenied):
        act()


def test_nobody_acts_on_their_own_file(here: World) -> None:
    school, file, closed = planned_class(here), logged(here), logged(here)
    put_on_list(file, by=here.secretary, on=DAY, held_on=date(2021, 1, 15))
    place = enrolled(here, school, file)
    close_candidate(closed, by=here.secretary, on=DAY, closed_on=DAY, reason="Chuyển công tác")
    asked = ask_erasure(closed, by=here.secretary, on=DAY, ground="asked", reason="Đề nghị xóa")
    me = themselves(here, file.person)
    appointed(me, to=here.committee, role=Role.STAFF)
    admitted = candidate(here, at=Stage.ADMITTED)
    decides = account("chinh-minh-3", person=admitted.person)
    appointed(decides, to=here.top, role=Role.APPROVER)
    other = account("chinh-minh-2", person=closed.person)
    appointed(other, to=here.top, role=Role.APPROVER)
    appointed(other, to=here.cell, role=Role.SECRETARY)

    for act in (
        lambda: withdraw(place, by=me, on=DAY, reason="Bận"),
        lambda: mark_roll(
            school, by=me, on=DAY, version=type(school).objects.get(pk=school.pk).version,
            marks=[Mark(place.pk, attended=2, result="passed", grade="Khá")],
        ),
        lambda: answer_erasure(asked, by=other, on=DAY, at=clock.now()),
        lambda: ask_erasure(closed, by=other, on=DAY, ground="asked", reason="Đề nghị xóa"),
        lambda: _reversed_by(decides, Admission.objects.get()),
    ):  # fmt: skip
        with pytest.raises(PermissionDenied):
            act()


def test_what_is_of_another_file_is_not_written_with_this_one(here: World) -> None:
    file, other = candidate(here, at=Stage.READY), candidate(here, at=Stage.READY)
    introducer = file.introducers.first()
    assert introducer is not None
    introducer.candidate = other
    paper = file.papers.get(kind__code="2-KNĐ")
    elsewhere = other.papers.get(kind__code="2-KNĐ")
    scan = add_scan(
        other, by=here.secretary, on=DAY, paper=elsewhere, content=PDF, name="ly-lich.pdf"
    )

    for act in (
        lambda: end_introducer(introducer, by=here.secretary, on=DAY, ended_on=DAY, reason="Đi"),
        lambda: add_scan(
            file, by=here.secretary, on=DAY, paper=paper, content=PDF, name="a.pdf", replaces=scan
        ),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_who_only_reads_a_file_is_offered_no_step_of_it(here: World) -> None:
    for at in (Stage.READY, Stage.GRASSROOTS_RESOLVED):
        file = candidate(here, at=at)
        case = case_of(file, on=DAY)
        reads, prepares = (
            Rights.of(user, on=DAY, cells=[file.cell_id]) for user in (here.auditor, here.secretary)
        )

        assert (moving.asking(case, prepares), moving.asking(case, reads)) == (True, False)
        for step in STEPS:
            assert not next_steps._is_mine(case, reads, step)
            assert not outcomes._may(step, case, reads)
        page = verification_page(file, user=here.auditor, on=DAY)
        assert (page.send_url, page.unsent_url) == ("", "")


# ---------------------------------------------------------------- figures


def _declared(here: World) -> Any:
    return declare_no_source(
        here.cell,
        by=here.secretary,
        on=DAY,
        grounds="Toàn bộ lao động trên 35 tuổi",
        declared_on=DAY,
        review_on=date(2021, 12, 31),
    )


def _freeze(here: World, by: User) -> Any:
    return ask_to_freeze(
        here.committee, by=by, on=DAY, year=2021, decision_number="1-QĐ/ĐU", signed_on=DAY
    )


OF_FIGURES: dict[str, Callable[[World], Act]] = {
    "a secretary has no year recomputed": lambda here: lambda: ask_recompute(
        2021, by=here.secretary, on=DAY
    ),
    "a cell does not report its own baseline": lambda here: lambda: report_baseline(
        here.cell, by=here.secretary, on=DAY, year=2021, members=26
    ),
    "a cell does not ask for a correction of its own": lambda here: lambda: ask_correction(
        here.cell, by=here.secretary, on=DAY, year=2021, members=26, reason="Nhầm"
    ),
    "a leader takes note of no target": lambda here: lambda: acknowledge(
        None,  # type: ignore[arg-type]  # who may not is asked for first
        here.cell,
        by=here.leader,
        on=DAY,
    ),
    "another cell does not declare for it": lambda here: lambda: declare_no_source(
        here.cell, by=here.secretary2, on=DAY, grounds="Hết", declared_on=DAY,
        review_on=date(2021, 12, 31),
    ),
    "staff far above answer no declaration": lambda here: lambda: answer_declaration(
        _declared(here), by=here.staff2, on=DAY, accept=True
    ),
    "another cell reports no figure for it": lambda here: lambda: report_figure(
        "any", here.cell, by=here.secretary2, on=DAY, as_of=DAY, numerator=1, evidence="Báo cáo"
    ),
    "staff above do not confirm a baseline in a cell's name": lambda here: lambda: confirm_baseline(
        here.cell, by=here.staff2, on=DAY, year=2021, members=26
    ),
    "a secretary freezes nothing": lambda here: lambda: _freeze(here, here.secretary),
    "a secretary turns no freeze down": lambda here: lambda: withdraw_freeze(
        _freeze(here, here.staff), by=here.secretary, on=DAY
    ),
    "another cell registers no target for it": lambda here: lambda: register_target(
        here.cell, by=here.secretary2, on=DAY, year=2021, low=2, reason="Nguồn"
    ),
}  # fmt: skip


@pytest.mark.parametrize("sentence", OF_FIGURES)
def test_an_operation_on_figures_refuses_by_itself(sentence: str, here: World) -> None:
    act = OF_FIGURES[sentence](here)

    with pytest.raises(PermissionDenied):
        act()
