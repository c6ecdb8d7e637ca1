"""A whole meeting recorded at once: who was entitled, and the result for every candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admissions.models import AwarenessClass, Ballot, Candidate, Elector, Meeting
from admissions.stages import STEPS_OF_VOTES, Level, Purpose
from config import names
from config.errors import DomainError
from organizations.models import Membership, Organization, Person, Role, Transfer
from organizations.permissions import acts, acts_at

from .ballots import record_ballot, refusal_of_people
from .classes import propose
from .preparation import assign_mentor, put_on_list
from .recording import in_the_future

if TYPE_CHECKING:
    from organizations.models import User

Standing = Elector.Standing

OF_OFFICIAL = frozenset({Standing.PRESENT, Standing.ABSENT, Standing.EXEMPT, Standing.SUSPENDED})
"""What the minutes may say of an official member; who is elsewhere is known from transfers."""

EXCUSED = frozenset({Standing.EXEMPT, Standing.SUSPENDED})
"""Of them those who are not entitled, as the minutes say and nothing else does."""


@dataclass(frozen=True)
class Vote:
    """How the meeting voted on one candidate; who neither was for nor against abstained."""

    candidate: Candidate
    in_favour: int
    against: int = 0
    purpose: str = Purpose.ADMISSION
    resolution_number: str = ""
    reasons: str = ""

    @property
    def row(self) -> str:
        return f"{Purpose(self.purpose).value}-{self.candidate.pk}"


@dataclass(frozen=True)
class Listing:
    """The meeting put the candidate on the list of sympathisers."""

    candidate: Candidate
    resolution_number: str = ""

    @property
    def row(self) -> str:
        return f"list-{self.candidate.pk}"


@dataclass(frozen=True)
class Helping:
    """The meeting assigned `mentor` to help the candidate."""

    candidate: Candidate
    mentor: Person

    @property
    def row(self) -> str:
        return f"helper-{self.candidate.pk}"


@dataclass(frozen=True)
class Proposal:
    """The meeting proposed the candidate for a class."""

    candidate: Candidate
    school: AwarenessClass

    @property
    def row(self) -> str:
        return f"class-{self.candidate.pk}"


Result = Vote | Listing | Helping | Proposal


@transaction.atomic
def record_meeting(
    cell: Organization,
    *,
    by: User,
    on: date,
    held_on: date,
    results: Sequence[Result],
    standings: Mapping[int, str] | None = None,
    present: int | None = None,
    absence_reasons: str = "",
    chair: str = "",
    secretary: str = "",
) -> Meeting:
    """Record what the meeting of `cell` on `held_on` resolved on all candidates, all or nothing.

    The list of those entitled is frozen with it: the members of the cell on that day, each with
    the standing that the minutes say in `standings` {person id: standing}; who is not named was
    present. Entitled are all official members, less those on temporary transfer elsewhere, those
    exempt and absent, and those suspended, prosecuted or detained; who is exempt and attends
    counts; probationary members never do (HD 06-HD/TW 2025; domain.md 2.6). `present`, where it is
    given, is the number in the minutes, and must agree with those named. A cell has one list a
    day: who is exempt or suspended in other minutes of the day is so here, and the reverse.

    `by` may both have proposed a candidate and record the vote of the own cell; neither is left to
    approve the decision. Raises PermissionDenied where `by` is not secretary over the cell,
    DomainError at `held_on`, `standings` or `present`, and for one result at `<argument>-<row>`,
    its `row` being that of the result.
    """
    if not acts(by, Role.SECRETARY, over=cell, on=on):
        raise PermissionDenied
    _refuse_day(held_on, results, on=on)
    electors = _electors(cell, standings or {}, on=held_on)
    counted = [one.standing for one in electors]
    official = sum(1 for one in counted if one not in PROBATIONARY)
    elsewhere = counted.count(Standing.ELSEWHERE)
    exempt, suspended = counted.count(Standing.EXEMPT), counted.count(Standing.SUSPENDED)
    entitled = official - elsewhere - exempt - suspended
    attended = counted.count(Standing.PRESENT)
    if sentence := _contradicts(cell, electors, entitled=entitled, held_on=held_on):
        raise DomainError(fields={"standings": sentence})
    if entitled < 1:
        raise DomainError(
            fields={
                "held_on": _("On %(day)s nobody of the cell was entitled to vote.")
                % {"day": f"{held_on:%d/%m/%Y}"}
            }
        )
    if present is not None and present != attended:
        raise DomainError(fields={"present": _disagrees(present, entitled, entitled - attended)})
    meeting = Meeting.objects.create(
        organization=cell,
        level=Level.CELL,
        held_on=held_on,
        official_members=official,
        elsewhere=elsewhere,
        exempt_absent=exempt,
        suspended=suspended,
        entitled=entitled,
        present=attended,
        probationary_members=len(electors) - official,
        probationary_present=counted.count(Standing.PROBATIONARY),
        absence_reasons=names.written(absence_reasons)[:300],
        chair=names.written(chair),
        secretary=names.written(secretary),
        entered_by=by,
    )
    for one in electors:
        one.meeting = meeting
    Elector.objects.bulk_create(electors)
    _record_all(results, meeting, by=by, on=on)
    return meeting


@transaction.atomic
def record_committee_meeting(
    organization: Organization,
    *,
    level: str,
    by: User,
    on: date,
    held_on: date,
    entitled: int,
    present: int,
    results: Sequence[Vote],
    chair: str = "",
    secretary: str = "",
) -> Meeting:
    """Record the votes of a committee's meeting on the files before it, all or nothing.

    `entitled` are its members: all of them where it decides by delegation, at the other levels
    those in office. Raises PermissionDenied where `by` is not of its own staff, DomainError at
    `held_on`, `entitled` or `present`, and for one file at `<argument>-<row>`.
    """
    if not acts_at(by, Role.STAFF, at=organization, on=on):
        raise PermissionDenied
    _refuse_day(held_on, results, on=on)
    refusals = {}
    if sentence := refusal_of_people(entitled):
        refusals["entitled"] = sentence
    elif not 0 <= present <= entitled:
        refusals["present"] = _(
            "Those present (%(present)s) are more than those entitled to vote (%(entitled)s)."
        ) % {"present": present, "entitled": entitled}
    if refusals:
        raise DomainError(fields=refusals)
    meeting = Meeting.objects.create(
        organization=organization,
        level=Level(level),
        held_on=held_on,
        official_members=entitled,
        entitled=entitled,
        present=present,
        chair=names.written(chair),
        secretary=names.written(secretary),
        entered_by=by,
    )
    _record_all(results, meeting, by=by, on=on)
    return meeting


PROBATIONARY = frozenset({Standing.PROBATIONARY, Standing.PROBATIONARY_ABSENT})


def _refuse_day(held_on: date, results: Sequence[Result], *, on: date) -> None:
    if held_on > on:
        raise in_the_future(held_on, field="held_on")
    if not results:
        raise DomainError(_("Enter the result for at least one person."))


def _contradicts(
    cell: Organization, electors: Sequence[Elector], *, entitled: int, held_on: date
) -> str | None:
    """Return what speaks against the list in what is recorded of the same day; or None."""
    day = f"{held_on:%d/%m/%Y}"
    now = {one.person_id: one.standing in EXCUSED for one in electors}
    others = (
        Elector.objects.filter(
            meeting__organization=cell, meeting__level=Level.CELL, meeting__held_on=held_on
        )
        .filter(standing__in=OF_OFFICIAL)
        .select_related("person")
        .order_by("person__name_order", "person_id")
    )
    differing = dict.fromkeys(
        one.person.full_name
        for one in others
        if now.get(one.person_id) is not (one.standing in EXCUSED) and one.person_id in now
    )
    if differing:
        return _(
            "The minutes of %(day)s that are recorded already say otherwise of %(people)s: a cell"
            " has one list of those entitled on one day."
        ) % {"day": day, "people": ", ".join(differing)}
    alone = Ballot.objects.filter(
        organization=cell, level=Level.CELL, held_on=held_on, meeting__isnull=True
    ).exclude(entitled=entitled)
    if (other := alone.first()) is not None and any(now.values()):
        return _(
            "A vote of %(day)s is recorded with %(others)s entitled, and on this list %(people)s"
            " are: a cell has one list of those entitled on one day."
        ) % {"day": day, "others": other.entitled, "people": entitled}
    return None


def _disagrees(present: int, entitled: int, absent: int) -> str:
    if present > entitled:
        return _(
            "Those present (%(present)s) are more than those entitled to vote (%(entitled)s)."
        ) % {"present": present, "entitled": entitled}
    return ngettext(
        "%(entitled)s are entitled to vote: with %(present)s present, %(missing)s was absent and is"
        " named on the list; named are %(absent)s.",
        "%(entitled)s are entitled to vote: with %(present)s present, %(missing)s were absent and"
        " are named on the list; named are %(absent)s.",
        entitled - present,
    ) % {
        "entitled": entitled,
        "present": present,
        "missing": entitled - present,
        "absent": absent,
    }


def _electors(cell: Organization, standings: Mapping[int, str], *, on: date) -> list[Elector]:
    """Return the list of those entitled and of the others, unsaved, in the order of names."""
    members = list(
        Membership.objects.on(on)
        .filter(cell=cell)
        .order_by("person__name_order", "person_id")
        .values_list("person_id", "status")
    )
    if unknown := set(standings) - {person for person, _status in members}:
        # Only of those whom the cell knows is the name told again.
        known = Membership.objects.filter(cell=cell, person__in=unknown).values("person")
        people = Person.objects.filter(pk__in=known).order_by("name_order")
        raise DomainError(
            fields={
                "standings": _("On %(day)s not a member of the cell: %(people)s.")
                % {
                    "day": f"{on:%d/%m/%Y}",
                    "people": ", ".join(one.full_name for one in people) or len(unknown),
                }
            }
        )
    away = set(
        Transfer.objects.away(on=on)
        .filter(person__in=[person for person, _status in members])
        .values_list("person", flat=True)
    )
    return [
        Elector(
            person_id=person,
            standing=_standing(standings.get(person), status, is_away=person in away),
        )
        for person, status in members
    ]


def _standing(said: str | None, status: str, *, is_away: bool) -> Standing:
    if status != Membership.Status.OFFICIAL:
        is_there = said in {None, Standing.PRESENT, Standing.PROBATIONARY} and not is_away
        return Standing.PROBATIONARY if is_there else Standing.PROBATIONARY_ABSENT
    if is_away:
        return Standing.ELSEWHERE
    return Standing(said) if said in OF_OFFICIAL else Standing.PRESENT


def _record_all(results: Sequence[Result], meeting: Meeting, *, by: User, on: date) -> None:
    """Record every result; DomainError at `<argument>-<row>` for all that are refused."""
    # In one order, so that two who record the same meeting wait for each other and never both:
    # classes before files, as everything that touches a class does (`operations.classes`).
    schools = sorted({one.school.pk for one in results if isinstance(one, Proposal)})
    classes = AwarenessClass.objects.select_for_update(of=("self",)).filter(pk__in=schools)
    list(classes.order_by("pk"))
    keys = sorted({one.candidate.pk for one in results})
    list(Candidate.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk"))
    refusals: dict[str, str] = {}
    # First what a vote may need: who is on the list, who helps.
    for one in sorted(results, key=lambda one: isinstance(one, Vote)):
        try:
            with transaction.atomic():
                _record_one(one, meeting, by=by, on=on)
        except DomainError as error:
            if error.sentence:
                refusals[f"in_favour-{one.row}"] = error.sentence
            refusals |= {f"{name}-{one.row}": said for name, said in error.fields.items()}
    if refusals:
        raise DomainError(fields=refusals)


def _record_one(one: Result, meeting: Meeting, *, by: User, on: date) -> None:
    day = meeting.held_on
    match one:
        case Vote():
            _record_vote(one, meeting, by=by, on=on)
        case Listing():
            _in_the_cell(one.candidate, meeting)
            put_on_list(
                one.candidate, by=by, on=on, held_on=day, resolution_number=one.resolution_number
            )
        case Helping():
            _in_the_cell(one.candidate, meeting)
            assign_mentor(one.candidate, by=by, on=on, mentor=one.mentor, since=day)
        case Proposal():
            _in_the_cell(one.candidate, meeting)
            propose(one.candidate, by=by, on=on, school=one.school, proposed_on=day)


def _in_the_cell(candidate: Candidate, meeting: Meeting) -> None:
    if candidate.cell_on(meeting.held_on) != meeting.organization_id:
        raise DomainError(_not_before_this_body(meeting))


def _not_before_this_body(meeting: Meeting) -> str:
    return _("On %(day)s the file was not before this body.") % {
        "day": f"{meeting.held_on:%d/%m/%Y}"
    }


def _record_vote(one: Vote, meeting: Meeting, *, by: User, on: date) -> None:
    if Level(meeting.level) not in STEPS_OF_VOTES[Purpose(one.purpose)]:
        raise DomainError(_("This body has no say in it."))
    twice = Ballot.objects.filter(
        candidate=one.candidate,
        purpose=one.purpose,
        level=meeting.level,
        organization=meeting.organization_id,
        held_on=meeting.held_on,
    ).select_related("entered_by")
    if recorded := twice.first():
        raise DomainError(
            fields={
                "in_favour": _(
                    "%(who)s has recorded this vote of %(day)s already: %(in_favour)s of"
                    " %(entitled)s in favour."
                )
                % {
                    "who": recorded.entered_by,
                    "day": f"{recorded.held_on:%d/%m/%Y}",
                    "in_favour": recorded.in_favour,
                    "entitled": recorded.entitled,
                }
            }
        )
    ballot = record_ballot(
        one.candidate,
        by=by,
        on=on,
        level=meeting.level,
        held_on=meeting.held_on,
        entitled=meeting.entitled,
        present=meeting.present,
        in_favour=one.in_favour,
        against=one.against,
        resolution_number=one.resolution_number,
        purpose=one.purpose,
        meeting=meeting,
        reasons=one.reasons,
    )
    if ballot.organization_id != meeting.organization_id:
        raise DomainError(_not_before_this_body(meeting))
