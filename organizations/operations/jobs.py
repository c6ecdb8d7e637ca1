"""Jobs as pages see them: begun, how far they are, how they ended; and what wakes a worker."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from types import TracebackType

import psycopg
from django.db import DatabaseError, connection
from django.db.models import F
from django.utils.translation import gettext as _

from config import clock
from config.errors import DomainError
from organizations.models import Job, User

logger = logging.getLogger(__name__)

LONGEST = timedelta(minutes=15)
"""More than the time limit of any long task."""
SHOWN_EVERY = 0.1
"""Seconds between two writings of how far a job is."""

wakers: list[Callable[[str, str], None]] = []
"""Called after a commit that left work: (kind of job, its subject). They must never raise."""


def wake(kind: str, subject: str) -> None:
    """Tell a worker that there is work of `kind`; only a hint, the schedule finds it too."""
    for waker in wakers:
        waker(kind, subject)


def begin(kind: str, subject: str, *, total: int, asked_by: User | None = None) -> Job:
    """Begin a job of `total` units of work; return it."""
    return Job.objects.create(
        kind=kind, subject=subject, started_at=clock.now(), total=total, asked_by=asked_by
    )


def finish(job: Job, *, changed: int = 0) -> None:
    """Say that `job` is done, all of it."""
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.DONE, finished_at=clock.now(), done=F("total"), changed=changed, errors=[]
    )


def fail(job: Job, *sentences: str) -> None:
    """Say that `job` failed, and why."""
    Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(
        state=Job.State.FAILED, finished_at=clock.now(), errors=list(sentences)
    )


def sentence_of(failure: BaseException) -> str:
    """Return what a page says of `failure`, and log it; never the text of the database.

    That text may quote rows with names: a page tells the constraint alone.
    """
    if isinstance(failure, DomainError):
        return str(failure)
    found = getattr(failure.__cause__, "diag", None)
    rule = getattr(found, "constraint_name", None) or ""
    code = getattr(found, "sqlstate", None) or ""
    if isinstance(failure, DatabaseError):
        logger.error("%s %s %s", type(failure).__name__, code, rule)
    elif isinstance(failure, Exception):
        logger.error("%s", type(failure).__name__, exc_info=failure)
    if rule:
        return _("The records do not allow it (%(rule)s).") % {"rule": rule}
    return _("It was broken off (%(kind)s).") % {
        "kind": " ".join([type(failure).__name__, code]).strip()
    }


def bury_the_dead(*kinds: str) -> int:
    """Let no job of `kinds` say "running" whose worker was killed; return how many did."""
    now = clock.now()
    return Job.objects.filter(
        kind__in=kinds, state=Job.State.RUNNING, started_at__lt=now - LONGEST
    ).update(state=Job.State.FAILED, finished_at=now, errors=["The worker was ended."])


class Progress:
    """Tells how far a job is while its transaction is open: `progress(3)` is three units more.

    Writes `Job.done` by a connection of its own, at most ten times a second, never beyond
    the total. What goes wrong there is logged once and never stops the work. A context manager;
    the last figure is written on leaving.
    """

    def __init__(self, job: Job) -> None:
        self._job = job.pk
        self._done = 0
        self._written = 0
        self._next = 0.0
        self._connection: psycopg.Connection | None = None
        self._is_broken = False

    def __call__(self, more: int = 1) -> None:
        self._done += more
        if monotonic() >= self._next:
            self._write()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write the last figure and end the connection; twice is once."""
        if self._done != self._written:
            self._write()
        self._is_broken = True
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(self) -> None:
        if self._is_broken:
            return
        self._next = monotonic() + SHOWN_EVERY
        try:
            if self._connection is None:
                self._connection = _own_connection()
            self._connection.execute(
                "UPDATE organizations_job SET done = least(%s, total)"
                " WHERE id = %s AND state = 'running'",
                [self._done, self._job],
            )
            self._written = self._done
        except psycopg.Error as failure:
            self._is_broken = True
            logger.warning("progress of job %s is not shown: %s", self._job, type(failure).__name__)


def _own_connection() -> psycopg.Connection:
    parameters = {
        key: value
        for key, value in connection.get_connection_params().items()
        if key not in ("context", "cursor_factory", "prepare_threshold")
    }
    parameters["options"] = "-c lock_timeout=200ms -c statement_timeout=2s"
    return psycopg.connect(**parameters, autocommit=True, connect_timeout=2)
