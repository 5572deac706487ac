"""What the event files of one folder hold, read together in the order in which TensorBoard does.

A training that was started again writes a further file. Where it says that it went back to a step
(a session's START), or plainly logs a metric from an earlier step on, what the files before say of
later steps is void, as TensorBoard itself shows it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from cardgen.errors import TrackerError
from cardgen.trackers._events import Event, Value, read_events
from cardgen.trackers._series import Point
from cardgen.trackers.tensorboard.files import Folder, is_pointer, open_file
from cardgen.trackers.tensorboard.hparams import PLUGIN, End, Experiment, Start, parse_record

MAX_FILES = 2000
"""Event files of one folder that are read."""

HEAD = 64
"""Events at a file's start that tell what kind of file it is."""

_HEADS = 3
_TEXT = "text"
_SCALARS = ("", "scalars")
_FILE = re.compile(
    r"tfevents\.(?P<time>\d{9,11})\.(?P<host>.+?)"
    r"(?:\.(?P<process>\d{1,10})\.\d{1,6}(?:\.\w+)?|\.v2)?$"
)
_Step = tuple[int, float, float]
"""Step, wall time and value of a point."""


@dataclass
class Log:
    """The points of each tag in the order they were logged, texts by tag, and what else there is.

    ``first`` and ``last`` are wall times of all events, ``scalars_first`` and ``scalars_last``
    those of scalars; ``ends`` come with the wall time at which they were written. ``whole`` is
    false where only a part of the files was read.
    """

    points: dict[str, list[_Step]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    starts: list[Start] = field(default_factory=list)
    ends: list[tuple[float, End]] = field(default_factory=list)
    experiments: list[Experiment] = field(default_factory=list)
    host: str = ""
    first: float = math.inf
    last: float = 0.0
    scalars_first: float = math.inf
    scalars_last: float = 0.0
    pointers: int = 0
    files: int = 0
    whole: bool = True


def load_log(folder: Folder, names: Iterable[str]) -> Log:
    """Read the event files of a folder; one that cannot be opened is left out."""
    log = Log()
    for name in islice(sorted(names), MAX_FILES):
        _add_file(log, folder, name)
    return log


def load_head(folder: Folder, names: Iterable[str]) -> Log:
    """Read only the first events of the first files, enough to tell their kind."""
    log = Log()
    chosen = sorted(names)
    log.whole = len(chosen) <= _HEADS
    for name in chosen[:_HEADS]:
        plugins: dict[str, str] = {}
        for count, event in enumerate(_open_events(log, folder, name)):
            if count == HEAD:
                log.whole = False
                break
            _add_event(log, log.points, event, plugins)
    return log


def as_points(steps: Iterable[_Step]) -> list[Point]:
    """Points as all trackers give them, in the order they were logged."""
    return [Point(value, step, order) for order, (step, _, value) in enumerate(steps)]


def _open_events(log: Log, folder: Folder, name: str) -> Iterator[Event]:
    with suppress(TrackerError, OSError), open_file(folder, name) as stream:
        log.files += 1
        log.pointers += is_pointer(stream)
        yield from read_events(stream)


def _add_file(log: Log, folder: Folder, name: str) -> None:
    found = _FILE.search(name)
    log.host = log.host or (found["host"] if found else "")
    before = log.scalars_last
    points: dict[str, list[_Step]] = {}
    plugins: dict[str, str] = {}
    first = math.inf
    for event in _open_events(log, folder, name):
        if event.restart:
            _void(log.points, event.step)
            _void(points, event.step)
        if event.values:
            first = min(first, event.wall_time)
        _add_event(log, points, event, plugins)
    _append(log.points, points, later=first >= before)


def _add_event(
    log: Log, points: dict[str, list[_Step]], event: Event, plugins: dict[str, str]
) -> None:
    time = event.wall_time
    if 0 < time < math.inf:
        log.first = time if time < log.first else log.first
        log.last = time if time > log.last else log.last
    for value in event.values:
        plugin = plugins.setdefault(value.tag, value.plugin)  # later ones need not name it again
        if plugin == PLUGIN and value.content:
            _add_record(log, event, value)
        elif value.scalar is not None and plugin in _SCALARS:
            points.setdefault(value.tag, []).append((event.step, time, value.scalar))
            log.scalars_first = time if time < log.scalars_first else log.scalars_first
            log.scalars_last = time if time > log.scalars_last else log.scalars_last
        elif value.texts and plugin in ("", _TEXT):
            log.texts[value.tag] = "\n".join(value.texts)


def _add_record(log: Log, event: Event, value: Value) -> None:
    record = parse_record(value)
    if isinstance(record, Start):
        log.starts.append(record)
    elif isinstance(record, End):
        log.ends.append((event.wall_time, record))
    elif isinstance(record, Experiment):
        log.experiments.append(record)


def _void(points: Mapping[str, list[_Step]], step: int) -> None:
    """Forget what was logged from that step on."""
    for series in points.values():
        series[:] = [point for point in series if point[0] < step]


def _append(
    before: dict[str, list[_Step]], points: Mapping[str, list[_Step]], *, later: bool
) -> None:
    """Add a file's points; a file that was begun after the others replaces what it repeats.

    Files of several processes that wrote at the same time are no repetition, nor is a tag that
    has the same step everywhere, because it was logged without one.
    """
    for tag, series in points.items():
        known = before.setdefault(tag, [])
        first = min(step for step, _, _ in series)
        if later and len({step for step, _, _ in (*known, *series)}) > 1:
            known[:] = [point for point in known if point[0] < first]
        known += series
