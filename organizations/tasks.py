"""Jobs of the ground floor: doors to its operations. Safe twice."""

from __future__ import annotations

import logging
from time import monotonic

import pghistory
from celery import shared_task

from config import clock
from organizations.operations import ancestry, audit, bursts, reorganizations, sessions

logger = logging.getLogger(__name__)

QUIET = 5.0
"""Seconds without a try after the broker did not answer, so that requests do not wait for it."""

_next_try = 0.0


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def apply_reorganizations() -> None:
    """Apply what is confirmed and due, and preview what still waits for a worker.

    Woken by confirming, and by beat every thirty seconds.
    """
    with pghistory.context(job="apply-reorganizations"):  # as the audit calls it
        reorganizations.apply_due(on=clock.today())
    reorganizations.preview_waiting(on=clock.today())


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def preview_reorganization(public_id: str) -> None:
    """Do the trial run of a large decision whose preview was asked for."""
    reorganizations.preview_as_job(public_id, on=clock.today())


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def verify_ancestry() -> None:
    """Compare the ancestry with the placements it is derived from; a job says what it found."""
    ancestry.verify_as_job()


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def seal_readings() -> None:
    """Seal what was read since the last time into the audit's chain."""
    audit.seal_readings()


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def tell_what_was_counted() -> None:
    """Tell the audit how often happened what was too often to be told one by one."""
    bursts.tell_what_is_over()


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def anchor_audit() -> None:
    """Write the head of the audit's chain, signed, outside the database."""
    audit.anchor()


@shared_task(acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def forget_ended_sessions() -> None:
    """Delete the sessions that ended by themselves."""
    sessions.forget_ended_sessions()


def wake(kind: str, subject: str) -> None:
    """Ask a worker for a job that was begun; never raises, the schedule finds it as well."""
    global _next_try  # noqa: PLW0603 - one memory per process, of when the broker last failed
    if monotonic() < _next_try:
        return
    try:
        if kind == reorganizations.KIND:
            apply_reorganizations.apply_async(retry=False, ignore_result=True, expires=60)
        elif kind == reorganizations.KIND_PREVIEW:
            preview_reorganization.apply_async(
                [subject], retry=False, ignore_result=True, expires=600
            )
    except Exception as failure:  # noqa: BLE001 - whatever it is, the decision is saved
        _next_try = monotonic() + QUIET
        logger.warning("%s waits for the schedule: %s", kind, type(failure).__name__)
