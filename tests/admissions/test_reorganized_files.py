"""Files in a cell that is reorganised: they go on with their people, and nobody is lost."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from admissions.cases import bodies_of, case_of
from admissions.models import Admission, Candidate, Decision, FileMove
from admissions.operations.candidates import close_candidate
from admissions.operations.ceremonies import hold_ceremony, reverse_admission
from admissions.operations.decisions import decide
from admissions.operations.recording import constraint_of
from admissions.stages import Level, Stage
from config.clock import AppNow
from config.errors import DomainError
from config.periods import between
from organizations.models import Membership, Organization, Placement, Reorganization, Role, Seal
from organizations.operations import reorganizations as ops
from organizations.operations.reorganizations import NewUnit
from organizations.operations.structure import grant_competence, move
from targets import sql
from tests import makers
from tests.makers import DAY, WAY, World, cell, held, logged, officer, unit, vote, world
from tests.targets.reorganising import Event, drafted, reorganise

pytestmark = pytest.mark.django_db

FIRST_OF_MAY = date(2021, 5, 1)


@pytest.fixture
def here(db: None) -> World:
    return world()


def changed(here: World, *events: Event, effective_on: date = FIRST_OF_MAY) -> Reorganization:
    return reorganise(here.top, *events, effective_on=effective_on, on=DAY)


def fresh(file: Candidate) -> Candidate:
    return Candidate.objects.select_related("person", "cell").get(pk=file.pk)


def sections(decision: Reorganization) -> dict[str, Any]:
    return {one.key: one for one in ops.look(decision, on=DAY).sections}


@pytest.mark.thorough
def test_an_open_file_goes_where_its_cell_goes_and_the_way_it_came_stays_known(
    here: World,
) -> None:
    file = makers.candidate(here, at=Stage.READY)

    applied = changed(here, Event("merge", [here.cell], [here.sibling]))

    moved = fresh(file)
    assert (moved.cell, moved.stage, moved.version) == (
        here.sibling, file.stage, file.version + 1,
    )  # fmt: skip
    move = FileMove.objects.get()
    assert (move.candidate, move.origin, move.destination, move.on, move.reason) == (
        file, here.cell, here.sibling, FIRST_OF_MAY, "reorganised",
    )  # fmt: skip
    assert move.reorganization == applied
    assert applied.outcome is not None
    assert applied.outcome["counts"]["files"] == 1
    assert moved.cell_on(date(2021, 4, 30)) == here.cell.pk
    assert moved.cell_on(FIRST_OF_MAY) == here.sibling.pk


def probationer(here: World) -> Candidate:
    file = makers.candidate(here, at=Stage.DECIDED)
    held(file, by=here.secretary, on=DAY, ceremony_on=date(2021, 4, 20))
    return fresh(file)


@pytest.mark.thorough
def test_the_file_of_a_probationary_member_goes_along_and_the_admission_stays_a_fact(
    here: World,
) -> None:
    """Recognition is where the membership is (HD 06-HD/TW 2025; domain.md 2.9)."""
    file = probationer(here)

    applied = changed(here, Event("merge", [here.cell], [here.sibling]))

    assert fresh(file).cell == here.sibling
    assert applied.outcome is not None
    assert applied.outcome["counts"]["files"] == 1
    admission = Admission.objects.get()
    assert admission.cell == here.cell
    # The member went along, and can still be told to have been admitted by mistake.
    assert Membership.objects.on(DAY).get(person=file.person).cell == here.sibling
    second = officer("duyet-hai", here.top, Role.APPROVER)
    reverse_admission(admission, by=second, on=DAY, reason="Sai thẩm quyền", decided_on=DAY)
    assert not Membership.objects.on(DAY).filter(person=file.person).exists()


@pytest.mark.thorough
def test_a_closed_file_stays_where_it_ended(here: World) -> None:
    file = logged(here)
    close_candidate(file, by=here.secretary, on=DAY, closed_on=DAY, reason="Xin rút")

    applied = changed(here, Event("merge", [here.cell], [here.sibling]))

    assert fresh(file).cell == here.cell
    assert applied.outcome is not None
    assert applied.outcome["counts"]["files"] == 0


@pytest.mark.thorough
def test_the_cell_that_took_a_probationary_member_over_considers_recognition(
    here: World,
) -> None:
    file = probationer(here)
    changed(here, Event("merge", [here.cell], [here.sibling]))
    later = date(2022, 6, 20)
    makers.stand_on(later)
    here.secretary = here.secretary2
    makers.new_member_class(here, fresh(file), on=later, issued_on=date(2021, 9, 1))
    makers.papers_of_probation(here, fresh(file), on=later, dated_on=date(2022, 5, 20))

    ballot = makers.vote_of_probation(
        here, fresh(file), level=Level.CELL, held_on=date(2022, 5, 25), on=later
    )

    assert (ballot.organization, ballot.entitled) == (here.sibling, 26)


@pytest.mark.thorough
def test_a_probationary_member_of_a_split_cell_takes_the_file_along(here: World) -> None:
    file = probationer(here)
    event = Event(
        "split", [here.cell], [here.cell, NewUnit("Chi bộ Mới", "cell")],
        homes={
            here.cell.slug: here.members[:20],
            "Chi bộ Mới": [*here.members[20:], file.person],
        },
    )  # fmt: skip

    changed(here, event)

    assert fresh(file).cell.slug == "chi-bo-moi"
    assert Membership.objects.on(DAY).get(person=file.person).cell == fresh(file).cell


@pytest.mark.thorough
def test_each_candidate_of_a_split_cell_goes_where_somebody_said(here: World) -> None:
    one, two = logged(here, full_name="Vũ Văn Một"), logged(here, full_name="Vũ Văn Hai")
    event = Event(
        "split", [here.cell], [here.cell, NewUnit("Chi bộ Mới", "cell")],
        homes={
            here.cell.slug: [*here.members[:20], one.person],
            "Chi bộ Mới": [*here.members[20:], two.person],
        },
    )  # fmt: skip

    applied = changed(here, event)

    assert fresh(one).cell == here.cell
    assert fresh(two).cell.slug == "chi-bo-moi"
    assert applied.outcome is not None
    assert applied.outcome["counts"]["files"] == 1


def test_a_split_that_forgets_a_candidate_is_refused(here: World) -> None:
    file = logged(here)
    half = len(here.members) // 2
    decision, _drafter = drafted(
        here.top,
        Event(
            "split", [here.cell], [NewUnit("Chi bộ Một", "cell"), NewUnit("Chi bộ Hai", "cell")],
            homes={"Chi bộ Một": here.members[:half], "Chi bộ Hai": here.members[half:]},
        ),
        effective_on=FIRST_OF_MAY, on=DAY,
    )  # fmt: skip

    assert [(one.row, one.sentence) for one in ops.look(decision, on=DAY).refusals] == [
        (1, f"Say to which cell the open file {file.number} of Chi bộ kc-1 goes.")
    ]


@pytest.mark.thorough
def test_what_a_cell_did_on_the_day_of_its_end_or_later_stops_the_decision(here: World) -> None:
    makers.candidate(here, at=Stage.ADMITTED)  # its ceremony is on 19/5/2021

    def refusals(day: date) -> list[str]:
        decision, _drafter = drafted(
            here.top, Event("merge", [here.cell], [here.sibling]), effective_on=day, on=DAY
        )
        return [one.sentence for one in ops.look(decision, on=DAY).refusals]

    assert "Chi bộ kc-1 has 1 admissions dated 19/05/2021 or later." in refusals(date(2021, 5, 19))
    assert refusals(date(2021, 5, 20)) == []
    assert "Chi bộ kc-1 has 1 votes dated 05/03/2021 or later." in refusals(date(2021, 3, 5))
    assert "Chi bộ kc-1 has 1 votes dated 06/03/2021 or later." not in refusals(date(2021, 3, 6))


@pytest.mark.thorough
def test_the_preview_names_open_approvals_with_the_body_before_and_after(here: World) -> None:
    file = makers.candidate(here, at=Stage.CELL_RESOLVED)
    other = unit("khac", here.top)
    grant_competence(
        other, kind="delegated", on=date(2020, 1, 1), decision_number="9-QĐ", members_entitled=9
    )
    decision, _drafter = drafted(
        here.top, Event("move", [here.cell], [other]), effective_on=FIRST_OF_MAY, on=DAY
    )

    found = sections(decision)

    assert (found["files"].count, found["open_approvals"].count) == (0, 1)
    [line] = found["open_approvals"].lines
    assert line.text == (
        f"{file.person.full_name} ({file.number}): Resolved by the cell ·"
        " Đảng bộ kc-top → Đảng bộ khac"
    )
    assert line.url == f"/ho-so/{file.public_id}/"
    assert found["open_approvals"].has_names
    assert [one.sentence for one in ops.look(decision, on=DAY).warnings] == [
        "1 files that the cell has resolved will be decided by another body."
    ]
    applied = ops.preview(decision, by=_drafter, on=DAY)
    assert applied.preview is not None
    assert applied.preview["counts"]["open_approvals"] == 1


@pytest.mark.thorough
def test_a_committee_merged_into_one_beneath_it_leaves_approvals_to_what_was_above(
    here: World,
) -> None:
    beneath = unit("con", here.committee)
    move(here.cell, under=beneath, on=date(2021, 4, 1))
    makers.candidate(here, at=Stage.CELL_RESOLVED)
    decision, _drafter = drafted(
        here.top, Event("merge", [here.committee], [beneath]), effective_on=FIRST_OF_MAY, on=DAY
    )

    [line] = sections(decision)["open_approvals"].lines
    assert line.text.endswith(": Resolved by the cell · Đảng bộ kc-top")
    applied = changed(here, Event("merge", [here.committee], [beneath]))
    assert applied.outcome is not None
    assert applied.outcome["counts"]["open_approvals"] == 1
    placed = Placement.objects.get(organization=beneath, period__contains=FIRST_OF_MAY)
    assert placed.parent == here.top


def test_a_candidate_parted_from_the_helper_is_told(here: World) -> None:
    file = makers.candidate(here, at=Stage.READY)  # helped by the first member
    event = Event(
        "split", [here.cell], [here.cell, NewUnit("Chi bộ Mới", "cell")],
        homes={here.cell.slug: here.members, "Chi bộ Mới": [file.person]},
    )  # fmt: skip
    decision, _drafter = drafted(here.top, event, effective_on=FIRST_OF_MAY, on=DAY)

    assert sections(decision)["mentorships"].count == 1
    sentences = [one.sentence for one in ops.look(decision, on=DAY).warnings]
    assert (
        "1 candidates go elsewhere than the member who helps them: their new cell assigns another."
        in sentences
    )


@pytest.mark.thorough
def test_a_decision_stays_valid_and_the_new_cell_holds_the_ceremony(here: World) -> None:
    file = makers.candidate(here, at=Stage.DECIDED)

    changed(here, Event("merge", [here.cell], [here.sibling]))
    hold_ceremony(fresh(file), by=here.secretary2, on=DAY, ceremony_on=date(2021, 5, 19))

    admission = Admission.objects.get()
    assert (admission.cell, admission.ceremony_on) == (here.sibling, date(2021, 5, 19))


@pytest.mark.thorough
def test_a_ceremony_entered_late_counts_in_the_cell_that_held_it(here: World) -> None:
    file = makers.candidate(here, at=Stage.DECIDED)
    changed(here, Event("merge", [here.cell], [here.sibling]), effective_on=date(2021, 5, 20))

    hold_ceremony(fresh(file), by=here.secretary2, on=DAY, ceremony_on=date(2021, 5, 19))

    assert Admission.objects.get().cell == here.cell
    rows = Membership.objects.filter(person=file.person).order_by("period")
    assert [(one.cell, one.reason_in, one.reason_out, one.period.lower) for one in rows] == [
        (here.cell, "admitted", "reorganised", date(2021, 5, 19)),
        (here.sibling, "reorganised", "", date(2021, 5, 20)),
    ]


@pytest.mark.thorough
def test_a_vote_entered_late_is_judged_by_the_cell_and_the_line_of_its_day(here: World) -> None:
    file = makers.candidate(here, at=Stage.READY)
    changed(here, Event("merge", [here.cell], [here.sibling]))

    # 26 official members on that day in the old cell; in the new one there was nobody.
    vote(
        fresh(file), by=here.secretary2, level=Level.CELL, held_on=WAY["cell_on"],
        entitled=26, present=22, in_favour=22,
    )  # fmt: skip

    ballot = file.ballots.get()
    assert ballot.organization == here.cell
    assert fresh(file).stage == Stage.CELL_RESOLVED


@pytest.mark.thorough
def test_a_new_competent_body_votes_afresh_before_it_decides(here: World) -> None:
    file = makers.candidate(here, at=Stage.COMPETENT_RESOLVED)
    other = unit("khac", here.top, kind="superior")
    base = unit("khac-co-so", other)
    grant_competence(
        other, kind="superior", on=date(2020, 1, 1), decision_number="9-QĐ", members_entitled=15
    )
    approver = officer("duyet-khac", other, Role.APPROVER)
    staff = officer("canbo-khac", other, Role.STAFF)
    changed(here, Event("move", [here.cell], [base]))
    signing: dict[str, Any] = {
        "by": approver, "on": DAY, "number": "7-QĐ/ĐU", "signed_on": date(2021, 5, 12),
        "signer": "Nguyễn Văn Bí thư",
    }  # fmt: skip

    with pytest.raises(DomainError) as refused:
        decide(fresh(file), **signing)
    assert refused.value.fields == {
        "signed_on": "The vote was of another body than the one competent on 12/05/2021:"
        " Đảng bộ khac."
    }
    assert case_of(fresh(file), on=DAY).next_vote() == Level.COMPETENT
    vote(fresh(file), by=staff, level=Level.COMPETENT, held_on=date(2021, 5, 10))
    decide(fresh(file), **signing)

    assert Decision.objects.get().authority == other


@pytest.mark.thorough
def test_a_decision_entered_late_is_that_of_the_body_above_the_cell_on_its_day(
    here: World,
) -> None:
    """The database asks the same: the trigger reads the cell of the day that it was signed."""
    file = makers.candidate(here, at=Stage.COMPETENT_RESOLVED)
    stranger = unit("la", here.top, kind="superior")
    grant_competence(
        stranger, kind="superior", on=date(2020, 1, 1), decision_number="9-QĐ", members_entitled=9
    )
    far = cell("la-1", stranger)
    changed(here, Event("merge", [here.cell], [far]))
    assert bodies_of([far.pk], on=DAY)[far.pk].competent.organization_id == stranger.pk  # type: ignore[union-attr]

    made = makers.decided(here, fresh(file), signed_on=WAY["signed_on"])

    assert made.authority == here.top


@pytest.mark.thorough
def test_no_file_is_opened_in_a_cell_that_has_ended(here: World) -> None:
    changed(here, Event("merge", [here.cell], [here.sibling]))
    ended = Organization.objects.get(pk=here.cell.pk)
    above = officer("bithu-tren", here.committee)

    with pytest.raises(DomainError) as refused:
        logged(here, cell=ended, by=above)

    assert refused.value.sentence == (
        "Chi bộ kc-1 has ended: the file is opened by the cell that took it over."
    )


@pytest.mark.thorough
def test_open_files_of_a_past_day_are_counted_where_they_were(here: World) -> None:
    makers.candidate(here, at=Stage.READY)
    changed(here, Event("merge", [here.cell], [here.sibling]))
    keys = {here.cell.pk: "old", here.sibling.pk: "new"}

    def ready(day: date) -> dict[str, int]:
        rows = sql.read(keys, year=2021, lens="then", on=day, today=DAY)
        return {keys[key]: row.files_cell for key, row in rows.items()}  # type: ignore[attr-defined]

    assert ready(date(2021, 4, 30)) == {"old": 1, "new": 0}
    assert ready(FIRST_OF_MAY) == {"old": 0, "new": 1}
    assert ready(DAY) == {"old": 0, "new": 1}


@pytest.mark.thorough
def test_moving_many_files_takes_no_more_queries(
    here: World, django_assert_max_num_queries: Any
) -> None:
    from admissions.reorganizing import AdmissionsHandler  # noqa: PLC0415

    def asked(number: int) -> int:
        for _ in range(number):
            logged(here)
        decision, _drafter = drafted(
            here.top, Event("merge", [here.cell], [here.sibling]), effective_on=FIRST_OF_MAY, on=DAY
        )
        plan = ops.plan_of(decision)
        with django_assert_max_num_queries(40) as queries:
            AdmissionsHandler().sections(plan)
            AdmissionsHandler().refusals(plan)
            AdmissionsHandler().warnings(plan)
        return len(queries)

    assert asked(2) == asked(20)


@pytest.fixture
def moved(here: World) -> FileMove:
    logged(here)
    changed(here, Event("merge", [here.cell], [here.sibling]))
    return FileMove.objects.get()


def _refused(**values: Any) -> str:
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        FileMove.objects.create(**values)
    return str(refused.value)


@pytest.mark.thorough
def test_a_move_that_cannot_be_is_not_stored(moved: FileMove) -> None:
    values: dict[str, Any] = {
        "candidate": moved.candidate, "origin": moved.destination, "on": DAY,
        "entered_by": moved.entered_by,
    }  # fmt: skip
    assert "file_move_goes_somewhere_else" in _refused(
        destination=moved.destination, reason="transferred", **values
    )
    assert "file_move_by_a_reorganisation_names_it" in _refused(
        destination=moved.origin, reason="reorganised", **values
    )


@pytest.mark.thorough
@pytest.mark.parametrize(
    "statement",
    ['UPDATE admissions_filemove SET "on" = "on" - 1', "DELETE FROM admissions_filemove"],
)
def test_a_move_is_never_changed(moved: FileMove, statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    moved.refresh_from_db()
    assert moved.on == FIRST_OF_MAY


def test_no_admission_is_written_into_a_year_that_is_closed(here: World) -> None:
    person = here.members[0]
    Seal.objects.create(
        organization=here.top, kind="year", period=between(date(2020, 1, 1), date(2021, 1, 1)),
        entered_by=here.staff, approved_by=here.staff2, approved_at=AppNow(),
    )  # fmt: skip

    def admit(day: date) -> Admission:
        return Admission.objects.create(
            origin="taken_over", person=person, cell=here.cell, decided_on=day, ceremony_on=day,
            sex="male", age_years=30,
        )  # fmt: skip

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        admit(date(2020, 12, 31))

    assert constraint_of(refused.value) == "admission_outside_what_is_sealed"
    admit(date(2021, 1, 1))
