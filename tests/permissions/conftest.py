"""The ground of the matrix, made once and kept aside."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.database import Copy
from tests.permissions.ground import Ground
from tests.permissions.ground import ground as made


@pytest.fixture(scope="session")
def _ground_kept(database_copy: Copy, django_db_blocker: Any) -> bytes:
    with django_db_blocker.unblock():
        database_copy.make()
        kept = pickle.dumps(made())
        database_copy.keep("ground")
        database_copy.make()
    return kept


@pytest.fixture
def ground(
    _ground_kept: bytes, transactional_db: None, database_copy: Copy, settings: Any
) -> Ground:
    """The trees in a database of their own, as `tests/reports/conftest.py` keeps its place."""
    database_copy.make(of="ground")
    # What a request writes is taken back, also that the session was used: however long it takes.
    settings.SESSION_IDLE_SECONDS = settings.SESSION_COOKIE_AGE
    found: Ground = pickle.loads(_ground_kept)
    return found


@dataclass
class Count:
    """How many were asked, and what went wrong; told at the end, from all processes."""

    requests: int = 0
    failures: int = 0
    unlisted_routes: int = 0


@pytest.fixture
def count(record_property: Callable[[str, Any], None]) -> Iterator[Count]:
    found = Count()
    yield found
    for name, number in vars(found).items():
        record_property(name, number)
