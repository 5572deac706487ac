"""The files of a folder of logs, read safely: inside the project, regular, and bounded in size."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cardgen.errors import TrackerError

MAX_ENTRIES = 20_000
"""Entries of one folder that are looked at."""

MAX_TEXT = 256 * 1024
"""Bytes of a file of parameters that is read."""

_POINTER = b"version https://git-lfs.github.com/spec/"
_OTHER = re.compile(
    r"\.(?:profile-empty|gz|bz2|xz|zip|zst|json|csv|txt|md|ya?ml|py|log|lock|tmp|part|dvc|png)$|~$"
)


@dataclass(frozen=True)
class Folder:
    """A folder inside the project: its real ``path``, and ``name`` relative to the root."""

    root: Path
    path: Path
    name: str

    def inner(self, below: str) -> Folder:
        """A folder below this one; it may not be there."""
        name = below if self.name == "." else f"{self.name}/{below}"
        return Folder(self.root, self.path / below, name)


@dataclass(frozen=True)
class Names:
    """What lies in a folder: event files, other regular files, and folders, each sorted."""

    events: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return len(self.events) + len(self.files) + len(self.folders)


def is_event_file(name: str) -> bool:
    """Whether TensorBoard would read a file of that name; copies in other formats aside."""
    return "tfevents" in name and not _OTHER.search(name)


def list_names(folder: Folder) -> Names:
    """The entries of a folder; none where it cannot be read. Links are passed over."""
    events: list[str] = []
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(folder.path) as entries:
            for entry, _ in zip(entries, range(MAX_ENTRIES), strict=False):
                if _is_broken(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    (events if is_event_file(entry.name) else files).append(entry.name)
    except OSError:
        return Names()
    return Names(tuple(sorted(events)), tuple(sorted(files)), tuple(sorted(folders)))


def open_file(folder: Folder, name: str) -> BinaryIO:
    """Open a file to read; raises TrackerError where it is no regular file of the project."""
    path, label = folder.path / name, folder.inner(name).name
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if not path.parent.resolve(strict=True).is_relative_to(folder.root):
            raise TrackerError(f"{label} lies outside the project.", "Copy it into the project.")
        descriptor = os.open(path, flags)
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "it cannot be reached"
        raise TrackerError(f"{label} cannot be opened: {why}.", "Check the file.") from None
    stream = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        stream.close()
        raise TrackerError(f"{label} is no regular file.", "Check the file.")
    return stream


def load_text(folder: Folder, name: str) -> str:
    """A UTF-8 file's text; raises TrackerError where it cannot be read or is too large."""
    with open_file(folder, name) as stream:
        data = stream.read(MAX_TEXT + 1)
    if len(data) > MAX_TEXT:
        label = folder.inner(name).name
        raise TrackerError(f"{label} is larger than {MAX_TEXT // 1024} KB.", "Shorten it.")
    return data.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def is_pointer(stream: BinaryIO) -> bool:
    """Whether git-lfs has left a pointer in the file's place; the stream is at its start again."""
    head = stream.read(len(_POINTER))
    stream.seek(0)
    return head == _POINTER


def find_size(folder: Folder, name: str) -> int | None:
    """A file's size in bytes; none for what is no regular file."""
    try:
        found = (folder.path / name).lstat()
    except (OSError, ValueError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


_is_broken: Callable[[str], object] = re.compile("[\ud800-\udfff]").search
