"""Whoever is shown somebody's name leaves a reading: every route, asked by all who read names."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from organizations.models import AccessEvent, AuditEvent, Person
from organizations.pages_read import ABOUT_OF, WITHOUT_NAMES
from tests.permissions.expected import EXEMPT, expected
from tests.permissions.ground import CANARIES, Address, Ground
from tests.permissions.test_matrix import rows
from tests.reports.everywhere import client, patterns

READERS = ("secretary", "staff", "approver", "auditor", "staff of top")
OTHERS = ("leader", "administrator", "centre")


def readings() -> int:
    read = AuditEvent.objects.filter(kind=AuditEvent.Kind.READ)
    return int(AccessEvent.objects.count() + read.count())


def asked(browser: Client, method: str, address: Address) -> tuple[Any, int]:
    """Return the answer and how many readings were told; what was written is taken back."""
    with transaction.atomic():
        before = readings()
        answer = getattr(browser, method)(address.path)
        told = readings() - before
        transaction.set_rollback(True)
    return answer, told


def names_of_people() -> list[str]:
    """Return whom the records are of, but for those who sign in or hold a post."""
    holding = Person.objects.exclude(accounts__isnull=True, posts__isnull=True)
    called = [people.values_list("full_name", flat=True) for people in (Person.objects, holding)]
    return sorted({*CANARIES.values(), *called[0]} - set(called[1]))


TOLD_TWICE = {"file-extract"}
"""A paper to print, and what is sealed of its person, which counts towards a limit of its own."""


@pytest.mark.slow
@pytest.mark.parametrize("who", READERS + OTHERS)
def test_every_page_that_shows_a_name_is_told_and_told_once(ground: Ground, who: str) -> None:
    """Also a form that was sent wrongly and is shown again: no name is read past the audit."""
    browser, names = client(ground.people[who]), names_of_people()
    untold, twice, shown = [], [], set()
    for name, row, here in rows(ground):
        for address in [one for one in here if one.position == "own"]:
            for method in sorted({"get", "post"} & set(row)):
                if expected(ground, who, method, address, row).is_refused:
                    continue
                answer, told = asked(browser, method, address)
                body = answer.content.decode(errors="replace")
                if found := [one for one in names if one in body]:
                    shown.add(name)
                    if not told:
                        untold.append((method, name, found[:2]))
                if told > (2 if name in TOLD_TWICE else 1):
                    twice.append((method, name))
    assert (untold, twice) == ([], [])
    assert len(shown) > 25 or who in OTHERS


def test_what_is_said_of_routes_is_said_of_routes_that_are_there() -> None:
    routes = {str(pattern.name) for pattern in patterns()}

    assert WITHOUT_NAMES - routes == set()
    assert set(ABOUT_OF) - routes == set()
    assert EXEMPT <= WITHOUT_NAMES, "nobody's record"
