"""A card's metric beside that of its baseline: means where runs differ in their seed only."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cardgen.differences.against import Standing, find_same
from cardgen.differences.values import judge, same_number
from cardgen.facts import Fact, Facts, Spread
from cardgen.site.context import RenderContext
from cardgen.site.numbers import format_difference


@dataclass(frozen=True)
class Comparison:
    """The difference from the baseline; ``better`` is None where both are equal.

    ``fact`` is the baseline's best single value, ``spread`` its mean where that is compared.
    """

    code: str
    base: Standing
    difference: float
    better: bool | None

    @property
    def fact(self) -> Fact[float]:
        return self.base.fact

    @property
    def spread(self) -> Spread | None:
        return self.base.spread

    @property
    def value(self) -> float:
        """What of the baseline is compared."""
        return self.base.value

    @property
    def text(self) -> str:
        return format_difference(self.difference, self.value)


def compare_with_baseline(facts: Facts, context: RenderContext) -> Comparison | None:
    """None where there is no baseline at hand, or either lacks the metric as a number."""
    code = facts.card.front.baseline
    other = context.cards.get(code)
    if facts.primary is None or other is None or code == facts.code:
        return None
    base = find_same(other, facts.metric, facts.direction)
    own = Standing(facts.primary, facts.headline).value
    if base is None or math.isnan(own):
        return None
    difference = 0.0 if same_number(base.value, own) else own - base.value
    return Comparison(code, base, difference, judge(base.value, own, facts.direction))


def value_of(other: Facts, facts: Facts) -> float | None:
    """What another card has of this card's metric: the mean where that is compared."""
    found = find_same(other, facts.metric, facts.direction)
    return found.value if found else None
