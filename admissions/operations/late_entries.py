"""Ceremonies entered long after their day: entered with a reason, let count by a third person."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from admissions.cases import Case, case_of
from admissions.guards_of_separation import decided_already, part_taken
from admissions.models import Admission, Candidate, LateEntry, Round
from admissions.permissions import Permission, Rights
from admissions.rules import is_entered_late
from config import names
from config.clock import AppNow
from config.errors import DomainError
from organizations.permissions import accounts_of_human

from .ceremonies import admit, begin_ceremony
from .recording import locked

if TYPE_CHECKING:
    from organizations.models import Person, User


@transaction.atomic
def enter_late(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    ceremony_on: date,
    reason: str,
    mentor: Person | None = None,
    round: Round | None = None,
    consented_on: date | None = None,
    consent_number: str = "",
) -> LateEntry:
    """Enter a ceremony so late that a third person has to let it count, and say why (SoD-6).

    Nothing counts by it yet. Raises as `hold_ceremony`, and DomainError at `late_because` without
    a reason, at `ceremony_on` where it is not late: then it is simply recorded.
    """
    case = begin_ceremony(
        candidate, by=by, on=on, ceremony_on=ceremony_on, consented_on=consented_on
    )
    if not is_entered_late(ceremony_on, case.candidate.rules, on=on):
        raise DomainError(fields={"ceremony_on": _("This is not late: record the ceremony.")})
    reason = names.written(reason)[:300]
    if not reason:
        raise DomainError(
            fields={
                "late_because": _(
                    "More than %(days)s days have passed since the ceremony: say why it is entered"
                    " so late."
                )
                % {"days": case.candidate.rules.late_entry_days}
            }
        )
    return LateEntry.objects.create(
        candidate=case.candidate,
        decision=case.decided(),
        ceremony_on=ceremony_on,
        mentor=mentor,
        round=round,
        consented_on=consented_on,
        consent_number=names.written(consent_number),
        reason=reason,
        entered_by=by,
    )


@transaction.atomic
def let_count(entry: LateEntry, *, by: User, on: date) -> Admission:
    """Let the ceremony of `entry` count: the person is a member, as by `hold_ceremony`.

    By an approver above the cell, a third person. Raises PermissionDenied for others, DomainError
    where it was answered, where `by` may not answer, and wherever the ceremony could no longer be
    recorded.
    """
    case = begin_ceremony(
        entry.candidate,
        by=by,
        on=on,
        ceremony_on=entry.ceremony_on,
        consented_on=entry.consented_on,
        permission=Permission.ANSWER_LATE,
    )
    found = _answered(case, entry, by=by)
    if found.decision_id != case.decided().pk:
        raise DomainError(
            _("Its decision was cancelled, and the late entry with it: enter it anew.")
        )
    return admit(
        case,
        by=found.entered_by,
        mentor=found.mentor,
        round=found.round,
        consented_on=found.consented_on,
        consent_number=found.consent_number,
        late_entry=found,
    )


@transaction.atomic
def decline_late_entry(entry: LateEntry, *, by: User, on: date, reason: str) -> LateEntry:
    """Answer `entry` with a no: nobody is admitted by it, and it stays with the reason.

    Raises as `let_count`, and DomainError at `declined_because` without a reason.
    """
    file = locked(entry.candidate, by=by, on=on)
    case = case_of(file, on=on)
    if not Rights.of(by, on=on, cells=[file.cell_id]).may(Permission.ANSWER_LATE, case):
        raise PermissionDenied
    reason = names.written(reason)[:300]
    if not reason:
        raise DomainError(fields={"declined_because": _("Write why.")})
    return _answered(case, entry, by=by, declined_because=reason)


def _answered(case: Case, entry: LateEntry, *, by: User, declined_because: str = "") -> LateEntry:
    """Write the answer of `by`, under the file's lock, and return the row as it then stands."""
    found = LateEntry.objects.select_for_update().get(pk=entry.pk)
    if found.answered_at is not None:
        raise DomainError(_("This was answered already."))
    if refusal := barred_from_answering(case, found, by=by):
        raise DomainError(refusal)
    found.answered_at, found.answered_by = AppNow(), by
    found.declined_because = declined_because
    found.save(update_fields=["answered_at", "answered_by", "declined_because"])
    found.refresh_from_db()
    return found


def barred_from_answering(case: Case, entry: LateEntry, *, by: User) -> str | None:
    """Return why `by` does not answer `entry`: a third person does, who took no part; or None."""
    if entry.entered_by_id in accounts_of_human(by):
        return _("You entered this: a third person answers.")
    if decided_already(case, by=by):
        return _("You approved a decision of this case: a third person answers.")
    return part_taken(case, by=by) and _("You took part in this case: a third person answers.")
