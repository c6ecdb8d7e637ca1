"""A target in words: its period, whom it counts, where it comes from."""

from __future__ import annotations

from django.utils.translation import gettext as _

from targets.models import Indicator, Target

Span = Target.Span


def period(target: Target) -> str:
    """Return the period of `target`: 2021, the first half of 2021, quarter 2 of 2021, a term."""
    told = {"year": target.year, "part": target.part, "last": target.until_year}
    if target.span == Span.TERM:
        return _("the term %(year)s–%(last)s") % told
    if target.span == Span.HALF:
        first, second = _("the first half of %(year)s"), _("the second half of %(year)s")
        return (first if target.part == 1 else second) % told
    if target.span == Span.QUARTER:
        return _("quarter %(part)s of %(year)s") % told
    return str(target.year)


def scope(target: Target) -> str:
    """Return what more is to be said of what `target` is of: indicator, group, resolution.

    Nothing for members admitted, of all groups, by decision.
    """
    parts = []
    if target.indicator_id != Indicator.ADMITTED:
        parts.append(str(target.indicator_id))
    if target.group:
        parts.append(_small(Target.OfGroup(target.group).label))
    if target.origin == Target.Origin.RESOLUTION:
        parts.append(_small(Target.Origin.RESOLUTION.label))
    return ", ".join(parts)


def _small(label: object) -> str:
    text = str(label)
    return text[:1].lower() + text[1:]


def whole(target: Target) -> str:
    """Return period and scope in one: quarter 2 of 2021, women."""
    return ", ".join(filter(None, [period(target), scope(target)]))
