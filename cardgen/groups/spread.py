"""Mean and standard deviation of a metric over runs, numbers that are none kept apart."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from cardgen.facts import Spread

_SMALLEST = 1e-290


def make_spread(values: Sequence[tuple[str, float]], of: int) -> Spread:
    """A metric's values by run; ``of`` is how many runs could have one."""
    known = [value for _, value in values if math.isfinite(value)]
    odd = tuple(pair for pair in values if not math.isfinite(pair[1]))
    if not known:
        return Spread(0, of, odd=odd)
    mean, std = find_mean(known)
    return Spread(len(known), of, mean, std, min(known), max(known), odd)


def find_mean(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean and sample standard deviation (n - 1) of finite numbers; None for that of one.

    Exact for large offsets, since deviations are from the mean, and in any order the same.
    """
    count = len(values)
    try:
        mean = math.fsum(values) / count
        if count < 2:
            return mean, None
        off = [value - mean for value in values]
        # What rounding the mean adds to each deviation is taken off again.
        squares = math.fsum([x * x for x in off]) - math.fsum(off) ** 2 / count
    except OverflowError:
        squares = math.inf
    if not math.isfinite(squares) or (squares < _SMALLEST and min(values) != max(values)):
        return _find_exactly(values)
    return mean, math.sqrt(max(squares, 0.0) / (count - 1))


def _find_exactly(values: Sequence[float]) -> tuple[float, float | None]:
    """The same in fractions, for numbers whose squares no double holds."""
    mean = float(statistics.mean(values))
    try:
        return mean, statistics.stdev(values)
    except OverflowError:
        return mean, math.inf


def spread_metrics(values: Mapping[str, Mapping[str, float]], of: int) -> dict[str, Spread]:
    """Spreads of metrics whose values are given by run, e.g. ``{"f1": {"mlflow:1": 0.8}}``."""
    return {name: make_spread(tuple(by_run.items()), of) for name, by_run in values.items()}
