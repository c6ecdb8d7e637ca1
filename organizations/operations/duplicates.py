"""Two records of one person: found, and merged by a decision that two people carry."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from config import names
from config.clock import AppNow
from config.errors import DomainError
from config.periods import between
from config.rows import beyond_scope
from organizations.models import (
    Appointment,
    Membership,
    Organization,
    Person,
    PersonMerge,
    Role,
    Transfer,
    User,
)
from organizations.models.person import PersonQuerySet
from organizations.permissions import acts, is_one_human
from organizations.rights import APPROVE_MERGE, ASK_MERGE

from .people import is_own_record, leave, shorten_stay
from .seals import refuse_sealed

MOST_PAIRS = 500
"""So many pairs are shown at once; what is answered makes room for the others."""


@dataclass(frozen=True)
class Pair:
    """Two records that may be one person: of one number, or of one name and birth date."""

    first: Person
    second: Person
    by_number: bool


def pairs_of(user: User, *, on: date) -> list[Pair]:
    """Return the pairs within what `user` keeps as staff, at most `MOST_PAIRS`, by given name.

    Names are compared without diacritics. Pairs that were asked about, whatever the answer, and
    records that were merged are not among them. Five queries, however many there are.
    """
    scope = _kept_by(user, on=on)
    numbered = scope.exclude(citizen_id_hash="").order_by()
    shared = numbered.values("citizen_id_hash").annotate(n=Count("pk")).filter(n__gt=1)
    named = scope.order_by().values("born_on", "name_search").annotate(n=Count("pk"))
    same_name = named.filter(
        n__gt=1, born_on=OuterRef("born_on"), name_search=OuterRef("name_search")
    )
    found = scope.filter(
        Q(citizen_id_hash__in=shared.values("citizen_id_hash")) | Exists(same_name)
    ).order_by("name_order", "pk")[: 2 * MOST_PAIRS]
    people = list(found)
    asked = {
        frozenset(pair)
        for pair in PersonMerge.objects.filter(kept__in=people, duplicate__in=people).values_list(
            "kept", "duplicate"
        )
    }
    pairs: dict[frozenset[int], Pair] = {}
    for by_number, group in _groups(people):
        for first, second in combinations(group, 2):
            key = frozenset((first.pk, second.pk))
            if key not in asked:
                pairs.setdefault(key, Pair(first, second, by_number))
    order = {person.pk: place for place, person in enumerate(people)}
    return sorted(pairs.values(), key=lambda pair: order[pair.first.pk])[:MOST_PAIRS]


def _groups(people: list[Person]) -> Iterable[tuple[bool, list[Person]]]:
    by_number: dict[str, list[Person]] = {}
    by_name: dict[tuple[date, str], list[Person]] = {}
    for person in people:
        if person.citizen_id_hash:
            by_number.setdefault(person.citizen_id_hash, []).append(person)
        by_name.setdefault((person.born_on, person.name_search), []).append(person)
    yield from ((True, group) for group in by_number.values())
    yield from ((False, group) for group in by_name.values())


def _kept_by(user: User, *, on: date) -> PersonQuerySet:
    cells = Appointment.objects.organizations_of(user, roles=APPROVE_MERGE.roles, on=on)
    held = Membership.objects.filter(cell__in=cells)
    found: PersonQuerySet = Person.objects.unmerged().filter(pk__in=held.values("person"))
    return found


def merges_of(user: User, *, on: date) -> QuerySet[PersonMerge]:
    """Return the merges that wait for a second person, of people `user` keeps; oldest first."""
    kept = _kept_by(user, on=on)
    waiting = PersonMerge.objects.filter(state=PersonMerge.State.ASKED)
    return (
        waiting.filter(kept__in=kept, duplicate__in=kept)
        .select_related("kept", "duplicate", "entered_by")
        .order_by("pk")
    )


@transaction.atomic
@beyond_scope()
def ask_merge(
    kept: Person,
    duplicate: Person,
    *,
    by: User,
    on: date,
    reason: str,
    decision_number: str,
    decided_on: date,
) -> PersonMerge:
    """Ask that the record `duplicate` be merged into `kept`; a second person approves.

    Raises PermissionDenied where `by` is not staff over the cells of both, or one is their own
    record; DomainError at the field that is missing, or where it cannot be, as `approve_merge`.
    """
    kept, duplicate = _locked(kept, duplicate)
    if not _keeps(by, kept, duplicate, roles=ASK_MERGE.roles, on=on):
        raise PermissionDenied
    reason, number = names.written(reason), names.written(decision_number)
    refusals = {}
    if not reason:
        refusals["reason"] = _("Say how it is known that they are one person.")
    if not number:
        refusals["decision_number"] = _("Enter the number of the decision.")
    if decided_on > on:
        refusals["decided_on"] = _("The day lies in the future.")
    if refusals:
        raise DomainError(fields=refusals)
    waiting = PersonMerge.objects.filter(state=PersonMerge.State.ASKED)
    if waiting.filter(Q(kept__in=[kept, duplicate]) | Q(duplicate__in=[kept, duplicate])).exists():
        raise DomainError(_("A merge of one of the two waits for approval already."))
    _refuse_merge(kept, duplicate, decided_on=decided_on)
    try:
        with transaction.atomic():
            return PersonMerge.objects.create(
                kept=kept,
                duplicate=duplicate,
                reason=reason,
                decision_number=number,
                decided_on=decided_on,
                entered_by=by,
            )
    except IntegrityError as error:
        raise DomainError(_("This record was merged into another: go on there.")) from error


@transaction.atomic
@beyond_scope()
def approve_merge(merge: PersonMerge, *, by: User, on: date) -> PersonMerge:
    """Merge: `duplicate.merged_into` is `kept`, and from the decision's day one membership runs.

    Where both run, the duplicate's ends; where only the duplicate's does, the kept record goes on
    with it. All else stays where it was recorded. Raises PermissionDenied where `by` is neither
    staff nor approver over the cells of both, or one is their own record; DomainError for the one
    who asked, where it is answered already, where the duplicate has an open file or a transfer
    waits, and where the day is sealed or lies before the membership.
    """
    kept, duplicate = _locked(merge.kept, merge.duplicate)
    asked = PersonMerge.objects.select_for_update().get(pk=merge.pk)
    _refuse_answer(asked, kept, duplicate, by=by, on=on)
    _refuse_merge(kept, duplicate, decided_on=asked.decided_on)
    _carry_over(kept, duplicate, day=asked.decided_on)
    for earlier in Person.objects.filter(merged_into=duplicate):
        earlier.merged_into = kept
        earlier.save(update_fields=["merged_into"])
    duplicate.merged_into = kept
    duplicate.save(update_fields=["merged_into"])
    return _answered(asked, PersonMerge.State.APPROVED, by=by)


@transaction.atomic
def refuse_merge(merge: PersonMerge, *, by: User, on: date) -> PersonMerge:
    """Answer that the two are not merged; the pair is not shown any more.

    Raises as `approve_merge` does.
    """
    kept, duplicate = _locked(merge.kept, merge.duplicate)
    asked = PersonMerge.objects.select_for_update().get(pk=merge.pk)
    _refuse_answer(asked, kept, duplicate, by=by, on=on)
    return _answered(asked, PersonMerge.State.REFUSED, by=by)


def keeps_both(first: Person, second: Person, *, by: User, on: date) -> bool:
    """Say whether `by` is staff over the cells of both, and neither is their own record."""
    return _keeps(by, first, second, roles=ASK_MERGE.roles, on=on)


def may_answer(merge: PersonMerge, *, by: User, on: date) -> bool:
    """Say whether `by` keeps both records of `merge`; who asked is refused when answering."""
    return _keeps(by, merge.kept, merge.duplicate, roles=APPROVE_MERGE.roles, on=on)


def _answered(merge: PersonMerge, state: str, *, by: User) -> PersonMerge:
    merge.state, merge.answered_by = state, by
    merge.answered_at = AppNow()
    merge.save(update_fields=["state", "answered_by", "answered_at"])
    merge.refresh_from_db(fields=["answered_at"])
    return merge


def _locked(kept: Person, duplicate: Person) -> tuple[Person, Person]:
    """Return both as they are now, kept from others; in one order, so that nobody waits in turn."""
    rows = Person.objects.select_for_update(no_key=True).order_by("pk")
    held = {person.pk: person for person in rows.filter(pk__in=[kept.pk, duplicate.pk])}
    return held[kept.pk], held[duplicate.pk]


def _keeps(by: User, kept: Person, duplicate: Person, *, roles: Collection[Role], on: date) -> bool:
    if is_own_record(by, kept, duplicate):
        return False
    cells = [_cell_of(person) for person in (kept, duplicate)]
    return all(cell is not None and acts(by, *roles, over=cell, on=on) for cell in cells)


def _cell_of(person: Person) -> Organization | None:
    """Return the cell of the last membership of `person`."""
    last = (
        Membership.objects.filter(person=person)
        .select_related("cell")
        .order_by("-period__startswith")
        .first()
    )
    return last.cell if last else None


def _refuse_answer(
    merge: PersonMerge, kept: Person, duplicate: Person, *, by: User, on: date
) -> None:
    if not _keeps(by, kept, duplicate, roles=APPROVE_MERGE.roles, on=on):
        raise PermissionDenied
    if is_one_human(by, merge.entered_by):
        raise DomainError(_("You asked for it: somebody else answers."))
    if merge.state != PersonMerge.State.ASKED:
        raise DomainError(_("This was answered already."))


def _refuse_merge(kept: Person, duplicate: Person, *, decided_on: date) -> None:
    if kept.pk == duplicate.pk:
        raise DomainError(_("Choose two records."))
    if kept.merged_into_id is not None or duplicate.merged_into_id is not None:
        raise DomainError(_("This record was merged into another: go on there."))
    # By its name: this ground floor may not import the app above it.
    files = apps.get_model("admissions", "Candidate")._default_manager
    if files.open().filter(person=duplicate).exists():  # type: ignore[attr-defined]
        raise DomainError(_("%(person)s has an open file: close it first.") % {"person": duplicate})
    accounts = User.objects.filter(is_active=True, person__in=[kept, duplicate])
    if accounts.values("person").distinct().count() > 1:
        raise DomainError(
            _("Both records have an account: close the one that is not used any more first.")
        )
    if Transfer.objects.open().filter(person__in=[kept, duplicate]).exists():
        raise DomainError(_("A transfer of this person waits for its answer: withdraw it first."))
    later = Membership.objects.on_or_after(decided_on).filter(person=duplicate)
    for membership in later.select_related("cell"):
        if membership.period.lower >= decided_on:
            raise DomainError(
                fields={
                    "decided_on": _("A membership of the record began on %(day)s.")
                    % {"day": f"{membership.period.lower:%d/%m/%Y}"}
                }
            )
        refuse_sealed([membership.cell], day=decided_on, field="decided_on", runs_on=True)


def _carry_over(kept: Person, duplicate: Person, *, day: date) -> None:
    for transfer in Transfer.objects.stays().exclude(until__lte=day).filter(person=duplicate):
        shorten_stay(transfer, until=day)
    running = (
        Membership.objects.on(day).select_for_update(of=("self",)).filter(person=duplicate).first()
    )
    if running is None:
        return
    last_out = running.period.upper
    leave(running, on=day, reason_out=Membership.ReasonOut.DUPLICATE)
    if Membership.objects.on_or_after(day).filter(person=kept).exists():
        return
    Membership.objects.create(
        person=kept,
        cell_id=running.cell_id,
        status=running.status,
        period=between(day, last_out),
        reason_in=Membership.ReasonIn.TAKEN_OVER,
    )
