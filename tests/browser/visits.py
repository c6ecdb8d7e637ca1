"""Someone before the product: opens pages, follows links, fills in forms, notes what is amiss."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe

VISIT_WITHIN = 30_000  # milliseconds, beside the other tests on two cores

STANDARD = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}

OVERFLOW = """() => {
  const page = document.documentElement;
  if (page.scrollWidth <= page.clientWidth) return [];
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > page.clientWidth + 1)
    .filter((one) => ![...one.children].some(
      (inner) => inner.getBoundingClientRect().right > page.clientWidth + 1))
    .slice(0, 5)
    .map((one) => `${one.tagName}.${one.getAttribute("class") || ""}: ${one.innerText || ""}`);
}"""


class Reader:
    """One person's browser. `troubles` holds what no page may do: errors, requests elsewhere."""

    def __init__(
        self,
        browser: Any,
        address: str,
        *,
        width: int = 1440,
        height: int = 1000,
        **options: Any,
    ) -> None:
        self.address = address
        self.context = browser.new_context(
            base_url=address,
            viewport={"width": width, "height": height},
            locale="vi-VN",
            timezone_id="Asia/Ho_Chi_Minh",
            **options,
        )
        self.context.set_default_timeout(VISIT_WITHIN)
        self.troubles: list[str] = []
        self.context.on("request", self._request)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda told: self.troubles.append(f"error: {told.error}"))
        self.page = self.context.new_page()

    def close(self) -> None:
        self.context.close()

    def _request(self, request: Any) -> None:
        if not request.url.startswith((f"{self.address}/", "data:")):
            self.troubles.append(f"request: {request.url}")

    def _console(self, message: Any) -> None:
        # A form that was refused (422, 409) is an answer; the browser alone calls it an error.
        if message.type in {"error", "warning"} and "status of 4" not in message.text:
            self.troubles.append(f"console: {message.text}")

    # ---- reading

    def open(self, path: str) -> Any:
        """Type an address; return the answer."""
        return self.page.goto(path)

    @property
    def path(self) -> str:
        """The address of the page without the server."""
        return str(self.page.url).removeprefix(self.address)

    @property
    def heading(self) -> str:
        return str(self.page.inner_text("h1"))

    @property
    def words(self) -> str:
        return str(self.page.inner_text("main"))

    def follow(self, selector: str) -> None:
        """Click the first link or button of `selector` that is seen, and read the next page."""
        with self.page.expect_navigation():
            self.page.locator(f"{selector} >> visible=true").first.click()

    def go_to(self, address: str) -> None:
        """Follow the page's own link to `address` (all of it, or its beginning before `?`)."""
        self.follow(f'a[href="{address}"], a[href^="{address}?"]')

    def overflow(self) -> list[str]:
        """Return what sticks out of the page at its right."""
        found: list[str] = self.page.evaluate(OVERFLOW)
        return found

    def amiss(self) -> list[str]:
        """Return what axe finds on the page, what the console said, what was asked elsewhere."""
        found = [
            f"axe {one['id']}: {node['html'][:150]}"
            for one in Axe().run(self.page, options=STANDARD).response["violations"]
            for node in one["nodes"][:3]
        ]
        said, self.troubles[:] = list(self.troubles), []
        return found + said

    # ---- writing

    def sign_in(self, username: str, password: str) -> None:
        self.fill(login=username, password=password)
        self.send()
        assert "dang-nhap" not in self.path, self.words

    def set_password(self, username: str, code: str, password: str) -> None:
        """Set a password with the start code that an administrator's page showed."""
        self.open("/tai-khoan/dang-nhap/")
        self.go_to("/tai-khoan/dang-nhap/dat-mat-khau/")
        self.fill(username=username, code=code, password=password, password_again=password)
        self.follow("main .btn.pri")
        assert self.path == "/tai-khoan/dang-nhap/", self.words

    def start_code(self) -> str:
        """Return the start code on the page of an account, which shows it once."""
        return self.page.inner_text("main code.secret")

    def sign_out(self) -> None:
        self.page.click("summary.me")
        self.follow('form[action="/tai-khoan/dang-xuat/"] button')

    def fill(self, **values: str) -> None:
        """Fill in the form of the page: texts, choices by their value, True for a tick."""
        for name, value in values.items():
            field = self.page.locator(f'main [name="{name}"]')
            kind = field.first.get_attribute("type")
            if kind == "radio":
                self.page.check(f'main [name="{name}"][value="{value}"]')
            elif kind == "checkbox":
                field.check()
            elif field.evaluate("(one) => one.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def send(self) -> None:
        """Press the form's main button; the page must accept what was written."""
        self.follow("main form[method=post] .btn.pri, .bar-sticky .btn.pri")
        alert = self.page.locator("main [role=alert]")
        assert not alert.count(), alert.first.inner_text()

    def find(self, name: str) -> None:
        """Search for a person by the box at the top, and open the one found."""
        self.page.fill("#search", name)
        with self.page.expect_navigation():
            self.page.press("#search", "Enter")
        self.follow(f'#results th a:text-is("{name}")')
