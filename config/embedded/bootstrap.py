#!/usr/bin/env python3
"""Make .venv from the locks, then become the command given: all that a bare Python can do.

    python3 config/embedded/bootstrap.py [--dev] COMMAND [ARGUMENT…]

Standard library alone, and no import of this project: nothing is installed yet when it runs.
`WHEELHOUSE=folder` installs from that folder without any network.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)


def stop(line: str) -> NoReturn:
    """End with one line that says what to do."""
    print(line, file=sys.stderr)
    sys.exit(1)


def stamp_of(locks: list[str]) -> str:
    """Name what the locks would install: their content and the Python they are for."""
    content = b"".join((ROOT / lock).read_bytes() for lock in locks)
    return f"{sys.version_info[0]}.{sys.version_info[1]} {hashlib.sha256(content).hexdigest()}"


def pip_wheel() -> Path:
    """Find the pip that Python carries for new virtual environments; Debian packs it apart."""
    spec = importlib.util.find_spec("ensurepip")
    bundled = Path(spec.origin).parent / "_bundled" if spec and spec.origin else None
    for folder in filter(None, (sysconfig.get_config_var("WHEEL_PKG_DIR"), bundled)):
        for wheel in sorted(Path(folder).glob("pip-*.whl")):
            return wheel
    stop("Python cannot make virtual environments here: apt install python3-venv")


def base_python() -> str:
    """Return the Python for .venv: the distribution's own of this version, or else this one.

    What pyenv builds took 1.6 times as long for everything here. `PYTHON=` chooses otherwise.
    """
    own = Path(f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}")
    if os.environ.get("PYTHON") or not os.access(own, os.X_OK):
        return sys.executable
    return str(own)


def make_venv() -> None:
    """Make .venv anew."""
    shutil.rmtree(VENV, ignore_errors=True)
    # Without pip: the one that Python carries installs into it just as well, seconds sooner.
    command = [base_python(), "-m", "venv", "--without-pip", str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode:
        why = (made.stderr or made.stdout).strip().splitlines() or [""]
        stop(f"Cannot make the virtual environment {VENV}: {why[-1]}")


def run_pip(python: Path | str, *arguments: str) -> tuple[int, list[str]]:
    """Run pip for `python`, quietly; return its exit code and what it said."""
    command = [str(python), "-m", "pip", *arguments, "-qq", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:"]
    env = {**os.environ, "PYTHONPATH": str(pip_wheel()), "PYTHONDONTWRITEBYTECODE": "1"}
    output = subprocess.PIPE
    ran = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, text=True, env=env)
    return ran.returncode, [row for row in ran.stdout.splitlines() if "WARNING" not in row]


def halves(lock: str) -> list[Path]:
    """Return two files in .venv that together hold the requirements of `lock`."""
    rows = re.split(r"^(?=\w)", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = []
    for number in (0, 1):
        path = VENV / f"{lock}.{number}"
        path.write_text("".join(rows[number::2]), encoding="utf-8")
        found.append(path)
    return found


def install(lock: str) -> None:
    """Install `lock` by its hashes; nothing is built, nothing else is taken in."""
    # What is imported is compiled then: compiling all would take a third of the time.
    arguments = ["install", "--no-compile"]
    if wheelhouse := os.environ.get("WHEELHOUSE"):
        if not Path(wheelhouse).is_dir():
            stop(f"WHEELHOUSE={wheelhouse} is not a folder: make wheelhouse fills one")
        arguments += ["--no-index", "--find-links", str(Path(wheelhouse).resolve())]
    # pip unpacks on one core, so two of them each take half. The lock names everything and no
    # wheel replaces another, so they never touch the same file.
    with ThreadPoolExecutor() as pool:
        ran = pool.map(lambda half: run_pip(PYTHON, *arguments, "-r", str(half)), halves(lock))
        code, said = max(ran, key=lambda one: one[0] != 0)
    if code:
        print("\n".join(said[-15:]), file=sys.stderr)
        stop(f"{lock} was not installed (no network? make run WHEELHOUSE=folder takes wheels)")


def prepare(locks: list[str]) -> None:
    """Bring .venv up to `locks`; at once where its stamp says that it is."""
    stamp = VENV / ".installed"
    wanted = [stamp_of([lock]) for lock in locks]
    with (ROOT / ".venv.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # two commands at once install once
        there = stamp.read_text().splitlines() if stamp.exists() and PYTHON.exists() else None
        if there is not None and set(wanted) <= set(there):
            return
        if there is None or wanted[0] not in there:
            pip_wheel()
            make_venv()
            there = []
        for lock, line in zip(locks, wanted, strict=True):
            if line in there:
                continue
            count = sum("==" in row for row in (ROOT / lock).read_text().splitlines())
            print(f"Installing {count} packages of {lock} (once) …", flush=True)
            install(lock)
            there.append(line)
            stamp.write_text("\n".join(there) + "\n")


def main() -> None:
    arguments = sys.argv[1:]
    dev = arguments[:1] == ["--dev"]
    command = arguments[1:] if dev else arguments
    if sys.version_info < OLDEST:
        stop(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, this is {sys.version.split()[0]}")
    try:
        prepare(["requirements.lock", "requirements-dev.lock"] if dev else ["requirements.lock"])
    except PermissionError as refused:
        stop(f"No right to write {refused.filename}: did another user make it? Remove it first")
    except KeyboardInterrupt:
        stop("Stopped.")
    if command:
        os.environ["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        os.environ["VIRTUAL_ENV"] = str(VENV)
        os.chdir(ROOT)
        sys.stdout.flush()
        os.execvp(command[0], command)


if __name__ == "__main__":
    main()
