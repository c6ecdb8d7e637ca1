"""A small year of a small tree, and browsers that read it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.test import Client

from organizations.models import Organization, User
from targets.operations.attainment import recompute
from targets.operations.baselines import report_baseline
from targets.operations.targets import assign_target
from tests.database import Copy
from tests.makers import DAY, World, cell, unit, world
from tests.reports.everywhere import Place, two_trees
from tests.targets.makers import admit

SignIn = Callable[[User], Client]


@pytest.fixture
def signed_in() -> SignIn:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        client.cookies["django_language"] = "en"
        return client

    return sign_in


@pytest.fixture(scope="session")
def _place_kept(database_copy: Copy, django_db_blocker: Any) -> bytes:
    """The two trees, committed and kept aside: making them takes seconds, a copy a moment."""
    with django_db_blocker.unblock():
        database_copy.make()
        made = pickle.dumps(two_trees())
        database_copy.keep("place")
        database_copy.make()
    return made


@pytest.fixture
def place(_place_kept: bytes, transactional_db: None, database_copy: Copy) -> Place:
    """Two trees in a database of their own, which is thrown away after the test.

    In transactions of their own: thousands of requests that are taken back within one leave rows
    behind that no vacuum may take, and reading over them took most of the time.
    """
    database_copy.make(of="place")
    found: Place = pickle.loads(_place_kept)
    return found


@dataclass
class Year:
    """2021 on 28 May: seven of twenty admitted; `large` misses most, `none` has no target."""

    world: World
    large: Organization
    small: Organization
    none: Organization
    cells: dict[str, Organization]


def assign(
    unit: Organization, by: User, low: int, high: int | None = None, *, year: int = 2021
) -> None:
    assign_target(
        unit,
        by=by,
        on=DAY,
        year=year,
        form="range" if high else "number",
        low=low,
        high=high or low,
        decision_number="15-QĐ/ĐU",
        decided_on=date(2021, 1, 14),
    )


@pytest.fixture
def year(db: None) -> Year:
    around = world()
    large, small, none = (
        unit(slug, around.top, name=f"Đảng bộ {name}")
        for slug, name in (("lon", "Lớn"), ("nho", "Nhỏ"), ("khong-giao", "Không giao"))
    )
    cells = {one.slug: cell(f"{one.slug}-1", one) for one in (large, small, none)}
    report_baseline(around.top, by=around.staff2, on=DAY, year=2021, members=400)
    assign(around.top, around.staff2, 20)
    assign(around.committee, around.staff2, 5, 6)
    assign(large, around.staff2, 10)
    assign(small, around.staff2, 2)
    may = date(2021, 5, 19)
    admit(around.cell, date(2021, 2, 3), may, sex="female", groups=["worker"])
    admit(around.cell, may, age=35)
    admit(around.sibling, may)
    admit(cells["lon"], may)
    admit(cells["nho"], may, may, groups=["youth_union"])
    recompute(2021, on=DAY)
    return Year(around, large, small, none, cells)
