"""Where runs lie in MLflow's file store: a folder an experiment, in it a folder a run.

Experiments' ids are numbers. Deleted experiments are moved to ``.trash``; deleted runs stay and
say so in their ``meta.yaml``.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from functools import lru_cache
from os import DirEntry
from pathlib import Path

from cardgen.models import Presence
from cardgen.trackers.mlflow.artifacts import scan
from cardgen.trackers.mlflow.meta import META, Meta, UnreadableFile, as_text, read_meta
from cardgen.trackers.mlflow.raw import RUN_ID

TRASH = ".trash"

_OWN_ID = re.compile(r"[0-9a-f]{32}")
_EXPERIMENT = re.compile(r"[0-9]{1,20}")
_RESERVED = frozenset({"tags", "datasets", "traces", "models", "inputs", "outputs", "artifacts"})
_PARTS = frozenset({"params", "metrics", "tags"})
_LOOKED_AT = 50
_SETTLED = 2_000_000_000


def is_store(folder: str | Path) -> bool:
    """Whether the folder holds experiments as the file store lays them out."""
    numbered = (e for e in find_folders(folder) if _EXPERIMENT.fullmatch(e.name))
    return any(_has_experiment(entry.path) for entry in numbered)


def is_experiment(folder: Path) -> bool:
    """Whether the folder is an experiment of a file store: it has runs or says that it is one."""
    return _EXPERIMENT.fullmatch(folder.name) is not None and _has_experiment(str(folder))


def find_ids(store: Path, prefix: str) -> tuple[str, ...]:
    """The ids of all runs that begin so, deleted ones too."""
    runs = (run for folder in _find_all(store) for run in _find_runs(folder))
    return tuple(sorted({run.name for run in runs if run.name.startswith(prefix)}))


def find_active(store: Path, experiment: str = "") -> tuple[str, ...]:
    """The ids of all runs that are not deleted, oldest first.

    Of one experiment's where its name or id is given.
    """
    return find_in(*_choose(store, experiment))


def find_in(*experiments: str) -> tuple[str, ...]:
    """The same for the folders of experiments."""
    found: list[tuple[int, str]] = []
    for folder in experiments:
        for run in _find_runs(folder):
            meta = read_leniently(run.path)
            if not _is_deleted(meta):
                found.append((_as_ms(meta), run.name))
    return tuple(dict.fromkeys(run_id for _, run_id in sorted(found)))


def _choose(store: Path, experiment: str) -> list[str]:
    """The folders of the experiments that a name or an id means; of all where it is empty."""
    folders = [folder for folder in find_folders(store) if folder.name != TRASH]
    about = {folder.path: read_leniently(folder.path) for folder in folders}
    active = [folder for folder in folders if not _is_deleted(about[folder.path])]
    if experiment:
        named = [f for f in active if as_text(about[f.path].get("name")) == experiment]
        active = named or [folder for folder in active if folder.name == experiment]
    return [folder.path for folder in active]


def find_run(store: Path, run_id: str) -> tuple[str, frozenset[str]] | None:
    """The folder of a run, deleted or not, and the names in it; none where there is no such run."""
    if not RUN_ID.fullmatch(run_id):
        return None
    for experiment in _find_all(store):
        path = f"{experiment}/{run_id}"
        entries = _scan_run(path, run_id) if _is_folder(path) else None
        if entries is not None:
            return path, frozenset(entries)
    return None


def find_presence(store: Path, run_id: str) -> Presence | None:
    """Whether a run is there or deleted; None where the store does not hold it."""
    found = find_run(store, run_id)
    if found is None:
        return None
    return "deleted" if _is_deleted(read_leniently(found[0])) else "there"


def _is_folder(path: str) -> bool:
    """Whether there is a folder, and no link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def find_folders(path: str | Path) -> list[DirEntry[str]]:
    """The folders in a folder by name, links left out."""
    return [entry for entry in scan(path) if entry.is_dir(follow_symlinks=False)]


def read_leniently(path: str) -> Meta:
    """The ``meta.yaml`` of a folder, empty where it cannot be read: what is beside it may be."""
    try:
        return read_meta(path) or {}
    except UnreadableFile:
        return {}


def read_shared(folder: str) -> Meta:
    """As ``read_leniently``, for what many runs share: read once until the file changes."""
    stamp = _find_stamp(f"{folder}/{META}")
    return _read_stamped(folder, stamp) if stamp else read_leniently(folder)


@lru_cache(maxsize=64)
def _read_stamped(folder: str, stamp: tuple[int, ...]) -> Meta:
    return read_leniently(folder)


def _find_stamp(path: str) -> tuple[int, ...]:
    """What changes when a file or folder does; empty where it is not there or just changed."""
    try:
        found = os.lstat(path)
    except OSError:
        return ()
    # What changes twice within a tick of the clock looks the same.
    if abs(time.time_ns() - found.st_ctime_ns) < _SETTLED:
        return ()
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


def _find_all(store: Path) -> Iterator[str]:
    """The folders of all experiments, those that were deleted last."""
    text = str(store)
    stamp = _find_stamp(text)
    paths = _find_stamped(text, stamp) if stamp else _find_paths(text)
    trash = f"{text}/{TRASH}"
    yield from (path for path in paths if path != trash)
    if trash in paths:
        yield from _find_paths(trash)


@lru_cache(maxsize=16)
def _find_stamped(store: str, stamp: tuple[int, ...]) -> tuple[str, ...]:
    return _find_paths(store)


def _find_paths(folder: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{entry.name}" for entry in find_folders(folder))


def _find_runs(experiment: str) -> Iterator[DirEntry[str]]:
    return (entry for entry in find_folders(experiment) if _is_run(entry.path, entry.name))


def _has_experiment(path: str) -> bool:
    meta = read_leniently(path)
    if "artifact_location" in meta or ("experiment_id" in meta and "name" in meta):
        return True
    folders = find_folders(path)[:_LOOKED_AT]
    return any(
        _OWN_ID.fullmatch(entry.name) and _is_run(entry.path, entry.name) for entry in folders
    )


def _is_run(path: str, name: str) -> bool:
    return _scan_run(path, name) is not None


def _scan_run(path: str, name: str) -> dict[str, DirEntry[str]] | None:
    """What is in a folder of an experiment if it is a run: it says so, or has what only runs have.

    A folder with nothing but artifacts belongs to a run that a database or a server records.
    """
    if name in _RESERVED or not RUN_ID.fullmatch(name):
        return None
    entries = {entry.name: entry for entry in scan(path)}
    own = _OWN_ID.fullmatch(name) is not None
    if META in entries:
        says_so = own or not {"run_id", "run_uuid"}.isdisjoint(read_leniently(path))
    else:
        parts = [entries[part] for part in _PARTS & entries.keys()]
        says_so = own and any(part.is_dir(follow_symlinks=False) for part in parts)
    return entries if says_so else None


def _is_deleted(meta: Meta) -> bool:
    return as_text(meta.get("lifecycle_stage")).lower() == "deleted"


def _as_ms(meta: Meta) -> int:
    text = as_text(meta.get("start_time"))
    return int(text) if text.isdecimal() and len(text) < 20 else 0
