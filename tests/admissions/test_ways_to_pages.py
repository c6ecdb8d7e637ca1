"""From the navigation every page of the process is two clicks away, for each who may open it."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from organizations.models import User
from tests.makers import DAY, World, stand_on

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
