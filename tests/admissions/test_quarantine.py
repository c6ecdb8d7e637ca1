"""Scans in quarantine until the virus check has looked at them; where one is set up."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from admissions import attachments
from admissions.models import Candidate, Scan, ScanReading, ScanVerdict
from admissions.operations.scans import add_scan, check_for_viruses, read_scan
from admissions.stages import Stage
from config import antivirus
from config.errors import DomainError
from tests.admissions.test_scans import PDF
from tests.makers import DAY, World, candidate
from tests.reports.everywhere import client

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Daemon(socketserver.BaseRequestHandler):
    """Speaks as ClamAV's daemon does: reads a stream of chunks, answers once."""

    limit = 1_000_000

    def handle(self) -> None:
        def read(size: int) -> bytes:
            found = b""
            while len(found) < size:
                found += self.request.recv(size - len(found)) or pytest.fail("broken off")
            return found

        assert read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!I", read(4))[0]:
            content += read(size)
        if len(content) > self.limit:
            answer = b"INSTREAM size limit exceeded. ERROR\0"
        elif EICAR in content:
            answer = b"stream: Win.Test.EICAR_HDB-1 FOUND\0"
        else:
            answer = b"stream: OK\0"
        self.request.sendall(answer)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[str]:
    address = str(tmp_path / "clamd.sock")
    with socketserver.UnixStreamServer(address, Daemon) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield address
        server.shutdown()


@pytest.fixture(autouse=True)
def media(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.CLAMAV_ADDRESS = str(tmp_path / "nobody.sock")


@pytest.fixture
def file(kc: World) -> Candidate:
    return candidate(kc, at=Stage.READY)


def brought(kc: World, file: Candidate, content: bytes = PDF) -> Scan:
    paper = file.papers.first()
    assert paper is not None
    return add_scan(file, by=kc.secretary, on=DAY, paper=paper, content=content, name="don.pdf")


def infected() -> bytes:
    return PDF.replace(b"trailer", b"% " + EICAR + b"\ntrailer")


def test_a_scan_is_not_given_out_before_it_was_looked_at(
    kc: World, file: Candidate, daemon: str, settings: Any
) -> None:
    scan = brought(kc, file)
    assert check_for_viruses() == 0  # nobody answers there
    with pytest.raises(DomainError, match="waits for the virus check"):
        read_scan(scan, by=kc.secretary, on=DAY)
    assert not ScanReading.objects.exists()

    settings.CLAMAV_ADDRESS = daemon
    assert check_for_viruses() == 1

    assert read_scan(Scan.objects.get(), by=kc.secretary, on=DAY).scan_id == scan.pk
    assert check_for_viruses() == 0


def test_a_scan_with_a_virus_is_never_given_out(
    kc: World, file: Candidate, daemon: str, settings: Any
) -> None:
    settings.CLAMAV_ADDRESS = daemon
    scan = brought(kc, file, infected())
    check_for_viruses()

    settings.CLAMAV_ADDRESS = ""  # nor where the check was taken away since
    with pytest.raises(DomainError, match=r"Win\.Test\.EICAR_HDB-1"):
        read_scan(scan, by=kc.secretary, on=DAY)


def test_what_is_above_the_daemons_limits_is_not_clean(
    kc: World, file: Candidate, daemon: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CLAMAV_ADDRESS = daemon
    brought(kc, file)
    monkeypatch.setattr(Daemon, "limit", 10)

    assert check_for_viruses() == 0
    assert not ScanVerdict.objects.exists()
    # And it holds up none of those behind it.
    monkeypatch.setattr(Daemon, "limit", len(PDF))
    waiting = Scan.objects.get()
    small = brought(kc, candidate(kc, at=Stage.READY, full_name="Vũ Văn Sau"), PDF[:-1] + b" ")
    monkeypatch.setattr(attachments, "kept", {waiting.sha256: b"x" * 999, small.sha256: PDF}.get)
    assert check_for_viruses() == 1
    assert ScanVerdict.objects.get().scan_id == small.pk
    monkeypatch.setattr(Daemon, "limit", 10)
    with pytest.raises(antivirus.Unanswered, match="size limit exceeded"):
        antivirus.ask(b"x" * 11, address=daemon)


def test_a_file_of_many_chunks_arrives_whole(daemon: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(antivirus, "CHUNK_BYTES", 7)

    assert antivirus.ask(b"a" * 100, address=daemon).is_clean
    assert antivirus.ask(b"a" * 100 + EICAR, address=daemon).virus == "Win.Test.EICAR_HDB-1"


@pytest.mark.parametrize("address", ["/nirgendwo/clamd.sock", "127.0.0.1:1", "no address at all"])
def test_without_a_daemon_nothing_is_known(address: str) -> None:
    with pytest.raises(antivirus.Unanswered):
        antivirus.ask(b"a", address=address)


def test_without_a_check_scans_are_given_out_as_they_are(
    kc: World, file: Candidate, settings: Any
) -> None:
    settings.CLAMAV_ADDRESS = ""

    assert read_scan(brought(kc, file), by=kc.secretary, on=DAY)
    assert check_for_viruses() == 0


def test_the_page_says_that_a_scan_waits(kc: World, file: Candidate) -> None:
    scan = brought(kc, file)
    browser = client(kc.secretary)
    page = f"/ho-so/{file.public_id}/giay-to/{scan.paper_id}/"
    assert "waits for the virus check" in browser.get(page).content.decode()

    asked = browser.post(f"{page}ban-chup/{scan.pk}/", {"reason": ""})

    assert asked.status_code == 422
    assert "waits for the virus check" in asked.content.decode()


def test_a_verdict_is_never_changed(kc: World, file: Candidate, daemon: str, settings: Any) -> None:
    settings.CLAMAV_ADDRESS = daemon
    brought(kc, file, infected())
    check_for_viruses()

    for statement in ("UPDATE admissions_scanverdict SET virus = ''",
                      "DELETE FROM admissions_scanverdict"):  # fmt: skip
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
