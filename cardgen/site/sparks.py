"""A card's tiny learning curve: few values of the primary metric over the steps of its run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from cardgen.facts import Facts

MAX_POINTS = 24
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def make_spark(facts: Facts) -> tuple[float, ...]:
    """Up to MAX_POINTS values in the order of the steps; empty where there are not two.

    They are the metric's checkpoints in the run that the primary value comes from, else that
    run's curve of the metric. NaN and infinities are left out.
    """
    if facts.primary is None:
        return ()
    values = _read_rows(facts, facts.primary.origin.ref)
    if len(values) < 2:
        values = _read_curve(facts, facts.primary.origin.ref)
    return thin(values) if len(values) > 1 else ()


def _read_rows(facts: Facts, ref: str) -> Sequence[float]:
    metric = facts.metric
    rows = [row for row in facts.rows if row.origin.ref == ref and metric in row.metrics]
    if all(row.step is not None for row in rows):
        rows.sort(key=lambda row: row.step or 0)
    return _keep_finite(row.metrics[metric].value for row in rows)


def _read_curve(facts: Facts, ref: str) -> Sequence[float]:
    for run in facts.runs:
        if run.ref == ref:
            for curve in run.curves:
                if curve.metric == facts.metric:
                    return _keep_finite(curve.values)
    return ()


def _keep_finite(values: Iterable[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]


def thin(values: Sequence[float], most: int = MAX_POINTS) -> tuple[float, ...]:
    """At most so many of the values, evenly apart, with the first and the last."""
    if len(values) <= most:
        return tuple(values)
    last = len(values) - 1
    return tuple(values[round(at * last / (most - 1))] for at in range(most))


def encode_spark(values: Sequence[float]) -> str:
    """The shape alone, a character a value: its height of 62, ``0`` the lowest, ``Z`` the highest.

    A tiny curve is 22 pixels high, and digits of numbers would be most of the table's file.
    """
    if not values:
        return ""
    low, high = min(values), max(values)
    span = high / 2 - low / 2  # halves, since the whole span may be no double
    if not span:
        return "v" * len(values)
    return "".join(_DIGITS[round(61 * ((value / 2 - low / 2) / span))] for value in values)
