"""What is read of one tree by somebody of another: nothing, whatever page or job asks for it.

Pages narrow before they ask; what is asked here is asked without any page (docs/mutants.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string

from admissions.models import (
    Candidate,
    Deadline,
    DecisionReview,
    EmergencyOpening,
    FileTransfer,
    Meeting,
    RuleChange,
)
from admissions.operations.emergencies import open_in_emergency
from admissions.operations.late_entries import enter_late
from admissions.selectors import handover as of_handovers
from admissions.selectors import moving, outcomes
from admissions.selectors.classes import proposals_to_answer
from admissions.selectors.digest import digest
from admissions.selectors.lists_to_clear import lists_to_clear
from admissions.selectors.meetings import ballots_in, committee_pack, meeting_seen_by
from admissions.selectors.members import file_url
from admissions.selectors.planner import PLANNED, planner
from admissions.selectors.tasks import _files
from admissions.stages import LIVE_STAGES, Stage
from config import clock
from organizations.models import (
    AccessEvent,
    Appointment,
    AuditEvent,
    Handover,
    Lineage,
    Organization,
    Role,
    Transfer,
    User,
)
from organizations.selectors import lineage_of
from organizations.sheets import audit, people
from organizations.sheets.reorganizations import deciding
from reports.selectors.organizations import history
from targets.followed import to_confirm
from tests.makers import World, account, appointed, candidate
from tests.permissions.ground import Ground
from tests.reports.everywhere import client

pytestmark = pytest.mark.slow


@pytest.fixture
def on(ground: Ground) -> date:
    return clock.today()


@pytest.fixture
def here(ground: Ground) -> World:
    """One's own tree, in which a file lies before the committee and somebody was admitted."""
    found = ground.worlds["own"]
    candidate(found, at=Stage.CELL_RESOLVED)
    candidate(found, at=Stage.ADMITTED)
    enter_late(
        candidate(found, at=Stage.DECIDED),
        by=found.secretary,
        on=clock.today(),
        reason="Biên bản về muộn",
        ceremony_on=date(2021, 4, 27),
    )
    return found


@pytest.fixture
def there(ground: Ground) -> World:
    return ground.worlds["branch"]


SHARED = {RuleChange}
"""What all trees answer for."""


def who(at: World) -> list[User]:
    return [at.secretary, at.secretary2, at.staff, at.staff2, at.approver, at.leader, at.auditor]


def keys(rows: Iterable[Any]) -> set[Any]:
    return {one.pk for one in rows}


def test_no_row_of_another_tree_is_visible(here: World, there: World) -> None:
    seen_here = set()
    for model in apps.get_models():
        rows: Any = model._default_manager.all()
        if not hasattr(rows, "visible_to"):
            continue
        if issubclass(model, AuditEvent | AccessEvent):
            rows = rows.exclude(organization=None)  # of no unit: for the auditors of each top
        ours = set[Any]().union(*(keys(rows.visible_to(user)) for user in who(here)))
        theirs = set[Any]().union(*(keys(rows.visible_to(user)) for user in who(there)))
        seen_here |= {model.__name__} if ours else set()
        assert not ours & theirs, model

    assert seen_here >= {
        *("Admission", "AwarenessClass", "Candidate", "Erasure", "FileTransfer"),
        *("Handover", "Membership", "Organization", "Person", "Reorganization"),
        *("Target", "Transfer"),
    }


def test_nothing_of_another_tree_waits_for_anybody(here: World, there: World, on: date) -> None:
    waits = set()
    for name in settings.WAITING_TASKS:
        for kind in import_string(name):
            ours = set[Any]().union(*(keys(kind.rows(user, on=on)) for user in who(here)))
            theirs = set[Any]().union(*(keys(kind.rows(user, on=on)) for user in who(there)))
            waits |= {str(kind.title)} if ours else set()
            assert not ours & theirs or kind.rows(here.staff2, on=on).model in SHARED, kind.title
    assert len(waits) >= 10, waits


def test_members_of_another_tree_are_in_no_list(here: World, there: World, on: date) -> None:
    for part in people.PANELS:
        ours = keys(people.panel(here.staff2, part, on=on))
        assert not ours & keys(people.panel(there.staff2, part, on=on)), part
    transfers = Transfer.objects.filter(origin=here.cell)
    assert transfers.exists()
    assert any(row.person_url for row in people.transfer_rows(transfers, here.staff2, on=on))
    rows = people.transfer_rows(transfers, there.staff2, on=on)
    assert not any(row.person_url or row.rights for row in rows)
    hosts = keys(people.register(here.staff2, people.GUEST, on=on, day=on))
    assert not hosts & keys(people.register(there.staff2, people.GUEST, on=on, day=on))
    assert here.committee in deciding(here.staff2, on=on)
    assert here.committee not in deciding(there.staff2, on=on)

    page = client(there.staff2).get(reverse("member-list")).content.decode()
    assert here.cell.slug not in page
    assert there.cell.slug in page
    page = client(there.staff2).get(reverse("candidate-list")).content.decode()
    assert here.cell.slug not in page
    answer = client(there.staff2).get(reverse("appointment-proposals"))
    assert there.secretary.full_name in answer.content.decode()
    beneath = Organization.objects.under(Organization.objects.filter(pk=there.top.pk), on=on)
    held = Appointment.objects.filter(organization__in=beneath.values("pk"), period__contains=on)
    assert answer.context["total"] == held.filter(user__is_active=True).count()


def test_the_page_of_a_person_has_the_transfers_of_its_reader_alone(
    here: World, there: World, on: date
) -> None:
    transfer = Transfer.objects.visible_to(here.staff2, on=on).first()
    assert transfer is not None

    assert people.sheet(transfer.person, here.staff2, on=on).transfers
    assert not people.sheet(transfer.person, there.staff2, on=on).transfers


def test_who_keeps_one_cell_and_reads_others_has_the_work_of_the_one(
    here: World, there: World, on: date
) -> None:
    reads = here.secretary
    appointed(reads, here.top, role=Role.APPROVER)
    other = Candidate.objects.filter(cell=here.sibling, stage__in=LIVE_STAGES).first()
    assert other is not None
    assert other in Candidate.objects.visible_to(reads, on=on)

    work = _files(reads, {Role.SECRETARY}, on=on)
    assert here.cell.pk in {file.cell_id for file in work}
    assert other not in work
    later = on + timedelta(days=800)
    week = digest(reads, on=later)
    assert week is not None
    own, others = Organization.objects.filter(pk__in=[here.cell.pk, here.sibling.pk]).called(on=on)
    whose = {row.whose for row in week.missed}
    assert own.short_name in whose
    assert others.short_name not in whose


def test_a_vacant_post_elsewhere_is_told_to_no_staff(here: World, there: World, on: date) -> None:
    left = Handover.objects.create(organization=here.cell, outgoing=account("da-thoi"), on=on)

    assert left in of_handovers.open_handovers(here.staff, on=on).vacant
    assert left not in of_handovers.open_handovers(there.staff, on=on).vacant


def test_an_opening_in_an_emergency_is_told_to_ones_own_auditors(
    here: World, there: World, on: date
) -> None:
    number = Candidate.objects.filter(cell=here.cell, stage__in=LIVE_STAGES)[0].number
    made = open_in_emergency(by=here.leader, on=on, reason="Hỏi gấp", number=number)

    assert made in EmergencyOpening.objects.checked_by(here.auditor, on=on)
    assert made not in EmergencyOpening.objects.checked_by(there.auditor, on=on)


def test_the_audit_names_nobody_of_another_tree(here: World, there: World, on: date) -> None:
    person = here.members[0]
    event = AuditEvent(object="organizations.person", reference=str(person.public_id))

    (ours,) = audit.lines([event], here.staff2, on=on)
    (theirs,) = audit.lines([event], there.staff2, on=on)

    assert (ours.about, bool(ours.url)) == (str(person), True)
    assert str(person) not in theirs.about
    assert theirs.url == ""


def test_what_a_unit_came_from_leads_nobody_of_another_tree_anywhere(
    here: World, there: World, on: date
) -> None:
    unit = Lineage.objects.filter(successor=here.sibling).first().successor  # type: ignore[union-attr]

    ours = lineage_of(unit, user=here.staff2, on=on)
    theirs = lineage_of(unit, user=there.staff2, on=on)

    assert any(row.decision_url for row in ours)
    assert any(row.url_from or row.url_to for row in ours)
    assert not any(row.decision_url or row.url_from or row.url_to for row in theirs)
    told = str(history(unit, user=there.staff2, on=on))
    assert "/sap-xep/" not in told
    assert str(history(unit, user=here.staff2, on=on)) != told


def test_files_of_another_tree_are_in_no_list(here: World, there: World, on: date) -> None:
    ours = keys(Candidate.objects.visible_to(here.staff2, on=on))
    later = on + timedelta(days=800)  # when terms are missed
    for user in who(there):
        broken = lists_to_clear(user, on=later)
        assert not ours & {file.pk for rule in broken for file in rule.files}
    assert any(rule.files for rule in lists_to_clear(here.staff2, on=later))

    file = Candidate.objects.filter(cell=here.cell).first()
    assert file is not None
    assert file_url(file.person, here.staff2, on=on)
    assert file_url(file.person, there.staff2, on=on) == ""

    assert not ours & keys(outcomes._resolved(there.staff2, on=on))
    assert ours & keys(outcomes._resolved(here.staff2, on=on))
    classes = keys(proposals_to_answer(here.staff, on=on))
    assert classes
    assert not classes & keys(proposals_to_answer(there.staff, on=on))
    for part in (moving.TO_SEND, moving.TO_TAKE, moving.WAITING, moving.DONE):
        found = keys(moving.panel(there.staff2, part, on=on))
        assert not found & keys(FileTransfer.objects.visible_to(here.staff2, on=on)), part

    mine, theirs = planner(here.staff2, on=on), planner(there.staff2, on=on)
    assert mine is not None
    assert theirs is not None
    assert mine.headings != theirs.headings
    seen = Candidate.objects.visible_to(there.staff2, on=on).filter(stage__in=PLANNED)
    assert 0 < sum(one.count for one in theirs.headings) <= seen.count()


def test_a_pack_of_a_committee_has_no_file_that_its_reader_does_not_see(
    here: World, there: World, on: date
) -> None:
    def files(user: User) -> int:
        pack = committee_pack(here.committee, user=user, on=on, held_on=on)
        return len(pack.votes) if pack else 0

    assert files(here.staff)
    assert not files(there.staff)


def test_meetings_of_another_tree_are_not_seen(here: World, there: World, on: date) -> None:
    seen = meeting_seen_by(here.staff2, on=on)
    assert seen.exists()
    assert not keys(seen) & keys(meeting_seen_by(there.staff2, on=on))
    meeting = next(one for one in Meeting.objects.all() if ballots_in(one, here.staff2, on=on))
    assert ballots_in(meeting, there.staff2, on=on) == []


def test_a_term_left_behind_shows_no_file_that_lies_elsewhere_now(
    here: World, there: World, on: date
) -> None:
    file = Candidate.objects.filter(cell=here.cell, stage=Stage.CELL_RESOLVED).first()
    assert file is not None
    Deadline.objects.create(
        candidate=file, organization=there.committee, clock="grassroots", owner="grassroots",
        subject="x", rules=file.rules, clause="3.7", began_on=on, warn_on=on,
        due_on=on + timedelta(days=3),
    )  # fmt: skip

    assert file not in _files(there.staff, {Role.STAFF}, on=on)
    week = digest(there.staff, on=on)
    assert week is not None
    assert str(file.person) not in str(week)
    assert week.due_in_all == len(week.due)
    assert file in _files(here.staff, {Role.STAFF}, on=on)


def test_a_week_tells_of_ones_own_files(here: World, there: World, on: date) -> None:
    names = {str(one.person) for one in Candidate.objects.visible_to(here.staff2, on=on)}
    for user in who(there):
        week = digest(user, on=on)
        assert week is None or not any(name in str(week) for name in names)


def test_a_hand_over_leads_to_what_its_reader_may_open(here: World, there: World, on: date) -> None:
    handover = Handover.objects.filter(organization=here.cell).first()
    assert handover is not None

    ours = of_handovers.handover_page(handover, user=here.staff2, on=on)
    theirs = of_handovers.handover_page(handover, user=there.staff2, on=on)

    assert "/ho-so/" in str(ours)
    assert "/ho-so/" not in str(theirs)
    Transfer.objects.create(
        person=here.members[7], kind="official", origin=here.cell, destination=here.sibling,
        entered_by=here.secretary, requested_on=on, reason="Chuyển công tác",
    )  # fmt: skip
    assert any(one.url for one in of_handovers._transfers(handover, user=here.staff2, on=on))
    assert not any(one.url for one in of_handovers._transfers(handover, user=there.staff2, on=on))


def test_a_month_names_only_whom_its_reader_sees(here: World, there: World, on: date) -> None:
    for unit in (here.cell, here.top):
        for month in range(1, 13):
            assert not to_confirm(
                unit, user=there.staff2, year=on.year, month=month, on=on
            ).named, unit


def test_who_approves_elsewhere_is_asked_for_no_cancellation(
    here: World, there: World, on: date
) -> None:
    assert DecisionReview.objects.exists()
    assert outcomes._requests(here.approver, on=on)
    for user in who(there):
        theirs = {one.file.cell_id for one in outcomes._requests(user, on=on)}
        assert here.cell.pk not in theirs
