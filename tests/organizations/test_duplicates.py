"""Two records of one person: found, asked about by one, merged by another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from admissions.models import Candidate, RuleSet
from config.errors import DomainError
from config.periods import between
from organizations.models import Membership, Organization, Person, PersonMerge, Role, User
from organizations.operations.duplicates import (
    approve_merge,
    ask_merge,
    merges_of,
    pairs_of,
    refuse_merge,
)
from organizations.operations.people import NewMember, citizen_columns, take_over_members
from organizations.operations.transfers import request_transfer
from tests.organizations.makers import BEGINNING, DAY, account, member, officer
from tests.organizations.test_structure import at_once
from tests.organizations.test_transfers import closed, places

pytestmark = pytest.mark.django_db

Tree = dict[str, Organization]
EVE = DAY - timedelta(days=1)


@pytest.fixture
def staff(tree: Tree) -> User:
    return officer("canbo", tree["top"], Role.STAFF)


@pytest.fixture
def approver(tree: Tree) -> User:
    return officer("duyet", tree["top"], Role.APPROVER)


def numbered(membership: Membership, number: str) -> Person:
    Person.objects.filter(pk=membership.person_id).update(**citizen_columns(number))
    membership.person.refresh_from_db()
    return membership.person


def found(user: User) -> list[tuple[set[str], bool]]:
    return [
        ({pair.first.full_name, pair.second.full_name}, pair.by_number)
        for pair in pairs_of(user, on=DAY)
    ]


def asked(kept: Person, duplicate: Person, by: User, **changes: Any) -> PersonMerge:
    return ask_merge(
        kept,
        duplicate,
        by=by,
        on=DAY,
        **{
            "reason": "Nhập hai lần",
            "decision_number": "9-QĐ",
            "decided_on": DAY,
            **changes,
        },
    )


# ---------------------------------------------------------------- found


def test_one_number_or_one_name_and_birth_date_makes_a_pair(tree: Tree, staff: User) -> None:
    numbered(member(tree["cell"], "Vũ Anh"), "001185001234")
    numbered(member(tree["other cell"], "Vũ Văn Anh"), "001185001234")
    member(tree["cell"], "Đỗ Bình")
    member(tree["other cell"], "ĐÔ Binh")
    numbered(member(tree["cell"], "Lê Cúc"), "001185009999")
    other = member(tree["cell"], "Lê Cúc").person
    Person.objects.filter(pk=other.pk).update(born_on=date(1990, 5, 2))

    assert found(staff) == [
        ({"Vũ Anh", "Vũ Văn Anh"}, True),
        ({"Đỗ Bình", "ĐÔ Binh"}, False),
    ]


def test_a_pair_is_shown_once_though_both_ways_find_it(tree: Tree, staff: User) -> None:
    numbered(member(tree["cell"], "Vũ Anh"), "001185001234")
    numbered(member(tree["other cell"], "Vũ Ánh"), "001185001234")

    assert found(staff) == [({"Vũ Anh", "Vũ Ánh"}, True)]


def test_of_three_records_each_two_are_a_pair(tree: Tree, staff: User) -> None:
    for _n in range(3):
        member(tree["cell"], "Vũ Anh")

    assert len(found(staff)) == 3


def test_records_beyond_ones_own_are_not_compared(tree: Tree, staff: User) -> None:
    member(tree["cell"], "Vũ Anh")
    member(tree["other cell"], "Vũ Anh")

    assert found(officer("canbo2", tree["mine"], Role.STAFF)) == []
    assert found(officer("bithu", tree["cell"], Role.SECRETARY)) == []
    assert len(found(staff)) == 1


def test_what_was_answered_is_not_shown_again(tree: Tree, staff: User, approver: User) -> None:
    first, second = member(tree["cell"], "Vũ Anh"), member(tree["cell"], "Vũ Anh")
    merge = asked(first.person, second.person, staff)

    assert found(staff) == []
    assert list(merges_of(approver, on=DAY)) == [merge]
    refuse_merge(merge, by=approver, on=DAY)

    assert found(staff) == []
    assert list(merges_of(approver, on=DAY)) == []
    assert not Person.objects.filter(merged_into__isnull=False).exists()


@pytest.mark.parametrize("pairs", [10, 60])
def test_pairs_take_as_many_questions_for_many_as_for_few(
    tree: Tree, staff: User, pairs: int, django_assert_max_num_queries: Any
) -> None:
    rows = [
        NewMember(f"Nguyễn Văn {n % pairs}", date(1980, 1, 1), "male", BEGINNING)
        for n in range(2 * pairs)
    ]
    take_over_members(tree["cell"], rows)

    with django_assert_max_num_queries(3):
        assert len(pairs_of(staff, on=DAY)) == pairs


# ---------------------------------------------------------------- merged


def test_where_both_run_the_duplicates_ends_on_the_decisions_day(
    tree: Tree, staff: User, approver: User
) -> None:
    kept, duplicate = member(tree["cell"]).person, member(tree["other cell"]).person

    merge = approve_merge(asked(kept, duplicate, staff), by=approver, on=DAY)

    duplicate.refresh_from_db()
    assert duplicate.merged_into == kept
    assert (merge.state, merge.answered_by) == ("approved", approver)
    assert places(kept) == [("khai-thac-1", "official", BEGINNING, None, "taken_over", "")]
    assert places(duplicate) == [
        ("van-tai-1", "official", BEGINNING, DAY, "taken_over", "duplicate")
    ]


def test_where_only_the_duplicates_runs_the_kept_record_goes_on_with_it(
    tree: Tree, staff: User, approver: User
) -> None:
    kept = member(tree["cell"], until=BEGINNING + timedelta(days=9)).person
    duplicate = member(tree["other cell"], status="probationary").person

    approve_merge(asked(kept, duplicate, staff, decided_on=EVE), by=approver, on=DAY)

    assert [row[:4] for row in places(kept)] == [
        ("khai-thac-1", "official", BEGINNING, BEGINNING + timedelta(days=9)),
        ("van-tai-1", "probationary", EVE, None),
    ]
    assert places(duplicate)[0][2:4] == (BEGINNING, EVE)
    for day in (EVE - timedelta(days=1), EVE, DAY):
        assert Membership.objects.on(day).filter(cell=tree["other cell"]).count() == 1


def test_two_records_that_ended_are_merged_too(tree: Tree, staff: User, approver: User) -> None:
    kept = member(tree["cell"], until=EVE).person
    duplicate = member(tree["other cell"], until=EVE).person

    approve_merge(asked(kept, duplicate, staff), by=approver, on=DAY)

    assert not Membership.objects.on(DAY).exists()
    assert Person.objects.unmerged().get() == kept


def test_who_asked_does_not_answer(tree: Tree, staff: User) -> None:
    kept, duplicate = member(tree["cell"]).person, member(tree["cell"]).person
    merge = asked(kept, duplicate, staff)

    for answer in (approve_merge, refuse_merge):
        with pytest.raises(DomainError):
            answer(merge, by=staff, on=DAY)


@pytest.mark.sweep
@pytest.mark.parametrize("role", [Role.SECRETARY, Role.LEADER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_staff_asks_and_staff_or_approver_answers_over_both_cells(
    tree: Tree, staff: User, role: Role
) -> None:
    kept, duplicate = member(tree["cell"]).person, member(tree["other cell"]).person
    others = [
        officer("khac", tree["top"], role),
        officer("canbo2", tree["mine"], Role.STAFF),
    ]

    for by in others:
        with pytest.raises(PermissionDenied):
            asked(kept, duplicate, by)
    merge = asked(kept, duplicate, staff)
    for by in others:
        for answer in (approve_merge, refuse_merge):
            with pytest.raises(PermissionDenied):
                answer(merge, by=by, on=DAY)


def test_an_approver_does_not_ask(tree: Tree, approver: User) -> None:
    kept, duplicate = member(tree["cell"]).person, member(tree["cell"]).person

    with pytest.raises(PermissionDenied):
        asked(kept, duplicate, approver)


@pytest.mark.parametrize("whose", ["kept", "duplicate"])
def test_nobody_merges_their_own_record(
    tree: Tree, staff: User, approver: User, whose: str
) -> None:
    kept, duplicate = member(tree["cell"]).person, member(tree["cell"]).person
    merge = asked(kept, duplicate, staff)
    approver.person = {"kept": kept, "duplicate": duplicate}[whose]
    approver.save(update_fields=["person"])

    with pytest.raises(PermissionDenied):
        approve_merge(merge, by=approver, on=DAY)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"decision_number": ""}, "decision_number"),
        ({"decided_on": DAY + timedelta(days=1)}, "decided_on"),
        ({"decided_on": BEGINNING}, "decided_on"),
    ],
)
def test_an_impossible_merge_is_refused_at_its_field(
    tree: Tree, staff: User, changes: dict[str, Any], field: str
) -> None:
    kept, duplicate = member(tree["cell"]).person, member(tree["cell"]).person

    with pytest.raises(DomainError) as refused:
        asked(kept, duplicate, staff, **changes)

    assert list(refused.value.fields) == [field]


def test_a_merge_may_be_decided_on_the_memberships_second_day(tree: Tree, staff: User) -> None:
    kept, duplicate = member(tree["cell"]).person, member(tree["cell"]).person

    second = BEGINNING + timedelta(days=1)

    assert asked(kept, duplicate, staff, decided_on=second).decided_on == second


def test_no_merge_is_dated_inside_what_is_closed(tree: Tree, staff: User) -> None:
    kept, duplicate = member(tree["cell"]).person, member(tree["cell"]).person
    closed(tree["mine"], EVE, DAY)

    with pytest.raises(DomainError) as refused:
        asked(kept, duplicate, staff, decided_on=EVE)
    assert list(refused.value.fields) == ["decided_on"]
    assert asked(kept, duplicate, staff, decided_on=DAY).state == "asked"


def test_an_open_file_is_closed_first(tree: Tree, staff: User) -> None:
    kept, duplicate = member(tree["cell"]).person, member(tree["cell"], until=EVE).person
    Candidate.objects.create(
        number="HS-1",
        person=duplicate,
        cell=tree["cell"],
        rules=RuleSet.objects.first(),
        stage_since=EVE,
        identified_on=EVE,
        entered_by=staff,
    )

    with pytest.raises(DomainError):
        asked(kept, duplicate, staff)

    assert asked(duplicate, kept, staff).kept == duplicate


def test_a_transfer_that_waits_is_answered_first(tree: Tree, staff: User) -> None:
    kept, duplicate = member(tree["cell"]).person, member(tree["cell"]).person
    request_transfer(duplicate, by=staff, on=DAY, kind="official", destination=tree["other cell"])

    for pair in ((kept, duplicate), (duplicate, kept)):
        with pytest.raises(DomainError):
            asked(*pair, staff)


def test_a_merged_record_goes_nowhere_and_is_merged_once(
    tree: Tree, staff: User, approver: User
) -> None:
    kept, duplicate, third = (member(tree["cell"]).person for _n in range(3))
    approve_merge(asked(kept, duplicate, staff), by=approver, on=DAY)

    for pair in ((third, duplicate), (duplicate, third), (kept, duplicate)):
        with pytest.raises(DomainError):
            asked(*pair, staff)
    with pytest.raises(PermissionDenied):
        request_transfer(
            duplicate, by=staff, on=DAY, kind="official", destination=tree["other cell"]
        )


def test_two_merges_of_one_record_do_not_wait_beside_one_another(tree: Tree, staff: User) -> None:
    first, second, third = (member(tree["cell"]).person for _n in range(3))
    asked(first, second, staff)

    with pytest.raises(DomainError):
        asked(third, first, staff)


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_counts(tree: Tree) -> None:
    staff = officer("canbo", tree["top"], Role.STAFF)
    first, second = (officer(name, tree["top"], Role.APPROVER) for name in ("d1", "d2"))
    kept, duplicate = member(tree["cell"]).person, member(tree["cell"]).person
    merge = asked(kept, duplicate, staff)
    answers: list[Callable[[], object]] = [
        lambda: approve_merge(merge, by=first, on=DAY),
        lambda: refuse_merge(merge, by=second, on=DAY),
    ]

    assert at_once(*answers) == ["DomainError", "done"]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_crosswise_at_once_one_does(tree: Tree) -> None:
    first, second = (officer(name, tree["top"], Role.STAFF) for name in ("c1", "c2"))
    one, other = member(tree["cell"]).person, member(tree["cell"]).person

    ended = at_once(lambda: asked(one, other, first), lambda: asked(other, one, second))

    assert ended == ["DomainError", "done"]


def test_the_history_of_a_person_covers_no_day_twice(
    tree: Tree, staff: User, approver: User
) -> None:
    kept = member(tree["cell"], until=EVE).person
    duplicate = member(tree["other cell"], since=EVE - timedelta(days=50)).person

    approve_merge(asked(kept, duplicate, staff), by=approver, on=DAY)

    running = Membership.objects.filter(period__overlap=between(DAY, None))
    assert [row.person for row in running] == [kept]


def test_two_records_with_an_account_each_are_not_merged(
    tree: Tree, staff: User, approver: User
) -> None:
    kept, duplicate = (member(tree["cell"]).person for _ in range(2))
    waiting = asked(kept, duplicate, staff)
    User.objects.filter(pk=account("mot").pk).update(person=kept)
    second = account("hai")
    User.objects.filter(pk=second.pk).update(person=duplicate)

    with pytest.raises(DomainError, match=r"have an account|tài khoản"):
        approve_merge(waiting, by=approver, on=DAY)
    User.objects.filter(pk=second.pk).update(is_active=False)
    approve_merge(waiting, by=approver, on=DAY)


def test_what_was_merged_into_a_record_follows_it(tree: Tree, staff: User, approver: User) -> None:
    one, two, three = (member(tree["cell"]).person for _ in range(3))
    approve_merge(asked(two, three, staff), by=approver, on=DAY)
    two.refresh_from_db()
    approve_merge(asked(one, two, staff), by=approver, on=DAY)

    for merged in (two, three):
        merged.refresh_from_db()
        assert merged.merged_into == one
