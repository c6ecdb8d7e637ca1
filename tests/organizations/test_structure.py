"""The tree by day: founding, moving, and the ancestry that is derived from placements."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from config.errors import DomainError
from config.periods import OPEN_END, between
from organizations.models import Ancestry, Organization, Placement, Role
from organizations.operations.structure import (
    NewOrganization,
    found,
    found_many,
    free_slug,
    grant_competence,
    move,
)
from tests.organizations.makers import BEGINNING, DAY, cell, officer, unit

pytestmark = pytest.mark.django_db

BEFORE = DAY - timedelta(days=1)


def beneath(root: Organization, on: date) -> list[str]:
    """Return the slugs of `root` and all beneath it on day `on`."""
    units = Organization.objects.under(Organization.objects.filter(pk=root.pk), on=on)
    return sorted(units.values_list("slug", flat=True))


def climb(placements: list[tuple[int, int | None, date, date]], start: int, on: date) -> list[int]:
    """Return `start` and those above it, read from placements alone, nearest first."""
    line = [start]
    while True:
        above = [
            parent
            for unit_, parent, first, out in placements
            if unit_ == line[-1] and first <= on < out and parent is not None
        ]
        if not above:
            return line
        line.append(above[0])


def placements() -> list[tuple[int, int | None, date, date]]:
    return [
        (row.organization_id, row.parent_id, row.period.lower, row.period.upper or OPEN_END)
        for row in Placement.objects.all()
    ]


def test_a_move_changes_the_tree_from_its_day_and_not_before() -> None:
    top = unit("tren", kind="superior")
    north, south = unit("bac", top), unit("nam", top)
    moved = unit("khoi", north, kind="intermediate")
    cell("to-1", moved)

    placement = move(moved, under=south, on=DAY, decision_number="5-QĐ")

    assert placement.parent == south
    assert beneath(north, BEFORE) == ["bac", "khoi", "to-1"]
    assert beneath(south, BEFORE) == ["nam"]
    assert beneath(north, DAY) == ["bac"]
    assert beneath(south, DAY) == ["khoi", "nam", "to-1"]
    assert beneath(top, DAY) == ["bac", "khoi", "nam", "to-1", "tren"]


def test_nothing_stands_anywhere_before_its_first_day() -> None:
    top = unit("tren")
    cell("to-1", top, on=DAY)

    assert beneath(top, BEFORE) == ["tren"]
    assert beneath(top, DAY) == ["to-1", "tren"]


def test_an_organisation_cannot_move_beneath_what_is_beneath_it() -> None:
    top = unit("tren", kind="superior")
    upper = unit("a", top)
    lower = unit("b", upper, kind="intermediate")

    with pytest.raises(DomainError) as refused:
        move(upper, under=lower, on=DAY)

    assert list(refused.value.fields) == ["under"]
    assert placements() == [
        (top.pk, None, BEGINNING, OPEN_END),
        (upper.pk, top.pk, BEGINNING, OPEN_END),
        (lower.pk, upper.pk, BEGINNING, OPEN_END),
    ]


def test_an_organisation_cannot_move_beneath_itself() -> None:
    upper = unit("a", unit("tren", kind="superior"))

    with pytest.raises(DomainError):
        move(upper, under=upper, on=DAY)


def test_a_circle_that_would_close_only_on_a_later_day_is_refused_too() -> None:
    top = unit("tren", kind="superior")
    first, second = unit("a", top), unit("b", top)
    move(second, under=first, on=date(2022, 1, 1))

    with pytest.raises(DomainError) as refused:
        move(first, under=second, on=DAY)

    assert list(refused.value.fields) == ["under"]


def test_a_circle_further_down_on_a_later_day_is_refused_too() -> None:
    top = unit("tren", kind="superior")
    first, second = unit("a", top), unit("b", top)
    low = unit("c", second, kind="intermediate")
    move(second, under=first, on=date(2022, 1, 1))

    with pytest.raises(DomainError):
        move(first, under=low, on=DAY)


def test_a_place_taken_later_is_not_overwritten() -> None:
    top = unit("tren", kind="superior")
    first, second = unit("a", top), unit("b", top)
    low = unit("c", first, kind="intermediate")
    move(low, under=second, on=date(2022, 1, 1))

    with pytest.raises(DomainError) as refused:
        move(low, under=top, on=DAY)

    assert list(refused.value.fields) == ["on"]


@pytest.mark.parametrize("day", [BEGINNING, BEGINNING - timedelta(days=1)])
def test_a_move_is_later_than_the_founding(day: date) -> None:
    top = unit("tren", kind="superior")
    first, second = unit("a", top), unit("b", top)

    with pytest.raises(DomainError):
        move(second, under=first, on=day)


def test_nothing_moves_beneath_what_has_ended_or_has_not_begun() -> None:
    top = unit("tren", kind="superior")
    moving = unit("a", top)
    late = unit("moi", top, on=date(2022, 1, 1))
    closed = unit("cu", top)
    Organization.objects.filter(pk=closed.pk).update(period=between(BEGINNING, DAY))

    for under in (late, closed):
        with pytest.raises(DomainError) as refused:
            move(moving, under=under, on=DAY)
        assert list(refused.value.fields) == ["under"]


def test_what_has_ended_does_not_move() -> None:
    top = unit("tren", kind="superior")
    closed, other = unit("cu", top), unit("b", top)
    Organization.objects.filter(pk=closed.pk).update(period=between(BEGINNING, DAY))

    with pytest.raises(DomainError):
        move(closed, under=other, on=DAY)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(6))
def test_ancestry_agrees_with_a_climb_of_the_placements_on_any_day(seed: int) -> None:
    chance = random.Random(seed)
    units = list(
        found_many(
            [
                NewOrganization(
                    slug=f"u{n}",
                    name=f"Đảng bộ {n}",
                    short_name="",
                    kind="grassroots",
                    parent_slug=f"u{chance.randrange(n)}" if n else None,
                    on=BEGINNING + timedelta(days=n),
                )
                for n in range(14)
            ]
        ).values()
    )
    moved = 0
    for _attempt in range(40):
        what, under = chance.sample(units, 2)
        try:
            with transaction.atomic():
                move(what, under=under, on=BEGINNING + timedelta(days=chance.randrange(20, 900)))
                moved += 1
        except DomainError:
            continue

    assert moved > 5
    known = placements()
    for _sample in range(25):
        day = BEGINNING + timedelta(days=chance.randrange(-2, 1000))
        lines = Ancestry.objects.on(day)
        for one in units:
            born = any(u == one.pk and first <= day < out for u, _p, first, out in known)
            expected = climb(known, one.pk, day) if born else []
            derived = lines.filter(descendant=one).order_by("depth")
            assert list(derived.values_list("ancestor", flat=True)) == expected
            assert list(derived.values_list("depth", flat=True)) == list(range(len(expected)))


def test_a_batch_may_name_children_before_parents() -> None:
    made = found_many(
        [
            NewOrganization("chi-bo", "Chi bộ 1", "", "cell", "dang-bo", BEGINNING),
            NewOrganization("dang-bo", "Đảng bộ", "", "grassroots", None, BEGINNING),
        ]
    )

    assert beneath(made["dang-bo"], DAY) == ["chi-bo", "dang-bo"]
    assert made["dang-bo"].is_grassroots_unit
    assert not made["chi-bo"].is_grassroots_unit


def row(slug: str, parent: str | None = None, **more: object) -> NewOrganization:
    columns = {"name": "Đảng bộ", "short_name": "", "kind": "grassroots", "on": DAY, **more}
    return NewOrganization(slug=slug, parent_slug=parent, **columns)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "rows"),
    [
        ("slug", [row("tren")]),
        ("slug", [row("a"), row("a")]),
        ("name", [row("a", name="   ")]),
        ("kind", [row("a", kind="hoi-quan")]),
        ("under", [row("a", "khong-co")]),
        ("under", [row("a", "b"), row("b", "c"), row("c", "a")]),
        ("under", [row("a", "a")]),
        ("on", [row("a", "tren", on=date(2020, 12, 31))]),
        ("on", [row("a", "b"), row("b", on=date(2022, 1, 1))]),
    ],
)
def test_a_batch_with_one_impossible_row_founds_nothing(
    field: str, rows: list[NewOrganization]
) -> None:
    unit("tren")

    with pytest.raises(DomainError) as refused:
        found_many([row("tot", "tren"), *rows])

    assert list(refused.value.fields) == [field]
    assert list(Organization.objects.values_list("slug", flat=True)) == ["tren"]


def test_a_name_is_kept_in_nfc_and_a_long_one_has_its_keys_cut() -> None:
    decomposed = "Đa\u0309ng bô\u0323  Than"
    many_numbers = " ".join("7" * 1 for _n in range(80))

    first = found("a", name=decomposed, kind="grassroots", under=None, on=DAY)
    second = found("b", name=many_numbers, kind="grassroots", under=None, on=DAY)

    assert first.designations.get().name == "Đảng bộ Than"
    assert first.designations.get().short_name == "Đảng bộ Than"
    assert second.designations.get().name == many_numbers


def test_an_address_is_the_name_without_diacritics_and_is_free() -> None:
    assert free_slug("Đảng bộ Khe Chàm") == "dang-bo-khe-cham"
    unit("dang-bo-khe-cham")
    assert free_slug("Đảng bộ Khe Chàm") == "dang-bo-khe-cham-2"
    unit("dang-bo-khe-cham-2")
    assert free_slug("Đảng bộ Khe Chàm") == "dang-bo-khe-cham-3"
    assert free_slug("???") == "to-chuc"


def test_an_administrator_founds_only_beneath_what_they_administer() -> None:
    top = unit("tren", kind="superior")
    mine, other = unit("a", top), unit("b", top)
    administrator = officer("quantri", mine, Role.ADMINISTRATOR)
    staff = officer("canbo", mine, Role.STAFF)

    made = found("moi", name="Chi bộ", kind="cell", under=mine, on=DAY, by=administrator)

    assert beneath(mine, DAY) == ["a", "moi"]
    assert made.slug == "moi"
    for who, under in [(administrator, other), (administrator, top), (staff, mine)]:
        with pytest.raises(PermissionDenied):
            found("khac", name="Chi bộ", kind="cell", under=under, on=DAY, by=who)
    with pytest.raises(PermissionDenied):
        found("khac", name="Đảng bộ", kind="superior", under=None, on=DAY, by=administrator)


def test_a_competence_is_granted_once_by_an_administrator_above() -> None:
    top = unit("tren", kind="superior")
    mine, other = unit("a", top), unit("b", top)
    administrator = officer("quantri", mine, Role.ADMINISTRATOR)
    grant = {"kind": "delegated", "on": DAY, "decision_number": "12-QĐ/ĐU"}

    granted = grant_competence(mine, **grant, members_entitled=15, by=administrator)

    assert granted.members_entitled == 15
    with pytest.raises(DomainError) as refused:
        grant_competence(mine, **grant, by=administrator)
    assert list(refused.value.fields) == ["on"]
    with pytest.raises(PermissionDenied):
        grant_competence(other, **grant, by=administrator)
    with pytest.raises(DomainError):
        grant_competence(other, **{**grant, "on": BEGINNING - timedelta(days=1)})


# ---------------------------------------------------------------- two at once


def at_once(*actions: Callable[[], object]) -> list[str]:
    """Run `actions` on connections of their own, begun together; return how each ended."""
    gate = threading.Barrier(len(actions))
    ends: list[str] = [""] * len(actions)

    def run(number: int, action: Callable[[], object]) -> None:
        gate.wait()
        try:
            action()
            ends[number] = "done"
        except (DomainError, PermissionDenied) as refusal:
            ends[number] = type(refusal).__name__
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(number, action)) for number, action in enumerate(actions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ends)


@pytest.mark.django_db(transaction=True)
def test_of_two_crossed_moves_exactly_one_is_made() -> None:
    top = unit("tren", kind="superior")
    first, second = unit("a", top), unit("b", top)

    ends = at_once(
        lambda: move(first, under=second, on=DAY), lambda: move(second, under=first, on=DAY)
    )

    assert ends == ["DomainError", "done"]
    assert beneath(top, DAY) == ["a", "b", "tren"]
