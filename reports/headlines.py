"""The answer in one sentence, for the heading of a dashboard; pure over a standing."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.ui.templatetags.ui import number, percent
from targets.sheets import aim

from .selectors.standing import Standing


def pace_words(standing: Standing) -> str:
    """Return how it stands against the plan, or against the target once the year is over."""
    if not standing.low:
        return ""
    if standing.over:
        return ngettext(
            "%(n)s person above the target", "%(n)s people above the target", standing.over
        ) % {"n": number(standing.over)}
    if not standing.missing:
        return _("the target is reached")
    if standing.is_over:
        return ngettext("%(n)s person short", "%(n)s people short", standing.missing) % {
            "n": number(standing.missing)
        }
    gap = standing.gap
    if gap is None:
        return ""
    if gap < 0:
        return ngettext("%(n)s person behind the plan", "%(n)s people behind the plan", -gap) % {
            "n": number(-gap)
        }
    if gap > 0:
        return ngettext("%(n)s person ahead of the plan", "%(n)s people ahead of the plan", gap) % {
            "n": number(gap)
        }
    return _("as planned")


def headline(standing: Standing) -> str:
    """Return what was reached, of what target, how it stands, and in how many units."""
    row = standing.row
    reached = {"n": number(standing.admitted)}
    if not standing.admitted:
        first = _nothing_yet(standing)
    elif not standing.low:
        first = ngettext("%(n)s member admitted", "%(n)s members admitted", standing.admitted)
        first = first % reached + "; " + _("no target was assigned")
    elif standing.is_range:
        first = _("%(n)s members admitted, target %(aim)s") % {
            **reached,
            "aim": aim(standing.low, standing.high),
        }
        first = ", ".join(filter(None, [first, pace_words(standing)]))
    else:
        first = _("%(n)s/%(aim)s members admitted, %(percent)s of the target") % {
            **reached,
            "aim": number(standing.low),
            "percent": percent(standing.percent, 2),
        }
        first = ", ".join(filter(None, [first, pace_words(standing)]))
    if not row or not row.units or not standing.admitted:
        return first
    units = _("%(some)s/%(all)s units have admitted somebody") % {
        "some": number(row.units_with_admission),
        "all": number(row.units),
    }
    return f"{first}; {units}"


def _nothing_yet(standing: Standing) -> str:
    nothing = (
        _("Nobody was admitted in the year")
        if standing.is_over
        else _("Nobody has been admitted yet")
    )
    if not standing.low:
        return nothing + "; " + _("no target was assigned")
    return _("%(nothing)s; %(files)s open files, %(aim)s needed") % {
        "nothing": nothing,
        "files": number(standing.files),
        "aim": aim(standing.low, standing.high),
    }
