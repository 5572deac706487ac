"""All numbers that stand behind a card, by metric, made so that a number is found fast."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from cardgen.claims.concepts import Meaning, understand
from cardgen.config import Settings
from cardgen.facts import Facts, Group, Origin, Spread
from cardgen.measures import as_number, format_number, guess_direction
from cardgen.models import Direction

_MOST_ANCHORED = 3  # runs of a card of which each one's best and last count


class Value(NamedTuple):
    """A number with where it is from."""

    value: float
    ref: str
    step: float | None = None
    epoch: float | None = None

    def __str__(self) -> str:
        ref = self.ref if len(self.ref) <= 24 else f"{self.ref[:20]}…"
        return ref if self.step is None else f"{ref} step {format_number(self.step)}"


class Anchors(NamedTuple):
    """The values of a metric that a person compares: those of each run, or their mean."""

    best: tuple[Value, ...]
    last: tuple[Value, ...]
    chosen: tuple[Value, ...]
    first: tuple[Value, ...]
    means: tuple[Value, ...]

    def all(self) -> tuple[Value, ...]:
        return (*self.best, *self.last, *self.chosen, *self.means)


@dataclass(frozen=True)
class Measure:
    """One metric of one card: ``rows`` are its checkpoints, last values and means."""

    code: str
    key: str
    direction: Direction
    rows: tuple[Value, ...]
    curves: tuple[Value, ...]
    deviations: tuple[Value, ...]
    means: tuple[Value, ...]
    chosen: tuple[Value, ...]
    lasts: tuple[Value, ...]

    @cached_property
    def meaning(self) -> Meaning:
        return understand(self.key)

    @cached_property
    def ordered(self) -> tuple[Value, ...]:
        """Rows, means and the ends of curves, sorted."""
        ends = self.points
        some = (ends[0], ends[-1], *self.curves[:1], *self.curves[-1:]) if ends else ()
        return tuple(sorted((*self.rows, *self.means, *some), key=_number))

    @cached_property
    def points(self) -> tuple[Value, ...]:
        """All points of curves, sorted."""
        return tuple(sorted(self.curves, key=_number))

    @cached_property
    def spread_values(self) -> tuple[Value, ...]:
        return tuple(sorted(self.deviations, key=_number))

    @cached_property
    def largest(self) -> float:
        return max(
            (abs(one.value) for one in (*self.rows, *self.means) or self.curves), default=0.0
        )

    @property
    def share(self) -> bool:
        """Whether it lies between 0 and 1, so that people write it as a percentage."""
        return self.largest <= 1.0 and not self.meaning.unbounded

    @property
    def hundreds(self) -> bool:
        """Whether it is logged as a percentage."""
        return 1.0 < self.largest <= 100.0 and not self.meaning.unbounded

    @cached_property
    def anchors(self) -> Anchors:
        by_run: dict[str, list[Value]] = {}
        for one in self.rows or self.curves:
            by_run.setdefault(one.ref, []).append(one)
        best = [_find_best(values, self.direction) for values in by_run.values()]
        last = list(self.lasts)
        first = [min(values, key=_place) for values in by_run.values() if len(values) > 1]
        if len(by_run) > _MOST_ANCHORED:
            best, last, first = [_find_best(best, self.direction)], last[:1], []
        return Anchors(tuple(best), tuple(last), self.chosen, tuple(first), self.means)

    @property
    def top(self) -> Value:
        """The best of all its values."""
        return _find_best([*self.rows, *self.curves], self.direction)


def _number(one: Value) -> float:
    return one.value


def _place(one: Value) -> float:
    return one.step if one.step is not None else one.epoch if one.epoch is not None else math.inf


def _find_best(values: Iterable[Value], direction: Direction) -> Value:
    return (max if direction == "max" else min)(values, key=lambda one: one.value)


def find_between(values: tuple[Value, ...], low: float, high: float) -> Iterator[Value]:
    """The values of a sorted tuple between two bounds, both included."""
    at = bisect_left(values, low, key=_number)
    while at < len(values) and values[at].value <= high:
        yield values[at]
        at += 1


def find_nearest(values: tuple[Value, ...], number: float) -> Value | None:
    """The value of a sorted tuple that is nearest to a number."""
    at = bisect_left(values, number, key=_number)
    near = values[max(0, at - 1) : at + 1]
    return min(near, key=lambda one: abs(one.value - number), default=None)


@dataclass(frozen=True)
class Ledger:
    """The numbers of one card. ``written`` says that they are a person's, without a tracker."""

    facts: Facts
    settings: Settings
    written: bool = False
    measures: tuple[Measure, ...] = ()

    @property
    def code(self) -> str:
        return self.facts.code

    @cached_property
    def params(self) -> frozenset[float]:
        """The numbers among the parameters."""
        found: set[float] = set()
        for fact in self.facts.params.values():
            for one in (fact, *fact.others):
                held = one.value if isinstance(one.value, (list, tuple)) else (one.value,)
                found.update(float(n) for v in held if (n := as_number(v)) is not None)
        return frozenset(found)


def open_ledger(facts: Facts, settings: Settings) -> Ledger:
    """The numbers of a card's runs; what a person wrote where no run has any."""
    recorded = any(run.metrics or run.checkpoints or run.curves for run in facts.runs)
    held = _Collected()
    if recorded:
        _collect_runs(facts, held)
    else:
        _collect_written(facts, held)
    for group in facts.groups:
        _collect_group(group, held)
    best = facts.best
    for name, fact in best.metrics.items() if best else ():
        if math.isfinite(fact.value) and (not recorded or not fact.origin.written):
            held.chosen.setdefault(name, []).append(
                Value(float(fact.value), _say(fact.origin), fact.origin.step)
            )
    measures = tuple(held.make(name, facts, settings) for name in held.names)
    return Ledger(facts, settings, not recorded, measures)


def _say(origin: Origin) -> str:
    """The run; of what a person wrote the file, whose rows are one run's."""
    return origin.ref or origin.path


class _Collected:
    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.rows: dict[str, list[Value]] = {}
        self.lasts: dict[str, list[Value]] = {}
        self.curves: dict[str, list[Value]] = {}
        self.means: dict[str, list[Value]] = {}
        self.deviations: dict[str, list[Value]] = {}
        self.chosen: dict[str, list[Value]] = {}

    def add(self, into: dict[str, list[Value]], name: str, value: Value) -> None:
        if math.isfinite(value.value):
            self.names[name] = None
            into.setdefault(name, []).append(value)

    def make(self, name: str, facts: Facts, settings: Settings) -> Measure:
        direction = facts.direction if name == facts.metric else guess_direction(name, settings)
        rows = tuple(dict.fromkeys(self.rows.get(name, ())))
        curves = tuple(self.curves.get(name, ()))
        lasts = tuple(self.lasts.get(name, ())) or rows[-1:] or curves[-1:]
        return Measure(
            facts.code, name, direction, rows, curves, tuple(self.deviations.get(name, ())),
            tuple(self.means.get(name, ())), tuple(self.chosen.get(name, ())), lasts,
        )  # fmt: skip


def _collect_runs(facts: Facts, held: _Collected) -> None:
    for run in facts.runs:
        for point in run.checkpoints:
            for name, value in point.metrics.items():
                held.add(held.rows, name, Value(float(value), run.ref, point.step, point.epoch))
        for name, metric in run.metrics.items():
            last = Value(float(metric.value), run.ref, metric.step)
            same = (one for one in held.rows.get(name, ()) if one[:3] == last[:3])
            last = next(same, last)  # a checkpoint knows its epoch as well
            held.add(held.rows, name, last)
            held.add(held.lasts, name, last)
        for curve in run.curves:
            for step, value in zip(curve.steps, curve.values, strict=False):
                at = step if curve.axis == "step" else None
                held.add(held.curves, curve.metric, Value(float(value), run.ref, at))


def _collect_written(facts: Facts, held: _Collected) -> None:
    for row in facts.rows:
        for name, fact in row.metrics.items():
            held.add(
                held.rows, name, Value(float(fact.value), _say(fact.origin), row.step, row.epoch)
            )
    for name, fact in facts.finals.items():
        held.add(held.lasts, name, Value(float(fact.value), _say(fact.origin), fact.origin.step))
        held.rows.setdefault(name, list(held.lasts.get(name, ())))


def _collect_group(group: Group, held: _Collected) -> None:
    ref = f"mean of {len(group.counted)} runs"
    spreads: list[tuple[str, Spread, float | None]] = []
    for found in (group.best, group.finals):
        spreads += [(name, spread, None) for name, spread in found.items()]
    for at in group.steps:
        spreads += [(name, spread, at.step) for name, spread in at.metrics.items()]
    for name, spread, step in spreads:
        if name not in held.names:
            continue
        if spread.mean is not None:
            held.add(held.means, name, Value(spread.mean, ref, step))
        if spread.std is not None and spread.n > 1:
            held.add(held.deviations, name, Value(spread.std, ref, step))
            # Some libraries divide by n: both are called the standard deviation.
            whole = spread.std * math.sqrt((spread.n - 1) / spread.n)
            held.add(held.deviations, name, Value(whole, ref, step))
