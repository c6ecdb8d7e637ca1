"""Quality beside quantity: each companion's definition, small groups, and the tile's contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.template import Context, Template
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from admissions.models import Mentorship, Round
from admissions.operations.outcomes import return_file
from admissions.stages import Level, Stage
from config.periods import between
from organizations.models import Departure, Membership
from organizations.operations.structure import move
from reports.selectors.standing import look, shares_of, standings
from reports.tiles import AttainmentTile, tile_of
from targets import quality
from targets.in_force import sections
from targets.models import Attainment
from targets.operations.attainment import recompute
from targets.operations.targets import assign_target
from targets.quality import Companions, companions
from tests.makers import DAY, World, candidate, cell, logged, stand_on, unit, vote, world
from tests.targets.makers import admit
from tests.targets.makers import reverse as undo

pytestmark = pytest.mark.usefixtures("in_english")

END = date(2021, 12, 31)


@pytest.fixture
def kc(db: None) -> World:
    return world()


def beside(kc: World, *, of: Any = None, on: date = DAY, lens: str = "then") -> Companions:
    organization = of or kc.committee
    recompute(2021, on=on)
    row = Attainment.objects.filter(organization=organization, year=2021, lens=lens).first()
    return companions(organization, row, year=2021, lens=lens, on=on, tree_on=on)


# ---------------------------------------------------------------- the definitions


def test_sources_are_counted_for_each_place_that_remains(kc: World) -> None:
    assert beside(kc).sources_per_place is None
    assign_target(
        kc.committee, by=kc.staff2, on=DAY, year=2021, form="number", low=4, high=4,
        decision_number="1-QĐ", decided_on=DAY,
    )  # fmt: skip
    for _one in range(3):
        candidate(kc, at=Stage.SYMPATHISER)
    admit(kc.cell, date(2021, 2, 3), date(2021, 2, 3))

    assert (beside(kc).files, beside(kc).missing) == (3, 2)
    assert beside(kc).sources_per_place == Decimal("1.5")
    admit(kc.cell, date(2021, 2, 4), date(2021, 2, 4))
    assert beside(kc).sources_per_place is None


def test_mentoring_time_is_the_median_from_the_first_day_of_help(kc: World) -> None:
    files = [candidate(kc, at=Stage.ADMITTED) for _one in range(4)]
    admit(kc.cell, DAY)  # taken over: nobody knows who helped
    few = beside(kc)
    files.append(candidate(kc, at=Stage.ADMITTED))
    Mentorship.objects.create(
        candidate=files[0], mentor=kc.members[1], period=between(date(2016, 1, 1), None),
        entered_by=kc.secretary,
    )  # fmt: skip

    # 322 days from 1/7/2020 to 19/5/2021; the one who was helped for five years moves no median.
    assert (few.helped, few.months) == (4, None)
    assert (beside(kc).helped, beside(kc).months) == (5, Decimal("10.6"))


def test_files_returned_are_a_share_of_those_that_went_above_the_cell(kc: World) -> None:
    candidate(kc, at=Stage.CELL_RESOLVED)
    files = [candidate(kc, at=Stage.GRASSROOTS_RESOLVED) for _one in range(5)]
    for day in (date(2021, 4, 12), date(2021, 5, 12)):
        # Sent back twice, counted once.
        return_file(
            files[0], by=kc.staff2, on=DAY, level=Level.COMPETENT, returned_on=day,
            back_to=Stage.CELL_RESOLVED, reason="Thiếu giấy tờ",
        )  # fmt: skip
        if day.month == 4:
            vote(files[0], by=kc.staff, level=Level.GRASSROOTS, held_on=date(2021, 5, 4))

    returned = beside(kc).returned
    before = beside(kc, on=date(2021, 4, 11)).returned

    assert (returned.part, returned.whole, returned.percent) == (1, 5, Decimal("20.00"))
    assert (before.part, before.whole) == (0, 5)


def test_the_last_round_is_that_of_12_11_or_the_organisations_own(kc: World) -> None:
    stand_on(END)
    admit(kc.cell, *[date(2021, 2, 3)] * 3, date(2021, 11, 7), date(2021, 11, 12), END)
    undo(admit(kc.cell, date(2021, 11, 13))[0], on=date(2021, 12, 1))

    late = beside(kc, on=END)
    early = beside(kc, on=DAY)
    Round.objects.create(organization=kc.top, name="Đợt 7/11", day=date(2021, 11, 7))
    Round.objects.create(organization=kc.top, name="Đợt 3/2", day=date(2021, 2, 3))
    own = beside(kc, on=END)

    assert (late.last_round.part, late.last_round.whole) == (2, 6)
    assert (late.last_round_on, early.is_last_round_due) == (date(2021, 11, 12), False)
    assert (own.last_round.part, own.last_round_on) == (3, date(2021, 11, 7))


def test_probation_failures_are_the_names_deleted_of_two_years_admissions(kc: World) -> None:
    admitted = admit(kc.cell, *[date(2020, 5, 19)] * 4, date(2021, 2, 3), date(2019, 5, 19))
    for one, day in ((admitted[0], date(2021, 3, 1)), (admitted[5], date(2020, 3, 1))):
        membership = Membership.objects.create(
            person=one.person, cell=kc.cell, status="probationary", reason_in="admitted",
            period=between(one.ceremony_on, day), reason_out="struck_off",
        )  # fmt: skip
        Departure.objects.create(
            membership=membership, reason="struck_off", on=day, decided_on=day,
            decision_number="3-QĐ", entered_by=kc.staff,
        )  # fmt: skip

    now, before = beside(kc).deleted, beside(kc, on=date(2021, 2, 28)).deleted

    assert (now.part, now.whole, now.percent) == (1, 5, Decimal("20.00"))
    assert before.part == 0


def test_units_at_zero_are_those_directly_beneath(kc: World) -> None:
    admit(kc.cell, DAY)

    assert (beside(kc).units, beside(kc).units_at_zero) == (2, 1)


def test_each_lens_counts_by_its_own_tree(kc: World) -> None:
    admit(kc.cell, *[date(2021, 2, 3)] * 5)
    other = unit("kc-khac", kc.top)
    move(kc.cell, under=other, on=date(2021, 3, 1))

    then = [beside(kc, of=one).last_round.whole for one in (kc.committee, other)]
    now = [beside(kc, of=one, lens="now").last_round.whole for one in (kc.committee, other)]

    assert (then, now) == ([5, 0], [0, 5])


def test_one_query_whatever_the_size_and_a_large_count_is_kept(
    kc: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    for number in range(2):
        for one in range(number * 8):
            admit(cell(f"kc-them-{one}", kc.committee), date(2021, 2, 3))
        recompute(2021, on=DAY)
        row = Attainment.objects.get(organization=kc.committee, year=2021, lens="then")
        with CaptureQueriesContext(connection) as seen:
            companions(kc.committee, row, year=2021, lens="then", on=DAY, tree_on=DAY)
        asked.append(len(seen))
    monkeypatch.setattr(quality, "MANY", 7)
    cache.clear()
    first = companions(kc.committee, row, year=2021, lens="then", on=DAY, tree_on=DAY)
    with CaptureQueriesContext(connection) as seen:
        again = companions(kc.committee, row, year=2021, lens="then", on=DAY, tree_on=DAY)

    assert asked == [1, 1]
    assert (len(seen), again) == (0, first)


# ---------------------------------------------------------------- the tile


def tile(kc: World) -> AttainmentTile:
    recompute(2021, on=DAY)
    given = look(2021, lens="then", today=DAY)
    called = type(kc.committee).objects.called(on=DAY).get(pk=kc.committee.pk)
    (standing,) = standings([called], given, shares=shares_of(called, given))
    return tile_of(standing, given)


def drawn(shown: Any) -> str:
    return Template("{% load attainment %}{% attainment shown %}").render(Context({"shown": shown}))


def test_attainment_is_not_drawn_without_its_companions(kc: World) -> None:
    admit(kc.cell, DAY)
    whole = tile(kc)

    text = drawn(whole)

    for words in (
        "Sources per remaining place", "Time of being helped, median", "Files returned",
        "Admitted in the last round", "Names deleted on probation", "Units at zero",
        "of 2 units directly beneath", "not yet",
    ):  # fmt: skip
        assert words in text, words
    assert whole.quality.too_few == [
        "Time of being helped, median",
        "Files returned",
        "Names deleted on probation",
    ]
    assert "of 1 admitted this year and last" not in text
    for without in (whole.standing, None, "18"):
        with pytest.raises(TypeError):
            drawn(without)
    with pytest.raises(TypeError):
        replace(whole, companions=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        AttainmentTile(whole.standing)  # type: ignore[call-arg]


def test_companions_open_to_the_records_behind_them(kc: World) -> None:
    admit(kc.cell, DAY)
    candidate(kc, at=Stage.SYMPATHISER)

    urls = {one.label: one.url for one in tile(kc).quality.beside}

    assert "Time of being helped, median" not in urls
    assert tile(kc).records_url == "/tong-quan/2021/kc-dang-uy/danh-sach/?chi-so=admitted"
    assert urls["Sources per remaining place"] == "/to-chuc/kc-dang-uy/ho-so/?nam=2021"
    assert urls["Units at zero"] == "/to-chuc/kc-dang-uy/chi-bo/?nam=2021"


# ---------------------------------------------------------------- the targets of the year


def test_side_by_side_each_target_has_its_places_and_both_the_other_companions(kc: World) -> None:
    paper = {"by": kc.staff2, "on": DAY, "year": 2021, "decided_on": date(2021, 1, 21)}
    assign_target(kc.committee, low=4, decision_number="24-QĐ/ĐU", **paper)
    resolved = {"origin": "resolution", "decision_number": "01-NQ/ĐH"}
    assign_target(kc.committee, low=6, **resolved, **paper)
    admit(kc.cell, DAY)
    for _one in range(3):
        logged(kc)
    recompute(2021, on=DAY)

    decision, resolution = sections(kc.committee, year=2021, on=DAY)

    told = [
        [(one.label, one.value) for one in section.quality.companions]
        for section in (decision, resolution)
        if section.quality
    ]
    assert [len(one) for one in told] == [6, 1]
    assert [one[0] for one in told] == [
        ("Sources per remaining place", "1.0"),
        ("Sources per remaining place", "0.6"),
    ]
    client = Client()
    client.force_login(kc.leader)
    page = client.get(reverse("target-year", args=[2021], query={"dv": kc.committee.slug}))
    text = page.content.decode()
    assert text.count("Đơn vị chưa kết nạp ai") == 1
    assert text.count("Nguồn trên mỗi suất còn thiếu") == 2
    assert "như ở chỉ tiêu giao bằng quyết định" in text


def test_the_years_target_is_shown_with_the_companions_of_the_tile(kc: World) -> None:
    assign_target(
        kc.committee, by=kc.staff2, on=DAY, year=2021, low=4, decision_number="24-QĐ/ĐU",
        decided_on=date(2021, 1, 21),
    )  # fmt: skip
    admit(kc.cell, DAY)
    candidate(kc, at=Stage.SYMPATHISER)
    whole = tile(kc)
    client = Client()
    client.force_login(kc.leader)

    (section,) = sections(kc.committee, year=2021, on=DAY)
    page = client.get(reverse("target-year", args=[2021], query={"dv": kc.committee.slug}))
    listed = client.get(
        reverse("indicator-detail", args=["KN01"], query={"dv": kc.committee.slug, "nam": 2021})
    )

    assert (section.reached, section.percent) == (1, Decimal(25))
    assert section.quality == whole.quality
    for text in (page.content.decode(), listed.content.decode()):
        assert text.count('class="beside"') == 1
        assert '<a href="/to-chuc/kc-dang-uy/chi-bo/?nam=2021">' in text
    # Without them, nothing is said of how much of the year's target is reached.
    assert replace(section, quality=None).percent is None


def test_targets_of_parts_groups_and_years_to_come_have_no_companions(kc: World) -> None:
    for year, asked in (
        (2021, {"group": "women"}),
        (2021, {"span": "half", "part": 1}),
        (2022, {}),
    ):
        assign_target(
            kc.committee, by=kc.staff2, on=DAY, year=year, low=4, decided_on=date(2021, 1, 21),
            decision_number="24-QĐ/ĐU", **asked,
        )  # fmt: skip

    found = [*sections(kc.committee, year=2021, on=DAY), *sections(kc.committee, year=2022, on=DAY)]

    assert [one.quality for one in found] == [None, None, None]
    assert found[0].percent == 0
