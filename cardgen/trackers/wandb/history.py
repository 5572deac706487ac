"""What a run logged over time: points by metric, on the axis that was declared for each.

The axis is W&B's own step (``_step``, a count of calls), or the metric that ``define_metric``
named as ``step_metric``. A point that was logged without it stands at its last value before, as
on W&B's charts.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cardgen.models import Checkpoint
from cardgen.trackers._series import Point, Series, split_series, thin
from cardgen.trackers.wandb.values import as_number, as_step, flatten, is_internal

MAX_KEPT = 50_000
"""Points of a metric that are kept; of twice as many the extremes remain."""

MAX_METRICS = 20_000
"""Metrics of a run that are read."""

_EPOCHS = ("epoch", "train/epoch", "trainer/epoch", "train.epoch", "epochs")

Step = int | float


@dataclass
class Axes:
    """What ``define_metric`` declared: the step metric by exact name and by beginning (``eval/*``).

    An empty text stands for W&B's own step.
    """

    exact: dict[str, str] = field(default_factory=dict)
    globs: dict[str, str] = field(default_factory=dict)

    def declare(self, name: str, glob: str, axis: str) -> None:
        """Take one declaration; a later one for the same name counts."""
        if name:
            self.exact[name] = axis or self.exact.get(name, "")
        elif glob.endswith("*"):
            self.globs[glob[:-1]] = axis

    def find(self, name: str) -> str:
        """The step metric of a metric; empty for W&B's own step."""
        found = self.exact.get(name)
        if found is None:
            starts = [start for start in self.globs if name.startswith(start)]
            found = self.globs[max(starts, key=len)] if starts else ""
        return found if found != name and not is_internal(found) else ""

    @property
    def names(self) -> frozenset[str]:
        """The metrics that others are drawn over."""
        return frozenset({*self.exact.values(), *self.globs.values()}) - {""}


@dataclass
class History:
    """Collects rows as they were logged, then sorts them into the parts of a Run."""

    axes: Axes = field(default_factory=Axes)
    points: dict[str, list[Point]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    rows: int = 0
    latest: float = 0.0
    shift: Step = 0
    last: Step | None = None
    fresh: bool = False

    def add_row(self, row: Mapping[str, Any], step: int | None = None) -> None:
        """One call of ``log``: what it logged, with its ``_step`` and ``_timestamp``."""
        found = as_step(row.get("_step", step))
        own = self._continue(found if found is not None else self.rows)
        self.rows += 1
        self.latest = max(self.latest, as_number(row.get("_timestamp")) or 0.0)
        for name, value in flatten(row):
            number = as_number(value)
            if len(self.keys) < MAX_METRICS:
                self.keys.add(name)
            if number is not None and not is_internal(name):
                self._add(name, Point(number, own, float(self.rows)))

    def begin_part(self) -> None:
        """What follows was logged by another process, which may not know the steps before it."""
        self.fresh, self.shift = True, 0

    def _continue(self, step: Step) -> Step:
        """The step in the whole run: where a resumed part counts anew, it goes on after the last,
        as W&B does when such parts are synced."""
        if self.fresh and self.last is not None and step <= self.last:
            self.shift = int(self.last) + 1
        self.fresh = False
        step += self.shift
        self.last = step if self.last is None else max(self.last, step)
        return step

    def _add(self, name: str, point: Point) -> None:
        series = self.points.get(name)
        if series is None:
            if len(self.points) >= MAX_METRICS:
                return
            series = self.points[name] = []
        series.append(point)
        if len(series) >= 2 * MAX_KEPT and name not in self.axes.names:
            series[:] = [series[i] for i in thin([p.value for p in series], MAX_KEPT)]

    def split(self) -> Series:
        """Checkpoints, curves and last values."""
        axes = {name: self.axes.find(name) for name in self.points}
        scales = {axis: self._make_scale(axis) for axis in {*axes.values(), *_EPOCHS} - {""}}
        placed = {
            name: [_place(point, scales.get(axes[name], [])) for point in series]
            for name, series in self.points.items()
        }
        series = split_series(placed)
        evaluated = {name for row in series.checkpoints for name in row.metrics}
        rows, axis = self._align(series, evaluated, axes)
        drawn = self.axes.names
        return Series(
            checkpoints=_add_epochs(rows, self._find_epochs(scales, axis)),
            curves=tuple(curve for curve in series.curves if curve.metric not in drawn),
            metrics=series.metrics,
        )

    def _make_scale(self, axis: str) -> list[tuple[Step, float]]:
        """The values of a step metric by W&B's own step, in order."""
        points = self.points.get(axis, ())
        found = {p.step: p.value for p in points if p.step is not None and math.isfinite(p.value)}
        return sorted(found.items())

    def _align(
        self, series: Series, evaluated: set[str], axes: Mapping[str, str]
    ) -> tuple[tuple[Checkpoint, ...], str]:
        """The rows and their axis: a row is one moment, so several axes give way to W&B's own."""
        used = {axes[name] for name in evaluated}
        if len(used) < 2:
            return series.checkpoints, next(iter(used), "")
        again = split_series({name: self.points[name] for name in evaluated})
        return again.checkpoints, ""

    def _find_epochs(
        self, scales: Mapping[str, list[tuple[Step, float]]], axis: str
    ) -> dict[Step, float]:
        """The epoch at each step of an axis, where one was logged."""
        name = next((name for name in _EPOCHS if scales.get(name)), "")
        if not name:
            return {}
        if axis == name:
            return {value: value for _, value in scales[name]}
        scale = scales.get(axis, [])
        placed = (_place(Point(value, step), scale) for step, value in scales[name])
        return {point.step: point.value for point in placed if point.step is not None}


def _place(point: Point, scale: list[tuple[Step, float]]) -> Point:
    """The point on the scale of another metric; where it is where there is no scale."""
    if not scale or point.step is None:
        return point
    found = bisect_right(scale, (point.step, math.inf))
    return point._replace(step=as_step(scale[found - 1][1]) if found else None)


def _add_epochs(
    rows: tuple[Checkpoint, ...], epochs: Mapping[Step, float]
) -> tuple[Checkpoint, ...]:
    return tuple(
        row.model_copy(update={"epoch": epochs.get(row.step) if row.step is not None else None})
        for row in rows
    )
