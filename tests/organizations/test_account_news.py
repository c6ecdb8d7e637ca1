"""What somebody is told at the next sign-in, and on the page of their own account."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from organizations.models import Appointment, AppointmentProposal, Organization, Role, User
from tests.makers import PASSWORD, World, account, officer, once
from tests.organizations.test_audit import browser
from tests.organizations.test_sign_in_told import (
    NEW_PASSWORD,
    SECURITY,
    SIGN_IN,
    older,
    tries,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nobody_guessed_yet")]


def told_at_sign_in(user: User, *, password: str = PASSWORD) -> list[str]:
    client = Client(REMOTE_ADDR="10.0.0.9")
    answer = client.post(SIGN_IN, {"login": user.username, "password": password})
    assert answer.status_code == 302, answer.content.decode()[:1000]
    return [str(one) for one in get_messages(answer.wsgi_request)]


def grant(here: World, user: User, *, at: Organization | None = None) -> Appointment:
    """Let the administrator's and the staff's pages grant a role, of the committee unless told."""
    unit = at or here.committee
    browser(here.administrator).post(
        reverse("appointment-new", args=[user.username]),
        {"once": once(), "to": f"[{unit.slug}]", "role": "leader", "since": "28/05/2021"},
    )
    proposal = AppointmentProposal.objects.get(user=user)
    answer = browser(here.staff).post(
        reverse("appointment-confirm", args=[proposal.pk]), {"once": once(), "is_unrecorded": "on"}
    )
    assert answer.status_code == 303, answer.content.decode()[:2000]
    return Appointment.objects.get(user=user, organization=unit)


def test_nothing_is_told_where_nothing_happened(here: World) -> None:
    assert told_at_sign_in(here.secretary) == []
    assert told_at_sign_in(here.secretary) == []


def test_wrong_tries_since_the_last_sign_in_are_told_once_with_their_number(here: World) -> None:
    told_at_sign_in(here.secretary)
    tries(here.secretary.username, 3)
    tries("khong-ai", 2)
    tries(here.secretary2.username)

    first, again = told_at_sign_in(here.secretary), told_at_sign_in(here.secretary)

    assert first[0].startswith("Từ lần đăng nhập trước có 3 lần nhập sai với tên của đồng chí")
    assert "28/05/2021" in first[0]
    assert f'href="{SECURITY}"' in first[1]
    assert again == []


def test_the_very_first_sign_in_tells_of_wrong_tries_too(here: World) -> None:
    tries(here.secretary.username)

    assert "1 lần nhập sai" in told_at_sign_in(here.secretary)[0]


def test_tries_that_were_only_counted_are_told_as_well(here: World) -> None:
    told_at_sign_in(here.secretary)
    tries(here.secretary.username, 30)
    older(hours=1)
    tries(here.secretary.username, 2)

    assert "32 lần nhập sai" in told_at_sign_in(here.secretary)[0]


def test_a_changed_password_is_told_with_its_hour_at_the_next_sign_in(here: World) -> None:
    client = Client()
    client.post(SIGN_IN, {"login": here.secretary.username, "password": PASSWORD})
    client.post(
        f"{SECURITY}mat-khau/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )

    first, *_rest = told_at_sign_in(here.secretary, password=NEW_PASSWORD)

    assert first.startswith("Tài khoản của đồng chí: ")
    assert "Đổi mật khẩu" in first
    assert "28/05/2021" in first
    assert "do chính đồng chí" in first


def test_what_an_administrator_changed_is_told_with_their_name(here: World) -> None:
    told_at_sign_in(here.secretary)
    browser(here.administrator).post(
        reverse("account-end-sessions", args=[here.secretary.username]), {"once": once()}
    )

    first, *_rest = told_at_sign_in(here.secretary)

    assert "Kết thúc các phiên" in first
    assert str(here.administrator) in first


def test_a_role_given_is_told_to_its_holder_and_to_the_staff_of_the_unit_alone(
    here: World,
) -> None:
    user = account("nguoi-moi", full_name="Đỗ Văn Mới")
    other = officer("canbo-cung-don-vi", here.committee, Role.STAFF)
    for one in (user, other, here.staff2, here.secretary):
        told_at_sign_in(one)

    grant(here, user)

    own = told_at_sign_in(user)
    assert len(own) == 4, "proposed, whose it is, confirmed, and where more stands"
    assert "Xác nhận chủ tài khoản không có hồ sơ ở đây" in own[1]
    assert "Xác nhận vai trò: Đỗ Văn Mới, Lãnh đạo" in own[2]
    (line,) = told_at_sign_in(other)
    assert line.startswith("Vai trò trong đơn vị của đồng chí: ")
    assert "Đỗ Văn Mới" in line
    assert str(here.staff) in line
    assert told_at_sign_in(here.staff2) == [], "the committee has staff of its own"
    assert told_at_sign_in(here.secretary) == []
    assert told_at_sign_in(other) == []


def test_a_role_in_a_cell_is_told_to_the_staff_above_it(here: World) -> None:
    other = officer("canbo-cung-don-vi", here.committee, Role.STAFF)
    for one in (other, here.staff2):
        told_at_sign_in(one)

    grant(here, account("nguoi-moi"), at=here.cell)

    assert len(told_at_sign_in(other)) == 1
    assert told_at_sign_in(here.staff2) == []


def test_more_grants_than_fit_lead_to_the_page_with_all(here: World) -> None:
    other = officer("canbo-cung-don-vi", here.committee, Role.STAFF)
    told_at_sign_in(other)
    for number in range(6):
        grant(here, account(f"nguoi-moi-{number}"))

    lines = told_at_sign_in(other)

    assert len(lines) == 6
    assert reverse("appointment-proposals") in lines[-1]
    assert "1" in lines[-1]


def test_the_page_of_ones_account_lists_what_happened_lately(here: World) -> None:
    tries(here.secretary.username)
    client = Client()
    client.post(SIGN_IN, {"login": here.secretary.username, "password": PASSWORD})

    shown = client.get(SECURITY).content.decode()

    assert "Sai mật khẩu" in shown
    assert "10.0.0.7" in shown
    assert "Đăng nhập bằng mật khẩu" in shown
    assert "do chính đồng chí" in shown
