"""Where each file lies, since when, and what comes next: so that nobody has to telephone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import BooleanField, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models import Case as Choice
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _

from admissions.cases import Case, cases_and_surroundings
from admissions.models import Candidate, FileReturn, FileTransfer, Milestone, RuleSet
from admissions.permissions import Rights
from admissions.stages import (
    LIVE_STAGES,
    ORDER,
    STEP_OF_VOTE,
    STEPS_OF_VOTES,
    WITH_THE_COMMITTEES,
    Level,
    Purpose,
    Stage,
    Step,
    public_step,
)
from organizations.models import Appointment, Role, User

from .next_steps import NextStep, days_left, next_step
from .paging import page_of
from .sections import Section

if TYPE_CHECKING:
    from django.db.models import QuerySet

PER_PAGE = 50

IN_FLIGHT = [stage for stage in LIVE_STAGES if ORDER.index(stage) >= ORDER.index(Stage.READY)]
"""From when a file may lie elsewhere than with its cell."""

ON_PROBATION = frozenset(
    step
    for purpose in (Purpose.RECOGNITION, Purpose.DELETION)
    for step in STEPS_OF_VOTES[purpose].values()
)
"""Votes on a member; nobody records that such a file was sent, so each leaves it to the next."""

PLACES = frozenset(
    {
        Step.IDENTIFY,
        *STEP_OF_VOTE.values(),
        Step.SEND_UP,
        Step.MOVE,
        Step.DECIDE,
        Step.RECEIVE_DECISION,
        Step.ADMIT,
        *ON_PROBATION,
    }
)
"""Steps that say with whom the file is from then on; a return or a cancellation does so too."""


@dataclass(frozen=True)
class Position:
    """Where a file lies: with whom, since when, what is next and by when.

    `has_left` its cell; `is_elsewhere`, with somebody else than the reader, too; `note` says
    that who has it has passed it and not sent it on.
    """

    person: str
    number: str
    public_id: str
    step: str
    holder: str
    is_elsewhere: bool
    has_left: bool
    note: str
    since: date
    days: int
    next: str
    due_on: date | None
    left: str
    rules: str
    is_late: bool
    returned: str
    missing: str


@dataclass(frozen=True)
class TrackerPage:
    """A page of the files in flight of one reader: those that left their cell come first.

    `elsewhere` counts those of this page that lie with others than the reader.
    """

    on: date
    rows: list[Position]
    elsewhere: int
    total: int
    page: int
    next_page: int | None


def tracker(user: User, *, on: date, page: int = 1) -> TrackerPage | None:
    """Return where the files of `user` lie on day `on`; None where none may be seen by name.

    A secretary gets all live files of the cells; others those that left theirs. Beyond the last
    page the last one.
    """
    roles = set(
        Appointment.objects.of(user, on=on, roles=Role.sees_names()).values_list("role", flat=True)
    )
    if not roles:
        return None
    wanted = _files(user, roles, on=on)
    shown = page_of(_by_place(wanted, on=on), page, size=PER_PAGE)
    try:
        cases, around = cases_and_surroundings(shown.rows, on=on, user=user)
    except RuleSet.DoesNotExist:
        cases, rights = [], Rights.of(user, on=on, cells=[])
    else:
        rights = Rights.read(user, around)
    rows = [position(case, rights) for case in cases]
    return TrackerPage(
        on=on,
        rows=rows,
        elsewhere=sum(1 for row in rows if row.is_elsewhere),
        total=wanted.count() if shown.is_cut else len(rows),
        page=shown.number,
        next_page=shown.next,
    )


def _files(user: User, roles: set[str], *, on: date) -> QuerySet[Candidate]:
    stages = LIVE_STAGES if Role.SECRETARY in roles else IN_FLIGHT
    rows = Candidate.objects.visible_to(user, on=on).filter(stage__in=stages)
    return rows.select_related("person", "cell", "rules")


def _by_place(files: QuerySet[Candidate], *, on: date) -> QuerySet[Candidate]:
    """Return `files` in the order of all pages; it says of each file what `place_of` says of it."""
    known = Milestone.objects.filter(candidate=OuterRef("pk"), on__lte=on)
    latest = known.filter(Q(step__in=PLACES) | ~Q(back_to="")).order_by("-pk")
    sent = FileTransfer.objects.filter(candidate=OuterRef("pk"), state=FileTransfer.State.SENT)
    voted_above = known.filter(step=Step.FALL_SHORT, pk__gt=OuterRef("latest"))
    above = Q(stage__in=WITH_THE_COMMITTEES)
    return (
        files.annotate(
            latest=Subquery(latest.values("pk")[:1]),
            latest_step=Subquery(latest.values("step")[:1]),
            file_left_on=Subquery(sent.values("sent_on")[:1]),
        )
        .annotate(
            lies_since=Coalesce(
                F("file_left_on"),
                Greatest(Subquery(latest.values("on")[:1]), F("identified_on")),
            ),
            lies_elsewhere=Choice(
                When(Exists(sent), then=Value(True)),
                When(above & ~Q(latest_step=Step.VOTE_CELL), then=Value(True)),
                When(above & Exists(voted_above), then=Value(True)),
                When(stage=Stage.ADMITTED, latest_step__in=ON_PROBATION, then=Value(True)),
                default=Value(False),
                output_field=BooleanField(),
            ),
        )
        .order_by("-lies_elsewhere", "lies_since", "number", "pk")
    )


def position(case: Case, rights: Rights) -> Position:
    """Return where the file of `case` lies on its day; reads nothing."""
    file = case.candidate
    step = next_step(case, rights)
    place = place_of(case, step)
    due_on = step.due_on if step else None
    returned = _last_return(case)
    return Position(
        person=file.person.full_name,
        number=file.number,
        public_id=str(file.public_id),
        step=str(public_step(Stage(file.stage)).title) if file.stage != Stage.CLOSED else "",
        holder=place.holder,
        is_elsewhere=_is_elsewhere(place, case, rights),
        has_left=place.is_elsewhere,
        note=_("passed, not sent on") if place.is_unsent else "",
        since=place.since,
        days=(case.on - place.since).days,
        next=step.title if step else "",
        due_on=due_on,
        left=days_left(due_on, on=case.on) if due_on else "",
        rules=_rules(case) if step and due_on and step.is_legal else "",
        is_late=due_on is not None and due_on < case.on,
        returned=_("Returned on %(day)s: %(reason)s")
        % {"day": f"{returned.returned_on:%d/%m/%Y}", "reason": returned.reason}
        if returned
        else "",
        missing=returned.missing if returned else "",
    )


def _rules(case: Case) -> str:
    """Return by which rules a term of the file runs: its own, once the cell has resolved."""
    return (case.candidate.rules if case.passed(Level.CELL) else case.rules).code


@dataclass(frozen=True)
class Place:
    """Who has a file since when, and whether that is somebody else than its cell."""

    holder: str
    since: date
    is_elsewhere: bool = True
    is_unsent: bool = False


def _is_elsewhere(place: Place, case: Case, rights: Rights) -> bool:
    """Say whether the file left its cell for a body that the reader does not serve."""
    bodies, posts = case.bodies, rights.staff_at | rights.approver_at
    line = (bodies.intermediate, bodies.grassroots, bodies.competent)
    own = {str(body) for body in line if body and body.organization_id in posts}
    return place.is_elsewhere and place.holder not in own


def lies_since(case: Case, step: NextStep | None) -> date:
    """Return since when the file lies where it does; not before the person was identified.

    What a file brought with it, such as a certificate, may be years older.
    """
    return place_of(case, step).since


def place_of(case: Case, step: NextStep | None) -> Place:
    """Return who has the file: whom it was sent to, or until then who voted on it last.

    Not whose turn it is: a file that was passed and lies in a drawer is with who passed it.
    """
    latest = _latest(case)
    since = max(latest.on if latest else case.candidate.stage_since, case.candidate.identified_on)
    moving, cell = case.transfer, str(case.bodies.cell)
    if moving is not None and moving.state == moving.State.SENT:
        place = moving.destination_place or _("the new place")
        return Place(_("on the way to %(place)s") % {"place": place}, moving.sent_on or since)
    if case.candidate.stage in WITH_THE_COMMITTEES:
        return _above_the_cell(case, latest, since=since)
    if case.candidate.stage == Stage.ADMITTED and latest and latest.step in ON_PROBATION:
        body = case.bodies.competent
        return Place(step.waits_for if step else str(body or cell), since)
    return Place(cell, since, is_elsewhere=False)


def _latest(case: Case) -> Milestone | None:
    """Return the step entered last that says with whom the file is."""
    found = [one for one in case.milestones if one.step in PLACES or one.back_to]
    return max(found, key=lambda one: one.pk, default=None)


def _above_the_cell(case: Case, latest: Milestone | None, *, since: date) -> Place:
    """Return who has a file that the cell has passed and that is not decided."""
    to_vote = str(case.bodies.at(case.holder) or case.bodies.cell)
    if latest is None:
        return Place(to_vote, since)
    if latest.step == Step.SEND_UP:
        return Place(_sent_to(case, latest) or to_vote, since)
    voted = next((level for level, step in STEP_OF_VOTE.items() if step == latest.step), None)
    # One that voted already, though in vain, has the file, whatever was recorded of its sending.
    has_gone_on = any(one.step == Step.FALL_SHORT and one.pk > latest.pk for one in case.milestones)
    if voted is None or has_gone_on or voted == Level.COMPETENT:
        return Place(to_vote, since)
    return Place(
        str(case.bodies.at(voted) or case.bodies.cell),
        since,
        is_elsewhere=voted != Level.CELL,
        is_unsent=True,
    )


def _sent_to(case: Case, sent: Milestone) -> str:
    """Return the body of the line that the note of the sending names; empty where it is gone."""
    named = [
        str(body)
        for level in case.bodies.levels()
        if (body := case.bodies.at(level)) and level != Level.CELL and str(body) in sent.note
    ]
    return max(named, key=len, default="")


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
    if not (row.has_left or row.returned or row.note):
        return None
    return Section("admissions/position_section.html", {"row": row}, order=5, beside=True)
