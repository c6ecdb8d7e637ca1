"""The members on 1 January: counted, confirmed, frozen by two, corrected by two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from config.errors import DomainError
from config.periods import between
from organizations.models import Membership, Organization, Outbox, Role, User
from organizations.operations.seals import ask_to_close_year, close_year
from organizations.operations.structure import move
from targets.models import (
    Attainment,
    Baseline,
    BaselineConfirmation,
    BaselineCorrection,
    BaselineFreeze,
)
from targets.openings import proposed
from targets.operations.attainment import recompute
from targets.operations.baselines import (
    NewBaseline,
    answer_correction,
    ask_correction,
    report_baseline,
    report_baselines,
)
from targets.operations.freezes import (
    approve_freeze,
    ask_to_freeze,
    confirm_baseline,
    withdraw_freeze,
)
from tests.makers import member, members, stand_on
from tests.organizations.makers import account, appointed, cell, unit
from tests.organizations.test_structure import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


DAY = date(2021, 1, 15)
SINCE = date(2018, 1, 1)
DECISION = {"decision_number": "05-QĐ/ĐU", "signed_on": date(2021, 1, 12)}


@dataclass
class Committee:
    """A top with two committees; the first has two cells of 4 and 3 members, the second none."""

    top: Organization
    base: Organization
    other: Organization
    one: Organization
    two: Organization
    staff: User
    staff2: User
    approver: User
    leader: User
    auditor: User
    administrator: User
    base_staff: User
    secretary: User
    secretary2: User


def officer(username: str, to: Organization, role: str) -> User:
    user = account(username)
    appointed(user, to, role, since=SINCE)
    return user


def a_committee() -> Committee:
    stand_on(DAY)
    top = unit("top", kind="superior", name="Đảng bộ Than", on=SINCE)
    base = unit("co-so", top, name="Đảng bộ Khe Chàm", on=SINCE)
    one, two = cell("c1", base, on=SINCE), cell("c2", base, on=SINCE)
    members(one, 4, since=SINCE)
    members(two, 3, since=SINCE)
    return Committee(
        top=top,
        base=base,
        other=unit("khac", top, name="Đảng bộ Hòn Gai", on=SINCE),
        one=one,
        two=two,
        staff=officer("canbo", top, Role.STAFF),
        staff2=officer("canbo2", top, Role.STAFF),
        approver=officer("duyet", top, Role.APPROVER),
        leader=officer("lanhdao", top, Role.LEADER),
        auditor=officer("giamsat", top, Role.AUDITOR),
        administrator=officer("quantri", top, Role.ADMINISTRATOR),
        base_staff=officer("canbo-cs", base, Role.STAFF),
        secretary=officer("bithu", one, Role.SECRETARY),
        secretary2=officer("bithu2", two, Role.SECRETARY),
    )


@pytest.fixture
def here(db: None) -> Committee:
    return a_committee()


def refused(act: Callable[[], Any]) -> DomainError:
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        act()
    return refusal.value


def frozen(here: Committee, *, of: Organization | None = None) -> dict[str, int]:
    """Freeze 2021 of the top (or `of`) by two people; return {slug: members}."""
    asked = ask_to_freeze(of or here.top, by=here.staff, on=DAY, year=2021, **DECISION)
    approve_freeze(asked, by=here.staff2, on=DAY)
    return written()


def written(year: int = 2021) -> dict[str, int]:
    rows = Baseline.objects.filter(year=year).newest()
    return dict(rows.values_list("organization__slug", "members"))


def counted(*organizations: Organization, year: int = 2021) -> dict[str, int]:
    found = proposed([one.pk for one in organizations], year=year)
    return {one.slug: found[one.pk] for one in organizations if one.pk in found}


# ---------------------------------------------------------------- what memberships give


def test_every_unit_is_counted_with_all_beneath_it(here: Committee) -> None:
    assert counted(here.top, here.base, here.other, here.one, here.two) == {
        "top": 7,
        "co-so": 7,
        "khac": 0,
        "c1": 4,
        "c2": 3,
    }


def test_who_came_on_1_january_counts_and_who_came_a_day_later_does_not(here: Committee) -> None:
    for since in (date(2020, 12, 31), date(2021, 1, 1), date(2021, 1, 2)):
        member(here.two, since=since)

    assert counted(here.two) == {"c2": 5}


def test_whose_last_day_was_31_december_does_not_count_and_1_january_does(here: Committee) -> None:
    leaving = list(Membership.objects.filter(cell=here.one).order_by("pk")[:2])
    for membership, first_day_out in zip(
        leaving, (date(2021, 1, 1), date(2021, 1, 2)), strict=True
    ):
        Membership.objects.filter(pk=membership.pk).update(
            period=between(SINCE, first_day_out), reason_out="deceased"
        )

    assert counted(here.one) == {"c1": 3}


def test_probationary_members_count(here: Committee) -> None:
    member(here.one, since=date(2020, 11, 1), status="probationary")

    assert counted(here.one) == {"c1": 5}


def test_the_tree_is_that_of_1_january(here: Committee) -> None:
    move(here.one, under=here.other, on=date(2021, 1, 1))
    move(here.two, under=here.other, on=date(2021, 1, 2))

    assert counted(here.base, here.other) == {"co-so": 3, "khac": 4}


def test_a_unit_founded_after_1_january_has_no_count_rather_than_none(here: Committee) -> None:
    late = cell("c3", here.base, on=date(2021, 1, 2))
    in_time = cell("c4", here.base, on=date(2021, 1, 1))

    assert counted(late, in_time) == {"c4": 0}


def test_many_units_are_counted_in_two_queries(here: Committee) -> None:
    def queries() -> int:
        keys = list(Organization.objects.values_list("pk", flat=True))
        with CaptureQueriesContext(connection) as asked:
            proposed(keys, year=2021)
        return len(asked)

    few = queries()
    for number in range(20):
        members(cell(f"x{number}", here.other, on=SINCE), 2, since=SINCE)

    assert (few, queries()) == (2, 2)


# ---------------------------------------------------------------- each unit confirms


def test_a_unit_confirms_what_was_counted(here: Committee) -> None:
    said = confirm_baseline(here.one, by=here.secretary, on=DAY, year=2021, members=4)

    assert (said.members, said.proposed, said.note) == (4, 4, "")


def test_a_unit_that_says_another_number_says_why(here: Committee) -> None:
    sentence = refused(
        lambda: confirm_baseline(here.one, by=here.secretary, on=DAY, year=2021, members=5)
    )
    said = confirm_baseline(
        here.one, by=here.secretary, on=DAY, year=2021, members=5, note="Một hồ sơ chưa nhập"
    )

    assert sentence.fields == {"note": "Memberships give 4. Say why the number differs."}
    assert (said.members, said.proposed) == (5, 4)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("secretary", True),
        ("secretary2", False),
        ("base_staff", False),
        ("staff", False),
        ("approver", False),
        ("leader", False),
        ("auditor", False),
        ("administrator", False),
    ],
)
def test_only_the_unit_itself_confirms(here: Committee, who: str, may: bool) -> None:
    def confirm() -> BaselineConfirmation:
        return confirm_baseline(here.one, by=getattr(here, who), on=DAY, year=2021, members=4)

    if may:
        assert confirm().entered_by == getattr(here, who)
    else:
        with pytest.raises(PermissionDenied):
            confirm()


def test_a_committee_confirms_by_its_own_staff(here: Committee) -> None:
    said = confirm_baseline(here.base, by=here.base_staff, on=DAY, year=2021, members=7)

    assert said.organization == here.base


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"year": 2022}, "year"),
        ({"year": 0}, "year"),
        ({"year": 99999}, "year"),
        ({"members": -1}, "members"),
        ({"members": 10_000_001}, "members"),
        ({"members": 5, "note": "x" * 301}, "note"),
        ({"members": 5, "note": "   "}, "note"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    here: Committee, values: dict[str, Any], field: str
) -> None:
    sent = {"year": 2021, "members": 4, **values}

    refusal = refused(lambda: confirm_baseline(here.one, by=here.secretary, on=DAY, **sent))

    assert field in refusal.fields
    assert not BaselineConfirmation.objects.exists()


def test_nothing_is_confirmed_before_1_january_has_come(here: Committee) -> None:
    eve = date(2020, 12, 31)

    refusal = refused(
        lambda: confirm_baseline(here.one, by=here.secretary, on=eve, year=2021, members=4)
    )

    assert list(refusal.fields) == ["year"]
    day = date(2021, 1, 1)
    assert confirm_baseline(here.one, by=here.secretary, on=day, year=2021, members=4).pk


def test_a_unit_that_did_not_exist_on_1_january_confirms_nothing(here: Committee) -> None:
    late = cell("c3", here.base, on=date(2021, 1, 5))
    secretary = officer("bithu3", late, Role.SECRETARY)

    refusal = refused(lambda: confirm_baseline(late, by=secretary, on=DAY, year=2021, members=0))

    assert refusal.fields == {"year": "Chi bộ c3 did not exist yet on 1 January 2021."}


# ---------------------------------------------------------------- the decision that freezes


def test_a_freeze_writes_what_was_confirmed_else_what_was_counted(here: Committee) -> None:
    confirm_baseline(
        here.one, by=here.secretary, on=DAY, year=2021, members=3, note="Một người đã chuyển"
    )
    confirm_baseline(
        here.one, by=here.secretary, on=DAY, year=2021, members=5, note="Một hồ sơ chưa nhập"
    )

    assert frozen(here) == {"top": 7, "co-so": 7, "khac": 0, "c1": 5, "c2": 3}
    row = Baseline.objects.get(organization=here.one)
    assert (row.version, row.entered_by, row.confirmed_by) == (1, here.staff, here.staff2)


def test_nothing_is_written_until_the_second_person_approves(here: Committee) -> None:
    asked = ask_to_freeze(here.top, by=here.staff, on=DAY, year=2021, **DECISION)
    assert written() == {}

    with pytest.raises(PermissionDenied):
        approve_freeze(asked, by=here.staff, on=DAY)

    assert written() == {}


def test_a_number_that_was_reported_already_stays(here: Committee) -> None:
    report_baseline(here.base, by=here.staff, on=DAY, year=2021, members=9)

    assert frozen(here)["co-so"] == 9


def test_a_freeze_of_a_committee_leaves_the_rest_open(here: Committee) -> None:
    assert frozen(here, of=here.base) == {"co-so": 7, "c1": 4, "c2": 3}


def test_the_units_are_those_of_1_january(here: Committee) -> None:
    cell("c3", here.base, on=date(2021, 1, 5))
    move(here.two, under=here.other, on=date(2021, 1, 5))

    assert frozen(here, of=here.base) == {"co-so": 7, "c1": 4, "c2": 3}


def test_a_freeze_is_announced_once_and_reaches_the_figures(here: Committee) -> None:
    Outbox.objects.all().delete()

    frozen(here)

    assert list(Outbox.objects.values_list("kind", "snapshot")) == [
        ("targets.baselinefreeze", {"year": 2021})
    ]
    recompute(2021, on=DAY)
    figures = Attainment.objects.filter(year=2021, lens="then", opening_members__isnull=False)
    assert dict(figures.values_list("organization__slug", "opening_members")) == written()


def test_a_freeze_is_asked_for_once_and_withdrawn_to_put_it_right(here: Committee) -> None:
    asked = ask_to_freeze(here.top, by=here.staff, on=DAY, year=2021, **DECISION)

    def again() -> BaselineFreeze:
        return ask_to_freeze(
            here.top, by=here.staff, on=DAY, year=2021,
            decision_number="06-QĐ/ĐU", signed_on=date(2021, 1, 13),
        )  # fmt: skip

    assert str(refused(again)) == "canbo has asked already to freeze them by decision 05-QĐ/ĐU."
    withdraw_freeze(asked, by=here.approver, on=DAY)
    assert "withdrawn" in str(refused(lambda: approve_freeze(asked, by=here.staff2, on=DAY)))

    assert approve_freeze(again(), by=here.staff2, on=DAY).decision_number == "06-QĐ/ĐU"


def test_what_is_frozen_is_not_withdrawn(here: Committee) -> None:
    asked = ask_to_freeze(here.top, by=here.staff, on=DAY, year=2021, **DECISION)
    approve_freeze(asked, by=here.staff2, on=DAY)

    assert "already" in str(refused(lambda: withdraw_freeze(asked, by=here.staff, on=DAY)))


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("who", "asks", "approves"),
    [
        ("staff2", True, True),
        ("approver", False, True),
        ("base_staff", False, False),
        ("leader", False, False),
        ("auditor", False, False),
        ("administrator", False, False),
        ("secretary", False, False),
    ],
)
def test_staff_ask_and_a_second_of_staff_or_an_approver_approves(
    here: Committee, who: str, asks: bool, approves: bool
) -> None:
    by = getattr(here, who)
    other = ask_to_freeze(here.other, by=here.staff, on=DAY, year=2021, **DECISION)

    for act, may in (
        (lambda: ask_to_freeze(here.top, by=by, on=DAY, year=2021, **DECISION), asks),
        (lambda: approve_freeze(other, by=by, on=DAY), approves),
    ):
        if may:
            act()
        else:
            with pytest.raises(PermissionDenied):
                act()


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"year": 2022}, "year"),
        ({"year": 0}, "year"),
        ({"decision_number": " "}, "decision_number"),
        ({"decision_number": "x" * 41}, "decision_number"),
        ({"signed_on": None}, "signed_on"),
        ({"signed_on": date(2021, 1, 16)}, "signed_on"),
        ({"signed_on": date(2020, 12, 31)}, "signed_on"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(
    here: Committee, values: dict[str, Any], field: str
) -> None:
    sent = {"year": 2021, **DECISION, **values}

    refusal = refused(lambda: ask_to_freeze(here.top, by=here.staff, on=DAY, **sent))

    assert list(refusal.fields) == [field]


def test_what_is_frozen_is_not_frozen_confirmed_or_reported_again(here: Committee) -> None:
    asked = ask_to_freeze(here.top, by=here.staff, on=DAY, year=2021, **DECISION)
    approve_freeze(asked, by=here.staff2, on=DAY)

    sentences = [
        str(refused(act))
        for act in (
            lambda: approve_freeze(asked, by=here.approver, on=DAY),
            lambda: ask_to_freeze(here.top, by=here.staff, on=DAY, year=2021, **DECISION),
            lambda: ask_to_freeze(here.base, by=here.staff, on=DAY, year=2021, **DECISION),
            lambda: confirm_baseline(here.one, by=here.secretary, on=DAY, year=2021, members=4),
            lambda: report_baseline(here.base, by=here.staff, on=DAY, year=2021, members=8),
            lambda: report_baselines([NewBaseline(here.base, 2021, 8)], by=here.staff, on=DAY),
        )
    ]

    already = "The members on 1 January 2021 were frozen by decision 05-QĐ/ĐU already."
    assert sentences == [
        already,
        already,
        "Every unit beneath has its number already; nothing is left to freeze.",
        "The number is frozen already; it is corrected by two people.",
        "The number stands already: 7. From now on it is corrected by two people.",
        "Đảng bộ Khe Chàm has reported its members of 2021 already.",
    ]


@pytest.mark.thorough
def test_a_freeze_takes_as_many_statements_for_many_units_as_for_few(here: Committee) -> None:
    def statements(of: Organization) -> int:
        asked = ask_to_freeze(of, by=here.staff, on=DAY, year=2021, **DECISION)
        with CaptureQueriesContext(connection) as made:
            approve_freeze(asked, by=here.staff2, on=DAY)
        return len(made)

    few = statements(here.base)
    for number in range(30):
        cell(f"x{number}", here.other, on=SINCE)

    assert statements(here.other) == few


@pytest.mark.django_db(transaction=True)
def test_of_two_who_approve_at_once_one_does_and_the_other_is_told() -> None:
    here = a_committee()
    asked = ask_to_freeze(here.top, by=here.staff, on=DAY, year=2021, **DECISION)

    ends = at_once(
        lambda: approve_freeze(asked, by=here.staff2, on=DAY),
        lambda: approve_freeze(asked, by=here.approver, on=DAY),
    )

    assert ends == ["DomainError", "done"]
    assert Baseline.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_a_number_confirmed_during_a_freeze_is_frozen_or_refused_never_lost() -> None:
    here = a_committee()
    asked = ask_to_freeze(here.top, by=here.staff, on=DAY, year=2021, **DECISION)

    ends = at_once(
        lambda: approve_freeze(asked, by=here.staff2, on=DAY),
        lambda: confirm_baseline(
            here.one, by=here.secretary, on=DAY, year=2021, members=9, note="Sót"
        ),
    )

    assert (ends, written()["c1"]) in [(["done", "done"], 9), (["DomainError", "done"], 4)]


# ---------------------------------------------------------------- corrections


def asked_for(here: Committee, members: int = 8) -> BaselineCorrection:
    return ask_correction(
        here.base, by=here.staff, on=DAY, year=2021, members=members, reason="Sót một đảng viên"
    )


def test_a_correction_changes_nothing_until_a_second_person_approves(here: Committee) -> None:
    frozen(here)
    asked = asked_for(here)
    assert written()["co-so"] == 7

    answered = answer_correction(asked, by=here.approver, on=DAY, approve=True)

    row = Baseline.objects.newest().get(organization=here.base)
    assert (row.version, row.members, row.reason) == (2, 8, "Sót một đảng viên")
    assert (row.entered_by, row.confirmed_by) == (here.staff, here.approver)
    assert (answered.state, answered.baseline, answered.answered_by) == (
        "approved",
        row,
        here.approver,
    )
    assert answered.answered_at is not None


def test_a_correction_that_is_refused_leaves_the_number(here: Committee) -> None:
    frozen(here)

    answered = answer_correction(asked_for(here), by=here.staff2, on=DAY, approve=False)

    assert (answered.state, answered.baseline, written()["co-so"]) == ("refused", None, 7)
    assert asked_for(here).state == "asked"


def test_a_correction_is_news_for_the_figures_and_a_refusal_is_not(here: Committee) -> None:
    frozen(here)
    Outbox.objects.all().delete()

    answer_correction(asked_for(here), by=here.staff2, on=DAY, approve=False)
    assert Outbox.objects.count() == 0
    answer_correction(asked_for(here), by=here.staff2, on=DAY, approve=True)

    assert list(Outbox.objects.values_list("kind", flat=True)) == ["targets.baseline"]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("who", "asks", "answers"),
    [
        ("staff", True, False),
        ("staff2", True, True),
        ("approver", False, True),
        ("base_staff", False, True),
        ("secretary", False, False),
        ("leader", False, False),
        ("auditor", False, False),
        ("administrator", False, False),
    ],
)
def test_staff_above_ask_and_a_second_person_answers(
    here: Committee, who: str, asks: bool, answers: bool
) -> None:
    frozen(here)
    by = getattr(here, who)
    waiting = asked_for(here)

    def answer() -> BaselineCorrection:
        return answer_correction(waiting, by=by, on=DAY, approve=True)

    def ask() -> BaselineCorrection:
        return ask_correction(here.other, by=by, on=DAY, year=2021, members=2, reason="Sót")

    for act, may in ((ask, asks), (answer, answers)):
        if may:
            act()
        else:
            with pytest.raises(PermissionDenied):
                act()


def test_a_correction_is_answered_once(here: Committee) -> None:
    frozen(here)
    asked = asked_for(here)
    answer_correction(asked, by=here.staff2, on=DAY, approve=True)

    assert "answered already" in str(
        refused(lambda: answer_correction(asked, by=here.approver, on=DAY, approve=False))
    )


def test_one_correction_waits_at_a_time(here: Committee) -> None:
    frozen(here)
    asked_for(here)

    assert "canbo has asked for a correction to 8 already" in str(
        refused(lambda: asked_for(here, 9))
    )


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"year": 2020}, "year"),
        ({"year": 0}, "year"),
        ({"members": 7}, "members"),
        ({"members": -1}, "members"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 301}, "reason"),
    ],
)
def test_a_correction_that_cannot_be_is_refused_at_its_field(
    here: Committee, values: dict[str, Any], field: str
) -> None:
    frozen(here)
    sent = {"year": 2021, "members": 8, "reason": "Sót", **values}

    refusal = refused(lambda: ask_correction(here.base, by=here.staff, on=DAY, **sent))

    assert list(refusal.fields) == [field]


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_counts_and_the_other_is_told() -> None:
    here = a_committee()
    frozen(here)
    asked = asked_for(here)

    ends = at_once(
        lambda: answer_correction(asked, by=here.staff2, on=DAY, approve=True),
        lambda: answer_correction(asked, by=here.approver, on=DAY, approve=False),
    )

    assert ends == ["DomainError", "done"]


# ---------------------------------------------------------------- in a closed year


def test_in_a_closed_year_nothing_of_the_opening_members_is_written(here: Committee) -> None:
    later = date(2022, 2, 1)
    report_baseline(here.base, by=here.staff, on=DAY, year=2021, members=7)
    waiting = asked_for(here)
    asked = ask_to_freeze(here.top, by=here.staff, on=DAY, year=2021, **DECISION)
    stand_on(later)
    close_year(
        ask_to_close_year(here.top, by=here.staff, on=later, year=2021), by=here.staff2, on=later
    )

    acts: list[Callable[[], Any]] = [
        lambda: confirm_baseline(here.one, by=here.secretary, on=later, year=2021, members=4),
        lambda: report_baseline(here.other, by=here.staff, on=later, year=2021, members=1),
        lambda: report_baselines([NewBaseline(here.other, 2021, 1)], by=here.staff, on=later),
        lambda: answer_correction(waiting, by=here.staff2, on=later, approve=True),
        lambda: ask_to_freeze(here.top, by=here.staff, on=later, year=2021, **DECISION),
        lambda: approve_freeze(asked, by=here.staff2, on=later),
    ]

    told = (
        "The year 2021 of Đảng bộ Than was closed by canbo and canbo2 on 01/02/2022. Two people"
        " there must open it first."
    )
    assert [str(refused(act)) for act in acts] == [told] * len(acts)
    answer_correction(waiting, by=here.staff2, on=later, approve=False)
    assert told == str(refused(lambda: asked_for(here, 9)))


def test_the_database_refuses_a_baseline_of_a_closed_year(here: Committee) -> None:
    later = date(2022, 2, 1)
    stand_on(later)
    late = cell("c9", here.base, on=date(2021, 12, 31))
    close_year(
        ask_to_close_year(here.top, by=here.staff, on=later, year=2021), by=here.staff2, on=later
    )

    def write(organization: Organization, year: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO targets_baseline (organization_id, year, version, members, reason,"
                " entered_by_id) VALUES (%s, %s, 1, 5, '', %s)",
                [organization.pk, year, here.staff.pk],
            )

    for closed in (here.top, here.one, late):
        with pytest.raises(IntegrityError, match="inside a period that is sealed"):
            write(closed, 2021)
    write(here.one, 2020)
    write(here.one, 2022)

    assert sorted(Baseline.objects.values_list("year", flat=True)) == [2020, 2022]
