"""Deleting a probationary member's name: votes of three bodies, a decision, an end with a row."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from admissions.models import Admission, Candidate, Decision, Milestone
from admissions.operations.name_deletion import delete_name
from admissions.stages import Level, Purpose, Stage, Step
from config.errors import DomainError
from organizations.models import Departure, Membership, Role
from reports.selectors.movement import Period, movements
from tests.makers import (
    World,
    appointed,
    on_probation,
    papers_of_probation,
    stand_on,
    vote_of_probation,
    voted_on_recognition,
)

CEREMONY = date(2024, 10, 10)
CELL = date(2025, 3, 5)
SIGNED = date(2025, 4, 1)
TODAY = date(2025, 12, 20)


@pytest.fixture
def kc25(kc: World) -> World:
    stand_on(TODAY)
    return kc


def vote_to_delete(world: World, file: Candidate, *, level: str, held_on: date, **rest: Any) -> Any:
    return vote_of_probation(
        world, file, level=level, held_on=held_on, on=TODAY, purpose=Purpose.DELETION, **rest
    )


def voted(world: World) -> Candidate:
    file = on_probation(world, ceremony_on=CEREMONY)
    for weeks, level in enumerate((Level.CELL, Level.GRASSROOTS, Level.COMPETENT)):
        vote_to_delete(world, file, level=level, held_on=CELL + timedelta(weeks=weeks))
    return Candidate.objects.select_related("person").get(pk=file.pk)


def deleted(world: World, file: Candidate, **changes: Any) -> Departure:
    values: dict[str, Any] = {
        "by": world.approver,
        "on": TODAY,
        "number": "9-QĐ/XT",
        "signed_on": SIGNED,
        "signer": "Nguyễn Văn Bí thư",
        "reason": "Bỏ sinh hoạt ba tháng",
        **changes,
    }
    return delete_name(file, **values)


@pytest.mark.thorough
def test_the_membership_ends_that_day_with_its_decision_and_the_file_is_closed(
    kc25: World,
) -> None:
    file = voted(kc25)

    departure = deleted(kc25, file)

    assert (departure.reason, departure.on, departure.decided_on, departure.decision_number) == (
        "struck_off",
        SIGNED,
        SIGNED,
        "9-QĐ/XT",
    )
    membership = Membership.objects.get(person=file.person)
    assert (membership.status, membership.period.upper, membership.reason_out) == (
        "probationary",
        SIGNED,
        "struck_off",
    )
    closed = Candidate.objects.get(pk=file.pk)
    assert (closed.stage, closed.closed_on, closed.closed_reason) == (
        Stage.CLOSED,
        SIGNED,
        "Bỏ sinh hoạt ba tháng",
    )
    decision = Decision.objects.get(candidate=file, kind="delete")
    assert (decision.reason, decision.approved_by) == ("Bỏ sinh hoạt ba tháng", kc25.approver)
    # The admission happened and goes on counting: only a reversal takes it back.
    assert Admission.objects.filter(candidate=file).values_list("sign", flat=True).get() == 1


@pytest.mark.thorough
def test_statistical_table_1_counts_it_as_a_probationary_member_struck_off(kc25: World) -> None:
    file = voted(kc25)
    before = _struck_off(kc25)

    deleted(kc25, file)

    assert (before, _struck_off(kc25)) == (0, 1)


def _struck_off(world: World) -> int:
    period = Period(date(2025, 1, 1), TODAY, "then", TODAY)
    return movements([world.top.pk], period)[world.top.pk].people.get("struck_off_probationary", 0)


def test_no_deletion_before_the_votes_of_all_bodies(kc25: World) -> None:
    file = on_probation(kc25, ceremony_on=CEREMONY)
    vote_to_delete(kc25, file, level=Level.CELL, held_on=CELL)

    with pytest.raises(DomainError) as refusal:
        deleted(kc25, file)
    with pytest.raises(DomainError, match="no passed vote of"):
        vote_to_delete(kc25, file, level=Level.COMPETENT, held_on=CELL + timedelta(days=1))

    assert refusal.value.fields == {
        "signed_on": "By 01/04/2025 the competent committee has not passed a vote on deleting the"
        " name."
    }
    assert Membership.objects.get(person=file.person).period.upper is None


@pytest.mark.thorough
def test_no_decision_on_the_day_before_its_bodys_vote(kc25: World) -> None:
    file = voted(kc25)
    vote_day = CELL + timedelta(weeks=2)

    with pytest.raises(DomainError) as refusal:
        deleted(kc25, file, signed_on=vote_day - timedelta(days=1))

    assert list(refusal.value.fields) == ["signed_on"]
    assert deleted(kc25, file, signed_on=vote_day).pk


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"number": ""}, "number"),
        ({"signer": ""}, "signer"),
        ({"signed_on": date(2025, 12, 21)}, "signed_on"),
    ],
)
def test_an_impossible_deletion_is_refused_at_its_field(
    kc25: World, changes: dict[str, Any], field: str
) -> None:
    file = voted(kc25)

    with pytest.raises(DomainError) as refusal:
        deleted(kc25, file, **changes)

    assert list(refusal.value.fields) == [field]
    assert Candidate.objects.get(pk=file.pk).stage == Stage.ADMITTED


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary", "staff", "staff2", "leader"])
def test_only_an_approver_who_took_no_part_deletes(kc25: World, who: str) -> None:
    file = voted(kc25)
    with pytest.raises(PermissionDenied):
        deleted(kc25, file, by=getattr(kc25, who))

    appointed(getattr(kc25, who), kc25.top, Role.APPROVER)
    if who == "leader":
        assert deleted(kc25, file, by=kc25.leader).pk
    else:
        with pytest.raises(DomainError, match="another approver records the decision"):
            deleted(kc25, file, by=getattr(kc25, who))


@pytest.mark.thorough
def test_a_vote_that_falls_short_is_kept_and_the_third_is_for_the_body_above(kc25: World) -> None:
    file = on_probation(kc25, ceremony_on=CEREMONY)

    for month in (3, 4, 5):
        vote_to_delete(
            kc25, file, level=Level.CELL, held_on=date(2025, month, 5), in_favour=9, against=17
        )

    assert Milestone.objects.filter(candidate=file, step=Step.FALL_SHORT).count() == 3
    assert Candidate.objects.get(pk=file.pk).stage == Stage.ADMITTED
    client = Client()
    client.force_login(kc25.secretary)
    client.cookies["django_language"] = "en"
    told = client.get(reverse("candidate-step", args=[file.public_id, "chi-bo-xoa-ten"]))
    assert "The superior committee decides how to go on." in told.content.decode()


@pytest.mark.thorough
def test_a_name_whose_deletion_was_voted_is_not_recognised_and_the_other_way_round(
    kc25: World,
) -> None:
    file = voted(kc25)
    full = date(2025, 10, 10)
    papers_of_probation(kc25, file, on=TODAY, dated_on=full)
    with pytest.raises(DomainError, match="voted to delete the name"):
        vote_of_probation(kc25, file, level=Level.CELL, held_on=full, on=TODAY)

    other = on_probation(kc25, ceremony_on=CEREMONY)
    voted_on_recognition(kc25, other, from_day=full, on=TODAY)
    with pytest.raises(DomainError, match="voted for recognition"):
        vote_to_delete(kc25, other, level=Level.CELL, held_on=TODAY)


@pytest.mark.thorough
def test_the_database_asks_a_deletion_for_its_reason_and_its_votes(kc25: World) -> None:
    file = on_probation(kc25, ceremony_on=CEREMONY)
    columns: dict[str, Any] = {
        "candidate": file,
        "authority": kc25.top,
        "kind": Decision.Kind.DELETE,
        "number": "1-QĐ",
        "signed_on": SIGNED,
        "signer": "Nguyễn Văn Bí thư",
        "rules": file.rules,
        "approved_by": kc25.approver,
    }

    with pytest.raises(IntegrityError, match="follows the votes"), transaction.atomic():
        Decision.objects.create(reason="Bỏ sinh hoạt", **columns)
    done = voted(kc25)
    with pytest.raises(IntegrityError, match="says_why"), transaction.atomic():
        Decision.objects.create(reason="", **{**columns, "candidate": done})
