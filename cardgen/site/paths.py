"""Points as the path data of an SVG, in as few letters as they can be said in.

Coordinates are whole numbers of a fine grid, and each is said as the step from the one before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

MAX_POINTS = 200
"""Points of a drawn line: two for each two pixels of a chart."""

Point = tuple[int, int]


def thin_points(xs: Sequence[float], ys: Sequence[float], keep: int | None = None) -> list[int]:
    """Places of at most about MAX_POINTS points that draw the same line, ``keep`` among them.

    Of each bucket the lowest and the highest stay, and one point of every gap, so that spikes,
    breaks, NaN and infinities are seen.
    """
    count = len(ys)
    if count <= MAX_POINTS:
        return list(range(count))
    kept = {0, count - 1} if keep is None else {0, count - 1, keep}
    buckets = MAX_POINTS // 2
    for bucket in range(buckets):
        part = range(bucket * count // buckets, (bucket + 1) * count // buckets)
        known = [at for at in part if math.isfinite(ys[at]) and math.isfinite(xs[at])]
        if known:
            kept.add(min(known, key=ys.__getitem__))
            kept.add(max(known, key=ys.__getitem__))
        if len(known) < len(part):
            odd = {repr(ys[at]): at for at in part if not math.isfinite(ys[at])}
            kept.update(odd.values())
    return sorted(kept)


def split_stretches(points: Sequence[Point | None]) -> list[list[Point]]:
    """The points between gaps."""
    if None not in points:
        return [list(points)] if points else []  # type: ignore[arg-type]
    groups = groupby(points, key=lambda point: point is None)
    return [list(group) for gap, group in groups if not gap]  # type: ignore[arg-type]


def draw_line(points: Sequence[Point]) -> str:
    """A line through points."""
    start, steps = _find_steps(points)
    return f"M{start[0]} {start[1]}l" + "%+d%+d" * (len(steps) // 2) % steps


def draw_dots(points: Sequence[Point]) -> str:
    """Lines without length, which round ends make dots."""
    start, steps = _find_steps(points)
    return f"M{start[0]} {start[1]}z" + "m%d%+dz" * (len(steps) // 2) % steps


def _find_steps(points: Sequence[Point]) -> tuple[Point, tuple[int, ...]]:
    """The first point, and the way from each to the next: right, down, right, down …"""
    x, y = start = points[0]
    steps: list[int] = []
    for across, down in points[1:]:
        steps += (across - x, down - y)
        x, y = across, down
    return start, tuple(steps)
