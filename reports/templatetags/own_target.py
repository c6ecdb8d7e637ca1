"""`{% load own_target %}`: the year's target of whom one acts for, for pages of the apps below."""

from __future__ import annotations

from typing import Any

from django import template

from config.ui.acting import acting
from organizations.models import Organization
from reports import pictures
from reports.selectors.standing import look, shares_of, standings
from reports.tiles import tile_of
from targets.models import Attainment

register = template.Library()


@register.inclusion_tag("reports/own_target.html", takes_context=True)
def own_target(context: dict[str, Any], on: Any) -> dict[str, Any]:
    """Draw what the organisation acted for has reached of its target on day `on`."""
    current = acting(context["request"]).current
    if current is None:
        return {"year": on.year}
    given = look(on.year, lens=Attainment.Lens.THEN, today=on)
    unit = Organization.objects.called(on=on).get(pk=current.organization_id)
    standing = standings([unit], given, shares=shares_of(unit, given))[0]
    return {
        "year": on.year,
        "standing": standing,
        "tile": tile_of(
            standing, given, bullet=pictures.bullet_of(standing) + pictures.axis_of([standing])
        ),
    }
