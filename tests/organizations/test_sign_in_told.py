"""What the audit is told of signing in, and how little of it when somebody floods the product."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.urls import reverse

from organizations.models import AuditEvent, Burst, Role, User
from organizations.operations import audit
from organizations.operations.bursts import (
    DENIED,
    LOCKED,
    WRONG,
    is_told_singly,
    tell_counted,
    tell_what_is_over,
)
from organizations.operations.sessions import end_sessions
from tests.admissions.test_races import at_once
from tests.makers import DAY, PASSWORD, World, account, officer, stand_on, world
from tests.organizations.test_audit import browser, settle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nobody_guessed_yet")]

SIGN_IN = "/tai-khoan/dang-nhap/"
CONFIRM = f"{SIGN_IN}xac-nhan/"
SECURITY = "/tai-khoan/bao-mat/"
NEW_PASSWORD = "Cau-khac-han-ngay-mai-456"
OFFICE = "10.0.0.7"


def told(*actions: str) -> list[AuditEvent]:
    rows = AuditEvent.objects.order_by("pk")
    return list(rows.filter(action__in=actions) if actions else rows)


def words(*actions: str) -> list[str]:
    return [one.words for one in told(*actions)]


def tries(login: str, number: int = 1, *, password: str = "sai", address: str = OFFICE) -> Client:
    client = Client(REMOTE_ADDR=address)
    for _one in range(number):
        client.post(SIGN_IN, {"login": login, "password": password})
    return client


def signed_in(user: User) -> Client:
    return tries(user.username, password=PASSWORD)


def with_app(user: User) -> str:
    secret: str = totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    return secret


def older(**ago: float) -> None:
    Burst.objects.update(began_at=F("began_at") - timedelta(**ago))


# ---------------------------------------------------------------- what is told


def test_signing_in_is_told_with_its_proofs_and_where_from(here: World) -> None:
    signed_in(here.secretary)
    settle()

    (event,) = told("sign-in")
    assert (event.actor, event.kind) == (here.secretary, "sign_in")
    assert (event.object, event.reference) == ("organizations.user", str(here.secretary.pk))
    assert (event.organization, event.address) == (here.cell, OFFICE)
    assert event.payload == {"proofs": ["password"]}
    assert event.words == "Signed in with the password"
    assert audit.verify().faults == []


def test_signing_in_with_a_second_proof_says_which(here: World) -> None:
    secret = with_app(here.staff)
    client = signed_in(here.staff)
    assert told("sign-in") == [], "half a sign-in is none"

    value = totp.hotp_value(secret, totp.yield_hotp_counters_from_time().__next__())
    client.post(CONFIRM, {"code": totp.format_hotp_value(value)})

    (event,) = told("sign-in")
    assert event.payload == {"proofs": ["password", "totp"]}


def test_signing_out_is_told(here: World) -> None:
    signed_in(here.secretary).post("/tai-khoan/dang-xuat/")

    (event,) = told("sign-out")
    assert (event.actor, event.kind) == (here.secretary, "sign_in")


def test_a_wrong_password_is_told_of_the_account_and_of_nobody_as_the_one_who_typed(
    here: World,
) -> None:
    tries(here.secretary.username.upper())

    (event,) = told(WRONG)
    assert (event.actor, event.kind, event.words) == (None, "sign_in", "Wrong password")
    assert (event.object, event.reference) == ("organizations.user", str(here.secretary.pk))
    assert (event.organization, event.address) == (here.cell, OFFICE)


def test_an_unknown_name_is_told_as_unknown_and_never_written(here: World) -> None:
    tries("Mat-khau-go-nham-o")

    (event,) = told(WRONG)
    assert (event.object, event.reference, event.organization) == ("", "", None)
    assert event.words == "Wrong password for an unknown name"
    assert "nham" not in str(vars(event)).lower()
    assert "nham" not in str(list(Burst.objects.values()))


def test_a_closed_account_tried_with_its_right_password_is_told(here: World) -> None:
    here.secretary.is_active = False
    here.secretary.save()

    signed_in(here.secretary)

    assert words(WRONG, "sign-in") == ["Right proof for a closed account"]


def test_a_wrong_code_after_the_right_password_is_told(here: World) -> None:
    with_app(here.staff)
    client = signed_in(here.staff)

    client.post(CONFIRM, {"code": "000000"})

    assert words(WRONG) == ["Wrong code, after the right password"]


def test_a_wrong_password_where_one_proves_again_is_told(here: World) -> None:
    client = signed_in(here.secretary)

    client.post("/tai-khoan/xac-nhan/mat-khau/", {"password": "sai"})
    client.post(
        f"{SECURITY}mat-khau/",
        {"oldpassword": "sai", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )

    assert [(one.actor, one.words) for one in told(WRONG)] == [
        (here.secretary, "Wrong password")
    ] * 2


def test_what_somebody_changes_of_their_own_proofs_is_told(here: World) -> None:
    client = signed_in(here.secretary)
    signed_in(here.secretary)
    client.post("/tai-khoan/phien/ket-thuc/")
    client.get(f"{SECURITY}ung-dung/")
    secret = client.session[totp.SECRET_SESSION_KEY]
    code = totp.format_hotp_value(
        totp.hotp_value(secret, totp.yield_hotp_counters_from_time().__next__())
    )
    with_codes = client.post(f"{SECURITY}ung-dung/", {"code": code})
    client.post(f"{SECURITY}ma-du-phong/tao/")
    client.post(f"{SECURITY}ung-dung/bo/")
    client.post(
        f"{SECURITY}mat-khau/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )

    assert with_codes.status_code == 302
    assert not Authenticator.objects.filter(user=here.secretary).exists()
    own = AuditEvent.objects.filter(kind="security").about(here.secretary).order_by("pk")
    assert [one.words for one in own] == [
        "Ended their other sessions",
        "Added an app; other sessions ended",
        "Made new recovery codes",
        "Removed the app; other sessions ended",
        "Changed the password; other sessions ended",
    ]
    assert {one.actor for one in own} == {here.secretary}


def test_of_sign_ins_administrators_and_auditors_read_and_no_staff(here: World) -> None:
    there = world(slug="hg")
    stand_on(DAY)
    signed_in(here.secretary)
    tries("khong-ai")
    known, unknown = told("sign-in", WRONG)
    auditor = officer("kiem-tra", here.committee, Role.AUDITOR)
    below = officer("quan-tri-co-so", here.committee, Role.ADMINISTRATOR)

    def seen(user: User) -> list[AuditEvent]:
        rows = AuditEvent.objects.filter(pk__in=[known.pk, unknown.pk]).visible_to(user)
        return list(rows.order_by("pk"))

    assert seen(here.administrator) == [known, unknown]
    assert seen(officer("kiem-tra-tren", here.top, Role.AUDITOR)) == [known, unknown]
    assert (seen(auditor), seen(below)) == ([known], [known])
    assert (seen(here.staff), seen(here.approver), seen(here.secretary)) == ([], [], [])
    assert seen(there.administrator) == [unknown]
    shown = browser(here.administrator).get(reverse("audit-list") + "?loai=sign_in")
    assert "Đăng nhập bằng mật khẩu" in shown.content.decode()


# ---------------------------------------------------------------- floods


def test_a_locked_pair_is_told_once_and_what_comes_after_only_counted(here: World) -> None:
    tries(here.secretary.username, 30)

    assert words(WRONG) == ["Wrong password"] * 8
    assert words(LOCKED) == ["Sign-in locked for this address, after wrong tries"]
    assert Burst.objects.get(action=WRONG, account=here.secretary).untold == 22

    older(minutes=59)
    assert tell_what_is_over() == 0
    older(minutes=1)
    assert tell_what_is_over() == 1
    settle()

    last = told(WRONG)[-1]
    assert (last.actor, last.payload["count"]) == (None, 22)
    assert (last.reference, last.organization) == (str(here.secretary.pk), here.cell)
    assert not Burst.objects.exists()
    assert tell_what_is_over() == 0
    assert audit.verify().faults == []


def test_an_account_guessed_at_from_everywhere_is_told_as_locked_everywhere(here: World) -> None:
    for number in range(7):
        tries(here.secretary.username, 7, address=f"10.0.1.{number}")

    assert len(told(WRONG)) == 20
    assert set(words(LOCKED)) == {"Sign-in locked for every address, after wrong tries"}
    assert len(told(LOCKED)) == 5


def test_thousands_of_tries_with_unknown_names_are_told_by_twenty_events_an_hour(
    here: World,
) -> None:
    singly = [is_told_singly(WRONG, None) for _try in range(1000)]

    assert singly == [True] * 20 + [False] * 980
    older(hours=1)
    assert is_told_singly(WRONG, None)
    (event,) = told(WRONG)
    assert (event.payload["count"], event.object) == (980, "")


def test_tries_with_many_accounts_are_told_by_two_hundred_events_an_hour(here: World) -> None:
    accounts = [account(f"nguoi-{number}") for number in range(21)]

    singly = [is_told_singly(WRONG, one) for one in accounts for _try in range(10)]

    assert singly == [True] * 200 + [False] * 10
    assert Burst.objects.get(account=accounts[-1]).untold == 10


def test_a_right_sign_in_tells_what_was_counted_before_it(here: World) -> None:
    tries(here.secretary.username, 30)

    tries(here.secretary.username, password=PASSWORD, address="10.0.0.8")

    assert [one.payload.get("count") for one in told(WRONG)][-2:] == [None, 22]
    assert told(WRONG, "sign-in")[-1].action == "sign-in"
    assert not Burst.objects.filter(action=WRONG, account=here.secretary).exists()


def test_many_refusals_in_a_minute_are_told_once_with_their_number(here: World) -> None:
    client = browser(here.secretary)
    other = browser(here.secretary2)
    address = reverse("administration")
    for _one in range(30):
        assert client.get(address).status_code == 404
    assert other.get(address).status_code == 404

    assert [one.actor for one in told(DENIED)] == [here.secretary] * 10 + [here.secretary2]
    older(seconds=30)
    client.get(address)
    older(seconds=30)
    client.get(address)

    counted, single = told(DENIED)[-2:]
    assert (counted.actor, counted.payload["count"]) == (here.secretary, 21)
    assert (counted.kind, counted.object, counted.organization) == ("denied", "", here.cell)
    assert single.payload["route"] == "administration"
    auditor = officer("kiem-tra", here.top, Role.AUDITOR)
    shown = browser(auditor).get(reverse("audit-list")).content.decode()
    assert "Bị từ chối thêm các trang, 21 lần" in shown


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_both_counted() -> None:
    user = account("hai-may")
    barrier = threading.Barrier(2)
    found: list[Any] = []

    def try_often() -> None:
        barrier.wait()
        found.extend(is_told_singly(WRONG, user) for _try in range(30))
        connection.close()

    threads = [threading.Thread(target=try_often) for _one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    row = Burst.objects.get(action=WRONG, account=user)
    assert (row.told, row.untold, sum(found), len(found)) == (20, 40, 20, 60)


@pytest.mark.django_db(transaction=True)
def test_who_is_counted_while_the_count_is_told_and_taken_away_is_counted_anew() -> None:
    user = account("vua-vao")
    is_told_singly(WRONG, user)
    before = Burst.objects.get(action=WRONG, account=user)
    is_taken = threading.Event()

    def take_away() -> None:
        with transaction.atomic():
            tell_counted(WRONG, user)
            is_taken.set()
            for _moment in range(500):  # until the other waits for this row
                with connection.cursor() as cursor:
                    cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                    if cursor.fetchone()[0]:
                        break
                time.sleep(0.01)

    def count() -> bool:
        assert is_taken.wait(10)
        return is_told_singly(WRONG, user)

    results = at_once(take_away, count)

    assert results == [None, True]
    after = Burst.objects.get(action=WRONG, account=user)
    assert (after.told, after.pk != before.pk) == (1, True)


def test_whose_sessions_end_otherwise_leaves_no_sign_out(here: World) -> None:
    signed_in(here.secretary)

    end_sessions(here.secretary)

    assert told("sign-out") == []
