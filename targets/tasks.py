"""Jobs: doors to `operations.attainment`. They take years, and are safe twice."""

from __future__ import annotations

import logging
from time import monotonic

from celery import shared_task

from config import clock
from targets.operations import attainment

logger = logging.getLogger(__name__)

ONCE_IN = 0.05
"""Seconds in which one waking answers for many: a transaction may leave a thousand news."""
QUIET = 5.0
"""Seconds without a try after the broker did not answer, so that requests do not wait for it."""

_next_try = 0.0


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def fold_attainment() -> None:
    """Fold all waiting news. Woken by commits, and by beat every two seconds."""
    while attainment.fold():
        pass


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def recompute_year(year: int | None = None) -> None:
    """Recompute `year`, the clock's year unless given."""
    attainment.recompute(year or clock.today().year)


def wake() -> None:
    """Ask a worker to fold; never raises and hardly waits, as the outbox row is what counts.

    With a dead broker, beat's schedule finds the row once there is one again.
    """
    global _next_try  # noqa: PLW0603 - one memory per process, of when the broker last failed
    if monotonic() < _next_try:
        return
    _next_try = monotonic() + ONCE_IN
    try:
        fold_attainment.apply_async(retry=False, ignore_result=True, expires=30)
    except Exception as failure:  # noqa: BLE001 - whatever it is, the fact is saved
        _next_try = monotonic() + QUIET
        logger.warning("figures wait for the schedule: %s", type(failure).__name__)
