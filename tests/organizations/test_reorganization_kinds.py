"""What each of the eight kinds of event does, whole; and that its preview said so."""

from __future__ import annotations

from datetime import date

import pytest

from admissions.operations.candidates import log_candidate
from config.periods import between, since
from organizations.models import Ancestry, Organization, Post, Reorganization, Role
from organizations.operations import ancestry, reorganizations
from organizations.operations.reorganizations import NewUnit
from organizations.operations.structure import grant_competence
from targets.models import Indicator, Target
from targets.reorganizing import TargetsHandler
from tests.makers import BEGINNING, cell, officer, unit
from tests.organizations.decisions import (
    CUT,
    EFFECTIVE,
    EVE,
    FIRST,
    TODAY,
    Prepare,
    Recount,
    Tree,
    belongings,
    called,
    existed,
    lineage,
    placed,
    tree,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Tree:
    return tree()


def slug(name: str) -> Organization:
    return Organization.objects.get(slug=name)


@pytest.mark.thorough
def test_a_founding_makes_a_unit_from_its_day(here: Tree) -> None:
    new = NewUnit("Chi bộ Cơ điện", "cell", here.mine, "CB Cơ điện")

    applied = here.applied(here.draft(("found", [], [new])))

    made = slug("chi-bo-co-dien")
    assert existed(made) == f"{CUT}:"
    assert placed(made) == {("chi-bo-co-dien", "khe-cham", f"{CUT}:")}
    assert called(made) == {("Chi bộ Cơ điện", "cell", f"{CUT}:")}
    designation = made.designations.get()
    assert (designation.short_name, designation.decision_number, designation.reorganization) == (
        "CB Cơ điện",
        "15-QĐ/ĐU",
        applied,
    )
    assert made.placements.get().reorganization == applied
    assert applied.events.get().units.get().organization == made
    assert lineage() == set()


@pytest.mark.thorough
def test_a_merged_cell_ends_and_its_people_go_on_in_the_other_without_a_gap(here: Tree) -> None:
    person = here.people["one"][0]
    secretary = officer("bithu", here.one)
    Post.objects.create(
        person=person, organization=here.one, title="Bí thư", period=since(BEGINNING)
    )

    here.applied(here.draft(("merge", [here.one], [here.two])))

    assert existed(here.one) == f"{FIRST}:{CUT}"
    assert placed(here.one) == {
        ("mot", "khe-cham", f"{FIRST}:{CUT}"),
        ("mot", "hai", f"{CUT}:"),
    }
    assert called(here.one) == {("Chi bộ mot", "cell", f"{FIRST}:{CUT}")}
    assert belongings(*here.people["one"]) == {
        ("mot", "official", f"{FIRST}:{CUT}", "taken_over", "reorganised"),
        ("hai", "official", f"{CUT}:", "reorganised", ""),
    }
    assert belongings(*here.people["two"]) == {("hai", "official", f"{FIRST}:", "taken_over", "")}
    assert lineage() == {("mot", "hai", "merge")}
    assert secretary.appointments.get().period == between(BEGINNING, EFFECTIVE)
    assert Post.objects.get().period == between(BEGINNING, EFFECTIVE)


@pytest.mark.thorough
def test_a_merged_committee_leaves_its_units_to_the_other(here: Tree) -> None:
    grant_competence(here.mine, kind="delegated", on=BEGINNING, decision_number="2-QĐ")

    here.applied(here.draft(("merge", [here.mine], [here.other])))

    assert placed(here.mine, here.one, here.two) == {
        ("khe-cham", "tren", f"{FIRST}:{CUT}"),
        ("khe-cham", "hon-gai", f"{CUT}:"),
        ("mot", "khe-cham", f"{FIRST}:{CUT}"),
        ("mot", "hon-gai", f"{CUT}:"),
        ("hai", "khe-cham", f"{FIRST}:{CUT}"),
        ("hai", "hon-gai", f"{CUT}:"),
    }
    assert here.mine.competences.get().period == between(BEGINNING, EFFECTIVE)
    assert belongings(*here.people["one"]) == {("mot", "official", f"{FIRST}:", "taken_over", "")}
    above = Ancestry.objects.on(EFFECTIVE).filter(descendant=here.one).order_by("depth")
    assert list(above.values_list("ancestor__slug", flat=True)) == ["mot", "hon-gai", "tren"]
    assert list(
        Ancestry.objects.on(EVE)
        .filter(descendant=here.one)
        .order_by("depth")
        .values_list("ancestor__slug", flat=True)
    ) == ["mot", "khe-cham", "tren"]
    living = Organization.objects.beneath(here.other, on=EFFECTIVE)
    assert set(living.values_list("slug", flat=True)) == {"ba", "bon", "mot", "hai"}


@pytest.mark.thorough
def test_a_committee_merges_into_one_beneath_it_which_takes_its_place(here: Tree) -> None:
    low = unit("bo-phan", here.mine, kind="intermediate")

    here.applied(here.draft(("merge", [here.mine], [low])))

    assert ("bo-phan", "tren", f"{CUT}:") in placed(low)
    assert ("khe-cham", "bo-phan", f"{CUT}:") in placed(here.mine)
    assert ("mot", "bo-phan", f"{CUT}:") in placed(here.one)


@pytest.mark.thorough
def test_two_united_cells_end_and_a_new_one_has_all_their_people(here: Tree) -> None:
    here.applied(
        here.draft(("consolidate", [here.one, here.two], [NewUnit("Chi bộ Một Hai", "cell")]))
    )

    made = slug("chi-bo-mot-hai")
    assert placed(made) == {("chi-bo-mot-hai", "khe-cham", f"{CUT}:")}
    assert existed(here.one) == existed(here.two) == f"{FIRST}:{CUT}"
    assert ("mot", "chi-bo-mot-hai", f"{CUT}:") in placed(here.one)
    assert made.memberships.filter(period=since(EFFECTIVE)).count() == 6
    assert lineage() == {
        ("mot", "chi-bo-mot-hai", "consolidate"),
        ("hai", "chi-bo-mot-hai", "consolidate"),
    }


def split(here: Tree) -> Reorganization:
    decision = here.draft()
    event = here.add(
        decision, "split", [here.one], [NewUnit("Chi bộ A", "cell"), NewUnit("Chi bộ B", "cell")]
    )
    people = here.people["one"]
    here.assign(event, {"Chi bộ A": people[:1], "Chi bộ B": people[1:]})
    return decision


@pytest.mark.thorough
def test_a_split_cell_ends_and_each_of_its_people_goes_where_they_were_assigned(
    here: Tree,
) -> None:
    here.applied(split(here))

    people = here.people["one"]
    assert existed(here.one) == f"{FIRST}:{CUT}"
    assert placed(here.one) == {("mot", "khe-cham", f"{FIRST}:")}
    left = ("mot", "official", f"{FIRST}:{CUT}", "taken_over", "reorganised")
    assert belongings(people[0]) == {
        left,
        ("chi-bo-a", "official", f"{CUT}:", "reorganised", ""),
    }
    assert belongings(*people[1:]) == {
        left,
        ("chi-bo-b", "official", f"{CUT}:", "reorganised", ""),
    }
    assert lineage() == {("mot", "chi-bo-a", "split"), ("mot", "chi-bo-b", "split")}


@pytest.mark.thorough
def test_a_cell_that_is_one_of_its_own_parts_lives_on(here: Tree) -> None:
    decision = here.draft()
    event = here.add(decision, "split", [here.one], [here.one, NewUnit("Chi bộ B", "cell")])
    people = here.people["one"]
    here.assign(event, {"": people[:3], "Chi bộ B": people[3:]})

    here.applied(decision)

    assert existed(here.one) == f"{FIRST}:"
    assert belongings(*people[:3]) == {("mot", "official", f"{FIRST}:", "taken_over", "")}
    assert belongings(people[3]) == {
        ("mot", "official", f"{FIRST}:{CUT}", "taken_over", "reorganised"),
        ("chi-bo-b", "official", f"{CUT}:", "reorganised", ""),
    }
    assert lineage() == {("mot", "chi-bo-b", "split")}


@pytest.mark.thorough
def test_the_units_of_a_split_committee_go_where_they_were_assigned(here: Tree) -> None:
    decision = here.draft()
    event = here.add(
        decision,
        "split",
        [here.mine],
        [NewUnit("Đảng bộ A", "grassroots"), NewUnit("Đảng bộ B", "grassroots")],
    )
    first, second = event.units.filter(part="result")
    reorganizations.choose(
        event,
        by=here.drafter,
        on=TODAY,
        label="organizations",
        cleaned={"units": {here.one.pk: first.pk, here.two.pk: second.pk}},
    )

    here.applied(decision)

    assert ("mot", "dang-bo-a", f"{CUT}:") in placed(here.one)
    assert ("hai", "dang-bo-b", f"{CUT}:") in placed(here.two)
    assert existed(here.mine) == f"{FIRST}:{CUT}"


@pytest.mark.thorough
def test_a_moved_unit_takes_all_beneath_it_along(here: Tree) -> None:
    low = unit("bo-phan", here.mine, kind="intermediate")
    deep = cell("to-1", low)

    here.applied(here.draft(("move", [low], [here.other])))

    assert placed(low) == {
        ("bo-phan", "khe-cham", f"{FIRST}:{CUT}"),
        ("bo-phan", "hon-gai", f"{CUT}:"),
    }
    assert placed(deep) == {("to-1", "bo-phan", f"{FIRST}:")}
    assert Ancestry.objects.on(EFFECTIVE).filter(ancestor=here.other, descendant=deep).exists()
    assert not Ancestry.objects.on(EFFECTIVE).filter(ancestor=here.mine, descendant=deep).exists()
    assert lineage() == set()


def convert(here: Tree) -> Reorganization:
    decision = here.draft()
    event = here.add(
        decision,
        "convert",
        [here.one],
        [NewUnit("Đảng bộ bộ phận Một", "intermediate"), NewUnit("Chi bộ 1A", "cell"),
         NewUnit("Chi bộ 1B", "cell")],
    )  # fmt: skip
    people = here.people["one"]
    here.assign(event, {"Chi bộ 1A": people[:2], "Chi bộ 1B": people[2:]})
    return decision


@pytest.mark.thorough
def test_a_cell_becomes_a_committee_and_its_people_go_to_cells_beneath_it(here: Tree) -> None:
    here.applied(convert(here))

    assert existed(here.one) == f"{FIRST}:"
    assert placed(here.one) == {("mot", "khe-cham", f"{FIRST}:")}
    assert called(here.one) == {
        ("Chi bộ mot", "cell", f"{FIRST}:{CUT}"),
        ("Đảng bộ bộ phận Một", "intermediate", f"{CUT}:"),
    }
    assert placed(slug("chi-bo-1a"), slug("chi-bo-1b")) == {
        ("chi-bo-1a", "mot", f"{CUT}:"),
        ("chi-bo-1b", "mot", f"{CUT}:"),
    }
    assert belongings(*here.people["one"][:2]) == {
        ("mot", "official", f"{FIRST}:{CUT}", "taken_over", "reorganised"),
        ("chi-bo-1a", "official", f"{CUT}:", "reorganised", ""),
    }
    assert lineage() == {("mot", "chi-bo-1a", "convert"), ("mot", "chi-bo-1b", "convert")}


@pytest.mark.thorough
def test_a_cell_that_changes_only_its_kind_keeps_its_name_and_people(here: Tree) -> None:
    here.applied(here.draft(("convert", [here.one], [NewUnit("", "grassroots-cell")])))

    assert called(here.one) == {
        ("Chi bộ mot", "cell", f"{FIRST}:{CUT}"),
        ("Chi bộ mot", "grassroots-cell", f"{CUT}:"),
    }
    assert slug("mot").is_grassroots_unit
    assert belongings(*here.people["one"]) == {("mot", "official", f"{FIRST}:", "taken_over", "")}


@pytest.mark.thorough
def test_a_dissolved_cell_keeps_its_place_and_its_people_go_to_the_one_that_receives(
    here: Tree,
) -> None:
    here.applied(here.draft(("dissolve", [here.one], [here.three])))

    assert existed(here.one) == f"{FIRST}:{CUT}"
    assert placed(here.one) == {("mot", "khe-cham", f"{FIRST}:")}
    assert belongings(*here.people["one"]) == {
        ("mot", "official", f"{FIRST}:{CUT}", "taken_over", "reorganised"),
        ("ba", "official", f"{CUT}:", "reorganised", ""),
    }
    assert lineage() == {("mot", "ba", "dissolve")}


@pytest.mark.thorough
def test_the_units_of_a_dissolved_committee_go_under_its_superior(here: Tree) -> None:
    here.applied(here.draft(("dissolve", [here.mine], [])))

    assert ("mot", "tren", f"{CUT}:") in placed(here.one)
    assert ("hai", "tren", f"{CUT}:") in placed(here.two)
    assert placed(here.mine) == {("khe-cham", "tren", f"{FIRST}:")}
    assert lineage() == set()


def test_a_whole_tier_goes_in_one_decision_however_it_is_ordered(here: Tree) -> None:
    low = unit("bo-phan", here.mine, kind="intermediate")
    deep = cell("to-1", low)

    here.applied(here.draft(("dissolve", [here.mine], []), ("dissolve", [low], [])))

    assert ("to-1", "tren", f"{CUT}:") in placed(deep)
    assert existed(low) == existed(here.mine) == f"{FIRST}:{CUT}"


@pytest.mark.thorough
def test_the_people_of_a_disbanded_cell_go_to_several_as_assigned(here: Tree) -> None:
    decision = here.draft()
    event = here.add(decision, "disband", [here.one], [here.three, here.four])
    first, second = event.units.filter(part="result")
    people = here.people["one"]
    reorganizations.assign(
        event,
        by=here.drafter,
        on=TODAY,
        people={people[0].pk: first.pk, **{one.pk: second.pk for one in people[1:]}},
    )

    here.applied(decision)

    left = ("mot", "official", f"{FIRST}:{CUT}", "taken_over", "reorganised")
    assert belongings(people[0]) == {left, ("ba", "official", f"{CUT}:", "reorganised", "")}
    assert belongings(*people[1:]) == {left, ("bon", "official", f"{CUT}:", "reorganised", "")}
    assert lineage() == {("mot", "ba", "disband"), ("mot", "bon", "disband")}


@pytest.mark.thorough
def test_a_membership_that_was_to_end_later_ends_then_in_the_new_cell(here: Tree) -> None:
    membership = here.people["one"][0].memberships.get()
    membership.period = between(BEGINNING, TODAY)
    membership.reason_out = "transferred"
    membership.save()

    here.applied(here.draft(("merge", [here.one], [here.two])))

    assert belongings(here.people["one"][0]) == {
        ("mot", "official", f"{FIRST}:{CUT}", "taken_over", "reorganised"),
        ("hai", "official", f"{CUT}:{TODAY}", "reorganised", "transferred"),
    }


@pytest.mark.thorough
def test_every_change_is_in_the_history(here: Tree) -> None:
    membership = here.people["one"][0].memberships.get()

    here.applied(here.draft(("merge", [here.one], [here.two])))

    events = membership.events.order_by("pgh_id")
    assert list(events.values_list("pgh_label", "reason_out")) == [
        ("insert", ""),
        ("update", "reorganised"),
    ]


# ---------------------------------------------------------------- preview, outcome, recount

EIGHT: dict[str, Prepare] = {
    "found": lambda here: here.draft(("found", [], [NewUnit("Chi bộ Mới", "cell", here.mine)])),
    "merge": lambda here: here.draft(
        ("merge", [here.one], [here.two]), ("merge", [here.other], [here.mine])
    ),
    "consolidate": lambda here: here.draft(
        ("consolidate", [here.mine, here.other], [NewUnit("Đảng bộ Chung", "grassroots")]),
        ("consolidate", [here.one, here.two], [NewUnit("Chi bộ Chung", "cell")]),
    ),
    "split": split,
    "move": lambda here: here.draft(("move", [here.one, here.two], [here.other])),
    "convert": convert,
    "dissolve": lambda here: here.draft(
        ("dissolve", [here.one], [here.three]), ("dissolve", [here.mine], [])
    ),
    "disband": lambda here: here.draft(("disband", [here.two], [here.four])),
}


FILES_MOVE = {"merge": 1, "consolidate": 2, "split": 1, "convert": 1, "dissolve": 1, "disband": 1}
TARGETS_CHANGE = {"merge": 4, "consolidate": 6, "split": 2, "dissolve": 3, "disband": 2}
"""What becomes of the open files and the targets of the tree; nothing at the kinds not named."""


def open_files(here: Tree) -> None:
    """One open file in each of the first two cells; that of the first is shared out with it."""
    for home, name in ((here.one, "one"), (here.two, "two")):
        file = log_candidate(
            home, by=officer(f"bithu-{home.slug}", home, Role.SECRETARY), on=TODAY,
            full_name=f"Vũ Văn Thịnh {name}", born_on=date(1996, 9, 17), sex="male",
            occupation="Thợ lò", identified_on=date(2020, 6, 1),
        )  # fmt: skip
        here.people[name].append(file.person)


def targets(here: Tree) -> None:
    for number, held in enumerate((here.mine, here.other, here.one, here.two, here.three), 1):
        Target.objects.create(
            organization=held, indicator_id=Indicator.ADMITTED, year=2021, kind="assigned",
            version=1, form="number", low=number, high=number, decision_number="1-QĐ/TU",
            decided_on=date(2021, 1, 15), entered_by=here.drafter,
        )  # fmt: skip


def carry_on(here: Tree, decision: Reorganization) -> None:
    """Choose, for every target that loses its unit, that the first result carries it on."""
    for planned in reorganizations.plan_of(decision).events:
        fields = TargetsHandler().fields(planned)
        cleaned = {name: field.choices[0][0] for name, field in fields.items() if field.required}
        if cleaned:
            reorganizations.choose(
                planned.event, by=here.drafter, on=TODAY, label="targets", cleaned=cleaned
            )


@pytest.mark.thorough
@pytest.mark.parametrize("kind", EIGHT)
def test_what_the_preview_counts_is_what_is_written_and_what_the_tables_show(
    kind: str, here: Tree
) -> None:
    for place in (here.one, here.mine, here.two):
        officer(f"thu-{place.slug}", place, Role.SECRETARY)
        Post.objects.create(
            person=here.people["one"][0],
            organization=place,
            title="Bí thư",
            period=since(BEGINNING),
        )
    grant_competence(here.mine, kind="delegated", on=BEGINNING, decision_number="2-QĐ")
    open_files(here)
    targets(here)
    decision = EIGHT[kind](here)
    carry_on(here, decision)
    before = Recount()

    applied = here.applied(decision)

    shown = before.changed(EFFECTIVE)
    assert applied.preview is not None
    assert applied.outcome is not None
    assert {key: applied.preview["counts"][key] for key in shown} == shown
    assert {key: applied.outcome["counts"][key] for key in shown} == shown
    assert applied.preview["counts"] == applied.outcome["counts"]
    assert shown["files"] == FILES_MOVE.get(kind, 0)
    assert shown["targets"] == TARGETS_CHANGE.get(kind, 0)
    assert any(shown.values())
    assert ancestry.verify().is_right


@pytest.mark.sweep
@pytest.mark.parametrize("kind", EIGHT)
def test_a_preview_writes_nothing_but_itself(kind: str, here: Tree) -> None:
    decision = EIGHT[kind](here)
    tables = (placed(), lineage(), belongings(*here.people["one"], *here.people["two"]))

    previewed = here.preview(decision)

    assert previewed.preview is not None
    assert previewed.preview["refusals"] == []
    assert (placed(), lineage(), belongings(*here.people["one"], *here.people["two"])) == tables
    assert not decision.events.filter(units__is_new=True, units__organization__isnull=False)
    assert ancestry.verify().is_right
