"""Decisions and what they end, attacked by statements that go round the operations."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from admissions.operations.recording import constraint_of
from config.periods import between, since
from organizations.models import (
    Departure,
    EventUnit,
    Handover,
    Membership,
    Organization,
    Person,
    PersonMerge,
    Placement,
    Reorganization,
    Seal,
    Transfer,
)
from organizations.operations import reorganizations
from tests.database import OwnerRole
from tests.makers import BEGINNING, cell, member
from tests.organizations.broken_decisions import (
    EFFECTIVE,
    INSTANT,
    assignment,
    decision,
    event,
    event_unit,
    lineage,
    saved,
    top,
)
from tests.organizations.decisions import EVE, TODAY, Tree, tree
from tests.organizations.makers import account, person, unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(db: None) -> Tree:
    return tree()


@contextmanager
def refused_as(name: str) -> Iterator[None]:
    """Expect the database to refuse what happens inside, by this constraint."""
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        yield
    cause = refused.value.__cause__
    assert isinstance(cause, psycopg.Error)
    assert cause.diag.constraint_name == name


def attack(statement: str, *values: Any, refused: str) -> None:
    """Run a raw statement and see the database refuse it by this constraint."""
    with refused_as(refused), connection.cursor() as cursor:
        cursor.execute(statement, values)


# ---------------------------------------------------------------- decisions


@pytest.mark.parametrize("state", ["applied", "cancelled"])
def test_what_is_applied_or_cancelled_is_never_changed(state: str) -> None:
    row = went_on(saved(decision()), "confirmed")
    Reorganization.objects.update(
        state=state, applied_at=INSTANT, outcome={}, cancelled_at=INSTANT,
        cancelled_by=account("huy"), cancel_reason="Thôi",
    )  # fmt: skip

    for change in ("state = 'draft'", "note = 'x'", "outcome = NULL"):
        attack(
            f"UPDATE organizations_reorganization SET {change} WHERE id = %s",  # noqa: S608
            row.pk,
            refused="reorganization_applied_or_cancelled_stays",
        )


@pytest.mark.parametrize(
    "change",
    [
        "number = '2'",
        "signed_on = signed_on - 1",
        "effective_on = effective_on + 1",
        "signer = 'Kẻ khác'",
        "note = 'x'",
        "confirmed_by_id = (SELECT id FROM organizations_user WHERE username = 'huy')",
        "organization_id = (SELECT id FROM organizations_organization WHERE slug = 'khac')",
    ],
)
def test_a_confirmed_decision_is_not_rewritten(change: str) -> None:
    unit("khac")
    account("huy")
    row = went_on(saved(decision()), "confirmed")

    attack(
        f"UPDATE organizations_reorganization SET {change} WHERE id = %s",  # noqa: S608
        row.pk,
        refused="reorganization_confirmed_is_not_rewritten",
    )


def went_on(row: Reorganization, *states: str) -> Reorganization:
    """Take a decision through `states` as the operations do, past all checks but the table's."""
    for state in states:
        row.state = state
        row.confirmed_by, row.confirmed_at = account(f"duyet-{row.pk}"), INSTANT
        row.save(update_fields=["state", "confirmed_by", "confirmed_at"])
    return row


@pytest.mark.parametrize("state", ["confirmed", "applied", "failed", "cancelled"])
def test_a_decision_begins_as_a_draft(state: str) -> None:
    with refused_as("reorganization_begins_as_a_draft"):
        decision(
            state=state, confirmed_by=account("duyet"), confirmed_at=INSTANT, applied_at=INSTANT,
            outcome={}, cancelled_by=account("huy"), cancelled_at=INSTANT, cancel_reason="Thôi",
        ).save()  # fmt: skip


@pytest.mark.parametrize(
    ("before", "wanted"),
    [("draft", "applied"), ("draft", "failed"), ("confirmed", "draft"), ("failed", "applied")],
)
def test_a_decision_goes_step_by_step(before: str, wanted: str) -> None:
    row = saved(decision())
    Reorganization.objects.update(
        confirmed_by=account("duyet"), confirmed_at=INSTANT, applied_at=INSTANT, outcome={}
    )
    for state in {"draft": [], "confirmed": ["confirmed"], "failed": ["confirmed", "failed"]}[
        before
    ]:
        Reorganization.objects.update(state=state)

    attack(
        "UPDATE organizations_reorganization SET state = %s WHERE id = %s",
        wanted,
        row.pk,
        refused="reorganization_goes_step_by_step",
    )


@pytest.mark.parametrize("number", ["1-qđ", " 1 - QĐ", "1-Q\u0110\u200b"])
def test_a_number_in_other_letters_or_with_blanks_is_the_same(number: str) -> None:
    first = saved(decision())

    with refused_as("reorganization_number_once_per_organization_and_year"):
        decision(organization=first.organization, entered_by=first.entered_by, number=number).save()


def test_no_row_of_a_confirmed_decision_is_moved_into_a_draft() -> None:
    first = saved(event())
    source = saved(event_unit(event=first))
    other = saved(event(reorganization=saved(decision(number="2")), position=2))
    new = saved(
        event_unit(
            event=first, part="result", is_new=True, organization=None, kind_id="cell", name="Mới"
        )
    )
    went_on(first.reorganization, "confirmed")
    name = "reorganization_only_a_draft_is_edited"

    attack(
        "UPDATE organizations_reorganizationevent SET reorganization_id = %s WHERE id = %s",
        other.reorganization_id,
        first.pk,
        refused=name,
    )
    attack(
        "UPDATE organizations_eventunit SET event_id = %s WHERE id = %s",
        other.pk,
        source.pk,
        refused=name,
    )
    attack("UPDATE organizations_eventunit SET name = 'x' WHERE id = %s", new.pk, refused=name)


def test_only_a_draft_has_its_rows_edited() -> None:
    first = saved(event())
    source = saved(event_unit(event=first))
    result = saved(event_unit(event=first, part="result"))
    Reorganization.objects.update(
        state="confirmed", confirmed_by=account("duyet"), confirmed_at=INSTANT
    )
    name = "reorganization_only_a_draft_is_edited"

    for row in (
        event(reorganization=first.reorganization, position=2),
        event_unit(event=first, position=2, organization=unit("khac", top())),
        assignment(unit=result),
    ):
        with refused_as(name):
            row.save()
    attack("UPDATE organizations_reorganizationevent SET kind = 'merge'", refused=name)
    attack("UPDATE organizations_eventunit SET position = 9 WHERE id = %s", source.pk, refused=name)


def test_what_a_new_unit_became_is_written_when_it_is_applied_alone() -> None:
    new = saved(
        event_unit(part="result", is_new=True, organization=None, kind_id="cell", name="Chi bộ")
    )
    made = unit("moi", top())
    name = "reorganization_only_a_draft_is_edited"

    Reorganization.objects.update(
        state="confirmed", confirmed_by=account("duyet"), confirmed_at=INSTANT
    )
    EventUnit.objects.filter(pk=new.pk).update(organization=made)

    Reorganization.objects.update(state="applied", applied_at=INSTANT, outcome={})
    attack("UPDATE organizations_eventunit SET organization_id = NULL", refused=name)


def test_lineage_is_never_changed(owner_role: OwnerRole) -> None:
    saved(lineage())

    with (
        pytest.raises(DatabaseError, match="Cannot update rows"),
        transaction.atomic(),
        owner_role() as cursor,
    ):
        cursor.execute("UPDATE organizations_lineage SET kind = 'split'")


def test_no_decision_takes_effect_inside_what_is_sealed() -> None:
    row = decision()
    Seal.objects.create(
        organization=row.organization, kind="year", period=between(BEGINNING, EFFECTIVE),
        entered_by=row.entered_by, approved_by=account("khoa"), approved_at=INSTANT,
    )  # fmt: skip

    for day in (EVE, BEGINNING):
        row.effective_on = day
        with refused_as("reorganization_outside_what_is_sealed"):
            row.save()
    row.effective_on = EFFECTIVE
    row.save()
    attack(
        "UPDATE organizations_reorganization SET effective_on = %s",
        EVE,
        refused="reorganization_outside_what_is_sealed",
    )


# ---------------------------------------------------------------- what ends, and what stands


def test_an_organisation_with_members_does_not_end(here: Tree) -> None:
    attack(
        "UPDATE organizations_organization SET period = daterange(lower(period), %s) WHERE id = %s",
        EFFECTIVE,
        here.one.pk,
        refused="organization_ends_without_members",
    )


def test_an_organisation_with_units_beneath_does_not_end(here: Tree) -> None:
    attack(
        "UPDATE organizations_organization SET period = daterange(lower(period), %s) WHERE id = %s",
        EFFECTIVE,
        here.other.pk,
        refused="organization_ends_without_units_beneath",
    )


@pytest.mark.thorough
def test_nobody_joins_a_cell_that_has_ended_and_nobody_stays_beyond(here: Tree) -> None:
    here.applied(here.draft(("merge", [here.one], [here.two])))
    name = "membership_in_a_cell_that_still_exists"

    with refused_as(name):
        member(here.one, since=TODAY)
    with refused_as(name):
        member(here.one, since=BEGINNING)
    Membership.objects.create(
        person=person(), cell=here.one, status="official",
        period=between(BEGINNING, EFFECTIVE), reason_in="taken_over",
    )  # fmt: skip


def test_nothing_is_placed_before_it_or_its_superior_existed(here: Tree) -> None:
    late = unit("muon", here.top, on=EFFECTIVE)

    attack(
        "UPDATE organizations_placement SET period = daterange(%s, NULL)"
        " WHERE organization_id = %s",
        EVE,
        late.pk,
        refused="placement_not_before_its_organization",
    )
    attack(
        "UPDATE organizations_placement SET parent_id = %s WHERE organization_id = %s",
        late.pk,
        here.one.pk,
        refused="placement_not_before_its_superior",
    )


def test_no_placement_closes_a_circle_on_any_day(here: Tree) -> None:
    name = "placement_makes_no_circle_on_any_day"
    low = cell("to-1", here.one)

    attack(
        "UPDATE organizations_placement SET parent_id = %s WHERE organization_id = %s",
        low.pk,
        here.mine.pk,
        refused=name,
    )
    Placement.objects.filter(organization=here.mine).update(period=between(BEGINNING, EFFECTIVE))
    with refused_as(name):
        Placement.objects.create(organization=here.mine, parent=low, period=since(EFFECTIVE))
    Placement.objects.filter(organization=here.one).update(period=between(BEGINNING, EFFECTIVE))
    Placement.objects.create(organization=here.mine, parent=low, period=since(EFFECTIVE))
    with refused_as(name):
        Placement.objects.create(organization=here.one, parent=here.mine, period=since(TODAY))


def test_a_circle_on_one_day_of_a_longer_placement_is_refused(here: Tree) -> None:
    Placement.objects.filter(organization=here.one).update(period=between(BEGINNING, TODAY))

    with refused_as("placement_makes_no_circle_on_any_day"):
        Placement.objects.filter(organization=here.mine).update(parent=here.one)


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_a_new_member_and_the_end_of_their_cell_wait_for_each_other() -> None:
    here = tree()
    waiting = here.draft(("merge", [here.four], [here.three]))
    here.preview(waiting)
    here.confirm(waiting)
    joined, ended = threading.Event(), threading.Event()
    outcomes: list[int] = []

    def apply() -> None:
        joined.wait(10)
        outcomes.append(len(reorganizations.apply_due(on=TODAY)))
        ended.set()
        connection.close()

    worker = threading.Thread(target=apply)
    worker.start()
    with transaction.atomic():
        newcomer = member(here.four, since=EVE)
        joined.set()
        assert not ended.wait(0.5)  # it waits for this transaction
    worker.join()

    assert outcomes == [1]
    assert list(
        Membership.objects.filter(person=newcomer)
        .order_by("period")
        .values_list("cell__slug", flat=True)
    ) == ["bon", "ba"]
    assert Organization.objects.get(pk=here.four.pk).period == between(BEGINNING, EFFECTIVE)


# ---------------------------------------------------------------- what two people left


def closed(here: Tree) -> Seal:
    """The days from the beginning to the eve of `EFFECTIVE`, closed for the whole tree."""
    return Seal.objects.create(
        organization=here.top, kind="year", period=between(BEGINNING, EFFECTIVE),
        entered_by=here.drafter, approved_by=here.approver, approved_at=INSTANT,
    )  # fmt: skip


def test_no_membership_that_runs_into_a_closed_year_is_written(here: Tree) -> None:
    name = "membership_outside_what_is_sealed"
    then = member(here.three, since=BEGINNING)
    row = Membership.objects.get(person=then)
    closed(here)

    for day in (EVE, BEGINNING - timedelta(days=1)):
        with refused_as(name):
            member(here.three, since=day)
    for period in ("daterange(%s, NULL)", "daterange(lower(period), %s)"):
        attack(
            f"UPDATE organizations_membership SET period = {period} WHERE id = %s",  # noqa: S608
            EVE,
            row.pk,
            refused=name,
        )
    member(here.three, since=EFFECTIVE)
    Membership.objects.filter(pk=row.pk).update(period=between(BEGINNING, EFFECTIVE))


def test_no_place_is_changed_before_the_end_of_a_closed_year(here: Tree) -> None:
    name = "placement_outside_what_is_sealed"
    closed(here)

    attack(
        "UPDATE organizations_placement SET parent_id = %s WHERE organization_id = %s",
        here.mine.pk,
        here.four.pk,
        refused=name,
    )
    new = Organization.objects.create(slug="muon", period=since(EVE))
    with refused_as(name):
        Placement.objects.create(organization=new, parent=here.top, period=since(EVE))
    unit("kip", here.top, on=EFFECTIVE)


def test_no_departure_is_dated_before_the_end_of_a_closed_year(here: Tree) -> None:
    left = Membership.objects.get(person=member(here.three, since=BEGINNING))
    Membership.objects.filter(pk=left.pk).update(period=between(BEGINNING, EVE))
    closed(here)

    with refused_as("departure_outside_what_is_sealed"):
        Departure.objects.create(
            membership=left, reason="deceased", on=EVE, entered_by=here.drafter
        )


def test_a_departure_is_of_the_day_on_which_the_membership_ended(here: Tree) -> None:
    left = Membership.objects.get(person=member(here.three, since=BEGINNING))
    name = "departure_on_the_day_the_membership_ended"
    told = {"membership": left, "reason": "deceased", "entered_by": here.drafter}

    with refused_as(name):
        Departure.objects.create(**told, on=EVE)
    Membership.objects.filter(pk=left.pk).update(period=between(BEGINNING, EFFECTIVE))
    with refused_as(name):
        Departure.objects.create(**told, on=EVE)
    Departure.objects.create(**told, on=EFFECTIVE)


def test_what_two_people_closed_is_not_rewritten(here: Tree) -> None:
    seal = closed(here)

    for change in (
        "approved_by_id = NULL, approved_at = NULL",
        "period = daterange('2015-01-01', '2016-01-01')",
        "kind = 'report'",
        "organization_id = organization_id + 1",
        "reason = 'x'",
    ):
        attack(f"UPDATE organizations_seal SET {change}", refused="seal_is_not_rewritten")  # noqa: S608
    attack(
        "UPDATE organizations_seal SET lift_asked_by_id = entered_by_id, lift_reason = 'x',"
        " lifted_by_id = approved_by_id, lifted_at = now()",
        refused="seal_lifted_after_it_was_asked",
    )
    Seal.objects.update(lift_asked_by=here.drafter, lift_reason="Sót")
    Seal.objects.update(lifted_by=here.approver, lifted_at=INSTANT)
    attack(
        "UPDATE organizations_seal SET lifted_at = NULL, lifted_by_id = NULL WHERE id = %s",
        seal.pk,
        refused="seal_is_not_rewritten",
    )


def test_a_membership_stays_with_its_person_and_its_cell(here: Tree) -> None:
    name = "membership_of_one_person_in_one_cell"

    attack("UPDATE organizations_membership SET cell_id = %s", here.four.pk, refused=name)
    attack("UPDATE organizations_membership SET person_id = %s", person().pk, refused=name)


@pytest.mark.thorough
def test_an_organisation_ends_once_and_does_not_begin_after_its_places(here: Tree) -> None:
    here.applied(here.draft(("merge", [here.one], [here.two])))

    attack(
        "UPDATE organizations_organization SET period = daterange(lower(period), NULL)"
        " WHERE id = %s",
        here.one.pk,
        refused="organization_ends_once",
    )
    attack(
        "UPDATE organizations_organization SET period = daterange(%s, NULL) WHERE id = %s",
        EVE,
        here.two.pk,
        refused="organization_begins_before_its_places",
    )


@pytest.mark.thorough
def test_nothing_that_lives_is_placed_beneath_what_has_ended(here: Tree) -> None:
    here.applied(here.draft(("merge", [here.one], [here.two])))

    attack(
        "UPDATE organizations_placement SET parent_id = %s WHERE organization_id = %s",
        here.one.pk,
        here.four.pk,
        refused="placement_beneath_what_still_exists",
    )


def test_a_placement_handed_to_another_unit_closes_no_circle(here: Tree) -> None:
    Placement.objects.filter(organization__in=[here.other, here.three]).update(
        period=between(BEGINNING, EFFECTIVE)
    )
    row = Placement.objects.create(
        organization=here.three, parent=here.four, period=since(EFFECTIVE)
    )
    Placement.objects.filter(organization=here.four).update(parent=here.other)

    attack(
        "UPDATE organizations_placement SET organization_id = %s WHERE id = %s",
        here.other.pk,
        row.pk,
        refused="placement_makes_no_circle_on_any_day",
    )


def test_what_was_answered_stays(here: Tree) -> None:
    one, two = person(), person()
    told = {"entered_by": here.drafter, "decided_on": TODAY}
    merge = PersonMerge.objects.create(
        kept=one, duplicate=two, reason="Hai lần", decision_number="9", **told
    )
    PersonMerge.objects.update(state="refused", answered_by=here.approver, answered_at=INSTANT)
    asked = Transfer.objects.create(
        person=one, kind="official", origin=here.one, destination_place="Hải Dương",
        requested_on=TODAY, entered_by=here.drafter,
    )  # fmt: skip
    Transfer.objects.update(state="refused", answer_reason="Nợ", answered_by=here.approver)
    given = Handover.objects.create(
        organization=here.one, outgoing=here.drafter, incoming=here.approver, on=TODAY
    )
    Handover.objects.update(acknowledged_at=INSTANT)

    for table, row, change, name in (
        ("personmerge", merge, "state = 'asked', answered_by_id = NULL, answered_at = NULL",
         "person_merge_answered_stays"),
        ("transfer", asked, "state = 'requested'", "transfer_answered_stays"),
        ("transfer", asked, "answer_reason = 'x'", "transfer_answered_stays"),
        ("handover", given, "acknowledged_at = NULL", "handover_acknowledged_stays"),
        ("handover", given, "note = 'x'", "handover_acknowledged_stays"),
    ):  # fmt: skip
        attack(
            f"UPDATE organizations_{table} SET {change} WHERE id = %s",  # noqa: S608
            row.pk,
            refused=name,
        )


def test_a_record_is_merged_only_into_one_that_is_kept(db: None) -> None:
    one, two, three = person(), person(), person()
    name = "person_merged_into_a_record_that_is_kept"
    merged = "UPDATE organizations_person SET merged_into_id = %s WHERE id = %s"
    Person.objects.filter(pk=two.pk).update(merged_into=one)

    attack(merged, two.pk, three.pk, refused=name)
    attack(merged, two.pk, one.pk, refused=name)
    attack(merged, three.pk, one.pk, refused=name)
    Person.objects.filter(pk=three.pk).update(merged_into=one)


@pytest.mark.django_db(transaction=True)
def test_two_who_place_crosswise_at_once_make_no_circle() -> None:
    here = tree()
    refusals: list[str] = []

    def place() -> None:
        try:
            Placement.objects.filter(organization=here.other).update(parent=here.mine)
        except IntegrityError as refused:
            refusals.append(constraint_of(refused))
        connection.close()

    worker = threading.Thread(target=place)
    with transaction.atomic():
        Placement.objects.filter(organization=here.mine).update(parent=here.other)
        worker.start()
        worker.join(0.5)
        assert worker.is_alive()  # it waits for this transaction
    worker.join(10)

    assert refusals == ["placement_makes_no_circle_on_any_day"]
