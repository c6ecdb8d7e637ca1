"""Who introduces: named, the months together to the day, ended, replaced; who may not approve."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse

from admissions.cases import case_of, cases_of
from admissions.guards_of_separation import part_taken
from admissions.models import Candidate, Decision, Introducer, Verification
from admissions.operations.candidates import edit_candidate
from admissions.operations.introducers import end_introducer, name_introducer
from admissions.operations.preparation import assign_mentor
from admissions.operations.recording import constraint_of
from admissions.operations.verifications import send_verification
from admissions.permissions import Rights
from admissions.selectors import NextStep, next_step
from admissions.stages import Stage, Step
from config.errors import DomainError
from organizations.models import Membership, Person, User
from tests.admissions.test_pages import errors, page, send, signed_in, url
from tests.makers import DAY, WAY, World, candidate, decided, logged, member, once, prepared

TOGETHER = date(2019, 6, 1)
NAMED = date(2021, 2, 1)


def named(kc: World, file: Candidate, **changes: Any) -> Introducer:
    values: dict[str, Any] = {
        "by": kc.secretary,
        "on": DAY,
        "kind": "member",
        "person": kc.members[1],
        "together_since": TOGETHER,
        "named_on": NAMED,
        **changes,
    }
    return name_introducer(file, **values)


def refused(kc: World, file: Candidate, **changes: Any) -> list[str]:
    with pytest.raises(DomainError) as refusal:
        named(kc, file, **changes)
    return list(refusal.value.fields)


def test_naming_an_introducer_is_a_milestone_and_moves_no_file(kc: World) -> None:
    file = logged(kc)

    introducer = named(kc, file)

    assert (introducer.person, introducer.together_since) == (kc.members[1], TOGETHER)
    [milestone] = file.milestones.filter(step=Step.INTRODUCE)
    assert (milestone.on, milestone.note) == (NAMED, kc.members[1].full_name)
    assert Candidate.objects.get(pk=file.pk).stage == Stage.SOURCE


@pytest.mark.parametrize(
    ("since", "is_refused"), [(date(2020, 2, 1), False), (date(2020, 2, 2), True)]
)
def test_who_introduces_is_together_with_the_candidate_for_twelve_months(
    kc: World, since: date, is_refused: bool
) -> None:
    file = logged(kc)

    if is_refused:
        assert refused(kc, file, together_since=since) == ["together_since"]
    else:
        assert named(kc, file, together_since=since).pk


def test_an_official_member_of_the_same_unit_introduces(kc: World) -> None:
    file = logged(kc)
    probationary = member(kc.cell, status="probationary")

    assert refused(kc, file, person=probationary) == ["person"]
    assert refused(kc, file, person=file.person) == ["person"]
    assert refused(kc, file, person=None) == ["person"]
    assert refused(kc, file, together_since=None) == ["together_since"]
    assert refused(kc, file, named_on=date(2020, 5, 31)) == ["named_on"]
    # A member official for less than a year may, if together long enough (M).
    newly = member(kc.sibling, since=date(2020, 12, 1))
    assert named(kc, file, person=newly).pk


def test_a_member_introduces_once_and_one_union(kc: World) -> None:
    file = logged(kc, is_youth_union_member=True)
    named(kc, file)
    union = {"kind": "youth_union", "union": "Chi đoàn Khe Chàm", "person": None}
    named(kc, file, **union)

    assert refused(kc, file) == ["person"]
    assert refused(kc, file, kind="trade_union", union="Công đoàn Khe Chàm") == ["union"]
    assert refused(kc, file, kind="trade_union", union=" ") == ["union"]


def test_the_youth_union_introduces_its_members_alone(kc: World) -> None:
    assert refused(kc, logged(kc), kind="youth_union", union="Chi đoàn Khe Chàm") == ["kind"]


def test_a_replaced_introducer_needs_no_months_together(kc: World) -> None:
    file = logged(kc)
    first = named(kc, file)

    end_introducer(
        first, by=kc.secretary, on=DAY, ended_on=date(2021, 4, 1), reason="Chuyển đi",
        successor=kc.members[2],
    )  # fmt: skip

    first.refresh_from_db()
    assert (first.ended_on, first.ended_because) == (date(2021, 4, 1), "Chuyển đi")
    second = Introducer.objects.get(replaces=first)
    assert (second.person, second.together_since) == (kc.members[2], None)
    assert second.named_on == date(2021, 4, 1)


@pytest.mark.thorough
def test_an_introduction_on_which_the_cell_resolved_ends_after_that_day(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    first = file.introducers.order_by("pk").first()
    values: dict[str, Any] = {"by": kc.secretary, "on": DAY, "reason": "Chuyển đi"}

    for day in (WAY["papers_on"], WAY["cell_on"]):
        with pytest.raises(DomainError) as refusal:
            end_introducer(first, ended_on=day, **values)
        assert list(refusal.value.fields) == ["ended_on"]
    end_introducer(first, ended_on=WAY["cell_on"] + timedelta(days=1), **values)


def test_an_introduction_ends_once_after_its_day_with_a_reason(kc: World) -> None:
    file = logged(kc)
    first = named(kc, file)

    def refusals(**changes: Any) -> list[str]:
        values = {"by": kc.secretary, "on": DAY, "ended_on": DAY, "reason": "Chuyển đi", **changes}
        with pytest.raises(DomainError) as refusal:
            end_introducer(first, **values)
        return list(refusal.value.fields)

    assert refusals(reason=" ") == ["reason"]
    assert refusals(ended_on=date(2021, 1, 31)) == ["ended_on"]
    probationary = member(kc.cell, status="probationary")
    assert refusals(successor=probationary) == ["successor"]
    assert Introducer.objects.get(pk=first.pk).ended_on is None
    end_introducer(first, by=kc.secretary, on=DAY, ended_on=DAY, reason="Chuyển đi")
    assert refusals() == ["ended_on"]


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary2", "staff", "approver", "auditor", "leader"])
def test_only_who_prepares_the_file_names_introducers(kc: World, who: str) -> None:
    file = logged(kc)
    first = named(kc, file)

    with pytest.raises(PermissionDenied):
        named(kc, file, by=getattr(kc, who), person=kc.members[2])
    with pytest.raises(PermissionDenied):
        end_introducer(first, by=getattr(kc, who), on=DAY, ended_on=DAY, reason="Chuyển đi")


@pytest.mark.thorough
def test_who_introduces_does_not_approve(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    named(kc, file)
    User.objects.filter(pk=kc.approver.pk).update(person=kc.members[1])
    approver = User.objects.get(pk=kc.approver.pk)

    reason = part_taken(case_of(file, on=DAY), by=approver)

    assert reason == "You introduce this candidate, so another approver records the decision."
    with pytest.raises(DomainError) as refusal:
        decided(kc, file, by=approver)
    assert refusal.value.sentence == reason
    assert not file.decisions.exists()


@pytest.mark.thorough
def test_the_database_too_keeps_an_introducer_from_approving(kc: World) -> None:
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    other = decided(kc, candidate(kc, at=Stage.COMPETENT_RESOLVED))
    named(kc, file)
    User.objects.filter(pk=kc.approver.pk).update(person=kc.members[1])
    other.pk, other.candidate, other.number = None, file, "77-QĐ/ĐU"

    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        Decision.objects.bulk_create([other])

    assert constraint_of(refusal.value) == "decision_approver_took_no_part_in_the_case"


# ---------------------------------------------------------------- pages


OLDER = date(1985, 9, 17)
"""Past youth age: two members introduce."""


def naming(file: Candidate) -> str:
    return url("candidate-step", file, "gioi-thieu")


def typed(first: Person, second: Person | None = None, **changes: Any) -> dict[str, Any]:
    more = {"person_2": second.pk, "together_since_2": ""} if second else {}
    since = {"together_since": "01/06/2019", "named_on": "01/02/2021"}
    return {"person": first.pk, **more, **since, **changes}


def form_of(answer: Any) -> Any:
    return answer.context["form"]


@pytest.mark.thorough
def test_an_introducer_is_named_ended_and_replaced_by_pages(kc: World) -> None:
    file = logged(kc)

    late = send(kc.secretary, naming(file), **typed(kc.members[1], together_since="02/02/2020"))
    answer = send(kc.secretary, naming(file), **typed(kc.members[1]))
    first = Introducer.objects.get()
    end = url("introducer-end", file, first.pk)
    ended = send(
        kc.secretary, end, ended_on="01/04/2021", reason="Chuyển đi", successor=kc.members[2].pk
    )

    assert list(errors(late)) == ["together_since"]
    assert (answer.status_code, ended.status_code) == (303, 303)
    shown = page(kc.secretary, url("candidate-detail", file))
    assert "until 01/04/2021: Chuyển đi" in shown
    assert "since 01/04/2021, in another" in shown


def test_both_introducers_are_named_on_one_page_and_the_helper_is_chosen_there(kc: World) -> None:
    file = logged(kc, born_on=OLDER)
    assign_mentor(file, by=kc.secretary, on=DAY, mentor=kc.members[3], since=date(2020, 7, 1))

    form = form_of(signed_in(kc.secretary).get(naming(file)))
    assert list(form.fields)[1:5] == ["person", "together_since", "person_2", "together_since_2"]
    assert "union" not in form.fields
    assert form["person"].value() == kc.members[3].pk

    sent = {**typed(kc.members[3], kc.members[4]), "once": once()}
    answers = [send(kc.secretary, naming(file), **sent) for _click in range(2)]

    assert [one.status_code for one in answers] == [303, 303]
    assert [(one.person, one.together_since) for one in Introducer.objects.all()] == [
        (kc.members[3], TOGETHER), (kc.members[4], TOGETHER),
    ]  # fmt: skip
    [milestone] = file.milestones.filter(step=Step.INTRODUCE)
    assert milestone.note == f"{kc.members[3].full_name}; {kc.members[4].full_name}"


@pytest.mark.thorough
def test_a_member_and_the_union_are_named_on_one_page(kc: World) -> None:
    file = logged(kc, is_youth_union_member=True)

    form = form_of(signed_in(kc.secretary).get(naming(file)))
    assert "person_2" not in form.fields
    sent = {**typed(kc.members[1], union="Chi đoàn Khe Chàm"), "once": once()}
    answers = [send(kc.secretary, naming(file), **sent) for _click in range(2)]

    stranger = logged(kc)
    refused = send(kc.secretary, naming(stranger), **typed(kc.members[1], union="Chi đoàn 1"))
    assert list(errors(refused)) == ["union"]
    assert not stranger.introducers.exists()
    assert form.fields["union"].label == Introducer.Kind.YOUTH_UNION.label
    assert [one.status_code for one in answers] == [303, 303]
    kinds = Introducer.objects.values_list("kind", flat=True)
    assert list(kinds) == [Introducer.Kind.MEMBER, Introducer.Kind.YOUTH_UNION]


@pytest.mark.thorough
def test_what_is_amiss_with_one_is_said_at_its_field_and_none_is_named(kc: World) -> None:
    file = logged(kc, born_on=OLDER)
    here, probationary = kc.members[1], member(kc.cell, status="probationary")

    def refused_at(**changes: Any) -> list[str]:
        answer = send(kc.secretary, naming(file), **{**typed(here, kc.members[2]), **changes})
        assert answer.status_code == 422
        return list(errors(answer))

    assert refused_at(together_since_2="02/02/2020") == ["together_since_2"]
    assert refused_at(together_since="", together_since_2="01/06/2019") == ["together_since"]
    assert refused_at(person_2=here.pk) == ["person_2"]
    assert refused_at(person_2=probationary.pk) == ["person_2"]
    assert refused_at(person="", person_2="", together_since="") == ["person"]
    assert not Introducer.objects.exists()
    assert not file.milestones.filter(step=Step.INTRODUCE).exists()


def test_one_who_still_lacks_is_named_alone(kc: World) -> None:
    file = logged(kc, born_on=OLDER)
    named(kc, file)

    form = form_of(signed_in(kc.secretary).get(naming(file)))

    assert "person_2" not in form.fields
    assert "1 official members introduce; 2 must" in page(kc.secretary, naming(file))


# ---------------------------------------------------------------- before the cell's vote


def coming(kc: World, file: Candidate) -> NextStep:
    fresh = Candidate.objects.get(pk=file.pk)
    [case] = cases_of([fresh], on=DAY)
    step = next_step(case, Rights.of(kc.secretary, on=DAY, cells=[file.cell_id]))
    assert step is not None
    return step


def without_introducers(kc: World, **changes: Any) -> Candidate:
    """A file that lacks nothing else for the cell's vote, of which one introducer has left."""
    file = prepared(kc, logged(kc, **{"born_on": OLDER, **changes}))
    first = file.introducers.order_by("pk")[0]
    end_introducer(first, by=kc.secretary, on=DAY, ended_on=DAY, reason="Chuyển đi")
    return file


def test_the_next_action_before_the_vote_is_to_name_who_introduces(kc: World) -> None:
    file = without_introducers(kc)

    step = coming(kc, file)
    assert (step.step, step.is_mine, step.url) == (Step.INTRODUCE, True, naming(file))
    assert "1 official members introduce; 2 must" in step.why

    send(kc.secretary, step.url, **typed(kc.members[5]))
    assert coming(kc, file).step == Step.VOTE_CELL


def test_the_next_action_asks_first_which_union_there_is(kc: World) -> None:
    file = prepared(kc, logged(kc))
    edit_candidate(file, by=kc.secretary, on=DAY, version=version(file), special=[])

    step = coming(kc, file)
    assert (step.step, step.url) == (Step.INTRODUCE, url("candidate-edit", file))
    assert url("candidate-edit", file) in page(kc.secretary, naming(file))

    edit_candidate(
        file, by=kc.secretary, on=DAY, version=version(file), special=[], is_youth_union_member=True
    )
    assert coming(kc, file).url == naming(file)


def version(file: Candidate) -> int:
    return Candidate.objects.get(pk=file.pk).version


@pytest.mark.thorough
def test_an_introducer_who_is_no_member_any_more_is_replaced_before_the_vote(kc: World) -> None:
    file = prepared(kc, logged(kc, born_on=OLDER))
    assert coming(kc, file).step == Step.VOTE_CELL

    gone = file.introducers.order_by("pk")[0].person
    Membership.objects.filter(person=gone).update(status="probationary")

    step = coming(kc, file)
    assert step.step == Step.INTRODUCE
    assert "no official member" in step.why


@pytest.mark.sweep
@pytest.mark.parametrize("where", ["vote", "meeting"])
def test_the_pages_of_the_vote_lead_to_where_introducers_are_named(kc: World, where: str) -> None:
    file = without_introducers(kc)
    address = {
        "vote": url("candidate-step", file, "chi-bo-xet"),
        "meeting": reverse("meeting-cell", args=[kc.cell.slug]),
    }[where]

    shown = page(kc.secretary, address)

    assert "1 official members introduce; 2 must" in shown
    assert f'href="{naming(file)}"' in shown


def test_a_relative_is_warned_of_and_not_refused(kc: World) -> None:
    file = logged(kc)
    send_verification(
        file, by=kc.secretary, on=DAY, relation=Verification.Relation.SPOUSE,
        subject=kc.members[1].full_name, place="Đảng ủy phường Hà Khánh", sent_on=NAMED,
    )  # fmt: skip

    named(kc, file)

    shown = page(kc.secretary, url("candidate-detail", file))
    assert "bears the name of a relative" in shown


@pytest.mark.thorough
def test_others_see_introducers_and_name_none(kc: World) -> None:
    file = logged(kc)
    first = named(kc, file)

    shown = page(kc.staff, url("candidate-detail", file))

    assert kc.members[1].full_name in shown
    assert "gioi-thieu" not in shown
    for user in (kc.staff, kc.secretary2, kc.auditor):
        for address in (
            url("candidate-step", file, "gioi-thieu"),
            url("introducer-end", file, first.pk),
        ):
            assert signed_in(user).get(address).status_code == 404
