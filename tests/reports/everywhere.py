"""Two trees with one thing of each kind that a form is about, and how an address is asked for.

Who may ask for which address, and what each is answered: tests/permissions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver

from admissions.models import Candidate
from organizations.models import Handover, Organization, User
from targets.models import SourceDeclaration
from targets.operations.declarations import declare_no_source
from tests.makers import DAY, World, account, logged, world
from tests.reports.classes_asked import asked_of_classes
from tests.reports.cycles_asked import asked_of_cycles
from tests.reports.following_asked import asked_of_following
from tests.reports.meetings_asked import asked_of_meetings
from tests.reports.moving_asked import asked_of_moving
from tests.reports.outcomes_asked import asked_of_outcomes
from tests.reports.papers_asked import asked_of_papers
from tests.reports.people_asked import Asked, asked_of_people
from tests.reports.probation_asked import asked_of_probation
from tests.reports.reorganizations_asked import asked_of_reorganizations
from tests.reports.rounds_asked import asked_of_rounds
from tests.reports.rules_asked import asked_of_rules
from tests.reports.scenarios_asked import asked_of_scenarios
from tests.reports.years_asked import asked_of_years

Anybody = User | AnonymousUser
CANARIES = {"own": "Chim Hoàng Yến", "sibling": "Chim Sơn Ca", "foreign": "Chim Hoạ Mi"}
"""The people of three files; who may not see one must not read the name anywhere."""
ELSEWHERE = re.compile(
    r"""(?:(?:src|srcset|href|action|formaction|poster|data)\s*=\s*["']|url\(["']?|@import\s+["'])"""
    r"""((?:https?:|wss?:|ftp:)?//[^"')\s]+)"""
)
"""What a page would load from, or send to, another server."""


@dataclass
class Place:
    """Two trees that know nothing of each other, with a file in each of three cells."""

    here: World
    there: World
    files: dict[str, Candidate]
    declarations: dict[str, SourceDeclaration]
    records: dict[str, dict[str, Any]]
    """Rows with a `public_id` that are no files: {how their routes begin: {whose: row}}."""
    asked: Asked


def two_trees() -> Place:
    """Make the place: a world and its stranger, a record of each kind."""
    here, there = world(), world(slug="hg")
    files = {
        "own": logged(here, full_name=CANARIES["own"]),
        "sibling": logged(
            here, full_name=CANARIES["sibling"], cell=here.sibling, by=here.secretary2
        ),
        "foreign": logged(there, full_name=CANARIES["foreign"]),
    }
    declared = {
        "own": declare_no_source(
            here.cell, by=here.secretary, on=DAY, grounds="Đã xét hết",
            declared_on=DAY, review_on=date(2022, 1, 1),
        ),
        "foreign": declare_no_source(
            there.cell, by=there.secretary, on=DAY, grounds="Đã xét hết",
            declared_on=DAY, review_on=date(2022, 1, 1),
        ),
    }  # fmt: skip
    records = {
        "handover-": {
            whose: handover(cell, whose, secretary)
            for whose, cell, secretary in (
                ("own", here.cell, here.secretary),
                ("sibling", here.sibling, here.secretary2),
                ("foreign", there.cell, there.secretary),
            )
        }
    }
    asked = {**asked_of_people(here, there, CANARIES), **asked_of_reorganizations(here, there)}
    asked |= asked_of_classes(here, there)
    asked |= asked_of_outcomes(here, there, CANARIES)
    asked |= asked_of_papers(here, there, CANARIES)
    asked |= asked_of_probation(here, there, CANARIES)
    asked |= asked_of_meetings(here, there, CANARIES)
    asked |= asked_of_moving(here, there, CANARIES)
    asked |= asked_of_rules(here)
    asked |= asked_of_rounds(here, there)
    asked |= asked_of_following(here, there)
    asked |= asked_of_cycles(here, there)
    asked |= asked_of_scenarios(here, there)
    asked |= asked_of_years(here, there)  # the last: nothing is founded before a closed year
    return Place(here, there, files, declared, records, asked)


def handover(cell: Organization, whose: str, incoming: User) -> Handover:
    """One to `incoming`, from somebody who left."""
    return Handover.objects.create(
        organization=cell, outgoing=account(f"nghi-{whose}"), incoming=incoming, on=DAY
    )


def client(user: Anybody) -> Client:
    browser = Client(raise_request_exception=False)
    if isinstance(user, User):
        browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    browser.cookies["django_language"] = "en"
    return browser


def patterns(found: Any = None) -> Iterator[URLPattern]:
    for one in (found or get_resolver()).url_patterns:
        if isinstance(one, URLPattern):
            yield one
        else:
            yield from patterns(one)


def ask(browser: Client, method: str, address: str, values: Any = None, **more: Any) -> Any:
    """Ask, and take back whatever it wrote, also in the browser: who signs out is in again."""
    cookies = deepcopy(browser.cookies)
    with transaction.atomic():
        answer = getattr(browser, method)(address, values or {}, **more)
        transaction.set_rollback(True)
    browser.cookies = cookies
    return answer
