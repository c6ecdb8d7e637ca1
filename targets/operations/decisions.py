"""The decision that issues a year's targets: what was drafted binds from then on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from config.errors import DomainError
from organizations.models import Organization, Post, User
from organizations.operations.outbox import announce
from organizations.operations.seals import refuse_sealed
from targets.models import (
    Cycle,
    Indicator,
    Target,
    TargetDecision,
    TargetDraft,
)

from .cycles import locked
from .papers import paper
from .targets import reason_in_words

HEAD = "Bí thư"
"""The title of the post whose holder answers for a target in person."""


@transaction.atomic
def issue_cycle(
    cycle: Cycle,
    *,
    by: User,
    on: date,
    decision_number: str,
    decided_on: date | None,
    signer: str = "",
    reasons: Collection[str] = (),
    note: str = "",
    difference: str = "",
) -> TargetDecision:
    """Issue what was put before the standing committee, by its decision; the cycle is locked.

    Every draft that differs from what binds becomes a version that binds, in the name of the
    unit's head of that day; a unit without a number gets none. What is given out need not be what
    the superior gave: then `difference` says why. Changing what binds takes a reason. Raises
    PermissionDenied where `by` is not staff of its organisation, DomainError at `decision_number`,
    `decided_on`, `signer`, `reasons`, `note`, `difference`, or where it was not put forward.
    """
    cycle = locked(cycle, by=by, on=on)
    if cycle.state != Cycle.State.SUBMITTED:
        raise DomainError(_("Put the numbers before the standing committee first."))
    children = Organization.objects.beneath(cycle.organization, on=on).in_bulk()
    binding = {
        target.organization_id: target
        for target in Target.objects.in_force()
        .of_the_year(cycle.year)
        .filter(organization__in=[*children, cycle.organization_id])
    }
    drafts = {draft.organization_id: draft for draft in cycle.drafts.filter(low__isnull=False)}
    given = [
        draft
        for key, draft in sorted(drafts.items())
        if key in children and not _binds_already(draft, binding.get(key))
    ]
    adjusts = any(draft.organization_id in binding for draft in given)
    _refuse_unexplained(
        off=off_by(binding.get(cycle.organization_id), children, drafts, binding),
        difference=difference,
        is_missing_reason=adjusts and not reasons and not note.strip(),
    )
    refuse_sealed([*children], day=date(cycle.year, 12, 31), field="year")
    decision = paper(
        cycle.organization,
        by=by,
        on=on,
        number=decision_number,
        decided_on=decided_on,
        signer=signer,
        reasons=reasons,
        note=note,
        difference=difference,
        cycle=cycle,
    )
    written = _write(decision, given, binding, year=cycle.year, by=by)
    Cycle.objects.filter(pk=cycle.pk).update(state=Cycle.State.ISSUED)
    if written:
        # Figures follow by year, so one of them speaks for all.
        announce(written[0], organization=cycle.organization, on=on, snapshot={"year": cycle.year})
    return decision


def _binds_already(draft: TargetDraft, target: Target | None) -> bool:
    return target is not None and (target.low, target.high) == (draft.low, draft.high)


def off_by(
    own: Target | None,
    children: Collection[int],
    drafts: dict[int, TargetDraft],
    binding: dict[int, Target],
) -> int:
    """Return the people given beyond the own target, less than 0 where some are left; 0 without."""
    if own is None or own.low is None or own.high is None:
        return 0
    rows = [drafts.get(key) or binding.get(key) for key in children]
    low = sum(row.low or 0 for row in rows if row)
    high = sum(row.high or 0 for row in rows if row)
    return max(low - own.high, 0) or -max(own.low - high, 0)


def _refuse_unexplained(*, off: int, difference: str, is_missing_reason: bool) -> None:
    refused: dict[str, str] = {}
    if is_missing_reason:
        refused["reasons"] = _("A target that is already assigned is adjusted with a reason.")
    if off and not difference.strip():
        refused["difference"] = (
            _("%(n)s more are given than the superior gave; say why.")
            if off > 0
            else _("%(n)s are kept in reserve; say why.")
        ) % {"n": abs(off)}
    if refused:
        raise DomainError(fields=refused)


def _write(
    decision: TargetDecision,
    given: list[TargetDraft],
    binding: dict[int, Target],
    *,
    year: int,
    by: User,
) -> list[Target]:
    keys = [draft.organization_id for draft in given]
    rows = Target.objects.of_the_year(year).filter(organization__in=keys)
    last = dict(rows.order_by("version").values_list("organization", "version"))
    heads = dict(
        Post.objects.filter(
            organization__in=keys, title=HEAD, period__contains=decision.decided_on
        ).values_list("organization", "person__full_name")
    )
    words = reason_in_words(decision.reasons, decision.note)
    return Target.objects.bulk_create(
        Target(
            indicator_id=Indicator.ADMITTED,
            organization_id=draft.organization_id,
            year=year,
            kind=Target.Kind.ADJUSTED if draft.organization_id in binding else Target.Kind.ASSIGNED,
            version=last.get(draft.organization_id, 0) + 1,
            form=Target.Form.NUMBER if draft.low == draft.high else Target.Form.RANGE,
            low=draft.low,
            high=draft.high,
            decision=decision,
            decision_number=decision.number,
            decided_on=decision.decided_on,
            responsible=heads.get(draft.organization_id, ""),
            reason=words if draft.organization_id in binding else "",
            entered_by=by,
        )
        for draft in given
    )
