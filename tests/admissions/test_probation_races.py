"""Two at once on one probation: one is recorded, the other is told a sentence."""

from datetime import date
from typing import Any

import pytest

from admissions.models import Candidate, Decision, Recognition
from admissions.operations.name_deletion import delete_name
from admissions.stages import Level, Purpose, Stage
from organizations.models import Membership
from tests.admissions.test_races import at_once, one_is_told
from tests.makers import (
    World,
    on_probation,
    recognised,
    stand_on,
    vote_of_probation,
    voted_on_recognition,
    world,
)

pytestmark = pytest.mark.django_db(transaction=True)

FULL = date(2025, 10, 10)
TODAY = date(2025, 12, 20)


@pytest.fixture
def two() -> World:
    made = world()
    stand_on(TODAY)
    return made


def voted(of: World) -> Candidate:
    file = on_probation(of, ceremony_on=date(2024, 10, 10))
    voted_on_recognition(of, file, from_day=FULL, on=TODAY)
    return file


@pytest.mark.thorough
def test_a_member_is_recognised_twice_at_once(two: World) -> None:
    file = voted(two)
    decide = lambda: recognised(two, file, signed_on=TODAY)  # noqa: E731

    one_is_told(at_once(decide, decide))

    assert Recognition.objects.count() == 1
    assert Decision.objects.filter(kind="recognise").count() == 1
    assert Membership.objects.filter(person=file.person).count() == 2


def test_a_vote_on_a_probationary_member_is_recorded_by_two_at_once(two: World) -> None:
    file = on_probation(two, ceremony_on=date(2024, 10, 10))
    record: Any = lambda: vote_of_probation(  # noqa: E731
        two, file, level=Level.CELL, held_on=TODAY, on=TODAY, purpose=Purpose.DELETION
    )

    one_is_told(at_once(record, record))

    assert file.ballots.filter(purpose=Purpose.DELETION).count() == 1


@pytest.mark.thorough
def test_a_name_is_deleted_twice_at_once(two: World) -> None:
    file = on_probation(two, ceremony_on=date(2024, 10, 10))
    for level in (Level.CELL, Level.GRASSROOTS, Level.COMPETENT):
        vote_of_probation(two, file, level=level, held_on=TODAY, on=TODAY, purpose=Purpose.DELETION)

    def delete(number: str) -> Any:
        return delete_name(
            file, by=two.approver, on=TODAY, number=number, signed_on=TODAY,
            signer="Nguyễn Văn Bí thư", reason="Bỏ sinh hoạt",
        )  # fmt: skip

    one_is_told(at_once(lambda: delete("1-QĐ"), lambda: delete("2-QĐ")))

    assert Candidate.objects.get(pk=file.pk).stage == Stage.CLOSED
    assert Decision.objects.filter(kind="delete").count() == 1
