"""Where a file stands above the cell: what was returned and why, what the committee has before it,
and the extract for those who decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.core.paginator import Page
from django.db.models import Max, Q, QuerySet
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from admissions.cases import Case, cases_of
from admissions.guards import (
    STEPS,
    cell_resolved_or_failed_too_often,
    sent_up,
)
from admissions.models import Ballot, Candidate, FileReturn, RuleSet, Special
from admissions.operations.cancellations import latest_review, waiting_review
from admissions.permissions import Permission, Rights
from admissions.rules import full_years
from admissions.stages import (
    WITH_THE_COMMITTEES,
    Level,
    Purpose,
    Stage,
    Step,
)
from config.ui.pages import SafePaginator
from organizations.models import Appointment, Particulars, Role

from .late_entries import who_may_answer
from .next_steps import days_left, step_url
from .sections import Section

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User

PER_PAGE = 50
AT_MOST = 500
"""Files looked at, those whose cell resolved first; what is left comes when these are decided."""


# ---------------------------------------------------------------- on the file's page


@dataclass(frozen=True)
class Item:
    """One thing that a return names: a form, with where it is received, or words."""

    name: str
    url: str = ""
    is_in: bool = False


@dataclass(frozen=True)
class Return:
    """The latest return of the file, and whether it was sent up again since."""

    day: date
    body: str
    back_to: str
    reason: str
    items: list[Item]
    is_answered: bool


def section(case: Case, rights: Rights, user: User | AnonymousUser) -> Section | None:
    """Return what the committees above did with the file, and what the reader may do there."""
    file = case.candidate
    back, acts = _latest_return(case, rights), _acts(case, rights)
    asked = latest_review(case)
    taken = [one for one in file.extensions.all() if one.course == file.course]
    sent = sent_up(file.milestones.all()) if file.stage in WITH_THE_COMMITTEES else None
    late = case.late_entry if file.stage in STEPS[Step.ADMIT].sources else None
    if not (back or acts or asked or taken or sent or late):
        return None
    context = {
        "returned": back, "acts": acts, "review": asked, "extensions": taken, "sent": sent,
        "received_on": case.received_on, "late": late,
        "may_answer": who_may_answer(case, late) if late and late.answered_at is None else [],
    }  # fmt: skip
    return Section("admissions/outcomes_section.html", context, order=20)


def _latest_return(case: Case, rights: Rights) -> Return | None:
    rows: Sequence[FileReturn] = list(case.candidate.returns.all())
    latest = max(rows, key=lambda one: one.course, default=None)
    if latest is None or case.candidate.stage not in STEPS[Step.CLOSE].sources:
        return None
    milestones = case.candidate.milestones.all()
    back = max((one.pk for one in milestones if one.back_to), default=0)
    body = case.bodies.at(latest.level)
    kinds = {kind.code: kind for kind in case.kinds}
    may_receive = rights.may(Permission.PREPARE, case)
    url = step_url(case, Step.RECEIVE_PAPER) if may_receive else ""
    items = []
    for one in latest.items:
        kind = kinds.get(one)
        if kind is None:
            items.append(Item(one))
            continue
        is_in = not case.is_asked_again(kind)
        name = kind.name_en if get_language() == "en" else kind.name
        items.append(Item(f"{name} · {one}", url="" if is_in else url, is_in=is_in))
    return Return(
        day=latest.returned_on,
        body=str(body or ""),
        back_to=str(Stage(latest.back_to).label),
        reason=latest.reason,
        items=items,
        is_answered=any(one.step == Step.SEND_UP and one.pk > back for one in milestones),
    )


def _acts(case: Case, rights: Rights) -> list[tuple[str, str]]:
    """Return what the reader may do with the file above the cell: [(words, address)]."""
    file = case.candidate
    found = []
    if _may(Step.SEND_UP, case, rights) and sent_up(file.milestones.all()) is None:
        found.append((_("Send the file up"), step_url(case, Step.SEND_UP)))
    if _may(Step.RECEIVE_DECISION, case, rights) and case.received_on is None:
        words = _("Record when the cell received the decision")
        found.append((words, step_url(case, Step.RECEIVE_DECISION)))
    if STEPS[Step.RETURN].is_at(file) and case.passed(Level.CELL):
        if case.holder in rights.serves(case):
            found.append((_("Return the file for completion"), step_url(case, Step.RETURN)))
        found.append(
            (_("Extract for those who decide"), reverse("file-extract", args=[file.public_id]))
        )
    if _may(Step.EXTEND, case, rights) and _is_extendable(case):
        found.append((_("Extend the term of the decision"), step_url(case, Step.EXTEND)))
    # Before the cell's resolution only where its votes failed too often.
    may_refuse = cell_resolved_or_failed_too_often(case) is None
    if _may(Step.REFUSE, case, rights) and may_refuse and not case.passed(Level.COMPETENT):
        found.append((_("Decide not to admit"), step_url(case, Step.REFUSE)))
    late = case.late_entry
    if late and late.answered_at is None and rights.may(Permission.ANSWER_LATE, case):
        found.append(
            (
                _("Let the late entry count, or decline it"),
                reverse("late-entry-answer", args=[file.public_id]),
            )
        )
    if STEPS[Step.CANCEL].is_at(file) and case.decision:
        if rights.may(Permission.ASK_CANCELLATION, case):
            asking = reverse("decision-review-new", args=[file.public_id])
            found.append((_("Ask to cancel the decision"), asking))
        if waiting_review(case) and rights.may(Permission.CANCEL, case):
            words = _("Cancel the decision, as requested")
            found.append((words, step_url(case, Step.CANCEL)))
            declining = reverse("decision-review-decline", args=[file.public_id])
            found.append((_("Decline to cancel the decision"), declining))
    return found


def _may(step: Step, case: Case, rights: Rights) -> bool:
    return STEPS[step].is_at(case.candidate) and rights.may(STEPS[step].permission, case)


def _is_extendable(case: Case) -> bool:
    on_probation = case.candidate.stage == Stage.ADMITTED
    purpose = Purpose.RECOGNITION if on_probation else Purpose.ADMISSION
    clock = "recognition" if on_probation else "admission"
    return case.passed(Level.CELL, purpose) is not None and case.extension(clock) is None


# ---------------------------------------------------------------- files before the committee


@dataclass(frozen=True)
class BeforeUs:
    """A file that lies with the reader's committee: its limit, what it lacks, what comes next."""

    file: Candidate
    cell: str
    step: str
    resolved_on: date
    due_on: date | None
    left: str
    is_late: bool
    is_extended: bool
    rules: str
    lacks: list[str]
    verb: str
    url: str
    extract_url: str
    return_url: str


@dataclass(frozen=True)
class Asked:
    """A request to cancel a decision that waits for an approver."""

    file: Candidate
    number: str
    ground: str
    asked_on: date
    by: str
    url: str


@dataclass(frozen=True)
class Queue:
    """The page of files before the reader's committee on one day."""

    rows: list[BeforeUs]
    total: int
    late: int
    page: Page[Case]
    is_cut: bool
    requests: list[Asked]


def before_us(user: User, *, on: date, number: str = "1") -> Queue:
    """Return the files that wait for a body at which `user` is staff or approver, by their limit.

    The number of queries does not grow with the files.
    """
    at = set(
        Appointment.objects.of(user, on=on, roles=[Role.STAFF, Role.APPROVER]).values_list(
            "organization", flat=True
        )
    )
    files = list(_resolved(user, on=on)[: AT_MOST + 1])
    is_cut = len(files) > AT_MOST
    try:
        cases = cases_of(files[:AT_MOST], on=on)
    except RuleSet.DoesNotExist:
        cases = []
    ours = [case for case in cases if _lies_at(case) in at]
    ours.sort(key=lambda case: (case.decision_limit() or date.max, case.candidate.pk))
    rights = Rights.of(user, on=on, cells={one.candidate.cell_id for one in ours})
    page = SafePaginator(ours, PER_PAGE).page(number)
    return Queue(
        rows=[_row(case, rights) for case in page.object_list],
        total=len(ours),
        late=sum(1 for case in ours if (case.decision_limit() or date.max) < on),
        page=page,
        is_cut=is_cut,
        requests=_requests(user, on=on),
    )


def _resolved(user: User, *, on: date) -> QuerySet[Candidate]:
    rows = Candidate.objects.visible_to(user, on=on).filter(stage__in=WITH_THE_COMMITTEES)
    passed = Q(ballots__level=Level.CELL, ballots__purpose=Purpose.ADMISSION, ballots__passed=True)
    return (
        rows.annotate(resolved=Max("ballots__held_on", filter=passed))
        .select_related("person", "cell", "rules")
        .order_by("resolved", "pk")
    )


def _lies_at(case: Case) -> int | None:
    """Return the id of the body that has the file before it."""
    body = case.bodies.at(case.holder)
    return body.organization_id if body else None


def _row(case: Case, rights: Rights) -> BeforeUs:
    file, due = case.candidate, case.decision_limit()
    vote = case.passed(Level.CELL)
    step = _next(case)
    serves = case.holder in rights.serves(case)
    return BeforeUs(
        file=file,
        cell=case.bodies.cell.short_name or case.bodies.cell.name,
        step=str(step.label),
        resolved_on=vote.held_on if vote else file.stage_since,
        due_on=due,
        left=days_left(due, on=case.on) if due else "",
        is_late=due is not None and due < case.on,
        is_extended=case.extension("admission") is not None,
        rules=file.rules.code,
        lacks=lacking(case),
        verb=_("Record") if rights.may(STEPS[step].permission, case) else "",
        url=step_url(case, step),
        extract_url=reverse("file-extract", args=[file.public_id]),
        return_url=step_url(case, Step.RETURN) if serves else "",
    )


def _next(case: Case) -> Step:
    from_level = {
        Level.INTERMEDIATE: Step.VOTE_INTERMEDIATE,
        Level.GRASSROOTS: Step.VOTE_GRASSROOTS,
        Level.COMPETENT: Step.VOTE_COMPETENT,
    }
    level = case.next_vote()
    return from_level.get(level, Step.DECIDE) if level else Step.DECIDE


def lacking(case: Case) -> list[str]:
    """Return what the file still lacks before the decision, in words."""
    english = get_language() == "en"
    found = [
        f"{kind.name_en if english else kind.name} · {kind.code}"
        for kind in dict.fromkeys([*case.missing_papers, *case.missing_consents])
    ]
    found += [_("vote of %(body)s") % {"body": case.bodies.at(one)} for one in _votes_due(case)]
    failed = sum(1 for one in case.ballots if not one.passed and one.purpose == Purpose.ADMISSION)
    if failed:
        found.append(_("%(number)s votes fell short") % {"number": failed})
    return found


def _votes_due(case: Case) -> list[Level]:
    return [level for level in case.bodies.levels() if not case.passed(level)]


def _requests(user: User, *, on: date) -> list[Asked]:
    """Return the requests to cancel a decision of a body at which `user` approves."""
    at = Appointment.objects.of(user, on=on, roles=[Role.APPROVER]).values("organization")
    files = (
        Candidate.objects.visible_to(user, on=on)
        .filter(
            decisions__authority__in=at,
            decisions__kind="admit",
            decisions__superseded_by__isnull=True,
            decisions__reviews__declined_at__isnull=True,
            decisions__reviews__isnull=False,
        )
        .select_related("person")
        .prefetch_related("decisions__reviews__entered_by")
        .distinct()
        .order_by("pk")[:PER_PAGE]
    )
    found = []
    for file in files:
        reviews = [one for made in file.decisions.all() for one in made.reviews.all()]
        latest = max(reviews, key=lambda one: one.pk)
        if latest.declined_at is not None:
            continue  # an earlier one, that it took the place of, is no request any more
        decision = next(one for one in file.decisions.all() if one.pk == latest.decision_id)
        found.append(
            Asked(
                file=file,
                number=decision.number,
                ground=latest.get_ground_display(),
                asked_on=latest.asked_on,
                by=str(latest.entered_by),
                url=reverse("candidate-step", args=[file.public_id, "huy-quyet-dinh"]),
            )
        )
    return found


# ---------------------------------------------------------------- the extract


@dataclass(frozen=True)
class VoteLine:
    """One body's vote as the extract says it."""

    body: str
    number: str
    day: date | None
    numbers: str
    votes: str
    against: str


@dataclass(frozen=True)
class Extract:
    """The extract (trích lục) of a file: what each member of the deciding body reads."""

    person: list[tuple[str, str]]
    introduced: list[tuple[str, str]]
    relatives: list[tuple[str, str]]
    votes: list[VoteLine]
    to_explain: list[str]
    due_on: date | None


def extract_of(case: Case, *, with_sealed: bool) -> Extract:
    """Return the extract of the file as it stands on the day of the case.

    `with_sealed`: also religion and residence, which whoever asks tells the audit.
    """
    return Extract(
        person=_person(case, with_sealed=with_sealed),
        introduced=_introduced(case),
        relatives=_relatives(case),
        votes=[_line(case, level) for level in case.bodies.levels()],
        to_explain=_to_explain(case),
        due_on=case.decision_limit(),
    )


def _person(case: Case, *, with_sealed: bool) -> list[tuple[str, str]]:
    person, certificate = case.candidate.person, case.certificate
    sealed = Particulars.objects.opened(person) if with_sealed else {}
    listed = case.milestone(Step.PUT_ON_LIST)
    return [
        (_("Full name"), person.full_name),
        (
            _("Date of birth"),
            _("%(day)s (%(age)s years)")
            % {"day": f"{person.born_on:%d/%m/%Y}", "age": full_years(person.born_on, case.on)},
        ),
        (_("Sex"), person.get_sex_display()),
        (_("Ethnicity"), person.ethnicity),
        *([(_("Religion"), sealed["religion"])] if with_sealed else []),
        (_("Education"), person.education),
        (_("Occupation"), person.occupation),
        *([(_("Residence"), sealed["residence"])] if with_sealed else []),
        (_("On the sympathiser list"), f"{listed.on:%d/%m/%Y}" if listed else ""),
        (
            _("Class certificate"),
            f"{certificate.number}, {certificate.issued_on:%d/%m/%Y}" if certificate else "",
        ),
    ]


def _introduced(case: Case) -> list[tuple[str, str]]:
    found = [
        (
            one.get_kind_display(),
            f"{one.person.full_name if one.person else one.union}, {one.named_on:%d/%m/%Y}",
        )
        for one in case.candidate.introducers.all()
        if one.named_on <= case.on and (one.ended_on is None or one.ended_on > case.on)
    ]
    helpers = ", ".join(one.mentor.full_name for one in case.mentorships)
    return [*found, (_("Helper"), helpers)]


def _relatives(case: Case) -> list[tuple[str, str]]:
    return [
        (
            f"{one.get_relation_display()}: {one.subject}",
            one.waived_because or one.get_result_display() or _("no answer yet"),
        )
        for one in case.candidate.verifications.all()
    ]


def _line(case: Case, level: Level) -> VoteLine:
    vote: Ballot | None = case.passed(level) or next(
        (
            one
            for one in reversed(case.ballots)
            if one.level == level and one.purpose == Purpose.ADMISSION and case.counts(one)
        ),
        None,
    )
    body = str(case.bodies.at(level))
    if vote is None:
        return VoteLine(body, "", None, "", "", "")
    numbers = _("%(entitled)s entitled, %(present)s present, %(absent)s absent") % {
        "entitled": vote.entitled,
        "present": vote.present,
        "absent": vote.entitled - vote.present,
    }
    if vote.meeting:
        numbers = _(
            "%(numbers)s; %(members)s official and %(probationary)s probationary members"
        ) % {
            "numbers": numbers,
            "members": vote.meeting.official_members,
            "probationary": vote.meeting.probationary_members,
        }
    votes = _("%(in_favour)s/%(entitled)s in favour, %(against)s against") % {
        "in_favour": vote.in_favour,
        "entitled": vote.entitled,
        "against": vote.against,
    }
    if not vote.passed:
        votes = _("%(votes)s: fell short") % {"votes": votes}
    return VoteLine(body, vote.resolution_number, vote.held_on, numbers, votes, vote.reasons)


def _to_explain(case: Case) -> list[str]:
    found = [str(Special(one).label) for one in case.candidate.special]
    found += [_("missing: %(what)s") % {"what": one} for one in lacking(case)]
    found += [
        _("returned on %(day)s: %(reason)s")
        % {"day": f"{one.returned_on:%d/%m/%Y}", "reason": one.reason}
        for one in case.candidate.returns.all()
    ]
    return found
