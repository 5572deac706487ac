"""Where runs lie: folders and logs of Weights & Biases, found by their names alone."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from cardgen.trackers.wandb.files import Listing, list_folder

FOLDER = re.compile(
    r"(?P<mode>offline-run|run|dryrun)-(?P<time>\d{8}_\d{6})-(?P<id>[^/\\:;,#?'\s]+)"
)
"""The name of a run's folder: how it was recorded, its local time, the run's id."""

MAX_DEPTH = 10
MAX_FOLDERS = 100_000
MAX_ENTRIES = 1_000_000
"""Folders and entries that one search looks at; the nearest come first."""

_LOG = re.compile(r"run-.+\.wandb")
_STATE = frozenset(
    {"wandb-metadata.json", "wandb-summary.json", "wandb-history.jsonl", "config.yaml"}
)
_SKIPPED = frozenset(
    {"node_modules", "__pycache__", "site-packages", "venv", "env", "mlruns", "mlartifacts"}
    | {"_site", "lightning_logs"}
)


def is_log(name: str) -> bool:
    """Whether a file of that name is a run's log."""
    return name.endswith(".wandb") and len(name) > len(".wandb")


def is_run(path: Path, listing: Listing) -> bool:
    """Whether a folder is that of a run: named as one, with something of it, or with one log."""
    if FOLDER.fullmatch(path.name):
        return (
            "files" in listing.folders
            or any(is_log(name) for name in listing.files)
            or bool(_STATE & set(listing.files))
        )
    return sum(_LOG.fullmatch(name) is not None for name in listing.files) == 1


def find_stored(top: Path) -> Iterator[Path]:
    """The folders of runs at or below a folder, and logs that lie in none, sorted by path.

    Links are not followed, so that ``latest-run`` counts no run twice.
    """
    return iter(sorted(_search(top)))


def _search(top: Path) -> Iterator[Path]:
    waiting = deque([(top, 0)])
    folders = entries = 0
    while waiting and folders < MAX_FOLDERS and entries < MAX_ENTRIES:
        path, depth = waiting.popleft()
        listing = list_folder(path)
        folders, entries = folders + 1, entries + len(listing.files) + len(listing.folders)
        if is_run(path, listing):
            yield path
            continue
        yield from (path / name for name in listing.files if _LOG.fullmatch(name))
        if depth < MAX_DEPTH:
            waiting += ((path / name, depth + 1) for name in listing.folders if _enters(name))


def _enters(name: str) -> bool:
    return name == ".wandb" or not (name.startswith(".") or name in _SKIPPED)


def find_by_id(run_id: str, places: tuple[Path, ...]) -> tuple[Path, ...]:
    """The folders in which processes of one run recorded, the oldest first; copies count once."""
    found: dict[str, Path] = {}
    for place in places:
        for name in list_folder(place).folders:
            named = FOLDER.fullmatch(name)
            if named and named["id"] == run_id and is_run(place / name, list_folder(place / name)):
                found.setdefault(name, place / name)
    return tuple(found[name] for name in sorted(found, key=_time_of))


def _time_of(name: str) -> tuple[str, str]:
    named = FOLDER.fullmatch(name)
    return (named["time"] if named else "", name)
