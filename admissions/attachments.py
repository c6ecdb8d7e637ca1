"""Scans: what is let in, and where it is kept. Knows no case and no user.

The kind of a file is read from its bytes, never from its name. A PDF is taken as it is if nothing
in it acts by itself; an image is drawn anew, which drops where and with what it was taken, and
whatever hid behind it. Files lie under the hash of their content, encrypted, in a folder that no
server serves.
Source: the product's own threat model, attachments.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import tempfile
import unicodedata
import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from config.errors import DomainError

MEGABYTE = 1024 * 1024
PDF_BYTES = 20 * MEGABYTE
IMAGE_BYTES = 10 * MEGABYTE
IMAGE_PIXELS = 40_000_000
FILE_BYTES = 200 * MEGABYTE
"""Of all scans of one candidate's file."""
A_DAY = 30
"""Scans that one user brings in on one day."""
NAME_CHARACTERS = 120

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
ENDINGS = {PDF: "pdf", JPEG: "jpg", PNG: "png"}
FORMATS = {JPEG: "JPEG", PNG: "PNG"}

_ACTS = re.compile(
    rb"/(JavaScript|Launch|EmbeddedFiles?|Filespec|RichMedia|SubmitForm|ImportData|Encrypt)"
    rb"(?![A-Za-z])"
)
# Long names only: a short one, such as /JS, also stands by chance in the points of a picture; and
# none of those acts without one of these.
_HEXED = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"/ObjStm\b.{0,400}?stream\r?\n(.*?)endstream", re.DOTALL)
_UNPACKED_BYTES = 16 * MEGABYTE
_SECRET = re.compile(r"(?<!\w)(tuyệt|tối)?[\s_-]*mật(?!\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Scanned:
    """A scan that is let in: the bytes to keep, what they are, and their SHA-256 as hex."""

    content: bytes
    content_type: str
    sha256: str
    name: str


def checked(content: bytes, *, name: str) -> Scanned:
    """Return what is kept of an uploaded file; DomainError at `scan` for what is not let in."""
    kind = _kind(content)
    if kind is None:
        raise _refused(_("Only PDF, JPEG and PNG are taken; this file is none of them."))
    if _SECRET.search(unicodedata.normalize("NFC", name)):
        raise _refused(
            _("By its name this is a state secret: such papers are not kept in this system.")
        )
    limit = PDF_BYTES if kind == PDF else IMAGE_BYTES
    if len(content) > limit:
        raise _refused(
            _("The file has %(size)s MB; at most %(most)s MB are taken.")
            % {"size": -(-len(content) // MEGABYTE), "most": limit // MEGABYTE}
        )
    kept = _whole_pdf(content) if kind == PDF else _drawn_anew(content, kind)
    return Scanned(kept, kind, hashlib.sha256(kept).hexdigest(), plain_name(name, kind))


def plain_name(name: str, content_type: str) -> str:
    """Return the name under which a file is given back: no path, no hidden sign, its true ending.

    >>> plain_name("../../etc/Đơn xin.exe", "application/pdf")
    'Đơn xin.pdf'
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(
        one
        for one in last
        if not unicodedata.category(one).startswith("C") and one not in '"<>:|?*;'
    )
    stem = " ".join(shown.rpartition(".")[0].split() or shown.split()).strip(". ")
    return f"{stem[:NAME_CHARACTERS] or 'scan'}.{ENDINGS[content_type]}"


def _refused(sentence: str) -> DomainError:
    return DomainError(fields={"scan": sentence})


def _kind(content: bytes) -> str | None:
    if content.startswith(b"%PDF-"):
        return PDF
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    return None


def _whole_pdf(content: bytes) -> bytes:
    """Return `content` unchanged: one PDF from its first byte to its last, that does nothing."""
    head, _mark, after = content.rpartition(b"%%EOF")
    if not head or after.strip(b"\r\n\t \0"):
        # Another kind of file hides behind the end: an archive reads from there.
        raise _refused(_("The PDF is cut off, or something stands behind its end."))
    if re.search(rb"<(script|html|svg|!doctype)", content[:1024], re.IGNORECASE):
        raise _refused(_("This is a page of another kind that calls itself PDF."))
    for part in (content, *_unpacked(content)):
        plain = _HEXED.sub(lambda found: bytes([int(found[1], 16)]), part)
        if (acts := _ACTS.search(plain)) is not None:
            raise _refused(
                _("The PDF holds more than pages (%(what)s): print it to a new PDF, or scan it.")
                % {"what": acts[1].decode()}
            )
    return content


def _unpacked(content: bytes) -> list[bytes]:
    """Return the packed lists of objects of a PDF, as far as the limit; refuse beyond it."""
    found, left = [], _UNPACKED_BYTES
    for stream in _STREAM.finditer(content):
        unpacker = zlib.decompressobj()
        try:
            part = unpacker.decompress(stream[1], left)
        except zlib.error:
            continue
        left -= len(part)
        if left <= 0 or unpacker.unconsumed_tail:
            raise _refused(_("The PDF unpacks to more than is looked at: scan it anew."))
        found.append(part)
    return found


def _drawn_anew(content: bytes, kind: str) -> bytes:
    """Return the picture drawn into a new file: its pixels and nothing else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Only the header is read here; the pixels below, once they are known to be few enough.
            picture = Image.open(BytesIO(content), formats=[FORMATS[kind]])
            if picture.width * picture.height > IMAGE_PIXELS:
                raise _refused(
                    _("The picture has %(size)s million points; at most %(most)s are taken.")
                    % {
                        "size": -(-picture.width * picture.height // 1_000_000),
                        "most": IMAGE_PIXELS // 1_000_000,
                    }
                )
            picture.load()
            upright = ImageOps.exif_transpose(picture)
            mode = "L" if upright.mode in {"1", "L", "LA", "I", "I;16"} else "RGB"
            plain = Image.new(mode, upright.size, "white")
            drawn = upright.convert("RGBA") if "A" in upright.getbands() else upright.convert(mode)
            plain.paste(drawn, mask=drawn.getchannel("A") if drawn.mode == "RGBA" else None)
    except (
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
    ) as error:
        raise _refused(_("The picture cannot be read: it is damaged, or far too large.")) from error
    written = BytesIO()
    if kind == JPEG:
        plain.save(written, "JPEG", quality=88)
    else:
        plain.save(written, "PNG")
    return written.getvalue()


# ---- where they lie


def _place(sha256: str) -> Path:
    return Path(settings.MEDIA_ROOT) / "scans" / sha256[:2] / sha256


NONCE_BYTES = 12


def _cipher() -> AESGCM:
    """Return what hides the scans of this installation: its key is derived from IDENTITY_KEY."""
    return AESGCM(hmac.digest(settings.IDENTITY_KEY.encode(), b"scans", "sha256"))


def keep(scanned: Scanned) -> None:
    """Lay the content under its hash, encrypted; once, whoever brings it.

    A disk or a backup that is taken away tells nothing without the key, which lies apart.
    """
    place = _place(scanned.sha256)
    if place.exists():
        return
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in (place.parent, place.parent.parent):
        folder.chmod(0o700)
    descriptor, temporary = tempfile.mkstemp(dir=place.parent)  # mode 600
    try:
        with os.fdopen(descriptor, "wb") as file:
            nonce = secrets.token_bytes(NONCE_BYTES)
            hidden = _cipher().encrypt(nonce, scanned.content, scanned.sha256.encode())
            file.write(nonce + hidden)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(place)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def kept(sha256: str) -> bytes:
    """Return the content kept under `sha256`.

    Raises FileNotFoundError where it is gone, ValueError where it is no longer what was laid down,
    or was laid down with another IDENTITY_KEY.
    """
    hidden = _place(sha256).read_bytes()
    try:
        return _cipher().decrypt(hidden[:NONCE_BYTES], hidden[NONCE_BYTES:], sha256.encode())
    except (InvalidTag, ValueError):  # the latter for what is too short
        raise ValueError(f"the scan {sha256} was changed, or its key was") from None
