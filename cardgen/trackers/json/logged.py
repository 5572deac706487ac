"""From a file's mapping or rows to metrics: names, points, and what is no number.

Rows with a column that counts are steps. A row or mapping says ``train`` or ``val`` of its metrics
in a column such as ``mode``. What is no number is kept as a parameter where it stands once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cardgen.trackers._series import Number, Point
from cardgen.trackers.json.content import Content, Row
from cardgen.trackers.json.values import as_number, as_step, flatten, parse_cell

MAX_NAMES = 5_000
"""Metrics of a run that are kept."""

_SETTINGS = frozenset(
    ("args", "arguments", "config", "configs", "hparams", "hyperparameters", "params", "parameters")
)
_SPLITS = ("mode", "split", "phase", "subset", "stage")
_SPLIT = re.compile(r"(?:train|val|valid|eval|test|dev|predict)\w*", re.IGNORECASE)
_CLOCKS = frozenset(
    ("timestamp", "_timestamp", "time_stamp", "datetime", "date", "wall_time", "unix_time", "ts")
)
_SEEDS = frozenset(("seed", "random_seed", "random_state"))
_EPOCHS = frozenset(("epoch", "epochs"))


@dataclass
class Logged:
    """What files say together: points by metric, and what is no metric by name.

    ``finals`` are single values, logged without a step, of metrics that another file has over
    time.
    """

    points: dict[str, list[Point]] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    finals: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, value: Number, step: Number | None = None) -> None:
        if name in self.points or len(self.points) < MAX_NAMES:
            series = self.points.setdefault(name, [])
            series.append(Point(float(value), step, len(series)))

    def merge(self, other: Logged) -> None:
        """Add what another file says; of a metric that both have, the longer series counts."""
        for name, value in other.params.items():
            self.params.setdefault(name, value)
        for name, points in other.points.items():
            known = self.points.get(name)
            if known is None:
                if len(self.points) < MAX_NAMES:
                    self.points[name] = points
                continue
            short, long = sorted((known, points), key=_count_steps)
            self.points[name] = long if _count_steps(short) < _count_steps(long) else known
            if len(short) == 1 and short[0].step is None and len(long) > 1:
                self.finals[name] = short[0].value


def _count_steps(points: list[Point]) -> tuple[int, int]:
    return len({point.step for point in points} - {None}), len(points)


def read_content(content: Content, steps: Sequence[str], logged: Logged) -> None:
    """Add what a file says."""
    if isinstance(content, Mapping):
        _read_mapping(content, steps, logged)
    else:
        rows = [dict(_flatten_row(row, logged)) for row in content if isinstance(row, Mapping)]
        _read_rows(rows, steps, logged)


def _read_mapping(content: Mapping[str, Any], steps: Sequence[str], logged: Logged) -> None:
    if _is_history(content):
        names = list(content)
        columns = zip(*content.values(), strict=True)
        _read_rows([dict(zip(names, row, strict=True)) for row in columns], steps, logged)
        return
    row = dict(_flatten_row(content, logged))
    texts = {n: row.pop(n) for n in list(row) if _is_text(row[n]) and n not in _SPLITS}
    nested = {n: row.pop(n) for n in list(row) if isinstance(row[n], list)}
    _read_rows([row], steps, logged)
    for name, text in texts.items():
        logged.params.setdefault(name, text)
    for name, items in nested.items():
        if items and all(isinstance(item, Mapping) for item in items):
            inner = Logged(params=logged.params)
            _read_rows([dict(_flatten_row(item, logged)) for item in items], steps, inner)
            for metric, points in inner.points.items():
                logged.points.setdefault(f"{name}/{metric}", []).extend(points)


def _is_text(value: object) -> bool:
    """A word or a switch; also a number in quotes, which alone may as well be a version."""
    return isinstance(value, (str, bool)) and as_number(value) is None


def _is_history(content: Mapping[str, Any]) -> bool:
    """Whether it is what Keras' ``History.history`` holds: lists of numbers, all as long."""
    values = list(content.values())
    if not values or not all(isinstance(value, list) and value for value in values):
        return False
    if len({len(value) for value in values}) > 1:
        return False
    return all(as_number(item) is not None for value in values for item in value)


def _flatten_row(row: Mapping[str, Any], logged: Logged) -> Iterable[tuple[str, Any]]:
    """A row's leaves without the settings in it, which are parameters."""
    for key, value in row.items():
        if isinstance(value, Mapping) and str(key).lower() in _SETTINGS:
            for name, item in value.items():
                logged.params.setdefault(str(name), item)
        else:
            yield from flatten({key: value})


def _read_rows(rows: list[dict[str, Any]], steps: Sequence[str], logged: Logged) -> None:
    rows = [row for row in rows if row]
    if not rows:
        return
    split = next((name for name in _SPLITS if _is_split(rows, name)), "")
    column = _choose_step(rows, steps, split)
    long = _find_long(rows)
    label = "" if column or split or long or len(rows) == 1 else _find_label(rows)
    taken = {split, label, *long, *(name for name in steps if name.lower() not in _EPOCHS)}
    for row in rows:
        prefix = f"{row[split]}/" if split and split in row else ""
        prefix = f"{row[label]}/" if label else prefix
        step = _find_step(row, (column, *steps)) if column else None
        named = {str(row[long[0]]): row.get(long[1])} if long else {}
        _read_row({**row, **named}, taken, prefix, step, logged)


def _find_step(row: Row, names: Iterable[str]) -> Number | None:
    """The step of a row: where it lacks the column that counts, by the next that it has."""
    found = (as_step(_number(row.get(name))) for name in names)
    return next((step for step in found if step is not None), None)


def _read_row(row: Row, taken: set[str], prefix: str, step: Number | None, logged: Logged) -> None:
    for name, cell in row.items():
        number = _number(cell)
        short = name.rpartition("/")[2].lower()
        if number is None or short in _CLOCKS:
            continue
        if short in _SEEDS:
            logged.params.setdefault(name, number)
        elif name.lower() in _EPOCHS and step is not None:
            logged.add("epoch", number, step)
        elif name not in taken and not (step is None and name.lower() in _EPOCHS):
            logged.add(f"{prefix}{name}", number, step)


def _number(cell: object) -> Number | None:
    return parse_cell(cell) if isinstance(cell, str) else as_number(cell)


def _is_split(rows: list[dict[str, Any]], name: str) -> bool:
    values = [row[name] for row in rows if name in row]
    return bool(values) and all(isinstance(v, str) and _SPLIT.fullmatch(v) for v in values)


def _choose_step(rows: list[dict[str, Any]], steps: Sequence[str], split: str) -> str:
    """The first column that counts; one that begins anew in between gives way to another."""
    names = [name for name in steps if any(_number(row.get(name)) is not None for row in rows)]
    return next((name for name in names if _is_counting(rows, name, split)), next(iter(names), ""))


def _is_counting(rows: list[dict[str, Any]], name: str, split: str) -> bool:
    last: dict[object, Number] = {}
    for row in rows:
        step, part = as_step(_number(row.get(name))), row.get(split)
        if step is not None:
            if step < last.get(part, step):
                return False
            last[part] = step
    return True


def _find_label(rows: list[dict[str, Any]]) -> str:
    """The column of texts that names the rows, each row otherwise."""
    for name in rows[0]:
        values = [row.get(name) for row in rows]
        if all(isinstance(v, str) and v and parse_cell(v) is None for v in values):
            return name if len(set(values)) == len(values) else ""
    return ""


def _find_long(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """The columns of a metric's name and value, where every row has one metric."""
    for name in ("metric", "metric_name", "name", "key", "tag"):
        named = all(
            isinstance(row.get(name), str) and parse_cell(row[name]) is None for row in rows
        )
        if named and all(_number(row.get("value")) is not None for row in rows):
            return name, "value"
    return ()
