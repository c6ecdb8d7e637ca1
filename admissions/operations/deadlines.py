"""The clocks of files as rows: begun, met, late or void as the file goes on, and scanned by a job.

What runs follows from the file alone, so reckoning twice changes nothing; a day that was missed
while no job ran is found by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import translation
from django.utils.translation import gettext as _

from admissions.cases import Case, cases_and_surroundings
from admissions.models import (
    Candidate,
    Certificate,
    Deadline,
    Extension,
    FileTransfer,
    Milestone,
    RuleSet,
)
from admissions.probation import decision_due
from admissions.rules import (
    add_months,
    grassroots_due_on,
    new_member_papers_due_on,
    probation_ends_on,
    recognition_review_due_on,
    send_up_due_on,
)
from admissions.stages import LIVE_STAGES, OPEN_STAGES, Level, Purpose, Stage, Step
from config.clock import HERE
from config.locks import Lock, try_hold
from organizations.models import Ancestry, Competence

Clock, State, Owner = Deadline.Clock, Deadline.State, Deadline.Owner

WARN_MONTHS = {Clock.CERTIFICATE: 6, Clock.PAPERS: 1, Clock.PROBATION: 3}
"""How many months before its last day a long term is first told of: reminders, no rules. Those of
the certificate are domain.md 2.10's; three months is the custom of an application in use."""

WARN_DAYS = {
    Clock.VERIFICATION: 7,
    Clock.GRASSROOTS: 14,
    Clock.DECISION: 14,
    Clock.CEREMONY: 14,
    Clock.NEW_MEMBER_PAPERS: 14,
    Clock.CELL_REVIEW: 30,
    Clock.RECOGNITION: 14,
    Clock.FORWARD: 7,
    Clock.MOVED_DECISION: 14,
    Clock.FAULT_REVIEW: 14,
}
"""How many days before its last day a term of weeks is first told of; others from their first."""

REMINDERS = {Clock.CERTIFICATE: (6, 3, 1)}
"""Months before the last day at which a page words its warning anew."""

CHUNK = 500

FOLLOWING = ["state", "ended_on", "due_on", "warn_on", "organization"]
"""The columns of a row that change with its file; what scans write of it is theirs."""


@dataclass
class Expected:
    """One clock as the file now says it."""

    clock: Deadline.Clock
    began_on: date
    due_on: date
    rules: RuleSet
    owner: Deadline.Owner = Owner.CELL
    subject: str = ""
    ended_on: date | None = None
    is_void: bool = False
    is_new_term: bool = False
    """Whether its last day was given after it began: made longer, or another committee's own."""

    @property
    def state(self) -> Deadline.State:
        if self.ended_on is None:
            return State.RUNNING
        if self.is_void:
            return State.VOID
        return State.MET if self.ended_on <= self.due_on else State.LATE

    @property
    def warn_on(self) -> date:
        """Return the first day on which it is told of."""
        if months := WARN_MONTHS.get(self.clock):
            first = add_months(self.due_on, -months)
        elif days := WARN_DAYS.get(self.clock):
            first = self.due_on - timedelta(days=days)
        else:
            first = self.began_on
        return min(max(first, self.began_on), self.due_on)


def clause(clock: Deadline.Clock | str, rules: RuleSet) -> str:
    """Return what the term says and which rule set says it, in the language that is active."""
    words: dict[str, str] = {
        Clock.CERTIFICATE: _("certificate counts %(number)s months")
        % {"number": rules.certificate_months},
        Clock.PAPERS: _("papers count %(number)s months") % {"number": rules.dossier_months},
        Clock.VERIFICATION: _("answer in %(home)s working days, from abroad in %(abroad)s")
        % {"home": rules.verification_home_days, "abroad": rules.verification_abroad_days},
        Clock.SEND_UP: _("%(number)s working days from the cell's resolution")
        % {"number": rules.send_up_days},
        Clock.GRASSROOTS: _("%(number)s working days from the cell's resolution")
        % {"number": rules.grassroots_days},
        Clock.DECISION: _("%(number)s working days from the cell's resolution")
        % {"number": rules.admission_decision_days},
        Clock.CEREMONY: (
            _("%(number)s working days from the receipt of the decision")
            if rules.ceremony_from == RuleSet.CeremonyFrom.RECEIPT
            else _("%(number)s working days from the issue of the decision")
        )
        % {"number": rules.ceremony_days},
        Clock.NEW_MEMBER_PAPERS: _("%(number)s working days from the ceremony")
        % {"number": rules.new_member_papers_days},
        Clock.PROBATION: _("%(number)s months from the ceremony")
        % {"number": rules.probation_months},
        Clock.CELL_REVIEW: _("%(number)s working days from the end of the probation")
        % {"number": rules.recognition_review_days},
        Clock.RECOGNITION: _("%(number)s working days from the cell's resolution")
        % {"number": rules.recognition_decision_days},
        Clock.FORWARD: _(
            "%(number)s working days from the decision to move, %(decided)s with a decision issued"
        )
        % {"number": rules.forward_days, "decided": rules.moved_ceremony_days},
        Clock.MOVED_DECISION: _("%(number)s working days from the receipt of the file")
        % {"number": rules.moved_decision_days},
        Clock.FAULT_REVIEW: _("%(number)s working days from the request to review the file")
        % {"number": rules.fault_review_days},
    }
    return f"{rules.code}: {words[clock]}"


# ------------------------------------------------------------------ what runs on a file


def expected(case: Case) -> list[Expected]:
    """Return every clock that runs or ran on the file, as it stands on the day of `case`."""
    rows = [one for part in PARTS for one in part(case)]
    file = case.candidate
    if file.stage == Stage.CLOSED and file.closed_on:
        for one in rows:
            if one.ended_on is None:
                # It may have begun later than the file was closed for, where days were typed late.
                one.ended_on, one.is_void = max(file.closed_on, one.began_on), True
    return rows


def _certificates(case: Case) -> Iterator[Expected]:
    issued = sorted(
        (
            one
            for one in case.candidate.certificates.all()
            if one.kind == Certificate.Kind.AWARENESS and one.issued_on <= case.on
        ),
        key=lambda one: (one.expires_on, one.pk),
    )
    vote = case.passed(Level.CELL)
    for place, one in enumerate(issued):
        later = issued[place + 1] if place + 1 < len(issued) else None
        considered = vote.held_on if vote and later is None else None
        yield Expected(
            Clock.CERTIFICATE,
            one.issued_on,
            one.expires_on - timedelta(days=1),
            case.candidate.rules,
            subject=one.number,
            ended_on=max(later.issued_on, one.issued_on) if later else considered,
            is_void=later is not None,
        )


def _papers(case: Case) -> Iterator[Expected]:
    """One clock for the paper that goes stale first, of those that count longest of each form."""
    newest: dict[str, tuple[date, date]] = {}
    for one in case.candidate.papers.all():
        if one.stale_on is not None and one.received_on <= case.on:
            known = newest.get(one.kind.code)
            found = (one.stale_on, one.dated_on)
            newest[one.kind.code] = max(known, found) if known else found
    if not newest:
        return
    stale_on, dated_on = min(newest.values())
    vote = case.passed(Level.CELL)
    yield Expected(
        Clock.PAPERS,
        dated_on,
        stale_on - timedelta(days=1),
        case.candidate.rules,
        ended_on=vote.held_on if vote else None,
    )


def _verifications(case: Case) -> Iterator[Expected]:
    for one in case.candidate.verifications.all():
        if one.sent_on and one.due_on and one.sent_on <= case.on:
            yield Expected(
                Clock.VERIFICATION,
                one.sent_on,
                one.due_on,
                case.candidate.rules,
                subject=f"{one.pk} {one.place}"[:80],
                ended_on=one.received_on or one.waived_on,
                is_void=one.received_on is None,
            )


def _on_the_way_up(case: Case) -> Iterator[Expected]:
    vote = case.passed(Level.CELL)
    if vote is None:
        return
    rules = case.own_rules(at=vote.entered_at)
    above = [
        passed.held_on
        for level in case.bodies.levels()
        if level != Level.CELL and (passed := case.passed(level))
    ]
    decided = case.decision.signed_on if case.decision else _refused_on(case)
    if decided:
        above.append(decided)
    sent = [
        one.on for one in case.milestones if one.step == Step.SEND_UP and one.on >= vote.held_on
    ]
    yield Expected(
        Clock.SEND_UP,
        vote.held_on,
        send_up_due_on(vote.held_on, rules, calendar=case.calendar),
        rules,
        ended_on=min([*sent, *above], default=None),
    )
    if case.bodies.grassroots:
        passed = case.passed(Level.GRASSROOTS)
        yield Expected(
            Clock.GRASSROOTS,
            vote.held_on,
            grassroots_due_on(vote.held_on, rules, calendar=case.calendar),
            rules,
            Owner.GRASSROOTS,
            ended_on=passed.held_on if passed else decided,
        )
    longer = case.extension(Extension.Clock.ADMISSION)
    limit, moved = case.decision_limit(), case.taken_over
    if limit:
        yield Expected(
            Clock.DECISION,
            vote.held_on,
            limit,
            rules,
            Owner.COMPETENT,
            ended_on=decided,
            is_new_term=longer is not None or (moved is not None and moved.decide_by == limit),
        )


def _refused_on(case: Case) -> date | None:
    refused = case.milestone(Step.REFUSE)
    return refused.on if refused else None


def _ceremony(case: Case) -> Iterator[Expected]:
    decision, limit = case.decision, case.ceremony_limit()
    if decision is None or limit is None:
        return
    rules = case.own_rules(at=decision.entered_at)
    held = case.milestone(Step.ADMIT)
    began = decision.signed_on
    if rules.ceremony_from == RuleSet.CeremonyFrom.RECEIPT:
        began = case.received_on or decision.received_on or decision.signed_on
    yield Expected(Clock.CEREMONY, began, limit, rules, ended_on=held.on if held else None)


def _probation(case: Case) -> Iterator[Expected]:
    begun, rules = case.became_probationary_on, case.candidate.rules
    if begun is None:
        return
    papers = case.milestone(Step.NEW_MEMBER_PAPERS)
    yield Expected(
        Clock.NEW_MEMBER_PAPERS,
        begun,
        new_member_papers_due_on(begun, rules, calendar=case.calendar),
        rules,
        ended_on=papers.on if papers else None,
    )
    ends = probation_ends_on(begun, rules)
    deletion = case.decision_for(Purpose.DELETION)
    left = deletion.signed_on if deletion else None
    yield Expected(
        Clock.PROBATION,
        begun,
        ends,
        rules,
        # Nobody does anything to meet it: it is over on its day.
        ended_on=left if left and left < ends else ends if ends <= case.on else None,
        is_void=bool(left and left < ends),
    )
    vote = case.passed(Level.CELL, Purpose.RECOGNITION)
    considered_on = vote.held_on if vote else None
    if vote is None and case.is_passed_over(Level.CELL, Purpose.RECOGNITION):
        # It has considered, too often without a resolution: those above go on.
        short = case.short_votes(Level.CELL, Purpose.RECOGNITION)
        considered_on = max(one.held_on for one in short)
    yield Expected(
        Clock.CELL_REVIEW,
        ends,
        recognition_review_due_on(ends, rules, calendar=case.calendar),
        rules,
        ended_on=considered_on or (max(left, ends) if left else None),
        is_void=considered_on is None and left is not None,
    )
    due = decision_due(case)
    if vote is None or due is None:
        return
    longer = case.extension(Extension.Clock.RECOGNITION)
    recognised = case.decision_for(Purpose.RECOGNITION)
    yield Expected(
        Clock.RECOGNITION,
        vote.held_on,
        due.day,
        due.rules,
        Owner.COMPETENT,
        ended_on=recognised.signed_on if recognised else None,
        is_new_term=longer is not None,
    )


def _moves(case: Case) -> Iterator[Expected]:
    rules = case.candidate.rules
    for one in case.candidate.file_transfers.all():
        was_dropped = one.state in {one.State.REFUSED, one.State.WITHDRAWN}
        if one.send_by:
            yield Expected(
                Clock.FORWARD,
                one.moved_on,
                max(one.send_by, one.moved_on),
                rules,
                Owner.COMPETENT
                if one.situation in {one.Situation.SUBMITTED, one.Situation.DECIDED}
                else Owner.CELL,
                subject=str(one.pk),
                ended_on=one.sent_on or (max(case.on, one.moved_on) if was_dropped else None),
                is_void=was_dropped and one.sent_on is None,
            )
        if one.received_on and one.decide_by:
            later = [
                made.signed_on
                for made in case.candidate.decisions.all()
                if made.signed_on >= one.received_on
            ]
            yield Expected(
                Clock.MOVED_DECISION,
                one.received_on,
                max(one.decide_by, one.received_on),
                rules,
                Owner.COMPETENT,
                subject=str(one.pk),
                ended_on=min(later, default=None),
            )
        if one.review_asked_on and one.review_by:
            answered_on, is_over = _reviewed_on(case, one)
            yield Expected(
                Clock.FAULT_REVIEW,
                one.review_asked_on,
                one.review_by,
                rules,
                subject=str(one.pk),
                ended_on=answered_on,
                is_void=is_over,
            )


def _reviewed_on(case: Case, sent_back: FileTransfer) -> tuple[date | None, bool]:
    """Return when its faults were answered, and whether nobody is to answer them any more.

    The cell answers by asking for the move again; what it took back answers nothing. Once the
    person is a member there is nothing to ask for: the file goes with the membership.
    """
    again = [
        one
        for one in case.candidate.file_transfers.all()
        if one.pk > sent_back.pk and one.state != one.State.WITHDRAWN
    ]
    if again:
        # It is asked for on the day on which it is entered.
        first = min(again, key=lambda one: one.pk)
        return first.entered_at.astimezone(HERE).date(), False
    if case.candidate.stage in OPEN_STAGES:
        return None, False
    since = case.candidate.stage_since
    return max(since, sent_back.review_asked_on or since), True


PARTS: Sequence[Callable[[Case], Iterable[Expected]]] = (
    _certificates,
    _papers,
    _verifications,
    _on_the_way_up,
    _ceremony,
    _probation,
    _moves,
)


def _organization(case: Case, owner: Deadline.Owner) -> int:
    """Return the organisation whose clock it is: nearest to the owner's level that there is."""
    bodies, cell = case.bodies, case.candidate.cell_id
    if owner == Owner.CELL:
        return cell
    levels = (bodies.grassroots, bodies.competent)
    body = next(
        (one for one in (levels if owner == Owner.GRASSROOTS else reversed(levels)) if one), None
    )
    return body.organization_id if body else cell


# ------------------------------------------------------------------ writing the rows

_waiting: ContextVar[set[int] | None] = ContextVar("files_to_reckon", default=None)


def reckon(file: Candidate, *, on: date) -> None:
    """Let the rows of a locked file follow it, in the transaction that changes it."""
    waiting = _waiting.get()
    if waiting is not None:
        waiting.add(file.pk)
        return
    # What is entered late is no reason to forget what came after it.
    latest = Milestone.objects.filter(candidate=file).aggregate(Max("on"))["on__max"]
    on = max(on, latest or on)
    # A copy, so that what the operation has in its hands is not read anew beneath it.
    fresh = copy(file)
    fresh.__dict__["_prefetched_objects_cache"] = {}
    _follow([fresh], on=on)


@contextmanager
def deferred(*, on: Callable[[], date]) -> Iterator[None]:
    """Reckon what changes in the block once, at its end, on the day that `on` then says.

    For loads of many files; it is still the same transaction. Within another, that one's end.
    """
    if _waiting.get() is not None:
        yield
        return
    files: set[int] = set()
    token = _waiting.set(files)
    try:
        yield
    finally:
        _waiting.reset(token)
    reckon_many(files, on=on())


def follow_calendar(day: date, *, on: date) -> int:
    """Give the running terms that `day` lies in their last day anew; return of how many files.

    For a day decreed off, or to be worked, while they run. What has ended keeps the last day that
    it had then. The files are locked.
    """
    over = Deadline.objects.filter(state=State.RUNNING, began_on__lt=day, due_on__gte=day)
    files = Candidate.objects.filter(pk__in=over.values("candidate"))
    locked = list(files.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    reckon_many(locked, on=on, anew=True)
    return len(locked)


def reckon_many(ids: Iterable[int], *, on: date, anew: bool = False) -> None:
    """Reckon the files `ids`, many at a time; `anew` also the last days of terms that run."""
    wanted = sorted(ids)
    for place in range(0, len(wanted), CHUNK):
        chunk = wanted[place : place + CHUNK]
        files = Candidate.objects.filter(pk__in=chunk).select_related("person", "cell", "rules")
        _follow(list(files), on=on, anew=anew)


def _follow(files: Sequence[Candidate], *, on: date, anew: bool = False) -> None:
    cases, _around = cases_and_surroundings(files, on=on)
    new: list[Deadline] = []
    changed: list[Deadline] = []
    longer: list[int] = []
    texts: dict[tuple[str, int], str] = {}
    for case in cases:
        known = {
            (row.clock, row.subject, row.began_on): row for row in case.candidate.deadlines.all()
        }
        for one in expected(case):
            row = known.pop((one.clock, one.subject, one.began_on), None)
            if row is None:
                new.append(_row(case, one, texts))
                continue
            before = row.due_on
            one.is_new_term |= anew and row.state == State.RUNNING
            if _update(row, one, organization=_organization(case, one.owner)):
                changed.append(row)
            if row.due_on > before:
                longer.append(row.pk)
        for row in known.values():
            # The file no longer says so: returned, cancelled, or a day was put right.
            if row.state == State.RUNNING:
                row.state, row.ended_on = State.VOID, max(on, row.began_on)
                changed.append(row)
    Deadline.objects.bulk_create(new)
    if changed:
        Deadline.objects.bulk_update(changed, FOLLOWING)
    if longer:
        # Told of anew. Otherwise a scan may write these meanwhile, which is not to be undone.
        Deadline.objects.filter(pk__in=longer).update(warned_at=None, missed_at=None)


def _row(case: Case, one: Expected, texts: dict[tuple[str, int], str]) -> Deadline:
    key = (one.clock, one.rules.pk)
    if key not in texts:
        # In the product's own language, whoever records: it is kept as written.
        with translation.override(settings.LANGUAGE_CODE):
            texts[key] = clause(one.clock, one.rules)[:160]
    return Deadline(
        candidate=case.candidate,
        clock=one.clock,
        subject=one.subject,
        rules=one.rules,
        clause=texts[key],
        owner=one.owner,
        organization_id=_organization(case, one.owner),
        began_on=one.began_on,
        due_on=one.due_on,
        warn_on=one.warn_on,
        state=one.state,
        ended_on=one.ended_on,
    )


def _update(row: Deadline, one: Expected, *, organization: int) -> bool:
    """Let `row` say what is expected now; say whether that changed anything.

    Its days stay as they were reckoned when it began, unless another term was given, or the
    calendar changed while it ran; a row that was void keeps the day on which it became so.
    """
    if one.is_new_term and row.due_on != one.due_on:
        row.due_on, row.warn_on = one.due_on, one.warn_on
        is_changed = True
    else:
        one.due_on = row.due_on
        is_changed = False
    is_still_void = row.state == one.state == State.VOID
    if not is_still_void and (row.state, row.ended_on) != (one.state, one.ended_on):
        row.state, row.ended_on = one.state, one.ended_on
        is_changed = True
    if row.state == State.RUNNING and row.organization_id != organization:
        row.organization_id = organization
        is_changed = True
    return is_changed


# ------------------------------------------------------------------ the job


@dataclass(frozen=True)
class Scanned:
    """How many rows a scan found to tell of anew."""

    warned: int
    missed: int
    over: int


@transaction.atomic
def scan(*, on: date, at: datetime) -> Scanned | None:
    """Mark the terms whose warning day came, and those missed, which go to the body above.

    A condition, no window: what no scan found on its day is found by the next one, once. None
    where another scan holds the lock.
    """
    if not try_hold(Lock.DEADLINES):
        return None
    _begin_missing(on=on)
    _follow_bodies(on=on)
    running = Deadline.objects.filter(state=State.RUNNING)
    own_cell = Candidate.objects.filter(pk=OuterRef("candidate")).values("cell")[:1]
    moved = running.filter(owner=Owner.CELL).exclude(organization=F("candidate__cell"))
    moved.update(organization=Subquery(own_cell))
    over = running.filter(clock=Clock.PROBATION, due_on__lte=on)
    ended = over.update(state=State.MET, ended_on=F("due_on"))
    warned = running.filter(warn_on__lte=on, warned_at__isnull=True).update(warned_at=at)
    above = Ancestry.objects.on(on).filter(descendant=OuterRef("organization"), depth=1)
    missed = running.filter(Q(due_on__lt=on), missed_at__isnull=True).update(
        missed_at=at, escalated_to=Subquery(above.values("ancestor")[:1])
    )
    return Scanned(warned=warned, missed=missed, over=ended)


def _begin_missing(*, on: date) -> None:
    """Begin the terms of files from before there were such: with a certificate and no row at all,
    or sent back for faults and no row of the review.

    Some at a time; one that somebody works on is left to a later scan.
    """
    awareness = Certificate.objects.filter(kind=Certificate.Kind.AWARENESS)
    certified = awareness.filter(candidate=OuterRef("pk"))
    begun = Deadline.objects.filter(candidate=OuterRef("pk"))
    reviewed = FileTransfer.objects.filter(candidate=OuterRef("pk"), review_by__isnull=False)
    files = (
        Candidate.objects.filter(
            (Exists(certified) & ~Exists(begun))
            | (Exists(reviewed) & ~Exists(begun.filter(clock=Clock.FAULT_REVIEW))),
            stage__in=LIVE_STAGES,
        )
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("pk")[:CHUNK]
    )
    reckon_many([file.pk for file in files], on=on)


def of_other_bodies(*, on: date) -> QuerySet[Deadline]:
    """Return the running terms of committees that on day `on` no longer consider their file."""
    line = Ancestry.objects.on(on).filter(descendant=OuterRef("candidate__cell"))
    competent = Competence.objects.filter(period__contains=on)
    nearest = line.filter(ancestor__in=competent.values("organization")).order_by("depth")
    running = Deadline.objects.filter(state=State.RUNNING).exclude(owner=Owner.CELL)
    return running.annotate(competent_now=Subquery(nearest.values("ancestor")[:1])).filter(
        ~Exists(line.filter(ancestor=OuterRef("organization")))
        # Where none is competent, the one that was keeps the term.
        | (
            Q(owner=Owner.COMPETENT, competent_now__isnull=False)
            & ~Q(organization=F("competent_now"))
        )
        | Q(owner=Owner.GRASSROOTS, organization=F("competent_now"))
    )


def _follow_bodies(*, on: date) -> None:
    """Give the terms of committees that no longer consider the file to those that do now.

    The structure and competences change without any step of the file. Some at a time, as above.
    """
    files = (
        Candidate.objects.filter(pk__in=of_other_bodies(on=on).values("candidate"))
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("pk")[:CHUNK]
    )
    reckon_many([file.pk for file in files], on=on)
