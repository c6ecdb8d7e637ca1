"""What addresses of rounds name, and what their forms take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.urls import reverse

from admissions.operations.rounds import plan_round
from organizations.models import User
from tests.makers import DAY, World

Asked = dict[tuple[str, str], dict[str, Any]]
"""{(route, or "" for all; parameter): {whose: value}}, own first."""


def asked_of_rounds(here: World, there: World) -> Asked:
    """Return a round of each of two trees."""
    own, foreign = (
        plan_round(one.top, by=one.staff2, on=DAY, name="2/9", day=date(2021, 9, 2)).pk
        for one in (here, there)
    )
    return {
        ("round-edit", "round"): {
            "own": own,
            "foreign": foreign,
            "missing": 987_654_321,
        }
    }


def forms_of_rounds(here: World, asked: Asked) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for each of these forms."""
    typed = {"name": "12/11", "day": "12/11/2021", "submit_by": "01/10/2021"}
    yield here.staff2, reverse("round-new"), typed
    number = asked["round-edit", "round"]["own"]
    yield here.staff2, reverse("round-edit", args=[number]), {**typed, "day": "13/11/2021"}
