"""What the pages of members stand for and a quiet demonstration has none of."""

from __future__ import annotations

from typing import Any

from tests.browser.conftest import PASSWORD, Product
from tests.browser.visits import Reader

BY = "/dang-vien/?q={}"
DAY = "28/05/2021"
CELL = "[khe-cham-phan-xuong-khai-thac-2]"
NEXT_CELL = "[khe-cham-phan-xuong-khai-thac-3]"


def leave_people_open(browser: Any, product: Product) -> None:
    """Let members move, stay, leave and stand twice, as staff of Khe Chàm enters it.

    They are called An, so that they stand first in the register and the way to them is short.
    """
    staff, above = (_signed_in(browser, product, name) for name in ("canbo", "canbo2"))
    _twice(staff, "Ái Một An", "Ái Hai An", citizen_id="001185000001")
    _added(staff, "Ái Đề Nghị An")
    _asked(staff, "Ái Đề Nghị An", kind="official")
    for name in ("Ái Chờ An", "Ái Tạm An"):
        _added(staff, name)
        _asked(staff, name, kind="official" if "Chờ" in name else "temporary")
        _released(staff, name)
    _step(above, "Ái Tạm An", "tiep-nhan")
    _added(staff, "Ái Đi An")
    _page(staff, "Ái Đi An")
    staff.follow('main a[href$="/ra-khoi-dang/"]')
    staff.fill(reason="resigned", decision_number="7-QĐ", decided_on=DAY, happened_on=DAY)
    staff.send()
    _added(staff, "Ái Ra Ngoài An")
    outside = {"destination_place": "Hải Dương", "outside_scope": "elsewhere"}
    _asked(staff, "Ái Ra Ngoài An", kind="official", **outside)
    _released(staff, "Ái Ra Ngoài An")
    _step(above, "Ái Ra Ngoài An", "tiep-nhan")
    _merge_asked(staff)
    _twice(staff, "Ái Ba An", "Ái Bốn An", citizen_id="001185000002")
    _added(staff, "Ái Bí Thư An")
    _page(staff, "Ái Bí Thư An")
    staff.follow('main a[href$="/chuc-vu/"]')
    staff.fill(title="Bí thư", since=DAY)
    staff.send()
    staff.close()
    above.close()


def _signed_in(browser: Any, product: Product, username: str) -> Reader:
    reader = Reader(browser, product.address)
    reader.open("/")
    reader.sign_in(username, PASSWORD)
    return reader


def _twice(staff: Reader, first: str, second: str, *, citizen_id: str) -> None:
    _added(staff, first, citizen_id=citizen_id)
    _write(staff, second, cell=NEXT_CELL, citizen_id=citizen_id)
    staff.follow("main form[method=post] .btn.pri, .bar-sticky .btn.pri")
    staff.page.check("main [name=another]")  # said to be somebody else, and is found later
    staff.send()


def _added(staff: Reader, name: str, **more: str) -> None:
    _write(staff, name, **more)
    staff.send()


def _write(staff: Reader, name: str, *, cell: str = CELL, **more: str) -> None:
    staff.open("/dang-vien/them/")
    staff.fill(
        cell=cell, full_name=name, born_on="01/01/1980", sex="male",
        status="official", since="01/01/2010", **more,
    )  # fmt: skip


def _page(reader: Reader, name: str) -> None:
    reader.open(BY.format(name))
    reader.follow(f'#results th a:text-is("{name}")')


def _asked(staff: Reader, name: str, *, kind: str, **more: str) -> None:
    _page(staff, name)
    staff.follow('main a[href$="/chuyen/"]')
    staff.fill(kind=kind, **(more or {"destination": NEXT_CELL}))
    staff.send()


def _released(staff: Reader, name: str) -> None:
    _step(staff, name, "gioi-thieu", released_on="01/05/2021", effective_on="01/05/2021")


def _step(reader: Reader, name: str, step: str, **typed: str) -> None:
    part = {"gioi-thieu": "gioi-thieu", "tiep-nhan": "tiep-nhan"}[step]
    reader.open(f"/chuyen-sinh-hoat/?phan={part}&q={name}")
    reader.follow(f'#results a[href$="/{step}/"]')
    reader.fill(**typed)
    reader.send()


def _merge_asked(staff: Reader) -> None:
    staff.open("/dang-vien/trung/")
    staff.follow("main table a.btn")
    kept = staff.page.locator('input[name="keep"]').first.get_attribute("value")
    staff.fill(keep=kept, reason="Nhập hai lần", decision_number="9-QĐ", decided_on=DAY)
    staff.send()
