"""Rules, decreed days and open questions: read by all, changed by two people of the top unit."""

import gzip
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from admissions.models import DayOff, RuleChange, RuleSet, Setting
from admissions.open_questions import QUESTIONS, value
from admissions.operations.rule_sets import (
    answer_rule_change,
    answer_setting,
    ask_rule_change,
    ask_setting,
    decree_day,
)
from admissions.parameters import KNOWN, OF_COLUMN, PARAMETERS, standing
from admissions.selectors.rule_sets import changes, comparison, versions
from config.errors import DomainError
from organizations.models import Role, User
from organizations.sheets.waiting import waiting_for
from tests.admissions.test_races import at_once, one_is_told
from tests.makers import DAY, World, officer, once, stand_on, world


def rules(code: str = "294-QĐ/TW") -> RuleSet:
    return RuleSet.objects.get(code=code)


def asked(by: User, name: str = "ceremony_days", new: str = "45", **more: Any) -> list[RuleChange]:
    values: dict[str, Any] = {
        "source": "HD 06-HD/TW, mục 3.8",
        "certainty": "H",
        "reason": "Đã đọc toàn văn",
        **more,
    }
    return ask_rule_change(
        rules(values.pop("code", "294-QĐ/TW")), PARAMETERS[name], by=by, on=DAY, new=new, **values
    )


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


# ---------------------------------------------------------------- the numbers by version

ALIKE: dict[str, Any] = {
    "min_age_years": 18,
    "max_age_years": 60,
    "youth_age_years": 30,
    "union_cadre_age_years": 35,
    "late_entry_days": 30,  # our own policy
    "certificate_months": 60,
    "certificate_valid_on_last_day": True,
    "dossier_months": 12,
    "introducer_months": 12,
    "verification_home_days": 30,
    "verification_abroad_days": 90,
    "permission_needed": True,
    "smallest_cell": 3,
    "cell_vote_numerator": 2,
    "cell_vote_denominator": 3,
    "grassroots_vote_numerator": 2,
    "grassroots_vote_denominator": 3,
    "standing_vote_numerator": 1,
    "standing_vote_denominator": 2,
    "delegated_vote_numerator": 2,
    "delegated_vote_denominator": 3,
    "failed_votes_escalate": 3,
    "send_up_days": 5,
    "grassroots_days": 25,
    "recognition_decision_days": 30,
    "ceremony_days": 30,
    "new_member_papers_days": 30,
    "probation_months": 12,
    "probation_extension_months": 0,
    "recognition_review_days": 30,
    "readmission_months": 36,
    "readmission_cleared_months": 60,
    "readmissions": 1,
    "forward_days": 15,
    "moved_decision_days": 30,
    "moved_ceremony_days": 30,
    "fault_review_days": 60,
    "transfer_start_days": 60,
    "transfer_present_days": 30,
}
BEFORE_294: dict[str, Any] = {
    "admission_decision_days": 60,
    "admission_extension_days": 30,
    "recognition_extension_days": 30,
    "ceremony_from": "receipt",
}
FROM_294: dict[str, Any] = {
    "admission_decision_days": 45,
    "admission_extension_days": 15,
    "recognition_extension_days": 15,
    "ceremony_from": "receipt",
}
VERSIONS: list[tuple[str, date, dict[str, Any]]] = [
    ("29-QĐ/TW", date(2016, 7, 25), BEFORE_294),
    ("24-QĐ/TW", date(2021, 7, 30), BEFORE_294),
    ("232-QĐ/TW", date(2025, 1, 20), BEFORE_294),
    ("294-QĐ/TW", date(2025, 7, 1), FROM_294),
    ("20-QĐ/TW", date(2026, 4, 8), FROM_294),
    ("208-QĐ/TW", date(2026, 7, 26), FROM_294 | {"ceremony_from": "issue"}),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("code", "first", "own"), VERSIONS, ids=[one[0] for one in VERSIONS])
def test_a_version_has_the_numbers_of_its_regulation_from_its_first_day_on(
    code: str, first: date, own: dict[str, Any]
) -> None:
    version = RuleSet.objects.in_force(on=first)

    assert version.code == code
    assert {name: getattr(version, name) for name in OF_COLUMN} == ALIKE | own


@pytest.mark.django_db
def test_the_day_before_a_version_the_one_before_it_is_in_force() -> None:
    days = [first - timedelta(days=1) for _code, first, _own in VERSIONS]

    assert [RuleSet.objects.in_force(on=day).code for day in days[1:]] == [
        code for code, _first, _own in VERSIONS[:-1]
    ]
    with pytest.raises(RuleSet.DoesNotExist):
        RuleSet.objects.in_force(on=days[0])


# ---------------------------------------------------------------- parameters


def test_every_number_of_a_rule_set_is_a_parameter_once() -> None:
    told = {"id", "code", "period", "sources", "certainty", "certainty_note"}
    columns = {field.name for field in RuleSet._meta.concrete_fields} - told

    assert set(OF_COLUMN) == columns
    assert {name for _code, name in KNOWN if name} <= set(PARAMETERS)


def test_a_parameter_is_changed_by_two_people_and_says_who_when_and_from_where(kc: World) -> None:
    [change] = asked(kc.staff2)
    assert rules().ceremony_days == 30

    [answered] = answer_rule_change(change, by=kc.approver, on=DAY, approves=True)

    assert rules().ceremony_days == 45
    assert (answered.old, answered.new, answered.approved_by) == ("30", "45", kc.approver)
    found = standing(rules(), PARAMETERS["ceremony_days"], rules().changes.all())
    assert (found.certainty, found.source) == ("H", "HD 06-HD/TW, mục 3.8")
    assert rules("208-QĐ/TW").ceremony_days == 30


def test_a_share_is_changed_as_one_parameter(kc: World) -> None:
    rows = asked(kc.staff2, "cell_vote", "3/4")
    assert len(rows) == 2

    answer_rule_change(rows[1], by=kc.approver, on=DAY, approves=True)

    assert (rules().cell_vote_numerator, rules().cell_vote_denominator) == (3, 4)
    [change] = changes()
    assert (change.old, change.new) == ("2/3", "3/4")


def test_a_word_and_a_choice_are_parameters_too(kc: World) -> None:
    for name, new in (("permission_needed", "false"), ("ceremony_from", "issue")):
        [change] = asked(kc.staff2, name, new)
        answer_rule_change(change, by=kc.approver, on=DAY, approves=True)

    assert rules().permission_needed is False
    assert rules().ceremony_from == RuleSet.CeremonyFrom.ISSUE


def test_who_asked_does_not_approve(kc: World) -> None:
    [change] = asked(kc.approver)

    with pytest.raises(PermissionDenied):
        answer_rule_change(change, by=kc.approver, on=DAY, approves=True)

    assert rules().ceremony_days == 30


@pytest.mark.sweep
@pytest.mark.parametrize(
    "name", ["secretary", "staff", "leader", "auditor", "administrator", "secretary2"]
)
def test_only_staff_and_approvers_of_the_top_change_rules(kc: World, name: str) -> None:
    user = getattr(kc, name)
    [change] = asked(kc.staff2)

    with pytest.raises(PermissionDenied):
        asked(user, "send_up_days", "7")
    with pytest.raises(PermissionDenied):
        answer_rule_change(change, by=user, on=DAY, approves=True)
    with pytest.raises(PermissionDenied):
        decree_day(by=user, on=DAY, day=DAY, kind="off", source="TB 1")
    with pytest.raises(PermissionDenied):
        ask_setting(QUESTIONS["age_reading"], by=user, on=DAY, value="exact", reason="x")


def test_a_refused_change_changes_nothing_and_may_be_asked_for_again(kc: World) -> None:
    [change] = asked(kc.staff2)

    answer_rule_change(change, by=kc.approver, on=DAY, approves=False)

    assert rules().ceremony_days == 30
    with pytest.raises(DomainError, match="answered already"):
        answer_rule_change(change, by=kc.approver, on=DAY, approves=True)
    assert asked(kc.staff2)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("name", "new", "field"),
    [
        ("ceremony_days", "30", "new"),  # as it is
        ("ceremony_days", "0", "new"),
        ("ceremony_days", "-3", "new"),
        ("ceremony_days", "1000", "new"),
        ("ceremony_days", "٣", "new"),
        ("cell_vote", "4/3", "new"),
        ("cell_vote", "66 %", "new"),
        ("ceremony_from", "someday", "new"),
        ("permission_needed", "maybe", "new"),
        ("min_age_years", "60", "new"),  # not below the oldest
    ],
)
def test_an_impossible_value_is_refused_at_its_field(
    kc: World, name: str, new: str, field: str
) -> None:
    with pytest.raises(DomainError) as refusal:
        asked(kc.staff2, name, new)

    assert list(refusal.value.fields) == [field]
    assert not RuleChange.objects.exists()


@pytest.mark.parametrize("field", ["source", "reason", "certainty"])
def test_a_change_says_why_from_where_and_how_sure(kc: World, field: str) -> None:
    with pytest.raises(DomainError) as refusal:
        asked(kc.staff2, **{field: " "})

    assert list(refusal.value.fields) == [field]


def test_one_change_of_a_parameter_waits_at_a_time(kc: World) -> None:
    asked(kc.staff2)

    with pytest.raises(DomainError, match="waits already"):
        asked(kc.approver, new="50")


def test_the_database_refuses_a_parameter_that_one_person_changes(kc: World) -> None:
    with pytest.raises(IntegrityError, match="not changed by two people"), transaction.atomic():
        RuleSet.objects.filter(code="294-QĐ/TW").update(ceremony_days=45)
    [change] = asked(kc.staff2)
    with pytest.raises(IntegrityError, match="not changed by two people"), transaction.atomic():
        RuleSet.objects.filter(code="294-QĐ/TW").update(ceremony_days=45)
    with (
        pytest.raises(IntegrityError, match="rule_change_approved_by_another_person"),
        transaction.atomic(),
    ):
        RuleChange.objects.filter(pk=change.pk).update(
            approved_by=kc.staff2, approved_at=change.entered_at
        )


# ---------------------------------------------------------------- two at once


@pytest.mark.django_db(transaction=True)
def test_two_ask_for_a_change_of_the_same_parameter_at_once() -> None:
    two = world()

    results = at_once(lambda: asked(two.staff2), lambda: asked(two.approver, new="50"))

    assert list(one_is_told(results).fields) == ["new"]
    assert RuleChange.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_approves_while_another_refuses() -> None:
    two = world()
    second = officer("kc-duyet2", two.top, Role.APPROVER)
    [change] = asked(two.staff2)

    results = at_once(
        lambda: answer_rule_change(change, by=two.approver, on=DAY, approves=True),
        lambda: answer_rule_change(change, by=second, on=DAY, approves=False),
    )

    one_is_told(results)
    change.refresh_from_db()
    assert (change.approved_at is None) != (change.refused_at is None)
    assert (rules().ceremony_days == 45) == (change.approved_at is not None)


@pytest.mark.django_db(transaction=True)
def test_two_answer_an_open_question_at_once() -> None:
    two = world()
    question = QUESTIONS["age_reading"]

    results = at_once(
        lambda: ask_setting(question, by=two.staff2, on=DAY, value="exact", reason="a"),
        lambda: ask_setting(question, by=two.approver, on=DAY, value="month_number", reason="b"),
    )

    assert list(one_is_told(results).fields) == ["value"]
    assert Setting.objects.count() == 1


# ---------------------------------------------------------------- decreed days


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2021, 5, 29), "off"),  # a Saturday is off already
        (date(2021, 5, 28), "working"),
        (date(2021, 5, 28), "usual"),
    ],
)
def test_a_day_that_is_so_already_is_not_decreed(kc: World, day: date, kind: str) -> None:
    with pytest.raises(DomainError) as refusal:
        decree_day(by=kc.staff2, on=DAY, day=day, kind=kind, source="TB 1/TB-VPCP")

    assert list(refusal.value.fields) == ["day"]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("day", "kind", "is_taken"),
    [
        (date(1, 1, 1), "off", False),
        (date(2016, 7, 24), "working", False),  # a Sunday; the first known rules begin on Monday
        (date(2016, 7, 25), "off", True),
        (date(2023, 5, 28), "working", True),  # a Sunday too, two years ahead
        (date(2023, 5, 29), "off", False),
        (date(9999, 12, 30), "off", False),
    ],
)
def test_a_day_is_decreed_from_the_first_rules_until_two_years_ahead(
    kc: World, day: date, kind: str, is_taken: bool
) -> None:
    def decree() -> DayOff:
        return decree_day(by=kc.staff2, on=DAY, day=day, kind=kind, source="TB 1/TB-VPCP")

    if is_taken:
        assert decree().day == day
    else:
        with pytest.raises(DomainError) as refusal:
            decree()
        assert refusal.value.fields == {"day": "From 25/07/2016 to 28/05/2023."}


def test_a_decreed_day_names_its_source(kc: World) -> None:
    with pytest.raises(DomainError) as refusal:
        decree_day(by=kc.staff2, on=DAY, day=date(2021, 5, 31), kind="off", source=" ")

    assert list(refusal.value.fields) == ["source"]
    assert not DayOff.objects.exists()


# ---------------------------------------------------------------- open questions


def test_an_open_question_has_its_default_until_two_people_answer_it(kc: World) -> None:
    question = QUESTIONS["mentoring_months"]
    setting = ask_setting(question, by=kc.staff2, on=DAY, value="06", reason="Hỏi tỉnh ủy")
    assert value(question.name, DAY) == "0"
    with pytest.raises(PermissionDenied):
        answer_setting(setting, by=kc.staff2, on=DAY, approves=True)

    answer_setting(setting, by=kc.approver, on=DAY, approves=True)

    assert value(question.name, DAY) == "6"
    assert value(question.name, date(2021, 5, 27)) == "0"  # a day before is judged as it was


def test_a_refused_answer_leaves_the_value_and_may_be_asked_for_again(kc: World) -> None:
    question = QUESTIONS["age_reading"]
    setting = ask_setting(question, by=kc.staff2, on=DAY, value="exact", reason="x")

    answer_setting(setting, by=kc.approver, on=DAY, approves=False)

    assert value(question.name, DAY) == "month"
    with pytest.raises(DomainError, match="answered already"):
        answer_setting(setting, by=kc.approver, on=DAY, approves=True)
    assert ask_setting(question, by=kc.staff2, on=DAY, value="exact", reason="y")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("mentoring_months", "37"), ("mentoring_months", "-1"), ("age_reading", "mostly")],
)
def test_an_answer_that_is_none_is_refused(kc: World, name: str, wrong: str) -> None:
    with pytest.raises(DomainError) as refusal:
        ask_setting(QUESTIONS[name], by=kc.staff2, on=DAY, value=wrong, reason="x")

    assert list(refusal.value.fields) == ["value"]


# ---------------------------------------------------------------- pages


def test_the_comparison_marks_where_versions_differ(db: None) -> None:
    found = {one.code: one for one in versions()}
    rows = [
        row
        for _title, group in comparison([found["24-QĐ/TW"], found["294-QĐ/TW"]])
        for row in group
    ]

    assert {row.parameter.name for row in rows if row.differs} == {
        "admission_decision_days",
        "admission_extension_days",
        "recognition_extension_days",
    }
    by_name = {row.parameter.name: row for row in rows}
    assert [one.shown for one in by_name["admission_decision_days"].values] == ["60", "45"]
    assert [one.standing.certainty for one in by_name["certificate_months"].values] == ["H", "H"]
    assert [one.standing.certainty for one in by_name["dossier_months"].values] == ["M", "H"]


@pytest.mark.sweep
@pytest.mark.parametrize("name", ["secretary", "leader", "auditor", "administrator", "approver"])
@pytest.mark.parametrize(
    "address", ["rule-set-list", "rule-set-compare", "day-off-list", "open-question-list"]
)
def test_everybody_with_a_role_reads_the_rules(kc: World, name: str, address: str) -> None:
    page = signed_in(getattr(kc, name)).get(reverse(address))

    assert page.status_code == 200
    keeps = name == "approver"
    links = [b"/doi/", b"/ngay-nghi/them/"]
    assert any(link in page.content for link in links) is (keeps and address != "rule-set-list")


@pytest.mark.thorough
def test_a_change_is_asked_for_and_approved_on_pages(kc: World) -> None:
    stand_on(DAY)
    ask = reverse("rule-change-ask", args=[rules().pk, "admission_decision_days"])
    typed = {"new": "50", "source": "CV 1", "certainty": "M", "reason": "Hỏi lại", "once": once()}

    assert signed_in(kc.staff2).get(ask).status_code == 200
    assert signed_in(kc.staff2).post(ask, typed)["Location"] == reverse("rule-set-list")
    change = RuleChange.objects.get()
    answer = reverse("rule-change-answer", args=[change.pk])
    assert signed_in(kc.staff2).post(answer, {"answer": "approve"}).status_code == 422
    assert signed_in(kc.staff).get(answer).status_code == 404
    approved = signed_in(kc.approver).post(answer, {"answer": "approve", "once": once()})

    assert approved.status_code == 303
    assert rules().admission_decision_days == 50
    shown = signed_in(kc.leader).get(reverse("rule-set-list")).content.decode()
    assert "CV 1" in shown
    assert "45 → <b>50</b>" in shown


def test_what_was_typed_wrongly_is_kept_with_its_sentence(kc: World) -> None:
    ask = reverse("rule-change-ask", args=[rules().pk, "cell_vote"])

    page = signed_in(kc.staff2).post(ask, {"new": "5/4", "source": "a", "certainty": "L"})
    refused = signed_in(kc.staff2).post(
        ask, {"new": "5/4", "source": "a", "certainty": "L", "reason": "b"}
    )

    assert [page.status_code, refused.status_code] == [422, 422]
    assert 'value="5/4"' in refused.content.decode()


def test_a_decreed_day_and_a_setting_are_entered_on_pages(kc: World) -> None:
    saved = signed_in(kc.approver).post(
        reverse("day-off-new"),
        {"day": "31/05/2021", "kind": "off", "source": "TB 9/TB-VPCP", "once": once()},
    )
    asked_for = signed_in(kc.staff2).post(
        reverse("open-question-ask", args=["spouse_introducer"]),
        {"value": "refuse", "reason": "Ban tổ chức trả lời", "once": once()},
    )
    answer = reverse("open-question-answer", args=["spouse_introducer"])
    answered = signed_in(kc.approver).post(answer, {"answer": "approve", "once": once()})

    assert [one.status_code for one in (saved, asked_for, answered)] == [303, 303, 303]
    assert DayOff.objects.get().day == date(2021, 5, 31)
    assert value("spouse_introducer", DAY) == "refuse"
    assert signed_in(kc.approver).get(answer).status_code == 404
    assert "TB 9/TB-VPCP" in signed_in(kc.secretary).get(reverse("day-off-list")).content.decode()


@pytest.mark.parametrize("number", [987_654_321, 10**30])
def test_what_is_not_there_is_not_found(kc: World, number: int) -> None:
    browser = signed_in(kc.approver)

    for address in (
        reverse("rule-change-ask", args=[number, "ceremony_days"]),
        reverse("rule-change-ask", args=[rules().pk, "khong-co"]),
        reverse("rule-change-answer", args=[number]),
        reverse("open-question-ask", args=["khong-co"]),
        reverse("open-question-answer", args=["age_reading"]),
    ):
        assert browser.get(address).status_code == 404, address
    assert browser.get(reverse("rule-set-compare"), {"ban": [number, "x"]}).status_code == 200


def test_all_versions_side_by_side_weigh_little_and_ask_few_queries(
    kc: World, django_assert_max_num_queries: Any
) -> None:
    browser = signed_in(kc.approver)
    every = {"ban": [str(one.pk) for one in RuleSet.objects.all()]}

    with django_assert_max_num_queries(14):
        page = browser.get(reverse("rule-set-compare"), every)

    assert len(gzip.compress(page.content)) < 15_000
    assert page.content.decode().count('scope="row"') == len(PARAMETERS)


# ---------------------------------------------------------------- who is told, and what is shown


def test_a_change_waits_on_the_page_of_tasks_of_those_who_may_answer_it(kc: World) -> None:
    [row] = asked(kc.staff2)
    share = asked(kc.staff2, name="cell_vote", new="3/4")
    title = "Changes of the rules to answer"

    def told(user: User) -> list[tuple[int, str]]:
        found = waiting_for(user, on=DAY)
        return [(one.count, one.url) for one in found if one.title == title]

    # The two columns of a share are one change; who asked, and committees below, answer none.
    assert len(share) == 2
    assert told(kc.approver) == [(2, reverse("rule-change-answer", args=[row.pk]))]
    assert [told(user) for user in (kc.staff2, kc.staff, kc.secretary)] == [[], [], []]


def test_who_asked_for_a_change_is_shown_no_form_to_answer_it(kc: World) -> None:
    [row] = asked(kc.staff2)
    address = reverse("rule-change-answer", args=[row.pk])

    own, other = (
        signed_in(user).get(address).content.decode() for user in (kc.staff2, kc.approver)
    )

    assert ('name="answer"' in own, 'name="answer"' in other) == (False, True)
    assert reverse("rule-change-withdraw", args=[row.pk]) in own


def test_the_page_of_days_off_lists_the_public_holidays_it_goes_by(kc: World) -> None:
    address = reverse("day-off-list")

    now = signed_in(kc.secretary).get(address).content.decode()
    later = signed_in(kc.secretary).get(f"{address}?nam=2025").content.decode()

    assert "30/04/2021" in now
    assert "16/02/2021" in now  # Tết
    assert "26/04/2025" in later  # a Saturday worked in exchange
    assert "30/04/2021" not in later
    for wrong in ("x", "99999", "1"):
        assert signed_in(kc.secretary).get(f"{address}?nam={wrong}").status_code == 200


def test_the_comparison_opens_on_the_version_in_force_beside_the_one_before(kc: World) -> None:
    stand_on(date(2023, 1, 1))

    answer = signed_in(kc.secretary).get(reverse("rule-set-compare"))

    in_force = RuleSet.objects.in_force(on=date(2023, 1, 1))
    assert answer.context["chosen"][-1] == in_force
    assert len(answer.context["chosen"]) == 2
    # Of the first there is none before it: the one after it.
    stand_on(DAY)
    first = signed_in(kc.secretary).get(reverse("rule-set-compare")).context["chosen"]
    assert [one.code for one in first] == ["29-QĐ/TW", "24-QĐ/TW"]


def test_where_a_parameter_was_read_is_its_source_and_no_old_organisation(kc: World) -> None:
    client = signed_in(kc.staff2)
    client.cookies["django_language"] = "vi"

    html = client.get(
        reverse("rule-change-ask", args=[rules().pk, "ceremony_days"]),
        headers={"accept-language": "vi"},
    ).content.decode()

    assert "Tổ chức cũ" not in html
    assert "Nguồn" in html
