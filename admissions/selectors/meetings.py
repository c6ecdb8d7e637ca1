"""What a meeting has before it: the agenda, who lacks what, and the grid of the results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Case as Choice
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _

from admissions.calendar import next_meetings, working_days_by
from admissions.cases import Case, cases_and_surroundings, cases_of, last_departures
from admissions.eligibility import introduced
from admissions.guards import (
    STEPS,
    Guard,
    a_mentor,
    all_papers,
    escalated,
    on_the_list,
    permitted,
    valid_certificate,
    verified,
)
from admissions.models import AwarenessClass, Ballot, Candidate, Deadline, Meeting, RuleSet
from admissions.permissions import Permission, Rights
from admissions.stages import LIVE_STAGES, STEPS_OF_VOTES, Level, Purpose, Stage, Step
from organizations.models import Appointment, Designation, Membership, Organization, Role, Transfer
from organizations.models.relative import own_people_of

from .next_steps import step_url
from .sections import Section

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User

AT_MOST = 50
"""Files on one grid of a committee, those longest before it first."""

LOOKED_AT = 400
"""Files that are judged to find them."""

BEFORE_COMMITTEES = [
    Stage.CELL_RESOLVED, Stage.APPRAISED, Stage.GRASSROOTS_RESOLVED, Stage.COMPETENT_RESOLVED,
]  # fmt: skip
"""Where committees vote on admission; on probation they vote once the cell has."""

# What the cell's vote asks for, and where each is mended; these read only what the case has.
NEEDS: tuple[tuple[Guard, Step | None], ...] = (
    (on_the_list, Step.PUT_ON_LIST),
    (valid_certificate, Step.CERTIFY),
    (permitted, None),
    (a_mentor, Step.ASSIGN_MENTOR),
    (introduced, Step.INTRODUCE),
    (all_papers, Step.RECEIVE_PAPER),
    (verified, Step.RECEIVE_VERIFICATION),
)


@dataclass(frozen=True)
class Member:
    """A member on the list of the meeting, by number; who is elsewhere does not vote there."""

    number: int
    person_id: int
    name: str
    is_official: bool
    is_away: bool


@dataclass(frozen=True)
class VoteRow:
    """One vote of the grid: `key` is the row of the operation; the share is of those entitled."""

    file: Candidate
    purpose: Purpose
    cell: str
    why: str
    form: str
    numerator: int
    denominator: int
    strict: bool
    needed: int | None
    failed: int

    @property
    def key(self) -> str:
        return f"{self.purpose.value}-{self.file.pk}"


@dataclass(frozen=True)
class Lacking:
    """Somebody whom the meeting cannot vote on yet: [(what is amiss, where it is mended)]."""

    file: Candidate
    lacks: list[tuple[str, str]]


@dataclass(frozen=True)
class Pack:
    """Everything for one meeting of a cell."""

    cell: Organization
    name: str
    committee: str
    meeting_on: date
    held_on: date
    rules: str
    members: list[Member]
    official: int
    elsewhere: int
    agenda: list[VoteRow]
    lacking: list[Lacking]
    votes: list[VoteRow]
    deletions: list[VoteRow]
    listings: list[Candidate]
    helpings: list[Candidate]
    proposals: list[Candidate]
    schools: list[AwarenessClass]

    @property
    def entitled(self) -> int:
        return self.official - self.elsewhere


def cells_of(user: User | AnonymousUser, *, on: date) -> QuerySet[Organization]:
    """Return the cells whose meetings `user` records on day `on`, by name."""
    over = Appointment.objects.organizations_of(user, roles=[Role.SECRETARY], on=on)
    rows: Any = over.cells(on=on).called(on=on)
    found: QuerySet[Organization] = rows.order_by("name_order", "pk")
    return found


def committees_of(user: User | AnonymousUser, *, on: date) -> QuerySet[Organization]:
    """Return the committees whose meetings `user`, of their staff, records, by name."""
    held = Appointment.objects.of(user, on=on, roles=[Role.STAFF])
    rows: Any = Organization.objects.filter(pk__in=held.values("organization")).called(on=on)
    found: QuerySet[Organization] = rows.order_by("name_order", "pk")
    return found


def pack_of(
    cell: Organization, *, user: User, on: date, held_on: date, also: Iterable[int] = ()
) -> Pack | None:
    """Return the pack of `cell`: the agenda of its next meeting from day `on`, and the grid of the
    meeting of `held_on`; None on a day without rules.

    `also` are files (ids) that stay in the grid whatever is amiss: results were typed for them.
    """
    files = list(
        Candidate.objects.filter(cell=cell, stage__in=LIVE_STAGES)
        .exclude(person__in=own_people_of(user))
        .select_related("person", "cell", "rules")
        .order_by("person__name_order", "pk")
    )
    try:
        rules = RuleSet.objects.in_force(on=held_on)
        then, around = cases_and_surroundings(files, on=held_on)
        calendar = working_days_by(around.days)
        meeting_on = next_meetings(on, number=1, calendar=calendar)[0]
        coming = cases_of(files, on=meeting_on)
    except RuleSet.DoesNotExist:
        return None
    _read_together(then, on=held_on)
    _read_together(coming, on=meeting_on)
    members = members_of(cell, on=held_on)
    official = sum(1 for one in members if one.is_official)
    elsewhere = sum(1 for one in members if one.is_official and one.is_away)
    kept = set(also)

    def rows(cases: Sequence[Case], *purposes: Purpose, keep: bool = False) -> list[VoteRow]:
        return [
            vote_row(case, Level.CELL, purpose, entitled=official - elsewhere)
            for case in cases
            for purpose in purposes
            if _is_due(case, purpose)
            or (keep and case.candidate.pk in kept and _stands_at(case, purpose))
        ]

    before = [one for one in coming if one.candidate.stage != Stage.ADMITTED]
    open_ones = [one for one in before if not one.passed(Level.CELL)]
    proposals = [
        one.candidate
        for one in open_ones
        if one.milestone(Step.PUT_ON_LIST) and not one.valid_certificate
    ]
    called = _names([cell.pk, *_committee_ids(then)], on=held_on)
    return Pack(
        cell=cell,
        name=called.get(cell.pk, ""),
        committee=next((called[one] for one in _committee_ids(then) if one in called), ""),
        meeting_on=meeting_on,
        held_on=held_on,
        rules=rules.code,
        members=members,
        official=official,
        elsewhere=elsewhere,
        agenda=rows(coming, Purpose.ADMISSION, Purpose.RECOGNITION),
        lacking=[
            Lacking(one.candidate, found)
            for one in open_ones
            if (found := _lacks(one)) and one.milestone(Step.PUT_ON_LIST)
        ],
        votes=rows(then, Purpose.ADMISSION, Purpose.RECOGNITION, keep=True),
        deletions=rows(then, Purpose.DELETION, keep=True),
        listings=[one.candidate for one in open_ones if not one.milestone(Step.PUT_ON_LIST)],
        helpings=[one.candidate for one in open_ones if not one.mentorships],
        proposals=proposals,
        schools=_schools(cell, on=on) if proposals else [],
    )


def _read_together(cases: Sequence[Case], *, on: date) -> None:
    """Give the cases of one meeting what the guards of the cell would ask the database for each."""
    numbers = dict(
        Membership.objects.on(on)
        .official()
        .filter(cell__in={one.cell_id for one in cases})
        .values_list("cell")
        .annotate(number=Count("pk"))
    )
    left = last_departures([one.candidate.person for one in cases], on=on)
    for case in cases:
        person = case.candidate.person
        case.last_departure = left.get((person.name_search, person.born_on))
        case.members_of_cell = numbers.get(case.cell_id, 0)


def _committee_ids(cases: Sequence[Case]) -> list[int]:
    bodies = [one.bodies.permitting for one in cases[:1]]
    return [one.organization_id for one in bodies if one]


def _names(organizations: Iterable[int], *, on: date) -> dict[int, str]:
    called = Designation.objects.by_organization(list(organizations), on=on)
    return {key: one.name for key, one in called.items()}


def _schools(cell: Organization, *, on: date) -> list[AwarenessClass]:
    return list(
        AwarenessClass.objects.above([cell.pk], on=on)
        .filter(kind="awareness", ends_on__gte=on)
        .exclude(state=AwarenessClass.State.CANCELLED)
    )


def members_of(cell: Organization, *, on: date) -> list[Member]:
    """Return the members of `cell` on day `on`, by given name, numbered as on the page."""
    rows = list(
        Membership.objects.on(on)
        .filter(cell=cell)
        .order_by("person__name_order", "person_id")
        .values_list("person_id", "person__full_name", "status")
    )
    away = set(
        Transfer.objects.away(on=on)
        .filter(person__in=[person for person, _name, _status in rows])
        .values_list("person", flat=True)
    )
    return [
        Member(
            number=place,
            person_id=person,
            name=name,
            is_official=status == Membership.Status.OFFICIAL,
            is_away=person in away,
        )
        for place, (person, name, status) in enumerate(rows, start=1)
    ]


def vote_row(case: Case, level: Level, purpose: Purpose, *, entitled: int | None) -> VoteRow:
    """Return the row of the grid for a vote of `level` on the case."""
    share = case.threshold(level)
    return VoteRow(
        file=case.candidate,
        purpose=purpose,
        cell=case.bodies.cell.short_name or case.bodies.cell.name,
        why=_why(case, level, purpose),
        form=case.form_of(level) if purpose == Purpose.ADMISSION else "",
        numerator=share.numerator,
        denominator=share.denominator,
        strict=share.strict,
        needed=share.needed(entitled) if entitled else None,
        failed=len(case.short_votes(level, purpose)),
    )


def _why(case: Case, level: Level, purpose: Purpose) -> str:
    if purpose == Purpose.RECOGNITION:
        return _("The probation ends; the cell considers recognition.")
    if purpose == Purpose.DELETION:
        return _("Where the cell holds the probationary member unworthy.")
    below = [one for one in case.ballots if one.passed and one.purpose == purpose]
    if level != Level.CELL and below:
        latest = below[-1]
        return _("%(body)s, %(day)s: %(in_favour)s/%(entitled)s in favour.") % {
            "body": Level(latest.level).label,
            "day": f"{latest.held_on:%d/%m/%Y}",
            "in_favour": latest.in_favour,
            "entitled": latest.entitled,
        }
    return _("The file is complete.")


def _stands_at(case: Case, purpose: Purpose) -> bool:
    is_member = case.candidate.stage == Stage.ADMITTED
    return is_member == (purpose != Purpose.ADMISSION)


def _is_due(case: Case, purpose: Purpose) -> bool:
    """Say whether nothing is amiss for the cell's vote; the cheap questions are asked first."""
    step = STEPS_OF_VOTES[purpose][Level.CELL]
    if not _stands_at(case, purpose) or not STEPS[step].is_at(case.candidate):
        return False
    if case.passed(Level.CELL, purpose) or escalated(case, Level.CELL, purpose):
        return False
    if purpose == Purpose.ADMISSION and any(guard(case) for guard, _step in NEEDS):
        return False
    return not STEPS[step].refusals(case)


def _lacks(case: Case) -> list[tuple[str, str]]:
    """Return what the cell's vote lacks on the day: [(sentence, address where it is mended)]."""
    page = reverse("candidate-detail", args=[case.candidate.public_id])
    found = [
        (sentence, step_url(case, step) if step else page)
        for guard, step in NEEDS
        if (sentence := guard(case))
    ]
    if not found:
        found = [(sentence, page) for sentence in STEPS[Step.VOTE_CELL].refusals(case)]
    return found


# ---------------------------------------------------------------- committees


@dataclass(frozen=True)
class CommitteePack:
    """The files before a committee at one level; `others` counts those at its other levels."""

    organization: Organization
    name: str
    level: Level
    held_on: date
    rules: str
    entitled: int | None
    is_delegated: bool
    votes: list[VoteRow]
    more: int
    others: dict[Level, int]


def committee_pack(
    organization: Organization,
    *,
    user: User,
    on: date,
    held_on: date,
    level: Level | None = None,
    also: Iterable[int] = (),
) -> CommitteePack | None:
    """Return the files on which the committee votes next, at `level` or the first with any.

    The number of queries does not grow with the files; None on a day without rules. A file in
    `also` (ids) stays in the grid.
    """
    beneath = Organization.objects.under(
        Organization.objects.filter(pk=organization.pk), on=held_on
    )
    files = list(
        Candidate.objects.visible_to(user, on=on)
        .filter(_before_committees(), cell__in=beneath.values("pk"))
        .select_related("person", "cell", "rules")
        .order_by(_turn_of(organization), "stage_since", "pk")[:LOOKED_AT]
    )
    try:
        rules = RuleSet.objects.in_force(on=held_on)
        cases = cases_of(files, on=held_on)
    except RuleSet.DoesNotExist:
        return None
    rights = Rights.of(user, on=on, cells={one.cell_id for one in files})
    waiting: dict[Level, list[tuple[Case, Purpose]]] = {}
    for case in cases:
        for purpose in _purposes(case):
            found = case.next_vote(purpose)
            if found is None or found == Level.CELL or case.decision_for(purpose):
                continue
            body = case.bodies.at(found)
            is_here = body is not None and body.organization_id == organization.pk
            if is_here and rights.may(Permission(found.value), case):
                waiting.setdefault(found, []).append((case, purpose))
    chosen = level or next((one for one in Level if waiting.get(one)), Level.GRASSROOTS)
    rows = waiting.get(chosen, [])
    competence = rows[0][0].bodies.competence if rows and chosen == Level.COMPETENT else None
    entitled = competence.members_entitled if competence else None
    kept = set(also)
    shown = [
        (case, purpose)
        for place, (case, purpose) in enumerate(rows)
        if (place < AT_MOST and not escalated(case, chosen, purpose)) or case.candidate.pk in kept
    ]
    return CommitteePack(
        organization=organization,
        name=_names([organization.pk], on=held_on).get(organization.pk, ""),
        level=chosen,
        held_on=held_on,
        rules=rules.code,
        entitled=entitled,
        is_delegated=bool(rows and rows[0][0].bodies.is_delegated),
        votes=[vote_row(case, chosen, purpose, entitled=entitled) for case, purpose in shown],
        more=max(0, len(rows) - AT_MOST),
        others={one: len(found) for one, found in waiting.items() if one != chosen},
    )


def _before_committees() -> Q:
    # Passed or not: after too many failures the bodies above go on.
    voted = Ballot.objects.filter(level=Level.CELL).exclude(purpose=Purpose.ADMISSION)
    return Q(stage__in=BEFORE_COMMITTEES) | Q(
        stage=Stage.ADMITTED, pk__in=voted.values("candidate")
    )


def _turn_of(organization: Organization) -> Choice:
    """Return what orders files by how near they are to a vote of the committee: first those on
    which its own term runs and no grassroots committee's before it, and members on probation."""
    running = Deadline.objects.filter(candidate=OuterRef("pk"), state=Deadline.State.RUNNING)
    below = running.filter(clock=Deadline.Clock.GRASSROOTS).exclude(organization=organization)
    return Choice(
        # Where all have voted, only a committee that the cell came under since votes once more.
        When(stage=Stage.COMPETENT_RESOLVED, then=Value(2)),
        When(stage=Stage.ADMITTED, then=Value(0)),
        When(Q(~Exists(below), Exists(running.filter(organization=organization))), then=Value(0)),
        default=Value(1),
    )


def _purposes(case: Case) -> list[Purpose]:
    """Return what committees may be asked about in this case: what the cell has passed."""
    if case.candidate.stage != Stage.ADMITTED:
        return [Purpose.ADMISSION]
    both = (Purpose.RECOGNITION, Purpose.DELETION)
    return [
        one for one in both if case.passed(Level.CELL, one) or case.is_passed_over(Level.CELL, one)
    ]


# ---------------------------------------------------------------- minutes and votes


def meeting_seen_by(user: User | AnonymousUser, *, on: date) -> QuerySet[Meeting]:
    """Return the meetings of bodies whose people `user` may see by name.

    Also those of committees that voted on a file which `user` may see: `ballots_in` keeps back the
    other votes, and a committee's minutes name no member.
    """
    over = Appointment.objects.organizations_of(user, roles=Role.sees_names(), on=on)
    visible = Candidate.objects.visible_to(user, on=on)
    above = Ballot.objects.filter(candidate__in=visible.values("pk"), meeting__isnull=False)
    above = above.exclude(level=Level.CELL)
    return Meeting.objects.filter(
        Q(organization__in=over.values("pk")) | Q(pk__in=above.values("meeting"))
    ).select_related("organization", "entered_by")


def held_meetings(user: User | AnonymousUser, *, on: date) -> QuerySet[Meeting]:
    """Return the meetings whose minutes `user` may read, the latest first.

    Each with `body`, the name that its body bore on the day.
    """
    name = Designation.objects.filter(
        organization=OuterRef("organization"), period__startswith__lte=OuterRef("held_on")
    ).order_by("-period__startswith")
    return (
        meeting_seen_by(user, on=on)
        .annotate(body=Subquery(name.values("name")[:1]))
        .order_by("-held_on", "-pk")
    )


def ballots_in(meeting: Meeting, user: User | AnonymousUser, *, on: date) -> list[Ballot]:
    """Return the votes in these minutes on the candidates whom `user` may see, by name."""
    visible = Candidate.objects.visible_to(user, on=on)
    return list(
        meeting.ballots.filter(candidate__in=visible.values("pk"))
        .select_related("candidate__person", "rules")
        .order_by("purpose", "candidate__person__name_order", "pk")
    )


def short_above(user: User | AnonymousUser, *, on: date) -> QuerySet[Ballot]:
    """Return the votes that fell short beneath the committees whose staff `user` is, the latest
    first: their full results, as they were reported up. Files that went on since are left out."""
    held = Appointment.objects.of(user, on=on, roles=[Role.STAFF])
    beneath = Organization.objects.under(
        Organization.objects.filter(pk__in=held.values("organization")), on=on
    )
    passed = Ballot.objects.filter(
        candidate=OuterRef("candidate"),
        purpose=OuterRef("purpose"),
        level=OuterRef("level"),
        passed=True,
    )
    return (
        Ballot.objects.filter(
            ~Exists(passed),
            passed=False,
            candidate__cell__in=beneath.values("pk"),
            candidate__stage__in=LIVE_STAGES,
        )
        .select_related("candidate__person", "rules", "organization")
        .order_by("-held_on", "-pk")
    )


def section_of_votes(case: Case, rights: Rights, user: User | AnonymousUser) -> Section | None:
    """Return the card of the votes held: in full, with reasons, when reported up."""
    ballots = case.ballots
    if not ballots:
        return None
    stuck = stuck_at(case)
    may_allow = bool(stuck) and rights.may(Permission.VOTE_COMPETENT, case)
    return Section(
        template="admissions/meeting_votes_section.html",
        context={
            "ballots": ballots,
            "minutes": _minutes(ballots, rights),
            "stuck": escalated(case, *stuck[0]) if stuck else "",
            "allow_url": reverse("meeting-allow", args=[case.candidate.public_id])
            if may_allow
            else "",
        },
        order=40,
    )


def _minutes(ballots: Iterable[Ballot], rights: Rights) -> set[int]:
    """Return the votes (ids) whose minutes whoever reads the file may read: `meeting_seen_by`.

    Those of a cell that had the file earlier name its members: only who sees that cell reads them.
    """
    return {
        one.pk
        for one in ballots
        if one.meeting_id and (one.level != Level.CELL or one.organization_id in rights.sees)
    }


def stuck_at(case: Case) -> list[tuple[Level, Purpose]]:
    """Return the votes that failed so often that the competent committee is to say how to go on."""
    return [
        (level, purpose)
        for purpose in Purpose
        for level in case.bodies.levels()
        if case.passed(level, purpose) is None and escalated(case, level, purpose)
    ]
