"""A closed year: its pages, and every kind of fact that it refuses in forms and by raw SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from admissions.models import Admission
from admissions.operations.ceremonies import hold_ceremony, reverse_admission
from admissions.selectors import STEP_CODES
from admissions.stages import Stage, Step
from config.errors import DomainError
from organizations.models import Organization, Reorganization, Role, Seal, User
from organizations.operations.people import add_member
from organizations.operations.seals import (
    ask_to_close_year,
    ask_to_open_year,
    close_year,
    open_year,
)
from targets.models import Baseline, Target
from targets.operations.targets import assign_target, register_target
from tests.makers import DAY, World, candidate, held, officer, once, stand_on, unit, world
from tests.targets import assigning
from tests.targets.makers import admit
from tests.targets.makers import reverse as reversal
from tests.targets.test_pages import signed_in

pytestmark = pytest.mark.django_db
DECISION = {"decision_number": "24-QĐ/ĐU", "decided_on": date(2021, 1, 21)}
TOLD = (
    "The year 2020 of Đảng bộ kc-top was closed by kc-canbo2 and kc-duyet on 28/05/2021. Two people"
    " there must open it first."
)


@pytest.fixture
def kc(db: None) -> World:
    return world()


def closed(kc: World, year: int = 2020) -> Seal:
    asked = ask_to_close_year(kc.top, by=kc.staff2, on=DAY, year=year)
    return close_year(asked, by=kc.approver, on=DAY)


def opened(kc: World, seal: Seal) -> None:
    ask_to_open_year(seal, by=kc.staff2, on=DAY, reason="Sót ba quyết định")
    open_year(seal, by=kc.approver, on=DAY)


def refused(act: Callable[[], Any]) -> str:
    with override("en"), pytest.raises(DomainError) as refusal, transaction.atomic():
        act()
    return str(refusal.value)


def page(kc: World, name: str = "year-list", *more: int) -> str:
    return reverse(name, args=more, query={"dv": kc.top.slug})


# ---------------------------------------------------------------- targets


def test_no_target_of_a_closed_year_is_assigned_given_out_or_registered(kc: World) -> None:
    closed(kc)

    acts: list[Callable[[], Any]] = [
        lambda: assign_target(kc.committee, by=kc.staff2, on=DAY, year=2020, low=3, **DECISION),
        lambda: assigning.opened(kc.top, by=kc.staff2, year=2020),
        lambda: register_target(kc.cell, by=kc.secretary, on=DAY, year=2020, low=3),
    ]

    assert [refused(act) for act in acts] == [TOLD] * 3
    assert not Target.objects.exists()


def test_targets_of_the_years_beside_it_are_given(kc: World) -> None:
    closed(kc)

    for year in (2019, 2021):
        assign_target(kc.committee, by=kc.staff2, on=DAY, year=year, low=3, **DECISION)

    assert Target.objects.count() == 2


def test_a_target_of_a_term_outlasts_a_year_closed_in_it(kc: World) -> None:
    closed(kc)

    target = assign_target(
        kc.committee, by=kc.staff2, on=DAY, year=2020, low=90, span=Target.Span.TERM, **DECISION
    )

    assert target.low == 90


def test_what_is_opened_again_takes_facts_again(kc: World) -> None:
    opened(kc, closed(kc))

    assert assign_target(kc.committee, by=kc.staff2, on=DAY, year=2020, low=3, **DECISION).pk


def test_the_form_of_a_target_says_which_year_is_closed_and_keeps_what_was_typed(
    kc: World,
) -> None:
    closed(kc)
    where = reverse("target-assign", args=[2020], query={"dv": kc.committee.slug})

    answer = signed_in(kc.staff2).post(
        where,
        {
            "once": once(),
            "form": "number",
            "low": "33",
            "decision_number": "24-QĐ/ĐU",
            "decided_on": "21/01/2021",
        },
    )

    assert answer.status_code == 422
    assert TOLD in answer.content.decode()
    assert 'value="33"' in answer.content.decode()


def test_the_form_of_the_opening_members_says_it_too(kc: World) -> None:
    closed(kc)
    where = reverse("baseline-report", args=[2020], query={"dv": kc.committee.slug})

    answer = signed_in(kc.staff2).post(where, {"once": once(), "members": "33"})

    assert answer.status_code == 422
    assert TOLD in answer.content.decode()
    assert not Baseline.objects.exists()


# ---------------------------------------------------------------- people


LATER = date(2022, 2, 1)
TOLD_OF_2021 = (
    "The year 2021 of Đảng bộ kc-top was closed by kc-canbo2 and kc-duyet on 01/02/2022. Two people"
    " there must open it first."
)


def closed_2021(kc: World) -> None:
    stand_on(LATER)
    asked = ask_to_close_year(kc.top, by=kc.staff2, on=LATER, year=2021)
    close_year(asked, by=kc.approver, on=LATER)


@pytest.mark.thorough
def test_no_ceremony_is_held_in_a_closed_year(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    closed_2021(kc)

    def hold(day: date) -> Admission:
        return hold_ceremony(file, by=kc.secretary, on=LATER, ceremony_on=day)

    assert refused(lambda: hold(date(2021, 12, 31))) == TOLD_OF_2021
    assert not Admission.objects.exists()
    first = date(2022, 1, 1)
    assert held(file, by=kc.secretary, on=LATER, ceremony_on=first).ceremony_on == first


@pytest.mark.thorough
def test_the_form_of_a_ceremony_says_it_and_keeps_what_was_typed(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    closed_2021(kc)
    where = reverse("candidate-step", args=[file.public_id, STEP_CODES[Step.ADMIT]])

    answer = signed_in(kc.secretary).post(where, {"once": once(), "ceremony_on": "19/05/2021"})

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["ceremony_on"]
    assert TOLD_OF_2021 in answer.content.decode()
    assert 'value="19/05/2021"' in answer.content.decode()


@pytest.mark.thorough
def test_an_admission_of_a_closed_year_is_reversed_on_a_day_after_it(kc: World) -> None:
    candidate(kc, at=Stage.ADMITTED)
    admission = Admission.objects.get()
    closed_2021(kc)
    second = officer("duyet-hai", kc.top, Role.APPROVER)

    def undo(day: date) -> Admission:
        return reverse_admission(
            admission, by=second, on=LATER, reason="Sai thẩm quyền", decided_on=day
        )

    assert refused(lambda: undo(date(2021, 12, 31))) == TOLD_OF_2021
    assert undo(date(2022, 1, 1)).sign == -1


def test_nobody_is_entered_as_a_member_from_a_day_of_a_closed_year(kc: World) -> None:
    closed(kc)

    def enter(since: date) -> Any:
        return add_member(
            kc.cell, by=kc.secretary, on=DAY, full_name="Lê Văn Cũ", born_on=date(1980, 1, 1),
            sex="male", status="official", since=since,
        )  # fmt: skip

    assert refused(lambda: enter(date(2020, 12, 31))) == TOLD
    assert enter(date(2021, 1, 1)).cell == kc.cell


# ---------------------------------------------------------------- the database itself


def raw(statement: str, values: list[Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


TARGET = """INSERT INTO targets_target (organization_id, indicator_id, year, span, until_year, kind,
    form, low, high, version, decision_number, decided_on, responsible, reason, entered_by_id)
    SELECT unit, 'KN01', year, span, CASE span WHEN 'term' THEN year + 5 END, 'assigned', 'number',
        3, 3, 1, '24-QĐ/ĐU', '2021-01-05', '', '', entered_by
    FROM (VALUES (%s, %s, %s, %s)) AS given (unit, year, span, entered_by)"""
DECIDED = """INSERT INTO organizations_reorganization (public_id, organization_id, number,
    signed_on, signer, effective_on, note, state, entered_by_id, cancel_reason, version)
    VALUES (gen_random_uuid(), %s, %s, '2021-01-05', 'Bí thư', %s, '', 'draft', %s, '', 1)"""
COPIED = """INSERT INTO admissions_admission (origin, person_id, cell_id, decided_on, ceremony_on,
    sign, reason, sex, age_years, is_ethnic_minority, groups, is_readmission)
    SELECT origin, person_id, cell_id, %s, %s, sign, reason, sex, age_years, is_ethnic_minority,
        groups, is_readmission FROM admissions_admission WHERE id = %s"""


@pytest.mark.parametrize(
    ("day", "is_refused"),
    [("2019-12-31", False), ("2020-01-01", True), ("2020-12-31", True), ("2021-01-01", False)],
)
def test_the_database_refuses_an_admission_dated_in_a_closed_year(
    kc: World, day: str, is_refused: bool
) -> None:
    (known,) = admit(kc.cell, date(2019, 5, 19))
    closed(kc)

    def write() -> None:
        raw(COPIED, [day, day, known.pk])

    if is_refused:
        with pytest.raises(IntegrityError, match="lies inside a period that is sealed"):
            write()
    else:
        write()
    assert Admission.objects.count() == (1 if is_refused else 2)


def test_a_reversal_counts_on_its_own_day(kc: World) -> None:
    before, other = admit(kc.cell, date(2020, 5, 19), date(2020, 5, 20))
    closed(kc)

    with pytest.raises(IntegrityError, match="sealed"), transaction.atomic():
        reversal(before, on=date(2020, 12, 31))

    assert reversal(other, on=date(2021, 1, 1)).sign == -1


def test_the_database_refuses_a_target_of_a_closed_year(kc: World) -> None:
    closed(kc)

    for of in (kc.top, kc.committee, kc.cell):
        with pytest.raises(IntegrityError, match="lies inside a period that is sealed"):
            raw(TARGET, [of.pk, 2020, "year", kc.staff2.pk])
    raw(TARGET, [kc.cell.pk, 2020, "term", kc.staff2.pk])
    raw(TARGET, [kc.cell.pk, 2021, "year", kc.staff2.pk])

    assert Target.objects.count() == 2


@pytest.mark.parametrize(
    ("day", "is_refused"),
    [("2019-12-31", True), ("2020-01-01", True), ("2020-12-31", True), ("2021-01-01", False)],
)
def test_the_database_refuses_a_reorganisation_in_force_in_a_closed_year(
    kc: World, day: str, is_refused: bool
) -> None:
    closed(kc)

    def write() -> None:
        raw(DECIDED, [kc.committee.pk, "01-QĐ/TU", day, kc.staff2.pk])

    if is_refused:
        with pytest.raises(IntegrityError, match="lies inside a period that is sealed"):
            write()
    else:
        write()
    assert Reorganization.objects.count() == (0 if is_refused else 1)


def test_what_is_only_asked_for_or_was_opened_again_refuses_nothing(kc: World) -> None:
    ask_to_close_year(kc.top, by=kc.staff2, on=DAY, year=2019)
    opened(kc, closed(kc, 2020))

    for year in (2019, 2020):
        raw(TARGET, [kc.cell.pk, year, "year", kc.staff2.pk])

    assert Target.objects.count() == 2


def test_a_tree_beside_it_is_not_closed(kc: World) -> None:
    outside = unit("ngoai")
    closed(kc)

    raw(TARGET, [outside.pk, 2020, "year", kc.staff2.pk])

    assert Target.objects.get().organization == outside


# ---------------------------------------------------------------- the pages


def test_the_years_that_are_over_are_listed_latest_first(kc: World) -> None:
    seal = closed(kc, 2019)
    opened(kc, seal)
    ask_to_close_year(kc.top, by=kc.staff2, on=DAY, year=2018)
    closed(kc, 2020)

    years = signed_in(kc.leader).get(page(kc)).context["years"]

    assert [(year.number, year.state, len(year.past)) for year in years] == [
        (2020, "closed", 0),
        (2019, "open", 1),
        (2018, "asked", 0),
    ]


def test_the_page_says_who_closed_who_opened_and_why(kc: World) -> None:
    opened(kc, closed(kc, 2020))
    closed(kc, 2019)

    text = signed_in(kc.auditor).get(page(kc)).content.decode()

    assert "Closing asked for by kc-canbo2, 28/05/2021" in text
    assert "closed by kc-duyet, 28/05/2021" in text
    assert "Closed by kc-canbo2 and kc-duyet, 28/05/2021" in text
    assert "opened by kc-canbo2 and kc-duyet, 28/05/2021: Sót ba quyết định" in text


def test_two_people_close_and_open_a_year_on_their_pages(kc: World) -> None:
    one, two = signed_in(kc.staff2), signed_in(kc.approver)

    assert one.post(page(kc, "year-close", 2020), {"once": once(), "reason": ""}).status_code == 303
    seal = Seal.objects.get()
    answer = page(kc, "year-answer", 2020, seal.pk)
    assert one.post(answer, {"once": once(), "answer": "approve"}).status_code == 422
    assert two.post(answer, {"once": once(), "answer": "approve"}).status_code == 303
    assert Seal.objects.standing().exists()
    reason = {"once": once(), "reason": "Sót ba quyết định"}
    assert two.post(page(kc, "year-open", 2020, seal.pk), reason).status_code == 303
    assert two.post(answer, {"once": once(), "answer": "approve"}).status_code == 422
    assert one.post(answer, {"once": once(), "answer": "approve"}).status_code == 303

    assert not Seal.objects.standing().exists()


def test_what_was_asked_is_taken_back_by_who_asked_and_turned_down_by_another(kc: World) -> None:
    one, two = signed_in(kc.staff2), signed_in(kc.approver)
    for client in (one, two):
        asked = ask_to_close_year(kc.top, by=kc.staff2, on=DAY, year=2020)
        where = page(kc, "year-answer", 2020, asked.pk)
        assert client.post(where, {"once": once(), "answer": "refuse"}).status_code == 303
    seal = closed(kc)
    where = page(kc, "year-answer", 2020, seal.pk)
    for client in (one, two):
        ask_to_open_year(seal, by=kc.staff2, on=DAY, reason="Sót")
        assert client.post(where, {"once": once(), "answer": "refuse"}).status_code == 303

    assert Seal.objects.standing().get() == seal


@pytest.mark.parametrize(
    ("year", "sentence"),
    [(2021, "is over"), (2017, "is over"), (99999, "is over"), (0, "is over")],
)
def test_a_year_that_cannot_be_closed_is_told(kc: World, year: int, sentence: str) -> None:
    answer = signed_in(kc.staff2).post(page(kc, "year-close", year), {"once": once()})

    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_opening_without_a_reason_is_told_at_its_field(kc: World) -> None:
    seal = closed(kc)

    answer = signed_in(kc.staff2).post(
        page(kc, "year-open", 2020, seal.pk), {"once": once(), "reason": " "}
    )

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["reason"]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("who", "reads", "acts"),
    [
        ("staff2", 200, 200),
        ("approver", 200, 200),
        ("leader", 200, 403),
        ("auditor", 200, 403),
        ("administrator", 404, 404),
        ("staff", 404, 404),
        ("secretary", 404, 404),
    ],
)
def test_those_of_the_top_read_and_its_staff_and_approvers_act(
    kc: World, who: str, reads: int, acts: int
) -> None:
    seal = closed(kc)
    client: Client = signed_in(getattr(kc, who))

    assert client.get(page(kc)).status_code == reads
    for name, more in (
        ("year-close", [2019]),
        ("year-open", [2020, seal.pk]),
        ("year-answer", [2020, seal.pk]),
    ):
        assert client.get(page(kc, name, *more)).status_code == acts, name


def test_a_seal_of_another_year_or_unit_has_no_page(kc: World) -> None:
    seal = closed(kc)
    outside: Organization = unit("ngoai")
    client = signed_in(kc.staff2)

    for where in (
        page(kc, "year-answer", 2019, seal.pk),
        page(kc, "year-answer", 99999, seal.pk),
        page(kc, "year-answer", 2020, 10**20),
        reverse("year-list", query={"dv": outside.slug}),
        reverse("year-list", query={"dv": kc.committee.slug}),
    ):
        assert client.get(where).status_code == 404, where


def test_the_years_are_found_from_the_targets_of_the_top(kc: World) -> None:
    def links(user: User, of: Organization) -> bool:
        where = reverse("target-year", args=[2021], query={"dv": of.slug})
        return "/nam/?dv=" in signed_in(user).get(where).content.decode()

    assert (links(kc.staff2, kc.top), links(kc.staff2, kc.committee)) == (True, False)
    assert signed_in(kc.staff2).get(reverse("year-list")).status_code == 200


def test_the_page_asks_no_more_of_the_database_for_many_years_than_for_few(kc: World) -> None:
    client = signed_in(kc.staff2)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(page(kc)).status_code == 200
        return len(asked)

    queries()
    closed(kc, 2020)
    few = queries()
    for _time in range(6):
        opened(kc, closed(kc, 2019))

    assert queries() == few
