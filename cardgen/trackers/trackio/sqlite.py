"""A project's SQLite database, as any version of Trackio wrote it.

The oldest kept all projects in one ``trackio.db``; then a database a project knew its runs by name;
since 0.24 they have ids. Columns and tables that a version did not have yet are simply missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from cardgen.errors import TrackerError
from cardgen.trackers._numbers import make_step
from cardgen.trackers._sqlite import is_sqlite, open_readonly
from cardgen.trackers.trackio.record import (
    Alert,
    Artifact,
    Entry,
    Identity,
    Record,
    pick_artifacts,
)
from cardgen.trackers.trackio.values import clean_text, parse_object

_RUNS = ("metrics", "configs", "system_metrics", "alerts")
_LINKS = ("run_artifact_links", "external_run_artifact_links")
_MARKS = {"run_name", "metrics", "timestamp"}
_VERSION = "v"


@dataclass(frozen=True)
class Database:
    """A database of Trackio; ``path`` is its file."""

    path: Path

    def find_identities(self) -> tuple[Identity, ...]:
        with open_readonly(self.path) as connection:
            return _Reader(connection, self.path).find_identities()

    def load(self, identity: Identity) -> Record:
        with open_readonly(self.path) as connection:
            return _Reader(connection, self.path).load(identity)


def is_database(path: Path) -> bool:
    """Whether a file is a database of Trackio; false for what cannot be read."""
    if not is_sqlite(path):
        return False
    try:
        with open_readonly(path) as connection:
            return set(_list_columns(connection, "metrics")) >= _MARKS
    except TrackerError:
        return False


class _Reader:
    def __init__(self, connection: Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        tables = (*_RUNS, *_LINKS, "project_metadata", "artifacts")
        self._columns = {table: _list_columns(connection, table) for table in tables}
        if not set(self._columns["metrics"]) >= _MARKS:
            raise TrackerError(f"{path} is no database of Trackio.", "Name another file.")

    def find_identities(self) -> tuple[Identity, ...]:
        found: set[Identity] = set()
        for table in _RUNS:
            if "run_name" in self._columns[table]:
                fields = self._select(table, "project_name", "run_id", "run_name")
                rows = self._rows(f"SELECT DISTINCT {fields} FROM {table}")  # noqa: S608
                found |= {self._identify(*row) for row in rows}
        names, ids = {run.name for run in found}, {run.run_id for run in found}
        for table in _LINKS:
            for link in self._list(table, "run_id", "run_name", "run_project"):
                run = self._identify(None, link["run_id"], link["run_name"])
                ours = link["run_project"] in (None, "", run.project)
                if link["run_name"] and ours and run.name not in names and run.run_id not in ids:
                    found.add(run)
        return _merge(found)

    def load(self, identity: Identity) -> Record:
        entries = tuple(self._read_entries(identity))
        alerts = tuple(self._read_alerts(identity))
        config, created = self._read_config(identity)
        system = [_text(row[0]) for row in self._of_run(identity, "system_metrics", "timestamp")]
        times = [*(e.time for e in entries), *system, *(a.time for a in alerts)]
        return Record(
            identity,
            config=config,
            entries=entries,
            times=tuple(time for time in times or [created] if time),
            alerts=alerts,
            artifacts=tuple(self._read_artifacts(identity)),
            space=self._read_space(),
        )

    def _identify(self, project: object, run_id: object, name: object) -> Identity:
        return Identity(_text(project) or self._path.stem, _text(name), _text(run_id))

    def _select(self, table: str, *columns: str) -> str:
        """The columns of a query; NULL in the place of one that this version did not have."""
        there = self._columns[table]
        return ", ".join(name if name in there else f"NULL AS {name}" for name in columns)

    def _rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        yield from self._connection.execute(query, values)

    def _list(self, table: str, *columns: str) -> Iterator[dict[str, Any]]:
        if self._columns[table]:
            query = f"SELECT {self._select(table, *columns)} FROM {table}"  # noqa: S608
            yield from (dict(zip(columns, row, strict=True)) for row in self._rows(query))

    def _of_run(
        self, run: Identity, table: str, *columns: str, order: str = ""
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a run in a table, by its id where the table has ids, else by its name."""
        there = self._columns[table]
        if "run_name" not in there:
            return
        key = "run_id" if run.run_id and "run_id" in there else "run_name"
        values = [run.run_id if key == "run_id" else run.name]
        where = f"{key} = ?"
        if "project_name" in there:
            where, values = f"{where} AND project_name = ?", [*values, run.project]
        query = f"SELECT {self._select(table, *columns)} FROM {table} WHERE {where}"  # noqa: S608
        yield from self._rows(f"{query} {order}", *values)

    def _read_entries(self, run: Identity) -> Iterator[Entry]:
        fields = ("rowid", "step", "timestamp", "metrics")
        self._columns["metrics"] = (*self._columns["metrics"], "rowid")
        for row, step, time, values in self._of_run(
            run, "metrics", *fields, order="ORDER BY timestamp, rowid"
        ):
            parsed = parse_object(values, f"Row {row} of metrics in {self._path}")
            yield Entry(make_step(step), _text(time), parsed)

    def _read_config(self, run: Identity) -> tuple[dict[str, Any], str]:
        for config, created in self._of_run(run, "configs", "config", "created_at"):
            return parse_object(config, f"The config of '{run.name}' in {self._path}"), _text(
                created
            )
        return {}, ""

    def _read_alerts(self, run: Identity) -> Iterator[Alert]:
        fields = ("title", "text", "level", "step", "timestamp")
        for title, text, level, step, time in self._of_run(run, "alerts", *fields):
            number = step if isinstance(step, int) else None
            yield Alert(_text(title), _text(text), _text(level), number, _text(time))

    def _read_space(self) -> str:
        if "key" not in self._columns["project_metadata"]:
            return ""
        query = "SELECT value FROM project_metadata WHERE key = 'space_id'"
        return next((_text(row[0]) for row in self._rows(query)), "")

    # Artifacts -------------------------------------------------------------------------------

    def _read_artifacts(self, run: Identity) -> Iterator[Artifact]:
        fields = ("run_id", "run_name", "run_project", "artifact_version_id", "direction")
        links = self._find_links(run, "run_artifact_links", *fields)
        names = ("source_project", "source_artifact", "source_type", "source_version", "direction")
        external = self._find_links(run, "external_run_artifact_links", *fields[:2], *names)
        known = self.find_identities() if links or external else ()
        seen = set()
        for link in pick_artifacts(run, known, links):
            key = link["artifact_version_id"], link["direction"]
            if key not in seen:
                seen.add(key)
                yield from self._read_version(*key)
        yield from map(_as_external, pick_artifacts(run, known, external))

    def _find_links(self, run: Identity, table: str, *columns: str) -> list[dict[str, Any]]:
        """The links that may be the run's: those with its id or its name."""
        ours = (run.run_id or None, run.name)
        return [
            link
            for link in self._list(table, *columns)
            if link["run_id"] == ours[0] or link["run_name"] == ours[1]
        ]

    def _read_version(self, version_id: object, direction: object) -> Iterator[Artifact]:
        query = (
            "SELECT a.id, a.name, a.type, v.version, v.manifest_digest, v.manifest"
            " FROM artifact_versions AS v JOIN artifacts AS a ON a.id = v.artifact_id"
            " WHERE v.id = ?"
        )
        named = "SELECT alias FROM artifact_aliases WHERE artifact_version_id = ? ORDER BY alias"
        for _, name, kind, version, digest, manifest in self._rows(query, version_id):
            yield Artifact(
                name=_text(name),
                type=_text(kind),
                version=f"{_VERSION}{version}",
                direction=_text(direction),
                digest=_text(digest),
                aliases=tuple(_text(row[0]) for row in self._rows(named, version_id)),
                files=_parse_manifest(manifest),
            )


def _as_external(link: Mapping[str, Any]) -> Artifact:
    """An artifact of another project, of which only the link is known here."""
    return Artifact(
        name=f"{_text(link['source_project'])}/{_text(link['source_artifact'])}",
        type=_text(link["source_type"]),
        version=f"{_VERSION}{link['source_version']}",
        direction=_text(link["direction"]),
    )


def _merge(found: set[Identity]) -> tuple[Identity, ...]:
    """Each run once: a table without ids names runs that another one knows by id."""
    named = {(run.project, run.name) for run in found if run.run_id}
    return tuple(sorted(r for r in found if r.run_id or (r.project, r.name) not in named))


def _list_columns(connection: Connection, table: str) -> tuple[str, ...]:
    return tuple(str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})"))


def _parse_manifest(text: object) -> tuple[Mapping[str, Any], ...]:
    with suppress(ValueError, RecursionError):
        entries = json.loads(text) if isinstance(text, (str, bytes)) else None
        if isinstance(entries, list):
            return tuple(entry for entry in entries if isinstance(entry, dict))
    return ()


def _text(value: object) -> str:
    if value is None:
        return ""
    return clean_text(value.decode("utf-8", "replace") if isinstance(value, bytes) else value)
