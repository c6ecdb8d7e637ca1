"""A whole meeting by the keyboard alone: the results of six candidates on one page, in a minute."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from admissions.models import Ballot, Candidate, Meeting
from admissions.stages import Stage
from tests.browser.visits import Reader
from tests.makers import PASSWORD, World, candidate, logged, world

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]

KEYS_AT_MOST = 60
"""Keys besides the digits that are typed, from the page's first Tab to the last Enter."""
SECONDS_AT_MOST = 60
BETWEEN_KEYS = 150  # milliseconds, of somebody who looks at the minutes beside the keyboard


class Hands:
    """Somebody at the keyboard, who has no mouse; `keys` counts what is not a typed letter."""

    def __init__(self, reader: Reader) -> None:
        self.page = reader.page
        self.keys = 0

    def press(self, key: str) -> None:
        self.keys += 1
        self.page.keyboard.press(key)
        self.page.wait_for_timeout(BETWEEN_KEYS)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text, delay=BETWEEN_KEYS)

    @property
    def at(self) -> str:
        """The name of the field, or the words of what else has the focus."""
        found: str = self.page.evaluate(
            "() => document.activeElement.name || document.activeElement.innerText.trim()"
        )
        return found

    def tab_to(self, wanted: str) -> None:
        """Press Tab until the field `wanted` (the beginning of its name) has the focus."""
        for _press in range(12):
            self.press("Tab")
            if self.at.startswith(wanted):
                return
        raise AssertionError(f"{wanted} is far off; the focus is at {self.at}")


@pytest.fixture
def kc() -> World:
    return world()


@pytest.fixture
def bithu(browser: Any, live_server: Any, kc: World, request: Any) -> Iterator[Reader]:
    options = getattr(request, "param", {})
    reader = Reader(browser, live_server.url, **options)
    reader.open("/")
    reader.sign_in(kc.secretary.username, PASSWORD)
    yield reader
    reader.close()


@pytest.mark.parametrize(
    "bithu", [{}, {"java_script_enabled": False}], ids=["script", "no script"], indirect=True
)
def test_the_results_of_six_take_one_page_few_keys_and_less_than_a_minute(
    kc: World, bithu: Reader, request: Any
) -> None:
    six = [candidate(kc, at=Stage.READY) for _number in range(6)]
    has_script = "no script" not in request.node.name
    bithu.open(f"/sinh-hoat/{kc.cell.slug}/")
    hands = Hands(bithu) if has_script else None
    began = time.monotonic()

    if hands is None:  # where nothing runs in the page, the fields' names cannot be asked
        hands = Hands(bithu)
        hands.tab_to = lambda wanted: _tab_blindly(hands, bithu, wanted)  # type: ignore[method-assign]
    hands.press("Tab")  # to the main content
    hands.press("Enter")
    hands.tab_to("present")
    hands.type("24")
    hands.tab_to("absent")
    hands.type("3 17")
    for place in range(6):
        hands.tab_to("in_favour-")
        hands.type("23" if place else "15")
        if not place:
            hands.tab_to("against-")
            hands.type("9")
    with bithu.page.expect_navigation():
        hands.press("Enter")

    seconds = time.monotonic() - began
    assert re.match(r"/sinh-hoat/bien-ban/[0-9a-f-]{36}/(#main)?$", bithu.path), bithu.words
    meeting = Meeting.objects.get()
    assert (meeting.entitled, meeting.present) == (26, 24)
    assert Ballot.objects.filter(meeting=meeting).count() == len(six)
    assert Candidate.objects.filter(stage=Stage.CELL_RESOLVED).count() == 5
    print(f"{hands.keys} keys, {seconds:.0f} seconds")  # noqa: T201 - for the record of the run
    assert hands.keys <= KEYS_AT_MOST
    assert seconds <= SECONDS_AT_MOST
    assert bithu.troubles == []


def _tab_blindly(hands: Hands, reader: Reader, wanted: str) -> None:
    """As `tab_to`, by the selector of the focus, which needs no script of the page."""
    for _press in range(12):
        hands.press("Tab")
        if reader.page.locator(f"[name^='{wanted}']:focus").count():
            return
    raise AssertionError(f"{wanted} is far off")


def test_how_many_are_needed_is_said_while_typing_and_again_by_the_server(
    kc: World, bithu: Reader
) -> None:
    file = candidate(kc, at=Stage.READY)
    bithu.open(f"/sinh-hoat/{kc.cell.slug}/")
    need = bithu.page.locator("#grid .need")
    assert need.inner_text() == "18/26"

    bithu.page.fill("[name=exempt]", "5, 6")
    assert need.inner_text() == "16/24"
    bithu.page.fill(f"[name='in_favour-admission-{file.pk}']", "15")
    assert "t-warn" in str(need.get_attribute("class"))
    bithu.page.fill(f"[name='in_favour-admission-{file.pk}']", "16")
    assert "t-ok" in str(need.get_attribute("class"))
    with bithu.page.expect_navigation():
        bithu.page.keyboard.press("Enter")

    ballot = Ballot.objects.get()
    assert (ballot.entitled, ballot.in_favour, ballot.passed) == (24, 16, True)


def test_the_pages_of_meetings_read_well_on_desk_phone_and_paper(kc: World, bithu: Reader) -> None:
    candidate(kc, at=Stage.READY)
    candidate(kc, at=Stage.SYMPATHISER)
    logged(kc)
    wrong = []
    for path in (f"/sinh-hoat/{kc.cell.slug}/", f"/sinh-hoat/{kc.cell.slug}/in/"):
        bithu.page.set_viewport_size({"width": 1440, "height": 1000})
        bithu.open(path)
        wrong += bithu.amiss()
        bithu.page.set_viewport_size({"width": 320, "height": 640})
        bithu.open(path)
        wrong += bithu.amiss() + [f"at 320 px: {one}" for one in bithu.overflow()]
    printed = bithu.page.pdf(format="A4", prefer_css_page_size=True)
    assert wrong == []
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 3
