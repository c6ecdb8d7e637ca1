"""What a file needs before the cell considers, and the days it holds."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied

from admissions.cases import case_of
from admissions.models import Candidate, Certificate, Milestone, Paper
from admissions.operations.preparation import (
    assign_mentor,
    issue_certificate,
    put_on_list,
    receive_paper,
    receive_papers,
)
from admissions.stages import Stage, Step
from config.errors import DomainError
from tests.makers import (
    DAY,
    WAY,
    World,
    candidate,
    logged,
    member,
    needed_papers,
    prepared,
    unit,
)
from tests.makers import cell as make_cell


def _certificate(world: World, file: Candidate, **changes: object) -> Certificate:
    values = {
        "by": world.secretary,
        "on": DAY,
        "number": "CN-1",
        "issuer": "Trung tâm chính trị",
        "issued_on": WAY["certified_on"],
        **changes,
    }
    return issue_certificate(file, **values)  # type: ignore[arg-type]


def _refusal(error: pytest.ExceptionInfo[DomainError]) -> list[str]:
    return list(error.value.fields)


def test_the_list_takes_a_person_once(kc: World) -> None:
    file = candidate(kc, at=Stage.SYMPATHISER)

    with pytest.raises(DomainError) as refusal:
        put_on_list(file, by=kc.secretary, on=DAY, held_on=date(2020, 7, 15))

    assert refusal.value.fields == {
        "held_on": "The person is on the list of sympathisers since 15/06/2020."
    }


def test_a_resolution_older_than_the_file_says_that_the_person_was_known_by_then(
    kc: World,
) -> None:
    file = logged(kc, identified_on=DAY)

    put_on_list(file, by=kc.secretary, on=DAY, held_on=date(2020, 6, 15))
    mentorship = assign_mentor(
        file, by=kc.secretary, on=DAY, mentor=kc.members[0], since=date(2020, 6, 15)
    )

    file.refresh_from_db()
    assert (file.identified_on, file.stage) == (date(2020, 6, 15), Stage.SYMPATHISER)
    assert mentorship.period.lower == date(2020, 6, 15)


@pytest.mark.parametrize("held_on", [date(2017, 12, 31), date(2021, 5, 29)])
def test_nobody_is_listed_before_the_cell_existed_nor_tomorrow(kc: World, held_on: date) -> None:
    with pytest.raises(DomainError) as refusal:
        put_on_list(logged(kc), by=kc.secretary, on=DAY, held_on=held_on)

    assert _refusal(refusal) == ["held_on"]


def test_a_certificate_may_be_older_than_the_file(kc: World) -> None:
    file = logged(kc)

    certificate = _certificate(kc, file, issued_on=date(2019, 2, 28))

    # 60 months, and the day on which they are full still counts
    assert certificate.expires_on == date(2024, 2, 29)
    assert Candidate.objects.get(pk=file.pk).stage == Stage.CERTIFIED


def test_papers_entered_late_do_not_send_a_file_back(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    _certificate(kc, file, number="CN-2", issued_on=date(2019, 2, 28))

    assert Candidate.objects.get(pk=file.pk).stage == Stage.READY


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"issued_on": date(2021, 5, 29)}, "issued_on"),
        ({"issued_on": date(1996, 9, 17)}, "issued_on"),
        ({"issued_on": date(2016, 7, 24)}, "issued_on"),  # before the first rules
        ({"number": "  "}, "number"),
        ({"issuer": ""}, "issuer"),
    ],
)
def test_an_impossible_certificate_is_refused_at_its_field(
    kc: World, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(DomainError) as refusal:
        _certificate(kc, logged(kc), **changes)

    assert _refusal(refusal) == [field]
    assert not Certificate.objects.exists()


def test_an_issuer_gives_a_number_once(kc: World) -> None:
    _certificate(kc, logged(kc))

    with pytest.raises(DomainError) as refusal:
        _certificate(kc, logged(kc))

    assert _refusal(refusal) == ["number"]


def test_a_helper_is_an_official_member_of_the_same_grassroots_unit(kc: World) -> None:
    neighbour = member(kc.sibling)

    helping = assign_mentor(
        logged(kc), by=kc.secretary, on=DAY, mentor=neighbour, since=WAY["mentored_on"]
    )

    assert helping.mentor == neighbour


def test_neither_a_probationary_member_nor_one_of_elsewhere_helps(kc: World) -> None:
    file = logged(kc)
    elsewhere = make_cell("kc-xa", unit("kc-khac", kc.top))
    outsiders = [
        member(kc.cell, status="probationary"),
        member(elsewhere),
        member(kc.cell, since=date(2020, 7, 2)),  # the day after
        file.person,
    ]

    for outsider in outsiders:
        with pytest.raises(DomainError) as refusal:
            assign_mentor(file, by=kc.secretary, on=DAY, mentor=outsider, since=WAY["mentored_on"])
        assert _refusal(refusal) == ["mentor"]


def test_a_member_helps_a_candidate_once_at_a_time(kc: World) -> None:
    file = prepared(kc, logged(kc))

    with pytest.raises(DomainError) as refusal:
        assign_mentor(file, by=kc.secretary, on=DAY, mentor=kc.members[0], since=DAY)

    assert _refusal(refusal) == ["mentor"]


def test_the_last_needed_paper_makes_the_file_complete(kc: World) -> None:
    file = logged(kc)
    _certificate(kc, file)
    *first, last = needed_papers(DAY)
    days = {"dated_on": WAY["papers_on"], "received_on": WAY["papers_on"]}

    receive_papers(file, by=kc.secretary, on=DAY, papers=[{"kind": one, **days} for one in first])
    before = Candidate.objects.get(pk=file.pk).stage
    receive_paper(file, by=kc.secretary, on=DAY, kind=last, **days)

    assert (before, Candidate.objects.get(pk=file.pk).stage) == (Stage.DOSSIER, Stage.READY)
    complete = Milestone.objects.get(candidate=file, step=Step.COMPLETE_PAPERS)
    assert complete.on == WAY["papers_on"]


def test_a_certificate_that_comes_last_completes_the_file_too(kc: World) -> None:
    file = logged(kc)
    days = {"dated_on": WAY["papers_on"], "received_on": WAY["papers_on"]}
    receive_papers(
        file,
        by=kc.secretary,
        on=DAY,
        papers=[{"kind": one, **days} for one in needed_papers(DAY)],
    )

    _certificate(kc, file)

    assert Candidate.objects.get(pk=file.pk).stage == Stage.READY


def test_a_youth_union_member_needs_the_unions_resolution(kc: World) -> None:
    file = prepared(kc, logged(kc, is_youth_union_member=True))

    papers = {state.kind.code: state.status for state in case_of(file, on=DAY).papers}

    assert papers["4-KNĐ"] == Paper.Status.COMPLETE
    other = case_of(logged(kc), on=DAY)
    assert {one.kind.code: one.status for one in other.papers}["4-KNĐ"] == "not_applicable"


def test_a_paper_goes_stale_on_the_day_after_its_months_are_full(kc: World) -> None:
    file = prepared(kc, logged(kc))

    last_day = case_of(file, on=date(2022, 2, 10))
    day_after = case_of(Candidate.objects.get(pk=file.pk), on=date(2022, 2, 11))

    assert [kind.code for kind in last_day.missing_papers] == []
    assert [kind.code for kind in day_after.missing_papers] == ["TTLL", "3-KNĐ", "5-KNĐ"]


@pytest.mark.parametrize(
    ("dated_on", "received_on", "field"),
    [
        (date(2021, 2, 11), date(2021, 2, 10), "dated_on"),
        (date(1996, 9, 17), date(2021, 2, 10), "dated_on"),
        (date(2021, 2, 10), date(2021, 5, 29), "received_on"),
    ],
)
def test_an_impossible_paper_is_refused_at_its_day(
    kc: World, dated_on: date, received_on: date, field: str
) -> None:
    kind = needed_papers(DAY)[0]

    with pytest.raises(DomainError) as refusal:
        receive_paper(
            logged(kc),
            by=kc.secretary,
            on=DAY,
            kind=kind,
            dated_on=dated_on,
            received_on=received_on,
        )

    assert _refusal(refusal) == [field]


def test_of_several_papers_all_are_received_or_none(kc: World) -> None:
    file = logged(kc)
    good, bad = needed_papers(DAY)[:2]
    days = {"dated_on": WAY["papers_on"], "received_on": WAY["papers_on"]}

    with pytest.raises(DomainError) as refusal:
        receive_papers(
            file,
            by=kc.secretary,
            on=DAY,
            papers=[{"kind": good, **days}, {"kind": bad, **days, "dated_on": DAY}],
        )

    assert _refusal(refusal) == [f"dated_on-{bad.pk}"]
    assert not Paper.objects.exists()


def test_the_same_paper_is_received_once(kc: World) -> None:
    file = prepared(kc, logged(kc))

    with pytest.raises(DomainError) as refusal:
        receive_paper(
            file,
            by=kc.secretary,
            on=DAY,
            kind=needed_papers(DAY)[0],
            dated_on=WAY["papers_on"],
            received_on=DAY,
        )

    assert _refusal(refusal) == ["dated_on"]


def test_a_paper_that_arises_from_a_vote_is_not_received(kc: World) -> None:
    resolution = needed_papers(DAY)[0].rules.paper_kinds.get(code="6-KNĐ")

    with pytest.raises(DomainError) as refusal:
        receive_paper(
            logged(kc), by=kc.secretary, on=DAY, kind=resolution, dated_on=DAY, received_on=DAY
        )

    assert _refusal(refusal) == ["kind"]


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary2", "staff", "approver", "leader", "auditor"])
def test_only_the_cells_secretary_prepares_its_files(kc: World, who: str) -> None:
    file, other = logged(kc), getattr(kc, who)
    kind = needed_papers(DAY)[0]

    with pytest.raises(PermissionDenied):
        put_on_list(file, by=other, on=DAY, held_on=DAY)
    with pytest.raises(PermissionDenied):
        _certificate(kc, file, by=other)
    with pytest.raises(PermissionDenied):
        assign_mentor(file, by=other, on=DAY, mentor=kc.members[0], since=DAY)
    with pytest.raises(PermissionDenied):
        receive_paper(file, by=other, on=DAY, kind=kind, dated_on=DAY, received_on=DAY)
