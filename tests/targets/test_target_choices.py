"""What becomes of targets when their units end: carried, shared, frozen, given anew; explicitly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from admissions.operations.recording import constraint_of
from config.clock import AppNow
from config.errors import DomainError
from config.periods import between
from organizations.models import Organization, ReorganizationEvent, Seal
from organizations.operations import reorganizations as ops
from organizations.operations.reorganizations import NewUnit
from targets import sql
from targets.models import Attainment, Baseline, Indicator, Target
from targets.operations.attainment import recompute
from targets.reorganizing import TargetsHandler
from targets.rules import shared_out
from tests.makers import account, authority, cell, members, unit
from tests.targets.makers import admit, stand_on
from tests.targets.reorganising import FIRST_OF_JULY, TODAY, Event, drafted, reorganise, results

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

Choose = Callable[[ReorganizationEvent], Mapping[str, Any]]


@pytest.fixture
def top(db: None) -> Organization:
    stand_on(TODAY)
    return authority("top")


def aim(of: Organization, low: int | None, high: int | None = None, **changes: Any) -> Target:
    values: dict[str, Any] = {
        "organization": of, "indicator_id": Indicator.ADMITTED, "year": 2021, "kind": "assigned",
        "version": 1, "form": "range" if high else "number", "low": low, "high": high or low,
        "decision_number": "1-QĐ/TU", "decided_on": date(2021, 1, 15),
        "entered_by": account(f"giao-{of.slug}-{Target.objects.count()}"), **changes,
    }  # fmt: skip
    return Target.objects.create(**values)


def chosen(*sources: Organization, answer: str, to: str = "", **fields: Any) -> Choose:
    """Answer alike for all `sources`; `to` names the result that carries on."""

    def answers(event: ReorganizationEvent) -> dict[str, Any]:
        value = f"{answer}-{results(event)[to]}" if to else answer
        return {**{f"target-{one.pk}": value for one in sources}, **fields}

    return answers


def in_force(*units: Organization | str) -> list[tuple[int | None, int | None] | None]:
    """[(from, to)] of the targets of 2021 in force, None without one."""
    slugs = [one if isinstance(one, str) else one.slug for one in units]
    rows = Target.objects.in_force().filter(
        organization__slug__in=slugs, year=2021, span="year", indicator=Indicator.ADMITTED
    )
    found = {row.organization.slug: (row.low, row.high) for row in rows}
    return [found.get(slug) for slug in slugs]


def given_out() -> tuple[int, int]:
    """What all but the top have together."""
    rows = Target.objects.in_force().exclude(organization__slug="top").filter(year=2021)
    return sum(one.low or 0 for one in rows), sum(one.high or 0 for one in rows)


@pytest.mark.thorough
def test_a_target_is_carried_on_by_the_unit_that_takes_over(top: Organization) -> None:
    a, b = unit("a", top), unit("b", top)
    c, d = cell("c", a), cell("d", b)
    aim(a, 35, 40)
    aim(b, 10)
    admit(c, date(2021, 2, 3))
    admit(d, date(2021, 8, 3))

    applied = reorganise(top, Event("merge", [a], [b], choose=chosen(a, answer="carry", to="b")))

    assert in_force(a, b) == [(0, 0), (45, 50)]
    assert applied.outcome is not None
    assert applied.outcome["counts"]["targets"] == 2
    carried = Target.objects.in_force().get(organization=b)
    assert (carried.kind, carried.form, carried.version, carried.decided_on) == (
        "adjusted", "range", 2, FIRST_OF_JULY,
    )  # fmt: skip
    assert (carried.decision_number, carried.reorganization) == (applied.number, applied)
    assert carried.reason.endswith(applied.number)
    rows = Attainment.objects.filter(organization=b, year=2021)
    assert {(row.target_low, row.target_high) for row in rows} == {(45, 50)}
    assert recompute(2021).changed == 0


def test_a_split_target_is_shared_by_the_members_that_go_to_each(top: Organization) -> None:
    a = unit("a", top)
    c = cell("c", a)
    people = members(c, 7)
    aim(c, 5, 8)
    before = given_out()

    reorganise(
        top,
        Event(
            "split", [c], [NewUnit("Moi mot", "cell"), NewUnit("Moi hai", "cell")],
            homes={"Moi mot": people[:5], "Moi hai": people[5:]},
            choose=chosen(c, answer="split"),
        ),
    )  # fmt: skip

    assert in_force("c", "moi-mot", "moi-hai") == [(0, 0), (4, 6), (1, 2)]
    assert given_out() == before == (5, 8)


@pytest.mark.thorough
def test_a_split_committee_shares_by_the_members_of_the_units_that_go(top: Organization) -> None:
    a = unit("a", top)
    c, d = cell("c", a), cell("d", a)
    members(c, 1)
    members(d, 3)
    aim(a, 8)

    reorganise(
        top,
        Event(
            "split", [a], [a, NewUnit("Moi", "grassroots")],
            units={c: "a", d: "Moi"},
            choose=chosen(a, answer="split"),
        ),
    )  # fmt: skip

    assert in_force(a, "moi") == [(2, 2), (6, 6)]


@pytest.mark.thorough
def test_named_amounts_add_up_at_both_ends(top: Organization) -> None:
    a = unit("a", top)
    c = cell("c", a)
    people = members(c, 4)
    aim(c, 5, 8)

    def amounts(first: tuple[int, int], second: tuple[int, int]) -> Choose:
        def answers(event: ReorganizationEvent) -> dict[str, Any]:
            one, two = results(event)["Moi mot"], results(event)["Moi hai"]
            what = f"amount-{c.pk}-KN01-year-2021"
            return {
                f"target-{c.pk}": "amounts", f"{what}-{one}": first, f"{what}-{two}": second,
            }  # fmt: skip

        return answers

    def event(choose: Choose) -> Event:
        return Event(
            "split", [c], [NewUnit("Moi mot", "cell"), NewUnit("Moi hai", "cell")],
            homes={"Moi mot": people[:2], "Moi hai": people[2:]}, choose=choose,
        )  # fmt: skip

    with pytest.raises(DomainError) as refused:
        drafted(top, event(amounts((3, 5), (2, 2))))
    assert refused.value.fields == {
        f"target-{c.pk}": "The amounts must add up to the target, 5–8 in 2021."
    }
    reorganise(top, event(amounts((3, 5), (2, 3))))

    assert in_force("c", "moi-mot", "moi-hai") == [(0, 0), (3, 5), (2, 3)]


@pytest.mark.thorough
def test_a_frozen_target_stays_with_the_unit_that_ended(top: Organization) -> None:
    a, b = unit("a", top), unit("b", top)
    c, d = cell("c", a), cell("d", b)
    base = Baseline.objects.create(
        organization=c, year=2021, members=953, entered_by=account("nhap")
    )
    aim(c, 53, form="percent", percent=Decimal("5.5"), base=base, base_members=953)
    before = given_out()

    reorganise(top, Event("merge", [c], [d], choose=chosen(c, answer="freeze")))

    frozen = Target.objects.in_force().get(organization=c)
    assert (frozen.version, frozen.form, frozen.low, frozen.percent, frozen.base) == (
        2, "percent", 53, Decimal("5.50"), base,
    )  # fmt: skip
    assert frozen.reorganization is not None
    assert in_force(c, d) == [(53, 53), None]
    assert given_out() == before


@pytest.mark.thorough
def test_a_target_that_is_given_anew_is_what_was_entered(top: Organization) -> None:
    a, b = unit("a", top), unit("b", top)
    aim(a, 35, 40)
    aim(b, 10)

    def choose(event: ReorganizationEvent) -> dict[str, Any]:
        return {
            f"target-{a.pk}": "reassign",
            f"new-KN01-year-2021-{results(event)['b']}": (42, 42),
        }

    reorganise(top, Event("merge", [a], [b], choose=choose))

    assert in_force(a, b) == [(0, 0), (42, 42)]


@pytest.mark.thorough
def test_earlier_days_show_the_earlier_target(top: Organization) -> None:
    a, b = unit("a", top), unit("b", top)
    aim(a, 35, 40)

    reorganise(top, Event("merge", [a], [b], choose=chosen(a, answer="carry", to="b")))

    def lows(on: date) -> list[int | None]:
        rows = sql.read([a.pk, b.pk], year=2021, lens="then", on=on, today=TODAY)
        return [rows[one.pk].target_low for one in (a, b)]

    assert lows(date(2021, 6, 30)) == [35, None]
    assert lows(FIRST_OF_JULY) == [0, 35]


def test_nobody_is_left_without_an_answer(top: Organization) -> None:
    a, b = unit("a", top, name="Đảng bộ A"), unit("b", top)
    aim(a, 35)
    decision, _drafter = drafted(top, Event("merge", [a], [b]))

    seen = ops.look(decision, on=TODAY)

    assert [(one.row, one.sentence) for one in seen.refusals] == [
        (1, "Say what becomes of the target of Đảng bộ A.")
    ]
    assert seen.counts["targets"] == 0


def test_an_answer_is_refused_that_names_no_result(top: Organization) -> None:
    a, b = unit("a", top), unit("b", top)
    aim(a, 35)

    for answer in ("", "carry", "carry-0", "keep"):
        with pytest.raises(DomainError) as refused:
            drafted(
                top,
                Event(
                    "merge",
                    [a],
                    [b],
                    choose=lambda _event, a=a, answer=answer: {f"target-{a.pk}": answer},
                ),
            )
        assert refused.value.fields == {f"target-{a.pk}": "Choose what becomes of the target."}
    with pytest.raises(DomainError) as refused:
        drafted(top, Event("merge", [a], [b], choose=chosen(a, answer="reassign")))
    assert refused.value.fields == {
        f"target-{a.pk}": "Enter at least one new target in place of 35 in 2021."
    }


def test_amounts_that_no_longer_add_up_stop_the_decision(top: Organization) -> None:
    a = unit("a", top)
    c = cell("c", a, name="Chi bộ C")
    people = members(c, 4)
    aim(c, 5)

    def choose(event: ReorganizationEvent) -> dict[str, Any]:
        named = results(event)
        what = f"amount-{c.pk}-KN01-year-2021"
        return {
            f"target-{c.pk}": "amounts",
            f"{what}-{named['Moi mot']}": (3, 3),
            f"{what}-{named['Moi hai']}": (2, 2),
        }

    decision, _drafter = drafted(
        top,
        Event(
            "split", [c], [NewUnit("Moi mot", "cell"), NewUnit("Moi hai", "cell")],
            homes={"Moi mot": people[:2], "Moi hai": people[2:]}, choose=choose,
        ),
    )  # fmt: skip
    aim(c, 9, version=2, kind="adjusted", reason="Điều chỉnh")

    assert [one.sentence for one in ops.look(decision, on=TODAY).refusals] == [
        "The amounts named for Chi bộ C do not add up to its target, 9 in 2021."
    ]


@pytest.mark.thorough
def test_a_unit_that_ends_without_a_successor_keeps_its_target_frozen(top: Organization) -> None:
    a = unit("a", top)
    cell("c", a)
    aim(a, 35)

    reorganise(top, Event("dissolve", [a]))

    frozen = Target.objects.in_force().get(organization=a)
    assert (frozen.version, frozen.low, frozen.decided_on) == (2, 35, FIRST_OF_JULY)


def test_a_unit_that_moves_takes_its_target_along_untouched(top: Organization) -> None:
    a, b = unit("a", top), unit("b", top)
    c = cell("c", a)
    first = aim(c, 5)

    applied = reorganise(top, Event("move", [c], [b]))

    assert applied.outcome is not None
    assert applied.outcome["counts"]["targets"] == 0
    assert Target.objects.in_force().get(organization=c) == first


def test_terms_and_later_years_follow_the_same_answer_and_past_years_stay(
    top: Organization,
) -> None:
    a, b = unit("a", top), unit("b", top)
    aim(a, 30, year=2020)
    aim(a, 35)
    aim(a, 36, year=2022)
    aim(a, 150, span="term", year=2020, until_year=2025)
    aim(a, 120, span="term", year=2015, until_year=2020)

    reorganise(top, Event("merge", [a], [b], choose=chosen(a, answer="carry", to="b")))

    rows = Target.objects.in_force().filter(organization=b)
    assert sorted(rows.values_list("span", "year", "low")) == [
        ("term", 2020, 150), ("year", 2021, 35), ("year", 2022, 36),
    ]  # fmt: skip


@pytest.mark.thorough
def test_a_share_has_no_number_to_add_and_is_taken_over_as_it_is(top: Organization) -> None:
    a, b = unit("a", top), unit("b", top)
    aim(a, None, form="share", percent=Decimal(90), indicator_id=_other())

    reorganise(top, Event("merge", [a], [b], choose=chosen(a, answer="carry", to="b")))

    taken = Target.objects.in_force().get(organization=b)
    assert (taken.form, taken.percent, taken.low) == ("share", Decimal("90.00"), None)


def _other() -> str:
    return str(Indicator.objects.exclude(pk=Indicator.ADMITTED).values_list("pk", flat=True)[0])


def test_no_version_is_written_into_a_year_that_is_closed(top: Organization) -> None:
    a = unit("a", top)
    Seal.objects.create(
        organization=top, kind="year", period=between(date(2021, 1, 1), date(2022, 1, 1)),
        entered_by=account("mot"), approved_by=account("hai"), approved_at=AppNow(),
    )  # fmt: skip

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        aim(a, 35)

    assert constraint_of(refused.value) == "target_outside_what_is_sealed"
    aim(a, 36, year=2022)
    aim(a, 150, span="term", year=2021, until_year=2026)


@pytest.mark.parametrize(
    ("people", "weights", "parts"),
    [
        (10, [2, 1], [7, 3]),
        (5, [1, 1], [3, 2]),
        (4, [0, 0, 0], [2, 1, 1]),
        (0, [3, 4], [0, 0]),
        (7, [], []),
        (1, [1, 1, 1], [1, 0, 0]),
    ],
)
def test_people_are_shared_out_whole(people: int, weights: list[int], parts: list[int]) -> None:
    assert shared_out(people, weights) == parts


@pytest.mark.thorough
def test_a_target_of_nobody_asks_for_no_choice_and_is_no_change(top: Organization) -> None:
    a, b, c = unit("a", top), unit("b", top), unit("c", top)
    aim(a, 0)
    aim(b, 2)
    aim(c, 3)

    applied = reorganise(
        top,
        Event("merge", [a], [b]),
        Event("merge", [c], [b], choose=chosen(c, answer="carry", to="b")),
    )

    assert in_force(a, b, c) == [(0, 0), (5, 5), (0, 0)]
    assert applied.outcome is not None
    assert applied.outcome["counts"]["targets"] == 2


@pytest.mark.thorough
def test_a_part_that_keeps_its_number_is_not_listed(top: Organization) -> None:
    a = unit("a", top)
    c = cell("c", a)
    people = members(c, 4)
    target = aim(c, 2)

    def answers(event: ReorganizationEvent) -> dict[str, Any]:
        key = f"KN01-year-{target.year}"
        return {
            f"target-{c.pk}": "amounts",
            f"amount-{c.pk}-{key}-{results(event)['c']}": (2, 2),
        }

    split = Event(
        "split", [c], [c, NewUnit("Moi", "cell")],
        homes={"c": people[:2], "Moi": people[2:]}, choose=answers,
    )  # fmt: skip
    decision, _drafter = drafted(top, split)

    [section] = [one for one in ops.look(decision, on=TODAY).sections if one.key == "targets"]
    assert (section.count, list(section.lines)) == (0, [])
    assert reorganise(top, split).outcome["counts"]["targets"] == 0  # type: ignore[index]
    assert list(Target.objects.filter(organization=c)) == [target]


def test_a_choice_is_offered_again_as_it_was_made(top: Organization) -> None:
    a, b = unit("a", top), unit("b", top)
    aim(a, 35, 40)
    new = NewUnit("Moi", "grassroots")

    def offered(event: ReorganizationEvent) -> dict[str, Any]:
        planned = ops.plan_of(event.reorganization).events[0]
        fields = TargetsHandler().fields(planned)
        return {name: field.initial for name, field in fields.items() if field.initial}

    def answers(event: ReorganizationEvent) -> dict[str, Any]:
        assert offered(event) == {}
        return {f"target-{a.pk}": f"carry-{results(event)['Moi']}"}

    decision, drafter = drafted(top, Event("consolidate", [a, b], [new], choose=answers))
    [event] = decision.events.all()
    moi = results(event)["Moi"]
    assert offered(event) == {f"target-{a.pk}": f"carry-{moi}"}

    anew = {f"target-{a.pk}": "reassign", f"new-KN01-year-2021-{moi}": (30, 32)}
    event = ops.choose(event, by=drafter, on=TODAY, label="targets", cleaned=anew)
    assert offered(event) == {
        f"target-{a.pk}": "reassign", f"new-KN01-year-2021-{moi}": "30-32",
    }  # fmt: skip


@pytest.mark.thorough
def test_parts_groups_and_resolutions_go_on_each_by_itself(top: Organization) -> None:
    a, b = unit("a", top), unit("b", top)
    cell("c", a), cell("d", b)
    women = {"span": "half", "part": 2, "group": "women"}
    aim(a, 35)
    aim(a, 12, **women)
    aim(b, 5, **women)
    aim(a, 40, origin="resolution")
    aim(a, 1, form="floor", indicator_id=Indicator.UNITS)
    aim(a, 200, span="term", year=2015, until_year=2022)  # the longest that a term may be
    aim(a, 20, span="half", part=1)  # over on the eve: it stays where it was
    aim(a, 9, span="quarter", part=2)

    reorganise(top, Event("merge", [a], [b], choose=chosen(a, answer="carry", to="b")))

    rows = Target.objects.in_force().filter(organization=b)
    assert {
        (one.indicator_id, one.span, one.part, one.group, one.origin): (
            one.low, one.version, one.form, one.until_year,
        )
        for one in rows
    } == {
        ("KN01", "year", 0, "", "decision"): (35, 1, "number", None),
        ("KN01", "half", 2, "women", "decision"): (17, 2, "number", None),
        ("KN01", "year", 0, "", "resolution"): (40, 1, "number", None),
        ("KN06", "year", 0, "", "decision"): (1, 1, "floor", None),
        ("KN01", "term", 0, "", "decision"): (200, 1, "number", 2022),
    }  # fmt: skip
    left = {key: one.low for one in Target.objects.in_force().filter(organization=a)
            for key in [(one.span, one.part, one.group, one.form)]}  # fmt: skip
    assert left[("half", 2, "women", "number")] == 0
    assert (left["half", 1, "", "number"], left["quarter", 2, "", "number"]) == (20, 9)
