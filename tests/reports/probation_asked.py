"""What addresses of the probation name, and what its forms take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import uuid4

from django.urls import reverse

from admissions.models import Candidate
from admissions.stages import Level, Purpose, Stage
from organizations.models import User
from tests.makers import DAY, World, candidate, vote_of_probation
from tests.reports.people_asked import Asked

DAYS = "28/05/2021"
BALLOT = {
    "held_on": DAYS, "entitled": "15", "present": "15", "in_favour": "14", "against": "0",
    "resolution_number": "1-NQ",
}  # fmt: skip
CELL = {"entitled": "26", "present": "26", "in_favour": "25"}


def asked_of_probation(here: World, there: World, canaries: dict[str, str]) -> Asked:
    """Return decided files, whose ceremony has a programme and minutes."""
    own, foreign = (
        candidate(of, at=Stage.DECIDED, full_name=canaries[whose], born_on=date(1991, 4, 5))
        for of, whose in ((here, "own"), (there, "foreign"))
    )
    return {
        ("ceremony-minutes", "public_id"): {
            "own": own.public_id,
            "foreign": foreign.public_id,
            "missing": uuid4(),
        }
    }


def _step(file: Candidate, code: str) -> str:
    return reverse("candidate-step", args=[file.public_id, code])


def forms_of_probation(here: World) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for the forms of the first days.

    Those of recognition, a year later, are the same form of a vote and of a decision.
    """
    file = candidate(here, at=Stage.ADMITTED)
    yield here.secretary, _step(file, "ho-so-dang-vien"), {"made_on": DAYS}
    for code, by, voted in (
        ("chi-bo-xoa-ten", here.secretary, []),
        ("co-so-xoa-ten", here.staff, [Level.CELL]),
        ("cap-tren-xoa-ten", here.staff2, [Level.CELL, Level.GRASSROOTS]),
    ):
        people = BALLOT if voted else {**BALLOT, **CELL}
        yield by, _step(_to_delete(here, voted), code), people
    yield here.approver, _step(_to_delete(here, list(Level)), "quyet-dinh-xoa-ten"), {
        "number": "8-QĐ", "signed_on": DAYS, "signer": "Lê Bí Thư", "reason": "Bỏ sinh hoạt",
        "received_on": DAYS, "confirm": "on",
    }  # fmt: skip


def _to_delete(here: World, voted: list[Level]) -> Candidate:
    """A member on probation on whose name the bodies `voted` have voted."""
    file = candidate(here, at=Stage.ADMITTED)
    for level in (one for one in voted if one != Level.INTERMEDIATE):
        vote_of_probation(here, file, level=level, held_on=DAY, on=DAY, purpose=Purpose.DELETION)
    return file
