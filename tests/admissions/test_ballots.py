"""Votes: what must be there on the day, the arithmetic, and in which order bodies vote."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from admissions.cases import case_of
from admissions.models import Ballot, Candidate, Milestone, RuleSet
from admissions.operations.rule_sets import answer_rule_change, ask_rule_change
from admissions.parameters import PARAMETERS
from admissions.stages import Level, Stage, Step
from config.errors import DomainError
from organizations.models import Person, Role
from organizations.operations.structure import grant_competence
from organizations.operations.transfers import accept, release, request_transfer
from tests.makers import (
    BEGINNING,
    DAY,
    WAY,
    World,
    candidate,
    logged,
    members,
    new_member_class,
    officer,
    papers_of_probation,
    prepared,
    stand_on,
    unit,
    vote,
    vote_of_probation,
    world,
)
from tests.makers import cell as make_cell

CELL = {"level": Level.CELL, "entitled": 26, "present": 22, "in_favour": 20, "against": 2}


def cell_vote(world: World, file: Candidate, **changes: Any) -> Ballot:
    values = {"by": world.secretary, "held_on": WAY["cell_on"], **CELL, **changes}
    ballot: Ballot = vote(file, **values)
    return ballot


def posted_elsewhere(world: World, person: Person) -> None:
    """Let `person` be on temporary transfer in the sibling cell from before the meeting."""
    day = date(2021, 1, 4)
    asked = request_transfer(
        person, by=world.secretary, on=DAY, kind="temporary", destination=world.sibling
    )
    released = release(asked, by=world.secretary, on=DAY, released_on=day, effective_on=day)
    accept(released, by=world.secretary2, on=DAY)


def stage(file: Candidate) -> str:
    return Candidate.objects.get(pk=file.pk).stage


def test_a_vote_that_passes_moves_the_file_and_fixes_its_rules(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    ballot = cell_vote(kc, file)

    assert (ballot.passed, ballot.numerator, ballot.denominator) == (True, 2, 3)
    assert stage(file) == Stage.CELL_RESOLVED
    assert Candidate.objects.get(pk=file.pk).rules.code == "29-QĐ/TW"


@pytest.mark.parametrize(("in_favour", "passed"), [(17, False), (18, True)])
def test_the_cell_needs_two_thirds_of_those_entitled(
    kc: World, in_favour: int, passed: bool
) -> None:
    file = candidate(kc, at=Stage.READY)

    ballot = cell_vote(kc, file, in_favour=in_favour, against=0)

    assert ballot.passed is passed  # 18 of 26, whoever was present
    assert stage(file) == (Stage.CELL_RESOLVED if passed else Stage.READY)


@pytest.mark.parametrize(("in_favour", "passed"), [(4, False), (5, True)])
def test_a_standing_committee_needs_more_than_half(db: None, in_favour: int, passed: bool) -> None:
    kc = world(deciding=8)
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    ballot = vote(
        file,
        by=kc.staff2,
        level=Level.COMPETENT,
        held_on=WAY["competent_on"],
        entitled=8,
        present=8,
        in_favour=in_favour,
        against=3,
    )

    assert (ballot.passed, ballot.strict) == (passed, True)


@pytest.mark.parametrize(("in_favour", "passed"), [(9, False), (10, True)])
def test_a_grassroots_committee_needs_two_thirds_of_its_members(
    kc: World, in_favour: int, passed: bool
) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    ballot = vote(
        file, by=kc.staff, level=Level.GRASSROOTS, held_on=WAY["grassroots_on"], entitled=15,
        present=12, in_favour=in_favour,
    )  # fmt: skip

    assert ballot.passed is passed  # ten of fifteen, however many came
    assert stage(file) == (Stage.GRASSROOTS_RESOLVED if passed else Stage.CELL_RESOLVED)


@pytest.mark.thorough
@pytest.mark.parametrize("purpose", ["recognition", "deletion"])
def test_on_probation_every_body_needs_the_same_share_as_before(kc: World, purpose: str) -> None:
    held_on = date(2022, 5, 25)
    stand_on(held_on)
    file = candidate(kc, at=Stage.ADMITTED)
    new_member_class(kc, file, on=held_on, issued_on=date(2022, 3, 1))
    papers_of_probation(kc, file, on=held_on, dated_on=held_on)

    for level, entitled, needed in (
        (Level.CELL, 26, 18),
        (Level.GRASSROOTS, 15, 10),
        (Level.COMPETENT, 15, 8),
    ):
        results = [
            vote_of_probation(
                kc, file, level=level, held_on=held_on, on=held_on, purpose=purpose,
                entitled=entitled, present=entitled, in_favour=in_favour,
            ).passed
            for in_favour in (needed - 1, needed)
        ]  # fmt: skip
        assert results == [False, True], level


def test_a_vote_that_falls_short_is_kept_and_may_be_repeated(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    first = cell_vote(kc, file, in_favour=10, against=10)
    second = cell_vote(kc, file, held_on=date(2021, 4, 5))

    assert [(one.attempt, one.passed) for one in (first, second)] == [(1, False), (2, True)]
    short = Milestone.objects.get(candidate=file, step=Step.FALL_SHORT)
    assert "10" in short.note
    assert "18" in short.note


def test_a_repeated_vote_is_not_before_the_one_that_fell_short(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    cell_vote(kc, file, in_favour=10)

    with pytest.raises(DomainError) as refusal:
        cell_vote(kc, file, held_on=date(2021, 3, 4))

    assert list(refusal.value.fields) == ["held_on"]


@pytest.mark.thorough
def test_the_third_vote_that_falls_short_says_who_decides_how_to_go_on(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    for _attempt in range(3):
        cell_vote(kc, file, in_favour=10)

    notes = list(Milestone.objects.filter(step=Step.FALL_SHORT).values_list("note", flat=True))
    assert len(notes) == 3
    assert notes[0] != notes[2].replace("3", "1")


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("numbers", "field", "sentence"),
    [
        (
            {"present": 22, "in_favour": 24},
            "in_favour",
            "The votes in favour (24) are more than those present (22).",
        ),
        (
            {"present": 22, "in_favour": 20, "against": 3},
            "against",
            "Votes in favour and against together (23) are more than those present (22).",
        ),
        (
            {"present": 27, "in_favour": 20},
            "present",
            "Those present (27) are more than those entitled to vote (26).",
        ),
        (
            {"entitled": 27},
            "entitled",
            "The cell has 26 official members on 05/03/2021; no more can be entitled to vote.",
        ),
        (
            {"entitled": 0, "present": 0, "in_favour": 0, "against": 0},
            "entitled",
            "At least one person is entitled to vote.",
        ),
    ],
)
def test_impossible_numbers_are_refused_at_their_field(
    kc: World, numbers: dict[str, int], field: str, sentence: str
) -> None:
    file = candidate(kc, at=Stage.READY)

    with pytest.raises(DomainError) as refusal:
        cell_vote(kc, file, **numbers)

    assert refusal.value.fields == {field: sentence}
    assert not Ballot.objects.exists()


def test_without_its_preparation_no_vote_is_recorded_and_all_that_is_missing_is_said(
    kc: World,
) -> None:
    file = logged(kc)

    with pytest.raises(DomainError) as refusal:
        cell_vote(kc, file)

    sentence = refusal.value.fields["held_on"]
    assert "not on the list of sympathisers" in sentence
    assert "no class certificate" in sentence
    assert "no official member was assigned" in sentence
    assert "1-KNĐ" in sentence


def _way(**changes: date) -> dict[str, date]:
    return {**WAY, **changes}


@pytest.mark.thorough
def test_a_certificate_counts_on_its_last_day_and_not_after(kc: World) -> None:
    # issued 5/3/2017, identified later: 60 months are full on 5/3/2022
    on = date(2022, 3, 10)
    stand_on(on)
    papers = _way(certified_on=date(2017, 3, 5), papers_on=date(2021, 9, 1))
    in_time, late = (prepared(kc, logged(kc, on=on), on=on, way=papers) for _number in range(2))

    assert cell_vote(kc, in_time, held_on=date(2022, 3, 5), on=on).passed
    with pytest.raises(DomainError, match="06/03/2022"):
        cell_vote(kc, late, held_on=date(2022, 3, 6), on=on)


@pytest.mark.thorough
def test_a_certificate_counts_a_day_less_where_two_people_say_so_of_its_last(kc: World) -> None:
    rules = RuleSet.objects.get(code="29-QĐ/TW")
    [change] = ask_rule_change(
        rules, PARAMETERS["certificate_valid_on_last_day"], by=kc.staff2, on=DAY, new="false",
        source="CV 1", certainty="M", reason="Hỏi lại",
    )  # fmt: skip
    answer_rule_change(change, by=kc.approver, on=DAY, approves=True)
    on = date(2022, 3, 10)
    stand_on(on)
    papers = _way(certified_on=date(2017, 3, 5), papers_on=date(2021, 9, 1))
    in_time, late = (prepared(kc, logged(kc, on=on), on=on, way=papers) for _number in range(2))

    assert cell_vote(kc, in_time, held_on=date(2022, 3, 4), on=on).passed
    with pytest.raises(DomainError, match="until before 05/03/2022"):
        cell_vote(kc, late, held_on=date(2022, 3, 5), on=on)


@pytest.mark.thorough
def test_papers_count_on_their_last_day_and_not_after(kc: World) -> None:
    on = date(2022, 2, 20)
    stand_on(on)
    in_time, late = (prepared(kc, logged(kc, on=on), on=on) for _number in range(2))

    assert cell_vote(kc, in_time, held_on=date(2022, 2, 10), on=on).passed
    with pytest.raises(DomainError, match="5-KNĐ"):
        cell_vote(kc, late, held_on=date(2022, 2, 11), on=on)


@pytest.mark.thorough
def test_the_cell_considers_from_the_eighteenth_birthday(kc: World) -> None:
    file = prepared(kc, logged(kc, born_on=date(2003, 3, 5)))

    with pytest.raises(DomainError, match="17 years old"):
        cell_vote(kc, file, held_on=date(2021, 3, 4))

    assert cell_vote(kc, file, held_on=date(2021, 3, 5)).passed


@pytest.mark.thorough
def test_past_the_month_of_the_sixtieth_birthday_the_decision_asks_for_a_consent(kc: World) -> None:
    def waits_for(held_on: date) -> list[str]:
        file = prepared(kc, logged(kc, born_on=date(1961, 3, 15), on=date(2021, 3, 31)))
        assert cell_vote(kc, file, held_on=held_on).passed
        case = case_of(Candidate.objects.get(pk=file.pk), on=DAY)
        return [kind.code for kind in case.missing_consents]

    assert waits_for(date(2021, 3, 31)) == []
    assert waits_for(date(2021, 4, 1)) == ["ĐY-60T"]


def test_what_came_after_the_vote_does_not_count_for_it(kc: World) -> None:
    file = prepared(kc, logged(kc))

    with pytest.raises(DomainError, match="Papers missing"):
        cell_vote(kc, file, held_on=date(2021, 2, 9))  # papers came on the tenth


def test_a_vote_entered_late_is_judged_by_its_own_day(kc: World) -> None:
    file = prepared(kc, logged(kc))

    stand_on(date(2022, 6, 1))

    # entered when the papers have gone stale, held when they counted
    assert cell_vote(kc, file, on=date(2022, 6, 1)).passed


def test_no_vote_is_held_tomorrow(kc: World) -> None:
    with pytest.raises(DomainError) as refusal:
        cell_vote(kc, candidate(kc, at=Stage.READY), held_on=date(2021, 5, 29))

    assert list(refusal.value.fields) == ["held_on"]


def test_a_vote_that_passed_is_not_held_again(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    with pytest.raises(DomainError, match="Resolved by the cell"):
        cell_vote(kc, file)


def test_the_committee_votes_after_the_cell_and_the_competent_after_the_committee(
    kc: World,
) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    with pytest.raises(DomainError) as too_early:
        vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=date(2021, 3, 4))
    with pytest.raises(DomainError) as out_of_turn:
        vote(file, by=kc.staff2, level=Level.COMPETENT, held_on=WAY["competent_on"])

    assert list(too_early.value.fields) == ["held_on"]
    assert "Đảng bộ kc-dang-uy" in out_of_turn.value.fields["held_on"]


def test_a_body_that_is_not_in_the_line_does_not_vote(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    with pytest.raises(PermissionDenied):
        vote(file, by=kc.staff, level=Level.INTERMEDIATE, held_on=WAY["grassroots_on"])


@pytest.mark.thorough
def test_an_intermediate_committee_in_the_line_votes_before_the_grassroots(kc: World) -> None:
    between = unit("kc-bo-phan", kc.committee, kind="intermediate")
    below = make_cell("kc-3", between)
    secretary, staff = officer("bithu3", below), officer("canbo3", between, Role.STAFF)
    kc.secretary, kc.members = secretary, members(below, 9)
    kc.cell = below
    file = prepared(kc, logged(kc))
    cell_vote(kc, file, entitled=9, present=9, in_favour=9, against=0)

    with pytest.raises(DomainError, match="kc-bo-phan"):
        vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=WAY["grassroots_on"])
    vote(file, by=staff, level=Level.INTERMEDIATE, held_on=date(2021, 3, 12))
    vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=WAY["grassroots_on"])

    assert stage(file) == Stage.GRASSROOTS_RESOLVED


@pytest.mark.thorough
def test_a_grassroots_cell_goes_straight_to_the_competent_body(kc: World) -> None:
    below = make_cell("kc-co-so", kc.top, kind="grassroots-cell")
    kc.secretary, kc.members, kc.cell = officer("bithu4", below), members(below, 9), below
    file = prepared(kc, logged(kc))
    cell_vote(kc, file, entitled=9, present=9, in_favour=9, against=0)

    vote(file, by=kc.staff2, level=Level.COMPETENT, held_on=WAY["competent_on"])

    assert stage(file) == Stage.COMPETENT_RESOLVED


def test_a_delegated_committee_votes_once_with_two_thirds_of_all_its_members(kc: World) -> None:
    grant_competence(
        kc.committee,
        kind="delegated",
        on=BEGINNING,
        decision_number="02-QĐ/TU",
        members_entitled=15,
    )
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    with pytest.raises(PermissionDenied):
        vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=WAY["grassroots_on"])
    with pytest.raises(DomainError) as fewer:
        vote(
            file, by=kc.staff, level=Level.COMPETENT, held_on=WAY["competent_on"], entitled=14,
            present=14,
        )  # fmt: skip
    ballot = vote(
        file, by=kc.staff, level=Level.COMPETENT, held_on=WAY["competent_on"], in_favour=10
    )

    assert list(fewer.value.fields) == ["entitled"]
    assert (ballot.numerator, ballot.denominator, ballot.strict) == (2, 3, False)
    assert (ballot.passed, stage(file)) == (True, Stage.COMPETENT_RESOLVED)


def test_a_deciding_body_has_no_more_voters_than_members(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    with pytest.raises(DomainError) as refusal:
        vote(file, by=kc.staff2, level=Level.COMPETENT, held_on=WAY["competent_on"], entitled=16)

    assert refusal.value.fields == {"entitled": "The deciding body has 15 members."}


def test_t5_a_deciding_body_of_eight_has_no_fewer_voters_than_members(db: None) -> None:
    kc = world(deciding=8)
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    values: dict[str, Any] = {"by": kc.staff2, "level": "competent", "against": 0}
    values["held_on"] = WAY["competent_on"]

    for few in (5, 7):  # three of five would do, four of seven
        with pytest.raises(DomainError) as refusal:
            vote(file, entitled=few, present=few, in_favour=few // 2 + 1, **values)
        assert refusal.value.fields == {
            "entitled": "All 8 members of the deciding body are counted, those present and those"
            " absent."
        }

    assert not vote(file, entitled=8, present=5, in_favour=4, **values).passed
    assert vote(file, entitled=8, present=5, in_favour=5, **values).passed


def test_a_body_whose_members_are_not_known_counts_as_many_as_its_staff_enters(db: None) -> None:
    kc = world(deciding=None)
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    held_on = WAY["competent_on"]

    assert vote(
        file, by=kc.staff2, level="competent", held_on=held_on, entitled=9, present=9, in_favour=5
    ).passed


@pytest.mark.thorough
def test_without_minutes_the_cell_counts_everybody_summoned(db: None) -> None:
    kc = world(number=15)
    file = candidate(kc, at=Stage.READY)
    posted_elsewhere(kc, kc.members[1])

    for few in (12, 13):  # 13 with one exempt, who is named in minutes
        with pytest.raises(DomainError) as refusal:
            cell_vote(kc, file, entitled=few, present=8, in_favour=8, against=0)
        assert refusal.value.fields == {
            "entitled": "On 05/03/2021 14 official members of the cell are summoned. Who is exempt"
            " and absent, or suspended, is named on the page “Cell meeting”: enter the vote there."
        }

    assert not cell_vote(kc, file, entitled=14, present=9, in_favour=9, against=0).passed
    assert cell_vote(kc, file, entitled=14, present=10, in_favour=10, against=0).passed


@pytest.mark.sweep
@pytest.mark.parametrize("purpose", ["recognition", "deletion"])
def test_on_probation_too_the_cell_counts_everybody_summoned(kc: World, purpose: str) -> None:
    held_on = date(2022, 5, 25)
    stand_on(held_on)
    file = candidate(kc, at=Stage.ADMITTED)
    new_member_class(kc, file, on=held_on, issued_on=date(2022, 3, 1))
    papers_of_probation(kc, file, on=held_on, dated_on=held_on)

    with pytest.raises(DomainError) as refusal:
        cell_vote(kc, file, on=held_on, held_on=held_on, entitled=25, purpose=purpose)
    assert list(refusal.value.fields) == ["entitled"]
    assert cell_vote(kc, file, on=held_on, held_on=held_on, purpose=purpose).entitled == 26


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary2", "staff", "staff2", "approver", "auditor", "leader"])
def test_only_its_secretary_records_the_cells_vote(kc: World, who: str) -> None:
    file = candidate(kc, at=Stage.READY)

    with pytest.raises(PermissionDenied):
        cell_vote(kc, file, by=getattr(kc, who))


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary", "staff2", "approver", "leader"])
def test_only_the_staff_of_the_committee_itself_records_its_vote(kc: World, who: str) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    with pytest.raises(PermissionDenied):
        vote(file, by=getattr(kc, who), level=Level.GRASSROOTS, held_on=WAY["grassroots_on"])


@pytest.mark.thorough
def test_the_rules_of_the_day_judge_the_vote(kc: World) -> None:
    on = date(2021, 9, 1)
    stand_on(on)
    file = prepared(kc, logged(kc))

    ballot = cell_vote(kc, file, held_on=date(2021, 8, 5), on=on)

    assert ballot.rules.code == "24-QĐ/TW"
    assert Candidate.objects.get(pk=file.pk).rules.code == "24-QĐ/TW"
    assert date(2021, 7, 30) > DAY  # the file was logged under the rules before
