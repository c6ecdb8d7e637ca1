"""Who may be considered: ages, schooling, the cell, readmission, introducers; rules that change."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from admissions.cases import Case, case_of, cases_of
from admissions.eligibility import (
    enough_members,
    helped_long_enough,
    introduced,
    introducers_needed,
    of_age,
    readmission,
    schooled,
    warnings,
)
from admissions.models import (
    Admission,
    Candidate,
    Deadline,
    Introducer,
    PaperKind,
    Special,
    Verification,
)
from admissions.open_questions import QUESTIONS
from admissions.operations.candidates import OverAge, edit_candidate
from admissions.operations.ceremonies import hold_ceremony
from admissions.operations.deadlines import reckon
from admissions.operations.introducers import end_introducer
from admissions.operations.outcomes import return_file
from admissions.operations.papers import receive_papers
from admissions.operations.rule_sets import (
    answer_rule_change,
    answer_setting,
    ask_rule_change,
    ask_setting,
)
from admissions.parameters import PARAMETERS
from admissions.selectors.eligibility import new_rules
from admissions.selectors.papers import paper_rows
from admissions.stages import Level, Stage
from config.errors import DomainError
from organizations.models import Person
from organizations.operations.people import depart
from tests.makers import (
    DAY,
    WAY,
    World,
    candidate,
    cell,
    decided,
    logged,
    member,
    members,
    membership_of,
    officer,
    once,
    prepared,
    stand_on,
    vote,
)

CELL_DAY = WAY["cell_on"]


def judged(file: Candidate, on: date = CELL_DAY) -> Case:
    return case_of(Candidate.objects.get(pk=file.pk), on=on)


def cell_vote(kc: World, file: Candidate, held_on: date = CELL_DAY) -> Any:
    numbers = {"entitled": 26, "present": 22, "in_favour": 22}
    return vote(file, by=kc.secretary, level=Level.CELL, held_on=held_on, **numbers)


def special(kc: World, file: Candidate, *cases: str, **more: Any) -> Candidate:
    version = Candidate.objects.get(pk=file.pk).version
    return edit_candidate(
        file, by=kc.secretary, on=DAY, version=version, special=list(cases), **more
    )


def answered(kc: World, name: str, value: str) -> None:
    """Let two people answer an open question, on a day before all that is judged."""
    stand_on(date(2020, 1, 1))
    setting = ask_setting(
        QUESTIONS[name], by=kc.staff2, on=date(2020, 1, 1), value=value, reason="Hỏi cấp trên"
    )
    answer_setting(setting, by=kc.approver, on=date(2020, 1, 1), approves=True)
    stand_on(DAY)


# ---------------------------------------------------------------- age


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("reading", "held_on", "may"),
    [
        # Born 15 March 2003.
        ("month", date(2021, 3, 14), False),
        ("month", date(2021, 3, 15), True),
        ("exact", date(2021, 3, 14), False),
        ("exact", date(2021, 3, 15), True),
        ("month_number", date(2021, 2, 28), False),
        ("month_number", date(2021, 3, 1), True),
    ],
)
def test_the_cell_considers_from_the_youngest_age_by_the_reading_agreed(
    kc: World, reading: str, held_on: date, may: bool
) -> None:
    if reading != "month":
        answered(kc, "age_reading", reading)
    file = logged(kc, born_on=date(2003, 3, 15))

    assert (of_age(judged(file, held_on)) is None) is may


@pytest.mark.thorough
def test_past_the_oldest_age_the_cell_considers_and_is_warned(kc: World) -> None:
    file = prepared(kc, logged(kc, born_on=date(1961, 2, 15), over_age=True))

    assert "past full 60 years" in " ".join(warnings(judged(file, date(2021, 3, 1))))
    assert "past full 60 years" not in " ".join(warnings(judged(file, date(2021, 2, 28))))
    assert cell_vote(kc, file).passed


def test_a_file_past_the_oldest_age_is_opened_only_where_the_exception_is_meant(
    kc: World,
) -> None:
    with pytest.raises(OverAge):
        logged(kc, born_on=date(1961, 4, 30))

    assert logged(kc, born_on=date(1961, 4, 30), over_age=True).pk


def test_the_form_asks_for_the_exception_only_when_it_is_needed(kc: World) -> None:
    client = Client()
    client.force_login(kc.secretary)
    address = reverse("candidate-new")
    typed = {
        "full_name": "Lò Văn Già", "born_on": "30/04/1961", "sex": "male", "occupation": "Thợ mộc"
    }  # fmt: skip

    assert "over_age" not in client.get(address).content.decode()
    refused = client.post(address, typed | {"once": once()})
    assert refused.status_code == 422
    assert 'name="over_age"' in refused.content.decode()
    assert client.post(address, typed | {"over_age": "on", "once": once()}).status_code == 303


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("born_on", "on", "differ"),
    [
        (date(2003, 3, 15), date(2021, 3, 14), True),
        (date(2003, 3, 15), date(2021, 3, 15), False),
        (date(1961, 3, 15), date(2021, 3, 15), False),
        (date(1961, 3, 15), date(2021, 3, 16), True),
        (date(1961, 3, 15), date(2021, 4, 1), False),
    ],
)
def test_the_file_warns_where_the_age_hangs_on_the_reading(
    kc: World, born_on: date, on: date, differ: bool
) -> None:
    file = logged(kc, born_on=born_on, on=date(2021, 3, 1))

    assert any("hangs on how months" in words for words in warnings(judged(file, on))) is differ


# ---------------------------------------------------------------- schooling


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("education", "refused"),
    [
        ("8/12", True),
        ("9/12", False),
        ("6/10", True),
        ("7/10", False),
        ("Tiểu học", True),
        ("Tốt nghiệp THCS", False),
        ("Kỹ sư mỏ", False),
        ("", False),  # not known: warned of
    ],
)
def test_a_lower_secondary_diploma_is_needed(kc: World, education: str, refused: bool) -> None:
    file = logged(kc, education=education)

    assert (schooled(judged(file)) is not None) is refused
    told = any("is not noted" in words for words in warnings(judged(file)))
    assert told is (education == "")


def test_where_less_is_enough_primary_school_will_do_and_less_asks_for_a_consent(
    kc: World,
) -> None:
    primary, elder = logged(kc, education="5/12"), logged(kc, education="Biết đọc, biết viết")
    for file in (primary, elder):
        special(kc, file, Special.LOW_SCHOOLING)
        assert schooled(judged(file)) is None

    assert not any("people of standing" in words for words in warnings(judged(primary)))
    assert any("people of standing" in words for words in warnings(judged(elder)))


# ---------------------------------------------------------------- the cell


def test_a_cell_of_two_official_members_does_not_consider_and_one_of_three_does(
    kc: World,
) -> None:
    small = cell("kc-nho", kc.committee)
    secretary = officer("kc-nho-bithu", small)
    members(small, 2)
    member(small, status="probationary")
    file = logged(kc, cell=small, by=secretary)

    assert "2 official members" in str(enough_members(judged(file)))
    member(small)
    assert enough_members(judged(file)) is None


@pytest.mark.thorough
def test_the_least_time_of_being_helped_is_judged_only_where_two_people_set_one(
    kc: World,
) -> None:
    file = prepared(kc, logged(kc))  # helped since 1 July 2020
    assert helped_long_enough(judged(file, date(2020, 7, 2))) is None

    answered(kc, "mentoring_months", "9")

    assert "from 01/04/2021 on" in str(helped_long_enough(judged(file, date(2021, 3, 31))))
    assert helped_long_enough(judged(file, date(2021, 4, 1))) is None


# ---------------------------------------------------------------- T11: readmission


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("left_on", "was_cleared", "refused"),
    [
        (date(2018, 3, 6), False, True),  # one day less than 36 months
        (date(2018, 3, 5), False, False),
        (date(2018, 4, 5), False, True),  # 35 months
        (date(2018, 3, 5), True, True),
        (date(2016, 3, 6), True, True),
        (date(2016, 3, 5), True, False),
    ],
)
def test_who_left_is_considered_after_36_months_and_after_a_cleared_record_60(
    kc: World, left_on: date, was_cleared: bool, refused: bool
) -> None:
    file = prepared(kc, logged(kc))
    special(kc, file, Special.READMISSION, left_on=left_on, was_cleared=was_cleared)

    assert (readmission(judged(file)) is not None) is refused
    if refused:
        with pytest.raises(DomainError, match="considered again after"):
            cell_vote(kc, file)
        assert Candidate.objects.get(pk=file.pk).stage != Stage.CELL_RESOLVED


@pytest.mark.thorough
def test_a_second_readmission_is_refused(kc: World) -> None:
    before = candidate(kc, at=Stage.ADMITTED)
    first = Admission.objects.get(candidate=before)
    again = logged(kc, full_name="Người Cũ")
    # The same person under another record, found by name and date of birth.
    Person.objects.filter(pk=again.person_id).update(
        born_on=before.person.born_on, name_search=before.person.name_search
    )
    special(kc, again, Special.READMISSION, left_on=date(2017, 1, 1))
    later = date(2021, 5, 27)
    assert readmission(judged(again, later)) is None  # the first was no readmission

    copy = Admission.objects.filter(pk=first.pk).values().get()
    Admission.objects.create(
        **{
            **{name: copy[name] for name in copy if name not in {"id", "entered_at"}},
            "candidate_id": None, "decision_id": None, "origin": "taken_over",
            "is_readmission": True, "ceremony_on": date(2016, 1, 1),
            "decided_on": date(2015, 12, 1),
        }
    )  # fmt: skip

    assert "readmitted 1 times already" in str(readmission(judged(again, later)))


def test_a_readmission_says_since_when_and_only_a_readmission_does(kc: World) -> None:
    file = logged(kc)
    with pytest.raises(DomainError) as refusal:
        special(kc, file, Special.READMISSION)
    assert list(refusal.value.fields) == ["left_on"]
    with pytest.raises(DomainError) as future:
        special(kc, file, Special.READMISSION, left_on=date(2021, 5, 29))
    assert list(future.value.fields) == ["left_on"]

    special(kc, file, Special.READMISSION, left_on=date(2015, 1, 1), was_cleared=True)
    special(kc, file, Special.BELIEVER)

    kept = Candidate.objects.get(pk=file.pk)
    assert (kept.special, kept.left_on, kept.was_cleared) == (["believer"], None, False)


@pytest.mark.thorough
def test_the_special_cases_are_entered_on_the_page_of_the_file(kc: World) -> None:
    file = logged(kc, full_name="Lý A Sáng")
    client = Client()
    client.force_login(kc.secretary)
    address = reverse("candidate-edit", args=[file.public_id])
    typed = {
        "full_name": "Lý A Sáng", "sex": "male", "occupation": "Thợ lò", "version": "1",
        "special": ["readmission", "hoa"], "once": once(),
    }  # fmt: skip

    refused = client.post(address, typed)
    saved = client.post(address, typed | {"left_on": "01/02/2017", "once": once()})

    assert [refused.status_code, saved.status_code] == [422, 303]
    kept = Candidate.objects.get(pk=file.pk)
    assert (kept.special, kept.left_on) == (["hoa", "readmission"], date(2017, 2, 1))
    assert 'value="01/02/2017"' in client.get(address).content.decode()


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("departed_on", "refused"), [(date(2018, 3, 6), True), (date(2018, 3, 5), False)]
)
def test_a_day_that_was_typed_does_not_shorten_the_wait_after_a_recorded_departure(
    kc: World, departed_on: date, refused: bool
) -> None:
    file = prepared(kc, logged(kc))
    same_person_left(kc, file, departed_on)
    special(kc, file, Special.READMISSION, left_on=date(2010, 1, 1))

    assert (readmission(judged(file)) is not None) is refused
    if refused:
        assert "left the Party on 06/03/2018" in str(readmission(judged(file)))


@pytest.mark.sweep
@pytest.mark.parametrize("typed", [date(2018, 3, 6), date(2018, 3, 5)])
def test_a_later_day_that_was_typed_counts_as_well(kc: World, typed: date) -> None:
    file = prepared(kc, logged(kc))
    same_person_left(kc, file, date(2010, 1, 1))
    special(kc, file, Special.READMISSION, left_on=typed)

    assert (readmission(judged(file)) is None) is (typed == date(2018, 3, 5))


def test_who_left_under_another_record_must_be_named_a_readmission(kc: World) -> None:
    file = prepared(kc, logged(kc))
    assert readmission(judged(file)) is None

    same_person_left(kc, file, CELL_DAY + timedelta(days=1))
    assert readmission(judged(file)) is None
    same_person_left(kc, file, CELL_DAY)

    assert "must say that it is a readmission" in str(readmission(judged(file)))


@pytest.mark.thorough
def test_a_namesake_who_died_is_another_person(kc: World) -> None:
    file = prepared(kc, logged(kc))

    same_person_left(kc, file, date(2018, 1, 1), reason="deceased")

    assert readmission(judged(file)) is None


def same_person_left(kc: World, file: Candidate, on: date, *, reason: str = "struck_off") -> None:
    """A member of the same name and birth date, under another record, left on day `on`."""
    who = member(kc.sibling, since=date(2005, 1, 1))
    depart(
        membership_of(who), by=kc.secretary2, on=DAY, reason=reason, happened_on=on,
        decision_number="" if reason == "deceased" else "3-QĐ",
        decided_on=None if reason == "deceased" else on,
    )  # fmt: skip
    Person.objects.filter(pk=who.pk).update(
        born_on=file.person.born_on, name_search=file.person.name_search
    )


# ---------------------------------------------------------------- after the cell's resolution


@pytest.mark.thorough
def test_what_the_cell_judged_by_is_not_changed_after_its_resolution(kc: World) -> None:
    file = logged(kc, born_on=date(1985, 9, 17))
    special(kc, file, Special.READMISSION, left_on=date(2015, 1, 1), was_cleared=True)
    file = prepared(kc, file)
    special(kc, file, Special.READMISSION, left_on=date(2016, 1, 1), was_cleared=True)
    cell_vote(kc, file)

    def refused(*cases: str, **more: Any) -> list[str]:
        with pytest.raises(DomainError, match="The cell resolved on 05/03/2021") as refusal:
            special(kc, file, *cases, **more)
        return list(refusal.value.fields)

    kept = {"left_on": date(2016, 1, 1), "was_cleared": True}
    assert refused() == ["special", "left_on", "was_cleared"]
    assert refused("readmission", "hoa", **kept) == ["special"]
    assert refused("readmission", **kept | {"left_on": date(2014, 1, 1)}) == ["left_on"]
    assert refused("readmission", **kept | {"was_cleared": False}) == ["was_cleared"]
    assert refused("readmission", **kept, occupation="Thợ điện") == ["occupation"]
    # A form sends them all: what stays as it was is no change.
    edited = special(kc, file, "readmission", **kept, occupation=file.person.occupation)
    assert edited.special == ["readmission"]


@pytest.mark.thorough
def test_it_is_changed_again_after_a_return_to_before_the_resolution(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    with pytest.raises(DomainError):
        special(kc, file, Special.HOA)

    return_file(
        file, by=kc.staff, on=DAY, level=Level.GRASSROOTS, returned_on=DAY,
        back_to=Stage.READY, reason="Thiếu hồ sơ",
    )  # fmt: skip

    assert special(kc, file, Special.HOA).special == ["hoa"]


# ---------------------------------------------------------------- introducers


def introducer(kc: World, file: Candidate, person: Person | None = None, **more: Any) -> Introducer:
    values: dict[str, Any] = {
        "candidate": file,
        "kind": "member" if person else "youth_union",
        "person": person,
        "union": "" if person else "Chi đoàn 1",
        "together_since": date(2019, 1, 1) if person else None,
        "named_on": date(2021, 1, 10),
        "entered_by": kc.secretary,
        **more,
    }
    return Introducer.objects.create(**values)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("born_on", "cases", "needed"),
    [
        (date(1990, 3, 6), (), (1, "youth_union")),  # thirty, and thirty-one tomorrow
        (date(1990, 3, 5), (), (2, None)),
        (date(1985, 3, 6), ("union_cadre",), (1, "youth_union")),  # thirty-six tomorrow
        (date(1985, 3, 5), ("union_cadre",), (2, None)),
        (date(2000, 1, 1), ("no_youth_union",), (1, "trade_union")),
        (date(2000, 1, 1), ("no_union",), (2, None)),
    ],
)
def test_who_must_introduce_hangs_on_age_and_unions(
    kc: World, born_on: date, cases: tuple[str, ...], needed: tuple[int, str | None]
) -> None:
    file = logged(kc, born_on=born_on)
    special(kc, file, *cases)

    assert introducers_needed(judged(file)) == needed


@pytest.mark.thorough
def test_nobody_is_considered_whom_nobody_introduces_by_name(kc: World) -> None:
    file = prepared(kc, logged(kc, born_on=date(1985, 9, 17)))
    for one in file.introducers.all():
        end_introducer(one, by=kc.secretary, on=DAY, ended_on=CELL_DAY, reason="Chuyển đi")

    # Form 3-KNĐ is in.
    assert not judged(file).missing_papers
    with pytest.raises(DomainError, match="0 official members introduce; 2 must") as refusal:
        cell_vote(kc, file)

    assert list(refusal.value.fields) == ["held_on"]
    assert not file.ballots.exists()


@pytest.mark.thorough
def test_a_file_that_the_cell_resolved_before_is_not_judged_by_its_introducers(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED, born_on=date(1985, 9, 17))
    for one in file.introducers.all():
        end_introducer(one, by=kc.secretary, on=DAY, ended_on=date(2021, 3, 6), reason="Chuyển đi")

    vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=WAY["grassroots_on"])
    vote(file, by=kc.staff2, level=Level.COMPETENT, held_on=WAY["competent_on"])

    assert decided(kc, file).pk


@pytest.mark.thorough
def test_a_file_that_is_returned_to_the_cell_is_introduced_for_its_new_vote(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED, born_on=date(1985, 9, 17))
    return_file(
        file, by=kc.staff, on=DAY, level=Level.GRASSROOTS, returned_on=WAY["grassroots_on"],
        back_to=Stage.READY, reason="Thiếu hồ sơ",
    )  # fmt: skip
    first = file.introducers.order_by("pk")[0]
    end_introducer(first, by=kc.secretary, on=DAY, ended_on=DAY, reason="Chuyển đi")

    with pytest.raises(DomainError, match="1 official members introduce; 2 must"):
        cell_vote(kc, file, held_on=DAY)

    # Who introduced at the first vote still does on an earlier day.
    cell_vote(kc, file, held_on=WAY["grassroots_on"])


def test_the_union_and_one_member_introduce_a_young_member_of_the_union(kc: World) -> None:
    file = logged(kc, is_youth_union_member=True)
    introducer(kc, file, kc.members[1])
    assert "Youth Union" in str(introduced(judged(file)))

    introducer(kc, file)

    assert introduced(judged(file)) is None


def test_an_older_person_needs_two_official_members(kc: World) -> None:
    file = logged(kc, born_on=date(1985, 1, 1))
    introducer(kc, file, kc.members[1])
    assert "1 official members introduce; 2 must" in str(introduced(judged(file)))

    introducer(kc, file, kc.members[2])

    assert introduced(judged(file)) is None


def test_who_is_replaced_counts_no_more_and_the_new_one_needs_no_twelve_months(
    kc: World,
) -> None:
    file = logged(kc, born_on=date(1985, 1, 1))
    introducer(kc, file, kc.members[1])
    left = introducer(
        kc, file, kc.members[2], ended_on=date(2021, 2, 1), ended_because="Chuyển công tác"
    )
    assert introduced(judged(file, date(2021, 1, 31))) is None
    assert "1 official members" in str(introduced(judged(file, date(2021, 2, 1))))

    introducer(
        kc, file, kc.members[3], replaces=left, together_since=None, named_on=date(2021, 2, 1)
    )

    assert introduced(judged(file)) is None


@pytest.mark.parametrize(("since", "enough"), [(date(2020, 3, 5), True), (date(2020, 3, 6), False)])
def test_an_introducer_has_been_together_for_twelve_months(
    kc: World, since: date, enough: bool
) -> None:
    file = logged(kc, born_on=date(1985, 1, 1))
    introducer(kc, file, kc.members[1])
    introducer(kc, file, kc.members[2], together_since=since)

    assert (introduced(judged(file)) is None) is enough


def test_a_probationary_member_does_not_introduce(kc: World) -> None:
    file = logged(kc, born_on=date(1985, 1, 1))
    introducer(kc, file, kc.members[1])
    introducer(kc, file, member(kc.cell, status="probationary"))

    assert "no official member" in str(introduced(judged(file)))


def test_a_relative_as_introducer_is_warned_of_or_refused_as_two_people_agreed(
    kc: World,
) -> None:
    file = logged(kc, born_on=date(1985, 1, 1))
    spouse = kc.members[1]
    introducer(kc, file, spouse)
    introducer(kc, file, kc.members[2])
    Verification.objects.create(
        candidate=file,
        relation=Verification.Relation.SPOUSE,
        subject=spouse.full_name.upper(),
        place="Đảng ủy phường",
        sent_on=date(2021, 1, 4),
        due_on=date(2021, 2, 22),
        entered_by=kc.secretary,
    )
    assert introduced(judged(file)) is None
    assert any("bears the name of a relative" in words for words in warnings(judged(file)))

    answered(kc, "spouse_introducer", "refuse")

    assert "may not introduce" in str(introduced(judged(file)))


# ---------------------------------------------------------------- T30: rules that change


def resolved_under_232(kc: World) -> Candidate:
    """A file that its cell resolved in June 2025, when 232-QĐ/TW was in force."""
    way = {
        "listed_on": date(2025, 6, 10),
        "mentored_on": date(2025, 6, 10),
        "certified_on": date(2025, 6, 20),
        "papers_on": date(2025, 6, 25),
    }
    on = date(2025, 8, 5)
    stand_on(on)
    file = logged(kc, on=on, identified_on=date(2025, 6, 2), full_name="Tô Văn Hiệu")
    prepared(kc, file, on=on, way=way)
    vote(
        file, by=kc.secretary, on=on, level=Level.CELL, held_on=date(2025, 6, 27),
        entitled=26, present=22, in_favour=22,
    )  # fmt: skip
    return Candidate.objects.get(pk=file.pk)


def page_of(kc: World, file: Candidate) -> str:
    client = Client(headers={"accept-language": "en"})
    client.force_login(kc.secretary)
    client.cookies["django_language"] = "en"
    return client.get(reverse("candidate-detail", args=[file.public_id])).content.decode()


@pytest.mark.thorough
def test_a_file_keeps_its_rules_when_others_come_into_force_and_its_page_warns(
    kc: World,
) -> None:
    file = resolved_under_232(kc)
    case = judged(file, date(2025, 8, 5))

    assert (case.candidate.rules.code, case.rules.code) == ("232-QĐ/TW", "294-QĐ/TW")
    # 60 working days of its own rules, not the 45 of those in force: 2 September is two days off.
    assert case.decision_limit() == date(2025, 9, 23)
    changed = new_rules(case)
    assert changed is not None
    assert ("60", "45") in [(one.kept, one.now) for one in changed.differences]
    page = page_of(kc, file)
    assert 'id="conditions"' in page
    assert changed.url.replace("&", "&amp;") in page


def test_no_warning_while_the_rules_of_the_file_are_in_force(kc: World) -> None:
    file = logged(kc, education="12/12", is_youth_union_member=True)

    assert new_rules(judged(file, date(2021, 7, 29))) is None
    assert new_rules(judged(file, date(2021, 7, 30))) is not None  # 24-QĐ/TW
    assert 'id="conditions"' not in page_of(kc, file)


@pytest.mark.thorough
def test_what_was_reckoned_stays_when_two_people_correct_a_parameter(kc: World) -> None:
    file = resolved_under_232(kc)
    stand_on(date(2025, 8, 6))
    [change] = ask_rule_change(
        file.rules, PARAMETERS["admission_decision_days"], by=kc.staff2, on=date(2025, 8, 6),
        new="45", source="CV 1", certainty="M", reason="Đọc lại",
    )  # fmt: skip
    answer_rule_change(change, by=kc.approver, on=date(2025, 8, 6), approves=True)

    case = judged(file, date(2025, 8, 7))

    assert case.candidate.rules.admission_decision_days == 45
    assert case.decision_limit() == date(2025, 9, 23)
    running = Deadline.objects.get(candidate=file, clock=Deadline.Clock.DECISION)
    with transaction.atomic():
        reckon(Candidate.objects.select_for_update(of=["self"]).get(pk=file.pk), on=case.on)
    running.refresh_from_db()
    assert running.due_on == date(2025, 9, 23)


@pytest.mark.thorough
def test_the_page_of_the_vote_says_what_to_look_at(kc: World) -> None:
    file = prepared(kc, logged(kc, born_on=date(1961, 2, 15), over_age=True))
    client = Client(headers={"accept-language": "en"})
    client.force_login(kc.secretary)
    client.cookies["django_language"] = "en"

    page = client.get(reverse("candidate-step", args=[file.public_id, "chi-bo-xet"]))

    assert "past full 60 years" in page.content.decode()


@pytest.mark.thorough
def test_an_admission_again_is_counted_as_a_readmission_and_needs_its_consent(kc: World) -> None:
    file = prepared(kc, logged(kc, born_on=date(1985, 9, 17)))
    special(kc, file, Special.READMISSION, left_on=date(2017, 1, 1))
    cell_vote(kc, file)
    vote(file, by=kc.staff, level=Level.GRASSROOTS, held_on=WAY["grassroots_on"])
    vote(file, by=kc.staff2, level=Level.COMPETENT, held_on=WAY["competent_on"])
    with pytest.raises(DomainError, match="ĐY-KNL"):
        decided(kc, file)

    consent = PaperKind.objects.get(rules=file.rules, code="ĐY-KNL")
    day = WAY["competent_on"]
    receive_papers(
        file, by=kc.secretary, on=DAY,
        papers=[{"kind": consent, "dated_on": day, "received_on": day}],
    )  # fmt: skip
    decided(kc, file)
    hold_ceremony(file, by=kc.secretary, on=DAY, ceremony_on=WAY["ceremony_on"])

    assert Admission.objects.get(candidate=file).is_readmission


@pytest.mark.thorough
def test_of_youth_age_with_nothing_said_the_union_is_asked_about_and_not_passed_over(
    kc: World,
) -> None:
    unsaid = logged(kc)
    member = logged(kc, is_youth_union_member=True)
    older = logged(kc, born_on=date(1980, 1, 1))
    words = "not said whether the person is a member of the Youth Union"

    def told(file: Candidate) -> list[bool]:
        pages = (
            reverse("candidate-detail", args=[file.public_id]),
            reverse("candidate-step", args=[file.public_id, "giay-to"]),
        )
        client = Client(headers={"accept-language": "en"})
        client.cookies["django_language"] = "en"
        client.force_login(kc.secretary)
        return [words in client.get(page).content.decode() for page in pages]

    assert told(unsaid) == [True, True]
    assert told(member) == told(older) == [False, False]
    [case] = cases_of([unsaid], on=DAY)
    [row] = [one for one in paper_rows(case, prepares=True)[0] if one.code == "4-KNĐ"]
    assert "member of the Youth Union?" in row.note
