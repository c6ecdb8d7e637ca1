"""Setting targets and baselines, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from config.errors import DomainError
from organizations.models import Organization, User
from targets.models import Baseline, Target
from targets.operations.attainment import recompute
from targets.operations.baselines import (
    NewBaseline,
    answer_correction,
    ask_correction,
    report_baseline,
    report_baselines,
)
from targets.operations.targets import assign_target, register_target
from targets.rules import missing, people_of_percent, percent, ranks
from tests.organizations.makers import account, appointed, cell, unit
from tests.targets.makers import stand_on

pytestmark = pytest.mark.django_db

DAY = date(2019, 11, 2)
ORDER = {"decision_number": "QĐ 12-QĐ/ĐU", "decided_on": date(2019, 1, 10)}


class Country:
    """Top committee with staff `canbo2`; base `hon-gai` with staff `canbo`; its cell."""

    def __init__(self) -> None:
        stand_on(DAY)
        since = date(2015, 1, 1)
        self.top = unit("top", kind="superior", on=since)
        self.base = unit("hon-gai", self.top, on=since)
        self.other = unit("khe-cham", self.top, on=since)
        self.cell = cell("c1", self.base, on=since)
        self.above = officer_since("canbo2", self.top)
        self.own = officer_since("canbo", self.base)


def officer_since(username: str, to: Organization) -> User:
    user = account(username)
    appointed(user, to, "staff", since=date(2015, 1, 1))
    return user


@pytest.fixture
def country(db: None) -> Country:
    return Country()


def refused(act: Callable[[], Any]) -> dict[str, str]:
    with pytest.raises(DomainError) as refusal:
        act()
    return refusal.value.fields


def test_a_percent_target_rounds_up_on_its_base_and_keeps_it(country: Country) -> None:
    base = report_baseline(country.base, by=country.above, on=DAY, year=2019, members=953)

    target = assign_target(
        country.base, by=country.above, on=DAY, year=2019, form="percent",
        percent=Decimal("5.5"), responsible="Đ/c Bí thư", **ORDER,
    )  # fmt: skip

    assert (target.low, target.high, target.base, target.base_members) == (53, 53, base, 953)
    assert target.kind == Target.Kind.ASSIGNED


def test_a_percent_target_needs_the_opening_members(country: Country) -> None:
    sentences = refused(
        lambda: assign_target(
            country.base, by=country.above, on=DAY, year=2019, form="percent",
            percent=Decimal(5), **ORDER,
        )
    )  # fmt: skip

    assert list(sentences) == ["percent"]
    assert "2019" in sentences["percent"]


def test_a_later_baseline_leaves_the_target_as_it_was_reckoned(country: Country) -> None:
    report_baseline(country.base, by=country.above, on=DAY, year=2019, members=953)
    assign_target(
        country.base, by=country.above, on=DAY, year=2019, form="percent",
        percent=Decimal("5.5"), **ORDER,
    )  # fmt: skip
    asked = ask_correction(
        country.base, by=country.above, on=DAY, year=2019, members=1000, reason="Đếm lại"
    )

    answer_correction(asked, by=officer_since("canbo3", country.top), on=DAY, approve=True)

    latest = Baseline.objects.newest().get(organization=country.base)
    target = Target.objects.in_force().get(organization=country.base)
    assert (latest.version, latest.members) == (2, 1000)
    assert (target.low, target.base_members) == (53, 953)


@pytest.mark.parametrize(
    ("who", "to", "allowed"),
    [
        ("above", "base", True),
        ("above", "top", True),
        ("own", "cell", True),
        ("own", "base", False),
        ("own", "top", False),
        ("own", "other", False),
        ("above", "cell", False),
    ],
)
def test_targets_come_from_directly_above_and_only_the_tops_from_outside(
    country: Country, who: str, to: str, allowed: bool
) -> None:
    def assign() -> Target:
        return assign_target(
            getattr(country, to), by=getattr(country, who), on=DAY, year=2019, low=3, **ORDER
        )

    if allowed:
        assert assign().low == 3
    else:
        with pytest.raises(PermissionDenied):
            assign()


def test_a_role_that_ended_sets_no_targets(country: Country) -> None:
    country.above.appointments.update(period="[2015-01-01,2019-11-02)")

    with pytest.raises(PermissionDenied):
        assign_target(country.base, by=country.above, on=DAY, year=2019, low=3, **ORDER)


@pytest.mark.parametrize(
    ("numbers", "at"),
    [
        ({"low": None}, "low"),
        ({"low": -1}, "low"),
        ({"low": 99_999_999}, "low"),
        ({"low": 40, "high": 35, "form": "range"}, "high"),
        ({"low": 35, "high": None, "form": "range"}, "high"),
        ({"low": 35, "high": 40, "form": "number"}, "high"),
        ({"form": "percent", "percent": Decimal(101)}, "percent"),
        ({"form": "percent", "percent": Decimal("5.555")}, "percent"),
        ({"form": "percent", "percent": None}, "percent"),
        ({"form": "share", "percent": Decimal(-1)}, "percent"),
        ({"form": "guess", "low": 1}, "form"),
        ({"low": 3, "year": 1700}, "year"),
        ({"low": 3, "year": 2200}, "year"),
        ({"low": 3, "decision_number": "  "}, "decision_number"),
        ({"low": 3, "decision_number": "x" * 41}, "decision_number"),
        ({"low": 3, "decided_on": None}, "decided_on"),
        ({"low": 3, "decided_on": date(2019, 11, 3)}, "decided_on"),
        ({"low": 3, "responsible": "x" * 121}, "responsible"),
        ({"low": 3, "indicator": "KN99"}, "indicator"),
    ],
)
def test_an_impossible_target_gets_a_sentence_at_its_field(
    country: Country, numbers: dict[str, Any], at: str
) -> None:
    asked = {"year": 2019, **ORDER, **numbers}

    sentences = refused(lambda: assign_target(country.base, by=country.above, on=DAY, **asked))

    assert list(sentences) == [at]
    assert not Target.objects.exists()


def test_a_second_target_adjusts_the_first_with_a_reason_and_both_stay(country: Country) -> None:
    first = assign_target(country.base, by=country.above, on=DAY, year=2019, low=45, **ORDER)
    again = {"by": country.above, "on": DAY, "year": 2019, "low": 40, **ORDER}
    assert "decision_number" in refused(lambda: assign_target(country.base, **again))
    again["decision_number"] = "QĐ 90-QĐ/ĐU"

    assert list(refused(lambda: assign_target(country.base, **again))) == ["reason"]
    second = assign_target(country.base, **again, reason="Sáp nhập phân xưởng")

    assert (second.kind, second.version) == (Target.Kind.ADJUSTED, first.version + 1)
    assert list(Target.objects.in_force()) == [second]
    assert Target.objects.count() == 2


def test_a_registered_target_binds_nobody(country: Country) -> None:
    register_target(country.base, by=country.own, on=DAY, year=2019, low=50)
    assigned = assign_target(country.base, by=country.above, on=DAY, year=2019, low=45, **ORDER)

    assert list(Target.objects.in_force()) == [assigned]
    assert (assigned.version, assigned.kind) == (2, Target.Kind.ASSIGNED)


def test_baselines_of_a_whole_tree_are_entered_at_once(country: Country) -> None:
    rows = [
        NewBaseline(country.top, 2019, 19000),
        NewBaseline(country.base, 2019, 953),
        NewBaseline(country.cell, 2019, 26),
    ]

    made = report_baselines(rows, by=country.above, on=DAY)

    assert [baseline.members for baseline in made] == [19000, 953, 26]
    with pytest.raises(PermissionDenied):
        report_baselines([NewBaseline(country.top, 2018, 1)], by=country.own, on=DAY)
    with pytest.raises(DomainError):
        report_baselines([NewBaseline(country.base, 2019, 953)], by=country.above, on=DAY)
    with pytest.raises(DomainError):
        report_baselines([NewBaseline(country.base, 2018, -1)], by=country.above, on=DAY)


def test_target_and_baseline_reach_the_figures(country: Country) -> None:
    report_baselines([NewBaseline(country.base, 2019, 953)], by=country.above, on=DAY)
    assign_target(
        country.base, by=country.above, on=DAY, year=2019, form="range", low=35, high=40, **ORDER
    )

    recompute(2019)

    row = country.base.attainments.get(year=2019, lens="then")
    assert (row.opening_members, row.target_low, row.target_high) == (953, 35, 40)


@pytest.mark.parametrize(
    ("rate", "members", "people"),
    [
        ("5.5", 953, 53),
        ("5", 19000, 950),
        ("5", 19001, 951),
        ("0.01", 1, 1),
        ("0", 953, 0),
        ("7", 100, 7),  # 7.000000000000001 in binary fractions
    ],
)
def test_a_percent_of_members_is_rounded_up_exactly(rate: str, members: int, people: int) -> None:
    assert people_of_percent(Decimal(rate), members) == people


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (126, 120, "105.00"),
        (853, 805, "105.96"),
        (26, 15, "173.33"),
        (121, 130, "93.08"),
        (1, 800, "0.13"),  # 0.125, half up
        (-1, 800, "-0.13"),
        (0, 5, "0.00"),
        (3, 0, None),
        (3, None, None),
    ],
)
def test_percents_have_two_decimals_half_up_and_need_a_whole(
    part: int, whole: int | None, shown: str | None
) -> None:
    assert percent(part, whole) == (None if shown is None else Decimal(shown))


def test_ranks_follow_people_missing_and_ties_share() -> None:
    people = {"a": missing(10, 3), "b": missing(8, 1), "c": missing(None, 5), "d": missing(2, 4)}

    assert ranks(people) == {"a": 1, "b": 1, "c": 3, "d": 3}
