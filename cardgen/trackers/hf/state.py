"""What the Trainer logged: ``trainer_state.json`` and the results files, as parts of a Run.

The names are the Trainer's own (``eval_f1``). What it logged while training becomes rows of the
results table and curves. What it evaluated at the end is the row with the same values where there
is one (the best model was loaded again), else the last step, else a row without a step.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cardgen.models import Checkpoint, Curve, Metric
from cardgen.trackers._series import Number, Point, Series, make_curve, split_series

_EVALUATION = re.compile(r"^(eval|test|predict)[_/]")
_FIGURE = re.compile(
    r"(?:^|[_/])(?:runtime|\w+_per_second|samples|total_flos|num_tokens|num_input_tokens_seen|mem_[cg]pu_\w+|mem_before_\w+"
    r"|(?:jit_)?compilation_time|model_preparation_time)$"
)
_STEP = re.compile(r"checkpoint-(\d{1,18})/?$")
_SEPARATOR = "."
_DEPTH = 3


@dataclass(frozen=True)
class Entry:
    """One entry of ``log_history``; ``final`` where it came after the end of the training."""

    step: Number | None
    epoch: float | None
    values: dict[str, float]
    final: bool = False


@dataclass(frozen=True)
class Best:
    """Which checkpoint the Trainer held for the best; ``step`` where it says so."""

    path: str = ""
    step: int | None = None
    value: float | None = None


def parse_log(state: Mapping[str, Any]) -> tuple[Entry, ...]:
    """The entries of a state's ``log_history``, in their order."""
    history = state.get("log_history")
    raw = [item for item in history if isinstance(item, dict)] if isinstance(history, list) else []
    end = max((i for i, item in enumerate(raw) if "train_runtime" in item), default=len(raw))
    return tuple(_parse_entry(item, final=i > end) for i, item in enumerate(raw))


def _parse_entry(item: Mapping[str, Any], final: bool) -> Entry:
    values = parse_numbers({k: v for k, v in item.items() if k not in ("step", "epoch")})
    return Entry(parse_step(item.get("step")), _finite(item.get("epoch")), values, final)


def parse_numbers(values: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, float]:
    """The numbers among the values, NaN and infinities too; those of inner objects as ``a.b``."""
    numbers: dict[str, float] = {}
    for key, value in values.items():
        if isinstance(value, dict) and depth < _DEPTH:
            numbers |= parse_numbers(value, f"{prefix}{key}{_SEPARATOR}", depth + 1)
        elif (number := parse_number(value)) is not None:
            numbers[f"{prefix}{key}"] = number
    return numbers


def parse_number(value: object) -> float | None:
    """A JSON number as a float; anything else gives nothing."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def parse_step(value: object) -> Number | None:
    """A step, whole where it can be; NaN and infinities are none."""
    number = _finite(value)
    if number is None:
        return None
    return int(number) if number.is_integer() else number


def _finite(value: object) -> float | None:
    number = parse_number(value)
    return number if number is not None and math.isfinite(number) else None


def find_best(state: Mapping[str, Any]) -> Best:
    """What the state says of its best checkpoint."""
    path = state.get("best_model_checkpoint")
    path = path if isinstance(path, str) else ""
    step = parse_step(state.get("best_global_step"))
    named = _STEP.search(path)
    if step is None and named:
        step = int(named[1])
    value = parse_number(state.get("best_metric"))
    return Best(path, int(step) if step is not None else None, value)


def is_evaluation(name: str) -> bool:
    """Whether the Trainer evaluated under that name; its times and counts are no evaluation."""
    return _EVALUATION.search(name) is not None and _FIGURE.search(name) is None


def split_log(
    entries: Iterable[Entry], results: Mapping[str, float], state: Mapping[str, Any]
) -> Series:
    """Rows, curves and last values from the log and from the results files' numbers."""
    entries = tuple(entries)
    during = tuple(entry for entry in entries if not entry.final)
    points = _collect_points(during)
    evaluated = {name: series for name, series in points.items() if is_evaluation(name)}
    series = split_series(evaluated | {"epoch": points.get("epoch", [])})
    rows = (*series.checkpoints, *_rows_by_epoch(during))
    curves = [*series.curves, *(_make_curves(points))]
    metrics = series.metrics | {
        name: Metric(value=logged[-1].value, step=logged[-1].step)
        for name, logged in points.items()
        if name not in evaluated
    }
    for row in rows:
        if row.step is None:
            metrics |= {name: Metric(value=value) for name, value in row.metrics.items()}
    split = Series(rows, tuple(sorted(curves, key=lambda c: c.metric)), metrics)
    return _add_final(split, entries, dict(results), state)


def _collect_points(entries: Iterable[Entry]) -> dict[str, list[Point]]:
    points: dict[str, list[Point]] = {}
    for order, entry in enumerate(entries):
        values = entry.values if entry.epoch is None else entry.values | {"epoch": entry.epoch}
        for name, value in values.items():
            if entry.step is None and is_evaluation(name) and entry.epoch is not None:
                continue
            points.setdefault(name, []).append(Point(value, entry.step, order))
    for series in points.values():
        series.sort(key=lambda p: (p.step is not None, p.step or 0, p.order))
    return points


def _rows_by_epoch(entries: Iterable[Entry]) -> tuple[Checkpoint, ...]:
    """Rows of the oldest versions, which logged an epoch and no step."""
    rows: dict[float, dict[str, float]] = {}
    for entry in entries:
        named = {name: v for name, v in entry.values.items() if is_evaluation(name)}
        if entry.step is None and entry.epoch is not None and named:
            rows.setdefault(entry.epoch, {}).update(named)
    return tuple(Checkpoint(epoch=epoch, metrics=rows[epoch]) for epoch in sorted(rows))


def _make_curves(points: Mapping[str, list[Point]]) -> list[Curve]:
    return [
        make_curve(name, series)
        for name, series in points.items()
        if len(series) > 1
        and name != "epoch"
        and not _FIGURE.search(name)
        and not is_evaluation(name)
    ]


# What was evaluated at the end ---------------------------------------------------------------


def _add_final(
    series: Series, entries: tuple[Entry, ...], results: dict[str, float], state: Mapping[str, Any]
) -> Series:
    """Put the evaluations that came after the training where they belong."""
    series = _merge_logged(series, [entry for entry in entries if entry.final])
    rows, metrics = list(series.checkpoints), dict(series.metrics)
    last = _find_last(rows, results, state)
    for kind in ("eval", "test", "predict"):
        group = {n: v for n, v in results.items() if is_evaluation(n) and n.startswith(kind)}
        if not group:
            continue
        row = _find_row(rows, group, find_best(state).step)
        if row is None:
            row = Checkpoint() if last.metrics.keys() & group.keys() else last
            _add_row(rows, row, group)
        metrics |= {n: Metric(value=v, step=row.step) for n, v in group.items()}
    for name, value in results.items():
        known = metrics.get(name)
        if known is None or not _same(known.value, value):
            metrics[name] = Metric(value=value)
    return Series(tuple(rows), series.curves, dict(sorted(metrics.items())))


def _merge_logged(series: Series, finals: list[Entry]) -> Series:
    """Final evaluations that the log holds: the same row again, a new one, or the best model's."""
    rows, metrics = list(series.checkpoints), dict(series.metrics)
    for entry in finals:
        group = {name: v for name, v in entry.values.items() if is_evaluation(name)}
        metrics |= {n: Metric(value=v, step=entry.step) for n, v in entry.values.items()}
        if not group:
            continue
        row = _find_row(rows, group, entry.step)
        if row is None:
            at = next((r for r in rows if r.step == entry.step), None)
            taken = at is not None and bool(at.metrics.keys() & group.keys())
            row = Checkpoint() if taken else Checkpoint(step=entry.step, epoch=entry.epoch)
            _add_row(rows, row, group)
        metrics |= {n: Metric(value=v, step=row.step) for n, v in group.items()}
    return replace(series, checkpoints=tuple(rows), metrics=metrics)


def _find_last(
    rows: list[Checkpoint], results: Mapping[str, float], state: Mapping[str, Any]
) -> Checkpoint:
    """The row of the final model: that of the last step, unless another model was loaded again."""
    step, epoch = parse_step(state.get("global_step")), _finite(state.get("epoch"))
    if find_best(state).path or not step or results.get("epoch", epoch) != epoch:
        return Checkpoint()
    return next((row for row in rows if row.step == step), Checkpoint(step=step, epoch=epoch))


def _find_row(
    rows: list[Checkpoint], group: Mapping[str, float], likely: Number | None
) -> Checkpoint | None:
    """The row with these values: the likely one of several, else the last."""
    found = [row for row in rows if _agrees(row.metrics, group)]
    return next((row for row in found if row.step == likely), found[-1] if found else None)


def _agrees(metrics: Mapping[str, float], group: Mapping[str, float]) -> bool:
    shared = metrics.keys() & group.keys()
    return bool(shared) and all(_same(metrics[name], group[name]) for name in shared)


def _same(first: float, second: float) -> bool:
    return first == second or (math.isnan(first) and math.isnan(second))


def _add_row(rows: list[Checkpoint], row: Checkpoint, group: Mapping[str, float]) -> None:
    """Add values to the row of that step, or a row in its place; what a row says stays."""
    for index, old in enumerate(rows):
        if old.step == row.step and old.epoch == row.epoch:
            rows[index] = old.model_copy(update={"metrics": dict(group) | old.metrics})
            return
    rows.append(row.model_copy(update={"metrics": dict(group)}))
    rows.sort(key=lambda r: (r.step is None, r.step or 0, r.epoch is None, r.epoch or 0.0))
