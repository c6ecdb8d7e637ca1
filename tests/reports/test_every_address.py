"""Every address, asked by everybody in every way; every form, filled with what nobody expects.

The routes are read from the resolver, so that a new one is asked too: one whose parameters this
file cannot fill fails here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import cycle
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from admissions.models import Candidate
from admissions.selectors import STEP_CODES
from admissions.stages import Stage
from organizations.models import Handover, User
from targets.models import SourceDeclaration
from targets.operations.declarations import declare_no_source
from tests.makers import (
    DAY,
    World,
    account,
    appointed,
    candidate,
    logged,
    needed_papers,
    once,
    world,
)
from tests.reports.classes_asked import asked_of_classes, forms_of_classes
from tests.reports.cycles_asked import asked_of_cycles, forms_of_cycles
from tests.reports.following_asked import asked_of_following, forms_of_following
from tests.reports.meetings_asked import asked_of_meetings, forms_of_meetings
from tests.reports.moving_asked import asked_of_moving, forms_of_moving
from tests.reports.outcomes_asked import asked_of_outcomes, forms_of_outcomes
from tests.reports.papers_asked import asked_of_papers, forms_of_papers
from tests.reports.people_asked import Asked, asked_of_people, forms_of_people
from tests.reports.probation_asked import asked_of_probation, forms_of_probation
from tests.reports.reorganizations_asked import (
    asked_of_reorganizations,
    forms_of_reorganizations,
)
from tests.reports.rounds_asked import asked_of_rounds, forms_of_rounds
from tests.reports.rules_asked import asked_of_rules, forms_of_rules
from tests.reports.scenarios_asked import asked_of_scenarios, forms_of_scenarios
from tests.reports.years_asked import asked_of_years, forms_of_years

Anybody = User | AnonymousUser
CANARIES = {"own": "Chim Hoàng Yến", "sibling": "Chim Sơn Ca", "foreign": "Chim Hoạ Mi"}
"""The people of three files; who may not see one must not read the name anywhere."""
# What the resolver has that is nobody's record: the way in, files for the browser, health.
ELSEWHERE = re.compile(
    r"""(?:(?:src|srcset|href|action|formaction|poster|data)\s*=\s*["']|url\(["']?|@import\s+["'])"""
    r"""((?:https?:|wss?:|ftp:)?//[^"')\s]+)"""
)
"""What a page would load from, or send to, another server."""
NOBODYS = {"account_login", "account_logout", "robots", "healthz", "readyz", "display", "help"}


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


@pytest.fixture
def place(db: None) -> Place:
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
                yield f"{name} by dv", whose, reverse(name, kwargs=own) + f"?dv={slug}"


def shown(answer: Any) -> str:
    """Return what the body says, without what differs at each asking."""
    body = answer.content.decode(errors="replace")
    return re.sub(r'name="(csrfmiddlewaretoken|once)" value="[^"]*"', "", body)


def ask(browser: Client, method: str, address: str, values: Any = None, **more: Any) -> Any:
    """Ask, and take back whatever it wrote."""
    with transaction.atomic():
        answer = getattr(browser, method)(address, values or {}, **more)
        transaction.set_rollback(True)
    return answer


# ---------------------------------------------------------------- who asks


@pytest.mark.slow
def test_nobody_makes_an_address_fail_and_what_is_hidden_looks_like_what_is_missing(
    place: Place,
) -> None:
    asked = list(addresses(place))
    failed, told, unlike, elsewhere = [], [], [], []
    for who, user in place.people.items():
        browser, hidden = client(user), set(CANARIES.values()) - _seen(who)
        theirs = {"foreign", "foreign-top"} | ({"sibling"} if who == "secretary" else set())
        for method in ("get", "post"):
            looks: dict[str, dict[str, tuple[int, str]]] = {}
            for about, whose, address in asked:
                answer = ask(browser, method, address)
                body = answer.content.decode(errors="replace")  # some are Excel files
                where = (who, method, address, answer.status_code)
                looks.setdefault(about, {})[whose] = answer.status_code, shown(answer)
                if answer.status_code >= 500:
                    failed.append(where)
                if any(name in body or name in str(answer.headers) for name in hidden):
                    told.append(where)
                if loaded := ELSEWHERE.findall(body):
                    elsewhere.append((where, loaded[:3]))
            unlike += [
                (who, method, about, whose)
                for about, found in looks.items()
                for whose, look in found.items()
                if whose in theirs and look != found["missing"]
            ]
    assert (failed, told, unlike, elsewhere) == ([], [], [], [])


def test_an_address_elsewhere_is_seen_wherever_a_page_may_name_it() -> None:
    for markup in (
        '<script src="https://cdn.example/x.js">', "<img src='//cdn.example/x.png'>",
        '<a href="http://example.vn/">', '<form action="https://example.vn/">',
        "<i style=\"background:url('https://example.vn/x.png')\">", '@import "//example.vn/x.css"',
    ):  # fmt: skip
        assert ELSEWHERE.search(markup), markup
    for markup in ('<a href="/tro-giup/">', '<svg xmlns="http://www.w3.org/2000/svg">'):
        assert not ELSEWHERE.search(markup), markup


def _seen(who: str) -> set[str]:
    """Return the people whom `who` may read of."""
    if who in {"staff", "staff2", "approver", "auditor"}:
        return {CANARIES["own"], CANARIES["sibling"]}
    return {"secretary": {CANARIES["own"]}, "secretary2": {CANARIES["sibling"]}}.get(who, set())


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


# ---------------------------------------------------------------- what is typed

NASTY = (
    *("", " ", "31/02/2021", "29/02/2021", "00/00/0000", "01/01/9999", "17/09/2008"),
    *("-1", "10001", "99999999999999999999", "NaN", "1e400", "1,5", "٣", "²"),
    *("x" * 10_000, "a\0b", "😀", "E\u0302\u0301", "<b>x</b>", "\u202egnol", "\u200b", "ŉ" * 120),
    *("{{ 7*7 }}", "%s%n", "' OR 1=1 --", "[khong-co]", "1_0", "ﬃ" * 40),
)
DAYS = "28/05/2021"
BALLOT = {
    "held_on": DAYS, "entitled": "15", "present": "15", "in_favour": "14", "against": "0",
    "resolution_number": "1-NQ",
}  # fmt: skip


def forms(place: Place) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for every form behind a sign-in."""
    here = place.here
    listed, ready = place.files["own"], candidate(here, at=Stage.READY)
    step = lambda file, code: reverse("candidate-step", args=[file.public_id, code])  # noqa: E731
    target = lambda name, of: f"{reverse(name, args=[2021])}?dv={of.slug}"  # noqa: E731
    helper = str(here.members[0].pk)
    papers = {f"dated_on-{kind.pk}": DAYS for kind in needed_papers(DAY)}
    yield here.secretary, reverse("candidate-new"), {
        "full_name": "Vũ Văn Mới", "born_on": "17/09/1996", "sex": "male", "occupation": "Thợ",
    }  # fmt: skip
    yield here.secretary, reverse("candidate-edit", args=[listed.public_id]), {
        "full_name": "Vũ Văn Mới", "sex": "male", "occupation": "Thợ", "ethnicity": "Tày",
        "education": "12/12", "residence": "Hạ Long", "groups": "worker",
        "special": "readmission", "left_on": "01/01/2017", "was_cleared": "on",
        "version": str(listed.version),
    }  # fmt: skip
    yield here.secretary, reverse("candidate-close", args=[listed.public_id]), {
        "closed_on": DAYS, "reason": "Chuyển đi", "confirm": "on",
    }  # fmt: skip
    yield here.secretary, step(listed, "cam-tinh"), {"held_on": DAYS, "resolution_number": "1"}
    yield here.secretary, step(listed, "giay-chung-nhan"), {
        "number": "CN-7", "issuer": "Trung tâm chính trị", "issued_on": "28/11/2020",
    }  # fmt: skip
    yield here.secretary, step(listed, "giup-do"), {"mentor": helper, "since": DAYS}
    yield here.secretary, step(listed, "giay-to"), {"received_on": DAYS, **papers}
    yield here.secretary, step(ready, "chi-bo-xet"), {**BALLOT, "entitled": "26"}
    resolved = candidate(here, at=Stage.CELL_RESOLVED)
    yield here.staff, step(resolved, "co-so-xet"), BALLOT
    resolved = candidate(here, at=Stage.GRASSROOTS_RESOLVED)
    yield here.staff2, step(resolved, "cap-tren-xet"), BALLOT
    resolved = candidate(here, at=Stage.COMPETENT_RESOLVED)
    yield here.approver, step(resolved, "quyet-dinh"), {
        "number": "9-QĐ", "signed_on": DAYS, "signer": "Lê Bí Thư", "received_on": DAYS,
        "confirm": "on",
    }  # fmt: skip
    decided_on = candidate(here, at=Stage.DECIDED)
    yield here.secretary, step(decided_on, "le-ket-nap"), {"ceremony_on": DAYS, "mentor": helper}
    yield here.secretary, reverse("member-new"), {
        "cell": f"x [{here.cell.slug}]", "full_name": "Lê Văn Cũ", "born_on": "01/01/1980",
        "sex": "male", "status": "official", "since": "01/03/2020", "occupation": "Thợ",
    }  # fmt: skip
    yield here.staff2, target("baseline-report", here.committee), {"members": "40"}
    yield here.staff2, target("target-assign", here.committee), {
        "form": "range", "low": "3", "high": "4", "percent": "5,5", "decision_number": "1-QĐ",
        "decided_on": DAYS, "responsible": "Lê Bí Thư", "reason": "Vì",
        "group": "women", "signer": "Lê Bí Thư",
    }  # fmt: skip
    yield here.staff2, reverse("figure-report", args=["KN11"], query={"dv": here.top.slug}), {
        "numerator": "121", "denominator": "130", "as_of": DAYS, "evidence": "Báo cáo",
    }  # fmt: skip
    yield from forms_of_cycles(here)
    yield here.staff, target("target-register", here.committee), {
        "number": "35-40", "reason": "Đủ nguồn",
    }  # fmt: skip
    yield here.staff, target("forecast-declare", here.committee), {
        "people": "5", "declared_on": DAYS, "declared_by": "Lê Bí Thư",
    }  # fmt: skip
    yield here.secretary2, target("no-source-declare", here.sibling), {
        "grounds": "Đã xét hết", "declared_on": DAYS, "review_on": "01/01/2022",
    }  # fmt: skip
    answer = reverse("no-source-answer", args=[2021, place.declarations["own"].pk])
    yield here.staff, f"{answer}?dv={here.cell.slug}", {"answer": "accept"}
    yield here.administrator, reverse("account-new"), {
        "full_name": "Lê Văn Mới", "username": "moi", "password": "mot-mat-khau-dai",
        "password_again": "mot-mat-khau-dai",
    }  # fmt: skip
    username = [here.secretary.username]
    yield here.administrator, reverse("appointment-new", args=username), {
        "to": f"x [{here.sibling.slug}]", "role": "leader", "title": "Phó", "since": DAYS,
        "last_on": "01/01/2022",
    }  # fmt: skip
    yield here.administrator, reverse("organization-new"), {
        "name": "Chi bộ Mới", "short_name": "Mới", "kind": "cell",
        "under": f"x [{here.committee.slug}]", "on": "01/01/2021", "decision_number": "1",
    }  # fmt: skip
    kind = {
        "name": "Chi bộ quân sự", "name_en": "Military cell", "rank": "62", "is_cell": "on",
        "votes_as": "cell", "allowed_parents": "commune",
    }  # fmt: skip
    yield here.administrator, reverse("kind-new"), {**kind, "code": "chi-bo-quan-su"}
    cell = reverse("kind-edit", args=["cell"])
    seen = client(here.administrator).get(cell).context["form"]["version"].value()
    yield here.administrator, cell, {**kind, "version": str(seen)}
    yield here.administrator, reverse("competence-new", args=[here.committee.slug]), {
        "kind": "delegated", "decision_number": "1", "on": "01/01/2021", "members_entitled": "15",
    }  # fmt: skip
    for name in ("account-close", "account-reopen"):
        yield here.administrator, reverse(name, args=username), {}
    handover = [place.records["handover-"]["own"].public_id]
    note = hashlib.sha256(b"").hexdigest()
    yield here.staff, reverse("handover-note", args=handover), {"note": "Đã hẹn", "version": note}
    yield here.secretary, reverse("handover-acknowledge", args=handover), {}
    yield from forms_of_people(here, place.asked)
    yield from forms_of_reorganizations(here, place.asked)
    yield from forms_of_classes(here, place.asked)
    yield from forms_of_outcomes(here)
    yield from forms_of_papers(here)
    yield from forms_of_meetings(here)
    yield from forms_of_probation(here)
    yield from forms_of_moving(here, place.asked)
    yield from forms_of_rules(here, place.asked)
    yield from forms_of_rounds(here, place.asked)
    yield from forms_of_following(here, place.asked)
    yield from forms_of_scenarios(here, place.asked)
    yield from forms_of_years(here, place.asked)
    ended = [here.secretary.appointments.get().pk]
    yield here.administrator, reverse("appointment-end", args=ended), {}


def _rows() -> int:
    """Return how many rows there are of what forms write, so that a half would show."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM organizations_person)"
            " + (SELECT count(*) FROM admissions_milestone)"
            " + (SELECT count(*) FROM organizations_outbox)"
            " + (SELECT count(*) FROM organizations_formreceipt)"
            " + (SELECT count(*) FROM organizations_organization)"
            " + (SELECT count(*) FROM organizations_appointment)"
        )
        (rows,) = cursor.fetchone()
    return int(rows)


@pytest.mark.slow
def test_no_form_fails_whatever_is_typed_and_what_it_refuses_leaves_nothing(place: Place) -> None:
    wrong, unlike = [], []
    more = cycle(NASTY)  # three to a field, so that each meets many fields in not too long
    for user, address, accepted in forms(place):
        browser = client(user)
        good = ask(browser, "post", address, {**accepted, "once": once()})
        if good.status_code != 303:
            wrong.append((address, good.status_code, good.context["form"].errors))
        before = _rows()
        for field in [*accepted, "once"]:
            for nasty in [next(more) for _one in range(3)]:
                with transaction.atomic():
                    values = {**accepted, "once": once(), field: nasty}
                    answer = browser.post(address, values)
                    if answer.status_code not in {303, 409, 422}:
                        wrong.append((address, field, nasty[:20], answer.status_code))
                    if answer.status_code != 303 and _rows() != before:
                        unlike.append((address, field, nasty[:20]))
                    if answer.status_code == 422 and not answer.context["form"].errors:
                        unlike.append((address, field, nasty[:20], "no sentence"))
                    transaction.set_rollback(True)
    assert (wrong, unlike) == ([], [])


def test_a_choice_of_somebody_elses_record_is_refused_like_one_that_is_not_there(
    place: Place,
) -> None:
    here, there = place.here, place.there
    for user, address, accepted in forms(place):
        foreign = {
            "mentor": (str(there.members[0].pk), "987654321"),
            "cell": (f"x [{there.cell.slug}]", "x [khong-co]"),
            "to": (f"x [{there.cell.slug}]", "x [khong-co]"),
            "destination": (f"x [{there.cell.slug}]", "x [khong-co]"),
            "organization": (f"x [{there.cell.slug}]", "x [khong-co]"),
            "under": (f"x [{there.committee.slug}]", "x [khong-co]"),
            f"target-{here.committee.pk}": None,
        }
        for field in set(foreign) & set(accepted):
            pair = foreign[field]
            sent = (
                [{**accepted, field: value} for value in pair]
                if pair
                else [
                    {**accepted, f"target-{key}": "5"} for key in (there.committee.pk, 987_654_321)
                ]
            )
            answers = [ask(client(user), "post", address, values) for values in sent]
            told = [
                str(answer.context["form"].errors).replace(place.there.cell.slug, "khong-co")
                .replace(place.there.committee.slug, "khong-co")
                for answer in answers
            ]  # fmt: skip
            assert [answer.status_code for answer in answers] == [422, 422], (address, field)
            assert told[0] == told[1]
