"""A merger and a split by the pages alone: drafted by one, confirmed by a second, applied."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignIn
from tests.browser.visits import Reader

pytestmark = [pytest.mark.browser, pytest.mark.slow]

APPLIED_WITHIN = 60_000  # milliseconds, beside the other tests on two cores


def draft(reader: Reader, number: str) -> str:
    """Write the head of a decision of 28 May 2021; return the address of its page."""
    reader.open("/sap-xep/")
    reader.go_to("/sap-xep/moi/")
    reader.fill(
        number=number,
        signed_on="20/05/2021",
        signer="Nguyễn Văn Bình",
        effective_on="28/05/2021",
    )
    reader.send()
    return reader.path.partition("#")[0]


def choose(reader: Reader, page: str, choice: str) -> None:
    """Say what becomes of the target, where that is asked."""
    reader.open(page)
    link = reader.page.locator('a[href$="/lua-chon/"]')
    if link.count():
        reader.follow('a[href$="/lua-chon/"]')
        assert reader.amiss() == []
        reader.page.locator(f'main input[type=radio][value^="{choice}"]').first.check()
        reader.send()


def previewed(reader: Reader, page: str) -> dict[str, int]:
    """Make the preview; return its numbers."""
    reader.open(page)
    reader.follow("section.next .btn.pri")
    assert reader.path == f"{page}xem-truoc/", reader.words
    assert "Chờ người thứ hai xác nhận" in reader.words
    assert reader.amiss() + reader.overflow() == []
    lines = reader.page.locator(".counts li").all_inner_texts()
    return {
        words.strip(): int(number) for number, _, words in (line.partition("\n") for line in lines)
    }


def confirmed(reader: Reader, page: str) -> None:
    """Confirm as the second person, and watch until it is applied."""
    reader.open(page)
    assert "Chờ đồng chí xác nhận" in reader.words
    reader.follow("section.next .btn.pri")
    assert reader.amiss() + reader.overflow() == []
    reader.follow(".bar-sticky .btn.pri")
    assert reader.path == f"{page}tien-do/"
    expect(reader.page.locator("h1")).to_contain_text("Đã áp dụng", timeout=APPLIED_WITHIN)
    assert reader.amiss() + reader.overflow() == []


def done(reader: Reader) -> dict[str, int]:
    """Return what the page says was done, having looked that the preview said the same."""
    found = {}
    for row in reader.page.locator("#state tbody tr").all():
        words, expected, number = row.inner_text().split("\t")
        assert expected == number, row.inner_text()
        found[words] = int(number)
    return found


def members_of(reader: Reader, slug: str) -> int:
    """Return how many members the register has of a cell."""
    reader.open(f"/dang-vien/?chi_bo={slug}")
    return int(reader.page.locator(".pages [role=status]").inner_text().split()[-1])


def test_one_drafts_a_merger_and_a_second_confirms_it(sign_in: SignIn) -> None:
    drafter, second = sign_in("canbo"), sign_in("canbo2")
    gone, heir = "khe-cham-phong-vat-tu", "khe-cham-phong-ke-toan"
    before = members_of(drafter, gone), members_of(drafter, heir)
    page = draft(drafter, "201-QĐ/ĐU")

    drafter.follow("section.next .btn.pri")
    drafter.page.check('[name=loai][value="merge"]')
    drafter.follow("main .btn.pri")
    assert drafter.amiss() == []
    drafter.page.locator("[name=merged]").first.fill("phong vat tu")
    drafter.fill(into="phong ke toan")
    drafter.send()
    choose(drafter, page, "carry")
    told = previewed(drafter, page)
    drafter.open(f"{page}xac-nhan/")
    assert "Không có trang này" in drafter.words  # not by who drafted it

    confirmed(second, page)

    assert done(second) == told
    assert told["Đảng viên chuyển chi bộ"] == before[0] > 0
    assert members_of(drafter, heir) == sum(before)
    assert drafter.troubles == second.troubles == []


def test_the_people_of_a_split_are_assigned_one_by_one_and_the_rest_at_once(
    sign_in: SignIn,
) -> None:
    drafter, second = sign_in("canbo"), sign_in("canbo2")
    before = members_of(drafter, "khe-cham-phan-xuong-o-to")
    page = draft(drafter, "202-QĐ/ĐU")

    drafter.open(f"{page}them/?loai=split")
    drafter.fill(
        whole="phan xuong o to",
        stays="1",
        parts="Chi bộ Phân xưởng Ô tô Số Hai; PX Ô tô Số Hai",
        kind="cell",
    )
    drafter.send()
    assign = drafter.path
    assert assign == f"{page}dong/1/phan-cong/"
    for place in range(3):
        with drafter.page.expect_response(lambda answer: "/phan-cong/" in answer.url) as saved:
            drafter.page.locator("main tbody tr").nth(place).locator("input").last.check()
        assert saved.value.status == 200
        part = drafter.page.locator("#counts tbody tr:nth-child(2) td")
        expect(part).to_have_text(str(place + 1))
    drafter.page.select_option("[name=rest]", index=1)
    drafter.follow("button[name=all]")
    assert drafter.page.locator("#counts tbody tr").last.inner_text().split()[-1] == "0"
    assert drafter.amiss() + drafter.overflow() == []
    choose(drafter, page, "split")
    told = previewed(drafter, page)

    confirmed(second, page)

    assert done(second) == told
    assert told["Tổ chức được thành lập"] == 1
    assert told["Đảng viên chuyển chi bộ"] == 3
    assert members_of(drafter, "khe-cham-phan-xuong-o-to") == before - 3


def test_without_javascript_people_are_assigned_by_the_button(sign_in: SignIn) -> None:
    drafter = sign_in("canbo", java_script_enabled=False, width=390, height=844)
    page = draft(drafter, "203-QĐ/ĐU")
    drafter.open(f"{page}them/?loai=split")
    drafter.fill(whole="tram y te", stays="1", parts="Chi bộ Trạm Y tế Hai; Y tế Hai", kind="cell")
    drafter.send()

    drafter.page.locator("main tbody tr").first.locator("input").last.check()
    drafter.follow(".bar-sticky .btn.pri")

    assert "Đã phân công 1 người." in drafter.words
    drafter.open(f"{page}huy/")
    drafter.fill(reason="Thử xong")
    drafter.send()
    assert "Quyết định này đã bị hủy" in drafter.words
