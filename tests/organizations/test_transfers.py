"""Transfers: released by one side, accepted by the other; the old membership holds until then."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from config.errors import DomainError
from config.periods import between
from organizations.models import (
    Membership,
    Organization,
    Person,
    Role,
    Seal,
    TemporaryStay,
    Transfer,
    User,
)
from organizations.operations.people import depart, leave
from organizations.operations.transfers import (
    Newcomer,
    accept,
    end_stay,
    refuse,
    release,
    request_arrival,
    request_transfer,
    withdraw,
)
from tests.organizations.makers import BEGINNING, DAY, cell, member, officer
from tests.organizations.test_structure import at_once

pytestmark = pytest.mark.django_db

Tree = dict[str, Organization]
NEXT = DAY + timedelta(days=10)
EVE = NEXT - timedelta(days=1)


@dataclass(frozen=True)
class Sides:
    """Who acts on either side of a transfer from `cell` to `other cell`."""

    here: User
    there: User
    above: User
    tree: Tree

    def asked(self, membership: Membership, **more: Any) -> Transfer:
        more.setdefault("destination", self.tree["other cell"])
        return request_transfer(
            membership.person, by=self.here, on=DAY, **{"kind": "official", **more}
        )

    def released(self, membership: Membership, *, day: date = NEXT, **more: Any) -> Transfer:
        return release(self.asked(membership, **more), by=self.here, on=DAY, effective_on=day)

    def arriving(self, **more: Any) -> Transfer:
        known: dict[str, Any] = {
            "person": Newcomer(
                "Lê Thị Hà",
                date(1990, 5, 1),
                "female",
                admitted_on=date(2015, 2, 3),
                official_on=date(2016, 2, 3),
            ),
            "kind": "official",
            "origin_place": "Đảng bộ tỉnh Hải Dương",
            "outside_scope": "elsewhere",
            "letter_number": "12-GT",
            "released_on": DAY,
            "effective_on": DAY,
        }
        return request_arrival(self.tree["other cell"], by=self.there, on=DAY, **{**known, **more})


@pytest.fixture
def sides(tree: Tree) -> Sides:
    return Sides(
        officer("bithu", tree["cell"]),
        officer("bithu2", tree["other cell"]),
        officer("canbo", tree["top"], Role.STAFF),
        tree,
    )


def places(person: Person) -> list[tuple[str, str, date, date | None, str, str]]:
    """Return [(cell, status, first day, first day out, reason in, reason out)] of `person`."""
    return [
        (
            row.cell.slug,
            row.status,
            row.period.lower,
            row.period.upper,
            row.reason_in,
            row.reason_out,
        )
        for row in Membership.objects.filter(person=person).order_by("period")
    ]


def cell_on(person: Person, day: date) -> str | None:
    held = Membership.objects.on(day).filter(person=person).first()
    return held.cell.slug if held else None


# ---------------------------------------------------------------- official


@pytest.mark.parametrize("status", ["official", "probationary"])
def test_the_old_membership_holds_until_the_day_agreed_and_the_standing_goes_along(
    sides: Sides, status: str
) -> None:
    held = member(sides.tree["cell"], status=status)

    moved = accept(sides.released(held), by=sides.there, on=DAY)

    assert moved.state == "accepted"
    assert places(held.person) == [
        ("khai-thac-1", status, BEGINNING, NEXT, "taken_over", "transferred"),
        ("van-tai-1", status, NEXT, None, "transferred", ""),
    ]
    assert (cell_on(held.person, EVE), cell_on(held.person, NEXT)) == ("khai-thac-1", "van-tai-1")


def test_nothing_changes_before_acceptance(sides: Sides) -> None:
    held = member(sides.tree["cell"])

    sides.released(held)

    assert places(held.person) == [("khai-thac-1", "official", BEGINNING, None, "taken_over", "")]


def test_who_goes_outside_is_no_member_here_from_the_day(sides: Sides) -> None:
    held = member(sides.tree["cell"])
    waiting = sides.released(
        held,
        destination=None,
        destination_place="Đảng bộ tỉnh Hải Dương",
        outside_scope="elsewhere",
    )

    accept(waiting, by=sides.above, on=DAY)

    assert places(held.person) == [
        ("khai-thac-1", "official", BEGINNING, NEXT, "taken_over", "transferred")
    ]


@pytest.mark.parametrize(
    ("effective_on", "official_on", "status"),
    [
        (DAY, DAY, "official"),
        (DAY - timedelta(days=1), DAY, "probationary"),
        (DAY, None, "probationary"),
    ],
)
def test_who_comes_from_outside_has_the_standing_of_their_papers(
    sides: Sides, effective_on: date, official_on: date | None, status: str
) -> None:
    coming = sides.arriving(
        person=Newcomer(
            "Lê Thị Hà",
            date(1990, 5, 1),
            "female",
            admitted_on=date(2020, 5, 28),
            official_on=official_on,
        ),
        released_on=effective_on,
        effective_on=effective_on,
    )

    accept(coming, by=sides.above, on=DAY)

    assert places(coming.person) == [("van-tai-1", status, effective_on, None, "transferred", "")]


def test_somebody_who_left_by_a_transfer_comes_back_as_the_same_person(sides: Sides) -> None:
    held = member(sides.tree["cell"], until=DAY)

    accept(sides.arriving(person=held.person), by=sides.above, on=DAY)

    assert Person.objects.count() == 1
    assert [place[:4] for place in places(held.person)] == [
        ("khai-thac-1", "official", BEGINNING, DAY),
        ("van-tai-1", "probationary", DAY, None),
    ]


# ---------------------------------------------------------------- temporary


@pytest.mark.parametrize("kind", ["temporary", "provisional"])
def test_the_home_cell_still_counts_who_stays_elsewhere(sides: Sides, kind: str) -> None:
    held = member(sides.tree["cell"])
    back = NEXT + timedelta(days=30)

    accept(sides.released(held, kind=kind, until=back), by=sides.there, on=DAY)

    assert places(held.person) == [("khai-thac-1", "official", BEGINNING, None, "taken_over", "")]
    stay = TemporaryStay.objects.get()
    assert (stay.host.slug, stay.period.lower, stay.period.upper) == ("van-tai-1", NEXT, back)
    away = Transfer.objects.away
    assert not away(on=EVE).exists()
    assert away(on=NEXT).exists()
    assert away(on=back - timedelta(days=1)).exists()
    assert not away(on=back).exists()


def test_a_guest_from_outside_is_no_member_here(sides: Sides) -> None:
    coming = sides.arriving(kind="temporary")

    accept(coming, by=sides.above, on=DAY)

    assert not Membership.objects.exists()
    assert TemporaryStay.objects.get().person == coming.person


def test_a_stay_ends_earlier_than_was_said(sides: Sides) -> None:
    held = member(sides.tree["cell"])
    staying = accept(sides.released(held, day=DAY, kind="temporary"), by=sides.there, on=DAY)

    end_stay(staying, by=sides.here, on=NEXT, ended_on=EVE)

    assert TemporaryStay.objects.get().period == between(DAY, EVE)
    assert Transfer.objects.get().until == EVE
    with pytest.raises(DomainError):
        end_stay(staying, by=sides.here, on=NEXT, ended_on=EVE)


@pytest.mark.parametrize(
    ("ended_on", "ends"), [(DAY, False), (DAY + timedelta(days=1), True), (NEXT, False)]
)
def test_a_stay_has_a_day_and_ends_no_later_than_today(
    sides: Sides, ended_on: date, ends: bool
) -> None:
    held = member(sides.tree["cell"])
    staying = accept(sides.released(held, day=DAY, kind="temporary"), by=sides.there, on=DAY)

    if ends:
        end_stay(staying, by=sides.there, on=EVE, ended_on=ended_on)
        return
    with pytest.raises(DomainError) as refused:
        end_stay(staying, by=sides.there, on=EVE, ended_on=ended_on)
    assert list(refused.value.fields) == ["ended_on"]


def test_who_stays_elsewhere_asks_for_no_other_transfer(sides: Sides) -> None:
    held = member(sides.tree["cell"])
    accept(sides.released(held, day=DAY, kind="temporary"), by=sides.there, on=DAY)

    with pytest.raises(DomainError):
        sides.asked(held)


def test_a_stay_ends_with_the_membership(sides: Sides) -> None:
    held = member(sides.tree["cell"])
    accept(sides.released(held, day=DAY, kind="temporary"), by=sides.there, on=DAY)

    depart(held, by=sides.here, on=NEXT, reason="deceased", happened_on=EVE)

    assert TemporaryStay.objects.get().period == between(DAY, EVE)
    assert Transfer.objects.get().until == EVE


# ---------------------------------------------------------------- who


def test_who_released_it_does_not_accept_it(sides: Sides) -> None:
    held = member(sides.tree["cell"])
    released = release(sides.asked(held), by=sides.above, on=DAY, effective_on=NEXT)

    with pytest.raises(DomainError):
        accept(released, by=sides.above, on=DAY)

    assert Transfer.objects.get().state == "released"


@pytest.mark.parametrize("role", [Role.APPROVER, Role.LEADER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_only_secretaries_and_staff_of_a_side_act(sides: Sides, role: Role) -> None:
    held = member(sides.tree["cell"])
    other = officer("ai-do", sides.tree["top"], role)

    with pytest.raises(PermissionDenied):
        request_transfer(
            held.person, by=other, on=DAY, kind="official", destination=sides.tree["other cell"]
        )
    asked = sides.asked(held)
    for act in (
        lambda: release(asked, by=other, on=DAY, effective_on=NEXT),
        lambda: accept(asked, by=other, on=DAY),
        lambda: refuse(asked, by=other, on=DAY, reason="Không"),
        lambda: withdraw(asked, by=other, on=DAY),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_each_side_does_its_own_part_alone(sides: Sides) -> None:
    held = member(sides.tree["cell"])
    asked = sides.asked(held)

    with pytest.raises(PermissionDenied):
        release(asked, by=sides.there, on=DAY, effective_on=NEXT)
    with pytest.raises(PermissionDenied):
        refuse(asked, by=sides.there, on=DAY, reason="Chưa được hỏi")
    release(asked, by=sides.here, on=DAY, effective_on=NEXT)
    with pytest.raises(PermissionDenied):
        accept(asked, by=sides.here, on=DAY)
    with pytest.raises(PermissionDenied):
        withdraw(asked, by=sides.there, on=DAY)


def test_a_cell_secretary_does_not_answer_for_the_outside(sides: Sides) -> None:
    waiting = sides.released(
        member(sides.tree["cell"]),
        destination=None,
        destination_place="Nơi khác",
        outside_scope="province",
    )
    second = officer("bithu3", sides.tree["cell"])

    with pytest.raises(PermissionDenied):
        accept(waiting, by=second, on=DAY)


@pytest.mark.sweep
@pytest.mark.parametrize("step", ["ask", "release", "accept", "refuse", "withdraw"])
def test_nobody_moves_themselves(sides: Sides, step: str) -> None:
    held = member(sides.tree["cell"])
    themselves = officer("chinh-ho", sides.tree["top"], Role.STAFF)
    themselves.person = held.person
    themselves.save(update_fields=["person"])

    transfer = sides.asked(held) if step in {"release", "withdraw"} else None
    transfer = sides.released(held) if step in {"accept", "refuse"} else transfer
    ways: dict[str, Callable[[], object]] = {
        "ask": lambda: request_transfer(
            held.person,
            by=themselves,
            on=DAY,
            kind="official",
            destination=sides.tree["other cell"],
        ),
        "release": lambda: release(transfer, by=themselves, on=DAY, effective_on=NEXT),
        "withdraw": lambda: withdraw(transfer, by=themselves, on=DAY),
        "accept": lambda: accept(transfer, by=themselves, on=DAY),
        "refuse": lambda: refuse(transfer, by=themselves, on=DAY, reason="Không"),
    }

    with pytest.raises(PermissionDenied):
        ways[step]()


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "khac"}, "kind"),
        ({"destination": None}, "destination_place"),
        ({"destination": None, "destination_place": "Hải Dương"}, "outside_scope"),
        ({"destination_place": "Hải Dương"}, "destination_place"),
        ({"until": NEXT}, "until"),
        ({"kind": "temporary", "until": DAY}, "until"),
    ],
)
def test_an_impossible_request_is_refused_at_its_field(
    sides: Sides, changes: dict[str, Any], field: str
) -> None:
    held = member(sides.tree["cell"])

    with pytest.raises(DomainError) as refused:
        sides.asked(held, **changes)

    assert field in refused.value.fields
    assert not Transfer.objects.exists()


def test_nobody_moves_to_where_they_are_or_to_a_committee(sides: Sides) -> None:
    held = member(sides.tree["cell"])

    for wrong in (sides.tree["cell"], sides.tree["mine"]):
        with pytest.raises(DomainError) as refused:
            sides.asked(held, destination=wrong)
        assert list(refused.value.fields) == ["destination"]


def test_a_second_request_waits_for_the_first(sides: Sides) -> None:
    held = member(sides.tree["cell"])
    first = sides.asked(held)

    with pytest.raises(DomainError):
        sides.asked(held)
    withdraw(first, by=sides.here, on=DAY)

    assert sides.asked(held).state == "requested"


@pytest.mark.parametrize(
    ("released_on", "effective_on", "field"),
    [
        (DAY, DAY - timedelta(days=1), "effective_on"),
        (DAY + timedelta(days=1), NEXT, "released_on"),
        (BEGINNING, BEGINNING, "effective_on"),
        (DAY, DAY + timedelta(days=367), "effective_on"),
    ],
)
def test_the_day_agreed_lies_after_the_release_and_within_the_membership(
    sides: Sides, released_on: date, effective_on: date, field: str
) -> None:
    asked = sides.asked(member(sides.tree["cell"]))

    with pytest.raises(DomainError) as refused:
        release(asked, by=sides.here, on=DAY, released_on=released_on, effective_on=effective_on)

    assert list(refused.value.fields) == [field]


def test_a_transfer_takes_effect_on_the_second_day_of_a_membership(sides: Sides) -> None:
    held = member(sides.tree["cell"])
    second = BEGINNING + timedelta(days=1)
    released = release(
        sides.asked(held), by=sides.here, on=DAY, released_on=BEGINNING, effective_on=second
    )

    accept(released, by=sides.there, on=DAY)

    assert [place[2:4] for place in places(held.person)] == [(BEGINNING, second), (second, None)]


def closed(organization: Organization, first: date, out: date) -> Seal:
    """A year or report of `organization` that two people closed."""
    return Seal.objects.create(
        organization=organization,
        kind="report",
        period=between(first, out),
        entered_by=officer("dong1", organization, Role.STAFF),
        approved_by=officer("dong2", organization, Role.STAFF),
        approved_at="2021-05-01T00:00:00Z",
    )


@pytest.mark.parametrize("side", ["mine", "sibling"])
def test_no_transfer_is_dated_inside_what_either_side_has_closed(sides: Sides, side: str) -> None:
    asked = sides.asked(member(sides.tree["cell"]))
    other = sides.asked(member(sides.tree["cell"], "Đỗ An"))
    closed(sides.tree[side], DAY, NEXT)

    with pytest.raises(DomainError) as refused:
        release(asked, by=sides.here, on=DAY, effective_on=EVE)
    assert list(refused.value.fields) == ["effective_on"]
    accept(release(other, by=sides.here, on=DAY, effective_on=NEXT), by=sides.there, on=DAY)


def test_what_was_closed_meanwhile_is_not_accepted(sides: Sides) -> None:
    released = sides.released(member(sides.tree["cell"]), day=DAY)
    closed(sides.tree["top"], DAY, NEXT)

    with pytest.raises(DomainError):
        accept(released, by=sides.there, on=DAY)


def ends(organization: Organization, day: date) -> None:
    Organization.objects.filter(pk=organization.pk).update(
        period=between(organization.period.lower, day)
    )


def test_nobody_moves_into_a_cell_that_ends(sides: Sides) -> None:
    held = member(sides.tree["cell"])
    released = sides.released(held)
    ends(sides.tree["other cell"], NEXT + timedelta(days=100))

    with pytest.raises(DomainError):
        accept(released, by=sides.there, on=DAY)
    withdraw(released, by=sides.here, on=DAY)
    with pytest.raises(DomainError):
        sides.asked(held)


def test_who_left_meanwhile_is_not_taken_in(sides: Sides) -> None:
    held = member(sides.tree["cell"])
    released = sides.released(held)
    leave(held, on=DAY, reason_out="reorganised")

    with pytest.raises(DomainError):
        accept(released, by=sides.there, on=DAY)


def test_who_was_recognised_meanwhile_moves_with_the_new_standing(sides: Sides) -> None:
    held = member(sides.tree["cell"], status="probationary")
    released = sides.released(held)
    leave(held, on=DAY, reason_out="recognised")
    Membership.objects.create(
        person=held.person,
        cell=held.cell,
        status="official",
        period=between(DAY, None),
        reason_in="recognised",
    )

    accept(released, by=sides.there, on=DAY)

    assert [place[:4] for place in places(held.person)] == [
        ("khai-thac-1", "probationary", BEGINNING, DAY),
        ("khai-thac-1", "official", DAY, NEXT),
        ("van-tai-1", "official", NEXT, None),
    ]


def test_a_refusal_says_why_and_leaves_everything(sides: Sides) -> None:
    held = member(sides.tree["cell"])
    released = sides.released(held)

    with pytest.raises(DomainError) as refused:
        refuse(released, by=sides.there, on=DAY, reason=" ")
    assert list(refused.value.fields) == ["reason"]
    answered = refuse(released, by=sides.there, on=DAY, reason="Chi bộ không có việc làm")

    assert (answered.state, answered.answer_reason) == ("refused", "Chi bộ không có việc làm")
    assert places(held.person)[0][3] is None


@pytest.mark.parametrize("end", ["accept", "refuse", "withdraw"])
def test_what_was_answered_is_answered_once(sides: Sides, end: str) -> None:
    released = sides.released(member(sides.tree["cell"]))
    ways: dict[str, Callable[[], object]] = {
        "accept": lambda: accept(released, by=sides.there, on=DAY),
        "refuse": lambda: refuse(released, by=sides.there, on=DAY, reason="Không"),
        "withdraw": lambda: withdraw(released, by=sides.here, on=DAY),
    }
    ways[end]()

    for way in ways.values():
        with pytest.raises(DomainError):
            way()
    with pytest.raises(DomainError):
        release(released, by=sides.here, on=DAY, effective_on=NEXT)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"origin_place": " "}, "origin_place"),
        ({"outside_scope": ""}, "outside_scope"),
        ({"letter_number": ""}, "letter_number"),
        ({"released_on": DAY + timedelta(days=1), "effective_on": NEXT}, "released_on"),
        ({"effective_on": DAY - timedelta(days=1)}, "effective_on"),
        ({"person": Newcomer("Lê Hà", date(1990, 5, 1), "female")}, "admitted_on"),
        (
            {"person": Newcomer("Lê Hà", date(1990, 5, 1), "female", admitted_on=NEXT)},
            "admitted_on",
        ),
        (
            {
                "person": Newcomer(
                    "Lê Hà", date(1990, 5, 1), "female", "12345", admitted_on=date(2015, 1, 1)
                )
            },
            "citizen_id",
        ),
    ],
)
def test_an_impossible_arrival_is_refused_and_nobody_is_registered(
    sides: Sides, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        sides.arriving(**changes)

    assert list(refused.value.fields) == [field]
    assert not Person.objects.exists()


def test_a_member_here_does_not_arrive_from_outside(sides: Sides) -> None:
    held = member(sides.tree["cell"])

    with pytest.raises(DomainError):
        sides.arriving(person=held.person)


# ---------------------------------------------------------------- two at once


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_one_does(tree: Tree) -> None:
    sides = Sides(
        officer("bithu", tree["cell"]),
        officer("bithu2", tree["other cell"]),
        officer("canbo", tree["top"], Role.STAFF),
        tree,
    )
    held = member(tree["cell"])
    released = sides.released(held)

    ended = at_once(
        lambda: accept(released, by=sides.there, on=DAY),
        lambda: accept(released, by=sides.above, on=DAY),
    )

    assert ended == ["DomainError", "done"]
    assert len(places(held.person)) == 2


@pytest.mark.django_db(transaction=True)
def test_of_acceptance_and_departure_at_once_one_wins(tree: Tree) -> None:
    sides = Sides(
        officer("bithu", tree["cell"]),
        officer("bithu2", tree["other cell"]),
        officer("canbo", tree["top"], Role.STAFF),
        tree,
    )
    held = member(tree["cell"])
    released = sides.released(held)

    ended = at_once(
        lambda: accept(released, by=sides.there, on=DAY),
        lambda: depart(held, by=sides.here, on=DAY, reason="deceased", happened_on=DAY),
    )

    # Before the acceptance the transfer waits, after it the membership has its end.
    assert ended == ["DomainError", "done"]
    assert Transfer.objects.get().state == "accepted"


@pytest.mark.django_db(transaction=True)
def test_of_two_requests_at_once_one_is_made(tree: Tree) -> None:
    here, above = officer("bithu", tree["cell"]), officer("canbo", tree["top"], Role.STAFF)
    held = member(tree["cell"])

    def ask(by: User) -> Transfer:
        return request_transfer(
            held.person, by=by, on=DAY, kind="official", destination=tree["other cell"]
        )

    assert at_once(lambda: ask(here), lambda: ask(above)) == ["DomainError", "done"]


# ---------------------------------------------------------------- whatever happens


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_asked_nobody_is_in_two_cells_on_a_day_and_nobody_is_lost(
    sides: Sides, seed: int
) -> None:
    chance = random.Random(seed)
    cells = [
        sides.tree["cell"],
        sides.tree["other cell"],
        cell("to-3", sides.tree["mine"]),
    ]
    second = officer("canbo2", sides.tree["top"], Role.STAFF)
    people = [member(cells[0], f"Người {n}").person for n in range(4)]
    day = DAY

    for _step in range(60):
        day += timedelta(days=chance.randrange(0, 5))
        waiting = list(Transfer.objects.open()) or [None]
        transfer, person = chance.choice(waiting), chance.choice(people)
        agreed = day + timedelta(days=chance.randrange(-5, 20))
        ways: list[Callable[[], object]] = [
            lambda p=person, d=day: request_transfer(
                p,
                by=sides.above,
                on=d,
                kind=chance.choice(Transfer.Kind.values),
                destination=chance.choice(cells),
            ),
        ]
        if transfer is not None:
            ways = [
                *ways,
                lambda t=transfer, d=day, a=agreed: release(
                    t, by=sides.above, on=d, effective_on=a
                ),
                lambda t=transfer, d=day: accept(t, by=second, on=d),
                lambda t=transfer, d=day: withdraw(t, by=sides.above, on=d),
            ]
        stay = Transfer.objects.away(on=day).order_by("?").first()
        if stay is not None:
            ways.append(lambda s=stay, d=day: end_stay(s, by=second, on=d, ended_on=d))
        try:
            chance.choice(ways)()
        except DomainError:
            continue

    for person in people:
        line = places(person)
        assert line[0][2] == BEGINNING
        assert line[-1][3] is None
        assert [before[3] for before in line[:-1]] == [after[2] for after in line[1:]]
        assert {row[1] for row in line} == {"official"}
