"""The rows of one run in an export, sorted by their type: the only SQL that reads values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from cardgen.trackers._series import Point
from cardgen.trackers.neptune.collect import (
    MAX_FILES,
    SeriesCollector,
    check_room,
    set_attribute,
)
from cardgen.trackers.neptune.parquet import Parquet
from cardgen.trackers.neptune.uploads import Upload
from cardgen.trackers.neptune.values import MAX_TEXT, Value, clean_text, make_time, make_value

MAX_POINTS = 200_000_000
MAX_ROWS = 1_000_000
MAX_TAGS = 5000
MAX_PATH = 1024

# What is read of a column. A column that a file has not is null.
_EXPRESSIONS = {
    "int_value": "TRY_CAST(int_value AS BIGINT)",
    "float_value": "TRY_CAST(float_value AS DOUBLE)",
    "string_value": f"left(CAST(string_value AS VARCHAR), {MAX_TEXT + 1})",
    "bool_value": "TRY_CAST(bool_value AS BOOLEAN)",
    "datetime_value": "epoch_ms(datetime_value)",
    "step": "TRY_CAST(step AS DOUBLE)",
    "timestamp": '"timestamp" IS NOT NULL',
    "file_value": f"left(file_value.path, {MAX_PATH})",
}
_VALUES = ("int_value", "float_value", "string_value", "bool_value", "datetime_value")
_SCALARS = {name.removesuffix("_value"): index for index, name in enumerate(_VALUES)}
_FILES = ("file", "file_series", "file_set", "artifact")

_ROWS = """
    SELECT attribute_path, {columns} FROM {files} WHERE project_id = ? AND run_id = ?
    AND attribute_type IN (SELECT unnest(?)) AND length(attribute_path) <= ? {paths} LIMIT ?
"""
_OF_PATHS = "AND attribute_path IN (SELECT unnest(?))"
_SETS = """
    SELECT path, left(text, 300) FROM (
        SELECT attribute_path AS path, unnest(string_set_value) AS text FROM {files}
        WHERE project_id = ? AND run_id = ? AND attribute_type = 'string_set'
        AND length(attribute_path) <= ?
    ) LIMIT ?
"""
_SERIES = """
    SELECT DISTINCT attribute_path FROM {files} WHERE project_id = ? AND run_id = ?
    AND attribute_type = 'float_series' AND length(attribute_path) <= ?
    ORDER BY attribute_path LIMIT ?
"""


class RunRows:
    """The rows that a table holds of one run."""

    def __init__(self, table: Parquet, project: str, run_id: str) -> None:
        self._table = table
        self._run = (project, run_id)

    def scalars(self) -> dict[str, Value]:
        """Single values by path. The exporter writes null where a run has no such attribute."""
        found: dict[str, Value] = {}
        rows = self._select(("attribute_type", *_VALUES), list(_SCALARS), MAX_ROWS)
        for path, kind, *values in rows:
            value = values[_SCALARS[kind]]
            if kind == "datetime" and isinstance(value, int):
                value = make_time(value / 1000)
            checked = make_value(value)
            if checked is not None:
                set_attribute(found, path, checked)
        return found

    def sets(self) -> dict[str, Value]:
        """Sets of strings by path."""
        if "string_set_value" not in self._table.columns:
            return {}
        rows = self._table.rows(_SETS, *self._run, MAX_PATH, MAX_TAGS)
        found: dict[str, set[str]] = {}
        for path, text in rows:
            if isinstance(text, str):
                found.setdefault(clean_text(path), set()).add(clean_text(text))
        return {path: frozenset(texts) for path, texts in found.items()}

    def series(self, shown: Callable[[str], bool]) -> dict[str, tuple[Point, ...]]:
        """Float series by path. A point without a value was NaN: the exporter makes null of it."""
        collector = SeriesCollector(shown)
        paths = [path for path in self._paths() if shown(path)]
        check_room(len(paths), "series")
        columns = ("step", "float_value", "timestamp")
        for path, step, value, timed in self._select(columns, ["float_series"], MAX_POINTS, paths):
            if value is not None:
                collector.add(path, value, step)
            elif timed:
                collector.add(path, math.nan, step)
        return collector.finish()

    def uploads(self) -> list[Upload]:
        """File attributes and where their files are, sorted by path and step."""
        columns = ("attribute_type", "file_value", "step")
        rows = sorted(
            (path, -1.0 if step is None else step, kind, clean_text(place or "", MAX_PATH))
            for path, kind, place, step in self._select(columns, list(_FILES), MAX_FILES)
        )
        return [Upload(path, kind, place) for path, _, kind, place in rows]

    def _paths(self) -> list[str]:
        rows = self._table.rows(_SERIES, *self._run, MAX_PATH, MAX_ROWS)
        return [path for (path,) in rows]

    def _select(
        self, columns: tuple[str, ...], kinds: list[str], limit: int, paths: list[str] | None = None
    ) -> Any:
        """Path and columns of the rows of some types, and of some paths only."""
        picked = ", ".join(self._pick(column) for column in columns)
        query = _ROWS.replace("{columns}", picked)
        if paths is None:
            return self._table.rows(
                query.replace("{paths}", ""), *self._run, kinds, MAX_PATH, limit
            )
        query = query.replace("{paths}", _OF_PATHS)
        return self._table.rows(query, *self._run, kinds, MAX_PATH, paths, limit)

    def _pick(self, column: str) -> str:
        if column not in self._table.columns:
            return "NULL"
        return _EXPRESSIONS.get(column, column)
