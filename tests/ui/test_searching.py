"""What is typed into a search stands in no address: kept with the session, found again by a key."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from config.ui import searching
from organizations.models import AccessEvent, OpenSession, User
from tests.makers import World, logged, world

pytestmark = pytest.mark.django_db

FILES = "/ho-so/"


@pytest.fixture
def kc(db: None) -> World:
    return world()


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def searched(client: Client, to: str = FILES, **typed: Any) -> str:
    """Send the form of the list `to`; return the address that it leads to."""
    answer = client.post(f"{reverse('search')}?to={to}", typed)
    assert answer.status_code == 303
    return answer["Location"]


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return [row["file"].person.full_name for row in answer.context["rows"]]


def key_of(address: str) -> str:
    found = re.search(r"search=([\w-]+)", address)
    assert found, address
    return found[1]


def test_a_search_is_found_again_by_its_key_and_the_field_shows_what_was_typed(kc: World) -> None:
    logged(kc, full_name="Lò Thị Thịnh"), logged(kc, full_name="Đỗ An")
    client = browser(kc.secretary)

    address = searched(client, q="Thịnh", buoc="1", **{"tinh-trang": ""})

    assert re.fullmatch(r"/ho-so/\?buoc=1&search=[\w-]{8}", address)
    shown = client.get(address)
    assert names(shown) == ["Lò Thị Thịnh"]
    assert 'value="Thịnh"' in shown.content.decode()
    assert 'value="1" selected' in shown.content.decode()
    assert AccessEvent.objects.filter(words="Searched by name").count() == 1


def test_pages_and_sizes_of_a_search_carry_its_key_and_no_words(kc: World) -> None:
    for number in range(27):
        logged(kc, full_name=f"Thịnh {'ABCDEFGHIKLMNOPQRSTUVXYZ'[number % 24]} {number}".title())
    client = browser(kc.secretary)

    shown = client.get(searched(client, q="thinh") + "&so_dong=25")

    links = re.findall(r'href="(\?[^"]+)"', shown.content.decode())
    key = key_of(shown.request["QUERY_STRING"])
    assert links
    assert all(f"search={key}" in link and "thinh" not in link for link in links)
    following = next(link for link in links if "trang=2" in link).replace("&amp;", "&")
    assert len(names(client.get(FILES + following))) == 2


def test_the_same_words_have_one_address_and_others_another(kc: World) -> None:
    client = browser(kc.secretary)

    first, again, other = (searched(client, q=typed) for typed in ("An", " An ", "Bình"))

    assert first == again
    assert first != other


def test_nothing_typed_is_the_list_itself(kc: World) -> None:
    client = browser(kc.secretary)

    assert searched(client, q="  ", buoc="") == FILES
    assert searched(client, q="\0", buoc="2") == f"{FILES}?buoc=2"


@pytest.mark.parametrize("whose", ["another's", "ended", "nobody's"])
def test_a_key_that_the_session_does_not_know_is_an_empty_search_with_a_word(
    kc: World, whose: str
) -> None:
    logged(kc, full_name="Lò Thị Thịnh"), logged(kc, full_name="Đỗ An")
    client = browser(kc.secretary)
    address = f"{FILES}?search=Zk3xV-9a"
    if whose == "another's":
        address = searched(browser(kc.staff), q="Thịnh")
    elif whose == "ended":
        address = searched(client, q="Thịnh")
        client.post(reverse("account_logout"))
        client = browser(kc.secretary)

    shown = client.get(address)

    assert sorted(names(shown)) == ["Lò Thị Thịnh", "Đỗ An"]
    assert "Thịnh" not in re.findall(r'name="q"[^>]*', shown.content.decode())[0]
    assert "không còn được giữ" in shown.content.decode()
    assert not AccessEvent.objects.filter(words="Searched by name").exists()


def test_the_words_go_with_the_session(kc: World) -> None:
    client = browser(kc.secretary)
    searched(client, q="Thịnh")
    assert [*client.session[searching.KEPT].values()] == [{"q": "Thịnh"}]
    assert OpenSession.objects.filter(user=kc.secretary).exists()

    client.post(reverse("account_logout"))

    assert not OpenSession.objects.filter(user=kc.secretary).exists()


def test_only_so_many_searches_are_kept_the_latest(kc: World) -> None:
    client = browser(kc.secretary)
    first = searched(client, q="Một")
    for number in range(searching.MOST_KEPT):
        last = searched(client, q=f"Người {number}")

    held = client.session[searching.KEPT]

    assert len(held) == searching.MOST_KEPT
    assert key_of(first) not in held
    assert key_of(last) in held


@pytest.mark.parametrize(
    "to",
    ["", "//elsewhere.example/", "https://elsewhere.example/ho-so/", "/khong-co/", "\\\\x", "//["],
)
def test_a_search_leads_nowhere_but_to_pages_of_ours(kc: World, to: str) -> None:
    client = browser(kc.secretary)

    address = searched(client, to, q="An")

    assert re.fullmatch(r"(/|/ho-so/)\?search=[\w-]{8}", address)
    assert client.get(f"{reverse('search')}?to={to}")["Location"] in {"/", FILES}


def test_whoever_signed_in_again_after_searching_finds_the_list(kc: World) -> None:
    client = browser(kc.secretary)

    assert client.get(f"{reverse('search')}?to={FILES}")["Location"] == FILES
    ended = Client().post(f"{reverse('search')}?to={FILES}", {"q": "Thịnh"})
    assert ended["Location"].startswith("/tai-khoan/dang-nhap/?next=/tim/")
    assert "Th" not in ended["Location"].split("?")[1]


def test_the_words_of_a_list_lead_to_organisations_called_so(kc: World) -> None:
    client = browser(kc.staff)

    shown = client.get(searched(client, q="chi bo")).content.decode()

    link = re.search(r'href="(/to-chuc/\?search=[\w-]+)"', shown)
    assert link
    assert 'value="chi bo"' in client.get(link[1]).content.decode()


def test_no_page_tells_another_site_where_it_was_left(kc: World) -> None:
    answer = browser(kc.secretary).get(FILES)

    assert answer["Referrer-Policy"] == "same-origin"
