"""The measures that stand behind a card, made so that a number is found fast."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from cardgen.claims.collecting import (
    Value,
    list_chosen,
    list_deviations,
    list_lasts,
    list_means,
    list_names,
    list_points,
    list_rows,
)
from cardgen.claims.concepts import Meaning, understand
from cardgen.config import Settings
from cardgen.facts import Facts
from cardgen.measures import as_number, guess_direction
from cardgen.models import Direction

_MOST_ANCHORED = 3  # runs of a card of which each one's best and last count


class Anchors(NamedTuple):
    """The values of a metric that a person compares: those of each run, or their mean."""

    best: tuple[Value, ...]
    last: tuple[Value, ...]
    chosen: tuple[Value, ...]
    first: tuple[Value, ...]
    means: tuple[Value, ...]

    def all(self) -> tuple[Value, ...]:
        return (*self.best, *self.last, *self.chosen, *self.means)


@dataclass(frozen=True, eq=False)
class Measure:
    """One metric of one card: ``rows`` are its checkpoints, last values and means.

    Its numbers are gathered when they are asked for. ``whole`` is what each is taken from, where
    that is what the text means: the error, of which the accuracy was recorded.
    """

    facts: Facts
    settings: Settings
    key: str
    written: bool = False
    whole: float | None = None

    @property
    def code(self) -> str:
        return self.facts.code

    @cached_property
    def direction(self) -> Direction:
        if self.whole is not None:
            return "min"
        if self.key == self.facts.metric:
            return self.facts.direction
        return guess_direction(self.key, self.settings)

    @property
    def title(self) -> str:
        """Its key, as a message shows it."""
        return self.key if self.whole is None else f"{self.whole:g} - {self.key}"

    def _turn(self, values: Iterable[Value]) -> tuple[Value, ...]:
        whole = self.whole
        if whole is None:
            return tuple(values)
        return tuple(one._replace(value=whole - one.value) for one in values)

    @cached_property
    def rows(self) -> tuple[Value, ...]:
        return self._turn(dict.fromkeys(list_rows(self.facts, self.key, self.written)))

    @cached_property
    def curves(self) -> tuple[Value, ...]:
        return self._turn(() if self.written else list_points(self.facts, self.key))

    @cached_property
    def lasts(self) -> tuple[Value, ...]:
        found = self._turn(list_lasts(self.facts, self.key, self.written))
        return found or self.rows[-1:] or self.curves[-1:]

    @cached_property
    def means(self) -> tuple[Value, ...]:
        return self._turn(list_means(self.facts, self.key))

    @cached_property
    def deviations(self) -> tuple[Value, ...]:
        return tuple(list_deviations(self.facts, self.key))

    @cached_property
    def chosen(self) -> tuple[Value, ...]:
        return self._turn(list_chosen(self.facts, self.key, self.written))

    @cached_property
    def meaning(self) -> Meaning:
        found = understand(self.key)
        return found if self.whole is None else found._replace(concepts=frozenset(("error",)))

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
    """The numbers of one card; read when they are asked for, since most cards claim nothing."""

    facts: Facts
    settings: Settings

    @cached_property
    def written(self) -> bool:
        """Whether the numbers are a person's, without a tracker."""
        return not any(run.metrics or run.checkpoints or run.curves for run in self.facts.runs)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The metrics' keys, each of which has a number."""
        return tuple(dict.fromkeys(list_names(self.facts, self.written)))

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        return tuple(Measure(self.facts, self.settings, one, self.written) for one in self.names)

    @property
    def code(self) -> str:
        return self.facts.code

    @cached_property
    def errors(self) -> tuple[Measure, ...]:
        """What accuracies leave to the whole, for who calls that the error."""
        known = {one.meaning.split for one in self.measures if "error" in one.meaning.concepts}
        return tuple(
            replace(one, whole=1.0 if one.share else 100.0)
            for one in self.measures
            if "accuracy" in one.meaning.concepts
            and one.meaning.split not in known
            and (one.share or one.hundreds)
        )

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
    """The ledger of a card's facts; that of the same facts is opened once."""
    held = _OPEN.get(id(facts))
    if held is None or held.facts is not facts or held.settings is not settings:
        held = Ledger(facts, settings)
        while len(_OPEN) >= _MOST_OPEN:
            _OPEN.pop(next(iter(_OPEN)), None)
        _OPEN[id(facts)] = held
    return held


_OPEN: dict[int, Ledger] = {}
_MOST_OPEN = 64
