"""Papers received into a file, and when the file is complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.cases import VERIFICATION_FORM, Case, case_of
from admissions.models import Candidate, Milestone, Paper, PaperKind
from admissions.rules import paper_stale_on
from admissions.stages import (
    BEFORE_THE_CELL,
    ORDER,
    Stage,
    Step,
)
from config import names
from config.errors import DomainError

from .recording import begin, in_the_future, kept_from_others, locked, record

if TYPE_CHECKING:
    from organizations.models import User


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
    Raises as `receive_paper`; with more than one, at `<argument>-<row>`, `row` being a further key
    of the mapping, else the id of the kind.
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
        for argument, sentence in _refusals_of_paper(one, case).items():
            refusals[_field(argument, one, papers)] = sentence
    if refusals:
        raise DomainError(fields=refusals)
    received = [_received(one, file, by=by) for one in papers]
    Paper.objects.bulk_create(paper for paper in received if paper.pk is None)
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
    record_with_completion(file, milestones, by=by, on=on)
    return received


def _received(one: Mapping[str, Any], file: Candidate, *, by: User) -> Paper:
    """Return the paper, still to be written unless a helper made it.

    Comments of two helpers of one day are one, signed by both.
    """
    kind, signer = one["kind"], names.written(one.get("signer", ""))
    paper = Paper(
        candidate=file,
        kind=kind,
        dated_on=one["dated_on"],
        received_on=one["received_on"],
        number=names.written(one.get("number", "")),
        signer=signer,
        stale_on=_stale_on(kind, one["dated_on"]),
        entered_by=by,
    )
    if kind.maker == PaperKind.Maker.HELPER:
        same = Paper.objects.filter(candidate=file, kind__code=kind.code, dated_on=paper.dated_on)
        if (first := same.first()) is not None:
            first.signer = f"{first.signer}; {signer}"
            first.save(update_fields=["signer"])
            return first
        paper.save()
    return paper


def _field(argument: str, one: Mapping[str, Any], papers: Sequence[Mapping[str, Any]]) -> str:
    return argument if len(papers) == 1 else f"{argument}-{one.get('row', one['kind'].pk)}"


def _stale_on(kind: PaperKind, dated_on: date) -> date | None:
    return paper_stale_on(dated_on, kind.rules) if kind.goes_stale else None


def _refusals_of_paper(one: Mapping[str, Any], case: Case) -> dict[str, str]:
    file = case.candidate
    kind, dated_on, received_on = one["kind"], one["dated_on"], one["received_on"]
    if refusal := _refusal_of_kind(kind, case):
        return {"kind": refusal}
    if dated_on > received_on:
        return {"dated_on": _("The paper is dated after the day it was received.")}
    if dated_on <= file.person.born_on:
        return {
            "dated_on": _("%(day)s lies before the date of birth.")
            % {"day": f"{dated_on:%d/%m/%Y}"}
        }
    first = case.self_criticism_from
    if kind.maker == PaperKind.Maker.MEMBER and kind.before_cell and first and dated_on < first:
        return {
            "dated_on": _(
                "The self-criticism is written after the %(months)s months of probation, from"
                " %(day)s on (%(rules)s)."
            )
            % {
                "months": file.rules.probation_months,
                "day": f"{first:%d/%m/%Y}",
                "rules": file.rules.code,
            }
        }
    if kind.maker == PaperKind.Maker.HELPER and one.get("signer"):
        kind_once = [
            one
            for one in file.papers.all()
            if one.kind.maker == kind.maker and case.is_of_this_probation(one.received_on)
        ]
        signed = {name for paper in kind_once for name in paper.signer.split("; ")}
        is_twice = names.written(one["signer"]) in signed
        words = _("The comment of this helper is in the file already.")
        return {"dated_on": words} if is_twice else {}
    same = (paper for paper in file.papers.all() if paper.kind.code == kind.code)
    if any(paper.dated_on == dated_on for paper in same):
        return {"dated_on": _("This paper of that day is in the file already.")}
    return {}


def _refusal_of_kind(kind: PaperKind, case: Case) -> str | None:
    """Return why no paper of this form is received into the file today, or None."""
    if kind.arises_at:
        return _("%(paper)s arises from the vote or decision itself.") % {"paper": kind}
    if kind.maker == PaperKind.Maker.CENTRE:
        return _("%(paper)s is entered with the class, on a page of its own.") % {"paper": kind}
    if kind.phase == PaperKind.Phase.PROBATION and case.became_probationary_on is None:
        return _("%(paper)s belongs to the probation, which has not begun.") % {"paper": kind}
    if kind.phase == PaperKind.Phase.ADMISSION and kind.before_cell:
        if case.candidate.stage not in BEFORE_THE_CELL:
            return _("The cell has considered: %(paper)s is received before.") % {"paper": kind}
        if kind.code == VERIFICATION_FORM and case.open_verifications:
            return _("Still without a clear answer: %(requests)s. Record the answers first.") % {
                "requests": "; ".join(str(one) for one in case.open_verifications)
            }
    return None


def record_with_completion(
    file: Candidate, milestones: list[Milestone], *, by: User, on: date
) -> None:
    """Record `milestones`; also that the file is complete, when certificate and papers now are."""
    if file.stage not in BEFORE_THE_CELL or not Paper.objects.filter(candidate=file).exists():
        record(file, milestones, announced_on=milestones[0].on)
        return
    fresh = case_of(kept_from_others(file.pk), on=on)
    is_complete = fresh.valid_certificate and not fresh.missing_papers
    if is_complete and not _is_complete_already(fresh):
        days = [one.on for one in milestones]
        days += [paper.received_on for paper in fresh.candidate.papers.all()]
        milestones = [
            *milestones,
            Milestone(candidate=file, step=Step.COMPLETE_PAPERS, on=max(days), entered_by=by),
        ]
    record(file, milestones, announced_on=milestones[0].on)


def _is_complete_already(case: Case) -> bool:
    """Say whether the file was complete, and no body has returned it to a step before that."""
    back = [
        one.pk
        for one in case.candidate.milestones.all()
        if one.back_to and ORDER.index(Stage(one.back_to)) < ORDER.index(Stage.READY)
    ]
    complete = [one.pk for one in case.milestones if one.step == Step.COMPLETE_PAPERS]
    return max(complete, default=0) > max(back, default=0)
