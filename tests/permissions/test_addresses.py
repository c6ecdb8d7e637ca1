"""No page of the product sends what somebody types by GET: it would stand in the address."""

from __future__ import annotations

import re
import zipfile
from html.parser import HTMLParser
from io import BytesIO

import pytest

from organizations.models import Person
from tests.permissions.expected import expected
from tests.permissions.ground import Ground
from tests.permissions.test_matrix import rows
from tests.reports.everywhere import client

READERS = ("secretary", "staff", "staff of top", "auditor", "administrator")
"""Between them they see every page there is a form on."""
TYPED = re.compile(r"""href="[^"]*[?&;](q|don_vi|hop)=""")
"""A link that has what somebody typed."""


class Forms(HTMLParser):
    """The fields into which anything may be typed, of each form of a page that goes by GET."""

    def __init__(self) -> None:
        super().__init__()
        self.method = ""
        self.by_get: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form":
            self.method = (told.get("method") or "get").lower()
        is_text = tag == "textarea" or (
            tag == "input" and (told.get("type") or "text") in {"text", "search"}
        )
        if self.method == "get" and is_text and not is_a_day_or_number(told):
            self.by_get.append(str(told.get("name")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.method = ""


def is_a_day_or_number(told: dict[str, str | None]) -> bool:
    return told.get("inputmode") in {"numeric", "decimal"}


def typed_by_get(page: str) -> list[str]:
    forms = Forms()
    forms.feed(page)
    return forms.by_get


def test_a_form_with_a_free_field_by_get_would_be_found() -> None:
    assert typed_by_get('<form role="search"><input name="q" type="search"></form>') == ["q"]
    assert typed_by_get('<form method="get"><textarea name="t"></textarea></form>') == ["t"]
    assert typed_by_get('<form method="post"><input name="q"></form><input name="z">') == []
    assert typed_by_get('<form><input name="den" inputmode="numeric"></form>') == []


@pytest.mark.slow
def test_no_form_of_any_page_sends_what_is_typed_by_get_and_no_link_has_it(ground: Ground) -> None:
    found, asked = set(), 0
    for who in READERS:
        browser = client(ground.people[who])
        for name, row, here in rows(ground):
            own = [one for one in here if one.position == "own"][:1]
            for address in own if "get" in row else ():
                if expected(ground, who, "get", address, row).is_refused:
                    continue
                answer = browser.get(address.path)
                if not str(answer.headers.get("Content-Type", "")).startswith("text/html"):
                    continue
                asked += 1
                page = answer.content.decode()
                found |= {(name, field) for field in typed_by_get(page)}
                found |= {(name, link) for link in TYPED.findall(page)}
    assert found == set()
    assert asked > 200


@pytest.mark.slow
def test_no_file_that_goes_out_has_anybodys_name(ground: Ground) -> None:
    """An export with names of more than 200 rows would need a reason: there is none with names."""
    sent: dict[str, bytes] = {}
    browser = client(ground.people["staff"])
    for name, row, here in rows(ground):
        for address in [one for one in here if one.position in {"own", "above"}]:
            if "get" not in row or expected(ground, "staff", "get", address, row).is_refused:
                continue
            answer = browser.get(address.path)
            if answer.has_header("Content-Disposition"):
                sent[name] = answer.content
    assert set(sent) == {"target-export"}
    with zipfile.ZipFile(BytesIO(sent["target-export"])) as table:
        text = b"".join(table.read(part) for part in table.namelist()).decode(errors="replace")
    assert "kc-" in text or "Chi b" in text
    people = Person.objects.exclude(accounts=ground.people["staff"].pk)
    assert [one for one in people.values_list("full_name", flat=True) if one in text] == []
