"""Whole meetings: who is entitled, the results of all candidates at once, one effect for two."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from admissions.cases import case_of, cases_of
from admissions.models import Ballot, Candidate, Decision, Elector, Meeting, Mentorship, Milestone
from admissions.operations.ballots import allow_further_vote
from admissions.operations.candidates import close_candidate
from admissions.operations.meetings import (
    Helping,
    Listing,
    Proposal,
    Vote,
    record_committee_meeting,
    record_meeting,
)
from admissions.operations.moving import ask_move
from admissions.selectors.meetings import stuck_at
from admissions.stages import Level, Purpose, Stage, Step
from config.errors import DomainError
from organizations.models import Membership, Organization, Person
from organizations.operations.structure import grant_competence
from organizations.operations.transfers import accept, release, request_transfer
from tests.admissions.test_pages import page
from tests.admissions.test_races import at_once, one_is_told
from tests.makers import (
    BEGINNING,
    DAY,
    WAY,
    World,
    appointed,
    candidate,
    decided,
    logged,
    member,
    members,
    officer,
    planned_class,
    prepared,
    unit,
    vote,
    world,
)
from tests.makers import cell as make_cell

HELD_ON = WAY["cell_on"]
Standing = Elector.Standing


def met(world: World, results: list[Any], **changes: Any) -> Meeting:
    values = {"by": world.secretary, "on": DAY, "held_on": HELD_ON, **changes}
    return record_meeting(values.pop("cell", world.cell), results=results, **values)


def posted_elsewhere(world: World, person: Person) -> None:
    """Let `person` be on temporary transfer in the sibling cell from before the meeting."""
    asked = request_transfer(
        person, by=world.secretary, on=DAY, kind="temporary", destination=world.sibling
    )
    day = date(2021, 1, 4)
    released = release(asked, by=world.secretary, on=DAY, released_on=day, effective_on=day)
    accept(released, by=world.secretary2, on=DAY)


def fifteen() -> World:
    return world(number=15)


# ---------------------------------------------------------------- who is entitled (T4, T26)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("absent", "in_favour", "passed"),
    [(0, 9, True), (1, 12, True), (1, 9, True), (1, 8, False), (0, 8, False)],
)
def test_t4_of_fifteen_one_elsewhere_and_one_exempt_thirteen_are_entitled_and_nine_are_needed(
    db: None, absent: int, in_favour: int, passed: bool
) -> None:
    kc = fifteen()
    file = candidate(kc, at=Stage.READY)
    posted_elsewhere(kc, kc.members[1])
    standings = {kc.members[2].pk: Standing.EXEMPT}
    standings |= {one.pk: Standing.ABSENT for one in kc.members[3 : 3 + absent]}

    meeting = met(kc, [Vote(file, in_favour)], standings=standings)

    assert (meeting.official_members, meeting.elsewhere, meeting.exempt_absent) == (15, 1, 1)
    assert (meeting.entitled, meeting.present) == (13, 13 - absent)
    ballot = Ballot.objects.get()
    assert (ballot.entitled, ballot.present, ballot.passed) == (13, 13 - absent, passed)
    assert ballot.meeting == meeting


def test_an_exempt_member_who_attends_counts_and_a_suspended_one_does_not(db: None) -> None:
    kc = fifteen()
    file = candidate(kc, at=Stage.READY)
    standings = {kc.members[1].pk: Standing.SUSPENDED, kc.members[2].pk: Standing.PRESENT}

    meeting = met(kc, [Vote(file, 10)], standings=standings)

    assert (meeting.official_members, meeting.suspended, meeting.entitled) == (15, 1, 14)
    assert Ballot.objects.get().passed  # ten of fourteen: needed are ten


@pytest.mark.thorough
@pytest.mark.parametrize("said", [Standing.SUSPENDED, Standing.EXEMPT])
def test_two_lists_of_one_day_do_not_contradict_each_other(db: None, said: str) -> None:
    kc = fifteen()
    first, second = candidate(kc, at=Stage.READY), candidate(kc, at=Stage.READY)
    met(kc, [Vote(first, 15)])
    away = {one.pk: Standing.ABSENT for one in kc.members[5:]}

    with pytest.raises(DomainError) as refusal:
        met(kc, [Vote(second, 5)], standings=dict.fromkeys(away, said))
    met(kc, [Vote(second, 5)], standings=away)  # late: entitled all the same
    met(kc, [Vote(second, 5)], standings=dict.fromkeys(away, said), held_on=date(2021, 3, 20))

    assert list(refusal.value.fields) == ["standings"]
    assert kc.members[5].full_name in refusal.value.fields["standings"]
    assert "of 05/03/2021" in refusal.value.fields["standings"]
    assert [one.entitled for one in Ballot.objects.filter(candidate=second)] == [15, 5]


@pytest.mark.thorough
def test_a_vote_without_minutes_and_the_minutes_of_its_day_count_the_same_people(db: None) -> None:
    kc = fifteen()
    first, second = candidate(kc, at=Stage.READY), candidate(kc, at=Stage.READY)
    away = {one.pk: Standing.SUSPENDED for one in kc.members[12:]}
    met(kc, [Vote(first, 12)], standings=away)
    later = date(2021, 3, 20)

    with pytest.raises(DomainError) as refusal:
        vote(second, by=kc.secretary, level="cell", held_on=HELD_ON, entitled=15, in_favour=9)
    vote(second, by=kc.secretary, level="cell", held_on=later, entitled=15, in_favour=9)
    with pytest.raises(DomainError) as other:
        met(kc, [Vote(candidate(kc, at=Stage.READY), 12)], standings=away, held_on=later)

    assert list(refusal.value.fields) == ["entitled"]
    assert list(other.value.fields) == ["standings"]


@pytest.mark.sweep
@pytest.mark.parametrize(("number", "warns"), [(7, False), (8, True)])
def test_minutes_in_which_most_are_suspended_are_taken_and_say_so(
    db: None, number: int, warns: bool
) -> None:
    kc = fifteen()
    away = {one.pk: Standing.SUSPENDED for one in kc.members[-number:]}

    meeting = met(kc, [Vote(candidate(kc, at=Stage.READY), 15 - number)], standings=away)

    assert meeting.most_are_suspended is warns
    for user in (kc.secretary, kc.staff):
        shown = page(user, reverse("meeting-detail", args=[meeting.public_id]))
        assert ("More than half of the official members" in shown) is warns


def test_a_number_of_people_past_all_reason_is_refused_at_its_field(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    for number in (10_000, 40_000, 2**40):
        numbers = {"entitled": number, "present": number}
        with pytest.raises(DomainError) as alone:
            vote(
                file, by=kc.staff, level=Level.GRASSROOTS, held_on=WAY["grassroots_on"],
                in_favour=number, **numbers,
            )  # fmt: skip
        with pytest.raises(DomainError) as together:
            record_committee_meeting(
                kc.committee, level="grassroots", by=kc.staff, on=DAY,
                held_on=WAY["grassroots_on"], results=[Vote(file, number)], **numbers,
            )  # fmt: skip

        assert list(alone.value.fields) == list(together.value.fields) == ["entitled"]


@pytest.mark.thorough
def test_t26_a_probationary_member_is_on_the_list_and_never_counted(db: None) -> None:
    kc = fifteen()
    file = candidate(kc, at=Stage.READY)
    newcomer = member(kc.cell, since=date(2021, 2, 1), status="probationary")

    meeting = met(kc, [Vote(file, 10)])

    assert (meeting.official_members, meeting.entitled, meeting.present) == (15, 15, 15)
    assert (meeting.probationary_members, meeting.probationary_present) == (1, 1)
    assert meeting.electors.get(person=newcomer).standing == Standing.PROBATIONARY
    with pytest.raises(DomainError) as refusal:  # with the sixteenth it would be enough
        met(kc, [Vote(candidate(kc, at=Stage.READY), 16)])
    assert next(iter(refusal.value.fields)).startswith("in_favour-")


def test_a_probationary_member_who_is_absent_changes_no_number(db: None) -> None:
    kc = fifteen()
    newcomer = member(kc.cell, since=date(2021, 2, 1), status="probationary")

    meeting = met(
        kc,
        [Vote(candidate(kc, at=Stage.READY), 15)],
        standings={newcomer.pk: Standing.ABSENT},
    )

    assert (meeting.entitled, meeting.present, meeting.probationary_present) == (15, 15, 0)


def test_the_number_present_agrees_with_those_named_absent(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    with pytest.raises(DomainError) as refusal:
        met(kc, [Vote(file, 20)], present=24, standings={kc.members[3].pk: Standing.ABSENT})
    assert refusal.value.fields == {
        "present": "26 are entitled to vote: with 24 present, 2 were absent and are named on the"
        " list; named are 1."
    }

    two = {one.pk: Standing.ABSENT for one in kc.members[3:5]}
    assert met(kc, [Vote(file, 20)], present=24, standings=two).present == 24


def test_who_is_no_member_on_that_day_is_not_named(kc: World) -> None:
    other = members(kc.sibling, 1)[0]

    with pytest.raises(DomainError) as refusal:
        met(kc, [Vote(candidate(kc, at=Stage.READY), 20)], standings={other.pk: Standing.ABSENT})

    assert list(refusal.value.fields) == ["standings"]
    # nor is the name of a stranger told
    assert other.full_name not in refusal.value.fields["standings"]


@pytest.mark.thorough
def test_the_list_is_frozen_whatever_becomes_of_the_members(kc: World) -> None:
    meeting = met(kc, [Vote(candidate(kc, at=Stage.READY), 20)])
    before = sorted(meeting.electors.values_list("person", "standing"))

    posted_elsewhere(kc, kc.members[1])
    gone = Membership.objects.get(person=kc.members[2])
    gone.period = type(gone.period)(gone.period.lower, date(2021, 3, 1))
    gone.reason_out = "transferred"
    gone.save()
    member(kc.cell, since=date(2021, 3, 1))

    meeting.refresh_from_db()
    assert sorted(meeting.electors.values_list("person", "standing")) == before
    assert (len(before), meeting.entitled, meeting.present) == (26, 26, 26)
    for change in (
        lambda: Elector.objects.filter(meeting=meeting).update(standing=Standing.ABSENT),
        lambda: Meeting.objects.filter(pk=meeting.pk).update(present=3),
        lambda: Elector.objects.filter(meeting=meeting)._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            change()


# ---------------------------------------------------------------- all results at once


@pytest.mark.thorough
def test_one_meeting_puts_on_the_list_assigns_a_helper_and_votes(kc: World) -> None:
    ready = [candidate(kc, at=Stage.READY) for _number in range(3)]
    source = candidate(kc)

    met(
        kc,
        [
            Vote(ready[0], 24, resolution_number="12-NQ/CB"),
            Vote(ready[1], 17, 9, reasons="Chưa đủ thời gian thử thách"),
            Vote(ready[2], 18),
            Listing(source, "12-NQ/CB"),
            Helping(source, kc.members[4]),
        ],
        chair="Lê Văn Chủ Trì",
        secretary="Trần Thị Thư Ký",
    )

    stages = [Candidate.objects.get(pk=one.pk).stage for one in [*ready, source]]
    assert stages == [
        Stage.CELL_RESOLVED,
        Stage.READY,
        Stage.CELL_RESOLVED,
        Stage.SYMPATHISER,
    ]
    short = Ballot.objects.get(candidate=ready[1])
    assert (short.passed, short.reasons) == (False, "Chưa đủ thời gian thử thách")
    assert short.reported_up_on == DAY
    assert not Ballot.objects.filter(passed=True, reported_up_on__isnull=False).exists()
    assert Mentorship.objects.get(candidate=source).mentor == kc.members[4]
    assert Meeting.objects.get().chair == "Lê Văn Chủ Trì"


@pytest.mark.thorough
def test_what_one_row_refuses_is_told_at_the_row_and_nothing_is_recorded(kc: World) -> None:
    ready, source = candidate(kc, at=Stage.READY), candidate(kc)
    also = candidate(kc, at=Stage.READY)

    with pytest.raises(DomainError) as refusal:
        met(kc, [Vote(ready, 20), Vote(also, 20, 9), Vote(source, 20), Listing(ready)])

    assert sorted(refusal.value.fields) == [
        f"against-admission-{also.pk}",
        f"held_on-admission-{source.pk}",
        f"held_on-list-{ready.pk}",
    ]
    assert not Meeting.objects.exists()
    assert not Ballot.objects.exists()
    assert not Elector.objects.exists()


def test_a_file_of_another_cell_is_not_taken_in_its_meeting(kc: World) -> None:
    theirs = candidate(kc, cell=kc.sibling, by=kc.secretary2)
    both = officer("kc-bithu-chung", kc.committee)

    with pytest.raises(DomainError) as refusal:
        met(kc, [Listing(theirs)], by=both)

    assert list(refusal.value.fields) == [f"in_favour-list-{theirs.pk}"]


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary2", "staff", "approver", "leader"])
def test_only_the_cells_secretary_records_its_meeting(kc: World, who: str) -> None:
    with pytest.raises(PermissionDenied):
        met(kc, [Vote(candidate(kc, at=Stage.READY), 20)], by=getattr(kc, who))


def test_an_empty_meeting_and_one_of_tomorrow_are_refused(kc: World) -> None:
    with pytest.raises(DomainError):
        met(kc, [])
    with pytest.raises(DomainError) as refusal:
        met(kc, [Vote(candidate(kc, at=Stage.READY), 20)], held_on=date(2021, 5, 29))
    assert list(refusal.value.fields) == ["held_on"]


@pytest.mark.thorough
def test_a_secretary_proposes_and_records_the_own_cells_vote_and_another_decides(
    kc: World,
) -> None:
    file = candidate(kc, at=Stage.READY)
    assert file.entered_by == kc.secretary

    met(kc, [Vote(file, 24)])
    vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=WAY["grassroots_on"])
    vote(file, by=kc.staff2, level=Level.COMPETENT, held_on=WAY["competent_on"])
    # the same person, were they an approver too
    appointed(kc.secretary, kc.top, "approver")
    with pytest.raises(DomainError, match="another approver"):
        decided(kc, file, by=kc.secretary)
    assert decided(kc, file).approved_by == kc.approver
    assert Decision.objects.count() == 1


# ---------------------------------------------------------------- committees (T5, T6)


def committee_met(world: World, results: list[Vote], **changes: Any) -> Meeting:
    values = {
        "by": world.staff2,
        "on": DAY,
        "held_on": WAY["competent_on"],
        "level": Level.COMPETENT,
        "entitled": 15,
        "present": 15,
        **changes,
    }
    return record_committee_meeting(values.pop("at", world.top), results=results, **values)


@pytest.mark.thorough
def test_t5_of_eight_in_a_standing_committee_five_are_needed(db: None) -> None:
    kc = world(deciding=8)
    four, five = (candidate(kc, at=Stage.GRASSROOTS_RESOLVED) for _number in range(2))

    with pytest.raises(DomainError, match="All 8 members of the deciding body"):
        committee_met(kc, [Vote(four, 3)], entitled=5, present=5)
    committee_met(kc, [Vote(four, 4), Vote(five, 5)], entitled=8, present=8)

    assert [one.passed for one in Ballot.objects.filter(level="competent").order_by("pk")] == [
        False,
        True,
    ]


def delegated(kc: World, *, entitled: int = 9) -> Organization:
    """A committee that decides itself, with one cell of twelve beneath it."""

    committee = unit("kc-uy-quyen", kc.top)
    grant_competence(
        committee, kind="delegated", on=BEGINNING, decision_number="2", members_entitled=entitled
    )
    return committee


@pytest.mark.thorough
def test_t6_a_delegated_committee_counts_all_its_members(kc: World) -> None:
    committee = delegated(kc)
    cell = make_cell("kc-9", committee)
    crew = members(cell, 12)
    secretary = officer("kc-bithu9", cell)
    staff = officer("kc-canbo9", committee, "staff")
    here = World(**{**vars(kc), "cell": cell, "members": crew, "secretary": secretary})
    file = candidate(here, at=Stage.READY)
    met(here, [Vote(file, 12)])
    values = {"at": committee, "by": staff, "present": 6}

    with pytest.raises(DomainError) as refusal:
        committee_met(here, [Vote(file, 6)], entitled=6, **values)
    assert "all its members counted: 9" in str(refusal.value)

    committee_met(here, [Vote(file, 6)], entitled=9, **values)
    assert Ballot.objects.get(level="competent").passed  # six of nine, with three away


def test_five_of_nine_in_a_delegated_committee_fall_short(kc: World) -> None:
    committee = delegated(kc)
    cell = make_cell("kc-9", committee)
    here = World(
        **{
            **vars(kc),
            "cell": cell,
            "members": members(cell, 12),
            "secretary": officer("kc-bithu9", cell),
        }
    )
    file = candidate(here, at=Stage.READY)
    met(here, [Vote(file, 12)])
    staff = officer("kc-canbo9", committee, "staff")

    committee_met(here, [Vote(file, 5)], entitled=9, present=5, at=committee, by=staff)

    ballot = Ballot.objects.get(level="competent")
    assert (ballot.passed, ballot.numerator, ballot.denominator) == (False, 2, 3)


def test_a_committee_takes_only_files_that_are_before_it(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    with pytest.raises(DomainError) as refusal:
        committee_met(kc, [Vote(file, 8)])

    assert list(refusal.value.fields) == [f"held_on-admission-{file.pk}"]
    assert not Meeting.objects.exists()


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["staff", "approver", "secretary"])
def test_only_its_own_staff_records_a_committees_meeting(kc: World, who: str) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    with pytest.raises(PermissionDenied):
        committee_met(kc, [Vote(file, 8)], by=getattr(kc, who))


# ---------------------------------------------------------------- three failures


def short(kc: World, file: Candidate, on: date) -> None:
    met(kc, [Vote(file, 10)], held_on=on)


@pytest.mark.thorough
def test_after_three_failures_the_cell_votes_again_only_when_the_competent_body_allows_it(
    kc: World,
) -> None:
    file = candidate(kc, at=Stage.READY)
    for number in (1, 2, 3):
        short(kc, file, date(2021, 3, number))

    with pytest.raises(DomainError, match="superior and the competent committee decide"):
        short(kc, file, date(2021, 3, 4))
    for who in (kc.secretary, kc.staff, kc.approver):
        with pytest.raises(PermissionDenied):
            allow_further_vote(
                file, by=who, on=DAY, level="cell", allowed_on=date(2021, 4, 1), reason="Vì"
            )
    allow_further_vote(
        file, by=kc.staff2, on=DAY, level="cell", allowed_on=date(2021, 4, 1), reason="Đã rõ"
    )

    file.refresh_from_db()
    assert (file.stage, file.course) == (Stage.READY, 2)
    with pytest.raises(DomainError):  # not before it was allowed
        short(kc, file, date(2021, 3, 31))
    met(kc, [Vote(file, 20)], held_on=date(2021, 4, 1))
    file.refresh_from_db()
    assert file.stage == Stage.CELL_RESOLVED
    assert "Đã rõ" in Milestone.objects.get(step=Step.RETURN).note


def again(kc: World, *, failed: int, **changes: Any) -> Candidate:
    """A file that fell short so often in the cell, was closed, and whose person has a new one."""
    first = candidate(kc, at=Stage.READY, full_name="Hồ Văn Ba")
    for number in range(1, failed + 1):
        short(kc, first, date(2021, 3, number))
    close_candidate(first, by=kc.secretary, on=DAY, closed_on=DAY, reason="Lập lại")
    second = logged(kc, full_name=changes.pop("full_name", "Hồ Văn Ba"), **changes)
    if second.cell_id == kc.cell.pk:
        prepared(kc, second)
    return second


@pytest.mark.thorough
def test_votes_that_fell_short_count_on_a_new_file_of_the_same_person(kc: World) -> None:
    file = again(kc, failed=2)
    short(kc, file, date(2021, 3, 3))

    with pytest.raises(DomainError, match="superior and the competent committee decide"):
        met(kc, [Vote(file, 20)], held_on=date(2021, 3, 4))

    # Nor does a third file, and the committee's leave counts on the file that it was given for.
    close_candidate(file, by=kc.secretary, on=DAY, closed_on=DAY, reason="Lập lại")
    third = prepared(kc, logged(kc, full_name="Hồ Văn Ba"))
    with pytest.raises(DomainError, match="superior and the competent committee decide"):
        met(kc, [Vote(third, 20)], held_on=date(2021, 3, 4))
    allow_further_vote(
        third, by=kc.staff2, on=DAY, level="cell", allowed_on=date(2021, 4, 1), reason="Đã rõ"
    )
    met(kc, [Vote(third, 20)], held_on=date(2021, 4, 1))
    third.refresh_from_db()
    assert third.stage == Stage.CELL_RESOLVED


@pytest.mark.thorough
@pytest.mark.parametrize("changes", [{"full_name": "Hồ Văn Bốn"}, {"born_on": date(1996, 9, 18)}])
def test_votes_on_another_person_do_not_count_on_a_new_file(
    kc: World, changes: dict[str, Any]
) -> None:
    file = again(kc, failed=3, **changes)

    met(kc, [Vote(file, 20)], held_on=date(2021, 3, 4))

    file.refresh_from_db()
    assert file.stage == Stage.CELL_RESOLVED


@pytest.mark.thorough
def test_votes_before_the_committees_leave_do_not_count_on_a_new_file(kc: World) -> None:
    first = candidate(kc, at=Stage.READY, full_name="Hồ Văn Ba")
    for number in (1, 2, 3):
        short(kc, first, date(2021, 3, number))
    allow_further_vote(
        first, by=kc.staff2, on=DAY, level="cell", allowed_on=date(2021, 4, 1), reason="Đã rõ"
    )
    close_candidate(first, by=kc.secretary, on=DAY, closed_on=DAY, reason="Lập lại")

    file = prepared(kc, logged(kc, full_name="Hồ Văn Ba"))
    met(kc, [Vote(file, 20)], held_on=date(2021, 4, 2))

    file.refresh_from_db()
    assert file.stage == Stage.CELL_RESOLVED


@pytest.mark.thorough
def test_the_page_says_how_often_the_person_fell_short_before(kc: World) -> None:
    file = again(kc, failed=3)

    case = case_of(file, on=DAY)

    assert [one.held_on.day for one in case.short_votes(Level.CELL, Purpose.ADMISSION)] == [1, 2, 3]
    assert stuck_at(case) == [(Level.CELL, Purpose.ADMISSION)]
    (listed,) = cases_of([file], on=DAY)
    assert stuck_at(listed) == stuck_at(case)


@pytest.mark.thorough
def test_a_further_vote_loses_nothing_that_passed_below(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    for number in (1, 2, 3):
        committee_met(kc, [Vote(file, 7)], held_on=date(2021, 4, number))

    allow_further_vote(
        file, by=kc.staff2, on=DAY, level="competent", allowed_on=date(2021, 4, 5), reason="Vì"
    )
    committee_met(kc, [Vote(file, 8)], held_on=date(2021, 4, 6))

    file.refresh_from_db()
    assert file.stage == Stage.COMPETENT_RESOLVED
    assert decided(kc, file).number


@pytest.mark.thorough
def test_two_failures_need_nobodys_leave(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    short(kc, file, date(2021, 3, 1))
    short(kc, file, date(2021, 3, 2))

    with pytest.raises(DomainError, match="may vote again"):
        allow_further_vote(file, by=kc.staff2, on=DAY, level="cell", allowed_on=DAY, reason="Vì")
    met(kc, [Vote(file, 20)], held_on=date(2021, 3, 3))


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "field"),
    [({"allowed_on": date(2021, 3, 2)}, "allowed_on"), ({"reason": " "}, "reason"),
     ({"allowed_on": date(2021, 5, 29)}, "allowed_on")],
)  # fmt: skip
def test_a_further_vote_is_allowed_after_the_last_one_and_with_a_reason(
    kc: World, changes: dict[str, Any], field: str
) -> None:
    file = candidate(kc, at=Stage.READY)
    for number in (1, 2, 3):
        short(kc, file, date(2021, 3, number))
    values: dict[str, Any] = {"level": "cell", "allowed_on": DAY, "reason": "Vì", **changes}

    with pytest.raises(DomainError) as refusal:
        allow_further_vote(file, by=kc.staff2, on=DAY, **values)

    assert list(refusal.value.fields) == [field]


def test_a_further_vote_is_not_allowed_before_the_first_rules_that_are_known(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    with pytest.raises(DomainError) as refusal:
        allow_further_vote(
            file, by=kc.staff2, on=DAY, level="cell", allowed_on=date(1990, 1, 1), reason="Vì"
        )

    assert refusal.value.fields == {"allowed_on": "No rules are known for 01/01/1990."}


@pytest.mark.thorough
def test_no_further_vote_is_allowed_on_a_closed_file_or_one_that_is_on_its_way(kc: World) -> None:
    moving, closed = (candidate(kc, at=Stage.READY) for _number in range(2))
    for file in (moving, closed):
        for number in (1, 2, 3):
            short(kc, file, date(2021, 3, number))
    ask_move(moving, by=kc.secretary, on=DAY, moved_on=DAY, destination=kc.sibling, reason="Vì")
    close_candidate(closed, by=kc.secretary, on=DAY, closed_on=DAY, reason="Chuyển đi")
    values: dict[str, Any] = {"by": kc.staff2, "on": DAY, "level": "cell", "reason": "Vì"}

    with pytest.raises(DomainError, match="on its way"):
        allow_further_vote(moving, allowed_on=DAY, **values)
    with pytest.raises(DomainError, match="closed"):
        allow_further_vote(closed, allowed_on=DAY, **values)


@pytest.mark.thorough
def test_a_meeting_waits_for_classes_before_it_waits_for_files(kc: World) -> None:
    listed = candidate(kc, at=Stage.SYMPATHISER)
    school = planned_class(kc, ends_on=date(2021, 3, 20), enrol_by=date(2021, 3, 10))

    ready = candidate(kc, at=Stage.READY)

    with CaptureQueriesContext(connection) as asked:
        met(kc, [Proposal(listed, school), Vote(ready, 20)])

    locks = [one["sql"] for one in asked if "FOR UPDATE" in one["sql"]]
    assert '"admissions_awarenessclass"' in locks[0]
    assert any('"admissions_candidate"' in one for one in locks[1:])


# ---------------------------------------------------------------- two at once


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_two_people_record_the_same_meeting_at_once(transactional_db: None) -> None:
    kc = world()
    files = [candidate(kc, at=Stage.READY) for _number in range(2)]
    deputy = officer("kc-pho", kc.cell)

    told = one_is_told(
        at_once(
            lambda: met(kc, [Vote(one, 10) for one in files]),  # short: might be repeated
            lambda: met(kc, [Vote(one, 10) for one in reversed(files)], by=deputy),
        )
    )

    assert sorted(told.fields) == sorted(f"in_favour-admission-{one.pk}" for one in files)
    assert (
        str(told).count("05/03/2021") == 2
    )  # each row says who recorded that day, in any language
    assert (Meeting.objects.count(), Ballot.objects.count()) == (1, 2)


def test_the_database_keeps_the_sum_of_those_entitled(kc: World) -> None:
    with pytest.raises(IntegrityError, match="meeting_entitled_are_those_summoned"):
        Meeting.objects.create(
            organization=kc.cell, level="cell", held_on=DAY, official_members=15, elsewhere=1,
            entitled=15, present=13, entered_by=kc.secretary,
        )  # fmt: skip
