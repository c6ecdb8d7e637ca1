"""Assignments of targets that every address is asked about."""

from collections.abc import Iterator

from django.urls import reverse

from organizations.models import User
from tests.makers import World
from tests.targets.assigning import drafting, issued, submitted

from .people_asked import Asked

DAYS = "28/05/2021"
NOT_THERE = {"missing": 987_654_321}


def asked_of_cycles(here: World, there: World) -> Asked:
    """Return a decision of each tree, and the steps; each committee adjusts what it issued."""
    made = {
        whose: issued(one.committee, {one.cell.pk: 2}, by=one.staff).pk
        for whose, one in (("own", here), ("foreign", there))
    }
    drafting(here.committee, by=here.staff)
    return {
        ("target-acknowledge", "number"): {**made, **NOT_THERE},
        ("cycle-step", "step"): {"own": "lay-y-kien", "missing": "khong-co"},
    }


def forms_of_cycles(here: World) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for each form of an assignment's course.

    The grid's is of the top, where one is drafted from then on.
    """
    drafting(here.top, by=here.staff2)
    yield here.staff2, reverse("target-grid", args=[2021], query={"dv": here.top.slug}), {
        f"target-{here.committee.pk}": "38", "seen": f"{here.committee.pk}:0:",
    }  # fmt: skip
    yield here.staff, reverse("cycle-open", args=[2022]), {
        "register_by": "30/06/2021", "issue_by": "31/07/2021", "note": "Rà soát",
    }  # fmt: skip
    submitted(here.top, {here.committee.pk: 3}, by=here.staff2, year=2022)
    yield here.staff2, reverse("target-issue", args=[2022], query={"dv": here.top.slug}), {
        "decision_number": "7-QĐ", "decided_on": DAYS, "signer": "Lê Bí Thư", "note": "Vì",
        "difference": "Vì",
    }  # fmt: skip
