#!/usr/bin/env python3
"""Make .venv from the locks, then become the command given: all that a bare Python can do.

    python3 config/embedded/bootstrap.py [--dev] COMMAND [ARGUMENT…]

Standard library alone, and no import of this project: nothing is installed yet when it runs.
`WHEELHOUSE=folder` installs from that folder without any network.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)


def stop(line):
    """End with one line that says what to do."""
    print(line, file=sys.stderr)
    sys.exit(1)


def stamp_of(locks):
    """Name what the locks would install: their content and the Python they are for."""
    content = b"".join((ROOT / lock).read_bytes() for lock in locks)
    return f"{sys.version_info[0]}.{sys.version_info[1]} {hashlib.sha256(content).hexdigest()}"


def make_venv():
    """Make .venv anew, or say which package of the system is missing."""
    if importlib.util.find_spec("ensurepip") is None:
        stop("Python cannot make virtual environments here: apt install python3-venv")
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode:
        why = (made.stderr or made.stdout).strip().splitlines()
        hint = "apt install python3-venv" if "ensurepip" in " ".join(why) else f"{VENV}"
        stop(f"Cannot make the virtual environment ({hint}): {(why or [''])[-1]}")


def install(lock):
    """Install `lock` by its hashes; nothing is built, nothing else is taken in."""
    command = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(ROOT / lock)]
    if wheelhouse := os.environ.get("WHEELHOUSE"):
        if not Path(wheelhouse).is_dir():
            stop(f"WHEELHOUSE={wheelhouse} is not a folder: make wheelhouse fills one")
        command += ["--no-index", "--find-links", str(Path(wheelhouse).resolve())]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ran.returncode:
        said = [line for line in ran.stdout.splitlines() if "WARNING" not in line]
        print("\n".join(said[-15:]), file=sys.stderr)
        stop(f"{lock} was not installed (no network? make run WHEELHOUSE=folder takes wheels)")


def prepare(locks):
    """Bring .venv up to `locks`; at once where its stamp says that it is."""
    stamp = VENV / ".installed"
    wanted = [stamp_of([lock]) for lock in locks]
    with (ROOT / ".venv.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # two commands at once install once
        there = stamp.read_text().splitlines() if stamp.exists() and PYTHON.exists() else None
        if there is not None and set(wanted) <= set(there):
            return
        if there is None or wanted[0] not in there:
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


def main():
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
