"""Which charts a card has: metrics of one kind together, the most telling first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cardgen.config import Settings
from cardgen.facts import Facts
from cardgen.measures import guess_direction, normalise
from cardgen.site.charts import Chart, Series
from cardgen.site.lines import Line, find_lines, is_process, split_metric
from cardgen.site.series import count_drawn, make_series

MAX_CHARTS = 24
"""Charts on a page; the metrics beyond them are in the evidence."""

_SHOWN = 6


@dataclass(frozen=True)
class Group:
    """The lines of one chart: metrics that differ only in what they were measured on."""

    name: str
    axis: str
    lines: list[Line] = field(default_factory=list)
    process: bool = False

    @property
    def worth_drawing(self) -> bool:
        return any(sum(map(math.isfinite, line.ys)) > 1 for line in self.lines)


def find_groups(facts: Facts) -> list[Group]:
    """All that can be drawn, the declared metric's group first and hardware figures last."""
    groups: dict[tuple[str, str], Group] = {}
    for line in find_lines(facts):
        name = split_metric(line.metric)[0]
        key = (name, line.axis)
        if key not in groups:
            groups[key] = Group(name, line.axis, process=is_process(line.metric))
        groups[key].lines.append(line)
    declared = split_metric(facts.metric)[0]
    drawn = [group for group in groups.values() if group.worth_drawing]
    drawn.sort(key=lambda g: (g.name != declared, g.process, g.name != "loss"))
    return drawn


def split_groups(groups: Sequence[Group]) -> tuple[Sequence[Group], Sequence[Group]]:
    """The groups that are shown at once and those that are folded, MAX_CHARTS in all."""
    telling = [group for group in groups if not group.process][:_SHOWN]
    telling = telling or list(groups[:_SHOWN])
    rest = [group for group in groups if not any(group is one for one in telling)]
    return telling, rest[: MAX_CHARTS - len(telling)]


def make_chart(
    group: Group, facts: Facts, names: Mapping[str, str], labels: Mapping[str, str],
    settings: Settings,
) -> Chart:  # fmt: skip
    """A group as a chart; ``names`` are what runs are called where there are several."""
    series = make_series(group.lines, facts, names, labels)
    return Chart(
        title=_title(group),
        description=_describe(series, labels, len(group.lines)),
        x_label=labels[f"axis_{group.axis}"],
        y_label="",
        series=series,
        may_log=_may_log(group, facts, settings),
    )


def _title(group: Group) -> str:
    """The metric's own name where the chart has but one."""
    names = {line.metric for line in group.lines}
    return names.pop() if len(names) == 1 else group.name


def _describe(series: Sequence[Series], labels: Mapping[str, str], count: int) -> str:
    """For who cannot see the chart: each line's first, lowest, highest and last value."""
    said = []
    single = [one for one in series if one.thin]
    for one in (one for one in series if not one.thin):
        values = [value for value in one.ys if math.isfinite(value)]
        if values:
            first, low, high, last = values[0], min(values), max(values), values[-1]
            numbers = [f"{value:.4g}" for value in (first, last, low, high)]
            said.append(f"{one.name}: {labels['chart_range'].format(*numbers)}")
    if single:
        said.append(labels["chart_runs"].format(len(single)))
    drawn = count_drawn(series)
    if count > drawn:
        said.append(labels["chart_cut"].format(drawn, count))
    return "; ".join(said)


def _may_log(group: Group, facts: Facts, settings: Settings) -> bool:
    """Whether decades make sense: of losses and of what has no upper end, not of shares."""
    values = [value for line in group.lines for value in line.ys if math.isfinite(value)]
    less = guess_direction(group.name, settings) == "min"
    if normalise(facts.metric) == normalise(group.lines[0].metric):
        less = facts.direction == "min"
    return bool(values) and (less or max(values) > 1)
