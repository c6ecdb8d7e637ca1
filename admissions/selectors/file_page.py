"""One file as its page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from admissions.calendar import next_meetings, rounds_from
from admissions.cases import Case, case_of
from admissions.guards import STEPS
from admissions.models import Candidate, Group, Milestone, Paper, Round, RuleSet
from admissions.permissions import Permission, Rights
from admissions.rules import add_months, decision_due_on, full_years, probation_ends_on
from admissions.stages import PUBLIC_STEPS, Level, Stage, Step, public_step, stage_after
from config.periods import between, contains
from organizations.models import Ancestry

from .next_steps import STEP_CODES, NextStep, next_step, step_url

if TYPE_CHECKING:
    from organizations.models import User

SHOWN = 5
"""Events of the timeline that are shown at first."""

MEETINGS = 3

CERTIFICATE = "CN-NTVĐ"
"""How the class certificate is called beside the forms of the rules, which do not number it."""


@dataclass(frozen=True)
class StepOnBar:
    """A step of the public eight: done, the present one, beside it."""

    name: str
    note: str
    is_done: bool
    is_now: bool
    is_near: bool


@dataclass(frozen=True)
class PaperRow:
    """A row of the table of papers: words of its status and how they look."""

    name: str
    code: str
    maker: str
    note: str
    day: date | None
    status: str
    kind: str
    is_needed: bool = False
    counts: bool = False
    url: str = ""
    verb: str = ""


@dataclass(frozen=True)
class Consequence:
    """What follows if the cell considers on `day`: latest decision, round, what is amiss."""

    day: date
    decision_by: date
    extended_by: date
    working_days: int
    rules: str
    round_name: str
    is_in_time: bool
    later_round: str
    amiss: str


@dataclass(frozen=True)
class Event:
    """A row of the timeline."""

    day: date
    by: str
    title: str
    note: str
    is_bad: bool


@dataclass(frozen=True)
class FilePage:
    """Everything on the page of one file, for one reader on one day."""

    case: Case
    steps: list[StepOnBar]
    next: NextStep | None
    step_number: int
    before: list[PaperRow]
    after: list[PaperRow]
    complete: int
    needed: int
    consequences: list[Consequence]
    rule_sets: list[RuleSet]
    facts: list[tuple[str, str]]
    events: list[Event]
    more_events: int
    first_event_on: date | None
    prepares: bool
    further: list[tuple[str, str]]


def file_page(candidate: Candidate, *, user: User, on: date, all_events: bool = False) -> FilePage:
    """Return the page of `candidate` for `user` on day `on`; buttons only for steps of theirs."""
    case = case_of(candidate, on=on)
    rights = Rights.of(user, on=on, cells=[candidate.cell_id])
    prepares = rights.may(Permission.PREPARE, case)
    events = _events(candidate)
    shown = events if all_events else events[:SHOWN]
    before, after = _papers(case, prepares=prepares)
    needed = [row for row in before if row.is_needed]
    consequences, rule_sets = _consequences(case)
    number = _present_step(case)
    upcoming = next_step(case, rights)
    return FilePage(
        case=case,
        steps=_bar(case, number),
        next=upcoming,
        step_number=number,
        before=before,
        after=after,
        complete=sum(1 for row in needed if row.counts),
        needed=len(needed),
        consequences=consequences,
        rule_sets=rule_sets,
        facts=_facts(case),
        events=shown,
        more_events=len(events) - len(shown),
        first_event_on=events[-1].day if events else None,
        prepares=prepares,
        further=_further(case, rights, upcoming),
    )


def _present_step(case: Case) -> int:
    """Return the step that the file is at, fallen back where papers or certificate ran out."""
    stage = Stage(case.candidate.stage)
    if stage == Stage.CLOSED:
        stage = stage_after(one.step for one in case.milestones if one.step != Step.CLOSE)
    number = public_step(stage).number
    if number == 4 and (case.missing_papers or not case.valid_certificate):
        return 3
    return number


def _bar(case: Case, now: int) -> list[StepOnBar]:
    is_closed = case.candidate.stage == Stage.CLOSED
    rows = []
    for step in PUBLIC_STEPS:
        dates = [one.on for one in case.milestones if one.step in step.milestones]
        is_done = step.number < now and not _gap(case, step.number)
        is_now = step.number == now and not is_closed
        rows.append(
            StepOnBar(
                name=str(step.title),
                note=_note(case, step.number, dates, is_done=is_done, is_past=step.number < now),
                is_done=is_done,
                is_now=is_now,
                is_near=abs(step.number - now) == 1,
            )
        )
    return rows


def _gap(case: Case, number: int) -> bool:
    """Say whether a step that lies behind is not done: entered out of order, or run out."""
    if case.passed(Level.CELL):
        return False
    if number == 1:
        return case.milestone(Step.PUT_ON_LIST) is None
    if number == 2:
        return case.valid_certificate is None
    return number == 3 and bool(case.missing_papers)


def _note(case: Case, number: int, dates: Sequence[date], *, is_done: bool, is_past: bool) -> str:
    if is_done:
        return f"{max(dates):%d/%m/%Y}" if dates else ""
    if is_past:
        return _("still missing")
    planned: dict[int, tuple[str, date | None]] = {
        4: (_("about %(day)s"), next_meetings(case.on, number=1)[0]),
        5: (_("by %(day)s"), case.decision_limit()),
        6: (_("by %(day)s"), case.ceremony_limit()),
        7: (_("until %(day)s"), _probation_end(case)),
    }
    words, day = planned.get(number, ("", None))
    if number == 4 and case.candidate.stage == Stage.CLOSED:
        return ""
    return words % {"day": f"{day:%d/%m/%Y}"} if day else ""


def _probation_end(case: Case) -> date | None:
    ceremony = case.milestone(Step.ADMIT)
    return probation_ends_on(ceremony.on, case.candidate.rules) if ceremony else None


STATUS_LOOK = {
    Paper.Status.COMPLETE: "ok",
    Paper.Status.MISSING: "warn",
    Paper.Status.EXPIRING: "warn",
    Paper.Status.NOT_YET: "",
    Paper.Status.NOT_APPLICABLE: "",
}

COUNTS = {Paper.Status.COMPLETE, Paper.Status.EXPIRING}


def _papers(case: Case, *, prepares: bool) -> tuple[list[PaperRow], list[PaperRow]]:
    may_receive = prepares and STEPS[Step.RECEIVE_PAPER].is_at(case.candidate)
    before, after = [_certificate(case, may_receive=may_receive)], []
    for state in case.papers:
        kind, paper = state.kind, state.paper
        if not kind.before_cell:
            after.append(
                PaperRow(
                    name=_name(kind.name, kind.name_en),
                    code=kind.code,
                    maker=kind.get_maker_display(),
                    note="",
                    day=case.arose_on(kind),
                    status=str(state.status.label),
                    kind=STATUS_LOOK[state.status],
                )
            )
            continue
        is_missing = state.status == Paper.Status.MISSING
        note = ""
        if paper and paper.stale_on and not case.passed(Level.CELL):
            words = _("stale since %(day)s") if is_missing else _("counts until before %(day)s")
            note = words % {"day": f"{paper.stale_on:%d/%m/%Y}"}
        before.append(
            PaperRow(
                name=_name(kind.name, kind.name_en),
                code=kind.code,
                maker=kind.get_maker_display(),
                note=note,
                day=paper.dated_on if paper else None,
                status=str(state.status.label),
                kind=STATUS_LOOK[state.status],
                is_needed=state.status != Paper.Status.NOT_APPLICABLE,
                counts=state.status in COUNTS,
                url=step_url(case, Step.RECEIVE_PAPER) if is_missing and may_receive else "",
                verb=_("Receive"),
            )
        )
    return before, after


def _name(vietnamese: str, english: str) -> str:
    return english if get_language() == "en" else vietnamese


def _certificate(case: Case, *, may_receive: bool) -> PaperRow:
    certificate = case.certificate
    counts = bool(case.valid_certificate or (certificate and case.passed(Level.CELL)))
    status = Paper.Status.COMPLETE if counts else Paper.Status.MISSING
    if case.certificate_expires_soon and not case.passed(Level.CELL):
        status = Paper.Status.EXPIRING
    note = ""
    if certificate:
        note = _("counts until before %(day)s") % {"day": f"{certificate.expires_on:%d/%m/%Y}"}
    return PaperRow(
        name=_("Certificate of the awareness class"),
        code=CERTIFICATE,
        maker=_("Political centre"),
        note=note,
        day=certificate.issued_on if certificate else None,
        status=str(status.label),
        kind=STATUS_LOOK[status],
        is_needed=True,
        counts=counts,
        url=step_url(case, Step.CERTIFY) if may_receive and not counts else "",
        verb=_("Enter"),
    )


def _consequences(case: Case) -> tuple[list[Consequence], list[RuleSet]]:
    """Return what follows from each of the next meeting days, and the rules that say so."""
    if case.candidate.stage not in STEPS[Step.VOTE_CELL].sources:
        return [], []
    meetings = next_meetings(case.on, number=MEETINGS)
    in_force = list(
        RuleSet.objects.filter(period__overlap=between(case.on, add_months(meetings[-1], 1)))
    )
    above = Ancestry.objects.on(case.on).filter(descendant=case.candidate.cell_id)
    own = Round.objects.filter(organization__in=above.values("ancestor"), day__gte=case.on)
    rounds = rounds_from(case.on, list(own))
    rows, used = [], []
    for day in meetings:
        rules = next((one for one in in_force if contains(one.period, day)), None)
        if rules is None:
            continue
        if rules not in used:
            used.append(rules)
        decision_by = decision_due_on(day, rules)
        coming = [one for one in rounds if one.day >= day]
        reached = next((one for one in coming if one.day >= decision_by), None)
        rows.append(
            Consequence(
                day=day,
                decision_by=decision_by,
                extended_by=decision_due_on(day, rules, extended=True),
                working_days=rules.admission_decision_days,
                rules=rules.code,
                round_name=coming[0].name if coming else "",
                is_in_time=bool(coming and coming[0].day >= decision_by),
                later_round=reached.name if reached else "",
                amiss=_amiss(case, day, rules),
            )
        )
    return rows, used


def _amiss(case: Case, day: date, rules: RuleSet) -> str:
    """Return what counts today and no longer on `day`."""
    then = Case(case.candidate, on=day, rules=rules, kinds=case.kinds, bodies=case.bodies)
    lost = [kind.code for kind in then.missing_papers if kind not in case.missing_papers]
    if case.valid_certificate and not then.valid_certificate:
        lost.insert(0, CERTIFICATE)
    return _("run out by then: %(papers)s") % {"papers": ", ".join(lost)} if lost else ""


def _facts(case: Case) -> list[tuple[str, str]]:
    candidate, person = case.candidate, case.candidate.person
    groups = [str(Group(group).label) for group in candidate.groups]
    return [
        (
            _("Date of birth"),
            _("%(day)s (%(age)s years)")
            % {"day": f"{person.born_on:%d/%m/%Y}", "age": full_years(person.born_on, case.on)},
        ),
        (_("Sex"), person.get_sex_display()),
        (_("Ethnicity"), person.ethnicity),
        (_("Education"), person.education),
        (_("Occupation"), person.occupation),
        (_("Residence"), person.residence),
        (_("Youth Union"), _("Youth Union member") if person.is_youth_union_member else ""),
        (_("Groups"), ", ".join(groups)),
        (_("Helper"), ", ".join(one.mentor.full_name for one in case.mentorships)),
        (_("Judged under"), candidate.rules.code),
    ]


BAD = {Step.FALL_SHORT, Step.CLOSE}


def _events(candidate: Candidate) -> list[Event]:
    milestones: Sequence[Milestone] = sorted(
        candidate.milestones.select_related("entered_by"),
        key=lambda one: (one.on, one.pk),
        reverse=True,
    )
    return [
        Event(
            day=one.on,
            by=str(one.entered_by),
            title=one.get_step_display(),
            note=one.note,
            is_bad=one.step in BAD,
        )
        for one in milestones
    ]


def _further(case: Case, rights: Rights, upcoming: NextStep | None) -> list[tuple[str, str]]:
    """Return the other steps that the reader may take now: [(words, address)]."""
    steps = [Step.PUT_ON_LIST, Step.CERTIFY, Step.ASSIGN_MENTOR, Step.RECEIVE_PAPER, Step.VOTE_CELL]
    found = [
        (str(Step(step).label), step_url(case, step))
        for step in steps
        if step in STEP_CODES
        and STEPS[step].is_at(case.candidate)
        and rights.may(STEPS[step].permission, case)
        and (upcoming is None or step != upcoming.step)
        and not (step == Step.PUT_ON_LIST and case.milestone(Step.PUT_ON_LIST))
        and not (step == Step.RECEIVE_PAPER and not case.missing_papers)
    ]
    if rights.may(Permission.PREPARE, case) and STEPS[Step.CLOSE].is_at(case.candidate):
        closing = reverse("candidate-close", args=[case.candidate.public_id])
        found.append((_("Close the file"), closing))
    return found
