"""What every way of serving shares: headers, languages, health, the lock on signing in."""

import io

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpResponse

from config import demonstration, wsgi
from config.settings import base
from config.ui.middleware import NotKept

pytestmark = pytest.mark.django_db

SIGN_IN = "/tai-khoan/dang-nhap/"


@pytest.fixture
def somebody():
    return get_user_model().objects.create_user("somebody", password="a right password")


def test_a_page_may_load_nothing_but_its_own_files(client):
    policy = dict(
        part.strip().split(" ", 1)
        for part in client.get("/tro-giup/").headers["Content-Security-Policy"].split(";")
    )

    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/tro-giup/", 200),
        (SIGN_IN, 302),
        ("/ho-so/", 302),
        ("/khong-co/", 404),
        ("/healthz", 200),
    ],
)
def test_every_answer_forbids_frames_and_foreign_files(client, address, status):
    answer = client.get(address)

    assert answer.status_code == status
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("address", ["/", "/tro-giup/", SIGN_IN, "/ho-so/", "/khong-co/"])
def test_no_browser_keeps_a_page(client, address):
    assert "no-store" in client.get(address).headers["Cache-Control"]


def test_what_says_itself_how_long_it_may_be_kept_is_kept(rf):
    file = HttpResponse(headers={"Cache-Control": "max-age=60, public"})

    assert NotKept(lambda _: file)(rf.get("/")).headers["Cache-Control"] == "max-age=60, public"


@pytest.mark.parametrize("address", ["/ho-so/%00/", "/to-chuc/?chuyen=%00", "/tro-giup/?a=b%00c"])
def test_nothing_has_an_address_with_a_null_character(client, address):
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "onward",
    [
        *("https://evil.example/", "//evil.example/", "http://localhost:9/", "http://testserver/"),
        *("/\\evil.example", "javascript:alert(1)", "https:evil.example", "\thttps://evil.example"),
    ],
)
def test_signing_in_leads_to_no_other_place(client, somebody, settings, onward):
    settings.ALLOWED_HOSTS = ["testserver", "localhost", "localhost:9", "evil.example"]

    answer = client.post(
        SIGN_IN, {"login": "somebody", "password": "a right password", "next": onward}
    )

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"


def test_signing_in_leads_back_to_the_page_that_was_asked(client, somebody):
    answer = client.post(
        SIGN_IN, {"login": "somebody", "password": "a right password", "next": "/viec/?a=b"}
    )

    assert answer.headers["Location"] == "/viec/?a=b"


def test_pages_are_vietnamese_whatever_the_browser_prefers_and_english_on_request(client):
    asked = client.get("/tro-giup/", headers={"Accept-Language": "en"})
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    chosen = client.get("/tro-giup/")

    assert (asked.headers["Content-Language"], chosen.headers["Content-Language"]) == ("vi", "en")


def test_health_is_told_to_anybody_and_does_not_hang_on_the_broker(client):
    health, ready = client.get("/healthz"), client.get("/readyz")

    assert (health.status_code, health.json()) == (200, {"database": True})
    assert (ready.status_code, ready.json()) == (200, {"database": True, "broker": False})


def test_there_is_no_way_to_sign_up(client):
    for address in ("/tai-khoan/dang-ky/", "/accounts/signup/", "/tai-khoan/signup/"):
        assert client.get(address).status_code == 404


def test_too_many_wrong_passwords_lock_the_name_at_that_address_alone(client, somebody):
    wrong = {"login": "somebody", "password": "wrong"}
    right = {"login": "somebody", "password": "a right password"}

    for _ in range(settings.AXES_FAILURE_LIMIT):
        last = client.post(SIGN_IN, wrong)

    assert last.status_code == 429
    assert client.post(SIGN_IN, right).status_code == 429
    assert client.post(SIGN_IN, right, REMOTE_ADDR="10.0.0.9").status_code == 302


def test_a_forged_address_does_not_get_around_the_lock(client, somebody):
    wrong = {"login": "somebody", "password": "wrong"}

    for number in range(settings.AXES_FAILURE_LIMIT):
        forged = {"X-Forwarded-For": f"10.0.0.{number}", "X-Real-IP": f"10.0.0.{number}"}
        last = client.post(SIGN_IN, wrong, headers=forged)

    assert last.status_code == 429


def test_passwords_are_kept_with_argon2():
    assert base.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher")


@pytest.mark.parametrize(
    ("mode", "bound_to", "refused"),
    [
        ("demonstration", "0.0.0.0", True),
        ("demonstration", "192.168.1.5", True),
        ("demonstration", "127.0.0.1", False),
        ("demonstration", "::1", False),
        ("real", "0.0.0.0", False),
        (None, "0.0.0.0", False),
    ],
)
def test_a_demonstration_answers_on_loopback_only(monkeypatch, mode, bound_to, refused):
    monkeypatch.setattr(demonstration, "_is_real", False)
    if mode:
        apps.get_model("organizations", "Installation").objects.create(mode=mode)

    assert demonstration.refuses({"SERVER_NAME": bound_to}) is refused


def test_the_refusal_is_a_plain_403(monkeypatch):
    monkeypatch.setattr(demonstration, "_is_real", False)
    apps.get_model("organizations", "Installation").objects.create(mode="demonstration")
    said = []

    body = wsgi.application(
        {"SERVER_NAME": "0.0.0.0", "wsgi.input": io.BytesIO()},
        lambda status, headers: said.append(status),
    )

    assert (said, b"its own machine" in b"".join(body)) == (["403 Forbidden"], True)
