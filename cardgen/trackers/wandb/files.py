"""Files of a run's folder, opened safely: regular ones inside the area that may be read."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cardgen.errors import TrackerError
from cardgen.models import RunFile
from cardgen.safeyaml import UnsafeYaml, parse_yaml
from cardgen.trackers.wandb.values import parse_json

MAX_TEXT = 4 * 1024 * 1024
"""Bytes of a JSON, YAML or text file that are read; a summary is far smaller."""

MAX_YAML = 256 * 1024
"""Bytes of a configuration in YAML that is read."""

MAX_FILES = 1000
"""Files of a run that are listed, in the order of their paths."""

_MAX_ENTRIES = 20_000
_MAX_DEPTH = 12
_ODD = re.compile("[\ud800-\udfff\x00-\x1f]")
_LFS = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\s.*?^oid (sha256:[0-9a-f]{64})$.*?"
    rb"^size (\d{1,18})$",
    re.DOTALL | re.MULTILINE,
)


class UnreadableFile(TrackerError):
    """A file is there and cannot be read as what its name says."""


@dataclass(frozen=True)
class Listing:
    """The names of the folders and of the regular files in a folder, sorted; links left out."""

    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def list_folder(path: Path, limit: int = _MAX_ENTRIES) -> Listing:
    """What lies in a folder; nothing of one that cannot be read."""
    folders, files = [], []
    try:
        with os.scandir(path) as entries:
            for entry, _ in zip(entries, range(limit), strict=False):
                if _ODD.search(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    files.append(entry.name)
    except (OSError, ValueError):
        return Listing()
    return Listing(tuple(sorted(folders)), tuple(sorted(files)))


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read; raises UnreadableFile where it is a link or no such file."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UnreadableFile(f"{path} cannot be opened: {why}.", "Check the file.") from None
    stream = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        stream.close()
        raise UnreadableFile(f"{path} is no regular file.", "Check the file.")
    return stream


def load_bytes(path: Path, limit: int = MAX_TEXT) -> bytes:
    """A file's content; raises UnreadableFile where it is larger, a link or a git-lfs pointer."""
    with open_regular(path) as stream:
        try:
            data = stream.read(limit + 1)
        except OSError as error:
            raise UnreadableFile(f"{path} cannot be read: {error}.", "Check the file.") from None
    if len(data) > limit:
        raise UnreadableFile(f"{path} is larger than {limit // 1024} KB.", "Check the file.")
    refuse_pointer(path, data[:1024])
    return data


def load_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; raises UnreadableFile."""
    try:
        value = parse_json(load_bytes(path).decode("utf-8-sig", "replace"))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UnreadableFile(f"{path} holds no whole JSON object.", "Restore the file.")
    return value


def load_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; raises UnreadableFile."""
    text = load_bytes(path, MAX_YAML).decode("utf-8", "replace")
    try:
        value = parse_yaml(text, max_bytes=MAX_YAML)
    except UnsafeYaml as error:
        raise UnreadableFile(f"{path} is not read: {error.message}", error.hint) from None
    if not isinstance(value, dict):
        raise UnreadableFile(f"{path} holds no settings.", "Restore the file.")
    return value


def refuse_pointer(path: Path, start: bytes) -> None:
    """Raise UnreadableFile where git-lfs has left a pointer in the file's place."""
    if _LFS.match(start):
        raise UnreadableFile(f"{path} is a git-lfs pointer.", "Run 'git lfs pull' first.")


def list_files(folder: Path) -> tuple[RunFile, ...]:
    """The files below a folder by their paths in it, with sizes; at most MAX_FILES."""
    found: list[RunFile] = []
    for path in _walk(folder, 0):
        if len(found) == MAX_FILES:
            break
        try:
            size = path.lstat().st_size
        except OSError:
            continue
        found.append(_make_file(path, path.relative_to(folder).as_posix(), size))
    return tuple(sorted(found, key=lambda file: file.path))


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    listing = list_folder(folder)
    yield from (folder / name for name in listing.files)
    if depth < _MAX_DEPTH:
        for name in listing.folders:
            yield from _walk(folder / name, depth + 1)


def _make_file(path: Path, name: str, size: int) -> RunFile:
    """Size, and what a git-lfs pointer says of the file it stands for."""
    if 100 < size < 400:
        try:
            with open_regular(path) as stream:
                pointer = _LFS.match(stream.read(400))
        except (UnreadableFile, OSError):
            pointer = None
        if pointer:
            return RunFile(path=name, size=int(pointer[2]), digest=pointer[1].decode("ascii"))
    return RunFile(path=name, size=size)
