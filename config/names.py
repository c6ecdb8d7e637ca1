"""Vietnamese names: one written form, one search key, one sort key."""

import re
import unicodedata

ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
TONES = "\u0300\u0309\u0303\u0301\u0323"
"""Huyền, hỏi, ngã, sắc, nặng: the order of Vietnamese dictionaries."""

_RANK = {letter: index for index, letter in enumerate(ALPHABET)}


def written(text: str) -> str:
    """Return `text` in NFC with single spaces, as it is stored and shown.

    >>> written("  Nguye\\u0302\\u0303n   An ")
    'Nguyễn An'
    """
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


def search_key(text: str) -> str:
    """Return `text` in lower case without diacritics; Đ, which NFD does not part, becomes d.

    >>> search_key("Đỗ Thịnh")
    'do thinh'
    """
    parted = unicodedata.normalize("NFD", written(text).casefold().replace("đ", "d"))
    return "".join(letter for letter in parted if not unicodedata.combining(letter))


def sort_key(full_name: str) -> str:
    """Return a key whose byte order is the Vietnamese order of people: given name first.

    Given name, then family name, then middle names. Within each, letters before tones, as in a
    dictionary: every Anh stands before every Ánh, whatever their families are called.

    >>> sorted(["Trần Văn Bình", "Lê Ánh", "Vũ Anh", "Phạm Thị An"], key=sort_key)
    ['Phạm Thị An', 'Vũ Anh', 'Lê Ánh', 'Trần Văn Bình']
    """
    words = written(full_name).casefold().split()
    return " ".join(_word_key(word) for word in words[-1:] + words[:-1])


def _word_key(word: str) -> str:
    """Return a word's letters, then its tones; "!" sorts below every letter: An before Anh."""
    parted = [_part(letter) for letter in word]
    letters = "".join(base for base, _tone in parted)
    return letters + "!" + "".join(tone for _base, tone in parted).rstrip("0")


def natural_key(text: str) -> str:
    """Return a search key in which numbers sort by value: "Chi bộ 2" before "Chi bộ 10".

    >>> sorted(["Chi bộ 10", "Chi bộ 2"], key=natural_key)
    ['Chi bộ 2', 'Chi bộ 10']
    """
    return re.sub(r"\d+", lambda digits: digits.group().zfill(8), search_key(text))


def _part(letter: str) -> tuple[str, str]:
    """Return a letter's place in the alphabet as one character, and its tone as one digit."""
    tone = "0"
    rest = ""
    for part in unicodedata.normalize("NFD", letter):
        if part in TONES:
            tone = str(TONES.index(part) + 1)
        else:
            rest += part
    base = unicodedata.normalize("NFC", rest)
    rank = _RANK.get(base)
    if rank is None:
        return (base, tone) if base.isascii() else ("~", tone)
    # From "A" upwards, so that a space, which sorts lower, ends a shorter word first.
    return chr(ord("A") + rank), tone
