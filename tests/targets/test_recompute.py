"""The full recompute against an independent count, and what makes it the judge."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

import pytest
from django.db import DatabaseError

from admissions.models import Admission
from config import clock
from organizations.models import Job, Organization, Placement
from organizations.operations.structure import move
from targets import deltas, sql
from targets.models import Attainment, AttainmentPart, Target
from targets.operations.attainment import fold, recompute
from targets.operations.declarations import answer_declaration, declare_no_source
from tests.organizations.makers import account, cell, officer, unit
from tests.targets.makers import admit, apart, cells_of, grow, line_above, reverse, stand_on

pytestmark = pytest.mark.django_db

Counted = dict[tuple[int, str], int]
MEASURED: dict[str, Callable[[Admission], bool]] = {
    "admitted": lambda fact: True,
    "admitted_women": lambda fact: fact.sex == "female",
    "admitted_young": lambda fact: fact.age_years <= 30,
    "admitted_aged_31_40": lambda fact: 31 <= fact.age_years <= 40,
    "admitted_aged_41_50": lambda fact: 41 <= fact.age_years <= 50,
    "admitted_over_50": lambda fact: fact.age_years > 50,
    "admitted_intellectual": lambda fact: "intellectual" in fact.groups,
    "admitted_workers": lambda fact: "worker" in fact.groups,
    "admitted_month_02": lambda fact: fact.ceremony_on.month == 2,
    "admitted_month_11": lambda fact: fact.ceremony_on.month == 11,
}


def count_by_hand(
    year: int, *, lens: str, on: date, since: int | None = None
) -> tuple[Counted, dict[int, date]]:
    """Return ({(organisation, measure): people}, {organisation: last admission}) fact by fact."""
    placements = list(Placement.objects.all())
    facts = list(Admission.objects.all())
    undone = {fact.reverses_id for fact in facts if fact.reverses_id and fact.ceremony_on <= on}
    people: Counter[tuple[int, str]] = Counter()
    last: dict[int, date] = defaultdict(lambda: date.min)
    for fact in facts:
        if fact.ceremony_on > min(on, date(year, 12, 31)):
            continue
        tree_of = fact.ceremony_on if lens == "then" else on
        for above in line_above(fact.cell_id, on=tree_of, placements=placements):
            if fact.sign == 1 and fact.pk not in undone:
                last[above] = max(last[above], fact.ceremony_on)
            if since is not None and fact.ceremony_on.year >= since:
                people[above, "term_admitted"] += fact.sign
            if fact.ceremony_on.year == year:
                for name, counts in MEASURED.items():
                    people[above, name] += fact.sign if counts(fact) else 0
    return {key: value for key, value in people.items() if value}, dict(last)


def counted_by_system(rows: list[Attainment], *names: str) -> Counted:
    return {
        (row.organization_id, name): getattr(row, name)
        for row in rows
        for name in names
        if getattr(row, name)
    }


@pytest.fixture(params=[1, 2, 3])
def random_country(request: pytest.FixtureRequest, end_of_2021: date) -> Random:
    random = Random(request.param)
    since = date(2018, 1, 1)
    units = grow(random, cells=24, since=since, until=end_of_2021)
    cells = cells_of(units)
    made: list[Admission] = []
    for _ in range(120):
        day = since + timedelta(days=random.randint(0, 4 * 365 - 1))
        groups = [group for group in ("worker", "student", "intellectual") if random.random() < 0.4]
        sex, age = random.choice(["female", "male"]), random.randint(20, 55)
        made += admit(random.choice(cells), day, sex=sex, age=age, groups=groups)
    for fact in random.sample(made, 12):
        later = fact.ceremony_on + timedelta(days=random.randint(0, 200))
        reverse(fact, on=min(later, end_of_2021))
    Target.objects.create(
        organization=units["top"], indicator_id="KN01", span="term", year=2019, until_year=2024,
        kind="assigned", version=1, form="share", percent=5, decision_number="1-NQ/ĐH",
        decided_on=date(2019, 6, 1), entered_by=account("nhap"),
    )  # fmt: skip
    return random


@pytest.mark.parametrize("depth", [2, 7])
def test_t28_trees_of_two_and_of_seven_levels_are_counted_at_every_level(
    depth: int, end_of_2021: date
) -> None:
    line = [unit("tang-1", kind="superior")]
    for level in range(2, depth):
        line.append(unit(f"tang-{level}", line[-1]))
    line.append(cell("chi-bo", line[-1]))
    admit(line[-1], date(2021, 2, 3), date(2021, 9, 2))

    recompute(2021, on=end_of_2021)

    rows = Attainment.objects.filter(year=2021, organization__in=line)
    assert {(row.lens, row.organization_id): row.admitted for row in rows} == {
        (lens, one.pk): 2 for one in line for lens in ("then", "now")
    }


@pytest.mark.sweep
@pytest.mark.parametrize("lens", ["then", "now"])
def test_every_organisation_has_what_an_independent_count_gives(
    random_country: Random, lens: str, end_of_2021: date
) -> None:
    for year in (2020, 2021):
        recompute(year)

        rows = list(Attainment.objects.filter(year=year, lens=lens))

        people, last = count_by_hand(year, lens=lens, on=end_of_2021, since=2019)
        if year == 2020:  # the year's own end is the last day that counts
            people, last = _as_of_year_end(year, lens=lens)
        assert counted_by_system(rows, *MEASURED, "term_admitted") == people
        found = {row.organization_id: row.last_admission_on for row in rows}
        assert {key: day for key, day in found.items() if day} == last
        assert len(rows) == Organization.objects.count()


def test_cut_into_parts_the_figures_are_the_same_whatever_the_cut(
    random_country: Random, end_of_2021: date
) -> None:
    recompute(2021)
    columns = [*sql.COLUMNS, "organization_id", "lens"]
    whole = set(Attainment.objects.filter(year=2021).values_list(*columns))
    units = list(Organization.objects.exclude(slug="top"))
    for size in (1, 4, len(units) // 2):
        cut = apart(random_country.sample(units, size), on=end_of_2021)
        Attainment.objects.filter(year=2021).delete()

        job = recompute(2021, cut=cut)

        assert set(Attainment.objects.filter(year=2021).values_list(*columns)) == whole
        assert job.total == len(whole)
        assert not AttainmentPart.objects.exists()


def test_a_cut_whose_parts_stand_beneath_one_another_is_refused(
    moved_cell: dict[str, Organization],
) -> None:
    with pytest.raises(ValueError, match="count twice"):
        recompute(2021, cut=[moved_cell["b"].pk, moved_cell["c"].pk])

    assert Job.objects.get().state == Job.State.FAILED
    # Where the cell stood before is another part: what counts is the tree of the day.
    recompute(2021, cut=[moved_cell["a"].pk, moved_cell["c"].pk, moved_cell["c"].pk])
    assert admitted("then") == {"top": 5, "a": 3, "b": 2, "c": 5}


def _as_of_year_end(year: int, *, lens: str) -> tuple[Counted, dict[int, date]]:
    """Count up to the end of `year`; lens *now* still climbs the tree of the clock's day."""
    placements = list(Placement.objects.all())
    facts = list(Admission.objects.filter(ceremony_on__lte=date(year, 12, 31)))
    undone = {fact.reverses_id for fact in facts if fact.reverses_id}
    people: Counter[tuple[int, str]] = Counter()
    last: dict[int, date] = defaultdict(lambda: date.min)
    for fact in facts:
        tree_of = fact.ceremony_on if lens == "then" else date(2021, 12, 31)
        for above in line_above(fact.cell_id, on=tree_of, placements=placements):
            if fact.sign == 1 and fact.pk not in undone:
                last[above] = max(last[above], fact.ceremony_on)
            if fact.ceremony_on.year >= 2019:
                people[above, "term_admitted"] += fact.sign
            if fact.ceremony_on.year == year:
                for name, counts in MEASURED.items():
                    people[above, name] += fact.sign if counts(fact) else 0
    return {key: value for key, value in people.items() if value}, dict(last)


@pytest.mark.sweep
@pytest.mark.parametrize("lens", ["then", "now"])
def test_a_past_day_is_answered_by_its_own_tree_and_its_own_facts(
    random_country: Random, lens: str, end_of_2021: date
) -> None:
    keys = list(Organization.objects.values_list("pk", flat=True))
    for on in (date(2021, 1, 1), date(2021, 6, 15), date(2021, 11, 30)):
        rows = sql.read(keys, year=2021, lens=lens, on=on, today=end_of_2021)

        people, last = count_by_hand(2021, lens=lens, on=on, since=2019)
        assert counted_by_system(list(rows.values()), *MEASURED, "term_admitted") == people
        found = {key: row.last_admission_on for key, row in rows.items()}
        assert {key: day for key, day in found.items() if day} == last


@pytest.fixture
def moved_cell(end_of_2021: date) -> dict[str, Organization]:
    """Cell `c` has three admissions under `a`, moves to `b` on 1 July, has two more there."""
    top = unit("top", kind="province")
    a, b = unit("a", top), unit("b", top)
    c = cell("c", a)
    move(c, under=b, on=date(2021, 7, 1))
    admit(c, date(2021, 2, 3), date(2021, 5, 19), date(2021, 6, 30))
    admit(c, date(2021, 7, 1), date(2021, 9, 2))
    return {"top": top, "a": a, "b": b, "c": c}


def admitted(lens: str, year: int = 2021) -> dict[str, int]:
    rows = Attainment.objects.filter(lens=lens, year=year).order_by("organization__slug")
    return dict(rows.values_list("organization__slug", "admitted"))


def test_a_move_leaves_earlier_admissions_where_they_were_and_today_takes_all_along(
    moved_cell: dict[str, Organization],
) -> None:
    recompute(2021)

    assert admitted("then") == {"a": 3, "b": 2, "c": 5, "top": 5}
    assert admitted("now") == {"a": 0, "b": 5, "c": 5, "top": 5}


def test_the_day_of_the_move_belongs_to_the_new_superior_and_the_day_before_to_the_old(
    moved_cell: dict[str, Organization], end_of_2021: date
) -> None:
    keys = {unit.pk: slug for slug, unit in moved_cell.items()}

    def reached(on: date) -> dict[str, int]:
        rows = sql.read(keys, year=2021, lens="then", on=on, today=end_of_2021)
        return {keys[key]: row.admitted for key, row in rows.items()}  # type: ignore[attr-defined]

    assert reached(date(2021, 6, 30)) == {"a": 3, "b": 0, "c": 3, "top": 3}
    assert reached(date(2021, 7, 1)) == {"a": 3, "b": 1, "c": 4, "top": 4}


def test_a_reversal_takes_one_away_from_its_own_day_on(
    moved_cell: dict[str, Organization],
) -> None:
    first = Admission.objects.order_by("ceremony_on").first()
    assert first is not None
    reverse(first, on=date(2021, 8, 1))

    recompute(2021)

    assert admitted("then") == {"a": 3, "b": 1, "c": 4, "top": 4}
    assert admitted("now") == {"a": 0, "b": 4, "c": 4, "top": 4}
    top = Attainment.objects.get(organization=moved_cell["top"], lens="then", year=2021)
    assert (top.admitted_month_02, top.admitted_month_08) == (1, -1)  # type: ignore[attr-defined]


def test_a_second_run_changes_nothing_and_says_so(moved_cell: dict[str, Organization]) -> None:
    fold()

    first, second = recompute(2021), recompute(2021)

    assert (first.state, first.total, first.changed) == (Job.State.DONE, 8, 0)
    assert (second.state, second.done, second.changed) == (Job.State.DONE, 8, 0)


def test_the_number_of_changed_rows_tells_a_drift_and_the_job_names_them(
    moved_cell: dict[str, Organization], caplog: pytest.LogCaptureFixture
) -> None:
    fold()
    assert recompute(2021).errors == []
    Attainment.objects.filter(organization=moved_cell["a"], lens="then").update(admitted=99)
    Attainment.objects.filter(organization=moved_cell["b"], lens="now").delete()

    job = recompute(2021)

    assert job.changed == 2
    assert job.errors == ["a 2021 then: admitted 99 → 3", "b 2021 now: no row"]
    assert [line.message for line in caplog.records if line.levelname == "ERROR"] == [
        "the figures of 2021 had parted from the facts in 2 rows"
    ]
    assert admitted("then")["a"] == 3
    assert admitted("now")["b"] == 5


def test_an_organisation_that_was_not_there_in_the_year_has_a_row_in_todays_tree_alone(
    moved_cell: dict[str, Organization],
) -> None:
    stranger = unit("khac", kind="province")
    recompute(2021)
    Attainment.objects.filter(organization=stranger).update(year=2017)

    recompute(2017)

    rows = Attainment.objects.filter(year=2017)
    assert not rows.filter(lens="then").exists()
    assert rows.filter(lens="now").count() == Organization.objects.count()


def test_units_are_those_directly_beneath_with_admissions_and_without_source(
    moved_cell: dict[str, Organization],
) -> None:
    top, a = moved_cell["top"], moved_cell["a"]
    clerk, staff = officer("vanthu", a, "staff"), officer("canbo", top, "staff")
    declared = declare_no_source(
        a, by=clerk, on=date(2021, 12, 31), grounds="Không tuyển mới",
        declared_on=date(2021, 12, 1), review_on=date(2022, 6, 1),
    )  # fmt: skip
    recompute(2021)
    row = Attainment.objects.get(organization=top, lens="now", year=2021)
    assert (row.units, row.units_with_admission, row.units_without_source) == (2, 1, 0)

    answer_declaration(declared, by=staff, on=date(2021, 12, 31), accept=True)
    recompute(2021)

    row = Attainment.objects.get(organization=top, lens="now", year=2021)
    assert (row.units, row.units_with_admission, row.units_without_source) == (2, 1, 1)


def test_a_unit_that_only_lost_one_of_an_earlier_year_has_no_admission(
    moved_cell: dict[str, Organization],
) -> None:
    stand_on(date(2022, 2, 1))
    for fact in Admission.objects.filter(sign=1)[:1]:
        reverse(fact, on=date(2022, 1, 20))

    recompute(2022)

    row = Attainment.objects.get(organization=moved_cell["top"], lens="now", year=2022)
    assert (row.admitted, row.units_with_admission) == (-1, 0)


def test_what_a_unit_has_of_its_own_is_added_to_what_it_has_beneath(end_of_2021: date) -> None:
    top = unit("top", kind="province")
    above = cell("above", top)
    beneath = cell("beneath", above)
    admit(above, date(2021, 2, 3))
    admit(beneath, date(2021, 5, 19), date(2021, 9, 2))

    recompute(2021)

    assert admitted("then") == admitted("now") == {"above": 3, "beneath": 2, "top": 3}


def test_a_failed_run_leaves_a_failed_job_with_its_error(
    moved_cell: dict[str, Organization], monkeypatch: pytest.MonkeyPatch
) -> None:
    recompute(2021)
    monkeypatch.setattr(deltas, "_SWAPPED", deltas._SWAPPED + " nonsense(")

    with pytest.raises(DatabaseError):
        recompute(2021)

    job = Job.objects.latest("pk")
    assert job.state == Job.State.FAILED
    assert "syntax error" in job.errors[0]
    assert admitted("then")["top"] == 5


def test_a_job_whose_worker_was_killed_does_not_say_running_for_ever(
    moved_cell: dict[str, Organization],
) -> None:
    now = clock.now()
    dead, alive = (
        Job.objects.create(
            kind="recompute", subject="2021", started_at=now - timedelta(minutes=ago)
        )
        for ago in (16, 1)
    )

    recompute(2021)

    dead.refresh_from_db()
    alive.refresh_from_db()
    assert (dead.state, alive.state) == (Job.State.FAILED, Job.State.RUNNING)


def test_a_year_reaches_only_to_the_clocks_day(moved_cell: dict[str, Organization]) -> None:
    stand_on(date(2021, 5, 28))
    recompute(2021)

    assert admitted("then") == {"a": 2, "b": 0, "c": 2, "top": 2}
    assert admitted("now") == {"a": 2, "b": 0, "c": 2, "top": 2}
