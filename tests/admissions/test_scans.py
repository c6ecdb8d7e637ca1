"""Scans: what is let in and what is not, where it lies, who opens it and what that leaves."""

import contextlib
import hashlib
import stat
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image, ImageChops, ImageOps

from admissions import attachments
from admissions.models import Candidate, Paper, Scan, ScanReading
from admissions.operations.scans import add_scan, read_scan
from admissions.selectors.papers import paper_page
from admissions.stages import Stage
from config.errors import DomainError
from organizations.models import Role, User
from tests.admissions.test_pages import errors, page, send, signed_in, url
from tests.makers import DAY, World, candidate, logged, officer

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


def packed(dictionary: bytes, body: bytes) -> bytes:
    """A PDF with one list of objects whose dictionary and packed body are given."""
    hidden = b"9 0 obj<<" + dictionary + b">>stream\n" + body + b"\nendstream endobj\n"
    return PDF.replace(b"trailer", hidden + b"trailer")


@pytest.fixture(autouse=True)
def media(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return Path(settings.MEDIA_ROOT)


def picture(kind: str = "PNG", size: tuple[int, int] = (20, 10), **more: Any) -> bytes:
    written = BytesIO()
    Image.new("RGB", size, "white").save(written, kind, **more)
    return written.getvalue()


def refused(content: bytes, name: str = "don.pdf") -> str:
    with pytest.raises(DomainError) as refusal:
        attachments.checked(content, name=name)
    assert list(refusal.value.fields) == ["scan"]
    return str(refusal.value.fields["scan"])


def a_paper(kc: World, **changes: Any) -> Paper:
    file = candidate(kc, at=Stage.READY, **changes)
    return file.papers.get(kind__code="2-KNĐ")


def brought(kc: World, paper: Paper, content: bytes = PDF, **changes: Any) -> Scan:
    values: dict[str, Any] = {
        "by": kc.secretary, "on": DAY, "paper": paper, "content": content, "name": "ly-lich.pdf",
        **changes,
    }  # fmt: skip
    return add_scan(paper.candidate, **values)


# ---------------------------------------------------------------- what is let in


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (PDF, "application/pdf"),
        (picture("PNG"), "image/png"),
        (picture("JPEG"), "image/jpeg"),
    ],
)
def test_pdf_jpeg_and_png_are_let_in_by_their_bytes(content: bytes, content_type: str) -> None:
    scanned = attachments.checked(content, name="anything.docx")

    assert scanned.content_type == content_type
    assert scanned.sha256 == hashlib.sha256(scanned.content).hexdigest()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00 a program",
        b"PK\x03\x04 an archive",
        b"<svg onload='alert(1)'/>",
        b"\n%PDF-1.4 not from the first byte %%EOF",
        b"GIF89a",
        b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR",
    ],
)
def test_what_only_its_name_calls_a_pdf_is_refused(content: bytes) -> None:
    assert refused(content).startswith("Only PDF, JPEG and PNG")


@pytest.mark.parametrize(
    "content",
    [
        PDF + b"PK\x03\x04archive behind the end",
        PDF.replace(b"%%EOF\n", b""),
        b"%PDF-1.4\n<html><script>alert(1)</script></html>\n%%EOF",
        PDF.replace(b"/Type/Catalog", b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>"),
        PDF.replace(b"/Type/Catalog", b"/OpenAction<</S/J#61vaScript>>"),
        PDF.replace(b"/Type/Catalog", b"/AA<</O<</S/Launch/F(a.exe)>>>>"),
        PDF.replace(b"/Type/Catalog", b"/Names<</EmbeddedFiles 9 0 R>>"),
        PDF.replace(b"/Type/Catalog", b"/Encrypt 9 0 R"),
    ],
)
def test_a_pdf_that_is_two_things_or_acts_by_itself_is_refused(content: bytes) -> None:
    assert "PDF" in refused(content)


def test_what_a_pdf_packs_away_is_looked_at_too() -> None:
    dictionary = b"/Type/ObjStm/N 1/Filter/FlateDecode"
    script = zlib.compress(b"<</S/JavaScript/JS(app.alert(1))>>")
    bomb = zlib.compress(b"\0" * (17 * attachments.MEGABYTE))

    assert "JavaScript" in refused(packed(dictionary, script))
    assert "unpacks" in refused(packed(dictionary, bomb))


SCRIPT = b"<</S/JavaScript/JS(app.alert(1))>>"
LIST = b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode"


def test_what_every_program_packs_is_let_in() -> None:
    body = zlib.compress(b"9 0 <</Type/Page>>")

    for dictionary in (
        LIST,
        b"/Filter [ /FlateDecode ] /First 4 /N 1 /Type /ObjStm /Length 26",
        b"/Type/ObjStm\r\n/N 1\r\n/First 4\r\n/Filter/FlateDecode",
    ):
        assert attachments.checked(packed(dictionary, body), name="a.pdf")


def test_a_script_is_found_however_it_is_packed_away() -> None:
    body = zlib.compress(SCRIPT)

    for dictionary in (
        LIST,
        LIST.replace(b"Stm", b"#53tm"),
        LIST.replace(b"/Type/ObjStm", b""),
        LIST.replace(b"Flate", b"Fl#61te"),
    ):
        assert "JavaScript" in refused(packed(dictionary, body))
    # A list that says of itself what another reader may read otherwise is not let in at all.
    for dictionary, content in (
        (LIST.replace(b"Flate", b"ASCIIHex"), SCRIPT.hex().encode() + b">"),
        (LIST.replace(b"/Filter/FlateDecode", b"/Filter 8 0 R"), SCRIPT.hex().encode() + b">"),
        (LIST.replace(b"/FlateDecode", b"[/ASCIIHexDecode/FlateDecode]"), body.hex().encode()),
        (LIST + b"/DecodeParms<</Predictor 12>>", body),
        (LIST + b"/X(" + b"y" * 500 + b")", body),
        (LIST + b"/X(stream\n)", body),
        (LIST + b"%stream\n", body),
        (LIST, body[:-4] + b"fake"),
        (LIST, body[:-6]),
    ):
        assert "unusual" in refused(packed(dictionary, content)), dictionary


def test_a_script_whose_short_name_is_escaped_is_refused() -> None:
    assert "JS" in refused(PDF.replace(b"/Type/Catalog", b"/A<</J#53(app.alert(1))>>"))


def test_a_pdf_that_is_an_archive_too_is_refused() -> None:
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("evil.exe", b"MZ" * 100)
        archive.comment = b"\n%%EOF"

    assert "archive" in refused(PDF + written.getvalue())


@pytest.mark.parametrize(
    "part",
    [b"/ObjStm stream\n", b"/ObjStm ", b"/First 1/", b"1 0 obj<<" + LIST + b">>stream\n", b"#41",
     b"/JavaScriptX", b"/", b"#"],
)  # fmt: skip
def test_a_pdf_made_to_be_looked_at_for_long_is_answered_soon(part: bytes) -> None:
    content = b"%PDF-1.7\n" + part * (attachments.MEGABYTE // len(part)) + b"%%EOF"
    begun = time.process_time()

    with contextlib.suppress(DomainError):
        attachments.checked(content, name="a.pdf")

    # 60 KB of the first took 39 s, and no other request of the worker was answered meanwhile.
    assert time.process_time() - begun < 5


def test_too_large_a_file_is_refused_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    image = picture()
    monkeypatch.setattr(attachments, "PDF_BYTES", len(PDF))
    monkeypatch.setattr(attachments, "IMAGE_BYTES", len(image) - 1)

    assert attachments.checked(PDF, name="a.pdf")
    assert "MB" in refused(image)
    assert "MB" in refused(PDF[:-1] + b" \n")


def test_a_picture_of_too_many_points_is_refused_before_it_is_drawn() -> None:
    # 60 000 × 60 000 points in a few bytes: a bomb if it were drawn.
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99))
    bomb += chunk(b"IEND", b"")

    assert "picture" in refused(bomb)


def test_the_limit_of_points_is_twenty_million(monkeypatch: pytest.MonkeyPatch) -> None:
    assert attachments.IMAGE_PIXELS == 20_000_000
    assert attachments.IMAGE_PIXELS > 3508 * 4960  # a page A3 at 300 points an inch
    monkeypatch.setattr(attachments, "IMAGE_PIXELS", 200)

    assert attachments.checked(picture(size=(20, 10)), name="a.png")
    assert "million points; at most" in refused(picture(size=(21, 10)))


DRAWS = """
import io
from pathlib import Path
from PIL import Image
from admissions import attachments

def most():
    # Not `ru_maxrss`, which begins with what the process had that started this one.
    line = next(one for one in Path("/proc/self/status").open() if one.startswith("VmHWM"))
    return int(line.split()[1]) // 1024

written = io.BytesIO()
Image.new("RGBA", (100, 100)).save(written, "PNG")
attachments.checked(written.getvalue(), name="a.png")
before = most()
attachments.checked(open(0, "rb").read(), name="a.png")
print(most() - before)
"""


@pytest.mark.thorough
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the memory")
def test_the_largest_picture_takes_less_than_two_hundred_megabytes() -> None:
    written = BytesIO()
    Image.new("RGBA", (5000, 4000), (1, 2, 3, 255)).save(written, "PNG")

    drawn = subprocess.run(
        [sys.executable, "-c", DRAWS], input=written.getvalue(), capture_output=True, check=True
    )

    assert int(drawn.stdout) < 200


@pytest.mark.parametrize(
    "tag", [0x0100, 0x0111, 0x011A, 0x0128, 0x8769, 0x8825], ids=lambda tag: f"{tag:#06x}"
)
def test_a_picture_that_says_nonsense_of_itself_is_drawn_or_refused(tag: int) -> None:
    def line(tag: int, kind: int, value: bytes) -> bytes:
        return struct.pack("<HHI", tag, kind, 1) + value

    said = line(tag, 2, b"x\0\0\0") + line(0x0112, 3, b"\6\0\0\0")
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2) + said + b"\0" * 4

    kept = attachments.checked(picture("JPEG", exif=exif), name="a.jpg").content

    assert Image.open(BytesIO(kept)).size == (10, 20)  # upright, as its orientation says


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_is_kept_upright(kind: str, turned: int) -> None:
    taken, exif, written = Image.new("RGB", (32, 16), "white"), Image.Exif(), BytesIO()
    taken.paste("black", (0, 0, 16, 8))
    exif[0x0112] = turned
    taken.save(written, kind, exif=exif)

    kept = Image.open(BytesIO(attachments.checked(written.getvalue(), name="a").content))

    expected = ImageOps.exif_transpose(Image.open(BytesIO(written.getvalue())))
    assert kept.size == expected.size
    assert ImageChops.difference(kept.convert("L"), expected.convert("L")).getextrema()[1] < 60


def test_what_is_seen_through_is_white() -> None:
    written = BytesIO()
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(written, "PNG")

    kept = Image.open(BytesIO(attachments.checked(written.getvalue(), name="a.png").content))

    assert kept.getpixel((0, 0)) == (255, 255, 255)


def test_a_scan_is_looked_at_before_the_file_is_locked(
    kc: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper, looks = a_paper(kc), attachments.checked
    asked: list[str] = []

    def looked(*args: Any, **kwargs: Any) -> Any:
        asked.extend(one["sql"] for one in queries.captured_queries)
        return looks(*args, **kwargs)

    monkeypatch.setattr(attachments, "checked", looked)
    with CaptureQueriesContext(connection) as queries:
        brought(kc, paper)

    assert asked
    assert not [one for one in asked if "FOR UPDATE" in one]
    assert [one for one in queries.captured_queries if "FOR UPDATE" in one["sql"]]


@pytest.mark.parametrize("content", [picture("JPEG")[:200], b"\xff\xd8\xff\xe0rubbish"])
def test_a_damaged_picture_is_refused(content: bytes) -> None:
    assert "cannot be read" in refused(content)


def test_a_picture_is_drawn_anew_without_where_it_was_taken_or_what_hid_behind() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera of Vũ Văn Thịnh"
    taken = picture("JPEG", exif=exif) + b"PK\x03\x04<script>alert(1)</script>"

    kept = attachments.checked(taken, name="anh.jpg").content

    assert b"Camera" not in kept
    assert b"script" not in kept
    assert not Image.open(BytesIO(kept)).getexif()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\x\\Đơn xin vào Đảng.PDF", "Đơn xin vào Đảng.pdf"),
        ("ly\u202elich\x00.exe", "lylich.pdf"),
        ('a"; filename="b.html', "a filename=b.pdf"),
        ("...", "scan.pdf"),
        ("", "scan.pdf"),
        ("x" * 500 + ".pdf", "x" * 120 + ".pdf"),
    ],
)
def test_of_a_name_only_a_plain_one_is_kept(name: str, kept: str) -> None:
    assert attachments.plain_name(name, attachments.PDF) == kept


@pytest.mark.parametrize("name", ["Tối mật - báo cáo.pdf", "BÁO CÁO MẬT.pdf", "tuyệt_mật.pdf"])
def test_what_its_name_calls_secret_is_refused(name: str) -> None:
    assert "secret" in refused(PDF, name)


def test_a_name_that_only_contains_the_word_is_no_secret() -> None:
    assert attachments.checked(PDF, name="Đinh Mậtthew.pdf")


# ---------------------------------------------------------------- where it lies


def test_a_scan_lies_under_its_hash_for_the_product_alone(kc: World, media: Path) -> None:
    scan = brought(kc, a_paper(kc))

    place = media / "scans" / scan.sha256[:2] / scan.sha256
    assert attachments.kept(scan.sha256) == PDF
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert (scan.name, scan.size, scan.content_type) == ("ly-lich.pdf", len(PDF), attachments.PDF)


def test_who_takes_the_disk_reads_no_scan_without_the_key(
    kc: World, media: Path, settings: Any
) -> None:
    scan = brought(kc, a_paper(kc))

    lies_there = (media / "scans" / scan.sha256[:2] / scan.sha256).read_bytes()
    assert b"PDF" not in lies_there
    assert PDF[8:40] not in lies_there

    settings.IDENTITY_KEY = "somebody else's"
    with pytest.raises(ValueError, match="its key"):
        attachments.kept(scan.sha256)


def test_a_scan_laid_in_the_place_of_another_is_not_given_out(kc: World, media: Path) -> None:
    paper = a_paper(kc)
    first = brought(kc, paper)
    second = brought(kc, paper, picture(), replaces=first)
    folder = media / "scans"
    forged = (folder / first.sha256[:2] / first.sha256).read_bytes()
    (folder / second.sha256[:2] / second.sha256).write_bytes(forged)

    with pytest.raises(ValueError, match="was changed"):
        attachments.kept(second.sha256)


@pytest.mark.thorough
def test_what_was_changed_on_the_disk_is_not_given_out(kc: World, media: Path) -> None:
    scan = brought(kc, a_paper(kc))
    (media / "scans" / scan.sha256[:2] / scan.sha256).write_bytes(b"forged")

    with pytest.raises(ValueError, match="was changed"):
        attachments.kept(scan.sha256)
    address = url("candidate-scan", scan.paper.candidate, scan.paper_id, scan.pk)
    assert send(kc.secretary, address).status_code == 404


@pytest.mark.thorough
def test_a_scan_is_with_its_paper_once_and_replaced_once(kc: World) -> None:
    paper = a_paper(kc)
    first = brought(kc, paper)

    with pytest.raises(DomainError) as twice:
        brought(kc, paper)
    second = brought(kc, paper, picture(), replaces=first)
    with pytest.raises(DomainError) as again:
        brought(kc, paper, picture("JPEG"), replaces=first)

    assert list(twice.value.fields) == ["scan"]
    assert list(again.value.fields) == ["replaces"]
    assert second.replaces == first


@pytest.mark.thorough
def test_a_file_and_a_day_have_their_limits(kc: World, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = a_paper(kc)
    monkeypatch.setattr(attachments, "FILE_BYTES", 2 * len(PDF))
    brought(kc, paper)
    brought(kc, paper, PDF.replace(b"1.4", b"1.5"))
    with pytest.raises(DomainError, match="MB") as full:
        brought(kc, paper, PDF.replace(b"1.4", b"1.6"))
    monkeypatch.setattr(attachments, "FILE_BYTES", attachments.MEGABYTE)
    monkeypatch.setattr(attachments, "A_DAY", 3)
    brought(kc, paper, PDF.replace(b"1.4", b"1.6"))
    with pytest.raises(DomainError) as tired:
        brought(kc, paper, PDF.replace(b"1.4", b"1.7"))

    assert list(full.value.fields) == ["scan"]
    assert "go on tomorrow" in tired.value.fields["scan"]


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary2", "staff", "approver", "auditor", "leader"])
def test_only_who_prepares_the_file_brings_in_scans(kc: World, who: str) -> None:
    with pytest.raises(PermissionDenied):
        brought(kc, a_paper(kc), by=getattr(kc, who))


@pytest.mark.thorough
def test_the_scan_of_another_files_paper_is_refused(kc: World) -> None:
    one, other = a_paper(kc), a_paper(kc)

    with pytest.raises(PermissionDenied):
        add_scan(one.candidate, by=kc.secretary, on=DAY, paper=other, content=PDF, name="a.pdf")


# ---------------------------------------------------------------- who opens it


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["staff", "staff2", "approver", "auditor"])
def test_who_does_not_keep_the_file_says_why_a_scan_is_opened(kc: World, who: str) -> None:
    scan, user = brought(kc, a_paper(kc)), getattr(kc, who)

    with pytest.raises(DomainError) as refusal:
        read_scan(scan, by=user, on=DAY, reason=" ")
    read_scan(scan, by=user, on=DAY, reason="Thẩm định hồ sơ")

    assert list(refusal.value.fields) == ["reason"]
    assert [(one.entered_by, one.reason) for one in ScanReading.objects.all()] == [
        (user, "Thẩm định hồ sơ")
    ]


@pytest.mark.thorough
def test_who_opened_a_scan_is_told_to_the_line_of_the_file_alone(kc: World) -> None:
    paper = a_paper(kc)
    read_scan(brought(kc, paper), by=kc.secretary, on=DAY)

    def shown(user: User) -> bool:
        found = paper_page(paper.candidate, paper.pk, user=user, on=DAY)
        assert found is not None
        return found.shows_readings

    assert [shown(user) for user in (kc.secretary, kc.staff, kc.staff2, kc.approver)] == [True] * 4
    assert not shown(kc.auditor)


def test_the_secretary_opens_without_a_reason_and_leaves_a_trace(kc: World) -> None:
    read_scan(brought(kc, a_paper(kc)), by=kc.secretary, on=DAY)

    assert ScanReading.objects.get().entered_by == kc.secretary


@pytest.mark.sweep
@pytest.mark.parametrize("who", ["secretary2", "leader", "administrator"])
def test_others_open_nothing(kc: World, who: str) -> None:
    scan = brought(kc, a_paper(kc))

    with pytest.raises(PermissionDenied):
        read_scan(scan, by=getattr(kc, who), on=DAY, reason="Xem")
    assert not ScanReading.objects.exists()


def test_nobody_opens_the_scans_of_their_own_file(kc: World) -> None:
    paper = a_paper(kc)
    scan = brought(kc, paper)
    own = officer("tu-xem", kc.top, Role.AUDITOR)
    User.objects.filter(pk=own.pk).update(person=paper.candidate.person)

    with pytest.raises(PermissionDenied):
        read_scan(scan, by=User.objects.get(pk=own.pk), on=DAY, reason="Xem")


# ---------------------------------------------------------------- pages


def uploaded(kc: World, paper: Paper, content: bytes, name: str = "Lý lịch.pdf") -> Any:
    address = url("candidate-scan-new", paper.candidate, paper.pk)
    return send(kc.secretary, address, scan=SimpleUploadedFile(name, content, "text/html"))


@pytest.mark.thorough
def test_a_scan_is_brought_in_and_opened_by_pages(kc: World) -> None:
    paper = a_paper(kc)
    file = paper.candidate

    bad = uploaded(kc, paper, b"MZ a program")
    none = send(kc.secretary, url("candidate-scan-new", file, paper.pk))
    answer = uploaded(kc, paper, PDF)
    scan = Scan.objects.get()
    address = url("candidate-scan", file, paper.pk, scan.pk)
    given = send(kc.secretary, address)
    asked = send(kc.staff, address)
    said = send(kc.staff, address, reason="Thẩm định hồ sơ")

    assert list(errors(bad)) == ["scan"]
    assert list(errors(none)) == ["scan"]
    assert (answer.status_code, answer["Location"]) == (303, url("candidate-paper", file, paper.pk))
    assert given.content == PDF
    assert given["Content-Type"] == "application/pdf"
    assert given["Content-Disposition"] == "attachment; filename*=UTF-8''L%C3%BD%20l%E1%BB%8Bch.pdf"
    assert given["X-Content-Type-Options"] == "nosniff"
    assert given["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert given["Cache-Control"] == "no-store, private"
    assert list(errors(asked)) == ["reason"]
    assert said.content == PDF
    shown = page(kc.secretary, url("candidate-paper", file, paper.pk))
    assert "Thẩm định hồ sơ" in shown
    assert ScanReading.objects.count() == 2


@pytest.mark.thorough
def test_the_page_of_a_scan_alone_opens_nothing(kc: World) -> None:
    scan = brought(kc, a_paper(kc))

    shown = page(kc.staff, url("candidate-scan", scan.paper.candidate, scan.paper_id, scan.pk))

    assert "say why you open the scan" in shown
    assert not ScanReading.objects.exists()


@pytest.mark.thorough
def test_who_opened_is_shown_to_the_committee_and_not_to_the_auditor(kc: World) -> None:
    scan = brought(kc, a_paper(kc))
    read_scan(scan, by=kc.approver, on=DAY, reason="Xem trước khi ký")
    address = url("candidate-paper", scan.paper.candidate, scan.paper_id)

    for user in (kc.secretary, kc.staff, kc.staff2, kc.approver):
        assert "Xem trước khi ký" in page(user, address)
    assert "Xem trước khi ký" not in page(kc.auditor, address)


@pytest.mark.thorough
def test_other_cells_find_neither_paper_nor_scan(kc: World) -> None:
    scan = brought(kc, a_paper(kc))
    file, paper = scan.paper.candidate, scan.paper_id
    other = a_paper(kc)
    stranger = logged(kc)

    for address in (
        url("candidate-paper", file, paper),
        url("candidate-scan", file, paper, scan.pk),
        url("candidate-scan-new", file, paper),
    ):
        for user in (kc.secretary2, kc.leader, kc.administrator):
            assert signed_in(user).get(address).status_code == 404
            if not address.endswith(f"/giay-to/{paper}/"):
                assert signed_in(user).post(address, {"reason": "Xem"}).status_code == 404
    # Nor through another file or paper of one's own.
    for address in (
        url("candidate-paper", stranger, paper),
        url("candidate-scan", file, other.pk, scan.pk),
        url("candidate-scan", stranger, paper, scan.pk),
    ):
        assert signed_in(kc.secretary).get(address).status_code == 404
    assert Candidate.objects.count() == 3
    assert not ScanReading.objects.exists()
