"""Who sees what: the subtree of a dated appointment, asked of the database each time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from organizations.models import Appointment, Membership, Organization, Role, Scope, User
from organizations.operations.structure import move
from organizations.permissions import accounts_kept_by, acts, acts_at, holds
from tests.organizations.makers import (
    BEGINNING,
    DAY,
    account,
    appointed,
    cell,
    member,
    officer,
    unit,
)

pytestmark = pytest.mark.django_db

YESTERDAY = DAY - timedelta(days=1)
TOMORROW = DAY + timedelta(days=1)


@pytest.fixture
def tree() -> dict[str, Organization]:
    top = unit("tren", kind="superior")
    mine, sibling = unit("a", top), unit("b", top)
    return {
        "top": top,
        "mine": mine,
        "sibling": sibling,
        "cell": cell("a1", mine),
        "other cell": cell("b1", sibling),
    }


def seen(user: User | AnonymousUser, on: date = DAY) -> list[str]:
    return sorted(Organization.objects.visible_to(user, on=on).values_list("slug", flat=True))


def test_a_role_reaches_its_organisation_and_all_beneath_and_no_sibling(tree: dict) -> None:
    assert seen(officer("canbo", tree["mine"], Role.STAFF)) == ["a", "a1"]
    assert seen(officer("bithu", tree["cell"])) == ["a1"]
    assert seen(officer("canbo2", tree["top"], Role.STAFF)) == ["a", "a1", "b", "b1", "tren"]
    assert seen(account("ai-do")) == []
    assert seen(AnonymousUser()) == []


def test_a_role_holds_from_its_first_day_to_the_day_before_its_last(tree: dict) -> None:
    user = account("an")
    appointed(user, tree["mine"], since=DAY, until=TOMORROW)

    assert [seen(user, day) for day in (YESTERDAY, DAY, TOMORROW)] == [[], ["a", "a1"], []]


def test_a_role_that_ended_yesterday_or_begins_tomorrow_shows_nothing(tree: dict) -> None:
    ended, coming = account("cu"), account("moi")
    appointed(ended, tree["mine"], until=DAY)
    appointed(coming, tree["mine"], since=TOMORROW)

    assert seen(ended) == []
    assert seen(coming) == []


def test_a_closed_account_sees_nothing(tree: dict) -> None:
    user = officer("an", tree["mine"])
    user.is_active = False
    user.save(update_fields=["is_active"])

    assert seen(user) == []
    assert not acts(user, Role.SECRETARY, over=tree["cell"], on=DAY)


def test_a_superuser_sees_nothing_by_being_one(tree: dict) -> None:
    user = account("goc")
    user.is_superuser = True
    user.save(update_fields=["is_superuser"])

    assert seen(user) == []
    assert not holds(user, *Role, on=DAY)


def test_a_moved_cell_is_seen_by_its_new_committee_from_that_day(tree: dict) -> None:
    user = officer("canbo", tree["sibling"], Role.STAFF)

    move(tree["cell"], under=tree["sibling"], on=DAY)

    assert seen(user, YESTERDAY) == ["b", "b1"]
    assert seen(user, DAY) == ["a1", "b", "b1"]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("role", "names"),
    [
        (Role.SECRETARY, ["Nguyễn Thị An"]),
        (Role.STAFF, ["Nguyễn Thị An"]),
        (Role.APPROVER, ["Nguyễn Thị An"]),
        (Role.AUDITOR, ["Nguyễn Thị An"]),
        (Role.LEADER, []),
        (Role.ADMINISTRATOR, []),
    ],
)
def test_leaders_and_administrators_see_no_names(tree: dict, role: str, names: list[str]) -> None:
    member(tree["cell"])
    member(tree["other cell"], "Trần Văn Bình")
    user = officer("an", tree["mine"], role)

    shown = Membership.objects.visible_to(user, on=DAY)

    assert list(shown.values_list("person__full_name", flat=True)) == names
    assert seen(user) == ["a", "a1"]


def test_the_administrator_is_in_no_role_that_sees_figures() -> None:
    assert Role.ADMINISTRATOR not in Role.sees_figures()
    assert Role.LEADER in Role.sees_figures()


def test_acting_over_is_from_above_and_acting_at_is_at_its_own_level(tree: dict) -> None:
    staff = officer("canbo", tree["mine"], Role.STAFF)

    assert acts(staff, Role.STAFF, over=tree["cell"], on=DAY)
    assert acts(staff, Role.STAFF, over=tree["mine"], on=DAY)
    assert not acts(staff, Role.STAFF, over=tree["top"], on=DAY)
    assert not acts(staff, Role.APPROVER, over=tree["cell"], on=DAY)
    assert not acts(staff, Role.STAFF, over=tree["cell"], on=BEGINNING - timedelta(days=1))
    assert acts_at(staff, Role.STAFF, at=tree["mine"], on=DAY)
    assert not acts_at(staff, Role.STAFF, at=tree["cell"], on=DAY)


def test_the_subtrees_of_several_roles_are_seen_together_each_once(tree: dict) -> None:
    user = officer("an", tree["cell"])
    appointed(user, tree["mine"], Role.STAFF)
    appointed(user, tree["other cell"], Role.SECRETARY)

    assert seen(user) == ["a", "a1", "b1"]
    secretary_of = Appointment.objects.organizations_of(user, roles=[Role.SECRETARY], on=DAY)
    assert sorted(secretary_of.values_list("slug", flat=True)) == ["a1", "b1"]


def test_a_scope_holds_what_the_posts_in_those_roles_reach_on_its_day(tree: dict) -> None:
    user = officer("an", tree["cell"])
    appointed(user, tree["sibling"], Role.STAFF, until=TOMORROW)
    appointed(user, tree["top"], Role.LEADER)
    move(tree["other cell"], under=tree["mine"], on=TOMORROW)
    closed = officer("cu", tree["top"])
    closed.is_active = False
    closed.save(update_fields=["is_active"])

    for who in (user, closed, account("ai-do"), AnonymousUser()):
        for day in (YESTERDAY, DAY, TOMORROW):
            scope = Appointment.objects.scope_of(who, roles=Role.sees_names(), on=day)
            reached = Appointment.objects.organizations_of(who, roles=Role.sees_names(), on=day)
            assert set(scope.lines().values_list("descendant", flat=True)) == set(
                reached.values_list("pk", flat=True)
            )
            assert scope.size >= reached.count() > 0 or scope.roots == ()


def test_the_size_of_a_scope_is_counted_no_further_than_many(
    tree: dict, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: object
) -> None:
    user = officer("canbo", tree["top"], Role.STAFF)
    of = lambda: Appointment.objects.scope_of(user, roles=[Role.STAFF], on=DAY)  # noqa: E731

    with django_assert_num_queries(1):  # type: ignore[operator]
        assert of().size == 5
    monkeypatch.setattr(Scope, "MANY", 3)
    assert of().size == 3


def test_an_administrator_of_a_part_keeps_no_account_that_also_acts_outside_it(tree: dict) -> None:
    keeper = officer("quantri", tree["mine"], Role.ADMINISTRATOR)
    within = officer("trong", tree["cell"])
    beyond = officer("ngoai", tree["cell"])
    appointed(beyond, tree["other cell"])
    former = officer("cu", tree["cell"])
    appointed(former, tree["other cell"], until=DAY)
    fresh = account("moi")

    kept = accounts_kept_by(keeper, on=DAY)

    assert sorted(kept.values_list("username", flat=True)) == sorted(
        [keeper.username, within.username, former.username, fresh.username]
    )
    assert not accounts_kept_by(within, on=DAY).exists()


def test_seeing_asks_one_question_whatever_the_depth(
    tree: dict, django_assert_num_queries: object
) -> None:
    user = officer("canbo", tree["top"], Role.STAFF)

    with django_assert_num_queries(1):  # type: ignore[operator]
        list(Organization.objects.visible_to(user, on=DAY))
