"""What addresses of files that move and of helpers name, and what their forms take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from django.urls import reverse

from admissions.models import Candidate, FileTransfer, Mentorship
from admissions.operations.moving import ask_move, send_file
from admissions.operations.preparation import assign_mentor
from admissions.stages import Stage
from organizations.models import User
from tests.makers import DAY, World, candidate, logged
from tests.reports.people_asked import Asked

DAYS = "28/05/2021"
ASKED = ("move-send", "move-withdraw")
SENT = ("move-take", "move-refuse", "move-review")


def asked_of_moving(here: World, there: World, canaries: dict[str, str]) -> Asked:
    """Return rows of all that these addresses name, in three cells of two trees."""
    places = {
        "own": (here, here.cell, here.secretary),
        "sibling": (here, here.sibling, here.secretary2),
        "foreign": (there, there.cell, there.secretary),
    }
    files: dict[tuple[str, bool], FileTransfer] = {}
    helping: dict[str, Any] = {}
    for whose, (world, cell, secretary) in places.items():
        for is_sent in (False, True):
            words = "Ba" if is_sent else "Hai"
            file = logged(world, full_name=f"{canaries[whose]} {words}", cell=cell, by=secretary)
            files[whose, is_sent] = _on_its_way(file, world, secretary, is_sent=is_sent)
        helped = logged(world, full_name=f"{canaries[whose]} Tư", cell=cell, by=secretary)
        helping[whose] = assign_mentor(
            helped, by=secretary, on=DAY, mentor=world.members[0], since=DAY
        ).pk
    found: Asked = {("", "mentorship"): {**helping, "missing": 987_654_321}}
    for routes, is_sent in ((ASKED, False), (SENT, True)):
        for route in routes:
            rows = {whose: files[whose, is_sent].public_id for whose in places}
            found[route, "move"] = {**rows, "missing": uuid4()}
    return found


def _on_its_way(file: Candidate, world: World, by: User, *, is_sent: bool) -> FileTransfer:
    # To the committee: another cell's secretary would see a request to it.
    transfer = ask_move(file, by=by, on=DAY, moved_on=DAY, destination=world.committee)
    if not is_sent:
        return transfer
    return send_file(transfer, by=by, on=DAY, sent_on=DAY, certificate_number="7-GCN")


def forms_of_moving(here: World, asked: Asked) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for each form of these pages."""
    ready = candidate(here, at=Stage.READY)
    step = lambda code: reverse("candidate-step", args=[ready.public_id, code])  # noqa: E731
    move = lambda name: reverse(name, args=[asked[name, "move"]["own"]])  # noqa: E731
    helping = Mentorship.objects.get(candidate=ready).pk
    yield here.secretary, step("chuyen-di"), {
        "moved_on": DAYS, "destination": f"x [{here.sibling.slug}]", "reason": "Đổi ca",
    }  # fmt: skip
    yield here.secretary, step("thoi-giup-do"), {
        "helper": str(helping), "released_on": DAYS, "reason": "Chuyển", "comment": "Tốt",
        "mentor": str(here.members[1].pk),
    }  # fmt: skip
    yield here.secretary, move("move-send"), {"sent_on": DAYS, "certificate_number": "7-GCN"}
    yield here.secretary, move("move-withdraw"), {"reason": "Không chuyển nữa"}
    yield here.staff, move("move-take"), {
        "received_on": DAYS, "cell": f"x [{here.sibling.slug}]",
    }  # fmt: skip
    yield here.staff, move("move-refuse"), {"answer": "Không cư trú ở đây"}
    yield here.staff, move("move-review"), {"answer": "Thiếu chữ ký"}
    yield here.secretary, reverse("helper-note", args=[asked["", "mentorship"]["own"]]), {
        "noted_on": DAYS, "text": "Đã giao việc",
    }  # fmt: skip
