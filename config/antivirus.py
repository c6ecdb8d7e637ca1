"""Asking ClamAV about a file: the INSTREAM command of its daemon, over a socket."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

CHUNK_BYTES = 64 * 1024
PATIENCE = 150.0  # seconds; more than the daemon itself spends on a file (MaxScanTime)


class Unanswered(Exception):
    """The daemon did not look at the whole file: nothing is known of it."""


class Unreachable(Unanswered):
    """There is no daemon at the address: nothing is known of any file."""


@dataclass(frozen=True)
class Verdict:
    """What the daemon found: the name of the virus, empty for a clean file."""

    virus: str

    @property
    def is_clean(self) -> bool:
        return not self.virus


def ask(content: bytes, *, address: str) -> Verdict:
    """Return the verdict of the daemon at `address`: a path of a Unix socket, or host:port.

    Raises Unreachable where nobody listens there, Unanswered where it breaks off or says anything
    but clean or found: a file that is above its own limits is an error there and no clean file.
    """
    try:
        connected = _connected(address)
    except (OSError, ValueError) as failure:
        raise Unreachable(f"{type(failure).__name__} at {address}") from failure
    try:
        with connected as daemon:
            daemon.sendall(b"zINSTREAM\0")
            for start in range(0, len(content), CHUNK_BYTES):
                chunk = content[start : start + CHUNK_BYTES]
                daemon.sendall(struct.pack("!I", len(chunk)) + chunk)
            daemon.sendall(struct.pack("!I", 0))
            answer = _whole_answer(daemon)
    except (OSError, ValueError) as failure:
        raise Unanswered(f"{type(failure).__name__} at {address}") from failure
    return _verdict(answer)


def _verdict(answer: str) -> Verdict:
    said = answer.removeprefix("stream: ")
    if said == "OK":
        return Verdict("")
    if said.endswith(" FOUND"):
        return Verdict(said.removesuffix(" FOUND")[:200])
    raise Unanswered(answer[:200] or "an empty answer")


def _connected(address: str) -> socket.socket:
    if address.startswith("/"):
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        found.settimeout(PATIENCE)
        try:
            found.connect(address)
        except OSError:
            found.close()
            raise
        return found
    host, _colon, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def _whole_answer(daemon: socket.socket) -> str:
    found = b""
    while not found.endswith(b"\0"):
        part = daemon.recv(4096)
        if not part:
            break
        found += part
    return found.rstrip(b"\0\n").decode(errors="replace")
