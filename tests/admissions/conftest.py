"""The world that most tests of files are about."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from tests.makers import World, world


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """Sentences as the source has them; pages choose their own language."""
    with translation.override("en"):
        yield


@pytest.fixture
def kc(db: None) -> World:
    return world()
