"""The audit's chain: sixteen sessions that write at once, and the verifying of what they wrote.

Each transaction takes 20 ms of work before its event, as an action of a page does; a chain that
took its lock first would then let fifty of them pass in a second.
"""

from __future__ import annotations

import json
import platform
import threading
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter

import psycopg
from django.db import connection

from config import database
from organizations.operations.audit import verify

WRITERS = 16
SECONDS = 60.0
WORK = 0.02
AT_LEAST = 500.0
"""Transactions in a second."""
MANY = 1_000_000
"""Events there are in all when they are verified: added by sets, linked by the same trigger."""
AT_MOST = 60.0
"""Seconds that the verifying of so many may take."""
BATCH = 500
"""Events in one transaction: each writes the head anew, and only the commit clears that away."""

ADD = """
    INSERT INTO organizations_auditevent
        (roles, kind, action, words, object, reference, organization_id, payload)
    SELECT '', 'write', 'candidate-step', 'Record the vote', 'admissions.candidate',
        gen_random_uuid(), NULL, '{}' FROM generate_series(1, %s)
"""


def run(*, into: Path, seconds: float = SECONDS, events: int = MANY) -> None:
    """Measure, print, and write `into`/audit.json; `events` in all are verified."""
    url = database.named(database.owner_url(), str(connection.settings_dict["NAME"]))
    taken = _written(url, seconds=seconds, work=WORK)
    print(f"{WRITERS} sessions, {WORK * 1000:.0f} ms of work each: {len(taken) / seconds:.0f}/s")
    bare = _written(url, seconds=seconds / 6, work=0)
    print(f"{WRITERS} sessions, the event alone: {len(bare) / seconds * 6:.0f}/s")
    found = verify()
    began = perf_counter()
    for _part in range(max(0, events - found.links) // BATCH + 1):
        with connection.cursor() as cursor:
            cursor.execute(ADD, [BATCH])
    print(f"Added {events - found.links} events in {perf_counter() - began:.0f} s")
    began = perf_counter()
    whole = verify()
    took = perf_counter() - began
    faults = [*found.faults, *whole.faults]
    print(f"Verified {whole.links} events in {took:.1f} s; {len(faults)} faults {faults[:3]}")
    figures = {
        "per_second": round(len(taken) / seconds),
        "at_least": AT_LEAST,
        "p50_ms": round(median(taken) * 1000, 1),
        "p95_ms": round(sorted(taken)[int(len(taken) * 0.95)] * 1000, 1),
        "per_second_without_work": round(len(bare) / seconds * 6),
        "forks_and_gaps": len(found.faults),
        "written": found.links,
        "verified": whole.links,
        "verified_in_s": round(took, 1),
        "at_most_s": AT_MOST,
        "faults": len(whole.faults),
        "python": platform.python_version(),
    }
    into.mkdir(parents=True, exist_ok=True)
    (into / "audit.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _written(url: str, *, seconds: float, work: float) -> list[float]:
    """Return how long each transaction of all sessions took, in seconds."""
    taken: list[float] = []
    until = monotonic() + seconds

    def write() -> None:
        with psycopg.connect(url) as session:
            while monotonic() < until:
                began = perf_counter()
                session.execute("SELECT pg_sleep(%s)", [work])
                session.execute(ADD, [1])
                session.commit()
                taken.append(perf_counter() - began)

    threads = [threading.Thread(target=write) for _one in range(WRITERS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return taken
