"""Doors opened for the tests of pages: clients of somebody who acts in a role."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from organizations.models import Installation, Organization, Role, User
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
