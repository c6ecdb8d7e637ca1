"""What a file needs before the cell considers: list, certificate, helper, papers."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.cases import Case, grassroots_unit
from admissions.guards_of_separation import decided_by
from admissions.models import Candidate, Certificate, Mentorship, Milestone
from admissions.rules import certificate_expires_on
from admissions.stages import Stage, Step
from config import names
from config.errors import DomainError
from config.periods import since as from_day
from organizations.models import Membership, Person
from organizations.operations.outbox import announce

from .papers import receive_paper as receive_paper
from .papers import receive_papers as receive_papers
from .papers import record_with_completion
from .recording import before_birth, begin, constraint_of, record, tell_stage

if TYPE_CHECKING:
    from organizations.models import User


@transaction.atomic
def put_on_list(
    candidate: Candidate, *, by: User, on: date, held_on: date, resolution_number: str = ""
) -> Milestone:
    """Put the person on the list of sympathisers, as the cell resolved on `held_on`.

    A resolution older than the file's first entry says that the cell knew the person by then: the
    day of identification moves back to it, and what happened since may be entered.

    Raises PermissionDenied where `by` is not secretary over the cell, DomainError at `held_on` for
    an impossible day or where the person is on the list.
    """
    case = begin(candidate, Step.PUT_ON_LIST, by=by, on=on, happened_on=held_on)
    file = case.candidate
    number = names.written(resolution_number)
    milestone = Milestone(
        candidate=file, step=Step.PUT_ON_LIST, on=held_on, entered_by=by, note=number
    )
    identified_was = file.identified_on
    file.identified_on = min(identified_was, held_on)
    record(file, [milestone], announced_on=held_on, also=["identified_on"])
    if file.identified_on != identified_was:
        tell_stage(file, was=file.stage, on=file.identified_on, identified_was=identified_was)
    return milestone


@transaction.atomic
def issue_certificate(
    candidate: Candidate, *, by: User, on: date, number: str, issuer: str, issued_on: date
) -> Certificate:
    """Record the certificate of the awareness class; its last day is fixed by the rules of its day.

    It may be older than the file. Raises PermissionDenied where `by` is not secretary over the
    cell, DomainError at an impossible day or a number that this issuer has given already.
    """
    case = begin(candidate, Step.CERTIFY, by=by, on=on, happened_on=issued_on)
    return certify(case, by=by, on=on, number=number, issuer=issuer)


def certify(
    case: Case,
    *,
    by: User,
    on: date,
    number: str,
    issuer: str,
    kind: str = Certificate.Kind.AWARENESS,
) -> Certificate:
    """Write the certificate issued on the day of `case`, and its milestone, of a locked file.

    Raises DomainError at `number`, `issuer` or `issued_on`.
    """
    file, issued_on = case.candidate, case.on
    number, issuer = names.written(number), names.written(issuer)
    refusals = {}
    if not number:
        refusals["number"] = _("Enter the certificate number.")
    if not issuer:
        refusals["issuer"] = _("Enter who issued it.")
    if refusals:
        raise DomainError(fields=refusals)
    if issued_on <= file.person.born_on:
        raise before_birth(issued_on, field="issued_on")
    try:
        with transaction.atomic():
            certificate = Certificate.objects.create(
                kind=kind,
                candidate=file,
                number=number,
                issuer=issuer,
                issued_on=issued_on,
                expires_on=certificate_expires_on(issued_on, case.rules),
                rules=case.rules,
                entered_by=by,
            )
    except IntegrityError as error:
        if constraint_of(error) != "certificate_number_once_per_issuer":
            raise
        raise DomainError(
            fields={
                "number": _("%(issuer)s has issued a certificate %(number)s already.")
                % {"issuer": issuer, "number": number}
            }
        ) from error
    is_first = kind == Certificate.Kind.AWARENESS
    milestone = Milestone(
        candidate=file,
        step=Step.CERTIFY if is_first else Step.CERTIFY_NEW_MEMBER,
        on=issued_on,
        entered_by=by,
        note=f"{number}, {issuer}",
    )
    if is_first:
        record_with_completion(file, [milestone], by=by, on=on)
        announce(certificate, organization=file.cell, on=issued_on)
    else:
        record(file, [milestone], announced_on=issued_on)
    return certificate


@transaction.atomic
def assign_mentor(
    candidate: Candidate, *, by: User, on: date, mentor: Person, since: date
) -> Mentorship:
    """Assign `mentor`, an official member of the same grassroots unit on day `since`, to help.

    Raises PermissionDenied where `by` is not secretary over the cell, DomainError at `mentor` or
    `since` otherwise.
    """
    case = begin(candidate, Step.ASSIGN_MENTOR, by=by, on=on, happened_on=since)
    mentorship = appoint_mentor(case, by=by, mentor=mentor, since=since)
    milestone = Milestone(
        candidate=case.candidate,
        step=Step.ASSIGN_MENTOR,
        on=since,
        entered_by=by,
        note=mentor.full_name,
    )
    record(case.candidate, [milestone], announced_on=since)
    return mentorship


def appoint_mentor(case: Case, *, by: User, mentor: Person, since: date) -> Mentorship:
    """Write the mentorship; DomainError at `mentor` where the member may not help on `since`."""
    file = case.candidate
    if mentor.pk == file.person_id:
        raise DomainError(fields={"mentor": _("Nobody helps themselves.")})
    if sentence := decided_by(case, mentor):
        raise DomainError(fields={"mentor": sentence})
    membership = Membership.objects.on(since).official().filter(person=mentor).first()
    if membership is None or not same_unit(membership.cell_id, file.cell_on(since), on=since):
        raise DomainError(
            fields={
                "mentor": _(
                    "On %(day)s %(person)s is not an official member of the same grassroots"
                    " organisation."
                )
                % {"day": f"{since:%d/%m/%Y}", "person": mentor}
            }
        )
    try:
        with transaction.atomic():
            return Mentorship.objects.create(
                candidate=file,
                mentor=mentor,
                period=from_day(since),
                on_probation=file.stage == Stage.ADMITTED,
                entered_by=by,
            )
    except IntegrityError as error:
        if constraint_of(error) != "mentorship_once_by_a_member_on_any_day":
            raise
        raise DomainError(
            fields={"mentor": _("%(person)s helps the candidate already.") % {"person": mentor}}
        ) from error


def same_unit(cell_id: int, other_id: int, *, on: date) -> bool:
    """Say whether two cells belong to one grassroots organisation on day `on`."""
    return cell_id == other_id or grassroots_unit(cell_id, on=on) == grassroots_unit(
        other_id, on=on
    )
