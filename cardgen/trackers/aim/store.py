"""A RocksDB database as Aim keeps one for each run, read without RocksDB and without a trace.

RocksDB itself makes files beside a database when it opens one, also to read. Here the files are
read as they lie: the tables that the manifest lists, and the logs of what is in no table yet.
While a program writes, tables come and go; then it is all read again.
"""

from __future__ import annotations

import os
import re
import stat
from bisect import bisect_left
from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.trackers.aim.bytes import Damaged
from cardgen.trackers.aim.log import (
    DELETE,
    DELETE_RANGE,
    PUT,
    SINGLE_DELETE,
    Entry,
    Manifest,
    parse_manifest,
)
from cardgen.trackers.aim.log import read_batches as read_log
from cardgen.trackers.aim.table import read_table

MAX_BYTES = 512 * 1024 * 1024
"""Bytes of all files of one database."""

_TRIES = 3
_MANIFEST = re.compile(r"MANIFEST-\d{1,20}")
_LOG = re.compile(r"(\d{1,20})\.log")


class _Gone(Exception):
    """A file that was there a moment ago is not there any more."""


def load_store(folder: Path, root: Path, label: str) -> dict[bytes, bytes]:
    """The newest value of each key, by key; raises TrackerError.

    Nothing outside ``root`` is read; ``label`` is the database as a message names it.
    """
    for left in reversed(range(_TRIES)):
        try:
            return _load(folder, root)
        except _Gone as error:
            if not left:
                raise TrackerError(
                    f"{label} lacks its file {error}.", "Copy it whole, or try again."
                ) from None
        except Damaged as error:
            raise TrackerError(f"{label} cannot be read: {error}.", "Restore it.") from None
    raise AssertionError("unreachable")


def _load(folder: Path, root: Path) -> dict[bytes, bytes]:
    files = _Files(folder, root)
    current = files.read("CURRENT").decode("ascii", "replace").strip()
    if not _MANIFEST.fullmatch(current):
        raise Damaged("CURRENT names no manifest")
    manifest = parse_manifest(files.read(current))
    changes = _Changes()
    for name in _find_names(folder, manifest):
        read = read_log if name.endswith(".log") else read_table
        try:
            for entry in read(files.read(name)):
                changes.add(entry)
        except Damaged as error:
            raise Damaged(f"in {name}, {error}") from None
    return changes.keep()


def _find_names(folder: Path, manifest: Manifest) -> list[str]:
    """The tables, then the logs that are in use, each from old to new."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        raise _Gone(folder.name) from None
    logs = sorted(
        (int(found[1]), name)
        for name in names
        if (found := _LOG.fullmatch(name)) and int(found[1]) >= manifest.oldest_log
    )
    tables = [f"{number:06}.sst" for number in sorted(manifest.tables)]
    return tables + [name for _, name in logs]


class _Changes:
    """The newest change of each key, and ranges of keys that were deleted."""

    def __init__(self) -> None:
        self._newest: dict[bytes, tuple[int, int, bytes]] = {}
        self._ranges: list[tuple[bytes, bytes, int]] = []

    def add(self, entry: Entry) -> None:
        key, number, kind, value = entry
        if kind == DELETE_RANGE:
            self._ranges.append((key, value, number))
            return
        old = self._newest.get(key)
        if old is None or number >= old[0]:
            self._newest[key] = (number, kind, value)

    def keep(self) -> dict[bytes, bytes]:
        """The values that are there in the end, by key."""
        keys = sorted(self._newest)
        gone = {
            key
            for first, behind, number in set(self._ranges)
            for key in keys[bisect_left(keys, first) : bisect_left(keys, behind)]
            if self._newest[key][0] < number
        }
        kept = {}
        for key in keys:
            _, kind, value = self._newest[key]
            if kind == PUT and key not in gone:
                kept[key] = value
            elif kind not in (PUT, DELETE, SINGLE_DELETE):
                raise Damaged(f"a change is of a kind that Aim does not make ({kind})")
        return kept


class _Files:
    """The files of one database, read whole and bounded in all."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder = folder
        self._root = root
        self._left = MAX_BYTES

    def read(self, name: str) -> bytes:
        try:
            real = (self._folder / name).resolve(strict=True)
            if not real.is_relative_to(self._root):
                raise Damaged(f"{name} is a link out of the project")
            descriptor = os.open(real, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except (OSError, RuntimeError):
            raise _Gone(name) from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Damaged(f"{name} is no regular file")
        with os.fdopen(descriptor, "rb") as stream:
            data = stream.read(self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise Damaged(f"it is larger than {MAX_BYTES // 2**20} MB")
        return data
