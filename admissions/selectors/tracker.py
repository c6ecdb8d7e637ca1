"""Where each file lies, since when, and what comes next: so that nobody has to telephone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from admissions.cases import Case, cases_and_surroundings
from admissions.models import Candidate, FileReturn, RuleSet
from admissions.permissions import Rights
from admissions.stages import LIVE_STAGES, ORDER, Level, Stage, Step, public_step
from organizations.models import Appointment, Role, User

from .next_steps import NextStep, days_left, next_step
from .sections import Section

if TYPE_CHECKING:
    from django.db.models import QuerySet

PER_PAGE = 50

IN_FLIGHT = [stage for stage in LIVE_STAGES if ORDER.index(stage) >= ORDER.index(Stage.READY)]
"""From when a file may lie elsewhere than with its cell."""


@dataclass(frozen=True)
class Position:
    """Where a file lies: with whom, since when, what is next and by when."""

    person: str
    number: str
    public_id: str
    step: str
    holder: str
    is_elsewhere: bool
    since: date
    days: int
    next: str
    due_on: date | None
    left: str
    is_late: bool
    returned: str
    missing: str


@dataclass(frozen=True)
class TrackerPage:
    """The files in flight of one reader, those that wait elsewhere first."""

    on: date
    rows: list[Position]
    elsewhere: int
    total: int
    page: int
    next_page: int | None


def tracker(user: User, *, on: date, page: int = 1) -> TrackerPage | None:
    """Return where the files of `user` lie on day `on`; None where none may be seen by name.

    A secretary gets all live files of the cells; others those that left theirs.
    """
    roles = set(
        Appointment.objects.of(user, on=on, roles=Role.sees_names()).values_list("role", flat=True)
    )
    if not roles:
        return None
    wanted = _files(user, roles, on=on)
    first = (max(page, 1) - 1) * PER_PAGE
    files = list(wanted[first : first + PER_PAGE + 1])
    is_more = len(files) > PER_PAGE
    del files[PER_PAGE:]
    try:
        cases, around = cases_and_surroundings(files, on=on, user=user)
    except RuleSet.DoesNotExist:
        cases, rights = [], Rights.of(user, on=on, cells=[])
    else:
        rights = Rights.read(user, around)
    rows = [position(case, rights) for case in cases]
    rows.sort(key=lambda row: (not row.is_elsewhere, -row.days, row.number))
    return TrackerPage(
        on=on,
        rows=rows,
        elsewhere=sum(1 for row in rows if row.is_elsewhere),
        total=wanted.count() if is_more or page > 1 else len(rows),
        page=page,
        next_page=page + 1 if is_more else None,
    )


def _files(user: User, roles: set[str], *, on: date) -> QuerySet[Candidate]:
    stages = LIVE_STAGES if Role.SECRETARY in roles else IN_FLIGHT
    rows = Candidate.objects.visible_to(user, on=on).filter(stage__in=stages)
    return rows.select_related("person", "cell", "rules").order_by("stage_since", "pk")


def position(case: Case, rights: Rights) -> Position:
    """Return where the file of `case` lies on its day; reads nothing."""
    file = case.candidate
    step = next_step(case, rights)
    holder, is_elsewhere = _holder(case, step)
    since = _since(case)
    due_on = step.due_on if step else None
    returned = _last_return(case)
    return Position(
        person=file.person.full_name,
        number=file.number,
        public_id=str(file.public_id),
        step=str(public_step(Stage(file.stage)).title) if file.stage != Stage.CLOSED else "",
        holder=holder,
        is_elsewhere=is_elsewhere,
        since=since,
        days=(case.on - since).days,
        next=step.title if step else "",
        due_on=due_on,
        left=days_left(due_on, on=case.on) if due_on else "",
        is_late=due_on is not None and due_on < case.on,
        returned=_("Returned on %(day)s: %(reason)s")
        % {"day": f"{returned.returned_on:%d/%m/%Y}", "reason": returned.reason}
        if returned
        else "",
        missing=returned.missing if returned else "",
    )


def _holder(case: Case, step: NextStep | None) -> tuple[str, bool]:
    """Return who has the file, and whether that is somebody else than its cell."""
    moving = case.transfer
    if moving is not None and moving.state == moving.State.SENT:
        place = moving.destination_place or _("the new place")
        return _("on the way to %(place)s") % {"place": place}, True
    cell = str(case.bodies.cell)
    holder = step.waits_for if step and step.waits_for else cell
    return holder, holder != cell


def _since(case: Case) -> date:
    """Return since when it lies there: when it was last sent on, voted on, decided or returned."""
    moved = {
        Step.VOTE_CELL,
        Step.SEND_UP,
        Step.VOTE_INTERMEDIATE,
        Step.VOTE_GRASSROOTS,
        Step.VOTE_COMPETENT,
        Step.DECIDE,
        Step.RETURN,
        Step.MOVE,
        Step.SEND_FILE,
        Step.RECOGNITION_CELL,
        Step.RECOGNITION_GRASSROOTS,
        Step.RECOGNITION_COMPETENT,
    }
    days = [one.on for one in case.milestones if one.step in moved]
    return max(days, default=case.candidate.stage_since)


def _last_return(case: Case) -> FileReturn | None:
    """Return why the file came back last, while the cell has not voted again since."""
    made = [one for one in case.candidate.returns.all() if one.returned_on <= case.on]
    latest = max(made, key=lambda one: (one.returned_on, one.pk), default=None)
    if latest is None or latest.course != case.candidate.course:
        return None
    vote = case.passed(Level.CELL)
    return None if vote and vote.course >= latest.course else latest


def section(case: Case, rights: Rights, user: User) -> Section | None:
    """Return the card "where the file is" of its page; None for a file that is closed or done."""
    if case.candidate.stage not in LIVE_STAGES:
        return None
    row = position(case, rights)
    if not row.is_elsewhere and not row.returned:
        return None
    return Section("admissions/position_section.html", {"row": row}, order=5, beside=True)
