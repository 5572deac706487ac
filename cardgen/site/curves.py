"""Which charts a card has: metrics of one kind together, the most telling first."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cardgen.config import Settings
from cardgen.facts import Facts, Row
from cardgen.measures import Number, format_number, guess_direction, normalise
from cardgen.models import Curve
from cardgen.site.charts import Chart, Series
from cardgen.site.numbers import format_full

MAX_CHARTS = 24
"""Charts on a page; the metrics beyond them are in the evidence."""

MAX_SERIES = 10
"""Lines in a chart: more cannot be told apart."""

_SHOWN = 6
_SPLIT = re.compile(
    r"train(?:ing)?|e?val(?:uation|uate|idation|id)?|test(?:ing)?|dev|predict(?:ion)?"
)
_PROCESS = re.compile(
    r"(?:^|[/_.])(?:lr|learning_rate|grad_norm|gradient_norm|epoch|global_step|total_flos|"
    r"num_tokens)(?:$|[/_.-])|^(?:system|monitoring|perf|time|timing|throughput)[/_]|"
    r"runtime$|per_second$|_time$|^time$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Line:
    """What one run says of one metric over time; ``axis`` is step, epoch or order."""

    metric: str
    ref: str
    axis: str
    xs: Sequence[float]
    ys: Sequence[float]
    best: int | None = None


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


@lru_cache(4096)
def is_process(metric: str) -> bool:
    """Whether a metric says how a run went rather than how good its model is."""
    return _PROCESS.search(metric) is not None


@lru_cache(4096)
def split_metric(metric: str) -> tuple[str, str]:
    """A metric's name without the word for its data, and that word: ``loss`` and ``eval``."""
    parts = [part for part in re.split(r"[/_.\-: ]+", metric.casefold()) if part]
    for at, part in enumerate(parts if len(parts) > 1 else ()):
        if _SPLIT.fullmatch(part):
            return "/".join(parts[:at] + parts[at + 1 :]), part
    return "/".join(parts), ""


def find_groups(facts: Facts) -> list[Group]:
    """All that can be drawn, the declared metric's group first and hardware figures last."""
    groups: dict[tuple[str, str], Group] = {}
    for line in (*_find_lines(facts), *_find_curves(facts)):
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


def _find_lines(facts: Facts) -> Iterable[Line]:
    """The metrics of the results table, run by run."""
    for ref, rows in group_rows(facts.rows).items():
        axis, xs = _find_axis(rows)
        for metric in dict.fromkeys(name for row in rows for name in row.metrics):
            ys = [row.metrics[metric].value if metric in row.metrics else None for row in rows]
            kept = [(x, y, row) for x, y, row in zip(xs, ys, rows, strict=True) if y is not None]
            kept.sort(key=lambda point: point[0])
            best = [i for i, (_, _, row) in enumerate(kept) if row is facts.best]
            yield Line(
                metric=metric,
                ref=ref,
                axis=axis,
                xs=[x for x, _, _ in kept],
                ys=[y for _, y, _ in kept],
                best=best[0] if best and metric == facts.metric else None,
            )


def group_rows(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of the results table by run; hand-written ones under an empty ref."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.origin.ref, []).append(row)
    return groups


def _find_axis(rows: Sequence[Row]) -> tuple[str, list[float]]:
    """Steps where every row has one, else epochs, else the order of the rows."""
    steps = [row.step for row in rows if row.step is not None]
    if len(steps) == len(rows):
        return "step", [_as_float(step) for step in steps]
    epochs = [row.epoch for row in rows if row.epoch is not None]
    if len(epochs) == len(rows):
        return "epoch", epochs
    return "order", [float(number) for number in range(1, len(rows) + 1)]


def _find_curves(facts: Facts) -> Iterable[Line]:
    in_rows = {(ref, m) for ref, rows in group_rows(facts.rows).items() for r in rows
               for m in r.metrics}  # fmt: skip
    for run in facts.runs:
        for curve in run.curves:
            if (run.ref, curve.metric) not in in_rows:
                yield Line(curve.metric, run.ref, curve.axis, *_points(curve))


def _points(curve: Curve) -> tuple[Sequence[float], Sequence[float]]:
    count = min(len(curve.steps), len(curve.values))
    return [_as_float(step) for step in curve.steps[:count]], curve.values[:count]


def _as_float(step: Number) -> float:
    try:
        return float(step)
    except OverflowError:
        return math.inf


def make_chart(
    group: Group, facts: Facts, names: Mapping[str, str], labels: Mapping[str, str],
    settings: Settings,
) -> Chart:  # fmt: skip
    """A group as a chart; ``names`` are what runs are called where there are several."""
    # The line with the best checkpoint is drawn whatever else is left out.
    lines = sorted(group.lines, key=lambda line: line.best is None)[:MAX_SERIES]
    series = tuple(_style_lines(sorted(lines, key=_by_split), facts, names, labels))
    return Chart(
        title=_title(group),
        description=_describe(series, labels, len(group.lines)),
        x_label=labels[f"axis_{group.axis}"],
        y_label="",
        series=series,
        may_log=_may_log(group, facts, settings),
    )


def _by_split(line: Line) -> bool:
    """Training first, so that it has the same colour in every chart."""
    return not _is_training(line)


def _style_lines(
    lines: Sequence[Line], facts: Facts, names: Mapping[str, str], labels: Mapping[str, str]
) -> Iterator[Series]:
    """Names, colours and dashes: of one run a colour a metric, of several a colour a run."""
    refs = [run.ref for run in facts.runs]
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
            hints=_hints(line, labels[f"axis_{line.axis}"]),
        )


def _is_training(line: Line) -> bool:
    """Also of a metric that says nothing of its data: beside ``eval_loss``, ``loss`` is that."""
    split = split_metric(line.metric)[1]
    return not split or split.startswith("train")


def _title(group: Group) -> str:
    """The metric's own name where the chart has but one."""
    names = {line.metric for line in group.lines}
    return names.pop() if len(names) == 1 else group.name


def _hints(line: Line, axis: str) -> Sequence[str]:
    if len(line.xs) > 40:
        return ()
    return [
        f"{axis} {format_number(x)}: {format_full(y)}"
        for x, y in zip(line.xs, line.ys, strict=True)
    ]


def _describe(series: Sequence[Series], labels: Mapping[str, str], count: int) -> str:
    """For who cannot see the chart: each line's first, lowest, highest and last value."""
    said = []
    for one in series:
        values = [value for value in one.ys if math.isfinite(value)]
        if values:
            first, low, high, last = values[0], min(values), max(values), values[-1]
            numbers = [f"{value:.4g}" for value in (first, last, low, high)]
            said.append(f"{one.name}: {labels['chart_range'].format(*numbers)}")
    if count > len(series):
        said.append(labels["chart_cut"].format(len(series), count))
    return "; ".join(said)


def _may_log(group: Group, facts: Facts, settings: Settings) -> bool:
    """Whether decades make sense: of losses and of what has no upper end, not of shares."""
    values = [value for line in group.lines for value in line.ys if math.isfinite(value)]
    less = guess_direction(group.name, settings) == "min"
    if normalise(facts.metric) == normalise(group.lines[0].metric):
        less = facts.direction == "min"
    return bool(values) and (less or max(values) > 1)
