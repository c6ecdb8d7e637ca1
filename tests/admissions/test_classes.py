"""Classes: planned, filled by cells and committees, marked by the centre; certificates of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse

from admissions.cases import cases_of
from admissions.models import AwarenessClass, Candidate, Certificate, Enrolment
from admissions.operations.ballots import record_ballot
from admissions.operations.candidates import close_candidate
from admissions.operations.classes import (
    Answer,
    Mark,
    answer_proposals,
    cancel_class,
    change_class,
    issue_new_member_certificate,
    mark_roll,
    propose,
    propose_several,
    withdraw,
)
from admissions.operations.preparation import issue_certificate, put_on_list
from admissions.permissions import Rights
from admissions.selectors import NextStep, next_step
from admissions.stages import Stage, Step
from config.errors import ConflictError, DomainError
from organizations.models import Role, User
from organizations.operations.accounts import appoint
from organizations.sheets.waiting import waiting_for
from tests.admissions.test_races import at_once, one_is_told
from tests.makers import (
    DAY,
    WAY,
    World,
    account,
    candidate,
    enrolled,
    logged,
    officer,
    once,
    planned_class,
    stand_on,
    unit,
    world,
)

LISTED = WAY["listed_on"]


def listed(of: World, **changes: Any) -> Candidate:
    """A candidate on the list of sympathisers."""
    file = logged(of, **changes)
    put_on_list(file, by=file.entered_by, on=DAY, held_on=LISTED)
    return Candidate.objects.select_related("person", "cell").get(pk=file.pk)


def again(row: Any) -> Any:
    return type(row)._default_manager.get(pk=row.pk)


def proposed(of: World, school: AwarenessClass, file: Candidate, *, on: date | None = None) -> Any:
    return propose(
        file, by=file.entered_by, on=DAY, school=school, proposed_on=on or school.enrol_by
    )


def answered(of: World, school: AwarenessClass, *answers: Answer, by: User | None = None) -> Any:
    return answer_proposals(
        school, by=by or of.staff, on=DAY, answers=answers, answered_on=school.enrol_by
    )


def marked(of: World, school: AwarenessClass, *marks: Mark, **changes: Any) -> AwarenessClass:
    values = {
        "by": of.staff,
        "on": DAY,
        "version": again(school).version,
        "issued_on": school.ends_on,
        **changes,
    }
    return mark_roll(school, marks=marks, **values)


def passed(enrolment: Enrolment, number: str, **changes: Any) -> Mark:
    return Mark(
        enrolment.pk, **{"attended": 2, "result": "passed", "grade": "Khá", **changes},
        number=number,
    )  # fmt: skip


def steps(file: Candidate) -> list[str]:
    return [one.step for one in file.milestones.order_by("pk")]


# ---------------------------------------------------------------- the whole way


def test_a_cell_proposes_the_committee_accepts_the_centre_marks_and_the_stage_follows(
    kc: World,
) -> None:
    centre = officer("kc-trungtam", kc.committee, Role.CENTRE)
    school, file = planned_class(kc, by=centre), listed(kc)

    one = proposed(kc, school, file)
    assert again(file).stage == Stage.SYMPATHISER

    answered(kc, school, Answer(one.pk, accepts=True))
    assert (again(one).state, again(file).stage) == ("accepted", Stage.ENROLLED)

    marked(kc, school, passed(one, "CN-17"), by=centre)

    certificate = Certificate.objects.get()
    assert (certificate.number, certificate.issuer) == ("CN-17", school.centre)
    assert (certificate.issued_on, certificate.kind) == (school.ends_on, "awareness")
    assert again(one).certificate_id == certificate.pk
    assert again(file).stage == Stage.CERTIFIED
    assert steps(file) == ["identify", "put_on_list", "enrol", "certify"]
    sent = file.milestones.get(step=Step.ENROL)
    assert (sent.on, sent.decided_on) == (school.enrol_by, school.enrol_by)
    assert again(school).state == "held"


def test_t2_a_certificate_of_15_1_2020_counts_to_15_1_2025_and_not_on_the_next_day(
    kc: World,
) -> None:
    school = planned_class(
        kc, starts_on=date(2020, 1, 13), ends_on=date(2020, 1, 14), enrol_by=date(2020, 1, 5)
    )
    file = logged(kc, identified_on=date(2019, 12, 1))
    put_on_list(file, by=kc.secretary, on=DAY, held_on=date(2019, 12, 15))
    one = enrolled(kc, school, file)

    marked(kc, school, passed(one, "CN-1"), issued_on=date(2020, 1, 15))

    certificate = Certificate.objects.get()
    assert certificate.rules.certificate_months == 60
    # the last day itself counts, by the column of the rules
    assert certificate.expires_on == date(2025, 1, 16)

    def refusal(day: date) -> str:
        stand_on(day)
        with pytest.raises(DomainError) as told:
            record_ballot(
                file, by=kc.secretary, on=day, level="cell", held_on=day,
                entitled=9, present=9, in_favour=9, against=0,
            )  # fmt: skip
        return str(told.value)

    assert "certificate" not in refusal(date(2025, 1, 15))
    assert "15/01/2025" not in refusal(date(2025, 1, 16))
    assert "The class certificate counted until before 16/01/2025" in refusal(date(2025, 1, 16))


def test_the_rules_of_the_day_of_issue_fix_the_last_day_once(kc: World) -> None:
    school = planned_class(
        kc, starts_on=date(2020, 2, 27), ends_on=date(2020, 2, 28), enrol_by=date(2020, 2, 1)
    )
    file = logged(kc, identified_on=date(2019, 12, 1))
    put_on_list(file, by=kc.secretary, on=DAY, held_on=date(2019, 12, 15))
    one = enrolled(kc, school, file)

    marked(kc, school, passed(one, "CN-29"), issued_on=date(2020, 2, 29))

    found = Certificate.objects.get()
    assert found.rules.code == "29-QĐ/TW"
    assert found.expires_on == date(2025, 3, 1)  # 28 February 2025 is its last day


# ---------------------------------------------------------------- planning


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends_on": date(2021, 2, 28)}, "ends_on"),
        ({"enrol_by": date(2021, 3, 3)}, "enrol_by"),
        ({"places": 0}, "places"),
        ({"sessions": 0}, "sessions"),
        ({"name": "  "}, "name"),
        ({"centre": ""}, "centre"),
        ({"kind": "khac"}, "kind"),
    ],
)
def test_a_class_that_cannot_be_is_refused_at_its_field(
    kc: World, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(DomainError) as told:
        planned_class(kc, **changes)

    assert list(told.value.fields) == [field]
    assert not AwarenessClass.objects.exists()


def test_a_class_of_one_day_with_one_place_and_names_due_that_day_can_be(kc: World) -> None:
    day = date(2021, 3, 1)

    school = planned_class(kc, ends_on=day, enrol_by=day, places=1, sessions=1)

    assert school.state == "planned"


@pytest.mark.parametrize("who", ["secretary", "approver", "leader", "auditor", "administrator"])
def test_only_staff_and_centre_plan_classes_of_theirs(kc: World, who: str) -> None:
    with pytest.raises(PermissionDenied):
        planned_class(kc, by=getattr(kc, who))


def test_the_centre_of_one_committee_runs_no_class_of_the_one_above(kc: World) -> None:
    centre = officer("kc-trungtam", kc.committee, Role.CENTRE)
    school = planned_class(kc, by=kc.staff2, organization=kc.top)

    with pytest.raises(PermissionDenied):
        planned_class(kc, by=centre, organization=kc.top)
    with pytest.raises(PermissionDenied):
        cancel_class(school, by=centre, on=DAY, version=1, reason="Vì")
    with pytest.raises(PermissionDenied):
        marked(kc, school, by=centre)


COLUMNS = {
    "name": "Lớp 4/2021",
    "centre": "Trung tâm chính trị",
    "starts_on": date(2021, 4, 1),
    "ends_on": date(2021, 4, 2),
    "enrol_by": date(2021, 3, 20),
    "places": 1,
    "sessions": 3,
}


def test_a_class_is_changed_by_who_saw_its_present_state(kc: World) -> None:
    school = planned_class(kc)

    changed = change_class(school, by=kc.staff, on=DAY, version=1, **COLUMNS)

    assert (changed.name, changed.sessions, changed.version) == ("Lớp 4/2021", 3, 2)
    with pytest.raises(ConflictError):
        change_class(school, by=kc.staff, on=DAY, version=1, **COLUMNS)


def test_places_are_never_fewer_than_are_taken(kc: World) -> None:
    school = planned_class(kc)
    for _one in range(2):
        enrolled(kc, school, listed(kc))

    with pytest.raises(DomainError) as told:
        change_class(school, by=kc.staff, on=DAY, version=1, **COLUMNS)

    assert told.value.fields == {"places": "2 places are taken already."}
    assert change_class(school, by=kc.staff, on=DAY, version=1, **{**COLUMNS, "places": 2})


@pytest.mark.thorough
def test_a_cancelled_class_sets_its_people_free_for_another(kc: World) -> None:
    school, other = planned_class(kc), planned_class(kc, name="Lớp 4/2021")
    sent, waiting = listed(kc), listed(kc)
    enrolled(kc, school, sent)
    proposed(kc, school, waiting)

    with pytest.raises(DomainError) as told:
        cancel_class(school, by=kc.staff, on=DAY, version=1, reason=" ")
    assert list(told.value.fields) == ["reason"]
    cancel_class(school, by=kc.staff, on=DAY, version=1, reason="Bão")

    assert set(school.enrolments.values_list("state", flat=True)) == {"withdrawn"}
    assert again(sent).stage == Stage.SYMPATHISER
    for file in (sent, waiting):
        enrolled(kc, other, file)
        assert again(file).stage == Stage.ENROLLED
    for refused in (
        lambda: proposed(kc, school, listed(kc)),
        lambda: marked(kc, school),
        lambda: change_class(school, by=kc.staff, on=DAY, version=2, **COLUMNS),
        lambda: cancel_class(school, by=kc.staff, on=DAY, version=2, reason="Bão"),
    ):
        with pytest.raises(DomainError):
            refused()


# ---------------------------------------------------------------- names


def test_names_are_taken_on_the_last_day_and_not_on_the_next(kc: World) -> None:
    school, late = planned_class(kc), listed(kc)
    proposed(kc, school, listed(kc), on=school.enrol_by)

    with pytest.raises(DomainError) as told:
        proposed(kc, school, late, on=school.enrol_by + timedelta(days=1))

    assert told.value.fields == {"proposed_on": "Names for “Lớp 3/2021” were due by 20/02/2021."}


def test_who_was_not_on_the_list_that_day_is_not_proposed(kc: World) -> None:
    school, file = planned_class(kc), logged(kc)

    with pytest.raises(DomainError, match="was not on the list of sympathisers"):
        proposed(kc, school, file)
    put_on_list(file, by=kc.secretary, on=DAY, held_on=school.enrol_by)
    with pytest.raises(DomainError, match="was not on the list of sympathisers"):
        proposed(kc, school, file, on=school.enrol_by - timedelta(days=1))
    assert proposed(kc, school, file)


def test_whose_certificate_goes_on_counting_attends_again_only_near_its_end(kc: World) -> None:
    school, file = planned_class(kc), listed(kc)
    issue_certificate(
        file, by=kc.secretary, on=DAY, number="CN-1", issuer="TT", issued_on=date(2016, 9, 1)
    )

    with pytest.raises(DomainError) as told:
        proposed(kc, school, file, on=date(2021, 2, 28) - timedelta(days=30))
    assert "There is a certificate already" in str(told.value)
    # six months before its last day it is time
    change_class(
        school, by=kc.staff, on=DAY, version=1, **{**COLUMNS, "enrol_by": date(2021, 3, 2)}
    )
    assert proposed(kc, again(school), file, on=date(2021, 3, 2))


def test_a_class_attended_again_after_the_certificate_ran_out_gives_a_new_one(kc: World) -> None:
    file, today = listed(kc), date(2021, 11, 1)
    issue_certificate(
        file, by=kc.secretary, on=DAY, number="CN-1", issuer="TT", issued_on=date(2016, 8, 1)
    )
    days = {"starts_on": date(2021, 10, 4), "ends_on": date(2021, 10, 5)}
    school = planned_class(kc, on=today, enrol_by=date(2021, 9, 1), **days)
    assert again(file).stage == Stage.CERTIFIED

    one = enrolled(kc, school, file, on=today)
    assert again(file).stage == Stage.CERTIFIED
    marked(kc, school, passed(one, "CN-2"), on=today)

    assert again(file).stage == Stage.CERTIFIED
    first, second = file.certificates.order_by("issued_on")
    assert first.expires_on <= second.issued_on < second.expires_on == date(2026, 10, 6)


@pytest.mark.thorough
def test_nobody_is_proposed_for_two_classes_nor_twice_for_one(kc: World) -> None:
    school, other, file = planned_class(kc), planned_class(kc, name="Lớp khác"), listed(kc)
    proposed(kc, school, file)

    for one, sentence in ((school, "is in this class already"), (other, "for another class")):
        with pytest.raises(DomainError, match=sentence):
            proposed(kc, one, file)
    assert Enrolment.objects.count() == 1


def test_who_was_refused_may_be_proposed_for_the_same_class_again(kc: World) -> None:
    school, file = planned_class(kc), listed(kc)
    one = proposed(kc, school, file)
    answered(kc, school, Answer(one.pk, accepts=False, reason="Đợi đợt sau"))
    assert (again(one).state, again(one).reason) == ("refused", "Đợi đợt sau")
    assert again(file).stage == Stage.SYMPATHISER

    assert proposed(kc, school, file).pk == one.pk
    answered(kc, school, Answer(one.pk, accepts=True))

    assert again(one).state == "accepted"


def test_a_refusal_has_a_reason(kc: World) -> None:
    school = planned_class(kc)
    one = proposed(kc, school, listed(kc))

    with pytest.raises(DomainError) as told:
        answered(kc, school, Answer(one.pk, accepts=False, reason="  "))

    assert list(told.value.fields) == [f"reason-{one.pk}"]
    assert again(one).state == "proposed"


def test_several_are_proposed_at_once_or_none(kc: World) -> None:
    school, good, bad = planned_class(kc), listed(kc), logged(kc, full_name="Đỗ Văn Chưa")
    send = lambda files: propose_several(  # noqa: E731
        school, by=kc.secretary, on=DAY, candidates=files, proposed_on=school.enrol_by
    )

    with pytest.raises(DomainError) as told:
        send([good, bad])
    assert list(told.value.fields) == ["candidates"]
    assert "Đỗ Văn Chưa: " in told.value.fields["candidates"]
    assert not Enrolment.objects.exists()
    assert len(send([good, listed(kc)])) == 2


def test_only_the_secretary_of_the_cell_proposes_and_only_for_a_class_above_it(kc: World) -> None:
    school, file, there = planned_class(kc), listed(kc), world(slug="hg")
    for by in (kc.secretary2, kc.staff, kc.leader, kc.administrator, there.secretary):
        with pytest.raises(PermissionDenied):
            propose(file, by=by, on=DAY, school=school, proposed_on=school.enrol_by)
    with pytest.raises(PermissionDenied):
        proposed(kc, planned_class(there), file)


def test_only_staff_over_the_cell_answers_and_never_about_themselves(kc: World) -> None:
    school = planned_class(kc, by=kc.staff2, organization=kc.top)
    centre = officer("kc-trungtam", kc.top, Role.CENTRE)
    there = world(slug="hg")
    one = proposed(kc, school, listed(kc))
    yes = Answer(one.pk, accepts=True)
    for by in (kc.secretary, centre, kc.approver, kc.leader, there.staff):
        with pytest.raises(PermissionDenied):
            answered(kc, school, yes, by=by)
    kc.staff.person = one.candidate.person
    kc.staff.save(update_fields=["person"])
    with pytest.raises(PermissionDenied):
        answered(kc, school, yes)
    assert answered(kc, school, yes, by=kc.staff2)


def test_the_committee_of_another_branch_does_not_answer_for_this_one(kc: World) -> None:
    school = planned_class(kc, by=kc.staff2, organization=kc.top)
    other = unit("kc-khac", kc.top)
    stranger = officer("kc-canbo-khac", other, Role.STAFF)
    one = proposed(kc, school, listed(kc))

    with pytest.raises(PermissionDenied):
        answered(kc, school, Answer(one.pk, accepts=True), by=stranger)


def test_the_last_place_is_given_and_none_beyond(kc: World) -> None:
    school = planned_class(kc)
    rows = [proposed(kc, school, listed(kc)) for _one in range(3)]

    with pytest.raises(DomainError) as told:
        answered(kc, school, *(Answer(one.pk, accepts=True) for one in rows))
    assert told.value.fields == {f"answer-{rows[2].pk}": "All 2 places of the class are taken."}
    assert not Enrolment.objects.filter(state="accepted").exists()

    answered(kc, school, *(Answer(one.pk, accepts=True) for one in rows[:2]))
    with pytest.raises(DomainError):
        answered(kc, school, Answer(rows[2].pk, accepts=True))
    withdraw(again(rows[0]), by=kc.secretary, on=DAY, reason="Ốm")
    answered(kc, school, Answer(rows[2].pk, accepts=True))
    assert school.enrolments.filter(state="accepted").count() == 2


def test_who_is_withdrawn_is_no_longer_sent_and_the_history_says_so(kc: World) -> None:
    school, file = planned_class(kc), listed(kc)
    one = enrolled(kc, school, file)
    assert again(file).stage == Stage.ENROLLED
    for by in (kc.secretary2, kc.staff):
        with pytest.raises(PermissionDenied):
            withdraw(one, by=by, on=DAY, reason="Ốm")

    withdraw(one, by=kc.secretary, on=DAY, reason="Ốm")

    assert again(file).stage == Stage.SYMPATHISER
    sent, undone = file.milestones.filter(step=Step.ENROL).order_by("pk")
    assert (undone.corrects_id, undone.back_to, undone.note) == (sent.pk, "sympathiser", "Ốm")
    with pytest.raises(DomainError):
        withdraw(one, by=kc.secretary, on=DAY, reason="Ốm")


def test_an_answer_is_not_before_the_proposal_nor_after_the_class(kc: World) -> None:
    school = planned_class(kc)
    one = proposed(kc, school, listed(kc))
    answer = lambda day: answer_proposals(  # noqa: E731
        school, by=kc.staff, on=DAY, answers=[Answer(one.pk, accepts=True)], answered_on=day
    )
    for day in (
        school.enrol_by - timedelta(days=1),
        school.ends_on + timedelta(days=1),
        DAY + timedelta(days=1),
    ):
        with pytest.raises(DomainError):
            answer(day)

    answer(school.ends_on)

    assert again(one).answered_on == school.ends_on


# ---------------------------------------------------------------- results


def test_results_are_not_entered_before_the_last_day_nor_attendance_before_the_first(
    kc: World,
) -> None:
    school = planned_class(kc)
    one = enrolled(kc, school, listed(kc))
    before, first, last = date(2021, 2, 28), school.starts_on, school.ends_on

    with pytest.raises(DomainError, match="there is nothing to enter yet"):
        marked(kc, school, Mark(one.pk, attended=1), on=before, issued_on=None)
    marked(kc, school, Mark(one.pk, attended=1), on=first, issued_on=None)
    with pytest.raises(DomainError, match="there is no result before"):
        marked(kc, school, Mark(one.pk, attended=1, result="passed"), on=first, issued_on=None)
    assert again(school).state == "planned"
    marked(kc, school, Mark(one.pk, attended=2, result="passed"), on=last, issued_on=None)
    assert (again(school).state, again(one).state) == ("held", "passed")


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("mark", "field"),
    [
        ({"attended": 3, "result": "passed"}, "attended"),
        ({"attended": -1}, "attended"),
        ({"attended": 0, "result": "passed"}, "attended"),
        ({"attended": 1, "result": "absent"}, "attended"),
        ({"result": "failed", "number": "CN-1"}, "number"),
        ({"number": "CN-1"}, "number"),
        ({"result": "khac"}, "result"),
    ],
)
def test_a_line_that_cannot_be_is_refused_at_its_field(
    kc: World, mark: dict[str, Any], field: str
) -> None:
    school = planned_class(kc)
    one = enrolled(kc, school, listed(kc))

    with pytest.raises(DomainError) as told:
        marked(kc, school, Mark(one.pk, **mark))

    assert list(told.value.fields) == [f"{field}-{one.pk}"]
    assert again(one).state == "accepted"


def test_certificates_are_issued_from_the_last_day_on_and_not_ahead(kc: World) -> None:
    school = planned_class(kc)
    one = enrolled(kc, school, listed(kc))
    for day in (None, school.ends_on - timedelta(days=1), DAY + timedelta(days=1)):
        with pytest.raises(DomainError) as told:
            marked(kc, school, passed(one, "CN-1"), issued_on=day)
        assert list(told.value.fields) == ["issued_on"]

    marked(kc, school, passed(one, "CN-1"), issued_on=school.ends_on)


def test_one_number_for_two_people_is_told_and_nothing_is_written(kc: World) -> None:
    school = planned_class(kc)
    rows = [enrolled(kc, school, listed(kc)) for _one in range(2)]

    with pytest.raises(DomainError) as told:
        marked(kc, school, *(passed(one, "CN-1") for one in rows))

    assert list(told.value.fields) == [f"number-{rows[1].pk}"]
    assert not Certificate.objects.exists()
    assert again(school).state == "planned"


def test_who_failed_or_was_absent_goes_back_and_may_be_sent_again(kc: World) -> None:
    school, other = planned_class(kc), planned_class(kc, name="Lớp 4/2021")
    files = [listed(kc) for _one in range(2)]
    rows = [enrolled(kc, school, file) for file in files]

    marked(
        kc, school, Mark(rows[0].pk, attended=1, result="failed"), Mark(rows[1].pk, result="absent")
    )

    assert [again(one).state for one in rows] == ["failed", "absent"]
    for file in files:
        assert again(file).stage == Stage.SYMPATHISER
        one = enrolled(kc, other, file)
        marked(kc, other, passed(one, f"CN-{file.pk}"))
        assert again(file).stage == Stage.CERTIFIED


def test_the_number_may_follow_the_result_and_then_the_line_is_done(kc: World) -> None:
    school, file = planned_class(kc), listed(kc)
    one = enrolled(kc, school, file)
    marked(kc, school, passed(one, ""))
    assert again(file).stage == Stage.ENROLLED

    marked(kc, school, passed(one, "CN-9"))
    marked(kc, school, Mark(one.pk, result="failed"))

    assert (again(one).state, again(one).grade) == ("passed", "Khá")
    assert again(file).stage == Stage.CERTIFIED


def test_a_closed_file_keeps_its_stage_whatever_the_centre_marks(kc: World) -> None:
    school, file = planned_class(kc), listed(kc)
    one = enrolled(kc, school, file)
    close_candidate(file, by=kc.secretary, on=DAY, closed_on=DAY, reason="Chuyển đi")

    marked(kc, school, passed(one, "CN-1"))

    assert again(file).stage == Stage.CLOSED
    assert file.certificates.count() == 1


def test_a_class_held_before_the_file_was_opened_is_entered_late(kc: World) -> None:
    file = logged(kc, identified_on=DAY)
    school = planned_class(kc)
    put_on_list(file, by=kc.secretary, on=DAY, held_on=date(2021, 2, 1))
    one = enrolled(kc, school, file)

    marked(kc, school, passed(one, "CN-1"))

    assert again(file).stage == Stage.CERTIFIED
    other = logged(kc, identified_on=DAY)
    issue_certificate(
        other, by=kc.secretary, on=DAY, number="CN-2", issuer="TT", issued_on=date(2019, 5, 1)
    )
    assert again(other).stage == Stage.CERTIFIED
    put_on_list(other, by=kc.secretary, on=DAY, held_on=DAY)
    assert again(other).stage == Stage.CERTIFIED


# ---------------------------------------------------------------- new members


@pytest.mark.thorough
def test_a_member_on_probation_attends_the_class_for_new_members(kc: World) -> None:
    stand_on(DAY)
    file = candidate(kc, at=Stage.ADMITTED)
    days = {"starts_on": date(2021, 5, 24), "ends_on": DAY, "enrol_by": date(2021, 5, 21)}
    school = planned_class(kc, kind="new_member", **days)
    with pytest.raises(DomainError, match="for people who are not members yet"):
        proposed(kc, planned_class(kc, **days), file)
    with pytest.raises(DomainError, match="for members on probation"):
        proposed(kc, school, listed(kc))

    one = enrolled(kc, school, file)
    marked(kc, school, passed(one, "ĐVM-1"), issued_on=DAY)

    certificate = file.certificates.get(kind="new_member")
    assert certificate.issued_on == DAY
    assert again(file).stage == Stage.ADMITTED
    assert steps(file)[-1] == "certify_new_member"


@pytest.mark.thorough
def test_the_secretary_enters_the_certificate_of_the_class_for_new_members(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)
    enter = lambda by, day, number="ĐVM-2": issue_new_member_certificate(  # noqa: E731
        file, by=by, on=DAY, number=number, issuer="TTCT", issued_on=day
    )
    for by in (kc.staff, kc.secretary2, kc.approver, kc.leader):
        with pytest.raises(PermissionDenied):
            enter(by, DAY)
    with pytest.raises(DomainError, match="There was no admission ceremony"):
        enter(kc.secretary, WAY["ceremony_on"] - timedelta(days=1))

    enter(kc.secretary, WAY["ceremony_on"])

    assert steps(file)[-1] == "certify_new_member"
    with pytest.raises(DomainError, match="There is a certificate already: ĐVM-2"):
        enter(kc.secretary, DAY, "ĐVM-3")


def test_nobody_who_is_no_member_yet_has_a_certificate_for_new_members(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    with pytest.raises(DomainError, match="is not recorded from there"):
        issue_new_member_certificate(
            file, by=kc.secretary, on=DAY, number="1", issuer="TT", issued_on=DAY
        )


# ---------------------------------------------------------------- two at once


@pytest.mark.django_db(transaction=True)
def test_two_connections_never_overfill_a_class() -> None:
    two = world()
    school = planned_class(two, places=1)
    rows = [proposed(two, school, listed(two)) for _one in range(2)]

    results = at_once(
        *(lambda pk=one.pk: answered(two, school, Answer(pk, accepts=True)) for one in rows)
    )

    assert next(iter(one_is_told(results).fields)).startswith("answer-")
    assert school.enrolments.filter(state="accepted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_roll_is_marked_by_two_at_once_and_one_is_told() -> None:
    two = world()
    school = planned_class(two)
    one = enrolled(two, school, listed(two))
    version = again(school).version
    mark = lambda number: marked(two, school, passed(one, number), version=version)  # noqa: E731

    results = at_once(lambda: mark("CN-1"), lambda: mark("CN-2"))

    assert isinstance(one_is_told(results), ConflictError)
    assert Certificate.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_person_is_proposed_for_two_classes_at_once() -> None:
    two = world()
    schools = [planned_class(two), planned_class(two, name="Lớp khác")]
    file = listed(two)

    results = at_once(*(lambda one=one: proposed(two, one, file) for one in schools))

    assert list(one_is_told(results).fields) == ["school"]


# ---------------------------------------------------------------- pages


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def at(name: str, school: AwarenessClass, *more: Any) -> str:
    return reverse(name, args=[school.public_id, *more])


def send(user: User, address: str, **values: Any) -> Any:
    return signed_in(user).post(address, {"once": once(), **values})


FORM = {
    "kind": "awareness", "name": "Lớp 6/2021", "centre": "Trung tâm chính trị",
    "starts_on": "01/06/2021", "ends_on": "03/06/2021", "enrol_by": "31/05/2021",
    "places": "60", "sessions": "5",
}  # fmt: skip


@pytest.mark.thorough
def test_a_class_goes_its_whole_way_by_its_pages(kc: World) -> None:
    centre = officer("kc-trungtam", kc.committee, Role.CENTRE)
    answer = send(centre, reverse("class-new"), **FORM)
    school = AwarenessClass.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, at("class-detail", school))
    files = [listed(kc) for _one in range(3)]

    send(
        kc.secretary, at("class-propose", school), proposed_on="28/05/2021",
        candidates=[str(one.pk) for one in files[:2]],
    )  # fmt: skip
    step = reverse("candidate-step", args=[files[2].public_id, "lop-hoc"])
    answer = send(kc.secretary, step, school=str(school.pk), proposed_on="28/05/2021")
    assert answer.status_code == 303
    rows = list(school.enrolments.order_by("pk"))
    answer = send(
        kc.staff, at("class-answer", school), answered_on="28/05/2021",
        **{f"answer-{rows[0].pk}": "accept", f"answer-{rows[1].pk}": "accept",
           f"answer-{rows[2].pk}": "refuse", f"reason-{rows[2].pk}": "Đợi đợt sau"},
    )  # fmt: skip
    assert answer.status_code == 303
    stand_on(date(2021, 6, 3))
    version = str(again(school).version)
    values = {
        f"attended-{rows[0].pk}": "5", f"result-{rows[0].pk}": "passed",
        f"grade-{rows[0].pk}": "Giỏi", f"number-{rows[0].pk}": "CN-1",
        f"attended-{rows[1].pk}": "", f"result-{rows[1].pk}": "absent",
    }  # fmt: skip
    answer = send(
        centre, at("class-mark", school), issued_on="03/06/2021", version=version, **values
    )
    assert answer.status_code == 303

    assert [again(one).state for one in rows] == ["passed", "absent", "refused"]
    assert [again(one).stage for one in files] == ["certified", "sympathiser", "sympathiser"]
    body = signed_in(kc.secretary).get(at("class-detail", school)).content.decode()
    assert "Đợi đợt sau" in body
    assert "CN-1" in body
    # A page that was open meanwhile is told, and keeps what was typed.
    answer = send(
        kc.staff, at("class-mark", school), issued_on="03/06/2021", version=version,
        **{f"attended-{rows[1].pk}": "2", f"result-{rows[1].pk}": "failed"},
    )  # fmt: skip
    assert answer.status_code == 409
    assert "failed" in answer.content.decode()


def test_a_changed_class_is_told_to_who_still_saw_the_old_one(kc: World) -> None:
    school = planned_class(kc)
    change_class(school, by=kc.staff2, on=DAY, version=1, **COLUMNS)

    answer = send(kc.staff, at("class-edit", school), version="1", **{**FORM, "places": "9"})

    assert answer.status_code == 409
    assert "Lớp 4/2021" in answer.content.decode()
    assert again(school).places == 1


def test_answers_to_what_somebody_else_answered_are_told(kc: World) -> None:
    school = planned_class(kc)
    one, two = (proposed(kc, school, listed(kc)) for _one in range(2))
    answered(kc, school, Answer(one.pk, accepts=False, reason="Đợi"))

    answer = send(
        kc.staff, at("class-answer", school), answered_on="20/02/2021",
        **{f"answer-{one.pk}": "accept", f"answer-{two.pk}": "accept"},
    )  # fmt: skip

    assert answer.status_code == 422
    assert "Somebody else answered one of these meanwhile." in answer.content.decode()
    assert again(two).state == "proposed"


@pytest.mark.thorough
def test_each_reader_of_a_class_sees_the_names_that_are_theirs(kc: World) -> None:
    centre = officer("kc-trungtam", kc.top, Role.CENTRE)
    school = planned_class(kc, by=kc.staff2, organization=kc.top)
    enrolled(kc, school, listed(kc, full_name="Chim Hoàng Yến"))
    here = listed(kc, full_name="Chim Sơn Ca", cell=kc.sibling, by=kc.secretary2)
    enrolled(kc, school, here)
    proposed(kc, school, listed(kc, full_name="Chim Hoạ Mi"))

    def seen(user: User) -> set[str]:
        answer = signed_in(user).get(at("class-detail", school))
        assert answer.status_code == 200
        body = answer.content.decode()
        return {name for name in ("Hoàng Yến", "Sơn Ca", "Hoạ Mi") if name in body}

    assert seen(kc.secretary) == {"Hoàng Yến", "Hoạ Mi"}
    assert seen(kc.secretary2) == {"Sơn Ca"}
    assert seen(kc.staff) == seen(kc.auditor) == {"Hoàng Yến", "Sơn Ca", "Hoạ Mi"}
    # the centre: those who were sent, and no way to their files
    assert seen(centre) == {"Hoàng Yến", "Sơn Ca"}
    body = signed_in(centre).get(at("class-detail", school)).content.decode()
    assert "/ho-so/" not in body
    for stranger in (kc.leader, kc.administrator, world(slug="hg").staff):
        assert signed_in(stranger).get(at("class-detail", school)).status_code == 404


@pytest.mark.thorough
def test_the_centre_lands_on_classes_and_finds_every_other_page_missing(kc: World) -> None:
    centre = officer("kc-trungtam", kc.committee, Role.CENTRE)
    school = planned_class(kc)
    file = listed(kc)
    browser = signed_in(centre)
    assert browser.get(reverse("home"))["Location"] == reverse("class-list")
    body = browser.get(reverse("class-list")).content.decode()
    assert "/viec/" not in body
    assert "/ho-so/" not in body

    known = {
        "public_id": file.public_id, "code": "cam-tinh", "slug": kc.cell.slug, "year": 2021,
        "person": kc.members[1].public_id, "username": kc.secretary.username, "kind": "cell",
        "pk": kc.secretary.appointments.get().pk, "number": 1, "post": 1,
    }  # fmt: skip
    open_ones = {
        "start-code",
        "home",
        "class-list",
        "class-new",
        "display",
        "help",
        "account_logout",
        "robots",
    }
    open_ones |= {
        "search",
        "rights",
        "relative-list",
        "healthz",
        "readyz",
        "account_login",
        "first-start",
    }
    found, asked = [], 0
    for pattern in _patterns():
        name = str(pattern.name)
        # Their own account's pages are whoever's.
        if name.startswith(("class-", "mfa_", "account_", "session")) or name in open_ones:
            continue
        wanted = {one: known.get(one, 1) for one in pattern.pattern.converters}
        try:
            address = reverse(name, kwargs=wanted)
        except NoReverseMatch:
            continue
        asked += 1
        answer = browser.get(address)
        if answer.status_code not in {403, 404, 405}:
            found.append((name, answer.status_code, answer.get("Location")))
    assert found == []
    assert asked > 40
    assert browser.get(at("class-detail", school)).status_code == 200


def _patterns(found: Any = None) -> Any:
    for one in (found or get_resolver()).url_patterns:
        if isinstance(one, URLPattern):
            yield one
        else:
            yield from _patterns(one)


def test_an_administrator_gives_the_role_of_the_centre_and_no_auditor_holds_it(
    kc: World,
) -> None:
    answer = signed_in(kc.administrator).get(
        reverse("appointment-new", args=[kc.secretary.username])
    )
    assert 'value="centre"' in answer.content.decode()
    newcomer = account("moi")
    appoint(
        newcomer,
        to=kc.committee,
        role=Role.CENTRE,
        by=kc.administrator,
        confirmed_by=kc.staff2,
        on=DAY,
    )
    with pytest.raises(DomainError, match="An auditor cannot also write"):
        appoint(
            kc.auditor,
            to=kc.committee,
            role=Role.CENTRE,
            by=kc.administrator,
            confirmed_by=kc.staff2,
            on=DAY,
        )


@pytest.mark.thorough
def test_a_long_roll_asks_no_query_for_each_of_its_lines(kc: World) -> None:
    school = planned_class(kc, places=20)
    browser = signed_in(kc.staff)

    def queries(name: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert browser.get(at(name, school)).status_code == 200
        return len(asked)

    enrolled(kc, school, listed(kc))
    names = ("class-detail", "class-mark")
    few = [queries(name) for name in names]
    for _one in range(5):
        enrolled(kc, school, listed(kc))

    assert [queries(name) for name in names] == few


def test_the_file_says_which_class_and_leads_to_one(kc: World) -> None:
    school, file = planned_class(kc), listed(kc)
    address = reverse("candidate-detail", args=[file.public_id])
    step = reverse("candidate-step", args=[file.public_id, "lop-hoc"])
    body = signed_in(kc.secretary).get(address).content.decode()
    assert step in body
    assert step not in signed_in(kc.staff).get(address).content.decode()

    enrolled(kc, school, file)

    body = signed_in(kc.secretary).get(address).content.decode()
    assert step not in body
    assert at("class-detail", school) in body


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("day", "standing", "words"),
    [
        (date(2021, 2, 28), "to_come", "To be held"),
        (date(2021, 3, 1), "under_way", "Under way"),
        (date(2021, 3, 2), "under_way", "Under way"),
        (date(2021, 3, 3), "to_mark", "Over, results not entered"),
    ],
)
def test_a_class_stands_by_its_dates(kc: World, day: date, standing: str, words: str) -> None:
    stand_on(day)
    school = planned_class(kc, on=date(2021, 2, 1))
    browser = signed_in(kc.staff)

    shown = browser.get(reverse("class-list"), {"tinh_trang": standing}).content.decode()
    others = {one.value for one in AwarenessClass.Standing} - {standing}

    assert f"{words}</span>" in shown
    assert (
        f"{words}</span>"
        in browser.get(reverse("class-detail", args=[school.public_id])).content.decode()
    )
    for other in others:
        narrowed = browser.get(reverse("class-list"), {"tinh_trang": other}).content.decode()
        assert school.name not in narrowed


def test_a_class_with_results_is_over_after_its_last_day_and_a_cancelled_one_is_cancelled(
    kc: World,
) -> None:
    school, other = planned_class(kc), planned_class(kc, name="Lớp 4/2021")
    AwarenessClass.objects.filter(pk=school.pk).update(state="held")
    cancel_class(other, by=kc.staff, on=DAY, version=other.version, reason="Ít người")

    def standing(day: date) -> dict[str, str]:
        rows = AwarenessClass.objects.standing_on(day)
        return {one.name: one.standing for one in rows}

    assert standing(date(2021, 3, 2)) == {"Lớp 3/2021": "under_way", "Lớp 4/2021": "cancelled"}
    assert standing(date(2021, 3, 3)) == {"Lớp 3/2021": "over", "Lớp 4/2021": "cancelled"}


# ---------------------------------------------------------------- what is next, and whose it is


def coming(kc: World, file: Candidate, *, on: date) -> NextStep:
    [case] = cases_of([Candidate.objects.get(pk=file.pk)], on=on)
    step = next_step(case, Rights.of(kc.secretary, on=on, cells=[file.cell_id]))
    assert step is not None
    return step


def test_a_sympathiser_is_proposed_for_the_class_that_takes_names_and_only_else_certified(
    kc: World,
) -> None:
    file = candidate(kc, at=Stage.SYMPATHISER)
    school = planned_class(kc, organization=kc.top, by=kc.staff2)
    planned_class(kc, name="Lớp sau", enrol_by=date(2021, 2, 28))
    planned_class(kc, name="Lớp đảng viên mới", kind="new_member", enrol_by=date(2021, 2, 1))

    on_its_last = coming(kc, file, on=school.enrol_by)
    stand_on(date(2021, 3, 1))
    after = coming(kc, file, on=date(2021, 3, 1))

    assert (on_its_last.step, on_its_last.is_mine) == (Step.ENROL, True)
    assert school.name in on_its_last.title
    assert (on_its_last.due_on, on_its_last.url) == (
        school.enrol_by,
        reverse("candidate-step", args=[file.public_id, "lop-hoc"]),
    )
    assert "2 places are free" in on_its_last.why
    assert (after.step, after.verb) == (Step.CERTIFY, "Enter")


def test_a_full_or_cancelled_class_and_one_of_another_branch_is_proposed_to_nobody(
    kc: World,
) -> None:
    file = candidate(kc, at=Stage.SYMPATHISER)
    full = planned_class(kc, places=1)
    enrolled(kc, full, candidate(kc, at=Stage.SYMPATHISER), on=full.enrol_by)
    gone = planned_class(kc)
    cancel_class(gone, by=kc.staff, on=DAY, version=gone.version, reason="Thiếu người")
    elsewhere = world(slug="hg", number=1)
    planned_class(elsewhere)

    assert coming(kc, file, on=full.enrol_by).step == Step.CERTIFY


def test_who_is_proposed_waits_for_the_answer_and_then_for_the_result(kc: World) -> None:
    file = candidate(kc, at=Stage.SYMPATHISER)
    school = planned_class(kc)
    stand_on(school.enrol_by)
    one = propose(
        file, by=kc.secretary, on=school.enrol_by, school=school, proposed_on=school.enrol_by
    )
    asked = coming(kc, file, on=school.enrol_by)
    # For whoever answers it, and nobody else.
    told = {
        user: [(row.title, row.count, row.url) for row in waiting_for(user, on=school.enrol_by)]
        for user in (kc.staff, kc.secretary, kc.approver)
    }
    answers = [Answer(one.pk, accepts=True)]
    answer_proposals(
        school, by=kc.staff, on=school.enrol_by, answers=answers, answered_on=school.enrol_by
    )
    sent = coming(kc, file, on=school.ends_on)

    page_of_class = reverse("class-detail", args=[school.public_id])
    assert (asked.is_mine, asked.waits_for) == (False, "Đảng bộ kc-dang-uy")
    assert (sent.is_mine, sent.waits_for, sent.due_on) == (False, school.centre, school.ends_on)
    assert [asked.early_url, sent.early_url] == [page_of_class] * 2
    to_answer = "People proposed for a class, to answer"
    row = (to_answer, 1, reverse("class-answer", args=[school.public_id]))
    assert row in told[kc.staff]
    assert all(to_answer not in str(told[user]) for user in (kc.secretary, kc.approver))


def test_a_class_that_is_over_waits_for_its_results_with_who_runs_it(kc: World) -> None:
    file = candidate(kc, at=Stage.SYMPATHISER)
    school = planned_class(kc)
    enrolled(kc, school, file, on=school.enrol_by)
    title = "Classes that are over, to enter results"

    def told(on: date) -> list[int]:
        return [row.count for row in waiting_for(kc.staff, on=on) if row.title == title]

    assert (told(school.ends_on), told(school.ends_on + timedelta(days=1))) == ([], [1])


def test_an_empty_roll_says_whose_names_it_would_show(kc: World) -> None:
    school = planned_class(kc)
    here = listed(kc, cell=kc.sibling, by=kc.secretary2)
    enrolled(kc, school, here)

    own, runner = (
        signed_in(user).get(at("class-detail", school)).content.decode()
        for user in (kc.secretary, kc.staff)
    )

    assert "Nobody of your cells is on the roll" in own
    assert "Nobody" not in runner
