"""A chart as inline SVG: no script, no address, its colours those of the page's style sheet.

``render_chart`` draws lines over steps with round numbers at the axes. Where a value is missing
or no number the line has a gap, and a small cross tells of NaN and infinities. The best
checkpoint has a ring. A page has many charts, so that their letters count: coordinates are whole
numbers of a grid that is finer than a pixel, and what looks alike is one path.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import groupby

from cardgen.measures import format_number
from cardgen.site.numbers import format_full, format_short
from cardgen.site.paths import Point, draw_dots, draw_line, split_stretches, thin_points
from cardgen.site.scales import Scale, find_scale, find_ticks, format_ticks

GRID = 4
"""Steps of the grid in a unit of the chart, of which it is 420 wide and 240 high."""

WIDTH, HEIGHT = 420 * GRID, 240 * GRID
COLOURS = 8
"""Colours of series in the style sheet: ``cg-c0`` and so on."""

_TOP, _RIGHT, _BOTTOM = 24 * GRID, 14 * GRID, 38 * GRID  # a label has room above the highest point
_LETTER = 6.2 * GRID  # mean width of a digit at the size of the labels
_TICKS = 5
_DOTS = 40
_CROSSES = 40
_END = ' text-anchor="end"'


@dataclass(frozen=True)
class Series:
    """One line: ``xs`` and ``ys`` have the same length; ``best`` is the index of a ringed point.

    ``low`` and ``high`` bound a band around a mean. A ``thin`` line is one of many behind such a
    mean, in the legend only where it is ``listed``; a ``quiet`` one is the baseline's. ``hint`` is
    what the ring says when one points at it. ``metric`` and ``refs`` say what was drawn, of which
    runs.
    """

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    colour: int = 0
    dashed: bool = False
    best: int | None = None
    hint: str = ""
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    thin: bool = False
    listed: bool = False
    quiet: bool = False
    metric: str = ""
    refs: tuple[str, ...] = ()

    @property
    def ink(self) -> str:
        """The class that gives its colour."""
        return "cg-base" if self.quiet else f"cg-c{self.colour % COLOURS}"


@dataclass(frozen=True)
class Chart:
    """What is drawn. ``description`` says in a sentence what can be seen."""

    title: str
    description: str
    x_label: str
    series: tuple[Series, ...]
    may_log: bool = False


def render_chart(chart: Chart) -> str:
    """The chart as an ``svg`` element."""
    bounds = [values for s in chart.series for values in (s.ys, s.low, s.high)]
    ys = find_scale(_all(bounds), HEIGHT - _BOTTOM, _TOP, may_log=chart.may_log)
    ticks = find_ticks(ys, _TICKS)
    labels = format_ticks(ticks)
    left = 10 * GRID + _LETTER * max(map(len, labels), default=1)
    xs = _find_x_scale(_all([s.xs for s in chart.series]), round(left))
    parts = [
        f'<svg class="cg-plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(_describe(chart))}">',
        *_draw_y_axis(ys, ticks, labels, round(left)),
        _draw_x_axis(xs, chart.x_label),
    ]
    parts += [_draw_band(series, xs, ys) for series in chart.series if series.low]
    parts += [_draw_series(series, xs, ys) for series in chart.series]
    parts += [_draw_best(series, xs, ys) for series in chart.series if series.best is not None]
    return "".join(parts) + "</svg>"


def _describe(chart: Chart) -> str:
    if chart.description.startswith(f"{chart.title}: "):
        return chart.description
    return f"{chart.title}: {chart.description}"


def _all(groups: Iterable[Sequence[float]]) -> list[float]:
    return [value for group in groups for value in group]


def _find_x_scale(values: list[float], left: float) -> Scale:
    known = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    if low == high:
        margin = max(1.0, abs(low) / 1000)
        low, high = low - margin, high + margin
    if 0 < low <= (high - low) / 2:
        low = 0.0
    return Scale(low, high, left, WIDTH - _RIGHT)


def _draw_y_axis(
    scale: Scale, ticks: Sequence[float], labels: Sequence[str], left: int
) -> Iterator[str]:
    places = [round(y) for y in scale.place_all(ticks)]
    rules = "".join(f"M{left} {y}H{WIDTH - _RIGHT}" for y in places)
    yield f'<path class="cg-rule" d="{rules}"/><g class="cg-ticks" text-anchor="end">'
    for y, label in zip(places, labels, strict=True):
        yield f'<text x="{left - 6 * GRID}" y="{y + 15}">{label}</text>'
    yield "</g>"


@lru_cache(1024)  # the charts of a card have the same steps, and so have cards
def _draw_x_axis(scale: Scale, label: str) -> str:
    y, end = HEIGHT - _BOTTOM, round(scale.end)
    ticks = [tick for tick in find_ticks(scale, _TICKS) if scale.low <= tick <= scale.high]
    places = [round(x) for x in scale.place_all(ticks)]
    marks = "".join(f"M{x} {y}v{4 * GRID}" for x in places)
    texts = "".join(
        f'<text x="{min(x, end)}" y="{y + 16 * GRID}"'
        f"{_END if x > end - 8 * GRID else ''}>{text}</text>"
        for x, text in zip(places, format_ticks(ticks), strict=True)
    )
    middle = round((scale.start + scale.end) / 2)
    return (
        f'<path class="cg-axis" d="M{round(scale.start)} {y}H{end}{marks}"/>'
        f'<g class="cg-ticks" text-anchor="middle">{texts}'
        f'<text x="{middle}" y="{HEIGHT - 6 * GRID}">{escape(label)}</text></g>'
    )


def _draw_band(series: Series, xs: Scale, ys: Scale) -> str:
    """An area between both bounds, one for each stretch without a gap."""
    floor = ys.low if ys.log else -math.inf  # a logarithm has no room below
    lower = [max(low, floor) for low in series.low]
    edges = (_place(series.xs, series.high, xs, ys), _place(series.xs, lower, xs, ys))
    pairs = zip(*edges, strict=True)
    areas = [
        draw_line([*(high for high, _ in points), *(low for _, low in reversed(points))]) + "z"
        for there, group in groupby(pairs, key=lambda pair: None not in pair)
        if there and len(points := [(h, lo) for h, lo in group if h and lo]) > 1
    ]
    return f'<path class="cg-band {series.ink}" d="{"".join(areas)}"/>' if areas else ""


def _draw_series(series: Series, xs: Scale, ys: Scale) -> str:
    """The line, its dots where there are few or where none would be seen, and its crosses."""
    kept = thin_points(series.xs, series.ys, series.best)
    taken = series.xs, series.ys
    if len(kept) < len(series.ys):
        taken = [series.xs[at] for at in kept], [series.ys[at] for at in kept]
    stretches = split_stretches(_place(*taken, xs, ys))
    parts = []
    path = "".join(draw_line(points) for points in stretches if len(points) > 1)
    if path:
        parts.append(f'<path class="cg-line" d="{path}"/>')
    many = series.thin or sum(map(len, stretches)) > _DOTS
    dotted = [points for points in stretches if len(points) == 1 or not many]
    if dotted:
        parts.append(f'<path class="cg-dots" d="{"".join(map(draw_dots, dotted))}"/>')
    if not series.low:  # a mean's crosses are those of its runs
        parts += _draw_crosses(series, xs, ys)
    return f'<g class="{_format_kinds(series)}">{"".join(parts)}</g>' if parts else ""


def _format_kinds(series: Series) -> str:
    kinds = ((" cg-dashed", series.dashed), (" cg-thin", series.thin))
    return series.ink + "".join(kind for kind, there in kinds if there)


def _place(
    across: Sequence[float], up: Sequence[float], xs: Scale, ys: Scale
) -> list[Point | None]:
    """Where points lie on the grid; None for what is no number."""
    finite = math.isfinite
    if all(map(finite, across)) and all(map(finite, up)):
        columns, rows = map(round, xs.place_all(across)), map(round, ys.place_all(up))
        return list(zip(columns, rows, strict=True))
    there = [finite(x) and finite(y) for x, y in zip(across, up, strict=True)]
    known = [point for point, is_there in zip(zip(across, up, strict=True), there, strict=True)
             if is_there]  # fmt: skip
    placed = iter(_place([x for x, _ in known], [y for _, y in known], xs, ys))
    return [next(placed) if is_there else None for is_there in there]


def _draw_crosses(series: Series, xs: Scale, ys: Scale) -> Iterator[str]:
    """A small cross at the edge where values are NaN or infinite, one for neighbours alike."""
    if all(map(math.isfinite, series.ys)):
        return
    points = [(x, y) for x, y in zip(series.xs, series.ys, strict=True) if math.isfinite(x)]
    found = [(name, list(group)) for name, group in groupby(points, key=lambda p: _name_odd(p[1]))]
    for name, group in [(name, group) for name, group in found if name][:_CROSSES]:
        first, last = group[0][0], group[-1][0]
        x = round((xs.place(first) + xs.place(last)) / 2) - 3 * GRID
        y = round(ys.end + GRID if group[0][1] == math.inf else ys.start - 5 * GRID) - 3 * GRID
        span = format_number(first) + (f"–{format_number(last)}" if last != first else "")
        yield (
            f'<path class="cg-cross" d="M{x} {y}l24 24m0-24l-24 24">'
            f"<title>{escape(span)}: {name}</title></path>"
        )


def _name_odd(value: float) -> str:
    return "" if math.isfinite(value) else format_full(value)


def _draw_best(series: Series, xs: Scale, ys: Scale) -> str:
    at = series.best
    if at is None or not (math.isfinite(series.ys[at]) and math.isfinite(series.xs[at])):
        return ""
    x, y = round(xs.place(series.xs[at])), round(ys.place(series.ys[at]))
    near = 30 * GRID
    anchor = "start" if x < xs.start + near else "end" if x > xs.end - near else "middle"
    hint = f"<title>{escape(series.hint)}</title>" if series.hint else ""
    return (
        f'<g class="{series.ink}"><circle class="cg-best" cx="{x}" cy="{y}" r="{6 * GRID}">'
        f'{hint}</circle><text class="cg-value" x="{x}" y="{y - 11 * GRID}" '
        f'text-anchor="{anchor}">{escape(format_short(series.ys[at]))}</text></g>'
    )
