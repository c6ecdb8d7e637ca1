"""Named advisory locks of PostgreSQL, held until the transaction ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection


class Lock(IntEnum):
    """Every advisory lock of the product; the number is its key in the database."""

    TREE = 77001
    ATTAINMENT = 77002
    FILE_NUMBERS = 77003
    INSTALLATION = 77004
    SEALS = 77005  # shared by facts that a seal could refuse, alone by who closes
    DEADLINES = 77006
    RULES = 77007  # decreed days and open questions are written one after the other
    DIGESTS = 77008
    READINGS = 77009  # of the audit, sealed by one after the other
    SCANS = 77010  # one content at a time, brought in or taken away
    READING = 77011  # one account's scans and sealed data, counted one after the other


@contextmanager
def alone(lock: Lock, *, wait: str) -> Iterator[None]:
    """Hold `lock` while the block runs, waiting for it up to `wait`, such as "60s".

    For a transaction that keeps one snapshot, which must begin after the lock is had: the session
    holds it, and a lost connection lets it go. Inside a transaction it is kept until that ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('lock_timeout', %s, %s)", [wait, connection.in_atomic_block]
        )
    if connection.in_atomic_block:
        hold(lock)
        yield
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [int(lock)])
        yield
    finally:
        if connection.is_usable():  # what is lost has let go
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [int(lock)])
                cursor.execute("RESET lock_timeout")


def hold(lock: Lock) -> None:
    """Wait for `lock` and keep it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(lock)])


def hold_one(lock: Lock, subject: str) -> None:
    """Wait for the part of `lock` that is about `subject`; keep it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [int(lock), subject])


def hold_shared(lock: Lock) -> None:
    """Wait for whoever holds `lock` alone; keep it beside others until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [int(lock)])


def try_hold(lock: Lock) -> bool:
    """Take `lock` until the transaction ends; False at once where another holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int(lock)])
        row = cursor.fetchone()
    return bool(row and row[0])
