"""Classes: planned by a political centre, filled by cells and committees, marked at the end.

Every operation on a class locks its row first and then the files it touches, in the order of their
keys: places are counted under that lock, so that two connections cannot overfill a class.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.cases import case_of
from admissions.guards import STEPS, refusal_of_stage
from admissions.models import AwarenessClass, Candidate, Certificate, Enrolment, Milestone, RuleSet
from admissions.models.awareness import TAKEN
from admissions.stages import Stage, Step, stage_after
from config import names
from config.errors import ConflictError, DomainError
from organizations.models import Ancestry, Organization, Role
from organizations.operations.people import own_records
from organizations.permissions import acts

from .preparation import certify
from .recording import begin, constraint_of, in_the_future, kept, no_rules, record

if TYPE_CHECKING:
    from organizations.models import User

States = Enrolment.State
WAITING = (States.PROPOSED, States.ACCEPTED)
"""Enrolments of which something is still to come; a file has at most one."""
RESULTS = (States.PASSED, States.FAILED, States.ABSENT)

COLUMNS = ("name", "centre", "starts_on", "ends_on", "enrol_by", "places", "sessions")
"""What is planned of a class and may be changed until it is held."""


@dataclass(frozen=True)
class Answer:
    """What the committee's staff says to one proposal; a refusal has a `reason`."""

    enrolment: int
    accepts: bool
    reason: str = ""


@dataclass(frozen=True)
class Mark:
    """A line of the roll: sessions attended, `result` one of `RESULTS` or empty, grade, number."""

    enrolment: int
    attended: int | None = None
    result: str = ""
    grade: str = ""
    number: str = ""


# ---------------------------------------------------------------- the class itself


@transaction.atomic
def plan_class(
    organization: Organization, *, by: User, on: date, kind: str, **columns: Any
) -> AwarenessClass:
    """Plan a class of `kind` that the political centre of `organization` holds.

    `columns` are all of `COLUMNS`. Its days may lie in the past: a class that was held already is
    entered late. Raises PermissionDenied where `by` is neither staff nor centre over
    `organization`, DomainError at what is impossible.
    """
    if not runs(by, organization, on=on):
        raise PermissionDenied
    if kind not in Certificate.Kind.values:
        raise DomainError(fields={"kind": _("There is no such class.")})
    written = _planned(columns)
    return AwarenessClass.objects.create(
        organization=organization, kind=kind, entered_by=by, **written
    )


def runs(user: User, organization: Organization, *, on: date) -> bool:
    """Say whether `user` plans, fills and marks classes of `organization` on day `on`."""
    return acts(user, Role.STAFF, Role.CENTRE, over=organization, on=on)


def _planned(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return `columns` tidied; DomainError at each that is impossible."""
    if unknown := set(columns) ^ set(COLUMNS):
        raise TypeError(f"not what is planned of a class: {sorted(unknown)}")
    found = {**columns, **{name: names.written(columns[name]) for name in ("name", "centre")}}
    refusals = {}
    if not found["name"]:
        refusals["name"] = _("Enter the name of the class.")
    if not found["centre"]:
        refusals["centre"] = _("Enter which political centre holds it.")
    if found["ends_on"] < found["starts_on"]:
        refusals["ends_on"] = _("The last day lies before the first.")
    elif found["enrol_by"] > found["ends_on"]:
        refusals["enrol_by"] = _("Names cannot be due after the last day of the class.")
    if found["places"] < 1:
        refusals["places"] = _("A class has at least one place.")
    if found["sessions"] < 1:
        refusals["sessions"] = _("A class has at least one session.")
    if refusals:
        raise DomainError(fields=refusals)
    return found


@transaction.atomic
def change_class(
    school: AwarenessClass, *, by: User, on: date, version: int, **columns: Any
) -> AwarenessClass:
    """Change what was planned; all of `COLUMNS`. Only until results are entered.

    Raises PermissionDenied where `by` does not run the class, ConflictError where it is no longer
    at `version`, DomainError at what is impossible: fewer places than are taken, a last day before
    an answer that was given.
    """
    locked = _locked_class(school, by=by, on=on, version=version)
    _refuse_unless_planned(locked)
    written = _planned(columns)
    taken = locked.enrolments.filter(state__in=TAKEN).count()
    if written["places"] < taken:
        raise DomainError(
            fields={
                "places": _("%(taken)s places are taken already.") % {"taken": taken},
            }
        )
    for name, value in written.items():
        setattr(locked, name, value)
    _save(locked, *written)
    return locked


@transaction.atomic
def cancel_class(
    school: AwarenessClass, *, by: User, on: date, version: int, reason: str
) -> AwarenessClass:
    """Cancel a class that has no results yet; those proposed or accepted are free for another.

    Raises as `change_class`; DomainError at `reason` without one.
    """
    locked = _locked_class(school, by=by, on=on, version=version)
    _refuse_unless_planned(locked)
    reason = names.written(reason)
    if not reason:
        raise DomainError(fields={"reason": _("Write the reason.")})
    locked.state, locked.cancelled_because = AwarenessClass.State.CANCELLED, reason
    _save(locked, "state", "cancelled_because")
    waiting = list(locked.enrolments.filter(state__in=WAITING))
    files = _locked_files(one.candidate_id for one in waiting)
    for enrolment in waiting:
        was = enrolment.state
        told = kept(lambda: _("Class cancelled: %(reason)s") % {"reason": reason})
        _set_state(enrolment, States.WITHDRAWN, by=by, on=on, reason=told)
        if was == States.ACCEPTED:
            _back_from_class(files[enrolment.candidate_id], locked, by=by, on=on, words=told)
    return locked


def _locked_class(
    school: AwarenessClass, *, by: User, on: date, version: int | None = None
) -> AwarenessClass:
    """Return the class as it stands, locked; for those who run it."""
    locked = _lock(school)
    if not runs(by, locked.organization, on=on):
        raise PermissionDenied
    if version is not None and locked.version != version:
        raise ConflictError(_("Somebody changed the class in the meantime."))
    return locked


def _lock(school: AwarenessClass) -> AwarenessClass:
    rows = AwarenessClass.objects.select_for_update(of=("self",)).select_related("organization")
    return rows.get(pk=school.pk)


def _refuse_unless_planned(school: AwarenessClass) -> None:
    if school.state == AwarenessClass.State.CANCELLED:
        raise DomainError(_("The class is cancelled."))
    if school.state == AwarenessClass.State.HELD:
        raise DomainError(_("Results of the class are entered: it is no longer changed."))


def _save(school: AwarenessClass, *columns: str) -> None:
    school.version += 1
    school.save(update_fields=[*columns, "version"])


def _locked_files(keys: Any) -> dict[int, Candidate]:
    """Return {id: file} of `keys`, locked in the order of their keys."""
    rows = (
        Candidate.objects.select_for_update(of=("self",))
        .select_related("person", "cell", "rules")
        .filter(pk__in=set(keys))
        .order_by("pk")
    )
    return {file.pk: file for file in rows}


# ---------------------------------------------------------------- names


def propose(
    candidate: Candidate, *, by: User, on: date, school: AwarenessClass, proposed_on: date
) -> Enrolment:
    """Propose the candidate for a class, as the cell resolved on `proposed_on`.

    Raises PermissionDenied where `by` is not secretary over the cell or the class is none of an
    organisation above it; DomainError at `school` or `proposed_on` where it cannot be.
    """
    with transaction.atomic():
        return _propose(candidate, _lock(school), by=by, on=on, proposed_on=proposed_on)


@transaction.atomic
def propose_several(
    school: AwarenessClass,
    *,
    by: User,
    on: date,
    candidates: Collection[Candidate],
    proposed_on: date,
) -> list[Enrolment]:
    """Propose several candidates at once, all or none; raises as `propose`, at `candidates`."""
    if not candidates:
        raise DomainError(fields={"candidates": _("Choose at least one candidate.")})
    locked = _lock(school)
    made, told = [], []
    for candidate in sorted(candidates, key=lambda one: one.pk):
        try:
            with transaction.atomic():
                made.append(_propose(candidate, locked, by=by, on=on, proposed_on=proposed_on))
        except DomainError as error:
            if len(candidates) == 1:
                raise
            told.append(f"{candidate.person}: {error}")
    if told:
        raise DomainError(fields={"candidates": " ".join(told)})
    return made


def _propose(
    candidate: Candidate, school: AwarenessClass, *, by: User, on: date, proposed_on: date
) -> Enrolment:
    case = begin(candidate, Step.ENROL, by=by, on=on, happened_on=proposed_on)
    file = case.candidate
    if not is_above(school, file.cell_id, on=on):
        raise PermissionDenied
    if school.state == AwarenessClass.State.CANCELLED:
        raise DomainError(fields={"school": _("The class is cancelled.")})
    if refusal := _refusal_of_kind(school, file):
        raise DomainError(fields={"school": refusal})
    if proposed_on > school.enrol_by:
        raise DomainError(
            fields={
                "proposed_on": _("Names for “%(class)s” were due by %(day)s.")
                % {"class": school, "day": f"{school.enrol_by:%d/%m/%Y}"}
            }
        )
    enrolment = school.enrolments.filter(candidate=file).first() or Enrolment(
        school=school, candidate=file
    )
    if enrolment.pk and enrolment.state not in {States.REFUSED, States.WITHDRAWN}:
        raise DomainError(
            fields={"school": _("%(person)s is in this class already.") % {"person": file.person}}
        )
    enrolment.state, enrolment.reason = States.PROPOSED, ""
    enrolment.proposed_on, enrolment.answered_on = proposed_on, None
    enrolment.answered_by = None
    try:
        with transaction.atomic():
            if enrolment.pk:
                enrolment.save(
                    update_fields=["state", "reason", "proposed_on", "answered_on", "answered_by"]
                )
            else:
                enrolment.entered_by = by
                enrolment.save()
    except IntegrityError as error:
        if constraint_of(error) != "enrolment_one_open_per_candidate":
            raise
        raise DomainError(
            fields={
                "school": _("%(person)s is proposed for another class already.")
                % {"person": file.person}
            }
        ) from error
    return enrolment


def is_above(school: AwarenessClass, cell: int, *, on: date) -> bool:
    """Say whether the class is one of an organisation over `cell` (an id) on day `on`."""
    line = Ancestry.objects.on(on).filter(descendant=cell, ancestor=school.organization_id)
    return line.exists()


def _refusal_of_kind(school: AwarenessClass, file: Candidate) -> str | None:
    if kind_for(file) == school.kind:
        return None
    if school.kind == Certificate.Kind.NEW_MEMBER:
        return _("This class is for members on probation.")
    return _("This class is for people who are not members yet.")


def kind_for(file: Candidate) -> str:
    """Return which class the file's person attends: after the ceremony that for new members."""
    return str(
        Certificate.Kind.NEW_MEMBER if file.stage == Stage.ADMITTED else Certificate.Kind.AWARENESS
    )


@transaction.atomic
def answer_proposals(
    school: AwarenessClass, *, by: User, on: date, answers: Sequence[Answer], answered_on: date
) -> list[Enrolment]:
    """Accept or refuse what cells proposed, all of `answers` or none; never beyond the places.

    With acceptance to the awareness class the file is sent to the class. Raises PermissionDenied
    where `by` is not staff over the cell of each, DomainError at `answer-<enrolment>`,
    `reason-<enrolment>` or `answered_on`.
    """
    if not answers:
        raise DomainError(_("Answer at least one proposal."))
    locked = _lock(school)
    if answered_on > on:
        raise in_the_future(answered_on, field="answered_on")
    if locked.state == AwarenessClass.State.CANCELLED:
        raise DomainError(_("The class is cancelled."))
    if answered_on > locked.ends_on:
        raise DomainError(
            fields={
                "answered_on": _("The class was over on %(day)s.")
                % {"day": f"{locked.ends_on:%d/%m/%Y}"}
            }
        )
    enrolments = {
        one.pk: one for one in locked.enrolments.filter(pk__in=[each.enrolment for each in answers])
    }
    files = _locked_files(one.candidate_id for one in enrolments.values())
    taken = locked.enrolments.filter(state__in=TAKEN).count()
    refusals: dict[str, str] = {}
    own = own_records(by)
    for answer in answers:
        enrolment = enrolments.get(answer.enrolment)
        if enrolment is None:
            raise PermissionDenied
        file = files[enrolment.candidate_id]
        if file.person_id in own:
            raise PermissionDenied
        if not acts(by, Role.STAFF, over=file.cell, on=on):
            raise PermissionDenied
        taken += answer.accepts
        for argument, words in _refusals_of_answer(
            answer, enrolment, file, locked, answered_on=answered_on, taken=taken
        ).items():
            refusals[f"{argument}-{enrolment.pk}"] = words
    if refusals:
        raise DomainError(fields=refusals)
    for answer in answers:
        enrolment = enrolments[answer.enrolment]
        if not answer.accepts:
            reason = names.written(answer.reason)
            _set_state(enrolment, States.REFUSED, by=by, on=answered_on, reason=reason)
            continue
        _set_state(enrolment, States.ACCEPTED, by=by, on=answered_on)
        if locked.kind == Certificate.Kind.AWARENESS:
            _record_sent(files[enrolment.candidate_id], enrolment, locked, by=by)
    return list(enrolments.values())


def _refusals_of_answer(
    answer: Answer,
    enrolment: Enrolment,
    file: Candidate,
    school: AwarenessClass,
    *,
    answered_on: date,
    taken: int,
) -> dict[str, str]:
    if enrolment.state != States.PROPOSED:
        return {"answer": _("This proposal was answered in the meantime.")}
    if answered_on < enrolment.proposed_on:
        return {
            "answer": _("The cell proposed the person later, on %(day)s.")
            % {"day": f"{enrolment.proposed_on:%d/%m/%Y}"}
        }
    if not answer.accepts:
        return {} if names.written(answer.reason) else {"reason": _("Write the reason.")}
    if taken > school.places:
        return {
            "answer": _("All %(places)s places of the class are taken.") % {"places": school.places}
        }
    if refusal := refusal_of_stage(Step.ENROL, file):
        return {"answer": refusal}
    return {}


def _set_state(enrolment: Enrolment, state: str, *, by: User, on: date, reason: str = "") -> None:
    enrolment.state, enrolment.answered_on, enrolment.answered_by = state, on, by
    enrolment.reason = reason
    enrolment.save(update_fields=["state", "answered_on", "answered_by", "reason"])


def _record_sent(
    file: Candidate, enrolment: Enrolment, school: AwarenessClass, *, by: User
) -> None:
    on = enrolment.answered_on or enrolment.proposed_on
    milestone = Milestone(
        candidate=file,
        step=Step.ENROL,
        on=on,
        decided_on=enrolment.proposed_on,
        entered_by=by,
        note=f"{school.name}, {school.centre}"[:300],
    )
    record(file, [milestone], announced_on=on)


@transaction.atomic
def withdraw(enrolment: Enrolment, *, by: User, on: date, reason: str) -> Enrolment:
    """Take back a proposal or a place before there is a result; the place is free again.

    Raises PermissionDenied where `by` is not secretary over the cell or it is their own file,
    DomainError at `reason` without one, or where there is a result.
    """
    locked = _lock(enrolment.school)
    found = locked.enrolments.get(pk=enrolment.pk)
    file = _locked_files([found.candidate_id])[found.candidate_id]
    if file.person_id in own_records(by):
        raise PermissionDenied
    if not acts(by, Role.SECRETARY, over=file.cell, on=on):
        raise PermissionDenied
    if found.state not in WAITING:
        raise DomainError(_("There is nothing to take back any more."))
    reason = names.written(reason)
    if not reason:
        raise DomainError(fields={"reason": _("Write the reason.")})
    was = found.state
    _set_state(found, States.WITHDRAWN, by=by, on=on, reason=reason)
    if was == States.ACCEPTED:
        _back_from_class(file, locked, by=by, on=on, words=reason)
    return found


def _back_from_class(
    file: Candidate, school: AwarenessClass, *, by: User, on: date, words: str
) -> None:
    """Correct that the file was sent to the class, where that is how far it had come."""
    if school.kind != Certificate.Kind.AWARENESS or file.stage != Stage.ENROLLED:
        return
    made = list(file.milestones.all())
    undone = {one.corrects_id for one in made}
    sent = [one for one in made if one.step == Step.ENROL and not one.back_to]
    sent = [one for one in sent if one.pk not in undone]
    others = [one.step for one in made if one.step != Step.ENROL]
    milestone = Milestone(
        candidate=file,
        step=Step.ENROL,
        on=on,
        entered_by=by,
        note=words[:300],
        back_to=stage_after(others),
        corrects=sent[-1] if sent else None,
    )
    record(file, [milestone], announced_on=on)


# ---------------------------------------------------------------- results


@transaction.atomic
def mark_roll(
    school: AwarenessClass,
    *,
    by: User,
    on: date,
    version: int,
    marks: Sequence[Mark],
    issued_on: date | None = None,
) -> AwarenessClass:
    """Enter attendance, results and certificate numbers of the whole roll, all or none.

    Who passed with a number gets the certificate, issued by the centre on `issued_on`; its last
    day is fixed by the rules of that day. Without a number it may follow. What has a certificate
    is not changed here any more. Raises PermissionDenied where `by` does not run the class,
    ConflictError where it is no longer at `version`, DomainError at `<argument>-<enrolment>` or
    `issued_on`.
    """
    locked = _locked_class(school, by=by, on=on, version=version)
    if locked.state == AwarenessClass.State.CANCELLED:
        raise DomainError(_("The class is cancelled."))
    roll = {one.pk: one for one in locked.enrolments.filter(state__in=TAKEN)}
    if any(mark.enrolment not in roll for mark in marks):
        # Withdrawn meanwhile, which does not change the class's version.
        raise DomainError(_("Somebody on the roll was withdrawn meanwhile. Open the page again."))
    changed = [mark for mark in marks if _changes(roll[mark.enrolment], mark)]
    files = _locked_files(roll[mark.enrolment].candidate_id for mark in changed)
    if own_records(by) & {one.person_id for one in files.values()}:
        raise PermissionDenied
    _refuse_marks(changed, roll, locked, on=on, issued_on=issued_on)
    refusals: dict[str, str] = {}
    for mark in changed:
        enrolment = roll[mark.enrolment]
        file = files[enrolment.candidate_id]
        try:
            with transaction.atomic():
                _mark(enrolment, mark, file, locked, by=by, on=on, issued_on=issued_on)
        except DomainError as error:
            for argument, sentence in error.fields.items():
                at_page = argument == "issued_on"
                refusals[argument if at_page else f"{argument}-{enrolment.pk}"] = sentence
            if error.sentence:
                refusals[f"number-{enrolment.pk}"] = error.sentence
    if refusals:
        raise DomainError(fields=refusals)
    if any(mark.result for mark in changed):
        locked.state = AwarenessClass.State.HELD
    _save(locked, "state")
    return locked


def _changes(enrolment: Enrolment, mark: Mark) -> bool:
    if enrolment.certificate_id:
        return False
    result = enrolment.state if enrolment.state in RESULTS else ""
    seen = (enrolment.attended, result, enrolment.grade, "")
    typed = (mark.attended, mark.result, names.written(mark.grade), names.written(mark.number))
    return seen != typed


def _refuse_marks(
    marks: Sequence[Mark],
    roll: Mapping[int, Enrolment],
    school: AwarenessClass,
    *,
    on: date,
    issued_on: date | None,
) -> None:
    refusals: dict[str, str] = {}
    if marks and on < school.starts_on:
        raise DomainError(
            _("The class begins on %(day)s: there is nothing to enter yet.")
            % {"day": f"{school.starts_on:%d/%m/%Y}"}
        )
    for mark in marks:
        for argument, words in _refusals_of_mark(mark, roll[mark.enrolment], school, on=on).items():
            refusals[f"{argument}-{mark.enrolment}"] = words
    if any(names.written(mark.number) for mark in marks):
        if issued_on is None:
            refusals["issued_on"] = _("Enter the day on which the certificates were issued.")
        elif issued_on > on:
            raise in_the_future(issued_on, field="issued_on")
        elif issued_on < school.ends_on:
            refusals["issued_on"] = _(
                "Certificates are issued after the class, from %(day)s on."
            ) % {"day": f"{school.ends_on:%d/%m/%Y}"}
    if refusals:
        raise DomainError(fields=refusals)


def _refusals_of_mark(
    mark: Mark, enrolment: Enrolment, school: AwarenessClass, *, on: date
) -> dict[str, str]:
    found: dict[str, str] = {}
    if mark.result and mark.result not in RESULTS:
        found["result"] = _("There is no such result.")
    elif mark.result and on < school.ends_on:
        found["result"] = _("The class ends on %(day)s: there is no result before.") % {
            "day": f"{school.ends_on:%d/%m/%Y}"
        }
    elif not mark.result and enrolment.state != States.ACCEPTED:
        found["result"] = _("A result may be corrected, not taken away.")
    if mark.attended is not None and not 0 <= mark.attended <= school.sessions:
        found["attended"] = _("The class has %(sessions)s sessions.") % {
            "sessions": school.sessions
        }
    elif mark.attended and mark.result == States.ABSENT:
        found["attended"] = _("Who did not attend was at no session.")
    elif mark.attended == 0 and mark.result == States.PASSED:
        found["attended"] = _("Who passed was at one session at least.")
    if names.written(mark.number) and mark.result != States.PASSED:
        found["number"] = _("Only who passed gets a certificate.")
    return found


def _mark(
    enrolment: Enrolment,
    mark: Mark,
    file: Candidate,
    school: AwarenessClass,
    *,
    by: User,
    on: date,
    issued_on: date | None,
) -> None:
    was = enrolment.state
    enrolment.attended = mark.attended
    enrolment.grade = names.written(mark.grade)
    if mark.result:
        enrolment.state = mark.result
    if (number := names.written(mark.number)) and issued_on is not None:
        enrolment.certificate = _issue(
            file, school, by=by, on=on, number=number, issued_on=issued_on
        )
    enrolment.save(update_fields=["attended", "grade", "state", "certificate"])
    if was == States.ACCEPTED and mark.result in {States.FAILED, States.ABSENT}:
        words = kept(lambda: str(States(mark.result).label))
        _back_from_class(file, school, by=by, on=max(school.ends_on, _sent_on(file)), words=words)


def _sent_on(file: Candidate) -> date:
    return max(one.on for one in file.milestones.all())


def _issue(
    file: Candidate, school: AwarenessClass, *, by: User, on: date, number: str, issued_on: date
) -> Certificate:
    try:
        case = case_of(file, on=issued_on)
    except RuleSet.DoesNotExist:
        raise no_rules(issued_on, field="issued_on") from None
    if school.kind == Certificate.Kind.NEW_MEMBER:
        # The awareness class's certificate is a fact whatever became of the file meanwhile.
        refusals = STEPS[Step.CERTIFY_NEW_MEMBER].refusals(case)
        if refusals:
            raise DomainError(fields={"number": " ".join(refusals)})
    return certify(case, by=by, on=on, number=number, issuer=school.centre, kind=school.kind)


@transaction.atomic
def issue_new_member_certificate(
    candidate: Candidate, *, by: User, on: date, number: str, issuer: str, issued_on: date
) -> Certificate:
    """Record the certificate of the class for new members of somebody on probation.

    Raises PermissionDenied where `by` is not secretary over the cell, DomainError at an impossible
    day or a number that this issuer has given already.
    """
    case = begin(candidate, Step.CERTIFY_NEW_MEMBER, by=by, on=on, happened_on=issued_on)
    kind = Certificate.Kind.NEW_MEMBER
    return certify(case, by=by, on=on, number=number, issuer=issuer, kind=kind)
