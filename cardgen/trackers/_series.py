"""From logged points to checkpoints, curves and last values: one rule for all trackers.

A metric that evaluates (``eval/f1``, ``val_loss``, ``test accuracy``) gives a row a step; any
other metric that was logged over time becomes a curve. What was logged once is a last value.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import NamedTuple

from pydantic import TypeAdapter

from cardgen.models import Checkpoint, Curve, Metric

Number = int | float

MAX_POINTS = 400
"""Points of a curve that are kept: more cannot be seen on a plot as wide as a page."""

MAX_CHECKPOINTS = 1000
"""Rows of a results table; an evaluation metric with more steps becomes a curve."""

_EVALUATION = re.compile(
    r"(?:^|[/_.\-: ])(?:e?val|eval\w*|valid\w*|test\w*|dev|predict)(?=$|[/_.\-: \d])", re.IGNORECASE
)
_TRAINING = re.compile(r"(?:^|[/_.\-: ])train\w*(?=$|[/_.\-: ])", re.IGNORECASE)
_PROCESS = re.compile(
    r"^(?:loss|lr|learning_rate|grad_norm|gradient_norm|epoch|global_step|step)$"
    r"|(?:^|/)(?:lr|learning_rate|grad_norm|lr-\w+)(?:$|/)"
    r"|^(?:system|monitoring|perf|time|timing|throughput)[/_]"
    r"|_(?:runtime|per_second)$|/(?:runtime|\w+_per_second)$",
    re.IGNORECASE,
)


class Point(NamedTuple):
    """A logged value; ``order`` (a time or a counter) decides between equal steps."""

    value: float
    step: Number | None = None
    order: float = 0.0


def make_points(rows: Iterable[tuple[float, Number | None, float]]) -> Iterator[Point]:
    """Points of value, step and order; three times as quick as one call for each."""
    return map(_as_point, rows)


_as_point = partial(tuple.__new__, Point)


@dataclass(frozen=True)
class Series:
    """What one run logged, sorted into the parts of a Run."""

    checkpoints: tuple[Checkpoint, ...]
    curves: tuple[Curve, ...]
    metrics: dict[str, Metric]


def split_series(points: Mapping[str, Iterable[Point]]) -> Series:
    """Sort all points of a run into checkpoints, curves and last values, by metric name."""
    logged = {name: _in_order(series) for name, series in sorted(points.items())}
    logged = {name: series for name, series in logged.items() if series}
    epochs = {p.step: p.value for p in logged.get("epoch", ())}
    evaluated = _find_evaluated(logged)
    return Series(
        checkpoints=_make_checkpoints(evaluated, epochs),
        curves=tuple(
            make_curve(name, series)
            for name, series in logged.items()
            if len(series) > 1 and name != "epoch" and not _is_kept_whole(name, series, evaluated)
        ),
        metrics={
            name: Metric(value=series[-1].value, step=series[-1].step)
            for name, series in logged.items()
        },
    )


@lru_cache(maxsize=4096)
def is_evaluation(name: str) -> bool:
    """Whether a metric's name says that it evaluates a model rather than its training."""
    return not _is_process(name) and _EVALUATION.search(name) is not None


@lru_cache(maxsize=4096)
def _is_process(name: str) -> bool:
    """Whether a metric's name says that it is of the training itself."""
    return _PROCESS.search(name) is not None or _TRAINING.search(name) is not None


def make_curve(name: str, series: list[Point]) -> Curve:
    """A curve of at most MAX_POINTS points, its first, last, lowest and highest among them."""
    steps: list[Number] = [p.step for p in series if p.step is not None]
    ordered = len(steps) < len(series) or len(set(steps)) == 1
    axis = list(range(len(series))) if ordered else steps
    if not (ordered or _is_rising(steps)):
        series, axis = _last_of_each_step(series)
    values = [p.value for p in series]
    if len(values) > MAX_POINTS:
        kept = thin(values, MAX_POINTS)
        axis, values = [axis[i] for i in kept], [values[i] for i in kept]
    return Curve(
        metric=name,
        axis="order" if ordered else "step",
        steps=tuple(axis),
        values=tuple(values),
    )


def thin(values: list[float], limit: int) -> list[int]:
    """Indexes of at most ``limit`` values that draw the same line: each bucket's extremes."""
    count = len(values)
    if count <= limit:
        return list(range(count))
    buckets = max(1, (limit - 2) // 2)
    kept = {0, count - 1}
    for bucket in range(buckets):
        start, end = bucket * count // buckets, (bucket + 1) * count // buckets
        numbers = [i for i in range(start, end) if not math.isnan(values[i])]
        if numbers:
            kept.add(min(numbers, key=values.__getitem__))
            kept.add(max(numbers, key=values.__getitem__))
        elif start < end:
            kept.add(start)
    return sorted(kept)


def _in_order(series: Iterable[Point]) -> list[Point]:
    """By step, then by time; points without a step stay in the order they came."""
    series = list(series)
    steps = [p.step for p in series if p.step is not None]
    if len(steps) == len(series) and _is_rising(steps):
        return series
    return sorted(series, key=lambda p: (p.step is not None, p.step or 0, p.order))


def _is_rising(steps: list[Number]) -> bool:
    return all(map(operator.lt, steps, steps[1:]))


def _last_of_each_step(series: list[Point]) -> tuple[list[Point], list[Number]]:
    last = {p.step: p for p in series if p.step is not None}
    return list(last.values()), list(last)


def _find_evaluated(logged: Mapping[str, list[Point]]) -> dict[str, list[Point]]:
    """The metrics that make rows of the results table.

    Names decide where any name says that it evaluates; where none does (plain ``accuracy`` an
    epoch), whatever is logged over time and is no loss, rate or hardware figure.
    """
    fit = {name: series for name, series in logged.items() if _has_rows(name, series)}
    named = {name: series for name, series in fit.items() if is_evaluation(name)}
    if named:
        return named
    return {name: series for name, series in fit.items() if len(series) > 1}


def _has_rows(name: str, series: list[Point]) -> bool:
    if _is_process(name):
        return False
    steps = {p.step for p in series}
    if None in steps or len(steps) > MAX_CHECKPOINTS:
        return False
    # One point at step 0 is what a client writes when no step was given: a last value, no row.
    return steps != {0}


def _is_kept_whole(name: str, series: list[Point], evaluated: Mapping[str, list[Point]]) -> bool:
    """A checkpointed metric needs no curve, unless one step holds several of its points."""
    return name in evaluated and len({p.step for p in series}) == len(series)


def _make_checkpoints(
    evaluated: Mapping[str, list[Point]], epochs: Mapping[Number | None, float]
) -> tuple[Checkpoint, ...]:
    rows: dict[Number, dict[str, float]] = {}
    for name, series in evaluated.items():
        for point in series:
            if point.step is not None:
                rows.setdefault(point.step, {})[name] = point.value
    return _find_checkpoints_type().validate_python(
        tuple(
            {"step": step, "epoch": epochs.get(step), "metrics": rows[step]}
            for step in sorted(rows)
        )
    )


@cache
def _find_checkpoints_type() -> TypeAdapter[tuple[Checkpoint, ...]]:
    """Builds all rows of a run in one go, in half the time of one by one."""
    return TypeAdapter(tuple[Checkpoint, ...])
