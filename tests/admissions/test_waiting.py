"""What waits for somebody beside the tasks of files: asked of every app in one statement."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from admissions.operations.moving import ask_move
from admissions.stages import Stage
from organizations.models import Membership, Transfer, User
from organizations.operations.duplicates import ask_merge
from organizations.operations.people import leave
from organizations.operations.transfers import release, request_transfer
from organizations.sheets.waiting import Kind, waiting_for
from tests.makers import DAY, World, candidate, members, vote, world

pytestmark = pytest.mark.django_db

MOVED = DAY - timedelta(days=3)


def kinds() -> list[Kind]:
    return [kind for name in settings.WAITING_TASKS for kind in import_string(name)]


def one_by_one(user: User, on: date) -> dict[str, int]:
    """What each kind's own queryset gives, as compiled for this user and day alone."""
    counted = {}
    for kind in kinds():
        rows = list(kind.rows(user, on=on).values_list(*kind.columns))
        number = kind.judge([(*row, len(rows)) for row in rows], on) if kind.judge else len(rows)
        if number:
            counted[str(kind.title) % {"year": on.year}] = number
    return counted


def told(user: User, on: date = DAY) -> dict[str, int]:
    return {row.title: row.count for row in waiting_for(user, on=on)}


@pytest.fixture
def busy(kc: World) -> World:
    """Two cells in which something of nearly every kind waits."""
    candidate(kc, at=Stage.SYMPATHISER)
    candidate(kc, at=Stage.READY)
    short = candidate(kc, at=Stage.READY)
    vote(short, by=kc.secretary, level="cell", held_on=DAY, in_favour=2)
    leave(Membership.objects.get(person=kc.members[0]), on=DAY, reason_out="left")
    going = candidate(kc, at=Stage.DOSSIER)
    ask_move(going, by=kc.secretary, on=DAY, moved_on=MOVED, destination=kc.sibling)
    for person in kc.members[5:8]:
        official = Transfer.Kind.OFFICIAL
        request_transfer(
            person, by=kc.secretary, on=DAY, kind=official, destination=kc.sibling, reason="Về"
        )
    release(Transfer.objects.earliest("pk"), by=kc.secretary, on=DAY, effective_on=DAY)
    first, second = members(kc.sibling, 2)
    ask_merge(
        first, second, by=kc.staff, on=DAY, reason="Một người", decision_number="3-QĐ/ĐU",
        decided_on=DAY,
    )  # fmt: skip
    return kc


def everybody(kc: World) -> list[User]:
    named = ("secretary", "secretary2", "staff", "staff2", "approver", "leader", "administrator")
    return [getattr(kc, name) for name in named]


@pytest.mark.thorough
def test_the_one_statement_tells_each_user_what_the_kinds_own_queries_do(busy: World) -> None:
    for user in everybody(busy):
        assert told(user) == one_by_one(user, DAY), user
    assert len({title for user in everybody(busy) for title in told(user)}) >= 8


@pytest.mark.thorough
def test_of_another_day_it_tells_what_stood_then(busy: World) -> None:
    told(busy.secretary)
    for day in (DAY - timedelta(days=400), date(2021, 1, 1), DAY + timedelta(days=1)):
        assert told(busy.secretary, day) == one_by_one(busy.secretary, day), day
    assert told(busy.secretary, DAY - timedelta(days=400)) != told(busy.secretary)


@pytest.mark.thorough
def test_it_costs_one_query_and_two_more_where_helpers_are_judged(
    busy: World, django_assert_num_queries: Any
) -> None:
    told(busy.staff)
    with django_assert_num_queries(1):
        told(busy.staff)


def test_it_tells_somebody_whose_account_is_closed_nothing(busy: World) -> None:
    assert told(busy.secretary)
    busy.secretary.is_active = False
    assert told(busy.secretary) == {}


@pytest.mark.thorough
def test_another_places_users_are_told_nothing_of_it(busy: World) -> None:
    elsewhere = world(slug="hg", number=1)
    own = {"Members on 1 January 2021 to confirm": 1}
    for user in everybody(elsewhere):
        assert told(user) in ({}, own), user
