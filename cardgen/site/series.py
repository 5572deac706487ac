"""How the lines of a chart look: their names, colours and dashes, and which are drawn at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from cardgen.facts import Facts, Group
from cardgen.groups import find_value, label_group, rank_groups
from cardgen.measures import format_number
from cardgen.site.bands import Band, find_bands
from cardgen.site.charts import COLOURS, Series
from cardgen.site.lines import Line, split_metric
from cardgen.site.numbers import format_full

MAX_SERIES = 10
"""Lines in a chart: more cannot be told apart."""

MAX_THIN = 40
"""Thin lines of single runs in a chart, behind the means of their groups."""


def make_series(
    lines: Sequence[Line], facts: Facts, names: Mapping[str, str], labels: Mapping[str, str]
) -> tuple[Series, ...]:
    """The lines of one chart as they are drawn; ``names`` are what runs are called."""
    bands = find_bands(lines, facts)
    if bands:
        return tuple(_BandStyler(lines, facts, names, labels).style(bands))
    kept = sorted(lines, key=_rank_lines(facts))[:MAX_SERIES]
    order = {id(line): number for number, line in enumerate(lines)}
    kept.sort(key=lambda line: (_by_split(line), line.best is None, order[id(line)]))
    return tuple(_style_lines(kept, facts, names, labels))


def _rank_lines(facts: Facts) -> Callable[[Line], tuple[bool, float]]:
    """The line with the best checkpoint first, whatever is left out, then the best runs."""
    sign = -1.0 if facts.direction == "max" else 1.0
    values = {
        member.ref: sign * value
        for group in facts.groups
        for member in group.members
        if (value := find_value(replace(group, members=(member,), best={}), facts.metric))
    }
    return lambda line: (line.best is None, values.get(line.ref, math.inf))


def _by_split(line: Line) -> bool:
    """Training first, so that it has the same colour in every chart."""
    return not _is_training(line)


def _style_lines(
    lines: Sequence[Line], facts: Facts, names: Mapping[str, str], labels: Mapping[str, str]
) -> Iterator[Series]:
    """Names, colours and dashes: of one run a colour a metric, of several a colour a run."""
    refs = _list_refs(facts)
    several = len({line.ref for line in lines}) > 1
    mixed = len({line.metric for line in lines}) > 1
    for number, line in enumerate(lines):
        run = names.get(line.ref, line.ref)
        name = line.metric if not several else f"{line.metric} · {run}" if mixed else run
        colour = refs.index(line.ref) if line.ref in refs else len(refs)
        yield Series(
            name=name,
            xs=line.xs,
            ys=line.ys,
            colour=colour if several else number,
            dashed=several and mixed and _is_training(line),
            best=line.best,
            hint=_hint(line, labels[f"axis_{line.axis}"]),
            metric=line.metric,
            refs=(line.ref,),
        )


def _list_refs(facts: Facts) -> list[str]:
    """The runs in the order in which they get their colours: of many the best first."""
    refs = [run.ref for run in facts.runs]
    if len(refs) <= COLOURS:
        return refs
    ranked = rank_groups(facts.groups, facts.metric, facts.direction)
    return list(dict.fromkeys([*(m.ref for one in ranked for m in one.members), *refs]))


class _BandStyler:
    """The lines of a chart in which groups of runs have means.

    Of one group each metric has a colour, of several each group. Runs of a group that have no mean
    here, since their steps differ, are thin lines as those behind a mean; runs that are alone are
    lines of their own, as far as there is room.
    """

    def __init__(
        self, lines: Sequence[Line], facts: Facts, names: Mapping[str, str],
        labels: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.lines = sorted(lines, key=_rank_lines(facts))
        self.names = names
        self.labels = labels
        self.axis = labels[f"axis_{lines[0].axis}"]
        self.groups = rank_groups(facts.groups, facts.metric, facts.direction)
        self.places = {m.ref: n for n, one in enumerate(self.groups) for m in one.members}
        self.several = len(self.groups) > 1
        self.metrics = list(dict.fromkeys(line.metric for line in sorted(lines, key=_by_split)))
        self.mixed = len(self.metrics) > 1

    def style(self, bands: Sequence[Band]) -> Iterator[Series]:
        """All that is drawn: thin lines first, means last and so above them."""
        shown = bands[: COLOURS if self.several else MAX_SERIES]
        shown = sorted(shown, key=lambda band: _by_split(band.mean))
        banded = {(line.ref, line.metric) for band in bands for line in band.lines}
        rest = [line for line in self.lines if (line.ref, line.metric) not in banded]
        thin = [
            *(replace(self._style(line), thin=True) for band in shown for line in band.lines),
            *self._style_grouped(line for line in rest if self._group(line)),
        ]
        yield from sorted(thin, key=lambda one: (one.best is None, not one.listed))[:MAX_THIN]
        alone = [line for line in rest if not self._group(line)]
        yield from map(self._style_alone, alone[: max(0, MAX_SERIES - len(shown))])
        yield from map(self._style_mean, shown)

    def _group(self, line: Line) -> Group | None:
        """The group of several runs that a line is of."""
        group = self.groups[self.places[line.ref]] if line.ref in self.places else None
        return group if group and group.averaged else None

    def _style(self, line: Line, ref: str = "") -> Series:
        place = self.places.get(ref or line.ref, len(self.groups))
        return Series(
            name=line.metric,
            xs=line.xs,
            ys=line.ys,
            colour=place if self.several else self.metrics.index(line.metric),
            dashed=self.several and self.mixed and _is_training(line),
            best=line.best,
            hint=_hint(line, self.axis),
            metric=line.metric,
            refs=(line.ref,),
        )

    def _style_mean(self, band: Band) -> Series:
        series = self._style(band.mean, band.group.members[0].ref)
        count = self.labels["mean_of"].format(band.count)
        label = label_group(band.group) if self.several else ""
        return replace(
            series,
            name=self._name(band.mean, f"{label} (n = {band.count})" if label else count),
            low=band.lows,
            high=band.highs,
            refs=band.refs,
        )

    def _style_grouped(self, lines: Iterable[Line]) -> Iterator[Series]:
        """Thin lines without a mean; the first of each group and metric is in the legend."""
        told: set[str] = set()
        for line in lines:
            group = self._group(line)
            label = label_group(group) if group and self.several else self.labels["single_runs"]
            name = self._name(line, label)
            yield replace(self._style(line), name=name, thin=True, listed=name not in told)
            told.add(name)

    def _style_alone(self, line: Line) -> Series:
        return replace(self._style(line), name=self._name(line, self.names.get(line.ref, line.ref)))

    def _name(self, line: Line, who: str) -> str:
        return f"{line.metric} · {who}" if self.mixed else who


def _is_training(line: Line) -> bool:
    """Also of a metric that says nothing of its data: beside ``eval_loss``, ``loss`` is that."""
    split = split_metric(line.metric)[1]
    return not split or split.startswith("train")


def _hint(line: Line, axis: str) -> str:
    """What the best point says of itself."""
    if line.best is None:
        return ""
    return f"{axis} {format_number(line.xs[line.best])}: {format_full(line.ys[line.best])}"


def count_drawn(series: Sequence[Series]) -> int:
    """How many runs' own lines are drawn, means and the baseline's aside."""
    return sum(not (one.low or one.quiet) for one in series)
