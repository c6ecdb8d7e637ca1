"""The numbers of an assignment while it is drafted: saved cell by cell, each with its version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from config import clock
from config.errors import ConflictError, DomainError
from organizations.models import Organization, User
from targets.models import Cycle, TargetDraft
from targets.rules import as_typed

from . import refusals
from .cycles import locked

Number = int | tuple[int, int]
"""People, or from … to."""


@transaction.atomic
def save_drafts(
    cycle: Cycle,
    *,
    by: User,
    on: date,
    numbers: Mapping[int, Number | None],
    versions: Mapping[int, int] | None = None,
) -> list[TargetDraft]:
    """Save what is drafted for those directly beneath: {organisation id: people, None to empty it}.

    All or none; what stands already is not saved anew. `versions` are those that the page showed,
    0 where it showed none: where another has saved since, ConflictError, at `target-<id>`, says
    who and what. A bounded number of queries. Raises PermissionDenied where `by` is not staff of
    the cycle's organisation, DomainError where the cycle is no longer drafted, or at `target-<id>`.
    """
    cycle = locked(cycle, by=by, on=on)
    if not cycle.is_open:
        raise DomainError(
            _("The numbers are locked: %(state)s.") % {"state": cycle.get_state_display()}
        )
    children = set(
        Organization.objects.beneath(cycle.organization, on=on)
        .filter(pk__in=numbers)
        .values_list("pk", flat=True)
    )
    known = {
        draft.organization_id: draft
        for draft in cycle.drafts.filter(organization__in=children).select_related("saved_by")
    }
    refused: dict[str, str] = {}
    conflicts: dict[str, str] = {}
    new: list[TargetDraft] = []
    changed: list[TargetDraft] = []
    for key, number in sorted(numbers.items()):
        low, high = number if isinstance(number, tuple) else (number, number)
        if sentence := _refusal(key, low, high, children=children):
            refused[f"target-{key}"] = sentence
            continue
        draft = known.get(key)
        if draft and (draft.low, draft.high) == (low, high):
            continue
        if versions is not None and versions.get(key, 0) != (draft.version if draft else 0):
            conflicts[f"target-{key}"] = _changed(draft)
            continue
        if draft is None:
            if low is not None:
                new.append(TargetDraft(cycle=cycle, organization_id=key, version=1))
                new[-1].low, new[-1].high = low, high
            continue
        draft.low, draft.high, draft.version = low, high, draft.version + 1
        changed.append(draft)
    if refused:
        raise DomainError(fields=refused)
    if conflicts:
        raise ConflictError(fields=conflicts)
    at = clock.now()
    for draft in [*new, *changed]:
        draft.saved_by, draft.saved_at = by, at
    TargetDraft.objects.bulk_create(new)
    TargetDraft.objects.bulk_update(changed, ["low", "high", "version", "saved_by", "saved_at"])
    return [*new, *changed]


def _refusal(key: int, low: int | None, high: int | None, *, children: set[int]) -> str | None:
    if key not in children:
        return _("This organisation does not stand directly beneath.")
    if low is None and high is None:
        return None
    if sentence := refusals.of_people(low) or refusals.of_people(high):
        return sentence
    if low is not None and high is not None and low > high:
        return _("“Up to” is lower than “at least”.")
    return None


def _changed(draft: TargetDraft | None) -> str:
    if draft is None:
        return _("Somebody else has emptied this cell; look at the page again.")
    return _("%(who)s has just saved %(number)s here.") % {
        "who": draft.saved_by.full_name or draft.saved_by.username,
        "number": as_typed(draft.low, draft.high) or "–",
    }
