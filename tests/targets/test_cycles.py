"""A year's targets from the opening of the registration to the decision, and their adjustment."""

import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from config.errors import ConflictError, DomainError
from config.periods import between
from organizations.models import Placement, Post
from organizations.operations.seals import ask_to_close_year, close_year
from organizations.sheets.waiting import waiting_for
from targets import sheets
from targets.models import Acknowledgement, Cycle, Reminder, Target, TargetDraft
from targets.operations.cycles import acknowledge, current_cycle, move_cycle, open_cycle, remind
from targets.operations.decisions import issue_cycle
from targets.operations.drafts import save_drafts
from targets.operations.targets import assign_target, register_target
from tests.makers import BEGINNING, DAY, World, member, unit, world
from tests.targets.assigning import drafting, issued, opened, submitted

PAPER: dict[str, Any] = {"decision_number": "24-QĐ/ĐU", "decided_on": date(2021, 1, 21)}
State = Cycle.State


@pytest.fixture
def kc(db: None) -> World:
    return world()


def refused(act: Callable[[], Any]) -> dict[str, str]:
    with override("en"), pytest.raises(DomainError) as refusal, transaction.atomic():
        act()
    return {
        **refusal.value.fields,
        **({"": refusal.value.sentence} if refusal.value.sentence else {}),
    }


def binding(world: World) -> dict[str, tuple[int, int]]:
    rows = Target.objects.in_force().of_the_year(2021).filter(decision__isnull=False)
    return {
        slug: (low, high)
        for slug, low, high in rows.values_list("organization__slug", "low", "high")
    }


def tasks(user: Any) -> dict[str, str]:
    with override("en"):
        return {one.title: one.url for one in waiting_for(user, on=DAY)}


# ---------------------------------------------------------------- the course


def test_from_registration_to_the_decision_and_each_ones_tasks_on_the_way(kc: World) -> None:
    cycle = opened(kc.committee, by=kc.staff)
    assert "Targets to register" in tasks(kc.secretary)
    assert "Assignments of targets under way" not in tasks(kc.staff)

    register_target(
        kc.cell, by=kc.secretary, on=DAY, year=2021, low=3, reason="Ba người đã học lớp"
    )
    assert "Targets to register" not in tasks(kc.secretary)
    assert remind(cycle, by=kc.staff, on=DAY) == 1
    assert remind(cycle, by=kc.staff, on=DAY) == 0  # not twice a day
    assert [one.organization for one in Reminder.objects.all()] == [kc.sibling]

    move_cycle(cycle, by=kc.staff, on=DAY, step="draft")
    assert "Assignments of targets under way" in tasks(kc.staff)
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 2, kc.sibling.pk: (1, 2)})
    move_cycle(cycle, by=kc.staff, on=DAY, step="consult")
    assert "Targets drafted for you, to say something about" in tasks(kc.secretary)
    move_cycle(cycle, by=kc.staff, on=DAY, step="submit")
    assert binding(kc) == {}

    decision = issue_cycle(cycle, by=kc.staff, on=DAY, signer="Nguyễn Văn Bình", **PAPER)

    assert binding(kc) == {"kc-1": (2, 2), "kc-2": (1, 2)}
    assert current_cycle(kc.committee, year=2021) is None
    kinds = Target.objects.filter(organization=kc.cell).order_by("version")
    assert list(kinds.values_list("kind", "low")) == [
        ("registered", 3), ("proposed", 2), ("assigned", 2),
    ]  # fmt: skip
    assert "Targets to acknowledge" in tasks(kc.secretary)
    acknowledge(decision, kc.cell, by=kc.secretary, on=DAY)
    acknowledge(decision, kc.cell, by=kc.secretary, on=DAY)
    assert Acknowledgement.objects.count() == 1
    assert "Targets to acknowledge" not in tasks(kc.secretary)
    assert "Targets to acknowledge" in tasks(kc.secretary2)


def test_each_number_is_given_to_a_head_by_name(kc: World) -> None:
    head = member(kc.sibling)
    Post.objects.create(
        person=head, organization=kc.sibling, title="Bí thư chi bộ", period=between(BEGINNING, None)
    )

    issued(kc.committee, {kc.cell.pk: 1, kc.sibling.pk: 2}, by=kc.staff)

    # Who holds the post, else who is appointed secretary in the software.
    heads = dict(Target.objects.in_force().values_list("organization__slug", "responsible"))
    assert heads == {"kc-1": kc.secretary.full_name, "kc-2": head.full_name}


def test_an_adjustment_is_drafted_at_once_and_changes_only_what_differs(kc: World) -> None:
    issued(kc.committee, {kc.cell.pk: 2, kc.sibling.pk: 3}, by=kc.staff)

    cycle = opened(kc.committee, by=kc.staff)
    assert (cycle.number, cycle.state) == (2, State.DRAFTING)
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 4, kc.sibling.pk: 3})
    move_cycle(cycle, by=kc.staff, on=DAY, step="submit")
    paper = {"decision_number": "90-QĐ/ĐU", "decided_on": DAY}
    assert list(refused(lambda: issue_cycle(cycle, by=kc.staff, on=DAY, **paper))) == ["reasons"]
    assert list(
        refused(lambda: issue_cycle(cycle, by=kc.staff, on=DAY, reasons=["other"], **paper))
    ) == ["note"]
    issue_cycle(cycle, by=kc.staff, on=DAY, reasons=["more_source"], note="Lớp tháng 4", **paper)

    assert binding(kc) == {"kc-1": (4, 4), "kc-2": (3, 3)}
    last = Target.objects.in_force().get(organization=kc.cell)
    assert (last.kind, last.reason) == ("adjusted", "Nguồn kết nạp nhiều hơn dự kiến; Lớp tháng 4")
    assert Target.objects.filter(organization=kc.sibling, kind="adjusted").count() == 0


def test_over_given_and_kept_in_reserve_are_issued_with_their_reason(kc: World) -> None:
    assign_target(
        kc.committee, by=kc.staff2, on=DAY, year=2021, low=5, decision_number="15-QĐ/TU",
        decided_on=date(2021, 1, 14),
    )  # fmt: skip
    cycle = submitted(kc.committee, {kc.cell.pk: 4, kc.sibling.pk: 3}, by=kc.staff)

    assert refused(lambda: issue_cycle(cycle, by=kc.staff, on=DAY, **PAPER)) == {
        "difference": "2 more are given than the superior gave; say why."
    }
    move_cycle(cycle, by=kc.staff, on=DAY, step="draft")
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 1})
    move_cycle(cycle, by=kc.staff, on=DAY, step="submit")
    assert refused(lambda: issue_cycle(cycle, by=kc.staff, on=DAY, **PAPER)) == {
        "difference": "1 are kept in reserve; say why."
    }
    decision = issue_cycle(cycle, by=kc.staff, on=DAY, difference="Dự phòng cuối năm", **PAPER)

    assert decision.difference == "Dự phòng cuối năm"
    assert binding(kc)["kc-1"] == (1, 1)


def test_a_range_of_the_superior_leaves_room(kc: World) -> None:
    assign_target(
        kc.committee, by=kc.staff2, on=DAY, year=2021, form="range", low=5, high=8,
        decision_number="15-QĐ/TU", decided_on=date(2021, 1, 14),
    )  # fmt: skip

    issued(kc.committee, {kc.cell.pk: 4, kc.sibling.pk: 4}, by=kc.staff)

    assert sum(low for low, _high in binding(kc).values() if low == 4) == 8


def test_an_adjustment_is_not_decided_before_what_it_adjusts(kc: World) -> None:
    issued(kc.committee, {kc.cell.pk: 2}, by=kc.staff, decided_on=date(2021, 2, 2))
    cycle = submitted(kc.committee, {kc.cell.pk: 3}, by=kc.staff)

    def issue(day: date) -> Any:
        return issue_cycle(
            cycle, by=kc.staff, on=DAY, decision_number="90-QĐ", decided_on=day, note="Thêm nguồn"
        )

    assert list(refused(lambda: issue(date(2021, 2, 1)))) == ["decided_on"]
    assert issue(date(2021, 2, 2))


def test_a_range_that_may_go_too_far_is_over_given(kc: World) -> None:
    assign_target(
        kc.committee, by=kc.staff2, on=DAY, year=2021, low=5, decision_number="15-QĐ/TU",
        decided_on=date(2021, 1, 14),
    )  # fmt: skip
    cycle = submitted(kc.committee, {kc.cell.pk: (1, 1000)}, by=kc.staff)

    assert refused(lambda: issue_cycle(cycle, by=kc.staff, on=DAY, **PAPER)) == {
        "difference": "995 more are given than the superior gave; say why."
    }


def test_a_number_is_used_once_a_year_by_whom_it_issues(kc: World) -> None:
    issued(kc.committee, {kc.cell.pk: 2}, by=kc.staff)
    cycle = submitted(kc.committee, {kc.sibling.pk: 2}, by=kc.staff)

    told = refused(
        lambda: issue_cycle(
            cycle, by=kc.staff, on=DAY, decision_number="24-qđ/đu", decided_on=date(2021, 3, 3)
        )
    )
    assert told == {"decision_number": "The number 24-QĐ/ĐU was used on 21/01/2021 already."}

    issue_cycle(cycle, by=kc.staff, on=DAY, decision_number="25-QĐ/ĐU", decided_on=DAY)
    issued(kc.top, {kc.committee.pk: 9}, by=kc.staff2)  # another body has numbers of its own


@pytest.mark.parametrize(
    ("paper", "field"),
    [
        ({"decision_number": ""}, "decision_number"),
        ({"decision_number": "9" * 41}, "decision_number"),
        ({"decided_on": None}, "decided_on"),
        ({"decided_on": date(2021, 5, 29)}, "decided_on"),
        ({"signer": "A" * 121}, "signer"),
        ({"note": "A" * 301}, "note"),
        ({"reasons": ["luck"]}, "reasons"),
    ],
)
def test_a_wrong_paper_is_told_at_its_field_and_nothing_binds(
    kc: World, paper: dict[str, Any], field: str
) -> None:
    cycle = submitted(kc.committee, {kc.cell.pk: 2}, by=kc.staff)

    told = refused(lambda: issue_cycle(cycle, by=kc.staff, on=DAY, **{**PAPER, **paper}))

    assert list(told) == [field]
    assert binding(kc) == {}


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ({"register_by": None}, "register_by"),
        ({"register_by": date(2021, 5, 27)}, "register_by"),
        ({"issue_by": date(2021, 6, 29)}, "issue_by"),
        ({"issue_by": None}, "issue_by"),
        ({"issue_by": date(2031, 1, 1)}, "issue_by"),
        ({"note": "A" * 301}, "note"),
        ({"year": 1066}, "year"),
    ],
)
def test_wrong_days_of_a_cycle_are_told_at_their_field(
    kc: World, days: dict[str, Any], field: str
) -> None:
    assert list(refused(lambda: opened(kc.committee, by=kc.staff, **days))) == [field]
    assert opened(kc.committee, by=kc.staff, register_by=DAY, issue_by=DAY)  # the day itself


def test_one_cycle_of_a_year_at_a_time_and_none_without_anybody_beneath(kc: World) -> None:
    opened(kc.committee, by=kc.staff)

    assert "under way already" in refused(lambda: opened(kc.committee, by=kc.staff))[""]
    assert opened(kc.committee, by=kc.staff, year=2022)
    lonely = unit("le-loi", kc.top)
    with pytest.raises(PermissionDenied):
        opened(lonely, by=kc.staff)


@pytest.mark.parametrize("who", ["secretary", "staff2", "leader", "auditor", "administrator"])
def test_nobody_but_the_committees_own_staff_takes_a_step(kc: World, who: str) -> None:
    cycle = submitted(kc.committee, {kc.cell.pk: 2}, by=kc.staff)
    by = getattr(kc, who)

    for act in (
        lambda: opened(kc.committee, by=by, year=2022),
        lambda: move_cycle(cycle, by=by, on=DAY, step="draft"),
        lambda: remind(cycle, by=by, on=DAY),
        lambda: save_drafts(cycle, by=by, on=DAY, numbers={kc.cell.pk: 9}),
        lambda: issue_cycle(cycle, by=by, on=DAY, **PAPER),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_a_step_out_of_turn_is_refused(kc: World) -> None:
    cycle = opened(kc.committee, by=kc.staff)

    assert refused(lambda: move_cycle(cycle, by=kc.staff, on=DAY, step="submit"))
    assert refused(lambda: issue_cycle(cycle, by=kc.staff, on=DAY, **PAPER))
    move_cycle(cycle, by=kc.staff, on=DAY, step="draft")
    assert refused(lambda: remind(cycle, by=kc.staff, on=DAY))
    assert (
        "No number is drafted"
        in refused(lambda: move_cycle(cycle, by=kc.staff, on=DAY, step="submit"))[""]
    )


# ---------------------------------------------------------------- drafts


def test_a_cell_is_saved_with_its_version_and_another_officers_is_not_overwritten(
    kc: World,
) -> None:
    cycle = drafting(kc.committee, by=kc.staff)
    (first,) = save_drafts(
        cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 2}, versions={kc.cell.pk: 0}
    )
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 3}, versions={kc.cell.pk: 1})

    with override("en"), pytest.raises(ConflictError) as conflict:
        save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 5}, versions={kc.cell.pk: 1})

    assert conflict.value.fields == {f"target-{kc.cell.pk}": "kc-canbo has just saved 3 here."}
    first.refresh_from_db()
    assert (first.low, first.version) == (3, 2)
    # The same number again is no conflict: both want it so.
    assert not save_drafts(
        cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 3}, versions={kc.cell.pk: 1}
    )


def test_an_emptied_cell_decides_nothing(kc: World) -> None:
    cycle = drafting(kc.committee, by=kc.staff)
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 2, kc.sibling.pk: 1})
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: None})
    move_cycle(cycle, by=kc.staff, on=DAY, step="submit")

    issue_cycle(cycle, by=kc.staff, on=DAY, **PAPER)

    assert binding(kc) == {"kc-2": (1, 1)}


def test_wrong_drafts_are_told_at_their_cell_and_none_is_saved(kc: World) -> None:
    cycle = drafting(kc.committee, by=kc.staff)
    numbers = {kc.cell.pk: -1, kc.sibling.pk: (4, 3), kc.top.pk: 2, kc.committee.pk: 2}

    told = refused(lambda: save_drafts(cycle, by=kc.staff, on=DAY, numbers=numbers))

    assert set(told) == {f"target-{key}" for key in numbers}
    assert "does not stand directly beneath" in told[f"target-{kc.committee.pk}"]
    assert not TargetDraft.objects.exists()


def test_what_is_submitted_is_locked_by_the_database_too(kc: World) -> None:
    cycle = submitted(kc.committee, {kc.cell.pk: 2}, by=kc.staff)

    assert refused(lambda: save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 3}))
    with pytest.raises(IntegrityError, match="are locked"), transaction.atomic():
        TargetDraft.objects.filter(organization=kc.cell).update(low=3, high=3)
    issue_cycle(cycle, by=kc.staff, on=DAY, **PAPER)
    with pytest.raises(IntegrityError, match="what was answered"), transaction.atomic():
        Cycle.objects.filter(pk=cycle.pk).update(state="drafting", submitted_on=None)


def test_many_are_drafted_and_issued_with_as_many_questions_as_few(kc: World) -> None:
    def questions(year: int) -> int:
        keys = [kc.cell.pk, kc.sibling.pk, *(one.pk for one in more)]
        with CaptureQueriesContext(connection) as seen:
            issued(
                kc.committee, dict.fromkeys(keys, 2), by=kc.staff, year=year,
                decision_number=f"{year}-QĐ",
            )  # fmt: skip
        return len(seen)

    more: list[Any] = []
    few = questions(2021)
    more += [unit(f"moi-{number}", kc.committee) for number in range(12)]

    assert questions(2022) <= few
    assert Target.objects.filter(year=2022, kind="assigned").count() == 14


def test_registration_ends_only_after_its_last_day_for_the_staffs_task(kc: World) -> None:
    def opens(year: int, last: date) -> None:
        open_cycle(
            kc.committee,
            by=kc.staff,
            on=date(2021, 5, 3),
            year=year,
            register_by=last,
            issue_by=DAY,
        )

    opens(2021, DAY)
    assert "Assignments of targets under way" not in tasks(kc.staff)
    opens(2022, date(2021, 5, 27))
    assert "Assignments of targets under way" in tasks(kc.staff)


def test_cycles_of_two_years_are_both_asked_and_a_sub_target_is_no_registration(kc: World) -> None:
    opened(kc.committee, by=kc.staff, year=2021)
    later = opened(kc.committee, by=kc.staff, year=2022)
    register_target(kc.cell, by=kc.secretary, on=DAY, year=2021, low=1, group="women")

    assert "/2021/" in tasks(kc.secretary)["Targets to register"]
    register_target(kc.cell, by=kc.secretary, on=DAY, year=2021, low=3)
    assert "/2022/" in tasks(kc.secretary)["Targets to register"]
    remind(later, by=kc.staff, on=DAY)
    assert "/2022/" in tasks(kc.secretary)["Targets to register: you were reminded"]
    assert "Targets to register" not in tasks(kc.secretary)


def test_one_target_given_alone_does_not_spare_the_others_their_registration(kc: World) -> None:
    paper = {"decision_number": "9-QĐ", "decided_on": DAY}
    assign_target(kc.cell, by=kc.staff, on=DAY, year=2021, low=2, **paper)

    assert opened(kc.committee, by=kc.staff).state == State.REGISTERING


def test_a_unit_that_left_meanwhile_is_given_nothing(kc: World) -> None:
    left = unit("roi-di", kc.committee)
    cycle = drafting(kc.committee, by=kc.staff)
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={left.pk: 4})
    Placement.objects.filter(organization=left).update(parent=kc.top)
    assert (
        "No number is drafted"
        in refused(lambda: move_cycle(cycle, by=kc.staff, on=DAY, step="submit"))[""]
    )
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 1})
    move_cycle(cycle, by=kc.staff, on=DAY, step="submit")
    issue_cycle(cycle, by=kc.staff, on=DAY, **PAPER)

    assert not Target.objects.filter(organization=left).exists()


def test_an_emptied_cell_of_an_adjustment_leaves_what_binds(kc: World) -> None:
    assign_target(
        kc.committee, by=kc.staff2, on=DAY, year=2021, low=5, decision_number="15-QĐ/TU",
        decided_on=date(2021, 1, 14),
    )  # fmt: skip
    issued(kc.committee, {kc.cell.pk: 2, kc.sibling.pk: 3}, by=kc.staff)
    cycle = opened(kc.committee, by=kc.staff)
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 4})
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: None, kc.sibling.pk: 3})

    rows = sheets.grid(kc.committee, year=2021, on=DAY, cycle=cycle)
    assert {row.organization.slug: (row.number, row.bound) for row in rows} == {
        "kc-1": ("2", ""), "kc-2": ("3", ""),
    }  # fmt: skip
    move_cycle(cycle, by=kc.staff, on=DAY, step="submit")
    issue_cycle(cycle, by=kc.staff, on=DAY, decision_number="90-QĐ", decided_on=DAY)
    assert {**binding(kc), "kc-1": (2, 2), "kc-2": (3, 3)} == binding(kc)


def test_nothing_of_a_closed_year_is_put_forward(kc: World) -> None:
    cycle = drafting(kc.committee, by=kc.staff, year=2020)
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 1})
    close_year(ask_to_close_year(kc.top, by=kc.staff2, on=DAY, year=2020), by=kc.approver, on=DAY)

    assert "closed" in str(refused(lambda: move_cycle(cycle, by=kc.staff, on=DAY, step="submit")))


# ---------------------------------------------------------------- two at once


def both(*acts: Callable[[], Any]) -> list[str]:
    """What comes of acts that two connections carry out at the same time, sorted."""
    told: list[str] = []
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> None:
        try:
            start.wait(timeout=10)
            act()
            told.append("done")
        except DomainError as refusal:
            told.append(type(refusal).__name__)
        finally:
            connection.close()

    workers = [threading.Thread(target=run, args=(act,)) for act in acts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)
    return sorted(told)


def test_of_two_who_save_a_cell_or_issue_at_once_one_is_told(transactional_db: None) -> None:
    kc = world()
    cycle = drafting(kc.committee, by=kc.staff)

    def save(number: int) -> Callable[[], Any]:
        return lambda: save_drafts(
            cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: number}, versions={kc.cell.pk: 0}
        )

    def issue(number: str) -> Callable[[], Any]:
        paper = {"decision_number": number, "decided_on": DAY}
        return lambda: issue_cycle(cycle, by=kc.staff, on=DAY, **paper)

    assert both(save(2), save(3)) == ["ConflictError", "done"]
    assert TargetDraft.objects.get().version == 1
    move_cycle(cycle, by=kc.staff, on=DAY, step="submit")
    assert both(issue("1-QĐ"), issue("2-QĐ")) == ["DomainError", "done"]
    assert Target.objects.filter(kind="assigned").count() == 1
