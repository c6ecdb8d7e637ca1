"""The frame of every page: who acts, what they find, how it is shown; and what goes wrong."""

import gzip
import importlib
import re
from datetime import date

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from fontTools.ttLib import TTFont

from config import workshop
from config.environment import BASE_DIR
from config.ui import fonts, navigation
from config.views import forbidden, not_found, server_error
from organizations.models import Installation, OrganizationKind, User
from organizations.operations.accounts import appoint, open_account
from organizations.operations.structure import found

pytestmark = pytest.mark.django_db
SIGN_IN = "/tai-khoan/dang-nhap/"
PASSWORD = "mot-mat-khau-dai-2021"
DAY = date(2021, 5, 28)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def committee():
    Installation.objects.create(mode="demonstration", scenario="test", day=DAY)
    kind = OrganizationKind.objects.get(code="grassroots").code
    return found(
        "khe-cham",
        name="Đảng bộ Than Khe Chàm",
        short_name="Khe Chàm",
        kind=kind,
        under=None,
        on=date(2021, 1, 1),
    )


@pytest.fixture
def administrator(committee):
    user = open_account(
        username="quantri", full_name="Nguyễn Quản", password=PASSWORD, by=None, on=DAY
    )
    appoint(user, to=committee, role="administrator", by=None, on=DAY)
    return user


@pytest.fixture
def staff(committee, administrator):
    user = open_account(
        username="canbo", full_name="Nguyễn Thị Hương", password=PASSWORD, by=administrator, on=DAY
    )
    appoint(user, to=committee, role="staff", by=administrator, on=DAY, title="Ban Tổ chức")
    return user


def signed_in(user):
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def page(answer):
    return answer.content.decode()


def test_a_wrong_password_is_told_in_vietnamese_and_the_name_stays(staff, client):
    html = page(client.post(SIGN_IN, {"login": "canbo", "password": "sai"}))

    assert "<title>Lỗi: Đăng nhập" in html
    assert "Tên đăng nhập hoặc mật khẩu không đúng." in html
    assert 'value="canbo"' in html


def test_a_right_password_leads_in(staff, client):
    answer = client.post(SIGN_IN, {"login": "canbo", "password": PASSWORD})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_a_closed_account_is_told_no_more_than_a_wrong_password(staff, client):
    staff.is_active = False
    staff.save(update_fields=["is_active"])

    html = page(client.post(SIGN_IN, {"login": "canbo", "password": PASSWORD}))

    assert "Tên đăng nhập hoặc mật khẩu không đúng." in html


@pytest.mark.thorough
def test_too_many_wrong_passwords_lock_sign_in_with_a_clear_sentence(staff, client):
    answers = [client.post(SIGN_IN, {"login": "canbo", "password": "sai"}) for _ in range(9)]

    assert answers[-1].status_code == 429
    assert "Tạm khóa đăng nhập" in page(answers[-1])
    assert client.post(SIGN_IN, {"login": "CanBo", "password": PASSWORD}).status_code == 429


def test_the_lock_of_one_account_is_not_that_of_another(staff, administrator, client):
    for _ in range(9):
        client.post(SIGN_IN, {"login": "canbo", "password": "sai"})

    answer = client.post(SIGN_IN, {"login": "quantri", "password": PASSWORD})

    assert answer.status_code == 302


def test_signing_out_needs_a_post(staff):
    client = signed_in(staff)

    assert client.get("/tai-khoan/dang-xuat/").status_code == 200
    assert "_auth_user_id" in client.session
    client.post("/tai-khoan/dang-xuat/")
    assert "_auth_user_id" not in client.session


def test_every_page_says_that_it_is_a_demonstration_and_of_which_day(committee, client):
    for address in [SIGN_IN, "/tro-giup/", "/khong-co-trang-nay/"]:
        assert "Dữ liệu minh họa · ngày làm việc 28/05/2021" in page(client.get(address))


def test_the_frame_names_the_organisation_acted_for_and_the_one_who_acts(staff):
    html = page(signed_in(staff).get("/tro-giup/"))

    assert "<b>Kết nạp</b><span>Đảng bộ Than Khe Chàm</span>" in html
    assert "Nguyễn Thị Hương<span>Ban Tổ chức</span>" in html


def test_somebody_with_two_appointments_switches_between_them(staff, committee, administrator):
    another = open_account(
        username="canbo2", full_name="Lê Hai", password=PASSWORD, by=administrator, on=DAY
    )
    grant = {"to": committee, "by": administrator, "on": DAY}
    appoint(another, role="staff", confirmed_by=staff, **grant)
    appoint(staff, role="approver", confirmed_by=another, title="Thường trực", **grant)
    other = staff.appointments.get(role="approver")
    client = signed_in(staff)
    assert "Ban Tổ chức</span></summary>" in page(client.get("/tro-giup/"))

    client.post("/tai-khoan/vai-tro/", {"appointment": other.pk})

    assert "Thường trực</span></summary>" in page(client.get("/tro-giup/"))


def test_nobody_acts_under_an_appointment_of_somebody_else(staff, administrator):
    theirs = administrator.appointments.get()
    client = signed_in(staff)

    client.post("/tai-khoan/vai-tro/", {"appointment": theirs.pk})

    assert "Ban Tổ chức</span></summary>" in page(client.get("/tro-giup/"))


def test_an_account_without_an_appointment_is_told_so(committee):
    user = User.objects.create_user("khach", full_name="Nguyễn Khách")

    answer = signed_in(user).get("/")

    assert answer.status_code == 200
    assert "Chưa được giao nhiệm vụ" in page(answer)


def test_pages_are_vietnamese_whatever_the_browser_prefers(committee, client):
    html = page(client.get(SIGN_IN, headers={"accept-language": "en-US,en"}))

    assert '<html lang="vi"' in html
    assert "Đăng nhập" in html


def test_size_background_keys_and_language_are_kept_without_script(committee, client):
    for name, value in [("size", "xl"), ("theme", "dark"), ("keys", "off"), ("language", "en")]:
        answer = client.post(
            "/tai-khoan/hien-thi/",
            {name: value},
            headers={"referer": "http://testserver/tro-giup/?a=1"},
        )
        assert answer.headers["Location"] == "http://testserver/tro-giup/?a=1"

    html = page(client.get(SIGN_IN))
    assert '<html lang="en" data-size="xl" data-theme="dark" data-keys="off">' in html


def test_a_choice_of_nonsense_is_not_kept(client):
    answer = client.post("/tai-khoan/hien-thi/", {"size": '"><script>'})
    assert dict(answer.cookies) == {}
    client.cookies["size"] = '"><script>'
    assert "<script>" not in page(client.get(SIGN_IN)).split("<title>")[0]


def test_changing_the_display_leads_back_to_our_own_pages_only(client):
    answer = client.post(
        "/tai-khoan/hien-thi/", {"size": "l"}, headers={"referer": "https://elsewhere.example/"}
    )
    assert answer.headers["Location"] == "/"


def test_on_a_server_each_cookie_of_ours_is_bound_to_its_host(client, staff, settings, monkeypatch):
    for name, value in workshop.BARE.items():
        monkeypatch.setenv(name, value)
    server = importlib.import_module("config.settings.prod")
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "LANGUAGE_COOKIE_NAME", "COOKIE_PREFIX")
    assert {getattr(server, name)[:7] for name in names} == {"__Host-"}
    settings.COOKIE_PREFIX = server.COOKIE_PREFIX
    settings.LANGUAGE_COOKIE_NAME = server.LANGUAGE_COOKIE_NAME

    client.post(
        "/tai-khoan/hien-thi/",
        {"size": "l", "theme": "dark", "keys": "off", "language": "en"},
        secure=True,
    )

    kept = {name: one for name, one in client.cookies.items() if "csrf" not in name}
    assert set(kept) == {f"__Host-{name}" for name in ("size", "theme", "keys", "language")}
    assert all(one["secure"] and one["path"] == "/" and not one["domain"] for one in kept.values())
    assert 'lang="en"' in page(client.get(SIGN_IN, secure=True))


def test_a_missing_page_and_a_forbidden_one_look_the_same(staff, rf):
    def shown(view, address):
        request = rf.get(address)
        request.user, request.session, request.COOKIES = staff, {}, {}
        return page(view(request))

    assert shown(not_found, "/ho-so/an/") == shown(not_found, "/ho-so/khong-co/")
    assert shown(forbidden, "/ho-so/an/") == shown(not_found, "/ho-so/an/")
    assert "Không có trang này, hoặc tài khoản không có quyền xem" in shown(not_found, "/x/")


def test_an_error_of_the_server_says_what_happened_and_asks_no_database(
    rf, django_assert_num_queries
):
    with django_assert_num_queries(0):
        answer = server_error(rf.get("/"))

    assert answer.status_code == 500
    assert "Nội dung vừa gửi chưa được lưu." in page(answer)
    assert re.search(r"mã lỗi <b>[0-9A-F]{6}</b>", page(answer))


def test_a_form_from_an_old_page_is_refused_kindly(staff):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff, backend=BACKEND)

    answer = client.post("/tai-khoan/hien-thi/", {"size": "l"})

    assert answer.status_code == 403
    assert "Trang đã quá cũ, không gửi được" in page(answer)


def test_htmx_is_sent_to_sign_in_as_a_whole_page(committee, client):
    answer = client.post("/tai-khoan/vai-tro/", headers={"hx-request": "true"})

    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].startswith(SIGN_IN)


def test_no_page_has_script_or_style_of_its_own(staff):
    client = signed_in(staff)
    for address in ["/tro-giup/", "/khong-co/", "/tai-khoan/dang-xuat/"]:
        html = page(client.get(address))
        assert not re.search(r"<style| style=| on\w+=|<script(?![^>]* src=)", html)
        assert not re.search(r'(?:src|href|action)="https?://', html)


def test_a_page_costs_the_frame_few_queries(staff, django_assert_max_num_queries):
    client = signed_in(staff)
    client.get("/tro-giup/")
    # clock, session, user, installation, appointments, their organisations; the transaction
    with django_assert_max_num_queries(8):
        client.get("/tro-giup/")


def test_robots_are_sent_away(client):
    assert page(client.get("/robots.txt")) == "User-agent: *\nDisallow: /\n"


@pytest.mark.parametrize(
    ("name", "limit"), [("app.css", 12), ("app.js", 3), ("django_htmx/htmx-2.min.js", 17)]
)
def test_what_a_page_loads_is_light(name, limit):
    with open(finders.find(name), "rb") as file:
        assert len(gzip.compress(file.read())) <= limit * 1024


def test_the_style_keeps_to_what_the_oldest_browsers_know():
    with open(finders.find("app.css"), encoding="utf-8") as file:
        rules = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
    unknown = r":has\(|color-mix|oklch|light-dark|subgrid|@import|https?:|&"
    assert re.findall(unknown, rules) == []


@pytest.mark.thorough
def test_the_fonts_hold_every_vietnamese_letter_and_are_cut_once(tmp_path):
    assert fonts.build(tmp_path) is True
    assert fonts.build(tmp_path) is False

    held = set()
    for name in fonts.RANGES:
        held |= set(TTFont(tmp_path / name).getBestCmap())
    letters = "aăâbcdđeêghiklmnoôơpqrstuưvxy"
    marked = "áàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ"
    for character in letters + marked + (letters + marked).upper() + "0123456789–−…“”•₫":
        assert ord(character) in held, character
    assert sum((tmp_path / name).stat().st_size for name in fonts.RANGES) <= fonts.LIMIT


@pytest.mark.parametrize(
    ("role", "labels"),
    [
        ("secretary", ["Việc cần làm", "Hồ sơ", "Chỉ tiêu"]),
        ("leader", ["Tổng quan", "Tổ chức", "Chỉ tiêu"]),
    ],
)
def test_each_role_finds_its_own_pages_first_and_at_most_seven(role, labels):
    entries = [str(entry.label) for entry in navigation.BY_ROLE[role]]

    assert entries[:3] == labels
    assert all(len(found) <= 7 for found in navigation.BY_ROLE.values())


def test_no_two_pages_of_a_role_share_a_key():
    for entries in navigation.BY_ROLE.values():
        keys = [entry.key for entry in entries]
        assert len(keys) == len(set(keys))


def test_no_two_pages_of_a_role_share_an_icon_and_each_is_drawn():
    sprite = (BASE_DIR / "templates" / "ui" / "sprite.html").read_text()
    for role, entries in navigation.BY_ROLE.items():
        icons = [entry.icon for entry in entries]
        assert len(icons) == len(set(icons)), role
        assert [icon for icon in icons if f'id="i-{icon}"' not in sprite] == []
