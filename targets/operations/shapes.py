"""What a target is of: its period, group, origin and form, and what of them cannot be."""

from __future__ import annotations

from datetime import date
from typing import cast

from django.utils.translation import gettext as _

from organizations.models import Ancestry
from targets.indicators import forms_of
from targets.models import Indicator, Target

from . import refusals

TERM_YEARS = 5
"""How long a term of office lasts unless said otherwise; it ends in the year of the next congress,
in which the next one begins."""
LONGEST_TERM = 7
PARTS = {Target.Span.HALF: 2, Target.Span.QUARTER: 4}


def refused_shape(target: Target) -> dict[str, str]:
    """Complete a term by its last year; return the sentences at what `target` cannot be of."""
    if target.span == Target.Span.TERM and target.until_year is None:
        target.until_year = target.year + TERM_YEARS
    return refusals.found(
        span=None if target.span in Target.Span.values else _("There is no such period."),
        part=_refused_part(target),
        until_year=_refused_term(target),
        group=_refused_group(target),
        origin=None if target.origin in Target.Origin.values else _("There is no such origin."),
        base_of=None
        if target.base_of in Target.BaseOf.values
        else _("There are no such members to reckon with."),
    )


def refused_form(target: Target) -> dict[str, str]:
    """Return the sentence at the indicator that does not take the form of `target`."""
    code = target.indicator_id
    if code != Indicator.ADMITTED and not Indicator.objects.filter(pk=code).exists():
        return {"indicator": _("There is no such indicator.")}
    taken = forms_of(code)
    if not taken:
        return {"indicator": _("%(indicator)s is a result and is not aimed at.") % {
            "indicator": code
        }}  # fmt: skip
    if target.form in taken:
        return {}
    return {
        "indicator": _("%(indicator)s is aimed at in another form: %(forms)s.")
        % {
            "indicator": code,
            "forms": ", ".join(str(Target.Form(form).label).lower() for form in taken),
        }
    }


def _refused_part(target: Target) -> str | None:
    parts = PARTS.get(Target.Span(target.span)) if target.span in Target.Span.values else None
    if parts is None:
        return _("A year and a term have no half or quarter.") if target.part else None
    if 1 <= target.part <= parts:
        return None
    return (
        _("Say which half-year: 1 or 2.")
        if parts == PARTS[Target.Span.HALF]
        else _("Say which quarter: 1 to 4.")
    )


def _refused_term(target: Target) -> str | None:
    if target.until_year is None:
        return None
    if target.span != Target.Span.TERM:
        return _("Only a term has a last year.")
    if target.until_year < target.year:
        return _("The last year of the term lies before its first, %(year)s.") % {
            "year": target.year
        }
    if target.until_year > target.year + LONGEST_TERM:
        return _("A term lasts at most %(years)s years.") % {"years": LONGEST_TERM}
    for first, last in _terms_beside(target):
        # Both have the year of the congress, in which one ends and the next begins.
        if target.year < last and first < target.until_year:
            return _("It overlaps the term %(first)s–%(last)s that has a target already.") % {
                "first": first,
                "last": last,
            }
    return None


def last_year(term: Target) -> int:
    """Return the last year of a target's term; each that is stored has one."""
    return cast(int, term.until_year)


def _terms_beside(target: Target) -> list[tuple[int, int]]:
    rows = Target.objects.in_force().filter(
        organization=target.organization_id,
        indicator=target.indicator_id,
        span=Target.Span.TERM,
        group=target.group,
        origin=target.origin,
    )
    return [(one.year, last_year(one)) for one in rows.exclude(year=target.year).order_by("year")]


def _refused_group(target: Target) -> str | None:
    if not target.group:
        return None
    if target.group not in Target.OfGroup.values:
        return _("There is no such group.")
    if target.indicator_id != Indicator.ADMITTED:
        return _("Only members admitted are aimed at by group.")
    if target.form == Target.Form.PERCENT:
        return _("The target of a group is a number or a range of people.")
    return None


def first_year_of_term(target: Target, *, on: date) -> int | None:
    """Return the first year of the term in which `target` lies, None where no term is entered.

    The term of its organisation, else of the nearest above it on day `on` that has one, in force.
    """
    if target.span == Target.Span.TERM:
        return target.year
    return term_begun(target.organization_id, year=target.year, on=on)


def term_begun(organization: int, *, year: int, on: date, indicator: str = "") -> int | None:
    """Return the first year of the term in which `year` lies, None where no term is entered.

    As the targets in force of `organization` say, else of the nearest above it on day `on` that has
    one: of `indicator`, if given.
    """
    above = dict(
        Ancestry.objects.on(on).filter(descendant=organization).values_list("ancestor", "depth")
    )
    rows = Target.objects.in_force().filter(
        organization__in=above, span=Target.Span.TERM, year__lte=year
    )
    if indicator:
        rows = rows.filter(indicator=indicator)
    terms = [(above[one.organization_id], -one.year) for one in rows if last_year(one) >= year]
    return -min(terms)[1] if terms else None
