"""The planner of rounds: who makes which, by when, and what one meeting less moves."""

from __future__ import annotations

from datetime import date, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from admissions.models import Candidate, Deadline, Round
from admissions.operations.ceremonies import hold_ceremony
from admissions.operations.preparation import assign_mentor, issue_certificate
from admissions.operations.rounds import change_round, plan_round
from admissions.operations.verifications import send_verification
from admissions.rules import add_working_days, decision_due_on
from admissions.selectors.planner import PlannedFile, Planner, planner
from admissions.stages import Stage
from config.errors import DomainError
from organizations.models import User
from tests.makers import DAY, WAY, World, candidate, logged, once, permitted, prepared, stand_on

MEETING = date(2021, 6, 7)
"""The cell's next from 28/05/2021: the fifth of June is a Saturday."""


def planned(user: User, **changes: Any) -> Planner:
    found = planner(user, on=DAY, **changes)
    assert found is not None
    return found


def rows(page: Planner) -> dict[str, PlannedFile]:
    return {row.number: row for heading in page.headings for row in heading.files}


def browser(kc: World) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.cookies["django_language"] = "en"
    client.force_login(kc.staff2)
    return client


def a_round(kc: World, day: date, name: str = "") -> Round:
    return plan_round(kc.top, by=kc.staff2, on=DAY, name=name or f"{day.day}/{day.month}", day=day)


@pytest.mark.thorough
def test_the_four_lists_are_by_what_a_file_has(kc: World) -> None:
    files = {
        "du": prepared(kc, logged(kc)),
        "dang-xet": candidate(kc, at=Stage.CELL_RESOLVED),
        "quyet-dinh": candidate(kc, at=Stage.DECIDED),
    }

    page = planned(kc.staff)

    found = {heading.code: [row.number for row in heading.files] for heading in page.headings}
    assert found == {"thieu": [], **{code: [file.number] for code, file in files.items()}}


@pytest.mark.thorough
def test_a_file_is_listed_by_what_lacks_on_the_day_whatever_stage_it_reached(kc: World) -> None:
    complete, lacks = prepared(kc, logged(kc)), prepared(kc, logged(kc))
    send_verification(
        lacks, by=kc.secretary, on=DAY, relation="spouse", subject="Trần Thị Vợ", place="Xã",
        sent_on=DAY,
    )  # fmt: skip
    assert Candidate.objects.get(pk=lacks.pk).stage == Stage.READY

    found = {one.code: one for one in planned(kc.staff).headings}

    assert [row.number for row in found["du"].files] == [complete.number]
    assert [row.number for row in found["thieu"].files] == [lacks.number]
    assert (found["du"].count, found["thieu"].count) == (1, 1)


@pytest.mark.thorough
def test_what_lacks_is_counted_of_the_page_where_there_are_more(
    kc: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module("admissions.selectors.planner")  # its function has the same name
    monkeypatch.setattr(module, "PER_PAGE", 1)
    for _one in range(2):
        prepared(kc, logged(kc))

    [full] = [one for one in planned(kc.staff).headings if one.code == "du"]

    assert (full.count, full.is_part) == (1, True)


@pytest.mark.parametrize(("days", "makes_it"), [(0, True), (-1, False)])
def test_a_round_is_made_on_the_last_legal_day_and_missed_the_day_before(
    kc: World, days: int, makes_it: bool
) -> None:
    file = prepared(kc, logged(kc))
    limit = decision_due_on(MEETING, file.rules)
    a_round(kc, limit + timedelta(days=days), "đợt")
    later = a_round(kc, limit + timedelta(days=60), "sau")

    row = rows(planned(kc.staff))[file.number]

    assert row.makes_it is makes_it
    assert row.round is not None
    assert (row.round.name == later.name) is not makes_it


def test_each_step_has_its_last_working_day(kc: World) -> None:
    file = prepared(kc, logged(kc))
    limit = decision_due_on(MEETING, file.rules)
    a_round(kc, limit)

    steps = dict(rows(planned(kc.staff))[file.number].steps)

    assert steps == {
        "cell considers": MEETING,
        "file sent up": add_working_days(MEETING, file.rules.send_up_days),
        "grassroots committee considers": add_working_days(MEETING, file.rules.grassroots_days),
        "decision": limit,
    }


def test_what_is_missing_is_named_and_due_before_the_meeting(kc: World) -> None:
    file = prepared(kc, logged(kc))
    Candidate.objects.filter(pk=file.pk).update(stage=Stage.DOSSIER)
    limit = decision_due_on(date(2022, 3, 7), file.rules)
    a_round(kc, limit)

    # By March 2022 the papers of February 2021 no longer count.
    found = planner(kc.staff, on=date(2022, 2, 20))
    assert found is not None
    row = rows(found)[file.number]

    assert row.lacks
    assert dict(row.steps)["papers complete"] == date(2022, 3, 4)


@pytest.mark.thorough
def test_one_meeting_less_moves_exactly_the_files_it_would_have_decided(kc: World) -> None:
    arrived = candidate(kc, at=Stage.CELL_RESOLVED)
    coming = prepared(kc, logged(kc))
    first, second = a_round(kc, date(2021, 6, 20)), a_round(kc, date(2021, 7, 20))
    third = a_round(kc, date(2021, 8, 20))
    meetings = [date(2021, 6, 11), date(2021, 7, 9), date(2021, 8, 6)]

    before = rows(planned(kc.staff, committee=meetings))
    without = planned(kc.staff, committee=meetings, removed=meetings[1])
    after = rows(without)

    def made(found: dict[str, PlannedFile], file: Candidate) -> str:
        row = found[file.number]
        return row.round.name if row.round else ""

    assert (made(before, arrived), made(before, coming)) == (first.name, second.name)
    assert (made(after, arrived), made(after, coming)) == (first.name, third.name)
    assert (after[arrived.number].moved_from, after[coming.number].moved_from) == (
        "",
        second.name,
    )
    assert without.moved == 1


def test_the_page_says_so(kc: World) -> None:
    prepared(kc, logged(kc))
    for day in (date(2021, 7, 20), date(2021, 8, 20)):
        a_round(kc, day)
    client = Client(headers={"accept-language": "en"})
    client.force_login(kc.staff2)

    answer = client.get(
        reverse("round-planner"),
        {"hop": "09/07/2021, 06/08/2021, mai", "bo": "09/07/2021"},
    )

    assert answer.status_code == 200
    assert answer.context["page"].moved == 1
    assert "20/7" in answer.content.decode()


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("typed", "wrong", "planned_with"),
    [
        ("09/07/2021, mai", "mai", [date(2021, 7, 9)]),
        ("31/06/2021 09/07/2021", "31/06/2021", [date(2021, 7, 9)]),
        ("hôm-nào-đó", "hôm-nào-đó", []),
        ("9/7/21; 06-08-2021", "", [date(2021, 7, 9), date(2021, 8, 6)]),
        (", ".join(f"{day}/07/2021" for day in range(1, 29)), "24", None),
    ],
)
def test_a_badly_typed_day_is_told_at_its_field_and_what_was_typed_stays(
    kc: World, typed: str, wrong: str, planned_with: list[date] | None
) -> None:
    answer = browser(kc).get(reverse("round-planner"), {"hop": typed})

    html = answer.content.decode()
    assert f'name="hop" value="{typed}"' in html
    assert wrong in answer.context["error"]
    assert ('aria-describedby="hop_error"' in html) is bool(wrong)
    if planned_with is not None:
        assert answer.context["page"].committee == planned_with


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("name", "typed"), [("dot", "mai"), ("bo", "mai"), ("bo", "10/07/2021"), ("dot", "31/06/2021")]
)
def test_a_day_of_the_address_that_is_none_is_told(kc: World, name: str, typed: str) -> None:
    address = reverse("round-planner")

    answer = browser(kc).get(address, {"hop": "09/07/2021", name: typed})

    [said] = answer.context["errors"]
    assert typed in said
    assert f"{typed}" in answer.content.decode()
    assert browser(kc).get(address, {"hop": "09/07/2021"}).context["errors"] == []


def test_permission_is_among_what_is_missing(kc: World) -> None:
    file = candidate(kc, at=Stage.SYMPATHISER)
    issue_certificate(
        file, by=kc.secretary, on=DAY, number="CN-1", issuer="TTCT", issued_on=WAY["certified_on"]
    )
    assign_mentor(file, by=kc.secretary, on=DAY, mentor=kc.members[0], since=WAY["mentored_on"])

    assert "permission to do the procedure" in rows(planned(kc.staff))[file.number].lacks
    permitted(file, held_on=DAY)
    lacks = rows(planned(kc.staff))[file.number].lacks
    assert lacks
    assert "permission to do the procedure" not in lacks


@pytest.mark.thorough
def test_a_ceremony_overdue_or_to_be_overdue_in_its_round_is_told(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)
    due = file.deadlines.get(clock=Deadline.Clock.CEREMONY).due_on
    in_time = a_round(kc, due)
    assert rows(planned(kc.staff))[file.number].warning == ""
    change_round(in_time, by=kc.staff2, on=DAY, name="2/6", day=due + timedelta(days=1))

    row = rows(planned(kc.staff))[file.number]
    assert "after the last day for the ceremony" in row.warning
    late = planner(kc.staff, on=due + timedelta(days=1))
    assert late is not None
    warning = rows(late)[file.number].warning
    assert f"was due by {due:%d/%m/%Y}" in warning
    stand_on(due + timedelta(days=1))
    assert warning in browser(kc).get(reverse("round-planner")).content.decode()


def test_without_rounds_of_their_own_the_customary_days_count(kc: World) -> None:
    page = planned(kc.staff)

    assert page.are_customary
    assert [one.name for one in page.rounds[:2]] == ["2/9", "12/11"]


def test_a_stranger_sees_no_file(kc: World) -> None:
    candidate(kc, at=Stage.CELL_RESOLVED)

    assert rows(planned(kc.secretary2)) == {}
    assert planner(kc.leader, on=DAY) is None


def test_staff_add_and_change_a_round_by_its_form(kc: World) -> None:
    client = Client()
    client.force_login(kc.staff2)
    typed = {"name": "2/9", "day": "02/09/2021", "submit_by": "18/07/2021", "once": once()}

    answer = client.post(reverse("round-new"), typed)

    assert answer.status_code == 303, answer.context["form"].errors
    made = Round.objects.get()
    assert (made.organization, made.submit_by) == (kc.top, date(2021, 7, 18))
    changed = client.post(
        reverse("round-edit", args=[made.pk]), {**typed, "day": "03/09/2021", "once": once()}
    )
    assert changed.status_code == 303
    assert Round.objects.get().day == date(2021, 9, 3)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"day": DAY - timedelta(days=1)}, "day"),
        ({"submit_by": date(2021, 9, 3)}, "submit_by"),
        ({"day": date(2021, 11, 12)}, "day"),
    ],
)
def test_a_bad_round_is_refused_at_its_field(
    kc: World, changes: dict[str, date], field: str
) -> None:
    a_round(kc, date(2021, 11, 12))
    values: dict[str, Any] = {"name": "2/9", "day": date(2021, 9, 2), **changes}

    with pytest.raises(DomainError) as refused:
        plan_round(kc.top, by=kc.staff2, on=DAY, **values)

    assert set(refused.value.fields) == {field}


def test_a_round_of_today_may_be_planned(kc: World) -> None:
    assert a_round(kc, DAY).pk


def test_only_the_organisations_own_staff_name_its_rounds(kc: World) -> None:
    made = a_round(kc, date(2021, 9, 2))

    for who in (kc.staff, kc.secretary, kc.approver):
        with pytest.raises(PermissionDenied):
            plan_round(kc.top, by=who, on=DAY, name="x", day=date(2021, 12, 1))
        with pytest.raises(PermissionDenied):
            change_round(made, by=who, on=DAY, name="x", day=date(2021, 12, 1))
    client = Client()
    client.force_login(kc.staff)
    assert client.get(reverse("round-edit", args=[made.pk])).status_code == 404


@pytest.mark.thorough
def test_a_round_in_which_people_were_admitted_stays(kc: World) -> None:
    made = a_round(kc, DAY)
    file = candidate(kc, at=Stage.DECIDED)
    stand_on(DAY)
    hold_ceremony(file, by=kc.secretary, on=DAY, ceremony_on=DAY, round=made)

    with pytest.raises(DomainError):
        change_round(made, by=kc.staff2, on=DAY, name="x", day=date(2021, 12, 1))
