"""A candidate's whole life by the pages: from the first name to the announcement of recognition.

Each step is found on the candidate's page by whoever takes it, and answers 404 to everybody else.
The rules change on the way: 232, 294 and 208-QĐ/TW. With SCREENS=docs/screens each form is
photographed as it is sent.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from tests.browser.conftest import Product
from tests.browser.lives import begin, photograph, stand_on
from tests.browser.visits import Reader
from tests.browser.way import written
from tests.makers import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAME = "Đinh Thị Trường An"
CENTRE = "Trung tâm chính trị Hoa Mai"
ACCOUNTS = {
    "secretary": "kc-bithu",
    "staff": "kc-canbo",
    "staff2": "kc-canbo2",
    "approver": "kc-duyet",
    "centre": "kc-trungtam",
    # Who have no step of this file at all.
    "neighbour": "kc-bithu2",
    "leader": "kc-lanhdao",
}


@dataclass
class Life:
    """The file of one person, the readers before it, and the day on which they stand."""

    product: Product
    readers: dict[str, Reader]
    day: date
    file: str = ""
    taken: list[str] = field(default_factory=list)

    def on(self, day: date) -> None:
        self.day = day
        stand_on(self.product, day)

    def today(self) -> str:
        return written(self.day)

    def open_step(self, who: str, code: str, *, at: str = "") -> Reader:
        """Follow the link to a step from the candidate's page, or its part `at`.

        Nobody else may open it.
        """
        address = f"{self.file}buoc/{code}/"
        for other, reader in self.readers.items():
            if other != who:
                answer = reader.context.request.get(address, max_redirects=0)
                assert answer.status == 404, f"{other} is answered {answer.status} at {code}"
        reader = self.readers[who]
        reader.open(self.file)
        if at:
            reader.follow(f'main a[href="{self.file}{at}"]')
        links = reader.page.locator(f'main a[href="{address}"]')
        assert links.count(), f"{who} finds no way to {code}: {reader.words}"
        reader.follow(f'main a[href="{address}"]')
        return reader

    def take(self, who: str, code: str, *, at: str = "", **values: Any) -> Reader:
        """Take a step: `who` finds it on the candidate's page, fills in its form and sends it."""
        reader = self.open_step(who, code, at=at)
        reader.fill(**values)
        self.send(reader, code)
        assert "/buoc/" not in reader.path, reader.words
        return reader

    def send(self, reader: Reader, code: str) -> None:
        """Send the form of step `code` that is open and filled in."""
        self.taken.append(code)
        photograph(reader, f"doi-{len(self.taken):02d}-{code}")
        reader.send()

    def next(self, who: str) -> str:
        """Return the code of the step that the page calls this reader's next, or nothing."""
        reader = self.readers[who]
        reader.open(self.file)
        link = reader.page.locator("section.next a.btn.pri")
        found = (
            re.search(r"/buoc/([-\w]+)/$", link.get_attribute("href") or "")
            if (link.count())
            else None
        )
        return found[1] if found else ""

    def vote(self, who: str, code: str, people: int) -> None:
        number = str(people)
        self.take(
            who, code, held_on=self.today(), entitled=number, present=number, in_favour=number,
            against="0",
        )  # fmt: skip


@pytest.fixture
def life(empty_product: Product, opened: Callable[..., Reader]) -> Iterator[Life]:
    day = date(2025, 1, 6)
    begin(empty_product, day)
    readers = {who: opened(empty_product) for who in ACCOUNTS}
    for who, reader in readers.items():
        reader.open("/")
        reader.sign_in(ACCOUNTS[who], PASSWORD)
    yield Life(empty_product, readers, day)
    assert {who: reader.troubles for who, reader in readers.items() if reader.troubles} == {}


def first_choice(reader: Reader, name: str) -> str:
    option = reader.page.locator(f"main [name={name}] option[value]:not([value=''])").first
    return option.get_attribute("value") or ""


def identified(life: Life) -> None:
    secretary = life.readers["secretary"]
    secretary.go_to("/ho-so/moi/")
    secretary.fill(full_name=NAME, born_on="12/03/1998", sex="female", occupation="Thợ điện")
    secretary.send()
    life.file = secretary.path
    assert re.match(r"/ho-so/[0-9a-f-]{36}/$", life.file), life.file
    unionist(life)
    life.take("secretary", "cam-tinh", held_on=life.today(), resolution_number="02-NQ/CB")
    reader = life.open_step("secretary", "giup-do")
    reader.fill(mentor=first_choice(reader, "mentor"), since=life.today())
    life.send(reader, "giup-do")


def unionist(life: Life) -> None:
    """Somebody of youth age where there is a Youth Union is its member."""
    secretary = life.readers["secretary"]
    secretary.go_to(f"{life.file}sua/")
    secretary.fill(is_youth_union_member="on")
    secretary.send()


def schooled(life: Life) -> None:
    centre = life.readers["centre"]
    centre.open("/lop/")
    centre.go_to("/lop/moi/")
    centre.fill(
        name="Lớp bồi dưỡng nhận thức về Đảng khóa 1",
        centre=CENTRE,
        starts_on="10/02/2025",
        ends_on="14/02/2025",
        enrol_by="05/02/2025",
        places="40",
        sessions="5",
    )
    if centre.page.locator("main [name=kind][type=radio]").count():
        centre.fill(kind="awareness")
    centre.send()
    school = centre.path
    reader = life.open_step("secretary", "lop-hoc")
    reader.fill(school=first_choice(reader, "school"), proposed_on=life.today())
    life.send(reader, "lop-hoc")
    life.on(date(2025, 1, 20))
    staff = life.readers["staff"]
    staff.open(f"{school}tra-loi/")
    for answer in staff.page.locator("main select[name^=answer-]").all():
        answer.select_option("accept")
    staff.fill(answered_on=life.today())
    life.send(staff, "tra-loi-de-nghi-hoc")
    life.on(date(2025, 2, 17))
    centre.open(f"{school}ket-qua/")
    for name, value in (("attended-", "5"), ("grade-", "Khá"), ("number-", "27-NTVĐ")):
        centre.page.locator(f"main [name^={name}]").fill(value)
    centre.page.locator("main select[name^=result-]").select_option("passed")
    centre.fill(issued_on=life.today())
    life.send(centre, "ket-qua-lop")


def prepared(life: Life) -> None:
    life.on(date(2025, 4, 10))
    assert life.next("staff") == "duoc-lam-thu-tuc"
    life.take("staff", "duoc-lam-thu-tuc", held_on=life.today(), resolution_number="06-NQ/ĐU")
    life.on(date(2025, 6, 2))
    secretary = life.readers["secretary"]
    introduced(life)
    life.take(
        "secretary",
        "gui-tham-tra",
        at="tham-tra/",
        relation="applicant",
        place="Đảng ủy phường Hoa Mai",
        method="letter",
        sent_on=life.today(),
    )
    life.on(date(2025, 7, 10))
    secretary.open(life.file)
    secretary.follow(f'main a[href="{life.file}tham-tra/"]')
    secretary.follow('main a[href$="/tra-loi/"]')
    secretary.fill(received_on=life.today(), result="clear")
    life.send(secretary, "tham-tra-tra-loi")
    life.on(date(2025, 8, 15))
    papers(life)


def introduced(life: Life) -> None:
    """One official member and the Youth Union introduce; the helper is the member."""
    assert life.next("secretary") == "gioi-thieu"
    reader = life.open_step("secretary", "gioi-thieu")
    assert reader.page.locator("main [name=person]").input_value()
    reader.fill(together_since="01/03/2024", union="Đoàn Thanh niên Mỏ", named_on=life.today())
    life.send(reader, "gioi-thieu")


def papers(life: Life) -> None:
    """Receive all the papers that the page asks for, dated on the day."""
    reader = life.open_step("secretary", "giay-to")
    for paper in reader.page.locator('main [name^="dated_on-"]').all():
        paper.fill(life.today())
    reader.fill(received_on=life.today())
    life.send(reader, "giay-to")


def admitted(life: Life) -> None:
    life.on(date(2025, 9, 5))  # 294-QĐ/TW by now
    assert life.next("secretary") == "chi-bo-xet"
    life.vote("secretary", "chi-bo-xet", 9)
    life.on(date(2025, 9, 9))
    life.take("secretary", "gui-len", sent_on=life.today(), letter_number="11-CV/CB")
    life.on(date(2025, 9, 19))
    life.vote("staff", "co-so-xet", 13)
    life.take("staff", "gui-len", sent_on=life.today(), letter_number="40-CV/ĐU")
    life.on(date(2025, 10, 3))
    life.vote("staff2", "cap-tren-xet", 15)
    life.on(date(2025, 10, 8))
    life.take(
        "approver",
        "quyet-dinh",
        number="185-QĐ/ĐU",
        signed_on=life.today(),
        signer="Nguyễn Văn Bình",
        confirm=True,
    )
    life.on(date(2025, 10, 13))
    life.take("secretary", "nhan-quyet-dinh", received_on=life.today())
    life.on(date(2025, 10, 20))
    life.take("secretary", "le-ket-nap", ceremony_on=life.today())


def recognised(life: Life) -> None:
    life.on(date(2025, 11, 10))
    assert life.next("secretary") == "ho-so-dang-vien"
    life.take("secretary", "ho-so-dang-vien", made_on=life.today())
    life.on(date(2026, 3, 16))
    assert life.next("secretary") == "lop-dang-vien-moi"
    life.take(
        "secretary",
        "lop-dang-vien-moi",
        number="9-ĐVM",
        issuer=CENTRE,
        issued_on=life.today(),
    )
    life.on(date(2026, 10, 19))  # the day before month twelve is full
    assert life.next("secretary") == ""
    life.on(date(2026, 10, 20))  # 208-QĐ/TW by now
    assert life.next("secretary") == "giay-to"
    papers(life)
    assert life.next("secretary") == "chi-bo-xet-chinh-thuc"
    life.vote("secretary", "chi-bo-xet-chinh-thuc", 9)
    life.vote("staff", "co-so-xet-chinh-thuc", 13)
    life.vote("staff2", "cap-tren-xet-chinh-thuc", 15)
    life.on(date(2026, 11, 16))
    assert life.next("approver") == "quyet-dinh-chinh-thuc"
    life.take(
        "approver",
        "quyet-dinh-chinh-thuc",
        number="301-QĐ/ĐU",
        signed_on=life.today(),
        signer="Nguyễn Văn Bình",
        confirm=True,
    )
    life.on(date(2026, 11, 20))
    life.take("secretary", "cong-bo-chinh-thuc", announced_on=life.today())


def test_a_candidates_whole_life(life: Life) -> None:
    identified(life)
    schooled(life)
    prepared(life)
    admitted(life)
    recognised(life)

    for who in ("secretary", "staff", "staff2", "approver"):
        assert life.next(who) == ""
    reader = life.readers["secretary"]
    reader.open(life.file)
    assert "20/10/2026" in reader.words  # official from then, though decided on 16/11/2026
    assert reader.amiss() + reader.overflow() == []
    photograph(reader, "doi-tron-1440")
    reader.page.set_viewport_size({"width": 390, "height": 844})
    photograph(reader, "doi-tron-390")
