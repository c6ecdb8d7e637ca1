"""The way of one candidate by the pages' own next action, each step by whoever is next."""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.browser.visits import Reader


def written(day: date) -> str:
    return f"{day:%d/%m/%Y}"


@dataclass
class Way:
    """What is entered about one candidate, all of it by day `on`."""

    on: date
    full_name: str
    certificate: str
    decision: str
    cell_members: int
    committee: int
    standing: int
    born_on: date = date(1985, 3, 12)
    """Past youth age: two members introduce."""
    sex: str = "male"
    occupation: str = "Thợ lò"
    taken: list[str] = field(default_factory=list)

    def log(self, secretary: Reader) -> None:
        """The secretary opens the file from the page of tasks, in four fields."""
        secretary.go_to("/ho-so/moi/")
        secretary.fill(
            full_name=self.full_name,
            born_on=written(self.born_on),
            sex=self.sex,
            occupation=self.occupation,
        )
        secretary.send()
        assert re.match(r"/ho-so/[0-9a-f-]{36}/$", secretary.path), secretary.path
        assert secretary.heading == self.full_name

    def go_on(self, reader: Reader) -> list[str]:
        """Take every step that the page of the file calls `reader`'s next; return their codes."""
        taken: list[str] = []
        while reader.page.locator("section.next a.btn.pri").count():
            if reader.page.locator('section.next a[href$="/buoc/lop-hoc/"]').count():
                # A class takes names, but this one was attended elsewhere before.
                reader.follow('main a[href$="/buoc/giay-chung-nhan/"]')
            else:
                reader.follow("section.next a.btn.pri")
            found = re.search(r"/buoc/([-\w]+)/$", reader.path)
            assert found, reader.path
            code = found[1]
            assert code not in taken, f"{code} is asked for again"
            self._enter(code, reader)
            reader.send()
            assert "/buoc/" not in reader.path, reader.words
            if code == "gui-tham-tra":
                self._answer(reader)
            taken.append(code)
        self.taken += taken
        return taken

    def _enter(self, code: str, reader: Reader) -> None:
        today = written(self.on)
        if code == "cam-tinh":
            reader.fill(held_on=today, resolution_number="12-NQ/CB")
        elif code == "giay-chung-nhan":
            issued_on = written(self.on - timedelta(days=400))
            reader.fill(
                number=self.certificate, issuer="Trung tâm Chính trị Cẩm Phả", issued_on=issued_on
            )
        elif code == "giup-do":
            first = reader.page.locator("main [name=mentor] option[value]:not([value=''])").first
            reader.fill(mentor=first.get_attribute("value"), since=today)
        elif code == "duoc-lam-thu-tuc":
            reader.fill(held_on=today, resolution_number="06-NQ/ĐU")
        elif code == "gioi-thieu":
            # The helper stands there already.
            helper = reader.page.locator("main [name=person]").input_value()
            assert helper
            others = reader.page.locator(
                f"main [name=person_2] option[value]:not([value='']):not([value='{helper}'])"
            )
            reader.fill(
                together_since=written(self.on - timedelta(days=500)),
                person_2=others.first.get_attribute("value"),
                named_on=today,
            )
        elif code == "gui-tham-tra":
            reader.fill(
                relation="applicant",
                place="Đảng ủy phường Hà Khánh",
                method="letter",
                sent_on=today,
            )
        elif code == "nhan-quyet-dinh":
            reader.fill(received_on=today)
        elif code == "ho-so-dang-vien":
            reader.fill(made_on=today)
        elif code == "lop-dang-vien-moi":
            reader.fill(
                number=f"ĐVM {self.certificate}",
                issuer="Trung tâm Chính trị Cẩm Phả",
                issued_on=today,
            )
        elif code == "giay-to":
            dated_on = written(self.on - timedelta(days=10))
            for paper in reader.page.locator('main [name^="dated_on-"]').all():
                paper.fill(dated_on)
            reader.fill(received_on=today)
        elif code == "chi-bo-xet":
            self._vote(reader, self.cell_members)
        elif code == "gui-len":
            reader.fill(sent_on=today, letter_number="14-CV")
        elif code == "co-so-xet":
            self._vote(reader, self.committee)
        elif code == "cap-tren-xet":
            self._vote(reader, self.standing)
        elif code == "quyet-dinh":
            reader.fill(
                number=self.decision, signed_on=today, signer="Nguyễn Văn Bình", confirm=True
            )
        else:
            assert code == "le-ket-nap", code
            reader.fill(ceremony_on=today)

    def _answer(self, reader: Reader) -> None:
        """Record that the place asked confirmed it, and go back to the file."""
        file = reader.path.removesuffix("tham-tra/")
        reader.follow('main a[href$="/tra-loi/"]')
        reader.fill(received_on=written(self.on), result="clear")
        reader.send()
        reader.follow(f'a[href="{file}"]')

    def _vote(self, reader: Reader, entitled: int) -> None:
        # What the page proposes, where it does: a reorganisation may have brought members.
        people = reader.page.locator("main [name=entitled]").input_value() or str(entitled)
        reader.fill(
            held_on=written(self.on), entitled=people, present=people, in_favour=people, against="0"
        )
