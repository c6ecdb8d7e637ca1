"""The pages of the members on 1 January: who reads, who acts, what is shown side by side."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from organizations.models import Organization, User
from organizations.operations.structure import move
from targets.models import (
    Attainment,
    Baseline,
    BaselineConfirmation,
    BaselineCorrection,
    BaselineFreeze,
)
from targets.operations.attainment import recompute
from targets.operations.baselines import ask_correction, report_baseline
from targets.operations.freezes import approve_freeze, ask_to_freeze, confirm_baseline
from tests.makers import DAY, World, cell, members, officer, once, unit, world
from tests.organizations.makers import cell as cell_since
from tests.targets.test_pages import signed_in

pytestmark = pytest.mark.usefixtures("in_english")

DECISION = {"decision_number": "05-QĐ/ĐU", "signed_on": date(2021, 1, 12)}


@pytest.fixture
def kc(db: None) -> World:
    around = world()
    unit("ngoai", name="Đảng bộ ngoài")
    return around


def address(name: str, of: Organization, *more: int, year: int = 2021) -> str:
    return reverse(name, args=[year, *more], query={"dv": of.slug})


def shown(client: Client, of: Organization) -> str:
    answer = client.get(address("baseline-sheet", of))
    assert answer.status_code == 200
    return answer.content.decode()


def froze(kc: World) -> BaselineFreeze:
    asked = ask_to_freeze(kc.top, by=kc.staff2, on=DAY, year=2021, **DECISION)
    return approve_freeze(asked, by=kc.approver, on=DAY)


# ---------------------------------------------------------------- the page of a committee


def test_the_page_shows_counted_confirmed_and_reported_of_each_unit(kc: World) -> None:
    confirm_baseline(
        kc.cell, by=kc.secretary, on=DAY, year=2021, members=27, note="Một hồ sơ chưa nhập"
    )

    sheet = signed_in(kc.staff).get(address("baseline-sheet", kc.committee)).context["sheet"]

    assert [
        (row.organization.slug, row.proposed, row.is_confirmed, row.reported, row.differences)
        for row in [sheet.own, *sheet.rows]
    ] == [
        ("kc-dang-uy", 26, False, None, []),
        ("kc-1", 26, True, None, ["Confirmed 1 more than counted: Một hồ sơ chưa nhập"]),
        ("kc-2", 0, False, None, []),
    ]
    assert (sheet.proposed, sheet.confirmed, sheet.reported) == (26, 27, None)
    assert [row.organization.slug for row in sheet.missing] == ["kc-2"]


def test_those_who_have_not_confirmed_are_named_with_whom_to_remind(kc: World) -> None:
    text = shown(signed_in(kc.staff), kc.committee)

    assert "not confirmed" in text
    assert "kc-bithu2" in text.split("To be reminded")[1]
    assert "0/2 units have confirmed" in text


def test_sums_that_part_from_the_parents_are_told_in_words(kc: World) -> None:
    report_baseline(kc.cell, by=kc.staff, on=DAY, year=2021, members=26)
    report_baseline(kc.sibling, by=kc.staff, on=DAY, year=2021, members=3)
    report_baseline(kc.committee, by=kc.staff2, on=DAY, year=2021, members=30)

    text = shown(signed_in(kc.staff), kc.committee)

    assert "As reported: the units together have 1 fewer than this level, 29 to 30." in text


def test_as_reported_and_for_todays_units_stand_side_by_side(kc: World) -> None:
    froze(kc)
    base = unit("moi", kc.top)
    move(kc.cell, under=base, on=date(2021, 3, 1))
    recompute(2021, on=DAY)
    # What the lens *now* shows is the business of its own tests; here only that it is shown.
    Attainment.objects.filter(organization=kc.committee, lens="now").update(opening_members=0)
    Attainment.objects.filter(organization=base, lens="now").update(opening_members=26)

    sheet = signed_in(kc.staff2).get(address("baseline-sheet", kc.top)).context["sheet"]

    assert [(row.organization.slug, row.reported, row.restated) for row in sheet.rows] == [
        ("kc-dang-uy", 26, 0),
        ("moi", None, 26),
    ]
    assert sheet.rows[0].differences == ["Today's units had 26 fewer than reported."]


def test_a_unit_that_came_or_went_since_is_shown_and_not_summed_twice(kc: World) -> None:
    move(kc.sibling, under=Organization.objects.get(slug="ngoai"), on=date(2021, 3, 1))
    cell_since("kc-3", kc.committee, on=date(2021, 4, 1))

    sheet = signed_in(kc.staff).get(address("baseline-sheet", kc.committee)).context["sheet"]

    assert [
        (row.organization.slug, row.stood, row.stands, row.differences) for row in sheet.rows
    ] == [
        ("kc-1", True, True, []),
        ("kc-2", True, False, ["Stands here no longer."]),
        ("kc-3", False, True, ["Did not exist yet on 1 January."]),
    ]
    assert (sheet.asked, sheet.proposed) == (2, 26)


def test_a_changed_membership_after_the_word_of_a_unit_is_told(kc: World) -> None:
    confirm_baseline(kc.cell, by=kc.secretary, on=DAY, year=2021, members=26)
    members(kc.cell, 2, since=date(2020, 12, 1))

    sheet = signed_in(kc.secretary).get(address("baseline-sheet", kc.cell)).context["sheet"]

    assert sheet.own.differences[-1] == (
        "Memberships were changed since it confirmed: then 26, now 28."
    )


@pytest.mark.sweep
@pytest.mark.parametrize(("who", "linked"), [("staff", True), ("auditor", True), ("leader", False)])
def test_the_count_leads_to_the_people_for_those_who_see_names(
    kc: World, who: str, linked: bool
) -> None:
    text = shown(signed_in(getattr(kc, who)), kc.committee)

    assert ("/dang-vien/?dv=kc-1&amp;den=2021-01-01" in text) == linked


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("who", "of", "links"),
    [
        ("secretary", "cell", {"baseline-confirm"}),
        ("staff", "committee", {"baseline-confirm", "baseline-freeze"}),
        ("staff", "cell", {"baseline-freeze", "baseline-report"}),
        ("staff2", "committee", {"baseline-freeze", "baseline-report"}),
        ("approver", "committee", set()),
        ("leader", "committee", set()),
        ("auditor", "committee", set()),
    ],
)
def test_each_finds_what_they_may_do(kc: World, who: str, of: str, links: set[str]) -> None:
    organization = getattr(kc, of)
    text = shown(signed_in(getattr(kc, who)), organization)

    acts = {"baseline-confirm", "baseline-freeze", "baseline-report", "baseline-correct"}
    assert {act for act in acts if f'"{address(act, organization)}"' in text} == links


def test_nobody_sees_the_page_of_a_stranger(kc: World) -> None:
    outside = Organization.objects.get(slug="ngoai")
    client = signed_in(kc.secretary)

    assert client.get(address("baseline-sheet", outside)).status_code == 404
    assert client.get(address("baseline-sheet", kc.sibling)).status_code == 404
    assert signed_in(kc.administrator).get(address("baseline-sheet", kc.cell)).status_code == 404
    assert client.get(address("baseline-sheet", kc.cell, year=1066)).status_code == 404


def test_the_page_of_a_year_to_come_offers_nothing(kc: World) -> None:
    answer = signed_in(kc.staff).get(address("baseline-sheet", kc.committee, year=2022))

    assert "1 January has not come yet" in answer.content.decode()
    rights = answer.context["rights"]
    assert (rights.confirms, rights.freezes) == (False, False)


@pytest.mark.thorough
def test_the_page_asks_no_more_of_the_database_for_many_units_than_for_few(kc: World) -> None:
    client = signed_in(kc.staff)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            shown(client, kc.committee)
        return len(asked)

    queries()
    few = queries()
    for number in range(30):
        of = cell(f"x{number}", kc.committee)
        members(of, 1)
        officer(f"bithu-x{number}", of)

    assert queries() == few


# ---------------------------------------------------------------- confirming


def test_a_secretary_confirms_on_the_page_of_the_cell(kc: World) -> None:
    client = signed_in(kc.secretary)
    where = address("baseline-confirm", kc.cell)
    assert 'value="26"' in client.get(where).content.decode()

    answer = client.post(where, {"once": once(), "members": "26", "note": ""})

    assert (answer.status_code, answer["Location"]) == (303, address("baseline-sheet", kc.cell))
    assert BaselineConfirmation.objects.get().members == 26


def test_a_number_without_its_reason_is_kept_and_told_at_its_field(kc: World) -> None:
    client = signed_in(kc.secretary)

    answer = client.post(
        address("baseline-confirm", kc.cell), {"once": once(), "members": "30", "note": ""}
    )

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["note"]
    assert 'value="30"' in answer.content.decode()


@pytest.mark.sweep
@pytest.mark.parametrize("typed", ["", "ba", "-1", "2,5", "99999999999", "<b>"])
def test_what_is_no_number_of_members_is_refused(kc: World, typed: str) -> None:
    client = signed_in(kc.secretary)

    answer = client.post(
        address("baseline-confirm", kc.cell), {"once": once(), "members": typed, "note": "x"}
    )

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["members"]
    assert not BaselineConfirmation.objects.exists()


def test_sent_twice_it_is_confirmed_once(kc: World) -> None:
    client = signed_in(kc.secretary)
    form = {"once": once(), "members": "26", "note": ""}

    for _time in range(2):
        assert client.post(address("baseline-confirm", kc.cell), form).status_code == 303

    assert BaselineConfirmation.objects.count() == 1


# ---------------------------------------------------------------- freezing


@pytest.mark.thorough
def test_two_people_freeze_on_their_pages(kc: World) -> None:
    asks, answers = signed_in(kc.staff2), signed_in(kc.approver)
    form = {"decision_number": "05-QĐ/ĐU", "signed_on": "12/01/2021"}

    asked = asks.post(address("baseline-freeze", kc.top), {"once": once(), **form})
    own = asks.post(
        address("baseline-freeze-answer", kc.top), {"once": once(), "answer": "approve"}
    )
    told = answers.get(address("baseline-freeze-answer", kc.top)).content.decode()
    answered = answers.post(
        address("baseline-freeze-answer", kc.top), {"once": once(), "answer": "approve"}
    )

    assert (asked.status_code, own.status_code, answered.status_code) == (303, 422, 303)
    assert "QĐ/ĐU" in told
    assert sorted(Baseline.objects.values_list("organization__slug", "members")) == [
        ("kc-1", 26),
        ("kc-2", 0),
        ("kc-dang-uy", 26),
        ("kc-top", 26),
    ]
    assert "frozen by decision" in shown(asks, kc.top)


def test_a_unit_reads_the_decision_of_above_that_froze_its_number(kc: World) -> None:
    froze(kc)

    sheet = signed_in(kc.secretary).get(address("baseline-sheet", kc.cell)).context["sheet"]

    assert (sheet.is_frozen, sheet.freeze.organization) == (True, kc.top)


def test_a_freeze_that_only_waits_above_is_nothing_of_the_unit(kc: World) -> None:
    ask_to_freeze(kc.top, by=kc.staff2, on=DAY, year=2021, **DECISION)

    answer = signed_in(kc.staff).get(address("baseline-sheet", kc.committee))

    assert answer.context["sheet"].freeze is None
    assert answer.context["rights"].answers is False


def test_who_asked_takes_a_freeze_back(kc: World) -> None:
    ask_to_freeze(kc.top, by=kc.staff2, on=DAY, year=2021, **DECISION)
    client = signed_in(kc.staff2)

    answer = client.post(
        address("baseline-freeze-answer", kc.top), {"once": once(), "answer": "refuse"}
    )

    assert answer.status_code == 303
    assert not BaselineFreeze.objects.standing().exists()
    assert not Baseline.objects.exists()


def test_whose_freeze_it_is_is_said_without_addressing_anybody(kc: World) -> None:
    ask_to_freeze(kc.top, by=kc.staff2, on=DAY, year=2021, **DECISION)
    client = Client()
    client.force_login(kc.staff2)

    with translation.override("vi"):
        page = client.get(address("baseline-freeze-answer", kc.top)).content.decode()

    told = page.partition("<main")[2]
    assert "Đề nghị này do chính tài khoản này lập" in told
    assert "đồng chí" not in told.lower()


def test_a_freeze_that_nobody_asked_for_has_no_page(kc: World) -> None:
    assert signed_in(kc.approver).get(address("baseline-freeze-answer", kc.top)).status_code == 404


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"decision_number": ""}, "decision_number"),
        ({"decision_number": "x" * 41}, "decision_number"),
        ({"signed_on": "31/12/2020"}, "signed_on"),
        ({"signed_on": "30/02/2021"}, "signed_on"),
        ({"signed_on": "29/05/2021"}, "signed_on"),
    ],
)
def test_a_decision_typed_wrongly_is_told_at_its_field(
    kc: World, typed: dict[str, str], field: str
) -> None:
    form = {"once": once(), "decision_number": "05-QĐ/ĐU", "signed_on": "12/01/2021", **typed}

    answer = signed_in(kc.staff2).post(address("baseline-freeze", kc.top), form)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert form["decision_number"] in answer.content.decode()


# ---------------------------------------------------------------- correcting


def asked(kc: World) -> BaselineCorrection:
    froze(kc)
    return ask_correction(
        kc.committee, by=kc.staff2, on=DAY, year=2021, members=25, reason="Sót một đảng viên"
    )


def test_a_correction_is_asked_for_and_answered_by_two_people(kc: World) -> None:
    froze(kc)
    asks = signed_in(kc.staff2)
    sent = asks.post(
        address("baseline-correct", kc.committee),
        {"once": once(), "members": "25", "reason": "Đếm nhầm"},
    )
    correction = BaselineCorrection.objects.get()
    where = address("baseline-correction", kc.committee, correction.pk)
    assert sent["Location"] == where
    assert asks.post(where, {"once": once(), "answer": "approve"}).status_code == 403

    answer = signed_in(kc.approver).post(where, {"once": once(), "answer": "approve"})

    assert answer.status_code == 303
    newest = Baseline.objects.newest().get(organization=kc.committee)
    assert (newest.members, newest.entered_by, newest.confirmed_by) == (25, kc.staff2, kc.approver)


@pytest.mark.thorough
def test_old_and_new_percentages_are_shown_before_and_after_the_answer(kc: World) -> None:
    correction = asked(kc)
    recompute(2021, on=DAY)
    Attainment.objects.filter(organization=kc.committee).update(
        admitted=5, target_low=8, target_high=8
    )
    client = signed_in(kc.approver)
    where = address("baseline-correction", kc.committee, correction.pk)

    before = client.get(where).context["change"]
    client.post(where, {"once": once(), "answer": "approve"})
    after = client.get(where)

    assert (before.old, before.new) == (26, 25)
    assert [str(rate) for rate in (before.old_rate, before.new_rate)] == ["19.23", "20.00"]
    assert [str(rate) for rate in (before.old_aim, before.new_aim)] == ["30.77", "32.00"]
    assert after.context["change"] == before
    text = after.content.decode()
    assert "19.23\xa0%" in text
    assert "<b>20\xa0%</b>" in text


def test_a_refused_correction_stays_to_be_read(kc: World) -> None:
    correction = asked(kc)
    client = signed_in(kc.approver)
    where = address("baseline-correction", kc.committee, correction.pk)

    client.post(where, {"once": once(), "answer": "refuse"})

    text = client.get(where).content.decode()
    assert "Refused by kc-duyet" in text
    again = client.post(where, {"once": once(), "answer": "approve"})
    assert again.status_code == 422
    assert "answered already" in again.content.decode()


def test_the_page_says_that_a_correction_waits(kc: World) -> None:
    correction = asked(kc)

    for of in (kc.top, kc.committee):
        text = shown(signed_in(kc.approver), of)
        assert address("baseline-correction", kc.committee, correction.pk) in text
        assert "a correction to 25 waits" in text


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("typed", "field"),
    [({"members": "26"}, "members"), ({"members": ""}, "members"), ({"reason": ""}, "reason")],
)
def test_a_correction_typed_wrongly_is_told_at_its_field(
    kc: World, typed: dict[str, str], field: str
) -> None:
    froze(kc)
    form = {"once": once(), "members": "25", "reason": "Đếm nhầm", **typed}

    answer = signed_in(kc.staff2).post(address("baseline-correct", kc.committee), form)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("leader", 200),
        ("auditor", 200),
        ("staff", 200),
        ("secretary", 404),
        ("administrator", 404),
    ],
)
def test_who_sees_the_figures_reads_a_correction(kc: World, who: str, status: int) -> None:
    correction = asked(kc)
    user: User = getattr(kc, who)

    answer = signed_in(user).get(address("baseline-correction", kc.committee, correction.pk))

    assert answer.status_code == status
    assert (
        signed_in(user).get(address("baseline-correction", kc.committee, 10**20)).status_code == 404
    )


def test_who_only_reads_a_correction_is_refused_before_what_is_sent_is_looked_at(kc: World) -> None:
    correction = asked(kc)

    answer = signed_in(kc.leader).post(address("baseline-correction", kc.committee, correction.pk))

    assert answer.status_code == 403


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["leader", "auditor", "secretary", "administrator", "approver"])
@pytest.mark.parametrize(
    "name", ["baseline-report", "baseline-correct", "baseline-confirm", "baseline-freeze"]
)
def test_who_may_not_act_is_turned_away(kc: World, who: str, name: str) -> None:
    answer = signed_in(getattr(kc, who)).get(address(name, kc.committee))

    assert answer.status_code in {403, 404}


def test_the_targets_page_shows_both_numbers_and_leads_here(kc: World) -> None:
    froze(kc)
    recompute(2021, on=DAY)
    Attainment.objects.filter(organization=kc.committee, lens="now").update(opening_members=20)

    text = signed_in(kc.staff).get(address("target-year", kc.committee)).content.decode()

    assert "26 members on 1 January as reported (20 for today&#x27;s units)" in text.replace(
        "today's", "today&#x27;s"
    )
    assert f'"{address("baseline-sheet", kc.committee)}"' in text
