"""Cancelling a decision on admission: asked for by staff, made or declined by a third person.

Reading of what the texts leave open, where the ceremony had been held and only the procedure was
at fault: the admission is reversed from the day of the cancellation, the faulty step is done again,
and the new decision and a new ceremony give the person their dates anew (domain: "dates
re-determined"). Nothing that was recorded is changed.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from admissions.cases import Body, Case, case_of
from admissions.guards import refusal_of_stage
from admissions.guards_of_separation import part_taken
from admissions.models import Admission, Candidate, Decision, DecisionReview, Milestone
from admissions.permissions import Permission, Rights
from admissions.stages import ORDER, REACHES, STEP_OF_VOTE, Level, Stage, Step
from config import names
from config.clock import AppNow
from config.errors import DomainError
from organizations.models import Organization
from organizations.permissions import accounts_of_human

from .ceremonies import undo_admission
from .decisions import issue
from .outcomes import RETURNED_TO, go_back
from .recording import begin, in_the_future, kept, locked, record

if TYPE_CHECKING:
    from organizations.models import User

Ground = DecisionReview.Ground
CLOSING = frozenset({Ground.UNQUALIFIED, Ground.LAPSED})
"""After these the file is closed; after the others it goes back, or on."""
BEFORE_THE_CEREMONY = frozenset({Ground.LAPSED, Ground.MOVED})
"""Grounds that only a decision without a ceremony can have."""


@transaction.atomic
def ask_cancellation(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    ground: str,
    reason: str,
    asked_on: date,
    back_to: str = "",
) -> DecisionReview:
    """Ask that the decision which admits be cancelled; another approver answers.

    `back_to` is the step from which a qualified person's file is done again, or from which another
    committee goes on. Raises PermissionDenied where `by` is no staff of a committee above the cell,
    DomainError where nothing is decided, or at the field that is wrong. A later request takes the
    place of one that waits.
    """
    file = locked(candidate, by=by, on=on)
    case = case_of(file, on=on)
    rights = Rights.of(by, on=on, cells=[file.cell_id])
    if not rights.may(Permission.ASK_CANCELLATION, case):
        raise PermissionDenied
    if refusal := refusal_of_stage(Step.CANCEL, file):
        raise DomainError(refusal)
    decision, ground, reason = case.decided(), Ground(ground), names.written(reason)
    if ground in CLOSING:
        back_to = ""
    if ground == Ground.MOVED:
        back_to = back_to or redecided_from(case)
    refusals = {}
    if not reason:
        refusals["reason"] = _("Say why the decision is to be cancelled.")
    if asked_on > on:
        raise in_the_future(asked_on, field="asked_on")
    if asked_on < decision.signed_on:
        refusals["asked_on"] = _("The day lies before the decision, %(day)s.") % {
            "day": f"{decision.signed_on:%d/%m/%Y}"
        }
    if ground in BEFORE_THE_CEREMONY and file.stage != Stage.DECIDED:
        refusals["ground"] = _("The ceremony was held: the decision can't have this fault.")
    if ground not in CLOSING and back_to not in redone_from(case):
        refusals["back_to"] = _("Choose from which step it is done again.")
    waiting = waiting_review(case)
    if waiting and (waiting.ground, waiting.back_to) == (ground, back_to):
        raise DomainError(
            _("This was asked for on %(day)s.") % {"day": f"{waiting.asked_on:%d/%m/%Y}"}
        )
    if refusals:
        raise DomainError(fields=refusals)
    return DecisionReview.objects.create(
        decision=decision,
        ground=ground,
        back_to=back_to,
        reason=reason,
        asked_on=asked_on,
        entered_by=by,
    )


def latest_review(case: Case) -> DecisionReview | None:
    """Return the latest request to cancel the decision in force, waiting or declined."""
    asked = case.decision.reviews.all() if case.decision else []
    return max(asked, key=lambda one: one.pk, default=None)


def waiting_review(case: Case) -> DecisionReview | None:
    """Return the request to cancel the decision that waits for an answer: the latest, or none."""
    latest = latest_review(case)
    return latest if latest and latest.declined_at is None else None


def redone_from(case: Case) -> list[Stage]:
    """Return the steps from which a decided file can be done again, nearest first."""
    return [stage for stage in reversed(RETURNED_TO) if _was_reached(case, stage)]


def _was_reached(case: Case, stage: Stage) -> bool:
    level = next((level for level in Level if REACHES[STEP_OF_VOTE[level]] == stage), None)
    return level is None or case.passed(level) is not None


def redecided_from(case: Case) -> Stage:
    """Return the step from which another competent committee decides afresh: before its vote."""
    below = [one for one in redone_from(case) if one != Stage.COMPETENT_RESOLVED]
    return max(below, key=ORDER.index)


@transaction.atomic
def cancel_decision(
    review: DecisionReview,
    *,
    by: User,
    on: date,
    number: str,
    signed_on: date,
    signer: str,
    reason: str = "",
) -> Decision:
    """Cancel by a decision of its own what `review` asks for; return that decision.

    By another approver of the issuing body, who neither asked nor approved the first decision; of
    the competent one where the file now is, if the issuer is gone. A person who does not meet the
    standard, or never came: the file is closed. Wrong procedure: it goes back to the step named.
    Moved: it goes back before the vote of the competent body, another one's. After the ceremony the
    admission is reversed: it counts minus one from the day of this decision, whatever year that is.

    Raises PermissionDenied for others, DomainError where the request is answered, where `by` took
    part, or at the field that is wrong.
    """
    locked(review.decision.candidate, by=by, on=on)
    if Decision.objects.filter(supersedes=review.decision_id).exists():
        raise DomainError(_("This decision is cancelled already."))
    case = begin(review.decision.candidate, Step.CANCEL, by=by, on=on, happened_on=signed_on)
    file, decision = case.candidate, case.decided()
    _refuse_answered(case, review)
    if refusal := barred_from_cancelling(case, review, by=by):
        raise DomainError(refusal)
    if signed_on < review.asked_on:
        raise DomainError(
            fields={
                "signed_on": _("The day lies before the request, %(day)s.")
                % {"day": f"{review.asked_on:%d/%m/%Y}"}
            }
        )
    reason = names.written(reason) or review.reason
    cancelling = issue(
        case,
        kind=Decision.Kind.CANCEL,
        by=by,
        on=on,
        number=number,
        signed_on=signed_on,
        signer=signer,
        authority=_issuer(case),
        reason=reason,
        supersedes=decision,
        review=review,
    )
    admission = Admission.objects.standing().filter(candidate=file).select_related("cell").first()
    if admission is not None:
        undo_admission(
            admission, by=by, on=on, reason=f"{cancelling.number}: {reason}"[:300],
            decided_on=signed_on,
        )  # fmt: skip
    _move_on(case, review, cancelling)
    return cancelling


@transaction.atomic
def decline_cancellation(
    review: DecisionReview, *, by: User, on: date, reason: str
) -> DecisionReview:
    """Answer `review` with a no: the decision stands, the request stays with the reason.

    By whoever would cancel: another approver of the issuing body, who neither asked nor approved
    the decision. Another request may be made afterwards. Raises PermissionDenied for others,
    DomainError where the request is answered, where `by` took part, or at `reason`.
    """
    file = locked(review.decision.candidate, by=by, on=on)
    case = case_of(file, on=on)
    # Once the decision is cancelled there is no issuer left whose approver could be asked for.
    _refuse_answered(case, review)
    if not Rights.of(by, on=on, cells=[file.cell_id]).may(Permission.CANCEL, case):
        raise PermissionDenied
    if refusal := barred_from_cancelling(case, review, by=by):
        raise DomainError(refusal)
    reason = names.written(reason)
    if not reason:
        raise DomainError(fields={"reason": _("Say why the decision stands.")})
    review.declined_because, review.declined_by, review.declined_at = reason, by, AppNow()
    review.save(update_fields=["declined_because", "declined_by", "declined_at"])
    review.refresh_from_db()
    return review


def _refuse_answered(case: Case, review: DecisionReview) -> None:
    """Raise DomainError where `review` waits no more: cancelled, declined, or another came."""
    waiting = waiting_review(case)
    if waiting is None or waiting.pk != review.pk:
        raise DomainError(_("This request is answered already."))


def barred_from_cancelling(case: Case, review: DecisionReview, *, by: User) -> str | None:
    """Return why `by` does not answer `review`: a third person does, who took no part."""
    accounts = accounts_of_human(by)
    if review.entered_by_id in accounts:
        return _("You asked for it, so another approver answers.")
    if review.decision.approved_by_id in accounts:
        return _("You approved the decision, so another approver cancels it.")
    return part_taken(case, by=by)


def _issuer(case: Case) -> Body:
    competent, issuer = case.bodies.competent, case.issuer
    if competent and competent.organization_id == issuer:
        return competent
    organization = Organization.objects.get(pk=issuer or 0)
    return Body(organization.pk, str(organization), str(organization))


def _move_on(case: Case, review: DecisionReview, cancelling: Decision) -> None:
    """Record the cancellation and what becomes of the file: closed, or back to a step."""
    file, by, day = case.candidate, cancelling.approved_by, cancelling.signed_on
    also = ["course"]
    words = {
        "number": cancelling.number,
        "cancelled": review.decision.number,
        "ground": review.get_ground_display(),
    }
    milestone = Milestone(
        candidate=file,
        step=Step.CANCEL,
        on=day,
        entered_by=by,
        note=kept(
            lambda: (
                _("No. %(number)s cancels No. %(cancelled)s: %(ground)s")
                % {**words, "ground": Ground(review.ground).label}
            )
        ),
    )
    steps = [milestone]
    if review.back_to:
        milestone.back_to = review.back_to
        go_back(
            case,
            by=by,
            organization_id=cancelling.authority_id,
            level=Level.COMPETENT,
            on=day,
            back_to=review.back_to,
            reason=cancelling.reason,
        )
    else:
        file.closed_on, file.closed_reason = day, cancelling.reason
        also += ["closed_on", "closed_reason"]
        steps.append(
            Milestone(
                candidate=file, step=Step.CLOSE, on=day, entered_by=by, note=cancelling.reason
            )
        )
    record(file, steps, announced_on=day, also=also)
