"""What one user has to do, most urgent first, and what waits for others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Case as Choice
from django.db.models import IntegerField, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from admissions.calendar import next_meetings
from admissions.cases import Case, cases_of
from admissions.models import Candidate, RuleSet
from admissions.permissions import Rights
from admissions.stages import OPEN_STAGES, ORDER, PUBLIC_STEPS, Stage, Step, public_step
from organizations.models import Appointment, Role

from .next_steps import AT_A_MEETING, NextStep, days_left, next_step

if TYPE_CHECKING:
    from organizations.models import User

SOON_DAYS = 14
AT_MOST = 200
"""Files looked at for one page of tasks, those nearest to admission first."""

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


def tasks(user: User, *, on: date) -> TaskPage | None:
    """Return what `user` has to do on day `on`; None where no appointment gives any work.

    A secretary gets the open files of the cells; staff and approvers those that their own body has
    before it. The number of queries does not grow with the files.
    """
    roles = set(
        Appointment.objects.of(user, on=on, roles=WORKING_ROLES).values_list("role", flat=True)
    )
    if not roles:
        return None
    files = list(_files(user, roles, on=on)[: AT_MOST + 1])
    is_cut = len(files) > AT_MOST
    del files[AT_MOST:]
    try:
        cases = cases_of(files, on=on)
    except RuleSet.DoesNotExist:
        cases = []
    rights = Rights.of(user, on=on, cells={one.cell_id for one in files})
    steps = [(case, step) for case in cases if (step := next_step(case, rights))]
    mine = sorted(
        ((case, step) for case, step in steps if step.is_mine),
        key=lambda pair: _urgency(*pair, on=on),
    )
    own = rights.prepares
    waiting = [
        (case, step) for case, step in steps if not step.is_mine and case.candidate.cell_id in own
    ]
    is_secretary = Role.SECRETARY in roles
    rows = [_task(case, step, on=on) for case, step in mine]
    groups = _by_time(rows[1:], on=on) if is_secretary else _by_kind(rows[1:])
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
        to_do=len(rows),
        waiting=len(waiting),
        files=len(files),
        prepares=is_secretary,
        sources=_sources([case for case in cases if case.candidate.cell_id in own]),
        is_cut=is_cut,
    )


def tasks_to_do(user: User, appointment: Appointment | None, today: date) -> int:
    """Return how many tasks wait for a secretary, for the count beside the navigation's entry.

    For others 0: a committee has hundreds of files, too many to judge on every page.
    """
    if appointment is None or appointment.role != Role.SECRETARY:
        return 0
    page = tasks(user, on=today)
    return page.to_do if page else 0


def waiting_for(user: User, *, on: date) -> list[Any]:
    """Return what waits for `user` in every app, as `organizations.sheets.waiting.Waiting`."""
    return [row for name in settings.WAITING_TASKS for row in import_string(name)(user, on=on)]


COMMITTEE_STAGES = {Stage.CELL_RESOLVED, Stage.APPRAISED, Stage.GRASSROOTS_RESOLVED}


def _files(user: User, roles: set[str], *, on: date) -> QuerySet[Candidate]:
    """Return the files that `user` may have work with, nearest to admission first."""
    wanted: set[Stage] = set()
    if Role.STAFF in roles:
        wanted |= COMMITTEE_STAGES
    if Role.APPROVER in roles:
        wanted.add(Stage.COMPETENT_RESOLVED)
    concern = Q(stage__in=wanted)
    if Role.SECRETARY in roles:
        cells = Appointment.objects.organizations_of(user, roles=[Role.SECRETARY], on=on)
        concern |= Q(stage__in=OPEN_STAGES, cell__in=cells.values("pk"))
    rows = Candidate.objects.visible_to(user, on=on).filter(concern)
    nearness = Choice(
        *(When(stage=stage, then=Value(place)) for place, stage in enumerate(ORDER)),
        default=Value(0),
        output_field=IntegerField(),
    )
    return rows.select_related("person", "cell", "rules").order_by(-nearness, "stage_since", "pk")


def _urgency(case: Case, step: NextStep, *, on: date) -> tuple[int, date, int, int]:
    """Overdue, then legal terms, then meeting days, then the rest; ties: nearest to admission."""
    due = step.due_on or date.max
    rank = 0 if due < on else 1 if step.is_legal else 2 if step.due_on else 3
    return rank, due, -ORDER.index(Stage(case.candidate.stage)), case.candidate.pk


def _task(case: Case, step: NextStep, *, on: date) -> Task:
    is_late = step.due_on is not None and step.due_on < on
    return Task(
        step=step.step,
        day=step.due_on,
        left=days_left(step.due_on, on=on) if step.due_on else "",
        title=step.title,
        url=step.url,
        why=step.why,
        warning=step.warning,
        verb=step.verb,
        kind="late" if is_late else "",
    )


def _waiting(case: Case, step: NextStep, *, on: date) -> Task:
    since = case.candidate.stage_since
    return Task(
        step=step.step,
        day=step.due_on,
        left=_("expected"),
        title=_("%(body)s: %(person)s")
        % {"body": step.waits_for, "person": case.candidate.person.full_name},
        url=reverse("candidate-detail", args=[case.candidate.public_id]),
        why=_("At this step since %(day)s.") % {"day": f"{since:%d/%m/%Y}"},
        warning="",
        verb=_("Waiting %(days)s days") % {"days": (on - since).days},
        kind="wait",
    )


def _counted(title: str, rows: list[Task]) -> Group:
    return Group(title, _("%(number)s tasks") % {"number": len(rows)}, rows)


def _by_time(rows: Sequence[Task], *, on: date) -> list[Group]:
    """Group a secretary's tasks: overdue, the cell's meeting, two weeks, later."""
    meeting = next_meetings(on, number=1)[0]
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
    names: dict[int, list[str]] = {step.number: [] for step in PUBLIC_STEPS[:6]}
    for case in cases:
        number = public_step(Stage(case.candidate.stage)).number
        names[number].append(case.candidate.person.full_name)
    return [
        SourceStep(step.number, str(step.title), len(found), found[:3])
        for step in PUBLIC_STEPS[:6]
        if (found := names[step.number])
    ]
