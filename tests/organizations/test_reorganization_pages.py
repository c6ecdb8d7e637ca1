"""The pages of reorganisation decisions: who sees them, what is typed, what they say back."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from admissions.stages import Stage
from organizations import selectors
from organizations.models import (
    EventAssignment,
    Membership,
    Organization,
    Reorganization,
    ReorganizationEvent,
    User,
)
from organizations.operations import reorganizations as operations
from organizations.operations.reorganizations import NewUnit
from tests.makers import DAY, World, candidate, cell, members, once, unit, world

pytestmark = pytest.mark.django_db

LIST = "/sap-xep/"
NEW = "/sap-xep/moi/"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def here(db: None) -> World:
    return world()


def browser(user: User, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(user, backend=BACKEND)
    return client


def head(**changes: str) -> dict[str, str]:
    return {
        "organization": "Đảng bộ kc-dang-uy [kc-dang-uy]",
        "number": "12-QĐ/ĐU",
        "signed_on": "20/05/2021",
        "signer": "Nguyễn Văn Bình",
        "effective_on": "28/05/2021",
        "note": "",
        "once": once(),
        **changes,
    }


def decision(
    here: World, *, number: str = "12-QĐ/ĐU", on: date = DAY, **more: Any
) -> Reorganization:
    return operations.draft(
        more.pop("organization", here.committee),
        by=more.pop("by", here.staff),
        on=DAY,
        number=number,
        signed_on=date(2021, 5, 20),
        signer="Nguyễn Văn Bình",
        effective_on=on,
        **more,
    )


def add(
    draft: Reorganization, here: World, kind: str, sources: list[Any], results: list[Any]
) -> ReorganizationEvent:
    return operations.add_event(
        draft, by=here.staff, on=DAY, kind=kind, sources=sources, results=results
    )


def merger(here: World, **more: Any) -> Reorganization:
    """The first cell goes into its sibling."""
    draft = decision(here, **more)
    add(draft, here, "merge", [here.cell], [here.sibling])
    return Reorganization.objects.get(pk=draft.pk)


def split(here: World) -> ReorganizationEvent:
    """The first cell stays, and a part of it becomes a new one."""
    parts = [here.cell, NewUnit(name="Chi bộ Khai thác 9", kind="cell")]
    return add(decision(here, number="13-QĐ/ĐU"), here, "split", [here.cell], parts)


def at(draft: Reorganization, name: str = "detail", *more: Any) -> str:
    return reverse(f"reorganization-{name}", args=[draft.public_id, *more])


def words(answer: Any) -> str:
    text = re.sub(r"<(script|style|svg).*?</\1>", " ", answer.content.decode(), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def errors(answer: Any) -> dict[str, Any]:
    return dict(answer.context["form"].errors)


def previewed(here: World) -> Reorganization:
    return operations.preview(merger(here), by=here.staff, on=DAY)


def confirmed(here: World, *, on: date = DAY) -> Reorganization:
    draft = operations.preview(merger(here, on=on), by=here.staff, on=DAY)
    return operations.confirm(draft, by=here.staff2, on=DAY)


def people_of(unit_: Organization) -> list[int]:
    return list(Membership.objects.filter(cell=unit_).values_list("person", flat=True))


# ---------------------------------------------------------------- who sees what


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["staff", "staff2", "approver", "leader", "auditor"])
def test_who_sees_figures_of_the_deciding_organisation_reads_its_decisions(
    here: World, who: str
) -> None:
    draft = merger(here)
    client = browser(getattr(here, who))

    found = [row.decision for row in client.get(LIST).context["rows"]]
    answers = [
        client.get(at(draft, name)).status_code for name in ("detail", "preview", "progress")
    ]

    assert (found, answers) == ([draft], [200, 200, 200])


@pytest.mark.parametrize("who", ["secretary", "administrator"])
def test_a_cell_and_an_administrator_have_no_such_pages(here: World, who: str) -> None:
    draft = merger(here)
    client = browser(getattr(here, who))

    pages = [LIST, NEW, at(draft), at(draft, "preview"), at(draft, "confirm")]
    assert [client.get(page).status_code for page in pages] == [404] * 5


def test_a_decision_of_others_looks_like_none(here: World) -> None:
    there = world(slug="hg")
    theirs = decision(here, organization=there.committee, by=there.staff)
    missing = re.sub(r"[0-9a-f]{8}-", "00000000-", at(theirs))
    client = browser(here.staff)

    assert [client.get(one).status_code for one in (at(theirs), missing)] == [404, 404]
    assert client.post(at(theirs, "cancel"), {"reason": "x"}).status_code == 404
    assert client.get(LIST).context["total"] == 0


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["approver", "leader", "auditor"])
def test_others_than_staff_only_read(here: World, who: str) -> None:
    event = split(here)
    draft = event.reorganization
    client = browser(getattr(here, who))
    forms = [at(draft, "edit"), at(draft, "event-new"), at(draft, "import"),
             at(draft, "withdraw", 1), at(draft, "choices", 1)]  # fmt: skip

    assert [client.get(one).status_code for one in forms] == [403] * 5
    assert (
        client.post(at(draft, "assign", 1), {f"p{people_of(here.cell)[0]}": "1"}).status_code == 403
    )
    assert client.get(NEW).status_code == 404
    assert "Thêm nội dung" not in words(client.get(at(draft)))
    assert EventAssignment.objects.count() == 0


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["leader", "auditor"])
def test_readers_neither_preview_nor_confirm_nor_cancel(here: World, who: str) -> None:
    draft = previewed(here)
    client = browser(getattr(here, who))

    posts = [
        client.post(at(draft, name), {"once": once()}) for name in ("preview", "confirm", "cancel")
    ]
    assert [answer.status_code for answer in posts] == [403] * 3
    assert Reorganization.objects.get().state == "draft"


@pytest.mark.thorough
def test_a_leader_reads_how_many_people_move_and_no_names(here: World) -> None:
    event = split(here)
    people = people_of(here.cell)
    homes = list(event.units.filter(part="result"))
    operations.assign(
        event, by=here.staff, on=DAY,
        people={one: homes[place % 2].pk for place, one in enumerate(people)},
    )  # fmt: skip
    draft = event.reorganization
    leader, auditor = browser(here.leader), browser(here.auditor)

    told = words(leader.get(at(draft, "preview")))
    assert "Phạm Văn" not in told + words(leader.get(at(draft)))
    assert "Họ tên chỉ hiện với cán bộ có quyền xem." in told
    assert leader.get(at(draft, "assign", 1)).status_code == 403
    assert "Phạm Văn" in words(auditor.get(at(draft, "preview")))
    assert '<input type="radio"' not in auditor.get(at(draft, "assign", 1)).content.decode()


# ---------------------------------------------------------------- the list


@pytest.mark.thorough
def test_the_list_is_narrowed_by_state_year_and_a_unit_named_without_diacritics(
    here: World,
) -> None:
    first = merger(here)
    later = decision(here, number="14-QĐ/ĐU", on=date(2022, 1, 1))
    add(later, here, "found", [], [NewUnit(name="Chi bộ Đường Lò", kind="cell")])
    operations.cancel(first, by=here.staff, on=DAY, reason="Soạn nhầm")
    client = browser(here.staff)

    def found(**asked: str) -> list[str]:
        return [row.decision.number for row in client.get(LIST, asked).context["rows"]]

    assert found() == ["14-QĐ/ĐU", "12-QĐ/ĐU"]
    assert found(trang_thai="cancelled") == ["12-QĐ/ĐU"]
    assert found(nam="2022") == ["14-QĐ/ĐU"]
    assert found(q="chi bo KC-2") == ["12-QĐ/ĐU"]
    assert found(q="duong lo") == ["14-QĐ/ĐU"]
    assert found(q="14-QĐ") == ["14-QĐ/ĐU"]
    assert found(q="không có") == []
    assert "Sáp nhập" in words(client.get(LIST))


def test_an_empty_list_says_what_decisions_are_for(here: World) -> None:
    assert "Chưa có quyết định sắp xếp nào" in words(browser(here.leader).get(LIST))
    assert "Không có quyết định nào phù hợp" in words(browser(here.leader).get(LIST, {"q": "x"}))


# ---------------------------------------------------------------- the head


def test_a_draft_begins_with_its_head_and_the_only_organisation_is_there(here: World) -> None:
    client = browser(here.staff)
    assert client.get(NEW).context["form"]["organization"].value() == head()["organization"]

    answer = client.post(NEW, head())

    made = Reorganization.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (303, at(made))
    assert (made.organization, made.number, made.state) == (here.committee, "12-QĐ/ĐU", "draft")


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("typed", "at_field"),
    [
        ({"number": ""}, "number"),
        ({"signed_on": "31/02/2021"}, "signed_on"),
        ({"signed_on": "29/05/2021"}, "signed_on"),
        ({"signer": " "}, "signer"),
        ({"effective_on": ""}, "effective_on"),
        ({"organization": "Chi bộ kc-1"}, "organization"),
        ({"organization": "Đảng bộ kc-top [kc-top]"}, "organization"),
    ],
)
def test_a_wrong_head_is_refused_at_its_field_and_kept(
    here: World, typed: dict[str, str], at_field: str
) -> None:
    answer = browser(here.staff).post(NEW, head(**typed))

    assert (answer.status_code, list(errors(answer))) == (422, [at_field])
    assert answer.context["form"]["note"].value() == ""
    assert Reorganization.objects.count() == 0


def test_a_number_used_twice_is_said_at_the_number(here: World) -> None:
    decision(here)

    answer = browser(here.staff).post(NEW, head())

    assert (answer.status_code, list(errors(answer))) == (422, ["number"])


def test_a_form_sent_twice_drafts_once(here: World) -> None:
    client, typed = browser(here.staff), head()

    first, second = client.post(NEW, typed), client.post(NEW, typed)

    assert first.headers["Location"] == second.headers["Location"]
    assert Reorganization.objects.count() == 1


def test_a_head_is_corrected_and_a_stale_page_is_told(here: World) -> None:
    draft, client = merger(here), browser(here.staff)
    typed = {**head(number="15-QĐ/ĐU"), "version": str(draft.version)}

    assert client.post(at(draft, "edit"), typed).status_code == 303
    stale = client.post(at(draft, "edit"), {**typed, "once": once(), "number": "16-QĐ/ĐU"})

    assert stale.status_code == 409
    assert stale.context["form"]["number"].value() == "16-QĐ/ĐU"
    assert Reorganization.objects.get().number == "15-QĐ/ĐU"


@pytest.mark.thorough
def test_a_confirmed_decision_is_no_longer_edited(here: World) -> None:
    draft = confirmed(here)
    client = browser(here.staff)

    for name in ("edit", "event-new", "import"):
        assert client.get(at(draft, name)).headers["Location"] == at(draft)
    typed = {**head(), "version": str(Reorganization.objects.get().version)}
    assert client.post(at(draft, "edit"), typed).status_code == 409


# ---------------------------------------------------------------- events


EVENTS = [
    ("found", {"name": "Chi bộ Mới", "kind": "cell"}, "Thành lập: Chi bộ Mới"),
    (
        "merge",
        {"merged": ["chi bo kc-1"], "into": "kc-2"},
        "Sáp nhập: Chi bộ kc-1 → thành Chi bộ kc-2",
    ),
    (
        "consolidate",
        {"merged": [], "united": ["kc-1", "kc-2"], "name": "Chi bộ Chung", "kind": "cell"},
        "Hợp nhất: Chi bộ kc-1, Chi bộ kc-2 → thành Chi bộ Chung",
    ),
    (
        "split",
        {"whole": "kc-1", "parts": "Chi bộ Một; Một\nChi bộ Hai", "kind": "cell"},
        "Chia tách: Chi bộ kc-1 → thành Chi bộ Một",
    ),
    ("move", {"moved": ["kc-1"], "superior_unit": "bo phan"}, "Chuyển giao: Chi bộ kc-1 → thành"),
    (
        "convert",
        {"converted": "kc-1", "kind": "intermediate", "parts": "Chi bộ Tổ 1", "parts_kind": "cell"},
        "Nâng cấp, chuyển đổi loại hình: Chi bộ kc-1 → thành Chi bộ kc-1",
    ),
    ("dissolve", {"ended": ["kc-1"], "receivers": ["kc-2"]}, "Giải thể: Chi bộ kc-1 → thành"),
    ("disband", {"ended": ["kc-1"], "receivers": ["kc-2"]}, "Giải tán: Chi bộ kc-1 → thành"),
]


@pytest.mark.sweep
@pytest.mark.parametrize(("kind", "typed", "said"), EVENTS)
def test_each_kind_of_event_is_entered_by_names_and_read_as_a_row(
    here: World, kind: str, typed: dict[str, Any], said: str
) -> None:
    unit("bo-phan", here.committee, kind="intermediate", name="Đảng bộ Bộ phận")
    draft, client = decision(here), browser(here.staff)
    page = f"{at(draft, 'event-new')}?loai={kind}"
    assert client.get(page).status_code == 200

    answer = client.post(page, {**typed, "once": once(), "version": str(draft.version)})

    assert answer.status_code == 303, errors(answer)
    assert said in words(client.get(at(draft)))


def test_the_kind_is_asked_first_and_nonsense_is_refused(here: World) -> None:
    draft, client = decision(here), browser(here.staff)

    assert len(client.get(at(draft, "event-new")).context["kinds"]) == 8
    assert client.get(at(draft, "event-new") + "?loai=x").status_code == 422
    assert client.post(at(draft, "event-new"), {"once": once()}).status_code == 422


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("kind", "typed", "at_fields"),
    [
        ("merge", {"into": "kc-2"}, ["merged"]),
        ("merge", {"merged": ["kc-1", "kc-1"], "into": "kc-2"}, ["merged"]),
        ("merge", {"merged": ["khong co"], "into": "chi bo"}, ["merged", "into"]),
        ("merge", {"merged": ["kc-1"], "into": "kc-1"}, ["into"]),
        ("consolidate", {"united": ["kc-1"], "name": "Chi bộ C", "kind": "cell"}, ["united"]),
        ("split", {"whole": "kc-1", "parts": "Chi bộ A", "kind": "cell"}, ["parts"]),
        ("split", {"whole": "kc-1", "parts": "Chi bộ A\nChi bộ A", "kind": "cell"}, ["parts"]),
        ("split", {"whole": "kc-1", "parts": "", "kind": ""}, ["parts", "kind"]),
        ("found", {"name": "", "kind": "khong-co"}, ["name", "kind"]),
        ("convert", {"converted": "kc-1", "kind": "cell", "parts": "Chi bộ A"}, ["parts_kind"]),
        ("dissolve", {"receivers": ["kc-2"]}, ["ended"]),
    ],
)
def test_a_wrong_event_is_refused_at_its_fields(
    here: World, kind: str, typed: dict[str, Any], at_fields: list[str]
) -> None:
    draft, client = decision(here), browser(here.staff)

    answer = client.post(
        f"{at(draft, 'event-new')}?loai={kind}",
        {**typed, "once": once(), "version": str(draft.version)},
    )

    assert (answer.status_code, list(errors(answer))) == (422, at_fields)
    assert ReorganizationEvent.objects.count() == 0


def test_a_new_unit_stands_beneath_one_that_an_earlier_row_founds(here: World) -> None:
    draft, client = decision(here), browser(here.staff)
    new = NewUnit(name="Đảng bộ Bộ phận Mới", kind="intermediate")
    above = add(draft, here, "found", [], [new]).units.get()
    draft.refresh_from_db()

    answer = client.post(
        f"{at(draft, 'event-new')}?loai=found",
        {"name": "Chi bộ Mới", "kind": "cell", "under_new": f"+{above.pk}",
         "once": once(), "version": str(draft.version)},
    )  # fmt: skip

    assert answer.status_code == 303, errors(answer)
    assert "trực thuộc Đảng bộ Bộ phận Mới" in words(client.get(at(draft)))


@pytest.mark.thorough
def test_a_row_is_taken_out_and_what_stops_a_row_stands_beside_it(here: World) -> None:
    draft, client = split(here).reorganization, browser(here.staff)
    shown = client.get(at(draft))
    assert shown.context["rows"][0].refusals
    assert "Phải sửa" in words(shown)

    version = str(Reorganization.objects.get().version)
    answer = client.post(at(draft, "withdraw", 1), {"once": once(), "version": version})

    assert answer.status_code == 303
    assert client.get(at(draft)).context["rows"] == []
    assert client.get(at(draft, "withdraw", 1)).status_code == 404
    assert client.get(at(draft, "withdraw", 10**9)).status_code == 404


# ---------------------------------------------------------------- people


@pytest.mark.thorough
def test_people_are_assigned_a_page_at_a_time_then_all_who_are_left(here: World) -> None:
    event = split(here)
    candidate(here, at=Stage.SYMPATHISER, full_name="Bùi Thị Sen")
    draft, client = event.reorganization, browser(here.staff)
    stays, new = event.units.filter(part="result").order_by("position")
    page = at(draft, "assign", 1)
    shown = client.get(page)
    first = [row.person_id for row, _field in shown.context["people"][:2]]
    assert (shown.context["total"], len(shown.context["sheet"].waiting)) == (27, 27)
    assert "Quần chúng: Cảm tình Đảng" in words(shown)

    version = str(Reorganization.objects.get().version)
    typed = {f"p{person}": str(new.pk) for person in first}
    client.post(page, {**typed, "once": once(), "version": version})
    waiting = client.get(page, {"loc": "chua"})
    assert waiting.context["total"] == 25
    version = str(Reorganization.objects.get().version)
    client.post(page, {"rest": str(stays.pk), "all": "1", "once": once(), "version": version})

    goes = dict(EventAssignment.objects.values_list("person", "unit"))
    assert {person for person, unit_ in goes.items() if unit_ == new.pk} == set(first)
    assert len(goes) == 27
    assert not client.get(at(draft)).context["rows"][0].unassigned


@pytest.mark.thorough
def test_one_tick_comes_back_with_the_counts_alone(here: World) -> None:
    event = split(here)
    draft, new = event.reorganization, event.units.filter(part="result").last()
    client = browser(here.staff, HX_Request="true", HX_Target="counts")
    person = people_of(here.cell)[0]
    version = str(Reorganization.objects.get().version)

    sent = {f"p{person}": str(new.pk), "once": once(), "version": version}
    answer = client.post(at(draft, "assign", 1), sent)
    stale = client.post(at(draft, "assign", 1), {**sent, "once": once()})

    assert answer.status_code == 200
    assert answer.content.decode().lstrip().startswith("<section")
    assert "Đã lưu" in words(answer)
    assert str(Reorganization.objects.get().version) in answer.content.decode()
    assert stale.status_code == 409
    assert "Chưa lưu: người khác vừa sửa quyết định." in words(stale)


def test_nobody_goes_to_a_part_of_another_decision(here: World) -> None:
    event, draft = split(here), merger(here, number="16-QĐ/ĐU")
    elsewhere = draft.events.get().units.filter(part="result").get()
    client, person = browser(here.staff), people_of(here.cell)[0]
    version = str(Reorganization.objects.get(pk=event.reorganization_id).version)

    answer = client.post(
        at(event.reorganization, "assign", 1),
        {f"p{person}": str(elsewhere.pk), "once": once(), "version": version},
    )

    assert (answer.status_code, list(errors(answer))) == (422, [f"p{person}"])
    assert client.get(at(draft, "assign", 1)).status_code == 404


def test_units_beneath_a_split_committee_are_assigned_with_it(here: World) -> None:
    draft = decision(here, organization=here.top, by=here.staff2)
    parts = [here.committee, NewUnit(name="Đảng bộ Hai", kind="grassroots")]
    event = operations.add_event(
        draft, by=here.staff2, on=DAY, kind="split", sources=[here.committee], results=parts
    )
    stays, new = event.units.filter(part="result").order_by("position")
    client = browser(here.staff2)
    version = str(Reorganization.objects.get().version)

    answer = client.post(
        at(draft, "assign", 1),
        {f"u{here.cell.pk}": str(stays.pk), f"u{here.sibling.pk}": str(new.pk),
         "once": once(), "version": version},
    )  # fmt: skip

    assert answer.status_code == 303
    event.refresh_from_db()
    assert event.choices["organizations"]["units"] == {
        str(here.cell.pk): stays.pk,
        str(here.sibling.pk): new.pk,
    }


# ---------------------------------------------------------------- preview, second person, end


@pytest.mark.thorough
def test_the_drafter_previews_and_sees_who_may_confirm(here: World) -> None:
    draft, client = merger(here), browser(here.staff)
    assert "Cần xem trước" in words(client.get(at(draft)))

    answer = client.post(at(draft, "preview"), {"once": once()})

    assert answer.headers["Location"] == at(draft, "preview")
    shown = client.get(at(draft, "preview"))
    assert [(one.title, one.expected) for one in shown.context["counted"]][:2] == [
        ("Tổ chức kết thúc hoạt động", 1),
        ("Đảng viên chuyển chi bộ", 26),
    ]
    told = words(client.get(at(draft)))
    assert "Có thể xác nhận: kc-canbo2 (Cán bộ cấp ủy); kc-duyet (Người phê duyệt)." in told
    assert client.get(at(draft, "confirm")).status_code == 403


@pytest.mark.thorough
def test_the_second_person_confirms_what_the_preview_says(here: World) -> None:
    draft, client = previewed(here), browser(here.approver)
    assert "Chờ đồng chí xác nhận" in words(client.get(at(draft)))
    shown = client.get(at(draft, "confirm"))
    assert shown.status_code == 200
    sent = {"once": once(), "version": shown.context["form"]["version"].value()}

    first, again = (client.post(at(draft, "confirm"), sent) for _ in range(2))

    assert [one.headers["Location"] for one in (first, again)] == [at(draft, "progress")] * 2
    assert Reorganization.objects.get().confirmed_by == here.approver


@pytest.mark.thorough
def test_what_changed_since_the_preview_is_told_to_both(here: World) -> None:
    draft, client = previewed(here), browser(here.staff2)
    sent = {
        "once": once(),
        "version": client.get(at(draft, "confirm")).context["form"]["version"].value(),
    }
    members(here.cell, 1, since=date(2020, 1, 1))

    answer = client.post(at(draft, "confirm"), sent)

    assert answer.status_code == 409
    assert "Có thay đổi sau khi lập bản xem trước." in words(answer)
    assert "Có thay đổi sau lần xem trước gần nhất." in words(browser(here.staff).get(at(draft)))
    assert client.get(at(draft, "confirm")).headers["Location"] == at(draft, "preview")
    assert Reorganization.objects.get().state == "draft"


@pytest.mark.thorough
def test_a_decision_edited_since_is_not_confirmed_unseen(here: World) -> None:
    draft, client = previewed(here), browser(here.staff2)
    sent = {
        "once": once(),
        "version": client.get(at(draft, "confirm")).context["form"]["version"].value(),
    }
    add(draft, here, "found", [], [NewUnit(name="Chi bộ Thêm", kind="cell")])

    assert client.post(at(draft, "confirm"), sent).status_code == 409


@pytest.mark.thorough
def test_a_decision_without_a_preview_leads_there_first(here: World) -> None:
    draft, client = merger(here), browser(here.staff2)

    assert client.get(at(draft, "confirm")).headers["Location"] == at(draft, "preview")
    answer = client.post(at(draft, "confirm"), {"once": once(), "version": str(draft.version)})
    assert (answer.status_code, list(errors(answer))) == (422, ["__all__"])


@pytest.mark.thorough
def test_progress_is_asked_for_until_it_is_done_and_says_what_was_done(here: World) -> None:
    draft, client = confirmed(here), browser(here.staff)
    again = browser(here.staff, HX_Request="true", HX_Target="state")
    running, poll = client.get(at(draft, "progress")), again.get(at(draft, "progress"))
    assert 'hx-trigger="every 1s"' in running.content.decode()
    assert "0/1" in words(poll)
    assert "HX-Refresh" not in poll.headers

    operations.apply_due(on=DAY)

    assert again.get(at(draft, "progress")).headers["HX-Refresh"] == "true"
    shown = client.get(at(draft, "progress"))
    assert "hx-trigger" not in shown.content.decode()
    assert {one.title: (one.expected, one.done) for one in shown.context["counted"]}[
        "Đảng viên chuyển chi bộ"
    ] == (26, 26)
    assert "Đã áp dụng, có hiệu lực từ 28/05/2021" in words(client.get(at(draft)))


@pytest.mark.thorough
def test_one_to_come_waits_for_its_day_and_can_be_cancelled_until_then(here: World) -> None:
    draft, client = confirmed(here, on=DAY + timedelta(days=1)), browser(here.approver)
    assert "Chờ đến ngày 29/05/2021" in words(client.get(at(draft)))
    version = str(Reorganization.objects.get().version)

    silent = client.post(at(draft, "cancel"), {"reason": "", "once": once(), "version": version})
    answer = client.post(
        at(draft, "cancel"), {"reason": "Hoãn", "once": once(), "version": version}
    )

    assert (silent.status_code, list(errors(silent))) == (422, ["reason"])
    assert answer.status_code == 303
    assert "Quyết định này đã bị hủy Hoãn" in words(client.get(at(draft)))
    assert client.get(at(draft, "cancel")).headers["Location"] == at(draft)


@pytest.mark.thorough
def test_what_stops_it_on_its_day_is_said_with_what_to_do(here: World) -> None:
    draft = confirmed(here)
    members(here.cell, 1, since=DAY)  # who comes on the day itself goes nowhere
    operations.apply_due(on=DAY)

    told = words(browser(here.staff2).get(at(draft)))
    assert Reorganization.objects.get().state == "failed"
    assert "Không áp dụng được quyết định" in told
    assert "Chưa có gì thay đổi." in words(browser(here.leader).get(at(draft, "progress")))


# ---------------------------------------------------------------- a pasted table


def test_a_table_is_checked_row_by_row_and_written_only_when_asked(here: World) -> None:
    draft, client = decision(here), browser(here.staff)
    text = "Sáp nhập\tChi bộ kc-1\tChi bộ kc-2\nThành lập\t\tChi bộ Mới\tcell\n"
    sent = {"table": text, "once": once(), "version": str(draft.version)}

    checked = client.post(at(draft, "import"), sent)
    assert (checked.status_code, checked.context["checked"]["right"]) == (200, 2)
    assert ReorganizationEvent.objects.count() == 0
    written = client.post(at(draft, "import"), {**sent, "write": "1"})

    assert written.status_code == 303
    assert [event.kind for event in draft.events.all()] == ["merge", "found"]


@pytest.mark.thorough
def test_a_wrong_row_of_a_table_is_named_and_nothing_is_written(here: World) -> None:
    draft, client = decision(here), browser(here.staff)
    text = "Sáp nhập\tChi bộ kc-1\tChi bộ kc-2\nBay\tx\ty\nSáp nhập\tKhông Có\tChi bộ kc-2"
    sent = {"table": text, "once": once(), "version": str(draft.version)}

    checked = client.post(at(draft, "import"), sent)
    forced = client.post(at(draft, "import"), {**sent, "write": "1"})

    assert [bool(row["error"]) for row in checked.context["checked"]["rows"]] == [False, True, True]
    assert (forced.status_code, list(errors(forced))) == (422, ["table"])
    assert client.post(at(draft, "import"), {"table": "", "once": once()}).status_code == 422
    assert ReorganizationEvent.objects.count() == 0


# ---------------------------------------------------------------- lineage, and how much is asked


@pytest.mark.thorough
def test_what_an_organisation_became_is_told_from_both_ends(here: World) -> None:
    confirmed(here)
    operations.apply_due(on=DAY)

    [gone] = selectors.lineage_of(here.cell, user=here.staff, on=DAY)
    [heir] = selectors.lineage_of(here.sibling, user=here.staff, on=DAY)

    assert (gone.predecessor, gone.successor) == ("Chi bộ kc-1", "Chi bộ kc-2")
    assert (gone.until, gone.on) == (DAY - timedelta(days=1), DAY)
    assert gone.decision_url == at(Reorganization.objects.get())
    assert (gone.url_from, bool(gone.url_to)) == ("", True)
    assert (bool(heir.url_from), heir.url_to) == (True, "")
    assert selectors.lineage_of(here.committee, user=here.staff, on=DAY) == []
    [seen] = selectors.lineage_of(here.cell, user=here.secretary2, on=DAY)
    assert seen.decision_url == ""


def queries(client: Client, page: str) -> int:
    client.get(page)  # what is remembered between two readings is read once
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(page).status_code == 200
    return len(asked)


@pytest.mark.thorough
def test_pages_ask_no_more_of_a_long_decision_than_of_a_short_one(here: World) -> None:
    short, long = merger(here), decision(here, number="20-QĐ/ĐU")
    for number in range(12):
        add(long, here, "merge", [cell(f"nhap-{number}", here.committee)], [here.sibling])
    for number in range(3, 9):
        decision(here, number=f"{number}-QĐ/ĐU")
    client = browser(here.staff)

    assert queries(client, at(long)) <= queries(client, at(short)) + 2
    assert queries(client, f"{LIST}?q=20-QĐ") == queries(client, f"{LIST}?q=QĐ")


@pytest.mark.thorough
def test_assigning_asks_no_more_for_many_people_than_for_few(here: World) -> None:
    few = split(here)
    client, page = browser(here.staff), at(few.reorganization, "assign", 1)
    before = queries(client, page)
    members(here.cell, 150, since=date(2019, 1, 1))

    after = queries(client, f"{page}?so_dong=200")

    assert after == before
    assert client.get(f"{page}?so_dong=200").context["total"] == 176
