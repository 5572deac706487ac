"""A card's metric beside that of its baseline: means where runs differ in their seed only."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cardgen.facts import Fact, Facts, Spread, find_best, find_best_fact, find_headline
from cardgen.groups import find_groups, find_leading
from cardgen.measures import normalise
from cardgen.site.context import RenderContext
from cardgen.site.numbers import format_difference


@dataclass(frozen=True)
class Comparison:
    """The difference from the baseline; ``better`` is None where both are equal.

    ``fact`` is the baseline's best single value, ``spread`` its mean where that is compared.
    """

    code: str
    fact: Fact[float]
    spread: Spread | None
    difference: float
    better: bool | None

    @property
    def value(self) -> float:
        """What of the baseline is compared."""
        return _choose(self.spread, self.fact)

    @property
    def text(self) -> str:
        return format_difference(self.difference, self.value)


def compare_with_baseline(facts: Facts, context: RenderContext) -> Comparison | None:
    """None where there is no baseline at hand, or either lacks the metric as a number."""
    code = facts.card.front.baseline
    other = context.cards.get(code)
    if facts.primary is None or other is None or code == facts.code:
        return None
    fact = find_value(other, facts)
    if fact is None:
        return None
    spread = find_spread(other, facts)
    own, base = _choose(facts.headline, facts.primary), _choose(spread, fact)
    if math.isnan(base) or math.isnan(own):
        return None
    difference = own - base
    # Two equal infinities differ by NaN; what floating point adds to equal shares is no difference.
    if math.isnan(difference) or math.isclose(own, base, rel_tol=1e-12, abs_tol=1e-15):
        difference = 0.0
    better = None if not difference else (difference > 0) == (facts.direction == "max")
    return Comparison(code, fact, spread, difference, better)


def value_of(other: Facts, facts: Facts) -> float | None:
    """What another card has of this card's metric: the mean where that is compared."""
    fact = find_value(other, facts)
    return None if fact is None else _choose(find_spread(other, facts), fact)


def _choose(spread: Spread | None, fact: Fact[float]) -> float:
    return fact.value if spread is None or spread.mean is None else spread.mean


def find_spread(other: Facts, facts: Facts) -> Spread | None:
    """The mean of this card's metric in the best group of another card; None where it has none."""
    if not other.groups:
        return None
    for name in _find_names(other, facts):
        if name == other.metric and facts.direction == other.direction:
            return other.headline
        groups = find_groups(other.runs, other.rows, name, facts.direction)
        spread = find_headline(find_leading(groups, name, facts.direction), name)
        if spread:
            return spread
    return None


def find_value(other: Facts, facts: Facts) -> Fact[float] | None:
    """The best value that another card has of this card's metric, however its name is written."""
    for name in _find_names(other, facts):
        best = find_best(other.rows, name, facts.direction)
        if best is not None:
            return best.metrics[name]
    for name in _find_names(other, facts):
        if name in other.finals:
            return find_best_fact(other.finals[name], facts.direction)
    return None


def _find_names(other: Facts, facts: Facts) -> list[str]:
    """The names by which another card has this card's metric, the same one first."""
    wanted = normalise(facts.metric)
    names = dict.fromkeys([*(name for row in other.rows for name in row.metrics), *other.finals])
    fit = (name for name in names if normalise(name) == wanted)
    return sorted(fit, key=lambda name: name != facts.metric)
