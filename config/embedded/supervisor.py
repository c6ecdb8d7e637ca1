"""Everything the product needs on this machine in one foreground command: `make run`.

PostgreSQL and Valkey (unless `DATABASE_URL` / `CELERY_BROKER_URL` name servers), migrations, the
demonstration if the database is empty, then web, worker and beat until Ctrl-C or SIGTERM, which
leave no process. After a `kill -9` of this process its children end by themselves; PostgreSQL
alone goes on, and the next start adopts it.

Variables: README "Set-up". Django is not loaded here: a second start has a few seconds in all.
"""

import argparse
import contextlib
import ctypes
import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from config import database, environment, migrated
from config.embedded import assets, broker, postgres
from config.embedded.postgres import EmbeddedError
from config.environment import BASE_DIR, DEFAULT_SCENARIO, LOOPBACK

PR_SET_PDEATHSIG = 1
SHARED_MEMORY = "/dev/shm"  # nosec B108
MANAGE = (sys.executable, str(BASE_DIR / "manage.py"))
GIVE_UP = (5, 60.0)
"""A part that ended so often within so many seconds is not started again."""


class CannotRunError(Exception):
    """Why nothing can be served; one line."""


@dataclass
class Part:
    """One process of ours, started again when it ends by itself."""

    name: str
    command: Sequence[str]
    env: dict[str, str]
    pass_fds: tuple[int, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None
    ended: list[float] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return environment.data_folder() / "log" / f"{self.name}.log"

    def start(self) -> None:
        self.process = spawn(self.command, env=self.env, log=self.log, pass_fds=self.pass_fds)

    def last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return (lines or ["nothing in its log"])[-1]


def spawn(
    command: Sequence[str], *, env: dict[str, str], log: Path, pass_fds: tuple[int, ...] = ()
) -> "subprocess.Popen[bytes]":
    """Start `command` so that it ends when this process does, however that ends.

    To be called from the main thread: the death of the *thread* is what the kernel watches.
    A session of its own: Ctrl-C reaches this process alone, which stops the others in order.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    with open_log(log) as output:
        return subprocess.Popen(
            list(command),
            cwd=BASE_DIR,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=pass_fds,
            preexec_fn=die_with_parent if sys.platform == "linux" else None,
        )


def open_log(path: Path) -> IO[bytes]:
    """Open a log to append to; the last run's is kept aside once it is large."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > 5_000_000:
        path.replace(path.with_suffix(".old"))
    return path.open("ab")


class Supervisor:
    """One run on one data folder."""

    def __init__(self, *, scenario: str | None, demonstration: bool) -> None:
        self.var = environment.data_folder()
        self.port = _port(os.environ.get("PORT"))
        self.bind = os.environ.get("BIND") or "127.0.0.1"
        self.scenario = scenario
        self.demonstration = demonstration
        self.cluster: postgres.Cluster | None = None
        self.parts: dict[str, Part] = {}
        self.env = dict(os.environ, PYTHONUNBUFFERED="1")
        self.env.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
        if self.bind not in LOOPBACK:
            hosts = [self.bind, *filter(None, os.environ.get("ALLOWED_HOSTS", "").split(","))]
            self.env["ALLOWED_HOSTS"] = ",".join(hosts)

    def run(self) -> int:
        """Serve until told to stop; return the exit code."""
        if sys.platform == "linux" and not os.access(SHARED_MEMORY, os.W_OK):
            raise CannotRunError(f"The worker needs {SHARED_MEMORY}: mount a tmpfs there.")
        with contextlib.ExitStack() as held:
            held.enter_context(self._only_one())
            listener = held.enter_context(self._listener())
            held.callback(self._stop)
            self._start(listener.fileno())
            self._wait_until_it_answers()
            print(f"Ready: {self.address}/", flush=True)
            self._print_sign_ins()
            return self._watch()

    @property
    def address(self) -> str:
        host = f"[{self.bind}]" if ":" in self.bind else self.bind
        return f"http://{host}:{self.port}"

    # ------------------------------------------------------------ starting

    def _start(self, listener: int) -> None:
        """Start everything; what needs nothing else goes first and runs beside the rest."""
        self._start_broker()
        self._start_database()
        making = self._make_assets()
        self._prepare_database()
        if making and making.wait():
            log = self.var / "log" / "assets.log"
            raise CannotRunError(f"The fonts or translations could not be made: see {log}")
        self._write_down()
        self._start_web(listener)
        self._start_worker()

    def _start_broker(self) -> None:
        if environment.value("CELERY_BROKER_URL"):
            return

        def start(command: list[str]) -> "subprocess.Popen[bytes]":
            part = self.parts["broker"] = Part("broker", command, self.env)
            part.start()
            if part.process is None:
                raise CannotRunError("the broker was not started")
            return part.process

        broker.start(start)

    def _start_database(self) -> None:
        if not environment.value("DATABASE_URL"):
            self.cluster = postgres.Cluster(postgres.home())
            self.cluster.start()
        name = database.DATABASE if self.scenario is None else ""
        url = environment.value("DATABASE_URL")
        if self.scenario is not None:
            name = database.scenario_database(self.scenario)
            url = database.named(url, name) if url else None
        self.url = url or postgres.socket_url(name)
        self.database = database.database_of(self.url)
        # Each process that we start knows it by the same variable, the embedded one too.
        self.env["DATABASE_URL"] = self.url
        self.env.pop("SCENARIO", None)
        self.env.pop("DATABASE_URL_FILE", None)

    def _make_assets(self) -> "subprocess.Popen[bytes] | None":
        if assets.are_current():
            return None
        command = [sys.executable, "-m", "config.embedded.assets"]
        return spawn(command, env=self.env, log=self.var / "log" / "assets.log")

    def _prepare_database(self) -> None:
        """Make, migrate and fill the database, as far as it is not."""
        if not self._is_migrated():
            self._say(f"Preparing the database {self.database} …")
            self._manage("migrate", "-v", "0")
        mode = self._mode()
        wanted = self.scenario or DEFAULT_SCENARIO
        loads = self.demonstration and mode is None and not self._has_organizations()
        if self.bind not in LOOPBACK and (loads or mode == "demonstration"):
            raise CannotRunError(
                f"A demonstration is served to this machine only: BIND={self.bind} is refused."
            )
        if not self.demonstration and mode == "demonstration":
            raise CannotRunError(
                f"The database {self.database} holds a demonstration:"
                " set APP_VAR to a new folder for a real installation."
            )
        if loads:
            self._say(f"Loading the demonstration {wanted} …")
            # What a load has not committed is nothing to autovacuum: plans would be made as if the
            # tables were empty, and take minutes.
            self._let_autovacuum("SET (autovacuum_enabled = off)")
            try:
                self._manage("load_scenario", wanted)
            finally:
                self._let_autovacuum("RESET (autovacuum_enabled)")
            with self._connect() as connection:
                connection.execute("ANALYZE")
            mode = self._mode()
        self.is_demonstration = mode == "demonstration"

    def _is_migrated(self) -> bool:
        """Say whether the database is there and carries the mark of the present migrations."""
        try:
            with self._connect() as connection:
                row = connection.execute(
                    "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
                    " WHERE datname = current_database()"
                ).fetchone()
        except psycopg.OperationalError as failure:
            if getattr(failure, "sqlstate", None) is None and "does not exist" in str(failure):
                self._create_database()
                return False
            line = str(failure).strip().splitlines()[0]
            raise CannotRunError(f"The database does not answer: {line}") from None
        return bool(row and row[0] == migrated.mark())

    def _create_database(self) -> None:
        try:
            with psycopg.connect(
                database.named(self.url, "postgres"), autocommit=True, connect_timeout=10
            ) as connection:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(
                        sql.Identifier(self.database)
                    )
                )
        except psycopg.Error as failure:
            line = str(failure).strip().splitlines()[0]
            raise CannotRunError(f"Cannot make the database {self.database}: {line}") from None

    def _mode(self) -> str | None:
        with self._connect() as connection:
            row = connection.execute("SELECT mode FROM organizations_installation").fetchone()
        return row[0] if row else None

    def _has_organizations(self) -> bool:
        with self._connect() as connection:
            found = connection.execute(
                "SELECT EXISTS (SELECT FROM organizations_organization)"
            ).fetchone()
        return bool(found and found[0])

    def _let_autovacuum(self, change: str) -> None:
        with self._connect() as connection:
            tables = connection.execute(
                "SELECT oid::regclass::text FROM pg_class"
                " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            ).fetchall()
            connection.execute("; ".join(f"ALTER TABLE {table} {change}" for (table,) in tables))

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url, autocommit=True, connect_timeout=10)

    def _manage(self, *arguments: str) -> None:
        """Run a management command to its end; its own words explain a failure."""
        ran = subprocess.Popen(
            [*MANAGE, *arguments], cwd=BASE_DIR, env=self.env, start_new_session=True
        )
        try:
            heed()
            if ran.wait():
                raise CannotRunError(f"manage.py {' '.join(arguments)} failed: see above.")
        except BaseException:
            end([ran])
            raise

    def _start_web(self, listener: int) -> None:
        command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"fd://{listener}"]
        command += ["--config", str(BASE_DIR / "deploy" / "gunicorn.conf.py")]
        env = dict(self.env, PORT=str(self.port), STATEMENT_TIMEOUT="15s")
        self.parts["web"] = Part("web", command, env, pass_fds=(listener,))
        self.parts["web"].start()

    def _start_worker(self) -> None:
        command = [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "--beat"]
        command += ["-Q", "default,long", "-c", "2", "-l", "warning", "--without-mingle"]
        command += ["--without-gossip", "-s", str(self.var / "beat-schedule")]
        self.parts["worker"] = Part("worker", command, dict(self.env, STATEMENT_TIMEOUT="20s"))
        self.parts["worker"].start()

    def _wait_until_it_answers(self, timeout: float = 60) -> None:
        web = self.parts["web"]
        deadline = time.monotonic() + timeout
        while not self._answers():
            heed()
            if web.process is None or web.process.poll() is not None:
                raise CannotRunError(f"The web server ended: {web.last_words()} (see {web.log})")
            if time.monotonic() > deadline:
                raise CannotRunError(f"The web server does not answer: see {web.log}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        host = "127.0.0.1" if self.bind == "0.0.0.0" else self.bind  # nosec B104
        connection = http.client.HTTPConnection(host, self.port, timeout=5)
        try:
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _print_sign_ins(self) -> None:
        if self.is_demonstration:
            subprocess.run([*MANAGE, "sign_ins"], cwd=BASE_DIR, env=self.env, check=False)
            sys.stdout.flush()

    # ------------------------------------------------------------ running

    def _watch(self) -> int:
        """Start again what ends by itself, until a signal ends this loop from outside."""
        while True:
            heed()
            for part in self.parts.values():
                if part.process is not None and part.process.poll() is not None:
                    self._again(part)
            if self.cluster and self.cluster.pid() is None:
                self._say("PostgreSQL ended; starting it again.")
                self.cluster.start()
            time.sleep(0.3)

    def _again(self, part: Part) -> None:
        now = time.monotonic()
        often, within = GIVE_UP
        part.ended = [*(at for at in part.ended if now - at < within), now]
        if len(part.ended) >= often:
            raise CannotRunError(f"{part.name} keeps ending: {part.last_words()} (see {part.log})")
        self._say(f"{part.name} ended (its log: {part.log}); starting it again.")
        if part.process is not None:
            end([part.process])  # what it left of its group
        if part.name == "broker":
            if len(part.ended) > 1:
                broker.set_aside()
            self._start_broker_again(part)
        else:
            part.start()

    def _start_broker_again(self, part: Part) -> None:
        ended = part.ended
        self._start_broker()
        self.parts["broker"].ended = ended

    # ------------------------------------------------------------ stopping

    def _stop(self) -> None:
        """End everything in order: those who write, then what they write to."""
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, signal.SIG_IGN)
        writers = [part for name, part in self.parts.items() if name != "broker"]
        end([part.process for part in writers if part.process])
        end([part.process for part in self.parts.values() if part.process])
        if self.cluster:
            self.cluster.stop()
        (self.var / "run.json").unlink(missing_ok=True)

    # ------------------------------------------------------------ being the only one

    @contextlib.contextmanager
    def _only_one(self) -> Iterator[None]:
        """Hold the data folder; raises CannotRunError where another run holds it."""
        try:
            self.var.mkdir(parents=True, exist_ok=True)
            file = (self.var / "run.lock").open("a+")
        except OSError as refused:
            raise CannotRunError(f"Cannot write to {self.var}: {refused.strerror}") from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                other = environment.running()
                where = f" as process {other['pid']}: {other['address']}/" if other else ""
                raise CannotRunError(
                    f"The data folder {self.var} is in use already{where}."
                    " Stop that first, or set APP_VAR to another folder."
                ) from None
            yield

    @contextlib.contextmanager
    def _listener(self) -> Iterator[socket.socket]:
        """Take the port before anything else, and keep it while the web server restarts."""
        family = socket.AF_INET6 if ":" in self.bind else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((self.bind, self.port))
                listener.listen(2048)
            except OSError as refused:
                raise CannotRunError(
                    f"Port {self.port} of {self.bind} cannot be had ({refused.strerror}):"
                    f" take another, as in make run PORT={min(self.port + 1, 65535)}"
                ) from None
            yield listener

    def _write_down(self) -> None:
        """Tell manage.py and a second start what runs here."""
        found = {"pid": os.getpid(), "address": self.address, "database": self.database}
        half_written = self.var / "run.json.new"
        half_written.write_text(json.dumps(found))
        half_written.replace(self.var / "run.json")

    def _say(self, line: str) -> None:
        print(line, flush=True)


def end(processes: Sequence["subprocess.Popen[bytes]"], timeout: float = 12) -> None:
    """Ask processes to end, wait, then end them and whatever is left of their groups."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + timeout
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, deadline - time.monotonic()))
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _port(text: str | None) -> int:
    try:
        port = int(text or 8000)
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise CannotRunError(f"PORT={text} is not a port: give a number from 1 to 65535.")
    return port


_told_to_end = False


def _interrupted(*_: object) -> None:
    global _told_to_end  # noqa: PLW0603 - one process, one end
    _told_to_end = True
    raise KeyboardInterrupt


def heed() -> None:
    """Raise KeyboardInterrupt if this process was told to end: one raised at a fork is lost."""
    if _told_to_end:
        raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as the variables say; `--scenario` serves that scenario from its own database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default=os.environ.get("SCENARIO") or None)
    chosen = parser.parse_args(arguments)
    # A shell starts jobs in the background with SIGINT ignored; here it must always work.
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _interrupted)
    try:
        demonstration = chosen.scenario is not None or os.environ.get("DEMO") != "0"
        return Supervisor(scenario=chosen.scenario, demonstration=demonstration).run()
    except KeyboardInterrupt:
        return 0
    except (CannotRunError, EmbeddedError, environment.SecretError) as refused:
        print(refused, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
