"""A session's zip, read where it lies: bounded in entries and sizes, and nothing unpacked."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from cardgen.errors import TrackerError
from cardgen.models import RunFile
from cardgen.trackers.clearml.session import (
    MAX_ENTRIES,
    MAX_FILES,
    TASK,
    is_text,
    open_archive,
    too_large,
)

MAX_DIRECTORY = 8 * 1024 * 1024
"""Bytes of a zip's list of entries."""

MAX_RATIO = 400
"""How much smaller than itself an entry may be in the zip; events shrink to a thirtieth."""

_SMALL = 1024 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    OSError,
)
_RESTORE = "Restore it, or read the session's folder."


class _Bounded(io.BufferedReader):
    """A file of which no more than MAX_DIRECTORY bytes are read at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = MAX_DIRECTORY + 1 if size is None or size < 0 else size
        data = super().read(min(wanted, MAX_DIRECTORY + 1))
        if len(data) > MAX_DIRECTORY:
            raise zipfile.BadZipFile("it lists too many entries")
        return data


@dataclass(frozen=True)
class ZipSession:
    """A session's zip; ``prefix`` is the folder inside it that holds the session, often none."""

    archive: zipfile.ZipFile
    name: str
    prefix: str
    ended: bool = True

    @contextmanager
    def open(self, name: str, limit: int) -> Iterator[BinaryIO | None]:
        label = f"{name} in {self.name}"
        try:
            entry = self.archive.getinfo(self.prefix + name)
        except KeyError:
            yield None
            return
        _refuse_entry(entry, label, limit)
        with _faults(label), self.archive.open(entry) as stream:
            yield cast("BinaryIO", stream)

    def find_files(self) -> tuple[RunFile, ...]:
        found = {}
        for entry in self.archive.infolist():
            path = entry.filename.removeprefix(self.prefix)
            left = entry.filename.startswith((f"{self.prefix}data/", f"{self.prefix}models/"))
            if left and not entry.is_dir() and is_text(path):
                found[path] = RunFile(path=path, size=entry.file_size)
        return tuple(found[path] for path in sorted(found)[:MAX_FILES])


def _refuse_entry(entry: zipfile.ZipInfo, label: str, limit: int) -> None:
    if entry.flag_bits & 0x1:
        raise TrackerError(f"{label} is encrypted.", "Make the zip again without a password.")
    if entry.compress_type not in _METHODS:
        raise TrackerError(f"{label} is compressed in a way that is not read.", _RESTORE)
    if entry.file_size > limit:
        raise too_large(label, limit)
    if entry.file_size > max(_SMALL, entry.compress_size * MAX_RATIO):
        raise TrackerError(f"{label} is compressed too strongly to be ClearML's.", _RESTORE)


@contextmanager
def open_zip(path: Path, root: Path, name: str) -> Iterator[ZipSession]:
    """The session in a zip; raises TrackerError where it is none or cannot be read."""
    with open_archive(path, root, name) as stream, _Bounded(stream.raw) as bounded:
        with _faults(name):
            archive = zipfile.ZipFile(bounded)
        with archive:
            if len(archive.filelist) > MAX_ENTRIES:
                raise TrackerError(f"{name} lists too many entries.", _RESTORE)
            yield ZipSession(archive, name, _find_prefix(archive, name))


def _find_prefix(archive: zipfile.ZipFile, name: str) -> str:
    """Where the session lies in the zip: at the top, or in a folder of it."""
    tasks = [
        entry.removesuffix(TASK)
        for entry in archive.namelist()
        if entry == TASK or (entry.endswith(f"/{TASK}") and entry.count("/") == 1)
    ]
    if not tasks:
        raise TrackerError(f"{name} holds no {TASK}.", "Name the zip of a ClearML session.")
    if len(tasks) > 1 and "" not in tasks:
        raise TrackerError(f"{name} holds several sessions.", "Unpack it and name their folders.")
    return min(tasks, key=len)


@contextmanager
def _faults(label: str) -> Iterator[None]:
    """What reading a damaged zip raises, as one sentence."""
    try:
        yield
    except _FAULTS as error:
        if isinstance(error, OSError) and error.strerror:
            why = f"cannot be read: {error.strerror}"
        else:
            why = "is damaged or no zip"
        raise TrackerError(f"{label} {why}.", _RESTORE) from None
