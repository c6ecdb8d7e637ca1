"""The catalogue of papers, their five statuses in both phases, consents, and T3 and T27."""

from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from admissions.cases import Case, case_of
from admissions.models import Candidate, Milestone, Paper, PaperKind, RuleSet
from admissions.operations.helpers import release_mentor
from admissions.operations.papers import receive_paper, receive_papers
from admissions.operations.recording import record
from admissions.stages import Level, Purpose, Stage, Step
from config.errors import DomainError
from organizations.models import Person
from tests.admissions.test_pages import errors, page, send, signed_in, url
from tests.makers import (
    DAY,
    WAY,
    World,
    candidate,
    logged,
    needed_papers,
    officer,
    prepared,
    stand_on,
    vote,
)

CEREMONY = WAY["ceremony_on"]
MONTH_TWELVE = date(2022, 5, 19)


def case(file: Candidate, on: date = DAY) -> Case:
    return case_of(
        Candidate.objects.select_related("person", "rules", "cell").get(pk=file.pk), on=on
    )


def statuses(file: Candidate, on: date = DAY, *, phase: str = "") -> dict[str, str]:
    return {
        one.kind.code: one.status
        for one in case(file, on).papers
        if not phase or one.kind.phase == phase
    }


def kind(code: str, on: date = DAY) -> PaperKind:
    return RuleSet.objects.in_force(on=on).paper_kinds.get(code=code)


def received(kc: World, file: Candidate, code: str, dated_on: date, **changes: Any) -> Paper:
    values = {
        "by": kc.secretary,
        "on": max(DAY, dated_on),
        "kind": kind(code),
        "dated_on": dated_on,
        "received_on": dated_on,
        **changes,
    }
    return receive_paper(file, **values)


def special(kc: World, *what: str, **changes: Any) -> Candidate:
    file = logged(kc)
    Candidate.objects.filter(pk=file.pk).update(special=list(what), **changes)
    return Candidate.objects.get(pk=file.pk)


# ---------------------------------------------------------------- the catalogue


def test_every_rule_set_names_the_forms_1_to_16_and_none_of_17_to_20(db: None) -> None:
    numbered = {f"{number}-KNĐ" for number in range(1, 17)}
    unknown = {f"{number}-KNĐ" for number in range(17, 21)}

    for rules in RuleSet.objects.all():
        codes = set(rules.paper_kinds.values_list("code", flat=True))
        local = set(rules.paper_kinds.filter(is_local=True).values_list("code", flat=True))
        assert numbered <= codes, rules
        assert not codes & unknown
        assert not local & numbered
        assert "4D-KNĐ" in local


def test_exactly_the_four_kinds_of_papers_go_stale(db: None) -> None:
    stale = {"TTLL", "3-KNĐ", "4-KNĐ", "4D-KNĐ", "5-KNĐ"}

    for rules in RuleSet.objects.all():
        found = rules.paper_kinds.filter(goes_stale=True).values_list("code", flat=True)
        assert set(found) == stale, rules


def test_an_ordinary_candidate_lacks_none_of_the_papers_of_special_cases(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    assert case(file).missing_papers == []
    assert case(file).missing_consents == []


def test_t3_after_twelve_months_exactly_the_listed_papers_are_stale(kc: World) -> None:
    file = prepared(kc, logged(kc, is_youth_union_member=True))

    def lacking(on: date) -> list[str]:
        return [kind.code for kind in case(file, on).missing_papers]

    assert lacking(date(2022, 2, 10)) == []
    assert lacking(date(2022, 2, 11)) == ["TTLL", "3-KNĐ", "4-KNĐ", "5-KNĐ"]
    stale = statuses(file, date(2022, 2, 11))
    assert (stale["1-KNĐ"], stale["2-KNĐ"]) == ("complete", "complete")


def test_a_month_before_they_go_stale_papers_are_about_to_expire(kc: World) -> None:
    file = prepared(kc, logged(kc))

    assert statuses(file, date(2022, 1, 10))["3-KNĐ"] == "complete"
    assert statuses(file, date(2022, 1, 11))["3-KNĐ"] == "expiring"


def test_the_catalogue_is_shown_for_each_rule_set(kc: World) -> None:
    now = page(kc.secretary, reverse("paper-catalogue"))
    then = page(kc.auditor, reverse("paper-catalogue") + "?quy-dinh=294-Q%C4%90/TW")

    assert "Forms and papers, 29-QĐ/TW" in now
    assert "Forms and papers, 294-QĐ/TW" in then
    assert "16-KNĐ" in now
    assert ">17-KNĐ" not in now


def test_the_catalogue_of_an_unknown_rule_set_is_no_page(kc: World) -> None:
    answer = signed_in(kc.staff).get(reverse("paper-catalogue") + "?quy-dinh=1")

    assert answer.status_code == 404
    assert signed_in(kc.leader).get(reverse("paper-catalogue")).status_code == 404


# ---------------------------------------------------------------- special cases


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("what", "before_cell", "consents"),
    [
        ("believer", {"ĐN-TG", "ĐY-TG"}, set()),
        ("hoa", {"LL-3ĐỜI", "XMAN-H"}, set()),
        ("foreign_marriage", {"ĐKKH", "LL-VC", "XMAN-N"}, set()),
        ("business_owner", {"ĐKKD", "XN-TBH", "TƯLĐ", "BC-3N"}, set()),
        ("political", set(), {"ĐY-CT"}),
        ("no_youth_union", {"4D-KNĐ"}, set()),
    ],
)
def test_a_special_case_needs_its_own_papers(
    kc: World, what: str, before_cell: set[str], consents: set[str]
) -> None:
    ordinary = {one.code for one in case(logged(kc)).missing_papers}

    found = case(special(kc, what))

    assert {one.code for one in found.missing_papers} == ordinary | before_cell
    assert {one.code for one in found.missing_consents} == consents


def test_a_readmission_needs_the_consent_of_the_province(kc: World) -> None:
    file = special(kc, "readmission", left_on=date(2015, 1, 1))

    assert [one.code for one in case(file).missing_consents] == ["ĐY-KNL"]


def test_past_youth_age_no_union_introduces(kc: World) -> None:
    file = special(kc, "no_youth_union")
    born_on = file.person.born_on

    last = date(born_on.year + 31, born_on.month, born_on.day - 1)

    assert statuses(file, last)["4D-KNĐ"] == "missing"
    assert statuses(file, date(last.year, last.month, last.day + 1))["4D-KNĐ"] == "not_applicable"


@pytest.mark.parametrize(
    ("born_on", "is_asked"), [(date(1961, 3, 1), False), (date(1961, 2, 28), True)]
)
def test_past_the_oldest_age_when_the_cell_considered_a_consent_is_asked(
    kc: World, born_on: date, is_asked: bool
) -> None:
    file = candidate(kc, at=Stage.READY, born_on=born_on, over_age=True)
    vote(
        file, by=kc.secretary, level=Level.CELL, held_on=WAY["cell_on"], entitled=26, present=22,
        in_favour=22,
    )  # fmt: skip

    # Judged on a day on which both are past it.
    found = case(file, DAY)

    assert [one.code for one in found.missing_consents] == (["ĐY-60T"] if is_asked else [])


def test_a_consent_is_due_from_the_cells_resolution_and_received_until_the_decision(
    kc: World,
) -> None:
    file = candidate(kc, at=Stage.READY, born_on=date(1985, 9, 17))
    Candidate.objects.filter(pk=file.pk).update(special=["political"])
    assert statuses(file)["ĐY-CT"] == "not_yet"
    vote(
        file, by=kc.secretary, level=Level.CELL, held_on=WAY["cell_on"], entitled=26, present=22,
        in_favour=22,
    )  # fmt: skip
    assert statuses(file)["ĐY-CT"] == "missing"

    received(kc, file, "ĐY-CT", WAY["grassroots_on"])

    assert statuses(file)["ĐY-CT"] == "complete"
    assert case(file).missing_consents == []
    assert Candidate.objects.get(pk=file.pk).stage == Stage.CELL_RESOLVED


def test_what_the_cell_considers_is_not_received_after_it(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    with pytest.raises(DomainError) as refusal:
        received(kc, file, "5-KNĐ", DAY)

    assert list(refusal.value.fields) == ["kind"]


@pytest.mark.sweep
@pytest.mark.parametrize("code", ["13-KNĐ", "16-KNĐ", "CN-NTVĐ", "10-KNĐ"])
def test_what_arises_elsewhere_or_later_is_not_received(kc: World, code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        received(kc, logged(kc), code, DAY)

    assert list(refusal.value.fields) == ["kind"]


# ---------------------------------------------------------------- probation


@pytest.mark.thorough
def test_papers_of_the_probation_have_their_statuses(kc: World) -> None:
    ready, admitted = candidate(kc, at=Stage.READY), candidate(kc, at=Stage.ADMITTED)

    before = statuses(ready, phase="probation")
    during = statuses(admitted, date(2022, 5, 18), phase="probation")
    after = statuses(admitted, MONTH_TWELVE, phase="probation")

    assert set(before.values()) == {"not_yet", "not_applicable"}
    assert before["14-KNĐ"] == "not_applicable"  # no intermediate committee above this cell
    assert {during[code] for code in ("10-KNĐ", "11-KNĐ", "12-KNĐ")} == {"not_yet"}
    assert {after[code] for code in ("10-KNĐ", "11-KNĐ", "12-KNĐ")} == {"missing"}
    assert after["13-KNĐ"] == "not_yet"


def test_the_missing_papers_of_the_probation_are_told_before_their_time_too(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)

    missing = case(file).missing_for(PaperKind.Phase.PROBATION)

    assert [one.code for one in missing] == ["10-KNĐ", "11-KNĐ", "12-KNĐ"]


def test_the_self_criticism_is_written_after_month_twelve(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)
    stand_on(date(2022, 6, 1))

    with pytest.raises(DomainError) as refusal:
        received(kc, file, "10-KNĐ", date(2022, 5, 18), on=date(2022, 6, 1))
    received(kc, file, "10-KNĐ", MONTH_TWELVE, on=date(2022, 6, 1))

    assert list(refusal.value.fields) == ["dated_on"]
    assert "19/05/2022" in refusal.value.fields["dated_on"]
    assert statuses(file, date(2022, 6, 1))["10-KNĐ"] == "complete"


def comment(kc: World, file: Candidate, by: Person, on: date) -> Paper:
    return received(kc, file, "11-KNĐ", on, on=date(2022, 6, 1), signer=by.full_name)


def test_t27_two_helpers_of_the_probation_leave_two_comments(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)
    first, second = kc.members[0], kc.members[5]
    stand_on(date(2022, 6, 1))
    release_mentor(
        file.mentorships.get(), by=kc.secretary, on=date(2022, 6, 1),
        released_on=date(2021, 11, 1), reason="Chuyển công tác", comment="", mentor=second,
    )  # fmt: skip

    comment(kc, file, second, date(2022, 5, 25))
    one_in = case(file, date(2022, 6, 1))
    assert [one.mentor for one in one_in.silent_helpers] == [first]
    assert statuses(file, date(2022, 6, 1))["11-KNĐ"] == "missing"

    comment(kc, file, first, date(2022, 5, 25))  # the same day, as it happens
    assert statuses(file, date(2022, 6, 1))["11-KNĐ"] == "complete"
    assert [
        (one.step, one.on) for one in case(file).candidate.milestones.filter(step="release_mentor")
    ] == [(Step.RELEASE_MENTOR, date(2021, 11, 1))]


def test_a_comment_left_by_a_helper_who_went_counts(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)
    stand_on(date(2022, 6, 1))
    release_mentor(
        file.mentorships.get(), by=kc.secretary, on=date(2022, 6, 1),
        released_on=date(2021, 11, 1), reason="Chuyển công tác", comment="Tiến bộ.",
        mentor=kc.members[5],
    )  # fmt: skip

    assert [one.mentor for one in case(file, date(2022, 6, 1)).silent_helpers] == [kc.members[5]]
    comment(kc, file, kc.members[5], date(2022, 5, 25))

    assert statuses(file, date(2022, 6, 1))["11-KNĐ"] == "complete"


def test_the_comment_of_one_helper_is_received_once(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)
    stand_on(date(2022, 6, 1))
    comment(kc, file, kc.members[0], date(2022, 5, 25))

    with pytest.raises(DomainError) as refusal:
        comment(kc, file, kc.members[0], date(2022, 5, 26))

    assert list(refusal.value.fields) == ["dated_on"]


# ---------------------------------------------------------------- complete, and again


def test_a_file_returned_for_completion_is_complete_again_with_its_last_paper(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    later = date(2022, 3, 1)
    stand_on(later)
    back = Milestone(
        candidate=file, step=Step.RETURN, on=later, entered_by=kc.staff2, back_to=Stage.DOSSIER
    )
    record(file, [back], announced_on=later)
    assert Candidate.objects.get(pk=file.pk).stage == Stage.DOSSIER

    papers = [
        {"kind": one, "dated_on": later, "received_on": later}
        for one in case(file, later).missing_papers
    ]
    receive_papers(file, by=kc.secretary, on=later, papers=papers)

    assert Candidate.objects.get(pk=file.pk).stage == Stage.READY


# ---------------------------------------------------------------- pages


@pytest.mark.thorough
def test_the_page_of_a_probation_shows_its_papers_and_receives_them(kc: World) -> None:
    file = candidate(kc, at=Stage.ADMITTED)
    stand_on(date(2022, 6, 1))
    address = url("candidate-step", file, "giay-to")
    rows = {one.code: one for one in RuleSet.objects.in_force(on=DAY).paper_kinds.all()}
    # The forms are those of the rules in force on the day.
    rows = {one.code: one for one in case(file, date(2022, 6, 1)).kinds}

    shown = page(kc.secretary, url("candidate-detail", file))
    values = {
        f"dated_on-{rows['10-KNĐ'].pk}": "20/05/2022",
        f"dated_on-{rows['11-KNĐ'].pk}-{kc.members[0].pk}": "21/05/2022",
        f"dated_on-{rows['12-KNĐ'].pk}": "22/05/2022",
        "other": str(rows["BB-LKN"].pk),
        "other_on": "19/05/2021",
        "received_on": "01/06/2022",
    }
    early = send(kc.secretary, address, **{**values, f"dated_on-{rows['10-KNĐ'].pk}": "18/05/2022"})
    answer = send(kc.secretary, address, **values)

    assert "For the official recognition" in shown
    assert kc.members[0].full_name in shown
    assert list(errors(early)) == [f"dated_on-{rows['10-KNĐ'].pk}"]
    assert answer.status_code == 303
    assert case(file, date(2022, 6, 1)).missing_for("probation") == []
    again = page(kc.secretary, url("candidate-detail", file))
    assert "Kept with the file" in again
    assert "Minutes of the ceremony" in again


def test_another_paper_is_named_with_its_day(kc: World) -> None:
    file = logged(kc)
    address = url("candidate-step", file, "giay-to")
    parents = str(kind("2-TN").pk)

    without_day = send(kc.secretary, address, other=parents, received_on="28/05/2021")
    without_name = send(kc.secretary, address, other_on="20/05/2021", received_on="28/05/2021")
    answer = send(
        kc.secretary, address, other=parents, other_on="20/05/2021", received_on="28/05/2021"
    )

    assert list(errors(without_day)) == ["other_on"]
    assert list(errors(without_name)) == ["other"]
    assert answer.status_code == 303
    assert [one.kind.code for one in Paper.objects.all()] == ["2-TN"]


def test_a_vote_on_recognition_names_its_own_form(kc: World) -> None:
    found = case(candidate(kc, at=Stage.ADMITTED))

    assert found.form_of(Level.CELL) == "6-KNĐ"
    assert found.form_of(Level.CELL, Purpose.RECOGNITION) == "13-KNĐ"


def test_who_has_no_right_to_prepare_gets_no_form_of_papers(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)
    stranger = officer("nguoi-khac", kc.sibling)

    for user in (kc.secretary2, kc.staff, kc.auditor, stranger):
        assert signed_in(user).get(url("candidate-step", file, "giay-to")).status_code == 404


def test_needed_papers_are_those_of_the_catalogue(kc: World) -> None:
    codes = [one.code for one in needed_papers(DAY)]

    assert codes == ["1-KNĐ", "2-KNĐ", "TTLL", "3-KNĐ", "5-KNĐ"]
    assert CEREMONY < MONTH_TWELVE
