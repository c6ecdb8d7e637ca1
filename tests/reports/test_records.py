"""Behind every number stand its records: as many as the number says, by name for some."""

from datetime import date

import pytest
from django.urls import reverse

from admissions.operations.candidates import close_candidate
from organizations.models import Organization, User
from reports.selectors.organizations import files
from reports.selectors.records import records
from reports.selectors.standing import look, standings
from targets.measures import BY_NAME, MEASURES
from targets.models import Attainment
from targets.operations.attainment import recompute
from tests.makers import (
    DAY,
    Stage,
    candidate,
    on_probation,
    recognised,
    voted_on_recognition,
    world,
)
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


@pytest.mark.thorough
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


@pytest.mark.thorough
def test_a_reversal_within_the_year_leaves_nobody_to_list(full: Year, signed_in: SignIn) -> None:
    found = signed_in(full.world.staff2).get(address("lon")).context["records"]

    assert [row.ceremony_on for row in found.rows] == [MAY]


@pytest.mark.thorough
def test_staff_see_names_decisions_and_days(full: Year, signed_in: SignIn) -> None:
    shown = signed_in(full.world.staff).get(address(full.world.cell.slug)).content.decode()

    assert "Nguyễn Văn An" in shown
    assert "Vũ Văn Thịnh" in shown
    assert "15/04/2021" in shown
    assert "19/05/2021" in shown
    assert "-QĐ/ĐU" in shown


@pytest.mark.thorough
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


@pytest.mark.thorough
def test_a_secretary_lists_the_own_cell_alone(full: Year, signed_in: SignIn) -> None:
    client = signed_in(full.world.secretary)

    assert client.get(address(full.world.cell.slug)).context["records"].seen == 4
    assert client.get(address(full.world.sibling.slug)).status_code == 404


def test_a_measure_that_is_none_is_not_found(full: Year, signed_in: SignIn) -> None:
    client = signed_in(full.world.staff2)

    assert client.get(address("kc-top", "1=1; DROP TABLE")).status_code == 404
    assert client.get(address("kc-top", "password")).status_code == 404


@pytest.mark.thorough
def test_a_number_of_zero_says_so(full: Year, signed_in: SignIn) -> None:
    shown = signed_in(full.world.staff2).get(address("khong-giao")).content.decode()

    assert "The number is 0" in shown


def test_who_was_recognised_in_a_year_is_listed_with_decision_and_day(
    db: None, signed_in: SignIn
) -> None:
    today = date(2022, 7, 1)
    w = world(day=today)
    file = on_probation(w)
    voted_on_recognition(w, file, from_day=date(2022, 5, 19), on=today)
    made = recognised(w, file, signed_on=date(2022, 6, 20), on=today)
    recompute(2022)
    of_2022 = reverse(
        "figure-records", args=[2022, w.committee.slug], query={"chi-so": "recognised"}
    )

    shown = signed_in(w.staff).get(of_2022).content.decode()
    assert file.person.full_name in shown
    assert made.decision.number in shown
    assert "20/06/2022" in shown
    assert "19/05/2022" in shown
    dashboard = signed_in(w.staff).get(reverse("dashboard", args=[2022])).content.decode()
    assert "chi-so=recognised" in dashboard

    shown = signed_in(w.leader).get(of_2022).content.decode()
    assert file.person.full_name not in shown
    before = look(2021, lens="then", today=today)
    assert records(w.committee, BY_NAME["recognised"], before, user=w.staff).people == 0


def test_the_files_behind_probation_certificates_identified_and_closed_are_listed_by_name(
    db: None, signed_in: SignIn
) -> None:
    w = world()
    file = on_probation(w)
    dropped = candidate(w)
    close_candidate(
        dropped, by=w.secretary, on=DAY, closed_on=DAY, reason="Xin dừng vì lý do riêng"
    )
    for year in (2020, 2021):
        recompute(year)

    def shown(measure: str, *, year: int = 2021, to: User = w.staff) -> str:
        where = reverse("figure-records", args=[year, w.committee.slug], query={"chi-so": measure})
        return str(signed_in(to).get(where).content.decode())

    dashboard = signed_in(w.staff).get(reverse("dashboard", args=[2021])).content.decode()
    for measure in ("on_probation", "closed_unadmitted"):
        assert f"chi-so={measure}" in dashboard
    assert "chi-so=certified" not in dashboard  # in 2021 nobody was certified
    assert file.person.full_name in shown("on_probation")
    assert "Admitted, on probation" in shown("on_probation")
    assert "Xin dừng vì lý do riêng" in shown("closed_unadmitted")
    listed = shown("certified", year=2020)
    assert file.person.full_name in listed
    assert f"CN-{file.pk}" in listed
    assert "28/11/2020" in listed
    listed = shown("identified", year=2020)
    assert file.person.full_name in listed
    assert dropped.person.full_name in listed
    assert "01/06/2020" in listed

    for measure, year in (("on_probation", 2021), ("certified", 2020), ("closed_unadmitted", 2021)):
        hidden = shown(measure, year=year, to=w.leader)
        assert "Names are not shown to your role." in hidden
        assert file.person.full_name not in hidden
        assert "Xin dừng vì lý do riêng" not in hidden


def test_no_row_behind_a_figure_is_listed_for_somebody_of_another_tree(db: None) -> None:
    today = date(2022, 7, 1)
    w, other = world(day=today), world(day=today, slug="kia")
    file = on_probation(w)
    voted_on_recognition(w, file, from_day=date(2022, 5, 19), on=today)
    recognised(w, file, signed_on=date(2022, 6, 20), on=today)
    candidate(w)
    for year in (2021, 2022):
        recompute(year)

    for year, measure in ((2021, "admitted"), (2022, "recognised"), (2022, "files_source")):
        seen = look(year, lens="then", today=today)
        ours, theirs = (
            records(w.committee, BY_NAME[measure], seen, user=user)
            for user in (w.staff, other.staff)
        )
        assert (ours.people, len(ours.rows)) == (1, 1), measure
        assert (theirs.people, len(theirs.rows)) == (1, 0), measure

    unit = Organization.objects.filter(pk=w.committee.pk).called(on=today)
    (whole,) = standings(unit, seen, shares=None)
    ours_open, theirs_open = (
        files(w.committee, whole, seen, user=user, measure=None) for user in (w.staff, other.staff)
    )
    assert (ours_open.people, ours_open.seen) == (1, 1)
    assert (theirs_open.people, theirs_open.seen) == (1, 0)
