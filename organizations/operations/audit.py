"""The audit's chain: readings sealed into it, its head anchored outside, all of it verified.

`verify` trusts nothing but SHA-256 and what was written elsewhere: it reads what each event says,
hashes it here, and compares links, head, seals, the anchors of the folder and marks on paper.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_noop

from config import clock
from config.locks import Lock, try_hold
from organizations.models import AccessEvent, AuditEvent, AuditHead
from organizations.models.audit import READ_SAID, SAID

BATCH = 20_000
"""Readings that one seal covers at most."""

SEALED_WITHIN = timedelta(minutes=5)
"""A reading that has no seal after that: the job, which runs every 30 seconds, has stopped."""

FIRST = bytes(32)
"""What stands in the place of the hash before the first link."""


# ---------------------------------------------------------------- sealing

FRESH = f"""
    SELECT id, {READ_SAID.format("reading")} FROM organizations_accessevent AS reading
    WHERE sealed_by_id IS NULL ORDER BY id LIMIT %s
"""  # noqa: S608 - our own words alone


@transaction.atomic
def seal_readings() -> int:
    """Seal the readings that no seal covers yet by one event of the chain; return how many.

    At once without doing anything where another seals now, and where nothing was read.
    """
    if not try_hold(Lock.READINGS):
        return 0
    with connection.cursor() as cursor:
        cursor.execute(FRESH, [BATCH])
        rows = cursor.fetchall()
    if not rows:
        return 0
    keys = [key for key, _said in rows]
    event = AuditEvent.objects.create(
        kind=AuditEvent.Kind.SEAL,
        action="seal",
        words=gettext_noop("Readings were sealed"),
        payload={
            "from": keys[0],
            "to": keys[-1],
            "count": len(keys),
            "hash": together(said for _key, said in rows),
        },
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE organizations_accessevent SET sealed_by_id = %s WHERE id = ANY(%s)",
            [event.pk, keys],
        )
    return len(keys)


def unsealed_since() -> datetime | None:
    """Return since when readings have waited for a seal in vain; None where none has.

    Without any reading nothing waits, however long the job has not run.
    """
    waiting = AccessEvent.objects.filter(sealed_by__isnull=True).order_by("pk")
    first: datetime | None = waiting.values_list("entered_at", flat=True).first()
    if first is None or clock.now() - first < SEALED_WITHIN:
        return None
    return first


def together(said: Iterable[str]) -> str:
    """Return one hash, in hex, over what several rows say, in their order."""
    digest = hashlib.sha256()
    for one in said:
        digest.update(hashlib.sha256(one.encode()).digest())
    return digest.hexdigest()


# ---------------------------------------------------------------- anchors


def anchor_file() -> Path:
    """Return the file of this database's anchors, one line of JSON each."""
    return Path(settings.AUDIT_ANCHOR_FOLDER) / f"{connection.settings_dict['NAME']}.jsonl"


def _key() -> Ed25519PrivateKey:
    secret = (settings.AUDIT_KEY or settings.IDENTITY_KEY).encode()
    return Ed25519PrivateKey.from_private_bytes(
        hmac.digest(secret, b"anchors of the audit", hashlib.sha256)
    )


def _signed(line: dict[str, Any]) -> bytes:
    return json.dumps([line["seq"], line["hash"], line["at"]]).encode()


def anchor() -> dict[str, Any] | None:
    """Write (seq, hash) of the head into the anchors' file, signed; None where it stands there."""
    head = AuditHead.objects.get()
    path = anchor_file()
    last: dict[str, Any] = next(reversed(list(_lines(path))), {})
    if last.get("seq") == head.seq:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        at: datetime = cursor.fetchone()[0]
    key = _key()
    public = key.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    line: dict[str, Any] = {
        "seq": head.seq,
        "hash": bytes(head.hash).hex(),
        "at": at.isoformat(timespec="seconds"),
        "key": public.hex(),
    }
    line["signature"] = key.sign(_signed(line)).hex()
    path.parent.mkdir(parents=True, exist_ok=True)
    # A line that a crash tore is ended first: the next must not be glued to it.
    kept = path.read_bytes() if path.exists() else b""
    torn = bool(kept) and not kept.endswith(b"\n")
    with path.open("a", encoding="ascii") as file:
        file.write("\n" * torn + json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return line


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Return the anchors of `path` as they stand; what is no JSON as a line without anything."""
    if not path.exists():
        return
    for text in path.read_text(encoding="ascii", errors="replace").splitlines():
        try:
            found = json.loads(text)
        except ValueError:
            found = {}
        yield found if isinstance(found, dict) else {}


# ---------------------------------------------------------------- verifying

LINKS = f"""
    SELECT link.seq, link.prev, link.hash, event.id, {SAID.format("event")}
    FROM organizations_auditlink AS link
    LEFT JOIN organizations_auditevent AS event ON event.id = link.event_id
    ORDER BY link.seq
"""  # noqa: S608 - our own words alone
UNLINKED = """
    SELECT event.id FROM organizations_auditevent AS event
    WHERE NOT EXISTS (SELECT FROM organizations_auditlink WHERE event_id = event.id)
    ORDER BY event.id LIMIT 100
"""
SEALS = """
    SELECT id, (payload ->> 'count')::bigint, payload ->> 'hash' FROM organizations_auditevent
    WHERE kind = 'seal' ORDER BY id
"""
SEALED = f"""
    SELECT sealed_by_id, {READ_SAID.format("reading")} FROM organizations_accessevent AS reading
    WHERE sealed_by_id IS NOT NULL ORDER BY sealed_by_id, id
"""  # noqa: S608 - our own words alone
CHUNK = 5000


@dataclass(frozen=True)
class Verified:
    """How many links and anchors were looked at, and each fault in one sentence."""

    links: int
    anchors: int
    faults: list[str]


def verify(*, marks: Iterable[str] = ()) -> Verified:
    """Return what is wrong with the audit: links, head, seals, anchors, `marks` from paper."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            if len(connection.savepoint_ids) == 0:  # of one state, where nothing was asked before
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SET LOCAL statement_timeout = 0")
        return _Chain().verified([mark.strip().lower() for mark in marks])


class _Chain:
    def __init__(self) -> None:
        self.faults: list[str] = []
        self.last, self.seq, self.count = FIRST, 0, 0
        self.lines = list(_lines(anchor_file()))
        self.anchored = {line["seq"] for line in self.lines if isinstance(line.get("seq"), int)}
        self.at: dict[int, str] = {}

    def verified(self, marks: list[str]) -> Verified:
        missing = {one for one in marks if not FIRST.hex().startswith(one)}  # before any event
        for row in _read(LINKS):
            self._link(*row)
            if missing:
                missing -= {one for one in missing if self.last.hex().startswith(one)}
        head = AuditHead.objects.first()
        if head is None or (head.seq, bytes(head.hash)) != (self.seq, self.last):
            self.faults.append(f"The head is not the last link, which is {self.seq}.")
        for (event,) in _read(UNLINKED):
            self.faults.append(f"Event {event} is in no link.")
        self._seals()
        self._anchors()
        if since := unsealed_since():
            said = since.astimezone(clock.HERE).isoformat(" ", "minutes")
            self.faults.append(
                f"No reading since {said} is sealed: the job that does it has stopped."
            )
        self.faults += [f"No link has the mark {one} of the paper." for one in sorted(missing)]
        return Verified(self.count, len(self.lines), self.faults)

    def _link(self, seq: int, prev: Any, kept: Any, event: int | None, said: str) -> None:
        if seq != self.seq + 1:
            self.faults.append(f"Link {self.seq + 1} is missing before link {seq}.")
        if bytes(prev) != self.last:
            self.faults.append(f"Link {seq} does not follow the one before it.")
        if event is None:
            self.faults.append(f"The event of link {seq} is missing.")
        else:
            found = hashlib.sha256(bytes(prev) + seq.to_bytes(8, "big") + said.encode()).digest()
            if found != bytes(kept):
                self.faults.append(f"Event {event} of link {seq} is not what was linked.")
        self.seq, self.last, self.count = seq, bytes(kept), self.count + 1
        if seq in self.anchored:
            self.at[seq] = self.last.hex()

    def _seals(self) -> None:
        found: dict[int, tuple[int, Any]] = {}
        for event, said in _read(SEALED):
            count, digest = found.get(event) or (0, hashlib.sha256())
            digest.update(hashlib.sha256(said.encode()).digest())
            found[event] = (count + 1, digest)
        for event, count, kept in _read(SEALS):
            number, digest = found.pop(event, (0, hashlib.sha256()))
            if (number, digest.hexdigest()) != (count, kept):
                self.faults.append(f"Seal {event}: its {count} readings are not what was sealed.")
        self.faults += [f"Event {event} is no seal, but readings name it." for event in found]

    def _anchors(self) -> None:
        public = _key().public_key()
        for number, line in enumerate(self.lines, 1):
            try:
                public.verify(bytes.fromhex(line["signature"]), _signed(line))
            except (InvalidSignature, KeyError, TypeError, ValueError):
                self.faults.append(f"Anchor {number} is not signed with this installation's key.")
                continue
            if line["seq"] and self.at.get(line["seq"]) != line["hash"]:
                self.faults.append(
                    f"Anchor {number} of {line['at']}: link {line['seq']} is missing or another."
                )


def _read(statement: str) -> Iterator[Any]:
    """Return the rows of `statement`, a part at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement)
        while rows := cursor.fetchmany(CHUNK):
            yield from rows
