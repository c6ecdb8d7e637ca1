"""Step 5: the grassroots committee permits the procedure before the cell votes."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from admissions.cases import case_of
from admissions.guards import permitted as guard
from admissions.models import Candidate, FileReturn, Milestone
from admissions.operations.permission import permit, permit_several
from admissions.operations.preparation import assign_mentor, issue_certificate, put_on_list
from admissions.permissions import Rights
from admissions.selectors.next_steps import next_step
from admissions.stages import Level, Stage, Step
from config.errors import DomainError
from organizations.models import User
from tests.makers import DAY, WAY, World, candidate, logged, once, prepared, vote
from tests.makers import permitted as permitted_by_the_committee

HELD_ON = date(2020, 12, 10)


def certified(world: World, **changes: Any) -> Candidate:
    file = logged(world, **changes)
    by, on = world.secretary, DAY
    put_on_list(file, by=by, on=on, held_on=WAY["listed_on"])
    assign_mentor(file, by=by, on=on, mentor=world.members[0], since=WAY["mentored_on"])
    issue_certificate(
        file, by=by, on=on, number=f"CN-{file.pk}", issuer="TTCT", issued_on=WAY["certified_on"]
    )
    return Candidate.objects.select_related("person", "cell", "rules").get(pk=file.pk)


def permission(world: World, file: Candidate, **changes: Any) -> Milestone:
    values: dict[str, Any] = {
        "by": world.staff, "on": DAY, "held_on": HELD_ON, "resolution_number": "06-NQ/ĐU",
        **changes,
    }  # fmt: skip
    return permit(file, **values)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_committee_permits_by_a_numbered_resolution(kc: World) -> None:
    file = certified(kc)

    milestone = permission(kc, file)

    file.refresh_from_db()
    assert (file.stage, file.stage_since) == (Stage.PERMITTED, HELD_ON)
    assert (milestone.on, milestone.decided_on) == (HELD_ON, HELD_ON)
    assert "06-NQ/ĐU" in milestone.note


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary", "staff2", "approver", "leader"])
def test_nobody_but_the_committees_own_staff_permits(kc: World, who: str) -> None:
    with pytest.raises(PermissionDenied):
        permission(kc, certified(kc), by=getattr(kc, who))


@pytest.mark.parametrize(
    ("held_on", "told"),
    [
        (date(2020, 11, 27), "no class certificate"),
        (date(2020, 6, 14), "not on the list"),
        (date(2021, 5, 29), "lies in the future"),
    ],
)
def test_a_permission_needs_list_and_certificate_on_its_day(
    kc: World, held_on: date, told: str
) -> None:
    file = certified(kc)

    with pytest.raises(DomainError) as refusal:
        permission(kc, file, held_on=held_on)

    assert list(refusal.value.fields) == ["held_on"]
    assert told in refusal.value.fields["held_on"]
    assert not Milestone.objects.filter(step=Step.PERMIT).exists()


@pytest.mark.parametrize(
    ("born_on", "is_permitted"), [(date(2003, 12, 10), True), (date(2003, 12, 11), False)]
)
def test_who_comes_of_age_while_the_papers_still_count_is_permitted(
    kc: World, born_on: date, is_permitted: bool
) -> None:
    # 12 months after the tenth of December 2020 is the tenth of December 2021
    file = certified(kc, born_on=born_on, identified_on=WAY["identified_on"])

    if is_permitted:
        permission(kc, file)
    else:
        with pytest.raises(DomainError, match="16 years old"):
            permission(kc, file)


def test_a_resolution_has_a_number_and_permits_once(kc: World) -> None:
    file = certified(kc)
    with pytest.raises(DomainError) as refusal:
        permission(kc, file, resolution_number="  ")
    assert list(refusal.value.fields) == ["resolution_number"]

    permission(kc, file)

    with pytest.raises(DomainError, match="permitted since 10/12/2020"):
        permission(kc, file)


def test_the_cell_does_not_vote_before_the_permission_and_does_on_its_day(kc: World) -> None:
    file = prepared(kc, logged(kc))
    case = case_of(file, on=WAY["certified_on"])
    assert guard(case) is None

    before = case_of(
        Candidate.objects.get(pk=file.pk), on=date(2020, 11, 27)
    )  # the day before it was permitted

    sentence = guard(before)
    assert sentence is not None
    assert "Đảng bộ kc-dang-uy has not permitted" in sentence
    assert "29-QĐ/TW" in sentence


def test_a_rule_set_may_do_without_it(kc: World, monkeypatch: pytest.MonkeyPatch) -> None:
    file = certified(kc)
    case = case_of(file, on=DAY)

    monkeypatch.setattr(case.rules, "permission_needed", False)

    assert guard(case) is None


def test_a_file_returned_to_before_the_permission_is_permitted_again(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    Milestone.objects.create(
        candidate=file, step=Step.RETURN, on=DAY, entered_by=kc.staff, back_to=Stage.SYMPATHISER
    )
    FileReturn.objects.create(
        candidate=file, organization=kc.committee, level=Level.GRASSROOTS, returned_on=DAY,
        back_to=Stage.SYMPATHISER, reason="Sai", course=2, entered_by=kc.staff,
    )  # fmt: skip
    with pytest.raises(DomainError, match="has not permitted"):
        vote(file, by=kc.secretary, level=Level.CELL, held_on=DAY, entitled=26)

    permitted_by_the_committee(file, held_on=DAY)

    assert guard(case_of(Candidate.objects.get(pk=file.pk), on=DAY)) is None


def test_several_are_permitted_all_or_none(kc: World) -> None:
    first, second = certified(kc), certified(kc)
    third = candidate(kc, at=Stage.SYMPATHISER)
    values = {"by": kc.staff, "on": DAY, "held_on": HELD_ON, "resolution_number": "06-NQ/ĐU"}

    with pytest.raises(DomainError) as refusal:
        permit_several([first, third, second], **values)
    assert list(refusal.value.fields) == [f"held_on-{third.pk}"]
    assert not Milestone.objects.filter(step=Step.PERMIT).exists()

    written = permit_several([second, first], **values)

    assert [one.candidate_id for one in written] == [second.pk, first.pk]


@pytest.mark.thorough
def test_one_page_permits_those_ticked(kc: World) -> None:
    first, second = certified(kc), certified(kc)
    page = reverse("permission-list")
    shown = browser(kc.staff).get(page)
    assert [row.file.pk for row, _tick in shown.context["rows"]] == [first.pk, second.pk]

    refused = browser(kc.staff).post(page, {"held_on": "10/12/2020", "once": once()})
    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == ["resolution_number"]
    day_before = {"held_on": "27/11/2020", "resolution_number": "6", f"file-{second.pk}": "on"}
    refused = browser(kc.staff).post(page, {**day_before, "once": once()})
    assert list(refused.context["form"].errors) == [f"file-{second.pk}"]
    answer = browser(kc.staff).post(
        page,
        {**day_before, "held_on": "10/12/2020", "once": once()},
    )

    assert answer.status_code == 303
    assert set(Candidate.objects.filter(stage=Stage.PERMITTED)) == {second}
    assert [row.file.pk for row, _tick in browser(kc.staff).get(page).context["rows"]] == [first.pk]


@pytest.mark.sweep
@pytest.mark.parametrize(("who", "status"), [("secretary", 404), ("leader", 404), ("staff2", 200)])
def test_the_page_is_for_staff_and_shows_what_their_own_committee_permits(
    kc: World, who: str, status: int
) -> None:
    certified(kc)

    answer = browser(getattr(kc, who)).get(reverse("permission-list"))

    assert answer.status_code == status
    if status == 200:
        assert answer.context["rows"] == []  # beneath them, and not theirs to permit


@pytest.mark.thorough
def test_a_secretary_waits_for_it_and_the_staff_has_a_task(kc: World) -> None:
    file = certified(kc)
    case = case_of(file, on=DAY)

    waits = next_step(case, Rights.of(kc.secretary, on=DAY, cells=[kc.cell.pk]))
    takes = next_step(case, Rights.of(kc.staff, on=DAY, cells=[kc.cell.pk]))

    assert waits is not None
    assert takes is not None
    assert (waits.step, waits.is_mine, waits.waits_for) == (
        Step.PERMIT,
        False,
        "Đảng bộ kc-dang-uy",
    )
    assert waits.title.startswith("Wait for Đảng bộ kc-dang-uy")
    assert (takes.step, takes.is_mine) == (Step.PERMIT, True)
    tasks = browser(kc.staff).get(reverse("task-list"))
    assert (1, reverse("permission-list")) in [
        (one.count, one.url) for one in tasks.context["waits"]
    ]


@pytest.mark.thorough
def test_the_page_of_many_asks_no_query_for_each(kc: World) -> None:
    client, page = browser(kc.staff), reverse("permission-list")
    certified(kc)
    client.get(page)
    with CaptureQueriesContext(connection) as one:
        client.get(page)
    for _number in range(4):
        certified(kc)

    with CaptureQueriesContext(connection) as five:
        client.get(page)

    assert len(five) == len(one), [query["sql"] for query in five][-12:]
