"""Writes exports in neptune-exporter's layout and schema, with DuckDB instead of pyarrow."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cardgen.models import TrackerConfig
from cardgen.trackers.neptune.uploads import safe_name

DATA = Path(__file__).parents[1] / "data" / "neptune"

COLUMNS = {
    "project_id": "VARCHAR",
    "run_id": "VARCHAR",
    "attribute_path": "VARCHAR",
    "attribute_type": "VARCHAR",
    "step": "DECIMAL(18, 6)",
    "timestamp": "TIMESTAMPTZ",
    "int_value": "BIGINT",
    "float_value": "DOUBLE",
    "string_value": "VARCHAR",
    "bool_value": "BOOLEAN",
    "datetime_value": "TIMESTAMPTZ",
    "string_set_value": "VARCHAR[]",
    "file_value": "STRUCT(path VARCHAR)",
    "histogram_value": 'STRUCT("type" VARCHAR, edges DOUBLE[], "values" DOUBLE[])',
}
_HELD = {
    "float_series": "float",
    "string_series": "string",
    "file_series": "file",
    "file_set": "file",
    "artifact": "file",
    "histogram_series": "histogram",
}


@dataclass(frozen=True)
class Row:
    """A row of an export; ``value`` goes into the column that ``kind`` asks for."""

    path: str
    kind: str
    value: Any
    step: float | None = None
    time: dt.datetime | None = None
    run: str = "QA-1"
    project: str = "team/qa"


def write_part(path: Path, rows: Iterable[Row], columns: dict[str, str] | None = None) -> Path:
    """Write rows to one Parquet file."""
    import duckdb

    columns = columns or COLUMNS
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        named = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        connection.execute(f"CREATE TABLE part ({named})")
        for row in rows:
            values = _values(row)
            marks = ", ".join("?" for _ in columns)
            query = f"INSERT INTO part VALUES ({marks})"  # noqa: S608
            connection.execute(query, [values.get(name) for name in columns])
        connection.table("part").write_parquet(str(path), compression="snappy")
    return path


def write_run(data: Path, rows: Iterable[Row], part: int = 0) -> Path:
    """Write rows of one run where the exporter would put them."""
    rows = list(rows)
    name = f"{safe_name(rows[0].run)}_part_{part}.parquet"
    return write_part(data / safe_name(rows[0].project) / name, rows)


def _values(row: Row) -> dict[str, Any]:
    held = _HELD.get(row.kind, row.kind)
    value = {"path": row.value} if held == "file" else row.value
    return {
        "project_id": row.project,
        "run_id": row.run,
        "attribute_path": row.path,
        "attribute_type": row.kind,
        "step": row.step,
        "timestamp": row.time,
        f"{held}_value": value,
    }


def configure(root: Path, environ: dict[str, str] | None = None, **options: Any) -> TrackerConfig:
    """A project at ``root`` whose cardgen.yaml says these things of Neptune."""
    return TrackerConfig(root, options, environ or {})


def write_log(folder: Path, *operations: dict[str, Any], name: str = "data-1.log") -> Path:
    """Write operations as the client does; ``at`` of an operation is taken out of it."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for version, operation in enumerate(operations, 1):
        at = operation.pop("at", 1_700_000_000.0 + version)
        lines.append(json.dumps({"obj": operation, "version": version, "at": at}) + "\n")
    (folder / name).write_text("".join(lines), encoding="utf-8")
    return folder


def operation(kind: str, path: str, **fields: Any) -> dict[str, Any]:
    """One operation of the client's log."""
    return {"type": kind, "path": path.split("/"), **fields}


def log(path: str, *values: float, steps: Iterable[float | None] | None = None) -> dict[str, Any]:
    """An operation that appends to a float series."""
    numbers = list(steps) if steps is not None else [None] * len(values)
    entries = [{"value": v, "step": s, "ts": 1.0} for v, s in zip(values, numbers, strict=True)]
    return operation("LogFloats", path, values=entries)
