"""`make run` from outside: the supervisor as a process of its own, killed in every way.

One data folder for the file, with a name that is long and unusual; each test leaves it stopped.
"""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from config.embedded import postgres
from config.environment import BASE_DIR

pytestmark = pytest.mark.slow


class Installation:
    """A data folder, and whatever runs on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()

    def env(self, **more: str) -> dict[str, str]:
        ours = ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE", "SCENARIO")
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        return {**kept, "APP_VAR": str(self.folder), "PORT": str(self.port), "DEMO": "0", **more}

    def start(self, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "config.embedded.supervisor"],
            cwd=BASE_DIR, env=self.env(**more), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    @contextmanager
    def running(self, **more: str) -> Iterator[subprocess.Popen[str]]:
        process = self.start(**more)
        try:
            self.wait_for_ready(process)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(90)
            except subprocess.TimeoutExpired:  # let it hold the folder against no other test
                process.kill()
                raise
            finally:
                self.sweep()

    @staticmethod
    def wait_for_ready(process: subprocess.Popen[str]) -> list[str]:
        said = []
        for line in process.stdout:
            said.append(line.strip())
            if line.startswith("Ready: "):
                return said
        raise AssertionError("it ended instead: " + "\n".join(said))

    def manage(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR, env=self.env(**more), text=True, capture_output=True, check=False,
        )  # fmt: skip

    def status(self, path: str = "/healthz") -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as got:
                return got.status
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0

    def processes(self) -> list[str]:
        """The names of all processes that were started for this folder, or stand in it."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if self.owns(entry):
                    found.append((entry / "comm").read_text().strip())
            except OSError:  # it ended meanwhile
                continue
        return sorted(found)

    def workers(self) -> list[int]:
        """Celery's processes of this folder, the one that started the others first."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it ended meanwhile
                if b"celery" in entry.joinpath("cmdline").read_bytes() and self.owns(entry):
                    found.append(int(entry.name))
        return sorted(found)

    def owns(self, process: Path) -> bool:
        # Servers write their title over their environment, but stand in their data.
        mark = f"APP_VAR={self.folder}".encode()
        stands_in = process.joinpath("cwd").readlink()
        return stands_in.is_relative_to(self.folder) or mark in (
            process.joinpath("environ").read_bytes().split(b"\0")
        )

    def sweep(self) -> None:
        """End what a failed test left, so that the next one begins from nothing."""
        postgres.Cluster(self.folder / "postgres").stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("data") / "thư mục, 'lạ'" / ("dài-" * 30)
    made = Installation(folder)
    yield made
    made.sweep()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_serves_the_first_page_and_leaves_no_process_when_told_to_end(installation, sign):
    with installation.running() as process:
        assert installation.status("/") == 200
        assert {"postgres", "valkey-server"} < set(installation.processes())

        process.send_signal(sign)

        assert process.wait(90) == 0
        assert installation.processes() == []


def test_what_it_prints_is_the_address_alone_the_second_time(installation):
    with installation.running():
        pass

    process = installation.start()
    said = installation.wait_for_ready(process)
    process.terminate()
    process.wait(90)

    assert said == [f"Ready: http://127.0.0.1:{installation.port}/"]


def test_after_a_kill_of_the_supervisor_the_next_start_adopts_the_database(installation):
    killed = installation.start()
    installation.wait_for_ready(killed)
    server = postgres.Cluster(installation.folder / "postgres").pid()

    killed.kill()
    killed.wait()

    assert within(60, lambda: set(installation.processes()) == {"postgres"}), (
        installation.processes()
    )
    with installation.running() as process:
        assert installation.status() == 200
        assert postgres.Cluster(installation.folder / "postgres").pid() == server
        process.terminate()
        process.wait(90)
        assert installation.processes() == []


def test_a_start_right_after_a_kill_of_the_supervisor_works(installation):
    killed = installation.start()
    installation.wait_for_ready(killed)
    killed.kill()

    with installation.running() as process:
        assert within(60, lambda: "valkey-server" in installation.processes())
        assert (process.poll(), installation.status()) == (None, 200)

    killed.wait()
    assert within(60, lambda: installation.processes() == []), installation.processes()


def test_a_killed_database_comes_back_and_so_does_a_killed_web_server(installation):
    with installation.running():
        server = postgres.Cluster(installation.folder / "postgres").pid()
        os.kill(server, signal.SIGKILL)
        assert within(60, lambda: postgres.Cluster(
            installation.folder / "postgres").pid() not in {None, server})  # fmt: skip
        assert within(60, lambda: installation.status() == 200)

        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            arguments = entry.read_bytes().split(b"\0")
            if b"gunicorn" in arguments and installation.owns(entry.parent):
                os.kill(int(entry.parent.name), signal.SIGKILL)
        assert within(60, lambda: installation.status() == 200)

    assert installation.processes() == []


def test_a_killed_worker_takes_its_pool_and_its_beat_with_it(installation):
    with installation.running() as process:
        assert within(60, lambda: len(installation.workers()) == 4)  # two of the pool, the beat
        process.send_signal(signal.SIGSTOP)  # it would end them itself, and start others
        try:
            os.kill(installation.workers()[0], signal.SIGKILL)

            assert within(20, lambda: installation.workers() == []), installation.workers()
        finally:
            process.send_signal(signal.SIGCONT)


def test_a_signal_that_comes_while_a_part_is_started_again_is_heeded():
    told_at_the_fork = """
import os, signal, subprocess
from config.embedded import supervisor
signal.signal(signal.SIGTERM, supervisor._interrupted)
os.register_at_fork(after_in_parent=lambda: signal.raise_signal(signal.SIGTERM))
subprocess.run(["true"], preexec_fn=lambda: None)
print("lost")
supervisor.heed()
print("not heeded")
"""
    ran = subprocess.run(
        [sys.executable, "-c", told_at_the_fork],
        cwd=BASE_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (ran.stdout, ran.returncode) == ("lost\n", -signal.SIGINT)


def test_a_broken_broker_file_costs_nothing_but_what_was_in_it(installation):
    with installation.running():
        pass
    for file in (installation.folder / "valkey" / "appendonlydir").iterdir():
        file.write_bytes(b"*not what the broker wrote\r\n")

    with installation.running() as process:
        assert within(60, lambda: "valkey-server" in installation.processes())
        assert process.poll() is None
        assert installation.status() == 200


def test_a_second_start_on_the_folder_and_one_on_a_taken_port_get_one_line(installation, tmp_path):
    with installation.running() as first:
        second = installation.start(PORT=str(free_port()))
        said, _ = second.communicate(timeout=20)
        third = installation.start(APP_VAR=str(tmp_path))
        also_said, _ = third.communicate(timeout=20)

        assert (second.returncode, said.count("\n")) == (1, 1)
        assert f"in use already as process {first.pid}" in said
        assert (third.returncode, also_said.count("\n")) == (1, 1)
        assert also_said.startswith(f"Port {installation.port} of 127.0.0.1 cannot be had")


def test_a_demonstration_is_not_loaded_where_others_could_reach_it(installation):
    refused = installation.start(DEMO="1", BIND="0.0.0.0")
    said, _ = refused.communicate(timeout=60)

    assert refused.returncode == 1
    assert said.splitlines()[-1] == (
        "A demonstration is served to this machine only: BIND=0.0.0.0 is refused."
    )
    assert installation.processes() == []


def test_commands_find_the_running_database_and_say_in_one_line_when_there_is_none(installation):
    with installation.running():
        found = installation.manage("migrate", "--check")
        assert (found.returncode, found.stderr) == (0, "")
        assert json.loads((installation.folder / "run.json").read_text())["database"] == "ketnap"

    missed = installation.manage("migrate", "--check")

    assert missed.returncode == 1
    assert missed.stderr.startswith("The database does not answer: start it with make run")
    assert missed.stderr.count("\n") == 1


def test_the_key_of_an_installation_is_its_own_and_private(installation):
    with installation.running():
        pass
    key = installation.folder / "secret_key"

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_text()) > 60


def test_a_server_started_twice_is_one_server(tmp_path):
    one, other = (postgres.Cluster(tmp_path / "pg", durable=False) for _ in "ab")
    one.start()
    try:
        other.start()

        assert one.pid() == other.pid()
    finally:
        other.stop()
    assert one.pid() is None


def test_a_stale_pid_file_naming_another_program_does_not_stop_a_start(tmp_path):
    cluster = postgres.Cluster(tmp_path / "pg", durable=False)
    cluster.start()
    cluster.stop()
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n")

    cluster.start()
    try:
        assert cluster.pid() not in {None, os.getpid()}
    finally:
        cluster.stop()
