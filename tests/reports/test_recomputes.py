"""How figures are kept right, as pages: recounted for one organisation, recomputed for a year."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from admissions.operations.ceremonies import tell_admission
from organizations.models import Job, Role
from organizations.operations import jobs
from targets import tasks
from targets.models import Attainment
from targets.operations.attainment import ask_recompute, fold, recompute, run_asked
from targets.recounts import LABELS
from tests.makers import DAY, World, officer, once, world
from tests.targets.makers import admit

pytestmark = pytest.mark.django_db


@pytest.fixture
def w() -> World:
    w = world()
    for fact in admit(w.cell, date(2021, 2, 3), DAY):
        tell_admission(fact)
    fold()
    return w


def shown(client: Client, user: object, of: str, query: str = "") -> str:
    client.force_login(user)  # type: ignore[arg-type]
    answer = client.get(reverse("figure-recount", args=[2021, of]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_every_figure_of_a_unit_is_shown_beside_what_its_facts_give(
    client: Client, w: World
) -> None:
    page = shown(client, w.staff, w.committee.slug)

    assert "Mọi số đang lưu đều khớp với hồ sơ" in page
    assert page.count("<tr") == 1 + len(LABELS)

    Attainment.objects.filter(organization=w.committee, year=2021, lens="then").update(
        admitted=7, last_admission_on=date(2021, 1, 1)
    )
    page = shown(client, w.staff, w.committee.slug)
    assert "2 số không khớp với hồ sơ" in page
    assert page.count("t-late") == 2
    assert "01/01/2021" in page and "28/05/2021" in page  # noqa: PT018 - one row


def test_of_a_past_day_the_facts_alone_are_counted(client: Client, w: World) -> None:
    page = shown(client, w.staff, w.committee.slug, "?den=2021-02-03")

    assert "Số liệu của một ngày đã qua không được lưu" in page
    assert "Đang lưu" not in page
    assert "03/02/2021" in page
    assert "28/05/2021</td>" not in page


def test_figures_are_recounted_for_those_alone_who_see_them(client: Client, w: World) -> None:
    for user, status in ((w.leader, 200), (w.secretary, 404), (w.administrator, 404)):
        client.force_login(user)
        answer = client.get(reverse("figure-recount", args=[2021, w.committee.slug]))
        assert answer.status_code == status, user


@pytest.mark.parametrize("who", ["staff", "administrator"])
def test_a_year_asked_for_is_recomputed_by_a_worker_once(
    client: Client, w: World, who: str, django_capture_on_commit_callbacks: object
) -> None:
    user = getattr(w, who)
    client.force_login(user)
    heard: list[tuple[str, str]] = []
    jobs.wakers.append(lambda kind, subject: heard.append((kind, subject)))
    try:
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            answer = client.post(reverse("recompute-list"), {"year": "2021", "once": once()})
    finally:
        jobs.wakers.pop()

    assert (answer.status_code, answer["Location"]) == (303, reverse("recompute-list"))
    assert heard == [("recompute", "2021")]
    page = client.get(reverse("recompute-list")).content.decode()
    assert "Đang chạy" in page
    assert 'hx-trigger="every 1s"' in page

    assert run_asked() == 1
    assert run_asked() == 0
    job = Job.objects.get(kind="recompute")
    assert (job.state, job.asked_by, job.changed) == (Job.State.DONE, user, 0)
    assert job.total > 0
    page = client.get(reverse("recompute-list")).content.decode()
    assert "Đang chạy" not in page
    assert "hx-trigger" not in page


def test_who_only_reads_what_was_recomputed_asks_for_nothing(client: Client, w: World) -> None:
    reader = officer("xem", w.top, Role.AUDITOR)
    client.force_login(reader)

    assert client.get(reverse("recompute-list")).status_code == 200
    assert client.post(reverse("recompute-list"), {"year": "x", "once": once()}).status_code == 403


def test_a_year_that_is_being_recomputed_is_not_asked_for_twice(w: World) -> None:
    first = ask_recompute(2021, by=w.staff, on=DAY)

    assert ask_recompute(2021, by=w.administrator, on=DAY) == first
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("2019", "Năm 2019 chưa có số liệu"),
        ("1900", "1930"),
        ("2x", "số nguyên"),
        ("", "Nhập"),
        ("99999999999", "20"),
    ],
)
def test_a_year_that_cannot_be_is_refused_at_its_field(
    client: Client, w: World, typed: str, sentence: str
) -> None:
    client.force_login(w.staff)

    answer = client.post(reverse("recompute-list"), {"year": typed, "once": once()})

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Job.objects.exists()


def test_leaders_and_secretaries_do_not_ask_for_it(client: Client, w: World) -> None:
    for user in (w.leader, w.secretary, w.approver):
        client.force_login(user)
        assert client.get(reverse("recompute-list")).status_code == 404
        assert client.post(reverse("recompute-list"), {"year": "2021"}).status_code == 404
    assert not Job.objects.exists()


def test_an_auditor_reads_how_it_went_and_asks_for_none(client: Client, w: World) -> None:
    client.force_login(w.auditor)
    typed = {"year": "2021", "once": once()}

    shown = client.get(reverse("recompute-list"))
    refused = client.post(reverse("recompute-list"), typed)

    assert (shown.status_code, refused.status_code) == (200, 403)
    assert 'name="year"' not in shown.content.decode()
    with pytest.raises(PermissionDenied):
        ask_recompute(2021, by=w.auditor, on=DAY)
    assert not Job.objects.exists()
    client.force_login(w.staff)
    assert 'name="year"' in client.get(reverse("recompute-list")).content.decode()


def test_what_had_parted_is_named_to_those_who_see_the_figures_of_that_unit(
    client: Client, w: World
) -> None:
    Attainment.objects.filter(organization=w.committee, year=2021, lens="now").update(admitted=7)
    Attainment.objects.filter(organization=w.top, year=2021, lens="now").update(admitted=7)
    recompute(2021)

    def named(user: object) -> set[str]:
        client.force_login(user)  # type: ignore[arg-type]
        page = client.get(reverse("recompute-list")).content.decode()
        assert "Xong, có số không khớp" in page
        return {slug for slug in ("kc-dang-uy", "kc-top") if f"{slug} 2021 now: admitted" in page}

    assert named(w.auditor) == {"kc-dang-uy", "kc-top"}
    assert named(w.staff) == {"kc-dang-uy"}
    assert named(w.administrator) == set()


def test_the_task_runs_what_waits(w: World) -> None:
    ask_recompute(2021, by=w.staff, on=DAY)

    tasks.recompute_asked()

    assert Job.objects.get().state == Job.State.DONE


def test_a_run_that_fails_says_so_and_lets_the_next_be_asked_for(
    w: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from targets import deltas  # noqa: PLC0415 - to break it

    ask_recompute(2021, by=w.staff, on=DAY)
    with monkeypatch.context() as broken:
        broken.setattr(deltas, "_SWAPPED", deltas._SWAPPED + " nonsense(")
        with pytest.raises(Exception, match="syntax error"):
            run_asked()

    failed = Job.objects.get()
    assert (failed.state, "syntax error" in failed.errors[0]) == (Job.State.FAILED, True)
    assert ask_recompute(2021, by=w.staff, on=DAY) != failed
