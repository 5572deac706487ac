"""Watches folders and tells which files differ in content, however an editor saves them.

The system's events make it quick; a look at all files' sizes and times every few seconds makes it
sure, since events are lost where too many come at once, and some file systems have none.
"""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

QUIET = 0.05
"""Seconds without a further event before changes are told: an editor saves in several steps."""

_PATIENCE = 0.5
_ROUND = 2.0  # seconds between two looks at everything, which may take a fiftieth of the time
_BURST = 1_000  # so many events at once, and some may have been lost
_SMALL = 1 << 20
# Not "opened" and "closed unchanged": rendering a card reads it, which would be an event, too.
_KINDS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]


@dataclass(frozen=True)
class State:
    """What a file was when it was last looked at; of a large one the content is not read."""

    size: int
    mtime: int
    digest: bytes


class Watcher(FileSystemEventHandler):
    """Collects changes below folders, or of single files; use as an iterator after ``start``.

    Hidden files and folders, editors' backups (``~``) and links are left out.
    """

    def __init__(self, places: Iterable[Path]) -> None:
        self.places = tuple(place.absolute() for place in places)
        self._known: dict[Path, State] = {}
        self._touched: set[Path] = set()
        self._events = 0
        self._rescan = False
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopped = False
        self._round = _ROUND
        self._observer: BaseObserver | None = None

    def start(self, since: float | None = None) -> None:
        """Begin; files modified after ``since`` (seconds since the epoch) count as changed."""
        self._observe()
        for path in self._walk():
            state = _look(path)
            if state is not None:
                self._known[path] = state
                if since is not None and state.mtime > since * 1e9:
                    self._known[path] = State(-1, 0, b"")
                    self._touched.add(path)
        if self._touched:
            self._wake.set()

    def stop(self) -> None:
        """End the iteration; may be called from anywhere."""
        self._stopped = True
        self._wake.set()

    def close(self) -> None:
        self.stop()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(timeout=2)
            self._observer = None

    def __iter__(self) -> Iterator[tuple[Path, ...]]:
        """Changed, new and removed files, sorted, as soon as it has been quiet for a moment."""
        while not self._stopped:
            if self._wake.wait(self._round):
                self._settle()
            else:
                self._rescan = True
            if not self._stopped and (changed := self._compare()):
                yield changed

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by watchdog in its thread."""
        with self._lock:
            self._events += 1
            self._rescan |= event.is_directory
            for path in (event.src_path, event.dest_path):
                if path:
                    self._touched.add(Path(os.fsdecode(path)))
        self._wake.set()

    def _settle(self) -> None:
        """Wait until nothing happens for a moment, but not for ever."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and not self._stopped:
            self._wake.clear()
            if not self._wake.wait(QUIET):
                return
        self._wake.clear()

    def _compare(self) -> tuple[Path, ...]:
        with self._lock:
            touched, self._touched = self._touched, set()
            rescan, self._rescan = self._rescan or self._events > _BURST, False
            self._events = 0
        changed = {path for path in touched if self._is_ours(path) and self._note(path)}
        if rescan:
            changed |= self._look_around()
        return tuple(sorted(changed))

    def _look_around(self) -> set[Path]:
        """All files that differ, events or no events."""
        began = time.monotonic()
        there = set(self._walk())
        doubtful = [path for path in there if self._is_dated(path)]
        changed = {path for path in (*doubtful, *(self._known.keys() - there)) if self._note(path)}
        self._round = max(_ROUND, 50 * (time.monotonic() - began))
        return changed

    def _is_dated(self, path: Path) -> bool:
        """Whether a file has another size or time than when its content was read."""
        before = self._known.get(path)
        try:
            now = path.stat(follow_symlinks=False)
        except OSError:
            return True
        return before is None or (before.size, before.mtime) != (now.st_size, now.st_mtime_ns)

    def _note(self, path: Path) -> bool:
        """Look at a file again; returns whether its content is another one."""
        before = self._known.get(path)
        now = _look(path)
        if now is None:
            return self._known.pop(path, None) is not None
        self._known[path] = now
        return before is None or (before.size, before.digest) != (now.size, now.digest)

    def _is_ours(self, path: Path) -> bool:
        for place in self.places:
            if path == place:
                return True
            if place in path.parents:
                return not any(map(_is_left_out, path.relative_to(place).parts))
        return False

    def _walk(self) -> Iterator[Path]:
        for place in self.places:
            if place.is_dir():
                yield from _walk(place)
            elif place.is_file():
                yield place

    def _observe(self) -> None:
        # What watchdog says of its own races (a folder seen twice, lost events) helps nobody here.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="watchdog")
        logging.getLogger("watchdog").addHandler(logging.NullHandler())
        observer = Observer()
        try:
            for place in self.places:
                if place.is_dir():
                    observer.schedule(self, str(place), recursive=True, event_filter=_KINDS)
                elif place.parent.is_dir():
                    observer.schedule(self, str(place.parent), event_filter=_KINDS)
            observer.start()
            self._observer = observer
        except OSError:  # the system's number of watches is used up: looking around is enough
            self._round = _ROUND


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name.endswith("~")


def _walk(folder: Path) -> Iterator[Path]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if _is_left_out(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path)


def _look(path: Path) -> State | None:
    """A file's state; its content stays unread where it is large."""
    try:
        found = path.stat(follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):  # reading a pipe would wait for ever
            return None
        if found.st_size > _SMALL:
            return State(found.st_size, found.st_mtime_ns, str(found.st_mtime_ns).encode())
        digest = blake2b(path.read_bytes(), digest_size=16).digest()
    except OSError:
        return None
    return State(found.st_size, found.st_mtime_ns, digest)
