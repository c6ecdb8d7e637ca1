"""The whole product in its own processes, as `make run` starts it, with a browser before it.

The demonstration is loaded once for all processes of the tests and is changed by them: a test
makes what it looks for itself, and counts from what it found.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.environment import BASE_DIR
from tests.browser.visits import Reader

PASSWORD = "Mot-mat-khau-de-thu-86"
READY_WITHIN = 420  # seconds, beside the other tests on two cores


@dataclass
class Product:
    """One run of the product: where it answers, and the folder that holds all it wrote."""

    address: str
    folder: Path
    pid: int


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def start(folder: Path, **variables: str) -> Product:
    """Start the product on `folder`; return once it answers."""
    folder.mkdir(parents=True, exist_ok=True)
    # Servers of its own, whatever the tests themselves use.
    outer = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "APP_DATABASE_URL", "CELERY_BROKER_URL", "SCENARIO"}
        and not name.startswith(("PYTEST_", "DJANGO_"))
    }
    environment = {
        **outer,
        "APP_VAR": str(folder),
        "PORT": str(_free_port()),
        "DEMO_PASSWORD": PASSWORD,
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        **variables,
    }
    printed = folder / "printed"
    with printed.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.embedded.supervisor"],
            env=environment,
            cwd=BASE_DIR,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + READY_WITHIN
    try:
        while True:
            ready = [line for line in printed.read_text().splitlines() if line[:7] == "Ready: "]
            if ready:
                address = ready[0].removeprefix("Ready: ").rstrip("/")
                return Product(address=address, folder=folder, pid=process.pid)
            assert process.poll() is None, printed.read_text()
            assert time.monotonic() < deadline, printed.read_text()
            time.sleep(0.2)
    except BaseException:
        stop(process.pid)
        raise


def stop(pid: int) -> None:
    """End the product whose first process is `pid`; nothing of it stays."""
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    for _ in range(200):
        if _has_ended(pid):
            return
        time.sleep(0.2)
    os.kill(pid, signal.SIGKILL)


def _has_ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # another process of the tests started it, and may not have looked
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True


@contextmanager
def running(folder: Path, **variables: str) -> Iterator[Product]:
    """The product on `folder`, for a while."""
    product = start(folder, **variables)
    try:
        yield product
    finally:
        stop(product.pid)


@contextmanager
def _locked(note: Path) -> Iterator[dict[str, Any]]:
    """What processes of the tests wrote for one another; changes are written back."""
    note.touch()
    with note.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        held = json.loads(file.read() or "{}")
        yield held
        file.seek(0)
        file.truncate()
        file.write(json.dumps(held))


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The default demonstration, loaded and served: one for all processes of the tests."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    note = folder / "demonstration.json"
    with _locked(note) as shared:
        if not shared.get("readers"):
            served = start(folder / f"demonstration-{time.time_ns()}")
            shared.update(address=served.address, folder=str(served.folder), pid=served.pid)
        shared["readers"] = shared.get("readers", 0) + 1
        found = Product(shared["address"], Path(shared["folder"]), shared["pid"])
    yield found
    with _locked(note) as shared:
        shared["readers"] -= 1
        if not shared["readers"]:
            stop(found.pid)


@pytest.fixture
def empty_product(tmp_path: Path) -> Iterator[Product]:
    """A product without any data: its first start.

    Second proofs are not asked for: test_passkeys.py does.
    """
    with running(tmp_path / "empty", DEMO="0", MFA_REQUIRED_FOR="", STEP_UP_SECONDS="0") as served:
        yield served


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Reader]]:
    """`opened(product)` opens a browser of its own before a product."""
    readers = []

    def enter(product: Product, **options: Any) -> Reader:
        readers.append(Reader(browser, product.address, **options))
        return readers[-1]

    yield enter
    for reader in readers:
        reader.close()


@pytest.fixture
def sign_in(opened: Callable[..., Reader], product: Product) -> Callable[..., Reader]:
    """`sign_in("bithu")` opens a browser before the demonstration, signed in by its page."""

    def enter(username: str, **options: Any) -> Reader:
        reader = opened(product, **options)
        reader.open("/")
        reader.sign_in(username, PASSWORD)
        return reader

    return enter


SignIn = Callable[..., Reader]
