"""Targets: registered from below, assigned from above, adjusted. Each is a version that stays."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import translation
from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError
from organizations.models import Organization, User
from organizations.operations.outbox import announce
from organizations.operations.seals import refuse_sealed
from targets.models import Baseline, Indicator, Reason, Target, TargetDecision
from targets.permissions import declares_for, sets_figures_of, superior_of
from targets.rules import people_of_percent

from . import papers, refusals, shapes

Form = Target.Form
Number = int | tuple[int, int]
"""People, or from … to."""
LONGEST_REASON = 300
"""How many characters the reason of a target may have, ticked ones and words together."""


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
    part: int = 0,
    until_year: int | None = None,
    group: str = "",
    origin: str = Target.Origin.DECISION,
    base_of: str = Target.BaseOf.YEAR,
    issuer: str = "",
    signer: str = "",
    reasons: Collection[str] = (),
    reason: str = "",
) -> Target:
    """Assign `organization` what it is to reach of `indicator` in a period; return the new version.

    The first is *assigned*; a later one *adjusts* it and needs a reason: ticked ones, words, or
    both. `percent` of the members at the start of the year, or of the term (`base_of`), is rounded
    up to people at once, and keeps its base. The paper is the superior's; what comes to the top of
    the tree from outside names its `issuer`, and a resolution of the organisation's own congress is
    its own. Raises PermissionDenied where `by` is not staff of the organisation directly above (at
    the top of the tree: of itself), DomainError at the argument that cannot be.
    """
    if not sets_figures_of(by, organization, on=on):
        raise PermissionDenied
    superior = superior_of(organization, on=on) or organization
    hold_units({organization.pk, superior.pk})
    target = Target(
        organization=organization,
        indicator_id=indicator,
        span=span,
        year=year,
        part=part,
        until_year=until_year,
        group=group,
        origin=origin,
        base_of=base_of,
        form=form,
        low=low,
        high=high,
        percent=percent,
        responsible=names.written(responsible),
        reason=names.written(reason),
        entered_by=by,
    )
    adjusts = organization.pk in Versions.of(target).binding
    refused: dict[str, str] = {}
    try:
        decision = papers.paper(
            organization if origin == Target.Origin.RESOLUTION else superior,
            by=by,
            on=on,
            number=decision_number,
            decided_on=decided_on,
            signer=signer,
            issuer=issuer,
            reasons=reasons,
            note=reason,
        )
    except DomainError as refusal:
        refused = {_AT.get(argument, argument): told for argument, told in refusal.fields.items()}
    else:
        target.decision = decision
        target.decision_number, target.decided_on = decision.number, decision.decided_on
        refused = refusals.found(reason=_refused_reason(reasons, target.reason))
        target.reason = reason_in_words(reasons, target.reason)
    if target.decision and Versions.of(target).gives(target.decision):
        refused["decision_number"] = _(
            "The decision %(number)s gives this target already; an adjustment has its own."
        ) % {"number": target.decision_number}
    refused |= _refused_kind(target, adjusts=adjusts, is_reasoned=bool(reasons))
    refused |= _drawn_up_in_any_form(target, on=on)
    if refused:
        raise DomainError(fields=refused)
    _refuse_closed([organization.pk], year=year, span=span)
    target.save(force_insert=True)
    announce(target, organization=organization, on=on, snapshot={"year": year})
    return target


_AT = {"note": "reason"}
"""Which argument of `assign_target` a refusal of its paper is about, where they differ."""


def reason_in_words(reasons: Collection[str], note: str) -> str:
    """Return the ticked reasons and the note as one sentence that stays with the target, cut to its
    column.

    >>> reason_in_words([], "Thêm nguồn")
    'Thêm nguồn'
    """
    return _sentence(reasons, note)[:LONGEST_REASON]


def _sentence(reasons: Collection[str], note: str) -> str:
    with translation.override(settings.LANGUAGE_CODE):
        ticked = [str(one.label) for one in Reason if one in reasons and one != Reason.OTHER]
    return "; ".join([*ticked, *filter(None, [note])])


def _refused_reason(reasons: Collection[str], note: str) -> str | None:
    """Refuse a note that does not fit beside the ticked reasons: nothing of it is cut off."""
    over = max(len(_sentence(reasons, note)) - LONGEST_REASON, 0)
    return refusals.of_text(note, limit=max(len(note) - over, 0))


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
    span: str = Target.Span.YEAR,
    part: int = 0,
    until_year: int | None = None,
    group: str = "",
    base_of: str = Target.BaseOf.YEAR,
    reason: str = "",
) -> Target:
    """Record what `organization` itself registers, with its reason; it binds nobody until assigned.

    Raises PermissionDenied where `by` neither acts for it nor takes it down above it, DomainError
    as `assign_target`.
    """
    if not declares_for(by, organization, on=on):
        raise PermissionDenied
    hold_units([organization.pk])
    target = Target(
        organization=organization,
        indicator_id=indicator,
        span=span,
        year=year,
        part=part,
        until_year=until_year,
        group=group,
        base_of=base_of,
        kind=Target.Kind.REGISTERED,
        form=form,
        low=low,
        high=high,
        percent=percent,
        reason=names.written(reason),
        entered_by=by,
    )
    refused = refusals.found(reason=refusals.of_text(target.reason, limit=300))
    refused |= _drawn_up_in_any_form(target, on=on)
    if refused:
        raise DomainError(fields=refused)
    _refuse_closed([organization.pk], year=year, span=span)
    target.save(force_insert=True)
    announce(target, organization=organization, on=on, snapshot={"year": year})
    return target


def _refuse_closed(
    organizations: Collection[int], *, year: int, span: str = Target.Span.YEAR
) -> None:
    """Refuse targets of a year that is closed; those of a term outlast the years in it."""
    if span != Target.Span.TERM:
        refuse_sealed(organizations, day=date(year, 12, 31), field="year")


def hold_units(organizations: Collection[int]) -> None:
    """Let one at a time give these organisations a version; in one order, so that none waits for
    another that waits for it."""
    list(
        Organization.objects.select_for_update(no_key=True)
        .filter(pk__in=organizations)
        .order_by("pk")
        .values_list("pk")
    )


class Versions:
    """What organisations have of an indicator in a period: three queries, whatever their number."""

    def __init__(
        self,
        organizations: Collection[int],
        *,
        year: int,
        indicator: str = Indicator.ADMITTED,
        span: str = Target.Span.YEAR,
        part: int = 0,
        group: str = "",
        origin: str = Target.Origin.DECISION,
    ) -> None:
        self.rows = rows = Target.objects.filter(
            organization__in=organizations,
            year=year,
            indicator=indicator,
            span=span,
            part=part,
            group=group,
            origin=origin,
        )
        self.binding = {target.organization_id: target for target in rows.in_force()}
        self.last = dict(rows.order_by().values_list("organization").annotate(last=Max("version")))
        self.base = {
            baseline.organization_id: baseline
            for baseline in Baseline.objects.filter(
                organization__in=organizations, year=year
            ).newest()
        }

    def gives(self, decision: TargetDecision) -> bool:
        """Say whether one of these versions was given by `decision`."""
        return self.rows.filter(decision=decision).exists()

    def next(self, organization: int) -> int:
        """Return the number of the next version of `organization`."""
        return int(self.last.get(organization, 0)) + 1

    @classmethod
    def of(cls, target: Target) -> Versions:
        """Return the versions of what `target` is a version of."""
        return cls(
            [target.organization_id],
            year=target.year,
            indicator=target.indicator_id,
            span=target.span,
            part=target.part,
            group=target.group,
            origin=target.origin,
        )


def _refused_kind(target: Target, *, adjusts: bool, is_reasoned: bool) -> dict[str, str]:
    """Say what kind of assignment `target` is; return the sentence where its reason is missing."""
    target.kind = Target.Kind.ADJUSTED if adjusts else Target.Kind.ASSIGNED
    if adjusts and not is_reasoned and not target.reason:
        return {"reason": _("A target that is already assigned is adjusted with a reason.")}
    return {}


def _drawn_up(target: Target, *, versions: Versions, on: date) -> dict[str, str]:
    """Give `target` its version, and its numbers as its form has them; return what is refused."""
    target.version = versions.next(target.organization_id)
    if target.form in {Form.NUMBER, Form.FLOOR} and target.high is None:
        target.high = target.low
    refused = refusals.found(
        year=refusals.of_year(target.year, on=on),
        responsible=refusals.of_text(target.responsible, limit=120),
    )
    refused |= _refused_numbers(
        target.form, low=target.low, high=target.high, percent=target.percent
    )
    if target.form in {Form.PERCENT, Form.SHARE}:
        target.low = target.high = None
    else:
        target.percent = None
    return refused


def _drawn_up_in_any_form(target: Target, *, on: date) -> dict[str, str]:
    """Give `target`, of whatever form, period and group, its version and its numbers; return what
    is refused."""
    versions = Versions.of(target)
    refused = _drawn_up(target, versions=versions, on=on)
    if not refused:
        refused = {**shapes.refused_form(target), **shapes.refused_shape(target)}
    if not refused and target.form == Form.PERCENT:
        refused = _reckoned(target, versions=versions, on=on)
    return refused


def _reckoned(target: Target, *, versions: Versions, on: date) -> dict[str, str]:
    """Give `target` the people that its percent comes to on its base; return what is refused."""
    if target.span == Target.Span.TERM:
        target.base_of = Target.BaseOf.TERM
    year: int | None = target.year
    base = versions.base.get(target.organization_id)
    if target.base_of == Target.BaseOf.TERM:
        year = shapes.first_year_of_term(target, on=on)
        if year is None:
            return {
                "base_of": _("No term is entered in which %(year)s lies.") % {"year": target.year}
            }
        base = (
            Baseline.objects.filter(organization=target.organization_id, year=year).newest().first()
        )
    if base is None or target.percent is None:
        return {
            "percent": _("There is no number of opening members of %(year)s yet.") % {"year": year}
        }
    target.base, target.base_members = base, base.members
    target.low = target.high = people_of_percent(target.percent, base.members)
    return {}


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
    if form not in {Form.NUMBER, Form.RANGE, Form.FLOOR}:
        return {"form": _("There is no such form of target.")}
    refused = refusals.found(low=refusals.of_people(low), high=refusals.of_people(high))
    if refused or low is None or high is None:
        # A single number has one field.
        return refused if form == Form.RANGE else {"low": refused.get("low") or refused["high"]}
    if low > high:
        return {"high": _("“Up to” is lower than “at least”.")}
    if form != Form.RANGE and low != high:
        return {"high": _("A single number has no upper end; choose a range.")}
    if form == Form.FLOOR and not low:
        return {"low": _("A floor is at least 1.")}
    return {}
