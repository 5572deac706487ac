"""Which folders are runs: those that hold a file of metrics, or those that the settings name."""

from __future__ import annotations

import re
from collections import deque

from cardgen.trackers._folder import Folder, find_names
from cardgen.trackers.json.files import SUFFIXES, match_files, match_places, read_head
from cardgen.trackers.json.known import HYDRA, SACRED
from cardgen.trackers.json.settings import Settings

MAX_DEPTH = 12
MAX_FOLDERS = 20_000
MAX_SEEN = 200_000
"""Entries of all folders together that are looked at."""

_HEAD = 64 * 1024
_PASSED = """
    node_modules __pycache__ site-packages venv env mlruns mlartifacts wandb _site _sources
"""
_SKIPPED = frozenset(_PASSED.split())
_VALUE = re.compile(rb"[:\[,]\s*\"?-?(?:\d|NaN|nan|Inf|\.\d|\.nan|\.inf)")
_HARNESS = re.compile(rb"\A\s*\{\s*\"(?:results|config)\"\s*:")
_CELL = re.compile(rb"\n[^\n]*(?:\d|nan)", re.IGNORECASE)


def find_folders(start: Folder, settings: Settings) -> tuple[str, ...]:
    """The runs at or below a folder, as paths relative to the root, sorted."""
    if settings.runs:
        return _find_named(start, settings)
    found = []
    queue = deque([(start, 0)])
    seen = 0
    for _ in range(MAX_FOLDERS):
        if not queue or seen > MAX_SEEN:
            break
        folder, depth = queue.popleft()
        names = find_names(folder)
        seen += len(names)
        if is_run(folder, names, settings):
            found.append(folder.name)
        if depth < MAX_DEPTH:
            below = [name for name, is_folder in names.items() if is_folder]
            queue += [(folder.inner(n), depth + 1) for n in below if not _is_passed(folder, n)]
    return tuple(sorted(found))


def _find_named(start: Folder, settings: Settings) -> tuple[str, ...]:
    """The folders and files that ``runs`` names, as far as they lie in the location."""
    top = Folder(start.root, start.root, ".")
    found = set()
    for pattern in settings.runs:
        for name in [top.name] if pattern == "." else match_places(top, pattern):
            path = top.path / name
            if not path.is_relative_to(start.path) or path.is_symlink():
                continue
            if path.is_dir():
                folder = top.inner(name) if name != "." else top
                if is_run(folder, find_names(folder), settings):
                    found.add(name)
            elif name.lower().endswith(SUFFIXES):
                found.add(name)
    return tuple(sorted(found))


def is_run(folder: Folder, names: dict[str, bool], settings: Settings) -> bool:
    """Whether a folder holds metrics, or what Hydra or sacred leave of every run."""
    if names.get("plots") and "metrics" in find_names(folder.inner("plots")):
        return False  # DVCLive's folder, a part of DVC's run
    if names.get(".hydra") and match_files(folder, HYDRA, names):
        return True
    if SACRED in names and "cout.txt" in names and "config.json" in names:
        return True
    return any(True for _ in find_metrics(folder, names, settings))


def find_metrics(folder: Folder, names: dict[str, bool], settings: Settings) -> list[str]:
    """The files of metrics in a folder, in the order of the patterns.

    Files of default names count where a number stands in them; a file of the person's own
    patterns always does.
    """
    found = [path for pattern in settings.metrics for path in _match(folder, pattern, names)]
    unique = list(dict.fromkeys(found))
    return [path for path in unique if settings.chosen or _has_numbers(folder, path)]


def _match(folder: Folder, pattern: str, names: dict[str, bool]) -> list[str]:
    if pattern in names:
        return [] if names[pattern] else [pattern]
    plain = "/" not in pattern and "*" not in pattern and "?" not in pattern and "[" not in pattern
    # Names with a date: what was measured last comes first.
    return [] if plain else match_files(folder, pattern, names)[::-1]


def _has_numbers(folder: Folder, name: str) -> bool:
    head = read_head(folder, name, _HEAD)
    if name.startswith("results_"):
        return _HARNESS.match(head) is not None
    if name.endswith((".csv", ".tsv", ".log")):
        return _CELL.search(head) is not None
    return (_CELL if name.endswith(".toml") else _VALUE).search(head) is not None


def _is_passed(folder: Folder, name: str) -> bool:
    if name.startswith(".") or name in _SKIPPED:
        return True
    # A link to a folder inside the project would show the same run twice, or lead in circles.
    return (folder.path / name).is_symlink()
