"""Folders that are killed, sessions cut off, rollbacks, moves and recomputes at once: all counts.

At the end the judge, which counts from the facts, finds no figure that differs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from django.db import OperationalError, connections, transaction

from admissions.models import Admission
from admissions.operations.ceremonies import tell_admission
from organizations.models import Job, Organization, Outbox
from organizations.operations.structure import move
from targets.models import Attainment, FiguredYear
from targets.operations.attainment import fold, recompute
from tests.database import OwnerRole
from tests.targets.makers import admit, cells_of, committees_of, grow, reverse, stand_on

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

DAY = date(2021, 5, 28)
LASTS = 15.0
"""Seconds of the chaos."""

FOLDER = """
import os, time, django
django.setup()
from django.db import connections
from targets import deltas
from targets.operations.attainment import fold
statement = deltas.fold
def slowly(**asked):
    folded = statement(**asked)
    time.sleep(0.03)
    return folded
deltas.fold = slowly
fold()  # all that is read once is read before there are children
connections.close_all()
while True:
    child = os.fork()
    if child == 0:
        print(os.getpid(), flush=True)
        while True:
            fold() or time.sleep(0.002)
    os.waitpid(child, 0)
"""
"""Folds for ever; whoever is killed at it is followed by the next at once.

As on a slow disk, so that others and the kill come between the statement and its commit.
"""


@pytest.fixture
def folders(app_database_url: str, tmp_path: Path) -> Iterator[list[Path]]:
    """Three programs that fold; each file ends in the process to kill."""
    logs = [tmp_path / f"folder{number}" for number in range(3)]
    variables = {
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "APP_DATABASE_URL": app_database_url,
        "APP_VAR": str(tmp_path),
    }
    programs = []
    for log in logs:
        with log.open("wb") as output, (tmp_path / "errors").open("ab") as errors:
            programs.append(
                subprocess.Popen(
                    [sys.executable, "-W", "ignore", "-c", FOLDER],
                    stdout=output,
                    stderr=errors,
                    env={**os.environ, **variables},
                    start_new_session=True,
                )
            )
    began = time.monotonic()
    while not all(log.read_text() for log in logs):
        assert time.monotonic() - began < 30, (tmp_path / "errors").read_text()[-2000:]
        time.sleep(0.05)
    yield logs
    for program in programs:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()


class _ChangedMindError(Exception):
    """A transaction that had said it all, and was rolled back."""


class Chaos:
    """What goes on at once: each deed counted in `done`, what broke unforeseen in `failed`."""

    def __init__(
        self,
        cells: list[Organization],
        committees: list[Organization],
        owner_role: OwnerRole,
    ) -> None:
        self.cells, self.committees, self.owner_role = cells, committees, owner_role
        self.done: Counter[str] = Counter()
        self.failed: list[BaseException] = []

    def start(
        self, deed: Callable[[Random], str], *, seed: int, every: float, lasts: float = LASTS
    ) -> threading.Thread:
        ends = time.monotonic() + lasts

        def work() -> None:
            random = Random(seed)
            try:
                while time.monotonic() < ends:
                    self.done[deed(random)] += 1
                    time.sleep(random.random() * every * 2)
            except BaseException as failure:  # noqa: BLE001 - told by the test
                self.failed.append(failure)
            finally:
                connections.close_all()

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    def writer(self) -> Callable[[Random], str]:
        """A deed of one who admits, and reverses some of what he admitted himself."""
        standing: list[Admission] = []

        def write(random: Random) -> str:
            undone = random.choice(standing) if standing and random.random() < 0.15 else None
            try:
                with transaction.atomic():
                    if undone:
                        on = random.choice([undone.ceremony_on, DAY])
                        made = [reverse(undone, on=on)]
                    else:
                        day = DAY - timedelta(days=random.randint(0, 500))
                        made = admit(random.choice(self.cells), *[day] * random.randint(1, 3))
                    for fact in made:
                        tell_admission(fact)
                    if random.random() < 0.1:
                        raise _ChangedMindError
            except _ChangedMindError:
                return "rollback"
            if undone:
                standing.remove(undone)
                return "reversal"
            standing.extend(made)
            return "admission"

        return write

    def reorganise(self, random: Random) -> str:
        cell, under = random.choice(self.cells), random.choice(self.committees)
        try:
            with transaction.atomic():
                move(cell, under=under, on=DAY - timedelta(days=random.randint(0, 3)))
        except Exception as refused:  # noqa: BLE001 - it stands there already, or since later
            return type(refused).__name__
        return "move"

    def judge(self, random: Random) -> str:
        year = random.choice([2020, 2021])
        try:
            recompute(year)
        except OperationalError:
            return "recompute that was cut off"
        return "recompute"

    def cut_off(self, _random: Random) -> str:
        with self.owner_role() as cursor:  # others see neither a session's statement nor end it
            cursor.execute(
                """
                SELECT count(pg_terminate_backend(pid)) FROM (
                    SELECT pid FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                        AND query LIKE '%WITH news AS%' AND state <> 'idle'
                    LIMIT 1
                ) AS one
                """
            )
            (cut,) = cursor.fetchone()
        return "sessions cut off" if cut else "nobody to cut off"


def test_whatever_is_killed_meanwhile_no_figure_differs_in_the_end(
    transactional_db: None, folders: list[Path], owner_role: OwnerRole
) -> None:
    stand_on(DAY)
    units = grow(Random(7), cells=16, since=date(2019, 1, 1), until=date(2021, 5, 1))
    cells = cells_of(units)
    committees = committees_of(units)
    for year in (2020, 2021):
        recompute(year)
    chaos = Chaos(cells, committees, owner_role)

    def kill(random: Random) -> str:
        try:
            os.kill(int(random.choice(folders).read_text().split()[-1]), signal.SIGKILL)
        except ProcessLookupError:
            return "dead already"
        return "kill"

    threads = [
        *(chaos.start(chaos.writer(), seed=seed, every=0.005) for seed in range(3)),
        chaos.start(kill, seed=4, every=0.5),
        chaos.start(chaos.cut_off, seed=5, every=0.5),
        # These compute whole years anew, which would mend what the others do wrong after them.
        chaos.start(chaos.judge, seed=6, every=0.6, lasts=LASTS / 2),
        chaos.start(chaos.reorganise, seed=7, every=0.8, lasts=LASTS / 2),
    ]
    for thread in threads:
        thread.join()
    while Outbox.objects.exists():
        fold()

    assert chaos.failed == []
    lacking = {
        "admission",
        "reversal",
        "rollback",
        "kill",
        "sessions cut off",
        "move",
        "recompute",
    } - set(chaos.done)
    assert not lacking, chaos.done
    print(dict(chaos.done))  # noqa: T201 - shown by `pytest -s`
    standing = Admission.objects.held_in(2021)
    top = Attainment.objects.get(organization=units["top"], year=2021, lens="then")
    assert top.admitted == sum(standing.values_list("sign", flat=True))  # type: ignore[attr-defined]
    for year in FiguredYear.objects.values_list("year", flat=True):
        assert recompute(year).changed == 0
    # Nor did any of the nights find a difference on the way.
    assert not Job.objects.filter(changed__gt=0).exclude(errors=[]).exists()
