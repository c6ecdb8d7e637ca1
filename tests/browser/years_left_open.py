"""What the pages of opening members and closed years stand for and a quiet demonstration lacks."""

from __future__ import annotations

from typing import Any

from tests.browser.conftest import PASSWORD, Product
from tests.browser.visits import Reader

ASKED, CLOSED = 2012, 2011
"""So long ago that no other test dates anything there."""


def leave_years_open(browser: Any, product: Product) -> None:
    """Let a correction wait, one year be asked for and another be closed, at the top."""
    staff, second = (_signed_in(browser, product, name) for name in ("canbo2", "duyet"))
    staff.open("/chi-tieu/2021/dau-nam/")
    staff.go_to("/chi-tieu/2021/dau-nam/dinh-chinh/")
    staff.fill(members="19001", reason="Sót một đảng viên")
    staff.send()
    for year in (ASKED, CLOSED):
        staff.open("/nam/")
        staff.go_to(f"/nam/{year}/khoa/")
        staff.fill(reason="Đã nộp báo cáo")
        staff.send()
    second.open("/nam/")
    second.follow(f'main a[href^="/nam/{CLOSED}/"]')
    second.fill(answer="approve")
    second.send()
    staff.close()
    second.close()


def _signed_in(browser: Any, product: Product, username: str) -> Reader:
    reader = Reader(browser, product.address)
    reader.open("/")
    reader.sign_in(username, PASSWORD)
    return reader
