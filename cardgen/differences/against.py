"""A card's metrics beside those of its baseline, with signs: means where runs differ in seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from cardgen.config import Settings
from cardgen.differences.results import direct, find_result, show_spread
from cardgen.differences.values import find_difference, judge, same_number, show_number
from cardgen.facts import Facts, Spread, find_best, find_best_fact, find_headline
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


def compare_with(facts: Facts, other: Facts | None, settings: Settings) -> tuple[Against, ...]:
    """A card's metrics beside another card's, that which the card is judged by first."""
    return tuple(_compare(facts, other, settings))


def _compare(facts: Facts, other: Facts | None, settings: Settings) -> Iterator[Against]:
    own = find_result(facts)
    if own:
        yield _compare_one(facts.metric, own, facts, other, facts.direction)
    for name in _list_metrics(facts):
        found = find_of(facts, name, direct(facts, name, settings))
        if found:
            yield _compare_one(name, found, facts, other, direct(facts, name, settings))


def _list_metrics(facts: Facts) -> list[str]:
    """Further metrics that evaluate, those by which models are commonly judged first."""
    names = dict.fromkeys(name for row in facts.rows for name in row.metrics)
    names.update(dict.fromkeys(name for name in facts.finals if is_quality(name)))
    fit = (name for name in names if name != facts.metric and not name.startswith("train"))
    return sorted(fit, key=lambda name: not is_quality(name))


def _compare_one(
    metric: str, own: tuple[float, str], facts: Facts, other: Facts | None, direction: Direction
) -> Against:
    theirs = _find_same(other, metric, direction) if other and other.code != facts.code else None
    if theirs is None:
        return Against(metric, *own)
    difference = 0.0 if same_number(own[0], theirs[0]) else find_difference(theirs[0], own[0])
    return Against(metric, *own, *theirs, difference, judge(theirs[0], own[0], direction))


def _find_same(other: Facts, metric: str, direction: Direction) -> tuple[float, str] | None:
    """What another card has of a metric, however its name is written, the same name first."""
    wanted = normalise(metric)
    names = dict.fromkeys([*(name for row in other.rows for name in row.metrics), *other.finals])
    fit = [name for name in names if normalise(name) == wanted]
    found = (find_of(other, n, direction) for n in sorted(fit, key=lambda name: name != metric))
    return next((one for one in found if one), None)


def find_of(facts: Facts, metric: str, direction: Direction) -> tuple[float, str] | None:
    """A card's best value of a metric and its text: the mean over seeds where there is one."""
    spread = _find_spread(facts, metric, direction)
    if spread and spread.mean is not None:
        return spread.mean, show_spread(spread)
    row = find_best(facts.rows, metric, direction)
    fact = row.metrics[metric] if row else find_best_fact(facts.finals.get(metric), direction)
    if fact is None or math.isnan(fact.value):
        return None
    return fact.value, show_number(fact.value)


def _find_spread(facts: Facts, metric: str, direction: Direction) -> Spread | None:
    if not facts.groups:
        return None
    if metric == facts.metric and direction == facts.direction:
        return facts.headline
    groups = find_groups(facts.runs, facts.rows, metric, direction)
    return find_headline(find_leading(groups, metric, direction), metric)
