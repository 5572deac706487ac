"""What every reader of Neptune data hands over: plain, bounded values and series.

Readers meet strangers' files, so text is made printable to UTF-8, numbers and times that no
machine can hold become none, and a series keeps at most so many points that it fits in memory.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from array import array
from collections.abc import Iterator
from typing import Any

from cardgen.trackers._series import Point, thin

Value = bool | int | float | str | dt.datetime | frozenset[str]

MAX_TEXT = 4000
"""Characters of a text attribute that are kept."""

MAX_ATTRIBUTES = 50_000
MAX_FILES = 20_000

KEPT_POINTS = 5000
"""Points of one series that are always kept: more than any results table or plot shows."""

MAX_POINTS = 4_000_000
"""Points of all series together; above it each keeps fewer."""

_SURROGATES = re.compile("[\ud800-\udfff]")


def clean_text(value: object, limit: int = MAX_TEXT) -> str:
    """Text that can be written as UTF-8; what is longer than ``limit`` ends with ``…``."""
    text = _SURROGATES.sub("\ufffd", value if isinstance(value, str) else str(value))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def make_float(value: object) -> float | None:
    """A number as a float, an integer too large as infinity; none for what is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def make_step(value: object) -> int | float | None:
    """A step, whole where it is whole; none for what is no finite number."""
    number = make_float(value)
    if number is None or not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def make_time(seconds: object) -> dt.datetime | None:
    """Unix seconds as UTC to the millisecond; none for what is no time."""
    number = make_float(seconds)
    if number is None or not math.isfinite(number):
        return None
    try:
        start = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        return start + dt.timedelta(milliseconds=round(number * 1000))
    except (OverflowError, ValueError):
        return None


def parse_time(text: object) -> dt.datetime | None:
    """ISO 8601 text as UTC; none for what is no time. Without a zone it is taken as UTC."""
    try:
        time = dt.datetime.fromisoformat(str(text))
        return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)
    except (OverflowError, ValueError):
        return None


def make_value(value: Any) -> Value | None:
    """An attribute's value in bounds; none where it is of no kind that Neptune has."""
    if isinstance(value, (bool, float, dt.datetime)):
        return value
    if isinstance(value, int):
        # JSON from strangers may hold integers of thousands of digits.
        return value if abs(value) < 2**64 else make_float(value)
    if isinstance(value, str):
        return clean_text(value)
    return None


class SeriesCollector:
    """Collects points of many series and thins those that grow too long.

    A series stays whole up to ``KEPT_POINTS`` points; beyond that its extremes are kept, so that a
    plot of it looks the same. Memory is bounded by ``MAX_POINTS`` and ``MAX_ATTRIBUTES``.
    """

    def __init__(self, limit: int = KEPT_POINTS, total: int = MAX_POINTS) -> None:
        self._limit = limit
        self._total = total
        self._series: dict[str, tuple[array[float], array[float]]] = {}
        self._next: dict[str, float] = {}
        self._count = 0

    def add(self, path: str, value: float, step: float | None) -> None:
        """Add a point; it is ignored where there are too many series already."""
        if path not in self._series and len(self._series) >= MAX_ATTRIBUTES:
            return
        steps, values = self._series.setdefault(path, (array("d"), array("d")))
        steps.append(math.nan if step is None else float(step))
        values.append(value)
        self._count += 1
        if len(values) > 2 * self._limit:
            self._shorten(path)
        if self._count > self._total and self._limit > 100:
            self._limit //= 2
            for name in self._series:
                self._shorten(name)

    def add_next(self, path: str, value: float, step: float | None) -> None:
        """Add a point; one without a step gets the step after the last, as Neptune numbers them."""
        at = self._next.get(path, 0.0) if step is None else float(step)
        self._next[path] = at + 1
        self.add(path, value, at)

    def clear(self, path: str) -> None:
        """Forget a series."""
        steps, _ = self._series.pop(path, (array("d"), array("d")))
        self._next.pop(path, None)
        self._count -= len(steps)

    def finish(self) -> dict[str, tuple[Point, ...]]:
        """All series, the points of equal steps in the order they came."""
        return {path: tuple(self._points(path)) for path in sorted(self._series)}

    def _points(self, path: str) -> Iterator[Point]:
        steps, values = self._series[path]
        for order, (step, value) in enumerate(zip(steps, values, strict=True)):
            yield Point(value, make_step(step), float(order))

    def _shorten(self, path: str) -> None:
        steps, values = self._series[path]
        kept = thin(list(values), self._limit)
        self._series[path] = (
            array("d", (steps[i] for i in kept)),
            array("d", (values[i] for i in kept)),
        )
        self._count -= len(values) - len(kept)
