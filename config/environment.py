"""What the environment says: one place that reads its variables, without Django.

A secret is given by its variable, or by a file that the variable's name with `_FILE` names
(how containers hand secrets over).
"""

import json
import os
import secrets
from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).resolve().parent.parent
DEFAULT_SCENARIO = "than-quang-ninh-2021"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SecretError(Exception):
    """A file that should hold a secret cannot be read; the message is one line."""


def value(name: str) -> str | None:
    """Return the variable `name`, or the content of the file that `<name>_FILE` names, or None.

    An empty variable counts as absent, so that `DATABASE_URL= make run` means the embedded one.
    Raises SecretError where the file cannot be read.
    """
    if given := os.environ.get(name):
        return given
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as refused:
            raise SecretError(f"{name}_FILE={path}: {refused.strerror}") from None
    return None


def data_folder() -> Path:
    """Return the folder of everything this installation keeps: `APP_VAR`, else `./var`."""
    return Path(os.environ.get("APP_VAR") or BASE_DIR / "var").expanduser().resolve()


def secret_key() -> str:
    """Return `SECRET_KEY`, else the key that this data folder made for itself at first use."""
    return _given_or_made("SECRET_KEY")


def identity_key() -> str:
    """Return `IDENTITY_KEY`, else the one of this data folder: it hides citizens' numbers.

    Whoever changes it no longer finds that two people entered before and after share a number.
    """
    return _given_or_made("IDENTITY_KEY")


def _given_or_made(name: str) -> str:
    if given := value(name):
        return given
    path = data_folder() / name.lower()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written whole under a name of its own, then linked: of two starters one wins, and
        # nobody reads half a key.
        mine = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(mine, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(mine, path)
        except FileExistsError:
            pass
        finally:
            mine.unlink()
    return path.read_text(encoding="ascii").strip()


def running() -> dict[str, Any]:
    """Return what the last `make run` of this data folder wrote down: its address and database."""
    try:
        found = json.loads((data_folder() / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
