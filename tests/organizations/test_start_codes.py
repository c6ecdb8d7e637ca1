"""First passwords and forgotten ones: a code is handed over, its owner sets a password."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from config.errors import DomainError
from organizations.models import AuditEvent, Installation, OpenSession, Role, StartCode, User
from organizations.operations.accounts import open_account, start_installation
from organizations.operations.start_codes import (
    new_code,
    open_account_with_code,
    reset_password,
    set_password,
    written_code,
)
from tests.database import OwnerRole
from tests.makers import DAY, PASSWORD, World, once, world
from tests.organizations.test_account_news import told_at_sign_in
from tests.organizations.test_audit import browser, settle
from tests.organizations.test_sign_in_told import NEW_PASSWORD, SIGN_IN, told, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nobody_guessed_yet")]

URL = "/tai-khoan/dang-nhap/dat-mat-khau/"
SHOWN = re.compile(r'<code class="secret">([-A-Z0-9]+)</code>')


def issued(here: World, user: User) -> StartCode:
    return reset_password(user, reason="Quên", by=here.administrator, on=DAY)


def sent(username: str, code: str, password: str = NEW_PASSWORD, again: str = "") -> Any:
    return Client().post(
        URL,
        {
            "once": once(),
            "username": username,
            "code": code,
            "password": password,
            "password_again": again or password,
        },
    )


def gets_in(username: str, password: str) -> bool:
    client = Client()
    client.post(SIGN_IN, {"login": username, "password": password})
    return client.get("/viec/").status_code == 200


def aged(code: StartCode, owner_role: OwnerRole, **ago: float) -> None:
    settle()
    with owner_role() as cursor:
        cursor.execute("ALTER TABLE organizations_startcode DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE organizations_startcode SET issued_at = issued_at - %s WHERE id = %s",
            [timedelta(**ago), code.pk],
        )
        connection.check_constraints()
        cursor.execute("ALTER TABLE organizations_startcode ENABLE TRIGGER USER")


# ---------------------------------------------------------------- the administrator


def test_an_account_is_opened_with_a_code_that_is_shown_once_and_kept_hashed(here: World) -> None:
    administrator = browser(here.administrator)
    form = administrator.get(reverse("account-new")).content.decode()
    opened = {"once": once(), "full_name": "Đỗ Văn Mới", "username": "moi"}
    answer = administrator.post(reverse("account-new"), opened)

    shown = administrator.get(answer.headers["Location"]).content.decode()
    again = administrator.get(answer.headers["Location"]).content.decode()

    code = SHOWN.search(shown)[1]  # type: ignore[index]
    assert 'type="password"' not in form
    assert len(written_code(code)) == 16
    assert SHOWN.search(again) is None
    kept = StartCode.objects.get()
    assert (kept.user.username, kept.issued_by) == ("moi", here.administrator)
    assert written_code(code) not in str(StartCode.objects.values())
    assert not kept.user.has_usable_password()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(payload::text || words, '') FROM organizations_auditevent"
        )
        assert code not in cursor.fetchone()[0]


def test_the_owner_of_the_code_sets_a_password_and_signs_in_with_it_alone(here: World) -> None:
    made = open_account_with_code(
        username="moi", full_name="Đỗ Văn Mới", by=here.administrator, on=DAY
    )
    assert not gets_in("moi", made.code)

    answer = sent("MOI", made.code.lower().replace("-", " "))

    assert (answer.status_code, answer.headers["Location"]) == (303, SIGN_IN)
    assert not OpenSession.objects.filter(user=made.user).exists(), "the code signs nobody in"
    client = Client()
    client.post(SIGN_IN, {"login": "moi", "password": NEW_PASSWORD})
    assert client.get("/tro-giup/").context["user"] == made.user
    assert words("start-code") == ["Set a password with a start code"]


def test_a_reset_stops_the_old_password_and_every_session_at_once_and_keeps_the_second_proof(
    here: World,
) -> None:
    totp.TOTP.activate(here.staff, totp.generate_totp_secret())
    client = Client()
    client.force_login(here.staff, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/viec/").status_code == 200
    administrator = browser(here.administrator)
    address = reverse("account-reset-password", args=[here.staff.username])

    answer = administrator.post(address, {"once": once(), "reason": "Quên, đã gặp trực tiếp"})

    assert answer.status_code == 303
    code = SHOWN.search(administrator.get(answer.headers["Location"]).content.decode())[1]  # type: ignore[index]
    assert client.get("/viec/").status_code == 302
    assert not gets_in(here.staff.username, PASSWORD)
    assert sent(here.staff.username, code).status_code == 303
    signed = Client()
    signed.post(SIGN_IN, {"login": here.staff.username, "password": NEW_PASSWORD})
    assert signed.get(f"{SIGN_IN}xac-nhan/").status_code == 200, "the app is still asked for"
    assert Authenticator.objects.filter(user=here.staff).count() == 1


def test_a_code_for_an_account_that_never_held_a_role_takes_its_second_proofs_away(
    here: World,
) -> None:
    made = open_account_with_code(
        username="moi", full_name="Đỗ Văn Mới", by=here.administrator, on=DAY
    )
    set_password(username="moi", code=made.code, password=NEW_PASSWORD)
    totp.TOTP.activate(made.user, totp.generate_totp_secret())

    issued(here, made.user)

    assert not Authenticator.objects.filter(user=made.user).exists()


def test_only_an_administrator_resets_for_a_reason_and_never_their_own(here: World) -> None:
    for who in (here.staff, here.secretary, here.leader):
        with pytest.raises(PermissionDenied):
            reset_password(here.secretary2, reason="Quên", by=who, on=DAY)
    with pytest.raises(DomainError):
        reset_password(here.administrator, reason="Quên", by=here.administrator, on=DAY)
    with pytest.raises(DomainError):
        reset_password(here.secretary, reason="  ", by=here.administrator, on=DAY)
    User.objects.filter(pk=here.leader.pk).update(is_active=False)
    with pytest.raises(DomainError):
        reset_password(here.leader, reason="Quên", by=here.administrator, on=DAY)

    assert not StartCode.objects.exists()
    with pytest.raises(IntegrityError, match="not_issued_to_oneself"), transaction.atomic():
        StartCode.objects.create(user=here.staff, issued_by=here.staff, code_hash="a$b")


def test_in_a_real_installation_nobody_chooses_a_password_for_somebody_else() -> None:
    top = start_installation(
        organization_name="Đảng bộ Than", short_name="Than", kind="superior", slug="than",
        username="quantri", full_name="Trần Quản", password=PASSWORD, on=DAY,
    )  # fmt: skip
    first = top.appointments.get(role=Role.ADMINISTRATOR).user
    assert Installation.objects.get().mode == "real"
    asked = {"username": "moi", "full_name": "Đỗ Mới", "by": first, "on": DAY}

    with pytest.raises(PermissionDenied):
        open_account(password=NEW_PASSWORD, **asked)
    made = open_account_with_code(**asked)

    assert set_password(username="moi", code=made.code, password=NEW_PASSWORD) == made.user


# ---------------------------------------------------------------- the code


@pytest.mark.parametrize(("minutes", "is_taken"), [(24 * 60 - 1, True), (24 * 60, False)])
def test_a_code_is_taken_for_twenty_four_hours(
    here: World, owner_role: OwnerRole, minutes: int, is_taken: bool
) -> None:
    made = issued(here, here.secretary)
    aged(made, owner_role, minutes=minutes)

    answer = sent(here.secretary.username, made.code)

    assert (answer.status_code == 303) is is_taken
    assert gets_in(here.secretary.username, NEW_PASSWORD) is is_taken
    assert not gets_in(here.secretary.username, PASSWORD)


def test_a_code_works_once(here: World) -> None:
    made = issued(here, here.secretary)

    first = sent(here.secretary.username, made.code)
    again = sent(here.secretary.username, made.code, "Lai-mot-cau-khac-nua-9")

    assert (first.status_code, again.status_code) == (303, 422)
    assert gets_in(here.secretary.username, NEW_PASSWORD)


def test_a_new_code_replaces_the_one_before(here: World) -> None:
    old, new = issued(here, here.secretary), issued(here, here.secretary)

    assert sent(here.secretary.username, old.code).status_code == 422
    assert sent(here.secretary.username, new.code).status_code == 303


def test_who_is_locked_out_gets_in_with_a_code_and_a_new_password(here: World) -> None:
    name = here.secretary.username
    for _try in range(8):
        assert not gets_in(name, "sai hoàn toàn")
    assert not gets_in(name, PASSWORD)

    assert sent(name, issued(here, here.secretary).code).status_code == 303

    assert gets_in(name, NEW_PASSWORD)


def test_a_weak_password_is_refused_at_its_field_and_the_code_stays(here: World) -> None:
    made = issued(here, here.secretary)

    weak = sent(here.secretary.username, made.code, "Chi bộ kc-1 2026")
    differs = sent(here.secretary.username, made.code, NEW_PASSWORD, f"{NEW_PASSWORD}!")

    assert (weak.status_code, list(weak.context["form"].errors)) == (422, ["password"])
    assert list(differs.context["form"].errors) == ["password_again"]
    assert sent(here.secretary.username, made.code).status_code == 303


def test_whatever_does_not_fit_is_told_by_one_sentence_and_to_the_audit(here: World) -> None:
    made = issued(here, here.secretary)
    closed = issued(here, here.leader)
    User.objects.filter(pk=here.leader.pk).update(is_active=False)

    answers = [
        sent(here.secretary.username, new_code()),
        sent(here.secretary2.username, made.code),
        sent("khong-ai-ten-nay", made.code),
        sent(here.leader.username, closed.code),
    ]

    assert {one.status_code for one in answers} == {422}
    assert len({str(one.context["form"].errors) for one in answers}) == 1
    about = [here.secretary, here.secretary2, None, here.leader]
    assert [one.reference for one in told("sign-in.wrong")] == [
        str(one.pk) if one else "" for one in about
    ]
    assert set(words("sign-in.wrong")) == {"Wrong start code, or one that is no longer taken"}
    assert sent(here.secretary.username, made.code).status_code == 303


def test_codes_cannot_be_tried_for_ever(here: World) -> None:
    made = issued(here, here.secretary)
    for _try in range(120):
        Client().post(URL, {"once": once(), "username": "x"})

    assert sent(here.secretary.username, made.code).status_code == 429
    assert gets_in(here.staff.username, PASSWORD), "others at the same address sign in"
    assert not StartCode.objects.get(pk=made.pk).used_at


def test_a_reset_is_told_to_the_audit_and_to_its_owner_at_the_next_sign_in(here: World) -> None:
    told_at_sign_in(here.secretary)
    administrator = browser(here.administrator)
    address = reverse("account-reset-password", args=[here.secretary.username])
    answer = administrator.post(address, {"once": once(), "reason": "Quên"})
    page = administrator.get(answer.headers["Location"]).content.decode()
    sent(here.secretary.username, SHOWN.search(page)[1])  # type: ignore[index]

    lines = told_at_sign_in(here.secretary, password=NEW_PASSWORD)

    reset, by_code, *_more = lines
    assert "Bỏ mật khẩu, tạo mã đặt mật khẩu" in reset
    assert str(here.administrator) in reset
    assert "Đặt mật khẩu bằng mã được trao" in by_code
    (event,) = AuditEvent.objects.filter(action="account-reset-password")
    assert (event.actor, event.kind, event.reference) == (
        here.administrator,
        "security",
        str(here.secretary.pk),
    )
    assert "Quên" not in str(vars(event))


# ---------------------------------------------------------------- what always holds


def test_while_a_code_is_open_nothing_else_sets_the_password(here: World) -> None:
    made = issued(here, here.secretary)
    stale = here.secretary  # still knows the old password's hash

    with pytest.raises(IntegrityError, match="by its start code alone"), transaction.atomic():
        stale.save()
    with pytest.raises(IntegrityError, match="by its start code alone"), transaction.atomic():
        User.objects.filter(pk=stale.pk).update(password="pbkdf2$x")

    made.refresh_from_db()
    assert not made.user.has_usable_password()


def test_a_code_is_neither_used_late_nor_opened_again(here: World, owner_role: OwnerRole) -> None:
    late, used = issued(here, here.secretary), issued(here, here.staff)
    aged(late, owner_role, hours=24)
    assert set_password(username=here.staff.username, code=used.code, password=NEW_PASSWORD)

    with pytest.raises(IntegrityError, match="no longer taken"), transaction.atomic():
        StartCode.objects.filter(pk=late.pk).update(used_at="2020-01-01T00:00Z")
    with pytest.raises(IntegrityError, match="answered"), transaction.atomic():
        StartCode.objects.filter(pk=used.pk).update(used_at=None)
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        StartCode.objects.filter(pk=used.pk).update(code_hash="a$b")
    with pytest.raises(IntegrityError, match="kept_hashed"), transaction.atomic():
        StartCode.objects.create(user=here.leader, issued_by=here.staff, code_hash="ABCD")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_one_code_at_once_one_sets_the_password() -> None:
    here = world()
    made = issued(here, here.secretary)
    barrier = threading.Barrier(2)
    found: list[Any] = []

    def use(password: str) -> None:
        barrier.wait()
        name = here.secretary.username
        account = set_password(username=name, code=made.code, password=password)
        found.append(password if account else None)
        connection.close()

    passwords = [NEW_PASSWORD, "Lai-mot-cau-khac-nua-9"]
    threads = [threading.Thread(target=use, args=[one]) for one in passwords]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (winner,) = [one for one in found if one]
    assert len(found) == 2
    assert User.objects.get(pk=here.secretary.pk).check_password(winner)
