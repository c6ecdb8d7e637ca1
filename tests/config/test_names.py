"""Vietnamese names: how they are written, found and put in order."""

import random
import unicodedata

import pytest

from config import names

IN_ORDER = [
    "Đỗ Thị An",
    "Nguyễn An",
    "Nguyễn Thị An",
    "Nguyễn Văn An",
    "Bùi Anh",
    "Vũ Anh",
    "Lê Ánh",
    "Trần Ân",
    "Lê Ba",
    "Lê Bà",
    "Lê Bả",
    "Lê Bã",
    "Lê Bá",
    "Lê Bạ",
    "Phạm Dũng",
    "Bùi Đạt",
    "Cao Em",
    "Cao Ê",
    "Hồ Oanh",
    "Hồ Ông",
    "Hồ Ơn",
    "Ngô Sơn",
    "Lý Tuấn",
    "Lý Tư",
    "Mai Xuân",
    "Mai Yến",
]


def test_people_stand_in_the_vietnamese_order() -> None:
    order = [name for name in IN_ORDER if name not in {"Cao Em", "Cao Ê"}]
    shuffled = random.Random(7).sample(order, len(order))

    assert sorted(shuffled, key=names.sort_key) == order


def test_a_letter_of_its_own_stands_after_its_plain_one() -> None:
    assert sorted(["Ê", "Em", "Đa", "Da", "Ư", "U"], key=names.sort_key) == [
        "Da",
        "Đa",
        "Em",
        "Ê",
        "U",
        "Ư",
    ]


def test_the_order_does_not_depend_on_how_a_name_was_typed() -> None:
    for name in IN_ORDER:
        parted = unicodedata.normalize("NFD", name)
        assert names.sort_key(parted) == names.sort_key(name)
        assert names.search_key(parted) == names.search_key(name)
        assert names.written(f"  {parted}  ") == name


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Đỗ Thịnh", "do thinh"),
        ("ĐẶNG THỊ ĐÀO", "dang thi dao"),
        ("đ", "d"),
        ("Ưng Hoàng Phúc", "ung hoang phuc"),
        ("Y Bhăm Êban", "y bham eban"),
        ("", ""),
    ],
)
def test_a_search_needs_no_diacritics_not_even_of_d(text: str, key: str) -> None:
    assert names.search_key(text) == key


def test_keys_order_bytes_as_they_order_characters() -> None:
    # PostgreSQL and Python must agree, whatever the collation: the keys are plain ASCII.
    assert all(names.sort_key(name).isascii() for name in IN_ORDER)


def test_numbers_in_names_stand_by_their_value() -> None:
    cells = ["Chi bộ 10", "Chi bộ 2", "Chi bộ 1", "Chi bộ 2A"]

    assert sorted(cells, key=names.natural_key) == [
        "Chi bộ 1",
        "Chi bộ 2",
        "Chi bộ 2A",
        "Chi bộ 10",
    ]


@pytest.mark.parametrize("name", ["", "   ", "Ω", "李 小龍", "O'Brien", "J. P.", "🙂"])
def test_an_odd_name_has_a_key_too(name: str) -> None:
    assert isinstance(names.sort_key(name), str)
