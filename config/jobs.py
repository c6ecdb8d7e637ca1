"""Waking the workers from a page or an operation."""

import logging
from functools import partial

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)


def wake(task: str, *arguments: object) -> None:
    """Send `task` once the transaction is committed; a hint, never more.

    What must happen is an outbox row, which beat's own schedule finds too. So a broker that is
    down costs seconds of age, not an error page for something that was saved.
    """
    transaction.on_commit(partial(_send, task, arguments), robust=True)


def _send(task: str, arguments: tuple[object, ...]) -> None:
    try:
        current_app.send_task(task, args=arguments, retry=False, ignore_result=True)
    except Exception as failure:  # noqa: BLE001 - whatever it is, the fact is saved
        logger.warning("%s waits for the schedule: %s", task, type(failure).__name__)
