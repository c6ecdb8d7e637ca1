"""From the navigation every page of the process is two clicks away, for each who may open it."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from admissions.models import Candidate
from admissions.selectors import STEP_CODES
from admissions.stages import Stage, Step
from organizations.models import User
from organizations.operations.relatives import declare_relative
from tests.makers import DAY, World, candidate, logged, stand_on
from tests.reports.everywhere import client

PAGES = (
    "task-week", "lists-to-clear", "tracker", "round-planner", "class-list", "files-before-us",
    "meeting-minutes", "meeting-short", "permission-list", "helper-list", "move-list",
    "handover-list", "rule-set-list", "day-off-list", "open-question-list",
)  # fmt: skip


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def links(browser: Client, address: str) -> set[str]:
    page = browser.get(address, follow=True)
    return {href.split("?")[0] for href in re.findall(r'href="(/[^"#]*)"', page.content.decode())}


@pytest.mark.thorough
@pytest.mark.parametrize("who", ["secretary", "staff", "staff2", "approver", "auditor"])
def test_every_page_of_the_process_is_two_clicks_from_the_navigation(kc: World, who: str) -> None:
    stand_on(DAY)
    browser = signed_in(getattr(kc, who))
    pages = {reverse(name) for name in PAGES}
    if who not in {"approver", "auditor"}:  # who record no meeting read the minutes
        pages.add(reverse("meeting-list"))
    bar = re.findall(
        r'href="([^"]+)" data-key', browser.get(reverse("home"), follow=True).content.decode()
    )
    near = set(bar)
    for address in bar:
        near |= links(browser, address)

    reached = set(near)
    for address in near & pages:
        reached |= links(browser, address)

    unreached = sorted(pages - reached)
    assert [one for one in unreached if browser.get(one).status_code == 200] == []


@pytest.mark.parametrize("who", ["staff", "approver"])
def test_what_the_navigation_has_no_room_for_is_on_the_tasks(kc: World, who: str) -> None:
    stand_on(DAY)
    found = links(signed_in(getattr(kc, who)), reverse("task-list"))

    assert {reverse("files-before-us"), reverse("class-list")} <= found


DECLARED = "You declared that this is a relative of yours: others act on the file."
OWN = "This is your own record: others act on the file."
STAGES = (Stage.GRASSROOTS_RESOLVED, Stage.SOURCE, Stage.DECIDED)


def ways_of(browser: Client, file: Candidate) -> dict[str, int]:
    """Where the page of `file` and the page of files before us lead with that file: the answers."""
    pages = (reverse("candidate-detail", args=[file.public_id]), reverse("files-before-us"))
    found = {one for page in pages for one in links(browser, page) if str(file.public_id) in one}
    return {address: browser.get(address).status_code for address in found}


def returning(file: Candidate) -> str:
    return reverse("candidate-step", args=[file.public_id, STEP_CODES[Step.RETURN]])


@pytest.mark.sweep
@pytest.mark.parametrize("stage", STAGES)
def test_who_declared_a_relative_is_told_so_on_the_file_and_led_to_no_step_of_it(
    kc: World, stage: Stage
) -> None:
    stand_on(DAY)
    file = candidate(kc, at=stage)
    page = reverse("candidate-detail", args=[file.public_id])
    for who in (kc.secretary, kc.staff, kc.staff2, kc.approver, kc.auditor):
        browser = client(who)
        assert DECLARED not in browser.get(page).content.decode()

        declare_relative(file.person, by=who, on=DAY, kind="sibling")

        assert DECLARED in browser.get(page).content.decode()
        assert 404 not in ways_of(browser, file).values(), (who, ways_of(browser, file))


def test_staff_are_led_to_the_return_until_they_declare_the_relative(kc: World) -> None:
    stand_on(DAY)
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    browser = client(kc.staff2)
    assert ways_of(browser, file)[returning(file)] == 200

    declare_relative(file.person, by=kc.staff2, on=DAY, kind="sibling")

    assert returning(file) not in ways_of(browser, file)


def test_who_reads_their_own_file_is_told_that_others_act_on_it(kc: World) -> None:
    stand_on(DAY)
    file = logged(kc)
    kc.staff.person = file.person
    kc.staff.save(update_fields=["person"])

    shown = client(kc.staff).get(reverse("candidate-detail", args=[file.public_id]))

    assert OWN in shown.content.decode()
    assert 404 not in ways_of(client(kc.staff), file).values()
