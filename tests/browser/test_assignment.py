"""An assignment of targets in the page: pasted, saved cell by cell, disputed, issued, printed."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from organizations.models import Organization, Role
from organizations.operations.structure import NewOrganization, found_many
from targets.models import Cycle, Target, TargetDecision, TargetDraft
from targets.operations.attainment import recompute
from targets.operations.baselines import report_baseline
from targets.operations.drafts import save_drafts
from targets.operations.targets import assign_target
from tests.browser.visits import Reader
from tests.makers import BEGINNING, DAY, PASSWORD, World, cell, logged, officer, world
from tests.targets.assigning import drafting, issued, opened

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]

UNITS = 39
COLUMN = [1 if place % 13 else 0 for place in range(UNITS)]
PASTE = """(text) => {
    const data = new DataTransfer();
    data.setData("text", text);
    const paste = { clipboardData: data, bubbles: true, cancelable: true };
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", paste));
}"""


@pytest.fixture
def kc() -> World:
    """A committee of 39 cells that is itself given 36, while it drafts."""
    kc = world()
    units = [kc.cell, kc.sibling, *(cell(f"px-{place}", kc.committee) for place in range(37))]
    for place, unit in enumerate(units):
        report_baseline(unit, by=kc.staff, on=DAY, year=2021, members=20 + place % 7)
    assign_target(
        kc.committee, by=kc.staff2, on=DAY, year=2021, low=36, decision_number="118-QĐ/ĐU",
        decided_on=date(2021, 1, 22),
    )  # fmt: skip
    drafting(kc.committee, by=kc.staff)
    return kc


@pytest.fixture
def sign_in(browser: Any, live_server: Any) -> Iterator[Callable[..., Reader]]:
    readers = []

    def enter(username: str, **options: Any) -> Reader:
        readers.append(Reader(browser, live_server.url, **options))
        readers[-1].open("/")
        readers[-1].sign_in(username, PASSWORD)
        return readers[-1]

    yield enter
    for reader in readers:
        reader.close()


def saved(reader: Reader) -> None:
    reader.page.locator("#draft-state", has_text="Đã lưu nháp").wait_for()
    reader.page.wait_for_load_state("networkidle")


def test_two_officers_draft_dispute_a_cell_and_issue_two_too_many(
    kc: World, sign_in: Callable[..., Reader]
) -> None:
    colleague = officer("kc-canbo-hai", kc.committee, Role.STAFF)
    grid = reverse("target-grid", args=[2021], query={"dv": kc.committee.slug})
    one, two = sign_in(kc.staff.username), sign_in(colleague.username)
    two.open(grid)  # before the other types anything
    one.open(grid)

    for _time in range(2):  # taken back at once, and pasted again
        one.page.focus("#grid input >> nth=0")
        one.page.evaluate(PASTE, "\r\n".join(map(str, COLUMN)))
        if not _time:
            one.page.click("#wi-undo")
            assert one.page.inner_text("#bar-sum") == "0"
            assert one.page.inner_text("#bar-message") == "Còn 36 chưa phân · 39 ô trống"
    assert one.page.inner_text("#bar-sum") == str(sum(COLUMN)) == "36"
    assert one.page.inner_text("#bar-message") == ""
    saved(one)
    drafts = list(TargetDraft.objects.values_list("low", flat=True))
    assert (len(drafts), sum(filter(None, drafts))) == (UNITS, 36)

    cells = two.page.locator("#grid input")
    cells.nth(1).fill("3")
    cells.nth(1).press("Tab")
    dispute = two.page.locator(".cell-note")
    dispute.wait_for()
    assert "kc-canbo vừa lưu 1 ở ô này." in dispute.inner_text()
    assert cells.nth(1).input_value() == "3"  # what was typed is kept
    dispute.get_by_role("button", name="Lưu 3").click()
    saved(two)
    assert not two.page.locator(".cell-note").count()
    assert sum(filter(None, TargetDraft.objects.values_list("low", flat=True))) == 38
    assert two.amiss() == []

    two.open(grid)
    assert two.page.inner_text("#bar-sum") == "38"
    two.follow('a[href*="/dot/trinh/"]')
    assert two.amiss() == []
    two.send()
    two.follow('a[href*="/dot/ban-hanh/"]')
    assert two.amiss() == []
    paper = {"decision_number": "24-QĐ/ĐU", "decided_on": "20/05/2021", "signer": "Nguyễn Văn Bình"}
    two.fill(**paper)
    two.page.click("main form[method=post] .btn.pri")
    two.page.locator("main .errs").wait_for()
    assert "Giao vượt 2 so với cấp trên giao" in two.words
    assert two.page.input_value("[name=decision_number]") == "24-QĐ/ĐU"
    two.fill(difference="Nguồn của hai phân xưởng nhiều hơn dự kiến")
    two.send()
    assert TargetDecision.objects.get(cycle__isnull=False).difference.startswith("Nguồn")
    assert Target.objects.in_force().filter(organization__targets__isnull=False).exists()
    assert two.page.locator("#grid input").count() == 0

    two.follow('a[href*="/giao/phu-luc/"]')
    assert two.amiss() == []
    sheets = two.page.pdf(format="A4")
    assert sheets.count(b"/Type /Page\n") + sheets.count(b"/Type /Page ") in {1, 2}


def test_a_paste_is_taken_back_by_the_keyboard_and_only_a_column_is_taken(
    kc: World, sign_in: Callable[..., Reader]
) -> None:
    canbo = sign_in(kc.staff.username)
    canbo.open(reverse("target-grid", args=[2021], query={"dv": kc.committee.slug}))
    page, cells = canbo.page, canbo.page.locator("#grid input")

    def paste(text: str, at: int = 0) -> list[str]:
        cells.nth(at).focus()
        page.evaluate(PASTE, text)
        return [cells.nth(place).input_value() for place in range(4)]

    cells.nth(3).fill("9")
    cells.nth(3).press("Tab")
    assert paste("A\t1\r\nB\t2\r\n") == ["", "", "", "9"]
    assert "đã sao chép 2 cột" in page.inner_text("#grid .cell-note")
    assert paste("1\r\n2\r\n", at=UNITS - 1) == ["", "", "", "9"]
    assert "chỉ có 1 ô" in page.inner_text(f"#grid tr:has(#{cells.last.get_attribute('id')})")
    assert paste("\t1\r\n\t\r\n\t3\r\n\t4\r\n") == ["1", "", "3", "4"]
    page.keyboard.press("Control+z")
    assert [cells.nth(place).input_value() for place in range(4)] == ["", "", "", "9"]
    saved(canbo)
    assert {one.low for one in TargetDraft.objects.all()} <= {9, None}

    paste("5\r\n6")
    cells.nth(1).fill("7")  # somebody's own: the browser undoes it, and nothing else
    page.keyboard.press("Control+z")
    assert cells.nth(0).input_value() == "5"
    cells.nth(1).fill("7")
    page.click("#wi-undo")
    assert [cells.nth(place).input_value() for place in range(2)] == ["", "7"]
    saved(canbo)
    assert sorted(filter(None, TargetDraft.objects.values_list("low", flat=True))) == [7, 9]
    assert canbo.amiss() == []


def test_groups_fold_and_a_narrowed_list_still_counts_everybody(
    kc: World, sign_in: Callable[..., Reader]
) -> None:
    groups = {"kt-0": "Khai thác", "kt-1": "Khai thác", "pb-0": "Phòng ban"}
    found_many(
        [
            NewOrganization(
                slug, f"Chi bộ {slug}", slug, "cell", kc.committee.slug, BEGINNING, group=group
            )
            for slug, group in groups.items()
        ]
    )
    logged(kc)
    recompute(2021, on=DAY)
    kt_0, kt_1, pb = Organization.objects.filter(slug__in=groups).order_by("slug")
    save_drafts(
        Cycle.objects.get(), by=kc.staff, on=DAY, numbers={kc.cell.pk: 1, kt_0.pk: 0, kt_1.pk: 2}
    )
    canbo = sign_in(kc.staff.username)
    canbo.open(reverse("target-grid", args=[2021], query={"dv": kc.committee.slug}))
    page, group = canbo.page, canbo.page.get_by_role("button", name="Khai thác")

    group.press("Enter")
    assert group.get_attribute("aria-expanded") == "false"
    assert not page.locator(f"#t{kt_0.pk}").is_visible()
    assert "Giao 2" in group.inner_text()
    assert page.inner_text("#bar-sum") == "3"
    page.press(f"#t{pb.pk}", "ArrowUp")  # past the cells that are folded away
    page.locator("#grid tbody").first.locator("input:focus").wait_for()
    assert canbo.amiss() == []
    group.press("Space")
    assert page.locator(f"#t{kt_0.pk}").is_visible()

    canbo.follow('a[href*="loc=can-xem"]')
    assert page.locator("#grid input").count() == UNITS + 1
    assert "2 đơn vị khác Giao 1" in page.inner_text("#grid")
    page.fill(f"#t{kt_1.pk}", "5")
    assert page.inner_text("#bar-sum") == "6"
    assert "Giao 5" in page.get_by_role("button", name="Khai thác").inner_text()
    page.press(f"#t{kt_1.pk}", "Tab")
    saved(canbo)
    assert TargetDraft.objects.get(organization=kt_1).low == 5
    assert canbo.amiss() == []


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_without_script_numbers_are_drafted_and_the_units_asked(
    kc: World, sign_in: Callable[..., Reader], width: int
) -> None:
    canbo = sign_in(kc.staff.username, width=width, height=760, java_script_enabled=False)
    canbo.open(reverse("target-grid", args=[2021], query={"dv": kc.committee.slug}))

    canbo.page.locator("#grid input").first.fill("2")
    canbo.follow("[form=grid-form]")
    assert TargetDraft.objects.get().low == 2
    canbo.follow('a[href*="/dot/lay-y-kien/"]')
    canbo.send()
    assert Cycle.objects.get().state == "consulting"


def test_a_lost_connection_keeps_what_was_typed_and_sends_it_later(
    kc: World, sign_in: Callable[..., Reader]
) -> None:
    canbo = sign_in(kc.staff.username)
    canbo.open(reverse("target-grid", args=[2021], query={"dv": kc.committee.slug}))
    cell = canbo.page.locator("#grid input").first

    canbo.context.set_offline(True)
    cell.fill("2")
    cell.press("Tab")
    canbo.page.locator("#draft-state", has_text="Chưa gửi được: 1 ô").wait_for()
    assert not TargetDraft.objects.exists()
    canbo.context.set_offline(False)
    saved(canbo)
    assert TargetDraft.objects.get().low == 2


def test_the_grid_on_a_phone_at_320_px(kc: World, sign_in: Callable[..., Reader]) -> None:
    canbo = sign_in(kc.staff.username, width=320, height=640)
    canbo.open(reverse("target-grid", args=[2021], query={"dv": kc.committee.slug}))

    assert canbo.overflow() + canbo.amiss() == []
    canbo.page.locator("#grid input").first.fill("2")
    canbo.page.locator("#grid input").first.press("Enter")
    saved(canbo)
    assert TargetDraft.objects.get().low == 2


def test_a_unit_is_reminded_registers_and_acknowledges_on_its_phone(
    kc: World, sign_in: Callable[..., Reader]
) -> None:
    opened(kc.committee, by=kc.staff, year=2022)
    canbo = sign_in(kc.staff.username)
    canbo.open(reverse("target-grid", args=[2022], query={"dv": kc.committee.slug}))
    canbo.follow('a[href*="/dot/nhac/"]')
    assert canbo.amiss() == []
    canbo.send()
    assert "đã nhắc" in canbo.words

    bithu = sign_in(kc.secretary.username, width=390, height=844)
    bithu.open("/viec/")
    bithu.go_to("/chi-tieu/2022/dang-ky/")
    bithu.fill(number="3", reason="Ba thợ trẻ đã học lớp")
    bithu.send()
    issued(kc.top, {kc.committee.pk: 40}, by=kc.staff2, year=2022, decision_number="2-QĐ/TU")
    canbo.open("/viec/")
    canbo.follow('a[href*="/tiep-nhan/"]')
    assert canbo.amiss() + canbo.overflow() == []
    canbo.send()
    assert "Đã xác nhận tiếp nhận" in canbo.words
