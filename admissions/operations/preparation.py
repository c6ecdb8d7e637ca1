"""What a file needs before the cell considers: list, certificate, helper, papers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.cases import Case, case_of, grassroots_unit
from admissions.models import Candidate, Certificate, Mentorship, Milestone, Paper, PaperKind
from admissions.rules import certificate_expires_on, paper_stale_on
from admissions.stages import Step
from config import names
from config.errors import DomainError
from config.periods import since as from_day
from organizations.models import Membership, Person

from .recording import (
    before_birth,
    begin,
    constraint_of,
    in_the_future,
    locked,
    record,
)

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
    file.identified_on = min(file.identified_on, held_on)
    record(file, [milestone], announced_on=held_on, also=["identified_on"])
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
    file = case.candidate
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
    milestone = Milestone(
        candidate=file, step=Step.CERTIFY, on=issued_on, entered_by=by, note=f"{number}, {issuer}"
    )
    _record_with_completion(file, [milestone], by=by, on=on)
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
    membership = Membership.objects.on(since).official().filter(person=mentor).first()
    if membership is None or not _same_unit(membership.cell_id, file.cell_on(since), on=since):
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
                candidate=file, mentor=mentor, period=from_day(since), entered_by=by
            )
    except IntegrityError as error:
        if constraint_of(error) != "mentorship_once_by_a_member_on_any_day":
            raise
        raise DomainError(
            fields={"mentor": _("%(person)s helps the candidate already.") % {"person": mentor}}
        ) from error


def _same_unit(cell_id: int, other_id: int, *, on: date) -> bool:
    """Say whether two cells belong to one grassroots organisation on day `on`."""
    return cell_id == other_id or grassroots_unit(cell_id, on=on) == grassroots_unit(
        other_id, on=on
    )


@transaction.atomic
def receive_paper(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    kind: PaperKind,
    dated_on: date,
    received_on: date,
    number: str = "",
    signer: str = "",
) -> Paper:
    """Record a paper received into the file; the file is complete when all needed are in.

    Raises PermissionDenied where `by` is not secretary over the cell, DomainError at an impossible
    day, at `dated_on` for one received already, at `kind` for one that arises from a vote.
    """
    return receive_papers(
        candidate,
        by=by,
        on=on,
        papers=[
            {
                "kind": kind,
                "dated_on": dated_on,
                "received_on": received_on,
                "number": number,
                "signer": signer,
            }
        ],
    )[0]


@transaction.atomic
def receive_papers(
    candidate: Candidate, *, by: User, on: date, papers: Sequence[Mapping[str, Any]]
) -> list[Paper]:
    """Record several papers received at once, all or none; return them in the same order.

    Each is a mapping of `kind`, `dated_on`, `received_on` and, if known, `number` and `signer`.
    Raises as `receive_paper`; with more than one, at `<argument>-<id of the kind>`.
    """
    if not papers:
        raise DomainError(_("Enter at least one paper."))
    latest = max(one["received_on"] for one in papers)
    if latest > on:
        late = next(one for one in papers if one["received_on"] == latest)
        locked(candidate, by=by, on=on)
        raise in_the_future(latest, field=_field("received_on", late, papers))
    case = begin(candidate, Step.RECEIVE_PAPER, by=by, on=on, happened_on=latest)
    file = case.candidate
    refusals: dict[str, str] = {}
    for one in papers:
        for argument, sentence in _refusals_of_paper(one, file).items():
            refusals[_field(argument, one, papers)] = sentence
    if refusals:
        raise DomainError(fields=refusals)
    received = [
        Paper(
            candidate=file,
            kind=one["kind"],
            dated_on=one["dated_on"],
            received_on=one["received_on"],
            number=names.written(one.get("number", "")),
            signer=names.written(one.get("signer", "")),
            stale_on=_stale_on(one["kind"], one["dated_on"]),
            entered_by=by,
        )
        for one in papers
    ]
    Paper.objects.bulk_create(received)
    milestones = [
        Milestone(
            candidate=file,
            step=Step.RECEIVE_PAPER,
            on=paper.received_on,
            entered_by=by,
            note=str(paper.kind),
        )
        for paper in received
    ]
    _record_with_completion(file, milestones, by=by, on=on)
    return received


def _field(argument: str, one: Mapping[str, Any], papers: Sequence[Mapping[str, Any]]) -> str:
    return argument if len(papers) == 1 else f"{argument}-{one['kind'].pk}"


def _stale_on(kind: PaperKind, dated_on: date) -> date | None:
    return paper_stale_on(dated_on, kind.rules) if kind.goes_stale else None


def _refusals_of_paper(one: Mapping[str, Any], file: Candidate) -> dict[str, str]:
    kind, dated_on, received_on = one["kind"], one["dated_on"], one["received_on"]
    if not kind.before_cell:
        return {"kind": _("%(paper)s arises from the vote or decision itself.") % {"paper": kind}}
    if dated_on > received_on:
        return {"dated_on": _("The paper is dated after the day it was received.")}
    if dated_on <= file.person.born_on:
        return {
            "dated_on": _("%(day)s lies before the date of birth.")
            % {"day": f"{dated_on:%d/%m/%Y}"}
        }
    same = (paper for paper in file.papers.all() if paper.kind.code == kind.code)
    if any(paper.dated_on == dated_on for paper in same):
        return {"dated_on": _("This paper of that day is in the file already.")}
    return {}


def _record_with_completion(
    file: Candidate, milestones: list[Milestone], *, by: User, on: date
) -> None:
    """Record `milestones`; also that the file is complete, when certificate and papers now are."""
    if not Paper.objects.filter(candidate=file).exists():
        record(file, milestones, announced_on=milestones[0].on)
        return
    fresh = case_of(Candidate.objects.select_related("person").get(pk=file.pk), on=on)
    is_complete = fresh.valid_certificate and not fresh.missing_papers
    if is_complete and not fresh.milestone(Step.COMPLETE_PAPERS):
        days = [one.on for one in milestones]
        days += [paper.received_on for paper in fresh.candidate.papers.all()]
        milestones = [
            *milestones,
            Milestone(candidate=file, step=Step.COMPLETE_PAPERS, on=max(days), entered_by=by),
        ]
    record(file, milestones, announced_on=milestones[0].on)
