"""A card's metrics beside those of its baseline, with signs: means where runs differ in seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from cardgen.config import Settings
from cardgen.differences.results import direct, find_result, show_spread
from cardgen.differences.values import find_difference, judge, same_number, show_number
from cardgen.facts import Fact, Facts, Spread, find_best, find_best_fact, find_headline
from cardgen.groups import find_groups, find_leading
from cardgen.measures import is_quality, normalise
from cardgen.models import Direction


@dataclass(frozen=True)
class Against:
    """One metric of a card and of another card; ``difference`` is the card's minus the other's.

    ``base`` is None where there is no other card or it lacks the metric; ``better`` is None where
    both are equal or either is no number.
    """

    metric: str
    value: float
    text: str
    base: float | None = None
    base_text: str = ""
    difference: float | None = None
    better: bool | None = None


@dataclass(frozen=True)
class Standing:
    """What a card has of a metric: its best single value, and the mean over seeds if there is one.

    ``value`` is what counts of the two, ``text`` the same as it is shown.
    """

    fact: Fact[float]
    spread: Spread | None = None

    @property
    def value(self) -> float:
        mean = self.spread.mean if self.spread else None
        return self.fact.value if mean is None else mean

    @property
    def text(self) -> str:
        if self.spread and self.spread.mean is not None:
            return show_spread(self.spread)
        return show_number(self.fact.value)


def compare_with(facts: Facts, other: Facts | None, settings: Settings) -> tuple[Against, ...]:
    """A card's metrics beside another card's, that which the card is judged by first."""
    return tuple(_compare(facts, other, settings))


def _compare(facts: Facts, other: Facts | None, settings: Settings) -> Iterator[Against]:
    own = find_result(facts)
    if own:
        yield _compare_one(facts.metric, own, facts, other, facts.direction)
    for name in _list_metrics(facts):
        direction = direct(facts, name, settings)
        found = find_standing(facts, name, direction)
        if found:
            yield _compare_one(name, (found.value, found.text), facts, other, direction)


def _list_metrics(facts: Facts) -> list[str]:
    """Further metrics that evaluate, those by which models are commonly judged first."""
    names = dict.fromkeys(name for row in facts.rows for name in row.metrics)
    names.update(dict.fromkeys(name for name in facts.finals if is_quality(name)))
    fit = (name for name in names if name != facts.metric and not name.startswith("train"))
    return sorted(fit, key=lambda name: not is_quality(name))


def _compare_one(
    metric: str, own: tuple[float, str], facts: Facts, other: Facts | None, direction: Direction
) -> Against:
    theirs = find_same(other, metric, direction) if other and other.code != facts.code else None
    if theirs is None:
        return Against(metric, *own)
    difference = 0.0 if same_number(own[0], theirs.value) else find_difference(theirs.value, own[0])
    better = judge(theirs.value, own[0], direction)
    return Against(metric, *own, theirs.value, theirs.text, difference, better)


def find_same(other: Facts, metric: str, direction: Direction) -> Standing | None:
    """What another card has of a metric, however its name is written, the same name first."""
    wanted = normalise(metric)
    names = dict.fromkeys([*(name for row in other.rows for name in row.metrics), *other.finals])
    fit = [name for name in names if normalise(name) == wanted]
    fit.sort(key=lambda name: name != metric)
    found = (find_standing(other, name, direction) for name in fit)
    return next((one for one in found if one), None)


def find_standing(facts: Facts, metric: str, direction: Direction) -> Standing | None:
    """What a card has of a metric; None where it has no number of that name."""
    row = find_best(facts.rows, metric, direction)
    fact = row.metrics[metric] if row else find_best_fact(facts.finals.get(metric), direction)
    if fact is None:
        return None
    standing = Standing(fact, _find_spread(facts, metric, direction))
    return None if math.isnan(standing.value) else standing


def _find_spread(facts: Facts, metric: str, direction: Direction) -> Spread | None:
    if not facts.groups:
        return None
    if metric == facts.metric and direction == facts.direction:
        return facts.headline
    groups = find_groups(facts.runs, facts.rows, metric, direction)
    return find_headline(find_leading(groups, metric, direction), metric)
