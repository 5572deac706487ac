"""What lies at paths of the project: each folder is read once, by its exact names."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from cardgen.git import read_git
from cardgen.surroundings import FileState

_LISTED = 2000


def find_states(root: Path, paths: Iterable[str]) -> dict[str, FileState]:
    """What lies at each path, which is relative to ``root`` and leads nowhere above it."""
    wanted = dict.fromkeys(paths)
    looker = _Looker(root)
    states = {path: looker.look(path) for path in wanted}
    ignored = _find_ignored(root, (path for path in wanted if path not in looker.apart))
    return {
        path: FileState(state.presence, state.near, True) if path in ignored else state
        for path, state in states.items()
    }


class _Looker:
    """One look at a project's folders."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._real = root.resolve()
        self._list = cache(self._read)
        self.apart: set[str] = set()
        """Paths beyond a link or in a submodule: asked after one, git answers nothing at all."""

    def _read(self, folder: str) -> Mapping[str, str] | None:
        """Names to ``file``, ``folder`` or ``link``; None where it is no folder to be read."""
        try:
            with os.scandir(self._root / folder) as entries:
                return {entry.name: _name_kind(entry) for entry in entries}
        except (OSError, ValueError):
            return None

    def look(self, path: str) -> FileState:
        """Part by part, since not every file system tells upper from lower case."""
        folder, kind, other = "", "folder", False
        parts = [part for part in path.split("/") if part not in ("", ".")]
        for number, part in enumerate(parts):
            names = self._list(folder)
            if names is None:
                return FileState("missing")
            name = part if part in names else _find_in_other_case(part, names)
            if not name:
                return self._miss(folder, part, names, last=number == len(parts) - 1)
            other = other or name != part
            folder = f"{folder}/{name}" if folder else name
            kind = names[name]
            if (kind == "link" and number < len(parts) - 1) or (number and ".git" in names):
                self.apart.add(path)
            if kind == "link":
                kind = self._follow(folder)
                if kind in ("missing", "outside"):
                    return FileState("outside" if kind == "outside" else "missing")
        if other:
            return FileState("case", folder)
        return FileState("folder" if kind == "folder" else "file")

    def _follow(self, path: str) -> str:
        try:
            real = (self._root / path).resolve(strict=True)
        except (OSError, RuntimeError):
            return "missing"
        if not real.is_relative_to(self._real):
            return "outside"
        return "folder" if real.is_dir() else "file"

    def _miss(self, folder: str, name: str, names: Mapping[str, str], last: bool) -> FileState:
        """What DVC keeps elsewhere is there as its pointer; else the nearest name is told."""
        if last and f"{name}.dvc" in names:
            return FileState("file")
        near = difflib.get_close_matches(name, list(names)[:_LISTED], n=1, cutoff=0.75)
        return FileState("missing", "/".join(filter(None, (folder, *near))) if near else "")


def _name_kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "link"
    return "folder" if entry.is_dir() else "file"


def _find_in_other_case(name: str, names: Iterable[str]) -> str:
    folded = name.casefold()
    return next((other for other in sorted(names) if other.casefold() == folded), "")


def _find_ignored(root: Path, paths: Iterable[str]) -> frozenset[str]:
    """Those of the paths that git would not take along."""
    stdin = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    printed = read_git(root, "check-ignore", "--stdin", "-z", stdin=stdin) if stdin else None
    return frozenset((printed or b"").decode("utf-8", "surrogateescape").split("\0")) - {""}
