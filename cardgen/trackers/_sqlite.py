"""Opening an SQLite file that another program owns, and leaving no trace beside it.

A database in WAL mode is the trap: opening it, even read-only, makes or rewrites a ``-shm`` file
next to it, and ``immutable`` ignores what only the WAL holds. So a WAL that holds something is
read from a copy; without one, nothing is missing from the file itself.
"""

from __future__ import annotations

import atexit
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from cardgen.errors import TrackerError
from cardgen.trackers._sqlite_files import (
    copy_files,
    find_beside,
    find_size,
    find_stamp,
    find_total,
    is_wal,
    read_head,
)

SECONDS = 30.0
"""How long one reading may take in all."""

MAX_COPY = 64 * 1024 * 1024
"""Bytes of a database and its WAL that are copied; a larger pair is read where it lies."""

_MAGIC = b"SQLite format 3\x00"
_LFS = b"version https://git-lfs.github.com/spec/"
_MAX_VALUE = 64 * 1024 * 1024
_MAX_IDLE = 4
_LOCKS: dict[Path, threading.RLock] = {}
_IDLE: dict[Path, tuple[tuple[int, int, int], sqlite3.Connection]] = {}
# In a damaged file the name that is part of a message may be no text either.
_FAULTS = (sqlite3.Error, UnicodeDecodeError)
# Failures that a copy of one's own cures: a folder or a journal that may not be written.
_CURABLE = ("SQLITE_CANTOPEN", "SQLITE_READONLY")


def is_sqlite(path: Path) -> bool:
    """Whether the file begins as SQLite files do; false for what cannot be read."""
    try:
        with _find_lock(path):
            return path.is_file() and read_head(path).startswith(_MAGIC)
    except OSError:
        return False


@contextmanager
def open_readonly(path: Path, *, seconds: float = SECONDS) -> Iterator[sqlite3.Connection]:
    """A connection that can only read, also while another process writes.

    All that is read in the block is of one moment. Text that is no UTF-8 is read with replacement
    characters. What SQLite raises, here and in the block, becomes a TrackerError; so does reading
    for longer than ``seconds``. Threads that read the same file take turns.
    """
    with ExitStack() as stack:
        stack.enter_context(_find_lock(path))
        _refuse_other(path)
        try:
            connection = stack.enter_context(_connect(path, time.monotonic() + seconds))
        except _FAULTS as error:
            raise _as_tracker_error(path, error, seconds) from None
        except OSError as error:
            raise _as_unreadable(path, error) from None
        try:
            yield connection
        except _FAULTS as error:
            raise _as_tracker_error(path, error, seconds) from None


def _find_lock(path: Path) -> threading.RLock:
    """One reader of a file at a time: closing any handle drops all locks that the process has."""
    return _LOCKS.setdefault(path, threading.RLock())


@contextmanager
def _connect(path: Path, deadline: float) -> Iterator[sqlite3.Connection]:
    in_wal = is_wal(path)
    if in_wal and not find_size(find_beside(path, "-wal")):
        with _open_settled(path, deadline) as connection:
            yield connection
        return
    in_place = None if in_wal and find_total(path) <= MAX_COPY else _open_in_place(path, deadline)
    if in_place is not None:
        with _kept(path, in_place) as connection:
            yield connection
        return
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cardgen-"))
        copied = copy_files(path, Path(folder))
        yield stack.enter_context(closing(_open(copied, "mode=rw", deadline)))


@contextmanager
def _kept(path: Path, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Keep the connection for the next reading: parsing the schema is most of what opening costs.

    Idle it holds no lock. A few are kept, and one that met an error is not.
    """
    try:
        yield connection
        connection.rollback()
    except BaseException:
        connection.close()
        raise
    _IDLE[path] = (_identify(path), connection)
    while len(_IDLE) > _MAX_IDLE:
        with suppress(KeyError, StopIteration):
            _IDLE.pop(next(iter(_IDLE)))[1].close()


def close_idle() -> None:
    """Close the connections that were kept for a next reading."""
    while _IDLE:
        with suppress(KeyError):
            _IDLE.popitem()[1][1].close()


@contextmanager
def _open_settled(path: Path, deadline: float) -> Iterator[sqlite3.Connection]:
    """No WAL: the file is whole, and ``immutable`` keeps SQLite from making one beside it."""
    before = find_stamp(path)
    with closing(_open(path, "mode=ro&immutable=1", deadline)) as connection:
        yield connection
    if find_stamp(path) != before or find_size(find_beside(path, "-wal")):
        raise TrackerError(f"{path} was written to while it was read.", "Try again.")


def _open_in_place(path: Path, deadline: float) -> sqlite3.Connection | None:
    identity, idle = _IDLE.pop(path, (None, None))
    if idle is not None:
        if identity == _identify(path) and not is_wal(path):
            try:
                return _begin(idle, deadline)
            except _FAULTS:
                pass  # a new connection says what is wrong
        idle.close()
    try:
        return _open(path, "mode=ro", deadline)
    except sqlite3.OperationalError as error:
        if not (getattr(error, "sqlite_errorname", None) or "").startswith(_CURABLE):
            raise
        return None


def _open(path: Path, mode: str, deadline: float) -> sqlite3.Connection:
    address = f"file:{quote(path.absolute().as_posix())}?{mode}"
    waits = max(0.1, min(5.0, deadline - time.monotonic()))
    connection = sqlite3.connect(
        address, uri=True, timeout=waits, isolation_level=None, check_same_thread=False
    )
    try:
        connection.text_factory = as_text
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.execute("PRAGMA query_only=ON")
        return _begin(connection, deadline)
    except BaseException:
        connection.close()
        raise


def _begin(connection: sqlite3.Connection, deadline: float) -> sqlite3.Connection:
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    connection.execute("BEGIN")
    connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    return connection


def _refuse_other(path: Path) -> None:
    try:
        head = read_head(path)
    except OSError as error:
        raise _as_unreadable(path, error) from None
    if head.startswith(_LFS):
        raise TrackerError(f"{path} is a git-lfs pointer, not the file.", "Run 'git lfs pull'.")
    if not head.startswith(_MAGIC):
        raise TrackerError(f"{path} is no SQLite database.", "Name another file.")


def _identify(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return os.getpid(), found.st_dev, found.st_ino


def _as_unreadable(path: Path, error: OSError) -> TrackerError:
    if isinstance(error, FileNotFoundError):
        return TrackerError(f"{path} is not there.", "Check the path.")
    return TrackerError(f"{path} cannot be read: {error.strerror or error}.", "Check its rights.")


def as_text(value: bytes) -> str:
    """Text as it is read from a database: replacement characters for what is no UTF-8."""
    return value.decode("utf-8", "replace")


def _as_tracker_error(path: Path, error: Exception, seconds: float) -> TrackerError:
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return TrackerError(
            f"{path} is locked by a program that writes to it.", "Try again when that is done."
        )
    if name == "SQLITE_INTERRUPT":
        return TrackerError(f"Reading {path} took longer than {seconds:g} s.", "Try again.")
    what = "it is damaged" if isinstance(error, UnicodeDecodeError) else error
    return TrackerError(f"{path} cannot be read: {what}.", "Restore or repair the file.")


atexit.register(close_idle)
