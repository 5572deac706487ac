"""One card for programs and for the page that compares: ``card.json``.

It holds what ``cardgen show --json`` says, and what a page needs beside it: each metric's value as
the card stands for it, the learning curves with few points, and where commits can be looked up.
"""

from __future__ import annotations

import fnmatch
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cardgen.describe import describe_values
from cardgen.evidence import make_exact
from cardgen.facts import Fact, Facts, Row, find_best
from cardgen.measures import Number, guess_direction, is_quality, normalise
from cardgen.models import Direction
from cardgen.repositories import Repository, parse_repository
from cardgen.site.context import RenderContext
from cardgen.site.curves import find_groups
from cardgen.site.lines import Line, is_process

RECORD = "card.json"
"""The file beside a card's page."""

MAX_CURVES = 200
"""Curves of a card: the declared metric's first, those of how the run went last."""

MAX_POINTS = 400
"""Points of a curve where a card has few; of many curves each has fewer, down to FEW_POINTS."""

FEW_POINTS = 100

_ALL_POINTS = 20_000

_LONG_NUMBER = re.compile(r"[:,[]-?\d{16,}[],}]")


@dataclass(frozen=True)
class Measure:
    """What a card has of one metric.

    ``kind`` says how the value was chosen: ``mean`` over the seeds of the leading group (then with
    its standard deviation and their number), ``best`` at the checkpoint that the card calls best,
    ``own`` at the metric's own best checkpoint, ``last`` its last value. ``origin`` is the run.
    A metric is ``judged`` where more or less of it is known to be better; the number of examples
    seen is not.
    """

    metric: str
    direction: Direction
    kind: str
    value: float
    std: float | None = None
    seeds: int = 0
    step: Number | None = None
    epoch: float | None = None
    origin: str = ""

    judged: bool = False

    @property
    def process(self) -> bool:
        """Whether it says how the run went rather than how good its model is."""
        return is_process(self.metric)


def list_measures(facts: Facts, context: RenderContext) -> tuple[Measure, ...]:
    """All metrics of a card, each once: the declared one first, those of the process last."""
    names = dict.fromkeys([facts.metric, *(n for row in facts.rows for n in row.metrics)])
    names |= dict.fromkeys(facts.finals)
    found = [_measure(name, facts, context) for name in names]
    measures = [
        replace(one, judged=is_judged(one.metric, facts, context))
        for one in found
        if one is not None
    ]
    measures.sort(key=lambda one: (one.metric != facts.metric, one.process))
    return tuple(measures)


def find_direction(metric: str, facts: Facts, context: RenderContext) -> Direction:
    """Whether more or less of a metric is better: as the card declares it, else by its name."""
    if normalise(metric) == normalise(facts.metric):
        return facts.direction
    return guess_direction(metric, context.settings)


def is_judged(metric: str, facts: Facts, context: RenderContext) -> bool:
    """Whether it is declared, known by its name as a metric of quality, or named in settings."""
    if normalise(metric) == normalise(facts.metric) or is_quality(metric):
        return True
    if is_process(metric):
        return False
    named = any(fnmatch.fnmatchcase(metric, one) for one in context.settings.maximize)
    return named or guess_direction(metric, context.settings) == "min"


def _measure(name: str, facts: Facts, context: RenderContext) -> Measure | None:
    direction = find_direction(name, facts, context)
    spread = facts.leading.best.get(name) if facts.leading else None
    if spread and spread.n > 1 and spread.mean is not None:
        return Measure(name, direction, "mean", spread.mean, spread.std, spread.n)
    if facts.best and name in facts.best.metrics:
        return _measure_row(name, direction, "best", facts.best)
    row = find_best(facts.rows, name, direction)
    if row is not None:
        return _measure_row(name, direction, "own", row)
    fact = _choose_final(name, facts)
    if fact is None:
        return None
    origin = fact.origin
    where = origin.ref or str(origin)
    return Measure(name, direction, "last", fact.value, step=origin.step, origin=where)


def _measure_row(name: str, direction: Direction, kind: str, row: Row) -> Measure:
    fact = row.metrics[name]
    where = fact.origin.ref or str(fact.origin)
    return Measure(
        name, direction, kind, fact.value, step=row.step, epoch=row.epoch, origin=where
    )  # fmt: skip


def _choose_final(name: str, facts: Facts) -> Fact[float] | None:
    """The last value in the run that the card's best value is of, else in the first."""
    if name == facts.metric:
        return facts.primary
    fact = facts.finals.get(name)
    if fact is None or facts.primary is None:
        return fact
    of_best = (one for one in (fact, *fact.others) if one.origin.ref == facts.primary.origin.ref)
    return next(of_best, fact)


def format_record(facts: Facts, context: RenderContext) -> str:
    """The text of a card's ``card.json``."""
    values = _gather(facts, context)
    try:
        text = _dump(values)
        text.encode()
    except (TypeError, ValueError):
        return _dump(make_exact(values))
    # Nothing but such numbers is left that JSON would not hold as it is: most cards have none.
    return _dump(make_exact(values)) if _LONG_NUMBER.search(text) else text


def make_record(facts: Facts, context: RenderContext) -> dict[str, Any]:
    """The content of a card's ``card.json``.

    NaN and infinities are the strings ``NaN``, ``Infinity`` and ``-Infinity``; in curves, whose
    points are thinned to MAX_POINTS, they are null.
    """
    return {name: make_exact(value) for name, value in _gather(facts, context).items()}


def _dump(values: Any) -> str:
    return json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _gather(facts: Facts, context: RenderContext) -> dict[str, Any]:
    front = facts.card.front
    lines = [line for group in find_groups(facts) for line in group.lines if _is_drawn(line)]
    lines = sorted(lines, key=_rank_line(facts))[:MAX_CURVES]
    return {
        **describe_values(facts, context.cards.get),
        "baseline": front.baseline,
        "supersedes": list(front.supersedes),
        "measures": [_describe(one) for one in list_measures(facts, context)],
        "curves": [_thin(line, facts, _count_points(len(lines))) for line in lines],
        "repository": describe_repository(facts, context),
    }


def _describe(measure: Measure) -> dict[str, Any]:
    said = {**vars(measure), "process": measure.process}
    return {name: value for name, value in said.items() if value not in (None, "", 0, False)} | {
        "value": measure.value
    }


def _is_drawn(line: Line) -> bool:
    """A single point is no curve: the table of metrics has it."""
    return sum(map(math.isfinite, line.ys)) > 1


def _rank_line(facts: Facts) -> Any:
    """The run with the best value before others; within a run as a page draws them."""
    ref = facts.primary.origin.ref if facts.primary else ""
    return lambda line: (line.ref != ref, is_process(line.metric))


def _count_points(curves: int) -> int:
    return min(MAX_POINTS, max(FEW_POINTS, _ALL_POINTS // max(curves, 1)))


def _thin(line: Line, facts: Facts, most: int) -> dict[str, Any]:
    kept = choose_points(len(line.xs), most, line.best)
    names = {run.ref: run.name for run in facts.runs}
    curve: dict[str, Any] = {
        "metric": line.metric,
        "axis": line.axis,
        "run": line.ref,
        "name": names.get(line.ref) or line.ref,
        "xs": _keep_finite([line.xs[at] for at in kept]),
        "ys": _keep_finite([line.ys[at] for at in kept]),
    }
    if line.best is not None:
        curve["best"] = kept.index(line.best)
    return curve


def choose_points(count: int, most: int, keep: int | None = None) -> list[int]:
    """The places of at most ``most`` of ``count`` points, evenly apart, both ends and ``keep``."""
    if count <= most:
        return list(range(count))
    places = {round(n * (count - 1) / (most - 1)) for n in range(most)}
    if keep is not None and keep not in places:
        inner = places - {0, count - 1}
        places.remove(min(inner, key=lambda place: abs(place - keep)))
        places.add(keep)
    return sorted(places)


def _keep_finite(values: Sequence[Number]) -> list[Number | None]:
    """None for NaN and infinities; whole numbers stay whole, so that a step reads as one."""
    return [
        (int(value) if -1e15 < value < 1e15 and value % 1 == 0 else value)
        if -math.inf < value < math.inf
        else None
        for value in values
    ]


def describe_repository(facts: Facts, context: RenderContext) -> dict[str, str]:
    """The web page of the card's source and the addresses of commits below it; empty for none.

    ``commit`` and ``range`` have the places ``{0}`` and ``{1}``.
    """
    own = facts.source.value.repository if facts.source else ""
    for address in (own, context.settings.repository):
        found = parse_repository(address) if address else None
        if found:
            return {"url": found.url, **dict(_list_paths(found))}
    return {}


def _list_paths(repository: Repository) -> Iterator[tuple[str, str]]:
    name = repository.host.partition(":")[0]
    if "gitlab" in name:
        yield from (("commit", "/-/commit/{0}"), ("range", "/-/compare/{0}...{1}"))
    elif "bitbucket" in name:
        yield from (("commit", "/commits/{0}"), ("range", "/branches/compare/{1}..{0}"))
    else:
        yield "commit", "/commit/{0}"
        if any(host in name for host in _COMPARING):
            yield "range", "/compare/{0}...{1}"


_COMPARING: Sequence[str] = ("github", "gitea", "codeberg", "forgejo")
