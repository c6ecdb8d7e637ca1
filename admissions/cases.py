"""A case: one file with everything its guards and pages read, as it stood on one day."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import cast

from django.db.models import Prefetch, prefetch_related_objects
from django.utils.functional import SimpleLazyObject

from admissions.models import (
    Ballot,
    Candidate,
    Certificate,
    Decision,
    Mentorship,
    Milestone,
    Paper,
    PaperKind,
    RuleSet,
)
from admissions.rules import (
    Threshold,
    add_months,
    ceremony_due_on,
    decision_due_on,
    threshold,
)
from admissions.stages import STEP_OF_VOTE, Level, Step
from config.periods import contains
from organizations.models import Ancestry, Competence, Designation, Membership, Organization

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
    def is_delegated(self) -> bool:
        """Say whether a grassroots committee decides itself, by delegation."""
        competence = self.competence
        return competence is not None and competence.kind == Competence.Kind.DELEGATED

    def levels(self) -> list[Level]:
        """Return the levels at which this cell's candidates are considered, from below."""
        return [level for level in Level if self.at(level)]


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
    competences = {
        row.organization_id: row
        for row in Competence.objects.filter(organization__in=organizations, period__contains=on)
    }
    return {
        cell: _bodies(cell, line, called=called, competences=competences)
        for cell, line in lines.items()
    }


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


def ceremony_limit(decision: Decision, *, rules: RuleSet) -> date:
    """Return the last day for the ceremony; from the issue where no receipt is recorded."""
    counted_from = decision.signed_on
    if rules.ceremony_from == RuleSet.CeremonyFrom.RECEIPT and decision.received_on:
        counted_from = decision.received_on
    return ceremony_due_on(counted_from, rules)


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
        """Return the latest milestone of `step` up to the day."""
        return next((one for one in reversed(self.milestones) if one.step == step), None)

    @cached_property
    def certificate(self) -> Certificate | None:
        """The certificate that counts longest among those issued by the day, valid or not."""
        issued = [one for one in self.candidate.certificates.all() if one.issued_on <= self.on]
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

    def passed(self, level: Level | str) -> Ballot | None:
        """Return the vote that passed at `level` by the day.

        Until the decision that of the competent body must be of the body that is competent on the
        day: where the cell came under another one, that one votes afresh.
        """
        found = [one for one in self.ballots if one.level == level and one.passed]
        if found and level == Level.COMPETENT and self.decision is None:
            body = self.bodies.competent
            own = [one for one in found if body and one.organization_id == body.organization_id]
            return own[-1] if own else None
        return found[0] if found else None

    def attempts(self, level: Level | str) -> int:
        """Return how many votes were held at `level`, on whatever day."""
        return sum(1 for one in self.candidate.ballots.all() if one.level == level)

    def threshold(self, level: Level | str) -> Threshold:
        """Return what a vote at `level` must reach on the day."""
        return threshold(level, self.rules, delegated=self.bodies.is_delegated)

    @cached_property
    def decision(self) -> Decision | None:
        """The decision that admits and that no later one supersedes."""
        made = list(self.candidate.decisions.all())
        superseded = {one.supersedes_id for one in made}
        return next(
            (one for one in made if one.kind == Decision.Kind.ADMIT and one.pk not in superseded),
            None,
        )

    def decided(self) -> Decision:
        """Return the decision that admits; LookupError where there is none."""
        if self.decision is None:
            raise LookupError(f"no decision on {self.candidate.number}")
        return self.decision

    def decision_limit(self, *, extended: bool = False) -> date | None:
        """Return the last day for the decision, from the cell's resolution; None before it."""
        vote = self.passed(Level.CELL)
        if vote is None:
            return None
        return decision_due_on(vote.held_on, self.candidate.rules, extended=extended)

    def ceremony_limit(self) -> date | None:
        """Return the last day for the ceremony, as `ceremony_limit`; None before the decision."""
        if self.decision is None:
            return None
        return ceremony_limit(self.decision, rules=self.candidate.rules)

    @cached_property
    def papers(self) -> list[PaperState]:
        """Every form of the catalogue with its paper and status on the day, in their order."""
        return [self._paper_state(kind) for kind in self.kinds]

    @cached_property
    def missing_papers(self) -> list[PaperKind]:
        """The forms needed before the cell considers that are not in, or stale, on the day."""
        return [
            kind
            for kind in self.kinds
            # Of the others it would first have to be asked which bodies vote.
            if kind.before_cell and self._paper_state(kind).status == Paper.Status.MISSING
        ]

    def paper(self, code: str) -> Paper | None:
        """Return the paper of form `code` received by the day that counts longest."""
        received = [
            one
            for one in self.candidate.papers.all()
            if one.kind.code == code and one.received_on <= self.on
        ]
        return max(received, key=lambda one: (one.stale_on or date.max, one.dated_on), default=None)

    def _paper_state(self, kind: PaperKind) -> PaperState:
        status = Paper.Status
        paper = self.paper(kind.code)
        if not kind.before_cell:
            arisen = self._arisen(kind)
            return PaperState(kind, paper, status.COMPLETE if arisen else self._not_yet(kind))
        if kind.only_youth_union and not self.candidate.person.is_youth_union_member:
            return PaperState(kind, paper, status.NOT_APPLICABLE)
        if paper is None:
            return PaperState(kind, None, status.MISSING)
        if self.passed(Level.CELL) or paper.stale_on is None:
            return PaperState(kind, paper, status.COMPLETE)
        if paper.stale_on <= self.on:
            return PaperState(kind, paper, status.MISSING)
        soon = add_months(self.on, EXPIRING_MONTHS) >= paper.stale_on
        return PaperState(kind, paper, status.EXPIRING if soon else status.COMPLETE)

    def _level_of(self, kind: PaperKind) -> Level | None:
        """Return the level whose vote makes `kind`; None for the decision itself."""
        maker = PaperKind.Maker(kind.maker)
        if maker == PaperKind.Maker.COMPETENT:
            return None
        if maker != PaperKind.Maker.GRASSROOTS:
            return Level.CELL
        # Both committees' forms are made at the grassroots; the earlier one is the appraisal.
        forms = [one for one in self.kinds if not one.before_cell and one.maker == maker]
        is_appraisal = len(forms) > 1 and forms[0] == kind
        return Level.INTERMEDIATE if is_appraisal else Level.GRASSROOTS

    def form_of(self, level: Level) -> str:
        """Return the code of the form that a vote at `level` makes; empty where there is none."""
        forms = (kind for kind in self.kinds if not kind.before_cell)
        return next((kind.code for kind in forms if self._level_of(kind) == level), "")

    def _arisen(self, kind: PaperKind) -> bool:
        level = self._level_of(kind)
        return bool(self.decision if level is None else self.passed(level))

    def _not_yet(self, kind: PaperKind) -> Paper.Status:
        level = self._level_of(kind)
        if level is not None and self.bodies.at(level) is None:
            return Paper.Status.NOT_APPLICABLE
        return Paper.Status.NOT_YET

    def arose_on(self, kind: PaperKind) -> date | None:
        """Return the day of the vote or decision from which form `kind` arose."""
        level = self._level_of(kind)
        if level is None:
            return self.decision.signed_on if self.decision else None
        vote = self.passed(level)
        return vote.held_on if vote else None

    def next_vote(self) -> Level | None:
        """Return the next level to vote after the cell's resolution, None when all have."""
        return next((level for level in self.bodies.levels() if not self.passed(level)), None)

    def done(self, level: Level | str) -> Milestone | None:
        """Return the milestone of a passed vote at `level`."""
        return self.milestone(STEP_OF_VOTE[Level(level)])


def cases_of(candidates: Collection[Candidate], *, on: date) -> list[Case]:
    """Return the cases of `candidates` on day `on`, in their order; queries do not grow with them.

    Raises RuleSet.DoesNotExist for a day before the first known rules.
    """
    files = list(candidates)
    rules = RuleSet.objects.in_force(on=on)
    if not files:
        return []
    prefetch_related_objects(
        files,
        "person",
        "milestones",
        "certificates",
        Prefetch("mentorships", Mentorship.objects.select_related("mentor")),
        Prefetch("papers", Paper.objects.select_related("kind")),
        "ballots",
        "decisions",
        "moves",
    )
    kinds = list(rules.paper_kinds.all())
    bodies = bodies_of({one.cell_on(on) for one in files}, on=on)
    return [
        Case(candidate=one, on=on, rules=rules, kinds=kinds, bodies=bodies[one.cell_on(on)])
        for one in files
    ]


def case_of(candidate: Candidate, *, on: date) -> Case:
    """Return the case of one file on day `on`, as `cases_of`, each part read when first asked for.

    A step looks at few of the parts, and takes most of its time to read them.
    """
    rules = candidate.rules
    if not contains(rules.period, on):
        rules = RuleSet.objects.in_force(on=on)
    _read_when_asked(candidate)
    kinds = SimpleLazyObject(lambda: list(rules.paper_kinds.all()))

    def line() -> Bodies:
        cell = candidate.cell_on(on)
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
    }.items():
        known.setdefault(name, rows)
