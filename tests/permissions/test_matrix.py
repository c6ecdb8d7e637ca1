"""Every route, asked for by everybody about everybody's things: five assertions of each answer.

Its status is the one of `matrix.yaml`; it tells nobody's name who may not be read of; what is
refused writes nothing and is noted; and what is hidden looks, letter by letter, as what is missing.
`make matrix` asks for all; `make test` for each route by everybody at the positions of their turn.
"""

from __future__ import annotations

import os
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from psycopg.sql import SQL, Identifier

from admissions.selectors import STEP_CODES
from organizations.models import AuditEvent
from tests.permissions.conftest import Count
from tests.permissions.expected import (
    EXEMPT,
    MATRIX,
    ROUTES,
    SIGNED_OUT,
    STEPS,
    Expected,
    expected,
)
from tests.permissions.ground import CANARIES, Address, Ground, addresses, mixed
from tests.reports.everywhere import ELSEWHERE, Anybody, client, patterns

WHOLE = os.environ.get("MATRIX") == "whole"
TURNS = 7
"""Of the positions that are not one's own, the sibling's or nobody's, each asks for every seventh
address in `make test`; others ask for the others."""
STEPS_AT = {"own", "sibling", "cousin", "moved", "missing"}
OWN_ACCOUNT = {name for name in ROUTES if name.startswith(("mfa_", "account_", "session"))}
"""How whoever signs in proves who they are: with or without a role, and nothing of anybody else."""
ASKS_OF_PARTS = {"secretary", "staff", "staff of top"}
"""Who asks for one's own thing with a part of another's: 404, whoever asks."""
PARTS = ("one", "two", "three", "four")
"""The principals in four parts, which xdist may give to several processes."""

NOTED = {
    *(f"organizations_{name}" for name in ("auditevent", "accessevent", "audittransaction")),
    *("organizations_opensession", "organizations_burst", "django_cache"),
}
"""Where a refusal itself is noted and counted, and how often somebody tries to sign in."""

TOUCHED = """
    SELECT pg_current_xact_id_if_assigned()::text, coalesce(array_agg(relid::regclass::text)
        FILTER (WHERE n_tup_ins + n_tup_upd + n_tup_del > 0), '{}')
    FROM pg_stat_xact_user_tables
"""
"""The tables that this transaction wrote to, also what it took back since."""


def noted_as_denied() -> bool:
    """Say whether the refusal just answered was noted: once, as `access.denied`."""
    return AuditEvent.objects.filter(action="access.denied").count() == 1


@dataclass
class Wrong:
    """What must never be; each with who asked for what, and what was answered."""

    status: list[Any] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)
    written: list[Any] = field(default_factory=list)
    unnoted: list[Any] = field(default_factory=list)
    unlike: list[Any] = field(default_factory=list)
    elsewhere: list[Any] = field(default_factory=list)

    def number(self) -> int:
        return sum(len(found) for found in vars(self).values())

    def first(self) -> str:
        """Return the first few of each kind. All of thousands would take pytest an hour to show."""
        kinds = (f"{len(found)} {kind}: {found[:5]}" for kind, found in vars(self).items() if found)
        return "\n".join(kinds)


@dataclass(frozen=True)
class Answer:
    status: int
    shown: str


class Asker:
    """One principal with a browser; whatever a request wrote is taken back."""

    def __init__(self, ground: Ground, who: str, count: Count) -> None:
        self.ground, self.who, self.count = ground, who, count
        self.user: Anybody = ground.people[who]
        self.browser: Client = client(self.user)
        self.kept = dict(self.browser.cookies.items())
        self.hidden = [name for cell, name in CANARIES.items() if not _reads(ground, who, cell)]
        self.wrong = Wrong()

    def ask(self, method: str, path: str, is_refused: Callable[[int], bool]) -> Answer:
        with transaction.atomic():
            answer = getattr(self.browser, method)(path)
            refused = is_refused(answer.status_code)
            written = _written() if refused else 0
            is_told = answer.status_code in {403, 404} and self.who not in SIGNED_OUT
            noted = noted_as_denied() if is_told else True
            transaction.set_rollback(True)
        self.browser.cookies.clear()
        self.browser.cookies.update(self.kept)
        self.count.requests += 1
        body = answer.content.decode(errors="replace")  # some are Excel files
        where = (self.who, method, path, answer.status_code)
        headers = str(answer.headers)
        if answer.status_code >= 500:
            self.wrong.status.append(where)
        if told := [name for name in self.hidden if name in body or name in headers]:
            self.wrong.told.append((*where, told))
        if found := ELSEWHERE.findall(body):
            self.wrong.elsewhere.append((*where, found[:3]))
        if written:
            self.wrong.written.append((*where, written))
        if not noted:
            self.wrong.unnoted.append(where)
        return Answer(answer.status_code, _without_tokens(body, path))

    def see(self, method: str, address: Address, row: Any) -> tuple[Answer, Expected]:
        wanted = expected(self.ground, self.who, method, address, row)
        answer = self.ask(method, address.path, lambda _status: wanted.is_refused)
        if answer.status not in wanted.statuses:
            where = (self.who, method, address.route, address.position, answer.status)
            self.wrong.status.append((*where, sorted(wanted.statuses)))
        return answer, wanted


def _reads(ground: Ground, who: str, position: str) -> bool:
    """Say whether `who` may read the names of the people of the cell at `position`."""
    around = ground.worlds["sibling" if position in {"merged", "closed"} else position]
    line = ground.line(around.cell.slug)
    naming = {"secretary", "staff", "approver", "auditor"}
    return any(role in naming and where in line for role, where in ground.posts[who])


def _written() -> int:
    """Return how many rows this transaction has written and not taken back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NULL")
        if cursor.fetchone()[0]:
            return 0  # the usual answer, and quick to ask
        cursor.execute(TOUCHED)
        own, tables = cursor.fetchone()
        number = 0
        for table in set(tables) - NOTED:
            newer = SQL("SELECT count(*) FROM {} WHERE xmin::text::bigint >= %s")
            newer = newer.format(Identifier(*table.split(".")))
            cursor.execute(newer, [int(own) % 2**32])
            number += int(cursor.fetchone()[0])
        return number


TOKENS = re.compile(r'name="(csrfmiddlewaretoken|once)" value="[^"]*"|nonce="[^"]*"')


def _without_tokens(body: str, path: str) -> str:
    """Return what is said, without what differs at each asking or is only what was asked for."""
    return TOKENS.sub("", body).replace(path, "")


def rows(ground: Ground) -> Iterator[tuple[str, Any, list[Address]]]:
    """Return (name, row, addresses) of every route, and of every step of a file."""
    routes = {str(pattern.name): list(pattern.pattern.converters) for pattern in patterns()}
    for name, row in ROUTES.items():
        if name != "candidate-step":
            yield name, row, list(addresses(ground, name, routes[name]))
            continue
        files = list(addresses(ground, name, routes[name]))
        first = next(iter(STEP_CODES.values()))
        for code, roles in STEPS.items():
            here = [
                Address(name, one.position, one.path.replace(f"/{first}/", f"/{code}/"), one.cell)
                for one in files
                if one.position in STEPS_AT
            ]
            answers = {"get": [200, 302], "post": [422, 303, 409]}
            yield f"{name} {code}", {"get": roles, "post": roles, "answers": answers}, here


def _turn(who: str, name: str, method: str, position: str) -> bool:
    """Say whether it is asked: all in `make matrix`, else what is one's own and one's turn."""
    if WHOLE or (position in {"own", "missing"} and method == "get"):
        return True
    often = 3 if position in {"own", "sibling", "missing"} else TURNS
    return zlib.crc32(f"{who} {name} {method} {position}".encode()) % often == 0


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_nobody_sees_or_does_more_than_the_matrix_says(
    ground: Ground, part: str, count: Count
) -> None:
    found = Wrong()
    chosen = list(ground.people)[PARTS.index(part) :: len(PARTS)]
    table = list(rows(ground))
    for who in chosen:
        asker = Asker(ground, who, count)
        for name, row, here in table:
            for method in ("get", "post"):
                _ask_about(asker, method, name, row, here)
        if who in ASKS_OF_PARTS:
            _ask_for_parts(asker)
        for kind, one in vars(asker.wrong).items():
            getattr(found, kind).extend(one)
    count.failures += found.number()
    if found.number():
        pytest.fail(found.first())


def _ask_about(asker: Asker, method: str, name: str, row: Any, here: list[Address]) -> None:
    """Ask at each position whose turn it is; what is hidden is compared with what is missing."""
    hidden: list[tuple[Address, Answer]] = []
    missing: Answer | None = None
    for address in reversed(here):  # the missing one first
        if method not in row and address.position != "own":
            continue
        if not _turn(asker.who, name, method, address.position):
            continue
        answer, wanted = asker.see(method, address, row)
        if address.position == "missing":
            missing = answer
        elif wanted.statuses == {404}:
            hidden.append((address, answer))
    if hidden and missing is None and (nobodys := [a for a in here if a.position == "missing"]):
        missing, _wanted = asker.see(method, nobodys[0], row)
    for address, answer in hidden:
        if missing is not None and answer != missing:
            asker.wrong.unlike.append((asker.who, method, name, address.position))


def _ask_for_parts(asker: Asker) -> None:
    routes = {str(pattern.name): list(pattern.pattern.converters) for pattern in patterns()}
    for name in ROUTES:
        for path in mixed(asker.ground, name, routes[name]):
            answer = asker.ask("get", path, lambda status: status >= 400)
            if answer.status not in {403, 404}:
                asker.wrong.status.append((asker.who, "get", path, answer.status))


# ---------------------------------------------------------------- the matrix itself


def test_every_route_is_in_the_matrix_and_no_other(count: Count) -> None:
    routes = {str(pattern.name) for pattern in patterns()}
    count.unlisted_routes += len(routes - set(ROUTES) - EXEMPT)
    assert routes - set(ROUTES) - EXEMPT == set()
    assert (set(ROUTES) | EXEMPT) - routes == set()
    assert set(STEPS) == set(STEP_CODES.values())
    assert len(EXEMPT) <= 8


def test_enough_is_asked_also_where_each_asks_at_their_turn(ground: Ground) -> None:
    number = sum(
        _turn(who, name, method, address.position)
        for name, row, here in rows(ground)
        for who in ground.people
        for method in ("get", "post")
        for address in here
        if method in row or address.position == "own"
    )
    assert number >= 12_000


def test_every_route_is_for_somebody_and_not_for_three_others(ground: Ground) -> None:
    nobodys = {f"candidate-step {code}" for code, may in STEPS.items() if not may}
    impossible = {"first-start", "home", "act-as", *nobodys}  # nobody's, and everybody's
    for name, row, here in rows(ground):
        if name in impossible:
            continue
        for method in set(row) & {"get", "post"}:
            able = {
                who
                for who in ground.people
                for address in here
                if not expected(ground, who, method, address, row).is_refused
            }
            assert able, (name, method)
            fewest = len(SIGNED_OUT) if "anybody" in row[method] else 3
            assert len(ground.people.keys() - able) >= fewest, (name, method)


def test_nobody_without_a_post_is_shown_anything_but_the_frame(ground: Ground) -> None:
    strangers = SIGNED_OUT | {"former secretary", "ended yesterday"}
    shown = {
        name
        for name, row, here in rows(ground)
        for who in strangers
        if any(not expected(ground, who, "get", one, row).is_refused for one in here)
    }
    assert shown == {"home", "search", "rights", *OWN_ACCOUNT}


def test_a_number_too_large_for_any_record_makes_nothing_fail(ground: Ground) -> None:
    browser = client(ground.people["staff of top"])
    for pattern in patterns():
        wanted = pattern.pattern.converters
        numbers = [one for one, kind in wanted.items() if type(kind).__name__ == "IntConverter"]
        for about in numbers:
            name = str(pattern.name)
            own = {one: ground.of(name, one)["own"] for one in wanted}
            path = reverse(name, kwargs={**own, about: 10**30})
            with transaction.atomic():
                status = browser.get(path).status_code
                transaction.set_rollback(True)
            assert status < 500, path


def test_the_matrix_names_the_words_that_it_uses() -> None:
    words = {
        word
        for row in [*ROUTES.values(), *({"get": one} for one in STEPS.values())]
        for method in ("get", "post", "known_to")
        for where in row.get(method, {}).values()
        for word in ([where] if isinstance(where, str) else where)
    }
    assert words <= set("OSAPUDTHM")
    assert Counter(MATRIX["exempt"]).most_common(1)[0][1] == 1


def test_an_address_elsewhere_is_seen_wherever_a_page_may_name_it() -> None:
    for markup in (
        '<script src="https://cdn.example/x.js">', "<img src='//cdn.example/x.png'>",
        '<a href="http://example.vn/">', '<form action="https://example.vn/">',
        "<i style=\"background:url('https://example.vn/x.png')\">", '@import "//example.vn/x.css"',
    ):  # fmt: skip
        assert ELSEWHERE.search(markup), markup
    for markup in ('<a href="/tro-giup/">', '<svg xmlns="http://www.w3.org/2000/svg">'):
        assert not ELSEWHERE.search(markup), markup
