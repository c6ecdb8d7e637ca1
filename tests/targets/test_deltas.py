"""What news add to the figures is what a recompute from all facts gives: the judge finds nothing.

`parted` is that judge: for every year with figures, the rows that a full recompute would change.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection, connections, transaction

from admissions.models import Admission, Candidate, Milestone
from admissions.operations.ceremonies import (
    NewAdmission,
    take_over_admissions,
    tell_admission,
)
from admissions.operations.recording import record, tell_stage
from admissions.stages import Stage, Step
from organizations.models import Organization, Outbox
from organizations.operations.structure import move
from targets import deltas
from targets.models import Attainment, FiguredYear, Target
from targets.operations.attainment import fold, recompute
from targets.operations.declarations import answer_declaration, declare_no_source
from targets.operations.targets import assign_target
from tests.makers import (
    account,
    cell,
    logged,
    member,
    moves,
    officer,
    on_probation,
    recognised,
    unit,
    voted_on_recognition,
    world,
)
from tests.targets.makers import admit, cells_of, committees_of, grow, parted, reverse, stand_on

DAY = date(2021, 5, 28)
WAY_UP = (
    Step.PUT_ON_LIST, Step.ENROL, Step.CERTIFY, Step.PERMIT, Step.RECEIVE_PAPER,
    Step.COMPLETE_PAPERS, Step.VOTE_CELL, Step.VOTE_GRASSROOTS, Step.VOTE_COMPETENT, Step.DECIDE,
)  # fmt: skip


def told(facts: Iterable[Admission]) -> None:
    for fact in facts:
        tell_admission(fact)


def row(of: Organization, *, year: int = 2021, lens: str = "now") -> Any:
    return Attainment.objects.get(organization=of, year=year, lens=lens)


@pytest.fixture
def top(db: None) -> Organization:
    stand_on(DAY)
    return unit("top", kind="province")


@pytest.fixture
def a(top: Organization) -> Organization:
    return unit("a", top)


@pytest.fixture
def c1(a: Organization) -> Organization:
    return cell("c1", a)


@pytest.fixture
def figured(c1: Organization) -> Organization:
    """`c1`, whose figures of 2020 and 2021 are known and of this very day."""
    tell_admission(admit(c1, date(2020, 5, 19))[0])
    fold()
    assert not parted()
    return c1


# ---------------------------------------------------------------- admissions


def test_admissions_taken_over_in_bulk_have_their_years_computed_anew(
    figured: Organization, top: Organization, computed: list[set[int]]
) -> None:
    people = [member(figured), member(figured)]

    take_over_admissions(
        [NewAdmission(one, figured, date(2020, 5, 19), date(2020, 6, 2)) for one in people]
    )

    assert fold() == 1
    assert computed[-1] == {2020, 2021}
    assert row(top, year=2020).admitted == 3
    assert not parted()


def test_an_admission_is_added_without_computing_any_year_anew(
    figured: Organization, top: Organization, computed: list[set[int]]
) -> None:
    told(admit(figured, DAY, date(2021, 2, 3), sex="female", age=30, groups=["worker"]))

    assert fold() == 2

    assert computed == [set()]
    shown = row(top)
    assert (shown.admitted, shown.admitted_women, shown.admitted_young) == (2, 2, 2)
    assert (shown.admitted_workers, shown.admitted_month_02, shown.admitted_month_05) == (2, 1, 1)
    assert shown.last_admission_on == DAY
    assert not parted()


def test_a_late_admission_is_added_to_its_year_and_as_the_last_to_later_ones(
    figured: Organization, top: Organization, computed: list[set[int]]
) -> None:
    told(admit(figured, date(2020, 9, 2)))

    fold()

    assert computed == [set()]
    assert (row(top, year=2020).admitted, row(top).admitted) == (2, 0)
    assert row(top).last_admission_on == row(top, year=2020).last_admission_on == date(2020, 9, 2)
    assert not parted()


def test_an_earlier_admission_than_the_last_leaves_the_last(figured: Organization) -> None:
    told(admit(figured, date(2020, 2, 3)))

    fold()

    assert row(figured).last_admission_on == date(2020, 5, 19)
    assert not parted()


def test_an_admission_of_a_year_without_figures_gives_it_some(
    figured: Organization, top: Organization, computed: list[set[int]]
) -> None:
    told(admit(figured, date(2019, 3, 3)))

    fold()

    assert computed == [set(), {2019}]
    assert row(top, year=2019).admitted == 1
    assert not parted()


def test_of_a_moved_cell_each_lens_adds_to_those_above_it_then_and_now(
    figured: Organization, top: Organization, a: Organization, computed: list[set[int]]
) -> None:
    b = unit("b", top)
    move(figured, under=b, on=date(2021, 5, 1))
    fold()
    del computed[:]
    told(admit(figured, date(2021, 4, 30), date(2021, 5, 1)))

    fold()

    assert computed == [set()]
    then = {unit.slug: row(unit, lens="then").admitted for unit in (a, b, top)}
    now = {unit.slug: row(unit).admitted for unit in (a, b, top)}
    assert then == {"a": 1, "b": 1, "top": 2}
    assert now == {"a": 0, "b": 2, "top": 2}
    assert not parted()


def test_a_unit_founded_since_shows_what_its_cell_admitted_before_in_todays_structure(
    figured: Organization, top: Organization
) -> None:
    young = unit("young", top, on=date(2021, 1, 1))
    move(figured, under=young, on=date(2021, 2, 1))
    fold()
    told(admit(figured, date(2020, 9, 2)))

    fold()

    assert row(young, year=2020).admitted == 2
    assert not Attainment.objects.filter(organization=young, year=2020, lens="then").exists()
    assert not parted()


def test_a_unit_is_counted_as_having_admitted_from_its_first_to_its_last(
    figured: Organization, a: Organization, top: Organization
) -> None:
    assert (row(a).units_with_admission, row(top).units_with_admission) == (0, 0)

    made = admit(figured, date(2021, 2, 3), date(2021, 3, 3))
    told(made[:1])
    fold()
    assert (row(a).units_with_admission, row(top).units_with_admission) == (1, 1)
    told(made[1:])
    fold()
    assert (row(a).units_with_admission, row(top).units_with_admission) == (1, 1)

    for one in made:
        told([reverse(one, on=DAY)])
        fold()
        assert not parted()
    assert (row(a).units_with_admission, row(top).units_with_admission) == (0, 0)


def test_a_unit_that_has_ended_is_not_counted_among_those_with_admissions(
    figured: Organization, a: Organization
) -> None:
    Organization.objects.filter(pk=figured.pk).update(period=_until(figured, date(2021, 4, 1)))
    FiguredYear.objects.update(on=date(2020, 12, 31))
    fold_anyway(figured)
    told(admit(figured, date(2021, 2, 3)))

    fold()

    assert row(a).admitted == 1
    assert row(a).units_with_admission == 0
    assert not parted()


def _until(organization: Organization, day: date) -> Any:
    from config.periods import between  # noqa: PLC0415 - of this maker alone

    return between(organization.period.lower, day)


def fold_anyway(organization: Organization) -> None:
    """Fold with news that count for nothing, so that a new day is seen."""
    Outbox.objects.create(
        kind="targets.declaredforecast", fact=0, organization=organization, on=DAY
    )
    fold()


def test_a_terms_sum_follows_in_every_year_of_the_term(
    figured: Organization, top: Organization, computed: list[set[int]]
) -> None:
    Target.objects.create(
        organization=top, indicator_id="KN01", span="term", year=2020, until_year=2025,
        kind="assigned", version=1, form="number", low=4000, high=4000,
        decision_number="1-NQ/ĐH", decided_on=date(2020, 10, 1), entered_by=account("nhap"),
    )  # fmt: skip
    tell_admission(admit(figured, date(2019, 1, 2))[0])
    for year in (2019, 2020, 2021):
        recompute(year)
    del computed[:]
    told(admit(figured, date(2019, 6, 1), date(2020, 6, 1), date(2021, 1, 1)))

    fold()

    assert computed == [set()]
    assert {year: row(figured, year=year).term_admitted for year in (2019, 2020, 2021)} == {
        2019: 0, 2020: 2, 2021: 3,
    }  # fmt: skip
    assert not parted()


def test_the_nearest_term_above_counts(figured: Organization, top: Organization) -> None:
    entered_by = account("nhap")
    for of, year in ((top, 2020), (figured, 2021)):
        Target.objects.create(
            organization=of, indicator_id="KN01", span="term", year=year, until_year=2025,
            kind="assigned", version=1, form="number", low=40, high=40,
            decision_number=f"{year}-NQ/ĐH", decided_on=date(2020, 10, 1), entered_by=entered_by,
        )  # fmt: skip
    for year in (2020, 2021):
        recompute(year)
    told(admit(figured, date(2020, 6, 1), DAY))

    fold()

    assert (row(top).term_admitted, row(figured).term_admitted) == (3, 1)
    assert not parted()


# ---------------------------------------------------------------- reversals


def test_a_reversal_that_is_not_of_the_last_admission_is_added(
    figured: Organization, computed: list[set[int]]
) -> None:
    made = admit(figured, date(2021, 2, 3), date(2021, 3, 3))
    told(made)
    fold()
    del computed[:]
    told([reverse(made[0], on=date(2021, 4, 4))])

    fold()

    assert computed == [set()]
    assert (row(figured).admitted, row(figured).admitted_month_04) == (1, -1)
    assert not parted()


def test_a_reversal_of_the_last_admission_computes_the_years_anew_that_showed_it(
    figured: Organization, top: Organization, computed: list[set[int]]
) -> None:
    made = admit(figured, date(2021, 2, 3), date(2021, 3, 3))
    told(made)
    fold()
    del computed[:]
    told([reverse(made[1], on=date(2021, 4, 4))])

    fold()

    assert computed == [set(), {2021}]
    assert row(top).last_admission_on == date(2021, 2, 3)
    assert not parted()


def test_a_reversal_of_the_last_admission_of_an_earlier_year_reaches_those_that_still_show_it(
    figured: Organization, computed: list[set[int]]
) -> None:
    (made,) = admit(figured, date(2020, 9, 2))
    told([made])
    fold()
    del computed[:]
    told([reverse(made, on=DAY)])

    fold()

    assert computed == [set(), {2020, 2021}]
    assert row(figured).last_admission_on == date(2020, 5, 19)
    assert not parted()


def test_the_last_admission_undone_counts_where_the_cell_stood_too(
    figured: Organization, top: Organization, a: Organization
) -> None:
    (made,) = admit(figured, date(2021, 2, 3))
    told([made])
    fold()
    move(figured, under=unit("b", top), on=date(2021, 5, 1))
    fold()
    told([reverse(made, on=DAY)])

    fold()

    assert row(a, lens="then").last_admission_on == date(2020, 5, 19)
    assert not parted()


def test_an_admission_and_its_reversal_in_one_run_leave_the_last_as_it_was(
    figured: Organization,
) -> None:
    (made,) = admit(figured, date(2021, 2, 3))
    told([made, reverse(made, on=DAY)])

    fold()

    assert (row(figured).admitted, row(figured).last_admission_on) == (0, date(2020, 5, 19))
    assert not parted()


def test_a_corrected_birth_date_is_a_reversal_and_a_new_row_and_moves_the_person_to_his_age_band(
    figured: Organization, top: Organization, a: Organization, computed: list[set[int]]
) -> None:
    (wrong,) = admit(figured, date(2021, 2, 3), age=30)
    told([wrong, *admit(figured, date(2021, 3, 26), age=45)])
    fold()
    b = unit("b", top)
    move(figured, under=b, on=date(2021, 5, 1))
    fold()
    lines = {"then": (figured, a, top), "now": (figured, b, top)}
    bands = ("admitted", "admitted_young", "admitted_aged_31_40", "admitted_month_02")

    def shown() -> list[tuple[int, ...]]:
        rows = [row(one, lens=lens) for lens, line in lines.items() for one in line]
        return [tuple(getattr(one, band) for band in bands) for one in rows]

    assert shown() == [(2, 1, 0, 1)] * 6
    del computed[:]
    undone = reverse(wrong, on=wrong.ceremony_on)
    right = admit(figured, wrong.ceremony_on, age=31)
    told([undone, *right])

    fold()

    assert computed == [set()]
    assert shown() == [(2, 0, 1, 1)] * 6
    assert row(a, lens="now").admitted == row(b, lens="then").admitted == 0
    assert row(top).last_admission_on == date(2021, 3, 26)
    assert not parted()


# ---------------------------------------------------------------- files


def test_a_file_is_counted_by_its_stage_at_every_level(db: None) -> None:
    w = world(day=DAY)
    fold()
    recompute(2021)
    recompute(2022)
    file = logged(w)
    fold()
    assert (row(w.top).files_source, row(w.top).files_dossier) == (1, 0)

    for step in WAY_UP:
        file = Candidate.objects.get(pk=file.pk)
        record(
            file, [Milestone(candidate=file, step=step, on=DAY, entered_by=w.secretary)],
            announced_on=DAY,
        )  # fmt: skip
        fold()
        assert not parted(), step
    assert (row(w.top).files_source, row(w.top).files_decided) == (0, 1)


def test_a_file_that_moves_is_counted_in_its_new_cell_alone(
    db: None, computed: list[set[int]]
) -> None:
    w = world(day=DAY)
    fold()
    file = logged(w)
    fold()
    del computed[:]
    file = Candidate.objects.get(pk=file.pk)
    moves(file, w.sibling, by=w.secretary)
    file.cell = w.sibling
    step = Milestone(candidate=file, step=Step.MOVE, on=DAY, entered_by=w.secretary)
    record(file, [step], announced_on=DAY, also=["cell"], cell_was=w.cell.pk)

    fold()

    assert computed == [set()]
    assert (row(w.cell).files_source, row(w.sibling).files_source) == (0, 1)
    assert not parted()


def test_a_step_entered_in_a_later_year_reaches_the_years_it_was_done_in(db: None) -> None:
    w = world(day=DAY)
    tell_admission(admit(w.cell, date(2020, 5, 19))[0])
    file = logged(w, identified_on=date(2020, 6, 1))
    fold()
    assert row(w.top, year=2020).files_source == 1
    file = Candidate.objects.get(pk=file.pk)

    steps = [
        Milestone(candidate=file, step=Step.CERTIFY, on=day, entered_by=w.secretary)
        for day in (DAY, date(2020, 12, 31))
    ]
    record(file, steps, announced_on=DAY)
    fold()

    assert (row(w.top, year=2020).files_source, row(w.top, year=2020).files_class) == (0, 1)
    assert not parted()


# ---------------------------------------------------------------- recognitions


def test_a_recognition_counts_in_its_own_year_above_the_cell_of_its_day(
    db: None, computed: list[set[int]]
) -> None:
    today = date(2022, 7, 1)
    w = world(day=today)
    file = on_probation(w)
    other = unit("other", w.top)
    voted_on_recognition(w, file, from_day=date(2022, 5, 19), on=today)
    recompute(2021)
    recompute(2022)
    recompute(2023)
    del computed[:]

    recognition = recognised(w, file, signed_on=date(2022, 6, 20), on=today)
    fold()

    assert recognition.official_on == date(2022, 5, 19)
    assert computed == [set()]
    shown = {year: row(w.top, year=year).recognised for year in (2021, 2022, 2023)}
    assert shown == {2021: 0, 2022: 1, 2023: 0}
    assert not parted()
    move(w.cell, under=other, on=date(2022, 6, 1))
    fold()
    assert (row(w.committee, year=2022).recognised, row(other, year=2022).recognised) == (0, 1)
    then = {one.slug: row(one, year=2022, lens="then").recognised for one in (w.committee, other)}
    assert then == {"kc-dang-uy": 1, "other": 0}
    assert not parted()


# ---------------------------------------------------------------- rows, days, runs


@pytest.mark.parametrize("lens", ["then", "now"])
def test_an_organisation_without_its_row_gets_it_and_its_share(
    figured: Organization, a: Organization, lens: str, computed: list[set[int]]
) -> None:
    Attainment.objects.filter(organization=a, year=2021, lens=lens).delete()
    told(admit(figured, DAY))

    fold()

    assert computed == [set(), {2021}]
    assert row(a, lens=lens).admitted == 1
    assert not parted()


def test_a_superior_without_its_row_gets_it_when_one_beneath_admits_its_first(
    figured: Organization, top: Organization
) -> None:
    Attainment.objects.filter(organization=top, year=2021, lens="now").delete()
    told(admit(figured, DAY))

    fold()

    assert row(top).units_with_admission == 1
    assert not parted()


def test_the_first_fold_of_a_day_brings_what_the_day_itself_changed(
    figured: Organization, top: Organization, a: Organization, computed: list[set[int]]
) -> None:
    clerk, staff = officer("vanthu", a, "staff"), officer("canbo", top, "staff")
    declared = declare_no_source(
        a, by=clerk, on=DAY, grounds="Không tuyển mới", declared_on=DAY,
        review_on=DAY + timedelta(days=10),
    )  # fmt: skip
    answer_declaration(declared, by=staff, on=DAY, accept=True)
    fold()
    assert row(top).units_without_source == 1

    stand_on(DAY + timedelta(days=9))
    told(admit(figured, DAY))
    fold()
    assert row(top).units_without_source == 1
    stand_on(DAY + timedelta(days=10))
    told(admit(figured, DAY))
    fold()
    assert row(top).units_without_source == 0
    assert computed[-1] == {2021}
    assert not parted()


def test_a_move_entered_before_shows_in_all_years_from_its_day(
    figured: Organization, top: Organization
) -> None:
    b = unit("b", top)
    move(figured, under=b, on=DAY + timedelta(days=2))
    fold()
    assert row(b, year=2020).admitted == 0

    stand_on(DAY + timedelta(days=3))
    told(admit(figured, DAY))
    fold()

    assert row(b, year=2020).admitted == 1
    assert not parted()


def test_news_without_any_figure_compute_nothing(
    figured: Organization, computed: list[set[int]]
) -> None:
    fold_anyway(figured)

    assert computed == [set()]
    assert not Outbox.objects.exists()


def test_more_news_than_one_run_takes_are_taken_by_the_next(
    figured: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deltas, "MOST", 3)
    told(admit(figured, *[DAY] * 7))

    assert [fold() for _ in range(4)] == [3, 3, 1, 0]
    assert not parted()


def test_a_year_computed_anew_takes_all_news_as_it_contains_all_their_facts(
    figured: Organization, top: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deltas, "MOST", 3)
    assign_target(
        top, by=officer("canbo", top, "staff"), on=DAY, year=2021, low=4,
        decision_number="QĐ 12", decided_on=DAY,
    )  # fmt: skip
    told(admit(figured, *[DAY] * 7))

    assert fold() == 8

    assert row(top).admitted == 7
    assert not parted()


def test_the_drift_is_told_apart_from_what_waits(figured: Organization, a: Organization) -> None:
    Attainment.objects.filter(organization=a, year=2021, lens="now").update(admitted_women=5)
    told(admit(figured, DAY))

    assert recompute(2021).changed == 1
    assert row(a).admitted == 1
    assert not parted()


def test_an_admission_that_commits_during_a_recompute_counts_once_and_is_no_drift(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_on(DAY)
    top = unit("top", kind="province")
    c1 = cell("c1", unit("a", top))
    fold()
    recompute(2021)
    statement = deltas.fold

    def write() -> None:
        try:
            with transaction.atomic():
                told(admit(c1, DAY))
        finally:
            connections.close_all()

    def meanwhile(**given: Any) -> deltas.Folded:
        folded = statement(**given)
        if not given["anew"]:  # between folding and judging
            thread = threading.Thread(target=write)
            thread.start()
            thread.join()
        return folded

    monkeypatch.setattr(deltas, "fold", meanwhile)
    job = recompute(2021)
    monkeypatch.undo()

    assert job.changed == 0
    assert (row(top).admitted, Outbox.objects.count()) == (0, 1)
    fold()
    assert row(top).admitted == 1
    assert not parted()


def test_a_recompute_waits_for_whoever_folds(transactional_db: None) -> None:
    stand_on(DAY)
    top = unit("top", kind="province")
    fold()
    done: list[int] = []

    def judge() -> None:
        try:
            done.append(recompute(2021).changed)
        finally:
            connections.close_all()

    thread = threading.Thread(target=judge)
    with transaction.atomic():
        told(admit(cell("c1", top), DAY))
        connection.cursor().execute("SELECT pg_advisory_xact_lock(77002)")
        thread.start()
        thread.join(timeout=1)
        assert not done
        fold()
    thread.join()

    assert done == [0]
    assert row(top).admitted == 1


# ---------------------------------------------------------------- random lives


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_in_a_random_life_the_judge_finds_nothing(db: None, seed: int) -> None:
    random = Random(seed)
    today = date(2021, 3, 1)
    stand_on(today)
    units = grow(random, cells=12, since=date(2019, 1, 1), until=date(2021, 2, 1))
    cells = cells_of(units)
    committees = committees_of(units)
    staff = officer("canbo", units["top"], "staff")
    standing: list[Admission] = []
    fold()

    for turn in range(40):
        what = random.random()
        if what < 0.45:
            day = today - timedelta(days=random.randint(0, 700))
            sex, age = random.choice(["female", "male"]), random.randint(25, 35)
            made = admit(
                random.choice(cells), *[day] * random.randint(1, 3), sex=sex, age=age,
                groups=random.sample(["worker", "student", "youth_union"], k=2),
            )  # fmt: skip
            told(made)
            standing += made
        elif what < 0.65 and standing:
            undone = standing.pop(random.randrange(len(standing)))
            told([reverse(undone, on=random.choice([undone.ceremony_on, today]))])
        elif what < 0.75:
            move(random.choice(cells), under=random.choice(committees), on=today)
        elif what < 0.82:
            assign_target(
                units["top"], by=staff, on=today, year=random.choice([2020, 2021]), low=turn + 1,
                decision_number=f"QĐ {turn}", decided_on=today,
                reason="Điều chỉnh theo kế hoạch",
            ) if not Target.objects.exists() else None  # fmt: skip
        else:
            today += timedelta(days=random.choice([1, 1, 30, 200]))
            stand_on(today)
        if random.random() < 0.6:
            fold()

    while fold():
        pass
    assert not parted()


def test_the_stage_of_a_file_that_lies_open_is_the_one_that_is_told(db: None) -> None:
    """The news of a file say what it left and what it reached; the figures go by nothing else."""
    w = world(day=DAY)
    fold()
    file = Candidate.objects.get(pk=logged(w).pk)
    waiting = Outbox.objects.get(kind=deltas.FILE)
    assert waiting.snapshot == {"was": None, "stage": Stage.SOURCE.value}
    tell_stage(file, was=Stage.SOURCE, on=DAY, cell_was=w.sibling.pk)
    assert Outbox.objects.latest("pk").snapshot == {
        "was": "source", "stage": "source", "cell_was": w.sibling.pk,
    }  # fmt: skip
