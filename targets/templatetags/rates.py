"""`{% load rates %}`: a target's percentage, as the decision writes it."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.translation import gettext as _

from config.ui.templatetags.ui import NARROW, NOTHING, percent, signed
from targets import sheets
from targets.models import Target

register = template.Library()


@register.filter
def aim(target: Target | None) -> str:
    """Write the number of a target, or its range: 38, 35–40; a dash where there is none."""
    return (sheets.aim(target.low, target.high) if target else "") or NOTHING


@register.filter
def rate(value: Decimal | None) -> str:
    """Write a percentage with as many decimals as it has: 5,5 % and 5,25 %.

    >>> rate(Decimal("5.50")), rate(Decimal("5.25"))
    ('5,5\\xa0%', '5,25\\xa0%')
    """
    exact = value is not None and value * 10 == (value * 10).to_integral_value()
    return percent(value, 1 if exact else 2)


@register.filter
def points(value: Decimal | None) -> str:
    """Write the difference of two shares in percentage points, with its sign.

    >>> from django.utils.translation import override
    >>> with override("en"):
    ...     points(Decimal("8.46")), points(Decimal("-5.00"))
    ('+8.46 percentage points', '−5.00 percentage points')
    """
    return _("%(difference)s percentage points") % {"difference": signed(value, 2)}


@register.filter
def signed_percent(value: Decimal | None) -> str:
    """Write the change of a count in percent, with its sign; never of a share.

    >>> signed_percent(Decimal("8.82"))
    '+8,82\\xa0%'
    """
    return f"{signed(value, 2)}{NARROW}%"
