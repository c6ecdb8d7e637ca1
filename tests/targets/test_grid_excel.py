"""The grid goes out as an Excel file; what is changed in it comes back, all of it or none."""

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from python_calamine import CalamineWorkbook

from config import workbooks
from organizations.models import Organization
from organizations.operations.structure import NewOrganization, found_many
from targets import sheets
from targets.models import Cycle, Target, TargetDecision, TargetDraft
from targets.operations.declarations import answer_declaration, declare_no_source
from targets.operations.drafts import save_drafts
from targets.operations.targets import register_target
from targets.workbook import FIRST, HEAD, KEY, MEMBERS, NOTE, NUMBER, TRIGGERS, plain, signature
from tests.makers import BEGINNING, DAY, World, once, world

pytestmark = pytest.mark.django_db

Cell = int | float | str | date


@pytest.fixture
def kc() -> World:
    """A committee whose two cells are being given their numbers; one drafted at 4."""
    kc = world()
    cycle = opened(kc)
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 4})
    register_target(kc.sibling, by=kc.secretary2, on=DAY, year=2021, low=2)
    return kc


def opened(kc: World, **changes: Any) -> Cycle:
    return Cycle.objects.create(
        **{
            "organization": kc.committee, "year": 2021, "opened_on": DAY, "register_by": DAY,
            "issue_by": DAY, "entered_by": kc.staff, "state": "drafting", **changes,
        }
    )  # fmt: skip


def issue(cycle: Cycle) -> None:
    """Issue `cycle` by a decision that gives nobody a number."""
    Cycle.objects.filter(pk=cycle.pk).update(state="submitted", submitted_on=DAY)
    TargetDecision.objects.create(
        organization=cycle.organization, cycle=cycle, number="15-QĐ/ĐU", decided_on=DAY,
        entered_by=cycle.entered_by,
    )  # fmt: skip
    Cycle.objects.filter(pk=cycle.pk).update(state="issued")


def at(kc: World, name: str, year: int = 2021) -> str:
    return reverse(name, args=[year], query={"dv": kc.committee.slug})


def staff(kc: World) -> Client:
    client = Client()
    client.force_login(kc.staff)
    return client


def exported(kc: World) -> list[list[Any]]:
    answer = staff(kc).get(at(kc, "target-export"))
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    return book.get_sheet_by_index(0).to_python(skip_empty_area=False)


def filled(
    kc: World, numbers: Mapping[Organization, Cell], *, mark: str = "", more: tuple[Any, ...] = ()
) -> bytes:
    """The exported file with other numbers in it, as another program would write it."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        keys = {str(unit.pk): number for unit, number in numbers.items()}
        rows = exported(kc)
        rows[0][KEY] = mark or rows[0][KEY]
        for place, row in enumerate([*rows, *more]):
            key = str(row[KEY]).split(":")[0]
            for column, value in enumerate(row):
                if column != NUMBER or keys.get(key) != "":
                    sheet.write(place, column, value)
            if place >= FIRST and key in keys:
                number = keys[key]
                if isinstance(number, date):
                    sheet.write_datetime(place, NUMBER, number, day)
                else:
                    sheet.write(place, NUMBER, number)
    return content.getvalue()


def brought(kc: World, content: bytes, *, name: str = "giao.xlsx", year: int = 2021) -> Any:
    """The page after a file was chosen."""
    file = SimpleUploadedFile(name, content)
    return staff(kc).post(at(kc, "target-import", year), {"once": once(), "file": file})


def saved(kc: World, page: Any, **more: str) -> Any:
    """What the button of the preview answers; `leave` ticks its box."""
    sent = {
        name: found[1]
        for name in ("marks", "seen")
        if (found := re.search(rf'name="{name}" value="([^"]*)"', page.content.decode()))
    }
    return staff(kc).post(at(kc, "target-import"), {"once": once(), "write": "1", **sent, **more})


def drafts(kc: World) -> dict[str, tuple[int | None, int | None]]:
    rows = TargetDraft.objects.filter(cycle__organization=kc.committee)
    return {row.organization.slug: (row.low, row.high) for row in rows}


def told(page: Any) -> list[tuple[int, str]]:
    return [(row, sentence) for row, _unit, sentence in page.context["read"].wrong]


def test_the_table_goes_out_with_its_totals_and_comes_back_unchanged(kc: World) -> None:
    rows = exported(kc)

    assert rows[0][KEY] == signature(kc.committee, 2021)
    assert rows[HEAD][NUMBER] == "Giao"
    assert [row[NUMBER] for row in rows[FIRST:]] == ["4", "", 4.0]
    assert rows[FIRST][KEY] == f"{kc.cell.pk}:1:4"
    again = brought(kc, filled(kc, {}))
    assert again.context["read"].changes == []
    assert "Tệp không đổi số nào." in again.content.decode()

    leader = Client()
    leader.force_login(kc.leader)
    seen = leader.get(at(kc, "target-export"))
    # What is drafted is seen by those alone who draft it.
    book = CalamineWorkbook.from_filelike(io.BytesIO(seen.content)).get_sheet_by_index(0)
    assert [row[NUMBER] for row in book.to_python(skip_empty_area=False)[FIRST:]] == ["", "", 0.0]
    assert leader.get(at(kc, "target-import")).status_code == 403


def test_what_begins_like_a_formula_goes_out_as_text(kc: World) -> None:
    typed = '=HYPERLINK("http://evil.example")'
    declared = declare_no_source(
        kc.cell, by=kc.secretary, on=DAY, grounds=typed, declared_on=DAY,
        review_on=date(2022, 1, 1),
    )  # fmt: skip
    answer_declaration(declared, by=kc.staff, on=DAY, accept=True)

    assert exported(kc)[FIRST][NOTE] == f"'{typed}"
    assert [plain(f"{sign}1") for sign in TRIGGERS] == [f"'{sign}1" for sign in TRIGGERS]
    assert plain("Chi bộ 1") == "Chi bộ 1"


def test_what_was_changed_is_looked_at_and_then_saved_as_drafts(kc: World) -> None:
    page = brought(kc, filled(kc, {kc.cell: "", kc.sibling: "35-40"}))

    assert [(one.before, one.after) for one in page.context["read"].changes] == [
        ("4", ""), ("", "35-40"),
    ]  # fmt: skip
    assert drafts(kc) == {"kc-1": (4, 4)}
    assert saved(kc, page).status_code == 303
    assert drafts(kc) == {"kc-1": (None, None), "kc-2": (35, 40)}
    assert not Target.objects.exclude(kind="registered").exists()


def overtaken(page: Any) -> list[tuple[str, str, str, str]]:
    """The cells that were changed since: unit, number in the file, number now, who saved it."""
    return [
        (one.row.organization.slug, one.after, one.before, str(who or ""))
        for one, who in page.context["overtaken"]
    ]


def test_cells_that_somebody_changed_since_are_told_before_anything_is_saved(kc: World) -> None:
    content = filled(kc, {kc.cell: 5, kc.sibling: 7})
    save_drafts(Cycle.objects.get(), by=kc.staff, on=DAY, numbers={kc.cell.pk: 9})

    page = brought(kc, content)

    assert overtaken(page) == [("kc-1", "5", "9", "kc-canbo")]
    assert [one.after for one in page.context["read"].taken] == ["7"]
    text = page.content.decode()
    assert "Để nguyên 1 ô đã thay đổi" in text
    assert "xuất lại bảng" in text
    # All or none, unless it is said that they are left.
    refused = saved(kc, page)
    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == ["leave"]
    assert overtaken(refused) == overtaken(page)
    assert "Để nguyên 1 ô đã thay đổi" in refused.content.decode()
    assert drafts(kc) == {"kc-1": (9, 9)}
    assert saved(kc, refused, leave="on").status_code == 303
    assert drafts(kc) == {"kc-1": (9, 9), "kc-2": (7, 7)}


def test_cells_changed_while_the_preview_is_looked_at_are_told_on_it(kc: World) -> None:
    page = brought(kc, filled(kc, {kc.cell: 5, kc.sibling: 7}))
    cycle = Cycle.objects.get()
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.cell.pk: 9})

    # A tick is for what the page showed.
    for ticked in ({}, {"leave": "on"}):
        refused = saved(kc, page, **ticked)
        assert refused.status_code == 422
        assert list(refused.context["form"].errors) == ["leave"]
        assert overtaken(refused) == [("kc-1", "5", "9", "kc-canbo")]
    save_drafts(cycle, by=kc.staff, on=DAY, numbers={kc.sibling.pk: 8})
    nothing_left = saved(kc, refused, leave="on")
    assert nothing_left.status_code == 422
    assert 'name="write"' not in nothing_left.content.decode()
    assert drafts(kc) == {"kc-1": (9, 9), "kc-2": (8, 8)}


def test_a_cell_in_which_somebody_saved_the_same_number_changes_nothing(kc: World) -> None:
    content = filled(kc, {kc.cell: 5, kc.sibling: 7})
    save_drafts(Cycle.objects.get(), by=kc.staff, on=DAY, numbers={kc.cell.pk: 5})

    page = brought(kc, content)

    assert overtaken(page) == []
    assert saved(kc, page).status_code == 303
    assert drafts(kc) == {"kc-1": (5, 5), "kc-2": (7, 7)}


def test_a_file_of_an_earlier_assignment_overwrites_nothing_of_this_one(kc: World) -> None:
    content = filled(kc, {kc.cell: 5})
    issue(Cycle.objects.get())
    save_drafts(opened(kc, number=2), by=kc.staff, on=DAY, numbers={kc.cell.pk: 6})

    # The version is the same, the number is not.
    assert overtaken(brought(kc, content)) == [("kc-1", "5", "6", "kc-canbo")]


def test_a_number_that_no_page_sent_is_refused(kc: World) -> None:
    page = brought(kc, filled(kc, {kc.cell: 5}))

    for marks in ("", "x", f"{kc.top.pk}:0::3", f"{kc.cell.pk}:1:4:9-3"):
        refused = saved(kc, page, marks=marks)
        assert refused.status_code == 422, marks
    assert drafts(kc) == {"kc-1": (4, 4)}


def test_nothing_is_brought_in_once_the_targets_are_issued(kc: World) -> None:
    page = brought(kc, filled(kc, {kc.cell: 5}))
    issue(Cycle.objects.get())

    assert brought(kc, filled(kc, {})).status_code == 422
    assert saved(kc, page).status_code == 422


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (-3, "không được nhỏ hơn 0"),
        (2.5, "số nguyên"),
        ("nhiều", "không phải là số"),
        ("9-3", "nhỏ hơn mức thấp nhất"),
        ("=2+3", "công thức"),
        (date(2021, 5, 3), "ngày"),
        (10**8, "quá lớn"),
    ],
)
def test_a_wrong_number_is_told_with_its_row(kc: World, number: Cell, words: str) -> None:
    page = brought(kc, filled(kc, {kc.cell: number, kc.sibling: 3}))

    assert page.status_code == 422
    ((row, sentence),) = told(page)
    assert row == FIRST + 1
    assert words in sentence
    assert 'name="marks"' not in page.content.decode()


def test_rows_that_are_no_units_are_told(kc: World) -> None:
    rows = exported(kc)
    unknown = [f"{kc.top.pk}:0:", "Nơi khác", *[""] * (NUMBER - 2), 3]
    no_key = ["", "Gõ thêm", *[""] * (NUMBER - 2), 3]

    page = brought(kc, filled(kc, {}, more=(unknown, no_key, rows[FIRST])))

    assert [row for row, _sentence in told(page)] == [9, 10, 11]


def test_a_file_of_another_year_or_organisation_is_refused(kc: World) -> None:
    def refused(content: bytes, **more: Any) -> str:
        page = brought(kc, content, **more)
        assert page.status_code == 422
        assert list(page.context["form"].errors) == ["file"]
        return str(page.context["form"].errors["file"][0])

    other = filled(kc, {}, mark=signature(kc.committee, 2020))
    assert "năm 2020" in refused(other)
    assert "tổ chức khác" in refused(filled(kc, {}, mark=signature(kc.top, 2021)))
    assert "không phải" in refused(filled(kc, {}, mark="khác"))
    good = filled(kc, {})
    assert ".xlsx" in refused(good, name="giao.xls")
    assert ".xlsx" in refused(b"\xd0\xcf\x11\xe0 old")
    assert refused(b"PK\x03\x04 broken")
    assert refused(good[: len(good) // 2])


def repacked(content: bytes, change: Callable[[zipfile.ZipFile], None]) -> bytes:
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            new.writestr(part.filename, old.read(part))
        change(new)
    return made.getvalue()


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/vbaProject.bin", b"macro"),
        ("xl/externalLinks/externalLink1.xml", b"<a/>"),
        ("../../etc/passwd", b"x"),
        ("payload.exe", b"x"),
        ("xl/other.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"),
        ("xl/other2.xml", b" " * 70_000 + b"<!ENTITY b 'c'>"),
        ("xl/bomb.xml", b" " * 30_000_000),
    ],
)
def test_files_made_to_harm_are_not_read(kc: World, part: str, content: bytes) -> None:
    good = filled(kc, {})
    assert workbooks.refusal(good, name="a.xlsx") == ""

    bad = repacked(good, lambda archive: archive.writestr(part, content))

    assert workbooks.refusal(bad, name="a.xlsx")


@pytest.mark.thorough
def test_a_thousand_rows_go_out_and_come_back(kc: World) -> None:
    before = sheet_queries(kc)
    found_many(
        [
            NewOrganization(f"n{one}", f"Chi bộ {one}", f"Chi bộ {one}", "cell",
                            kc.committee.slug, BEGINNING)
            for one in range(998)
        ]
    )  # fmt: skip
    units = {row.organization: 3 for row in sheets.grid(kc.committee, year=2021, on=DAY)}
    assert len(units) == 1000

    page = brought(kc, filled(kc, units))

    assert len(page.context["read"].changes) == 1000
    assert saved(kc, page).status_code == 303
    assert set(drafts(kc).values()) == {(3, 3)}
    assert sheet_queries(kc) == before
    assert exported(kc)[FIRST][MEMBERS] == ""


def sheet_queries(kc: World) -> int:
    client = staff(kc)
    with CaptureQueriesContext(connection) as asked:
        client.get(at(kc, "target-export"))
    return len(asked)
