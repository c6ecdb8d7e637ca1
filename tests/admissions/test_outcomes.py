"""What becomes of a file above the cell: sent up, returned, refused, extended, decided by whom."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from psycopg.types.range import DateRange

from admissions.cases import Case, case_of
from admissions.models import Candidate, Decision, Extension, FileReturn, Milestone
from admissions.operations.decisions import refuse
from admissions.operations.outcomes import (
    extend_term,
    receive_decision,
    return_file,
    returnable_to,
    send_up,
)
from admissions.operations.recording import constraint_of
from admissions.stages import Level, Stage, Step
from config.errors import DomainError
from organizations.models import Competence, Role, User
from organizations.operations.structure import grant_competence
from tests.makers import (
    BEGINNING,
    DAY,
    WAY,
    World,
    account,
    appointed,
    candidate,
    decided,
    officer,
    once,
    stand_on,
    vote,
)

LIMIT = date(2021, 6, 2)
"""60 working days after the cell's resolution of 5 March 2021; 21 April, 30 April and 3 May off."""
LONGER = date(2021, 7, 14)


def fresh(file: Candidate) -> Candidate:
    return Candidate.objects.select_related("person", "cell", "rules").get(pk=file.pk)


def case(file: Candidate, *, on: date = DAY) -> Case:
    return case_of(fresh(file), on=on)


def returned(world: World, file: Candidate, **changes: Any) -> FileReturn:
    values: dict[str, Any] = {
        "by": world.staff2,
        "on": DAY,
        "level": Level.COMPETENT,
        "returned_on": date(2021, 4, 12),
        "back_to": Stage.DOSSIER,
        "reason": "Lý lịch thiếu xác nhận quê quán",
        **changes,
    }
    return return_file(file, **values)


def extended(world: World, file: Candidate, **changes: Any) -> Extension:
    values: dict[str, Any] = {
        "by": world.staff2,
        "on": DAY,
        "decided_on": DAY,
        "reason": "Chờ xác minh ở nước ngoài",
        **changes,
    }
    return extend_term(file, **values)


def refused(world: World, file: Candidate, **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "by": world.approver,
        "on": DAY,
        "number": "20-QĐ/ĐU",
        "signed_on": date(2021, 4, 15),
        "signer": "Nguyễn Văn Bí thư",
        "reason": "Chưa đủ tiêu chuẩn chính trị",
        **changes,
    }
    return refuse(file, **values)


def refusals(write: Callable[[], object]) -> dict[str, str]:
    with pytest.raises(DomainError) as refusal:
        write()
    return refusal.value.fields or {"": refusal.value.sentence}


# ---------------------------------------------------------------- sending up


def test_the_secretary_sends_the_file_up_after_the_vote_and_says_to_whom(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    sent = send_up(
        file, by=kc.secretary, on=DAY, sent_on=date(2021, 3, 8), to=Level.GRASSROOTS,
        letter_number="12-CV/CB",
    )  # fmt: skip

    assert (sent.step, sent.on) == (Step.SEND_UP, date(2021, 3, 8))
    assert "Đảng bộ kc-dang-uy" in sent.note
    assert "12-CV/CB" in sent.note
    assert fresh(file).stage == Stage.CELL_RESOLVED


def test_it_is_sent_on_the_day_of_the_vote_and_not_the_day_before(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    send = lambda day: send_up(  # noqa: E731
        file, by=kc.secretary, on=DAY, sent_on=day, to=Level.GRASSROOTS
    )

    assert list(refusals(lambda: send(date(2021, 3, 4)))) == ["sent_on"]
    assert send(date(2021, 3, 5)).pk


@pytest.mark.thorough
def test_it_is_sent_once_by_each_body_and_again_after_a_return(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    send = lambda by, day, to: send_up(file, by=by, on=DAY, sent_on=day, to=to)  # noqa: E731
    send(kc.secretary, date(2021, 3, 8), Level.GRASSROOTS)

    assert refusals(lambda: send(kc.secretary, date(2021, 3, 9), Level.GRASSROOTS)) == {
        "sent_on": "The file was sent up on 08/03/2021."
    }
    vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=date(2021, 3, 19))
    with pytest.raises(PermissionDenied):  # it lies with the committee now
        send(kc.secretary, date(2021, 3, 22), Level.COMPETENT)
    send(kc.staff, date(2021, 3, 22), Level.COMPETENT)
    returned(kc, file, returned_on=date(2021, 4, 1), back_to=Stage.GRASSROOTS_RESOLVED)
    send(kc.staff, date(2021, 4, 2), Level.COMPETENT)

    assert file.milestones.filter(step=Step.SEND_UP).count() == 3


def test_it_is_sent_to_a_body_that_has_yet_to_vote(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    for to in (Level.CELL, Level.GRASSROOTS, Level.INTERMEDIATE):
        wrong = refusals(
            lambda to=to: send_up(file, by=kc.staff, on=DAY, sent_on=DAY, to=to)  # type: ignore[misc]
        )
        assert list(wrong) == ["to"], to


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary2", "staff", "staff2", "approver", "leader"])
def test_nobody_else_sends_the_cells_file(kc: World, who: str) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    with pytest.raises(PermissionDenied):
        send_up(file, by=getattr(kc, who), on=DAY, sent_on=DAY, to=Level.GRASSROOTS)


# ---------------------------------------------------------------- receiving the decision


def test_the_cell_says_later_when_it_received_the_decision_and_the_ceremony_counts_from_there(
    kc: World,
) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    before = case(file).ceremony_limit()

    receive_decision(file, by=kc.secretary, on=DAY, received_on=date(2021, 4, 20))

    assert (before, case(file).ceremony_limit()) == (date(2021, 6, 1), date(2021, 6, 4))


@pytest.mark.thorough
def test_it_is_received_on_the_day_of_signing_at_the_earliest_and_once(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    receive = lambda day: receive_decision(  # noqa: E731
        file, by=kc.secretary, on=DAY, received_on=day
    )

    assert list(refusals(lambda: receive(date(2021, 4, 14)))) == ["received_on"]
    assert list(refusals(lambda: receive(DAY + timedelta(days=1)))) == ["received_on"]
    receive(date(2021, 4, 15))
    assert refusals(lambda: receive(date(2021, 4, 16))) == {
        "received_on": "The cell received the decision on 15/04/2021."
    }


@pytest.mark.thorough
def test_a_receipt_that_the_decision_names_is_not_said_again(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    decided(kc, file, received_on=date(2021, 4, 20))

    assert refusals(
        lambda: receive_decision(file, by=kc.secretary, on=DAY, received_on=date(2021, 4, 21))
    ) == {"received_on": "The cell received the decision on 20/04/2021."}


@pytest.mark.thorough
def test_under_rules_that_count_from_the_issue_the_receipt_changes_nothing(kc: World) -> None:
    stand_on(date(2026, 9, 30))
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    decision = decided(kc, file, received_on=None)
    limits = {}
    for code in ("294-QĐ/TW", "208-QĐ/TW"):
        rules = type(file.rules).objects.get(code=code)
        Candidate.objects.filter(pk=file.pk).update(rules=rules)
        before = case(file).ceremony_limit()
        with transaction.atomic():
            receive_decision(file, by=kc.secretary, on=DAY, received_on=date(2021, 4, 20))
            limits[code] = (before, case(file).ceremony_limit())
            transaction.set_rollback(True)

    assert decision.signed_on == date(2021, 4, 15)
    assert limits == {
        "294-QĐ/TW": (date(2021, 6, 1), date(2021, 6, 4)),
        "208-QĐ/TW": (date(2021, 6, 1), date(2021, 6, 1)),
    }


# ---------------------------------------------------------------- returned for completion


@pytest.mark.thorough
def test_a_returned_file_goes_back_and_the_votes_above_are_held_again(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)

    row = returned(kc, file, back_to=Stage.CELL_RESOLVED, missing=["3-KNĐ", "Ảnh 3x4"])

    assert (row.course, row.missing, row.organization) == (2, "3-KNĐ; Ảnh 3x4", kc.top)
    now = fresh(file)
    assert (now.stage, now.course, now.stage_since) == ("cell_resolved", 2, date(2021, 4, 12))
    assert case(file).next_vote() == Level.GRASSROOTS
    assert file.ballots.count() == 3  # what was held stays
    milestone = Milestone.objects.get(candidate=file, step=Step.RETURN)
    assert milestone.back_to == Stage.CELL_RESOLVED
    assert "Lý lịch thiếu xác nhận quê quán" in milestone.note

    wrong = refusals(
        lambda: vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=date(2021, 4, 11))
    )
    assert wrong == {
        "held_on": "The file was returned on 12/04/2021; what is done again is of that day or"
        " later."
    }
    vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=date(2021, 4, 12))
    vote(file, by=kc.staff2, level=Level.COMPETENT, held_on=date(2021, 4, 20))
    decided(kc, file, signed_on=date(2021, 4, 21))
    assert fresh(file).stage == Stage.DECIDED


@pytest.mark.thorough
def test_a_file_returned_before_the_cells_vote_is_considered_by_the_cell_again(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    returned(kc, file, back_to=Stage.READY)

    assert fresh(file).stage == Stage.READY
    assert case(file).passed(Level.CELL) is None
    vote(
        file, by=kc.secretary, level=Level.CELL, held_on=date(2021, 5, 5),
        entitled=26, present=22, in_favour=22,
    )  # fmt: skip
    assert fresh(file).stage == Stage.CELL_RESOLVED
    assert case(file).decision_limit() == date(2021, 7, 28)  # from the cell's new resolution


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("at", "who", "level"),
    [
        (Stage.CELL_RESOLVED, "staff", Level.GRASSROOTS),
        (Stage.GRASSROOTS_RESOLVED, "staff2", Level.COMPETENT),
        (Stage.COMPETENT_RESOLVED, "staff2", Level.COMPETENT),
    ],
)
def test_the_body_that_has_the_file_returns_it_at_every_level(
    kc: World, at: Stage, who: str, level: Level
) -> None:
    file = candidate(kc, at=at)

    returned(kc, file, by=getattr(kc, who), level=level)

    assert fresh(file).stage == Stage.DOSSIER


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary", "secretary2", "staff", "approver", "leader"])
def test_nobody_but_staff_of_that_body_returns_it(kc: World, who: str) -> None:
    with pytest.raises(PermissionDenied):
        returned(kc, candidate(kc, at=Stage.GRASSROOTS_RESOLVED), by=getattr(kc, who))


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"back_to": Stage.DECIDED}, "back_to"),
        ({"back_to": Stage.COMPETENT_RESOLVED}, "back_to"),
        ({"back_to": Stage.APPRAISED}, "back_to"),
        ({"back_to": "nonsense"}, "back_to"),
        ({"returned_on": date(2021, 5, 29)}, "returned_on"),
        ({"returned_on": date(2021, 3, 18)}, "returned_on"),  # the vote was on the nineteenth
        ({"returned_on": date(2021, 3, 4)}, "returned_on"),
        ({"missing": ["x" * 501]}, "missing"),
    ],
)
def test_an_impossible_return_is_refused_at_its_field(
    kc: World, changes: dict[str, Any], field: str
) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    assert field in refusals(lambda: returned(kc, file, **changes))
    assert fresh(file).course == 1


def test_a_body_that_has_passed_the_file_on_returns_it_no_more(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    assert refusals(lambda: returned(kc, file, by=kc.staff, level=Level.GRASSROOTS)) == {
        "level": "The file lies with another body: Đảng bộ kc-top."
    }


@pytest.mark.thorough
def test_a_form_named_by_the_return_is_missing_until_it_is_received_anew(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    code = next(kind.code for kind in case(file).kinds if case(file).paper(kind.code))

    returned(kc, file, back_to=Stage.DOSSIER, missing=[code])

    assert [kind.code for kind in case(file).missing_papers] == [code]
    wrong = refusals(
        lambda: vote(
            file, by=kc.secretary, level=Level.CELL, held_on=date(2021, 5, 5),
            entitled=26, present=22, in_favour=22,
        )
    )  # fmt: skip
    assert code in wrong["held_on"]


def test_a_file_is_returned_to_no_step_that_it_never_reached(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    assert returnable_to(case(file)) == [
        Stage.CELL_RESOLVED,
        Stage.READY,
        Stage.DOSSIER,
        Stage.CERTIFIED,
        Stage.SYMPATHISER,
    ]


# ---------------------------------------------------------------- not admitted


@pytest.mark.thorough
def test_a_refusal_has_its_own_number_and_closes_the_file_with_its_reason(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    decision = refused(kc, file)

    assert (decision.kind, decision.authority, decision.number) == ("refuse", kc.top, "20-QĐ/ĐU")
    now = fresh(file)
    assert (now.stage, now.closed_on, now.closed_reason) == (
        "closed",
        date(2021, 4, 15),
        "Chưa đủ tiêu chuẩn chính trị",
    )
    assert case(file).decision is None


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"number": ""}, "number"),
        ({"signer": " "}, "signer"),
        ({"signed_on": date(2021, 3, 4)}, "signed_on"),
        ({"signed_on": date(2021, 5, 29)}, "signed_on"),
    ],
)
def test_an_impossible_refusal_is_refused_at_its_field(
    kc: World, changes: dict[str, Any], field: str
) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    assert list(refusals(lambda: refused(kc, file, **changes))) == [field]
    assert fresh(file).stage == Stage.GRASSROOTS_RESOLVED


def test_whom_the_competent_committee_passed_is_not_refused(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)

    assert refusals(lambda: refused(kc, file)) == {
        "signed_on": "The competent committee passed its vote on 09/04/2021: it decides to admit,"
        " or returns the file."
    }
    assert refused(kc, file, signed_on=date(2021, 4, 8)).pk


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary", "staff", "staff2", "leader", "auditor"])
def test_only_an_approver_at_the_competent_body_refuses(kc: World, who: str) -> None:
    with pytest.raises(PermissionDenied):
        refused(kc, candidate(kc, at=Stage.GRASSROOTS_RESOLVED), by=getattr(kc, who))


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary", "staff"])
def test_who_took_part_in_the_case_does_not_refuse_either(kc: World, who: str) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    appointed(getattr(kc, who), kc.top, Role.APPROVER)

    with pytest.raises(DomainError, match="another approver records the decision"):
        refused(kc, file, by=getattr(kc, who))


# ---------------------------------------------------------------- a longer term


def test_the_term_is_extended_with_a_reason_and_its_last_day_is_kept(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    assert case(file).decision_limit() == LIMIT

    row = extended(kc, file)

    assert (row.clock, row.course, row.due_on) == ("admission", 1, LONGER)
    assert case(file).decision_limit() == LONGER
    assert "14/07/2021" in Milestone.objects.get(candidate=file, step=Step.EXTEND).note


@pytest.mark.thorough
def test_the_last_day_of_the_first_term_still_extends_and_the_day_after_does_not(
    kc: World,
) -> None:
    stand_on(date(2021, 6, 3))
    first, second = (candidate(kc, at=Stage.GRASSROOTS_RESOLVED) for _file in range(2))

    extended(kc, first, on=date(2021, 6, 3), decided_on=LIMIT)

    late = lambda: extended(  # noqa: E731
        kc, second, on=date(2021, 6, 3), decided_on=LIMIT + timedelta(days=1)
    )
    assert list(refusals(late)) == ["decided_on"]
    assert Extension.objects.count() == 1


@pytest.mark.thorough
def test_the_term_is_extended_once_even_when_the_file_was_returned_meanwhile(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    extended(kc, file, decided_on=date(2021, 4, 1))
    again = lambda: extended(kc, file)  # noqa: E731

    assert "once only" in refusals(again)["decided_on"]
    returned(kc, file, back_to=Stage.CELL_RESOLVED)
    assert case(file).decision_limit() == LONGER
    assert "once only" in refusals(again)["decided_on"]


@pytest.mark.thorough
def test_a_new_resolution_of_the_cell_begins_a_new_term(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    extended(kc, file, decided_on=date(2021, 4, 1))
    returned(kc, file, back_to=Stage.READY)
    vote(
        file, by=kc.secretary, level=Level.CELL, held_on=date(2021, 5, 5),
        entitled=26, present=22, in_favour=22,
    )  # fmt: skip

    assert case(file).decision_limit() == date(2021, 7, 28)
    assert extended(kc, file).course == 2


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary", "staff", "approver", "leader"])
def test_only_staff_of_the_competent_body_extends(kc: World, who: str) -> None:
    with pytest.raises(PermissionDenied):
        extended(kc, candidate(kc, at=Stage.GRASSROOTS_RESOLVED), by=getattr(kc, who))


def test_an_extension_says_why(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    assert list(refusals(lambda: extended(kc, file, reason=" "))) == ["reason"]


# ---------------------------------------------------------------- who decides


@pytest.mark.thorough
def test_a_competence_revoked_after_the_cells_resolution_lets_another_body_decide(
    kc: World,
) -> None:
    """T29: delegated on the day of the resolution, not any more on that of the decision."""
    grant_competence(
        kc.committee, kind=Competence.Kind.DELEGATED, on=BEGINNING, decision_number="3-QĐ/TU",
        members_entitled=15,
    )  # fmt: skip
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    vote(file, by=kc.staff, level=Level.COMPETENT, held_on=date(2021, 3, 19))
    below = officer("duyet-co-so", kc.committee, Role.APPROVER)

    kc.committee.competences.update(period=DateRange(BEGINNING, date(2021, 4, 1)))

    with pytest.raises(PermissionDenied):
        decided(kc, file, by=below, signed_on=date(2021, 4, 1))
    assert refusals(lambda: decided(kc, file, signed_on=date(2021, 4, 15))) == {
        "signed_on": "The vote was of another body than the one competent on 15/04/2021:"
        " Đảng bộ kc-top."
    }
    vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=date(2021, 4, 2))
    vote(file, by=kc.staff2, level=Level.COMPETENT, held_on=date(2021, 4, 9))
    assert decided(kc, file, signed_on=date(2021, 4, 15)).authority == kc.top


def test_on_the_last_day_of_its_competence_the_delegated_committee_decides_itself(
    kc: World,
) -> None:
    grant_competence(
        kc.committee, kind=Competence.Kind.DELEGATED, on=BEGINNING, decision_number="3-QĐ/TU",
        members_entitled=15,
    )  # fmt: skip
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    vote(file, by=kc.staff, level=Level.COMPETENT, held_on=date(2021, 3, 19))
    below = officer("duyet-co-so", kc.committee, Role.APPROVER)
    kc.committee.competences.update(period=DateRange(BEGINNING, date(2021, 4, 1)))

    assert decided(kc, file, by=below, signed_on=date(2021, 3, 31)).authority == kc.committee


@pytest.mark.thorough
def test_a_decision_waits_for_the_consents_that_the_case_needs(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    Candidate.objects.filter(pk=file.pk).update(special=["political"])
    lacking = case(file).missing_consents

    wrong = refusals(lambda: decided(kc, file))

    assert [kind.code for kind in lacking] == ["ĐY-CT"]
    assert wrong["signed_on"].startswith(
        "Consents needed before the decision and missing on 15/04/2021:"
    )
    assert "ĐY-CT" in wrong["signed_on"]


@pytest.mark.thorough
def test_a_decision_after_its_last_day_is_recorded_and_says_so(kc: World) -> None:
    stand_on(date(2021, 6, 30))
    notes = []
    for signed_on in (LIMIT, LIMIT + timedelta(days=1)):
        file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
        decided(kc, file, on=date(2021, 6, 30), signed_on=signed_on)
        notes.append(Milestone.objects.get(candidate=file, step=Step.DECIDE).note)

    assert "02/06/2021" not in notes[0]
    assert "02/06/2021" in notes[1]


def test_in_the_longer_term_the_decision_is_not_late(kc: World) -> None:
    stand_on(date(2021, 7, 30))
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    extended(kc, file)
    decided(kc, file, on=date(2021, 7, 30), signed_on=LONGER)

    assert "14/07/2021" not in Milestone.objects.get(candidate=file, step=Step.DECIDE).note


@pytest.mark.thorough
def test_the_day_after_the_longer_term_it_is_late(kc: World) -> None:
    stand_on(date(2021, 7, 30))
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    extended(kc, file)
    decided(kc, file, on=date(2021, 7, 30), signed_on=LONGER + timedelta(days=1))

    assert "14/07/2021" in Milestone.objects.get(candidate=file, step=Step.DECIDE).note


# ---------------------------------------------------------------- past all operations


def test_the_database_refuses_an_approver_who_took_part_for_every_kind(kc: World) -> None:
    helping, introducing = account("giup-do", person=kc.members[0]), account("nguoi-khac")
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    introducing.person = kc.members[5]
    introducing.save(update_fields=["person"])
    file.introducers.create(
        kind="member", person=kc.members[5], named_on=WAY["listed_on"],
        together_since=BEGINNING, entered_by=kc.secretary2,
    )  # fmt: skip
    for kind in ("admit", "refuse"):
        for user in (kc.secretary, kc.staff, kc.staff2, helping, introducing):
            with pytest.raises(IntegrityError) as refusal, transaction.atomic():
                Decision.objects.create(
                    candidate=file, authority=kc.top, kind=kind, number=f"{kind}-{user.pk}",
                    signed_on=WAY["signed_on"], signer="A", reason="Lý do", rules=file.rules,
                    approved_by=user,
                )  # fmt: skip
            assert constraint_of(refusal.value) == "decision_approver_took_no_part_in_the_case"


# ---------------------------------------------------------------- by the pages


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def step(file: Candidate, code: str) -> str:
    return reverse("candidate-step", args=[file.public_id, code])


def detail(file: Candidate) -> str:
    return reverse("candidate-detail", args=[file.public_id])


def page(user: User, address: str) -> str:
    answer = signed_in(user).get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return str(answer.content.decode())


def send(user: User, address: str, **values: Any) -> Any:
    return signed_in(user).post(address, {"once": once(), **values})


DAYS = "28/05/2021"
SIGNED = {"number": "7-QĐ", "signed_on": DAYS, "signer": "Lê Bí Thư", "confirm": "on"}


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("at", "who", "code", "values", "reached"),
    [
        (Stage.CELL_RESOLVED, "secretary", "gui-len",
         {"sent_on": DAYS, "to": "grassroots", "letter_number": "1"}, Stage.CELL_RESOLVED),
        (Stage.DECIDED, "secretary", "nhan-quyet-dinh", {"received_on": DAYS}, Stage.DECIDED),
        (Stage.GRASSROOTS_RESOLVED, "staff2", "tra-ho-so",
         {"returned_on": DAYS, "back_to": "dossier", "reason": "Thiếu", "missing": "1-KNĐ",
          "other": "Ảnh"}, Stage.DOSSIER),
        (Stage.GRASSROOTS_RESOLVED, "staff2", "gia-han",
         {"decided_on": DAYS, "reason": "Chờ xác minh"}, Stage.GRASSROOTS_RESOLVED),
        (Stage.GRASSROOTS_RESOLVED, "approver", "khong-ket-nap",
         {**SIGNED, "reason": "Chưa đủ"}, Stage.CLOSED),
    ],
)  # fmt: skip
def test_each_outcome_has_its_page_once_however_often_it_is_sent(
    kc: World, at: Stage, who: str, code: str, values: dict[str, str], reached: Stage
) -> None:
    file, user = candidate(kc, at=at), getattr(kc, who)
    assert step(file, code) in page(user, detail(file))
    assert 'class="btn pri"' in page(user, step(file, code))
    key = once()

    answers = [signed_in(user).post(step(file, code), {"once": key, **values}) for _time in "ab"]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert fresh(file).stage == reached
    page(user, detail(file)) if reached != Stage.CLOSED else None
    for stranger in (kc.secretary2, kc.leader):
        assert signed_in(stranger).get(step(file, code)).status_code == 404


@pytest.mark.thorough
def test_a_returned_file_says_to_which_step_why_and_what_is_missing_as_links(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    returned(kc, file, back_to=Stage.DOSSIER, missing=["1-KNĐ", "Ảnh 3x4"])

    shown = page(kc.secretary, detail(file))

    assert "returned the file on 12/04/2021" in shown
    assert "Lý lịch thiếu xác nhận quê quán" in shown
    assert "Ảnh 3x4" in shown
    assert f'<li><a href="{step(file, "giay-to")}">' in shown


@pytest.mark.thorough
def test_a_barred_approver_finds_the_reason_and_no_button(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    kc.approver.person = kc.members[0]
    kc.approver.save(update_fields=["person"])

    shown = page(kc.approver, step(file, "quyet-dinh"))
    answer = send(kc.approver, step(file, "quyet-dinh"), **SIGNED)

    assert "You help this candidate, so another approver records the decision." in shown
    assert 'class="btn pri"' not in shown
    assert (answer.status_code, fresh(file).stage) == (422, Stage.COMPETENT_RESOLVED)


@pytest.mark.thorough
def test_the_committee_finds_its_files_by_their_limit_with_what_each_lacks(kc: World) -> None:
    later = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    extended(kc, later)
    first = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    candidate(kc, at=Stage.CELL_RESOLVED)  # lies with the committee below

    shown = page(kc.staff2, reverse("files-before-us"))

    assert "2 files wait for your committee, 0 past their last day" in shown
    assert shown.index(first.person.full_name) < shown.index(later.person.full_name)
    assert "vote of Đảng bộ kc-top" in shown
    assert "extended" in shown
    assert signed_in(kc.secretary).get(reverse("files-before-us")).status_code == 404
    below = page(kc.staff, reverse("files-before-us"))
    assert "1 files wait for your committee" in below


@pytest.mark.thorough
@pytest.mark.parametrize("number", [1, 6])
def test_the_list_costs_the_same_however_many_files(
    kc: World, number: int, django_assert_max_num_queries: Any
) -> None:
    for _file in range(number):
        candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    client = signed_in(kc.staff2)

    with django_assert_max_num_queries(16):
        assert client.get(reverse("files-before-us")).status_code == 200


@pytest.mark.thorough
def test_the_extract_says_the_votes_of_every_body(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    shown = page(kc.staff2, reverse("file-extract", args=[file.public_id]))

    assert "22/26 in favour" in shown
    assert "14/15 in favour" in shown
    assert "not held yet" in shown
    address = reverse("file-extract", args=[file.public_id])
    assert signed_in(kc.secretary2).get(address).status_code == 404
