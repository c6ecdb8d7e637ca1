"""`{% load rates %}`: a target's percentage, as the decision writes it."""

from __future__ import annotations

from decimal import Decimal

from django import template

from config.ui.templatetags.ui import percent

register = template.Library()


@register.filter
def rate(value: Decimal | None) -> str:
    """Write a percentage with as many decimals as it has: 5,5 % and 5,25 %.

    >>> rate(Decimal("5.50")), rate(Decimal("5.25"))
    ('5,5\\xa0%', '5,25\\xa0%')
    """
    exact = value is not None and value * 10 == (value * 10).to_integral_value()
    return percent(value, 1 if exact else 2)
