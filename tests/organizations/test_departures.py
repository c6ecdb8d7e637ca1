"""Leaving the Party, coming back to it, the citizen's number, and posts."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection

from config.errors import DomainError
from config.periods import between, since
from organizations.models import Departure, Membership, Organization, Person, Post, Role, User
from organizations.operations.people import (
    add_member,
    change_person,
    citizen_columns,
    depart,
    leave,
    restore,
)
from organizations.operations.posts import end_post, give_post
from organizations.operations.transfers import request_transfer
from tests.organizations.makers import BEGINNING, DAY, member, officer
from tests.organizations.test_structure import at_once
from tests.organizations.test_transfers import closed, places

pytestmark = pytest.mark.django_db

Tree = dict[str, Organization]
EVE = DAY - timedelta(days=1)
NUMBER = "001185001234"


@pytest.fixture
def secretary(tree: Tree) -> User:
    return officer("bithu", tree["cell"])


@pytest.fixture
def staff(tree: Tree) -> User:
    return officer("canbo", tree["mine"], Role.STAFF)


def gone(membership: Membership, by: User, **changes: Any) -> Departure:
    return depart(
        membership,
        by=by,
        on=DAY,
        **{
            "reason": "expelled",
            "happened_on": DAY,
            "decision_number": "7-QĐ",
            "decided_on": EVE,
            **changes,
        },
    )


# ---------------------------------------------------------------- leaving


@pytest.mark.sweep
@pytest.mark.parametrize("status", ["official", "probationary"])
@pytest.mark.parametrize("reason", ["expelled", "struck_off", "resigned"])
def test_who_leaves_by_a_decision_is_out_from_its_day_with_its_reason(
    tree: Tree, secretary: User, reason: str, status: str
) -> None:
    held = member(tree["cell"], status=status)

    departure = gone(held, secretary, reason=reason)

    assert places(held.person) == [("khai-thac-1", status, BEGINNING, DAY, "taken_over", reason)]
    assert (departure.on, departure.decided_on, departure.decision_number) == (DAY, EVE, "7-QĐ")
    assert Membership.objects.on(EVE).exists()
    assert not Membership.objects.on(DAY).exists()


def test_who_died_needs_no_decision(tree: Tree, secretary: User) -> None:
    held = member(tree["cell"])

    departure = gone(held, secretary, reason="deceased", decision_number="", decided_on=None)

    assert (departure.decision_number, departure.decided_on) == ("", None)
    assert places(held.person)[0][-1] == "deceased"


def test_the_posts_of_who_leaves_end_too(tree: Tree, secretary: User) -> None:
    held = member(tree["cell"])
    Post.objects.create(
        person=held.person, organization=tree["cell"], title="Bí thư", period=since(BEGINNING)
    )

    gone(held, secretary)

    assert Post.objects.get().period == between(BEGINNING, DAY)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"reason": "chan"}, ["reason"]),
        ({"happened_on": DAY + timedelta(days=1)}, ["happened_on"]),
        ({"happened_on": BEGINNING, "decided_on": BEGINNING}, ["happened_on"]),
        ({"decision_number": " "}, ["decision_number"]),
        ({"decided_on": None}, ["decided_on"]),
        ({"decided_on": DAY, "happened_on": EVE}, ["decided_on"]),
        ({"decision_number": "", "decided_on": None}, ["decision_number", "decided_on"]),
    ],
)
def test_an_impossible_departure_is_refused_at_its_field(
    tree: Tree, secretary: User, changes: dict[str, Any], fields: list[str]
) -> None:
    held = member(tree["cell"])

    with pytest.raises(DomainError) as refused:
        gone(held, secretary, **changes)

    assert list(refused.value.fields) == fields
    assert Membership.objects.get().period.upper is None


def test_nobody_leaves_inside_what_is_closed(tree: Tree, secretary: User) -> None:
    held = member(tree["cell"])
    closed(tree["mine"], EVE - timedelta(days=30), DAY)

    with pytest.raises(DomainError) as refused:
        gone(held, secretary, happened_on=EVE)
    assert list(refused.value.fields) == ["happened_on"]

    assert gone(held, secretary, happened_on=DAY).on == DAY


def test_nobody_leaves_while_a_transfer_waits_or_twice(tree: Tree, secretary: User) -> None:
    held = member(tree["cell"])
    request_transfer(
        held.person, by=secretary, on=DAY, kind="official", destination=tree["other cell"]
    )
    with pytest.raises(DomainError):
        gone(held, secretary)

    other = member(tree["cell"], "Đỗ An")
    gone(other, secretary)
    with pytest.raises(DomainError):
        gone(other, secretary)


@pytest.mark.parametrize("role", [Role.APPROVER, Role.LEADER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_only_secretary_and_staff_over_the_cell_record_it(tree: Tree, role: Role) -> None:
    held = member(tree["cell"])
    beside = officer("canbo", tree["sibling"], Role.STAFF)

    for by in (officer("khac", tree["top"], role), beside):
        with pytest.raises(PermissionDenied):
            gone(held, by)


def test_nobody_records_that_they_left_themselves(tree: Tree, secretary: User) -> None:
    held = member(tree["cell"])
    secretary.person = held.person
    secretary.save(update_fields=["person"])

    with pytest.raises(PermissionDenied):
        gone(held, secretary)


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_of_two_departures_at_once_one_is_recorded(tree: Tree) -> None:
    first, second = officer("bithu", tree["cell"]), officer("canbo", tree["mine"], Role.STAFF)
    held = member(tree["cell"])

    ended = at_once(lambda: gone(held, first), lambda: gone(held, second, reason="struck_off"))

    assert ended == ["DomainError", "done"]
    assert Departure.objects.count() == 1


# ---------------------------------------------------------------- coming back


def test_a_membership_is_given_back_with_its_standing_from_the_day(
    tree: Tree, staff: User, secretary: User
) -> None:
    held = member(tree["cell"])
    gone(held, secretary, happened_on=EVE)

    restore(held, by=staff, on=DAY, restored_on=DAY, cell=tree["cell"])

    assert places(held.person) == [
        ("khai-thac-1", "official", BEGINNING, EVE, "taken_over", "expelled"),
        ("khai-thac-1", "official", DAY, None, "restored", ""),
    ]


@pytest.mark.parametrize(
    ("reason", "restored_on", "field"),
    [
        ("deceased", DAY, None),
        ("expelled", DAY + timedelta(days=1), "restored_on"),
        ("expelled", EVE - timedelta(days=1), "restored_on"),
    ],
)
def test_an_impossible_return_is_refused(
    tree: Tree, staff: User, reason: str, restored_on: date, field: str | None
) -> None:
    held = member(tree["cell"])
    gone(held, staff, reason=reason, happened_on=EVE)

    with pytest.raises(DomainError) as refused:
        restore(held, by=staff, on=DAY, restored_on=restored_on, cell=tree["cell"])

    assert list(refused.value.fields) == ([field] if field else [])


def test_only_staff_over_both_cells_gives_it_back(tree: Tree, staff: User, secretary: User) -> None:
    held = member(tree["cell"])
    gone(held, secretary)

    with pytest.raises(PermissionDenied):
        restore(held, by=secretary, on=DAY, restored_on=DAY, cell=tree["cell"])
    with pytest.raises(PermissionDenied):
        restore(held, by=staff, on=DAY, restored_on=DAY, cell=tree["other cell"])


def test_who_only_moved_away_is_not_given_it_back(tree: Tree, staff: User) -> None:
    held = member(tree["cell"])
    leave(held, on=DAY, reason_out="transferred")

    with pytest.raises(DomainError):
        restore(held, by=staff, on=DAY, restored_on=DAY, cell=tree["cell"])


# ---------------------------------------------------------------- the citizen's number


def new(tree: Tree, by: User, **changes: Any) -> Membership:
    return add_member(
        tree["cell"],
        by=by,
        on=DAY,
        **{
            "full_name": "Đỗ An",
            "born_on": date(1985, 6, 5),
            "sex": "male",
            "status": "official",
            "since": BEGINNING,
            **changes,
        },
    )


def test_of_the_number_only_a_keyed_hash_and_four_digits_are_stored(
    tree: Tree, secretary: User
) -> None:
    added = new(tree, secretary, citizen_id="001 185 001 234").person

    assert added.citizen_id_ending == "1234"
    key = settings.IDENTITY_KEY.encode()
    assert added.citizen_id_hash == hmac.new(key, NUMBER.encode(), hashlib.sha256).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p::text FROM organizations_person AS p"
            " UNION ALL SELECT e::text FROM organizations_personevent AS e"
        )
        stored = [row for (row,) in cursor.fetchall()]
    assert len(stored) == 2
    assert not any(NUMBER in row for row in stored)


def test_another_key_gives_another_hash(settings: Any) -> None:
    first = citizen_columns(NUMBER)["citizen_id_hash"]

    settings.IDENTITY_KEY = "another key"

    assert citizen_columns(NUMBER)["citizen_id_hash"] != first


@pytest.mark.parametrize(
    "number", ["12345678", "1234567890", "0011850012345", "00118500123a", "٠" * 12]
)
def test_a_number_has_nine_or_twelve_digits(tree: Tree, secretary: User, number: str) -> None:
    with pytest.raises(DomainError) as refused:
        new(tree, secretary, citizen_id=number)

    assert list(refused.value.fields) == ["citizen_id"]
    assert not Person.objects.exists()


def test_one_number_stands_once_in_a_cells_list(tree: Tree, secretary: User) -> None:
    new(tree, secretary, citizen_id=NUMBER)

    with pytest.raises(DomainError) as refused:
        new(tree, secretary, full_name="Đỗ Bình", citizen_id=NUMBER)

    assert list(refused.value.fields) == ["citizen_id"]


def test_an_empty_number_leaves_the_one_that_is_there(tree: Tree, secretary: User) -> None:
    known = new(tree, secretary, citizen_id=NUMBER).person

    changed = change_person(known, by=secretary, on=DAY, occupation="Thợ lò")

    assert (changed.citizen_id_ending, changed.occupation) == ("1234", "Thợ lò")
    assert change_person(known, by=secretary, on=DAY, citizen_id="123456789").citizen_id_ending == (
        "6789"
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"admitted_on": DAY + timedelta(days=1)}, "admitted_on"),
        ({"admitted_on": date(2000, 12, 31)}, "admitted_on"),
        ({"admitted_on": date(2010, 1, 2), "official_on": date(2010, 1, 1)}, "official_on"),
        ({"official_on": DAY + timedelta(days=1)}, "official_on"),
        ({"citizen_id": "1"}, "citizen_id"),
    ],
)
def test_impossible_papers_are_refused(
    tree: Tree, secretary: User, changes: dict[str, Any], field: str
) -> None:
    known = new(tree, secretary).person

    with pytest.raises(DomainError) as refused:
        change_person(known, by=secretary, on=DAY, **changes)

    assert list(refused.value.fields) == [field]


def test_papers_are_written_by_the_cell_and_those_above_alone(tree: Tree, secretary: User) -> None:
    known = new(tree, secretary).person
    others = [
        officer("khac", tree["other cell"]),
        officer("giamsat", tree["top"], Role.AUDITOR),
        officer("lanhdao", tree["top"], Role.LEADER),
    ]
    themselves = officer("chinh-ho", tree["cell"])
    themselves.person = known
    themselves.save(update_fields=["person"])

    for by in (*others, themselves):
        with pytest.raises(PermissionDenied):
            change_person(known, by=by, on=DAY, occupation="x")


# ---------------------------------------------------------------- posts


def test_a_post_is_held_from_its_day_until_its_end(tree: Tree, staff: User) -> None:
    held = member(tree["cell"])

    post = give_post(
        held.person, by=staff, on=DAY, organization=tree["cell"], title="Bí thư", since=EVE
    )
    end_post(post, by=staff, on=DAY, until=DAY)

    assert Post.objects.get().period == between(EVE, DAY)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"until": EVE}, "until"),
        ({"since": BEGINNING - timedelta(days=1)}, "organization"),
    ],
)
def test_an_impossible_post_is_refused(
    tree: Tree, staff: User, changes: dict[str, Any], field: str
) -> None:
    held = member(tree["cell"])
    wanted = {"organization": tree["cell"], "title": "Bí thư", "since": EVE, **changes}

    with pytest.raises(DomainError) as refused:
        give_post(held.person, by=staff, on=DAY, **wanted)

    assert list(refused.value.fields) == [field]


def test_a_probationary_member_holds_no_post(tree: Tree, staff: User) -> None:
    held = member(tree["cell"], status="probationary")

    with pytest.raises(DomainError) as refused:
        give_post(
            held.person, by=staff, on=DAY, organization=tree["cell"], title="Bí thư", since=EVE
        )

    assert list(refused.value.fields) == ["since"]


def test_a_post_is_held_once_and_ends_once(tree: Tree, staff: User) -> None:
    held = member(tree["cell"])
    wanted = {"organization": tree["cell"], "title": "Bí thư", "since": BEGINNING}
    post = give_post(held.person, by=staff, on=DAY, **wanted)

    with pytest.raises(DomainError) as refused:
        give_post(held.person, by=staff, on=DAY, **wanted)
    assert list(refused.value.fields) == ["title"]
    with pytest.raises(DomainError) as refused:
        end_post(post, by=staff, on=DAY, until=BEGINNING)
    assert list(refused.value.fields) == ["until"]
    end_post(post, by=staff, on=DAY, until=DAY)
    with pytest.raises(DomainError):
        end_post(post, by=staff, on=DAY, until=DAY)


@pytest.mark.parametrize("role", [Role.APPROVER, Role.LEADER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_posts_are_given_by_secretary_and_staff(tree: Tree, staff: User, role: Role) -> None:
    held = member(tree["cell"])
    by = officer("khac", tree["top"], role)
    wanted = {"organization": tree["cell"], "title": "Bí thư", "since": EVE}

    with pytest.raises(PermissionDenied):
        give_post(held.person, by=by, on=DAY, **wanted)
    post = give_post(held.person, by=staff, on=DAY, **wanted)
    with pytest.raises(PermissionDenied):
        end_post(post, by=by, on=DAY, until=DAY)
