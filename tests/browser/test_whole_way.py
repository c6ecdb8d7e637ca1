"""The main job on the demonstration: from a candidate's four fields to the leader's figure."""

from datetime import date
from time import monotonic as now

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignIn
from tests.browser.visits import Reader
from tests.browser.way import Way

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DAY = date(2021, 5, 28)
AFTER_COMMIT = 5  # seconds


def admitted(leader: Reader, unit: str) -> int:
    """Read the number of the admitted on the page of `unit`, found by the leader's own links."""
    leader.go_to("/to-chuc/")
    leader.page.fill("main [name=q]", unit)
    leader.page.press("main [name=q]", "Enter")
    leader.follow(f'#results a:has-text("{unit}")')
    return int(leader.page.locator(".meter b.big").first.inner_text())


def lines_of_the_steps(reader: Reader) -> int:
    """How many lines the steps on the file's page take."""
    tops = "all => new Set(all.map(one => one.getBoundingClientRect().top)).size"
    lines: int = reader.page.locator(".steps li").evaluate_all(tops)
    return lines


def test_a_candidate_goes_all_the_way_and_the_leader_sees_one_more(sign_in: SignIn) -> None:
    way = Way(
        on=DAY,
        full_name="Hoàng Quốc Trung Kiên",
        certificate="118/2020-NTVĐ",
        decision="1985-QĐ/ĐU",
        cell_members=29,
        committee=13,
        standing=13,
    )
    leader = sign_in("lanhdao")
    before = admitted(leader, "Công ty Than Khe Chàm")
    leader.go_to("/tong-quan/2021/")
    expect(leader.page.locator("h1")).to_contain_text("185")

    bithu = sign_in("bithu")
    way.log(bithu)
    assert way.go_on(bithu) == ["cam-tinh", "giay-chung-nhan", "giup-do"]
    assert lines_of_the_steps(bithu) == 1, "the eight steps stand beside each other on a desk"
    canbo = sign_in("canbo")
    canbo.find(way.full_name)
    assert way.go_on(canbo) == ["duoc-lam-thu-tuc"]
    bithu.page.reload()
    assert way.go_on(bithu) == [
        "gioi-thieu", "gui-tham-tra", "giay-to", "chi-bo-xet", "gui-len",
    ]  # fmt: skip
    for username, steps in (
        ("canbo", ["co-so-xet", "gui-len"]),
        ("canbo2", ["cap-tren-xet"]),
        ("duyet", ["quyet-dinh"]),
    ):
        officer = sign_in(username)
        officer.find(way.full_name)
        assert way.go_on(officer) == steps
        assert officer.troubles == []
    bithu.go_to("/viec/")
    bithu.find(way.full_name)
    committed = []  # the answer leaves when the transaction has ended
    bithu.page.on("response", lambda answer: answer.status == 303 and committed.append(now()))
    assert way.go_on(bithu) == [
        "nhan-quyet-dinh", "le-ket-nap", "ho-so-dang-vien", "lop-dang-vien-moi",
    ]  # fmt: skip

    # The dashboard that stood open says it by itself.
    expect(leader.page.locator("h1")).to_contain_text("186", timeout=AFTER_COMMIT * 1000)
    assert now() - committed[-1] <= AFTER_COMMIT
    leader.page.reload()
    expect(leader.page.locator("h1")).to_contain_text("186")
    assert (before, admitted(leader, "Công ty Than Khe Chàm")) == (18, 19)
    assert bithu.troubles == leader.troubles == []
