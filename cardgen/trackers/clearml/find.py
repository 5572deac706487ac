"""Where a project's offline sessions lie."""

from __future__ import annotations

import re
from collections import deque
from pathlib import Path

from cardgen.trackers.clearml.session import NAME, TASK, FolderSession, scan

MAX_DEPTH = 12
MAX_FOLDERS = 20_000
MAX_SEEN = 200_000
"""Entries of all folders together that are looked at."""

_ZIP = re.compile(r"offline-[0-9a-f]{32}[^/]*\.zip")
_SKIPPED = frozenset(
    {"node_modules", "__pycache__", "site-packages", "venv", "env", "mlruns", "mlartifacts"}
    | {"wandb", "_site"}
)
_HIDDEN = frozenset({".clearml", ".trains"})
_MARK = re.compile(rb'"offline_folder"\s*:|"id"\s*:\s*"offline-[0-9a-f]{32}"')
_MAX_MARKED = 4 * 1024 * 1024


def is_session(path: Path, root: Path) -> bool:
    """Whether a folder is a session: by its name, or by what its ``task.json`` says."""
    file = path / TASK
    if not file.is_file() or file.is_symlink():
        return False
    if NAME.fullmatch(path.name):
        return True
    session = FolderSession(root, path, path.name, ended=False)
    with session.open(TASK, 2**62) as stream:
        return stream is not None and _MARK.search(stream.read(_MAX_MARKED)) is not None


def find_sessions(location: Path, root: Path) -> list[Path]:
    """The sessions in or below a folder, or the one that a path in a session lies in; sorted.

    Where a session is there both as a folder and as a zip, the folder stands for it: a run that
    failed may have reported more than its zip holds.
    """
    if location.is_file():
        return [location] if _ZIP.fullmatch(location.name) else []
    for folder in (location, *location.parents):
        if not folder.is_relative_to(root):
            break
        if is_session(folder, root):
            return [folder]
    return sorted(_walk(location, root))


def _walk(location: Path, root: Path) -> list[Path]:
    found: list[Path] = []
    queue = deque([(location, 0)])
    seen = 0
    for _ in range(MAX_FOLDERS):
        if not queue or seen > MAX_SEEN:
            break
        folder, depth = queue.popleft()
        entries = scan(folder)
        seen += len(entries)
        names = {entry.name for entry in entries}
        if TASK in names and is_session(folder, root):
            found.append(folder)
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if depth < MAX_DEPTH and not _is_passed_over(entry.name):
                    queue.append((Path(entry.path), depth + 1))
            elif _ZIP.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                beside = entry.name.removesuffix(".zip")
                if beside not in names or not (folder / beside / TASK).is_file():
                    found.append(Path(entry.path))
    return found


def _is_passed_over(name: str) -> bool:
    return name in _SKIPPED or (name.startswith(".") and name not in _HIDDEN)
