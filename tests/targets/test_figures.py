"""The contract of `manage.py figures` and `manage.py recompute`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from organizations.models import Organization
from organizations.operations.structure import move
from targets.models import Attainment, Baseline, Target
from targets.operations.attainment import follow_tree, recompute
from targets.selectors import computed_at, figures
from tests.organizations.makers import account, cell, unit
from tests.targets.makers import admit, stand_on

pytestmark = pytest.mark.django_db

DAY = date(2021, 5, 28)
KEYS = [
    "slug", "name", "opening_members", "target_low", "target_high", "admitted",
    "percent_of_target", "percent_of_opening", "rank", "computed_at",
]  # fmt: skip


def aim(
    organization: Organization, *, members: int | None, low: int | None, high: int | None = None
) -> None:
    by = account(f"nhap-{organization.slug}")
    if members is not None:
        Baseline.objects.create(
            organization=organization, year=2021, members=members, entered_by=by
        )
    if low is not None:
        Target.objects.create(
            organization=organization, indicator_id="KN01", year=2021, kind="assigned", version=1,
            form="range" if high else "number", low=low, high=high or low,
            decision_number="QĐ 1", decided_on=date(2021, 1, 15), entered_by=by,
        )  # fmt: skip


@pytest.fixture
def country(db: None) -> dict[str, Organization]:
    """`khe-cham` has 2 of 35 to 40, `hon-gai` 4 of 3, `van-phong` aims at nothing."""
    stand_on(DAY)
    top = unit("top", kind="superior", name="Đảng bộ Than")
    units = {slug: unit(slug, top) for slug in ("khe-cham", "hon-gai", "cao-son", "van-phong")}
    c1, c2 = cell("c1", units["khe-cham"]), cell("c2", units["hon-gai"])
    admit(c1, date(2021, 2, 3), DAY)
    admit(c2, *[date(2021, 3, 26)] * 4)
    aim(top, members=19000, low=950)
    aim(units["khe-cham"], members=724, low=35, high=40)
    aim(units["hon-gai"], members=953, low=3)
    aim(units["cao-son"], members=0, low=33)
    aim(units["van-phong"], members=None, low=None)
    return {"top": top, "c1": c1, "c2": c2, **units}


def printed(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("figures", "--json", *arguments, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def refusal(command: str, *arguments: str) -> str:
    with pytest.raises(CommandError) as failure:
        call_command(command, *arguments, stdout=StringIO())
    assert "\n" not in str(failure.value)
    return str(failure.value)


def test_the_command_prints_exactly_the_keys_it_promises(
    country: dict[str, Organization],
) -> None:
    recompute(2021)

    found = printed("--organization", "top", "--year", "2021")

    assert list(found) == ["organization", "children"]
    assert all(list(row) == KEYS for row in [found["organization"], *found["children"]])
    top = found["organization"]
    assert top["computed_at"].startswith("2021-05-28T")
    del top["computed_at"]
    assert top == {
        "slug": "top", "name": "Đảng bộ Than", "opening_members": 19000, "target_low": 950,
        "target_high": 950, "admitted": 6, "percent_of_target": 0.63, "percent_of_opening": 0.03,
        "rank": 1,
    }  # fmt: skip


def test_children_are_all_directly_beneath_worst_first_ties_share(
    country: dict[str, Organization],
) -> None:
    recompute(2021)

    children = printed("--organization", "top", "--year", "2021")["children"]

    assert [
        (row["slug"], row["rank"], row["target_low"], row["target_high"], row["admitted"],
         row["percent_of_target"], row["percent_of_opening"])
        for row in children
    ] == [
        ("cao-son", 1, 33, 33, 0, 0.0, None),
        ("khe-cham", 1, 35, 40, 2, 5.71, 0.28),
        ("hon-gai", 3, 3, 3, 4, 133.33, 0.42),
        ("van-phong", 3, None, None, 0, None, None),
    ]  # fmt: skip


@pytest.mark.thorough
def test_an_organisation_is_ranked_among_its_siblings(country: dict[str, Organization]) -> None:
    recompute(2021)

    assert printed("--organization", "hon-gai", "--year", "2021")["organization"]["rank"] == 3
    cell_alone = printed("--organization", "c1", "--year", "2021")
    assert (cell_alone["organization"]["rank"], cell_alone["children"]) == (1, [])


def test_a_past_day_counts_up_to_it_in_the_tree_of_that_day(
    country: dict[str, Organization],
) -> None:
    move(country["c1"], under=country["cao-son"], on=date(2021, 4, 1))
    recompute(2021)

    def beneath(slug: str, *arguments: str) -> dict[str, int]:
        found = printed("--organization", slug, "--year", "2021", *arguments)
        return {row["slug"]: row["admitted"] for row in [found["organization"], *found["children"]]}

    assert beneath("khe-cham", "--on", "2021-03-01") == {"khe-cham": 1, "c1": 1}
    assert beneath("khe-cham") == {"khe-cham": 1}
    assert beneath("cao-son") == {"cao-son": 1, "c1": 2}
    assert beneath("cao-son", "--lens", "now") == {"cao-son": 2, "c1": 2}
    assert beneath("khe-cham", "--lens", "now", "--on", "2021-03-31") == {"khe-cham": 1, "c1": 1}


def test_a_target_counts_from_the_day_it_was_decided(country: dict[str, Organization]) -> None:
    found = printed("--organization", "top", "--year", "2021", "--on", "2021-01-14")
    assert found["organization"]["target_low"] is None

    found = printed("--organization", "top", "--year", "2021", "--on", "2021-01-15")
    assert found["organization"]["target_low"] == 950


def test_a_year_not_yet_computed_is_computed_for_the_asking(
    country: dict[str, Organization],
) -> None:
    assert not Attainment.objects.exists()

    assert printed("--organization", "top", "--year", "2021")["organization"]["admitted"] == 6


def test_computed_at_is_the_last_time_the_figures_were_known_to_hold(
    country: dict[str, Organization],
) -> None:
    recompute(2021)
    first = figures(country["top"], year=2021, on=DAY, today=DAY).organization.computed_at

    recompute(2021)

    again = figures(country["top"], year=2021, on=DAY, today=DAY).organization.computed_at
    assert again > first


def test_what_reorganisations_and_folds_publish_holds_for_all_figures_of_the_year(
    country: dict[str, Organization],
) -> None:
    recompute(2021)
    whole = country["top"]
    row = Attainment.objects.get(organization=whole, year=2021, lens="then")
    first = computed_at(2021)

    move(country["c1"], under=country["hon-gai"], on=date(2021, 5, 20))
    follow_tree(on=DAY)

    again = Attainment.objects.get(organization=whole, year=2021, lens="then")
    assert again.computed_at == row.computed_at  # nothing changed at the top
    assert first is not None
    found = figures(whole, year=2021, on=DAY, today=DAY)
    assert found.organization.computed_at == computed_at(2021) > first  # type: ignore[operator]
    assert computed_at(2020) is None


@pytest.mark.thorough
@pytest.mark.parametrize("on", [DAY, date(2021, 3, 1)])
def test_the_number_of_queries_does_not_grow_with_the_tree(
    country: dict[str, Organization], on: date
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            figures(country["top"], year=2021, on=on, today=DAY)
        return len(captured)

    recompute(2021)
    small = queries()
    for number in range(30):
        cell(f"moi-{number}", unit(f"don-vi-{number}", country["top"]))
    recompute(2021)

    assert queries() == small
    assert small <= 11


def test_the_figures_are_readable_too(country: dict[str, Organization]) -> None:
    recompute(2021)
    out = StringIO()

    call_command("figures", "--organization", "top", "--year", "2021", stdout=out)

    assert [line.strip() for line in out.getvalue().splitlines()][:3] == [
        "1. Đảng bộ Than: 6 of 950 (0.63 %), 19000 members on 1 January (0.03 %)",
        "1. Đảng bộ cao-son: 0 of 33 (0.00 %), 0 members on 1 January (– %)",
        "1. Đảng bộ khe-cham: 2 of 35–40 (5.71 %), 724 members on 1 January (0.28 %)",
    ]


def test_what_cannot_be_answered_is_said_in_one_line(country: dict[str, Organization]) -> None:
    assert "khong-co" in refusal("figures", "--organization", "khong-co", "--year", "2021")
    nothing = "Nothing is known of 1999: no opening members, target or admission."
    assert refusal("figures", "--organization", "top", "--year", "1999") == nothing
    assert "nam" in refusal("figures", "--organization", "top", "--year", "nam")
    for day in ("2021-02-30", "28/5/2021", "2021-05-29", "2020-12-31"):
        refusal("figures", "--organization", "top", "--year", "2021", "--on", day)
    assert refusal("recompute", "--year", "1999") == nothing
    refusal("recompute", "--year", "0")


def test_the_recompute_prints_its_time_and_counts(country: dict[str, Organization]) -> None:
    out = StringIO()

    call_command("recompute", "--year", "2021", stdout=out)

    assert out.getvalue().startswith("Recomputed 2021 in ")
    assert "14 figures" in out.getvalue()

    call_command("recompute", "--year", "2021", "--in-parts", stdout=out)

    assert out.getvalue().endswith("14 figures (organisations × 2 lenses), 0 changed.\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [["figures", "--organization", "top", "--year", "2021"],
                  ["recompute", "--year", "2021"]]
)  # fmt: skip
def test_without_its_database_a_command_says_so_in_one_line(arguments: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
            "APP_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert run.returncode != 0
    assert run.stdout == ""
    assert len(run.stderr.strip().splitlines()) == 1
    assert "Traceback" not in run.stderr
