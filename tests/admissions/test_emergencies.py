"""Opening one person's file in an emergency: an hour, a reason, and everybody is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse

from admissions.models import Candidate, EmergencyOpening
from admissions.operations.emergencies import open_in_emergency
from admissions.operations.recording import constraint_of
from admissions.selectors import STEP_CODES
from admissions.stages import Step
from config import clock
from config.errors import DomainError
from organizations.models import (
    AccessEvent,
    Appointment,
    AuditEvent,
    DeclaredRelative,
    Role,
    User,
)
from organizations.operations.brakes import EMERGENCIES_A_DAY, TRIES_A_DAY, OpenedTooOften
from organizations.sheets.waiting import waiting_for
from tests.database import OwnerRole
from tests.makers import (
    DAY,
    World,
    cell,
    logged,
    officer,
    once,
    stand_on,
    unit,
    world,
)
from tests.reports.everywhere import client

pytestmark = pytest.mark.django_db

NAME = "Vũ Thị Cần Gấp"
WHY = "Tỉnh ủy hỏi trước 11 giờ"
TOLD = "Files opened in an emergency this week, to know of"


@pytest.fixture
def file(kc: World) -> Candidate:
    return logged(kc, full_name=NAME)


@pytest.fixture
def elsewhere(kc: World) -> User:
    """Staff of another committee of the same tree."""
    return officer("canbo-khac", unit("kc-dang-uy-2", kc.top), Role.STAFF)


def opened(by: User, file: Candidate, **changes: Any) -> EmergencyOpening:
    return open_in_emergency(by=by, on=DAY, **{"reason": WHY, "number": file.number, **changes})


def page(file: Candidate) -> str:
    return reverse("candidate-detail", args=[file.public_id])


def refused_by(name: str, write: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        write()
    assert constraint_of(refusal.value) == name


# ---------------------------------------------------------------- who, and what it gives


def test_a_leader_reads_the_page_of_one_file_and_nothing_else(kc: World, file: Candidate) -> None:
    other, browser = logged(kc, full_name="Người Bên Cạnh"), client(kc.leader)
    assert browser.get(page(file)).status_code == 404
    where = reverse("emergency-open")
    assert browser.get(where).status_code == 200

    sent = browser.post(where, {"once": once(), "number": file.number, "reason": WHY})

    assert (sent.status_code, sent.headers["Location"]) == (303, page(file))
    shown = browser.get(page(file))
    assert shown.status_code == 200
    assert NAME in shown.content.decode()
    assert browser.get(page(other)).status_code == 404
    assert browser.get(reverse("candidate-list")).status_code == 404
    for name in (
        "candidate-readers", "candidate-history", "candidate-particulars", "candidate-edit",
        "candidate-close", "candidate-erase", "candidate-relative", "file-extract",
        "candidate-verifications", "ceremony-minutes",
    ):  # fmt: skip
        assert browser.get(reverse(name, args=[file.public_id])).status_code == 404, name
    step = reverse("candidate-step", args=[file.public_id, STEP_CODES[Step.PUT_ON_LIST]])
    assert browser.post(step, {"once": once()}).status_code == 404


def test_its_page_leads_nowhere_that_is_refused(kc: World, file: Candidate) -> None:
    opened(kc.leader, file)
    shown = client(kc.leader).get(page(file)).content.decode()

    assert str(file.public_id) not in shown.replace(page(file), "")


def test_the_page_that_opens_lists_what_is_still_open_and_until_when(
    kc: World, file: Candidate, owner_role: OwnerRole
) -> None:
    other = logged(kc, full_name="Người Đã Hết Giờ")
    opened_before(other, kc.leader, owner_role, ago=timedelta(minutes=60))
    opened_before(file, kc.leader, owner_role, ago=timedelta(minutes=20))
    second = officer("lanh-dao-hai", kc.top, Role.LEADER)
    opened(second, other)
    last = opened(kc.leader, file)
    browser, where = client(kc.leader), reverse("emergency-open")

    answer = browser.get(where)

    [shown] = answer.context["still_open"]
    assert shown == last
    page_shown = answer.content.decode()
    assert f'<a href="{page(file)}">{NAME}</a>' in page_shown
    assert f"open until {last.expires_at.astimezone(clock.HERE):%H:%M}" in page_shown
    assert page_shown.index(NAME) < page_shown.index('name="number"')
    assert "Người Đã Hết Giờ" not in page_shown
    assert NAME in browser.post(where, {"once": once()}).content.decode()
    stand_on(DAY + timedelta(days=1))
    assert NAME not in client(kc.leader).get(where).content.decode()


def test_the_form_says_once_which_of_its_fields_are_needed_together(kc: World) -> None:
    shown = client(kc.leader).get(reverse("emergency-open")).content.decode()

    assert "(optional)" not in shown
    assert shown.count("The number is enough; without it the full name and the organisation") == 1


def test_staff_of_another_committee_open_it_by_name_and_organisation(
    kc: World, file: Candidate, elsewhere: User
) -> None:
    logged(kc, full_name=NAME, cell=kc.sibling, by=kc.secretary2, born_on=date(1995, 1, 1))

    made = opened(elsewhere, file, number="", full_name=NAME, organization="Chi bộ kc-1")

    assert made.candidate == file
    assert client(elsewhere).get(page(file)).status_code == 200


def test_who_sees_it_by_role_needs_none(kc: World, file: Candidate) -> None:
    with pytest.raises(DomainError, match="You see this file by your role"):
        opened(kc.staff, file)


def test_no_other_role_opens_one(kc: World, file: Candidate) -> None:
    for who in (kc.secretary2, kc.approver, kc.auditor, kc.administrator):
        with pytest.raises(PermissionDenied):
            opened(who, file)
        assert client(who).get(reverse("emergency-open")).status_code == 404
        refused_by("emergency_opening_by_who_may", row(who, file))


def row(who: User, file: Candidate, **changes: Any) -> Callable[[], EmergencyOpening]:
    values: dict[str, Any] = {
        "account": who, "candidate": file, "reason": WHY, "expires_at": clock.now(), **changes,
    }  # fmt: skip
    return lambda: EmergencyOpening.objects.create(**values)


# ---------------------------------------------------------------- what is not told


def test_what_is_not_there_elsewhere_several_or_ones_own_is_answered_alike(
    kc: World, file: Candidate
) -> None:
    there = world(slug="hg")
    foreign = logged(there, full_name="Người Cây Khác")
    near = logged(kc, full_name="Em Ruột", born_on=date(1994, 2, 2))
    DeclaredRelative.objects.create(user=kc.leader, person=near.person, kind="sibling")
    logged(kc, full_name=NAME, cell=kc.sibling, by=kc.secretary2, born_on=date(1995, 1, 1))
    below = officer("lanh-dao-duoi", cell("kc-9", kc.committee), Role.LEADER)
    named = {"number": "", "full_name": NAME, "organization": "Đảng bộ kc-top"}

    said = set()
    for by, wanted in (
        (kc.leader, {"number": "KC-1999-0001"}),
        (kc.leader, {"number": foreign.number}),
        (kc.leader, {"number": near.number}),
        (below, {"number": file.number}),
        (kc.leader, named),  # two of one name
        (kc.leader, {**named, "full_name": NAME[:-1]}),
        (kc.leader, {**named, "organization": "Chi bộ"}),
        (kc.leader, {**named, "organization": ""}),
    ):
        with pytest.raises(DomainError) as refusal:
            opened(by, file, **wanted)
        [sentence] = refusal.value.fields.values()
        said.add(str(sentence))
    assert len(said) == 1
    assert not EmergencyOpening.objects.exists()


def test_who_looks_for_what_is_not_there_is_told_of_and_stopped_after_some_tries(
    kc: World, file: Candidate
) -> None:
    browser, where = client(kc.leader), reverse("emergency-open")

    def tried(number: str) -> Any:
        return browser.post(where, {"once": once(), "number": number, "reason": WHY})

    for one in range(TRIES_A_DAY):
        answer = tried(f"KC-1999-{one:04}")
        assert answer.status_code == 422
        assert answer.context["form"]["number"].value() == f"KC-1999-{one:04}"
    told = AuditEvent.objects.filter(action="emergency.not_found")
    assert (told.count(), told.filter(actor=kc.leader).count()) == (TRIES_A_DAY, TRIES_A_DAY)
    assert "KC-1999" not in str(list(told.values()))

    assert tried(file.number).status_code == 422
    assert not EmergencyOpening.objects.exists()
    assert told.count() == TRIES_A_DAY
    assert AuditEvent.objects.get(action="emergency.braked").actor == kc.leader


def test_no_reason_and_a_file_that_the_role_shows_are_no_tries(kc: World, file: Candidate) -> None:
    where = reverse("emergency-open")

    for who, why in ((kc.leader, ""), (kc.staff, WHY)):
        sent = {"once": once(), "number": file.number, "reason": why}
        assert client(who).post(where, sent).status_code == 422

    assert not AuditEvent.objects.filter(action="emergency.not_found").exists()


def test_the_fifth_of_a_day_is_opened_and_the_next_is_not_and_the_audit_is_told(
    kc: World, file: Candidate, owner_role: OwnerRole
) -> None:
    assert EMERGENCIES_A_DAY == 5
    whole_day = timedelta(days=1)
    opened_before(file, kc.leader, owner_role, ago=whole_day)  # counts no more
    opened_before(file, kc.leader, owner_role, ago=whole_day - timedelta(minutes=5))
    for _time in range(3):
        opened(kc.leader, file)
    browser, where = client(kc.leader), reverse("emergency-open")

    def asked() -> Any:
        return browser.post(where, {"once": once(), "number": file.number, "reason": WHY})

    assert asked().status_code == 303
    refused = asked()

    assert refused.status_code == 422
    assert "You opened 5 files" in refused.content.decode()
    told = AuditEvent.objects.get(action="emergency.braked")
    assert (told.actor, told.kind) == (kc.leader, "denied")
    with pytest.raises(OpenedTooOften):
        opened(kc.leader, file)
    assert EmergencyOpening.objects.filter(account=kc.leader).count() == 6
    assert opened(officer("lanh-dao-hai", kc.top, Role.LEADER), file).candidate == file


def test_the_form_asks_for_what_it_needs_at_the_fields(kc: World) -> None:
    browser, where = client(kc.leader), reverse("emergency-open")

    def errors(**sent: str) -> list[str]:
        answer = browser.post(where, {"once": once(), **sent})
        assert answer.status_code == 422
        return sorted(answer.context["form"].errors)

    assert errors() == ["number", "reason"]
    assert errors(number="KC-1999-0001", reason=" ") == ["reason"]
    assert errors(full_name=NAME, reason=WHY) == ["organization"]


# ---------------------------------------------------------------- an hour


def opened_before(file: Candidate, who: User, owner_role: OwnerRole, *, ago: timedelta) -> None:
    """An opening as old as the trigger would not let one be."""
    with owner_role() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "INSERT INTO admissions_emergencyopening"
            " (account_id, candidate_id, reason, entered_at, expires_at)"
            " VALUES (%s, %s, 'x', app_now() - %s, app_now() - %s + interval '59.9 minutes')",
            [who.pk, file.pk, ago, ago],
        )
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.mark.parametrize(("minutes", "is_open"), [(0, True), (59, True), (60, False)])
def test_it_is_open_for_sixty_minutes(
    kc: World, file: Candidate, minutes: int, is_open: bool, owner_role: OwnerRole
) -> None:
    opened_before(file, kc.leader, owner_role, ago=timedelta(minutes=minutes))

    found = Candidate.objects.opened_by(kc.leader, on=DAY)

    assert list(found) == ([file] if is_open else [])
    assert client(kc.leader).get(page(file)).status_code == (200 if is_open else 404)


def test_the_next_day_it_is_closed_and_one_of_tomorrow_is_not_open_yet(
    kc: World, file: Candidate
) -> None:
    opened(kc.leader, file)
    stand_on(DAY + timedelta(days=1))
    assert not Candidate.objects.opened_by(kc.leader).exists()

    stand_on(DAY - timedelta(days=1))
    assert not Candidate.objects.opened_by(kc.leader).exists()


def test_it_is_for_the_account_alone_and_ends_with_the_role(kc: World, file: Candidate) -> None:
    opened(kc.leader, file)
    second = officer("lanh-dao-hai", kc.top, Role.LEADER)
    assert client(second).get(page(file)).status_code == 404

    held = Appointment.objects.get(user=kc.leader)
    held.period = type(held.period)(held.period.lower, DAY)
    held.save(update_fields=["period"])

    assert client(kc.leader).get(page(file)).status_code == 404


# ---------------------------------------------------------------- the database


def test_the_database_sets_the_hour_whatever_was_sent(kc: World, file: Candidate) -> None:
    far = clock.now() + timedelta(days=9)
    made = row(kc.leader, file, expires_at=far, entered_at=far)()
    made.refresh_from_db()

    assert made.expires_at - made.entered_at == timedelta(hours=1)
    assert made.entered_at <= clock.now()


def test_the_database_refuses_who_may_not_whom_it_is_about_and_no_reason(
    kc: World, file: Candidate, elsewhere: User
) -> None:
    there = world(slug="hg")
    for who in (there.leader, there.staff, kc.secretary):
        refused_by("emergency_opening_by_who_may", row(who, file))
    for blank in ("", " \t"):
        refused_by("emergency_opening_says_why", row(kc.leader, file, reason=blank))
    elsewhere.person = file.person
    elsewhere.save(update_fields=["person"])
    refused_by("emergency_opening_not_of_ones_own_file", row(elsewhere, file))


def test_an_opening_is_never_changed_nor_taken_away(kc: World, file: Candidate) -> None:
    one = EmergencyOpening.objects.filter(pk=opened(kc.leader, file).pk)
    for change in (lambda: one.update(reason="Khác"), one.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


# ---------------------------------------------------------------- who is told


def test_the_audit_is_told_of_the_opening_and_of_each_reading(kc: World, file: Candidate) -> None:
    browser = client(kc.leader)
    browser.post(reverse("emergency-open"), {"once": once(), "number": file.number, "reason": WHY})
    browser.get(page(file))

    [event] = AuditEvent.objects.about(file).filter(action="emergency-open")
    [reading] = AccessEvent.objects.about(file)
    assert (event.actor, event.organization_id) == (kc.leader, file.cell_id)
    assert (reading.actor, reading.words) == (kc.leader, "Opened the page in an emergency")
    assert WHY not in str(AuditEvent.objects.filter(pk=event.pk).values())


def test_the_secretary_is_told_for_a_week_and_the_file_for_ever(kc: World, file: Candidate) -> None:
    opened(kc.leader, file)
    readers = reverse("candidate-readers", args=[file.public_id])

    def told(who: User, on: date) -> list[tuple[int, str]]:
        return [(one.count, one.url) for one in waiting_for(who, on=on) if one.title == TOLD]

    assert told(kc.secretary, DAY) == [(1, readers)]
    assert told(kc.secretary, DAY + timedelta(days=6)) == [(1, readers)]
    assert told(kc.secretary, DAY + timedelta(days=7)) == []
    assert told(kc.secretary2, DAY) == []
    shown = client(kc.secretary).get(readers).content.decode()
    assert WHY in shown
    assert str(kc.leader) in shown


def test_the_auditors_of_the_organisation_list_every_opening(kc: World, file: Candidate) -> None:
    opened(kc.leader, file)
    there = world(slug="hg")
    where = reverse("emergency-list")

    shown = client(kc.auditor).get(where).content.decode()
    assert WHY in shown
    assert NAME in shown
    assert where in client(kc.auditor).get(reverse("audit-list")).content.decode()
    assert WHY not in client(there.auditor).get(where).content.decode()
    for who in (kc.leader, kc.secretary, kc.staff, kc.administrator):
        assert client(who).get(where).status_code == 404
