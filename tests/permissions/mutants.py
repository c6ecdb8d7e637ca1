"""Takes each check of scope away in turn, and sees that somebody notices; docs/mutants.md.

    make mutants

Three runs, each with `-p tests.permissions.guarded` and without row level security, behind which
most checks of pages would not be missed. First the tests that ask operations and
selectors past every page, then those of the apps (`by_tests.py`): each is run once with the
product, and once more with each mutant of a check that it came past. Then in the same way the
matrix asks of pages what is left. The first test that fails, or the first wrong answer, kills a
mutant; the table is written each time, and a run goes on where it stands (MUTANTS_ANEW=1: from the
beginning).
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.permissions.conftest import Count
from tests.permissions.expected import expected
from tests.permissions.ground import POSITIONS, Address, Ground
from tests.permissions.guarded import (
    BASE_DIR,
    SWITCH,
    Site,
    compile_anew,
    sites,
    take_away_the_second_net,
)
from tests.permissions.test_matrix import Asker, rows

ASKERS = (
    *("secretary", "staff of sibling committee", "secretary of sibling", "leader"),
    *("administrator", "former secretary", "centre", "staff", "approver of top", "staff of top"),
    *("auditor", "approver", "ended yesterday"),
)
"""Who finds out: each may less than some other, and a check that is gone lets one of them in."""
NEAREST = ("own", "sibling", "cousin", "top", "above")
"""Where most checks that are gone let somebody in: there first, and each at the other places."""
SIGNED_IN = 300.0
"""Seconds after which all sign in anew: what they ask is taken back, also that they were there."""
TABLE = BASE_DIR / "docs" / "mutants.md"


SECOND_NETS = {
    ("MergeCreate.load", "Person.objects.visible_to"): (
        "`keeps_both` beside it: who is staff over the cells of both sees both"
    ),
    ("OnPerson.load", "Person.objects.visible_to"): (
        "`may` after it: who may write in a cell's records sees its people"
    ),
    ("PostEnd.load", "Person.objects.visible_to"): (
        "`acts` after it: who ends a post keeps the members where it is held"
    ),
    ("TransferStep.load", "Transfer.objects.visible_to"): (
        "`row.rights` after it: who takes a step sees the side that they act for"
    ),
    ("ErasureAnswer.load", "Erasure.objects.visible_to"): (
        "`may` after it: an approver over the cell sees its files"
    ),
    ("reverse_admission", "Admission.objects.visible_to"): (
        "`_may_reverse` after it: an approver where it was decided sees the cell"
    ),
    ("begin", "file.cell_id not in rights.sees"): (
        "`rights.may` after it: who takes a step of a file sees its cell"
    ),
    ("proposable", "Candidate.objects.visible_to"): (
        "`own_cells` after it: a secretary sees the files of the own cells"
    ),
    ("OpenQuestionWithdraw.perform", "self.setting.entered_by_id != self.request.user.pk"): (
        "`withdraw_setting`, which it calls, refuses everybody else"
    ),
    ("ReturnFile.is_open", "super().is_open() and self.case.holder in rights.serves(self.case)"): (
        "`return_file`, which the page calls, refuses who is no staff of that body"
    ),
    ("committee_pack", "Candidate.objects.visible_to"): (
        "`rights.may` after it: a file on which its reader may record no vote is left out"
    ),
    ("_requests", "Candidate.objects.visible_to"): (
        "`at` beside it: requests about decisions of the bodies at which the reader approves"
    ),
    ("_open_request", "asked.candidate_id != case.candidate.pk"): (
        "the file that is locked is the request's own, unless a row was changed in memory"
    ),
}
"""Checks that stand behind, or before, another one, by design: {(function, what): the other}. Each
of these others is a mutant of its own, which is killed."""


class Table:
    """Who killed what, and which runs there were, as docs/mutants.md keeps it."""

    def __init__(self, run: str) -> None:
        self.sites = list(sites())
        self.killed: dict[Site, str] = {}
        self.runs: list[str] = []
        if TABLE.exists():
            self._read(TABLE.read_text("utf-8"))
        self.run, self.begun, self.before = run, time.monotonic(), len(self.killed)
        self.asked = self.again = 0
        """How often something was asked of the product, and how often of a mutant."""

    def _read(self, text: str) -> None:
        known = {self.name(one): one for one in self.sites}
        for line in text.splitlines():
            parts = line.strip("| ").split(" | ")
            if line.startswith("- "):
                self.runs.append(line)
            if len(parts) == 4 and parts[3] != SURVIVES and not parts[3].startswith(SECOND):
                name = (parts[0].strip("`").partition(":")[0], *parts[1:3])
                if site := known.get(name):
                    self.killed[site] = parts[3]

    @staticmethod
    def name(site: Site) -> tuple[str, str, str]:
        """Return what stands in a row, and stays the same where lines are added above."""
        what = site.what.replace("|", "/") + (f"` ({site.number + 1})" if site.number else "`")
        return site.path, f"`{site.function}`", f"`{what}"

    def left(self) -> set[Site]:
        """Return those that nobody has noticed, but for second nets."""
        return {one for one in self.sites if one not in self.killed and not self._second_net(one)}

    def kill(self, site: Site, by: str) -> None:
        self.killed[site] = " ".join(by.replace("|", "/").split())
        self.write()

    def write(self) -> None:
        lines, behind = [], 0
        for one in self.sites:
            path, function, what = self.name(one)
            by = self.killed.get(one) or self._second_net(one) or SURVIVES
            behind += by.startswith(SECOND)
            lines.append(f"| `{path}:{one.line}` | {function} | {what} | {by} |")
        by_tests = sum(by.startswith("`tests/") for by in self.killed.values())
        head = HEAD.format(
            of=len(lines),
            killed=len(self.killed),
            behind=behind,
            survive=len(lines) - len(self.killed) - behind,
            matrix=len(self.killed) - by_tests,
            tests=by_tests,
            runs="\n".join([*self.runs, self._of_this_run()]),
        )
        TABLE.write_text(head + "\n".join(lines) + "\n", "utf-8")

    @staticmethod
    def _second_net(site: Site) -> str:
        other = SECOND_NETS.get((site.function, site.what.strip()))
        return f"{SECOND}: {other}" if other else ""

    def _of_this_run(self) -> str:
        minutes = (time.monotonic() - self.begun) / 60
        return (
            f"- {self.run}: {len(self.killed) - self.before} killed in {minutes:.0f} minutes;"
            f" {self.asked:,} asked of the product, {self.again:,} of a mutant."
        )


SURVIVES, SECOND = "**survives**", "second net"
HEAD = """\
# Mutants of the checks of scope

Written by `make mutants` (`tests/permissions/mutants.py`). Each check of scope and of rights in
pages, operations, selectors, querysets and permissions is taken away in turn
(`tests/permissions/guarded.py` says what counts as one): a queryset is no longer scoped, a
condition no longer refuses, a right is everybody's; row level security, the second net, is taken
away with it. First tests that ask operations and selectors past every page are run with each
mutant, then those of the apps, then the permission matrix asks its routes; the first test that
fails, or the first wrong answer, kills it.

**{of} mutants: {killed} killed ({matrix} by the matrix, {tests} by a test); {behind} second nets,
beside another check, which is killed when it is taken away; {survive} survive.** What survives has
no test or reason yet.

The runs, one after another, each of what the ones before had left:

{runs}

| Check | In | What is taken away | Killed by |
|---|---|---|---|
"""


# ---------------------------------------------------------------- by the matrix


def _askings(ground: Ground) -> Iterator[tuple[str, Address, Any]]:
    table = list(rows(ground))
    for position in (*NEAREST, *(one for one in POSITIONS if one not in NEAREST)):
        for method in ("get", "post"):
            for name, row, here in table:
                for address in here:
                    if address.position == position and method in row:
                        yield method, address, (name, row)


def _wrong(asker: Asker, method: str, address: Address, row: Any) -> str:
    """Return what is wrong with an answer, or nothing."""
    asker.wrong.__init__()  # type: ignore[misc]
    try:
        answer, wanted = asker.see(method, address, row)
    except Exception as failure:  # noqa: BLE001 - whatever a page without its check comes to
        asker.browser.cookies.clear()
        asker.browser.cookies.update(asker.kept)
        return type(failure).__name__
    if asker.wrong.told:
        return "a name"
    if asker.wrong.number():
        return f"{answer.status} for {', '.join(map(str, sorted(wanted.statuses)))}"
    return ""


class Patience:
    """How often a mutant is asked where it was not killed: some checks stand behind every page."""

    def __init__(self) -> None:
        self.by_page: Counter[tuple[Site, str, bool]] = Counter()
        self.at_all: Counter[tuple[Site, bool]] = Counter()

    def has(self, site: Site, page: str, *, is_refused: bool) -> bool:
        """Say whether one more asking is worth it: a refusal tells most, a page seldom more."""
        self.by_page[site, page, is_refused] += 1
        self.at_all[site, is_refused] += 1
        page_often, often = (13, 300) if is_refused else (13, 200)
        return (
            self.by_page[site, page, is_refused] <= page_often
            and self.at_all[site, is_refused] <= often
        )


def test_the_matrix_kills_mutants(ground: Ground) -> None:
    take_away_the_second_net()
    table, patience = Table("The matrix"), Patience()
    left, met = table.left(), dict[tuple[str, str], set[Site]]()
    amiss = list[tuple[str, ...]]()
    askers, fresh_until = list[Asker](), 0.0
    until = time.monotonic() + float(os.environ.get("MUTANTS_MINUTES", "25")) * 60
    for method, address, (name, row) in _askings(ground):
        seen = met.setdefault((method, name), set())
        if address.position != "own" and not seen & left:
            continue  # asked at one's own place already, by whom it is not one's own
        if time.monotonic() > fresh_until:
            askers = [Asker(ground, who, Count()) for who in ASKERS]
            fresh_until = time.monotonic() + SIGNED_IN
        for asker in askers:
            SWITCH.asked.clear()
            table.asked += 1
            if wrong := _wrong(asker, method, address, row):
                amiss.append((asker.who, method, name, address.position, wrong))
                continue
            asked = [one for one in SWITCH.asked if one in left]
            is_refused = expected(ground, asker.who, method, address, row).is_refused
            seen |= set(asked)
            for site in asked:
                if not patience.has(site, f"{method} {name}", is_refused=is_refused):
                    continue
                table.again += 1
                SWITCH.chosen = site
                compile_anew()
                wrong = _wrong(asker, method, address, row)
                SWITCH.chosen = None
                compile_anew()
                if wrong:
                    left.discard(site)
                    where = f"{asker.who}, {method.upper()} {name}, {address.position}"
                    table.kill(site, f"{where}: {wrong}")
        if not left or time.monotonic() > until:
            break
    table.write()
    assert amiss == [], "the product itself, which only `make matrix` may find"
    assert table.left() == set(), "nobody noticed that these were taken away"
