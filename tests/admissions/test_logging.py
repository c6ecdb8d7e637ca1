"""Logging, correcting and closing files."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from admissions.models import Candidate
from admissions.operations.candidates import close_candidate, edit_candidate
from admissions.operations.outcomes import return_file
from admissions.stages import Level, Stage
from config.errors import ConflictError, DomainError
from organizations.models import Outbox, Person
from tests.makers import DAY, World, candidate, logged, member, prepared, sent_up


@pytest.mark.thorough
def test_a_file_reaches_each_stage(kc: World) -> None:
    stages = [
        Stage.SOURCE,
        Stage.SYMPATHISER,
        Stage.READY,
        Stage.CELL_RESOLVED,
        Stage.GRASSROOTS_RESOLVED,
        Stage.COMPETENT_RESOLVED,
        Stage.DECIDED,
        Stage.ADMITTED,
    ]

    reached = [candidate(kc, at=stage).stage for stage in stages]

    assert reached == stages


def test_files_are_numbered_within_the_year_of_entry(kc: World) -> None:
    numbers = [logged(kc).number, logged(kc).number, logged(kc, on=date(2021, 5, 30)).number]

    assert numbers == ["KC-2021-0001", "KC-2021-0002", "KC-2021-0003"]


def test_a_new_file_is_told_upward_in_its_own_transaction(kc: World) -> None:
    file = logged(kc)

    news = Outbox.objects.get(kind="admissions.candidate")
    assert (news.fact, news.organization_id, news.sign) == (file.pk, kc.cell.pk, 1)
    assert news.snapshot == {"was": None, "stage": "source"}


def test_a_name_typed_in_nfd_is_stored_in_nfc_and_found_without_diacritics(kc: World) -> None:
    file = logged(kc, full_name="  Đỗ   Thịnh ")

    assert file.person.full_name == "Đỗ Thịnh"
    assert list(Candidate.objects.matching("do thinh")) == [file]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("born_on", "refused"),
    [
        (date(2009, 3, 1), True),  # twelve years old
        (date(2005, 5, 29), True),  # sixteen tomorrow
        (date(2005, 5, 28), False),  # sixteen today
        (date(1961, 5, 31), False),  # the month of the sixtieth birthday still counts
        (date(1961, 4, 30), True),
        (date(2021, 5, 29), True),  # born tomorrow
        (date(1890, 1, 1), True),
    ],
)
def test_a_file_is_opened_from_two_years_before_the_youngest_age_to_the_oldest(
    kc: World, born_on: date, refused: bool
) -> None:
    if not refused:
        assert logged(kc, born_on=born_on).stage == Stage.SOURCE
        return

    with pytest.raises(DomainError) as refusal:
        logged(kc, born_on=born_on)

    assert list(refusal.value.fields) == ["born_on"]
    assert not Person.objects.filter(born_on=born_on).exists()


def test_the_sentence_about_a_child_says_the_age_and_the_clause(kc: World) -> None:
    with pytest.raises(DomainError) as refusal:
        logged(kc, born_on=date(2009, 3, 1))

    assert refusal.value.fields["born_on"] == (
        "This person is only 12 years old. A file is opened from 16 years on; the cell considers"
        " people of full 18 years (Charter, article 1; 29-QĐ/TW)."
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"full_name": "   "}, "full_name"),
        ({"occupation": " "}, "occupation"),
        ({"identified_on": date(2021, 5, 29)}, "identified_on"),
        ({"identified_on": date(2017, 12, 31)}, "identified_on"),  # the cell did not exist
        ({"groups": ["nobility"]}, "groups"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    kc: World, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(DomainError) as refusal:
        logged(kc, **{"full_name": "Lê Thị Hồng Nhung", **changes})

    assert list(refusal.value.fields) == [field]
    assert not Candidate.objects.exists()


def test_an_open_file_elsewhere_is_refused_without_saying_where(kc: World) -> None:
    logged(kc, full_name="Lê Thị Nhung")

    with pytest.raises(DomainError) as refusal:
        logged(kc, cell=kc.sibling, by=kc.secretary2, full_name="LE THI NHUNG")

    sentence = refusal.value.fields["full_name"]
    assert kc.cell.slug not in sentence
    assert "Chi bộ" not in sentence


def test_a_member_is_not_logged_again(kc: World) -> None:
    known = member(kc.sibling)

    with pytest.raises(DomainError) as refusal:
        logged(kc, full_name=known.full_name, born_on=known.born_on)

    assert list(refusal.value.fields) == ["full_name"]


@pytest.mark.sweep
@pytest.mark.parametrize(
    "who", ["secretary2", "staff", "staff2", "approver", "leader", "auditor", "administrator"]
)
def test_only_the_cells_secretary_logs_its_candidates(kc: World, who: str) -> None:
    with pytest.raises(PermissionDenied):
        logged(kc, by=getattr(kc, who))


def test_a_correction_changes_person_and_groups_and_the_version(kc: World) -> None:
    file = logged(kc)

    edited = edit_candidate(
        file,
        by=kc.secretary,
        on=DAY,
        version=1,
        occupation="Thợ điện",
        groups=["student", "worker"],
    )

    assert (edited.person.occupation, edited.groups, edited.version) == (
        "Thợ điện",
        ["worker", "student"],
        2,
    )


def test_a_stale_page_is_a_conflict_and_changes_nothing(kc: World) -> None:
    file = logged(kc)
    edit_candidate(file, by=kc.secretary, on=DAY, version=1, occupation="Thợ điện")

    with pytest.raises(ConflictError):
        edit_candidate(file, by=kc.secretary, on=DAY, version=1, occupation="Thợ hàn")

    assert Person.objects.get(pk=file.person_id).occupation == "Thợ điện"


def test_the_birth_date_is_never_changed(kc: World) -> None:
    file = logged(kc)

    with pytest.raises(TypeError):
        edit_candidate(file, by=kc.secretary, on=DAY, version=1, born_on=date(1990, 1, 1))


def test_a_correction_of_the_name_is_refused_where_logging_would_be(kc: World) -> None:
    """Otherwise one person has two files, or comes back before the wait is over."""
    member = kc.members[3]
    of_a_member = logged(kc, full_name="Phạm Văn Khác", born_on=member.born_on)
    logged(kc, full_name="Lê Thị Một")
    of_a_candidate = logged(kc, full_name="Lê Thị Hai")

    for file, name in ((of_a_member, member.full_name), (of_a_candidate, "LÊ THỊ MỘT")):
        with pytest.raises(DomainError) as refusal:
            edit_candidate(file, by=kc.secretary, on=DAY, version=1, full_name=name)
        assert list(refusal.value.fields) == ["full_name"]
    assert Person.objects.get(pk=of_a_candidate.person_id).full_name == "Lê Thị Hai"


def test_a_name_is_spelt_anew_where_nobody_else_bears_it(kc: World) -> None:
    file = logged(kc, full_name="Le Thi Hai")

    edited = edit_candidate(file, by=kc.secretary, on=DAY, version=1, full_name="Lê Thị Hai")

    assert edited.person.full_name == "Lê Thị Hai"


def test_after_the_cells_resolution_the_file_says_what_the_cell_resolved_on(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED, full_name="Lê Thị Một")
    changes: dict[str, Any] = {"full_name": "Lê Thị Nhầm", "ethnicity": "Tày", "groups": ["worker"]}

    with pytest.raises(DomainError) as refusal:
        edit_candidate(file, by=kc.secretary, on=DAY, version=file.version, **changes)

    assert set(refusal.value.fields) == set(changes)
    assert refusal.value.fields["full_name"] == (
        "The cell resolved on 05/03/2021 by what the file said then: it is changed only after the"
        " file was returned to before that resolution."
    )
    kept = Candidate.objects.select_related("person").get(pk=file.pk)
    assert (kept.person.full_name, kept.person.ethnicity, kept.groups) == ("Lê Thị Một", "", [])


@pytest.mark.thorough
def test_before_the_cells_resolution_and_again_after_a_return_the_file_is_corrected(
    kc: World,
) -> None:
    file = sent_up(kc, candidate(kc, at=Stage.CELL_RESOLVED))
    return_file(
        file, by=kc.staff, on=DAY, level=Level.GRASSROOTS, returned_on=DAY, back_to=Stage.READY,
        reason="Sai họ tên",
    )  # fmt: skip
    version = Candidate.objects.get(pk=file.pk).version

    edited = edit_candidate(file, by=kc.secretary, on=DAY, version=version, full_name="Lê Thị Đúng")

    assert edited.person.full_name == "Lê Thị Đúng"


def test_a_closed_file_lets_the_person_have_a_new_one(kc: World) -> None:
    file = logged(kc, full_name="Hà Văn Lực")

    close_candidate(file, by=kc.secretary, on=DAY, closed_on=DAY, reason="Chuyển nơi cư trú")

    closed = Candidate.objects.get(pk=file.pk)
    assert (closed.stage, closed.closed_on) == (Stage.CLOSED, DAY)
    assert logged(kc, full_name="Hà Văn Lực").stage == Stage.SOURCE


@pytest.mark.parametrize(
    ("closed_on", "reason", "field"),
    [
        (date(2021, 5, 29), "Chuyển đi", "closed_on"),  # tomorrow
        (date(2020, 6, 14), "Chuyển đi", "closed_on"),  # before the list
        (DAY, "  ", "reason"),
    ],
)
def test_closing_needs_a_possible_day_and_a_reason(
    kc: World, closed_on: date, reason: str, field: str
) -> None:
    file = candidate(kc, at=Stage.SYMPATHISER)

    with pytest.raises(DomainError) as refusal:
        close_candidate(file, by=kc.secretary, on=DAY, closed_on=closed_on, reason=reason)

    assert list(refusal.value.fields) == [field]
    assert Candidate.objects.get(pk=file.pk).stage == Stage.SYMPATHISER


def test_a_decided_file_is_not_closed(kc: World) -> None:
    file = candidate(kc, at=Stage.DECIDED)

    with pytest.raises(DomainError, match="Decision issued"):
        close_candidate(file, by=kc.secretary, on=DAY, closed_on=DAY, reason="Chuyển đi")


def test_closing_ends_the_help(kc: World) -> None:
    file = prepared(kc, logged(kc))

    close_candidate(file, by=kc.secretary, on=DAY, closed_on=DAY, reason="Chuyển đi")

    assert file.mentorships.get().period.upper == DAY


def test_nobody_acts_on_their_own_file(kc: World) -> None:
    file = logged(kc)
    kc.secretary.person = file.person
    kc.secretary.save(update_fields=["person"])

    with pytest.raises(PermissionDenied):
        edit_candidate(file, by=kc.secretary, on=DAY, version=1, occupation="Thợ điện")
    with pytest.raises(PermissionDenied):
        close_candidate(file, by=kc.secretary, on=DAY, closed_on=DAY, reason="Chuyển đi")
