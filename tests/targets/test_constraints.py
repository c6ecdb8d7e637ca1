"""Every constraint and trigger of targets, each tried by a row that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction

from targets.measures import MEASURES
from targets.models import (
    Acknowledgement,
    Attainment,
    Baseline,
    BaselineConfirmation,
    BaselineCorrection,
    BaselineFreeze,
    Cycle,
    DeclaredForecast,
    FollowUp,
    Indicator,
    MonthlyConfirmation,
    Reminder,
    ReportedFigure,
    RoundPlan,
    SavedScenario,
    SourceDeclaration,
    Target,
    TargetDecision,
    TargetDraft,
    Visit,
)
from targets.sql import COLUMNS
from tests.database import OwnerRole
from tests.organizations.makers import DAY, account, unit

pytestmark = pytest.mark.django_db

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


def own(columns: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    """Return `columns` over `defaults`, with an organisation and someone who entered it."""
    made = {**defaults, **columns}
    if "organization" not in made:
        made["organization"] = unit("tren")
    if "entered_by" not in made:
        made["entered_by"] = account("an")
    return made


def attainment(**columns: Any) -> Attainment:
    organization = columns.pop("organization", None) or unit("tren")
    return Attainment(
        **{
            "organization": organization,
            "year": 2021,
            "lens": "then",
            "computed_at": LONG_AGO,
            **columns,
        }
    )


def baseline(**columns: Any) -> Baseline:
    return Baseline(**own(columns, year=2021, members=953))


def confirmation(**columns: Any) -> BaselineConfirmation:
    return BaselineConfirmation(**own(columns, year=2021, members=953, proposed=953))


def freeze(**columns: Any) -> BaselineFreeze:
    return BaselineFreeze(**own(columns, year=2021, decision_number="01-QĐ/ĐU", signed_on=DAY))


def frozen_by_who_asked() -> BaselineFreeze:
    row = freeze(approved_at=LONG_AGO)
    row.approved_by = row.entered_by
    return row


def withdrawn_after_all() -> BaselineFreeze:
    second = account("binh")
    return freeze(
        approved_at=LONG_AGO, approved_by=second, withdrawn_at=LONG_AGO, withdrawn_by=second
    )


def correction(**columns: Any) -> BaselineCorrection:
    return BaselineCorrection(**own(columns, year=2021, members=954, reason="Sót"))


def answered_by_who_asked() -> BaselineCorrection:
    row = correction(state="refused", answered_at=LONG_AGO)
    row.answered_by = row.entered_by
    return row


def target(**columns: Any) -> Target:
    return Target(
        **own(
            columns,
            indicator_id="KN01",
            year=2021,
            kind="assigned",
            version=1,
            form="number",
            low=3,
            high=3,
            decision_number="15-QĐ/ĐU",
            decided_on=DAY,
        )
    )


def figure(**columns: Any) -> ReportedFigure:
    return ReportedFigure(
        **own(columns, indicator_id="KN11", as_of=DAY, numerator=1, evidence="BC 1")
    )


def declaration(**columns: Any) -> SourceDeclaration:
    return SourceDeclaration(
        **own(
            columns,
            state="declared",
            grounds="Không tuyển mới",
            declared_on=DAY,
            review_on=DAY + timedelta(days=180),
        )
    )


def forecast(**columns: Any) -> DeclaredForecast:
    return DeclaredForecast(
        **own(columns, year=2021, people=45, declared_on=DAY, declared_by="Bí thư")
    )


def round_plan(*shares: int | None, **columns: Any) -> RoundPlan:
    given = [None if one is None else Decimal(one) for one in shares or (10, 20, 70, 100)]
    return RoundPlan(
        **own(columns, **{"year": 2021, "version": 1, "reason": "Vì", "set_on": DAY, **columns}),
        shares=given,
    )


def cycle(**columns: Any) -> Cycle:
    return Cycle(
        **own(columns, year=2021, opened_on=DAY, register_by=DAY, issue_by=DAY + timedelta(days=30))
    )


def put_before_the_committee(**columns: Any) -> Cycle:
    return cycle(state="submitted", submitted_on=DAY, **columns)


def issued(**columns: Any) -> Cycle:
    """Return a cycle that was issued by its decision."""
    row = stored(put_before_the_committee(**columns))
    paper(cycle=row, organization=row.organization, entered_by=row.entered_by).save()
    Cycle.objects.filter(pk=row.pk).update(state=Cycle.State.ISSUED)
    return row


def stored(row: Any) -> Any:
    """Return `row`, saved now unless it was before."""
    if row.pk is None:
        row.save()
    return row


def numbered_as_one_that_is_issued() -> Cycle:
    first = issued()
    return cycle(organization=first.organization, entered_by=first.entered_by)


def of_a_cycle(columns: dict[str, Any], maker: Callable[..., Cycle] = cycle) -> dict[str, Any]:
    made = own(columns)
    if "cycle" not in made:
        known = {name: made[name] for name in ("organization", "entered_by")}
        made["cycle"] = stored(maker(**known))
    return made


def draft(maker: Callable[..., Cycle] = cycle, **columns: Any) -> TargetDraft:
    made = of_a_cycle(columns, maker)
    return TargetDraft(saved_at=LONG_AGO, saved_by=made.pop("entered_by"), **made)


def paper(**columns: Any) -> TargetDecision:
    return TargetDecision(**own(columns, **{"number": "15-QĐ/ĐU", "decided_on": DAY, **columns}))


def taken_note(**columns: Any) -> Acknowledgement:
    made = own(columns, acknowledged_on=DAY)
    if "decision" not in made:
        made["decision"] = paper(**{name: made[name] for name in ("organization", "entered_by")})
        made["decision"].save()
    return Acknowledgement(**made)


def reminder(**columns: Any) -> Reminder:
    return Reminder(**of_a_cycle(columns), reminded_on=DAY)


def scenario(**columns: Any) -> SavedScenario:
    return SavedScenario(**own(columns, year=2021, name="Theo đảng viên", asked={}, shares={}))


def month(**columns: Any) -> MonthlyConfirmation:
    return MonthlyConfirmation(**own(columns, year=2021, month=4, admitted=3, counted=3))


def of_a_unit(columns: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    made = own(columns, **defaults)
    if "unit" not in made:
        made["unit"] = unit("duoi", made["organization"])
    return made


def follow_up(**columns: Any) -> FollowUp:
    return FollowUp(
        **of_a_unit(
            columns, year=2021, task="Rà nguồn", responsible="Đ/c Bình", given_on=DAY, due_on=DAY
        )
    )


def of_oneself() -> FollowUp:
    organization = unit("tren")
    return follow_up(organization=organization, unit=organization)


def done(**columns: Any) -> FollowUp:
    columns.setdefault("closed_by", account("binh"))
    return follow_up(**{"done_on": DAY, "result": "Đã xong", **columns})


def visit(**columns: Any) -> Visit:
    return Visit(**of_a_unit(columns, year=2021, visited_on=DAY, who="Đ/c Bình"))


def again(maker: Callable[..., Any], **changes: Any) -> Any:
    """Return a second row like a first one that is saved."""
    first = maker()
    first.save()
    columns = {"organization": first.organization, **changes}
    if hasattr(first, "entered_by"):
        columns["entered_by"] = first.entered_by
    for thing in ("cycle", "decision", "unit"):
        if getattr(first, thing, None) is not None:
            columns[thing] = getattr(first, thing)
    return maker(**columns)


def given_twice_by_a_decision() -> Target:
    order = paper()
    order.save()
    known = {"organization": order.organization, "entered_by": order.entered_by}
    target(decision=order, **known).save()
    return target(decision=order, version=2, **known)


def again_of_the_cycle(maker: Callable[..., Any]) -> Any:
    """Return a second row of a first one's cycle and organisation."""
    first = maker()
    first.save()
    return maker(cycle=first.cycle, organization=first.organization, entered_by=first.saved_by)


def corrected(**columns: Any) -> Baseline:
    by = account("an")
    if columns.pop("by_oneself", False):
        columns["confirmed_by"] = by
    return baseline(version=2, entered_by=by, **columns)


def answered_twice() -> SourceDeclaration:
    asked = declaration()
    asked.save()
    columns = {
        "organization": asked.organization,
        "entered_by": asked.entered_by,
        "answers": asked,
    }
    declaration(**columns, state="accepted").save()
    return declaration(**columns, state="returned")


def percent_of(base: int, rate: str, people: int) -> Target:
    return target(form="percent", percent=Decimal(rate), base_members=base, low=people, high=people)


BROKEN: list[tuple[str, Callable[[], Any]]] = [
    ("attainment_one_row_per_year_and_lens", lambda: again(attainment)),
    ("attainment_target_has_both_ends", lambda: attainment(target_low=3)),
    ("attainment_target_has_both_ends", lambda: attainment(target_high=3)),
    ("baseline_one_row_per_version", lambda: again(baseline)),
    (
        "baseline_corrected_by_two_people_with_a_reason",
        lambda: corrected(reason="", confirmed_by=account("binh")),
    ),
    ("baseline_corrected_by_two_people_with_a_reason", lambda: corrected(reason="Sai")),
    (
        "baseline_corrected_by_two_people_with_a_reason",
        lambda: corrected(reason="Sai", by_oneself=True),
    ),
    (
        "baseline_version_from_one",
        lambda: baseline(version=0, reason="Sai", confirmed_by=account("binh")),
    ),
    ("baseline_confirmation_explains_a_difference", lambda: confirmation(members=954)),
    ("baseline_freeze_once_a_year", lambda: again(freeze)),
    ("baseline_freeze_names_its_decision", lambda: freeze(decision_number="")),
    ("baseline_freeze_approved_by_a_second_person", frozen_by_who_asked),
    ("baseline_freeze_approved_by_a_second_person", lambda: freeze(approved_at=LONG_AGO)),
    ("baseline_freeze_approved_by_a_second_person", lambda: freeze(approved_by=account("binh"))),
    (
        "baseline_freeze_withdrawn_only_before_it_is_approved",
        lambda: freeze(withdrawn_at=LONG_AGO),
    ),
    ("baseline_freeze_withdrawn_only_before_it_is_approved", withdrawn_after_all),
    ("baseline_correction_one_open", lambda: again(correction)),
    ("baseline_correction_has_a_reason", lambda: correction(reason="")),
    ("baseline_correction_answered_by_a_second_person", answered_by_who_asked),
    ("baseline_correction_answered_by_a_second_person", lambda: correction(state="refused")),
    (
        "baseline_correction_answered_by_a_second_person",
        lambda: correction(answered_by=account("binh")),
    ),
    (
        "baseline_correction_approved_is_a_baseline",
        lambda: correction(state="approved", answered_by=account("binh"), answered_at=LONG_AGO),
    ),
    ("reported_figure_denominator_is_not_zero", lambda: figure(denominator=0)),
    ("reported_figure_names_its_evidence", lambda: figure(evidence="")),
    ("source_declaration_names_its_grounds", lambda: declaration(grounds="")),
    ("source_declaration_reviewed_after_it_was_made", lambda: declaration(review_on=DAY)),
    ("source_declaration_answered_by_its_superior", lambda: declaration(state="accepted")),
    ("source_declaration_answered_by_its_superior", lambda: declared_as_an_answer()),
    ("answers_id", answered_twice),
    ("declared_forecast_names_its_author", lambda: forecast(declared_by="")),
    ("round_plan_one_row_per_version", lambda: again(round_plan)),
    ("round_plan_version_from_one", lambda: round_plan(version=0)),
    ("round_plan_says_why", lambda: round_plan(reason="")),
    ("round_plan_grows_from_round_to_round_up_to_all", lambda: round_plan(10, 20, 70, 99)),
    ("round_plan_grows_from_round_to_round_up_to_all", lambda: round_plan(20, 10, 70, 100)),
    ("round_plan_grows_from_round_to_round_up_to_all", lambda: round_plan(10, 80, 70, 100)),
    ("round_plan_grows_from_round_to_round_up_to_all", lambda: round_plan(-1, 20, 70, 100)),
    ("round_plan_grows_from_round_to_round_up_to_all", lambda: round_plan(70, 100)),
    ("round_plan_grows_from_round_to_round_up_to_all", lambda: round_plan(1, None, 2, 100)),
    ("target_one_row_per_version", lambda: again(target)),
    ("target_given_once_by_a_decision", lambda: given_twice_by_a_decision()),
    ("target_low_not_above_high", lambda: target(form="range", low=40, high=35)),
    ("target_single_number_is_low_and_high", lambda: target(low=3, high=4)),
    ("target_has_the_numbers_of_its_form", lambda: target(form="range", low=None, high=None)),
    ("target_has_the_numbers_of_its_form", lambda: target(form="percent", percent=5)),
    ("target_has_the_numbers_of_its_form", lambda: target(form="share", percent=90)),
    (
        "target_has_the_numbers_of_its_form",
        lambda: target(form="share", percent=None, low=None, high=None),
    ),
    (
        "target_percent_between_0_and_100",
        lambda: target(form="share", percent=Decimal("100.01"), low=None, high=None),
    ),
    ("target_percent_between_0_and_100", lambda: target(percent=Decimal("-0.01"))),
    ("target_percent_rounds_up_on_its_base", lambda: percent_of(953, "5.5", 52)),
    ("target_percent_rounds_up_on_its_base", lambda: percent_of(953, "5.5", 54)),
    ("target_adjusted_with_a_reason", lambda: target(kind="adjusted")),
    ("target_version_from_one", lambda: target(version=0)),
    ("target_part_lies_in_its_span", lambda: target(part=1)),
    ("target_part_lies_in_its_span", lambda: target(span="half")),
    ("target_part_lies_in_its_span", lambda: target(span="half", part=3)),
    ("target_part_lies_in_its_span", lambda: target(span="quarter", part=5)),
    ("target_part_lies_in_its_span", lambda: target(span="term", part=1, until_year=2025)),
    ("target_term_ends_after_it_begins", lambda: target(until_year=2025)),
    ("target_term_ends_after_it_begins", lambda: target(span="term", until_year=2020)),
    ("target_term_has_its_last_year", lambda: target(span="term")),
    ("target_that_binds_names_its_decision", lambda: target(decision_number="")),
    ("target_that_binds_names_its_decision", lambda: target(decided_on=None)),
    (
        "target_that_binds_names_its_decision",
        lambda: target(kind="adjusted", reason="Thêm nguồn", decision_number="", decided_on=None),
    ),
    (
        "target_that_binds_names_its_decision",
        lambda: target(origin="resolution", decision_number="", decided_on=None),
    ),
    ("target_floor_counts_units", lambda: target(form="floor")),
    ("target_group_of_members_admitted", lambda: target(indicator_id="KN06", group="women")),
    ("cycle_one_row_per_number", numbered_as_one_that_is_issued),
    ("cycle_one_open_at_a_time", lambda: again(cycle, number=2)),
    ("cycle_number_from_one", lambda: cycle(number=0)),
    ("cycle_days_in_order", lambda: cycle(register_by=DAY - timedelta(days=1))),
    ("cycle_days_in_order", lambda: cycle(issue_by=DAY - timedelta(days=1))),
    ("cycle_submitted_has_its_day", lambda: cycle(state="submitted")),
    ("cycle_submitted_has_its_day", lambda: cycle(state="drafting", submitted_on=DAY)),
    ("target_draft_one_per_unit", lambda: again_of_the_cycle(draft)),
    ("target_draft_both_ends_or_none", lambda: draft(low=3)),
    ("target_draft_both_ends_or_none", lambda: draft(high=3)),
    ("target_draft_both_ends_or_none", lambda: draft(low=4, high=3)),
    ("target_decision_number_once_a_year", lambda: again(paper, number="15-qđ/đu")),
    ("target_decision_has_a_number", lambda: paper(number="")),
    ("target_decision_other_reason_is_noted", lambda: paper(reasons=["members", "other"])),
    ("acknowledgement_once", lambda: again(taken_note)),
    ("reminder_once_a_day", lambda: again(reminder)),
    ("saved_scenario_name_once", lambda: again(scenario)),
    ("saved_scenario_has_a_name", lambda: scenario(name="")),
    ("monthly_confirmation_of_a_month", lambda: month(month=0)),
    ("monthly_confirmation_of_a_month", lambda: month(month=13)),
    ("monthly_confirmation_explains_a_difference", lambda: month(admitted=4)),
    ("follow_up_says_what_and_who", lambda: follow_up(task="")),
    ("follow_up_says_what_and_who", lambda: follow_up(responsible="")),
    ("follow_up_due_after_it_is_given", lambda: follow_up(due_on=DAY - timedelta(days=1))),
    ("follow_up_of_another_organisation", of_oneself),
    ("follow_up_done_with_a_result", lambda: done(result="")),
    ("follow_up_done_with_a_result", lambda: done(closed_by=None)),
    ("follow_up_done_with_a_result", lambda: done(done_on=DAY - timedelta(days=1))),
    ("follow_up_done_with_a_result", lambda: follow_up(result="Đã xong")),
    ("visit_once_a_day", lambda: again(visit)),
    ("visit_says_who_went", lambda: visit(who="")),
]


def declared_as_an_answer() -> SourceDeclaration:
    asked = declaration()
    asked.save()
    return declaration(organization=asked.organization, entered_by=asked.entered_by, answers=asked)


@pytest.mark.parametrize(
    ("name", "broken"), BROKEN, ids=[f"{name}-{n}" for n, (name, _row) in enumerate(BROKEN)]
)
def test_the_database_refuses_the_row_that_breaks(name: str, broken: Callable[[], Any]) -> None:
    row = broken()

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        row.save(force_insert=True)


def test_every_constraint_of_the_app_is_tried() -> None:
    tried = {name for name, _row in BROKEN}

    named = {
        constraint.name
        for model in apps.get_app_config("targets").get_models()
        for constraint in model._meta.constraints
    }

    assert tried == {*named, "answers_id"}


def test_what_is_at_the_edge_is_allowed() -> None:
    organization, by = unit("tren"), account("an")
    rows = [
        percent_of_allowed
        for version, (base, rate, people) in enumerate(
            [(953, "5.5", 53), (1000, "5", 50), (0, "5", 0)], start=1
        )
        for percent_of_allowed in [
            target(
                organization=organization, entered_by=by, version=version, form="percent",
                percent=Decimal(rate), base_members=base, low=people, high=people,
            )
        ]
    ]  # fmt: skip

    for row in rows:
        row.save()

    assert Target.objects.count() == 3


MAKERS: dict[str, Callable[..., Any]] = {
    "Baseline": baseline,
    "BaselineConfirmation": confirmation,
    "Target": target,
    "ReportedFigure": figure,
    "SourceDeclaration": declaration,
    "DeclaredForecast": forecast,
    "RoundPlan": round_plan,
    "TargetDecision": paper,
    "Acknowledgement": taken_note,
    "Reminder": reminder,
    "MonthlyConfirmation": month,
    "Visit": visit,
}

FINAL: dict[str, tuple[Callable[..., Any], str]] = {
    "cycle_issued_stays": (issued, "note = 'khác'"),
    "follow_up_done_stays": (done, "result = 'khác'"),
    "saved_scenario_stays": (scenario, "name = 'khác'"),
}


@pytest.mark.parametrize("change", ["UPDATE {} SET organization_id = 1", "DELETE FROM {}"])
@pytest.mark.parametrize("model", MAKERS)
def test_what_was_said_stays_even_before_the_owner(
    model: str, change: str, owner_role: OwnerRole
) -> None:
    row = MAKERS[model]()
    row.save()

    with (
        pytest.raises(DatabaseError, match=r"Cannot (update|delete) rows"),
        transaction.atomic(),
        owner_role() as cursor,
    ):
        cursor.execute(change.format(row._meta.db_table))

    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("change", ["UPDATE {} SET organization_id = 1", "DELETE FROM {}"])
@pytest.mark.parametrize("model", MAKERS)
def test_the_product_itself_may_change_nothing_that_was_said(model: str, change: str) -> None:
    row = MAKERS[model]()
    row.save()

    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change.format(row._meta.db_table))


def of_its_decision(**said: Any) -> Target:
    """Return a target of a decision, with another number or day in it."""
    order = paper()
    order.save()
    return target(
        decision=order, organization=order.organization, entered_by=order.entered_by, **said
    )


def issued_by_another() -> TargetDecision:
    row = stored(put_before_the_committee())
    return paper(cycle=row, organization=unit("khac"), entered_by=row.entered_by)


AGREE: list[tuple[str, Callable[[], Any]]] = [
    ("cycle_issued_by_its_decision", lambda: cycle(state="issued", submitted_on=DAY)),
    ("target_decision_issues_a_cycle_of_its_own", issued_by_another),
    ("target_says_its_decision_as_it_is", lambda: of_its_decision(decision_number="16-QĐ/ĐU")),
    (
        "target_says_its_decision_as_it_is",
        lambda: of_its_decision(decided_on=DAY - timedelta(days=1)),
    ),
    (
        "target_says_its_decision_as_it_is",
        lambda: of_its_decision(kind="proposed", decision_number="", decided_on=None),
    ),
]


@pytest.mark.parametrize(
    ("name", "broken"), AGREE, ids=[f"{name}-{n}" for n, (name, _row) in enumerate(AGREE)]
)
def test_cycles_decisions_and_targets_say_the_same(name: str, broken: Callable[[], Any]) -> None:
    row = broken()

    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        row.save()

    assert refusal.value.__cause__.diag.constraint_name == name  # type: ignore[union-attr]


def test_a_cycle_is_issued_once_its_decision_is_there() -> None:
    row = stored(put_before_the_committee())
    known = Cycle.objects.filter(pk=row.pk)

    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        known.update(state="issued")

    assert refusal.value.__cause__.diag.constraint_name == "cycle_issued_by_its_decision"  # type: ignore[union-attr]
    paper(cycle=row, organization=row.organization, entered_by=row.entered_by).save()
    assert known.update(state="issued") == 1


@pytest.mark.parametrize("change", ["UPDATE {} SET low = 9", "DELETE FROM {}"])
def test_every_number_that_was_drafted_stays(change: str, owner_role: OwnerRole) -> None:
    row = draft(low=3, high=3)
    row.save()
    other = account("binh")
    TargetDraft.objects.filter(pk=row.pk).update(low=None, high=None, version=2, saved_by=other)

    events = apps.get_model("targets", "TargetDraftEvent")._default_manager
    written = events.filter(pgh_obj_id=row.pk).order_by("pgh_id")
    assert list(written.values_list("pgh_label", "low", "version", "saved_by__username")) == [
        ("insert", 3, 1, "an"),
        ("update", None, 2, "binh"),
    ]
    sentence = change.format("targets_targetdraftevent")
    with (
        pytest.raises(DatabaseError, match="Cannot update or delete rows"),
        transaction.atomic(),
        owner_role() as cursor,
    ):
        cursor.execute(sentence)
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sentence)


@pytest.mark.parametrize("maker", [put_before_the_committee, issued])
def test_nothing_is_drafted_in_a_cycle_that_is_not_open(maker: Callable[..., Cycle]) -> None:
    row = draft(maker)

    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        row.save()

    assert refusal.value.__cause__.diag.constraint_name == "target_draft_of_an_open_cycle"  # type: ignore[union-attr]


@pytest.mark.parametrize("name", FINAL)
def test_what_is_final_is_not_changed_even_by_the_owner(name: str, owner_role: OwnerRole) -> None:
    maker, change = FINAL[name]
    row = stored(maker())

    with pytest.raises(IntegrityError) as refusal, transaction.atomic(), owner_role() as cursor:
        cursor.execute(f"UPDATE {row._meta.db_table} SET {change}")  # noqa: S608 - its own name

    assert refusal.value.__cause__.diag.constraint_name == name  # type: ignore[union-attr]


@pytest.mark.parametrize("maker", [freeze, correction, cycle, follow_up, scenario])
def test_what_is_worked_on_is_never_deleted(
    maker: Callable[..., Any], owner_role: OwnerRole
) -> None:
    row = maker(entered_at=LONG_AGO)
    row.save(force_insert=True)
    row.refresh_from_db(fields=["entered_at"])

    with (
        pytest.raises(DatabaseError, match="Cannot delete rows"),
        transaction.atomic(),
        owner_role() as cursor,
    ):
        cursor.execute(f"DELETE FROM {row._meta.db_table}")  # noqa: S608 - its own name
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        type(row).objects.filter(pk=row.pk)._raw_delete(using="default")

    assert datetime.now(UTC) - row.entered_at < timedelta(minutes=5)


def test_an_indicator_is_never_deleted(owner_role: OwnerRole) -> None:
    with (
        pytest.raises(DatabaseError, match="Cannot delete rows"),
        transaction.atomic(),
        owner_role() as cursor,
    ):
        cursor.execute("DELETE FROM targets_indicator WHERE code = 'KN18'")

    assert Indicator.objects.count() == 18


@pytest.mark.parametrize("model", MAKERS)
def test_the_day_of_entry_cannot_be_forged(model: str) -> None:
    row = MAKERS[model](entered_at=LONG_AGO)

    row.save(force_insert=True)
    row.refresh_from_db(fields=["entered_at"])

    assert datetime.now(UTC) - row.entered_at < timedelta(minutes=5)


def test_the_columns_of_the_figures_are_those_of_the_measures() -> None:
    columns = {column.column for column in Attainment._meta.get_fields() if column.concrete}

    assert columns - {"id", "organization_id", "year", "lens", "computed_at"} == set(COLUMNS)
    assert {measure.name for measure in MEASURES} <= columns
