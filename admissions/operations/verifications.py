"""Verification of what a candidate declared: one request for each person and place."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.cases import VERIFICATION_FORM, Case, case_of
from admissions.models import Candidate, Milestone, Paper, Special, Verification
from admissions.rules import paper_stale_on, verification_due_on
from admissions.stages import (
    BEFORE_THE_CELL,
    Step,
)
from config import names
from config.errors import DomainError
from organizations.models import Membership, Person

from .papers import record_with_completion
from .recording import begin, constraint_of, kept

if TYPE_CHECKING:
    from organizations.models import User


@transaction.atomic
def send_verification(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    relation: str,
    subject: str,
    place: str,
    sent_on: date,
    is_abroad: bool = False,
    method: str = Verification.Method.LETTER,
    verifier: Person | None = None,
    note: str = "",
) -> Verification:
    """Ask the committee of `place` about `subject`; the last day of the answer is fixed here.

    It is reckoned in working days by the rules of the day of sending, at home or abroad. A member
    who is sent, `verifier`, is neither the candidate nor somebody who bears the name of a relative
    asked about (HD 06-HD/TW 2025, 3.4). Raises PermissionDenied where `by` does not prepare the
    file, DomainError at the argument that is amiss.
    """
    case = begin(candidate, Step.SEND_VERIFICATION, by=by, on=on, happened_on=sent_on)
    subject, place = _who_and_where(case, relation, subject, place)
    if method == Verification.Method.SENT:
        _refuse_verifier(case, verifier, subject=subject, relation=relation)
    else:
        verifier = None
    request = _write(
        case,
        Verification(
            relation=relation,
            subject=subject,
            place=place,
            is_abroad=is_abroad,
            method=method,
            verifier=verifier,
            sent_on=sent_on,
            due_on=verification_due_on(
                sent_on, case.rules, abroad=is_abroad, calendar=case.calendar
            ),
            note=names.written(note),
            entered_by=by,
        ),
    )
    _record(case, Step.SEND_VERIFICATION, by=by, on=on, day=sent_on, note=_named(request))
    return request


@transaction.atomic
def receive_verification(
    request: Verification, *, by: User, on: date, received_on: date, result: str, note: str = ""
) -> Verification:
    """Record the answer to `request`; with the last clear one the verification is in the file.

    Anything but a clear answer is asked again by another request about the same person. Raises
    PermissionDenied where `by` does not prepare the file, DomainError at `received_on`, `result`
    or `note`.
    """
    case = begin(
        request.candidate, Step.RECEIVE_VERIFICATION, by=by, on=on, happened_on=received_on
    )
    asked = _open_request(request, case, field="received_on")
    note, result = names.written(note), Verification.Result(result)
    if asked.sent_on is not None and received_on < asked.sent_on:
        raise DomainError(
            fields={
                "received_on": _("The request was sent later, on %(day)s.")
                % {"day": f"{asked.sent_on:%d/%m/%Y}"}
            }
        )
    if result != Verification.Result.CLEAR and not note:
        raise DomainError(fields={"note": _("Say what is not clear.")})
    asked.received_on, asked.result = received_on, result
    asked.note = note or asked.note
    asked.save(update_fields=["received_on", "result", "note"])
    words = kept(lambda: f"{_named(asked)}: {asked.get_result_display()}")
    _record(case, Step.RECEIVE_VERIFICATION, by=by, on=on, day=received_on, note=words)
    return asked


@transaction.atomic
def waive_verification(request: Verification, *, by: User, on: date, reason: str) -> Verification:
    """Do without an answer to `request`, for a reason; raises as `receive_verification`."""
    case = begin(request.candidate, Step.RECEIVE_VERIFICATION, by=by, on=on, happened_on=on)
    asked = _open_request(request, case, field="reason")
    _refuse_political(case, relation=asked.relation, subject=asked.subject)
    asked.waived_because, asked.waived_on = _reason(reason), on
    asked.save(update_fields=["waived_because", "waived_on"])
    _record_waiver(case, asked, by=by, on=on)
    return asked


@transaction.atomic
def waive_unsent(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    relation: str,
    subject: str,
    place: str,
    reason: str,
) -> Verification:
    """Note that somebody is not verified, and why: a side of the family with a Party member,
    a family that has lived in the commune since the grandparents. Raises as `send_verification`.
    """
    case = begin(candidate, Step.SEND_VERIFICATION, by=by, on=on, happened_on=on)
    subject, place = _who_and_where(case, relation, subject, place)
    _refuse_political(case, relation=relation, subject=subject)
    request = _write(
        case,
        Verification(
            relation=relation,
            subject=subject,
            place=place,
            waived_because=_reason(reason),
            waived_on=on,
            entered_by=by,
        ),
    )
    _record_waiver(case, request, by=by, on=on)
    return request


def _refuse_political(case: Case, *, relation: str, subject: str) -> None:
    """Refuse at `reason` to do without an answer that told of a question for those above."""
    told = next(
        (
            one
            for one in case.candidate.verifications.all()
            if (one.relation, one.subject) == (relation, subject)
            and one.result == Verification.Result.PROBLEM
        ),
        None,
    )
    if told is None or Special.POLITICAL in case.candidate.special:
        return
    raise DomainError(
        fields={
            "reason": _(
                "The answer of %(place)s raised a question for the competent level, which"
                " concludes first: note in the file the special case “%(special)s”, or ask again."
            )
            % {"place": told.place, "special": Special.POLITICAL.label}
        }
    )


def _record_waiver(case: Case, request: Verification, *, by: User, on: date) -> None:
    words = kept(
        lambda: (
            _("%(request)s: not asked, %(reason)s")
            % {"request": _named(request), "reason": request.waived_because}
        )
    )
    _record(case, Step.RECEIVE_VERIFICATION, by=by, on=on, day=on, note=words)


def _named(request: Verification) -> str:
    return f"{request.subject}, {request.place}"


def _reason(reason: str) -> str:
    written = names.written(reason)
    if not written:
        raise DomainError(fields={"reason": _("Say why the answer is done without.")})
    return written


def _who_and_where(case: Case, relation: str, subject: str, place: str) -> tuple[str, str]:
    """Return name and place as written; DomainError where one is missing."""
    if relation == Verification.Relation.APPLICANT:
        subject = case.candidate.person.full_name
    subject, place = names.written(subject), names.written(place)
    refusals = {}
    if not subject:
        refusals["subject"] = _("Enter the name.")
    if not place:
        refusals["place"] = _("Enter which committee is asked.")
    if refusals:
        raise DomainError(fields=refusals)
    return subject, place


def _refuse_verifier(case: Case, verifier: Person | None, *, subject: str, relation: str) -> None:
    if verifier is None:
        raise DomainError(fields={"verifier": _("Choose who is sent.")})
    if verifier.pk == case.candidate.person_id:
        raise DomainError(fields={"verifier": _("The candidate does not verify themselves.")})
    relatives = {
        names.search_key(one.subject)
        for one in case.candidate.verifications.all()
        if one.relation != Verification.Relation.APPLICANT
    }
    if relation != Verification.Relation.APPLICANT:
        relatives.add(names.search_key(subject))
    if verifier.name_search in relatives:
        raise DomainError(
            fields={
                "verifier": _(
                    "%(person)s bears the name of a relative asked about: relatives do not verify."
                )
                % {"person": verifier}
            }
        )
    if not Membership.objects.on(case.on).filter(person=verifier).exists():
        raise DomainError(
            fields={
                "verifier": _("On %(day)s %(person)s is no member.")
                % {"day": f"{case.on:%d/%m/%Y}", "person": verifier}
            }
        )


def _open_request(request: Verification, case: Case, *, field: str) -> Verification:
    """Return the request under the lock of its file; DomainError where it is answered or waived."""
    asked = Verification.objects.select_for_update(of=("self",)).get(pk=request.pk)
    if asked.candidate_id != case.candidate.pk:
        raise PermissionDenied
    if asked.received_on or asked.waived_because:
        raise DomainError(fields={field: _("This request is answered or waived already.")})
    return asked


def _write(case: Case, request: Verification) -> Verification:
    request.candidate = case.candidate
    try:
        with transaction.atomic():
            request.save()
    except IntegrityError as error:
        if constraint_of(error) != "verification_once_open_per_person_and_place":
            raise
        raise DomainError(
            fields={
                "place": _("%(place)s is asked about %(person)s already; the answer is awaited.")
                % {"place": request.place, "person": request.subject}
            }
        ) from error
    return request


def _record(case: Case, step: Step, *, by: User, on: date, day: date, note: str) -> None:
    """Write the milestone; with the last answer also the paper that stands for all of them."""
    file = case.candidate
    milestones = [Milestone(candidate=file, step=step, on=day, entered_by=by, note=note[:300])]
    fresh = case_of(Candidate.objects.select_related("person", "rules").get(pk=file.pk), on=on)
    requests = list(fresh.candidate.verifications.all())
    answered = [one.received_on for one in requests if one.received_on]
    # Relatives alone verify nobody: the candidate is asked about too, or it is said why not.
    about_own = any(one.relation == Verification.Relation.APPLICANT for one in requests)
    if file.stage in BEFORE_THE_CELL and about_own and not fresh.open_verifications:
        dated_on = max(answered, default=on)
        kind = next((one for one in fresh.kinds if one.code == VERIFICATION_FORM), None)
        of_day = Paper.objects.filter(
            candidate=file, kind__code=VERIFICATION_FORM, dated_on=dated_on
        )
        if kind is not None and not of_day.exists():
            Paper.objects.create(
                candidate=file,
                kind=kind,
                dated_on=dated_on,
                received_on=dated_on,
                stale_on=paper_stale_on(dated_on, kind.rules) if kind.goes_stale else None,
                entered_by=by,
            )
            milestones.append(
                Milestone(
                    candidate=file,
                    step=Step.RECEIVE_PAPER,
                    on=dated_on,
                    entered_by=by,
                    note=str(kind),
                )
            )
    record_with_completion(file, milestones, by=by, on=on)
