"""Looking through strangers' folders: bounded, in a stable order, never out of the project."""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cardgen.errors import TrackerError

MAX_DEPTH = 10
MAX_ENTRIES = 200_000
"""Entries of folders that one search looks at; the nearest come first."""

MAX_IN_FOLDER = 50_000
"""Entries of one folder that are looked at, so that a data set beside it hides no export."""

MAX_SMALL = 256 * 1024
"""Bytes of a small text file that are read."""

_SKIPPED = frozenset(
    (
        "node_modules",
        "__pycache__",
        "site-packages",
        "venv",
        "env",
        "mlruns",
        "wandb",
        "upload_path",
    )
)
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\s.*?^oid (sha256:[0-9a-f]{64})$.*?"
    rb"^size (\d{1,18})$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Folder:
    """A folder as found: sorted names of its folders and of its regular files."""

    path: Path
    folders: tuple[str, ...]
    files: tuple[str, ...]


def list_folder(path: Path, limit: int = MAX_IN_FOLDER) -> Folder:
    """What lies in a folder; links and special files are left out, and so is all of a folder that
    cannot be read."""
    folders, files = [], []
    try:
        with os.scandir(path) as entries:
            for entry, _ in zip(entries, range(limit), strict=False):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    files.append(entry.name)
    except OSError:
        return Folder(path, (), ())
    return Folder(path, _printable(folders), _printable(files))


def walk(top: Path, depth: int = MAX_DEPTH) -> Iterator[Folder]:
    """A folder and those below it, the nearest first; hidden ones only where Neptune made them."""
    waiting = deque([(top, 0)])
    seen = 0
    while waiting and seen < MAX_ENTRIES:
        path, level = waiting.popleft()
        folder = list_folder(path, min(MAX_ENTRIES - seen, MAX_IN_FOLDER))
        seen += len(folder.folders) + len(folder.files) + 1
        yield folder
        if level < depth:
            # What an export downloaded lies in files/ beside data/ and is no run.
            names = [n for n in folder.folders if n != "files" or "data" not in folder.folders]
            waiting += ((path / name, level + 1) for name in names if _enters(name))


def list_files(top: Path, limit: int) -> Iterator[str]:
    """Paths of all regular files below a folder, relative to it."""
    found = 0
    for folder in walk(top):
        for name in folder.files:
            if found >= limit:
                return
            found += 1
            yield (folder.path / name).relative_to(top).as_posix()


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read; raises TrackerError where it is a link or no such file."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise TrackerError(f"{path} cannot be opened: {why}.", "Check the file.") from None
    stream = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        stream.close()
        raise TrackerError(f"{path} is no regular file.", "Check the file.")
    return stream


def read_start(path: Path, limit: int = MAX_SMALL) -> bytes:
    """The first bytes of a file, none where it cannot be read."""
    try:
        with open_regular(path) as stream:
            return stream.read(limit)
    except (TrackerError, OSError):
        return b""


def measure(path: Path) -> tuple[int | None, str]:
    """A file's size, and its digest where git-lfs wrote it down; nothing for what is no file."""
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return None, ""
    if not stat.S_ISREG(found.st_mode):
        return None, ""
    pointer = _POINTER.match(read_start(path, 1024)) if found.st_size <= 1024 else None
    return (int(pointer[2]), pointer[1].decode()) if pointer else (found.st_size, "")


def is_pointer(path: Path) -> bool:
    """Whether git-lfs has left a pointer in the file's place."""
    return _POINTER.match(read_start(path, 1024)) is not None


def join_inside(top: Path, relative: str) -> Path | None:
    """A path below a folder; none where it leads out of it, by ``..`` or by a link."""
    try:
        path = (top / relative).resolve()
        return path if path.is_relative_to(top.resolve()) else None
    except (OSError, ValueError, RuntimeError):
        return None


def _enters(name: str) -> bool:
    return name == ".neptune" or not (name.startswith((".", "_site")) or name in _SKIPPED)


def _printable(names: list[str]) -> tuple[str, ...]:
    """Without names that are no UTF-8: no ref could name them."""
    return tuple(sorted(name for name in names if not _is_broken(name)))


_is_broken: Callable[[str], object] = re.compile("[\ud800-\udfff]").search
