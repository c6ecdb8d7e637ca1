"""How much one account opens in an hour or a day, and how often it may be told who is known."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from admissions.models import Candidate, Scan, ScanReading
from admissions.operations.scans import add_scan
from admissions.stages import Stage
from config.errors import DomainError
from config.ui.pages import PAGE_SIZES
from organizations.models import AuditEvent, Organization, ParticularsReading, Role, User
from organizations.operations import brakes
from organizations.operations.brakes import ReadTooMuch, brake_reading
from organizations.operations.people import change_person
from tests.admissions.test_races import at_once
from tests.admissions.test_scans import PDF
from tests.makers import DAY, World, appointed, candidate, logged, once, stand_on, world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def kc(db: None) -> World:
    return world()


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def opened(user: User, times: int, *, of: Organization, action: str = "candidate-scan") -> None:
    """`user` has opened so many scans and sealed records of cell `of` by now."""
    for _time in range(times):
        AuditEvent.objects.create(actor=user, kind="read", action=action, organization=of)


def particulars(file: Candidate) -> str:
    return reverse("candidate-particulars", args=[file.public_id])


def a_scan(kc: World) -> Scan:
    file = candidate(kc, at=Stage.READY)
    paper = file.papers.get(kind__code="2-KNĐ")
    return add_scan(file, by=kc.secretary, on=DAY, paper=paper, content=PDF, name="ly-lich.pdf")


def scan_url(scan: Scan) -> str:
    paper = scan.paper
    return reverse("candidate-scan", args=[paper.candidate.public_id, paper.pk, scan.pk])


def test_the_thirtieth_of_an_hour_is_opened_and_the_next_is_not_and_the_auditor_sees_it(
    kc: World,
) -> None:
    client, file = browser(kc.staff), logged(kc)
    opened(kc.staff, 29, of=kc.cell)

    assert client.post(particulars(file)).status_code == 200
    refused = client.post(particulars(file))

    assert refused.status_code == 429
    page = refused.content.decode()
    assert "30 bản chụp và thông tin được niêm" in page
    assert re.search(r"mở tiếp từ \d\d/\d\d/\d{4} \d\d:\d\d", page)
    assert 3500 < int(refused["Retry-After"]) <= 3600
    assert ParticularsReading.objects.count() == 1
    told = AuditEvent.objects.visible_to(kc.auditor, on=DAY).get(action=brakes.BRAKED)
    assert (told.actor, told.kind, told.payload) == (kc.staff, "denied", {"most": 30})
    assert (told.object, told.reference) == ("admissions.candidate", str(file.public_id))


def test_scans_and_what_is_sealed_are_counted_together(kc: World) -> None:
    scan = a_scan(kc)
    client = browser(kc.staff)
    opened(kc.staff, 29, of=kc.cell, action="member-particulars")

    given = client.post(scan_url(scan), {"reason": "Thẩm định"})
    refused = client.post(scan_url(scan), {"reason": "Thẩm định"})

    assert (given.status_code, refused.status_code) == (200, 429)
    assert ScanReading.objects.count() == 1
    assert reverse("candidate-paper", args=[scan.paper.candidate.public_id, scan.paper_id]) in (
        refused.content.decode()
    )


def test_what_was_refused_and_what_only_asks_is_not_counted(kc: World) -> None:
    scan = a_scan(kc)
    client = browser(kc.staff)
    opened(kc.staff, 29, of=kc.cell)

    assert client.get(scan_url(scan)).status_code == 200
    assert client.post(scan_url(scan), {"reason": " "}).status_code == 422

    assert client.post(scan_url(scan), {"reason": "Thẩm định"}).status_code == 200


def test_others_are_not_held_up_by_who_read_too_much(kc: World) -> None:
    opened(kc.staff, 30, of=kc.cell)

    assert browser(kc.staff2).post(particulars(logged(kc))).status_code == 200


def test_the_secretary_goes_through_the_papers_of_the_own_cell_up_to_the_limit_of_the_day(
    kc: World,
) -> None:
    scan, client = a_scan(kc), browser(kc.secretary)
    opened(kc.secretary, 199, of=kc.cell)

    assert client.post(scan_url(scan), {"reason": ""}).status_code == 200
    assert client.post(scan_url(scan), {"reason": ""}).status_code == 429


def test_who_is_secretary_and_staff_is_held_up_beyond_the_own_cell(kc: World) -> None:
    appointed(kc.secretary, kc.committee, Role.STAFF)
    elsewhere = logged(kc, cell=kc.sibling, by=kc.secretary2)
    opened(kc.secretary, 60, of=kc.cell)
    client = browser(kc.secretary)

    assert client.post(particulars(elsewhere)).status_code == 200
    opened(kc.secretary, 29, of=kc.sibling)
    assert client.post(particulars(elsewhere)).status_code == 429
    assert client.post(particulars(logged(kc))).status_code == 200


def test_after_the_hour_it_goes_on_and_after_the_day_too(
    kc: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (timedelta(hours=1), timedelta(days=1)) == (brakes.HOUR, brakes.DAY)
    stand_on(DAY - timedelta(days=1))
    opened(kc.staff, 171, of=kc.cell)
    with pytest.raises(ReadTooMuch):
        brake_reading(kc.staff, cell=kc.cell.pk, on=DAY)
    stand_on(DAY)

    brake_reading(kc.staff, cell=kc.cell.pk, on=DAY)  # a whole day later
    opened(kc.staff, 30, of=kc.cell)
    with pytest.raises(ReadTooMuch) as refusal:
        brake_reading(kc.staff, cell=kc.cell.pk, on=DAY)
    assert refusal.value.most == 30
    monkeypatch.setattr(brakes, "HOUR", timedelta(0))  # as if they were an hour ago
    brake_reading(kc.staff, cell=kc.cell.pk, on=DAY)
    opened(kc.staff, 170, of=kc.cell)
    with pytest.raises(ReadTooMuch) as refusal:
        brake_reading(kc.staff, cell=kc.cell.pk, on=DAY)
    assert refusal.value.most == 200


@pytest.mark.django_db(transaction=True)
def test_two_at_once_at_the_limit_open_one(kc: World) -> None:
    file = logged(kc)
    opened(kc.staff, 29, of=kc.cell)
    clients = [browser(kc.staff), browser(kc.staff)]

    answers = at_once(*(lambda one=one: one.post(particulars(file)) for one in clients))

    assert sorted(one.status_code for one in answers) == [200, 429]
    assert ParticularsReading.objects.count() == 1


# ---------------------------------------------------------------- who is known


def known(user: User, times: int) -> None:
    """`user` was told so many times by now that somebody is known."""
    for _time in range(times):
        AuditEvent.objects.create(actor=user, kind="denied", action="identity.tried")


def new(**changes: str) -> dict[str, str]:
    return {
        "once": once(), "full_name": "Bùi Văn Thử", "born_on": "17/09/1985", "sex": "male",
        "occupation": "Thợ lò", **changes,
    }  # fmt: skip


def test_each_answer_that_somebody_is_known_is_told_and_the_twentieth_is_the_last(
    kc: World,
) -> None:
    there = logged(kc, full_name="Bùi Văn Thử", cell=kc.sibling, by=kc.secretary2)
    born = there.person.born_on.strftime("%d/%m/%Y")
    client, address = browser(kc.secretary), reverse("candidate-new")
    known(kc.secretary, 19)

    twentieth = client.post(address, new(born_on=born))
    assert twentieth.status_code == 422
    assert "full_name" in twentieth.context["form"].errors
    told = AuditEvent.objects.filter(actor=kc.secretary, action="identity.tried")
    assert (told.count(), told.latest("pk").payload) == (20, {})

    for typed in (new(born_on=born), new(full_name="Không Ai Biết")):
        refused = client.post(address, typed)
        assert refused.status_code == 422
        assert "20 lần" in refused.content.decode()
    assert Candidate.objects.count() == 1
    assert AuditEvent.objects.filter(action="identity.braked").count() == 2
    assert told.count() == 20
    assert browser(kc.secretary2).post(address, new()).status_code == 303


def test_logging_people_whom_nobody_knows_is_no_try(kc: World) -> None:
    client = browser(kc.secretary)
    known(kc.secretary, 19)

    for name in ("Một", "Hai", "Ba"):
        assert client.post(reverse("candidate-new"), new(full_name=name)).status_code == 303

    assert AuditEvent.objects.filter(action="identity.tried").count() == 19


def test_a_number_of_the_list_is_a_try_and_the_next_day_there_are_new_ones(kc: World) -> None:

    stand_on(DAY)
    one, other = kc.members[1], kc.members[2]
    change_person(one, by=kc.secretary, on=DAY, citizen_id="022199001234")
    known(kc.secretary, 20)
    with pytest.raises(DomainError, match="20"):
        change_person(other, by=kc.secretary, on=DAY, citizen_id="022199001235")
    change_person(other, by=kc.secretary, on=DAY, occupation="Thợ điện")  # nothing is compared

    stand_on(DAY + timedelta(days=1))

    with pytest.raises(DomainError) as refusal:
        change_person(other, by=kc.secretary, on=DAY, citizen_id="022199001234")
    assert (list(refusal.value.fields), refusal.value.action) == (["citizen_id"], "identity.tried")


# ---------------------------------------------------------------- lists of names


def test_no_list_of_people_shows_more_than_two_hundred_at_once() -> None:
    assert max(PAGE_SIZES) == 200
