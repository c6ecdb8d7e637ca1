"""The list of files at any size: whichever way a page is read, it holds what its reader may see."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from admissions import filters
from admissions.filters import CandidateFilter
from admissions.models import Candidate
from admissions.operations.candidates import close_candidate
from admissions.selectors import listing
from config import clock
from organizations.models import Appointment, Organization, Role, Scope, User
from organizations.operations import reorganizations as ops
from organizations.operations.structure import move
from tests.admissions.test_moving import received, sent
from tests.makers import (
    DAY,
    World,
    appointed,
    cell,
    logged,
    officer,
    stand_on,
    unit,
    world,
)
from tests.targets.reorganising import Event, drafted, reorganise

pytestmark = pytest.mark.django_db

TOMORROW = DAY + timedelta(days=1)
SORTED, WALKED, IN_VAIN = (3000, 6000), (1, 6000), (1, 1)
"""From how many organisations on files are walked, and how many are passed at the most."""


def read_as(way: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scope, "MANY", way[0])
    monkeypatch.setattr(listing, "FAR", way[1])


@pytest.fixture(params=[SORTED, WALKED, IN_VAIN], ids=["sorted", "walked", "walked in vain"])
def any_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    read_as(request.param, monkeypatch)


@pytest.fixture
def other(kc: World) -> Organization:
    """Another committee beneath the same body, with a clerk and a cell of its own."""
    committee = unit("khac", kc.top)
    kc.users["clerk"] = officer("canbo-khac", committee, Role.STAFF)
    cell("khac-1", committee)
    return committee


def page(user: User, query: str = "") -> Any:
    client = Client()
    client.force_login(user)
    answer = client.get(reverse("candidate-list") + query)
    assert answer.status_code == 200
    return answer


def shown(user: User, query: str = "") -> list[str]:
    answer = page(user, query)
    rows = [row["file"].number for row in answer.context["rows"]]
    assert answer.context["total"] == len(rows)
    return rows


def seen(user: User) -> list[str]:
    """What `visible_to` says of the open files, in the list's order."""
    files = Candidate.objects.visible_to(user, on=clock.today()).open()
    return list(files.order_by("stage_since", "pk").values_list("number", flat=True))


def numbers(*files: Candidate) -> list[str]:
    return [file.number for file in files]


# ---------------------------------------------------------------- what stands in it


def test_each_reader_finds_the_open_files_beneath_them_longest_at_their_step_first(
    kc: World, other: Organization, any_way: None
) -> None:
    late = logged(kc, identified_on=date(2021, 2, 1))
    early = logged(kc, cell=kc.sibling, by=kc.secretary2, identified_on=date(2020, 2, 1))
    same = [logged(kc, identified_on=date(2020, 6, 1)) for _file in range(2)]
    closed = logged(kc, identified_on=date(2019, 1, 1))
    close_candidate(closed, by=kc.secretary, on=DAY, closed_on=DAY, reason="Xin rút")

    assert shown(kc.staff) == numbers(early, *same, late) == seen(kc.staff)
    assert shown(kc.secretary) == numbers(*same, late) == seen(kc.secretary)
    assert shown(kc.secretary2) == numbers(early) == seen(kc.secretary2)
    assert shown(kc.auditor) == seen(kc.auditor) == seen(kc.staff)
    assert shown(kc.users["clerk"]) == [] == seen(kc.users["clerk"])


def test_the_scopes_of_several_posts_are_listed_together_each_file_once(
    kc: World, other: Organization, any_way: None
) -> None:
    one = logged(kc)
    two = logged(kc, cell=kc.sibling, by=kc.secretary2)
    appointed(kc.secretary, kc.committee, Role.APPROVER)
    appointed(kc.users["clerk"], kc.sibling)

    assert shown(kc.secretary) == numbers(one, two)
    assert shown(kc.users["clerk"]) == numbers(two)


def test_a_post_that_ended_or_is_to_begin_or_shows_no_names_adds_nothing(
    kc: World, other: Organization, any_way: None
) -> None:
    logged(kc)
    clerk = kc.users["clerk"]
    appointed(clerk, kc.committee, Role.STAFF, until=DAY)
    appointed(clerk, kc.committee, Role.STAFF, since=TOMORROW)
    appointed(clerk, kc.top, Role.LEADER)

    assert shown(clerk) == []
    stand_on(TOMORROW)
    assert len(shown(clerk)) == 1


@pytest.mark.parametrize("part", [slice(0, 1), slice(1, 3), slice(3, 5), slice(0, 9)])
def test_any_part_of_the_list_is_that_part_of_all_in_their_order(
    kc: World, any_way: None, part: slice
) -> None:
    for day in (5, 3, 4, 1, 2):
        logged(kc, identified_on=date(2020, 6, day))
    files = listed(kc.staff)

    assert numbers(*files[part]) == seen(kc.staff)[part]


def listed(user: User, **asked: str) -> Any:
    today = clock.today()
    scope = Appointment.objects.scope_of(user, roles=Role.sees_names(), on=today)
    return CandidateFilter(asked, Candidate.objects.all(), scope=scope).listed


@pytest.mark.parametrize(
    ("way", "query", "walks", "pages"),
    [
        (WALKED, "", 1, 1),
        (WALKED, "?trang=1", 1, 1),
        (IN_VAIN, "", 1, 1),
        (SORTED, "", 0, 1),
        (WALKED, "?q=thinh", 0, 1),
        (WALKED, "?sap-xep=ten", 0, 1),
        (WALKED, "?tinh-trang=tat-ca", 0, 1),
    ],
)
def test_the_first_pages_of_a_large_scope_are_met_and_all_else_is_sorted(
    kc: World,
    other: Organization,
    monkeypatch: pytest.MonkeyPatch,
    way: tuple[int, int],
    query: str,
    walks: int,
    pages: int,
) -> None:
    read_as(way, monkeypatch)
    there = Organization.objects.get(slug="khac-1")
    logged(kc, cell=there, by=officer("bithu-khac", there), identified_on=date(2019, 5, 1))
    file = logged(kc)

    with CaptureQueriesContext(connection) as asked:
        assert shown(kc.staff, query) == numbers(file)

    statements = [one["sql"] for one in asked.captured_queries]
    assert sum("LATERAL" in one for one in statements) == walks
    assert sum('"admissions_candidate"."public_id"' in one for one in statements) == pages


def test_what_is_within_a_readers_scope_is_what_they_may_see_on_each_day(
    kc: World, other: Organization
) -> None:
    logged(kc)
    logged(kc, cell=kc.sibling, by=kc.secretary2)
    move(kc.cell, under=other, on=TOMORROW)
    found = {}
    for user in (kc.secretary, kc.secretary2, kc.staff, kc.users["clerk"], kc.staff2, kc.leader):
        for day in (DAY, TOMORROW):
            scope = Appointment.objects.scope_of(user, roles=Role.sees_names(), on=day)
            seen = [
                set(files.values_list("pk", flat=True))
                for files in (
                    Candidate.objects.visible_to(user, on=day),
                    Candidate.objects.within(scope),
                    Candidate.objects.each_within(scope),
                )
            ]
            assert seen[0] == seen[1] == seen[2], (user, day)
            found[user.username, day] = len(seen[0])

    assert list(found.values()) == [1, 1, 1, 1, 2, 1, 0, 1, 2, 2, 0, 0]


# ---------------------------------------------------------------- what moves


def test_a_file_taken_over_elsewhere_is_in_the_new_list_and_in_the_old_no_more(
    kc: World, any_way: None
) -> None:
    hg = world(slug="hg", number=5)
    file, stays = logged(kc), logged(kc)

    received(hg, sent(kc, file, hg.cell))

    for user, found in (
        (kc.secretary, [stays]), (kc.staff, [stays]), (kc.staff2, [stays]),
        (hg.secretary, [file]), (hg.staff, [file]), (hg.staff2, [file]),
    ):  # fmt: skip
        assert shown(user) == numbers(*found) == seen(user), user


def test_a_cell_that_goes_elsewhere_takes_its_files_along_from_that_day(
    kc: World, other: Organization, any_way: None
) -> None:
    file = logged(kc)
    stays = logged(kc, cell=kc.sibling, by=kc.secretary2)
    clerk = kc.users["clerk"]

    move(kc.cell, under=other, on=TOMORROW)
    assert (shown(kc.staff), shown(clerk)) == (numbers(file, stays), [])

    stand_on(TOMORROW)  # nobody does anything: the day comes
    assert (shown(kc.staff), shown(clerk)) == (numbers(stays), numbers(file))
    assert (seen(kc.staff), seen(clerk)) == (numbers(stays), numbers(file))
    assert shown(kc.staff2) == numbers(file, stays)
    assert shown(kc.secretary) == numbers(file)


def test_a_committee_that_goes_under_another_takes_the_files_of_its_cells_along(
    kc: World, any_way: None
) -> None:
    file = logged(kc)
    province = unit("tinh", kind="superior")
    clerk = officer("canbo-tinh", province, Role.STAFF)

    move(kc.committee, under=province, on=DAY)

    assert (shown(clerk), shown(kc.staff2), shown(kc.staff)) == (
        numbers(file), [], numbers(file),
    )  # fmt: skip


def test_a_decision_dated_tomorrow_changes_the_lists_when_it_comes_into_force(
    kc: World, other: Organization, any_way: None
) -> None:
    file, clerk = logged(kc), kc.users["clerk"]
    decision, drafter = drafted(
        kc.top, Event("move", [kc.cell], [other]), effective_on=TOMORROW, on=DAY
    )
    ops.preview(decision, by=drafter, on=DAY)
    ops.confirm(decision, by=officer("duyet-moi", kc.top, Role.APPROVER), on=DAY)

    assert ops.apply_due(on=DAY) == []
    assert (shown(kc.staff), shown(clerk)) == (numbers(file), [])

    stand_on(TOMORROW)
    ops.apply_due(on=TOMORROW)
    assert (shown(kc.staff), shown(clerk)) == ([], numbers(file))


def test_a_merged_cells_open_files_are_listed_where_they_went_and_closed_ones_where_they_ended(
    kc: World, other: Organization, any_way: None
) -> None:
    file, ended = logged(kc), logged(kc)
    close_candidate(ended, by=kc.secretary, on=DAY, closed_on=DAY, reason="Xin rút")
    into = Organization.objects.get(slug="khac-1")
    clerk = kc.users["clerk"]

    reorganise(kc.top, Event("merge", [kc.cell], [into]), effective_on=date(2021, 5, 1), on=DAY)

    assert (shown(clerk), shown(kc.staff)) == (numbers(file), [])
    # What has ended keeps its last place above it, or goes up in what it became.
    closed = [user for user in (clerk, kc.staff) if shown(user, "?tinh-trang=dong")]
    assert closed == [
        user
        for user in (clerk, kc.staff)
        if Candidate.objects.visible_to(user, on=DAY).filter(pk=ended.pk).exists()
    ]
    assert shown(kc.staff2, "?tinh-trang=tat-ca") == numbers(file, ended)


# ---------------------------------------------------------------- the cell that is asked for


def test_beneath_many_organisations_the_cell_is_written_not_chosen(
    kc: World, other: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = logged(kc)
    two = logged(kc, cell=kc.sibling, by=kc.secretary2)
    elsewhere = logged(kc, cell=Organization.objects.get(slug="khac-1"), by=officer(
        "bithu-khac", Organization.objects.get(slug="khac-1")))  # fmt: skip
    ask = lambda user, text: shown(user, f"?chi-bo={text}")  # noqa: E731
    chosen = '<select name="chi-bo"'
    assert chosen in page(kc.staff2).content.decode()

    monkeypatch.setattr(filters, "FEW_UNITS", 1)

    assert chosen not in page(kc.staff2).content.decode()
    assert '<input type="search" name="chi-bo"' in page(kc.staff2).content.decode()
    assert ask(kc.staff2, kc.sibling.slug) == numbers(two)
    assert ask(kc.staff2, "CHI+BO+kc-2") == numbers(two)
    assert ask(kc.staff2, "chi+bộ+kc-") == numbers(one, two)
    assert ask(kc.staff2, "khac") == ask(kc.staff2, "Đảng+bộ+khac") == numbers(elsewhere)
    assert ask(kc.staff2, "không+có") == ask(kc.staff2, "%25") == []
    # A name finds nothing that its reader may not see.
    assert ask(kc.staff, "khac") == ask(kc.staff, "khac-1") == []
    # A cell's secretary has nothing to choose from.
    assert chosen in page(kc.secretary).content.decode()
