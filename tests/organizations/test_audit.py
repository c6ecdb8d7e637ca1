"""What the audit is told of: actions once, refusals, openings; and who reads it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pghistory
import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver, reverse
from django.utils.functional import Promise

from admissions.models import Candidate
from admissions.stages import Stage
from config.ui.pages import ActionView
from organizations.models import AccessEvent, AuditEvent, Person, Role, User
from organizations.models.audit import kind_of
from organizations.operations import audit
from organizations.operations.relatives import declare_relative
from organizations.sheets.audit import lines, what_of
from tests.makers import DAY, World, candidate, logged, officer, once, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(here: World) -> Candidate:
    made = logged(here)
    settle()
    return made


def settle() -> None:
    """Let the deferred triggers run, as a commit would."""
    connection.check_constraints()


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def events(**asked: Any) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(**asked).order_by("pk"))


def newest(number: int = 1) -> list[AuditEvent]:
    return list(AuditEvent.objects.order_by("-pk")[:number])


def detail(file: Candidate) -> str:
    return reverse("candidate-detail", args=[file.public_id])


# ---------------------------------------------------------------- what is told


def close(file: Candidate, user: User, **values: Any) -> Any:
    settle()
    asked = {
        "once": once(),
        "closed_on": "27/05/2021",
        "reason": "Chuyển công tác",
        "confirm": "on",
        **values,
    }
    return browser(user).post(reverse("candidate-close", args=[file.public_id]), asked)


def test_an_accepted_action_is_told_once_in_its_own_transaction(
    here: World, file: Candidate
) -> None:
    before = AuditEvent.objects.count()

    answer = close(file, here.secretary)
    settle()

    assert answer.status_code == 303, answer.content.decode()[:2000]
    assert AuditEvent.objects.count() == before + 1, "and none by the net beneath"
    (event,) = newest()
    assert (event.actor, event.kind, event.action) == (here.secretary, "write", "candidate-close")
    assert (event.object, event.reference) == ("admissions.candidate", str(file.public_id))
    assert (event.organization_id, event.address) == (file.cell_id, "127.0.0.1")
    assert event.roles == f"secretary:{here.cell.pk}"
    assert event.context is not None
    assert str(file.person) not in str(vars(event))
    assert audit.verify().faults == []


def test_the_same_form_sent_twice_is_told_once(here: World, file: Candidate) -> None:
    key = once()
    before = AuditEvent.objects.count()

    assert close(file, here.secretary, once=key).status_code == 303
    assert close(file, here.secretary, once=key).status_code == 303
    settle()

    assert AuditEvent.objects.count() == before + 1


def test_what_is_refused_or_rolled_back_leaves_no_event(here: World, file: Candidate) -> None:
    before = AuditEvent.objects.count()

    assert close(file, here.secretary, reason="").status_code == 422
    with transaction.atomic():
        assert close(file, here.secretary).status_code == 303
        transaction.set_rollback(True)
    settle()

    assert AuditEvent.objects.count() == before


def test_a_page_whose_writing_fails_leaves_no_event(
    here: World, file: Candidate, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = AuditEvent.objects.count()

    def fails(*_args: Any, **_values: Any) -> None:
        Person.objects.filter(pk=file.person_id).update(occupation="khác")
        raise RuntimeError

    monkeypatch.setattr("admissions.views.files.close_candidate", fails)
    with pytest.raises(RuntimeError):
        close(file, here.secretary)
    settle()

    assert AuditEvent.objects.count() == before


def test_what_no_page_wrote_is_told_at_its_commit(here: World, file: Candidate) -> None:
    before = AuditEvent.objects.count()

    with connection.cursor() as cursor:
        for _twice in range(2):
            cursor.execute(
                "UPDATE organizations_person SET occupation = occupation || 'x' WHERE id = %s",
                [file.person_id],
            )
    settle()

    (event,) = newest()
    assert AuditEvent.objects.count() == before + 1, "one for the whole transaction"
    assert (event.actor, event.kind, event.action) == (None, "write", "outside")


def test_a_job_is_told_of_by_its_name(here: World, file: Candidate) -> None:
    with pghistory.context(job="apply-reorganizations"):
        Person.objects.filter(pk=file.person_id).update(occupation="khác")
        settle()

    (event,) = newest()
    assert (event.actor, event.kind, event.action) == (None, "write", "apply-reorganizations")


def test_a_refused_page_is_told_with_its_route_and_without_names(
    here: World, file: Candidate
) -> None:
    stranger = here.secretary2
    before = AuditEvent.objects.count()

    assert browser(stranger).get(detail(file)).status_code == 404
    settle()

    (event,) = newest()
    assert AuditEvent.objects.count() == before + 1
    assert (event.actor, event.kind, event.action) == (stranger, "denied", "access.denied")
    assert event.payload == {
        "route": "candidate-detail",
        "status": 404,
        "method": "GET",
        "asked": {"public_id": str(file.public_id)},
    }
    assert event.organization_id == here.sibling.pk, "where whoever asked acts"
    assert not AccessEvent.objects.about(file).exists()


def test_the_list_says_which_page_was_refused_and_what_was_answered(
    here: World, file: Candidate
) -> None:
    browser(here.secretary2).get(detail(file))
    browser(here.secretary2).get(reverse("recompute-list"))
    settle()
    refused = [what_of(one) for one in newest(2)]

    told_of = AuditEvent(action="late-entry-answer", words="A ceremony entered late")
    answers = []
    for answer in ("agree", "decline"):
        told_of.payload = {"answer": answer}
        answers.append(what_of(told_of))

    assert refused == ["Bị từ chối mở trang “Tính lại số liệu”", "Bị từ chối mở trang “một hồ sơ”"]
    assert [one.partition(": ")[2] for one in answers] == [
        "đã đồng ý", "không đồng ý hoặc đã rút lại",
    ]  # fmt: skip


def test_a_declared_relative_and_a_role_are_named_to_who_may_know(here: World) -> None:
    relative = declare_relative(here.members[0], by=here.staff, on=DAY, kind="sibling")
    role = here.secretary.appointments.get()
    events = [AuditEvent(object=kind_of(one), reference=str(one.pk)) for one in (relative, role)]

    of_staff = [one.about for one in lines(events, here.staff, on=DAY)]
    of_others = [one.about for one in lines(events, here.administrator, on=DAY)]

    assert of_staff == [str(here.members[0]), f"{here.secretary}: Bí thư chi bộ"]
    assert of_others == ["một người", f"{here.secretary}: Bí thư chi bộ"]


def test_nothing_is_told_of_somebody_who_has_not_signed_in(here: World, file: Candidate) -> None:
    before = AuditEvent.objects.count()

    Client().get(detail(file))
    Client().get("/khong-co/")
    browser(here.secretary).get("/khong-co/")

    assert AuditEvent.objects.count() == before


def test_opening_a_file_and_a_member_is_told_and_a_search_without_what_was_typed(
    here: World, file: Candidate
) -> None:
    member = here.members[0]
    client = browser(here.secretary)

    for address in (
        detail(file),
        reverse("file-extract", args=[file.public_id]),
        reverse("member-detail", args=[member.public_id]),
        reverse("candidate-list"),
        reverse("candidate-list") + "?q=Th%E1%BB%8Bnh",
    ):
        assert client.get(address).status_code == 200

    told = AccessEvent.objects.order_by("pk")
    assert [(one.action, one.reference, one.organization_id) for one in told] == [
        ("candidate-detail", str(file.public_id), here.cell.pk),
        ("file-extract", str(file.public_id), here.cell.pk),
        ("member-detail", str(member.public_id), here.cell.pk),
        ("candidate-list", "1", here.cell.pk),
        ("candidate-list", "", here.cell.pk),
    ]
    assert "Thịnh" not in str([vars(one) for one in told])


def test_a_page_whose_view_tells_nothing_is_told_with_its_record_and_in_a_sentence(
    here: World, file: Candidate
) -> None:
    client, name = browser(here.staff), str(file.public_id)

    for address in (
        reverse("candidate-history", args=[name]),
        reverse("candidate-erase", args=[name]),
        reverse("organization-files", args=[here.cell.slug]),
        reverse("member-list") + "?so_dong=25",
        reverse("dashboard", args=[2021]),
    ):
        assert client.get(address).status_code == 200, address
    assert client.post(reverse("candidate-erase", args=[name]), {}).status_code == 422

    told = AccessEvent.objects.order_by("pk")
    unit = (here.cell.pk, "organizations.organization", here.cell.slug)
    assert [(one.action, one.organization_id, one.object, one.reference) for one in told] == [
        ("candidate-history", here.cell.pk, "admissions.candidate", name),
        ("candidate-erase", here.cell.pk, "admissions.candidate", name),
        ("organization-files", *unit),
        ("member-list", here.committee.pk, "rows", "25"),
        ("candidate-erase", here.cell.pk, "admissions.candidate", name),
    ]
    auditor = browser(officer("kiem-tra", here.top, Role.AUDITOR))
    said = [row.what + row.about for row in auditor.get(reverse("audit-readings")).context["rows"]]
    assert said[1:3] == ["Mở trang có tên người “Đảng viên”25 dòng", f"Mở xem{here.cell}"]


def test_one_page_is_told_by_one_statement_more(here: World, file: Candidate) -> None:
    client = browser(here.staff)
    address = reverse("candidate-erase", args=[file.public_id])
    client.get(address)

    with CaptureQueriesContext(connection) as asked:
        client.get(address)

    writing = [one["sql"] for one in asked if "organizations_accessevent" in one["sql"]]
    assert [sql.split()[0] for sql in writing] == ["INSERT"]


def test_what_cannot_be_told_is_not_shown(here: World, file: Candidate, owner_role: Any) -> None:
    client = browser(here.staff)
    client.raise_request_exception = False
    address = reverse("candidate-erase", args=[file.public_id])
    shown = client.get(address)
    settle()
    with owner_role() as cursor:
        cursor.execute(
            "ALTER TABLE organizations_accessevent"
            " ADD CONSTRAINT none_any_more CHECK (false) NOT VALID"
        )

    refused = client.get(address)

    assert [str(file.person) in one.content.decode() for one in (shown, refused)] == [True, False]
    assert (shown.status_code, refused.status_code) == (200, 500)


def test_every_action_has_words_that_name_nobody() -> None:
    silent = [
        pattern.name
        for pattern in patterns()
        if (view := getattr(pattern.callback, "view_class", None))
        and issubclass(view, ActionView)
        and not any(
            isinstance(one, str | Promise | property) and one
            for one in (view.told_as, view.title, view.submit_label)
        )
    ]

    assert silent == []


def patterns(found: Any = None) -> Any:
    for one in (found or get_resolver()).url_patterns:
        if isinstance(one, URLPattern):
            yield one
        else:
            yield from patterns(one)


# ---------------------------------------------------------------- who reads it


def told(kind: str = "write", **more: Any) -> AuditEvent:
    event: AuditEvent = AuditEvent.objects.create(kind=kind, action=kind, **more)
    return event


def test_who_sees_which_events(here: World) -> None:
    there = world(slug="hg")
    ours = told(organization=here.cell)
    accounts = told("security", organization=here.committee)
    theirs = told(organization=there.cell)
    nobodys = told("seal")
    top_auditor = officer("kiem-tra", here.top, Role.AUDITOR)
    auditor = officer("kiem-tra-co-so", here.committee, Role.AUDITOR)
    administrator = officer("quan-tri", here.top, Role.ADMINISTRATOR)
    leader = officer("lanh-dao", here.top, Role.LEADER)

    def seen(user: User) -> set[AuditEvent]:
        wanted = [one.pk for one in (ours, accounts, theirs, nobodys)]
        return set(AuditEvent.objects.filter(pk__in=wanted).visible_to(user))

    assert seen(top_auditor) == {ours, accounts, nobodys}
    assert seen(auditor) == {ours, accounts}
    assert seen(here.staff) == {ours, accounts}
    assert seen(administrator) == {accounts}
    assert seen(leader) == set()
    assert seen(here.secretary) == set()
    assert seen(there.staff) == {theirs}


def test_a_post_of_former_days_shows_nothing(here: World) -> None:
    told(organization=here.cell)
    former = officer("kiem-tra-cu", here.top, Role.AUDITOR)
    former.appointments.update(period=(date(2018, 1, 1), date(2020, 1, 1)))

    assert not AuditEvent.objects.visible_to(former).exists()


def test_the_list_is_for_those_who_check(here: World, file: Candidate) -> None:
    auditor = officer("kiem-tra", here.top, Role.AUDITOR)
    browser(here.secretary).get(detail(file))
    close(file, here.secretary)
    client = browser(auditor)

    done = client.get(reverse("audit-list")).content.decode()
    read = client.get(reverse("audit-readings")).content.decode()

    assert "Dừng hồ sơ" in done
    assert f'<a href="{detail(file)}">{file}</a>' in done
    assert "Bí thư chi bộ" in done
    assert "Mở xem" in read
    for user in (here.secretary, officer("lanh-dao", here.top, Role.LEADER)):
        for name in ("audit-list", "audit-readings"):
            assert browser(user).get(reverse(name)).status_code == 404


def test_an_administrator_reads_of_accounts_and_no_name_of_a_file(
    here: World, file: Candidate
) -> None:
    administrator = officer("quan-tri", here.top, Role.ADMINISTRATOR)
    told("security", organization=here.top, object="admissions.candidate",
         reference=str(file.public_id))  # fmt: skip

    shown = browser(administrator).get(reverse("audit-list"))

    assert shown.status_code == 200
    assert "một hồ sơ" in shown.content.decode()
    assert str(file.person) not in shown.content.decode()
    assert browser(administrator).get(reverse("audit-readings")).status_code == 404


@pytest.mark.parametrize(("minutes", "is_told"), [(4, False), (5, True)])
def test_those_who_watch_are_told_that_no_reading_is_sealed_any_more(
    minutes: int, is_told: bool, here: World, file: Candidate, owner_role: Any
) -> None:
    browser(here.secretary).get(detail(file))
    with owner_role() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE organizations_accessevent"
            " SET entered_at = app_now() - %s * interval '1 minute'",
            [minutes],
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    auditor = browser(officer("kiem-tra", here.top, Role.AUDITOR))
    administrator = browser(officer("quan-tri", here.top, Role.ADMINISTRATOR))

    pages = [
        auditor.get(reverse("audit-list")),
        auditor.get(reverse("audit-readings")),
        administrator.get(reverse("audit-list")),
        administrator.get(reverse("administration")),
    ]

    said = "tác vụ niêm phong lượt xem đã ngừng chạy"
    assert [said in page.content.decode() for page in pages] == [is_told] * 4
    audit.seal_readings()
    assert said not in auditor.get(reverse("audit-list")).content.decode()


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ("", 2),
        ("?loai=denied", 1),
        ("?q=kiem-tra", 0),
        ("?tu=29/05/2021", 0),
        ("?den=27/05/2021", 0),
        ("?tu=nonsense&loai=nonsense&trang=x", 2),
        ("?don_vi=khong-co-don-vi", 0),
    ],
)
def test_the_list_is_narrowed(asked: str, number: int, here: World) -> None:
    auditor = officer("kiem-tra", here.committee, Role.AUDITOR)
    known = set(AuditEvent.objects.values_list("pk", flat=True))
    told(organization=here.cell, actor=here.secretary)
    told("denied", organization=here.cell, actor=here.secretary)

    answer = browser(auditor).get(reverse("audit-list") + asked)

    assert answer.status_code == 200
    rows = [row for row in answer.context["rows"] if row.event.pk not in known]
    assert len(rows) == number


def test_the_list_takes_as_many_queries_for_one_event_as_for_many(
    here: World, file: Candidate, django_assert_max_num_queries: Any
) -> None:
    auditor = officer("kiem-tra", here.top, Role.AUDITOR)
    for _one in range(30):
        told(organization=here.cell, actor=here.secretary, object="admissions.candidate",
             reference=str(file.public_id))  # fmt: skip

    client = browser(auditor)
    with django_assert_max_num_queries(19):
        client.get(reverse("audit-list"))


def test_the_history_of_a_file_says_who_opened_it_and_who_did_what(
    here: World, file: Candidate
) -> None:
    browser(here.staff).get(detail(file))
    close(file, here.secretary)
    browser(here.secretary2).get(detail(file))  # refused
    address = reverse("candidate-history", args=[file.public_id])

    shown = browser(here.secretary).get(address).content.decode()

    assert shown.index("Dừng hồ sơ") < shown.index("Ai đã xem hồ sơ này") < shown.index("Mở xem")
    assert str(here.staff) in shown
    assert str(here.secretary2) not in shown, "who was refused is for those who check"
    assert browser(here.secretary2).get(address).status_code == 404


def test_the_history_of_a_file_tells_of_the_meeting_that_voted_on_it(here: World) -> None:
    voted, other = [candidate(here, at=Stage.CELL_RESOLVED) for _one in range(2)]
    answer = browser(here.staff).post(
        reverse("meeting-committee", args=[here.committee.slug]),
        {"once": once(), "held_on": "19/03/2021", "entitled": "15", "present": "14",
         f"in_favour-admission-{voted.pk}": "10"},
    )  # fmt: skip
    assert answer.status_code == 303

    def told_of(file: Candidate) -> list[str]:
        address = reverse("candidate-history", args=[file.public_id])
        shown = browser(here.secretary).get(address).context["history"]
        return [row.event.action for row in shown.actions]

    assert told_of(voted) == ["meeting-committee"]
    assert told_of(other) == []


def test_the_history_of_a_member_is_for_those_who_see_them(here: World) -> None:
    member = here.members[0]
    browser(here.secretary).get(reverse("member-detail", args=[member.public_id]))
    address = reverse("member-history", args=[member.public_id])

    assert "Mở xem" in browser(here.staff).get(address).content.decode()
    assert browser(here.secretary2).get(address).status_code == 404


def test_a_printed_paper_bears_the_mark_of_the_chain(here: World, file: Candidate) -> None:
    shown = browser(here.secretary).get(reverse("file-extract", args=[file.public_id]))

    mark = audit.AuditHead.mark()
    assert f"Dấu kiểm: {mark}" in shown.content.decode()
    settle()
    assert audit.verify(marks=[mark]).faults == []
