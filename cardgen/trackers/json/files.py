"""The files of a run's folder, read safely: inside the project, regular, of bounded size."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.trackers._folder import Folder, find_names

MAX_BYTES = 32 * 1024 * 1024
"""Bytes of a file that is read; a hundred thousand rows take half of it."""

MAX_MATCHES = 200
"""Files that one pattern may match."""

SUFFIXES = (".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".csv", ".tsv", ".toml", ".log", ".txt")
"""What is ever opened: nothing that could hold a model or a pickle."""

_POINTER = b"version https://git-lfs.github.com/spec/v1"


def find_place(locator: str, root: Path) -> tuple[Folder, str]:
    """The folder that a locator names, and the file where it names one ("" for none).

    Raises TrackerError unless it is there and inside the root.
    """
    real_root = root.resolve()
    try:
        path = (real_root / locator).resolve()
        there = path.is_dir() or path.is_file()
    except (OSError, ValueError, RuntimeError):
        there = False
    if not there:
        raise TrackerError(
            f"There is no folder '{locator}' in {root}.",
            "Name the run's folder relative to the project's root, as in json:outputs/run7.",
        )
    if not path.is_relative_to(real_root):
        raise TrackerError(
            f"'{locator}' lies outside the project {root}.", "Copy the folder into the project."
        )
    folder = path if path.is_dir() else path.parent
    file = "" if path.is_dir() else path.name
    return Folder(real_root, folder, folder.relative_to(real_root).as_posix()), file


def match_files(folder: Folder, pattern: str, names: dict[str, bool] | None = None) -> list[str]:
    """The files that a pattern such as ``eval/*.json`` matches, relative to the folder, sorted.

    Nothing that begins with a dot is matched by a wildcard. ``names`` are the folder's entries
    where they are known.
    """
    found = _match(folder, pattern.split("/"), folders=False, names=names)
    return [path for path, _ in zip(found, range(MAX_MATCHES), strict=False)]


def match_places(start: Folder, pattern: str) -> Iterator[str]:
    """The folders and files that a pattern matches, relative to a folder."""
    yield from _match(start, pattern.split("/"), folders=True, names=None)


def _match(
    folder: Folder, parts: list[str], *, folders: bool, names: dict[str, bool] | None
) -> Iterator[str]:
    names = find_names(folder) if names is None else names
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _match(folder, rest or ["*"], folders=folders, names=names)
        below = [n for n, is_folder in names.items() if is_folder and not n.startswith(".")]
        for name in below:
            if not (folder.path / name).is_symlink():
                inner = _match(folder.inner(name), parts, folders=folders, names=None)
                yield from (f"{name}/{path}" for path in inner)
        return
    for name, is_folder in names.items():
        if not _fits(name, part):
            continue
        if not rest:
            if folders or not is_folder:
                yield name
        elif is_folder:
            inner = _match(folder.inner(name), rest, folders=folders, names=None)
            yield from (f"{name}/{path}" for path in inner)


def _fits(name: str, part: str) -> bool:
    hidden = name.startswith(".") and not part.startswith(".")
    return name == part or (not hidden and fnmatchcase(name, part))


def read_head(folder: Folder, name: str, count: int) -> bytes:
    """The first bytes of a file; none where it cannot be read."""
    try:
        return _read(folder, name, count)
    except TrackerError:
        return b""


def load_text(folder: Folder, name: str) -> str:
    """A file's text; raises TrackerError where it cannot be read as one."""
    label = folder.label(name)
    data = _read(folder, name, MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise TrackerError(
            f"{label} is larger than {MAX_BYTES // 1024 // 1024} MB.",
            "Log less often, or split it.",
        )
    if data.startswith(_POINTER):
        raise TrackerError(f"{label} is a git-lfs pointer.", "Run 'git lfs pull' first.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    text = data.decode("utf-8-sig", "replace")
    return text if len(data) % 4096 or text.endswith("\n") else f"{text}{CUT}"


CUT = "\0"
"""Ends a text that a killed process left cut: its last buffer is full and its last line open."""


def _read(folder: Folder, name: str, count: int) -> bytes:
    label = folder.label(name)
    if not name.lower().endswith(SUFFIXES):
        raise TrackerError(f"{label} is not opened.", f"Name files of {', '.join(SUFFIXES)}.")
    try:
        real = (folder.path / name).resolve(strict=True)
        if not real.is_relative_to(folder.root):
            raise TrackerError(f"{label} is a link out of the project.", "Copy the file.")
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(real, flags)
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it cannot be reached"
        raise TrackerError(f"{label} cannot be opened: {why}.", "Check the file.") from None
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise TrackerError(f"{label} is no regular file.", "Check the file.")
        return stream.read(count)


def find_size(folder: Folder, name: str) -> int | None:
    """A file's size in bytes."""
    try:
        return (folder.path / name).stat().st_size
    except OSError:
        return None
