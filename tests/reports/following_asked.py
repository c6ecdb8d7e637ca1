"""What addresses of following up name, and what their forms take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.urls import reverse

from organizations.models import User
from targets.models import FollowUp
from targets.operations.following import assign_follow_up
from tests.makers import DAY, World
from tests.reports.years_asked import Asked

NOT_THERE = {"missing": 987_654_321}


def asked_of_following(here: World, there: World) -> Asked:
    """Return rows of all that these addresses name, in two trees."""
    tasks = {"own": _given(here).pk, "foreign": _given(there).pk, **NOT_THERE}
    return {
        ("month-confirm", "month"): {"own": 4, "missing": 13},
        ("follow-up", "number"): tasks,
    }


def _given(around: World) -> FollowUp:
    return assign_follow_up(
        around.cell, by=around.staff, on=DAY, year=2021, task="Rà nguồn", responsible="Đ/c Bình",
        due_on=date(2021, 6, 10),
    )  # fmt: skip


def forms_of_following(here: World, asked: Asked) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for each of these forms."""

    def of(name: str, *more: int) -> str:
        return reverse(name, args=[2021, *more], query={"dv": here.cell.slug})

    yield here.secretary, of("month-confirm", 4), {
        "admitted": "1", "note": "Một quyết định đến muộn", "shortfall": "Chờ thẩm tra",
    }  # fmt: skip
    yield here.staff, of("follow-up-new"), {
        "task": "Rà nguồn", "assignee": str(here.secretary.pk), "responsible": "Đ/c Bình",
        "due_on": "10/06/2021",
    }  # fmt: skip
    yield here.staff, of("visit-new"), {
        "visited_on": "20/05/2021", "who": "Đ/c Bình", "findings": "Hai người chưa học lớp",
    }  # fmt: skip
    number = asked["follow-up", "number"]["own"]
    yield here.staff, reverse("follow-up", args=[2021, number]), {"result": "Thêm ba nguồn"}
