"""The requests of verification of a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from admissions.cases import Case, case_of
from admissions.guards import STEPS
from admissions.models import Candidate, RuleSet, Verification
from admissions.permissions import Rights
from admissions.stages import Step
from config.periods import contains

from .next_steps import step_url

if TYPE_CHECKING:
    from organizations.models import User


@dataclass(frozen=True)
class RequestRow:
    """One request: who, where, when, by when and by which rules, and how it stands."""

    relation: str
    subject: str
    place: str
    how: str
    sent_on: date | None
    due_on: date | None
    term: str
    received_on: date | None
    state: str
    kind: str
    note: str
    answer_url: str
    waive_url: str


@dataclass(frozen=True)
class VerificationPage:
    """The requests of one file; addresses are empty where the reader may not or no longer."""

    case: Case
    rows: list[RequestRow]
    waiting: int
    send_url: str
    unsent_url: str


def verification_page(candidate: Candidate, *, user: User, on: date) -> VerificationPage:
    """Return the requests of `candidate` for `user`; queries do not grow with them."""
    case = case_of(candidate, on=on)
    rights = Rights.of(user, on=on, cells=[candidate.cell_id])

    def may(step: Step) -> bool:
        return STEPS[step].is_at(candidate) and rights.may(STEPS[step].permission, case)

    rule_sets = list(RuleSet.objects.all())
    waiting = {one.pk for one in case.open_verifications}
    rows = [
        _row(case, one, rule_sets, is_open=one.pk in waiting, may=may(Step.RECEIVE_VERIFICATION))
        for one in candidate.verifications.select_related("verifier")
    ]
    sends = may(Step.SEND_VERIFICATION)
    unsent = reverse("verification-unsent", args=[candidate.public_id])
    return VerificationPage(
        case=case,
        rows=rows,
        waiting=len(waiting),
        send_url=step_url(case, Step.SEND_VERIFICATION) if sends else "",
        unsent_url=unsent if sends else "",
    )


def _row(
    case: Case, one: Verification, rule_sets: list[RuleSet], *, is_open: bool, may: bool
) -> RequestRow:
    state, kind = _state(one, is_open=is_open, on=case.on)
    awaits = may and one.received_on is None and not one.waived_because
    key = [case.candidate.public_id, one.pk]
    how = one.get_method_display() if one.sent_on else ""
    return RequestRow(
        relation=one.get_relation_display(),
        subject=one.subject,
        place=one.place,
        how=f"{how}: {one.verifier}" if one.verifier else how,
        sent_on=one.sent_on,
        due_on=one.due_on,
        term=_term(one, rule_sets),
        received_on=one.received_on,
        state=state,
        kind=kind,
        note=one.waived_because or one.note,
        answer_url=reverse("verification-answer", args=key) if awaits else "",
        waive_url=reverse("verification-waive", args=key) if awaits else "",
    )


def _term(one: Verification, rule_sets: list[RuleSet]) -> str:
    """Return by which rules the last day was reckoned: those of the day of sending."""
    if one.sent_on is None:
        return ""
    rules = next((row for row in rule_sets if contains(row.period, one.sent_on)), None)
    if rules is None:
        return ""
    days = rules.verification_abroad_days if one.is_abroad else rules.verification_home_days
    return _("%(days)s working days, %(rules)s") % {"days": days, "rules": rules.code}


def _state(one: Verification, *, is_open: bool, on: date) -> tuple[str, str]:
    if one.waived_because:
        return _("Not asked, with a reason"), ""
    if one.received_on:
        is_clear = one.result == Verification.Result.CLEAR
        words = str(one.get_result_display())
        if not is_clear and not is_open:
            words = _("%(result)s; asked again since") % {"result": words}
        return words, "warn" if is_open else "ok"
    if one.due_on and one.due_on < on:
        return _("Answer overdue"), "late"
    return _("Waiting for the answer"), "info"
