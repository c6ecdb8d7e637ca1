"""One page holds what passes from one secretary to the next, and a task leads there."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from admissions.models import Candidate, FileMove, Mentorship
from admissions.selectors import tasks
from admissions.selectors.handover import handover_page, open_handovers
from admissions.stages import Stage
from config.periods import between
from organizations.models import (
    AccessEvent,
    Handover,
    Lineage,
    Reorganization,
    Role,
    Transfer,
    User,
)
from organizations.operations.accounts import appoint, end_appointment
from organizations.operations.handovers import acknowledge, open_for_ended
from tests.makers import (
    BEGINNING,
    DAY,
    World,
    account,
    candidate,
    logged,
    moves,
    once,
    prepared,
    sent_up,
    stand_on,
)

TOMORROW = DAY + timedelta(days=1)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def url(handover: Handover, what: str = "detail") -> str:
    return reverse(f"handover-{what}", args=[handover.public_id])


def page(user: User, address: str) -> str:
    answer = signed_in(user).get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return str(answer.content.decode())


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture
def new(kc: World) -> User:
    return account("moi", full_name="Đỗ Thị Mới")


@pytest.fixture
def handover(kc: World, new: User) -> Handover:
    """The first cell's secretary left today, and the next is in post since."""
    end_appointment(kc.secretary.appointments.get(), by=kc.administrator, on=DAY)
    appoint(
        new, to=kc.cell, role=Role.SECRETARY, by=kc.administrator, confirmed_by=kc.staff2, on=DAY
    )
    return Handover.objects.get()


# ---------------------------------------------------------------- nothing is left behind


@pytest.mark.thorough
def test_no_open_task_stays_with_a_person_without_the_post(kc: World, new: User) -> None:
    prepared(kc, logged(kc))
    candidate(kc, at=Stage.DECIDED)
    logged(kc)
    before = tasks(kc.secretary, on=DAY)
    assert before is not None

    end_appointment(kc.secretary.appointments.get(), by=kc.administrator, on=DAY)
    appoint(
        new, to=kc.cell, role=Role.SECRETARY, by=kc.administrator, confirmed_by=kc.staff2, on=DAY
    )
    after = tasks(new, on=DAY)

    assert tasks(kc.secretary, on=DAY) is None
    assert after is not None
    assert (before.to_do, before.files) == (3, 3)
    assert (after.to_do, after.files, after.groups) == (3, 3, before.groups)


# ---------------------------------------------------------------- what the page holds


@pytest.mark.thorough
def test_the_page_holds_files_terms_papers_helpers_and_transfers(kc: World, new: User) -> None:
    ready = prepared(kc, logged(kc, full_name="Vũ Văn Thịnh"))
    waiting = sent_up(kc, candidate(kc, at=Stage.CELL_RESOLVED, full_name="Lê Thị Chờ"))
    other = logged(kc, full_name="Người Khác", cell=kc.sibling, by=kc.secretary2)
    helper = kc.members[1]
    User.objects.filter(pk=kc.secretary.pk).update(person=helper)
    Mentorship.objects.create(
        candidate=ready, mentor=helper, period=between(DAY, None), entered_by=kc.secretary2
    )
    Transfer.objects.create(
        person=kc.members[2], kind="official", origin=kc.cell, destination=kc.sibling,
        entered_by=kc.secretary, requested_on=DAY, reason="Chuyển công tác",
    )  # fmt: skip
    end_appointment(kc.secretary.appointments.get(), by=kc.administrator, on=DAY)
    appoint(
        new, to=kc.cell, role=Role.SECRETARY, by=kc.administrator, confirmed_by=kc.staff2, on=DAY
    )
    handover = Handover.objects.get()
    Handover.objects.update(note="Đã hẹn nhà trường.")

    html = page(new, url(handover))
    shown = signed_in(new).get(url(handover)).context["page"]

    assert {(row.person, row.waits_for) for row in shown.files} == {
        ("Vũ Văn Thịnh", ""),
        ("Lê Thị Chờ", "Đảng bộ kc-dang-uy"),
    }
    assert [item.words for item in shown.helped] == ["Vũ Văn Thịnh"]
    assert shown.helped[0].url == reverse("candidate-step", args=[ready.public_id, "giup-do"])
    assert [item.words for item in shown.transfers] == [kc.members[2].full_name]
    listed = page(new, shown.transfers[0].url)
    assert kc.members[2].full_name in listed
    assert reverse("candidate-detail", args=[waiting.public_id]) in html
    assert "Đã hẹn nhà trường." in html
    assert other.person.full_name not in html
    assert "1 waiting elsewhere" in words(html)


@pytest.mark.thorough
def test_a_paper_that_expires_soon_is_named_with_its_day(kc: World, new: User) -> None:
    file = prepared(kc, logged(kc))
    stale = file.papers.exclude(stale_on=None).order_by("stale_on").first()
    assert stale is not None
    assert stale.stale_on is not None
    from_day = stale.stale_on - timedelta(days=20)
    handover = Handover.objects.create(
        organization=kc.cell, outgoing=kc.secretary, incoming=new, on=DAY
    )
    named = handover_page(handover, user=kc.staff, on=from_day).papers
    before = handover_page(handover, user=kc.staff, on=DAY).papers

    assert (f"{stale.kind.code}: {file.person.full_name}", stale.stale_on) in [
        (item.words, item.day) for item in named
    ]
    assert before == []


@pytest.mark.thorough
def test_of_a_merged_cell_pass_the_files_that_came_from_it_and_no_others(kc: World) -> None:
    moved = logged(kc, full_name="Chị Chuyển")
    theirs = logged(kc, full_name="Anh Ở Lại", cell=kc.sibling, by=kc.secretary2)
    merger = Reorganization.objects.create(
        organization=kc.committee, number="10-QĐ/ĐU", signed_on=DAY, signer="Nguyễn Văn A",
        effective_on=DAY, entered_by=kc.staff,
    )  # fmt: skip
    Lineage.objects.create(
        predecessor=kc.cell, successor=kc.sibling, kind="merge", reorganization=merger, on=DAY
    )
    FileMove.objects.create(
        candidate=moved, origin=kc.cell, destination=kc.sibling, on=DAY,
        reason="reorganised", reorganization=merger, entered_by=kc.staff,
    )  # fmt: skip
    Candidate.objects.filter(pk=moved.pk).update(cell=kc.sibling)
    held = kc.secretary.appointments
    held.update(period=between(BEGINNING, DAY))
    (handover,) = open_for_ended(held.all(), on=DAY)

    for user in (kc.secretary, kc.secretary2):
        shown = signed_in(user).get(url(handover)).context["page"]
        assert [row.person for row in shown.files] == [moved.person.full_name]
    assert theirs.person.full_name not in page(kc.secretary, url(handover))
    assert url(handover) in page(kc.secretary2, reverse("task-list"))


@pytest.mark.thorough
def test_who_left_reads_it_without_links_to_files_until_it_is_acknowledged(
    kc: World, new: User
) -> None:
    file = logged(kc)
    end_appointment(kc.secretary.appointments.get(), by=kc.administrator, on=DAY)
    appoint(
        new, to=kc.cell, role=Role.SECRETARY, by=kc.administrator, confirmed_by=kc.staff2, on=DAY
    )
    handover = Handover.objects.get()

    html = page(kc.secretary, url(handover))
    acknowledge(handover, by=new, on=DAY)

    assert file.person.full_name in html
    assert reverse("candidate-detail", args=[file.public_id]) not in html
    assert signed_in(kc.secretary).get(url(handover)).status_code == 404
    assert signed_in(kc.secretary).get(reverse("handover-list")).status_code == 404
    assert signed_in(new).get(url(handover)).status_code == 200


@pytest.mark.parametrize(("days", "status"), [(30, 200), (31, 404)])
def test_who_left_reads_it_for_thirty_days_where_nobody_acknowledges(
    kc: World, handover: Handover, days: int, status: int
) -> None:
    stand_on(DAY + timedelta(days=days))
    client = signed_in(kc.secretary)

    assert client.get(url(handover)).status_code == status
    assert client.get(reverse("handover-list")).status_code == status
    assert client.get(url(handover, "note")).status_code == status
    home = client.get("/", follow=True).content.decode()
    assert (reverse("handover-list") in home) is (status == 200)
    known = open_handovers(kc.secretary, on=DAY + timedelta(days=days)).outgoing
    assert known == ([handover] if status == 200 else [])
    assert signed_in(handover.incoming).get(url(handover)).status_code == 200


def test_who_left_reads_of_what_was_there_on_the_day_alone(kc: World, new: User) -> None:
    there = logged(kc, full_name="Người Đã Có")
    end_appointment(kc.secretary.appointments.get(), by=kc.administrator, on=DAY)
    appoint(
        new, to=kc.cell, role=Role.SECRETARY, by=kc.administrator, confirmed_by=kc.staff2, on=DAY
    )
    handover = Handover.objects.get()
    on_the_day = logged(kc, full_name="Người Trong Ngày", by=new)
    stand_on(TOMORROW)
    after = logged(kc, full_name="Người Đến Sau", by=new, on=TOMORROW)
    from_elsewhere = logged(kc, full_name="Người Nơi Khác", cell=kc.sibling, by=kc.secretary2)
    moves(from_elsewhere, kc.cell, by=new, on=TOMORROW)
    Candidate.objects.filter(pk=from_elsewhere.pk).update(cell=kc.cell)

    def read_by(user: User) -> set[str]:
        shown = signed_in(user).get(url(handover)).context["page"]
        return {row.person for row in shown.files}

    then = {there.person.full_name, on_the_day.person.full_name}
    assert read_by(kc.secretary) == then
    assert read_by(new) == then | {after.person.full_name, from_elsewhere.person.full_name}


def test_reading_it_is_told(kc: World, handover: Handover) -> None:
    page(kc.secretary, url(handover))

    [told] = AccessEvent.objects.all()
    assert (told.actor, told.action, told.reference, told.organization_id) == (
        kc.secretary, "handover-detail", str(handover.public_id), kc.cell.pk,
    )  # fmt: skip


def test_who_left_without_any_other_role_finds_the_way_there(kc: World, handover: Handover) -> None:
    client = signed_in(kc.secretary)

    home = client.get("/", follow=True)

    assert reverse("handover-list") in home.content.decode()
    assert url(handover) in client.get(reverse("handover-list")).content.decode()


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("staff", 200), ("staff2", 200), ("approver", 200), ("auditor", 200),
        ("secretary2", 404), ("leader", 404), ("administrator", 404),
    ],
)  # fmt: skip
def test_who_has_the_page(kc: World, handover: Handover, who: str, status: int) -> None:
    user = getattr(kc, who)

    assert signed_in(user).get(url(handover)).status_code == status
    writes = 200 if who in {"staff", "staff2"} else 404
    assert signed_in(user).get(url(handover, "note")).status_code == writes
    assert signed_in(user).get(url(handover, "acknowledge")).status_code == 404
    answer = signed_in(user).post(url(handover, "acknowledge"), {"once": once()})
    assert answer.status_code == 404
    assert Handover.objects.open().exists()


def test_nobody_has_it_without_signing_in(handover: Handover, client: Client) -> None:
    for what in ("detail", "note", "acknowledge"):
        assert client.get(url(handover, what)).status_code == 302


# ---------------------------------------------------------------- taking over


@pytest.mark.thorough
def test_the_next_secretary_finds_it_first_among_the_tasks_and_takes_over_once(
    kc: World, handover: Handover, new: User
) -> None:
    client = signed_in(new)
    assert url(handover) in page(new, reverse("task-list"))
    key = once()

    first = client.post(url(handover, "acknowledge"), {"once": key})
    again = client.post(url(handover, "acknowledge"), {"once": key})
    another = client.post(url(handover, "acknowledge"), {"once": once()})

    assert [one.status_code for one in (first, again, another)] == [303, 303, 422]
    assert "acknowledged already" in another.content.decode()
    assert Handover.objects.get().acknowledged_at is not None
    assert url(handover) not in page(new, reverse("task-list"))
    assert "I have taken over" not in page(new, url(handover))


@pytest.mark.thorough
def test_staff_see_the_cells_without_a_new_secretary(kc: World) -> None:
    end_appointment(kc.secretary.appointments.get(), by=kc.administrator, on=DAY)
    handover = Handover.objects.get()

    for user, there in ((kc.staff, True), (kc.approver, False), (kc.secretary2, False)):
        assert (url(handover) in page(user, reverse("task-list"))) is there
    assert "no new secretary yet" in words(page(kc.staff, reverse("task-list")))


def test_the_note_is_written_and_who_saw_an_older_one_is_told(
    kc: World, handover: Handover
) -> None:
    address = url(handover, "note")
    seen = signed_in(kc.staff).get(address).context["form"]["version"].value()

    first = signed_in(kc.secretary).post(
        address, {"once": once(), "version": seen, "note": "Hẹn 15/6\n\nHồ sơ trong tủ 2"}
    )
    second = signed_in(kc.staff).post(address, {"once": once(), "version": seen, "note": "Khác"})

    assert (first.status_code, second.status_code) == (303, 409)
    assert Handover.objects.get().note == "Hẹn 15/6\n\nHồ sơ trong tủ 2"


@pytest.mark.thorough
def test_nonsense_in_the_note_is_refused_at_its_field(kc: World, handover: Handover) -> None:
    address = url(handover, "note")
    for note in ("<b>", "a" * 4001, "a\0b", "a\u202eb"):
        version = signed_in(kc.staff).get(address).context["form"]["version"].value()
        answer = signed_in(kc.staff).post(
            address, {"once": once(), "version": version, "note": note}
        )
        assert answer.status_code == 422, note
        assert list(answer.context["form"].errors) == ["note"]


# ---------------------------------------------------------------- how many queries


def asked(user: User, address: str) -> int:
    client = signed_in(user)
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


@pytest.mark.thorough
def test_the_queries_do_not_grow_with_files_or_hand_overs(
    kc: World, handover: Handover, new: User
) -> None:
    addresses = [url(handover), reverse("handover-list"), reverse("task-list")]
    logged(kc, by=new)
    few = [asked(new, address) for address in addresses]
    vacant = asked(kc.staff, reverse("task-list"))

    for number in range(6):
        logged(kc, by=new)
        Handover.objects.create(organization=kc.sibling, outgoing=account(f"cu-{number}"), on=DAY)

    assert [asked(new, address) for address in addresses] == few
    assert asked(kc.staff, reverse("task-list")) <= vacant + 2
