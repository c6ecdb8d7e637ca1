"""A role is granted by two people; who may do what, and who sees whom, is on pages of its own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from admissions.models import Candidate
from admissions.permissions import HOLDERS, Permission, Rights
from admissions.stages import Level
from config.errors import DomainError
from config.periods import between, since
from organizations.models import (
    Appointment,
    AppointmentProposal,
    DeclaredRelative,
    Installation,
    Person,
    Role,
    User,
)
from organizations.operations.accounts import (
    appoint,
    confirm_appointment,
    deactivate,
    decline_appointment,
    end_appointment,
    propose_appointment,
    start_installation,
)
from organizations.operations.people import is_own_record
from organizations.operations.relatives import declare_relative
from organizations.permissions import readers_of
from organizations.rights import CONFIRM_ROLE
from organizations.sheets.waiting import waiting_for
from reports.views.rights import GROUPS
from tests.makers import (
    BEGINNING,
    DAY,
    PASSWORD,
    World,
    account,
    appointed,
    logged,
    officer,
    once,
    standing_on,
    unit,
    world,
)

pytestmark = pytest.mark.django_db
TOMORROW = DAY + timedelta(days=1)


@pytest.fixture
def kc(db: None) -> World:
    return world(number=3)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def proposed(kc: World, user: User, **changes: Any) -> AppointmentProposal:
    values = {"to": kc.cell, "role": Role.SECRETARY, "by": kc.administrator, "on": DAY, **changes}
    made = propose_appointment(user, **values)
    assert isinstance(made, AppointmentProposal)
    return made


# ---------------------------------------------------------------- proposed and confirmed


def test_a_role_is_proposed_from_today_on_and_not_for_days_gone_by(kc: World) -> None:
    with pytest.raises(DomainError) as refusal:
        proposed(kc, account("moi"), since=DAY - timedelta(days=1))
    assert "since" in refusal.value.fields
    assert proposed(kc, account("mai"), since=DAY).period.lower == DAY


def test_a_proposed_role_gives_nothing_until_staff_confirm_it(kc: World) -> None:
    new = account("moi")
    file = logged(kc)

    proposal = proposed(kc, new)
    before = Candidate.objects.visible_to(new, on=DAY).count()
    confirm_appointment(proposal, by=kc.staff, on=DAY, is_unrecorded=True)

    assert before == 0
    assert list(Candidate.objects.visible_to(new, on=DAY)) == [file]
    role = new.appointments.get()
    assert (role.granted_by, role.approved_by, role.period) == (
        kc.administrator, kc.staff, since(DAY),
    )  # fmt: skip
    proposal.refresh_from_db()
    assert (proposal.state, proposal.appointment) == ("confirmed", role)


def test_a_role_begins_no_earlier_than_it_was_confirmed(kc: World) -> None:
    proposal = proposed(kc, account("moi"), since=DAY)

    made = confirm_appointment(proposal, by=kc.staff, on=TOMORROW, is_unrecorded=True)

    assert made.period == since(TOMORROW)


def test_a_declined_proposal_stays_with_its_reason_and_may_be_made_again(kc: World) -> None:
    new = account("moi")
    proposal = proposed(kc, new)

    decline_appointment(proposal, by=kc.staff, on=DAY, reason="Đã có bí thư")

    proposal.refresh_from_db()
    assert (proposal.state, proposal.reason, proposal.answered_by) == (
        "declined", "Đã có bí thư", kc.staff,
    )  # fmt: skip
    assert not new.appointments.exists()
    with pytest.raises(DomainError, match="trả lời"):
        confirm_appointment(proposal, by=kc.staff2, on=DAY, is_unrecorded=True)
    assert proposed(kc, new).state == "asked"


def test_only_staff_there_or_above_confirm_and_neither_who_proposed_nor_who_is_granted(
    kc: World,
) -> None:
    proposal = proposed(kc, kc.staff2, to=kc.committee, role=Role.STAFF)
    both = officer("kiem-nhiem", kc.top, Role.STAFF)
    Appointment.objects.create(
        user=both, organization=kc.top, role="administrator", period=since(BEGINNING)
    )
    own = proposed(kc, account("moi"), by=both)
    elsewhere = officer("noi-khac", kc.sibling, Role.STAFF)

    for who in (kc.approver, kc.leader, kc.auditor, kc.administrator, kc.secretary, elsewhere):
        with pytest.raises(PermissionDenied):
            confirm_appointment(proposal, by=who, on=DAY, is_unrecorded=True)
    for row, who, words in (
        (proposal, kc.staff2, "tự xác nhận"),
        (own, both, "đã đề nghị vai trò này"),
    ):
        with pytest.raises(DomainError, match=words):
            confirm_appointment(row, by=who, on=DAY, is_unrecorded=True)
    assert (
        confirm_appointment(proposal, by=kc.staff, on=DAY, is_unrecorded=True).approved_by
        == kc.staff
    )


def test_the_last_staff_of_the_top_stay_until_another_is_confirmed(kc: World) -> None:
    last = kc.staff2.appointments.get()

    with pytest.raises(DomainError, match="duy nhất"):
        end_appointment(last, by=kc.administrator, on=DAY)
    new = account("moi")
    confirm_appointment(
        proposed(kc, new, to=kc.top, role=Role.STAFF), by=kc.staff2, on=DAY, is_unrecorded=True
    )

    assert end_appointment(last, by=kc.administrator, on=DAY).period == between(BEGINNING, DAY)


def test_staff_of_the_top_with_a_last_day_or_a_closed_account_do_not_count(kc: World) -> None:
    role = kc.staff2.appointments.get()
    appointed(account("tam-thoi"), kc.top, Role.STAFF, until=TOMORROW)

    for refused in (
        lambda: end_appointment(role, by=kc.administrator, on=DAY),
        lambda: deactivate(kc.staff2, by=kc.administrator, on=DAY),
    ):
        with pytest.raises(DomainError, match="duy nhất"):
            refused()
    officer("canbo-3", kc.top, Role.STAFF)
    assert not deactivate(kc.staff2, by=kc.administrator, on=DAY).is_active


def test_the_first_staff_of_the_top_have_no_last_day(kc: World) -> None:
    top = unit("dinh-moi")
    keeper = officer("quan-tri-moi", top, Role.ADMINISTRATOR)

    with pytest.raises(DomainError, match="ngày kết thúc"):
        propose_appointment(
            account("moi"), to=top, role=Role.STAFF, by=keeper, on=DAY, until=date(2021, 12, 31)
        )
    made = propose_appointment(account("sau"), to=top, role=Role.STAFF, by=keeper, on=DAY)
    assert isinstance(made, Appointment)


def test_a_new_installation_comes_by_its_first_two_and_by_two_from_then_on(db: None) -> None:
    top = start_installation(
        organization_name="Đảng bộ Than", short_name="Than", kind="superior", slug="than",
        username="quantri", full_name="Mai Thị Quản Trị", password=PASSWORD, on=DAY,
    )  # fmt: skip
    administrator = User.objects.get()
    grant: dict[str, Any] = {"to": top, "by": administrator, "on": DAY}

    waits = propose_appointment(account("lanhdao"), role=Role.LEADER, **grant)
    first = propose_appointment(account("canbo"), role=Role.STAFF, **grant)
    second = propose_appointment(account("canbo2"), role=Role.STAFF, **grant)

    assert isinstance(first, Appointment)
    assert (first.granted_by, first.approved_by) == (administrator, None)
    assert isinstance(second, AppointmentProposal)
    assert isinstance(waits, AppointmentProposal)
    assert (
        confirm_appointment(waits, by=first.user, on=DAY, is_unrecorded=True).approved_by
        == first.user
    )


@pytest.mark.parametrize("is_complete", [False, True])
def test_a_demonstration_once_written_is_as_strict_as_a_real_installation(
    kc: World, is_complete: bool
) -> None:
    Installation.objects.update(is_complete=is_complete)
    row = Appointment(
        user=account("moi"), organization=kc.cell, role="secretary", period=since(DAY)
    )

    if not is_complete:
        row.save()
        return
    with pytest.raises(IntegrityError, match="confirmed by staff"), transaction.atomic():
        row.save()
    row.granted_by, row.approved_by = kc.administrator, kc.staff
    row.save()


def test_a_role_is_ended_and_never_made_longer(kc: World) -> None:
    held = Appointment.objects.filter(user=kc.secretary)

    held.update(period=between(BEGINNING, TOMORROW))

    with pytest.raises(IntegrityError, match="never begun earlier"), transaction.atomic():
        held.update(period=since(BEGINNING))


# ---------------------------------------------------------------- the pages of staff


def test_staff_find_what_waits_among_their_tasks_and_answer_it(kc: World) -> None:
    new = account("moi", full_name="Đỗ Thị Mới")
    first, second = proposed(kc, new), proposed(kc, new, role=Role.STAFF)
    waits = {one.title: one.count for one in waiting_for(kc.staff, on=DAY)}
    client = browser(kc.staff)

    shown = client.get(reverse("appointment-proposals")).content.decode()
    yes = client.post(
        reverse("appointment-confirm", args=[first.pk]), {"once": once(), "is_unrecorded": "on"}
    )
    blank = client.post(reverse("appointment-decline", args=[second.pk]), {"once": once()})
    no = client.post(
        reverse("appointment-decline", args=[second.pk]), {"once": once(), "reason": "Chưa cần"}
    )

    assert 2 in waits.values()
    assert "Đỗ Thị Mới" in shown
    assert (yes.status_code, blank.status_code, no.status_code) == (303, 422, 303)
    assert list(new.appointments.values_list("role", flat=True)) == ["secretary"]
    assert "Chưa cần" in client.get(reverse("appointment-proposals")).content.decode()


def test_who_goes_back_to_an_answered_proposal_is_told_so_and_who_may_not_answer_finds_none(
    kc: World,
) -> None:
    yes, no = (proposed(kc, account(name), to=kc.committee) for name in ("moi", "cu"))
    confirm_appointment(yes, by=kc.staff, on=DAY, is_unrecorded=True)
    decline_appointment(no, by=kc.staff, on=DAY, reason="Chưa cần")

    for proposal, told in ((yes, "Đã xác nhận"), (no, "Chưa cần")):
        for name in ("appointment-confirm", "appointment-decline"):
            address = reverse(name, args=[proposal.pk])
            for who in (kc.staff, kc.staff2):
                page = browser(who).get(address)
                shown = page.content.decode()
                assert page.status_code == 200
                assert "Việc này đã được trả lời." in shown
                assert told in shown
                assert "novalidate" not in shown
            for who in (kc.approver, kc.administrator, kc.secretary):
                assert browser(who).get(address).status_code == 404


def test_an_answered_proposal_says_from_which_day_on_the_role_was_given(kc: World) -> None:
    proposal = proposed(kc, account("moi"), to=kc.committee)
    confirm_appointment(proposal, by=kc.staff, on=DAY, is_unrecorded=True)

    with standing_on(DAY + timedelta(days=40)):
        page = browser(kc.staff).get(reverse("appointment-confirm", args=[proposal.pk]))

    assert page.context["first_on"] == DAY
    assert page.context["title"] == "Vai trò được đề nghị"


def test_whose_role_it_is_finds_no_answered_proposal(kc: World) -> None:
    proposal = proposed(kc, kc.staff2, to=kc.top, role=Role.APPROVER)
    other = officer("canbo-tren", kc.top, Role.STAFF)
    decline_appointment(proposal, by=other, on=DAY, reason="Chưa cần")
    address = reverse("appointment-confirm", args=[proposal.pk])

    assert browser(other).get(address).status_code == 200
    assert browser(kc.staff2).get(address).status_code == 404


@pytest.mark.parametrize("who", ["secretary", "approver", "leader", "auditor", "administrator"])
def test_for_any_other_role_there_is_no_such_page(kc: World, who: str) -> None:
    proposal = proposed(kc, account("moi"))
    client = browser(getattr(kc, who))

    for name, args in (
        ("appointment-proposals", []),
        ("appointment-confirm", [proposal.pk]),
        ("appointment-decline", [proposal.pk]),
    ):
        assert client.get(reverse(name, args=args)).status_code == 404
    answer = client.post(reverse("appointment-confirm", args=[proposal.pk]), {"once": once()})
    assert answer.status_code == 404


def test_staff_elsewhere_see_no_proposal_of_ours(kc: World) -> None:
    there = world(slug="xa", number=1)
    proposal = proposed(kc, account("moi", full_name="Đỗ Thị Mới"))
    client = browser(there.staff2)

    assert "Đỗ Thị Mới" not in client.get(reverse("appointment-proposals")).content.decode()
    assert client.get(reverse("appointment-confirm", args=[proposal.pk])).status_code == 404


def test_the_page_of_roles_asks_as_often_for_many_as_for_few(kc: World) -> None:
    client = browser(kc.staff2)

    def asked(number: int) -> int:
        for _one in range(number):
            proposed(kc, account(f"moi-{AppointmentProposal.objects.count()}"))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(reverse("appointment-proposals"))
        return len(queries)

    asked(1)
    assert asked(1) == asked(12)


# ---------------------------------------------------------------- who may do what


def test_the_page_of_rights_is_for_whoever_signs_in_and_prints_what_the_code_asks(
    kc: World,
) -> None:
    page = browser(account("ai-do")).get(reverse("rights"))

    told = {
        str(right.title): {role for role, may in cells if may}
        for _title, rows in page.context["groups"]
        for right, cells in rows
    }
    assert Client().get(reverse("rights")).status_code == 302
    assert len(told) == sum(len(rows) for _title, rows in GROUPS) >= 30
    assert told[str(CONFIRM_ROLE.title)] == {Role.STAFF}
    assert told[str(HOLDERS[Permission.DECIDE].title)] == {Role.APPROVER}


@pytest.mark.parametrize("permission", Permission)
def test_every_step_of_a_file_is_taken_by_the_roles_of_its_row_and_no_other(
    kc: World, permission: Permission
) -> None:
    """Whoever holds a role everywhere may take the step just where the row has the role."""

    class Everywhere(dict[str, int]):
        organization_id = 1

    class Bodies:
        competent = cell = permitting = Everywhere()

        def at(self, _level: str) -> Any:
            return self.cell

        def voting(self, _level: str) -> Any:
            return self.cell

        def levels(self) -> list[Level]:
            return list(Level)

    class Case:
        bodies, issuer = Bodies(), 1
        candidate = Candidate(person_id=5, cell_id=1, stage="grassroots_resolved")

    def may(role: str, stage: str) -> bool:
        case: Any = Case()
        case.candidate.stage = stage
        here = frozenset({1})
        rights = Rights(
            person_id=None, roles=frozenset({role}), near=frozenset(), sees=here,
            prepares=here if role == Role.SECRETARY else frozenset(),
            staff_at=here if role == Role.STAFF else frozenset(),
            approver_at=here if role == Role.APPROVER else frozenset(),
            approves=here if role == Role.APPROVER else frozenset(),
        )  # fmt: skip
        return rights.may(permission, case)

    stages = ("ready", "cell_resolved", "grassroots_resolved")
    able = {role for role in Role if any(may(role, stage) for stage in stages)}
    assert able == set(HOLDERS[permission].roles)


# ---------------------------------------------------------------- who sees whom


def test_the_readers_of_a_file_are_those_whom_it_is_visible_to(kc: World) -> None:
    file = logged(kc)
    world(slug="xa", number=1)
    closed = officer("dong", kc.cell)
    closed.is_active = False
    closed.save(update_fields=["is_active"])
    seeing = {
        user.username
        for user in User.objects.all()
        if Candidate.objects.visible_to(user, on=DAY).filter(pk=file.pk).exists()
    }

    readers = {one.user.username for one in readers_of([file.cell_id], on=DAY)}
    page = browser(kc.auditor).get(reverse("candidate-readers", args=[file.public_id]))

    assert readers == seeing == {"kc-bithu", "kc-canbo", "kc-canbo2", "kc-duyet", "kc-giamsat"}
    assert {one.user.username for one in page.context["readers"]} == readers
    for who in (kc.secretary2, kc.leader, kc.administrator):
        address = reverse("candidate-readers", args=[file.public_id])
        assert browser(who).get(address).status_code == 404


def test_the_readers_of_a_member_are_those_whom_the_record_is_visible_to(kc: World) -> None:
    person = kc.members[0]
    seeing = {
        user.username
        for user in User.objects.all()
        if Person.objects.visible_to(user, on=DAY).filter(pk=person.pk).exists()
    }

    page = browser(kc.secretary).get(reverse("member-readers", args=[person.public_id]))

    assert {one.user.username for one in page.context["readers"]} == seeing
    hidden = browser(kc.leader).get(reverse("member-readers", args=[person.public_id]))
    assert hidden.status_code == 404


def test_the_page_of_readers_asks_as_often_for_many_as_for_few(kc: World) -> None:
    address = reverse("candidate-readers", args=[logged(kc).public_id])
    client = browser(kc.secretary)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    few = asked()
    for number in range(12):
        officer(f"them-{number}", kc.committee, Role.STAFF)
    assert asked() == few


# ---------------------------------------------------------------- relatives


def test_who_declares_a_relative_sees_the_file_and_acts_on_it_no_more(kc: World) -> None:
    file = logged(kc)
    client = browser(kc.secretary)
    edit = reverse("candidate-edit", args=[file.public_id])
    before = client.get(edit).status_code

    said = client.post(
        reverse("candidate-relative", args=[file.public_id]), {"once": once(), "kind": "child"}
    )

    assert (before, said.status_code) == (200, 303)
    assert is_own_record(kc.secretary, file.person)
    assert client.get(edit).status_code == 404
    assert client.get(reverse("candidate-detail", args=[file.public_id])).status_code == 200
    assert file.person.full_name in client.get(reverse("relative-list")).content.decode()
    assert not DeclaredRelative.objects.exclude(user=kc.secretary).exists()


def test_a_relative_among_the_members_is_not_corrected(kc: World) -> None:
    person = kc.members[1]
    client = browser(kc.secretary)
    edit = reverse("member-edit", args=[person.public_id])
    assert client.get(edit).status_code == 200

    declare_relative(person, by=kc.secretary, on=DAY, kind="spouse")

    assert client.get(edit).status_code == 404
    with pytest.raises(DomainError, match="được khai"):
        declare_relative(person, by=kc.secretary, on=DAY, kind="spouse")


def test_nobody_declares_whom_they_do_not_see(kc: World) -> None:
    file = logged(kc)
    for who in (kc.secretary2, kc.leader, kc.administrator):
        for name, args in (
            ("candidate-relative", [file.public_id]),
            ("member-relative", [kc.members[0].public_id]),
        ):
            address = reverse(name, args=args)
            assert browser(who).post(address, {"once": once(), "kind": "child"}).status_code == 404
    with pytest.raises(PermissionDenied):
        declare_relative(file.person, by=kc.leader, on=DAY, kind="child")


def test_a_role_of_both_people_is_written_by_one_call(kc: World) -> None:
    with pytest.raises(PermissionDenied):
        appoint(account("moi"), to=kc.cell, role=Role.SECRETARY, by=kc.administrator, on=DAY)
    with pytest.raises(DomainError):
        appoint(
            account("moi2"), to=kc.top, role=Role.STAFF, by=kc.administrator,
            confirmed_by=kc.staff2, on=DAY, until=DAY,
        )  # fmt: skip
