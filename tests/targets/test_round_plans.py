"""The plan by rounds: set by who sets targets, with a reason; kept; shown wherever a plan is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client

from config.errors import DomainError
from organizations.operations.seals import ask_to_close_year, close_year
from targets.models import Attainment, RoundPlan
from targets.operations.attainment import recompute
from targets.operations.round_plans import set_round_plan
from targets.paces import pace_of, shares_over
from tests.makers import DAY, World, world
from tests.targets.makers import admit

pytestmark = pytest.mark.django_db

THEN = Attainment.Lens.THEN


@pytest.fixture
def kc(in_english: None) -> World:
    return world()


def percents(*shares: str) -> list[Decimal]:
    return [Decimal(share) for share in shares]


def planned(of: Any, by: Any, *shares: str, **changes: Any) -> RoundPlan:
    values = {"year": 2021, "reason": "Dồn vào 2/9", "shares": percents(*shares)}
    return set_round_plan(of, by=by, on=DAY, **values | changes)


def shares(of: Any, *, year: int = 2021, on: date = DAY) -> list[str] | None:
    found = shares_over(of, year=year, lens=THEN, on=on)
    return [str(share.normalize()) for share in found] if found else None


def refused(call: Any) -> dict[str, str]:
    with pytest.raises(DomainError) as error:
        call()
    return dict(error.value.fields)


def test_what_is_set_goes_before_what_the_years_give_and_beneath_it_too(kc: World) -> None:
    for year in (2018, 2019, 2020):
        admit(kc.cell, *[date(year, 2, 3)] * 3, *[date(year, 9, 2)] * 3)
        recompute(year, on=DAY)
    assert shares(kc.top) == ["0.5", "0.5", "1", "1"]

    planned(kc.committee, kc.staff2, "10", "25.5", "70", "100")

    assert shares(kc.committee) == ["0.1", "0.255", "0.7", "1"]
    assert shares(kc.top) == ["0.5", "0.5", "1", "1"]
    assert shares(kc.committee, year=2022) == ["0.5", "0.5", "1", "1"]
    # The cell has its own twelve admissions; its sibling none.
    assert shares(kc.cell) == ["0.5", "0.5", "1", "1"]
    assert shares(kc.sibling) == ["0.1", "0.255", "0.7", "1"]


def test_each_change_is_a_version_with_who_when_and_why(kc: World) -> None:
    planned(kc.committee, kc.staff2, "10", "20", "70", "100")
    planned(kc.committee, kc.staff2, "0", "20", "90", "100", reason="Bỏ đợt 3/2")

    kept = RoundPlan.objects.filter(organization=kc.committee).order_by("version")

    assert [(one.version, one.reason, one.entered_by, one.set_on) for one in kept] == [
        (1, "Dồn vào 2/9", kc.staff2, DAY),
        (2, "Bỏ đợt 3/2", kc.staff2, DAY),
    ]
    assert shares(kc.committee) == ["0", "0.2", "0.9", "1"]


def test_what_was_set_can_be_taken_back(kc: World) -> None:
    planned(kc.committee, kc.staff2, "10", "20", "70", "100")

    planned(kc.committee, kc.staff2, reason="Theo các năm trước")

    assert shares(kc.committee) is None
    assert refused(lambda: planned(kc.committee, kc.staff2)) == {
        "shares": "Nothing was set that could be taken back."
    }


def test_it_counts_from_the_day_it_was_set(kc: World) -> None:
    planned(kc.committee, kc.staff2, "10", "20", "70", "100")

    assert shares(kc.committee, on=date(2021, 5, 27)) is None
    assert shares(kc.committee, on=DAY) == ["0.1", "0.2", "0.7", "1"]


def test_only_who_sets_the_target_sets_the_plan(kc: World) -> None:
    for by in (kc.staff, kc.secretary, kc.leader, kc.approver, kc.administrator):
        with pytest.raises(PermissionDenied):
            planned(kc.committee, by, "10", "20", "70", "100")
    assert planned(kc.cell, kc.staff, "10", "20", "70", "100").version == 1
    # The top's target comes from outside, and is entered by its own staff.
    assert planned(kc.top, kc.staff2, "10", "20", "70", "100").version == 1


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        (("10", "20", "70", "99"), ["share_4"]),
        (("10", "9.99", "70", "100"), ["share_2"]),
        (("10", "20", "-1", "100"), ["share_3"]),
        (("10", "20", "70", "100.01"), ["share_4"]),
        (("10.001", "20", "70", "100"), ["share_1"]),
        (("10", "20", "100"), ["share_4"]),
        (("50", "40", "30", "100"), ["share_2", "share_3"]),
    ],
)
def test_shares_that_cannot_be_are_told_at_their_field(
    kc: World, typed: tuple[str, ...], at: list[str]
) -> None:
    assert sorted(refused(lambda: planned(kc.committee, kc.staff2, *typed))) == at
    assert not RoundPlan.objects.exists()


def test_a_reason_is_needed_and_the_year_must_run_or_come(kc: World) -> None:
    whole = ("10", "20", "70", "100")

    assert [*refused(lambda: planned(kc.committee, kc.staff2, *whole, reason=" "))] == ["reason"]
    assert [*refused(lambda: planned(kc.committee, kc.staff2, *whole, reason="x" * 301))] == [
        "reason"
    ]
    assert [*refused(lambda: planned(kc.committee, kc.staff2, *whole, year=2020))] == ["year"]
    assert planned(kc.committee, kc.staff2, *whole, year=2022).year == 2022


def test_the_edges_are_allowed(kc: World) -> None:
    assert planned(kc.committee, kc.staff2, "0", "0", "0", "100").version == 1
    assert planned(kc.committee, kc.staff2, "100", "100", "100", "100").version == 2


def row(kc: World, **columns: Any) -> RoundPlan:
    given = {
        "organization": kc.cell, "year": 2021, "version": 1, "reason": "Vì", "set_on": DAY,
        "entered_by": kc.staff, "shares": percents("10", "20", "70", "100"),
    }  # fmt: skip
    return RoundPlan(**given | columns)


def test_a_closed_years_plan_stays(kc: World) -> None:
    asked = ask_to_close_year(kc.top, by=kc.staff2, on=DAY, year=2020)
    close_year(asked, by=kc.approver, on=DAY)

    with (
        pytest.raises(IntegrityError, match="lies inside a period that is sealed"),
        transaction.atomic(),
    ):
        row(kc, year=2020).save()


# ---------------------------------------------------------------- the page


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.cookies["django_language"] = "en"
    return client


ADDRESS = "/chi-tieu/2021/nhip/?dv=kc-dang-uy"
TYPED = {"share_1": "10", "share_2": "25,5", "share_3": "70%", "share_4": "100", "reason": "Vì"}


def test_the_form_says_at_the_field_what_is_wrong_and_saves_what_is_right(kc: World) -> None:
    client = client_of(kc.staff2)

    wrong = client.post(ADDRESS, {**TYPED, "share_2": "5", "share_4": "abc"})
    short = client.post(ADDRESS, {**TYPED, "share_2": "", "reason": ""})
    right = client.post(ADDRESS, TYPED)

    assert wrong.status_code == 422
    assert [*wrong.context["form"].errors] == ["share_4"]
    assert [*short.context["form"].errors] == ["reason"]
    assert right.status_code == 303
    assert RoundPlan.objects.get().shares == percents("10", "25.5", "70", "100")
    shown = client.get(ADDRESS).content.decode()
    assert 'value="25,5"' in shown
    assert "The plan was set by kc-canbo2 on 28/05/2021." in shown
    client.post(ADDRESS, {"take_back": "on", "reason": "Thôi"})
    assert pace_of(kc.committee, year=2021, lens=THEN, on=DAY) is None


def test_refusals_of_the_rule_stand_at_the_field(kc: World) -> None:
    answer = client_of(kc.staff2).post(ADDRESS, {**TYPED, "share_2": "5"})

    assert [*answer.context["form"].errors] == ["share_2"]
    assert "at least the 10" in str(answer.context["form"].errors["share_2"])
    nothing = client_of(kc.staff2).post(ADDRESS, {"take_back": "on", "reason": "Thôi"})
    assert [*nothing.context["form"].errors] == ["take_back"]


def test_nobody_else_finds_the_form(kc: World) -> None:
    assert client_of(kc.staff).get(ADDRESS).status_code in {403, 404}
    assert client_of(kc.leader).get(ADDRESS).status_code in {403, 404}
    assert client_of(kc.secretary).get(ADDRESS).status_code in {403, 404}
