"""The one next step of a file: what, why, by when, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admissions.calendar import next_meetings
from admissions.cases import VERIFICATION_FORM, Case
from admissions.eligibility import introduced, must_join_the_union
from admissions.guards import (
    STEPS,
    a_mentor,
    escalated,
    nobody_competent,
    permitted,
    sent_up,
)
from admissions.models import Ballot, LateEntry, RuleSet
from admissions.permissions import Permission, Rights
from admissions.rules import grassroots_due_on, send_up_due_on
from admissions.stages import OPEN_STAGES, STEP_OF_VOTE, Level, Purpose, Stage, Step
from config.clock import HERE

from .addresses import STEP_CODES, step_url
from .moving import on_the_way
from .papers import kind_name
from .preparing import of_class, of_verification
from .probation import coming

__all__ = ["STEP_CODES", "NextStep", "days_left", "next_step", "step_url"]

AT_A_MEETING = frozenset({Step.PUT_ON_LIST, Step.ASSIGN_MENTOR, Step.VOTE_CELL})
"""Only the cell's meeting decides these."""


@dataclass(frozen=True)
class NextStep:
    """What is next for a file, `due_on` a day if there is one; `is_mine` if the reader takes it.

    What waits elsewhere is recorded at `early_url`, should it come before its day; `since` when it
    waits, where that is not since when the file lies where it does.
    """

    step: Step
    title: str
    why: str
    verb: str
    url: str
    is_mine: bool
    due_on: date | None = None
    is_legal: bool = False
    warning: str = ""
    waits_for: str = ""
    early_url: str = ""
    since: date | None = None


def next_step(case: Case, rights: Rights) -> NextStep | None:
    """Return the one next step of the file on the day of `case`, None where nothing is left."""
    stage = Stage(case.candidate.stage)
    if stage not in OPEN_STAGES:
        return _on_probation(case, rights)
    if (moving := on_the_way(case, rights)) is not None:
        return NextStep(**moving)
    if stage == Stage.DECIDED:
        return _ceremony(case, rights)
    if case.passed(Level.CELL):
        return _committee(case, rights)
    return _preparation(case, rights)


def _is_mine(case: Case, rights: Rights, step: Step) -> bool:
    return rights.may(STEPS[step].permission, case)


def _preparation(case: Case, rights: Rights) -> NextStep:
    if (stuck := _stuck(case, rights, Level.CELL)) is not None:
        return stuck
    name = case.candidate.person.full_name
    step, title, why, verb = _missing(case, name)
    waits = {Step.CERTIFY: of_class, Step.RECEIVE_PAPER: of_verification}.get(step)
    if waits and (longer := waits(case, prepares=_is_mine(case, rights, step))) is not None:
        return NextStep(**longer)
    meeting = next_meetings(case.on, number=1, calendar=case.calendar)[0]
    is_mine = _is_mine(case, rights, step)
    is_waiting = step == Step.PERMIT
    if is_waiting and is_mine:
        title = _("Permit the procedure for %(person)s") % {"person": name}
    return NextStep(
        step=step,
        title=title,
        why=why,
        verb=verb,
        url=_page_of(case, step),
        is_mine=is_mine,
        due_on=meeting
        if step in AT_A_MEETING or (case.valid_certificate and not is_waiting)
        else None,
        warning=_expiry(case),
        waits_for=str(case.bodies.permitting if is_waiting else case.bodies.cell),
        since=_proposed_since(case) if is_waiting else None,
    )


def _proposed_since(case: Case) -> date:
    """Return since when the committee could permit: all of it was there, and the file too."""
    steps = {Step.PUT_ON_LIST, Step.CERTIFY, Step.ASSIGN_MENTOR}
    made = [one.on for one in case.milestones if one.step in steps]
    return max(made, default=case.on)


def _page_of(case: Case, step: Step) -> str:
    """Return where `step` is recorded; first where the file says who must introduce the person."""
    if step == Step.INTRODUCE and must_join_the_union(case):
        return reverse("candidate-edit", args=[case.candidate.public_id])
    return step_url(case, step)


def _stuck(case: Case, rights: Rights, level: Level) -> NextStep | None:
    """Return that the competent committee says how to go on, where votes failed so often."""
    why = escalated(case, level, Purpose.ADMISSION)
    if why is None:
        return None
    is_mine = rights.may(Permission.VOTE_COMPETENT, case)
    body = case.bodies.competent
    terms = {"body": body or "", "person": case.candidate.person.full_name}
    return NextStep(
        step=Step.RETURN,
        title=_("Say how to go on with %(person)s") % terms
        if is_mine
        else _("Wait until %(body)s says how to go on with %(person)s") % terms,
        why=why,
        verb=_("Allow a further vote"),
        url=reverse("meeting-allow", args=[case.candidate.public_id]),
        is_mine=is_mine,
        warning=nobody_competent(case) or "",
        waits_for=str(body or case.bodies.cell),
    )


def _missing(case: Case, name: str) -> tuple[Step, str, str, str]:
    """Return the first thing that the cell's vote still asks for: (step, title, why, verb)."""
    if not case.milestone(Step.PUT_ON_LIST):
        return (
            Step.PUT_ON_LIST,
            _("Put %(person)s on the list of sympathisers") % {"person": name},
            _("The cell reviews its sources every month; the list is its resolution."),
            _("Record"),
        )
    if not case.valid_certificate:
        why = (
            _("The certificate of %(day)s no longer counts; the class is attended again.")
            % {"day": f"{case.certificate.issued_on:%d/%m/%Y}"}
            if case.certificate
            else _("The cell considers only with a certificate that counts on the day.")
        )
        title = _("Enter the class certificate of %(person)s") % {"person": name}
        return Step.CERTIFY, title, why, _("Enter")
    if amiss := a_mentor(case):
        return (
            Step.ASSIGN_MENTOR,
            _("Assign a helper to %(person)s") % {"person": name},
            amiss
            if case.mentorships
            else _("An official member of the same grassroots organisation."),
            _("Assign"),
        )
    if permitted(case):
        return (
            Step.PERMIT,
            _("Wait for %(body)s to permit the procedure for %(person)s")
            % {"body": case.bodies.permitting, "person": name},
            _("The cell proposes, the committee decides; then the papers are made (%(rules)s).")
            % {"rules": case.rules.code},
            _("Permit"),
        )
    if sentence := introduced(case):
        title = (
            _("Say whether %(person)s is a member of the Youth Union")
            if must_join_the_union(case)
            else _("Name who introduces %(person)s")
        )
        return Step.INTRODUCE, title % {"person": name}, sentence, _("Enter")
    if case.missing_papers:
        asked_for = [
            f"{kind_name(kind)} ({kind.code})"
            for kind in case.missing_papers
            if kind.code != VERIFICATION_FORM
        ]
        return (
            Step.RECEIVE_PAPER,
            _("Receive the missing papers of %(person)s") % {"person": name},
            _("%(number)s needed before the cell considers: %(papers)s.")
            % {"number": len(asked_for), "papers": "; ".join(asked_for)},
            _("Receive"),
        )
    return (
        Step.VOTE_CELL,
        _("Consider %(person)s and record the cell's vote") % {"person": name},
        _("Form %(form)s. At least %(share)s of the official members summoned must be in favour.")
        % {"form": case.form_of(Level.CELL), "share": _share(case)},
        _("Record"),
    )


def _share(case: Case) -> str:
    share = case.threshold(Level.CELL)
    return f"{share.numerator}/{share.denominator}"


def _expiry(case: Case) -> str:
    certificate = case.valid_certificate
    if certificate and case.certificate_expires_soon:
        return _("The class certificate counts until before %(day)s.") % {
            "day": f"{certificate.expires_on:%d/%m/%Y}"
        }
    return ""


def _committee(case: Case, rights: Rights) -> NextStep:
    name = case.candidate.person.full_name
    vote = case.passed(Level.CELL)
    due = case.decision_due()
    limit = due.day if due else None
    terms = {
        "cell_day": f"{vote.held_on:%d/%m/%Y}" if vote else "",
        "limit": f"{limit:%d/%m/%Y}" if limit else "",
        "days": due.days if due else "",
        "rules": due.rules.code if due else "",
    }
    why = (
        _(
            "The cell resolved on %(cell_day)s; the decision is due by %(limit)s"
            " (%(days)s working days, %(rules)s)."
        )
        % terms
    )
    level = case.next_vote()
    if level is not None and (stuck := _stuck(case, rights, level)) is not None:
        return stuck
    if level is None:
        step = Step.DECIDE
        title = _("Record the decision on %(person)s") % {"person": name}
        body = case.bodies.competent
    else:
        step = STEP_OF_VOTE[level]
        body = case.bodies.at(level)
        title = _("Record the vote of %(body)s on %(person)s") % {"body": body, "person": name}
    if vote and level and not _is_mine(case, rights, step) and _still_to_send(case, rights):
        return _sending(case, vote, to=str(body or ""))
    if vote and level == Level.GRASSROOTS:
        rules = case.own_rules(at=vote.entered_at)
        limit = grassroots_due_on(vote.held_on, rules, calendar=case.calendar)
    return NextStep(
        step=step,
        title=title,
        why=why,
        verb=_("Record"),
        url=step_url(case, step),
        is_mine=_is_mine(case, rights, step),
        due_on=limit,
        is_legal=True,
        warning=nobody_competent(case) or "",
        waits_for=str(body or case.bodies.cell),
    )


def _still_to_send(case: Case, rights: Rights) -> bool:
    """Say whether the reader is who sends the file on, and has not recorded it."""
    if not _is_mine(case, rights, Step.SEND_UP):
        return False
    return sent_up(case.candidate.milestones.all()) is None


def _sending(case: Case, vote: Ballot, *, to: str) -> NextStep:
    rules = case.own_rules(at=vote.entered_at)
    limit = send_up_due_on(vote.held_on, rules, calendar=case.calendar)
    is_first = not any(case.passed(level) for level in Level if level != Level.CELL)
    return NextStep(
        step=Step.SEND_UP,
        title=_("Send the file of %(person)s up to %(body)s")
        % {"person": case.candidate.person.full_name, "body": to},
        why=_("The cell resolved on %(day)s; it is sent within %(days)s working days (%(rules)s).")
        % {"day": f"{vote.held_on:%d/%m/%Y}", "days": rules.send_up_days, "rules": rules.code}
        if is_first
        else _("The vote has passed; the next body waits for the file."),
        verb=_("Record"),
        url=step_url(case, Step.SEND_UP),
        is_mine=True,
        due_on=limit if is_first else case.decision_limit(),
        is_legal=True,
    )


def _ceremony(case: Case, rights: Rights) -> NextStep:
    decision, limit = case.decided(), case.ceremony_limit()
    rules = case.own_rules(at=decision.entered_at)
    if (late := case.late_entry) is not None and late.answered_at is None:
        return _waiting_late(case, late)
    if case.received_on is None and rules.ceremony_from == RuleSet.CeremonyFrom.RECEIPT:
        return NextStep(
            step=Step.RECEIVE_DECISION,
            title=_("Record when the cell received the decision on %(person)s")
            % {"person": case.candidate.person.full_name},
            why=_(
                "Decision %(number)s of %(day)s; the term of the ceremony runs from its receipt"
                " (%(days)s working days, %(rules)s)."
            )
            % {
                "number": decision.number,
                "day": f"{decision.signed_on:%d/%m/%Y}",
                "days": rules.ceremony_days,
                "rules": rules.code,
            },
            verb=_("Record"),
            url=step_url(case, Step.RECEIVE_DECISION),
            is_mine=_is_mine(case, rights, Step.RECEIVE_DECISION),
            due_on=limit,
            is_legal=True,
            waits_for=str(case.bodies.cell),
        )
    return NextStep(
        step=Step.ADMIT,
        title=_("Hold the admission ceremony of %(person)s")
        % {"person": case.candidate.person.full_name},
        why=_("Decision %(number)s of %(day)s; the ceremony is due by %(limit)s (%(rules)s).")
        % {
            "number": decision.number,
            "day": f"{decision.signed_on:%d/%m/%Y}",
            "limit": f"{limit:%d/%m/%Y}" if limit else "",
            "rules": case.candidate.rules.code,
        },
        verb=_("Record"),
        url=step_url(case, Step.ADMIT),
        is_mine=_is_mine(case, rights, Step.ADMIT),
        due_on=limit,
        is_legal=True,
        waits_for=str(case.bodies.cell),
    )


def _waiting_late(case: Case, late: LateEntry) -> NextStep:
    """Return that a ceremony, entered late, counts once a third person says so."""
    return NextStep(
        step=Step.ADMIT,
        title=_("Wait until a third person lets the ceremony of %(person)s count")
        % {"person": case.candidate.person.full_name},
        why=_("Held on %(day)s, entered on %(entered)s: %(reason)s")
        % {
            "day": f"{late.ceremony_on:%d/%m/%Y}",
            "entered": f"{late.entered_at.astimezone(HERE):%d/%m/%Y}",
            "reason": late.reason,
        },
        verb=_("Record"),
        url=step_url(case, Step.ADMIT),
        is_mine=False,
        waits_for=_("a third person"),
        since=late.entered_at.astimezone(HERE).date(),
    )


def _on_probation(case: Case, rights: Rights) -> NextStep | None:
    found = coming(case)
    if found is None:
        return None
    return NextStep(
        step=found.step,
        title=found.title,
        why=found.why,
        verb=found.verb,
        url=step_url(case, found.step),
        is_mine=not found.waits and _is_mine(case, rights, found.step),
        due_on=found.due_on,
        is_legal=found.is_legal,
        waits_for=found.waits_for,
    )


def days_left(day: date, *, on: date) -> str:
    """Return in words how far `day` is from `on`: overdue, today, or so many days left."""
    left = (day - on).days
    if left < 0:
        return ngettext("%(days)s day overdue", "%(days)s days overdue", -left) % {"days": -left}
    if left == 0:
        return _("today")
    return ngettext("%(days)s day left", "%(days)s days left", left) % {"days": left}
