"""The tables of MLflow's SQLite store, and the questions that are put to them.

A version that knew no such table or column answers with nothing.
"""

from __future__ import annotations

import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cardgen.errors import TrackerError
from cardgen.trackers._series import Point, make_points
from cardgen.trackers._sqlite import as_text, open_readonly
from cardgen.trackers.mlflow.raw import as_metric

MAX_POINTS = 2_000_000
"""Points of a run that are read."""

_MAX_ROWS = 200_000
_LARGE = 1e308  # what is larger may stand for infinity

_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
_COLUMN = "SELECT 1 FROM pragma_table_info(?) WHERE name = ?"
_RUN_IDS = "SELECT run_uuid FROM runs LIMIT 0"
EXPERIMENTS = "SELECT experiment_id, name, lifecycle_stage FROM experiments"
EXPERIMENT = "SELECT * FROM experiments WHERE experiment_id = ?"
RUNS = "SELECT run_uuid, experiment_id, start_time, lifecycle_stage FROM runs"
RUN = "SELECT * FROM runs WHERE run_uuid = ?"
PREFIXED = "SELECT run_uuid FROM runs WHERE substr(run_uuid, 1, length(?1)) = ?1"
PARAMS = "SELECT key, value FROM params WHERE run_uuid = ?"
TAGS = "SELECT key, value FROM tags WHERE run_uuid = ?"
# As MLflow 1.2 and later have them, 1.0, and 0.9.
_METRICS = (
    "SELECT key, value, step, timestamp, is_nan FROM metrics WHERE run_uuid = ? ORDER BY rowid",
    "SELECT key, value, step, timestamp, 0 FROM metrics WHERE run_uuid = ? ORDER BY rowid",
    "SELECT key, value, NULL, timestamp, 0 FROM metrics WHERE run_uuid = ? ORDER BY rowid",
)
LATEST = "SELECT key, value, step, timestamp, is_nan FROM latest_metrics WHERE run_uuid = ?"
DATASETS = """
    SELECT d.name, d.digest, d.dataset_source_type, d.dataset_source,
        (SELECT t.value FROM input_tags t
         WHERE t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context') AS context
    FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
    WHERE i.destination_type = 'RUN' AND i.destination_id = ? AND i.source_type = 'DATASET'
    ORDER BY d.name, context"""
USED = """
    SELECT destination_id, 0 AS step FROM inputs
    WHERE source_type = 'RUN_INPUT' AND source_id = ? AND destination_type = 'MODEL_INPUT'
    ORDER BY destination_id"""
MADE = """
    SELECT destination_id, step FROM inputs
    WHERE source_type = 'RUN_OUTPUT' AND source_id = ? AND destination_type = 'MODEL_OUTPUT'
    ORDER BY step, destination_id"""
MODEL = "SELECT * FROM logged_models WHERE model_id = ?"
VERSIONS = "SELECT * FROM model_versions WHERE run_id = ?1 OR source = ?1"
ALIASES = "SELECT alias FROM registered_model_aliases WHERE name = ? AND version = ?"
ALIASES_OF = "SELECT alias FROM registered_model_aliases WHERE name = ?"
OF_MODEL = "SELECT version, current_stage FROM model_versions WHERE name = ?"

Row = dict[str, Any]


@contextmanager
def open_tables(path: Path) -> Iterator[Tables]:
    """The tables of a store, to read; raises TrackerError where the file has none of MLflow's."""
    with open_readonly(path) as connection:
        found = Tables(connection)
        if not found.knows(_RUN_IDS):
            raise TrackerError(f"{path} is no database of MLflow.", "Name another store.")
        yield found


class Tables:
    """An open database, asked with the queries above."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def has(self, table: str, column: str) -> bool:
        if self._connection.execute(_TABLE, (table,)).fetchone() is None:
            return False
        return self._connection.execute(_COLUMN, (table, column)).fetchone() is not None

    def knows(self, query: str) -> bool:
        """Whether the version has the tables and columns that a query without values names."""
        return self._execute(query, ()) is not None

    def ask(self, query: str, *values: object) -> list[Row]:
        """The rows as dicts; none where the version knew no such table or column."""
        cursor = self._execute(query, values)
        if cursor is None:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchmany(_MAX_ROWS)]

    def read_last(self, run_id: str) -> tuple[dict[str, tuple[Point, ...]], bool]:
        """The last point of each metric; all points where the version kept no table of these."""
        if not self.has("latest_metrics", "is_nan"):
            return self.read_points(run_id)
        points: dict[str, tuple[Point, ...]] = {}
        for row in self.ask(LATEST, run_id):
            value = row["value"]
            number = math.nan if row["is_nan"] or value is None else as_metric(value)
            if number is not None:
                point = Point(number, as_number(row["step"]), as_number(row["timestamp"]) or 0)
                points[str(row["key"])] = (point,)
        return points, True

    def read_points(self, run_id: str) -> tuple[dict[str, tuple[Point, ...]], bool]:
        """All points of a run by metric, and whether these are all."""
        points: dict[object, list[tuple[float, int | None, float]]] = defaultdict(list)
        rows = self._read_metrics(run_id)
        for key, value, step, when, is_nan in rows:
            # Nearly every row; those with a NaN, an infinity or another type take the other way.
            if (
                type(value) is float
                and -_LARGE < value < _LARGE
                and not is_nan
                and (type(step) is int is type(when))
            ):
                points[key].append((value, step, when))
            else:
                number = math.nan if is_nan or value is None else as_metric(value)
                if number is not None:
                    points[key].append((number, as_number(step), as_number(when) or 0))
        found = {
            as_text(key): tuple(make_points(series))
            for key, series in points.items()
            if isinstance(key, bytes)
        }
        return found, len(rows) < MAX_POINTS

    def _read_metrics(self, run_id: str) -> list[tuple[Any, ...]]:
        self._connection.text_factory = bytes  # to make text of a name once, not at each point
        try:
            for query in _METRICS:
                cursor = self._execute(query, (run_id,))
                if cursor is not None:
                    return cursor.fetchmany(MAX_POINTS)
        finally:
            self._connection.text_factory = as_text
        return []

    def _execute(self, query: str, values: Sequence[object]) -> sqlite3.Cursor | None:
        try:
            return self._connection.execute(query, values)
        except sqlite3.OperationalError as error:
            if str(error).startswith(("no such table", "no such column")):
                return None
            raise


def as_number(value: object) -> int | None:
    """A whole number as it is; none for anything else."""
    return value if isinstance(value, int) else None
