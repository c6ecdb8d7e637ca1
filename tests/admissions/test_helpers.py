"""Who helps whom, how much each carries, what they note, and what happens when one goes."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from admissions.cases import case_of, cases_of
from admissions.guards import STEPS
from admissions.models import Candidate, MentorNote, Mentorship, Milestone
from admissions.operations.candidates import close_candidate
from admissions.operations.helpers import add_note, release_mentor
from admissions.operations.preparation import assign_mentor, put_on_list
from admissions.selectors.helpers import (
    helping,
    unfit,
    without_helper,
)
from admissions.selectors.tasks import tasks
from admissions.stages import Stage, Step
from config.errors import DomainError
from organizations.models import Membership, Organization, User
from organizations.operations.people import join, leave
from organizations.sheets.waiting import waiting_for
from tests.admissions.test_races import at_once, one_is_told
from tests.makers import (
    DAY,
    WAY,
    World,
    account,
    candidate,
    logged,
    members,
    once,
    world,
)


def now(file: Candidate) -> Candidate:
    return Candidate.objects.select_related("person", "cell", "rules").get(pk=file.pk)


def help_of(file: Candidate) -> Mentorship:
    return Mentorship.objects.get(candidate=file, period__endswith__isnull=True)


def released(kc: World, one: Mentorship, **changes: Any) -> Mentorship:
    values = {"by": kc.secretary, "on": DAY, "released_on": DAY, "reason": "Chuyển đi", **changes}
    return release_mentor(one, **values)


def cells(*found: Organization) -> Any:
    return Organization.objects.filter(pk__in=[one.pk for one in found]).values("pk")


# ---------------------------------------------------------------- letting one go


def test_a_helper_goes_and_another_comes_in_one_action(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    left = released(kc, help_of(file), mentor=kc.members[1], comment="Tiến bộ tốt")

    assert (left.mentor, left.period.upper, left.comment) == (kc.members[0], DAY, "Tiến bộ tốt")
    assert help_of(file).mentor == kc.members[1]
    assert help_of(file).period.lower == DAY
    told = Milestone.objects.filter(candidate=file, on=DAY).order_by("pk")
    assert [one.step for one in told] == [Step.RELEASE_MENTOR, Step.ASSIGN_MENTOR]
    assert [one.mentor for one in case_of(now(file), on=DAY - timedelta(days=1)).mentorships] == [
        kc.members[0]
    ]


def test_nobody_need_come_at_once(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    released(kc, help_of(file))

    assert case_of(now(file), on=DAY).mentorships == []
    assert [one.pk for one in without_helper(cells(kc.cell), on=DAY)] == [file.pk]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"released_on": WAY["mentored_on"]}, "released_on"),
        ({"released_on": DAY + timedelta(days=1)}, "released_on"),
    ],
)
def test_an_impossible_release_changes_nothing(
    kc: World, changes: dict[str, Any], field: str
) -> None:
    file = candidate(kc, at=Stage.READY)

    with pytest.raises(DomainError) as refusal:
        released(kc, help_of(file), **changes)

    assert list(refusal.value.fields) == [field]
    assert help_of(file).released_because == ""
    assert released(kc, help_of(file), released_on=WAY["mentored_on"] + timedelta(days=1)).pk


def test_who_comes_instead_must_be_able_to_help_or_nobody_goes(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    stranger = members(world(slug="hg", number=1).cell, 1)[0]

    with pytest.raises(DomainError) as refusal:
        released(kc, help_of(file), mentor=stranger)

    assert list(refusal.value.fields) == ["mentor"]
    assert help_of(file).mentor == kc.members[0]


def test_only_the_secretary_lets_a_helper_go(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    for user in (kc.secretary2, kc.staff, kc.approver, kc.leader, kc.auditor, kc.administrator):
        with pytest.raises(PermissionDenied):
            released(kc, help_of(file), by=user)


def test_who_went_does_not_go_again(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    one = help_of(file)
    released(kc, one)

    with pytest.raises(DomainError):
        released(kc, one)


@pytest.mark.django_db(transaction=True)
def test_two_replace_one_helper_at_once() -> None:
    kc = world()
    file = candidate(kc, at=Stage.READY)
    one = help_of(file)

    one_is_told(
        at_once(
            lambda: released(kc, one, mentor=kc.members[1]),
            lambda: released(kc, one, mentor=kc.members[2]),
        )
    )

    assert Mentorship.objects.filter(candidate=file).count() == 2


# ---------------------------------------------------------------- on probation


def test_a_change_of_helper_on_probation_leaves_two_to_comment(kc: World) -> None:
    """T27: the change is recorded, and two forms 11-KNĐ are needed."""
    file = candidate(kc, at=Stage.ADMITTED)
    released(kc, help_of(file), mentor=kc.members[1])

    found = case_of(now(file), on=DAY).helpers_on_probation

    assert [one.mentor for one in found] == [kc.members[0], kc.members[1]]
    assert found[1].on_probation


def test_who_helped_until_the_ceremony_only_does_not_comment(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    released(kc, help_of(file), released_on=date(2021, 3, 1), mentor=kc.members[1])

    assert case_of(now(file), on=DAY).helpers_on_probation == []


# ---------------------------------------------------------------- whom to replace


def helpers_amiss(user: User) -> list[tuple[str, int]]:
    """What the page of tasks tells `user` of helpers."""
    rows = waiting_for(user, on=DAY)
    return [(row.title, row.count) for row in rows if row.url.startswith(reverse("helper-list"))]


def test_ending_a_helpers_membership_asks_for_another_on_that_day(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    assert helpers_amiss(kc.secretary) == []

    leave(Membership.objects.get(person=kc.members[0]), on=DAY, reason_out="left")

    assert unfit(cells(kc.cell), on=DAY - timedelta(days=1)) == {}
    assert unfit(cells(kc.cell), on=DAY) == {help_of(file).pk: "no official member any more"}
    assert helpers_amiss(kc.secretary) == [("Helpers to replace", 1)]
    assert helpers_amiss(kc.secretary2) == []


def test_a_helper_of_another_cell_of_the_unit_may_go_on(kc: World) -> None:
    helper, stranger = members(kc.sibling, 2)
    file = candidate(kc, at=Stage.READY)
    assign_mentor(file, by=kc.secretary, on=DAY, mentor=helper, since=DAY)
    elsewhere = world(slug="hg", number=1)
    assign_mentor(file, by=kc.secretary, on=DAY, mentor=stranger, since=DAY - timedelta(days=9))

    assert unfit(cells(kc.cell), on=DAY) == {}
    leave(Membership.objects.get(person=stranger), on=DAY, reason_out="transferred")
    join(stranger, cell=elsewhere.cell, status="official", on=DAY, reason_in="transferred")

    wrong = Mentorship.objects.get(mentor=stranger)
    assert unfit(cells(kc.cell), on=DAY) == {wrong.pk: "member of another grassroots organisation"}


@pytest.mark.thorough
def test_the_load_counts_all_whom_one_helps(kc: World) -> None:
    files = [candidate(kc, at=Stage.READY) for _number in range(3)]
    released(kc, help_of(files[0]))
    closed = candidate(kc, at=Stage.READY)
    close_candidate(closed, by=kc.secretary, on=DAY, closed_on=DAY, reason="Thôi")

    rows = list(helping(cells(kc.cell), on=DAY))

    assert [(one.candidate_id, one.load) for one in rows] == [(files[1].pk, 2), (files[2].pk, 2)]


# ---------------------------------------------------------------- notes


def test_the_secretary_and_the_helper_note_down(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    helper = account("nguoi-giup", person=kc.members[0])

    add_note(help_of(file), by=kc.secretary, on=DAY, noted_on=DAY, text="Giao việc tháng 5")
    add_note(help_of(file), by=helper, on=DAY, noted_on=DAY, text="Đã làm tốt")

    assert MentorNote.objects.count() == 2
    for user in (kc.secretary2, kc.staff, account("ai-do", person=kc.members[1])):
        with pytest.raises(PermissionDenied):
            add_note(help_of(file), by=user, on=DAY, noted_on=DAY, text="Không")


def test_a_note_is_of_a_day_of_the_help(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    eve = WAY["mentored_on"] - timedelta(days=1)
    for day, text, field in (
        (eve, "Trước", "noted_on"),
        (DAY + timedelta(days=1), "Sau", "noted_on"),
        (DAY, " ", "text"),
    ):
        with pytest.raises(DomainError) as refusal:
            add_note(help_of(file), by=kc.secretary, on=DAY, noted_on=day, text=text)
        assert list(refusal.value.fields) == [field]

    noted = add_note(
        help_of(file), by=kc.secretary, on=DAY, noted_on=WAY["mentored_on"], text="Ngày đầu"
    )
    assert noted.pk


# ---------------------------------------------------------------- pages


def signed_in(user: Any) -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


@pytest.mark.thorough
def test_the_page_says_who_helps_whom_and_since_when(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    without = logged(kc)
    put_on_list(without, by=kc.secretary, on=DAY, held_on=WAY["listed_on"])

    for user in (kc.secretary, kc.staff, kc.auditor):
        page = signed_in(user).get(reverse("helper-list"))
        text = page.content.decode()
        assert kc.members[0].full_name in text
        assert file.person.full_name in text
        assert "01/07/2020" in text
    other = signed_in(kc.secretary).get(reverse("helper-list"), {"phan": "chua-co"})
    assert without.person.full_name in other.content.decode()
    assert file.person.full_name not in other.content.decode()
    assert file.person.full_name not in (
        signed_in(kc.secretary2).get(reverse("helper-list")).content.decode()
    )
    assert signed_in(kc.leader).get(reverse("helper-list")).status_code == 404


@pytest.mark.thorough
def test_the_page_asks_as_often_for_many_as_for_few(
    kc: World, django_assert_max_num_queries: Any
) -> None:
    for _number in range(2):
        candidate(kc, at=Stage.READY)
    client = signed_in(kc.staff)
    client.get(reverse("helper-list"))
    with django_assert_max_num_queries(40) as few:
        client.get(reverse("helper-list"))
    for _number in range(6):
        candidate(kc, at=Stage.READY)

    with django_assert_max_num_queries(len(few)):
        client.get(reverse("helper-list"))


def test_a_helper_with_an_account_finds_and_notes_whom_they_help(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    client = signed_in(account("nguoi-giup", person=kc.members[0]))
    one = help_of(file)

    page = client.get(reverse("helper-list"), {"phan": "cua-toi"}).content.decode()
    assert reverse("helper-note", args=[one.pk]) in page
    assert reverse("candidate-detail", args=[file.public_id]) not in page
    values = {"noted_on": "28/05/2021", "text": "Đã giao việc", "once": once()}
    answers = [client.post(reverse("helper-note", args=[one.pk]), values) for _time in range(2)]

    assert [one.status_code for one in answers] == [303, 303]
    assert MentorNote.objects.get().text == "Đã giao việc"
    assert client.get(reverse("candidate-detail", args=[file.public_id])).status_code == 404


@pytest.mark.thorough
def test_the_secretary_replaces_a_helper_on_a_page(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    one = help_of(file)
    client = signed_in(kc.secretary)
    url = reverse("candidate-step", args=[file.public_id, "thoi-giup-do"])
    home = client.get(reverse("candidate-detail", args=[file.public_id])).content.decode()
    assert f"{url}?ai={one.pk}" in home

    wrong = client.post(
        url, {"helper": one.pk, "released_on": "28/05/2021", "reason": "", "once": once()}
    )
    right = client.post(
        url,
        {
            "helper": one.pk,
            "released_on": "28/05/2021",
            "reason": "Chuyển công tác",
            "comment": "Có tiến bộ",
            "mentor": kc.members[1].pk,
            "once": once(),
        },
    )

    assert (wrong.status_code, right.status_code) == (422, 303)
    assert help_of(file).mentor == kc.members[1]
    after = client.get(reverse("candidate-detail", args=[file.public_id])).content.decode()
    assert "Chuyển công tác" in after
    assert signed_in(kc.staff).get(url).status_code == 404


def guarded(file: Candidate, *, on: date = DAY) -> str:
    [case] = cases_of([Candidate.objects.get(pk=file.pk)], on=on)
    return " ".join(STEPS[Step.VOTE_CELL].refusals(case))


def test_the_cell_considers_nobody_whose_only_helper_is_no_official_member_any_more(
    kc: World,
) -> None:
    file = candidate(kc, at=Stage.READY)
    leave(Membership.objects.get(person=kc.members[0]), on=DAY, reason_out="left")

    shown = tasks(kc.secretary, on=DAY)

    assert guarded(file, on=DAY - timedelta(days=1)) == ""
    assert "is no official member: another one helps" in guarded(file)
    assert shown is not None
    assert shown.first is not None
    assert (shown.first.step, file.person.full_name in shown.first.title) == (
        Step.ASSIGN_MENTOR, True,
    )  # fmt: skip


def test_a_helper_of_another_cell_of_the_unit_does_before_the_vote_and_one_of_another_unit_not(
    kc: World,
) -> None:
    file = candidate(kc, at=Stage.READY)
    elsewhere = world(slug="hg", number=1)
    membership = Membership.objects.get(person=kc.members[0])
    leave(membership, on=DAY, reason_out="transferred")
    join(kc.members[0], cell=kc.sibling, status="official", on=DAY, reason_in="transferred")
    assert guarded(file) == ""

    later = DAY + timedelta(days=5)
    leave(Membership.objects.on(DAY).get(person=kc.members[0]), on=later, reason_out="transferred")
    join(kc.members[0], cell=elsewhere.cell, status="official", on=later, reason_in="transferred")

    assert "nobody of this grassroots organisation helps" in guarded(file, on=later)
