"""Template words of the product: `{% load ui %}`.

Filters: `day` 05/06/2025 · `day_short` 05/06 · `weekday` T5 · `number` 1.383 · `percent` 5,2 % ·
`signed` +6, −43 · `nb` keeps a text on one line · `initial` first letter of a given name ·
`labelled` the label before a value, unless that begins with it.
Tags: `{% icon "print" %}` · `{% tag "ok" words icon="ok" %}`.

Nothing is "–", zero is "0". Numbers take int, Decimal or float; halves are rounded up, away from
zero, as the statistics of the regulations are.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from config.clock import HERE

register = template.Library()

NOTHING = "–"
MINUS = "−"
_COMMAS = str.maketrans(",.", ".,")
NARROW = "\u00a0"  # between a number and its sign; never broken


def _decimal(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _written(value: Decimal, places: int) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return _grouped(f"{abs(rounded):,.{places}f}", is_negative=rounded < 0)


def _grouped(text: str, *, is_negative: bool) -> str:
    if get_language() != "en":
        text = text.translate(_COMMAS)
    return (MINUS if is_negative else "") + text


@register.filter
def number(value: Any, places: int = 0) -> str:
    """Write a number with the dots of thousands.

    >>> number(1383), number(-43), number(None)
    ('1.383', '−43', '–')
    """
    if type(value) is int and not places:  # nearly all numbers of a page
        return _grouped(f"{abs(value):,}", is_negative=value < 0)
    found = _decimal(value)
    return NOTHING if found is None else _written(found, int(places))


@register.filter
def percent(value: Any, places: int = 1) -> str:
    """Write a percentage, given as the percentage (5.25, not 0.0525); whole ones without decimals.

    >>> percent(Decimal("5.25")), percent(106), percent(None)
    ('5,3\\xa0%', '106\\xa0%', '–')
    """
    found = _decimal(value)
    if found is None:
        return NOTHING
    rounded = found.quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)
    text = _written(rounded, 0 if rounded == rounded.to_integral_value() else int(places))
    return f"{text}{NARROW}%"


@register.filter
def signed(value: Any, places: int = 0) -> str:
    """Write a difference with its sign; zero has none.

    >>> signed(6), signed(-43), signed(0)
    ('+6', '−43', '0')
    """
    found = _decimal(value)
    if found is None:
        return NOTHING
    rounded = found.quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)
    return ("+" if rounded > 0 else "") + _written(rounded, int(places))


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.astimezone(HERE).date() if value.tzinfo else value.date()
    return value if isinstance(value, date) else None


@register.filter
def day(value: Any) -> str:
    """Write a day as 05/06/2025; an instant as its day in Vietnam."""
    found = _day(value)
    return f"{found:%d/%m/%Y}" if found else NOTHING


@register.filter
def day_short(value: Any) -> str:
    """Write a day as 05/06."""
    found = _day(value)
    return f"{found:%d/%m}" if found else NOTHING


@register.filter
def moment(value: Any) -> str:
    """Write an instant as 05/06/2025 14:32, in Vietnam's time."""
    if not isinstance(value, datetime):
        return NOTHING
    local = value.astimezone(HERE) if value.tzinfo else value
    return f"{local:%d/%m/%Y %H:%M}"


@register.filter
def weekday(value: Any) -> str:
    """Write the day of the week, short: T2 … T7, CN."""
    found = _day(value)
    if not found:
        return ""
    names = [
        gettext("Mon"),
        gettext("Tue"),
        gettext("Wed"),
        gettext("Thu"),
        gettext("Fri"),
        gettext("Sat"),
        gettext("Sun"),
    ]
    return names[found.weekday()]


@register.filter
def nb(value: Any) -> SafeString:
    """Keep a form number or a name on one line; the font has no unbreakable hyphen."""
    return format_html('<span class="nb">{}</span>', value)


@register.filter
def initial(value: Any) -> str:
    """Return the first letter of the given name, which is the last word of a Vietnamese name.

    >>> initial("Trần Văn Quyết")
    'Q'
    """
    words = str(value).split()
    return words[-1][0].upper() if words else "?"


@register.filter
def labelled(value: Any, label: Any) -> str:
    """Return the label to stand before a value: nothing where the value begins with it.

    >>> labelled("Chi bộ 1", "Chi bộ"), labelled("Phân xưởng 2", "Chi bộ")
    ('', 'Chi bộ')
    """
    return "" if str(value).casefold().startswith(str(label).casefold()) else str(label)


@register.filter
def as_json(value: Any) -> str:
    """Write what a script reads from an attribute of its element; escaped as any value is."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.filter
def takes_passkeys(request: HttpRequest) -> bool:
    """Say whether browsers give passkeys at this address: over HTTPS to a name, or to localhost."""
    name = request.get_host().partition(":")[0]
    is_numbered = bool(re.fullmatch(r"[\d.]+|\[.*", name))
    return name == "localhost" or (request.is_secure() and not is_numbered)


@register.simple_tag
def icon(name: str, words: str = "") -> SafeString:
    """Draw an icon of `templates/ui/sprite.html`; `words` where it stands alone."""
    if words:
        return format_html(
            '<svg class="i" role="img" aria-label="{}"><use href="#i-{}"/></svg>',
            words,
            name,
        )
    return format_html('<svg class="i" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def tag(kind: str, words: Any, icon: str = "") -> SafeString:
    """Draw a status word; `kind`: ok, warn, late, info or "" (neutral).

    Warnings get their icon by themselves: colour alone says nothing to many eyes.
    """
    shape = icon or {"ok": "ok", "warn": "warn", "late": "warn"}.get(kind, "")
    drawn = (
        format_html('<svg class="i" aria-hidden="true"><use href="#i-{}"/></svg>', shape)
        if shape
        else ""
    )
    return format_html('<span class="tag {}">{}{}</span>', kind, drawn, words)


@register.filter
def page_range(paginator: Any, current: int) -> list[int | str]:
    """Return the page numbers to offer: the ends and the neighbours of `current`."""
    return list(paginator.get_elided_page_range(current, on_each_side=2, on_ends=1))
