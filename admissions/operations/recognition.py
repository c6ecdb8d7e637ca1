"""Official recognition: decided whenever, official from the last day of the probation."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.cases import Case
from admissions.models import Admission, Candidate, Decision, Milestone, Recognition
from admissions.probation import decision_due, ends_on
from admissions.stages import Step
from config import names
from config.errors import DomainError
from organizations.operations.outbox import announce
from organizations.operations.people import become_official, locked_person
from organizations.operations.seals import refuse_sealed

from .decisions import issue
from .recording import begin, constraint_of, kept, record

if TYPE_CHECKING:
    from organizations.models import User


@transaction.atomic
def recognise(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    number: str,
    signed_on: date,
    signer: str,
    received_on: date | None = None,
) -> Recognition:
    """Record the decision of `signed_on` that recognises the probationary member as official.

    Official from the very day on which the probation is over, however late anybody acted (Charter,
    article 5; HD 06-HD/TW 2025, 5): the membership is so from that day, and votes counted on it
    and later take the person in. Raises PermissionDenied where `by` is no approver at the competent
    body; DomainError at `signed_on` before the last day of the probation or the body's vote, or
    where that day lies in a closed year, at `number` where the body has used it, or where `by`
    took part in the case.
    """
    case = begin(candidate, Step.RECOGNISE, by=by, on=on, happened_on=signed_on)
    file = case.candidate
    admission = Admission.objects.standing().select_related("cell").filter(candidate=file).first()
    official_on = ends_on(case)
    if admission is None or official_on is None:
        raise DomainError(_("There is no admission to recognise."))
    person = locked_person(file.person)
    decision = issue(
        case,
        kind=Decision.Kind.RECOGNISE,
        by=by,
        on=on,
        number=number,
        signed_on=signed_on,
        signer=signer,
        received_on=received_on,
    )
    refuse_sealed([admission.cell], day=official_on, field="signed_on", runs_on=True)
    membership = become_official(person, on=official_on, field="signed_on")
    person.official_on = official_on
    person.save(update_fields=["official_on"])
    try:
        with transaction.atomic():
            recognition = Recognition.objects.create(
                candidate=file,
                admission=admission,
                person=person,
                cell=membership.cell,
                decision=decision,
                decided_on=signed_on,
                official_on=official_on,
                entered_by=by,
            )
    except IntegrityError as error:
        if "admission_id" not in constraint_of(error):
            raise
        raise DomainError(_("This member is recognised already.")) from error
    milestone = Milestone(
        candidate=file,
        step=Step.RECOGNISE,
        on=signed_on,
        decided_on=signed_on,
        entered_by=by,
        note=kept(lambda: _words(case, decision, official_on=official_on)),
    )
    record(file, [milestone], announced_on=signed_on)
    announce(
        recognition,
        organization=membership.cell,
        on=official_on,
        snapshot={"was": "probationary", "status": "official"},
    )
    return recognition


def _words(case: Case, decision: Decision, *, official_on: date) -> str:
    words = _("No. %(number)s, signed by %(signer)s; official from %(day)s") % {
        "number": decision.number,
        "signer": decision.signer,
        "day": f"{official_on:%d/%m/%Y}",
    }
    due = decision_due(case)
    if due is None or decision.signed_on <= due.day:
        return words
    return _("%(words)s. Decided after the last day, %(day)s (%(rules)s).") % {
        "words": words,
        "day": f"{due.day:%d/%m/%Y}",
        "rules": due.rules.code,
    }


@transaction.atomic
def announce_recognition(
    candidate: Candidate, *, by: User, on: date, announced_on: date, card_number: str = ""
) -> Milestone:
    """Record that the cell heard the decision in its meeting of `announced_on` (step 28).

    `card_number` is that of the Party card handed over, if it was. Raises PermissionDenied where
    `by` is not secretary over the cell, DomainError at `announced_on` before the decision, in the
    future, or where it was announced already.
    """
    case = begin(candidate, Step.ANNOUNCE, by=by, on=on, happened_on=announced_on)
    card = names.written(card_number)
    milestone = Milestone(
        candidate=case.candidate,
        step=Step.ANNOUNCE,
        on=announced_on,
        entered_by=by,
        note=kept(lambda: _("Party card %(number)s") % {"number": card} if card else ""),
    )
    record(case.candidate, [milestone], announced_on=announced_on)
    return milestone
