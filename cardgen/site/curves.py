"""Which charts a card has: metrics of one kind together, the most telling first."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup

from cardgen.config import Settings
from cardgen.facts import Facts
from cardgen.measures import guess_direction, normalise
from cardgen.site.charts import Chart, Series, render_chart
from cardgen.site.context import RenderContext
from cardgen.site.lines import Line, find_lines, is_process, split_metric
from cardgen.site.overlays import find_baseline, make_overlay
from cardgen.site.series import count_drawn, make_series

MAX_CHARTS = 24
"""Charts on a page; the metrics beyond them are in the evidence."""

_SHOWN = 6

WORDS = (
    "axis_step", "axis_epoch", "axis_order", "axis_seconds", "baseline", "chart_axis",
    "chart_close", "chart_failed", "chart_hint", "chart_in", "chart_keys", "chart_large",
    "chart_log", "chart_none", "chart_out", "chart_over", "chart_reset", "chart_smooth",
)  # fmt: skip
"""Labels that the script of charts needs."""


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


@dataclass(frozen=True)
class Key:
    """An entry of a legend; ``kinds`` are its classes in the style sheet."""

    name: str
    kinds: str


@dataclass(frozen=True)
class Figure:
    """A chart as a page shows it."""

    title: str
    svg: Markup
    keys: tuple[Key, ...]
    note: str


@dataclass(frozen=True)
class Curves:
    """The charts of a page, some of them folded.

    ``live`` is what the script needs to draw them anew, ``words`` the labels it shows, both as
    JSON for an attribute in single quotes.
    """

    shown: tuple[Figure, ...]
    rest: tuple[Figure, ...]
    note: str
    live: Markup
    words: Markup


def make_curves(facts: Facts, context: RenderContext, names: Mapping[str, str]) -> Curves | None:
    """All charts of a card, None where nothing can be drawn; ``names`` are what runs are called."""
    labels = context.labels
    split = split_groups(find_groups(facts))
    drawn = [[_make_full(group, facts, context, names) for group in groups] for groups in split]
    if not drawn[0]:
        return None
    pairs = [pair for charts in drawn for pair in charts]
    bands = any(series.low for _, chart in pairs for series in chart.series)
    base = find_baseline(facts, context)
    live = {
        "code": facts.code,
        "base": base.code if base else "",
        "epochs": any(row.step is not None and row.epoch is not None for row in facts.rows),
        "charts": [_describe_live(group, chart, facts) for group, chart in pairs],
    }
    shown, rest = ([_make_figure(g, c, labels) for g, c in charts] for charts in drawn)
    return Curves(
        tuple(shown), tuple(rest), labels["chart_band"] if bands else "", embed(live),
        embed(pick_words(labels)),
    )  # fmt: skip


def pick_words(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels of a chart that scripts draw, for ``new LineChart(host, spec, words)``."""
    return {name: labels[name] for name in WORDS}


def embed(value: object) -> Markup:
    """JSON for an attribute in single quotes, which no text in it can end."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "&<>'":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704  # what HTML would read is escaped


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
        series=series,
        may_log=_may_log(group, facts, settings),
    )


def _make_full(
    group: Group, facts: Facts, context: RenderContext, names: Mapping[str, str]
) -> tuple[Group, Chart]:
    """A chart, with the baseline's curve beneath where it is that of the declared metric."""
    labels = context.labels
    chart = make_chart(group, facts, names, labels, context.settings)
    if group.name != split_metric(facts.metric)[0]:
        return group, chart
    series = make_overlay(facts, group.axis, group.lines, context)
    if series is None:
        return group, chart
    said = "; ".join(filter(None, (chart.description, _describe([series], labels, 0))))
    return group, replace(chart, series=(series, *chart.series), description=said)


def _make_figure(group: Group, chart: Chart, labels: Mapping[str, str]) -> Figure:
    keys = tuple(_list_keys(chart.series))
    drawn = count_drawn(chart.series)
    cut = len(group.lines) > drawn
    return Figure(
        title=chart.title,
        svg=Markup(render_chart(chart)),  # noqa: S704  # made by us, its texts escaped
        keys=keys if len(keys) > 1 or any(key.name != chart.title for key in keys) else (),
        note=labels["chart_cut"].format(drawn, len(group.lines)) if cut else "",
    )


def _list_keys(series: Iterable[Series]) -> Iterator[Key]:
    """What is drawn beneath all, the baseline's, is told last."""
    for one in sorted(series, key=lambda one: one.quiet):
        if one.listed or not one.thin:
            flags = ((" cg-dashed", one.dashed), (" cg-key-band", one.low),
                     (" cg-key-thin", one.thin))  # fmt: skip
            yield Key(one.name, one.ink + "".join(kind for kind, there in flags if there))


def _describe_live(group: Group, chart: Chart, facts: Facts) -> dict[str, Any]:
    """What the script cannot know from ``card.json``: which lines a chart has and how they look."""
    numbers = {run.ref: number for number, run in enumerate(facts.runs)}
    lines = [
        {
            "m": one.metric,
            "r": [numbers.get(ref, -1) for ref in one.refs],
            "c": one.colour,
            **({"n": one.name} if one.name != one.metric else {}),
            **{key: 1 for key, there in (("d", one.dashed), ("t", one.thin), ("l", one.listed),
                                         ("b", one.low)) if there},
        }
        for one in chart.series if not one.quiet
    ]  # fmt: skip
    over = {"over": 1} if any(one.quiet for one in chart.series) else {}
    return {"axis": group.axis, "log": int(chart.may_log), **over, "lines": lines}


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
