"""Files that a command leaves, and whether it wrote to any."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from cardgen.capture.workspace import STORES
from cardgen.models import RunFile

MAX_ENTRIES = 20_000
"""Files and folders of one place that are looked at."""

MAX_FILES = 500
"""Files of a run that are recorded."""

MAX_HASHED = 1024 * 1024
"""Bytes of a file whose digest is taken."""

_OWN = re.compile(r"card\.md|evidence\.json|run-[\w-]+\.patch|\..+\.\d+\.tmp")


def is_written(path: Path, since: float) -> bool:
    """Whether a file, or any below a folder but cardgen's own, was written to since a time."""
    return any(
        time >= int(since * 1e9) for name, _, time in _walk(path) if not _OWN.fullmatch(name)
    )


def list_files(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of each file of an experiment, by its path in the folder.

    Cardgen's own files and the stores of trackers are left out.
    """
    return {
        path: (size, time)
        for path, size, time in _walk(folder)
        if not _OWN.fullmatch(path) and not any(map(_is_passed_over, path.split("/")))
    }


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or name in STORES or name == "__pycache__"


def find_files(folder: Path, before: Mapping[str, tuple[int, int]], root: Path) -> list[RunFile]:
    """The files that are new or other than before, sorted; small ones with their digest."""
    after = list_files(folder)
    changed = sorted(path for path, state in after.items() if before.get(path) != state)
    return [
        RunFile(
            path=(folder / path).relative_to(root).as_posix(),
            size=after[path][0],
            digest=_digest(folder / path) if after[path][0] <= MAX_HASHED else "",
        )
        for path in changed[:MAX_FILES]
    ]


def _digest(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as file:
            return f"sha256:{hashlib.sha256(file.read(MAX_HASHED)).hexdigest()}"
    except OSError:
        return ""


def _walk(start: Path) -> Iterator[tuple[str, int, int]]:
    """The regular files at or below a path: relative path, size, time in ns. Links are left out."""
    if start.is_file():
        status = start.stat()
        yield start.name, status.st_size, status.st_mtime_ns
        return
    waiting, left = [(start, "")], MAX_ENTRIES
    while waiting:
        folder, prefix = waiting.pop()
        for entry in _scan(folder):
            left -= 1
            if not left:
                return
            name = f"{prefix}{entry.name}"
            try:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((Path(entry.path), f"{name}/"))
                elif entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    yield name, status.st_size, status.st_mtime_ns
            except OSError:
                continue


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
