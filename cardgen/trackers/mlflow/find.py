"""Finding MLflow's stores in a folder, some levels deep, without following links."""

from __future__ import annotations

from collections.abc import Iterator
from os import DirEntry
from pathlib import Path

from cardgen.trackers.mlflow import layout, sqlite
from cardgen.trackers.mlflow.artifacts import scan

MAX_DEPTH = 6
"""Levels of folders below the first that are looked at."""

_MAX_FOLDERS = 5000
_DATABASES = (".db", ".sqlite", ".sqlite3", ".db3")
_SKIPPED = frozenset({"node_modules", "site-packages", "__pycache__", "_site"})


def find_stores(location: Path) -> Iterator[Path]:
    """The MLflow databases and file stores in a folder, or the location itself if it is one.

    What lies inside a file store is its own; hidden folders and virtual environments are left out.
    """
    if location.is_file():
        if sqlite.is_store(location):
            yield location
        return
    left = _MAX_FOLDERS
    waiting = [(location, 0)]
    while waiting and left:
        folder, depth = waiting.pop()
        left -= 1
        if layout.is_store(folder):
            yield folder
            continue
        entries = scan(folder)
        yield from (Path(entry.path) for entry in entries if _is_database(entry))
        if depth < MAX_DEPTH:
            inner = [Path(entry.path) for entry in entries if _is_wanted(entry)]
            waiting += [(path, depth + 1) for path in reversed(inner)]


def _is_database(entry: DirEntry[str]) -> bool:
    name = entry.name.lower()
    if not name.endswith(_DATABASES) or not entry.is_file(follow_symlinks=False):
        return False
    # MLflow's own name: whoever reads it is told why it cannot be read.
    return name == "mlflow.db" or sqlite.is_store(Path(entry))


def _is_wanted(entry: DirEntry[str]) -> bool:
    if entry.name.startswith(".") or entry.name in _SKIPPED:
        return False
    return entry.is_dir(follow_symlinks=False) and not Path(entry, "pyvenv.cfg").exists()
