"""Bringing attainment up to date: the full recompute of a year, and the fold of waiting news."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import TypeVar

from django.db import OperationalError, connection, transaction

from config import clock
from config.locks import Lock, hold, try_hold
from organizations.models import Job, Outbox, User
from targets import sql
from targets.models import Attainment
from targets.selectors import RECOMPUTE, has_data

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

LONGEST = timedelta(minutes=15)
"""More than the time limit of the task `recompute_year`."""

ATTEMPTS = 3
OF_THE_TREE = {
    "organizations.organization",
    "organizations.placement",
    "organizations.reorganization",
}
"""`Outbox.kind` of news that the tree itself changed."""
RETRIED = {"40001", "40P01", "55P03"}
"""Serialization failure, deadlock, lock not had in time: the same work again may succeed."""


def recompute(year: int, *, on: date | None = None, asked_by: User | None = None) -> Job:
    """Compute every organisation's attainment of `year` anew, in both lenses; return the job.

    `on` is the clock's day unless given. Waiting news are folded first, so `Job.changed` is the
    drift: 0 unless figures and facts had parted. Safe to repeat. A failed run leaves a failed
    job with its error, and raises it.
    """
    on = on or clock.today()
    _bury_the_dead()
    job = Job.objects.create(
        kind=RECOMPUTE, subject=str(year), started_at=clock.now(), asked_by=asked_by
    )
    try:
        published = _again_on_conflict(lambda: _recompute(year, on=on))
    except BaseException as failure:
        # Also a worker's time limit and Ctrl-C: nobody reads "running" of what has ended.
        job.state = Job.State.FAILED
        job.finished_at = clock.now()
        job.errors = [f"{type(failure).__name__}: {failure}".strip()]
        job.save(update_fields=["state", "finished_at", "errors"])
        raise
    job.state = Job.State.DONE
    job.finished_at = clock.now()
    job.done = job.total = published.rows
    job.changed = published.changed
    job.save(update_fields=["state", "finished_at", "done", "total", "changed"])
    return job


def _bury_the_dead() -> None:
    """Let no job say "running" whose worker was killed: none runs longer than its time limit."""
    now = clock.now()
    Job.objects.filter(
        kind=RECOMPUTE, state=Job.State.RUNNING, started_at__lt=now - LONGEST
    ).update(state=Job.State.FAILED, finished_at=now, errors=["The worker was ended."])


def _recompute(year: int, *, on: date) -> sql.Published:
    with transaction.atomic():
        with connection.cursor() as cursor:
            # The judge may wait for a folder and may take longer than a page.
            cursor.execute("SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = '600s'")
        hold(Lock.ATTAINMENT)
        _fold_waiting(on=on)
        return sql.publish(year, on=on)


def fold(*, on: date | None = None) -> int:
    """Bring the figures above all waiting news up to date; return how many news were taken.

    The years they touch are published and exactly the news that were read are deleted, in one
    transaction under the lock: a crash undoes both, a second run finds nothing to do. Returns 0
    at once where nothing waits, or another worker is at it.
    """
    if not Outbox.objects.exists():
        return 0
    return _again_on_conflict(lambda: _fold(on=on or clock.today()))


def _fold(*, on: date) -> int:
    with transaction.atomic():
        # Taken by a statement of its own: each later statement then sees all that was committed
        # before the lock was had (READ COMMITTED), so no snapshot is older than the lock.
        if not try_hold(Lock.ATTAINMENT):
            return 0
        return _fold_waiting(on=on)


def follow_tree(*, since: date, on: date) -> int:
    """Bring all figures up to date after the tree changed on day `since`; return the news taken.

    In the caller's transaction, which holds the lock of the tree: whoever needs both takes that of
    attainment last. Every year with figures is published, as lens *now* shows all in today's tree.
    """
    with connection.cursor() as cursor:
        # A recompute that runs meanwhile is waited for.
        cursor.execute("SET LOCAL lock_timeout = '60s'")
    hold(Lock.ATTAINMENT)
    return _fold_waiting(on=on, tree_changed_on=since)


def _fold_waiting(*, on: date, tree_changed_on: date | None = None) -> int:
    waiting = list(Outbox.objects.order_by("pk"))
    for year in _years_touched(waiting, on=on, tree_changed_on=tree_changed_on):
        sql.publish(year, on=on)
    # By name, never "all": what was committed since then waits for the next fold.
    Outbox.objects.filter(pk__in=[news.pk for news in waiting]).delete()
    return len(waiting)


def _years_touched(
    waiting: Iterable[Outbox], *, on: date, tree_changed_on: date | None = None
) -> list[int]:
    """Return the years whose figures the news may change, earliest first.

    A fact counts in its own year (`snapshot["year"]` where the fact names one, such as a target)
    and, through what a term has reached and the last admission, in all later years that have
    figures. The tree shows in the figures of all years, as lens *now* has them in today's. A year
    of which nothing is known gets none, unless it is the present one.
    """
    named = {int(news.snapshot.get("year") or news.on.year) for news in waiting}
    if tree_changed_on is not None:
        named.add(tree_changed_on.year)
    if not named:
        return []
    figured = {on.year, *Attainment.objects.order_by().values_list("year", flat=True).distinct()}
    if tree_changed_on is None and not any(news.kind in OF_THE_TREE for news in waiting):
        figured = {year for year in figured if year >= min(named) or year == on.year}
    return sorted(figured | {year for year in named - figured if has_data(year)})


def _again_on_conflict(work: Callable[[], Result]) -> Result:
    """Return what `work` does, trying up to three times where it met another's transaction."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except OperationalError as conflict:
            state = getattr(conflict.__cause__, "sqlstate", None)
            inside_another = connection.in_atomic_block
            if state not in RETRIED or attempt == ATTEMPTS or inside_another:
                raise
            logger.warning("attainment met another transaction (%s), once more", state)
    raise AssertionError("unreachable")
