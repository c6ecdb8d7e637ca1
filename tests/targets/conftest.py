from collections.abc import Iterator
from datetime import date

import pytest
from django.utils.translation import override

from tests.targets.makers import stand_on

DAY = date(2021, 12, 31)


@pytest.fixture
def end_of_2021(db: None) -> date:
    """The clock stands on 31 December 2021."""
    stand_on(DAY)
    return DAY


@pytest.fixture
def in_english() -> Iterator[None]:
    """Sentences of operations and selectors are read in English, whatever was asked before."""
    with override("en"):
        yield
