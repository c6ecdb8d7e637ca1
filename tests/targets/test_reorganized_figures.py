"""Figures before and after reorganisations: each in its own structure, none lost, none doubled."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from organizations.models import Organization
from organizations.operations.reorganizations import NewUnit
from organizations.operations.structure import move
from targets import sql
from targets.models import Attainment, Baseline
from targets.operations.attainment import recompute
from tests.makers import account, authority, cell, members, unit
from tests.targets.makers import admit, stand_on
from tests.targets.reorganising import FIRST_OF_JULY, TODAY, Event, reorganise

pytestmark = pytest.mark.django_db

BEFORE = [date(2021, 2, 3), date(2021, 5, 19), date(2021, 6, 30)]
AFTER = [date(2021, 7, 1), date(2021, 9, 2)]


@pytest.fixture
def top(db: None) -> Organization:
    stand_on(TODAY)
    return authority("top")


def report(**numbers: int) -> None:
    """What organisations reported for 1 January, by their addresses."""
    by = account(f"nhap-{Baseline.objects.count()}")
    units = {one.slug: one for one in Organization.objects.filter(slug__in=numbers)}
    for slug, number in numbers.items():
        Baseline.objects.create(organization=units[slug], year=2021, members=number, entered_by=by)


def figures(measure: str, lens: str, year: int = 2021) -> dict[str, Any]:
    """What pages show: {address: the measure} of those that have any."""
    rows = Attainment.objects.filter(lens=lens, year=year).exclude(**{measure: None})
    return dict(rows.values_list("organization__slug", measure))


def some(found: dict[str, Any], *slugs: str) -> list[Any]:
    return [found.get(slug) for slug in slugs]


def no_drift(year: int = 2021) -> None:
    """The figures were right when the job ended: the judge finds nothing to change."""
    assert recompute(year).changed == 0


@pytest.mark.thorough
def test_a_cell_with_three_before_and_two_after_its_move_on_1_july(top: Organization) -> None:
    a, b = unit("a", top), unit("b", top)
    c = cell("c", a)
    admit(c, *BEFORE, *AFTER)

    reorganise(top, Event("move", [c], [b]))

    assert some(figures("admitted", "then"), "a", "b", "c", "top") == [3, 2, 5, 5]
    assert some(figures("admitted", "now"), "a", "b", "c", "top") == [0, 5, 5, 5]
    no_drift()


def two_districts(top: Organization) -> dict[str, Organization]:
    """Two districts of two bases of two cells, admissions on both sides of 1 July."""
    units = {"top": top}
    for district in ("d1", "d2"):
        units[district] = unit(district, top, kind="superior")
        for base in (f"{district}-x1", f"{district}-x2"):
            units[base] = unit(base, units[district])
            for number in (1, 2):
                name = f"{base}-c{number}"
                units[name] = cell(name, units[base])
                members(units[name], 3)
                admit(units[name], *BEFORE[:number], *AFTER[: 3 - number])
    return units


@pytest.mark.thorough
def test_a_whole_tier_that_is_removed_reconciles_at_every_level(top: Organization) -> None:
    units = two_districts(top)
    report(top=24, d1=12, d2=12, **{name: 6 for name in units if name[-2] == "x"})
    recompute(2021)

    reorganise(top, Event("dissolve", [units["d1"], units["d2"]]))

    then, now = figures("admitted", "then"), figures("admitted", "now")
    bases = [name for name in units if name[-2] == "x"]
    assert some(then, "top", "d1", "d2", *bases) == [24, 6, 6, 6, 6, 6, 6]
    assert some(now, "top", "d1", "d2", *bases) == [24, 0, 0, 6, 6, 6, 6]
    for base in bases:
        cells = [f"{base}-c1", f"{base}-c2"]
        assert then[base] == now[base] == sum(some(then, *cells)) == sum(some(now, *cells))
    opening = figures("opening_members", "now")
    assert some(opening, "top", "d1", "d2", *bases) == [24, 0, 0, 6, 6, 6, 6]
    assert some(figures("opening_members", "then"), "top", "d1", "d2") == [24, 12, 12]
    units_beneath = figures("units", "now")
    assert (units_beneath["top"], figures("units", "then")["top"]) == (4, 4)
    no_drift()


def printed(slug: str, *arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command(
        "figures", "--organization", slug, "--year", "2021", "--json", *arguments, stdout=out
    )
    found: dict[str, Any] = json.loads(out.getvalue())
    for row in (found["organization"], *found["children"]):
        del row["computed_at"]
    return found


@pytest.mark.sweep
@pytest.mark.parametrize("lens", ["then", "now"])
def test_the_march_figures_asked_for_in_december_are_those_of_march(
    top: Organization, lens: str
) -> None:
    units = two_districts(top)
    report(top=24, d1=12, d2=12)
    march = ("--on", "2021-03-31", "--lens", lens)
    before = {slug: printed(slug, *march) for slug in ("top", "d1", "d2-x1")}

    reorganise(
        top,
        Event("merge", [units["d1-x1-c1"]], [units["d1-x1-c2"]]),
        Event("consolidate", [units["d2-x1"], units["d2-x2"]], [NewUnit("Xã mới", "grassroots")]),
        Event("move", [units["d1-x2"]], [units["d2"]]),
        effective_on=date(2021, 10, 1),
    )

    assert {slug: printed(slug, *march) for slug in before} == before
    assert [row["slug"] for row in printed("d1")["children"]] == ["d1-x1"]


@pytest.mark.thorough
def test_what_has_ended_is_beneath_nothing_and_has_no_figures_of_later_days(
    top: Organization,
) -> None:
    a = unit("a", top)
    c, d = cell("c", a), cell("d", a)
    admit(c, *BEFORE)

    reorganise(top, Event("dissolve", [c], [d]))

    assert [row["slug"] for row in printed("a")["children"]] == ["d"]
    assert printed("c", "--on", "2021-06-30")["organization"]["admitted"] == 3
    with pytest.raises(CommandError, match="did not exist on 01/07/2021"):
        printed("c", "--on", "2021-07-01")


@pytest.mark.thorough
def test_a_merged_cell_hands_its_opening_members_to_the_one_that_takes_it(
    top: Organization,
) -> None:
    a, b = unit("a", top), unit("b", top)
    c, d = cell("c", a), cell("d", b)
    members(c, 4)
    members(d, 2)
    report(top=10, a=5, b=4, c=4)
    admit(c, *BEFORE)

    reorganise(top, Event("merge", [c], [d]))

    assert some(figures("opening_members", "then"), "top", "a", "b", "c", "d") == [
        10, 5, 4, 4, None,
    ]  # fmt: skip
    assert some(figures("opening_members", "now"), "top", "a", "b", "c", "d") == [
        10, 1, 8, 0, None,
    ]  # fmt: skip
    assert some(figures("admitted", "then"), "a", "b", "c", "d") == [3, 0, 3, 0]
    assert some(figures("admitted", "now"), "a", "b", "c", "d") == [0, 3, 3, 3]
    no_drift()


def test_a_new_unit_has_the_opening_members_that_came_into_it(top: Organization) -> None:
    a, b = unit("a", top), unit("b", top)
    c, d = cell("c", a), cell("d", b)
    members(c, 4)
    members(d, 2)
    report(a=7, b=2, c=4, d=2)

    reorganise(top, Event("consolidate", [a, b], [NewUnit("Moi", "grassroots")]))

    # What `a` reported beyond its cells stays with it, beneath its successor.
    assert figures("opening_members", "now") == {"moi": 9, "a": 3, "b": 0, "c": 4, "d": 2}
    assert figures("opening_members", "then") == {"a": 7, "b": 2, "c": 4, "d": 2}
    no_drift()


def test_a_split_cell_shares_its_opening_members_by_person(top: Organization) -> None:
    a = unit("a", top)
    c = cell("c", a)
    people = members(c, 5)
    late = members(c, 2, since=date(2021, 3, 1))
    report(a=5, c=5)

    reorganise(
        top,
        Event(
            "split", [c], [NewUnit("Moi mot", "cell"), NewUnit("Moi hai", "cell")],
            homes={"Moi mot": [*people[:3], *late], "Moi hai": people[3:]},
        ),
    )  # fmt: skip

    assert figures("opening_members", "now") == {"a": 5, "c": 0, "moi-mot": 3, "moi-hai": 2}
    assert figures("opening_members", "then") == {"a": 5, "c": 5}
    assert figures("units", "now")["a"] == 2
    no_drift()


@pytest.mark.thorough
def test_who_moved_by_themselves_before_is_counted_where_the_year_began(top: Organization) -> None:
    a, b = unit("a", top), unit("b", top)
    c, d, e = cell("c", a), cell("d", b), cell("e", b)
    people = members(c, 3)
    report(a=3, b=0, c=3, d=0, e=0)
    membership = people[0].memberships.get()
    membership.period = type(membership.period)(membership.period.lower, date(2021, 3, 1))
    membership.reason_out = "transferred"
    membership.save()
    people[0].memberships.create(
        cell=d, status="official", period=type(membership.period)(date(2021, 3, 1), None),
        reason_in="transferred",
    )  # fmt: skip

    reorganise(top, Event("dissolve", [d], [e]))

    assert figures("opening_members", "now") == {"a": 3, "b": 0, "c": 3, "d": 0, "e": 0}
    no_drift()


@pytest.mark.thorough
def test_a_dissolved_cell_keeps_its_admissions_and_its_superior_keeps_the_total(
    top: Organization,
) -> None:
    a = unit("a", top)
    c, d = cell("c", a), cell("d", a)
    members(c, 4)
    admit(c, *BEFORE)
    admit(d, *AFTER)
    report(a=4, c=4, d=0)

    reorganise(top, Event("dissolve", [c], [d]))

    for lens in ("then", "now"):
        assert some(figures("admitted", lens), "top", "a", "c", "d") == [5, 5, 3, 2]
    assert figures("opening_members", "now") == {"a": 4, "c": 0, "d": 4}
    assert figures("units", "now")["a"] == figures("units", "then")["a"] == 1
    no_drift()


def test_without_a_reorganisation_both_lenses_open_with_what_was_reported(
    top: Organization,
) -> None:
    units = two_districts(top)
    report(top=30, d1=12, **{"d1-x1": 7})
    recompute(2021)

    assert figures("opening_members", "now") == {"top": 30, "d1": 12, "d1-x1": 7}
    assert figures("opening_members", "then") == figures("opening_members", "now")
    assert units["d2"].slug not in figures("opening_members", "now")


def test_a_committee_that_moves_takes_what_it_reported_along(top: Organization) -> None:
    units = two_districts(top)
    report(top=30, d1=12, d2=13, **{"d1-x1": 7})

    move(units["d1-x1"], under=units["d2"], on=FIRST_OF_JULY)
    recompute(2021)

    assert figures("opening_members", "now") == {"top": 30, "d1": 5, "d2": 20, "d1-x1": 7}
    keys = {units["d1"].pk, units["d2"].pk}
    eve = sql.read(keys, year=2021, lens="now", on=date(2021, 6, 30), today=TODAY)
    assert {row.opening_members for row in eve.values()} == {12, 13}
    # The structure of today, as far as the facts of the day before are known.
    moved = sql.read(keys, year=2021, lens="now", on=date(2021, 6, 30), today=TODAY, tree_on=TODAY)
    assert [moved[units[one].pk].opening_members for one in ("d1", "d2")] == [5, 20]
    assert [moved[units[one].pk].admitted for one in ("d1", "d2")] == [3, 9]  # type: ignore[attr-defined]


@pytest.mark.thorough
def test_an_earlier_year_shows_in_todays_structure_too(top: Organization) -> None:
    a, b = unit("a", top), unit("b", top)
    c = cell("c", a)
    admit(c, date(2020, 2, 3))
    recompute(2020)

    reorganise(
        top,
        Event("move", [c], [b]),
        Event("found", [], [NewUnit("Moi", "grassroots", top)]),
    )

    assert some(figures("admitted", "now", 2020), "a", "b", "moi") == [0, 1, 0]
    assert some(figures("admitted", "then", 2020), "a", "b", "moi") == [1, 0, None]
    no_drift(2020)
