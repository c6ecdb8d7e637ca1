"""Targets of every form, period, group and origin: what binds, and what is refused at its field."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from config.errors import DomainError
from organizations.models import Organization, User
from targets.in_force import Section, sections, sides
from targets.measures import BY_NAME
from targets.models import Indicator, Reason, Target, TargetDecision
from targets.operations.attainment import recompute
from targets.operations.baselines import report_baseline
from targets.operations.declarations import (
    answer_declaration,
    declare_no_source,
    report_figure,
)
from targets.operations.targets import assign_target, register_target
from targets.reorganizing import ends_on, key_of
from targets.rules import change_in_percent, points_between
from tests.makers import once
from tests.organizations.makers import account, appointed, cell, unit
from tests.targets.makers import admit, stand_on

DAY = date(2019, 11, 2)
SINCE = date(2014, 1, 1)
ORDER = {"decision_number": "12-QĐ/ĐU", "decided_on": date(2019, 1, 10)}
LATER = {"decision_number": "14-QĐ/ĐU"}
"""The number of a paper that adjusts."""


class Country:
    """A top committee with its staff; beneath it a base of three cells, and its own staff."""

    def __init__(self) -> None:
        stand_on(DAY)
        self.top = unit("top", kind="superior", on=SINCE)
        self.base = unit("hon-gai", self.top, on=SINCE)
        self.cells = [cell(f"c{number}", self.base, on=SINCE) for number in range(3)]
        self.above = self.officer("canbo2", self.top)
        self.own = self.officer("canbo", self.base)

    def officer(self, username: str, to: Organization) -> User:
        user = account(username)
        appointed(user, to, "staff", since=SINCE)
        return user

    def assign(self, **asked: Any) -> Target:
        given = {"by": self.above, "on": DAY, "year": 2019, **ORDER, **asked}
        return assign_target(given.pop("to", self.base), **given)

    def opening(self, year: int, members: int) -> None:
        report_baseline(self.base, by=self.above, on=DAY, year=year, members=members)

    def sections(self, year: int = 2019, on: date = DAY) -> dict[str, Section]:
        found = sections(self.base, year=year, on=on)
        return {key_of(one.shown): one for one in found}


@pytest.fixture
def country(db: None) -> Country:
    return Country()


def refused(act: Callable[[], Any]) -> dict[str, str]:
    with pytest.raises(DomainError) as refusal:
        act()
    return refusal.value.fields


# ---------------------------------------------------------------- what binds


@pytest.mark.thorough
def test_each_of_what_a_unit_is_to_reach_has_versions_of_its_own(country: Country) -> None:
    country.opening(2019, 953)
    made = [
        country.assign(low=45),
        country.assign(low=20, span="half", part=1),
        country.assign(low=25, span="half", part=2),
        country.assign(low=10, span="quarter", part=4),
        country.assign(low=12, high=15, form="range", group="women"),
        country.assign(low=1, form="floor", indicator="KN06"),
        country.assign(form="share", percent=Decimal(90), indicator="KN11"),
        country.assign(low=2, indicator="KN12"),
        country.assign(low=230, span="term", until_year=2024),
        country.assign(form="percent", percent=Decimal("5.5"), origin="resolution",
                       decision_number="01-NQ/ĐH"),
    ]  # fmt: skip

    assert {(one.version, one.kind) for one in made} == {(1, "assigned")}
    assert set(Target.objects.in_force()) == set(made)
    assert list(Target.objects.in_force().of_the_year(2019)) == [made[0]]
    adjusted = country.assign(low=13, group="women", reasons=[Reason.NO_SOURCE], **LATER)
    assert (adjusted.version, adjusted.kind) == (2, "adjusted")
    assert set(Target.objects.in_force()) == {*made, adjusted} - {made[4]}


def test_a_percent_is_of_the_members_at_the_start_of_the_year_or_of_the_term(
    country: Country,
) -> None:
    country.opening(2015, 1000)
    country.opening(2019, 953)
    country.assign(to=country.top, year=2015, low=4500, span="term", until_year=2020,
                   decided_on=date(2015, 12, 15))  # fmt: skip
    rate = {"form": "percent", "percent": Decimal("5.5")}

    decided = country.assign(**rate)
    resolved = country.assign(
        **rate, base_of="term", origin="resolution", decision_number="01-NQ/ĐH"
    )

    assert (decided.low, decided.base_members, decided.base_of) == (53, 953, "year")
    assert (resolved.low, resolved.base_members, resolved.base_of) == (55, 1000, "term")
    both = sides(sections(country.base, year=2019, on=DAY))
    assert [(one.shown.origin, one.aim, one.exact) for one in both] == [
        ("decision", "53", Decimal("52.415")),
        ("resolution", "55", Decimal("55.000")),
    ]


def test_a_missing_base_is_told_with_its_year(country: Country) -> None:
    rate = {"form": "percent", "percent": Decimal(5)}

    assert "2019" in refused(lambda: country.assign(**rate))["percent"]
    assert "2019" in refused(lambda: country.assign(**rate, base_of="term"))["base_of"]
    country.assign(year=2015, low=200, span="term", decided_on=date(2015, 1, 10))
    country.opening(2019, 953)
    assert "2015" in refused(lambda: country.assign(**rate, base_of="term"))["percent"]
    assert country.assign(**rate).low == 48


def test_a_registered_target_of_any_form_has_its_reason_and_binds_nobody(country: Country) -> None:
    made = register_target(
        country.base, by=country.own, on=DAY, year=2019, low=4, group="women", span="half", part=2,
        reason="  Bốn nữ công nhân đã  học lớp ",
    )  # fmt: skip

    assert (made.kind, made.reason) == ("registered", "Bốn nữ công nhân đã học lớp")
    assert not Target.objects.in_force().exists()
    assert country.sections()["KN01-half-2019-2-women"].target is None


# ---------------------------------------------------------------- what is refused


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("asked", "at"),
    [
        ({"low": 3, "span": "half"}, "part"),
        ({"low": 3, "span": "half", "part": 3}, "part"),
        ({"low": 3, "span": "quarter", "part": 5}, "part"),
        ({"low": 3, "span": "quarter", "part": -1}, "part"),
        ({"low": 3, "part": 1}, "part"),
        ({"low": 3, "span": "month"}, "span"),
        ({"low": 3, "span": "term", "until_year": 2018}, "until_year"),
        ({"low": 3, "span": "term", "until_year": 2027}, "until_year"),
        ({"low": 3, "until_year": 2020}, "until_year"),
        ({"low": 3, "group": "martians"}, "group"),
        ({"low": 3, "group": "women", "indicator": "KN12"}, "group"),
        ({"form": "percent", "percent": Decimal(5), "group": "women"}, "group"),
        ({"low": 3, "origin": "rumour"}, "origin"),
        ({"low": 3, "base_of": "month"}, "base_of"),
        ({"low": 1, "form": "floor"}, "indicator"),
        ({"low": 0, "form": "floor", "indicator": "KN06"}, "low"),
        ({"form": "share", "percent": Decimal(90)}, "indicator"),
        ({"form": "percent", "percent": Decimal(5), "indicator": "KN12"}, "indicator"),
        ({"low": 3, "indicator": "KN03"}, "indicator"),
        ({"form": "share", "percent": Decimal("100.01"), "indicator": "KN11"}, "percent"),
        ({"low": 3, "reasons": ["weather"]}, "reasons"),
        ({"low": 3, "reasons": ["other"]}, "reason"),
        ({"low": 3, "signer": "x" * 121}, "signer"),
        ({"low": 3, "issuer": "x" * 161}, "issuer"),
        ({"low": 3, "reason": "x" * 301}, "reason"),
    ],
)
def test_what_cannot_be_is_a_sentence_at_its_field(
    country: Country, asked: dict[str, Any], at: str
) -> None:
    country.opening(2019, 953)

    assert list(refused(lambda: country.assign(**asked))) == [at]
    assert not Target.objects.exists()
    assert not TargetDecision.objects.exists()


def test_a_changed_target_needs_a_reason_ticked_or_in_words(country: Country) -> None:
    country.assign(low=45)

    assert list(refused(lambda: country.assign(low=40, **LATER))) == ["reason"]
    ticked = country.assign(low=40, reasons=[Reason.NO_SOURCE, Reason.MEMBERS], **LATER)
    written = country.assign(low=41, reason="Thêm nguồn mới", decision_number="15-QĐ/ĐU")

    assert (ticked.version, written.version) == (2, 3)
    assert len(ticked.reason.split("; ")) == 2
    assert written.reason == "Thêm nguồn mới"


def test_a_number_is_used_once_a_year_by_whoever_issues_it(country: Country) -> None:
    first = country.assign(low=45)
    other_day = {"decided_on": date(2019, 1, 11)}

    # The same paper gives several targets, so it may be named again with its day.
    assert country.assign(low=9, span="half", part=1).decision == first.decision
    assert list(refused(lambda: country.assign(low=3, group="women", **other_day))) == [
        "decision_number"
    ]
    # Another issuer, and another year, have numbers of their own.
    outside = country.assign(to=country.top, low=900, issuer="Tỉnh ủy", **other_day)
    later = country.assign(low=50, year=2020, decided_on=date(2018, 12, 31))
    assert len({first.decision, outside.decision, later.decision}) == 3
    assert (outside.decision.organization, outside.decision.issuer) == (country.top, "Tỉnh ủy")
    assert first.decision.organization == country.top
    # What the paper was entered with stays; the reason of each target is the target's own.
    assert list(refused(lambda: country.assign(low=3, group="women", signer="Lê Văn Ký"))) == [
        "signer"
    ]
    assert not Target.objects.filter(group="women").exists()
    signed = {"decided_on": date(2019, 1, 12), "decision_number": "13-QĐ/ĐU"}
    country.assign(low=3, group="women", signer="Lê Văn Ký", **signed)
    assert (
        "Lê Văn Ký"
        in refused(lambda: country.assign(low=4, group="young", signer="Vũ Thị Hai", **signed))[
            "signer"
        ]
    )
    country.assign(low=4, group="young", signer="lê văn ký", **signed)
    # One paper gives a target once.
    once_more = {"low": 5, "group": "young", "reason": "Thêm nguồn", "reasons": ["members"]}
    assert list(refused(lambda: country.assign(**once_more, **signed))) == ["decision_number"]
    country.assign(low=7, span="quarter", part=1, **LATER)  # the paper is entered without a reason
    changed = country.assign(**once_more, **LATER)
    assert (changed.decision.note, changed.reason[-10:]) == ("", "Thêm nguồn")
    long = {"reason": "x" * 290, "reasons": [Reason.NO_SOURCE, Reason.MEMBERS]}
    long["decision_number"] = "16-QĐ/ĐU"
    assert list(refused(lambda: country.assign(low=6, group="young", **long))) == ["reason"]
    # A resolution is the unit's own: it may bear the same number as the superior's decision.
    resolved = country.assign(low=50, origin="resolution", **other_day)
    assert resolved.decision.organization == country.base


@pytest.mark.django_db(transaction=True)
def test_of_two_who_enter_the_same_number_at_once_one_is_refused() -> None:
    country = Country()
    second = cell("khac", country.top, on=SINCE)
    ready, told = threading.Barrier(2), []

    def enter(to: Organization, decided_on: date) -> None:
        try:
            ready.wait(timeout=10)
            country.assign(to=to, low=3, decided_on=decided_on)
            told.append("saved")
        except DomainError as refusal:
            told.append(next(iter(refusal.fields)))
        finally:
            connections.close_all()

    workers = [
        threading.Thread(target=enter, args=(country.base, date(2019, 1, 10))),
        threading.Thread(target=enter, args=(second, date(2019, 1, 11))),
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)

    assert sorted(told) == ["decision_number", "saved"]
    assert TargetDecision.objects.count() == Target.objects.count() == 1


# ---------------------------------------------------------------- what it came to


def test_groups_parts_and_floors_are_counted_as_the_measures_count(country: Country) -> None:
    first, second, _third = country.cells
    admit(first, date(2019, 3, 31), date(2019, 4, 1), sex="female", age=30)
    admit(first, date(2019, 6, 30), age=31, groups=["village_head"])
    admit(second, date(2019, 7, 1), date(2018, 12, 31), sex="female")
    recompute(2019)
    country.assign(low=4)
    country.assign(low=3, span="half", part=1)
    country.assign(low=2, span="half", part=2)
    country.assign(low=1, span="quarter", part=1)
    country.assign(low=1, span="half", part=1, group="women")
    country.assign(low=2, span="quarter", part=2, group="women")
    country.assign(low=3, group="women")
    country.assign(low=1, group="village_head")
    country.assign(form="floor", low=1, indicator="KN06")
    country.assign(form="share", percent=Decimal(75), indicator="KN10")

    found = country.sections()

    assert {
        key: (one.reached, one.of, one.is_reached, one.missing) for key, one in found.items()
    } == {
        "KN01-year-2019": (4, None, True, 0),
        "KN01-half-2019-1": (3, None, True, 0),
        "KN01-half-2019-2": (1, None, False, 1),
        "KN01-quarter-2019-1": (1, None, True, 0),
        "KN01-half-2019-1-women": (2, None, True, 0),
        "KN01-quarter-2019-2-women": (1, None, False, 1),
        "KN01-year-2019-women": (3, None, True, 0),
        "KN01-year-2019-village_head": (1, None, True, 0),
        "KN06-year-2019": (2, 3, False, None),
        "KN10-year-2019": (3, 4, True, None),
    }
    assert found["KN01-year-2019-village_head"].measure == "admitted_village_head"
    assert found["KN01-half-2019-1"].measure == "admitted_half_1"


def test_a_floor_asks_nothing_of_a_unit_that_has_no_source_left(country: Country) -> None:
    first, second, third = country.cells
    admit(first, date(2019, 3, 31), date(2019, 9, 2))
    admit(third, date(2019, 9, 2))
    recompute(2019)
    reader = country.officer("canbo3", country.base)
    for one in (second, third):
        declared = declare_no_source(
            one, by=country.own, on=DAY, grounds="Không còn quần chúng", review_on=date(2020, 5, 1),
            declared_on=date(2019, 7, 1),
        )  # fmt: skip
        answer_declaration(declared, by=reader, on=DAY, accept=True)
    floor = {"form": "floor", "low": 1, "indicator": "KN06"}
    country.assign(**floor)
    country.assign(**floor, span="half", part=1)
    country.assign(low=2, indicator="KN06", span="half", part=2)

    found = country.sections()

    assert {key: (one.reached, one.of, one.is_reached) for key, one in found.items()} == {
        "KN06-year-2019": (1, 1, True),
        "KN06-half-2019-1": (1, 3, False),  # declared after it was over
        "KN06-half-2019-2": (2, 3, True),  # a number counts whoever admitted
    }


def test_a_part_of_the_year_has_what_was_reported_in_it(country: Country) -> None:
    code = Indicator.objects.get(pk="KN12")
    for as_of, people in ((date(2018, 12, 31), 4), (date(2019, 2, 3), 5), (date(2019, 8, 1), 9)):
        report_figure(
            code, country.base, by=country.own, on=DAY, as_of=as_of, numerator=people,
            denominator=None, evidence="BC-12",
        )  # fmt: skip
    for asked in ({}, {"span": "half", "part": 1}, {"span": "quarter", "part": 2}):
        country.assign(low=2, indicator="KN12", **asked)

    assert {
        key: (one.reached, one.before and one.before.numerator)
        for key, one in country.sections().items()
    } == {
        "KN12-year-2019": (9, 5),
        "KN12-half-2019-1": (5, 4),
        "KN12-quarter-2019-2": (None, None),
    }


def test_each_count_opens_the_list_of_as_many(country: Country) -> None:
    admit(country.cells[0], date(2019, 6, 30), date(2019, 7, 1), groups=["village_head"])
    recompute(2019)
    country.assign(low=4, span="half", part=1)
    country.assign(low=1, group="village_head")
    client = signed_in(country.above)

    for key, people in (("KN01-half-2019-1", 1), ("KN01-year-2019-village_head", 2)):
        section = country.sections()[key]
        where = reverse("figure-records", args=[2019, country.base.slug])
        answer = client.get(where, {"chi-so": section.measure})
        assert answer.context["records"].people == section.reached == people
    with override("vi"):
        half = [str(BY_NAME[f"admitted_half_{part}"].label) for part in (1, 2)]
    assert half == ["Kết nạp trong 6 tháng đầu năm", "Kết nạp trong 6 tháng cuối năm"]


@pytest.mark.thorough
def test_the_page_asks_no_more_for_many_targets_than_for_few(country: Country) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            sections(country.base, year=2019, on=DAY)
        return len(captured)

    country.assign(low=1, span="half", part=1, group="women")
    country.assign(form="floor", low=1, indicator="KN06")
    country.assign(low=2, indicator="KN12")
    few = queries()
    for group in Target.OfGroup.values:
        country.assign(low=1, group=group)
        country.assign(low=1, group=group, span="quarter", part=3)

    assert queries() == few <= 5
    client = signed_in(country.above)
    shown = client.get(reverse("target-year", args=[2019]), {"dv": country.base.slug})
    assert shown.status_code == 200
    assert "at least 1 in each unit" in shown.content.decode()


def test_a_target_passed_on_is_told_apart_by_part_group_and_origin(country: Country) -> None:
    country.opening(2019, 953)
    plain = country.assign(low=45)
    half = country.assign(low=20, span="half", part=1, group="women")
    resolved = country.assign(low=50, origin="resolution", decision_number="01-NQ/ĐH")
    quarter = country.assign(low=20, span="quarter", part=4)
    term = country.assign(low=20, span="term", until_year=2022)

    assert [key_of(one) for one in (plain, half, resolved, quarter, term)] == [
        "KN01-year-2019",
        "KN01-half-2019-1-women",
        "KN01-year-2019-resolution",
        "KN01-quarter-2019-4",
        "KN01-term-2019",
    ]
    assert [ends_on(one) for one in (plain, half, quarter, term)] == [
        date(2019, 12, 31),
        date(2019, 6, 30),
        date(2019, 12, 31),
        date(2022, 12, 31),
    ]


# ---------------------------------------------------------------- the pages


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def staff(country: Country) -> Client:
    return signed_in(country.above)


@pytest.mark.thorough
def test_a_target_of_any_form_is_entered_and_adjusted_on_its_page(
    country: Country, staff: Client
) -> None:
    country.opening(2019, 953)
    where = reverse("target-assign", args=[2019], query={"dv": country.base.slug})
    paper = {"decision_number": "12-QĐ/ĐU", "decided_on": "10/01/2019"}

    for entered in (
        {"form": "floor", "low": "1"},
        {"form": "share", "percent": "90", "indicator": "KN11"},
        {"form": "range", "low": "9", "high": "12", "span": "half", "part": "1"},
        {"form": "number", "low": "8", "group": "women"},
        {"form": "percent", "percent": "5,5", "origin": "resolution"},
    ):
        answer = staff.post(where, {"once": once(), **paper, **entered})
        assert answer.status_code == 303, answer.context["form"].errors
    assert Target.objects.in_force().count() == 5
    women = Target.objects.get(group="women")

    begun = staff.get(f"{where}&sua={women.pk}").content.decode()
    assert '<option value="women" selected>' in begun
    again = {"once": once(), **paper, "form": "number", "low": "9", "group": "women"}
    assert list(staff.post(where, {**again, "reasons": ["no_source"]}).context["form"].errors) == [
        "decision_number"
    ]
    again |= {"decision_number": "14-QĐ/ĐU"}
    assert list(staff.post(where, again).context["form"].errors) == ["reason"]
    saved = staff.post(where, {**again, "reasons": ["no_source"]})

    assert saved.status_code == 303
    assert Target.objects.in_force().get(group="women").version == 2


@pytest.mark.parametrize("asked", ["khac", "-1", "0", "9" * 30, "²"])
def test_an_adjustment_of_what_is_no_target_here_is_not_found(
    country: Country, staff: Client, asked: str
) -> None:
    where = reverse("target-assign", args=[2019], query={"dv": country.base.slug, "sua": asked})

    assert staff.get(where).status_code == 404


def test_a_target_is_adjusted_on_the_page_of_its_own_unit_and_year(
    country: Country, staff: Client
) -> None:
    target = country.assign(low=9)

    def page(year: int, of: Organization) -> int:
        query = {"dv": of.slug, "sua": target.pk}
        return staff.get(reverse("target-assign", args=[year], query=query)).status_code

    assert page(2019, country.base) == 200
    assert page(2020, country.base) == 404
    assert page(2019, country.top) == 404


def test_a_missing_base_has_a_link_to_where_it_is_entered(country: Country, staff: Client) -> None:
    where = reverse("target-assign", args=[2019], query={"dv": country.base.slug})

    shown = staff.get(where).content.decode()

    assert reverse("baseline-sheet", args=[2019]) in shown
    assert "not reported yet" in shown


def test_points_and_percent_are_never_mixed_up() -> None:
    assert points_between(121, 130, 110, 130) == Decimal("8.46")
    assert points_between(1, 3, 1, 4) == Decimal("8.33")  # not 33.33 − 25.00 by chance alone
    assert change_in_percent(121, 110) == Decimal("10.00")
    assert change_in_percent(2, 0) is None
