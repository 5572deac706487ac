"""The files of a project, from the folder on disk or from a commit.

Paths are relative to the project's folder, with forward slashes. Only what lies inside is read:
links lead nowhere out, and what a commit holds as a link or a submodule is not there.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from cardgen.errors import TrackerError
from cardgen.git import Objects, TreeEntry, parse_tree

MAX_ENTRIES = 10_000
"""Entries of one folder that are looked at."""

MAX_FOLDERS = 20_000
MAX_SEEN = 200_000
"""Entries of all folders together that are looked at."""

MAX_DEPTH = 16

MAX_TREE = 16 * 1024 * 1024
"""Bytes of a folder in git."""

MAX_RECENT, MAX_RECENT_SIZE = 4096, 64 * 1024
# What git objects hold never changes: their ids are digests of it.
_RECENT: dict[str, bytes] = {}

SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "venv", "env", "_site"})
_SURROGATE = re.compile("[\ud800-\udfff]")


class UnreadableFile(TrackerError):
    """A file is there and cannot be read as what its name says."""


class Tree(Protocol):
    """A folder with all below it."""

    def find_names(self, folder: str) -> Mapping[str, bool]:
        """The entries of a folder, sorted: name -> whether it is a folder; empty for none."""
        ...

    def load(self, path: str, limit: int) -> bytes | None:
        """A file's content; None where there is none. Raises UnreadableFile if it is larger."""
        ...


def join(folder: str, path: str) -> str:
    """A path below a folder, ``""`` being the project's own; may still lead out (``../``)."""
    joined = posixpath.normpath(posixpath.join(folder or ".", path.replace("\\", "/")))
    return "" if joined == "." else joined


def is_inside(path: str) -> bool:
    """Whether a path that was joined lies in the project."""
    return not (path == ".." or path.startswith(("../", "/")) or "\0" in path)


@dataclass(frozen=True)
class WorkTree:
    """The files on disk: ``folder`` and all below, as far as they are inside ``root``."""

    root: Path
    folder: Path

    def find_names(self, folder: str) -> Mapping[str, bool]:
        try:
            with os.scandir(self.folder / folder) as entries:
                found = [entry for entry, _ in zip(entries, range(MAX_ENTRIES), strict=False)]
        except (OSError, ValueError):
            return {}
        names = {}
        for entry in sorted(found, key=lambda entry: entry.name):
            # A link to a folder would show the same twice, or lead in circles.
            if not _SURROGATE.search(entry.name):
                names[entry.name] = entry.is_dir(follow_symlinks=False)
        return names

    def load(self, path: str, limit: int) -> bytes | None:
        try:
            real = (self.folder / path).resolve(strict=True)
            if not real.is_relative_to(self.root):
                raise UnreadableFile(f"{path} is a link out of the project.", "Copy the file.")
            descriptor = os.open(real, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, RuntimeError) as error:
            why = getattr(error, "strerror", None) or "it cannot be reached"
            raise UnreadableFile(f"{path} cannot be opened: {why}.", "Check the file.") from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return None
        with os.fdopen(descriptor, "rb") as stream:
            data = stream.read(limit + 1)
        return _limit(data, path, limit)


@dataclass(frozen=True)
class CommitTree:
    """The files of a commit: those below ``prefix``, a path that ends with a slash or is empty."""

    objects: Objects
    commit: str
    prefix: str
    _folders: dict[str, dict[str, TreeEntry]] = field(default_factory=dict, repr=False)

    def find_names(self, folder: str) -> Mapping[str, bool]:
        entries = self._find_entries(folder)
        return {
            name: entry.mode == "40000"
            for name, entry in sorted(entries.items())
            if entry.mode == "40000" or entry.mode.startswith("100")
        }

    def load(self, path: str, limit: int) -> bytes | None:
        folder, name = posixpath.split(path)
        entry = self._find_entries(folder).get(name)
        if entry is None or not entry.mode.startswith("100"):
            return None
        content = self._read(entry.id, limit)
        return _limit(content, path, limit)

    def _find_entries(self, folder: str) -> dict[str, TreeEntry]:
        if folder not in self._folders:
            self._folders[folder] = self._read_entries(folder)
        return self._folders[folder]

    def _read_entries(self, folder: str) -> dict[str, TreeEntry]:
        name = f"{self.commit}:{self.prefix}".rstrip("/")
        if folder:
            parent, _, last = folder.rpartition("/")
            entry = self._find_entries(parent).get(last)
            if entry is None or entry.mode != "40000":
                return {}
            return _parse_entries(self._read(entry.id, MAX_TREE) or b"", len(self.commit))
        found = self.objects.find(name, MAX_TREE)
        if found is None or found.kind != "tree":
            return {}
        return _parse_entries(found.content or b"", len(self.commit))

    def _read(self, digits: str, limit: int) -> bytes | None:
        """An object's content; None where it is too large. Most commits share most of theirs."""
        content = _RECENT.get(digits)
        if content is not None:
            return content if len(content) <= limit else None
        found = self.objects.find(digits, limit)
        if found is None:
            raise _missing(self.commit)
        if found.content is not None and len(found.content) <= MAX_RECENT_SIZE:
            if len(_RECENT) >= MAX_RECENT:
                _RECENT.clear()
            _RECENT[digits] = found.content
        return found.content


@lru_cache(MAX_RECENT)
def _parse_entries(content: bytes, digits: int) -> dict[str, TreeEntry]:
    entries = parse_tree(content, digits)
    return {name: e for name, e in entries.items() if not _SURROGATE.search(name)}


def walk(tree: Tree, folder: str = "") -> Iterator[str]:
    """All files below a folder, nearer ones first.

    Hidden folders, environments and projects of DVC inside this one are passed over.
    """
    queue = deque([(folder, 0)])
    seen = 0
    for _ in range(MAX_FOLDERS):
        if not queue or seen > MAX_SEEN:
            return
        place, depth = queue.popleft()
        names = tree.find_names(place)
        seen += len(names)
        if depth and names.get(".dvc"):
            continue
        for name, is_folder in names.items():
            if not is_folder:
                yield join(place, name)
            elif depth < MAX_DEPTH and not name.startswith(".") and name not in SKIPPED:
                queue.append((join(place, name), depth + 1))


def _limit(data: bytes | None, path: str, limit: int) -> bytes:
    if data is None or len(data) > limit:
        size = f"{limit // 1024} KB"
        raise UnreadableFile(f"{path} is larger than {size}.", "Leave it out, or shorten it.")
    return data


def _missing(commit: str) -> TrackerError:
    return TrackerError(
        f"This clone has not all files of commit {commit[:12]}.",
        "Fetch them: git fetch --unshallow, or git fetch origin <commit>; 'dvc exp pull' for "
        "experiments.",
    )
