"""SoD-1 to SoD-12 of trust.md c.3, each tried in five ways, SoD-6 twice: 65 tries, 65 refused.

Nine of them once more by another account of the same human being: 45 tries, 45 refused.

The ways are the page that shows the form, what is sent to its address past the page, a file to
import (there is none that holds what the rules are about), the operation that a job would call, and
SQL as the product's own role.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, models, transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from psycopg.types.range import DateRange

from admissions.models import (
    Admission,
    Candidate,
    Decision,
    LateEntry,
    Milestone,
    RuleChange,
    RuleSet,
)
from admissions.operations.cancellations import ask_cancellation, cancel_decision
from admissions.operations.ceremonies import hold_ceremony
from admissions.operations.late_entries import enter_late, let_count
from admissions.operations.rule_sets import answer_rule_change, ask_rule_change
from admissions.parameters import PARAMETERS
from admissions.stages import Stage, Step
from config.clock import AppNow
from config.errors import DomainError
from config.periods import since
from organizations.models import Appointment, AppointmentProposal, Role, Seal, User
from organizations.operations.accounts import appoint, confirm_appointment, propose_appointment
from organizations.operations.relatives import declare_relative
from organizations.operations.seals import ask_to_open_year, open_year
from targets.models import BaselineCorrection, Target
from targets.operations.baselines import answer_correction, ask_correction, report_baseline
from targets.operations.targets import assign_target
from tests.makers import (
    DAY,
    WAY,
    World,
    account,
    appointed,
    candidate,
    decided,
    officer,
    once,
    two_records_of_one_person,
    world,
)

pytestmark = [pytest.mark.django_db, pytest.mark.thorough]

WAYS = ("form", "post", "import", "operation", "sql")
FUTURE = date(2021, 5, 20)


@dataclass
class Tries:
    """How one rule is tried: by whom, at which page with what, by which call, by which row.

    `held_by` is the constraint that refuses the row; `rows` count what an accepted try would write.
    """

    by: User
    page: str
    sent: dict[str, str]
    offers: str
    call: Callable[[User], object]
    write: Callable[[User], object]
    held_by: str
    rows: models.QuerySet[Any]
    sender: User | None = None
    """Who sends the form, where that is not the one whom the rule is about."""


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def named(pattern_part: str) -> set[str]:
    def names(patterns: Any) -> Any:
        for one in patterns:
            if isinstance(one, URLPattern):
                yield str(one.name)
            else:
                yield from names(one.url_patterns)

    return {name for name in names(get_resolver().url_patterns) if pattern_part in name}


def refused(way: str, tries: Tries, *, by: User) -> bool:
    """Let `by` try it by `way` in earnest; say whether it was refused and nothing was written."""
    before = tries.rows.count()
    client = browser(by)
    if way == "form":
        answer = client.get(tries.page)
        shown = answer.content.decode()
        is_refused = answer.status_code in {302, 403, 404} or (
            answer.status_code == 200 and tries.offers not in shown
        )
    elif way == "post":
        sender = browser(tries.sender) if tries.sender else client
        answer = sender.post(tries.page, {"once": once(), **tries.sent})
        is_refused = answer.status_code in {403, 404, 422}
    elif way == "import":
        # Two kinds of file are read, drafts of a grid and of a reorganisation: neither holds what
        # these rules are about. A third would have to be tried here.
        is_refused = named("import") == {"reorganization-import", "target-import"}
    elif way == "operation":
        is_refused = False
        try:
            with transaction.atomic():
                tries.call(by)
        except (DomainError, PermissionDenied):
            is_refused = True
    else:
        with pytest.raises(DatabaseError) as refusal, transaction.atomic():
            tries.write(by)
        diagnosis = getattr(refusal.value.__cause__, "diag", None)
        is_refused = getattr(diagnosis, "constraint_name", None) == tries.held_by
    return is_refused and tries.rows.count() == before


# ---------------------------------------------------------------- whoever decides


NO_PART = "decision_approver_took_no_part_in_the_case"


def deciding(kc: World, by: User, file: Candidate, *, held_by: str = NO_PART) -> Tries:
    """`by`, an approver at the competent body, would record the decision on `file`."""
    return Tries(
        by,
        reverse("candidate-step", args=[file.public_id, "quyet-dinh"]),
        {"number": "7-QĐ", "signed_on": "15/04/2021", "signer": "Lê Bí Thư", "confirm": "on"},
        'class="btn pri"',
        lambda by: decided(kc, file, by=by),
        lambda by: Decision.objects.create(
            candidate=file, authority=kc.top, kind="admit", number="99-QĐ", signed_on=DAY,
            signer="Lê Bí Thư", rules=file.rules, approved_by=by,
        ),
        held_by,
        Decision.objects.all(),
    )  # fmt: skip


def proposer(kc: World) -> Tries:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    Milestone.objects.create(
        candidate=file, step=Step.SEND_UP, on=WAY["papers_on"], entered_by=kc.approver
    )
    return deciding(kc, kc.approver, file)


def who_recorded_a_vote(kc: World) -> Tries:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    appointed(kc.staff2, kc.top, Role.APPROVER)
    return deciding(kc, kc.staff2, file)


def helper(kc: World) -> Tries:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    kc.approver.person = kc.members[0]
    kc.approver.save(update_fields=["person"])
    return deciding(kc, kc.approver, file)


def relative(kc: World) -> Tries:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    declare_relative(file.person, by=kc.approver, on=DAY, kind="sibling")
    return deciding(kc, kc.approver, file, held_by="decision_not_of_ones_own_file")


def who_asked_for_the_cancellation(kc: World) -> Tries:
    file = candidate(kc, at=Stage.DECIDED)
    first = file.decisions.get()
    asker = officer("xin-huy", kc.top, Role.STAFF)
    appointed(asker, kc.top, Role.APPROVER)
    review = ask_cancellation(
        file, by=asker, on=DAY, ground="procedure", reason="Sai trình tự",
        asked_on=date(2021, 5, 20), back_to=Stage.READY,
    )  # fmt: skip
    paper: dict[str, Any] = {"number": "H1-QĐ", "signed_on": FUTURE, "signer": "Lê Bí Thư"}
    return Tries(
        asker,
        reverse("candidate-step", args=[file.public_id, "huy-quyet-dinh"]),
        {
            "number": "H1-QĐ", "signed_on": "20/05/2021", "signer": "Lê Bí Thư", "confirm": "on",
            "reason": "Sai trình tự",
        },
        'class="btn pri"',
        lambda by: cancel_decision(review, by=by, on=DAY, **paper),
        lambda by: Decision.objects.create(
            candidate=file, authority=kc.top, kind="cancel", rules=file.rules, supersedes=first,
            review=review, reason="Sai", approved_by=by, **paper,
        ),
        "decision_cancelled_by_a_third_person",
        Decision.objects.all(),
    )  # fmt: skip


def who_approved_and_would_let_it_count_late(kc: World) -> Tries:
    file = candidate(kc, at=Stage.DECIDED)
    entry = enter_late(
        file, by=kc.secretary, on=DAY, ceremony_on=date(2021, 4, 27), reason="Biên bản về muộn"
    )
    row = LateEntry.objects.filter(pk=entry.pk)
    return Tries(
        kc.approver,
        reverse("late-entry-answer", args=[file.public_id]),
        {"answer": "agree"},
        'value="agree"',
        lambda by: let_count(entry, by=by, on=DAY),
        lambda by: row.update(answered_by=by, answered_at=AppNow()),
        "late_entry_answered_by_a_third_person",
        row.filter(answered_at__isnull=False),
    )


def who_enters_late_into_a_closed_year(kc: World) -> Tries:
    """Two others of the top open the year first: nobody lets their own late entry in."""
    file = candidate(kc, at=Stage.DECIDED)
    Seal.objects.create(
        organization=kc.top, kind="year", period=DateRange(date(2021, 1, 1), date(2022, 1, 1)),
        entered_by=kc.staff2, approved_by=kc.approver, approved_at=AppNow(),
    )  # fmt: skip
    row: dict[str, Any] = {
        "candidate": file, "person": file.person, "cell": kc.cell, "decision": file.decisions.get(),
        "decided_on": WAY["signed_on"], "ceremony_on": WAY["ceremony_on"],
        "sex": "male", "age_years": 24,
    }  # fmt: skip
    return Tries(
        kc.secretary,
        # The page that would open the year: hers it is not.
        reverse("year-open", args=[2021, Seal.objects.get().pk]) + "?dv=kc-top",
        {"reason": "Ghi muộn"},
        '<form method="post" novalidate',
        lambda by: hold_ceremony(file, by=by, on=DAY, ceremony_on=WAY["ceremony_on"]),
        lambda by: Admission.objects.create(entered_by=by, **row),
        "admission_outside_what_is_sealed",
        Admission.objects.all(),
    )


# ---------------------------------------------------------------- whoever keeps the figures


def who_asked_for_a_correction(kc: World) -> Tries:
    report_baseline(kc.committee, by=kc.staff2, on=DAY, year=2021, members=100)
    appointed(kc.staff2, kc.top, Role.APPROVER)
    asked = ask_correction(
        kc.committee, by=kc.staff2, on=DAY, year=2021, members=90, reason="Đếm lại"
    )
    row = BaselineCorrection.objects.filter(pk=asked.pk)
    return Tries(
        kc.staff2,
        reverse("baseline-correction", args=[2021, asked.pk]) + "?dv=kc-dang-uy",
        {"answer": "approve"},
        'value="approve"',
        lambda by: answer_correction(asked, by=by, on=DAY, approve=True),
        lambda by: row.update(state="approved", answered_by=by, answered_at=AppNow()),
        "baseline_correction_answered_by_a_second_person",
        row.exclude(state="asked"),
    )


def staff_of_the_unit_itself(kc: World) -> Tries:
    paper = {"decision_number": "1-QĐ", "decided_on": DAY}
    return Tries(
        kc.staff,
        reverse("target-assign", args=[2021]) + "?dv=kc-dang-uy",
        {"form": "number", "low": "3", "decision_number": "1-QĐ", "decided_on": "28/05/2021"},
        '<form method="post" novalidate',
        lambda by: assign_target(kc.committee, by=by, on=DAY, year=2021, low=3, **paper),
        lambda by: Target.objects.create(
            organization=kc.committee, year=2021, indicator_id="KN01", kind="assigned", low=3,
            form="number", entered_by=by, **paper,
        ),
        "target_set_from_above",
        Target.objects.all(),
    )  # fmt: skip


def who_asked_to_open_the_year(kc: World) -> Tries:
    seal = Seal.objects.create(
        organization=kc.top, kind="year", period=DateRange(date(2020, 1, 1), date(2021, 1, 1)),
        entered_by=kc.staff2, approved_by=kc.approver, approved_at=AppNow(),
    )  # fmt: skip
    ask_to_open_year(seal, by=kc.staff2, on=DAY, reason="Sót một trường hợp")
    row = Seal.objects.filter(pk=seal.pk)
    return Tries(
        kc.staff2,
        reverse("year-answer", args=[2020, seal.pk]) + "?dv=kc-top",
        {"answer": "approve"},
        'value="approve"',
        lambda by: open_year(seal, by=by, on=DAY),
        lambda by: row.update(lifted_by=by, lifted_at=AppNow()),
        "seal_lifted_by_a_second_person_with_a_reason",
        row.filter(lifted_at__isnull=False),
    )


# ---------------------------------------------------------------- whoever grants


def who_would_confirm_their_own_role(kc: World) -> Tries:
    proposal = propose_appointment(
        kc.staff2, to=kc.top, role=Role.APPROVER, by=kc.administrator, on=DAY
    )
    assert isinstance(proposal, AppointmentProposal)
    return Tries(
        kc.staff2,
        reverse("appointment-confirm", args=[proposal.pk]),
        {},
        '<form method="post" novalidate',
        lambda by: confirm_appointment(proposal, by=by, on=DAY),
        lambda by: Appointment.objects.create(
            user=kc.staff2, organization=kc.top, role="approver", period=since(DAY),
            granted_by=kc.administrator, approved_by=by,
        ),
        "appointment_not_approved_by_its_holder",
        Appointment.objects.all(),
    )  # fmt: skip


def who_asked_to_change_the_forms(kc: World) -> Tries:
    """Forms and thresholds are of the rule set; there is no other template that anybody edits."""
    rules = RuleSet.objects.order_by("period").last()
    assert rules is not None
    (asked,) = ask_rule_change(
        rules, PARAMETERS["certificate_months"], by=kc.staff2, on=DAY, new="48", source="Văn bản",
        certainty="H", reason="Đọc lại",
    )  # fmt: skip
    row = RuleChange.objects.filter(pk=asked.pk)
    return Tries(
        kc.staff2,
        reverse("rule-change-answer", args=[asked.pk]),
        {"answer": "approve"},
        'value="approve"',
        lambda by: answer_rule_change(asked, by=by, on=DAY, approves=True),
        lambda by: row.update(approved_by=by, approved_at=AppNow()),
        "rule_change_approved_by_another_person",
        row.filter(approved_at__isnull=False),
    )


def auditor_who_would_write(kc: World) -> Tries:
    other = officer("khac", kc.top, Role.LEADER)
    return Tries(
        kc.auditor,
        reverse("appointment-new", args=[kc.auditor.username]),
        {"to": "x [kc-1]", "role": "secretary", "title": "", "since": "28/05/2021"},
        '<form method="post" novalidate',
        lambda _by: appoint(
            kc.auditor, to=kc.cell, role=Role.SECRETARY, by=kc.administrator,
            confirmed_by=kc.staff2, on=DAY,
        ),
        lambda _by: Appointment.objects.create(
            user=kc.auditor, organization=kc.cell, role="secretary", period=since(DAY),
            granted_by=kc.administrator, approved_by=other,
        ),
        "appointment_of_an_auditor_beside_none_that_writes",
        Appointment.objects.all(),
        kc.administrator,
    )  # fmt: skip


RULES: dict[str, Callable[[World], Tries]] = {
    "SoD-1": proposer,
    "SoD-2": who_recorded_a_vote,
    "SoD-3": helper,
    "SoD-4": relative,
    "SoD-5": who_asked_for_the_cancellation,
    "SoD-6": who_approved_and_would_let_it_count_late,
    "SoD-6, closed year": who_enters_late_into_a_closed_year,
    "SoD-7": who_asked_for_a_correction,
    "SoD-8": staff_of_the_unit_itself,
    "SoD-9": who_asked_to_open_the_year,
    "SoD-10": who_would_confirm_their_own_role,
    "SoD-11": who_asked_to_change_the_forms,
    "SoD-12": auditor_who_would_write,
}


OF_THE_POST = {"SoD-4", "SoD-6, closed year", "SoD-8", "SoD-12"}
"""Rules that are not about who did what before: of another account they say the same, or, for a
relative, nothing: relatives are declared by account."""


def another_account_of(kc: World, user: User) -> User:
    """Return a second account of the human being of `user`, with the roles of the first."""
    other = account(f"{user.username}-2", full_name=user.full_name)
    two_records_of_one_person(kc, user, other)
    for held in Appointment.objects.filter(user=user):
        appointed(other, held.organization, Role(held.role))
    return other


@pytest.mark.sweep
@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_refused_in_all_five_ways(rule: str) -> None:
    tries = RULES[rule](world())

    assert {way: refused(way, tries, by=tries.by) for way in WAYS} == dict.fromkeys(WAYS, True)


@pytest.mark.sweep
@pytest.mark.parametrize("rule", sorted(RULES.keys() - OF_THE_POST))
def test_nor_does_another_account_of_the_same_human_being_get_past_it(rule: str) -> None:
    kc = world()
    tries = RULES[rule](kc)
    other = another_account_of(kc, tries.by)

    assert {way: refused(way, tries, by=other) for way in WAYS} == dict.fromkeys(WAYS, True)


NOT_ABOUT_TWO = {
    "handover_between_two_people": "whoever changes accounts hands the work to themselves",
    "start_code_is_not_issued_to_oneself": "whoever comes into the own second account is that one",
    "proofs_are_not_reset_by_their_holder": "likewise",
    "late_entry_answered_by_another_person": "`late_entry_answered_by_a_third_person` asks more",
}


def test_where_a_table_wants_two_accounts_it_wants_two_human_beings() -> None:
    wanted, held = set(), set()
    for model in apps.get_models():
        accounts = {field.name for field in model._meta.fields if field.related_model is User}
        for constraint in model._meta.constraints:
            if isinstance(constraint, models.CheckConstraint):
                named = set(re.findall(r"\('(\w+)', F\((\w+)\)\)", repr(constraint.condition)))
                if any({one, other} <= accounts for one, other in named):
                    wanted.add(constraint.name)
        for trigger in getattr(model._meta, "triggers", []):
            if trigger.name == "two_people_not_two_accounts":
                held |= set(re.findall(r"'(\w+)'\)", trigger.func))

    assert len(held) == 17
    assert wanted - held == NOT_ABOUT_TWO.keys()
