"""The Parquet files in which Trackio backs up a project: a data set, or a static Space.

A data set holds ``<project>.parquet`` with a row a log and a column a metric, and beside it
``<project>_configs.parquet`` and others; a static Space ``metrics.parquet`` and ``aux/``. DuckDB
reads them: it may read these files and nothing else, not write, not reach the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardgen.errors import TrackerError
from cardgen.trackers._duckdb import open_duckdb
from cardgen.trackers._numbers import make_step
from cardgen.trackers.trackio.record import (
    Alert,
    Artifact,
    Entry,
    Identity,
    Record,
    pick_artifacts,
)
from cardgen.trackers.trackio.values import clean_text, clean_value

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SECONDS = 60.0
_OF_LOG = frozenset({"id", "run_id", "timestamp", "run_name", "step", "log_id", "space_id"})
_OF_CONFIG = frozenset({"id", "run_id", "run_name", "created_at"})
_MARKS = frozenset({"timestamp", "run_name"})
_STATIC = "metrics.parquet"
_SIDES = (
    "system",
    "configs",
    "traces",
    "artifacts",
    "artifact_versions",
    "artifact_aliases",
    "run_artifact_links",
    "external_run_artifact_links",
)
Row = dict[str, Any]


@dataclass(frozen=True)
class Backup:
    """The Parquet files of a project; ``path`` is that of its logs."""

    path: Path

    @property
    def project(self) -> str:
        return "" if self.is_static else self.path.stem  # a static Space does not name it

    @property
    def is_static(self) -> bool:
        return self.path.name == _STATIC and (self.path.parent / "aux").is_dir()

    def find_identities(self) -> tuple[Identity, ...]:
        with _open([self.path]) as tables:
            return self._identify(tables)

    def load(self, identity: Identity) -> Record:
        sides = {name: self._find_side(name) for name in _SIDES}
        files = [self.path, *(path for path in sides.values() if path is not None)]
        with _open(files) as tables:
            logs = [row for row in tables.rows(self.path) if _is_of(identity, row)]
            configs = [r for r in tables.rows(sides["configs"]) if _is_of(identity, r)]
            system = [r for r in tables.rows(sides["system"]) if _is_of(identity, r)]
            entries = tuple(_as_entry(row) for row in sorted(logs, key=_order))
            return Record(
                identity,
                config=_pick(configs[0], _OF_CONFIG) if configs else {},
                entries=entries,
                times=tuple(str(row["timestamp"]) for row in (*logs, *system)),
                alerts=tuple[Alert, ...](),
                artifacts=tuple(self._read_artifacts(identity, tables, sides)),
            )

    def _identify(self, tables: _Tables) -> tuple[Identity, ...]:
        found = {
            Identity(self.project, clean_text(name), clean_text(run_id or ""))
            for name, run_id in tables.runs(self.path)
        }
        return tuple(sorted(found))

    def _find_side(self, name: str) -> Path | None:
        """A table's file, where there is one; never one that lies elsewhere."""
        folder = self.path.parent
        if self.is_static:
            path = folder / "aux" / f"{'system_metrics' if name == 'system' else name}.parquet"
        else:
            path = folder / f"{self.path.stem}_{name}.parquet"
        inside = path.is_file() and path.resolve().is_relative_to(folder.resolve())
        return path if inside else None

    def _read_artifacts(
        self, run: Identity, tables: _Tables, sides: dict[str, Path | None]
    ) -> Iterator[Artifact]:
        versions = {row.get("id"): row for row in tables.rows(sides["artifact_versions"])}
        artifacts = {row.get("id"): row for row in tables.rows(sides["artifacts"])}
        aliases = [*tables.rows(sides["artifact_aliases"])]
        links = [*tables.rows(sides["run_artifact_links"])]
        known = self._identify(tables)
        for link in pick_artifacts(run, known, links):
            number = link.get("artifact_version_id")
            version = versions.get(number, {})
            artifact = artifacts.get(version.get("artifact_id"), {})
            named = [row for row in aliases if row.get("artifact_version_id") == number]
            yield Artifact(
                name=clean_text(artifact.get("name", "")),
                type=clean_text(artifact.get("type", "")),
                version=f"v{version.get('version')}",
                direction=clean_text(link.get("direction", "")),
                digest=clean_text(version.get("manifest_digest", "")),
                aliases=tuple(sorted(clean_text(row.get("alias")) for row in named)),
            )


def is_backup(path: Path) -> bool:
    """Whether a Parquet file holds the logs of a project; false without DuckDB."""
    try:
        with _open([path]) as tables:
            return set(tables.columns(path)) >= _MARKS
    except TrackerError:
        return False


def is_side(path: Path) -> bool:
    """Whether a file is named as one that lies beside a project's logs."""
    return path.stem.endswith(tuple(f"_{name}" for name in _SIDES))


class _Tables:
    """Parquet files, each one table."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection

    def columns(self, path: Path) -> tuple[str, ...]:
        query = "DESCRIBE SELECT * FROM read_parquet(?)"
        return tuple(str(r[0]) for r in self._connection.execute(query, [[str(path)]]).fetchall())

    def runs(self, path: Path) -> Iterator[tuple[Any, Any]]:
        """Name and id of each run."""
        there = self.columns(path)
        if not set(there) >= _MARKS:
            raise TrackerError(f"{path} holds no logs of Trackio.", "Name another file.")
        run_id = "run_id" if "run_id" in there else "NULL"
        query = f"SELECT DISTINCT run_name, {run_id} FROM read_parquet(?)"  # noqa: S608
        yield from self._connection.execute(query, [[str(path)]]).fetchall()

    def rows(self, path: Path | None) -> Iterator[Row]:
        """The rows of a file, none where there is no file."""
        if path is None:
            return
        found = self._connection.execute("SELECT * FROM read_parquet(?)", [[str(path)]])
        names = [str(column[0]) for column in found.description or ()]
        while batch := found.fetchmany(10_000):
            yield from (dict(zip(names, row, strict=True)) for row in batch)


@contextmanager
def _open(files: Sequence[Path], *, seconds: float = SECONDS) -> Iterator[_Tables]:
    """The files as tables; all that DuckDB raises, here or in the block, is a TrackerError."""
    try:
        import duckdb  # noqa: PLC0415 - 70 ms that only a backup needs
    except ImportError:
        raise TrackerError(
            "A backup of Trackio is Parquet, which needs DuckDB, and DuckDB is not installed.",
            "Run: pip install 'cardgen[parquet]'.",
        ) from None
    try:
        with open_duckdb([str(path) for path in files], seconds) as connection:
            yield _Tables(connection)
    except duckdb.InterruptException:
        raise TrackerError(f"Reading {files[0]} took over {seconds:g} s.", "Try again.") from None
    except (duckdb.Error, ValueError, OverflowError) as error:
        why = " ".join(str(error).split())[:200]
        raise TrackerError(f"{files[0]} cannot be read: {why}", "Restore the file.") from None


def _is_of(run: Identity, row: Row) -> bool:
    if run.run_id:
        return clean_text(row.get("run_id") or "") == run.run_id
    return clean_text(row.get("run_name")) == run.name


def _order(row: Row) -> tuple[str, int]:
    number = row.get("id")
    return str(row.get("timestamp")), number if isinstance(number, int) else 0


def _as_entry(row: Row) -> Entry:
    return Entry(make_step(row.get("step")), str(row.get("timestamp") or ""), _pick(row, _OF_LOG))


def _pick(row: Row, structural: frozenset[str]) -> dict[str, Any]:
    """The values of a row: an empty cell is what this log or config did not have."""
    return {
        clean_text(name): clean_value(_drop_empty(value))
        for name, value in row.items()
        if name not in structural and value is not None
    }


def _drop_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _drop_empty(item) for key, item in value.items() if item is not None}
    return value
