"""Every address of the product, and two trees in which everybody asks for it.

The routes are read from the resolver, so that a new one is asked too: one whose parameters this
file cannot fill fails where it is asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from admissions.models import Candidate
from admissions.selectors import STEP_CODES
from organizations.models import Handover, User
from targets.models import SourceDeclaration
from targets.operations.declarations import declare_no_source
from tests.makers import DAY, World, account, appointed, logged, world
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
# What the resolver has that is nobody's record: the way in, files for the browser, health.
ELSEWHERE = re.compile(
    r"""(?:(?:src|srcset|href|action|formaction|poster|data)\s*=\s*["']|url\(["']?|@import\s+["'])"""
    r"""((?:https?:|wss?:|ftp:)?//[^"')\s]+)"""
)
"""What a page would load from, or send to, another server."""
OWN_ACCOUNT = {
    *("mfa_index", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_add_webauthn"),
    *("mfa_edit_webauthn", "mfa_remove_webauthn", "mfa_view_recovery_codes"),
    *("mfa_generate_recovery_codes", "account_change_password", "session-list", "sessions-end"),
    *("mfa_authenticate", "mfa_login_webauthn", "account_reauthenticate", "mfa_reauthenticate"),
    "mfa_reauthenticate_webauthn",
}
"""How whoever signs in proves who they are: with or without a role, and nothing of anybody else."""
NOBODYS = {
    *("account_login", "account_logout", "robots", "healthz", "readyz", "display", "help"),
    *OWN_ACCOUNT,
}
NOBODYS |= {"rights"}  # what the roles may do: for whoever signs in


@dataclass
class Place:
    """Two trees that know nothing of each other, with a file in each of three cells."""

    here: World
    there: World
    files: dict[str, Candidate]
    people: dict[str, Anybody]
    declarations: dict[str, SourceDeclaration]
    records: dict[str, dict[str, Any]]
    """Rows with a `public_id` that are no files: {how their routes begin: {whose: row}}."""
    asked: Asked

    def values(self, parameter: str, route: str = "") -> dict[str, Any]:
        """Return what can stand in an address of `route` for `parameter`: {whose: value}."""
        here, there = self.here, self.there
        if found := self.asked.get((route, parameter)) or self.asked.get(("", parameter)):
            return found
        rows = next(
            (rows for prefix, rows in self.records.items() if route.startswith(prefix)), self.files
        )
        return {
            "public_id": {whose: row.public_id for whose, row in rows.items()}
            | {"missing": uuid4()},
            "code": {code: code for code in STEP_CODES.values()} | {"missing": "khong-co"},
            "slug": {
                "own": here.cell.slug,
                "sibling": here.sibling.slug,
                "above": here.committee.slug,
                "foreign": there.cell.slug,
                "foreign-top": there.top.slug,
                "missing": "khong-co",
            },
            "kind": {"own": "cell", "missing": "khong-co"},
            "username": {
                "own": here.secretary.username,
                "sibling": here.secretary2.username,
                "foreign": there.secretary.username,
                "missing": "khong-co",
            },
            "pk": {
                "own": here.secretary.appointments.get().pk,
                "foreign": there.secretary.appointments.get().pk,
                "missing": 987_654_321,
            },
            "number": {
                **{whose: declaration.pk for whose, declaration in self.declarations.items()},
                "missing": 987_654_321,
                "huge": 10**30,
            },
            "year": {"own": 2021, "missing": 9999, "huge": 10**30},
            "indicator": {"own": "KN11", "missing": "KN99", "huge": "K" * 300},
        }[parameter]


def two_trees() -> Place:
    """Make the place: a world and its stranger, everybody who may ask, a record of each kind."""
    here, there = world(), world(slug="hg")
    files = {
        "own": logged(here, full_name=CANARIES["own"]),
        "sibling": logged(
            here, full_name=CANARIES["sibling"], cell=here.sibling, by=here.secretary2
        ),
        "foreign": logged(there, full_name=CANARIES["foreign"]),
    }
    closed, former = account("da-khoa"), account("nguyen-bi-thu")
    appointed(closed, here.cell)
    closed.is_active = False
    closed.save(update_fields=["is_active"])
    appointed(former, here.cell, until=DAY)
    people: dict[str, Anybody] = {
        name: getattr(here, name)
        for name in (
            *("secretary", "secretary2", "staff", "staff2"),
            *("approver", "leader", "auditor", "administrator"),
        )
    }
    people |= {"anonymous": AnonymousUser(), "closed": closed, "former": former}
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
    records = {"handover-": _handovers(here, there)}
    asked = {**asked_of_people(here, there, CANARIES), **asked_of_reorganizations(here, there)}
    asked |= asked_of_classes(here, there)
    people["centre"] = User.objects.get(username=f"{here.cell.slug}-trungtam")
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
    return Place(here, there, files, people, declared, records, asked)


def _handovers(here: World, there: World) -> dict[str, Handover]:
    """One to each of three secretaries, from somebody who left."""
    return {
        whose: Handover.objects.create(
            organization=cell, outgoing=account(f"nghi-{whose}"), incoming=secretary, on=DAY
        )
        for whose, cell, secretary in (
            ("own", here.cell, here.secretary),
            ("sibling", here.sibling, here.secretary2),
            ("foreign", there.cell, there.secretary),
        )
    }


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


def addresses(place: Place) -> Iterator[tuple[str, str, str]]:
    """Return (what is asked about, whose it is, address) for each thing an address may name."""
    for pattern in patterns():
        name, wanted = str(pattern.name), list(pattern.pattern.converters)
        own = {one: next(iter(place.values(one, name).values())) for one in wanted}
        yield name, "own" if wanted else "", reverse(name, kwargs=own)
        for about in wanted:
            for whose, value in list(place.values(about, name).items())[1:]:
                yield f"{name} by {about}", whose, reverse(name, kwargs={**own, about: value})
        if "year" in wanted:
            for whose, slug in place.values("slug").items():
                if whose == "foreign-top":
                    continue  # read as the foreign cell is, by the same way to what `dv` names
                yield f"{name} by dv", whose, reverse(name, kwargs=own) + f"?dv={slug}"


def shown(answer: Any) -> str:
    """Return what the body says, without what differs at each asking."""
    body = answer.content.decode(errors="replace")
    return re.sub(r'name="(csrfmiddlewaretoken|once)" value="[^"]*"', "", body)


def ask(browser: Client, method: str, address: str, values: Any = None, **more: Any) -> Any:
    """Ask, and take back whatever it wrote, also in the browser: who signs out is in again."""
    cookies = deepcopy(browser.cookies)
    with transaction.atomic():
        answer = getattr(browser, method)(address, values or {}, **more)
        transaction.set_rollback(True)
    browser.cookies = cookies
    return answer


@dataclass
class Wrong:
    """What must never be, each with who asked for which address: nothing of it unless said."""

    failed: list[Any] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)
    """A name of somebody whom the reader may not read of."""
    unlike: list[Any] = field(default_factory=list)
    """Another answer about what is hidden than about what is missing."""
    elsewhere: list[Any] = field(default_factory=list)
    """Something from another server."""


def wrong(place: Place, method: str, *, by: Collection[str]) -> Wrong:
    """Let those of `place.people` named in `by` ask for every address by `method`.

    Return what is wrong with the answers.
    """
    found, asked = Wrong(), list(addresses(place))
    for who, user in place.people.items():
        if who not in by:
            continue
        browser, hidden = client(user), set(CANARIES.values()) - _seen(who)
        theirs = {"foreign", "foreign-top"} | ({"sibling"} if who == "secretary" else set())
        looks: dict[str, dict[str, tuple[int, str]]] = {}
        for about, whose, address in asked:
            if whose == "huge" and who != "staff2":
                continue  # what no record can be called is nobody's: one reader is enough
            answer = ask(browser, method, address)
            body = answer.content.decode(errors="replace")  # some are Excel files
            where = (who, method, address, answer.status_code)
            looks.setdefault(about, {})[whose] = answer.status_code, shown(answer)
            if answer.status_code >= 500:
                found.failed.append(where)
            if any(name in body or name in str(answer.headers) for name in hidden):
                found.told.append(where)
            if loaded := ELSEWHERE.findall(body):
                found.elsewhere.append((where, loaded[:3]))
        found.unlike += [
            (who, method, about, whose)
            for about, seen in looks.items()
            for whose, look in seen.items()
            if whose in theirs and look != seen["missing"]
        ]
    return found


def _seen(who: str) -> set[str]:
    """Return the people whom `who` may read of."""
    if who in {"staff", "staff2", "approver", "auditor"}:
        return {CANARIES["own"], CANARIES["sibling"]}
    return {"secretary": {CANARIES["own"]}, "secretary2": {CANARIES["sibling"]}}.get(who, set())
