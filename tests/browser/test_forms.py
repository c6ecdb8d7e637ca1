"""What hands do to forms: click twice, save an old page, go back, come back after the session."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, SignIn
from tests.browser.visits import Reader

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FILE = re.compile(r".*/ho-so/[0-9a-f-]{36}/$")


def a_name() -> str:
    """A name that nobody bears yet; names have no digits."""
    letters = "".join(chr(ord("a") + int(digit, 16)) for digit in uuid4().hex[:8])
    return f"Bùi Văn {letters.capitalize()}"


def fill_in(reader: Reader, full_name: str) -> None:
    reader.go_to("/ho-so/moi/")
    reader.fill(full_name=full_name, born_on="1/2/1995", sex="female", occupation="Kế toán viên")


def found(reader: Reader, full_name: str) -> int:
    reader.open("/ho-so/")
    reader.page.fill("#search", full_name)
    with reader.page.expect_navigation():
        reader.page.press("#search", "Enter")
    return int(reader.page.locator("#results tbody tr").count())


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_name_typed_into_the_filter_narrows_the_list_and_stands_in_no_address(
    sign_in: SignIn, script: bool
) -> None:
    bithu, name = sign_in("bithu", java_script_enabled=script), a_name()
    fill_in(bithu, name)
    bithu.send()
    bithu.open("/ho-so/")
    field = bithu.page.locator("form.filters [name=q]")

    field.fill(name)
    field.press("Enter")

    expect(bithu.page).to_have_url(re.compile(r".*/ho-so/\?search=[\w-]{8}$"))
    expect(bithu.page.locator("#results tbody tr")).to_have_count(1)
    bithu.page.reload()
    expect(field).to_have_value(name)
    expect(bithu.page.locator("#results tbody th")).to_contain_text(name)


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_double_click_opens_one_file(sign_in: SignIn, script: bool) -> None:
    bithu, name = sign_in("bithu", java_script_enabled=script), a_name()
    fill_in(bithu, name)

    bithu.page.locator("main form[method=post] .btn.pri").dblclick(no_wait_after=True)

    expect(bithu.page).to_have_url(FILE)
    assert bithu.heading == name
    assert found(bithu, name) == 1


def test_back_after_saving_and_saving_again_opens_no_second_file(sign_in: SignIn) -> None:
    bithu, name = sign_in("bithu"), a_name()
    fill_in(bithu, name)
    bithu.send()
    expect(bithu.page).to_have_url(FILE)

    bithu.page.go_back()
    expect(bithu.page.locator("[name=full_name]")).to_have_value(name)
    bithu.fill(born_on="1/2/1995")
    bithu.follow("main form[method=post] .btn.pri")

    expect(bithu.page.locator("main [role=alert]")).to_contain_text("hồ sơ")
    assert found(bithu, name) == 1


def test_a_page_from_before_somebody_elses_change_says_so_and_keeps_what_was_typed(
    sign_in: SignIn,
) -> None:
    bithu, other, name = sign_in("bithu"), sign_in("bithu"), a_name()
    fill_in(bithu, name)
    bithu.send()
    bithu.follow('a[href$="/sua/"]')
    other.open(bithu.path)
    other.fill(occupation="Thợ hàn")
    other.send()

    bithu.fill(occupation="Thợ điện")
    bithu.follow("main form[method=post] .btn.pri")

    told = bithu.page.locator("main [role=alert]")
    expect(told).to_contain_text("Thợ hàn")
    expect(bithu.page.locator("[name=occupation]")).to_have_value("Thợ điện")
    bithu.follow("main form[method=post] .btn.pri")
    expect(bithu.page).to_have_url(FILE)
    assert "Thợ điện" in bithu.words
    assert bithu.troubles == []


def test_after_the_session_ended_signing_in_leads_back(sign_in: SignIn) -> None:
    bithu = sign_in("bithu")
    bithu.go_to("/ho-so/")
    bithu.context.clear_cookies()

    bithu.go_to("/ho-so/moi/")
    assert bithu.path.startswith("/tai-khoan/dang-nhap/")
    bithu.sign_in("bithu", PASSWORD)

    assert bithu.path == "/ho-so/moi/"


def test_a_form_sent_after_the_session_ended_leads_back_to_the_form(sign_in: SignIn) -> None:
    bithu, name = sign_in("bithu"), a_name()
    fill_in(bithu, name)
    bithu.context.clear_cookies()

    bithu.follow("main form[method=post] .btn.pri")
    if not bithu.path.startswith("/tai-khoan/dang-nhap/"):
        assert bithu.page.locator("h1").count() == 1, "a page of ours says what to do"
        bithu.open("/ho-so/moi/")
    bithu.sign_in("bithu", PASSWORD)

    assert bithu.path == "/ho-so/moi/"
    assert found(bithu, name) == 0
