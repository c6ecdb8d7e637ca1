"""Deletion of a probationary member's name: a decision with its reason; the membership ends."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.models import Candidate, Decision, Milestone
from admissions.stages import Step
from config import names
from config.errors import DomainError
from organizations.models import Departure
from organizations.operations.people import (
    locked_person,
    running_membership,
    write_departure,
)

from .decisions import issue
from .recording import begin, kept, record

if TYPE_CHECKING:
    from organizations.models import User


@transaction.atomic
def delete_name(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    number: str,
    signed_on: date,
    signer: str,
    reason: str,
    received_on: date | None = None,
) -> Departure:
    """Record the decision of `signed_on` that deletes the probationary member's name, and why.

    The membership ends that day, struck off while probationary as statistical table 1 counts it;
    the file is closed and stays readable (HD 06-HD/TW 2025; votes of cell, grassroots committee and
    the competent body before). Raises PermissionDenied where `by` is no approver at the competent
    body; DomainError at `signed_on` before that body's vote or in a closed year, at `reason`
    without one, at `number` where the body has used it, or where `by` took part in the case.
    """
    case = begin(candidate, Step.DELETE_NAME, by=by, on=on, happened_on=signed_on)
    file = case.candidate
    reason = names.written(reason)
    if not reason:
        raise DomainError(fields={"reason": _("Say why the name is deleted.")})
    person = locked_person(file.person)
    membership = running_membership(person, on=signed_on)
    if membership is None:
        raise DomainError(
            fields={
                "signed_on": _("On %(day)s %(person)s is not a probationary member.")
                % {"day": f"{signed_on:%d/%m/%Y}", "person": person}
            }
        )
    decision = issue(
        case,
        kind=Decision.Kind.DELETE,
        by=by,
        on=on,
        number=number,
        signed_on=signed_on,
        signer=signer,
        received_on=received_on,
        reason=reason,
    )
    try:
        departure = write_departure(
            membership,
            by=by,
            on=on,
            reason=Departure.Reason.STRUCK_OFF,
            happened_on=signed_on,
            decision_number=decision.number,
            decided_on=signed_on,
            note=reason,
        )
    except DomainError as error:
        # Of the day they left, which here is the day of the decision.
        fields = {
            "signed_on" if name == "happened_on" else name: sentence
            for name, sentence in error.fields.items()
        }
        raise DomainError(error.sentence, fields=fields) from error
    file.closed_on, file.closed_reason = signed_on, reason
    milestone = Milestone(
        candidate=file,
        step=Step.DELETE_NAME,
        on=signed_on,
        decided_on=signed_on,
        entered_by=by,
        note=kept(
            lambda: _("No. %(number)s: %(reason)s") % {"number": decision.number, "reason": reason}
        ),
    )
    record(file, [milestone], announced_on=signed_on, also=["closed_on", "closed_reason"])
    return departure
