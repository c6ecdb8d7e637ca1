"""What a forecast reads of the database: files as they stood, whose they are, in how many queries.

The country's own count, in memory, is the judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from organizations.models import Organization, User
from targets import foretold as foretelling
from targets.forecast import same_day
from targets.foretold import Foretold, foretell
from targets.operations.attainment import recompute
from tests.makers import account, unit
from tests.targets.country import Unit, country, seen
from tests.targets.files_kept import keep
from tests.targets.makers import stand_on

pytestmark = pytest.mark.django_db

DAY = date(2021, 5, 28)
FOUNDED = date(2010, 1, 1)


@dataclass
class Kept:
    """A province of the generated country in the database, on `DAY`."""

    memory: Unit
    province: Organization
    committees: list[Organization]
    cells: list[list[Organization]]
    by: User


def kept(*, committees: int = 3, cells: int = 4, seed: int = 5) -> Kept:
    stand_on(DAY)
    memory = country(
        seed, first=2011, last=2021, provinces=1, committees=committees, cells=cells
    ).beneath[0]
    by = account("nguoi-nhap")
    top = unit("tinh", kind="province", on=FOUNDED)
    found = Kept(memory, top, [], [], by)
    for number, committee in enumerate(memory.beneath):
        above = unit(f"co-so-{number}", top, on=FOUNDED)
        found.committees.append(above)
        found.cells.append([])
        for place, cell in enumerate(committee.beneath):
            own = unit(f"co-so-{number}-{place}", above, kind="cell", on=FOUNDED)
            found.cells[-1].append(own)
            keep(own, cell.files, by=by, on=DAY)
    return found


def told(of: Organization, memory: Unit, **options: bool) -> Foretold:
    now = seen(memory, DAY, years=range(2011, 2022))[2021]
    pipeline: dict[str, int] = {}
    for (step, _band), files in now.files.items():
        pipeline[step] = pipeline.get(step, 0) + int(files)
    return foretell(
        of, on=DAY, tree_on=DAY, admitted=now.admitted, pipeline=pipeline, **options
    )  # fmt: skip


def test_files_and_admissions_are_as_the_country_itself_counts_them() -> None:
    here = kept()
    years = range(2011, 2022)
    committee, cell = here.memory.beneath[1], here.memory.beneath[1].beneath[2]

    found = told(here.cells[1][2], cell, with_record=True)

    line = [cell, committee, here.memory]
    assert list(found.line) == [here.cells[1][2].pk, here.committees[1].pk, here.province.pk]
    for past, memory in zip(found.pasts, line, strict=True):
        counted = seen(memory, DAY, years=years)
        assert past.cells == memory.cells
        for year in range(2011, 2021):
            own = past.years.get(year)
            expected = counted[year]
            assert (own.admitted if own else 0) == expected.admitted
            assert (own.outcome if own else 0) == expected.outcome
            assert dict(own.files if own else {}) == expected.files
            assert {kind: made for kind, made in (own.made if own else {}).items() if made} == (
                expected.made
            )
    assert dict(found.now.files) == seen(cell, DAY, years=years)[2021].files


def test_the_units_beneath_are_told_apart_for_how_alike_they_are() -> None:
    here = kept(committees=2, cells=3)

    found = told(here.cells[0][0], here.memory.beneath[0].beneath[0])

    by_level = [len(past.units) for past in found.pasts]
    # The cell itself; its committee's three cells; the province's two committees.
    assert by_level == [1, 3, 2]
    whole = found.pasts[2]
    files = sum(
        files for one in whole.units for steps in one.values() for files, _made in steps.values()
    )
    assert files == sum(one.open_files for one in whole.years.values()) + sum(
        seen(here.memory, DAY, years=range(2011, 2022))[2021].files.values()
    )


def test_the_line_ends_where_enough_people_were_admitted(monkeypatch: pytest.MonkeyPatch) -> None:
    here = kept()
    for year in (2018, 2019, 2020):
        recompute(year, on=DAY)
    monkeypatch.setattr(foretelling, "BASIS", 10)

    found = told(here.cells[0][0], here.memory.beneath[0].beneath[0])

    assert list(found.line) == [here.cells[0][0].pk, here.committees[0].pk]


def test_a_forecast_and_its_record_come_of_the_files() -> None:
    here = kept()

    found = told(here.committees[0], here.memory.beneath[0], with_record=True)

    assert found.forecast is not None
    assert found.forecast.low <= found.forecast.likely <= found.forecast.high
    assert found.years == [2015, 2016, 2017, 2018, 2019, 2020]
    assert found.record is not None
    assert [one.year for one in found.record.replays] == list(range(2013, 2021))
    outcomes = seen(here.memory.beneath[0], DAY, years=range(2011, 2022))
    assert [one.outcome for one in found.record.replays] == [
        outcomes[year].outcome for year in range(2013, 2021)
    ]


def test_without_files_of_earlier_years_nothing_is_foretold() -> None:
    stand_on(DAY)
    alone = unit("moi", kind="cell", on=FOUNDED)

    found = foretell(alone, on=DAY, tree_on=DAY, admitted=0, pipeline={})

    assert (found.forecast, found.record, found.files) == (None, None, 0)


def test_a_file_sent_back_stands_where_it_was_sent_to() -> None:
    here = kept(committees=1, cells=1)
    cell = here.cells[0][0]
    before = told(cell, here.memory.beneath[0].beneath[0]).now
    back = here.cells[0][0].candidates.filter(stage="decided").first() or (
        here.cells[0][0].candidates.exclude(stage__in=["admitted", "closed"]).first()
    )
    back.milestones.create(
        step="return", on=DAY, entered_by=here.by, back_to="source"
    )  # fmt: skip

    after = told(cell, here.memory.beneath[0].beneath[0]).now

    assert after.files["files_source", 0] == before.files.get(("files_source", 0), 0) + 1
    assert after.open_files == before.open_files


@pytest.mark.parametrize("with_record", [False, True])
def test_as_many_queries_for_a_cell_as_for_a_province(with_record: bool) -> None:
    here = kept(committees=2, cells=2)
    asked = []
    for of in (here.cells[0][0], here.province):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            told(of, here.memory, with_record=with_record)
        asked.append(len(queries))

    assert asked == [1, 1]


def test_of_the_largest_only_some_cells_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    here = kept(committees=2, cells=6)
    for year in range(2015, 2021):
        recompute(year, on=DAY)
    whole = told(here.province, here.memory)
    monkeypatch.setattr(foretelling, "READ", 20)

    found = told(here.province, here.memory)

    assert found.sample > 1
    assert sum(one.outcome for one in found.pasts[0].years.values()) < sum(
        one.outcome for one in whole.pasts[0].years.values()
    )
    # The files of today are all of them.
    assert found.now.open_files == pytest.approx(whole.now.open_files)
    assert found.forecast
    assert whole.forecast
    assert found.forecast.low <= whole.forecast.likely <= found.forecast.high


def test_the_same_day_is_looked_at_in_every_year() -> None:
    here = kept(committees=1, cells=2)
    leap = date(2020, 2, 29)

    found = foretell(here.province, on=leap, tree_on=DAY, admitted=0, pipeline={})

    counted = seen(here.memory, leap, years=range(2011, 2022))
    assert {year: one.admitted for year, one in found.pasts[0].years.items() if one.admitted} == {
        year: counted[year].admitted for year in range(2014, 2020) if counted[year].admitted
    }
    assert same_day(leap, 2019) == date(2019, 2, 28)
