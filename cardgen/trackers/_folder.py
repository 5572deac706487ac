"""Folders inside the project and what lies in them, for adapters of plain files."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from cardgen.errors import TrackerError

MAX_ENTRIES = 10_000
"""Entries of one folder that are looked at."""

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Folder:
    """A folder inside the project: its real ``path``, and ``name`` relative to the root."""

    root: Path
    path: Path
    name: str

    def inner(self, *parts: str) -> Folder:
        """A folder below this one; it may not be there."""
        return Folder(self.root, self.path.joinpath(*parts), self.label("/".join(parts)))

    def label(self, name: str) -> str:
        """A path below this folder, relative to the project's root."""
        return name if self.name == "." else f"{self.name}/{name}"


def start_folder(location: Path, root: Path) -> Folder:
    """A folder to look for runs in; raises TrackerError for one outside the root."""
    root, location = root.resolve(), location.resolve()
    if not location.is_relative_to(root):
        raise TrackerError(f"{location} lies outside the project {root}.", "Copy it into it.")
    return Folder(root, location, location.relative_to(root).as_posix())


def find_names(folder: Folder) -> dict[str, bool]:
    """The folder's entries, sorted: name -> whether it is a folder. Links that lead out are not."""
    try:
        with os.scandir(folder.path) as entries:
            found = [entry for entry, _ in zip(entries, range(MAX_ENTRIES), strict=False)]
    except OSError:
        return {}
    names = {}
    for entry in sorted(found, key=lambda e: e.name):
        if _SURROGATE.search(entry.name) or (entry.is_symlink() and not _is_inside(folder, entry)):
            continue
        try:
            names[entry.name] = entry.is_dir()
        except OSError:
            continue
    return names


def _is_inside(folder: Folder, entry: os.DirEntry[str]) -> bool:
    try:
        return Path(entry.path).resolve().is_relative_to(folder.root)
    except (OSError, RuntimeError):
        return False
