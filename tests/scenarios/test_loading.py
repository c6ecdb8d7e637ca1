"""Loading: through the operations, on the days it happened, into an empty database alone."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from admissions.models import Admission, Ballot, Candidate, Decision, Introducer, Milestone
from admissions.stages import Stage
from config import clock
from config.errors import DomainError
from organizations.models import Installation, Organization, Outbox, Reorganization, User
from organizations.operations.accounts import start_installation
from reports.scenarios import plan_of
from reports.scenarios.loading import load
from reports.scenarios.plan import (
    CELL_KINDS,
    Change,
    Class,
    Confirmation,
    Opening,
    Plan,
    Reorganize,
    Shares,
)
from targets.models import Attainment, MonthlyConfirmation

pytestmark = pytest.mark.django_db
PASSWORD = "Mot-mat-khau-de-thu-86"
FIRST, SECOND = "khe-cham-phan-xuong-khai-thac-2", "khe-cham-phan-xuong-khai-thac-3"


@cache
def small() -> Plan:
    """The default scenario with only the files and members of two cells."""
    plan = plan_of("than-quang-ninh-2021")
    kept = {FIRST, SECOND}
    units = {above.slug for cell in kept for above in plan.above(cell)} | {
        unit.slug for unit in plan.units if unit.kind not in CELL_KINDS
    }
    indices = [index for index, member in enumerate(plan.members) if member.cell in kept]
    accounts = []
    for account in plan.accounts:
        if not (account.is_shown or account.username == "nhap-lieu-khe-cham"):
            continue
        posts = tuple(post for post in account.posts if post[0] in units)
        member = indices.index(account.member) if account.member in indices else None
        accounts.append(replace(account, posts=posts, member=member))
    others: list[Any] = []
    for event in plan.others:
        if isinstance(event, Opening):
            kept_members = {slug: one for slug, one in event.members.items() if slug in units}
            others.append(replace(event, members=kept_members))
        elif isinstance(event, Shares):
            # Who shares out among cells that are not here has no account here either.
            if numbers := {slug: one for slug, one in event.numbers.items() if slug in units}:
                others.append(replace(event, numbers=numbers))
        elif isinstance(event, Confirmation):
            # The others' books have no account here.
            if event.organization == "khe-cham":
                others.append(event)
        elif isinstance(event, Class):
            here = {file.number for file in plan.files if file.cell in kept}
            names = {
                "proposed": tuple(one for one in event.proposed if one in here),
                "accepted": tuple(one for one in event.accepted if one in here),
            }
            others.append(replace(event, **names))
        elif isinstance(event, Reorganize):
            # Of the cells that are here the second goes into the first.
            others.append(replace(event, changes=(Change("merge", (SECOND,), (FIRST,)),)))
        else:
            others.append(event)
    return replace(
        plan,
        units=[unit for unit in plan.units if unit.slug in units],
        members=[plan.members[index] for index in indices],
        accounts=accounts,
        files=[file for file in plan.files if file.cell in kept],
        others=others,
        years=(2020, 2021),
        index={},
    )


def figures() -> list[Any]:
    return [
        *Attainment.objects.order_by("organization__slug", "year", "lens").values_list(
            "organization__slug", "year", "lens", "admitted", "opening_members", "target_low",
            "admitted_women", "admitted_young", "files_decided", "files_source",
        ),
        *Candidate.objects.order_by("number").values_list("number", "person__full_name", "stage"),
        *Ballot.objects.order_by("pk").values_list("held_on", "entitled", "present", "in_favour"),
    ]  # fmt: skip


def test_a_scenario_is_loaded_by_what_happened_on_each_day() -> None:
    plan = small()

    load(plan, password=PASSWORD)

    assert clock.today() == date(2021, 5, 28)
    ballot = Ballot.objects.earliest("pk")
    assert clock.HERE.fromutc(ballot.entered_at.replace(tzinfo=clock.HERE)).date() == ballot.held_on
    assert Admission.objects.filter(origin="process").count() == 1
    assert Decision.objects.exclude(approved_by__username="duyet").count() == 0
    assert Candidate.objects.filter(stage=Stage.DECIDED).exists()
    assert not Outbox.objects.exists()


@pytest.mark.thorough
def test_a_decision_whose_day_has_not_come_waits_and_changes_nothing() -> None:
    load(small(), password=PASSWORD)

    decision = Reorganization.objects.get()
    assert (decision.state, decision.effective_on, decision.number) == (
        Reorganization.State.CONFIRMED,
        date(2021, 7, 1),
        "41-QĐ/ĐU",
    )
    assert decision.entered_by.username == "canbo"
    assert decision.confirmed_by is not None
    assert decision.confirmed_by.username == "duyet"
    assert (decision.preview or {})["counts"]["members"] > 0
    assert not Organization.objects.exclude(period__endswith=None).exists()


@pytest.mark.thorough
def test_a_decision_whose_day_has_come_is_applied() -> None:
    plan = small()
    others = [
        replace(event, effective_on=event.day) if isinstance(event, Reorganize) else event
        for event in plan.others
    ]

    load(replace(plan, others=others), password=PASSWORD)

    decision = Reorganization.objects.get()
    assert decision.state == Reorganization.State.APPLIED
    assert decision.job is not None
    assert decision.job.state == "done"
    assert Organization.objects.get(slug=SECOND).period.upper == date(2021, 5, 25)
    assert not Outbox.objects.exists()
    assert {lens for lens, _admitted in Attainment.objects.filter(
        organization__slug="than-quang-ninh", year=2021
    ).values_list("lens", "admitted")} == {"then", "now"}  # fmt: skip


@pytest.mark.thorough
def test_what_is_entered_carries_the_day_it_happened_on() -> None:
    load(small(), password=PASSWORD)

    milestones = Milestone.objects.filter(step="admit")
    assert milestones
    for milestone in milestones:
        assert milestone.entered_at.astimezone(clock.HERE).date() == milestone.on


@pytest.mark.thorough
def test_a_month_is_confirmed_by_the_unit_itself_once_it_is_over() -> None:
    load(small(), password=PASSWORD)

    said = MonthlyConfirmation.objects.filter(organization__slug="khe-cham").order_by("month")
    assert [(one.month, one.entered_by.username, one.admitted) for one in said] == [
        (3, "canbo", 1), (4, "canbo", 1),
    ]  # fmt: skip
    for one in said:
        assert one.entered_at.astimezone(clock.HERE).date().month == one.month + 1


@pytest.mark.thorough
def test_two_loads_give_the_same() -> None:
    found = []
    for _ in range(2):
        with transaction.atomic():
            load(small(), password=PASSWORD)
            found.append(figures())
            transaction.set_rollback(True)

    assert found[0] == found[1]
    assert found[0]


@pytest.mark.thorough
def test_a_database_that_is_not_empty_is_refused() -> None:
    load(small(), password=PASSWORD)
    before = Organization.objects.count()

    with pytest.raises(DomainError):
        load(plan_of("tam-duong-2023"), password=PASSWORD)

    assert Organization.objects.count() == before


def test_a_real_installation_is_refused() -> None:
    start_installation(
        organization_name="Đảng bộ xã An Bình",
        short_name="An Bình",
        kind="commune",
        slug="an-binh",
        username="quantri",
        full_name="Quản trị",
        password=PASSWORD,
        on=date(2026, 1, 5),
    )

    with pytest.raises(CommandError) as refused:
        call_command("load_scenario", "tam-duong-2023")

    assert "\n" not in str(refused.value)
    assert Installation.objects.get().mode == Installation.Mode.REAL


def test_an_unknown_scenario_gets_one_line() -> None:
    with pytest.raises(CommandError, match="than-quang-ninh-2021") as refused:
        call_command("load_scenario", "ha-noi-1930")

    assert "\n" not in str(refused.value)
    assert not Installation.objects.exists()


@pytest.mark.thorough
def test_the_sign_ins_are_printed_with_their_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_PASSWORD", PASSWORD)
    load(small(), password=PASSWORD)
    printed = StringIO()

    call_command("sign_ins", stdout=printed)

    lines = printed.getvalue().splitlines()
    assert [line.split()[0] for line in lines[:-1]] == [
        "quantri", "bithu", "bithu2", "canbo", "canbo2", "duyet", "lanhdao", "giamsat",
        "trungtam",
    ]  # fmt: skip
    assert lines[-1].endswith(PASSWORD)


@pytest.mark.thorough
def test_another_password_than_the_one_loaded_is_not_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load(small(), password=PASSWORD)
    monkeypatch.delenv("DEMO_PASSWORD", raising=False)
    printed = StringIO()

    call_command("sign_ins", stdout=printed)

    assert "DEMO_PASSWORD" in printed.getvalue().splitlines()[-1]


def test_without_a_demonstration_no_sign_ins_are_printed() -> None:
    with pytest.raises(CommandError):
        call_command("sign_ins")


@pytest.mark.thorough
def test_nobody_signs_in_as_the_keeper_of_another_units_books() -> None:
    load(small(), password=PASSWORD)

    for user in User.objects.filter(username__startswith="nhap-lieu-"):
        assert not user.has_usable_password()


def test_a_load_that_fails_leaves_nothing() -> None:
    plan = small()
    late = replace(plan.others[-1], day=plan.day + timedelta(days=1))

    with pytest.raises(ValueError, match="lies after"):
        load(replace(plan, others=[*plan.others, late], index={}), password=PASSWORD)

    assert not Organization.objects.exists()
    assert not Installation.objects.exists()


@pytest.mark.thorough
def test_every_file_that_a_cell_considered_was_introduced_and_by_nobody_who_signs_in() -> None:
    load(small(), password=PASSWORD)

    introducers = Introducer.objects.all()
    considered = Ballot.objects.filter(level="cell").values("candidate")
    assert considered
    assert not Candidate.objects.filter(pk__in=considered).exclude(introducers__in=introducers)
    # Whoever has an account may have to judge the case.
    assert not introducers.filter(person__in=User.objects.exclude(person=None).values("person"))
    for one in introducers:
        assert one.entered_at.astimezone(clock.HERE).date() == one.named_on
