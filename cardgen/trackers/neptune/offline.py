"""Folders of the Neptune client for 2.x: ``.neptune/offline`` and ``.neptune/async``.

A process writes one folder: ``data-N.log`` holds one operation a line, as JSON. All folders of one
run are read together, in the order of time. The client's own queue is never used, since it opens
the log for writing.
"""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from cardgen.errors import TrackerError
from cardgen.models import Environment
from cardgen.trackers.neptune.files import list_folder, measure, read_start
from cardgen.trackers.neptune.log import damaged, read_log
from cardgen.trackers.neptune.record import Recorded
from cardgen.trackers.neptune.replay import Replay
from cardgen.trackers.neptune.values import clean_text, make_time, parse_time

MAX_BYTES = 4 * 1024 * 1024 * 1024
MAX_FOLDERS = 1000
_MERGED = 16
_HEAD_LINES = 300
_NAMES = (["sys", "name"], ["sys", "custom_run_id"])

UNAVAILABLE = (
    "author", "commands", "source.branch", "source.commit", "source.repository",
)  # fmt: skip

_LOG = re.compile(r"data-(\d{1,18})\.log")
_CONTAINER = re.compile(r"(run|project|model|model_version)__([^_].*?)(?:__.*)?", re.DOTALL)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_STARTED = re.compile(r"exec-(\d{9,11}(?:\.\d+)?)-.*")


@dataclass(frozen=True)
class RunLogs:
    """One run's folders below ``base``; ``name`` is what a ref calls it, without process parts."""

    base: Path
    name: str
    uuid: str
    folders: tuple[Path, ...]


@dataclass(frozen=True)
class _Operation:
    folder: Path
    at: float
    version: int
    values: Mapping[str, Any]


def has_logs(files: Iterable[str]) -> bool:
    """Whether a folder with these files is one that a process of the client wrote."""
    return any(_LOG.fullmatch(name) for name in files)


def group_logs(folders: Iterable[Path]) -> tuple[RunLogs, ...]:
    """The runs that these folders belong to; projects and models are left out."""
    runs: dict[tuple[Path, str], list[Path]] = {}
    uuids: dict[tuple[Path, str], str] = {}
    for folder in folders:
        holder = folder
        while holder.name.startswith(("exec-", "partition-")) and holder != holder.parent:
            holder = holder.parent
        named = _name_run(holder, folder)
        if named is not None:
            key = (holder.parent, named[0])
            runs.setdefault(key, []).append(folder)
            uuids[key] = named[1]
    return tuple(
        RunLogs(base, name, uuids[base, name], tuple(sorted(runs[base, name])))
        for base, name in sorted(runs)
    )


def _name_run(holder: Path, folder: Path) -> tuple[str, str] | None:
    """Name and uuid of the run that a folder holds; none where it holds something else."""
    found = _CONTAINER.fullmatch(holder.name)
    if found is not None:
        return (f"run__{found[2]}", found[2]) if found[1] == "run" else None
    if _UUID.fullmatch(holder.name):
        kind = read_start(folder / "container_type", 100).strip() or b"run"
        return (holder.name, holder.name) if kind == b"run" else None
    metadata = _read_metadata(folder)
    if metadata.get("containerType", "run") == "run" and (metadata or _starts_well(folder)):
        return holder.name, clean_text(metadata.get("containerId", ""), 100)
    return None


def _starts_well(folder: Path) -> bool:
    logs = _find_logs(folder)
    return bool(logs) and read_start(logs[0], 16).startswith(b'{"obj": {"type"')


def find_names(run: RunLogs) -> tuple[str, ...]:
    """What else the run is called: its name and its own id, as the log's first lines say."""
    names = []
    for folder in run.folders[:1]:
        for operation in islice(_read_folder(folder), _HEAD_LINES):
            values = operation.values
            if values.get("type") == "AssignString" and values.get("path") in _NAMES:
                names.append(clean_text(values.get("value", ""), 300))
    return tuple(name for name in names if name)


def read_logs(
    run: RunLogs, ref: str, *, wanted: Callable[[str], bool], shown: Callable[[str], bool]
) -> Recorded:
    """Replay all that the run's folders hold; raises TrackerError where they cannot be read.

    ``wanted`` says of which attributes the text is kept that was uploaded, ``shown`` which series
    are kept.
    """
    if len(run.folders) > MAX_FOLDERS:
        raise TrackerError(f"{run.base / run.name} has over {MAX_FOLDERS} folders.", "Thin them.")
    folders = sorted(run.folders, key=lambda folder: (_find_start(folder) or 0.0, folder.name))
    replay, last = Replay(wanted, shown, numbered=not any(map(_is_rest, folders))), 0.0
    for operation in _merge(folders):
        try:
            replay.apply(operation.values, operation.folder)
        except ValueError as error:
            raise damaged(operation.folder, operation.version, str(error)) from None
        last = max(last, operation.at)
    starts = [start for start in map(_find_start, folders) if start]
    # Old clients noted no time but that of each point.
    first, latest = replay.seen or (None, None)
    return replay.finish(
        ref=ref,
        run_id=run.uuid,
        started=make_time(min(starts) if starts else first),
        finished=make_time(last if last > max(starts, default=0.0) else latest),
        environment=_make_environment(folders),
        unavailable=UNAVAILABLE,
    )


def _merge(folders: list[Path]) -> Iterator[_Operation]:
    """The operations of all folders in the order of time, each folder's own order kept."""
    streams = [_read_folder(folder) for folder in folders]
    if len(streams) <= _MERGED:
        return heapq.merge(*streams, key=lambda operation: operation.at)
    return (operation for stream in streams for operation in stream)


def _read_folder(folder: Path) -> Iterator[_Operation]:
    """A folder's operations in order. ``at`` never goes back; old clients wrote none."""
    at, size = _find_created(folder) or 0.0, 0
    for path in _find_logs(folder):
        size += measure(path)[0] or 0
        if size > MAX_BYTES:
            raise TrackerError(f"{folder} holds over {MAX_BYTES >> 30} GB.", "It is not read.")
        for values, version, time in read_log(path):
            at = max(at, time or at)
            yield _Operation(folder, at, version, values)


def _find_logs(folder: Path) -> list[Path]:
    numbers = {
        int(found[1]): name
        for name in list_folder(folder).files
        if (found := _LOG.fullmatch(name)) is not None
    }
    return [folder / numbers[number] for number in sorted(numbers)]


def _is_rest(folder: Path) -> bool:
    """Whether earlier operations were sent to the server and deleted from the disk."""
    logs = _find_logs(folder)
    return bool(logs) and logs[0].name != "data-1.log"


def _read_metadata(folder: Path) -> Mapping[str, Any]:
    try:
        metadata = json.loads(read_start(folder / "metadata.json"))
    except (ValueError, RecursionError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _find_created(folder: Path) -> float | None:
    """When the process began, as Unix seconds; none where neither file nor name says."""
    created = parse_time(_read_metadata(folder).get("createdAt"))
    if created is not None:
        return created.timestamp()
    named = _STARTED.fullmatch(folder.name)
    return float(named[1]) if named else None


def _find_start(folder: Path) -> float | None:
    """When the process began, or when it logged first."""
    created = _find_created(folder)
    if created is None:
        created = next((operation.at for operation in _read_folder(folder)), None)
    return created or None


def _make_environment(folders: Iterable[Path]) -> Environment:
    for folder in folders:
        metadata = _read_metadata(folder)
        if metadata:
            version = clean_text(metadata.get("neptuneClientVersion", ""), 50)
            return Environment(
                python=clean_text(metadata.get("pythonVersion", ""), 300).partition(" ")[0],
                os=clean_text(metadata.get("os", ""), 300),
                packages={"neptune": version} if version else {},
            )
    return Environment()
