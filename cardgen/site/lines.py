"""What each run says of each metric over time, out of its rows and its curves."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cardgen.facts import Facts, Row
from cardgen.measures import Number, normalise
from cardgen.models import Curve

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


def find_lines(facts: Facts, metric: str = "") -> list[Line]:
    """The metrics of the results table, then the curves of what is not in it.

    With ``metric`` only the lines of that one, however its name is written.
    """
    wanted = normalise(metric) if metric else ""
    return [*_list_row_lines(facts, wanted), *_list_curve_lines(facts, wanted)]


@lru_cache(4096)
def _is_wanted(metric: str, wanted: str) -> bool:
    return not wanted or normalise(metric) == wanted


def _list_row_lines(facts: Facts, wanted: str) -> Iterable[Line]:
    """The metrics of the results table, run by run."""
    for ref, rows in group_rows(facts.rows).items():
        axis, xs = _find_axis(rows)
        names = dict.fromkeys(name for row in rows for name in row.metrics)
        for metric in (name for name in names if _is_wanted(name, wanted)):
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


def _list_curve_lines(facts: Facts, wanted: str) -> Iterable[Line]:
    in_rows = {(ref, m) for ref, rows in group_rows(facts.rows).items() for r in rows
               for m in r.metrics}  # fmt: skip
    for run in facts.runs:
        for curve in run.curves:
            if _is_wanted(curve.metric, wanted) and (run.ref, curve.metric) not in in_rows:
                yield Line(curve.metric, run.ref, curve.axis, *_points(curve))


def _points(curve: Curve) -> tuple[Sequence[float], Sequence[float]]:
    count = min(len(curve.steps), len(curve.values))
    return [_as_float(step) for step in curve.steps[:count]], curve.values[:count]


def _as_float(step: Number) -> float:
    try:
        return float(step)
    except OverflowError:
        return math.inf
