"""`{% load attainment %}`: the one way in which a page shows what was reached of a target."""

from __future__ import annotations

from typing import Any

from django import template

from reports.tiles import AttainmentTile

register = template.Library()


@register.inclusion_tag("reports/attainment_tile.html")
def attainment(tile: AttainmentTile, *, forecast: Any = None) -> dict[str, Any]:
    """Draw `tile` with its companions; what is no tile, and so has none, is refused.

    `forecast` is what the unit itself declared, told beside the number.
    """
    if not isinstance(tile, AttainmentTile):
        raise TypeError("Attainment is shown by a tile that has its companions of quality.")
    return {"tile": tile, "whole": tile.standing, "forecast": forecast}
