"""The audit tells of nothing that did not happen: whatever writes, and however it is taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from itertools import count
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from admissions.models import Candidate
from admissions.operations.candidates import close_candidate
from organizations.models import AccessEvent, AuditEvent, AuditHead, AuditLink, User
from organizations.operations import audit
from organizations.operations.accounts import deactivate, open_account, propose_appointment
from organizations.operations.people import add_member, change_person
from organizations.operations.posts import give_post
from tests.makers import DAY, World, account, logged, once, planned_class, world
from tests.reports.everywhere import client

TIMES = 20


def _writes(here: World, file: Candidate) -> dict[str, Callable[[], Any]]:
    numbers = count(1)
    somebody, newcomer = here.members[0], account("nguoi-moi")
    secretary, administrator = {"by": here.secretary, "on": DAY}, {"by": here.administrator}
    browser = client(here.secretary)
    page = reverse("candidate-close", args=[file.public_id])
    asked = {"closed_on": "27/05/2021", "reason": "Chuyển công tác", "confirm": "on"}
    return {
        "a candidate is logged": lambda: logged(here),
        "a file is closed": lambda: close_candidate(
            file, **secretary, closed_on=DAY, reason="Chuyển công tác"
        ),
        "a file is closed on its page": lambda: browser.post(page, {**asked, "once": once()}),
        "a member is entered": lambda: add_member(
            here.cell,
            **secretary,
            full_name=f"Lê Thị Hà {next(numbers)}",
            born_on=date(1980, 2, 3),
            sex="female",
            status="official",
            since=date(2010, 5, 19),
        ),
        "a post is given": lambda: give_post(
            somebody, **secretary, organization=here.cell, title="Phó bí thư", since=DAY
        ),
        "a member's record is corrected": lambda: change_person(
            somebody, **secretary, occupation="Giáo viên"
        ),
        "a file is opened": lambda: browser.get(reverse("candidate-detail", args=[file.public_id])),
        "an account is opened": lambda: open_account(
            **administrator, on=DAY, username="tai-khoan", full_name="Tài Khoản", password=None
        ),
        "a role is proposed": lambda: propose_appointment(
            newcomer, **administrator, to=here.cell, role="secretary", on=DAY
        ),
        "an account is closed": lambda: deactivate(
            User.objects.get(pk=newcomer.pk), **administrator, on=DAY
        ),
        "a class is planned": lambda: planned_class(here),
    }


class ForcedError(Exception):
    pass


def _taken_back() -> None:
    transaction.set_rollback(True)


def _broken_off() -> None:
    raise ForcedError


def _refused_by_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


ENDS = (_taken_back, _broken_off, _refused_by_the_database)


def _told() -> Iterator[Any]:
    yield AuditEvent.objects.count()
    yield AccessEvent.objects.count()
    yield AuditLink.objects.count()
    yield AuditHead.objects.values_list("seq", "hash").get()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_hundred_writes_that_are_rolled_back_leave_no_event() -> None:
    here = world()
    file = logged(here)
    writes = _writes(here, file)
    before, rolled_back = list(_told()), 0

    for number in range(TIMES):
        for name, write in writes.items():
            with suppress(ForcedError, DatabaseError), transaction.atomic():
                write()
                connection.check_constraints()  # as its commit would: linked into the chain
                assert list(_told()) != before, name
                rolled_back += 1
                ENDS[number % len(ENDS)]()

    assert rolled_back >= 200
    assert list(_told()) == before
    assert audit.verify().faults == []
