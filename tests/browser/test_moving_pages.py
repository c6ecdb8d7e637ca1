"""A candidate who moves, by the pages alone: asked for, sent, sent back, sent again, taken over."""

import pytest

from tests.browser.conftest import SignIn
from tests.browser.visits import Reader

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DAY = "28/05/2021"
NARROW = {"width": 320, "height": 640}
CELL_OF_BITHU2 = "khe-cham-phan-xuong-khai-thac-3"


def looked_at(reader: Reader) -> None:
    """On a desk and on the narrowest phone."""
    said = reader.amiss() + reader.overflow()
    desk = reader.page.viewport_size
    reader.page.set_viewport_size(NARROW)
    said += reader.overflow()
    reader.page.set_viewport_size(desk)
    assert said == [], reader.path


def step(reader: Reader, end: str, **values: str) -> None:
    """Follow the panel's button whose address ends in `end`, look at the form and send it."""
    reader.follow(f'a[href$="/{end}/"]')
    looked_at(reader)
    reader.fill(**values)
    reader.send()


def test_a_file_follows_its_person_to_another_cell(sign_in: SignIn) -> None:
    old, new = sign_in("bithu"), sign_in("bithu2")
    old.open("/ho-so/moi/")
    old.fill(full_name="Đinh Thị Chuyển", born_on="17/09/1996", sex="female", occupation="Thợ điện")
    old.send()
    page = old.path

    old.follow('a[href$="/buoc/chuyen-di/"]')
    looked_at(old)
    old.fill(moved_on=DAY, destination=f"[{CELL_OF_BITHU2}]", reason="Điều động")
    old.send()
    assert "Chuyển đi nơi khác" in old.words
    looked_at(old)
    old.open("/chuyen-ho-so/")
    looked_at(old)
    step(old, "gui", sent_on=DAY, certificate_number="7-GCN")

    new.open("/viec/")
    new.go_to("/chuyen-ho-so/")
    assert "Đinh Thị Chuyển" in new.words
    step(new, "xem-lai", answer="Thiếu chữ ký")
    old.open(page)
    assert "Trả lại để xem xét" in old.words
    old.follow('a[href$="/buoc/chuyen-di/"]')
    old.fill(moved_on=DAY, destination=f"[{CELL_OF_BITHU2}]")
    old.send()
    old.open("/chuyen-ho-so/?phan=gui")
    old.follow('a[href$="/rut/"]')
    looked_at(old)
    old.open("/chuyen-ho-so/?phan=gui")
    step(old, "gui", sent_on=DAY, certificate_number="8-GCN")

    new.open("/chuyen-ho-so/?phan=nhan")
    new.follow('a[href$="/tu-choi/"]')
    looked_at(new)
    new.open("/chuyen-ho-so/?phan=nhan")
    step(new, "nhan", received_on=DAY)
    new.open(page)
    assert new.heading == "Đinh Thị Chuyển"
    assert "Từ nơi khác chuyển đến" in new.words
    looked_at(new)
    old.open(page)
    assert "Không có trang này" in old.words
