"""MLflow's SQLite store, read directly: whatever tables and columns its version had.

MLflow's own client would migrate an older file and lock the older client out. Here a table or
column that is not there is empty.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cardgen.errors import TrackerError
from cardgen.trackers._mlflow_artifacts import find_artifacts, list_artifacts
from cardgen.trackers._mlflow_raw import (
    RUN_ID,
    NoSuchRun,
    RawDataset,
    RawModel,
    RawRun,
    RawVersion,
    as_metric,
)
from cardgen.trackers._series import Point
from cardgen.trackers._sqlite import as_text, is_sqlite, open_readonly

MAX_POINTS = 2_000_000
"""Points of a run that are read."""

_MAX_ROWS = 200_000
_DELETED = "Deleted_Internal"

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
_COLUMNS = "SELECT name FROM pragma_table_info(?)"
_EXPERIMENTS = "SELECT experiment_id, lifecycle_stage FROM experiments"
_EXPERIMENT = "SELECT * FROM experiments WHERE experiment_id = ?"
_RUNS = "SELECT run_uuid, experiment_id, start_time, lifecycle_stage FROM runs"
_RUN = "SELECT * FROM runs WHERE run_uuid = ?"
_PREFIXED = "SELECT run_uuid FROM runs WHERE substr(run_uuid, 1, length(?1)) = ?1"
_PARAMS = "SELECT key, value FROM params WHERE run_uuid = ?"
_TAGS = "SELECT key, value FROM tags WHERE run_uuid = ?"
# As MLflow 1.2 and later have them, 1.0, and 0.9.
_METRICS = (
    "SELECT key, value, step, timestamp, is_nan FROM metrics WHERE run_uuid = ? ORDER BY rowid",
    "SELECT key, value, step, timestamp, 0 FROM metrics WHERE run_uuid = ? ORDER BY rowid",
    "SELECT key, value, NULL, timestamp, 0 FROM metrics WHERE run_uuid = ? ORDER BY rowid",
)
_DATASETS = """
    SELECT d.name, d.digest, d.dataset_source_type, d.dataset_source,
        (SELECT t.value FROM input_tags t
         WHERE t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context') AS context
    FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
    WHERE i.destination_type = 'RUN' AND i.destination_id = ? AND i.source_type = 'DATASET'
    ORDER BY d.name, context"""
_USED = """
    SELECT destination_id, 0 AS step FROM inputs
    WHERE source_type = 'RUN_INPUT' AND source_id = ? AND destination_type = 'MODEL_INPUT'
    ORDER BY destination_id"""
_MADE = """
    SELECT destination_id, step FROM inputs
    WHERE source_type = 'RUN_OUTPUT' AND source_id = ? AND destination_type = 'MODEL_OUTPUT'
    ORDER BY step, destination_id"""
_MODEL = "SELECT * FROM logged_models WHERE model_id = ?"
_VERSIONS = "SELECT * FROM model_versions WHERE run_id = ?1 OR source = ?1"
_ALIASES = "SELECT alias FROM registered_model_aliases WHERE name = ? AND version = ?"

Row = dict[str, Any]


def is_store(path: Path) -> bool:
    """Whether the file is an SQLite database with MLflow's tables; false if it cannot be read."""
    if not is_sqlite(path):
        return False
    try:
        with _open(path) as store:
            return store.has("experiments", "artifact_location")
    except TrackerError:
        return False


def find_ids(path: Path, prefix: str) -> tuple[str, ...]:
    """The ids of all runs that begin so, deleted ones too."""
    with _open(path) as store:
        found = [row["run_uuid"] for row in store.ask(_PREFIXED, prefix)]
    return tuple(sorted(run_id for run_id in found if _is_id(run_id)))


def find_active(path: Path) -> tuple[str, ...]:
    """The ids of all runs that are not deleted, nor their experiment, oldest first."""
    with _open(path) as store:
        experiments, runs = store.ask(_EXPERIMENTS), store.ask(_RUNS)
    gone = {row["experiment_id"] for row in experiments if _is_deleted(row)}
    kept = [r for r in runs if not _is_deleted(r) and r["experiment_id"] not in gone]
    return tuple(r["run_uuid"] for r in sorted(kept, key=_by_start) if _is_id(r["run_uuid"]))


def read_run(path: Path, run_id: str, area: Path) -> RawRun:
    """Everything that the store holds of a run; raises NoSuchRun, or TrackerError if unreadable.

    Artifacts are looked for beside the file, and nothing outside ``area`` is read.
    """
    with _open(path) as store:
        rows = store.ask(_RUN, run_id)
        if not rows:
            raise NoSuchRun(path, run_id)
        row = rows[0]
        about = next(iter(store.ask(_EXPERIMENT, row.get("experiment_id"))), {})
        made = tuple(_read_models(store, _MADE, run_id, path.parent, area))
        points, complete = store.read_points(run_id)
        artifacts = find_artifacts(_text(row, "artifact_uri"), run_id, path.parent, area)
        return RawRun(
            run_id=run_id,
            experiment_id=_text(row, "experiment_id"),
            experiment=_text(about, "name"),
            name=_text(row, "name"),
            user=_text(row, "user_id"),
            status=row.get("status"),
            started=_number(row.get("start_time")),
            finished=_number(row.get("end_time")),
            source_type=_text(row, "source_type"),
            source_name=_text(row, "source_name"),
            source_version=_text(row, "source_version"),
            entry_point=_text(row, "entry_point_name"),
            params={_text(p, "key"): _text(p, "value") for p in store.ask(_PARAMS, run_id)},
            tags={_text(t, "key"): _text(t, "value") for t in store.ask(_TAGS, run_id)},
            points=points,
            datasets=tuple(_make_dataset(found) for found in store.ask(_DATASETS, run_id)),
            used=tuple(_read_models(store, _USED, run_id, path.parent, area)),
            made=made,
            versions=tuple(_read_versions(store, run_id, [model.uri for model in made])),
            artifacts=artifacts,
            files=list_artifacts(artifacts, made),
            area=area,
            unreadable=() if complete else ("metrics",),
        )


class _Store:
    """An open database, asked with the queries above."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tables = frozenset(name for (name,) in connection.execute(_TABLES))

    def has(self, table: str, column: str) -> bool:
        if table not in self._tables:
            return False
        columns = self._connection.execute(_COLUMNS, (table,)).fetchall()
        return (column,) in columns

    def ask(self, query: str, *values: object) -> list[Row]:
        """The rows as dicts; none where the version knew no such table or column."""
        cursor = self._execute(query, values)
        if cursor is None:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchmany(_MAX_ROWS)]

    def read_points(self, run_id: str) -> tuple[dict[str, tuple[Point, ...]], bool]:
        """All points of a run by metric, and whether these are all."""
        points: dict[bytes, list[Point]] = {}
        rows = self._read_metrics(run_id)
        for key, value, step, when, is_nan in rows:
            number = math.nan if is_nan or value is None else as_metric(value)
            if number is not None and isinstance(key, bytes):
                point = Point(number, _number(step), _number(when) or 0)
                points.setdefault(key, []).append(point)
        found = {as_text(key): tuple(series) for key, series in points.items()}
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


@contextmanager
def _open(path: Path) -> Iterator[_Store]:
    with open_readonly(path) as connection:
        store = _Store(connection)
        if not store.has("runs", "run_uuid"):
            raise TrackerError(f"{path} is no database of MLflow.", "Name another store.")
        yield store


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and RUN_ID.fullmatch(value) is not None


def _is_deleted(row: Row) -> bool:
    return _text(row, "lifecycle_stage").lower() == "deleted"


def _by_start(row: Row) -> tuple[int, str]:
    return _number(row["start_time"]) or 0, str(row["run_uuid"])


def _make_dataset(row: Row) -> RawDataset:
    return RawDataset(
        name=_text(row, "name"),
        digest=_text(row, "digest"),
        source_type=_text(row, "dataset_source_type"),
        source=_text(row, "dataset_source"),
        context=_text(row, "context"),
    )


def _read_models(
    store: _Store, query: str, run_id: str, beside: Path, area: Path
) -> Iterator[RawModel]:
    for link in store.ask(query, run_id):
        model_id = _text(link, "destination_id")
        about = next(iter(store.ask(_MODEL, model_id)), {})
        location = _text(about, "artifact_location")
        yield RawModel(
            uri=f"models:/{model_id}",
            model_id=model_id,
            kind=_text(about, "model_type"),
            location=location,
            step=_number(link.get("step")) or 0,
            folder=find_artifacts(location, model_id, beside, area),
        )


def _read_versions(store: _Store, run_id: str, uris: Sequence[str]) -> Iterator[RawVersion]:
    rows = [row for key in (run_id, *uris) for row in store.ask(_VERSIONS, key)]
    found = {(_text(row, "name"), _text(row, "version")): row for row in rows}
    for (name, number), row in found.items():
        if _text(row, "current_stage") == _DELETED:
            continue
        aliases = store.ask(_ALIASES, name, row.get("version"))
        source = _text(row, "source")
        yield RawVersion(
            name=name,
            version=number,
            stage=_text(row, "current_stage"),
            aliases=tuple(_text(alias, "alias") for alias in aliases),
            source=source,
            location=_text(row, "storage_location"),
            model_id=source.removeprefix("models:/") if source.startswith("models:/m-") else "",
        )
