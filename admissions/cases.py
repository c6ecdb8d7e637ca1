"""A case: one file with everything its guards and pages read, as it stood on one day."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, cast

from django.db.models import Max, prefetch_related_objects
from django.utils.functional import SimpleLazyObject

from admissions import open_questions
from admissions.bundles import Above, Surroundings, read, votes_short_before
from admissions.calendar import working_days, working_days_by
from admissions.models import (
    AwarenessClass,
    Ballot,
    Candidate,
    Certificate,
    Decision,
    Extension,
    FileTransfer,
    LateEntry,
    Mentorship,
    Milestone,
    Paper,
    PaperKind,
    RuleChange,
    RuleSet,
    Special,
    Verification,
)
from admissions.parameters import as_of
from admissions.rules import (
    USUAL,
    Threshold,
    WorkingDays,
    add_months,
    ceremony_due_on,
    decision_due_on,
    full_years,
    is_within_oldest_age,
    probation_ends_on,
    threshold,
)
from admissions.stages import (
    ORDER,
    REACHES,
    STEP_OF_VOTE,
    STEPS_OF_VOTES,
    Level,
    Purpose,
    Stage,
    Step,
)
from config.periods import contains
from config.rows import beyond_scope
from organizations.models import (
    Ancestry,
    Competence,
    Departure,
    Designation,
    Membership,
    Organization,
    Person,
    Transfer,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User

VERIFICATION_FORM = "TTLL"
"""What stands in the catalogue for the answers to all requests of verification together."""

OF_PROBATION = frozenset(
    {
        Step.ADMIT,
        Step.NEW_MEMBER_PAPERS,
        Step.CERTIFY_NEW_MEMBER,
        Step.RECOGNISE,
        Step.ANNOUNCE,
        Step.DELETE_NAME,
        *STEPS_OF_VOTES[Purpose.RECOGNITION].values(),
        *STEPS_OF_VOTES[Purpose.DELETION].values(),
    }
)
"""Steps that a cancelled admission undoes: what is done again has a ceremony and a probation of
its own."""

EXPIRING_MONTHS = 1
CERTIFICATE_EXPIRING_MONTHS = 6
"""How long before its last day a page calls a paper, and the certificate for which a class must be
attended again, about to expire: a reminder, not a rule."""


@dataclass(frozen=True)
class Body:
    """A body that considers candidates, by the name it bore on the day."""

    organization_id: int
    name: str
    short_name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Bodies:
    """The bodies that consider the candidates of one cell on one day, nearest first.

    A committee is None where the line has none, or where it is itself the competent body.
    """

    cell: Body
    intermediate: Body | None = None
    grassroots: Body | None = None
    competent: Body | None = None
    competence: Competence | None = None

    def at(self, level: Level | str) -> Body | None:
        """Return the body that considers at `level`, or None where the line has none."""
        found: Body | None = getattr(self, Level(level).value)
        return found

    def voting(self, level: Level | str) -> Body:
        """Return the body at `level`; LookupError where the line has none."""
        if (body := self.at(level)) is None:
            raise LookupError(f"no body at {level} above {self.cell}")
        return body

    @property
    def permitting(self) -> Body | None:
        """The committee that permits the procedure; a grassroots cell asks the one above."""
        return self.grassroots or self.competent

    @property
    def is_delegated(self) -> bool:
        """Say whether a grassroots committee decides itself, by delegation."""
        competence = self.competence
        return competence is not None and competence.kind == Competence.Kind.DELEGATED

    def levels(self) -> list[Level]:
        """Return the levels at which this cell's candidates are considered, from below."""
        return [level for level in Level if self.at(level)]


@dataclass(frozen=True)
class Due:
    """A last day, how many working days were given, and the rules that say so."""

    day: date
    days: int
    rules: RuleSet


def bodies_of(cells: Iterable[int], *, on: date) -> dict[int, Bodies]:
    """Return {cell id: the bodies that consider its candidates on day `on`}; three queries.

    The competent body is the nearest above that holds a competence on the day.
    """
    wanted = set(cells)
    lines: dict[int, list[int]] = {cell: [] for cell in wanted}
    rows = Ancestry.objects.on(on).filter(descendant__in=wanted).order_by("depth")
    for cell, ancestor in rows.values_list("descendant", "ancestor"):
        lines[cell].append(ancestor)
    organizations = {ancestor for line in lines.values() for ancestor in line} | wanted
    called = Designation.objects.by_organization(organizations, on=on)
    competences = Competence.objects.filter(organization__in=organizations, period__contains=on)
    return _lines_of_bodies(lines, called=called, competences=competences)


def _lines_of_bodies(
    lines: dict[int, list[int]],
    *,
    called: dict[int, Designation],
    competences: Iterable[Competence],
) -> dict[int, Bodies]:
    held = {row.organization_id: row for row in competences}
    return {
        cell: _bodies(cell, line, called=called, competences=held) for cell, line in lines.items()
    }


def _bodies_above(cells: Iterable[int], around: Above) -> dict[int, Bodies]:
    lines: dict[int, list[int]] = {cell: [] for cell in cells}
    for cell, ancestor in around.lines:
        lines[cell].append(ancestor)
    called = {row.organization_id: row for row in reversed(around.names)}
    return _lines_of_bodies(lines, called=called, competences=around.competences)


def _bodies(
    cell: int,
    line: Sequence[int],
    *,
    called: dict[int, Designation],
    competences: dict[int, Competence],
) -> Bodies:
    def body(organization: int | None) -> Body | None:
        name = called.get(organization) if organization is not None else None
        return Body(name.organization_id, name.name, name.short_name) if name else None

    above = [ancestor for ancestor in line if ancestor != cell]
    competent = next((ancestor for ancestor in line if ancestor in competences), None)
    below = above[: above.index(competent)] if competent in above else above

    def nearest(votes_as: str) -> int | None:
        return next(
            (one for one in below if one in called and called[one].kind.votes_as == votes_as), None
        )

    name = called.get(cell)
    return Bodies(
        cell=Body(cell, name.name if name else "", name.short_name if name else ""),
        intermediate=body(nearest("intermediate")),
        grassroots=body(nearest("grassroots")),
        competent=body(competent),
        competence=competences[competent] if competent is not None else None,
    )


def official_members(cell: Organization | int, *, on: date) -> int:
    """Return how many official members `cell` has on day `on`."""
    return Membership.objects.on(on).official().filter(cell=cell).count()


def summoned(cell: Organization | int, *, on: date) -> int:
    """Return how many official members `cell` summons on day `on`: without those on temporary
    transfer elsewhere (HD 06-HD/TW 2025, domain.md 2.6)."""
    members = Membership.objects.on(on).official().filter(cell=cell)
    return members.exclude(person__in=Transfer.objects.away(on=on).values("person")).count()


@beyond_scope()
def last_departures(people: Iterable[Person], *, on: date) -> dict[tuple[str, date], date]:
    """Return {(name to search, birth date): latest recorded day of leaving the Party by day `on`}.

    Of each of `people` by whatever record: merged ones bear the same name and birth date.
    """
    wanted = {(one.name_search, one.born_on) for one in people}
    rows = (
        Departure.objects.filter(
            membership__person__name_search__in={name for name, _born_on in wanted},
            membership__person__born_on__in={born_on for _name, born_on in wanted},
            on__lte=on,
        )
        # Who died is another person of the same name and birth date.
        .exclude(reason=Departure.Reason.DECEASED)
        .order_by()
        .values_list("membership__person__name_search", "membership__person__born_on")
        .annotate(latest=Max("on"))
    )
    return {(name, born_on): latest for name, born_on, latest in rows}


@beyond_scope()
def short_before(people: Iterable[Person]) -> dict[tuple[str, date], list[Ballot]]:
    """Return {(name to search, birth date): votes of cells that fell short on closed files}.

    On the admission of each of `people` by whatever record, as `last_departures`.
    """
    wanted = {(one.name_search, one.born_on) for one in people}
    names, days = {name for name, _born_on in wanted}, {born_on for _name, born_on in wanted}
    return _by_person(votes_short_before(names, days))


def _by_person(votes: Iterable[Ballot]) -> dict[tuple[str, date], list[Ballot]]:
    found: dict[tuple[str, date], list[Ballot]] = {}
    for one in votes:
        person = one.candidate.person
        found.setdefault((person.name_search, person.born_on), []).append(one)
    return found


def grassroots_unit(cell: Organization | int, *, on: date) -> int:
    """Return the id of the grassroots organisation that `cell` belongs to on day `on`.

    A cell without a grassroots committee above it is one itself.
    """
    cell_id = cell if isinstance(cell, int) else cell.pk
    bodies = bodies_of([cell_id], on=on)[cell_id]
    if bodies.grassroots:
        return bodies.grassroots.organization_id
    if bodies.is_delegated and bodies.competent:
        return bodies.competent.organization_id
    return cell_id


@dataclass(frozen=True)
class PaperState:
    """A form of the catalogue with the paper received for it, if any, and its status."""

    kind: PaperKind
    paper: Paper | None
    status: Paper.Status


def read_working_days() -> WorkingDays:
    """Return the table of decreed days, read once, when a first limit is reckoned."""
    return cast("WorkingDays", SimpleLazyObject(working_days))


def purpose_of(kind: PaperKind) -> Purpose:
    """Return what the vote is about from which form `kind` arises."""
    on_probation = kind.phase == PaperKind.Phase.PROBATION
    return Purpose.RECOGNITION if on_probation else Purpose.ADMISSION


def ceremony_limit(
    decision: Decision,
    *,
    rules: RuleSet,
    calendar: WorkingDays = USUAL,
    received_on: date | None = None,
) -> date:
    """Return the last day for the ceremony; from the issue where no receipt is recorded.

    `received_on` is the day the cell received it, where that was recorded after the decision.
    """
    counted_from = decision.signed_on
    received_on = received_on or decision.received_on
    if rules.ceremony_from == RuleSet.CeremonyFrom.RECEIPT and received_on:
        counted_from = received_on
    return ceremony_due_on(counted_from, rules, calendar=calendar)


@dataclass
class Case:
    """`candidate` as judged on day `on`: only what had happened by then is seen.

    `rules` are those in force on the day, `kinds` their papers, `bodies` the line on the day.
    """

    candidate: Candidate
    on: date
    rules: RuleSet
    kinds: Sequence[PaperKind]
    bodies: Bodies
    calendar: WorkingDays = field(default_factory=read_working_days)
    """Which days are worked, read when first asked for; cases of one list share it."""

    @cached_property
    def settings(self) -> dict[str, str]:
        """The values of `open_questions` as they held on the day, by name."""
        return open_questions.values(on=self.on)

    @cached_property
    def members_of_cell(self) -> int:
        """How many official members the cell has on the day."""
        return official_members(self.cell_id, on=self.on)

    @cached_property
    def last_departure(self) -> date | None:
        """The latest recorded day on which the person left the Party, by the day."""
        person = self.candidate.person
        found = last_departures([person], on=self.on)
        return found.get((person.name_search, person.born_on))

    @cached_property
    def short_before(self) -> dict[tuple[str, date], list[Ballot]]:
        """What `short_before` finds for the person; cases of one list share it."""
        return short_before([self.candidate.person])

    @cached_property
    def official_cells(self) -> dict[int, int]:
        """Of the introducers and helpers who are official members on the day: {person: cell}."""
        named = [one.person_id for one in self.candidate.introducers.all() if one.person_id]
        named += [one.mentor_id for one in self.candidate.mentorships.all()]
        members = Membership.objects.on(self.on).official().filter(person__in=named)
        return dict(members.values_list("person", "cell"))

    @cached_property
    def classes(self) -> list[AwarenessClass]:
        """The classes above the cell that take names on the day, as `open_on`."""
        return list(AwarenessClass.objects.above([self.cell_id], on=self.on).open_on(self.on))

    @cached_property
    def rule_changes(self) -> list[RuleChange]:
        """Every change of a parameter that two people agreed to."""
        return list(RuleChange.objects.filter(approved_at__isnull=False).order_by("pk"))

    def own_rules(self, *, at: datetime) -> RuleSet:
        """Return the rules that the file keeps, with the parameters they had at instant `at`.

        A term is reckoned with those of the moment in which what begins it was entered.
        """
        return as_of(self.candidate.rules, self.rule_changes, at)

    @property
    def cell_id(self) -> int:
        """The cell that had the file on the day; `candidate.cell` has it now."""
        return self.candidate.cell_on(self.on)

    @cached_property
    def milestones(self) -> list[Milestone]:
        """The file's milestones up to the day, oldest first."""
        return sorted(
            (one for one in self.candidate.milestones.all() if one.on <= self.on),
            key=lambda one: (one.on, one.pk),
        )

    def milestone(self, step: Step | str) -> Milestone | None:
        """Return the latest milestone of `step` up to the day; of a ceremony undone since, none."""
        found = (one for one in reversed(self.milestones) if one.step == step)
        return next((one for one in found if not self.is_undone(one)), None)

    @property
    def late_entry(self) -> LateEntry | None:
        """The latest ceremony that was entered late, of the decision in force; waiting or not."""
        known = list(self.candidate.late_entries.all())
        latest = known[-1] if known else None
        is_of_it = latest and self.decision and latest.decision_id == self.decision.pk
        return latest if is_of_it else None

    @cached_property
    def cancelled_by(self) -> int:
        """Key of the latest milestone that cancelled a decision which admits; 0 where none did.

        Keys follow the order of entry: a file is locked while its milestones are written.
        """
        known = (one.pk for one in self.candidate.milestones.all() if one.step == Step.CANCEL)
        return max(known, default=0)

    def is_undone(self, milestone: Milestone) -> bool:
        """Say whether `milestone` is of a ceremony or probation whose decision was cancelled."""
        return milestone.step in OF_PROBATION and milestone.pk < self.cancelled_by

    @cached_property
    def certificate(self) -> Certificate | None:
        """The certificate that counts longest among those issued by the day, valid or not."""
        return self._latest_certificate(Certificate.Kind.AWARENESS)

    @cached_property
    def new_member_certificate(self) -> Certificate | None:
        """The certificate of the class for new members issued by the day, in this probation."""
        found = self._latest_certificate(Certificate.Kind.NEW_MEMBER)
        return found if found and self.is_of_this_probation(found.issued_on) else None

    def is_of_this_probation(self, day: date) -> bool:
        """Say whether `day` is not of a probation before the one that runs, whose admission was
        cancelled."""
        begun = self.became_probationary_on
        return begun is None or not self.cancelled_by or day >= begun

    def _latest_certificate(self, kind: Certificate.Kind) -> Certificate | None:
        issued = [
            one
            for one in self.candidate.certificates.all()
            if one.issued_on <= self.on and one.kind == kind
        ]
        return max(issued, key=lambda one: one.expires_on, default=None)

    @property
    def valid_certificate(self) -> Certificate | None:
        """The certificate that counts on the day, if any."""
        found = self.certificate
        return found if found and found.expires_on > self.on else None

    @property
    def certificate_expires_soon(self) -> bool:
        """Say whether the certificate that counts on the day is about to expire."""
        found = self.valid_certificate
        if found is None:
            return False
        return add_months(self.on, CERTIFICATE_EXPIRING_MONTHS) >= found.expires_on

    @cached_property
    def mentorships(self) -> list[Mentorship]:
        """Who helps the candidate on the day."""
        return [one for one in self.candidate.mentorships.all() if contains(one.period, self.on)]

    @cached_property
    def ballots(self) -> list[Ballot]:
        """The votes held up to the day, oldest first."""
        return sorted(
            (one for one in self.candidate.ballots.all() if one.held_on <= self.on),
            key=lambda one: (one.held_on, one.pk),
        )

    def counts(self, ballot: Ballot) -> bool:
        """Say whether `ballot` still counts: the file was not returned to a step before it.

        One on a probation: the admission was not cancelled since, which alone takes it back there.
        """
        if ballot.purpose == Purpose.ADMISSION:
            reached = ORDER.index(REACHES[STEP_OF_VOTE[Level(ballot.level)]])
        else:
            reached = ORDER.index(Stage.ADMITTED)
        return not any(
            one.course > ballot.course and ORDER.index(Stage(one.back_to)) < reached
            for one in self.candidate.returns.all()
        )

    def passed(self, level: Level | str, purpose: Purpose = Purpose.ADMISSION) -> Ballot | None:
        """Return the vote for `purpose` that passed at `level` by the day and still counts.

        Until the decision that of the competent body must be of the body that is competent on the
        day: where the cell came under another one, that one votes afresh.
        """
        found = [
            one
            for one in self.ballots
            if one.level == level and one.passed and one.purpose == purpose and self.counts(one)
        ]
        if found and level == Level.COMPETENT and self._is_undecided(purpose):
            body = self.bodies.competent
            own = [one for one in found if body and one.organization_id == body.organization_id]
            return own[-1] if own else None
        return found[0] if found else None

    def _is_undecided(self, purpose: Purpose) -> bool:
        return (
            self.decision if purpose == Purpose.ADMISSION else self.decision_for(purpose)
        ) is None

    def decision_for(self, purpose: Purpose) -> Decision | None:
        """Return the standing decision that ends what `purpose` is about, on whatever day.

        One on a probation falls with the admission that is cancelled after it.
        """
        kinds = {
            Purpose.ADMISSION: Decision.Kind.ADMIT,
            Purpose.RECOGNITION: Decision.Kind.RECOGNISE,
            Purpose.DELETION: Decision.Kind.DELETE,
        }
        made = list(self.candidate.decisions.all())
        superseded = {one.supersedes_id for one in made}
        if purpose != Purpose.ADMISSION:
            cancelled = max((one.pk for one in made if one.kind == Decision.Kind.CANCEL), default=0)
            superseded |= {one.pk for one in made if one.pk < cancelled}
        return next(
            (one for one in made if one.kind == kinds[purpose] and one.pk not in superseded), None
        )

    def attempts(self, level: Level | str, purpose: Purpose = Purpose.ADMISSION) -> int:
        """Return how many votes for `purpose` were held at `level`, on whatever day."""
        return sum(
            1
            for one in self.candidate.ballots.all()
            if one.level == level and one.purpose == purpose
        )

    def short_votes(self, level: Level | str, purpose: Purpose | str) -> list[Ballot]:
        """Return the votes that fell short since the competent committee last let one be held.

        On whatever day; also since it cancelled a decision. With those of the same cell on earlier
        files of the same person: who closes a file and opens another does not begin to count anew.
        """
        allowed = max(
            (one.course for one in self.candidate.returns.all() if one.level == Level.COMPETENT),
            default=0,
        )
        own = [
            one
            for one in self.candidate.ballots.all()
            if one.level == level
            and one.purpose == purpose
            and not one.passed
            and one.course >= allowed
        ]
        if allowed or level != Level.CELL or purpose != Purpose.ADMISSION:
            return own
        person = self.candidate.person
        before = self.short_before.get((person.name_search, person.born_on), [])
        return [one for one in before if one.organization_id == self.cell_id] + own

    def has_escalated(self, level: Level | str, purpose: Purpose | str) -> bool:
        """Say whether by the day votes at `level` failed so often that those above decide.

        Source: HD 06-HD/TW 2025 (domain.md 2.6); the number is a column of the rule set.
        """
        failed = [one for one in self.short_votes(level, purpose) if one.held_on <= self.on]
        return len(failed) >= self.rules.failed_votes_escalate

    def threshold(self, level: Level | str) -> Threshold:
        """Return what a vote at `level` must reach on the day."""
        return threshold(level, self.rules, delegated=self.bodies.is_delegated)

    @cached_property
    def decision(self) -> Decision | None:
        """The decision that admits and that no later one supersedes."""
        return self.decision_for(Purpose.ADMISSION)

    def extension(self, clock: str) -> Extension | None:
        """Return the longer term taken for the votes that still count, on whatever day.

        A return that leaves the cell's vote standing leaves its term as it is too.
        """
        purpose = Purpose.RECOGNITION if clock == Extension.Clock.RECOGNITION else Purpose.ADMISSION
        vote = self.passed(Level.CELL, purpose)
        if vote is None:
            return None
        return next(
            (
                one
                for one in self.candidate.extensions.all()
                if one.clock == clock and one.course >= vote.course
            ),
            None,
        )

    @property
    def received_on(self) -> date | None:
        """The day the cell received the decision that admits, on whatever day it was recorded."""
        decision, moved = self.decision, self.taken_over
        if decision and moved and moved.received_on and moved.received_on >= decision.signed_on:
            # The cell that holds the ceremony has it since the file was taken over there.
            return moved.received_on
        if decision is None or decision.received_on:
            return decision.received_on if decision else None
        known = sorted(self.candidate.milestones.all(), key=lambda one: one.pk)
        for milestone in reversed(known):
            if milestone.step == Step.RECEIVE_DECISION:
                return milestone.on
            if milestone.step == Step.DECIDE:
                break
        return None

    @cached_property
    def issuer(self) -> int | None:
        """Id of the body that may cancel the decision on the day: the one that issued it.

        Where that is gone, or no longer above the cell, the body competent where the file now is
        (HD 06-HD/TW 2025).
        """
        if self.decision is None:
            return None
        line = Ancestry.objects.on(self.on).filter(descendant=self.cell_id)
        if line.filter(ancestor=self.decision.authority_id).exists():
            return self.decision.authority_id
        return self.bodies.competent.organization_id if self.bodies.competent else None

    @property
    def transfer(self) -> FileTransfer | None:
        """The request by which the file is on its way elsewhere, on whatever day; one at most."""
        return next((one for one in self.candidate.file_transfers.all() if one.is_open), None)

    @property
    def taken_over(self) -> FileTransfer | None:
        """The latest move by which the file came to its cell while on its way, if any."""
        received = [
            one
            for one in self.candidate.file_transfers.all()
            if one.state == FileTransfer.State.RECEIVED and one.received_on is not None
        ]
        return max(received, key=lambda one: one.pk, default=None)

    def decided(self) -> Decision:
        """Return the decision that admits; LookupError where there is none."""
        if self.decision is None:
            raise LookupError(f"no decision on {self.candidate.number}")
        return self.decision

    def decision_due(self) -> Due | None:
        """Return the last day for the decision, from the cell's resolution; None before it.

        The longer term where the competent body took it.
        """
        vote = self.passed(Level.CELL)
        if vote is None:
            return None
        rules = self.own_rules(at=vote.entered_at)
        days = rules.admission_decision_days
        if taken := self.extension(Extension.Clock.ADMISSION):
            return Due(taken.due_on, days + rules.admission_extension_days, rules)
        moved = self.taken_over
        if moved and moved.decide_by and moved.received_on and vote.held_on <= moved.received_on:
            # The committee that received the file from another one has a term of its own.
            return Due(moved.decide_by, rules.moved_decision_days, rules)
        return Due(decision_due_on(vote.held_on, rules, calendar=self.calendar), days, rules)

    def decision_limit(self) -> date | None:
        """Return the day of `decision_due`."""
        due = self.decision_due()
        return due.day if due else None

    def ceremony_limit(self) -> date | None:
        """Return the last day for the ceremony, as `ceremony_limit`; None before the decision."""
        if self.decision is None:
            return None
        return ceremony_limit(
            self.decision,
            rules=self.own_rules(at=self.decision.entered_at),
            calendar=self.calendar,
            received_on=self.received_on,
        )

    @cached_property
    def papers(self) -> list[PaperState]:
        """Every form of the catalogue with its paper and status on the day, in their order."""
        return [self._paper_state(kind) for kind in self.kinds]

    def missing_for(self, phase: PaperKind.Phase | str) -> list[PaperKind]:
        """Return the forms of `phase` needed before the cell considers that are not in, or stale.

        For the probation also those whose time has not come: the cell cannot consider yet.
        """
        done = {Paper.Status.COMPLETE, Paper.Status.EXPIRING, Paper.Status.NOT_APPLICABLE}
        return [
            kind
            # Of the others it would first have to be asked which bodies vote.
            for kind in self.kinds
            if kind.before_cell
            and kind.phase == phase
            and self._paper_state(kind).status not in done
        ]

    @cached_property
    def missing_papers(self) -> list[PaperKind]:
        """The forms needed before the cell considers admission that are not in, or stale."""
        return self.missing_for(PaperKind.Phase.ADMISSION)

    @cached_property
    def missing_consents(self) -> list[PaperKind]:
        """The consents needed before the decision on admission that are not in on the day."""
        return [
            kind
            for kind in self.kinds
            if kind.before_decision and self.concerns(kind) and self.paper(kind.code) is None
        ]

    @property
    def receivable(self) -> list[PaperKind]:
        """The forms that may be received into the file on the day, in the order of the catalogue.

        Those that arise from a vote, and certificates, are recorded with what they arise from.
        """
        is_member = self.became_probationary_on is not None
        considered = self.passed(Level.CELL) is not None
        found = []
        for kind in self.kinds:
            if kind.arises_at or kind.maker == PaperKind.Maker.CENTRE or not self.concerns(kind):
                continue
            if kind.phase == PaperKind.Phase.PROBATION and not is_member:
                continue
            if (
                kind.phase == PaperKind.Phase.ADMISSION
                and (considered if kind.before_cell else is_member)
                and (is_member or not self.is_asked_again(kind))
            ):
                continue
            found.append(kind)
        return found

    def is_asked_again(self, kind: PaperKind) -> bool:
        """Say whether the latest return by the day names form `kind`, not received anew since."""
        named = [one for one in self.candidate.returns.all() if one.returned_on <= self.on]
        latest = max(named, key=lambda one: one.course, default=None)
        if latest is None or kind.code not in latest.items:
            return False
        return not any(
            one.kind.code == kind.code and latest.returned_on <= one.received_on <= self.on
            for one in self.candidate.papers.all()
        )

    @cached_property
    def open_verifications(self) -> list[Verification]:
        """The requests that still wait on the day: for their answer, or to be asked again."""
        asked = [one for one in self.candidate.verifications.all() if self._was_asked(one)]
        return [one for one in asked if not self._is_closed(one, asked)]

    def _was_asked(self, request: Verification) -> bool:
        return request.sent_on is None or request.sent_on <= self.on

    def _is_closed(self, request: Verification, asked: Sequence[Verification]) -> bool:
        if request.waived_because:
            return True
        if request.received_on is None or request.received_on > self.on:
            return False
        is_question = request.result == Verification.Result.PROBLEM
        if is_question and Special.POLITICAL in self.candidate.special:
            return True  # the consent of the competent level is asked for before the decision
        # Another request about the same person, sent after the answer, asks again; but a question
        # for the competent level is not done without (domain.md 2.4).
        return request.result == Verification.Result.CLEAR or any(
            one.pk > request.pk
            and (one.relation, one.subject) == (request.relation, request.subject)
            and not (is_question and one.waived_because)
            for one in asked
        )

    @cached_property
    def became_probationary_on(self) -> date | None:
        """The day of the ceremony by the day, None before it or where it was undone."""
        milestone = self.milestone(Step.ADMIT)
        return milestone.on if milestone and self.decision else None

    @cached_property
    def self_criticism_from(self) -> date | None:
        """The first day for papers on the recognition: when the probation is over."""
        begun = self.became_probationary_on
        return probation_ends_on(begun, self.candidate.rules) if begun else None

    @cached_property
    def helpers_on_probation(self) -> list[Mentorship]:
        """Who helped on any day from the ceremony to the day of the case, in their order."""
        begun = self.became_probationary_on
        if begun is None:
            return []
        helping = [
            one
            for one in self.candidate.mentorships.all()
            if one.period.lower <= self.on
            and (one.period.upper is None or one.period.upper > begun)
        ]
        return sorted(helping, key=lambda one: (one.period.lower, one.pk))

    @cached_property
    def silent_helpers(self) -> list[Mentorship]:
        """The helpers of the probation by the day of whom no written comment is in, one each.

        What a helper who left wrote counts; a comment received without its signer's name counts
        for one who has none.
        """
        comments = [
            one
            for one in self.candidate.papers.all()
            if one.received_on <= self.on
            and one.kind.maker == PaperKind.Maker.HELPER
            and one.kind.phase == PaperKind.Phase.PROBATION
            and self.is_of_this_probation(one.received_on)
        ]
        signers = {name for one in comments for name in one.signer.split("; ") if name}
        nameless = sum(1 for one in comments if not one.signer)
        wrote = {one.mentor_id for one in self.helpers_on_probation if one.comment.strip()}
        silent = {
            one.mentor_id: one
            for one in self.helpers_on_probation
            if one.mentor_id not in wrote and one.mentor.full_name not in signers
        }
        return list(silent.values())[nameless:]

    def paper(self, code: str) -> Paper | None:
        """Return the paper of form `code` received by the day that counts longest."""
        received = [
            one
            for one in self.candidate.papers.all()
            if one.kind.code == code
            and one.received_on <= self.on
            and (
                one.kind.phase != PaperKind.Phase.PROBATION
                or self.is_of_this_probation(one.received_on)
            )
        ]
        return max(received, key=lambda one: (one.stale_on or date.max, one.dated_on), default=None)

    def concerns(self, kind: PaperKind) -> bool:
        """Say whether form `kind` is asked for in this case: for everybody, or for such people."""
        audience, person = PaperKind.Audience, self.candidate.person
        if kind.audience == audience.EVERYBODY:
            return True
        if kind.audience == audience.YOUTH_UNION:
            return bool(person.is_youth_union_member)
        if kind.audience == audience.TRADE_UNION:
            is_young = full_years(person.born_on, self.on) <= self.rules.youth_age_years
            return is_young and Special.NO_YOUTH_UNION in self.candidate.special
        if kind.audience == audience.OVER_AGE:
            # The age that counts is that on the day on which the cell considers.
            vote = self.passed(Level.CELL)
            day = vote.held_on if vote else self.on
            if full_years(person.born_on, day) < self.rules.max_age_years:
                return False
            reading = self.settings[open_questions.AGE_READING]
            return not is_within_oldest_age(person.born_on, day, self.rules, reading=reading)
        return kind.audience in self.candidate.special

    def _paper_state(self, kind: PaperKind) -> PaperState:
        status = Paper.Status
        paper = self.paper(kind.code)
        if kind.arises_at:
            arisen = self._arisen(kind)
            return PaperState(kind, paper, status.COMPLETE if arisen else self._not_yet(kind))
        if not self.concerns(kind):
            return PaperState(kind, paper, status.NOT_APPLICABLE)
        if kind.phase == PaperKind.Phase.PROBATION:
            return PaperState(kind, paper, self._status_on_probation(kind, paper))
        if not kind.before_cell:
            return PaperState(kind, paper, self._status_afterwards(kind, paper))
        if kind.code == VERIFICATION_FORM and self.open_verifications:
            return PaperState(kind, paper, status.MISSING)
        if paper is None or self.is_asked_again(kind):
            return PaperState(kind, paper, status.MISSING)
        if self.passed(Level.CELL) or paper.stale_on is None:
            return PaperState(kind, paper, status.COMPLETE)
        if paper.stale_on <= self.on:
            return PaperState(kind, paper, status.MISSING)
        soon = add_months(self.on, EXPIRING_MONTHS) >= paper.stale_on
        return PaperState(kind, paper, status.EXPIRING if soon else status.COMPLETE)

    def _status_on_probation(self, kind: PaperKind, paper: Paper | None) -> Paper.Status:
        status = Paper.Status
        is_in = paper is not None
        if kind.maker == PaperKind.Maker.HELPER and self.helpers_on_probation:
            # One from each, or what those who left wrote (domain.md, 22).
            is_in = not self.silent_helpers
        if self.became_probationary_on is None:
            return status.NOT_YET
        if is_in:
            return status.COMPLETE
        first = self.self_criticism_from
        return status.NOT_YET if first and self.on < first else status.MISSING

    def _status_afterwards(self, kind: PaperKind, paper: Paper | None) -> Paper.Status:
        """Return the status of a consent, or of a paper kept with the file that no step asks for.

        A consent is asked for from the cell's resolution on.
        """
        status = Paper.Status
        if paper is not None:
            return status.COMPLETE
        if not kind.before_decision:
            return status.NOT_APPLICABLE
        return status.MISSING if self.passed(Level.CELL) else status.NOT_YET

    def form_of(self, level: Level, purpose: Purpose = Purpose.ADMISSION) -> str:
        """Return the code of the form that a vote at `level` makes; empty where there is none."""
        forms = (
            kind for kind in self.kinds if kind.arises_at == level and purpose_of(kind) == purpose
        )
        return next((kind.code for kind in forms), "")

    def _arisen(self, kind: PaperKind) -> bool:
        return self.arose_on(kind) is not None

    def _not_yet(self, kind: PaperKind) -> Paper.Status:
        if kind.arises_at and self.bodies.at(kind.arises_at) is None:
            return Paper.Status.NOT_APPLICABLE
        return Paper.Status.NOT_YET

    def arose_on(self, kind: PaperKind) -> date | None:
        """Return the day of the vote or decision from which form `kind` arose.

        The form of the competent level is the decision itself, not its vote.
        """
        purpose = purpose_of(kind)
        if kind.arises_at == Level.COMPETENT:
            decision = self.decision if purpose == Purpose.ADMISSION else self.decision_for(purpose)
            return decision.signed_on if decision else None
        vote = self.passed(kind.arises_at, purpose) if kind.arises_at else None
        return vote.held_on if vote else None

    def next_vote(self, purpose: Purpose = Purpose.ADMISSION) -> Level | None:
        """Return the next level to vote for `purpose`, None when all have.

        On a probation one whose votes failed too often is passed over: those above decide.
        """
        steps = STEPS_OF_VOTES[purpose]
        return next(
            (
                level
                for level in self.bodies.levels()
                if level in steps
                and not self.passed(level, purpose)
                and not self.is_passed_over(level, purpose)
            ),
            None,
        )

    def is_passed_over(self, level: Level, purpose: Purpose) -> bool:
        """Say whether the bodies above go on without the vote of `level`, which failed too often.

        The regulation says so of recognition and deletion (HD 06-HD/TW 2025; domain.md 2.6).
        """
        return (
            purpose != Purpose.ADMISSION
            and level != Level.COMPETENT
            and self.has_escalated(level, purpose)
        )

    @property
    def holder(self) -> Level:
        """The level of the body that has the file: the next to vote on admission, then the
        competent one."""
        return self.next_vote() or Level.COMPETENT

    def done(self, level: Level | str) -> Milestone | None:
        """Return the milestone of a passed vote at `level`."""
        return self.milestone(STEP_OF_VOTE[Level(level)])


def cases_of(candidates: Collection[Candidate], *, on: date) -> list[Case]:
    """Return the cases of `candidates` on day `on`, in their order; one query for any number.

    Raises RuleSet.DoesNotExist for a day before the first known rules.
    """
    return cases_and_surroundings(candidates, on=on)[0]


def cases_and_surroundings(
    candidates: Collection[Candidate], *, on: date, user: User | AnonymousUser | None = None
) -> tuple[list[Case], Surroundings]:
    """Return the cases as `cases_of`, and what was read along with them for `user`."""
    files = list(candidates)
    around = read(files, on=on, user=user)
    rules = next((one for one in around.rule_sets if contains(one.period, on)), None)
    if rules is None:
        raise RuleSet.DoesNotExist(f"no rules in force on {on}")
    prefetch_related_objects(files, "person")
    bodies = _bodies_above({file.cell_id for file in files}, around)
    # On a day in the past a file may have been of another cell.
    elsewhere = {one.cell_on(on) for one in files} - bodies.keys()
    if elsewhere:
        bodies |= bodies_of(elsewhere, on=on)
    calendar = working_days_by(around.days)
    cases = [
        Case(
            candidate=one,
            on=on,
            rules=rules,
            kinds=around.kinds,
            bodies=bodies[one.cell_on(on)],
            calendar=calendar,
        )
        for one in files
    ]
    settings = open_questions.values_by(around.settings, on=on)
    official = dict(around.official)
    lines = set(around.lines)
    before = _by_person(around.short_before)
    for case in cases:
        case.short_before = before
        if case.cell_id not in elsewhere:
            case.classes = [
                one for one in around.classes if (case.cell_id, one.organization_id) in lines
            ]
        case.settings = settings
        case.official_cells = official
        case.rule_changes = around.rule_changes
    return cases, around


def case_of(candidate: Candidate, *, on: date, above: Above | None = None) -> Case:
    """Return the case of one file on day `on`, as `cases_of`, each part read when first asked for.

    A step looks at few of the parts, and takes most of its time to read them. `above` is what
    stands above the file's cell, where it was read for the same day.
    """
    rules = candidate.rules
    if not contains(rules.period, on):
        rules = RuleSet.objects.in_force(on=on)
    _read_when_asked(candidate)
    kinds = SimpleLazyObject(lambda: list(rules.paper_kinds.all()))

    def line() -> Bodies:
        cell = candidate.cell_on(on)
        if above is not None and cell == candidate.cell_id:
            return _bodies_above([cell], above)[cell]
        return bodies_of([cell], on=on)[cell]

    bodies = SimpleLazyObject(line)
    return Case(
        candidate=candidate,
        on=on,
        rules=rules,
        kinds=cast("Sequence[PaperKind]", kinds),
        bodies=cast("Bodies", bodies),
    )


def _read_when_asked(candidate: Candidate) -> None:
    """Let what hangs on the file be read once, at the first look, as if it had been prefetched."""
    known = candidate.__dict__.setdefault("_prefetched_objects_cache", {})
    for name, rows in {
        "milestones": candidate.milestones.all(),
        "certificates": candidate.certificates.all(),
        "mentorships": candidate.mentorships.select_related("mentor"),
        "papers": candidate.papers.select_related("kind"),
        "ballots": candidate.ballots.all(),
        "decisions": candidate.decisions.all(),
        "moves": candidate.moves.all(),
        "enrolments": candidate.enrolments.select_related("school"),
        "returns": candidate.returns.all(),
        "extensions": candidate.extensions.all(),
        "file_transfers": candidate.file_transfers.select_related("origin", "destination").called(),
        "verifications": candidate.verifications.all(),
        "introducers": candidate.introducers.select_related("person"),
        "late_entries": candidate.late_entries.select_related("entered_by").order_by("pk"),
    }.items():
        if name not in known:
            known[name] = rows
