"""What addresses of meetings and of permission name, and what their forms take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import uuid4

from django.urls import reverse

from admissions.models import Candidate
from admissions.operations.meetings import Vote, record_meeting
from admissions.operations.preparation import issue_certificate
from admissions.stages import Stage
from organizations.models import User
from tests.makers import DAY, WAY, World, candidate
from tests.reports.people_asked import Asked

DAYS = "28/05/2021"
FAILED_ON = (date(2021, 3, 8), date(2021, 3, 9), date(2021, 3, 10))


def asked_of_meetings(here: World, there: World, canaries: dict[str, str]) -> Asked:
    """Return recorded minutes, and files whose cell failed three times to reach its share."""
    files = {
        whose: candidate(of, at=Stage.READY, full_name=canaries[whose], born_on=date(1993, 11, 23))
        for of, whose in ((here, "own"), (there, "foreign"))
    }
    minutes = {
        whose: next(iter([_failed(of, files[whose], on=day) for day in FAILED_ON]))
        for of, whose in ((here, "own"), (there, "foreign"))
    }
    return {
        ("meeting-detail", "public_id"): {**minutes, "missing": uuid4()},
        ("meeting-allow", "public_id"): {
            **{whose: file.public_id for whose, file in files.items()},
            "missing": uuid4(),
        },
        ("meeting-committee", "slug"): {
            "own": here.committee.slug,
            "foreign": there.committee.slug,
            "missing": "khong-co",
        },
    }


def _failed(of: World, file: Candidate, *, on: date) -> object:
    return record_meeting(
        of.cell, by=of.secretary, on=DAY, held_on=on, results=[Vote(file, 10, 9, reasons="Vì")]
    ).public_id


def forms_of_meetings(here: World) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for every form of a meeting."""
    waiting = candidate(here, at=Stage.SYMPATHISER)
    issue_certificate(
        waiting, by=here.secretary, on=DAY, number=f"CN-{waiting.pk}", issuer="TTCT",
        issued_on=WAY["certified_on"],
    )  # fmt: skip
    resolution = {"held_on": DAYS, "resolution_number": "6-NQ"}
    code = reverse("candidate-step", args=[waiting.public_id, "duoc-lam-thu-tuc"])
    yield here.staff, code, resolution
    ready = candidate(here, at=Stage.READY)
    yield here.secretary, reverse("meeting-cell", args=[here.cell.slug]), {
        "held_on": DAYS, "present": "", "absent": "3 17", "exempt": "4", "suspended": "5",
        f"in_favour-admission-{ready.pk}": "20", f"against-admission-{ready.pk}": "2",
        f"reasons-admission-{ready.pk}": "Vì", f"number-admission-{ready.pk}": "1-NQ",
        f"helper-{waiting.pk}": str(here.members[4].pk), "roll": "", "chair": "Lê Chủ Trì",
        "secretary": "Lê Thư Ký", "absence_reasons": "Ốm",
    }  # fmt: skip
    resolved = candidate(here, at=Stage.CELL_RESOLVED)
    yield here.staff, reverse("meeting-committee", args=[here.committee.slug]), {
        "held_on": DAYS, "entitled": "15", "present": "14",
        f"in_favour-admission-{resolved.pk}": "12", f"against-admission-{resolved.pk}": "2",
        f"reasons-admission-{resolved.pk}": "Vì", f"number-admission-{resolved.pk}": "1-NQ",
        "chair": "Lê Chủ Trì", "secretary": "Lê Thư Ký",
    }  # fmt: skip
    failed = candidate(here, at=Stage.READY)
    for day in FAILED_ON:
        _failed(here, failed, on=day)
    yield here.staff2, reverse("meeting-allow", args=[failed.public_id]), {
        "what": "cell-admission", "allowed_on": DAYS, "reason": "Đã rõ",
    }  # fmt: skip
    other = candidate(here, at=Stage.SYMPATHISER)
    issue_certificate(
        other, by=here.secretary, on=DAY, number=f"CN-{other.pk}", issuer="TTCT",
        issued_on=WAY["certified_on"],
    )  # fmt: skip
    yield here.staff, reverse("permission-list"), {**resolution, f"file-{other.pk}": "on"}
