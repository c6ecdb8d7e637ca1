"""Which round of admissions each file makes, what it lacks, and by which day each step must end.

There is no table of a committee's meetings: a decision is taken to come on its latest legal day,
unless the reader types the days on which the deciding committee meets. Then a file is decided on
the first of them after it can have arrived, and one day less moves exactly those it would have
decided.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db.models import Case as Choice
from django.db.models import Count, IntegerField, Value, When
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.calendar import RoundDay, next_meetings, rounds_from
from admissions.cases import VERIFICATION_FORM, Case, cases_and_surroundings
from admissions.eligibility import introduced
from admissions.guards import permitted
from admissions.models import Candidate, Round, RuleSet
from admissions.rules import (
    decision_due_on,
    grassroots_due_on,
    is_working_day,
    send_up_due_on,
)
from admissions.stages import (
    ORDER,
    WITH_THE_COMMITTEES,
    Level,
    Stage,
)
from organizations.models import Ancestry, Appointment, Role

from .paging import page_of
from .preparing import lacking_verification

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from organizations.models import User

PER_PAGE = 50
MEETINGS = 12
"""Meetings of a cell that are looked at: a year."""

PREPARED = [Stage.CERTIFIED, Stage.PERMITTED, Stage.DOSSIER, Stage.READY]
DECIDED = [Stage.DECIDED]
PLANNED = [*PREPARED, *WITH_THE_COMMITTEES, *DECIDED]

FULL, LACKS, CONSIDERED, MADE = "du", "thieu", "dang-xet", "quyet-dinh"
HEADINGS: tuple[tuple[str, str | Promise, Collection[Stage]], ...] = (
    (FULL, gettext_lazy("Papers complete"), ()),
    (LACKS, gettext_lazy("Papers missing"), ()),
    (CONSIDERED, gettext_lazy("Under consideration"), WITH_THE_COMMITTEES),
    (MADE, gettext_lazy("Decision made"), DECIDED),
)
"""Before the cell considers by what lacks on the day: papers run out, and answers are awaited."""


@dataclass(frozen=True)
class PlannedFile:
    """One file: the round it makes, what it lacks, and the last day of each step for the round.

    `rules` are those by which the days of the steps are reckoned.
    `warning` says that its ceremony is overdue, or would be in that round.
    """

    person: str
    number: str
    url: str
    cell: str
    decided_on: date | None
    round: RoundDay | None
    makes_it: bool
    lacks: list[str]
    steps: list[tuple[str, date]]
    rules: str
    moved_from: str
    warning: str


@dataclass(frozen=True)
class Heading:
    """One of the four lists, and how many files it has in all, or of one page where `is_part`."""

    code: str
    name: str
    files: list[PlannedFile]
    count: int
    is_part: bool = False


@dataclass(frozen=True)
class OwnRound:
    """A round of the list of rounds; `url` to change it, for its staff."""

    name: str
    day: date
    submit_by: date | None
    is_chosen: bool
    url: str


@dataclass(frozen=True)
class Planner:
    """The page: rounds to come, the chosen one, and its files."""

    on: date
    rounds: list[OwnRound]
    chosen: RoundDay | None
    submit_by: date | None
    headings: list[Heading]
    committee: list[date]
    removed: date | None
    moved: int
    next_page: int | None
    page: int
    may_add: bool
    are_customary: bool


def decision_day(case: Case, committee: Sequence[date] = ()) -> date | None:
    """Return the day by which the decision on the file is to be expected; None if never.

    Of a file that the cell has still to consider, as if it did at its next meeting.
    """
    if case.decision is not None:
        return case.decision.signed_on
    vote = case.passed(Level.CELL)
    rules = case.candidate.rules if vote else case.rules
    begun = vote.held_on if vote else next_meetings(case.on, number=1, calendar=case.calendar)[0]
    if committee:
        arrived = max(case.on, send_up_due_on(begun, rules, calendar=case.calendar))
        return next((day for day in committee if day >= arrived), None)
    limit = case.decision_limit() if vote else decision_due_on(begun, rules, calendar=case.calendar)
    return max(limit, case.on) if limit else None


def round_of(
    case: Case, rounds: Sequence[RoundDay], committee: Sequence[date] = ()
) -> RoundDay | None:
    """Return the first of `rounds` (by day) that the file makes."""
    decided = decision_day(case, committee)
    if decided is None:
        return None
    return next((one for one in rounds if one.day >= max(decided, case.on)), None)


def last_days(case: Case, aim: date, committee: Sequence[date] = ()) -> list[tuple[str, date]]:
    """Return the last working day of each step still to take for a ceremony on day `aim`.

    Empty where no meeting of the cell is early enough, or the decision is there.
    """
    if case.decision is not None:
        return []
    decided_by = _working_day_before(aim + timedelta(days=1), case)
    if committee:
        sitting = [day for day in committee if day <= aim]
        if not sitting:
            return []
        decided_by = sitting[-1]
    vote = case.passed(Level.CELL)
    steps: list[tuple[str, date]] = []
    if vote is None:
        rules = case.rules
        coming = next_meetings(case.on, number=MEETINGS, calendar=case.calendar)
        early = [day for day in coming if _is_early_enough(case, day, decided_by, committee)]
        if not early:
            return []
        meeting = early[-1]
        if case.missing_papers:
            steps.append((_("papers complete"), _working_day_before(meeting, case)))
        steps.append((_("cell considers"), meeting))
        begun = meeting
    else:
        rules, begun = case.candidate.rules, vote.held_on
    below = [level for level in case.bodies.levels() if level != Level.COMPETENT]
    if case.next_vote() in below:
        sent = send_up_due_on(begun, rules, calendar=case.calendar)
        if vote is None:
            steps.append((_("file sent up"), min(sent, decided_by)))
        if case.bodies.grassroots and not case.passed(Level.GRASSROOTS):
            limit = grassroots_due_on(begun, rules, calendar=case.calendar)
            steps.append((_("grassroots committee considers"), min(limit, decided_by)))
    limit_of_decision = decision_due_on(begun, rules, calendar=case.calendar)
    steps.append((_("decision"), min(decided_by, max(limit_of_decision, case.on))))
    return steps


def _is_early_enough(
    case: Case, meeting: date, decided_by: date, committee: Sequence[date]
) -> bool:
    if committee:
        return send_up_due_on(meeting, case.rules, calendar=case.calendar) <= decided_by
    return decision_due_on(meeting, case.rules, calendar=case.calendar) <= decided_by


def _working_day_before(day: date, case: Case) -> date:
    day -= timedelta(days=1)
    while not is_working_day(day, case.calendar):
        day -= timedelta(days=1)
    return day


def planner(
    user: User,
    *,
    on: date,
    aim: date | None = None,
    committee: Sequence[date] = (),
    removed: date | None = None,
    page: int = 1,
) -> Planner | None:
    """Return the planner of `user` for the round on day `aim`, the next one unless given.

    `committee` are the days on which the deciding committee meets, as the reader typed them;
    `removed` one of them that falls away. None where no file may be seen by name.
    """
    held = list(
        Appointment.objects.of(user, on=on, roles=Role.sees_names()).values_list(
            "role", "organization"
        )
    )
    if not held:
        return None
    own = list(_rounds(held, on=on))
    rounds = rounds_from(on, own)
    chosen = next((one for one in rounds if aim is None or one.day >= aim), None)
    left = [day for day in committee if day != removed]
    shown = page_of(_files(user, on=on), page, size=PER_PAGE)
    try:
        cases, _around = cases_and_surroundings(shown.rows, on=on)
    except RuleSet.DoesNotExist:
        cases = []
    planned = [
        (case, _planned(case, rounds, chosen, committee=committee, left=left)) for case in cases
    ]
    counts = dict(
        Candidate.objects.visible_to(user, on=on)
        .filter(stage__in=PLANNED)
        .values_list("stage")
        .annotate(Count("pk"))
    )
    staff_at = {organization for role, organization in held if role == Role.STAFF}
    named = next((one for one in own if chosen and one.day == chosen.day), None)
    return Planner(
        on=on,
        rounds=_listed(rounds, own, chosen, staff_at=staff_at),
        chosen=chosen,
        submit_by=named.submit_by if named else None,
        headings=_headings(planned, counts, is_cut=shown.is_cut),
        committee=list(committee),
        removed=removed,
        moved=sum(1 for _case, row in planned if row.moved_from),
        page=shown.number,
        next_page=shown.next,
        may_add=bool(staff_at),
        are_customary=not own,
    )


def _headings(
    planned: Sequence[tuple[Case, PlannedFile]], counts: dict[str, int], *, is_cut: bool
) -> list[Heading]:
    found: dict[str, list[PlannedFile]] = {code: [] for code, _name, _stages in HEADINGS}
    for case, row in planned:
        stage = case.candidate.stage
        code = next((code for code, _name, stages in HEADINGS if stage in stages), "")
        found[code or (LACKS if row.lacks else FULL)].append(row)
    return [
        Heading(
            code=code,
            name=str(name),
            files=found[code],
            # What lacks is judged of the files of a page alone.
            count=sum(counts.get(stage, 0) for stage in stages) if stages else len(found[code]),
            is_part=is_cut and not stages,
        )
        for code, name, stages in HEADINGS
    ]


def _rounds(held: Sequence[tuple[str, int]], *, on: date) -> Sequence[Round]:
    """The rounds to come of the organisations that the reader acts for and of those above."""
    roots = {organization for _role, organization in held}
    above = Ancestry.objects.on(on).filter(descendant__in=roots).values("ancestor")
    return list(Round.objects.filter(organization__in=above, day__gte=on).order_by("day", "pk"))


def _files(user: User, *, on: date) -> QuerySet[Candidate]:
    nearness = Choice(
        *(When(stage=stage, then=Value(place)) for place, stage in enumerate(ORDER)),
        default=Value(0),
        output_field=IntegerField(),
    )
    return (
        Candidate.objects.visible_to(user, on=on)
        .filter(stage__in=PLANNED)
        .select_related("person", "cell", "rules")
        .order_by(-nearness, "stage_since", "pk")
    )


def _planned(
    case: Case,
    rounds: Sequence[RoundDay],
    chosen: RoundDay | None,
    *,
    committee: Sequence[date],
    left: Sequence[date],
) -> PlannedFile:
    made = round_of(case, rounds, left) if left or not committee else None
    before = round_of(case, rounds, committee) if len(left) != len(committee) else made
    return PlannedFile(
        person=case.candidate.person.full_name,
        number=case.candidate.number,
        url=reverse("candidate-detail", args=[case.candidate.public_id]),
        cell=case.bodies.cell.short_name,
        decided_on=decision_day(case, left) if left or not committee else None,
        round=made,
        makes_it=bool(made and chosen and made.day <= chosen.day),
        lacks=_lacks(case),
        steps=last_days(case, chosen.day, left) if chosen and (left or not committee) else [],
        rules=(case.candidate.rules if case.passed(Level.CELL) else case.rules).code,
        moved_from=before.name if before and before != made else "",
        warning=_ceremony_too_late(case, made),
    )


def _ceremony_too_late(case: Case, made: RoundDay | None) -> str:
    """Return that the ceremony is overdue, or that round `made` comes after its last day."""
    limit = case.ceremony_limit()
    if limit is None:
        return ""
    terms = {"day": f"{limit:%d/%m/%Y}"}
    if limit < case.on:
        return (
            _("The ceremony was due by %(day)s: report to the superior committee for its consent.")
            % terms
        )
    if made and made.day > limit:
        return _("The round is after the last day for the ceremony, %(day)s.") % terms
    return ""


def _lacks(case: Case) -> list[str]:
    """Return what the file lacks before the cell considers it."""
    if case.passed(Level.CELL):
        return []
    found = [kind.code for kind in case.missing_papers if kind.code != VERIFICATION_FORM]
    if verification := lacking_verification(case):
        found.insert(0, verification)
    if permitted(case):
        found.insert(0, _("permission to do the procedure"))
    if not case.valid_certificate:
        found.insert(0, _("class certificate"))
    if not case.mentorships:
        found.append(_("helper"))
    if introduced(case):
        found.append(_("introducers"))
    return found


def _listed(
    rounds: Sequence[RoundDay],
    own: Sequence[Round],
    chosen: RoundDay | None,
    *,
    staff_at: set[int],
) -> list[OwnRound]:
    by_day = {(one.day, one.name): one for one in own}
    found = []
    for one in rounds[:8]:
        row = by_day.get((one.day, one.name))
        is_theirs = row is not None and row.organization_id in staff_at
        found.append(
            OwnRound(
                name=one.name,
                day=one.day,
                submit_by=row.submit_by if row else None,
                is_chosen=one == chosen,
                url=reverse("round-edit", args=[row.pk]) if row and is_theirs else "",
            )
        )
    return found
