"""The plan of a year by its rounds, set instead of what earlier years give; each a version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError
from config.ui.templatetags.ui import percent
from organizations.models import Organization, User
from organizations.operations.seals import refuse_sealed
from targets.models import RoundPlan
from targets.permissions import sets_figures_of
from targets.plan import ROUNDS

from . import refusals
from .targets import hold_units


@transaction.atomic
def set_round_plan(
    organization: Organization,
    *,
    by: User,
    on: date,
    year: int,
    shares: Sequence[Decimal | None],
    reason: str,
) -> RoundPlan:
    """Set what percent of its target `organization` is to have reached after each round of `year`.

    `shares` are cumulative, one for each of `ROUNDS`, the last 100; none at all takes back what was
    set, and earlier years give the plan again. Return the new version; earlier ones stay. Raises
    PermissionDenied where `by` does not set the targets of `organization`, DomainError at `year`,
    `reason` or the share that cannot be (`share_1` to `share_4`).
    """
    if not sets_figures_of(by, organization, on=on):
        raise PermissionDenied
    hold_units([organization.pk])
    before = (
        RoundPlan.objects.filter(organization=organization, year=year).order_by("-version").first()
    )
    reason = names.written(reason)
    refused = refusals.found(
        year=refusals.of_year(year, on=on) or _over(year, on=on),
        reason=refusals.of_text(reason, limit=300, missing=_("Say why the plan is changed.")),
    )
    refused |= _refused_shares(shares) if shares else {}
    if not shares and (before is None or not before.shares):
        refused["shares"] = _("Nothing was set that could be taken back.")
    if refused:
        raise DomainError(fields=refused)
    refuse_sealed([organization], day=date(year, 12, 31), field="year")
    return RoundPlan.objects.create(
        organization=organization,
        year=year,
        version=before.version + 1 if before else 1,
        shares=list(shares),
        reason=reason,
        set_on=on,
        entered_by=by,
    )


def _over(year: int, *, on: date) -> str | None:
    if year >= on.year:
        return None
    return _("The year %(year)s is over: its plan is not changed any more.") % {"year": year}


def _refused_shares(shares: Sequence[Decimal | None]) -> dict[str, str]:
    """Return {share_N: sentence} of the shares that cannot be."""
    names_of = [f"share_{place}" for place in range(1, len(ROUNDS) + 1)]
    if len(shares) != len(ROUNDS):
        return {names_of[-1]: _("Give a share for each round.")}
    refused = {
        name: sentence
        for name, share in zip(names_of, shares, strict=True)
        if (sentence := _refused_share(share))
    }
    if refused:
        return refused
    told = [share for share in shares if share is not None]
    for name, (earlier, later) in zip(names_of[1:], pairwise(told), strict=True):
        if later < earlier:
            refused[name] = _(
                "The shares are cumulative: at least the %(share)s of the round before."
            ) % {"share": percent(earlier, 2)}
    if told[-1] != 100:
        refused[names_of[-1]] = _("After the last round the plan has reached 100%.")
    return refused


def _refused_share(share: Decimal | None) -> str | None:
    if share is None or not 0 <= share <= 100:
        return _("Enter a percentage from 0 to 100.")
    if share != share.quantize(Decimal("0.01")):
        return _("At most two decimals.")
    return None
