from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.utils.translation import override

from targets import deltas
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


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """The years that each run of the statement computes anew, as the test goes on."""
    asked: list[set[int]] = []
    statement = deltas.fold

    def watched(**given: Any) -> deltas.Folded:
        asked.append(set(given["anew"]))
        return statement(**given)

    monkeypatch.setattr(deltas, "fold", watched)
    return asked
