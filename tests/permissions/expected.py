"""What the matrix expects: read from `matrix.yaml`, reckoned with the trees that the test made.

Nothing of the product is asked here, so that a mistake of it cannot be in the expectation too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.permissions.ground import Address, Ground

MATRIX: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "matrix.yaml").read_text("utf-8"))
EXEMPT = set(MATRIX["exempt"])
ROUTES: dict[str, dict[str, Any]] = MATRIX["routes"]
STEPS: dict[str, dict[str, Any]] = MATRIX["steps"]
SIGNED_OUT = {"anonymous", "deactivated"}
USUAL = {"get": {200}, "post": {422, 409, 303}}

Roles = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Expected:
    """What must be answered: one of `statuses`; refused where the asker may not."""

    statuses: Collection[int]
    is_refused: bool


def expected(ground: Ground, who: str, method: str, address: Address, row: Any) -> Expected:
    """Return what `who` must be answered when they ask for `address` by `method`."""
    if who in SIGNED_OUT:
        unasked = {405} if "post" not in row and method == "post" else set()
        return Expected({row.get("signed_out", 302), *unasked}, is_refused=True)
    if method not in row:
        other = expected(ground, who, "get" if method == "post" else "post", address, row)
        return Expected({405, *(other.statuses if other.is_refused else ())}, is_refused=True)
    if _is_there(ground, address, row):
        is_one = address.position in row.get("only", [address.position])
        units = _units(ground, method, address, row)
        able = any(_may(ground, who, row[method], unit, address, row) for unit in units)
        if able and _is_asker(ground, who, method, address, row):
            return Expected({403, 404, 422}, is_refused=True)
        if able:
            if not is_one:
                return Expected({404, 302, *USUAL[method]} - {200}, is_refused=True)
            usual = row.get("answers", {}).get(method, USUAL[method])
            return Expected({usual} if isinstance(usual, int) else set(usual), is_refused=False)
        known = row.get("known_to", {})
        if any(_may(ground, who, known, unit, address, row) for unit in units):
            # Where there is none, either: whoever may know of it may know that there is none.
            return Expected({403} if is_one else {403, 404}, is_refused=True)
    return Expected({404}, is_refused=True)


def _is_there(ground: Ground, address: Address, row: Any) -> bool:
    if address.position == "missing":
        return False
    if row.get("tops") and ground.above.get(address.cell or "", "") is not None:
        return False
    return not (row.get("beneath") and address.cell not in ground.committees)


def _units(ground: Ground, method: str, address: Address, row: Any) -> list[str | None]:
    """Return whose the thing is, as `of` of its row says."""
    of = row.get("of", "")
    of = of if isinstance(of, str) else of[method]
    if not of or (of == "top" and row.get("tops")):
        return [address.cell]
    around = ground.worlds[address.position]
    to = around.committee if address.route.startswith("move-") else around.sibling
    found: dict[str, list[str | None]] = {
        "committee": [around.committee.slug],
        "top": [around.top.slug],
        "to": [to.slug],
        "either": [address.cell, to.slug],
    }
    return found[of]


def _is_asker(ground: Ground, who: str, method: str, address: Address, row: Any) -> bool:
    """Say whether `who` is the first of two persons, whose second they may not be."""
    asker = row.get("second_person")
    if asker == "who drafted":
        return ground.people[who] == ground.worlds[address.position].staff
    return asker == who and method == "post"


def _asked_it(ground: Ground, who: str, address: Address, row: Any) -> bool:
    around = ground.worlds[address.position]
    asker = {"committee": around.staff, "top": around.staff2}.get(row.get("of"), around.secretary)
    return ground.people[who] == asker


def _may(
    ground: Ground, who: str, roles: Roles, unit: str | None, address: Address, row: Any
) -> bool:
    if "anybody" in roles:
        return True
    for role, where in ground.posts[who]:
        words = roles.get(role, [])
        for word in [words] if isinstance(words, str) else words:
            is_theirs = word != "M" or _asked_it(ground, who, address, row)
            if is_theirs and _reaches(ground, word, where, unit):
                return True
    return False


def _reaches(ground: Ground, word: str, where: str, unit: str | None) -> bool:
    """Say whether an appointment at `where` reaches `unit` as `word` says."""
    if word == "H":
        return True
    if word == "T":
        return ground.above[where] is None
    if unit is None:
        return False
    line = ground.line(unit)
    return {
        "O": where == unit,
        "S": where in line,
        "M": where in line,
        "A": where in line or unit in ground.line(where),
        "P": where == (line[1] if len(line) > 1 else unit),
        "U": len(line) > 1 and where == line[1],
        "D": where == line[-1],
    }[word]
