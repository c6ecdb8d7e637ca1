"""Figures of units outside one's subtree are seen by nobody, so no small group among them either.

Trust.md, T3 and a.1 #3, ask that groups of fewer than five be shown as “<5” to those who see only
totals of units above or beside. Nobody sees any: each page of figures begins at the reader's own
subtree. These tests say so of every page; where one ever shows more, it has to round.
"""

from __future__ import annotations

import pytest
from django.db import transaction
from django.db.models import QuerySet

from organizations.models import User
from reports.selectors.standing import figured
from targets.measures import MEASURES
from targets.models import Attainment
from targets.operations.attainment import recompute
from tests.makers import DAY
from tests.permissions.expected import expected
from tests.permissions.ground import Ground
from tests.permissions.test_matrix import rows
from tests.reports.everywhere import client

READERS = ("secretary", "staff", "approver", "leader", "auditor")
ODD = 735_193
WRITTEN = ("735193", "735.193", "735,193")
"""As no other figure is; how a page writes it."""


def pages_of(ground: Ground, who: str) -> list[tuple[str, str]]:
    """Return (route, page) of all that `who` may open at their own unit, where leaders may too."""
    browser, found = client(ground.people[who]), []
    for name, row, here in rows(ground):
        if "leader" not in row.get("get", {}):
            continue
        for address in here:
            if address.position not in {"own", "above"}:
                continue
            if not expected(ground, who, "get", address, row).is_refused:
                answer = browser.get(address.path)
                found.append((name, answer.content.decode(errors="replace")))
    return found


def has_the_odd_one(pages: list[tuple[str, str]]) -> set[str]:
    return {name for name, page in pages if any(one in page for one in WRITTEN)}


@pytest.mark.slow
def test_no_page_shows_any_figure_of_a_unit_outside_the_readers_subtree(ground: Ground) -> None:
    recompute(2021)
    for who in READERS:
        reader = ground.people[who]
        assert isinstance(reader, User)
        with transaction.atomic():
            outside = Attainment.objects.exclude(
                organization__in=figured(reader, on=DAY).values("pk")
            )
            assert outside.filter(organization__slug=ground.worlds["own"].top.slug).exists()
            _make_odd(outside)

            pages = pages_of(ground, who)
            transaction.set_rollback(True)

        assert len({name for name, _page in pages}) > 10, who
        assert has_the_odd_one(pages) == set(), who
    # The same figures, to those whose subtree they are of.
    _make_odd(Attainment.objects.all())
    assert {"dashboard", "organization-detail"} <= has_the_odd_one(pages_of(ground, "leader"))


def _make_odd(rows: QuerySet[Attainment]) -> None:
    measures = dict.fromkeys((one.name for one in MEASURES), ODD)
    assert rows.update(**measures, opening_members=ODD, term_admitted=ODD)
