"""All that a card has measured beside what its baseline has: own, theirs, the difference."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from cardgen.facts import Facts, Origin
from cardgen.measures import format_spread, normalise
from cardgen.site.baseline import compare_with_baseline
from cardgen.site.context import RenderContext
from cardgen.site.numbers import format_column, format_difference, format_full
from cardgen.site.records import Measure, list_measures
from cardgen.site.shown import Shower, Shown

MAX_ROWS = 16
"""Metrics that are compared on a card's page; the page that compares has all."""


@dataclass(frozen=True)
class Against:
    """One metric: this card's value, the baseline's, and which is better."""

    metric: str
    own: Shown
    base: Shown
    difference: str
    verdict: str
    declared: bool = False


def list_against(facts: Facts, context: RenderContext, shower: Shower) -> list[Against]:
    """The metrics that both cards have, the declared one first; empty without a baseline."""
    other = context.cards.get(facts.card.front.baseline)
    if other is None or other.code == facts.code:
        return []
    theirs = {normalise(one.metric): one for one in list_measures(other, context)}
    pairs = [
        (own, theirs[normalise(own.metric)])
        for own in list_measures(facts, context)
        if not own.process and normalise(own.metric) in theirs
        if own.metric == facts.metric or not _is_count(own, theirs[normalise(own.metric)])
    ]
    return [_compare(own, base, facts, context, shower) for own, base in pairs[:MAX_ROWS]]


def _is_count(own: Measure, base: Measure) -> bool:
    """Whether both are the same whole number, as the size of the data is."""
    return own.value == base.value and own.value.is_integer() and abs(own.value) > 1


def _compare(
    own: Measure, base: Measure, facts: Facts, context: RenderContext, shower: Shower
) -> Against:
    declared = own.metric == facts.metric
    if declared and (found := compare_with_baseline(facts, context)):
        # By this card's metric, whatever the baseline itself calls best.
        origin = found.fact.origin
        std, seeds = (found.spread.std, found.spread.n) if found.spread else (None, 0)
        base = replace(
            base, value=found.value, std=std, seeds=seeds, step=origin.step, origin=origin.ref
        )
    texts = format_column([own.value, base.value])
    difference = own.value - base.value
    if math.isclose(own.value, base.value, rel_tol=1e-12, abs_tol=1e-15):
        difference = 0.0
    return Against(
        own.metric,
        _show(own, texts[0], shower),
        _show(base, texts[1], shower),
        "" if math.isnan(difference) else format_difference(difference, base.value),
        _judge(difference, own.direction),
        declared,
    )


def _judge(difference: float, direction: str) -> str:
    if math.isnan(difference):
        return ""
    if not difference:
        return "equal"
    return "better" if (difference > 0) == (direction == "max") else "worse"


def _show(measure: Measure, text: str, shower: Shower) -> Shown:
    """A value with the run and step it is of, or with its deviation and the number of seeds."""
    full = format_full(measure.value)
    if measure.seeds:
        said = shower.labels["mean_of_seeds"].format(measure.seeds)
        spread = format_spread(measure.value, measure.std)
        return Shown(spread, f"{measure.origin}", f"{full} · {said}", raw=full)
    origin = Origin(measure.origin, measure.step)
    return Shown(text, str(origin), f"{full} · {shower.origin(origin)}", raw=full)
