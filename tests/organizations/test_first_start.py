"""The page of an empty database: the first organisation, administrator and year."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client

from config import clock
from config.errors import DomainError
from organizations.models import Appointment, Installation, Organization, Role, User
from organizations.operations.accounts import start_installation
from tests.organizations.makers import DAY, PASSWORD, account, unit

pytestmark = pytest.mark.django_db

URL = "/bat-dau/"


def filled(**changes: str) -> dict[str, str]:
    return {
        "organization_name": "Đảng bộ Than Quảng Ninh",
        "short_name": "Than Quảng Ninh",
        "kind": "superior",
        "full_name": "Trần Thị Quản",
        "username": "QuanTri",
        "password": PASSWORD,
        "password_again": PASSWORD,
        "year": str(clock.today().year),
        **changes,
    }


def nothing_written() -> bool:
    return not any(model.objects.exists() for model in (Organization, User, Installation))


def test_an_empty_database_asks_for_its_first_organisation_and_administrator() -> None:
    client = Client()

    assert client.get("/").headers["Location"] == URL
    assert client.get(URL).status_code == 200
    answer = client.post(URL, filled())

    assert (answer.status_code, answer.headers["Location"]) == (303, "/quan-tri/")
    organization = Organization.objects.get()
    assert organization.slug == "dang-bo-than-quang-ninh"
    assert organization.period.lower == date(clock.today().year, 1, 1)
    role = Appointment.objects.get()
    assert (role.user.username, role.role) == ("quantri", Role.ADMINISTRATOR)
    assert role.user.check_password(PASSWORD)
    assert Installation.objects.get().mode == "real"
    page = client.get("/quan-tri/")
    assert page.status_code == 200
    assert page.context["user"] == role.user


def test_once_begun_the_page_is_no_more() -> None:
    unit("tren")

    assert Client().get(URL).status_code == 404
    assert Client().post(URL, filled()).status_code == 404
    assert Organization.objects.count() == 1


def test_an_account_alone_also_ends_the_first_start() -> None:
    account("ai-do")

    assert Client().get(URL).status_code == 404


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("organization_name", {"organization_name": ""}),
        ("organization_name", {"organization_name": "<b>Đảng bộ</b>"}),
        ("organization_name", {"organization_name": "Đ" * 161}),
        ("organization_name", {"organization_name": "Đảng\0bộ"}),
        ("kind", {"kind": ""}),
        ("kind", {"kind": "cell"}),
        ("kind", {"kind": "khong-co"}),
        ("full_name", {"full_name": "   "}),
        ("full_name", {"full_name": "12345"}),
        ("username", {"username": ""}),
        ("username", {"username": "quản trị"}),
        ("username", {"username": "a" * 151}),
        ("password", {"password": "", "password_again": ""}),
        ("password", {"password": "12345678", "password_again": "12345678"}),
        ("password", {"password": "ngan", "password_again": "ngan"}),
        ("password_again", {"password_again": "Khac-hoan-toan-9"}),
        ("year", {"year": "hai nghìn"}),
        ("year", {"year": "1899"}),
        ("year", {"year": "99999"}),
        ("year", {"year": "-1"}),
    ],
)
def test_what_is_impossible_is_said_at_its_field_and_nothing_is_written(
    field: str, changes: dict[str, str]
) -> None:
    answer = Client().post(URL, filled(**changes))

    assert answer.status_code == 422
    assert next(iter(answer.context["form"].errors)) == field
    assert nothing_written()


def test_what_was_typed_is_shown_again_but_for_the_passwords() -> None:
    page = Client().post(URL, filled(year="1899")).content.decode()

    assert "Trần Thị Quản" in page
    assert "1899" in page
    assert PASSWORD not in page


def test_a_name_typed_in_parts_is_kept_whole() -> None:
    Client().post(URL, filled(organization_name="Đa\u0309ng bô\u0323 Than"))

    assert str(Organization.objects.get()) == "Đảng bộ Than"


def test_an_earlier_working_year_is_the_first_day_of_the_organisation() -> None:
    year = clock.today().year - 2

    Client().post(URL, filled(year=str(year)))

    assert Organization.objects.get().period.lower == date(year, 1, 1)


STARTED = {
    "organization_name": "Đảng bộ",
    "short_name": "",
    "kind": "superior",
    "slug": "dang-bo",
    "full_name": "Trần Thị Quản",
    "password": PASSWORD,
    "on": DAY,
}


def test_a_refused_beginning_leaves_the_database_empty() -> None:
    with pytest.raises(DomainError) as refused:
        start_installation(**{**STARTED, "password": "ngan"}, username="quantri")

    assert list(refused.value.fields) == ["password"]
    assert nothing_written()


@pytest.mark.django_db(transaction=True)
def test_of_two_beginnings_at_once_exactly_one_is_made() -> None:
    gate = threading.Barrier(2)
    ends: list[str] = []

    def begin(username: str) -> None:
        gate.wait()
        try:
            start_installation(**STARTED, username=username)
            ends.append("begun")
        except PermissionDenied:
            ends.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=begin, args=[name]) for name in ("mot", "hai")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ends) == ["begun", "refused"]
    assert Organization.objects.count() == 1
    assert User.objects.count() == 1
    assert Appointment.objects.count() == 1
