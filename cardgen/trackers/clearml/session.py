"""An offline session: a folder, or the zip that ClearML makes of it when the run ends.

Only regular files inside the project are opened; nothing of a zip is unpacked to disk, and what is
read of it is bounded in size.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from cardgen.errors import TrackerError
from cardgen.models import RunFile

TASK = "task.json"
METRICS = "metrics.jsonl"
LOG = "log.jsonl"

MAX_TASK = 32 * 1024 * 1024
"""Bytes of ``task.json``; uncommitted changes and configurations are in it."""

MAX_LINE = 64 * 1024 * 1024
"""Bytes of one line of events."""

MAX_EVENTS = 1024 * 1024 * 1024
"""Bytes of a file of events."""

MAX_FILES = 1000
"""Files of a session that are listed."""

MAX_ENTRIES = 50_000
"""Entries of a session's folders that are looked at."""

NAME = re.compile(r"offline-[0-9a-f]{32}")
_LEFT = ("data", "models")
_LFS = b"version https://git-lfs.github.com/spec/"


class Session(Protocol):
    """The files of one session; ``name`` is its path relative to the project's root.

    ``ended`` tells whether the run came to its end, which is when ClearML makes the zip.
    """

    @property
    def name(self) -> str: ...

    @property
    def ended(self) -> bool: ...

    def open(self, name: str, limit: int) -> AbstractContextManager[BinaryIO | None]:
        """A file of the session to read, none where it is not there; raises TrackerError."""

    def find_files(self) -> tuple[RunFile, ...]:
        """What the run left: artifacts, samples and models, sorted by path."""


@dataclass(frozen=True)
class FolderSession:
    """A session's folder; ``root`` is what no link may lead out of."""

    root: Path
    path: Path
    name: str
    ended: bool

    @contextmanager
    def open(self, name: str, limit: int) -> Iterator[BinaryIO | None]:
        label = f"{self.name}/{name}"
        descriptor = _open_inside(self.path / name, self.root, label)
        if descriptor is None:
            yield None
            return
        with _wrap(descriptor, label) as stream:
            size = _refuse_pointer(stream, label)
            if size > limit:
                raise too_large(label, limit)
            yield stream

    def find_files(self) -> tuple[RunFile, ...]:
        found: list[RunFile] = []
        left = MAX_ENTRIES
        waiting = [self.path / name for name in reversed(_LEFT)]
        while waiting and left > 0:
            folder = waiting.pop()
            entries = scan(folder)
            left -= len(entries)
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    path = Path(entry.path).relative_to(self.path).as_posix()
                    found.append(RunFile(path=path, size=entry.stat(follow_symlinks=False).st_size))
        return tuple(sorted(found, key=lambda file: file.path)[:MAX_FILES])


def scan(folder: Path) -> list[os.DirEntry[str]]:
    """A folder's entries that have names of text, sorted; none where it cannot be read."""
    if folder.is_symlink():
        return []
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry, _ in zip(entries, range(MAX_ENTRIES), strict=False)]
    except OSError:
        return []
    return sorted((e for e in found if is_text(e.name)), key=lambda entry: entry.name)


def is_text(name: str) -> bool:
    """Whether a file's name is UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def open_archive(path: Path, root: Path, name: str) -> io.BufferedReader:
    """The zip itself, opened; raises TrackerError where it is no regular file of the project."""
    descriptor = _open_inside(path, root, name)
    if descriptor is None:
        raise TrackerError(f"There is no file '{name}'.", "Check the path.")
    stream = _wrap(descriptor, name)
    try:
        _refuse_pointer(stream, name)
    except TrackerError:
        stream.close()
        raise
    return stream


def _open_inside(path: Path, root: Path, label: str) -> int | None:
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root):
            raise TrackerError(f"{label} is a link out of the project.", "Copy the file into it.")
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        return os.open(real, flags)
    except FileNotFoundError:
        return None
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "it cannot be reached"
        raise TrackerError(f"{label} cannot be opened: {why}.", "Check the file.") from None


def _wrap(descriptor: int, label: str) -> io.BufferedReader:
    """An open file to read; raises TrackerError where it is a pipe, a folder or the like."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise TrackerError(f"{label} is no regular file.", "Check the file.")
    return os.fdopen(descriptor, "rb")


def _refuse_pointer(stream: BinaryIO, label: str) -> int:
    """The size of an open file; raises TrackerError where git-lfs has the file itself."""
    size = os.fstat(stream.fileno()).st_size
    if size < 1024 and stream.read(len(_LFS)) == _LFS:
        raise TrackerError(f"{label} is a git-lfs pointer.", "Run 'git lfs pull' first.")
    stream.seek(0)
    return size


def too_large(label: str, limit: int) -> TrackerError:
    """The failure of a file that holds more than is read."""
    return TrackerError(f"{label} is larger than {limit // 2**20} MB.", "Check the file.")


def read_whole(stream: BinaryIO, label: str, limit: int) -> bytes:
    """All of a file; raises TrackerError where that is more than ``limit`` bytes."""
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise too_large(label, limit)
    return data


def read_lines(stream: BinaryIO, label: str) -> Iterator[bytes]:
    """The lines of a file of events; raises TrackerError where one is too long."""
    while line := stream.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise TrackerError(
                f"A line of {label} is longer than {MAX_LINE // 2**20} MB.", "Check the file."
            )
        yield line
