"""What one user has to do, most urgent first, and what waits for others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.db.models import Case as Choice
from django.db.models import (
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
)
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admissions.calendar import RoundDay, next_meetings, rounds_from
from admissions.cases import Case, cases_and_surroundings
from admissions.models import Ballot, Candidate, Deadline, Mentorship, Milestone, RuleSet
from admissions.permissions import Rights
from admissions.rules import USUAL, WorkingDays
from admissions.stages import (
    LIVE_STAGES,
    ORDER,
    PUBLIC_STEPS,
    Level,
    Purpose,
    Stage,
    Step,
    public_step,
)
from organizations.models import Ancestry, Appointment, Designation, Role, User
from organizations.reading import ForReader

from .next_steps import AT_A_MEETING, NextStep, days_left, next_step
from .paging import page_of
from .permission import WAITING_STAGES, cells_that_ask
from .terms import last_chance, told_of
from .tracker import lies_since

SOON_DAYS = 14
PER_PAGE, PER_PAGE_OF_A_COMMITTEE = 50, 25
"""Files judged for one page of tasks; a cell has seldom more, a committee always."""

WORKING_ROLES = (Role.SECRETARY, Role.STAFF, Role.APPROVER)


@dataclass(frozen=True)
class Task:
    """One row of the page; `kind` is how it looks: late, wait, or nothing."""

    step: Step
    day: date | None
    left: str
    title: str
    url: str
    why: str
    warning: str
    verb: str
    kind: str


@dataclass(frozen=True)
class Group:
    """Tasks under one heading; the note says how many, or that they are nobody's own."""

    title: str
    note: str
    tasks: list[Task]


@dataclass(frozen=True)
class SourceStep:
    """How many open files are at one of the public steps, with up to three of their names."""

    number: int
    name: str
    people: int
    names: list[str]


@dataclass(frozen=True)
class TaskPage:
    """The page of tasks of one user on one day."""

    on: date
    first: Task | None
    groups: list[Group]
    to_do: int
    waiting: int
    files: int
    prepares: bool
    sources: list[SourceStep] = field(default_factory=list)
    is_cut: bool = False
    page: int = 1
    next_page: int | None = None
    is_counted: bool = False
    """Whether `to_do` is what `tasks_to_do` would say: of a secretary alone, the first page."""


def tasks(user: User, *, on: date, page: int = 1) -> TaskPage | None:
    """Return what `user` has to do on day `on`; None where no appointment gives any work.

    A secretary gets the live files of the cells; staff and approvers those that their own body has
    before it, by their terms, `PER_PAGE` at a time: only those shown are judged. The number of
    queries does not grow with the files.
    """
    held = Appointment.objects.of(user, on=on, roles=WORKING_ROLES)
    roles = frozenset(held.values_list("role", flat=True))
    if not roles:
        return None
    is_secretary = Role.SECRETARY in roles
    wanted = Wanted(user, roles, on)
    size = PER_PAGE if is_secretary else PER_PAGE_OF_A_COMMITTEE
    shown = page_of(wanted, page, size=size)
    files = shown.rows
    cases, rights, rounds = _judged(files, user=user, on=on)
    steps = [(case, step) for case in cases if (step := next_step(case, rights))]
    own = rights.prepares
    mine = sorted(
        ((case, step) for case, step in steps if step.is_mine),
        key=lambda pair: _urgency(*pair, rounds=rounds, on=on),
    )
    waiting = [
        (case, step) for case, step in steps if not step.is_mine and case.candidate.cell_id in own
    ]
    rows = _at_once([_task(case, step, rounds=rounds, on=on) for case, step in mine])
    calendar = cases[0].calendar if cases else USUAL
    groups = _by_time(rows[1:], on=on, calendar=calendar) if is_secretary else _by_kind(rows[1:])
    if waiting:
        waiting.sort(key=lambda pair: pair[1].due_on or date.max)
        groups.append(
            Group(
                _("Waiting elsewhere"),
                _("nothing to do yet"),
                [_waiting(case, step, on=on) for case, step in waiting],
            )
        )
    return TaskPage(
        on=on,
        first=rows[0] if rows else None,
        groups=groups,
        to_do=files[0].in_all if shown.is_cut and not is_secretary else len(mine),
        waiting=len(waiting),
        files=len(files),
        prepares=is_secretary,
        sources=_sources([case for case in cases if case.candidate.cell_id in own]),
        is_cut=shown.is_cut,
        page=shown.number,
        next_page=shown.next,
        is_counted=roles == {Role.SECRETARY} and shown.number == 1,
    )


def _judged(
    files: list[Candidate], *, user: User, on: date
) -> tuple[list[Case], Rights, list[RoundDay]]:
    """Return the cases of `files`, what `user` may do with them, and the rounds to come."""
    try:
        cases, around = cases_and_surroundings(files, on=on, user=user)
    except RuleSet.DoesNotExist:
        return [], Rights.of(user, on=on, cells=[]), []
    return cases, Rights.read(user, around), rounds_from(on, around.rounds)


def tasks_to_do(user: User, appointment: Appointment | None, today: date) -> int:
    """Return how many tasks wait for a secretary, for the count beside the navigation's entry.

    For others 0: a committee has hundreds of files, too many to judge on every page.
    """
    if appointment is None or appointment.role != Role.SECRETARY:
        return 0
    files = Wanted(user, frozenset({Role.SECRETARY}), today)[:PER_PAGE]
    cases, rights, _rounds = _judged(files, user=user, on=today)
    found = (next_step(case, rights) for case in cases)
    return sum(1 for step in found if step and step.is_mine)


COMMITTEE_STAGES = {Stage.CELL_RESOLVED, Stage.APPRAISED, Stage.GRASSROOTS_RESOLVED}


@dataclass(frozen=True)
class Wanted:
    """The files that `user`, with `roles` on day `on`, may have work with: slices, and how many."""

    user: User
    roles: frozenset[str]
    on: date

    def __getitem__(self, rows: slice) -> list[Candidate]:
        return _some_files(self.user, self.on, self.roles, rows.start or 0, rows.stop)

    def count(self) -> int:
        """Return how many files there are; one query."""
        counted = _number_of_files(self.user, self.on, self.roles)
        return counted[0][0] if counted else 0


@ForReader
def _some_files(
    user: User, on: date, roles: frozenset[str], first: int, last: int
) -> QuerySet[Candidate]:
    return _files(user, roles, on=on).annotate(in_all=Window(Count("pk")))[first:last]


@ForReader
def _number_of_files(user: User, on: date, roles: frozenset[str]) -> QuerySet[Any]:
    rows = _files(user, roles, on=on).order_by().values(one=Value(1))
    return rows.annotate(in_all=Count("pk")).values_list("in_all")


def _files(user: User, roles: Collection[str], *, on: date) -> QuerySet[Candidate]:
    """Return the files that `user` may have work with: by the terms of their bodies, then those
    nearest to admission.

    Of a committee the terms that run say which files it has before it, so that one whose turn has
    not come is not judged in vain; a few more than it has are judged and left out.
    """

    def at(*held: Role) -> QuerySet[Any]:
        return Appointment.objects.of(user, on=on, roles=held).values("organization")

    concern = Q()
    if Role.SECRETARY in roles:
        cells = Appointment.objects.organizations_of(user, roles=[Role.SECRETARY], on=on)
        concern |= Q(stage__in=LIVE_STAGES, cell__in=cells.values("pk"))
    if Role.STAFF in roles:
        concern |= _before_staff(at(Role.STAFF), on=on)
    if Role.APPROVER in roles:
        concern |= _before_approvers(at(Role.APPROVER), on=on)
    committees = at(Role.STAFF, Role.APPROVER)
    running = Deadline.objects.filter(candidate=OuterRef("pk"), state=Deadline.State.RUNNING)
    next_due = running.filter(organization__in=committees).order_by("due_on").values("due_on")[:1]
    nearness = Choice(
        *(When(stage=stage, then=Value(place)) for place, stage in enumerate(ORDER)),
        default=Value(0),
        output_field=IntegerField(),
    )
    rows = Candidate.objects.visible_to(user, on=on).filter(concern)
    if roles != {Role.SECRETARY}:
        rows = rows.annotate(next_due=Subquery(next_due))
        order: list[Any] = [F("next_due").asc(nulls_last=True), -nearness]
    else:
        order = [-nearness]
    return rows.select_related("person", "cell", "rules").order_by(*order, "stage_since", "pk")


def _running_of(bodies: QuerySet[Any], *clocks: str) -> QuerySet[Any]:
    """Return the files (ids) on which a term of one of `bodies` runs."""
    rows = Deadline.objects.filter(
        state=Deadline.State.RUNNING, organization__in=bodies, clock__in=clocks
    )
    return rows.values("candidate")


def _before_staff(bodies: QuerySet[Any], *, on: date) -> Q:
    clock = Deadline.Clock
    below = Deadline.objects.filter(
        candidate=OuterRef("pk"), state=Deadline.State.RUNNING, clock=clock.GRASSROOTS
    )
    own_vote = Ballot.objects.filter(
        candidate=OuterRef("candidate"),
        organization=OuterRef("organization"),
        level=Level.COMPETENT,
        passed=True,
        purpose=Purpose.ADMISSION,
    )
    # Another body passed its vote before the cell came under this one, which votes afresh.
    afresh = Deadline.objects.filter(
        ~Exists(own_vote),
        state=Deadline.State.RUNNING,
        organization__in=bodies,
        clock__in=(clock.DECISION, clock.MOVED_DECISION),
    )
    beneath = Ancestry.objects.on(on).filter(ancestor__in=bodies)
    appraises = Designation.objects.begun(on=on).filter(
        organization__in=bodies, period__contains=on, kind__votes_as="intermediate"
    )
    appraised = beneath.filter(ancestor__in=appraises.values("organization"))
    # What is asked of each file by itself stands last: few are left to ask it of.
    return (
        Q(stage__in=COMMITTEE_STAGES, pk__in=_running_of(bodies, clock.GRASSROOTS))
        | Q(
            stage__in=COMMITTEE_STAGES,
            pk__in=_running_of(bodies, clock.DECISION, clock.MOVED_DECISION),
        )
        & ~Exists(below)
        | Q(stage=Stage.COMPETENT_RESOLVED, pk__in=afresh.values("candidate"))
        | Q(stage=Stage.CELL_RESOLVED, cell__in=appraised.values("descendant"))
        | Q(stage__in=WAITING_STAGES, cell__in=cells_that_ask(bodies, on=on))
        & ~Exists(Milestone.objects.filter(candidate=OuterRef("pk"), step=Step.PERMIT))
        & Exists(Mentorship.objects.filter(candidate=OuterRef("pk")))
        | _on_probation(beneath)
    )


def _before_approvers(bodies: QuerySet[Any], *, on: date) -> Q:
    clock = Deadline.Clock
    beneath = Ancestry.objects.on(on).filter(ancestor__in=bodies)
    return Q(
        stage=Stage.COMPETENT_RESOLVED,
        pk__in=_running_of(bodies, clock.DECISION, clock.MOVED_DECISION),
    ) | _on_probation(beneath)


def _on_probation(beneath: QuerySet[Ancestry]) -> Q:
    """The files on probation on which the cell has voted: committees vote and decide after it."""
    voted = Ballot.objects.filter(level=Level.CELL, passed=True).exclude(purpose=Purpose.ADMISSION)
    return Q(
        stage=Stage.ADMITTED,
        pk__in=voted.values("candidate"),
        cell__in=beneath.values("descendant"),
    )


def _urgency(
    case: Case, step: NextStep, *, rounds: Sequence[RoundDay], on: date
) -> tuple[int, date, int, int]:
    """Overdue, then legal terms, then what makes a round, then meeting days, then the rest; ties:
    nearest to admission."""
    due = step.due_on or date.max
    if due < on:
        rank = 0
    elif step.is_legal:
        rank = 1
    elif _last_chance(case, step, rounds):
        rank = 2
    else:
        rank = 3 if step.due_on else 4
    return rank, due, -ORDER.index(Stage(case.candidate.stage)), case.candidate.pk


def _last_chance(case: Case, step: NextStep, rounds: Sequence[RoundDay]) -> RoundDay | None:
    """Return the round that the cell's next meeting alone makes: a matter of the cell's tasks."""
    return None if step.step == Step.PERMIT else last_chance(case, rounds)


def _task(case: Case, step: NextStep, *, rounds: Sequence[RoundDay], on: date) -> Task:
    is_late = step.due_on is not None and step.due_on < on
    missed = told_of(case)
    warning = missed.words if missed and missed.is_missed else step.warning
    if not warning and (chance := _last_chance(case, step, rounds)):
        warning = _("The last meeting that makes the round %(round)s: about %(day)s.") % {
            "round": chance.name,
            "day": f"{next_meetings(on, number=1, calendar=case.calendar)[0]:%d/%m/%Y}",
        }
    if not warning and missed:
        warning = missed.words
    return Task(
        step=step.step,
        day=step.due_on,
        left=days_left(step.due_on, on=on) if step.due_on else "",
        title=step.title,
        url=step.url,
        why=step.why,
        warning=warning,
        verb=step.verb,
        kind="late" if is_late else "",
    )


def _at_once(rows: Sequence[Task]) -> list[Task]:
    """Return `rows` with the people to be permitted in one: one resolution permits them all."""
    permits = [row for row in rows if row.step == Step.PERMIT and not row.day]
    if len(permits) < 2:
        return list(rows)
    first = replace(
        permits[0],
        title=ngettext(
            "Permit the procedure for %(number)s person",
            "Permit the procedure for %(number)s people",
            len(permits),
        )
        % {"number": len(permits)},
        url=reverse("permission-list"),
    )
    return [first if row is permits[0] else row for row in rows if row not in permits[1:]]


def _waiting(case: Case, step: NextStep, *, on: date) -> Task:
    since = step.since or lies_since(case, step)
    return Task(
        step=step.step,
        day=step.due_on,
        left=_("expected") if step.due_on else "",
        title=_("%(body)s: %(person)s")
        % {"body": step.waits_for, "person": case.candidate.person.full_name},
        url=step.early_url or reverse("candidate-detail", args=[case.candidate.public_id]),
        why=_("%(what)s, since %(day)s.") % {"what": step.title, "day": f"{since:%d/%m/%Y}"},
        warning="",
        verb=_("Waiting %(days)s days") % {"days": (on - since).days},
        kind="wait",
    )


def _counted(title: str, rows: list[Task]) -> Group:
    return Group(title, _("%(number)s tasks") % {"number": len(rows)}, rows)


def _by_time(rows: Sequence[Task], *, on: date, calendar: WorkingDays) -> list[Group]:
    """Group a secretary's tasks: overdue, the cell's meeting, two weeks, later."""
    meeting = next_meetings(on, number=1, calendar=calendar)[0]
    at_meeting = _("For the cell meeting about %(day)s") % {"day": f"{meeting:%d/%m}"}
    headings = [_("Overdue"), at_meeting, _("In the next two weeks"), _("Later")]
    found: dict[str, list[Task]] = {heading: [] for heading in headings}
    for row in rows:
        if row.kind == "late":
            place = 0
        elif row.step in AT_A_MEETING:
            place = 1
        elif row.day is not None and (row.day - on).days <= SOON_DAYS:
            place = 2
        else:
            place = 3
        found[headings[place]].append(row)
    return [_counted(heading, rows) for heading, rows in found.items() if rows]


def _by_kind(rows: Sequence[Task]) -> list[Group]:
    """Group the tasks of staff and approvers by what is to be done."""
    found: dict[Step, list[Task]] = {}
    for row in rows:
        found.setdefault(row.step, []).append(row)
    return [_counted(str(Step(step).label), rows) for step, rows in found.items()]


def _sources(cases: Sequence[Case]) -> list[SourceStep]:
    names: dict[int, list[str]] = {step.number: [] for step in PUBLIC_STEPS}
    for case in cases:
        number = public_step(Stage(case.candidate.stage)).number
        names[number].append(case.candidate.person.full_name)
    return [
        SourceStep(step.number, str(step.title), len(found), found[:3])
        for step in PUBLIC_STEPS
        if (found := names[step.number])
    ]
