"""A card's metric beside that of its baseline."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cardgen.facts import Fact, Facts, find_best
from cardgen.measures import normalise
from cardgen.site.context import RenderContext
from cardgen.site.numbers import format_difference


@dataclass(frozen=True)
class Comparison:
    """The metric at the baseline's best checkpoint; ``better`` is None where both are equal."""

    code: str
    value: Fact[float]
    difference: float
    better: bool | None

    @property
    def text(self) -> str:
        return format_difference(self.difference, self.value.value)


def compare_with_baseline(facts: Facts, context: RenderContext) -> Comparison | None:
    """None where there is no baseline at hand, or either lacks the metric as a number."""
    code = facts.card.front.baseline
    other = context.cards.get(code)
    if facts.primary is None or other is None or code == facts.code:
        return None
    value = find_value(other, facts)
    if value is None or math.isnan(value.value) or math.isnan(facts.primary.value):
        return None
    difference = facts.primary.value - value.value
    if math.isnan(difference):  # both are the same infinity
        difference = 0.0
    # What floating point adds to two equal shares is no difference.
    if math.isclose(facts.primary.value, value.value, rel_tol=1e-12, abs_tol=1e-15):
        difference = 0.0
    better = None if not difference else (difference > 0) == (facts.direction == "max")
    return Comparison(code, value, difference, better)


def find_value(other: Facts, facts: Facts) -> Fact[float] | None:
    """The best value that another card has of this card's metric, however its name is written."""
    wanted = normalise(facts.metric)
    names = dict.fromkeys(name for row in other.rows for name in row.metrics)
    for name in sorted(names, key=lambda name: name != facts.metric):
        if normalise(name) == wanted:
            best = find_best(other.rows, name, facts.direction)
            if best is not None:
                return best.metrics[name]
    for name in sorted(other.finals, key=lambda name: name != facts.metric):
        if normalise(name) == wanted:
            return other.finals[name]
    return None
