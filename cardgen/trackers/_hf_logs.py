"""What the Trainer's TensorBoard callback left below ``runs/``: arguments, times, scalars.

Every start of a training makes a folder there. The newest one with arguments is the run's; one
without them comes from an evaluation that was started later.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from cardgen.trackers._events import Event, read_events
from cardgen.trackers._hf_files import Folder, UnreadableFile, find_names, open_file, parse_json
from cardgen.trackers._hf_state import Entry

LOG_FOLDERS = ("runs", "logs")
MAX_STARTS = 50
"""Starts of a training in one folder that are looked at, newest first."""

_FILE = re.compile(r"^events\.out\.tfevents\.(\d{9,11})(?:\.(.+?))?(?:\.\d+\.\d+)?(?:\.v2)?$")
_HEAD = 64
"""Events at a file's start among which the arguments stand."""


@dataclass(frozen=True)
class Logs:
    """One start: the arguments and the model's configuration as JSON objects, times in UTC."""

    args: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    host: str = ""
    started: dt.datetime | None = None
    ended: dt.datetime | None = None
    entries: tuple[Entry, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Start:
    """The event files of one start: their folder, and their names, oldest first."""

    folder: Folder
    path: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def time(self) -> int:
        return max(_time(name) for name in self.names)


def load_logs(folder: Folder, names: Mapping[str, bool], *, scalars: bool) -> Logs:
    """Read the run's start; ``scalars`` says whether its logged values are wanted too."""
    starts = sorted(_find_starts(folder, names), key=lambda start: start.time, reverse=True)
    files = tuple("/".join((*s.path, name)) for s in reversed(starts) for name in s.names)
    chosen: Logs | None = None
    for start in starts[:MAX_STARTS]:
        args, model = _load_texts(start)
        if args or model or chosen is None:
            chosen = replace(_load_times(start, scalars), args=args, model=model, files=files)
        if args:
            break
    return chosen or Logs()


def has_arguments(folder: Folder, names: Mapping[str, bool]) -> bool:
    """Whether a training of the Trainer was started here; reads only the starts of files."""
    starts = sorted(_find_starts(folder, names), key=lambda start: start.time, reverse=True)
    return any(_load_texts(start)[0] for start in starts[:3])


def _find_starts(folder: Folder, names: Mapping[str, bool]) -> Iterator[_Start]:
    for top in LOG_FOLDERS:
        if not names.get(top):
            continue
        inside = find_names(folder.inner(top))
        for path in ((top,), *((top, name) for name, is_folder in inside.items() if is_folder)):
            inner = folder.inner(*path)
            found = inside if len(path) == 1 else find_names(inner)
            files = [n for n, is_folder in found.items() if not is_folder and _FILE.match(n)]
            if files:
                yield _Start(inner, path, tuple(sorted(files, key=lambda n: (_time(n), n))))


def _time(name: str) -> int:
    found = _FILE.match(name)
    return int(found[1]) if found else 0


def _events(start: _Start, name: str) -> Iterator[Event]:
    with suppress(UnreadableFile, OSError), open_file(start.folder, name) as stream:
        yield from read_events(stream)


def _load_texts(start: _Start) -> tuple[dict[str, Any], dict[str, Any]]:
    """The JSON objects that the callback logs as texts before the first step."""
    texts: dict[str, dict[str, Any]] = {}
    for name in start.names[:8]:
        for event, _ in zip(_events(start, name), range(_HEAD), strict=False):
            for value in event.values:
                if value.tag.endswith("/text_summary") and value.texts:
                    texts.setdefault(value.tag, _parse_object(value.texts[0]))
        if "args/text_summary" in texts:
            break
    return texts.get("args/text_summary", {}), texts.get("model_config/text_summary", {})


def _parse_object(text: str) -> dict[str, Any]:
    with suppress(UnreadableFile):
        value = parse_json(text, "the arguments in the event file")
        if isinstance(value, dict):
            return value
    return {}


def _load_times(start: _Start, scalars: bool) -> Logs:
    """Host and times of a start, and its scalars as entries of a log."""
    logged: dict[int, dict[str, float]] = {}
    first = last = 0.0
    for name in start.names:
        for event in _events(start, name):
            first = first or event.wall_time
            last = max(last, event.wall_time)
            for value in event.values if scalars else ():
                if value.scalar is not None:
                    logged.setdefault(event.step, {})[value.tag] = value.scalar
    host = _FILE.match(start.names[0])
    return Logs(
        host=(host[2] or "") if host else "",
        started=_as_time(first),
        ended=_as_time(last),
        entries=tuple(_as_entry(step, logged[step]) for step in sorted(logged)),
    )


def _as_entry(step: int, values: dict[str, float]) -> Entry:
    """Names stay as the callback writes them (``eval/f1``); the epoch has one of its own."""
    epoch = values.pop("train/epoch", None)
    return Entry(step, epoch, values)


def _as_time(seconds: float) -> dt.datetime | None:
    try:
        time = dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return time if 2000 < time.year < 2200 else None
