"""The answer in one sentence, for the heading of a dashboard; pure over a standing."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.ui.templatetags.ui import number, percent
from targets.forecast import COVER, TrackRecord
from targets.foretold import Foretold
from targets.sheets import aim

from .selectors.forecast import ForecastPage
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


def likelihood(chance: float) -> str:
    """Return a probability (0 to 1) in percent; never certain, for the model is not.

    >>> likelihood(0.043), likelihood(0.0), likelihood(0.999)
    ('4\\xa0%', 'dưới 1\\xa0%', 'trên 99\\xa0%')
    """
    if chance < 0.01:
        return _("under %(percent)s") % {"percent": percent(1)}
    if chance > 0.99:
        return _("over %(percent)s") % {"percent": percent(99)}
    return percent(100 * chance, 0)


def span(low: int, high: int) -> str:
    """Return a range of people: 33–38, or one number."""
    return number(low) if low == high else f"{number(low)}–{number(high)}"


def tile_forecast(foretold: Foretold | None, low: int | None) -> str:
    """Return the forecast on a tile: the range, and the chance of reaching the target."""
    told = foretold.forecast if foretold else None
    if told is None:
        return _("not enough figures") if foretold else ""
    words = _("%(range)s for the year") % {"range": span(told.low, told.high)}
    if low and told.admitted < low:
        words += ", " + _("chance of reaching %(n)s: %(chance)s") % {
            "n": number(low),
            "chance": likelihood(told.chance_of(low)),
        }
    return words


def forecast_headline(page: ForecastPage) -> str:
    """Return the forecast in one sentence; what the year came to once it is over."""
    whole, told = page.whole, page.told
    if page.foretold is None:
        return headline(whole)
    if told is None:
        return _("Not enough figures for a forecast: %(n)s files of earlier years") % {
            "n": number(page.foretold.files)
        }
    first = _("%(n)s admitted, %(likely)s expected for the year: %(range)s") % {
        "n": number(told.admitted),
        "likely": number(told.likely),
        "range": span(told.low, told.high),
    }
    if not whole.low:
        return first + "; " + _("no target was assigned")
    if told.admitted >= whole.low:
        return first + "; " + _("the target is reached")
    return (
        first
        + "; "
        + _("chance of reaching %(n)s: %(chance)s")
        % {"n": number(whole.low), "chance": likelihood(told.chance_of(whole.low))}
    )


def forecast_words(page: ForecastPage) -> str:
    """Return how the organisation's own estimate lies to the forecast; nothing without both."""
    told, own = page.told, page.own
    if told is None or own is None:
        return ""
    if own.people < told.low:
        return _("below the range that the files give")
    if own.people > told.high:
        return _("above the range that the files give")
    return _("within the range that the files give")


def record_words(record: TrackRecord | None) -> str:
    """Return how such forecasts did in earlier years, beside the straight line."""
    if record is None:
        return ""
    held = ngettext(
        "%(held)s of %(n)s past year lay in its %(cover)s range",
        "%(held)s of %(n)s past years lay in their %(cover)s ranges",
        len(record.replays),
    ) % {
        "held": number(record.held),
        "n": number(len(record.replays)),
        "cover": percent(100 * COVER, 0),
    }
    told = {
        "width": number(record.width, 1),
        "straight": number(record.straight_width, 1),
    }
    if not record.held:
        return held + "."
    return (
        held
        + "; "
        + _(
            "they were %(width)s people wide on average, those of a straight line that holds as "
            "many %(straight)s."
        )
        % told
    )
