"""The files of Trackio in strangers' folders, and how their runs are named."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cardgen.trackers._sqlite_files import find_beside, find_stamp
from cardgen.trackers.trackio.parquet import Backup, is_backup, is_side
from cardgen.trackers.trackio.record import Identity, Store
from cardgen.trackers.trackio.sqlite import Database, is_database

MAX_DEPTH = 10
MAX_ENTRIES = 200_000
"""Entries of folders that one search looks at; the nearest come first."""

MAX_STORES = 1000
"""Files that one search opens."""

_SKIPPED = frozenset(
    {"node_modules", "__pycache__", "site-packages", "venv", "env", "mlruns", "mlartifacts"}
    | {"wandb", "_site", "media", "artifacts", "aux"}
)
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Found:
    """A run, and the file that holds it; ``label`` names it in that file."""

    store: Store
    identity: Identity
    label: str


def label(store: Store) -> tuple[Found, ...]:
    """The runs of a file, each with what names it there: its name, or its id if two share that."""
    return _label(store, *map(_stamp, (store.path, find_beside(store.path, "-wal"))))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        return find_stamp(path)
    except OSError:
        return 0, 0


@lru_cache(maxsize=16)
def _label(store: Store, *stamps: tuple[int, int]) -> tuple[Found, ...]:
    """Kept as long as the file is the same: a thousand runs of one file are named one by one."""
    runs = store.find_identities()
    several = len({run.project for run in runs}) > 1 or store.path.stem not in (
        run.project for run in runs
    )
    prefixed = several and isinstance(store, Database)
    names = [f"{run.project}/{run.name}" if prefixed else run.name for run in runs]
    return tuple(
        Found(store, run, name if names.count(name) == 1 and name else run.run_id)
        for run, name in zip(runs, names, strict=True)
    )


def find_stores(place: Path) -> Iterator[Store]:
    """The files of Trackio at or below a place, the nearest first; links are passed over.

    A Parquet file counts where no database has the same name: Trackio itself makes one of it.
    """
    if place.is_file():
        yield from as_stores(place.parent, [place.name])
        return
    waiting = deque([(place, 0)])
    seen = opened = 0
    while waiting and seen < MAX_ENTRIES and opened < MAX_STORES:
        folder, depth = waiting.popleft()
        folders, files = _list(folder, MAX_ENTRIES - seen)
        seen += len(folders) + len(files) + 1
        for store in as_stores(folder, files):
            opened += 1
            yield store
        if depth < MAX_DEPTH:
            waiting += ((folder / name, depth + 1) for name in folders if _enters(name))


def as_stores(folder: Path, files: list[str]) -> Iterator[Store]:
    """The stores among a folder's files."""
    for name in files:
        path = folder / name
        if path.suffix == ".db" and is_database(path):
            yield Database(path)
        elif path.suffix == ".parquet" and _may_be_backup(path, files) and is_backup(path):
            yield Backup(path)


def _may_be_backup(path: Path, files: list[str]) -> bool:
    """By its name and its neighbours: data sets are Parquet too, and are not opened."""
    if f"{path.stem}.db" in files or is_side(path):
        return False
    near = any(f"{path.stem}_{side}.parquet" in files for side in ("configs", "system"))
    static = path.name == "metrics.parquet" and "runs.json" in files
    return len(files) == 1 or near or static or "trackio" in path.parent.name.lower()


def _list(folder: Path, limit: int) -> tuple[list[str], list[str]]:
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry, _ in zip(entries, range(limit), strict=False):
                if _SURROGATE.search(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    files.append(entry.name)
    except OSError:
        return [], []
    return sorted(folders), sorted(files)


def _enters(name: str) -> bool:
    return name == ".trackio" or not (name.startswith(".") or name in _SKIPPED)
