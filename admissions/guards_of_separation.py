"""Who took part in a case approves no decision of it, and who approved one takes no further part.

One human being may have several records, where duplicates were merged, and so several accounts:
all of them count as one. The database refuses the same (`models.separation`).
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from admissions.cases import Case
from admissions.models import Ballot, Candidate, Decision, Introducer, Mentorship, Milestone
from admissions.models.separation import PROPOSING
from organizations.models import Person, User
from organizations.models.relative import own_people_of
from organizations.permissions import accounts_of_human, kept_of, same_human


def part_taken(case: Case, *, by: User) -> str | None:
    """Return what part `by` took in the case that bars them from approving it, or None.

    SoD-1 to SoD-3 and SoD-5 of trust.md c.3: not who proposed, recorded a ballot, helps or
    introduces; nor, while a cancelled decision is not replaced, who cancelled it or asked for it.
    """
    file, me, accounts = case.candidate, _kept_id(by), accounts_of_human(by)
    if file.entered_by_id in accounts:
        return _("You logged this candidate, so another approver records the decision.")
    if any(
        one.step in PROPOSING and one.entered_by_id in accounts for one in file.milestones.all()
    ):
        return _(
            "You recorded a step by which this case was proposed, so another approver records the"
            " decision."
        )
    if any(ballot.entered_by_id in accounts for ballot in file.ballots.all()):
        return _("You recorded a vote of this case, so another approver records the decision.")
    if me is not None and me in {helping.mentor.kept_id for helping in file.mentorships.all()}:
        return _("You help this candidate, so another approver records the decision.")
    if me is not None and me in {
        one.person.kept_id for one in file.introducers.all() if one.person
    }:
        return _("You introduce this candidate, so another approver records the decision.")
    cancellation = cancelled(case)
    asked = cancellation.review if cancellation else None
    if cancellation and cancellation.approved_by_id in accounts:
        return _("You cancelled the decision before, so another approver records the next one.")
    if asked and asked.entered_by_id in accounts:
        return _(
            "You asked that the decision before be cancelled, so another approver records the"
            " next one."
        )
    return None


def cancelled(case: Case) -> Decision | None:
    """Return the cancellation that the next decision to admit supersedes, if there is one."""
    made = list(case.candidate.decisions.all())
    superseded = {one.supersedes_id for one in made}
    return next(
        (one for one in made if one.kind == Decision.Kind.CANCEL and one.pk not in superseded), None
    )


def decided_by(case: Case, person: Person) -> str | None:
    """Return why `person` neither helps nor introduces: they approved a decision; or None."""
    approvers = {one.approved_by_id for one in case.candidate.decisions.all()}
    if not approvers or not _accounts_of(person.kept_id).filter(pk__in=approvers).exists():
        return None
    return _("%(person)s approved a decision of this case and takes no other part in it.") % {
        "person": person
    }


def decided_already(case: Case, *, by: User) -> str | None:
    """Return why `by` records no vote: they approved a decision of the case; or None."""
    approvers = {one.approved_by_id for one in case.candidate.decisions.all()}
    if not approvers & accounts_of_human(by):
        return None
    return _("You approved a decision of this case, so somebody else records the vote.")


def _kept_id(by: User) -> int | None:
    """Return the key of the record that is kept of the person of `by`, as it is now."""
    return Person.objects.get(pk=by.person_id).kept_id if by.person_id is not None else None


def _accounts_of(kept: int) -> QuerySet[User]:
    """Return the accounts of the person whose kept record is `kept`."""
    return User.objects.filter(Q(person=kept) | Q(person__merged_into=kept))


def touched_by(by: User) -> QuerySet[Candidate]:
    """Return the files in which `by` took part or approved, as `part_taken` and `decided_already`.

    For an `__in`; also their own and those of relatives whom they declared.
    """
    accounts, kept = same_human(by), kept_of(by)
    of_file = {"candidate": OuterRef("pk")}
    helping = Mentorship.objects.filter(**of_file)
    introducing = Introducer.objects.filter(**of_file)
    return Candidate.objects.filter(
        Q(entered_by__in=accounts)
        | Q(person__in=own_people_of(by))
        | Exists(Milestone.objects.filter(**of_file, step__in=PROPOSING, entered_by__in=accounts))
        | Exists(Ballot.objects.filter(**of_file, entered_by__in=accounts))
        | Exists(Decision.objects.filter(**of_file, approved_by__in=accounts))
        | Exists(helping.filter(Q(mentor__in=kept) | Q(mentor__merged_into__in=kept)))
        | Exists(introducing.filter(Q(person__in=kept) | Q(person__merged_into__in=kept)))
    )
