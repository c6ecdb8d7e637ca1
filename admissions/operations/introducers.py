"""Who introduces a candidate: named, ended with a reason, replaced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.cases import Case, case_of
from admissions.guards_of_separation import decided_by
from admissions.models import Candidate, Introducer, Milestone
from admissions.rules import add_months
from admissions.stages import Level, Step
from config import names
from config.errors import DomainError
from organizations.models import Membership, Person

from .preparation import same_unit
from .recording import before_birth, begin, constraint_of, kept, record

if TYPE_CHECKING:
    from organizations.models import User


@transaction.atomic
def name_introducer(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    kind: str,
    named_on: date,
    person: Person | None = None,
    union: str = "",
    together_since: date | None = None,
) -> Introducer:
    """Name one who introduces, a member or a union, as `name_introducers`; return the row.

    The arguments of a DomainError are those of this operation.
    """
    case = begin(candidate, Step.INTRODUCE, by=by, on=on, happened_on=named_on)
    if Introducer.Kind(kind) == Introducer.Kind.MEMBER:
        introducer = _name_member(case, person, together_since, by=by, named_on=named_on)
    else:
        introducer = _name_union(case, union, by=by, kind=kind, named_on=named_on)
    _record(case, by=by, day=named_on, note=str(introducer))
    return introducer


@transaction.atomic
def name_introducers(
    candidate: Candidate,
    *,
    by: User,
    on: date,
    named_on: date,
    members: Sequence[tuple[Person | None, date | None]] = (),
    union: str = "",
    kind: str = Introducer.Kind.YOUTH_UNION,
) -> list[Introducer]:
    """Name who introduces, all of them on one day; return the rows. One milestone for all.

    `members` are (who, together with the candidate since when), pairs of nothing passed over. Each
    is official on `named_on`, in the same grassroots organisation, and has worked, studied or lived
    with the candidate for the months of the rule set (HD 06-HD/TW 2025, point 3). Spouses and
    relatives are not refused: `eligibility.introduced_by_a_relative` warns. `union` is the
    organisation that resolved, of `kind`; empty where none does.

    Raises PermissionDenied where `by` does not prepare the file, DomainError at `person-1`,
    `together_since-1`, … by their place in `members`, at `union` or `named_on`.
    """
    case = begin(candidate, Step.INTRODUCE, by=by, on=on, happened_on=named_on)
    named: list[Introducer] = []
    refusals: dict[str, str] = {}
    for place, (person, since) in enumerate(members, start=1):
        if person is None and since is None:
            continue
        try:
            named.append(_name_member(case, person, since, by=by, named_on=named_on))
        except DomainError as error:
            refusals |= {f"{name}-{place}": said for name, said in error.fields.items()}
    if names.written(union):
        try:
            named.append(_name_union(case, union, by=by, kind=kind, named_on=named_on))
        except DomainError as error:
            refusals["union"] = " ".join(error.fields.values())
    if not named and not refusals:
        refusals["person-1"] = _("Choose who introduces.")
    if refusals:
        raise DomainError(fields=refusals)
    _record(case, by=by, day=named_on, note="; ".join(str(one) for one in named))
    return named


@transaction.atomic
def end_introducer(
    introducer: Introducer,
    *,
    by: User,
    on: date,
    ended_on: date,
    reason: str,
    successor: Person | None = None,
) -> Introducer:
    """End an introduction: the member moved, was disciplined or cannot go on; return the row.

    The cell assigns `successor`, another official member, in the same step: of that one no months
    together are asked (HD 06-HD/TW 2025, point 3). Raises PermissionDenied where `by` does not
    prepare the file, DomainError at `ended_on`, `reason` or `successor`.
    """
    case = begin(introducer.candidate, Step.INTRODUCE, by=by, on=on, happened_on=ended_on)
    ending = Introducer.objects.select_for_update(of=("self",)).get(pk=introducer.pk)
    if ending.candidate_id != case.candidate.pk:
        raise PermissionDenied
    reason = names.written(reason)
    refusals = {}
    if ending.ended_on:
        refusals["ended_on"] = _("Ended already, on %(day)s.") % {
            "day": f"{ending.ended_on:%d/%m/%Y}"
        }
    elif ended_on < ending.named_on:
        refusals["ended_on"] = _("The day lies before the naming, on %(day)s.") % {
            "day": f"{ending.named_on:%d/%m/%Y}"
        }
    elif successor is None and (sentence := _counted(case, ended_on=ended_on, on=on)):
        refusals["ended_on"] = sentence
    if not reason:
        refusals["reason"] = _("Say why this introduction ends.")
    if successor and ending.kind != Introducer.Kind.MEMBER:
        refusals["successor"] = _("A union is not replaced by a member.")
    if refusals:
        raise DomainError(fields=refusals)
    ending.ended_on, ending.ended_because = ended_on, reason
    ending.save(update_fields=["ended_on", "ended_because"])
    if successor:
        _refuse_member(case, successor, named_on=ended_on, field="successor")
        _write(
            case, by=by, kind=Introducer.Kind.MEMBER, person=successor, named_on=ended_on,
            replaces=ending, field="successor",
        )  # fmt: skip
    note = kept(
        lambda: (
            (
                _("%(old)s no longer introduces (%(reason)s); now %(new)s")
                if successor
                else _("%(old)s no longer introduces (%(reason)s)")
            )
            % {"old": ending, "reason": reason, "new": successor}
        )
    )
    _record(case, by=by, day=ended_on, note=note)
    return ending


def _counted(case: Case, *, ended_on: date, on: date) -> str | None:
    """Return the vote of the cell that counted on who introduces on its day; None after it."""
    vote = case_of(case.candidate, on=on).passed(Level.CELL)
    if vote is None or ended_on > vote.held_on:
        return None
    return _("The vote of %(day)s counted on this introduction: it ends after that day.") % {
        "day": f"{vote.held_on:%d/%m/%Y}"
    }


def _name_member(
    case: Case, person: Person | None, since: date | None, *, by: User, named_on: date
) -> Introducer:
    _refuse_member(case, person, named_on=named_on)
    if case.taken_over is None:
        # Somebody who moved is introduced at the new place however short the time together
        # (HD 06-HD/TW 2025, 3.9).
        _refuse_stranger(case, since, named_on=named_on)
    return _write(
        case, by=by, kind=Introducer.Kind.MEMBER, person=person, together_since=since,
        named_on=named_on,
    )  # fmt: skip


def _name_union(case: Case, union: str, *, by: User, kind: str, named_on: date) -> Introducer:
    union = names.written(union)
    if not union:
        raise DomainError(fields={"union": _("Enter which union introduces.")})
    if kind == Introducer.Kind.YOUTH_UNION and not case.candidate.person.is_youth_union_member:
        raise DomainError(fields={"kind": _("The candidate is not a member of the Youth Union.")})
    return _write(case, by=by, kind=kind, union=union, named_on=named_on)


def _record(case: Case, *, by: User, day: date, note: str) -> None:
    milestone = Milestone(
        candidate=case.candidate, step=Step.INTRODUCE, on=day, entered_by=by, note=note[:300]
    )
    record(case.candidate, [milestone], announced_on=day)


def _refuse_member(
    case: Case, person: Person | None, *, named_on: date, field: str = "person"
) -> None:
    file = case.candidate
    if person is None:
        raise DomainError(fields={field: _("Choose who introduces.")})
    if person.pk == file.person_id:
        raise DomainError(fields={field: _("Nobody introduces themselves.")})
    if sentence := decided_by(case, person):
        raise DomainError(fields={field: sentence})
    membership = Membership.objects.on(named_on).official().filter(person=person).first()
    cell = file.cell_on(named_on)
    if membership is None or not same_unit(membership.cell_id, cell, on=named_on):
        raise DomainError(
            fields={
                field: _(
                    "On %(day)s %(person)s is not an official member of the same grassroots"
                    " organisation."
                )
                % {"day": f"{named_on:%d/%m/%Y}", "person": person}
            }
        )


def _refuse_stranger(case: Case, since: date | None, *, named_on: date) -> None:
    """Refuse who is not together with the candidate for the months of the rules."""
    if since is None:
        raise DomainError(fields={"together_since": _("Enter since when they are together.")})
    if since <= case.candidate.person.born_on:
        raise before_birth(since, field="together_since")
    first = add_months(since, case.rules.introducer_months)
    if named_on < first:
        raise DomainError(
            fields={
                "together_since": _(
                    "Who introduces has worked, studied or lived with the candidate for at least"
                    " %(months)s months: from %(day)s on (%(rules)s)."
                )
                % {
                    "months": case.rules.introducer_months,
                    "day": f"{first:%d/%m/%Y}",
                    "rules": case.rules.code,
                }
            }
        )


def _write(
    case: Case,
    *,
    by: User,
    kind: str,
    named_on: date,
    person: Person | None = None,
    union: str = "",
    together_since: date | None = None,
    replaces: Introducer | None = None,
    field: str = "person",
) -> Introducer:
    try:
        with transaction.atomic():
            return Introducer.objects.create(
                candidate=case.candidate,
                kind=kind,
                person=person,
                union=union,
                together_since=together_since,
                named_on=named_on,
                replaces=replaces,
                entered_by=by,
            )
    except IntegrityError as error:
        constraint = constraint_of(error)
        if constraint == "introducer_once_per_member":
            words = _("%(person)s introduces the candidate already.") % {"person": person}
            raise DomainError(fields={field: words}) from error
        if constraint == "introducer_one_union":
            words = _("A union introduces the candidate already.")
            raise DomainError(fields={"union": words}) from error
        raise
