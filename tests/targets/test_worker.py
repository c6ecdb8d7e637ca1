"""A real worker and a real broker: a commit shows above within seconds, broker or no broker."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import pytest
from celery import current_app
from django.db import transaction

from config.embedded import broker
from config.embedded.postgres import EmbeddedError
from organizations.models import Organization, Outbox
from organizations.operations import outbox
from targets import tasks
from targets.models import Attainment
from tests.organizations.makers import cell, unit
from tests.targets.makers import admit, stand_on

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.worker]

DAY = date(2021, 5, 28)
WITHIN = 5.0
"""Seconds in which a change shows on all dashboards above."""


def server() -> str:
    try:
        return str(broker.binary())
    except EmbeddedError:
        return shutil.which("redis-server") or pytest.skip("no Valkey and no Redis here")


@contextmanager
def running(
    command: list[str], *, log: Path, **variables: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for the block; with its children it is gone after."""
    with log.open("ab") as output:
        program = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **variables},
            start_new_session=True,
        )
    try:
        yield program
    finally:
        with suppress(ProcessLookupError):  # the test has killed it
            os.killpg(program.pid, signal.SIGTERM)
        try:
            program.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()


def until(true: Callable[[], bool], *, seconds: float, log: Path) -> float:
    """Return after how many seconds `true` held; fails with the log where it did not in time."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, log.read_text()[-4000:]
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name, as the path of a Unix socket must be."""
    with tempfile.TemporaryDirectory(prefix="kn-") as made:
        yield Path(made)


@contextmanager
def valkey(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    socket = folder / "broker"
    options = ["--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", ""]
    with running([server(), *options], log=folder / "broker.log") as process:
        until(socket.exists, seconds=10, log=folder / "broker.log")
        yield process
    socket.unlink(missing_ok=True)


@contextmanager
def a_broker(folder: Path) -> Iterator[None]:
    """The server that was given for the tests, else one of our own for the block."""
    if given_broker():
        yield
        return
    with valkey(folder):
        yield


def given_broker() -> str | None:
    return os.environ.get("TESTS_BROKER_URL")


@contextmanager
def worker(folder: Path, database: str, *options: str, broker_url: str = "") -> Iterator[None]:
    log = folder / "worker.log"
    command = [
        *(sys.executable, "-m", "celery", "-A", "config.celery", "worker"),
        *("--pool", "solo", "--loglevel", "INFO", "--without-gossip", "--without-mingle"),
        *options,
    ]
    variables = {
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "APP_DATABASE_URL": database,
        "APP_VAR": str(folder),
        "CELERY_BROKER_URL": broker_url or f"redis+socket://{folder}/broker",
    }
    with running(command, log=log, **variables):
        until(lambda: b"ready." in log.read_bytes(), seconds=30, log=log)
        yield


def find(broker_url: str) -> None:
    """Let the tasks called from this process find the broker at `broker_url`."""
    current_app.pool.force_close_all()
    current_app._pool = None
    current_app.amqp._producer_pool = None
    current_app.conf.broker_url = broker_url
    tasks._next_try = 0.0


@pytest.fixture
def broker_of_this_process(folder: Path) -> Iterator[None]:
    """Let the tasks called from the test find the test's own broker."""
    before = current_app.conf.broker_url
    find(f"redis+socket://{folder}/broker")
    yield
    find(before)


@pytest.fixture
def country(broker_of_this_process: None) -> tuple[Organization, Organization]:
    stand_on(DAY)
    top = unit("top", kind="province")
    return top, cell("c1", unit("a", top))


def admit_one(in_cell: Organization) -> None:
    with transaction.atomic():
        fact = admit(in_cell, DAY)[0]
        outbox.announce(fact, organization=in_cell, on=DAY)


def shows(organization: Organization, people: int) -> Callable[[], bool]:
    return Attainment.objects.filter(
        organization=organization, lens="then", year=2021, admitted=people
    ).exists


def test_a_commit_wakes_the_worker_and_shows_at_the_top(
    country: tuple[Organization, Organization],
    folder: Path,
    app_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    top, c1 = country
    if given := given_broker():
        find(given)
    with a_broker(folder), worker(folder, app_database_url, broker_url=given or ""):
        monkeypatch.setattr(tasks, "_next_try", 0.0)  # it has just seen a dead broker
        for people in (1, 2, 3):
            admit_one(c1)

            until(shows(top, people), seconds=WITHIN, log=folder / "worker.log")
            time.sleep(0.1)

    assert not Outbox.objects.exists()


def test_what_was_saved_while_the_broker_was_dead_shows_once_it_is_back(
    country: tuple[Organization, Organization], folder: Path, app_database_url: str
) -> None:
    top, c1 = country
    before = time.monotonic()
    admit_one(c1)  # with no broker at all: saved, and at once
    assert time.monotonic() - before < 3
    assert not shows(top, 1)()

    schedule = str(folder / "beat")
    with valkey(folder), worker(folder, app_database_url, "--beat", "--schedule", schedule):
        until(shows(top, 1), seconds=WITHIN, log=folder / "worker.log")


def test_while_the_broker_is_dead_beat_looks_for_itself(
    country: tuple[Organization, Organization], folder: Path, app_database_url: str
) -> None:
    top, c1 = country
    log = folder / "worker.log"
    with (
        valkey(folder) as killed,
        worker(folder, app_database_url, "--beat", "--schedule", str(folder / "beat")),
    ):
        killed.kill()
        killed.wait()
        for people in (1, 2):
            admit_one(c1)

            until(shows(top, people), seconds=WITHIN, log=log)
        assert killed.poll() is not None
    assert not Outbox.objects.exists()
