"""Synthetic people: names drawn from common Vietnamese lists, never anybody's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from admissions.rules import add_months
from config import names

FAMILIES = {
    "Nguyễn": 38, "Trần": 11, "Lê": 10, "Phạm": 7, "Hoàng": 5, "Vũ": 5, "Phan": 4, "Đặng": 3,
    "Bùi": 3, "Đỗ": 3, "Ngô": 2, "Dương": 2, "Đinh": 2, "Lương": 1, "Mai": 1, "Trịnh": 1, "Hà": 1,
    "Cao": 1, "Tạ": 1, "Đoàn": 1,
}  # fmt: skip
MIDDLES = {
    "male": ["Văn", "Văn", "Văn", "Đức", "Minh", "Xuân", "Quang", "Hữu", "Đình", "Mạnh", "Ngọc",
             "Thành", "Công", "Trung", "Thế", "Tiến", "Duy", "Quốc", "Bá"],
    "female": ["Thị", "Thị", "Thị", "Thị Thu", "Thị Thanh", "Thị Hồng", "Thị Kim", "Thị Bích",
               "Ngọc", "Thị Minh", "Thùy", "Thị Ngọc", "Phương", "Thanh", "Thị Hải", "Thị Mai"],
}  # fmt: skip
# Given names of well-known leaders are left out, so that no draw can read as one of them.
GIVENS = {
    "male": ["An", "Bách", "Bảo", "Bình", "Chung", "Công", "Cương", "Dũng", "Duy", "Đạt",
             "Điệp", "Định", "Đoàn", "Đông", "Hậu", "Hiếu", "Hiển", "Hòa", "Hoạt",
             "Huân", "Huy", "Hưởng", "Khải", "Khánh", "Kiên", "Long", "Luân", "Mạnh",
             "Nghĩa", "Nhật", "Phong", "Quân", "Quyền", "Quyết", "Sơn", "Tài", "Tâm", "Tân",
             "Thái", "Thiện", "Thịnh", "Thuận", "Toàn", "Trường", "Tú", "Tuấn",
             "Tùng", "Tuyên", "Việt", "Vinh"],
    "female": ["An", "Ánh", "Chi", "Cúc", "Diệp", "Dung", "Duyên", "Giang", "Hà", "Hạnh", "Hằng",
               "Hiền", "Hoa", "Hòa", "Hoàn", "Hồng", "Hương", "Huyền", "Khuyên", "Lan", "Liên",
               "Linh", "Loan", "Luyến", "Ly", "Mai", "Minh", "Mơ", "Nga", "Ngà", "Nhàn", "Nhung",
               "Oanh", "Phượng", "Quyên", "Quỳnh", "Tâm", "Thảo", "Thoa", "Thơm", "Thu", "Thủy",
               "Thúy", "Trang", "Tuyết", "Uyên", "Vân", "Xuân", "Yến"],
}  # fmt: skip

# Families that go with an ethnicity; others bear the common ones.
FAMILIES_OF = {
    "Chăm": ["Đàng", "Kiều", "Quảng", "Lưu", "Thập", "Báo", "Hán"],
    "Raglai": ["Chamaléa", "Katơr", "Pi Năng", "Pi Lao", "Tain"],
    "Tày": ["Hoàng", "Nông", "Lương", "Vi", "Đàm"],
    "Dao": ["Triệu", "Đặng", "Bàn", "Phùng", "Chíu"],
    "Sán Dìu": ["Lê", "Trạc", "Diệp", "Ân", "Lưu", "Tô"],
}


@dataclass(frozen=True)
class Someone:
    """A synthetic person, as the operations that register one ask for them."""

    full_name: str
    born_on: date
    sex: str
    ethnicity: str
    occupation: str


class Population:
    """Draws people from one seeded source, so that the same scenario always has the same ones."""

    def __init__(self, random: Random, *, ethnicities: dict[str, int], women_percent: int) -> None:
        self.random = random
        self.ethnicities = [*ethnicities]
        self.shares = [*ethnicities.values()]
        self.women_percent = women_percent
        self.families = [*FAMILIES]
        self.family_shares = [*FAMILIES.values()]
        self.drawn: set[tuple[str, date]] = set()

    def sex(self, *, women_percent: int | None = None) -> str:
        percent = self.women_percent if women_percent is None else women_percent
        return "female" if self.random.random() * 100 < percent else "male"

    def name(self, sex: str, ethnicity: str = "Kinh") -> str:
        """Return a full name; family, middle and given name are drawn apart."""
        random = self.random
        own = FAMILIES_OF.get(ethnicity)
        family = random.choice(own) if own else random.choices(self.families, self.family_shares)[0]
        while True:
            middle, given = random.choice(MIDDLES[sex]), random.choice(GIVENS[sex])
            if given not in middle.split() and given != family:
                return f"{family} {middle} {given}"

    def older(self, someone: Someone, *, years: int) -> Someone:
        """Return `someone` as if born so many years, or a few more, before; nothing is drawn."""
        while True:
            born_on = add_months(someone.born_on, -12 * years)
            drawn = names.search_key(someone.full_name), born_on
            if drawn not in self.drawn:
                self.drawn.add(drawn)
                return replace(someone, born_on=born_on)
            years += 1

    def someone(
        self,
        *,
        born: tuple[date, date],
        occupations: tuple[str, ...],
        women_percent: int | None = None,
        ethnicity: str | None = None,
    ) -> Someone:
        """Return a person born between the two days of `born`, both included."""
        random = self.random
        sex = self.sex(women_percent=women_percent)
        ethnicity = ethnicity or random.choices(self.ethnicities, self.shares)[0]
        first, last = born
        while True:
            full_name = self.name(sex, ethnicity)
            born_on = first + timedelta(days=random.randrange((last - first).days + 1))
            # Nobody bears another's name and birth date: files are told apart by them.
            drawn = names.search_key(full_name), born_on
            if drawn not in self.drawn:
                self.drawn.add(drawn)
                break
        return Someone(
            full_name=full_name,
            born_on=born_on,
            sex=sex,
            ethnicity=ethnicity,
            occupation=random.choice(occupations),
        )
