"""What organisations declare themselves, and the superior's answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from admissions.operations.candidates import close_candidate, log_candidate
from config.errors import DomainError
from organizations.models import Organization, User
from organizations.sheets.waiting import waiting_for
from targets.models import Attainment, ReportedFigure, SourceDeclaration
from targets.operations.attainment import recompute
from targets.operations.declarations import (
    answer_declaration,
    declare_forecast,
    declare_no_source,
    report_figure,
)
from targets.sheets import grid
from targets.what_if import Method, Scenario, tried
from tests.organizations.makers import officer, unit
from tests.targets.makers import stand_on

DAY = date(2021, 5, 28)


@pytest.fixture
def top(db: None) -> Organization:
    stand_on(DAY)
    return unit("top", kind="province")


@pytest.fixture
def base(top: Organization) -> Organization:
    return unit("base", top)


@pytest.fixture
def own(base: Organization) -> User:
    return officer("canbo", base, "staff")


@pytest.fixture
def above(top: Organization) -> User:
    return officer("canbo2", top, "staff")


def refused(act: Callable[[], Any]) -> list[str]:
    with pytest.raises(DomainError) as refusal:
        act()
    return sorted(refusal.value.fields)


def declared(base: Organization, by: User, **changes: Any) -> SourceDeclaration:
    return declare_no_source(
        base,
        by=by,
        on=DAY,
        **{
            "grounds": "Không tuyển mới từ 2016",
            "declared_on": date(2021, 3, 1),
            "review_on": date(2021, 12, 1),
            **changes,
        },
    )


def holding(on: date = DAY) -> list[str]:
    return [one.organization.slug for one in SourceDeclaration.objects.holding(on=on)]


def test_no_source_counts_once_accepted_and_until_its_review(
    base: Organization, own: User, above: User
) -> None:
    declaration = declared(base, own)
    assert holding() == []

    answer_declaration(declaration, by=above, on=DAY, accept=True)

    assert holding() == ["base"]
    assert holding(on=date(2021, 11, 30)) == ["base"]
    assert holding(on=date(2021, 12, 1)) == []


def test_a_returned_declaration_does_not_count(base: Organization, own: User, above: User) -> None:
    answer_declaration(declared(base, own), by=above, on=DAY, accept=False)

    assert holding() == []


def test_a_declaration_is_answered_once_and_by_its_superior_not_by_its_author(
    base: Organization, own: User, above: User
) -> None:
    declaration = declared(base, own)
    with pytest.raises(DomainError):
        declared(base, above)  # the first waits for its answer

    with pytest.raises(PermissionDenied):
        answer_declaration(declaration, by=own, on=DAY, accept=True)
    answer = answer_declaration(declaration, by=above, on=DAY, accept=True)
    with pytest.raises(DomainError):
        answer_declaration(declaration, by=above, on=DAY, accept=False)
    taken_down = declared(base, above)
    with pytest.raises(PermissionDenied):
        answer_declaration(taken_down, by=above, on=DAY, accept=True)
    with pytest.raises(DomainError):
        answer_declaration(answer, by=officer("canbo3", answer.organization.placements.get().parent,
                                              "staff"), on=DAY, accept=True)  # fmt: skip


def test_a_declaration_needs_grounds_and_a_later_review(base: Organization, own: User) -> None:
    assert refused(lambda: declared(base, own, grounds=" ")) == ["grounds"]
    assert refused(lambda: declared(base, own, review_on=date(2021, 3, 1))) == ["review_on"]
    # One that nobody would look at again is none that lapses.
    assert refused(lambda: declared(base, own, review_on=date(2099, 1, 1))) == ["review_on"]
    assert refused(lambda: declared(base, own, declared_on=date(2021, 5, 29))) == ["declared_on"]


def test_a_forecast_names_its_author_and_is_no_strangers(
    top: Organization, base: Organization, own: User
) -> None:
    asked = {"by": own, "on": DAY, "year": 2021, "people": 45, "declared_on": DAY}

    forecast = declare_forecast(base, **asked, declared_by="Đồng chí Bí thư")

    assert (forecast.people, forecast.declared_by) == (45, "Đồng chí Bí thư")
    assert refused(lambda: declare_forecast(base, **asked, declared_by="")) == ["declared_by"]
    assert refused(lambda: declare_forecast(base, **{**asked, "people": -1}, declared_by="x")) == [
        "people"
    ]
    with pytest.raises(PermissionDenied):
        declare_forecast(top, **asked, declared_by="x")


def test_a_figure_that_the_system_does_not_count_is_reported_with_evidence(
    base: Organization, own: User
) -> None:
    asked = {"by": own, "on": DAY, "as_of": DAY, "evidence": "Báo cáo 12-BC/ĐU"}

    figure = report_figure("KN11", base, numerator=121, denominator=130, **asked)

    assert ReportedFigure.objects.get() == figure
    for code, numbers, at in [
        ("KN01", {"numerator": 5}, ["indicator"]),
        ("KN99", {"numerator": 5}, ["indicator"]),
        ("KN11", {"numerator": 131, "denominator": 130}, ["denominator"]),
        ("KN11", {"numerator": 1, "denominator": 0}, ["denominator"]),
        ("KN11", {"numerator": 1}, ["denominator"]),
        ("KN12", {"numerator": -1}, ["numerator"]),
    ]:
        assert refused(lambda c=code, n=numbers: report_figure(c, base, **n, **asked)) == at
    assert refused(
        lambda: report_figure("KN12", base, numerator=2, **{**asked, "evidence": ""})
    ) == ["evidence"]


# ---------------------------------------------------------------- the whole story

TO_ANSWER = "Declarations that no source is left, to answer"
TO_REVIEW = "Declarations that no source is left have lapsed: review them"


def waits(user: User, *, on: date = DAY) -> dict[str, str]:
    return {one.title: one.url for one in waiting_for(user, on=on)}


@pytest.mark.thorough
@pytest.mark.usefixtures("in_english")
def test_a_declaration_waits_for_who_answers_it_and_not_for_its_author(
    top: Organization, base: Organization, own: User, above: User
) -> None:
    declaration = declared(base, own)

    assert waits(above)[TO_ANSWER].endswith(f"/khong-nguon/{declaration.pk}/?dv=base")
    assert TO_ANSWER not in waits(own)
    answer_declaration(declaration, by=above, on=DAY, accept=False)
    taken_down = declared(base, above)
    assert TO_ANSWER not in waits(above)
    assert waits(officer("canbo3", top, "staff"))[TO_ANSWER].endswith(
        f"/khong-nguon/{taken_down.pk}/?dv=base"
    )


@pytest.mark.usefixtures("in_english")
def test_a_lapsed_declaration_waits_for_its_unit_until_it_declares_anew_or_has_a_file(
    base: Organization, own: User, above: User
) -> None:
    before, on = date(2021, 11, 30), date(2021, 12, 1)
    answer_declaration(declared(base, own), by=above, on=DAY, accept=True)

    assert TO_REVIEW not in waits(own, on=before)
    assert waits(own, on=on)[TO_REVIEW] == "/chi-tieu/2021/khong-nguon/?dv=base"
    assert TO_REVIEW not in waits(above, on=on)
    cell = unit("cell", base, kind="cell")
    secretary = officer("bithu", cell)
    file = log_candidate(
        cell, by=secretary, on=DAY, full_name="Vũ Văn Thịnh", born_on=date(1996, 9, 17),
        sex="male", occupation="Thợ lò", identified_on=DAY,
    )  # fmt: skip
    assert TO_REVIEW not in waits(own, on=on)
    close_candidate(file, by=secretary, on=DAY, closed_on=DAY, reason="Chuyển đi")
    assert TO_REVIEW in waits(own, on=on)
    declared(base, own, declared_on=DAY, review_on=date(2022, 6, 1))
    assert TO_REVIEW not in waits(own, on=on)


def test_who_has_no_source_is_exempt_from_allocation_and_told_as_a_share_of_all(
    top: Organization, base: Organization, own: User, above: User
) -> None:
    """27/66 bases without a source: counted by the system, until the day of review."""
    others = [unit(f"b{number}", top) for number in range(3)]
    accepted = declared(base, own)
    answer_declaration(accepted, by=above, on=DAY, accept=True)
    declared(others[0], officer("canbo4", others[0], "staff"))

    def told(on: date) -> tuple[int, int]:
        recompute(2021, on=on)
        row = Attainment.objects.get(organization=top, year=2021, lens="then")
        return row.units_without_source, row.units

    assert told(DAY) == (1, 4)
    rows = grid(top, year=2021, on=DAY)
    found = tried(rows, Scenario(total=9, method=Method.EQUAL)).shares
    shares = {row.organization.slug: found[row.key] for row in rows}
    assert shares == {"base": 0, "b0": 3, "b1": 3, "b2": 3}
    stand_on(date(2021, 11, 30))
    assert told(date(2021, 11, 30)) == (1, 4)
    stand_on(date(2021, 12, 1))
    assert told(date(2021, 12, 1)) == (0, 4)
