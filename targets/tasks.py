"""Jobs: doors to `operations.attainment`. Safe twice."""

from __future__ import annotations

import logging
from threading import Thread
from time import monotonic, sleep
from typing import Any

from celery import shared_task
from celery.signals import beat_init
from django.db import OperationalError, connections

from targets.operations import attainment
from targets.selectors import RECOMPUTE

logger = logging.getLogger(__name__)

ONCE_IN = 0.05
"""Seconds in which one waking answers for many: a transaction may leave a thousand news."""
QUIET = 5.0
"""Seconds without a try after the broker did not answer, so that requests do not wait for it."""
LOOKS_EVERY = 2.0
"""Seconds after which beat looks by itself for news of which no waking told."""

_next_try = 0.0


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def fold_attainment() -> None:
    """Fold all waiting news. Woken by commits."""
    while attainment.fold():
        pass


@beat_init.connect  # type: ignore[untyped-decorator]
def watch(**_told: Any) -> None:
    """Let beat fold what no waking told of. It needs no broker for that: figures go on without."""
    Thread(target=_watch, name="outbox", daemon=True).start()


def _watch() -> None:
    while True:
        sleep(LOOKS_EVERY)
        try:
            fold_attainment()
        except OperationalError as failure:  # the database may be back at the next look
            logger.warning("figures wait for the next look: %s", type(failure).__name__)
            connections.close_all()
        except Exception:
            logger.exception("figures wait for the next look")
            connections.close_all()


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def recompute_all() -> None:
    """Recompute all years from the facts: every night, and what differs is the alarm."""
    attainment.recompute_all()


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def recompute_asked() -> None:
    """Recompute the years that somebody asked for; woken by asking, and by beat."""
    attainment.run_asked()


def wake() -> None:
    """Ask a worker to fold; never raises and hardly waits, as the outbox row is what counts.

    With a dead broker, beat finds the row by itself (`watch`).
    """
    global _next_try  # noqa: PLW0603 - one memory per process, of when the broker last failed
    if monotonic() < _next_try:
        return
    _next_try = monotonic() + ONCE_IN
    _send(fold_attainment, expires=30)


def wake_for(kind: str, _subject: str) -> None:
    """Ask a worker for the recomputes that wait; never raises, the schedule finds them too."""
    if kind == RECOMPUTE:
        _send(recompute_asked, expires=600)


def _send(task: Any, *, expires: int) -> None:
    global _next_try  # noqa: PLW0603 - as above
    try:
        task.apply_async(retry=False, ignore_result=True, expires=expires)
    except Exception as failure:  # noqa: BLE001 - whatever it is, the fact is saved
        _next_try = monotonic() + QUIET
        logger.warning("a worker was not woken: %s", type(failure).__name__)
