"""Official recognition: not before month twelve is full, and from that very day however late."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client

from admissions.cases import case_of, official_members
from admissions.models import Candidate, Decision, Milestone, Recognition
from admissions.operations.ballots import allow_further_vote
from admissions.operations.outcomes import extend_term
from admissions.operations.recognition import announce_recognition
from admissions.selectors import step_url
from admissions.stages import Level, Purpose, Stage, Step
from config.errors import DomainError
from config.periods import year
from organizations.models import Membership, Outbox, Person, Role, Seal
from tests.makers import (
    World,
    appointed,
    decided,
    new_member_class,
    officer,
    on_probation,
    papers_of_probation,
    recognised,
    stand_on,
    vote_of_probation,
    voted_on_recognition,
)

CEREMONY = date(2024, 10, 10)
FULL = date(2025, 10, 10)
LATER = date(2025, 12, 20)


@pytest.fixture
def kc24(kc: World) -> World:
    stand_on(date(2026, 2, 1))
    return kc


def voted(world: World, *, ceremony_on: date = CEREMONY, from_day: date = FULL) -> Candidate:
    """A probationary member on whom all bodies have voted."""
    file = on_probation(world, ceremony_on=ceremony_on)
    voted_on_recognition(world, file, from_day=from_day, on=date(2026, 2, 1))
    return Candidate.objects.select_related("person", "cell").get(pk=file.pk)


@pytest.mark.thorough
def test_who_was_admitted_on_10_october_is_official_on_10_october_though_decided_in_december(
    kc24: World,
) -> None:
    file = voted(kc24)
    Outbox.objects.all().delete()

    recognition = recognised(kc24, file, signed_on=LATER)

    assert (recognition.official_on, recognition.decided_on) == (FULL, LATER)
    assert Person.objects.get(pk=file.person_id).official_on == FULL
    assert Candidate.objects.get(pk=file.pk).stage == Stage.OFFICIAL
    held = Membership.objects.filter(person=file.person).order_by("period")
    assert [(one.status, one.period.lower, one.period.upper) for one in held] == [
        ("probationary", CEREMONY, FULL),
        ("official", FULL, None),
    ]
    assert [(one.reason_in, one.reason_out) for one in held] == [
        ("admitted", "recognised"),
        ("recognised", ""),
    ]
    assert sorted(Outbox.objects.values_list("kind", "on")) == [
        ("admissions.candidate", LATER),
        ("admissions.recognition", FULL),
    ]


@pytest.mark.thorough
def test_a_member_votes_only_from_the_day_of_recognition(kc24: World) -> None:
    file = voted(kc24)
    before = official_members(kc24.cell, on=FULL)

    recognised(kc24, file, signed_on=LATER)

    assert official_members(kc24.cell, on=FULL - timedelta(days=1)) == before == 26
    assert official_members(kc24.cell, on=FULL) == 27


@pytest.mark.thorough
def test_a_probationary_member_is_never_counted_among_those_entitled(kc24: World) -> None:
    file = on_probation(kc24, ceremony_on=CEREMONY)
    new_member_class(kc24, file, on=FULL, issued_on=date(2025, 8, 1))
    papers_of_probation(kc24, file, on=FULL, dated_on=FULL)

    with pytest.raises(DomainError) as refusal:
        vote_of_probation(
            kc24, file, level=Level.CELL, held_on=FULL, on=FULL, entitled=27, present=27
        )

    assert "has 26 official members" in refusal.value.fields["entitled"]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("ceremony_on", "official_on"),
    [
        (date(2024, 2, 29), date(2025, 2, 28)),
        (date(2023, 2, 28), date(2024, 2, 28)),
        (date(2024, 10, 10), date(2025, 10, 10)),
    ],
)
def test_a_ceremony_on_29_february_ends_with_february(
    kc24: World, ceremony_on: date, official_on: date
) -> None:
    file = voted(kc24, ceremony_on=ceremony_on, from_day=official_on)

    recognition = recognised(kc24, file, signed_on=date(2026, 1, 15))

    assert recognition.official_on == official_on


@pytest.mark.thorough
def test_the_cell_considers_from_the_day_month_twelve_is_full_and_not_the_day_before(
    kc24: World,
) -> None:
    file = on_probation(kc24, ceremony_on=CEREMONY)
    new_member_class(kc24, file, on=FULL, issued_on=date(2025, 8, 1))
    papers_of_probation(kc24, file, on=FULL, dated_on=FULL)
    day_before = FULL - timedelta(days=1)

    with pytest.raises(DomainError) as refusal:
        vote_of_probation(kc24, file, level=Level.CELL, held_on=day_before, on=FULL)

    assert (
        "On 09/10/2025 the probation is not over: it ends on 10/10/2025 (12 months from the"
        " ceremony, 29-QĐ/TW)." in refusal.value.fields["held_on"]
    )
    assert vote_of_probation(kc24, file, level=Level.CELL, held_on=FULL, on=FULL).passed


@pytest.mark.thorough
def test_the_self_criticism_is_not_older_than_the_end_of_the_probation(kc24: World) -> None:
    file = on_probation(kc24, ceremony_on=CEREMONY)

    with pytest.raises(DomainError, match="from 10/10/2025 on"):
        papers_of_probation(kc24, file, on=FULL, dated_on=FULL - timedelta(days=1))

    papers_of_probation(kc24, file, on=FULL, dated_on=FULL)


def test_the_cell_is_told_all_that_is_missing_before_it_considers(kc24: World) -> None:
    file = on_probation(kc24, ceremony_on=CEREMONY)

    with pytest.raises(DomainError) as refusal:
        vote_of_probation(kc24, file, level=Level.CELL, held_on=FULL, on=FULL)

    told = refusal.value.fields["held_on"]
    assert "no certificate of the class for new members" in told
    assert "10-KNĐ" in told
    assert "12-KNĐ" in told
    assert kc24.members[0].full_name in told  # the helper, who has written nothing


@pytest.mark.thorough
def test_the_bodies_vote_one_after_another(kc24: World) -> None:
    file = on_probation(kc24, ceremony_on=CEREMONY)
    new_member_class(kc24, file, on=FULL, issued_on=date(2025, 8, 1))
    papers_of_probation(kc24, file, on=FULL, dated_on=FULL)

    with pytest.raises(DomainError, match="no passed vote of"):
        vote_of_probation(kc24, file, level=Level.GRASSROOTS, held_on=FULL, on=FULL)


@pytest.mark.thorough
def test_no_decision_before_the_vote_of_its_body_nor_before_month_twelve(kc24: World) -> None:
    file = voted(kc24)  # competent body: two weeks after the cell

    with pytest.raises(DomainError) as refusal:
        recognised(kc24, file, signed_on=FULL - timedelta(days=1), on=LATER)

    told = refusal.value.fields["signed_on"]
    assert "probation is not over" in told
    assert "has not passed a vote on recognition" in told
    with pytest.raises(DomainError, match="has not passed a vote on recognition"):
        recognised(kc24, file, signed_on=FULL + timedelta(days=13), on=LATER)
    assert recognised(kc24, file, signed_on=FULL + timedelta(days=14), on=LATER).pk


@pytest.mark.thorough
@pytest.mark.parametrize("who", ["secretary", "staff", "staff2", "leader", "auditor"])
def test_only_an_approver_at_the_competent_body_recognises(kc24: World, who: str) -> None:
    file = voted(kc24)
    below = officer("duyet-duoi", kc24.committee, Role.APPROVER)

    with pytest.raises(PermissionDenied):
        recognised(kc24, file, signed_on=LATER, by=getattr(kc24, who))
    with pytest.raises(PermissionDenied):
        recognised(kc24, file, signed_on=LATER, by=below)


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary", "staff", "staff2"])
def test_who_recorded_a_vote_of_the_case_does_not_recognise(kc24: World, who: str) -> None:
    file = voted(kc24)
    involved = getattr(kc24, who)
    appointed(involved, kc24.top, Role.APPROVER)

    with pytest.raises(DomainError, match="another approver records the decision"):
        recognised(kc24, file, signed_on=LATER, by=involved)


@pytest.mark.thorough
def test_a_member_is_recognised_once(kc24: World) -> None:
    file = voted(kc24)
    recognised(kc24, file, signed_on=LATER)

    with pytest.raises(DomainError, match="not recorded from there"):
        recognised(kc24, file, signed_on=LATER)

    assert Recognition.objects.count() == 1


@pytest.mark.thorough
def test_a_number_used_for_an_admission_that_year_is_not_used_again(kc24: World) -> None:
    file = voted(kc24)
    number = Decision.objects.get(candidate=file).number
    assert Decision.objects.get(candidate=file).year == 2021

    assert recognised(kc24, file, signed_on=LATER, number=number).decision.year == 2025
    second = voted(kc24)
    with pytest.raises(DomainError) as refusal:
        recognised(kc24, second, signed_on=LATER, number=number)

    assert list(refusal.value.fields) == ["number"]


@pytest.mark.thorough
def test_a_closed_year_keeps_its_members(kc24: World) -> None:
    file = voted(kc24)
    seal = Seal.objects.create(
        organization=kc24.top, kind=Seal.Kind.YEAR, period=year(2025), entered_by=kc24.staff2
    )
    Seal.objects.filter(pk=seal.pk).update(
        approved_by=kc24.approver, approved_at="2026-01-10T00:00:00Z"
    )

    with pytest.raises(DomainError) as refusal:
        recognised(kc24, file, signed_on=date(2026, 1, 15))

    assert "The year 2025 of" in refusal.value.fields["signed_on"]
    assert "Two people there must open it first." in refusal.value.fields["signed_on"]
    assert not Recognition.objects.exists()
    assert Candidate.objects.get(pk=file.pk).stage == Stage.ADMITTED


@pytest.mark.thorough
def test_a_member_who_has_moved_to_another_cell_since_is_official_there_too(kc24: World) -> None:
    file = voted(kc24)
    moved_on = date(2025, 11, 3)
    here = Membership.objects.get(person=file.person)
    Membership.objects.filter(pk=here.pk).update(
        period=(CEREMONY, moved_on), reason_out=Membership.ReasonOut.TRANSFERRED
    )
    Membership.objects.create(
        person=file.person,
        cell=kc24.sibling,
        status="probationary",
        period=(moved_on, None),
        reason_in="transferred",
    )

    recognised(kc24, file, signed_on=LATER)

    held = Membership.objects.filter(person=file.person).order_by("period")
    assert [(one.cell, one.status, one.period.lower, one.reason_out) for one in held] == [
        (kc24.cell, "probationary", CEREMONY, "recognised"),
        (kc24.cell, "official", FULL, "transferred"),
        (kc24.sibling, "official", moved_on, ""),
    ]


@pytest.mark.thorough
def test_a_late_decision_says_so(kc24: World) -> None:
    file = voted(kc24)

    recognised(kc24, file, signed_on=LATER)  # the cell voted on 10/10; 30 working days, 294-QĐ/TW

    note = Milestone.objects.get(candidate=file, step=Step.RECOGNISE).note
    assert "10/10/2025" in note
    assert "294-QĐ/TW" in note
    assert "21/11/2025" in note


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("extended", "last"), [(False, date(2025, 11, 21)), (True, date(2025, 12, 12))]
)
@pytest.mark.parametrize(("days", "is_late"), [(0, False), (1, True)])
def test_a_decision_is_late_from_the_day_after_its_30_or_45_working_days(
    kc24: World, extended: bool, last: date, days: int, is_late: bool
) -> None:
    on = date(2026, 2, 1)
    file = voted(kc24)  # the cell on 10/10/2025, under 294-QĐ/TW
    if extended:
        reason = "Chờ xác minh"
        extend_term(file, by=kc24.staff2, on=on, decided_on=date(2025, 11, 21), reason=reason)

    recognised(kc24, file, signed_on=last + timedelta(days=days), on=on)

    note = Milestone.objects.get(candidate=file, step=Step.RECOGNISE).note
    assert (f"{last:%d/%m/%Y}" in note) is is_late
    # Late or not, official from the same day on.
    assert Recognition.objects.get(candidate=file).official_on == FULL


@pytest.mark.thorough
def test_the_longer_term_of_recognition_is_taken_by_the_last_day_of_the_first(
    kc24: World,
) -> None:
    values: dict[str, Any] = {"by": kc24.staff2, "on": date(2026, 2, 1), "reason": "Chờ xác minh"}
    in_time, late = voted(kc24), voted(kc24)

    with pytest.raises(DomainError) as refusal:
        extend_term(late, decided_on=date(2025, 11, 22), **values)
    taken = extend_term(in_time, decided_on=date(2025, 11, 21), **values)

    assert list(refusal.value.fields) == ["decided_on"]
    assert taken.due_on == date(2025, 12, 12)


@pytest.mark.sweep
@pytest.mark.parametrize("away", [-1, 1, 30])
def test_the_database_refuses_any_other_day_than_the_last_of_the_probation(
    kc24: World, away: int
) -> None:
    file = voted(kc24)
    admission = file.admissions.get()
    decision = Decision.objects.create(
        candidate=file,
        authority=kc24.top,
        kind=Decision.Kind.RECOGNISE,
        number="77-QĐ",
        signed_on=LATER,
        signer="Nguyễn Văn Bí thư",
        rules=file.rules,
        approved_by=kc24.approver,
    )
    columns: dict[str, Any] = {
        "candidate": file,
        "admission": admission,
        "person": file.person,
        "cell": kc24.cell,
        "decision": decision,
        "decided_on": LATER,
        "entered_by": kc24.approver,
    }

    with (
        pytest.raises(IntegrityError, match="official on the last day of probation"),
        transaction.atomic(),
    ):
        Recognition.objects.create(official_on=FULL + timedelta(days=away), **columns)

    assert Recognition.objects.create(official_on=FULL, **columns).pk


def test_the_recognition_is_announced_in_the_cell_once(kc24: World) -> None:
    file = voted(kc24)
    recognised(kc24, file, signed_on=LATER)
    stand_on(date(2026, 2, 1))
    tell = {"by": kc24.secretary, "on": date(2026, 2, 1), "card_number": "022096001234"}

    with pytest.raises(DomainError, match="no decision of recognition"):
        announce_recognition(file, announced_on=LATER - timedelta(days=1), **tell)  # type: ignore[arg-type]
    announce_recognition(file, announced_on=date(2026, 1, 5), **tell)  # type: ignore[arg-type]
    with pytest.raises(DomainError, match="announced on 05/01/2026"):
        announce_recognition(file, announced_on=date(2026, 1, 6), **tell)  # type: ignore[arg-type]

    note = Milestone.objects.get(candidate=file, step=Step.ANNOUNCE).note
    assert "022096001234" in note


@pytest.mark.thorough
def test_nothing_is_recognised_before_an_admission(kc24: World) -> None:
    from_now = on_probation(kc24, ceremony_on=CEREMONY)

    with pytest.raises(DomainError):
        recognised(kc24, from_now, signed_on=LATER)
    with pytest.raises(DomainError, match="not recorded from there"):
        decided(kc24, from_now)


@pytest.mark.thorough
def test_once_a_further_vote_is_allowed_the_page_counts_the_failures_before_it_no_more(
    kc24: World, client: Client
) -> None:
    file = on_probation(kc24, ceremony_on=CEREMONY)
    new_member_class(kc24, file, on=LATER, issued_on=date(2025, 8, 1))
    papers_of_probation(kc24, file, on=LATER, dated_on=FULL)
    for week in range(3):
        held_on = FULL + timedelta(weeks=week)
        vote_of_probation(kc24, file, level="cell", held_on=held_on, on=LATER, in_favour=5)
    client.force_login(kc24.secretary)
    case = case_of(Candidate.objects.get(pk=file.pk), on=LATER)
    page = step_url(case, Step.RECOGNITION_CELL)

    before = client.get(page).context
    assert (before["attempts"], before["escalates"]) == (3, True)
    allow_further_vote(
        file, by=kc24.staff2, on=LATER, level="cell", allowed_on=LATER, reason="Đã giải trình",
        purpose=Purpose.RECOGNITION,
    )  # fmt: skip
    after = client.get(page).context
    assert (after["attempts"], after["escalates"]) == (0, False)

    answer = client.post(
        page,
        {"held_on": "20/12/2025", "entitled": 26, "present": 26, "in_favour": 5, "against": 21},
        follow=True,
    )
    (message,) = answer.context["messages"]
    assert "Được bỏ phiếu lại." in str(message)
