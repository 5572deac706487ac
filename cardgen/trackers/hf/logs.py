"""What the Trainer's TensorBoard callback left: arguments, times, scalars.

By default it writes below ``runs/`` in the output folder; many set ``logs/`` beside it, which is
looked at too and tells by its arguments whose output it is. Every start of a training makes a file
with its arguments; files of the same process that follow it hold its evaluations.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from cardgen.trackers._events import Event, read_events
from cardgen.trackers._folder import Folder, find_names
from cardgen.trackers.hf.files import UnreadableFile, open_file, parse_json
from cardgen.trackers.hf.state import Entry

MAX_FILES = 200
"""Event files of one folder that are looked at, the newest."""

_TOPS = ("runs", "logs")
_FILE = re.compile(r"^events\.out\.tfevents\.(\d{9,11})(?:\.(.+?))??(?:\.(\d+)\.\d+)?(?:\.v2)?$")
_HEAD = 64
"""Events at a file's start among which the arguments stand."""


@dataclass(frozen=True)
class Logs:
    """One start: the arguments and the model's configuration as JSON objects, times in UTC.

    ``files`` are those of the output folder itself, relative to it.
    """

    args: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    host: str = ""
    started: dt.datetime | None = None
    ended: dt.datetime | None = None
    entries: tuple[Entry, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    """An event file: where it lies, when it was begun, and by which process."""

    folder: Folder
    path: str
    name: str
    time: int
    host: str
    process: tuple[str, str, str]


@dataclass(frozen=True)
class _Start:
    """The files of one start, oldest first, with what the first of them says."""

    files: tuple[_File, ...] = ()
    args: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)


def load_logs(folder: Folder, names: Mapping[str, bool], *, scalars: bool) -> Logs:
    """Read the run's newest start; ``scalars`` says whether its logged values are wanted too."""
    files = _find_files(folder, names)
    start = _find_start(files)
    if not start.args:
        beside = _find_start(_find_beside(folder), folder.path.name)
        start = beside if beside.args else start
    return _load_start(start, tuple(file.path for file in reversed(files)), scalars)


def has_arguments(folder: Folder, names: Mapping[str, bool]) -> bool:
    """Whether a training of this folder was started here; reads only the heads of files.

    Logs that lie beside their output do not make an output of the folder above.
    """
    for file in _find_files(folder, names)[:3]:
        args, _ = _load_texts(file)
        output = str(args.get("output_dir", "")).replace("\\", "/").rstrip("/").split("/")[-1]
        if args and output == folder.path.name:
            return True
        if args and file.path.startswith("runs/") and not names.get(output):
            return True
    return False


def _find_beside(folder: Folder) -> tuple[_File, ...]:
    if folder.path == folder.root:
        return ()
    above = Folder(folder.root, folder.path.parent, folder.name.rpartition("/")[0] or ".")
    return _find_files(above, find_names(above))


def _find_files(folder: Folder, names: Mapping[str, bool]) -> tuple[_File, ...]:
    """The event files in a folder's folders of logs, newest first."""
    found: list[_File] = []
    for top in _TOPS:
        if names.get(top):
            inside = find_names(folder.inner(top))
            found += _list_files(folder, top, inside)
            for name in (name for name, is_folder in inside.items() if is_folder):
                path = f"{top}/{name}"
                found += _list_files(folder, path, find_names(folder.inner(top, name)))
    found.sort(key=lambda file: (file.time, file.path), reverse=True)
    return tuple(found[:MAX_FILES])


def _list_files(folder: Folder, path: str, names: Mapping[str, bool]) -> Iterator[_File]:
    for name, is_folder in names.items():
        found = None if is_folder else _FILE.match(name)
        if found:
            process = (path, found[2] or "", found[3] or "")
            inner = folder.inner(*path.split("/"))
            yield _File(inner, f"{path}/{name}", name, int(found[1]), found[2] or "", process)


def _find_start(files: tuple[_File, ...], output: str = "") -> _Start:
    """The newest start with arguments (of that output, where one is named), else the newest."""
    later: list[_File] = []
    for file in files:
        args, model = _load_texts(file)
        named = str(args.get("output_dir", "")).replace("\\", "/").rstrip("/").split("/")[-1]
        if args and output in ("", named):
            same = [other for other in later if other.process == file.process]
            return _Start((file, *reversed(same)), args, model)
        later = [] if args else [*later, file]
    if output or not files:
        return _Start()
    same = [file for file in files if file.process == files[0].process]
    return _Start(tuple(reversed(same)))


def _events(file: _File) -> Iterator[Event]:
    with suppress(UnreadableFile, OSError), open_file(file.folder, file.name) as stream:
        yield from read_events(stream)


def _load_texts(file: _File) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments and the model, which the callback logs as JSON before the first step."""
    texts: dict[str, dict[str, Any]] = {}
    for event in islice(_events(file), _HEAD):
        for value in event.values:
            if value.tag.endswith("/text_summary") and value.texts:
                texts.setdefault(value.tag, _parse_object(value.texts[0]))
    return texts.get("args/text_summary", {}), texts.get("model_config/text_summary", {})


def _parse_object(text: str) -> dict[str, Any]:
    with suppress(UnreadableFile):
        value = parse_json(text, "the arguments in the event file")
        if isinstance(value, dict):
            return value
    return {}


def _load_start(start: _Start, files: tuple[str, ...], scalars: bool) -> Logs:
    logged: dict[int, dict[str, float]] = {}
    first = last = 0.0
    for file in start.files:
        for event in _events(file):
            first = first or event.wall_time
            last = max(last, event.wall_time)
            for value in event.values if scalars else ():
                if value.scalar is not None:
                    logged.setdefault(event.step, {})[value.tag] = value.scalar
    return Logs(
        args=start.args,
        model=start.model,
        host=start.files[0].host if start.files else "",
        started=_as_time(first),
        ended=_as_time(last),
        entries=tuple(_as_entry(step, logged[step]) for step in sorted(logged)),
        files=files,
    )


def _as_entry(step: int, values: dict[str, float]) -> Entry:
    """Names stay as the callback writes them (``eval/f1``); the epoch has a place of its own."""
    epoch = values.pop("train/epoch", None)
    return Entry(step, epoch, values)


def _as_time(seconds: float) -> dt.datetime | None:
    try:
        time = dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return time if 2000 < time.year < 2200 else None
