"""SQLite files of neptune-scale (Neptune 3.x), also while a process still writes or syncs them.

``run_operations.sqlite3`` keeps one protocol buffers message an operation: the creation of the
run, or a snapshot of values at one step. Field numbers are those of Neptune's ingest API v1. The
pickles in ``operation_errors`` are never looked at.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.models import RunFile
from cardgen.trackers._protobuf import as_bytes, as_text, read_fields
from cardgen.trackers._sqlite import open_readonly
from cardgen.trackers.neptune.collect import FileCollector, SeriesCollector, set_attribute
from cardgen.trackers.neptune.messages import is_preview, parse_step, parse_timestamp, parse_values
from cardgen.trackers.neptune.record import Recorded
from cardgen.trackers.neptune.values import Value, clean_text, make_time

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
    with _open(path) as connection:
        row = _fetch_one(
            connection, "SELECT project, run_id FROM metadata ORDER BY id DESC LIMIT 1"
        )
    if row is None or not all(isinstance(text, str) and text for text in row):
        raise TrackerError(f"{path} holds no run of neptune-scale.", "Name another file.")
    return Identity(path, clean_text(row[0], MAX_PATH), clean_text(row[1], MAX_PATH))


def read_experiment(path: Path) -> str:
    """The experiment's name that the run was created with, empty where it has none."""
    with _open(path) as connection:
        row = _fetch_one(
            connection,
            "SELECT operation FROM run_operations WHERE operation_type = ? LIMIT 1",
            _CREATION,
        )
    try:
        return _Snapshots(_nothing).create(row[0]) if row and isinstance(row[0], bytes) else ""
    except ValueError:
        return ""


def read_databases(run: Sequence[Identity], ref: str, *, shown: Callable[[str], bool]) -> Recorded:
    """All operations of one run, which several processes may have written to a file each.

    ``shown`` says which series are kept. Raises TrackerError where a file cannot be read.
    """
    found = _Snapshots(shown)
    for identity in run:
        with _open(identity.path) as connection:
            for number, time, kind, operation in _read_operations(connection):
                try:
                    found.apply(time, kind, operation)
                except ValueError as error:
                    raise TrackerError(
                        f"{identity.path} is damaged at operation {number}: {error}.",
                        "Restore the file, or sync the run and export it.",
                    ) from None
    return found.finish(run[0], ref)


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with open_readonly(path, seconds=SECONDS) as connection:
            yield connection
    except UnicodeDecodeError:
        # What SQLite says of a damaged file may quote bytes of it that are no text.
        raise TrackerError(f"{path} cannot be read: it is damaged.", "Restore the file.") from None


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


def _nothing(_: str) -> bool:
    return False


class _Snapshots:
    """State of a run while its operations are applied."""

    def __init__(self, shown: Callable[[str], bool]) -> None:
        self._attributes: dict[str, Value] = {}
        self._series = SeriesCollector(shown)
        self._files = FileCollector()
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
                self._created = self._created or parse_timestamp(as_bytes(value))
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
            files=self._files.finish(),
            started=self._created or times[0],
            finished=times[-1],
            unavailable=UNAVAILABLE,
        )

    def _update(self, operation: bytes) -> None:
        step: float | None = None
        entries: list[tuple[int, bytes]] = []
        for number, value in read_fields(operation):
            if number == 1:
                step = parse_step(as_bytes(value))
            elif number == 10 and is_preview(as_bytes(value)):
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
        for value in parse_values(data):
            if isinstance(value, RunFile):
                self._files.add(path, RunFile(path=path, size=value.size))
            else:
                set_attribute(self._attributes, path, value)

    def _append(self, path: str, data: bytes, step: float | None) -> None:
        for value in parse_values(data):
            if isinstance(value, RunFile):
                name = f"{path}/{step if step is not None else 0:g}"
                self._files.add(path, RunFile(path=name, size=value.size))
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
        set_attribute(self._attributes, path, frozenset(texts))
