"""Where runs lie in MLflow's file store: a folder an experiment, in it a folder a run.

Experiments' ids are numbers. Deleted experiments are moved to ``.trash``; deleted runs stay and
say so in their ``meta.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from os import DirEntry
from pathlib import Path

from cardgen.trackers.mlflow.artifacts import scan
from cardgen.trackers.mlflow.meta import META, Meta, UnreadableFile, as_text, read_meta
from cardgen.trackers.mlflow.raw import RUN_ID

TRASH = ".trash"

_OWN_ID = re.compile(r"[0-9a-f]{32}")
_EXPERIMENT = re.compile(r"[0-9]{1,20}")
_RESERVED = frozenset({"tags", "datasets", "traces", "models", "inputs", "outputs", "artifacts"})
_PARTS = frozenset({"params", "metrics", "tags"})
_LOOKED_AT = 50


def is_store(folder: str | Path) -> bool:
    """Whether the folder holds experiments as the file store lays them out."""
    numbered = (e for e in find_folders(folder) if _EXPERIMENT.fullmatch(e.name))
    return any(_has_experiment(entry.path) for entry in numbered)


def is_experiment(folder: Path) -> bool:
    """Whether the folder is an experiment of a file store: it has runs or says that it is one."""
    return _EXPERIMENT.fullmatch(folder.name) is not None and _has_experiment(str(folder))


def find_ids(store: Path, prefix: str) -> tuple[str, ...]:
    """The ids of all runs that begin so, deleted ones too."""
    runs = (run for folder in _find_all(store) for run in _find_runs(folder.path))
    return tuple(sorted({run.name for run in runs if run.name.startswith(prefix)}))


def find_active(store: Path, experiment: str = "") -> tuple[str, ...]:
    """The ids of all runs that are not deleted, oldest first; of one experiment's where named."""
    found: list[tuple[int, str]] = []
    for folder in find_folders(store):
        if folder.name == TRASH or experiment not in ("", folder.name):
            continue
        if _is_deleted(read_leniently(folder.path)):
            continue
        for run in _find_runs(folder.path):
            meta = read_leniently(run.path)
            if not _is_deleted(meta):
                found.append((_as_ms(meta), run.name))
    return tuple(dict.fromkeys(run_id for _, run_id in sorted(found)))


def find_run(store: Path, run_id: str) -> Path | None:
    """The folder of a run, deleted or not; none where the store has no such run."""
    if not RUN_ID.fullmatch(run_id):
        return None
    for experiment in _find_all(store):
        path = Path(experiment.path, run_id)
        if path.is_dir() and not path.is_symlink() and _is_run(str(path), run_id):
            return path
    return None


def find_folders(path: str | Path) -> list[DirEntry[str]]:
    """The folders in a folder by name, links left out."""
    return [entry for entry in scan(path) if entry.is_dir(follow_symlinks=False)]


def read_leniently(path: str) -> Meta:
    """The ``meta.yaml`` of a folder, empty where it cannot be read: what is beside it may be."""
    try:
        return read_meta(path) or {}
    except UnreadableFile:
        return {}


def _find_all(store: Path) -> Iterator[DirEntry[str]]:
    """The folders of all experiments, those that were deleted last."""
    folders = find_folders(store)
    yield from (entry for entry in folders if entry.name != TRASH)
    if any(entry.name == TRASH for entry in folders):
        yield from find_folders(store / TRASH)


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
    """Whether a folder in an experiment is a run: it says so, or has what only runs have.

    A folder with nothing but artifacts belongs to a run that a database or a server records.
    """
    if name in _RESERVED or not RUN_ID.fullmatch(name):
        return False
    entries = {entry.name: entry for entry in scan(path)}
    own = _OWN_ID.fullmatch(name) is not None
    if META in entries:
        return own or not {"run_id", "run_uuid"}.isdisjoint(read_leniently(path))
    parts = [entries[part] for part in _PARTS & entries.keys()]
    return own and any(part.is_dir(follow_symlinks=False) for part in parts)


def _is_deleted(meta: Meta) -> bool:
    return as_text(meta.get("lifecycle_stage")).lower() == "deleted"


def _as_ms(meta: Meta) -> int:
    text = as_text(meta.get("start_time"))
    return int(text) if text.isdecimal() and len(text) < 20 else 0
