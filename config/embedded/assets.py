"""What set-up makes from the sources: the font, the translations, the static files as served.

`python -m config.embedded.assets` makes them; `are_current` tells from files alone whether it must.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from config import environment
from config.environment import BASE_DIR

READ = ("static/**/*", "locale/*/LC_MESSAGES/*.po", "config/ui/fonts.py", "requirements.lock")


def static_root() -> Path:
    """Return the folder that the collected static files are served from."""
    return Path(os.environ.get("STATIC_ROOT") or environment.data_folder() / "static")


def are_current() -> bool:
    """Say whether fonts, translations and static files were made from the present sources."""
    try:
        return _stamp().read_text() == _state()
    except OSError:
        return False


def make() -> None:
    """Make whatever is older than its source."""
    from config.ui import fonts  # noqa: PLC0415 - a start that makes nothing need not load it

    fonts.build()
    compile_translations()
    collect_static()
    _stamp().parent.mkdir(parents=True, exist_ok=True)
    _stamp().write_text(_state())


def compile_translations() -> None:
    """Compile each catalogue that is newer than what was made from it."""
    from babel.messages import mofile, pofile  # noqa: PLC0415

    for source in sorted(BASE_DIR.glob("locale/*/LC_MESSAGES/*.po")):
        compiled = source.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as read:
            catalogue = pofile.read_po(read, locale=source.parent.parent.name)
        half_written = compiled.with_suffix(f".mo.{os.getpid()}")
        with half_written.open("wb") as written:
            mofile.write_mo(written, catalogue)
        half_written.replace(compiled)


def collect_static() -> None:
    """Collect and compress the static files under names with a hash."""
    command = [sys.executable, str(BASE_DIR / "manage.py"), "collectstatic", "-v0", "--noinput"]
    subprocess.run([*command, "--clear"], check=True, cwd=BASE_DIR)


def _stamp() -> Path:
    return static_root() / ".made-from"


def _state() -> str:
    """Return a digest of the sources' contents and of what must be there."""
    digest = hashlib.sha256()
    for pattern in READ:
        for path in sorted(BASE_DIR.glob(pattern)):
            if path.is_file():
                digest.update(f"{path.relative_to(BASE_DIR)}\0".encode() + path.read_bytes())
    for source in BASE_DIR.glob("locale/*/LC_MESSAGES/*.po"):
        digest.update(f"{source.with_suffix('.mo').exists()}".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    make()
