"""Bringing attainment up to date: the fold of news, and the full recompute that judges it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection, transaction
from django.db.models import Q

from admissions.models import FileMove
from config import clock
from config.errors import DomainError
from config.locks import Lock, alone, hold, try_hold
from organizations.models import Ancestry, Job, Organization, Outbox, Placement, User
from organizations.operations import jobs
from targets import deltas
from targets.deltas import MOST, Folded
from targets.models import FiguredYear
from targets.permissions import may_recompute
from targets.selectors import RECOMPUTE, has_data

from .refusals import nothing_known, of_year

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

ATTEMPTS = 3
OF_THE_TREE = {
    "organizations.organization",
    "organizations.placement",
    "organizations.reorganization",
}
"""`Outbox.kind` of news that the tree itself changed."""
UNCOUNTED = {
    "targets.declaredforecast",
    "targets.reportedfigure",
}
"""Of news that no figure of attainment is made of."""
RETRIED = {"40001", "40P01", "55P03"}
"""Serialization failure, deadlock, lock not had in time: the same work again may succeed."""


def recompute(year: int, *, on: date | None = None, cut: Collection[int] = ()) -> Job:
    """Compute every organisation's attainment of `year` anew, in both lenses; return the job.

    In one statement, which is by far the fastest on one server; or cut into parts, so that each
    sums the facts beneath one of the organisations `cut` alone, and one more all others. The
    figures are the same. Raises ValueError where one of them stands beneath another.

    `on` is the clock's day unless given. Waiting news are folded first, so `Job.changed` is the
    drift: 0 unless figures and facts had parted. Then `Job.errors` names the first that differ,
    and the log tells their number. Safe to repeat. A failed run leaves a failed job with its
    error, and raises it.
    """
    _bury_the_dead()
    job = Job.objects.create(kind=RECOMPUTE, subject=str(year), started_at=clock.now())
    return _run(job, on=on or clock.today(), cut=set(cut))


def ask_recompute(year: int, *, by: User, on: date) -> Job:
    """Let a worker recompute `year`; return the job, the one that runs if there is one.

    Raises PermissionDenied where `by` may not, DomainError at `year` if nothing is known of it.
    """
    if not may_recompute(by, on=on):
        raise PermissionDenied
    if refusal := of_year(year, on=on):
        raise DomainError(fields={"year": refusal})
    if not has_data(year):
        raise DomainError(fields={"year": nothing_known(year)})
    _bury_the_dead()
    runs = Job.objects.filter(kind=RECOMPUTE, subject=str(year), state=Job.State.RUNNING).first()
    job = runs or jobs.begin(RECOMPUTE, str(year), total=0, asked_by=by)
    transaction.on_commit(lambda: jobs.wake(RECOMPUTE, str(year)), robust=True)
    return job


def run_asked() -> int:
    """Run the recomputes that were asked for and wait; return how many."""
    waiting = list(
        Job.objects.filter(kind=RECOMPUTE, state=Job.State.RUNNING, asked_by__isnull=False)
    )
    for job in waiting:
        _run(job, on=clock.today())
    return len(waiting)


def _run(job: Job, *, on: date, cut: Collection[int] = ()) -> Job:
    year = int(job.subject)
    was_figured = FiguredYear.objects.filter(year=year).exists()
    try:
        folded = _again_on_conflict(lambda: _recompute(year, on=on, cut=cut))
    except BaseException as failure:
        # Also a worker's time limit and Ctrl-C: nobody reads "running" of what has ended.
        jobs.fail(job, f"{type(failure).__name__}: {failure}".strip())
        raise
    drifted = was_figured and folded.changed
    if drifted:
        logger.error("the figures of %s had parted from the facts in %s rows", year, folded.changed)
    # Two workers may have been woken for one job: the first to end tells what it found.
    Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(
        state=Job.State.DONE,
        finished_at=clock.now(),
        done=folded.rows,
        total=folded.rows,
        changed=folded.changed,
        errors=folded.first if drifted else [],
    )
    job.refresh_from_db()
    return job


def recompute_all() -> list[Job]:
    """Recompute every year with figures, and the present one, each as a job; the night's judge."""
    years = {clock.today().year, *FiguredYear.objects.values_list("year", flat=True)}
    return [recompute(year) for year in sorted(years)]


def _bury_the_dead() -> None:
    """Let no job say "running" whose worker was killed: none runs longer than its time limit."""
    jobs.bury_the_dead(RECOMPUTE)


def _recompute(year: int, *, on: date, cut: Collection[int]) -> Folded:
    # One snapshot for what is folded and what is judged: else a fact that commits between the two
    # would count as drift. The lock is had before it, so that it holds what the last holder did.
    is_outermost = not connection.in_atomic_block
    with alone(Lock.ATTAINMENT, wait="60s"), transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        if cut:
            _check_apart(cut, on=on)
        while _follow(on=on).taken == MOST:
            pass
        return _follow({year}, on=on, cut=cut)


def _check_apart(cut: Collection[int], *, on: date) -> None:
    # In the snapshot that is summed: a reorganisation may have put one beneath another meanwhile.
    lines = Ancestry.objects.on(on).filter(ancestor__in=cut, descendant__in=cut, depth__gt=0)
    if lines.exists():
        raise ValueError("a part of the cut stands beneath another: its facts would count twice")


def fold(*, on: date | None = None) -> int:
    """Bring the figures above the waiting news up to date; return how many news were taken.

    They follow by deltas, and exactly the news that were read are deleted, in one statement under
    the lock: a crash undoes both, a second run finds nothing to do. Returns 0 at once where nothing
    waits, or another worker is at it; at most MOST news are taken.
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
        return _follow(on=on).taken


def follow_tree(*, on: date) -> int:
    """Bring all figures up to date after the tree changed; return the news taken.

    In the caller's transaction, which holds the lock of the tree: whoever needs both takes that of
    attainment last. Every year with figures is computed, as lens *now* shows all in today's tree.
    """
    with connection.cursor() as cursor:
        # A recompute that runs meanwhile is waited for.
        cursor.execute("SET LOCAL lock_timeout = '60s'")
    hold(Lock.ATTAINMENT)
    return _follow(set(FiguredYear.objects.values_list("year", flat=True)), on=on).taken


class _LackingError(Exception):
    """The news ask for years to be computed anew that were not."""


def _follow(anew: Iterable[int] = (), *, on: date, cut: Collection[int] = ()) -> Folded:
    """Fold once, computing the years `anew` and those that the news turn out to need."""
    figured = dict(FiguredYear.objects.values_list("year", "on"))
    chosen = {*anew, *_outdated(figured, on=on)}
    while True:
        try:
            with transaction.atomic():
                if chosen:
                    with connection.cursor() as cursor:
                        # May take longer than a page, as many years do in a large country.
                        cursor.execute("SET LOCAL statement_timeout = '600s'")
                folded = deltas.fold(on=on, figured=figured.keys() - chosen, anew=chosen, cut=cut)
                needed = folded.lacking | _asked_for(folded.told, set(figured), on=on)
                if needed - chosen:
                    raise _LackingError
        except _LackingError:
            chosen |= needed
            continue
        FiguredYear.objects.bulk_create(
            [FiguredYear(year=year, on=on) for year in sorted(chosen)],
            update_conflicts=True,
            unique_fields=["year"],
            update_fields=["on"],
        )
        return folded


def _outdated(figured: Mapping[int, date], *, on: date) -> set[int]:
    """Return the years that the new day `on` alone changes: none but on its first fold.

    The present year: units end, declarations lapse. Those to come too where a file went to another
    cell on a day that was agreed before. All of them where the tree of today is another than on the
    last day they were computed for, by a move that was entered before.
    """
    if figured.get(on.year) == on:
        return set()
    found = {on.year}
    last = figured.get(on.year) or max(figured.values(), default=on)
    since = last + timedelta(days=1)
    if _tree_changed(since, on):
        found |= figured.keys()
    elif FileMove.objects.filter(on__range=(since, on)).exists():
        found |= {year for year in figured if year > on.year}
    return found


def _tree_changed(first: date, last: date) -> bool:
    """Say whether an organisation began, ended or took another place on a day from … to …."""
    begins, ends = (
        Q(period__startswith__range=(first, last)),
        Q(period__endswith__range=(first, last)),
    )
    return any(model.objects.filter(begins | ends).exists() for model in (Organization, Placement))


def _asked_for(told: Iterable[tuple[str, int]], figured: set[int], *, on: date) -> set[int]:
    """Return the years that news ask to compute anew: {(kind, year of the fact)}.

    What is added (`deltas.ADDED`) asks for none, but for a year that has no figures yet, and for
    a file's step that is entered in a later year than it was done. Other facts count in their own
    year (`snapshot["year"]` where they name one, such as a target) and, through terms, in all
    later ones. The tree shows in the figures of all years. A year of which nothing is known gets
    none.
    """
    found: set[int] = set()
    for kind, year in told:
        if kind in UNCOUNTED:
            continue
        if year not in figured and has_data(year):
            found.add(year)
        if kind in OF_THE_TREE:
            found |= figured
        elif kind == deltas.FILE:
            found |= {one for one in figured if year <= one < on.year}
        elif kind not in deltas.ADDED:
            found |= {one for one in figured if one >= year}
    return found


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
