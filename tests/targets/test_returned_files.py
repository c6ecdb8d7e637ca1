"""The stage of a past day where files were returned, or decisions cancelled."""

from datetime import date

import pytest
from django.db import connection

from admissions.models import Candidate
from admissions.operations.outcomes import return_file
from admissions.stages import OPEN_STAGES, Level, Stage
from targets import sql
from tests.makers import DAY, World, candidate, decided, vote, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def kc(db: None) -> World:
    return world()


def stage_on(day: date) -> list[str]:
    """The open files' stages as the statement of past days finds them."""
    with connection.cursor() as cursor:
        cursor.execute(sql._FILES_THEN, {"upto": day})
        return [stage for _cell, stage in cursor.fetchall()]


def stored() -> list[str]:
    return list(Candidate.objects.filter(stage__in=OPEN_STAGES).values_list("stage", flat=True))


def returned(kc: World, file: Candidate, *, on: date, back_to: str) -> None:
    return_file(
        file, by=kc.staff2, on=DAY, level=Level.COMPETENT, returned_on=on, back_to=back_to,
        reason="Thiếu giấy tờ",
    )  # fmt: skip


def test_a_returned_file_was_at_its_votes_before_and_is_back_from_the_day_on(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    returned(kc, file, on=date(2021, 4, 12), back_to=Stage.CELL_RESOLVED)

    assert stage_on(date(2021, 3, 19)) == ["grassroots_resolved"]
    assert stage_on(date(2021, 4, 11)) == ["competent_resolved"]
    assert stage_on(date(2021, 4, 12)) == ["cell_resolved"]
    assert stage_on(DAY) == stored() == ["cell_resolved"]


@pytest.mark.thorough
def test_the_votes_held_again_count_from_their_days_on(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    returned(kc, file, on=date(2021, 4, 12), back_to=Stage.READY)
    cell = {"entitled": 26, "present": 22, "in_favour": 22}
    vote(file, by=kc.secretary, level=Level.CELL, held_on=date(2021, 4, 20), **cell)
    assert stage_on(DAY) == stored() == ["cell_resolved"]
    vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=date(2021, 5, 4))
    returned(kc, file, on=date(2021, 5, 5), back_to=Stage.CELL_RESOLVED)
    vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=date(2021, 5, 6))
    vote(file, by=kc.staff2, level=Level.COMPETENT, held_on=date(2021, 5, 7))
    decided(kc, file, signed_on=date(2021, 5, 10))

    days = [(4, 11), (4, 12), (4, 19), (4, 20), (5, 4), (5, 5), (5, 6), (5, 9), (5, 10)]
    assert [stage_on(date(2021, *day))[0] for day in days] == [
        "grassroots_resolved",
        "ready",
        "ready",
        "cell_resolved",
        "grassroots_resolved",
        "cell_resolved",
        "grassroots_resolved",
        "competent_resolved",
        "decided",
    ]
    assert stage_on(DAY) == stored() == ["decided"]


@pytest.mark.thorough
def test_the_figures_of_the_clocks_day_are_the_same_either_way(kc: World) -> None:
    for back_to in (Stage.DOSSIER, Stage.CELL_RESOLVED, Stage.GRASSROOTS_RESOLVED):
        file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
        returned(kc, file, on=date(2021, 4, 12), back_to=back_to)
    candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    assert sorted(stage_on(DAY)) == sorted(stored())
    assert sorted(stored()) == [
        "cell_resolved", "dossier", "grassroots_resolved", "grassroots_resolved",
    ]  # fmt: skip
