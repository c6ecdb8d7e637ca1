"""Scans: what is let in, and where it is kept. Knows no case and no user.

The kind of a file is read from its bytes, never from its name. A PDF is taken as it is if nothing
in it acts by itself; an image is drawn anew, which drops where and with what it was taken, and
whatever hid behind it. Files lie under the hash of their content, encrypted, in a folder that no
server serves.
Source: the product's own threat model, attachments.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
import tempfile
import unicodedata
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.translation import gettext as _
from PIL import ExifTags, Image

from config.errors import DomainError

MEGABYTE = 1024 * 1024
PDF_BYTES = 20 * MEGABYTE
IMAGE_BYTES = 10 * MEGABYTE
IMAGE_PIXELS = 20_000_000
"""A page A4 at 300 points an inch has 8.7 million, A3 twice that; each costs seven bytes drawn."""
FILE_BYTES = 200 * MEGABYTE
"""Of all scans of one candidate's file."""
A_DAY = 30
"""Scans that one user brings in on one day."""
NAME_CHARACTERS = 120

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright that says, in its EXIF, how the camera was held."""

ENDINGS = {PDF: "pdf", JPEG: "jpg", PNG: "png"}
FORMATS = {JPEG: "JPEG", PNG: "PNG"}

_ACTS = (
    b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/EmbeddedFiles", b"/Filespec", b"/RichMedia",
    b"/SubmitForm", b"/ImportData", b"/Encrypt",
)  # fmt: skip
# Long names only: a short one, such as /JS, also stands by chance in the points of a picture; and
# none of those acts without one of these. Nobody writes the short one with escapes but to hide it.
_HIDDEN_SCRIPT = re.compile(rb"/(?:#4[Aa]S|#4[Aa]#53|J#53)(?![A-Za-z])")
_HEXED = re.compile(rb"#([0-9A-Fa-f]{2})")
_ESCAPES = 100_000
"""Escaped signs looked at in one PDF: a thousand times those of any that was printed or scanned."""


def _named(name: bytes) -> bytes:
    """Return the pattern of a name of PDF however it is escaped: `/Obj#53tm` too."""
    letters = (b"(?:%c|#(?i:%02x))" % (letter, letter) for letter in name)
    return rb"/" + b"".join(letters) + rb"(?![A-Za-z0-9])"


_LISTS_OF_OBJECTS = 2_000
_DICTIONARY_BYTES = 4096
_AHEAD = 64 * 1024
_FLATE = re.compile(rb"/Filter\s*(?:/FlateDecode|\[\s*/FlateDecode\s*\])(?![^\s/>])")
_PLAIN_DICTIONARY = re.compile(rb"\s*<<[^()%<>]*>>\s*")
_END_OF_ARCHIVE = b"PK\x05\x06"
_ARCHIVES = (_END_OF_ARCHIVE + b"\0\0\0\0", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")
_ARCHIVE_TAIL = 22 + 0xFFFF
"""Bytes from the end within which every reader of archives looks for the end of one."""
_UNPACKED_BYTES = 16 * MEGABYTE
_LIST_OF_OBJECTS = re.compile(_named(b"ObjStm") + rb"|" + _named(b"First") + rb"\s*\d+\s*[/>]")
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
    if _END_OF_ARCHIVE in content[-_ARCHIVE_TAIL:] or any(one in content for one in _ARCHIVES):
        raise _refused(_("The PDF is also an archive: print it to a new PDF, or scan it."))
    _refuse_what_acts(content)
    for part in _unpacked(content):
        _refuse_what_acts(part)
    return content


def _refuse_what_acts(part: bytes) -> None:
    # Names found by `bytes.find`, so in time that grows with the file and no faster; a search by
    # pattern over 20 MB made for it would hold the interpreter, and all other requests with it.
    plain = _without_escapes(part)
    for name in _ACTS:
        at = plain.find(name)
        while at >= 0:
            if not plain[at + len(name) : at + len(name) + 1].isalpha():
                raise _holds_more(name[1:].decode())
            at = plain.find(name, at + len(name))
    if _HIDDEN_SCRIPT.search(part) is not None:
        raise _holds_more("JS")


def _holds_more(what: str) -> DomainError:
    return _refused(
        _("The PDF holds more than pages (%(what)s): print it to a new PDF, or scan it.")
        % {"what": what}
    )


def _not_looked_into() -> DomainError:
    return _refused(_("The PDF packs its parts in an unusual way: print it to a new PDF, or scan."))


def _without_escapes(part: bytes) -> bytes:
    """Return `part` with names in plain letters, `/Obj#53tm` as `/ObjStm`; refuse past a limit."""
    plain, escapes = _HEXED.subn(lambda found: bytes([int(found[1], 16)]), part, count=_ESCAPES + 1)
    if escapes > _ESCAPES:
        raise _not_looked_into()
    return plain


def _unpacked(content: bytes) -> Iterator[bytes]:
    """Yield the packed lists of objects of a PDF; refuse what is not packed in the usual way.

    Usual is what every program writes: one plain dictionary, one filter, packed as it says. So
    nothing is read here otherwise than a reader of PDF would, which is how something is hidden.
    """
    left, done = _UNPACKED_BYTES, 0
    # By its kind, or by the key by which a list is read: one reader does not ask for its kind.
    for number, found in enumerate(_LIST_OF_OBJECTS.finditer(content)):
        at = found.start()
        if number >= _LISTS_OF_OBJECTS:
            raise _refused(_("The PDF unpacks to more than is looked at: scan it anew."))
        if at < done:
            continue  # a second name of the dictionary just read
        begins = content.rfind(b"obj", max(0, at - _DICTIONARY_BYTES), at)
        done = content.find(b"stream", at, at + _DICTIONARY_BYTES)
        if begins < 0 or done < 0:
            raise _not_looked_into()
        dictionary = _without_escapes(content[begins + len(b"obj") : done])
        if not _PLAIN_DICTIONARY.fullmatch(dictionary) or not _packed_once(dictionary):
            raise _not_looked_into()
        start = done + len(b"stream")
        start += 2 if content[start : start + 2] == b"\r\n" else 1
        part = _inflated(content, start, most=left)
        left -= len(part)
        yield part


def _packed_once(dictionary: bytes) -> bool:
    # A predictor also changes the bytes: no program uses one here.
    return (
        dictionary.count(b"/Filter") == 1
        and _FLATE.search(dictionary) is not None
        and b"/DecodeParms" not in dictionary
    )


def _inflated(content: bytes, start: int, *, most: int) -> bytes:
    """Return what is packed at `start`, to its own end; refuse what is damaged or past `most`."""
    unpacker, found = zlib.decompressobj(), bytearray()
    try:
        # Piece by piece: what stands behind the end would be copied each time.
        while not unpacker.eof and start < len(content):
            found += unpacker.decompress(content[start : start + _AHEAD], most + 1 - len(found))
            if len(found) > most or unpacker.unconsumed_tail:
                raise _refused(_("The PDF unpacks to more than is looked at: scan it anew."))
            start += _AHEAD
    except zlib.error as error:
        raise _not_looked_into() from error
    if not unpacker.eof:
        raise _not_looked_into()
    return bytes(found)


def _drawn_anew(content: bytes, kind: str) -> bytes:
    """Return the picture drawn into a new file: its pixels and nothing else."""
    try:
        plain = _pixels(content, kind)
    except DomainError:
        raise
    except Exception as error:
        # Whatever a picture made to break its reader raises, it is the picture that is refused.
        raise _refused(_("The picture cannot be read: it is damaged, or far too large.")) from error
    written = BytesIO()
    if kind == JPEG:
        plain.save(written, "JPEG", quality=88)
    else:
        plain.save(written, "PNG")
    return written.getvalue()


def _pixels(content: bytes, kind: str) -> Image.Image:
    """Return the picture upright on white, without what is written about it.

    Two pictures are in memory at most: that which came and that which is kept.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        # Only the header is read here; the pixels below, once they are known to be few enough.
        picture = Image.open(BytesIO(content), formats=[FORMATS[kind]])
        if picture.width * picture.height > IMAGE_PIXELS:
            raise _refused(
                _(
                    "The picture has %(size)s million points; at most %(most)s are taken: scan at"
                    " 300 points an inch."
                )
                % {
                    "size": -(-picture.width * picture.height // 1_000_000),
                    "most": IMAGE_PIXELS // 1_000_000,
                }
            )
        picture.load()
    turned = _turned(picture)
    mode = "L" if picture.mode in {"1", "L", "LA", "I", "I;16"} else "RGB"
    plain = Image.new(mode, picture.size, "white")
    if picture.mode in {"LA", "RGBA"}:
        plain.paste(picture, mask=picture.getchannel("A"))
    else:
        plain.paste(picture.convert(mode))
    picture.close()
    return plain if turned is None else plain.transpose(turned)


def _turned(picture: Image.Image) -> Image.Transpose | None:
    """Return how the picture is to be turned to stand upright, None where it does or is not known.

    Read alone: to write back the rest of what is said about a picture, as Pillow would, fails on
    what was made to fail.
    """
    with contextlib.suppress(Exception):
        return TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    return None


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


def forget(sha256: str) -> None:
    """Take away the content kept under `sha256`; nothing where it is gone already."""
    _place(sha256).unlink(missing_ok=True)
