"""What holds on every page: read by everybody, alone on its server, whole at 320 px, light.

The pages are found by following links from where each role lands. Every named address of the
product must be among them, or be listed below with the reason why it is not.
"""

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from admissions.selectors import STEP_CODES
from tests.browser.conftest import PASSWORD, Product
from tests.browser.people_left_open import leave_people_open
from tests.browser.reorganization_left_open import leave_reorganization_open
from tests.browser.visits import Reader
from tests.browser.years_left_open import leave_years_open

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROLES = ("bithu", "canbo", "canbo2", "duyet", "lanhdao", "giamsat", "trungtam", "quantri")

NO_PAGE_OF_ITS_OWN = {
    # Nobody of the demonstration has a second proof; test_passkeys.py looks at these.
    "mfa_authenticate": "between the password and the second proof",
    "mfa_login_webauthn": "what a passkey is sent to",
    "account_reauthenticate": "before an approval, some time after signing in",
    "mfa_reauthenticate": "likewise",
    "mfa_reauthenticate_webauthn": "likewise",
    "mfa_deactivate_totp": "once an app is added",
    "mfa_edit_webauthn": "once a passkey is added",
    "mfa_remove_webauthn": "likewise",
    "mfa_view_recovery_codes": "shown once, after the first proof is added",
    "mfa_generate_recovery_codes": "once there is a proof",
    "sessions-end": "POST alone",
    "account-reset-proofs": "once somebody has a proof; test_passkeys.py looks",
    "account-end-sessions": "while they are signed in; likewise",
    "home": "sends on to where the role lands",
    # What needs three failed votes, or minutes that somebody recorded, nobody of it has yet.
    "meeting-allow": "after three failed votes; test_meeting_pages.py looks",
    "meeting-detail": "once a meeting is recorded; test_meeting.py looks at it in Chromium",
    "appointment-confirm": "no role is proposed there; test_grants.py goes that way",
    "appointment-decline": "likewise",
    "late-entry-answer": "no ceremony was entered late there; test_late_entries.py asks",
    "erasure-answer": "nobody asks for an erasure there; test_erasures.py goes that way",
    "act-as": "POST alone",
    "display": "POST alone",
    "search": "sends on to a list",
    "robots": "not HTML",
    "target-export": "an Excel file",
    "scenario-compare": "no scenario of it is kept; test_scenarios_saved.py reads them",
    "scenario-withdraw": "likewise",
    "healthz": "not HTML",
    "readyz": "not HTML",
    "handover-detail": "no secretary of the demonstration has left; looked at in its own tests",
    "handover-note": "likewise",
    "handover-acknowledge": "likewise",
    "baseline-report": "the demonstration's numbers are reported; looked at in tests of their own",
    "baseline-confirm": "likewise",
    "baseline-freeze": "likewise",
    "baseline-freeze-answer": "likewise",
    "rule-change-answer": "no change of the rules waits; test_rule_sets.py goes that way",
    "open-question-answer": "likewise",
    "rule-change-withdraw": "likewise; test_rule_changes_taken_back.py asks",
    "open-question-withdraw": "likewise",
    "move-send": "nobody of the demonstration moves; test_moving_pages.py looks at it",
    "move-take": "likewise",
    "move-refuse": "likewise",
    "move-review": "likewise",
    "move-withdraw": "likewise",
    "verification-answer": "no verification of it waits; test_verifications.py goes that way",
    "verification-waive": "likewise",
    "candidate-scan": "no paper of the demonstration is scanned; test_scans.py opens one",
    "round-edit": "looks as the form that adds a round; test_planner.py asks both",
    "first-start": "on an empty database alone, where test_first_start.py looks at it",
    "member-restore": "behind the page of one among many; looks as the other forms of people",
    "transfer-return": "as that one",
    "reorganization-progress": "while a decision is applied; test_reorganization.py looks",
    "reorganization-reopen": "while a decision has failed; test_reorganization_mending.py asks",
    "decision-review-new": "no decision waits there for its ceremony with staff; "
    "test_cancellation.py asks",
    "decision-review-decline": "likewise",
    "target-draft": "POST alone",
    "cycle-step": "nobody assigns targets in the middle of the year; test_assignment.py looks",
    "cycle-remind": "likewise",
    "target-issue": "likewise",
    "target-acknowledge": "all have acknowledged; test_assignment.py looks",
    "class-withdraw": "nobody is proposed for a class to come; test_classes.py asks",
    # Behind buttons that the drafter alone has; test_reorganization.py goes that way.
    "reorganization-edit": "the drafter's",
    "reorganization-event-new": "the drafter's",
    "reorganization-choices": "the drafter's",
    "reorganization-withdraw": "the drafter's",
    "reorganization-import": "the drafter's",
}
STEPS_WITHOUT_A_FILE = {
    "bo-phan-tham-dinh": "no committee of the demonstration is intermediate",
    "huy-quyet-dinh": "no decision is asked to be cancelled; test_cancellation.py goes that way",
    # Who is admitted in the demonstration is on probation to its end and beyond; the way to
    # recognition is gone by test_whole_life.py, that to a deletion by test_name_deletion.py.
    "chi-bo-xet-chinh-thuc": "a year after the demonstration",
    "bo-phan-chinh-thuc": "likewise",
    "co-so-xet-chinh-thuc": "likewise",
    "cap-tren-xet-chinh-thuc": "likewise",
    "quyet-dinh-chinh-thuc": "likewise",
    "cong-bo-chinh-thuc": "likewise",
    "co-so-xoa-ten": "no cell of the demonstration proposes to delete a name",
    "cap-tren-xoa-ten": "likewise",
    "quyet-dinh-xoa-ten": "likewise",
    # Linked from files of one stage, which are not among the few that are opened of their kind;
    # test_whole_life.py, test_outcomes.py, test_verifications.py, test_name_deletion.py ask.
    "ho-so-dang-vien": "on the page of somebody on probation, until it is recorded",
    "gui-len": "the clerks of the demonstration have sent up what was passed",
    "gia-han": "on the page of a file before the competent committee",
    "khong-ket-nap": "likewise",
    "nhan-quyet-dinh": "the cells of the demonstration know the day of receipt",
}

SOMETIMES = {"verification-unsent", "gui-tham-tra", "chi-bo-xoa-ten", "candidate-erase"}
"""On the page of a file that stands where the few that are opened may stand or not: the other
tests of the browser move them on. test_verifications.py and test_name_deletion.py ask."""

AS_THE_ROUND_STANDS = {
    *("cycle-open", "target-import", "target-appendix", "target-assign", "target-register"),
    *("scenario-list", "scenario-save", "follow-up"),
}
"""Linked while the year's round of targets stands where it offers them; test_assignment.py and
test_what_if.py, at work on the same product before or after, take it further."""

AT_MOST = {"target-grid": 30}
"""Kilobytes of HTML, compressed; 15 elsewhere."""


SEVERAL = {
    "candidate-detail": 6, "account-detail": 8, "member-detail": 10, "transfer-list": 6,
    "class-detail": 3, "reorganization-detail": 2,
}  # fmt: skip
"""So many of a kind are opened, for their links differ; one is visited."""


@dataclass(frozen=True)
class Visit:
    """A page of a role: `kind` is the name of its address, with the code of a step."""

    username: str
    kind: str
    path: str


class Links(HTMLParser):
    """The addresses that a page links to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self.found.append(href)


def kind_of(path: str) -> str:
    """Return the name of the address, with the code where it stands for several pages."""
    match = resolve(urlsplit(path).path)
    printed = "in" if re.search(r"[?&]in=", path) else None
    return " ".join(filter(None, [match.url_name, match.kwargs.get("code"), printed]))


def links_in(html: str, path: str) -> list[str]:
    """Return the addresses of this product that the page of `path` links to."""
    links = [urljoin(path, link).partition("#")[0] for link in Links(html).found]
    return [link for link in links if link.startswith("/")]


def links_of(reader: Reader, path: str) -> list[str]:
    return links_in(reader.context.request.get(path).text(), path)


def pages_of(reader: Reader, username: str) -> Iterator[Visit]:
    """Follow the links from where `username` landed; yield one page of each kind."""
    waiting, seen = [(reader.path, reader.path)], set()
    opened: Counter[str] = Counter()
    while waiting:
        path, whence = waiting.pop(0)
        kind = kind_of(path)
        if opened[kind] >= SEVERAL.get(kind, 1):
            continue
        opened[kind] += 1
        answer = reader.context.request.get(path)
        if answer.status == 404 and path not in links_of(reader, whence):
            continue  # another test, at work on the same product, has just taken it away
        assert answer.status == 200, f"{username}: {path} answers {answer.status}, from {whence}"
        if "html" not in answer.headers["content-type"]:
            continue  # a file to take away
        final = answer.url.removeprefix(reader.address)
        if kind_of(final) not in seen:
            yield Visit(username, kind_of(final), final)
        seen |= {kind, kind_of(final)}
        waiting += [(link, final) for link in dict.fromkeys(links_in(answer.text(), final))]


def names_of(resolver: Any) -> Iterator[str]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from names_of(one)
        elif isinstance(one, URLPattern) and one.name:
            yield one.name


def leave_open(browser: Any, product: Product) -> None:
    """Bring about what pages stand for that a quiet demonstration has none of."""
    secretary = Reader(browser, product.address)
    secretary.open("/")
    secretary.sign_in("bithu2", PASSWORD)
    secretary.go_to("/chi-tieu/2021/")
    secretary.go_to("/chi-tieu/2021/khong-nguon/")
    secretary.fill(grounds="Thợ đã xét hết", declared_on="28/05/2021", review_on="30/09/2021")
    secretary.send()
    secretary.close()
    administrator = Reader(browser, product.address)
    administrator.open("/")
    administrator.sign_in("quantri", PASSWORD)
    administrator.go_to("/quan-tri/nguoi-dung/")
    administrator.go_to("/quan-tri/nguoi-dung/them/")
    administrator.fill(
        # First in the list, so that the way there is short.
        full_name="An Thị Nghỉ Việc",
        username="nghiviec",
    )
    administrator.send()
    administrator.go_to("/quan-tri/nguoi-dung/nghiviec/dong/")
    administrator.send()
    administrator.close()


@pytest.fixture(scope="module")
def visits(browser: Any, product: Product) -> list[Visit]:
    """One page of each kind for each role, as their links lead there."""
    leave_open(browser, product)
    leave_reorganization_open(browser, product)
    leave_people_open(browser, product)
    leave_years_open(browser, product)
    found = [
        Visit("", "account_login", "/tai-khoan/dang-nhap/"),
        Visit("", "start-code", "/tai-khoan/dang-nhap/dat-mat-khau/"),
        Visit("", "help", "/tro-giup/"),
    ]
    for username in ROLES:
        reader = Reader(browser, product.address)
        reader.open("/")
        reader.sign_in(username, PASSWORD)
        found += pages_of(reader, username)
        reader.open("/tai-khoan/dang-xuat/")
        found.append(Visit(username, "account_logout", reader.path))
        reader.close()
    return found


@pytest.fixture
def readers(browser: Any, product: Product) -> Iterator[Any]:
    """`readers(username)`: that one's browser, the same again when asked again."""
    open_ones: dict[Any, Reader] = {}

    def reader(username: str, **options: Any) -> Reader:
        key = (username, *sorted(options.items()))
        if key not in open_ones:
            open_ones[key] = one = Reader(browser, product.address, **options)
            if username:
                one.open("/")
                one.sign_in(username, PASSWORD)
        return open_ones[key]

    yield reader
    for one in open_ones.values():
        one.close()


def first_of_each(visits: list[Visit]) -> list[Visit]:
    return list({visit.kind: visit for visit in reversed(visits)}.values())


def last_of_each(visits: list[Visit]) -> list[Visit]:
    """Another reader of each kind, who mostly differs from the first in what they may do there."""
    last = {visit.kind: visit for visit in visits}
    return [visit for visit in last.values() if visit not in first_of_each(visits)]


def test_every_address_of_the_product_is_visited_or_excused(visits: list[Visit]) -> None:
    seen = {visit.kind.partition(" ")[0] for visit in visits}
    steps = {visit.kind.split()[1] for visit in visits if visit.kind.startswith("candidate-step ")}

    unseen = set(names_of(get_resolver())) - seen
    # What is excused may be seen all the same, where another test has left something open.
    assert unseen - SOMETIMES - AS_THE_ROUND_STANDS <= set(NO_PAGE_OF_ITS_OWN)
    assert set(NO_PAGE_OF_ITS_OWN) <= set(names_of(get_resolver()))
    assert set(STEP_CODES.values()) - steps - SOMETIMES <= set(STEPS_WITHOUT_A_FILE)


def opened(reader: Reader, visit: Visit) -> list[str]:
    """Open a page on a desk; return what is wrong with its answer and its frame."""
    answer = reader.open(visit.path)
    said = []
    if answer.status != 200 or reader.page.locator("h1").count() != 1:
        said.append(f"{answer.status}, {reader.page.locator('h1').count()} h1")
    if reader.page.locator(".only-p >> visible=true").count():
        said.append("shows what is for paper alone")
    if reader.page.get_attribute("html", "lang") != "vi":
        said.append("not in Vietnamese")
    weight = len(gzip.compress(answer.body())) / 1000
    if weight > AT_MOST.get(visit.kind, 15):
        said.append(f"{weight:.1f} KB of HTML")
    return said


def test_every_page_on_a_desk_on_a_phone_and_without_javascript(
    visits: list[Visit], readers: Any
) -> None:
    wrong = []
    for visit in first_of_each(visits):
        reader = readers(visit.username)
        said = opened(reader, visit) + reader.amiss()
        words = set(reader.words.split())
        reader.page.set_viewport_size({"width": 390, "height": 844})
        said += [f"at 390 px: {one}" for one in reader.amiss() + reader.overflow()]
        reader.page.set_viewport_size({"width": 320, "height": 640})
        said += [f"at 320 px: {one}" for one in reader.overflow()]
        reader.page.set_viewport_size({"width": 1440, "height": 1000})
        without = readers(visit.username, java_script_enabled=False)
        without.open(visit.path)
        missing = words - set(without.words.split())
        if visit.kind == "mfa_activate_totp":
            missing = set()  # a new secret each time
        if len(missing) > 4:
            said.append(f"without script: {missing}")
        wrong += [f"{visit.username} {visit.path}: {one}" for one in said]
    assert wrong == []


def test_every_page_on_the_desk_of_another_reader(visits: list[Visit], readers: Any) -> None:
    wrong = []
    for visit in last_of_each(visits):
        reader = readers(visit.username)
        said = opened(reader, visit) + reader.troubles
        reader.troubles.clear()
        wrong += [f"{visit.username} {visit.path}: {one}" for one in said]
    assert wrong == []


LOOKED_AT_CLOSELY = ("task-list", "candidate-detail", "target-grid", "dashboard")


@pytest.mark.parametrize("width", [1440, 390])
def test_dark_and_in_the_largest_letters(visits: list[Visit], readers: Any, width: int) -> None:
    wrong = []
    for visit in [one for one in first_of_each(visits) if one.kind in LOOKED_AT_CLOSELY]:
        reader = readers(visit.username, width=width)
        cookies = [
            {"name": name, "value": value, "url": reader.address}
            for name, value in (("theme", "dark"), ("size", "xl"))
        ]
        reader.context.add_cookies(cookies)
        reader.open(visit.path)
        root = reader.page.locator("html")
        assert (root.get_attribute("data-theme"), root.get_attribute("data-size")) == ("dark", "xl")
        wrong += [f"{visit.path}: {one}" for one in reader.amiss() + reader.overflow()]
    assert wrong == []
