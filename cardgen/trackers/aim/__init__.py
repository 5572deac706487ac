"""Aim: its repository ``.aim``, without its client and without RocksDB.

A locator is a run's hash, or at least six of its first characters, in the repository at the
project's root: ``aim:3f0d2a81``. ``aim:<folder>#<hash>`` names the folder that holds ``.aim``. A
run's parameters and series lie in a RocksDB database each, names, tags and notes in SQLite; all
are read as they lie, also while Aim writes them, and are left exactly as they were.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from cardgen.errors import GoneError, TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers._folder import start_folder
from cardgen.trackers.aim.database import find_order, read_entry
from cardgen.trackers.aim.place import (
    CHUNKS,
    Repo,
    find_hashes,
    find_repo,
    find_repos,
    split_locator,
)
from cardgen.trackers.aim.run import make_run
from cardgen.trackers.aim.store import load_store

MIN_PREFIX = 6
"""Characters of a run's hash that are needed at least."""


def fetch_run(locator: str, config: TrackerConfig) -> Run:
    """Read the run that the locator names; raises TrackerError where it cannot be read."""
    folder, prefix = split_locator(locator)
    repo = find_repo(folder, config.root.resolve())
    run_hash = _find_hash(repo, prefix)
    meta, seqs = (_load(repo, run_hash, kind) for kind in (CHUNKS[0], "seqs"))
    try:
        return make_run(repo, run_hash, meta, seqs, read_entry(repo, run_hash))
    except (ValidationError, RecursionError, OverflowError):
        raise TrackerError(
            f"The run '{run_hash}' in {repo.label} holds values that no run can have.",
            "Restore the repository.",
        ) from None


def find_runs(location: Path, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of all runs in the repositories in or below a folder, each oldest first.

    Raises TrackerError for a location outside the root.
    """
    start = start_folder(location, config.root)
    refs: list[str] = []
    for repo in find_repos(start.path, start.root):
        there = find_hashes(repo)
        known: tuple[str, ...] = ()
        with suppress(TrackerError):  # a damaged database says so when a run is read
            known = find_order(repo)
        order = {run_hash: place for place, run_hash in enumerate(known)}
        ordered = sorted(there, key=lambda run_hash: (order.get(run_hash, len(order)), run_hash))
        refs += map(repo.ref_to, ordered)
    return tuple(refs)


def _find_hash(repo: Repo, prefix: str) -> str:
    hashes = find_hashes(repo)
    if prefix in hashes:
        return prefix
    found = [run_hash for run_hash in hashes if run_hash.startswith(prefix)]
    if len(prefix) < MIN_PREFIX or not found:
        raise GoneError(f"{repo.label} holds no run '{prefix}'.", "Check the hash.")
    if len(found) > 1:
        raise TrackerError(
            f"'{prefix}' begins {len(found)} runs in {repo.label}.", "Write more of the hash."
        )
    return found[0]


def _load(repo: Repo, run_hash: str, kind: str) -> dict[bytes, bytes]:
    """One of a run's databases; a run that reported nothing has no series."""
    folder = repo.path / kind / CHUNKS[1] / run_hash
    if kind != CHUNKS[0] and not folder.exists():
        return {}
    return load_store(folder, repo.root, f"{repo.label}/{kind}/{CHUNKS[1]}/{run_hash}")
