"""Server-rendered SVG: numbers and translated words in, markup out.

Every x and y is a percentage, so one drawing fits 390 px and 1440 px while its text keeps its size;
nothing runs in the browser, and it prints (SVG fills print without "background graphics"). Colours
are classes of `static/app.css` (`.bul`, `.axis`, `.plot`, `.strip`, `.years`, `.pipe`, `.key`).
The hatch pattern is defined once per page, by `base.html`.

Rules: say the answer in words above the chart; `label` must name every number that is
drawn, because it is all that a screen reader gets; give the table beside it.

    bullet(185, 950, plan=228, forecast=854, label=_("Admitted %(a)s of %(t)s, …") % …)
    bullet_axis()  bullet_axis(people=2)              # percent, or people when the target is small
    pace(plan=…, actual=…, …)  strip(dots=…)  spark_bars(bars=…)  pipe(steps=…)
    key_bullet(…)  key_strip(…)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.ui.templatetags.ui import NARROW

Number = int | float
Point = tuple[float, float]
"""x in percent of the width from the left, and a value of the y scale."""

TOP = 1.2  # a bullet shows up to 120 % of its target; beyond, it is clipped and the text says it
FEW = 5  # targets up to here are drawn on an axis of people: percent of 2 says nothing
NOTHING = SafeString("")


def percent(value: float) -> str:
    """Return a coordinate.

    >>> percent(50), percent(33.333)
    ('50%', '33.3%')
    """
    return f"{value:.1f}".rstrip("0").rstrip(".").replace("-0", "0", value == 0) + "%"


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


# ---------------------------------------------------------------- bullets


def bullet(
    actual: Number,
    target: Number | None,
    *,
    plan: Number | None = None,
    forecast: Number | None = None,
    label: str,
    behind: bool | None = None,
    top: float = TOP,
) -> SafeString:
    """Draw one organisation against its target (Few's bullet), scaled so that all targets align.

    Bar: actual. Hatched: forecast of the year. Thick line: target. Triangle: plan to date. The
    bar is orange where `behind`; unless told, that is half a person or more under the plan.
    Nothing is drawn without a target: the page says it in words.
    """
    if not target or target < 0:
        return NOTHING
    edge = target * top
    scale = 100 / edge
    if behind is None:
        behind = plan is not None and actual < plan - 0.5
    parts = [
        format_html(
            '<rect class="tr" y="15%" height="70%" width="{}"/>',
            percent(min(100, 100 / top)),
        )
    ]
    if forecast is not None and forecast > actual and actual < edge:
        parts.append(
            format_html(
                '<rect class="f" y="27%" height="46%" x="{}" width="{}"/>',
                percent(actual * scale),
                percent((min(forecast, edge) - actual) * scale),
            )
        )
    if actual > 0:
        parts.append(
            format_html(
                '<rect class="a" y="27%" height="46%" width="{}"/>',
                percent(min(actual, edge) * scale),
            )
        )
    line = percent(target * scale)
    parts.append(format_html('<line class="t" x1="{}" x2="{}" y1="2%" y2="98%"/>', line, line))
    if plan is not None:
        parts.append(
            format_html(
                '<svg x="{}" y="0" overflow="visible"><path class="p" d="M-4 -1H4L0 5Z"/></svg>',
                percent(min(plan, edge) * scale),
            )
        )
    return format_html(
        '<svg class="{}" role="img" aria-label="{}">{}</svg>',
        "bul behind" if behind else "bul",
        label,
        _joined(parts),
    )


def bullet_axis(*, people: int | None = None, top: float = TOP) -> SafeString:
    """Draw the axis over a column of bullets: percent, or people where the target is at most 5."""
    if people and people <= FEW:
        marks = [(value / people / top * 100, str(value)) for value in range(people + 1)]
    else:
        marks = [(value / top, f"{value}{NARROW}%") for value in (0, 50, 100)]
    words = format_html_join(
        "",
        '<text x="{}" y="85%" text-anchor="{}">{}</text>',
        ((percent(x), "middle" if x else "start", text) for x, text in marks),
    )
    return format_html('<svg class="axis" aria-hidden="true">{}</svg>', words)


def key_bullet(
    *, admitted: str, behind: str = "", forecast: str = "", plan: str = "", target: str
) -> SafeString:
    """Explain a bullet's marks; what has no words is left out."""
    swatch = '<span><svg><rect class="{}" y="20%" width="100%" height="60%"/></svg>{}</span>'
    parts = [
        format_html(swatch, name, words)
        for name, words in (("a", admitted), ("b", behind), ("f", forecast))
        if words
    ]
    if plan:
        parts.append(
            format_html(
                '<span><svg class="k-p"><path class="p" d="M1 3H9L5 9Z"/></svg>{}</span>',
                plan,
            )
        )
    parts.append(
        format_html(
            '<span><svg class="k-t"><line class="t" x1="50%" x2="50%" y1="-10%" y2="110%"/></svg>'
            "{}</span>",
            target,
        )
    )
    return format_html('<p class="key" aria-hidden="true">{}</p>', _joined(parts))


# ---------------------------------------------------------------- pace


@dataclass(frozen=True, kw_only=True)
class Note:
    """Words at a point of a pace chart; `kind` is a class: "lab", "lab a", "lab b", "lo" or ""."""

    x: float
    value: float
    text: str
    kind: str = ""
    anchor: str = "start"
    dx: int = 8
    dy: int = 4


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A mark on the x axis."""

    x: float
    text: str
    anchor: str = "middle"
    kind: str = ""


def value_at(points: Sequence[Point], x: float) -> float | None:
    """Return the value of the line through `points` at `x`; None outside of it.

    >>> value_at([(0, 0), (50, 100), (50, 200), (100, 200)], 25)
    50.0
    """
    for (x0, v0), (x1, v1) in pairwise(points):
        if x0 <= x <= x1:
            return v1 if x0 == x1 else v0 + (v1 - v0) * (x - x0) / (x1 - x0)
    return None


def pace(
    *,
    label: str,
    top: float,
    actual: Sequence[Point],
    plan: Sequence[Point] = (),
    past: Sequence[Point] = (),
    forecast: Sequence[Point] = (),
    band: Sequence[tuple[float, float, float]] = (),
    levels: Sequence[tuple[float, str]] = (),
    ticks: Sequence[Tick] = (),
    notes: Sequence[Note] = (),
    now: float | None = None,
) -> SafeString:
    """Draw what was reached through the year against the plan, last year and the forecast.

    `top` is the value at the upper edge. `band` is the forecast's range: [(x, low, high)].
    `levels` are lines across: [(value, words)]. `now` is today's x. Where today is under the
    plan, the gap is drawn.
    """
    top = top or 1

    def y(value: float) -> str:
        return percent(100 - 100 * value / top)

    def line(points: Sequence[Point], kind: str) -> SafeString:
        return format_html_join(
            "",
            '<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>',
            ((kind, percent(a[0]), y(a[1]), percent(b[0]), y(b[1])) for a, b in pairwise(points)),
        )

    parts: list[SafeString] = []
    for value, words in levels:
        kind = "g" if value else "base"
        parts.append(
            format_html(
                '<line class="{}" x1="0" x2="100%" y1="{}" y2="{}"/>',
                kind,
                y(value),
                y(value),
            )
        )
        if words:
            parts.append(format_html('<text x="0" y="{}" dy="-4">{}</text>', y(value), words))
    if band:
        corners = [(x, low) for x, low, _high in band]
        corners += [(x, high) for x, _low, high in reversed(band)]
        outline = " ".join(f"{x:.1f},{100 - 100 * value / top:.1f}" for x, value in corners)
        parts.append(
            format_html(
                '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">'
                '<polygon class="band" points="{}"/></svg>',
                outline,
            )
        )
    for tick in ticks:
        x = percent(tick.x)
        parts.append(
            format_html(
                '<text class="{}" x="{}" y="100%" dy="19" text-anchor="{}">{}</text>'
                '<line class="base" x1="{}" x2="{}" y1="98.5%" y2="100%"/>',
                tick.kind,
                x,
                tick.anchor,
                tick.text,
                x,
                x,
            )
        )
    if now is not None:
        parts.append(
            format_html(
                '<line class="now" x1="{}" x2="{}" y1="0" y2="100%"/>',
                percent(now),
                percent(now),
            )
        )
    for kind, points in (
        ("past", past),
        ("plan", plan),
        ("fc", forecast),
        ("act", actual),
    ):
        parts.append(line(points, kind))
    if actual:
        x_now, reached = actual[-1]
        planned = value_at(plan, x_now)
        if planned is not None and planned > reached:
            parts.append(line([(x_now, reached), (x_now, planned)], "behind"))
        parts.append(
            format_html(
                '<circle class="dot" cx="{}" cy="{}" r="6"/>',
                percent(x_now),
                y(reached),
            )
        )
    parts.append(
        format_html_join(
            "",
            '<text class="{}" x="{}" y="{}" dx="{}" dy="{}" text-anchor="{}">{}</text>',
            ((n.kind, percent(n.x), y(n.value), n.dx, n.dy, n.anchor, n.text) for n in notes),
        )
    )
    return format_html(
        '<svg class="plot" role="img" aria-label="{}">{}</svg>', label, _joined(parts)
    )


# ---------------------------------------------------------------- dot strip


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One organisation: people over or under the plan; `title` is its sentence."""

    value: int
    title: str
    name: str = ""
    has_source: bool = True


def strip(dots: Sequence[Dot], *, label: str, ticks: Sequence[tuple[int, str]] = ()) -> SafeString:
    """Draw one dot per organisation, by people ahead of or behind the plan; a `name` is written.

    Percent would explode for targets of one to three; people do not. Dots of one value pile up.
    """
    if not dots:
        return NOTHING
    values = [dot.value for dot in dots] + [value for value, _words in ticks] + [0]
    low, high = min(values) - 1, max(values) + 1
    if any(dot.name and dot.value < 0 for dot in dots):
        low -= (high - low) // 6  # room for the words at the left of a dot

    def x(value: float) -> str:
        return percent(3 + 94 * (value - low) / (high - low))

    piles: dict[int, int] = {}
    drawn: list[SafeString] = []
    for dot in sorted(dots, key=lambda dot: (dot.value, dot.has_source, bool(dot.name))):
        height = piles[dot.value] = piles.get(dot.value, 0) + 1
        kind = "none" if not dot.has_source else "behind" if dot.value < 0 else ""
        drawn.append(
            format_html(
                '<g><title>{}</title><circle class="{}" cx="{}" cy="100%" r="6.5"'
                ' transform="translate(0 {})"/></g>',
                dot.title,
                kind,
                x(dot.value),
                5 - height * 14,
            )
        )
        if dot.name:
            drawn.append(
                format_html(
                    '<text x="{}" y="100%" dy="{}" text-anchor="{}">{}</text>',
                    x(dot.value),
                    -(height * 14 + 8),
                    "end",
                    dot.name,
                )
            )
    middle = x(-0.5)
    axis = format_html_join(
        "",
        '<text x="{}" y="100%" dy="19" text-anchor="middle">{}</text>',
        ((x(value), words) for value, words in ticks),
    )
    return format_html(
        '<svg class="strip" height="{}" role="img" aria-label="{}">'
        '<line class="x" x1="0" x2="100%" y1="100%" y2="100%"/>'
        '<line class="t" x1="{}" x2="{}" y1="0" y2="100%"/>{}{}</svg>',
        max(piles.values()) * 14 + 34,
        label,
        middle,
        middle,
        axis,
        _joined(drawn),
    )


def key_strip(*, behind: str, ahead: str, without_source: str = "") -> SafeString:
    """Explain the dots of a strip."""
    parts = format_html_join(
        "",
        '<span><svg class="k-dot"><circle class="{}" cx="50%" cy="50%" r="5"/></svg>{}</span>',
        ((k, words) for k, words in (("b", behind), ("a", ahead), ("o", without_source)) if words),
    )
    return format_html('<p class="key" aria-hidden="true">{}</p>', parts)


# ---------------------------------------------------------------- years, pipeline


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A year: how many, of what target (None: none was set), and the words beneath."""

    value: int
    target: int | None
    name: str
    words: str


def spark_bars(bars: Sequence[Bar], *, label: str) -> SafeString:
    """Draw years side by side, the last one coloured, each with its target as a tick."""
    if not bars:
        return NOTHING
    tallest = max(max(bar.value, bar.target or 0) for bar in bars) * 1.02 or 1
    width = 100 / len(bars)
    parts = [SafeString('<line class="base" x1="0" x2="100%" y1="100%" y2="100%"/>')]
    for place, bar in enumerate(bars):
        left = place * width + width * 0.2
        middle = percent(left + width * 0.3)
        height = 96 * bar.value / tallest
        parts.append(
            format_html(
                '<rect class="{}" x="{}" width="{}" y="{}" height="{}"/>',
                "last" if place == len(bars) - 1 else "was",
                percent(left),
                percent(width * 0.6),
                percent(100 - height),
                percent(height),
            )
        )
        if bar.target:
            y = percent(100 - 96 * bar.target / tallest)
            parts.append(
                format_html(
                    '<line class="t" x1="{}" x2="{}" y1="{}" y2="{}"/>',
                    percent(left - width * 0.06),
                    percent(left + width * 0.66),
                    y,
                    y,
                )
            )
        parts.append(
            format_html(
                '<text x="{}" y="100%" dy="18" text-anchor="middle">{}</text>'
                '<text class="lab" x="{}" y="100%" dy="37" text-anchor="middle">{}</text>',
                middle,
                bar.name,
                middle,
                bar.words,
            )
        )
    return format_html(
        '<svg class="plot years" role="img" aria-label="{}">{}</svg>',
        label,
        _joined(parts),
    )


@dataclass(frozen=True, kw_only=True)
class PipeStep:
    """A step of the way: how many files stand at it; `warning` colours it as the bottleneck."""

    count: str
    name: str
    warning: str = ""


def pipe(steps: Sequence[PipeStep]) -> SafeString:
    """List the counts in the order of the process; plain HTML, so it needs no label."""
    items = (
        format_html(
            '<li class="{}"><b>{}</b>{}{}</li>',
            "bad" if step.warning else "",
            step.count,
            step.name,
            format_html("<br><strong>{}</strong>", step.warning) if step.warning else "",
        )
        for step in steps
    )
    return format_html('<ol class="pipe">{}</ol>', _joined(items))
