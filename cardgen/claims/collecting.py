"""The numbers of one metric of a card, each with where it is from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from cardgen.facts import Facts, Group, Origin, Spread
from cardgen.measures import format_number


class Value(NamedTuple):
    """A number with where it is from."""

    value: float
    ref: str
    step: float | None = None
    epoch: float | None = None

    def __str__(self) -> str:
        ref = self.ref if len(self.ref) <= 24 else f"{self.ref[:20]}…"
        return ref if self.step is None else f"{ref} step {format_number(self.step)}"


def list_names(facts: Facts, written: bool) -> Iterator[str]:
    """The metrics that have a number, without a look at all of these."""
    if written:
        for row in facts.rows:
            yield from (name for name, fact in row.metrics.items() if math.isfinite(fact.value))
        yield from (name for name, fact in facts.finals.items() if math.isfinite(fact.value))
        return
    for run in facts.runs:
        yield from (name for name, one in run.metrics.items() if math.isfinite(one.value))
        seen = run.metrics.keys()
        for point in run.checkpoints:
            if not point.metrics.keys() <= seen:
                yield from (name for name, value in point.metrics.items() if math.isfinite(value))
        yield from (one.metric for one in run.curves if any(map(math.isfinite, one.values)))


def list_rows(facts: Facts, name: str, written: bool) -> Iterator[Value]:
    """The values at checkpoints and at the end."""
    if written:
        yield from _list_written_rows(facts, name)
        return
    for run in facts.runs:
        for point in run.checkpoints:
            value = point.metrics.get(name)
            if value is not None and math.isfinite(value):
                yield Value(float(value), run.ref, point.step, point.epoch)
    yield from list_lasts(facts, name, written)


def _list_written_rows(facts: Facts, name: str) -> Iterator[Value]:
    rows = [row for row in facts.rows if name in row.metrics]
    for row in rows:
        fact = row.metrics[name]
        if math.isfinite(fact.value):
            yield Value(float(fact.value), _say(fact.origin), row.step, row.epoch)
    if not rows:
        yield from list_lasts(facts, name, written=True)


def list_lasts(facts: Facts, name: str, written: bool) -> Iterator[Value]:
    """The last value of each run, or the final one that a person wrote."""
    if written:
        fact = facts.finals.get(name)
        if fact is not None and math.isfinite(fact.value):
            yield Value(float(fact.value), _say(fact.origin), fact.origin.step)
        return
    for run in facts.runs:
        metric = run.metrics.get(name)
        if metric is None or not math.isfinite(metric.value):
            continue
        # A checkpoint knows its epoch as well.
        epochs = (
            point.epoch
            for point in reversed(run.checkpoints)
            if point.step == metric.step and point.metrics.get(name) == metric.value
        )
        yield Value(float(metric.value), run.ref, metric.step, next(epochs, None))


def list_points(facts: Facts, name: str) -> Iterator[Value]:
    """The points of curves."""
    for run in facts.runs:
        for curve in run.curves:
            if curve.metric != name:
                continue
            stepped = curve.axis == "step"
            for step, value in zip(curve.steps, curve.values, strict=False):
                if math.isfinite(value):
                    yield Value(float(value), run.ref, step if stepped else None)


def list_chosen(facts: Facts, name: str, written: bool) -> Iterator[Value]:
    """The value at the checkpoint that counts as the best."""
    fact = facts.best.metrics.get(name) if facts.best else None
    if fact is not None and math.isfinite(fact.value) and (written or not fact.origin.written):
        yield Value(float(fact.value), _say(fact.origin), fact.origin.step)


def list_means(facts: Facts, name: str) -> Iterator[Value]:
    for group, spread, step in _list_spreads(facts, name):
        if spread.mean is not None and math.isfinite(spread.mean):
            yield Value(spread.mean, _say_group(group), step)


def list_deviations(facts: Facts, name: str) -> Iterator[Value]:
    for group, spread, step in _list_spreads(facts, name):
        if spread.std is not None and spread.n > 1 and math.isfinite(spread.std):
            yield Value(spread.std, _say_group(group), step)
            # Some libraries divide by n: both are called the standard deviation.
            whole = spread.std * math.sqrt((spread.n - 1) / spread.n)
            yield Value(whole, _say_group(group), step)


def _list_spreads(facts: Facts, name: str) -> Iterator[tuple[Group, Spread, float | None]]:
    for group in facts.groups:
        for found in (group.best, group.finals):
            if name in found:
                yield group, found[name], None
        for at in group.steps:
            if name in at.metrics:
                yield group, at.metrics[name], at.step


def _say(origin: Origin) -> str:
    """The run; of what a person wrote the file, whose rows are one run's."""
    return origin.ref or origin.path


def _say_group(group: Group) -> str:
    return f"mean of {len(group.counted)} runs"
