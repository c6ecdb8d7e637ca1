"""What is hidden costs as much as what does not exist: the time tells nobody which it is (T2)."""

from __future__ import annotations

from datetime import timedelta
from statistics import median
from time import perf_counter
from uuid import uuid4

import pytest
from django.db import connection, reset_queries, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from admissions.models import Candidate
from admissions.stages import Stage
from organizations import sessions
from tests.makers import World, candidate, world
from tests.permissions.expected import expected
from tests.permissions.ground import Ground
from tests.permissions.test_matrix import rows
from tests.reports.everywhere import client

ASKED = 50
APART = 0.020
"""Seconds that the medians may lie apart (trust.md T2)."""

ASK_MORE = {
    *("class-answer", "class-cancel", "class-edit", "class-mark", "class-withdraw"),
    *("duplicate-approve", "duplicate-refuse", "helper-note", "transfer-release"),
    "transfer-withdraw",
}
"""Pages that look at the record before they ask whose it is: up to five queries more."""


def asked(browser: Client, method: str, path: str) -> tuple[int, int]:
    """Return (status, queries) of one asking; what it wrote is taken back."""
    reset_queries()  # of so many that are asked, the log would overflow
    with transaction.atomic():
        with CaptureQueriesContext(connection) as queries:
            answer = getattr(browser, method)(path)
        transaction.set_rollback(True)
    return answer.status_code, len(queries)


@pytest.mark.slow
def test_what_is_hidden_asks_the_database_as_often_as_what_is_missing(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A session is noted as in use once a minute, by whichever request comes then.
    monkeypatch.setattr(sessions, "SEEN_ANEW", timedelta(days=1))
    who, unlike, compared = "secretary of sibling", {}, 0
    browser = client(ground.people[who])
    for name, row, here in rows(ground):
        missing = next((one for one in here if one.position == "missing"), None)
        hidden = [
            one
            for one in here
            if one.position in {"own", "cousin"} and "get" in row
            if expected(ground, who, "get", one, row).statuses == {404}
        ]
        if missing is None or not hidden:
            continue
        status, queries = asked(browser, "get", missing.path)
        for one in hidden:
            compared += 1
            found = asked(browser, "get", one.path)
            assert found[0] == status == 404
            if found[1] != queries:
                unlike[name] = max(found[1] - queries, unlike.get(name, 0))
    assert set(unlike) <= ASK_MORE, unlike
    assert all(0 < more <= 5 for more in unlike.values()), unlike
    assert compared > 100


@pytest.fixture
def kc(db: None) -> World:
    return world()


def test_a_hidden_file_asks_the_database_as_often_as_a_missing_one(kc: World) -> None:
    hidden, browser = candidate(kc, at=Stage.READY), client(kc.secretary2)
    paths = [reverse("candidate-detail", args=[one]) for one in (hidden.public_id, uuid4())]
    asked(browser, "get", paths[0])  # whatever is asked once and kept

    assert asked(browser, "get", paths[0]) == asked(browser, "get", paths[1])


@pytest.mark.slow
def test_a_hidden_and_a_missing_file_take_the_same_time(kc: World) -> None:
    hidden, browser = candidate(kc, at=Stage.READY), client(kc.secretary2)
    assert Candidate.objects.filter(pk=hidden.pk).exists()
    taken: dict[bool, list[float]] = {True: [], False: []}
    for _time in range(ASKED):
        for is_there in (True, False):  # by turns, so that a busy machine is busy for both
            key = hidden.public_id if is_there else uuid4()
            path = reverse("candidate-detail", args=[key])
            began = perf_counter()
            answer = browser.get(path)
            taken[is_there].append(perf_counter() - began)
            assert answer.status_code == 404

    assert abs(median(taken[True]) - median(taken[False])) <= APART
