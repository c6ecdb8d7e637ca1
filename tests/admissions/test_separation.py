"""Who takes part in a case decides nothing of it, and who decided takes no part afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse

from admissions.models import (
    Ballot,
    Candidate,
    Decision,
    DecisionReview,
    Introducer,
    Mentorship,
    Milestone,
    RuleSet,
)
from admissions.operations.cancellations import ask_cancellation, cancel_decision
from admissions.operations.introducers import end_introducer, name_introducer
from admissions.operations.preparation import assign_mentor
from admissions.operations.recording import constraint_of
from admissions.stages import Level, Stage, Step
from config.errors import DomainError
from config.periods import since
from organizations.models import Person, Role, User
from organizations.operations.duplicates import approve_merge, ask_merge
from organizations.operations.relatives import declare_relative
from tests.makers import (
    DAY,
    WAY,
    World,
    appointed,
    candidate,
    decided,
    member,
    new_member_class,
    officer,
    on_probation,
    once,
    papers_of_probation,
    stand_on,
    vote,
    vote_of_probation,
)

NO_PART = "decision_approver_took_no_part_in_the_case"


def fresh(file: Candidate) -> Candidate:
    return Candidate.objects.select_related("person", "cell", "rules").get(pk=file.pk)


def is_person(user: User, person: Person) -> None:
    user.person = person
    user.save(update_fields=["person"])


def merged(kc: World, kept: Person, duplicate: Person) -> None:
    merge = ask_merge(
        kept, duplicate, by=kc.staff2, on=DAY, decided_on=DAY, reason="Trùng", decision_number="1"
    )
    approve_merge(merge, by=officer("canbo-khac", kc.top, Role.STAFF), on=DAY)


def refused_by(name: str, write: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        write()
    assert constraint_of(refusal.value) == name


def row(kc: World, file: Candidate, **changes: Any) -> Decision:
    """A decision written past all operations."""
    values: dict[str, Any] = {
        "candidate": file, "authority": kc.top, "kind": "admit", "number": "99-QĐ",
        "signed_on": DAY, "signer": "Nguyễn Văn Bí thư", "rules": file.rules,
        "approved_by": kc.approver, **changes,
    }  # fmt: skip
    return Decision.objects.create(**values)


# ---------------------------------------------------------------- who takes part does not decide


@pytest.mark.sweep
@pytest.mark.parametrize(
    "step", [Step.PUT_ON_LIST, Step.PERMIT, Step.COMPLETE_PAPERS, Step.SEND_UP]
)
def test_who_recorded_a_step_of_proposing_does_not_approve(kc: World, step: Step) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    Milestone.objects.create(candidate=file, step=step, on=WAY["papers_on"], entered_by=kc.approver)

    with pytest.raises(DomainError, match="by which this case was proposed"):
        decided(kc, file)
    refused_by(NO_PART, lambda: row(kc, file))


def test_a_helper_does_not_approve_by_the_account_of_a_record_that_was_merged(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    helper, other = kc.members[0], member(kc.sibling, since=date(2020, 1, 1))
    is_person(kc.approver, other)
    merged(kc, other, helper)

    with pytest.raises(DomainError, match="You help this candidate"):
        decided(kc, file)
    refused_by(NO_PART, lambda: row(kc, file))


def test_an_introducer_does_not_approve_by_the_account_of_a_record_that_was_merged(
    kc: World,
) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    introducer, other = kc.members[25], member(kc.sibling, since=date(2020, 1, 1))
    is_person(kc.approver, other)
    merged(kc, introducer, other)

    with pytest.raises(DomainError, match="You introduce this candidate"):
        decided(kc, file)
    refused_by(NO_PART, lambda: row(kc, file))


# ---------------------------------------------------------------- who decided takes no part


def test_nobody_is_named_introducer_after_the_decision(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)

    with pytest.raises(DomainError, match="“Introducer named” is not recorded from there"):
        name_introducer(
            file, by=kc.secretary, on=DAY, kind="member", named_on=date(2021, 2, 10),
            person=kc.members[5], together_since=date(2018, 2, 1),
        )  # fmt: skip
    with pytest.raises(DomainError, match="“Introducer named” is not recorded from there"):
        end_introducer(
            file.introducers.all()[0], by=kc.secretary, on=DAY, ended_on=DAY, reason="Chuyển đi",
            successor=kc.members[5],
        )  # fmt: skip


def cancelled_for_its_procedure(kc: World, file: Candidate) -> User:
    """Let the decision be cancelled, and the file go back before the papers; return by whom."""
    by = officer("duyet-huy", kc.top, Role.APPROVER)
    review = ask_cancellation(
        file, by=kc.staff2, on=DAY, ground="procedure", reason="Sai trình tự",
        asked_on=date(2021, 5, 20), back_to=Stage.READY,
    )  # fmt: skip
    cancel_decision(
        review, by=by, on=DAY, number="H1-QĐ/ĐU", signed_on=date(2021, 5, 25),
        signer="Nguyễn Văn Bí thư",
    )  # fmt: skip
    return by


def test_who_approved_a_decision_does_not_introduce_the_candidate_later(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    is_person(kc.approver, kc.members[5])
    cancelled_for_its_procedure(kc, file)

    with pytest.raises(DomainError) as refusal:
        name_introducer(
            file, by=kc.secretary, on=DAY, kind="member", named_on=date(2021, 2, 10),
            person=kc.members[5], together_since=date(2018, 2, 1),
        )  # fmt: skip

    assert refusal.value.fields == {
        "person": f"{kc.members[5]} approved a decision of this case and takes no other part in it."
    }
    refused_by(
        "introducer_approved_no_decision_of_the_case",
        lambda: Introducer.objects.create(
            candidate=file, kind="member", person=kc.members[5], named_on=DAY,
            entered_by=kc.secretary,
        ),
    )  # fmt: skip


@pytest.mark.parametrize("is_merged", [False, True])
def test_who_approved_the_decision_does_not_help_the_candidate_later(
    kc: World, is_merged: bool
) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    approver = kc.members[5]
    if is_merged:
        other = member(kc.sibling, since=date(2020, 1, 1))
        is_person(kc.approver, other)
        merged(kc, approver, other)
    else:
        is_person(kc.approver, approver)

    with pytest.raises(DomainError) as refusal:
        assign_mentor(file, by=kc.secretary, on=DAY, mentor=approver, since=WAY["mentored_on"])

    assert list(refusal.value.fields) == ["mentor"]
    refused_by(
        "mentorship_approved_no_decision_of_the_case",
        lambda: Mentorship.objects.create(
            candidate=file, mentor=approver, period=since(DAY), entered_by=kc.secretary
        ),
    )


@pytest.mark.thorough
def test_who_approved_the_admission_records_no_vote_on_the_recognition(kc: World) -> None:
    on = date(2022, 9, 1)
    appointed(kc.approver, kc.top, Role.STAFF)
    stand_on(on)
    file = on_probation(kc, ceremony_on=WAY["ceremony_on"])
    new_member_class(kc, file, on=on, issued_on=date(2021, 9, 1))
    papers_of_probation(kc, file, on=on, dated_on=date(2022, 5, 20))
    vote_of_probation(kc, file, level=Level.CELL, held_on=date(2022, 5, 25), on=on)
    vote_of_probation(kc, file, level=Level.GRASSROOTS, held_on=date(2022, 6, 1), on=on)
    competent: dict[str, Any] = {
        "level": Level.COMPETENT, "held_on": date(2022, 6, 8), "on": on,
    }  # fmt: skip

    with pytest.raises(DomainError, match="You approved a decision of this case"):
        vote_of_probation(kc, file, by=kc.approver, **competent)
    rules = RuleSet.objects.in_force(on=date(2022, 6, 8))
    refused_by(
        "ballot_recorded_by_nobody_who_approved_a_decision",
        lambda: Ballot.objects.create(
            candidate=file, purpose="recognition", level="competent", organization=kc.top,
            held_on=date(2022, 6, 8), entitled=15, present=15, in_favour=15, against=0,
            rules=rules, numerator=1, denominator=2, strict=True, passed=True,
            entered_by=kc.approver,
        ),
    )  # fmt: skip
    assert vote_of_probation(kc, file, **competent).passed


# ---------------------------------------------------------------- a decision that was cancelled


@pytest.mark.thorough
def test_neither_who_cancelled_nor_who_asked_for_it_issues_the_next_decision(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    asker = officer("xin-huy", kc.top, Role.STAFF)
    canceller = officer("duyet-huy", kc.top, Role.APPROVER)
    review = ask_cancellation(
        file, by=asker, on=DAY, ground="procedure", reason="Sai trình tự",
        asked_on=date(2021, 5, 20), back_to=Stage.COMPETENT_RESOLVED,
    )  # fmt: skip
    cancel = cancel_decision(
        review, by=canceller, on=DAY, number="H1-QĐ/ĐU", signed_on=date(2021, 5, 25),
        signer="Nguyễn Văn Bí thư",
    )  # fmt: skip
    appointed(asker, kc.top, Role.APPROVER)

    for who, sentence in ((canceller, "You cancelled"), (asker, "You asked that")):
        with pytest.raises(DomainError, match=sentence):
            decided(kc, file, by=who, signed_on=DAY)
        refused_by(
            "decision_replaced_by_a_third_person",
            lambda: row(kc, file, approved_by=who, supersedes=cancel),  # noqa: B023
        )
    third = officer("duyet-moi", kc.top, Role.APPROVER)
    assert decided(kc, file, by=third, signed_on=DAY).supersedes == cancel


# ---------------------------------------------------------------- one's own file, once merged


def as_records_of_one(merging: str, file: Candidate, own: Person, third: Person) -> None:
    """The record of whoever acts and that of the file are one person's, merged this way."""
    into = {
        "own into the file's": [(own, file.person)],
        "the file's into own": [(file.person, own)],
        "both into a third": [(own, third), (file.person, third)],
    }[merging]
    for duplicate, kept in into:
        duplicate.merged_into = kept
        duplicate.save(update_fields=["merged_into"])


MERGINGS = ["own into the file's", "the file's into own", "both into a third"]


@pytest.mark.parametrize("is_relative", [False, True], ids=["own", "relative"])
@pytest.mark.parametrize("merging", MERGINGS)
def test_nobody_records_a_vote_on_the_record_that_their_own_or_a_relatives_was_merged_with(
    kc: World, merging: str, is_relative: bool
) -> None:
    file = candidate(kc, at=Stage.READY)
    mine, third = kc.members[7], kc.members[8]
    if is_relative:
        declare_relative(mine, by=kc.secretary, on=DAY, kind="sibling")
    else:
        is_person(kc.secretary, mine)
    client = Client()
    client.force_login(kc.secretary)
    page = reverse("candidate-step", args=[file.public_id, "chi-bo-xet"])
    assert client.get(page).status_code == 200
    as_records_of_one(merging, file, mine, third)
    sent = {
        "once": once(), "held_on": "05/03/2021", "entitled": "26", "present": "24",
        "in_favour": "24", "against": "0",
    }  # fmt: skip

    assert client.get(page).status_code == 404
    assert client.post(page, sent).status_code == 404
    meeting = client.get(reverse("meeting-cell", args=[kc.cell.slug]))
    assert [one.file for one in meeting.context["pack"].votes] == []
    with pytest.raises(PermissionDenied):
        vote(fresh(file), by=kc.secretary, level="cell", held_on=WAY["cell_on"])
    refused_by(
        "ballot_not_of_ones_own_file",
        lambda: Ballot.objects.create(
            candidate=file, level="cell", purpose="admission", held_on=WAY["cell_on"],
            organization=kc.cell, entitled=26, present=24, in_favour=24, against=0, passed=True,
            rules=file.rules, entered_by=kc.secretary,
        ),
    )  # fmt: skip


def test_who_is_merged_with_somebody_else_still_records_the_votes_of_the_others(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    is_person(kc.secretary, kc.members[7])
    kc.members[7].merged_into = kc.members[8]
    kc.members[7].save(update_fields=["merged_into"])

    assert vote(file, by=kc.secretary, level="cell", held_on=WAY["cell_on"]).passed


# ---------------------------------------------------------------- what is not rewritten


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("introducer", "person_id = person_id"),
        ("introducer", "named_on = named_on"),
        ("mentorship", "mentor_id = mentor_id"),
        ("certificate", "expires_on = expires_on"),
        ("certificate", "issued_on = issued_on"),
        ("candidate", "person_id = person_id"),
        ("paper", "dated_on = dated_on"),
        ("paper", "stale_on = stale_on"),
    ],
)
def test_who_took_part_and_whom_a_file_is_about_is_not_rewritten(
    kc: World, table: str, change: str
) -> None:
    candidate(kc, at=Stage.READY)

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE admissions_{table} SET {change}")  # noqa: S608 - our own names


# ---------------------------------------------------------------- what a decision stands on


@pytest.mark.thorough
def test_a_decision_supersedes_only_what_was_cancelled_of_the_same_file(kc: World) -> None:
    file, other = candidate(kc, at=Stage.DECIDED), candidate(kc, at=Stage.DECIDED)
    first = file.decisions.get()
    review = DecisionReview.objects.create(
        decision=first, ground="unqualified", reason="Sai", asked_on=DAY, entered_by=kc.staff
    )
    third = officer("duyet-ba", kc.top, Role.APPROVER)
    name = "decision_supersedes_what_it_may"

    refused_by(name, lambda: row(kc, file, supersedes=first))
    refused_by(
        name,
        lambda: row(
            kc, other, kind="cancel", reason="Sai", supersedes=first, review=review,
            approved_by=third,
        ),
    )  # fmt: skip
    refused_by(name, lambda: row(kc, file, kind="refuse", reason="Sai", supersedes=first))


@pytest.mark.thorough
def test_a_refusal_and_a_cancellation_are_of_the_body_that_may(kc: World) -> None:
    file, undecided = candidate(kc, at=Stage.DECIDED), candidate(kc, at=Stage.CELL_RESOLVED)
    first = file.decisions.get()
    review = DecisionReview.objects.create(
        decision=first, ground="unqualified", reason="Sai", asked_on=DAY, entered_by=kc.staff
    )
    third = officer("duyet-ba", kc.top, Role.APPROVER)
    name = "decision_by_the_body_that_is_competent"

    refused_by(name, lambda: row(kc, undecided, kind="refuse", reason="Sai", authority=kc.sibling))
    refused_by(
        name,
        lambda: row(
            kc, file, kind="cancel", reason="Sai", supersedes=first, review=review,
            approved_by=third, authority=kc.sibling,
        ),
    )  # fmt: skip
