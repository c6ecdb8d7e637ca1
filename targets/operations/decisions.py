"""The decision that issues a year's targets: what was drafted binds from then on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from config.errors import DomainError
from organizations.models import Appointment, Organization, Post, Role, User
from organizations.operations.outbox import announce
from organizations.operations.seals import refuse_sealed
from targets.models import (
    Cycle,
    Indicator,
    Target,
    TargetDecision,
    TargetDraft,
)
from targets.sheets import GivenOut, given_out

from .cycles import locked
from .papers import paper
from .targets import Versions, hold_units, reason_in_words

HEAD = "Bí thư"
"""How the title begins of the post whose holder answers for a target in person: of a cell, of a
committee."""


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
    hold_units({*children, cycle.organization_id})
    versions = Versions([*children, cycle.organization_id], year=cycle.year)
    binding = versions.binding
    drafts = {draft.organization_id: draft for draft in cycle.drafts.filter(low__isnull=False)}
    given = [
        draft
        for key, draft in sorted(drafts.items())
        if key in children and not _binds_already(draft, binding.get(key))
    ]
    adjusted = [binding[key] for one in given if (key := one.organization_id) in binding]
    adjusts = bool(adjusted)
    latest = max((one.decided_on for one in adjusted if one.decided_on), default=None)
    if decided_on and latest and decided_on < latest:
        raise DomainError(
            fields={
                "decided_on": _("What it adjusts was decided on %(day)s, later than that.")
                % {"day": f"{latest:%d/%m/%Y}"}
            }
        )
    _refuse_unexplained(
        given=given_out(
            binding.get(cycle.organization_id),
            [one for key in children if (one := drafts.get(key) or binding.get(key))],
            units=len(children),
        ),
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
    written = _write(decision, given, versions, year=cycle.year, by=by)
    Cycle.objects.filter(pk=cycle.pk).update(state=Cycle.State.ISSUED)
    if written:
        # Figures follow by year, so one of them speaks for all.
        announce(written[0], organization=cycle.organization, on=on, snapshot={"year": cycle.year})
    return decision


def _binds_already(draft: TargetDraft, target: Target | None) -> bool:
    return target is not None and (target.low, target.high) == (draft.low, draft.high)


def _refuse_unexplained(*, given: GivenOut, difference: str, is_missing_reason: bool) -> None:
    refused: dict[str, str] = {}
    if is_missing_reason:
        refused["reasons"] = _("A target that is already assigned is adjusted with a reason.")
    if (given.over or given.reserve) and not difference.strip():
        refused["difference"] = (
            _("%(n)s more are given than the superior gave; say why.")
            if given.over
            else _("%(n)s are kept in reserve; say why.")
        ) % {"n": given.over or given.reserve}
    if refused:
        raise DomainError(fields=refused)


def _write(
    decision: TargetDecision,
    given: list[TargetDraft],
    versions: Versions,
    *,
    year: int,
    by: User,
) -> list[Target]:
    keys = [draft.organization_id for draft in given]
    heads = _heads(keys, on=decision.decided_on)
    words = reason_in_words(decision.reasons, decision.note)
    return Target.objects.bulk_create(
        Target(
            indicator_id=Indicator.ADMITTED,
            organization_id=key,
            year=year,
            kind=Target.Kind.ADJUSTED if key in versions.binding else Target.Kind.ASSIGNED,
            version=versions.next(key),
            form=Target.Form.NUMBER if draft.low == draft.high else Target.Form.RANGE,
            low=draft.low,
            high=draft.high,
            decision=decision,
            decision_number=decision.number,
            decided_on=decision.decided_on,
            responsible=heads.get(key, ""),
            reason=words if key in versions.binding else "",
            entered_by=by,
        )
        for key, draft in zip(keys, given, strict=True)
    )


def _heads(organizations: list[int], *, on: date) -> dict[int, str]:
    """Return {organisation id: who is its secretary on day `on`}: who holds the post, the one of
    longest standing; where no post is recorded, who is appointed secretary in the software."""
    there = {"organization__in": organizations, "period__contains": on}
    posts = Post.objects.filter(title__istartswith=HEAD, **there).order_by("-period", "-pk")
    appointed = Appointment.objects.filter(role=Role.SECRETARY, **there).order_by("-period", "-pk")
    return {
        **dict(appointed.values_list("organization", "user__full_name")),
        **dict(posts.values_list("organization", "person__full_name")),
    }
