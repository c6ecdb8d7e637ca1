"""Whose an account is: said by who confirms its role, so that one human being is not two."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from config import clock
from config.errors import DomainError
from config.rows import read_by
from organizations.models import (
    AppointmentProposal,
    AuditEvent,
    Person,
    Role,
    User,
)
from organizations.operations.accounts import (
    confirm_appointment,
    decline_appointment,
    propose_appointment,
    say_whose,
)
from organizations.operations.people import is_own_record
from organizations.operations.start_codes import (
    open_account_with_code,
    reset_password,
    set_password,
)
from organizations.permissions import accounts_kept_by, accounts_of_human, is_one_human
from tests.makers import (
    DAY,
    PASSWORD,
    World,
    account,
    appointed,
    member,
    once,
    stand_on,
    world,
)
from tests.organizations.test_audit import browser, settle

pytestmark = pytest.mark.django_db
NAME, BORN = "Nguyễn Thị An", date(1980, 5, 1)
"""Of the member whom `member` makes."""


@pytest.fixture
def kc(db: None) -> World:
    return world(number=3)


def proposed(kc: World, user: User, **changes: Any) -> AppointmentProposal:
    values = {"to": kc.cell, "role": Role.SECRETARY, "by": kc.administrator, "on": DAY, **changes}
    made = propose_appointment(user, **values)
    assert isinstance(made, AppointmentProposal)
    return made


def sent(kc: World, proposal: AppointmentProposal, by: User | None = None, **typed: str) -> Any:
    address = reverse("appointment-confirm", args=[proposal.pk])
    return browser(by or kc.staff).post(address, {"once": once(), **typed})


# ---------------------------------------------------------------- who it is


def test_who_confirms_a_role_says_whose_account_it_is_and_the_member_acts_on_no_record_of_theirs(
    kc: World,
) -> None:
    person = member(kc.cell)
    new = account("an", full_name="nguyen thi  AN")
    proposal = proposed(kc, new)
    settle()

    answer = sent(kc, proposal, born_on="01/05/1980")

    assert answer.status_code == 303, answer.content.decode()[:2000]
    new.refresh_from_db()
    assert new.person == person
    assert is_own_record(new, person)
    event = AuditEvent.objects.get(action="account.linked")
    assert (event.actor, event.kind, event.reference, event.organization) == (
        kc.staff, "security", str(new.pk), kc.cell,
    )  # fmt: skip


def test_without_saying_who_it_is_no_role_is_confirmed(kc: World) -> None:
    new = account("an", full_name=NAME)
    member(kc.cell)
    proposal = proposed(kc, new)

    silent = sent(kc, proposal)
    both = sent(kc, proposal, born_on="01/05/1980", is_unrecorded="on")

    assert [one.status_code for one in (silent, both)] == [422, 422]
    assert [list(one.context["form"].errors) for one in (silent, both)] == [["born_on"]] * 2
    assert not new.appointments.exists()
    new.refresh_from_db()
    assert new.person is None


def test_of_nobody_recorded_it_is_said_so_and_asked_again_with_the_next_role(kc: World) -> None:
    new = account("an", full_name=NAME)
    first, second = proposed(kc, new), proposed(kc, new, to=kc.sibling)

    assert sent(kc, first, is_unrecorded="on").status_code == 303
    assert sent(kc, second).status_code == 422

    assert AuditEvent.objects.filter(action="account.unrecorded").count() == 1


def test_none_and_several_alike_are_told_at_the_date_of_birth(kc: World) -> None:
    there = world(slug="xa", number=1)
    member(kc.cell)
    member(kc.sibling)
    member(there.cell)
    several = proposed(kc, account("an", full_name=NAME))
    none = proposed(kc, account("binh", full_name="Lê Thị Bình"))
    elsewhere = proposed(there, account("an-2", full_name=NAME), to=there.sibling)

    answers = [sent(kc, one, born_on="01/05/1980") for one in (several, none)]
    own = sent(there, elsewhere, by=there.staff, born_on="01/05/1980")

    assert [one.status_code for one in (*answers, own)] == [422, 422, 303]
    (many,), (nobody,) = (one.context["form"].errors["born_on"] for one in answers)
    assert "Nhiều người" in many
    assert "Không có" in nobody


def test_whose_account_it_is_is_said_once_and_then_only_shown(kc: World) -> None:
    person = member(kc.cell)
    new = account("an", full_name=NAME)
    assert sent(kc, proposed(kc, new), born_on="01/05/1980").status_code == 303
    again = proposed(kc, new, to=kc.sibling)

    page = browser(kc.staff).get(reverse("appointment-confirm", args=[again.pk]))

    assert "born_on" not in page.context["form"].fields
    assert f"{person.full_name}, 01/05/1980" in page.content.decode()
    assert sent(kc, again).status_code == 303


def test_two_accounts_of_one_person_are_one_human_who_confirms_nothing_for_themselves(
    kc: World,
) -> None:
    person = member(kc.cell)
    User.objects.filter(pk=kc.staff.pk).update(person=person)
    kc.staff.refresh_from_db()
    other = account("an", full_name=NAME)
    proposal = proposed(kc, other)

    own = sent(kc, proposal, born_on="01/05/1980")
    another = sent(kc, proposal, by=kc.staff2, born_on="01/05/1980")

    assert own.status_code == 422
    assert "tự xác nhận" in own.content.decode()
    assert another.status_code == 303
    other.refresh_from_db()
    assert is_one_human(kc.staff, other)
    assert accounts_of_human(other) == {kc.staff.pk, other.pk}


def test_who_audits_by_one_account_writes_by_no_other_of_theirs(kc: World) -> None:
    person = member(kc.cell)
    User.objects.filter(pk=kc.auditor.pk).update(person=person)
    proposal = proposed(kc, account("an", full_name=NAME))

    with pytest.raises(DomainError) as refusal:
        confirm_appointment(proposal, by=kc.staff, on=DAY, born_on=BORN)

    assert list(refusal.value.fields) == ["role"]


# ---------------------------------------------------------------- said afterwards


def test_of_an_account_that_acts_already_staff_say_afterwards_whose_it_is(kc: World) -> None:
    User.objects.filter(pk=kc.secretary.pk).update(full_name=NAME)
    person = member(kc.cell)
    address = reverse("account-whose", args=[kc.secretary.appointments.get().pk])
    client = browser(kc.staff)
    shown = client.get(reverse("appointment-proposals")).content.decode()
    settle()

    wrong = client.post(address, {"once": once(), "born_on": "02/05/1980"})
    right = client.post(address, {"once": once(), "born_on": "01/05/1980"})
    again = client.post(address, {"once": once(), "born_on": "01/05/1980"})

    assert address in shown
    assert address not in client.get(reverse("appointment-proposals")).content.decode()
    assert [one.status_code for one in (wrong, right, again)] == [422, 303, 422]
    kc.secretary.refresh_from_db()
    assert kc.secretary.person == person
    event = AuditEvent.objects.get(action="account-whose")
    assert (event.actor, event.kind, event.object, event.reference) == (
        kc.staff, "security", "organizations.user", str(kc.secretary.pk),
    )  # fmt: skip


def test_nobody_says_whose_their_own_account_is_nor_beyond_their_units(kc: World) -> None:
    own = kc.staff.appointments.get()
    above = kc.staff2.appointments.get()

    for role in (own, above):
        address = reverse("account-whose", args=[role.pk])
        assert browser(kc.staff).get(address).status_code == 404
        answer = browser(kc.staff).post(address, {"once": once(), "born_on": "01/05/1980"})
        assert answer.status_code == 404
    with pytest.raises(DomainError, match="cán bộ khác"):
        say_whose(own, by=kc.staff, on=DAY, born_on=BORN)
    with pytest.raises(PermissionDenied):
        say_whose(above, by=kc.staff, on=DAY, born_on=BORN)


# ---------------------------------------------------------------- of whom one does not see


def merged(kept: Person, duplicate: Person) -> None:
    Person.objects.filter(pk=duplicate.pk).update(merged_into=kept)


def test_accounts_of_people_whom_the_reader_does_not_see_are_compared_all_the_same(
    kc: World,
) -> None:
    there = world(slug="xa", number=1)
    one, same, other = (member(there.cell) for _number in range(3))
    merged(one, same)
    accounts = [account(f"an-{n}", person=p) for n, p in enumerate((one, same, other))]
    fresh = User.objects.in_bulk([user.pk for user in accounts])
    first, second, third = (fresh[user.pk] for user in accounts)

    with read_by(kc.administrator.pk):
        assert not Person.objects.filter(pk=one.pk).exists()
        assert is_one_human(first, second)
        assert not is_one_human(first, third)


def test_a_role_is_proposed_to_and_confirmed_for_a_member_of_another_subtree(kc: World) -> None:
    there = world(slug="xa", number=1)
    new = account("an", full_name=NAME, person=member(there.cell))
    User.objects.filter(pk=kc.administrator.pk).update(person=member(there.sibling))
    User.objects.filter(pk=kc.staff.pk).update(person=member(kc.cell))

    asked = browser(kc.administrator).post(
        reverse("appointment-new", args=[new.username]),
        {"once": once(), "to": f"[{kc.cell.slug}]", "role": "secretary", "since": "28/05/2021"},
    )
    proposal = AppointmentProposal.objects.get(user=new)
    page = browser(kc.staff).get(reverse("appointment-confirm", args=[proposal.pk]))
    answer = sent(kc, proposal)

    assert (asked.status_code, page.status_code, answer.status_code) == (303, 200, 303)
    assert NAME in page.content.decode()  # the account's own
    assert "01/05/1980" not in page.content.decode()


def test_whoever_confirms_finds_only_members_whom_they_see(kc: World) -> None:
    member(world(slug="xa", number=1).cell)
    proposal = proposed(kc, account("an", full_name=NAME))

    with pytest.raises(DomainError) as refusal:
        confirm_appointment(proposal, by=kc.staff, on=DAY, born_on=BORN)
    assert "born_on" in refusal.value.fields


# ---------------------------------------------------------------- one administrator alone


def test_who_got_a_start_code_from_the_proposer_lately_does_not_answer_but_another_does(
    kc: World,
) -> None:
    code = reset_password(kc.staff, reason="Quên", by=kc.administrator, on=DAY)
    set_password(username=kc.staff.username, code=code.code, password=f"{PASSWORD}-4")
    staff = User.objects.get(pk=kc.staff.pk)
    proposal = proposed(kc, account("moi"), to=kc.committee, role=Role.STAFF)

    refused = sent(kc, proposal, by=staff, is_unrecorded="on")
    shown = browser(staff).get(reverse("appointment-proposals")).content.decode()
    form = browser(staff).get(reverse("appointment-confirm", args=[proposal.pk]))
    with pytest.raises(DomainError, match="mã"):
        decline_appointment(proposal, by=staff, on=DAY, reason="Thử")

    assert (refused.status_code, form.status_code) == (422, 404)
    assert "30 ngày qua" in refused.content.decode()
    assert reverse("appointment-confirm", args=[proposal.pk]) not in shown
    assert sent(kc, proposal, by=kc.staff2, is_unrecorded="on").status_code == 303


def test_a_code_from_before_one_held_any_role_holds_nobody_up(kc: World) -> None:
    made = open_account_with_code(
        username="canbo-moi", full_name="Cán Bộ Mới", by=kc.administrator, on=DAY
    )
    reset_password(made.user, reason="Mất mã", by=kc.administrator, on=DAY)
    stand_on(None)  # the clock by which codes are made
    today = clock.today()
    appointed(made.user, kc.committee, Role.STAFF)
    proposal = proposed(kc, account("moi"), on=today)

    assert confirm_appointment(proposal, by=made.user, on=today, is_unrecorded=True).approved_by


def test_a_code_of_another_administrator_holds_nobody_up(kc: World) -> None:
    other = account("quantri-2")
    appointed(other, kc.top, Role.ADMINISTRATOR)
    reset_password(kc.staff, reason="Quên", by=other, on=DAY)
    kc.staff.refresh_from_db()
    proposal = proposed(kc, account("moi"))

    assert sent(kc, proposal, is_unrecorded="on").status_code == 303


# ---------------------------------------------------------------- accounts that are kept


def test_an_account_proposed_for_a_unit_beyond_is_not_kept_here(kc: World) -> None:
    below = account("quantri-duoi")
    appointed(below, kc.sibling, Role.ADMINISTRATOR)
    new = account("moi")
    assert accounts_kept_by(below, on=DAY).filter(pk=new.pk).exists()

    proposal = proposed(kc, new)
    between = accounts_kept_by(below, on=DAY).filter(pk=new.pk).exists()
    address = reverse("account-reset-password", args=[new.username])
    refused = browser(below).post(address, {"once": once(), "reason": "Quên"})
    decline_appointment(proposal, by=kc.staff, on=DAY, reason="Chưa cần")

    assert not between
    assert refused.status_code == 404
    assert accounts_kept_by(kc.administrator, on=DAY).filter(pk=new.pk).exists()
    assert accounts_kept_by(below, on=DAY).filter(pk=new.pk).exists()
