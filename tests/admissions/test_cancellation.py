"""Decisions that are cancelled: who asks, who answers, what becomes of file and figures."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from admissions.cases import Case, case_of
from admissions.models import Admission, Candidate, Decision, DecisionReview, Milestone
from admissions.operations.cancellations import (
    ask_cancellation,
    cancel_decision,
    decline_cancellation,
    waiting_review,
)
from admissions.operations.ceremonies import hold_ceremony
from admissions.operations.outcomes import return_file
from admissions.operations.recording import constraint_of
from admissions.stages import Level, Stage, Step
from config.clock import AppNow
from config.errors import DomainError
from organizations.models import Membership, Role, User
from organizations.operations.structure import grant_competence, move
from tests.admissions.test_races import at_once, one_is_told
from tests.makers import (
    BEGINNING,
    DAY,
    World,
    account,
    appointed,
    candidate,
    decided,
    officer,
    once,
    stand_on,
    two_records_of_one_person,
    unit,
    vote,
    world,
)


@pytest.fixture
def third(kc: World) -> User:
    """Another approver of the body that decides, who took no part."""
    return officer("kc-duyet2", kc.top, Role.APPROVER)


def fresh(file: Candidate) -> Candidate:
    return Candidate.objects.select_related("person", "cell", "rules").get(pk=file.pk)


def case(file: Candidate, *, on: date = DAY) -> Case:
    return case_of(fresh(file), on=on)


def asked(world: World, file: Candidate, **changes: Any) -> DecisionReview:
    values: dict[str, Any] = {
        "by": world.staff2,
        "on": DAY,
        "ground": "unqualified",
        "reason": "Lý lịch khai không trung thực",
        "asked_on": date(2021, 5, 20),
        **changes,
    }
    return ask_cancellation(file, **values)


def cancelled(review: DecisionReview, by: User, **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "on": DAY,
        "number": f"H{review.pk}-QĐ/ĐU",
        "signed_on": date(2021, 5, 25),
        "signer": "Nguyễn Văn Bí thư",
        **changes,
    }
    return cancel_decision(review, by=by, **values)


def declined(review: DecisionReview, by: User, **changes: Any) -> DecisionReview:
    values: dict[str, Any] = {"on": DAY, "reason": "Lý lịch đã được thẩm tra đủ", **changes}
    return decline_cancellation(review, by=by, **values)


def test_only_who_would_cancel_declines_to(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    review = asked(kc, file)

    for user in (kc.secretary, kc.staff, kc.auditor):
        with pytest.raises(PermissionDenied):
            declined(review, by=user)


def refusals(write: Callable[[], object]) -> dict[str, str]:
    with pytest.raises(DomainError) as refusal:
        write()
    return refusal.value.fields or {"": refusal.value.sentence}


# ---------------------------------------------------------------- asking


def test_staff_asks_and_says_why(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)

    review = asked(kc, file)

    assert (review.decision, review.entered_by, review.ground) == (
        file.decisions.get(),
        kc.staff2,
        "unqualified",
    )
    assert fresh(file).stage == Stage.DECIDED  # asking changes nothing


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary", "approver", "leader", "auditor"])
def test_others_do_not_ask(kc: World, who: str) -> None:
    file = candidate(kc, at=Stage.DECIDED)

    with pytest.raises(PermissionDenied):
        asked(kc, file, by=getattr(kc, who))


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("at", "changes", "field"),
    [
        (Stage.DECIDED, {"reason": " "}, "reason"),
        (Stage.DECIDED, {"asked_on": date(2021, 4, 14)}, "asked_on"),
        (Stage.DECIDED, {"asked_on": date(2021, 5, 29)}, "asked_on"),
        (Stage.DECIDED, {"ground": "procedure"}, "back_to"),
        (Stage.DECIDED, {"ground": "procedure", "back_to": Stage.DECIDED}, "back_to"),
        (Stage.DECIDED, {"ground": "procedure", "back_to": Stage.APPRAISED}, "back_to"),
        (Stage.ADMITTED, {"ground": "lapsed"}, "ground"),
        (Stage.ADMITTED, {"ground": "moved"}, "ground"),
        (Stage.COMPETENT_RESOLVED, {}, ""),
    ],
)
def test_an_impossible_request_is_refused_at_its_field(
    kc: World, at: Stage, changes: dict[str, Any], field: str
) -> None:
    file = candidate(kc, at=at)

    assert list(refusals(lambda: asked(kc, file, **changes))) == [field]


@pytest.mark.thorough
def test_the_same_is_asked_once_and_another_ground_takes_its_place(kc: World, third: User) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    asked(kc, file)

    assert list(refusals(lambda: asked(kc, file))) == [""]
    later = asked(kc, file, ground="lapsed", reason="Đã mất")

    assert cancelled(later, third).review == later


# ---------------------------------------------------------------- answering


def test_before_the_ceremony_who_does_not_meet_the_standard_is_not_admitted(
    kc: World, third: User
) -> None:
    file = candidate(kc, at=Stage.DECIDED)

    decision = cancelled(asked(kc, file), third, number="9-QĐ/ĐU")

    assert (decision.kind, decision.supersedes.number) == (
        "cancel",
        file.decisions.get(kind="admit").number,
    )
    now = fresh(file)
    assert (now.stage, now.closed_on, now.closed_reason) == (
        "closed",
        date(2021, 5, 25),
        "Lý lịch khai không trung thực",
    )
    assert case(file).decision is None
    assert "9-QĐ/ĐU" in Milestone.objects.get(candidate=file, step=Step.CANCEL).note


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("back_to", "next_vote"),
    [
        (Stage.READY, Level.CELL),
        (Stage.CELL_RESOLVED, Level.GRASSROOTS),
        (Stage.GRASSROOTS_RESOLVED, Level.COMPETENT),
        (Stage.COMPETENT_RESOLVED, None),
    ],
)
def test_only_the_faulty_step_and_what_follows_it_is_done_again(
    kc: World, third: User, back_to: Stage, next_vote: Level | None
) -> None:
    file = candidate(kc, at=Stage.DECIDED)

    cancelled(asked(kc, file, ground="procedure", back_to=back_to), third)

    now = fresh(file)
    assert (now.stage, now.course, now.closed_on) == (back_to, 2, None)
    assert case(file).next_vote() == next_vote


@pytest.mark.thorough
def test_the_new_decision_stands_in_the_place_of_the_cancelled_one_after_remedy(
    kc: World, third: User
) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    review = asked(kc, file, ground="procedure", back_to=Stage.GRASSROOTS_RESOLVED)
    cancelling = cancelled(review, third)

    assert list(refusals(lambda: decided(kc, file, signed_on=date(2021, 5, 26)))) == ["signed_on"]
    vote(file, by=kc.staff2, level=Level.COMPETENT, held_on=date(2021, 5, 26))
    decision = decided(kc, file, number="99-QĐ/ĐU", signed_on=date(2021, 5, 27))

    assert decision.supersedes == cancelling
    assert case(file).decision == decision
    remedy = Milestone.objects.get(candidate=file, step=Step.REMEDY)
    first = file.decisions.get(kind="admit", supersedes=None)
    # A note is kept in the product's own language.
    with translation.override(settings.LANGUAGE_CODE):
        words = gettext("No. %(number)s in the place of No. %(faulty)s")
    note = words % {"number": "99-QĐ/ĐU", "faulty": first.number}
    assert (remedy.on, remedy.note) == (date(2021, 5, 27), note)
    assert fresh(file).stage == Stage.DECIDED


@pytest.mark.thorough
def test_a_file_of_somebody_who_moved_goes_on_to_another_body(kc: World, third: User) -> None:
    file = candidate(kc, at=Stage.DECIDED)

    cancelled(asked(kc, file, ground="moved"), third)

    assert fresh(file).stage == Stage.GRASSROOTS_RESOLVED
    assert case(file).next_vote() == Level.COMPETENT
    assert not Milestone.objects.filter(candidate=file, step=Step.REMEDY).exists()


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": " "}, "number"),
        ({"signer": ""}, "signer"),
        ({"signed_on": date(2021, 5, 19)}, "signed_on"),  # asked for on the twentieth
        ({"signed_on": date(2021, 5, 29)}, "signed_on"),
    ],
)
def test_an_impossible_answer_is_refused_at_its_field(
    kc: World, third: User, changes: dict[str, Any], field: str
) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    review = asked(kc, file)

    assert list(refusals(lambda: cancelled(review, third, **changes))) == [field]
    assert fresh(file).stage == Stage.DECIDED


# ---------------------------------------------------------------- three people


@pytest.mark.thorough
def test_neither_who_asked_nor_who_approved_nor_who_took_part_cancels(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    review = asked(kc, file)
    for user in (kc.staff2, kc.secretary, kc.staff):
        appointed(user, kc.top, Role.APPROVER)
    helping = account("giup-do", person=kc.members[0])
    appointed(helping, kc.top, Role.APPROVER)

    told = {
        user.username: refusals(lambda user=user: cancelled(review, user))[""]  # type: ignore[misc]
        for user in (kc.staff2, kc.approver, kc.secretary, kc.staff, helping)
    }

    assert told["kc-canbo2"] == "You asked for it, so another approver answers."
    assert told["kc-duyet"] == "You approved the decision, so another approver cancels it."
    assert all("another approver" in sentence for sentence in told.values())
    assert fresh(file).stage == Stage.DECIDED


@pytest.mark.parametrize(
    ("part", "told"), [("staff2", "You asked for it"), ("approver", "You approved the decision")]
)
def test_who_asked_or_approved_does_not_cancel_by_the_account_of_a_merged_record(
    kc: World, third: User, part: str, told: str
) -> None:
    review = asked(kc, candidate(kc, at=Stage.DECIDED))
    two_records_of_one_person(kc, getattr(kc, part), third)

    for answer in (cancelled, declined):
        assert refusals(lambda: answer(review, third))[""].startswith(told)  # noqa: B023


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary", "staff", "staff2", "leader", "auditor"])
def test_only_an_approver_of_the_issuing_body_answers(kc: World, who: str) -> None:
    review = asked(kc, candidate(kc, at=Stage.DECIDED))

    with pytest.raises(PermissionDenied):
        cancelled(review, getattr(kc, who))
    with pytest.raises(PermissionDenied):
        cancelled(review, officer("duyet-duoi", kc.committee, Role.APPROVER))


@pytest.mark.thorough
def test_the_database_wants_three_people_and_a_request(kc: World, third: User) -> None:
    file, other = (candidate(kc, at=Stage.DECIDED) for _file in range(2))
    review, strange = asked(kc, file), asked(kc, other)
    decision = file.decisions.get()
    asker_approves = officer("hai-vai", kc.top, Role.STAFF)
    both = DecisionReview.objects.create(
        decision=decision, ground="lapsed", reason="Đã mất", asked_on=DAY,
        entered_by=asker_approves,
    )  # fmt: skip
    tries: list[tuple[str, dict[str, Any]]] = [
        ("decision_cancelled_by_a_third_person", {"review": both, "approved_by": asker_approves}),
        ("decision_cancelled_by_a_third_person", {"review": review, "approved_by": kc.approver}),
        ("decision_cancelled_by_a_third_person", {"review": strange, "approved_by": third}),
        ("decision_that_cancels_was_asked_for", {"review": None, "approved_by": third}),
        ("decision_that_refuses_or_cancels_says_why", {"review": review, "approved_by": third,
                                                       "reason": ""}),
        ("decision_approver_took_no_part_in_the_case", {"review": review,
                                                        "approved_by": kc.staff2}),
    ]  # fmt: skip
    for constraint, columns in tries:
        values: dict[str, Any] = {
            "candidate": file, "authority": kc.top, "kind": "cancel", "number": "H1",
            "signed_on": DAY, "signer": "A", "reason": "Sai", "rules": file.rules,
            "supersedes": decision, **columns,
        }  # fmt: skip
        with pytest.raises(IntegrityError) as refusal, transaction.atomic():
            Decision.objects.create(**values)
        assert constraint_of(refusal.value) == constraint


def test_where_the_issuer_is_no_longer_above_the_competent_committee_of_today_cancels(
    kc: World, third: User
) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    review = asked(kc, file)
    other = unit("kc-khac", kind="superior")
    grant_competence(
        other, kind="superior", on=BEGINNING, decision_number="9-QĐ", members_entitled=9
    )
    move(kc.committee, under=other, on=date(2021, 5, 21))
    now_competent = officer("kc-duyet-khac", other, Role.APPROVER)

    with pytest.raises(PermissionDenied):
        cancelled(review, third)
    decision = cancelled(review, now_competent)

    assert decision.authority == other


@pytest.mark.thorough
def test_the_day_before_the_issuer_went_it_cancels_itself(kc: World, third: User) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    review = asked(kc, file)
    other = unit("kc-khac", kind="superior")
    grant_competence(
        other, kind="superior", on=BEGINNING, decision_number="9-QĐ", members_entitled=9
    )
    move(kc.committee, under=other, on=date(2021, 5, 28))
    appointed(third, other, Role.SECRETARY)  # to see the file as it lies today

    assert cancelled(review, third, signed_on=date(2021, 5, 27)).authority == kc.top


# ---------------------------------------------------------------- after the ceremony


def count_in(year: int) -> int:
    return Admission.objects.held_in(year).aggregate(sum=Sum("sign"))["sum"] or 0


@pytest.mark.thorough
def test_a_cancellation_in_a_later_year_counts_minus_one_in_that_year(
    kc: World, third: User
) -> None:
    """T13: the year of the ceremony keeps what it reported."""
    file = candidate(kc, at=Stage.ADMITTED)
    stand_on(date(2022, 2, 10))

    review = asked(kc, file, on=date(2022, 2, 10), asked_on=date(2022, 2, 1))
    cancelled(review, third, on=date(2022, 2, 10), signed_on=date(2022, 2, 8))

    assert (count_in(2021), count_in(2022)) == (1, -1)
    now = fresh(file)
    assert (now.stage, now.closed_on) == ("closed", date(2022, 2, 8))
    membership = Membership.objects.get(person=file.person)
    assert (membership.period.upper, membership.reason_out) == (date(2022, 2, 8), "reversed")
    assert fresh(file).person.admitted_on is None


@pytest.mark.thorough
def test_after_the_ceremony_a_fault_of_procedure_reverses_and_sends_back(
    kc: World, third: User
) -> None:
    file = candidate(kc, at=Stage.ADMITTED)
    review = asked(kc, file, ground="procedure", back_to=Stage.GRASSROOTS_RESOLVED)

    cancelled(review, third)

    now = fresh(file)
    assert (now.stage, now.closed_on, count_in(2021)) == ("grassroots_resolved", None, 0)
    assert fresh(file).person.admitted_on is None


@pytest.mark.thorough
def test_after_remedy_a_new_ceremony_gives_the_person_their_dates_anew(
    kc: World, third: User
) -> None:
    file = candidate(kc, at=Stage.ADMITTED)
    cancelled(asked(kc, file, ground="procedure", back_to=Stage.GRASSROOTS_RESOLVED), third)
    vote(file, by=kc.staff2, level=Level.COMPETENT, held_on=date(2021, 5, 26))
    decided(kc, file, signed_on=date(2021, 5, 27))

    again = hold_ceremony(file, by=kc.secretary, on=DAY, ceremony_on=DAY)

    assert (again.decided_on, again.ceremony_on, count_in(2021)) == (date(2021, 5, 27), DAY, 1)
    assert fresh(file).person.admitted_on == date(2021, 5, 27)


# ---------------------------------------------------------------- declined


@pytest.mark.thorough
def test_a_declined_request_stays_with_its_reason_and_another_may_be_made(
    kc: World, third: User
) -> None:
    file = candidate(kc, at=Stage.DECIDED)

    review = declined(asked(kc, file), third)

    assert (review.declined_by, review.declined_because) == (third, "Lý lịch đã được thẩm tra đủ")
    assert review.declined_at is not None
    assert fresh(file).stage == Stage.DECIDED
    assert waiting_review(case(file)) is None
    again = asked(kc, file)  # the same ground: the first one waits no more
    assert waiting_review(case(file)) == again
    assert cancelled(again, third).review == again
    assert DecisionReview.objects.count() == 2


def test_what_was_declined_is_neither_declined_again_nor_cancelled_upon(
    kc: World, third: User
) -> None:
    review = declined(asked(kc, candidate(kc, at=Stage.DECIDED)), third)

    for answer in (declined, cancelled):
        told = refusals(lambda answer=answer: answer(review, third))
        assert told == {"": "This request is answered already."}


@pytest.mark.thorough
def test_an_earlier_request_comes_not_back_when_the_later_one_is_declined(
    kc: World, third: User
) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    earlier = asked(kc, file)
    later = asked(kc, file, ground="lapsed", reason="Không đến dự lễ")

    assert list(refusals(lambda: declined(earlier, third))) == [""]
    declined(later, third)

    assert waiting_review(case(file)) is None
    assert list(refusals(lambda: cancelled(earlier, third))) == [""]


@pytest.mark.thorough
def test_who_would_cancel_declines_and_nobody_else(kc: World, third: User) -> None:
    review = asked(kc, candidate(kc, at=Stage.DECIDED))

    for who in (kc.secretary, kc.staff, kc.staff2, kc.leader, kc.auditor):
        with pytest.raises(PermissionDenied):
            declined(review, who)
    told = refusals(lambda: declined(review, kc.approver))
    assert told == {"": "You approved the decision, so another approver cancels it."}
    appointed(kc.staff2, kc.top, Role.APPROVER)
    told = refusals(lambda: declined(review, kc.staff2))
    assert told == {"": "You asked for it, so another approver answers."}
    assert list(refusals(lambda: declined(review, third, reason=" "))) == ["reason"]
    review.refresh_from_db()
    assert review.declined_at is None


@pytest.mark.thorough
def test_the_database_keeps_a_request_as_it_was_made_and_as_it_was_answered(
    kc: World, third: User
) -> None:
    file, other = (candidate(kc, at=Stage.DECIDED) for _file in range(2))
    waiting, answered = asked(kc, file), declined(asked(kc, other), third)
    no = {"declined_at": AppNow(), "declined_because": "Đủ", "declined_by": third}
    tries: list[tuple[str, DecisionReview, dict[str, Any]]] = [
        ("decision_review_stays", waiting, {"reason": "Khác"}),
        ("decision_review_stays", waiting, {**no, "ground": "lapsed"}),
        ("decision_review_stays", answered, {"declined_because": "Khác"}),
        ("decision_review_stays", answered, dict.fromkeys(no) | {"declined_because": ""}),
        ("decision_review_declined_with_a_reason", waiting, {**no, "declined_because": ""}),
        ("decision_review_declined_with_a_reason", waiting, {**no, "declined_by": None}),
        ("decision_review_declined_by_another_person", waiting, {**no, "declined_by": kc.staff2}),
        ("decision_review_declined_by_a_third_person", waiting, {**no, "declined_by": kc.approver}),
    ]
    for constraint, review, columns in tries:
        with pytest.raises(IntegrityError) as refusal, transaction.atomic():
            DecisionReview.objects.filter(pk=review.pk).update(**columns)
        assert constraint_of(refusal.value) == constraint
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        DecisionReview.objects.create(
            decision=waiting.decision, ground="lapsed", reason="Đã mất", asked_on=DAY,
            entered_by=kc.staff2, **no,
        )  # fmt: skip
    assert constraint_of(refusal.value) == "decision_review_declined_later"
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        Decision.objects.create(
            candidate=other, authority=kc.top, kind="cancel", number="H1", signed_on=DAY,
            signer="A", reason="Sai", rules=other.rules, supersedes=answered.decision,
            review=answered, approved_by=third,
        )  # fmt: skip
    assert constraint_of(refusal.value) == "decision_cancels_on_a_request_that_stands"
    cancelled(waiting, third)
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        DecisionReview.objects.filter(pk=waiting.pk).update(**no)
    assert constraint_of(refusal.value) == "decision_review_answered_once"


# ---------------------------------------------------------------- at once


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_two_approvers_cancel_at_once_and_one_is_told() -> None:
    two = world()
    approvers = [officer(f"kc-duyet-{one}", two.top, Role.APPROVER) for one in "ab"]
    review = asked(two, candidate(two, at=Stage.DECIDED))

    results = at_once(
        *(lambda by=by: cancelled(review, by, number=f"{by.pk}-QĐ") for by in approvers)
    )

    one_is_told(results)
    assert Decision.objects.filter(kind="cancel").count() == 1


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_one_cancels_while_another_declines_and_one_is_told() -> None:
    two = world()
    first, second = (officer(f"kc-duyet-{one}", two.top, Role.APPROVER) for one in "ab")
    review = asked(two, candidate(two, at=Stage.DECIDED))

    results = at_once(lambda: cancelled(review, first), lambda: declined(review, second))

    one_is_told(results)
    review.refresh_from_db()
    made = Decision.objects.filter(kind="cancel").exists()
    assert made == (review.declined_at is None)


@pytest.mark.django_db(transaction=True)
def test_two_approvers_decide_differently_at_once_and_one_is_told() -> None:
    two = world()
    other = officer("kc-duyet-b", two.top, Role.APPROVER)
    file = candidate(two, at=Stage.COMPETENT_RESOLVED)

    results = at_once(
        lambda: decided(two, file, number="1-QĐ"),
        lambda: decided(two, file, number="2-QĐ", by=other),
    )

    one_is_told(results)
    assert Decision.objects.count() == 1
    assert file.milestones.filter(step=Step.DECIDE).count() == 1


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_a_file_is_returned_and_decided_at_once_and_one_is_told() -> None:
    two = world()
    file = candidate(two, at=Stage.COMPETENT_RESOLVED)

    results = at_once(
        lambda: decided(two, file),
        lambda: return_file(
            file, by=two.staff2, on=DAY, level=Level.COMPETENT, returned_on=date(2021, 4, 12),
            back_to=Stage.READY, reason="Thiếu",
        ),
    )  # fmt: skip

    one_is_told(results)
    now = fresh(file)
    assert (now.stage, now.course) in {("decided", 1), ("ready", 2)}
    assert file.returns.count() + file.decisions.count() == 1


# ---------------------------------------------------------------- by the pages


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


@pytest.mark.thorough
def test_one_asks_and_another_answers_by_their_pages_and_both_see_who(
    kc: World, third: User
) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    asking = reverse("decision-review-new", args=[file.public_id])
    answering = reverse("candidate-step", args=[file.public_id, "huy-quyet-dinh"])
    detail = reverse("candidate-detail", args=[file.public_id])
    assert asking in signed_in(kc.staff2).get(detail).content.decode()
    assert signed_in(kc.approver).get(asking).status_code == 404
    assert signed_in(third).get(answering).status_code == 302  # nothing asked yet

    values = {"ground": "procedure", "reason": "Sai quy trình", "asked_on": "20/05/2021"}
    wrong = signed_in(kc.staff2).post(asking, {"once": once(), **values})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["back_to"])
    right = signed_in(kc.staff2).post(
        asking, {"once": once(), **values, "back_to": "grassroots_resolved"}
    )
    assert right.status_code == 303

    assert "You approved the decision" in signed_in(kc.approver).get(answering).content.decode()
    waiting = signed_in(third).get(reverse("files-before-us")).content.decode()
    assert answering in waiting
    shown = signed_in(third).get(answering).content.decode()
    assert "kc-canbo2 asked on 20/05/2021 that it be cancelled." in shown
    assert "recorded by kc-duyet" in shown
    answer = {
        "number": "H-1", "signed_on": "28/05/2021", "signer": "Lê Bí Thư", "confirm": "on",
        "reason": "Sai quy trình", "once": once(),
    }  # fmt: skip
    answers = [signed_in(third).post(answering, answer) for _time in "ab"]

    assert [one.status_code for one in answers] == [303, 303]
    assert Decision.objects.filter(kind="cancel").count() == 1
    assert fresh(file).stage == Stage.GRASSROOTS_RESOLVED


@pytest.mark.thorough
def test_a_request_is_declined_by_its_page_and_the_file_says_why(kc: World, third: User) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    detail = reverse("candidate-detail", args=[file.public_id])
    asking = reverse("decision-review-new", args=[file.public_id])
    declining = reverse("decision-review-decline", args=[file.public_id])
    cancelling = reverse("candidate-step", args=[file.public_id, "huy-quyet-dinh"])
    assert signed_in(third).get(declining).status_code == 302  # nothing asked yet
    asked(kc, file)
    assert declining in signed_in(third).get(detail).content.decode()
    assert declining in signed_in(third).get(cancelling).content.decode()
    assert signed_in(kc.staff2).get(declining).status_code == 404
    assert "You approved the decision" in signed_in(kc.approver).get(declining).content.decode()

    empty = signed_in(third).post(declining, {"once": once(), "reason": ""})
    answer = {"once": once(), "reason": "Hồ sơ đúng"}
    answers = [signed_in(third).post(declining, answer) for _time in "ab"]

    assert (empty.status_code, list(empty.context["form"].errors)) == (422, ["reason"])
    assert [one.status_code for one in answers] == [303, 303]
    shown = signed_in(kc.staff2).get(detail).content.decode()
    assert "Declined on 28/05/2021: Hồ sơ đúng" in shown
    assert asking in shown
    again = signed_in(kc.staff2).get(asking).content.decode()
    assert "was declined by kc-duyet2 on 28/05/2021: Hồ sơ đúng" in again
    approver = signed_in(third)
    assert declining not in approver.get(detail).content.decode()
    assert cancelling not in approver.get(reverse("files-before-us")).content.decode()


@pytest.mark.thorough
def test_the_asker_finds_no_button_to_answer(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    asked(kc, file)
    appointed(kc.staff2, kc.top, Role.APPROVER)
    answering = reverse("candidate-step", args=[file.public_id, "huy-quyet-dinh"])

    shown = signed_in(kc.staff2).get(answering).content.decode()

    assert "You asked for it, so another approver answers." in shown
    assert 'class="btn pri"' not in shown
