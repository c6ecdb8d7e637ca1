"""When a secretary changes, the work passes: opened, filled in by the next post, acknowledged."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from config.errors import DomainError
from config.periods import between
from organizations.models import (
    Appointment,
    Handover,
    Lineage,
    Reorganization,
    Role,
    User,
)
from organizations.operations.accounts import appoint, deactivate, end_appointment, reactivate
from organizations.operations.handovers import acknowledge, open_for_ended, write_note
from organizations.operations.reorganizations import add_event, apply, confirm, draft, preview
from tests.database import OwnerRole
from tests.makers import (
    BEGINNING,
    DAY,
    World,
    account,
    appointed,
    cell,
    world,
)

pytestmark = pytest.mark.django_db

YESTERDAY, TOMORROW = DAY - timedelta(days=1), DAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def in_english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def kc(db: None) -> World:
    return world(number=3)


def leaves(kc: World, user: User | None = None, *, on: date = DAY) -> None:
    """The first cell's secretary, or another, gives up the post."""
    held = (user or kc.secretary).appointments.get(role=Role.SECRETARY, period__contains=on)
    end_appointment(held, by=kc.administrator, on=on)


def follows(kc: World, name: str = "moi", *, on: date = DAY, **changes: Any) -> User:
    """Somebody is appointed secretary of the first cell."""
    user = account(name)
    values = {
        "to": kc.cell, "role": Role.SECRETARY, "by": kc.administrator,
        "confirmed_by": kc.staff2, "on": on, **changes,
    }  # fmt: skip
    appoint(user, **values)
    return user


def test_only_who_takes_over_is_told_that_it_was_acknowledged(kc: World) -> None:
    leaves(kc)
    incoming = follows(kc, on=TOMORROW, since=TOMORROW)
    handover = Handover.objects.get()
    acknowledge(handover, by=incoming, on=TOMORROW)

    with pytest.raises(PermissionDenied):
        acknowledge(handover, by=kc.secretary2, on=TOMORROW)


def test_whose_post_ended_again_takes_nothing_over(kc: World) -> None:
    leaves(kc)
    incoming = follows(kc, on=TOMORROW, since=TOMORROW)
    day_after = TOMORROW + timedelta(days=1)
    incoming.appointments.update(period=between(TOMORROW, day_after))

    with pytest.raises(PermissionDenied):
        acknowledge(Handover.objects.get(), by=incoming, on=day_after)


def rows() -> list[tuple[str, str, str | None, date]]:
    return [
        (
            one.organization.slug,
            one.outgoing.username,
            one.incoming.username if one.incoming else None,
            one.on,
        )
        for one in Handover.objects.order_by("pk")
    ]


# ---------------------------------------------------------------- opened and filled in


def test_ending_the_post_opens_a_hand_over_to_nobody_and_the_next_secretary_fills_it(
    kc: World,
) -> None:
    leaves(kc)
    before = rows()
    follows(kc)

    assert before == [("kc-1", "kc-bithu", None, DAY)]
    assert rows() == [("kc-1", "kc-bithu", "moi", DAY)]


def test_who_was_appointed_first_takes_over_at_once(kc: World) -> None:
    follows(kc, on=YESTERDAY)
    leaves(kc)

    assert rows() == [("kc-1", "kc-bithu", "moi", DAY)]


def test_other_roles_and_other_cells_hand_nothing_over(kc: World) -> None:
    end_appointment(kc.staff.appointments.get(), by=kc.administrator, on=DAY)
    follows(kc, to=kc.sibling)

    assert rows() == []


def test_a_post_granted_until_a_day_is_handed_over_on_that_day(kc: World) -> None:
    leaves(kc)
    follows(kc, until=date(2021, 7, 1))
    follows(kc, "sau", since=date(2021, 7, 1), on=TOMORROW)

    assert rows() == [
        ("kc-1", "kc-bithu", "moi", DAY),
        ("kc-1", "moi", "sau", date(2021, 7, 1)),
    ]
    due = [
        sorted(Handover.objects.due(on=day).values_list("outgoing__username", flat=True))
        for day in (date(2021, 6, 30), date(2021, 7, 1))
    ]
    assert due == [["kc-bithu"], ["kc-bithu", "moi"]]


def test_who_leaves_again_before_the_day_takes_nothing_over(kc: World) -> None:
    until = date(2021, 7, 1)
    Appointment.objects.filter(user=kc.secretary).update(period=between(BEGINNING, until))
    open_for_ended(kc.secretary.appointments.all(), on=until)

    follows(kc, until=until)

    assert rows()[0] == ("kc-1", "kc-bithu", None, until)


def test_closing_the_account_opens_it_and_opening_the_account_again_makes_it_not_due(
    kc: World,
) -> None:
    deactivate(kc.secretary, by=kc.administrator, on=DAY)
    closed = (rows(), Handover.objects.due(on=DAY).count())
    kc.secretary.refresh_from_db()
    reactivate(kc.secretary, by=kc.administrator, on=TOMORROW)

    assert closed == ([("kc-1", "kc-bithu", None, DAY)], 1)
    assert Handover.objects.due(on=TOMORROW).count() == 0


def test_who_leaves_twice_has_one_open_hand_over_of_the_later_day(kc: World) -> None:
    leaves(kc)
    appoint(
        kc.secretary,
        to=kc.cell,
        role=Role.SECRETARY,
        by=kc.administrator,
        confirmed_by=kc.staff2,
        on=TOMORROW,
    )
    later = TOMORROW + timedelta(days=5)
    leaves(kc, on=later)

    assert rows() == [("kc-1", "kc-bithu", None, later)]


def test_who_leaves_before_acknowledging_passes_on_what_was_coming(kc: World) -> None:
    leaves(kc)
    second = follows(kc, "thu-hai")
    leaves(kc, second, on=TOMORROW)
    between_them = rows()
    follows(kc, "thu-ba", on=TOMORROW)

    assert between_them == [
        ("kc-1", "kc-bithu", None, DAY),
        ("kc-1", "thu-hai", None, TOMORROW),
    ]
    assert [row[:3] for row in rows()] == [
        ("kc-1", "kc-bithu", "thu-ba"),
        ("kc-1", "thu-hai", "thu-ba"),
    ]


def decision(kc: World) -> Reorganization:
    return Reorganization.objects.create(
        organization=kc.committee,
        number="10-QĐ/ĐU",
        signed_on=DAY,
        signer="Nguyễn Văn A",
        effective_on=DAY,
        entered_by=kc.staff,
    )


def test_the_secretary_of_a_merged_cell_hands_over_to_the_one_of_its_successor(
    kc: World,
) -> None:
    Lineage.objects.create(
        predecessor=kc.cell,
        successor=kc.sibling,
        kind="merge",
        reorganization=decision(kc),
        on=DAY,
    )
    held = kc.secretary.appointments
    held.update(period=between(BEGINNING, DAY))

    open_for_ended(held.all(), on=DAY)

    assert rows() == [("kc-1", "kc-bithu", "kc-bithu2", DAY)]
    handover = Handover.objects.get()
    assert list(Handover.objects.visible_to(kc.secretary2, on=DAY)) == [handover]
    assert acknowledge(handover, by=kc.secretary2, on=DAY).acknowledged_at is not None


def test_a_cell_that_was_split_waits_for_the_first_secretary_of_a_part(kc: World) -> None:
    parts = [cell(f"phan-{one}", kc.committee) for one in (1, 2)]
    made = decision(kc)
    for part in parts:
        Lineage.objects.create(
            predecessor=kc.cell, successor=part, kind="split", reorganization=made, on=DAY
        )
    held = kc.secretary.appointments
    held.update(period=between(BEGINNING, DAY))

    open_for_ended(held.all(), on=DAY)
    before = rows()
    follows(kc, to=parts[0])

    assert before == [("kc-1", "kc-bithu", None, DAY)]
    assert rows() == [("kc-1", "kc-bithu", "moi", DAY)]


@pytest.mark.parametrize("number", [2, 9])
def test_any_number_of_ended_posts_take_the_same_queries(kc: World, number: int) -> None:
    held = [
        appointed(account(f"bt-{one}"), cell(f"c-{one}", kc.committee), until=DAY)
        for one in range(number)
    ]

    with CaptureQueriesContext(
        connection,
    ) as asked:
        opened = open_for_ended(held, on=DAY)

    assert len(opened) == number
    statements = [one["sql"] for one in asked if "SAVEPOINT" not in one["sql"]]
    assert len(statements) == 6, statements


# ---------------------------------------------------------------- note and acknowledgement


def test_the_incoming_secretary_acknowledges_once(kc: World) -> None:
    leaves(kc)
    new = follows(kc)
    handover = Handover.objects.get()

    done = acknowledge(handover, by=new, on=DAY)

    assert done.acknowledged_at is not None
    with pytest.raises(DomainError) as refused:
        acknowledge(handover, by=new, on=DAY)
    assert str(refused.value) == "This hand-over was acknowledged already."
    assert not Handover.objects.open().exists()


@pytest.mark.sweep
@pytest.mark.parametrize(
    "who", ["secretary", "secretary2", "staff", "auditor", "leader", "administrator"]
)
def test_nobody_else_acknowledges(kc: World, who: str) -> None:
    leaves(kc)
    follows(kc)

    with pytest.raises(PermissionDenied):
        acknowledge(Handover.objects.get(), by=getattr(kc, who), on=DAY)


def test_nobody_acknowledges_before_the_day(kc: World) -> None:
    new = follows(kc, on=YESTERDAY)
    Appointment.objects.filter(user=kc.secretary).update(period=between(BEGINNING, DAY))
    open_for_ended(kc.secretary.appointments.all(), on=DAY)
    handover = Handover.objects.get()

    with pytest.raises(DomainError) as refused:
        acknowledge(handover, by=new, on=YESTERDAY)

    assert "28/05/2021" in str(refused.value)
    assert acknowledge(handover, by=new, on=DAY).acknowledged_at is not None


def test_who_left_and_staff_above_leave_word_until_it_is_acknowledged(kc: World) -> None:
    leaves(kc)
    new = follows(kc)
    handover = Handover.objects.get()

    write_note(handover, by=kc.secretary, on=DAY, note="Đã hẹn nhà trường trước 15/6.")
    write_note(handover, by=kc.staff, on=DAY, note="Đã hẹn nhà trường trước 20/6.")

    for other in (new, kc.secretary2, kc.auditor, kc.approver, kc.leader):
        with pytest.raises(PermissionDenied):
            write_note(handover, by=other, on=DAY, note="…")
    with pytest.raises(DomainError) as too_long:
        write_note(handover, by=kc.staff, on=DAY, note="a" * 4001)
    assert list(too_long.value.fields) == ["note"]
    acknowledge(handover, by=new, on=DAY)
    with pytest.raises(DomainError):
        write_note(handover, by=kc.secretary, on=DAY, note="Còn nữa")
    handover.refresh_from_db()
    assert handover.note == "Đã hẹn nhà trường trước 20/6."


# ---------------------------------------------------------------- who sees it


def test_it_is_seen_by_both_by_staff_above_and_the_auditor_and_nobody_else(kc: World) -> None:
    there = world(slug="hg", number=1)
    leaves(kc)
    new = follows(kc)

    def seen() -> dict[str, bool]:
        people = {
            name: getattr(kc, name)
            for name in (
                "secretary", "secretary2", "staff", "staff2", "approver", "auditor",
                "leader", "administrator",
            )
        } | {"new": new, "foreign": there.staff}  # fmt: skip
        return {
            name: Handover.objects.visible_to(user, on=DAY).exists()
            for name, user in people.items()
        }

    before = seen()
    acknowledge(Handover.objects.get(), by=new, on=DAY)

    assert before == {
        "secretary": True, "new": True, "staff": True, "staff2": True, "approver": True,
        "auditor": True, "secretary2": False, "leader": False, "administrator": False,
        "foreign": False,
    }  # fmt: skip
    assert seen() == {**before, "secretary": False}


# ---------------------------------------------------------------- what can never be


def test_handover_between_two_people(kc: World) -> None:
    with pytest.raises(IntegrityError, match="handover_between_two_people"), transaction.atomic():
        Handover.objects.create(
            organization=kc.cell, outgoing=kc.secretary, incoming=kc.secretary, on=DAY
        )


def test_handover_acknowledged_by_somebody(kc: World) -> None:
    leaves(kc)
    with (
        pytest.raises(IntegrityError, match="handover_acknowledged_by_somebody"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE organizations_handover SET acknowledged_at = now()")


def test_handover_one_open_per_secretary(kc: World) -> None:
    leaves(kc)
    with (
        pytest.raises(IntegrityError, match="handover_one_open_per_secretary"),
        transaction.atomic(),
    ):
        Handover.objects.create(organization=kc.cell, outgoing=kc.secretary, on=TOMORROW)


def test_a_hand_over_is_never_deleted(kc: World, owner_role: OwnerRole) -> None:
    leaves(kc)
    with owner_role() as cursor, pytest.raises(Exception, match="delete"):
        cursor.execute("DELETE FROM organizations_handover")


# ---------------------------------------------------------------- two at once


def at_once(*actions: Any) -> list[Any]:
    results: list[Any] = [None] * len(actions)
    barrier = threading.Barrier(len(actions))

    def run(place: int) -> None:
        try:
            barrier.wait()
            results[place] = actions[place]()
        except Exception as error:  # noqa: BLE001 - what it is, the test asserts
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_of_two_acknowledgements_at_once_one_is_told_that_it_is_done() -> None:
    kc = world(number=1)
    leaves(kc)
    new = follows(kc)
    handover = Handover.objects.get()

    results = at_once(*[lambda: acknowledge(handover, by=new, on=DAY)] * 2)

    assert sorted(type(one).__name__ for one in results) == ["DomainError", "Handover"]


@pytest.mark.django_db(transaction=True)
def test_an_end_and_an_appointment_at_once_still_meet() -> None:
    kc = world(number=1)

    results = at_once(lambda: leaves(kc), lambda: follows(kc))

    assert not [one for one in results if isinstance(one, Exception)], results
    assert rows() == [("kc-1", "kc-bithu", "moi", DAY)]


# ---------------------------------------------------------------- by a real reorganisation


@pytest.mark.thorough
def test_a_merger_that_is_applied_opens_the_hand_over_in_the_same_transaction(kc: World) -> None:
    made = draft(
        kc.committee,
        by=kc.staff,
        on=DAY,
        number="10-QĐ/ĐU",
        signed_on=DAY,
        signer="Nguyễn Văn A",
        effective_on=DAY,
    )
    add_event(made, by=kc.staff, on=DAY, kind="merge", sources=[kc.cell], results=[kc.sibling])
    preview(made, by=kc.staff, on=DAY)
    only_looked = rows()
    confirm(made, by=kc.staff2, on=DAY)
    apply(made, on=DAY)

    assert only_looked == []
    assert rows() == [("kc-1", "kc-bithu", "kc-bithu2", DAY)]
    handover = Handover.objects.get()
    assert acknowledge(handover, by=kc.secretary2, on=DAY).acknowledged_at is not None
