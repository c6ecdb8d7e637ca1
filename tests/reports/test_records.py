"""Behind every number stand its records: as many as the number says, by name for some."""

from datetime import date

import pytest
from django.urls import reverse

from reports.selectors.records import records
from reports.selectors.standing import look
from targets.measures import MEASURES
from targets.models import Attainment
from targets.operations.attainment import recompute
from tests.makers import DAY, Stage, candidate
from tests.reports.conftest import SignIn, Year
from tests.targets.makers import admit
from tests.targets.makers import reverse as undo

MAY = date(2021, 5, 19)


def address(slug: str, measure: str = "admitted", **query: str) -> str:
    return reverse("figure-records", args=[2021, slug], query={"chi-so": measure, **query})


@pytest.fixture
def full(year: Year) -> Year:
    """With files at several steps, an admission that was reversed, and one decided here."""
    for stage in (Stage.SOURCE, Stage.READY, Stage.CELL_RESOLVED, Stage.DECIDED, Stage.ADMITTED):
        candidate(year.world, at=stage)
    (wrong,) = admit(year.cells["lon"], date(2021, 3, 26))
    undo(wrong, on=date(2021, 4, 2))
    recompute(2021, on=DAY)
    return year


@pytest.mark.parametrize("lens", ["then", "now"])
def test_the_list_is_as_long_as_the_number_for_every_measure(full: Year, lens: str) -> None:
    seen = look(2021, lens=lens, today=DAY)

    for unit in (full.world.top, full.world.committee, full.large, full.world.cell):
        row = Attainment.objects.get(organization=unit, year=2021, lens=lens)
        for measure in MEASURES:
            found = records(unit, measure, seen, user=full.world.staff2)
            listed = sum(getattr(one, "sign", 1) for one in found.rows)
            assert (found.people, listed) == (getattr(row, measure.name),) * 2, measure.name
            assert sum(one.people for one in found.units) == found.people


def test_a_reversal_within_the_year_leaves_nobody_to_list(full: Year, signed_in: SignIn) -> None:
    found = signed_in(full.world.staff2).get(address("lon")).context["records"]

    assert [row.ceremony_on for row in found.rows] == [MAY]


def test_staff_see_names_decisions_and_days(full: Year, signed_in: SignIn) -> None:
    shown = signed_in(full.world.staff).get(address(full.world.cell.slug)).content.decode()

    assert "Nguyễn Văn An" in shown
    assert "Vũ Văn Thịnh" in shown
    assert "15/04/2021" in shown
    assert "19/05/2021" in shown
    assert "-QĐ/ĐU" in shown


def test_a_leader_sees_counts_by_unit_and_why_there_are_no_names(
    full: Year, signed_in: SignIn
) -> None:
    client = signed_in(full.world.leader)

    for where in (
        address("kc-top"),
        address(full.world.cell.slug),
        address("kc-top", "files_cell"),
    ):
        shown = client.get(where).content.decode()
        assert "Names are not shown to your role." in shown
        assert "Nguyễn Văn An" not in shown
        assert "Vũ Văn Thịnh" not in shown
    units = client.get(address("kc-top")).context["records"].units
    assert [(one.unit.slug, one.people) for one in units] == [
        ("kc-dang-uy", 5),
        ("nho", 2),
        ("lon", 1),
    ]


def test_a_secretary_lists_the_own_cell_alone(full: Year, signed_in: SignIn) -> None:
    client = signed_in(full.world.secretary)

    assert client.get(address(full.world.cell.slug)).context["records"].seen == 4
    assert client.get(address(full.world.sibling.slug)).status_code == 404


def test_a_measure_that_is_none_is_not_found(full: Year, signed_in: SignIn) -> None:
    client = signed_in(full.world.staff2)

    assert client.get(address("kc-top", "1=1; DROP TABLE")).status_code == 404
    assert client.get(address("kc-top", "password")).status_code == 404


def test_a_number_of_zero_says_so(full: Year, signed_in: SignIn) -> None:
    shown = signed_in(full.world.staff2).get(address("khong-giao")).content.decode()

    assert "The number is 0" in shown
