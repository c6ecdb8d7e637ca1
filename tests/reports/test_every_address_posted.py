"""Every address, posted to without a word."""

from __future__ import annotations

import pytest

from tests.reports.everywhere import Place, Wrong, wrong

POSTING = {"secretary", "staff2", "administrator", "anonymous"}
"""Who posts: one who enters, one who decides, one who keeps the system, one from outside.

All others ask for the same addresses by GET (test_every_address.py).
"""


@pytest.mark.slow
def test_nobody_makes_an_address_fail_and_what_is_hidden_looks_like_what_is_missing(
    place: Place,
) -> None:
    assert wrong(place, "post", by=POSTING) == Wrong()
