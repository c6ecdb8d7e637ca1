"""Whether a database is up to date, told from files alone: a start then need not load Django."""

import hashlib

from config.environment import BASE_DIR

READ = (
    "*/migrations/*.py",
    "*/models/*.py",
    "config/grants.py",
    "config/rows.py",
    "requirements.lock",
)


def mark() -> str:
    """Return the mark of the present migrations, rights and libraries; `migrate` leaves it."""
    digest = hashlib.sha256()
    for pattern in READ:
        for path in sorted(BASE_DIR.glob(pattern)):
            digest.update(str(path.relative_to(BASE_DIR)).encode() + b"\0" + path.read_bytes())
    return f"migrated with {digest.hexdigest()}"
