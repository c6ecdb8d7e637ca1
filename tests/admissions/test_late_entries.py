"""A ceremony entered long after its day counts once a third person lets it (SoD-6, T7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError, transaction
from django.urls import reverse

from admissions.models import Admission, Candidate, LateEntry, Milestone, RuleSet
from admissions.operations.cancellations import ask_cancellation, cancel_decision
from admissions.operations.ceremonies import hold_ceremony
from admissions.operations.late_entries import decline_late_entry, enter_late, let_count
from admissions.operations.recording import constraint_of
from admissions.parameters import KNOWN, OWN_POLICY
from admissions.rules import is_entered_late
from admissions.selectors import STEP_CODES, file_page
from admissions.stages import Level, Stage, Step
from config.clock import AppNow
from config.errors import DomainError
from organizations.models import Membership, Outbox, Role, User
from organizations.operations.relatives import declare_relative
from organizations.sheets.waiting import waiting_for
from tests.admissions.test_races import at_once, one_is_told
from tests.database import OwnerRole
from tests.makers import (
    DAY,
    WAY,
    World,
    account,
    candidate,
    decided,
    member,
    officer,
    once,
    stand_on,
    standing_on,
    vote,
    world,
)
from tests.reports.everywhere import client

pytestmark = pytest.mark.django_db

LAST_IN_TIME = DAY - timedelta(days=30)
LATE = DAY - timedelta(days=31)
THIRD = "late_entry_answered_by_a_third_person"


@pytest.fixture
def file(kc: World) -> Candidate:
    return candidate(kc, at=Stage.DECIDED)


@pytest.fixture
def third(kc: World) -> User:
    return officer("duyet-ba", kc.top, Role.APPROVER)


def entered(kc: World, file: Candidate, **changes: Any) -> LateEntry:
    values: dict[str, Any] = {
        "by": kc.secretary, "on": DAY, "ceremony_on": LATE, "reason": "Biên bản về muộn", **changes,
    }  # fmt: skip
    return enter_late(file, **values)


def refused_by(name: str, write: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        write()
    assert constraint_of(refusal.value) == name


def facts(file: Candidate) -> dict[str, int]:
    """What an admission brings about, each counted."""
    return {
        "admissions": Admission.objects.filter(candidate=file).count(),
        "memberships": Membership.objects.filter(person=file.person).count(),
        "news": Outbox.objects.filter(kind="admissions.admission").count(),
        "steps": Milestone.objects.filter(candidate=file, step=Step.ADMIT).count(),
    }


def waits_for(who: User, *, on: date = DAY) -> list[int]:
    """How many ceremonies entered late are on the page of tasks of `who`."""
    title = "Ceremonies entered late, to let count"
    return [one.count for one in waiting_for(who, on=on) if one.title == title]


NOTHING = dict.fromkeys(("admissions", "memberships", "news", "steps"), 0)


# ---------------------------------------------------------------- from which day on


def test_thirty_days_back_is_in_time_and_a_day_more_is_late(kc: World, file: Candidate) -> None:
    rules = file.rules
    assert not is_entered_late(LAST_IN_TIME, rules, on=DAY)
    assert is_entered_late(LATE, rules, on=DAY)

    with pytest.raises(DomainError) as refusal:
        hold_ceremony(file, by=kc.secretary, on=DAY, ceremony_on=LATE)
    assert list(refusal.value.fields) == ["ceremony_on"]
    assert facts(file) == NOTHING

    held = hold_ceremony(file, by=kc.secretary, on=DAY, ceremony_on=LAST_IN_TIME)
    assert held.late_entry is None


def test_the_days_are_a_parameter_of_the_rules_and_say_whose_policy_they_are(
    kc: World, file: Candidate
) -> None:
    assert set(RuleSet.objects.values_list("late_entry_days", flat=True)) == {30}
    assert KNOWN["", "late_entry_days"][1] == OWN_POLICY

    file.rules.late_entry_days = 31
    assert not is_entered_late(LATE, file.rules, on=DAY)


def test_the_database_holds_the_same_day(kc: World, file: Candidate) -> None:
    row: dict[str, Any] = {
        "candidate": file, "person": file.person, "cell": kc.cell, "sex": "male", "age_years": 24,
        "decision": file.decisions.get(), "decided_on": WAY["signed_on"],
        "entered_by": kc.secretary,
    }  # fmt: skip
    named = "admission_entered_late_by_three_people"
    refused_by(named, lambda: Admission.objects.create(**row, ceremony_on=LATE))

    waiting = entered(kc, file)
    refused_by(named, lambda: Admission.objects.create(**row, ceremony_on=LATE, late_entry=waiting))

    with transaction.atomic():
        Admission.objects.create(**row, ceremony_on=LAST_IN_TIME)


# ---------------------------------------------------------------- entered, and waiting


def test_what_is_entered_late_counts_for_nothing_until_a_third_person_lets_it(
    kc: World, file: Candidate, third: User
) -> None:
    waiting = entered(kc, file)

    assert facts(file) == NOTHING
    file.refresh_from_db()
    assert file.stage == Stage.DECIDED

    admission = let_count(waiting, by=third, on=DAY)

    assert facts(file) == dict.fromkeys(NOTHING, 1)
    assert (admission.ceremony_on, admission.entered_by, admission.late_entry) == (
        LATE, kc.secretary, waiting,
    )  # fmt: skip
    file.refresh_from_db()
    assert file.stage == Stage.ADMITTED
    note = Milestone.objects.get(candidate=file, step=Step.ADMIT).note
    assert "Biên bản về muộn" in note
    assert "duyet-ba" in note


def test_it_says_why(kc: World, file: Candidate) -> None:
    with pytest.raises(DomainError) as refusal:
        entered(kc, file, reason="  ")
    assert list(refusal.value.fields) == ["late_because"]

    refused_by(
        "late_entry_says_why",
        lambda: LateEntry.objects.create(
            candidate=file, decision=file.decisions.get(), ceremony_on=LATE, reason="",
            entered_by=kc.secretary,
        ),
    )  # fmt: skip


def test_what_is_in_time_asks_nobody_else(kc: World, file: Candidate) -> None:
    with pytest.raises(DomainError, match="This is not late"):
        entered(kc, file, ceremony_on=LAST_IN_TIME)


def test_one_waits_at_a_time_and_no_ceremony_is_recorded_beside_it(
    kc: World, file: Candidate
) -> None:
    entered(kc, file)

    for again in (
        lambda: entered(kc, file),
        lambda: hold_ceremony(file, by=kc.secretary, on=DAY, ceremony_on=LAST_IN_TIME),
    ):
        with pytest.raises(DomainError, match="waits for a third person"):
            again()


# ---------------------------------------------------------------- who answers


def test_neither_who_entered_it_nor_who_approved_nor_who_took_part_answers(
    kc: World, file: Candidate, third: User
) -> None:
    officers = {
        "entered": kc.secretary, "approved": kc.approver, "recorded a vote": kc.staff2,
        "helps": officer("giup", kc.top, Role.APPROVER),
        "near": officer("gan", kc.top, Role.APPROVER),
    }  # fmt: skip
    officers["helps"].person = kc.members[0]
    officers["helps"].save(update_fields=["person"])
    declare_relative(file.person, by=officers["near"], on=DAY, kind="sibling")
    for name in ("entered", "recorded a vote"):
        officers[name].appointments.create(
            organization=kc.top, role=Role.APPROVER,
            period=officers[name].appointments.get().period,
        )  # fmt: skip
    waiting = entered(kc, file)

    for who in officers.values():
        for answer in (
            lambda: let_count(waiting, by=who, on=DAY),  # noqa: B023
            lambda: decline_late_entry(waiting, by=who, on=DAY, reason="Sai"),  # noqa: B023
        ):
            with pytest.raises((DomainError, PermissionDenied)):
                answer()
        one = LateEntry.objects.filter(pk=waiting.pk)
        refused_by(THIRD, lambda: one.update(answered_by=who, answered_at=AppNow()))  # noqa: B023
    assert facts(file) == NOTHING
    assert let_count(waiting, by=third, on=DAY).sign == 1


def test_who_is_no_approver_above_the_cell_does_not_answer(kc: World, file: Candidate) -> None:
    waiting = entered(kc, file)
    elsewhere = officer("duyet-ngoai", kc.sibling, Role.APPROVER)

    for who in (kc.secretary2, kc.staff, kc.auditor, kc.leader, kc.administrator, elsewhere):
        with pytest.raises(PermissionDenied):
            let_count(waiting, by=who, on=DAY)
        with pytest.raises(PermissionDenied):
            decline_late_entry(waiting, by=who, on=DAY, reason="Sai")


def test_the_body_above_answers_where_a_small_unit_lacks_three_people(
    kc: World, file: Candidate
) -> None:
    below = officer("duyet-duoi", kc.committee, Role.APPROVER)

    assert let_count(entered(kc, file), by=below, on=DAY).sign == 1


def test_declined_it_stays_with_the_reason_and_another_may_be_entered(
    kc: World, file: Candidate, third: User
) -> None:
    waiting = entered(kc, file)
    with pytest.raises(DomainError) as refusal:
        decline_late_entry(waiting, by=third, on=DAY, reason="")
    assert list(refusal.value.fields) == ["declined_because"]

    declined = decline_late_entry(waiting, by=third, on=DAY, reason="Sai ngày")

    assert declined.declined_because == "Sai ngày"
    assert facts(file) == NOTHING
    with pytest.raises(DomainError, match="answered already"):
        let_count(waiting, by=third, on=DAY)
    one = LateEntry.objects.filter(pk=waiting.pk)
    refused_by("late_entry_stays", lambda: one.update(declined_because=""))
    entered(kc, file, ceremony_on=date(2021, 4, 20))


def test_what_was_asked_is_not_changed_by_the_answer(
    kc: World, file: Candidate, owner_role: OwnerRole
) -> None:
    one = LateEntry.objects.filter(pk=entered(kc, file).pk)

    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        one.update(ceremony_on=date(2021, 4, 20))
    with owner_role():
        refused_by("late_entry_stays", lambda: one.update(ceremony_on=date(2021, 4, 20)))


def test_it_lapses_with_a_decision_that_is_cancelled_and_is_entered_anew_under_the_next(
    kc: World, file: Candidate, third: User
) -> None:
    lapsed = entered(kc, file)
    where, browser = reverse("late-entry-answer", args=[file.public_id]), client(third)
    assert browser.get(where).status_code == 200
    review = ask_cancellation(
        file, by=kc.staff2, on=DAY, ground="procedure", back_to=Stage.GRASSROOTS_RESOLVED,
        reason="Sai quy trình", asked_on=date(2021, 5, 20),
    )  # fmt: skip
    cancel_decision(
        review, by=officer("duyet-huy", kc.top, Role.APPROVER), on=DAY, number="H1-QĐ/ĐU",
        signed_on=date(2021, 5, 25), signer="Nguyễn Văn Bí thư",
    )  # fmt: skip

    assert waits_for(third) == []
    assert browser.get(where).status_code == 302

    vote(file, by=kc.staff2, level=Level.COMPETENT, held_on=date(2021, 5, 26))
    decided(kc, file, signed_on=date(2021, 5, 27))

    assert waits_for(third) == []
    assert browser.get(where).status_code == 302
    file.refresh_from_db()
    later = DAY + timedelta(days=31)
    with standing_on(later):
        anew = entered(kc, file, on=later, ceremony_on=DAY)
        assert waits_for(third, on=later) == [1]
        with pytest.raises(DomainError):
            let_count(lapsed, by=third, on=later)
        admission = let_count(anew, by=third, on=later)
    assert (admission.ceremony_on, admission.late_entry) == (DAY, anew)
    assert waits_for(third, on=later) == []


def test_two_that_wait_under_one_decision_are_refused_by_the_database(
    kc: World, file: Candidate
) -> None:
    waiting = entered(kc, file)

    refused_by(
        "late_entry_waits_once",
        lambda: LateEntry.objects.create(
            candidate=file, decision=waiting.decision, ceremony_on=LATE, reason="Hai lần",
            entered_by=kc.secretary,
        ),
    )  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize(
    "part", ["recorded a vote", "logged", "proposed", "approved", "helps", "introduces", "near"]
)
def test_it_waits_for_nobody_who_took_part_by_another_account_of_theirs(
    kc: World, file: Candidate, part: str
) -> None:
    entered(kc, file, by=officer("thu-ky-moi", kc.cell))
    one = member(kc.sibling, since=date(2020, 1, 1))
    second = officer("tai-khoan-hai", kc.top, Role.APPROVER)
    second.person = one
    second.save(update_fields=["person"])
    assert waits_for(second) == [1]

    kept = kc.members[5]
    accounts = {"recorded a vote": kc.staff2, "logged": kc.secretary, "approved": kc.approver}
    if part == "proposed":
        accounts[part] = account("nguoi-gui")
        Milestone.objects.create(
            candidate=file, step=Step.SEND_UP, on=DAY, entered_by=accounts[part]
        )
    if part in accounts:
        accounts[part].person = kept
        accounts[part].save(update_fields=["person"])
    elif part == "helps":
        kept = file.mentorships.get().mentor
    elif part == "introduces":
        helper = file.mentorships.get().mentor_id
        kept = file.introducers.exclude(person=helper).exclude(person=None)[0].person
    if part == "near":
        declare_relative(file.person, by=second, on=DAY, kind="sibling")
    else:
        one.merged_into = kept
        one.save(update_fields=["merged_into"])

    assert waits_for(second) == []


# ---------------------------------------------------------------- pages


def test_the_form_asks_why_at_its_own_field_and_keeps_what_was_typed(
    kc: World, file: Candidate
) -> None:
    where = reverse("candidate-step", args=[file.public_id, STEP_CODES[Step.ADMIT]])
    sent = {"once": once(), "ceremony_on": f"{LATE:%d/%m/%Y}"}
    browser = client(kc.secretary)

    answer = browser.post(where, sent)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["late_because"]
    assert f'value="{LATE:%d/%m/%Y}"' in answer.content.decode()

    answer = browser.post(where, {**sent, "once": once(), "late_because": "Biên bản về muộn"})

    assert answer.status_code == 303
    assert LateEntry.objects.get().reason == "Biên bản về muộn"
    assert facts(file) == NOTHING


def test_it_waits_on_the_third_persons_page_of_tasks_and_on_the_files(
    kc: World, file: Candidate, third: User
) -> None:
    entered(kc, file)
    title = "Ceremonies entered late, to let count"
    where = reverse("late-entry-answer", args=[file.public_id])

    [row] = [one for one in waiting_for(third, on=DAY) if one.title == title]
    assert (row.count, row.url) == (1, where)
    for who in (kc.secretary, kc.approver, kc.staff2):
        assert title not in [one.title for one in waiting_for(who, on=DAY)]

    upcoming = file_page(file, user=kc.secretary, on=DAY).next
    assert upcoming is not None
    assert (upcoming.is_mine, upcoming.waits_for) == (False, "a third person")
    shown = client(kc.secretary).get(reverse("candidate-detail", args=[file.public_id]))
    assert "Counts for nothing until a third person lets it." in shown.content.decode()
    assert client(third).get(where).status_code == 200


def shown(who: User, file: Candidate) -> str:
    page: str = client(who).get(reverse("candidate-detail", args=[file.public_id])).content.decode()
    return page


def test_the_file_names_who_may_be_the_third_person(
    kc: World, file: Candidate, third: User
) -> None:
    near = officer("duyet-nguoi-nha", kc.committee, Role.APPROVER)
    declare_relative(by=near, person=file.person, kind="sibling", on=DAY)
    officer("duyet-noi-khac", kc.sibling, Role.APPROVER)
    entered(kc, file)

    for who in (kc.secretary, kc.auditor):
        told = shown(who, file)
        assert f"May answer: {third} ({kc.top})." in told
        assert str(near) not in told


def test_the_file_says_where_nobody_is_left_to_be_the_third_person(
    kc: World, file: Candidate
) -> None:
    entered(kc, file)

    assert "No approver above the cell may answer it" in shown(kc.secretary, file)


def test_the_term_of_a_ceremony_that_waits_is_not_told_as_overdue(
    kc: World, file: Candidate, third: User
) -> None:
    later = DAY + timedelta(days=40)
    stand_on(later)
    assert "days overdue" in shown(kc.secretary, file)

    entry = entered(kc, file, on=later, ceremony_on=DAY)

    waiting = shown(kc.secretary, file)
    assert "days overdue" not in waiting
    assert "entered late, waits" in waiting
    decline_late_entry(entry, by=third, on=later, reason="Sai ngày")
    assert "days overdue" in shown(kc.secretary, file)


def test_the_third_person_lets_it_count_by_the_page(
    kc: World, file: Candidate, third: User
) -> None:
    entered(kc, file)
    where, browser = reverse("late-entry-answer", args=[file.public_id]), client(third)

    assert browser.post(where, {"once": once()}).status_code == 422
    empty = browser.post(where, {"once": once(), "answer": "decline"})
    assert list(empty.context["form"].errors) == ["declined_because"]
    assert browser.post(where, {"once": once(), "answer": "agree"}).status_code == 303

    assert facts(file) == dict.fromkeys(NOTHING, 1)
    # Answered: the page leads back, and the answer is not given twice.
    assert browser.get(where).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_two_answer_at_once_and_one_is_told() -> None:
    two = world()
    file = candidate(two, at=Stage.DECIDED)
    first, second = (officer(f"duyet-{one}", two.top, Role.APPROVER) for one in ("ba", "tu"))
    waiting = entered(two, file)

    one_is_told(
        at_once(
            lambda: let_count(waiting, by=first, on=DAY),
            lambda: decline_late_entry(waiting, by=second, on=DAY, reason="Sai"),
        )
    )

    waiting.refresh_from_db()
    assert Admission.objects.count() == (0 if waiting.declined_because else 1)
