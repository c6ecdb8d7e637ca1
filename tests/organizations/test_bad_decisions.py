"""Decisions that cannot be, through the form and the pasted table: told at the row, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from organizations.models import Organization, Reorganization
from organizations.operations import reorganizations as operations
from organizations.operations.seals import ask_to_close_year, close_year
from organizations.operations.structure import found
from tests.makers import DAY, World, officer, once, unit, world
from tests.organizations.test_reorganization_pages import NEW, at, browser, errors, head, words

pytestmark = pytest.mark.django_db
LATER = DAY + timedelta(days=30)
CLOSED = date(2020, 12, 1)


@dataclass
class Bad:
    """What is typed as `events` {kind: fields}, or pasted as `table`; what stops it, at `row`."""

    events: Sequence[tuple[str, dict[str, Any]]]
    table: str
    row: int
    sentence: str
    pasted: str = ""
    """The sentence for the pasted row, where it is another one than for the form."""
    before: Callable[[World], None] = lambda here: None


def moving_beneath(here: World) -> None:
    """Another decision, confirmed, will put the first committee beneath B1, of B."""
    draft = drafted(here, number="9-QĐ/ĐU", on=LATER)
    operations.add_event(
        draft, by=here.staff2, on=DAY, kind="move", sources=[here.committee],
        results=[Organization.objects.get(slug="b1")],
    )  # fmt: skip
    operations.preview(draft, by=here.staff2, on=DAY)
    operations.confirm(draft, by=here.approver, on=DAY)


BAD = {
    "two superiors on one day": Bad(
        [("move", {"moved": ["kc-1"], "superior_unit": "Đảng bộ A"}),
         ("move", {"moved": ["kc-1"], "superior_unit": "Đảng bộ B"})],
        "Chuyển giao\tkc-1\ta\nChuyển giao\tkc-1\tb",
        2,
        "Chi bộ kc-1 đã được thay đổi ở dòng 1: mỗi ngày chỉ có một cấp trên trực tiếp.",
    ),
    "a circle today": Bad(
        [("move", {"moved": ["Đảng bộ B [b]"], "superior_unit": "Đảng bộ B1"})],
        "Chuyển giao\tb\tb1",
        1,
        "Ngày 28/05/2021, Đảng bộ B sẽ trực thuộc chính mình.",
    ),
    "a circle with what is decided for a later day": Bad(
        [("move", {"moved": ["Đảng bộ B [b]"], "superior_unit": "Đảng bộ K1"})],
        "Chuyển giao\tb\tk1",
        1,
        "Ngày 27/06/2021, Đảng bộ B sẽ trực thuộc chính mình.",
        before=moving_beneath,
    ),
    "a move of the day before the unit was founded": Bad(
        [("move", {"moved": ["moi"], "superior_unit": "Đảng bộ B"})],
        "Chuyển giao\tmoi\tb",
        1,
        "Không có tổ chức nào ở đây tên là “moi”.",
        "Vào ngày đó không có tổ chức “moi” trực thuộc tổ chức ra quyết định.",
    ),
    "members whom nobody receives": Bad(
        [("dissolve", {"ended": ["kc-1"]})],
        "Giải thể\tkc-1",
        1,
        "Chi bộ kc-1 có 26 đảng viên nhưng chưa có chi bộ tiếp nhận.",
    ),
    "a part to which nobody goes": Bad(
        [("split", {"whole": "kc-1", "parts": "Chi bộ Một\nChi bộ Hai", "kind": "cell"})],
        "Chia tách\tkc-1\tChi bộ Một;Chi bộ Hai\tcell",
        1,
        "Không có đảng viên hoặc tổ chức nào về Chi bộ Hai.",
    ),
}  # fmt: skip


@pytest.fixture
def here(db: None) -> World:
    here = world()
    unit("a", here.top, name="Đảng bộ A")
    unit("b1", unit("b", here.top, name="Đảng bộ B"), kind="intermediate", name="Đảng bộ B1")
    unit("k1", here.committee, kind="intermediate", name="Đảng bộ K1")
    found("moi", name="Đảng bộ Mới", kind="grassroots", under=here.top, on=DAY + timedelta(days=1))
    return here


def drafted(here: World, *, number: str = "12-QĐ/ĐU", on: date = DAY) -> Reorganization:
    return operations.draft(
        here.top, by=here.staff2, on=DAY, number=number, signed_on=date(2021, 5, 20),
        signer="Nguyễn Văn Bình", effective_on=on,
    )  # fmt: skip


def told(client: Client, draft: Reorganization, answer: Any) -> dict[int, list[str]]:
    """{row: what stops it} of the page that answers, or of the decision's own; read off both.

    A field that refuses stands for the row that was being typed.
    """
    if answer.status_code == 422:
        row = draft.events.filter(is_withdrawn=False).count() + 1
        rows = {row: [str(one) for sentences in errors(answer).values() for one in sentences]}
    elif answer.status_code == 200:
        checked = answer.context["checked"]["rows"]
        rows = {row["number"]: [row["error"]] for row in checked if row["error"]}
    else:
        answer = client.get(at(draft))
        rows = {row.row: row.refusals for row in answer.context["rows"]}
    said = words(answer)
    assert all(sentence in said for sentences in rows.values() for sentence in sentences)
    if answer.status_code == 200:
        body = answer.content.decode()
        assert all(f'<th scope="row">{row}</th>' in body for row in rows)
    return rows


@pytest.mark.sweep
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_is_told_at_the_row_that_was_typed(here: World, bad: Bad) -> None:
    bad.before(here)
    draft, client = drafted(here), browser(here.staff2)

    for kind, fields in bad.events:
        version = str(Reorganization.objects.get(pk=draft.pk).version)
        answer = client.post(
            f"{at(draft, 'event-new')}?loai={kind}", {**fields, "once": once(), "version": version}
        )

    assert bad.sentence in " ".join(told(client, draft, answer)[bad.row])


@pytest.mark.sweep
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_is_told_at_the_row_that_was_pasted(here: World, bad: Bad) -> None:
    bad.before(here)
    draft, client = drafted(here), browser(here.staff2)
    sent = {"table": bad.table, "version": str(draft.version)}

    answer = client.post(at(draft, "import"), {**sent, "once": once()})
    if not answer.context["checked"]["wrong"]:
        answer = client.post(at(draft, "import"), {**sent, "once": once(), "write": "1"})

    assert (bad.pasted or bad.sentence) in " ".join(told(client, draft, answer)[bad.row])


def close_2020(here: World) -> None:
    second = officer("kc-canbo3", here.top, "staff")
    asked = ask_to_close_year(here.top, by=here.staff2, on=DAY, year=2020, reason="Đã nộp")
    close_year(asked, by=second, on=DAY)


SEALED = (
    "Năm 2020 của Đảng bộ kc-top đã được kc-canbo2 và kc-canbo3 khóa ngày 28/05/2021. "
    "Muốn ghi thêm, hai người ở đó phải mở lại trước."
)


def test_a_day_in_a_closed_year_is_refused_at_its_field(here: World) -> None:
    close_2020(here)
    typed = head(organization="Đảng bộ kc-top [kc-top]", effective_on="01/12/2020")

    answer = browser(here.staff2).post(NEW, typed)

    assert (answer.status_code, errors(answer)) == (422, {"effective_on": [SEALED]})
    assert SEALED in words(answer)


@pytest.mark.thorough
def test_a_table_of_a_year_closed_meanwhile_is_told_so(here: World) -> None:
    draft, client = drafted(here, on=CLOSED), browser(here.staff2)
    close_2020(here)
    sent = {"table": "Sáp nhập\tkc-1\tkc-2", "version": str(draft.version)}

    answer = client.post(at(draft, "import"), {**sent, "once": once(), "write": "1"})

    assert SEALED in words(answer if answer.status_code == 422 else client.get(at(draft)))


def test_a_number_used_twice_is_refused_at_its_field_in_words(here: World) -> None:
    drafted(here)

    answer = browser(here.staff2).post(NEW, head(organization="Đảng bộ kc-top [kc-top]"))

    sentence = "Quyết định số 12-QĐ/ĐU năm 2021 đã được nhập."
    assert (answer.status_code, errors(answer)) == (422, {"number": [sentence]})
    assert sentence in words(answer)
