"""A change of the rules that whoever asked for it takes back; and what the comparison says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse

from admissions.models import RuleChange, RuleSet
from admissions.open_questions import QUESTIONS, value
from admissions.operations.recording import constraint_of
from admissions.operations.rule_sets import (
    answer_rule_change,
    answer_setting,
    ask_rule_change,
    ask_setting,
    waiting_setting,
    withdraw_rule_change,
    withdraw_setting,
)
from admissions.parameters import PARAMETERS
from admissions.selectors.rule_sets import changes
from config.clock import AppNow
from config.errors import DomainError
from organizations.models import User
from tests.admissions.test_races import at_once, one_is_told
from tests.admissions.test_rule_sets import signed_in
from tests.makers import DAY, World, once, stand_on, world


def rules() -> RuleSet:
    return RuleSet.objects.get(code="294-QĐ/TW")


def asked(by: User, name: str = "ceremony_days", new: str = "45") -> list[RuleChange]:
    return ask_rule_change(
        rules(), PARAMETERS[name], by=by, on=DAY, new=new, source="CV 1", certainty="M",
        reason="Hỏi lại",
    )  # fmt: skip


def test_who_asked_takes_a_change_back_and_it_may_be_asked_for_anew(kc: World) -> None:
    [change] = asked(kc.staff2)

    withdraw_rule_change(change, by=kc.staff2, on=DAY)

    change.refresh_from_db()
    assert change.withdrawn_at is not None
    assert rules().ceremony_days == 30
    for answer in (
        lambda: answer_rule_change(change, by=kc.approver, on=DAY, approves=True),
        lambda: withdraw_rule_change(change, by=kc.staff2, on=DAY),
    ):
        with pytest.raises(DomainError, match="answered already"):
            answer()
    [again] = asked(kc.approver, new="50")
    answer_rule_change(again, by=kc.staff2, on=DAY, approves=True)
    assert rules().ceremony_days == 50
    assert [one.first.pk for one in changes()] == [again.pk, change.pk]


def test_a_change_that_another_has_undone_counts_no_more(kc: World) -> None:
    for asks, answers, new in ((kc.staff2, kc.approver, "99"), (kc.approver, kc.staff2, "30")):
        [change] = asked(asks, new=new)
        answer_rule_change(change, by=answers, on=DAY, approves=True)

    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        RuleSet.objects.filter(pk=rules().pk).update(ceremony_days=99)

    assert constraint_of(refusal.value) == "rule_set_changed_by_two_people"
    assert rules().ceremony_days == 30


def test_both_columns_of_a_share_are_taken_back_together(kc: World) -> None:
    rows = asked(kc.staff2, "cell_vote", "3/4")

    withdraw_rule_change(rows[1], by=kc.staff2, on=DAY)
    asked(kc.staff2, "cell_vote", "3/4")

    assert RuleChange.objects.waiting().count() == 2
    assert [len(one.rows) for one in changes()] == [2, 2]


def test_nobody_else_takes_a_change_back(kc: World) -> None:
    [change] = asked(kc.staff2)

    for other in (kc.approver, kc.secretary, kc.administrator):
        with pytest.raises(PermissionDenied):
            withdraw_rule_change(change, by=other, on=DAY)
    change.refresh_from_db()
    assert change.is_waiting


def test_the_database_keeps_what_was_taken_back_or_answered(kc: World) -> None:
    [taken], [answered] = asked(kc.staff2), asked(kc.staff2, "send_up_days", "7")
    withdraw_rule_change(taken, by=kc.staff2, on=DAY)
    tries: list[tuple[str, RuleChange, dict[str, Any]]] = [
        ("rule_change_answered_once", taken, {"withdrawn_at": None}),
        ("rule_change_answered_once", taken, {"approved_by": kc.approver, "approved_at": AppNow()}),
        ("rule_change_withdrawn_or_answered", answered, {
            "approved_by": kc.approver, "approved_at": AppNow(), "withdrawn_at": AppNow(),
        }),
    ]  # fmt: skip
    for constraint, change, columns in tries:
        with pytest.raises(IntegrityError) as refusal, transaction.atomic():
            RuleChange.objects.filter(pk=change.pk).update(**columns)
        assert constraint_of(refusal.value) == constraint


@pytest.mark.django_db(transaction=True)
def test_one_takes_back_while_another_approves_and_one_is_told() -> None:
    two = world()
    [change] = asked(two.staff2)

    results = at_once(
        lambda: withdraw_rule_change(change, by=two.staff2, on=DAY),
        lambda: answer_rule_change(change, by=two.approver, on=DAY, approves=True),
    )

    one_is_told(results)
    change.refresh_from_db()
    assert (change.withdrawn_at is None) == (rules().ceremony_days == 45)


def test_an_answer_to_an_open_question_is_taken_back_too(kc: World) -> None:
    question = QUESTIONS["age_reading"]
    setting = ask_setting(question, by=kc.staff2, on=DAY, value="exact", reason="x")
    with pytest.raises(PermissionDenied):
        withdraw_setting(setting, by=kc.approver, on=DAY)

    withdraw_setting(setting, by=kc.staff2, on=DAY)

    assert value(question.name, DAY) == "month"
    assert waiting_setting(question, on=DAY) is None
    with pytest.raises(DomainError, match="answered already"):
        answer_setting(setting, by=kc.approver, on=DAY, approves=True)
    assert ask_setting(question, by=kc.approver, on=DAY, value="exact", reason="y")


@pytest.mark.thorough
def test_both_are_taken_back_by_their_pages(kc: World) -> None:
    stand_on(DAY)
    [change] = asked(kc.staff2)
    question = QUESTIONS["age_reading"]
    ask_setting(question, by=kc.staff2, on=DAY, value="exact", reason="x")
    for listed, name, number in (
        ("rule-set-list", "rule-change", change.pk),
        ("open-question-list", "open-question", question.name),
    ):
        own, answering = (reverse(f"{name}-{act}", args=[number]) for act in ("withdraw", "answer"))
        browser = signed_in(kc.staff2)
        assert own in browser.get(reverse(listed)).content.decode()
        assert own in browser.get(answering).content.decode()
        assert own not in signed_in(kc.approver).get(reverse(listed)).content.decode()
        assert signed_in(kc.approver).get(own).status_code == 404
        assert browser.get(own).status_code == 200
        sent = {"once": once()}

        answers = [browser.post(own, sent) for _time in "ab"]

        assert [one.status_code for one in answers] == [303, 303]
        assert b"Take back" not in browser.get(reverse(listed)).content
    assert b"Taken back" in browser.get(reverse("rule-set-list")).content
    assert not RuleChange.objects.waiting().exists()


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("day", "first", "second"),
    [
        # The first rules have none before them: beside them stand those that came next.
        (DAY, "29-QĐ/TW", "24-QĐ/TW"),
        (date(2022, 6, 1), "29-QĐ/TW", "24-QĐ/TW"),
        (date(2025, 8, 1), "232-QĐ/TW", "294-QĐ/TW"),
    ],
)
def test_the_comparison_opens_with_what_is_in_force_and_says_what_it_found(
    kc: World, day: date, first: str, second: str
) -> None:
    stand_on(day)
    browser = signed_in(kc.staff2)

    page = browser.get(reverse("rule-set-compare"))
    one = RuleSet.objects.get(code="24-QĐ/TW")
    alone = browser.get(reverse("rule-set-compare"), {"ban": one.pk}).content.decode()
    both = browser.get(reverse("rule-set-compare"), {"ban": [one.pk, rules().pk]}).content.decode()

    assert [found.code for found in page.context["chosen"]] == [first, second]
    assert f"<h1>{first} and {second} " in page.content.decode()
    assert "<h1>The parameters of 24-QĐ/TW</h1>" in alone
    assert "<h1>24-QĐ/TW and 294-QĐ/TW differ in 3 of " in both
