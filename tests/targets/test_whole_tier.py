"""A whole tier that goes in one decision, with facts beneath it: in time, and no figure is lost."""

from __future__ import annotations

import threading
from datetime import date
from time import monotonic as clock_time

import pytest
from django.db import connection, transaction

from admissions.operations.ceremonies import NewAdmission, take_over_admissions
from organizations.models import Job, Organization, Person, Reorganization
from organizations.operations import ancestry, jobs, reorganizations
from organizations.operations.people import NewMember, take_over_members
from organizations.operations.structure import NewOrganization, found_many
from targets.models import Attainment
from targets.operations.attainment import recompute
from targets.operations.baselines import NewBaseline, report_baselines
from tests.makers import BEGINNING, stand_on
from tests.organizations.decisions import TODAY, Tree, tree

FROM = date(2021, 7, 1)
CELLS = 200
EACH = 3
ADMITTED_BEFORE = (date(2021, 2, 3), TODAY)


def facts(here: Tree, units: dict[str, Organization]) -> None:
    """Members in a cell of each of the first communes, admissions before the day, what opened."""
    cells = found_many(
        [
            NewOrganization(f"c-{n}", f"Chi bộ {n}", "", "cell", f"x-{n}", BEGINNING)
            for n in range(CELLS)
        ]
    )
    people = {slug: _members(home) for slug, home in cells.items()}
    take_over_admissions(
        [
            NewAdmission(person, cells[slug], day, day)
            for slug, members in people.items()
            for person, day in zip(members, ADMITTED_BEFORE, strict=False)
        ]
    )
    opened = {"tren": CELLS * EACH} | {
        f"{tier}-{n}": EACH for tier in ("h", "x") for n in range(CELLS)
    }
    units = {**units, "tren": here.top}
    report_baselines(
        [NewBaseline(units[slug], 2021, number) for slug, number in opened.items()],
        by=here.drafter,
        on=TODAY,
    )
    recompute(2021, on=TODAY)


def _members(home: Organization) -> list[Person]:
    rows = [
        NewMember(
            full_name=f"Phạm Văn {letter}",
            born_on=date(1990, 1, 1),
            sex="male",
            since=BEGINNING,
        )
        for letter in "ABC"
    ]
    return [membership.person for membership in take_over_members(home, rows)]


def shown(measure: str, lens: str, *slugs: str) -> list[int | None]:
    rows = Attainment.objects.filter(year=2021, lens=lens, organization__slug__in=slugs)
    found = dict(rows.values_list("organization__slug", measure))
    return [found.get(slug) for slug in slugs]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_tier_of_700_with_10_000_beneath_is_gone_in_half_a_minute_and_no_figure_is_lost() -> None:
    here = tree()
    districts = found_many(
        [
            NewOrganization(f"h-{n}", f"Đảng bộ huyện {n}", "", "district", "tren", BEGINNING)
            for n in range(700)
        ]
    )
    below = found_many(
        [
            NewOrganization(f"x-{n}", f"Đảng bộ xã {n}", "", "commune", f"h-{n % 700}", BEGINNING)
            for n in range(10_000)
        ]
    )
    facts(here, {**districts, **below})
    decision = here.draft(effective_on=FROM)
    began = clock_time()
    reorganizations.import_events(
        decision,
        by=here.drafter,
        on=TODAY,
        text="\n".join(f"giải thể\t{slug}" for slug in districts),
    )
    imported = clock_time()
    seen = reorganizations.look(decision, on=TODAY)
    looked = clock_time()
    assert (seen.refusals, seen.counts["ended"], seen.counts["moved"]) == ([], 700, 10_000)
    here.preview(decision)
    reorganizations.preview_as_job(str(decision.public_id), on=TODAY)
    previewed = clock_time()
    here.confirm(decision)
    stand_on(FROM)
    with transaction.atomic():
        job = jobs.begin("reorganization", str(decision.public_id), total=10_700)
        Reorganization.objects.filter(pk=decision.pk).update(job=job)
    seen_done: list[int] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            seen_done.append(Job.objects.get(pk=job.pk).done)
        connection.close()

    home = Organization.objects.get(slug="c-0")
    last = home.memberships.order_by("pk").last().person
    take_over_admissions([NewAdmission(last, home, FROM, FROM)])  # on the day itself
    watcher = threading.Thread(target=watch)
    watcher.start()
    confirmed = clock_time()
    try:
        [applied] = reorganizations.apply_due(on=FROM)
    finally:
        ended.set()
        watcher.join()
    took = clock_time() - confirmed

    print(  # noqa: T201 - the figures of this run, with -s
        f"import {imported - began:.1f} s, look {looked - imported:.1f} s,"
        f" preview {previewed - looked:.1f} s, apply {took:.1f} s; shown {sorted(set(seen_done))}"
    )
    assert applied.outcome is not None
    assert applied.outcome["counts"]["moved"] == 10_000
    assert took <= 30  # with the figures of both lenses published
    assert seen_done == sorted(seen_done)
    assert len({done for done in seen_done if 0 < done < 10_700}) >= 3
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 10_700)
    assert ancestry.verify().is_right

    admitted = 2 * CELLS + 1
    places = ("tren", "h-0", "h-1", "x-0", "x-1")
    assert shown("admitted", "then", *places) == [admitted, 2, 2, 3, 2]
    assert shown("admitted", "now", *places) == [admitted, 0, 0, 3, 2]
    assert shown("opening_members", "then", *places) == [CELLS * EACH, EACH, EACH, EACH, EACH]
    assert shown("opening_members", "now", *places) == [CELLS * EACH, 0, 0, EACH, EACH]
    assert recompute(2021, on=FROM).changed == 0
