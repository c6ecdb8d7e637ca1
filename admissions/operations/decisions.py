"""The decision on admission, each with a number of its own."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.guards import part_taken
from admissions.models import Candidate, Decision, Milestone
from admissions.stages import Level, Step
from config import names
from config.errors import DomainError
from organizations.models import Organization

from .recording import begin, constraint_of, in_the_future, kept, record

if TYPE_CHECKING:
    from organizations.models import User


@transaction.atomic
def decide(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    number: str,
    signed_on: date,
    signer: str,
    received_on: date | None = None,
) -> Decision:
    """Record the decision of the competent body on `signed_on` to admit the candidate.

    The body is the nearest above the cell that holds a competence on that day. `received_on` is
    the day the cell had it, from which the term for the ceremony may run. Raises PermissionDenied
    where `by` is no approver at that body, DomainError at `signed_on` before the body's vote, at
    `number` where the body has used it that year, or where `by` took part in the case.
    """
    case = begin(candidate, Step.DECIDE, by=by, on=on, happened_on=signed_on)
    file = case.candidate
    if sentence := part_taken(case, by=by):
        raise DomainError(sentence)
    number, signer = names.written(number), names.written(signer)
    refusals = {}
    if not number:
        refusals["number"] = _("Enter the number of the decision.")
    if not signer:
        refusals["signer"] = _("Enter who signed it.")
    if received_on is not None and received_on < signed_on:
        refusals["received_on"] = _("The cell cannot have received it before it was signed.")
    if refusals:
        raise DomainError(fields=refusals)
    if received_on is not None and received_on > on:
        raise in_the_future(received_on, field="received_on")
    authority = case.bodies.voting(Level.COMPETENT)
    if used := _used(number, authority.organization_id, year=signed_on.year):
        raise _used_already(used, authority=authority, year=signed_on.year)
    try:
        with transaction.atomic():
            decision = Decision.objects.create(
                candidate=file,
                authority_id=authority.organization_id,
                kind=Decision.Kind.ADMIT,
                number=number,
                signed_on=signed_on,
                signer=signer,
                received_on=received_on,
                rules=file.rules,
                approved_by=by,
            )
    except IntegrityError as error:
        if constraint_of(error) != "decision_number_once_per_authority_and_year":
            raise
        raise _used_already(number, authority=authority, year=signed_on.year) from error
    milestone = Milestone(
        candidate=file,
        step=Step.DECIDE,
        on=signed_on,
        entered_by=by,
        note=kept(
            lambda: _("No. %(number)s, signed by %(signer)s") % {"number": number, "signer": signer}
        ),
    )
    record(file, [milestone], announced_on=signed_on)
    return decision


def _used(number: str, authority: int, *, year: int) -> str | None:
    """Return the number that `authority` gave in `year` and that is `number`, capitals and blanks
    apart; held until the transaction ends, so that two who decide at once see each other."""
    Organization.objects.select_for_update(no_key=True).get(pk=authority)
    given = Decision.objects.filter(authority=authority, year=year)
    same = (one for one in given.values_list("number", flat=True) if _key(one) == _key(number))
    return next(same, None)


def _key(number: str) -> str:
    return "".join(number.casefold().split())


def _used_already(number: str, *, authority: object, year: int) -> DomainError:
    return DomainError(
        fields={
            "number": _("%(authority)s has used the number %(number)s already in %(year)s.")
            % {"authority": authority, "number": number, "year": year}
        }
    )
