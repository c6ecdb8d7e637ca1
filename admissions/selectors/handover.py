"""What passes from one secretary to the next, on one page; and whose hand-overs are open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from admissions.cases import Case, cases_of
from admissions.models import Candidate, FileMove, Paper, RuleSet
from admissions.permissions import Rights
from admissions.stages import ORDER, Stage, Step, public_step
from config.rows import beyond_scope
from organizations.models import (
    Ancestry,
    Appointment,
    Designation,
    Handover,
    Role,
    Transfer,
    User,
)
from organizations.operations.handovers import takes_over, writes_note
from organizations.reading import ForReader
from organizations.sheets import people

from .next_steps import NextStep, days_left, next_step, step_url

AT_MOST = 200
"""Files on one page, those nearest to admission first."""


@dataclass(frozen=True)
class FileRow:
    """An open file: where it stands, what is next, by when, and whom it waits for elsewhere."""

    number: str
    person: str
    url: str
    step: str
    since: date
    next: str
    due_on: date | None
    left: str
    is_late: bool
    waits_for: str


@dataclass(frozen=True)
class Item:
    """One line of what else passes: words, a day if there is one, and its page if any."""

    words: str
    note: str = ""
    day: date | None = None
    url: str = ""


@dataclass(frozen=True)
class HandoverPage:
    """The page of one hand-over for one reader, its contents as they are on day `on`."""

    handover: Handover
    on: date
    cell: str
    superior: str
    files: list[FileRow]
    late: int
    waiting: int
    papers: list[Item]
    helped: list[Item]
    transfers: list[Item]
    is_cut: bool
    may_write: bool
    may_acknowledge: bool


@beyond_scope()  # who hands over has lost the role, who takes over may have it elsewhere
def handover_page(handover: Handover, *, user: User, on: date) -> HandoverPage:
    """Return what passes with `handover` as `user` sees it; links only to what they may open.

    Who has left sees what was there on the day of the hand-over, nothing that came after. The
    number of queries does not grow with the files.
    """
    has_left = _has_left(handover, user, on=on)
    found = _files(handover, on=on)
    files = list((_there_then(found, handover) if has_left else found)[: AT_MOST + 1])
    is_cut = len(files) > AT_MOST
    del files[AT_MOST:]
    try:
        cases = cases_of(files, on=on)
    except RuleSet.DoesNotExist:
        cases = []
    cases.sort(key=lambda case: -ORDER.index(Stage(case.candidate.stage)))
    opens = set(
        Candidate.objects.visible_to(user, on=on)
        .filter(pk__in=[one.pk for one in files])
        .values_list("pk", flat=True)
    )
    rights = _as_secretary(cases)
    rows = [
        _row(case, step, opens=case.candidate.pk in opens, on=on)
        for case in cases
        if (step := next_step(case, rights))
    ]
    prepares = Rights.of(user, on=on, cells={one.cell_id for one in files}).prepares
    cell, superior = _names(handover, on=on)
    return HandoverPage(
        handover=handover,
        on=on,
        cell=cell,
        superior=superior,
        files=rows,
        late=sum(1 for row in rows if row.is_late),
        waiting=sum(1 for row in rows if row.waits_for),
        papers=[item for case in cases for item in _expiring(case)],
        helped=_helped(cases, by=handover.outgoing.person_id, prepares=prepares),
        transfers=_transfers(handover, user=user, on=on, has_left=has_left),
        is_cut=is_cut,
        may_write=writes_note(user, handover, on=on),
        may_acknowledge=takes_over(user, handover, on=on),
    )


def _files(handover: Handover, *, on: date) -> QuerySet[Candidate]:
    """Return the open files of the unit, and those that left it as it was reorganised."""
    unit = handover.organization_id
    left = FileMove.objects.filter(
        candidate=OuterRef("pk"), origin=unit, on__gte=handover.on, reason="reorganised"
    )
    beneath = Ancestry.objects.on(on).filter(ancestor=unit).values("descendant")
    return (
        Candidate.objects.open()
        .filter(Q(cell__in=beneath) | Q(cell=unit) | Q(Exists(left)))
        .select_related("person", "cell", "rules")
        .order_by("stage_since", "pk")
    )


def _has_left(handover: Handover, user: User, *, on: date) -> bool:
    """Say whether `user` hands over, and has no role by which the unit's people are seen."""
    if handover.outgoing_id != user.pk:
        return False
    seen = Appointment.objects.organizations_of(user, roles=Role.sees_names(), on=on)
    return not seen.filter(pk=handover.organization_id).exists()


def _there_then(files: QuerySet[Candidate], handover: Handover) -> QuerySet[Candidate]:
    """Keep the files entered by the day of `handover` that came from nowhere else since."""
    moved = FileMove.objects.filter(candidate=OuterRef("pk"), on__gt=handover.on)
    came = moved.filter(destination=OuterRef("cell")).exclude(
        origin=handover.organization_id, reason="reorganised"
    )
    return files.filter(~Exists(came), entered_at__date__lte=handover.on)


def _as_secretary(cases: Sequence[Case]) -> Rights:
    """Return the rights of whoever is secretary of all these cells: what waits elsewhere is not
    theirs, whoever reads the page."""
    cells = frozenset(case.candidate.cell_id for case in cases)
    return Rights(
        person_id=None,
        roles=frozenset({Role.SECRETARY}),
        near=frozenset(),
        sees=cells,
        prepares=cells,
        approves=frozenset(),
        staff_at=frozenset(),
        approver_at=frozenset(),
    )


def _row(case: Case, step: NextStep, *, opens: bool, on: date) -> FileRow:
    file = case.candidate
    return FileRow(
        number=file.number,
        person=file.person.full_name,
        url=reverse("candidate-detail", args=[file.public_id]) if opens else "",
        step=str(public_step(Stage(file.stage)).title),
        since=file.stage_since,
        next=step.title,
        due_on=step.due_on,
        left=days_left(step.due_on, on=on) if step.due_on else "",
        is_late=step.due_on is not None and step.due_on < on,
        waits_for="" if step.is_mine else step.waits_for,
    )


def _expiring(case: Case) -> list[Item]:
    """Return the papers and the certificate of a file that soon no longer count."""
    name = case.candidate.person.full_name
    found = [
        Item(f"{one.kind.code}: {name}", day=one.paper.stale_on)
        for one in case.papers
        if one.status == Paper.Status.EXPIRING and one.paper
    ]
    certificate = case.valid_certificate
    if certificate and case.certificate_expires_soon:
        words = _("Class certificate: %(person)s") % {"person": name}
        found.insert(0, Item(words, day=certificate.expires_on))
    return found


def _helped(cases: Sequence[Case], *, by: int | None, prepares: frozenset[int]) -> list[Item]:
    """Return the candidates whose helper is the person who leaves."""
    return [
        Item(
            case.candidate.person.full_name,
            note=case.candidate.number,
            url=step_url(case, Step.ASSIGN_MENTOR) if case.candidate.cell_id in prepares else "",
        )
        for case in cases
        if by is not None and any(one.mentor_id == by for one in case.mentorships)
    ]


def _transfers(handover: Handover, *, user: User, on: date, has_left: bool = False) -> list[Item]:
    unit = handover.organization_id
    found = Transfer.objects.open().filter(Q(origin=unit) | Q(destination=unit))
    if has_left:
        found = found.filter(entered_at__date__lte=handover.on)
    rows = found.select_related("person").order_by("requested_on", "pk")[:AT_MOST]
    listed = {
        key: part
        for part in (people.TO_RELEASE, people.TO_ACCEPT, people.WAITING)
        for key in people.panel(user, part, on=on)
        .filter(pk__in=[one.pk for one in rows])
        .values_list("pk", flat=True)
    }
    return [
        Item(
            one.person.full_name,
            note=f"{one.get_kind_display()} · {one.get_state_display()}",
            day=one.requested_on,
            url=f"{reverse('transfer-list')}?phan={listed[one.pk]}" if one.pk in listed else "",
        )
        for one in rows
    ]


def _names(handover: Handover, *, on: date) -> tuple[str, str]:
    """Return the names of the unit and of what it stands directly beneath."""
    unit = handover.organization_id
    above = Ancestry.objects.on(on).filter(descendant=unit, depth=1).values_list("ancestor")
    superior = next((ancestor for (ancestor,) in above), None)
    called = Designation.objects.by_organization(
        [one for one in (unit, superior) if one is not None], on=on
    )
    return tuple(called[one].name if one in called else "" for one in (unit, superior))  # type: ignore[return-value,index]


@dataclass(frozen=True)
class OpenHandovers:
    """What of hand-overs one user should know: to take over, to hand over, nobody taking over."""

    incoming: list[Handover]
    outgoing: list[Handover]
    vacant: list[Handover]

    def __bool__(self) -> bool:
        return bool(self.incoming or self.outgoing or self.vacant)


def open_handovers(user: User, *, on: date) -> OpenHandovers:
    """Return the open hand-overs of `user` on day `on`; to staff also those without a successor.

    Each with `cell_name`, the name of its unit that day.
    """
    rows: list[Handover] = _open_ones(user, on)
    is_staff = Appointment.objects.of(user, on=on, roles=[Role.STAFF]).exists() if rows else False
    named(rows, on=on)
    return OpenHandovers(
        incoming=[one for one in rows if one.incoming_id == user.pk],
        outgoing=[one for one in rows if one.outgoing_id == user.pk],
        vacant=[
            one
            for one in rows
            if is_staff and one.incoming_id is None and one.outgoing_id != user.pk
        ],
    )


@ForReader
def _open_ones(user: User, on: date) -> QuerySet[Handover]:
    due = Handover.objects.visible_to(user, on=on).due(on=on)
    theirs = Q(incoming=user.pk) | Q(outgoing=user.pk) | Q(incoming__isnull=True)
    return due.filter(theirs).select_related("outgoing", "incoming")[:AT_MOST]


def named(handovers: Sequence[Handover], *, on: date) -> Sequence[Handover]:
    """Write `cell_name`, the name that the unit bore last by day `on`, on each of `handovers`."""
    called = Designation.objects.by_organization({one.organization_id for one in handovers}, on=on)
    for one in handovers:
        name = called.get(one.organization_id)
        one.cell_name = name.name if name else ""  # type: ignore[attr-defined]
    return handovers
