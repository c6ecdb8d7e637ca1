"""A pytest plugin, `-p tests.permissions.by_tests`: the tests in the place of the matrix.

Each test is run once, and once more for each mutant left (docs/mutants.md) of a check that it came
past; if it then fails, it has killed that mutant. Tests that speak of what somebody may go first.
"""

from __future__ import annotations

import inspect
import os
import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import runtestprotocol

from tests.permissions.guarded import SWITCH, Site, compile_anew, take_away_the_second_net

if TYPE_CHECKING:
    from tests.permissions.mutants import Table

OFTEN_IN_A_FILE, OFTEN = 12, 80
"""How many tests ask a mutant, of one file and of all: what many come past, few are about."""
ABOUT_RIGHTS = re.compile(
    r"PermissionDenied|\b40[34]\b|visible_to|\bmay|sees|nobody|hidden|only_|others|refused"
)


def _fails(item: Any, other: pytest.Item) -> bool:
    compile_anew()
    item._initrequest()
    return any(one.failed for one in runtestprotocol(item, nextitem=other, log=False))


def _source(item: Any) -> str:
    return inspect.getsource(getattr(item, "function", _source))


def pytest_runtestloop(session: pytest.Session) -> bool:
    from tests.permissions.mutants import Table  # noqa: PLC0415 - when Django is there

    take_away_the_second_net()
    table: Table = Table("The tests")
    left, often = table.left(), Counter[tuple[Site, Any]]()
    items = sorted(session.items, key=lambda one: not ABOUT_RIGHTS.search(_source(one)))
    until = time.monotonic() + float(os.environ.get("MUTANTS_MINUTES", "25")) * 60
    tell = session.config.get_terminal_writer()
    for number, item in enumerate(items):
        other = items[number + 1] if number + 1 < len(items) else items[0]
        SWITCH.asked.clear()
        table.asked += 1
        if _fails(item, other):
            tell.line(f"fails by itself: {item.nodeid}")
            continue
        for site in [one for one in SWITCH.asked if one in left]:
            often[site, item.path] += 1
            often[site, None] += 1
            if often[site, item.path] > OFTEN_IN_A_FILE or often[site, None] > OFTEN:
                continue
            table.again += 1
            SWITCH.chosen = site
            if _fails(item, other):
                left.discard(site)
                table.kill(site, f"`{item.nodeid}`")
            SWITCH.chosen = None
        if number % 50 == 49:
            tell.line(f"{number + 1} of {len(items)} tests, {len(left)} mutants left")
        if not left or time.monotonic() > until:
            break
    table.write()
    return True
