"""SQLite files of neptune-scale (Neptune 3.x), also while a process still writes or syncs them.

``run_operations.sqlite3`` keeps one protocol buffers message an operation: the creation of the
run, or a snapshot of values at one step. Field numbers are those of Neptune's ingest API v1. The
pickles in ``operation_errors`` are never looked at.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.models import RunFile
from cardgen.trackers._neptune_record import Recorded
from cardgen.trackers._neptune_values import (
    MAX_ATTRIBUTES,
    MAX_FILES,
    SeriesCollector,
    Value,
    clean_text,
    make_time,
)
from cardgen.trackers._protobuf import as_bytes, as_double, as_int, as_text, read_fields
from cardgen.trackers._sqlite import open_readonly

FILE_NAME = "run_operations.sqlite3"
SECONDS = 300.0
"""How long one database may take; a long run has millions of operations."""

MAX_PATH = 1024
UNAVAILABLE = ("author", "environment.packages", "environment.python")

_SNAPSHOT, _CREATION = 0, 1
_ADD = 1


@dataclass(frozen=True)
class Identity:
    """Whose operations a database holds."""

    path: Path
    project: str
    run_id: str


def read_identity(path: Path) -> Identity:
    """Project and run of a database; raises TrackerError where it is none of neptune-scale's."""
    with open_readonly(path) as connection:
        row = _fetch_one(
            connection, "SELECT project, run_id FROM metadata ORDER BY id DESC LIMIT 1"
        )
    if row is None or not all(isinstance(text, str) and text for text in row):
        raise TrackerError(f"{path} holds no run of neptune-scale.", "Name another file.")
    return Identity(path, clean_text(row[0], MAX_PATH), clean_text(row[1], MAX_PATH))


def read_experiment(path: Path) -> str:
    """The experiment's name that the run was created with, empty where it has none."""
    with open_readonly(path) as connection:
        row = _fetch_one(
            connection,
            "SELECT operation FROM run_operations WHERE operation_type = ? LIMIT 1",
            _CREATION,
        )
    try:
        return _Snapshots().create(row[0]) if row and isinstance(row[0], bytes) else ""
    except ValueError:
        return ""


def read_databases(run: Sequence[Identity], ref: str) -> Recorded:
    """All operations of one run, which several processes may have written to a file each.

    Raises TrackerError where a file cannot be read.
    """
    found = _Snapshots()
    for identity in run:
        with open_readonly(identity.path, seconds=SECONDS) as connection:
            for number, time, kind, operation in _read_operations(connection):
                try:
                    found.apply(time, kind, operation)
                except ValueError as error:
                    raise TrackerError(
                        f"{identity.path} is damaged at operation {number}: {error}.",
                        "Restore the file, or sync the run and export it.",
                    ) from None
    return found.finish(run[0], ref)


def _read_operations(connection: sqlite3.Connection) -> Iterator[tuple[int, int, int, bytes]]:
    rows = connection.execute(
        "SELECT sequence_id, timestamp, operation_type, operation FROM run_operations"
        " ORDER BY sequence_id"
    )
    for number, time, kind, operation in rows:
        if isinstance(number, int) and isinstance(operation, bytes):
            yield number, time if isinstance(time, int) else 0, kind, operation


def _fetch_one(
    connection: sqlite3.Connection, query: str, *values: int
) -> tuple[object, ...] | None:
    row: tuple[object, ...] | None = connection.execute(query, values).fetchone()
    return row


class _Snapshots:
    """State of a run while its operations are applied."""

    def __init__(self) -> None:
        self._attributes: dict[str, Value] = {}
        self._series = SeriesCollector()
        self._files: dict[str, dict[str, RunFile]] = {}
        self._count = 0
        self._times: list[int] = []
        self._created: dt.datetime | None = None

    def apply(self, time: int, kind: int, operation: bytes) -> None:
        """Apply one operation; raises ValueError where its message is damaged."""
        if time > 0:
            self._times = [min([time, *self._times]), max([time, *self._times])]
        if kind == _CREATION:
            self.create(operation)
        elif kind == _SNAPSHOT:
            self._update(operation)

    def create(self, operation: bytes) -> str:
        """Apply the run's creation; returns the name of its experiment."""
        name = ""
        for number, value in read_fields(operation):
            if number == 5:
                name = clean_text(as_text(value), MAX_PATH)
                self._attributes.setdefault("sys/name", name)
            elif number == 3:
                self._created = self._created or _parse_timestamp(as_bytes(value))
            elif number == 2:
                fork = dict(read_fields(as_bytes(value)))
                parent = clean_text(as_text(fork.get(2, b"")), MAX_PATH)
                self._attributes.setdefault("sys/forking/parent", parent)
        return name

    def finish(self, run: Identity, ref: str) -> Recorded:
        self._attributes.setdefault("sys/custom_run_id", run.run_id)
        self._attributes.setdefault("sys/name", run.run_id)
        times = [make_time(time / 1000) for time in self._times] or [None]
        return Recorded(
            ref=ref,
            project=run.project,
            run_id=run.run_id,
            attributes=self._attributes,
            series=self._series.finish(),
            files={path: tuple(files.values()) for path, files in self._files.items()},
            started=self._created or times[0],
            finished=times[-1],
            unavailable=UNAVAILABLE,
        )

    def _update(self, operation: bytes) -> None:
        step: float | None = None
        entries: list[tuple[int, bytes]] = []
        for number, value in read_fields(operation):
            if number == 1:
                step = _parse_step(as_bytes(value))
            elif number == 10 and _is_preview(as_bytes(value)):
                return
            elif number in (4, 5, 8):
                entries.append((number, as_bytes(value)))
        for number, entry in entries:
            fields = dict(read_fields(entry))
            path = clean_text(as_text(fields.get(1, b"")), MAX_PATH)
            value = as_bytes(fields.get(2, b""))
            if number == 5:
                self._modify(path, value)
            elif number == 4:
                self._assign(path, value)
            else:
                self._append(path, value, step)

    def _assign(self, path: str, data: bytes) -> None:
        for value in _parse_values(data):
            if isinstance(value, RunFile):
                self._add_file(path, path, value.size)
            elif path in self._attributes or len(self._attributes) < MAX_ATTRIBUTES:
                self._attributes[path] = value

    def _append(self, path: str, data: bytes, step: float | None) -> None:
        for value in _parse_values(data):
            if isinstance(value, RunFile):
                self._add_file(path, f"{path}/{step if step is not None else 0:g}", value.size)
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                self._series.add_next(path, float(value), step)

    def _modify(self, path: str, data: bytes) -> None:
        known = self._attributes.get(path)
        texts = set(known) if isinstance(known, frozenset) else set()
        for _, strings in read_fields(data):
            for _, entry in read_fields(as_bytes(strings)):
                fields = dict(read_fields(as_bytes(entry)))
                text = clean_text(as_text(fields.get(1, b"")))
                (texts.add if fields.get(2) == _ADD else texts.discard)(text)
        self._attributes[path] = frozenset(texts)

    def _add_file(self, path: str, name: str, size: int | None) -> None:
        if self._count < MAX_FILES:
            files = self._files.setdefault(path, {})
            self._count += name not in files
            files[name] = RunFile(path=name, size=size)


def _parse_values(data: bytes) -> Iterator[Value | RunFile]:
    """The value of a message that holds one of several kinds; histograms are passed over."""
    for number, value in read_fields(data):
        if number == 1:
            yield as_double(value)
        elif number == 3:
            yield as_int(value)
        elif number == 5:
            yield bool(as_int(value))
        elif number == 6:
            yield clean_text(as_text(value))
        elif number == 8 and (time := _parse_timestamp(as_bytes(value))) is not None:
            yield time
        elif number == 12:
            texts = (as_text(text) for key, text in read_fields(as_bytes(value)) if key == 1)
            yield frozenset(map(clean_text, texts))
        elif number == 13:
            yield _parse_file(as_bytes(value))


def _parse_file(data: bytes) -> RunFile:
    fields = dict(read_fields(data))
    size = as_int(fields[2]) if 2 in fields else None
    return RunFile(path="", size=size if size is not None and size >= 0 else None)


def _parse_timestamp(data: bytes) -> dt.datetime | None:
    fields = dict(read_fields(data))
    return make_time(as_int(fields.get(1, 0)) + as_int(fields.get(2, 0)) / 1e9)


def _parse_step(data: bytes) -> float:
    fields = dict(read_fields(data))
    micro = as_int(fields.get(2, 0))
    return (
        as_int(fields.get(1, 0)) + micro / 1_000_000 if micro else float(as_int(fields.get(1, 0)))
    )


def _is_preview(data: bytes) -> bool:
    return bool(dict(read_fields(data)).get(1))
