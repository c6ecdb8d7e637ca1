"""What a visit costs on a slow line, as transferred: cold ≤ 80 KB in ≤ 6 requests."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Product, SignIn
from tests.browser.visits import Reader

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LANDINGS = ("bithu", "canbo", "canbo2", "duyet", "lanhdao", "giamsat", "trungtam", "quantri")
COLD = (80, 6)  # kilobytes, requests
LATER = (15, 1)


class Scales:
    """Weighs what the network brought to a page: headers and bodies, as compressed."""

    def __init__(self, reader: Reader, *, cold: bool) -> None:
        self.requests: dict[str, str] = {}
        self.bytes = 0
        session = reader.context.new_cdp_session(reader.page)
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._finished)
        session.send("Network.enable")
        if cold:
            session.send("Network.clearBrowserCache")

    def _sent(self, event: Any) -> None:
        if not event["request"]["url"].startswith("data:"):
            self.requests[event["requestId"]] = event["request"]["url"]

    def _finished(self, event: Any) -> None:
        # What came from the browser's cache has no length and is no request.
        if event["encodedDataLength"]:
            self.bytes += int(event["encodedDataLength"])
        else:
            self.requests.pop(event["requestId"], None)

    def refuse_more_than(self, limit: tuple[int, int]) -> None:
        kilobytes, requests = limit
        assert self.bytes, "nothing was weighed"
        assert self.bytes <= kilobytes * 1000, f"{self.bytes} bytes: {self.requests}"
        assert len(self.requests) <= requests, self.requests


def weigh(reader: Reader, path: str, *, cold: bool) -> Scales:
    scales = Scales(reader, cold=cold)
    reader.page.goto(path, wait_until="networkidle")
    return scales


def test_a_first_visit_to_the_sign_in_page(opened: Callable[..., Reader], product: Product) -> None:
    weigh(opened(product), "/tai-khoan/dang-nhap/", cold=True).refuse_more_than(COLD)


@pytest.mark.parametrize("username", LANDINGS)
def test_a_first_visit_to_where_a_role_lands(sign_in: SignIn, username: str) -> None:
    reader = sign_in(username)

    weigh(reader, reader.path, cold=True).refuse_more_than(COLD)


@pytest.mark.parametrize("username", LANDINGS)
def test_every_later_page_is_one_small_request(sign_in: SignIn, username: str) -> None:
    reader = sign_in(username)
    addresses = [link.get_attribute("href") for link in reader.page.locator("nav.nav a").all()]
    reader.open(addresses[-1])  # what lists need besides, htmx, is kept from here on

    for address in addresses:
        weigh(reader, address, cold=False).refuse_more_than(LATER)
