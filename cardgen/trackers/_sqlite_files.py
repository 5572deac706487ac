"""The files of an SQLite database, looked at and copied without SQLite."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from cardgen.errors import TrackerError

_COPIES = 3


def is_wal(path: Path) -> bool:
    """Whether the database is in WAL mode, by the versions for writing and reading in its head."""
    return b"\x02" in read_head(path)[18:20]


def find_total(path: Path) -> int:
    """Bytes of a database and its WAL."""
    return find_size(path) + find_size(find_beside(path, "-wal"))


def read_head(path: Path) -> bytes:
    """The first bytes of a file; raises OSError."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return os.read(handle, 100)
    finally:
        os.close(handle)


def find_stamp(path: Path) -> tuple[int, int]:
    """What changes when a file is written."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def find_size(path: Path) -> int:
    """Bytes of a file, 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def find_beside(path: Path, suffix: str) -> Path:
    """The file of that kind that SQLite keeps beside a database: ``-wal``, ``-journal``."""
    return path.with_name(path.name + suffix)


def copy_files(path: Path, folder: Path) -> Path:
    """The database with its WAL or journal as they were at one moment.

    The WAL may grow meanwhile: its checksums tell where the last whole transaction ends. What must
    not change is the database itself and the WAL's head, or a checkpoint came in between.
    """
    target = folder / "copy.db"
    for _ in range(_COPIES):
        before = (find_stamp(path), _read_wal_head(path))
        shutil.copyfile(path, target)
        for suffix in ("-wal", "-journal"):
            beside = find_beside(path, suffix)
            find_beside(target, suffix).unlink(missing_ok=True)
            if find_size(beside):
                shutil.copyfile(beside, find_beside(target, suffix))
        if (find_stamp(path), _read_wal_head(path)) == before:
            return target
    raise TrackerError(f"{path} is being written to all the time.", "Try again a little later.")


def _read_wal_head(path: Path) -> bytes:
    wal = find_beside(path, "-wal")
    return read_head(wal)[:32] if find_size(wal) else b""
