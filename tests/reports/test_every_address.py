"""Every address, asked for by everybody, and every page shown to somebody."""

from __future__ import annotations

import pytest

from tests.reports.everywhere import (
    ELSEWHERE,
    NOBODYS,
    Place,
    Wrong,
    addresses,
    ask,
    client,
    patterns,
    wrong,
)


@pytest.mark.slow
def test_nobody_makes_an_address_fail_and_what_is_hidden_looks_like_what_is_missing(
    place: Place,
) -> None:
    # Another cell's secretary differs from this one's by the cell alone, the approver and the
    # committee's staff see what those at the top see, a closed account and a former officer are
    # strangers: all ask below.
    everybody = place.people.keys() - {"secretary2", "staff", "approver", "closed", "former"}
    assert wrong(place, "get", by=everybody) == Wrong()


@pytest.mark.thorough
def test_the_staff_of_a_committee_makes_no_address_fail(place: Place) -> None:
    browser = client(place.here.staff)
    answers = {
        address: ask(browser, "get", address).status_code
        for about, whose, address in addresses(place)
        if whose in {"", "own"} and " by " not in about
    }

    assert {address: status for address, status in answers.items() if status >= 500} == {}
    assert sum(status == 200 for status in answers.values()) > len(answers) / 2


def test_an_address_elsewhere_is_seen_wherever_a_page_may_name_it() -> None:
    for markup in (
        '<script src="https://cdn.example/x.js">', "<img src='//cdn.example/x.png'>",
        '<a href="http://example.vn/">', '<form action="https://example.vn/">',
        "<i style=\"background:url('https://example.vn/x.png')\">", '@import "//example.vn/x.css"',
    ):  # fmt: skip
        assert ELSEWHERE.search(markup), markup
    for markup in ('<a href="/tro-giup/">', '<svg xmlns="http://www.w3.org/2000/svg">'):
        assert not ELSEWHERE.search(markup), markup


WITHOUT_A_ROLE = {"anonymous", "closed", "former"}


@pytest.mark.slow
def test_every_page_is_shown_to_somebody_and_to_nobody_without_a_role(place: Place) -> None:
    shown_to: dict[str, set[str]] = {}
    for who, user in place.people.items():
        browser = client(user)
        for about, whose, address in addresses(place):
            route = about.partition(" by ")[0]
            if whose not in {"", "own"} or (route in shown_to and who not in WITHOUT_A_ROLE):
                continue  # one reader is enough
            if ask(browser, "get", address).status_code == 200:
                shown_to.setdefault(route, set()).add(who)
    posted_or_moved_on = {"home", "first-start", "act-as", "target-draft"}
    # Only while a decision has failed: tests/organizations/test_reorganization_mending.py.
    posted_or_moved_on |= {"reorganization-reopen"}
    routes = {str(pattern.name) for pattern in patterns()} - NOBODYS - posted_or_moved_on
    assert routes - set(shown_to) == set()
    for route in routes:
        assert shown_to[route] & WITHOUT_A_ROLE == set(), route
