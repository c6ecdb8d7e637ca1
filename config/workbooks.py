"""Workbooks that come in from people: looked through as bytes before anything reads them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from .errors import DomainError

BYTES = 5 * 1024 * 1024
UNPACKED = 60 * 1024 * 1024
PART = 40 * 1024 * 1024
PARTS = 200
RATIO = 100
LARGE = 1024 * 1024
ROWS, COLUMNS, CHARACTERS = 5000, 60, 2000
CHUNK = 64 * 1024
WALL = 30.0

KNOWN = ("_rels/", "docProps/", "xl/", "customXml/")
ACTIVE = (
    "vbaproject", "activex", "embeddings", "externallinks", "connections", "querytables", "macro",
)  # fmt: skip
FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY", b"\x00")
"""What declares entities, also where it is written in two bytes a letter."""
READER = Path(__file__).with_name("workbook_reader.py")


@dataclass(frozen=True)
class Cells:
    """The first sheet: `rows` from the very first on, cells as text, number or None for a day."""

    rows: list[list[Any]]
    formulas: frozenset[tuple[int, int]]

    def text(self, row: int, column: int) -> str:
        """Return what stands in a cell as text; a number without a fraction as a whole one."""
        if row >= len(self.rows) or column >= len(self.rows[row]):
            return ""
        value = self.rows[row][column]
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return value.strip() if isinstance(value, str) else "" if value is None else str(value)

    def value(self, row: int, column: int) -> Any:
        """Return what stands in a cell, None for nothing, {"day": text} for a day."""
        if row >= len(self.rows) or column >= len(self.rows[row]):
            return None
        return self.rows[row][column]


def read(content: bytes, *, name: str) -> Cells:
    """Return the first sheet of the workbook `name`.

    Raises DomainError at `file` for anything but a plain .xlsx within the limits.
    """
    if sentence := refusal(content, name=name):
        raise DomainError(fields={"file": sentence})
    try:
        ran = subprocess.run(
            [sys.executable, "-I", str(READER), str(ROWS), str(COLUMNS)],
            input=content, capture_output=True, timeout=WALL, check=True,
        )  # fmt: skip
        found = json.loads(ran.stdout)
    except (subprocess.SubprocessError, ValueError):
        raise DomainError(fields={"file": _unreadable()}) from None
    if found.get("too_large"):
        raise DomainError(
            fields={
                "file": _("At most %(rows)s rows and %(columns)s columns are read.")
                % {"rows": ROWS, "columns": COLUMNS}
            }
        )
    rows = found["rows"]
    if any(isinstance(cell, str) and len(cell) > CHARACTERS for row in rows for cell in row):
        raise DomainError(fields={"file": _("A cell of the file is too long.")})
    return Cells(rows, frozenset((row, column) for row, column in found["formulas"]))


def refusal(content: bytes, *, name: str) -> str:
    """Return why the bytes are not read; nothing where they may be."""
    if not content:
        return _("The file is empty.")
    if len(content) > BYTES:
        return _("The file is too large: at most 5 MB.")
    if not name.lower().endswith(".xlsx") or not content.startswith(b"PK"):
        # Also one that is encrypted: Excel packs it as an old file.
        return _("Choose an Excel file that ends in .xlsx and is not protected by a password.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _of_parts(archive)
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError, NotImplementedError):
        return _unreadable()
    except Exception as error:
        if type(error).__module__ == "zlib":
            return _unreadable()
        raise


def _unreadable() -> str:
    return _("The file can't be read as an Excel table. Save it anew as .xlsx.")


def _of_parts(archive: zipfile.ZipFile) -> str:
    parts = archive.infolist()
    names = [part.filename for part in parts]
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        return _unreadable()
    if len(parts) > PARTS or len(set(names)) != len(names):
        return _unreadable()
    if sum(part.file_size for part in parts) > UNPACKED:
        return _("The file holds more than it may: at most 60 MB unpacked.")
    for part in parts:
        if sentence := _of_part(archive, part):
            return sentence
    return ""


def _of_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> str:
    name = part.filename
    is_known = name == "[Content_Types].xml" or name.startswith(KNOWN)
    is_link = (part.external_attr >> 16) & 0o170000 == 0o120000
    if not is_known or ".." in name or "\\" in name or is_link or part.flag_bits & 1:
        return _unreadable()
    if any(word in name.lower() for word in ACTIVE):
        return _("The file holds macros, links or embedded objects. Save it anew as a plain .xlsx.")
    is_dense = part.file_size > LARGE and part.file_size > RATIO * max(part.compress_size, 1)
    if part.file_size > PART or is_dense:
        return _("The file holds more than it may: at most 60 MB unpacked.")
    is_xml = name.endswith((".xml", ".rels", ".vml"))
    seen, tail = 0, b""
    with archive.open(part) as stream:
        # In pieces: an entry that lies about its size must not be inflated whole.
        while piece := stream.read(CHUNK):
            seen += len(piece)
            if seen > PART:
                return _("The file holds more than it may: at most 60 MB unpacked.")
            window = (tail + piece).upper()
            if is_xml and any(word in window for word in FORBIDDEN):
                return _unreadable()
            tail = piece[-16:]
    return ""
