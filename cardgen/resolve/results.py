"""The rows of the results table, last values, and the metric that 'best' means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cardgen.config import Settings
from cardgen.facts import Fact, Origin, Row
from cardgen.measures import as_number, guess_direction, is_quality, normalise, same_rounded
from cardgen.models import Checkpoint
from cardgen.resolve.sides import Sides, join_values

_ROW_KEYS = frozenset(("step", "epoch", "path", "checkpoint", "note"))


def make_rows(sides: Sides) -> tuple[Row, ...]:
    """The recorded rows, with those that a person wrote laid over them or added."""
    rows = [_read_row(run.ref, point) for run in sides.runs for point in run.checkpoints]
    for number, result in enumerate(sides.front.results):
        _write_row(sides, rows, number, result)
    return tuple(rows)


def _read_row(ref: str, point: Checkpoint) -> Row:
    origin = Origin(ref, point.step)
    metrics = {name: Fact(value, origin) for name, value in point.metrics.items()}
    return Row(point.step, point.epoch, point.path, metrics, origin)


def _write_row(sides: Sides, rows: list[Row], number: int, result: Mapping[str, Any]) -> None:
    """Lay a hand-written row over the recorded one of the same step, or add it."""
    place = f"results.{number}" if f"results.{number}" in sides.card.lines else "results"
    step, epoch = as_number(result.get("step")), as_number(result.get("epoch"))
    at = _find_same(rows, step, result)
    row = Row(step, epoch, "", {}, sides.written(place)) if at is None else rows[at]
    metrics = dict(row.metrics)
    for key, name, value in _match_names(result, row):
        fact = Fact(float(as_number(value) or 0.0), sides.written(f"{place}.{key}"))
        recorded = metrics.get(name)
        if recorded and not same_rounded(value, recorded.value):
            sides.differ(f"results.{key}", fact, recorded)
        metrics[name] = fact
    path = str(result.get("path") or result.get("checkpoint") or row.path)
    changed = Row(row.step, epoch if row.epoch is None else row.epoch, path, metrics, row.origin)
    if at is None:
        rows.append(changed)
    else:
        rows[at] = changed


def _find_same(
    rows: Sequence[Row], step: int | float | None, result: Mapping[str, Any]
) -> int | None:
    """The row of a step; where several runs have it, the first that says the same."""
    same = [i for i, row in enumerate(rows) if step is not None and row.step == step]
    agreeing = (i for i in same if len(same) > 1 and _agrees(rows[i], result))
    return next(agreeing, same[0] if same else None)


def _agrees(row: Row, result: Mapping[str, Any]) -> bool:
    return all(
        same_rounded(value, row.metrics[name].value)
        for _, name, value in _match_names(result, row)
        if name in row.metrics
    )


def _match_names(result: Mapping[str, Any], row: Row) -> Iterator[tuple[str, str, Any]]:
    """A written row's numbers: their keys, the row's names for these, and the values."""
    names = {normalise(name): name for name in row.metrics}
    for key, value in result.items():
        if key not in _ROW_KEYS and as_number(value) is not None:
            yield key, names.get(normalise(key), key), value


def make_finals(sides: Sides, rows: tuple[Row, ...]) -> dict[str, Fact[float]]:
    """The last value of each metric, with those of further runs that differ."""
    found = join_values(
        (name, Fact(metric.value, Origin(run.ref, metric.step)))
        for run in sides.runs
        for name, metric in run.metrics.items()
    )
    for row in rows:
        for name, fact in row.metrics.items():
            if fact.origin.written:
                found.setdefault(name, fact)
    return dict(sorted(found.items()))


def choose_metric(
    wanted: str, rows: tuple[Row, ...], finals: Mapping[str, Any], settings: Settings
) -> tuple[str, bool]:
    """The metric that 'best' means here, by the name that the results use; whether assumed."""
    logged = list(dict.fromkeys(name for row in rows for name in row.metrics))
    known = logged + [name for name in finals if name not in logged]
    if wanted:
        names = {normalise(name): name for name in reversed(known)}
        return (wanted if wanted in known else names.get(normalise(wanted), wanted)), False
    judged = [name for name in known if is_quality(name) and "train" not in name]
    better = [name for name in logged if guess_direction(name, settings) == "max"]
    in_rows = [name for name in judged if name in logged]
    return next(iter(in_rows or better or logged or judged), ""), True
