"""The decision on admission, each with a number of its own."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.cases import Body, Case
from admissions.guards_of_separation import cancelled, part_taken
from admissions.models import Candidate, Decision, DecisionReview, Milestone, RuleSet
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
    `number` where the body has used it that year, or where `by` took part in the case. After a
    cancelled decision it stands in its place; where only the procedure was at fault it is the
    decision of recognition after remedy.
    """
    case = begin(candidate, Step.DECIDE, by=by, on=on, happened_on=signed_on)
    file = case.candidate
    cancellation = cancelled(case)
    decision = issue(
        case,
        kind=Decision.Kind.ADMIT,
        supersedes=cancellation,
        by=by,
        on=on,
        number=number,
        signed_on=signed_on,
        signer=signer,
        received_on=received_on,
    )
    milestone = Milestone(
        candidate=file,
        step=Step.DECIDE,
        on=signed_on,
        entered_by=by,
        note=kept(lambda: _note(case, decision)),
    )
    steps = [milestone]
    review = cancellation.review if cancellation else None
    if cancellation and review and review.ground == DecisionReview.Ground.PROCEDURE:
        steps.append(_remedy(file, decision, cancellation=cancellation))
    record(file, steps, announced_on=signed_on)
    return decision


@transaction.atomic
def refuse(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    number: str,
    signed_on: date,
    signer: str,
    reason: str,
    received_on: date | None = None,
) -> Decision:
    """Record that the competent body decided on `signed_on` not to admit; the file is closed.

    A decision with a number of its own: the cell is told of no as of yes (HD 06-HD/TW 2025). The
    vote of a body below may have fallen short: its full result is before the
    competent one. Raises as `decide`, and DomainError at `reason` without one.
    """
    case = begin(candidate, Step.REFUSE, by=by, on=on, happened_on=signed_on)
    file, reason = case.candidate, names.written(reason)
    if not reason:
        raise DomainError(fields={"reason": _("Say why the candidate is not admitted.")})
    decision = issue(
        case,
        kind=Decision.Kind.REFUSE,
        by=by,
        on=on,
        number=number,
        signed_on=signed_on,
        signer=signer,
        received_on=received_on,
        reason=reason,
    )
    file.closed_on, file.closed_reason = signed_on, reason
    milestone = Milestone(
        candidate=file,
        step=Step.REFUSE,
        on=signed_on,
        entered_by=by,
        note=kept(
            lambda: _("No. %(number)s: %(reason)s") % {"number": decision.number, "reason": reason}
        ),
    )
    record(file, [milestone], announced_on=signed_on, also=["closed_on", "closed_reason"])
    return decision


def _note(case: Case, decision: Decision) -> str:
    words = _("No. %(number)s, signed by %(signer)s") % {
        "number": decision.number,
        "signer": decision.signer,
    }
    limit = case.decision_limit()
    if limit is None or decision.signed_on <= limit:
        return words
    return _("%(words)s; after the last day, %(day)s (%(rules)s): to be explained above") % {
        "words": words,
        "day": f"{limit:%d/%m/%Y}",
        "rules": case.candidate.rules.code,
    }


def _remedy(file: Candidate, decision: Decision, *, cancellation: Decision) -> Milestone:
    """Return the milestone of a qualified person's decision made again without the fault."""
    faulty = cancellation.supersedes
    words = {"number": decision.number, "faulty": faulty.number if faulty else ""}
    return Milestone(
        candidate=file,
        step=Step.REMEDY,
        on=decision.signed_on,
        entered_by=decision.approved_by,
        note=kept(lambda: _("No. %(number)s in the place of No. %(faulty)s") % words),
    )


def issue(
    case: Case,
    *,
    kind: str,
    by: User,
    on: date,
    number: str,
    signed_on: date,
    signer: str,
    received_on: date | None = None,
    rules: RuleSet | None = None,
    authority: Body | None = None,
    **columns: Any,
) -> Decision:
    """Write a decision of `authority`, of whatever `kind`, and no milestone.

    Unless given it is the body competent in `case`.
    `columns` are further ones of the row, such as `reason`; `rules` those it is judged by, if not
    the file's. Raises DomainError where `by` took part in the case, at `number`, `signer` or
    `received_on` otherwise.
    """
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
    authority = authority or case.bodies.voting(Level.COMPETENT)
    if used := _used(number, authority.organization_id, year=signed_on.year):
        raise _used_already(used, authority=authority, year=signed_on.year)
    try:
        with transaction.atomic():
            return Decision.objects.create(
                candidate=file,
                authority_id=authority.organization_id,
                kind=kind,
                number=number,
                signed_on=signed_on,
                signer=signer,
                received_on=received_on,
                rules=rules or file.rules,
                approved_by=by,
                **columns,
            )
    except IntegrityError as error:
        if constraint_of(error) != "decision_number_once_per_authority_and_year":
            raise
        raise _used_already(number, authority=authority, year=signed_on.year) from error


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
