"""What files look like without reading them, and when that can be relied on."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from hashlib import blake2b
from pathlib import Path

TICK = 20_000_000
"""So coarse is the clock of files, in ns: a change within it may go unseen."""

_COARSE = 2_000_000_000  # where times are whole seconds

Look = tuple[str, int, int, int, int]
"""A file below a folder: its name, size, times of change and of status, its inode."""


def look(path: Path) -> Iterator[Look]:
    """A file, or all files of a folder; a link has the size -1. Nothing for what is not there."""
    if path.is_dir():
        yield from _walk(str(path), "")
    elif path.is_file():
        found = path.lstat()
        yield path.name, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _walk(folder: str, prefix: str) -> Iterator[Look]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{prefix}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, f"{name}/")
                continue
            found = entry.stat(follow_symlinks=False)
            size = -1 if entry.is_symlink() else found.st_size
            yield name, size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def is_settled(found: Collection[Look], now: int) -> bool:
    """Whether no file can change after ``now`` (in ns) and look the same.

    One that was changed in the same moment could; and what a link leads to is not seen.
    """
    if any(size < 0 for _, size, *_ in found):
        return False
    newest = max((max(mtime, status) for _, _, mtime, status, _ in found), default=0)
    coarse = bool(found) and not any(mtime % 1_000_000_000 for _, _, mtime, _, _ in found)
    return newest + (_COARSE if coarse else TICK) <= now


def digest(*values: object) -> str:
    """One word for plain values."""
    return blake2b(repr(values).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
