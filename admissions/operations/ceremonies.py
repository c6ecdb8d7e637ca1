"""Ceremonies, which make an admission; admissions of earlier years; reversals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.cases import Case
from admissions.models import Admission, Candidate, Group, LateEntry, Milestone, Round, Special
from admissions.permissions import Permission
from admissions.rules import full_years, is_entered_late
from admissions.stages import Step
from config import clock, names, periods
from config.errors import DomainError
from organizations.models import Membership, Organization, Person, Role
from organizations.operations.outbox import announce
from organizations.operations.people import join, leave, own_records
from organizations.operations.seals import refuse_sealed
from organizations.permissions import accounts_of_human, acts, acts_at

from .preparation import appoint_mentor
from .recording import begin, constraint_of, in_the_future, kept, record

if TYPE_CHECKING:
    from organizations.models import User

LATE_WITHOUT_CONSENT = gettext_lazy(
    "Held after the last day, %(day)s (%(days)s working days, %(rules)s): report to the superior"
    " committee for its consent."
)
"""What the milestone of a late ceremony says where nobody had consented."""

MAJORITY = frozenset({"", "kinh"})
"""Ethnicities, as written in lower case, that are not counted as a minority; nothing written is
taken for the majority."""


@transaction.atomic
def hold_ceremony(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    ceremony_on: date,
    mentor: Person | None = None,
    round: Round | None = None,
    consented_on: date | None = None,
    consent_number: str = "",
) -> Admission:
    """Record the ceremony: the person is a probationary member of the cell from `ceremony_on`.

    Return the admission, the fact that counts, with the groups of that day. `mentor` helps during
    probation; without one those who helped so far do. A ceremony past its last day is recorded,
    and the milestone says so: with the superior committee's consent of `consented_on`, or that
    there is none (HD 06-HD/TW 2025, 4). Raises PermissionDenied where `by` is not secretary over
    the cell, DomainError at `ceremony_on` before the decision or in a closed year, at
    `consented_on` after the ceremony or before the decision, or where the person is a member
    somewhere; also at `ceremony_on` where it is entered so late that a third person has to let it
    count (`late_entries.enter_late`).
    """
    case = begin_ceremony(
        candidate, by=by, on=on, ceremony_on=ceremony_on, consented_on=consented_on
    )
    rules = case.candidate.rules
    if is_entered_late(ceremony_on, rules, on=on):
        sentence = _(
            "More than %(days)s days have passed since: say why it is entered so late; a third"
            " person lets it count."
        )
        raise DomainError(fields={"ceremony_on": sentence % {"days": rules.late_entry_days}})
    return admit(
        case, by=by, mentor=mentor, round=round, consented_on=consented_on,
        consent_number=consent_number,
    )  # fmt: skip


def begin_ceremony(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    ceremony_on: date,
    consented_on: date | None,
    permission: Permission | None = None,
) -> Case:
    """Lock the file and judge its ceremony, as `begin`; also the year, the consent, and that none
    waits for a third person.
    """
    case = begin(
        candidate, Step.ADMIT, by=by, on=on, happened_on=ceremony_on, permission=permission
    )
    if permission is None and (late := case.late_entry) and late.answered_at is None:
        raise DomainError(
            _("The ceremony of %(day)s was entered late and waits for a third person.")
            % {"day": f"{late.ceremony_on:%d/%m/%Y}"}
        )
    refuse_sealed([case.cell_id], day=ceremony_on, field="ceremony_on", runs_on=True)
    _refuse_consent(consented_on, decided_on=case.decided().signed_on, ceremony_on=ceremony_on)
    return case


def admit(
    case: Case,
    *,
    by: User,
    mentor: Person | None,
    round: Round | None,
    consented_on: date | None,
    consent_number: str,
    late_entry: LateEntry | None = None,
) -> Admission:
    """Write what a ceremony on the day of `case` brings about: `by` held it, or said so late."""
    file, decision, ceremony_on = case.candidate, case.decided(), case.on
    _name_helpers(case, by=by, mentor=mentor)
    person = file.person
    person.admitted_on, person.official_on = decision.signed_on, None
    person.save(update_fields=["admitted_on", "official_on"])
    cell = _join(case)
    admission = Admission.objects.create(
        origin=Admission.Origin.PROCESS,
        candidate=file,
        person=person,
        cell=cell,
        decision=decision,
        decided_on=decision.signed_on,
        ceremony_on=ceremony_on,
        entered_by=by,
        round=round,
        late_entry=late_entry,
        is_readmission=Special.READMISSION in file.special,
        **_snapshot(person, ceremony_on=ceremony_on, groups=file.groups),
    )
    milestone = Milestone(
        candidate=file,
        step=Step.ADMIT,
        on=ceremony_on,
        decided_on=decision.signed_on,
        entered_by=by,
        note=kept(
            lambda: " ".join(
                words
                for words in (
                    lateness(
                        case,
                        ceremony_on=ceremony_on,
                        consented_on=consented_on,
                        consent_number=names.written(consent_number),
                    ),
                    _why_so_late(late_entry),
                )
                if words
            )
        ),
    )
    record(file, [milestone], announced_on=ceremony_on)
    tell_admission(admission)
    return admission


def _why_so_late(entry: LateEntry | None) -> str:
    if entry is None:
        return ""
    return _("Entered late on %(day)s, let count by %(who)s: %(reason)s") % {
        "day": f"{entry.entered_at.astimezone(clock.HERE):%d/%m/%Y}",
        "who": entry.answered_by,
        "reason": entry.reason,
    }


def _join(case: Case) -> Organization:
    """Make the person a member of the cell that had the file on the day; return that cell.

    Where the file has gone to another cell since then, the person goes with it on its day.
    """
    file = case.candidate
    cell = Organization.objects.get(pk=case.cell_id)
    moves = [move for move in file.moves.all() if move.on > case.on]
    status, reason = Membership.Status.PROBATIONARY, str(Membership.ReasonIn.ADMITTED)
    if not moves:
        join(file.person, cell=cell, status=status, on=case.on, reason_in=reason)
        return cell
    first, key = case.on, cell.pk
    for move in moves:
        period = periods.between(first, move.on)
        if Membership.objects.filter(person=file.person, period__overlap=period).exists():
            raise DomainError(
                _("%(person)s is already a member on that day or later.") % {"person": file.person}
            )
        Membership.objects.create(
            person=file.person, cell_id=key, status=status, period=period, reason_in=reason,
            reason_out=move.reason,
        )  # fmt: skip
        first, key, reason = move.on, move.destination_id, move.reason
    here = Organization.objects.get(pk=key)
    join(file.person, cell=here, status=status, on=first, reason_in=reason)
    return cell


def _refuse_consent(consented_on: date | None, *, decided_on: date, ceremony_on: date) -> None:
    if consented_on is None:
        return
    if consented_on > ceremony_on:
        sentence = _("The consent to a late ceremony comes before it, on %(day)s at the latest.")
        raise DomainError(fields={"consented_on": sentence % {"day": f"{ceremony_on:%d/%m/%Y}"}})
    if consented_on < decided_on:
        sentence = _("The consent lies before the decision of %(day)s.")
        raise DomainError(fields={"consented_on": sentence % {"day": f"{decided_on:%d/%m/%Y}"}})


def _name_helpers(case: Case, *, by: User, mentor: Person | None) -> None:
    """Name who helps during probation: `mentor`, or those who helped the candidate so far."""
    helping = [one for one in case.mentorships if mentor is None or one.mentor_id == mentor.pk]
    if not helping and mentor is not None:
        helping = [appoint_mentor(case, by=by, mentor=mentor, since=case.on)]
    for one in helping:
        one.on_probation = True
        one.save(update_fields=["on_probation"])


def lateness(
    case: Case,
    *,
    ceremony_on: date,
    consented_on: date | None = None,
    consent_number: str = "",
) -> str | None:
    """Return the sentence about a ceremony past its last day, or None."""
    limit, rules = case.ceremony_limit(), case.candidate.rules
    if limit is None or ceremony_on <= limit:
        return None
    words = {
        "day": f"{limit:%d/%m/%Y}",
        "days": rules.ceremony_days,
        "rules": rules.code,
        "consented_on": f"{consented_on:%d/%m/%Y}" if consented_on else "",
        "number": consent_number or "–",
    }
    if consented_on is None:
        return str(LATE_WITHOUT_CONSENT) % words
    return (
        _(
            "Held after the last day, %(day)s (%(days)s working days, %(rules)s), with the consent"
            " of the superior committee of %(consented_on)s, No. %(number)s."
        )
        % words
    )


def _snapshot(person: Person, *, ceremony_on: date, groups: Sequence[str]) -> dict[str, Any]:
    """Return the group columns of an admission: what held on the day."""
    held = set(groups)
    if person.is_youth_union_member:
        held.add(Group.YOUTH_UNION)
    return {
        "sex": person.sex,
        "age_years": full_years(person.born_on, ceremony_on),
        "is_ethnic_minority": person.ethnicity.strip().casefold() not in MAJORITY,
        "groups": [group for group in Group.values if group in held],
    }


def tell_admission(admission: Admission) -> None:
    """Tell upward that an admission was made or reversed, with its group columns."""
    announce(
        admission,
        organization=admission.cell,
        on=admission.ceremony_on,
        sign=admission.sign,
        snapshot={
            "sex": admission.sex,
            "age_years": admission.age_years,
            "is_ethnic_minority": admission.is_ethnic_minority,
            "groups": admission.groups,
        },
    )


TAKEN_OVER = "admissions.taken_over"
"""Kind of the news that admissions of a year were taken over."""


@dataclass(frozen=True)
class NewAdmission:
    """What `take_over_admissions` needs of each admission of earlier years."""

    person: Person
    cell: Organization
    decided_on: date
    ceremony_on: date
    groups: Sequence[str] = ()


@transaction.atomic
def take_over_admissions(rows: Sequence[NewAdmission]) -> int:
    """Record admissions made before this system, in bulk; return how many.

    They have neither file nor decision here.
    """
    made = Admission.objects.bulk_create(
        (
            Admission(
                origin=Admission.Origin.TAKEN_OVER,
                person=row.person,
                cell=row.cell,
                decided_on=row.decided_on,
                ceremony_on=row.ceremony_on,
                **_snapshot(row.person, ceremony_on=row.ceremony_on, groups=row.groups),
            )
            for row in rows
        ),
        batch_size=2000,
    )
    # One for each year, which is then computed anew: to add thousands one by one takes longer.
    of_years = {one.ceremony_on.year: one for one in reversed(made)}
    for one in of_years.values():
        announce(one, organization=one.cell, on=one.ceremony_on, kind=TAKEN_OVER)
    return len(made)


@transaction.atomic
def reverse_admission(
    admission: Admission, *, by: User, on: date, reason: str, decided_on: date
) -> Admission:
    """Undo `admission` by a new row that counts minus one from `decided_on`, the day of reversal.

    The earlier row stays, and so do the figures of the days before. The membership ends, the
    person was not admitted, and the file is closed. Raises PermissionDenied where `by` is no
    approver at the body that decided (for one taken over: above the cell), DomainError for who
    approved or recorded the admission, without a reason, on an impossible day, or where it is
    reversed already.
    """
    undone = (
        Admission.objects.visible_to(by, on=on)
        .select_related("person", "cell", "decision__authority", "candidate")
        .filter(pk=admission.pk)
        .first()
    )
    if undone is None or not _may_reverse(undone, by=by, on=on):
        raise PermissionDenied
    decision = undone.decision
    if accounts_of_human(by) & {undone.entered_by_id, decision and decision.approved_by_id}:
        raise DomainError(
            _("You approved or recorded this admission: another approver reverses it.")
        )
    reversal = undo_admission(undone, by=by, on=on, reason=reason, decided_on=decided_on)
    if undone.candidate is not None:
        _close(undone.candidate, by=by, on=decided_on, reason=reversal.reason)
    return reversal


def undo_admission(
    undone: Admission, *, by: User, on: date, reason: str, decided_on: date
) -> Admission:
    """Write the row that reverses `undone` and end the membership; the file stays as it is.

    Whoever calls has judged that `by` may, and says what becomes of the file. Raises DomainError
    as `reverse_admission`.
    """
    reason = names.written(reason)
    if undone.sign != 1 or Admission.objects.filter(reverses=undone).exists():
        raise DomainError(_("This admission is reversed already."))
    if not reason:
        raise DomainError(fields={"reason": _("Say why the admission is reversed.")})
    if decided_on > on:
        raise in_the_future(decided_on, field="decided_on")
    if decided_on < undone.ceremony_on:
        raise DomainError(
            fields={"decided_on": _("The day lies before the ceremony that is reversed.")}
        )
    refuse_sealed([undone.cell], day=decided_on, field="decided_on", runs_on=True)
    try:
        with transaction.atomic():
            reversal = Admission.objects.create(
                origin=undone.origin,
                candidate=undone.candidate,
                person=undone.person,
                cell=undone.cell,
                decision=undone.decision,
                decided_on=decided_on,
                ceremony_on=decided_on,
                entered_by=by,
                sign=-1,
                reverses=undone,
                reason=reason,
                sex=undone.sex,
                age_years=undone.age_years,
                is_ethnic_minority=undone.is_ethnic_minority,
                groups=undone.groups,
                is_readmission=undone.is_readmission,
            )
    except IntegrityError as error:
        # Facts are not locked, nobody changes them; two reversals at once meet at the unique key.
        if "reverses" not in constraint_of(error):
            raise
        raise DomainError(_("This admission is reversed already.")) from error
    _end_membership(undone, on=decided_on)
    Person.objects.filter(pk=undone.person_id).update(admitted_on=None, official_on=None)
    tell_admission(reversal)
    return reversal


def _may_reverse(admission: Admission, *, by: User, on: date) -> bool:
    if admission.person_id in own_records(by):
        return False
    if admission.decision is None:
        return acts(by, Role.APPROVER, over=admission.cell, on=on)
    return acts_at(by, Role.APPROVER, at=admission.decision.authority, on=on)


def _end_membership(admission: Admission, *, on: date) -> None:
    # Wherever the person has gone to since the ceremony.
    membership = Membership.objects.filter(
        person=admission.person, period__endswith__isnull=True
    ).first()
    if membership is not None:
        # A membership has at least one day.
        first_day_out = max(on, membership.period.lower + timedelta(days=1))
        leave(membership, on=first_day_out, reason_out="reversed")


def _close(candidate: Candidate, *, by: User, on: date, reason: str) -> None:
    file = Candidate.objects.select_for_update().select_related("cell").get(pk=candidate.pk)
    file.closed_on, file.closed_reason = on, reason
    milestone = Milestone(candidate=file, step=Step.CLOSE, on=on, entered_by=by, note=reason)
    record(file, [milestone], announced_on=on, also=["closed_on", "closed_reason"])
