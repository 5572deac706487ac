"""Lines of several runs in one chart: means with their deviation where runs differ in a seed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cardgen.facts import Facts, Group
from cardgen.groups import rank_groups
from cardgen.groups.spread import find_mean
from cardgen.site.lines import Line


@dataclass(frozen=True)
class Band:
    """A mean over runs at the steps that all of them have; NaN where one of them is no number.

    ``lows`` and ``highs`` are a standard deviation away; ``lines`` are those of all the group's
    runs, also of those that are in no mean, ``refs`` the runs that are in it.
    """

    group: Group
    mean: Line
    lows: Sequence[float]
    highs: Sequence[float]
    lines: tuple[Line, ...]
    refs: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many runs the mean is of."""
        return len(self.refs)


def find_bands(lines: Sequence[Line], facts: Facts) -> list[Band]:
    """A band for each metric and each group of which two runs have a line or more."""
    by_metric: dict[str, dict[str, Line]] = {}
    for line in lines:
        by_metric.setdefault(line.metric, {})[line.ref] = line
    ranked = rank_groups(facts.groups, facts.metric, facts.direction)
    bands = []
    for group in (group for group in ranked if group.averaged):
        for known in by_metric.values():
            band = make_band(group, [known[m.ref] for m in group.members if m.ref in known])
            bands += [band] if band else []
    return bands


def make_band(group: Group, everyone: Sequence[Line]) -> Band | None:
    """None where the runs share too few steps: their mean would be one of chance.

    A run that is no number at any step is in none, as it is in no mean of the results.
    """
    counted = {member.ref for member in group.counted}
    lines = [o for o in everyone if o.ref in counted and any(map(math.isfinite, o.ys))]
    shared = _find_shared(lines) if len(lines) > 1 else []
    if len(shared) < 2 or 2 * len(shared) < min(len(line.xs) for line in lines):
        return None
    values = [dict(zip(line.xs, line.ys, strict=True)) for line in lines]
    spreads = [_spread([known[x] for known in values]) for x in shared]
    first = lines[0]
    return Band(
        group=group,
        mean=Line(first.metric, "", first.axis, shared, [mean for mean, _ in spreads]),
        lows=[mean - std for mean, std in spreads],
        highs=[mean + std for mean, std in spreads],
        lines=tuple(everyone),
        refs=tuple(line.ref for line in lines),
    )


def _find_shared(lines: Iterable[Line]) -> list[float]:
    first, *others = (set(line.xs) for line in lines)
    return sorted(x for x in first.intersection(*others) if math.isfinite(x))


def _spread(values: Sequence[float]) -> tuple[float, float]:
    if not all(map(math.isfinite, values)):
        return math.nan, math.nan
    mean, std = find_mean(values)
    return mean, std or 0.0
