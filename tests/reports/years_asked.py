"""What addresses of opening members and of closed years name, and what their forms take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from organizations.models import Seal, User
from organizations.operations.seals import ask_to_close_year, close_year
from targets.models import BaselineCorrection
from targets.operations.baselines import ask_correction, report_baseline
from targets.operations.freezes import ask_to_freeze
from tests.makers import DAY, World

Asked = dict[tuple[str, str], dict[str, Any]]
"""{(route, or "" for all; parameter): {whose: value}}, own first."""

ASKED, CLOSED, FREE = 2018, 2019, 2020
"""The years of the top: one asked for, one closed, one still to be asked for."""
NOT_THERE = {"missing": 987_654_321}


def asked_of_years(here: World, there: World) -> Asked:
    """Return rows of all that these addresses name, in two trees."""
    ask_to_freeze(
        here.committee, by=here.staff2, on=DAY, year=2021, decision_number="05-QĐ/ĐU",
        signed_on=DAY,
    )  # fmt: skip
    corrections = {"own": _correction(here).pk, "foreign": _correction(there).pk, **NOT_THERE}
    waiting, shut = _waiting(here), _closed(here)
    return {
        ("baseline-correction", "number"): corrections,
        ("year-answer", "number"): {"own": waiting.pk, "foreign": _waiting(there).pk, **NOT_THERE},
        ("year-answer", "year"): {"own": ASKED, **NOT_THERE},
        ("year-open", "number"): {"own": shut.pk, "foreign": _closed(there).pk, **NOT_THERE},
        ("year-open", "year"): {"own": CLOSED, **NOT_THERE},
    }


def _correction(around: World) -> BaselineCorrection:
    report_baseline(around.top, by=around.staff2, on=DAY, year=2021, members=26)
    return ask_correction(
        around.top, by=around.staff2, on=DAY, year=2021, members=27, reason="Sót một đảng viên"
    )


def _waiting(around: World) -> Seal:
    return ask_to_close_year(around.top, by=around.staff2, on=DAY, year=ASKED)


def _closed(around: World) -> Seal:
    asked = ask_to_close_year(around.top, by=around.staff2, on=DAY, year=CLOSED)
    return close_year(asked, by=around.approver, on=DAY)


def forms_of_years(here: World, asked: Asked) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for each of these forms."""

    def of(name: str, slug: str, *more: int, year: int = 2021) -> str:
        return reverse(name, args=[year, *more], query={"dv": slug})

    top, committee, cell = here.top.slug, here.committee.slug, here.cell.slug
    correction = asked["baseline-correction", "number"]["own"]
    waiting, shut = asked["year-answer", "number"]["own"], asked["year-open", "number"]["own"]
    yield here.secretary, of("baseline-confirm", cell), {"members": "27", "note": "Sót"}
    yield here.staff2, of("baseline-freeze", top), {
        "decision_number": "05-QĐ/ĐU", "signed_on": f"{DAY:%d/%m/%Y}",
    }  # fmt: skip
    yield here.staff, of("baseline-freeze-answer", committee), {"answer": "approve"}
    yield here.approver, of("baseline-correction", top, correction), {"answer": "approve"}
    yield here.staff2, of("year-close", top, year=FREE), {"reason": "Đã nộp báo cáo"}
    yield here.approver, of("year-answer", top, waiting, year=ASKED), {"answer": "approve"}
    yield here.approver, of("year-open", top, shut, year=CLOSED), {"reason": "Sót"}
