"""From an empty database to the first admission, by the pages alone."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
from playwright.sync_api import expect

from config.clock import HERE
from tests.browser.conftest import Product
from tests.browser.visits import Reader
from tests.browser.way import Way, written

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PASSWORD = "Hoa-sen-no-som-mai-47"
TOP, COMMITTEE, CELL = "Đảng bộ Than Bắc Sơn", "Đảng bộ Mỏ Hoa Mai", "Chi bộ Phân xưởng 1"
ACCOUNTS = {
    "canbo2": ("Phạm Thị Cấp Trên", "staff", TOP),
    "bithu": ("Lê Văn Thợ", "secretary", CELL),
    "canbo": ("Trần Thị Cơ Sở", "staff", COMMITTEE),
    "duyet": ("Vũ Văn Duyệt", "approver", TOP),
    "lanhdao": ("Đỗ Thị Lãnh Đạo", "leader", TOP),
}
MEMBERS = ("Nguyễn Văn Hải", "Bùi Thị Hương", "Hoàng Văn Sơn")


def test_an_empty_database_reaches_its_first_admission(
    empty_product: Product, opened: Callable[..., Reader]
) -> None:
    today = datetime.now(HERE).date()
    administrator = opened(empty_product)
    begin(administrator, today)
    add_organizations(administrator)
    grant_competence(administrator)
    open_accounts(administrator, opened(empty_product))

    readers = {}
    for username in ACCOUNTS:
        readers[username] = reader = opened(empty_product)
        reader.open("/")
        reader.sign_in(username, PASSWORD)
        if username == "canbo2":
            confirm_roles(reader)
    add_members(readers["bithu"], today)
    give_targets(readers["canbo2"], today)
    leader = readers["lanhdao"]
    leader.go_to(f"/tong-quan/{today.year}/")
    expect(leader.page.locator("h1")).to_contain_text("Chưa kết nạp được ai")

    way = Way(
        on=today,
        full_name="Đinh Quang Trường An",
        certificate="27-NTVĐ",
        decision="01-QĐ/ĐU",
        cell_members=len(MEMBERS),
        committee=9,
        standing=11,
        born_on=date(today.year - 36, 3, 12),
    )
    way.log(readers["bithu"])
    way.go_on(readers["bithu"])
    for username in ("canbo", "bithu", "canbo", "canbo2", "duyet", "bithu"):
        readers[username].go_to("/viec/")
        readers[username].find(way.full_name)
        way.go_on(readers[username])
    assert way.taken == [
        *("cam-tinh", "giay-chung-nhan", "giup-do", "duoc-lam-thu-tuc", "gioi-thieu"),
        *("gui-tham-tra", "giay-to"),
        *("chi-bo-xet", "gui-len", "co-so-xet", "gui-len", "cap-tren-xet", "quyet-dinh"),
        *("le-ket-nap", "ho-so-dang-vien", "lop-dang-vien-moi"),
    ]

    expect(leader.page.locator("h1")).to_contain_text("1/4", timeout=5000)
    leader.page.reload()
    leader.follow('main th a:text-is("Mỏ Hoa Mai")')
    expect(leader.page.locator(".meter b.big").first).to_have_text("1")
    administrator.go_to("/quan-tri/")
    assert administrator.page.locator("main tbody .tag.ok").count() == 7
    for reader in (administrator, *readers.values()):
        assert reader.troubles == []


def begin(administrator: Reader, today: date) -> None:
    administrator.open("/")
    assert administrator.path == "/bat-dau/"
    assert administrator.amiss() == []
    administrator.fill(
        organization_name=TOP,
        short_name=TOP.removeprefix("Đảng bộ "),
        kind="superior",
        year=str(today.year),
        full_name="Mai Thị Quản Trị",
        username="quantri",
        password=PASSWORD,
        password_again=PASSWORD,
    )
    administrator.send()
    assert administrator.path == "/quan-tri/"


def add_organizations(administrator: Reader) -> None:
    for name, kind, above in ((COMMITTEE, "grassroots", TOP), (CELL, "cell", COMMITTEE)):
        administrator.go_to("/quan-tri/to-chuc/")
        administrator.follow(f'a:has-text("{above}"):has(.vh):has-text("Thêm")')
        short_name = name.removeprefix("Đảng bộ ").removeprefix("Chi bộ ")
        administrator.fill(name=name, short_name=short_name, kind=kind)
        administrator.send()
        assert name in administrator.words


def grant_competence(administrator: Reader) -> None:
    administrator.go_to("/quan-tri/to-chuc/")
    administrator.follow('a[href$="/tham-quyen/"]')
    assert TOP in administrator.page.inner_text("main")
    administrator.fill(kind="superior", decision_number="05-QĐ/TU", members_entitled="11")
    administrator.send()


def open_accounts(administrator: Reader, anybody: Reader) -> None:
    """Open the accounts; the owner of each sets a password with the code that was handed over."""
    for username, (full_name, role, organization) in ACCOUNTS.items():
        administrator.go_to("/quan-tri/nguoi-dung/")
        administrator.go_to("/quan-tri/nguoi-dung/them/")
        administrator.fill(full_name=full_name, username=username)
        administrator.send()
        anybody.set_password(username, administrator.start_code(), PASSWORD)
        administrator.follow('a[href$="/vai-tro/"]')
        administrator.fill(to=organization, role=role)
        administrator.send()
        assert organization in administrator.words


def confirm_roles(staff: Reader) -> None:
    """The first staff at the top confirm what the administrator proposed for all others."""
    staff.go_to("/viec/")
    staff.follow('a[href="/phan-quyen/"]')
    assert staff.amiss() == []
    for _role in range(len(ACCOUNTS) - 1):
        staff.follow('main a[href$="/xac-nhan/"] >> nth=0')
        staff.fill(is_unrecorded=True)  # no member is recorded yet
        staff.send()
    assert staff.page.locator('main a[href$="/xac-nhan/"]').count() == 0


def add_members(secretary: Reader, today: date) -> None:
    secretary.go_to("/dang-vien/")
    for number, full_name in enumerate(MEMBERS):
        secretary.go_to("/dang-vien/them/")
        secretary.fill(
            full_name=full_name,
            born_on=written(date(1980 + number, 5, 6)),
            sex="female" if "Thị" in full_name else "male",
            status="official",
            since=written(date(today.year - 5, 9, 2)),
            occupation="Thợ lò",
        )
        secretary.send()
    assert all(name in secretary.words for name in MEMBERS)
    secretary.go_to("/viec/")


def give_targets(staff: Reader, today: date) -> None:
    year = f"/chi-tieu/{today.year}/"
    staff.go_to(year)
    staff.go_to(f"{year}dau-nam/")
    staff.go_to(f"{year}dau-nam/bao-cao/")
    staff.fill(members="60")
    staff.send()
    staff.go_to(year)
    staff.go_to(f"{year}quyet-dinh/")
    staff.fill(
        form="percent",
        percent="5,5",
        issuer="Tỉnh ủy",
        decision_number="88-CTr/TU",
        decided_on=written(today),
    )
    staff.send()
    assert "4" in staff.heading, "5,5 % of 60, rounded up"
    staff.go_to(f"{year}giao/")
    staff.go_to(f"{year}dot/mo/")
    staff.fill(register_by=written(today), issue_by=written(today))
    staff.send()
    staff.go_to(f"{year}dot/soan/")
    staff.send()
    staff.page.locator('main input[name^="target-"]').first.fill("4")
    staff.follow("[form=grid-form]")
    staff.go_to(f"{year}dot/trinh/")
    staff.send()
    staff.go_to(f"{year}dot/ban-hanh/")
    staff.fill(decision_number="02-QĐ/ĐU", decided_on=written(today))
    staff.send()
    staff.go_to("/viec/")
