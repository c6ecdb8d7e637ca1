"""Table 1: who came, who went, and that D = A + B − C can fail and then says why."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.periods import between
from organizations.models import Membership, Organization, Person, Placement, Transfer
from organizations.models.person import name_columns
from organizations.operations.people import join, leave
from organizations.operations.reorganizations import NewUnit
from organizations.operations.structure import move
from reports.selectors.movement import (
    ROWS,
    Movement,
    Period,
    amiss,
    members_of,
    movements,
    table,
)
from targets import sql
from targets.models import Attainment, Baseline
from tests.makers import DAY, World, cell, members, unit, world
from tests.reports.conftest import SignIn
from tests.targets.makers import admit
from tests.targets.reorganising import Event, reorganise

FIRST, LAST = date(2021, 1, 1), DAY
MARCH, APRIL, MAY = date(2021, 3, 10), date(2021, 4, 20), date(2021, 5, 5)
THEN, NOW = Attainment.Lens.THEN, Attainment.Lens.NOW
IN, OUT = Membership.ReasonIn, Membership.ReasonOut
OFFICIAL, PROBATIONARY = Membership.Status.OFFICIAL, Membership.Status.PROBATIONARY


def period(lens: str = THEN, *, first: date = FIRST, last: date = LAST) -> Period:
    return Period(first, last, lens, DAY)


def of(unit: Organization, lens: str = THEN, **days: date) -> dict[str, int]:
    """The lines of a unit that somebody stands in."""
    return movements([unit.pk], period(lens, **days))[unit.pk].people


def person(name: str = "Lê Thị Bưởi") -> Person:
    return Person.objects.create(
        **name_columns(name), born_on=date(1985, 4, 3), sex=Person.Sex.FEMALE
    )


def comes(
    to: Organization,
    reason: str,
    *,
    on: date = MARCH,
    who: Person | None = None,
    status: str = OFFICIAL,
) -> Membership:
    return join(who or person(), cell=to, status=status, on=on, reason_in=reason)


def goes(membership: Membership, reason: str, *, on: date = APRIL) -> Person:
    return leave(membership, on=on, reason_out=reason).person


def of_cell(of: Organization, number: int = 0) -> Membership:
    return Membership.objects.filter(cell=of).order_by("pk")[number]


def changes(
    to: Organization, *, of: Membership, on: date = APRIL, reason: str = "transferred"
) -> Membership:
    """Let somebody go from one cell to another on one day."""
    who = goes(of, reason, on=on)
    return comes(to, reason, on=on, who=who, status=of.status)


def letter(who: Person, *, by: World, on: date, scope: str, to=None, since=None) -> Transfer:
    """An accepted transfer across the border of this system."""
    return Transfer.objects.create(
        person=who, kind="official", state="accepted", destination=to, origin=since,
        origin_place="" if since else "Đảng bộ ngoài",
        destination_place="" if to else "Đảng bộ ngoài",
        outside_scope=scope, requested_on=on, entered_by=by.secretary, released_by=by.secretary,
        answered_by=by.staff, effective_on=on,
    )  # fmt: skip


@pytest.fixture
def around(db: None) -> World:
    return world(number=20)


def test_whoever_was_there_and_stays_is_neither_increase_nor_decrease(around: World) -> None:
    for one in (around.top, around.committee, around.cell):
        assert of(one) == {"before": 20, "after": 20}
    assert of(around.sibling) == {}


def test_every_reason_to_come_has_its_line(around: World) -> None:
    comes(around.cell, IN.ADMITTED, status=PROBATIONARY)
    comes(around.cell, IN.RESTORED)
    comes(around.cell, IN.TAKEN_OVER)
    comes(around.cell, IN.TRANSFERRED)
    for scope in Transfer.Scope:
        who = comes(around.cell, IN.TRANSFERRED).person
        letter(who, by=around, on=MARCH, scope=scope, to=around.cell)

    assert of(around.top) == {
        "before": 20, "admitted": 1, "restored": 1, "taken_over": 1, "in_unknown": 1,
        "in_province": 1, "in_elsewhere": 1, "after": 26,
    }  # fmt: skip


def test_every_reason_to_go_has_its_line(around: World) -> None:
    reasons = (
        OUT.DECEASED, OUT.EXPELLED, OUT.STRUCK_OFF, OUT.RESIGNED, OUT.REVERSED, OUT.DUPLICATE,
        OUT.TRANSFERRED,
    )  # fmt: skip
    for number, reason in enumerate(reasons):
        goes(of_cell(around.cell, number), reason)
    goes(comes(around.cell, IN.ADMITTED, status=PROBATIONARY), OUT.STRUCK_OFF)
    for number, scope in enumerate(Transfer.Scope):
        who = goes(of_cell(around.cell, 10 + number), OUT.TRANSFERRED)
        letter(who, by=around, on=APRIL, scope=scope, since=around.cell)

    assert of(around.top) == {
        "before": 20, "admitted": 1, "deceased": 1, "expelled": 1, "struck_off": 1,
        "struck_off_probationary": 1, "resigned": 1, "reversed": 1, "duplicate": 1,
        "out_unknown": 1, "out_province": 1, "out_elsewhere": 1, "after": 11,
    }  # fmt: skip


def test_an_admission_of_earlier_records_counts_as_an_admission(around: World) -> None:
    (fact,) = admit(around.cell, MARCH)
    comes(around.cell, IN.TAKEN_OVER, who=fact.person)

    assert of(around.top) == {"before": 20, "admitted": 1, "after": 21}


def test_a_recognition_changes_no_number(around: World) -> None:
    new = comes(around.cell, IN.ADMITTED, on=date(2020, 3, 10), status=PROBATIONARY)
    changes(around.cell, of=new, on=MARCH, reason="recognised")

    assert of(around.cell) == {"before": 21, "after": 21}


def test_a_transfer_inside_counts_for_both_cells_and_not_above_them(around: World) -> None:
    changes(around.sibling, of=of_cell(around.cell))

    assert of(around.cell) == {"before": 20, "out_province": 1, "after": 19}
    assert of(around.sibling) == {"in_province": 1, "after": 1}
    assert of(around.committee) == {"before": 20, "after": 20}
    assert of(around.top) == {"before": 20, "after": 20}


def test_somebody_who_leaves_and_comes_back_counts_twice(around: World) -> None:
    who = goes(of_cell(around.cell), OUT.TRANSFERRED, on=MARCH)
    comes(around.cell, IN.TRANSFERRED, who=who, on=APRIL)

    assert of(around.top) == {"before": 20, "out_unknown": 1, "in_unknown": 1, "after": 20}


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (FIRST, MARCH - timedelta(days=1), {"before": 20, "after": 20}),
        (FIRST, MARCH, {"before": 20, "restored": 1, "after": 21}),
        (MARCH, MARCH, {"before": 20, "restored": 1, "after": 21}),
        (MARCH + timedelta(days=1), LAST, {"before": 21, "deceased": 1, "after": 20}),
        (FIRST, APRIL - timedelta(days=1), {"before": 20, "restored": 1, "after": 21}),
        (APRIL, APRIL, {"before": 21, "deceased": 1, "after": 20}),
        (APRIL + timedelta(days=1), LAST, {"before": 20, "after": 20}),
    ],
)
def test_a_change_counts_on_its_day_and_on_no_other(
    around: World, first: date, last: date, found: dict[str, int]
) -> None:
    goes(comes(around.cell, IN.RESTORED), OUT.DECEASED)

    assert of(around.top, first=first, last=last) == found


class TestACellThatChangesItsSuperior:
    """The cell of twenty goes from its committee to another on 20 April."""

    @pytest.fixture
    def other(self, around: World) -> Organization:
        other = unit("kc-khac", around.top)
        members(cell("kc-khac-1", other), 5)
        move(around.cell, under=other, on=APRIL)
        return other

    def test_takes_its_members_out_of_one_and_into_the_other(
        self, around: World, other: Organization
    ) -> None:
        assert of(around.committee) == {"before": 20, "reorganised_out": 20}
        assert of(other) == {"before": 5, "reorganised_in": 20, "after": 25}
        assert of(around.cell) == {"before": 20, "after": 20}
        assert of(around.top) == {"before": 25, "after": 25}

    def test_was_always_there_by_todays_structure(self, around: World, other: Organization) -> None:
        assert of(around.committee, NOW) == {}
        assert of(other, NOW) == {"before": 25, "after": 25}
        assert of(around.top, NOW) == {"before": 25, "after": 25}

    def test_who_came_on_its_day_came_to_the_new_superior(
        self, around: World, other: Organization
    ) -> None:
        comes(around.cell, IN.RESTORED, on=APRIL)

        assert of(other)["restored"] == 1
        assert "restored" not in of(around.committee)

    def test_who_was_recognised_on_its_day_came_with_it(
        self, around: World, other: Organization
    ) -> None:
        changes(around.cell, of=of_cell(around.cell), reason="recognised")

        assert of(around.committee) == {"before": 20, "reorganised_out": 20}
        assert of(other) == {"before": 5, "reorganised_in": 20, "after": 25}

    def test_shows_the_units_and_what_cancels_between_them(
        self, around: World, other: Organization
    ) -> None:
        shown = table(around.top, period())
        found = [(one.before, one.increase, one.decrease, one.after) for one in shown.units]

        assert sorted(found) == [(5, 20, 0, 25), (20, 0, 20, 0)]
        assert shown.between is not None
        assert (shown.between.increase, shown.between.decrease) == (-20, -20)
        assert table(around.top, period(NOW)).between is None


class TestCellsReorganisedByToday:
    """One of twenty is split on 20 April, one of five dissolved into two cells beside it."""

    @pytest.fixture
    def cells(self, around: World) -> dict[str, Organization]:
        small = cell("kc-nho", around.committee)
        five = members(small, 5)
        for one, number in (
            (around.top, 25), (around.committee, 25), (around.cell, 20), (small, 5),
            (around.sibling, 0),
        ):  # fmt: skip
            Baseline.objects.create(
                organization=one, year=2021, members=number, entered_by=around.staff2
            )
        changes(around.cell, of=of_cell(around.cell, 0), on=MARCH, reason="recognised")
        goes(of_cell(around.cell, 1), OUT.DECEASED, on=MARCH)
        people = [one.person for one in Membership.objects.on(LAST).filter(cell=around.cell)]
        split = Event(
            "split", [around.cell], [around.cell, NewUnit("Chi bộ Mới", "cell")],
            homes={around.cell.slug: people[:7], "Chi bộ Mới": people[7:]},
        )  # fmt: skip
        dissolve = Event(
            "dissolve", [small], [around.cell, around.sibling],
            homes={around.cell.slug: five[:2], around.sibling.slug: five[2:]},
        )  # fmt: skip
        reorganise(around.top, split, dissolve, effective_on=APRIL, on=LAST)
        new = Organization.objects.get(slug="chi-bo-moi")
        changes(around.sibling, of=of_cell(new), on=MAY)
        return {"old": around.cell, "new": new, "small": small, "beside": around.sibling}

    @pytest.mark.thorough
    def test_people_count_where_the_decisions_brought_them(
        self, around: World, cells: dict[str, Organization]
    ) -> None:
        assert {name: of(one, NOW) for name, one in cells.items()} == {
            "old": {"before": 10, "deceased": 1, "after": 9},
            "new": {"before": 12, "out_province": 1, "after": 11},
            "small": {},
            "beside": {"before": 3, "in_province": 1, "after": 4},
        }
        assert of(cells["small"]) == {"before": 5, "reorganised_out": 5}
        assert of(cells["new"])["reorganised_in"] == 12

    @pytest.mark.thorough
    def test_those_before_are_the_opening_members_restated_for_todays_units(
        self, around: World, cells: dict[str, Organization]
    ) -> None:
        units = [around.top, around.committee, *cells.values()]
        found = movements([one.pk for one in units], period(NOW))
        rows = sql.read([one.pk for one in units], year=2021, lens=NOW, on=LAST, today=LAST)

        assert {one.pk: rows[one.pk].opening_members for one in units} == {
            key: one.before for key, one in found.items()
        }
        assert all(one.is_balanced for one in found.values())

    @pytest.mark.thorough
    def test_each_number_is_as_many_people_as_it_says(
        self, around: World, cells: dict[str, Organization]
    ) -> None:
        for one in (around.committee, *cells.values()):
            whole = movements([one.pk], period(NOW))[one.pk]
            for row in ROWS:
                found = members_of(one, row, period(NOW), user=around.staff2)
                assert (found.people, found.seen) == (whole.of(row),) * 2


class TestATableThatDoesNotBalance:
    def test_somebody_moved_from_nowhere_is_found(self, around: World) -> None:
        lost = comes(around.cell, IN.REORGANISED)
        found = movements([around.top.pk], period())[around.top.pk]

        assert found.people == {"before": 20, "unexplained_in": 1, "after": 21}
        assert (found.off, found.is_balanced) == (1, False)
        assert amiss(around.top.pk, period()) == [lost.pk]

    def test_somebody_moved_to_nowhere_is_found(self, around: World) -> None:
        lost = of_cell(around.cell)
        goes(lost, OUT.REORGANISED)

        assert of(around.top) == {"before": 20, "unexplained_out": 1, "after": 19}
        assert amiss(around.top.pk, period()) == [lost.pk]

    def test_two_that_offset_each_other_are_found_too(self, around: World) -> None:
        goes(of_cell(around.cell), OUT.REORGANISED)
        comes(around.cell, IN.RECOGNISED)
        found = movements([around.top.pk], period())[around.top.pk]

        assert (found.off, found.is_balanced) == (0, False)
        assert len(amiss(around.top.pk, period())) == 2

    def test_a_membership_that_ended_for_no_reason_is_found(self, around: World) -> None:
        ended = of_cell(around.cell)
        ended.period = between(ended.period.lower, APRIL)
        ended.save(update_fields=["period"])

        assert amiss(around.top.pk, period()) == [ended.pk]

    def test_an_ancestry_that_lags_behind_the_placements_is_found(self, around: World) -> None:
        other = unit("kc-khac", around.top)
        placed = Placement.objects.get(organization=around.cell)
        placed.period = between(placed.period.lower, APRIL)
        placed.save(update_fields=["period"])
        around.cell.placements.create(parent=other, period=between(APRIL, None))

        assert not movements([other.pk], period())[other.pk].is_balanced
        assert len(amiss(around.committee.pk, period())) == 20


def test_every_line_belongs_to_one_row_of_the_form() -> None:
    heads = [line for row in ROWS if row.is_head for line in row.lines]
    parts = [line for row in ROWS if not row.is_head and not row.depth for line in row.lines]

    assert len(set(heads)) == len(heads)
    assert sorted(parts) == sorted(set(heads) - {"before", "after"})


def test_a_movement_adds_up() -> None:
    found = Movement(1, {"before": 10, "admitted": 3, "deceased": 1, "after": 12})

    assert (found.before, found.increase, found.decrease, found.after) == (10, 3, 1, 12)
    assert found.is_balanced


def test_the_same_period_of_the_year_before_ends_where_its_february_does() -> None:
    of_leap_year = period(first=date(2020, 1, 1), last=date(2020, 2, 29)).a_year_before()
    after_it = period(first=date(2021, 1, 1), last=date(2021, 2, 28)).a_year_before()

    assert (of_leap_year.first, of_leap_year.last) == (date(2019, 1, 1), date(2019, 2, 28))
    assert after_it.last == date(2020, 2, 29)


def test_all_units_take_one_statement(around: World) -> None:
    for number in (1, 6):
        units = [cell(f"kc-them-{number}-{one}", around.committee) for one in range(number)]
        with CaptureQueriesContext(connection) as asked:
            movements([around.top.pk, *(one.pk for one in units)], period())
        assert len(asked) == 1


# ---------------------------------------------------------------- pages


def address(unit: Organization, name: str = "movement", **query: str) -> str:
    return reverse(name, query={"dv": unit.slug, "tu": "2021-01-01", "den": "2021-05-28", **query})


def test_the_page_shows_this_period_and_that_of_the_year_before(
    around: World, signed_in: SignIn
) -> None:
    comes(around.cell, IN.ADMITTED, status=PROBATIONARY)
    comes(around.cell, IN.ADMITTED, on=date(2020, 5, 1))
    comes(around.cell, IN.ADMITTED, on=date(2020, 5, 2))
    shown = signed_in(around.staff).get(address(around.committee))
    rows = {
        one.row.key: (one.people, one.last_year, one.percent) for one in shown.context["table"].rows
    }

    assert shown.status_code == 200
    assert rows["ket-nap"] == (1, 2, 50)
    assert (rows["dau-ky"][:2], rows["cuoi-ky"][:2]) == ((22, 20), (23, 22))
    assert "tiep-nhan" not in rows


def test_t25_the_year_before_is_told_in_its_own_structure(around: World, signed_in: SignIn) -> None:
    """What was reported a year ago stays, whatever the units became since."""
    other = unit("kc-khac", around.top)
    for day in (date(2020, 5, 1), date(2020, 5, 2)):
        comes(around.cell, IN.ADMITTED, on=day)
    move(around.cell, under=other, on=date(2021, 1, 1))
    comes(around.cell, IN.ADMITTED, on=MARCH, status=PROBATIONARY)
    client = signed_in(around.staff2)

    def admitted(of: Organization) -> tuple[int, int]:
        rows = client.get(address(of)).context["table"].rows
        [row] = [one for one in rows if one.row.key == "ket-nap"]
        return row.people, row.last_year

    assert admitted(around.committee) == (0, 2)
    assert admitted(other) == (1, 0)
    assert admitted(around.top) == (1, 2)


@pytest.mark.thorough
def test_each_number_is_as_many_people_as_it_says(around: World) -> None:
    comes(around.cell, IN.RESTORED)
    goes(of_cell(around.cell), OUT.DECEASED)
    changes(around.sibling, of=of_cell(around.cell, 1))

    for organization in (around.top, around.cell, around.sibling):
        for lens in (THEN, NOW):
            whole = movements([organization.pk], period(lens))[organization.pk]
            for row in ROWS:
                found = members_of(organization, row, period(lens), user=around.staff2)
                assert (found.people, found.seen, sum(found.cells.values())) == (whole.of(row),) * 3


def test_staff_read_names_where_leaders_read_numbers(around: World, signed_in: SignIn) -> None:
    comes(around.cell, IN.RESTORED)
    where = address(around.top, "movement-members", muc="phuc-hoi")
    seen = signed_in(around.staff2).get(where).content.decode()
    unseen = signed_in(around.leader).get(where).content.decode()

    assert "Lê Thị Bưởi" in seen
    assert "10/03/2021" in seen
    assert "Lê Thị Bưởi" not in unseen
    assert "Names are not shown to your role." in unseen
    assert "Membership restored: 1" in unseen


def test_a_list_of_no_row_is_that_of_all_members(around: World, signed_in: SignIn) -> None:
    shown = signed_in(around.staff2).get(address(around.top, "movement-members"))

    assert shown.context["found"].people == 20


def test_what_does_not_balance_is_not_printed_and_names_its_records(
    around: World, signed_in: SignIn
) -> None:
    comes(around.cell, IN.REORGANISED)
    client = signed_in(around.staff2)
    shown = client.get(address(around.top)).content.decode()
    listed = client.get(address(around.top, "movement-members", muc="sai-lech"))

    assert "The table does not balance" in shown
    assert 'class="card long mb no-p"' in shown
    assert "only-p signs" not in shown
    assert "Lê Thị Bưởi" in listed.content.decode()
    assert "only-p signs" in client.get(address(around.sibling)).content.decode()


def test_a_unit_that_does_not_balance_is_marked_above_too(around: World, signed_in: SignIn) -> None:
    ended = of_cell(around.cell)
    ended.period = between(ended.period.lower, APRIL)
    ended.save(update_fields=["period"])
    comes(around.sibling, IN.REORGANISED, on=APRIL, who=ended.person)
    shown = table(around.committee, period())

    assert shown.whole.is_balanced
    assert [one.organization.pk for one in shown.units if not one.is_balanced] == [around.cell.pk]
    assert not shown.is_balanced
    page = signed_in(around.staff).get(address(around.committee)).content.decode()
    assert "Not balanced" in page
    assert "only-p signs" not in page


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"tu": "hôm qua"}, "is not a day"),
        ({"tu": "2021-05-01", "den": "2021-04-01"}, "The period ends before it begins."),
        ({"den": "2021-05-29"}, "The day lies in the future."),
        ({"cach": "x"}, "Select a valid choice"),
        ({"tu": "1929-12-31"}, "The year must be between 1930 and 2100."),
    ],
)
def test_a_period_that_cannot_be_is_asked_again(
    around: World, signed_in: SignIn, query: dict[str, str], sentence: str
) -> None:
    client = signed_in(around.staff2)
    shown = client.get(address(around.top, **query))

    assert shown.status_code == 422
    assert sentence in shown.content.decode()
    assert client.get(address(around.top, "movement-members", **query)).status_code == 404


def test_nobody_reads_beyond_the_own_scope(around: World, signed_in: SignIn) -> None:
    assert signed_in(around.secretary).get(address(around.sibling)).status_code == 404
    assert signed_in(around.administrator).get(address(around.top)).status_code == 404
    assert (
        signed_in(around.staff2)
        .get(address(around.top, "movement-members", muc="khong-co"))
        .status_code
        == 404
    )
