"""Targets: registered from below, assigned from above, adjusted. Each is a version that stays."""

from __future__ import annotations

from collections.abc import Mapping
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
    indicator: str = "KN01",
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
    _lock(organization)
    binding = _binding(organization, year=year, indicator=indicator, span=span)
    decision_number = names.written(decision_number)
    reason = names.written(reason)
    refused = refusals.found(
        decision_number=refusals.of_text(
            decision_number, limit=40, missing=_("Enter the number of the decision.")
        ),
        decided_on=refusals.of_day(decided_on, on=on),
        reason=refusals.of_text(
            reason,
            limit=300,
            missing=_("A target that is already assigned is adjusted with a reason.")
            if binding
            else None,
        ),
    )
    return _new_version(
        organization,
        refused=refused,
        kind=Target.Kind.ADJUSTED if binding else Target.Kind.ASSIGNED,
        by=by,
        on=on,
        year=year,
        form=form,
        low=low,
        high=high,
        percent=percent,
        indicator=indicator,
        span=span,
        decision_number=decision_number,
        decided_on=decided_on,
        responsible=responsible,
        reason=reason,
    )


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
    add up to the superior's own target. All or none. Raises PermissionDenied where `by` is not
    staff of `superior`, DomainError with a sentence at `target-<id>` of each that is refused, and
    at the fields of the decision.
    """
    if not acts_at(by, Role.STAFF, at=superior, on=on):
        raise PermissionDenied
    children = Organization.objects.beneath(superior, on=on).in_bulk()
    refused: dict[str, str] = {}
    made: list[Target] = []
    for key in sorted(numbers):
        number = numbers[key]
        if number is None:
            continue
        if key not in children:
            refused[f"target-{key}"] = _("This organisation does not stand directly beneath.")
            continue
        low, high = number if isinstance(number, tuple) else (number, number)
        binding = _binding(children[key], year=year)
        if binding and (binding.low, binding.high) == (low, high):
            continue
        try:
            made.append(
                assign_target(
                    children[key],
                    by=by,
                    on=on,
                    year=year,
                    form=Form.RANGE if isinstance(number, tuple) and low != high else Form.NUMBER,
                    low=low,
                    high=high,
                    decision_number=decision_number,
                    decided_on=decided_on,
                    reason=reason if binding else "",
                )
            )
        except DomainError as refusal:
            for argument, sentence in refusal.fields.items():
                at = f"target-{key}" if argument in {"low", "high"} else argument
                refused.setdefault(at, sentence)
    if refused:
        raise DomainError(fields=refused)
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
    indicator: str = "KN01",
) -> Target:
    """Record what `organization` itself registers for `year`; it binds nobody until assigned.

    Raises PermissionDenied where `by` neither acts for it nor takes it down above it, DomainError
    as `assign_target`.
    """
    if not declares_for(by, organization, on=on):
        raise PermissionDenied
    _lock(organization)
    return _new_version(
        organization,
        refused={},
        kind=Target.Kind.REGISTERED,
        by=by,
        on=on,
        year=year,
        form=form,
        low=low,
        high=high,
        percent=percent,
        indicator=indicator,
        span=Target.Span.YEAR,
    )


def _lock(organization: Organization) -> None:
    """Let one at a time give `organization` a version."""
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)


def _binding(
    organization: Organization,
    *,
    year: int,
    indicator: str = "KN01",
    span: str = Target.Span.YEAR,
) -> Target | None:
    return (
        Target.objects.in_force()
        .filter(organization=organization, year=year, indicator=indicator, span=span)
        .first()
    )


def _new_version(
    organization: Organization,
    *,
    refused: dict[str, str],
    kind: str,
    by: User,
    on: date,
    year: int,
    form: str,
    low: int | None,
    high: int | None,
    percent: Decimal | None,
    indicator: str,
    span: str,
    decision_number: str = "",
    decided_on: date | None = None,
    responsible: str = "",
    reason: str = "",
) -> Target:
    base = (
        Baseline.objects.filter(organization=organization, year=year).latest().first()
        if form == Form.PERCENT
        else None
    )
    responsible = names.written(responsible)
    high = low if form == Form.NUMBER and high is None else high
    refused = {
        **refused,
        **refusals.found(
            year=refusals.of_year(year, on=on),
            responsible=refusals.of_text(responsible, limit=120),
            indicator=None
            if Indicator.objects.filter(pk=indicator).exists()
            else _("There is no such indicator."),
        ),
        **_refused_numbers(form, low=low, high=high, percent=percent),
    }
    if form == Form.PERCENT and base is None and "percent" not in refused:
        refused["percent"] = _("There is no number of opening members of %(year)s yet.") % {
            "year": year
        }
    if refused:
        raise DomainError(fields=refused)
    if form == Form.PERCENT and base is not None and percent is not None:
        low = high = people_of_percent(percent, base.members)
    others = Target.objects.filter(
        organization=organization, year=year, indicator=indicator, span=span
    )
    target = Target.objects.create(
        organization=organization,
        indicator_id=indicator,
        span=span,
        year=year,
        kind=kind,
        version=(others.aggregate(last=Max("version"))["last"] or 0) + 1,
        form=form,
        low=None if form == Form.SHARE else low,
        high=None if form == Form.SHARE else high,
        percent=percent if form in {Form.PERCENT, Form.SHARE} else None,
        base=base,
        base_members=base.members if base else None,
        decision_number=decision_number,
        decided_on=decided_on,
        responsible=responsible,
        reason=reason,
        entered_by=by,
    )
    announce(target, organization=organization, on=on, snapshot={"year": year})
    return target


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
