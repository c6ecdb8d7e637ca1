"""Doors opened for the tests of pages: clients of somebody who acts in a role."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from organizations.models import Installation, Organization, Role, User
from tests.makers import World, stand_on, world
from tests.organizations.makers import DAY, cell, officer, unit


@pytest.fixture
def tree(db: None) -> dict[str, Organization]:
    """A demonstration of 28/5/2021: a top with two committees, a cell each."""
    Installation.objects.create(mode="demonstration", day=DAY)
    top = unit("tren", kind="superior", name="Đảng bộ Than")
    mine = unit("khe-cham", top, name="Đảng bộ Khe Chàm")
    sibling = unit("hon-gai", top, name="Đảng bộ Hòn Gai")
    return {
        "top": top,
        "mine": mine,
        "sibling": sibling,
        "cell": cell("khai-thac-1", mine, name="Chi bộ Khai thác 1"),
        "other cell": cell("van-tai-1", sibling, name="Chi bộ Vận tải 1"),
    }


@pytest.fixture
def here(db: None) -> World:
    """A world on its day, of which the audit was told all that was written to make it."""
    made = world()
    stand_on(DAY)
    connection.check_constraints()  # lets the deferred triggers run, as a commit would
    return made


@pytest.fixture
def nobody_guessed_yet(db: None) -> Iterator[None]:
    """No wrong password counts from a test before, nor for one after."""
    cache.clear()
    yield
    cache.clear()


SignIn = Callable[[User], Client]


@pytest.fixture
def signed_in() -> SignIn:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in


@pytest.fixture
def administrator(tree: dict[str, Organization]) -> User:
    return officer("quantri", tree["top"], Role.ADMINISTRATOR)


@pytest.fixture
def keeper(administrator: User, signed_in: SignIn) -> Client:
    """The administrator's browser."""
    return signed_in(administrator)
