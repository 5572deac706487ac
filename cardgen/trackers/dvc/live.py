"""DVCLive's folders: points of metrics in tables, last values in JSON, params in YAML.

Three layouts: ``plots/metrics/`` (since 1.0), ``scalars/`` (0.11), and tables in the folder itself
(before), the latter two with the last values beside the folder.
"""

from __future__ import annotations

import datetime as dt
import math
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cardgen.trackers._series import Number, Point
from cardgen.trackers.dvc.documents import MAX_TEXT, as_number, flatten, parse_json, parse_table
from cardgen.trackers.dvc.files import Files
from cardgen.trackers.dvc.trees import Tree, join

LIVE = "dvclive"
"""The name of DVCLive's folder, where it was given none."""

MAX_TABLES = 2000
POINTS = ("plots/metrics", "scalars")
SUMMARY, PARAMS = "metrics.json", "params.yaml"

_TABLES = (".tsv", ".csv")
_COLUMNS = frozenset({"step", "timestamp", "epoch"})


@dataclass(frozen=True)
class Live:
    """What one folder says: points by metric, last values, and words logged as metrics.

    ``first`` and ``last`` are the times of points, where they were logged with times.
    """

    folder: str
    points: Mapping[str, list[Point]] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    step: Number | None = None
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    files: tuple[str, ...] = ()


def is_live(tree: Tree, folder: str) -> bool:
    """Whether DVCLive wrote a folder: by its names, without reading a file."""
    names = tree.find_names(folder)
    if not names or "dvc.lock" in names or names.get(".dvc"):
        return False
    top, name = posixpath.split(folder)
    named = name == LIVE
    if named and SUMMARY in names:
        return True
    if named or names.get("scalars") or any(inner.endswith(".tsv") for inner in names):
        beside = f"{name}.json"
        if name and beside in tree.find_names(top):
            return True
    return bool(names.get("plots") and tree.find_names(join(folder, "plots")).get("metrics"))


def load_live(files: Files, folder: str) -> Live:
    """Read a folder of DVCLive; what is not there is empty. Raises UnreadableFile."""
    tables = _find_tables(files, folder)
    points: dict[str, list[Point]] = {}
    words: dict[str, str] = {}
    for path, name in tables.items():
        data = files.load(path, MAX_TEXT)
        if data:
            points[name] = _parse_points(parse_table(data, path), name, words)
    summary = _find_summary(files, folder)
    values, step = _load_summary(files, summary, words)
    times = [p.order for series in points.values() for p in series if p.order]
    return Live(
        folder=folder,
        points={name: series for name, series in points.items() if series},
        values=values,
        words=words,
        step=step,
        first=_as_time(min(times)) if times else None,
        last=_as_time(max(times)) if times else None,
        files=(*([summary] if summary else []), join(folder, PARAMS), *tables),
    )


def _find_tables(files: Files, folder: str) -> dict[str, str]:
    """Tables of points: path -> the metric's name, which is the path without its suffix."""
    for place in POINTS:
        start = join(folder, place)
        found = files.find_files(start, MAX_TABLES)
        tables = {p: p[len(start) + 1 :] for p in found if p.endswith(_TABLES)}
        if tables:
            return {path: posixpath.splitext(name)[0] for path, name in tables.items()}
    # Before there were folders for them, tables lay in the folder itself.
    paths = [path for path in files.find_files(folder, MAX_TABLES) if path.endswith(".tsv")]
    return {path: posixpath.splitext(posixpath.relpath(path, folder or "."))[0] for path in paths}


def _parse_points(
    rows: Iterable[Mapping[str, str]], name: str, words: dict[str, str]
) -> list[Point]:
    column = posixpath.basename(name)
    points = []
    for row in rows:
        text = row.get(column, row.get(name))  # the whole name before 1.1
        if text is None:
            others = [value for key, value in row.items() if key not in _COLUMNS]
            text = others[0] if len(others) == 1 else ""
        value = as_number(text)
        if value is None:
            if text:
                words[name] = text
            continue
        points.append(Point(value, parse_step(row.get("step")), _parse_time(row)))
    return points


def _parse_time(row: Mapping[str, str]) -> float:
    """Milliseconds since 1970, 0 for none."""
    value = as_number(row.get("timestamp"))
    return value if value is not None and 0 < value < 1e14 else 0.0


def parse_step(text: str | None) -> Number | None:
    """A step as a whole number where it is one; None for none."""
    value = as_number(text)
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def _find_summary(files: Files, folder: str) -> str:
    for path in (join(folder, SUMMARY), f"{folder}.json" if folder else ""):
        if path and files.load(path, MAX_TEXT) is not None:
            return path
    return ""


def _load_summary(
    files: Files, path: str, words: dict[str, str]
) -> tuple[dict[str, float], Number | None]:
    """The last values by name, slashes between its parts as when they were logged."""
    data = files.load(path, MAX_TEXT) if path else None
    summary: Any = parse_json(data, path) if data else {}
    values: dict[str, float] = {}
    for name, value in flatten(summary if isinstance(summary, Mapping) else {}, "/").items():
        number = as_number(value)
        if number is not None:
            values[name] = number
        elif isinstance(value, str):
            words[name] = value
    step = values.pop("step", None)
    return values, parse_step(str(step)) if step is not None else None


def _as_time(milliseconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
