"""A chart as inline SVG: no script, no address, its colours those of the page's style sheet.

``render_chart`` draws lines over steps with round numbers at the axes. Where a value is missing
or no number the line has a gap, and a small cross tells of NaN and infinities. The best
checkpoint has a ring.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from cardgen.measures import format_number
from cardgen.site.numbers import format_full, format_short
from cardgen.site.scales import Scale, find_scale, find_ticks, format_ticks

WIDTH, HEIGHT = 420, 240
COLOURS = 8
"""Colours of series in the style sheet: ``cg-c0`` and so on."""

_TOP, _RIGHT, _BOTTOM = 24, 14, 38  # a label has room above the highest point
_LETTER = 6.2  # mean width of a digit at the size of the labels
_DOTS = 40
_CROSSES = 40


@dataclass(frozen=True)
class Series:
    """One line: ``xs`` and ``ys`` have the same length; ``best`` is the index of a ringed point.

    ``hints`` are what a point says of itself when one points at it; empty for long lines. ``low``
    and ``high`` bound a band around a mean. A ``thin`` line is one of many behind such a mean, in
    the legend only where it is ``listed``.
    """

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    colour: int = 0
    dashed: bool = False
    best: int | None = None
    hints: Sequence[str] = ()
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    thin: bool = False
    listed: bool = False


@dataclass(frozen=True)
class Chart:
    """What is drawn. ``description`` says in a sentence what can be seen."""

    title: str
    description: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    may_log: bool = False


def render_chart(chart: Chart) -> str:
    """The chart as an ``svg`` element."""
    bounds = (values for s in chart.series for values in (s.ys, s.low, s.high))
    ys = find_scale(_all(bounds), HEIGHT - _BOTTOM, _TOP, may_log=chart.may_log)
    y_ticks = find_ticks(ys, 5)
    y_labels = format_ticks(y_ticks)
    left = 10 + _LETTER * max((len(label) for label in y_labels), default=1)
    xs = _find_x_scale(_all(s.xs for s in chart.series), left)
    parts = [
        f'<svg class="cg-plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'xmlns="http://www.w3.org/2000/svg" font-size="11" fill="none" stroke="none">'
        f"<title>{escape(chart.title)}</title><desc>{escape(chart.description)}</desc>",
        *_draw_y_axis(ys, zip(y_ticks, y_labels, strict=True), left),
        *_draw_x_axis(xs, chart.x_label),
    ]
    for series in chart.series:
        parts += _draw_band(series, xs, ys)
    for series in chart.series:
        parts += _draw_series(series, xs, ys)
    parts += [_draw_best(series, xs, ys) for series in chart.series]
    return "".join(parts) + "</svg>"


def _all(values: Iterable[Sequence[float]]) -> list[float]:
    return [value for group in values for value in group]


def _find_x_scale(values: list[float], left: float) -> Scale:
    known = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    if low == high:
        margin = max(1.0, abs(low) / 1000)
        low, high = low - margin, high + margin
    if 0 < low <= (high - low) / 2:
        low = 0.0
    return Scale(low, high, left, WIDTH - _RIGHT)


def _draw_y_axis(scale: Scale, ticks: Iterable[tuple[float, str]], left: float) -> Iterator[str]:
    for tick, label in ticks:
        y = scale.place(tick)
        yield (
            f'<path class="cg-rule" stroke="currentColor" '
            f'd="M{left:.1f} {y:.1f}H{WIDTH - _RIGHT}"/>'
            f'<text class="cg-tick" fill="currentColor" x="{left - 6:.1f}" y="{y + 3.8:.1f}" '
            f'text-anchor="end">{escape(label)}</text>'
        )


def _draw_x_axis(scale: Scale, label: str) -> Iterator[str]:
    y = HEIGHT - _BOTTOM
    yield (
        f'<path class="cg-axis" stroke="currentColor" d="M{scale.start:.1f} {y}H{scale.end:.1f}"/>'
    )
    ticks = [tick for tick in find_ticks(scale, 5) if scale.low <= tick <= scale.high]
    for tick, text in zip(ticks, format_ticks(ticks), strict=True):
        x = scale.place(tick)
        anchor = "end" if x > scale.end - 8 else "middle"
        x = min(x, scale.end) if anchor == "end" else x
        yield (
            f'<path class="cg-axis" stroke="currentColor" d="M{x:.1f} {y}v4"/>'
            f'<text class="cg-tick" fill="currentColor" x="{x:.1f}" y="{y + 16}" '
            f'text-anchor="{anchor}">{escape(text)}</text>'
        )
    middle = (scale.start + scale.end) / 2
    yield (
        f'<text class="cg-label" fill="currentColor" x="{middle:.1f}" y="{HEIGHT - 6}" '
        f'text-anchor="middle">{escape(label)}</text>'
    )


def _draw_band(series: Series, xs: Scale, ys: Scale) -> Iterator[str]:
    """An area between both bounds, one for each stretch without a gap."""
    bounds = zip(series.xs, series.low, series.high, strict=True) if series.low else ()
    for there, group in groupby(bounds, key=lambda b: all(map(math.isfinite, b))):
        points = list(group)
        if not there or len(points) < 2:
            continue
        floor = ys.low if ys.log else -math.inf  # a logarithm has no room below
        upper = [(x, high) for x, _, high in points]
        lower = [(x, max(low, floor)) for x, low, _ in reversed(points)]
        edge = "L".join(f"{xs.place(x):.1f} {ys.place(y):.1f}" for x, y in (*upper, *lower))
        yield (
            f'<path class="cg-band cg-c{series.colour % COLOURS}" fill="currentColor" '
            f'd="M{edge}Z"/>'
        )


def _draw_series(series: Series, xs: Scale, ys: Scale) -> Iterator[str]:
    points = _place(series, xs, ys)
    dash = " cg-dashed" if series.dashed else ""
    dash += " cg-thin" if series.thin else ""
    path = _draw_path(points)
    if path:
        yield (
            f'<path class="cg-line cg-c{series.colour % COLOURS}{dash}" stroke="currentColor" '
            f'd="{path}"/>'
        )
    drawn = [(i, p) for i, p in enumerate(points) if p is not None]
    alone = _find_alone(points)
    many = series.thin or len(drawn) > _DOTS
    shown = [(i, p) for i, p in drawn if i in alone] if many else drawn
    for index, (x, y) in shown:
        yield _draw_dot(series, index, x, y)
    if not series.low:  # a mean's crosses are those of its runs
        yield from _draw_crosses(series, xs, ys)


def _place(series: Series, xs: Scale, ys: Scale) -> list[tuple[float, float] | None]:
    finite = [
        (x, y) if math.isfinite(x) and math.isfinite(y) else None
        for x, y in zip(series.xs, series.ys, strict=True)
    ]
    known = [point for point in finite if point]
    placed = zip(xs.place_all(x for x, _ in known), ys.place_all(y for _, y in known), strict=True)
    return [next(placed) if point else None for point in finite]


def _draw_path(points: Sequence[tuple[float, float] | None]) -> str:
    """Lines through neighbouring points, a new one behind each gap."""
    lines = []
    for there, group in groupby(points, key=lambda point: point is not None):
        if there:
            line = [f"{point[0]:.1f} {point[1]:.1f}" for point in group if point]
            lines.append("M" + "L".join(line))
    return "".join(line for line in lines if "L" in line)


def _find_alone(points: Sequence[tuple[float, float] | None]) -> set[int]:
    """Points with a gap on either side, which no line would show."""
    padded = [None, *points, None]
    return {
        i
        for i, point in enumerate(points)
        if point is not None and padded[i] is None and padded[i + 2] is None
    }


def _draw_dot(series: Series, index: int, x: float, y: float) -> str:
    hint = f"<title>{escape(series.hints[index])}</title>" if series.hints else ""
    return (
        f'<circle class="cg-dot cg-c{series.colour % COLOURS}" fill="currentColor" '
        f'cx="{x:.1f}" cy="{y:.1f}" r="2.6">{hint}</circle>'
    )


def _draw_crosses(series: Series, xs: Scale, ys: Scale) -> Iterator[str]:
    """A small cross at the edge where values are NaN or infinite, one for neighbours alike."""
    points = [(x, y) for x, y in zip(series.xs, series.ys, strict=True) if math.isfinite(x)]
    found = [(name, list(group)) for name, group in groupby(points, key=lambda p: _name_odd(p[1]))]
    for name, group in [(name, group) for name, group in found if name][:_CROSSES]:
        first, last = group[0][0], group[-1][0]
        x = (xs.place(first) + xs.place(last)) / 2
        y = ys.end + 1 if group[0][1] == math.inf else ys.start - 5
        span = format_number(first) + (f"–{format_number(last)}" if last != first else "")
        yield (
            f'<path class="cg-cross cg-c{series.colour % COLOURS}" stroke="currentColor" '
            f'd="M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6">'
            f"<title>{escape(span)}: {name}</title></path>"
        )


def _name_odd(value: float) -> str:
    return "" if math.isfinite(value) else format_full(value)


def _draw_best(series: Series, xs: Scale, ys: Scale) -> str:
    if series.best is None or not math.isfinite(series.ys[series.best]):
        return ""
    x, y = xs.place(series.xs[series.best]), ys.place(series.ys[series.best])
    hint = series.hints[series.best] if series.hints else ""
    colour = f"cg-c{series.colour % COLOURS}"
    anchor = "start" if x < xs.start + 30 else "end" if x > xs.end - 30 else "middle"
    return (
        f'<circle class="cg-best {colour}" stroke="currentColor" cx="{x:.1f}" cy="{y:.1f}" r="6">'
        f"<title>{escape(hint)}</title></circle>"
        f'<text class="cg-value {colour}" fill="currentColor" x="{x:.1f}" '
        f'y="{y - 11:.1f}" text-anchor="{anchor}">'
        f"{escape(format_short(series.ys[series.best]))}</text>"
    )
