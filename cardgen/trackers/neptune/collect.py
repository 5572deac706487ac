"""What a reader collects of one run, within bounds: values, series and files."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator

from cardgen.errors import TrackerError
from cardgen.models import RunFile
from cardgen.trackers._numbers import make_step
from cardgen.trackers._series import Point, thin
from cardgen.trackers.neptune.values import Value

MAX_ATTRIBUTES = 20_000
"""Single values, and series, of one run that are read; no page shows more."""

MAX_FILES = 20_000

KEPT_POINTS = 5000
"""Points of one series that are always kept: more than any results table or plot shows."""

MAX_POINTS = 4_000_000
"""Points of all series together; above it each keeps fewer."""


def check_room(count: int, what: str) -> None:
    """Raise TrackerError where a run has more of something than is read: nothing is left out
    unsaid."""
    if count >= MAX_ATTRIBUTES:
        raise TrackerError(
            f"The run has over {MAX_ATTRIBUTES} {what}.",
            "Leave some out in cardgen.yaml: trackers: {neptune: {paths: {ignore: [layers/*]}}}.",
        )


def set_attribute(attributes: dict[str, Value], path: str, value: Value) -> None:
    """Keep a value; raises TrackerError where there are too many."""
    if path not in attributes:
        check_room(len(attributes), "attributes")
    attributes[path] = value


class FileCollector:
    """Collects the files of attributes, at most ``MAX_FILES`` of them."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, RunFile]] = {}
        self._count = 0

    def add(self, path: str, file: RunFile) -> None:
        """Keep a file of an attribute; one of the same name takes the place of the old."""
        if self._count < MAX_FILES:
            files = self._files.setdefault(path, {})
            self._count += file.path not in files
            files[file.path] = file

    def count(self, path: str) -> int:
        """How many files an attribute has."""
        return len(self._files.get(path, ()))

    def remove(self, path: str, name: str) -> None:
        """Forget one file of an attribute."""
        if self._files.get(path, {}).pop(name, None) is not None:
            self._count -= 1

    def clear(self, path: str) -> None:
        """Forget all files of an attribute."""
        self._count -= len(self._files.pop(path, ()))

    def finish(self) -> dict[str, tuple[RunFile, ...]]:
        """All files by attribute."""
        return {path: tuple(files.values()) for path, files in self._files.items()}


class SeriesCollector:
    """Collects points of those series that are ``shown`` and thins those that grow too long.

    A series stays whole up to ``limit`` points; beyond that its extremes are kept, so that a plot
    of it looks the same. Memory is bounded by ``total`` points and ``MAX_ATTRIBUTES`` series.
    """

    def __init__(
        self, shown: Callable[[str], bool], limit: int = KEPT_POINTS, total: int = MAX_POINTS
    ) -> None:
        self._shown = shown
        self._limit = limit
        self._total = total
        self._hidden: set[str] = set()
        self._series: dict[str, tuple[array[float], array[float]]] = {}
        self._next: dict[str, float] = {}
        self._count = 0

    def add(self, path: str, value: float, step: float | None) -> None:
        """Add a point; raises TrackerError where there are too many series."""
        if path not in self._series and not self._admit(path):
            return
        steps, values = self._series[path]
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

    def _admit(self, path: str) -> bool:
        if path in self._hidden:
            return False
        if not self._shown(path):
            if len(self._hidden) < MAX_ATTRIBUTES:
                self._hidden.add(path)
            return False
        check_room(len(self._series), "series")
        self._series[path] = (array("d"), array("d"))
        return True

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
