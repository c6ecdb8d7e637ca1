"""docs/security.md: every row of the standard is answered, by something that is there."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()

LEVELS = {
    "1.1": "22", "1.2": "1111122223", "1.3": "112222222223", "1.4": "222", "1.5": "123",
    "2.1": "122", "2.2": "112", "2.3": "12223", "2.4": "23",
    "3.1": "3", "3.2": "113", "3.3": "12223", "3.4": "11222233", "3.5": "11122333", "3.6": "3",
    "3.7": "22333",
    "4.1": "12233", "4.2": "23333", "4.3": "22", "4.4": "1222",
    "5.1": "2", "5.2": "112333", "5.3": "113", "5.4": "222",
    "6.1": "122", "6.2": "111111112222", "6.3": "11223333", "6.4": "112233", "6.5": "22222333",
    "6.6": "2223", "6.7": "33", "6.8": "2222",
    "7.1": "222", "7.2": "1111", "7.3": "22", "7.4": "11222", "7.5": "223", "7.6": "22",
    "8.1": "1233", "8.2": "1123", "8.3": "133", "8.4": "23",
    "9.1": "111", "9.2": "1222",
    "10.1": "22", "10.2": "223", "10.3": "22223", "10.4": "1111122222233333", "10.5": "22222",
    "10.6": "22", "10.7": "222",
    "11.1": "2233", "11.2": "22233", "11.3": "11233", "11.4": "1222", "11.5": "23", "11.6": "23",
    "11.7": "33",
    "12.1": "12233", "12.2": "11", "12.3": "22223",
    "13.1": "2333", "13.2": "222223", "13.3": "2233", "13.4": "1222233",
    "14.1": "22", "14.2": "12223333", "14.3": "122",
    "15.1": "12233", "15.2": "12233", "15.3": "1222222", "15.4": "3333",
    "16.1": "2", "16.2": "22222", "16.3": "2222", "16.4": "222", "16.5": "2223",
    "17.1": "23", "17.2": "22223333", "17.3": "22",
}  # fmt: skip
"""The level of each requirement of ASVS 5.0.0, a digit each: 1.2.10 is the tenth of "1.2"."""

CHOSEN = {
    "1.2.10", "2.3.5", "3.4.7", "3.4.8", "5.2.4", "5.2.5", "5.2.6", "5.3.3", "6.3.5", "6.3.7",
    "6.3.8", "6.4.6", "7.5.3", "8.1.3", "8.3.2", "14.2.6", "14.2.7", "14.2.8", "15.4.2", "15.4.3",
    "16.3.2 L3", "16.5.4",
}  # fmt: skip
"""Those of level 3 that are kept too; 16.3.2 asks for more at that level."""

ROW = re.compile(r"^\| (\d+\.\d+\.\d+(?: L3)?) \| ([123]) \| (.+?) \| (.+?) \| (.+) \|$", re.M)
TOTAL = re.compile(r"^\| ([a-z/ ]+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", re.M)
QUOTED = re.compile(r"`([^`]+)`")
SECTION = re.compile(r"\[[^]]+\]\(#([a-z0-9-]+)\)")
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def kind(answer: str) -> str:
    """Return under which total a row counts, by its last column."""
    for word in ("n/a", "open"):
        if answer.startswith(f"{word}: "):
            return word
    return "tested" if NAMED_TEST.search(answer) else "by setting or document"


@cache
def functions_of(file: str) -> set[str]:
    path = ROOT / file
    if not path.exists():
        return set()
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def is_there(evidence: str) -> bool:
    """Say whether a test, a check, a file, or a word in a file is there."""
    path, _mark, word = evidence.partition(": ")
    if path == "make check":
        return f'"{word}": lambda' in (ROOT / "config" / "workshop.py").read_text()
    if "::" in path:
        file, _mark, test = path.partition("::")
        return test in functions_of(file)
    return (ROOT / path).is_file() and word in (ROOT / path).read_text()


def sections() -> set[str]:
    titles = re.findall(r"^#+ (.+)$", TEXT, re.M)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_requirement_of_levels_1_and_2_and_those_chosen_of_3_have_one_row() -> None:
    of_level = {
        f"{section}.{number}": level
        for section, levels in LEVELS.items()
        for number, level in enumerate(levels, start=1)
    }
    wanted = {one: level for one, level in of_level.items() if level != "3"}
    assert Counter(of_level.values()) == {"1": 70, "2": 183, "3": 92}
    assert len(wanted) == 253
    assert len(CHOSEN) == 22

    rows = [(found[1], found[2]) for found in ROW.finditer(TEXT)]

    assert sorted(rows) == sorted([*wanted.items(), *((one, "3") for one in CHOSEN)])


def test_every_row_ends_with_something_that_is_there_or_a_reason() -> None:
    missing = []
    for found in ROW.finditer(TEXT):
        answer = found[5]
        if kind(answer) in {"n/a", "open"}:
            continue
        evidence = QUOTED.findall(answer)
        linked = SECTION.findall(answer)
        missing += [(found[1], one) for one in evidence if not is_there(one)]
        missing += [(found[1], one) for one in linked if one not in sections()]
        if not evidence and not linked:
            missing.append((found[1], answer))
    assert missing == []


def test_every_test_that_the_document_names_exists() -> None:
    named = NAMED_TEST.findall(TEXT)

    assert len(named) > 100
    assert [(file, test) for file, test in named if test not in functions_of(file)] == []


def test_every_file_that_the_document_names_exists() -> None:
    named = re.findall(r"`((?:[\w.-]+/)*[\w-]+\.(?:py|md|yaml|yml|conf|lock))[`:]", TEXT)

    assert len(named) > 100
    assert [file for file in named if not (ROOT / file).is_file()] == []


def test_every_threat_has_a_row() -> None:
    numbers = re.findall(r"^\| T(\d+) \|(?: [^|]+ \|){3}$", TEXT, re.M)

    assert numbers == [str(number) for number in range(1, 29)]


def test_the_totals_are_those_of_the_rows() -> None:
    counted = Counter((kind(found[5]), found[2]) for found in ROW.finditer(TEXT))
    told = {
        (row[1], level): int(row[place])
        for row in TOTAL.finditer(TEXT)
        for place, level in enumerate("123", start=2)
    }

    assert told == {
        (name, level): sum(
            number for (one, at), number in counted.items() if name in {one, "rows"} and at == level
        )
        for name in ("tested", "by setting or document", "n/a", "open", "rows")
        for level in "123"
    }
    assert all(int(row[5]) == sum(int(row[at]) for at in (2, 3, 4)) for row in TOTAL.finditer(TEXT))


@pytest.mark.parametrize("script", sorted((ROOT / "static").glob("*.js")), ids=lambda one: one.name)
def test_no_script_of_ours_writes_markup_listens_to_messages_or_keeps_anything(
    script: Path,
) -> None:
    found = re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
        r"|localStorage|sessionStorage|indexedDB|document\.cookie|postMessage|\"message\"",
        script.read_text(),
    )

    assert found == []
