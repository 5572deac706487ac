"""The best value that a card has of each metric, as leaderboards rank it, and on which data."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from cardgen.config import Settings
from cardgen.facts import Fact, Facts, Row, Spread, find_best_fact
from cardgen.measures import format_number, guess_direction, is_quality, normalise
from cardgen.site.numbers import format_full, format_short
from cardgen.site.spreads import say_spread

_MOST = 24
"""Metrics of one card that are ranked: some log hundreds."""


class Score(NamedTuple):
    """A card's best value of a metric, or the mean of its best group of runs.

    ``value`` is None where it is no finite number. ``origin`` and ``step`` (or ``epoch``) are
    where a single value was measured. ``text`` is what readers see of a mean, over ``n`` of ``of``
    seeds, and of what is no number. A tuple, since there are many.
    """

    metric: str
    value: float | None
    origin: str = ""
    step: str = ""
    epoch: str = ""
    text: str = ""
    n: int = 0
    of: int = 0


@lru_cache(8192)
def metric_key(name: str) -> str:
    """One for all ways to write a metric's name."""
    return normalise(name)


def find_measured(facts: Facts) -> tuple[str, ...]:
    """The data for evaluation, else all that are not for training alone, else those."""
    named = [fact.value for fact in facts.data if fact.value.name]
    tested = [data for data in named if data.context.casefold().startswith(("eval", "test", "val"))]
    loose = [data for data in named if not data.context.casefold().startswith("train")]
    return tuple(sorted({data.name for data in (tested or loose or named)}))


def list_scores(facts: Facts, settings: Settings) -> tuple[Score, ...]:
    """A card's scores, that of its own metric first."""
    names = _list_names(facts)
    rows = _find_best_rows(facts, names, settings)
    scores: dict[str, Score] = {}
    for name in names:
        key = metric_key(name)
        score = None if key in scores else _make_score(facts, name, rows.get(name), settings)
        if score is not None:
            scores[key] = score
    return tuple(scores.values())


def _list_names(facts: Facts) -> list[str]:
    """The metrics that a card is judged by."""
    names = {facts.metric: None} if facts.primary is not None else {}
    for row in facts.rows:
        names.update(dict.fromkeys(row.metrics))
    names.update(dict.fromkeys(name for name in facts.finals if _is_judged(name)))
    return list(names)[:_MOST]


@lru_cache(8192)
def _is_judged(name: str) -> bool:
    return is_quality(name) and not name.casefold().startswith("train")


def _make_score(facts: Facts, name: str, row: Row | None, settings: Settings) -> Score | None:
    spread = _find_spread(facts, name)
    mean = _as_float(spread.mean) if spread and spread.mean is not None else None
    if spread is not None and mean is not None:
        return Score(name, mean, text=say_spread(spread), n=spread.n, of=spread.of)
    fact = row.metrics[name] if row else _find_last(facts, name, settings)
    if fact is None:
        return None
    value = _as_float(fact.value)
    text = format_full(fact.value) if value is None else ""
    if row is None:
        return Score(name, value, str(fact.origin), text=text)
    step = "" if row.step is None else format_number(row.step)
    epoch = "" if step or row.epoch is None else format_short(row.epoch)
    return Score(name, value, str(fact.origin), step, epoch, text)


def _as_float(value: float) -> float | None:
    """None for what is not finite, and for whole numbers that no double can hold."""
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _find_best_rows(facts: Facts, names: list[str], settings: Settings) -> dict[str, Row]:
    """The first row with the best value of each metric; one without a number where none has."""
    signs = {name: -1.0 if _direct(facts, name, settings) == "min" else 1.0 for name in names}
    best: dict[str, tuple[float, Row]] = {}
    for row in facts.rows:
        for name, fact in row.metrics.items():
            number = _as_float(fact.value)
            value = -math.inf if number is None else number * signs.get(name, 1.0)
            held = best.get(name)
            if held is None or value > held[0]:
                best[name] = value, row
    return {name: row for name, (_, row) in best.items()}


def _direct(facts: Facts, name: str, settings: Settings) -> str:
    return facts.direction if name == facts.metric else guess_direction(name, settings)


def _find_last(facts: Facts, name: str, settings: Settings) -> Fact[float] | None:
    if name == facts.metric and facts.primary is not None:
        return facts.primary
    direction = guess_direction(name, settings)
    return find_best_fact(facts.finals.get(name), direction)


def _find_spread(facts: Facts, name: str) -> Spread | None:
    """The mean over seeds of the leading group."""
    if facts.leading is None or not facts.leading.averaged:
        return None
    spread = facts.headline if name == facts.metric else facts.leading.best.get(name)
    return spread if spread and spread.n > 1 else None
