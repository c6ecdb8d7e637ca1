"""One admission: what telling it costs, and how soon it shows at the top."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter, sleep
from unittest.mock import patch

from django.db import connection, transaction

from admissions.models import Admission, Candidate
from admissions.operations import ceremonies, recording
from admissions.operations.ceremonies import hold_ceremony, tell_admission
from admissions.stages import Stage
from benchmarks.measuring import Figure, milliseconds, p95, sampled
from benchmarks.nation import DAY, YEAR
from config.embedded import broker
from config.periods import between
from organizations.models import Appointment, Role, User
from organizations.operations import outbox
from targets.models import Attainment
from targets.operations.attainment import fold

SECONDS = 15.0
"""How long each is asked at the most."""
PATIENCE = 60.0
"""Seconds after which an admission that does not show counts as taking that long."""


def measure() -> list[Figure]:
    """Measure in the present database, whose years are computed."""
    kept = list(outbox.wakers)
    outbox.wakers.clear()
    try:
        found = [*_cost(), *_in_the_database()]
    finally:
        outbox.wakers[:] = kept
    return [*found, *_through_the_broker(), *_without_the_broker()]


# ------------------------------------------------------------------ what it costs


def _cost() -> list[Figure]:
    """Hold real ceremonies, each second one without its rows in the outbox."""
    files = _decided(81)
    if len(files) < 7:
        return []
    told: list[float] = []
    untold: list[float] = []
    for place, (file, secretary) in enumerate(files):
        if place % 2:
            told.append(_ceremony(file, secretary))
        else:
            with patch.object(ceremonies, "announce"), patch.object(recording, "announce"):
                untold.append(_ceremony(file, secretary))
    fold()
    return [
        Figure("admission_ms", "An admission: the ceremony's transaction, median",
               median(told[2:]), "ms"),
        Figure("outbox_cost", "The same with its rows in the outbox to without",
               median(told[2:]) / median(untold[2:]), "×", 1.25),
    ]  # fmt: skip


def _decided(most: int) -> list[tuple[Candidate, User]]:
    """Return files whose decision waits for its ceremony, each with a secretary of its cell."""
    files = Candidate.objects.filter(stage=Stage.DECIDED, moves=None).order_by("pk")[:most]
    found = []
    for file in files.select_related("cell"):
        user, _made = User.objects.get_or_create(
            username=f"secretary-{file.cell_id}", defaults={"full_name": "Bí thư"}
        )
        Appointment.objects.get_or_create(
            user=user,
            organization=file.cell,
            role=Role.SECRETARY,
            defaults={"period": between(file.cell.period.lower, None)},
        )
        found.append((file, user))
    return found


def _ceremony(file: Candidate, secretary: User) -> float:
    return milliseconds(lambda: hold_ceremony(file, by=secretary, on=DAY, ceremony_on=DAY))


# ------------------------------------------------------------------ how soon it shows


def _admit() -> None:
    """Write a further admission, as its operation does at the last, and commit."""
    with transaction.atomic():
        fact = Admission.objects.filter(sign=1).latest("pk")
        fact.pk, fact.origin = None, Admission.Origin.TAKEN_OVER
        fact.candidate = fact.decision = None
        fact.ceremony_on = fact.decided_on = DAY
        fact.save(force_insert=True)
        tell_admission(fact)


def _top() -> int:
    row = Attainment.objects.filter(organization=1, year=YEAR, lens=Attainment.Lens.THEN)
    return row.values_list("admitted", flat=True).get()


def _in_the_database() -> list[Figure]:
    def shown() -> float:
        before = _top()
        _admit()
        taken = milliseconds(lambda: [fold(), _top()])
        assert _top() == before + 1, (before, _top())
        return taken

    shown()
    taken = sampled(shown, most=100, seconds=SECONDS)
    return [
        Figure("visible_at_root_p95_ms", "An admission shows at the top after commit, p95",
               p95(taken), "ms", 10, note=f"{len(taken)} admissions, each folded by itself"),
        Figure("visible_at_root_p50_ms", "An admission shows at the top after commit, median",
               median(taken), "ms"),
    ]  # fmt: skip


def _through_the_broker() -> list[Figure]:
    from celery import current_app  # noqa: PLC0415 - with the settings of this process

    from targets import tasks  # noqa: PLC0415 - makes the tasks

    with tempfile.TemporaryDirectory(prefix="kn-") as made, _valkey(Path(made)) as address:
        before = current_app.conf.broker_url
        _find(current_app, address)
        try:
            with _worker(Path(made), address):

                def shown() -> float:
                    tasks._next_try = 0.0
                    wanted = _top() + 1
                    _admit()
                    began = perf_counter()
                    while _top() < wanted and perf_counter() - began < PATIENCE:
                        sleep(0.001)
                    taken = (perf_counter() - began) * 1000
                    sleep(0.06)  # one waking answers for many within a twentieth of a second
                    return taken

                first = shown()
                has_ended = first < PATIENCE * 1000
                taken = sampled(shown, most=60, seconds=SECONDS) if has_ended else [first]
        finally:
            _find(current_app, before)
    return [
        Figure("visible_via_celery_p95_ms",
               "An admission shows at the top through Celery and the broker, p95",
               p95(taken), "ms", 250, note=f"{len(taken)} admissions, one worker"),
        Figure("visible_via_celery_p50_ms",
               "An admission shows at the top through Celery and the broker, median",
               median(taken), "ms"),
    ]  # fmt: skip


def _without_the_broker() -> list[Figure]:
    """Let beat alone look for news: nothing answers where its broker should be."""
    with tempfile.TemporaryDirectory(prefix="kn-") as made:
        folder = Path(made)
        command = ["beat", "--schedule", str(folder / "schedule"), "--pidfile="]
        with _celery(command, folder, f"redis+socket://{folder}/nobody"):

            def shown() -> float:
                wanted = _top() + 1
                _admit()
                began = perf_counter()
                while _top() < wanted and perf_counter() - began < PATIENCE:
                    sleep(0.001)
                return (perf_counter() - began) * 1000

            shown()  # beat has begun
            taken = sampled(shown, most=20, seconds=2 * SECONDS)
    return [
        Figure("visible_without_broker_p95_ms",
               "An admission shows at the top while the broker is dead, p95",
               p95(taken), "ms", 5000, note=f"{len(taken)} admissions, beat alone"),
    ]  # fmt: skip


def _find(app: object, address: str) -> None:
    """Let this process's tasks find the broker at `address`."""
    app.pool.force_close_all()
    app._pool = None
    app.amqp._producer_pool = None
    app.conf.broker_url = address


@contextmanager
def _running(command: list[str], log: Path, **variables: str) -> Iterator[None]:
    with log.open("ab") as output:
        program = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, **variables},
        )  # fmt: skip
    try:
        yield
    finally:
        os.killpg(program.pid, signal.SIGTERM)
        try:
            program.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()


def _until(true: Callable[[], bool], log: Path, *, seconds: float = 60) -> None:
    began = monotonic()
    while not true():
        assert monotonic() - began < seconds, log.read_text()[-2000:]
        sleep(0.02)


@contextmanager
def _valkey(folder: Path) -> Iterator[str]:
    """Give the address of a broker of our own."""
    socket = folder / "broker"
    command = [str(broker.binary()), "--port", "0", "--unixsocket", str(socket)]
    with _running([*command, "--dir", str(folder), "--save", ""], folder / "broker.log"):
        _until(socket.exists, folder / "broker.log")
        yield f"redis+socket://{socket}"


@contextmanager
def _worker(folder: Path, address: str) -> Iterator[None]:
    """Run a worker of the product on the present database."""
    options = ["worker", "--pool", "solo", "--loglevel", "INFO"]
    with _celery([*options, "--without-gossip", "--without-mingle"], folder, address) as log:
        _until(lambda: b"ready." in log.read_bytes(), log)
        yield


@contextmanager
def _celery(options: list[str], folder: Path, address: str) -> Iterator[Path]:
    """Run Celery on the present database; give its log."""
    from config import database  # noqa: PLC0415

    log = folder / "celery.log"
    variables = {
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "APP_DATABASE_URL": database.named(
            os.environ["DATABASE_URL"], connection.settings_dict["NAME"]
        ),
        "APP_VAR": str(folder),
        "CELERY_BROKER_URL": address,
    }
    command = [sys.executable, "-m", "celery", "-A", "config.celery", *options]
    with _running(command, log, **variables):
        yield log
