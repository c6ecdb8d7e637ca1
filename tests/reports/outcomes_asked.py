"""What addresses of decisions on admission name, and what the forms above the cell take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import uuid4

from django.urls import reverse

from admissions.models import Candidate
from admissions.operations.cancellations import ask_cancellation
from admissions.operations.late_entries import enter_late
from admissions.stages import Stage
from organizations.models import Role, User
from tests.makers import DAY, World, candidate, officer
from tests.reports.people_asked import Asked

DAYS = "28/05/2021"
SIGNED = {"number": "7-QĐ", "signed_on": DAYS, "signer": "Lê Bí Thư", "confirm": "on"}


def asked_of_outcomes(here: World, there: World, canaries: dict[str, str]) -> Asked:
    """Return decided files, whose decision may be asked to be cancelled."""
    own, foreign = (
        candidate(of, at=Stage.DECIDED, full_name=canaries[whose], born_on=date(1990, 2, 3))
        for of, whose in ((here, "own"), (there, "foreign"))
    )
    files = {"own": own.public_id, "foreign": foreign.public_id, "missing": uuid4()}
    ask_cancellation(own, by=here.staff2, on=DAY, ground="lapsed", reason="Đã mất", asked_on=DAY)
    for file, of in ((own, here), (foreign, there)):
        _entered_late(file, of)
    return {
        ("decision-review-new", "public_id"): files,
        ("decision-review-decline", "public_id"): files,
        ("late-entry-answer", "public_id"): files,
    }


def _entered_late(file: Candidate, of: World) -> None:
    enter_late(file, by=of.secretary, on=DAY, ceremony_on=date(2021, 4, 20), reason="Giấy về muộn")


def _step(file: Candidate, code: str) -> str:
    return reverse("candidate-step", args=[file.public_id, code])


def forms_of_outcomes(here: World) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for every form above the cell."""
    resolved = candidate(here, at=Stage.CELL_RESOLVED)
    yield here.secretary, _step(resolved, "gui-len"), {
        "sent_on": DAYS, "to": "grassroots", "letter_number": "1-CV",
    }  # fmt: skip
    file = candidate(here, at=Stage.GRASSROOTS_RESOLVED)
    yield here.staff2, _step(file, "tra-ho-so"), {
        "returned_on": DAYS, "back_to": "dossier", "reason": "Thiếu", "missing": "1-KNĐ",
        "other": "Ảnh",
    }  # fmt: skip
    yield here.staff2, _step(file, "gia-han"), {"decided_on": DAYS, "reason": "Chờ"}
    yield here.approver, _step(file, "khong-ket-nap"), {
        **SIGNED, "reason": "Chưa đủ", "received_on": DAYS,
    }  # fmt: skip
    decided = candidate(here, at=Stage.DECIDED)
    yield here.secretary, _step(decided, "nhan-quyet-dinh"), {"received_on": DAYS}
    yield here.staff2, reverse("decision-review-new", args=[decided.public_id]), {
        "ground": "procedure", "back_to": "ready", "reason": "Sai", "asked_on": DAYS,
    }  # fmt: skip
    asked = candidate(here, at=Stage.DECIDED)
    ask_cancellation(asked, by=here.staff2, on=DAY, ground="lapsed", reason="Đã mất", asked_on=DAY)
    third = User.objects.filter(username=f"{here.cell.slug}-duyet3").first()
    if third is None:
        third = officer(f"{here.cell.slug}-duyet3", here.top, Role.APPROVER)
    yield third, _step(asked, "huy-quyet-dinh"), {**SIGNED, "reason": "Đã mất"}
    refused = candidate(here, at=Stage.DECIDED)
    ask_cancellation(refused, by=here.staff2, on=DAY, ground="lapsed", reason="Đã đi", asked_on=DAY)
    yield third, reverse("decision-review-decline", args=[refused.public_id]), {"reason": "Đủ"}
    late = candidate(here, at=Stage.DECIDED)
    _entered_late(late, here)
    yield third, reverse("late-entry-answer", args=[late.public_id]), {"answer": "agree"}
