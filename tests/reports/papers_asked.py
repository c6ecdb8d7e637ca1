"""What addresses of papers, introducers and verifications name, and what their forms take.

The form of a scan takes a file, which is not typed: tests/admissions/test_scans.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import uuid4

from django.urls import reverse

from admissions.models import Candidate, Introducer, Scan, Verification
from admissions.operations.introducers import name_introducer
from admissions.operations.scans import add_scan
from admissions.operations.verifications import send_verification
from admissions.stages import Stage
from organizations.models import User
from tests.makers import DAY, World, candidate, logged
from tests.reports.people_asked import Asked

DAYS = "28/05/2021"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
ROUTES = (
    *("candidate-paper", "candidate-scan-new", "candidate-scan", "introducer-end"),
    *("candidate-verifications", "verification-unsent", "verification-answer"),
    "verification-waive",
)


def asked_of_papers(here: World, there: World, canaries: dict[str, str]) -> Asked:
    """Return files that have a paper with a scan, an introducer and a request open."""
    files = {
        whose: _with_papers(of, canaries[whose])
        for of, whose in ((here, "own"), (there, "foreign"))
    }
    found: Asked = {
        (route, "public_id"): {
            **{whose: file.public_id for whose, file in files.items()},
            "missing": uuid4(),
        }
        for route in ROUTES
    }
    rest = {"missing": 987_654_321}
    papers = {whose: file.papers.get(kind__code="2-KNĐ") for whose, file in files.items()}
    return found | {
        ("", "paper"): {whose: paper.pk for whose, paper in papers.items()} | rest,
        ("", "scan"): {whose: Scan.objects.get(paper=paper).pk for whose, paper in papers.items()}
        | rest,
        ("", "introducer"): {
            whose: Introducer.objects.filter(candidate=file).latest("pk").pk
            for whose, file in files.items()
        }
        | rest,
        ("", "verification"): {
            whose: Verification.objects.get(candidate=file).pk for whose, file in files.items()
        }
        | rest,
    }


def _with_papers(world: World, full_name: str) -> Candidate:
    file = candidate(world, at=Stage.READY, full_name=full_name, born_on=date(1991, 3, 4))
    add_scan(
        file, by=world.secretary, on=DAY, paper=file.papers.get(kind__code="2-KNĐ"),
        content=PDF, name="ly-lich.pdf",
    )  # fmt: skip
    _introduced(world, file)
    _asked(world, file)
    return file


def _introduced(world: World, file: Candidate) -> Introducer:
    return name_introducer(
        file, by=world.secretary, on=DAY, kind="member", person=world.members[1], named_on=DAY,
        together_since=date(2019, 1, 1),
    )  # fmt: skip


def _asked(world: World, file: Candidate) -> Verification:
    return send_verification(
        file, by=world.secretary, on=DAY, relation="applicant", subject="", place="Đảng ủy phường",
        sent_on=DAY,
    )  # fmt: skip


def forms_of_papers(here: World) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for every form of a cell's secretary."""
    file = logged(here, is_youth_union_member=True)

    def at(name: str, *more: object) -> str:
        return reverse(name, args=[file.public_id, *more])

    yield here.secretary, at("candidate-step", "gioi-thieu"), {
        "person": str(here.members[1].pk), "together_since": "01/01/2019",
        "person_2": str(here.members[2].pk), "together_since_2": "01/01/2019",
        "union": "Chi đoàn 1", "named_on": DAYS,
    }  # fmt: skip
    yield here.secretary, at("introducer-end", _introduced(here, file).pk), {
        "ended_on": DAYS, "reason": "Chuyển đi", "successor": str(here.members[2].pk),
    }  # fmt: skip
    yield here.secretary, at("candidate-step", "gui-tham-tra"), {
        "relation": "father", "subject": "Vũ Văn Cha", "place": "Xã", "is_abroad": "on",
        "method": "sent", "verifier": str(here.members[2].pk), "sent_on": DAYS,
    }  # fmt: skip
    request = _asked(here, file)
    yield here.secretary, at("verification-answer", request.pk), {
        "received_on": DAYS, "result": "unclear", "note": "Chưa rõ",
    }  # fmt: skip
    yield here.secretary, at("verification-waive", request.pk), {"reason": "Đã rõ"}
    yield here.secretary, at("verification-unsent"), {
        "relation": "mother", "subject": "Lê Thị Mẹ", "place": "Xã", "reason": "Đã rõ",
    }  # fmt: skip
