"""The forecast: what it learns, what it says, and how it does on ten years of a country."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from random import Random

import pytest

from targets import forecast as forecasting
from targets.forecast import (
    KINDS,
    Past,
    Replay,
    YearSeen,
    counts,
    files_taught,
    forecast,
    learn,
    narrowest,
    quantile,
    replays,
    same_day,
    straight_line,
    track_record,
)
from tests.targets.country import Unit, country, past, seen

LEARNED_FROM = range(2005, 2022)
MAY, SEPTEMBER = date(2022, 5, 28), date(2022, 9, 15)


# ---------------------------------------------------------------- ten years of a country


@dataclass
class Level:
    """The records of all organisations of a level."""

    outcomes: int = 0
    held: int = 0
    width: float = 0
    straight_width: float = 0

    @property
    def cover(self) -> float:
        return self.held / self.outcomes


def replayed(tops: list[Unit], on: date) -> dict[str, Level]:
    """Replay ten years of some countries on the day of them that corresponds to `on`."""
    found = {name: Level() for name in ("province", "committee", "cell")}

    def tell(unit: Unit, name: str, above: list[Past]) -> list[Past]:
        line = [past(unit, on, years=LEARNED_FROM), *above]
        record = track_record(replays(line, on))
        assert record is not None
        level, years = found[name], len(record.replays)
        assert years == 10
        level.outcomes += years
        level.held += record.held
        level.width += record.width * years
        level.straight_width += record.straight_width * years
        return line

    for top in tops:
        whole = [past(top, on, years=LEARNED_FROM)]
        for province in top.beneath:
            of_province = tell(province, "province", whole)
            for committee in province.beneath:
                of_committee = tell(committee, "committee", of_province)
                tell(committee.beneath[0], "cell", of_committee)
    return found


@pytest.fixture(scope="module")
def tops() -> list[Unit]:
    """Two countries of ten provinces: the years of one are good or bad for all of it."""
    return [
        country(seed, first=2001, last=2021, provinces=10, committees=3, cells=6) for seed in (1, 2)
    ]


@pytest.mark.parametrize("on", [MAY, SEPTEMBER])
def test_on_ten_replayed_years_the_intervals_hold_what_they_promise(
    tops: list[Unit], on: date
) -> None:
    """Cells, committees and provinces; narrower than the straight line's at the same cover."""
    levels = replayed(tops, on)

    assert {
        name: round(level.cover, 2) for name, level in levels.items() if level.cover < 0.78
    } == {}
    assert {
        name: (level.width, level.straight_width)
        for name, level in levels.items()
        if level.width >= level.straight_width
    } == {}


# ---------------------------------------------------------------- what it learns


def year_of(
    files: int, made: int, *, late: int = 0, admitted: int = 0, step: str = "files_cell"
) -> YearSeen:
    outcome = admitted + made + late
    return YearSeen({(step, 0): files}, admitted, {(step, 0): made}, outcome, filed=outcome)


def years(**columns: int) -> dict[int, YearSeen]:
    return {year: year_of(**columns) for year in range(2015, 2021)}


def foretold(line: list[Past], now: YearSeen, *, cells: int = 1) -> forecasting.Forecast:
    learned = learn(line, year=2021)
    assert learned is not None
    return forecast(learned, now, cells=cells)


def test_nine_files_of_earlier_years_are_not_enough_and_ten_are() -> None:
    nine = Past({2020: year_of(9, 5)}, cells=1)
    ten = Past({2020: year_of(10, 5)}, cells=1)

    assert learn([nine], year=2021) is None
    assert learn([ten], year=2021) is not None
    assert (files_taught([nine], year=2021), files_taught([ten], year=2021)) == (9, 10)


def test_a_cell_with_two_files_borrows_from_its_committee() -> None:
    own = Past({2020: year_of(2, 0)}, cells=1)
    committee = Past(years(files=40, made=36), cells=40)

    alone = learn([own], year=2021)
    borrowed = foretold([own, committee], YearSeen({("files_cell", 0): 2}))

    assert alone is None
    assert (borrowed.low, borrowed.likely, borrowed.high) == (1, 2, 2)


def test_what_a_unit_knows_itself_outweighs_what_it_borrows_where_units_are_unlike() -> None:
    own = Past(years(files=10, made=2), cells=1)
    above = years(files=100, made=80)
    alike = [{2020: {"files_cell": (100, 80)}}] * 20
    unlike = [{2020: {"files_cell": (100, made)}} for made in (100, 60)] * 10

    rates = [
        learned.rates["files_cell", 0]
        for units in (alike, unlike)
        if (learned := learn([own, Past(above, cells=40, units=units)], year=2021))
    ]

    assert rates[0] > rates[1] > 0.2
    assert round(rates[1], 1) == 0.2


def test_files_still_to_be_identified_count_as_history_had_them() -> None:
    past_years = Past(years(files=10, made=10, late=6), cells=3)

    told = foretold([past_years], YearSeen(admitted=4), cells=3)

    assert round(told.late) == 6
    assert told.low < 10 < told.high


def test_years_that_were_taken_over_without_files_teach_nothing() -> None:
    bare = {year: replace(one, filed=1) for year, one in years(files=20, made=10).items()}

    assert learn([Past(bare, cells=1)], year=2021) is None


def test_only_the_six_years_before_are_learned_from_and_never_the_year_itself() -> None:
    old = {2014: year_of(1000, 1000), 2021: year_of(1000, 1000)}
    some = years(files=20, made=10)

    with_more = learn([Past(old | some, cells=1)], year=2021)

    assert with_more == learn([Past(some, cells=1)], year=2021)


def test_years_that_differ_make_the_range_wider() -> None:
    steady = Past(years(files=100, made=50), cells=1)
    restless = Past(
        {year: year_of(100, 20 if year % 2 else 80) for year in range(2015, 2021)}, cells=1
    )
    now = YearSeen({("files_cell", 0): 100})

    narrow, wide = foretold([steady], now), foretold([restless], now)

    assert narrow.high - narrow.low < (wide.high - wide.low) / 2


def test_the_chance_of_a_target_is_what_lies_at_or_above_it() -> None:
    told = foretold(
        [Past(years(files=40, made=36), cells=4)],
        YearSeen({("files_cell", 0): 4}, admitted=3),
        cells=4,
    )

    assert told.chance_of(3) == 1.0
    assert told.chance_of(100) < 0.001
    assert told.chance_of(6) == pytest.approx(
        sum(chance for people, chance in told.chances.items() if people >= 6)
    )


@pytest.mark.parametrize(
    ("mean", "variance"),
    [(0.3, 0.21), (4.0, 2.5), (4.0, 4.0), (4.0, 9.0), (5000.0, 4000.0), (5000.0, 250_000.0)],
)
def test_counts_have_the_mean_and_the_variance_asked_for(mean: float, variance: float) -> None:
    chances = counts(mean, variance)

    found = sum(people * chance for people, chance in chances.items())
    spread = sum((people - found) ** 2 * chance for people, chance in chances.items())
    assert sum(chances.values()) == pytest.approx(1)
    assert found == pytest.approx(mean, rel=0.02)
    assert spread == pytest.approx(variance, rel=0.15)


def test_the_narrowest_range_holds_its_share_and_no_narrower_one_does() -> None:
    random = Random(7)
    for _one in range(50):
        chances = counts(random.uniform(0, 30), random.uniform(0.1, 60))
        low, high = narrowest(chances, 0.8)

        def held(first: int, last: int, chances: dict[int, float] = chances) -> float:
            return sum(one for people, one in chances.items() if first <= people <= last)

        assert held(low, high) >= 0.8 - 1e-9
        width = high - low
        assert all(held(first, first + width - 1) < 0.8 for first in chances)
        assert low <= quantile(chances, 0.5) <= high


def test_the_same_day_of_a_year_without_29_february_is_the_28th() -> None:
    assert same_day(date(2024, 2, 29), 2023) == date(2023, 2, 28)
    assert same_day(date(2024, 5, 28), 2023) == date(2023, 5, 28)


# ---------------------------------------------------------------- the track record


def replay(low: int, high: int, outcome: int, straight: float) -> Replay:
    return Replay(2020, admitted=2, low=low, likely=low, high=high, outcome=outcome,
                  straight=straight)  # fmt: skip


def test_the_straight_line_is_given_the_narrowest_range_that_would_have_held_as_many() -> None:
    record = track_record([replay(4, 6, 5, 9.0), replay(4, 7, 9, 9.0), replay(3, 5, 5, 5.0)])

    assert record is not None
    assert (record.held, record.width) == (2, 10 / 3)
    # Errors of 4, 0 and 0 people: none is needed for two of three.
    assert record.straight_width == 1
    assert track_record([]) is None


def test_the_straight_line_of_hon_gai_falls_short_of_its_last_round() -> None:
    """27 by 2/11/2019 and 45 at the end: domain.md 3.5."""
    assert round(straight_line(27, date(2019, 11, 2))) == 32


def test_a_replay_learns_only_from_years_before_it() -> None:
    known = years(files=20, made=10)
    spoilt = known | {2020: year_of(20, 20)}

    first, second = (
        {one.year: one for one in replays([Past(years_, cells=1)], MAY.replace(year=2021))}
        for years_ in (known, spoilt)
    )

    assert list(first) == [2016, 2017, 2018, 2019, 2020]
    assert [first[year] for year in range(2016, 2020)] == [
        second[year] for year in range(2016, 2020)
    ]
    assert first[2020].low == second[2020].low
    assert first[2020].outcome != second[2020].outcome


def test_the_generated_country_is_the_same_each_time_and_has_ten_years() -> None:
    first, again = (country(2, first=2010, last=2012, provinces=1) for _one in range(2))

    assert seen(first, MAY, years=range(2010, 2013)) == seen(again, MAY, years=range(2010, 2013))
    assert set(KINDS) >= {
        kind for one in seen(first, MAY, years=range(2012, 2013)).values() for kind in one.files
    }
