"""Targets: registered from below, assigned from above, adjusted. Each is a version that stays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError
from organizations.models import Organization, Role, User
from organizations.operations.outbox import announce
from organizations.operations.seals import refuse_sealed
from organizations.permissions import acts_at
from targets.models import Baseline, Indicator, Target
from targets.permissions import declares_for, sets_figures_of
from targets.rules import people_of_percent

from . import refusals

Form = Target.Form
Number = int | tuple[int, int]
"""People, or from … to."""


@transaction.atomic
def assign_target(
    organization: Organization,
    *,
    by: User,
    on: date,
    year: int,
    form: str = Form.NUMBER,
    low: int | None = None,
    high: int | None = None,
    percent: Decimal | None = None,
    decision_number: str,
    decided_on: date | None,
    responsible: str = "",
    indicator: str = Indicator.ADMITTED,
    span: str = Target.Span.YEAR,
    reason: str = "",
) -> Target:
    """Assign `organization` what it is to reach in `year`; return the new version.

    The first is *assigned*; a later one *adjusts* it and needs a reason. `percent` of the opening
    members is rounded up to people at once, and keeps its base. Raises PermissionDenied where `by`
    is not staff of the organisation directly above (at the top of the tree: of itself), DomainError
    at `year`, `low`, `high`, `percent`, `decision_number`, `decided_on`, `reason` or `indicator`.
    """
    if not sets_figures_of(by, organization, on=on):
        raise PermissionDenied
    _lock([organization.pk])
    versions = _Versions([organization.pk], year=year, indicator=indicator, span=span)
    target = Target(
        organization=organization,
        indicator_id=indicator,
        span=span,
        year=year,
        form=form,
        low=low,
        high=high,
        percent=percent,
        decision_number=names.written(decision_number),
        decided_on=decided_on,
        responsible=names.written(responsible),
        reason=names.written(reason),
        entered_by=by,
    )
    refused = {
        **_refused_decision(target, on=on, adjusts=organization.pk in versions.binding),
        **_drawn_up(target, versions=versions, on=on),
    }
    if refused:
        raise DomainError(fields=refused)
    _refuse_closed([organization.pk], year=year, span=span)
    target.save(force_insert=True)
    announce(target, organization=organization, on=on, snapshot={"year": year})
    return target


@transaction.atomic
def assign_targets(
    superior: Organization,
    *,
    by: User,
    on: date,
    year: int,
    numbers: Mapping[int, Number | None],
    decision_number: str,
    decided_on: date | None,
    reason: str = "",
) -> list[Target]:
    """Give those directly beneath `superior` their targets of `year`: {organisation id: people}.

    A pair is a range; None, and a number that binds already, changes nothing. The shares need not
    add up to the superior's own target. All or none; a number of queries that does not grow with
    theirs. Raises PermissionDenied where `by` is not staff of `superior`, DomainError with a
    sentence at `target-<id>` of each that is refused, and at the fields of the decision.
    """
    if not acts_at(by, Role.STAFF, at=superior, on=on):
        raise PermissionDenied
    children = Organization.objects.beneath(superior, on=on).in_bulk()
    given = {key: number for key, number in sorted(numbers.items()) if number is not None}
    _lock(children)
    versions = _Versions(children, year=year)
    refused: dict[str, str] = {}
    made: list[Target] = []
    for key, number in given.items():
        if key not in children:
            refused[f"target-{key}"] = _("This organisation does not stand directly beneath.")
            continue
        low, high = number if isinstance(number, tuple) else (number, number)
        binding = versions.binding.get(key)
        if binding and (binding.low, binding.high) == (low, high):
            continue
        target = Target(
            organization=children[key],
            indicator_id=Indicator.ADMITTED,
            span=Target.Span.YEAR,
            year=year,
            form=Form.RANGE if low != high else Form.NUMBER,
            low=low,
            high=high,
            decision_number=names.written(decision_number),
            decided_on=decided_on,
            reason=names.written(reason) if binding else "",
            entered_by=by,
        )
        refusal = {
            **_refused_decision(target, on=on, adjusts=binding is not None),
            **_drawn_up(target, versions=versions, on=on),
        }
        for argument, sentence in refusal.items():
            at = f"target-{key}" if argument in {"low", "high"} else argument
            refused.setdefault(at, sentence)
        made.append(target)
    if refused:
        raise DomainError(fields=refused)
    _refuse_closed([target.organization_id for target in made], year=year)
    Target.objects.bulk_create(made)
    if made:
        # Figures follow by year, so one of the grid speaks for all.
        announce(made[0], organization=superior, on=on, snapshot={"year": year})
    return made


@transaction.atomic
def register_target(
    organization: Organization,
    *,
    by: User,
    on: date,
    year: int,
    form: str = Form.NUMBER,
    low: int | None = None,
    high: int | None = None,
    percent: Decimal | None = None,
    indicator: str = Indicator.ADMITTED,
) -> Target:
    """Record what `organization` itself registers for `year`; it binds nobody until assigned.

    Raises PermissionDenied where `by` neither acts for it nor takes it down above it, DomainError
    as `assign_target`.
    """
    if not declares_for(by, organization, on=on):
        raise PermissionDenied
    _lock([organization.pk])
    target = Target(
        organization=organization,
        indicator_id=indicator,
        span=Target.Span.YEAR,
        year=year,
        kind=Target.Kind.REGISTERED,
        form=form,
        low=low,
        high=high,
        percent=percent,
        entered_by=by,
    )
    versions = _Versions([organization.pk], year=year, indicator=indicator)
    if refused := _drawn_up(target, versions=versions, on=on):
        raise DomainError(fields=refused)
    _refuse_closed([organization.pk], year=year)
    target.save(force_insert=True)
    announce(target, organization=organization, on=on, snapshot={"year": year})
    return target


def _refuse_closed(
    organizations: Collection[int], *, year: int, span: str = Target.Span.YEAR
) -> None:
    """Refuse targets of a year that is closed; those of a term outlast the years in it."""
    if span == Target.Span.YEAR:
        refuse_sealed(organizations, day=date(year, 12, 31), field="year")


def _lock(organizations: Collection[int]) -> None:
    """Let one at a time give these organisations a version; in one order, so that none waits for
    another that waits for it."""
    list(
        Organization.objects.select_for_update(no_key=True)
        .filter(pk__in=organizations)
        .order_by("pk")
        .values_list("pk")
    )


class _Versions:
    """What organisations have of an indicator in a year: three queries, whatever their number."""

    def __init__(
        self,
        organizations: Collection[int],
        *,
        year: int,
        indicator: str = Indicator.ADMITTED,
        span: str = Target.Span.YEAR,
    ) -> None:
        rows = Target.objects.filter(
            organization__in=organizations, year=year, indicator=indicator, span=span
        )
        self.binding = {target.organization_id: target for target in rows.in_force()}
        self.last = dict(rows.order_by().values_list("organization").annotate(last=Max("version")))
        self.base = {
            baseline.organization_id: baseline
            for baseline in Baseline.objects.filter(
                organization__in=organizations, year=year
            ).newest()
        }


def _refused_decision(target: Target, *, on: date, adjusts: bool) -> dict[str, str]:
    """Say what kind of assignment `target` is; return the sentences at the decision's fields."""
    target.kind = Target.Kind.ADJUSTED if adjusts else Target.Kind.ASSIGNED
    return refusals.found(
        decision_number=refusals.of_text(
            target.decision_number, limit=40, missing=_("Enter the number of the decision.")
        ),
        decided_on=refusals.of_day(target.decided_on, on=on),
        reason=refusals.of_text(
            target.reason,
            limit=300,
            missing=_("A target that is already assigned is adjusted with a reason.")
            if adjusts
            else None,
        ),
    )


def _drawn_up(target: Target, *, versions: _Versions, on: date) -> dict[str, str]:
    """Give `target` its version, and its numbers as its form has them; return what is refused."""
    target.version = versions.last.get(target.organization_id, 0) + 1
    if target.form == Form.NUMBER and target.high is None:
        target.high = target.low
    refused = {
        **refusals.found(
            year=refusals.of_year(target.year, on=on),
            responsible=refusals.of_text(target.responsible, limit=120),
            indicator=_unknown(target.indicator_id),
        ),
        **_refused_numbers(target.form, low=target.low, high=target.high, percent=target.percent),
    }
    if target.form not in {Form.PERCENT, Form.SHARE}:
        target.percent = None
        return refused
    target.low = target.high = None
    base = versions.base.get(target.organization_id)
    if target.form == Form.PERCENT and target.percent is not None and "percent" not in refused:
        if base is None:
            refused["percent"] = _("There is no number of opening members of %(year)s yet.") % {
                "year": target.year
            }
            return refused
        target.base, target.base_members = base, base.members
        target.low = target.high = people_of_percent(target.percent, base.members)
    return refused


def _unknown(indicator: str) -> str | None:
    if indicator == Indicator.ADMITTED or Indicator.objects.filter(pk=indicator).exists():
        return None
    return _("There is no such indicator.")


def _refused_numbers(
    form: str, *, low: int | None, high: int | None, percent: Decimal | None
) -> dict[str, str]:
    """Return the sentences at the numbers that `form` needs."""
    if form in {Form.PERCENT, Form.SHARE}:
        if percent is None:
            return {"percent": _("Enter a percentage.")}
        if not 0 <= percent <= 100:
            return {"percent": _("A percentage lies between 0 and 100.")}
        if percent != round(percent, 2):
            return {"percent": _("A percentage has at most two decimals.")}
        return {}
    if form not in {Form.NUMBER, Form.RANGE}:
        return {"form": _("There is no such form of target.")}
    refused = refusals.found(low=refusals.of_people(low), high=refusals.of_people(high))
    if refused or low is None or high is None:
        # A single number has one field.
        return refused if form == Form.RANGE else {"low": refused.get("low") or refused["high"]}
    if low > high:
        return {"high": _("“Up to” is lower than “at least”.")}
    if form == Form.NUMBER and low != high:
        return {"high": _("A single number has no upper end; choose a range.")}
    return {}
