"""Previewing, confirming and applying a decision: all of it in one transaction, or nothing."""

from __future__ import annotations

import logging
from datetime import date
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import (
    DatabaseError,
    IntegrityError,
    OperationalError,
    connection,
    transaction,
)
from django.utils.translation import gettext as _

from config import clock
from config.errors import ConflictError, DomainError
from config.locks import Lock, hold
from organizations.models import EventUnit, Job, Reorganization, User
from organizations.operations import jobs
from organizations.operations.outbox import announce
from organizations.permissions import acts, is_one_human, same_human
from organizations.reorganizing import Plan, Progress, Refusal, handlers
from organizations.rights import CONFIRM_REORGANIZATION

from .drafting import at_once
from .planning import Ground, Look, ground_of, look_at, plan_of
from .writing import write

logger = logging.getLogger(__name__)

KIND = "reorganization"
KIND_PREVIEW = "reorganization-preview"
TRIED_AT_ONCE = 300
"""Organisations that a decision may change for a page to wait for its trial run."""
ATTEMPTS = 3
LOCK_NOT_HAD = "55P03"
RETRIED = {"40001", "40P01", "55P03", "23514", "23P01"}
"""Serialization failure, deadlock, lock not had in time, a row between: again may succeed."""
State = Reorganization.State


def size_of(ground: Ground) -> int:
    """Return the number of organisations that are founded, placed anew, ended or renamed."""
    return len(ground.founded) + len(ground.moves) + len(ground.ended) + len(ground.renamed)


def _no_progress(_more: int) -> None:
    """Told to nobody."""


# ------------------------------------------------------------------ preview


def preview(
    reorganization: Reorganization,
    *,
    by: User,
    on: date,
    progress: Progress | None = None,
) -> Reorganization:
    """Keep what the decision would do: counts, refusals, and the figures before and after.

    The figures come from a trial run that is rolled back. A decision of more than
    `TRIED_AT_ONCE` organisations is tried by a worker: its job is `reorganization.job`, and the
    preview is there when that is done. `progress` says that this is the worker.
    Raises PermissionDenied where `by` is neither staff nor approver over it, ConflictError where
    it waits, or is applied or cancelled.
    """
    with transaction.atomic():
        decision = _locked(reorganization, by=by, on=on)
        if decision.state not in (State.DRAFT, State.FAILED):
            raise _past(decision)
        seen = ground_of(plan_of(decision))
        if progress is None and size_of(seen) > TRIED_AT_ONCE:
            return _preview_later(decision, by=by, total=size_of(seen))
        return _preview(decision, seen, on=on, by=by, progress=progress or _no_progress)


def _preview_later(decision: Reorganization, *, by: User, total: int) -> Reorganization:
    job = decision.job
    if job is None or job.kind != KIND_PREVIEW or job.state != Job.State.RUNNING:
        decision.job = jobs.begin(KIND_PREVIEW, str(decision.public_id), total=total, asked_by=by)
        decision.preview = None
        decision.previewed_at = None
        decision.save(update_fields=["job", "preview", "previewed_at"])
    subject = str(decision.public_id)
    transaction.on_commit(partial(jobs.wake, KIND_PREVIEW, subject), robust=True)
    return decision


def _preview(
    decision: Reorganization, ground: Ground, *, on: date, by: User, progress: Progress
) -> Reorganization:
    seen = look_at(ground)
    refusals = list(seen.refusals)
    before: list[dict[str, Any]] = []
    after: list[dict[str, Any]] = []
    if not refusals:
        before, after, failure = _tried(decision, by=by, progress=progress)
        if failure:
            refusals.append(Refusal(None, failure))
    decision.preview = {
        "counts": seen.counts,
        "refusals": [{"row": one.row, "sentence": one.sentence} for one in refusals],
        "warnings": [{"row": one.row, "sentence": one.sentence} for one in seen.warnings],
        "figures": {"before": before, "after": after},
        "digest": seen.digest,
    }
    decision.previewed_at = clock.now()
    decision.version += 1
    if decision.job is not None and decision.job.state == Job.State.FAILED:
        decision.job = None  # what it says is past
    decision.save(update_fields=["preview", "previewed_at", "version", "job"])
    return decision


class _Undone(Exception):
    """Ends a trial run: everything it wrote is rolled back."""


def _hold_tree(decision: Reorganization) -> None:
    """Hold the tree; ConflictError where another holds it for longer than a page waits."""
    try:
        with transaction.atomic():
            hold(Lock.TREE)
    except OperationalError as waited:
        if getattr(waited.__cause__, "sqlstate", None) != LOCK_NOT_HAD:
            raise
        raise ConflictError(
            _("Organisations are being changed at this moment: try decision No %(number)s again.")
            % {"number": decision.number}
        ) from waited


def _tried(
    decision: Reorganization, *, by: User, progress: Progress
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str]:
    """Return the figures before and after a trial run, and why it failed, if it did."""
    _hold_tree(decision)
    plan = plan_of(decision)
    before = _figures(plan)
    after: list[dict[str, Any]] = []
    failure = ""
    try:
        with transaction.atomic():
            ground = ground_of(plan)
            _write_all(ground, by=by, progress=progress)
            after = _with_names(_figures(plan), ground)
            raise _Undone
    except _Undone:
        pass
    except DomainError as refused:
        failure = str(refused)
    except OperationalError:
        raise
    except DatabaseError as refused:
        failure = jobs.sentence_of(refused)
    return before, after, failure


def _figures(plan: Plan) -> list[dict[str, Any]]:
    return [figure for handler in handlers for figure in handler.figures(plan)]


def _with_names(figures: list[dict[str, Any]], ground: Ground) -> list[dict[str, Any]]:
    """Return `figures` with the names of what is new, whose ids nobody knows after the trial."""
    called = {unit.organization_id: unit.name for unit, _under in ground.founded}
    return [
        {**one, "name": called[one["organization"]]} if one["organization"] in called else one
        for one in figures
    ]


def _write_all(ground: Ground, *, by: User, progress: Progress) -> dict[str, int]:
    counts = write(ground, progress=progress)
    for handler in handlers:
        counts.update(handler.apply(ground.plan, by=by, progress=progress))
    return counts


# ------------------------------------------------------------------ confirm


def _locked(reorganization: Reorganization, *, by: User, on: date) -> Reorganization:
    decision = at_once(reorganization)
    if not acts(by, *CONFIRM_REORGANIZATION.roles, over=decision.organization, on=on):
        raise PermissionDenied
    return decision


def _past(decision: Reorganization) -> ConflictError:
    return ConflictError(
        _("Decision No %(number)s is past this step: %(state)s.")
        % {"number": decision.number, "state": decision.get_state_display()}
    )


@transaction.atomic
def confirm(reorganization: Reorganization, *, by: User, on: date) -> Reorganization:
    """Confirm a previewed decision as its second person; it is applied once its day has come.

    One whose day has come gets its job here and wakes a worker; one that waits gets its job on
    its day. Raises PermissionDenied where `by` is neither staff nor approver over it, DomainError
    where they drafted it themselves or the preview is missing or refuses, ConflictError where
    somebody was faster or anything changed since the preview.
    """
    decision = _locked(reorganization, by=by, on=on)
    if decision.state not in (State.DRAFT, State.FAILED):
        raise _past(decision)
    wrote = decision.events.filter(is_withdrawn=False, entered_by__in=same_human(by))
    if is_one_human(by, decision.entered_by) or wrote.exists():
        raise DomainError(_("Who drafted a decision does not confirm it: ask a second person."))
    if not decision.preview:
        raise DomainError(_("Look at what the decision does first: it has no preview yet."))
    _hold_tree(decision)  # so that two decisions over the same units are looked at in turn
    ground = ground_of(plan_of(decision))
    seen = look_at(ground)
    refusals = [one.sentence for one in seen.refusals]
    refusals = refusals or [one["sentence"] for one in decision.preview["refusals"]]
    if refusals:
        raise DomainError(" ".join(refusals[:3]))
    if seen.digest != decision.preview["digest"]:
        raise ConflictError(
            _("Something changed since the preview of decision No %(number)s: preview it again.")
            % {"number": decision.number}
        )
    decision.state = State.CONFIRMED
    decision.confirmed_by = by
    decision.confirmed_at = clock.now()
    decision.version += 1
    decision.job = None
    if decision.effective_on <= on:
        decision.job = _begun(decision, total=size_of(ground))
        subject = str(decision.public_id)
        transaction.on_commit(partial(jobs.wake, KIND, subject), robust=True)
    decision.save(update_fields=["state", "confirmed_by", "confirmed_at", "version", "job"])
    return decision


def _begun(decision: Reorganization, *, total: int) -> Job:
    return jobs.begin(
        KIND, str(decision.public_id), total=max(1, total), asked_by=decision.confirmed_by
    )


# ------------------------------------------------------------------ apply


@transaction.atomic
def apply(
    reorganization: Reorganization, *, on: date, progress: Progress | None = None
) -> Reorganization:
    """Apply a confirmed decision whose day has come by `on`, wholly or not at all; return it.

    Safe twice: one that is applied comes back as it is. Raises DomainError with what stops it
    now, ConflictError where it is not confirmed or its day has not come.
    """
    decision = (
        Reorganization.objects.select_for_update(of=("self",))
        .select_related("organization", "confirmed_by")
        .get(pk=reorganization.pk)
    )
    if decision.state == State.APPLIED:
        return decision
    if decision.state != State.CONFIRMED or decision.effective_on > on:
        raise _past(decision)
    hold(Lock.TREE)
    ground = ground_of(plan_of(decision))
    seen: Look = look_at(ground)
    if seen.refusals:
        raise DomainError(" ".join(_with_row(one) for one in seen.refusals[:5]))
    assert decision.confirmed_by is not None
    # One row speaks for all, also where no app above has news of its own; before these, so that
    # figures that follow in this transaction take it along.
    announce(decision, organization=decision.organization, on=decision.effective_on)
    counts = _write_all(ground, by=decision.confirmed_by, progress=progress or _no_progress)
    EventUnit.objects.bulk_update(
        [unit for unit, _under in ground.founded], ["organization"], batch_size=1000
    )
    decision.state = State.APPLIED
    decision.applied_at = clock.now()
    decision.outcome = {"counts": counts}
    decision.version += 1
    decision.save(update_fields=["state", "applied_at", "outcome", "version"])
    return decision


def _with_row(refusal: Refusal) -> str:
    if refusal.row is None:
        return refusal.sentence
    return _("Row %(row)s: %(sentence)s") % {"row": refusal.row, "sentence": refusal.sentence}


def apply_due(*, on: date) -> list[Reorganization]:
    """Apply every confirmed decision whose day has come by `on`, earliest first; return those.

    Each in a transaction of its own with a job that tells how far it is; one that fails is left
    `failed` with the reason in its job, and does not stop the others. Safe beside another worker
    and after one that was killed.
    """
    jobs.bury_the_dead(KIND, KIND_PREVIEW)
    due = list(Reorganization.objects.due(on=on).values_list("pk", flat=True))
    return [done for pk in due if (done := _run(pk, on=on)) is not None]


def _run(pk: int, *, on: date) -> Reorganization | None:
    job = _job_of(pk, on=on)
    if job is None:
        return None
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _apply_with(job, pk, on=on)
        except (OperationalError, IntegrityError) as conflict:
            # A constraint that the refusals did not foresee: somebody wrote in between.
            state = getattr(conflict.__cause__, "sqlstate", None)
            if state not in RETRIED or attempt == ATTEMPTS or connection.in_atomic_block:
                _failed(pk, job, jobs.sentence_of(conflict))
                return None
        except DomainError as refused:
            _failed(pk, job, str(refused))
            return None
        except Exception as failure:  # noqa: BLE001 - whatever it is, the job says so
            _failed(pk, job, jobs.sentence_of(failure))
            return None
        except BaseException as ended:
            # A worker's end: the decision stays confirmed, the next worker does it.
            jobs.fail(job, jobs.sentence_of(ended))
            raise
    return None


def _job_of(pk: int, *, on: date) -> Job | None:
    """Return the job of a due decision, begun if there is none; None where another is at it."""
    with transaction.atomic():
        decision = (
            Reorganization.objects.due(on=on)
            .filter(pk=pk)
            .select_for_update(of=("self",), skip_locked=True)
            .first()
        )
        if decision is None:
            return None
        job = decision.job
        if job is None or job.kind != KIND or job.state != Job.State.RUNNING:
            job = _begun(decision, total=size_of(ground_of(plan_of(decision))))
            decision.job = job
            decision.save(update_fields=["job"])
        return job


def _apply_with(job: Job, pk: int, *, on: date) -> Reorganization | None:
    with jobs.Progress(job) as progress, transaction.atomic():
        _take_time()
        decision = (
            Reorganization.objects.due(on=on)
            .filter(pk=pk)
            .select_for_update(of=("self",), skip_locked=True)
            .first()
        )
        if decision is None:
            return None
        applied = apply(decision, on=on, progress=progress)
        # With the facts, so that no job says "running" of what is applied.
        progress.close()
        outcome = applied.outcome or {"counts": {}}
        jobs.finish(job, changed=sum(outcome["counts"].values()))
        return applied


def _take_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = '600s'")


def _failed(pk: int, job: Job, sentence: str) -> None:
    with transaction.atomic():
        decision = Reorganization.objects.select_for_update(of=("self",)).get(pk=pk)
        if decision.state == State.CONFIRMED:
            decision.state = State.FAILED
            # What was foreseen did not come: nobody confirms it again without a new look.
            decision.preview = None
            decision.previewed_at = None
            decision.version += 1
            decision.save(update_fields=["state", "preview", "previewed_at", "version"])
        jobs.fail(job, sentence)


def preview_as_job(public_id: str, *, on: date) -> Reorganization | None:
    """Do the trial run that `preview` left to a worker; None where nothing is asked.

    What goes wrong is in the job. Twice is once: a job that is not running is left alone, and
    one whose decision another worker holds goes on there, or at the next try of the schedule.
    """
    decision = (
        Reorganization.objects.select_related("job__asked_by").filter(public_id=public_id).first()
    )
    job = decision.job if decision else None
    if decision is None or job is None or job.kind != KIND_PREVIEW:
        return None
    if job.state != Job.State.RUNNING or job.asked_by is None:
        return None
    try:
        with jobs.Progress(job) as progress, transaction.atomic():
            _take_time()
            at_once(decision)
            if not Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).exists():
                return None
            previewed = preview(decision, by=job.asked_by, on=on, progress=progress)
            progress.close()
            jobs.finish(job)
            return previewed
    except ConflictError:
        return None
    except Exception as failure:  # noqa: BLE001 - whatever it is, the job says so and is logged
        jobs.fail(job, jobs.sentence_of(failure))
        return None
    except BaseException as ended:
        jobs.fail(job, jobs.sentence_of(ended))
        raise


def preview_waiting(*, on: date) -> list[Reorganization]:
    """Do the trial runs whose worker was never woken, the oldest first; return those done."""
    waiting = Reorganization.objects.filter(
        job__kind=KIND_PREVIEW, job__state=Job.State.RUNNING
    ).order_by("job__started_at", "pk")
    return [
        done
        for public_id in list(waiting.values_list("public_id", flat=True))
        if (done := preview_as_job(str(public_id), on=on)) is not None
    ]
