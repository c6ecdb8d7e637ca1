"""A decision's way from draft to applied: who may, what stops it, and what happens at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import gettext as _

from config import clock
from config.errors import ConflictError, DomainError
from config.periods import between, since
from organizations.models import (
    Appointment,
    Departure,
    Job,
    Membership,
    Organization,
    Outbox,
    Placement,
    Reorganization,
    Role,
    Seal,
    TemporaryStay,
    Transfer,
)
from organizations.operations import ancestry, jobs, reorganizations
from organizations.operations.reorganizations import NewUnit, applying
from organizations.operations.structure import NewOrganization, found_many, move
from tests.database import OwnerRole
from tests.makers import BEGINNING, account, appointed, cell, member, officer, unit
from tests.organizations.decisions import (
    EFFECTIVE,
    EVE,
    SIGNED,
    TODAY,
    Tree,
    belongings,
    existed,
    placed,
    tree,
)

pytestmark = pytest.mark.django_db
LATER = date(2021, 7, 1)
State = Reorganization.State


@pytest.fixture
def here() -> Tree:
    return tree()


def merge(here: Tree, **head: Any) -> Reorganization:
    return here.draft(("merge", [here.one], [here.two]), **head)


# ---------------------------------------------------------------- who may


def test_only_the_staff_of_the_deciding_organisation_or_above_drafts(here: Tree) -> None:
    for role in (Role.SECRETARY, Role.APPROVER, Role.LEADER, Role.AUDITOR, Role.ADMINISTRATOR):
        here.drafter = officer(f"la-{role}", here.top, role)
        with pytest.raises(PermissionDenied):
            here.draft()
    here.drafter = officer("canbo-khac", here.other, Role.STAFF)
    with pytest.raises(PermissionDenied):
        here.draft(organization=here.mine)
    here.draft(organization=here.other)


def test_a_draft_is_edited_by_the_staff_alone(here: Tree) -> None:
    decision = merge(here)
    event = decision.events.get()
    stranger = officer("la", here.other, Role.STAFF)
    head = {"number": "1", "signed_on": SIGNED, "signer": "A", "effective_on": EFFECTIVE}
    doings: list[Callable[[], object]] = [
        lambda: reorganizations.rewrite(decision, by=stranger, on=TODAY, **head),
        lambda: reorganizations.add_event(
            decision, by=stranger, on=TODAY, kind="move", sources=[here.one], results=[here.other]
        ),
        lambda: reorganizations.withdraw_event(event, by=stranger, on=TODAY),
        lambda: reorganizations.assign(event, by=stranger, on=TODAY, people={}),
        lambda: reorganizations.choose(
            event, by=stranger, on=TODAY, label="organizations", cleaned={}
        ),
        lambda: reorganizations.import_events(decision, by=stranger, on=TODAY, text="x"),
        lambda: reorganizations.preview(decision, by=stranger, on=TODAY),
        lambda: reorganizations.confirm(decision, by=stranger, on=TODAY),
        lambda: reorganizations.cancel(decision, by=stranger, on=TODAY, reason="x"),
    ]
    for doing in doings:
        with pytest.raises(PermissionDenied):
            doing()


def test_who_drafted_does_not_confirm(here: Tree) -> None:
    decision = here.preview(merge(here))

    with pytest.raises(DomainError, match=r"."):
        reorganizations.confirm(decision, by=here.drafter, on=TODAY)

    assert Reorganization.objects.get().state == State.DRAFT


def test_a_decision_names_nothing_outside_its_organisation(here: Tree) -> None:
    decision = here.draft(organization=here.mine)

    for sources, results, field in (
        ([here.three], [here.two], "sources"),
        ([here.one], [here.three], "results"),
    ):
        with pytest.raises(DomainError) as refused:
            here.add(decision, "merge", sources, results)
        assert list(refused.value.fields) == [field]
    with pytest.raises(DomainError) as refused:
        here.add(decision, "found", [], [NewUnit("Chi bộ", "cell", here.other)])
    assert list(refused.value.fields) == ["results"]
    assert not decision.events.exists()


# ---------------------------------------------------------------- the head


@pytest.mark.parametrize(
    ("field", "head"),
    [
        ("number", {"number": "  "}),
        ("number", {"number": "1" * 41}),
        ("signer", {"signer": ""}),
        ("signed_on", {"signed_on": TODAY + timedelta(days=1)}),
        ("effective_on", {"effective_on": BEGINNING - timedelta(days=1)}),
    ],
)
def test_an_impossible_head_is_refused_at_its_field(
    field: str, head: dict[str, Any], here: Tree
) -> None:
    with pytest.raises(DomainError) as refused:
        here.draft(**head)

    assert list(refused.value.fields) == [field]
    assert not Reorganization.objects.exists()


def test_a_number_is_used_once_a_year_until_its_decision_is_cancelled(here: Tree) -> None:
    first = here.draft()

    with pytest.raises(DomainError) as refused:
        here.draft(number=" 15-QĐ/ĐU ")
    assert list(refused.value.fields) == ["number"]

    here.draft(signed_on=date(2020, 12, 31))
    reorganizations.cancel(first, by=here.drafter, on=TODAY, reason="Nhập nhầm")
    here.draft()


def test_rewriting_to_a_number_in_use_is_refused_too(here: Tree) -> None:
    here.draft()
    other = here.draft(number="16-QĐ/ĐU")
    head = {"signed_on": SIGNED, "signer": "A", "effective_on": LATER}

    with pytest.raises(DomainError) as refused:
        reorganizations.rewrite(other, by=here.drafter, on=TODAY, number="15-QĐ/ĐU", **head)
    assert list(refused.value.fields) == ["number"]

    rewritten = reorganizations.rewrite(
        other, by=here.drafter, on=TODAY, number="17-QĐ/ĐU", note="x", **head
    )
    assert (rewritten.number, rewritten.effective_on, rewritten.version) == ("17-QĐ/ĐU", LATER, 2)


# ---------------------------------------------------------------- the shape of an event

SHAPES: dict[str, Callable[[Tree], tuple[str, list[Any], list[Any], str]]] = {
    "no such kind": lambda h: ("merged", [h.one], [h.two], "kind"),
    "a founding of what exists": lambda h: ("found", [], [h.two], "results"),
    "a founding with a source": lambda h: ("found", [h.one], [NewUnit("A", "cell")], "sources"),
    "a founding without a name": lambda h: ("found", [], [NewUnit(" ", "cell")], "results"),
    "a founding of no kind": lambda h: ("found", [], [NewUnit("A", "hoi")], "results"),
    "a merger into nothing": lambda h: ("merge", [h.one], [], "results"),
    "a merger into itself": lambda h: ("merge", [h.one], [h.one], "results"),
    "a merger of one twice": lambda h: ("merge", [h.one, h.one], [h.two], "sources"),
    "a merger of nothing": lambda h: ("merge", [], [h.two], "sources"),
    "a union of one": lambda h: ("consolidate", [h.one], [NewUnit("A", "cell")], "sources"),
    "a union into an old one": lambda h: ("consolidate", [h.one, h.two], [h.three], "results"),
    "a split into one": lambda h: ("split", [h.one], [NewUnit("A", "cell")], "results"),
    "a split into another": lambda h: ("split", [h.one], [h.two, NewUnit("A", "cell")], "results"),
    "a move to two": lambda h: ("move", [h.one], [h.other, h.top], "results"),
    "a conversion to nothing": lambda h: ("convert", [h.one], [], "results"),
    "a conversion to another": lambda h: ("convert", [h.one], [h.two], "results"),
    "a conversion of two": lambda h: ("convert", [h.one, h.two], [NewUnit("A", "cell")], "sources"),
    "a dissolution into a new one": lambda h: (
        "dissolve", [h.one], [NewUnit("A", "cell")], "results",
    ),
}  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize("what", SHAPES)
def test_an_event_of_the_wrong_shape_is_refused_at_its_field(what: str, here: Tree) -> None:
    kind, sources, results, field = SHAPES[what](here)
    decision = here.draft()

    with pytest.raises(DomainError) as refused:
        here.add(decision, kind, sources, results)

    assert list(refused.value.fields) == [field]
    assert not decision.events.exists()


# ---------------------------------------------------------------- what stops a decision


def refused(here: Tree, decision: Reorganization) -> list[int | None]:
    """The rows that the look refuses; a preview has them too, and nobody can confirm it."""
    rows = [row for row, _sentence in here.refusals(decision)]
    previewed = here.preview(decision)
    assert previewed.preview is not None
    assert [one["row"] for one in previewed.preview["refusals"]] == rows
    assert all(one["sentence"] for one in previewed.preview["refusals"])
    if rows:
        with pytest.raises(DomainError):
            here.confirm(decision)
    return rows


def test_a_decision_without_a_row_is_refused(here: Tree) -> None:
    assert refused(here, here.draft()) == [None]


def test_two_superiors_on_one_day_are_refused(here: Tree) -> None:
    decision = here.draft(("move", [here.one], [here.other]), ("move", [here.one], [here.top]))

    assert refused(here, decision) == [2]
    assert " 1" in here.refusals(decision)[0][1]  # the row that changes it already


def test_a_unit_with_a_later_place_already_is_refused(here: Tree) -> None:
    move(here.one, under=here.other, on=LATER)

    assert refused(here, here.draft(("move", [here.one], [here.top]))) == [1]
    assert refused(here, here.draft(("dissolve", [here.mine], []), number="2")) == [1]


def test_a_unit_that_is_to_arrive_later_beneath_one_that_ends_is_refused(here: Tree) -> None:
    move(here.three, under=here.mine, on=LATER)

    assert refused(here, here.draft(("dissolve", [here.mine], []))) == [1]


def test_a_unit_beneath_itself_is_refused(here: Tree) -> None:
    low = unit("bo-phan", here.mine, kind="intermediate")

    assert refused(here, here.draft(("move", [here.mine], [low]))) == [1]


@pytest.mark.thorough
def test_a_circle_with_another_confirmed_decision_is_refused(here: Tree) -> None:
    first, second = unit("a", here.mine), unit("b", here.other)
    earlier = here.draft(("move", [here.mine], [second]), effective_on=LATER, number="1")
    here.preview(earlier)
    here.confirm(earlier)

    decision = here.draft(("move", [here.other], [first]))
    [(row, sentence)] = here.refusals(decision)

    assert row == 1
    assert f"{LATER:%d/%m/%Y}" in sentence
    assert refused(here, decision) == [1]


@pytest.mark.thorough
def test_an_exchange_of_places_within_one_decision_makes_no_circle(here: Tree) -> None:
    low = unit("bo-phan", here.mine, kind="intermediate")
    decision = here.draft(("move", [low], [here.top]), ("move", [here.mine], [low]))

    here.applied(decision)

    assert ancestry.verify().is_right


@pytest.mark.thorough
def test_a_unit_of_another_confirmed_decision_is_refused_with_its_number(here: Tree) -> None:
    waiting = merge(here, effective_on=LATER)
    here.preview(waiting)
    here.confirm(waiting)

    decision = here.draft(("move", [here.one], [here.other]), number="16-QĐ/ĐU")

    assert refused(here, decision) == [1]
    assert "15-QĐ/ĐU" in here.refusals(decision)[0][1]
    reorganizations.cancel(waiting, by=here.approver, on=TODAY, reason="Thôi")
    assert refused(here, decision) == []


@pytest.mark.parametrize("days", [0, -1])
def test_nothing_happens_to_a_unit_on_its_first_day_or_before(days: int, here: Tree) -> None:
    late = cell("moi", here.mine)
    Placement.objects.filter(organization=late).update(period=since(EFFECTIVE))
    Organization.objects.filter(pk=late.pk).update(period=since(EFFECTIVE))
    decision = here.draft(("move", [late], [here.other]))
    day = EFFECTIVE + timedelta(days=days)
    reorganizations.rewrite(
        decision, by=here.drafter, on=TODAY, number="1", signed_on=SIGNED, signer="A",
        effective_on=day,
    )  # fmt: skip
    decision.refresh_from_db()

    assert 1 in refused(here, decision)


@pytest.mark.thorough
def test_what_has_ended_is_refused(here: Tree) -> None:
    decision = here.draft(("move", [here.four], [here.mine]), number="1")
    here.applied(here.draft(("dissolve", [here.four], [])))

    assert refused(here, decision) == [1]


def test_what_ends_by_another_row_receives_nothing(here: Tree) -> None:
    decision = here.draft(("merge", [here.one], [here.two]), ("merge", [here.two], [here.three]))

    assert refused(here, decision) == [1]


@pytest.mark.thorough
def test_members_are_never_left_without_a_cell(here: Tree) -> None:
    dissolved = here.draft(("dissolve", [here.one], []))
    to_committee = here.draft(("dissolve", [here.one], [here.other]), number="2")
    split = here.draft(number="3")
    event = here.add(split, "split", [here.one], [NewUnit("A", "cell"), NewUnit("B", "cell")])
    people = here.people["one"]
    here.assign(event, {"A": people[:2], "B": people[2:3]})
    converted = here.draft(
        ("convert", [here.one], [NewUnit("Đảng bộ Một", "intermediate")]), number="4"
    )

    assert refused(here, dissolved) == [1]
    assert refused(here, to_committee) == [1]
    assert refused(here, split) == [1]
    assert refused(here, converted) == [1]
    here.assign(event, {"B": people[3:]})
    assert refused(here, split) == []


@pytest.mark.thorough
def test_a_part_to_which_nobody_goes_is_refused(here: Tree) -> None:
    split = here.draft()
    event = here.add(split, "split", [here.one], [NewUnit("A", "cell"), NewUnit("B", "cell")])
    here.assign(event, {"A": here.people["one"]})

    assert refused(here, split) == [1]

    committee = here.draft(number="2")
    here.add(committee, "split", [here.mine], [here.mine, NewUnit("Đảng bộ B", "grassroots")])
    assert refused(here, committee) == [1, 1, 1]  # units unassigned, said once; two parts empty


@pytest.mark.thorough
def test_members_go_to_cells_and_units_to_committees(here: Tree) -> None:
    into_committee = here.draft(("merge", [here.one], [here.other]))
    into_cell = here.draft(("merge", [here.mine], [here.three]), number="2")
    beneath_cell = here.draft(("move", [here.one], [here.three]), number="3")
    new_beneath_cell = here.draft(
        ("found", [], [NewUnit("Chi bộ", "cell", here.three)]), number="4"
    )
    committee_to_cell = here.draft(("convert", [here.mine], [NewUnit("", "cell")]), number="5")

    assert refused(here, into_committee) == [1]
    assert set(refused(here, into_cell)) == {1}
    assert refused(here, beneath_cell) == [1]
    assert refused(here, new_beneath_cell) == [1]
    assert refused(here, committee_to_cell) == [1]


@pytest.mark.thorough
def test_memberships_that_begin_on_the_day_or_later_stop_the_end_of_their_cell(
    here: Tree,
) -> None:
    decision = merge(here)
    assert refused(here, decision) == []

    member(here.one, since=EFFECTIVE)

    assert refused(here, decision) == [1]


def test_members_of_the_day_before_go_along(here: Tree) -> None:
    late = member(here.one, since=EVE)

    here.applied(merge(here))

    assert belongings(late) == {
        ("mot", "official", f"{EVE}:{EFFECTIVE}", "taken_over", "reorganised"),
        ("hai", "official", f"{EFFECTIVE}:", "reorganised", ""),
    }


def test_who_left_the_party_after_the_day_stops_the_decision(here: Tree) -> None:
    gone = here.people["one"][0].memberships.get()
    gone.period = between(BEGINNING, TODAY)
    gone.reason_out = "deceased"
    gone.save()
    Departure.objects.create(membership=gone, reason="deceased", on=TODAY, entered_by=here.drafter)

    assert refused(here, merge(here)) == [1]


@pytest.mark.thorough
def test_open_transfers_and_stays_stop_the_end_of_their_cell(here: Tree) -> None:
    asked = Transfer.objects.create(
        person=here.people["one"][0], kind="official", origin=here.one, destination=here.three,
        requested_on=EVE, entered_by=here.drafter, effective_on=None,
    )  # fmt: skip
    leaving = merge(here)
    reached = here.draft(("dissolve", [here.three], []), number="2")

    assert refused(here, leaving) == [1]
    assert refused(here, reached) == [1]

    Transfer.objects.filter(pk=asked.pk).update(state="withdrawn")
    assert refused(here, leaving) == []
    stay = Transfer.objects.create(
        person=here.people["two"][0], kind="temporary", origin=here.two, destination=here.three,
        requested_on=EVE, entered_by=here.drafter, state="withdrawn",
    )  # fmt: skip
    TemporaryStay.objects.create(
        person=here.people["two"][0], host=here.three, transfer=stay, period=since(EVE)
    )
    assert refused(here, reached) == [1]


@pytest.mark.thorough
def test_a_name_is_taken_once_beneath_one_superior(here: Tree) -> None:
    beside = here.draft(("found", [], [NewUnit("Chi bộ mot", "cell", here.mine)]))
    twice = here.draft(
        ("found", [], [NewUnit("Chi bộ X", "cell", here.mine)]),
        ("found", [], [NewUnit("Chi bộ X", "cell", here.mine)]),
        number="2",
    )
    elsewhere = here.draft(("found", [], [NewUnit("Chi bộ mot", "cell", here.other)]), number="3")
    renamed = here.draft(("convert", [here.one], [NewUnit("Chi bộ hai", "cell")]), number="4")
    successor = here.draft(
        ("consolidate", [here.one, here.two], [NewUnit("Chi bộ mot", "cell")]), number="5"
    )
    unchanged = here.draft(("convert", [here.one], [NewUnit("", "cell")]), number="6")

    assert refused(here, beside) == [1]
    assert refused(here, twice) == [2]
    assert refused(here, elsewhere) == []
    assert refused(here, renamed) == [1]
    assert refused(here, successor) == []
    assert refused(here, unchanged) == [1]


def seal(here: Tree, first: date, out: date) -> None:
    Seal.objects.create(
        organization=here.top, kind="year", period=between(first, out), entered_by=here.drafter,
        approved_by=here.approver, approved_at=clock.now(),
    )  # fmt: skip


def test_a_day_inside_what_is_sealed_is_refused_and_the_next_is_not(here: Tree) -> None:
    decision = merge(here)
    seal(here, BEGINNING, EFFECTIVE + timedelta(days=1))

    assert refused(here, decision) == [None]
    with pytest.raises(DomainError) as sealed:
        here.draft(number="2")
    assert list(sealed.value.fields) == ["effective_on"]
    here.draft(number="3", effective_on=EFFECTIVE + timedelta(days=1))


@pytest.mark.thorough
def test_an_unusual_place_and_roles_that_begin_later_only_warn(here: Tree) -> None:
    appointed(account("moi"), here.one, since=TODAY)
    decision = here.draft(("merge", [here.one], [here.two]), ("move", [here.three], [here.top]))

    previewed = here.preview(decision)

    assert previewed.preview is not None
    assert [one["row"] for one in previewed.preview["warnings"]] == [1, 2]
    assert previewed.preview["refusals"] == []
    here.applied(decision)
    assert Appointment.objects.get(user__username="moi").period == since(TODAY)


# ---------------------------------------------------------------- editing


@pytest.mark.thorough
def test_a_row_taken_out_counts_no_more_and_its_place_is_kept(here: Tree) -> None:
    decision = merge(here)
    event = decision.events.get()

    reorganizations.withdraw_event(event, by=here.drafter, on=TODAY)
    here.add(decision, "move", [here.one], [here.other])

    assert list(decision.events.values_list("position", "is_withdrawn")) == [(1, True), (2, False)]
    assert refused(here, decision) == []
    here.applied(decision)
    assert existed(here.one).endswith(":")


@pytest.mark.thorough
def test_a_row_on_which_another_stands_is_not_taken_out(here: Tree) -> None:
    decision = here.draft()
    first = here.add(decision, "found", [], [NewUnit("Đảng bộ Mới", "grassroots", here.top)])
    new = first.units.get()
    here.add(decision, "found", [], [NewUnit("Chi bộ Mới", "cell", new)])

    with pytest.raises(DomainError):
        reorganizations.withdraw_event(first, by=here.drafter, on=TODAY)

    here.applied(decision)
    assert ("chi-bo-moi", "dang-bo-moi", f"{EFFECTIVE}:") in placed()


def test_people_and_units_are_assigned_to_results_of_the_row_alone(here: Tree) -> None:
    decision = merge(here)
    event = decision.events.get()
    source = event.units.get(part="source")
    person = here.people["one"][0].pk

    for wrong in ({person: source.pk}, {person: 0}, {0: event.units.get(part="result").pk}):
        with pytest.raises(DomainError) as refused_:
            reorganizations.assign(event, by=here.drafter, on=TODAY, people=wrong)
        assert list(refused_.value.fields) == ["people"]
    for units in ({here.one.pk: source.pk}, {"x": "y"}):
        with pytest.raises(DomainError) as refused_:
            reorganizations.choose(
                event, by=here.drafter, on=TODAY, label="organizations", cleaned={"units": units}
            )
        assert list(refused_.value.fields) == ["units"]
    with pytest.raises(DomainError):
        reorganizations.choose(event, by=here.drafter, on=TODAY, label="nobody", cleaned={})


@pytest.mark.thorough
def test_a_confirmed_decision_is_edited_by_nobody(here: Tree) -> None:
    decision = merge(here, effective_on=LATER)
    event = decision.events.get()
    here.preview(decision)
    here.confirm(decision)

    for doing in (
        lambda: here.add(decision, "move", [here.one], [here.other]),
        lambda: reorganizations.withdraw_event(event, by=here.drafter, on=TODAY),
        lambda: here.preview(decision),
        lambda: here.confirm(decision),
    ):
        with pytest.raises(ConflictError):
            doing()


# ---------------------------------------------------------------- confirming and applying


def test_nothing_is_confirmed_without_a_preview(here: Tree) -> None:
    with pytest.raises(DomainError):
        here.confirm(merge(here))


CHANGES: dict[str, Callable[[Tree, Reorganization], object]] = {
    "a member more": lambda here, _d: member(here.one),
    "a row more": lambda here, d: here.add(d, "move", [here.three], [here.mine]),
    "another day": lambda here, d: reorganizations.rewrite(
        d, by=here.drafter, on=TODAY, number=d.number, signed_on=SIGNED, signer="A",
        effective_on=LATER,
    ),
    "a role there": lambda here, _d: appointed(account("la"), here.one),
}  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize("what", CHANGES)
def test_what_changed_since_the_preview_must_be_previewed_again(what: str, here: Tree) -> None:
    decision = merge(here)
    here.preview(decision)
    CHANGES[what](here, decision)

    with pytest.raises(ConflictError):
        here.confirm(decision)

    here.preview(decision)
    here.confirm(decision)


def test_a_decision_whose_day_has_come_gets_its_job_and_is_applied(here: Tree) -> None:
    decision = merge(here)
    here.preview(decision)

    confirmed = here.confirm(decision)

    job = confirmed.job
    assert job is not None
    assert (job.kind, job.subject, job.state, job.done, job.total) == (
        "reorganization",
        str(decision.public_id),
        "running",
        0,
        1,
    )
    assert job.asked_by == here.approver
    Outbox.objects.all().delete()
    [applied] = reorganizations.apply_due(on=TODAY)
    job.refresh_from_db()
    assert (applied.state, job.state, job.done, job.changed) == ("applied", "done", 1, 5)
    # Its news are taken along by the figures that follow in the same transaction.
    assert not Outbox.objects.exists()
    assert reorganizations.apply_due(on=TODAY) == []
    assert reorganizations.apply(applied, on=TODAY) == applied


@pytest.mark.thorough
def test_confirming_wakes_a_worker_only_for_what_is_due(
    here: Tree, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    woken: list[tuple[str, str]] = []
    monkeypatch.setattr(jobs, "wakers", [lambda kind, subject: woken.append((kind, subject))])
    now, later = (
        merge(here),
        here.draft(("move", [here.three], [here.mine]), number="2", effective_on=LATER),
    )
    here.preview(now)
    here.preview(later)

    with django_capture_on_commit_callbacks(execute=True):
        here.confirm(later)
        assert later.job is None
    assert woken == []
    with django_capture_on_commit_callbacks(execute=True):
        here.confirm(now)
    assert woken == [("reorganization", str(now.public_id))]


@pytest.mark.thorough
def test_a_decision_for_a_later_day_waits_for_it(here: Tree) -> None:
    decision = merge(here, effective_on=LATER)
    here.preview(decision)
    here.confirm(decision)
    before = placed()

    assert reorganizations.apply_due(on=LATER - timedelta(days=1)) == []
    assert placed() == before
    with pytest.raises(ConflictError):
        reorganizations.apply(decision, on=LATER - timedelta(days=1))

    [applied] = reorganizations.apply_due(on=LATER)
    assert applied.pk == decision.pk
    assert existed(here.one) == f"{BEGINNING}:{LATER}"


def test_a_decision_that_was_not_confirmed_is_not_applied(here: Tree) -> None:
    decision = here.preview(merge(here))

    assert reorganizations.apply_due(on=TODAY) == []
    with pytest.raises(ConflictError):
        reorganizations.apply(decision, on=TODAY)


def test_cancelling_before_the_day_leaves_nothing_but_the_row(here: Tree) -> None:
    decision = merge(here, effective_on=LATER)
    before = (placed(), belongings(*here.people["one"]), Membership.objects.count())
    here.preview(decision)
    here.confirm(decision)

    with pytest.raises(DomainError) as refused_:
        reorganizations.cancel(decision, by=here.drafter, on=TODAY, reason=" ")
    assert list(refused_.value.fields) == ["reason"]
    cancelled = reorganizations.cancel(decision, by=here.drafter, on=TODAY, reason="Thu hồi")

    assert (cancelled.state, cancelled.cancel_reason, cancelled.cancelled_by) == (
        "cancelled",
        "Thu hồi",
        here.drafter,
    )
    assert reorganizations.apply_due(on=LATER) == []
    assert (placed(), belongings(*here.people["one"]), Membership.objects.count()) == before
    with pytest.raises(ConflictError):
        reorganizations.cancel(decision, by=here.drafter, on=TODAY, reason="Lần nữa")


def test_cancelling_what_is_due_ends_its_job(here: Tree) -> None:
    decision = merge(here)
    here.preview(decision)
    here.confirm(decision)

    reorganizations.cancel(decision, by=here.drafter, on=TODAY, reason="Thu hồi")

    assert Job.objects.get(kind="reorganization").state == "failed"
    assert reorganizations.apply_due(on=TODAY) == []


def test_what_is_applied_is_not_cancelled(here: Tree) -> None:
    applied = here.applied(merge(here))

    with pytest.raises(ConflictError):
        reorganizations.cancel(applied, by=here.drafter, on=TODAY, reason="Thu hồi")


@pytest.mark.thorough
def test_what_cannot_be_applied_on_its_day_fails_with_the_reason_and_is_tried_again(
    here: Tree, owner_role: OwnerRole
) -> None:
    decision = merge(here, effective_on=LATER)
    other = here.draft(("move", [here.three], [here.mine]), number="2", effective_on=LATER)
    for one in (decision, other):
        here.preview(one)
        here.confirm(one)
    late = Membership.objects.create(
        person=member(here.four), cell=here.four, status="official",
        period=between(date(2000, 1, 1), date(2000, 2, 1)), reason_in="taken_over",
    ).person  # fmt: skip
    Membership.objects.filter(person=late, period__startswith=BEGINNING).update(
        period=between(BEGINNING, LATER)
    )
    stuck = Membership.objects.create(
        person=late, cell=here.one, status="official", period=since(LATER), reason_in="transferred"
    )

    [applied] = reorganizations.apply_due(on=LATER)

    assert applied.pk == other.pk
    decision.refresh_from_db()
    assert decision.state == State.FAILED
    assert decision.job is not None
    assert decision.job.state == "failed"
    assert "Chi bộ mot" in decision.job.errors[0]
    assert existed(here.one).endswith(":")

    with owner_role() as cursor:  # no operation moves it, nor may the product
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE organizations_membership SET cell_id = %s WHERE id = %s",
            [here.two.pk, stuck.pk],
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    reorganizations.preview(decision, by=here.approver, on=LATER)
    with pytest.raises(DomainError):
        reorganizations.confirm(decision, by=here.drafter, on=LATER)
    reorganizations.confirm(decision, by=here.approver, on=LATER)
    [applied] = reorganizations.apply_due(on=LATER)
    assert applied.pk == decision.pk


@pytest.mark.thorough
def test_a_failed_decision_may_be_cancelled(here: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    decision = merge(here)
    here.preview(decision)
    here.confirm(decision)
    monkeypatch.setattr(applying, "write", broken)

    assert reorganizations.apply_due(on=TODAY) == []

    decision.refresh_from_db()
    assert (decision.state, decision.job and decision.job.errors) == (
        "failed",
        [_("It was broken off (%(kind)s).") % {"kind": "RuntimeError"}],
    )
    reorganizations.cancel(decision, by=here.drafter, on=TODAY, reason="Thôi")


def broken(*_arguments: object, **_more: object) -> dict[str, int]:
    raise RuntimeError("đứt giữa chừng")


@pytest.mark.thorough
def test_a_worker_killed_halfway_leaves_nothing_and_the_next_one_does_it(
    here: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = merge(here)
    here.preview(decision)
    job = here.confirm(decision).job
    assert job is not None
    before = (placed(), belongings(*here.people["one"]))
    end = applying.announce

    def killed(*_arguments: object, **_more: object) -> None:
        raise SystemExit

    monkeypatch.setattr(applying, "announce", killed)
    with pytest.raises(SystemExit):
        reorganizations.apply_due(on=TODAY)
    assert (placed(), belongings(*here.people["one"])) == before
    decision.refresh_from_db()
    assert decision.state == State.CONFIRMED

    monkeypatch.setattr(applying, "announce", end)
    [applied] = reorganizations.apply_due(on=TODAY)
    assert applied.job is not None
    applied.job.refresh_from_db()
    assert (applied.state, applied.job.state) == ("applied", "done")
    assert ancestry.verify().is_right


@pytest.mark.thorough
def test_a_job_whose_worker_is_gone_does_not_say_running_for_ever(here: Tree) -> None:
    decision = merge(here)
    here.preview(decision)
    job = here.confirm(decision).job
    assert job is not None
    Job.objects.filter(pk=job.pk).update(started_at=clock.now() - timedelta(minutes=16))

    [applied] = reorganizations.apply_due(on=TODAY)

    job.refresh_from_db()
    assert job.state == "failed"
    assert applied.job is not None
    assert applied.job.pk != job.pk


@pytest.mark.thorough
def test_a_large_decision_is_previewed_by_a_worker(
    here: Tree, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    woken: list[tuple[str, str]] = []
    monkeypatch.setattr(jobs, "wakers", [lambda kind, subject: woken.append((kind, subject))])
    monkeypatch.setattr(applying, "TRIED_AT_ONCE", 2)
    decision = here.draft(("dissolve", [here.mine], []))

    with django_capture_on_commit_callbacks(execute=True):
        asked = here.preview(decision)
        again = here.preview(decision)

    assert asked.preview is None
    assert asked.job is not None
    assert (asked.job.kind, asked.job.total, asked.job) == ("reorganization-preview", 3, again.job)
    assert woken[0] == ("reorganization-preview", str(decision.public_id))
    done = reorganizations.preview_as_job(str(decision.public_id), on=TODAY)
    assert done is not None
    asked.job.refresh_from_db()
    assert (asked.job.state, done.preview and done.preview["refusals"]) == ("done", [])
    assert reorganizations.preview_as_job(str(decision.public_id), on=TODAY) is None
    here.confirm(decision)
    assert len(reorganizations.apply_due(on=TODAY)) == 1


@pytest.mark.thorough
def test_a_look_asks_no_more_for_more_units(here: Tree, django_assert_max_num_queries: Any) -> None:
    def looked_at(number: int, *, name: str) -> int:
        made = found_many(
            [
                NewOrganization(
                    f"{name}-{n}", f"Chi bộ {name} {n}", "", "cell", "hon-gai", BEGINNING
                )
                for n in range(number)
            ]
        )
        decision = here.draft(*(("merge", [one], [here.two]) for one in made.values()), number=name)
        for one in made.values():
            member(one)
        with CaptureQueriesContext(connection) as queries:
            assert here.refusals(decision) == []
        return len(queries)

    assert looked_at(3, name="it") == looked_at(12, name="nhieu")


# ---------------------------------------------------------------- pasted tables


@pytest.mark.thorough
def test_a_pasted_table_becomes_events(here: Tree) -> None:
    decision = here.draft()
    text = "\n".join(
        [
            "Loại sự kiện\tĐơn vị\tKết quả\tLoại hình\tCấp trên",
            "",
            "sáp nhập\tmot\tChi bộ hai",
            "Thành lập\t\tĐảng bộ Mới\tĐảng bộ cơ sở\ttren",
            "thành lập\t\tChi bộ Mới\tcell\tĐảng bộ Mới",
            "Giải thể\tChi bộ bon",
        ]
    )

    events = reorganizations.import_events(decision, by=here.drafter, on=TODAY, text=text)

    assert [event.kind for event in events] == ["merge", "found", "found", "dissolve"]
    here.applied(decision)
    assert ("chi-bo-moi", "dang-bo-moi", f"{EFFECTIVE}:") in placed()
    assert existed(here.one) == existed(here.four) == f"{BEGINNING}:{EFFECTIVE}"


def test_a_table_with_wrong_rows_writes_nothing_and_names_them(here: Tree) -> None:
    decision = here.draft()
    cell("bon-khac", here.other, name="Chi bộ bon")
    text = "\n".join(
        [
            "giải thể\tmot\tba",
            "sáp nhập\tkhông có\thai",
            "gộp\tmot\thai",
            "giải thể\tChi bộ bon",
            "thành lập\t\tChi bộ X",
            "thành lập\t\tChi bộ X\thội\ttren",
            "sáp nhập\tmot",
        ]
    )

    rows = reorganizations.read_events(text, reorganization=decision, on=TODAY)
    assert [bool(row.error) for row in rows] == [False, True, True, True, True, True, True]
    with pytest.raises(DomainError) as refused_:
        reorganizations.import_events(decision, by=here.drafter, on=TODAY, text=text)

    assert list(refused_.value.fields) == ["text"]
    assert all(str(number) in refused_.value.fields["text"] for number in range(2, 8))
    assert not decision.events.exists()
    with pytest.raises(DomainError):
        reorganizations.import_events(decision, by=here.drafter, on=TODAY, text=" \n")


# ---------------------------------------------------------------- two at once


def at_once(*actions: Callable[[], object], told: list[str] | None = None) -> list[str]:
    """Run `actions` on connections of their own, begun together; return how each ended.

    What the refused are told goes to `told`.
    """
    gate = threading.Barrier(len(actions))
    ends: list[str] = [""] * len(actions)

    def run(number: int, action: Callable[[], object]) -> None:
        gate.wait()
        try:
            action()
            ends[number] = "done"
        except DomainError as refused:
            ends[number] = "refused"
            if told is not None:
                told.append(str(refused))
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


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_of_two_decisions_over_one_unit_exactly_one_is_confirmed() -> None:
    here = tree()
    first = here.preview(merge(here))
    second = here.preview(here.draft(("move", [here.one], [here.other]), number="2"))

    told: list[str] = []

    ends = at_once(lambda: here.confirm(first), lambda: here.confirm(second), told=told)

    assert ends == ["done", "refused"]
    won = Reorganization.objects.get(state=State.CONFIRMED)
    assert told == [f"Chi bộ mot đã nằm trong quyết định số {won.number} của Đảng bộ tren."]
    assert len(reorganizations.apply_due(on=TODAY)) == 1
    assert ancestry.verify().is_right


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_a_double_click_confirms_once_and_two_workers_apply_once() -> None:
    here = tree()
    decision = here.preview(merge(here))

    assert at_once(*[lambda: here.confirm(decision)] * 2) == ["done", "refused"]

    done: list[int] = []
    at_once(*[lambda: done.append(len(reorganizations.apply_due(on=TODAY)))] * 3)
    assert sum(done) == 1
    assert Job.objects.filter(kind="reorganization").count() == 1
    assert Job.objects.get(kind="reorganization").state == "done"


@pytest.mark.django_db(transaction=True)
def test_of_two_drafts_with_one_number_exactly_one_is_made() -> None:
    here = tree()

    assert at_once(here.draft, here.draft) == ["done", "refused"]
