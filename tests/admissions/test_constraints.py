"""What the database itself refuses, whoever asks and past all operations."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from psycopg.types.range import DateRange

from admissions.models import (
    Admission,
    Ballot,
    Candidate,
    Certificate,
    Decision,
    FileTransfer,
    Mentorship,
    Milestone,
    Paper,
    PaperKind,
    Round,
    RuleSet,
    Verification,
)
from admissions.operations.moving import ask_move
from admissions.operations.recording import constraint_of
from admissions.operations.verifications import send_verification
from admissions.stages import Level, Stage, Step
from config.clock import HERE
from organizations.models import Organization, Role, User
from tests.database import OwnerRole
from tests.makers import (
    BEGINNING,
    DAY,
    WAY,
    World,
    appointed,
    candidate,
    decided,
    logged,
    needed_papers,
    prepared,
    unit,
)

TOMORROW = date(2021, 5, 29)


def refused_by(name: str, write: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        write()
    assert constraint_of(refusal.value) == name


# ---------------------------------------------------------------- files and milestones


def test_a_person_has_one_open_file(kc: World) -> None:
    file = logged(kc)

    refused_by(
        "candidate_one_open_file_per_person",
        lambda: Candidate.objects.create(
            number="KC-2021-9999",
            person=file.person,
            cell=kc.sibling,
            rules=file.rules,
            stage_since=DAY,
            identified_on=DAY,
            entered_by=kc.secretary2,
        ),
    )


def test_a_closed_file_has_a_day_and_a_reason(kc: World) -> None:
    file = logged(kc)
    Milestone.objects.create(candidate=file, step=Step.CLOSE, on=DAY, entered_by=kc.secretary)

    refused_by(
        "candidate_closed_with_a_day_and_a_reason",
        lambda: Candidate.objects.filter(pk=file.pk).update(stage=Stage.CLOSED, closed_on=DAY),
    )


def test_a_milestone_is_decided_before_it_happens(kc: World) -> None:
    refused_by(
        "milestone_decided_before_it_happened",
        lambda: Milestone.objects.create(
            candidate=logged(kc),
            step="put_on_list",
            on=WAY["listed_on"],
            decided_on=DAY,
            entered_by=kc.secretary,
        ),
    )


def test_a_milestone_is_corrected_once(kc: World) -> None:
    file = logged(kc)
    wrong = file.milestones.get()
    values = {"candidate": file, "step": "identify", "on": DAY, "entered_by": kc.secretary}
    Milestone.objects.create(**values, corrects=wrong)

    with pytest.raises(IntegrityError), transaction.atomic():
        Milestone.objects.create(**values, corrects=wrong)


# ---------------------------------------------------------------- preparation


def test_an_issuer_numbers_a_certificate_once(kc: World) -> None:
    certificate = prepared(kc, logged(kc)).certificates.get()
    certificate.pk = None

    refused_by("certificate_number_once_per_issuer", certificate.save)


def test_a_certificate_expires_after_its_issue(kc: World) -> None:
    file = logged(kc)

    refused_by(
        "certificate_expires_after_its_issue",
        lambda: Certificate.objects.create(
            candidate=file,
            number="1",
            issuer="TTCT",
            issued_on=DAY,
            expires_on=DAY,
            rules=file.rules,
            entered_by=kc.secretary,
        ),
    )


def test_a_member_helps_the_same_candidate_in_one_period_at_a_time(kc: World) -> None:
    file = prepared(kc, logged(kc))

    refused_by(
        "mentorship_once_by_a_member_on_any_day",
        lambda: Mentorship.objects.create(
            candidate=file,
            mentor=kc.members[0],
            period=DateRange(DAY, None),
            entered_by=kc.secretary,
        ),
    )


@pytest.mark.parametrize("period", [DateRange(empty=True), DateRange(None, DAY)])
def test_help_begins_on_some_day(kc: World, period: DateRange) -> None:
    refused_by(
        "mentorship_begins_on_some_day",
        lambda: Mentorship.objects.create(
            candidate=logged(kc), mentor=kc.members[0], period=period, entered_by=kc.secretary
        ),
    )


def _paper(file: Candidate, kind: PaperKind, dated_on: date, received_on: date) -> Paper:
    return Paper.objects.create(
        candidate=file,
        kind=kind,
        dated_on=dated_on,
        received_on=received_on,
        entered_by=file.entered_by,
    )


def test_a_paper_is_dated_before_it_is_received(kc: World) -> None:
    refused_by(
        "paper_dated_before_it_was_received",
        lambda: _paper(logged(kc), needed_papers(DAY)[0], TOMORROW, DAY),
    )


def test_a_paper_is_received_once(kc: World) -> None:
    file, kind = logged(kc), needed_papers(DAY)[0]
    _paper(file, kind, DAY, DAY)

    refused_by("paper_received_once", lambda: _paper(file, kind, DAY, DAY))


# ---------------------------------------------------------------- verifications, moves


@pytest.mark.parametrize(
    "changes", [{"waived_because": "Đã rõ"}, {"waived_because": "", "waived_on": DAY}]
)
def test_a_request_done_without_has_its_day_and_its_reason(
    kc: World, changes: dict[str, Any]
) -> None:
    request = send_verification(
        logged(kc), by=kc.secretary, on=DAY, relation="father", subject="Vũ Văn Cha",
        place="Xã Hòa Bình", sent_on=DAY,
    )  # fmt: skip

    refused_by(
        "verification_waived_on_a_day",
        lambda: Verification.objects.filter(pk=request.pk).update(**changes),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "refused", "review_asked_on": DAY},
        {"state": "refused", "review_by": DAY},
        {"state": "refused", "review_asked_on": DAY, "review_by": WAY["cell_on"]},
        {"review_asked_on": DAY, "review_by": TOMORROW},
    ],
)
def test_faults_are_reviewed_from_a_day_to_a_day_where_a_file_was_not_taken_over(
    kc: World, changes: dict[str, Any]
) -> None:
    transfer = ask_move(
        logged(kc), by=kc.secretary, on=DAY, moved_on=DAY, destination_place="Tỉnh khác"
    )

    refused_by(
        "file_transfer_reviewed_where_it_was_not_taken_over",
        lambda: FileTransfer.objects.filter(pk=transfer.pk).update(**changes),
    )


# ---------------------------------------------------------------- votes


def _ballot(file: Candidate, by: User, cell: Organization, **changes: Any) -> Ballot:
    values: dict[str, Any] = {
        "candidate": file,
        "level": Level.CELL,
        "organization": cell,
        "held_on": WAY["cell_on"],
        "entitled": 26,
        "present": 22,
        "in_favour": 20,
        "against": 2,
        "rules": RuleSet.objects.get(code="29-QĐ/TW"),
        "numerator": 2,
        "denominator": 3,
        "passed": True,
        "entered_by": by,
        **changes,
    }
    return Ballot.objects.create(**values)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        (
            {"entitled": 0, "present": 0, "in_favour": 0, "against": 0},
            "ballot_has_somebody_entitled",
        ),
        ({"present": 27}, "ballot_present_not_more_than_entitled"),
        ({"in_favour": 21}, "ballot_votes_not_more_than_present"),
        ({"in_favour": 17}, "ballot_passed_as_its_threshold_says"),
        ({"in_favour": 18, "passed": False}, "ballot_passed_as_its_threshold_says"),
        ({"held_on": TOMORROW}, "ballot_not_in_the_future"),
        ({"numerator": 1, "denominator": 2}, "ballot_judged_by_the_rules_of_its_day"),
        (
            {"level": "competent", "numerator": 1, "denominator": 2},
            "ballot_judged_by_the_rules_of_its_day",  # a standing committee's share is exceeded
        ),
    ],
)
def test_a_vote_that_cannot_be_is_not_stored(kc: World, changes: dict[str, Any], name: str) -> None:
    file = logged(kc)

    refused_by(name, lambda: _ballot(file, kc.secretary, kc.cell, **changes))


def test_a_vote_is_judged_by_no_other_rules_than_those_of_its_day(kc: World) -> None:
    file, later = logged(kc), RuleSet.objects.get(code="24-QĐ/TW")

    refused_by(
        "ballot_judged_by_the_rules_of_its_day",
        lambda: _ballot(file, kc.secretary, kc.cell, rules=later),
    )


def test_a_level_passes_once_and_an_attempt_is_counted_once(kc: World) -> None:
    file = logged(kc)
    _ballot(file, kc.secretary, kc.cell)

    refused_by(
        "ballot_passed_once_per_level",
        lambda: _ballot(file, kc.secretary, kc.cell, attempt=2),
    )
    refused_by(
        "ballot_counted_once_per_attempt",
        lambda: _ballot(file, kc.secretary, kc.cell, in_favour=1, passed=False),
    )


# ---------------------------------------------------------------- decisions


def _decision(world: World, file: Candidate, **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "candidate": file,
        "authority": world.top,
        "kind": Decision.Kind.ADMIT,
        "number": "7-QĐ",
        "signed_on": WAY["signed_on"],
        "signer": "Nguyễn Văn Bí thư",
        "rules": file.rules,
        "approved_by": world.approver,
        **changes,
    }
    return Decision.objects.create(**values)


@pytest.mark.thorough
def test_a_number_is_used_once_per_authority_and_year(kc: World) -> None:
    decided(kc, candidate(kc, at=Stage.COMPETENT_RESOLVED), number="7-QĐ")
    other = candidate(kc, at=Stage.COMPETENT_RESOLVED)

    refused_by(
        "decision_number_once_per_authority_and_year", lambda: _decision(kc, other, number="7-QĐ")
    )


def test_a_candidate_is_admitted_by_one_decision(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)

    refused_by("decision_admits_a_candidate_once", lambda: _decision(kc, file, number="8-QĐ"))


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"number": ""}, "decision_number_is_written"),
        ({"received_on": date(2021, 4, 14)}, "decision_received_after_it_was_signed"),
        ({"kind": Decision.Kind.REFUSE}, "decision_that_refuses_or_cancels_says_why"),
        ({"signed_on": TOMORROW}, "decision_not_in_the_future"),
        ({"signed_on": date(2021, 4, 8)}, "decision_follows_passed_ballots"),
    ],
)
def test_a_decision_that_cannot_be_is_not_stored(
    kc: World, changes: dict[str, Any], name: str
) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)

    refused_by(name, lambda: _decision(kc, file, **changes))


def test_a_body_that_is_not_competent_does_not_decide(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    elsewhere = unit("kc-noi-khac", kind="superior")
    elsewhere.competences.create(
        kind="superior", period=DateRange(BEGINNING, None), decision_number="1"
    )

    for authority in (kc.committee, elsewhere):
        refused_by(
            "decision_by_the_body_that_is_competent",
            lambda authority=authority: _decision(kc, file, authority=authority),  # type: ignore[misc]
        )


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary", "staff", "staff2"])
def test_who_took_part_in_the_case_does_not_approve_it(kc: World, who: str) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    involved = getattr(kc, who)
    appointed(involved, kc.top, Role.APPROVER)

    refused_by(
        "decision_approver_took_no_part_in_the_case",
        lambda: _decision(kc, file, approved_by=involved),
    )


def test_neither_the_helper_nor_the_candidate_approves(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)

    for who, person in ((kc.approver, kc.members[0]), (kc.leader, file.person)):
        who.person = person
        who.save(update_fields=["person"])
        refused_by(
            "decision_approver_took_no_part_in_the_case",
            lambda: _decision(kc, file, approved_by=who),  # noqa: B023
        )


# ---------------------------------------------------------------- admissions


def _admission(world: World, file: Candidate, **changes: Any) -> Admission:
    values: dict[str, Any] = {
        "candidate": file,
        "person": file.person,
        "cell": world.cell,
        "decision": file.decisions.first(),
        "decided_on": WAY["signed_on"],
        "ceremony_on": WAY["ceremony_on"],
        "entered_by": world.secretary,
        "sex": "male",
        "age_years": 24,
        **changes,
    }
    return Admission.objects.create(**values)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        (
            {"ceremony_on": date(2021, 4, 14), "decision": None, "origin": "taken_over"},
            "admission_ceremony_not_before_its_decision",
        ),
        ({"ceremony_on": TOMORROW}, "admission_not_in_the_future"),
        ({"decision": None}, "admission_decided_here_names_its_decision"),
        ({"decided_on": date(2021, 4, 16)}, "admission_follows_its_decision"),
        ({"sign": -1, "reason": "Sai"}, "admission_reversal_counts_minus_one"),
        ({"sign": 2}, "admission_reversal_counts_minus_one"),
    ],
)
def test_an_admission_that_cannot_be_is_not_stored(
    kc: World, changes: dict[str, Any], name: str
) -> None:
    file = candidate(kc, at=Stage.DECIDED)

    refused_by(name, lambda: _admission(kc, file, **changes))


@pytest.mark.thorough
def test_an_admission_follows_the_decision_on_the_same_candidate(kc: World) -> None:
    file, other = candidate(kc, at=Stage.DECIDED), candidate(kc, at=Stage.DECIDED)

    refused_by(
        "admission_follows_its_decision",
        lambda: _admission(kc, file, decision=other.decisions.get()),
    )


def test_a_candidate_is_admitted_once(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)

    refused_by("admission_once_per_candidate", lambda: _admission(kc, file))


@pytest.mark.thorough
def test_a_reversal_says_why_and_names_the_same_person(kc: World) -> None:
    first, second = candidate(kc, at=Stage.ADMITTED), candidate(kc, at=Stage.ADMITTED)
    undone = Admission.objects.get(candidate=first)

    refused_by(
        "admission_reversal_says_why", lambda: _admission(kc, first, sign=-1, reverses=undone)
    )
    refused_by(
        "admission_reverses_the_same_admission",
        lambda: _admission(kc, second, sign=-1, reverses=undone, reason="Sai"),
    )


def test_an_admission_is_reversed_once(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)
    undone = Admission.objects.get(candidate=file)
    _admission(kc, file, sign=-1, reverses=undone, reason="Sai")

    with pytest.raises(IntegrityError), transaction.atomic():
        _admission(kc, file, sign=-1, reverses=undone, reason="Sai")


def test_an_organisation_has_one_round_a_day(kc: World) -> None:
    Round.objects.create(organization=kc.top, name="3/2", day=date(2021, 2, 3))

    refused_by(
        "round_once_a_day_per_organization",
        lambda: Round.objects.create(organization=kc.top, name="Đợt 3/2", day=date(2021, 2, 3)),
    )


# ---------------------------------------------------------------- rules


def _rules(**changes: Any) -> RuleSet:
    rules = RuleSet.objects.get(code="208-QĐ/TW")
    rules.pk = None
    for name, value in {"code": "mới", **changes}.items():
        setattr(rules, name, value)
    return rules


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "rule_set_one_in_force_on_any_day"),
        ({"period": DateRange(None, date(2000, 1, 1))}, "rule_set_in_force_from_some_day"),
        (
            {"period": DateRange(date(1999, 1, 1), date(2000, 1, 1)), "max_age_years": 18},
            "rule_set_youngest_age_below_oldest",
        ),
        (
            {"period": DateRange(date(1999, 1, 1), date(2000, 1, 1)), "cell_vote_numerator": 4},
            "rule_set_vote_shares_are_at_most_one",
        ),
        (
            {"period": DateRange(date(1999, 1, 1), date(2000, 1, 1)), "cell_vote_numerator": 0},
            "rule_set_vote_shares_are_at_most_one",
        ),
    ],
)
def test_rules_that_cannot_be_are_not_stored(
    owner_role: OwnerRole, changes: dict[str, Any], name: str
) -> None:
    with owner_role():
        refused_by(name, _rules(**changes).save)


@pytest.mark.django_db
def test_a_form_is_named_once_in_a_rule_set(owner_role: OwnerRole) -> None:
    kind = PaperKind.objects.all()[0]
    kind.pk = None

    with owner_role():
        refused_by("paper_kind_once_in_a_rule_set", kind.save)


# ---------------------------------------------------------------- nothing is lost


FACTS = ["ballot", "decision", "admission", "milestone"]
KEPT = ["candidate", "certificate", "mentorship", "paper", "ruleset", "paperkind"]


def _first(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min(id) FROM admissions_{table}")  # noqa: S608 - our own names
        return int(cursor.fetchone()[0])


def _refused_to_all(statement: str, owner_role: OwnerRole) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)
    cannot = pytest.raises(ProgrammingError, match="Cannot")
    with cannot, transaction.atomic(), owner_role() as cursor:
        cursor.execute(statement)


@pytest.mark.thorough
def test_nothing_is_deleted_not_even_by_the_owner(kc: World, owner_role: OwnerRole) -> None:
    candidate(kc, at=Stage.ADMITTED)

    for table in FACTS + KEPT:
        row = _first(table)
        _refused_to_all(f"DELETE FROM admissions_{table} WHERE id = {row}", owner_role)  # noqa: S608


def test_a_fact_is_never_changed_not_even_by_the_owner(kc: World, owner_role: OwnerRole) -> None:
    candidate(kc, at=Stage.ADMITTED)

    for table in FACTS:
        change = f"UPDATE admissions_{table} SET entered_at = now() WHERE id = {_first(table)}"  # noqa: S608
        _refused_to_all(change, owner_role)


def test_a_fact_is_stamped_by_the_clock_whatever_was_sent(kc: World) -> None:
    file = logged(kc)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO admissions_milestone
                (candidate_id, step, "on", entered_at, entered_by_id, note)
            VALUES (%s, 'put_on_list', %s, '1999-01-01', %s, '') RETURNING entered_at""",
            [file.pk, DAY, kc.secretary.pk],
        )
        (entered_at,) = cursor.fetchone()

    assert entered_at.astimezone(HERE).date() == DAY


def test_every_change_of_a_file_leaves_its_history(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT stage FROM admissions_candidateevent WHERE pgh_obj_id = %s ORDER BY pgh_id",
            [file.pk],
        )
        stages = [row[0] for row in cursor.fetchall()]

    assert (stages[0], stages[-1]) == ("source", "ready")
