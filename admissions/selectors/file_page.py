"""One file as its page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from admissions.bundles import Surroundings
from admissions.calendar import next_meetings, rounds_from
from admissions.cases import Case, cases_and_surroundings
from admissions.guards import STEPS
from admissions.models import Candidate, Group, Milestone, RuleSet
from admissions.permissions import Permission, Rights
from admissions.rules import decision_due_on, full_years, probation_ends_on, send_up_due_on
from admissions.stages import (
    BEFORE_THE_CELL,
    PUBLIC_STEPS,
    WITH_THE_COMMITTEES,
    Level,
    Stage,
    Step,
    public_step,
    stage_after,
)
from config.periods import contains
from config.rows import beyond_scope

from .erasures import ErasureTold, erasure_told
from .moving import asking
from .next_steps import STEP_CODES, NextStep, next_step, step_url
from .papers import CERTIFICATE, PaperRow, paper_rows
from .preparing import lacking_verification
from .probation import bar_note
from .sections import Section, sections

if TYPE_CHECKING:
    from organizations.models import User

SHOWN = 5
"""Events of the timeline that are shown at first."""

MEETINGS = 3


@dataclass(frozen=True)
class StepOnBar:
    """A step of the public eight: done, the present one, beside it."""

    name: str
    note: str
    is_done: bool
    is_now: bool
    is_near: bool


@dataclass(frozen=True)
class Consequence:
    """What follows if the cell considers on `day`: the file goes up by `send_by`, the latest
    decision, the round, what is amiss."""

    day: date
    send_by: date
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
    sections: list[Section]
    erasure: ErasureTold | None
    others_act: str

    @property
    def may_correct(self) -> bool:
        """Say whether the reader corrects the file: until the cell has resolved on it."""
        return self.prepares and self.case.candidate.stage in BEFORE_THE_CELL

    @property
    def stays_as_resolved(self) -> bool:
        """Say whether the reader would correct the file, were it returned to before the cell."""
        return self.prepares and self.case.candidate.stage in WITH_THE_COMMITTEES


def file_page(candidate: Candidate, *, user: User, on: date, all_events: bool = False) -> FilePage:
    """Return the page of `candidate` for `user` on day `on`; buttons only for steps of theirs."""
    [case], around = cases_and_surroundings([candidate], on=on, user=user)
    rights = Rights.read(user, around)
    prepares = rights.may(Permission.PREPARE, case)
    events = _events(candidate)
    shown = events if all_events else events[:SHOWN]
    before, after = paper_rows(case, prepares=prepares)
    needed = [row for row in before if row.is_needed]
    consequences, rule_sets = _consequences(case, around)
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
        sections=sections(case, rights, user),
        erasure=erasure_told(case, rights, user),
        others_act=_others_act(candidate, rights, user),
    )


def _others_act(candidate: Candidate, rights: Rights, user: User) -> str:
    """Return why the reader, whatever their role, takes no step of this file; "" where they may."""
    if not rights.are_of_their_own(candidate.person_id):
        return ""
    with beyond_scope():  # whoever is at the page need not see their own record
        holder = user.person
        is_theirs = holder is not None and holder.kept_id == candidate.person.kept_id
    if is_theirs:
        return _("This is your own record: others act on the file.")
    return _("You declared that this is a relative of yours: others act on the file.")


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
        # Recognised: there is no step beyond.
        is_done = is_done or (step.number == 8 and case.candidate.stage == Stage.OFFICIAL)
        is_now = step.number == now and not is_closed and not is_done
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
    if number == 8 and is_done:
        # From then, whenever it was decided.
        return f"{day:%d/%m/%Y}" if (day := _probation_end(case)) else ""
    if is_done:
        return f"{max(dates):%d/%m/%Y}" if dates else ""
    if is_past:
        return _("still missing")
    planned: dict[int, tuple[str, date | None]] = {
        4: (_("about %(day)s"), next_meetings(case.on, number=1, calendar=case.calendar)[0]),
        5: (_("by %(day)s"), case.decision_limit()),
        6: (_("by %(day)s"), case.ceremony_limit()),
    }
    if number in {7, 8} and case.candidate.stage == Stage.ADMITTED:
        return bar_note(case, number)
    words, day = planned.get(number, ("", None))
    if number == 4 and case.candidate.stage == Stage.CLOSED:
        return ""
    return words % {"day": f"{day:%d/%m/%Y}"} if day else ""


def _probation_end(case: Case) -> date | None:
    ceremony = case.milestone(Step.ADMIT)
    return probation_ends_on(ceremony.on, case.candidate.rules) if ceremony else None


def _consequences(case: Case, around: Surroundings) -> tuple[list[Consequence], list[RuleSet]]:
    """Return what follows from each of the next meeting days, and the rules that say so."""
    if case.candidate.stage not in STEPS[Step.VOTE_CELL].sources:
        return [], []
    meetings = next_meetings(case.on, number=MEETINGS, calendar=case.calendar)
    rounds = rounds_from(case.on, around.rounds)
    rows, used = [], []
    for day in meetings:
        rules = next((one for one in around.rule_sets if contains(one.period, day)), None)
        if rules is None:
            continue
        if rules not in used:
            used.append(rules)
        decision_by = decision_due_on(day, rules, calendar=case.calendar)
        coming = [one for one in rounds if one.day >= day]
        reached = next((one for one in coming if one.day >= decision_by), None)
        rows.append(
            Consequence(
                day=day,
                send_by=send_up_due_on(day, rules, calendar=case.calendar),
                decision_by=decision_by,
                extended_by=decision_due_on(day, rules, extended=True, calendar=case.calendar),
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
    """Return what counts today and no longer on `day`, and what cannot be answered by then."""
    then = Case(
        case.candidate,
        on=day,
        rules=rules,
        kinds=case.kinds,
        bodies=case.bodies,
        calendar=case.calendar,
    )
    then.settings = case.settings
    lost = [kind.code for kind in then.missing_papers if kind not in case.missing_papers]
    if case.valid_certificate and not then.valid_certificate:
        lost.insert(0, CERTIFICATE)
    told = [lacking_verification(case, by=day)]
    if lost:
        told.append(_("run out by then: %(papers)s") % {"papers": ", ".join(lost)})
    return "; ".join(words for words in told if words)


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
        (_("Youth Union"), _("Youth Union member") if person.is_youth_union_member else ""),
        (_("Groups"), ", ".join(groups)),
        *_receipt(case),
        (_("Helper"), ", ".join(one.mentor.full_name for one in case.mentorships)),
        (_("Judged under"), candidate.rules.code),
    ]


def _receipt(case: Case) -> list[tuple[str, str]]:
    """Return when the cell received the decision, once there is one: a term may run from it."""
    if case.decision is None:
        return []
    day = case.received_on
    return [(_("Decision received on"), f"{day:%d/%m/%Y}" if day else _("not recorded"))]


BAD = {Step.FALL_SHORT, Step.CLOSE}


def _events(candidate: Candidate) -> list[Event]:
    milestones: Sequence[Milestone] = sorted(
        candidate.milestones.all(),
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
    if asking(case, rights):
        found.append((_("The person moves elsewhere"), step_url(case, Step.ASK_MOVE)))
    if rights.may(Permission.PREPARE, case) and STEPS[Step.CLOSE].is_at(case.candidate):
        closing = reverse("candidate-close", args=[case.candidate.public_id])
        found.append((_("Close the file"), closing))
    return found
