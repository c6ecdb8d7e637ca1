"""Decisions, ceremonies, admissions and their reversal."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from admissions.cases import ceremony_limit
from admissions.models import Admission, Candidate, Decision, Milestone
from admissions.operations.ceremonies import (
    NewAdmission,
    hold_ceremony,
    reverse_admission,
    take_over_admissions,
    undo_admission,
)
from admissions.operations.recording import constraint_of
from admissions.stages import Stage, Step
from config.errors import DomainError
from organizations.models import Membership, Outbox, Role, User
from tests.makers import (
    DAY,
    WAY,
    World,
    appointed,
    candidate,
    decided,
    member,
    officer,
    stand_on,
)


def _stage(file: Candidate) -> str:
    return Candidate.objects.get(pk=file.pk).stage


def test_a_decision_follows_the_vote_and_has_its_own_number(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)

    decision = decided(kc, file, number=" 185 -QĐ/ĐU ")

    assert (decision.number, decision.authority, decision.year) == ("185 -QĐ/ĐU", kc.top, 2021)
    assert _stage(file) == Stage.DECIDED


def test_no_decision_before_the_vote_of_its_body(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)

    with pytest.raises(DomainError) as refusal:
        decided(kc, file, signed_on=date(2021, 4, 8))  # the vote was on the ninth

    assert refusal.value.fields == {
        "signed_on": "By 08/04/2021 the competent committee has not passed a vote on the person."
    }
    assert decided(kc, file, signed_on=date(2021, 4, 9)).pk


def test_no_decision_on_a_file_that_the_committees_have_not_passed(kc: World) -> None:
    with pytest.raises(DomainError) as refusal:
        decided(kc, candidate(kc, at=Stage.CELL_RESOLVED))

    assert list(refusal.value.fields) == ["signed_on"]


@pytest.mark.thorough
def test_a_number_is_used_once_a_year(kc: World) -> None:
    decided(kc, candidate(kc, at=Stage.COMPETENT_RESOLVED), number="12-QĐ/ĐU")

    with pytest.raises(DomainError) as refusal:
        decided(kc, candidate(kc, at=Stage.COMPETENT_RESOLVED), number="12-QĐ/ĐU")

    assert refusal.value.fields == {
        "number": "Đảng bộ kc-top has used the number 12-QĐ/ĐU already in 2021."
    }
    assert Decision.objects.count() == 1


@pytest.mark.sweep
@pytest.mark.parametrize("again", ["12-qđ/đu", "12 - QĐ/ĐU", " 12-QĐ /ĐU"])
def test_capitals_and_blanks_do_not_make_another_number(kc: World, again: str) -> None:
    decided(kc, candidate(kc, at=Stage.COMPETENT_RESOLVED), number="12-QĐ/ĐU")

    with pytest.raises(DomainError) as refusal:
        decided(kc, candidate(kc, at=Stage.COMPETENT_RESOLVED), number=again)

    assert refusal.value.fields == {
        "number": "Đảng bộ kc-top has used the number 12-QĐ/ĐU already in 2021."
    }


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": "  "}, "number"),
        ({"signer": ""}, "signer"),
        ({"signed_on": date(2021, 5, 29)}, "signed_on"),
        ({"received_on": date(2021, 4, 14)}, "received_on"),
        ({"received_on": date(2021, 5, 29)}, "received_on"),
    ],
)
def test_an_impossible_decision_is_refused_at_its_field(
    kc: World, changes: dict[str, object], field: str
) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)

    with pytest.raises(DomainError) as refusal:
        decided(kc, file, **{"number": "1-QĐ", **changes})

    assert list(refusal.value.fields) == [field]
    assert _stage(file) == Stage.COMPETENT_RESOLVED


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary", "staff", "staff2", "leader", "auditor"])
def test_only_an_approver_at_the_competent_body_decides(kc: World, who: str) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)

    with pytest.raises(PermissionDenied):
        decided(kc, file, by=getattr(kc, who))
    with pytest.raises(PermissionDenied):
        decided(kc, file, by=officer("duyet-duoi", kc.committee, Role.APPROVER))


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary", "staff", "staff2"])
def test_who_took_part_in_the_case_does_not_approve_it(kc: World, who: str) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    involved = getattr(kc, who)
    appointed(involved, kc.top, Role.APPROVER)

    with pytest.raises(DomainError, match="another approver records the decision"):
        decided(kc, file, by=involved)


@pytest.mark.thorough
def test_the_helper_does_not_approve(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    kc.approver.person = kc.members[0]
    kc.approver.save(update_fields=["person"])

    with pytest.raises(DomainError, match="You help this candidate"):
        decided(kc, file)


@pytest.mark.thorough
def test_a_file_is_decided_once(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)

    with pytest.raises(DomainError):
        decided(kc, file)


@pytest.mark.thorough
def test_the_ceremony_makes_a_probationary_member_and_the_fact_that_counts(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED, groups=["worker"], is_youth_union_member=True)
    Outbox.objects.all().delete()

    admission = hold_ceremony(
        file,
        by=kc.secretary,
        on=DAY,
        ceremony_on=WAY["ceremony_on"],
        mentor=kc.members[1],
    )

    assert (admission.cell, admission.sign, admission.decided_on, admission.ceremony_on) == (
        kc.cell,
        1,
        WAY["signed_on"],
        WAY["ceremony_on"],
    )
    assert (admission.age_years, admission.groups, admission.is_ethnic_minority) == (
        24,
        ["worker", "youth_union"],
        False,
    )
    membership = Membership.objects.get(person=file.person)
    assert (membership.status, membership.period.lower) == ("probationary", WAY["ceremony_on"])
    assert _stage(file) == Stage.ADMITTED
    assert sorted(Outbox.objects.values_list("kind", "sign")) == [
        ("admissions.admission", 1),
        ("admissions.candidate", 1),
    ]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("ethnicity", "is_minority"), [("Kinh", False), ("", False), ("kinh ", False), ("Tày", True)]
)
def test_ethnicity_is_counted_as_it_was_on_the_day(
    kc: World, ethnicity: str, is_minority: bool
) -> None:
    file = candidate(kc, at=Stage.ADMITTED, ethnicity=ethnicity)

    assert Admission.objects.get(candidate=file).is_ethnic_minority is is_minority


@pytest.mark.sweep
@pytest.mark.parametrize("ceremony_on", [date(2021, 4, 14), date(2021, 5, 29)])
def test_no_ceremony_before_the_decision_nor_tomorrow(kc: World, ceremony_on: date) -> None:
    file = candidate(kc, at=Stage.DECIDED)

    with pytest.raises(DomainError) as refusal:
        hold_ceremony(file, by=kc.secretary, on=DAY, ceremony_on=ceremony_on)

    assert list(refusal.value.fields) == ["ceremony_on"]
    assert not Admission.objects.exists()
    assert not Membership.objects.filter(person=file.person).exists()


def test_no_ceremony_without_a_decision(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)

    with pytest.raises(DomainError):
        hold_ceremony(file, by=kc.secretary, on=DAY, ceremony_on=DAY)


@pytest.mark.thorough
def test_a_ceremony_past_its_last_day_is_recorded_and_says_so(kc: World) -> None:
    stand_on(date(2021, 7, 1))
    first, second = candidate(kc, at=Stage.DECIDED), candidate(kc, at=Stage.DECIDED)
    decision = Decision.objects.get(candidate=first)
    limit = ceremony_limit(decision, rules=first.rules)

    hold_ceremony(first, by=kc.secretary, on=date(2021, 7, 1), ceremony_on=limit)
    day_after = date.fromordinal(limit.toordinal() + 1)
    hold_ceremony(second, by=kc.secretary, on=date(2021, 7, 1), ceremony_on=day_after)

    assert limit == date(2021, 6, 1)  # 30 working days after 15/4/2021, with three holidays
    notes = [
        Milestone.objects.get(candidate=file, step=Step.ADMIT).note for file in (first, second)
    ]
    assert notes[0] == ""
    assert "01/06/2021" in notes[1]


def test_the_ceremony_counts_from_the_receipt_where_the_rules_say_so(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    decision = decided(kc, file, received_on=date(2021, 4, 20))

    assert ceremony_limit(decision, rules=file.rules) == date(2021, 6, 4)


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary2", "staff", "staff2", "approver", "leader"])
def test_only_the_cells_secretary_records_the_ceremony(kc: World, who: str) -> None:
    file = candidate(kc, at=Stage.DECIDED)

    with pytest.raises(PermissionDenied):
        hold_ceremony(file, by=getattr(kc, who), on=DAY, ceremony_on=WAY["ceremony_on"])


def test_admissions_of_earlier_years_are_taken_over_in_bulk(kc: World) -> None:
    people = [member(kc.cell), kc.members[0]]

    made = take_over_admissions(
        [
            NewAdmission(
                person=person,
                cell=kc.cell,
                decided_on=date(2019, 3, 1),
                ceremony_on=date(2019, 3, 26),
            )
            for person in people
        ]
    )

    assert made == 2
    assert set(Admission.objects.values_list("origin", "sign", "age_years")) == {
        ("taken_over", 1, 38),
        ("taken_over", 1, 44),
    }


def another(kc: World) -> User:
    """An approver of the body that decided, who did not approve the decision."""
    return officer("duyet-hai", kc.top, Role.APPROVER)


@pytest.mark.thorough
def test_a_reversal_is_a_new_row_that_counts_minus_one(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)
    admission = Admission.objects.get(candidate=file)

    reversal = reverse_admission(
        admission, by=another(kc), on=DAY, reason="Không đủ tiêu chuẩn", decided_on=DAY
    )

    assert (reversal.sign, reversal.reverses, reversal.ceremony_on) == (-1, admission, DAY)
    assert list(Admission.objects.standing()) == []
    assert _stage(file) == Stage.CLOSED
    membership = Membership.objects.get(person=file.person)
    assert (membership.period.upper, membership.reason_out) == (DAY, "reversed")


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"decided_on": date(2021, 5, 18)}, "decided_on"),
        ({"decided_on": date(2021, 5, 29)}, "decided_on"),
    ],
)
def test_a_reversal_needs_a_reason_and_a_possible_day(
    kc: World, changes: dict[str, object], field: str
) -> None:
    admission = Admission.objects.get(candidate=candidate(kc, at=Stage.ADMITTED))
    values = {"by": another(kc), "on": DAY, "reason": "Sai", "decided_on": DAY, **changes}

    with pytest.raises(DomainError) as refusal:
        reverse_admission(admission, **values)  # type: ignore[arg-type]

    assert list(refusal.value.fields) == [field]


@pytest.mark.thorough
def test_an_admission_is_reversed_once_and_by_the_deciding_body(kc: World) -> None:
    admission = Admission.objects.get(candidate=candidate(kc, at=Stage.ADMITTED))
    values = {"on": DAY, "reason": "Sai", "decided_on": DAY}

    with pytest.raises(PermissionDenied):
        reverse_admission(admission, by=kc.secretary, **values)  # type: ignore[arg-type]
    second = another(kc)
    reverse_admission(admission, by=second, **values)  # type: ignore[arg-type]
    with pytest.raises(DomainError):
        reverse_admission(admission, by=second, **values)  # type: ignore[arg-type]


@pytest.mark.thorough
def test_who_approved_the_decision_does_not_reverse_the_admission(kc: World) -> None:
    admission = Admission.objects.get(candidate=candidate(kc, at=Stage.ADMITTED))
    values = {"on": DAY, "reason": "Sai", "decided_on": DAY}

    with pytest.raises(DomainError, match="another approver"):
        reverse_admission(admission, by=kc.approver, **values)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        undo_admission(admission, by=kc.approver, **values)  # type: ignore[arg-type]

    assert constraint_of(refusal.value) == "admission_reversed_by_another_approver"
    assert reverse_admission(admission, by=another(kc), **values).sign == -1  # type: ignore[arg-type]
